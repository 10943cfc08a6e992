"""losses.py against numbers worked out by hand."""

import math

import pytest
import torch
from torch import nn

from gan_helpers import losses

LOG2, LOG4 = math.log(2), math.log(4)
REAL = torch.tensor([2.0, 0.0])
FAKE = torch.tensor([-1.0, 3.0])


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
    ids=["bce", "minimax", "least_squares", "wasserstein", "hinge"],
)
def test_pairs_by_hand(pair, d_loss, g_loss):
    assert pair.discriminator(REAL, FAKE).item() == pytest.approx(d_loss, abs=1e-6)
    assert pair.generator(FAKE).item() == pytest.approx(g_loss, abs=1e-6)
    assert pair.generator(FAKE, REAL).item() == pytest.approx(g_loss, abs=1e-6)


def test_wasserstein_signs():
    pair = losses.wasserstein()
    assert pair.discriminator(torch.tensor([5.0]), torch.tensor([2.0])).item() == -3.0
    assert pair.generator(torch.tensor([2.0])).item() == -2.0


@pytest.mark.parametrize(
    "pair, score, d_loss, g_loss",
    [
        (losses.bce(), 0.0, LOG4, LOG2),
        (losses.minimax(), 0.0, LOG4, -LOG2),
        (losses.least_squares(), 0.5, 0.25, 0.125),
        (losses.wasserstein(), 0.7, 0.0, -0.7),
        (losses.hinge(), 0.0, 2.0, 0.0),
    ],
    ids=["bce", "minimax", "least_squares", "wasserstein", "hinge"],
)
def test_equilibrium(pair, score, d_loss, g_loss):
    scores = torch.full((3,), score)
    assert pair.discriminator(scores, scores).item() == pytest.approx(d_loss, abs=1e-6)
    assert pair.generator(scores).item() == pytest.approx(g_loss, abs=1e-6)


def test_smoothed_targets_move_the_optimum():
    """With real target 0.9 the best D where real and fake are alike says 0.45: losses 1.376 and 0.799."""
    pair = losses.bce(real=0.9)
    score = torch.tensor([math.log(0.45 / 0.55)], requires_grad=True)
    d_loss = pair.discriminator(score, score)
    d_loss.backward()
    assert d_loss.item() == pytest.approx(1.3763, abs=1e-4)
    assert pair.generator(score).item() == pytest.approx(0.7985, abs=1e-4)
    assert score.grad.item() == pytest.approx(0, abs=1e-6)


def test_each_target_reaches_its_own_term():
    zero = torch.zeros(1)
    three = torch.tensor([3.0])
    assert losses.bce(fake=0.2).discriminator(zero, three).item() == pytest.approx(
        LOG2 + softplus(3) - 0.6, abs=1e-6
    )
    assert losses.bce(real=0.7).discriminator(three, zero).item() == pytest.approx(
        softplus(3) - 2.1 + LOG2, abs=1e-6
    )
    assert losses.bce(generator=0.8).generator(three).item() == pytest.approx(
        softplus(3) - 2.4, abs=1e-6
    )


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
    pair.generator(fake_score).backward()
    assert fake_score.grad.item() == pytest.approx(slope, abs=1e-6)


def test_a_fake_scored_17_still_teaches_the_discriminator():
    fake_score = torch.tensor([17.0], requires_grad=True)
    losses.bce().discriminator(torch.zeros(1), fake_score).backward()
    assert fake_score.grad.item() == pytest.approx(1.0, abs=1e-6)


@pytest.mark.parametrize(
    "pair",
    [
        losses.bce(),
        losses.minimax(),
        losses.least_squares(),
        losses.wasserstein(),
        losses.hinge(),
        losses.softmax_gan(),
    ],
)
def test_scores_of_shape_b_1_are_refused(pair):
    good, bad = torch.zeros(4), torch.zeros(4, 1)
    for call in (
        lambda: pair.discriminator(bad, good),
        lambda: pair.discriminator(good, bad),
        lambda: pair.generator(bad, good),
    ):
        with pytest.raises(ValueError, match=r"shape \[B\].*got \[4, 1\]"):
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
    """Image k has gradient norm k + 1: penalties 0, 1, 4, mean 5/3. A norm over the batch would give another number."""
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
    """½ · weight · ‖(3, 4, 0)‖² = 12.5 · weight: the square of the norm, not its distance from 1."""
    real = torch.randn(7, 3)
    assert losses.r1_penalty(linear_critic, real, weight=1.0).item() == pytest.approx(
        12.5, rel=1e-6
    )
    assert losses.r1_penalty(linear_critic, real).item() == pytest.approx(25, rel=1e-6)


def test_r1_is_taken_per_image_and_at_the_real_images():
    """The gradient of ½‖x‖² is x: the penalty is ½ · mean(1, 4 · 4, 4 · 9) = 53/6, whatever the fakes are."""
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


def logs(*rows):
    """Class logits whose softmax is these numbers, divided by their sum."""
    return torch.tensor(rows, dtype=torch.float64).log()


def test_softmax_gan_by_hand():
    pair, real, fake = losses.softmax_gan(), logs(3, 1), logs(2, 2)  # the exponentials add up to 8
    assert pair.discriminator(real, fake).item() == pytest.approx(math.log(8) - math.log(3) / 2)
    assert pair.generator(fake, real).item() == pytest.approx(
        math.log(8) - (math.log(3) + 2 * LOG2) / 4
    )
    with pytest.raises(ValueError, match="give generator_step the batch"):
        pair.generator(fake)


def test_softmax_gan_moves_the_weight_where_each_net_wants_it():
    """D's slope: share of the softmax minus 1/B on real ones; G's: share minus 1/2B on every fake."""
    real, fake = logs(3, 1).requires_grad_(), logs(2, 2).requires_grad_()
    pair = losses.softmax_gan()
    of_real, of_fake = torch.autograd.grad(pair.discriminator(real, fake), (real, fake))
    assert of_real.tolist() == pytest.approx([3 / 8 - 1 / 2, 1 / 8 - 1 / 2])
    assert of_fake.tolist() == pytest.approx([2 / 8, 2 / 8])
    (of_fake,) = torch.autograd.grad(pair.generator(fake, real), fake)
    assert of_fake.tolist() == pytest.approx([0, 0])  # each has its fair share, a quarter, already
    (of_fake,) = torch.autograd.grad(pair.generator(fake, logs(6, 6)), fake)
    assert of_fake.tolist() == pytest.approx([2 / 16 - 1 / 4] * 2)  # too little: up


def test_real_score_is_the_log_of_the_sum():
    assert losses.real_score(logs((1, 2, 1), (3, 3, 3))).tolist() == pytest.approx(
        [math.log(4), math.log(9)]
    )
    assert losses.real_score(torch.tensor([[200.0, -200.0]])).item() == 200
    assert losses.real_score(torch.zeros(1, 10) - math.log(10)).sigmoid().item() == pytest.approx(
        0.5
    )


def test_uniform_cross_entropy_by_hand():
    assert losses.uniform_cross_entropy(logs((1, 2, 1), (5, 5, 5))).item() == pytest.approx(
        (math.log(4) - LOG2 / 3 + math.log(3)) / 2
    )
    assert losses.uniform_cross_entropy(torch.tensor([[200.0, -200.0]])).item() == 200


def test_k_plus_one_by_hand():
    real, fake = logs((1, 2, 1), (3, 1, 2)), logs((1, 1, 2), (1, 1, 6), (4, 1, 3))
    labels = torch.tensor([1, 0])
    of_fake = (
        -math.log(2 / 4) - math.log(6 / 8) - math.log(3 / 8)
    ) / 3  # the last of three: "fake"
    assert losses.k_plus_one_discriminator(real, labels, fake).item() == pytest.approx(
        LOG2 + of_fake
    )
    assert losses.k_plus_one_generator(fake).item() == pytest.approx(
        (-math.log(2 / 4) - math.log(2 / 8) - math.log(5 / 8)) / 3
    )
    assert losses.k_plus_one_discriminator(
        torch.zeros(2, 11), labels, torch.zeros(3, 11)
    ).item() == pytest.approx(2 * math.log(11))


def test_k_plus_one_has_a_slope_where_d_is_sure():
    fake = torch.tensor([[0.0, 0.0, 50.0]], requires_grad=True)
    losses.k_plus_one_generator(fake).backward()
    assert fake.grad[0].tolist() == pytest.approx([-0.5, -0.5, 1.0])


def entropy(*shares):
    return -sum(p * math.log(p) for p in shares)


def test_catgan_by_hand():
    real, fake = logs((1, 1), (3, 1)), logs((1, 4), (1, 4))
    own, mean = (LOG2 + entropy(3 / 4, 1 / 4)) / 2, entropy(5 / 8, 3 / 8)
    assert losses.catgan_discriminator(real, fake).item() == pytest.approx(
        own - mean - entropy(1 / 5, 4 / 5)
    )
    assert losses.catgan_generator(real).item() == pytest.approx(own - mean)
    assert losses.catgan_generator(fake).item() == pytest.approx(
        0
    )  # sure or not: always the same class


def test_catgan_has_a_gradient_where_no_image_has_a_class():
    """The mean share of the second class is rounded to 0, where p · log p has no number for a slope."""
    logits = torch.tensor([[200.0, 0.0], [200.0, 0.0]], requires_grad=True)
    loss = losses.catgan_generator(logits)
    loss.backward()
    assert loss.item() == pytest.approx(0) and torch.isfinite(logits.grad).all()


def test_catgan_at_its_best():
    sure = 100 * torch.eye(3)  # of each class once
    assert losses.catgan_generator(sure).item() == pytest.approx(-math.log(3), abs=1e-6)
    assert losses.catgan_discriminator(sure, torch.zeros(2, 3)).item() == pytest.approx(
        -2 * math.log(3), abs=1e-6
    )
