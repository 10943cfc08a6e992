"""A quiz of multiple choice that explains every answer; plain text where no widgets are shown."""

import random

import ipywidgets
from IPython.display import display

from gan_helpers.widgets import live, page
from gan_helpers.widgets.question import Question

_quizzes = {}  # {its questions: Quiz}, of this lesson: a cell that is run again replaces its own


class Quiz(page.Box):
    """Questions (list of Question) with their right options, and a line that counts."""

    def __init__(self, questions, right):
        self.questions = questions
        self.right = right
        self.score = ipywidgets.HTML()
        super().__init__([*questions, self.score])
        for question in questions:
            question.observe(_show_scores, "answers")

    def hits(self, place):
        """The questions (int) whose first answer (place 0) or last one (-1) is right."""
        tries = [question.answers for question in self.questions]
        return sum(
            bool(answers) and answers[place] == option
            for answers, option in zip(tries, self.right, strict=True)
        )


def ask(right, explanations):
    """Show one question after another, each with the same options.

    `right`: dict of question to its option; `explanations`: dict of option to the sentence that
    tells how one sees it. The options are shuffled, so that their order in the code tells nothing:
    by the words themselves, so in the same way on every run. An answer is explained at once; the
    last line counts, over all quizzes of the lesson. Returns the widget, for tests. Raises
    ValueError where a right answer is none of the options.
    """
    for option in right.values():
        if option not in explanations:
            raise ValueError(f"the answer {option!r} is none of the options {list(explanations)}")
    options = _shuffled(right, explanations)
    for question in right:
        print(f"{question}: which of these?")
    for option in options:
        print(f"  - {option}")
    questions = [
        Question(
            text=f"{question}: which of these?",
            options=options,
            verdicts=_verdicts(question, answer, explanations),
        )
        for question, answer in right.items()
    ]
    quiz = Quiz(questions, list(right.values()))
    _quizzes[tuple(right)] = quiz
    _show_scores()
    display(quiz)
    return quiz


def _verdicts(question, answer, explanations):
    """{option: what is said to whom answers it}."""
    no = f"✘ No. Look for this in {question}, and you will not find it:"
    return {
        option: f"{'✔ Yes.' if option == answer else no} {explanation}"
        for option, explanation in explanations.items()
    }


def _show_scores(change=None):
    """Count in all quizzes of the lesson."""
    lesson = list(_quizzes.values())
    count = sum(len(quiz.questions) for quiz in lesson)
    hits = sum(quiz.hits(-1) for quiz in lesson)
    hits_at_once = sum(quiz.hits(0) for quiz in lesson)
    words = f"this lesson: {hits} of {count}, {hits_at_once} at the first try"
    for quiz in lesson:
        here = f"{quiz.hits(-1)} of {len(quiz.questions)} right"
        quiz.score.value = live.text(f"{here}; {words}.")


def _shuffled(questions, options):
    """The options in an order that their own words and those of the questions decide."""
    shuffled = sorted(options)
    random.Random("\n".join([*questions, *shuffled])).shuffle(shuffled)
    return shuffled
