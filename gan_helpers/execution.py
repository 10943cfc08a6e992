"""Find the lessons and execute them with papermill, one process a notebook; read what they recorded."""

import ast
import multiprocessing
import multiprocessing.connection
import os
import signal
import tempfile
import time
from dataclasses import dataclass
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


def default_parameters(notebook):
    """The values (dict) in the cell tagged `parameters`."""
    for cell in nbformat.read(notebook, as_version=4).cells:
        if "parameters" in cell.metadata.get("tags", []):
            return {node.target.id: ast.literal_eval(node.value) for node in ast.parse(cell.source).body
                    if isinstance(node, ast.AnnAssign)}
    raise ValueError(f"{notebook} has no cell tagged parameters")


def parameter_specs(notebook):
    """The parameters of a lesson and what they may be (dict), read from its cell that checks them.

    They are what `Lesson.parameters` is called with, so a sweep refuses a bad value before anything starts.
    """
    for cell in nbformat.read(notebook, as_version=4).cells:
        if cell.cell_type == "code" and "lesson.parameters(" in cell.source:
            call = next(node for node in ast.walk(ast.parse(cell.source)) if isinstance(node, ast.Call)
                        and getattr(node.func, "attr", "") == "parameters")
            types = {"__builtins__": {}, "int": int, "float": float, "bool": bool, "str": str}
            return {keyword.arg: eval(compile(ast.Expression(keyword.value), "specs", "eval"), types)
                    for keyword in call.keywords}
    raise ValueError(f"{notebook} has no cell that calls lesson.parameters")


@dataclass
class Running:
    """A notebook that is being executed by a process of its own, since papermill changes the process's folder."""

    process: multiprocessing.Process
    receiver: multiprocessing.connection.Connection  # the error, or None, arrives here
    sockets: tempfile.TemporaryDirectory
    output: Path
    began: float

    def finish(self):
        """Wait for the end. Returns {"error": str or None, "seconds": float} and what `read_record` finds."""
        with self.sockets:
            try:
                error = self.receiver.recv()
            except EOFError:
                error = "its process: it ended without a word, perhaps for want of memory"
            except KeyboardInterrupt:
                error = INTERRUPTED
                self.process.terminate()  # its kernel notices and ends too
            self.process.join()
        record = {"error": error, "seconds": time.perf_counter() - self.began}
        try:
            return record | read_record(self.output)
        except Exception as failure:  # half written on a full disk
            return record | {"error": error or f"its end: {self.output.name} cannot be read ({failure})"}

    def stop(self):
        self.process.terminate()
        with self.sockets:
            self.process.join()


def start(notebook, output, parameters, *, quiet=False, kernel_name="python3", threads=None):
    """Start to execute one notebook, on `threads` CPU threads (None: torch's choice). Returns a Running.

    papermill saves `output` after every cell, so a run that fails or is stopped leaves its partial notebook.
    """
    output = Path(output).resolve()
    output.parent.mkdir(parents=True, exist_ok=True)
    output.unlink(missing_ok=True)  # an earlier run's record must not pass for this one's
    context = multiprocessing.get_context("spawn")
    receiver, sender = context.Pipe(duplex=False)
    sockets = tempfile.TemporaryDirectory(prefix="kernel-")
    began = time.perf_counter()
    process = context.Process(target=_execute_here, args=(sender, Path(notebook).resolve(), output, parameters, quiet,
                                                          kernel_name, sockets.name, threads))
    process.start()
    sender.close()  # so that recv notices when the process is gone
    return Running(process, receiver, sockets, output, began)


def execute(notebook, output, parameters, **options):
    """Execute one notebook and wait; arguments as in `start`, result as in `Running.finish`."""
    return start(notebook, output, parameters, **options).finish()


def _execute_here(sender, notebook, output, parameters, quiet, kernel_name, sockets, threads):
    if threads:  # the kernel inherits them: several at once must not fight for the cores
        os.environ.update(dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS"), str(threads)))
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
