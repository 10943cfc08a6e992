"""Checks of lesson 06 · Label smoothing; that of exercise 4 is in lesson_06_dropout."""

import copy
import operator

import torch

from gan_helpers.checks import check, is_tensor, mistakes, near, two_numbers, wrong_if
from gan_helpers.checks.lesson_06_dropout import dropout

__all__ = ["dropout", "one_sided", "probability_real", "smooth_labels"]


@check
def smooth_labels(answer):
    """answer(n, real) -> float32 [n]: 0.9 for real pictures, 0 for fakes."""
    for n, real in ((5, True), (3, False), (1, True), (1, False), (64, True)):
        targets = answer(n, real)
        yield is_tensor(targets)
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
    of_real = answer(5, True)
    yield wrong_if(
        (of_real == 1).all(),
        "the targets of real pictures are still 1",
        "one factor is missing: 0.9",
    )
    yield wrong_if(
        (of_real == 0).all(),
        "the targets of real pictures are 0",
        "0.9 where `real` is True, and 0 where it is False",
    )
    yield (
        near(of_real, torch.full((5,), 0.9), 1e-6),
        f"the targets of real pictures are {of_real.tolist()}",
        "0.9, each of them",
    )
    of_fake = answer(3, False)
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
        bool((of_fake == 0).all()),
        f"the targets of fakes are {of_fake.tolist()}",
        "0, each of them",
    )


ONES = torch.ones(4)
SMOOTHED = 0.9 * ONES
ZEROS = 0 * ONES
PLAIN = {  # all numbers of a tensor are equal; two are one-sided
    "real 0.9": (SMOOTHED, ZEROS),
    "both sides": (SMOOTHED, 0.1 * ONES),
    "fakes only": (ONES, 0.1 * ONES),
    "hard": (ONES, ZEROS),
    "real 0.8": (0.8 * ONES, ZEROS),
    "exchanged": (ZEROS, SMOOTHED),
}
MEANS = {  # where one number tells too little
    "random": (torch.tensor([0.7, 1.2, 0.8, 1.1]), ZEROS),  # mean 0.95
    "random, too high": (torch.tensor([0.9, 1.2, 1.0, 1.1]), ZEROS),  # mean 1.05
    "one high, too high": (torch.tensor([0.9, 0.9, 0.9, 1.5]), ZEROS),  # mean 1.05
    "one low": (torch.tensor([1.0, 1.0, 1.0, 0.6, 1.1, 1.1]), ZEROS[:2]),  # mean 0.967
    "one fake in four": (SMOOTHED, torch.tensor([0.0, 0.0, 0.2, 0.0])),
}
FAKES = {  # about the mean target of fakes
    "zeros times 0.9": (ONES, ZEROS * 0.9),
    "fakes at 0.01": (SMOOTHED, 0.01 * ONES),
    "fakes below 0": (SMOOTHED, -0.1 * ONES),
    "fakes that cancel": (SMOOTHED, torch.tensor([0.5, -0.5])),
}


@check
def one_sided(answer):
    """answer({name: (real targets [B], fake targets [B])}) -> names that smooth real alone."""
    names = answer(copy.deepcopy(PLAIN))
    yield from _are_names(names, PLAIN)
    yield from mistakes(
        names,
        ("hard", '"hard" is among them', "targets of 1 and 0 are not smoothed at all"),
        ("both sides", '"both sides" is among them', "its fakes have the target 0.1"),
        ("fakes only", '"fakes only" is among them', "that is the wrong side"),
        (
            "exchanged",
            '"exchanged" is among them, with real targets of 0 and fake ones of 0.9',
            "each pair is (real, fake), in this order",
        ),
        comparison=operator.contains,
    )
    yield (
        "real 0.9" in names,
        '"real 0.9" is missing, with real targets of 0.9 and fake ones of 0',
        "its means are 0.9, below 1, and 0: look at these, not at the name, and compare them by < "
        "and ==, not by `is`",
    )
    yield (
        "real 0.8" in names,
        '"real 0.8" is missing, with real targets of 0.8 and fake ones of 0',
        "any mean below 1 counts; and does the loop go on to the end, without `break` or `return`",
    )
    yield from _in_order(names, ["real 0.9", "real 0.8"])
    names = answer(copy.deepcopy(MEANS))
    yield from _are_names(names, MEANS)
    yield from mistakes(
        names,
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
        (
            "one high, too high",
            '"one high, too high" is among them',
            "most of its targets lie below 1, but their mean is 1.05",
        ),
        comparison=operator.contains,
    )
    yield (
        "random" in names,
        '"random" is missing',
        "some of its targets lie above 1, but their mean is 0.95, and the loss sees the mean",
    )
    yield "one low" in names, '"one low" is missing', "the mean of its real targets is 0.967"
    yield from _in_order(names, ["random", "one low"])
    names = answer(copy.deepcopy(FAKES))
    yield from _are_names(names, FAKES)
    for name, mean in (("fakes at 0.01", 0.01), ("fakes below 0", -0.1)):
        yield name not in names, f'"{name}" is among them', f"the mean of its fakes is {mean}"
    yield (
        "fakes that cancel" in names,
        '"fakes that cancel" is missing',
        "the mean of its fake targets, 0.5 and -0.5, is 0",
    )
    yield from _in_order(names, ["fakes that cancel"])
    turned = dict(reversed(copy.deepcopy(PLAIN).items()))
    yield from _in_order(answer(turned), ["real 0.8", "real 0.9"])
    for few in ({}, {"random": copy.deepcopy(MEANS["random"])}):
        yield answer(few) == list(few), f"of {len(few)} settings it makes no list", "always a list"


def _are_names(names, settings):
    yield (
        isinstance(names, list),
        f"it returns {type(names).__name__} and no list",
        "return a list of names",
    )
    yield (
        all(isinstance(name, str) and name in settings for name in names),
        "it returns something that is no name",
        "the dict's keys are the names",
    )


def _in_order(names, right):
    yield names == right, f"you get {names} and not {right}", "in the dict's order, each name once"


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
    probabilities = probabilities.detach()
    yield from _mistaken_probabilities(probabilities, scores)
    yield from _right_probabilities(
        probabilities,
        scores,
        0.8,
        "σ(0) = 0.5, and 0.5 / 0.8 = 0.625: σ(score) / a, at most 1",
    )
    unsmoothed = answer(scores, 1.0).detach()
    yield from _right_probabilities(unsmoothed, scores, 1.0, "use a, not 0.8 or 0.9")
    extremes = torch.tensor([-300.0, 300.0])
    far = answer(extremes, 0.9).detach()
    yield wrong_if(
        far.isnan().any(),
        "at scores of -300 and 300 it is " + " and ".join(f"{value:g}" for value in far.tolist()),
        "e^300 overflows: sigmoid",
    )
    yield from _right_probabilities(
        far, extremes, 0.9, "no clamp of the scores: σ(-300) is 0, and σ(300) is 1"
    )
    for count in (1, 12):
        some = torch.linspace(-3, 4, count) - 1
        probabilities = answer(some, 0.7).detach()
        yield (
            probabilities.shape == some.shape,
            f"scores [{count}] become {list(probabilities.shape)}",
            "one probability a score, also for one score: no squeeze()",
        )
        yield from _right_probabilities(
            probabilities, some, 0.7, "a and the scores are the arguments"
        )


def _probability(scores, a):
    return (scores.sigmoid() / a).clamp(max=1)


def _right_probabilities(probabilities, scores, a, hint):
    """The line with the score whose probability is furthest from the right one."""
    right = _probability(scores, a)
    worst = (probabilities - right).abs().argmax()
    yield (
        near(probabilities, right),
        f"with a = {a} the score {scores[worst]:g} gives "
        + two_numbers(probabilities[worst], right[worst]),
        hint,
    )


def _mistaken_probabilities(probabilities, scores):
    """Lines about wrong probabilities for a = 0.8; the lowest score comes first."""
    answers_of_D = scores.sigmoid()
    lowest = answers_of_D[0]
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
        (
            (answers_of_D / 0.8).clamp(min=1),
            "no probability lies below 1",
            "1 is the largest that is allowed: .clamp(max=1), which `min=` does not do",
        ),
    )
    yield from mistakes(
        probabilities[0],
        (lowest / (0.8 - lowest), "it is p/q", "p/(p+q): divide by a, and not by a - σ(score)"),
        (
            (lowest / 0.8).log(),
            "it is the logarithm of the probability",
            "the probability itself: σ(score) / a",
        ),
    )
    worst = probabilities.argmin()
    yield (
        bool((probabilities >= 0).all()),
        f"the score {scores[worst]:g} gives {probabilities[worst]:.4g}, and none lies below 0",
        "is it σ(score), and not the score, that you divide by a",
    )
    yield (
        bool((probabilities <= 1).all()),
        f"a probability of {probabilities.max():.3f}",
        "where D's answer is above a, say 1: clamp after the division, .clamp(max=1)",
    )
