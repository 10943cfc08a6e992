"""recipes.py: bit for bit the code that the lessons and the race have, and each part by hand."""

import functools
from types import SimpleNamespace

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from gan_helpers import losses, networks, recipes, training

LEARNING_RATE = 2e-4  # lesson 02's
STEPS = 18  # R1 acts on three of them
bce = losses.bce()
r1 = functools.partial(losses.r1_penalty, weight=2.0 * 8)


def to_one_hot(labels):
    return torch.eye(10)[labels]


def players(classes=0):
    """Everything that a run has at its start, always from the same seed."""
    training.setup(3)
    G = networks.CompactGenerator(classes=classes)
    D = networks.CompactDiscriminator(classes=classes)
    opt_G, opt_D = (
        torch.optim.Adam(net.parameters(), 2e-3, betas=(0.0, 0.99), fused=True) for net in (G, D)
    )
    return SimpleNamespace(
        G=G, D=D, opt_G=opt_G, opt_D=opt_D, average=training.EMA(G), history=training.History()
    )


def batches():
    """Always the same eight batches of 16."""
    generator = torch.Generator().manual_seed(5)
    for _ in range(8):
        images = torch.rand(16, 1, 28, 28, generator=generator) * 2 - 1
        yield images, torch.randint(10, (16,), generator=generator)


class Repeated:
    def __iter__(self):
        return batches()


def run(classes, make_step):
    """The run after STEPS steps, with the random number that would come next."""
    run = players(classes)
    training.fit(make_step(run), Repeated(), steps=STEPS, history=run.history, bar=False)
    run.next_draw = torch.rand(1)
    return run


def check_bit_equal(a, b):
    assert a.history.values == b.history.values and a.history.steps == b.history.steps
    assert torch.equal(a.next_draw, b.next_draw)
    for name in ("G", "D", "average"):
        for of_a, of_b in zip(
            getattr(a, name).state_dict().values(),
            getattr(b, name).state_dict().values(),
            strict=True,
        ):
            assert torch.equal(of_a, of_b), name


# The four steps as they stood where they were written first.


def lesson_02(run):
    def step(real, labels):
        for optimiser in (run.opt_G, run.opt_D):
            optimiser.param_groups[0]["lr"] = 10 * LEARNING_RATE * (1 - run.history.step / STEPS)
        penalty = r1 if run.history.step % 8 == 0 else None
        metrics = training.discriminator_step(
            run.G, run.D, run.opt_D, real, torch.randn(len(real), 42), bce, penalty=penalty
        )
        metrics |= training.generator_step(run.G, run.D, run.opt_G, torch.randn(len(real), 42), bce)
        run.average.update_parameters(run.G)
        return metrics

    return step


def lesson_08(run):
    def step(real, labels):
        for optimiser in (run.opt_G, run.opt_D):
            rate = 2e-3 * min(1, 2 * (1 - run.history.step / STEPS))
            optimiser.param_groups[0]["lr"] = rate
        cond = (to_one_hot(labels),)

        def extra(D, real, fake, *cond):
            fourth = labels[::4]
            others = (fourth + torch.randint(1, 10, fourth.shape)) % 10
            wrong = F.softplus(D(real[::4], to_one_hot(others))).mean()
            lazy_r1 = r1(D, real, fake, *cond) if run.history.step % 8 == 0 else 0.0
            return 0.05 * wrong + lazy_r1

        metrics = training.discriminator_step(
            run.G,
            run.D,
            run.opt_D,
            real,
            torch.randn(len(real), 42),
            bce,
            cond=cond,
            penalty=extra,
        )
        metrics |= training.generator_step(
            run.G, run.D, run.opt_G, torch.randn(len(real), 42), bce, cond=cond
        )
        run.average.update_parameters(run.G)
        return metrics

    return step


def lesson_10(run):
    """The average is updated by the loop there, after each step; the rate is Adam's."""

    def extra(labels):
        def added(D, real, fake, *cond):
            total = r1(D, real, fake, *cond) if run.history.step % 8 == 0 else 0.0
            if run.G.classes:
                wrong = (labels + torch.randint(1, 10, labels.shape)) % 10
                score = D(real[::4], to_one_hot(wrong[::4]))
                total = total + 0.05 * F.softplus(score).mean()
            return total

        return added if run.G.classes or run.history.step % 8 == 0 else None

    def step(real, labels):
        z = functools.partial(torch.randn, len(real), run.G.latent_dim)
        cond = (to_one_hot(labels),) * bool(run.G.classes)
        metrics = training.discriminator_step(
            run.G, run.D, run.opt_D, real, z(), bce, cond=cond, penalty=extra(labels)
        )
        metrics |= training.generator_step(run.G, run.D, run.opt_G, z(), bce, cond=cond)
        run.average.update_parameters(run.G)
        return metrics

    return step


def race(run, loss=bce, r1_weight=2.0, every=8, mismatch=0.05):
    """By seconds, here one a step: after each step the loop sets the rate of the next."""

    def extra(D, real, fake, *cond):
        total = 0.0
        if r1_weight and run.history.step % every == 0:
            total = losses.r1_penalty(D, real, fake, *cond, weight=r1_weight * every)
        if mismatch and cond:
            labels = cond[0][::4].argmax(1)
            wrong = torch.eye(10)[(labels + torch.randint(1, 10, labels.shape)) % 10]
            total = total + mismatch * F.softplus(D(real[::4], wrong)).mean()
        return total

    def step(real, labels):
        cond = (torch.eye(10)[labels],) if run.G.classes else ()
        noise = functools.partial(torch.randn, len(real), run.G.latent_dim)
        metrics = training.discriminator_step(
            run.G, run.D, run.opt_D, real, noise(), loss, cond=cond, penalty=extra
        ) | training.generator_step(run.G, run.D, run.opt_G, noise(), loss, cond=cond)
        run.average.update_parameters(run.G)
        for optimiser in (run.opt_G, run.opt_D):
            seconds = run.history.step + 1.0
            optimiser.param_groups[0]["lr"] = 2e-3 * max(0, 1 - seconds / STEPS)
        return metrics

    return step


def compact(run, rate=None, loss=None, **penalty):
    return recipes.compact_step(
        run.G,
        run.D,
        run.opt_G,
        run.opt_D,
        run.history,
        rate=rate,
        average=run.average,
        loss=loss,
        penalty=recipes.compact_penalty(run.history, **penalty) if penalty else None,
    )


@pytest.mark.parametrize(
    "classes, first, rate, penalty",
    [
        (0, lesson_02, recipes.falling_rate(10 * LEARNING_RATE, STEPS), {}),
        (10, lesson_08, recipes.falling_rate(2e-3, STEPS, hold=0.5), {}),
        (0, lesson_10, None, {}),
        (10, lesson_10, None, {"draw_for_all": True}),
        (0, race, recipes.falling_rate(2e-3, STEPS), {}),
        (10, race, recipes.falling_rate(2e-3, STEPS), {}),
    ],
    ids=["lesson 02", "lesson 08", "lesson 10", "lesson 10, labels", "race", "race, labels"],
)
def test_one_recipe_is_bit_equal_to_each_of_the_four(classes, first, rate, penalty):
    check_bit_equal(run(classes, first), run(classes, lambda run: compact(run, rate, **penalty)))


def test_loss_and_weights_of_the_recipe_may_be_others():
    loss = losses.hinge()
    first = run(10, lambda run: race(run, loss, r1_weight=0.5, every=3, mismatch=0.2))
    rate = recipes.falling_rate(2e-3, STEPS)
    check_bit_equal(
        first, run(10, lambda run: compact(run, rate, loss, r1=0.5, every=3, mismatch=0.2))
    )


def test_without_an_average_or_a_rate_nothing_is_set():
    run = players()
    step = recipes.compact_step(run.G, run.D, run.opt_G, run.opt_D, run.history)
    step(*next(batches()))
    assert run.average.n_averaged == 0
    assert run.opt_G.param_groups[0]["lr"] == run.opt_D.param_groups[0]["lr"] == 2e-3


def test_nets_that_know_no_classes_get_no_labels():
    G = networks.DenseGenerator(5, (8, 6))
    D = networks.DenseDiscriminator((8,))
    optimisers = [torch.optim.SGD(net.parameters(), 0.1) for net in (G, D)]
    step = recipes.compact_step(G, D, *optimisers, training.History())
    assert set(step(*next(batches()))) == {"d_loss", "g_loss", "score_real", "score_fake"}


class LinearD(nn.Module):
    """Score 3 · the first pixel + 4 · the second: ‖∇‖² = 25. With a label 6 the score is 7."""

    def forward(self, images, *cond):
        pixels = images.flatten(1)
        scores = 3 * pixels[:, 0] + 4 * pixels[:, 1]
        return scores if not cond else torch.where(cond[0].argmax(1) == 6, 7.0 + 0 * scores, scores)


def test_r1_acts_on_every_third_step_by_hand():
    history = training.History()
    penalty = recipes.compact_penalty(history, r1=2.0, every=3)
    real = torch.zeros(8, 1, 1, 2)
    amounts = []
    for history.step in range(7):
        amounts.append(float(penalty(LinearD(), real, real)))
    assert amounts == [75, 0, 0, 75, 0, 0, 75]  # ½ · 2 · 3 · 25


@pytest.mark.parametrize("draw_for_all", [False, True])
def test_a_quarter_of_the_digits_gets_a_wrong_label_by_hand(draw_for_all):
    """Digits 0 and 4 of the batch are of class 0 and 1; of two classes the wrong one is certain."""
    asked = []

    def D(images, one_hot):
        asked.append((images.flatten().tolist(), one_hot.tolist()))
        return images.flatten()

    history = training.History()
    penalty = recipes.compact_penalty(history, r1=0.0, mismatch=0.5, draw_for_all=draw_for_all)
    real = torch.arange(8.0).view(8, 1, 1, 1)
    labels = torch.tensor([0, 0, 0, 0, 1, 1, 1, 1])
    amount = penalty(D, real, None, torch.eye(2)[labels])
    assert asked == [([0.0, 4.0], [[0.0, 1.0], [1.0, 0.0]])]
    by_hand = 0.5 * (F.softplus(torch.tensor(0.0)) + F.softplus(torch.tensor(4.0))) / 2
    assert amount.item() == pytest.approx(by_hand.item())


def test_without_labels_there_are_no_wrong_ones():
    penalty = recipes.compact_penalty(training.History(), r1=0.0)
    assert penalty(None, torch.zeros(4, 1, 1, 1), None) == 0.0


def test_wrong_labels_are_even_and_never_right():
    labels = torch.arange(10).repeat(1000)
    torch.manual_seed(0)
    wrong = recipes.wrong_labels(labels)
    counts = torch.bincount(10 * labels + wrong, minlength=100).view(10, 10)
    assert (counts.diagonal() == 0).all() and wrong.min() == 0 and wrong.max() == 9
    off_diagonal = counts[~torch.eye(10, dtype=torch.bool)]
    assert off_diagonal.min() > 70 and off_diagonal.max() < 160  # 1000 / 9 = 111


def test_falling_rate_by_hand():
    rate_at = recipes.falling_rate(0.5, 8)
    assert [rate_at(done) for done in (0, 2, 6, 8, 9)] == [0.5, 0.375, 0.125, 0, 0]
    rate_at = recipes.falling_rate(0.5, 8, hold=0.5)
    assert [rate_at(done) for done in (0, 2, 4, 6, 8)] == [0.5, 0.5, 0.5, 0.25, 0]
    with pytest.raises(ValueError, match=r"hold must lie in \[0, 1\), got 1"):
        recipes.falling_rate(0.5, 8, hold=1)


def test_set_rate_reaches_every_group():
    weights = [nn.Parameter(torch.zeros(1)) for _ in range(2)]
    optimiser = torch.optim.SGD([{"params": [weight]} for weight in weights], 0.1)
    other = torch.optim.SGD([nn.Parameter(torch.zeros(1))], 0.1)
    recipes.set_rate((optimiser, other), 0.25)
    groups = optimiser.param_groups + other.param_groups
    assert [group["lr"] for group in groups] == [0.25, 0.25, 0.25]
