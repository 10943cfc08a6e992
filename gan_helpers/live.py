"""What the live widgets share: the loop they draw in, and words and names for readers who do not see them."""

import asyncio
import html
import sys

import ipywidgets
import traitlets

# ipywidgets gives a slider's handle and its readout no name that a screen reader could say. This gives them the words
# beside them: their own description, or that of the row they stand in. An image without a source runs it once its view
# is there; the other views of the page may come a little later.
_NAMING = """
const name = () => document.querySelectorAll('.widget-slider [role=slider], .widget-slider .widget-readout').forEach(
  part => part.setAttribute('aria-label', [part.closest('.widget-slider'), part.closest('.widget-hbox')]
    .map(box => box && box.querySelector('.widget-label')).map(label => label && label.textContent).find(Boolean)
    || 'slider'));
[100, 1000, 4000].forEach(milliseconds => setTimeout(name, milliseconds));
"""


def running_loop():
    """The event loop that runs this cell.

    None where nothing can happen between cells: in plain Python, and on Colab, which shows no picture then.
    """
    if "google.colab" in sys.modules:
        return None
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None


class _Picture(ipywidgets.Image):
    """An Image that may have a tooltip: for one, the script in the page reads the description, which Image lacks."""

    description = traitlets.Unicode("").tag(sync=True)


def picture():
    """An Image widget as large as its PNG: a box would stretch it. Its tooltip is its name for screen readers."""
    return _Picture(format="png", layout={"align_self": "flex-start"})


def names():
    """An invisible widget that names the sliders of the page for screen readers; put one into each box with sliders."""
    return ipywidgets.HTML(f'<img src="" alt="" hidden onerror="{html.escape(_NAMING)}">')


def status(words):
    """A line of HTML that a screen reader says when it changes."""
    return f'<p role="status">{html.escape(words)}</p>'


def in_words(error):
    """An error as a line of HTML, which a screen reader says at once."""
    return f'<p role="alert"><b>That did not work.</b> {type(error).__name__}: {html.escape(str(error))}</p>'
