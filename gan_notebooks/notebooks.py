"""Find the lessons; read their sizes, their parameters and what they recorded."""

from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import nbformat
import papermill
from nbformat.v4 import new_code_cell, new_notebook

from gan_helpers.lesson import TIMINGS, VALUES
from gan_helpers.parameters import ParameterError, check_parameters
from gan_notebooks.errors import CourseError, NoLessonsError
from gan_notebooks.files import read_text
from gan_notebooks.specs import read_assignments, read_default, read_specs

# A wheel has no lessons: a checkout in the folder of the call does.
_CHECKOUT = Path(__file__).parents[1] / "notebooks"
NOTEBOOKS = _CHECKOUT if _CHECKOUT.exists() else Path("notebooks")
LANGUAGE = ("kernelspec", "language_info")  # the entries of the metadata that name it
SIZES = ("smoke", "default", "full")
LARGEST_NOTEBOOK = 100_000_000  # bytes; an executed lesson has a million or two


def lessons(prefix="", folder=None):
    """The notebooks (list of Path) whose name starts with `prefix`, in reading order.

    `folder`: where they lie; None for NOTEBOOKS. Raises NoLessonsError where there is none.
    """
    folder = Path(NOTEBOOKS if folder is None else folder)
    every = sorted(folder.glob("*.ipynb"))
    chosen = [path for path in every if path.name.startswith(prefix)]
    if chosen:
        return chosen
    if every:
        names = ", ".join(path.stem for path in every)
        raise NoLessonsError(f"no notebook in {folder} starts with {prefix!r}; there are: {names}")
    raise NoLessonsError(
        f"there are no notebooks in {folder.absolute()}: change to the folder of a checkout of the "
        "repository, which has them, or name their folder by --notebooks"
    )


def read(path):
    """A notebook (NotebookNode), as version 4. Its cells have what every reader here relies on.

    Raises CourseError where the file is none, OSError as `open`.
    """
    text = read_text(path, LARGEST_NOTEBOOK, "notebook")
    try:
        notebook = nbformat.convert(nbformat.reader.reads(text), 4)
        is_notebook = _is_notebook(notebook)
        cause = "a cell or an output is not as nbformat has it"
    except Exception as error:  # nbformat lets through whatever a damaged file leads to
        is_notebook = False
        cause = str(error)[:200] or type(error).__name__
    if not is_notebook:
        raise CourseError(f"the notebook {path} cannot be read, it is damaged or none: {cause}")
    return notebook


def _is_notebook(content):
    match content:
        case {"nbformat_minor": int(), "metadata": dict(), "cells": list(cells)}:
            return type(content.nbformat) is int and all(map(_is_cell, cells))
    return False


def _is_cell(cell):
    match cell:
        case {"cell_type": "code" | "markdown" | "raw", "source": str(source), "metadata": dict()}:
            source.encode()  # fails for half a character
            return all(map(_is_output, cell.get("outputs", [])))
    return False


def _is_output(output):
    match output:
        case {"output_type": "stream", "name": str(), "text": str()}:
            return True
        case {"output_type": "error", "ename": str(), "evalue": str(), "traceback": list()}:
            return True
        case {"output_type": "display_data" | "execute_result", "data": dict(), "metadata": dict()}:
            return True
    return False


def title(notebook):
    """The title (str) of a notebook (NotebookNode): the first line of its first cell."""
    for cell in notebook.cells:
        return cell.source.partition("\n")[0].lstrip("# ")
    return ""


def path_for_papermill(path):
    """A path as papermill takes it (str): it would fill in braces like a format string."""
    return str(path).replace("{", "{{").replace("}", "}}")


class Parameter(NamedTuple):
    """One parameter of a lesson."""

    name: str
    default: object
    spec: object  # what it may be, as `gan_helpers.parameters` takes it
    meaning: str  # the comment behind it


@dataclass(frozen=True)
class Outline:
    """What a lesson says about itself; `outline` reads it."""

    name: str
    title: str
    parameters: dict  # {name: Parameter}
    sizes: dict  # {size: {name: value}}, the default size apart

    @property
    def specs(self):
        """What each parameter may be: {name: spec}."""
        return {name: parameter.spec for name, parameter in self.parameters.items()}

    @property
    def defaults(self):
        """The default of each parameter: {name: value}."""
        return {name: parameter.default for name, parameter in self.parameters.items()}

    def at_size(self, size):
        """The parameters (dict) that make the lesson run at a size; {} for the defaults."""
        return _at_size(self.name, self.sizes, size)


def outline(path):
    """The Outline of the lesson in the file `path`. Nothing of its code is run.

    Names, defaults and meanings stand in the cell tagged `parameters`; what they may be, in the
    call of `lesson.parameters`, so that a sweep refuses a bad value before anything starts.
    Raises CourseError where the notebook lacks one of them, or they do not fit each other.
    """
    path = Path(path)
    notebook = read(path)
    sources = [cell.source for cell in notebook.cells if cell.cell_type == "code"]
    calls = [source for source in sources if "lesson.parameters(" in source]
    specs = read_specs(calls[0] if calls else "", path.stem)
    written = _written_parameters(notebook, path.stem)
    if specs.keys() != written.keys():
        differing = ", ".join(sorted(specs.keys() ^ written.keys()))
        raise CourseError(
            f"{path.stem}: the cell tagged parameters and the call of lesson.parameters must have "
            f"the same names, but {differing} stands in one of them alone. A parameter takes one "
            "line, with no other equals sign: NAME: int = 5  # what it means"
        )
    parameters = {}
    for name, spec in specs.items():
        default = _default(path.stem, name, written[name], spec)
        parameters[name] = Parameter(name, default, spec, written[name].meaning)
    return Outline(path.stem, title(notebook), parameters, notebook.metadata.get("sizes", {}))


class _Written(NamedTuple):
    """One parameter as its cell has it."""

    text: str  # of the default
    node: object  # of the default, in the syntax tree
    meaning: str


def _written_parameters(notebook, lesson):
    """What stands in the cell tagged `parameters`: {name: _Written}."""
    for cell in notebook.cells:
        if cell.cell_type == "code" and _is_tagged(cell, "parameters"):
            nodes = read_assignments(cell.source, lesson)
            written = {}
            for name, entry in _inspect(cell, notebook.metadata, lesson).items():
                written[name] = _Written(entry["default"], nodes.get(name), entry["help"])
            return written
    return {}


def _inspect(cell, metadata, lesson):
    """What papermill reads in a cell; in it alone: it would go through all outputs, too."""
    language = {name: metadata[name] for name in LANGUAGE if name in metadata}
    tagged = new_code_cell(cell.source, metadata={"tags": ["parameters"]})
    try:
        return papermill.inspect_notebook(new_notebook(cells=[tagged], metadata=language))
    except Exception as error:  # no kernel, or of another language, or a damaged entry
        raise CourseError(f"{lesson}: its parameters cannot be read: {error}") from None


def _is_tagged(cell, tag):
    tags = cell.metadata.get("tags")
    return isinstance(tags, list) and tag in tags


def _default(lesson, name, written, spec):
    """The value of a default, as it is `written` (_Written)."""
    try:
        default = read_default(written.text, written.node)
    except ValueError:
        raise CourseError(
            f"{lesson}: the default of {name} must be a literal, in one line and without #, got "
            f"{written.text}"
        ) from None
    try:
        check_parameters(lesson, {name: default}, {name: spec})
    except ParameterError as error:
        raise CourseError(f"{lesson}: the default of {name} does not fit: {error}") from None
    return default


def size_parameters(notebook, size):
    """The parameters (dict) that make the lesson `notebook` (a path) run at `size`.

    They stand in its metadata; {} for the defaults. Raises CourseError where there are none.
    """
    sizes = read(notebook).metadata.get("sizes", {})  # a damaged one is named at every size
    return _at_size(Path(notebook).stem, sizes, size)


def _at_size(lesson, sizes, size):
    if size not in SIZES:
        raise ValueError(f"size must be one of {SIZES}, got {size!r}")
    if size == "default":
        return {}
    if not isinstance(sizes, dict) or not isinstance(sizes.get(size), dict):
        raise CourseError(
            f"{lesson} has no size {size!r}: its metadata needs {{'sizes': {{{size!r}: {{…}}}}}}"
        )
    return dict(sizes[size])


def read_record(path):
    """What `Lesson.record` left in an executed notebook: {"values": dict, "timings": dict}.

    {} where it never ran or the file is missing. Raises CourseError where it is damaged.
    """
    if not Path(path).exists():
        return {}
    record = {}
    for cell in read(path).cells:
        for output in cell.get("outputs", []):
            if VALUES in output.get("data", {}):
                record["values"] = output["data"][VALUES]
            if TIMINGS in output.get("metadata", {}):
                record["timings"] = output["metadata"][TIMINGS]
    if not _is_record(record):
        raise CourseError(f"the record in {path} is damaged, or another lesson's: run it again")
    return record


def _is_record(record):
    """Is a record as `Lesson.record` makes it, as far as it is there?"""
    values = record.get("values", {})
    if not isinstance(values, dict) or not isinstance(record.get("timings", {}), dict):
        return False
    kinds = {"parameters": dict, "scores": dict, "claims": list, "rows": list}
    if not all(isinstance(values.get(name, kind()), kind) for name, kind in kinds.items()):
        return False
    for claim in values.get("claims", []):
        match claim:
            case {"sentence": str(), "holds": bool()}:
                continue
        return False
    return True


def stopped_in(path, cause):
    """`cause` (str) with the cell in which a run stopped: the last that papermill saw begin.

    `path`: the notebook as far as it came.
    """
    try:
        cells = read(path).cells
    except (CourseError, OSError):  # nothing was written, or half a file
        return f"its start: {cause}"
    code_cells = [cell for cell in cells if cell.cell_type == "code" and cell.source]
    numbers = [number for number, cell in enumerate(code_cells, 1) if _has_begun(cell)]
    return f"cell [{numbers[-1]}]: {cause}" if numbers else f"its start: {cause}"


def _has_begun(cell):
    match cell.metadata:
        case {"papermill": {"start_time": str()}}:
            return True
    return False
