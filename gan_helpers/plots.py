"""Pictures of digits and of training, as matplotlib Figures that `show` displays.

Made without pyplot, so that a widget's thread may draw too. Colours are Okabe and Ito's, which
colour-blind readers tell apart; lines, bars and points differ without colour as well. `sheet`,
`drawn` and `png` give pixels, quick enough to follow a slider.
"""

import base64
import html
import io
import os

import numpy as np
import torch
from IPython.display import HTML, display
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.patches import Circle
from PIL import Image

from gan_helpers import data

BLUE, ORANGE, GREEN, PINK, GREY = "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#7F7F7F"
COLOURS = (BLUE, ORANGE, GREEN, PINK, GREY)
LINES = ("-", "--", "-.", ":", (0, (5, 1, 1, 1, 1, 1)))
HATCHES = ("", "///", "...", "xxx", "---")  # of bars
MARKS = ("o", "x", "^", "+", "D", "v", "*", "s", "<", ">")  # of points
GAP = 2  # pixels between two pictures of a sheet
GAP_SHADE = 40  # its grey: black would hide where a picture ends


def show(fig, *, alt):
    """Display a figure as PNG, and print below it the alternative text `alt` (one sentence)."""
    if not alt.strip():
        raise ValueError("alt must say in one sentence what the picture shows")
    full = io.BytesIO()
    fig.savefig(full, format="png", dpi=80, bbox_inches="tight")
    image = Image.open(full).convert("RGB")
    # Fewer colours: a third of the bytes of a stored picture, and no eye sees it. Chosen to cover
    # the range: by how often they occur, a sheet of greys would take a thin line's colour.
    small = io.BytesIO()
    image.quantize(64, Image.Quantize.MAXCOVERAGE).save(small, format="PNG", optimize=True)
    forms = {"image/png": small.getvalue(), "text/plain": f"<picture: {alt}>"}
    # JupyterLab reads alternative texts from HTML only. Its server sets this variable; papermill
    # and nbval do not, so that nothing is stored twice.
    if "JPY_SESSION_NAME" in os.environ:
        forms["text/html"] = _html("png", small.getvalue(), alt)
    display(forms, raw=True, metadata={"image/png": {"alt": alt}})
    print(f"Picture: {alt}")


def image_grid(images, *, columns=None, titles=None, row_labels=None, title=None):
    """Images float [N, 1, H, W] in [-1, 1] as a grid, `columns` a row (default: about √N).

    -1 is black and 1 is white. `titles`: a text above each image; `row_labels`: one left of each
    row. Raises ValueError where there are no images, or where they leave the range.
    """
    if len(images) == 0:
        raise ValueError("there are no images to show")
    data.check_images(images)
    columns = columns or round(len(images) ** 0.5) or 1
    rows = -(-len(images) // columns)
    titled = -(-len(titles or []) // columns)  # rows
    width = min(0.7 * columns, 10) + (0.8 if row_labels else 0)
    height = min(0.7, 10 / columns) * rows + 0.3 * titled + (0.4 if title else 0)
    fig = Figure(figsize=(width, height), layout="constrained")
    axes = fig.subplots(rows, columns, squeeze=False)
    for axis in axes.flat:
        axis.set(xticks=[], yticks=[], frame_on=False)
    for axis, image in zip(axes.flat, images, strict=False):
        pixels = image.detach().squeeze(0).cpu().numpy()  # [H, W]
        # The pixels as they are: smoothing speckles doubles the bytes.
        axis.imshow(pixels, cmap="gray", vmin=-1, vmax=1, interpolation="nearest")
    for axis, text in zip(axes.flat, titles or [], strict=False):
        axis.set_title(text, fontsize=9)
    for axis, text in zip(axes[:, 0], row_labels or [], strict=False):
        axis.set_ylabel(text, rotation=0, ha="right", va="center", fontsize=10)
    if title:
        fig.suptitle(title, fontsize=11)
    fig.get_layout_engine().set(w_pad=0.01, h_pad=0.01, wspace=0.02, hspace=0.02)
    return fig


def film_strip(snapshots, *, columns=10):
    """Snapshots (dict of step to images [N, 1, H, W]): a row a step, its first `columns` images.

    Taken from the same noise each time, a column follows one point of the latent space through
    training. Raises ValueError where there are no snapshots.
    """
    check_snapshots(snapshots)
    rows = [images[:columns] for images in snapshots.values()]
    labels = [f"step {step:,}" for step in snapshots]
    return image_grid(torch.cat(rows), columns=len(rows[0]), row_labels=labels)


def animation(snapshots, *, alt, milliseconds=400, columns=10):
    """Snapshots (dict of step to images) as a GIF that plays twice, then rests; an HTML object.

    It plays in JupyterLab, in static HTML and without JavaScript; `alt` is its alternative text.
    Raises ValueError where there are no snapshots.
    """
    check_snapshots(snapshots)
    columns = min(columns, *(len(images) for images in snapshots.values()))
    frames = []
    for images in snapshots.values():
        count = len(images) // columns * columns  # whole rows
        frame = sheet(images[:count], columns, gap=0)
        frames.append(frame.quantize(16))  # 16 greys: fewer bytes, and hardly seen
    options = {"save_all": True, "append_images": frames[1:], "duration": milliseconds, "loop": 1}
    gif = io.BytesIO()
    frames[0].save(gif, format="GIF", **options)
    return HTML(_html("gif", gif.getvalue(), alt, f'width="{2 * frames[0].width}"'))


def _html(kind, content, alt, size=""):
    source = f"data:image/{kind};base64,{base64.b64encode(content).decode()}"
    return f'<img alt="{html.escape(alt)}" {size} src="{source}">'


def sheet(images, columns, *, gap=GAP):
    """Images float [N, 1, H, W] in [-1, 1] as one grey Pillow image, `columns` a row.

    `gap`: pixels right of and below each picture.
    """
    pixels = data.from_tanh_range(images).squeeze(1).cpu().numpy()  # [N, H, W]
    count, height, width = pixels.shape
    rows = -(-count // columns)
    cells = np.full((rows * columns, height + gap, width + gap), GAP_SHADE, np.uint8)
    cells[:count, :height, :width] = pixels
    by_row = cells.reshape(rows, columns, height + gap, width + gap).swapaxes(1, 2)
    return Image.fromarray(by_row.reshape(rows * (height + gap), columns * (width + gap)))


def drawn(figure):
    """A matplotlib Figure as a Pillow image, of the size that its figsize and dpi give."""
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    return Image.fromarray(np.asarray(canvas.buffer_rgba())).convert("RGB")


def png(image):
    """A Pillow image as the bytes of a PNG file."""
    file = io.BytesIO()
    # The browser is near: quick counts for more than small.
    image.save(file, format="PNG", compress_level=1)
    return file.getvalue()


def training_curves(histories, *, smooth=25, equilibrium=None):
    """Losses (left) and mean raw scores (right) against steps: a History or a dict of name to it.

    Each point is a mean over `smooth` steps. `equilibrium`: dict of series name to the value that
    the series has where D cannot tell real from fake, drawn as a thin line.
    """
    histories = histories if isinstance(histories, dict) else {"": histories}
    equilibrium = equilibrium or {}
    fig = Figure(figsize=(10, 3.2 * len(histories)), layout="constrained")
    axes = fig.subplots(len(histories), 2, squeeze=False, sharex=True, sharey="col")
    losses = {"d_loss": "D's loss", "g_loss": "G's loss"}
    scores = {"score_real": "score of real", "score_fake": "score of fake"}
    for row, (title, history) in zip(axes, histories.items(), strict=True):
        for axis, labels in zip(row, (losses, scores), strict=True):
            for number, (name, label) in enumerate(labels.items()):
                if name not in history.values:  # a critic's five steps may not have come to G's
                    continue
                steps, values = group_means(history.steps[name], history[name], smooth)
                style = {"color": COLOURS[number], "linestyle": LINES[number]}
                axis.plot(steps, values, label=label, **style)
                if name in equilibrium:
                    axis.axhline(equilibrium[name], linewidth=0.7, alpha=0.6, **style)
            axis.legend(frameon=False, ncols=2, loc="lower center", bbox_to_anchor=(0.5, 1))
        row[0].set_title(title, loc="left", pad=24, fontsize=10)  # over the legend
        row[0].set_ylabel("loss")
        row[1].set_ylabel("mean raw score")
        row[1].axhline(0, color=GREY, linewidth=0.7)
    for axis in axes[-1]:
        axis.set_xlabel("step")
    for axis in axes.flat:
        axis.spines[["top", "right"]].set_visible(False)
    return fig


def histogram(series, *, bins=64, xlabel="pixel value", log=True):
    """Histograms of a dict of title to tensor (any shape); a log axis shows rare values too."""
    fig = Figure(figsize=(3.4 * len(series), 2.6), layout="constrained")
    axes = fig.subplots(1, len(series), squeeze=False).flat
    for number, (axis, (title, values)) in enumerate(zip(axes, series.items(), strict=True)):
        numbers = values.detach().flatten().float().cpu().numpy()
        axis.hist(numbers, bins=bins, color=COLOURS[number % len(COLOURS)], log=log)
        axis.set_title(title, fontsize=10)
    return _labelled(fig, xlabel, "pixels")


def lines(series, *, xlabel, ylabel="", log="", ylim=None, marker=None):
    """Lines: a dict of name to (xs, ys), or a dict of title to such a dict for plots side by side.

    `log`: the axes with a logarithmic scale, "x", "y" or "xy". `ylim`: the lowest value shown or
    (lowest, highest). `marker`: matplotlib's. Raises ValueError for more than 5 lines in a plot.
    """
    fig, plots = _side_by_side(series, (4.5, 3), "linestyle", LINES)
    for axis, parts in plots.items():
        for name, (xs, ys), look in parts:
            axis.plot(xs, ys, label=name, marker=marker, **look)
        axis.set(xscale="log" if "x" in log else "linear", yscale="log" if "y" in log else "linear")
        axis.set_ylim(ylim)
        axis.grid(alpha=0.3)
    return _labelled(fig, xlabel, ylabel)


def bars(series, *, xlabel, ylabel=""):
    """Bars at 0 … K - 1: a dict of name to heights [K], or a dict of title to such a dict.

    Those of several names stand side by side. Raises ValueError for more than 5 names in a plot.
    """
    fig, plots = _side_by_side(series, (4.5, 2.8), "hatch", HATCHES, sharey=True)
    for axis, parts in plots.items():
        width = 0.8 / len(parts)
        for number, (name, heights, look) in enumerate(parts):
            shift = (number - (len(parts) - 1) / 2) * width
            heights = np.asarray(heights)
            places = np.arange(len(heights))
            axis.bar(places + shift, heights, width, label=name, edgecolor="white", **look)
            axis.set_xticks(places)
    return _labelled(fig, xlabel, ylabel)


def points(series, *, circles=((), 0), limit=None):
    """Points of the plane: a dict of name to [N, 2], or a dict of title to such a dict.

    `circles`: (centres [K, 2], radius), in grey. `limit`: both axes go from -limit to limit.
    Raises ValueError for more than 10 names in a plot.
    """
    fig, plots = _side_by_side(series, (3.4, 3.4), "marker", MARKS)
    centres, radius = circles
    for axis, parts in plots.items():
        for x, y in centres:
            axis.add_patch(Circle((float(x), float(y)), radius, fill=False, color=GREY))
        for name, places, look in parts:
            xs, ys = np.asarray(places).T
            axis.plot(xs, ys, linestyle="", markersize=3, label=name, **look)
        axis.set_aspect("equal")
        if limit:
            axis.set(xlim=(-limit, limit), ylim=(-limit, limit))
    return _labelled(fig, "", "")


def _side_by_side(series, size, option, choices, sharey=False):
    """A Figure with plots of `size` (inches): (figure, {axis: [(name, data, look), …]}).

    Looks differ in colour and in `option`, so that nobody depends on colour.
    """
    by_title = series if isinstance(next(iter(series.values())), dict) else {"": series}
    fig = Figure(figsize=(min(11, size[0] * len(by_title)), size[1]), layout="constrained")
    axes = fig.subplots(1, len(by_title), squeeze=False, sharey=sharey).flat
    plots = {}
    for axis, (title, named) in zip(axes, by_title.items(), strict=True):
        if len(named) > len(choices):
            too_many = f"a plot can show {len(choices)} names, got {len(named)}"
            raise ValueError(f"{too_many}: make several plots, {{title: {{name: …}}}}")
        axis.set_title(title, fontsize=10)
        looks = [{"color": (COLOURS * 2)[i], option: choices[i]} for i in range(len(named))]
        plots[axis] = list(zip(named, named.values(), looks, strict=True))
    return fig, plots


def _labelled(fig, xlabel, ylabel):
    for axis in fig.axes:
        axis.set_xlabel(xlabel)
        axis.spines[["top", "right"]].set_visible(False)
        if len(axis.get_legend_handles_labels()[1]) > 1:
            axis.legend(frameon=False, fontsize=8)
    fig.axes[0].set_ylabel(ylabel)
    return fig


def check_snapshots(snapshots):
    """Raise ValueError where there are no snapshots (dict of step to images) to show."""
    if not snapshots:
        raise ValueError("there is no snapshot: give fit a snapshot function and train first")


def group_means(steps, values, width):
    """Both lists as means over groups of `width`; groups are smaller where the run is short."""
    width = max(1, min(width, len(values) // 20))

    def means(numbers):
        groups = (numbers[i : i + width] for i in range(0, len(numbers), width))
        return [sum(group) / len(group) for group in groups]

    return means(steps), means(values)
