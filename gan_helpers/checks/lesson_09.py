"""Checks of lesson 09 · Wasserstein GAN; exercises 3, 4 are in lesson_09_slope, 5 in _clip."""

import torch

from gan_helpers.checks import (
    check,
    is_number,
    mistakes,
    near,
    same_slopes,
    two_numbers,
    wrong_if,
)
from gan_helpers.checks.lesson_09_clip import clip_critic
from gan_helpers.checks.lesson_09_slope import interpolate, penalty_from
from gan_helpers.checks.terms import listed, reached

__all__ = [
    "clip_critic",
    "critic_and_generator_loss",
    "earth_movers_distance",
    "interpolate",
    "penalty_from",
]


@check
def critic_and_generator_loss(answer):
    """answer(real_scores [B], fake_scores [C]) -> mean fake - mean real, and -mean fake."""
    real = torch.tensor([3.0, 5.0], requires_grad=True)
    fake = torch.tensor([1.0, 0.0, 2.5], requires_grad=True)
    exchanged = answer(fake, real)
    yield from _are_two_losses(exchanged)
    losses = answer(real, fake)
    yield from _are_two_losses(losses)
    yield from _values_of_both_losses(*losses, exchanged[0])
    for name, loss in zip(("the critic's loss", "G's loss"), losses, strict=True):
        yield (
            loss.requires_grad,
            f"{name} has lost its graph",
            "no .detach(), no .item() and no torch.no_grad(): a net is trained by it",
        )
    for scores in ((real, fake), (fake, real), (-fake[:1], real)):
        yield from same_slopes(answer, _critic_and_generator_loss, *scores)


def _critic_and_generator_loss(real_scores, fake_scores):
    return fake_scores.mean() - real_scores.mean(), -fake_scores.mean()


def _are_two_losses(losses):
    """Lines on whether two numbers came back."""
    yield (
        isinstance(losses, tuple | list) and len(losses) == 2,
        "it does not return two losses",
        "the critic's first, then the generator's",
    )
    for loss in losses:
        yield from is_number(loss)


def _values_of_both_losses(critic_loss, generator_loss, exchanged):
    """Lines about the losses of real scores 3, 5 and fake scores 1, 0, 2.5.

    `exchanged`: the critic's loss where these are the fake scores and those the real ones.
    """
    mean_real = 4.0
    mean_fake = 3.5 / 3
    estimate = mean_real - mean_fake
    yield wrong_if(
        near(critic_loss, -mean_fake) and near(generator_loss, -estimate),
        "the two losses stand in the wrong order",
        "the critic's first, then the generator's",
    )
    yield wrong_if(
        near(critic_loss.abs(), estimate) and near(critic_loss, exchanged),
        "the critic's loss stays the same where real and fake scores change places",
        "no abs(): mean of fake minus mean of real is below 0 for one order, above for the other",
    )
    alike = (
        "the critic treats real and fake alike",
        "one of the two means has to go up and the other down",
    )
    yield from mistakes(
        critic_loss,
        (
            estimate,
            "the critic's loss is its estimate, which it should make large",
            "a loss is minimised: turn it round",
        ),
    )
    yield from mistakes(
        generator_loss,
        (
            mean_fake,
            "G's loss is the mean of its fakes' scores, and G makes a loss small",
            "G wants high marks: minus the mean; and a later neg_() would turn it round again",
        ),
        (
            estimate,
            "G's loss has the real scores in it",
            "G cannot change them; only the fakes count",
        ),
    )
    yield from mistakes(
        critic_loss,
        (mean_fake + mean_real, *alike),
        (-mean_fake - mean_real, *alike),
        (
            3.5 - 8.0,
            "it adds up the scores of the critic",
            "the mean, so that batches of any size agree",
        ),
    )
    yield (
        near(critic_loss, -estimate),
        f"the critic's loss is {two_numbers(critic_loss, -estimate)}",
        "mean of fake (3.5 / 3) minus mean of real (8 / 2), of the scores as they are",
    )
    yield (
        near(generator_loss, -mean_fake),
        f"G's loss is {two_numbers(generator_loss, -mean_fake)}",
        "minus the mean of the fake scores: −3.5 / 3",
    )


@check
def earth_movers_distance(answer):
    """answer(a [N], b [N]) -> mean distance of the sorted numbers."""
    a = torch.tensor([4.0, 15.0, 10.0, 6.0, 9.0])
    b = torch.tensor([7.0, 14.0, -9.0, 13.0, -6.0])
    distance = answer(a.clone().requires_grad_(), b.clone().requires_grad_())
    yield from is_number(distance, "one number: the mean over the heaps")
    yield from _ways_from_heaps_to_holes(distance, a, b)
    yield (
        distance.requires_grad,
        "it has lost its graph",
        "no .detach(), no .tolist(), no torch.no_grad(): tensors from end to end",
    )
    twice = torch.tensor([1.0, 1.0, 5.0])
    holes = torch.tensor([9.0, 2.0, 2.0])
    distance = answer(twice, holes)
    yield from is_number(distance, "one number: the mean over the heaps")
    yield (
        near(distance, 2.0),
        f"two heaps lie at 1, two holes at 2: it is {two_numbers(distance, 2)}",
        "each of them counts, the mean of 1, 1 and 4: no unique(), no set()",
    )
    yield from reached(answer, (a, b), ("`a`", "`b`"))
    tied = torch.tensor([1.0, 2.0, 3.0], requires_grad=True)
    (slope,) = torch.autograd.grad(
        answer(tied, torch.tensor([2.0, 1.0, 7.0])), tied, materialize_grads=True, allow_unused=True
    )
    yield (
        bool(slope.isfinite().all()),
        "where a heap lies at its hole the gradient is not finite",
        "abs, and no root of a square, which is infinitely steep at 0",
    )
    for count in (1, 2, 9):
        yield from same_slopes(answer, _distance, torch.randn(count) * 3 - 1, torch.randn(count))


def _distance(a, b):
    return (a.sort().values - b.sort().values).abs().mean()


def _ways_from_heaps_to_holes(distance, a, b):
    """Lines about which way each heap of a goes to a hole of b, and what the ways cost."""
    a_sorted = a.sort().values
    b_sorted = b.sort().values
    ways = (a_sorted - b_sorted).abs()
    squared = ways.square().mean()
    one_sorted = ("only one of the two is sorted", "both have to be in order")
    squares = ("the ways are squared", "the cost is the distance itself: abs")
    yield from mistakes(
        distance,
        (
            (a - b).abs().mean(),
            "it is the cost of the assignment as the numbers come",
            "sort both first, each by itself",
        ),
        ((a_sorted - b).abs().mean(), *one_sorted),
        ((a - b_sorted).abs().mean(), *one_sorted),
        (
            (a_sorted - b.sort(descending=True).values).abs().mean(),
            "one is sorted upwards and the other downwards",
            "smallest to smallest",
        ),
        (ways.sum(), "it is the whole way of all heaps", "the mean, not the sum"),
        (
            ways.sum() / 3,
            "the whole way is divided by 3, and here are five heaps",
            "divide by the number of heaps: .mean()",
        ),
        (squared, *squares),
        (squared.sqrt(), *squares),
        (
            torch.cdist(a.unsqueeze(1), b.unsqueeze(1)).min(1).values.mean(),
            "each heap goes to the nearest hole, and some share one",
            "each hole takes one heap: sort both",
        ),
        (
            7.4,
            "each heap in turn takes the nearest hole that is free",
            "that is not the cheapest way for all: sort both, smallest to smallest",
        ),
        (
            (a.argsort() - b.argsort()).abs().float().mean(),
            "it is made of places in the lists (indices), and not of numbers",
            "argsort() and .sort().indices say where a number stands: .sort().values",
        ),
        (
            (a[a.argsort().argsort()] - b[b.argsort().argsort()]).abs().mean(),
            "the lists are put in the order of their ranks, which does not sort them",
            "a[a.argsort()] is sorted; a second argsort() gives ranks",
        ),
        (
            (a.abs().sort().values - b.abs().sort().values).abs().mean(),
            "the signs of the numbers are lost",
            "sort the numbers as they are; abs comes after the difference",
        ),
        (ways.median(), "it is the median of the ways", "the mean of the ways"),
    )
    yield from mistakes(
        distance.abs(),
        (
            (a_sorted - b_sorted).mean().abs(),
            "ways to the left and to the right cancel",
            "each way costs its length: abs before the mean",
        ),
    )
    yield (
        near(distance, ways.mean()),
        f"it is {two_numbers(distance, ways.mean())}",
        f"in order the heaps are {listed(a_sorted)}, the holes {listed(b_sorted)}, "
        f"and the ways {listed(ways)}, whose mean is wanted",
    )
