"""Checks of lesson 02, exercise 1: one step of D; and what exercise 3 asks of D's step, too."""

import copy

import torch
import torch.nn.functional as F
from torch import nn

from gan_helpers.checks import check, mistakes, near, wrong_if

RATE = 0.5


def tiny_nets(sure=6):
    """G: z [B, 3] -> [B, 1, 2, 2], with BatchNorm; D: images -> scores [B], `sure` times as far.

    With 6, D's scores are some below and some beyond ±1, where losses differ from each other.
    """
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


def optimiser_of(net):
    """Gradient descent: its first step is as long as the gradient, so that it shows sums.

    Its momentum tells it from a step that is made by hand.
    """
    return torch.optim.SGD(net.parameters(), lr=RATE, momentum=0.3)


def weights_of(net):
    return torch.cat([p.detach().flatten() for p in net.parameters()]).clone()


def loss_of_d(real, fake):
    """Binary cross-entropy of D's scores for real and for fake pictures."""
    return F.softplus(-real).mean() + F.softplus(fake).mean()


def step_d(G, D, opt_D, real, z, loss=loss_of_d):
    """The right step of D, or that on another loss of its scores for real and fake pictures."""
    with torch.no_grad():
        fake = G(z)
    number = loss(D(real), D(fake))
    opt_D.zero_grad()
    number.backward()
    opt_D.step()


CROSS_ENTROPY = "cross-entropy is softplus(-s) for a real picture's score s, softplus(s) for a fake"
PROBABILITIES = (
    "D's loss takes scores for probabilities",
    "D returns raw scores s, and -log σ(s) is softplus(-s)",
)
LOSSES_OF_D = (  # (a loss of D's scores for real and fake pictures, what a step on it is, hint)
    (
        lambda real, fake: loss_of_d(-real, -fake),
        "D has moved the wrong way",
        "are the targets exchanged? real is 1, fake is 0",
    ),
    (
        lambda real, fake: loss_of_d(real, fake) / 2,
        "D's step is half as long as it should be",
        "D's loss is the sum of the mean over real and the mean over fake, without ½",
    ),
    (
        lambda real, fake: -loss_of_d(real, fake),
        "D has moved uphill",
        "the loss is *minus* the mean of the logs: check the signs",
    ),
    (
        lambda real, fake: F.softplus(-real).sum() + F.softplus(fake).sum(),
        "D's loss is a sum over the batch",
        "take the mean over each batch, then add the two",
    ),
    (
        lambda real, fake: loss_of_d(real.mean(), fake.mean()),
        "D's loss is that of its mean scores",
        "first softplus of each score, then the mean over the batch",
    ),
    (
        lambda real, fake: loss_of_d(real[:1], fake[:1]),
        "D learns from the first picture of each batch alone",
        "the mean over each batch",
    ),
    (
        lambda real, fake: loss_of_d(real.sigmoid(), fake.sigmoid()),
        "there is a sigmoid too many",
        "softplus(-s) is -log σ(s) already: it wants raw scores",
    ),
    (
        lambda real, fake: (
            -(real.clamp(1e-6, 1).log().mean() + (1 - fake).clamp(1e-6, 1).log().mean())
        ),
        *PROBABILITIES,
    ),
    (lambda real, fake: -(real.log().mean() + (1 - fake).log().mean()), *PROBABILITIES),
    (
        lambda real, fake: (real - 1).square().mean() + fake.square().mean(),
        "D's loss is a squared error",
        CROSS_ENTROPY,
    ),
    (
        lambda real, fake: F.relu(1 - real).mean() + F.relu(1 + fake).mean(),
        "D's loss is the hinge loss",
        CROSS_ENTROPY,
    ),
    (lambda real, fake: fake.mean() - real.mean(), "D's loss is a critic's", CROSS_ENTROPY),
)


class Steps:
    """What the steps of a net's optimiser are like; `lines` are the first to ask about the net."""

    def __init__(self, name, net, optimiser):
        self.name = name
        self.net = net
        self.optimiser = optimiser
        self.start = weights_of(net)
        self.count = 0
        self.found_gradient = False
        self.weights = self.start  # after the last step
        optimiser.register_step_post_hook(self._note)

    def _note(self, *_):
        self.count += 1
        gradients = [p.grad for p in self.net.parameters() if p.grad is not None]
        self.found_gradient |= any(gradient.any() for gradient in gradients)
        self.weights = weights_of(self.net)

    def lines(self, hint):
        """Lines on whether there was a step at all; `hint`: for steps that find no gradient."""
        step = f"opt_{self.name}.step()"
        yield (
            self.optimiser.param_groups[0]["lr"] == RATE,
            f"opt_{self.name} has another learning rate afterwards",
            "leave its settings alone: they belong to the caller",
        )
        yield (
            self.count or not near(weights_of(self.net), self.start),
            f"{self.name} has not changed",
            f"after backward() the optimiser must take its step: {step}",
        )
        yield (
            self.found_gradient or not self.count,
            f"{self.name} has not changed: {step} finds no gradient",
            f"zero_grad() comes first, then backward(), then step(){hint}",
        )

    def lines_where_wrong(self, hint):
        """Lines for weights that are not where they should be; `hint`: for several steps."""
        optimiser = f"opt_{self.name}"
        yield (
            self.count > 0,
            f"{self.name} has moved, and {optimiser} has taken no step",
            "use the optimiser that is given",
        )
        yield self.count < 2, f"{optimiser} takes {self.count} steps", f"{optimiser} {hint}"
        yield (
            near(weights_of(self.net), self.weights),
            f"{self.name}'s weights are changed once more after {optimiser}.step()",
            "the step alone moves them: no clipping, no other change",
        )


def lines_on_d(steps, start, real, z):
    """Lines on whether D is where one step leads from the nets `start`, with these batches."""

    def after(loss=loss_of_d, training=True):
        G, D = copy.deepcopy(start)
        G.train(training)
        step_d(G, D, optimiser_of(D), real, z, loss)
        return weights_of(D)

    weights = weights_of(steps.net)
    if near(weights, after()):
        return
    yield from steps.lines_where_wrong("steps once, after backward() of the sum of D's two losses")
    yield wrong_if(
        not weights.isfinite().all(),
        "D's weights are NaN or infinite after its step",
        "raw scores may be below 0 and far from it: softplus takes them as they are, log does not",
    )
    yield wrong_if(
        near(weights, after(training=False)),
        "the fakes come from G in eval mode",
        "leave G in its mode: BatchNorm takes mean and deviation from the batch in training",
    )
    yield from mistakes(weights, *((after(loss), *words) for loss, *words in LOSSES_OF_D))
    yield from _lines_on_parts(weights - steps.start, after, steps.start)
    yield (
        False,
        "D is not where one step on its loss leads",
        "opt_D steps once, on D's loss alone: the mean of softplus(-s) over the scores of `real`, "
        "and the mean of softplus(s) over those of the fakes",
    )


def _lines_on_parts(step, after, start):
    """Lines for a step of D on a loss made of softplus(-s) and softplus(s), in wrong shares."""
    parts = [
        after(lambda real, fake: F.softplus(-real).mean()) - start,
        after(lambda real, fake: F.softplus(real).mean()) - start,
        after(lambda real, fake: F.softplus(-fake).mean()) - start,
        after(lambda real, fake: F.softplus(fake).mean()) - start,
    ]
    shares = shares_of(step, parts, right=(1, 0, 0, 1))
    if shares is None:
        return
    for name, pair in (("real pictures", shares[:2]), ("fakes", shares[2:])):
        yield (
            max(map(abs, pair)) > 0.005,
            f"no gradient comes to D from the {name}",
            "its loss needs both parts, real pictures up and fakes down; neither is detached, or "
            "cleared before the step",
        )
    yield (
        False,
        f"D's step is that of {in_words(shares[:2])} for a real picture's score s, "
        f"and {in_words(shares[2:])} for a fake's",
        "softplus(-s) for real pictures, softplus(s) for fakes: the targets are 1 and 0, and the "
        "means over the two batches are added",
    )


def shares_of(step, parts, right):
    """The shares of `parts` that add up to `step`; None if none do, or those that are `right`."""
    table = torch.stack(parts, 1).double()
    shares = torch.linalg.lstsq(table, step.double()[:, None]).solution[:, 0]
    adds_up = (table @ shares - step).norm() < 1e-3 * step.norm()
    return shares.tolist() if adds_up and not near(shares, right, atol=0.005) else None


def in_words(shares):
    """The shares of softplus(-s) and softplus(s), as a sum in words."""
    terms = zip(shares, ("softplus(-s)", "softplus(s)"), strict=True)
    return " ".join(f"{share:+.2f}·{name}" for share, name in terms if abs(share) > 0.005)


@check(trains=True)
def discriminator_update(answer):
    """answer(G, D, opt_D, real, z): one step of D with binary cross-entropy, no gradient in G."""
    G, D = tiny_nets()
    opt_D = optimiser_of(D)
    start = copy.deepcopy((G, D))
    real = torch.rand(4, 1, 2, 2) * 2 - 1
    z = torch.randn(6, 3)
    steps = Steps("D", D, opt_D)
    answer(G, D, opt_D, real, z)
    yield from steps.lines("")
    yield (
        near(weights_of(G), weights_of(start[0])),
        "G has changed",
        "this is D's step: only opt_D may step",
    )
    yield (
        all(p.grad is None for p in G.parameters()),
        "D's loss has left gradients in G",
        "the fake must be a plain picture here: detach it, or make it under torch.no_grad()",
    )
    yield from lines_on_d(steps, start, real, z)
    yield (
        _steps_are_right(answer, start, real, z, old_gradients=True),
        "where D has old gradients, as G's step leaves them, its step is wrong",
        "gradients add up: opt_D.zero_grad() comes before backward()",
    )
    yield (
        _steps_are_right(answer, start, real, z, rounds=2),
        "one call is right, and a second one with the same nets is not",
        "each call starts from D as it is, with the optimiser as it is",
    )
    yield (
        _steps_are_right(answer, tiny_nets(sure=100), real, z, rounds=2),
        "with a D that is very sure (scores of ±30) its step is wrong",
        "F.softplus of raw scores: no clamp, no sigmoid before the logarithm",
    )


def _steps_are_right(answer, start, real, z, rounds=1, old_gradients=False):
    """Whether an answer's steps of D from the start lead to where right ones lead."""
    weights = []
    for step in (answer, step_d):
        G, D = copy.deepcopy(start)
        opt_D = optimiser_of(D)
        for weight in D.parameters():
            weight.grad = torch.ones_like(weight) if old_gradients else None
        for _ in range(rounds):
            step(G, D, opt_D, real, z)
        weights.append(weights_of(D))
    return near(*weights, atol=1e-4)
