"""Checks of lesson 10 · A fair comparison; 1, 3 and 4 are in lesson_10_rates, _runs, _best."""

import math
import random

from gan_helpers.checks import check, mistakes, two_numbers
from gan_helpers.checks.lesson_10_best import expected_best
from gan_helpers.checks.lesson_10_rates import choose_rate
from gan_helpers.checks.lesson_10_runs import equals, is_one_number, same_number, verdict

__all__ = ["choose_rate", "expected_best", "sign_test", "verdict"]


@check
def sign_test(answer):
    """answer(a, b) -> two-sided p of the sign test on pairs; ties drop out."""
    yield from _sign_test_of_five_wins(answer)
    yield from _sign_test_of_mixed_results(answer)
    p = answer([2.0, 2.0], [2.0, 2.0])
    yield (
        is_one_number(p)[0] and same_number(p, 1),
        f"with ties only it gives {p} and not 1",
        "nothing speaks for either: 1",
    )
    p = answer([], [])
    yield (
        is_one_number(p)[0] and same_number(p, 1),
        f"with no runs at all it gives {p} and not 1",
        "nothing is left: 1",
    )
    yield from _gives(
        answer, [0.0] * 8, [1.0] * 8, "2/256", "with eight of eight it gives", "n is len, not 5"
    )
    for count in (1, 2, 3, 6, 7, 9, 12, 20, 36):
        for step in (0.01, 2.0):
            yield from _agrees_on(answer, *_pairs(count, step))
    many = _pairs(1500, 0.5)
    try:
        yield from _agrees_on(answer, *many)
    except OverflowError as error:
        yield (
            False,
            f"1500 pairs stop it: OverflowError: {error}",
            "a float has no room for 2¹⁵⁰⁰, and a whole number has: math.comb, and 2**n",
        )


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


def _agrees_on(answer, a, b):
    """The lines on one case, with the counts that it comes to."""
    p = answer(list(a), list(b))
    right = _sign_test(a, b)
    wins = sum(x < y for x, y in zip(a, b, strict=True))
    losses = sum(x > y for x, y in zip(a, b, strict=True))
    yield is_one_number(p)
    yield (
        same_number(p, right),
        f"where a is lower {wins} times, b {losses} times, and {len(a) - wins - losses} pairs are "
        f"equal, it gives {two_numbers(p, right)}",
        f"m is {min(wins, losses)} and n {wins + losses}; equal are only numbers that are the "
        "same, with no rounding and no tolerance",
    )


def _gives(answer, a, b, right, text, hint, *table):
    """Lines on whether the answer gives `right` ("2/256"), its mistakes by a table first."""
    p = answer(list(a), list(b))
    yield is_one_number(p)
    rows = [(wrong, f"{text} {p:.4g} and not {right}", cure) for wrong, cure in table]
    yield from mistakes(p, *rows, comparison=same_number)
    yield equals(right, p, text, hint)


def _sign_test_of_five_wins(answer):
    """Lines about five pairs, in which one of the two is always lower."""
    low = [1.0, 2.0, 3.0, 4.0, 5.0]
    high = [1.5, 3.1, 9.0, 6.2, 5.05]
    all_count = "all five pairs count, from the first on, and none is a tie: no int(), no round()"
    yield from _gives(
        answer,
        low,
        high,
        "0.0625",
        "with a lower on all five seeds it gives",
        "m is 0: two ways, 2 · 1, out of 2⁵ = 32, by / and not //",
        (
            1 / 32,
            "twice that: b could have been lower five times as well; and the power is n, not n + 1",
        ),
        (5, "the probability of a result as clear as this one by coin tosses, and not the wins"),
        (
            1,
            "pair by pair a is lower five times and b never; m is the smaller count, here 0: "
            "min(wins, n - wins)",
        ),
        (2 / 2**4, f"that is 2 / 2⁴; {all_count}, no tolerance"),
        (2 / 2**3, f"that is 2 / 2³; {all_count}, no tolerance"),
        (2 / 7, "in Python 2 ^ 5 is 7: a power is 2**n"),
        (2 / 25, "two to the n, 2**n, and not n squared"),
    )
    yield from _gives(
        answer,
        high,
        low,
        "0.0625",
        "with b lower on all five seeds it gives",
        "count the rarer of the two outcomes: min(wins, n - wins)",
    )


def _sign_test_of_mixed_results(answer):
    """Lines about wins, losses and a tie."""
    b = [1.5, 2.1, 3.1, 4.2, 5.3]
    yield from _gives(
        answer,
        [0.5, 1.0, 9.5, 3.0, 5.0],
        b,
        "0.375",
        "with four of five it gives",
        "2 · (1 + 5) / 32",
        (10 / 32, "only 1 way of 32 is clearer, and it counts too: four wins or five"),
        (1, "a[i] belongs to b[i]: no sorting, which makes other pairs"),
    )
    yield from _gives(
        answer,
        [0.5, 1.0, 3.1, 3.0, 5.0],
        b,
        "0.125",
        "with four wins and a tie it gives",
        "a tie says nothing: leave it out, so that n is 4",
    )
    p = answer([1.0, 3.0, 1.0, 3.0], [2.0, 2.0, 2.0, 2.0])
    yield is_one_number(p)
    yield (
        p <= 1,
        f"with two wins of four it gives {p:.4f}",
        "a probability is at most 1",
    )
    yield equals("1", p, "with two wins of four it gives", "min(1.0, …)")
    yield from _gives(
        answer,
        [1.0] * 5 + [3.0] * 2,
        [2.0] * 7,
        "58/128",
        "with five of seven it gives",
        "2 · (1 + 7 + 21) / 2⁷",
        (100 / 128, "21 ways to choose two of seven, in any order, and not 42: math.comb"),
    )
