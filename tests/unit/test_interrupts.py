"""interrupts.py: Ctrl-C and its like come when nothing is half begun."""

import os
import signal
import subprocess
import tempfile
import threading

import pytest

from gan_notebooks import grade, interrupts, runner, sweep
from gan_notebooks.interrupts import held_back

pytestmark = [
    pytest.mark.skipif(os.name == "nt", reason="signals of POSIX"),
    pytest.mark.usefixtures("signals_as_from_a_terminal"),
]


def test_an_interrupt_waits_until_it_is_obeyed():
    with held_back() as held:
        signal.raise_signal(signal.SIGINT)
        with pytest.raises(KeyboardInterrupt):
            held.obey()
        held.obey()
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_one_that_nobody_obeyed_is_obeyed_at_the_end():
    reached = []
    with pytest.raises(KeyboardInterrupt), held_back():
        signal.raise_signal(signal.SIGINT)
        reached.append("end")
    assert reached == ["end"]
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_a_second_ctrl_c_does_not_wait():
    with held_back() as held:
        signal.raise_signal(signal.SIGINT)
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
        with pytest.raises(KeyboardInterrupt):
            held.obey()


def test_an_error_goes_first():
    with pytest.raises(OSError, match="full"), held_back():
        signal.raise_signal(signal.SIGINT)
        raise OSError("full")
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_a_signal_that_comes_twice_is_obeyed_once():
    """As a closed terminal sends it."""
    interrupts.interrupt_by_signals()
    with pytest.raises(KeyboardInterrupt), held_back() as held:
        signal.raise_signal(signal.SIGTERM)
        held.obey()
    signal.raise_signal(signal.SIGTERM)


def test_what_is_ignored_stays_so_and_what_ends_the_process_too():
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    with held_back():
        assert signal.getsignal(signal.SIGTERM) == signal.SIG_IGN
        assert signal.getsignal(signal.SIGHUP) == signal.SIG_DFL
        signal.raise_signal(signal.SIGTERM)


def test_another_thread_hears_no_signals():
    heard = []

    def listen():
        with held_back() as held:
            held.obey()
            heard.append(signal.getsignal(signal.SIGINT))

    thread = threading.Thread(target=listen)
    thread.start()
    thread.join()
    assert heard == [signal.default_int_handler]


def by_run(lesson, folder):
    runner.execute(lesson, folder / "out.ipynb", {}, quiet=True)


def by_sweep(lesson, folder):
    sweep.sweep({"07_small": (lesson, {})}, folder / "out")


def by_grade(lesson, folder):
    grade._run({"lesson": "01_data_scaling", "imports": "", "exercises": []}, seconds=60)


PLACES = [
    (by_run, tempfile, "mkdtemp"),
    (by_run, runner, "_start_process"),
    (by_run, runner, "start"),
    (by_sweep, tempfile, "mkdtemp"),
    (by_sweep, runner, "_start_process"),
    (by_sweep, sweep, "start"),
    (by_grade, tempfile, "mkdtemp"),
    (by_grade, grade, "RunFolders"),
    (by_grade, subprocess, "Popen"),
]


@pytest.mark.parametrize(("do", "module", "name"), PLACES)
def test_what_has_half_begun_is_ended(do, module, name, write_lesson, tmp_path, monkeypatch):
    """Ctrl-C comes at the end of the function `name`, before anybody has its value."""
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    started = []

    class NotedPopen(subprocess.Popen):
        def __init__(self, *arguments, **options):
            super().__init__(*arguments, **options)
            started.append(self)

    monkeypatch.setattr(subprocess, "Popen", NotedPopen)
    function = getattr(module, name)

    def interrupted(*arguments, **options):
        value = function(*arguments, **options)
        signal.raise_signal(signal.SIGINT)
        return value

    monkeypatch.setattr(module, name, interrupted)
    with pytest.raises(KeyboardInterrupt):
        do(write_lesson(tmp_path), tmp_path)
    assert list(temporary.iterdir()) == []
    assert [process for process in started if process.poll() is None] == []


def test_the_end_of_one_run_that_fails_keeps_none_from_theirs(write_lesson, tmp_path, monkeypatch):
    lesson = write_lesson(tmp_path)
    ended = []

    def finish(running):
        ended.append(running.output.name)
        running.process.stdin.close()
        running.folders.remove()
        raise OSError("stale")

    monkeypatch.setattr(runner.Running, "finish", finish)
    monkeypatch.setattr(runner.Running, "ended", lambda running: signal.raise_signal(signal.SIGINT))
    runs = {name: (lesson, {}) for name in ("07_small,1", "07_small,2")}
    with pytest.raises(OSError, match="stale"):
        sweep.sweep(runs, tmp_path / "out", jobs=2)
    assert sorted(ended) == ["07_small,1.part.ipynb", "07_small,2.part.ipynb"]
