"""Pictures of the game of lesson 00: the plane with D's map, points, G's grid and arrows; curves; the spiral.

The same `Board` draws the lesson's figures and the live picture, which keeps its axes and only changes what is on
them: a redraw takes a fraction of a new figure.
"""

import bisect

import numpy as np
import torch
from matplotlib.collections import LineCollection
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure

from gan_helpers import plots
from gan_helpers.game import engine as game
from gan_helpers.widgets import sheets

# From "fake" to "real", light enough for points on top; told apart by colour-blind readers, and in grey by brightness.
# Few colours: a stored picture has 64 in all.
MAP = LinearSegmentedColormap.from_list("belief", ["#F2B48C", "#FFFFFF", "#9CCBEA"], N=25)
SHOWN = 250  # points of each kind
ARROWS = 40


class Board:
    """The plane on one matplotlib axis; `update` changes what is on it."""

    def __init__(self, axis):
        extent = (-game.EDGE, game.EDGE) * 2
        self.axis = axis
        self.map = axis.imshow(
            np.full((2, 2), 0.5),
            MAP,
            vmin=0,
            vmax=1,
            extent=extent,
            origin="lower",
            interpolation="bilinear",
        )
        self.grid = axis.add_collection(LineCollection([], colors=plots.GREY, linewidths=0.6))
        (self.real,) = axis.plot([], [], "o", color=plots.BLUE, markersize=3, label="real")
        (self.fake,) = axis.plot([], [], "x", color=plots.ORANGE, markersize=4, label="fake")
        self.arrows = axis.add_collection(LineCollection([], colors="black", linewidths=1))
        (self.tips,) = axis.plot([], [], "o", color="black", markersize=2.5)
        axis.set(
            xlim=extent[:2], ylim=extent[2:], xticks=(-2, 0, 2), yticks=(-2, 0, 2), aspect="equal"
        )
        axis.tick_params(labelsize=8)

    def update(
        self, playing, *, title="", phase=None, show_map=True, show_grid=True, show_arrows=False
    ):
        """Draw the Game `playing`. With a Phase, its batch takes the place of the points that are always the same."""
        self.map.set_data(playing.belief().numpy() if show_map else np.full((2, 2), 0.5))
        self.grid.set_segments(manifold(playing) if show_grid else [])
        if phase is None:
            real, fake = playing.shown_real, playing.fakes(SHOWN)
        else:
            with torch.no_grad():
                real, fake = phase.real, playing.G(phase.z)
            show_arrows = show_arrows or phase.arrows
        real = torch.empty(0, 2) if real is None else real[:SHOWN]
        self.real.set_data(*real.numpy().T)
        self.fake.set_data(*fake.numpy().T)
        self._point(playing, fake[:ARROWS] if show_arrows else fake[:0])
        self.axis.set_title(title, fontsize=9)

    def _point(self, playing, fake):
        if not len(fake):
            self.arrows.set_segments([])
            self.tips.set_data([], [])
            return
        by = 0.5 * playing.arrows(fake)
        by = by * (0.7 / by.norm(dim=1, keepdim=True).clamp(min=1e-12)).clamp(
            max=1
        )  # long ones are cut
        tips = fake + by
        self.arrows.set_segments(torch.stack([fake, tips], 1).numpy())
        self.tips.set_data(*tips.numpy().T)


@torch.no_grad()
def manifold(playing, lines=11, points=25):
    """G's picture of a square grid of z (or of a line, where z is one number): a list of curves [points, 2]."""
    low, high = (-2, 2) if playing.shown_z.min() < 0 else (0, 1)
    along = torch.linspace(low, high, points)
    if playing.latent_dim == 1:
        return [playing.G(along[:, None]).numpy()]
    across = torch.linspace(low, high, lines)[:, None].expand(lines, points)
    curves = torch.stack([across, along.expand(lines, points)], 2)  # [lines, points, 2]
    both = torch.cat([curves, curves.flip(2)])
    return list(playing.G(both.flatten(0, 1)).view(2 * lines, points, 2).numpy())


def film(playing, moments, *, note):
    """A Figure with a board for each of `moments`, a list of (title, position in `kept`); `note(game)` stands below.

    The game is put back to where it was.
    """
    now = playing.position
    fig = Figure(figsize=(3.3 * len(moments), 3.7), layout="constrained")
    for axis, (title, position) in zip(
        fig.subplots(1, len(moments), squeeze=False).flat, moments, strict=True
    ):
        playing.go_to(position)
        Board(axis).update(playing, title=title)
        axis.set_xlabel(note(playing), fontsize=9)
    playing.go_to(now)
    fig.axes[0].legend(loc="upper left", fontsize=7, framealpha=0.8)
    return fig


class LiveFigure:
    """A board beside the curves of losses and divergence, drawn again and again as PNG."""

    def __init__(self):
        self.figure = Figure(figsize=(9, 4.6), dpi=80)
        self.board = Board(self.figure.add_axes((0.04, 0.07, 0.46, 0.86)))
        self.board.axis.legend(loc="upper left", fontsize=8, framealpha=0.8)
        self.losses = self.figure.add_axes((0.58, 0.56, 0.4, 0.37))
        self.divergence = self.figure.add_axes((0.58, 0.07, 0.4, 0.37))
        names = (
            ("d_loss", "D's loss", self.losses),
            ("g_loss", "G's loss", self.losses),
            ("divergence", "divergence", self.divergence),
        )
        self.lines = {
            name: axis.plot([], [], color=colour, linestyle=line, label=label)[0]
            for (name, label, axis), colour, line in zip(
                names, plots.COLOURS, plots.LINES, strict=False
            )
        }
        self.losses.legend(loc="upper left", fontsize=8, frameon=False, ncols=2)
        self.losses.set_title("losses against turns", fontsize=9)
        self.divergence.set_title("divergence (0: alike, 0.69: nothing in common)", fontsize=9)
        self.divergence.set_ylim(0, 0.75)
        for axis in (self.losses, self.divergence):
            axis.tick_params(labelsize=8)
            axis.locator_params(nbins=4)  # the ticks take most of the time to draw
            axis.spines[["top", "right"]].set_visible(False)

    def png(self, playing, *, title, phase=None, **layers):
        """The picture of the Game `playing` as bytes; `layers` as in `Board.update`."""
        self.board.update(playing, title=title, phase=phase, **layers)
        heights = []
        for name, line in self.lines.items():
            steps, values = curve(playing.history, name)
            line.set_data(steps, values)
            heights += values if name != "divergence" else []
        low, high = (min(heights), max(heights)) if heights else (0, 1)
        margin = 0.05 * (high - low) + 0.05
        self.losses.set_ylim(low - margin, high + 4 * margin)  # room for the legend
        for axis in (self.losses, self.divergence):
            axis.set_xlim(0, max(10, playing.history.step))
        return sheets.png(sheets.drawn(self.figure))


def curve(history, name, most=200):
    """(steps, values) of a series up to the present step, thinned to about `most` points."""
    steps = history.steps.get(name, [])
    count = bisect.bisect_right(steps, history.step)
    stride = -(-count // most) or 1
    return steps[:count:stride], history.values[name][:count:stride] if count else []


def describe(playing):
    """The picture of a Game in a sentence, for those who do not see it."""
    with torch.no_grad():
        real, fake = (
            playing.D(points).sigmoid().mean() for points in (playing.shown_real, playing.fakes())
        )
    modes, words = playing.modes(), [f"Turn {playing.history.step}"]
    if modes is not None:
        words.append(f"the fakes hold {modes} of {len(playing.data.centres)} clouds")
    words.append(f"divergence {playing.divergence():.2f}")
    if playing.loss != "Wasserstein":
        words.append(f"D gives real points {real:.2f} and fakes {fake:.2g} on average")
    for name, label in {"d_loss": "D's loss", "g_loss": "G's loss"}.items():
        if values := curve(playing.history, name)[1]:
            words.append(f"{label} {values[-1]:.3f}")
    return ", ".join([*words, f"D's push on G {playing.push():.2g}"]) + "."


def spiral(games):
    """A Figure with a path for each of `games` (dict of title to points (x, y)), its points numbered from 0."""
    fig = Figure(figsize=(4 * len(games), 3.9), layout="constrained")
    for axis, (title, points) in zip(
        fig.subplots(1, len(games), squeeze=False).flat, games.items(), strict=True
    ):
        xs, ys = zip(*points, strict=True)
        axis.axhline(0, color=plots.GREY, linewidth=0.7)
        axis.axvline(0, color=plots.GREY, linewidth=0.7)
        axis.plot(xs, ys, color=plots.BLUE, linewidth=1, marker="o", markersize=4)
        axis.plot(*points[0], "s", color=plots.ORANGE, markersize=8, zorder=0)
        labels = {}
        for number, point in enumerate(points):  # a point that is reached again has several numbers
            labels.setdefault((round(point[0], 6), round(point[1], 6)), []).append(str(number))
        if len(points) <= 25:
            for point, numbers in labels.items():
                axis.annotate(
                    ", ".join(numbers), point, xytext=(5, 5), textcoords="offset points", fontsize=8
                )
        reach = 1.2 * max(map(abs, (*xs, *ys)))
        axis.set(
            title=title,
            xlabel="x",
            ylabel="y",
            xlim=(-reach, reach),
            ylim=(-reach, reach),
            aspect="equal",
        )
    return fig
