"""Execute lessons with papermill, one process a notebook (`gan_notebooks.engine`)."""

import contextlib
import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from tqdm import tqdm

from gan_helpers import tables, threads
from gan_notebooks import marks, processes
from gan_notebooks.errors import SweepError
from gan_notebooks.interrupts import held_back
from gan_notebooks.notebooks import stopped_in
from gan_notebooks.scratch import RunFolders

INTERRUPTED = "interrupted"
ERROR_FILE = "error.json"  # in the folder that a process is given
POLL = 0.05  # seconds between two looks at a process


class Result(NamedTuple):
    """How a run ended. What the lesson recorded, `notebooks.read_record` reads."""

    error: str | None
    seconds: float


@dataclass
class Running:
    """A notebook that a process of its own executes: papermill changes the process's folder."""

    process: subprocess.Popen
    folders: RunFolders  # its kernel's sockets and keys, and at the end its error, or null
    output: Path
    began: float
    timeout: float | None
    cause: str | None = None  # why we ended it

    def ended(self):
        """Is its process gone? One that is out of time is ended here."""
        if self.process.poll() is None and self._is_out_of_time():
            self.stop(f"out of time: the run had {self.timeout:g} seconds")
        return self.process.poll() is not None

    def _is_out_of_time(self):
        return bool(self.timeout) and time.perf_counter() - self.began > self.timeout

    def stop(self, cause=INTERRUPTED):
        """End its process, where that still runs; `finish` ends its kernel."""
        if self.process.poll() is None:
            self.cause = cause
            processes.end_tree(self.process)

    def finish(self):
        """The Result, once its process has ended. Then nothing of the run is left but its notebook.

        The kernel and what it has started are ended here where that did not happen before. A
        process that could not be ended is told on the standard error.
        """
        seconds = time.perf_counter() - self.began
        with contextlib.suppress(OSError):  # what was to be written to it: it is gone
            self.process.stdin.close()
        for pid in processes.end(self.folders.path):  # of a cell, or of a process that was killed
            told = f"{self.output}: its process {pid} could not be ended: end it by kill -9 {pid}"
            tqdm.write(told, file=sys.stderr)
        tables.remove_temporaries(self.output.parent, {self.output.name})
        error = self._error()
        self.folders.remove()
        return Result(error, seconds)

    def _error(self):
        try:
            text = Path(self.folders.path, ERROR_FILE).read_text(encoding="utf8")
            return json.loads(text)
        except (OSError, ValueError):  # it came to no end
            cause = self.cause or "its process ended without a word, perhaps for want of memory"
            return stopped_in(self.output, cause)


def start(notebook, output, parameters, *, quiet=False, kernel_name="python3", timeout=None):
    """Start to execute one notebook, on as many CPU threads as `threads.number` says.

    Returns a Running. papermill saves `output` before every code cell, so a run that fails, is
    stopped or has not ended after `timeout` seconds (None: any number) leaves its partial notebook.
    Raises SweepError where a file is in the way of `output` that no run has written, and where
    there is no place for a kernel's sockets.
    """
    # The kernel inherits them: what runs before `training.setup` obeys too.
    limits = dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS"), str(threads.number()))
    output = Path(os.path.abspath(output))
    output.parent.mkdir(parents=True, exist_ok=True)
    if output.exists() and os.path.exists(notebook) and os.path.samefile(notebook, output):
        raise SweepError(f"{output} is the notebook that is to be run: give another place")
    marks.remove(output)  # an earlier run's record must not pass for this one's
    folders = RunFolders()
    task = {
        "notebook": str(Path(notebook).resolve()),
        "output": str(output),
        "parameters": parameters,
        "quiet": quiet,
        "kernel_name": kernel_name,
        "folder": str(folders.path),
        "sockets": folders.sockets and str(folders.sockets),
    }
    began = time.perf_counter()
    try:
        process = _start_process(folders, os.environ | limits | folders.environment)
    except BaseException:
        folders.remove()
        raise
    running = Running(process, folders, output, began, timeout)
    try:
        with contextlib.suppress(BrokenPipeError):  # it has ended already, as `finish` will say
            process.stdin.write(json.dumps(task).encode() + b"\n")
            process.stdin.flush()
    except BaseException:
        running.stop()
        running.finish()
        raise
    return running


def _start_process(folders, environment):
    """The process (Popen) that executes a notebook; it is told its task by a line.

    In a group of its own, which Ctrl-C in a terminal does not reach: who started it decides.
    """
    return subprocess.Popen(
        [sys.executable, "-m", "gan_notebooks.engine", *folders.every],
        stdin=subprocess.PIPE,
        env=environment,
        process_group=0 if processes.IS_POSIX else None,
    )


def execute(notebook, output, parameters, *, wanted=lambda: True, **options):
    """Execute one notebook and wait. Arguments as in `start`; returns the Result.

    Ends it where `wanted()` turns false, and at Ctrl-C, which raises KeyboardInterrupt.
    """
    with held_back() as interrupts:
        running = start(notebook, output, parameters, **options)
        try:
            while not running.ended() and wanted():
                interrupts.obey()
                time.sleep(POLL)
        finally:
            running.stop()
            result = running.finish()
    return result


def partial(folder, name):
    """Where the notebook of a run stands until the run is done."""
    return Path(folder) / f"{name}.part.ipynb"
