"""What a lesson's parameters may be: the grammar of `Lesson.parameters` and of sweeps.

A spec says what one parameter may hold:

    bool                  True or False
    str                   any text
    (int, low, high)      a whole number from low to high, both allowed
    (float, low, high)    a number from low to high, both allowed; a whole number serves, too
    {"a", "b"}            one of these choices
    ["a", "b"]            some of these names, separated by semicolons, or "all"

Nothing in here needs IPython or torch: the command line reads it before it starts anything.
"""

import difflib


class ParameterError(ValueError):
    """A parameter is unknown, of the wrong type or out of range."""


def chosen(text, names):
    """The names (list of str) that a parameter holds, where its spec is the list `names`."""
    if text == "all":
        return list(names)
    parts = [part.strip() for part in str(text).split(";")]
    return [part for part in parts if part]


def check_parameters(lesson, values, expected):
    """Raise ParameterError unless every one of `values` is expected and fits its spec.

    `lesson`: a name for the message; `values`: dict of name to value; `expected`: dict of name to
    spec. Not all that is expected need be among the values.
    """
    for name in sorted(values.keys() - expected.keys()):
        raise ParameterError(
            f"there is no parameter {name!r} in {lesson}. {_did_you_mean(name.upper(), expected)}"
            f"Its parameters are {', '.join(expected)}."
        )
    for name, value in values.items():
        _check_value(name, value, expected[name])


def _check_value(name, value, spec):
    if isinstance(spec, list):
        _check_names(name, value, spec)
    elif isinstance(spec, set):
        _check_choice(name, value, sorted(spec))
    elif isinstance(spec, tuple):
        kind, low, high = spec
        _check_type(name, value, kind)
        _check_range(name, value, low, high)
    else:
        _check_type(name, value, spec)


def _check_names(name, value, names):
    for part in chosen(value, names):
        if part not in names:
            raise ParameterError(
                f'{name} must name some of {"; ".join(names)}, or be "all", got {part!r}. '
                + _did_you_mean(part, names)
            )


def _check_choice(name, value, choices):
    if value not in choices:
        raise ParameterError(f"{name} must be one of {choices}, got {value!r}")


def _check_type(name, value, kind):
    if _is(value, kind):
        return
    hint = ""
    if isinstance(value, str):
        hint = (
            "; it came as text: with --set write a plain number, true or false, in YAML 1.0e-3 "
            '(not 1e-3) and true (not "true"), and on papermill\'s command line use '
            f"-y '{name}: …' in place of -p"
        )
    raise ParameterError(
        f"{name} must be {kind.__name__}, got {value!r} ({type(value).__name__}){hint}"
    )


def _is(value, kind):
    """Is `value` of this type? A whole number is a float, too."""
    if isinstance(value, bool):
        return kind is bool  # True is an int to Python, but no number to a reader
    if kind is float:
        return isinstance(value, (int, float))
    return isinstance(value, kind)


def _check_range(name, value, low, high):
    if not low <= value <= high:  # written so that NaN fails too
        raise ParameterError(f"{name} must lie in {low} … {high}, got {value}")


def _did_you_mean(name, known):
    """A question that names the nearest of `known`, and a space; empty where none is near."""
    near = difflib.get_close_matches(name, known, n=1)
    return f"Did you mean {near[0]!r}? " if near else ""
