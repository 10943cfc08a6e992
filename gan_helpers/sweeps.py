"""Many runs of lessons: every combination of parameter values, several at a time, resumable, into one table."""

import contextlib
import hashlib
import itertools
import json
import multiprocessing.connection
import os
import shutil
from pathlib import Path
from urllib.parse import quote

import nbformat
from tqdm import tqdm

from gan_helpers import tables
from gan_helpers.execution import INTERRUPTED, parameter_specs, read_record, size_parameters, start
from gan_helpers.lesson import ParameterError, check_parameters

LONGEST_NAME = 200  # bytes; most file systems allow 255, and an ending comes behind


class SweepError(RuntimeError):
    """A sweep cannot start; the message says why and what to do."""


def parse_settings(settings):
    """["SEED=0,1", "PUBLISHED=true"] as {"SEED": [0, 1], "PUBLISHED": [True]}."""
    parsed = {}
    for setting in settings:
        name, equals, values = setting.partition("=")
        if not equals or not values:
            raise ParameterError(f"--set takes NAME=value or NAME=value,value, got {setting!r}")
        if name in parsed:
            raise ParameterError(f"--set {name} is given twice: write --set {name}=value,value")
        parsed[name] = [_parse_value(value) for value in values.split(",")]
    return parsed


def _parse_value(text):
    if text.lower() in ("true", "false"):
        return text.lower() == "true"
    for kind in (int, float):
        with contextlib.suppress(ValueError):
            return kind(text)
    return text


def plan(notebooks, grid, size="default"):
    """Every run of a sweep: {run id: (notebook, parameters)}. Raises ParameterError for a bad name or value.

    `grid`: dict of parameter to list of values; `size` gives the others.
    """
    runs, taken = {}, set()
    for notebook in notebooks:
        specs = parameter_specs(notebook)
        for values in itertools.product(*grid.values()):
            chosen = dict(zip(grid, values, strict=True))
            parameters = size_parameters(notebook, size) | chosen
            check_parameters(notebook.stem, parameters, specs)
            name = ",".join([notebook.stem, *([size] if size != "default" else []),
                             *(f"{key}={quote(str(value), safe='')}" for key, value in chosen.items())])
            if len(name.encode()) > LONGEST_NAME:
                raise ParameterError(f"the run's file name would be too long: {name}; set fewer or shorter values")
            if name.casefold() in taken:  # one file on Windows and macOS
                raise ParameterError(f"two runs would have one file name, {name}: give each value once")
            taken.add(name.casefold())
            runs[name] = notebook, parameters
    return runs


def sweep(runs, folder, *, jobs=1):
    """Do what is missing of `runs` (from `plan`) in `folder`, `jobs` at a time. Returns {run id: status dict}.

    A run is executed into a partial notebook that takes its place at the end; its status file says "running",
    "done" or "failed" (with the error). A run is missing unless it is done, with the code and the sizes that the
    lesson has now. The lessons are copied first: editing one does not change a sweep under way. Ctrl-C stops all and
    raises KeyboardInterrupt; what is done stays done. Raises SweepError where another sweep works in `folder`.
    """
    if jobs < 1:
        raise ParameterError(f"jobs must be 1 or more, got {jobs}")
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    with _locked(folder):
        return _sweep(runs, folder, jobs)


def _sweep(runs, folder, jobs):
    threads = max(1, (os.cpu_count() or 1) // jobs) if jobs > 1 else None
    (folder / ".lessons").mkdir(exist_ok=True)
    hashes, copies = {}, {}
    for notebook in {notebook for notebook, _ in runs.values()}:
        copies[notebook] = Path(shutil.copy2(notebook, folder / ".lessons"))
        hashes[notebook] = _code_hash(copies[notebook])
    statuses, waiting, running = {}, [], {}
    for name, (notebook, parameters) in runs.items():
        statuses[name] = read_status(folder, name)
        wanted = {"status": "done", "code": hashes[notebook], "parameters": parameters}
        if not statuses[name].items() >= wanted.items() or not (folder / f"{name}.ipynb").exists():
            waiting.append(name)
    try:
        with tqdm(total=len(runs), initial=len(runs) - len(waiting), unit="run", ncols=100) as bar:
            while waiting or running:
                while waiting and len(running) < jobs:
                    name = waiting.pop(0)
                    notebook, parameters = runs[name]
                    statuses[name] = {"run": name, "lesson": notebook.stem, "parameters": parameters,
                                      "code": hashes[notebook], "status": "running"}
                    _write_status(folder, statuses[name])
                    running[name] = start(copies[notebook], folder / f"{name}.part.ipynb", parameters, quiet=True,
                                          threads=threads)
                ready = multiprocessing.connection.wait([one.receiver for one in running.values()])
                for name in [name for name, one in running.items() if one.receiver in ready]:
                    record = running[name].finish()
                    if record["error"] == INTERRUPTED:
                        raise KeyboardInterrupt
                    del running[name]
                    finished = "failed" if record["error"] else "done"
                    if finished == "done":
                        os.replace(folder / f"{name}.part.ipynb", folder / f"{name}.ipynb")
                    else:
                        tqdm.write(f"{name}: stopped in {record['error']}")
                    statuses[name] |= {"status": finished, "error": record["error"], "seconds": record["seconds"]}
                    _write_status(folder, statuses[name])
                    bar.update()
    except BaseException:
        for name, one in running.items():
            one.stop()
            statuses[name] |= {"status": "failed", "error": INTERRUPTED}
            _write_status(folder, statuses[name])
        raise
    return statuses


@contextlib.contextmanager
def _locked(folder):
    """One sweep at a time in a folder: a file with the process's number, which counts only while that one lives."""
    lock = folder / ".lock"
    try:
        with open(lock, "x", encoding="utf8") as file:
            file.write(str(os.getpid()))
    except FileExistsError:
        owner = lock.read_text(encoding="utf8")
        if owner.isdigit() and _lives(int(owner)):
            raise SweepError(f"process {owner} is sweeping into {folder}: wait, or give another folder") from None
        lock.write_text(str(os.getpid()), encoding="utf8")  # its owner was killed
    try:
        yield
    finally:
        lock.unlink(missing_ok=True)


def _lives(pid):
    if os.name == "nt":  # where signal 0 would end the process
        return True
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def read_status(folder, name):
    """The status (dict) of a run in `folder`; {} where there is none or it cannot be read."""
    try:
        status = json.loads((Path(folder) / f"{name}.json").read_text(encoding="utf8"))
    except (OSError, ValueError):
        return {}
    return status if isinstance(status, dict) else {}


def _write_status(folder, status):
    tables.replace(folder / f"{status['run']}.json", json.dumps(status, indent=1))


def _code_hash(notebook):
    """Of the code alone: a corrected sentence makes no run stale."""
    cells = nbformat.read(notebook, as_version=4).cells
    return hashlib.sha256("\0".join(cell.source for cell in cells if cell.cell_type == "code").encode()).hexdigest()


def collect(folder, output):
    """Write one table of all runs in `folder` to `output` (CSV): parameters, status, seconds, claims, scores."""
    rows = []
    for path in sorted(Path(folder).glob("*.json")):
        status, record = read_status(folder, path.stem), {}
        if status.get("status") == "done":  # else a notebook may be there from an earlier run
            try:
                record = read_record(path.with_suffix(".ipynb"))
            except Exception as error:  # one damaged file must not cost the table of the others
                status |= {"status": "unreadable", "error": str(error)}
        claims = record.get("values", {}).get("claims", [])
        rows.append({"run": status.get("run", path.stem), "status": status.get("status", "unreadable"),
                     "seconds": status.get("seconds"), **status.get("parameters", {}),
                     "claims_held": sum(claim["holds"] for claim in claims), "claims": len(claims),
                     **_flat(record.get("values", {}).get("scores", {})), "error": status.get("error")})
    if not rows:
        raise SystemExit(f"there are no runs in {folder}: start them with `python -m gan_helpers.batch sweep`")
    tables.write(output, rows)
    return rows


def _flat(scores, prefix=""):
    """{"a": {"b": 1}} as {"a b": 1}: a column a number."""
    flat = {}
    for name, value in scores.items():
        flat |= _flat(value, f"{prefix}{name} ") if isinstance(value, dict) else {prefix + name: value}
    return flat
