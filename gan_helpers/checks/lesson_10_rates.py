"""Check of lesson 10 · A fair comparison, exercise 1: a learning rate by the median of its runs."""

import math
import operator
import random
import statistics

from gan_helpers.checks import SEED, check, mistakes

BROKEN = float("nan")  # not the object math.nan, which `is` would find


@check
def choose_rate(answer):
    """answer({rate: digit_fids, some NaN}) -> the rate of the lowest median, NaN as infinite."""
    yield from _rate_by_its_place(answer)
    yield from _rate_by_its_runs(answer)
    yield from _rate_of_two_runs_each(answer)
    high = {2e-3: [3e6, 5e6, 4e6], 1e-3: [2e6, 1e6, 3e6]}
    rate = answer(high)
    yield (
        rate == 1e-3,
        f"where all distances are a million or more it chooses {rate!r} and not 0.001",
        "the medians are 4 and 2 millions; a search for the lowest starts at math.inf",
    )
    yield from _rate_with_broken_runs(answer)
    draw = random.Random(SEED)
    for _ in range(60):
        rates = draw.sample([1e-4, 5e-4, 1e-3, 2e-3, 4e-3], 3)
        count = draw.choice([3, 5])
        tries = {rate: _some_runs(draw, count) for rate in rates}
        rate = answer(tries)
        right = min(tries, key=lambda rate: _median(tries[rate]))
        yield (
            rate == right,
            f"it chooses {rate!r} and not {right:g}",
            f"with NaN as math.inf {_medians(tries)}",
        )


def _median(runs):
    return statistics.median(math.inf if math.isnan(value) else value for value in runs)


def _medians(tries):
    """The medians of all rates, in words."""
    texts = [f"{_median(runs):.4g} ({rate:g})" for rate, runs in tries.items()]
    return f"the medians are {', '.join(texts)}"


def _some_runs(draw, count):
    """Distances of which a few, and never the half of them, are NaN. Each NaN is one of its own."""
    broken = draw.sample(range(count), draw.randrange((count + 1) // 2))
    return [float("nan") if i in broken else draw.uniform(1, 50) for i in range(count)]


def _chooses(answer, tries, right, *table):
    """Lines on which rate is chosen; rows of the table are (wrong rate, what it is, hint)."""
    rate = answer(tries)
    yield (
        rate is not None,
        "it returns None",
        "does every path end with `return`? And a search for the lowest median starts at math.inf, "
        "not at 0",
    )
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
    rows = [(wrong, f"it chooses {wrong:g}, {text}", hint) for wrong, text, hint in table]
    yield from mistakes(rate, *rows, comparison=operator.eq)
    yield rate == right, f"it chooses {rate:g} and not {right:g}", _medians(tries)


def _rate_by_its_place(answer):
    """Lines about a choice by the rates, or by where they stand: each rate's runs are alike."""
    tries = {
        3e-3: [7.0, 7.2, 7.1],
        5e-4: [6.0, 6.2, 6.1],
        1e-3: [5.0, 5.2, 5.1],
        2e-3: [8.5, 8.7, 8.6],
        6e-3: [20.0, 20.2, 20.1],
        8e-3: [7.5, 7.7, 7.6],
        4e-3: [6.5, 6.7, 6.6],
    }
    by_median = "the rate whose median is the lowest: compare the medians, not the rates"
    yield from _chooses(
        answer,
        tries,
        1e-3,
        (3e-3, "the first rate", "every rate is looked at: no return inside the loop"),
        (4e-3, "the last rate", "where a median is the lowest so far, keep it as well as its rate"),
        (5e-4, "the smallest rate", by_median),
        (8e-3, "the largest rate", by_median),
        (
            6e-3,
            "the rate with the highest distances",
            "a distance is better when it is low",
        ),
        (
            2e-3,
            "the third in sorted order, and the lowest median is that of the third in `tries`",
            "pair each median with its own rate",
        ),
    )


def _rate_by_its_runs(answer):
    """Lines about what a rate is judged by: all but one rate have something lower than 0.001."""
    tries = {
        5e-4: [6.4, 30.0, 6.3],
        1e-3: [40.0, 6.1, 6.2],
        2e-3: [6.6, 6.0, 7.2],
        3e-3: [2.0, 9.6, 9.7],
        4e-3: [6.85, 6.8, 6.84],
        6e-3: [9.9, 3.0, 9.8],
        8e-3: [9.9, 9.8, 1.0],
    }
    yield from _chooses(
        answer,
        tries,
        1e-3,
        (
            8e-3,
            "the rate with one lucky run",
            "compare the medians, not the lowest values",
        ),
        (
            2e-3,
            "the rate with the lowest mean",
            "the rule was the median, which one bad run hardly moves",
        ),
        (4e-3, "the rate whose worst run is the least bad", "the rule was the median"),
        (
            3e-3,
            "whose first run is the lowest",
            "the median of all its runs; and lists compare by their first number",
        ),
        (
            6e-3,
            "whose second run is the lowest: the middle of the list as it comes",
            "sort before the middle is taken, or statistics.median",
        ),
        (
            5e-4,
            "whose median is 6.4, and that of 0.001 is 6.2",
            "compare the medians as they are: no round(), no int()",
        ),
    )


def _rate_of_two_runs_each(answer):
    """Lines about the median of an even number of runs."""
    for tries in ({1e-3: [1.0, 9.0], 2e-3: [4.0, 5.0]}, {2e-3: [1.0, 6.0], 1e-3: [4.0, 5.0]}):
        rate = answer(tries)
        right = min(tries, key=lambda rate: sum(tries[rate]))
        yield (
            rate == right,
            f"of two rates with two runs each it chooses {rate!r} and not {right:g}",
            f"of two numbers the median is their mean: {_medians(tries)}",
        )


def _rate_with_broken_runs(answer):
    """Lines about runs that ended in NaN, wherever in a list they stand."""
    for tries in (
        {1e-3: [5.0, 5.2, 5.1], 2e-3: [BROKEN, 4.0, BROKEN], 4e-3: [3.0, BROKEN, 6.0]},
        {4e-3: [BROKEN, 6.0, 3.0], 2e-3: [4.0, BROKEN, BROKEN], 1e-3: [5.2, 5.1, 5.0]},
        {2e-3: [BROKEN, BROKEN, 4.0], 4e-3: [6.0, 3.0, BROKEN], 1e-3: [5.0, 5.1, 5.2]},
        {2e-3: [BROKEN, 4.0, BROKEN], 1e-3: [3e4, 2e6, 5e5], 4e-3: [BROKEN] * 3},
    ):
        rate = answer(tries)
        yield (
            rate == 1e-3,
            f"with runs that broke (NaN) it chooses {rate!r} and not 0.001",
            "a broken run may not drop out: count NaN as math.inf, worse than any number, and find "
            "it by math.isnan: it equals nothing, not even itself",
        )
    rate = answer({1e-3: [5.0, 5.2, 5.1], 4e-3: [3.0, BROKEN, 4.0]})
    yield (
        rate == 4e-3,
        f"with one broken run of three for 0.004 it chooses {rate!r} and not 0.004",
        "one broken run does not rule a rate out: with NaN as math.inf its median is 4",
    )
