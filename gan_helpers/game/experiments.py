"""The experiments of lesson 00: settings, a question before, and how it came out."""

from collections.abc import Callable
from typing import NamedTuple


class Experiment(NamedTuple):
    """A game that lesson 00 plays for `turns`, and the panel's own question about it.

    `title`: what the panel calls it, which does not tell how it ends. The question is judged after
    `asked` turns, which the lesson shows nowhere: `outcome(game, push at the start)` is one of the
    options.
    """

    title: str
    settings: dict
    turns: int
    asked: int
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


def _about_clouds(title, settings, turns, asked):
    question = f"After {asked} turns, how many of the ten clouds will hold fakes?"
    return Experiment(title, settings, turns, asked, question, CLOUDS_REACHED, _clouds_reached)


def _about_the_push(title, settings, turns, asked):
    question = f"D plays {asked} turns alone. How much of the first push on G will be left?"
    return Experiment(title, settings, turns, asked, question, PUSH_LEFT, _push_left)


_D_ALONE = {"loss": "minimax", "rate_d": 5e-3, "steps_g": 0}
_COLLAPSE = {"rate_g": 5e-3, "rate_d": 2e-3, "steps_g": 5}
_CURE = _COLLAPSE | {"steps_d": 5}
EXPERIMENTS = {
    "a fair game": _about_clouds("one step each", {}, 600, 100),
    "D too strong": _about_the_push("D alone", _D_ALONE, 600, 50),
    "a collapse": _about_clouds("more for G", _COLLAPSE, 300, 50),
    "a cure": _about_clouds("more for D, too", _CURE, 300, 50),
}


def ask(choice, text, options):
    """Put a question to the reader in `choice`, a widgets.question.Question, and show it."""
    choice.verdict = ""
    choice.value = ""
    choice.options = list(options)
    choice.text = f"{text} Choose before you play."
    choice.layout.display = None


def judge(choice, outcome):
    """Close the question with how it came out, one of its options."""
    words = "You made no guess."
    if choice.value:
        words = "✔ Yes." if choice.value == outcome else "✘ No."
    choice.verdict = f"{words} It came out as: {outcome}."
