"""plots.py: what the figures show, read from the figures; the alternative text; the animation."""

import base64
import io
import re

import numpy as np
import pytest
import torch
from PIL import Image

from gan_helpers import plots
from gan_helpers.training import History


@pytest.fixture
def images():
    return torch.linspace(-1, 1, 6).view(6, 1, 1, 1).expand(6, 1, 4, 4)


def pixels(axis):
    return axis.images[0].get_array().data


def test_grid_keeps_order_and_scale(images):
    fig = plots.image_grid(images, columns=3, titles="abcdef", row_labels=["one", "two"])
    assert [pixels(axis)[0, 0] for axis in fig.axes] == pytest.approx([-1, -0.6, -0.2, 0.2, 0.6, 1])
    assert {axis.images[0].get_clim() for axis in fig.axes} == {(-1, 1)}, (
        "black is -1 in every picture"
    )
    assert [axis.get_title() for axis in fig.axes] == list("abcdef")
    assert [axis.get_ylabel() for axis in fig.axes] == ["one", "", "", "two", "", ""]
    assert fig.axes[0].get_subplotspec().get_gridspec().get_geometry() == (2, 3)


def test_grid_leaves_the_rest_of_the_last_row_empty(images):
    assert [len(axis.images) for axis in plots.image_grid(images[:5], columns=3).axes] == [
        1,
        1,
        1,
        1,
        1,
        0,
    ]


def test_grid_has_room_for_titles_in_the_rows_that_have_some():
    heights = [
        plots.image_grid(
            torch.zeros(12, 1, 28, 28), columns=4, titles=["a"] * count
        ).get_figheight()
        for count in (0, 4, 5)
    ]
    assert [round(height - heights[0], 6) for height in heights] == [0, 0.3, 0.6]


def test_grid_refuses_images_out_of_range(images):
    with pytest.raises(ValueError, match=r"must lie in \[-1, 1\].*to_tanh_range"):
        plots.image_grid(images * 2)


def test_film_strip_has_a_row_a_step(images):
    fig = plots.film_strip({10: images, 2000: images.flip(0)}, columns=2)
    assert [pixels(axis)[0, 0] for axis in fig.axes] == pytest.approx([-1, -0.6, 1, 0.6])
    assert [axis.get_ylabel() for axis in fig.axes] == ["step 10", "", "step 2,000", ""]


def test_film_strip_of_nothing_says_what_to_do():
    with pytest.raises(ValueError, match="no snapshot"):
        plots.film_strip({})
    with pytest.raises(ValueError, match="no snapshot"):
        plots.animation({}, alt="nothing")
    with pytest.raises(ValueError, match="no images"):
        plots.image_grid(torch.empty(0, 1, 4, 4))


def test_show_sets_and_prints_the_alternative_text(images, monkeypatch, capsys):
    shown = []
    monkeypatch.setattr(
        plots, "display", lambda data, raw, metadata: shown.append((data, metadata))
    )
    plots.show(plots.image_grid(images), alt="Six greys.")
    ((data, metadata),) = shown
    assert metadata == {"image/png": {"alt": "Six greys."}} and data["image/png"].startswith(
        b"\x89PNG"
    )
    assert capsys.readouterr().out == "Picture: Six greys.\n"
    with pytest.raises(ValueError, match="alt"):
        plots.show(plots.image_grid(images), alt=" ")


def test_animation_frames(images):
    html = plots.animation({1: images, 2: -images}, alt='a "film"', columns=3).data
    gif = Image.open(io.BytesIO(base64.b64decode(re.search(r"base64,([^\"]+)", html)[1])))
    assert gif.n_frames == 2 and gif.size == (12, 8) and gif.info["loop"] == 1
    for frame, sign in ((0, 1), (1, -1)):
        gif.seek(frame)
        shade = np.asarray(gif.convert("L"))[::4, ::4]
        expected = (sign * images[:, 0, 0, 0].view(2, 3).numpy() + 1) * 127.5
        assert np.abs(shade - expected).max() < 5
    assert 'alt="a &quot;film&quot;"' in html


def make_history():
    history = History()
    for step in range(1, 41):
        history.step = step
        history.record({"d_loss": float(step), "score_real": 1.0, "score_fake": -1.0})
        if step % 5 == 0:  # as in a Wasserstein run
            history.record({"g_loss": -float(step)})
    return history


def test_curves_show_means_over_groups():
    fig = plots.training_curves(make_history(), smooth=2, equilibrium={"d_loss": 1.386})
    d_loss, even, g_loss = fig.axes[0].lines
    assert d_loss.get_xdata()[:2] == pytest.approx([1.5, 3.5]) and d_loss.get_ydata()[
        :2
    ] == pytest.approx([1.5, 3.5])
    assert len(d_loss.get_xdata()) == 20
    assert even.get_ydata()[0] == 1.386
    assert list(g_loss.get_xdata()) == [5, 10, 15, 20, 25, 30, 35, 40], (
        "a short series is not smoothed away"
    )
    assert [line.get_label() for line in fig.axes[1].lines[:2]] == [
        "score of real",
        "score of fake",
    ]


def test_curves_of_a_run_without_a_generator_step():
    history = History()
    history.step = 1
    history.record({"d_loss": 1.0, "score_real": 1.0, "score_fake": 0.0})
    assert [line.get_label() for line in plots.training_curves(history).axes[0].lines] == [
        "D's loss"
    ]


def test_curves_of_several_runs_share_their_axes():
    fig = plots.training_curves({"one": make_history(), "two": make_history()})
    assert len(fig.axes) == 4
    assert (
        fig.axes[0].get_ylim() == fig.axes[2].get_ylim() and fig.axes[0].get_ylabel() == "one\nloss"
    )


def test_lines_differ_in_more_than_colour():
    styles = [
        line.get_linestyle() for line in plots.training_curves(make_history()).axes[1].lines[:2]
    ]
    assert styles[0] != styles[1]


def test_histogram_counts():
    fig = plots.histogram({"a": torch.tensor([[0.0, 0.0], [1.0, 0.0]])}, bins=2, log=False)
    assert [patch.get_height() for patch in fig.axes[0].patches] == [3, 1]
