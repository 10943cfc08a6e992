"""batch.py and publish.py on small notebooks made here."""

import concurrent.futures
import contextlib
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from gan_notebooks import cli, notebooks, publish, runner

ROOT = Path(__file__).parents[2]
GUARD = 600  # seconds until a wait for what never comes is given up: no measure of speed


def write(path, *cells, sizes=None):
    notebook = new_notebook(
        cells=list(cells),
        metadata={
            "kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"},
            "sizes": sizes or {"smoke": {"STEPS": 2}, "full": {"STEPS": 9}},
        },
    )
    nbformat.write(notebook, path)
    return path


SETUP = new_code_cell(
    "from gan_helpers.lesson import Lesson\nlesson = Lesson('07_small')", id="setup"
)
PARAMETERS = new_code_cell(
    "STEPS: int = 5  # steps", id="parameters", metadata={"tags": ["parameters"]}
)
CHECK = new_code_cell(
    "lesson.parameters(globals(), STEPS=(int, 1, 10))\nprint('checked')", id="check"
)
END = new_code_cell(
    "lesson.claim('steps are few', STEPS < 8)\nlesson.record(steps=STEPS)", id="record"
)


def write_lesson(folder):
    title = new_markdown_cell("# 07 · Small")
    return write(folder / "07_small.ipynb", title, SETUP, PARAMETERS, CHECK, END)


@pytest.fixture
def lesson(tmp_path):
    return write_lesson(tmp_path)


def outputs(cells):
    return [output for cell in cells for output in cell.get("outputs", [])]


def texts(cells):
    """What the cells show, as plain text."""
    shown = outputs(cells)
    return [output.get("text") or output.get("data", {}).get("text/plain") for output in shown]


class Line:
    """A connection that a cell opens when it is reached, and is open while its kernel lives."""

    def __init__(self):
        self.server = socket.create_server(("127.0.0.1", 0))
        self.server.settimeout(GUARD)
        self.connection = None

    def cell(self):
        """A cell that says it is reached, and then waits until it is ended."""
        port = self.server.getsockname()[1]
        return new_code_cell(
            f"import socket\nline = socket.create_connection(('127.0.0.1', {port}))\nline.recv(1)"
        )

    def wait_until_reached(self):
        self.connection, _ = self.server.accept()
        self.connection.settimeout(GUARD)

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


def test_size_comes_from_the_notebook(lesson):
    assert notebooks.size_parameters(lesson, "smoke") == {"STEPS": 2}
    assert notebooks.size_parameters(lesson, "default") == {}
    with pytest.raises(ValueError, match="'tiny'"):
        notebooks.size_parameters(lesson, "tiny")
    with pytest.raises(ValueError, match="has no size 'smoke'"):
        notebooks.size_parameters(write(lesson.with_name("x.ipynb"), sizes={"full": {}}), "smoke")


def test_lessons_are_found_by_prefix(tmp_path):
    for name in ("02_b", "01_a", "02_a"):
        write(tmp_path / f"{name}.ipynb")
    assert [path.stem for path in notebooks.lessons("02", tmp_path)] == ["02_a", "02_b"]
    with pytest.raises(SystemExit, match="starts with '05'; there are: 01_a, 02_a, 02_b"):
        notebooks.lessons("05", tmp_path)


@pytest.fixture(scope="module")
def two_runs(tmp_path_factory):
    """The folder and the records of two runs at once: of STEPS 2 and 9."""
    folder = tmp_path_factory.mktemp("two")
    lesson = write_lesson(folder)

    def run(steps):
        output = folder / f"out/{steps}.ipynb"
        return runner.execute(lesson, output, {"STEPS": steps}, quiet=True)

    with pytest.MonkeyPatch.context() as patch, concurrent.futures.ThreadPoolExecutor(2) as pool:
        patch.chdir(folder)
        records = list(pool.map(run, (2, 9)))
    return folder, records


def test_a_run_brings_back_its_record(two_runs):
    record = two_runs[1][-1]
    assert record["error"] is None
    assert record["values"]["parameters"] == {"STEPS": 9} and record["values"]["scores"] == {
        "steps": 9
    }
    assert record["values"]["claims"] == [
        {"sentence": "steps are few", "holds": False, "kind": "exact"}
    ]
    assert record["timings"]["seconds"] > 0 and "torch" in record["timings"]["versions"]


def test_several_runs_at_once_in_one_folder(two_runs):
    folder, records = two_runs
    assert [record["error"] for record in records] == [None] * 2
    assert [record["values"]["scores"]["steps"] for record in records] == [2, 9]
    left = sorted(path.name for path in folder.iterdir())
    assert left == ["07_small.ipynb", "out"], "sockets left behind"


def test_an_earlier_record_does_not_pass_for_this_runs(two_runs, tmp_path):
    out = tmp_path / "out.ipynb"
    shutil.copy(two_runs[0] / "out/9.ipynb", out)
    assert "values" in notebooks.read_record(out)
    record = runner.execute(tmp_path / "missing.ipynb", out, {}, quiet=True)
    assert record["error"] and "values" not in record


def test_the_stand_in_leaves_what_a_kernel_leaves(two_runs, lesson, tmp_path, here):
    """Most tests of sweeps and tables rest on it (conftest.py)."""
    record = runner.execute(lesson, tmp_path / "out.ipynb", {"STEPS": 9}, quiet=True)
    of_a_kernel = two_runs[1][-1]
    assert here == ["out"]
    assert record["values"] == of_a_kernel["values"]
    assert record.keys() == of_a_kernel.keys()
    assert record["timings"].keys() == of_a_kernel["timings"].keys()
    cells, of_a_kernel = (
        nbformat.read(path, 4).cells
        for path in (tmp_path / "out.ipynb", two_runs[0] / "out/9.ipynb")
    )
    assert [cell.source for cell in cells] == [cell.source for cell in of_a_kernel]
    assert texts(cells) == texts(of_a_kernel)


def test_bad_parameters_stop_plain_papermill_before_training(lesson, tmp_path):
    """With papermill's own command line, which by itself only warns of an unknown name."""
    out = tmp_path / "out.ipynb"
    result = subprocess.run(
        [sys.executable, "-m", "papermill", lesson, out, "-y", '{"steps": 3}'],
        capture_output=True,
        text=True,
    )
    assert result.returncode != 0
    cells = nbformat.read(out, 4).cells
    (error,) = [output for output in outputs(cells) if output.output_type == "error"]
    assert error.ename == "ParameterError"
    assert re.search("no parameter 'steps'.*Did you mean 'STEPS'", error.evalue)
    assert "checked\n" not in texts(cells), "went on after the check"


@pytest.mark.parametrize(
    "parameters, message",
    [
        ({"STEP": 3}, "no parameter 'STEP'.*Did you mean 'STEPS'"),
        ({"steps": 3}, "no parameter 'steps'.*Did you mean 'STEPS'"),
        ({"STEPS": 11}, "STEPS must lie in 1 … 10, got 11"),
        ({"STEPS": "3"}, "STEPS must be int, got '3'"),
    ],
)
def test_injected_parameters_that_are_bad_are_named(lesson, tmp_path, here, parameters, message):
    out = tmp_path / "out.ipynb"
    record = runner.execute(lesson, out, parameters, quiet=True)
    assert re.search("ParameterError: .*" + message, record["error"])
    assert "checked\n" not in texts(nbformat.read(out, 4).cells), "went on after the check"


def test_an_error_is_named_and_the_partial_notebook_kept(tmp_path, request):
    notebook = write(
        tmp_path / "07.ipynb", SETUP, new_code_cell("print('so far')"), new_code_cell("1 / 0")
    )

    def run():
        record = runner.execute(notebook, tmp_path / "out.ipynb", {}, quiet=True)
        assert record["error"] == "cell [3]: ZeroDivisionError: division by zero"
        assert "so far\n" in texts(nbformat.read(tmp_path / "out.ipynb", 4).cells)

    run()
    request.getfixturevalue("here")
    run()  # so does the stand-in


def test_a_dead_kernel_is_reported(tmp_path):
    notebook = write(
        tmp_path / "07.ipynb",
        new_markdown_cell("text"),
        new_code_cell("1"),
        new_code_cell("import os\nos._exit(1)"),
        new_code_cell("2"),
    )
    error = runner.execute(notebook, tmp_path / "out.ipynb", {}, quiet=True)["error"]
    assert error.startswith("cell [2]: DeadKernelError")


@pytest.mark.skipif(os.name == "nt", reason="kills the parent of a process")
def test_a_killed_process_is_reported(tmp_path):
    notebook = write(
        tmp_path / "07.ipynb",
        new_code_cell("print('so far')"),
        new_code_cell("import os, signal\nos.kill(os.getppid(), signal.SIGKILL)"),
    )
    error = runner.execute(notebook, tmp_path / "out.ipynb", {}, quiet=True)["error"]
    assert re.match(r"cell \[2\]: .* ended without a word", error)
    assert "so far" in nbformat.read(tmp_path / "out.ipynb", 4).cells[0].outputs[0].text


def test_a_run_out_of_time_is_ended_and_keeps_its_notebook(tmp_path, line):
    first, last = new_code_cell("print('so far')"), new_code_cell("1")
    notebook = write(tmp_path / "07.ipynb", first, line.cell(), last)
    running = runner.start(notebook, tmp_path / "out.ipynb", {}, quiet=True, timeout=7000)
    line.wait_until_reached()
    assert not running.ended()
    running.began -= 7000  # as if so much time had passed
    assert running.ended()
    record = running.finish()
    assert record["error"] == "cell [2]: out of time: the run had 7000 seconds"
    assert record["seconds"] > 7000
    assert "so far\n" in texts(nbformat.read(tmp_path / "out.ipynb", 4).cells)
    line.wait_until_the_kernel_is_gone()


@pytest.mark.skipif(os.name == "nt", reason="kills a process group's leader")
def test_a_run_ends_when_who_started_it_is_killed(tmp_path, line):
    """Else its kernel would go on, and write into the notebook of the next try."""
    notebook = write(tmp_path / "07.ipynb", line.cell())
    code = "import sys; from gan_notebooks import runner; runner.execute(*sys.argv[1:], {}, quiet=True)"
    parent = subprocess.Popen(
        [sys.executable, "-c", code, notebook, tmp_path / "out.ipynb"], cwd=tmp_path
    )
    line.wait_until_reached()
    parent.kill()
    parent.wait()
    line.wait_until_the_kernel_is_gone()


@pytest.fixture
def two_lessons(tmp_path, lesson, monkeypatch):
    write(tmp_path / "08_broken.ipynb", SETUP, new_code_cell("1 / 0"))
    monkeypatch.setattr(notebooks.lessons, "__defaults__", ("", tmp_path))
    return tmp_path


def test_the_table_shows_claims_and_errors_and_the_exit_code_tells(two_lessons, here, capsys):
    out = str(two_lessons / "build")
    with pytest.raises(SystemExit) as end:
        cli.main(["run", "--size", "default", "--lesson", "07", "--output", out])
    assert end.value.code == 0
    assert "07_small" in (text := capsys.readouterr().out) and "1/1" in text
    with pytest.raises(SystemExit) as end:
        cli.main(["run", "--output", out])
    text = capsys.readouterr().out
    assert (
        end.value.code == 1 and "1/1" in text and "stopped in cell [2]: ZeroDivisionError" in text
    )


def test_a_run_can_do_two_at_a_time_and_leaves_no_old_result(two_lessons, here, capsys):
    out = two_lessons / "build"
    out.mkdir()
    (out / "08_broken.ipynb").write_text("from an earlier day")
    with pytest.raises(SystemExit) as end:
        cli.main(["run", "--output", str(out), "--jobs", "2", "--report"])
    assert end.value.code == 1 and "1/1" in (text := capsys.readouterr().out)
    assert f"what there is: {out / '08_broken.part.ipynb'}" in text
    assert sorted(path.name for path in out.glob("0*")) == [
        "07_small.html",
        "07_small.ipynb",
        "07_small.json",
        "08_broken.json",
        "08_broken.part.html",
        "08_broken.part.ipynb",
    ]
    page = (out / "07_small.html").read_text(encoding="utf8")
    assert "# steps" in publish.page(out / "07_small.ipynb"), "a comment in the code"
    assert "Recorded: 1 of 1 claims hold." in page and "# steps" not in page, "results without code"
    assert not re.search(r"(src|href)=[\"']https?://", page), "loads something from the network"
    assert "ZeroDivisionError" in (out / "08_broken.part.html").read_text(encoding="utf8")


def test_list_says_what_each_parameter_is(two_lessons, capsys):
    with pytest.raises(SystemExit) as end:
        cli.main(["list", "--lesson", "07"])
    assert end.value.code == 0
    assert (
        capsys.readouterr().out
        == "07_small: 07 · Small\n    STEPS: int = 5, 1 … 10\n        steps\n"
    )


def test_list_knows_every_parameter_of_the_course():
    for notebook in notebooks.lessons():
        text = cli.describe(notebook)
        for name, meaning in notebooks.parameter_meanings(notebook).items():
            assert meaning and f"    {name}: " in text
        assert (
            notebooks.parameter_meanings(notebook).keys()
            == notebooks.parameter_specs(notebook).keys()
        )


def test_a_claim_that_fails_fails_the_run(two_lessons, here, capsys):
    (two_lessons / "08_broken.ipynb").unlink()
    with pytest.raises(SystemExit) as end:
        cli.main(["run", "--size", "full", "--output", str(two_lessons / "build")])
    assert (
        end.value.code == 1
        and "0/1" in (text := capsys.readouterr().out)
        and "✘ steps are few" in text
    )


@pytest.mark.skipif(os.name == "nt", reason="sends a signal to a process group")
def test_an_interrupt_keeps_the_partial_notebook(tmp_path, line):
    write(tmp_path / "07.ipynb", new_code_cell("print('so far')"), line.cell())
    write(tmp_path / "08.ipynb", new_code_cell("1"))
    # A shell's background job ignores SIGINT and hands that down: as from a terminal means to handle it.
    code = (
        "import signal, sys; signal.signal(signal.SIGINT, signal.default_int_handler); "
        "from gan_notebooks import cli, notebooks; notebooks.lessons.__defaults__ = ('', sys.argv[1]); "
        "cli.main(sys.argv[2:])"
    )
    run = subprocess.Popen(
        [sys.executable, "-c", code, tmp_path, "run", "--output", tmp_path / "build"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    )
    line.wait_until_reached()
    os.killpg(run.pid, signal.SIGINT)  # what Ctrl-C in a terminal does
    text, _ = run.communicate(timeout=GUARD)
    out = tmp_path / "build" / "07.part.ipynb"
    assert run.returncode == 1 and "stopped in cell [2]: interrupted" in text and str(out) in text
    assert "so far" in nbformat.read(out, 4).cells[0].outputs[0].text
    assert not list((tmp_path / "build").glob("08*")), "the lessons after it are not started"
    line.wait_until_the_kernel_is_gone()


def test_store_writes_outputs_and_keeps_the_source(tmp_path):
    bar = "import sys\nfor i in range(3):\n    print(f'\\r{i} of 2', end='', file=sys.stderr, flush=True)"
    widget = "import ipywidgets\ndisplay(ipywidgets.IntSlider())\nprint('static')"
    path = write(
        tmp_path / "07.ipynb",
        new_markdown_cell("text", id="md"),
        new_code_cell("print(1 + 1)", id="sum"),
        new_code_cell(bar, id="bar"),
        new_code_cell(widget, id="widget"),
    )
    before = nbformat.read(path, 4)
    publish.store(path, tmp_path / "build")
    stored = nbformat.read(path, 4)
    assert [(cell.id, cell.source) for cell in stored.cells] == [
        (cell.id, cell.source) for cell in before.cells
    ]
    _, added, progress, slider = stored.cells
    assert added.outputs[0].text == "2\n"
    assert [output.text for output in progress.outputs] == ["2 of 2"], (
        "of a progress bar only the last state"
    )
    assert [output.get("name") for output in slider.outputs] == ["stdout"], "no widget views"
    assert [cell.execution_count for cell in stored.cells[1:]] == [1, 2, 3]
    assert all(
        cell.metadata[publish.SOURCE_HASH] == publish.source_hash(cell) for cell in stored.cells[1:]
    )
    assert set(stored.metadata) == {"kernelspec", "language_info", "sizes"} - (
        {"language_info"} - set(before.metadata)
    )
    assert "papermill" not in json.dumps(stored)


def test_store_leaves_a_notebook_that_fails_alone(tmp_path, here):
    path = write(tmp_path / "07.ipynb", new_code_cell("1 / 0"))
    before = path.read_bytes()
    assert "ZeroDivisionError" in publish.store(path, tmp_path / "build")["error"]
    assert path.read_bytes() == before


def test_an_interrupted_store_says_what_is_unchanged(monkeypatch):
    def stopped(notebook):
        raise KeyboardInterrupt

    monkeypatch.setattr(publish, "store", stopped)
    with pytest.raises(SystemExit, match="01_data_scaling.ipynb is unchanged"):
        publish.main(["notebooks", "--lesson", "01"])


def test_html_has_an_index_working_links_and_alternative_texts(tmp_path):
    picture = (
        "from matplotlib.figure import Figure\nfrom gan_helpers import plots\n"
        "fig = Figure()\nfig.subplots().plot([1, 2])\nplots.show(fig, alt='A rising line.')"
    )
    text = "# 07 · Small\n\n[next](08_next.ipynb)\n\n$$\\frac{a}{b}$$ with $x_1$, not `$HOME` and `$PATH`"
    notebook = write(tmp_path / "07_small.ipynb", new_markdown_cell(text), new_code_cell(picture))
    assert publish.to_html([notebook], tmp_path / "build")
    page = (tmp_path / "build/html/07_small.html").read_text(encoding="utf8")
    assert re.search(r"<mfrac><mrow><mi>a</mi>.*</mfrac>.*<msub><mi>x</mi><mn>1</mn></msub>", page)
    assert "<code>$HOME</code>" in page, "code is no formula"
    assert not re.search(r"(src|href)=[\"']https?://", page), "loads something from the network"
    assert 'href="08_next.html"' in page and 'alt="A rising line."' in page
    assert '<a href="07_small.html">07 · Small</a>' in (
        tmp_path / "build/html/index.html"
    ).read_text(encoding="utf8")


def test_the_address_is_rewritten_everywhere(tmp_path):
    for name in ("pyproject.toml", "README.md"):
        shutil.copy(ROOT / name, tmp_path)
    shutil.copytree(ROOT / "notebooks", tmp_path / "notebooks", ignore=shutil.ignore_patterns(".*"))
    old = publish.address(tmp_path)
    edited = tmp_path / "notebooks" / "01_data_scaling.ipynb"
    notebook = nbformat.read(edited, 4)
    notebook.cells[-1].source += "\nprint('edited')"
    nbformat.write(notebook, edited)
    publish.rewrite_address("some-one/else.where", tmp_path)
    assert publish.address(tmp_path) == "some-one/else.where"
    for path in [
        tmp_path / "pyproject.toml",
        tmp_path / "README.md",
        *(tmp_path / "notebooks").glob("*.ipynb"),
    ]:
        text = path.read_text(encoding="utf8")
        assert old not in text and "some-one/else.where" in text, path
    for path in (tmp_path / "notebooks").glob("*.ipynb"):
        for cell in nbformat.read(path, 4).cells:
            if publish.SOURCE_HASH in cell.metadata:
                fresh = cell.metadata[publish.SOURCE_HASH] == publish.source_hash(cell)
                assert fresh != ("print('edited')" in cell.source), (
                    "what was edited before stays marked as such"
                )
    with pytest.raises(SystemExit, match="owner/name"):
        publish.rewrite_address("https://github.com/a/b", tmp_path)
