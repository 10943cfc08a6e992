"""The check of lesson 06's fourth exercise: dropout."""

import torch

from gan_helpers.checks import (
    check,
    is_tensor,
    mistakes,
    near,
    no_loop,
    two_numbers,
    without,
    wrong_if,
)


@check(draws=True)
def dropout(answer):
    """answer(x, p, training) -> x with a share p of zeros, the rest / (1 - p); else x itself."""
    yield without(answer, "dropout", "Dropout", "alpha_dropout", "feature_dropout")
    x = (torch.rand(200, 50) + 0.5) * torch.tensor([1.0, -1.0]).repeat(25)  # no zeros, both signs
    unchanged = answer(x, 0.3, False)
    yield is_tensor(unchanged)
    yield (
        torch.equal(unchanged, x),
        "with training=False x is changed",
        "then x comes back as it is",
    )
    yield (
        answer(x.clone().requires_grad_(), 0.3, False).requires_grad,
        "with training=False it has lost its graph",
        "x comes back as it is: no .detach()",
    )
    thinned = answer(x, 0.3, True)
    yield is_tensor(thinned)
    yield wrong_if(
        thinned.isnan().any(),
        f"{thinned.isnan().sum()} elements are NaN",
        "no logarithm and no root of x, whose elements may be negative: multiply by the mask",
    )
    yield thinned.shape == x.shape, f"[200, 50] becomes {list(thinned.shape)}", "the shape stays"
    shares = {(answer(x[:2], 0.3, True) == 0).float().mean().item() for _ in range(20)}
    yield wrong_if(
        shares == {0.0, 1.0},
        "either nothing becomes 0 or all of it",
        "each element has a draw of its own: torch.rand_like(x)",
    )
    share_of_tenth = (answer(x, 0.1, True) == 0).float().mean().item()
    thinned = answer(x, 0.3, True)
    yield from _dropped_elements(thinned, x, share_of_tenth)
    yield from _kept_elements(thinned, x)
    yield wrong_if(
        torch.equal(answer(x, 0.3, True), thinned),
        "it drops the same elements every time",
        "draw anew in each call: no seed inside",
    )
    try:
        unchanged = answer(x, 0.0, True)
    except ZeroDivisionError:
        yield False, "with p = 0 it divides by zero", "divide by 1 - p, and by nothing else"
        raise
    yield torch.equal(unchanged, x), "with p = 0 x is changed", "nothing is dropped then"
    images = torch.ones(20, 3, 12, 12, requires_grad=True)
    thinned = answer(images, 0.5, True)
    yield (
        thinned.shape == images.shape,
        "images [20, 3, 12, 12] change their shape",
        "any shape",
    )
    dropped = thinned.detach() == 0
    for dim in range(4):
        yield wrong_if(
            (dropped == dropped.select(dim, 0).unsqueeze(dim)).all(),
            f"along dimension {dim} of images all elements share a draw",
            "each element has a draw of its own: torch.rand_like(x)",
        )
    yield (
        abs(dropped.float().mean() - 0.5) < 0.05,
        f"with p = 0.5 a share of {dropped.float().mean():.2f} becomes 0",
        "use p",
    )
    yield thinned.requires_grad, "it has lost its graph", "no .detach(), no NumPy: D learns by it"
    (slope,) = torch.autograd.grad(thinned.sum(), images)
    yield (
        near(slope, 2.0 * ~dropped),
        "the gradient is wrong",
        "1 / (1 - p) where an element is kept, and 0 where it is dropped",
    )
    counts = {(answer(x[0, :4], 0.5, True) == 0).sum().item() for _ in range(40)}
    yield wrong_if(
        len(counts) == 1,
        f"of four elements it drops {counts} every time",
        "each element has its own draw, so that the number of dropped ones varies",
    )
    yield no_loop(answer, (x[:1, :2], 0.5, True), (x[:20], 0.5, True))


def _dropped_elements(thinned, x, share_of_tenth):
    """Lines about which elements of x [200, 50] became 0 where p is 0.3.

    `share_of_tenth` is the share of zeros where p is 0.1: it tells causes apart.
    """
    dropped = thinned == 0

    def in_whole_lines(dim):
        return bool((dropped.all(dim) | ~dropped.any(dim)).all())

    yield wrong_if(
        dropped.any() and (in_whole_lines(0) or in_whole_lines(1)),
        "whole rows or columns become 0",
        "each element has a draw of its own: torch.rand_like(x)",
    )
    yield wrong_if(
        ((thinned + 0.3).abs() < 1e-6).float().mean() > 0.2,
        "what is dropped becomes -0.3 and not 0",
        "1 - p needs its brackets: / (1 - p)",
    )
    share = dropped.float().mean().item()
    yield share > 0, "with training=True nothing becomes 0", "compare random numbers with p"
    for sign, elements in (("negative", x < 0), ("positive", x > 0)):
        yield wrong_if(
            dropped[elements].all() and share < 1,
            f"all {sign} elements become 0",
            "chance alone decides, and not the element",
        )
    for wrong_share, of_tenth, reason, hint in (
        (
            0.7,
            0.9,
            "seven tenths are 0 where p is 0.3",
            "p is the probability of being dropped: keep where the random number is at least p",
        ),
        (
            0.618,  # of normal numbers
            0.540,
            "a share of 0.62 becomes 0 where p is 0.3",
            "uniform random numbers, torch.rand_like, and not randn_like",
        ),
        (
            0.51,
            0.19,
            "a share of 0.51 becomes 0 where p is 0.3, which is 1 - 0.7²",
            "one draw for each element, not two",
        ),
    ):
        alike = abs(share - wrong_share) < 0.02 and abs(share_of_tenth - of_tenth) < 0.02
        yield wrong_if(alike, reason, hint)
    yield (
        abs(share - 0.3) < 0.03,
        f"a share of {share:.2f} becomes 0 where p is 0.3",
        "a random number below p: dropped",
    )


def _kept_elements(thinned, x):
    """Lines about what became of the elements of x that were kept, where p is 0.3."""
    kept = thinned != 0
    ratio = (thinned[kept] / x[kept]).detach()
    yield from mistakes(
        ratio,
        (
            torch.ones_like(ratio),
            "what is kept is not scaled",
            "divide by 1 - p, or the next layer gets less in training than in eval mode",
        ),
    )
    yield wrong_if(
        ratio.max() - ratio.min() > 1e-3,
        "what is kept is multiplied by different numbers, from "
        f"{ratio.min():.4g} to {ratio.max():.4g}",
        "all of it by 1 / (1 - p)",
    )
    numbers = two_numbers(ratio[0], 1 / 0.7)
    yield wrong_if(
        near(ratio[0], 1 / kept.float().mean()) and not near(ratio[0], 1 / 0.7),
        f"what is kept is multiplied by {numbers}",
        "divide by 1 - p, and not by the share that was kept by chance in this call",
    )
    yield (
        near(ratio, torch.full_like(ratio, 1 / 0.7)),
        f"what is kept is multiplied by {numbers}",
        "by 1 / (1 - p)",
    )
