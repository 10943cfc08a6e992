"""What the live widgets share: the loop they draw in, and words and names for readers who do not see them."""

import asyncio
import html
import sys

import ipywidgets
import traitlets

DELAY = (
    0.01  # seconds from a change to its picture: what changes meanwhile comes into the same picture
)
# ipywidgets gives a slider's handle and its readout no name that a screen reader could say. This gives them the words
# beside them: their own description, or that of the row they stand in. It also marks the lines that are to be said when
# they change. An image without a source runs it once its view is there; the other views may come a little later.
_NAMING = """
const name = () => {
  document.querySelectorAll('.widget-slider [role=slider], .widget-slider .widget-readout').forEach(
    part => part.setAttribute('aria-label', [part.closest('.widget-slider'), part.closest('.widget-hbox')]
      .map(box => box && box.querySelector('.widget-label')).map(label => label && label.textContent).find(Boolean)
      || 'slider'));
  document.querySelectorAll('.status-line').forEach(line => line.setAttribute('role', 'status'));
};
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


def on_loop(loop, action):
    """Do `action` where the drawing is done: on the loop, since a callback may run in another thread.

    At once where `loop` is None.
    """
    if loop is None:
        action()
    else:
        loop.call_soon_threadsafe(action)


class _Picture(ipywidgets.Image):
    """An Image that may have a tooltip: for one, the script in the page reads the description, which Image lacks."""

    description = traitlets.Unicode("").tag(sync=True)


def picture():
    """An Image widget as large as its PNG: a box would stretch it. Its tooltip is its name for screen readers."""
    return _Picture(format="png", layout={"align_self": "flex-start"})


def row(parts):
    """Widgets side by side; where the window is too narrow, in more lines, and none is squeezed."""
    return ipywidgets.HBox(list(parts), layout={"flex_flow": "row wrap"})


def names():
    """An invisible widget that names the sliders of the page for screen readers; put one into each box with sliders."""
    return ipywidgets.HTML(f'<img src="" alt="" hidden onerror="{html.escape(_NAMING)}">')


def status_line():
    """A line of text that a screen reader says when it changes, in a page with `names`."""
    line = ipywidgets.HTML()
    line.add_class("status-line")
    return line


def text(words):
    """Words as a line of HTML."""
    return f"<p>{html.escape(words)}</p>"


def in_words(error):
    """An error as a line of HTML, which a screen reader says at once."""
    return f'<p role="alert"><b>That did not work.</b> {type(error).__name__}: {html.escape(str(error))}</p>'


class LiveBox(ipywidgets.VBox):
    """A box that draws itself anew, once, after any number of changes; an error is shown in it, in words.

    A subclass has `_draw()`, and its controls call `_changed` (`observe(self._changed, "value")`).
    """

    def __init__(self, children):
        self.message = ipywidgets.HTML()
        # The cell's loop. Callbacks may run in another thread (JupyterLab's comms), drawing never does.
        self._loop = running_loop()
        self._due = False
        super().__init__([*children, self.message, names()])
        self._draw_now()

    def _changed(self, change=None):
        """Note that something changed. Only the newest values are ever drawn: nothing queues up."""
        if self._loop is None:
            self._draw_now()
        elif not self._due:
            self._due = True
            self._loop.call_soon_threadsafe(self._loop.call_later, DELAY, self._draw_now)

    def _draw_now(self):
        self._due = False  # before the values are read: a change from now on wants another picture
        self._guarded(self._draw)

    def _catch_up(self):
        """Draw what waits for its turn, for whoever wants the picture in the same cell."""
        if self._due:
            self._draw_now()

    def _guarded(self, action):
        self.message.value = (
            ""  # before the action: what it draws may have an error of its own to show
        )
        try:
            action()
        except (
            Exception
        ) as error:  # whatever it is, the reader has to see it: nobody sees a callback's traceback
            self.message.value = in_words(error)
