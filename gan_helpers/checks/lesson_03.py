"""Checks of lesson 03 · Generator losses as tensors."""

import math

import torch
import torch.nn.functional as F

from gan_helpers.checks import check, is_tensor


def _near(a, b, tolerance=1e-4):
    return abs(float(torch.as_tensor(a).detach()) - float(b)) < tolerance


@check
def discriminator_losses(answer):
    """answer(real_scores [B], fake_scores [C]) -> dict of D's cross-entropy, least squares and Wasserstein loss."""
    real, fake = torch.tensor([2.0, 0.5, -1.0]), torch.tensor([-2.0, 1.0])
    found = answer(real, fake)
    names = ("cross-entropy", "least squares", "Wasserstein")
    yield (isinstance(found, dict) and set(found) == set(names), "it returns no dict of three losses",
           "a dict with the keys " + ", ".join(f'"{name}"' for name in names))
    for name in names:
        yield is_tensor(found[name])
        yield (found[name].ndim == 0, f"{name} has shape {list(found[name].shape)}",
               "the mean over real plus the mean over fake: one number")
    right = {"cross-entropy": F.softplus(-real).mean() + F.softplus(fake).mean(),
             "least squares": ((real - 1).square().mean() + fake.square().mean()) / 2,
             "Wasserstein": fake.mean() - real.mean()}
    mirrored = {"cross-entropy": F.softplus(real).mean() + F.softplus(-fake).mean(),
                "least squares": (real.square().mean() + (fake - 1).square().mean()) / 2,
                "Wasserstein": real.mean() - fake.mean()}
    for name in names:
        yield (not _near(found[name], mirrored[name]), f"{name} has real and fake exchanged",
               "D wants high scores for real and low ones for fake, and every loss is minimised")
    yield (not _near(found["least squares"], 2 * right["least squares"]), "least squares is twice too large",
           "both squares carry a factor ½")
    for name in names:
        sums = {"cross-entropy": F.softplus(-real).sum() + F.softplus(fake).sum(),
                "least squares": ((real - 1).square().sum() + fake.square().sum()) / 2,
                "Wasserstein": fake.sum() - real.sum()}
        yield not _near(found[name], sums[name]), f"{name} is a sum", "take the mean over each batch, then add the two"
        yield (_near(found[name], right[name]), f"{name} is {float(found[name]):.3f} and not {right[name]:.3f}",
               "real scores 2, 0.5, -1 and fake scores -2, 1: work it out by hand, term by term")
    far = answer(torch.tensor([-200.0]), fake)["cross-entropy"]
    yield (bool(torch.isfinite(far)), "the cross-entropy of a real score of -200 is not finite",
           "no log of a sigmoid: F.softplus(-s) is -log σ(s)")


@check
def stable(answer):
    """answer(scores, any shape) -> -log σ(score) elementwise, finite, with the right slope, from -200 to 200."""
    scores = torch.tensor([[-200.0, -20.0, -1.0], [0.5, 17.0, 200.0]], requires_grad=True)
    found = answer(scores)
    yield is_tensor(found)
    yield (found.shape == scores.shape, f"scores [2, 3] become {list(found.shape)}",
           "no mean here: one number for each score")
    yield (bool(torch.isfinite(found).all()), "at a score of -200 or 200 it is not finite",
           "σ(-200) is rounded to 0 and its log is -∞, and e^200 overflows: take the exponential of -|s| only")
    right = F.softplus(-scores.detach())
    yield (not torch.allclose(found, F.softplus(scores.detach()), atol=1e-3), "high scores cost more than low ones",
           "-log σ(s) is small where s is high: look at the sign")
    yield (_near(found[0, 0], 200, 0.1), f"at -200 it is {found[0, 0].item():.4g} and not 200",
           "adding a small number inside the log, or a clamp of the result, hides the infinity and keeps the error")
    yield (torch.allclose(found, right, rtol=1e-3, atol=1e-4), "some values are wrong",
           "max(-s, 0) + log(1 + e^(-|s|)): try it at 0.5 by hand, 0.474")
    yield (found[1, 1] > 0, "at 17 it is 0, and not 4e-8", "log(1 + x) loses a small x: log1p(x) does not")
    yield found.requires_grad, "it has lost its graph", "no .detach(): the slope is what G feels"
    slope, = torch.autograd.grad(found.sum(), scores)
    yield (torch.allclose(slope, -(1 - scores.detach().sigmoid()), atol=1e-4),
           "the values are right, the slopes are not",
           "the slope is -(1 - σ(s)): no .detach(), and no value set by hand")


@check
def wasserstein_pair(answer):
    """answer(real_scores, fake_scores) -> (D's loss, G's loss) of Wasserstein, both to be minimised, real high."""
    real = torch.tensor([1.0, 3.0], requires_grad=True)  # mean 2
    fake = torch.tensor([-1.0, 0.0, 2.5], requires_grad=True)  # mean 0.5
    found = answer(real, fake)
    yield isinstance(found, tuple) and len(found) == 2, "it returns no pair", "return d_loss, g_loss"
    for part in found:
        yield is_tensor(part)
        yield part.ndim == 0, f"a loss has shape {list(part.shape)}", "both losses are single numbers: means"
        yield (part.requires_grad, "a loss has lost its graph",
               "no .detach() and no .item(): backward() must reach the nets")
    critic, generator = found
    yield (not (_near(critic, 1.5) and _near(generator, 0.5)),
           "both signs are turned: a game, but one in which real is low", "here real is to be high: turn both")
    yield (not _near(critic, 1.5), "D's loss falls when real scores fall",
           "D wants real up and fake down, and its loss is minimised: fake minus real")
    yield _near(critic, -1.5), f"D's loss is {critic.item():.3f}, not 0.5 - 2", "mean of fake minus mean of real"
    yield (not _near(generator, 0.5), "G's loss falls when the scores of its fakes fall",
           "G wants its fakes' scores up, and its loss is minimised: a minus sign")
    yield (_near(generator, -0.5), f"G's loss is {generator.item():.3f}, not -0.5",
           "minus the mean of fake, and nothing else")
    of_real, of_fake = torch.autograd.grad(critic, (real, fake), allow_unused=True, retain_graph=True)
    of_g, = torch.autograd.grad(generator, fake, allow_unused=True)
    yield (all(g is not None and torch.allclose(g, torch.full_like(g, slope))
               for g, slope in ((of_real, -1 / 2), (of_fake, 1 / 3), (of_g, -1 / 3))),
           "the values are right, a gradient is not", "a detach() inside stops one of them")


@check
def weighted(answer):
    """answer(scores [B], weights [B]) -> Σ w·(-log σ(s)) / Σ w, a scalar."""
    scores, weights = torch.tensor([-1.0, 0.0, 2.0]), torch.tensor([1.0, 3.0, 0.0])
    each = F.softplus(-scores)
    right = (weights * each).sum() / 4
    found = answer(scores, weights)
    yield is_tensor(found)
    yield found.ndim == 0, f"it returns shape {list(found.shape)}", "sum up, then divide: one number"
    yield (not _near(found, each.mean()), "the weights change nothing",
           'reduction="none" first: multiply before you reduce')
    yield not _near(found, (weights * each).sum()), "it is the sum", "divide by the sum of the weights"
    yield (not _near(found, (weights * each).mean()), "it is divided by the number of scores",
           "a weight of 0 must be as if the score were not there: divide by the sum of the weights")
    yield (_near(found, right), f"you get {float(found):.3f} and not {right:.3f}",
           "(1 · 1.313 + 3 · 0.693 + 0 · 0.127) / 4")
    column = answer(scores[:, None], weights[:, None])
    yield (column.ndim == 0 and _near(column, right), "scores and weights of shape [3, 1] go wrong",
           "nothing in the formula depends on the shape")
    yield (math.isclose(float(answer(scores, 10 * weights)), float(right), rel_tol=1e-4),
           "weights ten times as large give another loss", "divide by the sum of the weights")
