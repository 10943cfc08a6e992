"""When rows of a stored table no longer say what a lesson does: for `make results` and the tests.

Each variant is judged by what *it* rests on, stored beside its table (gan_notebooks.fingerprints).
"""

import json

from gan_helpers import tables
from gan_notebooks import fingerprints
from gan_notebooks.errors import CourseError
from gan_notebooks.fingerprints import JUDGES, PARTS
from gan_notebooks.notebooks import outline

SEEDS = (0, 1, 2, 3, 4)
NO_SETTINGS = ("SEED", "TABLE")  # parameters that say which rows are made, and not how


def read_rows(name):
    """The rows of the stored table `name`. Raises CourseError where it is damaged or none."""
    rows = _read(tables.read, name, f"{name}.csv")
    for number, row in enumerate(rows, 2):
        if not {"variant", "seed", "step"} <= row.keys():
            raise _damaged(f"{name}.csv", f"line {number} lacks a variant, a seed or a step")
    return rows


def read_fingerprints(name):
    """What is stored beside the table `name`. Raises CourseError where the file is damaged."""
    file_name = f"{name}.fingerprints.csv"
    stored = _read(fingerprints.read, name, file_name)
    for variant, row in stored.items():
        if not all(_are_numbers(row.get(part, [])) for part in (*PARTS, "yardstick")):
            raise _damaged(file_name, f"{variant} has no list of numbers")
        if not isinstance(_read(settings_of, row, file_name), dict):
            raise _damaged(file_name, f"the settings of {variant} are no table")
        if not isinstance(row.get("ignores", ""), str):
            raise _damaged(file_name, f"what {variant} ignores are no names")
    return stored


def _are_numbers(values):
    return isinstance(values, list) and all(isinstance(value, (int, float)) for value in values)


def _read(function, argument, file_name):
    """What `function` reads; its error as one that names the file."""
    try:
        return function(argument)
    except OSError:
        raise
    except Exception as error:  # the csv module lets through whatever a damaged file leads to
        raise _damaged(file_name, f"{type(error).__name__}: {error}") from None


def _damaged(file_name, cause):
    return CourseError(
        f"the table {tables.FOLDER / file_name} is damaged or no lesson's ({cause}): take it from "
        "the repository, or name another one"
    )


def seeds_of(record):
    """{variant: the seeds of its rows}: all five, or as many as its row's `seeds` says."""
    rows = record["values"]["rows"]
    return {row["variant"]: SEEDS[: row.get("seeds", len(SEEDS))] for row in rows}


def defaults_of(notebook):
    """The default parameters on which rows can rest: {name: value}."""
    defaults = outline(notebook).defaults
    return {name: value for name, value in defaults.items() if name not in NO_SETTINGS}


def settings_of(stored):
    """What a variant reads, as it was when its rows were made: {name: value}."""
    return json.loads(stored.get("settings", "{}"))


def why_stale(stored, current, defaults):
    """What has changed for a variant since its rows were made (str); "" where nothing has.

    `stored`: its row of `fingerprints.read`, or None; `current`: its fingerprint now; `defaults`:
    as `defaults_of` returns them.
    """
    if stored is None:
        return "no fingerprint is stored"
    if parts := fingerprints.moved(stored, current):
        return f"its {' and '.join(parts)} moved"
    for name, value in settings_of(stored).items():
        if name not in defaults:
            return f"{name} is gone"
        if defaults[name] != value:
            return f"{name} was {value} and is {defaults[name]}"
    yardstick = stored.get("yardstick")
    if yardstick and not fingerprints.close(yardstick, fingerprints.yardstick()):
        return "a judge or a measure moved"
    return ""


def stale(rows, stored, current, defaults, seeds):
    """The variants whose rows are missing or stale: {variant: (list of seeds, why)}.

    `rows`: of the table; `stored`: as `fingerprints.read` returns it; `current`: {variant: its
    fingerprint now}; `seeds`: as `seeds_of` returns them.
    """
    wanted = {}
    for variant, fingerprint in current.items():
        own = {row["seed"] for row in tables.where(rows, variant=variant)}
        why = why_stale(stored.get(variant), fingerprint, defaults)
        missing = [seed for seed in seeds[variant] if why or seed not in own]
        if missing:
            wanted[variant] = missing, why or "not made yet"
    return wanted


def unknown(stored, defaults):
    """The parameters (list) that came after the rows: it is not known which variants read them."""
    known = [
        settings_of(row).keys() | set(row.get("ignores", "").split()) for row in stored.values()
    ]
    return [name for name in defaults if any(name not in names for names in known)]


def what_they_rest_on(notebook, current, stored, defaults, wanted):
    """What is to be stored beside the table: `stored`, and the variants `wanted` anew.

    Finds out which parameters the variants read: all where some are wanted, else the new ones.
    """
    names = [*defaults, JUDGES] if wanted else unknown(stored, defaults)
    read_by = fingerprints.reads(notebook, current, names)
    fresh = {}
    for variant, fingerprint in current.items():
        if variant in wanted:
            fresh[variant] = stored_row(variant, fingerprint, read_by[variant], defaults)
            continue
        row = dict(stored[variant])
        settings = settings_of(row)
        ignored = row.get("ignores", "").split()
        for name in names:
            if name in defaults and name not in settings and name not in ignored:
                if name in read_by[variant]:
                    settings[name] = defaults[name]
                else:
                    ignored.append(name)
        fresh[variant] = row | {"settings": json.dumps(settings), "ignores": " ".join(ignored)}
    return fresh


def stored_row(variant, fingerprint, names_read, defaults):
    """What is stored of a variant (dict), as `fingerprints.read` returns it."""
    settings = {name: value for name, value in defaults.items() if name in names_read}
    ignored = [name for name in defaults if name not in names_read]
    row = {"variant": variant, "settings": json.dumps(settings), "ignores": " ".join(ignored)}
    row |= fingerprint
    if JUDGES in names_read:
        row["yardstick"] = fingerprints.yardstick()
    return row
