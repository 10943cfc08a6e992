"""Each stumbling block stands in one lesson, in the cell that the table names.

Its kind says how: it is `shown` by code that runs, asked for in an `exercise`, named in a
`solution`, or answered as a `question`. `about` is a name in that code, or words of that question.
"""

import ast
import csv
import re
from pathlib import Path

import nbformat
import pytest

HERE = Path(__file__).parent
NOTEBOOKS = {path.stem[:2]: path for path in (HERE.parents[1] / "notebooks").glob("*.ipynb")}
with open(HERE / "stumbling_blocks.csv", encoding="utf8", newline="") as file:
    BLOCKS = list(csv.DictReader(file))


def names_in(code):
    """Every name in a piece of code: of variables, functions, attributes and keywords."""
    names = set()
    for node in ast.walk(ast.parse(code)):
        names |= {getattr(node, field, None) for field in ("id", "attr", "arg", "name")}
    return names


def code_of(cell):
    """The code that a cell holds, as the kind of block has it there."""
    if "solution" in cell.metadata.get("tags", []):
        (code,) = re.findall(r"```python\n(.*?)```", cell.source, flags=re.DOTALL)
        return code
    assert cell.cell_type == "code"
    return cell.source


def questions_in(cell):
    """The questions of a cell (list of str): what a paragraph begins with, in bold."""
    assert cell.cell_type == "markdown"
    return re.findall(r"^\*\*(.+?)\*\* \S", cell.source, flags=re.MULTILINE)


def test_every_block_is_named_once():
    assert len({row["block"] for row in BLOCKS}) == len(BLOCKS)


def test_every_lesson_after_the_game_has_a_block():
    assert {row["lesson"] for row in BLOCKS} == NOTEBOOKS.keys() - {"00"}


@pytest.mark.parametrize("row", BLOCKS, ids=lambda row: row["block"])
def test_the_cell_is_there_and_about_the_block(row):
    cells = {cell.id: cell for cell in nbformat.read(NOTEBOOKS[row["lesson"]], as_version=4).cells}
    cell = cells[row["cell"]]
    assert row["about"]
    if row["kind"] == "question":
        asked = [question for question in questions_in(cell) if row["about"] in question.lower()]
        assert len(asked) == 1
        return
    assert row["about"] in names_in(code_of(cell))
    tags = {"shown": [], "exercise": ["exercise"], "solution": ["solution"]}[row["kind"]]
    assert cell.metadata.get("tags", []) == tags
