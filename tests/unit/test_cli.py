"""cli.py: what the commands print, their exit codes, and errors in words."""

import io
import os
import re
import shutil
import signal
import subprocess
import sys

import nbformat
import pytest

from gan_helpers import tables, threads
from gan_notebooks import cli, marks, notebooks, pages, publish, results, site, sweep
from tests import from_a_terminal

GUARD = 600  # seconds until a wait for what never comes is given up: no measure of speed


@pytest.fixture
def two_lessons(tmp_path, lesson, write_notebook):
    """The folder of two lessons, of which the second fails."""
    write_notebook(tmp_path / "08_broken.ipynb", "1", "1 / 0")
    return tmp_path


def exit_code(*arguments, main=cli.main):
    """The code with which a command line ends; any other exception fails the test."""
    with pytest.raises(SystemExit) as end:
        main([str(argument) for argument in arguments])
    return end.value.code


# list


def test_list_says_what_each_parameter_is(two_lessons, capsys):
    assert exit_code("list", "--lesson", "07", "--notebooks", two_lessons) == 0
    expected = "07_small: 07 · Small\n    STEPS: int = 5, 1 … 10\n        steps\n"
    assert capsys.readouterr().out == expected


def test_list_knows_every_parameter_of_the_course(capsys):
    assert exit_code("list") == 0
    text = capsys.readouterr().out
    for notebook in notebooks.lessons():
        lesson = notebooks.outline(notebook)
        assert f"{lesson.name}: {lesson.title}\n" in text
        for parameter in lesson.parameters.values():
            assert f"    {parameter.name}: " in text and f"\n        {parameter.meaning}\n" in text


def test_list_does_not_steer_the_terminal(tmp_path, write_lesson):
    path = write_lesson(tmp_path, "STEPS: int = 5  # \x1b[31mred")
    text = path.read_text(encoding="utf8").replace("07 \u00b7 Small", "\\u001b[2J" + "x" * 1000)
    path.write_text(text, encoding="utf8")
    title, _, meaning = cli.describe(path).splitlines()
    assert title.startswith("07_small: ?[2Jxxx") and len(title) < 800 and "more characters" in title
    assert meaning.strip() == "?[31mred"


def test_list_names_choices(tmp_path, write_lesson):
    parameters = "MODE: str = 'b'  # the way\nTABLE: str = ''  # variants\nFAST: bool = True  # ?"
    check = "lesson.parameters(globals(), MODE={'b', 'a'}, TABLE=['x y', 'z'], FAST=bool)"
    lines = cli.describe(write_lesson(tmp_path, parameters, check)).splitlines()
    assert lines[1] == "    MODE: one of = 'b', 'a', 'b'"
    assert lines[3] == "    TABLE: str = '', names of x y; z; or \"all\""
    assert lines[5] == "    FAST: bool = True"


# run


def test_an_empty_scheduler_is_not_taken_for_none(two_lessons, capsys):
    """As a variable of the shell gives it that was never set."""
    pytest.importorskip("distributed")
    options = ["--notebooks", two_lessons, "--output", two_lessons / "build", "--scheduler", ""]
    assert exit_code("run", "--lesson", "07", "--size", "default", *options) == 2
    assert "an empty text is no address of a scheduler" in capsys.readouterr().err


def test_the_table_shows_claims_and_errors_and_the_exit_code_tells(two_lessons, here, capsys):
    out = two_lessons / "build"
    options = ["--notebooks", two_lessons, "--output", out]
    assert exit_code("run", "--size", "default", "--lesson", "07", *options) == 0
    text = capsys.readouterr().out
    assert re.search(r"^07_small +0\.1 +1/1$", text, flags=re.M)
    assert exit_code("run", *options) == 1
    text = capsys.readouterr().out
    assert "1/1" in text and "    stopped in cell [2]: ZeroDivisionError" in text


def test_a_run_can_do_two_at_a_time_and_leaves_no_old_result(two_lessons, here, capsys):
    out = two_lessons / "build"
    out.mkdir()
    shutil.copy(two_lessons / "08_broken.ipynb", out)
    earlier = nbformat.read(out / "08_broken.ipynb", 4)
    marks.mark(earlier)
    nbformat.write(earlier, out / "08_broken.ipynb")
    options = ["--notebooks", two_lessons, "--output", out, "--jobs", "2", "--report"]
    assert exit_code("run", *options) == 1
    text = capsys.readouterr().out
    assert "1/1" in text and f"what there is: {out / '08_broken.part.ipynb'}" in text
    assert sorted(path.name for path in out.glob("0*")) == [
        "07_small.html",
        "07_small.ipynb",
        "07_small.json",
        "08_broken.json",
        "08_broken.part.html",
        "08_broken.part.ipynb",
    ]
    page = (out / "07_small.html").read_text(encoding="utf8")
    code = (out / "07_small.ipynb").read_text(encoding="utf8")
    assert "# steps" in code, "a comment"
    assert "Recorded: 1 of 1 claims hold." in page and "# steps" not in page, "results without code"
    assert not re.search(r"(src|href)=[\"']https?://", page), "loads something from the network"
    assert "ZeroDivisionError" in (out / "08_broken.part.html").read_text(encoding="utf8")


def test_a_claim_that_fails_fails_the_run(lesson, here, capsys):
    folder = lesson.parent
    options = ["--notebooks", folder, "--output", folder / "build"]
    assert exit_code("run", "--size", "full", *options) == 1
    text = capsys.readouterr().out
    assert "0/1" in text and "    ✘ steps are few\n" in text


@pytest.mark.skipif(os.name == "nt", reason="sends a signal to a process group")
def test_an_interrupt_keeps_the_partial_notebook(tmp_path, write_notebook, line):
    write_notebook(tmp_path / "07.ipynb", "print('so far')", line.cell())
    write_notebook(tmp_path / "08.ipynb", "1")
    command = ["run", "--notebooks", tmp_path, "--output", tmp_path / "build"]
    run = subprocess.Popen(
        [*from_a_terminal.COMMAND, *command],
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


def test_a_run_stopped_between_two_lessons_is_not_well(lesson, here, capsys, monkeypatch):
    shutil.copy(lesson, lesson.with_name("08_next.ipynb"))
    begin = sweep.start

    def start(notebook, *arguments, **options):
        if notebook.stem == "08_next":
            raise KeyboardInterrupt
        return begin(notebook, *arguments, **options)

    monkeypatch.setattr(sweep, "start", start)
    folder = lesson.parent
    assert exit_code("run", "--notebooks", folder, "--output", folder / "build") == 1
    printed = capsys.readouterr()
    assert "1/1" in printed.out and "08_next" not in printed.out and "Stopped." in printed.err


# sweep


def test_a_name_stands_in_the_grid_or_on_the_command_line(lesson, tmp_path, capsys):
    grid = tmp_path / "grid.yaml"
    grid.write_text("STEPS: [1]", encoding="utf8")
    options = ["--notebooks", tmp_path, "--output", tmp_path / "out"]
    assert exit_code("sweep", "--grid", grid, "--set", "STEPS=2", *options) == 2
    assert "STEPS stands in" in capsys.readouterr().err and not (tmp_path / "out").exists()
    assert exit_code("sweep", "--grid", tmp_path / "none.yaml", *options) == 2
    assert "none.yaml cannot be read" in capsys.readouterr().err


def test_equal_values_are_one_run_and_it_is_said(lesson, tmp_path, here, capsys):
    options = ["--notebooks", tmp_path, "--output", tmp_path / "out"]
    assert exit_code("sweep", "--set", "STEPS=1,01,2", *options) == 0
    printed = capsys.readouterr()
    assert "STEPS: 1 of 3 values equal one before them (1 is 1)" in printed.err
    assert "2 of 2 runs are done" in printed.out


def test_a_long_message_is_shortened(lesson, tmp_path, capsys):
    options = ["--notebooks", tmp_path, "--output", tmp_path / "out"]
    for setting in ("x" * 10**6, "STEPS=" + "x" * 10**6, "x" * 10**6 + "=1"):
        text = refused(capsys, "sweep", "--set", setting, *options)
        assert len(text) < 700 and re.search(r" … \(\d+,\d+ more characters\) … ", text)


def test_ctrl_c_keeps_what_is_done(lesson, tmp_path, here, monkeypatch, capsys):
    """With a stand-in for the signal; the test above sends one to real processes."""
    begin = sweep.start
    stopped = []

    def interrupted():
        raise KeyboardInterrupt

    def start(notebook, output, parameters, **options):
        running = begin(notebook, output, parameters, **options)
        if parameters["STEPS"] == 2:
            running.ended = interrupted
            running.stop = lambda: stopped.append(parameters["STEPS"])
        return running

    monkeypatch.setattr(sweep, "start", start)
    out = tmp_path / "out"
    options = ["--notebooks", tmp_path, "--output", out]
    assert exit_code("sweep", "--set", "STEPS=1,2,3", *options) == 1
    printed = capsys.readouterr()
    assert "1 of 3 runs are done" in printed.out and "Start the same sweep again" in printed.err
    assert stopped == [2]
    statuses = {steps: sweep.read_status(out, f"07_small,STEPS={steps}") for steps in (1, 2, 3)}
    assert [status.get("status") for status in statuses.values()] == ["done", "failed", None]
    assert statuses[2]["error"].endswith(": interrupted")
    assert (out / "07_small,STEPS=1.ipynb").exists()
    assert (out / "07_small,STEPS=2.part.ipynb").exists()


def test_collect_tells_whether_all_are_done(lesson, tmp_path, here, capsys):
    out = tmp_path / "out"
    options = ["--notebooks", tmp_path, "--output", out]
    assert exit_code("sweep", "--set", "STEPS=1,2", *options) == 0
    assert exit_code("collect", out) == 0
    assert f"2 runs in {out / 'runs.csv'}" in capsys.readouterr().out
    assert [row["steps"] for row in tables.read("runs", out)] == [1, 2]
    (out / "07_small,STEPS=1.ipynb").write_text("{")
    assert exit_code("collect", out) == 1


# Errors, in words


def refused(capsys, *arguments, main=cli.main, code=2):
    """What a command line says that ends with `code`."""
    assert exit_code(*arguments, main=main) == code
    text = capsys.readouterr().err
    assert "Traceback" not in text and "error: " in text
    return text


def test_where_there_are_no_lessons(two_lessons, capsys):
    nowhere = ["--notebooks", two_lessons / "nowhere"]
    for command in (["list"], ["run"], ["sweep"]):
        assert "change to the folder of a checkout" in refused(capsys, *command, *nowhere, code=1)
    here = ["--notebooks", two_lessons, "--lesson", "09"]
    assert "there are: 07_small, 08_broken" in refused(capsys, "run", *here, code=1)
    for main, command in ((results.main, []), (publish.main, ["notebooks"]), (site.main, [])):
        text = refused(capsys, *command, *nowhere, main=main, code=1)
        assert "change to the folder of a checkout" in text


def test_a_damaged_lesson(two_lessons, capsys):
    (two_lessons / "07_small.ipynb").write_text("{", encoding="utf8")
    options = ["--lesson", "07", "--notebooks", two_lessons]
    output = ["--output", two_lessons / "out"]
    for command in (["list"], ["run", *output], ["run", "--size", "full", *output], ["sweep"]):
        text = refused(capsys, *command, *options)
        assert re.search("the notebook .*07_small.ipynb cannot be read", text)


def test_a_lesson_that_does_not_say_what_it_takes(two_lessons, capsys):
    options = ["--lesson", "08", "--notebooks", two_lessons]
    for command in ("list", "sweep"):
        text = refused(capsys, command, *options)
        assert "08_broken: no cell calls lesson.parameters" in text


def test_a_size_that_the_lesson_lacks(tmp_path, write_notebook, capsys):
    write_notebook(tmp_path / "07.ipynb", "1", sizes={"full": {}})
    text = refused(capsys, "run", "--size", "smoke", "--notebooks", tmp_path)
    assert "07 has no size 'smoke'" in text


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--set", "STEP=3"], "no parameter 'STEP' in 07_small. Did you mean 'STEPS'?"),
        (["--set", "STEPS"], "--set takes NAME=value"),
        (["--jobs", "0"], "jobs must be 1 or more"),
        (["--timeout", "-1"], "the timeout must be above 0 seconds"),
        (["--set", "STEPS=1,2", "--max-runs", "1"], "2 runs, more than 1 (1 lesson × 2 of STEPS)"),
    ],
)
def test_bad_options(lesson, options, message, capsys):
    folder = lesson.parent
    output = ["--notebooks", folder, "--output", folder / "out"]
    assert message in refused(capsys, "sweep", *options, *output)
    assert not (folder / "out").exists()


def test_a_full_disk(lesson, here, capsys, monkeypatch):
    def replace(path, text):
        raise OSError(28, "No space left on device", str(path))

    monkeypatch.setattr(tables, "replace", replace)
    folder = lesson.parent
    for command in ("run", "sweep"):
        text = refused(capsys, command, "--notebooks", folder, "--output", folder / command)
        assert "No space left on device" in text


def loop(path):
    path.symlink_to(path)
    return path


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda folder: folder / "07_small.ipynb", "07_small.ipynb: File exists; a file is in the"),
        (
            lambda folder: folder / "07_small.ipynb" / "a",
            "a part of the path is a file, and no fol",
        ),
        (lambda folder: folder / "07_small.ipynb" / "a" / "b", "a part of the path is a file"),
        (lambda folder: loop(folder / "loop"), "loop: File exists; a file is in the way"),
        (lambda folder: loop(folder / "loop") / "a", "a symbolic link leads back to itself"),
        (lambda folder: folder / ("n" * 256), "most file systems take 255 bytes a name"),
    ],
)
@pytest.mark.skipif(os.name == "nt", reason="other errors, and links need rights")
def test_an_output_that_can_be_no_folder(lesson, make, message, capsys):
    folder = lesson.parent
    path = make(folder)
    before = lesson.read_bytes()
    for command in ("run", "sweep"):
        text = refused(capsys, command, "--notebooks", folder, "--output", path)
        assert message in text and "error: /" in text
    for command in (["collect", path], ["list", "--notebooks", path]):
        assert exit_code(*command) in (1, 2)
        assert "error: " in capsys.readouterr().err
    assert lesson.read_bytes() == before


def test_a_folder_that_nobody_may_write(lesson, capsys, monkeypatch):
    """With a stand-in: root may write anywhere."""

    def mkdir(path, *arguments, **options):
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(sweep.Path, "mkdir", mkdir)
    out = lesson.parent / "out"
    text = refused(capsys, "run", "--notebooks", lesson.parent, "--output", out)
    assert f"{out}: Permission denied; you may not read or write there" in text


@pytest.mark.parametrize(
    "name",
    [
        "07_small.ipynb",
        "07_small.json",
        "07_small.part.ipynb",
        ".lock",
        ".lock.holder",
        ".lessons/07_small.ipynb",
    ],
)
def test_a_folder_where_a_file_belongs(lesson, here, name, capsys):
    (lesson.parent / "out" / name).mkdir(parents=True)
    for command in ("run", "sweep"):
        output = ["--notebooks", lesson.parent, "--output", lesson.parent / "out"]
        text = refused(capsys, command, *output)
        assert name.partition("/")[0] in text
    assert (lesson.parent / "out" / name).is_dir()


def test_a_report_that_cannot_be_written_costs_no_other(two_lessons, here, capsys, monkeypatch):
    out = two_lessons / "out"
    write_report = pages.report

    def report(path):
        if path.stem == "07_small":
            raise OSError(28, "No space left on device", str(path))
        return write_report(path)

    monkeypatch.setattr(pages, "report", report)
    options = ["--notebooks", two_lessons, "--output", out, "--report"]
    assert exit_code("run", *options) == 1
    printed = capsys.readouterr()
    assert "07_small.ipynb: No space left on device; make room" in printed.err
    assert "1 reports written" in printed.out and (out / "08_broken.part.html").is_file()
    for command in ("run", "sweep"):
        assert exit_code(command, "--lesson", "07", *options) == 1, "a report is missing"


def test_a_folder_where_a_report_belongs(lesson, here, capsys):
    out = lesson.parent / "out"
    (out / "07_small.html").mkdir(parents=True)
    options = ["--notebooks", lesson.parent, "--output", out, "--report"]
    assert "07_small.html is in the way" in refused(capsys, "run", *options)
    assert here == [] and (out / "07_small.html").is_dir()


def test_a_table_replaces_no_folder_pipe_or_link(lesson, tmp_path, here, capsys):
    out = tmp_path / "out"
    assert exit_code("sweep", "--notebooks", tmp_path, "--output", out) == 0
    capsys.readouterr()
    (tmp_path / "folder").mkdir()
    others = [tmp_path / "folder"]
    if os.name != "nt":
        os.mkfifo(tmp_path / "pipe")
        others += [tmp_path / "pipe", loop(tmp_path / "loop")]
        (tmp_path / "link.csv").symlink_to(tmp_path / "kept.csv")
        others += [tmp_path / "link.csv"]
    for path in others:
        before = path.lstat()
        assert "is in the way" in refused(capsys, "collect", out, "--output", path)
        assert path.lstat().st_ino == before.st_ino


# What it prints goes nowhere


def test_a_reader_that_has_gone(lesson, monkeypatch, capsys):
    reader, writer = os.pipe()
    os.close(reader)
    with open(writer, "w", encoding="utf8") as stream:
        monkeypatch.setattr(sys, "stdout", stream)
        assert exit_code("list", "--notebooks", lesson.parent) == 1
    assert capsys.readouterr().err == "gan-notebooks: stopped, since nobody reads what it prints\n"


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="a device of Linux")
def test_a_full_disk_under_the_standard_output(lesson, monkeypatch, capsys):
    with open("/dev/full", "w", encoding="utf8") as stream:
        monkeypatch.setattr(sys, "stdout", stream)
        text = refused(capsys, "list", "--notebooks", lesson.parent)
    assert "No space left on device; make room on the disk" in text


def test_streams_that_are_closed_or_know_few_letters(lesson, monkeypatch):
    for name in ("stdout", "stderr"):
        monkeypatch.setattr(sys, name, None)
    assert exit_code("list", "--notebooks", lesson.parent) == 0
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(io.BytesIO(), encoding="ascii"))
    assert exit_code("list", "--notebooks", lesson.parent) == 0
    assert sys.stdout.buffer.getvalue().startswith(b"07_small: 07 ? Small")


def test_a_damaged_result_is_told_and_costs_no_other(two_lessons, here, capsys, monkeypatch):
    """Of `run` itself, and of its reports."""
    begin = sweep.start

    def start(notebook, output, parameters, **options):
        running = begin(notebook, output, parameters, **options)
        output.write_text("{")
        running.error = None
        return running

    monkeypatch.setattr(sweep, "start", start)
    output = ["--output", two_lessons / "out", "--report"]
    assert exit_code("run", "--notebooks", two_lessons, *output) == 1
    printed = capsys.readouterr()
    assert printed.out.count("cannot be read, it is damaged") == 2
    assert printed.err.count("cannot be read, it is damaged") == 2 and "0 reports" in printed.out


def test_results_do_not_go_among_the_lessons(lesson, here, capsys, monkeypatch):
    before = lesson.read_bytes()
    monkeypatch.chdir(lesson.parent)
    for command in ("run", "sweep"):
        text = refused(capsys, command, "--notebooks", lesson.parent, "--output", ".")
        assert ". is the folder of the lesson" in text and "give another --output" in text
    assert [path.name for path in lesson.parent.iterdir()] == [lesson.name]
    assert lesson.read_bytes() == before and here == []


def test_what_is_in_the_way_is_named_before_anything_starts(lesson, here, capsys):
    folder = lesson.parent
    options = ["--notebooks", folder, "--output", folder / "out", "--report"]
    (folder / "out").mkdir()
    (folder / "out" / "07_small.html").write_text("<html>my page</html>")
    (folder / "out" / "other.ipynb").write_bytes(lesson.read_bytes())
    (folder / "out" / "other.part.html").write_text("my page")
    for command in ("run", "sweep"):
        text = refused(capsys, command, *options)
        assert f"{folder / 'out' / '07_small.html'} is in the way" in text and here == []
    (folder / "out" / "07_small.html").unlink()
    for command in ("run", "run", "sweep"):
        assert exit_code(command, *options) == 0
    assert not (folder / "out" / "other.html").exists(), "a report of what was not run here"
    assert (folder / "out" / "other.part.html").exists()
    (folder / "out" / "runs.csv").write_text("my,table\n1,2\n")
    assert "runs.csv is in the way" in refused(capsys, "collect", folder / "out")


def test_who_writes_sources_says_so(capsys):
    assert exit_code("--help", main=publish.main) == 0
    assert "`notebooks` and `address` change sources" in " ".join(capsys.readouterr().out.split())
    assert exit_code("--help", main=results.main) == 0
    assert "among the sources" in " ".join(capsys.readouterr().out.split())


def test_collect_of_an_empty_folder_says_what_to_do(tmp_path, capsys):
    for folder in (tmp_path, tmp_path / "none"):
        assert "start them with `gan-notebooks sweep`" in refused(capsys, "collect", folder)


@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
@pytest.mark.parametrize("main", [cli.main, results.main, publish.main, site.main])
@pytest.mark.parametrize("name", ["SIGTERM", "SIGHUP", "SIGQUIT"])
def test_other_signals_are_as_ctrl_c(name, main, monkeypatch, capsys, signals_as_from_a_terminal):
    """A second one within seconds, as a closed terminal sends it, ends nothing that is being ended.

    What is ignored stays so: SIGHUP under nohup.
    """
    number = getattr(signal, name)
    heard = []

    def lessons(*_):
        for _ in range(2):
            try:
                os.kill(os.getpid(), number)
                heard.append("nothing")
            except KeyboardInterrupt:
                heard.append("interrupt")
        raise KeyboardInterrupt

    for module in (notebooks, results):
        monkeypatch.setattr(module, "lessons", lessons)
    monkeypatch.setenv(threads.VARIABLE, "1")  # `results` sets it
    command = {cli.main: ["list"], publish.main: ["notebooks"]}.get(main, [])
    assert exit_code(*command, main=main) == 1 and "Stopped." in capsys.readouterr().err
    signal.signal(number, signal.SIG_IGN)
    assert exit_code(*command, main=main) == 1
    assert heard == ["interrupt", "nothing", "nothing", "nothing"]


def test_ctrl_c_anywhere_ends_in_words(monkeypatch, capsys):
    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(notebooks, "lessons", interrupted)
    assert exit_code("list") == 1
    assert exit_code(main=site.main) == 1
    assert capsys.readouterr().err == "Stopped.\n" * 2
