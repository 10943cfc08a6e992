"""The check of lesson 04's third exercise: the arrows of the smallest GAN."""

import torch
import torch.nn.functional as F

from gan_helpers.checks import check, is_tensor, mistakes, near, wrong_if


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
            torch.stack(
                [
                    of_theta - psi * torch.sigmoid(psi * theta),
                    of_psi + theta * torch.sigmoid(-psi * theta),
                ]
            ),
            "both losses act on both weights",
            "each player goes down its own loss alone: two gradients, of two losses",
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
    more = torch.cat((theta, psi[:1])), torch.cat((psi, theta[:1]))  # five points
    expected = _velocities(*more, _square_d_loss, _square_g_loss)
    tracked = [value.clone().requires_grad_() for value in more]
    again = answer(*tracked, _square_d_loss, _square_g_loss)
    yield (
        near(torch.stack(list(again)), torch.stack(expected)),
        "with other losses and five points it is wrong",
        "use the functions `d_loss` and `g_loss` that are passed, and any number of points",
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
