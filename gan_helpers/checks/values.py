"""What comes back from an answer, and what goes in: take apart, copy, compare."""

import functools
import math

import numpy
import torch


def parts(value):
    """What a result is made of, as a list: the leaves of tuples, lists and dicts."""
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list | tuple):
        return [leaf for part in value for leaf in parts(part)]
    return [value]


def same(one, other, rtol=1e-4, atol=1e-7):
    """Whether two results or states are equal: numbers to rounding, NaN like NaN."""
    again = functools.partial(same, rtol=rtol, atol=atol)
    if isinstance(one, torch.Tensor) and isinstance(other, torch.Tensor):
        alike = one.shape == other.shape and one.dtype == other.dtype
        return alike and torch.allclose(
            one.detach(), other.detach(), rtol=rtol, atol=atol, equal_nan=True
        )
    if isinstance(one, dict) and isinstance(other, dict):
        return list(one) == list(other) and again(list(one.values()), list(other.values()))
    if isinstance(one, list | tuple) and type(one) is type(other):
        return len(one) == len(other) and all(map(again, one, other))
    if isinstance(one, numpy.ndarray) and isinstance(other, numpy.ndarray):
        return one.shape == other.shape and numpy.allclose(one, other, rtol, atol, equal_nan=True)
    if isinstance(one, float) and isinstance(other, float):
        return math.isclose(one, other, rel_tol=rtol) or (math.isnan(one) and math.isnan(other))
    return bool(one is other or (type(one) is type(other) and one == other))


def unchanged(now, before):
    """Whether a state is to the last bit what it was."""
    return same(now, before, rtol=0.0, atol=0.0)


def copied(value):
    """A copy of a result or an argument, its tensors without graphs."""
    if isinstance(value, torch.Tensor):
        return value.detach().clone()
    if isinstance(value, dict):
        return {name: copied(part) for name, part in value.items()}
    if type(value) in (list, tuple):
        return type(value)(copied(part) for part in value)
    if isinstance(value, set):
        return set(value)
    if isinstance(value, numpy.ndarray):
        return value.copy()
    return value
