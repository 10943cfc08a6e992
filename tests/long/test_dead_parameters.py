"""A parameter that changes nothing recorded is a false promise in a sweep: `make test-long`."""

import re

import pytest

from gan_notebooks import fingerprints, notebooks, runner
from tests.small_notebooks import write_notebook

pytestmark = pytest.mark.long

# Where the usual other value (`fingerprints.other_value`) shows nothing, and another one does.
VALUES = {
    # The classifier that learns from the fakes guesses one digit after a dozen steps, whatever they
    # were: its accuracy moves from 2,000 fakes on.
    ("10_fair_comparison", "FAKES"): 4000,
}


def recorded(notebook, output, parameters):
    """What a run of a lesson records, its parameters apart: {place (tuple): number or text}.

    Times are recorded elsewhere, and a `place` is a path such as ("scores", "d_loss").
    """
    result = runner.execute(notebook, output, parameters, quiet=True)
    assert result.error is None, f"{parameters}: {result.error}"
    values = notebooks.read_record(output)["values"]
    kept = {name: values[name] for name in ("scores", "rows", "claims")}
    return dict(leaves(kept))


def leaves(value, place=()):
    """Each number or text in dicts and lists, as (place, leaf)."""
    if isinstance(value, dict):
        items = value.items()
    elif isinstance(value, list):
        items = enumerate(value)
    else:
        yield place, value
        return
    for name, part in items:
        yield from leaves(part, (*place, name))


def moved(before, after, old, new):
    """The places (list) where two records differ, but for those that only repeat the parameter.

    `old`, `new`: its value in the one and in the other.
    """
    return [
        place
        for place in before.keys() | after.keys()
        if before.get(place) != after.get(place)
        and not repeats(before.get(place), after.get(place), old, new)
    ]


def repeats(before, after, old, new):
    """Do two leaves differ by the parameter's own value alone, such as `STEPS` in a sentence?"""
    if (before, after) == (old, new):
        return True
    if not isinstance(before, str) or not isinstance(after, str):
        return False
    return without(before, old) == without(after, new)


def without(text, value):
    """A text with "…" wherever it names the value."""
    written = [value] if isinstance(value, str) else [f"{value}", f"{value:,}"]
    names = "|".join(re.escape(name) for name in written if name)
    return re.sub(rf"(?<![\w.])({names})(?![\w.]?\w)", "…", text) if names else text


def dead(notebook, folder):
    """The parameters (list) of a lesson that change nothing recorded, each varied by itself.

    At smoke size, a run in a process of its own: with all variants of the table, and where that
    shows nothing as a reader runs the lesson, without them.
    """
    lesson = notebooks.outline(notebook)
    with_table = fingerprints.smoke_parameters(lesson)
    left = unmoved(notebook, folder, lesson.parameters, with_table)
    if left and "TABLE" in lesson.parameters:
        left = unmoved(notebook, folder, left, with_table | {"TABLE": ""})
    return left


def unmoved(notebook, folder, names, usual):
    """Those of the parameters `names` (list) that move nothing when all else is as `usual` (dict).

    The lesson is run once more with nothing changed: else a record that never repeats would hide
    them all.
    """
    lesson = notebooks.outline(notebook)
    before = recorded(notebook, folder / "before.ipynb", usual)
    again = recorded(notebook, folder / "again.ipynb", usual)
    assert again == before, "the record of this lesson does not repeat: no parameter can be judged"
    left = []
    for name in names:
        old = (lesson.defaults | usual)[name]
        new = VALUES.get((lesson.name, name), fingerprints.other_value(lesson, name))
        after = recorded(notebook, folder / f"{name}.ipynb", usual | {name: new})
        places = moved(before, after, old, new)
        print(f"{lesson.name}: {name} {old!r} → {new!r} moves {len(places)} of {len(before)}")
        if not places:
            left.append(name)
    return left


@pytest.mark.parametrize("notebook", notebooks.lessons(), ids=lambda path: path.stem)
def test_every_parameter_changes_what_is_recorded(notebook, tmp_path):
    names = dead(notebook, tmp_path)
    assert names == [], "remove them, or record what they change (or give another value in VALUES)"


@pytest.mark.parametrize("name, parameter", VALUES)
def test_other_values_are_of_parameters_that_exist(name, parameter):
    (notebook,) = notebooks.lessons(name)
    assert parameter in notebooks.outline(notebook).parameters


@pytest.mark.parametrize(
    "before, after, old, new",
    [
        (16, 128, 16, 128),
        ("after 1,000 steps", "after 8,000 steps", 1000, 8000),
        ("after 1000 steps.", "after 8000 steps.", 1000, 8000),
        ("trained at 2.5", "trained at 5.0", 2.5, 5.0),
        ("learns from a", "learns from b", "a", "b"),
    ],
)
def test_what_repeats_the_parameter_says_nothing(before, after, old, new):
    assert moved({("scores", "x"): before}, {("scores", "x"): after}, old, new) == []


@pytest.mark.parametrize(
    "before, after, old, new",
    [
        (0, 5, 0, 2),
        (0.25, 0.5, 16, 128),
        ("0.16 after 16 steps", "0.17 after 128 steps", 16, 128),
        ("loss 1.16", "loss 1.128", 16, 128),
        ("all", "none", "all", ""),
        (None, 0, 0, 2),
    ],
)
def test_what_else_moves_counts(before, after, old, new):
    assert moved({("x",): before}, {("x",): after}, old, new) == [("x",)]
    assert moved({("x",): before}, {("x",): before}, old, new) == []


def test_dead_parameters_are_found(tmp_path):
    """Those that nobody reads, and those that are only repeated."""
    cells = [
        "from gan_helpers.lesson import Lesson\nlesson = Lesson('07_tiny')",
        "SEED: int = 0  # seed\n"
        "STEPS: int = 1000  # only repeated\n"
        "SHOWN: str = 'a'  # only printed\n"
        "UNREAD: bool = False  # read by nobody\n"
        "TABLE: str = ''  # variants",
        "lesson.parameters(globals(), SEED=(int, 0, 999), STEPS=(int, 1, 9999), SHOWN={'a', 'b'},"
        " UNREAD=bool, TABLE=['x'])",
        "print(SHOWN)\nlesson.claim(f'so it is after {STEPS:,} steps', True)",
        "lesson.score(square=SEED * SEED, steps=STEPS, every=TABLE == 'all')\nlesson.record()",
    ]
    path = tmp_path / "07_tiny.ipynb"
    write_notebook(path, *cells, parameters=1, sizes={"smoke": {}})
    assert dead(path, tmp_path) == ["STEPS", "SHOWN", "UNREAD"]
