"""What the scrubber hands to the page, and what its index stands for."""

import io

import numpy as np
import pytest
from PIL import Image
from traitlets import TraitError

from gan_helpers import training, widgets
from tests.widgets.parts import history_of


def pixels(png):
    return np.asarray(Image.open(io.BytesIO(png)).convert("L"))


def test_the_film_holds_each_snapshot_below_the_one_before():
    scrubber = widgets.scrubber(history_of())
    assert scrubber.steps == [10, 20, 30, 40] and scrubber.step == 40
    film = pixels(scrubber.film)
    height = len(film) // 4
    assert [film[number * height + 5, 5] for number in range(4)] == [64, 128, 191, 255]


def test_each_step_is_marked_in_each_plot():
    scrubber = widgets.scrubber(history_of())
    curves = pixels(scrubber.curves)
    scrubber.index = 1
    marked = scrubber.figure().images[0].get_array()
    sheet_height = len(marked) - len(curves)
    changed = np.asarray(Image.fromarray(marked).convert("L"))[sheet_height:, : curves.shape[1]]
    columns = np.flatnonzero((changed != curves).any(0))
    rows = np.flatnonzero((changed != curves).any(1))
    height, width = curves.shape
    for mark in scrubber.marks:
        assert sorted(mark["left"]) == mark["left"]
        assert np.abs(columns - mark["left"][1] * width).min() <= 1
        assert abs(rows.min() - mark["top"] * height) <= 2
        assert abs(rows.max() - (mark["top"] + mark["height"]) * height) <= 2
    first, second = scrubber.marks
    assert max(first["left"]) < min(second["left"]), "two plots side by side"


def test_a_scrubber_names_the_values_of_its_step():
    history = history_of(steps=20)
    history.steps["g_loss"] = [12, 17]  # a series that begins later
    history.values["g_loss"] = [3.0, 4.0]
    scrubber = widgets.scrubber(history)
    assert "g_loss 4.00" in scrubber.words[-1] and "d_loss 0.05" in scrubber.words[-1]
    assert "g_loss 3.00" in scrubber.words[0] and "d_loss 0.10" in scrubber.words[0]
    assert scrubber.words[0].startswith("4 samples after step 10.")


def test_a_scrubber_without_snapshots_says_so_and_there_is_no_other_index():
    with pytest.raises(ValueError, match="no snapshot"):
        widgets.scrubber(training.History())
    scrubber = widgets.scrubber(history_of())
    with pytest.raises(TraitError, match="between 0 and 3"):
        scrubber.index = 4
