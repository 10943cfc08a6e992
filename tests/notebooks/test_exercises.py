"""Solutions pass, stubs are reported as unsolved, typical wrong answers get their own hint."""

import ast
import contextlib
import importlib.util
import io
import linecache
import re
from pathlib import Path

import nbformat
import pytest


def beside(name):
    """A module of this folder: pytest's importlib mode puts no folder on the path."""
    path = Path(__file__).with_name(f"{name}.py")
    spec = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


mutants = beside("mutants")
RIGHT = beside("right_answers").RIGHT
WRONG = beside("wrong_answers").WRONG

NOTEBOOKS = sorted((Path(__file__).parents[2] / "notebooks").glob("*.ipynb"))


def tagged(cell, tag):
    return tag in cell.metadata.get("tags", [])


def exercises(path):
    """(cell of the exercise, its check, its solution) for each exercise of a notebook."""
    cells = nbformat.read(path, as_version=4).cells
    return [
        cells[number : number + 3] for number, cell in enumerate(cells) if tagged(cell, "exercise")
    ]


def imports(path):
    """The names that the lesson's cells import, behind the setup cell."""
    namespace = {}
    for cell in nbformat.read(path, as_version=4).cells:
        if cell.cell_type != "code" or cell.id == "setup":
            continue
        for node in ast.parse(cell.source).body:
            if isinstance(node, (ast.Import, ast.ImportFrom)):
                exec(ast.unparse(node), namespace)
    return namespace


def verdict(namespace, answer, check):
    """What the check cell prints for this answer."""
    printed = io.StringIO()
    namespace = dict(namespace)
    with contextlib.redirect_stdout(printed):
        # As a notebook's cell, whose lines Python finds by its file's name.
        linecache.cache["<answer>"] = (len(answer), None, answer.splitlines(True), "<answer>")
        exec(compile(answer, "<answer>", "exec"), namespace)
        exec(check, namespace)
    return printed.getvalue()


def function_of(exercise):
    """The name of the function that an exercise's cell defines."""
    (function,) = ast.parse(exercise.source).body
    return function.name


def solution_code(cell):
    (code,) = re.findall(r"```python\n(.*?)```", cell.source, flags=re.S)
    return code


ALL = [
    pytest.param(path, *triple, id=f"{path.stem}-{triple[0].id}")
    for path in NOTEBOOKS
    for triple in exercises(path)
]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_every_lesson_has_exercises_and_wrong_answers_to_each(path):
    least = 3 if path.stem < "11" else 1  # a new lesson begins with one
    assert len(exercises(path)) >= least
    assert set(mutants.MUTANTS[path.stem]) == {exercise.id for exercise, _, _ in exercises(path)}


@pytest.mark.parametrize(("path", "exercise", "check", "solution"), ALL)
def test_three_cells_belong_together(path, exercise, check, solution):
    (function,) = ast.parse(exercise.source).body
    assert isinstance(function, ast.FunctionDef)
    assert check.id == f"{exercise.id}-check" and solution.id == f"{exercise.id}-solution"
    assert check.source == f"checks.{function.name}({function.name})"
    assert tagged(solution, "solution") and solution.source.startswith(
        "<details><summary>Solution of exercise "
    )
    assert solution.source.rstrip().endswith("</details>")
    others = [
        cell.source
        for cell in nbformat.read(path, as_version=4).cells
        if cell.cell_type == "code" and cell.id not in (exercise.id, check.id)
    ]
    assert not [source for source in others if re.search(rf"(?<!\.)\b{function.name}\(", source)], (
        "nothing else may use the reader's answer"
    )


@pytest.mark.parametrize(("path", "exercise", "check", "solution"), ALL)
def test_the_stub_is_unsolved_and_the_solution_right(path, exercise, check, solution):
    namespace = imports(path)
    number = exercise.id.removeprefix("exercise-")
    assert verdict(namespace, exercise.source, check.source).startswith(
        f"Not solved yet. Exercise {number}: "
    )
    assert verdict(namespace, solution_code(solution), check.source) == "✔ Right.\n"


@pytest.mark.parametrize(("path", "exercise", "check", "solution"), ALL)
def test_wrong_answers_get_their_own_hints(path, exercise, check, solution):
    namespace = imports(path)
    right = solution_code(solution)
    cases = mutants.MUTANTS[path.stem][exercise.id]
    for changes, hint in cases:
        text = verdict(namespace, mutants.mutate(right, changes), check.source)
        assert text.startswith("✘ ") and hint in text, f"{changes}\n→ {text}"
    assert len({hint for _, hint in cases}) >= 3


@pytest.mark.parametrize(("path", "exercise", "check", "solution"), ALL)
def test_right_answers_of_any_style_pass(path, exercise, check, solution):
    namespace = imports(path)
    answers = RIGHT[path.stem][exercise.id]
    assert len(answers) >= 4
    for style, answer in answers.items():
        assert verdict(namespace, answer, check.source) == "✔ Right.\n", style


@pytest.mark.parametrize(("path", "exercise", "check", "solution"), ALL)
def test_what_once_passed_is_refused(path, exercise, check, solution):
    namespace = imports(path)
    for fault, answer in WRONG.get(path.stem, {}).get(exercise.id, {}).items():
        assert verdict(namespace, answer, check.source).startswith("✘ "), fault


@pytest.mark.parametrize(("path", "exercise", "check", "solution"), ALL)
def test_an_answer_that_fails_is_told_how(path, exercise, check, solution):
    (function,) = ast.parse(exercise.source).body
    text = verdict(
        imports(path), f"def {function.name}(*arguments):\n    return 1 / 0", check.source
    )
    assert text.startswith(
        "✘ Your function stopped with ZeroDivisionError: division by zero\n"
        "In its line 2: return 1 / 0\nHint: "
    )
