"""Checks of lesson 00 · The game."""

import math
import operator

import torch
from torch import nn

from gan_helpers.checks import (
    check,
    is_number,
    is_tensor,
    mistakes,
    near,
    two_numbers,
    wrong_if,
)
from gan_helpers.checks.wording import described


@check
def last_point(answer):
    """answer(x, y, step, rounds) -> (x, y) after the rounds of f = x·y; in each, y moves first."""
    point = answer(1.0, 1.0, 0.5, 1)
    yield (
        _is_pair(point),
        f"it returns {described(point)} and no pair of numbers",
        "return x, y: one point, not the whole path",
    )
    after_one = (0.25, 1.5)  # y = 1 + 0.5·1, x = 1 - 0.5·1.5
    after_two = (-0.5625, 1.625)  # y = 1.5 + 0.5·0.25, x = 0.25 - 0.5·1.625
    yield from mistakes(
        point,
        ((0.5, 1.5), "x moves by the old y", "in turn: x sees the y that has just moved"),
        ((0.5, 1.25), "x moves first", "D's y first, then x"),
        ((0.75, 0.5), "y goes down", "y wants x·y large: plus its gradient, which is x"),
        ((1.75, 1.5), "x goes up", "x wants x·y small: minus its gradient, which is y"),
        ((-1.0, 2.0), "the step is always 1", "multiply each gradient by step"),
        (after_two, "it plays one round too many", "range(rounds) counts from 0"),
    )
    yield (
        near(point, after_one),
        f"(1, 1) with step 0.5 leads to {described(point)} and not to {after_one}",
        "y + step·x, then x - step·y",
    )
    start = answer(1.0, 1.0, 0.5, 0)
    yield (
        near(start, (1.0, 1.0)),
        "after no rounds at all it is not at the start",
        "range(rounds), no round more",
    )
    second = answer(1.0, 1.0, 0.5, 2)
    yield from mistakes(
        second,
        (after_one, "it plays one round, however many there are", "a loop over range(rounds)"),
    )
    yield (
        near(second, after_two),
        f"two rounds lead to {second} and not to {after_two}",
        "in each round both move, from where the last one ended",
    )
    sixth = answer(1.0, 1.0, 1.0, 6)
    yield (
        near(sixth, (1.0, 1.0)),
        f"the sixth point with step 1 is {described(sixth)}",
        "it must be (1, 1) again",
    )
    uneven = answer(-2.0, 0.7, 0.3, 3)  # 0.7 - 0.6 = 0.1, then -2 - 0.03 = -2.03, …
    yield (
        near(uneven, (-1.555643, -1.07219), 1e-6),
        f"three rounds from (-2, 0.7) with step 0.3 lead to {described(uneven)}",
        "they lead to (-1.555643, -1.07219): y is 0.1, -0.509 and -1.07219, and nothing is rounded",
    )
    far = answer(-2.0, 0.7, 0.3, 5000)
    yield (
        near(far, _after(-2.0, 0.7, 0.3, 5000), 1e-4),
        f"5,000 rounds from (-2, 0.7) with step 0.3 lead to {described(far)}",
        "every round is played, and no short cut is taken",
    )


def _after(x, y, step, rounds):
    for _ in range(rounds):
        y += step * x
        x -= step * y
    return x, y


def _is_pair(point):
    """Whether it is two numbers: a tuple, a list, an array or a tensor."""
    try:
        return len(point) == 2 and torch.as_tensor(point).shape == (2,)
    except (TypeError, ValueError, RuntimeError):
        return False


def _points_of_modes(centres):
    """300 points [300, 2]: 150 in cloud 0, 3 in cloud 1, 2 in cloud 2, 145 between the clouds."""
    diagonal = torch.tensor([0.8, 0.8])  # 1.13 away: within 1 on each axis and out of reach
    return torch.cat(
        [
            centres[0] + 0.5 * torch.rand(150, 2),
            centres[1] + torch.tensor([0.6, 0.6]).expand(3, 2),  # just one in a hundred
            centres[2] + torch.zeros(2, 2),
            centres[3] + diagonal.expand(145, 2),
        ]
    )


@check
def modes_of(answer):
    """answer(points [N, 2], centres [K, 2], reach) -> how many centres have N / 100 in reach."""
    centres = torch.tensor([[0.0, 0.0], [4.0, 0.0], [0.0, 4.0], [4.0, 4.0], [8.0, 0.0]])
    points = _points_of_modes(centres)
    count = answer(points, centres, 1.0)
    yield wrong_if(
        isinstance(count, torch.Tensor) and count.ndim > 0,
        f"it returns a tensor of shape {list(getattr(count, 'shape', ()))}",
        "one number: sum once more, over the centres",
    )
    yield wrong_if(
        count == 155, "it counts points", "count centres: how many of them have enough points"
    )
    count_of_far = answer(points[-145:], centres, 1.0)
    yield (
        count_of_far == 0,
        "points that are out of reach of every cloud count as in one",
        "the distance is √(a² + b²), and it must be at most the reach; "
        "the nearest cloud may be far away",
    )
    yield from mistakes(
        count,
        (
            3,
            "a cloud with two stray points of 300 counts",
            "at least one in a hundred of all points",
        ),
        (1, "a cloud with just one in a hundred does not count", "at least: >= and not >"),
        comparison=operator.eq,
    )
    wide_cloud = torch.zeros(50, 2) + torch.tensor([1.5, 0.0])
    yield (
        answer(wide_cloud, centres[:1], 2.0) == 1,
        "with reach 2 a point at distance 1.5 does not count",
        "compare distances, not their squares, with the reach that is given",
    )
    count_of_few = answer(centres.repeat(2, 1), centres, 1.0)
    yield (
        count_of_few == 5,
        f"10 points, 2 at each of 5 centres, give {count_of_few}",
        "one in a hundred of N points, whatever N is",
    )
    for stray, total, right in (
        (2, 250, 1),
        (1, 149, 1),
        (3, 250, 2),
        (1, 60, 2),
        (200, 20_100, 1),
    ):
        cloud = centres[:1].expand(total - stray, 2)
        few = torch.cat([centres[1:2].expand(stray, 2), cloud])
        yield (
            answer(few, centres.flip(0), 1.0) == right,
            f"a cloud with {stray} of {total} points is judged wrongly",
            "at least N / 100 points, which is no whole number here: do not round it",
        )
    yield (
        count == 2,
        f"you find {count} and not 2",
        "points within reach of each centre, then centres with enough",
    )


def _kl(p, q):
    return (p * (p / q).log()).sum()


def _js(p, q):
    m = (p + q) / 2
    return (_kl(p, m) + _kl(q, m)) / 2


@check
def jensen_shannon(answer):
    """answer(real_counts, fake_counts) -> the Jensen-Shannon divergence of the shares, in nats."""
    real = torch.tensor([[6.0, 2.0], [1.0, 1.0]])
    fake = torch.tensor([[1.0, 1.0], [2.0, 1.0]])
    divergence = answer(real.clone(), fake.clone())
    yield from is_number(divergence, "one number: the sum over all cells")
    p = real / 10
    q = fake / 5
    m = (p + q) / 2
    right = _js(p, q)
    yield from mistakes(
        divergence,
        (_kl(p, q), "it is KL(p ‖ q)", "compare p and q with their mean m, each on its own"),
        (2 * right, "it is twice too large", "half of each of the two sums"),
        (right / math.log(2), "it is in bits", "the natural logarithm: torch.log, not log2"),
        (-right, "the sign is wrong", "p log(p / m), not p log(m / p)"),
        (_kl(p, m) / 2, "the fakes' half is left out", "a second sum, of q log(q / m)"),
        (
            _js(real, fake),
            "the counts are not divided by their sums",
            "shares first: p = real_counts / real_counts.sum()",
        ),
        ((_kl(p, p + q) + _kl(q, p + q)) / 2, "m is p + q", "the mean: half of p + q"),
    )
    yield (
        near(divergence, right),
        f"you get {two_numbers(divergence, right)}",
        "go through the formula term by term",
    )
    apart = answer(torch.tensor([4.0, 0.0, 0.0]), torch.tensor([0.0, 1.0, 0.0]))
    yield (
        bool(torch.isfinite(apart)),
        "with an empty cell it is no number",
        "torch.xlogy(p, p) - torch.xlogy(p, m)",
    )
    yield (
        near(apart, math.log(2)),
        f"two heaps with nothing in common give {two_numbers(apart, math.log(2))}",
        "it must be log 2, and nothing is added to a share or to a logarithm",
    )
    long = answer(torch.arange(1, 8), torch.tensor([5, 0, 0, 1, 2, 0, 90]))
    right = _js_of_counts(torch.arange(1, 8), torch.tensor([5, 0, 0, 1, 2, 0, 90]))
    yield (
        near(long, right, 1e-6),
        f"seven cells give {two_numbers(long, right)}",
        "counts of any shape, whole numbers too",
    )
    alike = answer(torch.tensor([3.0, 0.0, 9.0]), torch.tensor([1.0, 0.0, 3.0]))
    yield near(alike, 0.0, 1e-6), "equal shares are not at 0", "the counts' sums may differ"


def _js_of_counts(real, fake):
    p = real / real.sum()
    q = fake / fake.sum()
    m = (p + q) / 2
    terms = torch.xlogy(p, p) + torch.xlogy(q, q) - 2 * torch.xlogy(m, m)
    return terms.sum() / 2


@check
def uphill(answer):
    """answer(D, fakes [N, 2]) -> the gradient of each fake's own score [N, 2], D's weights none."""
    D = nn.Sequential(nn.Linear(2, 8), nn.Tanh(), nn.Linear(8, 1), nn.Flatten(0))
    fakes = torch.randn(5, 2)
    tracked = fakes.clone().requires_grad_()
    (right,) = torch.autograd.grad(D(tracked).sum(), tracked)
    gradients = answer(D, fakes)
    yield wrong_if(
        isinstance(gradients, tuple),
        "it returns a tuple",
        "autograd.grad returns a tuple of one: take the first",
    )
    yield is_tensor(gradients)
    yield (
        gradients.shape == fakes.shape,
        f"five fakes give {list(gradients.shape)}",
        "the gradient by the fakes, which has their shape",
    )
    probability = D(fakes).sigmoid()
    slope = (probability * (1 - probability))[:, None].detach()
    unit_length = right / right.norm(dim=1, keepdim=True)
    yield from mistakes(
        gradients,
        (-right, "the arrows point downhill", "the gradient itself, without a minus"),
        (
            right / 5,
            "the arrows are too short by the number of fakes",
            "a fake's own score: the sum, not the mean",
        ),
        (right * slope, "it is the gradient of the probability", "of the score, without a sigmoid"),
        (
            unit_length,
            "every arrow has length 1",
            "how steep it is counts too: leave the length as it is",
        ),
    )
    yield (
        near(gradients, right, 1e-6),
        "the gradients are not right",
        "autograd.grad(D(fakes).sum(), fakes)",
    )
    other_D = nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 1), nn.Flatten(0))
    one = torch.tensor([[3.0, -1.5]])
    (right,) = torch.autograd.grad(other_D(one.requires_grad_()).sum(), one)
    yield (
        near(answer(other_D, one.detach()), right, 1e-6),
        "with another D and one fake alone it is wrong",
        "D and the fakes are the arguments, however many",
    )
