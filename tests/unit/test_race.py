"""benchmarks/race.py: what is raced, what is kept, what is skipped the second time."""

from types import SimpleNamespace

import pytest
import torch
from torch import nn

from benchmarks import race
from gan_helpers import data, guesses, networks, tables, training


def test_a_finished_race_is_not_run_again(tmp_path, monkeypatch):
    raced = []

    def fake_race(setting, seed, marks, clock):
        raced.append((setting["r1"], seed))
        yield from (
            (float(mark), SimpleNamespace(step=10 * mark), nn.Linear(1, 1)) for mark in marks
        )

    monkeypatch.setattr(race, "race", fake_race)
    monkeypatch.setattr(
        race,
        "measure",
        lambda *_: {"digit_fid": 2.0, "floor": 0.5, "coverage": 0.5, "class_kl": 0.1},
    )
    path = tmp_path / "t.csv"
    kept = tmp_path / "new" / "g.safetensors"
    for _ in range(2):  # the second time nothing is missing
        race.run(path, "a", {}, 3, (1, 2), reference="validation", keep=kept)
    rows = tables.read("t", tmp_path)
    assert [(row["seconds"], row["steps"], row["reference"]) for row in rows] == [
        (1, 10, "validation"),
        (2, 20, "validation"),
    ]
    assert raced == [(2.0, 3)]
    race.run(path, "a", {}, 4, (1, 2), reference="validation")  # another seed
    # The name means another setting now.
    race.run(path, "a", {"r1": 7.0}, 3, (1, 2), reference="validation")
    race.run(path, "a", {"r1": 7.0}, 3, (1, 5), reference="validation")  # another length
    assert raced[1:] == [(2.0, 4), (7.0, 3), (7.0, 3)]
    places = [(row["seed"], row["seconds"]) for row in tables.read("t", tmp_path)]
    assert places == [(4, 1), (4, 2), (3, 1), (3, 5)], "old rows are replaced"
    kept.unlink()
    race.run(path, "a", {"r1": 7.0}, 3, (1, 5), reference="validation", keep=kept)
    assert len(raced) == 5 and kept.exists(), "the generator was lost, so it is needed again"


def test_a_race_of_steps_ends_after_so_many_and_tells_its_seconds(tmp_path, monkeypatch):
    marks_seen = []

    def fake_race(setting, seed, marks, clock):
        start = clock()
        for mark in marks:
            while clock() - start < mark:
                pass
            marks_seen.append(mark)
            yield mark, SimpleNamespace(step=mark), nn.Linear(1, 1)

    scores = {"digit_fid": 2.0, "floor": 0.5, "coverage": 0.5, "class_kl": 0.1}
    monkeypatch.setattr(race, "race", fake_race)
    monkeypatch.setattr(race, "measure", lambda *_: scores)
    race.run(tmp_path / "t.csv", "a", {}, 0, (20, 70), reference="validation", unit="steps")
    rows = tables.read("t", tmp_path)
    assert marks_seen == [20, 70] == [row["steps"] for row in rows]
    assert 0 < rows[0]["seconds"] < rows[1]["seconds"] < 20, "seconds, and no steps"
    assert rows[0]["setting"].endswith("; 70 steps")


def test_rates_fall_in_a_straight_line_and_the_clock_stops_while_measuring(monkeypatch):
    now = [100.0]
    setting = race.KEPT | {"learning_rate": 0.5}
    G = nn.Linear(1, 1)
    optimisers = [torch.optim.SGD(net.parameters(), 0.5) for net in (G, nn.Linear(1, 1))]

    def step(real, labels):
        now[0] += 1
        return {}

    def clock():
        return now[0]

    monkeypatch.setattr(
        race, "prepare", lambda *_: (step, [(0, 0)] * 3, training.History(), optimisers, G)
    )
    seen = []
    for seconds, history, net in race.race(setting, 0, (2, 8), clock):
        assert net is G
        rates = [optimiser.param_groups[0]["lr"] for optimiser in optimisers]
        seen.append((seconds, history.step, rates))
        now[0] += 50  # measuring
    assert seen == [(2, 2, [0.375, 0.375]), (8, 8, [0, 0])]
    without = setting | {"decay": False}
    steps = [history.step for _, history, _ in race.race(without, 0, (1, 1.5, 4), clock)]
    assert steps == [1, 2, 4]
    assert optimisers[0].param_groups[0]["lr"] == 0, "without decay nothing touches the rate"


def test_a_fingerprint_goes_the_whole_way_of_the_rate(monkeypatch):
    rates = []
    G = nn.Linear(1, 1)
    history = training.History()
    optimiser = torch.optim.SGD(G.parameters(), 0.5)

    def step(real, labels):
        rates.append(optimiser.param_groups[0]["lr"])
        return {"d_loss": float(len(rates))}

    monkeypatch.setattr(race, "prepare", lambda *_: (step, [(0, 0)] * 3, history, [optimiser], G))
    fingerprint = race.fingerprint({})
    assert fingerprint["losses"] == [1, 2, 3, 4, 5, 16]
    assert fingerprint["measured"] == [16]
    assert fingerprint["weights"] == [pytest.approx(G.weight.item() + G.bias.item())]
    assert rates[1] == pytest.approx(2e-3 * 15 / 16) and rates[15] == pytest.approx(2e-3 / 16)


@pytest.mark.parametrize(
    "changes",
    [
        changes
        for settings in (race.SIDE_BY_SIDE, race.ONE_REMOVED, race.COMPACT)
        for changes in settings.values()
    ],
)
def test_each_setting_trains_the_generator_that_is_measured(changes):
    setting = race.KEPT | changes | {"digits": 300}  # few, so that labels are soon guessed
    step, batches, _, _, measured = race.prepare(setting, 0)
    before = torch.cat([p.detach().flatten().clone() for p in measured.parameters()])
    step(*next(iter(batches)))
    after = torch.cat([p.detach().flatten() for p in measured.parameters()])
    assert not torch.equal(before, after)
    kind = networks.DenseGenerator if setting["nets"] == "dense" else networks.CompactGenerator
    if setting["conditional"] == "guessed":
        kind = guesses.ChoosingGenerator
    assert isinstance(measured, kind)


def test_guessed_labels_are_the_batches_and_their_shares_the_generators():
    setting = race.KEPT | race.COMPACT["digits, guessed labels"] | {"digits": 300}
    _, batches, _, _, measured = race.prepare(setting, 4)
    digits, labels = (part[:300] for part in data.mnist("train"))
    assert torch.equal(batches.labels, guesses.guess_labels(digits, seed=4))
    assert not torch.equal(batches.labels, labels)
    counts = torch.bincount(batches.labels, minlength=guesses.KINDS)
    assert torch.allclose(measured.shares * 300, counts.float())


def test_r1_acts_on_every_eighth_step_with_eight_times_the_weight(monkeypatch):
    weights = []

    def penalty(D, real, fake, *cond, weight):
        weights.append(weight)
        return 0.0

    monkeypatch.setattr(race.losses, "r1_penalty", penalty)
    step, batches, history, *_ = race.prepare(race.KEPT | {"r1": 3.0, "r1_every": 8}, 0)
    for _ in training.training_loop(step, batches, history, steps=17):
        pass
    assert weights == [24.0, 24.0, 24.0]


def moved_labels(changes, labels):
    """The labels whose weights moved in one step, in G and in D."""
    setting = race.KEPT | {"conditional": True} | changes
    G, D = race.build(setting)
    opt_G = torch.optim.SGD(G.parameters(), 0.1)
    opt_D = torch.optim.SGD(D.parameters(), 0.1)
    step = race.race_step(setting, G, D, opt_G, opt_D, training.History())
    before = [G.layers[0].weight.clone(), D.embedding.weight.clone()]
    step(torch.rand(4, 1, 28, 28) * 2 - 1, torch.tensor(labels))
    moved_G = (G.layers[0].weight != before[0]).any(0)[-10:]
    moved_D = (D.embedding.weight != before[1]).any(0)
    return moved_G.nonzero().flatten().tolist(), moved_D.nonzero().flatten().tolist()


def test_labels_reach_both_nets():
    assert moved_labels({}, [3, 3, 7, 7]) == ([3, 7], [3, 7])


def test_wrong_labels_reach_d_alone():
    in_G, in_D = moved_labels({"wrong_labels": 0.5}, [3, 3, 3, 3])
    assert in_G == [3] and 3 in in_D and len(in_D) == 2, "one picture in four gets one wrong label"


def test_first_below():
    rows = [
        {"seconds": 1.0, "digit_fid": 9.0},
        {"seconds": 2.4, "digit_fid": 5.0},
        {"seconds": 3.0, "digit_fid": 6.0},
    ]
    assert race.first_below(rows, 5.0) == "2" and race.first_below(rows, 4.9) == "never"


@pytest.mark.parametrize(
    "word, message",
    [
        ("learningrate=1", "no setting learningrate.*learning_rate"),
        ("r1", "no setting r1; write name=value"),
        ("nets=sparse", "compact, dense"),
    ],
)
def test_unknown_settings_are_named(word, message, monkeypatch):
    monkeypatch.setattr(race, "run", lambda *_, **__: pytest.fail("raced"))
    with pytest.raises(SystemExit, match=message):
        race.try_one([word])


def test_changes_are_read(monkeypatch):
    seen = []
    monkeypatch.setattr(race, "run", lambda path, *what, **_: seen.append(what))
    race.try_one(["r1=1", "g_channels=(16, 96)", "loss=hinge", "seed=4", "seconds=7"])
    changes = {"r1": 1, "g_channels": (16, 96), "loss": "hinge"}
    assert seen == [("r1 1, g_channels (16, 96), loss hinge", changes, 4, (7,))]
