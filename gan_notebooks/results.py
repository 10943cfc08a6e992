"""Make the stored tables anew where a lesson's training behaves differently: `make results`.

    python -m gan_notebooks.results                what is missing or stale, of every lesson
    python -m gan_notebooks.results --lesson 02 --jobs 2
    python -m gan_notebooks.results move 02_classic_gan 03     rows that lesson 03 now trains

Stopped, it goes on where it was. A lesson has a table where it calls `lesson.row`. Variants that it
does not train for the reader stand in its parameter TABLE, a text: names separated by semicolons,
or "all". Each variant has a fingerprint, stored beside the table (gan_notebooks.fingerprints). A
variant is stale where its fingerprint moved, where the default of a parameter that *it* reads is
another one, where the judges that measured it are others, or where a seed is missing; its rows
alone are made again, by a sweep over five seeds, or over fewer where its row says how many
(`seeds`). Rows may rest on others of the table, such as a learning rate that was chosen there; so
what a sweep has made is looked at once more.
"""

import argparse
import hashlib
import os
import shutil
import sys
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote

from gan_helpers import tables, threads
from gan_helpers.parameters import chosen
from gan_notebooks import fingerprints, grid, moving, sweep
from gan_notebooks.commands import add_choice_of_lessons, exit_code
from gan_notebooks.notebooks import lessons, outline, read_record
from gan_notebooks.staleness import (
    SEEDS,
    defaults_of,
    read_fingerprints,
    read_rows,
    seeds_of,
    stale,
    unknown,
    what_they_rest_on,
)

# Of names in a run's file name, beside the lesson's name and the seed.
LONGEST_LIST = grid.LONGEST_NAME - 60


class Comparison(NamedTuple):
    """A stored table beside what its lesson trains now."""

    name: str
    rows: list  # the stored rows
    stored: dict  # {variant: what is stored beside the table}
    current: dict  # {variant: its fingerprint now}
    defaults: dict  # {parameter: its default now}
    every_seed: dict  # {variant: the seeds that its rows must have}
    wanted: dict  # {variant: (the seeds to be made, why)}

    @property
    def seeds(self):
        """What is to be made: {variant: list of seeds}."""
        return {variant: seeds for variant, (seeds, _) in self.wanted.items()}

    @property
    def gone(self):
        """The variants (set) of the table that the lesson does not train any more."""
        return {row["variant"] for row in self.rows} - self.current.keys()

    @property
    def is_up_to_date(self):
        return not (self.wanted or self.gone or unknown(self.stored, self.defaults))


def compare(notebook):
    """The Comparison of a lesson's table with one run of the lesson at smoke size."""
    rows = read_rows(notebook.stem)
    stored = read_fingerprints(notebook.stem)
    record = fingerprints.run(notebook)
    current = fingerprints.of(record)
    defaults = defaults_of(notebook)
    every_seed = seeds_of(record)
    wanted = stale(rows, stored, current, defaults, every_seed)
    return Comparison(notebook.stem, rows, stored, current, defaults, every_seed, wanted)


def make(notebook, *, jobs, folder="build/results", again=True):
    """Bring the table of one lesson up to date. Returns True where it is.

    With `again`, what rests on the rows made here (a rate that they chose) is made after them.
    """
    table = compare(notebook)
    print(in_words(table), flush=True)
    if table.is_up_to_date:
        return True
    if not table.wanted:
        write(notebook, table, [])
        return True
    work = Path(folder) / f"{table.name}-{_state(table)}"
    fresh = make_rows(notebook, table.seeds, table.current, work, jobs=jobs)
    if fresh is None:
        return False
    write(notebook, table, fresh)
    shutil.rmtree(work)
    return not again or make(notebook, jobs=jobs, folder=folder, again=False)


def in_words(table):
    """What is to be made of a table and why, in a line (str)."""
    parts = []
    for variant, (seeds, why) in table.wanted.items():
        parts.append(f"{variant} (seeds {', '.join(map(str, seeds))}: {why})")
    made = "; ".join(parts) or "none"
    gone = f"; no longer there: {', '.join(sorted(table.gone))}" if table.gone else ""
    return f"{table.name}: {len(table.current)} variants; to be made: {made}{gone}"


def write(notebook, table, fresh):
    """Store a table and what its variants rest on.

    Its rows are the `fresh` ones and those of the old ones that still say what the lesson does.
    """
    # Before the table is written: this runs the lesson several times, and lessons read tables.
    stored = what_they_rest_on(notebook, table.current, table.stored, table.defaults, table.wanted)
    kept = [row for row in table.rows if _is_kept(row, table)]
    order = {variant: number for number, variant in enumerate(table.current)}
    rows = sorted(kept + fresh, key=lambda row: (order[row["variant"]], row["seed"], row["step"]))
    tables.write(tables.FOLDER / f"{table.name}.csv", rows)
    fingerprints.write(table.name, stored)
    print(f"{table.name}.csv: {len(kept)} rows kept, {len(fresh)} new", flush=True)


def _is_kept(row, table):
    """Is a stored row one that the table must have, and not made anew?"""
    every_seed = table.every_seed.get(row["variant"], ())
    seeds_made = table.seeds.get(row["variant"], ())
    return row["seed"] in every_seed and row["seed"] not in seeds_made


def _state(table):
    """A name for a state of the code: what an interrupted run left is used only where it fits."""
    numbers = [fingerprints.yardstick()]
    for variant in table.wanted:
        numbers += [table.current[variant][part] for part in fingerprints.PARTS]
    # Rounded: on another machine or with another number of threads the last digits differ.
    rounded = [[f"{number:.6g}" for number in part] for part in numbers]
    state = [table.defaults, table.seeds, rounded]
    return hashlib.sha256(repr(state).encode()).hexdigest()[:12]


def make_rows(notebook, seeds, current, work, *, jobs):
    """Train `seeds` ({variant: list of seeds}) by a sweep in the folder `work`.

    `current`: {variant: …} of all that the lesson has. Returns the rows, None where a run failed.
    """
    has_choice = "TABLE" in outline(notebook).parameters
    runs = {}
    for seed in SEEDS:
        names = [variant for variant in seeds if seed in seeds[variant]]
        if names:
            table = {"TABLE": table_parameters(names, current)} if has_choice else {}
            runs |= grid.plan([notebook], {"SEED": [seed]} | table)
    statuses = sweep.sweep(runs, work, jobs=jobs)
    if any(status.get("status") != "done" for status in statuses.values()):
        return None
    fresh = []
    for name, (_, parameters) in runs.items():
        seed = parameters["SEED"]
        trained = chosen(parameters.get("TABLE", "all"), current)
        command = _command(notebook, parameters, jobs)
        for row in rows_of(read_record(work / f"{name}.ipynb"), seed):
            if row["variant"] in trained and seed in seeds.get(row["variant"], ()):
                fresh.append(row | {"command": command})
    return fresh


def _command(notebook, parameters, jobs):
    """The command line that makes a row anew."""
    settings = [f'--set "{name}={value}"' for name, value in parameters.items()]
    lesson = notebook.stem[:2]
    return " ".join([f"gan-notebooks sweep --lesson {lesson}", *settings, f"--jobs {jobs}"])


def table_parameters(names, every):
    """TABLE for each of the runs that train `names`: "all" for `every`, else even lists.

    A list stands in the run's file name, so it must not be too long. What is trained besides is not
    kept.
    """
    if len(names) == len(every):
        return ["all"]
    for runs in range(1, len(names) + 1):
        length = -(-len(names) // runs)
        texts = [";".join(names[start : start + length]) for start in range(0, len(names), length)]
        if all(len(quote(text, safe="")) <= LONGEST_LIST for text in texts):
            break
    return texts


def rows_of(record, seed):
    """The table's rows (list of dict) from an executed lesson's record.

    `seconds` is the training time of the whole run, also in rows about a moment before its end.
    """
    rows = []
    for row, times in zip(record["values"]["rows"], record["timings"]["row_times"], strict=True):
        scores = {name: value for name, value in row.items() if name != "fingerprint"}
        rows.append({"variant": row["variant"], "seed": seed, **scores, **times})
    return rows


def make_tables(options):
    """`python -m gan_notebooks.results`. Returns True where every table is up to date."""
    notebooks = lessons(options.lesson, options.notebooks)
    return all([make(notebook, jobs=options.jobs) for notebook in notebooks])


def move_rows(options):
    """`python -m gan_notebooks.results move`. Returns True where a variant moved."""
    return moving.print_moves(options.old, options.new, options.notebooks)


def _parser():
    parser = argparse.ArgumentParser(
        prog="python -m gan_notebooks.results",
        description="Make the stored tables anew where they are stale: this command writes into "
        "notebooks/results/, among the sources.",
    )
    add_choice_of_lessons(parser)
    parser.add_argument(
        "--jobs", type=int, default=1, help="runs at a time; they share the CPU's cores"
    )
    parser.set_defaults(do=make_tables)
    commands = parser.add_subparsers(dest="command")
    move_parser = commands.add_parser(
        "move", help="move rows to the lesson that trains their variants now"
    )
    move_parser.add_argument("old", help="name of the table they are in, such as 02_classic_gan")
    move_parser.add_argument("new", help="start of the file name of the lesson, such as 03")
    move_parser.set_defaults(do=move_rows)
    return parser


def main(arguments=None):
    """The command line; ends the process. Codes as of `gan-notebooks`."""
    parser = _parser()
    options = parser.parse_args(arguments)
    # With another number of threads sums are rounded in another order: rows that others repeat.
    os.environ[threads.VARIABLE] = "1"
    stopped = "Stopped. Start the same command again, and it does what is missing."
    sys.exit(exit_code(parser, options, stopped=stopped))


if __name__ == "__main__":
    main()
