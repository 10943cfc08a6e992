"""Checks of lesson 04 · Better digits in a minute."""

import copy

import torch
import torch.nn.functional as F
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
def velocities(answer):
    """answer(theta, psi, d_loss, g_loss): minus each player's gradient of its own loss."""
    theta = torch.tensor([1.5, -0.5, 0.2, -2.0])
    psi = torch.tensor([0.7, -1.2, 2.0, 0.3])
    right = _velocities(theta, psi, _d_loss, _g_loss)
    of_theta, of_psi = right
    result = answer(theta.clone(), psi.clone(), _d_loss, _g_loss)
    yield (
        isinstance(result, tuple | list) and len(result) == 2,
        f"it returns {type(result).__name__}",
        "two tensors: the velocity of theta, then that of psi",
    )
    for value in result:
        yield is_tensor(value)
        yield value.shape == (4,), f"a velocity has shape {list(value.shape)}", "[N], as theta"
    both = torch.stack([value.detach() for value in result])
    without_real = -theta * torch.sigmoid(psi * theta)
    yield from mistakes(
        both,
        (
            -torch.stack(right),
            "both go uphill",
            "a player goes *down* its loss: minus the gradient",
        ),
        (
            torch.stack([of_psi, of_theta]),
            "the two are swapped",
            "first the velocity of theta, then that of psi",
        ),
        (
            torch.stack([psi * torch.sigmoid(psi * theta), of_psi]),
            "theta goes up D's loss",
            "G has a loss of its own, `g_loss`, and goes down that one",
        ),
        (
            torch.stack([-psi * torch.sigmoid(psi * theta), of_psi]),
            "theta goes down D's loss",
            "G has a loss of its own, `g_loss`: take its gradient for theta",
        ),
        (
            torch.stack([of_theta, without_real]),
            "psi is not moved by the real number",
            "its score is psi · 1, and D's loss has it as first argument",
        ),
        (
            torch.stack([of_theta, theta * torch.sigmoid(-psi * theta)]),
            "psi goes down G's loss",
            "D's weight follows `d_loss`",
        ),
        (
            torch.stack(right) / 4,
            "it is divided by the number of points",
            "each point is a game of its own: .sum() before the gradient, no mean",
        ),
    )
    yield near(result[0], of_theta), "theta's velocity is wrong", "−∂ g_loss(psi · theta) / ∂ theta"
    yield (
        near(result[1], of_psi),
        "psi's velocity is wrong",
        "−∂ d_loss(psi, psi · theta) / ∂ psi: psi stands in both scores",
    )
    yield wrong_if(
        any(value.requires_grad for value in result),
        "the velocities have a graph",
        "no create_graph=True is needed here; or detach them",
    )
    expected = _velocities(theta, psi, _square_d_loss, _square_g_loss)
    again = answer(theta.clone(), psi.clone(), _square_d_loss, _square_g_loss)
    yield (
        near(torch.stack(list(again)), torch.stack(expected)),
        "with other losses it is wrong",
        "use the functions `d_loss` and `g_loss` that are passed",
    )
    kept = theta.clone(), psi.clone()
    answer(*kept, _d_loss, _g_loss)
    yield wrong_if(
        any(value.requires_grad for value in kept),
        "the tensors that were passed ask for gradients afterwards",
        "work on theta.detach().requires_grad_(), which is another tensor",
    )


def _d_loss(real, fake):
    return F.softplus(-real) + F.softplus(fake)


def _g_loss(fake):
    return F.softplus(-fake)


def _square_d_loss(real, fake):
    return (real - 1).square() + 3 * fake.square()


def _square_g_loss(fake):
    return (fake - 1).square() / 2


def _velocities(theta, psi, d_loss, g_loss):
    theta = theta.detach().requires_grad_()
    psi = psi.detach().requires_grad_()
    (by_theta,) = torch.autograd.grad(g_loss(psi * theta).sum(), theta)
    (by_psi,) = torch.autograd.grad(d_loss(psi, psi * theta).sum(), psi)
    return -by_theta, -by_psi


@check
def cut_out(answer):
    """answer(images, rows, columns, size): a black square in each picture, at its own place."""
    images = torch.rand(4, 1, 28, 28) * 1.8 - 0.9
    rows = torch.tensor([0, 5, 20, 11])
    columns = torch.tensor([3, 17, 0, 22])
    kept = images.clone()
    result = answer(images, rows, columns, 6)
    yield is_tensor(result)
    yield wrong_if(
        not torch.equal(images, kept),
        "the pictures that were passed have changed",
        "masked_fill without the underscore, torch.where, or a clone() first",
    )
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
            _cut_out(images, rows[:1].expand(4), columns[:1].expand(4), 6),
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
    yield (
        near(answer(images, rows, columns, 2), _cut_out(images, rows, columns, 2)),
        "it is wrong for squares of two pixels",
        "use the argument `size`",
    )
    asked = images.clone().requires_grad_()
    result = answer(asked, rows, columns, 6)
    yield (
        result.requires_grad,
        "no gradient gets through",
        "G learns through it: no detach, no NumPy",
    )
    (gradient,) = torch.autograd.grad(result.sum(), asked)
    yield (
        torch.equal(gradient, (~inside).float()),
        "the gradient is wrong",
        "1 outside the squares and 0 within, for the sum of all pixels",
    )


def _cut_out(images, rows, columns, size):
    at = torch.arange(images.shape[-1])
    in_rows = (at >= rows[:, None]) & (at < rows[:, None] + size)
    in_columns = (at >= columns[:, None]) & (at < columns[:, None] + size)
    return images.masked_fill(in_rows[:, None, :, None] & in_columns[:, None, None], -1.0)
