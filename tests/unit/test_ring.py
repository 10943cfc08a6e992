"""data.ring_centres: clouds on a circle."""

import math

import pytest
import torch

from gan_helpers import data


def test_four_centres_by_hand():
    centres = data.ring_centres(4, radius=3.0)
    expected = torch.tensor([[3.0, 0.0], [0.0, 3.0], [-3.0, 0.0], [0.0, -3.0]])
    assert torch.allclose(centres, expected, atol=1e-6)


@pytest.mark.parametrize("clouds", [8, 10])
def test_the_rings_of_the_lessons_bit_for_bit(clouds):
    angles = torch.arange(clouds) * 2 * math.pi / clouds
    by_hand = 2 * torch.stack([angles.cos(), angles.sin()], 1)
    assert torch.equal(data.ring_centres(clouds), by_hand)
