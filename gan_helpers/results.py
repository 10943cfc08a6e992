"""Make the stored tables anew where a lesson's training behaves differently: `make results`.

    python -m gan_helpers.results                    what is missing or stale, of every lesson; goes on where it stopped
    python -m gan_helpers.results --lesson 02 --jobs 2

A lesson has a table where it calls `lesson.row`. Variants that it does not train for the reader stand in its parameter
TABLE, a text: names separated by semicolons, or "all". At smoke size all are trained for a few steps, whose losses are
each variant's fingerprint. A variant is stale where its fingerprint moved or a seed is missing; its rows alone are made
again, by a sweep over five seeds, or over fewer where its row says how many (`seeds`). Besides, each row notes what all
variants rest on: the lesson's default parameters, and the yardstick, which is what the judges say of some noisy digits.
Where one of these moved, all rows are stale. Rows may rest on others of the table, such as a learning rate that was
chosen there; so what a sweep has made is looked at once more.
"""

import argparse
import functools
import hashlib
import shutil
import signal
import sys
import tempfile
import warnings
from pathlib import Path
from urllib.parse import quote

import torch

from gan_helpers import data, judges, metrics, sweeps, tables
from gan_helpers.execution import (
    default_parameters,
    execute,
    lessons,
    parameter_specs,
    read_record,
    size_parameters,
)
from gan_helpers.lesson import ParameterError, chosen

SEEDS = (0, 1, 2, 3, 4)
LONGEST_LIST = sweeps.LONGEST_NAME - 60  # of names in a run's file name, beside the lesson's name and the seed
TOLERANCE = 1e-3  # of a loss in the first steps: another machine or torch rounds, and differs by far less


def smoke_record(notebook):
    """What a run at smoke size, at seed 0, records: every variant with its first losses."""
    with tempfile.TemporaryDirectory() as folder:
        record = execute(notebook, Path(folder) / notebook.name, size_parameters(notebook, "smoke"), quiet=True)
    if record["error"]:
        raise SystemExit(f"{notebook.stem} at smoke size stopped in {record['error']}")
    return record


def ground(notebook):
    """What every row of a lesson rests on: {"settings": its defaults as text, "yardstick": list of float}."""
    defaults = default_parameters(notebook)
    settings = " ".join(f"{key}={value}" for key, value in defaults.items() if key not in ("SEED", "TABLE"))
    return {"settings": settings, "yardstick": yardstick()}


@functools.cache
def yardstick():
    """What the judges say of 2,000 digits, half of them noisy: it moves when a judge or a measure does."""
    images, _ = data.mnist("train")
    digits, _ = judges.add_noise(data.to_tanh_range(images[:2000]).unsqueeze(1), torch.Generator().manual_seed(0))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", metrics.ScoreWarning)
        scores = [metrics.score(digits, judge=judge) for judge in judges.JUDGES]
    names = ("digit_fid", "floor", "precision", "recall", "density", "coverage", "class_kl", "spread")
    return [score[name] for score in scores for name in names]


def fingerprints_of(record):
    """{variant: list of float} of what an executed lesson recorded."""
    return {row["variant"]: row["fingerprint"] for row in record["values"]["rows"]}


def seeds_of(record):
    """{variant: the seeds that its rows are to have}: all five, or as many as the row's own `seeds` says."""
    return {row["variant"]: SEEDS[:row.get("seeds", len(SEEDS))] for row in record["values"]["rows"]}


def stale(rows, current, base, seeds=None):
    """The variants whose stored rows are missing, of other losses or on other ground: {variant: list of seeds}.

    `current`: fingerprints (dict of variant to list of float); `base`: what `ground` returns; `seeds`: what `seeds_of`
    returns, left out: five for each.
    """
    found = {}
    for variant, losses in current.items():
        own = tables.where(rows, variant=variant)
        stored = tables.by_seed(rows, "fingerprint", variant=variant).get(0)
        same = all(row.get("settings") == base["settings"] and _close(row.get("yardstick"), base["yardstick"])
                   for row in own) and (stored is None or _close(stored, losses))
        there = {row["seed"] for row in own} if same else set()
        if missing := [seed for seed in (seeds or {}).get(variant, SEEDS) if seed not in there]:
            found[variant] = missing
    return found


def _close(a, b):
    return a is not None and len(a) == len(b) and all(abs(x - y) <= TOLERANCE * max(1, abs(y))
                                                      for x, y in zip(a, b, strict=True))


def make(notebook, *, jobs, folder="build/results", again=True):
    """Bring the table of one lesson up to date. Returns True where it is.

    With `again`, what rests on the rows made here (a rate that they chose) is made after them.
    """
    path = tables.FOLDER / f"{notebook.stem}.csv"
    rows, record, base = tables.read(notebook.stem), smoke_record(notebook), ground(notebook)
    current = fingerprints_of(record)
    wanted, has_choice = stale(rows, current, base, seeds_of(record)), "TABLE" in parameter_specs(notebook)
    gone = {row["variant"] for row in rows} - current.keys()
    made = "; ".join(f"{variant} (seeds {', '.join(map(str, seeds))})" for variant, seeds in wanted.items())
    print(f"{notebook.stem}: {len(current)} variants; to be made: {made or 'none'}"
          + (f"; no longer there: {', '.join(sorted(gone))}" if gone else ""), flush=True)
    fresh = []
    if wanted:
        # A folder for each state of the code: what an interrupted run left is used only where it still fits.
        state = hashlib.sha256(repr([base, *((name, current[name]) for name in wanted)]).encode()).hexdigest()[:12]
        work, runs = Path(folder) / f"{notebook.stem}-{state}", {}
        for seed in SEEDS:
            names = [variant for variant, seeds in wanted.items() if seed in seeds]
            if names:
                table = {"TABLE": table_parameters(names, current)} if has_choice else {}
                runs |= sweeps.plan([notebook], {"SEED": [seed]} | table)
        statuses = sweeps.sweep(runs, work, jobs=jobs)
        if any(status.get("status") != "done" for status in statuses.values()):
            return False
        for name, (_, parameters) in runs.items():
            seed, trained = parameters["SEED"], chosen(parameters.get("TABLE", "all"), current)
            command = " ".join([f"python -m gan_helpers.batch sweep --lesson {notebook.stem[:2]}",
                                *(f'--set "{key}={value}"' for key, value in parameters.items()), f"--jobs {jobs}"])
            fresh += [row | base | {"command": command} for row in rows_of(read_record(work / f"{name}.ipynb"), seed)
                      if row["variant"] in trained and seed in wanted.get(row["variant"], ())]
    if wanted or gone:
        kept = [row for row in rows if row["variant"] in current and row["seed"] not in wanted.get(row["variant"], ())]
        order = {variant: number for number, variant in enumerate(current)}
        tables.write(path, sorted(kept + fresh, key=lambda row: (order[row["variant"]], row["seed"], row["step"])))
        print(f"{path}: {len(kept)} rows kept, {len(fresh)} new", flush=True)
    if wanted:
        shutil.rmtree(work)
        return not again or make(notebook, jobs=jobs, folder=folder, again=False)
    return True


def table_parameters(names, every):
    """TABLE for each of the runs that train `names`: "all" where these are `every`, else lists of equal length.

    A list stands in the run's file name, so it must not be too long. What is trained besides is not kept.
    """
    if len(names) == len(every):
        return ["all"]
    for runs in range(1, len(names) + 1):
        length = -(-len(names) // runs)
        texts = [";".join(names[start:start + length]) for start in range(0, len(names), length)]
        if all(len(quote(text, safe="")) <= LONGEST_LIST for text in texts):
            break
    return texts


def rows_of(record, seed):
    """The table's rows (list of dict) from an executed lesson's record.

    `seconds` is the training time of the whole run, also in rows about a moment before its end.
    """
    rows = zip(record["values"]["rows"], record["timings"]["row_times"], strict=True)
    return [{"variant": row["variant"], "seed": seed, **row, **times} for row, times in rows]


def main(arguments=None):
    parser = argparse.ArgumentParser(prog="python -m gan_helpers.results",
                                     description="Make the stored tables anew where they are stale.")
    parser.add_argument("--lesson", default="", help="start of the file name, such as 02; default: every lesson")
    parser.add_argument("--jobs", type=int, default=1, help="runs at a time; they share the CPU's cores")
    options = parser.parse_args(arguments)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        well = [make(notebook, jobs=options.jobs) for notebook in lessons(options.lesson)]
    except (ParameterError, sweeps.SweepError) as error:
        parser.error(str(error))
    except KeyboardInterrupt:
        sys.exit("Stopped. Start the same command again, and it does what is missing.")
    sys.exit(0 if all(well) else 1)


if __name__ == "__main__":
    main()
