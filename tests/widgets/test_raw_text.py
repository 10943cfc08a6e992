"""Names and errors that hold HTML are shown as text, in every widget and at every moment."""

import asyncio
import re

import ipywidgets
import pytest

from gan_helpers import game
from gan_helpers.widgets import live, training_panel
from tests.waiting import until
from tests.widgets.parts import inside, train_panel

HOSTILE = "<img src=x onerror=go()>&<script>go()</script>\"'<b>"
OWN_TAGS = r"</?(p|b|br)>|<p role=\"(alert|status)\">"


@pytest.fixture
def shown(monkeypatch):
    """All that any HTML widget was given since (list of str)."""
    values = []

    class HTML(ipywidgets.HTML):
        def __init__(self, value="", **options):
            super().__init__(value, **options)
            values.append(self.value)
            self.observe(lambda change: values.append(change["new"]), "value")

    monkeypatch.setattr(ipywidgets, "HTML", HTML)
    return values


def assert_text(values, *, times=1):
    """No value has tags but our own, and the hostile name is among them, as text."""
    for value in values:
        rest = re.sub(OWN_TAGS, "", value)
        assert "<" not in rest and "&<" not in value and "&&" not in value, value
    assert sum("&lt;img src=x onerror=go()&gt;&amp;" in value for value in values) >= times


def test_the_reader_of_values():
    assert_text(["<p>&lt;img src=x onerror=go()&gt;&amp;</p>"])
    for value in (HOSTILE, f"<p>{HOSTILE}</p>", "<img src=x>", "a < b", "<i>&lt;b&gt;</i>"):
        with pytest.raises(AssertionError):
            assert_text([value], times=0)


def hostile_step(images, labels):
    return {HOSTILE: 1.5}


def test_the_training_panel_without_a_loop(shown):
    panel = train_panel(hostile_step)
    panel.more[1].click()
    assert_text(shown)


def test_the_training_panel_in_one_step_and_slow_motion(shown, monkeypatch):
    monkeypatch.setattr(training_panel, "PHASE", 0.01)
    monkeypatch.setattr(training_panel, "phases", lambda history: [HOSTILE, HOSTILE])

    async def train():
        panel = train_panel(hostile_step)
        panel.one_step.click()
        await until(lambda: panel.history.step == 1)
        assert panel.text.value.count("<br>") == 1
        panel.slow.value = True
        panel.start.click()
        await until(lambda: panel.history.step >= 3)
        panel.stop.click()
        await until(lambda: panel._task.done())

    asyncio.run(train())
    assert_text(shown, times=4)


def test_errors_of_any_name_and_message(shown):
    class Odd(Exception):
        pass

    Odd.__name__ = HOSTILE

    def step(images, labels):
        raise Odd(HOSTILE)

    panel = train_panel(step)
    panel.more[1].click()
    assert panel.message.value.count("&lt;img") == 2
    assert_text(shown)


def test_the_game(shown):
    panel = game.Panel(width_g=4, width_d=4)
    panel.redraw(HOSTILE)
    panel._attempt(lambda: 1 / 0)
    assert_text(shown)


def test_no_other_part_shows_html(shown):
    """What `shown` looks at is all there is: no widget that takes HTML under another name."""
    takes_html = (ipywidgets.HTML, ipywidgets.HTMLMath, ipywidgets.Output)
    for box in (train_panel(hostile_step), game.Panel(width_g=4, width_d=4).box):
        kinds = {type(part) for part in inside(box) if isinstance(part, takes_html)}
        assert all(issubclass(kind, ipywidgets.HTML) for kind in kinds)
    assert live.text("a < b") == '<p role="status">a &lt; b</p>'
