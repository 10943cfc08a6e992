"""Checks of lesson 10 · A fair comparison."""

import math
import operator
from fractions import Fraction

import torch

from gan_helpers.checks import check, mistakes


def _is_one_number(result):
    """(holds, reason, hint) for being a plain number, or a tensor of one."""
    plain = isinstance(result, int | float) and not isinstance(result, bool)
    return (
        plain or (isinstance(result, torch.Tensor) and result.numel() == 1),
        f"it returns {type(result).__name__} and no number",
        "does every path end with `return`, and one number",
    )


def _same_number(result, value):
    return abs(float(result) - value) < 1e-6


def _equals(right, result, text, hint):
    """(holds, reason, hint) for being the number `right`, given as it is printed: "26/6"."""
    reason = f"{text} {float(result):.4f} and not {right}"
    return _same_number(result, Fraction(right)), reason, hint


def _copy(lists):
    """The dict with copies of its lists, for an answer that may change them."""
    return {name: list(values) for name, values in lists.items()}


@check
def choose_rate(answer):
    """answer({rate: digit_fids, some NaN}) -> the rate of the lowest median, NaN as infinite."""
    tries = {
        4e-3: [6.6, 6.9, 6.7],
        1e-3: [6.0, 7.0, 6.5],
        5e-4: [40.0, 6.1, 6.2],
        2e-3: [2.0, 9.5, 9.0],
        8e-3: [21.0, 20.0, 22.0],
    }
    given = _copy(tries)
    rate = answer(given)
    yield (
        isinstance(rate, float),
        f"it returns {rate!r}",
        "the rate: one of the keys, and nothing else",
    )
    yield (
        rate in tries,
        f"it returns {rate:g}, which is none of the rates",
        "the rate, not its distance",
    )
    yield (
        given == tries,
        "it changes the lists that it was given",
        "sorted() makes a new list, .sort() does not",
    )
    yield from mistakes(
        rate,
        (
            8e-3,
            "it chooses the rate with the highest distances",
            "a distance is better when it is low",
        ),
        (
            2e-3,
            "it chooses the rate with one lucky run",
            "compare the medians, not the lowest values",
        ),
        (
            1e-3,
            "it chooses the rate with the lowest mean",
            "the rule was the median, which one bad run hardly moves",
        ),
        (4e-3, "it chooses the rate whose worst run is the least bad", "the rule was the median"),
        comparison=operator.eq,
    )
    yield rate == 5e-4, f"it chooses {rate:g} and not 0.0005", "medians: 6.7, 6.5, 6.2, 9 and 21"
    yield from _rate_of_two_runs_each(answer)
    yield from _rate_with_broken_runs(answer)


def _rate_of_two_runs_each(answer):
    """Lines about the median of an even number of runs."""
    for tries in ({1e-3: [1.0, 9.0], 2e-3: [4.0, 5.0]}, {2e-3: [1.0, 6.0], 1e-3: [4.0, 5.0]}):
        rate = answer(_copy(tries))
        right = min(tries, key=lambda rate: sum(tries[rate]))
        yield (
            rate == right,
            f"of two rates with two runs each, {tries}, it chooses {rate!r}",
            "of two numbers the median is their mean",
        )


def _rate_with_broken_runs(answer):
    """Lines about runs that ended in NaN, wherever in a list they stand."""
    nan = math.nan
    for tries in (
        {1e-3: [5.0, 5.2, 5.1], 2e-3: [nan, 4.0, nan], 4e-3: [3.0, nan, 6.0]},
        {4e-3: [nan, 6.0, 3.0], 2e-3: [4.0, nan, nan], 1e-3: [5.2, 5.1, 5.0]},
        {2e-3: [nan, nan, 4.0], 4e-3: [6.0, 3.0, nan], 1e-3: [5.0, 5.1, 5.2]},
    ):
        rate = answer(_copy(tries))
        yield (
            rate == 1e-3,
            f"with runs that broke (NaN) it chooses {rate!r} and not 0.001",
            "a broken run may not drop out: count NaN as math.inf, worse than any number",
        )


@check
def sign_test(answer):
    """answer(a, b) -> two-sided p of the sign test on pairs; ties drop out."""
    low = [1.0, 2.0, 3.0, 4.0, 5.0]
    high = [1.5, 2.1, 9.0, 4.2, 5.3]
    p = answer(low, high)
    yield _is_one_number(p)
    yield from mistakes(
        p,
        (
            1 / 32,
            "with a lower on all five seeds it gives 1/32: the chance that a is lower five times",
            "b could have been lower five times as well: twice that",
        ),
        (
            5,
            "it counts the wins",
            "the probability of a result as clear as this one by coin tosses",
        ),
        comparison=_same_number,
    )
    yield _equals("0.0625", p, "with a lower on all five seeds it gives", "two ways out of 2⁵ = 32")
    p = answer(high, low)
    yield _equals(
        "0.0625",
        p,
        "with b lower on all five seeds it gives",
        "count the rarer of the two outcomes: min(wins, n - wins)",
    )
    yield from _sign_test_of_mixed_results(answer, high)
    p = answer([2.0, 2.0], [2.0, 2.0])
    yield (
        _same_number(p, 1),
        f"with ties only it gives {float(p)} and not 1",
        "nothing speaks for either: 1",
    )
    p = answer([0.0] * 8, [1.0] * 8)
    yield _equals("2/256", p, "with eight of eight it gives", "n is len, not 5")


def _sign_test_of_mixed_results(answer, high):
    """Lines about four wins and a loss, four wins and a tie, and two wins of four."""
    four_wins_and_a_loss = [0.5, 1.0, 9.5, 3.0, 5.0]
    p = answer(four_wins_and_a_loss, high)
    yield from mistakes(
        p,
        (
            10 / 32,
            "it counts only results exactly as clear as this one",
            "those that are clearer count too: four wins or five",
        ),
        comparison=_same_number,
    )
    yield _equals("0.375", p, "with four of five it gives", "2 · (1 + 5) / 32")
    four_wins_and_a_tie = [0.5, 1.0, 9.0, 3.0, 5.0]
    p = answer(four_wins_and_a_tie, high)
    yield _equals(
        "0.125",
        p,
        "with four wins and a tie it gives",
        "a tie says nothing: leave it out, so that n is 4",
    )
    p = answer([1.0, 3.0, 1.0, 3.0], [2.0, 2.0, 2.0, 2.0])
    yield (
        float(p) <= 1,
        f"with two wins of four it gives {float(p):.4f}",
        "a probability is at most 1",
    )
    yield _equals("1", p, "with two wins of four it gives", "min(1.0, …)")


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
]


@check
def verdict(answer):
    """answer(a, b), each {judge: distances} -> "a", "b" or "open": apart for every judge."""
    for right, a, b, case, hint in VERDICTS:
        winner = answer(_copy(a), _copy(b))
        yield (
            isinstance(winner, str),
            f"it returns {type(winner).__name__} and no text",
            'return "a", "b" or "open"',
        )
        yield winner in ("a", "b", "open"), f"it returns {winner!r}", 'return "a", "b" or "open"'
        yield winner == right, f"{case}; you say {winner!r} and not {right!r}", hint


@check
def expected_best(answer):
    """answer(values, k) -> mean of the lowest over all choices of k of the values."""
    values = [8.0, 3.0, 5.0, 4.0]
    given = list(values)
    best = answer(given, 2)
    yield _is_one_number(best)
    yield (
        given == values,
        "it changes the list that it was given",
        "sorted() makes a new list, .sort() does not",
    )
    with_repeats = sum(min(first, second) for first in values for second in values) / 16
    yield from mistakes(
        best,
        (3, "it gives the lowest of all, whatever k is", "the best of k runs, not of all"),
        (5, "it gives the mean of all values", "the lowest of each choice, then the mean"),
        (38 / 6, "it takes the highest of each choice", "low is better: min"),
        (3.5, "it gives the median, or the mean of the best k", "the lowest of each choice of k"),
        (
            with_repeats,
            "the same run can be picked twice",
            "itertools.combinations picks each run once",
        ),
        comparison=_same_number,
    )
    yield _equals(
        "22/6",
        best,
        "the best of 2 of (8, 3, 5, 4) is",
        "(3 + 5 + 4 + 3 + 3 + 4) / 6: the lowest of each of the six pairs",
    )
    for k, right in ((1, "5.0"), (3, "3.25"), (4, "3.0")):
        best = answer(list(values), k)
        yield _equals(
            right,
            best,
            f"the best of {k} of (8, 3, 5, 4) is",
            "use k: itertools.combinations(values, k)",
        )
    best = answer([4.0, 4.0, 6.0, 8.0], 2)
    yield _equals(
        "26/6", best, "the best of 2 of (4, 4, 6, 8) is", "two runs may have one value: no set()"
    )
