"""The check of lesson 04's third exercise: the arrows of the smallest GAN."""

import torch
import torch.nn.functional as F

from gan_helpers.checks import check, is_tensor, mistakes, near, two_numbers, wrong_if


@check
def velocities(answer):
    """answer(theta, psi, d_loss, g_loss): minus each player's gradient of its own loss."""
    theta = torch.tensor([1.5, -0.5, 0.2, -2.0])
    psi = torch.tensor([0.7, -1.2, 2.0, 0.3])
    result = answer(theta, psi, _d_loss, _g_loss)
    yield from _two_tensors(result, 4)
    both = torch.stack([value.detach().float() for value in result])
    yield from _known_mistakes(both, theta, psi)
    first = theta[:1].clone(), psi[:1].clone(), _d_loss, _g_loss
    alone = answer(*first)
    yield from _two_tensors(alone, 1)
    by_others = near(torch.stack(list(alone)), torch.stack(_velocities(*first)))
    result = answer(theta, psi, _d_loss, _g_loss)
    both = torch.stack([value.detach().float() for value in result])
    yield wrong_if(
        by_others and not near(both[:, :1], torch.stack(list(alone))),
        "the velocities of the first point depend on the other points",
        "each theta plays against its own psi alone",
    )
    yield from _all_right(both, theta, psi, _d_loss, _g_loss)
    yield wrong_if(
        any(value.requires_grad for value in result),
        "the velocities have a graph",
        "no create_graph=True is needed here; or detach them",
    )
    more = torch.cat((theta, psi[:1])), torch.cat((psi, theta[:1]))  # five points
    tracked = [value.clone().requires_grad_() for value in more]
    again = answer(*tracked, _square_d_loss, _square_g_loss)
    yield from _two_tensors(again, 5)
    both = torch.stack([value.detach().float() for value in again])
    for holds, reason, _ in _all_right(both, *more, _square_d_loss, _square_g_loss):
        yield (
            holds,
            f"with other losses and five points, {reason}",
            "use the functions `d_loss` and `g_loss` that are passed, and any number of points",
        )


def _two_tensors(result, count):
    """Lines about the type of what comes back for `count` points."""
    yield (
        isinstance(result, tuple | list) and len(result) == 2,
        f"it returns {type(result).__name__}",
        "two tensors: the velocity of theta, then that of psi",
    )
    for which, value in zip(("first", "second"), result, strict=True):
        yield wrong_if(
            isinstance(value, tuple),
            f"the {which} of the two is a tuple",
            "torch.autograd.grad returns one, also for one tensor: (x,) = … unpacks it",
        )
        yield is_tensor(value)
        yield value.shape == (count,), f"a velocity has shape {list(value.shape)}", "[N], as theta"


def _known_mistakes(both, theta, psi):
    """Lines about velocities [2, N] that are wrong in a way that has a name."""
    right = _velocities(theta, psi, _d_loss, _g_loss)
    of_theta, of_psi = right
    without_real = -theta * torch.sigmoid(psi * theta)
    moved_psi = psi + of_psi
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
        (
            torch.stack([_velocities(theta, moved_psi, _d_loss, _g_loss)[0], of_psi]),
            "theta answers a psi that has moved already",
            "both velocities belong to the same theta and psi",
        ),
        (
            torch.stack(right).clamp(-1, 1),
            "no velocity leaves [-1, 1]",
            f"no clamp: at psi = -1.2 that of psi is {of_psi[1]:.4g}",
        ),
    )
    yield wrong_if(
        not both[:, 1:].any(),
        "only the first point moves",
        "each point is a game of its own: .sum() before the gradient, no [0]",
    )


def _all_right(both, theta, psi, d_loss, g_loss):
    """Lines with the first point at which one of the velocities [2, N] is wrong."""
    expected = torch.stack(_velocities(theta, psi, d_loss, g_loss))
    formulas = (
        "−∂ g_loss(psi · theta) / ∂ theta",
        "−∂ d_loss(psi, psi · theta) / ∂ psi: psi stands in both scores",
    )
    for name, of_name, right, formula in zip(
        ("theta", "psi"), both, expected, formulas, strict=True
    ):
        apart = ~torch.isclose(of_name, right, rtol=1e-5, atol=1e-5)
        if not apart.any():
            continue
        numbers = two_numbers(of_name[apart][0], right[apart][0])
        if near(both, expected, atol=2e-3):
            formula = "right to about three digits only: no half() and no round()"
        elif near(both, expected, atol=0.1):
            formula = "this is near: a derivative, by torch.autograd.grad, and no difference"
        yield (
            False,
            f"at theta = {theta[apart][0]:.4g} and psi = {psi[apart][0]:.4g}, "
            f"{name}'s velocity is {numbers}",
            formula,
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
