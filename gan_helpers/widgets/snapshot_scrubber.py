"""A slider through the snapshots of a run. Lessons get it as `widgets.scrubber`."""

import numpy as np
import traitlets
from matplotlib.figure import Figure
from PIL import Image, ImageDraw

from gan_helpers import plots
from gan_helpers.widgets import page


class Scrubber(page.Hinted, page.PagePart):
    """A slider through `history.snapshots`, beside its curves; the last line of a cell shows it.

    `index` says which snapshot is shown, `step` after which step it was taken. scrubber.js draws
    it. Raises ValueError where there are no snapshots.
    """

    FILES = ("page", "scrubber")
    _esm = page.module(*FILES)
    _css = page.STYLE
    index = traitlets.Int().tag(sync=True)
    steps = traitlets.List().tag(sync=True)
    words = traitlets.List().tag(sync=True)  # a sentence a step
    film = traitlets.Bytes().tag(sync=True)  # PNG: the snapshots below each other
    curves = traitlets.Bytes().tag(sync=True)  # PNG
    marks = traitlets.List().tag(sync=True)  # where each step lies in each plot, in shares

    def __init__(self, history):
        plots.check_snapshots(history.snapshots)
        steps = sorted(history.snapshots)
        self._sheets = [_sheet(history.snapshots[step]) for step in steps]
        figure = plots.training_curves(history)
        figure.set_dpi(80)
        self._curves = plots.drawn(figure)
        super().__init__(
            index=len(steps) - 1,
            steps=steps,
            words=[_words(history, step) for step in steps],
            film=plots.png(_below_each_other(self._sheets)),
            curves=plots.png(self._curves),
            marks=[_marks(axis, self._curves, steps) for axis in figure.axes],
        )

    @property
    def step(self):
        """After which step the snapshot was taken that is shown."""
        return self.steps[self.index]

    @traitlets.validate("index")
    def _check_index(self, proposal):
        if not 0 <= proposal["value"] < len(self._sheets):
            raise traitlets.TraitError(f"index must lie between 0 and {len(self._sheets) - 1}")
        return proposal["value"]

    def figure(self):
        """The pictures and the marked curves as they are now, as a Figure for `plots.show`."""
        marked = self._curves.copy()
        draw = ImageDraw.Draw(marked)
        for mark in self.marks:
            x = mark["left"][self.index] * marked.width
            top = mark["top"] * marked.height
            ends = [(x, top), (x, top + mark["height"] * marked.height)]
            draw.line(ends, fill=plots.GREEN, width=2)
        sheet = self._sheets[self.index]
        larger = sheet.resize((2 * sheet.width, 2 * sheet.height), Image.Resampling.NEAREST)
        whole = np.asarray(_below_each_other([larger, marked]))
        height, width = whole.shape[:2]
        figure = Figure(figsize=(width / 80, height / 80), dpi=80)  # pixel by pixel
        figure.figimage(whole)
        return figure


def _sheet(images):
    return plots.sheet(images, min(10, len(images)))


def _words(history, step):
    """What is seen of a step (str)."""
    values = [f"{name} {_value_at(history, name, step):.2f}" for name in history.values]
    count = len(history.snapshots[step])
    return f"{count} samples after step {step:,}. Near it: {', '.join(values)}."


def _marks(axis, curves, steps):
    """Where a plot lies in the picture of the curves, and each step in it: shares (dict)."""
    # matplotlib counts pixels from below, the page from above.
    return {
        "top": 1 - axis.bbox.y1 / curves.height,
        "height": axis.bbox.height / curves.height,
        "left": [axis.transData.transform((step, 0))[0] / curves.width for step in steps],
    }


def _below_each_other(images):
    """Pillow images as one, on white where they are narrower."""
    mode = "L" if all(image.mode == "L" for image in images) else "RGB"
    size = max(image.width for image in images), sum(image.height for image in images)
    whole = Image.new(mode, size, "white")
    top = 0
    for image in images:
        whole.paste(image, (0, top))
        top += image.height
    return whole


def _value_at(history, name, step):
    """A series' last value up to `step`; its first, where it begins later."""
    place = np.searchsorted(history.steps[name], step, side="right")
    return history[name][max(place - 1, 0)]
