"""Checks of lesson 02 · Classic GAN with binary cross-entropy."""

import copy

import torch
import torch.nn.functional as F
from torch import nn

from gan_helpers.checks import check, is_tensor, near


def _tiny_nets():
    """G: z [B, 3] -> [B, 1, 2, 2], with BatchNorm; D: images -> scores [B]; SGD optimisers, whose steps show sums."""
    G = nn.Sequential(
        nn.Linear(3, 5),
        nn.BatchNorm1d(5),
        nn.Tanh(),
        nn.Linear(5, 4),
        nn.Tanh(),
        nn.Unflatten(1, (1, 2, 2)),
    )
    D = nn.Sequential(nn.Flatten(), nn.Linear(4, 6), nn.Tanh(), nn.Linear(6, 1), nn.Flatten(0))
    return G, D, torch.optim.SGD(G.parameters(), lr=0.5), torch.optim.SGD(D.parameters(), lr=0.5)


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
    """answer(G, D, opt_D, real, z): one step of D with binary cross-entropy; G must get no gradient."""
    G, D, _, opt_D = _tiny_nets()
    state = copy.deepcopy((G, D))
    real, z = torch.rand(4, 1, 2, 2) * 2 - 1, torch.randn(4, 3)
    answer(G, D, opt_D, real, z)

    def after(**options):
        G, D = copy.deepcopy(state)
        optimiser = torch.optim.SGD(D.parameters(), lr=0.5)
        _reference_d_step(G, D, optimiser, real, z, **options)
        return _weights(D)

    moved = _weights(D) - _weights(state[1])
    wanted = after() - _weights(state[1])
    yield moved.norm() > 0, "D has not changed", "after backward() the optimiser must take its step"
    yield (
        near(_weights(G), _weights(state[0])),
        "G has changed",
        "this is D's step: only opt_D may step",
    )
    yield (
        all(p.grad is None for p in G.parameters()),
        "D's loss has left gradients in G",
        "the fake must be a plain picture here: detach it, or make it under torch.no_grad()",
    )
    along = (moved @ wanted / moved.norm() / wanted.norm()).item()
    yield (
        not near(_weights(D), after(sign=-1)),
        "D has moved the wrong way",
        "are the targets exchanged? real is 1, fake is 0",
    )
    yield (
        not near(moved, wanted / 2),
        "D's step is half as long as it should be",
        "D's loss is the sum of the mean over real and the mean over fake, without ½",
    )
    yield (
        along > -0.999,
        "D has moved uphill",
        "the loss is *minus* the mean of the logs: check the signs",
    )
    yield (
        along > 0.999,
        "D has learned something else",
        "it needs both parts: real pictures up, fakes down",
    )
    yield (
        near(moved, wanted),
        "D's step has another length",
        "take the mean over each batch, then add the two",
    )
    G, D = copy.deepcopy(state)
    twice = torch.optim.SGD(D.parameters(), lr=0.5)
    for _ in range(2):
        answer(G, D, twice, real, z)
    G2, D2 = copy.deepcopy(state)
    expected = torch.optim.SGD(D2.parameters(), lr=0.5)
    for _ in range(2):
        _reference_d_step(G2, D2, expected, real, z)
    yield (
        near(_weights(D), _weights(D2)),
        "the second step goes wrong",
        "gradients add up: zero_grad() comes first",
    )


@check
def squared_error(answer):
    """answer(scores [B] or [B, 1], targets [B]) -> the mean over the batch of (score - target)², a scalar."""
    scores, targets = torch.tensor([1.0, 3.0, 6.0]), torch.tensor([1.0, 2.0, 2.0])
    right, broadcast = 17 / 3, ((scores[:, None] - targets) ** 2).mean().item()
    column, flat = answer(scores[:, None], targets), answer(scores, targets)
    yield is_tensor(column)
    yield (
        column.numel() == 1,
        f"it returns shape {list(column.shape)}",
        "one number: the mean over the batch",
    )
    yield (
        abs(column.item() - broadcast) > 1e-4,
        f"for [3, 1] and [3] you get {column.item():.3f}, a mean over nine pairs",
        "[3, 1] and [3] broadcast to [3, 3]. Bring both to one shape first",
    )
    yield abs(column.item() - 17) > 1e-4, "it is the sum", "the mean does not grow with the batch"
    yield (
        abs(column.item() - right) < 1e-4,
        f"you get {column.item():.3f}, not 17/3",
        "(0² + 1² + 4²) / 3",
    )
    yield near(column, flat), "[B] and [B, 1] give different results", "both must work"
    yield (
        answer(torch.ones(1, 1), torch.ones(1)).item() == 0,
        "a batch of one goes wrong",
        "it is a batch too",
    )
    for count, other in ((3, 2), (1, 3), (3, 1)):
        try:
            answer(torch.zeros(count), torch.zeros(other))
            refused = False
        except Exception:
            refused = True
        yield (
            refused,
            f"it takes {count} scores and {other} targets",
            "numbers that do not match must be an error: reshape the scores to the targets' shape, do not stretch",
        )


@check
def algorithm_1(answer):
    """answer(G, D, opt_G, opt_D, real, z_d, z_g): one D step with z_d, then one G step with z_g."""
    G, D, opt_G, opt_D = _tiny_nets()
    state = copy.deepcopy((G, D))
    real, z_d, z_g = torch.rand(4, 1, 2, 2) * 2 - 1, torch.randn(4, 3), torch.randn(4, 3)
    answer(G, D, opt_G, opt_D, real, z_d, z_g)

    def after(order="DG", noise=z_g, **options):
        G, D = copy.deepcopy(state)
        opt_G, opt_D = (torch.optim.SGD(net.parameters(), lr=0.5) for net in (G, D))
        for net in order:  # "DGDG" is two steps
            if net == "D":
                _reference_d_step(G, D, opt_D, real, z_d)
            else:
                _reference_g_step(G, D, opt_G, noise, **options)
        return _weights(G), _weights(D)

    g, d = _weights(G), _weights(D)

    def is_like(expected):
        return near(g, expected[0]) and near(d, expected[1])

    yield not near(d, _weights(state[1])), "D has not changed", "opt_D.step() is missing"
    yield (
        not near(g, _weights(state[0])),
        "G has not changed",
        "is opt_G.step() there, and is G's fake not detached?",
    )
    yield (
        not is_like(after("GD")),
        "G goes first",
        "in algorithm 1, D is updated first, and G then plays against the new D",
    )
    yield (
        not is_like(after(noise=z_d)),
        "G is trained on D's noise",
        "line 3 of the algorithm draws new noise: use z_g",
    )
    yield (
        not is_like(after(minimax=True)),
        "G descends log(1 - D(G(z)))",
        "that is the minimax loss. Take the non-saturating one, -log D(G(z))",
    )
    yield (
        near(d, after()[1]),
        "D is not where its one step leads",
        "opt_D steps once, on D's loss alone, which is that of exercise 1",
    )
    yield (
        near(g, after()[0]),
        "G is not where its one step leads",
        "opt_G steps once, on the mean of softplus(-score), after opt_G.zero_grad() and backward()",
    )
    answer(G, D, opt_G, opt_D, real, z_d, z_g)
    g, d = _weights(G), _weights(D)
    yield (
        is_like(after("DGDG")),
        "the second call goes wrong",
        "gradients of the first are still there, in D also G's: each zero_grad() comes before its backward()",
    )


@check
def draw(answer):
    """answer(G, z) -> pictures in eval mode and without a graph; G's mode is as before."""
    G = _tiny_nets()[0]
    G(torch.randn(64, 3) * 2 + 1)  # running statistics unlike those of a batch
    z = torch.randn(5, 3)
    for was_training in (True, False):
        G.train(was_training)
        state = copy.deepcopy(G.state_dict())
        pictures = answer(G, z)
        yield is_tensor(pictures)
        with torch.no_grad():
            expected = copy.deepcopy(G).eval()(z)
        yield (
            near(pictures, expected),
            "a picture depends on what else is in its batch",
            "in train mode BatchNorm takes mean and deviation from the batch: G.eval() first",
        )
        yield (
            all(torch.equal(value, state[name]) for name, value in G.state_dict().items()),
            "drawing has changed G",
            "in train mode BatchNorm goes on counting: G.eval() first",
        )
        yield (
            not pictures.requires_grad,
            "the pictures carry a graph with them",
            "wrap the call in torch.no_grad()",
        )
        yield (
            G.training == was_training,
            f"G was in {'train' if was_training else 'eval'} mode and is no longer",
            "remember G.training before, and put it back with G.train(...)",
        )
