"""Checks of lesson 07 · The discriminator with ten logits."""

import math

import torch
import torch.nn.functional as F
from torch import nn

from gan_helpers.checks import (
    check,
    is_number,
    is_tensor,
    mistakes,
    near,
    same_slopes,
    two_numbers,
)

LOGITS = torch.tensor(  # [4, 3]: four pictures of three classes
    [[2.0, -1.0, 0.5], [0.0, 0.0, 0.0], [-3.0, 1.0, -2.0], [1.0, 2.0, -0.5]]
)


@check
def probability_real(answer):
    """answer(logits [B, K]) -> σ(lse) [B], finite at ±200."""
    probabilities = answer(LOGITS.clone())
    yield is_tensor(probabilities)
    yield (
        probabilities.shape == (4,),
        f"logits [4, 3] become {list(probabilities.shape)}",
        "one number a picture: sum over dimension 1",
    )
    z = LOGITS.exp().sum(1)
    yield from mistakes(
        probabilities,
        (torch.log(z), "it is lse, any real number", "lse is the score; a probability is σ of it"),
        (1 / (1 + z), "it is the probability of fake", "1 minus that"),
        (
            LOGITS.softmax(1).max(1).values,
            "it is the largest share",
            "that says how sure D is of a class, not how sure it is of a digit",
        ),
    )
    extreme = torch.tensor([[200.0, 0.0, -200.0], [-200.0, -200.0, -200.0]], requires_grad=True)
    far = answer(extreme)
    yield (
        bool(torch.isfinite(far).all()),
        "at logits of 200 it is not finite",
        "do not compute e^200: logsumexp",
    )
    yield far.requires_grad, "it has lost its graph", "no .detach(): D is trained by it"
    (slope,) = torch.autograd.grad(far.sum(), extreme)
    yield (
        bool(torch.isfinite(slope).all()),
        "at logits of ±200 its gradient is not a number",
        "the value survives e^200 = ∞, the gradient does not: .logsumexp(1), then .sigmoid()",
    )
    yield (
        near(probabilities, z / (z + 1)),
        f"logits {LOGITS[2].tolist()} give {two_numbers(probabilities[2], (z / (z + 1))[2])}"
        if near(probabilities[1], 0.75)
        else f"three logits of 0 give {two_numbers(probabilities[1], 0.75)}",
        "Z is the sum of e^logit (of three zeros: 3), and the probability Z / (Z + 1)",
    )
    yield near(far, torch.tensor([1.0, 0.0])), "at ±200 it is wrong", "1 and 0"
    for shape in ((1, 12), (5, 3), (3, 1)):
        some = torch.randn(shape) * 2
        yield from same_slopes(answer, lambda logits: logits.logsumexp(1).sigmoid(), some)


@check
def k_plus_one_loss(answer):
    """answer(real_logits [B, K+1], labels [B], fake_logits [C, K+1]) -> cross-entropy of D."""
    real = torch.randn(2, 13)  # twelve classes, and "fake"
    fake = torch.randn(3, 13)
    labels = torch.tensor([1, 7])
    loss_of_as_many = answer(real.clone(), labels, fake[:2].clone())  # as many fakes as labels
    yield from is_number(loss_of_as_many)
    yield from mistakes(
        loss_of_as_many,
        (
            F.cross_entropy(real, labels) + F.cross_entropy(fake[:2], labels),
            "the fakes have the labels of the real batch",
            "that is the recipe of section 3: no term of it says fake",
        ),
    )
    loss = answer(real.clone(), labels, fake.clone())
    yield from is_number(loss)
    of_real = F.cross_entropy(real, labels)

    def with_class(k):
        return of_real + F.cross_entropy(fake, torch.full((3,), k))

    right = with_class(12)
    uniform = of_real + (fake.logsumexp(1) - fake.mean(1)).mean()
    at_once = F.cross_entropy(torch.cat([real, fake]), torch.cat([labels, torch.full((3,), 12)]))
    yield from mistakes(
        loss,
        (of_real, "the fakes are left out", "a second cross-entropy, of fake_logits"),
        (right - of_real, "the real digits are left out", "both parts"),
        (with_class(0), "the fakes have class 0", "0 is a digit: they need a class of their own"),
        (
            with_class(10),
            "the fakes have class 10",
            "there are not always ten classes: the last of the logits is fake_logits.shape[1] - 1",
        ),
        (
            with_class(11),
            "the fakes have the last class but one",
            "K + 1 logits are numbered 0 … K: the last one is K",
        ),
        (
            uniform,
            "the fakes have the uniform target",
            "with an eleventh class there is a better answer: that class",
        ),
        (right / 2, "it is half of it", "the sum of the two means"),
        (
            at_once,
            "it is one mean over all five pictures",
            "the mean over real plus the mean over fake",
        ),
    )
    yield (
        near(loss, right),
        f"you get {two_numbers(loss, right)}",
        "all fakes get the class K, which no digit has",
    )
    far = torch.tensor([[-200.0, 200.0, 0.0]])
    yield (
        near(answer(far, torch.tensor([0]), far), 600.0),
        f"at logits of ±200 it is {two_numbers(answer(far, torch.tensor([0]), far), 600)}",
        "no log of a softmax: F.cross_entropy",
    )
    for classes, count in ((4, 5), (13, 1), (11, 6)):
        yield from same_slopes(
            answer,
            _k_plus_one_loss,
            torch.randn(3, classes),
            torch.tensor([0, classes - 2, 1]),
            torch.randn(count, classes) * 3,
        )


def _k_plus_one_loss(real_logits, labels, fake_logits):
    fake = torch.full((len(fake_logits),), fake_logits.shape[1] - 1)
    return F.cross_entropy(real_logits, labels) + F.cross_entropy(fake_logits, fake)


@check
def classifier_loss(answer):
    """answer(net, images, labels) -> cross-entropy of the net's raw logits."""
    labels = torch.tensor([0, 2, 1, 0])

    shapes = []  # of what the net was called with

    def net(images):
        shapes.append(images.shape)
        return LOGITS * images.mean()

    def sure_net(images):
        return torch.tensor([[-200.0, 200.0, 0.0]])

    images = torch.ones(4, 1, 28, 28)
    loss = answer(net, images, labels)
    yield from is_number(loss)
    yield (
        shapes == [images.shape],
        f"the net is called {len(shapes)} times, with {[list(shape) for shape in shapes]}",
        "once, with the images as they are",
    )
    right = F.cross_entropy(LOGITS, labels)
    yield from mistakes(
        loss,
        (
            F.cross_entropy(LOGITS.softmax(1), labels),
            "the softmax is still taken twice",
            "F.cross_entropy has a log-softmax inside and wants raw logits",
        ),
        (
            F.nll_loss(LOGITS.softmax(1), labels),
            "nll_loss gets shares, not their logarithms",
            "nll_loss wants log_softmax",
        ),
    )
    yield loss >= 0, f"it is {loss:.3f}, below 0", "a cross-entropy is at least 0: check the sign"
    yield (
        near(loss, right),
        f"you get {two_numbers(loss, right)}",
        "logits in, labels in: one call",
    )
    module = nn.Sequential(nn.Flatten(), nn.Linear(12, 5), nn.Tanh(), nn.Linear(5, 12))
    for count in (1, 7):
        yield from same_slopes(
            answer,
            lambda net, images, labels: F.cross_entropy(net(images), labels),
            module,
            torch.randn(count, 3, 2, 2),
            torch.arange(count) + 5,
        )
    far = answer(sure_net, images[:1], torch.tensor([0]))
    yield (
        bool(torch.isfinite(far)),
        "at logits of ±200 it is not finite",
        "no log of a softmax: log_softmax",
    )
    yield (
        near(far, 400.0),
        f"at logits of ±200 it is {far.item():.4g} and not 400",
        "a bound inside the log hides the infinity and keeps the error: log_softmax",
    )


@check
def undecided(answer):
    """answer(logits [B, K]) -> mean cross-entropy with the uniform distribution."""
    loss = answer(LOGITS.clone())
    yield from is_number(loss)
    shares = LOGITS.softmax(1)
    log_shares = LOGITS.log_softmax(1)
    right = -log_shares.mean()
    yield from mistakes(
        loss,
        (
            -(shares * log_shares).sum(1).mean(),
            "it is the entropy",
            "that is largest, not smallest, where D is undecided: "
            "weigh each class with 1/K, not with its share",
        ),
        (
            -LOGITS.log_softmax(0).mean(),
            "the softmax runs over the pictures",
            "dimension 1 holds the classes",
        ),
        (-right, "the sign is wrong", "minus the mean of the log-shares"),
        (3 * right, "it is K times too large", "1/K: the mean over the classes, not the sum"),
        (
            right - math.log(3),
            "it is 0 at equal logits",
            "that is the divergence KL(U ‖ softmax) alone; the cross-entropy is log K more",
        ),
    )
    yield (
        near(loss, right),
        f"you get {two_numbers(loss, right)}",
        "three equal logits must give log 3 = 1.099",
    )
    for shape in ((1, 12), (5, 3), (3, 1)):
        yield from same_slopes(
            answer, lambda logits: -logits.log_softmax(1).mean(), torch.randn(shape) * 3
        )
    uneven = answer(torch.tensor([[200.0, 200.0, 200.0], [-200.0, -200.0, -200.0]]))
    yield near(uneven, math.log(3)), "two rows far apart give {uneven:.4g}", "log_softmax(1)"
    far = answer(torch.tensor([[200.0, 0.0, -200.0]]))
    yield (
        bool(torch.isfinite(far)),
        "at logits of ±200 it is not finite",
        "no log of a softmax: log_softmax",
    )
    yield (
        near(far, 200.0),
        f"at logits of 200, 0 and -200 it is {far.item():.4g} and not 200",
        "a bound inside the log hides the infinity and keeps the error: log_softmax",
    )
