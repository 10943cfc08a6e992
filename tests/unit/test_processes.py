"""processes.py: who belongs to a run, and that all of them can be ended."""

import os
import signal
import subprocess
import sys

import pytest

from gan_notebooks import processes

pytestmark = pytest.mark.skipif(os.name == "nt", reason="process groups and signals of POSIX")
SLEEP = "import time; time.sleep(1000)"
DEAF = (
    "import signal, time\n"
    "for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):\n"
    "    signal.signal(number, signal.SIG_IGN)\n"
)
PARENT = (
    "import subprocess, time\n"
    "children = [subprocess.Popen(['sleep', '1000'], env=own) for own in ({}, None)]\n"
    "children.append(subprocess.Popen(['sleep', '1000'], start_new_session=True))\n"
)
SAY = "print(*[child.pid for child in globals().get('children', [])], flush=True)\n"


@pytest.fixture
def start(tmp_path):
    """A function that starts Python code as a process of the run in `tmp_path`: (Popen, pids).

    The pids are its own and its children's. It is in the group of the tests.
    """
    started = []

    def start(code, folder=tmp_path, **options):
        own = os.environ | {processes.MARK: str(folder)}
        command = [sys.executable, "-S", "-c", code + SAY + SLEEP]
        process = subprocess.Popen(command, env=own, stdout=subprocess.PIPE, text=True, **options)
        started.append(process)
        children = [int(pid) for pid in process.stdout.readline().split()]
        return process, [process.pid, *children]

    yield start
    for process in started:
        process.kill()
        process.wait()
        process.stdout.close()


@pytest.fixture(params=["proc", "ps"])
def way(request, monkeypatch, tmp_path):
    """Both ways to find processes: that of Linux and that of other systems."""
    if request.param == "ps":
        monkeypatch.setattr(processes, "PROC", tmp_path / "none")
    elif not processes.PROC.exists():
        pytest.skip("this system has no /proc")
    return request.param


def is_alive(pid):
    """Does a process run? One that has ended stays a zombie until its parent looks."""
    command = ["ps", "-o", "stat=", "-p", str(pid)]
    state = subprocess.run(command, capture_output=True, text=True).stdout.strip()
    return state != "" and not state.startswith("Z")


def test_all_of_a_run_are_ended_and_no_others(way, start, tmp_path):
    """Stopped, deaf to signals, children in the group without a mark, and in another session."""
    _, stopped = start("")
    os.kill(stopped[0], signal.SIGSTOP)
    _, deaf = start(DEAF)
    _, family = start(PARENT, start_new_session=True)
    _, other = start("", folder=f"{tmp_path}-2")  # whose name begins alike
    assert len(family) == 4
    assert processes.find(tmp_path) and other[0] not in processes.find(tmp_path)
    assert processes.end(tmp_path) == []
    assert [pid for pid in stopped + deaf + family if is_alive(pid)] == []
    assert is_alive(other[0])


def test_a_process_that_shows_no_environment_for_a_moment_is_ended(start, tmp_path, monkeypatch):
    """As while a program takes it over."""
    _, (pid,) = start("")
    find = processes.find
    looks = []

    def find_late(folder):
        looks.append(folder)
        return [] if len(looks) == 1 else find(folder)

    monkeypatch.setattr(processes, "find", find_late)
    assert processes.end(tmp_path) == [] and not is_alive(pid)


def test_this_process_is_none_that_it_ends(way, monkeypatch, tmp_path):
    code = (
        "import sys; from pathlib import Path; from gan_notebooks import processes; "
        f"processes.PROC = Path({str(processes.PROC)!r}); "
        "assert processes.end(sys.argv[1]) == []; print('alive')"
    )
    own = os.environ | {processes.MARK: str(tmp_path)}
    command = [sys.executable, "-c", code, tmp_path]
    result = subprocess.run(command, env=own, capture_output=True, text=True)
    assert result.stdout == "alive\n", result.stderr


def test_what_cannot_be_ended_is_told(start, tmp_path, monkeypatch):
    monkeypatch.setattr(processes, "_kill", lambda pid: None)
    _, (pid,) = start("")
    assert processes.end(tmp_path, patience=0.1) == [pid]


def test_a_process_that_hangs_in_the_system_is_not_waited_for(start, monkeypatch):
    process, _ = start("")
    monkeypatch.setattr(process, "kill", lambda: None)
    assert not processes.end_tree(process, patience=0.1)
    monkeypatch.undo()
    assert processes.end_tree(process)


def test_without_ps_nothing_is_found(monkeypatch, tmp_path):
    monkeypatch.setattr(processes, "PROC", tmp_path / "none")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert processes.find(tmp_path) == []
