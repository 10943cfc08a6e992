"""The published code of lesson 02, once at its published length: 200 epochs, seed 0.

    python -m benchmarks.full_run train      about an hour on one CPU core; stopped, it goes on where it was
    python -m benchmarks.full_run measure    what the judge says of it, epoch by epoch

The training code is the lesson's own: its cells are executed as they stand. `train` keeps a checkpoint and the
generator of every epoch in build/full_run; `measure` writes the film and the table that the lesson shows.
"""

import sys
from pathlib import Path

import nbformat
import torch

from gan_helpers import checkpoint, training

ROOT = Path(__file__).parents[1]
LESSON = ROOT / "notebooks" / "02_classic_gan.ipynb"
CELLS = ("imports", "parameters", "fresh", "published-step")
WORK = ROOT / "build" / "full_run"
EPOCHS = 200


def lesson_code():
    """The names that the lesson's cells define (dict), with the digits they need."""
    namespace = {}
    cells = {cell.id: cell.source for cell in nbformat.read(LESSON, as_version=4).cells}
    for cell in CELLS:
        exec(compile(cells[cell], f"{LESSON.name}, cell {cell}", "exec"), namespace)
    namespace["images"], namespace["labels"] = namespace["data"].mnist("train")
    return namespace


def train():
    """Train to EPOCHS, or to where Ctrl-C stops it; generators go to WORK, one file an epoch."""
    WORK.mkdir(parents=True, exist_ok=True)
    code = lesson_code()
    G, D, opt_G, opt_D, batches = code["fresh"](eps=0.8)
    step = code["published_step"](G, D, opt_G, opt_D)
    history = training.History()
    parts = {"G": G, "D": D, "opt_G": opt_G, "opt_D": opt_D, "batches": batches, "history": history}
    if (WORK / "run.pt").exists():
        checkpoint.load(WORK / "run.pt", parts)
    while history.step < EPOCHS * len(batches):
        target = (history.step // len(batches) + 1) * len(batches)
        training.fit(step, batches, steps=target - history.step, history=history)
        if history.step == target:
            torch.save(G.state_dict(), WORK / f"generator_{target // len(batches):03}.pt")
        checkpoint.save(WORK / "run.pt", parts)
        if history.step < target:
            break


if __name__ == "__main__":
    {"train": train}[sys.argv[1]]()
