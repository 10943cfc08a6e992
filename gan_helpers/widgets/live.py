"""What the live parts share: the loop they draw in, and words for readers who do not see them."""

import asyncio
import contextlib
import html
import sys

import ipywidgets
import traitlets

from gan_helpers.widgets import page

DELAY = 0.01  # seconds from a change to its picture: what changes meanwhile comes into the same one


# The loop


def running_loop():
    """The event loop that runs this cell.

    None where nothing can happen between cells: in plain Python, and on Colab, which shows no
    picture then.
    """
    if "google.colab" in sys.modules:
        return None
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None


def on_loop(loop, action):
    """Do `action` on the loop, where the drawing is done: a callback may be in another thread.

    At once where `loop` is None.
    """
    if loop is None:
        action()
    else:
        loop.call_soon_threadsafe(action)


# Errors


@contextlib.contextmanager
def errors_in_words(message, *, after_error=None):
    """Show an error of the lines inside in the HTML widget `message`, and do not raise it.

    `after_error()` is called then. Whatever the error is, the reader has to see it: nobody sees
    the traceback of a callback or of a task.
    """
    try:
        yield
    except Exception as error:
        words = html.escape(f"{type(error).__name__}: {error}")
        # A screen reader says an alert at once.
        message.value = f'<p role="alert"><b>That did not work.</b> {words}</p>'
        if after_error is not None:
            after_error()


def attempt(action, message, *, after_error=None):
    """Take away what `message` says, and do `action`; errors as in `errors_in_words`."""
    message.value = ""  # before the action, which may have an error of its own to show
    with errors_in_words(message, after_error=after_error):
        action()


# Parts


class _Picture(ipywidgets.Image):
    """An Image that may have a tooltip.

    The script that shows one in the page reads the description too, which Image lacks.
    """

    description = traitlets.Unicode("").tag(sync=True)


def picture():
    """An Image widget as large as its PNG, where the page is as wide: a box would stretch it.

    Its tooltip is its name for screen readers.
    """
    # ipywidgets makes it as wide as the page and adds margins: then it sticks out.
    return _Picture(format="png", layout={"align_self": "flex-start", "margin": "2px 0"})


def row(parts):
    """Widgets side by side; where the window is narrow, in more lines, and none is squeezed."""
    return ipywidgets.HBox(list(parts), layout={"flex_flow": "row wrap"})


def text(words):
    """Words as a line of HTML that a screen reader says when it comes."""
    return f'<p role="status">{html.escape(words)}</p>'


def stepper(field, lower, higher):
    """A number field of ipywidgets between two buttons with these names; each takes one step.

    In place of a slider: its handle has no name, and a field alone is hard to move on a phone.
    """

    def button(name, sign):
        part = ipywidgets.Button(description=name, layout={"width": "auto"})

        def move(_button):
            field.value = round(field.value + sign * field.step, 9)  # the field keeps its limits

        part.on_click(move)
        return part

    field.layout.width = "180px"
    return ipywidgets.HBox([button(lower, -1), field, button(higher, 1)])


def digit_counts(digits):
    """A sentence on readings int64 [N]: how often each digit occurs."""
    counts = digits.bincount(minlength=10).tolist()
    parts = [f"{digit}: {count}" for digit, count in enumerate(counts)]
    return f"The judge reads {', '.join(parts)}."


class Echo(page.PagePart):
    """The last part of a box: keeps its keys in it, and answers clicks at once, in a status line.

    `words`: what the line says when a button is clicked, by the button's name, until `say` is
    called. The page does it, so it works while the kernel is busy with a cell.
    """

    _esm = page.module("page", "echo")
    words = traitlets.Dict().tag(sync=True)
    said = traitlets.List([0, ""]).tag(sync=True)  # a count, so that the same words come again

    def say(self, words):
        self.said = [self.said[0] + 1, words]


class LiveBox(page.Box):
    """A box that draws itself anew, once, after any number of changes; it shows errors in words.

    A subclass has `_draw()`, and its controls call `_changed` (`observe(self._changed, "value")`).
    """

    def __init__(self, children):
        self.message = ipywidgets.HTML()
        # The cell's loop. Callbacks may be in another thread (JupyterLab's comms); drawing is not.
        self._loop = running_loop()
        self._due = False
        super().__init__([*children, self.message, Echo()])
        self._draw_now()

    def _changed(self, change=None):
        """Note that something changed. Only the newest values are drawn: nothing queues up."""
        if self._loop is None:
            self._draw_now()
        elif not self._due:
            self._due = True
            self._loop.call_soon_threadsafe(self._loop.call_later, DELAY, self._draw_now)

    def _draw_now(self):
        self._due = False  # before the values are read: a change from now on wants another picture
        self._attempt(self._draw)

    def _catch_up(self):
        """Draw what waits for its turn, for whoever wants the picture in the same cell."""
        if self._due:
            self._draw_now()

    def _attempt(self, action):
        attempt(action, self.message)
