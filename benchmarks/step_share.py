"""What share of the machine's matrix speed the compact step reaches, and where the rest goes.

    python -m benchmarks share           prints it
    python -m benchmarks.profile_step    writes it into PROFILE.md

For one thread and for two, each in a process of its own. A step's arithmetic is what torch's
FlopCounterMode would count: two operations for each product of numbers in a matrix product or a
convolution, and none for all else. The machine's speed is that of a product of two large matrices,
measured beside each round of steps.

Where the rest goes: every operation of a few steps is recorded with its tensors, and done again
without the step around it, group by group. What a step takes beyond that is Python, autograd and
torch's way to an operation. No profiler slows anything down meanwhile.
"""

import functools
import itertools
import json
import statistics
import subprocess
import sys
import time

import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import flop_registry

from benchmarks import race, thread_speed
from gan_helpers import tables, threads, training

ROUNDS = 7
PERIOD = race.KEPT["r1_every"]  # steps after which they repeat: R1 acts on one of them
STEPS = 10 * PERIOD  # a round
WARM_UP = 2 * PERIOD  # steps
SIZE = 1024  # rows and columns of the large matrices
GROUPS = {  # names of torch's operations, or their beginnings; the first that fits
    "matrix products and convolutions": ("convolution", "mm", "addmm", "bmm"),
    "BatchNorm": ("native_batch_norm",),
    "Adam": ("_fused_adam",),
    "averaging of weights": ("_foreach_lerp", "lerp"),
    "LeakyReLU and tanh": ("leaky_relu", "tanh"),
    "random numbers": ("randn", "rand", "normal"),
}
OTHERS = "other operations: sums, losses, copies, shapes"
BATCH = "loading the batch"
REST = "Python, autograd, the way to an operation"


class Recorder(TorchDispatchMode):
    """Keeps the operations done meanwhile with their arguments, `calls`, and counts their `flops`.

    By the formulas of FlopCounterMode, which itself cannot look into R1's backward pass.
    """

    def __init__(self):
        super().__init__()
        self.calls = []
        self.flops = 0

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        self.calls.append((func, args, kwargs))
        result = func(*args, **kwargs)
        if func.overloadpacket in flop_registry:
            formula = flop_registry[func.overloadpacket]
            self.flops += formula(*args, **kwargs, out_val=result)
        return result


def group_of(name):
    """The group (str) of an operation, such as "convolution_backward"."""
    for group, beginnings in GROUPS.items():
        if name.startswith(beginnings):
            return group
    return OTHERS


def grouped(calls):
    """{group: list of calls} of recorded calls."""
    calls_of = {group: [] for group in (*GROUPS, OTHERS)}
    for call in calls:
        name = call[0].overloadpacket.__name__
        calls_of[group_of(name)].append(call)
    return calls_of


@torch.no_grad()
def repeat(calls):
    """Do recorded operations again, with the tensors that they had."""
    for func, args, kwargs in calls:
        func(*args, **kwargs)


def seconds_of(function, times=1):
    """Mean seconds of `times` calls."""
    start = time.perf_counter()
    for _ in range(times):
        function()
    return (time.perf_counter() - start) / times


def measure():
    """{"flops": of a step, "rounds": list of {part: seconds a step}}, with the "threads"."""
    step, batches, history, *_ = race.prepare(race.KEPT, seed=0)
    loop = training.training_loop(step, batches, history, steps=10**9)

    def steps(count):
        for _ in range(count):
            next(loop)

    steps(WARM_UP)
    stored = list(itertools.islice(batches, PERIOD))
    with Recorder() as recorder:
        one_period(step, stored, history)
    calls_of = grouped(recorder.calls)
    left = torch.randn(SIZE, SIZE)
    right = torch.randn(SIZE, SIZE)
    rounds = []
    for _ in range(ROUNDS + 1):
        seconds = {"step": seconds_of(lambda: steps(STEPS)) / STEPS}
        seconds["large product"] = min(seconds_of(lambda: left @ right) for _ in range(10))
        count = STEPS // PERIOD
        for group, calls in calls_of.items():
            seconds[group] = seconds_of(functools.partial(repeat, calls), count) / PERIOD
        several = functools.partial(list, itertools.islice(batches, STEPS))
        seconds[BATCH] = seconds_of(several) / STEPS
        rounds.append(seconds)
    # The first round is a warm-up.
    return {
        "flops": recorder.flops / PERIOD,
        "rounds": rounds[1:],
        "threads": torch.get_num_threads(),
    }


def one_period(step, stored, history):
    """The steps on the `stored` batches; `step` reads in the History which of them get R1."""
    for real, labels in stored:
        step(real, labels)
        history.step += 1


def shares(measured):
    """{part: list of its share of a step's seconds, a round each}, the rest included.

    `measured`: what `measure` returns.
    """
    parts = [*GROUPS, OTHERS, BATCH]
    result = {part: [] for part in (*parts, REST)}
    for seconds in measured["rounds"]:
        for part in parts:
            result[part].append(seconds[part] / seconds["step"])
        result[REST].append(1 - sum(seconds[part] for part in parts) / seconds["step"])
    return result


def speeds(measured):
    """{what: list of its speed in Gflop a second, a round each}: the machine's, and the step's."""
    result = {"a product of large matrices": [], "a step's products alone": [], "a step": []}
    products = next(iter(GROUPS))
    for seconds in measured["rounds"]:
        result["a product of large matrices"].append(2 * SIZE**3 / seconds["large product"] / 1e9)
        result["a step's products alone"].append(measured["flops"] / seconds[products] / 1e9)
        result["a step"].append(measured["flops"] / seconds["step"] / 1e9)
    return result


def lines(measured):
    """What `measure` has found, as lines of Markdown (list of str)."""
    steps = [1 / seconds["step"] for seconds in measured["rounds"]]
    speeds_of = speeds(measured)
    machine = speeds_of["a product of large matrices"]
    table = [
        f"{measured['flops'] / 1e9:.3f} Gflop a step, {tables.spread(steps)} steps a second, "
        f"threads: {measured['threads']}",
        "",
        "| | Gflop a second, median (range) | share of the machine's speed |",
        "|---|---|---|",
    ]
    for what, values in speeds_of.items():
        ratio = statistics.median(value / own for value, own in zip(values, machine, strict=True))
        table.append(f"| {what} | {tables.spread(values)} | {ratio:.0%} |")
    table += ["", "| part of a step | share of its seconds, median (range) in % |", "|---|---|"]
    for part, values in shares(measured).items():
        table.append(f"| {part} | {tables.spread(100 * value for value in values)} |")
    return table


def report():
    """The lines of Markdown (list of str) for one thread, and for two where there are two cores."""
    found = []
    for number in ("1", "2")[: threads.usable_cores()]:
        environment = thread_speed.environment({threads.VARIABLE: number})
        command = [sys.executable, "-m", "benchmarks.step_share"]
        output = subprocess.run(command, check=True, stdout=subprocess.PIPE, env=environment)
        found += ["", *lines(json.loads(output.stdout))]
    return found


def bench():
    print("\nThe compact step's share of the machine's matrix speed")
    print("\n".join(report()))


if __name__ == "__main__":  # how `report` calls it
    print(json.dumps(measure()))
