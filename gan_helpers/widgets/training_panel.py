"""The training panel: start, pause, one step, slow motion, stop, with live pictures.

Lessons get it as `widgets.train_panel`.
"""

import asyncio
import html
import math
import time

import ipywidgets
import numpy as np
import torch
from matplotlib.figure import Figure

from gan_helpers import judges, plots, training
from gan_helpers.widgets import live

SLICE = 0.03  # seconds of training after which the kernel may do something else
PHASE = 0.8  # seconds that slow motion shows each player's turn
DRAWING = 0.2  # share of the time that may go into pictures


class TrainPanel(ipywidgets.VBox):
    """Train with `step` on `batches`, as `training.fit` does, at the reader's pace, with pictures.

    `history`: the History that goes on, of an earlier `fit` or a new one, in a variable of the
    notebook's: so the cell may be run again. `samples()`: images [N, 1, 28, 28] in [-1, 1] to show,
    always from the same noise.

    It trains in slices between which other cells run, so they must not wait long for anything.
    Nets and history are the notebook's own: pausing, stopping or closing the panel loses nothing.
    One panel trains at a time; another one pauses it. Where no pictures can be shown between cells
    (Colab) it has buttons for some more steps instead.
    """

    training_now = None  # the panel whose task runs

    def __init__(self, step, batches, *, history, samples):
        self.history = history
        self._samples = samples
        self._new_training = lambda: training.training_loop(step, batches, history, steps=math.inf)
        self._training = None  # the generator that trains, a step at a time
        self._task = None  # what drains it
        self._next_drawing = 0.0  # by time.perf_counter()
        self._drawn_step = None
        self.state = "paused"  # or "running" or "stopped"; changed on the loop only
        self._loop = live.running_loop()
        controls = self._make_controls() if self._loop else self._make_buttons_for_more()
        self._figure = _LiveFigure()
        self.picture = live.picture()
        # Room for all it says: nothing below shall jump.
        self.text = ipywidgets.HTML(layout={"min_height": "130px"})
        self.message = ipywidgets.HTML()
        super().__init__([live.row(controls), self.picture, self.text, self.message])
        if TrainPanel.training_now:  # most likely this cell's own, from its last run
            TrainPanel.training_now._pause()
        self._show_state()
        live.attempt(self._draw, self.message, after_error=self._pause)

    def figure(self):
        """The samples, curves and classes as a matplotlib Figure, for `plots.show`."""
        return self._figure.figure

    def close(self):
        """Stop, and take the panel away."""
        self._stop()
        super().close()

    def _make_controls(self):
        self.start = self._button("Start", self._start)
        self.pause = self._button("Pause", self._pause)
        self.one_step = self._button("One step", self._one_step)
        self.stop = self._button("Stop", self._stop)
        self.slow = ipywidgets.Checkbox(False, description="slow motion", indent=False)
        return [self.start, self.pause, self.one_step, self.stop, self.slow]

    def _make_buttons_for_more(self):
        self.more = {}
        for count in (1, 100, 1000):
            name = f"Train {count:,} more step{'s' * (count > 1)}"
            self.more[count] = self._button(name, lambda count=count: self._train_now(count))
        return list(self.more.values())

    def _button(self, name, action):
        """A button; where its action fails, training rests."""

        def attempt():
            if self.state != "stopped":  # else a click that was on its way
                live.attempt(action, self.message, after_error=self._pause)

        button = ipywidgets.Button(description=name, layout={"width": "auto"})
        button.on_click(lambda _button: live.on_loop(self._loop, attempt))
        return button

    # What the buttons do

    def _start(self):
        other = TrainPanel.training_now
        if other not in (None, self):
            other._pause()
        TrainPanel.training_now = self
        self.state = "running"
        self._show_state()
        if self._task is None or self._task.done():
            self._task = self._loop.create_task(self._train())

    def _pause(self):
        """Rest after the running step; a stopped panel stays stopped."""
        if TrainPanel.training_now is self:
            TrainPanel.training_now = None
        if self.state == "running":
            self.state = "paused"
        self._show_state()

    def _stop(self):
        self._pause()
        self.state = "stopped"
        self._show_state()

    def _one_step(self):
        self._pause()
        self._advance()
        self._draw()
        self._say(" ".join(phases(self.history)), f"Picture: {self.picture.tooltip}")

    def _train_now(self, count):
        """Do `count` steps at once, with pictures on the way."""
        try:
            for _ in range(count):
                self._advance()
                self._draw_if_due()
        except KeyboardInterrupt:  # the notebook's stop button
            self.message.value = (
                f"Interrupted after step {self.history.step:,}. Nets and history are kept."
            )
        self._draw()

    # The training

    async def _train(self):
        """The task: steps, and pictures when they are due, while the state is "running"."""
        with live.errors_in_words(self.message, after_error=self._pause):
            while self.state == "running":
                self._train_a_slice()
                if self.slow.value:
                    await self._show_phases()
                else:
                    self._draw_if_due()
                    await asyncio.sleep(0)
            if self._drawn_step != self.history.step:  # a single step has drawn, and said more
                self._draw()

    def _train_a_slice(self):
        """Steps for SLICE seconds; in slow motion one."""
        end = time.perf_counter() + SLICE
        self._advance()
        while not self.slow.value and time.perf_counter() < end:
            self._advance()

    def _advance(self):
        """One step."""
        if self._training is None:
            self._training = self._new_training()
        try:
            next(self._training)
        except BaseException:
            self._training = None  # an error ends a generator: the next start needs a new one
            raise

    async def _show_phases(self):
        """Slow motion: each player's turn of the last step by name, one after the other."""
        *earlier, last = phases(self.history)
        for phase in earlier:
            self._say(phase)
            await asyncio.sleep(PHASE)
        if self.state == "running":
            self._draw()  # after G's turn: the samples have changed
            self._say(last)
            await asyncio.sleep(PHASE)

    # The picture

    def _draw_if_due(self):
        if time.perf_counter() > self._next_drawing:
            self._draw()

    def _draw(self):
        start = time.perf_counter()
        # Training goes on as if nobody had looked.
        with torch.random.fork_rng(devices=[]), torch.no_grad():
            images = self._samples()
        self.picture.value, reading = self._figure.draw(self.history, images)
        series = self.history.values.items()
        latest = "; ".join(f"{name} {values[-1]:.3f}" for name, values in series)
        self.picture.tooltip = f"Step {self.history.step:,}. {latest}. {reading}".strip()
        self._say(f"Picture: {self.picture.tooltip}")
        self._drawn_step = self.history.step
        end = time.perf_counter()
        self._next_drawing = end + max(0.4, (end - start) / DRAWING)

    def _say(self, *lines):
        """Show lines of words below the picture; the names of a step's values are the reader's."""
        self.text.value = "<br>".join(html.escape(line, quote=False) for line in lines)

    def _show_state(self):
        if self._loop is None:
            return
        self.start.disabled = self.state != "paused"
        self.pause.disabled = self.state != "running"
        self.one_step.disabled = self.state == "stopped"
        self.stop.disabled = self.state == "stopped"
        if self.state == "stopped" and not self.message.value:
            self.message.value = (
                f"Stopped after step {self.history.step:,}. Nets and history are kept; run this "
                "cell again to go on."
            )


class _LiveFigure:
    """Samples, losses, scores and classes in one figure.

    Its parts are moved, not made anew: that is quicker.
    """

    def __init__(self):
        self.figure = Figure(figsize=(11, 2.9), dpi=80)
        losses, scores, self.classes = self.figure.subplots(1, 3)
        self.figure.subplots_adjust(left=0.31, right=0.99, bottom=0.18, top=0.89, wspace=0.25)
        self.sheet = self.figure.add_axes((0, 0.02, 0.26, 0.96))
        self.curves = [losses, scores]
        self.lines = {}
        self._add_curves(losses, "losses", {"d_loss": "D", "g_loss": "G"})
        self._add_curves(scores, "mean raw scores", {"score_real": "real", "score_fake": "fake"})
        self.bars = self.classes.bar(range(10), [0] * 10, color=plots.BLUE)
        self.classes.set(xticks=range(10), yticks=[])
        self.classes.set_title("what the judge reads", fontsize=10)

    def _add_curves(self, axis, title, labels):
        for number, (name, label) in enumerate(labels.items()):
            colour = plots.COLOURS[number]
            style = plots.LINES[number]
            (self.lines[name],) = axis.plot([], [], color=colour, linestyle=style, label=label)
        axis.set_title(title, fontsize=10)
        axis.set_xlabel("step")
        axis.legend(frameon=False, loc="upper right", ncols=2)
        axis.margins(y=0.2)  # room for the legend: to look for the best place takes long

    def draw(self, history, images):
        """The PNG bytes, and a sentence on what the judge reads in `images`."""
        for name, line in self.lines.items():
            if name in history.values:
                line.set_data(*plots.group_means(history.steps[name], history[name], 25))
        for axis in self.curves:
            has_points = any(len(line.get_xdata()) for line in axis.lines)
            axis.set_visible(has_points)  # not every step notes scores
            axis.relim()
            axis.autoscale_view()
        self.sheet.clear()
        self.sheet.axis("off")
        sheet = plots.sheet(images, round(len(images) ** 0.5))
        self.sheet.imshow(np.asarray(sheet), cmap="gray", vmin=0, vmax=255)
        digits = judges.read(judges.load(), images)[1].argmax(1)
        counts = digits.bincount(minlength=10).tolist()
        for bar, height in zip(self.bars, counts, strict=True):
            bar.set_height(height)
        self.classes.set_ylim(0, max(counts) * 1.05)
        return plots.png(plots.drawn(self.figure)), live.digit_counts(digits)


def phases(history):
    """What happened in the last step, a sentence for each player that had a turn."""
    latest = {
        name: values[-1]
        for name, values in history.values.items()
        if history.steps[name][-1] == history.step
    }
    step = f"Step {history.step:,}"
    sentences = []
    if "d_loss" in latest:
        sentences.append(f"{step}, D's turn: its loss is {latest['d_loss']:.3f}.")
        if {"score_real", "score_fake"} <= latest.keys():
            sentences[0] += (
                f" It scores real pictures {latest['score_real']:.2f} and fakes "
                f"{latest['score_fake']:.2f} on average."
            )
    if "g_loss" in latest:
        loss = f"{latest['g_loss']:.3f}"
        sentences.append(f"{step}, G's turn: its loss is {loss}. The samples are drawn anew.")
    if not sentences:
        values = ", ".join(f"{name} {value:.3f}" for name, value in latest.items())
        sentences.append(f"{step}: {values}")
    return sentences
