"""The published code of lesson 03, once at its published length: 200 epochs, seed 0.

    python -m benchmarks.full_run train      about an hour on one CPU core
    python -m benchmarks.full_run measure    what the judge says of it, epoch by epoch

The training code is the lesson's own: its cells are executed as they stand. `train` keeps a
checkpoint and the generator of every epoch in build/full_run; stopped and started again, it goes on
where it was. `measure` writes the film and the table that the lesson shows.
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
LESSON = ROOT / "notebooks" / "03_how_good.ipynb"
CELLS = ("imports", "parameters", "data", "fresh", "published-step")
WORK = ROOT / "build" / "full_run"
RUN = WORK / "run.pt"
FINGERPRINT = WORK / "fingerprint.json"
EPOCHS = 200
FILM = (1, 5, 10, 50, 100, 150, 200)  # the epochs after which the published pictures are shown
MEASURED = (*range(1, 10), *range(10, EPOCHS + 1, 5))


def lesson_code():
    """The names that the lesson's cells define (dict), with the digits they need.

    The published run had all 60,000 training digits, the lesson has the first 50,000.
    """
    namespace = {}
    cells = {cell.id: cell.source for cell in nbformat.read(LESSON, as_version=4).cells}
    lesson_digits = 'data.mnist("train")'
    assert lesson_digits in cells["data"]
    cells["data"] = cells["data"].replace(lesson_digits, 'data.mnist("all")')
    for cell in CELLS:
        exec(compile(cells[cell], f"{LESSON.name}, cell {cell}", "exec"), namespace)
    return namespace


def build(code):
    """The parts (dict) of the run at its start: nets, optimisers, batches, history."""
    names = ("G", "D", "opt_G", "opt_D", "batches")
    parts = dict(zip(names, code["fresh"](eps=0.8), strict=True))
    return parts | {"history": training.History()}


def step_of(code, parts):
    """The lesson's step for these parts."""
    return code["published_step"](parts["G"], parts["D"], parts["opt_G"], parts["opt_D"])


def fingerprint(steps=16):
    """The fingerprint of the run's first steps, for a process in float64.

    `fingerprints.in_float64` starts one.
    """
    code = lesson_code()
    parts = build(code)
    history = training.fit(step_of(code, parts), parts["batches"], steps=steps)
    return fingerprints.take(history, parts["G"])


def generator_file(epoch):
    return WORK / f"generator_{epoch:03}.pt"


def train():
    """Train to EPOCHS, or to where Ctrl-C stops it; generators go to WORK, one file an epoch."""
    WORK.mkdir(parents=True, exist_ok=True)
    code = lesson_code()
    parts = build(code)
    step = step_of(code, parts)
    if RUN.exists():
        checkpoint.load(RUN, parts)
    else:
        current = fingerprints.in_float64("benchmarks.full_run", "fingerprint")
        tables.replace(FINGERPRINT, json.dumps(current))
    batches = parts["batches"]
    history = parts["history"]
    while history.step < EPOCHS * len(batches):
        epoch = history.step // len(batches) + 1
        end = epoch * len(batches)
        training.fit(step, batches, steps=end - history.step, history=history)
        if history.step == end:
            torch.save(parts["G"].state_dict(), generator_file(epoch))
        checkpoint.save(RUN, parts)
        if history.step < end:  # stopped
            break


def row_of(epoch, fakes, history, steps_an_epoch):
    """The row (dict) of the table for the fakes [N, 1, 28, 28] of an epoch's generator."""
    second = metrics.score(fakes, judge="second_judge")
    row = {"epoch": epoch, "step": epoch * steps_an_epoch, **metrics.score(fakes)}
    for name in ("digit_fid", "floor", "histogram"):
        row[f"{name}_2nd"] = second[name]
    for name, values in history.values.items():  # means over the epoch
        of_epoch = values[(epoch - 1) * steps_an_epoch : epoch * steps_an_epoch]
        row[name] = sum(of_epoch) / steps_an_epoch
    row["seconds"] = round(history.seconds * epoch / EPOCHS, 1)
    row["command"] = "python -m benchmarks.full_run train"
    return row


def measure():
    """Write notebooks/results/03_full_run.csv, a row an epoch measured, and .png, the film."""
    code = lesson_code()
    parts = build(code)
    checkpoint.load(RUN, parts)
    G = parts["G"]

    def noise(count):
        generator = torch.Generator().manual_seed(code["SEED"])
        return torch.randn(count, code["LATENT_DIM"], generator=generator)

    rows = []
    strips = []  # of ten digits, an epoch a strip
    for epoch in tqdm(MEASURED, unit="epoch"):
        G.load_state_dict(torch.load(generator_file(epoch), weights_only=True))
        fakes = networks.sample(G, noise(10_000))
        rows.append(row_of(epoch, fakes, parts["history"], len(parts["batches"])))
        if epoch in FILM:
            digits = data.from_tanh_range(networks.sample(G, noise(10))).squeeze(1)
            strips.append(torch.cat(list(digits), dim=1))
    tables.write(tables.FOLDER / "03_full_run.csv", rows)
    trained = json.loads(FINGERPRINT.read_text(encoding="utf8"))
    stored = {"variant": "published code"} | trained | {"yardstick": fingerprints.yardstick()}
    fingerprints.write("03_full_run", {"published code": stored})
    film = Image.fromarray(torch.cat(strips).numpy())
    film.save(tables.FOLDER / "03_full_run.png", optimize=True)


if __name__ == "__main__":
    {"train": train, "measure": measure}[sys.argv[1]]()
