"""Checks of lesson 03 · How good are the fakes?"""

import math

import torch

from gan_helpers.checks import check, is_number, mistakes, near, two_numbers, wrong_if


@check
def coverage(answer):
    """answer(real, fake, k): the share of real points with a fake within their k-th neighbour."""
    # On a line, so that distances are plain to see. The balls of k = 2 reach 3, 2, 3, 6 and 16 far.
    real = torch.tensor([[0.0], [1.0], [3.0], [7.0], [19.0]])
    fake = torch.tensor([[500.0], [501.0], [502.0], [36.0], [37.0], [3.5], [3.6], [3.7]])
    right = coverage_of(real, fake, 2)
    result = answer(real.clone(), fake.clone(), 2)
    yield is_single_number(result, "the mean over the real points")
    yield from mistakes(
        result,
        (
            coverage_of(real, fake, 1),
            "the balls are too small",
            "the nearest point of all is the point itself: the k-th *other* one is wanted",
        ),
        (
            coverage_of(real, fake, 3),
            "the balls are too large",
            "they reach to the k-th other point, and no farther",
        ),
        (
            coverage_of(fake, real, 2),
            "real and fake are exchanged",
            "the balls lie around real points, and the share is one of real points",
        ),
        (
            precision_of(real, fake, 2),
            "it counts fakes",
            "of how many *real* points does the ball hold a fake? this is precision",
        ),
        (
            density_of(real, fake, 2),
            "it counts a ball once for each fake in it",
            "a ball is covered or not: one fake is enough",
        ),
        (
            right * len(real),
            "it is a number of points, and no share",
            "divide by how many there are",
        ),
    )
    yield (
        near(result, right),
        f"it is {two_numbers(result, right)}",
        ("compare each real point's distance to its k-th other one with that to its nearest fake"),
    )
    torch.manual_seed(1)
    real, fake = torch.randn(40, 3), torch.randn(25, 3) * 0.7
    yield wrong_if(
        not near(answer(real, fake, 5), coverage_of(real, fake, 5)),
        "it is wrong for other points, in three dimensions and with k = 5",
        "is the distance that of all coordinates, and k the argument",
    )
    touching = torch.tensor([[0.0], [2.0], [6.0]])
    yield wrong_if(
        near(answer(touching, torch.tensor([[-2.0]]), 1), 0.0),
        "a fake on the surface of a ball is left out",
        "<= and not <",
    )
    yield (
        near(answer(touching, torch.tensor([[-2.01]]), 1), 0.0),
        "a fake just outside a ball counts",
        "the ball reaches to the k-th other point, without a margin",
    )
    far = torch.tensor([[10_000.0], [10_001.0], [10_003.0]])
    yield (
        near(answer(far, torch.tensor([[9_999.5]]), 1), 1 / 3),
        "far from 0 it is wrong",
        "(x - y)² and not x² - 2xy + y², which rounding takes away: torch.cdist",
    )
    wide = torch.tensor([[0.0], [1000.0]])
    yield (
        near(answer(wide, torch.tensor([[-1000.2]]), 1), 0.0),
        "a fake 1,000.2 away counts in a ball that reaches 1,000 far",
        "compare the distances as they are, in float32",
    )
    five_apart = torch.tensor([[0.0, 0.0], [3.0, 4.0]])
    yield (
        near(answer(five_apart, torch.tensor([[0.0, -6.0]]), 1), 0.0)
        and near(answer(five_apart, torch.tensor([[-4.5, 0.0]]), 1), 0.5),
        "it is wrong in two dimensions",
        "the distance is the root of the sum of squares, as torch.cdist has it",
    )
    twins = torch.tensor([[0.0], [0.0], [5.0], [6.0]])
    yield (
        near(answer(twins, torch.tensor([[1.0]]), 1), 0.0),
        "it is wrong where two real points are the same",
        "the other one is a neighbour like any other, at distance 0",
    )


def is_single_number(result, hint):
    """The line (holds, reason, hint) for a float or a tensor without dimensions."""
    return (
        isinstance(result, float) or getattr(result, "ndim", 1) == 0,
        f"it returns {type(result).__name__}, and no single number",
        hint,
    )


def radii_of(points, k):
    """The distance of each point [N, F] to its k-th other one: [N]."""
    return torch.cdist(points, points).sort(1).values[:, k]


def coverage_of(real, fake, k):
    return (torch.cdist(real, fake).amin(1) <= radii_of(real, k)).float().mean().item()


def precision_of(real, fake, k):
    return (torch.cdist(fake, real) <= radii_of(real, k)).any(1).float().mean().item()


def density_of(real, fake, k):
    return (torch.cdist(real, fake) <= radii_of(real, k)[:, None]).sum().item() / len(real)


@check
def class_kl(answer):
    """answer(labels, shares): the divergence of the labels' shares from given ones, in nats."""
    labels = torch.tensor([0, 0, 0, 0, 0, 2, 2, 3])
    shares = torch.tensor([0.2, 0.3, 0.4, 0.1])
    q = torch.tensor([5 / 8, 0, 2 / 8, 1 / 8])
    shown = q > 0
    right = (q[shown] * (q[shown] / shares[shown]).log()).sum()
    result = answer(labels.clone(), shares.clone())
    yield is_single_number(result, "the sum over the classes")
    value = torch.as_tensor(result).float()
    yield wrong_if(
        not value.isfinite(),
        f"it is {value.item()}",
        "a class that no fake shows has q = 0, and 0 · log 0 is NaN: such a class adds 0",
    )
    counts = torch.bincount(labels, minlength=4)[shown]
    yield from mistakes(
        value,
        (-right, "the sign is wrong", "q log(q / p), and not q log(p / q)"),
        (
            right / torch.tensor(2.0).log(),
            "it is in bits",
            "natural logarithms: log, and not log2",
        ),
        (
            (shares[shown] * (shares[shown] / q[shown]).log()).sum(),
            "it is the divergence the other way round",
            "the fakes' shares q stand before the logarithm and in its numerator",
        ),
        (
            (counts * (counts / shares[shown]).log()).sum(),
            "it takes counts for shares",
            "divide the counts by the number of labels",
        ),
        (
            (q[shown] * (q[shown] / 0.25).log()).sum(),
            "it compares with equal shares",
            "p is the argument `shares`",
        ),
        (
            ((q[shown] / shares[shown]).log()).sum(),
            "each class counts the same",
            "the logarithm is weighted with q",
        ),
        (right / 3, "it is a mean", "the sum over the classes"),
    )
    yield (
        near(value, right),
        f"it is {two_numbers(value, right)}",
        ("q is the share of each class among the labels, p the argument `shares`"),
    )
    last_missing = answer(torch.tensor([0, 1, 1]), torch.tensor([0.25, 0.25, 0.5]))
    expected = 1 / 3 * torch.tensor(4 / 3).log() + 2 / 3 * torch.tensor(8 / 3).log()
    yield (
        near(last_missing, expected),
        "it is wrong where the last class is missing",
        "bincount(labels, minlength=len(shares)) counts the classes that never come, too",
    )
    rare = answer(torch.tensor([0] * 99 + [1]), torch.tensor([0.5, 0.5]))
    expected = 0.99 * torch.tensor(1.98).log() + 0.01 * torch.tensor(0.02).log()
    yield near(rare, expected), "it is wrong where a class is rare", "only q = 0 adds 0"
    of_one = answer(torch.tensor([11]), torch.full((12,), 1 / 12))
    yield (
        near(of_one, torch.tensor(12.0).log()),
        f"one label of twelve classes gives {two_numbers(of_one, math.log(12))}",
        "q is 1 for this class, and p is 1/12",
    )
    yield (
        near(answer(torch.tensor([2, 0, 1, 0]), torch.tensor([0.5, 0.25, 0.25])), 0.0, 1e-6),
        "with the same shares it is not 0",
        "log 1 is 0, and nothing is added",
    )


@check
def frechet_distance(answer):
    """answer(a, b): squared differences of means and of deviations, added, for numbers."""
    a = torch.tensor([1.0, 2.0, 6.0, 7.0])
    b = torch.tensor([-1.0, 0.0, 1.0, 0.5, 4.0])
    mean = (a.mean() - b.mean()) ** 2
    deviation = (a.std() - b.std()) ** 2
    result = answer(a.clone(), b.clone())
    yield from is_number(result, hint="one number: two squared differences, added")
    yield from mistakes(
        result,
        (mean, "it compares the means alone", "add the squared difference of the deviations"),
        (deviation, "it compares the deviations alone", "add the squared difference of the means"),
        (
            (a.mean() - b.mean()).abs() + (a.std() - b.std()).abs(),
            "the differences are not squared",
            "each difference is squared before they are added",
        ),
        ((mean + deviation).sqrt(), "it is the root", "no root at the end"),
        (
            mean + (a.var() - b.var()) ** 2,
            "it compares the variances",
            "the standard deviation is the root of the variance",
        ),
        (
            mean + (a.std(correction=0) - b.std(correction=0)) ** 2,
            "the deviations divide by N",
            "by N - 1, as .std() does",
        ),
        (mean - deviation, "the sign of the second part is wrong", "the two parts are added"),
        (mean + a.var() + b.var(), "the spreads are added", "their deviations are subtracted"),
    )
    yield (
        near(result, mean + deviation),
        f"it is {two_numbers(result, mean + deviation)}",
        ("(mean of a - mean of b)² + (deviation of a - deviation of b)²"),
    )
    yield (
        near(answer(b, a), mean + deviation),
        "it is another number where a and b are exchanged",
        "both differences are squared, whatever their sign",
    )
    yield near(answer(a, a), 0.0), "a sample is not at distance 0 from itself", "subtract"
    pairs = ((-5 * a - 30, b), (a[:2], b * 0.01), (a, a + 1000), (a + 3000, 9 * b + 3000))
    for one, other in pairs:
        right = (one.mean() - other.mean()) ** 2 + (one.std() - other.std()) ** 2
        result = answer(one, other)
        yield (
            near(result, right, 1e-3 * right.item()),
            f"it is {two_numbers(result, right)}",
            "both parts, for numbers of any sign and any size",
        )
