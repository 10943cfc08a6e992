"""Many runs of lessons: every combination of parameter values, several at a time, resumable, into one table."""

import contextlib
import hashlib
import itertools
import json
import os
import shutil
import socket
import time
from pathlib import Path
from urllib.parse import quote

import nbformat
import yaml
from tqdm import tqdm

from gan_helpers import tables
from gan_helpers.parameters import ParameterError, check_parameters
from gan_notebooks.notebooks import SweepError, parameter_specs, read_record, size_parameters
from gan_notebooks.runner import INTERRUPTED, POLL, partial, start, stopped_in

LONGEST_NAME = 200  # bytes; most file systems allow 255, and an ending comes behind


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


def read_grid(path):
    """A grid from a YAML file, such as `SEED: [0, 1]`: {"SEED": [0, 1]}. One value may stand without brackets.

    Raises ParameterError where the file is no such table. That YAML reads 1e-3 as text, `plan` says.
    """
    try:
        grid = yaml.safe_load(Path(path).read_text(encoding="utf8"))
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise ParameterError(f"the grid {path} cannot be read: {error}") from None
    if not isinstance(grid, dict) or not all(isinstance(name, str) for name in grid):
        raise ParameterError(
            f"the grid {path} must have a line for each parameter, such as SEED: [0, 1, 2]"
        )
    return {name: values if isinstance(values, list) else [values] for name, values in grid.items()}


def plan(notebooks, grid, size="default"):
    """Every run of a sweep: {run id: (notebook, parameters)}. Raises ParameterError for a bad name or value.

    `grid`: dict of parameter to list of values; `size` gives the others.
    """
    if empty := [name for name, values in grid.items() if not values]:
        raise ParameterError(
            f"there is no value for {', '.join(empty)}: give one, or leave the name out"
        )
    runs, taken = {}, set()
    for notebook in notebooks:
        specs, sized = parameter_specs(notebook), size_parameters(notebook, size)
        for values in itertools.product(*grid.values()):
            chosen = dict(zip(grid, values, strict=True))
            parameters = sized | chosen
            check_parameters(notebook.stem, parameters, specs)
            name = ",".join(
                [
                    notebook.stem,
                    *([size] if size != "default" else []),
                    *(f"{key}={quote(str(value), safe='')}" for key, value in chosen.items()),
                ]
            )
            if len(name.encode()) > LONGEST_NAME:
                raise ParameterError(
                    f"the run's file name would be too long: {name}; set fewer or shorter values"
                )
            if name.casefold() in taken:  # one file on Windows and macOS
                raise ParameterError(
                    f"two runs would have one file name, {name}: give each value once"
                )
            taken.add(name.casefold())
            runs[name] = notebook, parameters
    return runs


def sweep(runs, folder, *, jobs=1, timeout=None, scheduler=None, again=False, quiet=True):
    """Do what is missing of `runs` (from `plan`) in `folder`. Returns {run id: status dict}.

    `jobs` at a time here, or on the workers of a Dask `scheduler` (its address); each may take `timeout` seconds.
    A run is executed into a partial notebook that takes its place at the end; its status file says "running",
    "done" or "failed" (with the error). A run is missing unless it is done, with the code and the sizes that the
    lesson has now; with `again` all are. The lessons are copied first: editing one does not change a sweep under way.
    `quiet` shows one bar over the runs, else each has a bar over its cells. Ctrl-C stops all and raises
    KeyboardInterrupt; what is done stays done. Raises SweepError where another sweep works in `folder`, and where the
    cluster cannot do the runs.
    """
    if jobs < 1:
        raise ParameterError(f"jobs must be 1 or more, got {jobs}")
    if timeout is not None and not timeout > 0:
        raise ParameterError(f"the timeout must be above 0 seconds, got {timeout:g}")
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    with _locked(folder):
        (folder / ".lessons").mkdir(exist_ok=True)
        hashes, copies = {}, {}
        for notebook in {notebook for notebook, _ in runs.values()}:
            copies[notebook] = Path(shutil.copy2(notebook, folder / ".lessons"))
            hashes[notebook] = _code_hash(copies[notebook])
        statuses, missing = {}, {}
        for name, (notebook, parameters) in runs.items():
            wanted = {
                "run": name,
                "lesson": notebook.stem,
                "parameters": parameters,
                "code": hashes[notebook],
            }
            found, executed = read_status(folder, name), folder / f"{name}.ipynb"
            if (
                again
                or not found.items() >= (wanted | {"status": "done"}).items()
                or not executed.exists()
            ):
                missing[name] = copies[notebook], parameters
                if again:  # an earlier result must not pass for this one's
                    executed.unlink(missing_ok=True)
                    (folder / f"{name}.json").unlink(missing_ok=True)
            statuses[name] = wanted if name in missing else found
        if scheduler and missing:
            from gan_notebooks import cluster  # only who asks for it needs dask.distributed

            records = cluster.execute_all(missing, folder, scheduler, timeout=timeout)
        else:
            records = _execute_all(missing, folder, jobs=jobs, timeout=timeout, quiet=quiet)
        _follow(
            records,
            statuses,
            folder,
            progress(len(runs), len(runs) - len(missing), disable=not quiet),
        )
    return statuses


def _execute_all(runs, folder, *, jobs, timeout, quiet):
    """Execute `runs` in processes here. Yields (run id, None) when one starts, (run id, record) when it has ended."""
    waiting, running = list(runs), {}
    try:
        while waiting or running:
            while waiting and len(running) < jobs:
                name = waiting.pop(0)
                notebook, parameters = runs[name]
                running[name] = start(
                    notebook, partial(folder, name), parameters, quiet=quiet, timeout=timeout
                )
                yield name, None
            for name in [name for name, one in running.items() if one.ended()]:
                yield name, running.pop(name).finish()
            time.sleep(POLL)
    finally:
        for one in running.values():
            one.stop()
            one.finish()


def _follow(records, statuses, folder, bar):
    """Write down what becomes of the runs. `records`: a generator as `_execute_all`."""
    try:
        with bar, contextlib.closing(records):
            for name, record in records:
                if record is None:
                    statuses[name]["status"] = "running"
                else:
                    status = "failed" if record["error"] else "done"
                    statuses[name] |= {
                        "status": status,
                        "error": record["error"],
                        "seconds": record["seconds"],
                    }
                    if status == "done":
                        os.replace(partial(folder, name), folder / f"{name}.ipynb")
                    else:
                        tqdm.write(f"{name}: stopped in {record['error']}")
                    bar.update()
                _write_status(folder, statuses[name])
    except BaseException:
        for name, status in statuses.items():
            if status.get("status") == "running":
                there = partial(folder, name).exists()
                status |= {
                    "status": "failed",
                    "error": stopped_in(partial(folder, name), INTERRUPTED)
                    if there
                    else INTERRUPTED,
                }
                _write_status(folder, status)
        raise


def progress(total, done, *, disable=False):
    """A bar over `total` runs. The time left is reckoned from the runs of this sweep, not from those `done` before.

    It takes their mean: runs that go side by side end together, and the mean of the last few would jump.
    """
    return tqdm(total=total, initial=done, unit="run", ncols=100, smoothing=0, disable=disable)


@contextlib.contextmanager
def _locked(folder):
    """One sweep at a time in a folder: the system's lock on a file, which a process loses when it ends, even killed.

    The file stays: two processes could hold a lock each if one of them could remove it in between.
    """
    with open(folder / ".lock", "a+", encoding="utf8") as file:
        if not _lock(file):
            file.seek(0)
            raise SweepError(
                f"{file.read() or 'another process'} is sweeping into {folder.resolve()}: wait, or give "
                "another folder"
            )
        file.truncate(0)
        file.write(f"process {os.getpid()} on {socket.gethostname()}")
        file.flush()
        yield


def _lock(file):
    """Lock an open file until it is closed. Returns False where another process has locked it."""
    try:
        if os.name == "nt":
            import msvcrt

            file.seek(
                10_000
            )  # Windows locks bytes, and who is refused wants to read the first ones
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
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
    return hashlib.sha256(
        "\0".join(cell.source for cell in cells if cell.cell_type == "code").encode()
    ).hexdigest()


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
        rows.append(
            {
                "run": status.get("run", path.stem),
                "status": status.get("status", "unreadable"),
                "seconds": status.get("seconds"),
                **status.get("parameters", {}),
                "claims_held": sum(claim["holds"] for claim in claims),
                "claims": len(claims),
                **_flat(record.get("values", {}).get("scores", {})),
                "error": status.get("error"),
            }
        )
    if not rows:
        raise SystemExit(f"there are no runs in {folder}: start them with `gan-notebooks sweep`")
    tables.write(output, rows)
    return rows


def _flat(scores, prefix=""):
    """{"a": {"b": 1}} as {"a b": 1}: a column a number."""
    flat = {}
    for name, value in scores.items():
        flat |= (
            _flat(value, f"{prefix}{name} ") if isinstance(value, dict) else {prefix + name: value}
        )
    return flat
