"""GAN losses as pairs of pure functions on raw scores, and the two gradient penalties. Lesson 03 derives them.

Every function takes scores of shape [B] as a discriminator returns them, before any sigmoid, and returns a
scalar to be *minimised*. A discriminator's loss is the mean over real plus the mean over fake.
"""

from typing import NamedTuple, Protocol

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.nn.modules.batchnorm import _BatchNorm


class DiscriminatorLoss(Protocol):
    def __call__(self, real_scores: Tensor, fake_scores: Tensor) -> Tensor: ...


class GeneratorLoss(Protocol):
    def __call__(self, fake_scores: Tensor, real_scores: Tensor | None = None) -> Tensor: ...


class GANLoss(NamedTuple):
    """Two losses on raw scores [B], each minimised by its own net."""

    discriminator: DiscriminatorLoss
    generator: GeneratorLoss


def bce(real=1.0, fake=0.0, generator=1.0):
    """Binary cross-entropy with the targets given: D says `real` of real, `fake` of fake; G wants `generator`.

    With target t and score s: -t·log σ(s) - (1-t)·log(1-σ(s)) = softplus(s) - t·s. At equilibrium D's loss
    is log 4 = 1.386 and G's log 2 = 0.693. `bce(real=0.9)` is one-sided label smoothing (Salimans 2016).
    Source: Goodfellow et al. 2014, equation 1 and, for G, the non-saturating form of section 3.
    """

    def discriminator_loss(real_scores, fake_scores):
        return _cross_entropy(real_scores, real) + _cross_entropy(fake_scores, fake)

    def generator_loss(fake_scores, real_scores=None):
        return _cross_entropy(fake_scores, generator)

    return GANLoss(discriminator_loss, generator_loss)


def minimax():
    """The zero-sum game: D as in `bce`, G minimises log(1-σ(s)) = -softplus(s), which starves where D is sure.

    Source: Goodfellow et al. 2014, equation 1 and algorithm 1. At equilibrium G's loss is -log 2 = -0.693.
    """

    def generator_loss(fake_scores, real_scores=None):
        return -F.softplus(_checked(fake_scores)).mean()

    return GANLoss(bce().discriminator, generator_loss)


def least_squares():
    """½(s-1)² for real and ½s² for fake; G: ½(s-1)². Raw scores, no sigmoid. At equilibrium D ¼, G ⅛.

    Source: Mao et al. 2017, equation 9 (a = 0, b = c = 1).
    """

    def discriminator_loss(real_scores, fake_scores):
        return 0.5 * (_checked(real_scores) - 1).square().mean() + 0.5 * _checked(fake_scores).square().mean()

    def generator_loss(fake_scores, real_scores=None):
        return 0.5 * (_checked(fake_scores) - 1).square().mean()

    return GANLoss(discriminator_loss, generator_loss)


def wasserstein():
    """Critic: mean fake score minus mean real score; G: minus the mean fake score.

    The critic must be kept Lipschitz, by clipping or by `gradient_penalty`.
    Source: Arjovsky et al. 2017, algorithm 1 (there written as ascent).
    """

    def critic_loss(real_scores, fake_scores):
        return _checked(fake_scores).mean() - _checked(real_scores).mean()

    def generator_loss(fake_scores, real_scores=None):
        return -_checked(fake_scores).mean()

    return GANLoss(critic_loss, generator_loss)


def hinge():
    """max(0, 1-s) for real and max(0, 1+s) for fake; G: minus the mean fake score.

    Source: Lim and Ye 2017; Miyato et al. 2018, equations 16 and 17. With all scores 0, D's loss is 2.
    """

    def discriminator_loss(real_scores, fake_scores):
        return F.relu(1 - _checked(real_scores)).mean() + F.relu(1 + _checked(fake_scores)).mean()

    def generator_loss(fake_scores, real_scores=None):
        return -_checked(fake_scores).mean()

    return GANLoss(discriminator_loss, generator_loss)


def gradient_penalty(critic, real, fake, *cond, weight=10.0):
    """weight · mean over images of (‖∇ critic(x)‖₂ - 1)², x on the line between a real and a fake image.

    `real`, `fake`: images [B, ...] of one shape; `cond` goes to the critic behind them. One epsilon per
    image, uniform in [0, 1]; the norm is taken per image. Returns a scalar with a graph, to be added to the
    critic's loss. Raises ValueError for shapes that differ and for a critic with BatchNorm, where a score
    depends on the whole batch and "the gradient per image" means nothing.
    Source: Gulrajani et al. 2017, equation 3 and algorithm 1.
    """
    if real.shape != fake.shape:
        raise ValueError(f"real and fake must have one shape, got {list(real.shape)} and {list(fake.shape)}")
    epsilon = torch.rand(len(real), *[1] * (real.ndim - 1), device=real.device)  # [B, 1, 1, 1]
    gradients = _gradients(critic, epsilon * real.detach() + (1 - epsilon) * fake.detach(), *cond)
    # linalg.vector_norm has gradient 0 at 0, where the square root of a sum of squares has NaN.
    return weight * (torch.linalg.vector_norm(gradients, dim=1) - 1).square().mean()


def r1_penalty(D, real, fake=None, *cond, weight=2.0):
    """½ · weight · mean over images of ‖∇ D(x)‖², x a real image: keeps D flat where the data are.

    `real`: images [B, ...]; `fake` is not looked at, but comes with the `penalty` of `training.discriminator_step`;
    `cond` goes to D behind the images. Raises ValueError for a D with BatchNorm, as `gradient_penalty` does.
    A penalty on every k-th step only ("lazy": Karras et al. 2020, section 3.1) takes k times the weight.
    Source: Mescheder, Geiger and Nowozin 2018, equation 9.
    """
    return weight / 2 * _gradients(D, real.detach(), *cond).square().sum(1).mean()


def _gradients(critic, images, *cond):
    """The gradient of each image's score by the image, [B, pixels], with a graph to train the critic by."""
    if isinstance(critic, torch.nn.Module) and any(isinstance(m, _BatchNorm) for m in critic.modules()):
        raise ValueError("the critic has BatchNorm, which mixes the images of a batch, so there is no gradient "
                         "per image to penalise: use LayerNorm or no normalisation")
    images.requires_grad_()
    # The sum's gradient holds each image's own gradient, since no score depends on another image.
    gradients, = torch.autograd.grad(_checked(critic(images, *cond)).sum(), images, create_graph=True)
    return gradients.flatten(1)


def _cross_entropy(scores, target):
    return (F.softplus(_checked(scores)) - target * scores).mean()


def _checked(scores):
    if scores.ndim != 1:
        raise ValueError(f"scores must have shape [B], one an image, got {list(scores.shape)}: "
                         "squeeze the net's last dimension, or [B] and [B, 1] broadcast to [B, B] unseen")
    return scores
