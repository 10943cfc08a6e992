"""The scrubber shows the snapshot of its step, marks it in the curves, and plays."""

import asyncio

import numpy as np
import pytest

from gan_helpers import training, widgets
from gan_helpers.widgets import snapshot_scrubber
from tests.waiting import until
from tests.widgets.parts import history_of, pixels


def test_a_scrubber_shows_the_snapshot_of_its_step_and_marks_it():
    history = history_of()
    scrubber = widgets.scrubber(history)
    assert scrubber.step.value == 40 and pixels(scrubber.sheet)[5, 5] == 255
    curves = pixels(scrubber.curves)
    scrubber.slider.value = 0
    assert scrubber.step.value == 10 and pixels(scrubber.sheet)[5, 5] == 64
    assert "d_loss 0.10" in scrubber.text.value and "step 10" in scrubber.text.value
    left = np.where((pixels(scrubber.curves) != curves).any(0))[0]
    scrubber.step.value = 30
    assert (
        scrubber.slider.value == 2
        and np.where((pixels(scrubber.curves) != curves).any(0))[0].min() > left.min()
    )
    (still,) = scrubber.figure().images
    assert still.get_array().shape[0] == len(pixels(scrubber.sheet)) + len(pixels(scrubber.curves))


def test_a_scrubber_names_the_values_of_its_step():
    history = history_of(steps=20)
    history.steps["g_loss"] = [12, 17]  # a series that begins later
    history.values["g_loss"] = [3.0, 4.0]
    scrubber = widgets.scrubber(history)
    assert "g_loss 4.00" in scrubber.text.value and "d_loss 0.05" in scrubber.text.value
    scrubber.slider.value = 0
    assert "g_loss 3.00" in scrubber.text.value and "d_loss 0.10" in scrubber.text.value


def test_a_scrubber_without_snapshots_says_so():
    with pytest.raises(ValueError, match="no snapshot"):
        widgets.scrubber(training.History())


def test_play_goes_through_the_snapshots_and_pauses(monkeypatch):
    monkeypatch.setattr(snapshot_scrubber, "FRAME", 0.02)

    async def play():
        scrubber = widgets.scrubber(history_of())
        seen = []
        said = []

        def pause_at_the_second(change):
            seen.append(change["new"])
            said.append(scrubber.play.description)
            if change["new"] == 1:
                scrubber.play.click()

        scrubber.slider.observe(pause_at_the_second, "value")
        scrubber.play.click()  # at the end: begins anew
        await until(lambda: 1 in seen and scrubber.play.description == "Play")
        # By the loop's clock: a next picture would come before.
        await asyncio.sleep(2 * snapshot_scrubber.FRAME)
        assert seen == [0, 1]
        assert said == ["Play", "Pause"]
        assert scrubber.slider.value == 1
        scrubber.slider.unobserve(pause_at_the_second, "value")
        scrubber.play.click()
        await until(lambda: scrubber.slider.value == 3 and scrubber.play.description == "Play")
        assert scrubber.message.value == ""

    asyncio.run(play())
