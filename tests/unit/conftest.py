"""A small lesson, a stand-in for the process that executes a notebook, and a line to a kernel."""

import contextlib
import io
import socket
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell
from papermill.iorw import load_notebook_node
from papermill.parameterize import parameterize_notebook

from gan_helpers import lesson as gan_lesson
from gan_notebooks import marks, runner, sweep
from tests import small_notebooks

GUARD = 600  # seconds until a wait for what never comes is given up: no measure of speed
SIZES = {"smoke": {"STEPS": 2}, "full": {"STEPS": 9}}
SETUP = "from gan_helpers.lesson import Lesson\nlesson = Lesson('07_small')"
CHECK = "lesson.parameters(globals(), STEPS=(int, 1, 10))\nprint('checked')"
END = "lesson.claim('steps are few', STEPS < 8)\nlesson.score(steps=STEPS)\nlesson.record()"


# Small notebooks


@pytest.fixture(scope="session")
def write_notebook():
    """A function that writes a notebook of some cells; a text stands for a code cell."""

    def write_notebook(path, *cells, sizes=None):
        return small_notebooks.write_notebook(path, *cells, sizes=SIZES if sizes is None else sizes)

    return write_notebook


@pytest.fixture(scope="session")
def write_lesson(write_notebook):
    """A function that writes the lesson 07_small into a folder: STEPS is 5, at most 10."""

    def write_lesson(folder, parameters="STEPS: int = 5  # steps", check=CHECK, end=END):
        title = new_markdown_cell("# 07 · Small")
        parameters = new_code_cell(parameters, metadata={"tags": ["parameters"]})
        return write_notebook(folder / "07_small.ipynb", title, SETUP, parameters, check, end)

    return write_lesson


@pytest.fixture
def lesson(tmp_path, write_lesson):
    return write_lesson(tmp_path)


# A kernel that waits


class Line:
    """A connection that a cell opens when it is reached, and is open while its kernel lives."""

    def __init__(self):
        self.server = socket.create_server(("127.0.0.1", 0))
        self.server.settimeout(GUARD)
        self.connection = None

    def cell(self):
        """The code of a cell that says it is reached, and then waits until it is ended."""
        address = ("127.0.0.1", self.server.getsockname()[1])
        return f"import socket\nline = socket.create_connection({address})\nline.recv(1)"

    def busy_cell(self):
        """The code of a cell that holds the interpreter for good: no thread of it hears anything.

        It has started a process in a session of its own, which keeps the connection open too.
        """
        address = ("127.0.0.1", self.server.getsockname()[1])
        return (
            f"import re, socket, subprocess\nline = socket.create_connection({address})\n"
            "options = {'pass_fds': [line.fileno()], 'start_new_session': True}\n"
            "process = subprocess.Popen(['sleep', '1000'], **options)\nline.send(b'!')\n"
            "re.match('(a+)+$', 'a' * 99 + 'b')"
        )

    def wait_until_reached(self):
        self.connection, _ = self.server.accept()
        self.connection.settimeout(GUARD)

    def wait_until_busy(self):
        self.wait_until_reached()
        assert self.connection.recv(1) == b"!"

    def wait_until_the_kernel_is_gone(self):
        with contextlib.suppress(ConnectionResetError):  # Windows says it this way
            assert self.connection.recv(1) == b""

    def close(self):
        if self.connection:
            self.connection.close()
        self.server.close()


@pytest.fixture
def line():
    line = Line()
    yield line
    line.close()


# A stand-in for the process


class DoneHere:
    """As a Running of `runner.start`, for a notebook that has been executed already."""

    def __init__(self, error):
        self.error = error

    def ended(self):
        return True

    def stop(self, cause=runner.INTERRUPTED):
        pass

    def finish(self):
        return runner.Result(self.error, 0.1)


@pytest.fixture
def here(monkeypatch):
    """Notebooks are executed in this process, at once: a kernel takes seconds.

    Gives the names of the runs that were started (list of str). That a kernel leaves the same is
    tested in test_runner.py.
    """
    started = []

    def start(notebook, output, parameters, **options):
        output = Path(output).resolve()
        output.parent.mkdir(parents=True, exist_ok=True)
        marks.remove(output)
        started.append(output.name.removesuffix(".ipynb").removesuffix(".part"))
        executed = load_notebook_node(str(notebook))
        if parameters:
            executed = parameterize_notebook(executed, parameters)
        marks.mark(executed)
        error = execute_cells(executed, monkeypatch)
        nbformat.write(executed, output)
        return DoneHere(error)

    monkeypatch.setattr(runner, "start", start)
    monkeypatch.setattr(sweep, "start", start)
    return started


def execute_cells(notebook, monkeypatch):
    """Execute the code cells and give them their outputs. Returns the error (str) or None."""
    new_output = nbformat.v4.new_output
    namespace = {"In": [""]}
    code_cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    for number, cell in enumerate(code_cells, 1):
        outputs = []

        def display(data, raw, metadata=None, outputs=outputs):
            outputs.append(new_output("display_data", data=data, metadata=metadata or {}))

        monkeypatch.setattr(gan_lesson, "display", display)
        namespace["In"].append(cell.source)
        cell.execution_count = number
        cell.metadata["papermill"] = {"start_time": "now"}  # `stopped_in` looks for it
        printed = io.StringIO()
        error = None
        with contextlib.redirect_stdout(printed):
            try:
                exec(cell.source, namespace)
            except Exception as failure:
                error = failure
        if printed.getvalue():
            outputs.insert(0, new_output("stream", name="stdout", text=printed.getvalue()))
        if error:
            name = type(error).__name__
            text = f"{name}: {error}"
            outputs.append(new_output("error", ename=name, evalue=str(error), traceback=[text]))
        cell.outputs = outputs
        if error:
            return f"cell [{number}]: {text}"
    return None
