"""Checks of lesson 08 · A fair comparison."""

import math

import torch

from gan_helpers.checks import check


def _is_one_number(result):
    """(holds, reason, hint) for being a plain number, or a tensor of one."""
    plain = isinstance(result, int | float) and not isinstance(result, bool)
    return (
        plain or (isinstance(result, torch.Tensor) and result.numel() == 1),
        f"it returns {type(result).__name__} and no number",
        "does every path end with `return`, and one number",
    )


def _same(found, wanted):
    return abs(float(found) - wanted) < 1e-6


@check
def choose_rate(answer):
    """answer({rate: list of digit_fid, some NaN}) -> the rate with the lowest median, NaN counted as infinite."""
    tries = {
        4e-3: [6.6, 6.9, 6.7],
        1e-3: [6.0, 7.0, 6.5],
        5e-4: [40.0, 6.1, 6.2],
        2e-3: [2.0, 9.5, 9.0],
        8e-3: [21.0, 20.0, 22.0],
    }
    given = {rate: list(values) for rate, values in tries.items()}
    found = answer(given)
    yield (
        isinstance(found, float),
        f"it returns {found!r}",
        "the rate: one of the keys, and nothing else",
    )
    yield (
        found in tries,
        f"it returns {found:g}, which is none of the rates",
        "the rate, not its distance",
    )
    yield (
        given == tries,
        "it changes the lists that it was given",
        "sorted() makes a new list, .sort() does not",
    )
    yield (
        found != 8e-3,
        "it chooses the rate with the highest distances",
        "a distance is better when it is low",
    )
    yield (
        found != 2e-3,
        "it chooses the rate with one lucky run",
        "compare the medians, not the lowest values",
    )
    yield (
        found != 1e-3,
        "it chooses the rate with the lowest mean",
        "the rule was the median, which one bad run hardly moves",
    )
    yield (
        found != 4e-3,
        "it chooses the rate whose worst run is the least bad",
        "the rule was the median",
    )
    yield found == 5e-4, f"it chooses {found:g} and not 0.0005", "medians: 6.7, 6.5, 6.2, 9 and 21"
    for two in ({1e-3: [1.0, 9.0], 2e-3: [4.0, 5.0]}, {2e-3: [1.0, 6.0], 1e-3: [4.0, 5.0]}):
        found = answer({rate: list(values) for rate, values in two.items()})
        wanted = min(two, key=lambda rate: sum(two[rate]))
        yield (
            found == wanted,
            f"of two rates with two runs each, {two}, it chooses {found!r}",
            "of two numbers the median is their mean",
        )
    nan = math.nan
    for broken in (
        {1e-3: [5.0, 5.2, 5.1], 2e-3: [nan, 4.0, nan], 4e-3: [3.0, nan, 6.0]},
        {4e-3: [nan, 6.0, 3.0], 2e-3: [4.0, nan, nan], 1e-3: [5.2, 5.1, 5.0]},
        {2e-3: [nan, nan, 4.0], 4e-3: [6.0, 3.0, nan], 1e-3: [5.0, 5.1, 5.2]},
    ):
        found = answer({rate: list(values) for rate, values in broken.items()})
        yield (
            found == 1e-3,
            f"with runs that broke (NaN) it chooses {found!r} and not 0.001",
            "a broken run may not drop out: count NaN as math.inf, worse than any number",
        )


@check
def sign_test(answer):
    """answer(a, b) -> two-sided p of the sign test on pairs; ties drop out."""
    low, high = [1.0, 2.0, 3.0, 4.0, 5.0], [1.5, 2.1, 9.0, 4.2, 5.3]
    found = answer(low, high)
    yield _is_one_number(found)
    yield (
        not _same(found, 1 / 32),
        "with a lower on all five seeds it gives 1/32: the chance that a is lower five times",
        "b could have been lower five times as well: twice that",
    )
    yield (
        not _same(found, 5),
        "it counts the wins",
        "the probability of a result as clear as this one by coin tosses",
    )
    yield (
        _same(found, 1 / 16),
        f"with a lower on all five seeds it gives {float(found):.4f} and not 0.0625",
        "two ways out of 2⁵ = 32",
    )
    found = answer(high, low)
    yield (
        _same(found, 1 / 16),
        f"with b lower on all five seeds it gives {float(found):.4f} and not 0.0625",
        "count the rarer of the two outcomes: min(wins, n - wins)",
    )
    four = [
        0.5,
        1.0,
        9.0,
        3.0,
        5.0,
    ]  # lower than `high` four times, and once higher (seed 0 … 4: yes yes tie yes yes)
    one_loss = [0.5, 1.0, 9.5, 3.0, 5.0]
    found = answer(one_loss, high)
    yield (
        not _same(found, 10 / 32),
        "it counts only results exactly as clear as this one",
        "those that are clearer count too: four wins or five",
    )
    yield (
        _same(found, 12 / 32),
        f"with four of five it gives {float(found):.4f} and not 0.375",
        "2 · (1 + 5) / 32",
    )
    found = answer(four, high)
    yield (
        _same(found, 1 / 8),
        f"with four wins and a tie it gives {float(found):.4f} and not 0.125",
        "a tie says nothing: leave it out, so that n is 4",
    )
    found = answer([1.0, 3.0, 1.0, 3.0], [2.0, 2.0, 2.0, 2.0])
    yield (
        float(found) <= 1,
        f"with two wins of four it gives {float(found):.4f}",
        "a probability is at most 1",
    )
    yield (
        _same(found, 1),
        f"with two wins of four it gives {float(found):.4f} and not 1",
        "min(1.0, …)",
    )
    found = answer([2.0, 2.0], [2.0, 2.0])
    yield (
        _same(found, 1),
        f"with ties only it gives {float(found)} and not 1",
        "nothing speaks for either: 1",
    )
    found = answer([0.0] * 8, [1.0] * 8)
    yield (
        _same(found, 2 / 256),
        f"with eight of eight it gives {float(found):.4f} and not 2/256",
        "n is len, not 5",
    )


@check
def verdict(answer):
    """answer(a, b), dicts of judge to list of distances -> "a", "b" or "open": ranges apart for every judge."""
    cases = [
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
    for wanted, a, b, what, hint in cases:
        found = answer(a, b)
        yield (
            isinstance(found, str),
            f"it returns {type(found).__name__} and no text",
            'return "a", "b" or "open"',
        )
        yield found in ("a", "b", "open"), f"it returns {found!r}", 'return "a", "b" or "open"'
        yield found == wanted, f"{what}; you say {found!r} and not {wanted!r}", hint


@check
def expected_best(answer):
    """answer(values, k) -> mean of the lowest over all choices of k of the values."""
    values = [8.0, 3.0, 5.0, 4.0]
    given = list(values)
    found = answer(given, 2)
    yield _is_one_number(found)
    yield (
        given == values,
        "it changes the list that it was given",
        "sorted() makes a new list, .sort() does not",
    )
    yield (
        not _same(found, 3),
        "it gives the lowest of all, whatever k is",
        "the best of k runs, not of all",
    )
    yield (
        not _same(found, 5),
        "it gives the mean of all values",
        "the lowest of each choice, then the mean",
    )
    yield not _same(found, 38 / 6), "it takes the highest of each choice", "low is better: min"
    yield (
        not _same(found, 3.5),
        "it gives the median, or the mean of the best k",
        "the lowest of each choice of k",
    )
    with_repeats = sum(min(a, b) for a in values for b in values) / 16
    yield (
        not _same(found, with_repeats),
        "the same run can be picked twice",
        "itertools.combinations picks each run once",
    )
    yield (
        _same(found, 22 / 6),
        f"the best of 2 of (8, 3, 5, 4) is {float(found):.4f} and not 22/6",
        "(3 + 5 + 4 + 3 + 3 + 4) / 6: the lowest of each of the six pairs",
    )
    for k, wanted in ((1, 5.0), (3, 3.25), (4, 3.0)):
        found = answer(list(values), k)
        yield (
            _same(found, wanted),
            f"the best of {k} of (8, 3, 5, 4) is {float(found):.4f} and not {wanted}",
            "use k: itertools.combinations(values, k)",
        )
    found = answer([4.0, 4.0, 6.0, 8.0], 2)
    yield (
        _same(found, 26 / 6),
        f"the best of 2 of (4, 4, 6, 8) is {float(found):.4f} and not 26/6",
        "two runs may have one value: no set()",
    )
