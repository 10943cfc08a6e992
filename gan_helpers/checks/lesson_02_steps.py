"""Checks of lesson 02, exercises 1 and 3: one step of D, and one round of algorithm 1."""

import copy
from functools import partial

import torch
import torch.nn.functional as F
from torch import nn

from gan_helpers.checks import check, mistakes, near, wrong_if


def tiny_nets(sure=1):
    """G: z [B, 3] -> [B, 1, 2, 2], with BatchNorm; D: images -> scores [B], `sure` times as far."""
    G = nn.Sequential(
        nn.Linear(3, 5),
        nn.BatchNorm1d(5),
        nn.Tanh(),
        nn.Linear(5, 4),
        nn.Tanh(),
        nn.Unflatten(1, (1, 2, 2)),
    )
    D = nn.Sequential(nn.Flatten(), nn.Linear(4, 6), nn.Tanh(), nn.Linear(6, 1), nn.Flatten(0))
    with torch.no_grad():
        D[3].weight.mul_(sure)
    return G, D


def _optimiser(net):
    """Plain gradient descent: its steps are as long as the gradient, so that they show sums."""
    return torch.optim.SGD(net.parameters(), lr=0.5)


def _weights(net):
    return torch.cat([p.detach().flatten() for p in net.parameters()]).clone()


def _reference_d_step(G, D, opt_D, real, z, *, sign=1, on=torch.clone, reduce=torch.mean):
    """`sign` -1 exchanges the targets; `on` changes the scores, `reduce` makes one number."""
    with torch.no_grad():
        fake = G(z)
    loss = reduce(F.softplus(-sign * on(D(real)))) + reduce(F.softplus(sign * on(D(fake))))
    opt_D.zero_grad()
    loss.backward()
    opt_D.step()


def _reference_g_step(G, D, opt_G, z, *, minimax=False):
    scores = D(G(z))
    opt_G.zero_grad()
    (-F.softplus(scores) if minimax else F.softplus(-scores)).mean().backward()
    opt_G.step()


@check(trains=True)
def discriminator_update(answer):
    """answer(G, D, opt_D, real, z): one step of D with binary cross-entropy, no gradient in G."""
    G, D = tiny_nets()
    opt_D = _optimiser(D)
    start = copy.deepcopy((G, D))
    real = torch.rand(4, 1, 2, 2) * 2 - 1
    z = torch.randn(6, 3)
    answer(G, D, opt_D, real, z)
    start_of_G, start_of_D = (_weights(net) for net in start)

    def reference(*, rounds=1, training=True, **options):
        """D's weights after right steps, or after wrong ones: see _reference_d_step."""
        G, D = copy.deepcopy(start)
        G.train(training)
        opt_D = _optimiser(D)
        for _ in range(rounds):
            _reference_d_step(G, D, opt_D, real, z, **options)
        return _weights(D)

    step = _weights(D) - start_of_D
    right_step = reference() - start_of_D
    yield step.norm() > 0, "D has not changed", "after backward() the optimiser must take its step"
    yield near(_weights(G), start_of_G), "G has changed", "this is D's step: only opt_D may step"
    yield (
        all(p.grad is None for p in G.parameters()),
        "D's loss has left gradients in G",
        "the fake must be a plain picture here: detach it, or make it under torch.no_grad()",
    )
    yield wrong_if(
        near(_weights(D), reference(sign=-1)),
        "D has moved the wrong way",
        "are the targets exchanged? real is 1, fake is 0",
    )
    yield wrong_if(
        near(step, right_step / 2),
        "D's step is half as long as it should be",
        "D's loss is the sum of the mean over real and the mean over fake, without ½",
    )
    yield from mistakes(
        _weights(D),
        (
            reference(reduce=torch.sum),
            "the loss is a sum over the batch",
            "take the mean over each batch, then add the two",
        ),
        (reference(rounds=2), "D takes two steps", "one call of opt_D.step()"),
        (
            reference(training=False),
            "the fakes come from G in eval mode",
            "leave G in its mode: BatchNorm takes mean and deviation from the batch in training",
        ),
        (
            reference(on=torch.sigmoid),
            "there is a sigmoid too many",
            "softplus(-s) is -log σ(s) already: it wants raw scores",
        ),
    )
    cosine = (step @ right_step / step.norm() / right_step.norm()).item()
    yield (
        cosine > -0.999,
        "D has moved uphill",
        "the loss is *minus* the mean of the logs: check the signs",
    )
    yield (
        cosine > 0.999,
        "D has learned something else",
        "it needs both parts: real pictures up, fakes down",
    )
    yield (
        near(step, right_step),
        "D's step has another length",
        "take the mean over each batch, then add the two",
    )
    yield (
        _two_steps_are_right(answer, start, real, z),
        "the second step goes wrong",
        "gradients add up: zero_grad() comes first",
    )
    yield (
        _two_steps_are_right(answer, tiny_nets(sure=100), real, z),
        "with a D that is very sure (scores of ±30) its step is wrong",
        "F.softplus of raw scores: no clamp, no sigmoid before the logarithm",
    )


def _two_steps_are_right(answer, start, real, z):
    """Whether two steps of D from the start lead to where two right steps lead."""
    weights = []
    for step in (answer, _reference_d_step):
        G, D = copy.deepcopy(start)
        opt_D = _optimiser(D)
        for weight in D.parameters():
            weight.grad = torch.ones_like(weight)  # left by G's step
        for _ in range(2):
            step(G, D, opt_D, real, z)
        weights.append(_weights(D))
    return near(*weights, atol=1e-4)


@check(trains=True)
def algorithm_1(answer):
    """answer(G, D, opt_G, opt_D, real, z_d, z_g): a step of D with z_d, then one of G with z_g."""
    G, D = tiny_nets()
    opt_G = _optimiser(G)
    opt_D = _optimiser(D)
    start = copy.deepcopy((G, D))
    real = torch.rand(4, 1, 2, 2) * 2 - 1
    z_d = torch.randn(6, 3)
    z_g = torch.randn(5, 3)

    def reference(order="DG", noise=z_g, minimax=False):
        """Weights of G and D after steps in this order; "DGDG" is two rounds."""
        G, D = copy.deepcopy(start)
        opt_G = _optimiser(G)
        opt_D = _optimiser(D)
        for net in order:
            if net == "D":
                _reference_d_step(G, D, opt_D, real, z_d)
            else:
                _reference_g_step(G, D, opt_G, noise, minimax=minimax)
        return _weights(G), _weights(D)

    answer(G, D, opt_G, opt_D, real, z_d, z_g)
    yield from _one_round(_weights(G), _weights(D), start, reference, z_d)
    answer(G, D, opt_G, opt_D, real, z_d, z_g)
    yield (
        _near_both((_weights(G), _weights(D)), reference("DGDG")),
        "the second call goes wrong",
        "gradients of the first are still there, in D also G's: "
        "each zero_grad() comes before its backward()",
    )
    for start in (tiny_nets(sure=100), _trained_nets(real, z_d)):
        G, D = copy.deepcopy(start)
        answer(G, D, _optimiser(G), _optimiser(D), real, z_d, z_g)
        yield (
            all(map(partial(near, atol=1e-4), (_weights(G), _weights(D)), reference())),
            "with a D that is very sure, or nearly always right, a step is wrong",
            "F.softplus of raw scores, no clamp and no sigmoid before the logarithm; and each step "
            "is taken, whatever the loss",
        )


def _trained_nets(real, z):
    """Nets whose D has been trained until its loss is small."""
    G, D = tiny_nets()
    opt_D = _optimiser(D)
    for _ in range(200):
        _reference_d_step(G, D, opt_D, real, z)
    return G, D


def _one_round(g, d, start, reference, z_d):
    """Lines about the weights g of G and d of D after one round of algorithm 1."""
    start_of_G, start_of_D = (_weights(net) for net in start)
    right_g, right_d = reference()
    yield wrong_if(near(d, start_of_D), "D has not changed", "opt_D.step() is missing")
    yield wrong_if(
        near(g, start_of_G),
        "G has not changed",
        "is opt_G.step() there, and is G's fake not detached?",
    )
    yield from mistakes(
        (g, d),
        (
            reference("GD"),
            "G goes first",
            "in algorithm 1, D is updated first, and G then plays against the new D",
        ),
        (
            reference(noise=z_d),
            "G is trained on D's noise",
            "line 3 of the algorithm draws new noise: use z_g",
        ),
        (
            reference(minimax=True),
            "G descends log(1 - D(G(z)))",
            "that is the minimax loss. Take the non-saturating one, -log D(G(z))",
        ),
        comparison=_near_both,
    )
    yield (
        near(d, right_d),
        "D is not where its one step leads",
        "opt_D steps once, on D's loss alone, which is that of exercise 1",
    )
    yield (
        near(g, right_g),
        "G is not where its one step leads",
        "opt_G steps once, on the mean of softplus(-score), after opt_G.zero_grad() and backward()",
    )


def _near_both(weights, others):
    return all(map(near, weights, others))
