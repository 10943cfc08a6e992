"""Widgets of the lessons react: their cells are run without a browser, and a control is moved."""

import symtable
from pathlib import Path
from types import SimpleNamespace

import nbformat
import pytest
from IPython.core.inputtransformer2 import TransformerManager

from gan_notebooks import notebooks

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"


def run(notebook, *ids):
    """The namespace after these cells of a lesson, in their order there."""
    namespace = {"lesson": SimpleNamespace(claim=lambda *claim: None)}
    for cell in nbformat.read(NOTEBOOKS / notebook, as_version=4).cells:
        if cell.id in ids:
            exec(cell.source, namespace)
    return namespace


def test_lesson_05_score_moves_dots_and_table():
    lesson = run(
        "05_generator_losses.ipynb",
        "imports",
        "formulas",
        "slopes",
        "probabilities",
        "losses-picture",
        "slider",
    )
    field, picture, readout = lesson["score_field"], lesson["picture"], lesson["readout"]
    before = bytes(picture.value)
    assert before.startswith(b"\x89PNG") and "score -3.00, p = 0.0474" in readout.value
    field.value = 2.0
    assert bytes(picture.value).startswith(b"\x89PNG") and bytes(picture.value) != before
    assert "score 2.00, p = 0.8808" in readout.value
    # softplus(-2) and σ(2) - 1; ½(2 - 1)² and 2 - 1; -2 and -1
    for row in (
        "cross-entropy</td><td>0.127</td><td>-0.119",
        "least squares</td><td>0.500</td><td>1.000",
        "Wasserstein</td><td>-2.000</td><td>-1.000",
    ):
        assert row in readout.value
    (x,), (y,) = lesson["dots"]["least squares", 1].get_data()  # on the right: the slope
    assert (x, y) == (2, 1)


def names_in(cell):
    """The names that a cell binds outside its functions, and those it has from elsewhere."""
    source = TransformerManager().transform_cell(cell.source)
    table = symtable.symtable(source, cell.id, "exec")
    bound = {symbol.get_name() for symbol in table.get_symbols() if symbol.is_assigned()}
    used = {
        symbol.get_name()
        for scope in [table, *table.get_children()]
        for symbol in scope.get_symbols()
        if symbol.is_global() and symbol.is_referenced()
    }
    return bound, used - bound


@pytest.mark.parametrize("path", notebooks.lessons(), ids=lambda path: path.stem)
def test_a_panel_trains_one_run(path):
    """No cell since has put the optimisers or batches of other nets behind one of its names."""
    binders = {}  # {name: the cells so far that bind it, each as the set of all that it binds}
    for cell in nbformat.read(path, 4).cells:
        if cell.cell_type != "code":
            continue
        bound, used = names_in(cell)
        if "widgets.train_panel(" in cell.source:
            anew = {name: binders[name] for name in used if len(binders.get(name, [])) > 1}
            assert len({id(cells[-1]) for cells in anew.values()}) <= 1, sorted(anew)
            for name, (*earlier, last) in anew.items():
                left_behind = used & set().union(*earlier) - last
                assert not left_behind, f"{name} is new, and {left_behind} are not"
        for name in bound:
            binders.setdefault(name, []).append(bound)
