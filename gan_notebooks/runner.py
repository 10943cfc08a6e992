"""Execute lessons with papermill, one process a notebook (`gan_notebooks.engine`)."""

import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from gan_helpers import threads
from gan_notebooks.notebooks import stopped_in

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
    folder: tempfile.TemporaryDirectory  # its kernel's sockets, and at the end its error, or null
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
        """End its process; its kernel notices and ends too."""
        if self.process.poll() is None:
            self.cause = cause
            self.process.kill()
            self.process.wait()

    def finish(self):
        """The Result, once it has ended."""
        seconds = time.perf_counter() - self.began
        self.process.stdin.close()
        with self.folder as folder:
            try:
                text = Path(folder, ERROR_FILE).read_text(encoding="utf8")
                return Result(json.loads(text), seconds)
            except (OSError, ValueError):  # it came to no end
                cause = self.cause or "its process ended without a word, perhaps for want of memory"
                return Result(stopped_in(self.output, cause), seconds)


def start(notebook, output, parameters, *, quiet=False, kernel_name="python3", timeout=None):
    """Start to execute one notebook, on as many CPU threads as `threads.number` says.

    Returns a Running. papermill saves `output` before every code cell, so a run that fails, is
    stopped or has not ended after `timeout` seconds (None: any number) leaves its partial notebook.
    """
    # The kernel inherits them: what runs before `training.setup` obeys too.
    limits = dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS"), str(threads.number()))
    output = Path(output).resolve()
    output.parent.mkdir(parents=True, exist_ok=True)
    output.unlink(missing_ok=True)  # an earlier run's record must not pass for this one's
    # Its kernel may end later, and leave something there after all.
    folder = tempfile.TemporaryDirectory(prefix="kernel-", ignore_cleanup_errors=True)
    began = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-m", "gan_notebooks.engine"],
        stdin=subprocess.PIPE,
        env=os.environ | limits,
    )
    task = {
        "notebook": str(Path(notebook).resolve()),
        "output": str(output),
        "parameters": parameters,
        "quiet": quiet,
        "kernel_name": kernel_name,
        "folder": folder.name,
    }
    process.stdin.write(json.dumps(task).encode() + b"\n")
    process.stdin.flush()
    return Running(process, folder, output, began, timeout)


def execute(notebook, output, parameters, *, wanted=lambda: True, **options):
    """Execute one notebook and wait. Arguments as in `start`; returns the Result.

    Ends it where `wanted()` turns false, and at Ctrl-C, which raises KeyboardInterrupt.
    """
    running = start(notebook, output, parameters, **options)
    try:
        while not running.ended() and wanted():
            time.sleep(POLL)
    finally:
        running.stop()
        result = running.finish()
    return result


def partial(folder, name):
    """Where the notebook of a run stands until the run is done."""
    return Path(folder) / f"{name}.part.ipynb"
