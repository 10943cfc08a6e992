"""plots.py: what the figures show, read from the figures; sheets; the alternative text."""

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


def test_show_adds_html_for_jupyterlab_alone(images, monkeypatch):
    forms = []
    monkeypatch.setattr(plots, "display", lambda data, raw, metadata: forms.append(data))
    for environment in ({}, {"JPY_SESSION_NAME": "02.ipynb"}):
        monkeypatch.delenv("JPY_SESSION_NAME", raising=False)
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        plots.show(plots.image_grid(images), alt='Six "greys".')
    alone, live = forms
    assert "text/html" not in alone and 'alt="Six &quot;greys&quot;."' in live["text/html"]
    png = base64.b64decode(re.search(r"base64,([^\"]+)", live["text/html"])[1])
    assert png == live["image/png"] == alone["image/png"]


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
    assert fig.axes[0].get_ylim() == fig.axes[2].get_ylim()
    assert [axis.get_title(loc="left") for axis in fig.axes] == ["one", "", "two", ""]


def test_lines_differ_in_more_than_colour():
    styles = [
        line.get_linestyle() for line in plots.training_curves(make_history()).axes[1].lines[:2]
    ]
    assert styles[0] != styles[1]


def test_histogram_counts():
    fig = plots.histogram({"a": torch.tensor([[0.0, 0.0], [1.0, 0.0]])}, bins=2, log=False)
    assert [patch.get_height() for patch in fig.axes[0].patches] == [3, 1]


# Sheets


def test_a_sheet_has_each_picture_in_its_place():
    images = torch.linspace(-1, 1, 6).view(6, 1, 1, 1).expand(6, 1, 28, 28)
    sheet = np.asarray(plots.sheet(images, 3))
    assert sheet.shape == (2 * 30, 3 * 30)
    shades = [sheet[row, column] for row in (5, 35) for column in (5, 35, 65)]
    assert shades == [0, 51, 102, 153, 204, 255]
    assert (sheet[:, 28:30] == 40).all() and (sheet[28:30] == 40).all(), "gaps"


def test_a_sheet_without_gaps_and_with_an_empty_place(images):
    sheet = np.asarray(plots.sheet(images[:5], 3, gap=0))
    assert sheet.shape == (2 * 4, 3 * 4)
    assert [sheet[row, column] for row in (0, 4) for column in (0, 4, 8)] == [
        0,
        51,
        102,
        153,
        204,
        40,
    ]


def test_drawn_and_png_keep_size_and_pixels():
    figure = plots.points({"": torch.zeros(1, 2)})
    image = plots.drawn(figure)
    width, height = figure.get_size_inches() * figure.dpi
    assert image.size == (int(width), int(height)) and image.mode == "RGB"
    assert np.array_equal(np.asarray(Image.open(io.BytesIO(plots.png(image)))), np.asarray(image))


# Lines, bars and points


def test_lines_have_their_data_labels_and_scales():
    series = {"a": ([1, 10], [2, 3]), "b": (torch.tensor([1.0, 100.0]), torch.tensor([5.0, 4.0]))}
    fig = plots.lines(series, xlabel="step", ylabel="loss", log="x", ylim=0, marker=".")
    (axis,) = fig.axes
    first, second = axis.lines
    assert list(first.get_xdata()) == [1, 10] and list(first.get_ydata()) == [2, 3]
    assert list(second.get_xdata()) == [1, 100] and list(second.get_ydata()) == [5, 4]
    assert [text.get_text() for text in axis.get_legend().get_texts()] == ["a", "b"]
    assert (axis.get_xlabel(), axis.get_ylabel()) == ("step", "loss")
    assert (axis.get_xscale(), axis.get_yscale()) == ("log", "linear")
    assert axis.get_ylim()[0] == 0 and first.get_marker() == "."
    assert first.get_linestyle() != second.get_linestyle()


def test_lines_side_by_side_have_titles_and_one_label_on_the_left():
    left = {"a": ([0, 1], [1, 1])}
    right = {"a": ([0, 1], [2, 2]), "b": ([0, 1], [3, 3])}
    fig = plots.lines({"left": left, "right": right}, xlabel="x", ylabel="y", log="y", ylim=(1, 9))
    assert [axis.get_title() for axis in fig.axes] == ["left", "right"]
    assert [axis.get_ylabel() for axis in fig.axes] == ["y", ""]
    assert [axis.get_xlabel() for axis in fig.axes] == ["x", "x"]
    assert [len(axis.lines) for axis in fig.axes] == [1, 2]
    assert {axis.get_ylim() for axis in fig.axes} == {(1, 9)}
    assert {(axis.get_xscale(), axis.get_yscale()) for axis in fig.axes} == {("linear", "log")}
    assert fig.axes[0].get_legend() is None, "one line needs none"


def test_bars_of_several_names_stand_side_by_side():
    fig = plots.bars({"fakes": [0.25, 0.75], "MNIST": [0.5, 0.5]}, xlabel="digit", ylabel="share")
    (axis,) = fig.axes
    fakes, mnist = axis.containers
    # A group is 0.8 wide and stands in the middle of its number.
    assert [bar.get_x() for bar in fakes] == pytest.approx([-0.4, 0.6])
    assert [bar.get_x() for bar in mnist] == pytest.approx([0, 1])
    assert {round(bar.get_width(), 6) for bar in (*fakes, *mnist)} == {0.4}
    assert [bar.get_height() for bar in fakes] == [0.25, 0.75]
    assert [bar.get_height() for bar in mnist] == [0.5, 0.5]
    assert fakes[0].get_hatch() != mnist[0].get_hatch()
    assert list(axis.get_xticks()) == [0, 1] and axis.get_xlabel() == "digit"
    assert [text.get_text() for text in axis.get_legend().get_texts()] == ["fakes", "MNIST"]


def test_bars_side_by_side_share_their_heights():
    fig = plots.bars({"one": {"": [1, 2, 3]}, "two": {"": torch.tensor([9, 0])}}, xlabel="digit")
    one, two = fig.axes
    assert [bar.get_x() for bar in one.patches] == pytest.approx([-0.4, 0.6, 1.6])
    assert [bar.get_height() for bar in two.patches] == [9, 0]
    assert one.get_ylim() == two.get_ylim() and one.get_legend() is None


def test_points_lie_where_they_are_among_their_circles():
    series = {"real": torch.tensor([[1.0, 2.0], [-1.0, 0.5]]), "fake": [(0, 0)]}
    fig = plots.points(series, circles=(torch.tensor([[1.0, -2.0]]), 0.3), limit=3)
    (axis,) = fig.axes
    real, fake = axis.lines
    assert real.get_xydata().tolist() == [[1, 2], [-1, 0.5]]
    assert fake.get_xydata().tolist() == [[0, 0]]
    assert real.get_linestyle() == "None" and real.get_marker() != fake.get_marker()
    (circle,) = axis.patches
    assert circle.center == (1, -2) and circle.radius == 0.3
    assert axis.get_xlim() == axis.get_ylim() == (-3, 3) and axis.get_aspect() == 1
    assert [text.get_text() for text in axis.get_legend().get_texts()] == ["real", "fake"]


def test_points_side_by_side():
    fig = plots.points({"ring": {"": [(1, 2)]}, "line": {"": [(3, 4)]}})
    assert [axis.get_title() for axis in fig.axes] == ["ring", "line"]
    assert [axis.lines[0].get_xydata().tolist() for axis in fig.axes] == [[[1, 2]], [[3, 4]]]


def numbered(count, values):
    return {str(number): values for number in range(count)}


def test_five_lines_differ_without_colour_and_six_are_refused():
    (axis,) = plots.lines(numbered(5, ([0, 1], [1, 2])), xlabel="").axes
    assert len({str(line._dash_pattern) for line in axis.lines}) == 5
    with pytest.raises(ValueError, match="can show 5 names, got 6: make several plots"):
        plots.lines(numbered(6, ([0, 1], [1, 2])), xlabel="")


def test_five_names_of_bars_differ_without_colour_and_six_are_refused():
    (axis,) = plots.bars(numbered(5, [1]), xlabel="").axes
    assert len({bar.get_hatch() for bar in axis.patches}) == 5
    with pytest.raises(ValueError, match="can show 5 names, got 6"):
        plots.bars(numbered(6, [1]), xlabel="")


def test_ten_names_of_points_differ_without_colour_and_eleven_are_refused():
    (axis,) = plots.points(numbered(10, [(0, 1)])).axes
    assert len({line.get_marker() for line in axis.lines}) == 10
    with pytest.raises(ValueError, match="can show 10 names, got 11"):
        plots.points(numbered(11, [(0, 1)]))
