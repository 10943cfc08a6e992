"""lesson.py: parameters are checked before training, claims and results are recorded."""

from types import SimpleNamespace

import pytest

from gan_helpers.lesson import TIMINGS, VALUES, Lesson
from gan_helpers.parameters import ParameterError
from gan_helpers.training import History

EXPECTED = {
    "SEED": (int, 0, 100),
    "LEARNING_RATE": (float, 0, 1),
    "PUBLISHED": bool,
    "DEVICE": {"cpu", "cuda"},
}
GOOD = {"SEED": 3, "LEARNING_RATE": 2e-4, "PUBLISHED": False, "DEVICE": "cpu"}


@pytest.fixture
def lesson():
    return Lesson("99_test")


def test_good_parameters_are_recorded(lesson):
    lesson.parameters({**GOOD, "G": 1, "F": 2, "lower": 3}, **EXPECTED)
    assert lesson.values["parameters"] == GOOD


@pytest.mark.parametrize(
    "change, message",
    [
        ({"SEDE": 1}, r"no parameter 'SEDE' in 99_test. Did you mean 'SEED'\?"),
        ({"SEED": 101}, r"SEED must lie in 0 … 100, got 101"),
        ({"SEED": -1}, r"SEED must lie in 0 … 100, got -1"),
        ({"SEED": 1.0}, r"SEED must be int, got 1.0 \(float\)"),
        ({"SEED": True}, r"SEED must be int, got True"),
        ({"LEARNING_RATE": "1e-3"}, r"LEARNING_RATE must be float, got '1e-3'.*YAML 1.0e-3"),
        ({"LEARNING_RATE": float("nan")}, r"LEARNING_RATE must lie in 0 … 1, got nan"),
        ({"LEARNING_RATE": True}, r"LEARNING_RATE must be float"),
        ({"PUBLISHED": "true"}, r"PUBLISHED must be bool, got 'true'.*-y 'PUBLISHED"),
        ({"PUBLISHED": 1}, r"PUBLISHED must be bool, got 1"),
        ({"DEVICE": "gpu"}, r"DEVICE must be one of \['cpu', 'cuda'\], got 'gpu'"),
    ],
)
def test_bad_parameters_name_cause_and_cure(lesson, change, message):
    with pytest.raises(ParameterError, match=message):
        lesson.parameters({**GOOD, **change}, **EXPECTED)


def test_an_int_serves_as_float(lesson):
    lesson.parameters({**GOOD, "LEARNING_RATE": 1}, **EXPECTED)
    assert lesson.values["parameters"] == {**GOOD, "LEARNING_RATE": 1}


def test_a_missing_parameter_is_named(lesson):
    with pytest.raises(ParameterError, match="SEED is missing"):
        lesson.parameters({name: GOOD[name] for name in GOOD if name != "SEED"}, **EXPECTED)


def test_an_injected_lower_case_name_is_caught(lesson):
    """papermill injects whatever it is given, in a cell that begins with `# Parameters`."""
    namespace = {
        **GOOD,
        "seed": 5,
        "In": ["", "x = 1", "# Parameters\nseed = 5\nPUBLISHED = True\n"],
    }
    with pytest.raises(ParameterError, match="no parameter 'seed'.*Did you mean 'SEED'"):
        lesson.parameters(namespace, **EXPECTED)


def test_claims_are_printed_and_recorded(lesson, capsys):
    lesson.claim("two and two make 4", 2 + 2 == 4)
    lesson.claim("two and two make 5", 2 + 2 == 5)
    assert "✔ two and two make 4\n✘ two and two make 5" in capsys.readouterr().out
    assert [claim["holds"] for claim in lesson.claims.values()] == [True, False]


def test_a_cell_run_again_replaces_its_own_claims_only(lesson, monkeypatch):
    def run_cell(count, source, *sentences):
        shell = SimpleNamespace(execution_count=count, user_ns={"In": ["", source]})
        monkeypatch.setattr("gan_helpers.lesson.get_ipython", lambda: shell)
        for sentence in sentences:
            lesson.claim(sentence, "wrong" not in sentence)

    run_cell(1, "cell one", "a is 1", "a is 2, wrong")
    run_cell(2, "cell two", "a is 1")
    assert [claim["holds"] for claim in lesson.claims.values()] == [True, False, True]
    run_cell(3, "cell one", "a is 3", "a is 4")
    assert [claim["sentence"] for claim in lesson.claims.values()] == ["a is 3", "a is 4", "a is 1"]


def test_an_unknown_kind_of_claim_is_refused(lesson):
    with pytest.raises(ValueError, match="'guess'"):
        lesson.claim("it is better", True, kind="guess")


def test_record_gives_two_outputs(lesson, monkeypatch):
    shown = []
    monkeypatch.setattr(
        "gan_helpers.lesson.display",
        lambda data, raw, metadata=None: shown.append((data, metadata)),
    )
    lesson.parameters(GOOD, **EXPECTED)
    lesson.claim("it holds", True)
    lesson.record(score=0.5)
    (values, _), (timing_data, metadata) = shown
    assert values[VALUES] == {
        "parameters": GOOD,
        "lesson": "99_test",
        "scores": {"score": 0.5},
        "claims": [{"sentence": "it holds", "holds": True, "kind": "exact"}],
        "rows": [],
    }
    assert metadata[TIMINGS]["seconds"] > 0 and "torch" in metadata[TIMINGS]["versions"]
    assert "seconds" not in str(values[VALUES]) and not any(
        char.isdigit() for char in timing_data["text/plain"]
    )


@pytest.mark.parametrize(
    ("holds", "verdict"),
    [
        (dict.fromkeys(range(5), True), "✔ it is better [5 of 5 seeds]"),
        ({0: True, 1: False, 2: True, 3: True, 4: False}, "✘ it is better [not on seed 1, 4]"),
        (dict.fromkeys(range(4), True), "✘ it is better [4 of 5 seeds needed]"),
        ({}, "✘ it is better [0 of 5 seeds needed]"),
    ],
)
def test_a_measured_claim_holds_only_on_all_of_five_seeds(lesson, capsys, holds, verdict):
    lesson.claim("it is better", holds, kind="measured")
    assert verdict in capsys.readouterr().out
    (claim,) = lesson.claims.values()
    assert claim == {
        "sentence": "it is better",
        "holds": verdict.startswith("✔"),
        "kind": "measured",
    }


def test_a_claim_refuses_what_it_cannot_judge(lesson):
    with pytest.raises(TypeError, match="dict of seed to bool, got bool"):
        lesson.claim("it is better", True, kind="measured")
    with pytest.raises(ValueError, match='"exact" or "measured"'):
        lesson.claim("it is better", True, kind="felt")


def test_rows_carry_fingerprints_and_seconds(lesson, monkeypatch):
    shown = []
    monkeypatch.setattr(
        "gan_helpers.lesson.display",
        lambda data, raw, metadata=None: shown.append((data, metadata)),
    )
    history = History()
    for history.step in range(1, 8):
        history.record({"g_loss": -history.step, "d_loss": history.step, "score_real": 99})
    history.seconds = 2.5
    lesson.row("early", 4, history, digit_fid=7.0)
    lesson.row("early", 4, history, digit_fid=8.0, cpu_seconds=3.25)  # the cell was run again
    lesson.record()
    (values, _), (_, metadata) = shown
    assert values[VALUES]["rows"] == [
        {
            "variant": "early",
            "step": 4,
            "digit_fid": 8.0,
            "fingerprint": {"losses": [1, 2, 3, 4, 5, 7, -1, -2, -3, -4, -5, -7], "weights": []},
        }
    ]
    assert metadata[TIMINGS]["row_times"] == [{"seconds": 2.5, "cpu_seconds": 3.25}], (
        "no times among the values"
    )


def test_a_row_refuses_a_name_that_a_list_of_names_would_take_apart(lesson):
    with pytest.raises(ValueError, match="no semicolon"):
        lesson.row("one; two", 1, History())
