"""The widgets react to their controls, say what goes wrong, and leave training and random numbers alone."""

import asyncio
import io
import re
import sys
import types

import ipywidgets
import numpy as np
import pytest
import torch
from PIL import Image

from gan_helpers import data, judges, losses, networks, training, widgets
from gan_helpers.widgets import live, sheets, training_panel

CLICKABLE = (ipywidgets.Button,)
NAMED_BY_LABEL = (
    ipywidgets.BoundedIntText,
    ipywidgets.BoundedFloatText,
    ipywidgets.Dropdown,
    ipywidgets.Checkbox,
)


@pytest.fixture(autouse=True)
def no_panel_from_another_test():
    yield
    training_panel.TrainPanel.training_now = None


def pixels(image):
    return np.asarray(Image.open(io.BytesIO(bytes(image.value))).convert("L"))


def inside(box):
    """All widgets in a box, at any depth."""
    for child in box.children:
        yield child
        if hasattr(child, "children"):
            yield from inside(child)


def history_of(steps=40, every=10):
    history = training.History()
    for _ in range(steps):
        history.step += 1
        history.record(
            {"d_loss": 1.0 / history.step, "g_loss": 0.5, "score_real": 0.1, "score_fake": -0.1}
        )
        if history.step % every == 0:
            history.snapshots[history.step] = torch.full(
                (4, 1, 28, 28), history.step / steps * 2 - 1
            )
    return history


class Step:
    """A step that counts; from `fails_at` on it raises."""

    def __init__(self, fails_at=None):
        self.count, self.fails_at = 0, fails_at

    def __call__(self, images, labels):
        self.count += 1
        if self.count == self.fails_at:
            raise ValueError("1 < 2 & broken")
        return {"d_loss": 1.5, "g_loss": 0.25, "score_real": 0.5, "score_fake": -0.5}


BATCHES = [(torch.zeros(2, 1, 28, 28), torch.zeros(2, dtype=torch.int64))] * 3


def shown():
    return torch.zeros(9, 1, 28, 28)


def train_panel(step, *, history=None, samples=shown):
    return widgets.train_panel(
        step, BATCHES, history=history or training.History(), samples=samples
    )


async def until(reached):
    """Let the loop run until it is so; the limit only ends a wait for what never comes."""
    async with asyncio.timeout(600):
        while not reached():
            await asyncio.sleep(0.01)


async def settle():
    """Let the loop do all that waits for its turn now or soon: it keeps the order of delays."""
    for _ in range(10):
        await asyncio.sleep(0)
    await asyncio.sleep(4 * live.DELAY)


# Sheets


def test_a_sheet_has_each_picture_in_its_place():
    images = torch.linspace(-1, 1, 6).view(6, 1, 1, 1).expand(6, 1, 28, 28)
    sheet = np.asarray(sheets.sheet(images, 3, scale=2))
    assert sheet.shape == (2 * 58, 3 * 58)
    assert [sheet[row, column] for row in (10, 70) for column in (10, 70, 130)] == [
        0,
        51,
        102,
        153,
        204,
        255,
    ]
    with_text = np.asarray(sheets.sheet(images, 3, scale=2, captions=["7  98%"] * 6))
    assert with_text.shape == (2 * 72, 3 * 58)
    for row in range(2):
        for column in range(3):
            assert (
                with_text[row * 72 + 58 : row * 72 + 72, column * 58 : column * 58 + 56] > 200
            ).any(), "each its own"


# The sampler


@pytest.fixture(scope="module")
def conditional():
    return widgets.sampler(conditional=True)


def test_a_sampler_opens_on_a_shipped_generator_with_its_own_pictures():
    sampler = widgets.sampler()
    z = torch.randn(100, 42, generator=torch.Generator().manual_seed(0))[:36]
    assert torch.allclose(
        sampler.images, networks.sample(networks.trained_generator(), z), atol=1e-5
    )
    assert sampler.message.value == "" and "36 samples, seed 0" in sampler.text.value


@pytest.mark.parametrize(
    "control, value",
    [
        ("truncation", 0.5),
        ("seed", 3),
        ("judge", True),
        ("digit", 7),
        ("share", 0.5),
        (0, 2.0),
        (3, -2.0),
    ],
)
def test_each_control_changes_the_sheet(conditional, control, value):
    widget = (
        conditional.sliders[control] if isinstance(control, int) else getattr(conditional, control)
    )
    before, old = pixels(conditional.sheet), widget.value
    widget.value = value
    assert conditional.message.value == ""
    changed = pixels(conditional.sheet)
    widget.value = old
    assert changed.shape != before.shape or (changed != before).any()
    assert (pixels(conditional.sheet) == before).all(), "the same settings give the same sheet"


def test_a_conditional_sampler_draws_the_digit_that_is_asked_for(conditional):
    def read():
        return judges.read(judges.load(), conditional.images)[1].argmax(1)

    conditional.digit.value = 7
    assert (read() == 7).float().mean() > 0.8
    conditional.other.value, conditional.share.value = 3, 1.0
    assert (read() == 3).float().mean() > 0.8
    conditional.digit.value, conditional.share.value = widgets.EACH, 0.0
    assert (read() == torch.arange(36) % 10).float().mean() > 0.8


def test_another_size_keeps_the_pictures(conditional):
    before = conditional.images
    conditional.size.value = 2
    assert torch.allclose(conditional.images, before[:4], atol=1e-5)
    conditional.size.value = 6


def test_the_walk_leads_from_one_picked_picture_to_the_other(conditional):
    conditional.first.value, conditional.last.value = 2, 9
    for share, place in ((0.0, 1), (1.0, 8)):
        conditional.walk.value = share
        strip = pixels(conditional.walked)  # the ends, and between them where the walk is
        between = strip[:84, 86:170]
        assert (
            between
            == np.asarray(sheets.sheet(conditional.images[place : place + 1], 1, scale=3))[:84, :84]
        ).all()
    conditional.first.value = 100  # more than the sheet has
    assert conditional.message.value == "" and "Picture 36 on the left" in conditional.text.value


def test_the_judge_reads_each_picture(conditional):
    conditional.judge.value = True
    read = judges.read(judges.load(), conditional.images)[1].softmax(1)
    assert f"a {read.argmax(1)[read.max(1).values.argmin()]}" in conditional.text.value
    assert pixels(conditional.sheet).shape == (6 * 72, 6 * 58)
    conditional.judge.value = False


def test_new_noise_and_save(conditional, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    seed = conditional.seed.value
    conditional.new_noise.click()
    assert conditional.seed.value == seed + 1
    conditional.save.click()
    conditional.save.click()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["digits-1.png", "digits-2.png"]
    assert (np.asarray(Image.open(tmp_path / "digits-1.png")) == pixels(conditional.sheet)).all()
    conditional.seed.value = conditional.seed.max
    conditional.new_noise.click()
    assert conditional.seed.value == 0
    conditional.seed.value = seed


def test_number_fields_and_sliders_move_together(conditional):
    number = next(
        widget
        for widget in inside(conditional)
        if getattr(widget, "description", "") == "direction 1"
    )
    number.value = 1.5
    assert conditional.sliders[0].value == 1.5
    conditional.sliders[0].value = 0.0
    assert number.value == 0.0


def test_directions_are_those_along_which_pictures_change_most():
    class Stretch(torch.nn.Module):  # linear: its Jacobian is known
        latent_dim = 3

        def forward(self, z):
            return torch.nn.functional.pad(z * torch.tensor([1.0, 5.0, 3.0]), (0, 781)).view(
                -1, 1, 28, 28
            )

    found = widgets.directions(Stretch(), count=2).abs()
    assert torch.allclose(found, torch.tensor([[0.0, 1, 0], [0, 0, 1]]), atol=1e-5)
    net = networks.DenseGenerator(latent_dim=8, hidden=(16, 16)).train()
    widgets.directions(net)
    assert net.training and all(p.grad is None for p in net.parameters())


def test_an_error_in_a_callback_is_shown_in_words():
    net = networks.DenseGenerator(latent_dim=8, hidden=(16, 16))
    sampler = widgets.sampler(net)
    net.latent_dim = 7  # what a reader may do in another cell
    for change in (lambda: setattr(sampler.seed, "value", 1), sampler.new_noise.click):
        change()
        assert "That did not work" in sampler.message.value and "Error" not in sampler.text.value
    net.latent_dim = 8
    sampler.seed.value = 3
    assert sampler.message.value == ""
    with pytest.raises(TypeError, match="latent_dim"):
        widgets.sampler(torch.nn.Linear(2, 2))


def test_random_numbers_and_the_nets_mode_are_left_alone():
    net = networks.DenseGenerator(latent_dim=8, hidden=(16, 16)).train()
    torch.manual_seed(5)
    before = torch.get_rng_state()
    sampler = widgets.sampler(net)
    sampler.new_noise.click()
    sampler.judge.value = True
    train = train_panel(Step(), samples=lambda: torch.rand(4, 1, 28, 28))
    train._draw()
    widgets.scrubber(history_of()).slider.value = 0
    assert torch.equal(torch.get_rng_state(), before) and net.training


def test_fast_changes_are_drawn_once_with_the_newest_values():
    async def drag():
        sampler = widgets.sampler()
        drawn, draw = [], sampler._draw
        sampler._draw = lambda: (drawn.append(sampler.seed.value), draw())
        for seed in range(1, 30):
            sampler.seed.value = seed
        assert drawn == []
        await until(lambda: drawn)
        assert drawn == [29]
        sampler.seed.value = 30
        await until(lambda: len(drawn) > 1)
        assert drawn == [29, 30]

    asyncio.run(drag())


def test_a_still_picture_shows_what_was_set_in_the_same_cell():
    async def cell():
        sampler, scrubber = widgets.sampler(), widgets.scrubber(history_of())
        before = sampler.images
        sampler.size.value, sampler.truncation.value = 3, 0.5
        assert len(sampler.figure().axes) == 9 and not torch.equal(sampler.images, before[:9])
        scrubber.slider.value = 0
        (still,) = scrubber.figure().images
        assert still.get_array()[5, 5, 0] == 64 and "step 10" in scrubber.text.value

    asyncio.run(cell())


# The scrubber


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
    history.steps["g_loss"], history.values["g_loss"] = (
        [12, 17],
        [3.0, 4.0],
    )  # a series that begins later
    scrubber = widgets.scrubber(history)
    assert "g_loss 4.00" in scrubber.text.value and "d_loss 0.05" in scrubber.text.value
    scrubber.slider.value = 0
    assert "g_loss 3.00" in scrubber.text.value and "d_loss 0.10" in scrubber.text.value


def test_a_scrubber_without_snapshots_says_so():
    with pytest.raises(ValueError, match="no snapshot"):
        widgets.scrubber(training.History())


def test_play_goes_through_the_snapshots_and_pauses(monkeypatch):
    monkeypatch.setattr(widgets, "FRAME", 0.02)

    async def play():
        scrubber = widgets.scrubber(history_of())
        seen, said = [], []

        def pause_at_the_second(change):
            seen.append(change["new"])
            said.append(scrubber.play.description)
            if change["new"] == 1:
                scrubber.play.click()

        scrubber.slider.observe(pause_at_the_second, "value")
        scrubber.play.click()  # at the end: begins anew
        await until(lambda: 1 in seen and scrubber.play.description == "Play")
        await asyncio.sleep(2 * widgets.FRAME)  # the loop's clock: a next picture would come before
        assert seen == [0, 1]
        assert said == ["Play", "Pause"]
        assert scrubber.slider.value == 1
        scrubber.slider.unobserve(pause_at_the_second, "value")
        scrubber.play.click()
        await until(lambda: scrubber.slider.value == 3 and scrubber.play.description == "Play")
        assert scrubber.message.value == ""

    asyncio.run(play())


# The training panel


def test_the_panel_starts_pauses_resumes_and_stops():
    async def train():
        step, history = Step(), training.History()
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
        G, D = (
            networks.DenseGenerator(latent_dim=4, hidden=(8,)),
            networks.DenseDiscriminator(hidden=(8,)),
        )
        opt_G, opt_D = (torch.optim.Adam(net.parameters(), 1e-2) for net in (G, D))
        batches = data.batches(
            torch.arange(784 * 10).view(10, 28, 28).to(torch.uint8), torch.zeros(10).long(), 4
        )

        def step(real, labels):
            found = training.discriminator_step(
                G, D, opt_D, real, torch.randn(len(real), 4), losses.bce()
            )
            return found | training.generator_step(
                G, D, opt_G, torch.randn(len(real), 4), losses.bce()
            )

        history = training.fit(step, batches, steps=5)  # within an epoch of three steps
        if with_panel:
            for steps in (4, 1):  # the cell is run again between them
                train = widgets.train_panel(
                    step,
                    batches,
                    history=history,
                    samples=lambda: networks.sample(G, torch.randn(4, 4)),
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


def test_the_picture_has_the_samples_the_curves_and_the_classes():
    images, labels = data.mnist("validation")
    found = data.to_tanh_range(images[:9]).unsqueeze(1)
    train = train_panel(Step(), history=history_of(), samples=lambda: found)
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

    train = train_panel(step, samples=lambda: drawn_at.append(clock.now) or shown())
    train.more[1000].click()
    # The first, those that are due after 0.4 seconds each, and the last.
    assert drawn_at == pytest.approx([100, 100.4, 100.8, 101], abs=0.0021)


def test_slow_pictures_come_less_often(monkeypatch):
    clock = Clock()
    monkeypatch.setattr(training_panel, "time", clock)

    def slow_samples():
        clock.now += 0.2
        return shown()

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
        train, said = train_panel(Step()), []
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
        step, fail = Step(fails_at=3 if broken == "step" else None), [broken == "samples"]

        def samples():
            if fail[0] and train.state == "running":
                raise ValueError("1 < 2 & broken")
            return shown()

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
        sampler = widgets.sampler()
        sampler.seed.value = 4
        assert "seed 4" in sampler.text.value

    asyncio.run(colab())


# All of them


def everything():
    yield widgets.sampler(conditional=True)
    yield widgets.scrubber(history_of())
    yield train_panel(Step())


def test_every_control_has_a_name_and_every_picture_a_line_below():
    async def look():
        for widget in everything():
            parts = list(inside(widget))
            fields = [part for part in parts if isinstance(part, NAMED_BY_LABEL + CLICKABLE)]
            assert fields and all(part.description for part in fields)
            # A slider gets its name in the browser, from the field beside it.
            for box in [part for part in [widget, *parts] if isinstance(part, ipywidgets.HBox)]:
                if any(
                    isinstance(child, (ipywidgets.IntSlider, ipywidgets.FloatSlider))
                    for child in box.children
                ):
                    assert any(isinstance(child, NAMED_BY_LABEL) for child in box.children)
            assert "Picture: " in widget.text.value
            assert all(
                part.tooltip in widget.text.value
                for part in parts
                if isinstance(part, ipywidgets.Image) and part.value
            )
            known = (
                *NAMED_BY_LABEL,
                *CLICKABLE,
                ipywidgets.IntSlider,
                ipywidgets.FloatSlider,
                ipywidgets.HTML,
                ipywidgets.Image,
                ipywidgets.Box,
            )
            assert all(isinstance(part, known) for part in parts), (
                "only what ipywidgets 7.7.1 has and names"
            )

    asyncio.run(look())


def test_every_widget_gives_a_still_picture():
    for widget in everything():
        png = io.BytesIO()
        widget.figure().savefig(png, format="png")
        assert len(png.getvalue()) > 3000
