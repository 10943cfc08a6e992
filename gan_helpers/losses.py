"""GAN losses as pairs of pure functions on raw scores, and what keeps a critic from being steep.

Both losses of a pair are called by keyword, `real=`, `fake=` and `labels=`, with what a
discriminator returns: here scores [B], before any sigmoid; in `class_losses` class logits [B, K].
Each is a scalar to be *minimised*. A discriminator's loss is the mean over real plus the mean over
fake; `softmax_gan` compares the whole batch. Lesson 05 derives the pairs, lesson 07 `softmax_gan`.
"""

from typing import NamedTuple, Protocol

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.nn.modules.batchnorm import _BatchNorm


class DiscriminatorLoss(Protocol):
    def __call__(self, *, real: Tensor, fake: Tensor, labels: Tensor | None = None) -> Tensor: ...


class GeneratorLoss(Protocol):
    def __call__(
        self, *, fake: Tensor, real: Tensor | None = None, labels: Tensor | None = None
    ) -> Tensor: ...


class GANLoss(NamedTuple):
    """Two losses of what D says, each minimised by its own net.

    `real` and `fake` are D's answers, scores [B] or logits [B, K], `labels` the classes [B]; a loss
    takes all three and reads what it needs. To write one of your own:

        def discriminator_loss(*, real, fake, labels=None): ...
        def generator_loss(*, fake, real=None, labels=None): ...
        pair = GANLoss(discriminator_loss, generator_loss)
    """

    discriminator: DiscriminatorLoss
    generator: GeneratorLoss


# Pairs on raw scores [B].


def bce(real=1.0, fake=0.0, generator=1.0):
    """Binary cross-entropy with the targets given: for real and fake in D's loss, and in G's loss.

    With target t and score s: -t·log σ(s) - (1-t)·log(1-σ(s)) = softplus(s) - t·s. At equilibrium
    D's loss is log 4 = 1.386 and G's log 2 = 0.693. `bce(real=0.9)` is one-sided label smoothing
    (Salimans 2016).
    Source: Goodfellow et al. 2014, equation 1 and, for G, the non-saturating form of section 3.
    """
    real_target = real
    fake_target = fake

    def discriminator_loss(*, real, fake, labels=None):
        return _cross_entropy(real, real_target) + _cross_entropy(fake, fake_target)

    def generator_loss(*, fake, real=None, labels=None):
        return _cross_entropy(fake, generator)

    return GANLoss(discriminator_loss, generator_loss)


def minimax():
    """The zero-sum game: D as in `bce`, G minimises log(1-σ(s)) = -softplus(s).

    G's loss starves where D is sure. At equilibrium it is -log 2 = -0.693.
    Source: Goodfellow et al. 2014, equation 1 and algorithm 1.
    """

    def generator_loss(*, fake, real=None, labels=None):
        return -F.softplus(_scores(fake)).mean()

    return GANLoss(bce().discriminator, generator_loss)


def least_squares():
    """½(s-1)² for real and ½s² for fake; G: ½(s-1)². Raw scores, no sigmoid.

    At equilibrium D's loss is ¼ and G's ⅛. Source: Mao et al. 2017, equation 9 (a = 0, b = c = 1).
    """

    def discriminator_loss(*, real, fake, labels=None):
        of_real = 0.5 * (_scores(real) - 1).square().mean()
        return of_real + 0.5 * _scores(fake).square().mean()

    def generator_loss(*, fake, real=None, labels=None):
        return 0.5 * (_scores(fake) - 1).square().mean()

    return GANLoss(discriminator_loss, generator_loss)


def wasserstein():
    """Critic: mean fake score minus mean real score; G: minus the mean fake score.

    The critic must be kept Lipschitz, by `clip_weights` or by `gradient_penalty`.
    Source: Arjovsky et al. 2017, algorithm 1 (there written as ascent).
    """

    def critic_loss(*, real, fake, labels=None):
        return _scores(fake).mean() - _scores(real).mean()

    def generator_loss(*, fake, real=None, labels=None):
        return -_scores(fake).mean()

    return GANLoss(critic_loss, generator_loss)


def hinge():
    """max(0, 1-s) for real and max(0, 1+s) for fake; G: minus the mean fake score.

    With all scores 0, D's loss is 2.
    Source: Lim and Ye 2017; Miyato et al. 2018, equations 16 and 17.
    """

    def discriminator_loss(*, real, fake, labels=None):
        return F.relu(1 - _scores(real)).mean() + F.relu(1 + _scores(fake)).mean()

    def generator_loss(*, fake, real=None, labels=None):
        return -_scores(fake).mean()

    return GANLoss(discriminator_loss, generator_loss)


def softmax_gan():
    """A softmax over the *samples of the batch*: D wants its weight on the real half, G on all.

    Each wants it in equal parts there. With lse the log-sum-exp over all scores of both halves: D's
    loss is lse minus the mean real score, G's is lse minus the mean of all scores. G's needs
    `real`, and raises ValueError without it. With B real and B fake scores, all equal, both are
    log 2B.
    Source: Lin 2017.
    """

    def discriminator_loss(*, real, fake, labels=None):
        return _both_halves(real, fake).logsumexp(0) - real.mean()

    def generator_loss(*, fake, real=None, labels=None):
        if real is None:
            raise ValueError(
                "this loss compares fakes with real images: give generator_step the batch, real=…"
            )
        scores = _both_halves(real, fake)
        return scores.logsumexp(0) - scores.mean()

    return GANLoss(discriminator_loss, generator_loss)


# What keeps a critic from being steep.


def gradient_penalty(critic, real, fake, *cond, weight=10.0):
    """weight · mean over images of (‖∇ critic(x)‖₂ - 1)², x between a real and a fake image.

    `real`, `fake`: images [B, ...] of one shape; `cond` goes to the critic behind them. One epsilon
    per image, uniform in [0, 1]; the norm is taken per image. Returns a scalar with a graph, to be
    added to the critic's loss. Raises ValueError for shapes that differ and for a critic with
    BatchNorm, where "the gradient per image" means nothing.
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

    `real`: images [B, ...]; `fake` is not looked at, but comes with the `penalty` of
    `training.discriminator_step`; `cond` goes to D behind the images. Raises ValueError for a D
    with BatchNorm, as `gradient_penalty` does. A penalty on every k-th step only ("lazy": Karras et
    al. 2020, section 3.1) takes k times the weight.
    Source: Mescheder, Geiger and Nowozin 2018, equation 9.
    """
    return weight / 2 * _gradients(D, real.detach(), *cond).square().sum(1).mean()


def clip_weights(critic, limit):
    """Push every parameter of the critic back into [-limit, limit], in place.

    To be called after each step of the critic.
    Source: Arjovsky et al. 2017, algorithm 1 (there with a limit of 0.01).
    """
    if not limit > 0:
        raise ValueError(f"limit must be above 0, got {limit}: the weights could be nothing else")
    with torch.no_grad():
        for parameter in critic.parameters():
            parameter.clamp_(-limit, limit)


def _gradients(critic, images, *cond):
    """The gradient of each image's score by the image, [B, pixels], with a graph of its own."""
    if isinstance(critic, torch.nn.Module) and any(
        isinstance(module, _BatchNorm) for module in critic.modules()
    ):
        raise ValueError(
            "the critic has BatchNorm, which mixes the images of a batch, so there is no gradient "
            "per image to penalise: use LayerNorm or no normalisation"
        )
    images.requires_grad_()
    # The sum's gradient holds each image's own gradient, since no score depends on another image.
    total = _scores(critic(images, *cond)).sum()
    (gradients,) = torch.autograd.grad(total, images, create_graph=True)
    return gradients.flatten(1)


def _cross_entropy(scores, target):
    return (F.softplus(_scores(scores)) - target * scores).mean()


def _scores(scores):
    """The same scores. Raises ValueError unless their shape is [B]."""
    if scores.ndim != 1:
        cure = "squeeze the net's last dimension, or [B] and [B, 1] broadcast to [B, B] unseen"
        if scores.ndim == 2 and scores.shape[1] > 1:
            cure = "for class logits take a pair on logits, such as class_losses.log_sum_exp()"
        raise ValueError(
            f"scores must have shape [B], one an image, got {list(scores.shape)}: {cure}"
        )
    return scores


def _both_halves(real, fake):
    """The scores [B] and [C] of both halves of a batch as one: [B + C]."""
    return torch.cat([_scores(real), _scores(fake)])
