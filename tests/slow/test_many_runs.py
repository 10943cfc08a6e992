"""Many short runs at once: no two of them collide. Many kills: nothing is lost or left."""

import collections
import itertools
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time

import pytest

from gan_notebooks import grid, locking, scratch, sweep
from gan_notebooks.collect import collect
from tests.small_notebooks import write_notebook

pytestmark = pytest.mark.slow
GUARD = 600  # seconds until a wait for what never comes is given up: no measure of speed


def write_lesson(folder, busy="pass"):
    """Write the lesson 07_tiny into a folder. Returns its path."""
    cells = [
        "from gan_helpers.lesson import Lesson\nlesson = Lesson('07_tiny')",
        "SEED: int = 0  # seed",
        "lesson.parameters(globals(), SEED=(int, 0, 999))",
        busy,
        "lesson.score(square=SEED * SEED)\nlesson.record()",
    ]
    return write_notebook(folder / "07_tiny.ipynb", *cells, parameters=1)


def test_200_tiny_runs_four_at_a_time(tmp_path):
    runs = grid.plan([write_lesson(tmp_path)], {"SEED": list(range(200))})
    statuses = sweep.sweep(runs, tmp_path / "out", jobs=4)
    assert [status["error"] for status in statuses.values() if status["status"] != "done"] == []
    rows = collect(tmp_path / "out", tmp_path / "runs.csv")
    assert sorted(row["square"] for row in rows) == [seed * seed for seed in range(200)]


# Kills

SEED = 0  # of the kills' order and moments
SEEDS = 30  # runs of the sweep
TICKETS = 2  # runs at a time that hold their interpreter for good; one job is left for the others
SIGNALS = ["SIGTERM", "SIGINT", "SIGHUP", "SIGQUIT", "SIGKILL"]
VICTIMS = ["sweep", "its group", "runner", "kernel"]  # a terminal signals a group
KILLS = 2 * list(itertools.product(SIGNALS, VICTIMS))  # 40

# Without the image of its memory that SIGQUIT would leave on some machines.
COMMAND = """
import resource, sys
resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
from gan_notebooks import cli
cli.main(sys.argv[1:])
"""
BUSY = """
import json, os, re, subprocess
from pathlib import Path
folder = Path({folder!r})
subprocess.Popen(['sleep', '1000'], start_new_session=True)
held = False
for ticket in folder.glob('ticket-*'):
    try:
        ticket.unlink()
    except FileNotFoundError:  # another run was quicker
        continue
    held = True
    break
with open(folder / 'begun', 'a') as file:
    line = dict(seed=SEED, held=held, runner=os.getppid(), kernel=os.getpid())
    line['mark'] = 'GAN_NOTEBOOKS_RUN=' + os.environ['GAN_NOTEBOOKS_RUN']
    file.write(json.dumps(line) + '\\n')
if held:
    re.match('(a+)+$', 'a' * 99 + 'b')  # never ends
re.match('(a+)+$', 'a' * 20 + 'b')
"""


class Killed:
    """A sweep that is killed again and again, and started anew, in a folder."""

    def __init__(self, folder):
        self.folder = folder
        self.out = folder / "out"
        self.temporary = folder / "temporary"
        self.temporary.mkdir()
        write_lesson(folder, BUSY.format(folder=str(folder)))
        self.environment = os.environ | {"TMPDIR": str(self.temporary)}
        seeds = ",".join(map(str, range(SEEDS)))
        self.command = [sys.executable, "-c", COMMAND, "sweep", "--notebooks", folder]
        self.command += ["--output", self.out, "--set", f"SEED={seeds}", "--jobs", "3"]
        self.process = None
        self.finished = {}  # {seed: the bytes of its notebook}

    def start(self):
        """Start it with all tickets. What the calls before have begun counts no more."""
        (self.folder / "begun").write_text("")
        for ticket in self.folder.glob("ticket-*"):  # with one more no job would be left
            ticket.unlink()
        for number in range(TICKETS):
            (self.folder / f"ticket-{number}").touch()
        self.process = subprocess.Popen(
            self.command,
            text=True,
            env=self.environment,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )

    def processes(self):
        """The sweep's, its runners', its kernels' and what those have started: lines of `ps`."""
        return processes_with(f"TMPDIR={self.temporary}")

    def is_running(self):
        return self.process is not None and self.process.poll() is None

    def begun(self):
        """What cells have written since the start: a list of dict."""
        lines = (self.folder / "begun").read_text().splitlines()
        return [json.loads(line) for line in lines]

    def statuses(self):
        """{seed: status} of all runs that have one."""
        statuses = [sweep.read_status(self.out, path.stem) for path in self.out.glob("*.json")]
        return {status["parameters"]["SEED"]: status for status in statuses}

    def held(self):
        """Those of `begun` whose kernel is busy for good, and whose run has not ended."""
        statuses = self.statuses()
        return [
            run
            for run in self.begun()
            if run["held"] and statuses[run["seed"]]["status"] == "running"
        ]

    def wait_for_held(self):
        until(lambda: self.held() or not self.is_running())
        assert self.is_running(), self.process.communicate()

    def done(self):
        """The seeds (set) of the runs that are done."""
        return {seed for seed, status in self.statuses().items() if status["status"] == "done"}

    def wait_for_another_done(self):
        until(lambda: self.done() > self.finished.keys() or not self.is_running())
        assert self.is_running(), self.process.communicate()

    def kill_sweep(self, number, group):
        """Signal the sweep. Returns what became of it (str); nothing may be left of it."""
        (os.killpg if group else os.kill)(self.process.pid, number)
        try:
            _, errors = self.process.communicate(timeout=GUARD)
        except subprocess.TimeoutExpired:
            pytest.fail("\n".join(["still there:", *(line[:300] for line in self.processes())]))
        code = self.process.returncode
        assert code in (1, -number), errors
        assert "Traceback" not in errors or code == -number, errors  # while it imports
        until(lambda: self.processes() == [])
        self.check_files(code == -signal.SIGKILL)
        self.check_finished()
        return "stopped" if code == 1 else "dead"

    def check_files(self, is_killed):
        """What is left lying about.

        A sweep that was killed had no time to clean up, and one that came no further than its
        imports has not cleaned up after that: the next start does.
        """
        if is_killed:
            scratch.clear_stale.__wrapped__()
        assert [path.name for path in self.temporary.iterdir()] == []
        for path in [*self.out.glob("*.ipynb"), *self.out.glob("*.json")]:
            json.loads(path.read_text())  # whole
        if is_killed or not self.begun():
            return
        assert {path.suffix for path in self.out.glob("[!.]*")} <= {".ipynb", ".json"}
        assert {path.name for path in self.out.glob(".*")} <= {sweep.COPIES, locking.LOCK}
        assert "running" not in {status["status"] for status in self.statuses().values()}

    def check_finished(self):
        """What was done is as it was, and was not done again."""
        assert self.finished.keys().isdisjoint(run["seed"] for run in self.begun())
        statuses = self.statuses()
        finished = {
            seed: (self.out / f"{statuses[seed]['run']}.ipynb").read_bytes() for seed in self.done()
        }
        assert finished.items() >= self.finished.items()
        self.finished = finished

    def kill_child(self, number, victim, run):
        """Signal the runner or the kernel of a run. Returns what became of the run (str)."""
        os.kill(run[victim], number)
        if victim == "runner" and number != signal.SIGKILL:  # its parent decides
            time.sleep(0.2)
            os.kill(run["runner"], 0)
            os.kill(run["kernel"], 0)
            assert self.statuses()[run["seed"]]["status"] == "running"
            return "goes on"
        until(lambda: self.statuses()[run["seed"]]["status"] != "running")
        status = self.statuses()[run["seed"]]
        assert status["status"] == "failed"
        assert "cell [5]" in status["error"]
        assert processes_with(run["mark"]) == []
        assert self.is_running()
        (self.folder / "ticket-again").touch()  # for another run to hold
        return "failed"


def processes_with(variable):
    """The lines (list of str) of `ps` on processes that have NAME=VALUE in their environment."""
    options = ["-axwwE"] if sys.platform == "darwin" else ["axeww"]
    command = ["ps", *options, "-o", "pid=,command="]
    lines = subprocess.run(command, capture_output=True, text=True).stdout.splitlines()
    return [line for line in lines if variable in line]


def until(holds):
    deadline = time.monotonic() + GUARD
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.05)


@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
def test_a_sweep_that_is_killed_again_and_again(tmp_path, monkeypatch, signals_as_from_a_terminal):
    """And its runners and kernels, by every signal, at random moments.

    The kernels hold their interpreter, and have started others.
    """
    killed = Killed(tmp_path)
    monkeypatch.setattr(tempfile, "tempdir", str(killed.temporary))
    moments = random.Random(SEED)
    outcomes = collections.Counter()
    for name, victim in moments.sample(KILLS, len(KILLS)):
        is_fresh = not killed.is_running()
        if is_fresh:
            killed.start()
        is_child = victim in ("runner", "kernel")
        seconds = moments.uniform(0, 0.5)
        if is_child or not is_fresh:
            killed.wait_for_held()
        elif moments.random() < 0.5:
            killed.wait_for_another_done()
        else:
            seconds = moments.uniform(0, 4)  # from its start on
        time.sleep(seconds)
        number = signal.Signals[name]
        if is_child:
            outcome = killed.kill_child(number, victim, moments.choice(killed.held()))
        else:
            outcome = killed.kill_sweep(number, group=victim == "its group")
        outcomes[name, victim, outcome] += 1
        print(f"{name} to {victim} {seconds:.2f} s later: {outcome}, {len(killed.finished)} done")
    for ticket in tmp_path.glob("ticket-*"):
        ticket.unlink()
    print(*sorted(outcomes.items()), sep="\n")
    if killed.is_running():
        killed.kill_sweep(signal.SIGTERM, group=False)
    (tmp_path / "begun").write_text("")
    result = subprocess.run(killed.command, capture_output=True, text=True, env=killed.environment)
    assert result.returncode == 0, result.stderr
    killed.check_finished()
    killed.check_files(is_killed=False)
    assert len(killed.finished) == SEEDS
    rows = collect(killed.out, tmp_path / "runs.csv")
    assert sorted(row["square"] for row in rows) == [seed * seed for seed in range(SEEDS)]
    names = {path.name for path in killed.out.iterdir() if not path.name.startswith(".")}
    stems = {status["run"] for status in killed.statuses().values()}
    assert names == {f"{stem}{ending}" for stem in stems for ending in (".ipynb", ".json")}
