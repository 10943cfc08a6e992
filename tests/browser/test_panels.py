"""Quiz, game and training panel in JupyterLab, Notebook 7 and Chromium, by keyboard alone.

With JupyterLab's own Content-Security-Policy, and with one that runs no script written in a page.
"""

import re
import time

import nbformat
import pytest
from playwright.sync_api import expect

from tests.browser import labs

pytestmark = pytest.mark.slow
CELLS = {
    "quiz": """
from gan_helpers import quiz
weather = {"it rains": "look for drops", "it snows": "look for flakes", "it hails": "stones"}
_ = quiz.ask({"Today": "it snows", "Tomorrow": "it rains"}, weather)
""",
    "panel": """
import time, torch
from gan_helpers import training, widgets
history = training.History()
net = torch.nn.Linear(1, 1)
opt_D, opt_G = (torch.optim.SGD(net.parameters(), 0.01) for _ in range(2))
def d_step(images, labels):
    time.sleep(0.01)
    return {"d_loss": opt_D.param_groups[0]["lr"], "score_real": 1.0, "score_fake": -1.0}
def step(images, labels):
    return d_step(images, labels) | {"g_loss": 2.0}
panel = widgets.train_panel(step, [(None, None)] * 10, history=history, d_step=d_step,
                            samples=lambda: torch.zeros(9, 1, 28, 28),
                            optimisers={"D": opt_D, "G": opt_G})
panel
""",
    "game": """
from gan_helpers import game
board = game.Panel(width_g=8, width_d=8)
display(board.box)
""",
    "spiral": "game.SpiralPanel()",
    "sleep": "time.sleep(6)",
    "late": "import ipywidgets\ntime.sleep(10)\nipywidgets.VBox([panel, board.box])",
    "last": "print(len(history['d_loss']), len(history['g_loss']))",
}
STRICT = "script-src 'self' blob: 'unsafe-eval'"  # 'unsafe-eval' is RequireJS's, in JupyterLab
# "null" comes from ipywidgets, where it found no words.
NAMELESS = re.compile(
    r"- (?:button|checkbox|combobox|group|img|listbox|radio|slider|spinbutton|textbox)\b"
    r'(?! "(?!null")).*'
)


@pytest.fixture(scope="module", params=["jupyterlab", "jupyterlab, strict", "notebook"])
def page(request, browser, tmp_path_factory):
    folder = tmp_path_factory.mktemp("lab")
    cells = [nbformat.v4.new_code_cell(source.strip()) for source in CELLS.values()]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), folder / "panels.ipynb")
    options = []
    if request.param.endswith("strict"):
        headers = {"headers": {"Content-Security-Policy": STRICT}}
        options = [f"--ServerApp.tornado_settings={headers}"]
    application = request.param.partition(",")[0]
    with labs.running_lab(folder, *options, application=application) as server:
        page = browser.new_page(viewport={"width": 1300, "height": 1400})
        page.set_default_timeout(labs.SECONDS * 1000)
        page.goto(labs.address_of(server, "panels.ipynb", application))
        labs.wait_until_idle(page)
        page.is_strict = bool(options)
        for name in ("quiz", "panel", "game", "spiral"):
            run(page, name)
        expect(box(page, "spiral")).to_be_visible()
        yield page
        page.close()


def run(page, name):
    labs.run(page.locator(".jp-CodeCell").nth(list(CELLS).index(name)))


def box(page, name):
    """The widgets of a cell."""
    cell = page.locator(".jp-CodeCell").nth(list(CELLS).index(name))
    return cell.locator(".jp-OutputArea-output", has=page.locator(".jupyter-widgets"))


def assert_here(control):
    """The focus is on the control, and no key was a shortcut of JupyterLab's."""
    expect(control).to_be_focused()
    expect(control.page.locator(".jp-CodeCell")).to_have_count(len(CELLS))


def press(control, *keys):
    for key in keys:
        control.page.keyboard.press(key)


def walk_to(radio):
    """From another one of its three, which may be one that is not chosen yet."""
    for _ in range(3):
        if not radio.is_checked():
            press(radio, "ArrowDown")
    expect(radio).to_be_checked()


def test_the_policy_is_as_strict_as_it_says(page):
    picture = '<img src hidden onerror="window.written = true">'
    page.evaluate("window.written = false")
    page.evaluate("html => document.body.insertAdjacentHTML('beforeend', html)", picture)
    page.wait_for_timeout(500)
    assert page.evaluate("window.written") == (not page.is_strict)


def test_every_control_has_a_name_and_no_status_line_lacks_its_role(page):
    for name in ("quiz", "panel", "game", "spiral"):
        assert NAMELESS.findall(box(page, name).aria_snapshot()) == []
        assert box(page, name).get_by_role("status").count() > 0


def test_what_is_shown_ten_seconds_late_has_its_names(page):
    run(page, "late")
    late = box(page, "late")
    expect(late).to_be_visible()
    shown_at_once = sum(box(page, name).get_by_role("button").count() for name in ("panel", "game"))
    assert late.get_by_role("button").count() == shown_at_once > 0
    assert NAMELESS.findall(late.aria_snapshot()) == []


def test_nothing_sticks_out(page):
    for name in ("quiz", "panel", "game", "spiral"):
        excess = box(page, name).evaluate(
            "box => Math.max(...[...box.querySelectorAll('*')].map("
            "part => part.getBoundingClientRect().right - box.getBoundingClientRect().right))"
        )
        assert excess < 1, name


def test_the_quiz_by_keyboard(page):
    quiz = box(page, "quiz")
    today = quiz.get_by_role("group", name="Today: which of these?")
    radios = today.get_by_role("radio")
    radios.first.focus()
    press(today, "Space", "ArrowDown", "ArrowDown", "ArrowUp", "d", "d")
    assert_here(radios.nth(1))
    expect(radios.nth(1)).to_be_checked()
    expect(today.get_by_role("radio", checked=True)).to_have_count(1)
    tomorrow = quiz.get_by_role("group", name="Tomorrow: which of these?")
    expect(tomorrow.get_by_role("radio", checked=True)).to_have_count(0)
    status = quiz.get_by_role("status")
    expect(status.nth(0)).to_be_empty()  # walking through the options tells nothing
    walk_to(today.get_by_role("radio", name="it rains"))
    press(today, "Tab", "d", "d")
    answer = quiz.get_by_role("button").first
    assert_here(answer)
    press(today, "Enter")
    expect(status.nth(0)).to_contain_text("✘ No. Look for this in Today")
    expect(radios.first).to_be_disabled()
    expect(status.last).to_have_text("0 of 2 right; this lesson: 0 of 2, 0 at the first try.")
    expect(answer).to_have_text("Try again")
    press(today, "Space")
    expect(status.nth(0)).to_be_empty()
    assert_here(radios.first)
    walk_to(today.get_by_role("radio", name="it snows"))
    press(today, "Tab", "Space")
    expect(status.nth(0)).to_have_text("✔ Yes. look for flakes")
    expect(status.last).to_have_text("1 of 2 right; this lesson: 1 of 2, 0 at the first try.")


def test_the_training_panel_by_keyboard(page):
    panel = box(page, "panel")
    status = panel.get_by_role("status").first
    panel.get_by_role("button", name="Start").focus()
    press(panel, "Space", "d", "d")
    expect(panel).to_contain_text("steps a second")
    rate = panel.get_by_label("D's learning rate")
    rate.focus()
    press(panel, "Control+a")
    page.keyboard.type("0.5")
    press(panel, "Tab")
    expect(panel).to_contain_text("d_loss 0.500")  # while it trains
    assert_here(panel.get_by_label("G's learning rate"))
    panel.get_by_label("D's steps for one of G's").focus()
    press(panel, "ArrowUp", "ArrowUp")
    page.wait_for_timeout(1000)
    pause = panel.get_by_role("button", name="Pause")
    pause.focus()
    press(panel, "Enter")
    expect(status).to_contain_text("Paused after step")
    step = int(re.search(r"Paused after step ([\d,]+)", status.inner_text())[1].replace(",", ""))
    goal = panel.get_by_label("pause at step")
    goal.focus()
    press(panel, "Control+a")
    page.keyboard.type(str(step + 30))
    press(panel, "Tab")
    panel.get_by_role("button", name="Start").focus()
    press(panel, "Space")
    expect(status).to_have_text(f"Paused after step {step + 30:,}.")
    run(page, "last")
    numbers = page.locator(".jp-CodeCell").last.locator(".jp-OutputArea-output")
    expect(numbers).to_contain_text(f"{step + 30} ")
    d_steps, g_steps = map(int, numbers.inner_text().split())
    assert g_steps < d_steps - 30, "of those after the change a third are G's"


def test_a_click_is_answered_while_another_cell_runs(page):
    panel = box(page, "panel")
    panel.get_by_role("button", name="Start").click()
    expect(panel.get_by_role("button", name="Pause")).to_be_enabled()
    run(page, "sleep")
    page.wait_for_timeout(1000)
    start = time.monotonic()
    panel.get_by_role("button", name="Pause").click()
    expect(panel.get_by_role("status").first).to_have_text("pausing …", timeout=1500)
    assert time.monotonic() - start < 2
    expect(panel.get_by_role("status").first).to_contain_text("Paused after step")
    assert time.monotonic() - start > 2, "the cell was still running when the page answered"


def test_the_game_by_keyboard(page):
    game = box(page, "game")
    first = game.get_by_role("button", name="1. one step each")
    first.focus()
    press(game, "Enter", "d", "d")
    question = game.get_by_role("group", name=re.compile("After 100 turns, how many"))
    question.wait_for()
    assert_here(first)
    question.get_by_role("radio").first.focus()
    press(game, "Space", "ArrowDown")
    expect(question.get_by_role("radio", name="3 to 7")).to_be_checked()
    assert_here(question.get_by_role("radio", name="3 to 7"))
    game.get_by_role("button", name="100 turns", exact=True).focus()
    press(game, "Space")
    expect(game).to_contain_text("It came out as")
    expect(question.get_by_role("radio").first).to_be_disabled()
    moment = game.get_by_label("Moment")
    expect(moment).to_have_value("1")
    game.get_by_role("button", name="earlier").focus()
    press(game, "Space")
    expect(moment).to_have_value("0")
    expect(game).to_contain_text("An earlier moment")
    moment.focus()
    press(game, "ArrowUp")
    expect(game).to_contain_text("Turn 100,")
    assert_here(moment)
