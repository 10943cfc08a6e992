"""One table of all runs of a sweep: `gan-notebooks collect`."""

import re
from pathlib import Path
from types import NoneType

from gan_helpers import tables
from gan_notebooks import marks
from gan_notebooks.errors import CourseError, shortened
from gan_notebooks.notebooks import read_record
from gan_notebooks.sweep import read_status

# Where a spreadsheet may see a formula begin: at the start of a text, or behind what separates
# cells in some countries. The last four characters are full-width ones of the first four.
FORMULA = re.compile("(^|[;\t])(?=[=+@\t\n\uff1d\uff0b\uff0d\uff20-])")
VALUES = (bool, int, float, str)


def collect(folder, output):
    """Write one table of all runs in `folder` to `output` (CSV), and return its rows.

    A row has a run's parameters, status, seconds, claims and scores. Raises CourseError where
    there are no runs, and where `output` is there and is nothing that this function wrote.

    No cell of the table is a formula to a spreadsheet: a text that begins like one gets an
    apostrophe in front.
    """
    marks.refuse_foreign(output, marks.is_table)
    tables.remove_temporaries(Path(output).parent, {Path(output).name})
    rows = [_row(path) for path in sorted(Path(folder).glob("*.json"))]
    if not rows:
        raise CourseError(f"there are no runs in {folder}: start them with `gan-notebooks sweep`")
    tables.write(output, [_without_formulas(row) for row in rows])
    return rows


def _without_formulas(row):
    """A row (dict) whose names and texts begin with nothing that a spreadsheet would execute."""
    return {harmless(name): harmless(value) for name, value in row.items()}


def harmless(value):
    """A value of a cell; in a text, an apostrophe before what a spreadsheet takes for a formula.

    Source: OWASP, "CSV injection".
    """
    if not isinstance(value, str) or _is_number(value):
        return value
    # The csv module puts no quotes round a carriage return, and so it would end the row.
    one_ending = value.replace("\r\n", "\n").replace("\r", "\n")
    return FORMULA.sub(r"\1'", one_ending)


def _is_number(text):
    try:
        float(text)
    except ValueError:
        return False
    return True  # such as -inf: a kernel sends what is no number of JSON's as text


def _row(path):
    """The row (dict) of one run, from its status file and its notebook."""
    status = read_status(path.parent, path.stem)
    if not _is_status(status):
        return _unreadable(path, {}, f"{path.name} is damaged, or another program's")
    try:
        record = {}
        if status["status"] == "done":  # else a notebook may be there from an earlier run
            record = read_record(path.with_suffix(".ipynb"))
        return _writable(_columns(status, record))
    except (CourseError, OSError, RecursionError) as error:  # it must not cost the table
        return _unreadable(path, status, str(error))


def _is_status(status):
    """Is this (dict) what a sweep writes of a run?"""
    match status:
        case {"run": str(), "status": str(), "parameters": dict(parameters)}:
            are_values = all(isinstance(value, VALUES) for value in parameters.values())
            is_timed = isinstance(status.get("seconds"), (int, float, NoneType))
            return are_values and is_timed and isinstance(status.get("error"), (str, NoneType))
    return False


def _unreadable(path, status, error):
    """The row of a run whose file or notebook says nothing."""
    row = {"run": path.stem, "status": "unreadable", "seconds": None}
    row |= status.get("parameters", {})
    # All columns of a run: `marks.is_table` knows our tables by them.
    row |= {"claims_held": None, "claims": None, "error": shortened(error)}
    return _writable(row)


def _columns(status, record):
    values = record.get("values", {})
    claims = values.get("claims", [])
    row = {
        "run": status["run"],
        "status": status["status"],
        "seconds": status.get("seconds"),
        "error": status.get("error"),
    }
    _add(row, status["parameters"])
    row |= {"claims_held": sum(claim["holds"] for claim in claims), "claims": len(claims)}
    _add(row, _flat(values.get("scores", {})))
    row["error"] = row.pop("error")  # the last column: it may be long
    return row


def _add(row, numbers):
    """Add columns to a row; where one is there by this name, the new one is marked."""
    for name, value in numbers.items():
        row[f"{name} (recorded)" if name in row else name] = value


def _flat(scores, prefix=""):
    """{"a": {"b": 1}} as {"a b": 1}: a column a number."""
    flat = {}
    for name, value in scores.items():
        if isinstance(value, dict):
            flat |= _flat(value, f"{prefix}{name} ")
        else:
            flat[prefix + name] = value
    return flat


def _writable(value):
    """A value without halves of characters, which no file takes."""
    if isinstance(value, str):
        return value.encode("utf8", "replace").decode("utf8")
    if isinstance(value, dict):
        return {_writable(name): _writable(part) for name, part in value.items()}
    if isinstance(value, list):
        return [_writable(part) for part in value]
    return value
