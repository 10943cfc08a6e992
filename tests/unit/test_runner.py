"""runner.py and engine.py: one notebook in a process of its own, and what can happen to it."""

import concurrent.futures
import io
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import types
from pathlib import Path

import jupyter_client
import nbformat
import papermill.engines
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from gan_notebooks import engine, notebooks, processes, runner
from gan_notebooks.errors import SweepError
from gan_notebooks.scratch import RunFolders


def outputs(cells):
    return [output for cell in cells for output in cell.get("outputs", [])]


def texts(path):
    """What the cells of the notebook in a file show, as plain text."""
    shown = outputs(nbformat.read(path, 4).cells)
    return [output.get("text") or output.get("data", {}).get("text/plain") for output in shown]


@pytest.fixture(scope="module")
def two_runs(tmp_path_factory, write_lesson):
    """The folder and the Results of two runs at once, of STEPS 2 and 9: `out/2.ipynb`, …"""
    folder = tmp_path_factory.mktemp("two {runs}")  # to papermill, a format string
    lesson = write_lesson(folder)
    temporary = folder.with_name("t" * 110)  # no socket's path can be so long
    temporary.mkdir()

    def run(steps):
        output = folder / f"out/{steps}.ipynb"
        return runner.execute(lesson, output, {"STEPS": steps}, quiet=True)

    with pytest.MonkeyPatch.context() as patch, concurrent.futures.ThreadPoolExecutor(2) as pool:
        patch.chdir(folder)
        patch.setattr(tempfile, "tempdir", str(temporary))
        results = list(pool.map(run, (2, 9)))
    assert list(temporary.iterdir()) == [], "left behind"
    return folder, results


def test_a_run_leaves_its_record(two_runs):
    folder, results = two_runs
    record = notebooks.read_record(folder / "out/9.ipynb")
    assert results[1].error is None and results[1].seconds > record["timings"]["seconds"] > 0
    values = record["values"]
    assert values["parameters"] == {"STEPS": 9} and values["scores"] == {"steps": 9}
    assert values["claims"] == [{"sentence": "steps are few", "holds": False, "kind": "exact"}]
    assert "torch" in record["timings"]["versions"]


def test_several_runs_at_once_in_one_folder(two_runs):
    folder, results = two_runs
    assert [result.error for result in results] == [None] * 2
    records = [notebooks.read_record(folder / f"out/{steps}.ipynb") for steps in (2, 9)]
    assert [record["values"]["scores"]["steps"] for record in records] == [2, 9]
    left = sorted(path.name for path in folder.iterdir())
    assert left == ["07_small.ipynb", "out"], "sockets left behind"


def test_an_earlier_record_does_not_pass_for_this_runs(two_runs, tmp_path):
    out = tmp_path / "out.ipynb"
    shutil.copy(two_runs[0] / "out/9.ipynb", out)
    assert "values" in notebooks.read_record(out)
    error = runner.execute(tmp_path / "missing.ipynb", out, {}, quiet=True).error
    assert error.startswith("its start: FileNotFoundError")
    assert notebooks.read_record(out) == {}


def test_the_stand_in_leaves_what_a_kernel_leaves(two_runs, lesson, tmp_path, here):
    """Most tests of sweeps and tables rest on it (conftest.py)."""
    out = tmp_path / "out.ipynb"
    of_a_kernel = two_runs[0] / "out/9.ipynb"
    result = runner.execute(lesson, out, {"STEPS": 9}, quiet=True)
    assert here == ["out"]
    assert type(result) is type(two_runs[1][1]) and result.error is None
    records = [notebooks.read_record(path) for path in (out, of_a_kernel)]
    assert records[0]["values"] == records[1]["values"]
    assert records[0]["timings"].keys() == records[1]["timings"].keys()
    sources = [
        [cell.source for cell in nbformat.read(path, 4).cells] for path in (out, of_a_kernel)
    ]
    assert sources[0] == sources[1]
    assert texts(out) == texts(of_a_kernel)


# Kernelspecs


@pytest.fixture
def give_kernelspec(tmp_path, monkeypatch):
    """A function that puts a `python3` before that of this environment. `text`: of its file."""

    def give_kernelspec(text):
        folder = tmp_path / "jupyter" / "kernels" / "python3"
        folder.mkdir(parents=True)
        (folder / "kernel.json").write_text(text)
        monkeypatch.setenv("JUPYTER_PATH", str(tmp_path / "jupyter"))

    return give_kernelspec


def kernelspec(program):
    argv = [program, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    return json.dumps({"argv": argv, "display_name": "Another", "language": "python"})


@pytest.mark.parametrize("text", [kernelspec("/no/python"), kernelspec("true"), "{", ""])
def test_python3_is_this_interpreter_whatever_a_kernelspec_says(text, give_kernelspec):
    give_kernelspec(text)
    own = engine.OwnKernels(kernel_name="python3").kernel_spec
    assert own.argv[0] == sys.executable and own.language == "python"
    try:
        others = jupyter_client.AsyncKernelManager(kernel_name="python3").kernel_spec.argv[0]
    except ValueError:  # no JSON
        others = None
    assert others in ("/no/python", "true", None), "this would have started"


def test_another_kernelspec_is_taken_by_its_name(tmp_path, give_kernelspec):
    give_kernelspec(kernelspec("/no/python"))
    kernels = tmp_path / "jupyter" / "kernels"
    shutil.copytree(kernels / "python3", kernels / "colab")
    assert engine.OwnKernels(kernel_name="colab").kernel_spec.argv[0] == "/no/python"
    with pytest.raises(jupyter_client.kernelspec.NoSuchKernel):
        _ = engine.OwnKernels(kernel_name="nowhere").kernel_spec


def test_a_run_takes_this_interpreter(tmp_path, write_notebook, give_kernelspec):
    give_kernelspec(kernelspec("/no/python"))
    path = write_notebook(tmp_path / "in.ipynb", "import sys\nprint(sys.executable)")
    notebook = nbformat.read(path, 4)
    notebook.metadata.kernelspec.name = "nowhere"
    nbformat.write(notebook, path)
    out = tmp_path / "out.ipynb"
    assert runner.execute(path, out, {}, quiet=True).error is None
    assert texts(out) == [f"{sys.executable}\n"]


# Parameters


def test_bad_parameters_stop_plain_papermill_before_training(lesson, tmp_path):
    """With papermill's own command line, which by itself only warns of an unknown name."""
    out = tmp_path / "out.ipynb"
    command = [sys.executable, "-m", "papermill", lesson, out, "-y", '{"steps": 3}']
    result = subprocess.run(command, capture_output=True, text=True)
    assert result.returncode != 0
    shown = outputs(nbformat.read(out, 4).cells)
    (error,) = [output for output in shown if output.output_type == "error"]
    assert error.ename == "ParameterError"
    assert re.search("no parameter 'steps'.*Did you mean 'STEPS'", error.evalue)
    assert "checked\n" not in texts(out), "went on after the check"


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"STEP": 3}, "no parameter 'STEP'.*Did you mean 'STEPS'"),
        ({"steps": 3}, "no parameter 'steps'.*Did you mean 'STEPS'"),
        ({"STEPS": 11}, "STEPS must lie in 1 … 10, got 11"),
        ({"STEPS": "3"}, "STEPS must be int, got '3'"),
    ],
)
def test_injected_parameters_that_are_bad_are_named(lesson, tmp_path, here, parameters, message):
    out = tmp_path / "out.ipynb"
    error = runner.execute(lesson, out, parameters, quiet=True).error
    assert re.search("ParameterError: .*" + message, error)
    assert "checked\n" not in texts(out), "went on after the check"


# What ends a run early


def test_an_error_is_named_and_the_partial_notebook_kept(tmp_path, write_notebook, request):
    notebook = write_notebook(tmp_path / "07.ipynb", "1", "print('so far')", "1 / 0", "2")

    def run():
        result = runner.execute(notebook, tmp_path / "out.ipynb", {}, quiet=True)
        assert result.error == "cell [3]: ZeroDivisionError: division by zero"
        assert "so far\n" in texts(tmp_path / "out.ipynb")

    run()
    request.getfixturevalue("here")
    run()  # so does the stand-in


def test_a_dead_kernel_is_reported(tmp_path, write_notebook):
    cells = [new_markdown_cell("text"), "1", "import os\nos._exit(1)", "2"]
    notebook = write_notebook(tmp_path / "07.ipynb", *cells)
    error = runner.execute(notebook, tmp_path / "out.ipynb", {}, quiet=True).error
    assert error.startswith("cell [2]: DeadKernelError")


@pytest.mark.skipif(os.name == "nt", reason="kills the parent of a process")
def test_a_killed_process_is_reported(tmp_path, write_notebook):
    kill = "import os, signal\nos.kill(os.getppid(), signal.SIGKILL)"
    notebook = write_notebook(tmp_path / "07.ipynb", "print('so far')", kill)
    error = runner.execute(notebook, tmp_path / "out.ipynb", {}, quiet=True).error
    assert re.match(r"cell \[2\]: .* ended without a word", error)
    assert "so far\n" in texts(tmp_path / "out.ipynb")


def test_a_run_out_of_time_is_ended_and_keeps_its_notebook(tmp_path, write_notebook, line):
    """The kernel too, though it hears nothing. (On Windows such a one may stay.)"""
    is_windows = os.name == "nt"
    cell = line.cell() if is_windows else line.busy_cell()
    notebook = write_notebook(tmp_path / "07.ipynb", "print('so far')", cell, "1")
    running = runner.start(notebook, tmp_path / "out.ipynb", {}, quiet=True, timeout=7000)
    line.wait_until_reached() if is_windows else line.wait_until_busy()
    assert not running.ended()
    running.began -= 7000  # as if so much time had passed
    assert running.ended()
    result = running.finish()
    assert result.error == "cell [2]: out of time: the run had 7000 seconds"
    assert result.seconds > 7000
    assert "so far\n" in texts(tmp_path / "out.ipynb")
    line.wait_until_the_kernel_is_gone()


@pytest.mark.skipif(os.name == "nt", reason="kills a process group's leader")
def test_a_run_ends_when_who_started_it_is_killed(tmp_path, write_notebook, line):
    """Else its kernel would go on, and write into the notebook of the next try.

    Its process is stopped: the system wakes it up.
    """
    notebook = write_notebook(tmp_path / "07.ipynb", line.busy_cell())
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    code = (
        "import os, signal, sys, time, psutil\nfrom gan_notebooks import runner\n"
        "run = runner.start(*sys.argv[1:], {}, quiet=True)\nsys.stdin.readline()\n"
        "os.kill(run.process.pid, signal.SIGSTOP)\n"
        # On a busy machine it stops later; the system wakes up only what has stopped.
        "while psutil.Process(run.process.pid).status() != 'stopped': time.sleep(0.01)\n"
        "os.kill(os.getpid(), signal.SIGKILL)"
    )
    command = [sys.executable, "-c", code, notebook, tmp_path / "out.ipynb"]
    own = os.environ | {"TMPDIR": str(temporary)}
    parent = subprocess.Popen(command, cwd=tmp_path, env=own, stdin=subprocess.PIPE)
    line.wait_until_busy()
    parent.communicate(b"\n")
    line.wait_until_the_kernel_is_gone()
    deadline = time.monotonic() + 600  # a busy machine takes its time
    while list(temporary.iterdir()):
        assert time.monotonic() < deadline
        time.sleep(runner.POLL)


def test_a_notebook_in_the_way_is_left_alone(tmp_path, write_notebook):
    """Before a process is started: an error of `start` itself."""
    notebook = write_notebook(tmp_path / "07.ipynb", "1")
    other = shutil.copy(notebook, tmp_path / "out.ipynb")
    for output, message in ((other, "out.ipynb is in the way"), (notebook, "is to be run")):
        before = Path(output).read_bytes()
        with pytest.raises(SweepError, match=message):
            runner.start(notebook, output, {})
        assert Path(output).read_bytes() == before
    link = tmp_path / "link.ipynb"
    link.symlink_to(notebook)
    with pytest.raises(SweepError, match="is to be run"):
        runner.start(notebook, link, {})
    assert link.is_symlink() and notebook.exists()


# The end of a run, without one


@pytest.fixture
def ended(tmp_path):
    """A Running whose process has ended a second ago, with a damaged notebook."""
    output = tmp_path / "out.ipynb"
    output.write_text("{")
    process = types.SimpleNamespace(stdin=io.BytesIO())
    return runner.Running(process, RunFolders(), output, time.perf_counter() - 1, None)


def test_what_the_process_left_is_its_error_and_nobody_reads_the_notebook(ended):
    Path(ended.folders.path, runner.ERROR_FILE).write_text("null")
    result = ended.finish()
    assert result.error is None and 1 <= result.seconds < 60
    assert not ended.folders.path.exists() and ended.process.stdin.closed


def test_a_process_that_cannot_be_ended_is_told(ended, monkeypatch, capsys):
    monkeypatch.setattr(processes, "end", lambda folder: [4711])
    ended.finish()
    assert "out.ipynb: its process 4711 could not be ended" in capsys.readouterr().err


def test_half_a_save_of_a_killed_process_is_removed(ended):
    folder = ended.output.parent
    (folder / "out.ipynb.0123abcd.part").touch()
    others = ["out.ipynb.notes.part", "out2.ipynb.0123abcd.part", "out.ipynb.0123abcd.part.txt"]
    for name in others:
        (folder / name).touch()
    ended.finish()
    assert sorted(path.name for path in folder.iterdir()) == sorted(["out.ipynb", *others])


@pytest.mark.parametrize("text", ["", "{"])  # killed, or on a full disk
def test_a_process_that_left_no_error_did_not_come_to_its_end(ended, text):
    Path(ended.folders.path, runner.ERROR_FILE).write_text(text)
    assert re.match("its start: .*ended without a word", ended.finish().error)


# The engine

# The parent is gone when the kernel is about to start, which then takes its time.
ABANDONED = """
import threading, time
from gan_notebooks import engine, processes
has_looked = threading.Event()
look = processes.end
begin = engine.OwnKernels.__init__

def end(folder):
    look(folder)
    has_looked.set()
    time.sleep(2)
    print("left:", processes.find(folder), flush=True)

def begin_late(self, **options):
    print("about to start", flush=True)
    has_looked.wait()
    begin(self, **options)

processes.end = end
engine.OwnKernels.__init__ = begin_late
engine.main()
"""


@pytest.mark.skipif(os.name == "nt", reason="Windows does not tell a run's processes")
def test_an_abandoned_engine_starts_no_kernel_after_it_has_looked_for_one(
    tmp_path, write_notebook, monkeypatch
):
    def start_process(folders, environment):
        command = [sys.executable, "-c", ABANDONED, *folders.every]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
        return subprocess.Popen(command, **pipes, env=environment)

    monkeypatch.setattr(runner, "_start_process", start_process)
    path = write_notebook(tmp_path / "in.ipynb", "1")
    running = runner.start(path, tmp_path / "out.ipynb", {}, quiet=True)
    with running.process.stdout as said:
        assert said.readline() == b"about to start\n"
        running.process.stdin.close()
        assert said.read() == b"left: []\n"
    assert running.process.wait() == 1
    running.finish()


@pytest.mark.skipif(os.name == "nt", reason="Windows does not tell a run's processes")
def test_an_engine_ends_what_its_cell_has_started(tmp_path, write_notebook):
    """Its parent may be killed in just that moment."""
    sleep = "import subprocess\nsubprocess.Popen(['sleep', '1000'], start_new_session=True)"
    path = write_notebook(tmp_path / "in.ipynb", sleep)
    running = runner.start(path, tmp_path / "out.ipynb", {}, quiet=True)
    assert running.process.wait(600) == 0
    assert processes.find(running.folders.path) == []
    assert running.finish().error is None


@pytest.fixture
def saves(monkeypatch):
    """The starts and ends that were written at each save of a notebook: list of str."""
    written = []

    def write(notebook, path):
        states = [cell.metadata.papermill["status"][0] for cell in notebook.cells]
        written.append("".join(states))

    monkeypatch.setattr(papermill.engines, "write_ipynb", write)
    return written


def cells_of_both_kinds():
    cells = [new_markdown_cell("text"), new_code_cell("1"), new_markdown_cell("more")]
    cells += [new_code_cell("2"), new_markdown_cell("end")]
    return new_notebook(cells=cells, metadata={"papermill": {}})


def test_it_is_saved_at_the_start_before_each_code_cell_and_at_the_end(saves, monkeypatch):
    """Pending, running, completed."""

    def execute(manager, kernel_name, **options):
        assert kernel_name == "python3" and options == {"start_timeout": 5}
        for index, cell in enumerate(manager.nb.cells):
            manager.cell_start(cell, index)
            manager.cell_complete(cell, cell_index=index)

    monkeypatch.setattr(engine.SparingEngine, "execute_managed_notebook", execute)
    execute_notebook = papermill.engines.papermill_engines.execute_notebook_with_engine
    options = {"output_path": "out.ipynb", "progress_bar": False, "start_timeout": 5}
    notebook = execute_notebook(engine.NAME, cells_of_both_kinds(), "python3", **options)
    assert saves == ["ppppp", "crppp", "cccrp", "ccccc"]
    assert notebook.metadata.papermill["end_time"]


def test_it_is_saved_when_a_cell_fails(saves, monkeypatch):
    def fail(manager, kernel_name, **options):
        manager.cell_start(manager.nb.cells[1], 1)
        raise OSError("no kernel")

    monkeypatch.setattr(engine.SparingEngine, "execute_managed_notebook", fail)
    with pytest.raises(OSError, match="no kernel"):
        engine.SparingEngine.execute_notebook(
            cells_of_both_kinds(), "python3", output_path="out.ipynb", progress_bar=False
        )
    assert saves == ["ppppp", "prppp", "crccc"], "papermill takes what is pending for completed"


def test_every_run_asks_for_this_engine(lesson, tmp_path, monkeypatch):
    asked = {}

    def execute_notebook(*arguments, **options):
        asked.update(options)
        raise OSError("no space")

    monkeypatch.setattr(papermill, "execute_notebook", execute_notebook)
    task = {"notebook": str(lesson), "output": str(tmp_path / "out.ipynb"), "parameters": {}}
    task |= {"quiet": True, "kernel_name": "python3", "sockets": "/tmp/kernel-1"}
    assert engine.execute(task) == "its start: OSError: no space"
    assert asked["engine_name"] == engine.NAME and asked["progress_bar"] is False
    assert asked["config"].KernelManager == {"transport": "ipc", "ip": "/tmp/kernel-1/k"}
    assert asked["kernel_manager_class"] is engine.OwnKernels
    engine.execute(task | {"sockets": None})
    assert "KernelManager" not in asked["config"]
