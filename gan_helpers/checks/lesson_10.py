"""Checks of lesson 10 · A fair comparison; those of exercises 3 and 4 are in lesson_10_runs."""

import math
import operator
import random
import statistics

from gan_helpers.checks import SEED, agrees, check, mistakes
from gan_helpers.checks.lesson_10_runs import (
    copy_of,
    equals,
    expected_best,
    is_one_number,
    same_number,
    verdict,
)

__all__ = ["choose_rate", "expected_best", "sign_test", "verdict"]


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
    rate = answer(copy_of(tries))
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
    draw = random.Random(SEED)
    cases = []
    for _ in range(60):
        rates = draw.sample([1e-4, 5e-4, 1e-3, 2e-3, 4e-3], 3)
        runs = draw.choice([3, 5])
        cases.append(({rate: _some_runs(draw, runs) for rate in rates},))
    yield from agrees(answer, _choose_rate, cases, "the lowest median, a NaN as math.inf")


def _some_runs(draw, count):
    """Distances of which a few, and never the half of them, are NaN. Each NaN is one of its own."""
    broken = draw.sample(range(count), draw.randrange((count + 1) // 2))
    return [float("nan") if i in broken else draw.uniform(1, 50) for i in range(count)]


def _choose_rate(tries):
    def middle(values):
        return statistics.median(math.inf if math.isnan(value) else value for value in values)

    return min(tries, key=lambda rate: middle(tries[rate]))


def _rate_of_two_runs_each(answer):
    """Lines about the median of an even number of runs."""
    for tries in ({1e-3: [1.0, 9.0], 2e-3: [4.0, 5.0]}, {2e-3: [1.0, 6.0], 1e-3: [4.0, 5.0]}):
        rate = answer(copy_of(tries))
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
        {2e-3: [nan, 4.0, nan], 1e-3: [3e4, 2e6, 5e5], 4e-3: [nan, nan, nan]},
    ):
        rate = answer(copy_of(tries))
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
    yield is_one_number(p)
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
        comparison=same_number,
    )
    yield equals("0.0625", p, "with a lower on all five seeds it gives", "two ways out of 2⁵ = 32")
    p = answer(high, low)
    yield equals(
        "0.0625",
        p,
        "with b lower on all five seeds it gives",
        "count the rarer of the two outcomes: min(wins, n - wins)",
    )
    yield from _sign_test_of_mixed_results(answer, high)
    p = answer([2.0, 2.0], [2.0, 2.0])
    yield (
        same_number(p, 1),
        f"with ties only it gives {float(p)} and not 1",
        "nothing speaks for either: 1",
    )
    p = answer([], [])
    yield same_number(p, 1), f"with no runs at all it gives {float(p)}", "nothing is left: 1"
    p = answer([0.0] * 8, [1.0] * 8)
    yield equals("2/256", p, "with eight of eight it gives", "n is len, not 5")
    cases = [_pairs(count, step) for count in (1, 2, 3, 6, 7, 9, 12, 20) for step in (0.01, 2.0)]
    yield from agrees(answer, _sign_test, [*cases, _pairs(1500, 0.5)], "the formula", same_number)


def _sign_test(a, b):
    signs = [x < y for x, y in zip(a, b, strict=True) if x != y]
    n = len(signs)
    m = min(sum(signs), n - sum(signs))
    return min(1.0, 2 * sum(math.comb(n, k) for k in range(m + 1)) / 2**n)


def _pairs(count, step):
    """Two lists of `count` distances that are multiples of `step`, so that some pairs are ties."""
    draw = random.Random(count)
    a = [step * draw.randrange(1, 9) for _ in range(count)]
    return a, [value + step * draw.choice([-1, -1, 0, 1, 1, 2, 3]) for value in a]


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
        comparison=same_number,
    )
    yield equals("0.375", p, "with four of five it gives", "2 · (1 + 5) / 32")
    four_wins_and_a_tie = [0.5, 1.0, 9.0, 3.0, 5.0]
    p = answer(four_wins_and_a_tie, high)
    yield equals(
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
    yield equals("1", p, "with two wins of four it gives", "min(1.0, …)")
