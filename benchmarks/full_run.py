"""The published code of lesson 02, once at its published length: 200 epochs, seed 0.

    python -m benchmarks.full_run train      about an hour on one CPU core; stopped, it goes on where it was
    python -m benchmarks.full_run measure    what the judge says of it, epoch by epoch

The training code is the lesson's own: its cells are executed as they stand. `train` keeps a checkpoint and the
generator of every epoch in build/full_run; `measure` writes the film and the table that the lesson shows.
"""

import json
import sys
from pathlib import Path

import nbformat
import torch
from PIL import Image
from tqdm import tqdm

from benchmarks import checkpoint
from gan_helpers import data, metrics, networks, tables, training
from gan_notebooks import fingerprints

ROOT = Path(__file__).parents[1]
LESSON = ROOT / "notebooks" / "02_classic_gan.ipynb"
CELLS = ("imports", "parameters", "fresh", "published-step")
WORK = ROOT / "build" / "full_run"
EPOCHS = 200
FILM = (1, 5, 10, 50, 100, 150, 200)  # the epochs after which the published pictures are shown
MEASURED = (*range(1, 10), *range(10, EPOCHS + 1, 5))


def lesson_code():
    """The names that the lesson's cells define (dict), with the digits they need."""
    namespace = {}
    cells = {cell.id: cell.source for cell in nbformat.read(LESSON, as_version=4).cells}
    for cell in CELLS:
        exec(compile(cells[cell], f"{LESSON.name}, cell {cell}", "exec"), namespace)
    namespace["images"], namespace["labels"] = namespace["data"].mnist("train")
    return namespace


def build(code):
    """The parts (dict) of the run at its start: nets, optimisers, batches, history."""
    names = ("G", "D", "opt_G", "opt_D", "batches")
    return dict(zip(names, code["fresh"](eps=0.8), strict=True)) | {"history": training.History()}


def fingerprint(steps=16):
    """The fingerprint of the run's first steps. For a process in float64 (`fingerprints.in_float64`)."""
    code = lesson_code()
    parts = build(code)
    step = code["published_step"](parts["G"], parts["D"], parts["opt_G"], parts["opt_D"])
    history = training.fit(step, parts["batches"], steps=steps)
    return fingerprints.take(history, parts["G"])


def train():
    """Train to EPOCHS, or to where Ctrl-C stops it; generators go to WORK, one file an epoch."""
    WORK.mkdir(parents=True, exist_ok=True)
    code = lesson_code()
    parts = build(code)
    G, batches, history = parts["G"], parts["batches"], parts["history"]
    step = code["published_step"](G, parts["D"], parts["opt_G"], parts["opt_D"])
    if (WORK / "run.pt").exists():
        checkpoint.load(WORK / "run.pt", parts)
    else:
        current = fingerprints.in_float64("benchmarks.full_run", "fingerprint")
        tables.replace(WORK / "fingerprint.json", json.dumps(current))
    while history.step < EPOCHS * len(batches):
        target = (history.step // len(batches) + 1) * len(batches)
        training.fit(step, batches, steps=target - history.step, history=history)
        if history.step == target:
            torch.save(G.state_dict(), WORK / f"generator_{target // len(batches):03}.pt")
        checkpoint.save(WORK / "run.pt", parts)
        if history.step < target:
            break


def measure():
    """Write notebooks/results/02_full_run.csv, a row an epoch measured, and .png, the film: an epoch a row."""
    code = lesson_code()
    parts = build(code)
    checkpoint.load(WORK / "run.pt", parts)
    G, batches, history = parts["G"], parts["batches"], parts["history"]
    fixed_z = torch.randn(
        10, code["LATENT_DIM"], generator=torch.Generator().manual_seed(code["SEED"])
    )
    z = torch.randn(
        10_000, code["LATENT_DIM"], generator=torch.Generator().manual_seed(code["SEED"])
    )
    rows, film = [], []
    for epoch in tqdm(MEASURED, unit="epoch"):
        G.load_state_dict(torch.load(WORK / f"generator_{epoch:03}.pt", weights_only=True))
        fakes = networks.sample(G, z)
        score, second = metrics.score(fakes), metrics.score(fakes, judge="second_judge")
        row = {"epoch": epoch, "step": epoch * len(batches), **score}
        row |= {f"{name}_2nd": second[name] for name in ("digit_fid", "floor", "histogram")}
        for name, values in history.values.items():  # means over the epoch
            row[name] = sum(values[(epoch - 1) * len(batches) : epoch * len(batches)]) / len(
                batches
            )
        rows.append(
            row
            | {
                "seconds": round(history.seconds * epoch / EPOCHS, 1),
                "command": "python -m benchmarks.full_run train",
            }
        )
        if epoch in FILM:
            film.append(
                torch.cat(list(data.from_tanh_range(networks.sample(G, fixed_z)).squeeze(1)), dim=1)
            )
    tables.write(tables.FOLDER / "02_full_run.csv", rows)
    trained = json.loads((WORK / "fingerprint.json").read_text(encoding="utf8"))
    stored = {"variant": "published code"} | trained | {"yardstick": fingerprints.yardstick()}
    fingerprints.write("02_full_run", {"published code": stored})
    Image.fromarray(torch.cat(film).numpy()).save(tables.FOLDER / "02_full_run.png", optimize=True)


if __name__ == "__main__":
    {"train": train, "measure": measure}[sys.argv[1]]()
