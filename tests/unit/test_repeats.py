"""repeats.py: what a repeated lesson must reproduce of what its cells print."""

import tomllib
from pathlib import Path
from types import SimpleNamespace

import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from gan_notebooks import repeats

OWN = "gan_helpers.metrics:0: ScoreWarning: 500 images are few: digit_fid is too high"
OTHER = "/lib/python3.14/site-packages/torch/nn.py:7: FutureWarning: gone in 3.0\n  old()\n"
HELPED = "/course/gan_helpers/metrics.py:40: FutureWarning: gone in 3.0\n  old()\n"
BAR = "  0%|      | 0/9\r100%|██████| 9/9 [00:01, d_loss=1.25]\n"


def stream(name, text):
    return new_output("stream", name=name, text=text)


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        (OTHER, None),
        (HELPED, None),
        (BAR, None),
        (f"{OWN}\n", OWN),
        (f"{OTHER}{OWN}\n{BAR}", OWN),
        (f" 50%|███{OWN}\n{OTHER}{OWN}\n", f"{OWN}\n{OWN}"),
    ],
)
def test_of_the_standard_error_the_courses_own_warnings_count(text, kept):
    numbers = stream("stdout", f"d_loss 0.25\n{OTHER}")
    picture = new_output("display_data", data={"text/plain": "a picture"})
    outputs = repeats.compared([stream("stderr", text), numbers, picture])
    expected = [] if kept is None else [stream("stderr", kept)]
    assert outputs == [*expected, numbers, picture]


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        (
            "\r  0%|   | 0/9 [00:00<?, ?step/s]\r100%|██| 9/9 [00:01<00:00, 9.0step/s, d_loss=1]\n",
            None,
        ),
        ("clip 0.01:  50%|█  | 3/6 [00:02<00:02,  1.50step/s]\n", None),
        ("100%|██| 9/9 [00:01<00:00, 9.0step/s]\nd_loss 0.25\n", "d_loss 0.25\n"),
        ("d_loss 0.25\n 50%|█ | 3/6 [00:02<00:02,  1.50step/s]\nall 6\n", "d_loss 0.25\nall 6\n"),
        ("a share of 50%| 1/2 [sic\n", "a share of 50%| 1/2 [sic\n"),
    ],
)
def test_of_the_standard_output_all_but_progress_bars_count(text, kept):
    expected = [] if kept is None else [stream("stdout", kept)]
    assert repeats.compared([stream("stdout", text)]) == expected


def cell_of(*cells):
    """A stand-in for nbval's cell, in a notebook of these; it says what it was given."""
    parent = SimpleNamespace(nb=new_notebook(cells=list(cells)))
    return SimpleNamespace(parent=parent, compare_outputs=lambda test, ref: (test, ref))


def test_lessons_alone_are_compared_so():
    error = [stream("stderr", OTHER)]
    lesson = cell_of(new_code_cell("from gan_helpers.lesson import Lesson"))
    other = cell_of(new_markdown_cell("as gan_helpers does"), new_code_cell("1"))
    for cell in (lesson, other):
        repeats.pytest_itemcollected(cell)
    assert lesson.compare_outputs([], error) == lesson.compare_outputs(error, []) == ([], [])
    assert other.compare_outputs([], error) == ([], error)
    test = SimpleNamespace()  # any other of pytest's
    repeats.pytest_itemcollected(test)
    assert vars(test) == {}


def test_it_is_installed_as_a_plugin_under_the_name_of_its_module():
    """pytest refuses a plugin that comes under two names: by `-p`, too, it has this one."""
    with open(Path(__file__).parents[2] / "pyproject.toml", "rb") as file:
        plugins = tomllib.load(file)["project"]["entry-points"]["pytest11"]
    assert plugins == {repeats.__name__: repeats.__name__}
