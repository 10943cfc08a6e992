"""Move rows of a stored table to the lesson that trains their variants now: `results move`."""

import re

from gan_helpers import tables
from gan_notebooks import fingerprints
from gan_notebooks.errors import CourseError
from gan_notebooks.fingerprints import JUDGES
from gan_notebooks.notebooks import lessons
from gan_notebooks.staleness import (
    defaults_of,
    read_fingerprints,
    read_rows,
    settings_of,
    stored_row,
    why_stale,
)


def move(old, new):
    """Move rows and fingerprints of the table `old` (a name) to that of the lesson `new` (a Path).

    Those variants move that `new` trains as they were trained: same fingerprint, same defaults of
    what they read there, same judges. Lesson and command are renamed in their rows.
    Returns {variant: "" or why it stays}.
    """
    if old == new.stem:
        raise CourseError(f"{old} is the table of {new.stem}: give another lesson")
    stored = read_fingerprints(old)
    if not stored:
        raise CourseError(
            f"{tables.FOLDER} has no table {old} with fingerprints: name one, without .csv"
        )
    rows = read_rows(old)
    current = fingerprints.of(fingerprints.run(new))
    defaults = defaults_of(new)
    answers = {}
    for variant, row in stored.items():
        if variant not in current:
            answers[variant] = f"{new.stem} does not train it"
        elif _has_rows_of_its_own(new, variant, rows):
            answers[variant] = f"{new.stem} has rows of its own"
        else:
            answers[variant] = why_stale(row, current[variant], defaults)
    candidates = {variant: current[variant] for variant, why in answers.items() if not why}
    read_by = fingerprints.reads(new, candidates, [*defaults, JUDGES])
    for variant in candidates:
        made_with = settings_of(stored[variant])
        more = [name for name in defaults if name in read_by[variant] and name not in made_with]
        if more:
            answers[variant] = f"there it reads {', '.join(more)}"
    fresh = {}
    for variant, why in answers.items():
        if not why:
            fresh[variant] = stored_row(variant, current[variant], read_by[variant], defaults)
    if fresh:
        # First there, then away from here: where it is interrupted, the next call does the rest.
        _add(fresh, rows, new)
        _remove(fresh, rows, old)
    return answers


def _has_rows_of_its_own(new, variant, rows):
    """Has the table of `new` rows of a variant, and others than those to be moved?"""
    own = tables.where(read_rows(new.stem), variant=variant)
    return own not in ([], _renamed(rows, variant, new))


def _add(fresh, rows, new):
    """Put the variants `fresh` ({variant: what is stored of it}) into the table of `new`."""
    kept = [row for row in read_rows(new.stem) if row["variant"] not in fresh]
    moved = [row for variant in fresh for row in _renamed(rows, variant, new)]
    tables.write(tables.FOLDER / f"{new.stem}.csv", kept + moved)
    fingerprints.write(new.stem, read_fingerprints(new.stem) | fresh)


def _remove(variants, rows, old):
    """Take variants out of the table `old`, which has these rows."""
    stays = [row for row in rows if row["variant"] not in variants]
    tables.write(tables.FOLDER / f"{old}.csv", stays)
    stored = read_fingerprints(old)
    for variant in variants:
        del stored[variant]
    fingerprints.write(old, stored)


def _renamed(rows, variant, new):
    """The rows of a variant with the command that makes them in the lesson `new` (a Path)."""
    renamed = []
    for row in tables.where(rows, variant=variant):
        command = re.sub(r"--lesson \S+", f"--lesson {new.stem[:2]}", row.get("command", ""))
        command = re.sub(r'"TABLE=[^"]*"', lambda _: f'"TABLE={variant}"', command)
        renamed.append(row | {"command": command})
    return renamed


def print_moves(old, new, folder=None):
    """`move` to the one lesson in `folder` whose name starts with `new`, and print what moved.

    `folder`: None for the lessons of the checkout. Returns True where a variant moved.
    """
    notebooks = lessons(new, folder)
    if len(notebooks) > 1:
        raise CourseError(f"{new} is the start of {len(notebooks)} names: give more of it")
    (notebook,) = notebooks
    answers = move(old, notebook)
    for variant, why in answers.items():
        outcome = f"stays in {old}: {why}" if why else f"moved to {notebook.stem}"
        print(f"{variant}: {outcome}")
    return not all(answers.values())
