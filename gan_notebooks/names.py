"""Names for cells: JupyterLab gives a new cell a random id, and lets nobody change it."""

import re

RANDOM = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9a-f]{8}")
HEADING = re.compile(r"^#{1,4} (?:\d+\. )?(.+)$", re.MULTILINE)
STUB = re.compile(r"NotImplementedError\(\"Exercise (\d+): ")
LONGEST_NAME = 30


def name_cells(notebook):
    """Give each cell of a lesson (NotebookNode) that has a random id a name; others keep theirs.

    An exercise's three cells are named by the number in its stub, others by the heading that they
    stand below.
    """
    taken = {cell.get("id") for cell in notebook.cells}
    heading = "start"
    exercise = None
    for cell in notebook.cells:
        is_text = cell.cell_type == "markdown"
        if is_text and (match := HEADING.search(cell.source)):
            heading = _kebab(match[1]) or heading
        tags = cell.metadata.get("tags", [])
        wanted = heading
        if "exercise" in tags and (match := STUB.search(cell.source)):
            exercise = wanted = f"exercise-{match[1]}"
        elif exercise and cell.source.startswith("checks."):
            wanted = f"{exercise}-check"
        elif exercise and "solution" in tags:
            wanted = f"{exercise}-solution"
        if RANDOM.fullmatch(cell.get("id", "")):
            cell.id = _free(wanted, taken)
            taken.add(cell.id)


def _kebab(text):
    """ "What D's loss says" -> "what-d-s-loss-says"."""
    return "-".join(re.findall("[a-z0-9]+", text.lower()))[:LONGEST_NAME].strip("-")


def _free(name, taken):
    """`name`, or the first of name-2, name-3, … that is not taken."""
    names = [name, *(f"{name}-{number}" for number in range(2, len(taken) + 3))]
    return next(each for each in names if each not in taken)
