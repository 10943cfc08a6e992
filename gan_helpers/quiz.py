"""A quiz of multiple choice that explains every answer; plain text where no widgets are shown."""

import html
import random

import ipywidgets
from IPython.display import display


def ask(right, explanations):
    """Show one question after another, each with the same options.

    `right`: dict of question to its option; `explanations`: dict of option to the sentence that
    tells how one sees it. The options are shuffled, so that their order in the code tells nothing:
    by the words themselves, so in the same way on every run. Choosing an option explains at once;
    the last line counts. Returns the widget, for tests. Raises ValueError where a right answer is
    none of the options.
    """
    for option in right.values():
        if option not in explanations:
            raise ValueError(f"the answer {option!r} is none of the options {list(explanations)}")
    options = _shuffled(right, explanations)
    for question in right:
        print(f"{question}: which of these?")
    for option in options:
        print(f"  - {option}")

    chosen = {}  # {question: the option chosen}
    score = ipywidgets.HTML()

    def count():
        hits = sum(chosen.get(question) == option for question, option in right.items())
        score.value = f"<b>{hits} of {len(right)} right</b>"

    def choices_of(question):
        """The radio buttons of a question and the line below them."""
        choices = ipywidgets.RadioButtons(
            options=options,
            value=None,
            description=question,
            layout={"width": "max-content"},
        )
        verdict = ipywidgets.HTML()

        def judge(change):
            option = change["new"]
            chosen[question] = option
            if option == right[question]:
                words = "✔ Yes."
            else:
                words = f"✘ No. Look for this in {question}, and you will not find it:"
            verdict.value = html.escape(f"{words} {explanations[option]}", quote=False)
            count()

        choices.observe(judge, "value")
        return [choices, verdict]

    parts = []
    for question in right:
        parts += choices_of(question)
    count()
    box = ipywidgets.VBox([*parts, score])
    display(box)
    return box


def _shuffled(questions, options):
    """The options in an order that their own words and those of the questions decide."""
    shuffled = sorted(options)
    random.Random("\n".join([*questions, *shuffled])).shuffle(shuffled)
    return shuffled
