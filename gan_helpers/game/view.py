"""Pictures of the game: the plane with D's map, points, G's grid and arrows; curves; words.

The same `Board` draws the lesson's figures and the live picture, which keeps its axes and only
changes what is on them: a redraw takes a fraction of a new figure.
"""

import bisect

import numpy as np
import torch
from matplotlib.collections import LineCollection, PolyCollection
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure

from gan_helpers import plots
from gan_helpers.game import clouds

# From "fake" to "real", light enough for points on top; told apart by colour-blind readers, and in
# grey by brightness. Few colours: a stored picture has 64 in all, and of more the palest would come
# out otherwise in each picture.
MAP = LinearSegmentedColormap.from_list("belief", ["#F2B48C", "#FFFFFF", "#9CCBEA"], N=7)
SHOWN = 250  # points of each kind
ARROWS = 40
HEAD = 0.16  # the length of an arrow's head on the plane

NO_MAP = np.full((2, 2), 0.5)  # white


class Board:
    """The plane on one matplotlib axis; `update` changes what is on it."""

    def __init__(self, axis):
        low = -clouds.EDGE
        high = clouds.EDGE
        self.axis = axis
        self.map = axis.imshow(
            NO_MAP,
            MAP,
            vmin=0,
            vmax=1,
            extent=(low, high, low, high),
            origin="lower",
            interpolation="bilinear",
        )
        self.grid = axis.add_collection(LineCollection([], colors=plots.GREY, linewidths=0.6))
        (self.real,) = axis.plot([], [], "o", color=plots.BLUE, markersize=3, label="real")
        (self.fake,) = axis.plot([], [], "x", color=plots.ORANGE, markersize=4, label="fake")
        self.arrows = axis.add_collection(LineCollection([], colors="black", linewidths=1))
        self.heads = axis.add_collection(PolyCollection([], facecolors="black", linewidths=0))
        axis.set(xlim=(low, high), ylim=(low, high), aspect="equal")
        axis.set(xticks=(-2, 0, 2), yticks=(-2, 0, 2))
        axis.tick_params(labelsize=8)

    def update(
        self, playing, *, title="", phase=None, show_map=True, show_grid=True, show_arrows=False
    ):
        """Draw the Game `playing`.

        With a Phase, its batch takes the place of the points that are always the same.
        """
        self.map.set_data(playing.belief().numpy() if show_map else NO_MAP)
        self.grid.set_segments(manifold(playing) if show_grid else [])
        real, fake = _points(playing, phase)
        self.real.set_data(*real.numpy().T)
        self.fake.set_data(*fake.numpy().T)
        if show_arrows or (phase and phase.arrows):
            self._draw_arrows(playing, fake[:ARROWS])
        else:
            self.arrows.set_segments([])
            self.heads.set_verts([])
        self.axis.set_title(title, fontsize=9)

    def _draw_arrows(self, playing, fake):
        arrows = 0.5 * playing.arrows(fake)
        arrows = arrows * (0.7 / _lengths_of(arrows)).clamp(max=1)  # long ones are cut
        tips = fake + arrows
        self.arrows.set_segments(torch.stack([fake, tips], 1).numpy())
        # A head is a triangle; that of a shorter arrow is as long as the arrow.
        back = arrows * (HEAD / _lengths_of(arrows)).clamp(max=1)
        side = 0.4 * torch.stack([-back[:, 1], back[:, 0]], 1)
        heads = torch.stack([tips, tips - back + side, tips - back - side], 1)  # [B, 3, 2]
        self.heads.set_verts(heads.numpy())


def _lengths_of(arrows):
    """Of each of the arrows [B, 2]: [B, 1], never 0."""
    return arrows.norm(dim=1, keepdim=True).clamp(min=1e-12)


def _points(playing, phase):
    """The points to show, real and fake, [N, 2] each."""
    if phase is None:
        return playing.shown_real[:SHOWN], playing.fakes(SHOWN)
    real = torch.empty(0, 2) if phase.real is None else phase.real[:SHOWN]
    with torch.no_grad():
        return real, playing.G(phase.z)


@torch.no_grad()
def manifold(playing, lines=11, points=25):
    """G's picture of a square grid of z: a list of curves [points, 2].

    Of a line, where z is one number.
    """
    low, high = (-2, 2) if playing.shown_z.min() < 0 else (0, 1)  # normal noise or uniform
    along = torch.linspace(low, high, points)
    if playing.latent_dim == 1:
        return [playing.G(along[:, None]).numpy()]
    across = torch.linspace(low, high, lines)[:, None].expand(lines, points)
    curves = torch.stack([across, along.expand(lines, points)], 2)  # [lines, points, 2]
    both_ways = torch.cat([curves, curves.flip(2)])
    return list(playing.G(both_ways.flatten(0, 1)).view(2 * lines, points, 2).numpy())


def film(playing, moments, *, note):
    """A Figure with a board for each of `moments`, a list of (title, position in `kept`).

    `note(game)` stands below each. The game is put back to where it was.
    """
    now = playing.position
    fig = Figure(figsize=(3.3 * len(moments), 3.7), layout="constrained")
    axes = fig.subplots(1, len(moments), squeeze=False).flat
    for axis, (title, position) in zip(axes, moments, strict=True):
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
        self.lines = {}
        self._add_line("d_loss", "D's loss", self.losses)
        self._add_line("g_loss", "G's loss", self.losses)
        self._add_line("divergence", "divergence", self.divergence)
        self.losses.legend(loc="upper left", fontsize=8, frameon=False, ncols=2)
        self.losses.set_title("losses against turns", fontsize=9)
        self.divergence.set_title("divergence (0: alike, 0.69: nothing in common)", fontsize=9)
        self.divergence.set_ylim(0, 0.75)
        for axis in (self.losses, self.divergence):
            axis.tick_params(labelsize=8)
            axis.locator_params(nbins=4)  # the ticks take most of the time to draw
            axis.spines[["top", "right"]].set_visible(False)

    def _add_line(self, name, label, axis):
        number = len(self.lines)
        colour = plots.COLOURS[number]
        style = plots.LINES[number]
        (self.lines[name],) = axis.plot([], [], color=colour, linestyle=style, label=label)

    def png(self, playing, *, title, phase=None, show_map=True, show_grid=True, show_arrows=False):
        """The picture of the Game `playing` as bytes; the arguments are those of `Board.update`."""
        self.board.update(
            playing,
            title=title,
            phase=phase,
            show_map=show_map,
            show_grid=show_grid,
            show_arrows=show_arrows,
        )
        losses = []
        for name, line in self.lines.items():
            steps, values = curve(playing.history, name)
            line.set_data(steps, values)
            if name != "divergence":
                losses += values
        low = min(losses, default=0)
        high = max(losses, default=1)
        margin = 0.05 * (high - low) + 0.05
        self.losses.set_ylim(low - margin, high + 4 * margin)  # room for the legend
        for axis in (self.losses, self.divergence):
            axis.set_xlim(0, max(10, playing.history.step))
        return plots.png(plots.drawn(self.figure))


def curve(history, name, most=200):
    """(steps, values) of a series up to the present step, thinned to about `most` points."""
    if name not in history.steps:
        return [], []
    steps = history.steps[name]
    count = bisect.bisect_right(steps, history.step)
    stride = -(-count // most) or 1
    return steps[:count:stride], history.values[name][:count:stride]


def describe(playing):
    """The picture of a Game in a sentence, for those who do not see it."""
    words = [f"Turn {playing.history.step}"]
    modes = playing.modes()
    if modes is not None:
        words.append(f"the fakes hold {modes} of {len(playing.data.centres)} clouds")
    words.append(f"divergence {playing.divergence():.2f}")
    if playing.loss != "Wasserstein":
        with torch.no_grad():
            real = playing.D(playing.shown_real).sigmoid().mean()
            fake = playing.D(playing.fakes()).sigmoid().mean()
        words.append(f"D gives real points {real:.2f} and fakes {fake:.2g} on average")
    for name, label in {"d_loss": "D's loss", "g_loss": "G's loss"}.items():
        _steps, values = curve(playing.history, name)
        if values:
            words.append(f"{label} {values[-1]:.3f}")
    words.append(f"D's push on G {playing.push():.2g}")
    return ", ".join(words) + "."
