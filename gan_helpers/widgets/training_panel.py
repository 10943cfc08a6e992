"""The training panel: start, pause, one step, slow motion, stop, with live pictures.

Lessons get it as `widgets.train_panel`.
"""

import asyncio
import html
import math
import time

import ipywidgets
import torch

from gan_helpers import training
from gan_helpers.widgets import live, page, training_fields
from gan_helpers.widgets.training_figure import LiveFigure, phases

SLICE = 0.03  # seconds of training after which the kernel may do something else
PHASE = 0.8  # seconds that slow motion shows each player's turn
DRAWING = 0.2  # share of the time that may go into pictures
# What the page says at once when a button is clicked.
WORDS = {
    "Start": "starting …",
    "Pause": "pausing …",
    "One step": "one step …",
    "Stop": "stopping …",
    "Train 1 more step": "training …",
    "Train 100 more steps": "training …",
    "Train 1,000 more steps": "training …",
}


class TrainPanel(page.Box):
    """Train with `step` on `batches`, as `training.fit` does, at the reader's pace, with pictures.

    `history`: the History that goes on, of an earlier `fit` or a new one, in a variable of the
    notebook's: so the cell may be run again. `samples()`: images [N, 1, 28, 28] in [-1, 1] to show,
    always from the same noise. `optimisers`: {"D": its optimiser, …}, whose learning rates can
    be changed on the way, for good. `d_step(images, labels)`: `step` without G's turn; with
    it D can take more than one step for each of G's.

    It trains in slices between which other cells run, so they must not wait long for anything.
    Nets and history are the notebook's own: pausing, stopping or closing the panel loses nothing.
    One panel trains at a time; another one pauses it. Where no pictures can be shown between cells
    (Colab) it has buttons for some more steps instead.
    """

    training_now = None  # the panel whose task runs

    def __init__(self, step, batches, *, history, samples, optimisers, d_step=None):
        self.history = history
        self._samples = samples
        self._loop = live.running_loop()
        fields = self._make_fields(optimisers, d_step)
        if d_step:
            step = training_fields.with_more_of_d(step, d_step, self.d_steps)
        self._new_training = lambda: training.training_loop(step, batches, history, steps=math.inf)
        self._training = None  # the generator that trains, a step at a time
        self._task = None  # what drains it
        self._next_drawing = 0.0  # by time.perf_counter()
        self._drawn_step = None
        self._counted = None  # while it trains, the step from which speed is measured, and when
        self._speed = ""
        self.state = "paused"  # or "running" or "stopped"; changed on the loop only
        controls = self._make_controls() if self._loop else self._make_buttons_for_more()
        self._figure = LiveFigure()
        self.picture = live.picture()
        self.text = ipywidgets.HTML()
        self.message = ipywidgets.HTML()
        self.echo = live.Echo(words=WORDS)
        rows = [live.row(controls), live.row(fields), self.echo]
        super().__init__([*rows, self.picture, self.text, self.message])
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

    def _make_fields(self, optimisers, d_step):
        self.rates = {
            name: training_fields.rate_field(name, optimiser)
            for name, optimiser in optimisers.items()
        }
        self.d_steps = training_fields.d_steps_field()
        self.goal = training_fields.goal_field()
        fields = list(self.rates.values())
        if d_step:
            fields.append(self.d_steps)
        if self._loop:
            fields.append(self.goal)
        return fields

    def _button(self, name, action):
        """A button; where its action fails, training rests."""

        def attempt():
            if self.state != "stopped":  # else a click that was on its way
                live.attempt(action, self.message, after_error=self._pause)
            self._say_state()

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
        self._counted = (self.history.step, time.perf_counter())
        self._show_state()
        if self._task is None or self._task.done():
            self._task = self._loop.create_task(self._train())

    def _pause(self):
        """Rest after the running step; a stopped panel stays stopped."""
        if TrainPanel.training_now is self:
            TrainPanel.training_now = None
        if self.state == "running":
            self.state = "paused"
            self._measure_speed()
            self._counted = None
            self._drawn_step = None  # with the mark it is another picture
            self._figure.mark(self.history.step)
            self._say_state()
        self._show_state()

    def _stop(self):
        self._pause()
        self.state = "stopped"
        self._show_state()

    def _one_step(self):
        self._pause()
        self._advance()
        self._draw()
        self._say(" ".join(phases(self.history)))

    def _train_now(self, count):
        """Do `count` steps at once, with pictures on the way."""
        self._counted = (self.history.step, time.perf_counter())
        try:
            for _ in range(count):
                self._advance()
                self._draw_if_due()
        except KeyboardInterrupt:  # the notebook's stop button
            self.message.value = live.text(
                f"Interrupted after step {self.history.step:,}. Nets and history are kept."
            )
        self._draw()
        self._counted = None

    # The training

    async def _train(self):
        """The task: steps, and pictures when they are due, while the state is "running"."""
        with live.errors_in_words(self.message, after_error=self._pause):
            while self.state == "running":
                self._train_a_slice()
                if self._is_at_goal():
                    self._pause()
                elif self.slow.value:
                    await self._show_phases()
                else:
                    self._draw_if_due()
                    await asyncio.sleep(0)
            if self._drawn_step != self.history.step:  # a single step has drawn, and said more
                self._draw()

    def _train_a_slice(self):
        """Steps for SLICE seconds, not beyond the goal; in slow motion one."""
        end = time.perf_counter() + SLICE
        self._advance()
        while not self.slow.value and not self._is_at_goal() and time.perf_counter() < end:
            self._advance()

    def _is_at_goal(self):
        return self.history.step == self.goal.value

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
        sentences = [f"Step {self.history.step:,}", *filter(None, [latest]), reading]
        self.picture.tooltip = ". ".join(sentences)
        self._measure_speed()
        self._say()
        self._drawn_step = self.history.step
        end = time.perf_counter()
        self._next_drawing = end + max(0.4, (end - start) / DRAWING)

    def _say(self, *lines):
        """Show words below the picture; the names of a step's values are the reader's."""
        lines = [*lines, f"Picture: {self.picture.tooltip} {self._speed}"]
        self.text.value = "<br>".join(html.escape(line, quote=False) for line in lines)

    def _measure_speed(self):
        """Steps a second since training started or this was last done, with all that they take."""
        if self._counted is None:
            return
        step, start = self._counted
        now = time.perf_counter()
        if self.history.step > step and now > start:
            self._speed = f"{(self.history.step - step) / (now - start):,.1f} steps a second."
            self._counted = (self.history.step, now)

    def _say_state(self):
        """In the status line, in place of the page's own words."""
        resting = self.state == "paused" and self._figure.marks
        self.echo.say(f"Paused after step {self.history.step:,}." if resting else "")

    def _show_state(self):
        if self._loop is None:
            return
        self.start.disabled = self.state != "paused"
        self.pause.disabled = self.state != "running"
        self.one_step.disabled = self.state == "stopped"
        self.stop.disabled = self.state == "stopped"
        if self.state == "stopped" and not self.message.value:
            self.message.value = live.text(
                f"Stopped after step {self.history.step:,}. Nets and history are kept; run this "
                "cell again to go on."
            )
