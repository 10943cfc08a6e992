"""Checks of lesson 09 · Wasserstein GAN; those of exercises 3 to 5 are in lesson_09_slope."""

import torch

from gan_helpers.checks import check, is_number, mistakes, near, same_slopes, two_numbers
from gan_helpers.checks.lesson_09_slope import clip_critic, interpolate, penalty_from

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
    losses = answer(real, fake)
    yield (
        isinstance(losses, tuple | list) and len(losses) == 2,
        "it does not return two losses",
        "the critic's first, then the generator's",
    )
    critic_loss, generator_loss = losses
    yield from is_number(critic_loss)
    yield from is_number(generator_loss)
    yield from _values_of_both_losses(critic_loss, generator_loss)
    yield (
        critic_loss.requires_grad and generator_loss.requires_grad,
        "it has lost its graph",
        "no .detach() and no .item()",
    )
    for scores in ((real, fake), (fake, real), (-fake[:1], real)):
        yield from same_slopes(answer, _critic_and_generator_loss, *scores)


def _critic_and_generator_loss(real_scores, fake_scores):
    return fake_scores.mean() - real_scores.mean(), -fake_scores.mean()


def _values_of_both_losses(critic_loss, generator_loss):
    """Lines about the losses of real scores 3, 5 and fake scores 1, 0, 2.5."""
    mean_real = 4.0
    mean_fake = 3.5 / 3
    estimate = mean_real - mean_fake
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
            "G makes the scores of its fakes small",
            "G wants high marks: minus their mean",
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
        "mean of fake minus mean of real",
    )
    yield (
        near(generator_loss, -mean_fake),
        f"G's loss is {two_numbers(generator_loss, -mean_fake)}",
        "minus the mean of the fake scores",
    )


@check
def earth_movers_distance(answer):
    """answer(a [N], b [N]) -> mean distance of the sorted numbers."""
    a = torch.tensor([2.0, 1.0, 6.0], requires_grad=True)
    b = torch.tensor([0.0, 10.0, 5.5])
    distance = answer(a, b)
    yield from is_number(distance, "one number: the mean over the heaps")
    yield from _ways_from_heaps_to_holes(distance, a, b)
    heaps = torch.tensor([0.0, 3.0])
    holes = torch.tensor([1.0, 2.0])  # one to the right, one to the left
    yield (
        near(answer(heaps, holes), 1.0),
        f"heaps at 0 and 3 with holes at 1 and 2 give {two_numbers(answer(heaps, holes), 1)}",
        "a way to the left costs as much as one to the right: abs before the mean",
    )
    yield (
        near(answer(b.clone(), a.detach()), 8.5 / 3),
        "it changes when heaps and holes change places",
        "a distance is the same in both directions: abs",
    )
    yield (
        distance.requires_grad,
        "it has lost its graph",
        "no .detach(), no .tolist(): tensors from end to end",
    )
    tied = torch.tensor([1.0, 2.0, 3.0], requires_grad=True)
    (slope,) = torch.autograd.grad(answer(tied, torch.tensor([2.0, 1.0, 7.0])), tied)
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
    squared = (a_sorted - b_sorted).square().mean()
    one_sorted = ("only one of the two is sorted", "both have to be in order")
    squares = ("the ways are squared", "the cost is the distance itself: abs")
    yield from mistakes(
        distance,
        (
            (a - b).abs().mean(),
            "it is the cost of the assignment as the numbers come",
            "sort both first",
        ),
        ((a_sorted - b).abs().mean(), *one_sorted),
        ((a - b_sorted).abs().mean(), *one_sorted),
        (
            (a_sorted - b.sort(descending=True).values).abs().mean(),
            "one is sorted upwards and the other downwards",
            "smallest to smallest",
        ),
        (8.5, "it is the whole way of all heaps", "the mean, not the sum"),
        (squared, *squares),
        (squared.sqrt(), *squares),
        (
            torch.cdist(a.unsqueeze(1), b.unsqueeze(1)).min(1).values.mean(),
            "each heap goes to the nearest hole, and two share one",
            "each hole takes one heap: sort both",
        ),
    )
    yield from mistakes(
        distance.abs(),
        (
            (a - b).mean().abs(),
            "ways to the left and to the right cancel",
            "each way costs its length: abs before the mean",
        ),
    )
    yield (
        near(distance, 8.5 / 3),
        f"you get {two_numbers(distance, 8.5 / 3)}",
        "the mean of 1, 3.5 and 4",
    )
