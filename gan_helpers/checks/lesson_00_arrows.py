"""Check of lesson 00, exercise 4: the direction in which each fake's score grows fastest."""

import torch
from torch import nn

from gan_helpers.checks import check, is_tensor, mistakes, near, wrong_if


def _gradients(D, fakes):
    fakes = fakes.clone().requires_grad_()
    return torch.autograd.grad(D(fakes).sum(), fakes)[0]


def _hill():
    """D with a hill around (0, 0), so that arrows point in many directions."""
    D = nn.Sequential(nn.Linear(2, 4), nn.Tanh(), nn.Linear(4, 1), nn.Flatten(0))
    with torch.no_grad():
        D[0].weight.copy_(torch.tensor([[1.0, 0.5], [1.0, 0.5], [-0.5, 1.0], [-0.5, 1.0]]))
        D[0].bias.copy_(torch.tensor([1.0, -1.0, 1.0, -1.0]))
        D[2].weight.copy_(torch.tensor([[1.0, -1.0, 2.0, -2.0]]))
    return D


def _pair(arrow):
    return f"({arrow[0]:.7g}, {arrow[1]:.7g})"


@check
def uphill(answer):
    """answer(D, fakes [N, 2]) -> the gradient of each fake's own score [N, 2], D's weights none."""
    D = _hill()
    fakes = torch.tensor([[0.5, -1.0], [-1.2, 0.4], [1.5, 0.7], [-0.3, -0.6], [0.8, 1.2]])
    right = _gradients(D, fakes)
    arrows = answer(D, fakes)
    yield wrong_if(
        isinstance(arrows, tuple),
        "it returns a tuple",
        "autograd.grad returns a tuple of one: take the first",
    )
    yield wrong_if(
        arrows is None,
        "it returns None",
        "autograd.grad returns the gradient and stores none in x.grad; and end with `return`",
    )
    yield is_tensor(arrows)
    yield (
        arrows.shape == fakes.shape,
        f"five fakes give {list(arrows.shape)}",
        "the gradient by the fakes, which has their shape",
    )
    without_arrow = (arrows == 0).all(1).nonzero().flatten().tolist()
    yield wrong_if(
        without_arrow,
        f"the fakes {without_arrow} have no arrow, (0, 0)",
        "every score counts: one number of all, by their sum",
    )
    probability = D(fakes).sigmoid()[:, None].detach()
    unit_length = right / right.norm(dim=1, keepdim=True)
    yield from mistakes(
        arrows,
        (-right, "the arrows point downhill", "the gradient itself, without a minus"),
        (
            right / 5,
            "the arrows are too short by the number of fakes",
            "a fake's own score: the sum, not the mean",
        ),
        (
            right * probability * (1 - probability),
            "it is the gradient of the probability",
            "of the score, without a sigmoid",
        ),
        (
            right * (1 - probability),
            "it is the gradient of -softplus(-score)",
            "of the score itself: the loss has arrows of other lengths",
        ),
        (
            unit_length,
            "every arrow has length 1",
            "how steep it is counts too: leave the length as it is",
        ),
        (fakes + right, "it returns the fakes, moved along their arrows", "the arrows alone"),
        (
            right.cumsum(0),
            "each arrow has those before it added",
            ".grad adds up from call to call, autograd.grad does not",
        ),
        (
            arrows[:1].expand(5, 2),
            "all arrows are the same",
            "each is the gradient at its own fake: no mean over the fakes",
        ),
    )
    is_wrong = ~torch.isclose(arrows.detach().float(), right, atol=1e-6).all(1)
    for number in is_wrong.nonzero().flatten().tolist()[:1]:
        yield (
            False,
            f"fake {number} has the arrow {_pair(arrows[number])} and not {_pair(right[number])}",
            "the gradient of the sum of the scores by the fakes, and nothing is changed afterwards",
        )
    other_D = nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 1), nn.Flatten(0))
    other_D[0].requires_grad_(False)  # frozen in part, as a D may be
    one = torch.tensor([[3.0, -1.5]])
    arrows = answer(other_D, one)
    yield (
        arrows.shape == one.shape,
        f"one fake alone gives {list(arrows.shape)}",
        "[1, 2]: no squeeze()",
    )
    right = _gradients(other_D, one)
    yield (
        near(arrows, right, 1e-6),
        f"with another D one fake alone has the arrow {_pair(arrows[0])} and not {_pair(right[0])}",
        "D and the fakes are the arguments, however many",
    )
