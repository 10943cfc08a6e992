"""Checks of lesson 10, exercises 3 and 4: what several runs show together."""

import itertools
import math
import random
import statistics
from fractions import Fraction

from gan_helpers.checks import SEED, agrees, check, mistakes, two_numbers


def is_one_number(result):
    """(holds, reason, hint) for being a plain number, ."""
    return (
        isinstance(result, int | float) and not isinstance(result, bool),
        f"it returns {type(result).__name__} and no number",
        "does every path end with `return`, and one float: .item() makes one of a tensor",
    )


def same_number(result, value):
    return abs(float(result) - value) < 1e-6


def equals(right, result, text, hint):
    """(holds, reason, hint) for being the number `right`, given as it is printed: "26/6"."""
    reason = f"{text} {two_numbers(result, Fraction(right))} ({right})"
    return same_number(result, Fraction(right)), reason, hint


def copy_of(lists):
    """The dict with copies of its lists, for an answer that may change them."""
    return {name: list(values) for name, values in lists.items()}


VERDICTS = [  # (right answer, a, b, what is special, hint)
    (
        "a",
        {"one": [1.0, 2.0, 3.0], "two": [10.0, 11.0, 12.0]},
        {"one": [4.0, 5.0, 6.0], "two": [13.0, 14.0, 15.0]},
        "all of a's runs are lower, for both judges",
        "a's highest is below b's lowest: \"a\"",
    ),
    (
        "b",
        {"one": [4.0, 5.0, 6.0], "two": [13.0, 14.0, 15.0]},
        {"one": [1.0, 2.0, 3.0], "two": [10.0, 11.0, 12.0]},
        "all of b's runs are lower, for both judges",
        'low is better, for b as well: "b"',
    ),
    (
        "open",
        {"one": [1.0, 2.0, 5.5], "two": [1.0, 2.0, 5.5]},
        {"one": [6.0, 7.0, 5.0], "two": [6.0, 7.0, 5.0]},
        "a's median is lower, but one run of a is worse than one of b",
        "compare the ranges: max of one, min of the other",
    ),
    (
        "open",
        {"one": [1.0, 5.0, 2.0], "two": [1.0, 5.0, 2.0]},
        {"one": [1.5, 6.0, 3.0], "two": [1.5, 6.0, 3.0]},
        "a is lower on each seed, but the ranges overlap",
        "do not rely on pairs: max of one, min of the other",
    ),
    (
        "open",
        {"one": [1.0, 2.0, 3.0], "two": [5.0, 6.0, 7.0]},
        {"one": [4.0, 5.0, 6.0], "two": [5.5, 6.5, 7.5]},
        "the first judge is sure and the second is not",
        "every judge has to agree: all(…)",
    ),
    (
        "open",
        {"one": [5.0, 6.0, 7.0], "two": [1.0, 2.0, 3.0]},
        {"one": [5.5, 6.5, 7.5], "two": [4.0, 5.0, 6.0]},
        "the second judge is sure and the first is not",
        "every judge has to agree: all(…)",
    ),
    (
        "open",
        {"one": [1.0, 2.0], "two": [9.0, 8.0]},
        {"one": [3.0, 4.0], "two": [6.0, 7.0]},
        "the judges contradict each other",
        "every judge has to agree: all(…)",
    ),
    ("open", {"one": [1.0, 2.0]}, {"one": [2.0, 3.0]}, "the ranges touch", "< and not <="),
    (
        "b",
        {"one": [8.0, 9.0, 7.0], "two": [30.0, 20.0, 40.0]},
        {"two": [13.0, 14.0, 15.0, 2.0], "one": [1.0, 6.9]},
        "the judges stand in another order, and b's runs are as many as they are",
        "b[judge] for each judge of a",
    ),
    (
        "open",
        {"one": [1.0] * 5 + [2.0, 9.0]},
        {"one": [3.0] * 9},
        "the last of a's runs is worse than all of b's",
        "all runs count, however many there are",
    ),
    (
        "a",
        {"one": [0.1], "two": [0.1], "three": [0.1]},
        {"one": [0.2], "two": [0.2], "three": [0.2]},
        "there are three judges with one run each",
        "any number of judges and runs",
    ),
]


@check
def verdict(answer):
    """answer(a, b), each {judge: distances} -> "a", "b" or "open": apart for every judge."""
    for right, a, b, case, hint in VERDICTS:
        winner = answer(copy_of(a), copy_of(b))
        yield (
            isinstance(winner, str),
            f"it returns {type(winner).__name__} and no text",
            'return "a", "b" or "open"',
        )
        yield winner in ("a", "b", "open"), f"it returns {winner!r}", 'return "a", "b" or "open"'
        yield winner == right, f"{case}; you say {winner!r} and not {right!r}", hint
    draw = random.Random(SEED)
    cases = [_two_methods(draw) for _ in range(300)]
    yield from agrees(answer, _verdict, cases, "compare the ranges, judge by judge")


def _two_methods(draw):
    """Distances (a, b) for one to four judges, of one method's size or a hundred times as large."""
    judges = ["one", "two", "three", "four"][: draw.randrange(1, 5)]
    scale = draw.choice([0.5, 1.0, 120.0])
    shift = draw.choice([-3, 0, 3])

    def distances(lowest):
        return [scale * (lowest + draw.randrange(4)) for _ in range(draw.randrange(1, 8))]

    a = {judge: distances(8) for judge in judges}
    return a, {judge: distances(8 + shift) for judge in draw.sample(judges, len(judges))}


def _verdict(a, b):
    if all(max(a[judge]) < min(b[judge]) for judge in a):
        return "a"
    if all(max(b[judge]) < min(a[judge]) for judge in a):
        return "b"
    return "open"


@check
def expected_best(answer):
    """answer(values, k) -> mean of the lowest over all choices of k of the values."""
    values = [8.0, 3.0, 5.0, 4.0]
    best = answer(list(values), 2)
    yield is_one_number(best)
    with_repeats = sum(min(first, second) for first in values for second in values) / 16
    yield from mistakes(
        best,
        (3, "it gives the lowest of all, whatever k is", "the best of k runs, not of all"),
        (5, "it gives the mean of all values", "the lowest of each choice, then the mean"),
        (38 / 6, "it takes the highest of each choice", "low is better: min"),
        (3.5, "it gives the mean of the best k", "the lowest of each choice of k, then the mean"),
        (4.5, "it gives the median", "the lowest of each choice of k, then the mean"),
        (
            with_repeats,
            "the same run can be picked twice",
            "itertools.combinations picks each run once",
        ),
        comparison=same_number,
    )
    yield equals(
        "22/6",
        best,
        "the best of 2 of (8, 3, 5, 4) is",
        "(3 + 5 + 4 + 3 + 3 + 4) / 6: the lowest of each of the six pairs",
    )
    for k, right in ((1, "5.0"), (3, "3.25"), (4, "3.0")):
        best = answer(list(values), k)
        yield equals(
            right,
            best,
            f"the best of {k} of (8, 3, 5, 4) is",
            "use k: itertools.combinations(values, k)",
        )
    seven = [7.0, 2.5, 9.0, 1.5, 4.0, 8.0, 3.0]
    for k in (1, 4, 7):
        # The i-th lowest is the best where all others of the k are among the ones above it.
        shares = [math.comb(len(seven) - 1 - i, k - 1) / math.comb(len(seven), k) for i in range(7)]
        right = sum(share * value for share, value in zip(shares, sorted(seven), strict=True))
        best = answer(list(seven), k)
        yield (
            same_number(best, right),
            f"the best of {k} of seven is {two_numbers(best, right)}",
            "the mean over all choices of k of the runs",
        )
    draw = random.Random(SEED)
    cases = [([draw.uniform(1, 200) for _ in range(n)], k) for n, k in ((1, 1), (6, 3), (180, 2))]
    yield from agrees(answer, _expected_best, cases, "the mean over all choices of k", same_number)
    best = answer([4.0, 4.0, 6.0, 8.0], 2)
    yield equals(
        "26/6", best, "the best of 2 of (4, 4, 6, 8) is", "two runs may have one value: no set()"
    )


def _expected_best(distances, k):
    return statistics.mean(min(choice) for choice in itertools.combinations(distances, k))
