"""What belongs to the whole program, or to the answer itself, and must be as before a call."""

import random
import warnings

import numpy
import torch

from gan_helpers.checks.traces import Aspect


def memory_of(function):
    """What a function can keep from call to call, as an Aspect: containers and its own attributes.

    These are its default arguments, attributes, closure, and the global names that it mentions.
    """

    def read():
        code = getattr(function, "__code__", None)
        if code is None:  # no Python function
            return None
        names = names_in(code)
        kept = [function.__globals__[name] for name in names if name in function.__globals__]
        kept += [cell.cell_contents for cell in function.__closure__ or () if _is_filled(cell)]
        kept += [function.__defaults__, function.__kwdefaults__, dict(vars(function))]
        return [_glance(value) for value in kept]

    return Aspect(
        read,
        lambda old: None,
        "it keeps something from call to call",
        "the result depends on the arguments alone: no global, no default argument that grows",
        is_early=True,
    )


LONGEST_LOOK = 1000  # parts of a container; of a longer one, its length tells


def _glance(value):
    """What tells whether a value was changed, without a copy of what may be a data set."""
    if isinstance(value, torch.Tensor):
        return id(value), value._version
    if isinstance(value, list | dict | set | tuple):
        if len(value) > LONGEST_LOOK:
            return id(value), len(value)
        parts = value.items() if isinstance(value, dict) else value
        return type(value).__name__, [_glance(part) for part in parts]
    return value if isinstance(value, int | float | str) else id(value)


def _is_filled(cell):
    try:
        return cell.cell_contents is not None
    except ValueError:
        return False


def names_in(code):
    """The global names (list) that a code object mentions, those of functions inside it too."""
    if code is None:
        return []
    names = list(code.co_names)
    for constant in code.co_consts:
        if hasattr(constant, "co_names"):
            names += names_in(constant)
    return names


SETTINGS = (  # of torch: how to read one, and how to put it back
    (torch.is_anomaly_enabled, torch.autograd.set_detect_anomaly),
    (torch.are_deterministic_algorithms_enabled, torch.use_deterministic_algorithms),
    (torch.get_num_threads, torch.set_num_threads),
    (torch.get_float32_matmul_precision, torch.set_float32_matmul_precision),
)


def switches(draws):
    """What belongs to the whole program, as a list of Aspect."""
    kept = [
        Aspect(
            torch.is_grad_enabled,
            torch.set_grad_enabled,
            "autograd is switched off or on for good",
            "`with torch.no_grad():` ends by itself",
            is_early=True,
        ),
        Aspect(
            torch.get_default_dtype,
            torch.set_default_dtype,
            "torch's default type of numbers is another one afterwards",
            "give a dtype to the tensor that needs it",
            is_early=True,
        ),
        Aspect(
            lambda: [read() for read, _ in SETTINGS],
            lambda old: [
                put_back(value) for (_, put_back), value in zip(SETTINGS, old, strict=True)
            ],
            "one of torch's settings is another one afterwards",
            "threads, anomaly mode and the like belong to the whole program",
        ),
        Aspect(
            lambda: ("ignore", None, Warning, None, 0) in warnings.filters,
            lambda old: None,
            "it silences warnings for good",
            "mend what is warned of, or use `with warnings.catch_warnings():`",
        ),
        Aspect(
            numpy.geterr,
            lambda old: numpy.seterr(**old),
            "it switches NumPy's warnings off for good",
            "`with numpy.errstate(…):` ends by itself",
        ),
        Aspect(
            torch.initial_seed,
            lambda old: None,
            "it sets the seed of all random numbers",
            "with a seed inside, each call would draw the same, and so would all else",
            is_early=True,
        ),
    ]
    if draws:
        return kept
    hint = (
        "the result depends on the arguments alone, and these numbers belong to the whole program"
    )
    of_others = "it draws or seeds the random numbers of"
    return [
        *kept,
        Aspect(
            torch.get_rng_state, torch.set_rng_state, "it draws random numbers", hint, is_early=True
        ),
        Aspect(random.getstate, random.setstate, f"{of_others} Python", hint, is_early=True),
        Aspect(
            numpy.random.get_state,
            numpy.random.set_state,
            f"{of_others} NumPy",
            hint,
            is_early=True,
        ),
    ]
