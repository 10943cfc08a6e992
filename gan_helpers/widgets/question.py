"""A question with options, of which one is chosen by mouse or arrow keys: for quiz and game."""

import traitlets

from gan_helpers.widgets import page


class Question(page.PagePart):
    """Radio buttons below their question, drawn in the page.

    `text`: the question; `options`: list of str; `value`: the option chosen, "" for none;
    `verdict`: words that close the question, "" while it is open. With `verdicts`, a dict of
    option to its verdict, there is a button that gives it, and one to try again: the page does
    both, and notes each try in `answers`.
    """

    _esm = page.module("page", "question")
    text = traitlets.Unicode().tag(sync=True)
    options = traitlets.List(traitlets.Unicode()).tag(sync=True)
    value = traitlets.Unicode().tag(sync=True)
    verdict = traitlets.Unicode().tag(sync=True)
    verdicts = traitlets.Dict().tag(sync=True)
    answers = traitlets.List(traitlets.Unicode()).tag(sync=True)
