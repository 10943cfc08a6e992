"""Execute lessons with papermill, one process a notebook."""

import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path

import nbformat
import papermill
import papermill.engines
from traitlets.config import Config

from gan_helpers import threads
from gan_notebooks.notebooks import read_record

INTERRUPTED = "interrupted"
START_TIMEOUT = 600  # seconds for a kernel to start: a busy machine takes its time
POLL = 0.05  # seconds between two looks at a process


@dataclass
class Running:
    """A notebook that is being executed by a process of its own, since papermill changes the process's folder."""

    process: subprocess.Popen
    folder: tempfile.TemporaryDirectory  # its kernel's sockets, and at the end its error, or null
    output: Path
    began: float
    timeout: float | None
    cause: str | None = None  # why we ended it

    def ended(self):
        """Is its process gone? One that is out of time is ended here."""
        if (
            self.process.poll() is None
            and self.timeout
            and time.perf_counter() - self.began > self.timeout
        ):
            self.stop(f"out of time: the run had {self.timeout:g} seconds")
        return self.process.poll() is not None

    def stop(self, cause=INTERRUPTED):
        """End its process; its kernel notices and ends too."""
        if self.process.poll() is None:
            self.cause = cause
            self.process.kill()
            self.process.wait()

    def finish(self):
        """Once it has ended: {"error": str or None, "seconds": float} and what `read_record` finds."""
        record = {"error": None, "seconds": time.perf_counter() - self.began}
        self.process.stdin.close()
        with self.folder as folder:
            try:
                record["error"] = json.loads(Path(folder, "error.json").read_text(encoding="utf8"))
            except (OSError, ValueError):
                cause = self.cause or "its process ended without a word, perhaps for want of memory"
                record["error"] = stopped_in(self.output, cause)
        try:
            return record | read_record(self.output)
        except Exception as failure:  # half written on a full disk
            return record | {
                "error": record["error"]
                or f"its end: {self.output.name} cannot be read ({failure})"
            }


def start(notebook, output, parameters, *, quiet=False, kernel_name="python3", timeout=None):
    """Start to execute one notebook, on as many CPU threads as `threads.number` says. Returns a Running.

    papermill saves `output` before every code cell, so a run that fails, is stopped or has not ended after `timeout`
    seconds (None: any number) leaves its partial notebook.
    """
    # The kernel inherits them: what runs before `training.setup` obeys too.
    limits = dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS"), str(threads.number()))
    output = Path(output).resolve()
    output.parent.mkdir(parents=True, exist_ok=True)
    output.unlink(missing_ok=True)  # an earlier run's record must not pass for this one's
    folder = tempfile.TemporaryDirectory(
        prefix="kernel-", ignore_cleanup_errors=True
    )  # its kernel may end later
    began = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-m", "gan_notebooks.runner"],
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
    """Execute one notebook and wait; arguments as in `start`, result as in `Running.finish`.

    Ends it where `wanted()` turns false, and at Ctrl-C, which raises KeyboardInterrupt.
    """
    running = start(notebook, output, parameters, **options)
    try:
        while not running.ended() and wanted():
            time.sleep(POLL)
    finally:
        running.stop()
        record = running.finish()
    return record


class SparingManager(papermill.engines.NotebookExecutionManager):
    """Saves the notebook before each code cell and at the end.

    papermill saves twice for every cell, also for text: seconds in a lesson of 160 cells, and nothing that the next
    save would not hold.
    """

    sparing = False

    def cell_start(self, cell, cell_index=None, **options):
        self.sparing = cell.cell_type != "code"
        super().cell_start(cell, cell_index, **options)

    def cell_complete(self, cell, cell_index=None, **options):
        self.sparing = True
        super().cell_complete(cell, cell_index, **options)
        self.sparing = False

    def save(self, **options):
        if not self.sparing:
            super().save(**options)


def _execute_here():
    """What the process does that `start` starts. Its task comes as a line of JSON on the standard input."""
    task = json.loads(sys.stdin.readline())
    # Ctrl-C reaches this process too. In the middle of its talk with the kernel it could hang: the parent decides.
    signal.signal(signal.SIGINT, lambda signum, frame: None)
    threading.Thread(target=_end_with_the_parent, daemon=True).start()
    # TCP ports can collide when several kernels start at once; sockets in a folder of their own cannot.
    transport = (
        {}
        if os.name == "nt"
        else {"KernelManager": {"transport": "ipc", "ip": f"{task['folder']}/k"}}
    )
    papermill.engines.NotebookExecutionManager = SparingManager  # there is no option for it
    output, error = Path(task["output"]), None
    progress_bar = not task["quiet"] and {"desc": Path(task["notebook"]).stem, "ncols": 100}
    try:
        papermill.execute_notebook(
            task["notebook"],
            output,
            task["parameters"],
            kernel_name=task["kernel_name"],
            config=Config(transport),
            progress_bar=progress_bar,
            start_timeout=START_TIMEOUT,
        )
    except papermill.PapermillExecutionError as failure:
        error = f"cell [{failure.exec_count}]: {failure.ename}: {failure.evalue}"
    except (
        Exception
    ) as failure:  # a dead kernel, a full disk: the table shows it, the other lessons still run
        error = stopped_in(output, f"{type(failure).__name__}: {failure}")
    Path(task["folder"], "error.json").write_text(json.dumps(error), encoding="utf8")


def _end_with_the_parent():
    """The standard input ends when the parent does, also where that was killed: nobody would take the result."""
    while os.read(0, 1):
        pass
    os._exit(1)


def partial(folder, name):
    """Where the notebook of a run stands until the run is done."""
    return Path(folder) / f"{name}.part.ipynb"


def stopped_in(output, cause):
    """`cause` (str), with the cell that a run was in when it stopped: the last that papermill noted the start of."""
    try:
        cells = [
            cell
            for cell in nbformat.read(output, as_version=4).cells
            if cell.cell_type == "code" and cell.source
        ]
    except Exception:  # nothing was written, or half a file
        return f"its start: {cause}"
    started = [
        number
        for number, cell in enumerate(cells, 1)
        if cell.metadata.get("papermill", {}).get("start_time")
    ]
    return f"cell [{started[-1]}]: {cause}" if started else f"its start: {cause}"


if __name__ == "__main__":
    _execute_here()
