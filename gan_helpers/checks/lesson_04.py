"""Checks of lesson 04 · Label smoothing and dropout."""

import torch

from gan_helpers.checks import check, is_tensor, near


@check
def smooth_labels(answer):
    """answer(n, real) -> float32 [n]: 0.9 for real pictures, 0 for fakes."""
    real, fake = answer(5, True), answer(3, False)
    yield is_tensor(real)
    yield is_tensor(fake)
    for found, n in ((real, 5), (fake, 3)):
        yield (
            found.shape == (n,),
            f"for {n} pictures the shape is {list(found.shape)}",
            "one target a picture, as D returns one score a picture: [n], not [n, 1]",
        )
        yield (
            found.dtype == torch.float32,
            f"the targets are {found.dtype}",
            "float32, like D's scores",
        )
    yield (
        not bool((real == 1).all()),
        "the targets of real pictures are still 1",
        "one factor is missing: 0.9",
    )
    yield (
        not near(fake, torch.full((3,), 0.1)),
        "the targets of fakes are 0.1",
        "one-sided: only the real side is smoothed, fakes keep 0",
    )
    yield (not near(fake, torch.full((3,), 0.9)), "the targets of fakes are 0.9", "look at `real`")
    yield (
        near(real, torch.full((5,), 0.9)),
        f"the targets of real pictures are {real.tolist()}",
        "0.9, each of them",
    )
    yield bool((fake == 0).all()), f"the targets of fakes are {fake.tolist()}", "0, each of them"


@check
def one_sided(answer):
    """answer(dict of name to (real targets [B], fake targets [B])) -> names that smooth the real side only."""
    full = torch.ones(4)
    settings = {
        "hard": (full, 0 * full),
        "real 0.9": (0.9 * full, 0 * full),
        "both sides": (0.9 * full, 0.1 * full),
        "fakes only": (full, 0.1 * full),
        "random": (torch.tensor([0.7, 1.2, 0.8, 1.1]), 0 * full),  # mean 0.95
        "random, too high": (torch.tensor([0.9, 1.2, 1.0, 1.1]), 0 * full),  # mean 1.05
        "one fake in four": (0.9 * full, torch.tensor([0.0, 0.0, 0.2, 0.0])),
        "zeros times 0.9": (full, torch.zeros(4) * 0.9),
    }
    found = answer(settings)
    yield (
        isinstance(found, list),
        f"it returns {type(found).__name__} and no list",
        "return a list of names",
    )
    yield (
        set(found) <= set(settings),
        "it returns something that is no name",
        "the dict's keys are the names",
    )
    yield "hard" not in found, '"hard" is among them', "targets of 1 and 0 are not smoothed at all"
    yield "both sides" not in found, '"both sides" is among them', "its fakes have the target 0.1"
    yield "fakes only" not in found, '"fakes only" is among them', "that is the wrong side"
    yield (
        "one fake in four" not in found,
        '"one fake in four" is among them',
        "the mean of its fake targets is 0.05: look at all of them, not at the first",
    )
    yield (
        "random, too high" not in found,
        '"random, too high" is among them',
        "its mean is 1.05: what counts is the mean target, and it must lie below 1",
    )
    yield (
        "random" in found,
        '"random" is missing',
        "some of its targets lie above 1, but their mean is 0.95, and the loss sees the mean",
    )
    yield "real 0.9" in found, '"real 0.9" is missing', "that is the published recipe"
    yield found == ["real 0.9", "random"], f"you get {found}", "in the dict's order, each name once"


@check
def probability_real(answer):
    """answer(scores [B], a) -> σ(score) / a, at most 1."""
    scores = torch.tensor([-2.0, 0.0, 1.0, 2.0, 5.0])
    found = answer(scores, 0.8)
    yield is_tensor(found)
    yield (
        found.shape == scores.shape,
        f"scores [5] become {list(found.shape)}",
        "one probability a score",
    )
    answers = scores.sigmoid()
    yield (
        not near(found, answers),
        "it is D's answer itself",
        "a D at its best answers a · p/(p+q): turn that round",
    )
    yield (
        not near(found, 0.8 * answers),
        "it is a times D's answer",
        "D's answer is already a times the probability: divide",
    )
    yield (
        bool((found >= 0).all()),
        "a probability below 0",
        "is it σ(score), and not the score, that you divide by a",
    )
    yield (
        bool((found <= 1).all()),
        f"a probability of {found.max():.3f}",
        "where D's answer is above a, say 1: clamp",
    )
    yield (
        near(found, (answers / 0.8).clamp(max=1)),
        f"with a = 0.8 the score 0 gives {found[1]:.3f} and not 0.625",
        "σ(0) = 0.5, and 0.5 / 0.8 = 0.625",
    )
    hard = answer(scores, 1.0)
    yield near(hard, answers), "with a = 1 it is not σ(score)", "use a, not 0.8 or 0.9"


@check
def dropout(answer):
    """answer(x, p, training) -> x with a share p of zeros and the others divided by 1 - p; x where not training."""
    x = torch.rand(200, 50) + 0.5  # no zeros
    kept = answer(x, 0.3, False)
    yield is_tensor(kept)
    yield torch.equal(kept, x), "with training=False x is changed", "then x comes back as it is"
    before = x.clone()
    found = answer(x, 0.3, True)
    yield is_tensor(found)
    yield (
        torch.equal(x, before),
        "x itself was changed",
        "make a new tensor, and do not assign into x",
    )
    yield found.shape == x.shape, f"[200, 50] becomes {list(found.shape)}", "the shape stays"
    dropped = found == 0
    whole = any(bool((dropped.all(dim) | ~dropped.any(dim)).all()) for dim in (0, 1))
    yield (
        not whole or not dropped.any(),
        "whole rows or columns become 0",
        "each element has a draw of its own: torch.rand_like(x)",
    )
    share = dropped.float().mean().item()
    yield share > 0, "with training=True nothing becomes 0", "compare random numbers with p"
    yield (
        not abs(share - 0.7) < 0.03,
        "seven tenths are 0 where p is 0.3",
        "p is the probability of being dropped: keep where the random number is at least p",
    )
    yield (
        abs(share - 0.3) < 0.03,
        f"a share of {share:.2f} becomes 0",
        "a random number below p: dropped",
    )
    ratio = found[found != 0] / x[found != 0]
    yield (
        not near(ratio, torch.ones_like(ratio)),
        "what is kept is not scaled",
        "divide by 1 - p, or the next layer gets less in training than in eval mode",
    )
    yield (
        near(ratio, torch.full_like(ratio, 1 / 0.7)),
        f"what is kept is multiplied by {ratio.mean():.3f}",
        "by 1 / (1 - p)",
    )
    yield (
        not torch.equal(answer(x, 0.3, True), found),
        "it drops the same elements every time",
        "draw anew in each call: no seed inside",
    )
    yield torch.equal(answer(x, 0.0, True), x), "with p = 0 x is changed", "nothing is dropped then"
    images = torch.ones(4, 1, 28, 28)
    yield (
        answer(images, 0.5, True).shape == images.shape,
        "images [4, 1, 28, 28] change their shape",
        "any shape",
    )
