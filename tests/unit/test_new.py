"""new.py: what a new lesson adds, and what is refused. tests/slow/test_new.py runs one."""

import ast
import re
import shutil
from pathlib import Path

import nbformat
import pytest

from gan_notebooks import cli, new, notebooks
from gan_notebooks.errors import CourseError

ROOT = Path(__file__).parents[2]
NAMED = ("pyproject.toml", "README.md", new.MUTANTS, new.RIGHT, new.BLOCKS)


@pytest.fixture
def checkout(tmp_path):
    """As much of a checkout as `new` looks at: lessons 00 to 10, of which 10 has no notebook."""
    for name in NAMED:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    (tmp_path / "notebooks").mkdir()
    (tmp_path / "notebooks" / "05_generator_losses.ipynb").touch()
    (tmp_path / "gan_helpers" / "checks").mkdir(parents=True)
    (tmp_path / "gan_helpers" / "checks" / "lesson_10.py").touch()
    return tmp_path


def test_a_name_is_made_of_the_titles_letters():
    assert new.name_of("11", "A new lesson") == "11_a_new_lesson"
    assert new.name_of("12", "Größe: zählt sie?") == "12_grosse_zahlt_sie"
    assert new.name_of("13", "word " * 11) == "13_word_word_word_word_word_word"


def test_a_lesson_is_a_notebook_a_check_answers_a_block_and_a_row(checkout):
    files = new.new_files("11", "A new lesson", checkout)
    texts = {path.relative_to(checkout).as_posix(): text for path, text in files.items()}
    own = {"notebooks/11_a_new_lesson.ipynb", "gan_helpers/checks/lesson_11.py"}
    assert texts.keys() == {*NAMED[1:], *own}
    for path in NAMED[1:]:  # nothing that was there has changed
        before = (checkout / path).read_text(encoding="utf8")
        if path == "README.md":
            (row,) = [line for line in texts[path].splitlines(True) if "11_a_new_lesson" in line]
            assert texts[path].replace(row, "") == before
        else:
            assert texts[path].startswith(before)
    for path in own:
        assert not re.search(r"\b(NUMBER|NAME|TITLE|ADDRESS|SITE)\b", texts[path]), path
    notebook = nbformat.reads(texts["notebooks/11_a_new_lesson.ipynb"], 4)
    assert notebook.cells[0].source.startswith("# 11 · A new lesson\n")
    assert set(notebook.metadata["sizes"]) == {"smoke", "full"}
    namespace = {}
    exec(texts[new.MUTANTS], namespace)
    exec(texts[new.RIGHT], namespace)
    assert namespace["MUTANTS"]["11_a_new_lesson"].keys() == {"exercise-1"}
    assert len(namespace["RIGHT"]["11_a_new_lesson"]["exercise-1"]) == 4
    assert ast.get_docstring(ast.parse(texts["gan_helpers/checks/lesson_11.py"])) == (
        "Checks of lesson 11 · A new lesson."
    )


def rows_of(readme):
    return [match[1] for match in new.ROW_OF_LESSON.finditer(readme)]


def test_the_row_comes_in_its_place():
    readme = "# A\n\n| | lesson |\n|---|---|\n| 00 | [a](a) |\n| 05 | [b](b) |\n\nText\n"
    for number, place in (("04", 1), ("11", 2)):
        text = new._with_row(readme, number, f"| {number} | [c](c) |\n")
        assert rows_of(text)[place] == number and text.endswith(" |\n\nText\n")
    with pytest.raises(CourseError, match="no table of lessons"):
        new._with_row("# A\n", "11", "| 11 | [c](c) |\n")


@pytest.mark.parametrize(
    ("number", "title", "cause"),
    [
        ("05", "A title", "there is a lesson 05 already"),
        ("10", "A title", "there is a lesson 10 already"),  # its check is there
        ("5", "A title", "two digits"),
        ("011", "A title", "two digits"),
        ("1a", "A title", "two digits"),
        ("٣٤", "A title", "two digits"),
        ("11", "", "title must have letters"),
        ("11", "…", "title must have letters"),
        ("11", "two\nlines", "title must have letters"),
        ("11", 'a "quote"', "title must have letters"),
        ("11", "a | b", "title must have letters"),
        ("11", "a\\b", "title must have letters"),
        ("11", "a [link]", "title must have letters"),
        ("11", "x" * 61, "title must have letters, at most 60"),
    ],
)
def test_what_is_no_lesson_is_refused(checkout, number, title, cause):
    with pytest.raises(CourseError, match=cause):
        new.new_files(number, title, checkout)


@pytest.mark.parametrize("name", NAMED)
def test_a_folder_that_is_no_checkout_is_named_with_what_it_lacks(checkout, name):
    (checkout / name).unlink()
    with pytest.raises((CourseError, OSError), match=re.escape(name)):
        new.new_files("11", "A title", checkout)


def test_a_refusal_writes_nothing(checkout, monkeypatch, capsys):
    monkeypatch.setattr(notebooks, "NOTEBOOKS", checkout / "notebooks")
    before = {path: path.read_bytes() for path in checkout.rglob("*") if path.is_file()}
    with pytest.raises(SystemExit) as end:
        cli.main(["new", "05", "A title"])
    assert end.value.code == 2 and "lesson 05 already" in capsys.readouterr().err
    assert {path: path.read_bytes() for path in checkout.rglob("*") if path.is_file()} == before
    with pytest.raises(SystemExit) as end:
        cli.main(["new", "11", "A title"])
    assert end.value.code == 0 and "make results LESSON=11" in capsys.readouterr().out
    assert (checkout / "notebooks" / "11_a_title.ipynb").exists()
