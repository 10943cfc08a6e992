"""lesson.py: parameters are checked before training, claims and results are recorded."""

import importlib.util
from types import SimpleNamespace

import pytest

from gan_helpers import tables
from gan_helpers.lesson import TIMINGS, VALUES, Lesson
from gan_helpers.parameters import ParameterError, chosen
from gan_helpers.training import History

EXPECTED = {
    "SEED": (int, 0, 100),
    "LEARNING_RATE": (float, 0, 1),
    "PUBLISHED": bool,
    "DEVICE": {"cpu", "cuda"},
    "TABLE": ["one", "two"],
}
GOOD = {
    "SEED": 3,
    "LEARNING_RATE": 2e-4,
    "PUBLISHED": False,
    "DEVICE": "cpu",
    "TABLE": "two; one",
}


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
        ({"DEVICE": ["cpu"]}, r"DEVICE must be one of \['cpu', 'cuda'\], got \['cpu'\]"),
        ({"TABLE": "one; tow"}, r"TABLE must name some of one; two.*got 'tow'. .*'two'\?"),
    ],
)
def test_bad_parameters_name_cause_and_cure(lesson, change, message):
    with pytest.raises(ParameterError, match=message):
        lesson.parameters({**GOOD, **change}, **EXPECTED)


def test_an_int_serves_as_float(lesson):
    lesson.parameters({**GOOD, "LEARNING_RATE": 1}, **EXPECTED)
    assert lesson.values["parameters"] == {**GOOD, "LEARNING_RATE": 1}


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("all", ["one", "two", "three"]),
        ("two", ["two"]),
        ("three; one", ["three", "one"]),
        (" two ;; ", ["two"]),
        ("", []),
        (5, ["5"]),
    ],
)
def test_names_are_chosen_by_semicolons_or_all(text, names):
    assert chosen(text, ["one", "two", "three"]) == names


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


def watch_display(shown, monkeypatch):
    """Whatever is displayed goes to the list `shown`, as (data, metadata)."""

    def display(data, raw, metadata=None):
        shown.append((data, metadata))

    monkeypatch.setattr("gan_helpers.lesson.display", display)


def test_record_gives_two_outputs(lesson, monkeypatch):
    shown = []
    watch_display(shown, monkeypatch)
    lesson.parameters(GOOD, **EXPECTED)
    lesson.claim("it holds", True)
    lesson.score(score=0.5)
    lesson.record()
    (values, _), (timing_data, metadata) = shown
    assert values[VALUES] == {
        "parameters": GOOD,
        "lesson": "99_test",
        "scores": {"score": 0.5},
        "claims": [{"sentence": "it holds", "holds": True, "kind": "exact"}],
        "rows": [],
    }
    assert metadata[TIMINGS]["seconds"] > 0
    assert "torch" in metadata[TIMINGS]["versions"]
    assert "seconds" not in str(values[VALUES])
    assert not any(char.isdigit() for char in timing_data["text/plain"])


def test_scores_are_recorded_in_their_order_and_a_cell_run_again_replaces_its_own(
    lesson, monkeypatch
):
    shown = []
    watch_display(shown, monkeypatch)
    lesson.score(**{"b fid": 3.0, "a": {"x": [1, 2]}})
    lesson.score(name="main")
    lesson.score(**{"b fid": 4.5})
    lesson.record()
    (values, _), _ = shown
    assert values[VALUES]["scores"] == {"b fid": 4.5, "a": {"x": [1, 2]}, "name": "main"}
    assert values["text/plain"].splitlines() == [
        "Recorded: 0 of 0 claims hold.",
        "b fid: 4.5",
        "a: {'x': [1, 2]}",
        "name: main",
    ]


def test_what_is_handed_over_is_copied(lesson, monkeypatch):
    """A later cell may change the lists and dicts that it was taken from."""
    shown = []
    watch_display(shown, monkeypatch)
    namespace = dict(GOOD)
    lesson.parameters(namespace, **EXPECTED)
    runs = {"BCE": {"digit_fid": 7.0, "histogram": [1, 2]}}
    holds = dict.fromkeys(range(5), True)
    history = History()
    history.step = 1
    history.record({"d_loss": 0.5})
    lesson.claim("it is better", holds, kind="measured")
    lesson.row("BCE", 1, history, **runs["BCE"])
    lesson.score(runs=runs)
    namespace.clear()
    holds[2] = False
    runs["BCE"]["histogram"].append(3)
    runs["BCE"]["digit_fid"] = 0.0
    runs.clear()
    history["d_loss"].clear()
    lesson.record()
    (values, _), _ = shown
    recorded = values[VALUES]
    assert recorded["parameters"] == GOOD
    assert [claim["holds"] for claim in recorded["claims"]] == [True]
    assert recorded["scores"] == {"runs": {"BCE": {"digit_fid": 7.0, "histogram": [1, 2]}}}
    assert recorded["rows"] == [
        {
            "variant": "BCE",
            "step": 1,
            "digit_fid": 7.0,
            "histogram": [1, 2],
            "fingerprint": {"losses": [0.5, 0.5], "weights": []},
        }
    ]


@pytest.mark.parametrize("module", ["torch", "PIL"])
def test_a_python_that_lacks_what_lessons_import_is_refused(module, monkeypatch):
    find = importlib.util.find_spec
    missing = {module}
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: None if name in missing else find(name)
    )
    with pytest.raises(ModuleNotFoundError, match=f"No module named '{module}'"):
        Lesson("99_test")


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
    watch_display(shown, monkeypatch)
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
    # No times among the values.
    assert metadata[TIMINGS]["row_times"] == [{"seconds": 2.5, "cpu_seconds": 3.25}]


def test_a_row_refuses_a_name_that_a_list_of_names_would_take_apart(lesson):
    with pytest.raises(ValueError, match="no semicolon"):
        lesson.row("one; two", 1, History())


# Claims on a table


def table(**values):
    """Rows of two variants, "a" and "b", whose x is given by seed."""
    rows = []
    for variant, numbers in values.items():
        for seed, x in enumerate(numbers):
            rows.append({"variant": variant, "seed": seed, "x": x, "step": 9})
    return rows


def is_below(a, b):
    return a["x"] < b["x"]


@pytest.mark.parametrize(
    ("rows", "verdict"),
    [
        (table(a=[1, 2, 3, 4, 5], b=[2, 3, 4, 5, 6]), "✔ a is below b [5 of 5 seeds]"),
        (table(a=[1, 2, 4, 4, 7], b=[2, 3, 4, 5, 6]), "✘ a is below b [not on seed 2, 4]"),
        (table(a=[1, 2, 3, 4, 5], b=[2, 3, 4, 5]), "✘ a is below b [4 of 5 seeds needed]"),
        (table(a=[1, 2, 3, 4, 5]), "✘ a is below b [0 of 5 seeds needed]"),
        ([], "✘ a is below b [0 of 5 seeds needed]"),
    ],
)
def test_a_claim_on_a_table_is_tested_seed_by_seed(lesson, capsys, rows, verdict):
    lesson.measured("a is below b", rows, ["a", "b"], is_below)
    assert verdict in capsys.readouterr().out
    (claim,) = lesson.claims.values()
    assert claim == {
        "sentence": "a is below b",
        "holds": verdict.startswith("✔"),
        "kind": "measured",
    }
    assert type(claim["holds"]) is bool


def test_a_claim_on_a_table_takes_the_rows_of_one_variant_that_are_asked_for(lesson):
    rows = table(a=[1, 2, 3, 4, 5])
    rows.append({"variant": "a", "seed": 0, "x": 99, "step": 10})
    lesson.measured("small", rows, "a", lambda a: a["x"] < 9, step=9)
    lesson.measured("large", rows, "a", lambda a: a["x"] > 9, step=9)
    assert [claim["holds"] for claim in lesson.claims.values()] == [True, False]
    with pytest.raises(ValueError, match="a has several rows of seed 0.*such as step"):
        lesson.measured("small", rows, "a", lambda a: a["x"] < 9)


def test_a_column_that_the_table_lacks_is_named_and_the_claim_does_not_hold(lesson, capsys):
    rows = table(a=[1, 2, 3, 4, 5])
    del rows[3]["x"]
    lesson.measured("small", rows, "a", lambda a: a["x"] < 9)
    text = capsys.readouterr().out
    assert "✘ small [4 of 5 seeds needed]\n  The table lacks 'x': `make results`" in text
    assert [claim["holds"] for claim in lesson.claims.values()] == [False]


def test_rows_of_a_seed_stand_side_by_side_in_the_order_of_the_variants():
    rows = table(a=[1, 2], b=[3, 4], c=[5])
    compared = tables.side_by_side(rows, ["b", "a"], step=9)
    assert {seed: [row["x"] for row in pair] for seed, pair in compared.items()} == {
        0: [3, 1],
        1: [4, 2],
    }
    assert list(tables.side_by_side(rows, ["a", "c"])) == [0]
    assert tables.side_by_side(rows, ["a"], step=8) == {}


def as_lesson_00(lesson, stored):
    """Its claim in both ways; so does each function here."""
    sentence = "the fair game reaches at least 8 of the 10 modes"
    modes = tables.by_seed(stored, "modes", variant="a fair game")
    lesson.claim(sentence, {seed: count >= 8 for seed, count in modes.items()}, kind="measured")
    lesson.measured(sentence, stored, "a fair game", lambda game: game["modes"] >= 8)


def as_lesson_01(lesson, stored):
    sentence = "scaled by mean and std, digit_fid is at least 1.25 times that of [-1, 1]"
    names = ["mean and std", "[-1, 1]"]
    standard, right = (tables.by_seed(stored, "digit_fid", variant=name) for name in names)
    holds = {seed: standard[seed] > 1.25 * right[seed] for seed in right}
    lesson.claim(sentence, holds, kind="measured")
    lesson.measured(
        sentence,
        stored,
        names,
        lambda standard, right: standard["digit_fid"] > 1.25 * right["digit_fid"],
    )


def as_lesson_05(lesson, stored):
    sentence = "with D's cross-entropy, the five losses of G end within 1.5 times of each other"
    losses = ("minimax", "cross-entropy", "least squares", "Wasserstein", "least squares on p")
    names = [f"(a) {name}" for name in losses]
    ends = [tables.by_seed(stored, "digit_fid", variant=name) for name in names]
    holds = {}
    for seed in ends[0]:
        holds[seed] = max(end[seed] for end in ends) < 1.5 * min(end[seed] for end in ends)
    lesson.claim(sentence, holds, kind="measured")

    def within(*runs):
        distances = [run["digit_fid"] for run in runs]
        return max(distances) < 1.5 * min(distances)

    lesson.measured(sentence, stored, names, within)


def as_lesson_09(lesson, stored):
    sentence = "at equal steps the penalty ends at less than 0.75 of BCE's, for both judges"
    columns = ("digit_fid", "digit_fid_2nd")
    holds = tables.below(stored, columns, "penalty", "BCE", factor=0.75, at="steps")
    lesson.claim(sentence, holds, kind="measured")

    def is_nearer(penalty, bce):
        return all(penalty[column] < 0.75 * bce[column] for column in columns)

    lesson.measured(sentence, stored, ["penalty", "BCE"], is_nearer, at="steps")


def as_lesson_09_says_not(lesson, stored):
    sentence = "R1 is nearer than the penalty, for the first judge"
    holds = tables.below(stored, ["digit_fid"], "R1", "penalty", at="seconds")
    lesson.claim(sentence, holds, kind="measured")
    lesson.measured(
        sentence,
        stored,
        ["R1", "penalty"],
        lambda r1, penalty: r1["digit_fid"] < penalty["digit_fid"],
        at="seconds",
    )


@pytest.mark.parametrize(
    ("claim_both_ways", "name", "holds"),
    [
        (as_lesson_00, "00_the_game", True),
        (as_lesson_01, "01_data_scaling", True),
        (as_lesson_05, "05_generator_losses", True),
        (as_lesson_09, "09_wasserstein", True),
        (as_lesson_09_says_not, "09_wasserstein", False),
    ],
)
def test_claims_of_lessons_are_the_same_in_both_ways(claim_both_ways, name, holds, lesson, capsys):
    capsys.readouterr()
    claim_both_ways(lesson, tables.read(name))
    dict_of_seeds, on_table = lesson.claims.values()
    assert dict_of_seeds == on_table
    assert on_table["holds"] is holds
    first, second = capsys.readouterr().out.splitlines()
    assert first == second
