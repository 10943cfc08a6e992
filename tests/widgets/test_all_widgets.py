"""What holds for each widget: names, still pictures, random numbers left alone."""

import asyncio
import io

import ipywidgets
import torch

from gan_helpers import networks, widgets
from gan_helpers.widgets import page
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


def test_the_panels_controls_have_names_and_its_picture_a_line_below():
    async def look():
        panel = train_panel(Step())
        parts = list(inside(panel))
        fields = [part for part in parts if isinstance(part, NAMED_BY_LABEL + CLICKABLE)]
        assert fields and all(part.description for part in fields)
        assert "Picture: " in panel.text.value
        pictures = [part for part in parts if isinstance(part, ipywidgets.Image) and part.value]
        assert pictures and all(part.tooltip in panel.text.value for part in pictures)
        others = (ipywidgets.HTML, ipywidgets.Image, ipywidgets.Box, page.PagePart)
        assert all(isinstance(part, NAMED_BY_LABEL + CLICKABLE + others) for part in parts), (
            "only what ipywidgets 7.7.1 has and names, and what the page draws"
        )

    asyncio.run(look())


def test_every_widget_gives_a_still_picture():
    for widget in everything():
        png = io.BytesIO()
        widget.figure().savefig(png, format="png")
        assert len(png.getvalue()) > 3000


def test_what_a_cell_shows_as_text_repeats():
    part = page.PagePart()
    assert repr(part) == "PagePart()" and "0x" not in repr(page.Box([part]))


def test_random_numbers_and_the_nets_mode_are_left_alone():
    net = networks.DenseGenerator(latent_dim=8, hidden=(16, 16)).train()
    torch.manual_seed(5)
    before = torch.get_rng_state()
    sampler = widgets.sampler(net)
    sampler.set(seed=3)
    sampler._judge()
    train = train_panel(Step(), samples=lambda: torch.rand(4, 1, 28, 28))
    train._draw()
    widgets.scrubber(history_of()).index = 0
    assert torch.equal(torch.get_rng_state(), before) and net.training


def test_a_still_picture_shows_what_was_set_in_the_same_cell():
    sampler = widgets.sampler()
    before = sampler.images
    sampler.set(grid=3, truncation=0.5)
    assert len(sampler.figure().axes) == 9 and not torch.equal(sampler.images, before[:9])
    scrubber = widgets.scrubber(history_of())
    scrubber.index = 0
    (still,) = scrubber.figure().images
    assert still.get_array()[5, 5, 0] == 64
