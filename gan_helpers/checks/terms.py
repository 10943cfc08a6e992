"""Losses that are sums of terms: which term is wrong, and to what no gradient comes."""

import math

import torch

from gan_helpers.checks import near, two_numbers


def listed(numbers):
    """Numbers as "0.2413, 1.099, 0.4"."""
    return ", ".join(f"{number:.4g}" for number in numbers)


def right_terms(answer, arguments, terms, hint):
    """The line on whether a loss is right, which tells the terms that are not.

    `terms`: of each its name, the arguments under which this term alone is 0, and its value.
    """
    right = sum(value for _, _, value in terms)
    if near(answer(*arguments), right):
        return
    rests = [answer(*fewer) for _, fewer, _ in terms]
    loss = answer(*arguments)
    faults = {}  # what is wrong: names of terms
    for (name, _, value), rest in zip(terms, rests, strict=True):
        fault = _fault(((loss - rest) / value).item())
        if fault:
            faults.setdefault(fault, []).append(name)
    text = "".join(f"; {', '.join(names)}: {fault}" for fault, names in faults.items())
    yield False, f"it is {two_numbers(loss, right)}{text}", hint


def _fault(times):
    """What is wrong with a term that is so many times the right one; None if nothing."""
    if abs(times - 1) < 1e-3 or not math.isfinite(times):
        return None
    sixths = round(6 * times)
    if abs(6 * times - sixths) > 1e-3 or abs(times) > 12:
        return "a wrong term"
    return {0: "left out", -6: "subtracted"}.get(sixths, f"{sixths / 6:.3g} times the right term")


def reached(answer, arguments, names):
    """Lines on whether a gradient reaches each argument that is a tensor of floats."""
    tracked = [
        argument.clone().requires_grad_(argument.is_floating_point()) for argument in arguments
    ]
    loss = answer(*tracked)
    for trace in answer.traces:
        yield False, *trace
    yield (
        loss.requires_grad,
        "it has lost its graph",
        "no .detach(), no .item(), no NumPy and no torch.no_grad(): D is trained by it",
    )
    for name, tensor in zip(names, tracked, strict=True):
        if tensor.requires_grad:
            (slope,) = torch.autograd.grad(loss, tensor, retain_graph=True, allow_unused=True)
            yield (
                slope is not None and bool(slope.any()),
                f"the value is right, and no gradient reaches {name}",
                "no .detach(), no .item(), no NumPy and no torch.no_grad() on the way to the loss",
            )
