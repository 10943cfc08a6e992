"""Make the stored tables anew where a lesson's training behaves differently: `make results`.

    python -m gan_helpers.results                    what is missing or stale, of every lesson; goes on where it stopped
    python -m gan_helpers.results --lesson 02 --jobs 2

A lesson has a table where it calls `lesson.row`. Variants that it does not train for the reader stand in its parameter
TABLE, a text: names separated by semicolons, or "all". At smoke size all are trained for a few steps, whose losses are
each variant's fingerprint. A variant is stale where its fingerprint moved, or where a seed is missing; its rows alone
are made again, by a sweep over five seeds.
"""

import argparse
import hashlib
import shutil
import signal
import sys
import tempfile
from pathlib import Path

from gan_helpers import sweeps, tables
from gan_helpers.execution import execute, lessons, parameter_specs, read_record, size_parameters

SEEDS = (0, 1, 2, 3, 4)
TOLERANCE = 1e-3  # of a loss in the first steps; another machine or torch rounds, and differs by far less


def fingerprints(notebook):
    """The first losses of every variant at seed 0, from a run at smoke size: {variant: list of float}."""
    with tempfile.TemporaryDirectory() as folder:
        record = execute(notebook, Path(folder) / notebook.name, size_parameters(notebook, "smoke"), quiet=True)
    if record["error"]:
        raise SystemExit(f"{notebook.stem} at smoke size stopped in {record['error']}")
    return fingerprints_of(record)


def fingerprints_of(record):
    """{variant: list of float} of what an executed lesson recorded."""
    return {row["variant"]: row["fingerprint"] for row in record["values"]["rows"]}


def stale(rows, current):
    """The variants (list) of `current` fingerprints whose stored rows are missing, incomplete, or of other losses."""
    found = []
    for variant, losses in current.items():
        seeds = {row["seed"] for row in tables.where(rows, variant=variant)}
        stored = tables.by_seed(rows, "fingerprint", variant=variant).get(0, [])
        moved = len(stored) != len(losses) or any(
            abs(a - b) > TOLERANCE for a, b in zip(stored, losses, strict=True))
        if moved or not seeds >= set(SEEDS):
            found.append(variant)
    return found


def make(notebook, *, jobs, folder="build/results"):
    """Bring the table of one lesson up to date. Returns True where it is."""
    path = tables.FOLDER / f"{notebook.stem}.csv"
    rows, current = tables.read(notebook.stem), fingerprints(notebook)
    wanted = stale(rows, current)
    gone = {row["variant"] for row in rows} - current.keys()
    print(f"{notebook.stem}: {len(current)} variants; to be made: {', '.join(wanted) or 'none'}"
          + (f"; no longer there: {', '.join(sorted(gone))}" if gone else ""), flush=True)
    fresh = []
    if wanted:
        # A folder for each state of the code: what an interrupted run left is used only where it still fits.
        state = hashlib.sha256(repr([(name, current[name]) for name in wanted]).encode()).hexdigest()[:12]
        work = Path(folder) / f"{notebook.stem}-{state}"
        table = {"TABLE": [";".join(wanted)]} if "TABLE" in parameter_specs(notebook) else {}
        runs = sweeps.plan([notebook], {"SEED": list(SEEDS)} | table)
        statuses = sweeps.sweep(runs, work, jobs=jobs)
        if any(status.get("status") != "done" for status in statuses.values()):
            return False
        for name, (_, parameters) in runs.items():
            command = " ".join([f"python -m gan_helpers.batch sweep --lesson {notebook.stem[:2]}",
                                *(f'--set "{key}={value}"' for key, value in parameters.items())])
            fresh += rows_of(read_record(work / f"{name}.ipynb"), parameters["SEED"], wanted, command)
    if wanted or gone:
        kept = [row for row in rows if row["variant"] in current and row["variant"] not in wanted]
        order = {variant: number for number, variant in enumerate(current)}
        tables.write(path, sorted(kept + fresh, key=lambda row: (order[row["variant"]], row["seed"], row["step"])))
        print(f"{path}: {len(kept)} rows kept, {len(fresh)} new", flush=True)
    if wanted:
        shutil.rmtree(work)
    return True


def rows_of(record, seed, variants, command):
    """The table's rows (list of dict) of some `variants` from an executed lesson's record."""
    rows = zip(record["values"]["rows"], record["timings"]["row_seconds"], strict=True)
    return [{"variant": row["variant"], "seed": seed, **row, "seconds": round(seconds, 1), "command": command}
            for row, seconds in rows if row["variant"] in variants]


def main(arguments=None):
    parser = argparse.ArgumentParser(prog="python -m gan_helpers.results",
                                     description="Make the stored tables anew where they are stale.")
    parser.add_argument("--lesson", default="", help="start of the file name, such as 02; default: every lesson")
    parser.add_argument("--jobs", type=int, default=1, help="runs at a time; they share the CPU's cores")
    options = parser.parse_args(arguments)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    sys.exit(0 if all([make(notebook, jobs=options.jobs) for notebook in lessons(options.lesson)]) else 1)


if __name__ == "__main__":
    main()
