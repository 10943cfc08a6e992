"""Checks of lesson 05 · Generator losses as tensors; exercises 3 and 4: lesson_05_log_sigmoid."""

import torch
import torch.nn.functional as F

from gan_helpers.checks import (
    check,
    is_number,
    mistakes,
    near,
    no_loop,
    same_slopes,
    two_numbers,
    wrong_if,
)
from gan_helpers.checks.lesson_05_log_sigmoid import stable, weighted
from gan_helpers.checks.wording import described

__all__ = ["discriminator_losses", "stable", "wasserstein_pair", "weighted"]


def _terms(real, fake, reduce=torch.mean):
    """{loss: (term of real, term of fake)} of exercise 1; `reduce` makes one number of a batch."""
    return {
        "cross-entropy": (reduce(F.softplus(-real)), reduce(F.softplus(fake))),
        "least squares": (reduce((real - 1).square()) / 2, reduce(fake.square()) / 2),
        "Wasserstein": (-reduce(real), reduce(fake)),
    }


def _three_losses(real, fake, reduce=torch.mean):
    return {name: sum(terms) for name, terms in _terms(real, fake, reduce).items()}


@check
def discriminator_losses(answer):
    """answer(real_scores [B], fake_scores [C]) -> dict of three losses of D."""
    real = torch.tensor([2.0, 0.7, -1.0], requires_grad=True)
    fake = torch.tensor([-2.0, 1.4], requires_grad=True)
    losses = answer(real, fake)
    right = _three_losses(real, fake)
    yield isinstance(losses, dict), f"it returns {described(losses)}", "a dict of three losses"
    yield (
        set(losses) == set(right),
        f"the dict has the keys {', '.join(map(repr, losses))}",
        "it has these three: " + ", ".join(map(repr, right)),
    )
    for name in right:
        yield from _is_a_loss(name, losses[name])
    turned = answer(fake.detach(), real.detach())
    losses = answer(real, fake)
    yield from _values_of_losses(losses, turned, real.detach(), fake.detach())
    more = torch.tensor([0.3, -1.5, 0.7, 2.5]), torch.tensor([-0.3, 0.4, 3.0, -1.2, 0.1])
    for pair in (more, more[::-1], (more[0][:1], more[1])):
        yield from same_slopes(
            lambda real, fake: [answer(real, fake)[name] for name in right],
            lambda real, fake: list(_three_losses(real, fake).values()),
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


def _is_a_loss(name, loss):
    """Lines on whether an entry of the dict is one number with a graph."""
    yield wrong_if(
        isinstance(loss, tuple),
        f"the value of {name!r} is a tuple",
        "a comma at the end of its line makes one"
        if isinstance(loss, tuple) and len(loss) == 1
        else "add the two terms: one number",
    )
    yield wrong_if(callable(loss), f"the value of {name!r} is a function", "call it")
    yield (
        isinstance(loss, torch.Tensor),
        f"the value of {name!r} is {described(loss)} and no tensor",
        "a tensor of one number: no .item() and no NumPy",
    )
    yield (
        loss.ndim == 0,
        f"the value of {name!r} has shape {list(loss.shape)}",
        "the mean over real plus the mean over fake: one number",
    )
    yield loss.requires_grad, f"{name} has lost its graph", "no .detach(): D is trained by it"


def _values_of_losses(losses, turned, real, fake):
    """Lines about what the three losses of D are; `turned` are those with the two exchanged."""
    right = _three_losses(real, fake)
    terms = _terms(real, fake)
    yield wrong_if(
        near(losses["Wasserstein"], turned["Wasserstein"]),
        "Wasserstein is the same with real and fake exchanged",
        "the mean of fake minus that of real may be negative: no abs() and no square",
    )
    yield from mistakes(
        losses["least squares"],
        *(
            (
                terms["least squares"][0] + (fake - target).square().mean() / 2,
                f"least squares has the target {target} for fakes",
                "their target is 0: ½s²",
            )
            for target in (1, -1)
        ),
    )
    for name in right:
        loss = losses[name].detach()
        rows = ((wrong[name], f"{name} {what}", hint) for wrong, what, hint in _wrong(real, fake))
        yield from mistakes(loss, *(row for row in rows if not near(row[0], right[name])))
        of_real, of_fake = terms[name]
        yield (
            near(loss, right[name]),
            f"{name} is {two_numbers(loss, right[name])}",
            f"work it out by hand, term by term: {of_real:.4g} of real and {of_fake:.4g} of fake",
        )


def _wrong(real, fake):
    """A table of (three wrong losses, what was done, hint)."""

    def times(factor, losses):
        return {name: factor * loss for name, loss in losses.items()}

    right = _three_losses(real, fake)
    sums = _three_losses(real, fake, torch.sum)
    together = times(1 / (len(real) + len(fake)), sums)
    two_means = f"two means: over {len(real)} real scores and over {len(fake)} of fakes"
    return (
        (
            _three_losses(fake, real),
            "has real and fake exchanged",
            "D wants high scores for real and low ones for fake, and every loss is minimised",
        ),
        (
            times(2, right),
            "is twice too large",
            "both squares carry a factor ½, and no loss is doubled",
        ),
        (
            times(0.5, right),
            "is half as large as it should be",
            "the mean over real plus the mean over fake: no ½ but that of the squares",
        ),
        (sums, "is a sum", "take the mean over each batch, then add the two"),
        (together, "is a mean over both batches together", two_means),
        (times(2, together), "is twice the mean over both batches together", two_means),
        (times(1 / 64, sums), "is a sum divided by 64", two_means),
        (
            _three_losses(real[:1], fake[:1]),
            "looks at the first score of each batch alone",
            "the mean over all",
        ),
        (
            _three_losses(real.mean(), fake.mean()),
            "is that of the two mean scores",
            "the loss of each score first, then the mean",
        ),
        (
            _three_losses(real.sigmoid(), fake.sigmoid()),
            "is computed from σ(score)",
            "of the scores themselves: softplus and …_with_logits take them raw, without a sigmoid",
        ),
    )


@check
def wasserstein_pair(answer):
    """answer(real_scores, fake_scores) -> (D's loss, G's loss) of Wasserstein, real high."""
    real = torch.tensor([1.0, 3.0], requires_grad=True)  # mean 2
    fake = torch.tensor([-1.4, 0.2, 2.7], requires_grad=True)  # mean 0.5
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
    d_loss, g_loss = (loss.detach() for loss in losses)
    yield wrong_if(
        near(d_loss, -0.5) and near(g_loss, -1.5),
        "the two losses are swapped",
        "first D's, then G's",
    )
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
        "mean of fake minus mean of real, of the scores themselves",
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
