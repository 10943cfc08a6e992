"""Many runs of lessons, several at a time, resumable: `grid` plans, `collect` makes the table."""

import contextlib
import hashlib
import json
import os
import shutil
import socket
import time
from pathlib import Path

from filelock import FileLock, Timeout
from tqdm import tqdm

from gan_helpers import tables
from gan_helpers.parameters import ParameterError
from gan_notebooks import notebooks
from gan_notebooks.errors import CourseError, SweepError
from gan_notebooks.files import read_text
from gan_notebooks.runner import INTERRUPTED, POLL, partial, start

COPIES = ".lessons"  # the folder of the lessons as they were when the sweep began
LOCK = ".lock"
LARGEST_STATUS = 10_000_000  # bytes
HOLDER = ".lock.holder"  # beside the lock, whose file cannot hold a text: who is sweeping


class Stopped(KeyboardInterrupt):
    """A sweep was interrupted. `statuses`: what `sweep` would have returned, as far as it came."""

    def __init__(self, statuses):
        super().__init__("the sweep was interrupted")
        self.statuses = statuses


def sweep(runs, folder, *, jobs=1, timeout=None, scheduler=None, again=False, quiet=True):
    """Do what is missing of `runs` (from `grid.plan`) in `folder`. Returns {run id: status dict}.

    `jobs` at a time here, or on the workers of a Dask `scheduler` (its address); each may take
    `timeout` seconds. A run is executed into a partial notebook that takes its place at the end;
    its status file says "running", "done" or "failed" (with the error), and there is none before
    its turn. A run is missing unless it is done, with the code and the sizes that the lesson has
    now; with `again` all are. The lessons are copied first: editing one does not change a sweep
    under way. `quiet` shows one bar over the runs, else each has a bar over its cells.

    Ctrl-C stops all and raises Stopped; what is done stays done. Raises ParameterError for jobs or
    a timeout that cannot be, SweepError where another sweep works in `folder` and where the cluster
    cannot do the runs, CourseError where a notebook cannot be read.
    """
    if jobs < 1:
        raise ParameterError(f"jobs must be 1 or more, got {jobs}")
    if timeout is not None and not timeout > 0:
        raise ParameterError(f"the timeout must be above 0 seconds, got {timeout:g}")
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    statuses = {}
    try:
        with locked(folder):
            copies = _copy_lessons(runs, folder)
            if again:
                _remove_results(runs, folder)
            statuses = _statuses(runs, copies, folder)
            missing = {
                name: (copies[notebook], parameters)
                for name, (notebook, parameters) in runs.items()
                if statuses[name].get("status") != "done"
            }
            if scheduler and missing:
                from gan_notebooks import cluster  # only who asks for it needs dask.distributed

                events = cluster.execute_all(missing, folder, scheduler, timeout=timeout)
            else:
                events = _execute_all(missing, folder, jobs=jobs, timeout=timeout, quiet=quiet)
            bar = progress(len(runs), len(runs) - len(missing), disable=not quiet)
            _follow(events, statuses, folder, bar)
    except KeyboardInterrupt:
        raise Stopped(statuses) from None
    return statuses


def _copy_lessons(runs, folder):
    """Copy the lessons of `runs` into `folder`: {notebook: its copy}."""
    (folder / COPIES).mkdir(exist_ok=True)
    lessons = {notebook for notebook, _ in runs.values()}
    return {notebook: Path(shutil.copy2(notebook, folder / COPIES)) for notebook in lessons}


def _remove_results(runs, folder):
    """An earlier result must not pass for that of a run which is done again."""
    for name in runs:
        (folder / f"{name}.ipynb").unlink(missing_ok=True)
        (folder / f"{name}.json").unlink(missing_ok=True)


def _statuses(runs, copies, folder):
    """{run id: status} before anything is run: as stored where it is done, else no "status"."""
    hashes = {notebook: _code_hash(copy) for notebook, copy in copies.items()}
    statuses = {}
    for name, (notebook, parameters) in runs.items():
        planned = {
            "run": name,
            "lesson": notebook.stem,
            "parameters": parameters,
            "code": hashes[notebook],
        }
        stored = read_status(folder, name)
        as_planned = stored.items() >= (planned | {"status": "done"}).items()
        is_done = as_planned and (folder / f"{name}.ipynb").exists()
        statuses[name] = stored if is_done else planned
    return statuses


def _code_hash(notebook):
    """Of the code alone: a corrected sentence makes no run stale."""
    cells = notebooks.read(notebook).cells
    code = "\0".join(cell.source for cell in cells if cell.cell_type == "code")
    return hashlib.sha256(code.encode()).hexdigest()


def _execute_all(runs, folder, *, jobs, timeout, quiet):
    """Execute `runs` in processes here: {run id: (notebook, parameters)}.

    Yields (run id, None) when one starts and (run id, Result) when it has ended.
    """
    waiting = list(runs)
    running = {}
    try:
        while waiting or running:
            while waiting and len(running) < jobs:
                name = waiting.pop(0)
                notebook, parameters = runs[name]
                output = partial(folder, name)
                running[name] = start(notebook, output, parameters, quiet=quiet, timeout=timeout)
                yield name, None
            for name in list(running):
                if running[name].ended():
                    yield name, running.pop(name).finish()
            time.sleep(POLL)
    finally:
        for process in running.values():
            process.stop()
            process.finish()


def _follow(events, statuses, folder, bar):
    """Write down what becomes of the runs, in `statuses` and in their files.

    `events`: a generator such as `_execute_all`.
    """
    try:
        with bar, contextlib.closing(events):
            for name, result in events:
                if result is None:
                    statuses[name]["status"] = "running"
                else:
                    _note_end(statuses[name], result, folder)
                    bar.update()
                _write_status(folder, statuses[name])
    except BaseException:
        for status in statuses.values():
            if status.get("status") == "running":
                _note_interruption(status, folder)
        raise


def _note_end(status, result, folder):
    """Put the Result of a run into its status, and its notebook into its place where it is done."""
    name = status["run"]
    if result.error:
        tqdm.write(f"{name}: stopped in {result.error}")
    else:
        os.replace(partial(folder, name), folder / f"{name}.ipynb")
    status["status"] = "failed" if result.error else "done"
    status |= {"error": result.error, "seconds": result.seconds}


def _note_interruption(status, folder):
    """A run that was ended, or whose end nobody waits for, has failed."""
    path = partial(folder, status["run"])
    error = notebooks.stopped_in(path, INTERRUPTED) if path.exists() else INTERRUPTED
    status |= {"status": "failed", "error": error}
    with contextlib.suppress(OSError):  # a full disk, which may have ended the sweep
        _write_status(folder, status)


def progress(total, done, *, disable=False):
    """A bar over `total` runs. The time left is reckoned from this sweep's runs, not those `done`.

    It takes their mean: runs that go side by side end together, and the mean of the last few would
    jump.
    """
    return tqdm(total=total, initial=done, unit="run", ncols=100, smoothing=0, disable=disable)


@contextlib.contextmanager
def locked(folder):
    """One sweep at a time in a folder. Raises SweepError, with the holder's name, for a second one.

    The system's lock on a file, which a process loses when it ends, even killed.
    """
    lock = FileLock(folder / LOCK)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise SweepError(
            f"{_holder(folder)} is sweeping into {folder.absolute()}: wait, or give another folder"
        ) from None
    try:
        tables.replace(folder / HOLDER, f"process {os.getpid()} on {socket.gethostname()}")
        yield
    finally:
        with contextlib.suppress(OSError):
            (folder / HOLDER).unlink(missing_ok=True)
        lock.release()


def _holder(folder):
    try:
        return (folder / HOLDER).read_text(encoding="utf8")
    except OSError:  # it has just taken the lock, or is about to give it back
        return "another process"


def read_status(folder, name):
    """The status (dict) of a run in `folder`; {} where there is none or it cannot be read."""
    try:
        status = json.loads(read_text(Path(folder) / f"{name}.json", LARGEST_STATUS))
    except (OSError, ValueError, RecursionError, CourseError):
        return {}
    return status if isinstance(status, dict) else {}


def _write_status(folder, status):
    tables.replace(folder / f"{status['run']}.json", json.dumps(status, indent=1))
