"""Checks of lesson 05, exercises 3 and 4: -log σ(s) by hand, and its weighted mean."""

import math

import torch
import torch.nn.functional as F

from gan_helpers.checks import (
    check,
    is_number,
    is_tensor,
    mistakes,
    near,
    no_loop,
    same_slopes,
    two_numbers,
    without,
    wrong_if,
)


@check
def stable(answer):
    """answer(scores, any shape) -> -log σ(score) elementwise, with its slope, from -200 to 200."""
    yield without(answer, "softplus", "Softplus", "logsigmoid", "LogSigmoid")
    scores = torch.tensor([[-200.0, -150.0, -20.0, -1.0], [0.5, 8.0, 17.0, 200.0]])
    losses = answer(scores)
    yield is_tensor(losses)
    yield (
        losses.shape == scores.shape,
        f"scores [2, 4] become {list(losses.shape)}",
        "no mean here: one number for each score",
    )
    alone = [answer(score) for score in scores.flatten()[:, None]]
    scores.requires_grad_()
    losses = answer(scores)
    values = {
        score: loss
        for score, loss in zip(scores.flatten().tolist(), losses.flatten().tolist(), strict=True)
    }
    yield from _beside_others(values, alone)
    yield from _in_the_middle(torch.tensor([values[-1.0], values[0.5]]))
    yield from _far_out(values)
    yield losses.requires_grad, "it has lost its graph", "no .detach(): the slope is what G feels"
    (slopes,) = torch.autograd.grad(losses.sum(), scores)
    yield (
        bool(torch.isfinite(slopes).all()),
        "the slopes at -200 or 200 are not numbers",
        "torch.where computes both branches, and the unused one sends back 0 · ∞: "
        "take the exponential of -|s| only",
    )
    yield (
        near(slopes, -(1 - scores.detach().sigmoid())),
        "the values are right, the slopes are not",
        "the slope is -(1 - σ(s)): no .detach(), and no value set by hand",
    )
    zero = torch.zeros(1, requires_grad=True)
    (slope,) = torch.autograd.grad(answer(zero).sum(), zero)
    yield (
        near(slope, [-0.5]),
        f"at a score of exactly 0 the slope is {two_numbers(slope[0], -0.5)}",
        "relu, clamp and torch.where have a kink at 0: (|s| - s) / 2 is max(-s, 0) without one",
    )
    far = answer(torch.tensor([40.0])).item()
    yield (
        math.isclose(far, math.exp(-40), rel_tol=1e-4),
        f"at 40 it is {far:.4g} and not {math.exp(-40):.4g}",
        "log(1 + x) loses a small x, in float64 too: log1p(x) does not",
    )
    for shape in ((5,), (1, 1), (2, 3, 2), ()):
        some = torch.randn(shape) * 30 + 0.1
        yield from same_slopes(answer, lambda scores: F.softplus(-scores), some)
    yield no_loop(answer, (torch.randn(2),), (torch.randn(300),))


def _right(score):
    return F.softplus(-torch.tensor(score)).item()


def _beside_others(values, alone):
    """Lines on whether a score that is right `alone` (list of [1]) is so in the batch, too."""
    for (score, value), loss in zip(values.items(), alone, strict=True):
        yield wrong_if(
            near(loss, [_right(score)]) and not near(value, _right(score)),
            f"the score {score:g} alone gives {two_numbers(loss, value)}, as beside the others",
            "elementwise: each score's own sign and size decide, and nothing of the batch",
        )


def _in_the_middle(losses):
    """Lines about the losses of the scores -1 and 0.5, where nothing is large or tiny."""
    scores = torch.tensor([-1.0, 0.5])
    right = F.softplus(-scores)
    curve = torch.log1p(torch.exp(-scores.abs()))
    straight = right - curve  # max(-s, 0)
    yield from mistakes(
        losses,
        (
            F.softplus(scores),
            "high scores cost more than low ones",
            "-log σ(s) is small where s is high: look at the sign",
        ),
        (-right, "the sign of all of it is turned", "σ(s) is below 1: -log σ(s) is positive"),
        (
            curve,
            "the straight part, max(-s, 0), is missing",
            "low scores cost about -s: at -1 it is 1.313 and not 0.3133",
        ),
        (curve + 2 * straight, "the straight part is twice too large", "(|s| - s) / 2"),
        (
            straight + torch.log1p(1 + torch.exp(-scores.abs())),
            "a 1 is added twice inside the log",
            "log1p(x) is log(1 + x)",
        ),
        (
            straight - scores.abs(),
            "the 1 inside the log is missing",
            "log(1 + e^(-|s|)), which is log1p(e^(-|s|))",
        ),
    )
    text = two_numbers(losses[1], right[1])
    yield wrong_if(
        near(losses, right, 1e-3) and not near(losses, right),
        f"at 0.5 it is {text}",
        "right to about three digits only: no half(), no rounding, and no number added",
    )
    yield near(losses[1], right[1]), f"at 0.5 it is {text}", "max(-s, 0) + log(1 + e^(-|s|))"
    yield (
        near(losses[0], right[0]),
        f"at -1 it is {two_numbers(losses[0], right[0])}",
        "max(-s, 0) + log(1 + e^(-|s|)), where max(-s, 0) is 1",
    )


def _far_out(values):
    """Lines about the losses of scores from -200 to 200; `values` is a dict of score to loss."""
    loss = values[-200]
    for score, value in values.items():
        yield (
            math.isfinite(value),
            f"at a score of {score:g} it is {value}",
            "σ(-200) is rounded to 0 and its log is -∞, and e^200 overflows: "
            "take the exponential of -|s| only",
        )
    yield wrong_if(
        0 <= loss < 199.9,
        f"at -200 it is {loss:.4g} and not 200",
        "adding a small number inside the log, or a clamp, hides the infinity and keeps the error",
    )
    yield wrong_if(
        near(values[-150], loss),
        f"at -200 it is {loss:.4g}, and at -150, too",
        "an infinity that is replaced by a number afterwards is a constant, and has no slope",
    )
    yield wrong_if(
        values[8] == 0,
        "at 8 it is 0 and not 0.0003354",
        "one formula everywhere: no straight line where a score is large",
    )
    for score, value in values.items():
        yield (
            near(value, _right(score)),
            f"at {score:g} it is {two_numbers(value, _right(score))}",
            "max(-s, 0) + log(1 + e^(-|s|)), for scores of any size",
        )
    yield wrong_if(
        values[17] == 0,
        "at 17 it is 0, and not 4e-8",
        "log(1 + x) loses a small x: log1p(x) does not",
    )
    yield (
        abs(values[17] / 4.13993771879e-8 - 1) < 1e-4,
        f"at 17 it is {values[17]:.4g} and not 4.14e-08",
        "right to one part in ten thousand, where it is tiny, too: log1p",
    )


@check
def weighted(answer):
    """answer(scores [B], weights [B]) -> Σ w·(-log σ(s)) / Σ w, a scalar."""
    scores = torch.tensor([-1.0, 0.0, 2.0])
    weights = torch.tensor([1.0, 2.5, 0.0])
    loss = answer(scores, weights)
    yield from is_number(loss, "sum up, then divide: one number")
    yield from _values_of_weighted(loss, F.softplus(-scores), weights)
    others = torch.tensor([1.0, 3.0, 2.0])
    loss = answer(scores, others).detach()
    yield (
        near(loss, _weighted(scores, others)),
        f"with weights 1, 3, 2 it is {two_numbers(loss, _weighted(scores, others))}",
        "(1 · 1.313 + 3 · 0.693 + 2 · 0.127) / 6: the weights as they are",
    )
    right = _weighted(scores, weights)
    loss_of_column = answer(scores[:, None], weights[:, None])
    yield (
        near(loss_of_column, right),
        "scores and weights of shape [3, 1] go wrong",
        "nothing in the formula depends on the shape",
    )
    for factor in (10, 0.01):
        yield (
            near(answer(scores, factor * weights), right),
            f"weights {factor} times as large give another loss",
            "divide by the sum of the weights, as it is",
        )
    far = answer(torch.tensor([-200.0, 200.0]), torch.tensor([1.0, 0.0])).item()
    yield (
        math.isfinite(far),
        f"at a score of -200 it is {far}",
        "σ(-200) is rounded to 0, and e^200 overflows: F.softplus(-s) is -log σ(s)",
    )
    yield (
        near(far, 200.0),
        f"at a score of -200 it is {two_numbers(far, 200.0)}",
        "no log of σ(s), no clamp and nothing added inside the log: F.softplus(-s)",
    )
    for shape in ((4,), (1,), (2, 1, 3, 2)):
        some = torch.randn(shape)
        some_weights = torch.rand(shape) + 0.1
        yield from same_slopes(answer, _weighted, some, some_weights, constant=(1,))
    yield no_loop(answer, (scores, weights), (torch.randn(300), torch.rand(300)))


def _values_of_weighted(loss, each, weights):
    """Lines about the weighted mean of three losses `each` with the weights 1, 2.5, 0."""
    right = (weights * each).sum() / weights.sum()
    yield from mistakes(
        loss,
        (
            each.mean(),
            "the weights change nothing",
            'reduction="none" first: multiply each loss by its own weight, to a product of shape '
            "[3], before you reduce",
        ),
        ((weights * each).sum(), "it is the sum", "divide by the sum of the weights"),
        (
            (weights * each).mean(),
            "it is divided by the number of scores",
            "a weight of 0 must be as if the score were not there: "
            "divide by the sum of the weights",
        ),
        (
            (weights * each).sum() / weights.max(),
            "it is divided by the largest weight",
            "divide by the sum of the weights",
        ),
    )
    text = f"it is {two_numbers(loss, right)}"
    yield wrong_if(
        near(loss, right, 1e-3) and not near(loss, right),
        text,
        "right to about three digits only: no half(), no rounding, and no number added",
    )
    yield near(loss, right), text, "(1 · 1.313 + 2.5 · 0.693 + 0 · 0.127) / 3.5"


def _weighted(scores, weights):
    return (weights * F.softplus(-scores)).sum() / weights.sum()
