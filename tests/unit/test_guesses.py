"""gan_helpers/guesses.py: labels read from the digits alone, and the generator that draws them."""

import math

import pytest
import torch

from gan_helpers import data, guesses, networks


def crowds(sizes, seed=0):
    """Pictures uint8 [N, 6, 6] of crowds of these sizes, and the crowd int64 [N] of each.

    Each crowd has a picture of its own, to which noise is added; shuffled.
    """
    generator = torch.Generator().manual_seed(seed)
    crowd = torch.repeat_interleave(torch.arange(len(sizes)), torch.tensor(sizes))
    crowd = crowd[torch.randperm(len(crowd), generator=generator)]
    middle = torch.rand(len(sizes), 6, 6, generator=generator)
    noise = torch.rand(len(crowd), 6, 6, generator=generator)
    pictures = (0.7 * middle[crowd] + 0.3 * noise) * 255
    return pictures.to(torch.uint8), crowd


def test_separate_crowds_are_found():
    pictures, crowd = crowds([200, 90, 60])
    labels = guesses.guess_labels(pictures, kinds=3)
    pairs = set(zip(labels.tolist(), crowd.tolist(), strict=True))
    assert len(pairs) == 3, "each crowd has one label, and each label one crowd"
    assert labels.dtype == torch.int64 and labels.shape == (350,)


def test_the_same_seed_gives_the_same_labels_and_draws_no_global_numbers():
    pictures, _ = crowds([40, 40])
    torch.manual_seed(1)
    expected = torch.rand(1)
    torch.manual_seed(1)
    first = guesses.guess_labels(pictures, kinds=4, seed=3)
    assert torch.equal(torch.rand(1), expected)
    assert torch.equal(first, guesses.guess_labels(pictures, kinds=4, seed=3))


def test_digits_of_a_kind_are_mostly_the_same_digit():
    """0.97 of 50,000 digits show their kind's digit (benchmarks/RACE.md); of few, fewer."""
    digits, labels = (part[:4000] for part in data.mnist("train"))
    guessed = guesses.guess_labels(digits)
    table = torch.zeros(guesses.KINDS, 10)
    table.index_put_((guessed, labels), torch.ones(len(labels)), accumulate=True)
    assert table.amax(1).sum() / len(labels) > 0.8
    assert (table.sum(1) > 0).all(), "no kind is empty"


@pytest.mark.parametrize(("rows", "groups", "group"), [(4, 40, 7), (3, 2, 50), (2, 9, 1)])
def test_the_smallest_of_rows_with_many_and_few_groups(rows, groups, group):
    generator = torch.Generator().manual_seed(group)
    table = torch.randn(rows, groups * group, generator=generator)
    smallest = table.gather(1, guesses.smallest(table, 5, group))
    expected = table.topk(5, largest=False).values
    assert torch.equal(smallest.sort(1).values, expected.sort(1).values)


def test_neighbours_by_hand():
    points = torch.tensor([[0.0], [1.0], [3.0], [7.0], [15.0], [31.0], [63.0]])
    neighbours = guesses.nearest(points)
    assert [sorted(row) for row in neighbours.tolist()] == [
        [1, 2, 3, 4, 5],
        [0, 2, 3, 4, 5],
        [0, 1, 3, 4, 5],
        [0, 1, 2, 4, 5],
        [0, 1, 2, 3, 5],
        [0, 1, 2, 3, 4],
        [1, 2, 3, 4, 5],
    ], "no point is a neighbour of its own, and the last is nobody's"


def test_neighbours_of_many_points_are_the_nearest(monkeypatch):
    monkeypatch.setattr(guesses, "GROUPS", 8)
    monkeypatch.setattr(guesses, "ROWS", 10)
    points = torch.randn(123, 4, generator=torch.Generator().manual_seed(0))
    distances = torch.cdist(points, points).fill_diagonal_(torch.inf)
    expected = distances.topk(guesses.NEIGHBOURS, largest=False).indices
    assert torch.equal(guesses.nearest(points).sort(1).values, expected.sort(1).values)


def bar(slope, shift):
    """A picture [1, 28, 28] of a stroke with this slope, `shift` pixels from the middle."""
    y = torch.arange(28.0)[:, None]
    x = torch.arange(28.0)[None, :]
    across = x - 13.5 - shift - slope * (y - 13.5)
    return ((across.abs() < 2.5) & ((y - 13.5).abs() < 9)).float()[None]


@pytest.mark.parametrize(("slope", "shift"), [(0.5, 0), (-0.4, 3), (0.3, -4), (0, 2)])
def test_slanted_strokes_are_set_upright_in_the_middle(slope, shift):
    upright = guesses.upright(bar(slope, shift))
    assert upright.shape == (1, 28, 28)
    assert (upright - bar(0, 0)).abs().mean() < 0.03 < (bar(slope, shift) - bar(0, 0)).abs().mean()
    assert torch.allclose(guesses.upright(bar(0, 0)), bar(0, 0), atol=1e-4), "it stands already"


def test_an_empty_picture_stays_empty():
    assert torch.equal(guesses.upright(torch.zeros(2, 28, 28)), torch.zeros(2, 28, 28))


def test_ties_by_hand():
    # 0 and 1 name each other, 2 names 0: ties 0-1 twice, 0-2 once.
    ties = guesses.tie(torch.tensor([[1], [0], [0]])).to_dense()
    root = math.sqrt
    assert torch.allclose(
        ties,
        torch.tensor(
            [
                [0, 2 / root(3 * 2), 1 / root(3 * 1)],
                [2 / root(3 * 2), 0, 0],
                [1 / root(3 * 1), 0, 0],
            ]
        ),
    )
    assert torch.linalg.eigvalsh(ties).max() == pytest.approx(1)


@pytest.mark.parametrize(
    ("digits", "reason"),
    [
        (torch.zeros(300, 28, 28), r"uint8 \[N, H, W\].*float32"),
        (torch.zeros(300, 784, dtype=torch.uint8), r"got torch.uint8 \[300, 784\]"),
        (torch.zeros(199, 28, 28, dtype=torch.uint8), "20 kinds need at least 200 digits, got 199"),
    ],
)
def test_what_cannot_be_guessed_from(digits, reason):
    with pytest.raises(ValueError, match=reason):
        guesses.guess_labels(digits)


class Told(torch.nn.Module):
    """A generator that shows the label it was told, and the noise that it got."""

    classes, latent_dim = 3, 2

    def forward(self, z, one_hot):
        assert one_hot.dtype == z.dtype and (one_hot.sum(1) == 1).all()
        return torch.cat([one_hot, z], 1)


def test_labels_are_drawn_with_their_shares():
    shares = torch.tensor([0.7, 0.1, 0.2])
    G = guesses.ChoosingGenerator(Told(), shares)
    z = networks.noise(40_000, G.latent_dim, seed=5)
    told = G(z)
    assert G.latent_dim == 5 and G.classes == 0
    assert torch.equal(told[:, 3:], z[:, 3:]), "what does not choose goes on to the generator"
    assert torch.allclose(told[:, :3].mean(0), shares, atol=0.01)  # deviation 0.0023
    dependence = torch.corrcoef(torch.cat([told[:, :3], z[:, 3:]], 1).T)[:3, 3:]
    assert dependence.abs().max() < 0.03


def test_equal_shares_choose_the_largest_and_a_share_of_none_never_comes():
    G = guesses.ChoosingGenerator(Told(), torch.ones(3))
    z = torch.tensor([[-3.0, -2.0, -2.5, 0, 0], [9.0, 8.0, 2.0, 0, 0], [0.1, 0.2, 0.3, 0, 0]])
    assert G(z)[:, :3].argmax(1).tolist() == [1, 0, 2]
    never = guesses.ChoosingGenerator(Told(), torch.tensor([1.0, 0.0, 1.0]))
    assert G(z)[0, 1] == 1 and never(z)[0, 1] == 0


@pytest.mark.parametrize("shares", [torch.ones(2), torch.tensor([1.0, -1, 1]), torch.zeros(3)])
def test_shares_that_are_none(shares):
    with pytest.raises(ValueError, match="shares must be 3 numbers, one a class"):
        guesses.ChoosingGenerator(Told(), shares)


def test_wrong_noise():
    with pytest.raises(ValueError, match=r"takes z \[B, 5\]; got \[4, 2\]"):
        guesses.ChoosingGenerator(Told(), torch.ones(3))(torch.zeros(4, 2))
