"""The stored tables that measured claims rest on: `notebooks/results/<lesson>.csv`.

    rows = tables.read("02_classic_gan")              # list of dict; [] where there is none yet
    tables.summary(rows, ["digit_fid"], step=4000)    # a table of medians and ranges, for display
    tables.summary(rows, ["digit_fid"], lowest_first="digit_fid")  # sorted by these medians
    tables.by_seed(rows, "digit_fid", variant="algorithm 1", step=4000)  # {0: 21.5, 1: 23.0, …}
    tables.side_by_side(rows, ["BCE", "clip 1"])      # {0: [a row of BCE, one of clip 1], …}
    tables.below(rows, ["digit_fid"], "BCE", "clip 1", factor=0.75)  # {0: True, 1: True, …}

`make results` writes them (gan_notebooks.results), a row a measurement. Each row has its variant,
seed and step, the command that makes it anew and the seconds it took. Beside a table stand the
fingerprints of its variants (gan_notebooks.fingerprints). `lesson.measured` makes claims on them.
"""

import csv
import html
import io
import os
import re
import secrets
import statistics
from pathlib import Path

from IPython.display import Markdown

_CHECKOUT = Path(__file__).parents[1] / "notebooks" / "results"
_INSTALLED = Path(__file__).parent / "assets" / "results"
FOLDER = _CHECKOUT if _CHECKOUT.exists() else _INSTALLED


def read(name, folder=None):
    """The rows (list of dict) of a stored table, with numbers and lists of numbers as such."""
    path = Path(folder or FOLDER) / f"{name}.csv"
    if not path.exists():
        return []
    rows = []
    with open(path, encoding="utf8", newline="") as file:
        for texts in csv.DictReader(file):
            rows.append({column: _parse(text) for column, text in texts.items() if text != ""})
    return rows


def write(path, rows):
    """Write rows (list of dict, not all of the same keys) as CSV, by `replace`."""
    columns = {}  # a dict, since it keeps the order in which they come
    for row in rows:
        columns |= dict.fromkeys(row)
    text = io.StringIO()
    writer = csv.DictWriter(text, list(columns), lineterminator="\n")
    writer.writeheader()
    for row in rows:
        writer.writerow({column: _format(value) for column, value in row.items()})
    replace(path, text.getvalue())


def replace(path, text):
    """Write `text` to `path` so that at every moment the old or the new file is whole."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f"{path.name}.{secrets.token_hex(4)}.part")
    temporary.touch(exist_ok=False)  # and no file of that name that is there
    try:
        temporary.write_text(text, encoding="utf8")
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def remove_temporaries(folder, names):
    """Remove what processes left that were killed within `replace`: halves of files in `folder`.

    Of those called one of `names` (a set) alone.
    """
    for path in Path(folder).glob("*.part"):
        name = re.sub(r"\.[0-9a-f]{8}\.part$", "", path.name)
        if name != path.name and name in names:
            path.unlink(missing_ok=True)


def where(rows, **fixed):
    """The rows whose columns have the `fixed` values."""
    return [row for row in rows if all(row.get(key) == value for key, value in fixed.items())]


def by_seed(rows, column, **fixed):
    """{seed: value} of a column, over the rows that have it and the `fixed` values.

    Raises ValueError where a seed has several values: another column, such as the step, must be
    fixed too.
    """
    values = {}
    for row in where(rows, **fixed):
        if column not in row:
            continue
        seed = row["seed"]
        if seed in values and values[seed] != row[column]:
            raise ValueError(
                f"seed {seed} has several values of {column} among the rows with {fixed}: "
                "fix one more column, such as step"
            )
        values[seed] = row[column]
    return values


def side_by_side(rows, variants, **fixed):
    """{seed: [a row of each of the `variants`, in this order]}, among rows with the `fixed` values.

    A seed that one of the variants has no row of is left out. Raises ValueError where a variant has
    several rows of a seed: another column, such as the step, must be fixed too.
    """
    rows_of = []
    for variant in variants:
        rows_by_seed = {}
        for row in where(rows, variant=variant, **fixed):
            if row["seed"] in rows_by_seed:
                raise ValueError(
                    f"{variant} has several rows of seed {row['seed']} among those with {fixed}: "
                    "fix one more column, such as step"
                )
            rows_by_seed[row["seed"]] = row
        rows_of.append(rows_by_seed)
    compared = {}
    for seed in rows_of[0]:
        if all(seed in rows_by_seed for rows_by_seed in rows_of):
            compared[seed] = [rows_by_seed[seed] for rows_by_seed in rows_of]
    return compared


def below(rows, columns, variant, other, *, factor=1.0, margin=0.0, **fixed):
    """{seed: bool}, for a claim: is `variant` below factor · `other` - margin in each column?

    Among the rows that have the `fixed` values.
    """
    pairs = []
    for column in columns:
        lower = by_seed(rows, column, variant=variant, **fixed)
        upper = by_seed(rows, column, variant=other, **fixed)
        pairs.append((lower, upper))
    seeds = pairs[0][0]
    return {
        seed: all(lower[seed] < factor * upper[seed] - margin for lower, upper in pairs)
        for seed in seeds
    }


def spread(values):
    """Numbers as text: median (lowest – highest)."""
    values = list(values)
    if not values:
        return "–"
    middle = _short(statistics.median(values))
    return f"{middle} ({_short(min(values))} – {_short(max(values))})"


def _short(value):
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"


def summary(rows, columns, *, lowest_first=None, highest_first=None, **fixed):
    """A Markdown table for display: a line a variant, medians and ranges over its seeds.

    Of the rows that have the `fixed` values. The lines come as the variants do in `rows`, or in the
    order of their medians of one column: `lowest_first` or `highest_first` names it, and variants
    without it are left out.
    """
    rows = where(rows, **fixed)
    if not rows:
        return Markdown("No table is stored yet: `make results` makes it.")
    variants = list(dict.fromkeys(row["variant"] for row in rows))
    column = lowest_first or highest_first
    if column:
        medians = {}
        for variant in variants:
            values = by_seed(rows, column, variant=variant).values()
            if values:
                medians[variant] = statistics.median(values)
        variants = sorted(medians, key=medians.get, reverse=bool(highest_first))
    lines = [
        "| variant | seeds | " + " | ".join(map(_cell, columns)) + " |",
        "|---" * (2 + len(columns)) + "|",
    ]
    for variant in variants:
        seeds = {row["seed"] for row in where(rows, variant=variant)}
        cells = [spread(by_seed(rows, column, variant=variant).values()) for column in columns]
        lines.append(f"| {_cell(variant)} | {len(seeds)} | " + " | ".join(cells) + " |")
    return Markdown("\n".join(lines))


def _cell(name):
    """A name as a cell of a Markdown table: nothing in it is HTML, or ends the cell."""
    return html.escape(str(name), quote=False).replace("|", "\\|")


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
