"""Pictures of digits and of training. Every function returns a matplotlib Figure; `show` displays it.

Figures are made without pyplot, so that a widget's thread may draw too. Colours are Okabe and Ito's, which
colour-blind readers tell apart; lines differ in style as well.
"""

import base64
import html
import io

import torch
from IPython.display import HTML, display
from matplotlib.figure import Figure
from PIL import Image

from gan_helpers import data

BLUE, ORANGE, GREEN, PINK, GREY = "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#7F7F7F"
COLOURS = (BLUE, ORANGE, GREEN, PINK, GREY)
LINES = ("-", "--", "-.", ":", (0, (5, 1, 1, 1, 1, 1)))


def show(fig, *, alt):
    """Display a figure as PNG with the alternative text `alt` (one sentence), and print that sentence below it."""
    if not alt.strip():
        raise ValueError("alt must say in one sentence what the picture shows")
    drawn, png = io.BytesIO(), io.BytesIO()
    fig.savefig(drawn, format="png", dpi=80, bbox_inches="tight")
    image = Image.open(drawn).convert("RGB")
    # Fewer colours, a third of the bytes: they count in a stored notebook, and no eye sees the difference. Chosen to
    # cover the range: by how often they occur, a sheet of greys would take the colour from a thin line beside it.
    image.quantize(64, Image.Quantize.MAXCOVERAGE).save(png, format="PNG", optimize=True)
    display(
        {"image/png": png.getvalue(), "text/plain": f"<picture: {alt}>"},
        raw=True,
        metadata={"image/png": {"alt": alt}},
    )
    print(f"Picture: {alt}")


def image_grid(images, *, columns=None, titles=None, row_labels=None, title=None):
    """Images float [N, 1, H, W] in [-1, 1] as a grid, -1 black and 1 white, `columns` a row (default: about √N)."""
    if len(images) == 0:
        raise ValueError("there are no images to show")
    data.check_images(images)
    columns = columns or round(len(images) ** 0.5) or 1
    rows = -(-len(images) // columns)
    titled = -(-len(titles or []) // columns)  # rows
    fig = Figure(
        figsize=(
            min(0.7 * columns, 10) + (0.8 if row_labels else 0),
            min(0.7, 10 / columns) * rows + 0.3 * titled + (0.4 if title else 0),
        ),
        layout="constrained",
    )
    axes = fig.subplots(rows, columns, squeeze=False)
    for axis in axes.flat:
        axis.set_xticks([])
        axis.set_yticks([])
        axis.set_frame_on(False)
    for axis, image in zip(axes.flat, images, strict=False):
        axis.imshow(
            image.detach().squeeze(0).cpu(), cmap="gray", vmin=-1, vmax=1, interpolation="nearest"
        )  # the pixels as they are; smoothing speckles doubles the bytes
    for axis, text in zip(axes.flat, titles or [], strict=False):
        axis.set_title(text, fontsize=9)
    for axis, text in zip(axes[:, 0], row_labels or [], strict=False):
        axis.set_ylabel(text, rotation=0, ha="right", va="center", fontsize=10)
    if title:
        fig.suptitle(title, fontsize=11)
    fig.get_layout_engine().set(w_pad=0.01, h_pad=0.01, wspace=0.02, hspace=0.02)
    return fig


def film_strip(snapshots, *, columns=10):
    """Snapshots (dict of step to images [N, 1, H, W]) as rows: one step a row, its first `columns` images.

    Taken from the same noise each time, a column follows one point of the latent space through training.
    """
    check_snapshots(snapshots)
    rows = [images[:columns] for images in snapshots.values()]
    return image_grid(
        torch.cat(rows), columns=len(rows[0]), row_labels=[f"step {step:,}" for step in snapshots]
    )


def animation(snapshots, *, alt, milliseconds=400, columns=10):
    """Snapshots (dict of step to images) as a GIF that plays twice, then rests. Returns an HTML object to display.

    It plays in JupyterLab, in static HTML and without JavaScript; `alt` is its alternative text.
    """
    check_snapshots(snapshots)
    columns = min(columns, *(len(images) for images in snapshots.values()))
    frames = []
    for images in snapshots.values():
        count = len(images) // columns * columns
        pixels = data.from_tanh_range(images[:count]).squeeze(1)  # [N, H, W]
        height, width = pixels.shape[1:]
        sheet = pixels.view(-1, columns, height, width).transpose(1, 2).reshape(-1, columns * width)
        frames.append(
            Image.fromarray(sheet.numpy()).quantize(16)
        )  # 16 greys: fewer bytes, and hardly seen
    gif = io.BytesIO()
    frames[0].save(
        gif, format="GIF", save_all=True, append_images=frames[1:], duration=milliseconds, loop=1
    )
    encoded = base64.b64encode(gif.getvalue()).decode()
    return HTML(
        f'<img alt="{html.escape(alt)}" width="{2 * frames[0].width}" src="data:image/gif;base64,{encoded}">'
    )


def training_curves(histories, *, smooth=25, equilibrium=None):
    """Losses (left) and mean raw scores (right) against steps, for one History or a dict of name to History.

    Each point is a mean over `smooth` steps. `equilibrium`: dict of series name to the value that the series
    has where D cannot tell real from fake, drawn as a thin line.
    """
    histories = histories if isinstance(histories, dict) else {"": histories}
    fig = Figure(figsize=(10, 3.2 * len(histories)), layout="constrained")
    axes = fig.subplots(len(histories), 2, squeeze=False, sharex=True, sharey="col")
    names = {
        "d_loss": "D's loss",
        "g_loss": "G's loss",
        "score_real": "score of real",
        "score_fake": "score of fake",
    }
    for row, (title, history) in zip(axes, histories.items(), strict=True):
        for axis, series in zip(
            row, (("d_loss", "g_loss"), ("score_real", "score_fake")), strict=True
        ):
            for name, colour, line in zip(series, COLOURS, LINES, strict=False):
                if (
                    name not in history.values
                ):  # a critic's five steps may not have come to G's first
                    continue
                steps, values = group_means(history.steps[name], history[name], smooth)
                axis.plot(steps, values, color=colour, linestyle=line, label=names[name])
                if equilibrium and name in equilibrium:
                    axis.axhline(
                        equilibrium[name], color=colour, linestyle=line, linewidth=0.7, alpha=0.6
                    )
            axis.legend(frameon=False)
        row[0].set_ylabel((title + "\n" if title else "") + "loss")
        row[1].set_ylabel("mean raw score")
        row[1].axhline(0, color=GREY, linewidth=0.7)
    for axis in axes[-1]:
        axis.set_xlabel("step")
    for axis in axes.flat:
        axis.spines[["top", "right"]].set_visible(False)
    return fig


def histogram(series, *, bins=64, xlabel="pixel value", log=True):
    """Histograms of a dict of title to tensor (any shape), side by side; a log axis shows the rare values too."""
    fig = Figure(figsize=(3.4 * len(series), 2.6), layout="constrained")
    for axis, (title, values), colour in zip(
        fig.subplots(1, len(series), squeeze=False).flat,
        series.items(),
        COLOURS * len(series),
        strict=False,
    ):
        axis.hist(values.detach().flatten().float().cpu().numpy(), bins=bins, color=colour, log=log)
        axis.set_title(title, fontsize=10)
        axis.set_xlabel(xlabel)
        axis.spines[["top", "right"]].set_visible(False)
    fig.axes[0].set_ylabel("pixels")
    return fig


def check_snapshots(snapshots):
    """Raise ValueError where there are no snapshots (dict of step to images) to show."""
    if not snapshots:
        raise ValueError(
            "there is no snapshot to show: give fit a snapshot function and train first"
        )


def group_means(steps, values, width):
    """Means over consecutive groups of `width`, the last of what is left; fewer points where the run is short."""
    width = max(1, min(width, len(values) // 20))
    groups = range(0, len(values), width)
    return (
        [sum(steps[i : i + width]) / len(steps[i : i + width]) for i in groups],
        [sum(values[i : i + width]) / len(values[i : i + width]) for i in groups],
    )
