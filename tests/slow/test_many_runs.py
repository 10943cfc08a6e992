"""Many short runs at once: no two of them collide. Many kills: nothing is lost or left."""

import os
import random
import signal
import subprocess
import sys
import time

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook

from gan_notebooks import grid, locking, sweep
from gan_notebooks.collect import collect

pytestmark = pytest.mark.slow
GUARD = 600  # seconds until a wait for what never comes is given up: no measure of speed
KILLS = 20


def write_lesson(folder, busy="pass"):
    """Write the lesson 07_tiny into a folder. Returns its path."""
    cells = [
        "from gan_helpers.lesson import Lesson\nlesson = Lesson('07_tiny')",
        "SEED: int = 0  # seed",
        "lesson.parameters(globals(), SEED=(int, 0, 999))",
        busy,
        "lesson.score(square=SEED * SEED)\nlesson.record()",
    ]
    notebook = new_notebook(cells=[new_code_cell(source) for source in cells])
    notebook.cells[1].metadata["tags"] = ["parameters"]
    notebook.metadata["kernelspec"] = {
        "name": "python3",
        "display_name": "Python 3",
        "language": "python",
    }
    nbformat.write(notebook, folder / "07_tiny.ipynb")
    return folder / "07_tiny.ipynb"


def test_200_tiny_runs_four_at_a_time(tmp_path):
    runs = grid.plan([write_lesson(tmp_path)], {"SEED": list(range(200))})
    statuses = sweep.sweep(runs, tmp_path / "out", jobs=4)
    assert [status["error"] for status in statuses.values() if status["status"] != "done"] == []
    rows = collect(tmp_path / "out", tmp_path / "runs.csv")
    assert sorted(row["square"] for row in rows) == [seed * seed for seed in range(200)]


# Kills

BUSY = """
import os, re, subprocess, time
from pathlib import Path
folder = Path({folder!r})
child = subprocess.Popen(['sleep', '1000'], start_new_session=True)
with open(folder / 'pids', 'a') as file:
    print(os.getpid(), child.pid, file=file)
if SEED % 2 and (folder / 'hold').exists():
    re.match('(a+)+$', 'a' * 99 + 'b')  # for good: the interpreter is held
re.match('(a+)+$', 'a' * 22 + 'b')
"""


def is_alive(pid):
    command = ["ps", "-o", "stat=", "-p", pid]
    state = subprocess.run(command, capture_output=True, text=True).stdout.strip()
    return state != "" and not state.startswith("Z")


def until(holds):
    deadline = time.monotonic() + GUARD
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.05)


@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
def test_a_sweep_that_is_killed_again_and_again(tmp_path):
    """At random moments, with kernels that hold their interpreter and have started others."""
    write_lesson(tmp_path, BUSY.format(folder=str(tmp_path)))
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    out = tmp_path / "out"
    # A shell's background job ignores SIGINT and hands that down.
    code = (
        "import signal, sys; signal.signal(signal.SIGINT, signal.default_int_handler); "
        "from gan_notebooks import cli; cli.main(sys.argv[1:])"
    )
    command = [sys.executable, "-c", code, "sweep", "--notebooks", tmp_path, "--output", out]
    command += ["--set", "SEED=0,1,2,3,4,5", "--jobs", "2"]
    options = {"env": os.environ | {"TMPDIR": str(temporary)}, "stderr": subprocess.PIPE}
    moments = random.Random(0)
    signals = [signal.SIGKILL, signal.SIGKILL, signal.SIGTERM, signal.SIGHUP, signal.SIGINT]
    (tmp_path / "hold").touch()
    done = set()
    for number in range(KILLS):
        process = subprocess.Popen(command, text=True, start_new_session=True, **options)
        time.sleep(moments.uniform(0, 10))
        kill = signals[number % len(signals)]
        os.killpg(process.pid, kill)  # its group: as from a terminal
        _, errors = process.communicate(timeout=GUARD)
        assert "Traceback" not in errors or process.returncode == -kill, errors
        pids = (tmp_path / "pids").read_text().split() if (tmp_path / "pids").exists() else []
        until(lambda pids=pids: not any(is_alive(pid) for pid in pids))
        statuses = [sweep.read_status(out, path.stem) for path in out.glob("*.json")]
        now_done = {status["run"] for status in statuses if status["status"] == "done"}
        assert done <= now_done, "what is done stays done"
        done = now_done
    (tmp_path / "hold").unlink()
    result = subprocess.run(command, capture_output=True, text=True, env=options["env"])
    assert result.returncode == 0, result.stderr
    rows = collect(out, tmp_path / "runs.csv")
    assert [row["square"] for row in rows] == [0, 1, 4, 9, 16, 25]
    assert {path.name for path in out.iterdir() if path.suffix not in (".ipynb", ".json")} <= {
        sweep.COPIES,
        locking.LOCK,
        locking.HOLDER,
    }
    assert len(list(out.glob("*.ipynb"))) == len(list(out.glob("*.json"))) == 6
    assert [path.name for path in temporary.iterdir()] == []
