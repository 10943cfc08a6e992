"""The sampler and the scrubber in Chromium: numbers as torch's, controls, latencies.

On a page without a kernel; test_parts_in_lab.py has them in JupyterLab.
"""

import base64
import functools
import http.server
import io
import re
import shutil
import statistics
import threading

import nbformat
import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

from gan_helpers import guesses, networks, widgets
from gan_helpers.widgets import page as parts
from gan_helpers.widgets import page_net
from gan_notebooks import live_parts, notebooks, site
from tests.widgets.parts import history_of

pytestmark = pytest.mark.slow
# The site's page of a part, with the site's own stand-in for a kernel's model.
PAGE = """<!doctype html><meta charset=utf-8><link rel=icon href=data:,><main>
<div class="live" data-live="part"></div></main><script src="live.js"></script>"""


@pytest.fixture
def page(browser):
    page = browser.new_page(viewport={"width": 1000, "height": 900})
    told = []
    page.on("pageerror", lambda error: told.append(str(error)))
    yield page
    page.close()
    assert told == []


# Numbers


def published_generator():
    """Lesson 08's, from the cell that defines it, at a small width."""
    (lesson,) = notebooks.lessons("08")
    cells = {cell.id: cell.source for cell in nbformat.read(lesson, 4).cells}
    names = {"torch": torch, "nn": nn, "WIDTH": 0.25}
    exec(cells["nets"], names)
    return names["PublishedGenerator"]()


def choosing_generator():
    shares = torch.arange(1.0, 21)
    return guesses.ChoosingGenerator(networks.CompactGenerator(32, classes=20), shares / 210)


GENERATORS = {  # name: (what makes it, whether it takes labels)
    "dense": (networks.DenseGenerator, False),
    "dense as published": (functools.partial(networks.DenseGenerator, eps=0.8), False),
    "compact": (networks.CompactGenerator, False),
    "compact with labels": (functools.partial(networks.CompactGenerator, classes=10), True),
    "choosing": (choosing_generator, False),
    "published, lesson 08": (published_generator, True),
    "shipped": (networks.trained_generator, False),
    "shipped with labels": (functools.partial(networks.trained_generator, conditional=True), True),
}
DENSE_OR_LARGER = ("dense", "dense as published", "published, lesson 08")
RUN = """({net, bytes, inputs}) => {
  const view = new DataView(Uint8Array.from(atob(bytes), (letter) => letter.charCodeAt(0)).buffer);
  return Array.from(runNet(makeNet(net, view), inputs));
}"""


def moved(G, takes_labels):
    """The net after some passes in training mode: BatchNorm has seen numbers of its own."""
    if any(p.requires_grad for p in G.parameters()):
        G.train()
        with torch.no_grad():
            for _ in range(3):
                labels = [torch.eye(10)[torch.randint(10, (64,))]] if takes_labels else []
                G(torch.randn(64, G.latent_dim), *labels)
    return G.eval()


@pytest.mark.parametrize("name", GENERATORS)
def test_pictures_equal_torchs(page, name):
    make, takes_labels = GENERATORS[name]
    torch.manual_seed(3)
    G = moved(make(), takes_labels)
    z = networks.noise(40, G.latent_dim, seed=5)
    labels = torch.rand(40, 10) if takes_labels else torch.zeros(40, 0)
    expected = networks.sample(G, z, *([labels] if takes_labels else []))
    net, weights = page_net.describe(G, takes_labels)
    inputs = [
        {"z": own_z, "labels": own} for own_z, own in zip(z.tolist(), labels.tolist(), strict=True)
    ]
    page.add_script_tag(content=parts.module("net"))
    arguments = {"net": net, "bytes": base64.b64encode(weights).decode(), "inputs": inputs}
    pixels = torch.tensor(page.evaluate(RUN, arguments)).view(784, 40).T.reshape(40, 1, 28, 28)
    assert expected.std() > 0.01
    assert (pixels - expected).abs().max() < 1e-3


@pytest.mark.parametrize("seed", [0, 3, 2**31 - 1])
def test_noise_equals_torchs(page, seed):
    page.add_script_tag(content=parts.module("noise"))
    for length in (16, 37, 4200):
        numbers = page.evaluate("([length, seed]) => Array.from(normalNoise(length, seed))",
                                [length, seed])  # fmt: skip
        generator = torch.Generator().manual_seed(seed)
        assert torch.allclose(
            torch.tensor(numbers), torch.randn(length, generator=generator), atol=1e-5
        )


# On a page


def state_of(part):
    """The values of a part's model (dict)."""
    front_end = {*live_parts.OF_THE_FRONT_END, "comm"}
    names = [name for name in part.traits(sync=True) if name[0] != "_" and name not in front_end]
    return {name: getattr(part, name) for name in names}


class QuietHandler(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_words):
        pass


@pytest.fixture
def show(page, tmp_path):
    """show(part): the part on a page of its own. Returns its box."""
    handler = functools.partial(QuietHandler, directory=tmp_path)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    shutil.copy(site.ROOT / "docs" / "site" / "_static" / "live.js", tmp_path)
    (tmp_path / "index.html").write_text(PAGE)

    def show(part):
        live_parts.write(tmp_path, "part", *live_parts.split(type(part), state_of(part)))
        site.prepare_live(tmp_path / "part.json", "part", tmp_path / "live")
        page.goto(f"http://127.0.0.1:{server.server_port}/index.html")
        page.wait_for_function("document.querySelector('.page-part')?.dataset.drawn")
        page.evaluate("window.model = document.querySelector('.live').model")
        return page.locator(".page-part")

    yield show
    server.shutdown()


def drawn_after(box, action):
    """Do something, and wait until the part has drawn what follows."""
    before = box.page.evaluate("performance.now()")
    action()
    box.page.wait_for_function(
        "([box, before]) => Number(box.dataset.drawn) > before", arg=[box.element_handle(), before]
    )


def pixels(canvas):
    """A canvas' grey levels [H, W]."""
    address = canvas.evaluate("canvas => canvas.toDataURL()")
    png = base64.b64decode(address.split(",")[1])
    return np.asarray(Image.open(io.BytesIO(png)).convert("L")).astype(int)


def picture(canvas, number, columns=6):
    """A picture of a sheet of which each pixel is two wide: [28, 28]."""
    row, column = divmod(number, columns)
    return pixels(canvas)[row * 60 :, column * 60 :][0:56:2, 0:56:2]


def greys(images):
    return ((images + 1) / 2 * 255).round().squeeze(1).numpy()


def test_the_sheet_shows_what_python_says(show):
    sampler = widgets.sampler(conditional=True)
    sampler.set(seed=3, direction_1=2, truncation=0.75, mixed_with=4, share=0.25)
    sheet = show(sampler).locator("figure canvas")
    expected = greys(sampler.images)
    for number in (2, 17, 35):
        assert np.abs(picture(sheet, number) - expected[number])[1:-1, 1:-1].max() <= 1


def test_controls_move_by_keyboard_and_are_undone(show, page):
    box = show(widgets.sampler())
    sheet = box.locator("figure canvas")
    start = pixels(sheet)
    slider = box.get_by_role("slider", name="direction 1")
    slider.focus()
    drawn_after(box, lambda: page.keyboard.press("ArrowRight"))
    assert box.get_by_role("spinbutton", name="direction 1").input_value() == "0.05"
    assert (pixels(sheet) != start).any()
    line = box.get_by_role("textbox", name="line")
    assert line.input_value() == "direction 1 = 0.05"
    drawn_after(box, box.get_by_role("button", name="New noise").click)
    assert line.input_value() == "seed 1 · direction 1 = 0.05"
    drawn_after(box, box.get_by_role("button", name="Undo").click)
    assert line.input_value() == "direction 1 = 0.05"
    drawn_after(box, box.get_by_role("button", name="Undo").click)
    assert line.input_value() == "" and (pixels(sheet) == start).all()
    line.fill("seed 3 · direction 2 = -1")
    drawn_after(box, lambda: line.press("Enter"))
    assert page.evaluate("model.get('state').seed") == 3
    assert page.evaluate("model.get('state')['direction 2']") == -1
    line.fill("sede 3")
    line.press("Enter")
    assert "sede 3" in box.get_by_role("status").inner_text()
    assert page.evaluate("model.get('state').seed") == 3
    drawn_after(box, box.get_by_role("button", name="Reset").click)
    assert line.input_value() == "" and (pixels(sheet) == start).all()


def test_two_clicks_choose_a_walk_and_the_square_two_directions(show, page):
    sampler = widgets.sampler()
    box = show(sampler)
    sheet = box.locator("figure canvas")
    drawn_after(box, lambda: sheet.click(position={"x": 90, "y": 30}))  # picture 2
    drawn_after(box, lambda: sheet.click(position={"x": 30, "y": 90}))  # picture 7
    assert box.get_by_role("textbox", name="line").input_value() == "walk from 2 · walk to 7"
    strip = box.get_by_label("The walk from picture to picture")
    expected = greys(sampler.images)
    for place, number in ((0, 1), (8, 6)):
        assert np.abs(picture(strip, place, 9) - expected[number]).max() <= 1
    z = sampler.z
    middle = greys(networks.sample(sampler.generators[""], z[1:2].lerp(z[6:7], 0.5)))
    assert np.abs(picture(strip, 4, 9) - middle[0]).max() <= 1
    drawn_after(box, box.get_by_role("button", name="Play").click)
    page.wait_for_function("model.get('state')['how far'] > 0.6")
    box.get_by_role("button", name="Pause").click()
    square = box.locator(".part-plane").bounding_box()
    x, y = square["x"] + square["width"] * 0.75, square["y"] + square["height"] * 0.25
    page.mouse.move(x, y)
    drawn_after(box, page.mouse.down)
    page.mouse.up()
    state = page.evaluate("model.get('state')")
    assert (state["direction 1"], state["direction 2"]) == pytest.approx((2, 2), abs=0.1)


def test_a_saved_png_holds_the_line(show, page, tmp_path):
    sampler = widgets.sampler()
    sampler.set(seed=3, direction_1=2.5)
    box = show(sampler)
    with page.expect_download() as download:
        box.get_by_role("button", name="Save PNG").click()
    image = Image.open(download.value.path())
    image.load()
    assert image.text["line"] == sampler.line and image.size == (360, 360)
    widgets.sampler().restore(image.text["line"])


def test_two_generators_stand_side_by_side(show):
    torch.manual_seed(0)
    pair = {name: networks.DenseGenerator(8, (16, 16)) for name in ("clip", "penalty")}
    sampler = widgets.sampler(pair)
    box = show(sampler)
    assert box.locator("figcaption").all_inner_texts() == ["clip", "penalty"]
    for number, name in enumerate(pair):
        shown = picture(box.locator("figure canvas").nth(number), 14)
        assert np.abs(shown - greys(sampler.images[name])[14])[1:-1, 1:-1].max() <= 1


def test_the_scrubber_follows_slider_list_and_play(show, page):
    scrubber = widgets.scrubber(history_of())
    box = show(scrubber)
    sheet = box.locator("canvas").first
    assert pixels(sheet)[5, 5] == 255
    box.get_by_role("slider", name="snapshot").press("Home")
    assert page.evaluate("model.get('index')") == 0 and pixels(sheet)[5, 5] == 64
    assert box.get_by_role("status").inner_text() == scrubber.words[0]
    box.get_by_role("combobox", name="snapshot").select_option("step 30")
    assert pixels(sheet)[5, 5] == 191
    curves = box.locator("canvas").nth(1).bounding_box()
    for number, mark in enumerate(scrubber.marks):
        line = box.locator(".part-curves > div").nth(number).bounding_box()
        assert line["x"] - curves["x"] == pytest.approx(mark["left"][2] * curves["width"], abs=1)
        assert line["height"] == pytest.approx(mark["height"] * curves["height"], abs=1)
    box.get_by_role("button", name="Play").click()
    box.get_by_role("button", name="Pause").wait_for()
    page.wait_for_function("model.get('index') === 3")
    box.get_by_role("button", name="Play").wait_for()


@pytest.mark.parametrize("kind", ["sampler", "sampler with labels", "scrubber"])
@pytest.mark.parametrize("width", [390, 1000])
def test_every_control_has_a_name_and_nothing_overflows(show, page, kind, width):
    page.set_viewport_size({"width": width, "height": 900})
    if kind == "scrubber":
        part = widgets.scrubber(history_of())
    else:
        part = widgets.sampler(conditional=kind != "sampler")
    box = show(part)
    roles = r"- '?(?:button|combobox|img|slider|spinbutton|textbox)\b"
    lines = re.findall(rf"{roles}.*", box.aria_snapshot())
    assert len(lines) > 4 and not [line for line in lines if not re.search(r'"[^"]+"', line)]
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def latencies(box, moves=60):
    """Milliseconds from the key that moves a slider to its pictures: median and worst."""
    slider = box.get_by_role("slider", name="direction 1")
    slider.focus()
    times = []
    for number in range(moves):
        start = box.page.evaluate("performance.now()")
        drawn_after(
            box, lambda key=number % 2: box.page.keyboard.press(["ArrowUp", "ArrowDown"][key])
        )
        end = float(box.evaluate("box => box.dataset.drawn"))
        times.append(end - start)
    return statistics.median(times), max(times)


@pytest.mark.parametrize("name", GENERATORS)
def test_a_move_is_answered_at_once(show, name):
    """The bound is generous: machines differ by three, and may do other things too."""
    make, takes_labels = GENERATORS[name]
    median, worst = latencies(show(widgets.sampler(make(), conditional=takes_labels)))
    print(f"no kernel, {name}: 36 digits after {median:.0f} ms, at worst {worst:.0f}")
    assert median < (1000 if name in DENSE_OR_LARGER else 500)
