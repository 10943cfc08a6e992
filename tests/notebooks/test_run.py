"""Every lesson runs through papermill at smoke size, and repeats in a fresh kernel."""

import os
import re
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

from benchmarks import race
from gan_helpers import tables
from gan_notebooks import fingerprints, notebooks, runner, staleness
from tests.small_notebooks import write_notebook

NOTEBOOKS = sorted((Path(__file__).parents[2] / "notebooks").glob("*.ipynb"))


def nbval(path):
    """Run each cell of `path` in a fresh kernel and compare with what the cell holds."""
    # Seconds, of a busy machine.
    limits = ["--nbval-cell-timeout=1200", "--nbval-kernel-startup-timeout=600"]
    plain = ["-p", "no:xdist", "-p", "no:cacheprovider", "-q", f"--rootdir={path.parent}"]
    plain += ["-p", "gan_notebooks.repeats"]  # an environment may be older than this checkout
    command = [sys.executable, "-m", "pytest", "--nbval", *limits, *plain, path]
    # It kills its kernel, whose temporary files would stay: 64 MB of lesson 01.
    own = os.environ | {"TMPDIR": str(path.parent)}
    return subprocess.run(command, capture_output=True, text=True, env=own)


def record_of(notebook, executed, parameters):
    """The record of a run without an error, whose notebook is to be `executed`."""
    assert runner.execute(notebook, executed, parameters, quiet=True).error is None
    return notebooks.read_record(executed)


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem)
def test_runs_and_repeats(notebook, tmp_path):
    executed = tmp_path / notebook.name
    record = record_of(notebook, executed, notebooks.size_parameters(notebook, "smoke"))
    failed = [claim["sentence"] for claim in record["values"]["claims"] if not claim["holds"]]
    assert record["values"]["claims"] and not failed

    result = nbval(executed)
    assert result.returncode == 0, result.stdout[-5000:]
    cells = [cell for cell in nbformat.read(executed, 4).cells if cell.cell_type == "code"]
    assert re.search(rf"{len(cells)} passed", result.stdout), result.stdout[-500:]


@pytest.fixture
def known_judges(monkeypatch):
    """The yardstick as the tables have it: a test of its own looks whether that is today's."""
    stored = fingerprints.read("03_how_good")["algorithm 1"]["yardstick"]
    monkeypatch.setattr(fingerprints, "yardstick", lambda: stored)


def test_every_table_was_measured_by_the_judges_as_they_are():
    ending = ".fingerprints.csv"
    names = [path.name.removesuffix(ending) for path in tables.FOLDER.glob(f"*{ending}")]
    yardsticks = {}
    for name in names:
        for variant, row in fingerprints.read(name).items():
            if "yardstick" in row:
                yardsticks[name, variant] = row["yardstick"]
    assert {name for name, _ in yardsticks} == set(names) - {"00_the_game"}
    current = fingerprints.yardstick()
    moved = [
        place for place, stored in yardsticks.items() if not fingerprints.close(stored, current)
    ]
    assert moved == [], "run `make results`"


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem)
def test_the_table_rests_on_what_the_lesson_trains_now(notebook, known_judges):
    record = fingerprints.run(notebook)
    rows = tables.read(notebook.stem)
    stored = fingerprints.read(notebook.stem)
    current = fingerprints.of(record)
    defaults = staleness.defaults_of(notebook)
    stale = staleness.stale(rows, stored, current, defaults, staleness.seeds_of(record))
    assert current and stale == {}, "run `make results`"
    assert staleness.unknown(stored, defaults) == [], "`make results` finds out who reads them"
    assert {row["variant"] for row in rows} == current.keys() == stored.keys()
    choice = notebooks.outline(notebook).specs.get("TABLE")
    if choice is not None:
        assert sorted(choice) == sorted(current), "TABLE must take the name of every variant"
        with_comma = [name for name in choice if "," in name]
        assert with_comma == [], "the command line separates values by commas"


@pytest.mark.parametrize("table", race.TABLES)
def test_the_tables_of_the_race_rest_on_its_code(table, known_judges):
    stored = fingerprints.read(table)
    variants = {row["variant"] for row in tables.read(table)}
    assert variants == stored.keys() == race.TABLES[table].keys()
    current = fingerprints.in_float64("benchmarks.race", "fingerprints_of", table)
    for name, row in stored.items():
        why = staleness.why_stale(row, current[name], {})
        assert why == "", f"{name}: race anew (benchmarks/race.py)"


def test_the_full_run_rests_on_the_lessons_code(known_judges):
    (stored,) = fingerprints.read("03_full_run").values()
    current = fingerprints.in_float64("benchmarks.full_run", "fingerprint")
    assert staleness.why_stale(stored, current, {}) == "", "train anew (benchmarks/full_run.py)"


@pytest.mark.slow
@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem)
def test_every_variant_of_the_table_is_measured(notebook, tmp_path):
    """With the judges themselves, which the runs for fingerprints do without."""
    if "TABLE" not in notebooks.outline(notebook).parameters:
        pytest.skip("trains every variant for the reader, too")
    parameters = notebooks.size_parameters(notebook, "smoke") | {"TABLE": "all"}
    record = record_of(notebook, tmp_path / notebook.name, parameters)
    assert all(claim["holds"] for claim in record["values"]["claims"])
    variants = {row["variant"] for row in record["values"]["rows"]}
    assert variants == fingerprints.read(notebook.stem).keys()
    measured = columns_of(record["values"]["rows"])
    for variant, columns in columns_of(tables.read(notebook.stem)).items():
        columns -= {"seed", "command", "seconds", "cpu_seconds"}
        gone = columns - measured[variant]
        assert gone == set(), f"{variant}: columns of the table that are no longer measured"


def columns_of(rows):
    """{variant: the names of what is measured} over all rows."""
    columns = {}
    for row in rows:
        columns.setdefault(row["variant"], set()).update(row)
    return columns


IMPORTS = "import warnings\nfrom gan_helpers import metrics"
DEPENDENCY_WARNS = "warnings.warn_explicit('gone in 3.0', FutureWarning, '/lib/torch.py', 7)"
OWN_WARNING = "gan_helpers.metrics:0: ScoreWarning: few images\n"
FUTURE_WARNING = "/lib/torch.py:7: FutureWarning: gone in 2.0\n"


def cell_that_gave(source, **texts):
    """A code cell that was run and has left these texts: `stdout` or `stderr`."""
    outputs = [nbformat.v4.new_output("stream", name=name, text=texts[name]) for name in texts]
    return nbformat.v4.new_code_cell(source, outputs=outputs, execution_count=1)


def test_a_new_warning_of_a_dependency_does_not_make_a_repeat_red(tmp_path):
    cells = [
        cell_that_gave(IMPORTS),
        cell_that_gave(f"{DEPENDENCY_WARNS}\nprint(1)", stdout="1\n"),
        cell_that_gave("print(2)", stdout="2\n", stderr=FUTURE_WARNING),
        cell_that_gave("metrics._warn('few images')", stderr=FUTURE_WARNING + OWN_WARNING),
    ]
    result = nbval(write_notebook(tmp_path / "repeat.ipynb", *cells))
    assert result.returncode == 0 and "4 passed" in result.stdout, result.stdout


def test_numbers_and_our_own_warnings_are_still_compared(tmp_path):
    cells = [
        cell_that_gave(IMPORTS),
        cell_that_gave(f"{DEPENDENCY_WARNS}\nprint(1)", stdout="2\n"),
        cell_that_gave("metrics._warn('other images')", stderr=OWN_WARNING),
        cell_that_gave("print(3)", stdout="3\n", stderr=OWN_WARNING),
        cell_that_gave("metrics._warn('few')\nprint(4)", stdout="4\n"),
    ]
    result = nbval(write_notebook(tmp_path / "moved.ipynb", *cells))
    failed = re.findall(r"^FAILED .*::Cell (\d)", result.stdout, flags=re.MULTILINE)
    assert failed == ["1", "2", "3", "4"] and "1 passed" in result.stdout, result.stdout
