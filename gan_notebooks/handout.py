"""Write the lessons for a class, without solutions and outputs: `gan-notebooks handout FOLDER`."""

import hashlib
import json
from importlib import metadata
from pathlib import Path

import nbformat

from gan_helpers import tables
from gan_notebooks import marks, notebooks
from gan_notebooks.commands import add_choice_of_lessons
from gan_notebooks.errors import CourseError

MARK = "gan_handout"  # the key in the metadata of a handout


def version():
    """The version of the course (str) that is installed."""
    return metadata.version("adversarial-digits")


def handout(path):
    """A lesson (NotebookNode) without solutions, outputs and counts; it says its version."""
    notebook = notebooks.read(path)
    notebook.cells = [
        cell for cell in notebook.cells if "solution" not in cell.metadata.get("tags", [])
    ]
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs = []
            cell.execution_count = None
            cell.metadata.pop("source_when_run", None)
    notebook.cells[0].source += f"\n\n*Handout of Adversarial Digits {version()}.*"
    notebook.metadata[MARK] = {"version": version(), "sources": _hash(notebook)}
    return notebook


def is_handout(path):
    """Is the file a handout as it was written, and no student's copy with work in it?

    Its mark holds a hash of the sources of its cells.
    """
    try:
        notebook = notebooks.read(path)
    except (CourseError, OSError):
        return False
    was_run = any(cell.get("execution_count") for cell in notebook.cells)
    mark = notebook.metadata.get(MARK)
    return isinstance(mark, dict) and mark.get("sources") == _hash(notebook) and not was_run


def _hash(notebook):
    sources = json.dumps([cell.source for cell in notebook.cells])
    return hashlib.sha256(sources.encode()).hexdigest()


def write_handouts(options):
    """`gan-notebooks handout`. Returns True."""
    folder = Path(options.folder)
    folder.mkdir(parents=True, exist_ok=True)
    lessons = notebooks.lessons(options.lesson, options.notebooks)
    for path in lessons:
        marks.refuse_folder_of(path, folder)
        marks.refuse_foreign(folder / path.name, is_handout)
    for path in lessons:
        tables.replace(folder / path.name, nbformat.writes(handout(path)) + "\n")
    print(f"{len(lessons)} lessons written into {folder}, version {version()}")
    return True


def add_parser(commands):
    """Add `handout` to the subparsers of the command line."""
    parser = commands.add_parser(
        "handout", help="write the lessons for a class: without solutions and outputs"
    )
    parser.add_argument("folder", help="for the handouts")
    add_choice_of_lessons(parser)
    parser.set_defaults(do=write_handouts)
