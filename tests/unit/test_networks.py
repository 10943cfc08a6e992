"""networks.py: the published sizes, the contract, clear errors."""

import platform
from pathlib import Path

import pytest
import torch
from torch import nn

from gan_helpers import judges, networks


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
    assert kinds == (
        ["Linear", "LeakyReLU"] + 3 * ["Linear", "BatchNorm1d", "LeakyReLU"] + ["Linear", "Tanh"]
    )
    assert {layer.eps for layer in layers if isinstance(layer, nn.BatchNorm1d)} == {0.8}
    assert {layer.negative_slope for layer in layers if isinstance(layer, nn.LeakyReLU)} == {0.2}
    kinds = [type(layer).__name__ for layer in networks.DenseDiscriminator().layers]
    assert kinds == ["Flatten", "Linear", "LeakyReLU", "Linear", "LeakyReLU", "Linear"], (
        "raw scores: no sigmoid"
    )


def test_contract_of_shapes_and_ranges():
    images = networks.DenseGenerator(5, (8, 6), (1, 4, 3))(torch.randn(7, 5) * 100)
    assert images.shape == (7, 1, 4, 3) and images.abs().max() <= 1
    scores = networks.DenseDiscriminator((8,), (1, 4, 3))(images * 50)
    assert scores.shape == (7,) and scores.abs().max() > 1, (
        "raw scores are not squeezed into [0, 1]"
    )
    assert networks.DenseDiscriminator((8,), (1, 4, 3))(images[:1]).shape == (1,), (
        "a batch of one keeps its dimension"
    )


def test_wrong_shapes_name_the_right_one():
    with pytest.raises(ValueError, match=r"\[B, 100\], got \[2, 64\]"):
        networks.DenseGenerator()(torch.randn(2, 64))
    with pytest.raises(ValueError, match=r"'B', 1, 28, 28\], got \[2, 28, 28\]"):
        networks.DenseDiscriminator()(torch.randn(2, 28, 28))


def test_noise_is_that_of_a_generator_of_its_own():
    by_hand = torch.randn(7, 42, generator=torch.Generator().manual_seed(3))
    torch.manual_seed(5)
    expected = torch.rand(1)
    torch.manual_seed(5)
    assert torch.equal(networks.noise(7, 42, 3), by_hand)
    assert torch.equal(torch.rand(1), expected), "the global generator is not touched"
    assert not torch.equal(networks.noise(7, 42, 4), by_hand)


def test_sample_uses_eval_mode_and_puts_the_mode_back():
    net = networks.DenseGenerator(5, (8, 6), (1, 2, 2))
    net(torch.randn(64, 5) + 3)  # moves the running statistics away from a batch's own
    z = torch.randn(4, 5)
    for training in (True, False):
        net.train(training)
        before = {name: value.clone() for name, value in net.state_dict().items()}
        images = networks.sample(net, z)
        assert net.training is training and not images.requires_grad
        assert torch.allclose(images[:2], networks.sample(net, z[:2]), atol=1e-6), (
            "depends on the rest of the batch"
        )
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


def test_directions_are_those_along_which_pictures_change_most():
    class Stretch(nn.Module):  # linear: its Jacobian is known
        latent_dim = 3

        def forward(self, z):
            stretched = z * torch.tensor([1.0, 5.0, 3.0])
            return torch.nn.functional.pad(stretched, (0, 781)).view(-1, 1, 28, 28)

    directions = networks.directions(Stretch(), torch.randn(6, 3), count=2)
    expected = torch.tensor([[0.0, 1, 0], [0, 0, 1]])
    assert torch.allclose(directions.abs(), expected, atol=1e-5)


def test_directions_are_averaged_over_the_points():
    class Bend(nn.Module):  # its slope is -1 or 1 along the first axis, ½ along the second
        def forward(self, z):
            return torch.stack([z[:, 0].abs(), z[:, 1] / 2], 1).view(-1, 1, 1, 2)

    one_side = torch.tensor([[2.0, 0], [3, 0]])
    assert networks.directions(Bend(), one_side, count=1)[0].abs().tolist() == [1, 0]
    both_sides = torch.tensor([[2.0, 0], [-3, 0]])
    assert networks.directions(Bend(), both_sides, count=1)[0].abs().tolist() == [0, 1]


def test_directions_leave_the_net_as_it_was():
    net = networks.DenseGenerator(latent_dim=8, hidden=(16, 16)).train()
    assert networks.directions(net, torch.randn(64, 8)).shape == (4, 8)
    assert net.training and all(weight.grad is None for weight in net.parameters())
    conditional = networks.CompactGenerator(classes=10)
    labels = torch.eye(10)[torch.arange(20) % 10]
    assert networks.directions(conditional, torch.randn(20, 42), labels).shape == (4, 42)


def test_compact_parameter_counts_by_hand():
    dense, first, second = 42 * 16 * 49, 16 * 64 * 9, 64 * 16 * 9 + 16
    assert (
        networks.count_parameters(networks.CompactGenerator())
        == dense + 2 * 16 + first + 2 * 64 + second
        == 51_536
    )
    patches, again, hidden, score = 16 * 24 * 9 + 24, 24 * 24 * 9 + 24, 24 * 49 * 128 + 128, 129
    assert (
        networks.count_parameters(networks.CompactDiscriminator())
        == patches + again + hidden + score
        == 159_473
    )
    assert networks.count_parameters(networks.CompactGenerator(classes=10)) == 51_536 + 10 * 16 * 49
    assert (
        networks.count_parameters(networks.CompactDiscriminator(classes=10)) == 159_473 + 10 * 128
    )


def test_compact_sizes_are_arguments():
    G, D = networks.CompactGenerator(5, (3, 7), kinds=2), networks.CompactDiscriminator(4, 6)
    images = G(torch.randn(2, 5) * 100)
    assert images.shape == (2, 1, 28, 28) and images.abs().max() <= 1
    assert D(images).shape == (2,) and D(images[:1]).shape == (1,)
    assert (D(images * 0 + 1e6).abs() > 1).all(), "raw scores are not squeezed into [0, 1]"


def test_compact_labels_change_what_is_drawn_and_how_it_is_scored():
    G, D = networks.CompactGenerator(classes=10).eval(), networks.CompactDiscriminator(classes=10)
    z, labels = torch.randn(1, 42).expand(10, 42), torch.eye(10)
    images = G(z, labels)
    assert len(images.flatten(1).unique(dim=0)) == 10, "ten labels, ten pictures of one noise"
    image = images[:1].expand(10, 1, 28, 28)
    scores = D(image, labels)
    assert len(scores.unique()) == 10
    # A projection: linear in the label, so half a 3 and half a 7 is scored half-way.
    half = D(image[:1], (labels[3:4] + labels[7:8]) / 2)
    assert half.item() == pytest.approx((scores[3] + scores[7]).item() / 2, abs=1e-5)
    unlabelled = D.score(D.features(image[:1])).item()
    assert scores[3].item() == pytest.approx(
        unlabelled + (D.embedding.weight[:, 3] @ D.features(image[:1])[0]).item(), abs=1e-5
    )


def test_compact_discriminator_sees_each_pixel():
    D = networks.CompactDiscriminator()
    images = torch.randn(3, 1, 28, 28, requires_grad=True)
    D(images).sum().backward()
    assert (images.grad != 0).all()


def test_compact_nets_name_what_they_take():
    G, D = networks.CompactGenerator(classes=10), networks.CompactDiscriminator()
    with pytest.raises(ValueError, match=r"takes z \[B, 42\], one_hot \[B, 10\]; got \[4, 42\]$"):
        G(torch.randn(4, 42))
    with pytest.raises(ValueError, match=r"one_hot \[B, 10\]; got \[4, 42\], \[4\]$"):
        G(torch.randn(4, 42), torch.zeros(4))  # labels, not one-hot
    with pytest.raises(
        ValueError, match=r"takes images \[B, 1, 28, 28\]; got \[4, 1, 28, 28\], \[4, 10\]"
    ):
        D(torch.randn(4, 1, 28, 28), torch.zeros(4, 10))
    with pytest.raises(ValueError, match=r"got \[4, 784\]"):
        D(torch.randn(4, 784))


def test_compact_kinds_are_chosen_by_the_largest_of_the_first_numbers():
    G = networks.CompactGenerator(7, (3, 4), kinds=3).eval()
    z = torch.tensor([[0.1, 0.9, 0.2, 1, 2, 3, 4]])
    same = z + torch.tensor([[0.5, 0, 0.5, 0, 0, 0, 0]])  # the second is still the largest
    third = z + torch.tensor([[0, 0, 1.0, 0, 0, 0, 0]])
    rest = z + torch.tensor([[0, 0, 0, 0, 0, 0, 1.0]])
    assert torch.equal(G(z), G(same))
    assert not torch.equal(G(z), G(third)) and not torch.equal(G(z), G(rest))
    plain = networks.CompactGenerator(7, (3, 4), kinds=0).eval()
    assert not torch.equal(plain(z), plain(same)), "without kinds all numbers count by their size"


def test_latent_dim_must_leave_room_beside_the_kinds():
    with pytest.raises(ValueError, match="latent_dim must be more than the 10 numbers.*got 10"):
        networks.CompactGenerator(10)
    networks.CompactGenerator(10, classes=10)


@pytest.mark.parametrize("conditional", [False, True])
def test_trained_generators_draw_digits(conditional):
    G = networks.trained_generator(conditional=conditional)
    assert not G.training and not any(p.requires_grad for p in G.parameters())
    z, labels = (
        torch.randn(1000, G.latent_dim, generator=torch.Generator().manual_seed(0)),
        torch.arange(1000) % 10,
    )
    images = networks.sample(
        G, z, *([nn.functional.one_hot(labels, 10).float()] if conditional else [])
    )
    _, logits = judges.read(judges.load(), images)
    if conditional:
        assert (logits.argmax(1) == labels).float().mean() > 0.97
    assert (logits.softmax(1).amax(1) > 0.9).float().mean() > 0.7, "most are read without doubt"
    assert (logits.argmax(1).bincount(minlength=10) > 50).all(), "all ten digits are there"
    file = networks.ASSETS / f"generator{'_conditional' if conditional else ''}.safetensors"
    assert file.stat().st_size < 1_000_000


def test_dropout_by_hand(monkeypatch):
    drawn = torch.tensor([[0.0, 0.74, 0.75], [0.99, 0.2, 0.8]], dtype=torch.float64)
    monkeypatch.setattr(torch, "rand", lambda *_, **__: drawn)
    x = torch.tensor([[3.0, 6.0, 9.0], [12.0, -15.0, 18.0]], requires_grad=True)
    y = networks.Dropout(0.25)(x)
    assert y.tolist() == [[4.0, 8.0, 0.0], [0.0, -20.0, 0.0]]
    y.sum().backward()
    share = 1 / torch.tensor(0.75)
    assert torch.equal(x.grad, torch.tensor([[share, share, 0], [0, share, 0]]))


def test_dropout_keeps_the_share_and_the_mean():
    torch.manual_seed(0)
    y = networks.Dropout(0.3)(torch.ones(100_000))
    assert (y == 0).float().mean().item() == pytest.approx(0.3, abs=0.005)
    assert y.mean().item() == pytest.approx(1, abs=0.01)


def test_dropout_of_float32_and_float64_drops_the_same():
    masks = []
    for dtype in (torch.float32, torch.float64):
        torch.manual_seed(1)
        y = networks.Dropout(0.5)(torch.ones(1000, dtype=dtype))
        assert y.dtype == dtype
        masks.append(y == 0)
    assert torch.equal(*masks)


@pytest.mark.parametrize(
    "layer", [networks.Dropout(0.3).eval(), networks.Dropout(0)], ids=["eval", "p of 0"]
)
def test_dropout_off_changes_nothing_and_draws_nothing(layer):
    x, before = torch.randn(5), torch.get_rng_state()
    assert layer(x) is x
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize("p", [-0.1, 1, 1.5, float("nan")])
def test_dropout_refuses_an_impossible_share(p):
    with pytest.raises(ValueError, match=r"p must lie in \[0, 1\), got"):
        networks.Dropout(p)


def has_an_intel_cpu():
    about = Path("/proc/cpuinfo")
    text = about.read_text(encoding="utf8") if about.exists() else platform.processor()
    return "GenuineIntel" in text


@pytest.mark.skipif(
    has_an_intel_cpu(), reason="there nn.Dropout's mask may come from Intel's library"
)
@pytest.mark.parametrize("p", [0.0, 0.3, 0.5, 0.95])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_dropout_is_torchs_own_bit_for_bit(p, dtype):
    """Outputs, gradients and what is drawn next: tables made by nn.Dropout stay true."""

    def run(layer):
        torch.manual_seed(2)
        x = torch.randn(64, 33, dtype=dtype, requires_grad=True)
        weights = torch.randn(64, 33, dtype=dtype)
        y = layer(layer(x))
        (y * weights).sum().backward()
        return y, x.grad, torch.rand(3)

    for ours, theirs in zip(run(networks.Dropout(p)), run(nn.Dropout(p)), strict=True):
        assert torch.equal(ours, theirs)
