# Each target is one `python -m …` line; README.md shows them for machines without make.
# The first call makes .venv; after that nothing here needs the network. PYTHON chooses the
# interpreter: make lab PYTHON=python3.12

PYTHON ?= python3
VENV ?= .venv
RUN = $(VENV)/bin/python -m
LESSON ?=
SIZE ?= default
REF ?=

.PHONY: help lab run test test-slow test-long notebooks results html bench address release

help:
	@echo "make lab        opens JupyterLab on the lessons"
	@echo "make run        runs every lesson into build/ (LESSON=02 SIZE=smoke: one, in seconds)"
	@echo "make test       the tests, about seven minutes; test-slow, test-long: the longer ones"
	@echo "make notebooks  runs the lessons and stores their outputs (LESSON=02: one)"
	@echo "make results    trains anew what a stored table rests on, where it is stale"
	@echo "make html       the site of the stored lessons, in build/html/; runs none of them"
	@echo "make bench      measures speed and memory"
	@echo "make address    rewrites the repository's address (REPO=owner/name)"
	@echo "make release    lets badges and setup cells lead to this version's tag (REF=main: back)"

lab: $(VENV)/.ready
	$(RUN) jupyterlab notebooks

run: $(VENV)/.ready
	@test -n "$(LESSON)" || test $(SIZE) != default || echo "About 15 minutes on a fast machine."
	$(RUN) gan_notebooks run --lesson "$(LESSON)" --size $(SIZE)

test: $(VENV)/.ready
	@echo "About seven minutes on two quiet cores of a fast machine, more on others."
	$(RUN) pytest -m "not slow and not long" -n 2 --dist worksteal

test-slow: $(VENV)/.ready
	@echo "About half an hour on a quiet fast machine."
	$(RUN) pytest -m slow

test-long: $(VENV)/.ready
	@echo "About an hour and a half on two quiet cores of a fast machine."
	$(RUN) pytest -m long -rP -n 2 --dist worksteal

# notebooks, results, address and release write sources; no other target does.
notebooks: $(VENV)/.ready
	@test -n "$(LESSON)" || echo "About 15 minutes on a fast machine, which should do nothing else."
	$(RUN) gan_notebooks.publish notebooks --lesson "$(LESSON)"

results: $(VENV)/.ready
	@echo "A few minutes to see what is stale; to train it anew up to an hour a lesson."
	$(RUN) gan_notebooks.results --lesson "$(LESSON)" --jobs 2

html: $(VENV)/.ready
	$(RUN) gan_notebooks.site

bench: $(VENV)/.ready
	$(RUN) benchmarks

address: $(VENV)/.ready
	$(RUN) gan_notebooks.publish address $(REPO)

release: $(VENV)/.ready
	$(RUN) gan_notebooks.release $(REF)

$(VENV)/.ready: requirements.txt pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(RUN) pip install "setuptools>=77"
	$(RUN) pip install --no-build-isolation --editable ".[dev]"
	touch $@
