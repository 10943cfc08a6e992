"""Checks of lesson 02, exercise 3: one round of algorithm 1."""

import copy
from functools import partial

import torch
import torch.nn.functional as F

from gan_helpers.checks import check, mistakes, near, wrong_if
from gan_helpers.checks.lesson_02_steps import (
    Steps,
    in_words,
    lines_on_d,
    loss_of_d,
    optimiser_of,
    shares_of,
    step_d,
    tiny_nets,
    weights_of,
)


def loss_of_g(fake):
    """The non-saturating loss, of D's scores for G's pictures."""
    return F.softplus(-fake).mean()


def step_g(G, D, opt_G, z, loss=loss_of_g):
    number = loss(D(G(z)))
    opt_G.zero_grad()
    number.backward()
    opt_G.step()


LOSSES_OF_G = (  # (a loss of D's scores for G's pictures, what a step on it is, hint)
    (
        lambda fake: -F.softplus(fake).mean(),
        "G descends log(1 - D(G(z)))",
        "that is the minimax loss. Take the non-saturating one, -log D(G(z))",
    ),
    (
        lambda fake: F.softplus(fake).mean(),
        "G learns to lower the scores of its pictures",
        "G wants them high: the mean of softplus(-score)",
    ),
    (
        lambda fake: F.softplus(-fake).sum(),
        "G's loss is a sum over the batch",
        "the mean of softplus(-score)",
    ),
    (
        lambda fake: F.softplus(-fake.mean()),
        "G's loss is that of the mean score",
        "first softplus(-score) of each, then the mean over the batch",
    ),
    (
        lambda fake: F.softplus(-fake.sigmoid()).mean(),
        "there is a sigmoid too many in G's loss",
        "softplus(-s) is -log σ(s) already: it wants raw scores",
    ),
    (
        lambda fake: -fake.mean(),
        "G's loss is minus the mean score, as a critic's generator has it",
        "the mean of softplus(-score)",
    ),
)


@check(trains=True)
def algorithm_1(answer):
    """answer(G, D, opt_G, opt_D, real, z_d, z_g): a step of D with z_d, then one of G with z_g."""
    G, D = tiny_nets()
    opt_G = optimiser_of(G)
    opt_D = optimiser_of(D)
    start = copy.deepcopy((G, D))
    batches = (torch.rand(4, 1, 2, 2) * 2 - 1, torch.randn(6, 3), torch.randn(5, 3))
    steps_of_d = Steps("D", D, opt_D)
    steps_of_g = Steps("G", G, opt_G)
    answer(G, D, opt_G, opt_D, *batches)
    yield from steps_of_d.lines("")
    yield from steps_of_g.lines(", and in its own turn G's fake is not detached")
    yield from _lines_on_round(steps_of_g, steps_of_d, start, batches)
    answer(G, D, opt_G, opt_D, *batches)
    yield (
        _near_both((weights_of(G), weights_of(D)), _after(start, batches, order="DGDG")),
        "the second call goes wrong",
        "gradients of the first are still there, in D also G's: "
        "each zero_grad() comes before its backward()",
    )
    for start, kind, hint in (
        (
            tiny_nets(sure=100),
            "very sure (scores of ±30)",
            "F.softplus of raw scores: no clamp, no sigmoid before the logarithm",
        ),
        (_trained_nets(*batches[:2]), "nearly always right", "each net steps, whatever the loss"),
    ):
        G, D = copy.deepcopy(start)
        answer(G, D, optimiser_of(G), optimiser_of(D), *batches)
        right_g, right_d = _after(start, batches)
        for name, weights, right in (
            ("D", weights_of(D), right_d),
            ("G", weights_of(G), right_g),
        ):
            yield (
                near(weights, right, atol=1e-4),
                f"with a D that is {kind}, {name}'s step is wrong",
                hint,
            )


def _after(start, batches, *, order="DG", z_g=None, loss=loss_of_g):
    """Weights of G and D after steps in this order; "DGDG" is two rounds."""
    G, D = copy.deepcopy(start)
    opt_G = optimiser_of(G)
    opt_D = optimiser_of(D)
    real, z_d, own_z_g = batches
    for net in order:
        if net == "D":
            step_d(G, D, opt_D, real, z_d)
        else:
            step_g(G, D, opt_G, own_z_g if z_g is None else z_g, loss)
    return weights_of(G), weights_of(D)


def _g_after_old_d(start, batches):
    """G's weights where its gradient comes from D as it was before its step."""
    G, D = copy.deepcopy(start)
    step_g(G, D, optimiser_of(G), batches[2])
    return weights_of(G)


def _g_after_both_losses(start, batches):
    """G's weights where D's loss leaves gradients in G, and those of G's own loss are added."""
    G, D = copy.deepcopy(start)
    opt_G = optimiser_of(G)
    real, z_d, z_g = batches
    opt_D = optimiser_of(D)
    loss_of_d(D(real), D(G(z_d))).backward()
    opt_D.step()
    loss_of_g(D(G(z_g))).backward()
    opt_G.step()
    return weights_of(G)


def _trained_nets(real, z):
    """Nets whose D has been trained until its loss is small."""
    G, D = tiny_nets()
    opt_D = optimiser_of(D)
    for _ in range(200):
        step_d(G, D, opt_D, real, z)
    return G, D


def _lines_on_round(steps_of_g, steps_of_d, start, batches):
    """Lines on the weights of both nets after one round of algorithm 1."""
    real, z_d, z_g = batches
    g, d = (weights_of(steps.net) for steps in (steps_of_g, steps_of_d))
    after = partial(_after, start, batches)
    yield wrong_if(
        _near_both((g, d), after(order="GD")),
        "G goes first",
        "in algorithm 1, D is updated first, and G then plays against the new D",
    )
    yield wrong_if(
        near(d, _after(start, (real, z_g, z_g))[1]),
        "D is trained on G's noise",
        "z_d is D's noise, and z_g is G's",
    )
    yield from lines_on_d(steps_of_d, start, real, z_d)
    right = after()[0]
    if near(g, right):
        return
    yield from steps_of_g.lines_where_wrong("steps once, in its own turn")
    yield from mistakes(
        g,
        (
            after(z_g=z_d)[0],
            "G is trained on D's noise",
            "line 3 of the algorithm draws new noise: use z_g",
        ),
        (
            _g_after_old_d(start, batches),
            "G's gradient comes from the D before its step",
            "compute G's loss after opt_D.step()",
        ),
        (
            _g_after_both_losses(start, batches),
            "D's loss has left gradients in G, and G's step follows them, too",
            "detach the fakes in D's step, or clear G's gradients behind it: opt_G.zero_grad()",
        ),
        *((after(loss=loss)[0], *words) for loss, *words in LOSSES_OF_G),
    )
    parts = [
        after(loss=loss_of_g)[0] - steps_of_g.start,
        after(loss=lambda fake: F.softplus(fake).mean())[0] - steps_of_g.start,
    ]
    shares = shares_of(g - steps_of_g.start, parts, right=(1, 0))
    yield (
        shares is None,
        f"G's step is that of {in_words(shares or (0, 0))} for the score s of a picture",
        "the mean of softplus(-s), and nothing else",
    )
    yield (
        False,
        "G is not where its one step leads",
        "opt_G steps once, on the mean of softplus(-score) for G(z_g), after opt_G.zero_grad() "
        "and backward()",
    )


def _near_both(weights, others):
    return all(map(near, weights, others))
