"""Checks of lesson 04 · Better digits in a minute; that of exercise 3 is in lesson_04_arrows."""

import copy

import torch
from torch import nn

from gan_helpers.checks import (
    check,
    is_number,
    is_tensor,
    mistakes,
    near,
    same_slopes,
    two_numbers,
    wrong_if,
)
from gan_helpers.checks.lesson_04_arrows import velocities

__all__ = ["cut_out", "r1", "update_average", "velocities"]


@check
def r1(answer):
    """answer(D, real, weight): half the squared length of the score's gradient, times weight."""
    D = nn.Sequential(nn.Flatten(), nn.Linear(784, 5), nn.Tanh(), nn.Linear(5, 1), nn.Flatten(0))
    real = torch.rand(3, 1, 28, 28) * 2 - 1
    lengths = gradient_of(D, real, graph=False).flatten(1).norm(dim=1)
    right = (lengths.square() / 2).mean() * 0.7
    result = answer(D, real.clone(), 0.7)
    yield from is_number(result)
    yield from mistakes(
        result,
        (2 * right, "the ½ is missing", "half of the squared length"),
        (right / 0.7, "the weight is missing", "multiply by the argument `weight`"),
        (3 * right, "it is the sum over the batch", "the mean over the pictures"),
        (
            (lengths / 2).mean() * 0.7,
            "the length is not squared",
            "the sum of the squares, no root",
        ),
        (
            right / 784,
            "it is a mean over the pixels, too",
            "the squared length of a gradient is the *sum* over its pixels",
        ),
        (
            ((lengths - 1).square()).mean() * 0.7,
            "it draws the length towards 1",
            "this is the gradient penalty of Wasserstein GANs; R1 wants the length small",
        ),
        (right / 9, "the gradient is that of the mean score", "take that of D(real).sum()"),
    )
    yield (
        near(result, right, atol=1e-6 + 1e-4 * right.item()),
        f"it is {two_numbers(result, right)}",
        "the gradient of D(real).sum() by real, squared and summed for each picture",
    )
    two = gradient_of(D, real[:2], graph=False).square().sum() / 4 * 5
    yield (
        near(answer(D, real[:2].clone(), 5.0), two),
        "it is wrong for two pictures and a weight of 5",
        "no number of the batch or the weight stands in the code",
    )
    yield wrong_if(
        not result.requires_grad,
        "it has no graph",
        "D is to learn from it: torch.autograd.grad(…, create_graph=True)",
    )
    yield from same_slopes(answer, _r1, D, real, 0.7, constant=(1,))
    for steepness in (300, 0):
        other_D = copy.deepcopy(D)
        with torch.no_grad():
            other_D[3].weight.mul_(steepness)
        yield from same_slopes(answer, _r1, other_D, real, 0.7, constant=(1,))


def _r1(D, real, weight):
    return gradient_of(D, real, graph=True).square().flatten(1).sum(1).mean() * weight / 2


def gradient_of(D, real, graph):
    real = real.detach().requires_grad_()
    (gradient,) = torch.autograd.grad(D(real).sum(), real, create_graph=graph)
    return gradient


@check(changes=True)
def update_average(answer):
    """answer(average, net, decay): each parameter goes 1 - decay of the way, in place."""
    net = nn.Linear(3, 2)
    average = nn.Linear(3, 2)
    held = list(average.parameters())
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
    yield (
        all(mine is old for mine, old in zip(average.parameters(), held, strict=True)),
        "the average has new parameters",
        "change the numbers of the old ones in place",
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
    torch.manual_seed(1)
    average, net = (nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2)) for _ in range(2))
    torch.nn.utils.vector_to_parameters(3 * torch.randn(24), net.parameters())
    average.requires_grad_(False)  # as a net that only draws may be
    before = [parameter.detach().clone() for parameter in average.parameters()]
    for _ in range(2):
        answer(average, net, 0.9)
    for mean, old, new in zip(average.parameters(), before, net.parameters(), strict=True):
        yield (
            near(mean, 0.81 * old + 0.19 * new) and mean.dtype == old.dtype,
            "a second update, or another net, goes wrong",
            "is decay the argument, and does the loop go over all .parameters()",
        )


@check
def cut_out(answer):
    """answer(images, rows, columns, size): a black square in each picture, at its own place."""
    images = torch.rand(5, 1, 28, 28) * 1.8 - 0.9
    rows = torch.tensor([0, 5, 20, 11, 9])
    columns = torch.tensor([3, 17, 0, 22, 8])
    result = answer(images, rows, columns, 6)
    yield is_tensor(result)
    yield (
        result.shape == images.shape,
        f"it has shape {list(result.shape)}",
        "that of the pictures: [B, 1, 28, 28]",
    )
    right = _cut_out(images, rows, columns, 6)
    inside = right == -1
    yield from mistakes(
        result,
        (images, "nothing is cut out", "return the pictures with the squares"),
        (
            images.masked_fill(inside, 0.0),
            "the squares are grey",
            "black is -1 here: the pictures lie in [-1, 1]",
        ),
        (
            images.masked_fill(~inside, -1.0),
            "all but the squares is black",
            "the mask is turned round",
        ),
        (
            _cut_out(images, columns, rows, 6),
            "rows and columns are swapped",
            "the first of the two last dimensions of a picture counts its rows",
        ),
        (
            _cut_out(images, rows, columns, 7),
            "the squares are a pixel too large",
            "from rows to rows + size, without the last",
        ),
        (
            _cut_out(images, rows[:1].expand(5), columns[:1].expand(5), 6),
            "all squares are at the place of the first",
            "a mask for each picture: [B, 1, 28, 28]",
        ),
        (
            images.masked_fill(inside.any(0, keepdim=True), -1.0),
            "each picture has the squares of all",
            "a mask for each picture: [B, 1, 28, 28]",
        ),
        (
            _cut_out(images, rows - 3, columns - 3, 6),
            "the squares lie around their places",
            "rows and columns are the upper left corner",
        ),
    )
    yield near(result, right), "some pixels are wrong", "only those in the square are -1"
    for count, size in ((4, 3), (1, 1), (5, 2)):
        part = images[:count], rows[:count], columns[:count], size
        yield (
            near(answer(*part), _cut_out(*part)),
            f"it is wrong for {count} pictures and squares of {size} pixels",
            "use the argument `size`, and the number of pictures that comes",
        )
    asked = images.clone()
    asked[:, :, ::5] = 1  # as most pixels of digits are: at the ends of the range
    asked[:, :, 2::5] = -1
    yield from same_slopes(answer, _cut_out, asked, rows, columns, 6)


def _cut_out(images, rows, columns, size):
    at = torch.arange(images.shape[-1])
    in_rows = (at >= rows[:, None]) & (at < rows[:, None] + size)
    in_columns = (at >= columns[:, None]) & (at < columns[:, None] + size)
    return images.masked_fill(in_rows[:, None, :, None] & in_columns[:, None, None], -1.0)
