"""Every command of the docs, and the smallest line that runs it: a table for two tests.

tests/unit/test_docs.py fails where a file shows a command that stands in neither table;
tests/slow/test_commands.py runs the lines, in this order, in a copy of the checkout.
"""

import re
from pathlib import Path

ROOT = Path(__file__).parents[1]
FILES = ("README.md", "CONTRIBUTING.md", "docs/instructors.md", "docs/maintainers.md")
COMMAND = re.compile(
    r"(?:\w+=\S+ )*(?:gan-notebooks|make|(?:\.venv/bin/)?python -m|papermill|pre-commit) \S.*"
)
SAME = ""  # the line as it stands
SWEEP_OF_A_GRID = (
    "gan-notebooks sweep --lesson 02 --grid grid.yaml --timeout 900 --report --output build/rates"
)

# Of a value that begins with "+" the rest is added to the line; any other one is run in its place.
SMALLEST = {
    "pre-commit install": SAME,
    "pre-commit run --all-files": SAME,
    "gan-notebooks list --lesson 02": SAME,
    ".venv/bin/python -m gan_notebooks": "+ list --lesson 02",
    "gan-notebooks handout build/class": SAME,
    "gan-notebooks grade copies": (
        "mkdir copies && cp build/class/05* copies && gan-notebooks grade copies"
    ),
    "gan-notebooks run": "+ --lesson 00 --size smoke",
    "gan-notebooks run --jobs 2": "+ --lesson 00 --size smoke",
    "gan-notebooks run --lesson 02 --size smoke": SAME,
    "make run": "+ LESSON=00 SIZE=smoke",
    "make run LESSON=02 SIZE=smoke": SAME,
    "GAN_HELPERS_THREADS=2 make run": "+ LESSON=00 SIZE=smoke",
    "gan-notebooks sweep --lesson 02 --set SEED=0,1,2 --set LEARNING_RATE=1e-4,2e-4 --jobs 2 "
    "--output build/rates": (
        "gan-notebooks sweep --lesson 02 --set SEED=0 --set LEARNING_RATE=1e-4,2e-4 --jobs 2 "
        "--output build/rates --size smoke"
    ),
    SWEEP_OF_A_GRID: f"echo 'SEED: [0]' > grid.yaml && {SWEEP_OF_A_GRID} --size smoke",
    "gan-notebooks collect build/rates": SAME,
    "papermill notebooks/02_classic_gan.ipynb out.ipynb -p STEPS 1000 -p SEED 3": (
        "papermill notebooks/02_classic_gan.ipynb out.ipynb -p STEPS 20 -p SEED 3 -p SAMPLES 200"
    ),
    "python -m pytest --nbval --nbval-current-env out.ipynb": SAME,
    "python -m pytest tests/unit/test_losses.py": SAME,
    "python -m pytest tests/unit/test_NAME.py": "python -m pytest tests/unit/test_ring.py",
    "python -m benchmarks lessons": "+ --lesson 00",
    "python -m benchmarks lessons --lesson NN": "python -m benchmarks lessons --lesson 00",
    "make notebooks": "+ LESSON=00",
    "make notebooks LESSON=NN": "make notebooks LESSON=00",
    "python -m gan_notebooks.publish notebooks": "+ --lesson 00",
    "make html": SAME,
    "python -m gan_notebooks.site": SAME,
    "make results": "+ LESSON=00",
    "make results LESSON=NN": "make results LESSON=00",
    "python -m gan_notebooks.results --jobs 2": "+ --lesson 00",
    "make lab": SAME,
    "GAN_HELPERS_THREADS=2 make lab": SAME,
    "PIP_EXTRA_INDEX_URL=https://download.pytorch.org/whl/cpu make lab": "make lab",
    "python -m jupyterlab notebooks": SAME,
    "make release": SAME,
    "make release REF=main": SAME,
    "python -m gan_notebooks.release": SAME,
    "python -m gan_notebooks.release main": SAME,
    "make address REPO=owner/name": SAME,
    "python -m gan_notebooks.publish address owner/name": SAME,
    'gan-notebooks new 11 "A title of your own"': SAME,
    'gan-notebooks new 11 "A title"': 'gan-notebooks new 12 "A title"',
    "gan-notebooks run --lesson 11 --size smoke": "+ || test -e build/11_a_title_of_your_own.ipynb",
}
LAB = ("make lab", "python -m jupyterlab notebooks")  # do not end: started, and stopped when up

# What is run in place of a line that is not run, and why.
NOT_RUN = {
    "make test": (
        "PYTEST_ADDOPTS=--collect-only make test",
        "collects only, being this suite",
    ),
    "make test-slow": ("PYTEST_ADDOPTS=--collect-only make test-slow", "the same"),
    "make test-long": ("PYTEST_ADDOPTS=--collect-only make test-long", "the same"),
    'python -m pytest -m "not slow and not long" -n 2 --dist worksteal': (
        "+ --collect-only",
        "the same",
    ),
    "python -m pytest -m slow": ("+ --collect-only", "the same"),
    "python -m pytest -m long -rP -n 2 --dist worksteal": ("+ --collect-only", "the same"),
    "python -m pytest tests/notebooks -k 11_": ("+ --collect-only", "test_new.py runs these"),
    "make results LESSON=11": ("make -n results LESSON=11", "test_new.py runs what it does"),
    "make notebooks LESSON=11": ("make -n notebooks LESSON=11", "test_new.py runs what it does"),
    "make bench": ("make -n bench", "35 minutes"),
    "python -m benchmarks": ("+ --help", "35 minutes"),
    **{
        f"python -m benchmarks {parts}": ("+ --help", "minutes")
        for parts in ("batch", "memory", "share", "step loading", "threads")
    },
    "python -m benchmarks.race ship": ("+ --help", "trains for ten minutes"),
    "python -m gan_helpers.judges": ('python -c "import gan_helpers.judges"', "trains for minutes"),
    "python -m gan_notebooks.results move 02_classic_gan 03": (
        "+ --help",
        "it fingerprints two lessons; test_results.py moves rows",
    ),
    "gan-notebooks sweep --lesson 09 --set SEED=0,1 --scheduler tcp://127.0.0.1:8786 "
    "--output build/seeds": ("+ --help", "test_cluster.py has a scheduler, and runs it"),
    "gan-notebooks sweep --lesson 09 --set SEED=0,1 --scheduler tls://10.0.0.1:8786 "
    "--output build/seeds": ("+ --help", "the same"),
    'python -m pip install ".[cluster]"': (
        "+ --dry-run --no-deps --no-build-isolation",
        "it would change this environment; test_install.py installs",
    ),
    "python -m pip install --extra-index-url https://download.pytorch.org/whl/cpu "
    '--editable ".[dev]"': ("+ --dry-run --no-deps --no-build-isolation", "the same"),
    "gan-notebooks sweep": ("+ --help", "its name alone"),
    "gan-notebooks new": ("+ --help", "its name alone"),
    "make address": ("make -n address REPO=owner/name", "its name alone"),
}


def commands_in(text):
    """The commands (set of str) in the code blocks and the inline code of a text in Markdown."""
    parts = re.split(r"^```\w*\n", text, flags=re.MULTILINE)
    lines = "".join(parts[1::2]).splitlines()
    lines += re.findall(r"`([^`\n]+)`", "".join(parts[0::2]))
    codes = (line.partition("  #")[0].strip() for line in lines)
    return {code for code in codes if COMMAND.fullmatch(code)}


def documented():
    """Every command of FILES (set of str)."""
    texts = [(ROOT / name).read_text(encoding="utf8") for name in FILES]
    return set().union(*map(commands_in, texts))


def to_run():
    """{command: the line that runs it, or is run in its place}, in the order of the tables."""
    lines = {}
    for command, line in (SMALLEST | {name: line for name, (line, _) in NOT_RUN.items()}).items():
        added = line.startswith("+")
        lines[command] = command + line.removeprefix("+") if added or not line else line
    return lines
