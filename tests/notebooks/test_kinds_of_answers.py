"""Kinds of wrong answers that every exercise must refuse, made of its solution by a program.

Each kind is a solution that does one thing more: it changes an argument, leaves a net frozen, cuts
the graph. What applies to an exercise is seen from what its check passes and gets back.
"""

import importlib.util
from pathlib import Path
from typing import NamedTuple

import pytest
import torch
from torch import nn

_spec = importlib.util.spec_from_file_location(
    "exercises", Path(__file__).with_name("test_exercises.py")
)
exercises = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(exercises)

# Whose result is a loss or goes into one: a gradient must come back.
DIFFERENTIABLE = {
    "02_classic_gan": [2],
    "04_better_digits": [1, 4],
    "05_generator_losses": [1, 2, 3, 4],
    "06_label_smoothing": [4],
    "07_ten_logits": [1, 2, 3, 4],
    "08_conditional_gan": [1, 2, 3],
    "09_wasserstein": [1, 2, 4],
}
# Whose exercise trains nets.
TRAINS = {("02_classic_gan", 1), ("02_classic_gan", 3)}
# Whose exercise draws random numbers.
DRAWS = {("06_label_smoothing", 4), ("09_wasserstein", 3)}

WRAPPED = """
solution = {name}
kept = []
def {name}(*arguments):
    result = solution(*arguments)
    record((arguments, result))
{trace}
    return result
"""


class Kind(NamedTuple):
    """One thing that a wrong answer does more, as code, and a part of what it must be told."""

    trace: str
    text: str


KINDS = {
    "a tensor is changed": Kind(
        "    for x in arguments:\n        if isinstance(x, torch.Tensor): x.data.add_(1)",
        "belongs to the caller",
    ),
    "a list or dict is changed": Kind(
        "    for x in arguments:\n        if isinstance(x, (list, dict)): x.clear()",
        "belongs to the caller",
    ),
    "gradients are asked of an argument": Kind(
        "    for x in arguments:\n"
        "        if isinstance(x, torch.Tensor) and x.is_floating_point() and x.is_leaf:\n"
        "            x.requires_grad_()",
        "asks for gradients afterwards",
    ),
    "a net is in another mode": Kind(
        "    for x in arguments:\n"
        "        if isinstance(x, torch.nn.Module): x.train(not x.training)",
        "in another mode",
    ),
    "a net is frozen": Kind(
        "    for x in arguments:\n"
        "        if isinstance(x, torch.nn.Module): x.requires_grad_(False)",
        "left frozen",
    ),
    "a net's gradients are removed": Kind(
        "    for x in arguments:\n        if isinstance(x, torch.nn.Module): x.zero_grad()",
        "other gradients",
    ),
    "a net's weights are changed": Kind(
        "    for x in arguments:\n"
        "        if isinstance(x, torch.nn.Module):\n"
        "            for weight in x.parameters(): weight.data.add_(1)",
        "",
    ),
    "autograd is switched off": Kind("    torch.set_grad_enabled(False)", "autograd is switched"),
    "the default type is float64": Kind(
        "    torch.set_default_dtype(torch.float64)", "default type of numbers"
    ),
    "the seed is set": Kind("    torch.manual_seed(0)", "seed"),
    "a random number is drawn": Kind("    torch.rand(1)", "random numbers"),
    "calls are counted": Kind("    kept.append(1)", "keeps something"),
    "the first result is given for ever": Kind("    kept.append(result)\n    result = kept[0]", ""),
    "the graph is cut": Kind(
        "    cut = lambda x: x.detach() if isinstance(x, torch.Tensor) else x\n"
        "    if isinstance(result, dict): result = {k: cut(v) for k, v in result.items()}\n"
        "    elif isinstance(result, tuple): result = tuple(map(cut, result))\n"
        "    else: result = cut(result)",
        "",
    ),
    "float64 comes out": Kind(
        "    if isinstance(result, torch.Tensor) and result.dtype == torch.float32:\n"
        "        result = result.double()",
        "float64",
    ),
    "nothing is returned": Kind("    result = None", ""),
}


def applies(kind, lesson, number, calls):
    """Whether an answer of this kind is wrong in an exercise whose right one had these calls."""
    arguments = [x for arguments, _ in calls for x in arguments]
    nets = [x for x in arguments if isinstance(x, nn.Module)]
    floats = [x for x in arguments if isinstance(x, torch.Tensor) and x.is_floating_point()]
    result = calls[0][1]
    where = lesson, number
    return {
        "a tensor is changed": any(isinstance(x, torch.Tensor) for x in arguments),
        "a list or dict is changed": any(isinstance(x, list | dict) and x for x in arguments),
        "gradients are asked of an argument": bool(floats),
        "a net is in another mode": bool(nets),
        "a net is frozen": bool(nets),
        "a net's gradients are removed": bool(nets) and where not in TRAINS,
        "a net's weights are changed": bool(nets),
        "a random number is drawn": where not in DRAWS,
        "the first result is given for ever": result is not None,
        "the graph is cut": number in DIFFERENTIABLE.get(lesson, []),
        "float64 comes out": isinstance(result, torch.Tensor)
        and result.dtype == torch.float32
        and (result.ndim > 0 or number in DIFFERENTIABLE.get(lesson, [])),
        "nothing is returned": result is not None,
    }.get(kind, True)


@pytest.fixture(autouse=True)
def switches_as_before():
    """Where a check fails to put torch's switches back, the other tests must not suffer."""
    yield
    torch.set_grad_enabled(True)
    torch.set_default_dtype(torch.float32)


@pytest.mark.parametrize(("path", "exercise", "check", "solution"), exercises.ALL)
def test_traces_are_found_in_every_exercise(path, exercise, check, solution):
    name = exercises.function_of(exercise)
    number = int(exercise.id.removeprefix("exercise-"))
    right = exercises.solution_code(solution)

    def told(trace):
        namespace = exercises.imports(path)
        namespace["torch"] = torch
        calls = []
        namespace["record"] = calls.append
        code = right + WRAPPED.format(name=name, trace=trace)
        return exercises.verdict(namespace, code, check.source), calls

    text, calls = told("")
    assert text == "✔ Right.\n"
    tried = [kind for kind in KINDS if applies(kind, path.stem, number, calls)]
    assert len(tried) >= 5
    for kind in tried:
        text, _ = told(KINDS[kind].trace)
        assert text.startswith("✘ "), f"{kind}: {text}"
        assert KINDS[kind].text in text, f"{kind}: {text}"
