"""The lessons with live cells in JupyterLab and Chromium: run them, and move what moves.

By mouse, and by keyboard alone. All of it happens on this machine: the browser cannot look up
another one.
"""

import itertools
import re

import nbformat
import pytest
from axe_playwright_python.sync_playwright import Axe
from nbconvert.preprocessors import ClearOutputPreprocessor
from papermill.iorw import load_notebook_node
from papermill.parameterize import parameterize_notebook
from playwright.sync_api import expect

from gan_notebooks import notebooks
from tests.browser import labs
from tests.browser.labs import SECONDS, until

pytestmark = pytest.mark.slow
LESSONS = ("00", "02", "04", "05", "06", "07", "08", "09", "10")  # those with live cells
# All that a lesson shows from elsewhere: the badges at its top. They cannot be fetched here.
BADGES = (
    "https://colab.research.google.com/assets/colab-badge.svg",
    "https://mybinder.org/badge_logo.svg",
)
# "null" comes from ipywidgets, where it found no words.
NAMELESS = re.compile(
    r"- (?:button|checkbox|combobox|img|listbox|radio|slider|spinbutton|textbox)\b"
    r'(?! "(?!null")).*'
)
# A place for each control that Tab reaches: radio buttons of one name have one.
PLACES = "all => all.map((one, place) => one.type === 'radio' ? one.name : String(place))"
# The bytes of a picture, as text; null where another picture has come meanwhile.
BYTES = "image => fetch(image.src).then(answer => answer.text()).catch(() => null)"


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    """A JupyterLab over the lessons at smoke size."""
    folder = tmp_path_factory.mktemp("lab")
    for number in LESSONS:
        write_lesson(number, folder)
    with labs.running_lab(folder) as lab:
        yield lab


def write_lesson(number, folder):
    """A lesson at smoke size, without its outputs: what is seen comes from this run."""
    (lesson,) = notebooks.lessons(number)
    parameters = notebooks.size_parameters(lesson, "smoke")
    notebook = parameterize_notebook(load_notebook_node(str(lesson)), parameters)
    notebook, _ = ClearOutputPreprocessor().preprocess(notebook, {})
    nbformat.write(notebook, folder / f"{number}.ipynb")


@pytest.fixture(scope="module", params=LESSONS)
def page(request, browser, lab):
    """A lesson with all its cells run. `page.told`: the errors that the browser told of since."""
    page = browser.new_page(viewport={"width": 1300, "height": 1400})
    page.set_default_timeout(SECONDS * 1000)
    page.lesson = request.param
    page.told = []

    def hear(message):
        if message.type == "error" and message.location["url"] not in BADGES:
            page.told.append(f"{message.text} {message.location}")

    page.on("pageerror", lambda error: page.told.append(str(error)))
    page.on("console", hear)
    page.goto(labs.address_of(lab, f"{page.lesson}.ipynb"))
    page.get_by_text("| Idle").wait_for()  # in the status bar, once the kernel is there
    page.get_by_role("menuitem", name="Run", exact=True).click()
    page.get_by_role("menuitem", name="Run All Cells", exact=True).click()
    to_run = page.locator(".jp-CodeCell .jp-InputArea-prompt", has_not_text=re.compile(r"\d"))
    until(lambda: errors(page) or not to_run.count(), "all cells have run", 300)
    assert errors(page) == []
    yield page
    page.close()


@pytest.fixture(autouse=True)
def nothing_went_wrong(page):
    yield
    assert errors(page) == page.told == []


def errors(page):
    """What cells and widgets show of errors, as text."""
    words = "Traceback (most recent call last)"
    tracebacks = page.locator("[data-mime-type$=stderr]", has_text=words)
    return tracebacks.or_(page.locator(".jp-OutputArea [role=alert]")).all_inner_texts()


class Mouse:
    def __init__(self, first):
        self.page = first.page

    def press(self, button):
        button.click()

    def move(self, slider, way):
        slider.scroll_into_view_if_needed()
        box = slider.bounding_box()
        x = box["x"] + box["width"] / 2
        y = box["y"] + box["height"] / 2
        self.page.mouse.move(x, y)
        self.page.mouse.down()
        self.page.mouse.move(x + way * 40, y, steps=5)
        self.page.mouse.up()


class Keyboard:
    """Starts at the `first` control of a widget; Tab, with Shift or without, leads to others."""

    def __init__(self, first):
        self.page = first.page
        self.at = first.element_handle()
        self.keys = itertools.cycle(["Space", "Enter"])
        first.focus()

    def _reach(self, control):
        at_comes_later = "(control, at) => control.compareDocumentPosition(at) & 4"
        back = control.evaluate(at_comes_later, self.at)
        for _ in range(60):
            if control.evaluate("control => control === document.activeElement"):
                break
            self.page.keyboard.press("Shift+Tab" if back else "Tab")
        expect(control).to_be_focused()
        self.at = control.element_handle()

    def press(self, button):
        self._reach(button)
        self.page.keyboard.press(next(self.keys))

    def move(self, slider, way):
        self._reach(slider)
        for _ in range(3):
            self.page.keyboard.press("ArrowRight" if way > 0 else "ArrowLeft")
        expect(slider).to_be_focused()  # JupyterLab has not taken the keys for its own


def widget(page, button):
    """The output that has this button."""
    own = page.get_by_role("button", name=button, exact=True)
    return page.locator(".jp-OutputArea-output", has=own)


def move(hand, box, slider, *, way=1):
    """A slider of a part in the page: one of its pictures must change."""
    pixels = "pictures => pictures.map((picture) => picture.toDataURL()).join()"
    pictures = box.locator("canvas")
    before = pictures.evaluate_all(pixels)
    hand.move(box.get_by_role("slider", name=slider, exact=True), way)
    until(
        lambda: pictures.evaluate_all(pixels) != before, f"the picture follows the slider {slider}"
    )


def start_and_pause(hand, box, start, pause, one, word):
    """The buttons with these names: the number behind `word` grows, rests, and grows by one.

    Returns the function that reads this number.
    """

    def count():
        return int(re.search(rf"{word} ([\d,]+)", box.inner_text())[1].replace(",", ""))

    def rests():
        before = count()
        box.page.wait_for_timeout(2000)
        return count() == before

    def press(name):
        hand.press(box.get_by_role("button", name=name, exact=True))

    before = count()
    press(start)
    until(lambda: count() > before + 1, f"{word} {before} grows and grows")
    press(pause)
    until(rests, f"{word} rests")
    before = count()
    press(one)
    until(lambda: count() != before, f"{word} {before} grows")
    assert rests() and count() == before + 1
    return count


@pytest.mark.parametrize("Hand", [Mouse, Keyboard])
def test_sliders_and_buttons_do_what_they_say(page, Hand):
    if page.lesson == "00":
        try_the_game(page, Hand)
    elif page.lesson in ("02", "08"):
        try_the_generator(page, Hand)
    else:
        pytest.skip("these parts are tried in 02 and 08")


def try_the_game(page, Hand):
    """Lesson 00."""
    spiral = widget(page, "5. one number each")
    hand = Hand(spiral.get_by_role("button").first)
    for button in ("more rounds", "larger step"):
        image = spiral.locator("img.widget-image")
        before = image.evaluate(BYTES)
        hand.press(spiral.get_by_role("button", name=button))
        until(
            lambda image=image, before=before: image.evaluate(BYTES) not in (before, None), button
        )
    game = widget(page, "1 turn")
    hand = Hand(game.get_by_role("button").first)
    turn = start_and_pause(hand, game, "Play", "Pause", "1 turn", "Turn")
    before = turn()
    hand.press(game.get_by_role("button", name="Step back"))
    until(lambda: turn() == before - 1, "the step is taken back")
    hand.press(game.get_by_role("button", name="earlier"))
    until(lambda: turn() < before - 1, "the words follow the picture")


def try_the_generator(page, Hand):
    """Lessons 02, which has a scrubber, and 08, which has a sampler."""
    if page.lesson == "02":
        scrubber = widget(page, "Play")
        move(Hand(scrubber.get_by_role("button")), scrubber, "snapshot", way=-1)
    else:
        sampler = widget(page, "New noise")
        seed = sampler.get_by_role("spinbutton", name="seed")
        hand = Hand(seed)
        move(hand, sampler, "direction 1")
        move(hand, sampler, "how far")
        before = int(seed.input_value())
        hand.press(sampler.get_by_role("button", name="New noise"))
        expect(seed).to_have_value(str(before + 1))
        move(hand, sampler, "share")
    panel = widget(page, "One step")
    hand = Hand(panel.get_by_role("button").first)
    start_and_pause(hand, panel, "Start", "Pause", "One step", "Picture: Step")
    if Hand is Keyboard:  # it is the last to come, and a stopped panel cannot go on
        hand.press(panel.get_by_role("button", name="Stop"))
        expect(panel).to_contain_text("Stopped after step")
        expect(panel.locator("button:enabled")).to_have_count(0)


def test_every_control_and_picture_has_a_name(page):
    if page.lesson == "00":  # this shows 49 more buttons
        page.get_by_label("Data", exact=True).select_option("drawn below")
        page.get_by_role("button", name="column 7, row 7, data").wait_for()
    for box in boxes_of(page):
        assert NAMELESS.findall(box.aria_snapshot()) == []
        assert not box.locator("[contenteditable]:visible").count(), "a slider's readout: no role"
    pictures = page.locator(".jp-OutputArea img:not(.widget-image)").all()  # those have titles
    assert pictures and all(picture.get_attribute("alt") for picture in pictures)


def test_axe_finds_nothing_critical_in_what_lessons_show(page):
    outputs = {"include": [[".jp-OutputArea-output"]]}
    violations = Axe().run(page, context=outputs).response["violations"]
    nodes = [
        (one["id"], node["html"][:200])
        for one in violations
        if one["impact"] == "critical"
        for node in one["nodes"]
    ]
    assert nodes == []


def test_tab_leads_through_every_control(page):
    for box in boxes_of(page):
        controls = box.locator("button:enabled:visible, input:enabled:visible, select:enabled")
        places = controls.evaluate_all(PLACES)
        controls.first.focus()
        reached = set()
        for _ in places:
            number = controls.evaluate_all("controls => controls.indexOf(document.activeElement)")
            if number < 0:
                break
            reached.add(places[number])
            page.keyboard.press("Tab")
        assert reached == set(places), box.inner_text()[:100]


def boxes_of(page):
    """The outputs that live."""
    boxes = page.locator(
        ".jp-OutputArea-output", has=page.locator(".jupyter-widgets, .page-part")
    ).all()
    assert boxes
    return boxes
