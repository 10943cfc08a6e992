"""Make the stored tables anew where a lesson's training behaves differently: `make results`.

    python -m gan_notebooks.results                what is missing or stale, of every lesson
    python -m gan_notebooks.results --lesson 02 --jobs 2
    python -m gan_notebooks.results move 02_classic_gan 03     rows that lesson 03 now trains

Stopped, it goes on where it was. A lesson has a table where it calls `lesson.row`. Variants that it
does not train for the reader stand in its parameter TABLE, a text: names separated by semicolons,
or "all". Each variant has a fingerprint, stored beside the table (gan_notebooks.fingerprints). A
variant is stale where its fingerprint moved, where the default of a parameter that *it* reads is
another one, where the judges that measured it are others, or where a seed is missing; its rows alone
are made again, by a sweep over five seeds, or over fewer where its row says how many (`seeds`). Rows
may rest on others of the table, such as a learning rate that was chosen there; so what a sweep has
made is looked at once more.
"""

import argparse
import hashlib
import os
import shutil
import signal
import sys
from pathlib import Path
from urllib.parse import quote

from gan_helpers import tables, threads
from gan_helpers.parameters import ParameterError, chosen
from gan_notebooks import fingerprints, moving, sweep
from gan_notebooks.notebooks import SweepError, lessons, parameter_specs, read_record
from gan_notebooks.staleness import SEEDS, defaults_of, seeds_of, stale, unknown, what_they_rest_on

# Of names in a run's file name, beside the lesson's name and the seed.
LONGEST_LIST = sweep.LONGEST_NAME - 60


def make(notebook, *, jobs, folder="build/results", again=True):
    """Bring the table of one lesson up to date. Returns True where it is.

    With `again`, what rests on the rows made here (a rate that they chose) is made after them.
    """
    name = notebook.stem
    rows, stored = tables.read(name), fingerprints.read(name)
    record, defaults = fingerprints.run(notebook), defaults_of(notebook)
    current, every_seed = fingerprints.of(record), seeds_of(record)
    wanted = stale(rows, stored, current, defaults, every_seed)
    gone = {row["variant"] for row in rows} - current.keys()
    made = "; ".join(
        f"{variant} (seeds {', '.join(map(str, seeds))}: {why})"
        for variant, (seeds, why) in wanted.items()
    )
    missing = f"; no longer there: {', '.join(sorted(gone))}" if gone else ""
    print(f"{name}: {len(current)} variants; to be made: {made or 'none'}{missing}", flush=True)
    seeds = {variant: seeds for variant, (seeds, _) in wanted.items()}
    fresh = []
    if wanted:
        work = Path(folder) / f"{name}-{_state(current, defaults, seeds)}"
        fresh = make_rows(notebook, seeds, current, work, jobs=jobs)
        if fresh is None:
            return False
    if wanted or gone or unknown(stored, defaults):
        # Before the table is written: this runs the lesson several times, and lessons read tables.
        stored = what_they_rest_on(notebook, current, stored, defaults, wanted)
        kept = [
            row
            for row in rows
            if row["seed"] in every_seed.get(row["variant"], ())
            and row["seed"] not in seeds.get(row["variant"], ())
        ]
        order = {variant: number for number, variant in enumerate(current)}
        kept_and_fresh = sorted(
            kept + fresh, key=lambda row: (order[row["variant"]], row["seed"], row["step"])
        )
        tables.write(tables.FOLDER / f"{name}.csv", kept_and_fresh)
        fingerprints.write(name, stored)
        print(f"{name}.csv: {len(kept)} rows kept, {len(fresh)} new", flush=True)
    if wanted:
        shutil.rmtree(work)
        return not again or make(notebook, jobs=jobs, folder=folder, again=False)
    return True


def _state(current, defaults, seeds):
    """A name for a state of the code: what an interrupted run left is used only where it fits."""
    numbers = [fingerprints.yardstick()]
    for variant in seeds:
        numbers += [current[variant][part] for part in fingerprints.PARTS]
    # Rounded: on another machine or with another number of threads the last digits differ.
    rounded = [[f"{number:.6g}" for number in part] for part in numbers]
    return hashlib.sha256(repr([defaults, seeds, rounded]).encode()).hexdigest()[:12]


def make_rows(notebook, seeds, current, work, *, jobs):
    """Train `seeds` ({variant: list of seeds}) by a sweep in the folder `work`.

    `current`: {variant: …} of all that the lesson has. Returns the rows, None where a run failed.
    """
    has_choice, runs = "TABLE" in parameter_specs(notebook), {}
    for seed in SEEDS:
        names = [variant for variant in seeds if seed in seeds[variant]]
        if names:
            table = {"TABLE": table_parameters(names, current)} if has_choice else {}
            runs |= sweep.plan([notebook], {"SEED": [seed]} | table)
    statuses = sweep.sweep(runs, work, jobs=jobs)
    if any(status.get("status") != "done" for status in statuses.values()):
        return None
    fresh = []
    for name, (_, parameters) in runs.items():
        seed, trained = parameters["SEED"], chosen(parameters.get("TABLE", "all"), current)
        command = " ".join(
            [
                f"gan-notebooks sweep --lesson {notebook.stem[:2]}",
                *(f'--set "{key}={value}"' for key, value in parameters.items()),
                f"--jobs {jobs}",
            ]
        )
        fresh += [
            row | {"command": command}
            for row in rows_of(read_record(work / f"{name}.ipynb"), seed)
            if row["variant"] in trained and seed in seeds.get(row["variant"], ())
        ]
    return fresh


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


def main(arguments=None):
    parser = argparse.ArgumentParser(
        prog="python -m gan_notebooks.results",
        description="Make the stored tables anew where they are stale.",
    )
    parser.add_argument(
        "--lesson", default="", help="start of the file name, such as 02; default: every lesson"
    )
    parser.add_argument(
        "--jobs", type=int, default=1, help="runs at a time; they share the CPU's cores"
    )
    commands = parser.add_subparsers(dest="command")
    move_parser = commands.add_parser(
        "move", help="move rows to the lesson that trains their variants now"
    )
    move_parser.add_argument("old", help="name of the table they are in, such as 02_classic_gan")
    move_parser.add_argument("new", help="start of the file name of the lesson, such as 03")
    options = parser.parse_args(arguments)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    # With another number of threads sums are rounded in another order: rows that others repeat.
    os.environ[threads.VARIABLE] = "1"
    try:
        if options.command == "move":
            well = moving.print_moves(options.old, options.new)
        else:
            well = all([make(notebook, jobs=options.jobs) for notebook in lessons(options.lesson)])
    except (ParameterError, SweepError) as error:
        parser.error(str(error))
    except KeyboardInterrupt:
        sys.exit("Stopped. Start the same command again, and it does what is missing.")
    sys.exit(0 if well else 1)


if __name__ == "__main__":
    main()
