"""Checks of lesson 02 · Classic GAN with binary cross-entropy."""

import copy

import torch
import torch.nn.functional as F
from torch import nn

from gan_helpers.checks import check, is_tensor, mistakes, near, wrong_if


def _tiny_nets():
    """G: z [B, 3] -> [B, 1, 2, 2], with BatchNorm; D: images -> scores [B]."""
    G = nn.Sequential(
        nn.Linear(3, 5),
        nn.BatchNorm1d(5),
        nn.Tanh(),
        nn.Linear(5, 4),
        nn.Tanh(),
        nn.Unflatten(1, (1, 2, 2)),
    )
    D = nn.Sequential(nn.Flatten(), nn.Linear(4, 6), nn.Tanh(), nn.Linear(6, 1), nn.Flatten(0))
    return G, D


def _optimiser(net):
    """Plain gradient descent: its steps are as long as the gradient, so that they show sums."""
    return torch.optim.SGD(net.parameters(), lr=0.5)


def _weights(net):
    return torch.cat([p.detach().flatten() for p in net.parameters()]).clone()


def _reference_d_step(G, D, opt_D, real, z, *, sign=1):
    with torch.no_grad():
        fake = G(z)
    loss = F.softplus(-sign * D(real)).mean() + F.softplus(sign * D(fake)).mean()
    opt_D.zero_grad()
    loss.backward()
    opt_D.step()


def _reference_g_step(G, D, opt_G, z, *, minimax=False):
    scores = D(G(z))
    opt_G.zero_grad()
    (-F.softplus(scores) if minimax else F.softplus(-scores)).mean().backward()
    opt_G.step()


@check
def discriminator_update(answer):
    """answer(G, D, opt_D, real, z): one step of D with binary cross-entropy, no gradient in G."""
    G, D = _tiny_nets()
    opt_D = _optimiser(D)
    start = copy.deepcopy((G, D))
    real = torch.rand(4, 1, 2, 2) * 2 - 1
    z = torch.randn(4, 3)
    answer(G, D, opt_D, real, z)
    start_of_G, start_of_D = (_weights(net) for net in start)

    def reference(sign):
        """D's weights after one right step, or after one with exchanged targets (sign=-1)."""
        G, D = copy.deepcopy(start)
        _reference_d_step(G, D, _optimiser(D), real, z, sign=sign)
        return _weights(D)

    step = _weights(D) - start_of_D
    right_step = reference(sign=1) - start_of_D
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
        _second_step_is_right(answer, start, real, z),
        "the second step goes wrong",
        "gradients add up: zero_grad() comes first",
    )


def _second_step_is_right(answer, start, real, z):
    """Whether two steps of D from the start lead to where two right steps lead."""
    weights = []
    for step in (answer, _reference_d_step):
        G, D = copy.deepcopy(start)
        opt_D = _optimiser(D)
        for _ in range(2):
            step(G, D, opt_D, real, z)
        weights.append(_weights(D))
    return near(*weights)


def _refuses(answer, *arguments):
    try:
        answer(*arguments)
    except Exception:
        return True
    return False


@check
def squared_error(answer):
    """answer(scores [B] or [B, 1], targets [B]) -> mean over the batch of (score - target)²."""
    scores = torch.tensor([1.0, 3.0, 6.0])
    targets = torch.tensor([1.0, 2.0, 2.0])
    over_pairs = ((scores[:, None] - targets) ** 2).mean().item()
    of_column = answer(scores[:, None], targets)
    of_flat = answer(scores, targets)
    yield is_tensor(of_column)
    yield (
        of_column.numel() == 1,
        f"it returns shape {list(of_column.shape)}",
        "one number: the mean over the batch",
    )
    error = of_column.item()
    yield (
        abs(error - over_pairs) > 1e-4,
        f"for [3, 1] and [3] you get {error:.3f}, a mean over nine pairs",
        "[3, 1] and [3] broadcast to [3, 3]. Bring both to one shape first",
    )
    yield abs(error - 17) > 1e-4, "it is the sum", "the mean does not grow with the batch"
    yield abs(error - 17 / 3) < 1e-4, f"you get {error:.3f}, not 17/3", "(0² + 1² + 4²) / 3"
    yield near(of_column, of_flat), "[B] and [B, 1] give different results", "both must work"
    yield (
        answer(torch.ones(1, 1), torch.ones(1)).item() == 0,
        "a batch of one goes wrong",
        "it is a batch too",
    )
    for score_count, target_count in ((3, 2), (1, 3), (3, 1)):
        yield (
            _refuses(answer, torch.zeros(score_count), torch.zeros(target_count)),
            f"it takes {score_count} scores and {target_count} targets",
            "numbers that do not match must be an error: reshape the scores to the targets' shape, "
            "do not stretch",
        )


@check
def algorithm_1(answer):
    """answer(G, D, opt_G, opt_D, real, z_d, z_g): a step of D with z_d, then one of G with z_g."""
    G, D = _tiny_nets()
    opt_G = _optimiser(G)
    opt_D = _optimiser(D)
    start = copy.deepcopy((G, D))
    real = torch.rand(4, 1, 2, 2) * 2 - 1
    z_d = torch.randn(4, 3)
    z_g = torch.randn(4, 3)

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


@check
def draw(answer):
    """answer(G, z) -> pictures in eval mode and without a graph; G's mode is as before."""
    G, _ = _tiny_nets()
    G(torch.randn(64, 3) * 2 + 1)  # running statistics unlike those of a batch
    z = torch.randn(5, 3)
    for was_training in (True, False):
        G.train(was_training)
        state = copy.deepcopy(G.state_dict())
        pictures = answer(G, z)
        yield is_tensor(pictures)
        with torch.no_grad():
            right = copy.deepcopy(G).eval()(z)
        yield (
            near(pictures, right),
            "a picture depends on what else is in its batch",
            "in train mode BatchNorm takes mean and deviation from the batch: G.eval() first",
        )
        yield (
            all(torch.equal(value, state[name]) for name, value in G.state_dict().items()),
            "drawing has changed G",
            "in train mode BatchNorm goes on counting: G.eval() first",
        )
        yield wrong_if(
            pictures.requires_grad,
            "the pictures carry a graph with them",
            "wrap the call in torch.no_grad()",
        )
        yield (
            G.training == was_training,
            f"G was in {'train' if was_training else 'eval'} mode and is no longer",
            "remember G.training before, and put it back with G.train(...)",
        )
