"""Checks of lesson 04 · Better digits in a minute; the others are in _arrows and _cutting."""

import copy

import torch
from torch import nn

from gan_helpers.checks import (
    check,
    is_number,
    mistakes,
    near,
    same_slopes,
    two_numbers,
    wrong_if,
)
from gan_helpers.checks.lesson_04_arrows import velocities
from gan_helpers.checks.lesson_04_cutting import cut_out

__all__ = ["cut_out", "r1", "update_average", "velocities"]


@check
def r1(answer):
    """answer(D, real, weight): half the squared length of the score's gradient, times weight."""
    D = nn.Sequential(nn.Flatten(), nn.Linear(784, 5), nn.Tanh(), nn.Linear(5, 1), nn.Flatten(0))
    with torch.no_grad():
        D[1].weight.mul_(10)  # so that one picture's gradient is far from another's
    real = torch.rand(3, 1, 28, 28) * 2 - 1
    result = answer(D, real, 0.7)
    yield from is_number(result)
    yield from _values_of_r1(result.detach(), gradient_of(D, real, graph=False).flatten(1))
    yield wrong_if(
        not result.requires_grad,
        "it has no graph",
        "D is to learn from it: torch.autograd.grad(…, create_graph=True), and no .detach() or "
        ".item() of the gradient after it",
    )
    yield wrong_if(
        result.is_leaf,
        "its requires_grad is set by hand, and no graph leads to D's weights",
        "torch.autograd.grad(…, create_graph=True), and no requires_grad_() on the result",
    )
    slopes = torch.autograd.grad(result, list(D.parameters()), allow_unused=True)
    yield wrong_if(
        all(slope is None for slope in slopes),
        "the number is right, and no gradient gets to D's weights",
        "ask D itself, no copy, and leave its weights' requires_grad on while you do",
    )
    two = gradient_of(D, real[:2], graph=False).square().sum() / 4 * 5
    result = answer(D, real[:2], 5.0).detach()
    yield (
        near(result, two),
        f"for two pictures and a weight of 5 it is {two_numbers(result, two)}",
        "no number of the batch or the weight stands in the code",
    )
    yield from same_slopes(answer, _r1, D, real, 0.7, constant=(1,))
    for steepness in (300, 0):
        other_D = copy.deepcopy(D)
        with torch.no_grad():
            other_D[3].weight.mul_(steepness)
        right = _r1(other_D, real, 0.7).detach()
        result = answer(other_D, real, 0.7).detach()
        yield (
            near(result, right, atol=1e-4 + 1e-4 * right.item()),
            f"with gradients {steepness} times as large it is {two_numbers(result, right)}",
            "no clamp: the gradient is squared as it is",
        )
        yield from same_slopes(answer, _r1, other_D, real, 0.7, constant=(1,))


def _values_of_r1(result, gradient):
    """Lines about R1 of three pictures with these gradients [3, 784] and a weight of 0.7."""
    lengths = gradient.norm(dim=1)
    right = (lengths.square() / 2).mean() * 0.7
    towards_1 = (lengths - 1).square().mean() * 0.7
    of_mean = "square for each picture, and then take the mean"
    penalty = (
        "it draws the length towards 1",
        "this is the gradient penalty of Wasserstein GANs; R1 wants the length small, and nothing "
        "is subtracted from it",
    )
    yield from mistakes(
        result,
        (2 * right, "the ½ is missing", "half of the squared length"),
        (right / 0.7, "the weight is missing", "multiply by the argument `weight`"),
        (right / 0.35, "the factor weight / 2 is missing", "half the squared length, times weight"),
        (right / 0.49, "it is divided by the weight", "multiply by it"),
        (right * 0.7, "the weight is squared, too", "multiply by it behind the square"),
        (0, "it is 0", "the gradient is not, and weight // 2 is 0 where weight / 2 is 0.35"),
        (3 * right, "it is the sum over the batch", "the mean over the pictures"),
        (right * 3 / 64, "it is divided by 64", "the mean over the pictures, 3 of them here"),
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
            right / 28,
            "it is 28 times too small",
            "the squared length is the sum over all axes of a picture: .flatten(1).sum(1)",
        ),
        (right / 9, "the gradient is that of the mean score", "take that of D(real).sum()"),
        (lengths.mean().square() * 0.35, "the mean of the lengths is squared", of_mean),
        (gradient.mean(0).square().sum() * 0.35, "the mean gradient is squared", of_mean),
        (lengths.max().square() * 0.35, "it is the largest of the batch", "the mean over it"),
        (towards_1, *penalty),
        (towards_1 / 2, *penalty),
    )
    yield (
        near(result, right, atol=1e-6 + 1e-4 * right.item()),
        f"it is {two_numbers(result, right)}",
        "weight / 2 · the mean over the pictures of the squared length: the gradient of "
        "D(real).sum() by real, each number squared, summed over a picture",
    )


def _r1(D, real, weight):
    return gradient_of(D, real, graph=True).square().flatten(1).sum(1).mean() * weight / 2


def gradient_of(D, real, graph):
    real = real.detach().requires_grad_()
    (gradient,) = torch.autograd.grad(D(real).sum(), real, create_graph=graph)
    return gradient


@check(changes=True)
def update_average(answer):
    """answer(average, net, decay): each parameter goes 1 - decay of the way, in place."""
    average = nn.Linear(3, 2)
    net = nn.Linear(3, 2)
    _fill(average, torch.tensor([1, 2, -1, 0.5, -2, 3, -0.5, 4]))
    _fill(net, torch.tensor([3, -2, 1, 4, 2, 0.5, 1.5, 8]))
    held = list(average.parameters())
    yield from _one_update(answer, average, net, 0.75)
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
    average, net = (
        nn.Sequential(nn.Sequential(nn.Conv2d(1, 2, 3)), nn.BatchNorm2d(2)) for _ in range(2)
    )
    _fill(net, 3 * torch.randn(24))
    try:
        yield from _one_update(answer, average, net, 0.9)
    except RuntimeError as error:
        yield wrong_if(
            "Long" in str(error),
            "it stops at a tensor of int64, which is BatchNorm's counter of batches",
            "loop over .parameters(): the state_dict holds such buffers, too",
        )
        raise
    yield from _one_update(answer, average, net, 0.6)
    yield from _one_update(answer, average, net, 0.0)
    with torch.no_grad():
        for parameter in net.parameters():
            parameter.add_(1.0)
    yield wrong_if(
        any(map(torch.equal, _copies(average), _copies(net))),
        "after a decay of 0 the average follows the net by itself",
        "copy the numbers into the average's own tensors: lerp_, copy_",
    )
    average.requires_grad_(False)  # as a net that only draws may be
    yield from _one_update(
        answer,
        average,
        net,
        0.9,
        "an average may take no gradients, as this one: no `if` that looks at requires_grad",
    )


def _fill(net, numbers):
    nn.utils.vector_to_parameters(numbers.clone(), net.parameters())


def _copies(net):
    return [parameter.detach().clone() for parameter in net.parameters()]


def _one_update(answer, average, net, decay, if_it_stays=None):
    """Lines about one call; `if_it_stays` is the hint if a parameter does not move."""
    before = _copies(average)
    trained = _copies(net)
    returned = answer(average, net, decay)
    means = _copies(average)
    yield (
        all(map(torch.equal, _copies(net), trained)),
        "the net itself has changed",
        "only `average` moves",
    )
    yield wrong_if(
        isinstance(returned, nn.Module)
        and returned is not average
        and all(map(near, means, before)),
        "it returns another net, and `average` has not moved",
        "`average` itself must change, in place, and no copy of it",
    )
    names = [name for name, _ in average.named_parameters()]
    for number, tensors in enumerate(zip(means, before, trained, strict=True)):
        if number:
            stays = "does the loop go over all .parameters(), without a `return` inside"
        else:
            stays = (
                "change each of average.parameters() in place (lerp_, mul_, copy_), by "
                f"1 - decay as it is, {1 - decay:.2g} and no int()"
            )
        name = f"`{names[number]}`"
        yield from _values_of_average(name, *tensors, decay, if_it_stays or stays)


def _values_of_average(name, mean, old, new, decay, if_it_stays):
    """Lines about one parameter, which was `old`, is `mean`, and is `new` in the net."""
    right = decay * old + (1 - decay) * new
    table = (
        (old, f"{name} has not moved", if_it_stays),
        (new, f"{name} is a copy of the net's", "it goes the share 1 - decay of the way"),
        (
            (1 - decay) * old + decay * new,
            f"{name} goes too far",
            "`decay` is the share that *stays*, 1 - decay that of the way",
        ),
        (old + (1 - decay) * new, f"{name} grows", "the old one shrinks to its share `decay`"),
        (decay * old, f"{name} only shrinks", "add 1 - decay of the net's"),
        (
            old - (1 - decay) * (new - old),
            f"{name} moves away from the net's",
            "net - average, and not average - net",
        ),
        (
            decay * old + (1 - decay) * (new - decay * old),
            f"{name} shrinks before its difference to the net's is taken",
            "either decay · average + (1 - decay) · net, or average + (1 - decay) · "
            "(net - average)",
        ),
        *(
            (
                decay**times * old + (1 - decay**times) * new,
                f"{name} moves {times} times in one call",
                "once: average.parameters() holds those of nested layers, too",
            )
            for times in (2, 3)
        ),
        (
            right.clamp(-1, 1),
            f"{name} stays in [-1, 1]",
            f"no clamp: one number of it becomes {right.abs().max():.4g}",
        ),
    )
    yield from mistakes(mean, *(row for row in table if not near(row[0], right)))
    apart = ~torch.isclose(mean, right, rtol=1e-5, atol=1e-5)
    if apart.any():
        place = apart.nonzero()[0].tolist()
        numbers = two_numbers(mean[apart][0], right[apart][0])
        about = torch.allclose(mean, right, rtol=1e-3, atol=1e-3)
        yield (
            False,
            f"{name}{place} goes from {old[apart][0]:.4g} to {numbers}, "
            f"where the net has {new[apart][0]:.4g}",
            "right to about three digits only: no half() and no round()"
            if about
            else "decay · average + (1 - decay) · net for each number, and is decay the argument",
        )
