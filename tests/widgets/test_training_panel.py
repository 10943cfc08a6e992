"""The training panel trains as `fit` does, at the reader's pace, and loses nothing."""

import asyncio
import re
import sys
import types

import ipywidgets
import pytest
import torch

from gan_helpers import data, losses, networks, training, widgets
from gan_helpers.widgets import training_panel
from tests.waiting import settle, until
from tests.widgets.parts import Step, history_of, inside, nine_pictures, train_panel


def test_the_panel_starts_pauses_resumes_and_stops():
    async def train():
        step = Step()
        history = training.History()
        train = train_panel(step, history=history)
        assert not train.start.disabled and train.pause.disabled
        first = bytes(train.picture.value)
        train.start.click()
        await until(lambda: history.step > 5)
        assert train.state == "running" and train.start.disabled and not train.pause.disabled
        train.pause.click()
        await until(lambda: train._task.done())
        rests_at = history.step
        assert train.state == "paused" and bytes(train.picture.value) != first
        await settle()
        assert history.step == rests_at == step.count
        train.one_step.click()
        await until(lambda: "D's turn" in train.text.value and "G's turn" in train.text.value)
        assert history.step == rests_at + 1
        train.start.click()
        await until(lambda: history.step > rests_at + 5)
        train.stop.click()
        train.start.click()  # too late
        await until(lambda: train._task.done())
        end = history.step
        assert train.state == "stopped" and train.start.disabled and train.one_step.disabled
        assert "kept" in train.message.value
        train.start.click()
        train.one_step.click()
        await settle()
        assert history.step == end == step.count == len(history["d_loss"])

    asyncio.run(train())


def test_fit_panel_and_fit_are_one_run():
    def train(*, with_panel):
        training.setup(0)
        G = networks.DenseGenerator(latent_dim=4, hidden=(8,))
        D = networks.DenseDiscriminator(hidden=(8,))
        opt_G = torch.optim.Adam(G.parameters(), 1e-2)
        opt_D = torch.optim.Adam(D.parameters(), 1e-2)
        batches = data.batches(
            torch.arange(784 * 10).view(10, 28, 28).to(torch.uint8), torch.zeros(10).long(), 4
        )

        def step(real, labels):
            z_d, z_g = torch.randn(2, len(real), 4)
            d_values = training.discriminator_step(G, D, opt_D, real, z_d, losses.bce())
            g_values = training.generator_step(G, D, opt_G, z_g, losses.bce())
            return d_values | g_values

        history = training.fit(step, batches, steps=5)  # within an epoch of three steps
        if with_panel:
            for steps in (4, 1):  # the cell is run again between them
                train = widgets.train_panel(
                    step,
                    batches,
                    history=history,
                    samples=lambda: networks.sample(G, torch.randn(4, 4)),
                    optimisers={},
                )
                for _ in range(steps):
                    train.more[1].click()
            assert history.step == 10
        training.fit(step, batches, steps=4 if with_panel else 9, history=history)
        return history.values, [weight.detach() for net in (G, D) for weight in net.parameters()]

    (values, weights), (expected_values, expected) = train(with_panel=True), train(with_panel=False)
    assert values == expected_values and all(map(torch.equal, weights, expected))


def test_one_step_while_training_runs_says_what_it_did():
    async def train():
        train = train_panel(Step())
        train.start.click()
        await until(lambda: train.history.step > 5)
        train.one_step.click()
        await until(lambda: train._task.done())
        assert (
            train.state == "paused" and f"Step {train.history.step:,}, D's turn" in train.text.value
        )
        assert f"Picture: Step {train.history.step:,}." in train.text.value

    asyncio.run(train())


def optimiser(rate):
    return torch.optim.SGD([torch.zeros(1, requires_grad=True)], rate)


def test_rates_change_while_it_trains_and_stay():
    async def train():
        opt_D = optimiser(0.1)
        opt_D.add_param_group({"params": [torch.zeros(2, requires_grad=True)]})
        optimisers = {"D": opt_D, "G": optimiser(0.2)}
        step = lambda images, labels: {"d_loss": opt_D.param_groups[0]["lr"]}  # noqa: E731
        train = train_panel(step, optimisers=optimisers)
        assert [field.description for field in train.rates.values()] == [
            "D's learning rate",
            "G's learning rate",
        ]
        assert train.rates["G"].value == 0.2 and train.rates["D"].step == pytest.approx(0.01)
        train.start.click()
        await until(lambda: train.history.step > 3)
        train.rates["D"].value = 0.5
        await until(lambda: train.history["d_loss"][-1] == 0.5)
        train.stop.click()
        await until(lambda: train._task.done())
        assert train.history["d_loss"][0] == 0.1
        assert [group["lr"] for group in opt_D.param_groups] == [0.5, 0.5]
        assert optimisers["G"].param_groups[0]["lr"] == 0.2
        again = train_panel(step, history=train.history, optimisers=optimisers)
        assert again.rates["D"].value == 0.5

    asyncio.run(train())


def test_d_takes_more_steps_for_each_of_gs():
    def d_step(images, labels):
        return {"d_loss": 1.5}

    train = train_panel(Step(), d_step=d_step)
    for _ in range(3):
        train.more[1].click()
    train.d_steps.value = 3
    for _ in range(6):
        train.more[1].click()
    assert train.history.steps["g_loss"] == [1, 2, 3, 6, 9]
    assert len(train.history["d_loss"]) == 9
    train.d_steps.value = 1
    train.more[1].click()
    assert train.history.steps["g_loss"][-1] == 10


def test_only_what_the_lesson_hands_over_can_be_changed():
    async def look():
        def fields_of(panel):
            kinds = (ipywidgets.BoundedIntText, ipywidgets.BoundedFloatText)
            return [part.description for part in inside(panel) if isinstance(part, kinds)]

        assert fields_of(train_panel(Step())) == ["pause at step"]
        more = train_panel(Step(), optimisers={"critic": optimiser(0.1)}, d_step=Step())
        assert fields_of(more) == [
            "critic's learning rate",
            "D's steps for one of G's",
            "pause at step",
        ]

    asyncio.run(look())


def test_it_pauses_at_a_step_exactly_and_marks_it():
    async def train():
        train = train_panel(Step())
        train.goal.value = 7
        train.start.click()
        await until(lambda: train.history.step > 0)
        await until(lambda: train._task.done())
        assert train.state == "paused" and train.history.step == 7
        assert train.echo.said[1] == "Paused after step 7."
        assert "Picture: Step 7." in train.text.value and "steps a second." in train.text.value
        drawn = bytes(train.picture.value)
        for axis in train._figure.curves:
            (mark,) = [line for line in axis.lines if line not in train._figure.lines.values()]
            assert list(mark.get_xdata()) == [7, 7]
        train.one_step.click()  # on from there, without a mark
        await until(lambda: train.history.step == 8)
        assert bytes(train.picture.value) != drawn and list(train._figure.marks) == [7]
        train.start.click()
        await until(lambda: train.history.step > 20)
        assert train.echo.said[1] == ""
        train.pause.click()
        await until(lambda: train._task.done())
        assert list(train._figure.marks) == [7, train.history.step]

    asyncio.run(train())


def test_the_page_knows_each_button_by_its_name():
    async def look():
        return {part.description for part in inside(train_panel(Step())) if is_button(part)}

    def is_button(part):
        return isinstance(part, ipywidgets.Button)

    on_loop = asyncio.run(look())
    plain = {part.description for part in inside(train_panel(Step())) if is_button(part)}
    assert on_loop | plain == set(training_panel.WORDS)
    assert train_panel(Step()).echo.words == training_panel.WORDS


def test_steps_a_second_are_those_while_it_trains(monkeypatch):
    clock = Clock()
    monkeypatch.setattr(training_panel, "time", clock)

    def step(images, labels):
        clock.now += 0.05
        return {"d_loss": 1.5}

    train = train_panel(step)
    assert "a second" not in train.text.value
    clock.now += 1000  # nobody trains
    train.more[100].click()
    assert "20.0 steps a second." in train.text.value


def test_the_picture_has_the_samples_the_curves_and_the_classes():
    images, labels = data.mnist("validation")
    digits = data.to_tanh_range(images[:9]).unsqueeze(1)
    train = train_panel(Step(), history=history_of(), samples=lambda: digits)
    (sheet,) = train._figure.sheet.images
    assert sheet.get_array().shape == (3 * 30, 3 * 30)
    expected = torch.bincount(labels[:9], minlength=10).tolist()
    assert [bar.get_height() for bar in train._figure.bars] == expected
    assert f"0: {expected[0]}, 1: {expected[1]}" in train.text.value
    for name, line in train._figure.lines.items():
        assert line.get_ydata()[-1] == pytest.approx(train.history[name][-1], rel=0.1)


class Clock:
    """Stands in for the module `time`: it goes on only when it is told to."""

    def __init__(self):
        self.now = 100.0

    def perf_counter(self):
        return self.now


def test_pictures_are_drawn_now_and_then_not_at_every_step(monkeypatch):
    clock = Clock()
    monkeypatch.setattr(training_panel, "time", clock)
    drawn_at = []

    def step(images, labels):
        clock.now += 0.001
        return {"d_loss": 1.5}

    train = train_panel(step, samples=lambda: drawn_at.append(clock.now) or nine_pictures())
    train.more[1000].click()
    # The first, those that are due after 0.4 seconds each, and the last.
    assert drawn_at == pytest.approx([100, 100.4, 100.8, 101], abs=0.0021)


def test_slow_pictures_come_less_often(monkeypatch):
    clock = Clock()
    monkeypatch.setattr(training_panel, "time", clock)

    def slow_samples():
        clock.now += 0.2
        return nine_pictures()

    train = train_panel(Step(), samples=slow_samples)
    # 0.2 of the time goes into pictures: a second to the next one, and not 0.4 as for quick ones.
    assert train._next_drawing - clock.now == pytest.approx(1.0)


def test_an_interrupt_on_colab_keeps_the_steps_and_training_can_go_on():
    def step(images, labels):
        if train.history.step == 3 and not train.message.value:
            raise KeyboardInterrupt
        return {"d_loss": 1.5}

    train = train_panel(step)
    train.more[100].click()
    assert train.history.step == 3 and "Interrupted after step 3" in train.message.value
    assert "Step 3" in train.text.value
    train.history.step += 1  # what made it stop
    train.more[1].click()
    assert train.history.step == 5 and train.message.value == ""


def test_a_cell_run_again_pauses_its_old_panel():
    async def train():
        history = training.History()
        old = train_panel(Step(), history=history)
        old.start.click()
        await until(lambda: history.step > 5)
        new = train_panel(Step(), history=history)
        assert old.state == "paused"
        await until(lambda: old._task.done())
        before = history.step
        await settle()
        assert history.step == before
        new.start.click()
        await until(lambda: history.step > before)
        old.start.click()  # one at a time
        await until(lambda: (old.state, new.state) == ("running", "paused"))
        old.close()
        assert old.state == "stopped"

    asyncio.run(train())


def test_slow_motion_names_both_turns(monkeypatch):
    monkeypatch.setattr(training_panel, "PHASE", 0.05)

    async def train():
        train = train_panel(Step())
        said = []
        train.text.observe(lambda change: said.append((train.history.step, change["new"])), "value")
        train.slow.value = True
        train.start.click()
        await until(lambda: train.history.step == 3)
        train.pause.click()
        await until(lambda: train._task.done())
        turns = [
            (step, match[1])
            for step, text in said
            if (match := re.match(r"Step \d, (\w)'s turn", text))
        ]
        assert turns[:4] == [(1, "D"), (1, "G"), (2, "D"), (2, "G")] and train.history.step == 3

    asyncio.run(train())


def test_phases_name_who_had_a_turn():
    history = training.History()
    history.step = 1
    history.record({"d_loss": 1.0, "g_loss": 2.0})
    assert ["G's turn" in phase for phase in training_panel.phases(history)] == [False, True]
    history.step = 2
    history.record({"d_loss": 1.0, "score_real": 0.5, "score_fake": -0.5})  # a critic's step
    (only,) = training_panel.phases(history)
    assert "D's turn" in only and "0.50" in only and "-0.50" in only
    history.step = 3
    history.record({"accuracy": 0.5})
    assert training_panel.phases(history) == ["Step 3: accuracy 0.500"]


@pytest.mark.parametrize("broken", ["step", "samples"])
def test_an_error_in_training_is_shown_and_training_can_go_on(broken):
    async def scene():
        step = Step(fails_at=3 if broken == "step" else None)
        fail = [broken == "samples"]

        def samples():
            if fail[0] and train.state == "running":
                raise ValueError("1 < 2 & broken")
            return nine_pictures()

        train = None
        train = train_panel(step, samples=samples)
        train.start.click()
        await until(lambda: "ValueError: 1 &lt; 2 &amp; broken" in train.message.value)
        await until(lambda: train._task.done())
        assert train.state == "paused"
        before, fail[0] = train.history.step, False
        train.start.click()
        await until(lambda: train.history.step > before)
        assert train.message.value == ""
        train.pause.click()
        await until(lambda: train._task.done())

    asyncio.run(scene())


def test_without_a_loop_or_on_colab_there_are_buttons_for_more_steps(monkeypatch):
    history = training.History()
    plain = train_panel(Step(), history=history)  # no loop: plain Python
    plain.more[100].click()
    assert history.step == 100 and "Step 100" in plain.text.value and plain.message.value == ""

    async def colab():
        monkeypatch.setitem(sys.modules, "google.colab", types.ModuleType("google.colab"))
        on_colab = train_panel(Step(), history=history)
        assert [button.description for button in on_colab.more.values()][:2] == [
            "Train 1 more step",
            "Train 100 more steps",
        ]
        on_colab.more[1].click()
        assert history.step == 101  # within the click: later updates would not be shown there

    asyncio.run(colab())
