"""notebooks.py and specs.py: finding lessons, and reading what they say about themselves."""

import json
import os
import types

import nbformat
import pytest
from nbformat.v4 import new_code_cell

from gan_notebooks import notebooks
from gan_notebooks.errors import CourseError
from gan_notebooks.specs import read_specs

CHECK = "lesson.parameters(globals(), STEPS=(int, 1, 10))"


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
    exec(check.source, defaults | {"lesson": stand_in, "training": stand_in})
    outline = notebooks.outline(path)
    assert outline.specs == specs and list(outline.specs) == list(specs)
    assert outline.defaults == {name: defaults[name] for name in specs}
    for parameter in outline.parameters.values():
        start = f"{parameter.name}:"
        (source,) = [line for line in tagged.source.splitlines() if line.startswith(start)]
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
        ("STEPS: int = 5", "lesson.parameters(STEPS=int, STEPS=str)", "has a name twice"),
        ("STEPS: int = 50", CHECK, "default of STEPS does not fit: STEPS must lie in 1 … 10"),
        ("STEPS: str = 'a\x85b'", "lesson.parameters(STEPS=str)", "default of STEPS must be a lit"),
        ("STEPS: str = '''a\nb'''", "lesson.parameters(STEPS=str)", "default of STEPS must be"),
        ("STEPS: int = None", CHECK, "default of STEPS must be a literal"),
        ("STEPS: int = 0x" + "f" * 4000, CHECK, "default of STEPS must be a literal"),
        ("STEPS: int = " + "(" * 1000 + "1" + ")" * 1000, CHECK, "cannot be read"),
        ("STEPS: int = " + "-" * 4000 + "1", CHECK, "(cannot be read|must be a literal)"),
        (
            "STEPS: str = '" + " " * 1_000_000 + "'",
            CHECK,
            "1,000,015 characters, and at most 5,000",
        ),
        ("STEPS: int = " + " " * 4900 + "!", CHECK, "cannot be read"),
        ("STEPS: int = 5\0", CHECK, "cannot be read"),
        ("\uff33TEPS: int = 5", CHECK, "STEPS, \uff33TEPS stands in"),
        ("STEPS: int = 5", CHECK + "\n" + "0," * 30_000, "60,0.. characters, and at most 50,000"),
        ("STEPS: int = 5", "lesson.parameters(STEPS=" + "(" * 20_000, "cannot be read"),
        ("STEPS: int = 5", "lesson.parameters(STEPS=" + "-" * 40_000 + "1)", ""),
    ],
)
def test_an_outline_that_does_not_fit_is_refused(
    tmp_path, write_lesson, parameters, check, message
):
    path = write_lesson(tmp_path, parameters, check)
    with pytest.raises(CourseError, match=f"07_small: .*{message}"):
        notebooks.outline(path)


BOOM = "open('ran', 'w')"


@pytest.mark.parametrize(
    "source",
    [
        BOOM,
        f"[{BOOM} for _ in 'a']",
        f'f"{{{BOOM}}}"',
        f"(x := {BOOM})",
        f"(lambda: {BOOM})()",
        f"@{BOOM}\ndef f(): pass",
        f"class A({BOOM}): pass",
        f"if {BOOM}:\n    STEPS: int = 7",
        f"with {BOOM}: STEPS = 7",
        f"a[{BOOM}] = 1",
        f"STEPS: ({BOOM}) = 5",
        f"STEPS: int = {BOOM}",
        "STEPS: int = 9**9**9",
        "STEPS: str = 'a' * 10**10",
        "import os",
        "STEPS = X = 5",
        "STEPS: int",
        "!touch ran",
    ],
)
def test_nothing_of_a_notebook_runs(tmp_path, write_lesson, source, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for parameters, check in (
        (source, CHECK),
        (f"{source}\nSTEPS: int = 5", f"lesson.parameters({BOOM}, STEPS={BOOM})"),
        ("STEPS: int = 5", f"lesson.parameters(globals(), STEPS=(int, 0, ({source})))"),
    ):
        with pytest.raises(CourseError, match="07_small: "):
            notebooks.outline(write_lesson(tmp_path, parameters, check))
    assert [path.name for path in tmp_path.iterdir()] == ["07_small.ipynb"]


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


def cells(change):
    """A change of the cells (list of dict) of a notebook's JSON."""
    return lambda content: change(content["cells"])


@pytest.mark.parametrize(
    "change",
    [
        lambda content: content.update(cells={}),
        lambda content: content.update(metadata=[]),
        lambda content: content.update(nbformat=5),
        lambda content: content.update(nbformat=4.0),
        lambda content: content.update(nbformat=[4]),
        lambda content: content.update(nbformat_minor="x"),
        cells(lambda cells: cells.append("a")),
        cells(lambda cells: cells[1].update(source=5)),
        cells(lambda cells: cells[1].update(source=[5])),
        cells(lambda cells: cells[1].update(source="\ud800")),
        cells(lambda cells: cells[1].update(cell_type="x")),
        cells(lambda cells: cells[1].update(metadata=None)),
        cells(lambda cells: cells[1].update(outputs="x")),
        cells(lambda cells: cells[1].update(outputs=[{"output_type": "x"}])),
        cells(lambda cells: cells[1].update(outputs=[{"output_type": "display_data"}])),
        cells(lambda cells: cells[1].update(outputs=[{"output_type": "error", "ename": "x"}])),
        cells(lambda cells: cells[1].update(outputs=[{"output_type": "stream", "text": "x"}])),
    ],
)
def test_cells_of_wrong_types_are_damage(lesson, change):
    content = json.loads(lesson.read_text(encoding="utf8"))
    change(content)
    lesson.write_text(json.dumps(content), encoding="utf8")
    for read in (notebooks.read, notebooks.outline, notebooks.read_record):
        with pytest.raises(CourseError, match=r"the notebook .*07_small.ipynb cannot be read"):
            read(lesson)


@pytest.mark.parametrize(
    ("entry", "value", "message"),
    [
        ("kernelspec", None, "its parameters cannot be read"),
        ("kernelspec", "python3", "its parameters cannot be read"),
        ("kernelspec", {"name": ["x"]}, "its parameters cannot be read"),
        ("sizes", [1], "no size 'smoke'"),
        ("sizes", {"smoke": [1]}, "no size 'smoke'"),
    ],
)
def test_odd_metadata_is_refused(lesson, entry, value, message):
    content = json.loads(lesson.read_text(encoding="utf8"))
    content["metadata"][entry] = value
    lesson.write_text(json.dumps(content), encoding="utf8")
    with pytest.raises(CourseError, match=message):
        notebooks.outline(lesson).at_size("smoke")


def test_an_old_notebook_is_read_as_version_4(tmp_path):
    cell = {"cell_type": "code", "input": "a = 1", "language": "python", "outputs": []}
    sheets = [{"cells": [cell | {"collapsed": False, "metadata": {}}], "metadata": {}}]
    old = {"nbformat": 3, "nbformat_minor": 0, "metadata": {}, "worksheets": sheets}
    path = tmp_path / "07.ipynb"
    path.write_text(json.dumps(old), encoding="utf8")
    assert notebooks.read(path).cells[0].source == "a = 1"


def test_what_is_no_file_is_not_waited_for(tmp_path, monkeypatch):
    folder = tmp_path / "07.ipynb"
    folder.mkdir()
    with pytest.raises(CourseError, match="07.ipynb cannot be read: it is a folder, a pipe or"):
        notebooks.read(folder)
    if hasattr(os, "mkfifo"):
        pipe = tmp_path / "08.ipynb"
        os.mkfifo(pipe)
        with pytest.raises(CourseError, match="08.ipynb cannot be read: it is a folder, a pipe or"):
            notebooks.read(pipe)
    large = tmp_path / "09.ipynb"
    large.write_text("12345")
    monkeypatch.setattr(notebooks, "LARGEST_NOTEBOOK", 4)
    with pytest.raises(CourseError, match="it has 5 bytes, and at most 4 are read"):
        notebooks.read(large)


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
        "(int, 0, 0x" + "f" * 4000 + ")",
        "(float, 0, 1.5 + 0x" + "f" * 4000 + ")",
        "{1, 0x" + "f" * 4000 + "}",
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


@pytest.mark.parametrize(
    "values",
    [
        None,
        [],
        {"claims": 5},
        {"claims": {}},
        {"claims": ["a"]},
        {"claims": [{"sentence": "a"}]},
        {"claims": [{"sentence": "a", "holds": "yes"}]},
        {"scores": [1]},
        {"parameters": [1]},
        {"rows": {}},
    ],
)
def test_a_damaged_record_is_named(tmp_path, write_notebook, values):
    cell = new_code_cell("1")
    data = {notebooks.VALUES: values}
    cell.outputs = [nbformat.v4.new_output("display_data", data=data)]
    path = write_notebook(tmp_path / "07.ipynb", cell)
    with pytest.raises(CourseError, match="the record in .*07.ipynb is damaged"):
        notebooks.read_record(path)


def test_the_cell_that_a_run_stopped_in(tmp_path, write_notebook):
    cells = [new_code_cell(source) for source in ("1", "", "2", "3")]
    cells[3].metadata["papermill"] = 5
    for cell in cells[:3]:
        cell.metadata["papermill"] = {"start_time": "then"}
    path = write_notebook(tmp_path / "07.ipynb", *cells)
    assert notebooks.stopped_in(path, "it broke") == "cell [2]: it broke", "empty cells do not run"
    assert notebooks.stopped_in(tmp_path / "none.ipynb", "it broke") == "its start: it broke"
