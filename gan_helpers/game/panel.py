"""Buttons for the game of lesson 00: `Panel`, and `SpiralPanel` for the game of two numbers.

    panel = game_panel.Panel()
    display(panel.box)

Every control has a name in words, and Tab, Space and the arrow keys reach and move all of them. What happens is told
in words too, below the picture. An error inside a button is shown there, and the game goes on from where it was.
"""

import asyncio
import html
from collections.abc import Callable
from typing import NamedTuple

import ipywidgets as widgets

from gan_helpers.game import engine as game
from gan_helpers.game import view as game_view
from gan_helpers.widgets import live, sheets

DRAWN = "drawn below"
SETTINGS = {
    "data": "ring",
    "noise": "normal, 2 numbers",
    "loss": "cross-entropy",
    "width_g": 64,
    "width_d": 64,
    "rate_g": 1e-3,
    "rate_d": 2e-3,
    "steps_g": 1,
    "steps_d": 1,
    "seed": 0,
}
LIVE = (
    "loss",
    "rate_g",
    "rate_d",
    "steps_g",
    "steps_d",
)  # may change during a game; the others start a new one


class Experiment(NamedTuple):
    """A game with a question: `turns` after its start, `outcome(game, push at the start)` is one of the options."""

    settings: dict
    turns: int
    question: str
    options: tuple
    outcome: Callable


CLOUDS = ("0 to 2", "3 to 7", "8 or more")


def _clouds(playing, start):
    return CLOUDS[0] if playing.modes() < 3 else CLOUDS[1] if playing.modes() < 8 else CLOUDS[2]


def _push(playing, start):
    now = playing.push() / start
    return (
        "less than a tenth" if now < 0.1 else "more" if now > 1 else "between a tenth and all of it"
    )


_COUNT = "After {} turns, how many of the ten clouds will hold fakes?"
COLLAPSE = {"rate_g": 5e-3, "rate_d": 2e-3, "steps_g": 5}
EXPERIMENTS = {
    "a fair game": Experiment({}, 600, _COUNT.format(600), CLOUDS, _clouds),
    "D too strong": Experiment(
        {"loss": "minimax", "rate_d": 5e-3, "steps_g": 0},
        600,
        "D plays 600 turns alone. How much of the first push on G will be left?",
        ("more", "between a tenth and all of it", "less than a tenth"),
        _push,
    ),
    "a collapse": Experiment(COLLAPSE, 300, _COUNT.format(300), CLOUDS, _clouds),
    "a cure": Experiment(COLLAPSE | {"steps_d": 5}, 300, _COUNT.format(300), CLOUDS, _clouds),
}


class Question:
    """A question with options, chosen before and judged after."""

    def __init__(self):
        self.choice = widgets.RadioButtons(
            description="I think:", options=[], layout={"width": "max-content"}
        )
        self.text, self.verdict = widgets.HTML(), live.status_line()
        self.verdict.layout.min_height = "54px"  # room beforehand: what is below shall not jump
        self.box = widgets.VBox([self.text, self.choice, self.verdict], layout={"display": "none"})

    def ask(self, text, options):
        self.text.value, self.verdict.value = (
            f"<b>{html.escape(text)}</b> Choose before you play.",
            "",
        )
        self.choice.options, self.choice.value = options, None
        self.box.layout.display = None

    def judge(self, outcome):
        said = self.choice.value
        self.verdict.value = live.text(
            ("You made no guess. " if said is None else "✔ Yes. " if said == outcome else "✘ No. ")
            + f"It came out as: {outcome}."
        )


class Panel:
    """The game with all its controls; `box` is the widget to display, `game` the Game that is on the board.

    A new panel pauses the one made before: most likely its own cell's, from the last run.
    """

    newest = None

    def __init__(self, *, width_g=64, width_d=64, seed=0):
        if Panel.newest:
            Panel.newest.playing = False
        Panel.newest, self.task, self.wanted = self, None, None
        self.loop = live.running_loop()
        self.drawn, self.picture = game_view.LiveFigure(), live.picture()
        self.caption, self.error = live.status_line(), widgets.HTML()
        self.question, self.experiment, self.slow, self.playing, self.quiet = (
            Question(),
            None,
            None,
            False,
            False,
        )
        self.controls = self._make_controls()
        self.cells = {
            (column, row): self._cell((column, row))
            for row in range(game.CELLS)
            for column in range(game.CELLS)
        }
        self.buttons = {
            name: self._button(name, action)
            for name, action in {
                "Play": self.toggle,
                "1 turn": lambda: self.turns(1),
                "10 turns": lambda: self.turns(10),
                "100 turns": lambda: self.turns(100),
                "D's step": lambda: self.move("play_d"),
                "G's step": lambda: self.move("play_g"),
                "Slow motion: next": self.next_phase,
                "Step back": self.step_back,
                "Start again": self.reset,
            }.items()
        }
        self.experiments = {
            name: self._button(f"{number}. {name}", lambda name=name: self.set_up(name))
            for number, name in enumerate(EXPERIMENTS, 1)
        }
        self.moment = widgets.IntSlider(description="Moment", min=0, max=0, continuous_update=False)
        self.moment.observe(self._wish, "value")
        self.layers = {
            name: widgets.Checkbox(
                value=name != "arrows", description=label, indent=False, layout={"width": "auto"}
            )
            for name, label in {"map": "D's map", "grid": "G's grid", "arrows": "arrows"}.items()
        }
        for layer in self.layers.values():
            layer.observe(lambda change: self._act(lambda: self.redraw(*self.shown)), "value")
        self.box = self._arrange()
        if self.loop is None:  # nothing could wake it for the next turn
            self.buttons["Play"].layout.display = self.speed.layout.display = "none"
        self._fill(SETTINGS | {"width_g": width_g, "width_d": width_d, "seed": seed})
        self._act(self.reset, at_once=True)

    # What the buttons do

    def reset(self):
        """A new game with the settings as they stand."""
        chosen = {name: control.value for name, control in self.controls.items()}
        data = chosen.pop("data")
        fresh = game.Game(game.drawing(self._filled()) if data == DRAWN else data, **chosen)
        self.playing, self.slow, self.game, self.start_push = False, None, fresh, fresh.push()
        self.redraw("A new game. G's fakes lie in a heap, D has not learnt a thing")

    def turns(self, count):
        self._finish_turn()
        if self.experiment:  # not beyond the turn that its question is about
            count = min(count, self.experiment.turns - self.game.history.step)
        if count > 0:
            self.game.play(count)
        self.redraw()

    def move(self, name):
        """`play_d` or `play_g`: one net's step alone."""
        self._finish_turn()
        getattr(self.game, name)()
        self.redraw("Only D has learnt" if name == "play_d" else "Only G has learnt")

    def next_phase(self):
        """Slow motion: the next part of a turn."""
        self.playing = False
        if self.slow is None:
            self.slow, self.part = self.game.phases(), 0
        slow, self.slow = self.slow, None  # a turn that fails is not gone on with
        phase = next(slow, None)
        if phase is None:
            self.game.keep()
            self.redraw("The turn is over")
        else:
            self.slow, self.part = slow, self.part + 1
            self.redraw(f"{self.part}. {phase.caption}", phase)

    def step_back(self):
        self.playing, self.slow = False, None
        self.game.back()
        self.redraw("One move taken back")

    def _wish(self, change):
        # Noted apart, perhaps in another thread: while the board is drawn the slider is put back to its moment.
        if change["new"] != self.game.position:
            self.wanted = change["new"]
            self._act(self.go_to_wanted)

    def go_to_wanted(self):
        """To the moment that the slider asked for last: of quick moves only the last is drawn."""
        wanted, self.wanted = self.wanted, None
        if wanted is not None:
            self.playing, self.slow = False, None
            self.game.go_to(
                min(wanted, len(self.game.kept) - 1)
            )  # a move may have taken later ones away
            self.redraw("An earlier moment")

    def toggle(self):
        """Play or pause. Playing is a task in the kernel's loop, so that the other controls go on working."""
        if self.playing:
            self.playing = False
        else:
            self.playing = True
            if self.task is None or self.task.done():  # one that was paused just now goes on
                self.task = self.loop.create_task(self._play())
        self._name_play()

    async def _play(self):
        while self.playing:
            self._act(lambda: self.turns(self.speed.value), at_once=True)
            await asyncio.sleep(0.03)  # other controls have their say
        self._name_play()

    def set_up(self, name):
        """An experiment: its settings, a fresh game, its question."""
        self._fill(SETTINGS | {"seed": self.controls["seed"].value} | EXPERIMENTS[name].settings)
        self.reset()
        self.experiment = EXPERIMENTS[name]
        self.question.ask(self.experiment.question, self.experiment.options)

    # How they are run

    def _act(self, action, *, at_once=False):
        """Run an action in the kernel's loop; an error is shown in words."""

        def guarded():
            try:
                self.error.value = ""
                action()
            except Exception as error:
                self.playing = False
                self.error.value = live.in_words(error)

        live.on_loop(None if at_once else self.loop, guarded)

    def _finish_turn(self):
        if self.slow is not None:
            slow, self.slow = self.slow, None
            for _phase in slow:
                pass
            self.game.keep()

    def redraw(self, caption="", phase=None):
        playing, self.shown = self.game, (caption, phase)
        if phase is None:
            playing.note_divergence()
        title = f"turn {playing.history.step}" + (f": {caption}" if phase else "")
        self.picture.value = self.drawn.png(
            playing,
            title=title,
            phase=phase,
            **{f"show_{name}": layer.value for name, layer in self.layers.items()},
        )
        words = (f"{caption}. " if caption else "") + game_view.describe(playing)
        self.caption.value = live.text(words)
        self.picture.tooltip = words  # its name for screen readers, from ipywidgets 8 on
        self.moment.max = len(playing.kept) - 1
        self.moment.value = playing.position
        if phase is None and self.experiment and playing.history.step >= self.experiment.turns:
            self.playing = False
            self.question.judge(self.experiment.outcome(playing, self.start_push))
            self.experiment = None
        self._name_play()

    def _name_play(self):
        self.buttons["Play"].description = "Pause" if self.playing else "Play"

    # The controls

    def _button(self, name, action):
        button = widgets.Button(description=name, tooltip=name, layout={"width": "auto"})
        button.on_click(lambda _button: self._act(action))
        return button

    def _make_controls(self):
        def choose(label, names):
            return widgets.Dropdown(description=label, options=list(names))

        def number(label, low, high):
            return widgets.BoundedIntText(description=label, min=low, max=high)

        def width(
            label,
        ):  # the nets of 200 moments are kept: 200 MB at this width, 1 GB at twice as much
            return number(label, 1, 256)

        self.speed = widgets.IntSlider(
            description="Turns a frame",
            value=5,
            min=1,
            max=50,
            style={"description_width": "initial"},
        )
        controls = {
            "data": choose("Data", [*game.DATA, DRAWN]),
            "noise": choose("Noise z", game.NOISES),
            "loss": choose("Loss", game.LOSSES),
            "width_g": width("G's width"),
            "width_d": width("D's width"),
            "rate_g": widgets.FloatText(description="G's rate"),
            "rate_d": widgets.FloatText(description="D's rate"),
            "steps_g": number("G's steps", 0, 50),
            "steps_d": number("D's steps", 0, 50),
            "seed": number("Seed", 0, 2**31 - 1),
        }
        for name, control in controls.items():
            control.observe(
                lambda change, name=name: self.quiet or self._act(lambda: self._changed(name)),
                "value",
            )
        return controls

    def _changed(self, name):
        if self.experiment and name != "seed":
            self.experiment = None
            self.question.verdict.value = live.text(
                "The settings have changed: the question no longer fits them."
            )
        if name in LIVE:
            setattr(self.game, name, self.controls[name].value)
        else:
            self.drawing.layout.display = None if self.controls["data"].value == DRAWN else "none"
            self.reset()

    def _fill(self, settings):
        self.quiet = True
        for name, control in self.controls.items():
            control.value = settings[name]
        self.quiet = False
        self.drawing.layout.display = None if settings["data"] == DRAWN else "none"

    def _cell(self, place):
        """One's own data are a field of toggle buttons, by (column, row) from the lower left; this makes one."""
        cell = widgets.ToggleButton(
            value=place[0] == place[1], layout={"width": "30px", "height": "28px"}
        )

        def show(change=None):
            # A screen reader gets the state from the name: this button has no other way to tell it.
            cell.tooltip = (
                f"column {place[0] + 1}, row {place[1] + 1}, {'data' if cell.value else 'empty'}"
            )
            cell.button_style = "info" if cell.value else ""
            if change and self.controls["data"].value == DRAWN:
                self._act(self.reset)

        show()
        cell.observe(show, "value")
        return cell

    def _filled(self):
        return [place for place, cell in self.cells.items() if cell.value]

    def _arrange(self):
        upwards = range(game.CELLS)[::-1]  # the top row of the plane comes first
        self.drawing = widgets.VBox(
            [
                widgets.HTML("Your data: each filled cell is a place where real points lie."),
                *(
                    widgets.HBox([self.cells[column, r] for column in range(game.CELLS)])
                    for r in upwards
                ),
            ]
        )
        return widgets.VBox(
            [
                widgets.HTML("<b>Experiments</b>"),
                live.row(self.experiments.values()),
                self.question.box,
                widgets.HTML("<b>Moves</b>"),
                live.row(self.buttons.values()),
                live.row([self.moment, self.speed]),
                live.row(self.layers.values()),
                self.error,
                self.picture,
                self.caption,
                widgets.HTML(
                    "<b>Settings.</b> Loss, rates and steps count from the next move; the others start anew."
                ),
                live.row(self.controls.values()),
                self.drawing,
                live.names(),
            ]
        )


class SpiralPanel(live.LiveBox):
    """The game f(x, y) = x·y with a slider for the rounds."""

    OPTIONS = ("back at (1, 1)", "nearer to (0, 0)", "farther out")

    def __init__(self):
        self.order = widgets.Dropdown(
            description="Order", options=["y first, then x", "both at once"]
        )
        self.step = widgets.FloatSlider(description="Step", value=1.0, min=0.1, max=2.2, step=0.1)
        self.rounds = widgets.IntSlider(description="Rounds", value=0, min=0, max=24)
        self.picture, self.caption, self.question = live.picture(), live.status_line(), Question()
        self.set_up_button = widgets.Button(
            description="5. the spiral", tooltip="set up experiment 5"
        )
        self.set_up_button.on_click(lambda _button: self._guarded(self.set_up))
        for control in (self.order, self.step, self.rounds):
            control.observe(self._changed, "value")
        super().__init__(
            [
                self.set_up_button,
                self.question.box,
                self.order,
                self.step,
                self.rounds,
                self.picture,
                self.caption,
            ]
        )
        self.set_up()

    def set_up(self):
        self.rounds.value, self.order.value, self.step.value = 0, self.order.options[0], 1.0
        self.question.ask(
            "From (1, 1), after six rounds with step 1, y first: where are x and y?", self.OPTIONS
        )

    def _draw(self):
        together = self.order.value == "both at once"
        points = game.bilinear(
            1.0, 1.0, step=self.step.value, rounds=self.rounds.value, together=together
        )
        x, y = points[-1]
        figure = game_view.spiral({self.order.value: points})
        figure.set_dpi(80)
        self.picture.value = sheets.png(sheets.drawn(figure))
        count, step = self.rounds.value, self.step.value
        words = f"After {count} round{'s' * (count != 1)}, {self.order.value}, step {step:.1f}: ({x:.2f}, {y:.2f})."
        self.caption.value, self.picture.tooltip = live.text(words), words
        as_asked = not together and abs(self.step.value - 1) < 1e-9
        if as_asked and self.rounds.value >= 6 and not self.question.verdict.value:
            self.question.judge(self.OPTIONS[0])  # the sixth point is the first, whoever looks
