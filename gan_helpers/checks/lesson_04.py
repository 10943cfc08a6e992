"""Checks of lesson 04 · Better digits in a minute."""

import copy

import torch
from torch import nn

from gan_helpers.checks import check, is_number, is_tensor, mistakes, near, wrong_if


@check
def r1(answer):
    """answer(D, real, weight): half the squared length of the score's gradient, times weight."""
    D = nn.Sequential(nn.Flatten(), nn.Linear(784, 5), nn.Tanh(), nn.Linear(5, 1), nn.Flatten(0))
    real = torch.rand(3, 1, 28, 28) * 2 - 1
    lengths = gradient_of(D, real, graph=False).flatten(1).norm(dim=1)
    right = (lengths.square() / 2).mean() * 3
    result = answer(D, real.clone(), 3.0)
    yield from is_number(result)
    yield from mistakes(
        result,
        (2 * right, "the ½ is missing", "half of the squared length"),
        (right / 3, "the weight is missing", "multiply by the argument `weight`"),
        (3 * right, "it is the sum over the batch", "the mean over the pictures"),
        ((lengths / 2).mean() * 3, "the length is not squared", "the sum of the squares, no root"),
        (
            right / 784,
            "it is a mean over the pixels, too",
            "the squared length of a gradient is the *sum* over its pixels",
        ),
        (
            ((lengths - 1).square()).mean() * 3,
            "it draws the length towards 1",
            "this is the gradient penalty of Wasserstein GANs; R1 wants the length small",
        ),
        (right / 9, "the gradient is that of the mean score", "take that of D(real).sum()"),
    )
    yield (
        near(result, right, atol=1e-6 + 1e-4 * right.item()),
        f"it is {result.item():.5f} and should be {right.item():.5f}",
        "the gradient of D(real).sum() by real, squared and summed for each picture",
    )
    yield wrong_if(
        not result.requires_grad,
        "it has no graph",
        "D is to learn from it: torch.autograd.grad(…, create_graph=True)",
    )
    gradients = torch.autograd.grad(result, D[1].weight, allow_unused=True)[0]
    yield (
        gradients is not None and gradients.norm() > 0,
        "no gradient reaches D's weights",
        "torch.autograd.grad(…, create_graph=True), and no detach on the way",
    )
    yield wrong_if(
        any(parameter.grad is not None for parameter in D.parameters()),
        "it leaves gradients in D",
        "torch.autograd.grad(scores, real) gives the gradient and stores none; backward() stores",
    )
    kept = real.clone()
    answer(D, kept, 3.0)
    yield wrong_if(
        kept.requires_grad,
        "the pictures that were passed ask for gradients afterwards",
        "work on real.detach().requires_grad_(), which is another tensor",
    )


def gradient_of(D, real, graph):
    real = real.detach().requires_grad_()
    (gradient,) = torch.autograd.grad(D(real).sum(), real, create_graph=graph)
    return gradient


@check
def update_average(answer):
    """answer(average, net, decay): each parameter goes 1 - decay of the way, in place."""
    net = nn.Linear(3, 2)
    average = nn.Linear(3, 2)
    before = copy.deepcopy(average.state_dict())
    trained = copy.deepcopy(net.state_dict())
    answer(average, net, 0.75)
    yield wrong_if(
        not all(near(net.state_dict()[name], trained[name]) for name in trained),
        "the net itself has changed",
        "only `average` moves",
    )
    for name in ("weight", "bias"):
        mean = average.state_dict()[name]
        old = before[name]
        new = trained[name]
        yield from mistakes(
            mean,
            (
                old,
                f"the {name} has not moved",
                "change each parameter in place: lerp_, mul_, copy_",
            ),
            (new, f"the {name} is a copy of the net's", "it goes the share 1 - decay of the way"),
            (
                0.25 * old + 0.75 * new,
                f"the {name} goes too far",
                "`decay` is the share that *stays*, 1 - decay that of the way",
            ),
            (old + 0.25 * new, f"the {name} grows", "the old one shrinks to its share `decay`"),
            (0.75 * old, f"the {name} only shrinks", "add 1 - decay of the net's"),
        )
        yield (
            near(mean, 0.75 * old + 0.25 * new),
            f"the {name} is wrong",
            ("decay · average + (1 - decay) · net"),
        )
    yield wrong_if(
        any(not p.is_leaf or p.grad_fn is not None for p in average.parameters()),
        "the average has a graph",
        "change the parameters under torch.no_grad()",
    )
    yield wrong_if(
        not all(isinstance(p, nn.Parameter) and p.requires_grad for p in average.parameters()),
        "the average's parameters are no parameters any more",
        "change them in place, under torch.no_grad()",
    )
    yield wrong_if(
        any(mine is theirs for mine in average.parameters() for theirs in net.parameters()),
        "both nets share a tensor now",
        "change the numbers in place",
    )
    slow = nn.Linear(3, 2)
    start = slow.weight.detach().clone()
    for _ in range(2):
        answer(slow, net, 0.9)
    expected = 0.81 * start + 0.19 * trained["weight"]
    yield near(slow.weight, expected), "a second update goes wrong", "is decay the argument"


@check
def neighbours(answer):
    """answer(points, k): the numbers of each point's k nearest other points, nearest first."""
    points = torch.tensor([[0.0, 0.0], [0.0, 1.0], [3.0, 0.0], [0.0, 7.0], [15.0, 0.0]])
    distances = torch.cdist(points, points).fill_diagonal_(torch.inf)
    right = distances.sort(1).indices[:, :3]
    result = answer(points.clone(), 3)
    yield is_tensor(result)
    yield wrong_if(
        result.is_floating_point(),
        "it returns distances",
        "the numbers of the points: .indices, and not .values",
    )
    yield result.shape == (5, 3), f"it has shape {list(result.shape)}", "[N, k]: here [5, 3]"
    with_itself = torch.cdist(points, points).sort(1).indices
    yield from mistakes(
        result,
        (
            with_itself[:, :3],
            "each point is its own neighbour",
            "the nearest point of all is the point itself: leave it out",
        ),
        (
            torch.cdist(points, points).sort(1, descending=True).indices[:, :3],
            "these are the farthest points",
            "the smallest distances: sort upwards, or topk(…, largest=False)",
        ),
        (right.flip(1), "the order is turned round", "the nearest first"),
        (
            (points @ points.T).fill_diagonal_(-torch.inf).sort(1, descending=True).indices[:, :3],
            "it takes the largest products for the nearest",
            "a product grows with the length of both: take distances",
        ),
    )
    yield (
        torch.equal(result.sort(1).values, right.sort(1).values),
        "some are not the nearest",
        ("torch.cdist(points, points) has all distances"),
    )
    yield torch.equal(result, right), "the nearest is not first", "sort by distance"
    torch.manual_seed(2)
    points = torch.randn(30, 4)
    expected = torch.cdist(points, points).fill_diagonal_(torch.inf).sort(1).indices[:, :5]
    yield (
        torch.equal(answer(points, 5), expected),
        "it is wrong for 30 points in four dimensions and k = 5",
        "the distance of all coordinates, and k the argument",
    )
    twins = torch.tensor([[0.0], [0.0], [5.0]])
    found = answer(twins, 1)[:2, 0].tolist()
    yield (
        found == [1, 0],
        "of two points in the same place one is its own neighbour",
        "leave out the point by its number, not by its distance of 0",
    )
