"""Run lessons from the command line with papermill: `gan-notebooks`, or this module.

    gan-notebooks list --lesson 02                       the parameters of a lesson
    gan-notebooks run                                    every lesson at its defaults
    gan-notebooks run --lesson 02 --size smoke           one lesson, seconds instead of minutes
    gan-notebooks sweep --lesson 02 --set SEED=0,1,2 --set BATCH_SIZE=32,64 --jobs 2
    gan-notebooks sweep --lesson 02 --grid grid.yaml --scheduler tls://10.0.0.1:8786
    gan-notebooks collect build/sweep                    one table of all its runs
    gan-notebooks handout build/class                    the lessons without solutions and outputs
    gan-notebooks grade copies                           students' copies, by the exercises' checks
    gan-notebooks new 11 "A title"                       a lesson for its author to fill

`run` puts the executed notebooks into `build/`, always anew, and prints seconds and claims. `sweep`
does every combination of lessons and values, and what is missing of it when it is started again.
Beside each executed notebook stands a file with the run's status. The lessons are those of the
checkout, or of the folder that `--notebooks` names; none is changed, `new` adds one. Nothing is
removed or overwritten that this command did not write: what is in the way is an error. The exit
code is 1 where a run failed or a claim of `run` did not hold, 2 where nothing could start, or a
full disk, say, ended it.
"""

import argparse
import sys
from pathlib import Path

from gan_helpers import tables
from gan_helpers.parameters import ParameterError
from gan_notebooks import grade, grid, handout, marks, new, notebooks, runner, sweep
from gan_notebooks.collect import collect
from gan_notebooks.commands import add_choice_of_lessons, exit_code, in_words
from gan_notebooks.errors import CourseError, shortened


def describe(notebook):
    """A lesson's title and, line by line, its parameters (str).

    Of each the type, the default, what is allowed and what it means.
    """
    lesson = notebooks.outline(notebook)
    lines = [f"{lesson.name}: {shortened(lesson.title)}"]
    for parameter in lesson.parameters.values():
        kind, allowed = _in_words(parameter.spec)
        lines.append(f"    {parameter.name}: {kind} = {parameter.default!r}{allowed}")
        lines.append(f"        {parameter.meaning}")
    return "\n".join(map(_printable, lines))


def _printable(line):
    """A line without what would steer the terminal."""
    return "".join(letter if letter.isprintable() else "?" for letter in line)


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


def list_lessons(options):
    """`gan-notebooks list`."""
    lessons = notebooks.lessons(options.lesson, options.notebooks)
    print("\n\n".join(describe(notebook) for notebook in lessons))
    return True


def run_lessons(options):
    """`gan-notebooks run`: run lessons, whatever is there of them, and print a table.

    Returns True where all ran and every claim holds.
    """
    runs = {}
    for notebook in notebooks.lessons(options.lesson, options.notebooks):
        runs[notebook.stem] = notebook, notebooks.size_parameters(notebook, options.size)
    is_alone = options.jobs == 1 and options.scheduler is None
    try:
        statuses = _sweep(runs, options, again=True, quiet=not is_alone)
    except sweep.Stopped as stop:
        print("Stopped.", file=sys.stderr)
        statuses = stop.statuses
    print(f"\n{'notebook':<28}{'seconds':>9}{'claims held':>14}")
    begun = [status for status in statuses.values() if "status" in status]
    results = [_print_run(status, Path(options.output)) for status in begun]
    has_reports = not options.report or report(options.output)
    return all(results) and len(begun) == len(runs) and has_reports


def _print_run(status, folder):
    """The lines of one run in the table. Returns True where it is done and its claims hold."""
    name = status["run"]
    path = folder / f"{name}.ipynb"
    error = None
    record = {}
    if status["status"] == "done":
        try:
            record = notebooks.read_record(path)
        except CourseError as failure:
            error = str(failure)
    else:
        error = f"stopped in {status['error']}"
        path = runner.partial(folder, name)
    claims = record.get("values", {}).get("claims", [])
    broken = [claim["sentence"] for claim in claims if not claim["holds"]]
    held = f"{len(claims) - len(broken)}/{len(claims)}"
    print(f"{name:<28}{status.get('seconds') or 0:>9.1f}{held:>14}")
    for sentence in broken:
        print(f"    ✘ {sentence}")
    if error:
        print(f"    {shortened(error)}")
        if path.exists():
            print(f"    what there is: {path}")
    return not error and not broken


def run_sweep(options):
    """`gan-notebooks sweep`: do what is missing of it. Returns True where all runs are done."""
    values = grid.read(options.grid) if options.grid else {}
    settings = grid.parse_settings(options.set)
    twice = values.keys() & settings.keys()
    if twice:
        raise ParameterError(
            f"{', '.join(sorted(twice))} stands in {options.grid} and in --set: give it once"
        )
    lessons = notebooks.lessons(options.lesson, options.notebooks)
    values |= settings
    runs = grid.plan(lessons, values, options.size, max_runs=options.max_runs)
    for sentence in grid.repeats(values):
        print(shortened(sentence), file=sys.stderr)
    try:
        statuses = _sweep(runs, options)
    except sweep.Stopped as stop:
        print("Stopped. Start the same sweep again, and it does what is missing.", file=sys.stderr)
        statuses = stop.statuses
    done = sum(status.get("status") == "done" for status in statuses.values())
    print(f"{done} of {len(runs)} runs are done, in {options.output}")
    has_reports = not options.report or report(options.output)
    return done == len(runs) and has_reports


def _sweep(runs, options, **others):
    """`sweep.sweep` with what `run` and `sweep` are told on the command line."""
    return sweep.sweep(
        runs,
        options.output,
        jobs=options.jobs,
        timeout=options.timeout,
        scheduler=options.scheduler,
        reports=options.report,
        **others,
    )


def report(folder):
    """Write each executed notebook in `folder`, also a partial one, as HTML without code.

    Only where that is missing, and no file is in the way that is no report. Returns True where all
    could be written.
    """
    from gan_notebooks import pages  # nbconvert takes a while to import

    written = 0
    errors = []
    for path in sorted(Path(folder).glob("*.ipynb")):
        try:
            html = path.with_suffix(".html")
            # First, since it costs little: an executed notebook has a megabyte or two.
            if _is_newer_report(html, path) or marks.is_another_notebook(path):
                continue
            marks.refuse_foreign(html)
            tables.replace(html, pages.report(path))
            written += 1
        except (CourseError, OSError) as error:  # the others have theirs
            errors.append(error)
    for html in Path(folder).glob("*.part.html"):  # the report of a failure, after a success
        is_left_over = not html.with_suffix(".ipynb").exists()
        if is_left_over and not marks.is_foreign(html, marks.is_report):
            html.unlink()
    for error in errors:
        print(shortened(in_words(error)), file=sys.stderr)
    print(f"{written} reports written into {folder}")
    return not errors


def _is_newer_report(html, notebook):
    """Is there a report of ours, at least as new as the notebook?"""
    if not html.exists() or marks.is_foreign(html, marks.is_report):
        return False
    return html.stat().st_mtime_ns >= notebook.stat().st_mtime_ns


def collect_runs(options):
    """`gan-notebooks collect`. Returns True where all runs are done."""
    output = options.output or Path(options.folder) / "runs.csv"
    rows = collect(options.folder, output)
    print(f"{len(rows)} runs in {output}")
    return all(row["status"] == "done" for row in rows)


def _add_options_of_runs(parser, folder):
    """Give an argparse parser what `run` and `sweep` have in common."""
    parser.add_argument("--size", default="default", choices=notebooks.SIZES)
    parser.add_argument(
        "--output", default=folder, help="folder for the executed notebooks; default: %(default)s"
    )
    parser.add_argument(
        "--jobs", type=int, default=1, help="runs at a time; they share the CPU's cores"
    )
    parser.add_argument(
        "--timeout",
        type=float,
        metavar="SECONDS",
        help="that one run may take; default: any number",
    )
    parser.add_argument(
        "--scheduler",
        metavar="tls://HOST:PORT",
        help="of dask.distributed, whose workers do the runs instead, each one at a time; "
        "tcp://HOST:PORT on the loopback address, where no stranger reads along",
    )
    parser.add_argument(
        "--report",
        action="store_true",
        help="also write the executed notebooks as HTML without code",
    )


def _parser():
    parser = argparse.ArgumentParser(
        prog="gan-notebooks", description="Run lessons with papermill."
    )
    commands = parser.add_subparsers(required=True, dest="command")
    list_parser = commands.add_parser("list", help="lessons and their parameters")
    add_choice_of_lessons(list_parser)
    list_parser.set_defaults(do=list_lessons)
    run_parser = commands.add_parser("run", help="run lessons and print a table")
    add_choice_of_lessons(run_parser)
    _add_options_of_runs(run_parser, "build")
    run_parser.set_defaults(do=run_lessons)
    sweep_parser = commands.add_parser("sweep", help="run every combination of parameter values")
    add_choice_of_lessons(sweep_parser)
    _add_options_of_runs(sweep_parser, "build/sweep")
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
    sweep_parser.add_argument(
        "--max-runs",
        type=int,
        default=grid.MAX_RUNS,
        metavar="COUNT",
        help="a sweep of more runs does not start; default: %(default)s",
    )
    sweep_parser.set_defaults(do=run_sweep)
    collect_parser = commands.add_parser("collect", help="write one table of all runs of a sweep")
    collect_parser.add_argument("folder")
    collect_parser.add_argument("--output", help="CSV; default: runs.csv in the folder")
    collect_parser.set_defaults(do=collect_runs)
    handout.add_parser(commands)
    grade.add_parser(commands)
    new.add_parser(commands)
    return parser


def main(arguments=None):
    """The command line; ends the process.

    Code 0: all is well, 1: not all, 2: it could not start.
    """
    parser = _parser()
    sys.exit(exit_code(parser, parser.parse_args(arguments)))


if __name__ == "__main__":
    main()
