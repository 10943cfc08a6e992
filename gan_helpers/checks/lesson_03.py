"""Checks of lesson 03 · How good are the fakes? That of exercise 1 is in lesson_03_coverage."""

import math

import torch
import torch.nn.functional as F

from gan_helpers.checks import check, is_number, mistakes, near, two_numbers, wrong_if
from gan_helpers.checks.lesson_03_coverage import coverage, is_single_number

__all__ = ["class_kl", "coverage", "frechet_distance"]


@check
def class_kl(answer):
    """answer(labels, shares): the divergence of the labels' shares from given ones, in nats."""
    labels = torch.tensor([0, 0, 0, 0, 0, 2, 2, 3])
    shares = torch.tensor([0.2, 0.3, 0.4, 0.1])
    q = torch.tensor([5 / 8, 0, 2 / 8, 1 / 8])
    result = answer(labels, shares)
    yield is_single_number(result, "the sum over the classes")
    yield from _lines_on_divergence(torch.as_tensor(result).float(), q, shares)
    try:
        last_missing = answer(torch.tensor([0, 1, 1]), torch.tensor([0.25, 0.25, 0.5]))
    except (IndexError, RuntimeError, ValueError) as error:
        yield (
            False,
            f"it stops where the last class is missing ({type(error).__name__}: {error})",
            "bincount(labels, minlength=len(shares)) counts the classes that never come, too",
        )
        return
    expected = 1 / 3 * math.log(4 / 3) + 2 / 3 * math.log(8 / 3)
    yield (
        near(last_missing, expected),
        f"where the last class is missing it is {two_numbers(last_missing, expected)}",
        "bincount(labels, minlength=len(shares)) counts the classes that never come, too",
    )
    rare = answer(torch.tensor([0] * 99 + [1]), torch.tensor([0.5, 0.5]))
    expected = 0.99 * math.log(1.98) + 0.01 * math.log(0.02)
    yield (
        near(rare, expected),
        f"where one label of a hundred is 1 it is {two_numbers(rare, expected)}",
        "a rare class counts: only q = 0 adds 0",
    )
    of_one = answer(torch.tensor([11]), torch.full((12,), 1 / 12))
    yield (
        near(of_one, math.log(12)),
        f"one label of twelve classes gives {two_numbers(of_one, math.log(12))}",
        "q is 1 for this class, and p is 1/12",
    )
    alike = answer(torch.tensor([2, 0, 1, 0]), torch.tensor([0.5, 0.25, 0.25]))
    yield (
        near(alike, 0.0, 1e-6),
        f"where the labels have these shares it is {two_numbers(alike, 0)}",
        "log 1 is 0, and nothing is added",
    )


def _lines_on_divergence(value, q, p):
    """Lines on the divergence of q from p, where the first and the last class of q come."""
    yield wrong_if(
        value.isnan(),
        "it is nan",
        "a class that no fake shows has q = 0, and 0 · log 0 is NaN: such a class adds 0",
    )
    yield wrong_if(
        value == math.inf,
        "it is inf",
        "a class that no fake shows adds 0; and the fakes' shares q stand before the logarithm and "
        "in its numerator: p log(p / q) is infinite where q = 0",
    )
    yield wrong_if(
        value == -math.inf,
        "it is -inf",
        "log 0 is -inf: a class that no fake shows has q = 0, and adds 0",
    )
    terms = torch.special.xlogy(q, q / p)
    right = terms.sum()
    some = q > 0
    counts = 8 * q[some]
    same_class = "q and p are not of the same class"
    yield from mistakes(
        value,
        (-right, "the sign is wrong", "q log(q / p), and not q log(p / q)"),
        (right / math.log(2), "it is in bits", "natural logarithms: log, and not log2"),
        (right / math.log(10), "the logarithms are to base 10", "natural ones: log, not log10"),
        (
            (p[some] * (p[some] / q[some]).log()).sum(),
            "it is the divergence the other way round",
            "the fakes' shares q stand before the logarithm and in its numerator",
        ),
        (
            (counts * (counts / p[some]).log()).sum(),
            "it takes counts for shares",
            "divide the counts by the number of labels",
        ),
        (
            torch.special.xlogy(q, q / 0.25).sum(),
            "it compares with equal shares",
            "p is the argument `shares`",
        ),
        (
            (q[some] / p[some]).log().sum(),
            "each class counts the same",
            "the logarithm is weighted with q",
        ),
        (right / 3, "it is a mean", "the sum over the classes"),
        (right / 4, "it is a mean", 'the sum over the classes; in F.kl_div, reduction="sum"'),
        (
            -(q * p.log()).sum(),
            "it is the sum of -q log p",
            "log(q / p): the logarithm of q belongs to it, too",
        ),
        (
            terms.abs().sum(),
            "a term below 0 has lost its sign",
            "where q is less than p the term is below 0, and stays so: no abs()",
        ),
        (
            F.kl_div(p, q, reduction="sum"),
            "F.kl_div has got p for log p",
            "its first argument is a logarithm: shares.log()",
        ),
        (
            (q[some] * (q[some] / p[: len(counts)]).log()).sum(),
            same_class,
            "unique() leaves out the classes that never come, bincount() keeps them",
        ),
        (
            torch.special.xlogy(q.sort().values, q.sort().values / p.sort().values).sum(),
            same_class,
            "nothing is sorted",
        ),
        *(
            (right - term, f"class {number} is left out", "sum over all of them, from 0 to K - 1")
            for number, term in enumerate(terms)
            if term
        ),
    )
    numbers = two_numbers(value, right)
    yield wrong_if(
        1e-5 < abs(value - right) < 0.01,
        f"it is {numbers}",
        "so near, and not equal: nothing is rounded, nothing is added to q or p, and all stays "
        "float32",
    )
    yield (
        near(value, right),
        f"it is {numbers}",
        f"q, the shares of classes 0 to 3 among the labels, is {_in_words(q)}; with p, the "
        f"argument `shares`, q log(q / p) is {_in_words(terms)}; these are added",
    )


def _in_words(numbers):
    return ", ".join(f"{number:.4g}" for number in numbers)


@check
def frechet_distance(answer):
    """answer(a, b): squared differences of means and of deviations, added, for numbers."""
    a = torch.tensor([1.0, 2.0, 6.0, 7.0])
    b = torch.tensor([-1.0, 0.0, 1.0, 0.5, 4.0])
    result = answer(a, b)
    yield from is_number(result, hint="one number: two squared differences, added")
    yield from _lines_on_distance(result, a, b)
    right = _frechet_distance(a, b)
    exchanged = answer(b, a)
    yield (
        near(exchanged, right),
        f"where a and b are exchanged it is {two_numbers(exchanged, right)}",
        "both differences are squared, whatever their sign",
    )
    yield near(answer(a, a), 0.0), "a sample is not at distance 0 from itself", "subtract"
    pairs = (
        (-a - 6, b, "a mean may be below 0, and keeps its sign: no abs()"),
        (a[:2], b * 0.01, "two numbers are a sample, too, and small numbers count as they are"),
        (a, a + 1000, "both parts, for numbers of any size"),
        (
            a + 3000,
            9 * b + 3000,
            "the mean of squares minus the square of the mean loses its digits where numbers are "
            "far from 0: .std() does not",
        ),
    )
    for one, other, hint in pairs:
        right = _frechet_distance(one, other)
        result = answer(one, other)
        yield near(result, right, 1e-3 * right.item()), f"it is {two_numbers(result, right)}", hint


def _frechet_distance(a, b):
    return (a.mean() - b.mean()) ** 2 + (a.std() - b.std()) ** 2


def _lines_on_distance(result, a, b):
    """Lines on the distance of two samples whose means and deviations differ."""
    mean = (a.mean() - b.mean()) ** 2
    deviation = (a.std() - b.std()) ** 2
    right = mean + deviation

    def with_deviations(of_a, of_b):
        return mean + (of_a - of_b) ** 2

    by_n = "by N - 1, as .std() does"
    yield from mistakes(
        result,
        (mean, "it compares the means alone", "add the squared difference of the deviations"),
        (deviation, "it compares the deviations alone", "add the squared difference of the means"),
        (
            (a.mean() - b.mean()).abs() + (a.std() - b.std()).abs(),
            "the differences are not squared",
            "each difference is squared before they are added",
        ),
        (right.sqrt(), "it is the root", "no root at the end"),
        (mean - deviation, "the sign of the second part is wrong", "the two parts are added"),
        (mean + a.var() + b.var(), "the spreads are added", "their deviations are subtracted"),
        (
            with_deviations(a.var(), b.var()),
            "it compares the variances",
            "the standard deviation is the root of the variance",
        ),
        (
            with_deviations(a.std(correction=0), b.std(correction=0)),
            "the deviations divide by N",
            by_n,
        ),
        (with_deviations(a.std(), b.std(correction=0)), "the deviation of b divides by N", by_n),
        (with_deviations(a.std(correction=0), b.std()), "the deviation of a divides by N", by_n),
        (
            with_deviations((a - a.mean()).norm(), (b - b.mean()).norm()),
            "the deviations are not divided",
            by_n,
        ),
        (
            with_deviations((a - a.mean()).abs().mean(), (b - b.mean()).abs().mean()),
            "it compares mean absolute deviations",
            "the *standard* deviation: squares, and the root at the end, as .std() does",
        ),
        (
            with_deviations(a.square().mean().sqrt(), b.square().mean().sqrt()),
            "the deviation is taken from 0",
            "take the mean off before you square, as .std() does",
        ),
        (
            (a.sum() / 3 - b.sum() / 4) ** 2 + deviation,
            "the means divide by N - 1",
            "a mean divides by N, only the deviation by N - 1",
        ),
    )
    numbers = two_numbers(result, right)
    yield wrong_if(
        1e-4 < abs(result - right) < 0.01,
        f"it is {numbers}",
        "so near, and not equal: nothing is rounded, and all stays float32",
    )
    means = f"({a.mean():.3f} - {b.mean():.3f})²"
    deviations = f"({a.std():.3f} - {b.std():.3f})²"
    yield (
        near(result, right),
        f"it is {numbers}",
        f"{means} + {deviations}: the means, and the standard deviations that divide by N - 1, of "
        "all numbers as they are",
    )
