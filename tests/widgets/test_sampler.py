"""The sampler reacts to its controls, and says what goes wrong."""

import asyncio

import numpy as np
import pytest
import torch
from PIL import Image

from gan_helpers import judges, networks, plots, widgets
from gan_helpers.widgets import digit_sampler
from tests.waiting import until
from tests.widgets.parts import inside, pixels


@pytest.fixture(scope="module")
def conditional():
    return widgets.sampler(conditional=True)


def test_a_sampler_opens_on_a_shipped_generator_with_its_own_pictures():
    sampler = widgets.sampler()
    G = networks.trained_generator()
    z = torch.randn(100, G.latent_dim, generator=torch.Generator().manual_seed(0))[:36]
    assert torch.allclose(sampler.images, networks.sample(G, z), atol=1e-5)
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
    before = pixels(conditional.sheet)
    old = widget.value
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
    conditional.other.value = 3
    conditional.share.value = 1.0
    assert (read() == 3).float().mean() > 0.8
    conditional.digit.value = digit_sampler.EACH
    conditional.share.value = 0.0
    assert (read() == torch.arange(36) % 10).float().mean() > 0.8


def test_another_size_keeps_the_pictures(conditional):
    before = conditional.images
    conditional.size.value = 2
    assert torch.allclose(conditional.images, before[:4], atol=1e-5)
    conditional.size.value = 6


def test_the_walk_leads_from_one_picked_picture_to_the_other(conditional):
    conditional.first.value = 2
    conditional.last.value = 9
    for share, place in ((0.0, 1), (1.0, 8)):
        conditional.walk.value = share
        strip = pixels(conditional.walked)  # the ends, and between them where the walk is
        between = strip[:84, 86:170]
        assert (
            between
            == np.asarray(plots.sheet(conditional.images[place : place + 1], 1, scale=3))[:84, :84]
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


def test_fast_changes_are_drawn_once_with_the_newest_values():
    async def drag():
        sampler = widgets.sampler()
        drawn = []
        draw = sampler._draw
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
