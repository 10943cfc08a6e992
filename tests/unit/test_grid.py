"""grid.py: which runs a sweep has."""

import pytest

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


@pytest.mark.parametrize("text", ["- SEED", "SEED: [1", "1: 2"])
def test_what_is_no_grid_is_named(text, tmp_path):
    path = tmp_path / "grid.yaml"
    path.write_text(text, encoding="utf8")
    with pytest.raises(ParameterError, match=r"the grid .*grid.yaml"):
        grid.read(path)
    with pytest.raises(ParameterError, match="cannot be read"):
        grid.read(tmp_path / "none.yaml")
