"""Parts that run in the page: a JavaScript module beside the Python file, by anywidget's protocol.

They answer while the kernel is busy, and after it is gone.
"""

from pathlib import Path

import ipywidgets

try:
    from anywidget import AnyWidget
except ImportError:  # where somebody else has installed the course's packages
    AnyWidget = None

FOLDER = Path(__file__).parent
STYLE = (FOLDER / "page.css").read_text("utf-8")
HINT = "If no controls show below, run this cell."  # in a saved copy, and where no kernel is


def module(*names):
    """The JavaScript files with these names as one ES module (str): a page gets it as one text."""
    return "\n".join((FOLDER / f"{name}.js").read_text("utf-8") for name in names)


class Missing(ipywidgets.VBox):
    """A sentence in place of a part that is drawn in the page."""

    def __init__(self, **traits):
        words = "A part is missing here: run <code>%pip install anywidget</code>, restart."
        super().__init__([ipywidgets.HTML(words)], **traits)


class PagePart(AnyWidget or Missing):
    """A part that is drawn in the page, or that sentence."""

    def __repr__(self):
        return f"{type(self).__name__}()"  # without an address in memory: a run repeats


class Hinted:
    """A mixin for what a cell shows: it says before itself what to do where it is not seen."""

    def _repr_mimebundle_(self, **options):
        print(HINT)
        return super()._repr_mimebundle_(**options)


class Box(Hinted, ipywidgets.VBox):
    """A box that a cell shows."""
