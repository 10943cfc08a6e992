"""sweep.py and tables.py on small notebooks made here."""

import json
import os
import re
import subprocess
import sys

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook

import gan_helpers
from gan_helpers import tables, threads
from gan_helpers.parameters import ParameterError
from gan_notebooks import cli, notebooks, sweep

SETUP = "from gan_helpers.lesson import Lesson\nlesson = Lesson('07_small')"
PARAMETERS = "SEED: int = 0  # seed\nSTEPS: int = 5  # steps\nRATE: float = 0.1  # rate\nFAST: bool = False  # speed"
CHECK = "lesson.parameters(globals(), SEED=(int, 0, 2**31 - 1), STEPS=(int, 1, 10), RATE=(float, 0, 1), FAST=bool)"
END = "lesson.record(product=SEED * STEPS, parts={'a': SEED})"
FIVE = "import os\nprint(os.environ.get('OMP_NUM_THREADS'))"


def write(path, *sources, sizes=None):
    cells = [new_code_cell(source, id=f"cell-{n}") for n, source in enumerate(sources)]
    cells[1].metadata["tags"] = ["parameters"]
    nbformat.write(
        new_notebook(
            cells=cells,
            metadata={
                "kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"},
                "sizes": sizes or {"smoke": {"STEPS": 2}, "full": {"STEPS": 9}},
            },
        ),
        path,
    )
    return path


@pytest.fixture
def lesson(tmp_path):
    return write(tmp_path / "07_small.ipynb", SETUP, PARAMETERS, CHECK, FIVE, END)


# Planning


def test_settings_are_read_as_numbers_truths_and_text():
    given = sweep.parse_settings(["SEED=0,1", "RATE=1e-3,0.5", "FAST=true,False", "NAME=plain"])
    assert given == {"SEED": [0, 1], "RATE": [0.001, 0.5], "FAST": [True, False], "NAME": ["plain"]}
    assert type(given["RATE"][0]) is float and type(given["SEED"][1]) is int


@pytest.mark.parametrize("settings", [["SEED"], ["SEED="], ["SEED=1", "SEED=2"]])
def test_bad_settings_are_refused(settings):
    with pytest.raises(ParameterError, match="--set"):
        sweep.parse_settings(settings)


def test_the_plan_holds_every_combination(lesson):
    runs = sweep.plan([lesson], {"SEED": [3, 4], "FAST": [True, False]}, "smoke")
    assert list(runs) == [
        f"07_small,smoke,SEED={seed},FAST={fast}" for seed in (3, 4) for fast in (True, False)
    ]
    assert runs["07_small,smoke,SEED=4,FAST=True"] == (
        lesson,
        {"STEPS": 2, "SEED": 4, "FAST": True},
    )


@pytest.mark.parametrize(
    ("grid", "message"),
    [
        ({"SEDE": [1]}, r"no parameter 'SEDE' in 07_small. Did you mean 'SEED'\?"),
        ({"STEPS": [3, 11]}, r"STEPS must lie in 1 … 10, got 11"),
        ({"FAST": [1]}, "FAST must be bool"),
    ],
)
def test_a_bad_name_or_value_is_refused_before_anything_starts(
    lesson, grid, message, monkeypatch, capsys
):
    with pytest.raises(ParameterError, match=message):
        sweep.plan([lesson], grid)
    monkeypatch.setattr(notebooks.lessons, "__defaults__", ("", lesson.parent))
    ((name, values),) = grid.items()
    setting = f"{name}={','.join(map(str, values))}"
    with pytest.raises(SystemExit) as stopped:
        cli.main(["sweep", "--set", setting, "--output", str(lesson.parent / "out")])
    assert stopped.value.code == 2
    assert re.search(message, capsys.readouterr().err)
    assert not (lesson.parent / "out").exists()


def test_run_ids_are_file_names(lesson):
    other = write(
        lesson, SETUP, PARAMETERS + "\nNAME: str = ''  # name", CHECK[:-1] + ", NAME=str)", END
    )
    (name,) = sweep.plan([other], {"NAME": ["a/b c"]})
    assert name == "07_small,NAME=a%2Fb%20c"


# Sweeping


def test_a_sweep_runs_all_and_collects_one_table(lesson, tmp_path):
    """In kernels: the sweeps below have a stand-in for them."""
    runs = sweep.plan([lesson], {"SEED": [1, 2]}, "smoke")
    statuses = sweep.sweep(runs, tmp_path / "out", jobs=2)
    assert [status["status"] for status in statuses.values()] == ["done"] * 2
    assert not list((tmp_path / "out").glob("*.part*"))
    rows = sweep.collect(tmp_path / "out", tmp_path / "runs.csv")
    assert [row["product"] for row in rows] == [2, 4] and [row["parts a"] for row in rows] == [1, 2]
    stored = list(tables.read("runs", tmp_path))
    assert stored[1]["SEED"] == 2 and stored[1]["STEPS"] == 2 and stored[1]["status"] == "done"


@pytest.mark.parametrize(("variable", "expected"), [("", "1"), ("3", "3")])
def test_a_run_has_one_thread_or_what_the_variable_says(
    variable, expected, lesson, tmp_path, monkeypatch
):
    monkeypatch.setattr(threads, "usable_cores", lambda: 6)
    monkeypatch.setenv("OMP_NUM_THREADS", "7")  # does not count
    monkeypatch.setenv(threads.VARIABLE, variable)
    sweep.sweep(sweep.plan([lesson], {"SEED": [1]}), tmp_path / "out", jobs=2)
    text = (tmp_path / "out" / "07_small,SEED=1.ipynb").read_text(encoding="utf8")
    assert f'"{expected}\\n"' in text


def test_a_second_sweep_does_only_what_is_missing_or_of_other_code(lesson, tmp_path, here):
    out = tmp_path / "out"
    first, second = "07_small,SEED=1", "07_small,SEED=2"

    def runs_started(grid):
        here.clear()
        sweep.sweep(sweep.plan([lesson], grid), out)
        return list(here)

    assert runs_started({"SEED": [1]}) == [first]
    assert runs_started({"SEED": [1, 2]}) == [second]
    assert runs_started({"SEED": [1, 2]}) == []
    status = json.loads((out / f"{second}.json").read_text(encoding="utf8"))
    (out / f"{second}.json").write_text(json.dumps(status | {"status": "running"}), encoding="utf8")
    assert runs_started({"SEED": [1, 2]}) == [second], "a run that was killed is done again"
    (out / f"{first}.ipynb").unlink()
    assert runs_started({"SEED": [1, 2]}) == [first], "a run whose notebook is gone is done again"
    write(lesson, SETUP, PARAMETERS, CHECK, FIVE + "\n# changed", END)
    assert runs_started({"SEED": [1, 2]}) == [first, second]


def test_a_failed_run_is_told_keeps_its_notebook_and_is_tried_again(lesson, tmp_path, here, capsys):
    write(lesson, SETUP, PARAMETERS, CHECK, "if SEED == 2:\n    raise OSError('no space')", END)
    runs = sweep.plan([lesson], {"SEED": [1, 2]})
    for _ in range(2):
        statuses = sweep.sweep(runs, tmp_path / "out")
        assert [status["status"] for status in statuses.values()] == ["done", "failed"]
        assert "OSError: no space" in statuses["07_small,SEED=2"]["error"]
        assert "07_small,SEED=2: stopped in cell [5]: OSError: no space" in capsys.readouterr().out
    assert here.count("07_small,SEED=1") == 1
    assert here.count("07_small,SEED=2") == 2
    assert (tmp_path / "out" / "07_small,SEED=2.part.ipynb").exists()
    rows = sweep.collect(tmp_path / "out", tmp_path / "runs.csv")
    assert [row["status"] for row in rows] == ["done", "failed"] and "product" not in rows[1]


def test_ctrl_c_keeps_what_is_done(lesson, tmp_path, here, monkeypatch, capsys):
    """With a stand-in for the signal; test_batch.py sends one to real processes."""
    monkeypatch.setattr(notebooks.lessons, "__defaults__", ("", tmp_path))
    begin = sweep.start
    stopped = []

    def interrupted():
        raise KeyboardInterrupt

    def start(notebook, output, parameters, **options):
        running = begin(notebook, output, parameters, **options)
        if parameters["SEED"] == 2:
            running.ended = interrupted
            running.stop = lambda: stopped.append(parameters["SEED"])
        return running

    monkeypatch.setattr(sweep, "start", start)
    out = tmp_path / "out"
    with pytest.raises(SystemExit) as end:
        cli.main(["sweep", "--set", "SEED=1,2,3", "--output", str(out)])
    assert end.value.code == 1
    assert "1 of 3 runs are done" in capsys.readouterr().out
    assert stopped == [2]
    statuses = {seed: sweep.read_status(out, f"07_small,SEED={seed}") for seed in (1, 2, 3)}
    assert [status.get("status") for status in statuses.values()] == ["done", "failed", None]
    assert statuses[2]["error"].endswith(": interrupted")
    assert (out / "07_small,SEED=1.ipynb").exists()
    assert (out / "07_small,SEED=2.part.ipynb").exists()


HOLD = """
import sys, time
from pathlib import Path
from gan_notebooks import sweep
print("ready", flush=True)
sys.stdin.readline()
try:
    with sweep._locked(Path(sys.argv[1])):
        print("has it", flush=True)
        sys.stdin.readline()
except sweep.SweepError as error:
    print(error, flush=True)
"""


def hold(folder):
    """A process that tries for the folder's lock when it gets a line, and holds it until the next."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, folder],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        bufsize=1,
    )
    assert process.stdout.readline() == "ready\n"
    return process


def test_a_folder_takes_one_sweep_at_a_time(lesson, tmp_path, here):
    out = tmp_path / "out"
    out.mkdir()
    first, *others = [hold(out) for _ in range(3)]
    first.stdin.write("\n")
    assert first.stdout.readline() == "has it\n"
    with pytest.raises(
        sweep.SweepError, match=f"process {first.pid} on .* is sweeping into .*: wait, or give"
    ):
        sweep.sweep(sweep.plan([lesson], {"SEED": [1]}), out)
    first.kill()  # it removes nothing
    first.wait()
    for process in others:  # all of them at once find what it left
        process.stdin.write("\n")
    said = [process.stdout.readline() for process in others]
    assert said.count("has it\n") == 1 and sum("is sweeping into" in line for line in said) == 1
    for process in others:
        process.communicate("\n")
    assert (
        sweep.sweep(sweep.plan([lesson], {"SEED": [1]}), out)["07_small,SEED=1"]["status"] == "done"
    )


def test_the_time_left_counts_the_runs_of_this_sweep_alone():
    bar = sweep.progress(10, 6)
    bar.start_t -= 60  # a minute for the next two runs: a minute for the last two
    bar.update(2)
    text = str(bar)
    bar.close()
    assert "8/10" in text and "01:00<01:00" in text


def test_a_grid_from_yaml(lesson, tmp_path):
    grid = tmp_path / "grid.yaml"
    grid.write_text("SEED: [1, 2]\nRATE: 1.0e-3\nFAST: true\n", encoding="utf8")
    assert sweep.read_grid(grid) == {"SEED": [1, 2], "RATE": [0.001], "FAST": [True]}
    assert len(sweep.plan([lesson], sweep.read_grid(grid))) == 2
    grid.write_text("RATE: [1e-3]\n", encoding="utf8")  # text, to YAML 1.1
    with pytest.raises(
        ParameterError, match=r"RATE must be float, got '1e-3'.* in YAML 1.0e-3 \(not 1e-3\)"
    ):
        sweep.plan([lesson], sweep.read_grid(grid))
    grid.write_text("SEED: []", encoding="utf8")
    with pytest.raises(ParameterError, match="no value for SEED"):
        sweep.plan([lesson], sweep.read_grid(grid))
    for text in ("- SEED", "SEED: [1", "1: 2"):
        grid.write_text(text, encoding="utf8")
        with pytest.raises(ParameterError, match=r"the grid .*grid.yaml"):
            sweep.read_grid(grid)
    with pytest.raises(ParameterError, match="cannot be read"):
        sweep.read_grid(tmp_path / "none.yaml")


def test_a_name_stands_in_the_grid_or_on_the_command_line(lesson, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(notebooks.lessons, "__defaults__", ("", lesson.parent))
    (tmp_path / "grid.yaml").write_text("SEED: [1]", encoding="utf8")
    with pytest.raises(SystemExit):
        cli.main(
            [
                "sweep",
                "--grid",
                str(tmp_path / "grid.yaml"),
                "--set",
                "SEED=2",
                "--output",
                str(tmp_path / "o"),
            ]
        )
    assert "SEED stands in" in capsys.readouterr().err and not (tmp_path / "o").exists()


def test_without_dask_the_error_says_what_to_install(lesson, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)  # so that importing it fails
    monkeypatch.delitem(sys.modules, "gan_notebooks.cluster", raising=False)
    monkeypatch.delattr(gan_helpers, "cluster", raising=False)
    with pytest.raises(sweep.SweepError, match=r"pip install .*\[cluster\]"):
        sweep.sweep(
            sweep.plan([lesson], {"SEED": [1]}), tmp_path / "out", scheduler="tcp://127.0.0.1:9"
        )


def test_names_that_no_file_can_have_are_refused(lesson):
    other = write(
        lesson, SETUP, PARAMETERS + "\nNAME: str = ''  # name", CHECK[:-1] + ", NAME=str)", END
    )
    with pytest.raises(ParameterError, match="too long"):
        sweep.plan([other], {"NAME": ["x" * 300]})
    with pytest.raises(ParameterError, match="one file name"):
        sweep.plan([other], {"NAME": ["abc", "ABC"]})


def test_a_sweep_refuses_no_jobs(lesson, tmp_path):
    with pytest.raises(ParameterError, match="jobs must be 1 or more"):
        sweep.sweep(sweep.plan([lesson], {"SEED": [1]}), tmp_path / "out", jobs=0)


def test_a_lesson_edited_meanwhile_does_not_change_the_sweep(lesson, tmp_path, here, monkeypatch):
    begin = sweep.start

    def start_and_edit(notebook, *arguments, **options):
        write(lesson, SETUP, PARAMETERS, CHECK, "raise OSError('half edited')", END)
        return begin(notebook, *arguments, **options)

    monkeypatch.setattr(sweep, "start", start_and_edit)
    statuses = sweep.sweep(sweep.plan([lesson], {"SEED": [1, 2]}), tmp_path / "out")
    assert [status["status"] for status in statuses.values()] == ["done", "done"]


def test_changed_sizes_make_a_run_missing(lesson, tmp_path, here):
    def steps():
        status = sweep.sweep(sweep.plan([lesson], {"SEED": [1]}, "full"), tmp_path / "out")
        record = notebooks.read_record(tmp_path / "out" / "07_small,full,SEED=1.ipynb")
        return status["07_small,full,SEED=1"]["status"], record["values"]["parameters"]["STEPS"]

    assert steps() == ("done", 9)
    write(lesson, SETUP, PARAMETERS, CHECK, FIVE, END, sizes={"full": {"STEPS": 10}})
    assert steps() == ("done", 10)


def test_collect_survives_damaged_files_and_shows_no_old_scores(lesson, tmp_path, here):
    out = tmp_path / "out"
    sweep.sweep(sweep.plan([lesson], {"SEED": [1, 2, 3]}), out, jobs=2)
    (out / "07_small,SEED=1.ipynb").write_text("{", encoding="utf8")
    status = sweep.read_status(out, "07_small,SEED=2")
    (out / "07_small,SEED=2.json").write_text(
        json.dumps(status | {"status": "failed"}), encoding="utf8"
    )
    (out / "odd.json").write_text("null", encoding="utf8")
    rows = {row["run"]: row for row in sweep.collect(out, tmp_path / "runs.csv")}
    assert (
        rows["07_small,SEED=1"]["status"] == "unreadable" and rows["odd"]["status"] == "unreadable"
    )
    assert "product" not in rows["07_small,SEED=2"] and rows["07_small,SEED=3"]["product"] == 15


def test_collect_of_an_empty_folder_says_what_to_do(tmp_path):
    with pytest.raises(SystemExit, match="start them with"):
        sweep.collect(tmp_path, tmp_path / "runs.csv")


# Tables


def test_a_table_comes_back_as_it_was_written(tmp_path):
    rows = [
        {
            "variant": "[-1, 1]",
            "seed": 0,
            "x": 0.125,
            "list": [1.5, 0.5],
            "command": "python -m x 1",
            "on": True,
        },
        {"variant": "1_000", "seed": 1, "y": 3, "list": [2.5], "tiny": 1.5e-9},
        {"seed": 2, "list": []},
        {"variant": "every digit", "third": 1 / 3, "large": 1e22 / 3, "list": [0.1 + 0.2]},
    ]
    tables.write(tmp_path / "new" / "t.csv", rows)
    assert tables.read("t", tmp_path / "new") == rows
    assert tables.read("other", tmp_path) == []


def test_a_full_disk_leaves_the_old_table(tmp_path, monkeypatch):
    tables.write(tmp_path / "t.csv", [{"a": 1}])
    monkeypatch.setattr(os, "replace", lambda *_: (_ for _ in ()).throw(OSError("no space")))
    with pytest.raises(OSError, match="no space"):
        tables.write(tmp_path / "t.csv", [{"a": 2}])
    assert tables.read("t", tmp_path) == [{"a": 1}] and len(list(tmp_path.iterdir())) == 1


def test_selection_and_summary():
    rows = [
        {"variant": v, "seed": s, "step": 9, "x": v_x + s}
        for v, v_x in (("a", 10), ("b", 0))
        for s in range(5)
    ]
    rows.append({"variant": "a", "seed": 0, "step": 3, "x": 99})
    assert tables.by_seed(rows, "x", variant="a", step=9) == {0: 10, 1: 11, 2: 12, 3: 13, 4: 14}
    assert tables.spread([1, 2, 10]) == "2 (1 – 10)" and tables.spread([]) == "–"
    assert tables.spread([0.12345, 999.4, 5230]) == "999 (0.123 – 5,230)"  # and not 5.23e+03
    with pytest.raises(ValueError, match="fix one more column"):
        tables.by_seed(rows, "x", variant="a")
    scores = [
        {"variant": name, "seed": seed, "x": x, "y": y, "step": 1}
        for name, seed, x, y in (("a", 0, 3, 1), ("a", 1, 3, 9), ("b", 0, 5, 2), ("b", 1, 4, 8))
    ]
    scores.append({"variant": "a", "seed": 0, "x": 99, "y": 99, "step": 2})
    assert tables.below(scores, ["x"], "a", "b", step=1) == {0: True, 1: True}
    assert tables.below(scores, ["x", "y"], "a", "b", step=1) == {0: True, 1: False}, (
        "in every column"
    )
    assert tables.below(scores, ["x"], "a", "b", factor=0.75, step=1) == {0: True, 1: False}, (
        "3 is not below 3"
    )
    assert tables.below(scores, ["x"], "a", "b", margin=1, step=1) == {0: True, 1: False}
    assert tables.below(scores, ["x"], "c", "b", step=1) == {}
    assert "| a | 5 |" in tables.summary(rows, ("seed",)).data, (
        "five seeds, although one has two rows"
    )
    text = tables.summary(rows, ("x",), step=9).data
    assert "| a | 5 | 12 (10 – 14) |" in text and "| b | 5 | 2 (0 – 4) |" in text
    assert "make results" in tables.summary([], ("x",)).data
