"""Checks of lesson 07, exercises 3 and 4: the double softmax, and a D that is undecided."""

import math

import torch
import torch.nn.functional as F
from torch import nn

from gan_helpers.checks import check, is_number, mistakes, near, same_slopes, two_numbers
from gan_helpers.checks.terms import listed

LOGITS = torch.tensor(  # [4, 3]: four pictures of three classes
    [[0.0, 0.0, 0.0], [2.0, -1.0, 0.5], [-3.0, -1.0, -2.0], [1.0, 2.0, -0.5]]
)
IMAGES = torch.eye(4).view(4, 1, 2, 2)  # of which Net makes its weights, row by row


class Net(nn.Module):
    """A linear net of four pixels that notes what it is called with."""

    def __init__(self, weights):
        super().__init__()
        self.weights = nn.Parameter(weights.clone())
        self.calls = []  # of (images, whether it was in training mode)

    def forward(self, images):
        self.calls.append((images.detach().clone(), self.training))
        return images.flatten(1) @ self.weights


def _only_called(answer, net):
    """Lines on whether a Net was called once, with IMAGES, and left alone otherwise."""
    yield (
        len(net.calls) == 1,
        f"it calls `net` {len(net.calls)} times",
        "once, `net` itself and no copy of it, with the whole batch",
    )
    ((images, was_training),) = net.calls
    yield (
        torch.equal(images, IMAGES),
        f"`net` gets images {list(images.shape)} that are not those of the argument"
        if images.shape == IMAGES.shape
        else f"`net` gets images {list(images.shape)} and not {list(IMAGES.shape)}",
        "the images as they are: no flatten, no scaling",
    )
    modes = {True: "training", False: "evaluation"}
    alone = "`net` is only to be called: no eval(), train(), backward(), zero_grad() and the like"
    yield (
        was_training == net.training,
        f"`net` is asked in {modes[was_training]} mode, and came in {modes[net.training]} mode",
        alone,
    )
    for reason, _ in answer.traces:
        yield "`net`" not in reason, reason, alone


@check
def classifier_loss(answer):
    """answer(net, images, labels) -> cross-entropy of the net's raw logits."""
    labels = torch.tensor([0, 2, 1, 0])
    for training in (False, True):
        net = Net(LOGITS).train(training)
        loss = answer(net, IMAGES, labels)
        yield from is_number(loss)
        yield from _only_called(answer, net)
    loss = loss.detach()
    costs = F.cross_entropy(LOGITS, labels, reduction="none")
    right = costs.mean()
    twice = F.cross_entropy(LOGITS.softmax(1), labels)
    wants_logits = "F.cross_entropy has a log-softmax inside and wants raw logits"
    wants_log = "nll_loss wants log_softmax"
    yield from mistakes(
        loss,
        (twice, "the softmax is still taken twice", wants_logits),
        (F.cross_entropy(LOGITS.softmax(0), labels), "a softmax is still there", wants_logits),
        (F.cross_entropy(LOGITS.sigmoid(), labels), "a sigmoid is there", wants_logits),
        (
            twice - 1.461,
            "the softmax is still taken twice, and 1.461 is subtracted",
            f"{wants_logits}: nothing to subtract",
        ),
        (
            F.nll_loss(LOGITS.softmax(1), labels),
            "nll_loss gets shares, not their logarithms",
            wants_log,
        ),
        (F.nll_loss(LOGITS, labels), "nll_loss gets raw logits", wants_log),
        (
            F.nll_loss(LOGITS.log_softmax(0), labels),
            "the softmax runs over the pictures",
            "dimension 1 holds the classes",
        ),
        (-right, "it is below 0", "a cross-entropy is at least 0: check the sign"),
        (4 * right, "it is the sum over the batch", "the mean does not grow with it"),
        (right / 3, "it is a mean over the classes, too", "sum over classes, mean over pictures"),
        (costs[0], "only the first picture counts", "the mean over the batch"),
    )
    yield (
        near(loss, right),
        f"it is {two_numbers(loss, right)}",
        f"the cross-entropies of the four pictures are {listed(costs)}: their mean, and nothing "
        "else; logits in, labels in: one call",
    )
    yield from _weights_learn(answer)
    module = nn.Sequential(nn.Flatten(), nn.Linear(12, 5), nn.Tanh(), nn.Linear(5, 12))
    for count in (1, 7):
        yield from same_slopes(
            answer,
            lambda net, images, labels: F.cross_entropy(net(images), labels),
            module,
            torch.randn(count, 3, 2, 2),
            torch.arange(count) + 5,
        )
    sure_net = Net(torch.tensor([[-200.0, 200.0, 0.0]]).expand(4, -1))
    far = answer(sure_net, IMAGES[:1], torch.tensor([0]))
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


def _weights_learn(answer):
    """Lines on whether the loss of one picture has a gradient for the net's weights."""
    net = Net(torch.randn(4, 12))
    loss = answer(net, IMAGES[:1], torch.tensor([5]))
    yield (
        loss.requires_grad,
        "it has lost its graph",
        "no .detach(), no .item(), no NumPy and no torch.no_grad(): a net learns through it",
    )
    try:
        (slope,) = torch.autograd.grad(loss, net.weights, allow_unused=True)
    except RuntimeError as error:
        yield (
            False,
            f"a batch of one gives a value, and no gradient ({error})",
            "squeeze() takes away the dimension of the batch where that is 1",
        )
    yield (
        slope is not None and bool(slope.any()),
        "the value is right, and no gradient reaches the weights of `net`",
        "no .detach(), no .item() and no torch.no_grad() on the way from the logits to the loss",
    )


@check
def undecided(answer):
    """answer(logits [B, K]) -> mean cross-entropy with the uniform distribution."""
    loss = answer(LOGITS)
    yield from is_number(loss)
    shares = LOGITS.softmax(1)
    log_shares = LOGITS.log_softmax(1)
    right = -log_shares.mean()
    entropy = -(shares * log_shares).sum(1).mean()
    yield from mistakes(
        loss,
        (
            entropy,
            "it is the entropy",
            "that is largest, not smallest, where D is undecided: "
            "weigh each class with 1/K, not with its share",
        ),
        (-entropy, "it is minus the entropy", "weigh each class with 1/K, not with its share"),
        (
            -LOGITS.log_softmax(0).mean(),
            "the softmax runs over the pictures",
            "dimension 1 holds the classes",
        ),
        (
            -LOGITS.flatten().log_softmax(0).mean(),
            "one softmax runs over all pictures and classes",
            "dimension 1 holds the classes",
        ),
        (-shares.log_softmax(1).mean(), "a softmax is taken twice", "log_softmax has it inside"),
        (-right, "the sign is wrong", "minus the mean of the log-shares"),
        (
            right - math.log(3),
            "it is 0 at equal logits",
            "that is the divergence KL(U ‖ softmax) alone; the cross-entropy is log K more",
        ),
        (
            (right - math.log(3)) / 3 + math.log(3),
            "the divergence is divided by K, too",
            'reduction="batchmean" divides by the number of pictures alone',
        ),
    )
    for factor, hint in (
        (3, "1/K: the mean over the classes, not the sum"),
        (4, "the mean over the batch, not the sum"),
        (12, "the mean over classes and batch, not the sum"),
        (3 / 10, "K is 3 here, and not always 10: logits.shape[1]"),
        (3 / 4, "divide by the number of classes K, here 3, and not of pictures, here 4"),
        (1 / math.log(2), "the natural logarithm, not that to base 2"),
    ):
        yield not near(loss, factor * right), f"it is {factor:.3g} times what it should be", hint
    shifted = answer(LOGITS + 1)
    yield (
        near(shifted, loss),
        f"with 1 more in every logit it is {two_numbers(shifted, right)}",
        "a softmax over the K logits does not notice: minus the *mean* logit, no other logit, "
        "no sigmoid",
    )
    loss = answer(LOGITS)
    yield (
        near(loss, right),
        f"it is {two_numbers(loss, right)}",
        f"the four pictures have {listed(-log_shares.mean(1))}: their mean, and nothing else",
    )
    for shape in ((1, 12), (5, 3), (3, 1)):
        yield from same_slopes(
            answer, lambda logits: -logits.log_softmax(1).mean(), torch.randn(shape) * 3
        )
    uneven = answer(torch.tensor([[200.0, 200.0, 200.0], [-200.0, -200.0, -200.0]]))
    yield (
        near(uneven, math.log(3)),
        f"a row of 200 and a row of -200 give {two_numbers(uneven, math.log(3))}",
        "e^200 is too large, and each row has a largest logit of its own: log_softmax(1)",
    )
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
