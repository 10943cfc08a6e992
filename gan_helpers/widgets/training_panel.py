"""The training panel: start, pause, one step, slow motion, stop, with live pictures. Lessons get it from `widgets`."""

import asyncio
import math
import time

import ipywidgets
import numpy as np
import torch
from matplotlib.figure import Figure

from gan_helpers import judges, plots, training
from gan_helpers.widgets import live, sheets

SLICE = 0.03  # seconds of training after which the kernel may do something else
PHASE = 0.8  # seconds that slow motion shows each player's turn
DRAWING = 0.2  # share of the time that may go into pictures


class TrainPanel(ipywidgets.VBox):
    """Train with `step` on `batches`, as `training.fit` does, at the reader's pace and with live pictures.

    `history`: the History that goes on, of an earlier `fit` or a new one, in a variable of the notebook's: so the cell
    may be run again. `samples()`: images [N, 1, 28, 28] in [-1, 1] to show, always from the same noise.

    It trains in slices between which other cells run, so they must not wait long for anything. Nets and history are
    the notebook's own: pausing, stopping or closing the panel loses nothing. One panel trains at a time; another one
    pauses it. Where no pictures can be shown between cells (Colab) it has buttons for some more steps instead.
    """

    training_now = None  # the panel whose task runs

    def __init__(self, step, batches, *, history, samples):
        self.history, self._samples = history, samples
        self._new_training = lambda: training.training_loop(step, batches, history, steps=math.inf)
        self._training, self._task, self._next_drawing, self._drawn_step = None, None, 0.0, None
        self.state = "paused"  # or "running" or "stopped"; changed on the loop only
        self._loop = live.running_loop()
        self.picture, self.message = live.picture(), ipywidgets.HTML()
        self.text = ipywidgets.HTML(
            layout={"min_height": "130px"}
        )  # room for all it says: nothing below shall jump
        if self._loop:
            self.start, self.pause = (
                self._button("Start", self._start),
                self._button("Pause", self._pause),
            )
            self.one_step, self.stop = (
                self._button("One step", self._one_step),
                self._button("Stop", self._stop),
            )
            self.slow = ipywidgets.Checkbox(False, description="slow motion", indent=False)
            controls = [self.start, self.pause, self.one_step, self.stop, self.slow]
        else:
            self.more = {
                count: self._button(
                    f"Train {count:,} more step{'s' * (count > 1)}",
                    lambda count=count: self._train_now(count),
                )
                for count in (1, 100, 1000)
            }
            controls = list(self.more.values())
        self._figure = _LiveFigure()
        super().__init__([live.row(controls), self.picture, self.text, self.message])
        if TrainPanel.training_now:  # most likely this cell's own, from its last run
            TrainPanel.training_now._pause()
        self._show_state()
        self._guarded(self._draw)

    def figure(self):
        """The samples, curves and classes as a matplotlib Figure, for `plots.show`."""
        return self._figure.figure

    def close(self):
        """Stop, and take the panel away."""
        self._stop()
        super().close()

    def _button(self, name, action):
        button = ipywidgets.Button(description=name, layout={"width": "auto"})
        button.on_click(lambda _button: live.on_loop(self._loop, lambda: self._guarded(action)))
        return button

    def _guarded(self, action):
        """Do it; what goes wrong is shown in the panel, in words, and the training rests."""
        try:
            action()
        except Exception as error:
            self._failed(error)

    def _failed(self, error):
        self.message.value = live.in_words(error)
        self._pause()

    def _start(self):
        if self.state == "stopped":  # a click that was on its way
            return
        other = TrainPanel.training_now
        if other not in (None, self):
            other._pause()
        self.state, self.message.value, TrainPanel.training_now = "running", "", self
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
        if self.state == "stopped":
            return
        self._pause()
        self.message.value = ""
        self._advance()
        self._draw()
        self.text.value = " ".join(phases(self.history)) + "<br>" + self.text.value

    def _train_now(self, count):
        """Do `count` steps at once, with pictures on the way."""
        self.message.value = ""
        try:
            for _ in range(count):
                self._advance()
                self._draw_if_due()
        except KeyboardInterrupt:  # the notebook's stop button
            self.message.value = (
                f"Interrupted after step {self.history.step:,}. Nets and history are kept."
            )
        self._draw()

    async def _train(self):
        """The task: steps, and pictures when they are due, while the state is "running"."""
        try:
            while self.state == "running":
                end = time.perf_counter() + SLICE
                self._advance()
                while not self.slow.value and time.perf_counter() < end:
                    self._advance()
                if self.slow.value:
                    await self._show_phases()
                else:
                    self._draw_if_due()
                    await asyncio.sleep(0)
            if self._drawn_step != self.history.step:  # else a single step has drawn, and said more
                self._draw()
        except (
            Exception
        ) as error:  # nobody waits for the task: without this the error would be lost
            self._failed(error)

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
            self.text.value = phase
            await asyncio.sleep(PHASE)
        if self.state == "running":
            self._draw()  # after G's turn: the samples have changed
            self.text.value = last
            await asyncio.sleep(PHASE)

    def _draw_if_due(self):
        if time.perf_counter() > self._next_drawing:
            self._draw()

    def _draw(self):
        start = time.perf_counter()
        with (
            torch.random.fork_rng(devices=[]),
            torch.no_grad(),
        ):  # training goes on as if nobody had looked
            images = self._samples()
        self.picture.value, reading = self._figure.draw(self.history, images)
        latest = "; ".join(
            f"{name} {values[-1]:.3f}" for name, values in self.history.values.items()
        )
        self.picture.tooltip = f"Step {self.history.step:,}. {latest}. {reading}".strip()
        self.text.value = f"Picture: {self.picture.tooltip}"
        self._drawn_step, end = self.history.step, time.perf_counter()
        self._next_drawing = end + max(0.4, (end - start) / DRAWING)

    def _show_state(self):
        if self._loop is None:
            return
        self.start.disabled = self.state != "paused"
        self.pause.disabled = self.state != "running"
        self.one_step.disabled = self.stop.disabled = self.state == "stopped"
        if self.state == "stopped" and not self.message.value:
            self.message.value = (
                f"Stopped after step {self.history.step:,}. Nets and history are kept; run this cell "
                "again to go on."
            )


class _LiveFigure:
    """Samples, losses, scores and classes in one figure whose parts are moved, not made anew: that is quicker."""

    def __init__(self):
        self.figure = Figure(figsize=(11, 2.9), dpi=80)
        *curves, self.classes = self.figure.subplots(1, 3)
        self.figure.subplots_adjust(left=0.31, right=0.99, bottom=0.18, top=0.89, wspace=0.25)
        self.sheet = self.figure.add_axes((0, 0.02, 0.26, 0.96))
        self.curves, self.lines = curves, {}
        titles = {
            "losses": (("d_loss", "D"), ("g_loss", "G")),
            "mean raw scores": (("score_real", "real"), ("score_fake", "fake")),
        }
        for axis, (title, series) in zip(curves, titles.items(), strict=True):
            for (name, label), colour, line in zip(
                series, plots.COLOURS, plots.LINES, strict=False
            ):
                self.lines[name] = axis.plot([], [], color=colour, linestyle=line, label=label)[0]
            axis.set_title(title, fontsize=10)
            axis.set_xlabel("step")
            axis.legend(frameon=False, loc="upper right", ncols=2)
            axis.margins(y=0.2)  # room for the legend: to look for the best place takes long
        self.bars = self.classes.bar(range(10), [0] * 10, color=plots.BLUE)
        self.classes.set(xticks=range(10), yticks=[])
        self.classes.set_title("what the judge reads", fontsize=10)

    def draw(self, history, images):
        """The PNG bytes, and a sentence on what the judge reads in `images`."""
        for name, line in self.lines.items():
            if name in history.values:
                line.set_data(*plots.group_means(history.steps[name], history[name], 25))
        for axis in self.curves:
            axis.set_visible(
                any(len(line.get_xdata()) for line in axis.lines)
            )  # not every step notes scores
            axis.relim()
            axis.autoscale_view()
        self.sheet.clear()
        self.sheet.axis("off")
        sheet = sheets.sheet(images, round(len(images) ** 0.5))
        self.sheet.imshow(np.asarray(sheet), cmap="gray", vmin=0, vmax=255)
        digits = judges.read(judges.load(), images)[1].argmax(1)
        found = digits.bincount(minlength=10).tolist()
        for bar, height in zip(self.bars, found, strict=True):
            bar.set_height(height)
        self.classes.set_ylim(0, max(found) * 1.05)
        return sheets.png(sheets.drawn(self.figure)), counts(digits)


def phases(history):
    """What happened in the last step, a sentence for each player that had a turn."""
    found = {
        name: values[-1]
        for name, values in history.values.items()
        if history.steps[name][-1] == history.step
    }
    said = []
    if "d_loss" in found:
        scores = (
            f" It scores real pictures {found['score_real']:.2f} and fakes {found['score_fake']:.2f} on average."
            if {"score_real", "score_fake"} <= found.keys()
            else ""
        )
        said.append(f"Step {history.step:,}, D's turn: its loss is {found['d_loss']:.3f}.{scores}")
    if "g_loss" in found:
        said.append(
            f"Step {history.step:,}, G's turn: its loss is {found['g_loss']:.3f}. The samples are drawn anew."
        )
    return said or [
        f"Step {history.step:,}: "
        + ", ".join(f"{name} {value:.3f}" for name, value in found.items())
    ]


def counts(digits):
    """A sentence on readings int64 [N]: how often each digit occurs."""
    found = digits.bincount(minlength=10).tolist()
    return (
        "The judge reads "
        + ", ".join(f"{digit}: {count}" for digit, count in enumerate(found))
        + "."
    )
