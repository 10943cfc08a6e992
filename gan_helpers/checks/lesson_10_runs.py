"""Check of lesson 10 · A fair comparison, exercise 3: whether the runs of two methods overlap."""

import random
from fractions import Fraction

from gan_helpers.checks import SEED, check, two_numbers


def is_one_number(result):
    """(holds, reason, hint) for being a plain number."""
    return (
        isinstance(result, int | float) and not isinstance(result, bool),
        f"it returns {type(result).__name__} and no number",
        "does every path end with `return`, and one float: .item() makes one of a tensor",
    )


def same_number(result, value):
    return abs(float(result) - value) < 1e-6


def equals(right, result, text, hint):
    """(holds, reason, hint) for being the number `right`, given as it is printed: "26/6"."""
    value = float(Fraction(right))
    fraction = f" ({right})" if "/" in right else ""
    return same_number(result, value), f"{text} {two_numbers(result, value)}{fraction}", hint


VERDICTS = [  # (right answer, a, b, what is special, hint)
    (
        "a",
        {"one": [1.0, 2.0, 3.0]},
        {"one": [4.0, 5.0, 6.0]},
        "there is one judge, and all of a's runs are lower",
        "a's highest is below b's lowest, max(a[judge]) < min(b[judge]): \"a\"",
    ),
    (
        "b",
        {"one": [4.0, 5.0, 6.0]},
        {"one": [1.0, 2.0, 3.0]},
        "there is one judge, and all of b's runs are lower",
        'low is better, for b as well: "b"',
    ),
    (
        "a",
        {"one": [0.1, 0.2]},
        {"one": [0.3, 0.4]},
        "all of a's runs are lower, and all runs lie between 0 and 1",
        "compare the numbers as they are: no int(), no round()",
    ),
    (
        "a",
        {"one": [7.0, 7.9]},
        {"one": [8.0, 9.0]},
        "a's highest is 7.9, b's lowest 8",
        "lower is lower, by however little: no gap is asked for",
    ),
    (
        "a",
        {"one": [8.0, 9.0]},
        {"one": [13.0, 14.0]},
        "all of a's runs are lower",
        "9 is below 13; as text '9.0' comes after '13.0', so no str()",
    ),
    (
        "a",
        {"one": [300.0, 200.0]},
        {"one": [500.0, 400.0]},
        "all runs are above 100, and a's are lower",
        "a distance may be any number: min(…), or a search that starts at math.inf",
    ),
    (
        "a",
        {"one": [1.0, 2.0, 3.0], "two": [10.0, 11.0, 12.0]},
        {"one": [4.0, 5.0, 6.0], "two": [13.0, 14.0, 15.0]},
        "all of a's runs are lower, for both judges",
        "judge by judge: judge two's 12 says nothing about judge one's 4, their scales differ",
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
    (
        "open",
        {"one": [1.0], "two": [1.0], "three": [1.0, 5.0], "four": [1.0]},
        {"one": [2.0], "two": [2.0], "three": [2.0, 6.0], "four": [2.0]},
        "of four judges the third is not sure",
        "every judge has to agree, however many there are",
    ),
    ("open", {"one": [1.0, 2.0]}, {"one": [2.0, 3.0]}, "the ranges touch at 2", "< and not <="),
    (
        "open",
        {"one": [2.0, 3.0]},
        {"one": [1.0, 2.0]},
        "the ranges touch at 2, b's below",
        "< and not <=, for b as well",
    ),
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
        {"one": [1.0], "two": [1.0], "three": [1.0]},
        {"one": [3.0], "two": [3.0], "three": [3.0]},
        "there are three judges with one run each",
        "any number of judges and runs",
    ),
]


@check
def verdict(answer):
    """answer(a, b), each {judge: distances} -> "a", "b" or "open": apart for every judge."""
    for right, a, b, case, hint in VERDICTS:
        winner = answer(a, b)
        yield (
            isinstance(winner, str),
            f"it returns {type(winner).__name__} and no text",
            'return "a", "b" or "open"',
        )
        yield winner in ("a", "b", "open"), f"it returns {winner!r}", 'return "a", "b" or "open"'
        yield winner == right, f"{case}; you say {winner!r} and not {right!r}", hint
    draw = random.Random(SEED)
    for _ in range(300):
        a, b = _two_methods(draw)
        winner = answer(a, b)
        right = _verdict(a, b)
        yield winner == right, f"it says {winner!r} and not {right!r}", _ranges(a, b)


def _two_methods(draw):
    """Distances (a, b) for one to four judges, of one method's size or a hundred times as large."""
    judges = ["one", "two", "three", "four"][: draw.randrange(1, 5)]
    scale = draw.choice([0.5, 1.0, 120.0])
    shift = draw.choice([-3, 0, 3])

    def distances(lowest):
        return [scale * (lowest + draw.randrange(4)) for _ in range(draw.randrange(1, 8))]

    a = {judge: distances(8) for judge in judges}
    return a, {judge: distances(8 + shift) for judge in draw.sample(judges, len(judges))}


def _ranges(a, b):
    """The lowest and the highest of a and b for each judge, in words."""
    texts = [
        f"for {judge} a has {min(a[judge]):g} to {max(a[judge]):g}, "
        f"b {min(b[judge]):g} to {max(b[judge]):g}"
        for judge in a
    ]
    return "; ".join(texts)


def _verdict(a, b):
    if all(max(a[judge]) < min(b[judge]) for judge in a):
        return "a"
    if all(max(b[judge]) < min(a[judge]) for judge in a):
        return "b"
    return "open"
