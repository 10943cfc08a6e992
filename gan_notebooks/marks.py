"""What the command wrote itself, and may therefore replace: nothing else is ever removed.

Each kind of file says so by itself: an executed notebook and a report by a mark, a status and a
table by their fields. `refuse_foreign` raises where something else is in the way.
"""

import csv
import json
import os
from pathlib import Path

from gan_notebooks.errors import CourseError, SweepError
from gan_notebooks.files import read_text
from gan_notebooks.notebooks import LARGEST_NOTEBOOK

NOTEBOOK = "gan_notebooks"  # the key in the metadata of an executed notebook
REPORT = '<meta name="generator" content="gan-notebooks">'  # in the head of a report
STATUS_FIELDS = {"run", "lesson", "parameters", "code", "status"}
TABLE_START = ["run", "status", "seconds"]
TABLE_FIELDS = {"claims_held", "claims", "error"}


def mark(notebook):
    """Put the mark into a notebook (NotebookNode) that is about to be executed."""
    notebook.metadata[NOTEBOOK] = {"executed": True}


def is_result(path):
    """Is the file a notebook that was executed here?"""
    content = _json(path)
    metadata = content.get("metadata") if isinstance(content, dict) else None
    return isinstance(metadata, dict) and NOTEBOOK in metadata


def is_another_notebook(path):
    """Is the file a notebook that was not executed here? A damaged one is none."""
    return isinstance(_json(path), dict) and not is_result(path)


def is_status(path):
    """Is the file the status of the run whose name it has?"""
    content = _json(path)
    if not isinstance(content, dict) or not content.keys() >= STATUS_FIELDS:
        return False
    return content["run"] == Path(path).stem


def _json(path):
    """What a file of JSON holds; None where it is none."""
    try:
        return json.loads(read_text(path, LARGEST_NOTEBOOK))
    except (CourseError, OSError, ValueError, RecursionError):
        return None


def is_report(path):
    """Is the file a report that was written here?"""
    try:
        with open(path, encoding="utf8") as file:
            return REPORT in file.read(1000)
    except (OSError, ValueError):
        return False


def is_table(path):
    """Is the file a table that `collect` wrote? Its header tells."""
    try:
        with open(path, encoding="utf8", newline="") as file:
            columns = next(csv.reader(file), [])
    except (OSError, ValueError, csv.Error):
        return False
    return columns[: len(TABLE_START)] == TABLE_START and set(columns) >= TABLE_FIELDS


KINDS = {".ipynb": is_result, ".json": is_status, ".html": is_report}


def is_foreign(path, is_own):
    """Is something there that was not written here? A link, even a broken one, never was."""
    if not os.path.lexists(path):
        return False
    return Path(path).is_symlink() or not Path(path).is_file() or not is_own(path)


def refuse_foreign(path, is_own=None):
    """Raise SweepError where a file is in the way that was not written here.

    `is_own`: a function that knows those which were; None for that of the path's ending.
    """
    is_own = is_own or KINDS[Path(path).suffix]
    if is_foreign(path, is_own):
        raise SweepError(
            f"{path} is in the way: this command did not write it (or an older version did), and "
            "it removes nothing else. Move it away, or give another place"
        )


def remove(path):
    """Remove a file that was written here, if it is there. Raises SweepError where it was not."""
    refuse_foreign(path)
    Path(path).unlink(missing_ok=True)


def refuse_folder_of(notebook, folder):
    """Raise SweepError where results would lie among lessons: `folder` is that of the `notebook`.

    However the two are spelt; a lesson that is a link lies in two folders.
    """
    notebook = Path(notebook)
    for home in (notebook.parent, notebook.resolve().parent):
        if os.path.exists(folder) and os.path.samefile(home, folder):
            raise SweepError(
                f"{folder} is the folder of the lesson {notebook}, which its result would "
                "overwrite: give another --output"
            )
