"""A quiz of multiple choice with an explanation for every answer; as plain text where no widgets are shown."""

import ipywidgets
from IPython.display import display


def ask(right, explanations):
    """Show one question after another, each with the same options.

    `right`: dict of question to its option; `explanations`: dict of option to the sentence that tells how one sees
    it. Choosing an option explains at once; the last line counts. Returns the widget, for tests.
    """
    for option in right.values():
        if option not in explanations:
            raise ValueError(f"the answer {option!r} is none of the options {list(explanations)}")
    for question in right:
        print(f"{question}: which of these?")
    for option in explanations:
        print(f"  - {option}")

    parts, score, chosen = [], ipywidgets.HTML(), {}

    def count():
        hits = sum(chosen.get(question) == option for question, option in right.items())
        score.value = f"<b>{hits} of {len(right)} right</b>"

    def add(question):
        choice = ipywidgets.RadioButtons(
            options=list(explanations),
            value=None,
            description=question,
            layout={"width": "max-content"},
        )
        verdict = ipywidgets.HTML()

        def judge(change):
            chosen[question] = change["new"]
            hit = change["new"] == right[question]
            verdict.value = (
                "✔ Yes. " + explanations[change["new"]]
                if hit
                else f"✘ No. Look for this in {question}, and you will not find it: "
                + explanations[change["new"]]
            )
            count()

        choice.observe(judge, "value")
        parts.extend([choice, verdict])

    for question in right:
        add(question)
    count()
    box = ipywidgets.VBox([*parts, score])
    display(box)
    return box
