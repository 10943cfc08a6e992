"""Many runs of lessons, several at a time, resumable: `grid` plans, `collect` makes the table."""

import contextlib
import hashlib
import json
import os
import shutil
import time
from pathlib import Path

from tqdm import tqdm

from gan_helpers import tables
from gan_helpers.parameters import ParameterError
from gan_notebooks import marks, notebooks
from gan_notebooks.errors import CourseError, SweepError
from gan_notebooks.files import read_text
from gan_notebooks.interrupts import held_back
from gan_notebooks.locking import HOLDER, locked
from gan_notebooks.runner import INTERRUPTED, POLL, partial, start

COPIES = ".lessons"  # the folder of the lessons as they were when the sweep began
NOTE = ".gan-notebooks"  # the file there that says whose folder it is
LARGEST_STATUS = 10_000_000  # bytes


class Stopped(KeyboardInterrupt):
    """A sweep was interrupted. `statuses`: what `sweep` would have returned, as far as it came."""

    def __init__(self, statuses):
        super().__init__("the sweep was interrupted")
        self.statuses = statuses


def sweep(
    runs, folder, *, jobs=1, timeout=None, scheduler=None, again=False, quiet=True, reports=False
):
    """Do what is missing of `runs` (from `grid.plan`) in `folder`. Returns {run id: status dict}.

    `jobs` at a time here, or on the workers of a Dask `scheduler` (its address); each may take
    `timeout` seconds. A run is executed into a partial notebook that takes its place at the end;
    its status file says "running", "done" or "failed" (with the error), and there is none before
    its turn. A run is missing unless it is done, with the code and the sizes that the lesson has
    now; with `again` all are. The lessons are copied first: editing one does not change a sweep
    under way. `quiet` shows one bar over the runs, else each has a bar over its cells.

    Ctrl-C stops all and raises Stopped; what is done stays done. Raises ParameterError for jobs or
    a timeout that cannot be, CourseError where a notebook cannot be read. Raises SweepError where
    another sweep works in `folder`, where the cluster cannot do the runs, and where something is in
    the way that no sweep has written: nothing else is removed. With `reports`, reports will be
    written (`cli.report`), and nothing may be in their way either.
    """
    if jobs < 1:
        raise ParameterError(f"jobs must be 1 or more, got {jobs}")
    if timeout is not None and not timeout > 0:
        raise ParameterError(f"the timeout must be above 0 seconds, got {timeout:g}")
    folder = Path(folder)
    for notebook in {notebook for notebook, _ in runs.values()}:
        marks.refuse_folder_of(notebook, folder)
    folder.mkdir(parents=True, exist_ok=True)
    statuses = {}
    try:
        with locked(folder):
            copies = _copy_lessons(runs, folder)
            statuses = _statuses(runs, copies, folder, again=again)
            missing = {
                name: (copies[notebook], parameters)
                for name, (notebook, parameters) in runs.items()
                if statuses[name].get("status") != "done"
            }
            _refuse_what_is_in_the_way(runs, missing, folder, reports)
            _remove_halves(runs, folder)
            _note_killed_runs(missing, folder)
            for name in missing if again else ():
                _remove_result(folder, name)
            if scheduler is not None and missing:
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
    copies = folder / COPIES
    _take_folder_of_copies(copies)
    lessons = {}
    for notebook in {notebook for notebook, _ in runs.values()}:
        copy = copies / Path(notebook).name
        copy.unlink(missing_ok=True)  # and never write through a link
        lessons[notebook] = Path(shutil.copy2(notebook, copy))
    return lessons


def _take_folder_of_copies(copies):
    """Make the folder of the copies. Raises SweepError where one is there that no sweep made."""
    is_there = os.path.lexists(copies)
    note = copies / NOTE
    is_folder = copies.is_dir() and not copies.is_symlink()
    is_own = is_folder and (note.is_file() or not any(copies.iterdir()))
    if is_there and not is_own:
        raise SweepError(
            f"{copies} is in the way: no sweep made it (or an older version did), and lessons are "
            "copied there. Move it away, or give another --output"
        )
    copies.mkdir(exist_ok=True)
    note.write_text("Lessons as they were when a sweep began. gan-notebooks replaces them.\n")


def _refuse_what_is_in_the_way(runs, missing, folder, reports):
    """Raise SweepError where a file that `runs` would replace is none that a sweep has written."""
    for name in missing:
        for path in (folder / f"{name}.ipynb", partial(folder, name), _status_path(folder, name)):
            marks.refuse_foreign(path)
    for name in runs if reports else ():
        for ending in (".html", ".part.html"):
            marks.refuse_foreign(folder / f"{name}{ending}")


def _remove_halves(runs, folder):
    """Remove what was being written when its process was killed."""
    names = {HOLDER}
    for name in runs:
        names |= {f"{name}.json", f"{name}.part.ipynb", f"{name}.html", f"{name}.part.html"}
    tables.remove_temporaries(folder, names)


def _note_killed_runs(missing, folder):
    """A killed sweep has left the status "running": no run goes on now, since we have the lock."""
    for name in missing:
        status = read_status(folder, name)
        if status.get("status") == "running":
            _note_interruption(status, folder)


def _remove_result(folder, name):
    """An earlier result must not pass for that of a run which is done again."""
    marks.remove(folder / f"{name}.ipynb")
    marks.remove(_status_path(folder, name))


def _statuses(runs, copies, folder, *, again):
    """{run id: status} before anything is run: as stored where it is done, else no "status".

    With `again` none is done.
    """
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
        is_done = as_planned and not again and (folder / f"{name}.ipynb").exists()
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
    options = {"quiet": quiet, "timeout": timeout}
    with held_back() as interrupts:
        try:
            while waiting or running:
                while waiting and len(running) < jobs:
                    name = waiting.pop(0)
                    notebook, parameters = runs[name]
                    running[name] = start(notebook, partial(folder, name), parameters, **options)
                    yield name, None
                for name in list(running):
                    if running[name].ended():
                        yield name, running.pop(name).finish()
                interrupts.obey()
                time.sleep(POLL)
        finally:
            for process in running.values():
                process.stop()
            with contextlib.ExitStack() as ends:
                for process in running.values():
                    ends.callback(process.finish)


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
    error = result.error
    if not error:
        try:
            marks.refuse_foreign(folder / f"{name}.ipynb")  # it came while the run went on
            os.replace(partial(folder, name), folder / f"{name}.ipynb")
        except SweepError as failure:
            error = f"its end: {failure}"
    if error:
        tqdm.write(f"{name}: stopped in {error}")
    status["status"] = "failed" if error else "done"
    status |= {"error": error, "seconds": result.seconds}


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


def read_status(folder, name):
    """The status (dict) of a run in `folder`; {} where there is none or it cannot be read."""
    try:
        status = json.loads(read_text(_status_path(folder, name), LARGEST_STATUS))
    except (OSError, ValueError, RecursionError, CourseError):
        return {}
    return status if isinstance(status, dict) else {}


def _status_path(folder, name):
    return Path(folder) / f"{name}.json"


def _write_status(folder, status):
    tables.replace(_status_path(folder, status["run"]), json.dumps(status, indent=1))
