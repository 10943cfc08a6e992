"""The buttons of lesson 00: they do what they say, tell it in words, and show errors."""

import asyncio
import math
import re

import ipywidgets
import pytest
import torch

from gan_helpers import game
from gan_helpers.game import clouds, controls
from tests.waiting import settle, until


@pytest.fixture
def panel():
    return game.Panel(width_g=8, width_d=8)


def every(widget):
    yield widget
    for child in getattr(widget, "children", ()):
        yield from every(child)


def click(panel, name):
    (panel.buttons | panel.experiments)[name].click()


def test_every_control_has_a_name(panel):
    nameable = [
        widget
        for box in (panel.box, game.SpiralPanel())
        for widget in every(box)
        if isinstance(widget, (ipywidgets.ValueWidget, ipywidgets.Button))
        and not isinstance(widget, (ipywidgets.HTML, ipywidgets.Image))
    ]
    assert len(nameable) > 70
    sliders = (ipywidgets.IntSlider, ipywidgets.FloatSlider, ipywidgets.RadioButtons)
    assert not any(isinstance(control, sliders) for control in nameable), "they have no names"
    for control in nameable:
        assert control.description or control.tooltip, control
    assert len({cell.tooltip for cell in panel.drawing.cells.values()}) == clouds.CELLS**2
    assert panel.drawing.cells[2, 2].tooltip == "column 3, row 3, data"
    assert panel.drawing.cells[2, 3].tooltip == "column 3, row 4, empty"


def test_buttons_move_the_game_and_the_picture(panel):
    before = bytes(panel.picture.value)
    assert before.startswith(b"\x89PNG") and "Turn 0" in panel.caption.value
    click(panel, "1 turn")
    assert (
        panel.game.history.step == 1
        and bytes(panel.picture.value) != before
        and "Turn 1," in panel.caption.value
    )
    click(panel, "10 turns")
    assert panel.game.history.step == 11 and panel.moment.max == panel.moment.value == 2
    click(panel, "D's step")
    assert "Only D has learnt" in panel.caption.value and len(panel.game.history["g_loss"]) == 11
    click(panel, "G's step")
    assert len(panel.game.history["g_loss"]) == 12 and len(panel.game.history["d_loss"]) == 12
    click(panel, "Step back")
    assert panel.game.history.step == 12 and panel.moment.value == 3 and panel.moment.max == 4
    panel.moment.value = 1
    assert panel.game.history.step == 1 and "An earlier moment" in panel.caption.value
    click(panel, "1 turn")
    assert panel.game.history.step == 2 and panel.moment.max == 2, "the old future is gone"
    click(panel, "Start again")
    assert panel.game.history.step == 0 and panel.moment.max == 0 and not panel.error.value


def test_slow_motion_names_each_phase_and_is_one_turn(panel):
    other = game.Panel(width_g=8, width_d=8)
    captions = []
    for _ in range(7):
        click(panel, "Slow motion: next")
        captions.append(panel.caption.value)
    for number, words in enumerate(
        (
            "G draws fakes",
            "D judges",
            "D learns",
            "G draws new fakes",
            "D&#x27;s gradient",
            "G learns",
        ),
        1,
    ):
        assert f"{number}. {words}" in captions[number - 1]
    assert "The turn is over" in captions[6] and len(panel.game.kept) == 2
    click(other, "1 turn")
    assert bytes(panel.picture.value) == bytes(other.picture.value)
    click(panel, "Slow motion: next")
    click(panel, "1 turn")  # ends the slow one first
    assert panel.game.history.step == 3 and len(panel.game.kept) == 4
    for leave in (lambda: click(panel, "Step back"), lambda: setattr(panel.moment, "value", 2)):
        click(panel, "Slow motion: next")
        leave()
        step = panel.game.history.step
        kept = panel.game.position + 1
        click(panel, "1 turn")
        assert panel.game.history.step == step + 1 and len(panel.game.kept) == kept + 1, (
            "nothing is left of that turn"
        )


def test_errors_are_shown_in_words_and_the_game_goes_on(panel):
    click(panel, "Step back")
    assert 'role="alert"' in panel.error.value and "this is the start" in panel.error.value
    panel.controls["rate_g"].value = -1
    click(panel, "1 turn")
    assert "G&#x27;s learning rate must be above 0 and finite, got -1" in panel.error.value
    assert panel.game.history.step == 0
    panel.controls["rate_g"].value = 0.001
    click(panel, "1 turn")
    assert not panel.error.value and panel.game.history.step == 1


def test_where_nothing_wakes_it_there_is_no_play(panel):
    assert panel.buttons["Play"].layout.display == panel.speed.layout.display == "none"
    assert panel.buttons["100 turns"].layout.display is None


def test_a_turn_in_parts_that_fails_is_not_kept(panel):
    panel.controls["rate_g"].value = -1
    click(panel, "Slow motion: next")
    assert "must be above 0" in panel.error.value
    panel.controls["rate_g"].value = 0.001
    click(panel, "Slow motion: next")
    assert "1. G draws fakes" in panel.caption.value and panel.game.history.step == 1
    with torch.no_grad():
        panel.game.D[0].weight.fill_(math.nan)
    for _ in range(2):
        click(panel, "Slow motion: next")
    assert "no longer a number" in panel.error.value and len(panel.game.kept) == 1
    click(panel, "Step back")
    assert (
        not panel.error.value
        and panel.game.history.step == 0
        and panel.game.D[0].weight.isfinite().all()
    )
    click(panel, "1 turn")
    assert not panel.error.value and [moment["step"] for moment in panel.game.kept] == [0, 1]


def test_a_layer_switched_within_a_turn_leaves_its_phase_on_the_board(panel):
    for _ in range(2):
        click(panel, "Slow motion: next")
    words = panel.caption.value
    panel.layers["arrows"].value = True
    assert panel.caption.value == words and panel.drawn.board.axis.get_title().startswith(
        "turn 1: 2. D judges"
    )
    assert panel.game.history.steps["divergence"] == [0], "noted at the end of turns only"


def test_no_typed_number_stops_the_kernel_for_long(panel):
    for name, most in {"width_g": 256, "width_d": 256, "steps_g": 50, "steps_d": 50}.items():
        assert panel.controls[name].max == most
    assert game.Panel(width_g=8, width_d=8, seed=2**31 - 1).controls["seed"].value == 2**31 - 1


def test_settings_that_can_change_do_and_the_others_start_anew(panel):
    click(panel, "1 turn")
    for name, value in {
        "loss": "Wasserstein",
        "rate_d": 0.01,
        "steps_d": 3,
        "steps_g": 2,
        "rate_g": 0.02,
    }.items():
        panel.controls[name].value = value
        assert getattr(panel.game, name) == value and panel.game.history.step == 1
    click(panel, "1 turn")
    assert len(panel.game.history["d_loss"]) == 4
    panel.controls["seed"].value = 7
    assert panel.game.history.step == 0 and panel.game.loss == "Wasserstein"
    panel.controls["noise"].value = "uniform, 1 number"
    assert panel.game.latent_dim == 1
    panel.controls["width_d"].value = 5
    assert panel.game.D[0].out_features == 5


def test_an_experiment_is_judged_at_its_own_turn(panel):
    def set_up(turns):
        panel.experiments["a fair game"].click()
        panel.experiment = panel.experiment._replace(asked=turns)

    set_up(15)
    click(panel, "10 turns")
    assert not panel.question.verdict
    click(panel, "10 turns")
    assert panel.game.history.step == 15 and "It came out as" in panel.question.verdict
    click(panel, "10 turns")
    assert panel.game.history.step == 25, "then one may play on"
    for name, clicks in {"G's step": 1, "Slow motion: next": 7}.items():
        set_up(1)
        for _ in range(clicks):
            assert not panel.question.verdict
            click(panel, name)
        assert panel.game.history.step == 1 and "It came out as" in panel.question.verdict
    set_up(1)
    click(panel, "Slow motion: next")
    click(panel, "1 turn")  # ends the one in parts: the experiment has no other
    assert "It came out as" in panel.question.verdict and len(panel.game.kept) == 2


def test_a_changed_setting_ends_an_experiment_and_another_seed_does_not(panel):
    for name, value in {"data": "line", "rate_g": 0.01}.items():
        panel.experiments["a fair game"].click()
        panel.controls["seed"].value += 1
        assert panel.experiment and not panel.question.verdict
        panel.controls[name].value = value
        assert panel.experiment is None and "no longer fits" in panel.question.verdict
        click(panel, "1 turn")
        assert not panel.error.value


def test_drawing(panel):
    assert panel.drawing.box.layout.display == "none"
    panel.controls["data"].value = controls.DRAWN
    assert panel.drawing.box.layout.display is None
    assert len(panel.game.data.centres) == 7, "a diagonal to begin with"
    for place, cell in panel.drawing.cells.items():
        cell.value = place == (0, 6)
    assert panel.game.data.centres.flatten().tolist() == pytest.approx([-3 + 3 / 7, 3 - 3 / 7])
    assert panel.drawing.cells[0, 6].tooltip.endswith("data") and panel.drawing.cells[
        0, 0
    ].tooltip.endswith("empty")
    upper_left = panel.drawing.box.children[1].children[0]
    assert upper_left is panel.drawing.cells[0, 6], "the field shows the plane the right way up"
    panel.drawing.cells[0, 6].value = False
    assert "the drawing is empty: fill at least one cell" in panel.error.value
    panel.drawing.cells[1, 1].value = True
    assert not panel.error.value and len(panel.game.data.centres) == 1
    panel.controls["data"].value = "line"
    assert panel.drawing.box.layout.display == "none"


@pytest.mark.parametrize("name", game.EXPERIMENTS)
def test_experiments_set_up_ask_and_judge(name):
    panel = game.Panel(seed=4)
    plan = game.EXPERIMENTS[name]
    assert panel.question.layout.display == "none"
    number = 1 + list(game.EXPERIMENTS).index(name)
    assert panel.experiments[name].description == f"{number}. {plan.title}"
    panel.experiments[name].click()
    for setting, value in (game.SETTINGS | plan.settings | {"seed": 4}).items():
        assert panel.controls[setting].value == value
    assert panel.question.layout.display is None
    assert plan.question in panel.question.text and panel.question.value == ""
    assert tuple(panel.question.options) == plan.options
    panel.question.value = plan.options[1]
    panel.experiment = plan._replace(asked=2)  # the judging, without the long way there
    click(panel, "1 turn")
    assert not panel.question.verdict
    click(panel, "1 turn")
    outcome = plan.outcome(panel.game, panel.start_push)
    assert f"It came out as: {outcome}." in panel.question.verdict and outcome in plan.options
    assert panel.question.verdict.count("✔") == (outcome == plan.options[1])


class Stub:
    def __init__(self, modes=0, push=1.0):
        self.modes = lambda: modes
        self.push = lambda: push


def test_outcomes():
    modes_outcome = game.EXPERIMENTS["a fair game"].outcome
    push_outcome = game.EXPERIMENTS["D too strong"].outcome
    assert [modes_outcome(Stub(modes), 1) for modes in (2, 3, 7, 8)] == [
        "0 to 2",
        "3 to 7",
        "3 to 7",
        "8 or more",
    ]
    assert [push_outcome(Stub(push=now), 2.0) for now in (0.19, 0.21, 2.0, 2.1)] == [
        "less than a tenth",
        "between a tenth and all of it",
        "between a tenth and all of it",
        "more",
    ]


def test_layers_switch(panel):
    click(panel, "1 turn")
    for name, artist in {
        "map": lambda: panel.drawn.board.map.get_array().std() > 0,
        "grid": lambda: bool(panel.drawn.board.grid.get_segments()),
        "arrows": lambda: bool(panel.drawn.board.arrows.get_segments()),
    }.items():
        assert artist() == panel.layers[name].value == (name != "arrows")
        panel.layers[name].value = not panel.layers[name].value
        assert artist() == panel.layers[name].value


def players():
    """The tasks that play a game."""
    return [task for task in asyncio.all_tasks() if task.get_coro().__name__ == "_play"]


def test_play_and_pause_in_a_running_loop():
    async def scene():
        panel = game.Panel(width_g=8, width_d=8)
        play = panel.buttons["Play"]
        click(panel, "Play")
        await until(lambda: panel.game.history.step >= 15)
        assert panel.playing and play.description == "Pause"
        panel.controls["steps_d"].value = 2  # a control works while the game runs
        await until(lambda: panel.game.steps_d == 2)
        click(panel, "Play")
        await until(lambda: panel.task.done())
        stopped = panel.game.history.step
        assert not panel.playing and play.description == "Play"
        await settle()
        assert not players()
        assert panel.game.history.step == stopped
        panel.experiments["a fair game"].click()
        await until(lambda: panel.experiment)
        panel.experiment = panel.experiment._replace(asked=10)
        click(panel, "Play")
        await until(lambda: panel.question.verdict)
        await until(lambda: panel.task.done())
        assert not panel.playing and panel.game.history.step == 10, "an experiment ends by itself"

    asyncio.run(scene())


def test_an_error_while_the_game_plays_pauses_it():
    async def scene():
        panel = game.Panel(width_g=8, width_d=8)
        click(panel, "Play")
        await until(lambda: panel.game.history.step >= 5)
        panel.controls["rate_g"].value = -1
        await until(lambda: "must be above 0 and finite" in panel.error.value)
        assert not panel.playing
        await until(lambda: panel.task.done())
        assert panel.buttons["Play"].description == "Play"

    asyncio.run(scene())


def test_one_task_plays_and_a_new_panel_pauses_the_old_one():
    async def scene():
        panel = game.Panel(width_g=8, width_d=8)
        click(panel, "Play")
        await until(lambda: panel.game.history.step)
        click(panel, "Play")
        click(panel, "Play")  # a double click
        before = panel.game.history.step
        await until(lambda: panel.game.history.step > before)
        assert panel.playing and len(players()) == 1
        again = game.Panel(width_g=8, width_d=8)  # the same cell, run again
        await until(lambda: not players())
        assert not panel.playing and panel.buttons["Play"].description == "Play"
        click(again, "Play")
        await until(lambda: again.game.history.step)
        click(again, "Slow motion: next")
        await until(lambda: not players())
        assert "1. G draws fakes" in again.caption.value, "slow motion pauses"
        for stop in (
            lambda: click(again, "Step back"),
            lambda: setattr(again.moment, "value", 0),
            lambda: click(again, "Start again"),
        ):
            click(again, "Play")
            await until(players)
            stop()
            await until(lambda: not players())
        assert again.game.history.step == 0

    asyncio.run(scene())


def test_quick_moves_of_the_moment_are_drawn_once():
    async def scene():
        panel = game.Panel(width_g=8, width_d=8)
        for turns in (1, 2, 3):
            click(panel, "1 turn")
            await until(lambda turns=turns: panel.game.history.step == turns)
        drawn = []
        panel.caption.observe(lambda change: drawn.append(panel.game.position), "value")
        for position in (2, 1, 0):
            panel.moment.value = position
        await until(lambda: drawn)
        await settle()
        assert drawn == [0] and panel.moment.value == 0 and not panel.error.value
        click(panel, "1 turn")  # takes the later moments away
        panel.moment.value = 3
        await until(lambda: panel.game.position == 1)
        await settle()
        assert panel.moment.value == panel.moment.max == 1 and not panel.error.value

    asyncio.run(scene())


def test_spiral_panel():
    panel = game.SpiralPanel()
    assert panel.order.value == "both at once" and panel.step.value == 0.5
    before = bytes(panel.picture.value)
    panel.question.value = "6 to 10"
    panel.rounds.value = 12  # √1.25 times as far a round: 3.8 times as far
    assert bytes(panel.picture.value) != before and "After 12 rounds" in panel.caption.value
    assert not panel.question.verdict
    panel.rounds.value = 13  # 4.3 times
    assert panel.question.verdict == "✘ No. It came out as: 11 to 15."
    panel.step.value = 1.0
    panel.rounds.value = 6  # √2⁶ = 8 times as far, turned by 6 · 45°: (1, 1) becomes (8, -8)
    assert "(8.00, -8.00)" in panel.caption.value
    panel.order.value = "y first, then x"
    assert "(1.00, 1.00)" in panel.caption.value
    assert "11 to 15" in panel.question.verdict, "the answer is to the game that was asked about"
    panel.set_up_button.click()
    assert panel.rounds.value == 0 and not panel.question.verdict and not panel.question.value
    panel.step.value = 1.0
    panel.rounds.value = 20
    assert not panel.question.verdict
    panel.step.value = 0.5  # past the thirteenth round the answer is known too
    assert "11 to 15" in panel.question.verdict
    assert game.bilinear(1.0, 1.0, step=1.0, rounds=6, together=True)[-1] == (8, -8)


def test_a_guess_comes_before_its_answer_can_be_read(panel):
    """The buttons' names do not tell it, and the lesson shows later turns than those asked of."""
    for button in panel.experiments.values():
        assert not re.search("strong|fair|collapse|cure|spiral", button.description)
    for plan in game.EXPERIMENTS.values():
        assert plan.asked < plan.turns // 3, "the first moment that the lesson shows"


def test_a_stepper_moves_its_field_within_its_limits():
    panel = game.SpiralPanel()
    fewer, field, more = panel.children[4].children
    assert field is panel.rounds
    fewer.click()
    assert panel.rounds.value == 0
    more.click()
    more.click()
    assert panel.rounds.value == 2 and "After 2 rounds" in panel.caption.value
    smaller, field, larger = panel.children[3].children
    smaller.click()
    assert field.value == 0.4
    for _ in range(30):
        larger.click()
    assert field.value == 2.2
