"""notebooks.py and specs.py: finding lessons, and reading what they say about themselves."""

import types

import nbformat
import pytest
from nbformat.v4 import new_code_cell

from gan_notebooks import notebooks
from gan_notebooks.errors import CourseError
from gan_notebooks.specs import read_specs


def test_lessons_are_found_by_prefix(tmp_path, write_notebook):
    for name in ("02_b", "01_a", "02_a"):
        write_notebook(tmp_path / f"{name}.ipynb")
    assert [path.stem for path in notebooks.lessons("02", tmp_path)] == ["02_a", "02_b"]
    with pytest.raises(CourseError, match="starts with '05'; there are: 01_a, 02_a, 02_b"):
        notebooks.lessons("05", tmp_path)
    with pytest.raises(CourseError, match=r"there are no notebooks in .*none: .* --notebooks"):
        notebooks.lessons(folder=tmp_path / "none")


def test_size_comes_from_the_notebook(lesson, write_notebook):
    assert notebooks.size_parameters(lesson, "smoke") == {"STEPS": 2}
    assert notebooks.size_parameters(lesson, "default") == {}
    with pytest.raises(ValueError, match="'tiny'"):
        notebooks.size_parameters(lesson, "tiny")
    other = write_notebook(lesson.with_name("x.ipynb"), sizes={"full": {}})
    with pytest.raises(CourseError, match="x has no size 'smoke'"):
        notebooks.size_parameters(other, "smoke")


# What a lesson says about itself


def test_an_outline_holds_what_the_lesson_says(tmp_path, write_lesson):
    parameters = "STEPS: int = 5  # steps\nMODE: str = 'a'  # the way\nRATE: float = -1e-3"
    check = "lesson.parameters(globals(), STEPS=(int, 1, 10), MODE={'a', 'b'}, RATE=(float, -1, 0))"
    outline = notebooks.outline(write_lesson(tmp_path, parameters, check))
    assert outline.name == "07_small" and outline.title == "07 · Small"
    assert outline.parameters == {
        "STEPS": ("STEPS", 5, (int, 1, 10), "steps"),
        "MODE": ("MODE", "a", {"a", "b"}, "the way"),
        "RATE": ("RATE", -0.001, (float, -1, 0), ""),
    }
    assert outline.defaults == {"STEPS": 5, "MODE": "a", "RATE": -0.001}
    assert outline.specs["MODE"] == {"a", "b"}
    assert outline.at_size("default") == {}
    assert outline.at_size("full") == {"STEPS": 9}


@pytest.mark.parametrize("path", notebooks.lessons(), ids=lambda path: path.stem)
def test_it_reads_of_a_lesson_of_the_course_what_running_its_cells_gives(path):
    cells = [cell for cell in nbformat.read(path, 4).cells if cell.cell_type == "code"]
    defaults = {}
    (tagged,) = [cell for cell in cells if "parameters" in cell.metadata.get("tags", [])]
    exec(tagged.source, defaults)
    specs = {}
    stand_in = types.SimpleNamespace(
        parameters=lambda namespace, **given: specs.update(given), setup=lambda seed: None
    )
    (check,) = [cell for cell in cells if "lesson.parameters(" in cell.source]
    exec(check.source, {"lesson": stand_in, "training": stand_in, "SEED": 0})
    outline = notebooks.outline(path)
    assert outline.specs == specs and list(outline.specs) == list(specs)
    assert outline.defaults == {name: defaults[name] for name in specs}
    for parameter in outline.parameters.values():
        (source,) = [line for line in tagged.source.splitlines() if line.startswith(parameter.name)]
        assert parameter.meaning and source.endswith("# " + parameter.meaning)


@pytest.mark.parametrize(
    ("parameters", "check", "message"),
    [
        ("STEPS: int = 5", "lesson.parameters(globals(), STEP=(int, 1, 2))", "STEP, STEPS stands"),
        ("STEPS: int = 5  # a = b", "lesson.parameters(globals(), STEPS=str)", "STEPS stands in"),
        ("STEPS: int = len('a')", "lesson.parameters(globals(), STEPS=str)", "default of STEPS"),
        ("STEPS: str = '#'", "lesson.parameters(globals(), STEPS=str)", "default of STEPS"),
        ("STEPS: int = 5", "print(1)", "no cell calls lesson.parameters"),
        ("STEPS: int = 5", "%pip\nlesson.parameters(STEPS=str)", "cannot be read: invalid syntax"),
    ],
)
def test_an_outline_that_does_not_fit_is_refused(
    tmp_path, write_lesson, parameters, check, message
):
    path = write_lesson(tmp_path, parameters, check)
    with pytest.raises(CourseError, match=f"07_small: .*{message}"):
        notebooks.outline(path)


def test_a_folder_with_braces_is_no_format_string(tmp_path, write_lesson):
    folder = tmp_path / "{a} {"
    folder.mkdir()
    assert notebooks.outline(write_lesson(folder)).defaults == {"STEPS": 5}


@pytest.mark.parametrize(
    "text", ["", "{", "[]", '{"nbformat": 4, "nbformat_minor": 5, "metadata": {}}', "\xff"]
)
def test_a_damaged_notebook_is_named(tmp_path, text):
    path = tmp_path / "07_small.ipynb"
    path.write_text(text, encoding="latin1")
    for read in (notebooks.read, notebooks.outline, notebooks.read_record):
        with pytest.raises(CourseError, match=r"the notebook .*07_small.ipynb cannot be read"):
            read(path)
    assert notebooks.stopped_in(path, "it broke") == "its start: it broke"


# Reading the syntax tree


def spec(text):
    return read_specs(f"lesson.parameters(globals(), X={text})", "07_small")["X"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("bool", bool),
        ("str", str),
        ("(int, -1, +2)", (int, -1, 2)),
        ("(int, 0, 2**31 - 1)", (int, 0, 2147483647)),
        ("(int, -2**4, 1_000 + 1)", (int, -16, 1001)),
        ("(float, -1e-8, 0.5)", (float, -1e-8, 0.5)),
        ("{'a', 'b'}", {"a", "b"}),
        ("{-1, 1.5}", {-1, 1.5}),
        ("['long: a', 'b']", ["long: a", "b"]),
        ("[]", []),
    ],
)
def test_specs_are_read(text, expected):
    assert spec(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "print('run')",
        "(int, 0, len('abc'))",
        "__import__('os').getcwd()",
        "(int, 0, __import__('os').getpid())",
        "(int.__class__, 0, 1)",
        "int.__base__",
        "{name for name in ('a', 'b')}",
        "[name for name in ('a', 'b')]",
        "(lambda: str)()",
        "{**{'a': 1}}",
        "[*'ab']",
        "f'{1}'",
        "STEPS",
        "list",
        "(str, 0, 1)",
        "(int, 0)",
        "(int, 0, 1, 2)",
        "(int, 0, True)",
        "(int, 0, 'a')",
        "(int, 0, 1j)",
        "(int, 0, ~1)",
        "(int, 0, 7 * 7)",
        "(int, 0, 9**9**9)",
        "(int, 0, 2**65)",
        "(int, 0, 1000000**64)",
        "(int, 0, 2**-1)",
        "(int, 0, 'a'**2)",
        "(float, 0, 1.5**2)",
        "{'a', 1}",
        "{1, 'a'}",
        "{None}",
        "['a', 1]",
        "5",
        "'a'",
        "None",
        "(X := int)",
    ],
)
def test_what_is_no_spec_is_refused_with_its_name_and_not_run(text, capsys):
    with pytest.raises(CourseError) as caught:
        spec(text)
    assert str(caught.value).startswith("07_small: what lesson.parameters says of X is no")
    assert "There may stand one of the types int, float" in str(caught.value)
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("text", ["**specs", "**str"])
def test_names_in_a_dict_are_refused(text):
    with pytest.raises(CourseError, match="07_small: what lesson.parameters says of a parameter"):
        read_specs(f"lesson.parameters(globals(), {text})", "07_small")


def test_the_call_is_found_among_others():
    source = "D.parameters(A=1)\nprint(lesson.parameters(globals(), STEPS=int))\nG.parameters(B=2)"
    assert read_specs(source, "07_small") == {"STEPS": int}


def test_code_that_is_too_deep_is_refused():
    with pytest.raises(CourseError, match="07_small: "):
        spec("(int, 0, " + "+".join(["1"] * 100_000) + ")")


# What an executed notebook holds


def test_a_record_that_never_was(tmp_path, lesson):
    assert notebooks.read_record(tmp_path / "none.ipynb") == {}
    assert notebooks.read_record(lesson) == {}


def test_the_cell_that_a_run_stopped_in(tmp_path, write_notebook):
    cells = [new_code_cell(source) for source in ("1", "", "2", "3")]
    for cell in cells[:3]:
        cell.metadata["papermill"] = {"start_time": "then"}
    path = write_notebook(tmp_path / "07.ipynb", *cells)
    assert notebooks.stopped_in(path, "it broke") == "cell [2]: it broke", "empty cells do not run"
    assert notebooks.stopped_in(tmp_path / "none.ipynb", "it broke") == "its start: it broke"
