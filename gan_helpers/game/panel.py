"""The buttons of the game.

    panel = Panel()
    display(panel.box)

Every control has a name in words, and Tab, Space and the arrow keys reach and move all of them.
What happens is told in words too, below the picture. An error inside a button is shown there, and
the game goes on from where it was.
"""

import asyncio

import ipywidgets

from gan_helpers.game import controls, engine, experiments, view
from gan_helpers.game.settings import CHANGEABLE, SETTINGS
from gan_helpers.widgets import live, page
from gan_helpers.widgets.question import Question


class Panel:
    """The game with all its controls; `box` is the widget to display.

    `game` is the Game that is on the board. A new panel pauses the one made before: most likely
    its own cell's, from the last run.
    """

    newest = None

    def __init__(self, *, width_g=64, width_d=64, seed=0):
        if Panel.newest:
            Panel.newest.playing = False
        Panel.newest = self
        self.loop = live.running_loop()
        self.task = None  # what plays
        self.playing = False  # whether it goes on
        self.slow = None  # what is left of a turn in slow motion
        self.wanted = None  # the moment that the field asked for last
        self.experiment = None  # whose question waits for its turn
        self.quiet = False  # while settings are filled in, they start no game
        self._make_picture()
        self._make_moves()
        self._make_settings()
        self.box = self._arrange()
        if self.loop is None:  # nothing could wake it for the next turn
            self.buttons["Play"].layout.display = "none"
            self.speed.layout.display = "none"
        self._fill(SETTINGS | {"width_g": width_g, "width_d": width_d, "seed": seed})
        self._attempt(self.reset)

    # What the buttons do

    def reset(self):
        """A new game with the settings as they stand."""
        settings = {name: control.value for name, control in self.controls.items()}
        data = settings.pop("data")
        if data == controls.DRAWN:
            data = self.drawing.data()
        game = engine.Game(data, **settings)
        self.start_push = game.push()
        self.game = game
        self._rest()
        self.redraw("A new game. G's fakes lie in a heap, D has not learnt a thing")

    def turns(self, count):
        self._finish_turn()
        if self.experiment:  # not beyond the turn that its question is about
            count = min(count, self.experiment.asked - self.game.history.step)
        if count > 0:
            self.game.play(count)
        self.redraw()

    def move_d(self):
        self._finish_turn()
        self.game.play_d()
        self.redraw("Only D has learnt")

    def move_g(self):
        self._finish_turn()
        self.game.play_g()
        self.redraw("Only G has learnt")

    def next_phase(self):
        """Slow motion: the next part of a turn."""
        self.playing = False
        if self.slow is None:
            self.slow = self.game.phases()
            self.part = 0
        slow = self.slow
        self.slow = None  # a turn that fails is not gone on with
        phase = next(slow, None)
        if phase is None:
            self.game.keep()
            self.redraw("The turn is over")
        else:
            self.slow = slow
            self.part += 1
            self.redraw(f"{self.part}. {phase.caption}", phase)

    def step_back(self):
        self._rest()
        self.game.back()
        self.redraw("One move taken back")

    def go_to_wanted(self):
        """To the moment that the field asked for last: of quick moves only the last is drawn."""
        wanted = self.wanted
        self.wanted = None
        if wanted is None:
            return
        self._rest()
        # A move may have taken later ones away.
        self.game.go_to(min(wanted, len(self.game.kept) - 1))
        self.redraw("An earlier moment")

    def toggle(self):
        """Play or pause. A task in the kernel's loop plays: the other controls go on working."""
        self.playing = not self.playing
        # A task that was paused just now goes on.
        if self.playing and (self.task is None or self.task.done()):
            self.task = self.loop.create_task(self._play())
        self._name_play()

    def set_up(self, name):
        """An experiment: its settings, a fresh game, its question."""
        experiment = experiments.EXPERIMENTS[name]
        self._fill(SETTINGS | {"seed": self.controls["seed"].value} | experiment.settings)
        self.reset()
        self.experiment = experiment
        experiments.ask(self.question, experiment.question, experiment.options)

    # How they are run

    def _act(self, action):
        """Attempt an action in the kernel's loop."""
        live.on_loop(self.loop, lambda: self._attempt(action))

    def _attempt(self, action):
        """Run an action; an error is shown in words, and the game pauses."""
        live.attempt(action, self.error, after_error=self._pause)

    async def _play(self):
        while self.playing:
            self._attempt(lambda: self.turns(self.speed.value))
            await asyncio.sleep(0.03)  # other controls have their say
        self._name_play()

    def _pause(self):
        self.playing = False

    def _rest(self):
        """Pause, and leave a turn in slow motion where it is."""
        self.playing = False
        self.slow = None

    def _finish_turn(self):
        if self.slow is None:
            return
        slow = self.slow
        self.slow = None
        for _phase in slow:
            pass
        self.game.keep()

    # The picture

    def redraw(self, caption="", phase=None):
        """Show the game as it is; within a turn, its Phase."""
        self.shown = (caption, phase)
        if phase is None:
            self.game.note_divergence()
        self._show_board(caption, phase)
        self._show_words(caption)
        self.moment.max = len(self.game.kept) - 1
        self.moment.value = self.game.position
        if phase is None:
            self._judge_if_due()
        self._name_play()

    def _show_board(self, caption, phase):
        title = f"turn {self.game.history.step}"
        if phase:
            title = f"{title}: {caption}"
        shown = {f"show_{name}": layer.value for name, layer in self.layers.items()}
        self.picture.value = self.drawn.png(self.game, title=title, phase=phase, **shown)

    def _show_words(self, caption):
        words = view.describe(self.game)
        if caption:
            words = f"{caption}. {words}"
        self.caption.value = live.text(words)
        self.picture.tooltip = words  # its name for screen readers, from ipywidgets 8 on

    def _judge_if_due(self):
        if self.experiment and self.game.history.step >= self.experiment.asked:
            self.playing = False
            outcome = self.experiment.outcome(self.game, self.start_push)
            experiments.judge(self.question, outcome)
            self.experiment = None

    def _name_play(self):
        self.buttons["Play"].description = "Pause" if self.playing else "Play"

    # The controls

    def _make_picture(self):
        self.drawn = view.LiveFigure()
        self.picture = live.picture()
        self.caption = ipywidgets.HTML()
        self.error = ipywidgets.HTML()
        self.layers = controls.make_layers()
        for layer in self.layers.values():
            self._observe(layer, lambda: self.redraw(*self.shown))

    def _make_moves(self):
        actions = {
            "Play": self.toggle,
            "1 turn": lambda: self.turns(1),
            "10 turns": lambda: self.turns(10),
            "100 turns": lambda: self.turns(100),
            "D's step": self.move_d,
            "G's step": self.move_g,
            "Slow motion: next": self.next_phase,
            "Step back": self.step_back,
            "Start again": self.reset,
        }
        self.buttons = {name: self._button(name, action) for name, action in actions.items()}
        self.question = Question(layout={"display": "none"})
        self.experiments = {}
        for number, (name, experiment) in enumerate(experiments.EXPERIMENTS.items(), 1):
            label = f"{number}. {experiment.title}"
            self.experiments[name] = self._button(label, lambda name=name: self.set_up(name))
        self.moment = controls.make_moment()
        self.moment.observe(self._wish, "value")
        self.speed = controls.make_speed()

    def _wish(self, change):
        # Perhaps in another thread. While the board is drawn the field is put back to its moment:
        # so what is wanted is noted apart.
        if change["new"] != self.game.position:
            self.wanted = change["new"]
            self._act(self.go_to_wanted)

    def _make_settings(self):
        self.controls = controls.make_settings()
        for name, control in self.controls.items():
            self._observe(control, lambda name=name: self._changed(name))
        self.drawing = controls.Drawing(changed=lambda: self._act(self.reset))

    def _changed(self, name):
        if self.experiment and name != "seed":
            self.experiment = None
            self.question.verdict = "The settings have changed: the question no longer fits them."
        if name in CHANGEABLE:
            setattr(self.game, name, self.controls[name].value)
        else:
            self._show_drawing()
            self.reset()

    def _fill(self, settings):
        self.quiet = True
        for name, control in self.controls.items():
            control.value = settings[name]
        self.quiet = False
        self._show_drawing()

    def _show_drawing(self):
        is_drawn = self.controls["data"].value == controls.DRAWN
        self.drawing.box.layout.display = None if is_drawn else "none"

    def _button(self, name, action):
        button = ipywidgets.Button(description=name, tooltip=name, layout={"width": "auto"})
        button.on_click(lambda _button: self._act(action))
        return button

    def _observe(self, control, action):
        """Do `action` when the control gets another value by the reader."""
        control.observe(lambda change: self.quiet or self._act(action), "value")

    def _arrange(self):
        note = "Loss, rates and steps count from the next move; the others start anew."
        return page.Box(
            [
                ipywidgets.HTML("<b>Experiments</b>"),
                live.row(self.experiments.values()),
                self.question,
                ipywidgets.HTML("<b>Moves</b>"),
                live.row(self.buttons.values()),
                live.row([live.stepper(self.moment, "earlier", "later"), self.speed]),
                live.row(self.layers.values()),
                self.error,
                self.picture,
                self.caption,
                ipywidgets.HTML(f"<b>Settings.</b> {note}"),
                live.row(self.controls.values()),
                self.drawing.box,
                live.Echo(),
            ]
        )
