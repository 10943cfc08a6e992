"""Checks of lesson 00 · The game."""

import math

import torch
from torch import nn

from gan_helpers.checks import check, is_number, is_tensor, near


@check
def last_point(answer):
    """answer(x, y, step, rounds) -> (x, y) after the rounds of f = x·y, y first, then x by the new y."""
    found = answer(1.0, 1.0, 0.5, 1)
    yield (
        isinstance(found, tuple) and len(found) == 2,
        f"it returns {type(found).__name__} and no pair",
        "return x, y: one point, not the whole path",
    )
    right = (0.25, 1.5)  # y = 1 + 0.5·1, x = 1 - 0.5·1.5
    yield (
        not near(found, (0.5, 1.5)),
        "x moves by the old y",
        "in turn: x sees the y that has just moved",
    )
    yield not near(found, (0.5, 1.25)), "x moves first", "D's y first, then x"
    yield (
        not near(found, (0.75, 0.5)),
        "y goes down",
        "y wants x·y large: plus its gradient, which is x",
    )
    yield (
        not near(found, (1.75, 1.5)),
        "x goes up",
        "x wants x·y small: minus its gradient, which is y",
    )
    yield not near(found, (-1.0, 2.0)), "the step is always 1", "multiply each gradient by step"
    yield (
        not near(found, (-0.5625, 1.625)),
        "it plays one round too many",
        "range(rounds) counts from 0",
    )
    yield (
        near(found, right),
        f"(1, 1) with step 0.5 leads to {found} and not to {right}",
        "y + step·x, then x - step·y",
    )
    start = answer(1.0, 1.0, 0.5, 0)
    yield (
        near(start, (1.0, 1.0)),
        "after no rounds at all it is not at the start",
        "range(rounds), no round more",
    )
    # The second round: y = 1.5 + 0.5·0.25 = 1.625, x = 0.25 - 0.5·1.625 = -0.5625
    second = answer(1.0, 1.0, 0.5, 2)
    yield (
        not near(second, right),
        "it plays one round, however many there are",
        "a loop over range(rounds)",
    )
    yield (
        near(second, (-0.5625, 1.625)),
        f"two rounds lead to {second} and not to (-0.5625, 1.625)",
        "in each round both move, from where the last one ended",
    )
    sixth = answer(1.0, 1.0, 1.0, 6)
    yield (
        near(sixth, (1.0, 1.0)),
        f"the sixth point with step 1 is {sixth}",
        "it must be (1, 1) again",
    )


@check
def modes_of(answer):
    """answer(points [N, 2], centres [K, 2], reach) -> the number of centres with N / 100 points within reach."""
    centres = torch.tensor([[0.0, 0.0], [4.0, 0.0], [0.0, 4.0], [4.0, 4.0], [8.0, 0.0]])
    diagonal = torch.tensor([0.8, 0.8])  # 1.13 away: within 1 on each axis and out of reach
    # 150 of 300 in the first cloud, 3 (just one in a hundred) in the second, 2 in the third; the rest between clouds.
    points = torch.cat(
        [
            centres[0] + 0.5 * torch.rand(150, 2),
            centres[1] + torch.zeros(3, 2),
            centres[2] + torch.zeros(2, 2),
            centres[3] + diagonal.expand(145, 2),
        ]
    )
    found = answer(points, centres, 1.0)
    yield (
        not isinstance(found, torch.Tensor) or found.ndim == 0,
        f"it returns a tensor of shape {list(getattr(found, 'shape', ()))}",
        "one number: sum once more, over the centres",
    )
    yield found != 155, "it counts points", "count centres: how many of them have enough points"
    far = answer(points[-145:], centres, 1.0)
    yield (
        far == 0,
        "points that are out of reach of every cloud count as in one",
        "the distance is √(a² + b²), and it must be at most the reach; the nearest cloud may be far away",
    )
    yield (
        found != 3,
        "a cloud with two stray points of 300 counts",
        "at least one in a hundred of all points",
    )
    yield (
        found != 1,
        "a cloud with just one in a hundred does not count",
        "at least: >= and not >",
    )
    wide = answer(torch.zeros(50, 2) + torch.tensor([1.5, 0.0]), centres[:1], 2.0)
    yield (
        wide == 1,
        "with reach 2 a point at distance 1.5 does not count",
        "compare distances, not their squares, with the reach that is given",
    )
    few = answer(centres.repeat(2, 1), centres, 1.0)
    yield (
        few == 5,
        f"10 points, 2 at each of 5 centres, give {few}",
        "one in a hundred of N points, whatever N is",
    )
    yield (
        found == 2,
        f"you find {found} and not 2",
        "points within reach of each centre, then centres with enough",
    )


@check
def jensen_shannon(answer):
    """answer(real_counts, fake_counts) -> the Jensen-Shannon divergence of the shares, in nats."""
    real, fake = torch.tensor([[6.0, 2.0], [1.0, 1.0]]), torch.tensor([[1.0, 1.0], [2.0, 1.0]])
    found = answer(real.clone(), fake.clone())
    yield from is_number(found, "one number: the sum over all cells")
    p, q = real / 10, fake / 5
    m = (p + q) / 2

    def kl(a, b):
        return (a * (a / b).log()).sum()

    right = (kl(p, m) + kl(q, m)) / 2
    yield (
        not near(found, kl(p, q)),
        "it is KL(p ‖ q)",
        "compare p and q with their mean m, each on its own",
    )
    yield not near(found, 2 * right), "it is twice too large", "half of each of the two sums"
    yield (
        not near(found, right / math.log(2)),
        "it is in bits",
        "the natural logarithm: torch.log, not log2",
    )
    yield not near(found, -right), "the sign is wrong", "p log(p / m), not p log(m / p)"
    yield (
        not near(found, kl(p, m) / 2),
        "the fakes' half is left out",
        "a second sum, of q log(q / m)",
    )
    n = (real + fake) / 2
    yield (
        not near(found, (kl(real, n) + kl(fake, n)) / 2),
        "the counts are not divided by their sums",
        "shares first: p = real_counts / real_counts.sum()",
    )
    unequal = (kl(p, p + q) + kl(q, p + q)) / 2
    yield not near(found, unequal), "m is p + q", "the mean: half of p + q"
    yield (
        near(found, right),
        f"you get {found:.4f} and not {right:.4f}",
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
        f"two heaps with nothing in common give {apart:.4f}",
        "it must be log 2 = 0.6931",
    )


@check
def uphill(answer):
    """answer(D, fakes [N, 2]) -> the gradient of each fake's own score, [N, 2]; D's weights get none."""
    D = nn.Sequential(nn.Linear(2, 8), nn.Tanh(), nn.Linear(8, 1), nn.Flatten(0))
    fakes = torch.randn(5, 2)
    mine = fakes.clone().requires_grad_()
    (right,) = torch.autograd.grad(D(mine).sum(), mine)
    given = fakes.clone()
    try:
        found = answer(D, given)
    except RuntimeError as error:  # torch's own words, for the two slips that everybody makes
        yield (
            "does not require grad" not in str(error),
            "torch has kept no record of the fakes",
            "fakes.detach().requires_grad_(), before D sees them",
        )
        yield (
            "scalar" not in str(error),
            "grad takes the gradient of one number, and D gives one score a fake",
            "the sum of the scores",
        )
        raise
    yield (
        not isinstance(found, tuple),
        "it returns a tuple",
        "autograd.grad returns a tuple of one: take the first",
    )
    yield is_tensor(found)
    yield (
        found.shape == fakes.shape,
        f"five fakes give {list(found.shape)}",
        "the gradient by the fakes, which has their shape",
    )
    yield (
        all(weight.grad is None for weight in D.parameters()),
        "D's weights have gradients now",
        "torch.autograd.grad in place of .backward(), which leaves gradients everywhere",
    )
    yield (
        not near(found, -right),
        "the arrows point downhill",
        "the gradient itself, without a minus",
    )
    yield (
        not near(found, right / 5),
        "the arrows are too short by the number of fakes",
        "a fake's own score: the sum, not the mean",
    )
    slope = D(fakes).sigmoid()
    slope = (slope * (1 - slope))[:, None].detach()
    yield (
        not near(found, right * slope),
        "it is the gradient of the probability",
        "of the score, without a sigmoid",
    )
    yield (
        not near(found, right / right.norm(dim=1, keepdim=True)),
        "every arrow has length 1",
        "how steep it is counts too: leave the length as it is",
    )
    yield (
        near(found, right, 1e-6),
        "the gradients are not right",
        "autograd.grad(D(fakes).sum(), fakes)",
    )
    yield (
        not found.requires_grad,
        "it still carries a graph",
        "no create_graph: arrows are only looked at",
    )
    yield (
        not given.requires_grad,
        "the fakes that were handed in are changed",
        "work on fakes.detach()",
    )
