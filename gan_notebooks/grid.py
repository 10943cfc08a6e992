"""What a sweep is to do: every combination of parameter values, from the command line or a file.

A value is read as people mean it, on the command line as in YAML: `3` and `-3` are whole numbers,
`0.5` and `1e-3` numbers, `true` and `false` truths; all else is text, also `1_0`, `1:30`, `yes`.
"""

import itertools
import math
import re
from urllib.parse import quote

import yaml

from gan_helpers.parameters import ParameterError, check_parameters
from gan_notebooks.notebooks import outline

LONGEST_NAME = 200  # bytes; most file systems allow 255, and an ending comes behind
MAX_RUNS = 10_000
LARGEST_FILE = 2_000_000  # characters of a grid
LONGEST_NUMBER = 100  # characters
WHOLE_NUMBER = re.compile(r"[-+]?[0-9]+")
NUMBER = re.compile(r"[-+]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][-+]?[0-9]+)?")
NO_VALUE = ("", "~", "null", "Null", "NULL")  # in YAML
LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # many times faster, where it was built


class _NoGrid(Exception):
    """A part of a file is none of a grid."""


def parse_settings(settings):
    """["SEED=0,1", "PUBLISHED=true"] as {"SEED": [0, 1], "PUBLISHED": [True]}."""
    parsed = {}
    for setting in settings:
        name, equals, values = setting.partition("=")
        if not equals or not values:
            raise ParameterError(f"--set takes NAME=value or NAME=value,value, got {setting!r}")
        if name in parsed:
            raise ParameterError(f"--set {name} is given twice: write --set {name}=value,value")
        if not _is_encodable(setting):
            raise ParameterError(f"--set {name} has characters that are no text: {setting!r}")
        parsed[name] = [_parse_value(value) for value in values.split(",")]
    return parsed


def _parse_value(text):
    plain = text.strip()
    if len(plain) > LONGEST_NUMBER:
        return text
    if plain.lower() in ("true", "false"):
        return plain.lower() == "true"
    if WHOLE_NUMBER.fullmatch(plain):
        return int(plain)
    if NUMBER.fullmatch(plain):
        return float(plain)
    return text


def _is_encodable(text):
    """Can a text be written? Bytes that are no text, and halves of characters, cannot."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def read(path):
    """A grid from a YAML file, such as `SEED: [0, 1]`: {"SEED": [0, 1]}.

    One value may stand without brackets, and in quotes it is text. Raises ParameterError where the
    file is no such table; lists in lists, aliases and tags are refused before they can unfold.
    """
    try:
        with open(path, encoding="utf-8-sig") as file:
            text = file.read(LARGEST_FILE + 1)
        if len(text) > LARGEST_FILE:
            raise _NoGrid(f"it has more than {LARGEST_FILE:,} characters")
        return _table(yaml.parse(text, Loader=LOADER))
    except UnicodeDecodeError:
        raise ParameterError(f"the grid {path} cannot be read: store it in UTF-8") from None
    except (OSError, ValueError, OverflowError, yaml.YAMLError, _NoGrid) as error:
        raise ParameterError(f"the grid {path} cannot be read: {error}") from None


def _table(events):
    """{name: list of values} from the events of YAML's parser, which it makes one by one."""
    frame = (yaml.StreamStartEvent, yaml.StreamEndEvent)
    frame += (yaml.DocumentStartEvent, yaml.DocumentEndEvent)
    events = (event for event in events if not isinstance(event, frame))
    if not isinstance(next(events, None), yaml.MappingStartEvent):
        raise _NoGrid("it must have a line for each parameter, such as SEED: [0, 1, 2]")
    table = {}
    for event in events:
        if isinstance(event, yaml.MappingEndEvent):
            break
        name = getattr(event, "value", "")
        if not name.isidentifier():
            raise _NoGrid(f"{_line(event)} must have a parameter, such as SEED: [0, 1, 2]")
        if name in table:
            raise _NoGrid(f"{_line(event)} has {name} a second time: write {name}: [value, value]")
        table[name] = _values(name, events)
    for event in events:
        raise _NoGrid(f"{_line(event)} begins a second table")
    return table


def _values(name, events):
    """The values (list) of a parameter, whose events come next."""
    event = next(events)
    if not isinstance(event, yaml.SequenceStartEvent) or event.tag:
        return [_value(name, event)]
    values = []
    for event in events:
        if isinstance(event, yaml.SequenceEndEvent):
            break
        values.append(_value(name, event))
    return values


def _value(name, event):
    """What a scalar of YAML stands for."""
    if not isinstance(event, yaml.ScalarEvent) or event.tag:
        raise _NoGrid(
            f"{_line(event)}: a value of {name} must be a number, true, false or a text, and no "
            "list, table, *alias or !tag"
        )
    if not _is_encodable(event.value):
        raise _NoGrid(f"{_line(event)}: a value of {name} has half a character: {event.value!r}")
    is_plain, _ = event.implicit
    if not is_plain:
        return event.value
    if event.value in NO_VALUE:
        raise _NoGrid(f'{_line(event)}: {name} has no value; a text without letters is ""')
    return _parse_value(event.value)


def _line(event):
    return f"line {event.start_mark.line + 1}"


def plan(notebooks, grid, size="default", *, max_runs=MAX_RUNS):
    """Every run of a sweep: {run id: (notebook, parameters)}.

    `grid`: dict of parameter to list of values; `size` gives the others. Values that are equal,
    such as 1 and 1.0, make one run. Raises ParameterError for a bad name or value and for more than
    `max_runs` runs, CourseError where a lesson does not say what its parameters may be.
    """
    empty = [name for name, values in grid.items() if not values]
    if empty:
        raise ParameterError(
            f"there is no value for {', '.join(empty)}: give one, or leave the name out"
        )
    lessons = {notebook: outline(notebook) for notebook in notebooks}
    for lesson in lessons.values():
        check_parameters(lesson.name, dict.fromkeys(grid), dict.fromkeys(lesson.specs, object))
    _check_count(len(lessons), grid, max_runs)
    for lesson in lessons.values():
        _check_values(lesson, lesson.at_size(size), grid)
    distinct = {name: _distinct(values)[0] for name, values in grid.items()}
    runs = {}
    names_taken = set()
    for notebook, lesson in lessons.items():
        sized = lesson.at_size(size)
        for values in itertools.product(*distinct.values()):
            chosen = dict(zip(distinct, values, strict=True))
            name = _run_id(lesson.name, size, chosen)
            _check_run_id(name, names_taken)
            names_taken.add(name.casefold())
            runs[name] = notebook, sized | chosen
    return runs


def _check_count(lessons, grid, max_runs):
    """Raise ParameterError where there would be too many runs; before the first is made."""
    count = lessons * math.prod(len(values) for values in grid.values())
    if count > max_runs:
        factors = [f"{lessons:,} lesson{'s' * (lessons > 1)}"]
        factors += [f"{len(values):,} of {name}" for name, values in grid.items()]
        raise ParameterError(
            f"the sweep would have {count:,} runs, more than {max_runs:,} ({' × '.join(factors)}): "
            "give fewer values, or allow more runs by --max-runs"
        )


def _check_values(lesson, sized, grid):
    """Raise ParameterError for a bad value, each by itself: combined they may be very many."""
    check_parameters(lesson.name, sized | {name: grid[name][0] for name in grid}, lesson.specs)
    for name, values in grid.items():
        for value in values:
            check_parameters(lesson.name, {name: value}, lesson.specs)


def _distinct(values):
    """(the values that equal none before them, the pairs of the others with their first equal)."""
    firsts = {}
    pairs = []
    for value in values:
        key = type(value) is bool, value  # True is no 1
        if key in firsts:
            pairs.append((value, firsts[key]))
        else:
            firsts[key] = value
    return list(firsts.values()), pairs


def repeats(grid):
    """What is given more than once in a grid: a sentence a parameter (list of str)."""
    sentences = []
    for name, values in grid.items():
        _, pairs = _distinct(values)
        if pairs:
            value, first = pairs[0]
            sentences.append(
                f"{name}: {len(pairs):,} of {len(values):,} values equal one before them "
                f"({value!r} is {first!r}), and make no further run"
            )
    return sentences


def _run_id(lesson, size, chosen):
    """A run's name, which is its file's name too: `02_classic_gan,smoke,SEED=1`."""
    parts = [lesson]
    if size != "default":
        parts.append(size)
    parts += [f"{name}={quote(str(value), safe='')}" for name, value in chosen.items()]
    return ",".join(parts)


def _check_run_id(name, names_taken):
    """Raise ParameterError where no file can have this name beside the `names_taken` (set)."""
    if len(name.encode()) > LONGEST_NAME:
        raise ParameterError(
            f"the run's file name would be too long: {name}; set fewer or shorter values"
        )
    if name.casefold() in names_taken:  # one file on Windows and macOS
        raise ParameterError(f"two runs would have one file name, {name}: give each value once")
