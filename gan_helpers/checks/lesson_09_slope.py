"""Checks of lesson 09 · Wasserstein GAN, exercises 3 and 4: points, and a penalty on the slope."""

from functools import partial

import torch

from gan_helpers.checks import (
    SEED,
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
    draw = torch.Generator().manual_seed(SEED)
    for shape in ((5, 3, 4), (400, 3), (7, 1, 6, 7), (3, 2, 5, 3)):
        yield from _interpolate_flat_images(answer, shape)
        real = torch.randn(shape, generator=draw)
        fake = torch.randn(shape, generator=draw)
        yield from _interpolate_images(answer, real, fake)


SHAPE_HINT = "epsilon needs shape [B, 1, …, 1], with as many dimensions as the images"


def _interpolate_flat_images(answer, shape):
    """Lines about images of one shape, all 3 where they are real and all -1 where fake."""
    try:
        points = answer(torch.full(shape, 3.0), torch.full(shape, -1.0))
    except NotImplementedError:
        raise  # the stub; to Python it is a RuntimeError too
    except RuntimeError as error:
        first_line = str(error).splitlines()[0].rstrip(".")
        yield False, f"images of shape {list(shape)} stop it: {first_line}", SHAPE_HINT
    yield is_tensor(points)
    yield (
        points.shape == shape,
        f"images {list(shape)} become {list(points.shape)}",
        SHAPE_HINT
        if points.numel() != torch.Size(shape).numel()
        else "give the points the shape of the images: no squeeze(), no flatten() at the end",
    )
    flat = points.detach().flatten(1)
    number = (flat - flat[:, :1]).abs().amax(1).argmax()
    pixels = flat[number]
    yield (
        near(flat, flat[:, :1].expand_as(flat), atol=1e-4),
        "real is 3 in all pixels, fake −1 in all, and the pixels of a point differ: those of image "
        f"{number} go from {pixels.min():.3g} to {pixels.max():.3g}",
        "one epsilon per image: shape [B, 1, …, 1], not rand_like; and no noise",
    )


def _interpolate_images(answer, real, fake):
    """Lines about images whose pixels differ."""
    points = answer(real, fake)
    yield points.shape == real.shape, f"the points have shape {list(points.shape)}", SHAPE_HINT
    points = points.detach().float().flatten(1)
    real = real.flatten(1)
    fake = fake.flatten(1)
    highest = points.max()
    yield wrong_if(
        (points == highest).sum() > 3,
        f"{(points == highest).sum()} numbers of the points are {highest:.3g}, and none is higher",
        "no clamp(): the points stay as they are",
    )
    gap = real - fake
    epsilon = ((points - fake) * gap).sum(1) / gap.square().sum(1)
    if not near(points, fake + epsilon[:, None] * gap, atol=1e-3):
        yield from _off_the_line(points, real, fake)
    yield wrong_if(
        near(epsilon, epsilon[:1].expand_as(epsilon)),
        "all images have one epsilon",
        "len(real) of them, one for each image",
    )
    if len(epsilon) == 400:
        yield from _epsilons_are_uniform(epsilon)


def _off_the_line(points, real, fake):
    """Lines about points [B, pixels] that do not lie on the lines from fake to real."""
    pairs = torch.stack([real, fake], dim=2)
    shares = torch.linalg.lstsq(pairs, points.unsqueeze(2)).solution  # [B, 2, 1]
    number = (shares.sum(1) - 1).abs().argmax()
    of_real, of_fake = shares[number].flatten()
    yield wrong_if(
        near((pairs @ shares).squeeze(2), points, atol=1e-3),
        f"image {number} is {of_real:.3g} · real {'−' if of_fake < 0 else '+'} "
        f"{of_fake.abs():.3g} · fake",
        "the two shares add up to 1: epsilon · real + (1 - epsilon) · fake, of one draw",
    )
    yield (
        False,
        "the points do not lie on the line between an image and its fake",
        "image 0 belongs to fake 0, in their own order; and no noise on top",
    )


def _epsilons_are_uniform(epsilon):
    """Lines about the distribution of 400 epsilons."""
    steps = epsilon.diff()
    yield wrong_if(
        (steps >= -1e-5).all() or (steps <= 1e-5).all(),
        "the epsilons are sorted",
        "torch.rand as it is: each image has one of its own",
    )
    yield (
        epsilon.min() >= -1e-4 and epsilon.max() <= 1 + 1e-4,
        f"some points lie beyond the ends of the line: their epsilons go from {epsilon.min():.2f} "
        f"to {epsilon.max():.2f}, and not from 0 to 1",
        "epsilon · real + (1 - epsilon) · fake with torch.rand, which is uniform on 0 to 1; "
        "torch.randn is normal",
    )
    yield (
        abs(epsilon.mean() - 0.5) < 0.1 and 0.07 < epsilon.var() < 0.1,
        "the epsilons are not evenly spread "
        f"from 0 to 1: mean {epsilon.mean():.2f}, variance {epsilon.var():.3f}",
        "torch.rand as it is, without another function on top",
    )
    yield (
        (steps.abs() < 1e-6).sum() < 20,
        "neighbours among the images share an epsilon",
        "len(real) draws, one for each image",
    )


@check
def penalty_from(answer):
    """answer(gradients [B, …], weight) -> weight · mean of (norm per image - 1)², no NaN at 0."""
    try:
        penalty = answer(torch.tensor([2.0, -3.0, 6.0]).expand(5, 3).clone(), 2.5)
    except (IndexError, RuntimeError) as error:
        text = str(error)
        if "Dimension out of range" not in text and "invalid for input of size" not in text:
            raise
        yield (
            False,
            f"gradients of shape [5, 3] stop it: {text.splitlines()[0]}",
            "any shape behind B, with no dimensions or sizes written in: one length per image, "
            "by flatten(1) and dimension 1",
        )
    yield from is_number(penalty)
    yield from _penalty_of_length_7(penalty)
    penalty = answer(torch.tensor([[0.0, 0.5], [2.0, 0.0], [0.0, -3.0]]), 3.0)
    yield from is_number(penalty)
    yield from _penalty_of_three_lengths(penalty)
    pictures = torch.arange(36.0).remainder(5).sub(2).view(3, 2, 2, 3)
    right = _penalty(pictures, 2.0)
    penalty = answer(pictures, 2.0)
    yield from is_number(penalty, "pictures have three dimensions behind B: flatten(1) first")
    yield (
        near(penalty, right, atol=1e-3),
        f"pictures of shape [2, 2, 3] give {two_numbers(penalty, right)}",
        "the length goes over channels, rows and columns: flatten(1) first, then vector_norm",
    )
    yield from _what_a_penalty_sends_back(answer)


def _penalty_of_length_7(penalty):
    """Lines about five gradients (2, -3, 6) at weight 2.5."""
    over_batch = 2.5 * (torch.tensor([2.0, 3.0, 6.0]) * 5**0.5 - 1).square().mean()
    one_an_image = "one length per image: dimension 1"
    weight = "use `weight`, which may be any number, here 2.5"
    divided = "there are five images here: .mean()"
    yield from mistakes(
        penalty,
        (over_batch, "the length is taken over the batch, a number for each pixel", one_an_image),
        (2.5 * (7 * 5**0.5 - 1) ** 2, "the whole batch has one length", one_an_image),
        (2.5 * 49, "it is 2.5 · 7²", "the 1 is missing: length minus 1, then the square"),
        (2.5 * 64, "it is 2.5 · (7 + 1)²", "length minus 1, and not plus"),
        (450.0, "it is the sum over the images", "the mean, so that batches of any size agree"),
        (450 / 4, "the sum over the images is divided by 4", divided),
        (450 / 64, "the sum over the images is divided by 64", divided),
        (
            2.5 * 100,
            "it is 2.5 · (2 + 3 + 6 − 1)²",
            "the length is √(4 + 9 + 36), the Euclidean norm",
        ),
        (
            2.5 * 16,
            "it is 2.5 · (2 − 3 + 6 − 1)²",
            "the length is √(4 + 9 + 36), the Euclidean norm",
        ),
        (2.5 * 25, "it is 2.5 · (6 − 1)²", "the length is √(4 + 9 + 36), and not the largest"),
        (36.0, "the weight is left out", "weight times the mean"),
        (10 * 36.0, "it is 10 · (7 − 1)²", weight),
        (2 * 36.0, "it is 2 · (7 − 1)²", weight),
        (15.0, "the difference from 1 is not squared", "the square of (length − 1)"),
        (2.5 * 48**2, "the square root is missing", "the length, not its square"),
        comparison=partial(near, atol=1e-2),
    )
    yield (
        near(penalty, 90.0, atol=1e-2),
        f"five gradients (2, −3, 6) give {two_numbers(penalty, 90)}",
        "each has length √(4 + 9 + 36) = 7 and costs 2.5 · (7 − 1)²; then the mean over the five",
    )


def _penalty_of_three_lengths(penalty):
    """Lines about lengths of ½, 2 and 3 at weight 3."""
    over_all = "the mean over all images"
    of_lengths = "lengths of ½, 2 and 3 at weight 3"
    yield from mistakes(
        penalty,
        (0.75, f"of {of_lengths} only the first counts", over_all),
        (12.0, f"of {of_lengths} only the steepest counts", over_all),
        (5.0, f"of {of_lengths} the ½ costs nothing", "lengths below 1 cost too: (½ − 1)²"),
        (
            3 * (5.5 / 3 - 1) ** 2,
            f"of {of_lengths} it takes the mean, and then the difference from 1",
            "(length − 1)² for each image: the mean comes after the square",
        ),
        comparison=partial(near, atol=1e-4),
    )
    yield (
        near(penalty, 5.25),
        f"{of_lengths} give {two_numbers(penalty, 5.25)}",
        "3 times the mean of (½ − 1)², (2 − 1)² and (3 − 1)²",
    )


def _what_a_penalty_sends_back(answer):
    """Lines about the gradient of the penalty, at a gradient of 0 and at steeper ones."""
    flat = torch.zeros(2, 3, requires_grad=True)
    penalty = answer(flat, 10.0)
    yield (
        penalty.requires_grad,
        "it has lost its graph",
        "no .detach(), no .tolist(), no torch.no_grad() and no torch.tensor(…) of the value: the "
        "critic is trained by it",
    )
    yield (
        near(penalty, 10.0, atol=1e-2),
        f"a gradient of 0 pays {two_numbers(penalty, 10)}",
        "weight · (0 − 1)²",
    )
    (slope,) = torch.autograd.grad(penalty, flat, allow_unused=True, materialize_grads=True)
    yield (
        bool(torch.isfinite(slope).all()),
        "at a gradient of 0 it sends back nan",
        "the square root is infinitely steep at 0: torch.linalg.vector_norm",
    )
    for shape in ((4, 3), (1, 2, 3), (3, 2, 2, 2), (2, 1, 5, 4)):
        for steepness in (0.7, 30.0):
            yield from same_slopes(answer, _penalty, torch.randn(shape) * steepness, 2.5)
    turned = torch.randn(3, 2, 4).transpose(0, 2)  # its memory is in another order
    penalty = answer(turned, 1.0)
    yield (
        near(penalty, _penalty(turned, 1.0)),
        f"a transposed tensor gives {two_numbers(penalty, _penalty(turned, 1.0))}",
        "flatten(1)",
    )


def _penalty(gradients, weight):
    lengths = torch.linalg.vector_norm(gradients.flatten(1), dim=1)
    return weight * (lengths - 1).square().mean()
