"""What a lesson records does not depend on what a reader's answer assigns.

Scores, rows and claims are handed to `lesson` where they are made; below the first exercise
nothing is read that lesson code has computed.
"""

import ast
import builtins
import dis
import types
from pathlib import Path

import nbformat
import pytest
from IPython.core.inputtransformer2 import TransformerManager

from gan_notebooks import notebooks, runner

NOTEBOOKS = sorted((Path(__file__).parents[2] / "notebooks").glob("*.ipynb"))
GAME = NOTEBOOKS[0]


def code_cells(path):
    cells = nbformat.read(path, as_version=4).cells
    return [cell for cell in cells if cell.cell_type == "code"]


def is_exercise(cell):
    return "exercise" in cell.metadata.get("tags", [])


def first_exercise(cells):
    """The place of the first exercise among the cells."""
    return next(number for number, cell in enumerate(cells) if is_exercise(cell))


def names_of(source):
    """(names that a cell reads and has not made itself, names that it makes), two sets.

    A function's body counts as read: it may be called. What Python brings along does not.
    """
    code = compile(TransformerManager().transform_cell(source), "cell", "exec")
    read = set()
    made = set()
    for instruction in dis.get_instructions(code):
        if instruction.opname in ("STORE_NAME", "STORE_GLOBAL"):
            made.add(instruction.argval)
        elif instruction.opname == "LOAD_NAME" and instruction.argval not in made:
            read.add(instruction.argval)
    read |= read_in_functions(code) - made
    return read - set(dir(builtins)) - {"__annotations__", "get_ipython"}, made


def read_in_functions(code):
    """The global names (set) that the functions within a code object read."""
    names = set()
    for inner in code.co_consts:
        if isinstance(inner, types.CodeType):
            for instruction in dis.get_instructions(inner):
                if instruction.opname in ("LOAD_GLOBAL", "LOAD_NAME"):
                    names.add(instruction.argval)
            names |= read_in_functions(inner)
    return names


@pytest.mark.parametrize(
    ("source", "read", "made"),
    [
        ("lesson.record()", {"lesson"}, set()),
        ("lesson.score(d_loss={n: h[-1] for n, h in runs.items()})", {"lesson", "runs"}, set()),
        ("x = 1\ny = x + z\nprint(y)", {"z"}, {"x", "y"}),
        ("x = x + 1", {"x"}, {"x"}),
        ("def f(a):\n    return lambda: a + b\nc = f(b=2)", {"b"}, {"f", "c"}),
        ("import math\nmath.pi", set(), {"math"}),
        ("%matplotlib inline", set(), set()),
    ],
)
def test_the_reader_of_names(source, read, made):
    assert names_of(source) == (read, made)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_the_last_cell_reads_no_name_but_lesson(path):
    last = code_cells(path)[-1]
    assert last.id == "record" and last.source == "lesson.record()"
    assert names_of(last.source) == ({"lesson"}, set())


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_below_an_exercise_nothing_is_read_that_the_lesson_has_computed(path):
    cells = code_cells(path)
    (imports,) = (cell for cell in cells if cell.id == "imports")
    _, known = names_of(imports.source)
    for cell in cells[first_exercise(cells) : -1]:
        read, made = names_of(cell.source)
        assert read <= known, f"{cell.id} must make them itself: {sorted(read - known)}"
        known |= made


def answer_that_spoils(exercise, names):
    """Code that defines the exercise's function, and empties and overwrites all of these names."""
    (function,) = ast.parse(exercise.source).body
    return (
        f"def {function.name}(*arguments):\n    pass\n\n"
        f"for name in {sorted(names - {function.name})}:\n"
        "    value = globals().get(name)\n"
        "    if isinstance(value, (dict, list)):\n"
        "        value.clear()\n"
        "    globals()[name] = None"
    )


def test_answers_that_overwrite_every_name_cost_nothing(tmp_path):
    notebook = nbformat.read(GAME, as_version=4)
    kept = {"lesson"}
    names = set()
    for cell in notebook.cells:
        if cell.cell_type != "code":
            continue
        if is_exercise(cell):
            cell.source = answer_that_spoils(cell, names - kept)
            continue
        _, made = names_of(cell.source)
        if cell.id == "imports":
            kept |= made
        names |= made
    assert {"fair_row", "collapse_row", "cure_row"} < names - kept
    nbformat.write(notebook, tmp_path / "spoilt.ipynb")

    executed = tmp_path / "executed.ipynb"
    sizes = notebooks.size_parameters(GAME, "smoke")
    assert runner.execute(tmp_path / "spoilt.ipynb", executed, sizes, quiet=True).error is None
    values = notebooks.read_record(executed)["values"]
    assert values["parameters"]["LENGTH"] == sizes["LENGTH"]
    modes = {row["variant"]: row["modes"] for row in values["rows"]}
    scores = {
        "fair modes": modes["a fair game"],
        "collapse modes": modes["a collapse"],
        "cure modes": modes["a cure"],
    }
    assert values["scores"] == scores
    summary = ["Recorded: 18 of 18 claims hold."]
    summary += [f"{name}: {score}" for name, score in scores.items()]
    outputs = code_cells(executed)[-1].outputs
    assert outputs[0]["data"]["text/plain"] == "\n".join(summary)
