"""Sweeps on a real scheduler and real workers, all on this machine's loopback address."""

import collections
import contextlib
import json
import os
import re
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import time
from pathlib import Path

import dask
import psutil
import pytest

from gan_helpers import threads
from gan_notebooks import scheduler, sweep
from gan_notebooks.collect import collect
from gan_notebooks.errors import SweepError
from tests import from_a_terminal
from tests.small_notebooks import write_notebook

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(os.name == "nt", reason="kills workers by signal"),
]
ROOT = Path(__file__).parents[2]
GUARD = 900  # seconds until a wait for what never comes is given up: no measure of speed
CELLS = [
    "from gan_helpers.lesson import Lesson\nlesson = Lesson('09_small')",
    "SEED: int = 0  # seed\nSECONDS: float = 1.0  # to sleep\nLOG: str = ''  # file",
    "lesson.parameters(globals(), SEED=(int, 0, 99), SECONDS=(float, 0, 99), LOG=str)",
    "import os, time\nprint(SEED, os.getcwd(), file=open(LOG, 'a'))\nprint('so far')",
    "if SEED == 98:\n    raise OSError('broken')\ntime.sleep(SECONDS)\n"
    "print(SEED, os.getcwd(), file=open(LOG + '.ended', 'a'))",
    "count = int(os.environ['OMP_NUM_THREADS'])\n"
    "lesson.score(square=SEED * SEED, threads=count, folder=os.getcwd())\nlesson.record()",
]
INSTRUCTORS = ROOT / "docs" / "instructors.md"
LOOPBACK = ["--host", "127.0.0.1", "--dashboard-address", "127.0.0.1:0"]


class Cluster:
    """A scheduler, and workers that are added one by one; each works in a folder of its own."""

    def __init__(self, folder):
        self.folder = folder
        self.processes = []
        file = folder / "address.json"
        self.start("scheduler", "scheduler", "--port", "0", "--scheduler-file", file)
        self.address = until(lambda: json.loads(file.read_text())["address"])

    def start(self, name, *command, path=ROOT, kernel_threads=""):
        own = self.folder / name
        own.mkdir()
        command = [sys.executable, "-m", "dask", *command, *LOOPBACK]
        return self.spawn(name, command, own, environment(path, kernel_threads))

    def spawn(self, name, command, folder, env):
        with open(self.folder / f"{name}.log", "w") as log:
            process = subprocess.Popen(command, cwd=folder, stdout=log, stderr=log, env=env)
        self.processes.append(process)
        return process

    def worker(self, name, *options, path=ROOT, kernel_threads=""):
        command = ["worker", self.address, "--name", name, *options]
        process = self.start(name, *command, path=path, kernel_threads=kernel_threads)
        self.wait_for_worker(name)
        return process

    def wait_for_worker(self, name):
        until(lambda: "Registered to" in (self.folder / f"{name}.log").read_text())

    def stop(self):
        for process in reversed(self.processes):
            process.terminate()
        for process in self.processes:
            process.wait(30)


class Documented(Cluster):
    """A scheduler and a worker by the lines of docs/instructors.md, on the loopback address.

    The lines are taken as they stand there, with another port, since 8786 may be taken, and
    127.0.0.1 for the addresses of several machines.
    """

    def __init__(self, folder, heading):
        self.folder = folder
        self.processes = []
        self.blocks = blocks(heading)
        self.env = environment()
        self.env["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{self.env['PATH']}"

    def command(self, beginning):
        """The command (str) that begins so, with this cluster's address; exports go before it."""
        (block,) = [block for block in self.blocks if f"\n{beginning}" in f"\n{block}"]
        lines = [line for line in block.splitlines() if line.startswith((beginning, "export "))]
        return re.sub(r"10\.0\.0\.\d", "127.0.0.1", "\n".join(lines))

    def reach(self, command):
        """A command with the address of this scheduler; its protocol must be the document's."""
        (address,) = re.findall(r"\w+://127\.0\.0\.1:8786", command)
        assert address.split(":")[0] == self.address.split(":")[0]
        return command.replace(address, self.address)

    def begin(self, name, command):
        *exports, line = command.splitlines()
        text = "\n".join([*exports, f"exec {line}"])
        return self.spawn(name, ["sh", "-ec", text], self.folder, self.env)

    def start_all(self):
        """The scheduler and a worker."""
        file = self.folder / "address.json"
        line = self.command("dask scheduler")
        self.begin("scheduler", f"{line} --port 0 --scheduler-file {file}")
        self.address = until(lambda: json.loads(file.read_text())["address"])
        self.begin("worker", self.reach(self.command("dask worker")))
        self.wait_for_worker("worker")

    def sweep_and_look(self, lesson):
        """The document's sweep, of a small lesson. Returns two sets of (address, port).

        They are where the scheduler, the worker, the sweep and their processes listened meanwhile,
        and where the kernels did.
        """
        options = f"--notebooks {lesson / 'lessons'} --set LOG={lesson / 'begun'}"
        sweep_there = self.begin("sweep", f"{self.reach(self.command('gan-notebooks'))} {options}")
        addresses = collections.defaultdict(set)
        kernels = set()
        while sweep_there.poll() is None:
            for member in family(self.processes):
                with contextlib.suppress(psutil.NoSuchProcess, psutil.AccessDenied):
                    addresses[member.pid] |= listening(member)
                    if "ipykernel_launcher" in member.cmdline():
                        kernels.add(member.pid)
            time.sleep(0.2)
        printed = (self.folder / "sweep.log").read_text()
        assert sweep_there.returncode == 0 and "2 of 2 runs are done" in printed, printed
        assert len(kernels) == 2, "each run's kernel was looked at"
        ours = set().union(*[addresses[pid] for pid in addresses.keys() - kernels])
        return ours, set().union(*[addresses[pid] for pid in kernels])


def blocks(heading):
    """The blocks (list of str) in a section of docs/instructors.md, continued lines made one."""
    text = INSTRUCTORS.read_text(encoding="utf8")
    section = text.split(f"\n### {heading}\n")[1].split("\n##")[0]
    return [re.sub(r" *\\\n +", " ", block.strip()) for block in section.split("```")[1::2]]


def family(processes):
    """These processes (subprocess.Popen) and all that they started, as psutil's."""
    members = []
    for process in processes:
        with contextlib.suppress(psutil.NoSuchProcess):
            parent = psutil.Process(process.pid)
            members += [parent, *parent.children(recursive=True)]
    return members


def listening(process):
    """Where a process (psutil.Process) takes connections or packets: a set of (address, port)."""
    addresses = set()
    for connection in process.net_connections("inet"):
        takes_packets = connection.type == socket.SOCK_DGRAM and not connection.raddr
        if connection.status == psutil.CONN_LISTEN or takes_packets:
            addresses.add(tuple(connection.laddr))
    return addresses


def environment(path=ROOT, kernel_threads=""):
    """With an OMP_NUM_THREADS that must not reach the kernels.

    `kernel_threads`: what may reach them, or nothing.
    """
    own = {"PYTHONPATH": str(path), "OMP_NUM_THREADS": "7", threads.VARIABLE: kernel_threads}
    return os.environ | own


def until(look, seconds=GUARD):
    """What `look()` returns once it is true; that it raises means not yet."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        with contextlib.suppress(Exception):
            if answer := look():
                return answer
        time.sleep(0.1)
    raise AssertionError(f"not within {seconds} seconds")


@pytest.fixture
def cluster(tmp_path_factory):
    cluster = Cluster(tmp_path_factory.mktemp("cluster"))
    try:
        yield cluster
    finally:
        cluster.stop()


@pytest.fixture
def lesson(tmp_path):
    (tmp_path / "lessons").mkdir()
    write_notebook(tmp_path / "lessons" / "09_small.ipynb", *CELLS, parameters=1)
    return tmp_path


def begin(cluster, lesson, seeds, *options):
    """The command, started. Its notebooks go to `out`."""
    (lesson / "grid.yaml").write_text(f"SEED: {list(seeds)}\nLOG: {lesson / 'begun'}\n")
    command = ["--notebooks", lesson / "lessons", "--grid", lesson / "grid.yaml"]
    command += ["--output", lesson / "out", "--scheduler", cluster.address, *options]
    return subprocess.Popen(
        [*from_a_terminal.COMMAND, "sweep", *command],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment(),
    )


def rows(lesson):
    return collect(lesson / "out", lesson / "runs.csv")


def statuses(lesson):
    folder = lesson / "out"
    every = [sweep.read_status(folder, path.stem) for path in folder.glob("*.json")]
    return {status["parameters"]["SEED"]: status for status in every}


def begun(lesson, log="begun"):
    """The runs that got to their sleep, or to its end ("begun.ended"), in order.

    A list of (seed, name of the worker).
    """
    lines = [line.split() for line in (lesson / log).read_text().splitlines()]
    return [(int(seed), Path(folder).name) for seed, folder in lines]


def times_begun(lesson, log="begun"):
    return collections.Counter(seed for seed, _ in begun(lesson, log))


def test_of_two_workers_one_is_killed_and_every_run_is_there_once(cluster, lesson):
    first = cluster.worker("first", "--nthreads", "2", "--no-nanny")
    cluster.worker("second", "--nthreads", "1", kernel_threads="2")
    command = begin(cluster, lesson, range(10), "--set", "SECONDS=3.0")

    def in_the_middle_of_a_later_run():
        seed = [seed for seed, worker in begun(lesson) if worker == "first"][1]
        return statuses(lesson)[seed]["status"] == "running"

    until(in_the_middle_of_a_later_run)
    first.kill()
    text, errors = command.communicate(timeout=GUARD)
    assert command.returncode == 0 and "10 of 10 runs are done" in text, errors
    table = rows(lesson)
    assert [row["SEED"] for row in table] == list(range(10)) == sorted(statuses(lesson))
    assert [row["square"] for row in table] == [seed * seed for seed in range(10)]
    assert {row["status"] for row in table} == {"done"}
    assert not list((lesson / "out").glob("*.part*"))
    workers = {(Path(row["folder"]).name, row["threads"]) for row in table}
    usual = {("first", 1), ("second", min(2, threads.usable_cores()))}
    assert workers == usual, "both worked; one thread is usual"
    lost = [seed for seed, worker in begun(lesson) if worker == "first"][-1]
    assert times_begun(lesson) == dict.fromkeys(range(10), 1) | {lost: 2}, (
        "the kill fell into a run, begun again"
    )


def test_ctrl_c_stops_the_workers_and_the_next_start_does_the_rest(cluster, lesson):
    cluster.worker("only", "--nthreads", "1")
    command = begin(cluster, lesson, range(4), "--set", "SECONDS=5.0")
    until(lambda: statuses(lesson)[0]["status"] == "done" and times_begun(lesson)[1])
    command.send_signal(signal.SIGINT)
    text, errors = command.communicate(timeout=GUARD)
    assert command.returncode == 1 and "1 of 4 runs are done" in text, errors
    told = {seed: status["status"] for seed, status in statuses(lesson).items()}
    assert told == {0: "done", 1: "failed", 2: "failed"}
    assert statuses(lesson)[1]["error"] == "interrupted"
    command = begin(cluster, lesson, range(4), "--set", "SECONDS=5.0")
    text, errors = command.communicate(timeout=GUARD)
    assert command.returncode == 0 and "4 of 4 runs are done" in text, errors
    assert times_begun(lesson) == {0: 1, 1: 2, 2: 1, 3: 1}, "what was done is kept"
    assert times_begun(lesson, "begun.ended") == dict.fromkeys(range(4), 1), (
        "what nobody wanted was stopped"
    )


def test_a_failure_and_a_timeout_bring_back_the_partial_notebook(cluster, lesson):
    cluster.worker("only", "--nthreads", "1")
    command = begin(cluster, lesson, [98, 1], "--set", "SECONDS=99", "--timeout", "25")
    _, errors = command.communicate(timeout=GUARD)
    assert command.returncode == 1
    ended = statuses(lesson)
    # The injected parameters are a cell, too.
    assert ended[98]["error"] == "cell [6]: OSError: broken", errors
    assert ended[1]["error"] == "cell [6]: out of time: the run had 25 seconds"
    for name in (status["run"] for status in ended.values()):
        assert "so far" in (lesson / "out" / f"{name}.part.ipynb").read_text()


def test_a_worker_with_another_version_is_refused_in_words(cluster, lesson, tmp_path):
    for package in ("gan_helpers", "gan_notebooks"):
        shutil.copytree(ROOT / package, tmp_path / "old" / package)
    with open(tmp_path / "old" / "gan_helpers" / "losses.py", "a") as file:
        file.write("\n# another line\n")
    cluster.worker("other", path=tmp_path / "old")
    command = begin(cluster, lesson, [1])
    _, errors = command.communicate(timeout=GUARD)
    assert command.returncode == 2
    assert "another version of gan_helpers" in errors and "install the same" in errors
    assert not (lesson / "begun").exists() and not statuses(lesson)


def test_a_worker_without_the_course_is_told(cluster, lesson, tmp_path):
    for package in ("gan_helpers", "gan_notebooks"):
        (tmp_path / "none" / package).mkdir(parents=True)
        code = f"raise ModuleNotFoundError('', name='{package}')"
        (tmp_path / "none" / package / "__init__.py").write_text(code)
    cluster.worker("bare", path=tmp_path / "none")
    command = begin(cluster, lesson, [1])
    _, errors = command.communicate(timeout=GUARD)
    assert command.returncode == 2
    assert "cannot import gan_helpers" in errors and "install the course" in errors


def test_where_no_scheduler_answers_the_error_says_how_to_start_one(lesson):
    nowhere = type("Nowhere", (), {"address": "tcp://127.0.0.1:9"})
    command = begin(nowhere, lesson, [1])
    _, errors = command.communicate(timeout=GUARD)
    assert command.returncode == 2 and "no scheduler answers at tcp://127.0.0.1:9" in errors
    assert "dask scheduler" in errors and "Traceback" not in errors


# The lines of docs/instructors.md


@pytest.fixture
def one_machine(tmp_path):
    cluster = Documented(tmp_path, "One machine")
    try:
        cluster.start_all()
        yield cluster
    finally:
        cluster.stop()


@pytest.fixture
def with_tls(tmp_path):
    cluster = Documented(tmp_path, "Several machines")
    (certificates,) = [block for block in cluster.blocks if "openssl" in block]
    subprocess.run(["sh", "-ec", certificates], cwd=tmp_path, check=True, capture_output=True)
    try:
        cluster.start_all()
        yield cluster
    finally:
        cluster.stop()


def test_on_one_machine_every_port_is_on_the_loopback_address(one_machine, lesson):
    addresses, of_kernels = one_machine.sweep_and_look(lesson)
    assert {address for address, _ in addresses | of_kernels} == {"127.0.0.1"}
    # Scheduler, worker, nanny, and the HTTP of the first two.
    assert len(addresses) == 5


def answer(port):
    """What a port on the loopback address says to a request in plain text (bytes, may be none)."""
    connection = socket.create_connection(("127.0.0.1", port), timeout=GUARD)
    with connection, contextlib.suppress(ConnectionError):
        connection.sendall(b"GET / HTTP/1.0\r\n\r\n")
        return connection.recv(4)
    return b""


def talks(port, folder, certificate=None):
    """Does a port talk to who comes with TLS, and this certificate of the folder or none?"""
    context = ssl.create_default_context(cafile=folder / "ca.pem")
    context.check_hostname = False
    if certificate:
        context.load_cert_chain(folder / f"{certificate}.pem", folder / f"{certificate}.key")
    connection = socket.create_connection(("127.0.0.1", port), timeout=GUARD)
    with connection, contextlib.suppress(ssl.SSLError, ConnectionError):
        return context.wrap_socket(connection).recv(4) != b""
    return False


def make_foreign(folder):
    """A certificate in the folder that another authority signed: its own."""
    line = "openssl req -x509 -newkey rsa:2048 -nodes -days 9 -subj /CN=x "
    line += "-keyout foreign.key -out foreign.pem"
    subprocess.run(["sh", "-c", line], cwd=folder, check=True, capture_output=True)


def test_with_tls_only_who_has_a_certificate_is_let_in(with_tls, lesson, tmp_path):
    addresses, of_kernels = with_tls.sweep_and_look(lesson)
    assert {address for address, _ in addresses | of_kernels} == {"127.0.0.1"}
    ports = {port for _, port in addresses}
    answers = {port: answer(port) for port in ports}
    pages = {port for port in ports if answers[port] == b"HTTP"}
    assert len(ports) == 5 and len(pages) == 2
    make_foreign(tmp_path / "tls")
    for port in ports - pages:
        # Nothing, or an alert of TLS, record type 21.
        assert answers[port][:1] in (b"", bytes([21]))
        assert talks(port, tmp_path / "tls", "sweep")
        assert not talks(port, tmp_path / "tls")
        assert not talks(port, tmp_path / "tls", "foreign")
    mode = (tmp_path / "tls").stat().st_mode & 0o777
    assert mode == 0o700, "nobody else reads the keys"


def test_the_command_says_in_words_what_is_wrong_with_tls(with_tls, cluster, lesson, tmp_path):
    files = {"ca-file": "ca.pem", "client.cert": "sweep.pem", "client.key": "sweep.key"}
    foreign = {"client.cert": "foreign.pem", "client.key": "foreign.key"}
    make_foreign(tmp_path / "tls")

    def refused(address, changes):
        settings = {
            f"distributed.comm.tls.{name}": str(tmp_path / "tls" / file)
            for name, file in (files | changes).items()
        }
        with dask.config.set(settings), pytest.raises(SweepError) as error:
            scheduler.check(address)
        return str(error.value)

    def refused_command(address):
        command = begin(type("Server", (), {"address": address}), lesson, [1])
        _, errors = command.communicate(timeout=GUARD)
        assert command.returncode == 2 and "Traceback" not in errors
        return errors

    for wrong in (foreign, {"ca-file": "foreign.pem"}):
        assert "of the same authority" in refused(with_tls.address, wrong)
    assert "the key that of the cert" in refused(with_tls.address, {"client.key": "worker.key"})
    without_tls = cluster.address.replace("tcp", "tls")
    assert "must have been started with TLS" in refused(without_tls, {})
    assert "asks for certificates" in refused_command(with_tls.address)
    with_tcp = with_tls.address.replace("tls", "tcp")
    assert "its address begins with tls://" in refused_command(with_tcp)
    assert not (lesson / "begun").exists()
