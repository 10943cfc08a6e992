"""Lines (holds, reason, hint) that several checks are written with."""

import torch
from torch import nn

from gan_helpers.checks.program import names_in
from gan_helpers.checks.values import parts
from gan_helpers.checks.wording import described, two_numbers


def near(result, value, atol=1e-5):
    """Whether two tensors or numbers have one shape and nearly the same values, in any dtype."""
    result = torch.as_tensor(result).detach().float()
    value = torch.as_tensor(value).detach().float()
    return result.shape == value.shape and torch.allclose(result, value, atol=atol)


def mistakes(result, *table, comparison=near):
    """Lines (holds, reason, hint) of a check that recognise mistakes by the values they lead to.

    A row of the table is (wrong value, what was done, hint). A row's mistake was made if
    `comparison(result, wrong value)` is true: `near` for numbers and tensors, `operator.eq` for
    exact equality, `operator.contains` for what a list may not hold, or a function of your own.

        yield from mistakes(
            loss,
            (-right, "the sign is wrong", "a loss is minimised: turn it round"),
            (3 * right, "it is the sum over the batch", "the mean does not grow with it"),
        )
    """
    for wrong_value, reason, hint in table:
        yield wrong_if(comparison(result, wrong_value), reason, hint)


def wrong_if(condition, reason, hint):
    """The line (holds, reason, hint) of a check for a mistake that a condition shows."""
    return not condition, reason, hint


def is_number(result, hint="one number: the mean over the batch"):
    """The first lines of a check of a loss: it is a tensor, and one without dimensions."""
    yield is_tensor(result)
    yield result.ndim == 0, f"it has shape {list(result.shape)}", hint


def is_tensor(result):
    """The first line of most checks: (holds, reason, hint) for being a tensor."""
    cure = "no .item(), .numpy() or list(), and no comma at the end of the line"
    return (
        isinstance(result, torch.Tensor),
        f"it returns {described(result)} and no tensor",
        "does every path end with `return`, with something behind it" if result is None else cure,
    )


def same_slopes(answer, right, *arguments, constant=()):
    """Lines on whether an answer and the solution `right` agree, in values and in gradients.

    `arguments`: of both; tensors of floats take gradients, but for those whose position is among
    the `constant` ones, and the weights of nets do anyway. What comes back may be a tensor or
    several: each number of it counts with a weight of its own.
    """
    of_answer = _tracked(arguments, constant)
    of_right = _tracked(arguments, constant)
    results = parts(answer(*of_answer))
    expected = parts(right(*of_right))
    for number, (result, value) in enumerate(zip(results, expected, strict=True), 1):
        yield is_tensor(result)
        which = f"number {number} of what it returns" if len(expected) > 1 else "it"
        yield from _same_numbers(result, value, which)
    yield (
        all(result.requires_grad for result in results),
        "it has lost its graph",
        "no .detach(), no .item(), no NumPy and no torch.no_grad(): a net learns through it",
    )
    sources = _sources(of_answer)
    slopes = torch.autograd.grad(_weighted_sum(results), sources, allow_unused=True)
    right_slopes = torch.autograd.grad(
        _weighted_sum(expected), _sources(of_right), allow_unused=True
    )
    for source, slope, right_slope in zip(sources, slopes, right_slopes, strict=True):
        slope = torch.zeros_like(source) if slope is None else slope
        right_slope = torch.zeros_like(source) if right_slope is None else right_slope
        yield (
            slope.any() or near(right_slope, torch.zeros_like(source)),
            "the values are right, and one of the arguments gets no gradient",
            "no .detach(), .item(), .round(), NumPy or torch.no_grad() between it and the result",
        )
        yield (
            bool(slope.isfinite().all()),
            "the values are right, and a gradient is not finite",
            "a root is infinitely steep at 0, and torch.where computes both of its branches",
        )
        yield (
            near(slope, right_slope, atol=1e-5 + 1e-4 * right_slope.abs().max().item()),
            "the values are right, a gradient is not",
            "a part of it is cut off or set by hand: no .detach(), no clamp, no torch.where inside",
        )


def _same_numbers(result, value, which):
    """Lines on whether a tensor (`which`, in words) has the shape and numbers that it should."""
    yield (
        result.shape == value.shape,
        f"{which} has shape {list(result.shape)} and not {list(value.shape)}",
        "keep the batch's dimension, also where it is 1: no squeeze()"
        if result.ndim < value.ndim
        else "look at the dimensions of what goes in, and print them on the way",
    )
    yield (
        result.dtype == value.dtype,
        f"{which} is {result.dtype}".replace("torch.", ""),
        f"{value.dtype}, as what it is made of".replace("torch.", ""),
    )
    apart = ~torch.isclose(result.detach().float(), value.detach(), rtol=1e-4, atol=1e-5)
    if apart.any():
        text = two_numbers(result[apart][0], value[apart][0])
        place = ", ".join(str(number.item()) for number in apart.nonzero()[0])
        if value.ndim:
            text = f"{text} at [{place}] (and wrong in {apart.sum()} places of {apart.numel()})"
        yield False, f"{which} is {text}", "work this case out by hand, or in a cell of its own"


def _tracked(arguments, constant):
    """Copies of the arguments, whose tensors of floats take gradients; nets and others as is."""
    tracked = list(arguments)
    for number, argument in enumerate(arguments):
        if isinstance(argument, torch.Tensor) and argument.is_floating_point():
            copy = argument.detach().clone()
            tracked[number] = copy.requires_grad_(number not in constant)
    return tracked


def _sources(arguments):
    """All that takes gradients in these arguments, as a list of tensors."""
    sources = []
    for argument in arguments:
        if isinstance(argument, nn.Module):
            sources += argument.parameters()
        elif isinstance(argument, torch.Tensor) and argument.requires_grad:
            sources.append(argument)
    return sources


def _weighted_sum(tensors):
    """One number of several tensors, in which no two numbers have one weight."""
    flat = torch.cat([tensor.flatten() for tensor in tensors])
    return (flat * torch.linspace(0.5, 1.5, len(flat) + 1)[1:]).sum()


def without(answer, *names):
    """The line on whether the answer mentions none of these functions, which the text excludes."""
    mentioned = set(names) & set(names_in(getattr(answer.function, "__code__", None)))
    return (
        not mentioned,
        f"it uses {' and '.join(sorted(mentioned))}",
        "the exercise is to do without",
    )


def no_loop(answer, few, many):
    """The line on whether an answer takes as many Python steps for `many` numbers as for `few`.

    `few`, `many`: two tuples of arguments, that differ in size alone. Steps, not seconds, are
    counted: they are the same on a busy machine.
    """
    steps_of_few = answer.steps(few)
    steps_of_many = answer.steps(many)
    return (
        steps_of_many < 2 * steps_of_few,
        f"{steps_of_many / steps_of_few:.0f} times as many Python steps for more numbers",
        "no loop over elements: torch computes a whole tensor at once",
    )
