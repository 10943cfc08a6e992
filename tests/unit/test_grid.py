"""grid.py: which runs a sweep has."""

import pytest
import yaml

from gan_helpers.parameters import ParameterError
from gan_notebooks import grid

PARAMETERS = "SEED: int = 0  # seed\nSTEPS: int = 5  # steps\nRATE: float = 0.1  # rate\n"
PARAMETERS += "FAST: bool = False  # speed\nNAME: str = ''  # name"
CHECK = "lesson.parameters(globals(), SEED=(int, 0, 2**31 - 1), STEPS=(int, 1, 10), "
CHECK += "RATE=(float, 0, 1), FAST=bool, NAME=str)"


@pytest.fixture
def lesson(tmp_path, write_lesson):
    return write_lesson(tmp_path, PARAMETERS, CHECK)


def test_settings_are_read_as_numbers_truths_and_text():
    given = grid.parse_settings(["SEED=0,1", "RATE=1e-3,0.5", "FAST=true,False", "NAME=plain"])
    assert given == {"SEED": [0, 1], "RATE": [0.001, 0.5], "FAST": [True, False], "NAME": ["plain"]}
    assert type(given["RATE"][0]) is float and type(given["SEED"][1]) is int


@pytest.mark.parametrize("settings", [["SEED"], ["SEED="], ["SEED=1", "SEED=2"]])
def test_bad_settings_are_refused(settings):
    with pytest.raises(ParameterError, match="--set"):
        grid.parse_settings(settings)


def test_the_plan_holds_every_combination(lesson):
    runs = grid.plan([lesson], {"SEED": [3, 4], "FAST": [True, False]}, "smoke")
    assert list(runs) == [
        f"07_small,smoke,SEED={seed},FAST={fast}" for seed in (3, 4) for fast in (True, False)
    ]
    parameters = {"STEPS": 2, "SEED": 4, "FAST": True}
    assert runs["07_small,smoke,SEED=4,FAST=True"] == (lesson, parameters)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"SEDE": [1]}, r"no parameter 'SEDE' in 07_small. Did you mean 'SEED'\?"),
        ({"STEPS": [3, 11]}, r"STEPS must lie in 1 … 10, got 11"),
        ({"FAST": [1]}, "FAST must be bool"),
        ({"SEED": []}, "no value for SEED"),
    ],
)
def test_a_bad_name_or_value_is_refused(lesson, values, message):
    with pytest.raises(ParameterError, match=message):
        grid.plan([lesson], values)


def test_run_ids_are_file_names(lesson):
    assert list(grid.plan([lesson], {"NAME": ["a/b c"]})) == ["07_small,NAME=a%2Fb%20c"]


def test_names_that_no_file_can_have_are_refused(lesson):
    with pytest.raises(ParameterError, match="too long"):
        grid.plan([lesson], {"NAME": ["x" * 300]})
    with pytest.raises(ParameterError, match="one file name"):
        grid.plan([lesson], {"NAME": ["abc", "ABC"]})


def test_a_grid_from_yaml(lesson, tmp_path):
    path = tmp_path / "grid.yaml"
    path.write_text("SEED: [1, 2]\nRATE: 1.0e-3\nFAST: true\n", encoding="utf8")
    assert grid.read(path) == {"SEED": [1, 2], "RATE": [0.001], "FAST": [True]}
    assert len(grid.plan([lesson], grid.read(path))) == 2


# What YAML means by a value


def read(tmp_path, text):
    path = tmp_path / "grid.yaml"
    path.write_text(text, encoding="utf8")
    return grid.read(path)


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("[1e-3, 1E-3, .5, 1., -2]", [0.001, 0.001, 0.5, 1.0, -2]),
        ("[010, +1]", [10, 1]),
        ("[true, False, TRUE]", [True, False, True]),
        ("[yes, no, on, off, y]", ["yes", "no", "on", "off", "y"]),
        ("[1_0, 0x10, 0o10, 1:30, 2001-01-01]", ["1_0", "0x10", "0o10", "1:30", "2001-01-01"]),
        ("[.nan, .inf, nan]", [".nan", ".inf", "nan"]),
        ("['1', \"true\", '']", ["1", "true", ""]),
        ("[\u0661, " + "1" * 101 + "]", ["\u0661", "1" * 101]),
    ],
)
def test_a_value_is_read_as_people_mean_it(tmp_path, text, values):
    (read_values,) = read(tmp_path, f"X: {text}").values()
    assert read_values == values
    assert [type(value) for value in read_values] == [type(value) for value in values]


def test_the_command_line_reads_the_same():
    given = grid.parse_settings(["A=1e-3,010, 7,1_0,0x10,yes,nan,\u0661"])
    assert given == {"A": [0.001, 10, 7, "1_0", "0x10", "yes", "nan", "\u0661"]}


LAUGHS = ["a: &a [x, x]"]
for before, name in zip("abcdefgh", "bcdefghi", strict=True):
    LAUGHS.append(f"{name}: &{name} [{', '.join([f'*{before}'] * 10)}]")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("- SEED", "must have a line for each parameter"),
        ("", "must have a line for each parameter"),
        ("SEED: [1", "line 1"),
        ("1: 2", "line 1 must have a parameter"),
        ("[a]: 2", "line 1 must have a parameter"),
        ("*a : 2", "line 1"),
        ("SEED: 1\nSTEPS: 2\n'SEED': 3", "line 3 has SEED a second time"),
        ("SEED: 1\n---\nSEED: 2", "line 3 begins a second table"),
        ("SEED: [[1, 2]]", "line 1: a value of SEED must be a number"),
        ("SEED: {a: 1}", "line 1: a value of SEED must be a number"),
        ("SEED: [&a 1, *a]", "line 1: a value of SEED must be a number"),
        ("SEED: &a [*a]", "line 1: a value of SEED must be a number"),
        ("\n".join(LAUGHS), "line 2: a value of b must be a number"),
        ("SEED: !!int '3'", "line 1: a value of SEED must be a number"),
        ("SEED: !!python/object/apply:os.getcwd []", "line 1: a value of SEED must be a number"),
        ("SEED:", "line 1: SEED has no value"),
        ("SEED: [1, null]", "line 1: SEED has no value"),
        ('NAME: "\\ud800"', "line 1"),
        ('NAME: "\\UFFFFFFFF"', ""),
        ("SEED: " + "[" * 100_000, ""),
        ("{" * 100_000, ""),
        ("? " * 20_000, "line 1 must have a parameter"),
        ("SEED: [" + "0," * 1_000_000 + "0]", "more than 2,000,000 characters"),
    ],
)
@pytest.mark.parametrize("loader", ["CSafeLoader", "SafeLoader"])
def test_what_is_no_grid_is_refused_before_it_unfolds(tmp_path, text, message, loader, monkeypatch):
    monkeypatch.setattr(grid, "LOADER", getattr(yaml, loader))
    with pytest.raises(
        ParameterError, match=rf"(?s)the grid .*grid.yaml cannot be read: .*{message}"
    ):
        read(tmp_path, text)


def test_a_file_that_is_no_text(tmp_path):
    with pytest.raises(ParameterError, match="none.yaml cannot be read"):
        grid.read(tmp_path / "none.yaml")
    with pytest.raises(ParameterError, match="cannot be read: .*directory"):
        grid.read(tmp_path)
    path = tmp_path / "grid.yaml"
    path.write_text("SEED: 1", encoding="utf16")
    with pytest.raises(ParameterError, match="store it in UTF-8"):
        grid.read(path)
    path.write_bytes(b"\xef\xbb\xbfSEED: 1\r\n")
    assert grid.read(path) == {"SEED": [1]}


@pytest.mark.parametrize("text", ["NAME=\udcff", "\udcff=1"])
def test_bytes_that_are_no_text_are_refused(text):
    with pytest.raises(ParameterError, match="no text"):
        grid.parse_settings([text])


# How many runs


def test_too_many_runs_are_refused_before_they_are_combined(lesson):
    values = {"SEED": list(range(1000)), "NAME": list(map(str, range(1000))), "RATE": [0.5] * 1000}
    message = r"1,000,000,000 runs, more than 10,000 \(1 lesson × 1,000 of SEED × .*--max-runs"
    with pytest.raises(ParameterError, match=message):
        grid.plan([lesson], values)
    with pytest.raises(ParameterError, match="10,001 runs, more than 10,000"):
        grid.plan([lesson], {"SEED": list(range(10_001))})
    assert len(grid.plan([lesson], {"SEED": list(range(10_000))})) == 10_000
    assert len(grid.plan([lesson], {"SEED": [1, 2, 3]}, max_runs=3)) == 3
    with pytest.raises(ParameterError, match="3 runs, more than 2"):
        grid.plan([lesson], {"SEED": [1, 2, 3]}, max_runs=2)


def test_each_value_is_checked_by_itself(lesson):
    values = {"SEED": [*range(1000), "x"], "NAME": list(map(str, range(1000))), "STEPS": [1, 2]}
    with pytest.raises(ParameterError, match="SEED must be int, got 'x'"):
        grid.plan([lesson], values, max_runs=10**9)
    with pytest.raises(ParameterError, match="no parameter 'SEDE'"):
        grid.plan([lesson], values | {"SEDE": [1]})


def test_equal_values_make_one_run_and_it_is_said():
    values = {"RATE": [1, 1.0, 0.5, 1], "FAST": [True, True], "SEED": [1, 2]}
    assert grid.repeats(values) == [
        "RATE: 2 of 4 values equal one before them (1.0 is 1), and make no further run",
        "FAST: 1 of 2 values equal one before them (True is True), and make no further run",
    ]


def test_equal_values_make_one_run(lesson):
    runs = grid.plan([lesson], {"RATE": [1, 1.0, 0, -0.0], "SEED": [3, 3]})
    assert list(runs) == ["07_small,RATE=1,SEED=3", "07_small,RATE=0,SEED=3"]
