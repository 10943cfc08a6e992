"""Run lessons from the command line with papermill, one process a run.

    python -m gan_helpers.batch run                            every lesson at its defaults
    python -m gan_helpers.batch run --lesson 02 --size smoke   one lesson, seconds instead of minutes
    python -m gan_helpers.batch sweep --lesson 02 --set SEED=0,1,2 --set BATCH_SIZE=32,64 --jobs 2
    python -m gan_helpers.batch collect build/sweep            one table of all its runs

`run` puts the executed notebooks into `build/` and prints seconds and claims. `sweep` does every combination of
lessons and values; beside each executed notebook stands a file with the run's status, and a sweep that was
interrupted does only what is missing when it is started again. The exit code is 1 where a run failed or a claim did
not hold.
"""

import argparse
import signal
import sys
from pathlib import Path

from gan_helpers import sweeps
from gan_helpers.execution import INTERRUPTED, SIZES, execute, lessons, size_parameters
from gan_helpers.lesson import ParameterError


def run(prefix, size, folder):
    """Run the lessons that start with `prefix` and print the table. Returns True where all is well."""
    records = {}
    for notebook in lessons(prefix):
        records[notebook.stem] = execute(notebook, Path(folder) / notebook.name, size_parameters(notebook, size))
        if records[notebook.stem]["error"] == INTERRUPTED:
            break
    print(f"\n{'notebook':<28}{'seconds':>9}{'claims held':>14}")
    well = True
    for name, record in records.items():
        claims = record.get("values", {}).get("claims", [])
        held = sum(claim["holds"] for claim in claims)
        print(f"{name:<28}{record['seconds']:>9.1f}{f'{held}/{len(claims)}':>14}")
        well &= record["error"] is None and held == len(claims)
        for claim in claims:
            if not claim["holds"]:
                print(f"    ✘ {claim['sentence']}")
        if record["error"]:
            partial = Path(folder) / f"{name}.ipynb"
            print(f"    stopped in {record['error']}" + (f"\n    what there is: {partial}" if partial.exists() else ""))
    return well


def main(arguments=None):
    parser = argparse.ArgumentParser(prog="python -m gan_helpers.batch", description="Run lessons with papermill.")
    commands = parser.add_subparsers(required=True, dest="command")
    run_parser = commands.add_parser("run", help="run lessons and print a table")
    sweep_parser = commands.add_parser("sweep", help="run every combination of parameter values")
    for one in (run_parser, sweep_parser):
        one.add_argument("--lesson", default="", help="start of the file name, such as 02; default: every lesson")
        one.add_argument("--size", default="default", choices=SIZES)
    run_parser.add_argument("--output", default="build", help="folder for the executed notebooks")
    sweep_parser.add_argument("--output", default="build/sweep", help="folder for the executed notebooks")
    sweep_parser.add_argument("--set", action="append", default=[], metavar="NAME=value,value",
                              help="values of a parameter; may be given several times")
    sweep_parser.add_argument("--jobs", type=int, default=1, help="runs at a time; they share the CPU's cores")
    collect_parser = commands.add_parser("collect", help="write one table of all runs of a sweep")
    collect_parser.add_argument("folder")
    collect_parser.add_argument("--output", help="CSV; default: runs.csv in the folder")
    options = parser.parse_args(arguments)
    sys.stdout.reconfigure(errors="replace")  # a Windows console may have no ✘
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # a scheduler's stop is handled like Ctrl-C
    if options.command == "run":
        well = run(options.lesson, options.size, options.output)
    elif options.command == "sweep":
        try:
            runs = sweeps.plan(lessons(options.lesson), sweeps.parse_settings(options.set), options.size)
            sweeps.sweep(runs, options.output, jobs=options.jobs)
        except (ParameterError, sweeps.SweepError) as error:
            parser.error(str(error))
        except KeyboardInterrupt:
            print("Stopped. Start the same sweep again, and it does what is missing.", file=sys.stderr)
        done = sum(sweeps.read_status(options.output, name).get("status") == "done" for name in runs)
        print(f"{done} of {len(runs)} runs are done, in {options.output}")
        well = done == len(runs)
    else:
        output = options.output or Path(options.folder) / "runs.csv"
        rows = sweeps.collect(options.folder, output)
        print(f"{len(rows)} runs in {output}")
        well = all(row["status"] == "done" for row in rows)
    sys.exit(0 if well else 1)


if __name__ == "__main__":
    main()
