"""Every lesson runs through papermill at smoke size, and repeats in a fresh kernel, cell by cell."""

import os
import re
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

from gan_helpers import execution, results, tables

NOTEBOOKS = sorted((Path(__file__).parents[2] / "notebooks").glob("*.ipynb"))


def nbval(path):
    """Run each cell of `path` in a fresh kernel and compare with what it holds, as a reader would by hand."""
    command = [sys.executable, "-m", "pytest", "--nbval", "--nbval-cell-timeout=120", "-p", "no:xdist",
               "-p", "no:cacheprovider", "-q", f"--rootdir={path.parent}", path]
    # It kills its kernel, whose temporary files would stay: 64 MB of lesson 01.
    own = os.environ | {"TMPDIR": str(path.parent)}
    return subprocess.run(command, capture_output=True, text=True, env=own)


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem)
def test_runs_and_repeats(notebook, tmp_path):
    executed = tmp_path / notebook.name
    record = execution.execute(notebook, executed, execution.size_parameters(notebook, "smoke"), quiet=True)
    assert record["error"] is None
    failed = [claim["sentence"] for claim in record["values"]["claims"] if not claim["holds"]]
    assert record["values"]["claims"] and not failed
    # The table rests on what the lesson's training does now: the first losses of every variant are still the same.
    current = results.fingerprints_of(record)
    stale = results.stale(tables.read(notebook.stem), current, results.ground(notebook), results.seeds_of(record))
    assert current and stale == {}, "run `make results`"
    choice = execution.parameter_specs(notebook).get("TABLE")
    assert choice is None or sorted(choice) == sorted(current), "TABLE must take the name of every variant"
    assert not [name for name in choice or () if "," in name], "the command line separates values by commas"

    result = nbval(executed)
    assert result.returncode == 0, result.stdout[-5000:]
    cells = [cell for cell in nbformat.read(executed, 4).cells if cell.cell_type == "code"]
    assert re.search(rf"{len(cells)} passed", result.stdout), result.stdout[-500:]


def test_lesson_02_runs_with_the_published_code_as_main(tmp_path):
    notebook = next(path for path in NOTEBOOKS if path.stem.startswith("02"))
    parameters = execution.size_parameters(notebook, "smoke") | {"PUBLISHED": True}
    record = execution.execute(notebook, tmp_path / notebook.name, parameters, quiet=True)
    assert record["error"] is None and record["values"]["scores"]["main"] == "published code"
    assert all(claim["holds"] for claim in record["values"]["claims"])


def test_nbval_notices_a_number_that_moved(tmp_path):
    """The repeat test above can fail: one digit of one printed loss is changed in an executed copy."""
    cell = nbformat.v4.new_code_cell("print('d_loss', 0.25)", execution_count=1)
    cell.outputs = [nbformat.v4.new_output("stream", name="stdout", text="d_loss 0.26\n")]
    path = tmp_path / "moved.ipynb"
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    nbformat.write(nbformat.v4.new_notebook(cells=[cell], metadata={"kernelspec": kernel}), path)
    result = nbval(path)
    assert result.returncode == 1 and "1 failed" in result.stdout
