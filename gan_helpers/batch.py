"""Run lessons from the command line with papermill, one process a run.

    python -m gan_helpers.batch run                            every lesson at its defaults
    python -m gan_helpers.batch run --lesson 02 --size smoke   one lesson, seconds instead of minutes

The executed notebooks go to `build/`; a table shows seconds and claims. The exit code is 1 where a run failed
or a claim did not hold.
"""

import argparse
import multiprocessing
import os
import signal
import sys
import tempfile
import time
from pathlib import Path

import nbformat
import papermill
from traitlets.config import Config

from gan_helpers.lesson import TIMINGS, VALUES

NOTEBOOKS = Path(__file__).parents[1] / "notebooks"
SIZES = ("smoke", "default", "full")
INTERRUPTED = "its middle: interrupted"


def lessons(prefix="", folder=NOTEBOOKS):
    """The notebooks (list of Path) whose name starts with `prefix`, in reading order."""
    found = sorted(path for path in Path(folder).glob("*.ipynb") if path.name.startswith(prefix))
    if not found:
        there = ", ".join(path.stem for path in sorted(Path(folder).glob("*.ipynb")))
        raise SystemExit(f"no notebook in {folder} starts with {prefix!r}; there are: {there}" if there else
                         f"there are no notebooks in {folder}: run this from a checkout of the repository")
    return found


def size_parameters(notebook, size):
    """The parameters (dict) that make `notebook` run at `size`: from its own metadata; {} for the defaults."""
    if size not in SIZES:
        raise ValueError(f"size must be one of {SIZES}, got {size!r}")
    if size == "default":
        return {}
    sizes = nbformat.read(notebook, as_version=4).metadata.get("sizes", {})
    if size not in sizes:
        raise ValueError(f"{notebook} has no size {size!r}: its metadata needs {{'sizes': {{{size!r}: {{…}}}}}}")
    return dict(sizes[size])


def execute(notebook, output, parameters, *, quiet=False, kernel_name="python3"):
    """Run one notebook in a process of its own, since papermill changes the process's folder.

    Returns {"error": str or None, "seconds": float} and what `read_record` finds. papermill saves `output` after
    every cell, so a run that fails or is stopped by Ctrl-C leaves its partial notebook.
    """
    output = Path(output).resolve()
    output.parent.mkdir(parents=True, exist_ok=True)
    output.unlink(missing_ok=True)  # an earlier run's record must not pass for this one's
    context = multiprocessing.get_context("spawn")
    receiver, sender = context.Pipe(duplex=False)
    start = time.perf_counter()
    with tempfile.TemporaryDirectory(prefix="kernel-") as sockets:
        process = context.Process(target=_execute_here, args=(sender, Path(notebook).resolve(), output, parameters,
                                                              quiet, kernel_name, sockets))
        process.start()
        sender.close()  # so that recv notices when the process is gone
        try:
            error = receiver.recv()
        except EOFError:
            error = "its process: it ended without a word, perhaps for want of memory"
        except KeyboardInterrupt:
            error = INTERRUPTED
            process.terminate()  # its kernel notices and ends too
        process.join()
    record = {"error": error, "seconds": time.perf_counter() - start}
    try:
        return record | read_record(output)
    except Exception as failure:  # half written on a full disk
        return record | {"error": error or f"its end: {output.name} cannot be read ({failure})"}


def _execute_here(sender, notebook, output, parameters, quiet, kernel_name, sockets):
    # Ctrl-C reaches this process too. In the middle of its talk with the kernel it could hang: the parent decides.
    signal.signal(signal.SIGINT, lambda signum, frame: None)
    # TCP ports can collide when several kernels start at once; sockets in a folder of their own cannot.
    transport = {} if os.name == "nt" else {"KernelManager": {"transport": "ipc", "ip": f"{sockets}/k"}}
    error = None
    try:
        papermill.execute_notebook(notebook, output, parameters, kernel_name=kernel_name, config=Config(transport),
                                   progress_bar=not quiet and {"desc": notebook.stem, "ncols": 100})
    except papermill.PapermillExecutionError as failure:
        error = f"cell [{failure.exec_count}]: {failure.ename}: {failure.evalue}"
    except Exception as failure:  # a dead kernel, a full disk: the table shows it, the other lessons still run
        error = f"{type(failure).__name__}: {failure}"
    sender.send(error)


def read_record(notebook):
    """What `Lesson.record` left in an executed notebook: {"values": dict, "timings": dict}; {} where it never ran."""
    if not Path(notebook).exists():
        return {}
    found = {}
    for cell in nbformat.read(notebook, as_version=4).cells:
        for output in cell.get("outputs", []):
            if VALUES in output.get("data", {}):
                found["values"] = output["data"][VALUES]
            if TIMINGS in output.get("metadata", {}):
                found["timings"] = output["metadata"][TIMINGS]
    return found


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
    run_parser = parser.add_subparsers(required=True).add_parser("run", help="run lessons and print a table")
    run_parser.add_argument("--lesson", default="", help="start of the file name, such as 02; default: every lesson")
    run_parser.add_argument("--size", default="default", choices=SIZES)
    run_parser.add_argument("--output", default="build", help="folder for the executed notebooks")
    options = parser.parse_args(arguments)
    sys.stdout.reconfigure(errors="replace")  # a Windows console may have no ✘
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # a scheduler's stop is handled like Ctrl-C
    sys.exit(0 if run(options.lesson, options.size, options.output) else 1)


if __name__ == "__main__":
    main()
