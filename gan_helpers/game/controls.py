"""What can be set on the panel: widgets, each with a name in words."""

import ipywidgets

from gan_helpers.game import clouds, settings

DRAWN = "drawn below"
WIDEST = 256  # the nets of 200 moments are kept: 200 MB at this width, 1 GB at twice as much


def make_settings():
    """A control for each of SETTINGS, by its name."""
    return {
        "data": _choice("Data", [*clouds.DATA, DRAWN]),
        "noise": _choice("Noise z", settings.NOISES),
        "loss": _choice("Loss", settings.LOSSES),
        "width_g": _number("G's width", 1, WIDEST),
        "width_d": _number("D's width", 1, WIDEST),
        "rate_g": ipywidgets.FloatText(description="G's rate"),
        "rate_d": ipywidgets.FloatText(description="D's rate"),
        "steps_g": _number("G's steps", 0, 50),
        "steps_d": _number("D's steps", 0, 50),
        "seed": _number("Seed", 0, 2**31 - 1),
    }


def _choice(label, names):
    return ipywidgets.Dropdown(description=label, options=list(names))


def _number(label, low, high):
    return ipywidgets.BoundedIntText(description=label, min=low, max=high)


def make_layers():
    """A checkbox for each layer of the board, by its name."""
    return {
        "map": _layer("D's map", True),
        "grid": _layer("G's grid", True),
        "arrows": _layer("arrows", False),
    }


def _layer(label, shown):
    layout = {"width": "auto"}
    return ipywidgets.Checkbox(value=shown, description=label, indent=False, layout=layout)


def make_moment():
    """The number of a moment, of those that are kept."""
    return _number("Moment", 0, 0)


def make_speed():
    """The turns between two pictures of play."""
    speed = _number("Turns a frame", 1, 50)
    speed.value = 5
    speed.style.description_width = "initial"
    speed.layout.width = "max-content"
    return speed


class Drawing:
    """One's own data: a field of toggle buttons; `box` is the widget to display.

    `cells`: the buttons, by (column, row) from the lower left. `changed()` is called after each
    change.
    """

    def __init__(self, changed):
        self._changed = changed
        self.cells = {}
        lines = []
        for row in range(clouds.CELLS):
            line = [self._cell(column, row) for column in range(clouds.CELLS)]
            lines.append(ipywidgets.HBox(line))
        words = "Your data: each filled cell is a place where real points lie."
        # The top row of the plane comes first.
        self.box = ipywidgets.VBox([ipywidgets.HTML(words), *reversed(lines)])

    def data(self):
        """The clouds in the filled cells. Raises ValueError where there is none."""
        return clouds.drawing(place for place, cell in self.cells.items() if cell.value)

    def _cell(self, column, row):
        layout = {"width": "30px", "height": "28px"}
        cell = ipywidgets.ToggleButton(value=column == row, layout=layout)
        self.cells[column, row] = cell

        def show():
            # A screen reader gets the state from the name: this button can tell it no other way.
            state = "data" if cell.value else "empty"
            cell.tooltip = f"column {column + 1}, row {row + 1}, {state}"
            cell.button_style = "info" if cell.value else ""

        def show_change(change):
            show()
            self._changed()

        show()
        cell.observe(show_change, "value")
        return cell
