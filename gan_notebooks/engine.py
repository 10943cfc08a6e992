"""What the process does that `runner.start` starts: one notebook, by papermill.

`python -m gan_notebooks.engine FOLDER …` reads its task as a line of JSON from the standard input,
which stays open as long as the parent lives. Its answer, the error or null, is a file of JSON in
the folder that the task names. The folders are the run's own (`scratch.RunFolders`): where the
parent is gone, this process ends the kernel and removes them.
"""

import json
import os
import shutil
import signal
import sys
import threading
from pathlib import Path

import papermill
from ipykernel.kernelspec import RESOURCES, get_kernel_dict
from jupyter_client import AsyncKernelManager
from jupyter_client.kernelspec import NATIVE_KERNEL_NAME, KernelSpec, KernelSpecManager
from papermill import engines, iorw
from traitlets import default
from traitlets.config import Config

from gan_helpers import tables
from gan_notebooks import interrupts, marks, processes, scratch
from gan_notebooks.notebooks import path_for_papermill, stopped_in
from gan_notebooks.runner import ERROR_FILE

NAME = "adversarial-digits"
# Held while a notebook is written and while a kernel starts, and for good when this process ends.
BUSY = threading.Lock()
START_TIMEOUT = 600  # seconds for a kernel to start: a busy machine takes its time


class SparingManager(engines.NotebookExecutionManager):
    """Saves the notebook before each code cell and at the end.

    papermill saves twice for every cell, also for text: seconds in a lesson of 160 cells, and
    nothing that the next save would not hold.
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


class SparingEngine(engines.NBClientEngine):
    """papermill's engine, with a SparingManager."""

    @classmethod
    def execute_notebook(cls, nb, kernel_name, *, output_path, progress_bar, **options):
        """Execute `nb` (NotebookNode) and return it; papermill calls this, by keyword."""
        marks.mark(nb)
        manager = SparingManager(nb, output_path=output_path, progress_bar=progress_bar)
        manager.notebook_start()
        try:
            cls.execute_managed_notebook(manager, kernel_name, **options)
        finally:
            manager.cleanup_pbar()
            manager.notebook_complete()  # saves for the last time
        return manager.nb


class OwnPython(KernelSpecManager):
    """Where `python3` is this interpreter, wherever a kernelspec of that name points.

    Those that other projects have installed for the user, or that JUPYTER_PATH leads to, go before
    the one of an environment.
    """

    def get_kernel_spec(self, kernel_name):
        """The KernelSpec of that name. Raises NoSuchKernel where there is none."""
        if kernel_name == NATIVE_KERNEL_NAME:
            return KernelSpec(resource_dir=RESOURCES, **get_kernel_dict())
        return super().get_kernel_spec(kernel_name)


class OwnKernels(AsyncKernelManager):
    """Starts and ends kernels as ever, but `python3` is this interpreter.

    None starts when this process is about to end: nobody would end it.
    """

    @default("kernel_spec_manager")
    def _own_python(self):
        return OwnPython(data_dir=self.data_dir)

    async def start_kernel(self, **options):
        """Start it, with the `options` of its class."""
        with BUSY:
            await super().start_kernel(**options)


class WholeFiles(iorw.LocalHandler):
    """papermill's way to files, but at every moment the old or the new notebook is whole."""

    def write(self, buf, path):
        with BUSY:
            tables.replace(path, buf)


engines.papermill_engines.register(NAME, SparingEngine)
iorw.papermill_io.register("", WholeFiles())  # for paths that begin with this: for all


def execute(task):
    """Execute one notebook. Returns the error (str), None where all is well.

    `task`: the dict that `runner.start` makes.
    """
    output = Path(task["output"])
    bar = {"desc": Path(task["notebook"]).stem, "ncols": 100}
    try:
        papermill.execute_notebook(
            path_for_papermill(task["notebook"]),
            path_for_papermill(output),
            task["parameters"],
            engine_name=NAME,
            kernel_name=task["kernel_name"],
            config=_kernel_config(task["sockets"]),
            kernel_manager_class=OwnKernels,
            progress_bar=False if task["quiet"] else bar,
            start_timeout=START_TIMEOUT,
        )
    except papermill.PapermillExecutionError as failure:
        return f"cell [{failure.exec_count}]: {failure.ename}: {failure.evalue}"
    except Exception as failure:  # a dead kernel, a full disk: the other lessons still run
        return stopped_in(output, f"{type(failure).__name__}: {failure}")
    return None


def _kernel_config(sockets):
    """How to talk to the kernel: by sockets in the folder `sockets`. Where that is None, by TCP.

    TCP ports can collide when several kernels start at once: jupyter_client lets go of a port
    before the kernel takes it, and knows no other way. Sockets in a folder of their own cannot.
    """
    if sockets is None:
        return Config()
    return Config({"KernelManager": {"transport": "ipc", "ip": f"{sockets}/{scratch.SOCKET}"}})


def _end_with_the_parent(folders):
    """The standard input ends when the parent does, also where that was killed.

    Nobody would take the result, and the kernel would write into the notebook of the next try.
    """
    while os.read(0, 1):
        pass
    _end_alone(folders)


def _end_alone(folders):
    """End what runs of this run, remove its `folders` (the first is the run's mark), and end."""
    BUSY.acquire(timeout=processes.PATIENCE)  # a disk may hang
    processes.end(folders[0])
    for folder in folders:
        scratch.clear(folder)
        shutil.rmtree(folder, ignore_errors=True)
    os._exit(1)


def _leave_signals_to_the_parent():
    """Whoever ends a whole session or job sends its signal to this process too.

    In the middle of its talk with the kernel it could hang. And a process in the background may
    write to its terminal, even where `stty tostop` holds.
    """
    for number in interrupts.INTERRUPTS:
        signal.signal(number, lambda signum, frame: None)
    if processes.IS_POSIX:
        signal.signal(signal.SIGTTOU, signal.SIG_IGN)


def main():
    _leave_signals_to_the_parent()
    folders = sys.argv[1:]
    line = sys.stdin.readline()
    if not line:  # the parent was killed before it could say what to do
        _end_alone(folders)
    task = json.loads(line)
    threading.Thread(target=_end_with_the_parent, args=[folders], daemon=True).start()
    error = execute(task)
    with BUSY:  # what the cells have started is ended here, too: the parent may be killed meanwhile
        processes.end(folders[0])
        Path(task["folder"], ERROR_FILE).write_text(json.dumps(error), encoding="utf8")
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)  # the interpreter's own end would leave nobody to look for the parent


if __name__ == "__main__":
    main()
