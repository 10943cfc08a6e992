"""scratch.py: the temporary folders of a run, where sockets fit, and what killed processes left."""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest
import zmq

from gan_notebooks import processes, scratch
from gan_notebooks.errors import SweepError

pytestmark = pytest.mark.skipif(os.name == "nt", reason="Unix sockets")


@pytest.fixture
def place(monkeypatch, tmp_path):
    """A folder with a short path in place of the system's for temporary files.

    pytest has made its own, `tmp_path`, where the system's are.
    """
    with tempfile.TemporaryDirectory(prefix="p", dir="/tmp") as folder:
        monkeypatch.setattr(tempfile, "tempdir", folder)
        yield Path(folder)


def deeper(place, length):
    """A folder below `place` whose path has `length` characters."""
    path = place / ("d" * (length - len(str(place)) - 1))
    path.mkdir()
    return path


def test_a_run_has_one_folder_for_itself_alone(place):
    folders = scratch.RunFolders()
    assert folders.sockets == folders.path and folders.path.parent == place
    assert folders.path.stat().st_mode & 0o077 == 0, "it holds keys"
    assert folders.every == [str(folders.path)]
    for name in ("TMPDIR", "JUPYTER_RUNTIME_DIR"):
        assert folders.environment[name] == str(folders.path)
    (folders.path / "deep" / "er").mkdir(parents=True)
    (folders.path / "key.json").touch()
    (folders.path / "link").symlink_to(place)
    scratch.clear(folders.path)
    assert [path.name for path in folders.path.iterdir()] == [scratch.LOCK], "the last to go"
    folders.remove()
    assert list(place.iterdir()) == []


@pytest.mark.parametrize("length", [60, 85, 86, 87, 88, 100, 107, 200])
def test_wherever_the_temporary_folder_lies_sockets_have_a_place(length, place, monkeypatch):
    """At the lengths about the limit (86 + `/gan-run-xxxxxxxx/k-5` = 107) it is ZeroMQ that says.

    The temporary files stay where they were asked for: there may be more room.
    """
    parent = deeper(place, length)
    (place / "s").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(parent))
    monkeypatch.setattr(scratch, "short_places", lambda: [place / "none", place / "s"])
    folders = scratch.RunFolders()
    assert folders.path.parent == parent
    if sys.platform == "linux":
        assert (folders.sockets == folders.path) == (length <= 86)
    with zmq.Context() as context, context.socket(zmq.ROUTER) as server:
        server.bind(f"ipc://{folders.sockets}/k-5")
    folders.remove()
    assert [*parent.iterdir(), *(place / "s").iterdir()] == []


def test_where_no_place_takes_sockets_the_error_says_the_cure(place, monkeypatch):
    parent = deeper(place, 120)
    monkeypatch.setattr(tempfile, "tempdir", str(parent))
    monkeypatch.setattr(scratch, "short_places", lambda: [place / "none"])
    with pytest.raises(SweepError, match=r"107 bytes.*too long.*none: No such file.*Set TMPDIR"):
        scratch.RunFolders()
    assert list(parent.iterdir()) == []


def test_a_disk_without_sockets_is_one_reason_more(place, monkeypatch):
    class NoSocket:
        def __init__(self, family):
            raise OSError(95, "Operation not supported")

    monkeypatch.setattr(scratch.socket, "socket", NoSocket)
    with pytest.raises(SweepError, match=f"{place}: Operation not supported; /tmp: Operation"):
        scratch.RunFolders()
    assert list(place.iterdir()) == []


def test_a_system_without_sockets_has_none(place, monkeypatch):
    monkeypatch.setattr(scratch, "has_sockets", lambda: False)
    folders = scratch.RunFolders()
    assert folders.sockets is None
    folders.remove()


# What killed processes left


def clear_again():
    scratch.clear_stale.cache_clear()
    scratch.clear_stale()


def test_what_a_killed_process_left_is_cleared_by_the_next_start(place):
    """With what still runs in it."""
    code = (
        "import subprocess, sys, tempfile; from gan_notebooks import processes, scratch; "
        "tempfile.tempdir = sys.argv[1]; folder = scratch.Folder(sys.argv[1]); "
        "own = {processes.MARK: str(folder.path)}; "
        "options = {'env': own, 'start_new_session': True, 'stdout': subprocess.DEVNULL}; "
        "run = subprocess.Popen(['/bin/sleep', '1000'], **options); "
        "print(folder.path, run.pid, flush=True); sys.stdin.readline()"
    )
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    process = subprocess.Popen([sys.executable, "-c", code, place], **pipes)
    path, pid = process.stdout.readline().split()
    clear_again()
    assert Path(path).exists() and processes.find(path) == [int(pid)], "its owner is alive"
    process.kill()
    process.communicate()
    clear_again()
    assert list(place.iterdir()) == [] and processes.find(path) == []


def left(place, name="gan-run-abcd1234"):
    """A folder that a killed process left."""
    path = place / name
    path.mkdir()
    (path / scratch.LOCK).touch()
    (path / "kernel.json").touch()
    return path


def test_only_own_folders_that_nobody_holds_are_cleared(place, monkeypatch, tmp_path):
    held = scratch.Folder(place)
    kept = [
        left(place, "gan-run-notes"),
        left(place, "gan-run-abcd1234-2"),
        left(place, "other-abcd1234"),
    ]
    (place / "gan-run-linked12").symlink_to(left(tmp_path))
    (place / "gan-run-nolock12").mkdir()
    (place / "gan-run-nolock12" / "work").touch()
    os.utime(place / "gan-run-nolock12", (0, 0))
    (place / "gan-run-starting").mkdir()  # its lock is about to come
    (place / "gan-run-empty123").mkdir()
    os.utime(place / "gan-run-empty123", (0, time.time() - scratch.OLD - 9))
    gone = [left(place), left(place, ".gan-run-hidden12")]
    with monkeypatch.context() as patch:
        patch.setattr(os, "getuid", lambda: -1)
        clear_again()
        assert all(path.exists() for path in gone), "another user's"
    clear_again()
    assert [path.exists() for path in gone] == [False, False]
    assert all((path / "kernel.json").exists() for path in kept) and held.path.exists()
    assert (tmp_path / "gan-run-abcd1234" / "kernel.json").exists()
    assert (place / "gan-run-nolock12" / "work").exists() and (place / "gan-run-starting").exists()
    assert not (place / "gan-run-empty123").exists()
    held.remove()


def test_a_start_survives_one_that_clears_its_folder_too_early(place, monkeypatch):
    make = tempfile.mkdtemp
    made = []

    def mkdtemp(**options):
        made.append(make(**options))
        if len(made) == 1:  # another process has its lock
            other = scratch.FileLock(Path(made[0], scratch.LOCK), thread_local=False)
            other.acquire(timeout=0)
            made.append(other)
        return made[-1] if isinstance(made[-1], str) else made[0]

    monkeypatch.setattr(tempfile, "mkdtemp", mkdtemp)
    folder = scratch.Folder(place)
    assert str(folder.path) == made[2]
    made[1].release()
