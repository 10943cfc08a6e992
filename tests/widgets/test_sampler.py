"""What the sampler hands to the page, and what its state stands for."""

import re
import subprocess
import sys

import numpy as np
import pytest
import torch

from gan_helpers import data, judges, metrics, networks, widgets
from gan_helpers.widgets import page


@pytest.fixture
def conditional():
    return widgets.sampler(conditional=True)


def read(images):
    return judges.read(judges.load(), images)[1].argmax(1)


def test_a_sampler_opens_on_a_shipped_generator_with_its_own_pictures():
    sampler = widgets.sampler()
    G = networks.trained_generator()
    z = torch.randn(100, G.latent_dim, generator=torch.Generator().manual_seed(0))[:36]
    assert torch.equal(sampler.z, z) and sampler.labels is None
    assert torch.equal(sampler.images, networks.sample(G, z))


def test_z_is_noise_times_the_truncation_plus_steps_along_the_directions():
    sampler = widgets.sampler()
    noise = sampler.z
    sampler.set(truncation=0.5, direction_2=2, direction_4=-1.5)
    second, fourth = sampler.directions[1], sampler.directions[3]
    expected = 0.5 * noise + 2 * torch.tensor(second) - 1.5 * torch.tensor(fourth)
    assert torch.allclose(sampler.z, expected, atol=1e-6)
    sampler.set(truncation=1, direction_2=0, direction_4=0, grid=2)
    assert torch.equal(sampler.z, noise[:4]), "another grid keeps the pictures"


def test_a_conditional_sampler_draws_the_digit_that_is_asked_for(conditional):
    assert (read(conditional.images) == torch.arange(36) % 10).float().mean() > 0.8
    conditional.set(digit=7)
    assert (read(conditional.images) == 7).float().mean() > 0.8
    conditional.set(mixed_with=3, share=0.25)
    expected = torch.zeros(36, 10)
    expected[:, 7] = 0.75
    expected[:, 3] = 0.25
    assert torch.equal(conditional.labels, expected)
    conditional.set(share=1)
    assert (read(conditional.images) == 3).float().mean() > 0.8


def test_the_line_says_what_was_changed_and_brings_it_back(conditional):
    assert conditional.line == ""
    conditional.set(seed=3, direction_1=2.5, digit=0, share=0.05)
    assert conditional.line == "seed 3 · direction 1 = 2.5 · digit 0 · share 0.05"
    other = widgets.sampler(conditional=True)
    other.set(truncation=0.5)  # what a line does not name is as at the start
    other.restore(conditional.line)
    assert other.state == conditional.state
    assert torch.equal(other.images, conditional.images)
    other.restore("")
    assert other.line == ""


@pytest.mark.parametrize(
    "line, words",
    [
        ("seed", "no setting"),
        ("sede 3", "no control sede, but seed, grid"),
        ("seed 3 · truncation 2", "truncation must lie between 0 and 1.5, got 2"),
        ("direction 1 = -4.5", "direction 1 must lie between -4 and 4"),
        ("grid 1.5.2", "no setting"),
        ("grid 1.5", "grid must be a whole number"),
    ],
)
def test_a_wrong_line_is_refused_and_changes_nothing(line, words):
    sampler = widgets.sampler()
    sampler.set(seed=9)
    with pytest.raises(ValueError, match=words):
        sampler.restore(line)
    assert sampler.line == "seed 9"


def test_generators_side_by_side_get_the_same_z():
    first = networks.DenseGenerator(8, (16, 16))
    second = networks.DenseGenerator(8, (16, 16))
    sampler = widgets.sampler({"before": first, "after": second})
    assert sampler.names == ["before", "after"]
    assert list(sampler.images) == ["before", "after"]
    for name, G in (("before", first), ("after", second)):
        assert torch.equal(sampler.images[name], networks.sample(G, sampler.z))
    with pytest.raises(ValueError, match="z of one length, got before 8, after 9"):
        widgets.sampler({"before": first, "after": networks.DenseGenerator(9, (16, 16))})


def answer(sampler, want, monkeypatch):
    """What the sampler sends when the page wants something."""
    sent = []
    monkeypatch.setattr(sampler, "send", sent.append)
    sampler._answer(sampler, {"want": want}, [])
    return sent


def test_the_judge_reads_each_picture_and_the_nearest_digit_is_found(conditional, monkeypatch):
    conditional.set(walk_from=3)
    (sent,) = answer(conditional, "judge", monkeypatch)
    shares, digits = judges.read(judges.load(), conditional.images)[1].softmax(1).max(1)
    assert sent["readings"][0][2] == f"{digits[2]}  {shares[2]:.0%}"
    assert f"a {digits[shares.argmin()]}" in sent["words"]
    (place,), (distance,) = metrics.nearest_train(conditional.images[2:3])
    nearest = data.to_tanh_range(data.mnist("train")[0][place]).flatten()
    assert torch.equal(torch.tensor(sent["nearest"]), nearest)
    assert re.search(rf"picture 3, at a distance of {distance:.1f}", sent["words"])


def test_a_generator_that_is_trained_on_sends_its_new_weights(monkeypatch):
    G = networks.DenseGenerator(8, (16, 16))
    sampler = widgets.sampler(G)
    before = sampler.weights
    answer(sampler, "weights", monkeypatch)
    assert sampler.weights == before
    with torch.no_grad():
        G.layers[0].weight[0, 0] = 5
    answer(sampler, "weights", monkeypatch)
    numbers = np.frombuffer(sampler.weights[0], np.float32)
    assert numbers[0] == 5 and len(numbers) == len(before[0]) // 4


def test_generators_that_do_not_fit_are_refused():
    with pytest.raises(TypeError, match="latent_dim"):
        widgets.sampler(torch.nn.Linear(2, 2))
    with pytest.raises(ValueError, match="conditional=True"):
        widgets.sampler(networks.CompactGenerator(classes=10))


def test_before_it_stands_what_to_do_where_it_is_not_seen(capsys):
    widgets.sampler()._repr_mimebundle_()
    assert capsys.readouterr().out == f"{page.HINT}\n"


def test_without_anywidget_there_is_a_sentence_and_the_still_picture():
    code = """
import sys
sys.modules["anywidget"] = None
from gan_helpers import widgets
sampler = widgets.sampler()
sampler.set(seed=3)
print(sampler.children[0].value, len(sampler.figure().axes), sampler.line)
"""
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "%pip install anywidget" in told.stdout and told.stdout.endswith("36 seed 3\n")
