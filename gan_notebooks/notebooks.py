"""Find the lessons; read their sizes, their parameters and what they recorded."""

import ast
import io
import tokenize
from pathlib import Path

import nbformat

from gan_helpers.lesson import TIMINGS, VALUES

_CHECKOUT = Path(__file__).parents[1] / "notebooks"
NOTEBOOKS = (
    _CHECKOUT if _CHECKOUT.exists() else Path("notebooks")
)  # a wheel has none: a checkout in this folder does
SIZES = ("smoke", "default", "full")


class SweepError(RuntimeError):
    """A sweep cannot start or go on; the message says why and what to do."""


def lessons(prefix="", folder=NOTEBOOKS):
    """The notebooks (list of Path) whose name starts with `prefix`, in reading order."""
    found = sorted(path for path in Path(folder).glob("*.ipynb") if path.name.startswith(prefix))
    if not found:
        there = ", ".join(path.stem for path in sorted(Path(folder).glob("*.ipynb")))
        raise SystemExit(
            f"no notebook in {folder} starts with {prefix!r}; there are: {there}"
            if there
            else f"there are no notebooks in {Path(folder).resolve()}: change to the folder of a checkout of "
            "the repository, which has them"
        )
    return found


def size_parameters(notebook, size):
    """The parameters (dict) that make `notebook` run at `size`: from its own metadata; {} for the defaults."""
    if size not in SIZES:
        raise ValueError(f"size must be one of {SIZES}, got {size!r}")
    if size == "default":
        return {}
    sizes = nbformat.read(notebook, as_version=4).metadata.get("sizes", {})
    if size not in sizes:
        raise ValueError(
            f"{notebook} has no size {size!r}: its metadata needs {{'sizes': {{{size!r}: {{…}}}}}}"
        )
    return dict(sizes[size])


def parameters_cell(notebook):
    """The source (str) of the cell tagged `parameters`."""
    for cell in nbformat.read(notebook, as_version=4).cells:
        if "parameters" in cell.metadata.get("tags", []):
            return cell.source
    raise ValueError(f"{notebook} has no cell tagged parameters")


def default_parameters(notebook):
    """The values (dict) in the cell tagged `parameters`."""
    return {
        node.target.id: ast.literal_eval(node.value)
        for node in ast.parse(parameters_cell(notebook)).body
        if isinstance(node, ast.AnnAssign)
    }


def parameter_meanings(notebook):
    """What each parameter means (dict of str): the comment behind it in the cell tagged `parameters`."""
    source = parameters_cell(notebook)
    comments = {
        token.start[0]: token.string.lstrip("# ")
        for token in tokenize.generate_tokens(io.StringIO(source).readline)
        if token.type == tokenize.COMMENT
    }
    return {
        node.target.id: comments.get(node.end_lineno, "")
        for node in ast.parse(source).body
        if isinstance(node, ast.AnnAssign)
    }


def parameter_specs(notebook):
    """The parameters of a lesson and what they may be (dict), read from its cell that checks them.

    They are what `Lesson.parameters` is called with, so a sweep refuses a bad value before anything starts.
    """
    for cell in nbformat.read(notebook, as_version=4).cells:
        if cell.cell_type == "code" and "lesson.parameters(" in cell.source:
            call = next(
                node
                for node in ast.walk(ast.parse(cell.source))
                if isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "parameters"
            )
            types = {"__builtins__": {}, "int": int, "float": float, "bool": bool, "str": str}
            return {
                keyword.arg: eval(compile(ast.Expression(keyword.value), "specs", "eval"), types)
                for keyword in call.keywords
            }
    raise ValueError(f"{notebook} has no cell that calls lesson.parameters")


def read_record(notebook):
    """What `Lesson.record` left in an executed notebook: {"values": dict, "timings": dict}; {} where it never ran."""
    if not Path(notebook).exists():
        return {}
    found = {}
    for cell in nbformat.read(notebook, as_version=4).cells:
        for output in cell.get("outputs", []):
            if VALUES in output.get("data", {}):
                found["values"] = output["data"][VALUES]
            if TIMINGS in output.get("metadata", {}):
                found["timings"] = output["metadata"][TIMINGS]
    return found
