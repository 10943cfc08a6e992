"""Checks of lesson 09 · Wasserstein GAN, exercises 3 to 5: what limits the critic's slope."""

from functools import partial

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


@check(draws=True)
def interpolate(answer):
    """answer(real [B, …], fake [B, …]) -> epsilon · real + (1 - epsilon) · fake, one an image."""
    for shape in ((5, 3, 4), (400, 2), (7, 1, 6, 7), (3, 2, 5, 3)):
        yield from _interpolate_shape(answer, shape)
    real = torch.randn(6, 1, 5, 4)
    fake = torch.randn(6, 1, 5, 4)
    way = answer(real.clone(), fake.clone()) - fake
    gap = real - fake
    share = (way * gap).flatten(1).sum(1) / gap.square().flatten(1).sum(1)
    yield (
        near(way, share.view(6, 1, 1, 1) * gap),
        "the points do not lie on the line between an image and its fake",
        "the shares of the two add up to 1, and image 0 belongs to fake 0",
    )


def _interpolate_shape(answer, shape):
    """Lines about images of one shape, all 3 where they are real and all -1 where fake."""
    real = torch.full(shape, 3.0)
    fake = torch.full(shape, -1.0)
    shape_hint = "epsilon needs shape [B, 1, …, 1], with as many dimensions as the images"
    try:
        points = answer(real.clone(), fake.clone())
    except NotImplementedError:
        raise  # the stub; to Python it is a RuntimeError too
    except RuntimeError as error:
        first_line = str(error).splitlines()[0]
        yield False, f"images of shape {list(shape)} stop it: {first_line}", shape_hint
    yield is_tensor(points)
    yield points.shape == shape, f"images {list(shape)} become {list(points.shape)}", shape_hint
    epsilon = ((points - fake) / (real - fake)).flatten(1)  # [B, pixels]
    same_pixels = near(epsilon, epsilon[:, :1].expand_as(epsilon))
    same_images = near(epsilon, epsilon[:1].expand_as(epsilon))
    yield wrong_if(
        same_pixels and same_images,
        "all images have one epsilon",
        "len(real) of them, one for each image",
    )
    yield (
        same_pixels,
        "the pixels of an image have different epsilons",
        "one epsilon per image: shape [B, 1, …, 1], not rand_like",
    )
    if len(epsilon) == 400:
        yield from _epsilons_are_uniform(epsilon[:, 0])


def _epsilons_are_uniform(epsilon):
    """Lines about the distribution of 400 epsilons."""
    yield wrong_if(
        (epsilon.diff() >= 0).all() or (epsilon.diff() <= 0).all(),
        "the epsilons are sorted",
        "torch.rand as it is: each image has one of its own",
    )
    yield (
        epsilon.min() >= 0 and epsilon.max() <= 1,
        "some epsilons lie outside 0 to 1",
        "torch.rand is uniform on 0 to 1; torch.randn is normal",
    )
    yield (
        abs(epsilon.mean() - 0.5) < 0.1 and 0.07 < epsilon.var() < 0.1,
        "the epsilons are not evenly spread "
        f"from 0 to 1: mean {epsilon.mean():.2f}, variance {epsilon.var():.3f}",
        "torch.rand as it is, without another function on top",
    )


@check
def penalty_from(answer):
    """answer(gradients [B, …], weight) -> weight · mean of (norm per image - 1)², no NaN at 0."""
    penalty = answer(torch.tensor([3.0, 4.0, 0.0]).expand(5, 3).clone(), 10.0)
    yield from is_number(penalty)
    yield from _penalty_of_length_5(penalty)
    uneven = torch.tensor([[0.0, 0.5], [2.0, 0.0], [0.0, -3.0]])  # lengths ½, 2 and 3
    yield (
        near(answer(uneven, 3.0), 5.25),
        f"lengths of ½, 2 and 3 at weight 3 give {two_numbers(answer(uneven, 3.0), 5.25)}",
        "lengths below 1 cost too, and the mean comes after the square",
    )
    pictures = torch.full((3, 2, 2, 3), 1.0)  # length √12
    right = 2 * (12**0.5 - 1) ** 2
    penalty = answer(pictures, 2.0)
    yield from is_number(penalty, "pictures have three dimensions behind B: flatten(1) first")
    yield (
        near(penalty, right, atol=1e-3),
        f"pictures of shape [2, 2, 3] give {two_numbers(penalty, right)}",
        "the length goes over channels, rows and columns: flatten(1) first",
    )
    yield from _what_a_penalty_sends_back(answer)


def _penalty_of_length_5(penalty):
    """Lines about five gradients (3, 4, 0) at weight 10."""
    over_batch = 10 * (torch.tensor([3.0, 4.0, 0.0]) * 5**0.5 - 1).square().mean()
    one_an_image = "one length per image: dimension 1"
    yield from mistakes(
        penalty,
        (over_batch, "the length is taken over the batch, a number for each pixel", one_an_image),
        (10 * (5 * 5**0.5 - 1) ** 2, "the whole batch has one length", one_an_image),
        (250.0, "it is 10 · 5²", "the 1 is missing: length minus 1, then the square"),
        (800.0, "it is the sum over the images", "the mean, so that batches of any size agree"),
        (360.0, "it is (3 + 4 − 1)²", "the length is √(9 + 16): the Euclidean norm"),
        comparison=partial(near, atol=1e-2),
    )
    yield from mistakes(
        penalty,
        (16.0, "the weight is left out", "weight times the mean"),
        (40.0, "the difference from 1 is not squared", "the square of (length − 1)"),
        comparison=partial(near, atol=1e-3),
    )
    yield from mistakes(
        penalty,
        (10 * 24.0**2, "the square root is missing", "the length, not its square"),
        comparison=partial(near, atol=1),
    )
    yield (
        near(penalty, 160.0, atol=1e-2),
        f"five gradients (3, 4, 0) give {two_numbers(penalty, 160)}",
        "10 · (5 − 1)²",
    )


def _what_a_penalty_sends_back(answer):
    """Lines about the gradient of the penalty, at a gradient of 0 and at steeper ones."""
    flat = torch.zeros(2, 3, requires_grad=True)
    penalty = answer(flat, 10.0)
    yield (
        penalty.requires_grad,
        "it has lost its graph",
        "no .detach(): the critic is trained by it",
    )
    yield (
        near(penalty, 10.0, atol=1e-2),
        f"a gradient of 0 pays {two_numbers(penalty, 10)}",
        "weight · (0 − 1)²",
    )
    (slope,) = torch.autograd.grad(penalty, flat)
    yield (
        bool(torch.isfinite(slope).all()),
        "at a gradient of 0 it sends back nan",
        "the square root is infinitely steep at 0: torch.linalg.vector_norm",
    )
    for shape in ((4, 3), (1, 2, 3), (3, 2, 2, 2), (2, 1, 5, 4)):
        yield from same_slopes(answer, _penalty, torch.randn(shape) * 0.7, 2.5)
    turned = torch.randn(3, 2, 4).transpose(0, 2)  # its memory is in another order
    yield (
        near(answer(turned, 1.0), _penalty(turned, 1.0)),
        "a transposed tensor fails",
        "flatten(1)",
    )


def _penalty(gradients, weight):
    lengths = torch.linalg.vector_norm(gradients.flatten(1), dim=1)
    return weight * (lengths - 1).square().mean()


def _critic():
    """A net with BatchNorm and layers inside others, its parameters from -0.5 to about 0.8."""
    critic = nn.Sequential(
        nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Sequential(nn.Linear(4, 2), nn.Linear(2, 1))
    )
    with torch.no_grad():
        for number, parameter in enumerate(critic.parameters()):
            values = torch.linspace(-0.5, 0.7, parameter.numel()).view_as(parameter)
            parameter.copy_(values + 0.01 * number)
        critic[2][1].bias.fill_(0.6)
    return critic


@check(changes=True)
def clip_critic(answer):
    """answer(critic, c): every parameter into [-c, c], in place."""
    for c in (0.05, 0.3):
        critic = _critic().train(c == 0.3)
        critic[2][0].weight.requires_grad_(c == 0.3)  # it is clipped, frozen or not
        held = dict(critic.named_parameters())
        before = {name: parameter.detach().clone() for name, parameter in held.items()}
        try:
            returned = answer(critic, c)
        except RuntimeError as error:
            if "leaf Variable" not in str(error):
                raise
            yield (
                False,
                f"torch stops it: {str(error).splitlines()[0]}",
                "a parameter may be changed in place only under torch.no_grad()",
            )
        yield (
            returned is None,
            f"it returns {type(returned).__name__}",
            "nothing: it works in place",
        )
        after = dict(critic.named_parameters())
        yield (
            all(after[name] is parameter for name, parameter in held.items()),
            "the critic has new parameters",
            "the optimiser still holds the old ones: in place, clamp_",
        )
        changed = {name for name in held if not torch.equal(after[name], before[name])}
        yield (
            bool(changed),
            "nothing has changed",
            "clamp makes a new tensor; clamp_ works in place",
        )
        yield (
            all(parameter.dtype == torch.float32 for parameter in after.values()),
            "the critic has other numbers than float32",
            "the same tensors, clipped",
        )
        yield from _limits(after, before, c)
        yield from _layers_reached(changed, held)
        yield from _clipped_values(after, before, c)
        buffers = dict(_critic().named_buffers())
        yield (
            all(torch.equal(buffer, buffers[name]) for name, buffer in critic.named_buffers()),
            "BatchNorm's running means or variances have changed",
            "parameters only, not the whole state_dict",
        )
        with torch.no_grad():
            critic[0].weight.fill_(3.0)
        answer(critic, c)
        yield near(critic[0].weight, torch.full((4, 3), c)), "a second call does nothing", "clip"


def _all_clipped(after, before, low, high):
    """Whether every parameter is what it was, clipped into [low, high]."""
    return all(near(after[name], before[name].clamp(low, high)) for name in before)


def _limits(after, before, c):
    """Lines about values that are clipped on one side, or on the wrong one."""
    yield wrong_if(
        any(near(after[name], -before[name].clamp(-c, c)) for name in before),
        "signs have changed",
        "clamp_(-c, c)",
    )
    highest = max(parameter.max() for parameter in after.values())
    lowest = min(parameter.min() for parameter in after.values())
    yield wrong_if(
        highest > c and _all_clipped(after, before, -c, None),
        "there is no upper limit",
        "clamp_(-c, c) has two",
    )
    yield wrong_if(
        lowest < -c and _all_clipped(after, before, None, c),
        "there is no lower limit",
        "clamp_(-c, c) has two",
    )


def _layers_reached(changed, held):
    """Lines about the names of the parameters that have changed, among all that are held."""
    biases = {name for name in held if name.endswith("bias")}
    inner = {name for name in held if name.startswith("2")}
    yield bool(changed & biases), "the biases are left out", "critic.parameters() has them all"
    yield (
        bool(changed & inner) and bool(changed - inner),
        "some layers are left out",
        "critic.parameters() reaches every layer, also those inside others",
    )


def _clipped_values(after, before, c):
    """Lines about the parameters' values after clipping to c."""
    yield wrong_if(_all_clipped(after, before, -0.01, 0.01), "it clips to 0.01 always", "use c")
    bias = before["0.bias"]
    yield wrong_if(
        near(after["0.bias"], bias * c / bias.abs().max()),
        "weights inside the range have changed",
        "no scaling: what lies inside stays as it is",
    )
    yield (
        _all_clipped(after, before, -c, c),
        f"with c = {c} not every parameter is what it should be",
        "clamp_(-c, c) on each",
    )
