"""A stand-in for the process that executes a notebook."""

import contextlib
import io
from pathlib import Path

import nbformat
import pytest
from papermill.iorw import load_notebook_node
from papermill.parameterize import parameterize_notebook

from gan_helpers import lesson
from gan_notebooks import notebooks, runner, sweep


class DoneHere:
    """As a Running of `runner.start`, for a notebook that has been executed already."""

    def __init__(self, output, error):
        self.output = output
        self.error = error

    def ended(self):
        return True

    def stop(self, cause=runner.INTERRUPTED):
        pass

    def finish(self):
        return {"error": self.error, "seconds": 0.1} | notebooks.read_record(self.output)


@pytest.fixture
def here(monkeypatch):
    """Notebooks are executed in this process, at once: a kernel takes seconds.

    Gives the names of the runs that were started (list of str). That a kernel leaves the same is
    tested in test_batch.py.
    """
    started = []

    def start(notebook, output, parameters, **options):
        output = Path(output).resolve()
        output.parent.mkdir(parents=True, exist_ok=True)
        output.unlink(missing_ok=True)
        started.append(output.name.removesuffix(".ipynb").removesuffix(".part"))
        executed = load_notebook_node(str(notebook))
        if parameters:
            executed = parameterize_notebook(executed, parameters)
        error = execute_cells(executed, monkeypatch)
        nbformat.write(executed, output)
        return DoneHere(output, error)

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

        monkeypatch.setattr(lesson, "display", display)
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
