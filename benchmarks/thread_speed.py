"""What threads are worth: the speed of two pairs of nets, for `python -m benchmarks threads`.

torch's threads spin while they wait for each other, which is quick where each has a core to
itself. With OMP_WAIT_POLICY=PASSIVE they sleep instead.
"""

import contextlib
import json
import os
import subprocess
import sys
import time

import torch

from benchmarks import race
from gan_helpers import threads, training

WARM_UP = 3  # steps
VARIANTS = {  # environment variables of the process that trains
    "one thread": {threads.VARIABLE: "1"},
    "two threads, as torch takes them": {threads.VARIABLE: "2"},
    "two threads, OMP_WAIT_POLICY=PASSIVE": {threads.VARIABLE: "2", "OMP_WAIT_POLICY": "PASSIVE"},
}
PAIRS = {
    "compact pair": race.KEPT,
    "dense pair": race.KEPT | race.SIDE_BY_SIDE["our loop, dense pair"],
}


def environment(variables):
    """Our environment (dict) with `variables`, and no others that say how threads are taken."""
    names = (threads.VARIABLE, "OMP_", "GOMP_", "KMP_", "MKL_")
    others = {name: text for name, text in os.environ.items() if not name.startswith(names)}
    return others | variables


def fresh_speeds(variables, seconds):
    """What `speeds` returns in a process of its own, whose environment has these `variables`."""
    command = [sys.executable, "-m", "benchmarks.thread_speed", str(seconds)]
    output = subprocess.run(command, check=True, stdout=subprocess.PIPE, env=environment(variables))
    return json.loads(output.stdout)


def speeds(seconds):
    """Train each pair for so long: {pair: seconds a step}, with the "threads" and the "policy"."""
    result = {}
    for pair, setting in PAIRS.items():
        step, batches, history, *_ = race.prepare(setting, seed=0)
        loop = training.training_loop(step, batches, history, steps=10**9)
        for _ in range(WARM_UP):
            next(loop)
        start = time.perf_counter()
        next(loop)
        while time.perf_counter() < start + seconds:
            next(loop)
        result[pair] = (time.perf_counter() - start) / (history.step - WARM_UP)
    result["threads"] = torch.get_num_threads()
    result["policy"] = os.environ.get("OMP_WAIT_POLICY")
    return result


@contextlib.contextmanager
def busy_neighbour():
    """A process that keeps a core busy meanwhile; it ends after a minute if nobody ends it."""
    code = "import time\nend = time.monotonic() + 60\nwhile time.monotonic() < end: pass"
    process = subprocess.Popen([sys.executable, "-c", code])
    try:
        yield process
    finally:
        process.kill()
        process.wait()


if __name__ == "__main__":  # how fresh_speeds calls it
    print(json.dumps(speeds(float(sys.argv[1]))))
