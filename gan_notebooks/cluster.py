"""Runs on other machines, by dask.distributed: what a sweep does with `--scheduler ADDRESS`.

A task takes the notebook's code along and brings the executed notebook back, as bytes: the workers
share no disk with each other or with us. They need the course installed, in the same version, and
look at that before they take a run.
"""

import contextlib
import hashlib
import math
import tempfile
import time
import uuid
from concurrent.futures import CancelledError
from pathlib import Path
from typing import NamedTuple

import nbformat
from tqdm import tqdm

import gan_helpers
import gan_notebooks
from gan_helpers import tables
from gan_helpers.parameters import ParameterError
from gan_notebooks import marks, notebooks, runner, scratch
from gan_notebooks.errors import CourseError, SweepError
from gan_notebooks.runner import POLL, Result, partial

try:
    import distributed
except ImportError:
    raise SweepError(
        "--scheduler needs dask.distributed: install it here and on every worker by "
        'python -m pip install "adversarial-digits[cluster]", from a checkout ".[cluster]"'
    ) from None

from gan_notebooks import scheduler  # needs it too

AHEAD = 2  # runs handed out for each worker: one that it does, one that waits there
LOOK = 5  # seconds after which to look for workers that have joined
PACKAGES = (gan_helpers, gan_notebooks)


def fingerprint():
    """A short hash of what a run's numbers depend on besides the notebook.

    That is the code of both packages, which lessons import and which runs them, and the judges.
    """
    digest = hashlib.sha256()
    for package in PACKAGES:
        folder = Path(package.__file__).parent
        paths = [*folder.rglob("*.py"), *folder.rglob("*.safetensors")]
        for path in sorted(paths):
            digest.update(f"{path.relative_to(folder.parent).as_posix()}\0".encode())
            # Git may end lines so on Windows.
            digest.update(path.read_bytes().replace(b"\r\n", b"\n"))
    return digest.hexdigest()[:16]


def check_version(wanted, where):
    """Raise SweepError where the course installed here, on the worker `where`, is not `wanted`."""
    version = fingerprint()
    if version != wanted:
        raise SweepError(
            f"the worker {where} has another version of gan_helpers or gan_notebooks ({version}) "
            f"than who sweeps ({wanted}): install the same one on both, restart the worker, then "
            "start the sweep again"
        )


class OneRunAtATime(distributed.WorkerPlugin):
    """Lets a worker take one run at a time, and none where its version is another."""

    name = "gan-notebooks"

    def __init__(self, version):
        self.version = version

    async def setup(self, worker):
        await worker.set_resources(runs=0)
        # Of a worker that joins later, what this raises stands in its log.
        check_version(self.version, worker.address)
        await worker.set_resources(runs=1)


class RemoteResult(NamedTuple):
    """What a task brings back of its run."""

    error: str | None
    seconds: float
    notebook: bytes  # the executed one, as far as it came; empty where there is none


def run_there(source, lesson, parameters, timeout, version):
    """One run, on a worker. Returns a RemoteResult.

    `source`: the notebook to run (str); `lesson`: its name, for messages. The run is stopped where
    nobody wants it any more.
    """
    worker = distributed.get_worker()
    check_version(version, worker.address)
    key = worker.get_current_task()

    def is_wanted():
        # Dask waits for a cancelled task that has begun; it only notes that nobody will take the
        # result.
        return worker.state.tasks[key].state != "cancelled"

    try:
        with scratch.Folder(tempfile.gettempdir()) as folder:
            notebook = Path(folder, f"{lesson}.ipynb")
            notebook.write_text(source, encoding="utf8")
            output = Path(folder, "executed.ipynb")
            options = {"quiet": True, "timeout": timeout, "wanted": is_wanted}
            result = runner.execute(notebook, output, parameters, **options)
            executed = output.read_bytes() if output.exists() else b""
            return RemoteResult(result.error, result.seconds, executed)
    except (
        OSError,
        ParameterError,
        CourseError,
    ) as failure:  # a full disk, a bad number of threads
        return RemoteResult(f"the worker {worker.address}: {failure}", 0.0, b"")


def execute_all(runs, folder, address, *, timeout):
    """Execute `runs` on the workers of the scheduler at `address`; they may come and go meanwhile.

    `runs`: {run id: (notebook, parameters)}. Yields (run id, None) when one is handed out, and
    (run id, Result) when its partial notebook is back in `folder`. Where a worker is lost, Dask
    gives its runs to another. Raises SweepError where no scheduler answers or a worker has another
    version of the course.
    """
    version = fingerprint()
    with _connected(address, version) as client:
        queue = _Queue(client, address, version, runs, timeout)
        waiting = list(runs)
        try:
            while waiting or queue.futures:
                room = queue.room()
                while waiting and len(queue.futures) < room:
                    name = waiting.pop(0)
                    marks.remove(partial(folder, name))
                    queue.submit(name)
                    yield name, None
                for name, result in queue.results():
                    if result.notebook:
                        tables.replace(partial(folder, name), result.notebook.decode())
                    yield name, Result(result.error, result.seconds)
                time.sleep(POLL)
        finally:
            queue.cancel()


class _Queue:
    """The runs that a scheduler has of ours: `futures`, {run id: distributed.Future}."""

    def __init__(self, client, address, version, runs, timeout):
        self.client = client
        self.address = address
        self.version = version
        self.runs = runs
        self.timeout = timeout
        lessons = {notebook for notebook, _ in runs.values()}
        self.sources = {notebook: _without_outputs(notebook) for notebook in lessons}
        self.sweep = uuid.uuid4().hex[:8]  # tells another sweep's run of the same name from ours
        self.futures = {}
        self._room = 0
        self._last_look = -math.inf

    def room(self):
        """How many runs (int) to have handed out at a time; as for one worker where none is."""
        if time.monotonic() - self._last_look > LOOK:
            workers = len(_answer(self.client.nthreads, self.address))
            if not workers:
                tqdm.write(
                    f"{self.address} has no worker now: the runs wait for one; "
                    f"{scheduler.LINES}, `dask worker {self.address} …`"
                )
            self._room = AHEAD * max(1, workers)
            self._last_look = time.monotonic()
        return self._room

    def submit(self, name):
        """Hand out one run."""
        notebook, parameters = self.runs[name]
        self.futures[name] = self.client.submit(
            run_there,
            self.sources[notebook],
            notebook.stem,
            parameters,
            self.timeout,
            self.version,
            resources={"runs": 1},
            key=f"{name}-{self.sweep}",
        )

    def results(self):
        """Take back what has ended: yields (run id, RemoteResult)."""
        for name, future in list(self.futures.items()):
            if future.status in ("finished", "error", "cancelled"):
                del self.futures[name]
                yield name, _result(future, self.address)

    def cancel(self):
        """Give up what is handed out."""
        # The scheduler may be gone; it drops what has no client left.
        with contextlib.suppress(Exception):
            self.client.cancel(list(self.futures.values()), force=True)


def _connected(address, version):
    """A client of the scheduler at `address`, whose workers have our version, a run at a time."""
    scheduler.check(address)
    options = {"timeout": scheduler.PATIENCE, "set_as_default": False}
    client = _answer(lambda: distributed.Client(address, **options), address)
    try:
        _answer(lambda: client.register_plugin(OneRunAtATime(version)), address)
    except BaseException:
        client.close()
        raise
    return client


def _result(future, address):
    """The RemoteResult of a future that has ended, also where its workers were lost."""
    try:
        return _answer(future.result, address)
    except distributed.KilledWorker as error:
        lost = error.allowed_failures + 1
        cause = f"the loss of {lost} workers, one after the other, perhaps for want of memory"
        return RemoteResult(cause, 0.0, b"")


def _answer(ask, address):
    """What `ask()` returns. Where the cluster cannot go on, its error comes as a SweepError."""
    try:
        return ask()
    except (OSError, CancelledError) as error:
        raise SweepError(
            f"the scheduler at {address} is gone ({error}): start it again, then the same sweep, "
            "which does what is missing"
        ) from None
    except Exception as error:
        # From a plugin it comes as text in another exception.
        if "ModuleNotFoundError" not in repr(error):
            raise
        raise SweepError(
            f"a worker of {address} cannot import gan_helpers and gan_notebooks ({error}): install "
            "the course there, in the same version, and restart the worker"
        ) from None


def _without_outputs(notebook):
    """The text of a notebook as a task takes it along.

    Stored outputs are most of its bytes, and are made anew.
    """
    content = notebooks.read(notebook)
    for cell in content.cells:
        if cell.cell_type == "code":
            cell.outputs = []
    return nbformat.writes(content)
