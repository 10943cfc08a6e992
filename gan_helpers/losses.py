"""GAN losses as pairs of pure functions on raw scores, gradient penalties, losses on class logits.

A pair takes scores of shape [B] as a discriminator returns them, before any sigmoid, and returns a scalar to be
*minimised*; a discriminator's loss is the mean over real plus the mean over fake (`softmax_gan` compares the whole
batch). Lesson 03 derives the pairs; lesson 05 derives `softmax_gan` and the losses on class logits [B, K].
"""

import math
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
        return (
            0.5 * (_checked(real_scores) - 1).square().mean()
            + 0.5 * _checked(fake_scores).square().mean()
        )

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


def softmax_gan():
    """A softmax over the *samples of the batch*: D wants its weight on the real half, in equal parts, G on all.

    With lse the log-sum-exp over all scores of both halves: D's loss is lse minus the mean real score, G's is lse
    minus the mean of all scores; G's needs `real_scores`, and raises ValueError without them. With B real and B fake
    scores, all equal, both are log 2B.
    Source: Lin 2017.
    """

    def discriminator_loss(real_scores, fake_scores):
        return _log_sum_exp(real_scores, fake_scores) - real_scores.mean()

    def generator_loss(fake_scores, real_scores=None):
        return _log_sum_exp(real_scores, fake_scores) - torch.cat([real_scores, fake_scores]).mean()

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
        raise ValueError(
            f"real and fake must have one shape, got {list(real.shape)} and {list(fake.shape)}"
        )
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


# Losses on class logits [B, K], for lesson 05: means over the batch, to be minimised.


def real_score(logits):
    """log Σ exp of class logits [B, K] -> [B], a score for every GANLoss: σ(score) = Z/(Z+1) with Z = Σ exp.

    At zero logits σ(score) is K/(K+1): a bias of -log K on each logit makes it ½.
    Source: Salimans et al. 2016, section 5.
    """
    return logits.logsumexp(1)


def uniform_cross_entropy(logits):
    """Cross-entropy of logits [B, K] with the uniform distribution: log K + KL(U ‖ softmax), so at least log K.

    Source: the KL is the second term of Lee et al. 2018, equation 1.
    """
    return (logits.logsumexp(1) - logits.mean(1)).mean()


def k_plus_one_discriminator(real_logits, labels, fake_logits):
    """Cross-entropy of K+1 logits: real images [B, K+1] have their class 0 … K-1, fakes [C, K+1] the class K.

    Source: Salimans et al. 2016, section 5; Odena 2016. With equal logits it is 2 log (K+1).
    """
    fake = torch.full((len(fake_logits),), fake_logits.shape[1] - 1, device=fake_logits.device)
    return F.cross_entropy(real_logits, labels) + F.cross_entropy(fake_logits, fake)


def k_plus_one_generator(fake_logits):
    """-log(1 - p) with p the share of the last of K+1 logits [B, K+1], "fake": G wants any other class.

    With equal logits it is log((K+1)/K).
    Source: the non-saturating form of the game in Salimans et al. 2016, section 5.
    """
    return (fake_logits.logsumexp(1) - fake_logits[:, :-1].logsumexp(1)).mean()


def catgan_discriminator(real_logits, fake_logits):
    """D is sure of each real image, uses all K classes, and is unsure of fakes; logits [B, K] and [C, K].

    Source: Springenberg 2015. Lowest -2 log K; with equal logits it is -log K.
    """
    return _entropy(real_logits) - _entropy_of_mean(real_logits) - _entropy(fake_logits)


def catgan_generator(fake_logits):
    """G wants D to be sure of each fake, and of all K classes equally often; logits [B, K].

    Source: Springenberg 2015. Lowest -log K; with equal logits it is 0.
    """
    return _entropy(fake_logits) - _entropy_of_mean(fake_logits)


def _gradients(critic, images, *cond):
    """The gradient of each image's score by the image, [B, pixels], with a graph to train the critic by."""
    if isinstance(critic, torch.nn.Module) and any(
        isinstance(m, _BatchNorm) for m in critic.modules()
    ):
        raise ValueError(
            "the critic has BatchNorm, which mixes the images of a batch, so there is no gradient "
            "per image to penalise: use LayerNorm or no normalisation"
        )
    images.requires_grad_()
    # The sum's gradient holds each image's own gradient, since no score depends on another image.
    (gradients,) = torch.autograd.grad(
        _checked(critic(images, *cond)).sum(), images, create_graph=True
    )
    return gradients.flatten(1)


def _cross_entropy(scores, target):
    return (F.softplus(_checked(scores)) - target * scores).mean()


def _checked(scores):
    if scores.ndim != 1:
        raise ValueError(
            f"scores must have shape [B], one an image, got {list(scores.shape)}: "
            "squeeze the net's last dimension, or [B] and [B, 1] broadcast to [B, B] unseen"
        )
    return scores


def _entropy(logits):
    """The mean entropy of softmax(logits), in nats."""
    return -(logits.softmax(1) * logits.log_softmax(1)).sum(1).mean()


def _entropy_of_mean(logits):
    """The entropy of the mean of softmax(logits) over the batch, in nats."""
    log_mean = logits.log_softmax(1).logsumexp(0) - math.log(
        len(logits)
    )  # finite where a mean is rounded to 0
    return -(log_mean.exp() * log_mean).sum()


def _log_sum_exp(real_scores, fake_scores):
    """log Σ exp over the scores [B] and [C] of both halves of a batch: a scalar."""
    if real_scores is None:
        raise ValueError(
            "this loss compares fakes with real images: give generator_step the batch, real=…"
        )
    return torch.cat([_checked(real_scores), _checked(fake_scores)]).logsumexp(0)
