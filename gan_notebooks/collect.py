"""One table of all runs of a sweep: `gan-notebooks collect`."""

import re
from pathlib import Path

from gan_helpers import tables
from gan_notebooks.errors import CourseError
from gan_notebooks.notebooks import read_record
from gan_notebooks.sweep import read_status

# Where a spreadsheet may see a formula begin: at the start of a text, or behind what separates
# cells in some countries. The last four characters are full-width ones of the first four.
FORMULA = re.compile("(^|[;\t])(?=[=+@\t\n\uff1d\uff0b\uff0d\uff20-])")


def collect(folder, output):
    """Write one table of all runs in `folder` to `output` (CSV), and return its rows.

    A row has a run's parameters, status, seconds, claims and scores. Raises CourseError where
    there are no runs.

    No cell of the table is a formula to a spreadsheet: a text that begins like one gets an
    apostrophe in front.
    """
    rows = [_row(path) for path in sorted(Path(folder).glob("*.json"))]
    if not rows:
        raise CourseError(f"there are no runs in {folder}: start them with `gan-notebooks sweep`")
    tables.write(output, [_without_formulas(row) for row in rows])
    return rows


def _without_formulas(row):
    """A row (dict) whose names and texts begin with nothing that a spreadsheet would execute."""
    return {_harmless(name): _harmless(value) for name, value in row.items()}


def _harmless(value):
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
    record = {}
    if status.get("status") == "done":  # else a notebook may be there from an earlier run
        try:
            record = read_record(path.with_suffix(".ipynb"))
        except (CourseError, OSError) as error:  # one damaged file must not cost the table
            status |= {"status": "unreadable", "error": str(error)}
    values = record.get("values", {})
    claims = values.get("claims", [])
    return {
        "run": status.get("run", path.stem),
        "status": status.get("status", "unreadable"),
        "seconds": status.get("seconds"),
        **status.get("parameters", {}),
        "claims_held": sum(claim["holds"] for claim in claims),
        "claims": len(claims),
        **_flat(values.get("scores", {})),
        "error": status.get("error"),
    }


def _flat(scores, prefix=""):
    """{"a": {"b": 1}} as {"a b": 1}: a column a number."""
    flat = {}
    for name, value in scores.items():
        if isinstance(value, dict):
            flat |= _flat(value, f"{prefix}{name} ")
        else:
            flat[prefix + name] = value
    return flat
