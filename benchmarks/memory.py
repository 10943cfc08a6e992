"""What lessons take of a machine's memory, for `python -m benchmarks memory`.

Resident memory is what a process has of it, libraries included. The pages of a library are in
memory once, however many processes use them: the share of a process in all that it has (PSS) counts
a page that two of them use as half a page for each, so that shares add up. Linux alone tells them.
"""

import contextlib
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import psutil

from gan_notebooks import notebooks, runner

LONG = ("STEPS", "SECONDS", "LENGTH")  # in names of parameters that say how long training takes
PAUSE = 0.3  # seconds between two looks
SERVER_START = 60  # seconds until a server that does not answer is given up

TORCH = "import torch"
OPTIMISER = "import torch; torch.optim.Adam([torch.nn.Parameter(torch.zeros(1))])"


def fresh_peak(code):
    """The most memory (bytes) that a new Python held while it ran this code."""
    code += "; import resource; print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024)"
    output = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)
    return int(output.stdout)


def quick_parameters(notebook):
    """Those with which a lesson trains for seconds and takes as much memory as by default.

    The values of size smoke, of the parameters alone that say how long it trains.
    """
    smoke = notebooks.size_parameters(notebook, "smoke")
    return {name: value for name, value in smoke.items() if any(word in name for word in LONG)}


def peak_of_lesson(notebook, output):
    """The most memory (bytes) that a lesson's kernel held in a quick run, executed to `output`."""
    error = runner.execute(notebook, output, quick_parameters(notebook), quiet=True).error
    if error:
        raise RuntimeError(f"{Path(notebook).name} stopped in {error}")
    return notebooks.read_record(output)["timings"]["peak_bytes"]


def share(process):
    """The share (bytes) of a psutil.Process in the memory; 0 once it has ended."""
    try:
        return process.memory_full_info().pss
    except psutil.Error:
        return 0


def kernels():
    """The kernels (psutil.Process) that run below this process."""
    processes = []
    for process in psutil.Process().children(recursive=True):
        with contextlib.suppress(psutil.Error):
            if "ipykernel_launcher" in process.cmdline():
                processes.append(process)
    return processes


@contextlib.contextmanager
def server():
    """A JupyterLab that answers, as a psutil.Process; it ends with the block."""
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder, "log")
        command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--port=0", "--allow-root"]
        with log.open("w") as file:
            process = subprocess.Popen(command, stdout=file, stderr=file, cwd=folder)
        try:
            end = time.monotonic() + SERVER_START
            while "http://" not in log.read_text():
                if time.monotonic() > end or process.poll() is not None:
                    raise RuntimeError(f"JupyterLab did not start: {log.read_text()}")
                time.sleep(PAUSE)
            time.sleep(5)  # extensions load behind the first line
            yield psutil.Process(process.pid)
        finally:
            process.terminate()
            process.wait()


def together(lessons, folder):
    """The shares (bytes) of a server and of `lessons` (paths) that run beside it at once.

    Returns (the server's, the largest sum of all).
    """
    with server() as lab:
        of_server = share(lab)
        runs = []
        for notebook in lessons:
            run = threading.Thread(
                target=peak_of_lesson, args=(notebook, f"{folder}/{Path(notebook).name}")
            )
            run.start()
            runs.append(run)
        largest = 0
        while any(run.is_alive() for run in runs):
            largest = max(largest, sum(share(process) for process in [lab, *kernels()]))
            time.sleep(PAUSE)
    return of_server, largest


def bench():
    """Print a table: import torch, each lesson and what it has on top, two lessons and a server."""
    torch_peak = fresh_peak(TORCH)
    print("\nPeak resident memory in MB; lessons train for a few steps, and measure as by default")
    print(f"{'':<30}{'peak':>8}{'on top of import torch':>26}")
    print(f"{'import torch':<30}{torch_peak / 1e6:>8.0f}")
    optimiser = fresh_peak(OPTIMISER)
    print(f"{'  and the first optimiser':<30}{optimiser / 1e6:>8.0f}{_top(optimiser, torch_peak)}")
    peaks = {}
    with tempfile.TemporaryDirectory() as folder:
        for notebook in notebooks.lessons():
            peaks[notebook] = peak_of_lesson(notebook, f"{folder}/{notebook.name}")
            peak = peaks[notebook]
            print(f"{notebook.stem:<30}{peak / 1e6:>8.0f}{_top(peak, torch_peak)}", flush=True)
        heaviest = sorted(peaks, key=peaks.get)[-2:]
        of_server, largest = together(heaviest, folder)
    names = " and ".join(notebook.stem[:2] for notebook in heaviest)
    print(
        f"shares: JupyterLab's server {of_server / 1e6:.0f}, with lessons {names} at once "
        f"{largest / 1e6:.0f} at most (Binder has 2,000)"
    )


def _top(peak, torch_peak):
    return f"{(peak - torch_peak) / 1e6:>26.0f}"
