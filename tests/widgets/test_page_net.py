"""A generator's description for the page: its layers and numbers, and what it cannot follow."""

import numpy as np
import pytest
import torch
from torch import nn

from gan_helpers import guesses, networks
from gan_helpers.widgets import page_net


class Net(nn.Module):
    latent_dim = 4

    def __init__(self, *layers):
        super().__init__()
        self.layers = nn.ModuleList(layers)

    def forward(self, z, *labels):
        numbers = torch.cat([z, *labels], 1)
        for layer in self.layers:
            numbers = layer(numbers)
        return numbers.view(len(z), 1, 2, 2)


def kinds(net):
    return [layer["kind"] for layer in net["layers"]]


def numbers_of(net, weights, number, name):
    start, length = net["layers"][number]["numbers"][name]
    return np.frombuffer(weights, np.float32)[start : start + length].tolist()


def test_a_dense_layer_and_batchnorm_by_hand():
    dense = nn.Linear(4, 4)
    norm = nn.BatchNorm1d(4, eps=0.75)
    with torch.no_grad():
        dense.weight.copy_(torch.arange(16.0).view(4, 4))
        dense.bias.fill_(2.0)
        norm.weight.fill_(3.0)
        norm.bias.fill_(1.0)
        norm.running_mean.fill_(5.0)
        norm.running_var.fill_(0.25)
    net, weights = page_net.describe(Net(dense, norm, nn.LeakyReLU(0.3), nn.Tanh()), False)
    assert kinds(net) == ["dense", "perChannel", "perChannel", "leakyReLU", "tanh"]
    assert (net["choice"], net["order"], net["labelFactor"]) == ([], ["z"], 1)
    assert numbers_of(net, weights, 0, "weight") == list(range(16))
    assert numbers_of(net, weights, 1, "summand") == [2.0] * 4
    # sqrt(0.25 + 0.75) is 1: 3 (x - 5) + 1
    assert numbers_of(net, weights, 2, "factor") == [3.0] * 4
    assert numbers_of(net, weights, 2, "summand") == [-14.0] * 4
    assert net["layers"][3]["slope"] == 0.3


def test_convolutions_say_their_shapes():
    G = networks.CompactGenerator()
    net, weights = page_net.describe(G, False)
    assert kinds(net) == [
        "dense", "perChannel", "leakyReLU", "convolution", "perChannel", "leakyReLU",
        "convolution", "perChannel", "pixelShuffle", "tanh",
    ]  # fmt: skip
    convolution = net["layers"][6]
    assert [convolution[name] for name in ("inputs", "outputs", "size", "stride", "padding")] == [
        64, 16, 3, 1, 1,
    ]  # fmt: skip
    assert list(convolution["from"]) == [7, 7] and net["layers"][8]["factor"] == 4
    expected = G.layers[7].weight.detach().flatten().tolist()
    assert numbers_of(net, weights, 6, "weight") == expected
    transposed = nn.ConvTranspose2d(4, 1, 2)
    net, weights = page_net.describe(Net(nn.Unflatten(1, (4, 1, 1)), transposed), False)
    # [4, 1, 2, 2] becomes [outputs and taps, inputs].
    assert (
        numbers_of(net, weights, 0, "weight")
        == transposed.weight.detach().view(4, 4).T.flatten().tolist()
    )


def test_kinds_and_labels_are_found():
    compact, _ = page_net.describe(networks.CompactGenerator(), False)
    assert compact["choice"] == [1.0] * 10
    assert (compact["order"], compact["labelFactor"]) == (["z", "labels"], 3)
    labelled, _ = page_net.describe(networks.CompactGenerator(classes=10), True)
    assert labelled["choice"] == [] and labelled["labelFactor"] == 3
    shares = torch.tensor([0.25] * 2 + [0.5])
    choosing = guesses.ChoosingGenerator(networks.CompactGenerator(classes=3), shares)
    net, _ = page_net.describe(choosing, False)
    assert net["choice"] == [0.25, 0.25, 0.5] and net["order"] == ["z", "labels"]

    class LabelsFirst(Net):
        def forward(self, z, labels):
            return super().forward(labels, z)

    net, _ = page_net.describe(LabelsFirst(nn.Linear(14, 4)), True)
    assert (net["order"], net["labelFactor"]) == (["labels", "z"], 1)


class TwiceBetween(Net):
    def forward(self, z):
        return self.layers[1](2 * self.layers[0](z)).view(len(z), 1, 2, 2)


class TwiceAfter(Net):
    def forward(self, z):
        return 2 * super().forward(z)


class TwiceBefore(Net):
    def forward(self, z):
        return super().forward(2 * z)


@pytest.mark.parametrize(
    "G, words",
    [
        (Net(nn.Linear(4, 4), nn.GELU()), "no layer GELU"),
        (TwiceBetween(nn.Linear(4, 4), nn.Linear(4, 4)), "between two layers"),
        (TwiceAfter(nn.Linear(4, 4)), "after a generator's last layer"),
        (TwiceBefore(nn.Linear(4, 4)), "puts z and labels together"),
        (
            Net(nn.Unflatten(1, (4, 1, 1)), nn.ConvTranspose2d(4, 4, 2, groups=4), nn.Flatten(),
                nn.Linear(16, 4)),
            "without groups",
        ),
    ],
)  # fmt: skip
def test_what_the_page_cannot_follow_is_refused(G, words):
    with pytest.raises(TypeError, match=words):
        page_net.describe(G, False)


def test_mode_and_random_numbers_are_left_alone():
    G = networks.CompactGenerator().train()
    before = torch.get_rng_state()
    page_net.describe(G, False)
    assert G.training and torch.equal(torch.get_rng_state(), before)
    assert not any(module._forward_hooks for module in G.modules())
