"""results.py, staleness.py and moving.py on a small lesson whose cells run in this process."""

import nbformat
import pytest

from gan_helpers import tables
from gan_helpers.lesson import Lesson
from gan_notebooks import fingerprints, grid, moving, notebooks, results, staleness
from gan_notebooks.errors import CourseError
from tests.small_notebooks import write_notebook

PARAMETERS = """SEED: int = 0  # seed
STEPS: int = 5  # steps
RATE: float = 0.5  # rate of the variant bad
COUNT: int = 7  # of samples
TABLE: str = ''  # variants"""
CHECK = """lesson.parameters(globals(), SEED=(int, 0, 2**31 - 1), STEPS=(int, 1, 1000),
                  RATE=(float, 0, 1), COUNT=(int, 1, 10), TABLE=str)"""
TRAIN = """
from gan_helpers import training
for variant, loss in (("good", 1.0), ("bad", 2.0)):
    if TABLE == "all" or variant in TABLE.split(";"):
        history = training.History()
        for history.step in range(1, STEPS + 1):
            rate = RATE if variant == "bad" else 1.0
            history.record({"d_loss": loss / history.step + SEED * rate})
        lesson.row(variant, STEPS, history, score=scale * COUNT * loss)
"""
BAD_ALONE = TRAIN.replace('(("good", 1.0), ("bad", 2.0))', '(("bad", 2.0),)')
SMOKE = {"STEPS": 2, "TABLE": "all", "SEED": 3}


def record_of_cells(notebook, parameters, scale=1.0):
    """What an executed lesson records; `scale` as in `fingerprints.begin`."""
    namespace = {"lesson": Lesson(notebook.stem), "scale": scale}
    for cell in nbformat.read(notebook, 4).cells:
        exec(cell.source, namespace)
        if "parameters" in cell.metadata.get("tags", []):
            namespace |= parameters
    rows = namespace["lesson"].rows.values()
    return {
        "values": {"rows": [row for row, _ in rows]},
        "timings": {"row_times": [times for _, times in rows]},
    }


def write(path, train=TRAIN, parameters=PARAMETERS):
    return write_notebook(path, parameters, CHECK, train, parameters=0, sizes={"smoke": SMOKE})


def done(runs):
    """What `sweep.sweep` returns where all is well."""
    return {name: {"status": "done"} for name in runs}


@pytest.fixture
def lesson(tmp_path, monkeypatch):
    """A lesson of two variants whose runs take no kernel; `runs` of it notes what was trained."""
    monkeypatch.setattr(tables, "FOLDER", tmp_path / "tables")
    records = {}

    def run(notebook, *, scale=1.0, parameters=None):
        return record_of_cells(notebook, SMOKE | (parameters or {}), scale)

    def sweep(runs, folder, *, jobs):
        folder.mkdir(parents=True)
        for name, (notebook, parameters) in runs.items():
            records[folder / f"{name}.ipynb"] = record_of_cells(notebook, parameters)
        return done(runs)

    monkeypatch.setattr(fingerprints, "run", run)
    monkeypatch.setattr(fingerprints, "yardstick", lambda: [0.5, 20.0])
    monkeypatch.setattr("gan_notebooks.sweep.sweep", sweep)
    monkeypatch.setattr(results, "read_record", records.get)
    return write(tmp_path / "07_small.ipynb")


@pytest.fixture
def make(lesson, tmp_path, capsys):
    """A function that brings the lesson's table up to date; it returns what that printed."""

    def make():
        capsys.readouterr()
        assert results.make(lesson, jobs=2, folder=tmp_path / "work")
        return capsys.readouterr().out

    return make


ALL = "seeds 0, 1, 2, 3, 4: "
NONE = "to be made: none\n"


def test_a_table_is_made_once_with_what_its_variants_rest_on(make):
    text = make()
    assert (
        f"to be made: good ({ALL}no fingerprint is stored); bad ({ALL}no fingerprint is stored)\n"
        in text
    )
    rows = tables.read("07_small")
    assert tables.by_seed(rows, "score", variant="bad") == dict.fromkeys(range(5), 14)
    assert rows[3]["command"] == (
        'gan-notebooks sweep --lesson 07 --set "SEED=3" --set "TABLE=all" --jobs 2'
    )
    assert rows[3]["seconds"] == 0 and rows[3]["step"] == 5 and "fingerprint" not in rows[3]
    stored = fingerprints.read("07_small")
    assert stored["good"]["losses"] == [1 + 3, 0.5 + 3, 0.5 + 3], (
        "of two steps, and the last once more"
    )
    assert stored["bad"]["losses"] == [2 + 1.5, 1 + 1.5, 1 + 1.5]
    assert stored["bad"]["measured"] == [14, 2], "score, step"
    assert stored["good"]["settings"] == '{"STEPS": 5, "COUNT": 7}'
    assert stored["good"]["ignores"] == "RATE"
    assert stored["bad"]["settings"] == '{"STEPS": 5, "RATE": 0.5, "COUNT": 7}'
    assert stored["bad"]["yardstick"] == [0.5, 20.0]
    assert NONE in make() and NONE in make()


def test_a_moved_loss_costs_the_rows_of_its_variant_alone(lesson, make):
    make()
    before = tables.read("07_small")
    write(lesson, TRAIN.replace('"bad", 2.0', '"bad", 2.000008'))
    assert f"to be made: bad ({ALL}its losses and measured moved)\n" in make()
    rows = tables.read("07_small")
    assert rows[:5] == before[:5] and rows[7]["command"].endswith('--set "TABLE=bad" --jobs 2')
    assert rows[7]["score"] == pytest.approx(14.000056, abs=1e-9) and NONE in make()
    write(lesson, TRAIN.replace('"bad", 2.0', '"bad", 2.0000085'))
    assert NONE in make(), "what a CPU rounds is far below the tolerance"


def test_a_fingerprint_sees_the_late_losses_the_weights_and_what_is_measured(lesson, make):
    make()
    write(
        lesson,
        TRAIN.replace(
            "loss / history.step", "loss / history.step + (history.step == STEPS) * (loss > 1)"
        ),
    )
    assert f"to be made: bad ({ALL}its losses moved)\n" in make()
    write(lesson, TRAIN.replace("COUNT * loss", "2 * COUNT"))
    assert "good (seeds 0, 1, 2, 3, 4: its measured moved)" in make()
    average = (
        "import torch\nfrom gan_helpers.training import EMA\n"
        "net = torch.nn.Linear(2, 1)\naverage = EMA(net, decay=0.25)\n"
    )
    write(
        lesson,
        average
        + TRAIN.replace("history, score", "history, average=average, score").replace(
            "        lesson.row",
            "        torch.nn.init.constant_(net.weight, loss)\n"
            "        torch.nn.init.zeros_(net.bias)\n"
            "        average.n_averaged.zero_()\n"
            "        average.update_parameters(net)\n        lesson.row",
        ),
    )
    make()
    assert {name: row["weights"] for name, row in fingerprints.read("07_small").items()} == {
        "good": [2, 0.25],
        "bad": [4, 0.25],
    }
    source = lesson.read_text(encoding="utf8")
    lesson.write_text(source.replace("decay=0.25", "decay=0.125"), encoding="utf8")
    assert f"good ({ALL}its weights moved)" in make(), "which a warm-up would hide for many steps"


def test_a_missing_seed_is_made_alone(make):
    make()
    rows = tables.read("07_small")
    tables.write(
        tables.FOLDER / "07_small.csv",
        [row for row in rows if (row["variant"], row["seed"]) != ("bad", 2)],
    )
    assert "to be made: bad (seeds 2: not made yet)\n" in make()
    restored = tables.read("07_small")
    assert [row["score"] for row in restored] == [row["score"] for row in rows]
    assert restored[7]["command"].startswith('gan-notebooks sweep --lesson 07 --set "SEED=2"')


def test_a_variant_that_is_gone_leaves_the_table(lesson, make):
    make()
    write(lesson, TRAIN.replace('("bad", 2.0)', '("new", 2.002)'))
    assert (
        "to be made: new (seeds 0, 1, 2, 3, 4: no fingerprint is stored); no longer there: bad"
        in make()
    )
    assert [row["variant"] for row in tables.read("07_small")] == ["good"] * 5 + ["new"] * 5
    assert list(fingerprints.read("07_small")) == ["good", "new"]


def test_another_default_costs_those_who_read_it(lesson, make):
    make()
    write(lesson, parameters=PARAMETERS.replace("RATE: float = 0.5", "RATE: float = 0.25"))
    results_text = make()
    # At smoke size the rate shows in the losses too.
    assert f"to be made: bad ({ALL}its losses moved)\n" in results_text
    write(
        lesson,
        parameters=PARAMETERS.replace("STEPS: int = 5", "STEPS: int = 6").replace(
            "RATE: float = 0.5", "RATE: float = 0.25"
        ),
    )
    text = make()
    assert f"good ({ALL}STEPS was 5 and is 6); bad ({ALL}STEPS was 5 and is 6)" in text
    assert {row["step"] for row in tables.read("07_small")} == {6}


def test_a_new_parameter_costs_no_row_and_its_readers_are_found(lesson, make, monkeypatch):
    make()
    new = PARAMETERS.replace("TABLE: str", "WIDTH: float = 1.0  # width\nTABLE: str")
    train = TRAIN.replace("COUNT * loss", "COUNT * loss * (WIDTH if variant == 'bad' else 1.0)")
    check = CHECK.replace("TABLE=str", "WIDTH=(float, 0, 9), TABLE=str")
    monkeypatch.setitem(globals(), "CHECK", check)
    write(lesson, train, new)
    rows = tables.read("07_small")
    assert staleness.unknown(fingerprints.read("07_small"), staleness.defaults_of(lesson)) == [
        "WIDTH"
    ]
    assert NONE in make() and tables.read("07_small") == rows
    stored = fingerprints.read("07_small")
    assert stored["good"]["ignores"] == "RATE WIDTH" and stored["bad"]["settings"].endswith(
        '"COUNT": 7, "WIDTH": 1.0}'
    )
    assert staleness.unknown(stored, staleness.defaults_of(lesson)) == []
    write(lesson, train, new.replace("WIDTH: float = 1.0", "WIDTH: float = 2.0"))
    assert "to be made: bad (seeds" in (text := make()) and "good" not in text


def test_other_judges_cost_what_they_measured(lesson, make, monkeypatch):
    write(lesson, TRAIN.replace("scale * COUNT", "(scale if variant == 'bad' else 1) * COUNT"))
    make()
    stored = fingerprints.read("07_small")
    assert "yardstick" not in stored["good"] and stored["bad"]["yardstick"] == [0.5, 20.0]
    monkeypatch.setattr(fingerprints, "yardstick", lambda: [0.5, 20.1])
    assert f"to be made: bad ({ALL}a judge or a measure moved)\n" in make()


def test_rows_that_rest_on_others_are_made_after_them(lesson, make):
    write(
        lesson,
        """
from gan_helpers import tables, training
tried = tables.by_seed(tables.read("07_small"), "distance", variant="tuning")
for variant in ("tuning", "final"):
    is_trained = SEED < 2 if variant == "tuning" else len(tried) == 2
    if is_trained and (TABLE == "all" or variant in TABLE.split(";")):
        history = training.History()
        for history.step in range(1, 7):
            history.record({"d_loss": history.step + SEED})
        own = {"seeds": 2, "distance": 7 - SEED}
        if variant == "final":
            own = {"chosen": min(tried, key=tried.get)}
        lesson.row(variant, STEPS, history, **own)
""",
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(SMOKE, "SEED", 0)
        text = make()
        assert NONE in make()
    first, second = "to be made: tuning (seeds 0, 1: ", "to be made: final (seeds 0, 1, 2, 3, 4: "
    assert -1 < text.find(first) < text.find(second)
    rows = tables.read("07_small")
    assert tables.by_seed(rows, "distance", variant="tuning") == {0: 7, 1: 6}
    assert tables.by_seed(rows, "chosen", variant="final") == dict.fromkeys(range(5), 1)


def test_an_interrupted_write_leaves_the_rows_to_be_made_again(lesson, make, monkeypatch):
    make()
    write(lesson, TRAIN.replace('"bad", 2.0', '"bad", 3.0'))
    with monkeypatch.context() as patch:
        patch.setattr(fingerprints, "write", lambda *_: (_ for _ in ()).throw(OSError("no space")))
        with pytest.raises(OSError, match="no space"):
            make()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("gan_notebooks.sweep.sweep", lambda runs, *_, **__: done(runs))
        assert "to be made: bad (seeds" in make(), "what the last try had trained is there still"
    assert NONE in make()


# Moving


def test_rows_move_to_the_lesson_that_trains_them_now(lesson, make, tmp_path, capsys):
    make()
    rows = tables.read("07_small")
    new = write(tmp_path / "09_later.ipynb", BAD_ALONE)
    assert moving.move("07_small", new) == {"good": "09_later does not train it", "bad": ""}
    assert tables.read("07_small") == rows[:5] and list(fingerprints.read("07_small")) == ["good"]
    moved = tables.read("09_later")
    assert moved[3]["command"] == (
        'gan-notebooks sweep --lesson 09 --set "SEED=3" --set "TABLE=bad" --jobs 2'
    )
    assert [{**row, "command": 0} for row in moved] == [{**row, "command": 0} for row in rows[5:]]
    capsys.readouterr()
    assert results.make(new, jobs=1) and NONE in capsys.readouterr().out, "nothing is to be trained"


def test_what_behaves_differently_there_stays(lesson, make, tmp_path):
    make()
    rows = tables.read("07_small")
    new = write(
        tmp_path / "09_later.ipynb",
        TRAIN.replace("COUNT * loss", "COUNT * loss + (loss == 1.0)"),
        PARAMETERS.replace("RATE: float = 0.5", "RATE: float = 0.25"),
    )
    assert moving.move("07_small", new) == {
        "good": "its measured moved",
        "bad": "its losses moved",
    }
    new = write(
        tmp_path / "09_later.ipynb",
        parameters=PARAMETERS.replace("STEPS: int = 5", "STEPS: int = 6"),
    )
    assert set(moving.move("07_small", new).values()) == {"STEPS was 5 and is 6"}
    assert tables.read("07_small") == rows and tables.read("09_later") == []


def test_a_move_that_was_stopped_half_way_is_finished_by_the_next(
    lesson, make, tmp_path, monkeypatch
):
    make()
    rows = tables.read("07_small")
    new = write(tmp_path / "09_later.ipynb")
    write_table = tables.write

    def full_disk(path, rows):
        if path.name == "07_small.csv":
            raise OSError("no space")
        write_table(path, rows)

    with monkeypatch.context() as patch:
        patch.setattr(tables, "write", full_disk)
        with pytest.raises(OSError, match="no space"):
            moving.move("07_small", new)
    assert tables.read("07_small") == rows and len(tables.read("09_later")) == len(rows), (
        "nothing is lost"
    )
    assert set(moving.move("07_small", new).values()) == {""}
    assert tables.read("07_small") == [] and len(tables.read("09_later")) == len(rows)


def test_rows_of_its_own_are_not_overwritten(lesson, make, tmp_path):
    make()
    new = write(tmp_path / "09_later.ipynb")
    own = {"variant": "bad", "seed": 0, "step": 5, "score": 99}
    tables.write(tables.FOLDER / "09_later.csv", [own])
    assert moving.move("07_small", new) == {"good": "", "bad": "09_later has rows of its own"}
    assert own in tables.read("09_later") and len(tables.read("07_small")) == 5


def test_move_on_the_command_line(lesson, make, tmp_path, capsys):
    make()
    write(tmp_path / "09_later.ipynb", BAD_ALONE)
    options = ["--notebooks", str(tmp_path), "move"]
    with pytest.raises(SystemExit) as end:
        results.main([*options, "07_small", "09"])
    assert end.value.code == 0
    assert (
        "good: stays in 07_small: 09_later does not train it\nbad: moved to 09_later\n"
        in capsys.readouterr().out
    )
    with pytest.raises(SystemExit) as end:
        results.main([*options, "07_smoll", "09"])
    assert end.value.code == 2 and "has no table 07_smoll" in capsys.readouterr().err
    with pytest.raises(SystemExit) as end:
        results.main([*options, "07_small", "0"])
    assert end.value.code == 2 and "give more of it" in capsys.readouterr().err


def test_a_table_does_not_move_onto_itself(lesson, make):
    make()
    rows = tables.read("07_small")
    with pytest.raises(CourseError, match="give another lesson"):
        moving.move("07_small", lesson)
    assert tables.read("07_small") == rows


def test_a_variant_that_reads_more_there_stays(lesson, make, tmp_path):
    fixed = TRAIN.replace("range(1, STEPS + 1)", "range(1, 3)").replace(
        "variant, STEPS,", "variant, 2,"
    )
    write(lesson, fixed)
    make()
    assert "STEPS" in fingerprints.read("07_small")["good"]["ignores"]
    new = write(tmp_path / "09_later.ipynb")  # at smoke size the same, at the defaults not
    assert set(moving.move("07_small", new).values()) == {"there it reads STEPS"}


def test_what_changes_with_a_fifth_of_the_steps_is_noticed(lesson, make):
    write(
        lesson,
        TRAIN.replace("range(1, STEPS + 1)", "range(1, max(2, STEPS // 5) + 1)").replace(
            "variant, STEPS,", "variant, 1,"
        ),
    )
    make()
    assert '"STEPS": 5' in fingerprints.read("07_small")["good"]["settings"]


def test_fewer_seeds_leave_no_rows_of_the_earlier_code(lesson, make):
    make()
    write(
        lesson,
        TRAIN.replace("score=scale * COUNT * loss", "seeds=2, score=scale * COUNT * loss + 1"),
    )
    make()
    assert [row["seed"] for row in tables.read("07_small")] == [0, 1, 0, 1]


# The command line


def test_a_stopped_results_run_stops_all(monkeypatch, capsys):
    started = []

    def interrupted(notebook, *, jobs):
        started.append(notebook)
        raise KeyboardInterrupt

    monkeypatch.setattr(results, "make", interrupted)
    with pytest.raises(SystemExit) as end:
        results.main([])
    assert end.value.code == 1 and "does what is missing" in capsys.readouterr().err
    assert len(started) == 1


def test_the_list_of_names_fits_into_a_file_name():
    every = [f"a variant with a long name {number}" for number in range(9)]
    assert results.table_parameters(every[:2], every) == [";".join(every[:2])]
    assert results.table_parameters(every, every) == ["all"]
    halves = [";".join(every[:2]), ";".join(every[2:4])]
    assert (
        results.table_parameters(every[:4], every) == halves
    )  # together too long, with three letters for a space
    for notebook in notebooks.lessons(""):
        assert len(f"{notebook.stem},SEED=4,TABLE=") + results.LONGEST_LIST <= grid.LONGEST_NAME


# Damaged tables

ROWS = "variant,seed,step\ngood,0,1\n"
STORED = "variant,losses,weights,measured,settings,ignores\ngood,[1.0],[],[1.0 2.0],{},STEPS\n"


@pytest.mark.parametrize(
    ("rows", "stored"),
    [
        (b"\xff", STORED),
        (ROWS.replace("seed", "sed"), STORED),
        (ROWS.replace("variant", "v"), STORED),
        (ROWS + "good,1,2,3\n", STORED),
        (ROWS + "good\n", STORED),
        (ROWS + "x" * 200_000 + ",0,1\n", STORED),
        (ROWS + "good,1.2.3,1\n", STORED),
        ("<<<<<<< HEAD\n" + ROWS, STORED),
        (ROWS, b"\xff"),
        (ROWS, STORED.replace("{}", "{")),
        (ROWS, STORED.replace("{}", "[]")),
        (ROWS, STORED.replace("{}", "5")),
        (ROWS, STORED.replace("[1.0]", "1.0")),
        (ROWS, STORED.replace("[1.0]", "[a b]")),
        (ROWS, STORED.replace("STEPS", "5")),
        (ROWS, STORED.replace("ignores", "yardstick").replace("STEPS", "[a]")),
    ],
)
def test_a_damaged_table_is_named_and_left_alone(lesson, rows, stored, capsys):
    tables.FOLDER.mkdir()
    contents = {}
    for name in ("07_small", "05_old"):
        contents[tables.FOLDER / f"{name}.csv"] = rows
        contents[tables.FOLDER / f"{name}.fingerprints.csv"] = stored
    for path, text in contents.items():
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
    before = {path: path.read_bytes() for path in contents}
    options = ["--notebooks", str(lesson.parent)]
    for command in (options, [*options, "move", "05_old", "07"]):
        with pytest.raises(SystemExit) as end:
            results.main(command)
        text = capsys.readouterr().err
        assert end.value.code == 2 and "is damaged or no lesson's" in text and "csv" in text
    assert {path: path.read_bytes() for path in contents} == before
