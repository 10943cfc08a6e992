"""`make bench`: speed and memory as ratios to a baseline measured in the same run.

    python -m benchmarks                 everything
    python -m benchmarks step loading    some of it

Absolute times differ from machine to machine and from minute to minute. Each round measures all variants one
after the other; what is printed is the median over rounds of the ratio within a round, with its range.

All of it runs on one CPU thread, as lessons do, but for `threads`, which compares one with two.
The race (benchmarks/race.py) is another matter: one run of each setting, 35 minutes of training, seconds and a picture.
It takes two threads.
"""

import contextlib
import io
import itertools
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import nbformat
import torch
from torch import nn
from torchmetrics.image.fid import FrechetInceptionDistance

from benchmarks import race, thread_speed
from benchmarks.loops import BATCH_SIZE, our_batches, our_step, usual_loader, usual_step
from gan_helpers import data, judges, metrics, networks, plots, tables, threads, training, widgets
from gan_helpers.game import panel as game_panel
from gan_notebooks import notebooks, runner, sweep

ROUNDS, STEPS = 7, 300


def seconds_a_step(make_batches, make_step, *, fused, precision="highest"):
    """Mean seconds of a training step with the published nets, after a warm-up."""
    training.setup(0)
    batches = make_batches()
    torch.set_float32_matmul_precision(precision)
    G, D = networks.DenseGenerator(), networks.DenseDiscriminator()
    step = make_step(
        G,
        D,
        *(
            torch.optim.Adam(net.parameters(), 2e-4, betas=(0.5, 0.999), fused=fused)
            for net in (G, D)
        ),
    )
    for number, (real, labels) in enumerate(batches):
        if number == 20:
            start = time.perf_counter()
        if number == 20 + STEPS:
            return (time.perf_counter() - start) / STEPS
        step(real, labels)


def seconds_of_products():
    """Mean seconds of the matrix products alone that one of our steps needs: no loop can be faster in fp32."""

    def sizes(net):
        return [
            (layer.in_features, layer.out_features)
            for layer in net.modules()
            if isinstance(layer, nn.Linear)
        ]

    G, D = sizes(networks.DenseGenerator()), sizes(networks.DenseDiscriminator())
    forward = 2 * G + 3 * D  # fakes for D and for G; scores of real, of fakes, of fakes for G
    weights = 2 * D + G  # gradients of the weights: D's from real and from fakes, G's
    inputs = (
        2 * D[1:] + D + G[1:]
    )  # gradients of what goes into a layer; the nets' own inputs need none
    products = (
        [(torch.randn(BATCH_SIZE, i), torch.randn(i, o)) for i, o in forward]
        + [(torch.randn(i, BATCH_SIZE), torch.randn(BATCH_SIZE, o)) for i, o in weights]
        + [(torch.randn(BATCH_SIZE, o), torch.randn(o, i)) for i, o in inputs]
    )
    for repeat in range(20 + STEPS):
        if repeat == 20:
            start = time.perf_counter()
        for left, right in products:
            left @ right
    return (time.perf_counter() - start) / STEPS


STEP_VARIANTS = {
    "the usual loop (DataLoader, default Adam, BCELoss)": lambda: seconds_a_step(
        usual_loader, usual_step, fused=False
    ),
    "  + data.batches": lambda: seconds_a_step(our_batches, usual_step, fused=False),
    "  + fused Adam": lambda: seconds_a_step(our_batches, usual_step, fused=True),
    "our steps (one more pass through G: algorithm 1)": lambda: seconds_a_step(
        our_batches, our_step, fused=True
    ),
    "  + matrix products in bf16, where the CPU has it": lambda: seconds_a_step(
        our_batches, our_step, fused=True, precision="medium"
    ),
    "the matrix products of our steps alone, in fp32": seconds_of_products,
}


def print_ratios(title, rounds):
    """`rounds`: a list of dict of variant to seconds, the baseline first."""
    print(f"\n{title}\n{'':<58}{'times faster, median (range)':>30}{'milliseconds':>14}")
    baseline = next(iter(rounds[0]))
    for name in rounds[0]:
        ratios = sorted(round_[baseline] / round_[name] for round_ in rounds)
        spread = f"{statistics.median(ratios):.2f} ({ratios[0]:.2f} to {ratios[-1]:.2f})"
        milliseconds = statistics.median(round_[name] for round_ in rounds) * 1000
        print(f"{name:<58}{spread:>30}{milliseconds:>14.1f}", flush=True)


def fresh_output(*arguments):
    """What this module prints in a process of its own: how a process's memory happens to lie moves its figures."""
    return subprocess.run(
        [sys.executable, "-m", "benchmarks", *arguments], check=True, capture_output=True, text=True
    ).stdout


def bench_step():
    rounds = [
        {name: float(fresh_output("--variant", name)) for name in STEP_VARIANTS}
        for _ in range(ROUNDS)
    ]
    print_ratios(f"One step with lesson 02's published nets at batch {BATCH_SIZE}", rounds)


def in_fresh_process(expression):
    """Seconds that an expression with `data` takes in a new process."""
    code = (
        "import time; from gan_helpers import data, training; training.setup(0); "
        f"start = time.perf_counter(); {expression}; print(time.perf_counter() - start)"
    )
    return float(
        subprocess.run(
            [sys.executable, "-c", code], check=True, capture_output=True, text=True
        ).stdout
    )


def bench_loading():
    usual = usual_loader()
    rounds = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        for _real, _labels in usual:
            pass
        usual_seconds = time.perf_counter() - start
        # In a fresh process, so that the MD5 check and the first touch of the memory count.
        rounds.append(
            {
                "one pass of a DataLoader over torchvision's MNIST": usual_seconds,
                "data.mnist: the same 60,000 digits": in_fresh_process("data.mnist('train')"),
                "data.mnist and one pass of data.batches": in_fresh_process(
                    f"[*data.batches(*data.mnist('train'), {BATCH_SIZE})]"
                ),
            }
        )
    print_ratios("Loading MNIST", rounds)


def seconds_of_score(kind):
    """(seconds, bytes on top) of measuring 10,000 digits: "first" in a process, "again", or by "torchmetrics"."""
    images = data.to_tanh_range(data.mnist("train")[0][:10_000]).unsqueeze(1)
    judges.read(judges.load(), images[:100])
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    if kind == "again":
        metrics.score(images)
    start = time.perf_counter()
    if kind == "torchmetrics":
        judge = nn.Module()
        judge.forward, judge.num_features = (
            (lambda pictures: judges.read(judges.load(), pictures)[0]),
            64,
        )
        distance = FrechetInceptionDistance(judge, input_img_size=(1, 28, 28))
        distance.update(data.to_tanh_range(data.mnist("validation")[0]).unsqueeze(1), real=True)
        distance.update(images, real=False)
        distance.compute()
    else:
        metrics.score(images)
    return time.perf_counter() - start, (
        resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    ) * 1024


def bench_score():
    names = {
        "torchmetrics: the distance alone": "torchmetrics",
        "metrics.score, first (with reference and floor)": "first",
        "metrics.score, again": "again",
    }
    rounds, peaks = [], {}
    for _ in range(3):
        rounds.append({})
        for name, kind in names.items():
            seconds, peak = fresh_output("--score", kind).split()
            rounds[-1][name], peaks[name] = float(seconds), int(peak)
    print_ratios("Measuring 10,000 pictures", rounds)
    print(
        "memory on top: "
        + ", ".join(f"{name.strip()} {peak / 1e6:.0f} MB" for name, peak in peaks.items())
    )


def bench_lessons():
    print(f"\nLessons at their defaults\n{'':<28}{'seconds':>9}{'peak memory of the kernel':>28}")
    for notebook in notebooks.lessons():
        executed = f"build/{notebook.name}"
        error = runner.execute(notebook, executed, {}, quiet=True).error
        if error:
            sys.exit(f"{notebook.name} stopped in {error}")
        record = notebooks.read_record(executed)
        seconds, peak = record["timings"]["seconds"], record["timings"]["peak_bytes"] or 0
        print(f"{notebook.stem:<28}{seconds:>9.0f}{peak / 1e6:>25.0f} MB", flush=True)


def bench_widgets():
    """From a control's new value to the bytes of the new picture; the browser is not in it."""
    history = training.History()
    for history.step in range(1, 4001):
        history.record({"d_loss": 1.0, "g_loss": 1.0, "score_real": 0.0, "score_fake": 0.0})
    G = networks.trained_generator()
    history.snapshots = {
        step: networks.sample(G, torch.randn(20, G.latent_dim)) for step in range(100, 4001, 100)
    }
    sampler, scrubber, places = (
        widgets.sampler(G),
        widgets.scrubber(history),
        itertools.cycle(range(40)),
    )

    def move(size, judge):
        sampler.size.value, sampler.judge.value = size, judge
        return lambda: setattr(sampler.sliders[0], "value", next(places) / 10)

    def as_figure():
        sampler.sliders[0].value = next(places) / 10
        plots.image_grid(sampler.images).savefig(io.BytesIO(), format="png")

    variants = {
        "plots.image_grid, 36 digits": (as_figure, 6, False),
        "sampler, 36 digits": (None, 6, False),
        "sampler, 36 digits, read by the judge": (None, 6, True),
        "sampler, 100 digits, read by the judge": (None, 10, True),
        "scrubber": (lambda: setattr(scrubber.slider, "value", next(places)), 6, False),
        "game, one turn (to stay under 150)": (
            game_panel.Panel().buttons["1 turn"].click,
            6,
            False,
        ),
    }
    rounds, times = [], {name: [] for name in variants}
    for _ in range(ROUNDS):
        for name, (action, size, judge) in variants.items():
            action = action or move(size, judge)
            for _ in range(2 if action is as_figure else 20):
                start = time.perf_counter()
                action()
                times[name].append(time.perf_counter() - start)
        rounds.append({name: statistics.median(times[name][-20:]) for name in variants})
    print_ratios("From a slider to the new picture (to stay under 100 milliseconds)", rounds)
    print(
        "worst: "
        + ", ".join(f"{name} {max(seconds) * 1000:.0f} ms" for name, seconds in times.items())
    )


def seconds_of_cells(path):
    """What the cells of an executed notebook took: its own work, which a reader in JupyterLab waits for too."""
    cells = nbformat.read(path, as_version=4).cells
    return sum(cell.metadata.papermill.duration or 0 for cell in cells if cell.cell_type == "code")


def bench_batch():
    """All lessons at smoke size from the command line, one and two at a time, each measured in every round."""
    rounds, overheads, bytes_, rest = [], [], [], []
    for _ in range(3):
        rounds.append({})
        for jobs in (1, 2):
            with tempfile.TemporaryDirectory() as folder:
                command = ["run", "--size", "smoke", "--jobs", str(jobs), "--output", folder]
                start = time.perf_counter()
                subprocess.run(
                    [sys.executable, "-m", "gan_notebooks", *command],
                    check=True,
                    capture_output=True,
                )
                rounds[-1][f"--jobs {jobs}"] = wall = time.perf_counter() - start
                executed = sorted(Path(folder).glob("*.ipynb"))
                if jobs == 1:  # two at a time share the cores: the waits for each other would count
                    overheads += [
                        sweep.read_status(folder, path.stem)["seconds"] - seconds_of_cells(path)
                        for path in executed
                    ]
                    bytes_ = [path.stat().st_size for path in executed]
                    rest.append(
                        wall
                        - sum(sweep.read_status(folder, path.stem)["seconds"] for path in executed)
                    )
    ratios = [round_["--jobs 2"] / round_["--jobs 1"] for round_ in rounds]
    print_ratios(f"Batch: {len(bytes_)} lessons at smoke size", rounds)
    print(
        f"time of --jobs 2 over --jobs 1 (to stay at or under 0.7): {tables.spread(ratios)}\n"
        f"seconds of a run over its cells' own (to stay under 5): {tables.spread(overheads)}\n"
        f"seconds of the command over its runs, once: {tables.spread(rest)}\n"
        f"bytes of an executed notebook: {tables.spread(bytes_)}"
    )


def bench_threads():
    """Steps a second of lesson 02's two pairs by threads, alone and beside one busy process."""
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
            found = {}
            for name, variables in thread_speed.VARIANTS.items():
                with neighbour():
                    found[name] = thread_speed.fresh_speeds(variables, seconds=3)
            for pair in thread_speed.PAIRS:
                rounds[pair, company].append({name: speed[pair] for name, speed in found.items()})
    for (pair, company), seconds in rounds.items():
        print_ratios(f"One step of the {pair}, {company}", seconds)
        print(
            "steps a second: "
            + "; ".join(
                f"{name} {tables.spread(1 / round_[name] for round_ in seconds)}"
                for name in thread_speed.VARIANTS
            )
        )


BENCHES = {
    "step": bench_step,
    "threads": bench_threads,
    "loading": bench_loading,
    "score": bench_score,
    "widgets": bench_widgets,
    "batch": bench_batch,
    "lessons": bench_lessons,
    "race": race.picture,
}


def main():
    training.setup(0)
    if sys.argv[1:2] == ["--variant"]:  # how bench_step calls itself
        print(STEP_VARIANTS[sys.argv[2]]())
        return
    if sys.argv[1:2] == ["--score"]:  # how bench_score calls itself
        print(*seconds_of_score(sys.argv[2]))
        return
    chosen = sys.argv[1:] or list(BENCHES)
    if unknown := set(chosen) - set(BENCHES):
        sys.exit(f"there is no bench {', '.join(sorted(unknown))}; there are {', '.join(BENCHES)}")
    print(
        f"torch {torch.__version__}, threads: {torch.get_num_threads()}, "
        f"{torch.backends.cpu.get_cpu_capability()}"
    )
    for name in chosen:
        BENCHES[name]()


if __name__ == "__main__":
    main()
