"""Checks of lesson 02 · Classic GAN; those of exercises 1 and 3 are in modules of their own."""

import copy

import torch

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
from gan_helpers.checks.lesson_02_algorithm import algorithm_1
from gan_helpers.checks.lesson_02_steps import discriminator_update, tiny_nets

__all__ = ["algorithm_1", "discriminator_update", "draw", "squared_error"]


def _refuses(answer, *arguments):
    try:
        answer(*arguments)
    except Exception:
        return True
    return False


@check
def squared_error(answer):
    """answer(scores [B] or [B, 1], targets [B]) -> mean over the batch of (score - target)²."""
    scores = torch.tensor([3.0, 1.0, 6.0])
    targets = torch.tensor([2.0, 1.0, 2.0])
    yield from _lines_on_three(answer(scores, targets), scores, targets)
    try:
        of_column = answer(scores[:, None], targets)
    except (ValueError, AssertionError) as error:  # what a reader raises, who compares shapes
        yield (
            False,
            f"it refuses scores [3, 1] with 3 targets ({type(error).__name__}: {error})",
            "these are three scores and three targets: compare numel(), not the shapes",
        )
        return
    yield from _lines_on_three(of_column, scores[:, None], targets)
    for given in (scores + 0.4, scores[:, None] + 0.4):
        result = answer(given, targets - 0.3)
        yield wrong_if(
            near(result, _squared_error(given.round(), targets - 0.3)),
            "it rounds the scores",
            "take them as they are: where numbers are rounded, the gradient is 0",
        )
        yield from same_slopes(answer, _squared_error, given, targets - 0.3, constant=(1,))
    far = answer(scores + 10_000, targets + 10_000)
    yield (
        near(far, 17 / 3, 1e-3),
        f"for scores and targets near 10,000 it is {two_numbers(far.item(), 17 / 3)}",
        "subtract first, then square: s² - 2st + t² loses its digits where s and t are large",
    )
    yield from same_slopes(answer, _squared_error, scores, scores.flip(0), constant=(1,))
    of_one = answer(torch.full((1, 1), 4.0), torch.ones(1))
    yield (
        near(of_one, 9.0),
        f"for one score of 4 and one target of 1 it is {two_numbers(of_one.item(), 9)}",
        "a batch of one is a batch, too",
    )
    for shape, count in (((3,), 2), ((1,), 3), ((3,), 1), ((3, 2), 3), ((1, 1), 3), ((4, 1), 2)):
        yield (
            _refuses(answer, torch.zeros(shape), torch.zeros(count)),
            f"it takes scores of shape {list(shape)} and {count} targets",
            "numbers that do not match must be an error: reshape the scores to the targets' shape, "
            "do not stretch",
        )


def _lines_on_three(error, scores, targets):
    """Lines on the error of three scores, in one of the two shapes."""
    yield from is_number(error)
    over_pairs = (scores.reshape(3, 1) - targets).square().mean()
    yield wrong_if(
        near(error, over_pairs),
        f"for scores {list(scores.shape)} you get {error:.3f}, a mean over nine pairs",
        "[3, 1] and [3] broadcast to [3, 3]. Bring both to one shape first",
    )
    yield wrong_if(near(error, 17.0), "it is the sum", "the mean does not grow with the batch")
    yield (
        near(error, 17 / 3),
        f"for scores {list(scores.shape)} you get {error:.3f}, not 17/3",
        "(1² + 0² + 4²) / 3",
    )


def _squared_error(scores, targets):
    return (scores.reshape(targets.shape) - targets).square().mean()


@check
def draw(answer):
    """answer(G, z) -> pictures in eval mode and without a graph; G's mode is as before."""
    G, _ = tiny_nets()
    G(torch.randn(64, 3) * 2 + 1)  # running statistics unlike those of a batch
    for was_training, z in (
        (True, torch.randn(25, 3)),
        (False, torch.randn(25, 3)),
        (True, torch.randn(1, 3)),
    ):
        before = copy.deepcopy(G)
        pictures = answer(G.train(was_training), z)
        yield is_tensor(pictures)
        yield from _lines_on_pictures(pictures, before, z)
        yield wrong_if(
            pictures.requires_grad and pictures.is_leaf,
            "the pictures ask for gradients",
            "no requires_grad_() on them: they are the end of it",
        )
        yield wrong_if(
            pictures.requires_grad,
            "the pictures carry a graph with them",
            "wrap the call in torch.no_grad()",
        )


def _pictures_of(G, z, *modes):
    """What G, as it is, makes of z in the last of these modes, after the modes before."""
    G = copy.deepcopy(G)
    with torch.no_grad():
        for is_training in modes:
            pictures = G.train(is_training)(z)
    return pictures


def _lines_on_pictures(pictures, G, z):
    """Lines on whether these are the pictures that G makes of z in eval mode."""
    right = _pictures_of(G, z, False)
    yield (
        pictures.shape == right.shape,
        f"z {list(z.shape)} gives pictures {list(pictures.shape)} and not {list(right.shape)}",
        "return G(z) as it is: a picture for each z, no flatten() and no squeeze()",
    )
    yield (
        pictures.dtype == right.dtype,
        f"the pictures are {pictures.dtype}".replace("torch.", ""),
        "return G(z) as it is, with float32 numbers in [-1, 1]",
    )
    if near(pictures, right):
        return
    if len(z) > 1:  # in train mode, BatchNorm takes no batch of one
        yield from mistakes(
            pictures,
            (
                _pictures_of(G, z, True),
                "a picture depends on what else is in its batch",
                "in train mode BatchNorm takes mean and deviation from the batch: G.eval() first",
            ),
            (
                _pictures_of(G, z, True, False),
                "G has seen z in train mode, which moves BatchNorm's running statistics",
                "G.eval() comes before G sees anything",
            ),
        )
    factor = (pictures.flatten()[0] / right.flatten()[0]).item()
    yield from mistakes(
        pictures,
        ((right + 1) / 2, "the pictures are scaled to [0, 1]", "G(z) as it is, in [-1, 1]"),
        (right.clamp(min=0), "the pictures are cut off at 0", "G(z) as it is, in [-1, 1]"),
        (
            right * factor,
            f"all pixels are {factor:.3f} times as large as G makes them",
            "return G(z) as it is",
        ),
    )
    yield wrong_if(
        near(pictures.sort(0).values, right.sort(0).values),
        "the pictures come in another order",
        "picture i is made of z[i]: no sorting",
    )
    worst = (pictures - right).abs().argmax().item()
    pixel = [number.item() for number in torch.unravel_index(torch.tensor(worst), right.shape)]
    numbers = two_numbers(pictures.flatten()[worst].item(), right.flatten()[worst])
    yield (
        False,
        f"pixel {pixel} of the pictures is {numbers}",
        "z goes into G as it is, in eval mode, and G(z) comes out as it is",
    )
