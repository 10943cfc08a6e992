"""What a lesson's parameters may be: the grammar of `Lesson.parameters`, of sweeps and of `results`.

A spec is a type (`bool`, `str`), `(int, low, high)` or `(float, low, high)`, both ends allowed, a
set of choices, or a list of names of which the parameter may hold several.
"""

import difflib


class ParameterError(ValueError):
    """A parameter is unknown, of the wrong type or out of range."""


def chosen(text, names):
    """The names that a parameter holds, as a list: separated by semicolons; "all" for each of `names`."""
    return (
        list(names)
        if text == "all"
        else [name.strip() for name in str(text).split(";") if name.strip()]
    )


def check_parameters(lesson, values, expected):
    """Raise ParameterError unless `values` (dict) are among `expected` (dict as in `Lesson.parameters`) and fit."""
    for name in sorted(values.keys() - expected.keys()):
        raise ParameterError(
            f"there is no parameter {name!r} in {lesson}. {_did_you_mean(name.upper(), expected)}"
            f"Its parameters are {', '.join(expected)}."
        )
    for name, value in values.items():
        _check_parameter(name, value, expected[name])


def _did_you_mean(name, known):
    """A question, with a space behind it, that names the nearest of `known`; empty where none is near."""
    near = difflib.get_close_matches(name, known, n=1)
    return f"Did you mean {near[0]!r}? " if near else ""


def _check_parameter(name, value, spec):
    if isinstance(spec, list):
        for one in chosen(value, spec):
            if one not in spec:
                raise ParameterError(
                    f'{name} must name some of {"; ".join(spec)}, or be "all", got {one!r}. '
                    + _did_you_mean(one, spec)
                )
        return
    if isinstance(spec, set):
        if value not in spec:
            raise ParameterError(f"{name} must be one of {sorted(spec)}, got {value!r}")
        return
    kind, low, high = spec if isinstance(spec, tuple) else (spec, None, None)
    # An int serves as float; True is an int to Python but no number to a reader.
    right = isinstance(value, (int, float) if kind is float else kind) and (
        kind is bool or not isinstance(value, bool)
    )
    if not right:
        hint = ""
        if isinstance(value, str) and kind is not str:
            hint = (
                "; it came as text: with --set write a plain number, true or false, in YAML 1.0e-3 (not 1e-3) and "
                f"true (not \"true\"), and on papermill's command line use -y '{name}: …' in place of -p"
            )
        raise ParameterError(
            f"{name} must be {kind.__name__}, got {value!r} ({type(value).__name__}){hint}"
        )
    if low is not None and not low <= value <= high:
        raise ParameterError(f"{name} must lie in {low} … {high}, got {value}")
