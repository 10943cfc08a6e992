"""What a sweep is to do: every combination of parameter values, from the command line or a file."""

import contextlib
import itertools
from pathlib import Path
from urllib.parse import quote

import yaml

from gan_helpers.parameters import ParameterError, check_parameters
from gan_notebooks.notebooks import outline

LONGEST_NAME = 200  # bytes; most file systems allow 255, and an ending comes behind


def parse_settings(settings):
    """["SEED=0,1", "PUBLISHED=true"] as {"SEED": [0, 1], "PUBLISHED": [True]}."""
    parsed = {}
    for setting in settings:
        name, equals, values = setting.partition("=")
        if not equals or not values:
            raise ParameterError(f"--set takes NAME=value or NAME=value,value, got {setting!r}")
        if name in parsed:
            raise ParameterError(f"--set {name} is given twice: write --set {name}=value,value")
        parsed[name] = [_parse_value(value) for value in values.split(",")]
    return parsed


def _parse_value(text):
    if text.lower() in ("true", "false"):
        return text.lower() == "true"
    for kind in (int, float):
        with contextlib.suppress(ValueError):
            return kind(text)
    return text


def read(path):
    """A grid from a YAML file, such as `SEED: [0, 1]`: {"SEED": [0, 1]}.

    One value may stand without brackets. Raises ParameterError where the file is no such table.
    That YAML reads 1e-3 as text, `plan` says.
    """
    try:
        grid = yaml.safe_load(Path(path).read_text(encoding="utf8"))
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise ParameterError(f"the grid {path} cannot be read: {error}") from None
    if not isinstance(grid, dict) or not all(isinstance(name, str) for name in grid):
        raise ParameterError(
            f"the grid {path} must have a line for each parameter, such as SEED: [0, 1, 2]"
        )
    return {name: values if isinstance(values, list) else [values] for name, values in grid.items()}


def plan(notebooks, grid, size="default"):
    """Every run of a sweep: {run id: (notebook, parameters)}.

    `grid`: dict of parameter to list of values; `size` gives the others. Raises ParameterError for
    a bad name or value, CourseError where a lesson does not say what its parameters may be.
    """
    empty = [name for name, values in grid.items() if not values]
    if empty:
        raise ParameterError(
            f"there is no value for {', '.join(empty)}: give one, or leave the name out"
        )
    runs = {}
    names_taken = set()
    for notebook in notebooks:
        lesson = outline(notebook)
        for values in itertools.product(*grid.values()):
            chosen = dict(zip(grid, values, strict=True))
            parameters = lesson.at_size(size) | chosen
            check_parameters(lesson.name, parameters, lesson.specs)
            name = _run_id(lesson.name, size, chosen)
            _check_run_id(name, names_taken)
            names_taken.add(name.casefold())
            runs[name] = notebook, parameters
    return runs


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
