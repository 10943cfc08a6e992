"""The sampler in JupyterLab and Notebook 7: beside a busy kernel, after it, in a saved copy."""

import re
import time

import nbformat
import pytest
from playwright.sync_api import expect

from gan_helpers.widgets.page import HINT
from tests.browser import labs
from tests.browser.labs import until
from tests.browser.test_parts import drawn_after, latencies, pixels

pytestmark = pytest.mark.slow
CELLS = {
    "make": """
from gan_helpers import data, losses, networks, plots, training, widgets
import time, torch
G = networks.CompactGenerator()
sampler = widgets.sampler(G)
plots.show(sampler.figure(), alt="36 samples of an untrained generator.")
sampler""",
    "sleep": "time.sleep(600)",
    "train": """
D = networks.CompactDiscriminator()
optimisers = [torch.optim.Adam(net.parameters(), 1e-3, fused=True) for net in (G, D)]
loss = losses.bce()

def step(images, labels):
    noted = training.discriminator_step(G, D, optimisers[1], images, torch.randn(64, 42), loss)
    return noted | training.generator_step(G, D, optimisers[0], torch.randn(64, 42), loss)

images, labels = data.mnist("train")
history = training.fit(step, data.batches(images, labels, 64), steps=20_000)""",
    "whiten": "with torch.no_grad():\n    G.layers[7].bias.fill_(99)",
    "blacken": "with torch.no_grad():\n    G.layers[7].bias.fill_(-99)",
    "greyen": "with torch.no_grad():\n    G.layers[7].bias.fill_(0)",
    "read": "print('the line is', sampler.line)",
}


@pytest.fixture(scope="module", params=["jupyterlab", "notebook"])
def page(request, tmp_path_factory, browser):
    folder = tmp_path_factory.mktemp("lab")
    cells = [nbformat.v4.new_code_cell(source.strip(), id=name) for name, source in CELLS.items()]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), folder / "live.ipynb")
    with labs.running_lab(folder, application=request.param) as server:
        page = browser.new_page(viewport={"width": 1300, "height": 1400})
        page.application = request.param
        page.address = labs.address_of(server, "live.ipynb", request.param)
        open_notebook(page)
        run(page, "make")
        yield page
        page.close()


def open_notebook(page):
    """Open the notebook, and wait for its kernel."""
    page.goto(page.address)
    labs.wait_until_idle(page)


def cell(page, name):
    return page.locator(".jp-CodeCell").nth(list(CELLS).index(name))


def run(page, name):
    labs.run(cell(page, name))


def box_of(page):
    box = cell(page, "make").locator(".page-part")
    box.wait_for()
    until(lambda: box.evaluate("box => box.dataset.drawn"), "the first pictures")
    return box


def is_running(page, name):
    """By the cell's prompt: the status bar says Idle as soon as a subshell has answered."""
    return "*" in cell(page, name).locator(".jp-InputArea-prompt").inner_text()


def test_it_answers_while_the_kernel_is_idle_sleeps_and_trains(page):
    box = box_of(page)
    figures = {"idle": latencies(box)}
    for name in ("sleep", "train"):
        run(page, name)
        figures[name] = latencies(box)
        assert is_running(page, name), "the cell was over before the moves were"
        page.get_by_role("menuitem", name="Kernel", exact=True).click()
        page.get_by_role("menuitem", name="Interrupt Kernel").click()
        until(lambda name=name: not is_running(page, name), "the cell ends")
    for name, (median, worst) in figures.items():
        print(f"{page.application}, kernel {name}: {median:.0f} ms, at worst {worst:.0f}")
    assert max(median for median, _worst in figures.values()) < 1000


def test_python_reads_where_the_controls_stand(page):
    box = box_of(page)
    line = box.get_by_role("textbox", name="line")
    line.fill("seed 7 · direction 1 = 2.5")
    drawn_after(box, lambda: line.press("Enter"))
    run(page, "read")
    shown = cell(page, "read").get_by_text("the line is seed 7 · direction 1 = 2.5")
    shown.wait_for()


def test_a_net_that_has_changed_is_drawn_at_the_next_move(page):
    box = box_of(page)
    sheet = box.locator("figure canvas")
    for name, low, high in (("whiten", 250, 255), ("blacken", 0, 2), ("greyen", 3, 249)):
        run(page, name)
        time.sleep(1.5)  # the page asks once a second at most
        box.get_by_role("button", name="New noise").click()
        until(
            lambda low=low, high=high: low <= pixels(sheet)[:56, :56].mean() <= high,
            f"pictures of the net as it is now: {name}",
        )


def test_letters_stay_inside(page):
    box = box_of(page)
    button = box.get_by_role("button", name="Undo")
    button.focus()
    for key in "ddaab":  # delete, insert above, insert below
        page.keyboard.press(key)
    expect(button).to_be_focused()
    assert page.locator(".jp-CodeCell").count() == len(CELLS)


def test_the_judge_answers(page):
    box = box_of(page)
    box.get_by_role("button", name="Ask the judge").click()
    expect(box.get_by_role("status")).to_contain_text("Below the walk, the training digit nearest")
    box.get_by_label("The nearest real digit").wait_for()


def test_pictures_have_their_alternative_text(page):
    still = cell(page, "make").locator(".jp-OutputArea img")
    assert still.get_attribute("alt") == "36 samples of an untrained generator."


def test_it_goes_on_without_a_kernel_and_a_saved_copy_says_what_to_do(page):
    box = box_of(page)
    page.get_by_role("menuitem", name="Kernel", exact=True).click()
    page.get_by_role("menuitem", name="Shut Down Kernel", exact=True).click()
    page.locator(".jp-Notebook-ExecutionIndicator:not([data-status=idle])").wait_for()
    sheet = box.locator("figure canvas")
    before = sheet.evaluate("canvas => canvas.toDataURL()")
    drawn_after(box, box.get_by_role("button", name="New noise").click)
    assert sheet.evaluate("canvas => canvas.toDataURL()") != before
    page.keyboard.press("Control+s")
    page.wait_for_timeout(2000)
    open_notebook(page)
    output = cell(page, "make").locator(".jp-OutputArea").first
    output.locator("img").wait_for()
    assert HINT in output.inner_text()
    assert re.search("Picture: 36 samples", output.inner_text())
