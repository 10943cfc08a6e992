"""The stored tables that measured claims rest on: `notebooks/results/<lesson>.csv`, one row a measurement.

    rows = tables.read("02_classic_gan")                                  # list of dicts; [] where there is none yet
    tables.by_seed(rows, "digit_fid", variant="algorithm 1", step=4000)   # {0: 21.5, 1: 23.0, …}
    tables.below(rows, ["digit_fid"], "BCE", "clip 1", factor=0.75)       # {0: True, 1: True, …}, for a claim
    tables.summary(rows, ("digit_fid", "coverage"), step=4000)            # a table of medians and ranges, for display

`make results` writes them (gan_notebooks.results). Each row has its variant, seed and step, the command that makes it
anew and the seconds it took. Beside a table stand the fingerprints of its variants (gan_notebooks.fingerprints).
"""

import csv
import io
import os
import re
import statistics
from pathlib import Path

from IPython.display import Markdown

_CHECKOUT = Path(__file__).parents[1] / "notebooks" / "results"
FOLDER = (
    _CHECKOUT if _CHECKOUT.exists() else Path(__file__).parent / "assets" / "results"
)  # as installed


def read(name, folder=None):
    """The rows (list of dict) of a stored table. Numbers are numbers, and lists of numbers are lists."""
    path = Path(folder or FOLDER) / f"{name}.csv"
    if not path.exists():
        return []
    with open(path, encoding="utf8", newline="") as file:
        return [
            {key: _parse(text) for key, text in row.items() if text != ""}
            for row in csv.DictReader(file)
        ]


def write(path, rows):
    """Write rows (list of dict, not all of the same keys) as CSV: beside its place, then moved there in one step."""
    text = io.StringIO()
    columns = list(dict.fromkeys(key for row in rows for key in row))
    writer = csv.DictWriter(text, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows({key: _format(value) for key, value in row.items()} for row in rows)
    replace(path, text.getvalue())


def replace(path, text):
    """Write `text` to `path` so that at every moment the old or the new file is whole."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        temporary.write_text(text, encoding="utf8")
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def where(rows, **fixed):
    """The rows whose columns have the `fixed` values."""
    return [row for row in rows if all(row.get(key) == value for key, value in fixed.items())]


def by_seed(rows, column, **fixed):
    """{seed: value} of a column, over the rows that have it and the `fixed` values.

    Raises ValueError where a seed has several values: another column, such as the step, must be fixed too.
    """
    found = {}
    for row in where(rows, **fixed):
        if column in row and found.setdefault(row["seed"], row[column]) != row[column]:
            raise ValueError(
                f"seed {row['seed']} has several values of {column} among the rows with {fixed}: "
                "fix one more column, such as step"
            )
    return {row["seed"]: row[column] for row in where(rows, **fixed) if column in row}


def below(rows, columns, variant, other, *, factor=1.0, margin=0.0, **fixed):
    """{seed: bool}, for a claim: is `variant` below factor · `other` - margin, in each of the `columns`?

    Among the rows that have the `fixed` values.
    """
    pairs = [
        [by_seed(rows, column, variant=name, **fixed) for name in (variant, other)]
        for column in columns
    ]
    return {
        seed: all(small[seed] < factor * large[seed] - margin for small, large in pairs)
        for seed in pairs[0][0]
    }


def spread(values):
    """Numbers as text: median (lowest – highest)."""
    values = list(values)
    if not values:
        return "–"
    middle, low, high = (
        f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"
        for value in (statistics.median(values), min(values), max(values))
    )
    return f"{middle} ({low} – {high})"


def summary(rows, columns, **fixed):
    """A Markdown table for display: a line a variant, medians and ranges over the seeds of the `fixed` rows."""
    rows = where(rows, **fixed)
    variants = list(dict.fromkeys(row["variant"] for row in rows))
    lines = ["| variant | seeds | " + " | ".join(columns) + " |", "|---" * (len(columns) + 2) + "|"]
    for variant in variants:
        cells = [spread(by_seed(rows, column, variant=variant).values()) for column in columns]
        seeds = {row["seed"] for row in where(rows, variant=variant)}
        lines.append(f"| {variant} | {len(seeds)} | " + " | ".join(cells) + " |")
    return Markdown(
        "\n".join(lines) if variants else "No table is stored yet: `make results` makes it."
    )


def _format(value):
    if isinstance(value, list):
        return "[" + " ".join(str(_format(item)) for item in value) + "]"
    return repr(value) if isinstance(value, float) else value


def _parse(text):
    if re.fullmatch(r"\[[^,\]]*\]", text):  # not the scaling called "[-1, 1]"
        return [_parse(part) for part in text[1:-1].split()]
    if text in ("True", "False"):
        return text == "True"
    if not re.fullmatch(r"[-+]?[\d.]+(e[-+]?\d+)?|nan|[-+]?inf", text):
        return text
    return int(text) if re.fullmatch(r"[-+]?\d+", text) else float(text)
