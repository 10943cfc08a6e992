"""The quiz counts, explains every answer, and has a form without widgets."""

import re

import pytest

from gan_helpers import quiz

OPTIONS = {"it rains": "look for drops", "it snows": "look for flakes"}


@pytest.fixture(autouse=True)
def no_quiz_from_another_test(monkeypatch):
    monkeypatch.setattr(quiz, "_quizzes", {})


def answer(question, option):
    """As the page does it."""
    question.value = option
    question.verdict = question.verdicts[option]
    question.answers = [*question.answers, option]


def test_answers_are_judged_and_counted():
    box = quiz.ask({"Today": "it snows", "Tomorrow": "it rains"}, OPTIONS)
    today, tomorrow = box.questions
    assert [today.text, tomorrow.text] == ["Today: which of these?", "Tomorrow: which of these?"]
    assert today.value == today.verdict == "" and today.options == tomorrow.options
    assert "0 of 2 right" in box.score.value and 'role="status"' in box.score.value
    assert today.verdicts["it snows"] == "✔ Yes. look for flakes"
    assert today.verdicts["it rains"].startswith("✘ No. Look for this in Today, and you will not")
    assert today.verdicts["it rains"].endswith("look for drops")
    assert tomorrow.verdicts["it rains"] == "✔ Yes. look for drops"
    answer(today, "it rains")
    answer(tomorrow, "it rains")
    assert "1 of 2 right; this lesson: 1 of 2, 1 at the first try." in box.score.value
    answer(today, "it snows")  # tried again
    assert "2 of 2 right; this lesson: 2 of 2, 1 at the first try." in box.score.value


def test_all_quizzes_of_a_lesson_are_counted_and_a_cell_that_is_run_again_once():
    first = quiz.ask({"Today": "it snows"}, OPTIONS)
    answer(first.questions[0], "it snows")
    second = quiz.ask({"Tomorrow": "it rains", "Later": "it rains"}, OPTIONS)
    for box, own in ((first, "1 of 1"), (second, "0 of 2")):
        assert f"{own} right; this lesson: 1 of 3, 1 at the first try." in box.score.value
    answer(second.questions[1], "it rains")
    assert "this lesson: 2 of 3, 2 at the first try." in first.score.value
    again = quiz.ask({"Today": "it snows"}, OPTIONS)
    assert "0 of 1 right; this lesson: 1 of 3, 1 at the first try." in again.score.value


def test_the_text_form_names_questions_and_options(capsys):
    quiz.ask({"Today": "it snows"}, OPTIONS)
    text = capsys.readouterr().out
    assert "Today: which of these?" in text and "- it rains" in text and "- it snows" in text


def test_an_answer_that_is_no_option_is_refused():
    with pytest.raises(ValueError, match="'hail' is none of the options"):
        quiz.ask({"Today": "hail"}, OPTIONS)


def options_of(explanations, question="Q"):
    return quiz.ask({question: next(iter(explanations))}, explanations).questions[0].options


def test_options_come_in_an_order_that_the_code_does_not_tell(capsys):
    words = {str(number): "" for number in range(6)}
    shown = options_of(words)
    printed = re.findall("  - (.+)", capsys.readouterr().out)
    assert shown == printed
    assert sorted(shown) == sorted(words) and shown != list(words)
    backwards = dict(reversed(words.items()))
    assert options_of(words) == options_of(backwards) == shown, "on every run the same"
    places = [options_of(words, f"Question {number}").index("0") for number in range(200)]
    assert min(places.count(place) for place in range(6)) > 15, "each place is about as frequent"
