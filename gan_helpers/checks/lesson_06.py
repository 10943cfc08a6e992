"""Checks of lesson 06 · Label smoothing; that of exercise 4 is in lesson_06_dropout."""

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
    of_fake = answer(3, False)
    of_real = answer(5, True)
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
        near(of_real, torch.full((5,), 0.9), 1e-6),
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
        "one high, too high": (torch.tensor([0.9, 0.9, 0.9, 1.5]), 0 * ones),  # mean 1.05
        "one low": (torch.tensor([1.0, 1.0, 1.0, 0.6, 1.1, 1.1]), 0 * ones[:2]),  # mean 0.967
        "one fake in four": (0.9 * ones, torch.tensor([0.0, 0.0, 0.2, 0.0])),
        "zeros times 0.9": (ones, torch.zeros(4) * 0.9),
        "fakes at 0.01": (0.9 * ones, 0.01 * ones),
        "fakes below 0": (0.9 * ones, -0.1 * ones),
        "fakes that cancel": (0.9 * ones, torch.tensor([0.5, -0.5])),
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
    yield "real 0.9" in names, '"real 0.9" is missing', "that is the published recipe"
    yield "one low" in names, '"one low" is missing', "the mean of its real targets is 0.967"
    for name, mean in (("fakes at 0.01", 0.01), ("fakes below 0", -0.1)):
        yield name not in names, f'"{name}" is among them', f"the mean of its fakes is {mean}"
    yield (
        "fakes that cancel" in names,
        '"fakes that cancel" is missing',
        "the mean of its fake targets, 0.5 and -0.5, is 0",
    )
    right = ["real 0.9", "random", "one low", "fakes that cancel"]
    yield names == right, f"you get {names}", "in the dict's order, each name once"
    turned = dict(reversed(settings.items()))
    yield answer(turned) == right[::-1], "in another order it is wrong", "the dict's order"
    for few in ({}, {"random": settings["random"]}):
        yield answer(few) == list(few), f"of {len(few)} settings it makes no list", "always a list"


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
        f"with a = 0.8 the score {scores[_worst(probabilities, scores)]:g} gives "
        + two_numbers(
            probabilities[_worst(probabilities, scores)],
            _probability(scores, 0.8)[_worst(probabilities, scores)],
        ),
        "σ(0) = 0.5, and 0.5 / 0.8 = 0.625: σ(score) / a, at most 1",
    )
    unsmoothed = answer(scores, 1.0)
    yield near(unsmoothed, answers_of_D), "with a = 1 it is not σ(score)", "use a, not 0.8 or 0.9"
    far = answer(torch.tensor([-300.0, 300.0]), 0.9)
    yield near(far, [0.0, 1.0]), "at scores of ±300 it is wrong", "e^300 overflows: sigmoid"
    for count in (1, 12):
        some = torch.linspace(-3, 4, count) - 1
        yield (
            near(answer(some, 0.7), _probability(some, 0.7)),
            f"it is wrong for {count} scores and a = 0.7",
            "a and the scores are the arguments",
        )


def _probability(scores, a):
    return (scores.sigmoid() / a).clamp(max=1)


def _worst(probabilities, scores):
    """The number of the score whose probability is furthest from the right one for a = 0.8."""
    return (probabilities - _probability(scores, 0.8)).abs().argmax()
