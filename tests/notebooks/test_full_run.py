"""The cells of lesson 03 that benchmarks/full_run.py executes are there, and do what it asks."""

import pytest
import torch

from benchmarks import full_run
from gan_helpers import training


@pytest.fixture(scope="module")
def code():
    return full_run.lesson_code()


def test_the_cells_give_the_published_nets_and_one_step_trains_both(code):
    parts = full_run.build(code)
    assert isinstance(parts["history"], training.History)
    G = parts["G"]
    D = parts["D"]
    assert {layer.eps for layer in G.modules() if isinstance(layer, torch.nn.BatchNorm1d)} == {0.8}
    before = [[weight.clone() for weight in net.parameters()] for net in (G, D)]
    step = code["published_step"](G, D, parts["opt_G"], parts["opt_D"])
    real, labels = next(iter(parts["batches"]))
    history = training.fit(step, [(real[:4], labels[:4])], steps=1, history=parts["history"])
    assert history.step == 1
    assert set(history.values) == {"d_loss", "g_loss", "score_real", "score_fake"}
    for net, old in zip((G, D), before, strict=True):
        assert not any(map(torch.equal, net.parameters(), old))


def test_the_batches_are_those_of_the_digits_and_the_settings_those_published(code):
    _, _, opt_G, opt_D, batches = code["fresh"](eps=0.8)
    assert len(batches) == -(-60_000 // 64)
    for optimiser in (opt_G, opt_D):
        (settings,) = optimiser.param_groups
        assert (settings["lr"], settings["betas"]) == (2e-4, (0.5, 0.999))
    assert code["LATENT_DIM"] == 100
    assert code["SEED"] == 0


def test_a_film_shows_epochs_that_are_measured():
    assert set(full_run.FILM) <= set(full_run.MEASURED)
    assert full_run.MEASURED[-1] == full_run.EPOCHS
