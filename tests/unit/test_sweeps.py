"""sweep.py, collect.py and the version that workers compare, on small notebooks made here."""

import json
import os
import shutil
import subprocess
import sys
import types

import pytest

import gan_notebooks
from gan_helpers import tables, threads
from gan_notebooks import grid, locking, notebooks, sweep
from gan_notebooks.collect import collect
from gan_notebooks.errors import CourseError, SweepError

PARAMETERS = "SEED: int = 0  # seed\nSTEPS: int = 5  # steps"
CHECK = "lesson.parameters(globals(), SEED=(int, 0, 2**31 - 1), STEPS=(int, 1, 10))"
BODY = "import os\nprint(os.environ.get('OMP_NUM_THREADS'))"
RECORD = "lesson.score(product=SEED * STEPS, parts={'a': SEED})\nlesson.record()"
FIRST = "07_small,SEED=1"
SECOND = "07_small,SEED=2"


@pytest.fixture
def write(tmp_path, write_lesson):
    """A function that writes the lesson with another code behind its parameters."""

    def write(body=BODY):
        return write_lesson(tmp_path, PARAMETERS, f"{CHECK}\n{body}", RECORD)

    return write


@pytest.fixture
def lesson(write):
    return write()


def test_a_sweep_runs_all_and_collects_one_table(lesson, tmp_path):
    """In kernels: the sweeps below have a stand-in for them."""
    out = tmp_path / "out"
    statuses = sweep.sweep(grid.plan([lesson], {"SEED": [1, 2]}, "smoke"), out, jobs=2)
    assert [status["status"] for status in statuses.values()] == ["done"] * 2
    assert not list(out.glob("*.part*"))
    rows = collect(out, tmp_path / "runs.csv")
    assert [row["product"] for row in rows] == [2, 4] and [row["parts a"] for row in rows] == [1, 2]
    stored = tables.read("runs", tmp_path)
    assert stored[1]["SEED"] == 2 and stored[1]["STEPS"] == 2 and stored[1]["status"] == "done"


@pytest.mark.parametrize(("variable", "expected"), [("", "1"), ("3", "3")])
def test_a_run_has_one_thread_or_what_the_variable_says(
    variable, expected, lesson, tmp_path, monkeypatch
):
    monkeypatch.setattr(threads, "usable_cores", lambda: 6)
    monkeypatch.setenv("OMP_NUM_THREADS", "7")  # does not count
    monkeypatch.setenv(threads.VARIABLE, variable)
    sweep.sweep(grid.plan([lesson], {"SEED": [1]}), tmp_path / "out", jobs=2)
    text = (tmp_path / "out" / f"{FIRST}.ipynb").read_text(encoding="utf8")
    assert f'"{expected}\\n"' in text


def test_a_second_sweep_does_only_what_is_missing_or_of_other_code(write, lesson, tmp_path, here):
    out = tmp_path / "out"

    def runs_started(values):
        here.clear()
        sweep.sweep(grid.plan([lesson], values), out)
        return list(here)

    assert runs_started({"SEED": [1]}) == [FIRST]
    assert runs_started({"SEED": [1, 2]}) == [SECOND]
    assert runs_started({"SEED": [1, 2]}) == []
    status = json.loads((out / f"{SECOND}.json").read_text(encoding="utf8"))
    (out / f"{SECOND}.json").write_text(json.dumps(status | {"status": "running"}), encoding="utf8")
    assert runs_started({"SEED": [1, 2]}) == [SECOND], "a run that was killed is done again"
    (out / f"{FIRST}.ipynb").unlink()
    assert runs_started({"SEED": [1, 2]}) == [FIRST], "a run whose notebook is gone is done again"
    write(BODY + "\n# changed")
    assert runs_started({"SEED": [1, 2]}) == [FIRST, SECOND]


def test_it_returns_what_stands_in_the_files(lesson, tmp_path, here):
    out = tmp_path / "out"
    for seeds in ([1], [1, 2]):  # the second time one is done already
        statuses = sweep.sweep(grid.plan([lesson], {"SEED": seeds}), out)
        assert list(statuses) == [f"07_small,SEED={seed}" for seed in seeds]
        assert statuses == {name: sweep.read_status(out, name) for name in statuses}


def test_again_does_all_and_leaves_no_earlier_result(lesson, tmp_path, here):
    out = tmp_path / "out"
    runs = grid.plan([lesson], {"SEED": [1]})
    for name in (f"{FIRST}.ipynb", f"{FIRST}.json"):
        sweep.sweep(runs, out)
        before = (out / name).stat().st_mtime_ns
        sweep.sweep(runs, out, again=True)
        assert (out / name).stat().st_mtime_ns > before
    assert here == [FIRST] * 3


def test_a_failed_run_is_told_keeps_its_notebook_and_is_tried_again(write, tmp_path, here, capsys):
    lesson = write("if SEED == 2:\n    raise OSError('no space')")
    runs = grid.plan([lesson], {"SEED": [1, 2]})
    for _ in range(2):
        statuses = sweep.sweep(runs, tmp_path / "out")
        assert [status["status"] for status in statuses.values()] == ["done", "failed"]
        assert "OSError: no space" in statuses[SECOND]["error"]
        assert f"{SECOND}: stopped in cell [4]: OSError: no space" in capsys.readouterr().out
    assert here.count(FIRST) == 1
    assert here.count(SECOND) == 2
    assert (tmp_path / "out" / f"{SECOND}.part.ipynb").exists()
    rows = collect(tmp_path / "out", tmp_path / "runs.csv")
    assert [row["status"] for row in rows] == ["done", "failed"] and "product" not in rows[1]


def test_what_stops_a_sweep_knows_how_far_it_came(lesson, tmp_path, here, monkeypatch):
    begin = sweep.start

    def start(notebook, output, parameters, **options):
        if parameters["SEED"] == 2:
            raise KeyboardInterrupt
        return begin(notebook, output, parameters, **options)

    monkeypatch.setattr(sweep, "start", start)
    with pytest.raises(KeyboardInterrupt) as caught:
        sweep.sweep(grid.plan([lesson], {"SEED": [1, 2]}), tmp_path / "out")
    assert isinstance(caught.value, sweep.Stopped)
    statuses = caught.value.statuses
    assert [status.get("status") for status in statuses.values()] == ["done", None]


def test_what_a_killed_sweep_left_running_is_interrupted(lesson, tmp_path, here, monkeypatch):
    """Also where the next sweep is stopped before it comes to that run."""
    out = tmp_path / "out"
    runs = grid.plan([lesson], {"SEED": [1, 2]})
    sweep.sweep(runs, out)
    for name in (FIRST, SECOND):
        path = out / f"{name}.json"
        status = json.loads(path.read_text(encoding="utf8"))
        path.write_text(json.dumps(status | {"status": "running"}), encoding="utf8")

    def start(*arguments, **options):
        raise KeyboardInterrupt

    monkeypatch.setattr(sweep, "start", start)
    with pytest.raises(sweep.Stopped):
        sweep.sweep(runs, out)
    statuses = [sweep.read_status(out, name) for name in (FIRST, SECOND)]
    assert [status["status"] for status in statuses] == ["failed", "failed"]
    assert [status["error"] for status in statuses] == ["interrupted", "interrupted"]


def test_a_lesson_edited_meanwhile_does_not_change_the_sweep(
    write, lesson, tmp_path, here, monkeypatch
):
    begin = sweep.start

    def start_and_edit(notebook, *arguments, **options):
        write("raise OSError('half edited')")
        return begin(notebook, *arguments, **options)

    monkeypatch.setattr(sweep, "start", start_and_edit)
    statuses = sweep.sweep(grid.plan([lesson], {"SEED": [1, 2]}), tmp_path / "out")
    assert [status["status"] for status in statuses.values()] == ["done", "done"]


def test_changed_sizes_make_a_run_missing(lesson, tmp_path, here):
    def steps():
        statuses = sweep.sweep(grid.plan([lesson], {"SEED": [1]}, "full"), tmp_path / "out")
        record = notebooks.read_record(tmp_path / "out" / "07_small,full,SEED=1.ipynb")
        status = statuses["07_small,full,SEED=1"]["status"]
        return status, record["values"]["parameters"]["STEPS"]

    assert steps() == ("done", 9)
    text = lesson.read_text(encoding="utf8")
    lesson.write_text(text.replace('"STEPS": 9', '"STEPS": 10'), encoding="utf8")
    assert steps() == ("done", 10)


def test_without_dask_the_error_says_what_to_install(lesson, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)  # so that importing it fails
    monkeypatch.delitem(sys.modules, "gan_notebooks.cluster", raising=False)
    monkeypatch.delattr(gan_notebooks, "cluster", raising=False)
    runs = grid.plan([lesson], {"SEED": [1]})
    with pytest.raises(SweepError, match=r"pip install .*\[cluster\]"):
        sweep.sweep(runs, tmp_path / "out", scheduler="tcp://127.0.0.1:9")


def test_the_time_left_counts_the_runs_of_this_sweep_alone():
    bar = sweep.progress(10, 6)
    bar.start_t -= 60  # a minute for the next two runs: a minute for the last two
    bar.update(2)
    text = str(bar)
    bar.close()
    assert "8/10" in text and "01:00<01:00" in text


# One sweep at a time


HOLD = """
import sys
from pathlib import Path
from gan_notebooks import errors, locking
print("ready", flush=True)
sys.stdin.readline()
try:
    with locking.locked(Path(sys.argv[1])):
        print("has it", flush=True)
        sys.stdin.readline()
except errors.SweepError as error:
    print(error, flush=True)
"""


def hold(folder):
    """A process that tries for the folder's lock at a line, and holds it until the next."""
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
    runs = grid.plan([lesson], {"SEED": [1]})
    first, *others = [hold(out) for _ in range(3)]
    first.stdin.write("\n")
    assert first.stdout.readline() == "has it\n"
    holder = f"process {first.pid} on .* is sweeping into .*: wait, or give"
    for _ in range(2):  # who is refused leaves the holder's name
        with pytest.raises(SweepError, match=holder):
            sweep.sweep(runs, out)
    first.kill()  # it removes nothing
    first.wait()
    for process in others:  # both at once find what it left
        process.stdin.write("\n")
    said = [process.stdout.readline() for process in others]
    assert said.count("has it\n") == 1 and sum("is sweeping into" in line for line in said) == 1
    for process in others:
        process.communicate("\n")
    assert sweep.sweep(runs, out)[FIRST]["status"] == "done"
    assert not (out / locking.HOLDER).exists()


def test_a_sweep_that_fails_gives_the_folder_back(tmp_path):
    for _ in range(2):
        with pytest.raises(OSError, match="no space"), locking.locked(tmp_path):
            raise OSError("no space")
    assert [path.name for path in tmp_path.iterdir()] in ([locking.LOCK], [])


# What a sweep did not write

OTHERS = [
    f"{FIRST}.ipynb",
    f"{FIRST}.part.ipynb",
    f"{FIRST}.json",
    f"{FIRST}.html",
    f"{FIRST}.part.html",
    locking.LOCK,
    locking.HOLDER,
    sweep.COPIES,
    f"{sweep.COPIES}/07_small.ipynb",
]


def put_text(path, lesson):
    path.write_text("my notes")


def put_notebook(path, lesson):
    shutil.copy(lesson, path)


def put_json(path, lesson):
    fields = {"run": "another", "lesson": 1, "parameters": {}, "code": 1, "status": "done"}
    path.write_text(json.dumps(fields))


def put_folder(path, lesson):
    path.mkdir()
    (path / "notes").write_text("my notes")


def put_link(path, lesson):
    path.symlink_to(lesson)


def put_link_to_nothing(path, lesson):
    path.symlink_to(lesson.with_name("none"))


PUTS = [put_text, put_notebook, put_json, put_folder, put_link, put_link_to_nothing]


def content(folder):
    """{path: what is there} of everything below a folder."""
    every = {}
    for path in sorted(folder.rglob("*")):
        if path.is_symlink():
            every[path] = os.readlink(path)
        else:
            every[path] = path.read_bytes() if path.is_file() else None
    return every


@pytest.mark.parametrize("put", PUTS, ids=lambda put: put.__name__)
@pytest.mark.parametrize("name", OTHERS)
def test_what_a_sweep_did_not_write_is_in_its_way(name, put, lesson, tmp_path, here):
    if os.name == "nt" and "link" in put.__name__:
        pytest.skip("on Windows links need a right")
    out = tmp_path / "out"
    path = out / name
    path.parent.mkdir(parents=True)
    put(path, lesson)
    before = content(tmp_path)
    for again in (False, True):
        with pytest.raises(SweepError) as caught:
            runs = grid.plan([lesson], {"SEED": [1, 2]})
            sweep.sweep(runs, out, again=again, reports=True)
        assert str(out / name.partition("/")[0]) in str(caught.value) and here == []
        after = content(tmp_path)
        assert {path: after[path] for path in before} == before


def test_the_next_sweep_replaces_what_this_one_wrote(write, lesson, tmp_path, here):
    """Also what is half of it: a killed process left that."""
    out = tmp_path / "out"
    runs = grid.plan([lesson], {"SEED": [1]})
    sweep.sweep(runs, out)
    shutil.copy(out / f"{FIRST}.ipynb", out / f"{FIRST}.part.ipynb")
    for name in (f"{FIRST}.json", f"{FIRST}.part.ipynb"):
        (out / f"{name}.0123abcd.part").write_text("{")
    write("print('new')")
    assert sweep.sweep(runs, out, reports=True)[FIRST]["status"] == "done"
    assert "new" in (out / f"{FIRST}.ipynb").read_text(encoding="utf8")
    assert sorted(path.name for path in out.glob("07*")) == [f"{FIRST}.ipynb", f"{FIRST}.json"]


def test_what_comes_while_a_run_goes_on_is_kept(lesson, tmp_path, here, monkeypatch):
    begin = sweep.start

    def start(notebook, output, *arguments, **options):
        output.with_name(f"{FIRST}.ipynb").write_text("my notes")
        return begin(notebook, output, *arguments, **options)

    monkeypatch.setattr(sweep, "start", start)
    status = sweep.sweep(grid.plan([lesson], {"SEED": [1]}), tmp_path / "out")[FIRST]
    assert status["status"] == "failed" and f"{FIRST}.ipynb is in the way" in status["error"]
    assert (tmp_path / "out" / f"{FIRST}.ipynb").read_text() == "my notes"
    assert (tmp_path / "out" / f"{FIRST}.part.ipynb").exists()


@pytest.mark.skipif(os.name == "nt", reason="on Windows links need a right")
def test_a_link_to_a_result_is_no_result(lesson, tmp_path, here):
    out = tmp_path / "out"
    runs = grid.plan([lesson], {"SEED": [1]})
    sweep.sweep(runs, out)
    (out / f"{FIRST}.ipynb").rename(tmp_path / "mine.ipynb")
    (out / f"{FIRST}.ipynb").symlink_to(tmp_path / "mine.ipynb")
    with pytest.raises(SweepError, match=f"{FIRST}.ipynb is in the way"):
        sweep.sweep(runs, out, again=True)
    assert (out / f"{FIRST}.ipynb").is_symlink() and (tmp_path / "mine.ipynb").exists()
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / sweep.COPIES).symlink_to(out / sweep.COPIES)
    with pytest.raises(SweepError, match=f"{sweep.COPIES} is in the way"):
        sweep.sweep(runs, tmp_path / "other")


@pytest.mark.parametrize("path", [".", "lessons/..", "out/../lessons/..", "link", "LINK/../link"])
def test_the_lessons_folder_is_no_place_for_results(path, lesson, tmp_path, here, monkeypatch):
    """However it is spelt, and nothing is left there."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "lessons").mkdir()
    (tmp_path / "LINK").mkdir(exist_ok=True)
    (tmp_path / "out").mkdir()
    if path.endswith("link"):
        if os.name == "nt" or (tmp_path / "link").exists():
            pytest.skip("no links, or no difference between LINK and link")
        (tmp_path / "link").symlink_to(tmp_path)
    before = content(tmp_path)
    with pytest.raises(SweepError, match="is the folder of the lesson .*07_small.ipynb"):
        sweep.sweep(grid.plan([lesson], {"SEED": [1]}), path, again=True)
    assert content(tmp_path) == before and here == []


@pytest.mark.skipif(os.name == "nt", reason="on Windows links need a right")
def test_a_lesson_that_is_a_link_lies_in_two_folders(lesson, tmp_path, here):
    (tmp_path / "links").mkdir()
    link = tmp_path / "links" / "07_small.ipynb"
    link.symlink_to(lesson)
    for folder in (tmp_path, tmp_path / "links"):
        with pytest.raises(SweepError, match="is the folder of the lesson"):
            sweep.sweep(grid.plan([link], {"SEED": [1]}), folder)


# The table


@pytest.mark.parametrize("put", PUTS, ids=lambda put: put.__name__)
def test_a_table_replaces_a_table_alone(put, lesson, tmp_path, here):
    out = tmp_path / "out"
    sweep.sweep(grid.plan([lesson], {"SEED": [1]}), out)
    for _ in range(2):
        collect(out, tmp_path / "runs.csv")
    if os.name == "nt" and "link" in put.__name__:
        pytest.skip("on Windows links need a right")
    put(tmp_path / "other.csv", tmp_path / "runs.csv" if put is put_link else lesson)
    before = content(tmp_path)
    with pytest.raises(SweepError, match="other.csv is in the way"):
        collect(out, tmp_path / "other.csv")
    assert content(tmp_path) == before


def test_a_table_of_failed_runs_is_one(write, tmp_path, here):
    runs = grid.plan([write("1 / 0")], {"SEED": [1]})
    sweep.sweep(runs, tmp_path / "out")
    for _ in range(2):
        collect(tmp_path / "out", tmp_path / "runs.csv")
    start = {"run": "a", "status": "done", "seconds": 1}
    end = {"claims_held": 1, "claims": 1, "error": ""}
    for row in ({"variant": "a", "seed": 0, "seconds": 1}, start, end, {"seed": 0} | start | end):
        tables.write(tmp_path / "other.csv", [row])
        with pytest.raises(SweepError, match=r"other.csv is in the way"):
            collect(tmp_path / "out", tmp_path / "other.csv")


def test_collect_survives_damaged_files_and_shows_no_old_scores(lesson, tmp_path, here):
    out = tmp_path / "out"
    sweep.sweep(grid.plan([lesson], {"SEED": [1, 2, 3]}), out, jobs=2)
    (out / f"{FIRST}.ipynb").write_text("{", encoding="utf8")
    status = sweep.read_status(out, SECOND)
    (out / f"{SECOND}.json").write_text(json.dumps(status | {"status": "failed"}), encoding="utf8")
    (out / "odd.json").write_text("null", encoding="utf8")
    rows = {row["run"]: row for row in collect(out, tmp_path / "runs.csv")}
    assert rows[FIRST]["status"] == "unreadable" and "damaged" in rows[FIRST]["error"]
    assert rows["odd"]["status"] == "unreadable"
    assert "product" not in rows[SECOND] and rows["07_small,SEED=3"]["product"] == 15


GOOD = {"run": FIRST, "status": "failed", "parameters": {"SEED": 1}, "seconds": 1, "error": "it"}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "[" * 100_000,
        '{"a": ' * 3000 + "1" + "}" * 3000,
        '{"seconds": ' + "9" * 5000 + "}",
        '{"name": "another program\'s", "version": 3}',
        json.dumps(GOOD | {"run": 5}),
        json.dumps(GOOD | {"status": []}),
        json.dumps(GOOD | {"parameters": [1]}),
        json.dumps(GOOD | {"parameters": {"SEED": [1]}}),
        json.dumps(GOOD | {"parameters": None}),
        json.dumps(GOOD | {"seconds": "1"}),
        json.dumps(GOOD | {"error": ["it"]}),
        b"\xff",
    ],
)
def test_a_damaged_status_costs_its_row_alone(lesson, tmp_path, here, text):
    out = tmp_path / "out"
    sweep.sweep(grid.plan([lesson], {"SEED": [2]}), out)
    (out / f"{FIRST}.json").write_bytes(text if isinstance(text, bytes) else text.encode())
    first, second = collect(out, tmp_path / "runs.csv")
    error = f"{FIRST}.json is damaged, or another program's"
    row = {"run": FIRST, "status": "unreadable", "seconds": None}
    assert first == row | {"claims_held": None, "claims": None, "error": error}
    assert second["status"] == "done" and second["product"] == 10
    assert len(tables.read("runs", tmp_path)) == 2
    with pytest.raises(SweepError, match=r"SEED=1\.json is in the way"):
        sweep.sweep(grid.plan([lesson], {"SEED": [1, 2]}), out)
    (out / f"{FIRST}.json").unlink()
    sweep.sweep(grid.plan([lesson], {"SEED": [1, 2]}), out)
    assert here == [SECOND, FIRST]


def test_what_is_no_status_file_is_not_waited_for(tmp_path):
    (tmp_path / "folder.json").mkdir()
    if hasattr(os, "mkfifo"):
        os.mkfifo(tmp_path / "pipe.json")
    for row in collect(tmp_path, tmp_path / "runs.csv"):
        assert row["status"] == "unreadable"


def test_a_status_with_half_a_character_is_written(tmp_path):
    status = GOOD | {"error": "\ud800", "parameters": {"\ud800": "\udfff"}}
    (tmp_path / f"{FIRST}.json").write_text(json.dumps(status), encoding="utf8")
    collect(tmp_path, tmp_path / "runs.csv")
    (row,) = tables.read("runs", tmp_path)
    assert row["error"] == "?" and row["?"] == "?"


def test_a_score_takes_no_column_of_ours(write_lesson, tmp_path, here):
    scores = "lesson.score(status='x', error=1, claims=2, SEED=9, deep={'a': {'b': 1}})"
    record = f"{scores}\nlesson.record()"
    lesson = write_lesson(tmp_path, PARAMETERS, CHECK, record)
    sweep.sweep(grid.plan([lesson], {"SEED": [1]}), tmp_path / "out")
    (row,) = collect(tmp_path / "out", tmp_path / "runs.csv")
    assert (row["status"], row["error"], row["claims"], row["SEED"]) == ("done", None, 0, 1)
    names = ("status", "error", "claims", "SEED")
    assert [row[f"{name} (recorded)"] for name in names] == ["x", 1, 2, 9]
    assert row["deep a b"] == 1 and list(row)[-1] == "error"


def test_collect_of_an_empty_folder_says_what_to_do(tmp_path):
    with pytest.raises(CourseError, match="start them with"):
        collect(tmp_path, tmp_path / "runs.csv")


# The version that workers compare


def test_the_version_is_that_of_both_packages(tmp_path, monkeypatch):
    cluster = pytest.importorskip("gan_notebooks.cluster")
    assert [package.__name__ for package in cluster.PACKAGES] == ["gan_helpers", "gan_notebooks"]
    packages = []
    for name in ("helpers", "runners"):
        (tmp_path / name / "part").mkdir(parents=True)
        (tmp_path / name / "__init__.py").write_bytes(b"a = 1\n")
        (tmp_path / name / "part" / "code.py").write_bytes(b"b = 1\n")
        packages.append(types.SimpleNamespace(__file__=str(tmp_path / name / "__init__.py")))
    monkeypatch.setattr(cluster, "PACKAGES", packages)
    versions = [cluster.fingerprint()]
    for name in ("helpers/part/code.py", "runners/part/code.py", "helpers/part/judge.safetensors"):
        (tmp_path / name).write_bytes(b"b = 2\n")
        versions.append(cluster.fingerprint())
    (tmp_path / "runners/part/code.py").rename(tmp_path / "runners/code.py")
    versions.append(cluster.fingerprint())
    assert len(set(versions)) == 5
    (tmp_path / "runners/__init__.py").write_bytes(b"a = 1\r\n")
    (tmp_path / "helpers/NOTICE.md").write_bytes(b"no code")
    assert cluster.fingerprint() == versions[-1], "line ends and texts do not count"
    with pytest.raises(SweepError, match="another version of gan_helpers or gan_notebooks"):
        cluster.check_version(versions[0], "tcp://worker")
