"""Checks of lesson 06 · Label smoothing and dropout."""

import operator

import torch

from gan_helpers.checks import check, is_tensor, mistakes, near, wrong_if


@check
def smooth_labels(answer):
    """answer(n, real) -> float32 [n]: 0.9 for real pictures, 0 for fakes."""
    of_real = answer(5, True)
    of_fake = answer(3, False)
    yield is_tensor(of_real)
    yield is_tensor(of_fake)
    for targets, n in ((of_real, 5), (of_fake, 3)):
        yield (
            targets.shape == (n,),
            f"for {n} pictures the shape is {list(targets.shape)}",
            "one target a picture, as D returns one score a picture: [n], not [n, 1]",
        )
        yield (
            targets.dtype == torch.float32,
            f"the targets are {targets.dtype}",
            "float32, like D's scores",
        )
    yield wrong_if(
        (of_real == 1).all(),
        "the targets of real pictures are still 1",
        "one factor is missing: 0.9",
    )
    yield from mistakes(
        of_fake,
        (
            torch.full((3,), 0.1),
            "the targets of fakes are 0.1",
            "one-sided: only the real side is smoothed, fakes keep 0",
        ),
        (torch.full((3,), 0.9), "the targets of fakes are 0.9", "look at `real`"),
    )
    yield (
        near(of_real, torch.full((5,), 0.9)),
        f"the targets of real pictures are {of_real.tolist()}",
        "0.9, each of them",
    )
    yield (
        bool((of_fake == 0).all()),
        f"the targets of fakes are {of_fake.tolist()}",
        "0, each of them",
    )


@check
def one_sided(answer):
    """answer({name: (real targets [B], fake targets [B])}) -> names that smooth real alone."""
    ones = torch.ones(4)
    settings = {
        "hard": (ones, 0 * ones),
        "real 0.9": (0.9 * ones, 0 * ones),
        "both sides": (0.9 * ones, 0.1 * ones),
        "fakes only": (ones, 0.1 * ones),
        "random": (torch.tensor([0.7, 1.2, 0.8, 1.1]), 0 * ones),  # mean 0.95
        "random, too high": (torch.tensor([0.9, 1.2, 1.0, 1.1]), 0 * ones),  # mean 1.05
        "one fake in four": (0.9 * ones, torch.tensor([0.0, 0.0, 0.2, 0.0])),
        "zeros times 0.9": (ones, torch.zeros(4) * 0.9),
    }
    names = answer(settings)
    yield (
        isinstance(names, list),
        f"it returns {type(names).__name__} and no list",
        "return a list of names",
    )
    yield (
        set(names) <= set(settings),
        "it returns something that is no name",
        "the dict's keys are the names",
    )
    yield from mistakes(
        names,
        ("hard", '"hard" is among them', "targets of 1 and 0 are not smoothed at all"),
        ("both sides", '"both sides" is among them', "its fakes have the target 0.1"),
        ("fakes only", '"fakes only" is among them', "that is the wrong side"),
        (
            "one fake in four",
            '"one fake in four" is among them',
            "the mean of its fake targets is 0.05: look at all of them, not at the first",
        ),
        (
            "random, too high",
            '"random, too high" is among them',
            "its mean is 1.05: what counts is the mean target, and it must lie below 1",
        ),
        comparison=operator.contains,
    )
    yield (
        "random" in names,
        '"random" is missing',
        "some of its targets lie above 1, but their mean is 0.95, and the loss sees the mean",
    )
    yield "real 0.9" in names, '"real 0.9" is missing', "that is the published recipe"
    yield names == ["real 0.9", "random"], f"you get {names}", "in the dict's order, each name once"


@check
def probability_real(answer):
    """answer(scores [B], a) -> σ(score) / a, at most 1."""
    scores = torch.tensor([-2.0, 0.0, 1.0, 2.0, 5.0])
    probabilities = answer(scores, 0.8)
    yield is_tensor(probabilities)
    yield (
        probabilities.shape == scores.shape,
        f"scores [5] become {list(probabilities.shape)}",
        "one probability a score",
    )
    answers_of_D = scores.sigmoid()
    yield from mistakes(
        probabilities,
        (
            answers_of_D,
            "it is D's answer itself",
            "a D at its best answers a · p/(p+q): turn that round",
        ),
        (
            0.8 * answers_of_D,
            "it is a times D's answer",
            "D's answer is already a times the probability: divide",
        ),
    )
    yield (
        bool((probabilities >= 0).all()),
        "a probability below 0",
        "is it σ(score), and not the score, that you divide by a",
    )
    yield (
        bool((probabilities <= 1).all()),
        f"a probability of {probabilities.max():.3f}",
        "where D's answer is above a, say 1: clamp",
    )
    yield (
        near(probabilities, (answers_of_D / 0.8).clamp(max=1)),
        f"with a = 0.8 the score 0 gives {probabilities[1]:.3f} and not 0.625",
        "σ(0) = 0.5, and 0.5 / 0.8 = 0.625",
    )
    unsmoothed = answer(scores, 1.0)
    yield near(unsmoothed, answers_of_D), "with a = 1 it is not σ(score)", "use a, not 0.8 or 0.9"


@check
def dropout(answer):
    """answer(x, p, training) -> x with a share p of zeros, the rest / (1 - p); else x itself."""
    x = torch.rand(200, 50) + 0.5  # no zeros
    unchanged = answer(x, 0.3, False)
    yield is_tensor(unchanged)
    yield (
        torch.equal(unchanged, x),
        "with training=False x is changed",
        "then x comes back as it is",
    )
    before = x.clone()
    thinned = answer(x, 0.3, True)
    yield is_tensor(thinned)
    yield (
        torch.equal(x, before),
        "x itself was changed",
        "make a new tensor, and do not assign into x",
    )
    yield thinned.shape == x.shape, f"[200, 50] becomes {list(thinned.shape)}", "the shape stays"
    yield from _dropped_elements(thinned == 0)
    ratio = thinned[thinned != 0] / x[thinned != 0]
    yield from mistakes(
        ratio,
        (
            torch.ones_like(ratio),
            "what is kept is not scaled",
            "divide by 1 - p, or the next layer gets less in training than in eval mode",
        ),
    )
    yield (
        near(ratio, torch.full_like(ratio, 1 / 0.7)),
        f"what is kept is multiplied by {ratio.mean():.3f}",
        "by 1 / (1 - p)",
    )
    yield wrong_if(
        torch.equal(answer(x, 0.3, True), thinned),
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


def _dropped_elements(dropped):
    """Lines about which elements of [200, 50] became 0 where p is 0.3; dropped is a mask."""

    def in_whole_lines(dim):
        return bool((dropped.all(dim) | ~dropped.any(dim)).all())

    yield wrong_if(
        dropped.any() and (in_whole_lines(0) or in_whole_lines(1)),
        "whole rows or columns become 0",
        "each element has a draw of its own: torch.rand_like(x)",
    )
    share = dropped.float().mean().item()
    yield share > 0, "with training=True nothing becomes 0", "compare random numbers with p"
    yield wrong_if(
        abs(share - 0.7) < 0.03,
        "seven tenths are 0 where p is 0.3",
        "p is the probability of being dropped: keep where the random number is at least p",
    )
    yield (
        abs(share - 0.3) < 0.03,
        f"a share of {share:.2f} becomes 0",
        "a random number below p: dropped",
    )
