"""Small notebooks, for the tests that run some."""

import nbformat
from nbformat.v4 import new_code_cell, new_notebook

KERNEL = {"name": "python3", "display_name": "Python 3", "language": "python"}


def write_notebook(path, *cells, sizes=None, parameters=None):
    """Write a notebook of these cells, of which a text stands for a code cell; return its path.

    `sizes`: the parameters of each size, where it has any. `parameters`: the place of the cell that
    gets the tag.
    """
    cells = [new_code_cell(cell) if isinstance(cell, str) else cell for cell in cells]
    for number, cell in enumerate(cells):
        cell.id = f"cell-{number}"
    if parameters is not None:
        cells[parameters].metadata["tags"] = ["parameters"]
    metadata = {"kernelspec": KERNEL}
    if sizes is not None:
        metadata["sizes"] = sizes
    nbformat.write(new_notebook(cells=cells, metadata=metadata), path)
    return path
