"""fingerprints.py: what a run for fingerprints puts in place of measures, and what it compares."""

import copy
import os

import pytest
import torch

from gan_helpers import data, judges, metrics, neighbours
from gan_notebooks import fingerprints, runner
from gan_notebooks.errors import RunError


def test_what_is_no_number_is_kept_apart():
    row = {
        "variant": "a",
        "step": 3,
        "fingerprint": {"losses": [1.0, "nan"], "weights": []},
        "x": "inf",
        "y": ["-inf", 2],
        "name": "text",
        "none": None,
        "on": True,
    }
    fingerprint = fingerprints.of({"values": {"rows": [row]}})["a"]
    assert fingerprint["measured"] == [1.0, 3.0, float("inf"), float("-inf"), 2.0]
    assert fingerprints.moved(fingerprint, fingerprint) == []
    other = fingerprint | {"losses": [1.0, 2.0]}
    assert fingerprints.moved(other, fingerprint) == ["losses"]


# What a fingerprint run puts in place of measures


@pytest.fixture(scope="module")
def digits():
    generator = torch.Generator().manual_seed(1)
    return torch.rand(200, 1, 28, 28, generator=generator) * 2 - 1, torch.arange(200) % 10


def test_the_sums_have_the_names_of_the_scores(digits):
    images, labels = digits
    with pytest.warns(metrics.ScoreWarning):
        scores = metrics.score(images), metrics.score(images, labels)
    sums = fingerprints._sums(1.0, images), fingerprints._sums(1.0, images, labels)
    for score, total in zip(scores, sums, strict=True):
        assert score.keys() == total.keys()
        lists = {name for name, value in score.items() if isinstance(value, list)}
        assert lists == {name for name, value in total.items() if isinstance(value, list)}


def test_the_sums_move_with_every_argument(digits):
    images, labels = digits
    moved = images.clone()
    moved[3, 0, 5, 7] += 1e-2
    values = [
        fingerprints._sums(*arguments, **options)["digit_fid"]
        for arguments, options in [
            ((1.0, images), {}),
            ((2.0, images), {}),
            ((1.0, moved), {}),
            ((1.0, images[:100]), {}),
            ((1.0, images, labels), {}),
            ((1.0, images, labels.flip(0)), {}),
            ((1.0, images), {"judge": "second_judge"}),
            ((1.0, images), {"reference": "test"}),
        ]
    ]
    assert len({round(value, 9) for value in values}) == len(values)


ASKED = """
import torch
from gan_helpers import data, judges, metrics, networks, plots
from gan_notebooks import fingerprints

def answers(word):
    print("this is not the answer")
    before = str(torch.zeros(1).dtype)
    torch.set_default_dtype(torch.float32)
    fingerprints.begin()
    digits = data.to_tanh_range(data.mnist("test")[0][:300]).unsqueeze(1)
    plots.show("no figure", alt="nothing is drawn")
    G = networks.CompactGenerator(classes=10)
    fakes = networks.sample(G, torch.randn(4, G.latent_dim), torch.eye(10)[[1, 2, 3, 4]])
    features, logits = judges.read(judges.load(), digits)
    apart = metrics.frechet_distance(features, judges.read(judges.load(), fakes)[0])
    dtypes = [str(x.dtype) for x in (digits, fakes, features)]
    return {"word": word, "before": before, "after": dtypes, "apart": apart,
            "shapes": [list(features.shape), list(logits.shape)],
            "learned": metrics.train_on_fakes(fakes, torch.tensor([1, 2, 3, 4])),
            "as bytes": bool((judges.read(None, data.mnist("test")[0][:300])[0] == features).all()),
            "score": metrics.score(digits)["digit_fid"]}
"""


def test_a_process_for_fingerprints_computes_in_float64_and_measures_nothing(tmp_path, monkeypatch):
    (tmp_path / "asked.py").write_text(ASKED, encoding="utf8")
    path = os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")])
    monkeypatch.setenv("PYTHONPATH", path)
    answers = fingerprints.in_float64("asked", "answers", "hello")
    assert answers["word"] == "hello" and answers["before"] == "torch.float64"
    assert answers["after"] == ["torch.float64"] * 3 and answers["shapes"] == [[300, 64], [300, 10]]
    assert answers["apart"] != 0 and answers["learned"] != 0 and answers["as bytes"]
    digits = data.to_tanh_range(data.mnist("test")[0][:300]).unsqueeze(1)
    assert answers["score"] == pytest.approx(fingerprints._sums(1.0, digits)["digit_fid"], abs=1e-3)


def test_a_lesson_that_records_nothing_is_named(lesson, monkeypatch):
    result = runner.Result(None, 0.1)
    monkeypatch.setattr(runner, "execute", lambda *arguments, **options: result)
    with pytest.raises(RunError, match="07_small recorded nothing: its last cell must call"):
        fingerprints.run(lesson)


def test_numbers_that_agree_and_numbers_that_do_not():
    assert fingerprints.close([1.0, 1e6], [1.0 + 9e-7, 1e6 + 0.9]) and fingerprints.close([], [])
    assert not fingerprints.close([1.0], [1.0 + 1.1e-6]) and not fingerprints.close(
        [1e6], [1e6 + 1.1]
    )
    assert not fingerprints.close([1.0], [1.0, 2.0]) and not fingerprints.close(None, [1.0])
    nan = float("nan")
    assert fingerprints.close([nan], [nan]) and not fingerprints.close([nan], [1.0])
    assert not fingerprints.close([1.0], [nan]) and not fingerprints.close([float("inf")], [1.0])


def test_the_yardstick_moves_with_a_judge_and_with_a_measure(monkeypatch):
    whole = data.mnist
    # A tenth of the reference: this is about moving, and ten thousand digits take their time.
    monkeypatch.setattr(
        data,
        "mnist",
        lambda split: tuple(
            part[:1000] if split == "validation" else part for part in whole(split)
        ),
    )

    def yardstick():
        for cached in (metrics._reference, metrics.floor):
            cached.cache_clear()
        return fingerprints.measure_noisy_digits(200)

    before = yardstick()
    assert fingerprints.close(yardstick(), before) and len(before) == 16
    with monkeypatch.context() as patch:
        patch.setattr(neighbours, "COVERAGE", 4)
        assert not fingerprints.close(yardstick(), before)
    judge = copy.deepcopy(judges.load("judge"))
    judge.features[0].weight *= 1.05
    load = judges.load
    monkeypatch.setattr(
        judges, "load", lambda name="judge": judge if name == "judge" else load(name)
    )
    after = yardstick()
    for cached in (metrics._reference, metrics.floor):
        cached.cache_clear()  # they saw the changed judge
    assert not fingerprints.close(after[:8], before[:8]) and fingerprints.close(
        after[8:], before[8:]
    )
