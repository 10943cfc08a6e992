"""Checks of lesson 08 · Conditional GAN; those of exercises 1 and 2 are in lesson_08_planes."""

import torch
import torch.nn.functional as F

from gan_helpers.checks import check, is_number, mistakes, near, same_slopes, two_numbers
from gan_helpers.checks.lesson_08_planes import label_planes, with_label
from gan_helpers.checks.terms import listed, reached, right_terms

__all__ = ["accuracy_by_digit", "label_planes", "matching_aware_loss", "with_label"]


def _mean_cost(scores):
    return F.softplus(scores).mean()


@check
def matching_aware_loss(answer):
    """answer(real [B], wrong [C], fake [N] raw scores) -> loss of real, and half of the others."""
    real = torch.tensor([2.0, -1.0, 0.5, -0.3])
    wrong = torch.tensor([-0.5, 1.5])
    fake = torch.tensor([-2.0, 0.3, 0.1, 1.0, -0.7])
    loss = answer(real, wrong, fake)
    yield from is_number(loss)
    of_real = _mean_cost(-real)
    of_wrong = _mean_cost(wrong)
    of_fake = _mean_cost(fake)
    right = of_real + 0.5 * (of_wrong + of_fake)
    left_out = ("the wrong labels are left out", "three terms: real, wrong label, fake")
    sums = F.softplus(-real).sum() + 0.5 * (F.softplus(wrong).sum() + F.softplus(fake).sum())
    as_fake = "as a pair they are fake: their scores must go down"
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
            as_fake,
        ),
        (
            of_real + 0.5 * (of_wrong + _mean_cost(-fake)),
            "fakes count as real",
            "their scores must go down: softplus(s)",
        ),
        (
            _mean_cost(real) + 0.5 * (of_wrong + of_fake),
            "real digits with their own label count as fake",
            "their scores must go up: softplus(-s)",
        ),
        (
            _mean_cost(real) + 0.5 * (_mean_cost(-wrong) + _mean_cost(-fake)),
            "the signs are exchanged",
            "scores of real pairs up: softplus(-s); the others down: softplus(s)",
        ),
        (-right, "the sign is wrong", "a loss is minimised: softplus is never negative"),
        (_mean_cost(-fake), "it is G's loss", "D's has three terms: real, wrong label, fake"),
        (sums, "these are sums", "the mean of each set"),
        (sums / 4, "all is divided by the number of real ones", "the mean of each set"),
        (
            of_real + _mean_cost(torch.cat([wrong, fake])),
            "it is one mean over wrong labels and fakes",
            "the two sets differ in size: a mean of each, then half of both",
        ),
    )
    low = (torch.full((4,), 30.0), torch.full((2,), -30.0), torch.full((5,), -30.0))
    terms = [
        ("the real pairs", (low[0], wrong, fake), of_real),
        ("the wrong labels", (real, low[1], fake), 0.5 * of_wrong),
        ("the fakes", (real, wrong, low[2]), 0.5 * of_fake),
    ]
    means = f"{of_wrong:.4g} and {of_fake:.4g} of softplus(s) (wrong labels, fakes)"
    yield from right_terms(
        answer,
        (real, wrong, fake),
        terms,
        f"the means over the whole sets are {of_real:.4g} of softplus(-s) (real), and {means}, "
        "which count ½: print yours",
    )
    names = "`real_scores`", "`wrong_scores`", "`fake_scores`"
    yield from reached(answer, (real, wrong, fake), names)
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
        near(loss, 400.0),
        f"at scores of ±200 it is {loss.item():.4g} and not 400",
        "no log of a sigmoid, no exp and no bounds: F.softplus of the scores as they are",
    )
    yield loss.requires_grad, "at scores of ±200 it has lost its graph", "F.softplus keeps it"
    slopes = torch.autograd.grad(loss, scores, allow_unused=True, materialize_grads=True)
    yield (
        near(torch.cat(slopes), [-1.0, 0.5, 0.5]),
        f"at scores of ±200 its slopes are {listed(torch.cat(slopes))} and not -1, 0.5, 0.5",
        "no bounds inside: F.softplus",
    )


@check
def accuracy_by_digit(answer):
    """answer(read [N], wanted [N]) -> share read right of each wanted digit [10], NaN of none."""
    wanted = torch.tensor([0, 0, 0, 0, 1, 1, 1, 2, 3, 4, 5, 6, 7, 8])
    read = torch.tensor([0, 0, 0, 1, 1, 7, 0, 2, 3, 9, 5, 6, 7, 8])
    shares = answer(read, wanted)
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
    yield (
        shares.dtype == torch.float32,
        f"it is {shares.dtype}".replace("torch.", ""),
        "float32: shares of 0 to 1",
    )
    hits = wanted[read == wanted].bincount(minlength=10)
    right = hits / wanted.bincount(minlength=10)
    right_of_read = hits / read.bincount(minlength=10)
    yield from mistakes(
        shares,
        (
            right_of_read,
            "it is the share of those that look like a k",
            "of the pictures that were *asked* to be a k: choose by wanted",
        ),
        (right.flip(0), "the digits stand in reverse order", "0 first"),
        (
            (read == wanted).float().mean().expand(10),
            "it is one share, over all digits",
            "one share for each digit: choose by wanted",
        ),
        comparison=_same_shares,
    )
    yield from mistakes(
        shares[:9],
        (
            hits[:9] / len(wanted),
            "the shares are of all pictures",
            "divide by how often that digit was asked for",
        ),
        (hits[:9], "these are counts", "divide by how often that digit was asked for"),
    )
    yield from _digit_by_digit(shares, read, wanted)
    read_of_nines = torch.tensor([9, 3, 9])
    of_nines = answer(read_of_nines, torch.tensor([9, 9, 9]))
    yield from _digit_by_digit(of_nines, read_of_nines, torch.tensor([9, 9, 9]))
    turned = answer(read.flip(0), wanted.flip(0))
    yield from _digit_by_digit(turned, read.flip(0), wanted.flip(0))
    many = torch.full((300,), 7)  # more than a byte can count
    read_of_many = torch.arange(300) % 3 + 6
    yield from _digit_by_digit(answer(read_of_many, many), read_of_many, many)


def _same_shares(shares, right):
    return near(shares.nan_to_num(-1), right.nan_to_num(-1))


def _digit_by_digit(shares, read, wanted):
    """Lines on the share of each digit, first of those that were asked for."""
    yield shares.shape == (10,), f"it has shape {list(shares.shape)}", "ten shares, always"
    for digit in wanted.unique().tolist():
        asked = int((wanted == digit).sum())
        obeyed = int(((wanted == digit) & (read == digit)).sum())
        yield (
            near(shares[digit], obeyed / asked),
            f"asked to be a {digit}: {asked}, of these read as {digit}: {obeyed}; the share is "
            f"{two_numbers(shares[digit], obeyed / asked)}",
            "NaN is only for digits that were never asked for"
            if shares[digit].isnan()
            else f"{obeyed} / {asked}, from the pictures with wanted == {digit} alone",
        )
    for digit in range(10):
        yield (
            bool((wanted == digit).any() or shares[digit].isnan()),
            f"no {digit} was asked for, and its share is {shares[digit]:.3g}",
            "nothing of nothing: NaN",
        )
