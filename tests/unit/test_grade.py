"""Grading: which lesson a copy is of, which cell an answer is in, the table and the page.

What runs students' code is tried in tests/slow/test_grading.py.
"""

import html

import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from gan_notebooks import cli, grade, notebooks

LESSONS = [grade.read_lesson(path) for path in notebooks.lessons()]
ONE = grade.Exercise("exercise-1", "one")


def test_what_is_needed_of_a_lesson():
    lesson = LESSONS[9]
    assert lesson.name == "09_wasserstein"
    assert [exercise.id for exercise in lesson.exercises] == [f"exercise-{n}" for n in range(1, 6)]
    assert lesson.exercises[4].function == "clip_critic"
    assert "from gan_helpers.checks import lesson_09 as checks" in lesson.imports
    assert "import torch" in lesson.imports and "def " not in lesson.imports


@pytest.mark.parametrize("path", notebooks.lessons(), ids=lambda path: path.stem)
def test_a_copy_is_known_whatever_its_name(path):
    copy = notebooks.read(path)
    assert grade.lesson_of(copy, LESSONS).name == path.stem
    copy.cells = copy.cells[1:]  # without its title
    assert grade.lesson_of(copy, LESSONS).name == path.stem


def test_another_notebook_is_no_copy():
    notebook = new_notebook(cells=[new_markdown_cell("# Mine"), new_code_cell("1 + 1")])
    assert grade.lesson_of(notebook, LESSONS) is None


@pytest.mark.parametrize(
    ("cells", "source"),
    [
        (
            [new_code_cell("def one(x):\n    return x", id="exercise-1")],
            "def one(x):\n    return x",
        ),
        ([new_code_cell("one = abs", id="exercise-1")], "one = abs"),
        # A copy by a program that gives cells other ids: the last that defines the function.
        ([new_code_cell("def one(x): 1"), new_code_cell("def one(x): 2")], "def one(x): 2"),
        ([new_markdown_cell("def one(x): 1"), new_code_cell("def once(x): 2")], None),
    ],
)
def test_an_answers_cell_is_found_by_its_id_or_by_what_it_defines(cells, source):
    assert grade.source_of(ONE, new_notebook(cells=cells)) == source


def rows():
    values = [
        ("b/Ann.ipynb", "05_generator_losses", "exercise-1", "right", ""),
        ("b/Ann.ipynb", "05_generator_losses", "exercise-2", "not yet", "a <b>\nHint: c"),
        ("Bob.ipynb", "05_generator_losses", "exercise-1", "unsolved", ""),
        ("Bob.ipynb", "05_generator_losses", "exercise-10", "failed", "no cell"),
        ("<x>.ipynb", "", "", "failed", "damaged"),
    ]
    return [dict(zip(grade.COLUMNS, each, strict=True)) for each in values]


def test_a_page_has_a_table_a_lesson_and_no_raw_text():
    page = grade.page(rows())
    assert page.count("<table>") == 2
    assert "<b>" not in page and "a &lt;b&gt;<br>Hint: c" in page and "&lt;x&gt;.ipynb" in page
    for text in ("✔ right", "✘ not yet", "– unsolved", "! failed"):
        assert html.escape(text) in page
    order = [page.index(f">exercise-{number}<") for number in (1, 2, 10)]
    assert order == sorted(order)


def run(*arguments):
    with pytest.raises(SystemExit) as end:
        cli.main([str(argument) for argument in arguments])
    return end.value.code


def test_a_folder_without_copies_is_an_error(tmp_path, capsys):
    assert run("grade", tmp_path) == 2
    assert "there are no notebooks in" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["grades.csv", "grades.html"])
def test_what_is_in_the_way_stays(tmp_path, capsys, name):
    (tmp_path / "a.ipynb").write_text("{", encoding="utf8")
    (tmp_path / name).write_text("mine", encoding="utf8")
    assert run("grade", tmp_path) == 2
    assert "is in the way" in capsys.readouterr().err
    assert (tmp_path / name).read_text(encoding="utf8") == "mine"


def test_a_copy_that_cannot_be_read_is_a_row(tmp_path, capsys):
    (tmp_path / "a.ipynb").write_text("{", encoding="utf8")
    (tmp_path / ".ipynb_checkpoints").mkdir()
    (tmp_path / ".ipynb_checkpoints" / "b.ipynb").write_text("{", encoding="utf8")
    for _ in range(2):  # its own table and page may be replaced
        assert run("grade", tmp_path) == 1
        assert "1 copies: 0 right, 0 not yet, 0 unsolved, 1 failed" in capsys.readouterr().out
    text = (tmp_path / "grades.csv").read_text(encoding="utf8")
    assert text.startswith("file,lesson,exercise,result,hint\na.ipynb,,,failed,")
    assert "cannot be read" in text


def test_a_copys_name_is_no_formula(tmp_path):
    (tmp_path / "=1+1.ipynb").write_text("{", encoding="utf8")
    assert run("grade", tmp_path) == 1
    text = (tmp_path / "grades.csv").read_text(encoding="utf8")
    assert "\n'=1+1.ipynb," in text
