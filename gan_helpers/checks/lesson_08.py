"""Checks of lesson 08 · Conditional GAN."""

import functools
import operator

import torch
import torch.nn.functional as F

from gan_helpers.checks import (
    check,
    is_number,
    is_tensor,
    mistakes,
    near,
    same_slopes,
    two_numbers,
)
from gan_helpers.checks.wording import described


def _planes(one_hot, height, width):
    """The answer to exercise 1."""
    return one_hot[:, :, None, None].expand(-1, -1, height, width)


@check
def label_planes(answer):
    """answer(one_hot [B, 10], height, width) -> [B, 10, height, width], plane k one_hot[:, k]."""
    one_hot = F.one_hot(torch.tensor([3, 0, 7]), 10).float()
    planes = answer(one_hot.clone(), 4, 6)
    yield is_tensor(planes)
    yield (
        planes.shape == (3, 10, 4, 6),
        f"with height 4 and width 6 it has shape {list(planes.shape)}",
        "[B, 10, height, width]: two new dimensions, then stretched",
    )
    yield from mistakes(
        planes,
        (
            one_hot.repeat(1, 24).view(3, 10, 4, 6),
            "each plane is striped: it holds all ten numbers",
            "for the label 3, plane 3 should be all 1: "
            "add two dimensions at the end, and expand those",
        ),
    )
    yield (
        bool((planes == planes[:, :, :1, :1]).all()),
        "a plane holds different numbers",
        "each plane has one number everywhere: expand, not view",
    )
    right = _planes(one_hot, 4, 6)
    yield from mistakes(
        planes,
        (1 - right, "ones and zeros are exchanged", "plane k is 1 where the label is k"),
        (right.flip(1), "the planes stand in reverse order", "plane k is one_hot[:, k]"),
    )
    yield near(planes, right), "the planes hold other numbers", "plane k is all one_hot[:, k]"
    mixed = torch.tensor([[0.25, 0.75] + [0.0] * 8])
    yield (
        near(answer(mixed, 2, 2), _planes(mixed, 2, 2)),
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
    channels = answer(images.clone(), labels.clone())
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
        f"it is {channels.dtype}",
        "float32, like the pictures: .float()",
    )
    right_planes = _planes(F.one_hot(labels, 10).float(), 4, 6)
    yield from mistakes(
        channels,
        (
            torch.cat([right_planes, images], 1),
            "the planes stand before the picture",
            "the picture first",
        ),
    )
    picture = channels[:, :1]
    planes = channels[:, 1:]
    yield (
        near(picture, images),
        "the first channel is not the picture",
        "torch.cat([images, planes], 1)",
    )
    yield from mistakes(
        planes,
        (
            right_planes * labels.view(3, 1, 1, 1),
            "the planes hold the digit's number",
            "1 in the plane of the digit, whichever it is",
        ),
    )
    yield (
        bool((planes == planes[:, :, :1, :1]).all()),
        "a plane holds different numbers",
        "each plane has one number everywhere: the bug of exercise 1",
    )
    yield (
        near(planes, right_planes),
        "the planes do not show the label",
        "plane k is 1 where the label is k, else 0",
    )
    for count, height, width in ((1, 1, 1), (4, 28, 28), (10, 3, 5)):
        some = torch.randn(count, 1, height, width)
        yield from same_slopes(answer, _with_label, some, torch.arange(count).flip(0) + 10 - count)


def _with_label(images, labels):
    planes = _planes(F.one_hot(labels, 10).float(), *images.shape[2:])
    return torch.cat([images, planes], 1)


def _mean_cost(scores):
    return F.softplus(scores).mean()


@check
def matching_aware_loss(answer):
    """answer(real [B], wrong [C], fake [N] raw scores) -> loss of real, and half of the others."""
    real = torch.tensor([2.0, -1.0, 0.5])
    wrong = torch.tensor([-0.5, 1.5])
    fake = torch.tensor([-2.0, 0.3, 0.1, 1.0])
    loss = answer(real.clone(), wrong.clone(), fake.clone())
    yield from is_number(loss)
    of_real = _mean_cost(-real)
    of_wrong = _mean_cost(wrong)
    of_fake = _mean_cost(fake)
    right = of_real + 0.5 * (of_wrong + of_fake)
    left_out = ("the wrong labels are left out", "three terms: real, wrong label, fake")
    exchanged = _mean_cost(real) + 0.5 * (_mean_cost(-wrong) + _mean_cost(-fake))
    sums = F.softplus(-real).sum() + 0.5 * (F.softplus(wrong).sum() + F.softplus(fake).sum())
    yield from mistakes(
        loss,
        (
            of_real + of_wrong + of_fake,
            "the two kinds of fake count 1 each",
            'half of each, or "fake" would count twice as much as "real"',
        ),
        (of_real + 0.5 * of_fake, *left_out),
        (of_real + of_fake, *left_out),
        (
            of_real + 0.5 * (_mean_cost(-wrong) + of_fake),
            "real digits with a wrong label count as real",
            "as a pair they are fake: their scores must go down",
        ),
        (
            exchanged,
            "the signs are exchanged",
            "scores of real pairs up: softplus(-s); the others down: softplus(s)",
        ),
        (-right, "the sign is wrong", "a loss is minimised: softplus is never negative"),
        (sums, "these are sums", "the mean of each set"),
        (
            of_real + _mean_cost(torch.cat([wrong, fake])),
            "it is one mean over all six",
            "the two sets differ in size: a mean of each, then half of both",
        ),
    )
    yield (
        near(loss, right),
        f"you get {two_numbers(loss, right)}",
        "where all scores are 0 it is 2 log 2 = 1.386",
    )
    for scores in ((real, wrong, fake), (fake, real, wrong), (wrong, fake, real[:1])):
        yield from same_slopes(answer, _matching_aware_loss, *scores)
    yield from _matching_at_extreme_scores(answer)


def _matching_aware_loss(real_scores, wrong_scores, fake_scores):
    return _mean_cost(-real_scores) + 0.5 * (_mean_cost(wrong_scores) + _mean_cost(fake_scores))


def _matching_at_extreme_scores(answer):
    """Lines about the value and the slopes of the loss of exercise 3 at scores of ±200."""
    scores = [torch.tensor([score], requires_grad=True) for score in (-200.0, 200.0, 200.0)]
    loss = answer(*scores)
    yield (
        bool(torch.isfinite(loss)) and near(loss, 400.0),
        f"at scores of ±200 it is {loss.item():.4g} and not 400",
        "no log of a sigmoid: F.softplus",
    )
    slopes = torch.autograd.grad(loss, scores, allow_unused=True) if loss.requires_grad else [None]
    yield (
        all(slope is not None for slope in slopes),
        "some scores get no gradient",
        "no .item() and no .detach(): D is trained by all three",
    )
    yield (
        near(torch.cat(slopes), [-1.0, 0.5, 0.5]),
        "at scores of ±200 its gradient is wrong",
        "no bounds inside: F.softplus",
    )


@check
def accuracy_by_digit(answer):
    """answer(read [N], wanted [N]) -> share read right of each wanted digit [10], NaN of none."""
    wanted = torch.tensor([0, 0, 0, 0, 1, 1, 2, 3, 4, 5, 6, 7, 8])
    read = torch.tensor([0, 0, 0, 1, 1, 7, 2, 3, 9, 5, 6, 7, 8])
    shares = answer(read.clone(), wanted.clone())
    yield (
        isinstance(shares, torch.Tensor),
        f"it returns {type(shares).__name__} and no tensor",
        "torch.stack or torch.tensor around the list, and `return` in front",
    )
    yield (
        shares.shape == (10,),
        f"it has shape {list(shares.shape)}",
        "ten shares, one for each digit, 0 to 9",
    )
    nan = float("nan")
    right = torch.tensor([0.75, 0.5, 1, 1, 0, 1, 1, 1, 1, nan])
    right_counts = right[:9] * wanted.bincount()
    near_or_nan = functools.partial(torch.allclose, atol=1e-5, equal_nan=True)
    yield from mistakes(
        shares.float(),
        (
            torch.tensor([1, 0.5, 1, 1, nan, 1, 1, 0.5, 1, 0]),
            "it is the share of those that look like a k",
            "of the pictures that were *asked* to be a k: choose by wanted",
        ),
        comparison=near_or_nan,
    )
    yield from mistakes(
        shares[:9],
        (
            right_counts / 13,
            "the shares are of all pictures",
            "divide by how often that digit was asked for",
        ),
        (right_counts, "these are counts", "divide by how often that digit was asked for"),
    )
    yield (
        bool(shares[9].isnan()),
        f"no 9 was asked for, and its share is {shares[9]:.3g}",
        "nothing of nothing: NaN",
    )
    yield (
        near_or_nan(shares.float(), right),
        f"you get {described(shares)}",
        "0 was asked for 4 times and read 3 times",
    )
    yield shares.dtype == torch.float32, f"it is {shares.dtype}", "float32"
    few = answer(torch.tensor([9, 3, 9]), torch.tensor([9, 9, 9]))
    right = torch.tensor([nan] * 9 + [2 / 3])
    yield (
        near_or_nan(few, right),
        f"three nines, two of them read as such, give {described(few)}",
        "NaN for all digits but the 9",
    )
    turned = answer(read.flip(0), wanted.flip(0))
    yield near_or_nan(turned, shares), "in another order it is wrong", "choose by `wanted`"
