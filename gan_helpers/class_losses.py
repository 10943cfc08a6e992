"""GAN losses as pairs of pure functions on class logits [B, K]: D says more than real or fake.

Pairs as in `losses`, called by keyword: `real=` and `fake=` are D's logits of real images and of
fakes, `labels=` the classes of the real images, int64 [B], where a loss needs them. ValueError for
other shapes, and for labels that are missing or out of range. Lesson 07 derives them.
"""

import math

import torch
import torch.nn.functional as F

from gan_helpers.losses import GANLoss, bce


def k_plus_one():
    """K+1 classes, the last of them "fake": logits [B, K+1], labels in 0 … K-1.

    D: cross-entropy, real images with their class and fakes with the class K; with equal logits
    2 log (K+1). G wants any other class for its fakes: -log(1 - p) with p the share of the last
    one, which needs no labels; with equal logits log((K+1)/K).
    Source: Salimans et al. 2016, section 5; Odena 2016. G's form is the non-saturating one.
    """

    def discriminator_loss(*, real, fake, labels=None):
        _check_logits(real, fake)
        fake_class = fake.shape[1] - 1
        fake_labels = torch.full((len(fake),), fake_class, device=fake.device)
        return _class_loss(real, labels, fake_class) + F.cross_entropy(fake, fake_labels)

    def generator_loss(*, fake, real=None, labels=None):
        _check_logits(fake)
        return (fake.logsumexp(1) - fake[:, :-1].logsumexp(1)).mean()

    return GANLoss(discriminator_loss, generator_loss)


def log_sum_exp():
    """`bce` on the score log Σ exp of logits [B, K] (`real_score`); D learns the classes too.

    D: the cross-entropy of real images with their labels in 0 … K-1 is added to `bce`. G: `bce`
    alone, which needs no labels. The losses of `k_plus_one` with a last logit that is always 0.
    Source: Salimans et al. 2016, section 5.
    """
    pair = bce()

    def discriminator_loss(*, real, fake, labels=None):
        _check_logits(real, fake)
        by_score = pair.discriminator(real=real_score(real), fake=real_score(fake))
        return by_score + _class_loss(real, labels, real.shape[1])

    def generator_loss(*, fake, real=None, labels=None):
        _check_logits(fake)
        return pair.generator(fake=real_score(fake))

    return GANLoss(discriminator_loss, generator_loss)


def catgan():
    """D is sure of each real image, uses all K classes, and is unsure of fakes; no labels needed.

    G wants D to be sure of each fake, and of all classes equally often. Logits [B, K]; the lowest
    values are -2 log K for D and -log K for G, with equal logits they are -log K and 0.
    Source: Springenberg 2015.
    """

    def discriminator_loss(*, real, fake, labels=None):
        _check_logits(real, fake)
        return _entropy(real) - _entropy_of_mean(real) - _entropy(fake)

    def generator_loss(*, fake, real=None, labels=None):
        _check_logits(fake)
        return _entropy(fake) - _entropy_of_mean(fake)

    return GANLoss(discriminator_loss, generator_loss)


def real_score(logits):
    """log Σ exp of class logits [B, K] -> [B], a score for every pair on scores.

    σ(score) = Z/(Z+1) with Z = Σ exp. At zero logits that is K/(K+1): a bias of -log K on each
    logit makes it ½. Source: Salimans et al. 2016, section 5.
    """
    return logits.logsumexp(1)


def uniform_cross_entropy(logits):
    """Cross-entropy of logits [B, K] with the uniform distribution: log K + KL(U ‖ softmax).

    So at least log K. Source: the KL is the second term of Lee et al. 2018, equation 1.
    """
    return (logits.logsumexp(1) - logits.mean(1)).mean()


def _check_logits(*halves):
    """Raise ValueError unless all are class logits [B, K], with K from 2 and the same for all."""
    sizes = {half.shape[1] if half.ndim == 2 else 0 for half in halves}
    if len(sizes) != 1 or min(sizes) < 2:
        shapes = " and ".join(str(list(half.shape)) for half in halves)
        raise ValueError(
            f"class logits must have shape [B, K], a number for each class, got {shapes}: "
            "give D's last layer an output for each class, or take a pair on scores"
        )


def _class_loss(logits, labels, classes):
    """Cross-entropy of logits [B, K] with labels int64 [B], which must lie in 0 … classes - 1."""
    if labels is None:
        raise ValueError("this loss needs the classes of the images: give both steps labels=…")
    if labels.shape != (len(logits),) or labels.dtype != torch.int64:
        raise ValueError(
            f"labels must be int64 [{len(logits)}], the class of each image, got {labels.dtype} "
            f"{list(labels.shape)}: one-hot labels go to the nets, as cond=…"
        )
    low, high = labels.aminmax()
    if low < 0 or high >= classes:
        raise ValueError(
            f"labels must lie in 0 … {classes - 1}, got {low} … {high}: D's logits have room for "
            f"{classes} classes of real images"
        )
    return F.cross_entropy(logits, labels)


def _entropy(logits):
    """The mean entropy of softmax(logits), in nats."""
    return -(logits.softmax(1) * logits.log_softmax(1)).sum(1).mean()


def _entropy_of_mean(logits):
    """The entropy of the mean of softmax(logits) over the batch, in nats."""
    # In logarithms: finite where a mean is rounded to 0.
    log_mean = logits.log_softmax(1).logsumexp(0) - math.log(len(logits))
    return -(log_mean.exp() * log_mean).sum()
