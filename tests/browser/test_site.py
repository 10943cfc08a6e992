"""The whole site in Chromium: built offline, read on a phone and on paper, by keyboard and by axe.

The browser cannot look up another machine.
"""

import contextlib
import functools
import socket
import threading
import time
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from gan_notebooks import notebooks, site
from tests import small_site

pytestmark = pytest.mark.slow
LESSONS = [path.stem for path in notebooks.lessons()]
PAGES = ["index", *LESSONS, "instructors", "maintainers", "search"]
WIDTHS = (390, 1024, 1280)
A4 = 703  # pixels of CSS between margins of 12 mm
SECONDS = 120  # in which it is built
UNFOLD = "document.querySelectorAll('details').forEach(part => { part.open = true; })"
# Of the lines that the page shows: those wider than their box.
CUT_LINES = """[...document.querySelectorAll(".bd-article pre")].filter(pre => pre.clientWidth > 0
    && (pre.scrollWidth > pre.clientWidth
        || pre.closest(".highlight")?.scrollWidth > pre.closest(".highlight")?.clientWidth))
    .map(pre => pre.textContent.slice(0, 60))"""
FADING = "document.getAnimations().length"
WITHOUT_ALT = "[...document.images].filter(image => !image.alt).map(image => image.src)"
OUT_OF_REACH = """[...document.querySelectorAll(".formula")].filter(formula =>
    formula.scrollWidth > formula.clientWidth && formula.tabIndex < 0).length"""
OVERFLOW = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


@contextlib.contextmanager
def served(folder):
    """The address (str) of a server of this folder's files."""

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=folder))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


def refuse(*_):
    raise AssertionError("the site is built without the network")


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """(folder of the pages, seconds it took), where nothing could reach the network."""
    folder = tmp_path_factory.mktemp("site")
    start = time.monotonic()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", refuse)
        assert site.build(notebooks.lessons(), folder)
    return folder / "html", time.monotonic() - start


@pytest.fixture(scope="module")
def address(built):
    with served(built[0]) as address:
        yield address


@pytest.fixture
def page(browser, address):
    """`page.asked`: the addresses it loaded from; `page.told`: the errors it told of.

    It is asked for less motion: what fades in has other colours on the way.
    """
    viewport = {"width": 1280, "height": 1000}
    page = browser.new_page(viewport=viewport, reduced_motion="reduce")
    page.asked = []
    page.told = []

    def hear(message):
        if message.type == "error" and not message.location["url"].endswith("/favicon.ico"):
            page.told.append(message.text)

    page.on("request", lambda request: page.asked.append(request.url))
    page.on("pageerror", lambda error: page.told.append(str(error)))
    page.on("console", hear)
    yield page
    page.close()


def show(page, address, name):
    page.goto(f"{address}/{name}.html", wait_until="load")
    page.evaluate(UNFOLD)


def test_it_is_built_offline_within_two_minutes(built):
    folder, seconds = built
    print(f"built in {seconds:.0f} s")
    for path in sorted(folder.glob("*.html")):
        pictures = sum(file.stat().st_size for file in folder.glob(f"pictures/{path.stem}/*"))
        print(f"{path.name}: {path.stat().st_size:,} bytes, pictures {pictures:,}")
    assert sorted(path.stem for path in folder.glob("*.html")) == sorted(PAGES)
    assert seconds < SECONDS


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_whole_at_every_width_and_loads_nothing_from_elsewhere(page, address, name):
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 1000})
        show(page, address, name)
        assert page.evaluate(OVERFLOW) <= 0, width
        assert page.evaluate(OUT_OF_REACH) == 0, "by keys"
    page.evaluate("[...document.images].forEach(image => { image.loading = 'eager'; })")
    page.wait_for_function("[...document.images].every(image => image.complete)")
    assert page.evaluate("[...document.images].every(image => image.naturalWidth)")
    assert {urlsplit(url).netloc for url in page.asked if not url.startswith("data:")} == {
        urlsplit(address).netloc
    }
    assert page.told == []
    assert page.evaluate(WITHOUT_ALT) == []


@pytest.mark.parametrize("name", PAGES)
def test_no_line_is_cut_on_paper(page, address, name):
    page.set_viewport_size({"width": A4, "height": 1000})
    show(page, address, name)
    cut_on_screen = len(page.evaluate(CUT_LINES))
    page.emulate_media(media="print")
    assert page.evaluate(CUT_LINES) == []
    assert page.evaluate(OVERFLOW) <= 0
    assert cut_on_screen > 0 or name not in LESSONS, "there is something to wrap"


@pytest.mark.parametrize("name", PAGES)
def test_nothing_fades_for_readers_who_want_less_motion(page, address, name):
    page.goto(f"{address}/{name}.html", wait_until="load")
    assert page.evaluate(f"{UNFOLD}, {FADING}") == 0
    page.emulate_media(color_scheme="dark")
    assert page.evaluate(FADING) == 0


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", PAGES)
def test_axe_finds_nothing(page, address, name, scheme):
    page.emulate_media(color_scheme=scheme)
    show(page, address, name)
    assert page.evaluate("document.documentElement.dataset.theme") == scheme
    places = []
    options = {"resultTypes": ["violations"]}  # to name the rest takes as long as to look
    for violation in Axe().run(page, options=options).response["violations"]:
        for node in violation["nodes"]:
            places.append(f"{violation['id']} ({violation['impact']}): {node['html'][:200]}")
    assert places == []


def test_one_walks_through_by_next_and_previous(page, address):
    show(page, address, LESSONS[0])
    for name in LESSONS[1:]:
        page.locator(".prev-next-footer .right-next").click()
        page.wait_for_url(f"**/{name}.html")
    page.locator(".prev-next-footer .left-prev").click()
    page.wait_for_url(f"**/{LESSONS[-2]}.html")
    sidebar = page.get_by_role("navigation", name="Main")
    expect(sidebar.locator("a")).to_have_count(len(LESSONS) + 2)
    expect(sidebar.locator("[aria-current], .current > a")).to_have_count(1)


def test_the_search_finds_a_lesson(page, address):
    page.goto(f"{address}/search.html?q=earth+mover")
    found = page.locator("#search-results").get_by_role("link", name="Wasserstein GAN").first
    expect(found).to_be_visible()
    found.click()
    page.wait_for_url("**/09_wasserstein.html*")


def test_light_and_dark_change_by_a_button(page, address):
    page.emulate_media(color_scheme="light")
    show(page, address, "02_classic_gan")
    color = "getComputedStyle(document.body).backgroundColor"
    light = page.evaluate(color)
    page.get_by_role("button", name="Color mode").click()
    page.get_by_role("button", name="Dark").click()
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"
    assert page.evaluate(color) != light


@pytest.mark.parametrize("name", LESSONS)
def test_every_live_part_of_the_course_comes_alive(page, address, name):
    show(page, address, name)
    for part in page.locator(".live").all():
        part.scroll_into_view_if_needed()
        expect(part.locator("input, button").first).to_be_visible()
    assert page.told == []


# A live part without a kernel


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    return small_site.build(tmp_path_factory.mktemp("small"))


@pytest.mark.parametrize("place", ["a server", "the disk"])
def test_a_live_part_answers_without_a_kernel(page, small, place):
    with served(small) as small_address:
        show(page, {"a server": small_address, "the disk": small.as_uri()}[place], "07_small")
        part = page.locator(".live")
        expect(part).to_contain_text("The course's own generator stands in.")
        expect(part).to_contain_text("3 of 42, no kernel")
        slider = part.get_by_role("slider", name="z")
        slider.focus()
        page.keyboard.press("Home")
        expect(part).to_contain_text("0 of 42")
        page.keyboard.press("ArrowRight")
        expect(part).to_contain_text("1 of 42")
        color = "getComputedStyle(document.querySelector('.fake')).color"
        assert page.evaluate(color) == "rgb(255, 0, 0)", "the module's own style"
        assert page.told == []


def test_where_a_live_part_fails_the_page_says_so(page, small):
    script = Path(small) / "live" / "parts.js.js"
    text = script.read_text()
    script.unlink()
    try:
        show(page, small.as_uri(), "07_small")
        expect(page.locator(".live")).to_contain_text("could not be loaded")
        expect(page.get_by_alt_text('A "dot".')).to_be_visible()
    finally:
        script.write_text(text)
