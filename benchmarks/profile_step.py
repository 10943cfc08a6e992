"""Where a training step of the compact pair spends its time: writes PROFILE.md.

    python -m benchmarks.profile_step

The usual loop: DataLoader, default Adam, the published step (which makes one pass through G fewer),
BCELoss, images in the usual order of memory. Ours: the race's. In both: the same nets, batch size
and averaging of weights.
"""

import time
from pathlib import Path

import torch
from torch.profiler import ProfilerActivity, profile

from benchmarks import race, step_share
from gan_helpers import tables, training

STEPS = 80  # a round
ROUNDS = 7
ROWS = 14  # of the profiler's tables
LOOPS = {
    "usual": race.USUAL_LOOP | {"step": "published"},
    "ours": {},
    "ours, without R1": {"r1": 0.0},
    "ours, with a DataLoader": {"batches": "usual"},
    "ours, with default Adam": {"fused": False},
    "ours, with the usual order of memory": {"channels_last": False},
    "ours, without averaging": {"average": 0.0},
    "ours, in bf16": {},
}


def steps_of(changes):
    """An iterator that does one training step, batch included, each time it is advanced."""
    step, batches, history, *_ = race.prepare(race.KEPT | changes, seed=0)
    return training.training_loop(step, batches, history, steps=10**9)


def seconds_a_step(steps, bf16=False):
    """Mean seconds of a step over one round."""
    with torch.autocast("cpu", torch.bfloat16, enabled=bf16):
        start = time.perf_counter()
        for _ in range(STEPS):
            next(steps)
        return (time.perf_counter() - start) / STEPS


def measure_rounds(loops):
    """A list of dict of loop to seconds a step."""
    rounds = []
    for _ in range(ROUNDS + 1):
        rounds.append({name: seconds_a_step(loop, "bf16" in name) for name, loop in loops.items()})
    return rounds[1:]  # the first is a warm-up


def profile_table(loop):
    """The profiler's table (str) of one round."""
    with profile(activities=[ProfilerActivity.CPU]) as recorded:
        seconds_a_step(loop)
    averages = recorded.key_averages()
    return averages.table(
        sort_by="self_cpu_time_total", row_limit=ROWS, max_name_column_width=36
    ).strip()


def main():
    loops = {name: steps_of(changes) for name, changes in LOOPS.items()}
    rounds = measure_rounds(loops)
    version = torch.__version__.split("+")[0]
    lines = [
        "# Where a step's time goes",
        "",
        f"The compact pair, batches of {race.KEPT['batch_size']}, {torch.get_num_threads()} "
        f"threads, torch {version}, {torch.backends.cpu.get_cpu_capability()}. Written by "
        "`python -m benchmarks.profile_step`.",
        "",
        "| loop | times as fast as the usual one, median (range) |",
        "|---|---|",
    ]
    for name in loops:
        ratios = [seconds["usual"] / seconds[name] for seconds in rounds]
        lines.append(f"| {name} | {tables.spread(ratios)} |")
    lines += ["", "## The share of the machine's matrix speed", *step_share.report()]
    for name in ("usual", "ours"):
        lines += ["", f"## {name}: {STEPS} steps under the profiler", ""]
        lines += ["```", profile_table(loops[name]), "```"]
    text = "\n".join(lines)
    Path(__file__).with_name("PROFILE.md").write_text(text + "\n", encoding="utf8")
    print(text)


if __name__ == "__main__":
    main()
