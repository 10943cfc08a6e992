"""What moves in the lessons: a sampler, a scrubber through a run's snapshots, and the training panel.

    widgets.sampler()                      digits that follow sliders, from a generator the course ships
    widgets.scrubber(history)              a run's snapshots, with its curves
    widgets.train_panel(step, batches, …)  start, pause and watch a training (panel.py)

All are ordinary ipywidgets boxes: the last line of a cell shows one. `figure()` gives the same as a still picture for
`plots.show`, for readers without widgets.

A slider's handle has no name for a screen reader in ipywidgets; so beside each stands a number field that has one.
"""

from pathlib import Path

import ipywidgets
import numpy as np
import torch
from PIL import ImageDraw
from traitlets import link

from gan_helpers import judges, networks, plots
from gan_helpers.widgets import live, sheets
from gan_helpers.widgets.training_panel import TrainPanel, counts

LARGEST = 10  # a sheet has at most this many pictures a side
DIRECTIONS, POINTS = 4, 64  # sliders; z over which the Jacobian is averaged
FRAME = 0.3  # seconds that play shows a snapshot
EACH = "each in turn"


def sampler(generator=None, *, conditional=False):
    """Digits that follow sliders. `generator`: a net with `latent_dim` as lessons train them; left out, a shipped one.

    `conditional`: the generator takes one-hot labels [N, 10] behind z. Returns a Sampler, to be shown by the last
    line of a cell. Where the generator is trained on, the next change of a control shows what it draws by then.
    """
    if generator is None:
        generator = networks.trained_generator(conditional=conditional)
    return Sampler(generator, conditional=conditional)


def scrubber(history):
    """A slider through `history.snapshots`, beside its curves. Returns a Scrubber.

    Raises ValueError where there are no snapshots.
    """
    return Scrubber(history)


def train_panel(step, batches, *, history, samples):
    """Start, pause and watch a training. Returns a TrainPanel (panel.py), which says what the arguments are."""
    return TrainPanel(step, batches, history=history, samples=samples)


def directions(generator, *cond, count=DIRECTIONS):
    """The `count` directions [count, latent_dim] of length 1 along which the pictures change most, on average.

    They are the first right singular vectors of the generator's Jacobian, averaged over 64 points z: a raw coordinate
    of z has no meaning of its own. `cond`: labels [64, 10] where the generator takes them.
    """
    z = _noise(POINTS, generator.latent_dim, seed=0)
    was_training = generator.training
    generator.eval()
    try:
        with torch.enable_grad():
            shift = torch.zeros(generator.latent_dim, requires_grad=True)
            mean = (
                generator(z + shift, *cond).mean(0).flatten()
            )  # its Jacobian is the mean of the Jacobians
            # Backward gives a row of J at a time, and there are 784. Backward through a backward pass gives columns.
            u = torch.zeros_like(mean, requires_grad=True)
            row = torch.autograd.grad(mean, shift, u, create_graph=True)[0]  # Jᵀ u
            columns = [
                torch.autograd.grad(row, u, axis, retain_graph=True)[0]
                for axis in torch.eye(len(shift))
            ]
    finally:
        generator.train(was_training)
    return torch.linalg.svd(torch.stack(columns, 1), full_matrices=False)[2][:count]


class Sampler(live.LiveBox):
    """What `sampler` returns. Its controls are attributes; `images` [N, 1, 28, 28] is what the sheet shows."""

    def __init__(self, generator, *, conditional):
        if not hasattr(generator, "latent_dim"):
            raise TypeError(
                "the generator must have an attribute latent_dim: set it to the length of z; of averaged "
                "weights give .module"
            )
        if getattr(generator, "classes", 0) and not conditional:
            raise ValueError("this generator takes labels: add conditional=True")
        self.generator, self.conditional = generator, conditional
        every_digit = (torch.eye(10)[torch.arange(POINTS) % 10],) if conditional else ()
        self._directions = directions(generator, *every_digit)

        self.sliders = [
            self._slider(f"direction {number + 1}", 0.0, -4, 4)
            for number in range(len(self._directions))
        ]
        self.truncation = self._slider("truncation", 1.0, 0, 1.5)
        rows = [*map(_row, (*self.sliders, self.truncation))]
        self.seed = self._observed(
            ipywidgets.BoundedIntText(0, min=0, max=2**31 - 1, description="seed")
        )
        self.size = self._observed(
            ipywidgets.BoundedIntText(6, min=1, max=LARGEST, description="grid size")
        )
        self.judge = self._observed(
            ipywidgets.Checkbox(False, description="ask the judge", indent=False)
        )
        self.new_noise = ipywidgets.Button(description="New noise", tooltip="Take the next seed")
        self.save = ipywidgets.Button(
            description="Save sheet", tooltip="Write the sheet as a PNG file"
        )
        self.new_noise.on_click(lambda button: self._guarded(self._next_seed))
        self.save.on_click(lambda button: self._guarded(self._save))
        if conditional:
            self.digit = self._observed(
                ipywidgets.Dropdown(options=[EACH, *range(10)], description="digit")
            )
            self.other = self._observed(
                ipywidgets.Dropdown(options=list(range(10)), value=8, description="mixed with")
            )
            self.share = self._slider("share", 0.0, 0, 1)
            rows += [self.digit, self.other, _row(self.share)]
        # Walk from one picture of the sheet to another: they are counted row by row.
        self.first = self._observed(
            ipywidgets.BoundedIntText(1, min=1, max=LARGEST**2, description="walk from")
        )
        self.last = self._observed(
            ipywidgets.BoundedIntText(2, min=1, max=LARGEST**2, description="to picture")
        )
        self.walk = self._slider("how far", 0.5, 0, 1)
        rows += [self.first, self.last, _row(self.walk)]
        self.sheet, self.walked = live.picture(), live.picture()
        self.text = live.status_line()
        controls = ipywidgets.VBox(
            [
                self.seed,
                self.size,
                self.judge,
                ipywidgets.HBox([self.new_noise, self.save]),
                *rows,
                self.walked,
            ]
        )
        super().__init__([live.row([controls, self.sheet]), self.text])

    def figure(self):
        """The sheet as a matplotlib Figure, for `plots.show`."""
        self._catch_up()
        return plots.image_grid(self.images, columns=self.size.value)

    def _observed(self, control):
        control.layout.width = "200px"
        control.observe(self._changed, "value")
        return control

    def _slider(self, name, value, low, high):
        # Without a loop each value is drawn at once: then not those on the way.
        slider = ipywidgets.FloatSlider(
            value,
            min=low,
            max=high,
            step=0.05,
            description=name,
            readout=False,
            continuous_update=live.running_loop() is not None,
        )
        slider.observe(self._changed, "value")
        return slider

    def _points(self):
        """z [N, latent_dim] of the sheet's pictures and what the generator gets behind z (a tuple)."""
        count = self.size.value**2
        # Always as much noise as the largest sheet needs: so another size keeps the pictures.
        z = (
            self.truncation.value
            * _noise(LARGEST**2, self.generator.latent_dim, self.seed.value)[:count]
        )
        z = z + torch.tensor([slider.value for slider in self.sliders]) @ self._directions
        if not self.conditional:
            return z, ()
        digits = (
            torch.arange(count) % 10
            if self.digit.value == EACH
            else torch.full((count,), self.digit.value)
        )
        mixed = torch.eye(10)[self.other.value]
        return z, (torch.eye(10)[digits].lerp(mixed, self.share.value),)

    def _draw(self):
        z, cond = self._points()
        # Those that the sheet has: it may be smaller than the numbers asked for.
        ends = [min(place.value, len(z)) - 1 for place in (self.first, self.last)]
        way = torch.tensor([0, self.walk.value, 1]).unsqueeze(1)
        both = [torch.cat([part, part[ends[:1]].lerp(part[ends[1:]], way)]) for part in (z, *cond)]
        images = networks.sample(self.generator, *both)
        self.images, walked = images[:-3], images[-3:]
        captions, reading = self._ask_the_judge() if self.judge.value else (None, "")
        self._sheet = sheets.sheet(self.images, self.size.value, scale=2, captions=captions)
        self.sheet.value = sheets.png(self._sheet)
        self.walked.value = sheets.png(sheets.sheet(walked, 3, scale=3))
        self.sheet.tooltip = (
            f"{len(self.images)} samples, seed {self.seed.value}. {reading}".strip()
        )
        self.walked.tooltip = (
            f"Picture {ends[0] + 1} on the left, picture {ends[1] + 1} on the right, between them "
            f"what lies {self.walk.value:.0%} of the way. Pictures are counted row by row."
        )
        self.text.value = live.text(f"Picture: {self.sheet.tooltip} Larger: {self.walked.tooltip}")

    def _ask_the_judge(self):
        """A caption for each picture, and a sentence for all."""
        _, logits = judges.read(judges.load(), self.images)
        sure, digits = logits.softmax(1).max(1)
        least = sure.argmin().item()
        return (
            [
                f"{digit}  {share:.0%}"
                for digit, share in zip(digits.tolist(), sure.tolist(), strict=True)
            ],
            f"{counts(digits)} It is least sure of picture {least + 1}: a {digits[least]}, {sure[least]:.0%}.",
        )

    def _next_seed(self):
        self.seed.value = 0 if self.seed.value == self.seed.max else self.seed.value + 1

    def _save(self):
        number = 1
        while (path := Path(f"digits-{number}.png")).exists():  # nothing is overwritten
            number += 1
        path.write_bytes(sheets.png(self._sheet))
        self.text.value = live.text(f"Saved as {path} in the folder {Path.cwd()}.")


class Scrubber(live.LiveBox):
    """What `scrubber` returns. `step` is the control that says which snapshot is shown."""

    def __init__(self, history):
        plots.check_snapshots(history.snapshots)
        self.history = history
        steps = sorted(history.snapshots)
        self.step = ipywidgets.Dropdown(
            options=[(f"{step:,}", step) for step in steps],
            value=steps[-1],
            description="step",
            layout={"width": "180px"},
        )
        self.slider = ipywidgets.IntSlider(
            len(steps) - 1, min=0, max=len(steps) - 1, readout=False, layout={"width": "360px"}
        )
        link((self.step, "index"), (self.slider, "value"))
        self.step.observe(self._changed, "value")
        self.play = ipywidgets.Button(
            description="Play", tooltip="Go through the snapshots from here, or pause"
        )
        self.play.on_click(
            lambda button: live.on_loop(self._loop, lambda: self._guarded(self._toggle))
        )
        self.sheet, self.curves, self.text = live.picture(), live.picture(), live.status_line()
        self.playing = None  # the handle of the next picture's turn
        figure = plots.training_curves(history)
        figure.set_dpi(80)
        self._curves, self._axes = sheets.drawn(figure), figure.axes  # drawn once, marked often
        super().__init__(
            [
                ipywidgets.HBox([self.play, self.step, self.slider]),
                self.sheet,
                self.curves,
                self.text,
            ]
        )
        if self._loop is None:  # nothing could wake it for the next picture
            self.play.layout.display = "none"

    def figure(self):
        """The pictures and the marked curves as they are now: a matplotlib Figure, for `plots.show`."""
        self._catch_up()
        return sheets.figure(self._pictures)

    def _draw(self):
        step = self.step.value
        images = self.history.snapshots[step]
        sheet, marked = sheets.sheet(images, min(10, len(images)), scale=2), self._curves.copy()
        draw = ImageDraw.Draw(marked)
        for axis in self._axes:
            box = axis.bbox
            x = axis.transData.transform((step, 0))[0]
            draw.line(
                [(x, marked.height - box.y1), (x, marked.height - box.y0)],
                fill=plots.GREEN,
                width=2,
            )
        self._pictures = sheet, marked
        self.sheet.value, self.curves.value = map(sheets.png, self._pictures)
        near = [f"{name} {_at(self.history, name, step):.2f}" for name in self.history.values]
        self.sheet.tooltip = f"{len(images)} samples after step {step:,}."
        self.curves.tooltip = (
            f"Losses and mean scores, with a mark at step {step:,}: {', '.join(near)}."
        )
        self.text.value = live.text(f"Picture: {self.sheet.tooltip} Below: {self.curves.tooltip}")

    def _toggle(self):
        if self.playing:
            self._pause()
            return
        if self.slider.value == self.slider.max:
            self.slider.value = 0
        self.play.description = "Pause"
        self.playing = self._loop.call_later(FRAME, self._guarded, self._advance)

    def _pause(self):
        self.playing.cancel()
        self.playing, self.play.description = None, "Play"

    def _advance(self):
        if self.slider.value == self.slider.max:
            self._pause()
            return
        self.slider.value += 1
        self.playing = self._loop.call_later(FRAME, self._guarded, self._advance)


def _row(slider):
    """A slider behind a number field that takes over its description, and its value both ways."""
    number = ipywidgets.BoundedFloatText(
        slider.value,
        min=slider.min,
        max=slider.max,
        step=slider.step,
        description=slider.description,
        layout={"width": "160px"},
    )
    slider.description, slider.layout = "", {"width": "180px"}
    link((number, "value"), (slider, "value"))
    return ipywidgets.HBox([number, slider])


def _noise(count, latent_dim, seed):
    return torch.randn(count, latent_dim, generator=torch.Generator().manual_seed(seed))


def _at(history, name, step):
    """A series' last value up to `step`; its first, where it begins later."""
    place = np.searchsorted(history.steps[name], step, side="right")
    return history[name][max(place - 1, 0)]
