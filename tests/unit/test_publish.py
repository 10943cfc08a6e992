"""publish.py: stored outputs, and the repository's address."""

import json
import shutil
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_markdown_cell

from gan_notebooks import publish, repository, runner
from gan_notebooks.errors import CourseError

ROOT = Path(__file__).parents[2]


def test_store_writes_outputs_and_keeps_the_source(tmp_path, write_notebook):
    bar = (
        "import sys\nfor i in range(3):\n"
        "    print(f'\\r{i} of 2', end='', file=sys.stderr, flush=True)"
    )
    widget = "import ipywidgets\ndisplay(ipywidgets.IntSlider())\nprint('static')"
    cells = [new_markdown_cell("text"), "print(1 + 1)", bar, widget]
    path = write_notebook(tmp_path / "07.ipynb", *cells)
    before = nbformat.read(path, 4)
    assert publish.store(path, tmp_path / "build").error is None
    stored = nbformat.read(path, 4)
    sources = [[(cell.id, cell.source) for cell in copy.cells] for copy in (stored, before)]
    assert sources[0] == sources[1]
    _, added, progress, slider = stored.cells
    assert added.outputs[0].text == "2\n"
    assert [output.text for output in progress.outputs] == ["2 of 2"], "the last state of the bar"
    assert [output.get("name") for output in slider.outputs] == ["stdout"], "no widget views"
    assert [cell.execution_count for cell in stored.cells[1:]] == [1, 2, 3]
    for cell in stored.cells[1:]:
        assert cell.metadata[repository.SOURCE_HASH] == repository.source_hash(cell)
    assert set(stored.metadata) == set(before.metadata) == {"kernelspec", "sizes"}
    assert "papermill" not in json.dumps(stored)


def test_store_names_cells_that_were_made_in_jupyterlab(tmp_path, write_notebook):
    path = write_notebook(tmp_path / "07.ipynb", new_markdown_cell("## 1. Sums"), "1 + 1")
    notebook = nbformat.read(path, 4)
    notebook.cells[1].id = "3f2504e0-4f89-41d3-9a0c-0305e82c3301"
    nbformat.write(notebook, path)
    assert publish.store(path, tmp_path / "build").error is None
    stored = nbformat.read(path, 4)
    assert [cell.id for cell in stored.cells] == ["cell-0", "sums"]
    assert stored.cells[1].outputs[0].data["text/plain"] == "2"


def test_store_leaves_a_notebook_that_fails_alone(tmp_path, write_notebook, here):
    path = write_notebook(tmp_path / "07.ipynb", "1 / 0")
    before = path.read_bytes()
    assert "ZeroDivisionError" in publish.store(path, tmp_path / "build").error
    assert path.read_bytes() == before


def test_a_store_that_does_not_end_well_says_what_is_unchanged(monkeypatch, lesson, capsys):
    def interrupted(notebook):
        raise KeyboardInterrupt

    def failed(notebook):
        return runner.Result("cell [3]: OSError: no space", 0.1)

    options = ["notebooks", "--notebooks", str(lesson.parent)]
    for store, reason in ((interrupted, "Stopped"), (failed, "it stopped in cell [3]: OSError")):
        monkeypatch.setattr(publish, "store", store)
        with pytest.raises(SystemExit) as end:
            publish.main(options)
        text = capsys.readouterr().err
        assert end.value.code == 1 and "07_small.ipynb is unchanged" in text and reason in text


def is_fresh(cell):
    """Are the outputs of a cell those of its code, as far as its mark tells?"""
    return cell.metadata.get(repository.SOURCE_HASH) == repository.source_hash(cell)


def test_the_address_is_rewritten_everywhere(tmp_path):
    files = ("pyproject.toml", "README.md", "CITATION.cff")
    for name in files:
        shutil.copy(ROOT / name, tmp_path)
    shutil.copytree(ROOT / "notebooks", tmp_path / "notebooks", ignore=shutil.ignore_patterns(".*"))
    old = repository.address(tmp_path)
    edited = tmp_path / "notebooks" / "01_data_scaling.ipynb"
    notebook = nbformat.read(edited, 4)
    notebook.cells[-1].source += "\nprint('edited')"
    nbformat.write(notebook, edited)
    repository.rewrite_address("some-one/else.where", tmp_path)
    assert repository.address(tmp_path) == "some-one/else.where"
    paths = sorted((tmp_path / "notebooks").glob("*.ipynb"))
    for path in (*(tmp_path / name for name in files), *paths):
        text = path.read_text(encoding="utf8")
        assert old not in text and "some-one/else.where" in text, path
        assert repository.site(old) not in text
    for name in files:
        assert "https://some-one.github.io/else.where" in (tmp_path / name).read_text("utf8")
    for path in paths:
        cells = {cell.id: cell for cell in nbformat.read(path, 4).cells}
        for before in nbformat.read(ROOT / "notebooks" / path.name, 4).cells:
            is_edited = path == edited and "print('edited')" in cells[before.id].source
            assert is_fresh(cells[before.id]) == (is_fresh(before) and not is_edited), (
                "what was edited before stays marked as such"
            )


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("pyproject.toml", "[["),
        ("pyproject.toml", "project = 5"),
        ("pyproject.toml", "[project.urls]\nRepository = 5"),
        ("pyproject.toml", "a = " + "[" * 5000),
        ("pyproject.toml", b"\xff"),
        ("README.md", b"\xff"),
        ("CITATION.cff", b"\xff"),
        ("notebooks/07_small.ipynb", "{"),
    ],
)
def test_a_damaged_file_leaves_every_address_as_it_was(tmp_path, write_lesson, name, text):
    (tmp_path / "notebooks").mkdir()
    write_lesson(tmp_path / "notebooks", "STEPS: int = 5  # https://github.com/a/b")
    urls = '[project.urls]\nRepository = "https://github.com/a/b"\n'
    (tmp_path / "pyproject.toml").write_text(urls, encoding="utf8")
    for other in ("README.md", "CITATION.cff"):
        (tmp_path / other).write_text("https://github.com/a/b", encoding="utf8")
    (tmp_path / name).write_bytes(text if isinstance(text, bytes) else text.encode())
    paths = [path for path in tmp_path.rglob("*") if path.is_file()]
    before = {path: path.read_bytes() for path in paths}
    with pytest.raises(CourseError, match=name):
        repository.rewrite_address("c/d", tmp_path)
    assert {path: path.read_bytes() for path in paths} == before


def test_what_is_no_address_is_refused(capsys):
    with pytest.raises(CourseError, match="owner/name"):
        repository.rewrite_address("https://github.com/a/b")
    with pytest.raises(SystemExit) as end:
        publish.main(["address", "https://github.com/a/b"])
    assert end.value.code == 2 and "must be owner/name" in capsys.readouterr().err
