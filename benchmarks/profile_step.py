"""Where a training step of the compact pair spends its time, in the usual loop and in ours: writes PROFILE.md.

    python -m benchmarks.profile_step

The usual loop: DataLoader, default Adam, the published step (which makes one pass through G fewer), BCELoss, images
in the usual order of memory. Ours: the race's. In both: the same nets, batch size and averaging of weights.
"""

import time
from pathlib import Path

import torch
from torch.profiler import ProfilerActivity, profile

from benchmarks import race
from gan_helpers import tables, training

STEPS, ROUNDS, ROWS = 80, 7, 14
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


def seconds(steps, bf16=False):
    with torch.autocast("cpu", torch.bfloat16, enabled=bf16):
        start = time.perf_counter()
        for _ in range(STEPS):
            next(steps)
        return (time.perf_counter() - start) / STEPS


def main():
    loops = {name: steps_of(changes) for name, changes in LOOPS.items()}
    # The first round is a warm-up.
    rounds = [
        {name: seconds(steps, "bf16" in name) for name, steps in loops.items()}
        for _ in range(ROUNDS + 1)
    ][1:]
    text = [
        "# Where a step's time goes",
        "",
        f"The compact pair, batches of {race.KEPT['batch_size']}, {torch.get_num_threads()} threads, torch "
        f"{torch.__version__.split('+')[0]}, {torch.backends.cpu.get_cpu_capability()}. Written by "
        "`python -m benchmarks.profile_step`.",
        "",
        "| loop | times as fast as the usual one, median (range) |",
        "|---|---|",
    ]
    text += [
        f"| {name} | {tables.spread(round_['usual'] / round_[name] for round_ in rounds)} |"
        for name in loops
    ]
    for name in ("usual", "ours"):
        with profile(activities=[ProfilerActivity.CPU]) as recorded:
            seconds(loops[name])
        table = recorded.key_averages().table(
            sort_by="self_cpu_time_total", row_limit=ROWS, max_name_column_width=36
        )
        text += [
            "",
            f"## {name}: {STEPS} steps under the profiler",
            "",
            "```",
            table.strip(),
            "```",
        ]
    Path(__file__).with_name("PROFILE.md").write_text("\n".join(text) + "\n", encoding="utf8")
    print("\n".join(text))


if __name__ == "__main__":
    main()
