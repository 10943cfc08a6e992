"""The game and its pictures: numbers worked out by hand, and a step back that is bit-equal."""

import math

import pytest
import torch
from torch import nn

from gan_helpers import game
from gan_helpers.game import clouds, engine, view


def state(playing):
    """A copy of all that a game consists of, as a flat list of tensors."""
    leaves = [playing._random.get_state(), torch.tensor(playing.history.step)]
    for part in playing._parts().values():
        leaves += torch.utils._pytree.tree_leaves(part.state_dict())
    return [torch.as_tensor(x).clone() for x in leaves if isinstance(x, (torch.Tensor, int, float))]


def equal(first, second):
    return len(first) == len(second) and all(
        torch.equal(a, b) for a, b in zip(first, second, strict=True)
    )


def weights(net):
    return [weight.detach().clone() for weight in net.parameters()]


def linear(*rows):
    """A net without bias: its outputs are these combinations of its inputs; one row: scores [B]."""
    layer = nn.Linear(2, len(rows), bias=False)
    with torch.no_grad():
        layer.weight.copy_(torch.tensor(rows))
    return nn.Sequential(layer, nn.Flatten(0)) if len(rows) == 1 else nn.Sequential(layer)


@pytest.mark.parametrize("loss", game.LOSSES)
def test_five_forward_five_back_five_forward_are_bit_equal(loss):
    playing = game.Game(seed=3, loss=loss, steps_g=2)
    playing.play(7)
    states = [state(playing)]
    for _ in range(5):
        playing.play()
        states.append(state(playing))
    losses = {name: list(values) for name, values in playing.history.values.items()}
    for expected in states[-2::-1]:
        playing.back()
        assert equal(state(playing), expected)
    for expected in states[1:]:
        playing.play()
        assert equal(state(playing), expected)
    assert playing.history.values == losses
    for expected in states[-2::-1]:  # once more: what is kept was not touched by playing on from it
        playing.back()
        assert equal(state(playing), expected)
    assert not equal(states[0], states[1]), "the comparison can fail"


def test_a_step_changes_one_net():
    playing = game.Game()
    g, d = weights(playing.G), weights(playing.D)
    playing.play_d()
    assert equal(weights(playing.G), g) and not equal(weights(playing.D), d)
    assert set(playing.history.values) == {"d_loss", "score_real", "score_fake"}
    d = weights(playing.D)
    playing.play_g()
    assert equal(weights(playing.D), d) and not equal(weights(playing.G), g)
    assert playing.history.steps == {
        "d_loss": [1],
        "score_real": [1],
        "score_fake": [1],
        "g_loss": [2],
    }


def test_a_turn_in_phases_is_the_turn_at_once():
    slow, quick = game.Game(steps_d=2), game.Game(steps_d=2)
    captions = [phase.caption for phase in slow.phases()]
    quick.play()
    assert equal(state(slow), state(quick))
    assert [caption.split()[0] for caption in captions] == ["G", "D", "D"] * 2 + ["G", "D's", "G"]
    assert len(quick.history["d_loss"]) == 2 and len(quick.history["g_loss"]) == 1


def test_settings_may_change_during_a_game():
    playing = game.Game(steps_g=0, rate_d=1e-3)
    g = weights(playing.G)
    d = torch.cat([w.flatten() for w in weights(playing.D)])
    playing.play()
    after = torch.cat([w.flatten() for w in weights(playing.D)])
    assert equal(weights(playing.G), g)
    # Adam's first step is as long as its rate.
    assert (after - d).abs().max() == pytest.approx(1e-3, rel=1e-2)
    playing.back()
    playing.rate_d = 0.5
    playing.play()
    after = torch.cat([w.flatten() for w in weights(playing.D)])
    assert (after - d).abs().max() == pytest.approx(0.5, rel=1e-2)


def test_a_wasserstein_critic_is_clipped():
    playing = game.Game(loss="Wasserstein", rate_d=0.1)
    playing.play_d()
    assert max(weight.abs().max() for weight in weights(playing.D)) == pytest.approx(engine.CLIP)
    playing.loss = "cross-entropy"
    playing.play_d()
    assert max(weight.abs().max() for weight in weights(playing.D)) > engine.CLIP


def test_the_global_generator_is_left_alone():
    torch.manual_seed(5)
    before = torch.get_rng_state()
    first = game.Game(seed=1)
    first.play()
    assert torch.equal(torch.get_rng_state(), before)
    torch.manual_seed(6)
    second = game.Game(seed=1)
    second.play()
    assert equal(state(first), state(second)) and not equal(state(first), state(game.Game(seed=2)))


def test_looking_on_changes_nothing():
    playing = game.Game(seed=1)
    playing.play(2)
    before = state(playing)
    playing.note_divergence(), playing.push(), playing.modes(), playing.arrows(playing.fakes(5))
    view.LiveFigure().png(playing, title="", show_arrows=True)
    view.describe(playing)
    assert equal(state(playing), before)
    fresh = game.Game()
    fresh.push(), fresh.arrows(fresh.fakes(5))
    assert all(weight.grad is None for net in (fresh.G, fresh.D) for weight in net.parameters())


def test_a_new_future_takes_the_place_of_the_old_one():
    playing = game.Game()
    for _ in range(4):
        playing.play()
        playing.note_divergence()
        playing.note_divergence()  # a board may be drawn twice
    assert playing.history.steps["divergence"] == [1, 2, 3, 4]
    playing.go_to(1)
    assert playing.position == 1 and playing.history.step == 1 and len(playing.kept) == 5
    playing.go_to(4)
    assert playing.history.step == 4, "the later moments stay until the next move"
    playing.go_to(1)
    playing.play()
    assert [moment["step"] for moment in playing.kept] == [0, 1, 2] and playing.position == 2
    assert playing.history.steps["d_loss"] == [1, 2] and len(playing.history["d_loss"]) == 2
    assert playing.history.steps["divergence"] == [1]


def test_back_undoes_an_unfinished_turn_first():
    playing = game.Game()
    playing.play()
    before = state(playing)
    phases = playing.phases()
    for _ in range(3):
        next(phases)
    assert not equal(state(playing), before)
    playing.back()
    assert equal(state(playing), before)
    playing.back()
    with pytest.raises(ValueError, match="this is the start"):
        playing.back()


def test_beyond_200_moments_every_second_of_the_older_ones_goes():
    playing = game.Game(width_g=2, width_d=2, batch_size=1)
    for _ in range(engine.KEPT - 1):
        playing.play()
    assert [moment["step"] for moment in playing.kept] == list(range(200))
    playing.play()
    steps = [moment["step"] for moment in playing.kept]
    assert steps == [0, *range(1, 100, 2), *range(101, 201)] and playing.position == 150


def test_what_is_kept_is_bounded():
    playing = game.Game(width_g=2, width_d=2, batch_size=1)
    for _ in range(2 * engine.KEPT):
        playing.play()
    steps = [moment["step"] for moment in playing.kept]
    assert steps == sorted(set(steps)), "each moment once"
    assert len(steps) <= engine.KEPT and steps[0] == 0 and playing.position == len(steps) - 1
    assert steps[-engine.KEPT // 4 :] == list(
        range(2 * engine.KEPT - engine.KEPT // 4 + 1, 2 * engine.KEPT + 1)
    )


def test_a_game_that_blows_up_says_so_and_can_go_back():
    playing = game.Game()
    playing.play()
    before = state(playing)
    with torch.no_grad():
        playing.G[0].weight.fill_(math.nan)
    with pytest.raises(ValueError, match="step back and choose a smaller learning rate"):
        playing.play()
    playing.back()
    assert equal(state(playing), before)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"data": "circle"}, "data must be one of line, mixture, ring, disjoint, got 'circle'"),
        ({"noise": "pink"}, "noise must be one of"),
        ({"loss": "hinge"}, "loss must be one of"),
        ({"width_g": 0}, "width_g must be a whole number from 1, got 0"),
        ({"width_d": 1.5}, "width_d must be a whole number from 1, got 1.5"),
    ],
)
def test_settings_that_make_no_game_are_refused(settings, words):
    with pytest.raises(ValueError, match=words):
        game.Game(**settings)


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("rate_g", 0.0, "G's learning rate must be above 0 and finite, got 0.0"),
        ("rate_d", math.nan, "D's learning rate must be above 0 and finite, got nan"),
        ("rate_d", math.inf, "D's learning rate must be above 0 and finite, got inf"),
        ("steps_g", -1, "G's steps a turn must be a whole number from 0, got -1"),
        ("steps_d", 1.5, "D's steps a turn must be a whole number from 0, got 1.5"),
        ("loss", "hinge", "loss must be one of cross-entropy"),
    ],
)
def test_settings_that_were_changed_are_checked_before_the_move(name, value, words):
    playing = game.Game()
    before = state(playing)
    setattr(playing, name, value)
    with pytest.raises(ValueError, match=words):
        playing.play()
    assert equal(state(playing), before)


def test_modes_on_asymmetric_points():
    data = clouds.Data(torch.tensor([[0.0, 0.0], [2.0, 0.0], [0.0, 2.0]]), torch.ones(3), 0.1)
    points = torch.tensor(
        [[0.0, 0.29]] * 150 + [[2.29, 0.0]] * 2 + [[2.31, 0.0]] * 47 + [[0.0, 2.0]]
    )
    # 200 points: 150 in the first, 2 (one in a hundred) just within three deviations of the second,
    # 1 in the third.
    assert game.count_modes(points, data) == 2
    assert game.count_modes(points[:151], data) == 1
    assert game.count_modes(points[-48:], data) == 1  # 1 of 48 is more than one in a hundred
    square = clouds.Data(torch.tensor([[0.0, 0.0]]), torch.ones(1), 0.5, "square")
    assert game.count_modes(torch.tensor([[0.49, 0.49]]), square) == 1  # the corner lies 0.707 away


def test_divergence():
    p, q = torch.tensor([1.0, 1.0]), torch.tensor([7.0, 0.0])
    assert game.js_divergence(p, 3 * p) == pytest.approx(0, abs=1e-12)
    apart = torch.tensor([2.0, 0.0, 0.0]), torch.tensor([0.0, 3.0, 0.0])
    assert game.js_divergence(*apart) == pytest.approx(math.log(2))
    # p = (½, ½), q = (1, 0), m = (¾, ¼): ½ (½ log ⅔ + ½ log 2) + ½ log 4/3
    assert game.js_divergence(p, q) == pytest.approx(0.25 * math.log(4 / 3) + 0.5 * math.log(4 / 3))
    assert game.js_divergence(p, q) == pytest.approx(game.js_divergence(q, p))


def test_grid_counts_columns_from_the_left_rows_from_below():
    counts = game.grid_counts(torch.tensor([[-2.9, 2.9], [-2.9, 2.9], [0.01, -9.0]]))
    assert counts.sum() == 3 and counts[0, 19] == 2 and counts[10, 0] == 1


@pytest.mark.parametrize("name", game.DATA)
def test_data_lie_in_their_clouds(name):
    data = game.DATA[name]
    points = data.sample(4000, torch.Generator().manual_seed(0))
    distance, nearest = torch.cdist(points, data.centres).min(1)
    assert points.shape == (4000, 2) and points.abs().max() < clouds.EDGE
    assert (distance <= data.reach).float().mean() > 0.98  # a circle of 3 deviations holds 98.9 %
    if name == "mixture":
        shares = torch.bincount(nearest, minlength=3) / 4000
        assert torch.allclose(shares, torch.tensor([0.5, 0.3, 0.2]), atol=0.03)
    if name == "ring":
        assert game.count_modes(points, data) == 10
        assert torch.allclose(data.centres.norm(dim=1), torch.tensor(2.0))


def test_drawing():
    data = clouds.drawing([(0, 6), (3, 3), (0, 6)])
    points = data.sample(500, torch.Generator().manual_seed(0))
    upper_left = (points[:, 0] < -15 / 7) & (points[:, 1] > 15 / 7)  # a cell is 6/7 wide
    middle = (points.abs() < 3 / 7).all(1)
    assert (upper_left | middle).all() and 200 < upper_left.sum() < 300
    assert game.Game(data).modes() is not None and game.Game("line").modes() is None
    with pytest.raises(ValueError, match="the drawing is empty"):
        clouds.drawing([])
    with pytest.raises(ValueError, match="a pair of numbers from 0 to 6"):
        clouds.drawing([(0, 7)])


def test_belief_has_columns_along_x_and_rows_along_y():
    playing = game.Game()
    playing.D = linear([1.0, 0.0])
    belief = playing.belief(size=6)  # centres of the cells: ±0.5, ±1.5, ±2.5
    assert torch.allclose(
        belief, torch.tensor([-2.5, -1.5, -0.5, 0.5, 1.5, 2.5]).sigmoid().expand(6, 6)
    )
    playing.D = linear([0.0, 1.0])
    assert torch.equal(playing.belief(size=6), belief.T)
    playing.loss = "Wasserstein"  # no probability: from the lowest score to the highest
    assert torch.allclose(playing.belief(size=6)[:, 0], torch.linspace(0, 1, 6))


@pytest.mark.parametrize(
    ("loss", "length"),
    [("Wasserstein", 2.0), ("cross-entropy", 1.0), ("minimax", 1.0), ("least squares", 2.0)],
)
def test_arrows_are_minus_the_gradient_of_a_points_own_loss(loss, length):
    playing = game.Game(loss=loss)
    playing.D = linear([2.0, 0.0])
    # Their scores are 0; slopes -1, -½, -½, -1.
    arrows = playing.arrows(torch.tensor([[0.0, 1.0], [0.0, -1.0], [0.0, 5.0]]))
    assert torch.allclose(arrows, torch.tensor([[length, 0.0]]).expand(3, 2))


def test_push_by_hand():
    playing = game.Game(loss="Wasserstein")
    playing.G, playing.D = nn.Linear(2, 2), linear([1.0, 0.0])
    # The loss is minus the mean of the first output: by its bias -1, by its two weights minus the
    # mean of z.
    assert playing.push() == pytest.approx(
        math.sqrt(1 + playing.shown_z.mean(0).square().sum().item()), rel=1e-5
    )


def test_noise():
    for name, (low, size) in {"uniform, 1 number": (0, 1), "normal, 2 numbers": (-5, 2)}.items():
        playing = game.Game(noise=name)
        assert (
            playing.shown_z.shape == (engine.SAMPLES, size)
            and low <= playing.shown_z.min() < low + 4
        )
        assert playing.fakes(7).shape == (7, 2)
        curves = view.manifold(playing)
        assert len(curves) == (1 if size == 1 else 22) and curves[0].shape == (25, 2)


def test_bilinear_game():
    assert game.bilinear(1, 1, step=1, rounds=6) == [
        (1, 1),
        (-1, 2),
        (-2, 1),
        (-1, -1),
        (1, -2),
        (2, -1),
        (1, 1),
    ]
    assert game.bilinear(1, 1, step=1, rounds=2, together=True) == [(1, 1), (0, 2), (-2, 2)]
    assert game.bilinear(1, 1, step=0.5, rounds=1) == [(1, 1), (0.25, 1.5)]


def test_film_shows_moments_and_puts_the_game_back():
    playing = game.Game()
    playing.play()
    playing.play()
    before = state(playing)
    fig = game.film(
        playing, [("last", 2), ("first", 0)], note=lambda now: f"turn {now.history.step}"
    )
    assert [axis.get_title() for axis in fig.axes] == ["last", "first"]
    assert [axis.get_xlabel() for axis in fig.axes] == ["turn 2", "turn 0"]
    assert equal(state(playing), before)


def test_board_shows_the_batch_of_a_phase():
    playing = game.Game(batch_size=9)
    drawn = view.LiveFigure()
    drawn.png(playing, title="")
    assert len(drawn.board.fake.get_xdata()) == view.SHOWN and not len(
        drawn.board.arrows.get_segments()
    )
    seen = {}
    for phase in playing.phases():
        assert drawn.png(playing, title="", phase=phase).startswith(b"\x89PNG")
        board = drawn.board
        seen[phase.caption] = [
            len(board.real.get_xdata()),
            len(board.fake.get_xdata()),
            len(board.arrows.get_segments()),
        ]
    assert list(seen.values()) == [[0, 9, 0], [9, 9, 0], [9, 9, 0], [0, 9, 0], [0, 9, 9], [0, 9, 0]]


def test_an_arrow_ends_in_the_point_of_its_head():
    playing = game.Game(loss="Wasserstein")
    board = view.LiveFigure().board
    # Arrows are half the gradient: the first is cut at 0.7, the second shorter than a head.
    for slope, length in {4.0: 0.7, 0.2: 0.1}.items():
        playing.D = linear([0.0, slope])
        board.update(playing, show_arrows=True)
        start, end = board.arrows.get_segments()[0]
        head = board.heads.get_paths()[0].vertices
        assert list(end - start) == pytest.approx([0, length], abs=1e-5)
        assert list(head[0]) == pytest.approx(list(end))
        back = min(view.HEAD, length)
        assert list(head[1:3, 1]) == pytest.approx([end[1] - back] * 2, abs=1e-5)
    board.update(playing)
    assert not board.heads.get_paths() and not len(board.arrows.get_segments())


def test_curves_end_at_the_present_moment():
    playing = game.Game(steps_g=2)
    playing.play(3)
    playing.play(2)
    assert view.curve(playing.history, "g_loss")[0] == [1, 1, 2, 2, 3, 3, 4, 4, 5, 5]
    playing.back()
    steps, values = view.curve(playing.history, "g_loss")
    assert steps == [1, 1, 2, 2, 3, 3] and values == playing.history["g_loss"][:6]
    assert view.curve(playing.history, "divergence") == ([], [])
    assert len(view.curve(playing.history, "g_loss", most=3)[0]) == 3


def test_description_in_words():
    playing = game.Game("mixture")
    assert view.describe(playing).startswith("Turn 0, the fakes hold ")
    playing.play()
    words = view.describe(playing)
    assert "of 3 clouds" in words and f"D's loss {playing.history['d_loss'][0]:.3f}" in words
    playing.loss = "Wasserstein"
    assert "on average" not in view.describe(playing), "a critic's scores are no probabilities"


def test_spiral_names_a_point_that_is_reached_again():
    fig = game.spiral_figure({"in turn": game.bilinear(1, 1, step=1, rounds=6)})
    assert [text.get_text() for text in fig.axes[0].texts] == ["0, 6", "1", "2", "3", "4", "5"]
