"""What the training panel shows: its picture, and its words about a step."""

import numpy as np
from matplotlib.figure import Figure

from gan_helpers import judges, plots
from gan_helpers.widgets import live


class LiveFigure:
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
        self.marks = {}  # {step: its lines}
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

    def mark(self, step):
        """An upright line at a step, in both plots of curves."""
        if step not in self.marks:
            style = {"color": plots.GREY, "linewidth": 0.8, "linestyle": ":"}
            self.marks[step] = [axis.axvline(step, **style) for axis in self.curves]

    def draw(self, history, images):
        """The PNG bytes, and a sentence on what the judge reads in `images`."""
        for name, line in self.lines.items():
            if name in history.values:
                line.set_data(*plots.group_means(history.steps[name], history[name], 25))
        for axis in self.curves:
            has_points = any(
                len(line.get_xdata()) for line in self.lines.values() if line.axes is axis
            )
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
