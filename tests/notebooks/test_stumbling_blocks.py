"""Each stumbling block stands in one lesson, in the cell that the table names."""

import csv
from pathlib import Path

import nbformat
import pytest

HERE = Path(__file__).parent
with open(HERE / "stumbling_blocks.csv", encoding="utf8", newline="") as file:
    BLOCKS = list(csv.DictReader(file))
NOTEBOOKS = {path.stem[:2]: path for path in (HERE.parents[1] / "notebooks").glob("*.ipynb")}


def test_the_table_is_whole():
    assert len(BLOCKS) == 26 and len({row["block"] for row in BLOCKS}) == len(BLOCKS)
    assert {row["lesson"] for row in BLOCKS} <= {f"{number:02}" for number in range(9)}


@pytest.mark.parametrize("row", BLOCKS, ids=lambda row: row["block"])
def test_the_cell_speaks_of_it(row):
    if row["lesson"] not in NOTEBOOKS:
        assert not row["cell"], "the lesson is not written yet"
        return
    cells = {cell.id: cell.source for cell in nbformat.read(NOTEBOOKS[row["lesson"]], as_version=4).cells}
    assert row["words"] and row["words"] in cells[row["cell"]]
