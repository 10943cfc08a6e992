"""The real points of the game: clouds in the plane, and two ways to compare points with them."""

import math
from typing import NamedTuple

import torch

from gan_helpers import data

EDGE = 3.0  # the plane that is shown reaches from -3 to 3 on both axes
CELLS = 7  # a drawing has 7 × 7 cells


class Data(NamedTuple):
    """Clouds of points: a share (weight), a centre and a spread each."""

    centres: torch.Tensor  # [K, 2]
    weights: torch.Tensor  # [K]
    spread: float  # a normal cloud's deviation, half the side of a square
    shape: str = "normal"  # or "square"

    def sample(self, count, generator):
        """Points [count, 2]."""
        cloud = torch.multinomial(self.weights, count, replacement=True, generator=generator)
        if self.shape == "square":
            around = 2 * torch.rand(count, 2, generator=generator) - 1
        else:
            around = torch.randn(count, 2, generator=generator)
        return self.centres[cloud] + self.spread * around

    @property
    def reach(self):
        """How far from its centre a point still belongs to a cloud.

        Three deviations; of a square, its corner.
        """
        return self.spread * (math.sqrt(2) if self.shape == "square" else 3)


def _line():
    along = torch.linspace(-2, 2, 81)
    return Data(torch.stack([along, along / 2], 1), torch.ones(81), 0.05)


def _mixture():
    centres = torch.tensor([[-1.5, -1.0], [1.5, -0.5], [0.0, 1.7]])
    return Data(centres, torch.tensor([0.5, 0.3, 0.2]), 0.25)


def _disjoint():
    return Data(torch.tensor([[-1.5, 1.0], [1.5, -1.0]]), torch.ones(2), 0.5, "square")


DATA = {
    "line": _line(),
    "mixture": _mixture(),
    "ring": Data(data.ring_centres(10), torch.ones(10), 0.1),
    "disjoint": _disjoint(),
}


def drawing(cells):
    """Data from a drawing: `cells` are (column, row) from the lower left, 0 … 6.

    Each is filled evenly. Raises ValueError where there is none, or one outside the drawing.
    """
    cells = sorted(set(cells))
    if not cells:
        raise ValueError("the drawing is empty: fill at least one cell")
    if not all(0 <= number < CELLS for cell in cells for number in cell):
        raise ValueError(f"a cell is a pair of numbers from 0 to {CELLS - 1}, got {cells}")
    half = EDGE / CELLS
    centres = (2 * torch.tensor(cells) + 1) * half - EDGE
    return Data(centres, torch.ones(len(cells)), half, "square")


def count_modes(points, data):
    """How many clouds of `data` hold at least one in a hundred of the points [N, 2].

    Each point counts for the nearest cloud, if it lies within its reach.
    """
    distance, nearest = torch.cdist(points, data.centres).min(1)
    held = torch.bincount(nearest[distance <= data.reach], minlength=len(data.centres))
    return int((held >= len(points) / 100).sum())


def grid_counts(points, size=20):
    """How many points [N, 2] lie in each cell of the plane: [size, size], column first.

    Those outside count at its edge.
    """
    cell = ((points + EDGE) / (2 * EDGE) * size).long().clamp(0, size - 1)
    return torch.bincount(cell[:, 0] * size + cell[:, 1], minlength=size * size).view(size, size)


def js_divergence(p, q):
    """Jensen-Shannon divergence of two histograms of one shape, in nats.

    0 where they agree, log 2 where no cell is in both.
    """
    p = p.double() / p.sum()
    q = q.double() / q.sum()
    middle = (p + q) / 2
    to_middle = torch.xlogy(p, p / middle).nansum() + torch.xlogy(q, q / middle).nansum()
    return to_middle.item() / 2
