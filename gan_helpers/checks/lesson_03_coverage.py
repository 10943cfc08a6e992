"""Check of lesson 03, exercise 1: coverage, from its definition."""

import torch
import torch.nn.functional as F

from gan_helpers.checks import check, near, two_numbers, wrong_if


def is_single_number(result, hint):
    """The line (holds, reason, hint) for a float or a tensor without dimensions."""
    shape = getattr(result, "shape", None)
    reason = f"it returns {type(result).__name__}, and no single number"
    if result is None:
        hint = "does every path end with `return`, with something behind it"
    elif type(result) is int:
        reason = f"it returns the whole number {result}"
        hint = "a float is wanted: / keeps the fraction, // and int() cut it off"
    elif shape:
        reason = f"it has shape {list(shape)} and not []"
        hint = "no keepdim, and no brackets around the number" if list(shape) == [1] else hint
    return isinstance(result, float) or getattr(result, "ndim", 1) == 0, reason, hint


def neighbours_of(points):
    """The distances of each point [N, F] to all, itself first, then near to far: [N, N]."""
    return torch.cdist(points, points).sort(1).values


def covered(real, fake, radii):
    """The share of real points with a fake within their radius."""
    return (torch.cdist(real, fake).amin(1) <= radii).float().mean().item()


def coverage_of(real, fake, k):
    return covered(real, fake, neighbours_of(real)[:, k])


def inside(real, fake, k):
    """For each real point's ball, 1 for a fake in it and 0 for another: [M, N]."""
    return (torch.cdist(real, fake) <= neighbours_of(real)[:, k, None]).float()


ONE_RADIUS = ("all balls have one radius", "each reaches to its own point's k-th other point")
EACH_FAKE = ("it counts a ball once for each fake in it", "covered or not: one fake is enough")
ONE_SQUARE = ("one of the two distances is squared", "the root of the sum of squares for both")
MISTAKES = (  # (a wrong coverage, what was done, hint)
    (
        lambda real, fake, k: coverage_of(real, fake, k - 1),
        "the balls are too small",
        "the nearest point of all is the point itself: the k-th *other* one is wanted",
    ),
    (
        lambda real, fake, k: coverage_of(real, fake, k + 1),
        "the balls are too large",
        "they reach to the k-th other point, and no farther",
    ),
    (
        lambda real, fake, k: coverage_of(real, fake, 5),
        "it is right for k = 5 alone",
        "k is the argument",
    ),
    (
        lambda real, fake, k: covered(real, fake, neighbours_of(real).flip(1)[:, k]),
        "the balls reach to one of the farthest points",
        "the k-th *nearest* one: .topk() takes the largest, .sort() begins with the smallest",
    ),
    (
        lambda real, fake, k: covered(real, fake, neighbours_of(real)[:, 1 : k + 1].mean(1)),
        "the radius is the mean of k distances",
        "it is the distance to the k-th other point alone",
    ),
    (
        lambda real, fake, k: covered(real, fake, neighbours_of(real)[:, k].max()),
        *ONE_RADIUS,
    ),
    (
        lambda real, fake, k: covered(real, fake, neighbours_of(real)[:, k].mean()),
        *ONE_RADIUS,
    ),
    (
        lambda real, fake, k: 1.0,
        "it is 1, for these points and for others",
        "a ball may be empty: it reaches to the k-th other *real* point, not to a fake",
    ),
    (
        lambda real, fake, k: coverage_of(fake, real, k),
        "real and fake are exchanged",
        "the balls lie around real points, and the share is one of real points",
    ),
    (
        lambda real, fake, k: inside(fake, real, k).amax(0).mean().item(),
        "the balls lie around fakes",
        "they lie around real points, and reach to the k-th other real one; this is recall",
    ),
    (
        lambda real, fake, k: inside(real, fake, k).amax(0).mean().item(),
        "it counts fakes",
        "of how many *real* points does the ball hold a fake? this is precision",
    ),
    (
        lambda real, fake, k: coverage_of(real, fake, k) * len(real) / len(fake),
        "it divides by the number of fakes",
        "the share is one of real points: divide by their number",
    ),
    (
        lambda real, fake, k: coverage_of(real, fake, k) * len(real),
        "it is a number of points, and no share",
        "divide by how many there are",
    ),
    (
        lambda real, fake, k: 1 - coverage_of(real, fake, k),
        "it is the share of points that are *not* covered",
        "<= and not >",
    ),
    (
        lambda real, fake, k: inside(real, fake, k).sum().item() / len(real),
        *EACH_FAKE,
    ),
    (
        lambda real, fake, k: inside(real, fake, k).sum().item() / (k * len(fake)),
        *EACH_FAKE,
    ),
    (
        lambda real, fake, k: inside(real, fake, k).mean().item(),
        *EACH_FAKE,
    ),
    (
        lambda real, fake, k: inside(real, fake, k).amin(1).mean().item(),
        "it is 0, as if all fakes had to lie in a ball",
        "one is enough: any, not all; the smallest distance to a fake, not the largest",
    ),
    (
        lambda real, fake, k: covered(real, fake, neighbours_of(real)[:, k].sqrt()),
        *ONE_SQUARE,
    ),
    (
        lambda real, fake, k: covered(real, fake, neighbours_of(real)[:, k].square()),
        *ONE_SQUARE,
    ),
    (
        lambda real, fake, k: coverage_of(real, fake[: len(real)], k),
        "it looks at as many fakes as there are real points",
        "all fakes count, however many there are",
    ),
    (
        lambda real, fake, k: coverage_of(F.normalize(real), F.normalize(fake), k),
        "all points are brought to length 1 first",
        "leave them as they are",
    ),
)


@check
def coverage(answer):
    """answer(real, fake, k): the share of real points with a fake within their k-th neighbour."""
    # On a line, so that distances are plain to see. The balls of k = 2 reach 6, 4, 2, 2, 3 and 14
    # far, and those of 8 and 9 hold no fake. The share is 4/6, and each mistake gives another one.
    few = (
        torch.tensor([[0.0], [4.0], [6.0], [8.0], [9.0], [22.0]]),
        torch.tensor([[43.0], [33.0], [27.5], [30.0], [49.5], [32.0], [5.5], [23.0]]),
        2,
    )
    draw = torch.Generator().manual_seed(19)  # tells the mistakes apart that the few do not
    many = (
        torch.randn(18, 3, generator=draw),
        torch.randn(25, 3, generator=draw) * 0.5 + 1,
        5,
    )
    results = []
    for points in (few, many, few):
        results.append(answer(*points))
        yield is_single_number(results[-1], "the mean over the real points")
    of_few, of_many, _ = results
    if not near(of_few, coverage_of(*few)):
        for wrong, reason, hint in MISTAKES:
            made = near(of_few, wrong(*few)) and near(of_many, wrong(*many))
            yield wrong_if(made, reason, hint)
    yield (
        near(of_few, coverage_of(*few)),
        f"it is {two_numbers(of_few, coverage_of(*few))}",
        "compare each real point's distance to its k-th other one with that to its nearest fake",
    )
    of_many = answer(*many)
    numbers = two_numbers(of_many, coverage_of(*many))
    yield (
        near(of_many, coverage_of(*many)),
        f"for 18 points in three dimensions and k = 5 it is {numbers}",
        "the distance is the root of the sum of squares over all coordinates, and k the argument",
    )
    yield from _lines_on_edges(answer)


def _lines_on_edges(answer):
    """Lines on fakes near a ball's surface, points far from 0, and points that are the same."""
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
    for fake, right in (([0.0, -6.0], 0.0), ([-4.5, 0.0], 0.5)):
        share = answer(five_apart, torch.tensor([fake]), 1)
        yield (
            near(share, right),
            f"for these points in two dimensions it is {two_numbers(share, right)}",
            "the distance is the root of the sum of squares, as torch.cdist has it",
        )
    twins = torch.tensor([[0.0], [0.0], [5.0], [6.0]])
    yield (
        near(answer(twins, torch.tensor([[1.0]]), 1), 0.0),
        "it is wrong where two real points are the same",
        "the other one is a neighbour like any other, at distance 0",
    )
