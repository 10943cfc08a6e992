"""Runs on other machines, by dask.distributed: what a sweep does with `--scheduler tcp://…`.

A task takes the notebook's code along and brings the executed notebook back, as bytes: the workers share no disk with
each other or with us. They need the course installed, in the same version, and look at that before they take a run.
"""

import contextlib
import hashlib
import math
import tempfile
import time
import uuid
from concurrent.futures import CancelledError
from pathlib import Path

import nbformat
from tqdm import tqdm

from gan_helpers.parameters import ParameterError
from gan_notebooks import runner
from gan_notebooks.notebooks import SweepError
from gan_notebooks.runner import POLL, partial

try:
    import distributed
except ImportError:
    raise SweepError(
        "--scheduler needs dask.distributed: install it here and on every worker by "
        'python -m pip install "adversarial-digits[cluster]", from a checkout ".[cluster]"'
    ) from None

AHEAD = 2  # runs handed out for each worker: one that it does, one that waits there
LOOK = 5  # seconds after which to look for workers that have joined
CONNECT = 20  # seconds in which a scheduler has to answer


def fingerprint():
    """A short hash of the helpers' code and of the judges: what a run's numbers depend on besides the notebook."""
    folder, found = Path(__file__).parent, hashlib.sha256()
    for path in sorted(path for kind in ("*.py", "*.safetensors") for path in folder.rglob(kind)):
        found.update(f"{path.relative_to(folder).as_posix()}\0".encode())
        found.update(path.read_bytes().replace(b"\r\n", b"\n"))  # git may end lines so on Windows
    return found.hexdigest()[:16]


def check_version(wanted, where):
    """Raise SweepError where the course that is installed here, on the worker `where`, is not the `wanted`."""
    if (here := fingerprint()) != wanted:
        raise SweepError(
            f"the worker {where} has another version of gan_helpers ({here}) than who sweeps ({wanted}): "
            "install the same one on both, restart the worker, then start the sweep again"
        )


class OneRunAtATime(distributed.WorkerPlugin):
    """Lets a worker take one run at a time, and none where its version is another."""

    name = "gan-notebooks"

    def __init__(self, version):
        self.version = version

    async def setup(self, worker):
        await worker.set_resources(runs=0)
        check_version(
            self.version, worker.address
        )  # of a worker that joins later, this stands in its log
        await worker.set_resources(runs=1)


def run_there(source, lesson, parameters, timeout, version):
    """One run, on a worker: (error or None, seconds, the executed notebook as bytes, as far as it came).

    `source`: the notebook to run (str); `lesson`: its name, for messages. The run is stopped where nobody wants it
    any more.
    """
    worker = distributed.get_worker()
    check_version(version, worker.address)
    key = worker.get_current_task()
    try:
        with tempfile.TemporaryDirectory(prefix="run-") as folder:
            notebook, output = Path(folder, f"{lesson}.ipynb"), Path(folder, "executed.ipynb")
            notebook.write_text(source, encoding="utf8")
            # Dask waits for a cancelled task that has begun; it only notes that nobody will take the result.
            record = runner.execute(
                notebook,
                output,
                parameters,
                quiet=True,
                timeout=timeout,
                wanted=lambda: worker.state.tasks[key].state != "cancelled",
            )
            return (
                record["error"],
                record["seconds"],
                output.read_bytes() if output.exists() else b"",
            )
    except (OSError, ParameterError) as failure:  # a full disk, a bad GAN_HELPERS_THREADS
        return f"the worker {worker.address}: {failure}", 0.0, b""


def execute_all(runs, folder, address, *, timeout):
    """Execute `runs` on the workers of the scheduler at `address`; they may come and go meanwhile.

    `runs`: {run id: (notebook, parameters)}. Yields (run id, None) when one is handed out, and (run id, record) when
    its partial notebook is back in `folder`. Where a worker is lost, Dask gives its runs to another. Raises SweepError
    where no scheduler answers or a worker has another version of the course.
    """
    sources = {
        notebook: _without_outputs(notebook)
        for notebook in {notebook for notebook, _ in runs.values()}
    }
    version, sweep, waiting, futures = fingerprint(), uuid.uuid4().hex[:8], list(runs), {}
    with _connected(address, version) as client:
        room, looked = 0, -math.inf
        try:
            while waiting or futures:
                if time.monotonic() - looked > LOOK:
                    workers = len(_answer(client.nthreads, address))
                    if not workers:
                        tqdm.write(
                            f"{address} has no worker now: the runs wait for one, `dask worker {address}`"
                        )
                    room, looked = AHEAD * max(1, workers), time.monotonic()
                while waiting and len(futures) < room:
                    name = waiting.pop(0)
                    notebook, parameters = runs[name]
                    partial(folder, name).unlink(missing_ok=True)
                    # The key tells another sweep's run of this name from ours.
                    futures[name] = client.submit(
                        run_there,
                        sources[notebook],
                        notebook.stem,
                        parameters,
                        timeout,
                        version,
                        resources={"runs": 1},
                        key=f"{name}-{sweep}",
                    )
                    yield name, None
                for name in [
                    name
                    for name, one in futures.items()
                    if one.status in ("finished", "error", "cancelled")
                ]:
                    error, seconds, executed = _answer(futures.pop(name).result, address)
                    if executed:
                        partial(folder, name).write_bytes(executed)
                    yield name, {"error": error, "seconds": seconds}
                time.sleep(POLL)
        finally:
            with contextlib.suppress(
                Exception
            ):  # the scheduler may be gone; it drops what has no client left
                client.cancel(list(futures.values()), force=True)


def _connected(address, version):
    """A client of the scheduler at `address`, whose workers have our version and take one run at a time."""
    try:
        client = distributed.Client(address, timeout=CONNECT, set_as_default=False)
    except (OSError, ValueError, TypeError) as error:
        raise SweepError(
            f"no scheduler answers at {address} ({error}): start one by `dask scheduler`, which prints "
            "its address"
        ) from None
    try:
        _answer(lambda: client.register_plugin(OneRunAtATime(version)), address)
    except BaseException:
        client.close()
        raise
    return client


def _answer(ask, address):
    """What `ask()` returns. Of errors, those of one run come as its result, the others as a SweepError in words."""
    try:
        return ask()
    except distributed.KilledWorker as error:
        lost = error.allowed_failures + 1
        return (
            f"the loss of {lost} workers, one after the other, perhaps for want of memory",
            0.0,
            b"",
        )
    except (OSError, CancelledError) as error:
        raise SweepError(
            f"the scheduler at {address} is gone ({error}): start it again, then the same sweep, which "
            "does what is missing"
        ) from None
    except Exception as error:
        if "ModuleNotFoundError" not in repr(
            error
        ):  # from a plugin it comes as text in another exception
            raise
        raise SweepError(
            f"a worker of {address} cannot import gan_helpers ({error}): install the course there, in the "
            "same version, and restart the worker"
        ) from None


def _without_outputs(notebook):
    """The text of a notebook as a task takes it along: stored outputs are most of its bytes, and are made anew."""
    content = nbformat.read(notebook, as_version=4)
    for cell in content.cells:
        if cell.cell_type == "code":
            cell.outputs = []
    return nbformat.writes(content)
