"""Checks of lesson 08, exercises 1 and 2: planes that show a label."""

import operator

import torch
import torch.nn.functional as F

from gan_helpers.checks import check, is_tensor, mistakes, near, same_slopes
from gan_helpers.checks.terms import listed


def _planes(one_hot, height, width):
    """The answer to exercise 1."""
    return one_hot[:, :, None, None].expand(-1, -1, height, width)


def _striped(one_hot, height, width):
    """The planes of the function in exercise 1, which has a bug."""
    return one_hot.repeat(1, height * width).view(-1, 10, height, width)


def _constant(planes, hint):
    """The line on the first plane that holds two numbers, if there is one."""
    uneven = (planes != planes[:, :, :1, :1]).flatten(2).any(2).nonzero()
    if len(uneven):
        picture, k = uneven[0].tolist()
        numbers = listed(planes[picture, k].unique()[:3])
        reason = f"a plane holds different numbers: plane {k} of picture {picture} has {numbers}"
        yield False, reason, hint


def _ten_numbers(planes, right, names):
    """The line on the first picture whose planes, constant ones, hold wrong numbers."""
    of_planes = planes[:, :, 0, 0].detach()
    for name, numbers, value in zip(names, of_planes, right[:, :, 0, 0], strict=True):
        yield (
            near(numbers, value),
            f"the ten planes of {name} hold {listed(numbers)}",
            f"they should hold {listed(value)}: plane k is 1 where the label is k",
        )


@check
def label_planes(answer):
    """answer(one_hot [B, 10], height, width) -> [B, 10, height, width], plane k one_hot[:, k]."""
    labels = torch.tensor([3, 0, 7])
    one_hot = F.one_hot(labels, 10).float()
    planes = answer(one_hot, 4, 6)
    yield is_tensor(planes)
    yield (
        planes.shape == (3, 10, 4, 6),
        f"with height 4 and width 6 it has shape {list(planes.shape)}",
        "[B, 10, height, width]: two new dimensions, then stretched",
    )
    yield from mistakes(
        planes,
        (
            _striped(one_hot, 4, 6),
            "each plane is striped: it holds all ten numbers",
            "for the label 3, plane 3 should be all 1: "
            "add two dimensions at the end, and expand those",
        ),
    )
    yield from _constant(planes, "each plane has one number everywhere: expand, not view")
    right = _planes(one_hot, 4, 6)
    yield from mistakes(
        planes,
        (1 - right, "ones and zeros are exchanged", "plane k is 1 where the label is k"),
        (right.flip(1), "the planes stand in reverse order", "plane k is one_hot[:, k]"),
        (
            right[:1].expand(3, -1, -1, -1),
            "all pictures have the first one's label",
            "each has its own: one_hot[i]",
        ),
        (
            right.transpose(0, 1).reshape(3, 10, 4, 6),
            "pictures and classes are mixed up",
            "planes[i, k] is one_hot[i, k]: no transposing, and no view that joins the two",
        ),
    )
    yield from _ten_numbers(planes, right, [f"the label {label}" for label in labels.tolist()])
    mixed = torch.tensor([[0.25, 0.75] + [0.0] * 8])
    planes = answer(mixed, 2, 2)
    yield (
        planes.shape == (1, 10, 2, 2),
        f"with one label it has shape {list(planes.shape)} and not [1, 10, 2, 2]",
        "squeeze() takes all dimensions of size 1 away, that of the batch as well",
    )
    yield (
        near(planes, _planes(mixed, 2, 2)),
        "half a 0 and half a 1 does not come through",
        "copy the numbers as they are, and do not look for the 1",
    )
    for count, height, width in ((1, 1, 1), (4, 3, 1), (2, 5, 7)):
        yield from same_slopes(answer, _planes, torch.randn(count, 10), height, width)


@check
def with_label(answer):
    """answer(images [B, 1, H, W], labels [B]) -> [B, 11, H, W]: the picture, then ten planes."""
    images = torch.rand(3, 1, 4, 6) * 2 - 1
    labels = torch.tensor([8, 2, 0])  # no 9 among them
    channels = answer(images, labels)
    yield is_tensor(channels)
    yield from mistakes(
        channels.shape,
        ((3, 2, 4, 6), "the label is still one plane", "ten planes: F.one_hot(labels, 10)"),
        (
            (3, 10, 4, 6),
            "it has ten channels",
            "F.one_hot needs to be told that there are ten digits, when a batch has no 9; "
            "or is the picture missing?",
        ),
        comparison=operator.eq,
    )
    yield (
        channels.shape == (3, 11, 4, 6),
        f"pictures [3, 1, 4, 6] become {list(channels.shape)}",
        "the picture's channel and ten more, height and width as they are",
    )
    yield (
        channels.dtype == torch.float32,
        f"it is {channels.dtype}".replace("torch.", ""),
        "float32, like the pictures: .float()",
    )
    one_hot = F.one_hot(labels, 10).float()
    right = _planes(one_hot, 4, 6)
    yield from mistakes(
        channels,
        (torch.cat([right, images], 1), "the planes stand before the picture", "the picture first"),
    )
    planes = channels[:, 1:]
    yield (
        near(channels[:, :1], images),
        "the first channel is not the picture",
        "torch.cat([images, planes], 1)",
    )
    yield from mistakes(
        planes,
        (
            right * labels.view(3, 1, 1, 1),
            "the planes hold the digit's number",
            "1 in the plane of the digit, whichever it is",
        ),
        (right * images, "the plane of the digit holds the picture", "1 everywhere in it"),
        (
            _striped(one_hot, 4, 6),
            "each plane is striped: it holds all ten numbers",
            "each plane has one number everywhere: the bug of exercise 1",
        ),
        (
            right[:1].expand(3, -1, -1, -1),
            "all pictures have the first one's label",
            "each picture has its own: labels[i]",
        ),
    )
    yield from _constant(planes, "the plane of the digit is 1 everywhere, the others are 0")
    yield from _ten_numbers(
        planes, right, [f"the picture with label {label}" for label in labels.tolist()]
    )
    for count, height, width in ((1, 1, 1), (4, 28, 28), (10, 3, 5)):
        some = torch.randn(count, 1, height, width)
        yield from same_slopes(answer, _with_label, some, torch.arange(count).flip(0) + 10 - count)


def _with_label(images, labels):
    planes = _planes(F.one_hot(labels, 10).float(), *images.shape[2:])
    return torch.cat([images, planes], 1)
