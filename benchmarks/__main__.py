"""`make bench`: speed and memory as ratios to a baseline measured in the same run.

    python -m benchmarks                      everything
    python -m benchmarks step loading         some of it
    python -m benchmarks lessons              seconds a lesson and a section (lesson_times.py)
    python -m benchmarks lessons --lesson 02  of one lesson

`lessons` reads what `gan-notebooks run` has executed into the folder `build`, or into the one that
`--output` names, and runs first what is missing there.

Absolute times differ from machine to machine and from minute to minute. Each round measures all
variants one after the other; what is printed is the median over rounds of the ratio within a round,
with its range.

All of it runs on one CPU thread, as lessons do, but for `threads`, which compares one with two. The
race (benchmarks/race.py) is another matter: one run of each setting, 35 minutes of training,
seconds and a picture. It takes two threads.
"""

import argparse
import contextlib
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import torch
from torch import nn
from torchmetrics.image.fid import FrechetInceptionDistance

from benchmarks import lesson_times, memory, race, step_share, thread_speed
from benchmarks.loops import BATCH_SIZE, our_batches, our_step, usual_loader, usual_step
from gan_helpers import (
    data,
    game,
    judges,
    metrics,
    networks,
    plots,
    tables,
    threads,
    training,
)
from gan_notebooks import notebooks, sweep

ROUNDS = 7
STEPS = 300
WARM_UP = 20  # steps before the clock starts

# The arguments of `seconds_a_step`, the baseline first.
STEP_VARIANTS = {
    "the usual loop (DataLoader, default Adam, BCELoss)": {
        "make_batches": usual_loader,
        "make_step": usual_step,
        "fused": False,
    },
    "  + data.batches": {"make_batches": our_batches, "make_step": usual_step, "fused": False},
    "  + fused Adam": {"make_batches": our_batches, "make_step": usual_step, "fused": True},
    "our steps (one more pass through G: algorithm 1)": {
        "make_batches": our_batches,
        "make_step": our_step,
        "fused": True,
    },
    "  + matrix products in bf16, where the CPU has it": {
        "make_batches": our_batches,
        "make_step": our_step,
        "fused": True,
        "precision": "medium",
    },
}
PRODUCTS = "the matrix products of our steps alone, in fp32"
SCORE_VARIANTS = {
    "torchmetrics: the distance alone": "torchmetrics",
    "metrics.score, first (with reference and floor)": "first",
    "metrics.score, again": "again",
}


def print_ratios(title, rounds):
    """`rounds`: a list of dict of variant to seconds, the baseline first."""
    print()
    print(title)
    print(f"{'':<58}{'times faster, median (range)':>30}{'milliseconds':>14}")
    baseline = next(iter(rounds[0]))
    for name in rounds[0]:
        ratios = sorted(seconds[baseline] / seconds[name] for seconds in rounds)
        spread = f"{statistics.median(ratios):.2f} ({ratios[0]:.2f} to {ratios[-1]:.2f})"
        milliseconds = statistics.median(seconds[name] for seconds in rounds) * 1000
        print(f"{name:<58}{spread:>30}{milliseconds:>14.1f}", flush=True)


def python_output(*arguments):
    """What another Python prints: how a process's memory happens to lie moves its figures."""
    command = [sys.executable, *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


# One step


def seconds_a_step(*, make_batches, make_step, fused, precision="highest"):
    """Mean seconds of a training step with the published nets, after a warm-up."""
    training.setup(0)
    batches = make_batches()
    torch.set_float32_matmul_precision(precision)
    G = networks.DenseGenerator()
    D = networks.DenseDiscriminator()
    opt_G = torch.optim.Adam(G.parameters(), 2e-4, betas=(0.5, 0.999), fused=fused)
    opt_D = torch.optim.Adam(D.parameters(), 2e-4, betas=(0.5, 0.999), fused=fused)
    step = make_step(G, D, opt_G, opt_D)
    for number, (real, labels) in enumerate(batches):
        if number == WARM_UP:
            start = time.perf_counter()
        if number == WARM_UP + STEPS:
            return (time.perf_counter() - start) / STEPS
        step(real, labels)


def layer_sizes(net):
    """(inputs, outputs) of each dense layer of a net."""
    layers = [layer for layer in net.modules() if isinstance(layer, nn.Linear)]
    return [(layer.in_features, layer.out_features) for layer in layers]


def products_of_a_step():
    """The pairs of matrices that one of our steps multiplies."""
    G = layer_sizes(networks.DenseGenerator())
    D = layer_sizes(networks.DenseDiscriminator())
    forward = 2 * G + 3 * D  # fakes for D and for G; scores of real, of fakes, of fakes for G
    weights = 2 * D + G  # gradients of the weights: D's from real and from fakes, G's
    # Gradients of what goes into a layer; the nets' own inputs need none.
    inputs = 2 * D[1:] + D + G[1:]
    products = []
    for i, o in forward:
        products.append((torch.randn(BATCH_SIZE, i), torch.randn(i, o)))
    for i, o in weights:
        products.append((torch.randn(i, BATCH_SIZE), torch.randn(BATCH_SIZE, o)))
    for i, o in inputs:
        products.append((torch.randn(BATCH_SIZE, o), torch.randn(o, i)))
    return products


def seconds_of_products():
    """Mean seconds of a step's matrix products alone: no loop can be faster in fp32."""
    products = products_of_a_step()
    for repeat in range(WARM_UP + STEPS):
        if repeat == WARM_UP:
            start = time.perf_counter()
        for left, right in products:
            left @ right
    return (time.perf_counter() - start) / STEPS


def seconds_of_step_variant(name):
    if name == PRODUCTS:
        return seconds_of_products()
    return seconds_a_step(**STEP_VARIANTS[name])


def bench_step():
    rounds = []
    for _ in range(ROUNDS):
        seconds = {}
        for name in [*STEP_VARIANTS, PRODUCTS]:
            seconds[name] = float(python_output("-m", "benchmarks", "--variant", name))
        rounds.append(seconds)
    print_ratios(f"One step with lesson 02's published nets at batch {BATCH_SIZE}", rounds)


# Loading


def seconds_in_fresh_process(expression):
    """Seconds that an expression with `data` takes in a new process."""
    code = (
        "import time; from gan_helpers import data, training; training.setup(0); "
        f"start = time.perf_counter(); {expression}; print(time.perf_counter() - start)"
    )
    return float(python_output("-c", code))


def seconds_of_usual_pass(loader):
    start = time.perf_counter()
    for _real, _labels in loader:
        pass
    return time.perf_counter() - start


def bench_loading():
    loader = usual_loader()
    load = "data.mnist('all')"
    rounds = []
    for _ in range(ROUNDS):
        seconds = {
            "one pass of a DataLoader over torchvision's MNIST": seconds_of_usual_pass(loader)
        }
        # In a fresh process, so that the MD5 check and the first touch of the memory count.
        seconds["data.mnist: the same 60,000 digits"] = seconds_in_fresh_process(load)
        seconds["data.mnist and one pass of data.batches"] = seconds_in_fresh_process(
            f"[*data.batches(*{load}, {BATCH_SIZE})]"
        )
        rounds.append(seconds)
    print_ratios("Loading MNIST", rounds)


# Measuring


class JudgeFeatures(nn.Module):
    """The judge as torchmetrics asks for a net: images [B, 1, 28, 28] -> features [B, 64]."""

    num_features = 64

    def forward(self, images):
        features, _ = judges.read(judges.load(), images)
        return features


def measure_by_torchmetrics(images):
    validation, _ = data.mnist("validation")
    distance = FrechetInceptionDistance(JudgeFeatures(), input_img_size=(1, 28, 28))
    distance.update(data.to_tanh_range(validation).unsqueeze(1), real=True)
    distance.update(images, real=False)
    distance.compute()


def peak_bytes():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def seconds_of_score(kind):
    """(seconds, bytes on top) of measuring 10,000 digits.

    `kind`: "first" in a process, "again", or by "torchmetrics".
    """
    digits, _ = data.mnist("train")
    images = data.to_tanh_range(digits[:10_000]).unsqueeze(1)
    judges.read(judges.load(), images[:100])
    before = peak_bytes()
    if kind == "again":
        metrics.score(images)
    start = time.perf_counter()
    if kind == "torchmetrics":
        measure_by_torchmetrics(images)
    else:
        metrics.score(images)
    return time.perf_counter() - start, peak_bytes() - before


def bench_score():
    rounds = []
    peaks = {}
    for _ in range(3):
        seconds = {}
        for name, kind in SCORE_VARIANTS.items():
            figures = python_output("-m", "benchmarks", "--score", kind).split()
            seconds[name] = float(figures[0])
            peaks[name] = int(figures[1])
        rounds.append(seconds)
    print_ratios("Measuring 10,000 pictures", rounds)
    megabytes = [f"{name} {peak / 1e6:.0f} MB" for name, peak in peaks.items()]
    print("memory on top: " + ", ".join(megabytes))


# Widgets


def bench_widgets():
    """A turn of the game, beside a still picture of 36 digits.

    tests/browser/test_parts.py measures what the page draws.
    """
    panel = game.Panel()
    images = torch.zeros(36, 1, 28, 28)
    variants = {
        "plots.image_grid, 36 digits": lambda: plots.png(plots.drawn(plots.image_grid(images))),
        "game, one turn (to stay under 150 milliseconds)": panel.buttons["1 turn"].click,
    }
    rounds = []
    for _ in range(ROUNDS):
        seconds = {}
        for name, action in variants.items():
            times = []
            for _ in range(10):
                start = time.perf_counter()
                action()
                times.append(time.perf_counter() - start)
            seconds[name] = statistics.median(times)
        rounds.append(seconds)
    print_ratios("To the next picture", rounds)


# Batch


def run_all(jobs, folder):
    """Seconds that the command takes to run all lessons at smoke size into a folder."""
    command = ["run", "--size", "smoke", "--jobs", str(jobs), "--output", folder]
    start = time.perf_counter()
    python_output("-m", "gan_notebooks", *command)
    return time.perf_counter() - start


def bench_batch():
    """All lessons at smoke size from the command line, one and two at a time, in every round."""
    rounds = []
    overheads = []
    rests = []
    for _ in range(3):
        seconds = {}
        with tempfile.TemporaryDirectory() as folder:
            seconds["--jobs 1"] = run_all(1, folder)
            # Looked at here only: two at a time share the cores, and wait for each other.
            executed = sorted(Path(folder).glob("*.ipynb"))
            sizes = [path.stat().st_size for path in executed]  # bytes
            in_runs = 0
            for path in executed:
                in_run = sweep.read_status(folder, path.stem)["seconds"]
                cells = lesson_times.seconds_of_cells(notebooks.read(path))
                overheads.append(in_run - cells)
                in_runs += in_run
            rests.append(seconds["--jobs 1"] - in_runs)
        with tempfile.TemporaryDirectory() as folder:
            seconds["--jobs 2"] = run_all(2, folder)
        rounds.append(seconds)
    ratios = [seconds["--jobs 2"] / seconds["--jobs 1"] for seconds in rounds]
    print_ratios(f"Batch: {len(sizes)} lessons at smoke size", rounds)
    print(f"time of --jobs 2 over --jobs 1 (to stay at or under 0.7): {tables.spread(ratios)}")
    print(f"seconds of a run over its cells' own (to stay under 5): {tables.spread(overheads)}")
    print(f"seconds of the command over its runs, once: {tables.spread(rests)}")
    print(f"bytes of an executed notebook: {tables.spread(sizes)}")


# Threads


def speeds_of_variants(neighbour):
    """{variant: {pair: seconds a step}}, each measured beside this neighbour."""
    speeds = {}
    for name, variables in thread_speed.VARIANTS.items():
        with neighbour():
            speeds[name] = thread_speed.fresh_speeds(variables, seconds=3)
    return speeds


def bench_threads():
    """Steps a second of dense and compact pair by threads, alone and beside a busy process."""
    if threads.usable_cores() < 2:
        print("\nThreads: not measured; it needs two CPU cores, and this process may use one")
        return
    neighbours = {
        "alone": contextlib.nullcontext,
        "beside one busy process": thread_speed.busy_neighbour,
    }
    rounds = {(pair, company): [] for company in neighbours for pair in thread_speed.PAIRS}
    for _ in range(3):
        for company, neighbour in neighbours.items():
            speeds = speeds_of_variants(neighbour)
            for pair in thread_speed.PAIRS:
                seconds = {name: speed[pair] for name, speed in speeds.items()}
                rounds[pair, company].append(seconds)
    for (pair, company), rounds_of_pair in rounds.items():
        print_ratios(f"One step of the {pair}, {company}", rounds_of_pair)
        for name in thread_speed.VARIANTS:
            steps = [1 / seconds[name] for seconds in rounds_of_pair]
            print(f"steps a second, {name}: {tables.spread(steps)}")


BENCHES = {
    "step": bench_step,
    "share": step_share.bench,
    "threads": bench_threads,
    "loading": bench_loading,
    "score": bench_score,
    "widgets": bench_widgets,
    "batch": bench_batch,
    "lessons": lesson_times.measure,
    "memory": memory.bench,
    "race": race.picture,
}


def parse(arguments):
    """The options of the command line; it ends the process where they are wrong."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks", description=__doc__.split("\n")[0]
    )
    parser.add_argument("names", nargs="*", metavar="BENCH", help=f"of {', '.join(BENCHES)}")
    parser.add_argument("--lesson", default="", help="for lessons: start of the file name")
    parser.add_argument("--output", default="build", help="for lessons: folder of executed ones")
    options = parser.parse_args(arguments)
    unknown = sorted(set(options.names) - set(BENCHES))
    if unknown:
        parser.error(f"there is no bench {', '.join(unknown)}; there are {', '.join(BENCHES)}")
    return options


def main(arguments):
    training.setup(0)
    if arguments[:1] == ["--variant"]:  # how bench_step calls itself
        print(seconds_of_step_variant(arguments[1]))
        return
    if arguments[:1] == ["--score"]:  # how bench_score calls itself
        print(*seconds_of_score(arguments[1]))
        return
    options = parse(arguments)
    print(
        f"torch {torch.__version__}, threads: {torch.get_num_threads()}, "
        f"{torch.backends.cpu.get_cpu_capability()}"
    )
    for name in options.names or BENCHES:
        if name == "lessons":
            lesson_times.measure(options.lesson, options.output)
        else:
            BENCHES[name]()


if __name__ == "__main__":
    main(sys.argv[1:])
