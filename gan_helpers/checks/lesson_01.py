"""Checks of lesson 01 · Data scaling to [-1, 1]; that of exercise 2 is in lesson_01_bytes."""

import itertools

import torch

from gan_helpers.checks import check, is_tensor, mistakes, near, two_numbers, without, wrong_if
from gan_helpers.checks.lesson_01_bytes import from_tanh_range
from gan_helpers.checks.wording import described

__all__ = ["from_tanh_range", "load_batch", "to_tanh_range", "which_scaling"]


@check
def to_tanh_range(answer):
    """answer(pixels uint8, any shape) -> float32 in [-1, 1] of that shape."""
    yield without(answer, "to_tanh_range")
    pixels = torch.tensor([[0, 51, 255], [204, 102, 20]], dtype=torch.uint8)
    images = answer(pixels)
    yield is_tensor(images)
    yield (
        images.shape == pixels.shape,
        f"shape {list(pixels.shape)} has become {list(images.shape)}",
        "keep the shape",
    )
    yield (
        images.is_floating_point(),
        f"it returns {images.dtype}",
        "turn bytes into floats before you compute",
    )
    yield _is_float32(images)
    grey = pixels.float()
    yield from mistakes(
        images,
        (
            grey / 255,
            "black is 0 and not -1",
            "that is the first of two steps: [0, 1] is not yet [-1, 1]",
        ),
        (
            grey / 127.5,
            "the range is [0, 2]",
            "that is the first of two steps: take 1 off at the end",
        ),
        (
            (grey - 0.5) / 127.5,
            "the half is taken off before the division by 255",
            "first / 255, then - 0.5",
        ),
        (
            (grey // 255) * 2 - 1,
            "all but white is -1",
            "// throws away what stands behind the point, / does not",
        ),
        (
            grey.tanh(),
            "51 and 255 have both become 1",
            "the range of tanh is meant, and not tanh itself",
        ),
        (
            (grey / 127.5 - 1).clamp(min=0),
            "all that is darker than middle grey is 0",
            "no clamp: black is -1",
        ),
    )
    yield from _scaled(pixels, images)
    for greys in ([10, 60], [1, 0]):
        dim = torch.tensor(greys, dtype=torch.uint8).view(2, 1, 1)
        images = answer(dim)
        yield (
            images.shape == dim.shape,
            f"shape {list(dim.shape)} has become {list(images.shape)}",
            "keep the shape, dimensions of length 1 too",
        )
        yield from _grey_by_grey(dim, images)


def _is_float32(images):
    """The line on the type of scaled images."""
    return (
        images.dtype == torch.float32,
        f"it returns {images.dtype}",
        "the nets compute with float32: use .float()",
    )


def _scaled(pixels, images):
    """Lines on whether images are these pixels, from [0, 255] to [-1, 1]; both of one shape."""
    right = (pixels.float() / 255 - 0.5) / 0.5
    yield from mistakes(
        images, (-right, "black and white are exchanged", "x - 0.5, and not 0.5 - x")
    )
    numbers = images.flatten().sort().values
    yield wrong_if(
        near(numbers, right.flatten().sort().values) and not near(images, right),
        "the numbers are right, and their places are not",
        "each pixel stays where it is, in its picture: rows and columns, left and right",
    )
    yield _in_order(pixels, images)
    low = images.min().item()
    high = images.max().item()
    yield wrong_if(
        abs(low + 0.4242) < 1e-3,
        f"the range is [{low:g}, {high:g}]",
        "mean and deviation are a classifier's scaling: use 0.5 and 0.5",
    )
    yield wrong_if(
        low < 0 and abs(images.mean().item()) < 1e-5,
        f"the range is [{low:g}, {high:g}], and the mean of the batch is 0",
        "the batch's own mean and deviation are no part of it: 0.5 and 0.5, for each batch",
    )
    yield wrong_if(high > 100, f"white is {high:g}", "divide by 255 first")
    yield (
        (low, high) == (-1, 1),
        f"the range is [{low:g}, {high:g}]",
        "0 must become exactly -1, and 255 exactly 1",
    )
    yield from _grey_by_grey(pixels, images)


def _in_order(pixels, images):
    """The line on whether brighter pixels are brighter images (or darker ones, all of them)."""
    order = pixels.flatten().argsort()
    levels = zip(pixels.flatten()[order].tolist(), images.flatten()[order].tolist(), strict=True)
    pairs = [(one, other) for one, other in itertools.pairwise(levels) if one[0] < other[0]]
    rises = [pair for pair in pairs if pair[0][1] < pair[1][1]]
    falls = [pair for pair in pairs if pair[0][1] > pair[1][1]]
    text = ""
    for (darker, first), (brighter, second) in falls[:1]:
        text = f"grey level {darker} becomes {first:g}, and the brighter {brighter} {second:g}"
    return (
        not (rises and falls),
        text,
        "bytes wrap around at 256, signed ones at 128: .float() comes before all else",
    )


def _grey_by_grey(pixels, images):
    """The line on the first pixel whose grey level has become a wrong number, if there is one."""
    right = (pixels.float() / 255 - 0.5) / 0.5
    wrong = ~torch.isclose(images.float(), right, atol=1e-6)
    if wrong.any():
        grey = pixels[wrong][0].item()
        yield (
            False,
            f"in a batch from {pixels.min()} to {pixels.max()}, grey level {grey} becomes "
            f"{two_numbers(images[wrong][0], right[wrong][0])}",
            "0 becomes -1 and 255 becomes 1, whatever the batch's darkest and brightest pixel, "
            "and nothing is rounded or cut off",
        )


@check
def load_batch(answer):
    """answer(pixels uint8 [B, 28, 28]) -> float32 [B, 1, 28, 28] in [-1, 1], scaled once."""
    pixels = torch.zeros(2, 28, 28, dtype=torch.uint8)
    pixels[0, 3:9, 15:27] = 255
    pixels[1, 5:7, 2:14] = 51
    batch = answer(pixels)
    yield is_tensor(batch)
    yield (
        batch.shape == (2, 1, 28, 28),
        f"two pictures have become {list(batch.shape)}",
        "a net for pictures wants [B, 1, 28, 28], B as many as there are: keep unsqueeze(1)",
    )
    yield _is_float32(batch)
    yield from _scaled_twice(pixels[:, None], batch)
    yield from _scaled(pixels[:, None], batch)
    for greys in ([[10, 60], [0, 30]], [[0, 1], [1, 1]]):
        dim = torch.tensor(greys, dtype=torch.uint8).repeat(5, 14, 14)
        yield from _five_or_one(answer, dim)
    uneven = torch.arange(28 * 28).view(1, 28, 28) % 251
    yield from _five_or_one(answer, uneven.to(torch.uint8))


def _scaled_twice(pixels, batch):
    """Lines on the bug of the exercise, and on what is done in place of mending it."""
    once = (pixels.float() / 255 - 0.5) / 0.5
    twice = (once - 0.5) / 0.5
    low = batch.min().item()
    high = batch.max().item()
    yield wrong_if(
        low == -3,
        "black is -3: the range is [-3, 1]",
        "the scaling is done twice. Which line is too many?",
    )
    yield wrong_if(
        (low, high) == (0, 1),
        "black is 0: the range is [0, 1]",
        "now it is not scaled often enough. One of the two must stay",
    )
    yield from mistakes(
        batch,
        (
            twice.clamp(-1, 1),
            "grey level 51 has become -1 and not -0.6",
            "clamping hides a wrong scaling: what was darker than middle grey is now black. "
            "Remove the cause",
        ),
        (
            twice.tanh(),
            f"the range is [{low:g}, {high:g}]",
            "tanh hides a scaling that is done twice. Remove the cause",
        ),
    )


def _five_or_one(answer, pixels):
    """Lines on another batch, of any number of pictures."""
    batch = answer(pixels)
    yield (
        batch.shape == (len(pixels), 1, 28, 28),
        f"a batch {list(pixels.shape)} has become {list(batch.shape)}",
        "[B, 1, 28, 28], where B is 1, too: unsqueeze(1), and no squeeze()",
    )
    yield from _grey_by_grey(pixels[:, None], batch)


@check
def which_scaling(answer):
    """answer(images) -> "bytes", "[0, 1]", "[-1, 1]" or "mean and std"."""
    hints = {
        "bytes": "no other scaling goes beyond 2.83: look at the brightest pixel first",
        "[0, 1]": "no pixel is below 0, and none above 1",
        "[-1, 1]": "the darkest pixel is -1; the brightest need not be 1 in every batch",
        "mean and std": "the darkest pixel is -0.42: (0 - 0.1307) / 0.3081",
    }
    for brightest in (0.8, 0.12, 0.02):
        for name, images in _batches(brightest).items():
            yield from _name_of_scaling(answer(images), name, images, hints)


def _batches(brightest):
    """{scaling: batch [8, 1, 28, 28]}: the black pixel and the brightest are in the last images."""
    shares = torch.rand(8, 1, 28, 28) * 0.5 * brightest + 0.2 * brightest
    shares[6, 0, 11, 12] = 0.0
    shares[7, 0, 13, 9] = brightest
    return {
        "bytes": (shares * 255).round(),
        "[0, 1]": shares,
        "[-1, 1]": shares * 2 - 1,
        "mean and std": (shares - 0.1307) / 0.3081,
    }


def _name_of_scaling(name, right, images, hints):
    """Lines on one answer of the detective; `hints`: {name of a scaling: hint}."""
    yield (
        isinstance(name, str),
        f"it returns {described(name)} and no str",
        'return one of the four names, in quotation marks: "[0, 1]"',
    )
    yield (
        name in hints,
        f"{name!r} is none of the four names",
        f"{', '.join(map(repr, hints))}: letter by letter, with each space",
    )
    missed = (right, name) == ("mean and std", "[0, 1]")
    yield (
        name == right,
        f"a batch from {images.min():.3g} to {images.max():.3g} is {right!r}, and you say {name!r}",
        hints[right] + ", and rounded: ask with < and not with ==" * missed,
    )
