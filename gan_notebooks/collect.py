"""One table of all runs of a sweep: `gan-notebooks collect`."""

from pathlib import Path

from gan_helpers import tables
from gan_notebooks import marks
from gan_notebooks.errors import CourseError
from gan_notebooks.notebooks import read_record
from gan_notebooks.sweep import read_status


def collect(folder, output):
    """Write one table of all runs in `folder` to `output` (CSV), and return its rows.

    A row has a run's parameters, status, seconds, claims and scores. Raises CourseError where
    there are no runs, and where `output` is a file that this function did not write.
    """
    marks.refuse_foreign(output, marks.is_table)
    tables.remove_temporaries(Path(output).parent, {Path(output).name})
    rows = [_row(path) for path in sorted(Path(folder).glob("*.json"))]
    if not rows:
        raise CourseError(f"there are no runs in {folder}: start them with `gan-notebooks sweep`")
    tables.write(output, rows)
    return rows


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
