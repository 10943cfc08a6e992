"""Checks of lesson 05 · Generator losses as tensors."""

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
from gan_helpers.checks.wording import described


def _three_losses(real, fake, reduce):
    """The answer to exercise 1; `reduce` makes one number of a batch, and should be torch.mean."""
    return {
        "cross-entropy": reduce(F.softplus(-real)) + reduce(F.softplus(fake)),
        "least squares": (reduce((real - 1).square()) + reduce(fake.square())) / 2,
        "Wasserstein": reduce(fake) - reduce(real),
    }


@check
def discriminator_losses(answer):
    """answer(real_scores [B], fake_scores [C]) -> dict of three losses of D."""
    real = torch.tensor([2.0, 0.5, -1.0], requires_grad=True)
    fake = torch.tensor([-2.0, 1.0], requires_grad=True)
    losses = answer(real, fake)
    right = _three_losses(real, fake, torch.mean)
    yield isinstance(losses, dict), f"it returns {described(losses)}", "a dict of three losses"
    yield (
        set(losses) == set(right),
        f"the dict has the keys {', '.join(map(repr, losses))}",
        "it has these three: " + ", ".join(map(repr, right)),
    )
    for name in right:
        yield from is_number(losses[name], "the mean over real plus the mean over fake: one number")
        yield (
            losses[name].requires_grad,
            f"{name} has lost its graph",
            "no .detach(): D is trained by it",
        )
    yield from _values_of_losses(losses, right, real, fake)
    more = torch.tensor([0.3, -1.5, 0.7, 2.5]), torch.tensor([-0.3, 0.4, 3.0, -1.2, 0.1])
    for pair in (more, more[::-1], (more[0][:1], more[1])):
        yield from same_slopes(
            lambda real, fake: [answer(real, fake)[name] for name in right],
            lambda real, fake: list(_three_losses(real, fake, torch.mean).values()),
            *pair,
        )
    yield no_loop(answer, (real[:2], fake), (torch.randn(300), torch.randn(300)))
    far = answer(torch.tensor([-200.0]), torch.tensor([200.0]))["cross-entropy"]
    yield (
        bool(torch.isfinite(far)),
        "the cross-entropy of a real score of -200 and a fake one of 200 is not finite",
        "no log of a sigmoid: F.softplus(-s) is -log σ(s)",
    )
    yield (
        near(far, 400.0),
        f"the cross-entropy of a real score of -200 and a fake one of 200 is {far.item():.4g}",
        "it is 400: a bound or a small number inside the log "
        "hides the infinity and keeps the error",
    )


def _values_of_losses(losses, right, real, fake):
    """Lines about what the three losses of D are, given that each is one number."""
    exchanged = _three_losses(fake, real, torch.mean)
    sums = _three_losses(real, fake, torch.sum)
    for name in right:
        yield from mistakes(
            losses[name],
            (
                exchanged[name],
                f"{name} has real and fake exchanged",
                "D wants high scores for real and low ones for fake, and every loss is minimised",
            ),
        )
    yield from mistakes(
        losses["least squares"],
        (
            2 * right["least squares"],
            "least squares is twice too large",
            "both squares carry a factor ½",
        ),
    )
    for name in right:
        yield from mistakes(
            losses[name],
            (sums[name], f"{name} is a sum", "take the mean over each batch, then add the two"),
        )
        yield (
            near(losses[name], right[name]),
            f"{name} is {two_numbers(losses[name], right[name])}",
            "real scores 2, 0.5, -1 and fake scores -2, 1: work it out by hand, term by term",
        )


@check
def wasserstein_pair(answer):
    """answer(real_scores, fake_scores) -> (D's loss, G's loss) of Wasserstein, real high."""
    real = torch.tensor([1.0, 3.0], requires_grad=True)  # mean 2
    fake = torch.tensor([-1.0, 0.0, 2.5], requires_grad=True)  # mean 0.5
    losses = answer(real, fake)
    yield (
        isinstance(losses, tuple) and len(losses) == 2,
        "it returns no pair",
        "return d_loss, g_loss",
    )
    for loss in losses:
        yield from is_number(loss, "both losses are single numbers: means")
        yield (
            loss.requires_grad,
            "a loss has lost its graph",
            "no .detach() and no .item(): backward() must reach the nets",
        )
    d_loss, g_loss = losses
    yield wrong_if(
        near(d_loss, 1.5) and near(g_loss, 0.5),
        "both signs are turned: a game, but one in which real is low",
        "here real is to be high: turn both",
    )
    yield wrong_if(
        near(d_loss, 1.5),
        "D's loss falls when real scores fall",
        "D wants real up and fake down, and its loss is minimised: fake minus real",
    )
    yield (
        near(d_loss, -1.5),
        f"D's loss is {two_numbers(d_loss, -1.5)}, which is 0.5 - 2",
        "mean of fake minus mean of real",
    )
    yield wrong_if(
        near(g_loss, 0.5),
        "G's loss falls when the scores of its fakes fall",
        "G wants its fakes' scores up, and its loss is minimised: a minus sign",
    )
    yield (
        near(g_loss, -0.5),
        f"G's loss is {two_numbers(g_loss, -0.5)}",
        "minus the mean of fake, and nothing else",
    )
    for pair in ((real, fake), (fake, real), (fake[:1], -real)):
        yield from same_slopes(answer, _wasserstein_pair, *pair)
    yield no_loop(answer, (real, fake), (torch.randn(300), torch.randn(300)))


def _wasserstein_pair(real_scores, fake_scores):
    return fake_scores.mean() - real_scores.mean(), -fake_scores.mean()


@check
def stable(answer):
    """answer(scores, any shape) -> -log σ(score) elementwise, with its slope, from -200 to 200."""
    yield without(answer, "softplus", "Softplus", "logsigmoid", "LogSigmoid")
    # No score of 0: see the solution.
    scores = torch.tensor([[-200.0, -20.0, -1.0], [0.5, 17.0, 200.0]], requires_grad=True)
    losses = answer(scores)
    yield is_tensor(losses)
    yield (
        losses.shape == scores.shape,
        f"scores [2, 3] become {list(losses.shape)}",
        "no mean here: one number for each score",
    )
    yield (
        bool(torch.isfinite(losses).all()),
        "at a score of -200 or 200 it is not finite",
        "σ(-200) is rounded to 0 and its log is -∞, and e^200 overflows: "
        "take the exponential of -|s| only",
    )
    yield from mistakes(
        losses,
        (
            F.softplus(scores),
            "high scores cost more than low ones",
            "-log σ(s) is small where s is high: look at the sign",
        ),
    )
    yield (
        near(losses[0, 0], 200.0, 0.1),
        f"at -200 it is {losses[0, 0].item():.4g} and not 200",
        "adding a small number inside the log, or a clamp of the result, "
        "hides the infinity and keeps the error",
    )
    yield (
        near(losses, F.softplus(-scores)),
        "some values are wrong",
        "max(-s, 0) + log(1 + e^(-|s|)): try it at 0.5 by hand, 0.474",
    )
    yield wrong_if(
        losses[1, 1] == 0,
        "at 17 it is 0, and not 4e-8",
        "log(1 + x) loses a small x: log1p(x) does not",
    )
    yield (
        abs(losses[1, 1].item() / 4.13993771879e-8 - 1) < 1e-4,
        f"at 17 it is {losses[1, 1].item():.4g} and not 4.14e-08",
        "right to one part in ten thousand, where it is tiny, too: log1p",
    )
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
    for shape in ((5,), (1, 1), (2, 3, 2), ()):
        some = torch.randn(shape) * 30 + 0.1
        yield from same_slopes(answer, lambda scores: F.softplus(-scores), some)
    yield no_loop(answer, (torch.randn(2),), (torch.randn(300),))


@check
def weighted(answer):
    """answer(scores [B], weights [B]) -> Σ w·(-log σ(s)) / Σ w, a scalar."""
    scores = torch.tensor([-1.0, 0.0, 2.0])
    weights = torch.tensor([1.0, 3.0, 0.0])
    each = F.softplus(-scores)
    right = (weights * each).sum() / 4
    loss = answer(scores, weights)
    yield from is_number(loss, "sum up, then divide: one number")
    yield from mistakes(
        loss,
        (
            each.mean(),
            "the weights change nothing",
            'reduction="none" first: multiply before you reduce',
        ),
        ((weights * each).sum(), "it is the sum", "divide by the sum of the weights"),
        (
            (weights * each).mean(),
            "it is divided by the number of scores",
            "a weight of 0 must be as if the score were not there: "
            "divide by the sum of the weights",
        ),
    )
    yield (
        near(loss, right),
        f"you get {two_numbers(loss, right)}",
        "(1 · 1.313 + 3 · 0.693 + 0 · 0.127) / 4",
    )
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
    yield (
        near(answer(torch.tensor([-200.0, 200.0]), torch.tensor([1.0, 0.0])), 200.0),
        "at a score of -200 it is not 200",
        "no log of a sigmoid, and nothing added inside the log",
    )
    for shape in ((4,), (1,), (2, 1, 3, 2)):
        some = torch.randn(shape)
        some_weights = torch.rand(shape) + 0.1
        yield from same_slopes(answer, _weighted, some, some_weights, constant=(1,))
    yield no_loop(answer, (scores, weights), (torch.randn(300), torch.rand(300)))


def _weighted(scores, weights):
    return (weights * F.softplus(-scores)).sum() / weights.sum()
