"""Parts that run in the page: a JavaScript module beside the Python file, by anywidget's protocol.

They answer while the kernel trains, and after it is gone.
"""

from pathlib import Path

import traitlets

try:
    from anywidget import AnyWidget
except ModuleNotFoundError:
    AnyWidget = None

from gan_helpers.widgets import live

FOLDER = Path(__file__).parent
STYLE = (FOLDER / "page.css").read_text("utf-8")
NEEDED = "The picture above can be moved where the package anywidget is: `pip install anywidget`."


class StillPart(traitlets.HasTraits):
    """In place of a live part where anywidget is missing: a sentence."""

    def on_msg(self, callback):
        """Nobody sends messages."""

    def _repr_mimebundle_(self, **_options):
        return {"text/plain": NEEDED}


class PagePart(AnyWidget or StillPart):
    """What the sampler and the scrubber are: widgets that a page runs by itself."""

    def _repr_mimebundle_(self, **options):
        print(live.HINT)
        return super()._repr_mimebundle_(**options)


def module(*names):
    """The JavaScript files with these names as one ES module (str): a page gets it as one text."""
    return "\n".join((FOLDER / f"{name}.js").read_text("utf-8") for name in names)
