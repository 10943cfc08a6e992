"""Students' copies are graded, whatever their cells do; the copies and their machine survive it."""

import csv
import shutil
import signal
import subprocess
import sys
import time

import nbformat
import psutil
import pytest

from gan_notebooks import grade, handout, notebooks
from tests import from_a_terminal

pytestmark = pytest.mark.slow

(LESSON,) = notebooks.lessons("05")
RIGHT = """
def wasserstein_pair(real_scores, fake_scores):
    print("✘ Not yet: this is printed by the student")
    return fake_scores.mean() - real_scores.mean(), -fake_scores.mean()
"""


def copy_with(path, answers, others=()):
    """Write a copy of lesson 05 with the answers ({id: source}) and the cells in `others` gone."""
    notebook = handout.handout(LESSON)
    notebook.cells = [cell for cell in notebook.cells if cell.id not in others]
    for cell in notebook.cells:
        if cell.id in answers:
            cell.source = answers[cell.id]
        elif cell.id == "exercise-4-check":
            cell.source = "checks = None  # weighted(weighted): a student's check does not count"
    path.parent.mkdir(exist_ok=True)
    nbformat.write(notebook, path)


@pytest.fixture(scope="module")
def graded(tmp_path_factory):
    folder = tmp_path_factory.mktemp("copies")
    copy_with(
        folder / "Ann Ö [1].ipynb",
        {
            "exercise-1": "def discriminator_losses(r, f):\n    return {}",
            "exercise-2": RIGHT,
            "exercise-3": "def stable(scores):\n    while True: pass",
        },
    )
    copy_with(
        folder / "group" / "b.ipynb",
        {
            "exercise-1": "import os\nos._exit(0)",
            "exercise-2": "def wasserstein_pair(real_scores, fake_scores)\n    return 1",
            "exercise-3": "open('left_here.txt', 'w').write('x')\nexit()\nstable = abs",
            "exercise-4": "import subprocess\nsubprocess.Popen(['sleep', '987'])\n"
            "def weighted(scores, weights):\n    raise SystemExit",
        },
        others=["exercise-1-check"],
    )
    copy_with(folder / "c.ipynb", {}, others=["exercise-2", "exercise-3"])
    (folder / "damaged.ipynb").write_text('{"cells": 3}', encoding="utf8")
    before = {path: path.read_bytes() for path in folder.rglob("*.ipynb")}
    command = [sys.executable, "-m", "gan_notebooks", "grade", str(folder), "--timeout", "20"]
    result = subprocess.run(command, capture_output=True, text=True)
    assert {path: path.read_bytes() for path in folder.rglob("*.ipynb")} == before
    with open(folder / "grades.csv", encoding="utf8", newline="") as file:
        table = list(csv.DictReader(file))
    return folder, result, {(row["file"], row["exercise"]): row for row in table}


@pytest.mark.parametrize(
    ("file", "number", "result", "hint"),
    [
        ("Ann Ö [1].ipynb", 1, "not yet", "the dict has the keys"),
        ("Ann Ö [1].ipynb", 2, "right", ""),
        ("Ann Ö [1].ipynb", 3, "failed", "longer than 20 seconds"),
        ("Ann Ö [1].ipynb", 4, "unsolved", ""),
        ("group/b.ipynb", 1, "failed", "ended its process"),
        ("group/b.ipynb", 2, "failed", "SyntaxError"),
        ("group/b.ipynb", 3, "failed", "its cell stopped"),
        ("group/b.ipynb", 4, "not yet", "ends Python"),
        ("c.ipynb", 1, "unsolved", ""),
        ("c.ipynb", 2, "failed", "no cell"),
        ("c.ipynb", 4, "unsolved", ""),
    ],
)
def test_each_answer_gets_its_result(graded, file, number, result, hint):
    row = graded[2][file, f"exercise-{number}"]
    assert row["result"] == result, row
    assert hint in row["hint"]
    assert row["lesson"] == "05_generator_losses"


def test_a_damaged_copy_is_a_line_that_says_so(graded):
    assert "cannot be read" in graded[2]["damaged.ipynb", ""]["hint"]


def test_the_command_says_what_it_did_and_leaves_nothing_behind(graded):
    folder, result, _ = graded
    assert result.returncode == 1, "some could not be judged"
    assert "4 copies: 1 right, 2 not yet, 3 unsolved, 7 failed" in result.stdout
    assert "Traceback" not in result.stderr
    names = {path.name for path in folder.rglob("*") if path.is_file()}
    assert names == {"Ann Ö [1].ipynb", "b.ipynb", "c.ipynb", "damaged.ipynb"} | {
        "grades.csv",
        "grades.html",
    }
    sleeping = [each for each in psutil.process_iter(["cmdline"]) if "987" in str(each.info)]
    assert [each for each in sleeping if each.info["cmdline"][:1] == ["sleep"]] == []


def test_ctrl_c_keeps_what_is_graded(tmp_path):
    copy_with(tmp_path / "a.ipynb", {"exercise-2": RIGHT})
    copy_with(tmp_path / "b.ipynb", {"exercise-1": "while True: pass"})
    command = [*from_a_terminal.COMMAND, "grade", str(tmp_path), "--timeout", "600"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 300
    text = ""
    while "1/2" not in text and time.monotonic() < deadline:
        text += process.stderr.read(1)
    time.sleep(2)  # in the moment in which a process starts, Python may lose an interrupt
    process.send_signal(signal.SIGINT)
    _, rest = process.communicate(timeout=60)
    assert process.returncode == 1 and "Traceback" not in rest
    table = (tmp_path / "grades.csv").read_text(encoding="utf8")
    assert "a.ipynb,05_generator_losses,exercise-2,right," in table and "b.ipynb" not in table


def test_every_solution_of_the_course_is_right(tmp_path):
    """Each lesson's own solutions, by the command's own way: the imports are enough for each."""
    lessons = [grade.read_lesson(path) for path in notebooks.lessons()]
    for path in notebooks.lessons():
        notebook = notebooks.read(path)
        sources = {}
        for exercise, solution in zip(notebook.cells, notebook.cells[2:], strict=False):
            if "exercise" in exercise.metadata.get("tags", []):
                sources[exercise.id] = solution.source.split("```python\n")[1].split("```")[0]
        for cell in notebook.cells:
            cell.source = sources.get(cell.get("id"), cell.source)
        copy = tmp_path / path.name
        nbformat.write(notebook, copy)
        name, rows = grade.grade_copy(copy, lessons, 120)
        assert name == path.stem
        assert [row[1:] for row in rows] == [("right", "")] * len(sources)
    shutil.rmtree(tmp_path)
