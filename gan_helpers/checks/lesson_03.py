"""Checks of lesson 03 · Generator losses as tensors."""

import torch
import torch.nn.functional as F

from gan_helpers.checks import check, is_number, is_tensor, near


@check
def discriminator_losses(answer):
    """answer(real_scores [B], fake_scores [C]) -> dict of D's cross-entropy, least squares and Wasserstein loss."""
    real, fake = (
        torch.tensor([2.0, 0.5, -1.0], requires_grad=True),
        torch.tensor([-2.0, 1.0], requires_grad=True),
    )
    found = answer(real, fake)
    names = ("cross-entropy", "least squares", "Wasserstein")
    yield (
        isinstance(found, dict) and set(found) == set(names),
        "it returns no dict of three losses",
        "a dict with the keys " + ", ".join(f'"{name}"' for name in names),
    )
    for name in names:
        yield from is_number(found[name], "the mean over real plus the mean over fake: one number")
        yield (
            found[name].requires_grad,
            f"{name} has lost its graph",
            "no .detach(): D is trained by it",
        )
    right = {
        "cross-entropy": F.softplus(-real).mean() + F.softplus(fake).mean(),
        "least squares": ((real - 1).square().mean() + fake.square().mean()) / 2,
        "Wasserstein": fake.mean() - real.mean(),
    }
    mirrored = {
        "cross-entropy": F.softplus(real).mean() + F.softplus(-fake).mean(),
        "least squares": (real.square().mean() + (fake - 1).square().mean()) / 2,
        "Wasserstein": real.mean() - fake.mean(),
    }
    for name in names:
        yield (
            not near(found[name], mirrored[name]),
            f"{name} has real and fake exchanged",
            "D wants high scores for real and low ones for fake, and every loss is minimised",
        )
    yield (
        not near(found["least squares"], 2 * right["least squares"]),
        "least squares is twice too large",
        "both squares carry a factor ½",
    )
    for name in names:
        sums = {
            "cross-entropy": F.softplus(-real).sum() + F.softplus(fake).sum(),
            "least squares": ((real - 1).square().sum() + fake.square().sum()) / 2,
            "Wasserstein": fake.sum() - real.sum(),
        }
        yield (
            not near(found[name], sums[name]),
            f"{name} is a sum",
            "take the mean over each batch, then add the two",
        )
        yield (
            near(found[name], right[name]),
            f"{name} is {found[name].item():.3f} and not {right[name]:.3f}",
            "real scores 2, 0.5, -1 and fake scores -2, 1: work it out by hand, term by term",
        )
    far = answer(torch.tensor([-200.0]), torch.tensor([200.0]))["cross-entropy"]
    yield (
        bool(torch.isfinite(far)),
        "the cross-entropy of a real score of -200 and a fake one of 200 is not finite",
        "no log of a sigmoid: F.softplus(-s) is -log σ(s)",
    )
    yield (
        near(far, 400.0),
        f"the cross-entropy of a real score of -200 and a fake one of 200 is {far.item():.4g}",
        "it is 400: a bound or a small number inside the log hides the infinity and keeps the error",
    )


@check
def wasserstein_pair(answer):
    """answer(real_scores, fake_scores) -> (D's loss, G's loss) of Wasserstein, both to be minimised, real high."""
    real = torch.tensor([1.0, 3.0], requires_grad=True)  # mean 2
    fake = torch.tensor([-1.0, 0.0, 2.5], requires_grad=True)  # mean 0.5
    found = answer(real, fake)
    yield (
        isinstance(found, tuple) and len(found) == 2,
        "it returns no pair",
        "return d_loss, g_loss",
    )
    for part in found:
        yield from is_number(part, "both losses are single numbers: means")
        yield (
            part.requires_grad,
            "a loss has lost its graph",
            "no .detach() and no .item(): backward() must reach the nets",
        )
    critic, generator = found
    yield (
        not (near(critic, 1.5) and near(generator, 0.5)),
        "both signs are turned: a game, but one in which real is low",
        "here real is to be high: turn both",
    )
    yield (
        not near(critic, 1.5),
        "D's loss falls when real scores fall",
        "D wants real up and fake down, and its loss is minimised: fake minus real",
    )
    yield (
        near(critic, -1.5),
        f"D's loss is {critic.item():.3f}, not 0.5 - 2",
        "mean of fake minus mean of real",
    )
    yield (
        not near(generator, 0.5),
        "G's loss falls when the scores of its fakes fall",
        "G wants its fakes' scores up, and its loss is minimised: a minus sign",
    )
    yield (
        near(generator, -0.5),
        f"G's loss is {generator.item():.3f}, not -0.5",
        "minus the mean of fake, and nothing else",
    )
    of_real, of_fake = torch.autograd.grad(
        critic, (real, fake), allow_unused=True, retain_graph=True
    )
    (of_g,) = torch.autograd.grad(generator, fake, allow_unused=True)
    yield (
        all(
            g is not None and near(g, torch.full_like(g, slope))
            for g, slope in ((of_real, -1 / 2), (of_fake, 1 / 3), (of_g, -1 / 3))
        ),
        "the values are right, a gradient is not",
        "a detach() inside stops one of them",
    )


@check
def stable(answer):
    """answer(scores, any shape) -> -log σ(score) elementwise, finite, with the right slope, from -200 to 200."""
    scores = torch.tensor(
        [[-200.0, -20.0, -1.0], [0.5, 17.0, 200.0]], requires_grad=True
    )  # 0: see the solution
    found = answer(scores)
    yield is_tensor(found)
    yield (
        found.shape == scores.shape,
        f"scores [2, 3] become {list(found.shape)}",
        "no mean here: one number for each score",
    )
    yield (
        bool(torch.isfinite(found).all()),
        "at a score of -200 or 200 it is not finite",
        "σ(-200) is rounded to 0 and its log is -∞, and e^200 overflows: take the exponential of -|s| only",
    )
    right = F.softplus(-scores.detach())
    yield (
        not near(found, F.softplus(scores.detach())),
        "high scores cost more than low ones",
        "-log σ(s) is small where s is high: look at the sign",
    )
    yield (
        near(found[0, 0], 200.0, 0.1),
        f"at -200 it is {found[0, 0].item():.4g} and not 200",
        "adding a small number inside the log, or a clamp of the result, hides the infinity and keeps the error",
    )
    yield (
        near(found, right),
        "some values are wrong",
        "max(-s, 0) + log(1 + e^(-|s|)): try it at 0.5 by hand, 0.474",
    )
    yield (
        found[1, 1] > 0,
        "at 17 it is 0, and not 4e-8",
        "log(1 + x) loses a small x: log1p(x) does not",
    )
    yield found.requires_grad, "it has lost its graph", "no .detach(): the slope is what G feels"
    (slope,) = torch.autograd.grad(found.sum(), scores)
    yield (
        bool(torch.isfinite(slope).all()),
        "the slopes at -200 or 200 are not numbers",
        "torch.where computes both branches, and the unused one sends back 0 · ∞: take the exponential of -|s| only",
    )
    yield (
        near(slope, -(1 - scores.detach().sigmoid())),
        "the values are right, the slopes are not",
        "the slope is -(1 - σ(s)): no .detach(), and no value set by hand",
    )


@check
def weighted(answer):
    """answer(scores [B], weights [B]) -> Σ w·(-log σ(s)) / Σ w, a scalar."""
    scores, weights = torch.tensor([-1.0, 0.0, 2.0]), torch.tensor([1.0, 3.0, 0.0])
    each = F.softplus(-scores)
    right = (weights * each).sum() / 4
    found = answer(scores, weights)
    yield from is_number(found, "sum up, then divide: one number")
    yield (
        not near(found, each.mean()),
        "the weights change nothing",
        'reduction="none" first: multiply before you reduce',
    )
    yield (
        not near(found, (weights * each).sum()),
        "it is the sum",
        "divide by the sum of the weights",
    )
    yield (
        not near(found, (weights * each).mean()),
        "it is divided by the number of scores",
        "a weight of 0 must be as if the score were not there: divide by the sum of the weights",
    )
    yield (
        near(found, right),
        f"you get {float(found):.3f} and not {right:.3f}",
        "(1 · 1.313 + 3 · 0.693 + 0 · 0.127) / 4",
    )
    column = answer(scores[:, None], weights[:, None])
    yield (
        near(column, right),
        "scores and weights of shape [3, 1] go wrong",
        "nothing in the formula depends on the shape",
    )
    yield (
        near(answer(scores, 10 * weights), right),
        "weights ten times as large give another loss",
        "divide by the sum of the weights",
    )
