"""The judges read digits well, were trained on the right ones, and can be trained anew."""

import pytest
import torch

from gan_helpers import data, judges, networks


@pytest.mark.parametrize(
    ("name", "accuracy", "largest"), [("judge", 0.993, 500_000), ("second_judge", 0.99, 2_000_000)]
)
def test_shipped_weights(name, accuracy, largest):
    assert judges.accuracy(judges.load(name), "test") >= accuracy
    assert (judges.ASSETS / f"{name}.safetensors").stat().st_size < largest


def test_the_two_are_of_different_kinds():
    def kinds(name):
        return {type(module) for module in judges.load(name).modules()}

    assert torch.nn.Conv2d in kinds("judge") and torch.nn.Conv2d not in kinds("second_judge")


def test_load_gives_a_judge_that_nothing_changes():
    judge = judges.load()
    assert not judge.training and not any(p.requires_grad for p in judge.parameters())
    images = torch.rand(3, 1, 28, 28) * 2 - 1
    alone = judges.read(judge, images[:1])[1]
    together = judges.read(judge, images)[1]
    assert torch.allclose(together[:1], alone, atol=1e-5), "a picture's reading is its own"


def test_read_returns_features_and_logits_of_every_image(monkeypatch):
    monkeypatch.setattr(judges, "CHUNK", 4)  # does not divide 10
    images = torch.rand(10, 1, 28, 28) * 2 - 1
    features, logits = judges.read(judges.load(), images)
    assert features.shape == (10, 64) and logits.shape == (10, 10)
    assert torch.allclose(logits, judges.load()(images), atol=1e-5)
    digits, _ = data.mnist("test")
    scaled = judges.read(judges.load(), data.to_tanh_range(digits[:10]).unsqueeze(1))[0]
    assert torch.equal(judges.read(judges.load(), digits[:10])[0], scaled)


def digits(count=20):
    """Test digits: uint8 [count, 28, 28]."""
    return data.mnist("test")[0][:count]


def in_unit_range(count=20):
    """Test digits in [0, 1], the scale that is taken for ours most easily: [count, 1, 28, 28]."""
    return digits(count).float().div(255).unsqueeze(1)


def with_one(value):
    """Pictures that are as they should be, but for one pixel."""
    images = in_unit_range() * 2 - 1
    images[7, 0, 3, 5] = value
    return images


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (in_unit_range, ValueError, r"seem to lie in \[0, 1\].*data.to_tanh_range"),
        (lambda: in_unit_range(1), ValueError, r"seem to lie in \[0, 1\]"),
        # What a generator draws that ends in a sigmoid.
        (lambda: 0.02 + 0.96 * in_unit_range(), ValueError, r"seem to lie in \[0, 1\]"),
        (lambda: in_unit_range() * 255, ValueError, r"\[-1, 1\], got \[0, 255\]"),
        (lambda: (in_unit_range() - 0.1307) / 0.3081, ValueError, r"\[-1, 1\], got \[-0.42"),
        (
            lambda: with_one(float("nan")),
            ValueError,
            r"\[-1, 1\], got \[nan, nan\]: NaN comes from",
        ),
        (lambda: with_one(float("inf")), ValueError, r"\[-1, 1\], got \[-1, inf\]"),
        (lambda: with_one(-float("inf")), ValueError, r"\[-1, 1\], got \[-inf, 1\]"),
        (lambda: with_one(1.001), ValueError, r"\[-1, 1\], got \[-1, 1.001\]"),
        (lambda: with_one(0)[0], ValueError, r"\[N, 1, 28, 28\], got \[1, 28, 28\]"),
        (lambda: with_one(0).squeeze(1), ValueError, r"\[N, 1, 28, 28\], got \[20, 28, 28\]"),
        (lambda: with_one(0).flatten(1), ValueError, r"\[N, 1, 28, 28\], got \[20, 784\]"),
        (lambda: torch.zeros(2, 3, 28, 28), ValueError, r"\[N, 1, 28, 28\], got \[2, 3, 28, 28\]"),
        (lambda: torch.zeros(2, 1, 32, 32), ValueError, r"\[N, 1, 28, 28\], got \[2, 1, 32, 32\]"),
        (lambda: torch.tensor(0.5), ValueError, r"\[N, 1, 28, 28\], got \[\]"),
        (lambda: digits().unsqueeze(1), ValueError, r"\[N, 28, 28\], got \[20, 1, 28, 28\]"),
        (lambda: digits()[0], ValueError, r"\[N, 28, 28\], got \[28, 28\]"),
        (lambda: digits().long(), TypeError, r"got torch.int64.*\.to\(torch.uint8\)"),
        (lambda: with_one(0).double(), TypeError, r"got torch.float64.*\.to\(torch.float32\)"),
        (lambda: with_one(0).half(), TypeError, "got torch.float16"),
        (lambda: with_one(0) > 0, TypeError, "got torch.bool"),
        (lambda: with_one(0).to(torch.complex64), TypeError, "got torch.complex64"),
        (lambda: with_one(0).numpy(), TypeError, "got ndarray: torch.as_tensor"),
        (lambda: list(with_one(0)), TypeError, "got list.*torch.stack"),
        (lambda: None, TypeError, "got NoneType"),
    ],
)
@pytest.mark.parametrize("name", judges.JUDGES)
def test_pictures_that_mean_nothing_to_a_judge_are_refused(name, make, error, message):
    with pytest.raises(error, match=message):
        judges.read(judges.load(name), make())


@pytest.mark.parametrize(
    "make",
    [
        digits,
        lambda: digits(0),
        lambda: with_one(0.5),
        lambda: with_one(0)[:0],
        lambda: with_one(0).requires_grad_(),
        lambda: torch.rand(9, 1, 28, 28) * 2 - 1,  # noise
        lambda: -(in_unit_range() * 2 - 1),  # dark on white
        # What a net may draw that has learnt nothing, or has collapsed: no pixel is below 0.
        lambda: torch.zeros(9, 1, 28, 28),
        lambda: torch.ones(9, 1, 28, 28),
        lambda: torch.rand(9, 1, 28, 28) * 0.1,
        lambda: 1 - torch.rand(9, 1, 28, 28) * 0.3,
        lambda: torch.full((1, 1, 28, 28), 0.7),
        lambda: torch.where(in_unit_range() > 0.5, 1.0, 0.5),
    ],
)
def test_pictures_on_our_scale_are_read_whatever_they_show(make):
    images = make()
    features, logits = judges.read(judges.load(), images)
    assert features.shape == (len(images), 64) and logits.shape == (len(images), 10)
    assert not logits.requires_grad


@pytest.mark.parametrize("name", judges.JUDGES)
def test_untrained_and_trained_generators_are_read(name):
    for seed in range(5):
        torch.manual_seed(seed)
        for net in (networks.DenseGenerator(), networks.CompactGenerator()):
            for count in (1, 9):
                z = networks.noise(count, net.latent_dim, seed)
                judges.read(judges.load(name), networks.sample(net, z))
    G = networks.trained_generator()
    judges.read(judges.load(name), networks.sample(G, networks.noise(50, G.latent_dim, 0)))


def test_a_judge_learns_from_a_number_of_digits_that_leaves_one_over():
    images, labels = data.mnist("test")
    trained = judges.train("second_judge", epochs=1, images=images[:201], labels=labels[:201])
    same = judges.train("second_judge", epochs=1, images=images[:200], labels=labels[:200])
    assert torch.equal(trained.classify.weight, same.classify.weight)


def test_jitter_moves_within_bounds_and_keeps_the_range():
    image = torch.full((64, 1, 28, 28), -1.0)
    image[:, :, 13:15, 13:15] = 1.0
    moved = judges.jitter(image, torch.Generator().manual_seed(0))
    assert moved.min() >= -1 and moved.max() <= 1 and not torch.equal(moved, image)
    rows, columns = (moved[:, 0] > -0.5).nonzero()[:, 1:].T
    assert rows.min() >= 9 and rows.max() <= 18 and columns.min() >= 9 and columns.max() <= 18
    assert rows.max() > 15, "some picture has been moved"


def test_jitter_turns_scales_and_moves_by_what_it_draws(monkeypatch):
    """Of a picture with one white pixel, and with draws that are given."""
    image = torch.full((1, 1, 28, 28), -1.0)
    image[0, 0, 13, 16] = 1.0  # half a pixel above the middle, two and a half to its right

    def place(angle, zoom, right, down):
        """(row, column) of the pixel after a jitter with these draws."""
        draws = iter(torch.tensor([[angle], [zoom], [right], [down]]))
        monkeypatch.setattr(judges, "_uniform", lambda *_: next(draws))
        moved = judges.jitter(image, None)
        return divmod(moved.argmax().item(), 28)

    assert place(0, 0, 0, 0) == (13, 16)
    # The draws say where a picture's pixel is read from: so it moves the other way.
    assert place(0, 0, 2 / 14, 0) == (13, 14)
    assert place(0, 0, 0, 1 / 14) == (12, 16)
    # Read from (x, y) turned clockwise by a quarter: the pixel goes from the right to the top.
    assert place(torch.pi / 2, 0, 0, 0) == (11, 13)
    # Read from 5/3 as far out: two and a half pixels to the right become one and a half.
    assert place(0, 2 / 3, 0, 0) == (13, 15)


def test_noise_goes_onto_every_second_image_and_its_level_is_told():
    images = torch.full((400, 1, 28, 28), -1.0)
    noisy, level = judges.add_noise(images, torch.Generator().manual_seed(0))
    assert torch.equal(noisy[1::2], images[1::2]) and (level[1::2] == 0).all()
    assert noisy.min() >= -1 and noisy.max() <= 1 and 0 <= level.min() and 1.5 < level.max() <= 2
    changed = (noisy != images).float().mean((1, 2, 3))
    assert (changed[level == 0] == 0).all() and (changed[level > 0.05] > 0).all()
    assert torch.equal(images, torch.full((400, 1, 28, 28), -1.0)), "what was given is left alone"


@pytest.mark.parametrize("name", judges.JUDGES)
def test_speckles_do_not_change_the_reading(name):
    images, labels = data.mnist("test")
    noisy, level = judges.add_noise(
        data.to_tanh_range(images[:2000]).unsqueeze(1), torch.Generator().manual_seed(0)
    )
    logits = judges.read(judges.load(name), noisy)[1][level > 0.5]
    assert (logits.argmax(1) == labels[:2000][level > 0.5]).float().mean() > 0.97


@pytest.mark.parametrize("name", judges.JUDGES)
def test_training_learns(name):
    images, labels = data.mnist("train")
    net = judges.train(name, epochs=2, images=images[:3000], labels=labels[:3000])
    assert judges.accuracy(net, "test") > 0.75


def test_training_uses_the_first_50000_only(monkeypatch):
    seen = []

    def batches(images, labels, size, generator):
        seen.append((images, labels))
        return []

    monkeypatch.setattr(judges.data, "batches", batches)
    monkeypatch.setattr(judges.torch.optim.lr_scheduler, "OneCycleLR", lambda *_, **__: None)
    judges.train("judge", epochs=1)
    images, labels = data.mnist("all")
    ((images_seen, labels_seen),) = seen
    assert torch.equal(images_seen, images[:50_000])
    assert torch.equal(labels_seen, labels[:50_000])
