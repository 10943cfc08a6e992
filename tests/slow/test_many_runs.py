"""Many short runs at once: no two of them collide."""

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook

from gan_notebooks import grid, sweep
from gan_notebooks.collect import collect

pytestmark = pytest.mark.slow


def test_200_tiny_runs_four_at_a_time(tmp_path):
    cells = [
        "from gan_helpers.lesson import Lesson\nlesson = Lesson('07_tiny')",
        "SEED: int = 0  # seed",
        "lesson.parameters(globals(), SEED=(int, 0, 999))",
        "lesson.record(square=SEED * SEED)",
    ]
    notebook = new_notebook(cells=[new_code_cell(source) for source in cells])
    notebook.cells[1].metadata["tags"] = ["parameters"]
    notebook.metadata["kernelspec"] = {
        "name": "python3",
        "display_name": "Python 3",
        "language": "python",
    }
    nbformat.write(notebook, tmp_path / "07_tiny.ipynb")
    runs = grid.plan([tmp_path / "07_tiny.ipynb"], {"SEED": list(range(200))})
    statuses = sweep.sweep(runs, tmp_path / "out", jobs=4)
    assert [status["error"] for status in statuses.values() if status["status"] != "done"] == []
    rows = collect(tmp_path / "out", tmp_path / "runs.csv")
    assert sorted(row["square"] for row in rows) == [seed * seed for seed in range(200)]
