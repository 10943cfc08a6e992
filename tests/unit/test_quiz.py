"""The quiz counts, explains every answer, and has a form without widgets."""

import re

import ipywidgets
import pytest

from gan_helpers import quiz

OPTIONS = {"it rains": "look for drops", "it snows": "look for flakes"}


def parts(box, kind):
    return [part for part in box.children if isinstance(part, kind)]


def test_answers_are_judged_and_counted():
    box = quiz.ask({"Today": "it snows", "Tomorrow": "it rains"}, OPTIONS)
    today, tomorrow = parts(box, ipywidgets.RadioButtons)
    verdict, other, score = parts(box, ipywidgets.HTML)
    assert today.value is None
    assert score.value == "<b>0 of 2 right</b>"
    # The names that a screen reader says.
    assert [today.description, tomorrow.description] == ["Today", "Tomorrow"]
    today.value = "it rains"
    assert verdict.value.startswith("✘ No.")
    assert "look for drops" in verdict.value
    assert other.value == ""
    today.value = "it snows"
    tomorrow.value = "it rains"
    assert verdict.value == "✔ Yes. look for flakes" and score.value == "<b>2 of 2 right</b>"


def test_what_is_asked_and_explained_stays_text():
    box = quiz.ask({"Q": "<i>a</i>"}, {"<i>a</i>": "1 < 2 & <img src=x onerror=go()>", "b": "<b>"})
    (choices,) = parts(box, ipywidgets.RadioButtons)
    for option in choices.options:
        choices.value = option
        for line in parts(box, ipywidgets.HTML):
            assert not re.search(r"<(?!b>\d of 1 right</b>|/b>)", line.value)
    choices.value = "<i>a</i>"
    assert "1 &lt; 2 &amp; &lt;img src=x" in parts(box, ipywidgets.HTML)[0].value


def test_the_text_form_names_questions_and_options(capsys):
    quiz.ask({"Today": "it snows"}, OPTIONS)
    text = capsys.readouterr().out
    assert "Today: which of these?" in text and "- it rains" in text and "- it snows" in text


def test_an_answer_that_is_no_option_is_refused():
    with pytest.raises(ValueError, match="'hail' is none of the options"):
        quiz.ask({"Today": "hail"}, OPTIONS)


def options_of(explanations, question="Q"):
    (choices,) = parts(
        quiz.ask({question: next(iter(explanations))}, explanations), ipywidgets.RadioButtons
    )
    return list(choices.options)


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
