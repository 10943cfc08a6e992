"""Checks of lesson 06 · Conditional GAN."""

import torch
import torch.nn.functional as F

from gan_helpers.checks import check, is_number, is_tensor, near


@check
def label_planes(answer):
    """answer(one_hot [B, 10], height, width) -> [B, 10, height, width], plane k all one_hot[:, k]."""
    one_hot = F.one_hot(torch.tensor([3, 0, 7]), 10).float()
    found = answer(one_hot.clone(), 4, 6)
    yield is_tensor(found)
    yield (
        found.shape == (3, 10, 4, 6),
        f"with height 4 and width 6 it has shape {list(found.shape)}",
        "[B, 10, height, width]: two new dimensions, then stretched",
    )
    band = one_hot.repeat(1, 24).view(3, 10, 4, 6)
    yield (
        not near(found, band),
        "each plane is striped: it holds all ten numbers",
        "for the label 3, plane 3 should be all 1: add two dimensions at the end, and expand those",
    )
    constant = (found == found[:, :, :1, :1]).all()
    yield (
        bool(constant),
        "a plane holds different numbers",
        "each plane has one number everywhere: expand, not view",
    )
    right = one_hot[:, :, None, None].expand(3, 10, 4, 6)
    yield (
        not near(found, 1 - right),
        "ones and zeros are exchanged",
        "plane k is 1 where the label is k",
    )
    yield (
        not near(found, right.flip(1)),
        "the planes stand in reverse order",
        "plane k is one_hot[:, k]",
    )
    yield near(found, right), "the planes hold other numbers", "plane k is all one_hot[:, k]"
    mixed = torch.tensor([[0.25, 0.75] + [0.0] * 8])
    yield (
        near(answer(mixed, 2, 2), mixed[:, :, None, None].expand(1, 10, 2, 2)),
        "half a 0 and half a 1 does not come through",
        "copy the numbers as they are, and do not look for the 1",
    )


@check
def with_label(answer):
    """answer(images [B, 1, H, W], labels [B]) -> [B, 11, H, W]: the picture, then ten planes."""
    images, labels = torch.rand(3, 1, 4, 6) * 2 - 1, torch.tensor([8, 2, 0])  # no 9 among them
    found = answer(images.clone(), labels.clone())
    yield is_tensor(found)
    yield (
        found.shape != (3, 2, 4, 6),
        "the label is still one plane",
        "ten planes: F.one_hot(labels, 10)",
    )
    yield (
        found.shape != (3, 10, 4, 6),
        "it has ten channels",
        "F.one_hot needs to be told that there are ten digits, when a batch has no 9; or is the picture missing?",
    )
    yield (
        found.shape == (3, 11, 4, 6),
        f"pictures [3, 1, 4, 6] become {list(found.shape)}",
        "the picture's channel and ten more, height and width as they are",
    )
    yield (
        found.dtype == torch.float32,
        f"it is {found.dtype}",
        "float32, like the pictures: .float()",
    )
    planes = F.one_hot(labels, 10).float()[:, :, None, None].expand(3, 10, 4, 6)
    yield (
        not near(found, torch.cat([planes, images], 1)),
        "the planes stand before the picture",
        "the picture first",
    )
    yield (
        near(found[:, :1], images),
        "the first channel is not the picture",
        "torch.cat([images, planes], 1)",
    )
    yield (
        not near(found[:, 1:], planes * labels.view(3, 1, 1, 1)),
        "the planes hold the digit's number",
        "1 in the plane of the digit, whichever it is",
    )
    yield (
        bool((found[:, 1:] == found[:, 1:, :1, :1]).all()),
        "a plane holds different numbers",
        "each plane has one number everywhere: the bug of exercise 1",
    )
    yield (
        near(found[:, 1:], planes),
        "the planes do not show the label",
        "plane k is 1 where the label is k, else 0",
    )


@check
def matching_aware_loss(answer):
    """answer(real [B], wrong [C], fake [N] raw scores) -> softplus(-real) + ½ (softplus(wrong) + softplus(fake))."""
    real, wrong, fake = (
        torch.tensor([2.0, -1.0, 0.5]),
        torch.tensor([-0.5, 1.5]),
        torch.tensor([-2.0, 0.3, 0.1, 1.0]),
    )
    found = answer(real.clone(), wrong.clone(), fake.clone())
    yield from is_number(found)
    good, bad, worse = F.softplus(-real).mean(), F.softplus(wrong).mean(), F.softplus(fake).mean()
    right = good + 0.5 * (bad + worse)
    yield (
        not near(found, good + bad + worse),
        "the two kinds of fake count 1 each",
        'half of each, or "fake" would count twice as much as "real"',
    )
    yield (
        not near(found, good + 0.5 * worse) and not near(found, good + worse),
        "the wrong labels are left out",
        "three terms: real, wrong label, fake",
    )
    yield (
        not near(found, 0.5 * (F.softplus(-wrong).mean() + worse) + good),
        "real digits with a wrong label count as real",
        "as a pair they are fake: their scores must go down",
    )
    yield (
        not near(
            found,
            F.softplus(real).mean() + 0.5 * (F.softplus(-wrong).mean() + F.softplus(-fake).mean()),
        ),
        "the signs are exchanged",
        "scores of real pairs up: softplus(-s); the others down: softplus(s)",
    )
    yield (
        not near(found, -right),
        "the sign is wrong",
        "a loss is minimised: softplus is never negative",
    )
    sums = F.softplus(-real).sum() + 0.5 * (F.softplus(wrong).sum() + F.softplus(fake).sum())
    yield not near(found, sums), "these are sums", "the mean of each set"
    at_once = good + F.softplus(torch.cat([wrong, fake])).mean()
    yield (
        not near(found, at_once),
        "it is one mean over all six",
        "the two sets differ in size: a mean of each, then half of both",
    )
    yield (
        near(found, right),
        f"you get {found:.3f} and not {right:.3f}",
        "where all scores are 0 it is 2 log 2 = 1.386",
    )
    parts = [torch.tensor([score], requires_grad=True) for score in (-200.0, 200.0, 200.0)]
    far = answer(*parts)
    yield (
        bool(torch.isfinite(far)) and near(far, 400.0),
        f"at scores of ±200 it is {far.item():.4g} and not 400",
        "no log of a sigmoid: F.softplus",
    )
    slopes = torch.autograd.grad(far, parts, allow_unused=True) if far.requires_grad else [None]
    yield (
        None not in slopes,
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
    """answer(read [N], wanted [N]) -> share of each wanted digit that was read as it, [10], NaN where none was."""
    wanted = torch.tensor([0, 0, 0, 0, 1, 1, 2, 3, 4, 5, 6, 7, 8])
    read = torch.tensor([0, 0, 0, 1, 1, 7, 2, 3, 9, 5, 6, 7, 8])
    found = answer(read.clone(), wanted.clone())
    yield (
        isinstance(found, torch.Tensor),
        f"it returns {type(found).__name__} and no tensor",
        "torch.stack or torch.tensor around the list, and `return` in front",
    )
    yield (
        found.shape == (10,),
        f"it has shape {list(found.shape)}",
        "ten shares, one for each digit, 0 to 9",
    )
    expected = torch.tensor([0.75, 0.5, 1, 1, 0, 1, 1, 1, 1, float("nan")])

    def same(other):
        return torch.allclose(found.float(), other, atol=1e-5, equal_nan=True)

    looks = torch.tensor([1, 0.5, 1, 1, float("nan"), 1, 1, 0.5, 1, 0])
    yield (
        not same(looks),
        "it is the share of those that look like a k",
        "of the pictures that were *asked* to be a k: choose by wanted",
    )
    yield (
        not torch.allclose(
            found[:9].float(), expected[:9] * wanted.bincount(minlength=9) / 13, atol=1e-5
        ),
        "the shares are of all pictures",
        "divide by how often that digit was asked for",
    )
    yield (
        not torch.allclose(
            found[:9].float(), expected[:9] * wanted.bincount(minlength=9), atol=1e-5
        ),
        "these are counts",
        "divide by how often that digit was asked for",
    )
    yield (
        bool(found[9].isnan()),
        f"no 9 was asked for, and its share is {found[9]:.3g}",
        "nothing of nothing: NaN",
    )
    yield (
        same(expected),
        f"you get {[round(x, 3) for x in found.tolist()]}",
        "0 was asked for 4 times and read 3 times",
    )
