"""Check of lesson 10 · A fair comparison, exercise 4: what the best of k runs is on average."""

import itertools
import math
import random
import statistics

from gan_helpers.checks import SEED, check, mistakes, two_numbers
from gan_helpers.checks.lesson_10_runs import equals, is_one_number, same_number

SIX = [9.0, 11.0, 12.0, 7.0, 3.5, 4.0]


@check
def expected_best(answer):
    """answer(distances, k) -> mean of the lowest over all choices of k of the distances."""
    best = answer(list(SIX), 3)
    yield is_one_number(best)
    yield from _best_of_three_of_six(best)
    seven = [7.0, 2.5, 9.0, 1.5, 4.0, 8.0, 3.0]
    for runs, k in ((SIX, 1), (SIX, 2), (SIX, 6), (seven, 1), (seven, 4), (seven, 7)):
        yield from _best(answer, runs, k, "itertools.combinations(distances, k), of all of them")
    yield from _best(answer, [4.0, 4.0, 6.0, 8.0], 2, "two runs may have one value: no set()")
    draw = random.Random(SEED)
    for count, k in ((1, 1), (6, 3), (180, 2)):
        runs = [draw.uniform(1, 200) for _ in range(count)]
        try:
            yield from _best(answer, runs, k, "the lowest of each choice of k, then the mean")
        except OverflowError as error:
            yield (
                False,
                f"{count} runs stop it: OverflowError: {error}",
                "a float has no room for such a number, and a whole number has: math.comb",
            )


def _best(answer, runs, k, hint):
    """Lines on the best of k of some runs."""
    best = answer(list(runs), k)
    # The i-th lowest is the best where all others of the k are among the ones above it.
    ways = [math.comb(len(runs) - 1 - i, k - 1) for i in range(len(runs))]
    total = sum(way * value for way, value in zip(ways, sorted(runs), strict=True))
    right = total / math.comb(len(runs), k)
    yield is_one_number(best)
    yield (
        same_number(best, right),
        f"the best of {k} of {len(runs)} runs is {two_numbers(best, right)}",
        hint,
    )


def _mean_lowest(choices):
    return statistics.mean(min(choice) for choice in choices)


def _best_of_three_of_six(best):
    """Lines about the mistakes that show where k is 3 and the runs are SIX."""
    of_each = "the lowest of each choice of k, then the mean"
    all_choices = "all choices of k runs: itertools.combinations(distances, k)"
    in_order = sorted(SIX)
    chosen = list(itertools.combinations(SIX, 3))
    reported = [min(choice) for choice in chosen]
    up_to_three = itertools.chain.from_iterable(
        itertools.combinations(SIX, size) for size in (1, 2, 3)
    )
    more_choices = (
        "it takes other choices than those of three different runs",
        "itertools.combinations(distances, k): no run twice, and k runs in each",
    )
    unsorted = sum(math.comb(5 - i, 2) * value for i, value in enumerate(SIX)) / 20
    yield from mistakes(
        best,
        (min(SIX), "it gives the lowest of all, whatever k is", "the best of k runs, not of all"),
        (
            statistics.mean(SIX),
            "it gives the mean of all runs",
            "the lowest of each choice, then the mean",
        ),
        (
            statistics.mean(map(max, chosen)),
            "it takes the highest of each choice",
            "low is better: min",
        ),
        (statistics.mean(in_order[:3]), "it gives the mean of the best k", of_each),
        (statistics.median(SIX), "it gives the median of all runs", of_each),
        (statistics.median(reported), "it gives the median of what is reported", "the mean"),
        (
            statistics.mean(set(reported)),
            "equal reports count once",
            "each choice counts: no set()",
        ),
        (min(SIX[:3]), "it looks at the first k runs only", all_choices),
        (
            _mean_lowest([SIX[:3], SIX[3:]]),
            "it takes blocks of k runs, which are two of 20 choices",
            all_choices,
        ),
        (
            _mean_lowest(SIX[i : i + 3] for i in range(4)),
            "it takes neighbours only, 4 of 20 choices",
            all_choices,
        ),
        (in_order[2], "it gives the k-th nearest run", of_each),
        (4.75, "it gives the quantile 1 / (k + 1)", of_each),
        (sum(reported) // 20, "it divides by //", "89 / 20 is no whole number: /"),
        (
            _mean_lowest(itertools.combinations(SIX, 2)),
            "it chooses two runs, and k is 3",
            all_choices,
        ),
        (
            _mean_lowest(itertools.combinations(SIX, 4)),
            "it chooses four runs, and k is 3",
            all_choices,
        ),
        (
            _mean_lowest(itertools.product(SIX, repeat=3)),
            "the same run can be picked twice",
            "itertools.combinations picks each run once",
        ),
        (_mean_lowest(itertools.combinations_with_replacement(SIX, 3)), *more_choices),
        (_mean_lowest(up_to_three), *more_choices),
        (
            unsorted,
            "it takes the first of each choice, or weights by rank, as if the runs were in order",
            "they are not: sort them first",
        ),
        (
            statistics.mean(map(int, reported)),
            "3.5 counts as 3",
            "the distances as they are: no int()",
        ),
        (sum(reported), "it is the sum over the 20 choices", "the mean"),
        (
            0,
            "it is 0",
            "an iterator can be walked once: list(itertools.combinations(distances, k))",
        ),
        comparison=same_number,
    )
    yield equals(
        "89/20",
        best,
        "the best of 3 of (9, 11, 12, 7, 3.5, 4) is",
        "of the 20 choices 10 have 3.5 as their lowest, 6 have 4, 3 have 7, and one has 9; by rank "
        "these are comb(n - 1 - i, k - 1), with i from 0",
    )
