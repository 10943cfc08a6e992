"""Where a lesson's minutes go, for `python -m benchmarks lessons`: seconds a lesson and a section.

papermill notes in an executed notebook when each cell began and how long it took. The lessons that
are stored in notebooks/ lack these times: `gan_notebooks.publish` takes the outputs alone.

A section is a heading `## …` with all cells below it. The first trained picture is the first PNG at
or below the first cell that trains; its seconds run from the start of the first cell to the end of
the cell that shows it. A cell trains where it calls one of LOOPS, itself or by a function that this
lesson has defined. (Lesson 07 trains a reader of digits first, and shows what that says.)
"""

import ast
from datetime import datetime
from pathlib import Path

from IPython.core.inputtransformer2 import TransformerManager

from gan_notebooks import notebooks, runner

LOOPS = {"fit", "training_loop", "play"}  # of gan_helpers.training; of gan_helpers.game
START = "before the first section"
FENCE = "```"
MOST_EXPENSIVE = 5  # sections that are shown of a lesson


def seconds_of(cell):
    """The seconds (float) that papermill measured for a cell; 0 for one that did not run."""
    return cell.metadata.get("papermill", {}).get("duration") or 0.0


def seconds_of_cells(notebook):
    """The seconds (float) of all cells: a reader in JupyterLab waits for them, too."""
    return sum(seconds_of(cell) for cell in notebook.cells if cell.cell_type == "code")


def sections(notebook):
    """{heading: seconds} of an executed notebook, in reading order."""
    seconds = {START: 0.0}
    section = START
    for cell in notebook.cells:
        if cell.cell_type == "code":
            seconds[section] += seconds_of(cell)
            continue
        for heading in headings(cell.source):
            section = heading
            seconds.setdefault(section, 0.0)
    return seconds


def headings(markdown):
    """The headings of the second level (list of str) in a cell's text, without their `##`."""
    found = []
    in_code = False
    for line in markdown.splitlines():
        if line.startswith(FENCE):
            in_code = not in_code
        elif line.startswith("## ") and not in_code:
            found.append(line.removeprefix("## ").strip())
    return found


def seconds_to_picture(notebook):
    """Seconds (float) until the first trained picture is there; None where there is none."""
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    has_trained = False
    for cell, trains in zip(cells, training_cells([cell.source for cell in cells]), strict=True):
        has_trained = has_trained or trains
        if has_trained and any("image/png" in output.get("data", {}) for output in cell.outputs):
            return (moment(cell, "end_time") - moment(cells[0], "start_time")).total_seconds()
    return None


def moment(cell, name):
    """The "start_time" or "end_time" (datetime) of a cell."""
    return datetime.fromisoformat(cell.metadata.papermill[name])


def training_cells(sources):
    """Which of a lesson's cells (list of str, in order) train: list of bool."""
    trainers = set(LOOPS)
    verdicts = []
    for source in sources:
        tree = ast.parse(TransformerManager().transform_cell(source))
        for node in tree.body:
            if isinstance(node, ast.FunctionDef) and trainers & calls(ast.walk(node)):
                trainers.add(node.name)
        verdicts.append(bool(trainers & calls(nodes_that_run(tree))))
    return verdicts


def nodes_that_run(tree):
    """The nodes of a syntax tree but for the bodies of functions and classes."""
    for node in ast.iter_child_nodes(tree):
        if not isinstance(node, (ast.FunctionDef, ast.ClassDef, ast.Lambda)):
            yield node
            yield from nodes_that_run(node)


def calls(nodes):
    """The names (set of str) that the calls among these nodes call: `fit` for `training.fit()`."""
    names = set()
    for node in nodes:
        match node:
            case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name)):
                names.add(name)
    return names


def executed(notebook, folder):
    """The executed copy of a lesson (path) in a folder, as NotebookNode; run where it is missing.

    So is one whose code is not the lesson's any more, or that ran with other parameters or not to
    its end. What has changed in the packages it does not see. Raises RuntimeError where a run
    stops.
    """
    path = Path(folder) / notebook.name
    if not is_of(notebook, path):
        error = runner.execute(notebook, path, {}, quiet=True).error
        if error:
            raise RuntimeError(f"{notebook.name} stopped in {error}")
    return notebooks.read(path)


def is_of(notebook, path):
    """Is `path` a whole run of the lesson `notebook` (path) as it stands, at its defaults?"""
    if "timings" not in notebooks.read_record(path):  # its last cell has not run
        return False
    first, second = (code_of(notebooks.read(each)) for each in (notebook, path))
    return first == second  # parameters would stand in a cell of their own


def code_of(notebook):
    return [cell.source for cell in notebook.cells if cell.cell_type == "code"]


def report(notebook, path):
    """Lines (list of str) about an executed notebook, which lies at `path`."""
    timings = notebooks.read_record(path)["timings"]
    total = seconds_of_cells(notebook)
    to_picture = seconds_to_picture(notebook)
    shown = "–" if to_picture is None else f"{to_picture:.0f}"
    megabytes = (timings["peak_bytes"] or 0) / 1e6
    lines = [f"{path.stem:<50}{total:>9.0f}{shown:>15}{timings['threads']:>9}{megabytes:>9.0f} MB"]
    by_section = sections(notebook)
    for section in sorted(by_section, key=by_section.get, reverse=True)[:MOST_EXPENSIVE]:
        seconds = by_section[section]
        lines.append(f"    {section[:45]:<46}{seconds:>9.0f}{seconds / total:>15.0%}")
    return lines


def measure(prefix="", folder="build"):
    """Print the seconds of the lessons whose names start with `prefix`, executed in a folder."""
    print(f"\nLessons at their defaults, as executed in {folder}; a lesson's share by section")
    print(f"{'':<50}{'seconds':>9}{'first picture':>15}{'threads':>9}{'memory':>12}")
    total = 0.0
    for lesson in notebooks.lessons(prefix):
        notebook = executed(lesson, folder)
        total += seconds_of_cells(notebook)
        print("\n".join(report(notebook, Path(folder) / lesson.name)), flush=True)
    print(f"{'in all':<50}{total:>9.0f}")
