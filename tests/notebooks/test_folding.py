"""What is not the lesson (set-up, checks, plots, tables, claims) is folded; GANs stand open."""

import ast

import nbformat
import pytest
from IPython.core.inputtransformer2 import TransformerManager

from gan_notebooks import notebooks

# A statement with one of these names shows or checks something, and is not about GANs.
NAMES_OF_THE_FRAME = {
    *("plots", "lesson", "tables", "checks", "quiz", "widgets", "print", "display"),
    *("Figure", "fig", "figure", "axis", "axes", "right_axis", "Image", "Markdown"),
}
SET_UP = ("setup", "check-parameters", "record")
HALF = 0.5
NEARLY_ALL = 0.9


def is_frame(statement):
    """Is a statement (ast) there to show or check something, or to import?

    A loop is if nearly all of its lines are, a function if more than half of them are.
    """
    if isinstance(statement, ast.Import | ast.ImportFrom):
        return True
    if isinstance(statement, ast.For | ast.With | ast.If):
        return frame_share(statement.body) > NEARLY_ALL
    if isinstance(statement, ast.FunctionDef | ast.ClassDef):
        return frame_share(statement.body) > HALF
    names = {node.id for node in ast.walk(statement) if isinstance(node, ast.Name)}
    return bool(names & NAMES_OF_THE_FRAME)


def frame_share(statements):
    """The share (float) of the lines of these statements that is no GAN."""
    lines = [statement.end_lineno - statement.lineno + 1 for statement in statements]
    is_of_frame = map(is_frame, statements)
    return sum(n for n, frame in zip(lines, is_of_frame, strict=True) if frame) / sum(lines)


def statements_of(cell):
    return ast.parse(TransformerManager().transform_cell(cell.source)).body


def marks(cell):
    """What folds a cell: in JupyterLab, in Colab and on a site made with nbconvert (bool each)."""
    jupyter = cell.metadata.get("jupyter", {}).get("source_hidden", False)
    colab = cell.metadata.get("cellView") == "form"
    return jupyter, colab, "hide-input" in cell.metadata.get("tags", [])


@pytest.mark.parametrize(
    ("source", "share"),
    [
        ("G = make()\nfake = G(z)\nplots.show(fake,\n           alt='a')", 0.5),
        ("import torch\nprint(1)", 1),
        ("for x in y:\n    print(x)\n    update(x)", 0),
        ("for x in y:\n    right_axis.plot(x)", 1),
        ("def f():\n    axis.plot(1)\n    axis.set(x=1)\n    return 3", 1),
        ("lesson.claim('x',\n  D(real) > 0)\nstep()\nstep()\nstep()", 0.4),
    ],
)
def test_lines_of_the_frame_are_counted(source, share):
    assert frame_share(ast.parse(source).body) == share


@pytest.mark.parametrize("path", notebooks.lessons(), ids=lambda path: path.stem)
def test_what_is_not_the_lesson_is_folded(path):
    open_statements = []
    for cell in nbformat.read(path, as_version=4).cells:
        if cell.cell_type != "code":
            continue
        assert len(set(marks(cell))) == 1, f"{cell.id} is folded here and not there"
        is_folded = marks(cell)[0]
        tags = cell.metadata.get("tags", [])
        statements = statements_of(cell)
        names = {node.id for part in statements for node in ast.walk(part) if hasattr(node, "id")}
        if "parameters" in tags or "exercise" in tags or "widgets" in names:
            assert not is_folded, f"{cell.id} is there to be changed"
        elif cell.id in SET_UP or cell.id.endswith("-check") or "quiz" in cell.id:
            assert is_folded, f"{cell.id} is set-up, a check, or would tell an answer"
        elif cell.id != "imports" and frame_share(statements) == 1:
            assert is_folded, f"{cell.id} only shows or checks something"
        if not is_folded:
            open_statements += statements
    assert frame_share(open_statements) <= HALF
