"""The experiments of lesson 00: settings, a question before, and how it came out."""

import html
from collections.abc import Callable
from typing import NamedTuple

import ipywidgets

from gan_helpers.widgets import live


class Experiment(NamedTuple):
    """A game with a question that is judged `turns` after its start.

    `outcome(game, push at the start)` is one of the options.
    """

    settings: dict
    turns: int
    question: str
    options: tuple
    outcome: Callable


CLOUDS_REACHED = ("0 to 2", "3 to 7", "8 or more")
PUSH_LEFT = ("more", "between a tenth and all of it", "less than a tenth")


def _clouds_reached(playing, start):
    if playing.modes() < 3:
        return CLOUDS_REACHED[0]
    if playing.modes() < 8:
        return CLOUDS_REACHED[1]
    return CLOUDS_REACHED[2]


def _push_left(playing, start):
    share = playing.push() / start
    if share > 1:
        return PUSH_LEFT[0]
    if share < 0.1:
        return PUSH_LEFT[2]
    return PUSH_LEFT[1]


def _about_clouds(settings, turns):
    question = f"After {turns} turns, how many of the ten clouds will hold fakes?"
    return Experiment(settings, turns, question, CLOUDS_REACHED, _clouds_reached)


def _about_the_push(settings, turns):
    question = f"D plays {turns} turns alone. How much of the first push on G will be left?"
    return Experiment(settings, turns, question, PUSH_LEFT, _push_left)


_COLLAPSE = {"rate_g": 5e-3, "rate_d": 2e-3, "steps_g": 5}
EXPERIMENTS = {
    "a fair game": _about_clouds({}, 600),
    "D too strong": _about_the_push({"loss": "minimax", "rate_d": 5e-3, "steps_g": 0}, 600),
    "a collapse": _about_clouds(_COLLAPSE, 300),
    "a cure": _about_clouds(_COLLAPSE | {"steps_d": 5}, 300),
}


class Question:
    """A question with options, chosen before and judged after."""

    def __init__(self):
        self.choice = ipywidgets.RadioButtons(
            description="I think:", options=[], layout={"width": "max-content"}
        )
        self.text = ipywidgets.HTML()
        self.verdict = live.status_line()
        self.verdict.layout.min_height = "54px"  # room beforehand: what is below shall not jump
        parts = [self.text, self.choice, self.verdict]
        self.box = ipywidgets.VBox(parts, layout={"display": "none"})

    def ask(self, text, options):
        self.text.value = f"<b>{html.escape(text)}</b> Choose before you play."
        self.verdict.value = ""
        self.choice.options = options
        self.choice.value = None
        self.box.layout.display = None

    def judge(self, outcome):
        guess = self.choice.value
        if guess is None:
            verdict = "You made no guess."
        else:
            verdict = "✔ Yes." if guess == outcome else "✘ No."
        self.verdict.value = live.text(f"{verdict} It came out as: {outcome}.")
