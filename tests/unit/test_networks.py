"""networks.py: the published sizes, the contract, clear errors."""

import pytest
import torch
from torch import nn

from gan_helpers import networks


def test_published_parameter_counts():
    assert networks.count_parameters(networks.DenseGenerator()) == 1_510_032
    assert networks.count_parameters(networks.DenseDiscriminator()) == 533_505


def test_count_leaves_out_frozen_parameters():
    net = nn.Linear(3, 2)
    net.bias.requires_grad_(False)
    assert networks.count_parameters(net) == 6


def test_layers_are_the_published_ones():
    layers = list(networks.DenseGenerator(eps=0.8).layers)
    kinds = [type(layer).__name__ for layer in layers]
    assert kinds == (["Linear", "LeakyReLU"] + 3 * ["Linear", "BatchNorm1d", "LeakyReLU"] + ["Linear", "Tanh"])
    assert {layer.eps for layer in layers if isinstance(layer, nn.BatchNorm1d)} == {0.8}
    assert {layer.negative_slope for layer in layers if isinstance(layer, nn.LeakyReLU)} == {0.2}
    kinds = [type(layer).__name__ for layer in networks.DenseDiscriminator().layers]
    assert kinds == ["Flatten", "Linear", "LeakyReLU", "Linear", "LeakyReLU", "Linear"], "raw scores: no sigmoid"


def test_contract_of_shapes_and_ranges():
    images = networks.DenseGenerator(5, (8, 6), (1, 4, 3))(torch.randn(7, 5) * 100)
    assert images.shape == (7, 1, 4, 3) and images.abs().max() <= 1
    scores = networks.DenseDiscriminator((8,), (1, 4, 3))(images * 50)
    assert scores.shape == (7,) and scores.abs().max() > 1, "raw scores are not squeezed into [0, 1]"
    assert networks.DenseDiscriminator((8,), (1, 4, 3))(images[:1]).shape == (1,), "a batch of one keeps its dimension"


def test_wrong_shapes_name_the_right_one():
    with pytest.raises(ValueError, match=r"\[B, 100\], got \[2, 64\]"):
        networks.DenseGenerator()(torch.randn(2, 64))
    with pytest.raises(ValueError, match=r"'B', 1, 28, 28\], got \[2, 28, 28\]"):
        networks.DenseDiscriminator()(torch.randn(2, 28, 28))


def test_sample_uses_eval_mode_and_puts_the_mode_back():
    net = networks.DenseGenerator(5, (8, 6), (1, 2, 2))
    net(torch.randn(64, 5) + 3)  # moves the running statistics away from a batch's own
    z = torch.randn(4, 5)
    for training in (True, False):
        net.train(training)
        before = {name: value.clone() for name, value in net.state_dict().items()}
        images = networks.sample(net, z)
        assert net.training is training and not images.requires_grad
        assert torch.allclose(images[:2], networks.sample(net, z[:2]), atol=1e-6), "depends on the rest of the batch"
        assert all(torch.equal(before[name], value) for name, value in net.state_dict().items())


def test_sample_puts_the_mode_back_after_an_error():
    net = networks.DenseGenerator().train()
    with pytest.raises(ValueError):
        networks.sample(net, torch.randn(2, 3))
    assert net.training


def test_sampling_in_portions_changes_nothing():
    class Conditional(nn.Module):
        def __init__(self):
            super().__init__()
            self.layers = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4))

        def forward(self, z, label):
            return self.layers(torch.cat([z, label], 1))

    net = Conditional()
    z, label = torch.randn(2300, 2), torch.rand(2300, 1)  # two whole portions and a short one
    assert torch.allclose(networks.sample(net, z, label), net.eval()(z, label), atol=1e-6)
