"""A plugin of pytest: what `pytest --nbval out.ipynb` compares of what a lesson's cell prints.

Installed with the course, it is there wherever nbval is. What a dependency warns of on the standard
error differs from version to version and says nothing about the lesson: it is left out, and so are
progress bars, which stand on the standard output. Warnings of the course, such as
metrics.ScoreWarning, are compared like everything that a cell prints. Other notebooks are compared
as nbval does it by itself.
"""

import re

# As tqdm writes it: a name, "50%|███   | 1/2 [00:01<00:01, 1.0step/s]", and the end of the line.
BAR = re.compile(r"[^\r\n]*\d+%\|[^|\r\n]*\| \d+/\d+ \[[^\r\n]*\]\s*")
# As `warnings` writes those whose place is a module: metrics.py says why it gives no line.
OWN_WARNING = re.compile(r"gan_helpers\.\S+:\d+: \w+Warning: .*")


def pytest_itemcollected(item):
    """Have a cell of a lesson compared without what `compared` leaves out; pytest calls this."""
    compare = getattr(item, "compare_outputs", None)  # only nbval's cells have it
    if compare is not None and _is_lesson(item.parent.nb):
        item.compare_outputs = lambda test, ref: compare(compared(test), compared(ref))


def _is_lesson(notebook):
    """Does a notebook (NotebookNode) import what lessons share?"""
    return any(cell.cell_type == "code" and "gan_helpers" in cell.source for cell in notebook.cells)


def compared(outputs):
    """Of a cell's outputs (list of NotebookNode) those that must repeat.

    Of the standard error only the course's own warnings, of the standard output no progress bar;
    they are no outputs where nothing else is there.
    """
    kept = []
    for output in outputs:
        if output.get("name") == "stderr":
            warnings = OWN_WARNING.findall(output.text)
            if not warnings:
                continue
            output = type(output)(output, text="\n".join(warnings))
        elif output.get("name") == "stdout" and BAR.search(output.text):
            text = BAR.sub("", output.text)
            if not text.strip():
                continue
            output = type(output)(output, text=text)
        kept.append(output)
    return kept
