"""Find and end every process of a run, whatever its cells hold up or have started.

A kernel has a session of its own, and where a cell holds the interpreter it does not notice that
who started it is gone. So each process of a run carries the run's folder in its environment, which
what it starts inherits; a process group that one of them is in belongs to the run too.
"""

import contextlib
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

MARK = "GAN_NOTEBOOKS_RUN"  # the environment variable with the run's folder
PATIENCE = 10  # seconds in which what was told to end has to be gone
LOOK = 0.02  # seconds between two looks at what is left
PROC = Path("/proc")
IS_POSIX = os.name == "posix"


def find(folder):
    """The processes (list of pid) of the run with this folder, this one apart.

    Linux says it in /proc, other systems by `ps`. On Windows it is not known: [].
    """
    if not IS_POSIX:
        return []
    pids = _find_in_proc(folder) if (PROC / "self" / "environ").exists() else _find_by_ps(folder)
    return [pid for pid in pids if pid != os.getpid()]


def _find_in_proc(folder):
    wanted = os.fsencode(f"{MARK}={folder}")
    pids = []
    for entry in os.listdir(PROC):
        if not entry.isdecimal():
            continue
        with contextlib.suppress(OSError):  # it has just ended, or is somebody else's
            if wanted in (PROC / entry / "environ").read_bytes().split(b"\0"):
                pids.append(int(entry))
    return pids


def _find_by_ps(folder):
    """With the environment where `ps` shows it, else by what stands on the command lines."""
    options = ["-axwwE"] if sys.platform == "darwin" else ["axeww"]
    command = ["ps", *options, "-o", "pid=,command="]
    unmarked = {name: value for name, value in os.environ.items() if name != MARK}
    try:  # without the mark: else `ps` would find itself
        result = subprocess.run(command, capture_output=True, timeout=PATIENCE, env=unmarked)
    except (OSError, subprocess.TimeoutExpired):
        return []
    name = re.escape(os.fsencode(str(folder)))
    wanted = re.compile(
        rb"(?<!\S)(%s=%s|-m gan_notebooks\.engine %s)(?!\S)|-f %s/"
        % (MARK.encode(), name, name, name)
    )
    lines = [line for line in result.stdout.splitlines() if wanted.search(line)]
    return [int(line.split()[0]) for line in lines]


def end(folder, *, patience=PATIENCE):
    """End the processes of a run. Returns those (list of pid) left after `patience` seconds.

    By SIGKILL: a process that is stopped, or whose interpreter is held, hears nothing else. Two
    looks in a row have to find none: while a program takes a process over, it shows no environment.
    """
    deadline = time.monotonic() + patience
    looks_in_vain = 0
    while True:
        pids = find(folder)
        for pid in pids:
            _kill(pid)
        looks_in_vain = 0 if pids else looks_in_vain + 1
        if looks_in_vain == 2 or time.monotonic() > deadline:
            return pids
        time.sleep(LOOK)


def _kill(pid):
    """Kill a process of a run and its group, which is never the one that this process is in."""
    with contextlib.suppress(OSError):  # it has ended meanwhile
        group = os.getpgid(pid)
        os.kill(pid, signal.SIGKILL)
        if group != os.getpgrp():
            os.killpg(group, signal.SIGKILL)


def end_tree(process, *, patience=PATIENCE):
    """End a subprocess.Popen; on Windows what it has started too. Returns True where it is gone."""
    if not IS_POSIX and process.poll() is None:
        # It knows the children only as long as their parent is there.
        command = ["taskkill", "/F", "/T", "/PID", str(process.pid)]
        with contextlib.suppress(OSError):
            subprocess.run(command, capture_output=True)
    process.kill()
    try:
        process.wait(patience)
    except subprocess.TimeoutExpired:
        return False
    return True
