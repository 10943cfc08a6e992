"""The game of two numbers, f(x, y) = x·y: its rounds, its picture and its panel."""

import math

import ipywidgets
from matplotlib.figure import Figure

from gan_helpers import plots
from gan_helpers.game import experiments
from gan_helpers.widgets import live
from gan_helpers.widgets.question import Question


def bilinear(x, y, *, step, rounds, together=False):
    """The points of the game f(x, y) = x·y, in which x wants f small and y wants it large.

    In each round y steps along its gradient x, then x against its gradient, the *new* y.
    `together`: both at once, from the old point. Returns rounds + 1 pairs.
    """
    points = [(x, y)]
    for _ in range(rounds):
        new_y = y + step * x
        x = x - step * (y if together else new_y)
        y = new_y
        points.append((x, y))
    return points


def spiral_figure(games):
    """A Figure with a path for each of `games` (dict of title to points), numbered from 0."""
    fig = Figure(figsize=(4 * len(games), 3.9), layout="constrained")
    axes = fig.subplots(1, len(games), squeeze=False).flat
    for axis, (title, points) in zip(axes, games.items(), strict=True):
        axis.set(title=title, xlabel="x", ylabel="y", aspect="equal")
        _draw_path(axis, points)
    return fig


def _draw_path(axis, points):
    xs, ys = zip(*points, strict=True)
    axis.axhline(0, color=plots.GREY, linewidth=0.7)
    axis.axvline(0, color=plots.GREY, linewidth=0.7)
    axis.plot(xs, ys, color=plots.BLUE, linewidth=1, marker="o", markersize=4)
    axis.plot(*points[0], "s", color=plots.ORANGE, markersize=8, zorder=0)
    if len(points) <= 25:
        for point, numbers in _numbers(points).items():
            axis.annotate(
                ", ".join(numbers), point, xytext=(5, 5), textcoords="offset points", fontsize=8
            )
    reach = 1.2 * max(map(abs, (*xs, *ys)))
    axis.set(xlim=(-reach, reach), ylim=(-reach, reach))


def _numbers(points):
    """{point: its numbers}: one that is reached again has several."""
    numbers = {}
    for number, (x, y) in enumerate(points):
        place = (round(x, 6), round(y, 6))
        numbers.setdefault(place, []).append(str(number))
    return numbers


class SpiralPanel(live.LiveBox):
    """The game f(x, y) = x·y, with fields for the step and the rounds."""

    STEP = 0.5  # of the question, which the lesson answers nowhere
    QUESTION = (
        "From (1, 1), both at once with step 0.5: after how many rounds is the point more than "
        "four times as far from (0, 0) as at the start?"
    )
    OPTIONS = ("6 to 10", "11 to 15", "16 to 20")

    def __init__(self):
        self.order = ipywidgets.Dropdown(
            description="Order", options=["both at once", "y first, then x"]
        )
        self.step = ipywidgets.BoundedFloatText(
            description="Step", value=self.STEP, min=0.1, max=2.2, step=0.1
        )
        self.rounds = ipywidgets.BoundedIntText(description="Rounds", value=0, min=0, max=24)
        self.set_up_button = ipywidgets.Button(
            description="5. one number each",
            tooltip="set up experiment 5",
            layout={"width": "auto", "align_self": "flex-start"},
        )
        self.set_up_button.on_click(lambda _button: self._attempt(self.set_up))
        self.question = Question()
        self.picture = live.picture()
        self.caption = ipywidgets.HTML()
        for control in (self.order, self.step, self.rounds):
            control.observe(self._changed, "value")
        controls = [
            self.order,
            live.stepper(self.step, "smaller step", "larger step"),
            live.stepper(self.rounds, "fewer rounds", "more rounds"),
        ]
        above = [self.set_up_button, self.question]
        super().__init__([*above, *controls, self.picture, self.caption])
        self.set_up()

    def set_up(self):
        self.rounds.value = 0
        self.order.value = self.order.options[0]
        self.step.value = self.STEP
        experiments.ask(self.question, self.QUESTION, self.OPTIONS)

    def _draw(self):
        order = self.order.value
        step = self.step.value
        rounds = self.rounds.value
        together = order == "both at once"
        points = bilinear(1.0, 1.0, step=step, rounds=rounds, together=together)
        figure = spiral_figure({order: points})
        figure.set_dpi(80)
        self.picture.value = plots.png(plots.drawn(figure))
        x, y = points[-1]
        plural = "" if rounds == 1 else "s"
        words = f"After {rounds} round{plural}, {order}, step {step:.1f}: ({x:.2f}, {y:.2f})."
        self.caption.value = live.text(words)
        self.picture.tooltip = words
        as_asked = together and abs(step - self.STEP) < 1e-9
        far = math.hypot(x, y) > 4 * math.hypot(1, 1)
        if as_asked and far and not self.question.verdict:
            experiments.judge(self.question, self.OPTIONS[1])  # after 13 rounds, whoever looks
