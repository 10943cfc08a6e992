"""Run lessons from the command line with papermill, one process a run.

    python -m gan_helpers.batch run                            every lesson at its defaults
    python -m gan_helpers.batch run --lesson 02 --size smoke   one lesson, seconds instead of minutes

The executed notebooks go to `build/`; a table shows seconds and claims. The exit code is 1 where a run failed
or a claim did not hold.
"""

import argparse
import concurrent.futures
import multiprocessing
import os
import sys
import time
from pathlib import Path

import nbformat
import papermill
from traitlets.config import Config

from gan_helpers.lesson import TIMINGS, VALUES

NOTEBOOKS = Path(__file__).parents[1] / "notebooks"
SIZES = ("smoke", "default", "full")


def lessons(prefix="", folder=NOTEBOOKS):
    """The notebooks (list of Path) whose name starts with `prefix`, in reading order."""
    found = sorted(path for path in Path(folder).glob("*.ipynb") if path.name.startswith(prefix))
    if not found:
        raise SystemExit(f"no notebook in {folder} starts with {prefix!r}; there are: "
                         + ", ".join(path.stem for path in sorted(Path(folder).glob("*.ipynb"))))
    return found


def size_parameters(notebook, size):
    """The parameters (dict) that make `notebook` run at `size`: from its own metadata; {} for the defaults."""
    if size not in SIZES:
        raise ValueError(f"size must be one of {SIZES}, got {size!r}")
    if size == "default":
        return {}
    return dict(nbformat.read(notebook, as_version=4).metadata["sizes"][size])


def execute(notebook, output, parameters, *, quiet=False, kernel_name="python3"):
    """Run one notebook in a process of its own and return its record: {"error": str or None, values …}.

    papermill saves `output` after every cell, so a run that fails or is stopped leaves its partial notebook.
    """
    Path(output).parent.mkdir(parents=True, exist_ok=True)
    # A process of its own: papermill changes the process's folder.
    with concurrent.futures.ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        future = pool.submit(_execute_here, Path(notebook).resolve(), Path(output).resolve(), parameters, quiet,
                           kernel_name)
        try:
            return future.result()
        except KeyboardInterrupt:  # Ctrl-C reached that process too: it returns what there is
            return future.result()


def _execute_here(notebook, output, parameters, quiet, kernel_name):
    # TCP ports can collide when several kernels start at once; sockets in files cannot.
    transport = {} if os.name == "nt" else {"KernelManager": {"transport": "ipc"}}
    start = time.perf_counter()
    error = None
    try:
        papermill.execute_notebook(notebook, output, parameters, kernel_name=kernel_name, config=Config(transport),
                                   progress_bar=not quiet and {"desc": notebook.stem, "ncols": 100})
    except papermill.PapermillExecutionError as failure:
        error = f"cell [{failure.exec_count}]: {failure.ename}: {failure.evalue}"
    except KeyboardInterrupt:
        error = "interrupted"
    except Exception as failure:  # a dead kernel, a full disk: the table shows it, the other lessons still run
        error = f"{type(failure).__name__}: {failure}"
    return {"error": error, "seconds": time.perf_counter() - start, **read_record(output)}


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
        if records[notebook.stem]["error"] == "interrupted":
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
            print(f"    stopped in {record['error']}\n    what there is: {Path(folder) / (name + '.ipynb')}")
    return well


def main(arguments=None):
    parser = argparse.ArgumentParser(prog="python -m gan_helpers.batch", description="Run lessons with papermill.")
    run_parser = parser.add_subparsers(required=True).add_parser("run", help="run lessons and print a table")
    run_parser.add_argument("--lesson", default="", help="start of the file name, such as 02; default: every lesson")
    run_parser.add_argument("--size", default="default", choices=SIZES)
    run_parser.add_argument("--output", default="build", help="folder for the executed notebooks")
    options = parser.parse_args(arguments)
    sys.exit(0 if run(options.lesson, options.size, options.output) else 1)


if __name__ == "__main__":
    main()
