"""Checks of lesson 00 · The game; those of exercises 3 and 4 are in modules of their own."""

import operator

import torch

from gan_helpers.checks import check, mistakes, near, wrong_if
from gan_helpers.checks.lesson_00_arrows import uphill
from gan_helpers.checks.lesson_00_divergence import jensen_shannon
from gan_helpers.checks.wording import described

__all__ = ["jensen_shannon", "last_point", "modes_of", "uphill"]


@check
def last_point(answer):
    """answer(x, y, step, rounds) -> (x, y) after the rounds of f = x·y; in each, y moves first."""
    after_one = (-0.75, 3.5)  # y = 3 + 0.5·1, x = 1 - 0.5·3.5
    after_two = (-2.3125, 3.125)  # y = 3.5 - 0.5·0.75, x = -0.75 - 0.5·3.125
    yield from _led_to(
        answer,
        (1.0, 3.0, 0.5, 1),
        after_one,
        "y + step·x, then x - step·y, and no number is rounded or held back",
        ((1.0, 3.0), "after one round it is still at the start", "range(rounds) plays each round"),
        (
            (0.25, 1.5),
            "it starts from (1, 1)",
            "the start is what is given: the arguments x and y",
        ),
        ((-0.5, 3.5), "x moves by the old y", "in turn: x sees the y that has just moved"),
        ((-0.5, 2.75), "x moves first", "D's y first, then x"),
        ((-0.25, 2.5), "y goes down", "y wants x·y large: plus its gradient, which is x"),
        ((2.75, 3.5), "x goes up", "x wants x·y small: minus its gradient, which is y"),
        (
            (0.5, 4.5),
            "each moves by its own number",
            "the gradient of x·y by y is x, and that by x is y",
        ),
        ((-3.0, 4.0), "the step is always 1", "multiply each gradient by step"),
        ((1.0, 3.5), "x has not moved", "in each round both move, y first"),
        ((3.5, -0.75), "the pair is turned round", "return x, y"),
        (after_two, "it plays one round too many", "range(rounds) counts from 0"),
        (
            _after(1.0, 3.0, 0.5, 6),
            "it plays six rounds, and rounds is 1",
            "range(rounds): as many as are asked for",
        ),
    )
    yield from _led_to(answer, (1.0, 3.0, 0.5, 0), (1.0, 3.0), "range(rounds), no round more")
    yield from _led_to(
        answer,
        (1.0, 3.0, 0.5, 2),
        after_two,
        "in each round both move, with the same step, from where the last one ended",
        (after_one, "it plays one round, however many there are", "a loop over range(rounds)"),
    )
    yield from _led_to(answer, (1.0, 1.0, 1.0, 6), (1.0, 1.0), "this path leads back to its start")
    yield from _led_to(
        answer,
        (-2.0, 0.7, 0.3, 3),
        (-1.555643, -1.07219),
        "on the way are (-2.03, 0.1) and (-1.8773, -0.509): no number is rounded or held back",
        atol=1e-6,
    )
    yield from _led_to(
        answer,
        (-2.0, 0.7, 0.3, 500),
        _after(-2.0, 0.7, 0.3, 500),
        "every round is played, and no short cut is taken",
        atol=1e-4,
    )


def _after(x, y, step, rounds):
    for _ in range(rounds):
        y += step * x
        x -= step * y
    return x, y


def _led_to(answer, arguments, right, hint, *table, atol=1e-5):
    """Lines on the point that an answer returns for these arguments; `table` as for mistakes()."""
    x, y, step, rounds = arguments
    point = answer(*arguments)
    yield (
        _is_pair(point),
        f"it returns {described(point)} and no pair of numbers",
        "return x, y: one point, not the whole path"
        if rounds
        else "`return` stands behind the loop: with rounds = 0 it is reached, too",
    )
    yield from mistakes(point, *table)
    yield (
        near(point, right, atol),
        f"from ({x:g}, {y:g}) with step {step:g}, rounds = {rounds} leads to {_shown(point)} "
        f"and not to {_shown(right)}",
        hint,
    )


def _is_pair(point):
    """Whether it is two numbers: a tuple, a list, an array or a tensor."""
    try:
        return len(point) == 2 and torch.as_tensor(point).shape == (2,)
    except (TypeError, ValueError, RuntimeError):
        return False


def _shown(point):
    x, y = point
    return f"({float(x):.7g}, {float(y):.7g})"


CENTRES = ((0.0, 0.0), (4.0, 0.0), (0.0, 4.0), (4.0, 4.0), (8.0, 0.0))


def _around(*clouds):
    """Points [N, 2] of clouds (number of points, which centre, distance in x, distance in y)."""
    return torch.cat(
        [
            (torch.tensor(CENTRES[which]) + torch.tensor([dx, dy])).repeat(number, 1)
            for number, which, dx, dy in clouds
        ]
    )


@check
def modes_of(answer):
    """answer(points [N, 2], centres [K, 2], reach) -> how many centres have N / 100 in reach."""
    centres = torch.tensor(CENTRES)
    out_of_reach = _around((145, 3, 0.8, 0.8))  # 1.13 away, though within 1 on each axis
    three = _around((150, 0, 0.3, 0.2), (3, 1, 0.6, 0.6), (2, 2, 0.0, 0.0))
    points = torch.cat([three, out_of_reach])
    count = answer(points, centres, 1.0)
    yield from _is_whole_number(count)
    yield from mistakes(
        count,
        (155, "it counts points", "count centres: how many of them have enough points"),
        (
            5,
            "all 5 centres count, also the one that no point is near",
            "<= reach, and of what is true or false count the true: .sum() does, len() does not",
        ),
        comparison=operator.eq,
    )
    count = answer(out_of_reach, centres, 1.0)
    yield wrong_if(
        count == 5,
        "centres without any point count",
        "one in a hundred of all points, len(points) / 100, not of those in a cloud",
    )
    yield (
        count == 0,
        "points that are out of reach of every cloud count as in one",
        "the distance is √(a² + b²), and it must be at most the reach; "
        "the nearest cloud may be far away",
    )
    yield from _reached(answer, centres)
    yield from _counted(answer, points, centres)


def _is_whole_number(count):
    """Lines on the type of a count: any kind of number, without a fraction."""
    hint = "one whole number: how many centres, not which ones, and no share of them"
    yield wrong_if(count is None, "it returns None and no number", "end with `return`")
    yield wrong_if(
        getattr(count, "shape", ()) != (),
        f"it returns a result of shape {list(getattr(count, 'shape', ()))}",
        "one number: sum once more, over the centres",
    )
    yield (
        hasattr(count, "__float__"),
        f"it returns a {type(count).__name__}, {described(count)}",
        hint,
    )
    yield float(count) % 1 == 0, f"it returns {described(count)}", hint


def _reached(answer, centres):
    """Lines on 50 points around one centre, at less than the reach."""
    for dx, dy, reach, hint in (
        (0.9, 0.0, 1.0, "`reach` is the argument, and all 50 of 50 points are within it"),
        (1.5, 0.0, 2.0, "compare distances, not their squares, with the reach that is given"),
        (0.6, 0.6, 1.0, "the distance is √(0.6² + 0.6²) = 0.85, and not 0.6 + 0.6"),
    ):
        count = answer(_around((50, 0, dx, dy)), centres[:1], reach)
        yield wrong_if(
            count == 50,
            "one centre gives 50",
            "sum over the points, dimension 0: each centre has its number of points",
        )
        yield (
            count == 1,
            f"with reach {reach:g} 50 points at ({dx:g}, {dy:g}) from the only centre give {count} "
            "and not 1",
            hint,
        )


def _counted(answer, points, centres):
    """Lines on how many points are enough; `points`: 150, 3 and 2 of 300 in reach of a centre."""
    yield _few(
        answer,
        (4, 300, 2),
        "count the points within reach of each centre, without a mean: one in a hundred of all "
        "points, here 3, is enough",
    )
    count = answer(points, centres, 1.0)
    yield from mistakes(
        count,
        (
            3,
            "a cloud with two stray points of 300 counts",
            "at least one in a hundred of all points",
        ),
        (1, "a cloud with just one in a hundred does not count", "at least: >= and not >"),
        comparison=operator.eq,
    )
    yield (
        count == 2,
        f"you find {count} and not 2: 150 of 300 points are near a centre, 3 near another",
        "points within reach of each centre, then centres with enough",
    )
    count = answer(points, centres.flip(0), 1.0)
    yield (
        count == 2,
        f"with the centres in another order it finds {count} and not 2",
        "look at every centre, whatever the one before it has",
    )
    count = answer(centres.repeat(2, 1), centres, 1.0)
    yield (
        count == 5,
        f"10 points, 2 at each of 5 centres, give {count}",
        "one in a hundred of N points, whatever N is",
    )
    for case in ((2, 250, 1), (1, 149, 1), (3, 250, 2), (1, 60, 2), (200, 20_100, 1)):
        yield _few(
            answer,
            case,
            "at least N / 100 points, which is no whole number here: do not round it",
        )


def _few(answer, case, hint):
    """The line on a case (points near one centre, points in all, right number of centres)."""
    few, total, right = case
    points = _around((few, 1, 0.0, 0.0), (total - few, 0, 0.0, 0.0))
    count = answer(points, torch.tensor(CENTRES), 1.0)
    return (
        count == right,
        f"{few} of {total} points near one centre, and all others near another, give {count} "
        f"and not {right}",
        hint,
    )
