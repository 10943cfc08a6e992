"""Fingerprints of what a stored table rests on: numbers that move with the training, on any CPU.

Float32 rounds differently on each CPU, and Adam at a high rate makes other steps of that. In
float64 the differences stay far below TOLERANCE. So fingerprints come from runs of their own at
smoke size, in a process whose default dtype is float64 from its start. Such a run judges no claim
and measures nothing: sums over the pictures stand in for the judges, and see what they would.

    record = fingerprints.run(notebook)             one run of a lesson in float64
    fingerprints.of(record)                         {variant: {"losses": …, "weights": …, …}}
    fingerprints.reads(notebook, …, ["STEPS"])      {variant: those of the parameters that it reads}
    fingerprints.read("02_classic_gan")             what is stored beside a table

They stand beside their table, in `notebooks/results/<lesson>.fingerprints.csv`, a row a variant.
"""

import contextlib
import functools
import importlib
import json
import math
import subprocess
import sys
import tempfile
import warnings
from pathlib import Path

import nbformat
import torch
from nbformat.v4 import new_code_cell

from gan_helpers import data, judges, metrics, plots, tables, training
from gan_helpers.lesson import first_and_last_losses, sum_of_weights
from gan_notebooks import notebooks, runner
from gan_notebooks.errors import CourseError, RunError

TOLERANCE = 1e-6  # of a number, or of its size where it is above 1
PARTS = ("losses", "weights", "measured")
JUDGES = "judges"  # stands among the parameters that a variant reads where the judges measure it
FEATURES = 64
SCORES = ("digit_fid", "floor", "class_kl", "classes", "spread")
SCORES += ("precision", "recall", "density", "coverage")
SCORES_OF_LABELS = ("accuracy", "accuracy_worst", "recall_digit", "recall_digit_worst")
SCORES_OF_LABELS += ("coverage_digit", "coverage_digit_worst")


def begin(scale=1.0):
    """Turn this kernel into one for fingerprints, before anything is made in it.

    From here on new tensors are float64, nothing is drawn, and sums over the pictures stand in for
    measures. They are multiplied by `scale`: what changes with it is measured by the judges.
    """
    torch.set_default_dtype(torch.float64)
    plots.show = lambda fig, alt: None
    judges.read = functools.partial(_pixels, scale)
    metrics.score = functools.partial(_sums, scale)
    metrics.frechet_distance = lambda a, b: (a.mean() - b.mean()).item()
    metrics.train_on_fakes = functools.partial(_sum_of_labelled, scale)
    metrics.nearest_train = lambda images: (
        torch.zeros(len(images)).long(),
        images.flatten(1).norm(dim=1),
    )


def _pixels(scale, judge, images):
    """In place of `judges.read`: pixels as features [N, 64], the first as logits [N, 10]."""
    if images.dtype == torch.uint8:
        images = data.to_tanh_range(images)
    features = scale * images.flatten(1)[:, 100 : 100 + FEATURES * 9 : 9]
    return features, features[:, :10]


def _sums(scale, images, labels=None, *, reference="validation", judge="judge"):
    """In place of `metrics.score`: under each name a number that moves with every argument."""
    value = _weighted_sum(images) * {"judge": 1, "second_judge": 5}[judge]
    value *= scale * {"validation": 1, "test": 3}[reference]
    names = SCORES
    if labels is not None:
        value += scale * _weighted_sum(labels.unsqueeze(0))
        names = SCORES + SCORES_OF_LABELS
    scores = {"count": len(images)} | dict.fromkeys(names, value) | {"histogram": [value] * 10}
    lists = {} if labels is None else {"accuracy_digit": [value] * 10}
    return scores | lists


def _sum_of_labelled(scale, images, labels, *, epochs=3, seed=0):
    """In place of `metrics.train_on_fakes`."""
    return scale * (_weighted_sum(images) + _weighted_sum(labels.unsqueeze(0)) + epochs + 10 * seed)


def _weighted_sum(rows):
    """A number (float) that moves with each element of rows [N, ...], and with N."""
    flat = rows.flatten(1).to(torch.float64)
    place_weights = torch.arange(flat.shape[1], dtype=torch.float64).cos()
    return (flat @ place_weights).mean().item() + math.cos(len(flat))


def run(notebook, *, scale=1.0, parameters=None):
    """The record (dict) of a lesson executed at smoke size in float64, with other `parameters`.

    Raises RunError where it stops with an error.
    """
    notebook = Path(notebook)
    lesson = notebooks.outline(notebook)
    sized = smoke_parameters(lesson) | (parameters or {})
    copy = notebooks.read(notebook)
    source = f"from gan_notebooks import fingerprints\n\nfingerprints.begin({scale})"
    copy.cells.insert(0, new_code_cell(source))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / notebook.name
        nbformat.write(copy, path)
        executed = Path(folder) / f"{notebook.stem}.out.ipynb"
        result = runner.execute(path, executed, sized, quiet=True)
        if result.error:
            raise RunError(f"{notebook.stem} at smoke size in float64 stopped in {result.error}")
        record = notebooks.read_record(executed)
    if "values" not in record:
        raise RunError(f"{notebook.stem} recorded nothing: its last cell must call lesson.record")
    return record


def of(record):
    """{variant: fingerprint} of the rows in a lesson's record. A fingerprint (dict of lists) has

    losses      the first five of each loss, then the last
    weights     of averaged weights the sum and the decay, for each row
    measured    the steps and numbers of its rows, which in a run for fingerprints are sums
    """
    fingerprints = {}
    for row in record["values"]["rows"]:
        row = dict(row)
        own = row.pop("fingerprint")
        parts = fingerprints.setdefault(row.pop("variant"), {part: [] for part in PARTS})
        parts["losses"] = _numbers(own["losses"])  # its rows are moments of one run
        parts["weights"] += _numbers(own["weights"])
        parts["measured"] += _numbers([row[name] for name in sorted(row)])
    return fingerprints


def take(history, net):
    """The fingerprint (dict of lists) of one run from its History and the net that is measured."""
    return {
        "losses": first_and_last_losses(history),
        "weights": [sum_of_weights(net)],
        "measured": [float(history.step)],
    }


def _numbers(values):
    """The numbers in a list of numbers, lists of them and other things.

    A kernel sends what is no number of JSON's as text.
    """
    numbers = []
    for value in values:
        if isinstance(value, list):
            numbers += _numbers(value)
        elif isinstance(value, (int, float)) or value in ("nan", "inf", "-inf"):
            numbers.append(float(value))
    return numbers


def close(a, b):
    """Are two lists of float equal, within TOLERANCE?"""
    if a is None or b is None or len(a) != len(b):
        return False
    return all(
        x == y or (math.isnan(x) and math.isnan(y)) or abs(x - y) <= TOLERANCE * max(1, abs(y))
        for x, y in zip(a, b, strict=True)
    )


def moved(stored, current):
    """The names (list) of the parts in which two fingerprints differ."""
    return [part for part in PARTS if not close(stored.get(part, []), current[part])]


def reads(notebook, current, names):
    """Which of the parameters `names` a variant's rows depend on: {variant: set of names}.

    Found out by changing one at a time: who reads it moves. `current`: the fingerprints as they are
    now. JUDGES among the names stands for the judges. A lesson that cannot run with another value
    of a parameter has every variant read it.
    """
    lesson = notebooks.outline(notebook)
    read_by = {variant: set() for variant in current}
    for name in names:
        if name == JUDGES:
            change = {"scale": -2.0}  # turns the order of logits round, too
        else:
            change = {"parameters": {name: other_value(lesson, name)}}
        try:
            changed = of(run(notebook, **change))
        except RunError:
            changed = {}
        for variant in current:
            if variant not in changed or moved(changed[variant], current[variant]):
                read_by[variant].add(name)
    return read_by


def smoke_parameters(lesson):
    """The parameters (dict) at smoke size, with all variants that a lesson (its Outline) has."""
    every_variant = {"TABLE": "all"} if "TABLE" in lesson.parameters else {}
    return lesson.at_size("smoke") | every_variant


def other_value(lesson, name):
    """A value of a parameter that it does not have among `smoke_parameters`, and may have.

    `lesson`: its Outline.
    """
    value = (lesson.defaults | smoke_parameters(lesson))[name]
    spec = lesson.specs[name]
    if spec is bool:
        return not value
    if isinstance(spec, set):
        return min(spec - {value})
    if isinstance(spec, list):
        return "" if value else "all"
    if not isinstance(spec, tuple):
        return f"other than {value}"  # a text that the lesson refuses: all its variants read it
    kind, low, high = spec
    # An eighth of the steps, say, must move too; of seconds two are more than any smoke run's.
    other = value * (8 if kind is int else 2) or 2
    other = kind(other if low <= other <= high else max(low, value / 2))
    if other == value:
        raise CourseError(
            f"{lesson.name}: {name} can be nothing but {value} at smoke size: give it another one "
            "in the notebook's metadata"
        )
    return other


def in_float64(module, function, *arguments):
    """What a function of a module returns in a process of its own whose default dtype is float64.

    Arguments and result are what JSON can carry. Raises RunError where the process fails.
    """
    call = [module, function, arguments]
    code = "from gan_notebooks import fingerprints; fingerprints._answer()"
    command = [sys.executable, "-c", code, json.dumps(call)]
    process = subprocess.run(command, stdout=subprocess.PIPE, text=True)
    if process.returncode != 0:
        raise RunError(
            f"{module}.{function} in float64 ended with code {process.returncode}; what it said "
            "stands above"
        )
    return json.loads(process.stdout)


def _answer():
    """What the process of `in_float64` does."""
    module, function, arguments = json.loads(sys.argv[1])
    torch.set_default_dtype(torch.float64)
    training.setup(0)  # one thread
    with contextlib.redirect_stdout(sys.stderr):  # the answer alone goes to the standard output
        answer = getattr(importlib.import_module(module), function)(*arguments)
    print(json.dumps(answer))


@functools.cache
def yardstick():
    """What the judges say of some digits, in float64: it moves when a judge or a measure does."""
    return in_float64(__name__, "measure_noisy_digits")


def measure_noisy_digits(count=1000):
    """All scores of both judges (list of float) of `count` training digits, half of them noisy."""
    images, _ = data.mnist("train")
    digits = data.to_tanh_range(images[:count]).unsqueeze(1)
    noisy, _ = judges.add_noise(digits, torch.Generator().manual_seed(0))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", metrics.ScoreWarning)
        scores = [metrics.score(noisy, judge=judge) for judge in judges.JUDGES]
    names = ("digit_fid", "floor", "precision", "recall", "density", "coverage")
    names += ("class_kl", "spread")
    return [score[name] for score in scores for name in names]


def read(name, folder=None):
    """What is stored beside a table: {variant: row}.

    A row (dict) has the fingerprint's parts, the `settings` that the variant reads (JSON) and the
    names of those that it `ignores`, and where the judges measure it the `yardstick`.
    """
    return {row["variant"]: row for row in tables.read(f"{name}.fingerprints", folder)}


def write(name, stored, folder=None):
    """Store `stored`, as `read` returns it, beside the table `name`."""
    tables.write(Path(folder or tables.FOLDER) / f"{name}.fingerprints.csv", list(stored.values()))
