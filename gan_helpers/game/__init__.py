"""Lesson 00's game: a generator and a discriminator on points in the plane, and the x·y game.

clouds       the real points, and how points are compared with them
settings     what can be set, and what is refused
engine       the rules: turns of D and G, back and forth
view         the pictures
experiments  settings with a question each
controls     what can be set on the panel
panel        the buttons, and what they do
spiral       the game of two numbers
"""

from gan_helpers.game.clouds import DATA, count_modes, grid_counts, js_divergence
from gan_helpers.game.engine import Game
from gan_helpers.game.experiments import EXPERIMENTS
from gan_helpers.game.panel import Panel
from gan_helpers.game.settings import LOSSES, SETTINGS
from gan_helpers.game.spiral import SpiralPanel, bilinear, spiral_figure
from gan_helpers.game.view import Board, film

__all__ = [
    "DATA",
    "EXPERIMENTS",
    "LOSSES",
    "SETTINGS",
    "Board",
    "Game",
    "Panel",
    "SpiralPanel",
    "bilinear",
    "count_modes",
    "film",
    "grid_counts",
    "js_divergence",
    "spiral_figure",
]
