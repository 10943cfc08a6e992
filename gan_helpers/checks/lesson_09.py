"""Checks of lesson 09 · Wasserstein GAN; those of exercises 3 to 5 are in lesson_09_slope."""

import torch

from gan_helpers.checks import check, is_number, mistakes, near
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
    by_real, by_fake = torch.autograd.grad(critic_loss, (real, fake), allow_unused=True)
    slopes = ((by_real, torch.full((2,), -1 / 2)), (by_fake, torch.full((3,), 1 / 3)))
    yield (
        all(slope is not None and near(slope, right) for slope, right in slopes),
        "the critic's loss has the right value and the wrong gradient",
        "both means must keep their graph",
    )


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
        f"the critic's loss is {critic_loss:.3f} and not {-estimate:.3f}",
        "mean of fake minus mean of real",
    )
    yield (
        near(generator_loss, -mean_fake),
        f"G's loss is {generator_loss:.3f} and not {-mean_fake:.3f}",
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
        f"heaps at 0 and 3 with holes at 1 and 2 give {answer(heaps, holes):.3f} and not 1",
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
    (slope,) = torch.autograd.grad(distance, a)
    yield (
        near(slope, torch.tensor([-1.0, 1.0, -1.0]) / 3),
        "its gradient is wrong",
        "each heap's own way: sort, abs, mean",
    )


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
        f"you get {distance:.3f} and not {8.5 / 3:.3f}",
        "the mean of 1, 3.5 and 4",
    )
