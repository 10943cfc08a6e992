"""names.py: cells that were made in JupyterLab get names; those that have one keep it."""

import uuid

from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from gan_notebooks.names import RANDOM, name_cells

STUB = 'def f(x):\n    raise NotImplementedError("Exercise 3: write f in the cell above.")'


def named(*cells):
    notebook = new_notebook(cells=list(cells))
    name_cells(notebook)
    return [cell.id for cell in notebook.cells]


def test_new_cells_are_named_by_headings_and_exercises_by_their_number():
    cells = [
        new_markdown_cell("# 11 · A lesson", id="title"),
        new_code_cell("x = 1"),
        new_markdown_cell("## 4. What D's loss says\n\nA text."),
        new_code_cell("loss"),
        new_code_cell("loss", id="by-hand"),
        new_markdown_cell("No heading."),
        new_markdown_cell("**Exercise 3.** Write f."),
        new_code_cell(STUB, metadata={"tags": ["exercise"]}),
        new_code_cell("checks.f(f)"),
        new_markdown_cell("<details>", metadata={"tags": ["solution"]}),
        new_markdown_cell("## 5. !", id=str(uuid.uuid4())),
    ]
    assert named(*cells) == [
        "title",
        "11-a-lesson",
        "what-d-s-loss-says",
        "what-d-s-loss-says-2",
        "by-hand",
        "what-d-s-loss-says-3",
        "what-d-s-loss-says-4",
        "exercise-3",
        "exercise-3-check",
        "exercise-3-solution",
        "what-d-s-loss-says-5",
    ]


def test_what_has_a_name_keeps_it_and_no_name_comes_twice():
    cells = [new_markdown_cell("## 1. Data", id="table"), new_code_cell("1", id="data")]
    cells += [new_code_cell("2"), new_code_cell("3")]
    assert named(*cells) == ["table", "data", "data-2", "data-3"]


def test_what_counts_as_random():
    assert RANDOM.fullmatch(str(uuid.uuid4())) and RANDOM.fullmatch(new_code_cell("").id)
    assert not RANDOM.fullmatch("exercise-1") and not RANDOM.fullmatch("data")
