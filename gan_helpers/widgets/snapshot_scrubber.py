"""A slider through the snapshots of a run. Lessons get it as `widgets.scrubber`."""

import ipywidgets
import numpy as np
from matplotlib.figure import Figure
from PIL import Image, ImageDraw
from traitlets import link

from gan_helpers import plots
from gan_helpers.widgets import live

FRAME = 0.3  # seconds that play shows a snapshot


class Scrubber(live.LiveBox):
    """A slider through `history.snapshots`, beside its curves; the last line of a cell shows it.

    `step` is the control that says which snapshot is shown. Raises ValueError where there are no
    snapshots.
    """

    def __init__(self, history):
        plots.check_snapshots(history.snapshots)
        self.history = history
        self.playing = None  # the handle of the next picture's turn
        self._make_controls(sorted(history.snapshots))
        self._draw_curves()
        self.sheet = live.picture()
        self.curves = live.picture()
        self.text = ipywidgets.HTML()
        controls = ipywidgets.HBox([self.play, self.step, self.slider])
        super().__init__([controls, self.sheet, self.curves, self.text])
        if self._loop is None:  # nothing could wake it for the next picture
            self.play.layout.display = "none"

    def figure(self):
        """The pictures and the marked curves as they are now, as a Figure for `plots.show`."""
        self._catch_up()
        return _stacked(self._shown)

    def _make_controls(self, steps):
        last = len(steps) - 1
        self.step = ipywidgets.Dropdown(
            options=[(f"{step:,}", step) for step in steps],
            value=steps[last],
            description="step",
            layout={"width": "180px"},
        )
        self.slider = ipywidgets.IntSlider(
            last, min=0, max=last, readout=False, layout={"width": "360px"}
        )
        link((self.step, "index"), (self.slider, "value"))
        self.step.observe(self._changed, "value")
        self.play = ipywidgets.Button(
            description="Play", tooltip="Go through the snapshots from here, or pause"
        )
        self.play.on_click(
            lambda button: live.on_loop(self._loop, lambda: self._attempt(self._toggle))
        )

    def _draw_curves(self):
        """The curves as pixels: drawn once, marked often."""
        figure = plots.training_curves(self.history)
        figure.set_dpi(80)
        self._curves = plots.drawn(figure)
        self._axes = figure.axes

    def _draw(self):
        step = self.step.value
        images = self.history.snapshots[step]
        sheet = plots.sheet(images, min(10, len(images)), scale=2)
        curves = self._marked_curves(step)
        self._shown = [sheet, curves]
        self.sheet.value = plots.png(sheet)
        self.curves.value = plots.png(curves)
        near = [f"{name} {_value_at(self.history, name, step):.2f}" for name in self.history.values]
        self.sheet.tooltip = f"{len(images)} samples after step {step:,}."
        self.curves.tooltip = (
            f"Losses and mean scores, with a mark at step {step:,}: {', '.join(near)}."
        )
        self.text.value = live.text(f"Picture: {self.sheet.tooltip} Below: {self.curves.tooltip}")

    def _marked_curves(self, step):
        """The curves as a Pillow image, with an upright line at `step` in each plot."""
        marked = self._curves.copy()
        draw = ImageDraw.Draw(marked)
        for axis in self._axes:
            x = axis.transData.transform((step, 0))[0]
            # matplotlib counts pixels from below, Pillow from above.
            top = marked.height - axis.bbox.y1
            bottom = marked.height - axis.bbox.y0
            draw.line([(x, top), (x, bottom)], fill=plots.GREEN, width=2)
        return marked

    def _toggle(self):
        if self.playing:
            self._pause()
            return
        if self.slider.value == self.slider.max:
            self.slider.value = 0
        self.play.description = "Pause"
        self._wait_for_the_next()

    def _pause(self):
        self.playing.cancel()
        self.playing = None
        self.play.description = "Play"

    def _advance(self):
        if self.slider.value == self.slider.max:
            self._pause()
            return
        self.slider.value += 1
        self._wait_for_the_next()

    def _wait_for_the_next(self):
        self.playing = self._loop.call_later(FRAME, self._attempt, self._advance)


def _stacked(images):
    """Pillow images below each other as a matplotlib Figure, pixel by pixel at 80 dpi."""
    width = max(image.width for image in images)
    height = sum(image.height for image in images)
    whole = Image.new("RGB", (width, height), "white")
    top = 0
    for image in images:
        whole.paste(image, (0, top))
        top += image.height
    figure = Figure(figsize=(width / 80, height / 80), dpi=80)
    figure.figimage(np.asarray(whole))
    return figure


def _value_at(history, name, step):
    """A series' last value up to `step`; its first, where it begins later."""
    place = np.searchsorted(history.steps[name], step, side="right")
    return history[name][max(place - 1, 0)]
