"""What holds for each widget: names, still pictures, random numbers left alone."""

import asyncio
import io

import ipywidgets
import torch

from gan_helpers import networks, widgets
from gan_helpers.widgets import live
from tests.widgets.parts import Step, history_of, inside, train_panel

CLICKABLE = (ipywidgets.Button,)
NAMED_BY_LABEL = (
    ipywidgets.BoundedIntText,
    ipywidgets.BoundedFloatText,
    ipywidgets.Dropdown,
    ipywidgets.Checkbox,
)


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
                live.PagePart,
            )
            assert all(isinstance(part, known) for part in parts), (
                "only what ipywidgets 7.7.1 has and names, and what the page draws"
            )

    asyncio.run(look())


def test_every_widget_gives_a_still_picture():
    for widget in everything():
        png = io.BytesIO()
        widget.figure().savefig(png, format="png")
        assert len(png.getvalue()) > 3000


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


def test_a_still_picture_shows_what_was_set_in_the_same_cell():
    async def cell():
        sampler = widgets.sampler()
        scrubber = widgets.scrubber(history_of())
        before = sampler.images
        sampler.size.value = 3
        sampler.truncation.value = 0.5
        assert len(sampler.figure().axes) == 9 and not torch.equal(sampler.images, before[:9])
        scrubber.slider.value = 0
        (still,) = scrubber.figure().images
        assert still.get_array()[5, 5, 0] == 64 and "step 10" in scrubber.text.value

    asyncio.run(cell())
