"""training.py: which net is updated, by how much; the loop, its history, averaged weights."""

import io
import os
import random
import signal
import sys
import threading

import numpy as np
import pytest
import torch
from torch import nn

from gan_helpers import class_losses, losses, training


class Generator(nn.Module):
    """G(z) = w z, with w = 2."""

    def __init__(self):
        super().__init__()
        self.w = nn.Parameter(torch.tensor(2.0))

    def forward(self, z, *cond):
        return self.w * z


class Discriminator(nn.Module):
    """D(x) = a x + b, with a = 0.5 and b = 0.1; records what it was asked."""

    def __init__(self):
        super().__init__()
        self.a = nn.Parameter(torch.tensor(0.5))
        self.b = nn.Parameter(torch.tensor(0.1))
        self.asked = []

    def forward(self, x, *cond):
        self.asked.append((x.detach().clone(), cond))
        return self.a * x + self.b


REAL, Z = torch.tensor([1.0, 3.0]), torch.tensor([1.0, -2.0])


def players(lr=0.1):
    G, D = Generator(), Discriminator()
    return G, D, torch.optim.SGD(G.parameters(), lr), torch.optim.SGD(D.parameters(), lr)


def test_discriminator_step_by_hand():
    """Wasserstein: loss = a (mean fake - mean real), fakes 2 and -4: d/da = -1 - 2, d/db = 0."""
    G, D, _, opt_D = players()
    metrics = training.discriminator_step(G, D, opt_D, REAL, Z, losses.wasserstein())
    assert metrics == pytest.approx({"d_loss": -1.5, "score_real": 1.1, "score_fake": -0.4})
    assert D.a.item() == pytest.approx(0.5 + 0.1 * 3)
    assert D.b.item() == pytest.approx(0.1)
    assert G.w.item() == 2.0 and G.w.grad is None


def test_generator_step_by_hand():
    """Wasserstein: loss = -mean(a w z + b) = -a w mean z - b; mean z = -0.5; d/dw = 0.25."""
    G, D, opt_G, _ = players()
    metrics = training.generator_step(G, D, opt_G, Z, losses.wasserstein())
    assert metrics == pytest.approx({"g_loss": 0.4})
    assert G.w.item() == pytest.approx(2 - 0.1 * 0.25)
    assert (
        (D.a.item(), D.b.item()) == (0.5, pytest.approx(0.1))
        and D.a.grad is None
        and D.b.grad is None
    )


def test_steps_clear_old_gradients():
    G, D, opt_G, opt_D = players()
    D.a.grad, G.w.grad = torch.tensor(100.0), torch.tensor(100.0)
    training.discriminator_step(G, D, opt_D, REAL, Z, losses.wasserstein())
    assert D.a.item() == pytest.approx(0.8)
    G.w.grad = torch.tensor(100.0)
    a = D.a.item()
    training.generator_step(G, D, opt_G, Z, losses.wasserstein())
    assert G.w.item() == pytest.approx(2 - 0.1 * a * 0.5)


def test_only_one_net_changes_also_with_batchnorm():
    G = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Linear(4, 2))
    D = nn.Sequential(nn.Linear(2, 4), nn.LeakyReLU(), nn.Linear(4, 1), nn.Flatten(0))
    opt_G, opt_D = (torch.optim.Adam(net.parameters()) for net in (G, D))

    def changed(net, before):
        return [
            not torch.equal(old, new) for old, new in zip(before, net.parameters(), strict=True)
        ]

    for step, mover, other in (
        (
            lambda: training.discriminator_step(
                G, D, opt_D, torch.randn(8, 2), torch.randn(8, 3), losses.bce()
            ),
            D,
            G,
        ),
        (lambda: training.generator_step(G, D, opt_G, torch.randn(8, 3), losses.bce()), G, D),
    ):
        before = {net: [p.detach().clone() for p in net.parameters()] for net in (G, D)}
        step()
        assert (
            sum(changed(mover, before[mover])) >= len(before[mover]) - 1
        )  # a bias before BatchNorm has gradient 0
        assert not any(changed(other, before[other]))


def test_discriminator_step_adds_the_penalty_but_reports_the_loss():
    G, D, _, opt_D = players()
    seen = []

    def penalty(critic, real, fake, *cond):
        seen.append((critic, real, fake, cond))
        return 5 * critic.b

    metrics = training.discriminator_step(
        G, D, opt_D, REAL, Z, losses.wasserstein(), cond=(Z,), penalty=penalty
    )
    assert metrics["d_loss"] == pytest.approx(-1.5)
    assert D.b.item() == pytest.approx(0.1 - 0.1 * 5)
    critic, real, fake, cond = seen[0]
    assert critic is D and torch.equal(real, REAL) and fake.tolist() == [2.0, -4.0] and cond == (Z,)
    assert all(asked[1] == (Z,) for asked in D.asked)


def test_update_by_hand():
    """The loss a · w + a has the slope w + 1 = 3 by a; that by w = 2 goes to nobody."""
    G, D, _opt_G, opt_D = players()
    D.a.grad = torch.tensor(100.0)
    training.update(opt_D, D, D.a * G.w + D.a)
    assert D.a.item() == pytest.approx(0.5 - 0.1 * 3) and D.b.item() == pytest.approx(0.1)
    assert G.w.item() == 2.0 and G.w.grad is None


def test_update_leaves_frozen_parameters_alone():
    _, D, _, opt_D = players()
    D.b.requires_grad_(False)
    training.update(opt_D, D, D.a + D.b)
    assert D.a.item() == pytest.approx(0.4) and D.b.item() == pytest.approx(0.1)
    D.a.requires_grad_(False)
    with pytest.raises(ValueError, match="Discriminator has no parameter that takes gradients"):
        training.update(opt_D, D, D.a + D.b)


class Reader(Discriminator):
    """Class logits [B, 2] of x: (x a, b)."""

    def forward(self, x, *cond):
        return torch.stack([self.a * x, self.b.expand(len(x))], 1)


def test_both_steps_hand_labels_on_to_the_pair():
    G, D, opt_G, opt_D = players()
    seen = []

    def discriminator_loss(*, real, fake, labels=None):
        seen.append(("D", real.tolist(), fake.tolist(), labels))
        return real.mean()

    def generator_loss(*, fake, real=None, labels=None):
        seen.append(("G", real, fake.tolist(), labels))
        return fake.mean()

    pair = losses.GANLoss(discriminator_loss, generator_loss)
    labels = torch.tensor([4, 7])
    training.discriminator_step(G, D, opt_D, REAL, Z, pair, labels=labels)
    D.a.data.fill_(0.5)  # as before the step
    D.b.data.fill_(0.1)
    training.generator_step(G, D, opt_G, Z, pair, labels=labels)
    of_fake = pytest.approx([1.1, -1.9])  # a · 2 z + b
    assert seen == [
        ("D", pytest.approx([0.6, 1.6]), of_fake, labels),
        ("G", None, of_fake, labels),
    ]
    training.discriminator_step(G, D, opt_D, REAL, Z, pair)
    training.generator_step(G, D, opt_G, Z, pair)
    assert [call[3] for call in seen[2:]] == [None, None]


def test_steps_on_class_logits_by_hand():
    """K+1 with one class, logits (a x, b), at a = b = 0: the shares are ½.

    The slope of -log share_k by the logit k is its share minus 1, by the other the other's share.
    """
    G = Generator()
    D = Reader()
    D.a.data.zero_()
    D.b.data.zero_()
    opt_D = torch.optim.SGD(D.parameters(), 0.1)
    labels = torch.tensor([0, 0])
    pair = class_losses.k_plus_one()
    metrics = training.discriminator_step(G, D, opt_D, REAL, Z, pair, labels=labels)
    assert metrics == {"d_loss": pytest.approx(2 * np.log(2))}, "logits have no mean score"
    # By a: real (½ - 1) · mean(1, 3) = -1, fakes ½ · mean(2, -4) = -½; by b: ½ - ½ = 0.
    assert D.a.item() == pytest.approx(0.15) and D.b.item() == pytest.approx(0.0)
    assert G.w.item() == 2.0
    D.a.data.fill_(1.0)
    opt_G = torch.optim.SGD(G.parameters(), 0.1)
    metrics = training.generator_step(G, D, opt_G, Z, pair)
    # -log σ(a w z - b), with slope -σ(-w z) · z by w: mean of -σ(-2) · 1 and σ(4) · 2.
    scores = torch.tensor([2.0, -4.0])
    slope = (-torch.sigmoid(-scores) * Z).mean().item()
    assert metrics == {"g_loss": pytest.approx(torch.nn.functional.softplus(-scores).mean().item())}
    assert G.w.item() == pytest.approx(2 - 0.1 * slope)
    assert D.a.item() == 1.0


def test_a_pair_that_needs_labels_says_so_in_a_step():
    G = Generator()
    D = Reader()
    opt_D = torch.optim.SGD(D.parameters(), 0.1)
    with pytest.raises(ValueError, match="needs the classes of the images: give both steps labels"):
        training.discriminator_step(G, D, opt_D, REAL, Z, class_losses.k_plus_one())


def test_generator_step_asks_for_real_scores_only_when_given():
    G, D, opt_G, _ = players()
    seen = []

    def generator_loss(*, fake, real=None, labels=None):
        seen.append(real)
        return -fake.mean()

    pair = losses.GANLoss(None, generator_loss)
    training.generator_step(G, D, opt_G, Z, pair, cond=(Z,))
    assert len(D.asked) == 1 and seen == [None] and D.asked[0][1] == (Z,)
    training.generator_step(G, D, opt_G, Z, pair, real=REAL)
    assert len(D.asked) == 3 and seen[1].tolist() == pytest.approx([0.6, 1.6])


BATCHES = [(torch.tensor([float(i)]), torch.tensor([i])) for i in range(3)]


def counting_step(seen):
    def step(images, labels):
        seen.append(int(images))
        return {"d_loss": float(len(seen))} | ({"g_loss": -1.0} if len(seen) % 2 == 0 else {})

    return step


@pytest.mark.parametrize(
    "length, expected",
    [({"steps": 5}, [0, 1, 2, 0, 1]), ({"epochs": 2}, [0, 1, 2, 0, 1, 2]), ({"steps": 0}, [])],
)
def test_fit_gives_the_batches_in_order(length, expected):
    seen = []
    history = training.fit(counting_step(seen), BATCHES, **length)
    assert seen == expected and history.step == len(expected)


def test_history_takes_series_of_different_length():
    history = training.fit(counting_step([]), BATCHES, steps=5)
    assert history["d_loss"] == [1, 2, 3, 4, 5] and history.steps["d_loss"] == [1, 2, 3, 4, 5]
    assert history["g_loss"] == [-1, -1] and history.steps["g_loss"] == [2, 4]
    assert history.seconds > 0


def test_fit_without_a_bar_does_the_same_in_silence(capfd):
    with_bar = training.fit(counting_step([]), BATCHES, steps=5)
    assert "5/5" in capfd.readouterr().err
    silent = training.fit(counting_step([]), BATCHES, steps=5, bar=False)
    shown = capfd.readouterr()
    assert shown.err == "" and shown.out == ""
    assert silent.values == with_bar.values and silent.steps == with_bar.steps


def test_fit_goes_on_with_a_history():
    seen = []
    history = training.fit(counting_step(seen), BATCHES, steps=2)
    again = training.fit(counting_step(seen), BATCHES, steps=2, history=history)
    assert again is history and history.step == 4 and history.steps["d_loss"] == [1, 2, 3, 4]


def test_snapshots_are_kept_where_the_function_returns_one():
    history = training.fit(
        counting_step([]),
        BATCHES,
        steps=4,
        snapshot=lambda n: torch.full((1, 1, 2, 2), n / 10) if n in (1, 3) else None,
    )
    assert list(history.snapshots) == [1, 3] and history.snapshots[
        3
    ].unique().item() == pytest.approx(0.3)


@pytest.mark.parametrize("length", [{"steps": -1}, {"steps": 2.5}, {"epochs": 0.25}])
def test_fit_wants_a_whole_number(length):
    with pytest.raises(ValueError, match="(steps|epochs) must be a whole number from 0, got"):
        training.fit(counting_step([]), BATCHES, **length)


def test_an_iterator_that_has_run_dry_is_named():
    with pytest.raises(ValueError, match="batches gave none.*no iterator"):
        training.fit(counting_step([]), iter(BATCHES), steps=5)


def test_history_keeps_plain_floats():
    """np.float64 is a float, but no checkpoint would load it."""
    history = training.fit(lambda images, labels: {"d_loss": np.float64(0.5)}, BATCHES, steps=1)
    assert type(history["d_loss"][0]) is float


@pytest.mark.parametrize("length", [{}, {"steps": 1, "epochs": 1}])
def test_fit_wants_exactly_one_length(length):
    with pytest.raises(ValueError, match="steps or epochs"):
        training.fit(counting_step([]), BATCHES, **length)


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_a_loss_that_is_no_number_stops_with_the_step(bad):
    values = iter([1.0, 2.0, bad, 4.0])
    message = r"d_loss is (nan|inf) at step 3.*smaller learning rate"
    with pytest.raises(training.TrainingDiverged, match=message) as error:
        training.fit(lambda images, labels: {"d_loss": next(values)}, BATCHES, steps=4)
    assert error.value.history["d_loss"][:2] == [1.0, 2.0]


def test_a_picture_that_is_no_number_stops_with_the_step():
    with pytest.raises(training.TrainingDiverged, match="snapshot.*at step 2"):
        training.fit(
            counting_step([]),
            BATCHES,
            steps=4,
            snapshot=lambda n: torch.full((1, 1, 2, 2), float("nan")) if n == 2 else None,
        )


def test_the_first_interrupt_ends_after_the_running_step():
    seen = []
    step = counting_step(seen)

    def interrupted(images, labels):
        if len(seen) == 2:
            os.kill(os.getpid(), signal.SIGINT)
        return step(images, labels)

    before = signal.getsignal(signal.SIGINT)
    history = training.fit(interrupted, BATCHES, steps=9)
    assert history.step == 3 and history["d_loss"] == [1, 2, 3], (
        "the running step is finished and recorded"
    )
    assert signal.getsignal(signal.SIGINT) is before


def test_the_second_interrupt_stops_at_once():
    history, before = training.History(), signal.getsignal(signal.SIGINT)

    def interrupted(images, labels):
        os.kill(os.getpid(), signal.SIGINT)
        os.kill(os.getpid(), signal.SIGINT)
        for _ in range(100):  # let Python handle the signal
            pass
        return {"d_loss": 1.0}

    with pytest.raises(KeyboardInterrupt):
        training.fit(interrupted, BATCHES, steps=9, history=history)
    assert history.step == 0 and signal.getsignal(signal.SIGINT) is before


def test_fit_runs_in_another_thread():
    done = []
    thread = threading.Thread(
        target=lambda: done.append(training.fit(counting_step([]), BATCHES, steps=2).step)
    )
    thread.start()
    thread.join()
    assert done == [2]


def test_the_loop_can_be_driven_step_by_step():
    """What the training panel does: stop between steps, look, go on with the same history."""
    seen, history = [], training.History()
    loop = training.training_loop(counting_step(seen), BATCHES, history, steps=9)
    assert next(loop) is history and history.step == 1
    next(loop)
    loop.close()
    assert seen == [0, 1] and history["d_loss"] == [1, 2]


def test_history_state_comes_back():
    history = training.fit(
        counting_step([]), BATCHES, steps=3, snapshot=lambda n: torch.ones(1, 1, 2, 2)
    )
    other = training.History()
    other.load_state_dict(history.state_dict())
    assert (other.step, other.seconds, other.values, other.steps) == (
        3,
        history.seconds,
        history.values,
        history.steps,
    )
    assert list(other.snapshots) == [1, 2, 3]


def test_progress_in_a_log_is_a_few_lines(capfd, monkeypatch):
    now = [100.0]
    monkeypatch.setattr("tqdm.std.time", lambda: now[0])  # the bar's clock

    def step(images, labels):
        now[0] += 0.003
        return {"d_loss": 1.0}

    training.fit(step, BATCHES, steps=1000)
    text = capfd.readouterr().err
    assert "1000/1000" in text and "d_loss=1.00" in text
    assert 1 < text.count("\r") < 10, "three seconds are at most a few lines"


def test_in_a_notebook_progress_is_no_red_strip(capsys, monkeypatch):
    class OutStream(io.StringIO):
        """Stands in for the kernel's stdout."""

    OutStream.__module__ = "ipykernel.iostream"
    monkeypatch.setattr(sys, "stdout", OutStream())
    training.fit(counting_step([]), BATCHES, steps=3)
    assert "3/3" in sys.stdout.getvalue()
    assert capsys.readouterr().err == ""


def test_setup_seeds_everything():
    def draws():
        return torch.rand(1).item(), np.random.rand(), random.random()

    training.setup(5)
    first = draws()
    training.setup(5)
    assert draws() == first
    training.setup(6)
    assert draws()[0] != first[0]


def test_ema_by_hand():
    """Shares kept: the first update copies, then min(decay, 1/10), 2/11, 3/12 …"""
    net = nn.Linear(1, 1, bias=False)
    ema = training.EMA(net, decay=0.2)
    for value in (1.0, 2.0, 4.0, 8.0):
        nn.init.constant_(net.weight, value)
        ema.update_parameters(net)
    second = 0.1 * 1 + 0.9 * 2
    third = 2 / 11 * second + 9 / 11 * 4
    fourth = 0.2 * third + 0.8 * 8  # 3/12 is above the decay
    assert ema.module.weight.item() == pytest.approx(fourth, rel=1e-6)
    assert net.weight.item() == 8.0
    assert ema(torch.ones(1, 1)).item() == pytest.approx(fourth, rel=1e-6)


def test_ema_copies_batchnorm_statistics():
    net = nn.BatchNorm1d(2)
    ema = training.EMA(net)
    for _ in range(3):
        net(torch.randn(8, 2) + 5)
        ema.update_parameters(net)
    assert torch.equal(ema.module.running_mean, net.running_mean)


def test_ema_refuses_a_decay_of_one():
    with pytest.raises(ValueError, match="decay"):
        training.EMA(nn.Linear(1, 1), decay=1.0)
