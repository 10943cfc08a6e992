"""Make the stored tables anew where a lesson's training behaves differently: `make results`.

    python -m gan_helpers.results                what is missing or stale, of every lesson
    python -m gan_helpers.results --lesson 02 --jobs 2
    python -m gan_helpers.results move 02_classic_gan 03     rows that lesson 03 now trains

Stopped, it goes on where it was. A lesson has a table where it calls `lesson.row`. Variants that it
does not train for the reader stand in its parameter TABLE, a text: names separated by semicolons,
or "all". Each variant has a fingerprint, stored beside the table (gan_helpers.fingerprints). A variant
is stale where its fingerprint moved, where the default of a parameter that *it* reads is another
one, where the judges that measured it are others, or where a seed is missing; its rows alone are
made again, by a sweep over five seeds, or over fewer where its row says how many (`seeds`). Rows
may rest on others of the table, such as a learning rate that was chosen there; so what a sweep has made
is looked at once more.
"""

import argparse
import hashlib
import re
import shutil
import signal
import sys
from pathlib import Path
from urllib.parse import quote

from gan_helpers import fingerprints, sweeps, tables
from gan_helpers.execution import (
    SweepError,
    default_parameters,
    lessons,
    parameter_specs,
    read_record,
)
from gan_helpers.fingerprints import JUDGES
from gan_helpers.lesson import ParameterError, chosen

SEEDS = (0, 1, 2, 3, 4)
LONGEST_LIST = (
    sweeps.LONGEST_NAME - 60
)  # of names in a run's file name, beside the lesson's name and the seed
NO_SETTINGS = ("SEED", "TABLE")  # parameters that say which rows are made, and not how


def seeds_of(record):
    """{variant: the seeds of its rows}: all five, or as many as its row's `seeds` says."""
    return {
        row["variant"]: SEEDS[: row.get("seeds", len(SEEDS))] for row in record["values"]["rows"]
    }


def defaults_of(notebook):
    """The default parameters on which rows can rest: {name: value as text}."""
    return {
        name: str(value)
        for name, value in default_parameters(notebook).items()
        if name not in NO_SETTINGS
    }


def why_stale(stored, current, defaults):
    """What has changed for a variant since its rows were made (str); "" where nothing has.

    `stored`: its row of `fingerprints.read`, or None; `current`: its fingerprint now; `defaults`:
    as `defaults_of` returns them.
    """
    if stored is None:
        return "no fingerprint is stored"
    if parts := fingerprints.moved(stored, current):
        return f"its {' and '.join(parts)} moved"
    for name, value in _settings(stored).items():
        if defaults.get(name) != value:
            return f"{name} was {value} and is {defaults.get(name, 'gone')}"
    if "yardstick" in stored and not fingerprints.close(
        stored["yardstick"], fingerprints.yardstick()
    ):
        return "a judge or a measure moved"
    return ""


def _settings(stored):
    """What a variant reads, as it was when its rows were made: {name: value as text}."""
    return dict(setting.split("=", 1) for setting in stored.get("settings", "").split())


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
    known = [_settings(row).keys() | set(row.get("ignores", "").split()) for row in stored.values()]
    return [name for name in defaults if any(name not in names for names in known)]


def record_of(notebook, current, stored, defaults, wanted):
    """What is to be stored beside the table: `stored`, and the variants `wanted` anew.

    Finds out which parameters the variants read: all where some are wanted, else the new ones.
    """
    read_by = fingerprints.reads(
        notebook, current, [*defaults, JUDGES] if wanted else unknown(stored, defaults)
    )
    fresh = {}
    for variant, fingerprint in current.items():
        row = {"variant": variant} if variant in wanted else dict(stored[variant])
        settings, ignored = _settings(row), row.get("ignores", "").split()
        for name, value in defaults.items():
            if name not in settings and name not in ignored:
                if name in read_by[variant]:
                    settings[name] = value
                else:
                    ignored.append(name)
        row["settings"] = " ".join(f"{name}={value}" for name, value in settings.items())
        row["ignores"] = " ".join(ignored)
        if variant in wanted:
            row |= fingerprint
            if JUDGES in read_by[variant]:
                row["yardstick"] = fingerprints.yardstick()
        fresh[variant] = row
    return fresh


def make(notebook, *, jobs, folder="build/results", again=True):
    """Bring the table of one lesson up to date. Returns True where it is.

    With `again`, what rests on the rows made here (a rate that they chose) is made after them.
    """
    name = notebook.stem
    rows, stored = tables.read(name), fingerprints.read(name)
    record, defaults = fingerprints.run(notebook), defaults_of(notebook)
    current = fingerprints.of(record)
    wanted = stale(rows, stored, current, defaults, seeds_of(record))
    gone = {row["variant"] for row in rows} - current.keys()
    made = "; ".join(
        f"{variant} (seeds {', '.join(map(str, seeds))}: {why})"
        for variant, (seeds, why) in wanted.items()
    )
    print(
        f"{name}: {len(current)} variants; to be made: {made or 'none'}"
        + (f"; no longer there: {', '.join(sorted(gone))}" if gone else ""),
        flush=True,
    )
    seeds = {variant: seeds for variant, (seeds, _) in wanted.items()}
    work = Path(folder) / f"{name}-{_state(current, defaults, seeds)}"
    fresh = make_rows(notebook, seeds, current, work, jobs=jobs) if wanted else []
    if fresh is None:
        return False
    if wanted or gone:
        kept = [
            row
            for row in rows
            if row["variant"] in current and row["seed"] not in seeds.get(row["variant"], ())
        ]
        order = {variant: number for number, variant in enumerate(current)}
        tables.write(
            tables.FOLDER / f"{name}.csv",
            sorted(kept + fresh, key=lambda row: (order[row["variant"]], row["seed"], row["step"])),
        )
        print(f"{name}.csv: {len(kept)} rows kept, {len(fresh)} new", flush=True)
    if wanted or gone or unknown(stored, defaults):
        fingerprints.write(name, record_of(notebook, current, stored, defaults, wanted))
    if wanted:
        shutil.rmtree(work)
        return not again or make(notebook, jobs=jobs, folder=folder, again=False)
    return True


def _state(current, defaults, seeds):
    """A name for a state of the code: what an interrupted run left is used only where it fits."""
    state = [
        defaults,
        fingerprints.yardstick(),
        *((variant, current[variant]) for variant in seeds),
    ]
    return hashlib.sha256(repr(state).encode()).hexdigest()[:12]


def make_rows(notebook, seeds, current, work, *, jobs):
    """Train `seeds` ({variant: list of seeds}) by a sweep in the folder `work`.

    `current`: {variant: …} of all that the lesson has. Returns the rows, None where a run failed.
    """
    has_choice, runs = "TABLE" in parameter_specs(notebook), {}
    for seed in SEEDS:
        names = [variant for variant in seeds if seed in seeds[variant]]
        if names:
            table = {"TABLE": table_parameters(names, current)} if has_choice else {}
            runs |= sweeps.plan([notebook], {"SEED": [seed]} | table)
    statuses = sweeps.sweep(runs, work, jobs=jobs)
    if any(status.get("status") != "done" for status in statuses.values()):
        return None
    fresh = []
    for name, (_, parameters) in runs.items():
        seed, trained = parameters["SEED"], chosen(parameters.get("TABLE", "all"), current)
        command = " ".join(
            [
                f"python -m gan_helpers.batch sweep --lesson {notebook.stem[:2]}",
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


def move(old, new):
    """Move rows and fingerprints of the table `old` (a name) to that of the lesson `new` (a Path).

    Those variants move that `new` trains as they were trained: same fingerprint, same defaults of
    what they read, same judges. Lesson and command are renamed in their rows. Returns
    {variant: "" or why it stays}.
    """
    stored, rows = fingerprints.read(old), tables.read(old)
    if not stored:
        raise SweepError(
            f"{tables.FOLDER} has no table {old} with fingerprints: name one, without .csv"
        )
    there, rows_there = fingerprints.read(new.stem), tables.read(new.stem)
    current, defaults = fingerprints.of(fingerprints.run(new)), defaults_of(new)
    answers = {}
    for variant, fingerprint in stored.items():
        if variant not in current:
            answers[variant] = f"{new.stem} does not train it"
        elif tables.where(rows_there, variant=variant) not in ([], _renamed(rows, variant, new)):
            answers[variant] = f"{new.stem} has rows of its own"
        else:
            answers[variant] = why_stale(fingerprint, current[variant], defaults)
    moving = [variant for variant, why in answers.items() if not why]
    if moving:
        # First there, then away from here: where it is interrupted, the next call does the rest.
        kept = [row for row in rows_there if row["variant"] not in moving]
        tables.write(
            tables.FOLDER / f"{new.stem}.csv",
            kept + [row for variant in moving for row in _renamed(rows, variant, new)],
        )
        fingerprints.write(new.stem, there | {variant: stored[variant] for variant in moving})
        tables.write(
            tables.FOLDER / f"{old}.csv", [row for row in rows if row["variant"] not in moving]
        )
        fingerprints.write(
            old, {variant: row for variant, row in stored.items() if variant not in moving}
        )
    return answers


def _renamed(rows, variant, new):
    """The rows of a variant with the command that makes them in the lesson `new` (a notebook)."""
    return [
        row | {"command": re.sub(r"--lesson \S+", f"--lesson {new.stem[:2]}", row["command"])}
        for row in tables.where(rows, variant=variant)
    ]


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
        prog="python -m gan_helpers.results",
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
    try:
        if options.command == "move":
            well = print_moves(options.old, options.new)
        else:
            well = all([make(notebook, jobs=options.jobs) for notebook in lessons(options.lesson)])
    except (ParameterError, SweepError) as error:
        parser.error(str(error))
    except KeyboardInterrupt:
        sys.exit("Stopped. Start the same command again, and it does what is missing.")
    sys.exit(0 if well else 1)


def print_moves(old, new):
    """`move`, to the one lesson whose name starts with `new`. Returns True where one moved."""
    notebooks = lessons(new)
    if len(notebooks) > 1:
        raise SweepError(
            f"{new} is the start of {len(notebooks)} names: give more of it"
        )
    answers = move(old, notebooks[0])
    for variant, why in answers.items():
        print(f"{variant}: {f'stays in {old}: {why}' if why else f'moved to {notebooks[0].stem}'}")
    return not all(answers.values())


if __name__ == "__main__":
    main()
