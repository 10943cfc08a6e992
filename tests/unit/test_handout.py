"""Handouts have no solutions and no outputs, and replace nothing that a student wrote."""

import json
from importlib import metadata

import nbformat
import pytest

from gan_notebooks import cli, handout, notebooks

LESSONS = notebooks.lessons()


@pytest.mark.parametrize("path", LESSONS, ids=lambda path: path.stem)
def test_a_handout_is_the_lesson_without_solutions_and_outputs(path):
    lesson = notebooks.read(path)
    copy = handout.handout(path)
    nbformat.validate(copy)
    text = nbformat.writes(copy)
    assert "Solution of exercise" not in text
    assert "source_when_run" not in text and "image/png" not in text
    code = [cell for cell in copy.cells if cell.cell_type == "code"]
    assert all(cell.outputs == [] and cell.execution_count is None for cell in code)
    solutions = [cell for cell in lesson.cells if "solution" in cell.metadata.get("tags", [])]
    assert len(solutions) >= 3
    kept = [cell.id for cell in lesson.cells if cell not in solutions]
    assert [cell.id for cell in copy.cells] == kept
    version = metadata.version("adversarial-digits")
    assert f"Handout of Adversarial Digits {version}" in copy.cells[0].source
    assert copy.metadata[handout.MARK]["version"] == version


def run(*arguments):
    with pytest.raises(SystemExit) as end:
        cli.main([str(argument) for argument in arguments])
    return end.value.code


def test_a_class_gets_its_lessons_and_gets_them_anew(tmp_path, capsys):
    folder = tmp_path / "class"
    assert run("handout", folder, "--lesson", "05") == 0
    assert run("handout", folder, "--lesson", "05") == 0
    (path,) = folder.iterdir()
    assert path.name == "05_generator_losses.ipynb"
    assert handout.is_handout(path)
    assert "1 lessons written" in capsys.readouterr().out


def test_a_students_copy_is_not_overwritten(tmp_path, capsys):
    assert run("handout", tmp_path, "--lesson", "05") == 0
    path = tmp_path / "05_generator_losses.ipynb"
    copy = json.loads(path.read_text(encoding="utf8"))
    next(cell for cell in copy["cells"] if cell["cell_type"] == "code")["execution_count"] = 1
    path.write_text(json.dumps(copy), encoding="utf8")
    before = path.read_bytes()
    assert run("handout", tmp_path, "--lesson", "05") == 2
    assert "is in the way" in capsys.readouterr().err
    assert path.read_bytes() == before


def test_an_answer_that_was_never_run_counts_as_a_students(tmp_path):
    assert run("handout", tmp_path, "--lesson", "05") == 0
    path = tmp_path / "05_generator_losses.ipynb"
    copy = json.loads(path.read_text(encoding="utf8"))
    cell = next(cell for cell in copy["cells"] if cell.get("id") == "exercise-1")
    cell["source"] = ["def discriminator_losses(real_scores, fake_scores):\n", "    return 1"]
    path.write_text(json.dumps(copy), encoding="utf8")
    assert run("handout", tmp_path, "--lesson", "05") == 2


def test_the_lessons_own_folder_is_refused(capsys):
    before = LESSONS[0].read_bytes()
    assert run("handout", notebooks.NOTEBOOKS) == 2
    assert "folder of the lesson" in capsys.readouterr().err
    assert LESSONS[0].read_bytes() == before
