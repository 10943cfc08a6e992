"""What can be set in a game, and what is refused."""

import math

import torch

from gan_helpers import losses

LOSSES = {
    "cross-entropy": losses.bce,
    "minimax": losses.minimax,
    "least squares": losses.least_squares,
    "Wasserstein": losses.wasserstein,
}
NOISES = {  # what draws it, and how many numbers
    "normal, 2 numbers": (torch.randn, 2),
    "normal, 1 number": (torch.randn, 1),
    "uniform, 2 numbers": (torch.rand, 2),
    "uniform, 1 number": (torch.rand, 1),
}
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
# These may change during a game; the others start a new one.
CHANGEABLE = ("loss", "rate_g", "rate_d", "steps_g", "steps_d")


def check_choice(name, value, choices):
    """Raise ValueError unless `value` is one of the choices."""
    if value not in choices:
        raise ValueError(f"{name} must be one of {', '.join(choices)}, got {value!r}")


def check_whole(name, value, *, least):
    """Raise ValueError unless `value` is a whole number from `least`."""
    if not isinstance(value, int) or value < least:
        raise ValueError(f"{name} must be a whole number from {least}, got {value}")


def check_rate(name, rate):
    """Raise ValueError unless `rate` can be a learning rate."""
    if not 0 < rate < math.inf:
        raise ValueError(f"{name} must be above 0 and finite, got {rate}")
