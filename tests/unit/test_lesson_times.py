"""benchmarks/lesson_times.py: seconds by section, and until the first trained picture."""

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from benchmarks import __main__ as benches
from benchmarks import lesson_times
from gan_helpers.lesson import TIMINGS
from gan_notebooks import runner

PICTURE = new_output("display_data", {"image/png": "iVBORw0KGgo="})
TRAIN = "def train():\n    return training.fit(step, batches, steps=5)"


def code(source, start, end, *outputs):
    """A code cell that ran from second `start` to second `end` of a minute."""
    day = "2026-01-01T00:00:"
    times = {
        "start_time": f"{day}{start:06.3f}+00:00",
        "end_time": f"{day}{end:06.3f}+00:00",
        "duration": end - start,
    }
    return new_code_cell(source, outputs=list(outputs), metadata={"papermill": times})


def record(threads=1):
    """What the last cell of a lesson leaves behind."""
    timings = {"seconds": 40.0, "threads": threads, "peak_bytes": 500_000_000, "row_times": []}
    return new_output("display_data", {"text/plain": "…"}, metadata={TIMINGS: timings})


@pytest.fixture
def notebook():
    """An executed lesson: 40 seconds, its first trained picture there after 36."""
    cells = [
        new_markdown_cell("# 42 · A lesson"),
        code("%matplotlib inline\nimport torch", 1, 3),
        new_markdown_cell("## 1. Data\n\n```\n## no heading\n```\n\n### Nor this"),
        code("show(digits)", 3, 4, PICTURE),
        new_markdown_cell("## 2. Nets"),
        code(TRAIN, 4, 4.5),
        code("show(curve)", 4.5, 5, PICTURE),
        new_markdown_cell("Some text."),
        new_markdown_cell("## 3. Train"),
        code("run = train()", 5, 33),
        code("print(run)", 33, 34),
        new_markdown_cell("## 4. Look"),
        code("show(run)", 34, 37, PICTURE),
        code("show(run)", 37, 40, PICTURE),
        code("lesson.record()", 40, 41, record()),
        new_markdown_cell("## 5. Further reading"),
    ]
    return new_notebook(cells=cells)


def test_seconds_are_summed_by_section(notebook):
    assert lesson_times.sections(notebook) == {
        lesson_times.START: 2,
        "1. Data": 1,
        "2. Nets": 1,
        "3. Train": 29,
        "4. Look": 7,
        "5. Further reading": 0,
    }
    assert lesson_times.seconds_of_cells(notebook) == 40


def test_a_cell_that_did_not_run_takes_no_time(notebook):
    del notebook.cells[-2].metadata["papermill"]
    notebook.cells[-3].metadata["papermill"]["duration"] = None
    assert lesson_times.sections(notebook)["4. Look"] == 3
    assert lesson_times.seconds_of_cells(notebook) == 36


def test_the_first_trained_picture_comes_after_a_training(notebook):
    assert lesson_times.seconds_to_picture(notebook) == 37 - 1
    notebook.cells[9].outputs.append(PICTURE)  # the cell that trains shows it itself
    assert lesson_times.seconds_to_picture(notebook) == 33 - 1
    for cell in notebook.cells[9:]:
        cell.outputs = []
    assert lesson_times.seconds_to_picture(notebook) is None


@pytest.mark.parametrize(
    ("sources", "verdicts"),
    [
        (["training.fit(step, batches, steps=5)"], [True]),
        (["for _ in training.training_loop(step):\n    pass"], [True]),
        (["playing = game.Game('ring')\nplaying.play(5)"], [True]),
        ([TRAIN, "x = 1", "runs = {name: train() for name in names}"], [False, False, True]),
        # By a function of a function, whichever comes first in its cell.
        ([TRAIN + "\n\ndef both():\n    train()", "both()"], [False, True]),
        (["class Run:\n    def go(self):\n        fit()", "step = lambda: fit()"], [False, False]),
        (["train()", TRAIN], [False, False]),  # another `train`
        (["fit = 1\nprint(fit, fitted())"], [False]),
        (["%pip install x\nif colab:\n    !ls\nfit(step)"], [True]),
    ],
)
def test_what_counts_as_training(sources, verdicts):
    assert lesson_times.training_cells(sources) == verdicts


def test_the_report_has_the_five_most_expensive_sections(notebook, tmp_path):
    path = tmp_path / "42_a_lesson.ipynb"
    nbformat.write(notebook, path)
    first, *rest = lesson_times.report(notebook, path)
    assert first.split() == ["42_a_lesson", "40", "36", "1", "500", "MB"]
    assert [line.split()[0] for line in rest] == ["3.", "4.", "before", "1.", "2."]
    assert rest[0].split() == ["3.", "Train", "29", "72%"]  # 29 / 40 = 72.5 %
    assert rest[1].split() == ["4.", "Look", "7", "18%"]


@pytest.fixture
def lesson(notebook, tmp_path):
    """The file of the lesson as it stands, not executed."""
    for cell in notebook.cells:
        cell.metadata.pop("papermill", None)
    path = tmp_path / "42_a_lesson.ipynb"
    nbformat.write(new_notebook(cells=notebook.cells), path)
    return path


def change_code(executed):
    executed.cells[1].source += "\nimport math"


def inject_parameters(executed):
    executed.cells.insert(1, new_code_cell("# Parameters\nSTEPS = 5"))


def stop_early(executed):
    executed.cells[-2].outputs = []


@pytest.mark.parametrize("change", [None, change_code, inject_parameters, stop_early])
def test_a_lesson_is_run_where_no_run_of_it_is_there(change, lesson, tmp_path, monkeypatch):
    runs = []

    def execute(notebook, output, parameters, *, quiet):
        runs.append(parameters)
        output.write_bytes(lesson.read_bytes())
        return runner.Result(None, 1.0)

    monkeypatch.setattr(runner, "execute", execute)
    folder = tmp_path / "build"
    folder.mkdir()
    executed = nbformat.read(lesson, as_version=4)
    if change is not None:
        change(executed)
    nbformat.write(executed, folder / lesson.name)
    lesson_times.executed(lesson, folder)
    assert runs == ([] if change is None else [{}])


def test_a_run_that_stops_says_where(lesson, tmp_path, monkeypatch):
    stopped = runner.Result("cell [3]: ValueError: no", 1.0)
    monkeypatch.setattr(runner, "execute", lambda *arguments, **options: stopped)
    with pytest.raises(RuntimeError, match=r"42_a_lesson.ipynb stopped in cell \[3\]: ValueError"):
        lesson_times.executed(lesson, tmp_path / "build")


def test_the_command_line(capsys):
    options = benches.parse(["lessons", "--lesson", "02", "--output", "runs"])
    assert (options.names, options.lesson, options.output) == (["lessons"], "02", "runs")
    options = benches.parse(["step", "loading"])
    assert (options.names, options.lesson, options.output) == (["step", "loading"], "", "build")
    assert benches.parse([]).names == []
    with pytest.raises(SystemExit) as caught:
        benches.parse(["step", "lesson"])
    assert caught.value.code == 2
    assert "there is no bench lesson; there are step, share" in capsys.readouterr().err
