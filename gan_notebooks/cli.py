"""Run lessons from the command line with papermill, one process a run: `gan-notebooks`, or this module.

    gan-notebooks list --lesson 02                       the parameters of a lesson
    gan-notebooks run                                    every lesson at its defaults
    gan-notebooks run --lesson 02 --size smoke           one lesson, seconds instead of minutes
    gan-notebooks sweep --lesson 02 --set SEED=0,1,2 --set BATCH_SIZE=32,64 --jobs 2
    gan-notebooks sweep --lesson 02 --grid grid.yaml --scheduler tcp://10.0.0.1:8786
    gan-notebooks collect build/sweep                    one table of all its runs

`run` puts the executed notebooks into `build/`, always anew, and prints seconds and claims. `sweep` does every
combination of lessons and values, and what is missing of it when it is started again. Beside each executed notebook
stands a file with the run's status. The exit code is 1 where a run failed or a claim of `run` did not hold.
"""

import argparse
import signal
import sys
from pathlib import Path

import nbformat

from gan_helpers.parameters import ParameterError
from gan_notebooks import notebooks, runner, sweep


def describe(notebook):
    """A lesson's title and, line by line, its parameters: type, default, what is allowed and what it means (str)."""
    specs, defaults = notebooks.parameter_specs(notebook), notebooks.default_parameters(notebook)
    title = nbformat.read(notebook, as_version=4).cells[0].source.splitlines()[0].lstrip("# ")
    lines = [f"{notebook.stem}: {title}"]
    for name, meaning in notebooks.parameter_meanings(notebook).items():
        kind, allowed = _in_words(specs[name])
        lines.append(f"    {name}: {kind} = {defaults[name]!r}{allowed}\n        {meaning}")
    return "\n".join(lines)


def _in_words(spec):
    """A spec as `Lesson.parameters` takes it: (type, what is allowed)."""
    if isinstance(spec, tuple):
        kind, low, high = spec
        return kind.__name__, f", {low} … {high}"
    if isinstance(spec, set):
        return "one of", f", {', '.join(map(repr, sorted(spec)))}"
    if isinstance(spec, list):
        return "str", f', names of {"; ".join(spec)}; or "all"'
    return spec.__name__, ""


def run_lessons(lessons, size, folder, **options):
    """Run lessons, whatever is there of them, and print a table. Returns True where all ran and every claim holds.

    `options`: those of `sweep.sweep`.
    """
    runs = {
        notebook.stem: (notebook, notebooks.size_parameters(notebook, size)) for notebook in lessons
    }
    alone = options["jobs"] == 1 and not options["scheduler"]
    try:
        sweep.sweep(runs, folder, again=True, quiet=not alone, **options)
    except KeyboardInterrupt:
        print("Stopped.", file=sys.stderr)
    print(f"\n{'notebook':<28}{'seconds':>9}{'claims held':>14}")
    well = True
    for name in runs:
        status = sweep.read_status(folder, name)
        done = status.get("status") == "done"
        if not status:
            well = False  # stopped before its turn
            continue
        partial = runner.partial(folder, name)
        record = notebooks.read_record(Path(folder) / f"{name}.ipynb") if done else {}
        claims = record.get("values", {}).get("claims", [])
        held = sum(claim["holds"] for claim in claims)
        print(f"{name:<28}{status.get('seconds') or 0:>9.1f}{f'{held}/{len(claims)}':>14}")
        well &= done and held == len(claims)
        for claim in claims:
            if not claim["holds"]:
                print(f"    ✘ {claim['sentence']}")
        if not done:
            print(
                f"    stopped in {status['error']}"
                + (f"\n    what there is: {partial}" if partial.exists() else "")
            )
    return well


def run_sweep(lessons, options, folder, **how):
    """Do what is missing of a sweep. Returns True where all runs are done."""
    grid = sweep.read_grid(options.grid) if options.grid else {}
    settings = sweep.parse_settings(options.set)
    if twice := grid.keys() & settings.keys():
        raise ParameterError(
            f"{', '.join(sorted(twice))} stands in {options.grid} and in --set: give it once"
        )
    runs = sweep.plan(lessons, grid | settings, options.size)
    try:
        sweep.sweep(runs, folder, **how)
    except KeyboardInterrupt:
        print("Stopped. Start the same sweep again, and it does what is missing.", file=sys.stderr)
    done = sum(sweep.read_status(folder, name).get("status") == "done" for name in runs)
    print(f"{done} of {len(runs)} runs are done, in {folder}")
    return done == len(runs)


def report(folder):
    """Write each executed notebook in `folder`, also a partial one, as HTML without code, where that is missing."""
    from gan_notebooks import publish  # nbconvert takes a while to import

    written = 0
    for path in sorted(Path(folder).glob("*.ipynb")):
        html = path.with_suffix(".html")
        if not html.exists() or html.stat().st_mtime_ns < path.stat().st_mtime_ns:
            html.write_text(publish.page(path, code=False), encoding="utf8")
            written += 1
    for html in Path(folder).glob("*.part.html"):  # the report of a failure, after a success
        if not html.with_suffix(".ipynb").exists():
            html.unlink()
    print(f"{written} reports written into {folder}")


def _parser():
    parser = argparse.ArgumentParser(
        prog="gan-notebooks", description="Run lessons with papermill."
    )
    commands = parser.add_subparsers(required=True, dest="command")
    list_parser = commands.add_parser("list", help="lessons and their parameters")
    run_parser = commands.add_parser("run", help="run lessons and print a table")
    sweep_parser = commands.add_parser("sweep", help="run every combination of parameter values")
    for one in (list_parser, run_parser, sweep_parser):
        one.add_argument(
            "--lesson", default="", help="start of the file name, such as 02; default: every lesson"
        )
    for one, folder in (run_parser, "build"), (sweep_parser, "build/sweep"):
        one.add_argument("--size", default="default", choices=notebooks.SIZES)
        one.add_argument(
            "--output", default=folder, help=f"folder for the executed notebooks; default: {folder}"
        )
        one.add_argument(
            "--jobs", type=int, default=1, help="runs at a time; they share the CPU's cores"
        )
        one.add_argument(
            "--timeout",
            type=float,
            metavar="SECONDS",
            help="that one run may take; default: any number",
        )
        one.add_argument(
            "--scheduler",
            metavar="tcp://HOST:PORT",
            help="of dask.distributed, whose workers do the runs instead; each does one at a time",
        )
        one.add_argument(
            "--report",
            action="store_true",
            help="also write the executed notebooks as HTML without code",
        )
    sweep_parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="NAME=value,value",
        help="values of a parameter; may be given several times",
    )
    sweep_parser.add_argument(
        "--grid", metavar="FILE", help="values in YAML, a line a parameter: SEED: [0, 1, 2]"
    )
    collect_parser = commands.add_parser("collect", help="write one table of all runs of a sweep")
    collect_parser.add_argument("folder")
    collect_parser.add_argument("--output", help="CSV; default: runs.csv in the folder")
    return parser


def main(arguments=None):
    """The command line; ends the process. Code 0: all is well, 1: not all, 2: it could not start."""
    parser = _parser()
    options = parser.parse_args(arguments)
    sys.stdout.reconfigure(errors="replace")  # a Windows console may have no ✘
    signal.signal(
        signal.SIGTERM, signal.default_int_handler
    )  # a scheduler's stop is handled like Ctrl-C
    if options.command == "list":
        print("\n\n".join(describe(notebook) for notebook in notebooks.lessons(options.lesson)))
        sys.exit(0)
    if options.command == "collect":
        output = options.output or Path(options.folder) / "runs.csv"
        rows = sweep.collect(options.folder, output)
        print(f"{len(rows)} runs in {output}")
        sys.exit(0 if all(row["status"] == "done" for row in rows) else 1)
    how = {"jobs": options.jobs, "timeout": options.timeout, "scheduler": options.scheduler}
    lessons = notebooks.lessons(options.lesson)
    try:
        well = (
            run_lessons(lessons, options.size, options.output, **how)
            if options.command == "run"
            else run_sweep(lessons, options, options.output, **how)
        )
    except (ParameterError, sweep.SweepError) as error:
        parser.error(str(error))
    if options.report:
        report(options.output)
    sys.exit(0 if well else 1)


if __name__ == "__main__":
    main()
