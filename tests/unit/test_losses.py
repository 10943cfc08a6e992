"""losses.py against numbers worked out by hand."""

import math

import pytest
import torch
from torch import nn

from gan_helpers import losses

LOG2, LOG4 = math.log(2), math.log(4)
REAL = torch.tensor([2.0, 0.0])
FAKE = torch.tensor([-1.0, 3.0])
NAMES = ["bce", "minimax", "least_squares", "wasserstein", "hinge", "softmax_gan"]
PAIRS = [getattr(losses, name)() for name in NAMES]


def softplus(s):
    return math.log1p(math.exp(s))


# Asymmetric scores: a swapped argument, sign or target gives another number.
@pytest.mark.parametrize(
    "pair, d_loss, g_loss",
    [
        (
            losses.bce(),
            (softplus(-2) + LOG2) / 2 + (softplus(-1) + softplus(3)) / 2,
            (softplus(1) + softplus(-3)) / 2,
        ),
        (
            losses.minimax(),
            (softplus(-2) + LOG2) / 2 + (softplus(-1) + softplus(3)) / 2,
            -(softplus(-1) + softplus(3)) / 2,
        ),
        (losses.least_squares(), 0.5 * (1 + 1) / 2 + 0.5 * (1 + 9) / 2, 0.5 * (4 + 4) / 2),
        (losses.wasserstein(), 1.0 - 1.0, -1.0),
        (losses.hinge(), (0 + 1) / 2 + (0 + 4) / 2, -1.0),
    ],
    ids=NAMES[:-1],
)
def test_pairs_by_hand(pair, d_loss, g_loss):
    of_pair = pair.discriminator(real=REAL, fake=FAKE)
    assert of_pair.item() == pytest.approx(d_loss, abs=1e-6)
    assert pair.generator(fake=FAKE).item() == pytest.approx(g_loss, abs=1e-6)


def test_wasserstein_signs():
    pair = losses.wasserstein()
    assert pair.discriminator(real=torch.tensor([5.0]), fake=torch.tensor([2.0])).item() == -3.0
    assert pair.generator(fake=torch.tensor([2.0])).item() == -2.0


@pytest.mark.parametrize(
    "pair, right, swapped",
    [
        # Two real scores of 2 and three fake ones of -1.
        (losses.bce(), softplus(-2) + softplus(-1), softplus(1) + softplus(2)),
        (losses.minimax(), softplus(-2) + softplus(-1), softplus(1) + softplus(2)),
        (losses.least_squares(), 0.5 * 1 + 0.5 * 1, 0.5 * 4 + 0.5 * 4),
        (losses.wasserstein(), -1.0 - 2.0, 2.0 + 1.0),
        (losses.hinge(), 0.0 + 0.0, 2.0 + 3.0),
        (
            losses.softmax_gan(),
            math.log(2 * math.exp(2) + 3 * math.exp(-1)) - 2,
            math.log(2 * math.exp(2) + 3 * math.exp(-1)) + 1,
        ),
    ],
    ids=NAMES,
)
def test_real_and_fake_swapped_is_another_number(pair, right, swapped):
    of_real = torch.full((2,), 2.0)
    of_fake = torch.full((3,), -1.0)
    assert pair.discriminator(real=of_real, fake=of_fake).item() == pytest.approx(right, abs=1e-6)
    assert pair.discriminator(real=of_fake, fake=of_real).item() == pytest.approx(swapped, abs=1e-6)


@pytest.mark.parametrize("pair", PAIRS, ids=NAMES)
def test_a_loss_takes_no_positional_argument(pair):
    for call in (
        lambda: pair.discriminator(REAL, FAKE),
        lambda: pair.discriminator(REAL, fake=FAKE),
        lambda: pair.generator(FAKE),
        lambda: pair.generator(FAKE, real=REAL),
    ):
        with pytest.raises(TypeError, match="positional argument"):
            call()


@pytest.mark.parametrize("pair", PAIRS, ids=NAMES)
def test_a_pair_on_scores_reads_no_labels(pair):
    strange = torch.tensor([[99.0]])
    for loss in pair:
        plain = loss(real=REAL, fake=FAKE)
        assert torch.equal(loss(real=REAL, fake=FAKE, labels=strange), plain)


@pytest.mark.parametrize("pair", PAIRS[:-1], ids=NAMES[:-1])
def test_only_softmax_gan_gives_g_the_real_scores(pair):
    assert torch.equal(pair.generator(fake=FAKE, real=REAL), pair.generator(fake=FAKE))


@pytest.mark.parametrize(
    "pair, score, d_loss, g_loss",
    [
        (losses.bce(), 0.0, LOG4, LOG2),
        (losses.minimax(), 0.0, LOG4, -LOG2),
        (losses.least_squares(), 0.5, 0.25, 0.125),
        (losses.wasserstein(), 0.7, 0.0, -0.7),
        (losses.hinge(), 0.0, 2.0, 0.0),
    ],
    ids=NAMES[:-1],
)
def test_equilibrium(pair, score, d_loss, g_loss):
    scores = torch.full((3,), score)
    of_pair = pair.discriminator(real=scores, fake=scores)
    assert of_pair.item() == pytest.approx(d_loss, abs=1e-6)
    assert pair.generator(fake=scores).item() == pytest.approx(g_loss, abs=1e-6)


def test_smoothed_targets_move_the_optimum():
    """With real target 0.9 the best D of like real and fake says 0.45: losses 1.376 and 0.799."""
    pair = losses.bce(real=0.9)
    score = torch.tensor([math.log(0.45 / 0.55)], requires_grad=True)
    d_loss = pair.discriminator(real=score, fake=score)
    d_loss.backward()
    assert d_loss.item() == pytest.approx(1.3763, abs=1e-4)
    assert pair.generator(fake=score).item() == pytest.approx(0.7985, abs=1e-4)
    assert score.grad.item() == pytest.approx(0, abs=1e-6)


def test_each_target_reaches_its_own_term():
    zero = torch.zeros(1)
    three = torch.tensor([3.0])
    of_fake = losses.bce(fake=0.2).discriminator(real=zero, fake=three)
    assert of_fake.item() == pytest.approx(LOG2 + softplus(3) - 0.6, abs=1e-6)
    of_real = losses.bce(real=0.7).discriminator(real=three, fake=zero)
    assert of_real.item() == pytest.approx(softplus(3) - 2.1 + LOG2, abs=1e-6)
    of_g = losses.bce(generator=0.8).generator(fake=three)
    assert of_g.item() == pytest.approx(softplus(3) - 2.4, abs=1e-6)


@pytest.mark.parametrize(
    "pair, score, slope",
    [
        (losses.bce(), -25.0, -1.0),  # -log(sigmoid + 1e-8) has -0.0014 here
        (losses.bce(), -1.0, -1 / (1 + math.exp(-1))),
        (losses.minimax(), -25.0, 0.0),
        (losses.minimax(), 3.0, -1 / (1 + math.exp(-3))),
        (losses.least_squares(), -3.0, -4.0),
        (losses.wasserstein(), -25.0, -1.0),
        (losses.hinge(), 25.0, -1.0),
    ],
)
def test_generator_gradient_at_a_score(pair, score, slope):
    fake_score = torch.tensor([score], requires_grad=True)
    pair.generator(fake=fake_score).backward()
    assert fake_score.grad.item() == pytest.approx(slope, abs=1e-6)


def test_a_fake_scored_17_still_teaches_the_discriminator():
    fake_score = torch.tensor([17.0], requires_grad=True)
    losses.bce().discriminator(real=torch.zeros(1), fake=fake_score).backward()
    assert fake_score.grad.item() == pytest.approx(1.0, abs=1e-6)


@pytest.mark.parametrize("pair", PAIRS, ids=NAMES)
@pytest.mark.parametrize(
    "shape, message",
    [
        ((4, 1), r"scores must have shape \[B\].*got \[4, 1\]: squeeze"),
        ((), r"scores must have shape \[B\].*got \[\]: squeeze"),
        ((4, 10), r"scores must have shape \[B\].*got \[4, 10\]: for class logits take a pair on"),
    ],
)
def test_other_shapes_than_b_are_refused(pair, shape, message):
    good = torch.zeros(4)
    bad = torch.zeros(shape)
    for call in (
        lambda: pair.discriminator(real=bad, fake=good),
        lambda: pair.discriminator(real=good, fake=bad),
        lambda: pair.generator(fake=bad, real=good),
    ):
        with pytest.raises(ValueError, match=message):
            call()


def linear_critic(x):
    """Gradient (3, 4, 0) everywhere: norm 5."""
    return x.flatten(1) @ torch.tensor([3.0, 4.0, 0.0])


def test_penalty_of_a_linear_critic_is_160():
    real, fake = torch.randn(7, 3), torch.randn(7, 3)
    assert losses.gradient_penalty(linear_critic, real, fake).item() == pytest.approx(160, rel=1e-6)
    assert losses.gradient_penalty(linear_critic, real, fake, weight=1.0).item() == pytest.approx(
        16, rel=1e-6
    )


def test_penalty_norm_is_per_image():
    """Image k has gradient norm k + 1: penalties 0, 1, 4, mean 5/3; not so over the batch."""
    factors = torch.tensor([1.0, 2.0, 3.0])
    penalty = losses.gradient_penalty(
        lambda x: x.flatten(1)[:, 0] * factors,
        torch.randn(3, 1, 2, 2),
        torch.randn(3, 1, 2, 2),
        weight=1.0,
    )
    assert penalty.item() == pytest.approx(5 / 3, rel=1e-6)


def test_penalty_points_lie_on_the_line_with_one_uniform_epsilon_per_image():
    seen = []

    def critic(x):
        seen.append(x.detach().clone())
        return x.flatten(1).sum(1)

    losses.gradient_penalty(critic, torch.ones(2000, 1, 2, 2), torch.zeros(2000, 1, 2, 2))
    points = seen[0].flatten(1)  # real 1, fake 0: the point is its epsilon
    assert torch.equal(points, points[:, :1].expand_as(points)), (
        "one epsilon for all pixels of an image"
    )
    epsilon = points[:, 0]
    assert len(epsilon.unique()) > 1900, "not one epsilon for the whole batch"
    assert 0 <= epsilon.min() and epsilon.max() <= 1
    assert epsilon.mean().item() == pytest.approx(0.5, abs=0.03)
    assert epsilon.var().item() == pytest.approx(1 / 12, abs=0.01)


def test_penalty_trains_the_critic_and_not_the_images():
    critic = nn.Sequential(nn.Flatten(), nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, 1), nn.Flatten(0))
    real, fake = torch.randn(5, 1, 2, 2), torch.randn(5, 1, 2, 2, requires_grad=True)
    losses.gradient_penalty(critic, real, fake).backward()
    assert fake.grad is None
    assert critic[1].weight.grad.abs().sum() > 0


def test_penalty_hands_the_condition_on():
    seen = []
    losses.gradient_penalty(
        lambda x, c: seen.append(c) or x.flatten(1).sum(1),
        torch.ones(2, 3),
        torch.zeros(2, 3),
        torch.eye(2),
    )
    assert torch.equal(seen[0], torch.eye(2))


def test_penalty_at_zero_gradient_is_finite():
    critic = nn.Sequential(nn.Flatten(), nn.Linear(3, 1), nn.Flatten(0))
    nn.init.zeros_(critic[1].weight)
    penalty = losses.gradient_penalty(critic, torch.randn(4, 3), torch.randn(4, 3))
    penalty.backward()
    assert penalty.item() == pytest.approx(10.0)
    assert torch.isfinite(critic[1].weight.grad).all()


def test_penalty_refuses_batchnorm_and_unlike_shapes():
    critic = nn.Sequential(nn.Linear(3, 3), nn.BatchNorm1d(3), nn.Linear(3, 1), nn.Flatten(0))
    with pytest.raises(ValueError, match="BatchNorm.*LayerNorm"):
        losses.gradient_penalty(critic, torch.randn(4, 3), torch.randn(4, 3))
    with pytest.raises(ValueError, match=r"\[4, 3\] and \[2, 3\]"):
        losses.gradient_penalty(linear_critic, torch.randn(4, 3), torch.randn(2, 3))


def test_r1_by_hand():
    """½ · weight · ‖(3, 4, 0)‖² = 12.5 · weight: the norm's square, not its distance from 1."""
    real = torch.randn(7, 3)
    assert losses.r1_penalty(linear_critic, real, weight=1.0).item() == pytest.approx(
        12.5, rel=1e-6
    )
    assert losses.r1_penalty(linear_critic, real).item() == pytest.approx(25, rel=1e-6)


def test_r1_is_taken_per_image_and_at_the_real_images():
    """The gradient of ½‖x‖² is x: the penalty is ½ · mean(1, 4 · 4, 4 · 9) = 53/6 for any fakes."""
    real = torch.tensor([1.0, 2.0, 3.0]).view(3, 1, 1, 1) * torch.tensor([1.0, 0, 0, 0]).view(
        1, 1, 2, 2
    )
    real[1:] = real[1:, :, :1, :1]  # images of one pixel, four pixels, four pixels
    penalty = losses.r1_penalty(
        lambda x: x.flatten(1).square().sum(1) / 2, real, torch.randn(3, 1, 2, 2), weight=1.0
    )
    assert penalty.item() == pytest.approx(53 / 6, rel=1e-6)
    assert not real.requires_grad, "the caller's images stay as they are"


def test_r1_trains_the_discriminator_by_the_second_derivative():
    """½ · w²: its gradient is w = 3, which a penalty without a graph would not give."""
    net = nn.Sequential(nn.Flatten(), nn.Linear(1, 1), nn.Flatten(0))
    nn.init.constant_(net[1].weight, 3.0)
    losses.r1_penalty(net, torch.randn(5, 1), weight=1.0).backward()
    assert net[1].weight.grad.item() == pytest.approx(3.0)


def test_r1_hands_the_condition_on_and_refuses_batchnorm_and_columns():
    seen = []
    losses.r1_penalty(
        lambda x, c: seen.append(c) or x.flatten(1).sum(1), torch.ones(2, 3), None, torch.eye(2)
    )
    assert torch.equal(seen[0], torch.eye(2))
    critic = nn.Sequential(nn.Linear(3, 3), nn.BatchNorm1d(3), nn.Linear(3, 1), nn.Flatten(0))
    with pytest.raises(ValueError, match="BatchNorm.*LayerNorm"):
        losses.r1_penalty(critic, torch.randn(4, 3))
    with pytest.raises(ValueError, match=r"scores must have shape \[B\]"):
        losses.r1_penalty(lambda x: x.flatten(1)[:, :1], torch.randn(4, 3))


def test_clip_weights_by_hand_and_in_place():
    critic = nn.Linear(3, 1)
    weight = critic.weight
    with torch.no_grad():
        weight.copy_(torch.tensor([[-0.3, 0.05, 0.2]]))
        critic.bias.fill_(-7.0)
    losses.clip_weights(critic, 0.1)
    assert critic.weight is weight and weight.tolist() == [pytest.approx([-0.1, 0.05, 0.1])]
    assert critic.bias.tolist() == [pytest.approx(-0.1)]
    assert weight.requires_grad and weight.grad_fn is None


@pytest.mark.parametrize("limit", [0.0, -0.01, float("nan")])
def test_a_limit_that_leaves_no_weight_is_refused(limit):
    with pytest.raises(ValueError, match="limit must be above 0, got"):
        losses.clip_weights(nn.Linear(1, 1), limit)


def logs(*values):
    """The logarithms of some numbers: scores whose exponentials they are."""
    return torch.tensor(values, dtype=torch.float64).log()


def test_softmax_gan_by_hand():
    pair = losses.softmax_gan()
    real = logs(3, 1)
    fake = logs(2, 2)  # the exponentials of all four add up to 8
    d_loss = pair.discriminator(real=real, fake=fake)
    assert d_loss.item() == pytest.approx(math.log(8) - math.log(3) / 2)
    g_loss = pair.generator(fake=fake, real=real)
    assert g_loss.item() == pytest.approx(math.log(8) - (math.log(3) + 2 * LOG2) / 4)
    with pytest.raises(ValueError, match="give generator_step the batch"):
        pair.generator(fake=fake)


def test_softmax_gan_moves_the_weight_where_each_net_wants_it():
    """D's slope: share of the softmax minus 1/B on real; G's: share minus 1/2B on every fake."""
    real = logs(3, 1).requires_grad_()
    fake = logs(2, 2).requires_grad_()
    pair = losses.softmax_gan()
    of_real, of_fake = torch.autograd.grad(pair.discriminator(real=real, fake=fake), (real, fake))
    assert of_real.tolist() == pytest.approx([3 / 8 - 1 / 2, 1 / 8 - 1 / 2])
    assert of_fake.tolist() == pytest.approx([2 / 8, 2 / 8])
    (of_fake,) = torch.autograd.grad(pair.generator(fake=fake, real=real), fake)
    assert of_fake.tolist() == pytest.approx([0, 0])  # each has its fair share, a quarter, already
    (of_fake,) = torch.autograd.grad(pair.generator(fake=fake, real=logs(6, 6)), fake)
    assert of_fake.tolist() == pytest.approx([2 / 16 - 1 / 4] * 2)  # too little: up
