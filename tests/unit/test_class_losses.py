"""class_losses.py against numbers worked out by hand."""

import math

import pytest
import torch
import torch.nn.functional as F

from gan_helpers import class_losses, losses

LOG2 = math.log(2)
LABELLED = {
    "k_plus_one": class_losses.k_plus_one(),
    "log_sum_exp": class_losses.log_sum_exp(),
}
PAIRS = LABELLED | {"catgan": class_losses.catgan()}


def logs(*rows):
    """Class logits whose softmax is these numbers, divided by their sum."""
    return torch.tensor(rows, dtype=torch.float64).log()


REAL = logs((1, 2, 1), (3, 1, 2))
FAKE = logs((1, 1, 2), (1, 1, 6), (4, 1, 3))
LABELS = torch.tensor([1, 0])


def each(pairs):
    return pytest.mark.parametrize("pair", pairs.values(), ids=pairs)


def test_k_plus_one_by_hand():
    """Real digits are read as 1 and 0 with shares 2/4 and 3/6; the last of the three is "fake"."""
    pair = class_losses.k_plus_one()
    of_fake = (-math.log(2 / 4) - math.log(6 / 8) - math.log(3 / 8)) / 3
    d_loss = pair.discriminator(real=REAL, fake=FAKE, labels=LABELS)
    assert d_loss.item() == pytest.approx(LOG2 + of_fake)
    g_loss = pair.generator(fake=FAKE)
    by_hand = (-math.log(2 / 4) - math.log(2 / 8) - math.log(5 / 8)) / 3
    assert g_loss.item() == pytest.approx(by_hand)


def test_k_plus_one_with_real_and_fake_swapped():
    pair = class_losses.k_plus_one()
    labels = torch.tensor([0, 0, 1])  # of what are fakes above
    of_labelled = (-math.log(1 / 4) - math.log(1 / 8) - math.log(1 / 8)) / 3
    as_fake = (-math.log(1 / 4) - math.log(2 / 6)) / 2
    d_loss = pair.discriminator(real=FAKE, fake=REAL, labels=labels)
    assert d_loss.item() == pytest.approx(of_labelled + as_fake)


def test_k_plus_one_with_equal_logits():
    pair = class_losses.k_plus_one()
    d_loss = pair.discriminator(real=torch.zeros(2, 11), fake=torch.zeros(3, 11), labels=LABELS)
    assert d_loss.item() == pytest.approx(2 * math.log(11))
    assert pair.generator(fake=torch.zeros(3, 11)).item() == pytest.approx(math.log(11 / 10))


def test_k_plus_one_has_a_slope_where_d_is_sure():
    fake = torch.tensor([[0.0, 0.0, 50.0]], requires_grad=True)
    class_losses.k_plus_one().generator(fake=fake).backward()
    assert fake.grad[0].tolist() == pytest.approx([-0.5, -0.5, 1.0])


def test_log_sum_exp_by_hand():
    """The scores are the logarithms of the rows' sums: 4 and 6 for real, 4, 8 and 8 for fakes."""
    pair = class_losses.log_sum_exp()
    of_real = (math.log(5 / 4) + math.log(7 / 6)) / 2  # softplus(-log n) = log((n + 1) / n)
    of_fake = (math.log(5) + math.log(9) + math.log(9)) / 3  # softplus(log n) = log(n + 1)
    d_loss = pair.discriminator(real=REAL, fake=FAKE, labels=LABELS)
    assert d_loss.item() == pytest.approx(of_real + of_fake + LOG2)
    g_loss = pair.generator(fake=FAKE)
    assert g_loss.item() == pytest.approx((math.log(5 / 4) + 2 * math.log(9 / 8)) / 3)


def test_log_sum_exp_has_the_losses_of_k_plus_one_with_a_last_logit_of_0():
    real, fake = (torch.randn(count, 10, dtype=torch.float64) for count in (4, 6))
    with_zero_real, with_zero_fake = (F.pad(logits, (0, 1)) for logits in (real, fake))
    labels = torch.tensor([9, 0, 3, 3])
    ten = class_losses.log_sum_exp()
    eleven = class_losses.k_plus_one()
    d_loss = eleven.discriminator(real=with_zero_real, fake=with_zero_fake, labels=labels)
    assert ten.discriminator(real=real, fake=fake, labels=labels).item() == pytest.approx(d_loss)
    g_loss = eleven.generator(fake=with_zero_fake)
    assert ten.generator(fake=fake).item() == pytest.approx(g_loss)


def entropy(*shares):
    return -sum(p * math.log(p) for p in shares)


def test_catgan_by_hand():
    pair = class_losses.catgan()
    real = logs((1, 1), (3, 1))
    fake = logs((1, 4), (1, 4))
    own = (LOG2 + entropy(3 / 4, 1 / 4)) / 2
    mean = entropy(5 / 8, 3 / 8)
    d_loss = pair.discriminator(real=real, fake=fake)
    assert d_loss.item() == pytest.approx(own - mean - entropy(1 / 5, 4 / 5))
    swapped = pair.discriminator(real=fake, fake=real)
    assert swapped.item() == pytest.approx(-own)  # of the two alike, own and mean are the same
    assert pair.generator(fake=real).item() == pytest.approx(own - mean)
    assert pair.generator(fake=fake).item() == pytest.approx(0)  # always the same class


def test_catgan_has_a_gradient_where_no_image_has_a_class():
    """The mean share of the second class is rounded to 0, where p · log p has no slope."""
    logits = torch.tensor([[200.0, 0.0], [200.0, 0.0]], requires_grad=True)
    loss = class_losses.catgan().generator(fake=logits)
    loss.backward()
    assert loss.item() == pytest.approx(0) and torch.isfinite(logits.grad).all()


def test_catgan_at_its_best():
    pair = class_losses.catgan()
    sure = 100 * torch.eye(3)  # of each class once
    assert pair.generator(fake=sure).item() == pytest.approx(-math.log(3), abs=1e-6)
    d_loss = pair.discriminator(real=sure, fake=torch.zeros(2, 3))
    assert d_loss.item() == pytest.approx(-2 * math.log(3), abs=1e-6)


@each(PAIRS)
def test_a_loss_takes_no_positional_argument(pair):
    for call in (
        lambda: pair.discriminator(REAL, FAKE),
        lambda: pair.discriminator(REAL, fake=FAKE, labels=LABELS),
        lambda: pair.generator(FAKE),
        lambda: pair.generator(FAKE, labels=LABELS),
    ):
        with pytest.raises(TypeError, match="positional argument"):
            call()


@each(PAIRS)
@pytest.mark.parametrize("shape", [(2,), (2, 1), (2, 3, 1)])
def test_what_is_no_class_logits_is_refused(pair, shape):
    bad = torch.zeros(shape)
    message = r"class logits must have shape \[B, K\].*got.*output for each class"
    for call in (
        lambda: pair.discriminator(real=bad, fake=bad, labels=LABELS),
        lambda: pair.discriminator(real=REAL, fake=bad, labels=LABELS),
        lambda: pair.discriminator(real=bad, fake=FAKE, labels=LABELS),
        lambda: pair.generator(fake=bad, labels=LABELS),
    ):
        with pytest.raises(ValueError, match=message):
            call()


@each(PAIRS)
def test_real_and_fake_of_different_k_are_refused(pair):
    with pytest.raises(ValueError, match=r"got \[2, 3\] and \[2, 4\]"):
        pair.discriminator(real=REAL, fake=torch.zeros(2, 4), labels=LABELS)


@each(LABELLED)
def test_missing_labels_are_named(pair):
    with pytest.raises(ValueError, match="needs the classes.*give both steps labels="):
        pair.discriminator(real=REAL, fake=FAKE)


@each(LABELLED)
@pytest.mark.parametrize(
    "labels, message",
    [
        (torch.tensor([0, -1]), r"labels must lie in 0 … \d, got -1 … 0"),
        (torch.tensor([7, 1]), r"labels must lie in 0 … \d, got 1 … 7"),
        (torch.tensor([0, 1, 0]), r"labels must be int64 \[2\].*got torch.int64 \[3\]"),
        (torch.eye(3)[:2], r"labels must be int64 \[2\].*float32 \[2, 3\]: one-hot labels go to"),
        (torch.tensor([0.0, 1.0]), r"labels must be int64 \[2\].*got torch.float32 \[2\]"),
    ],
)
def test_labels_that_are_no_classes_are_refused(pair, labels, message):
    with pytest.raises(ValueError, match=message):
        pair.discriminator(real=REAL, fake=REAL, labels=labels)


def test_the_last_of_k_plus_one_logits_is_no_class_of_real_images():
    """Class 2 of three logits is "fake": cross_entropy itself would accept it."""
    pair = class_losses.k_plus_one()
    with pytest.raises(ValueError, match=r"labels must lie in 0 … 1, got 0 … 2"):
        pair.discriminator(real=REAL, fake=REAL, labels=torch.tensor([2, 0]))


def test_all_classes_of_log_sum_exp_are_classes_of_real_images():
    pair = class_losses.log_sum_exp()
    assert pair.discriminator(real=REAL, fake=REAL, labels=torch.tensor([2, 0])).isfinite()


@pytest.mark.parametrize("name", ["k_plus_one", "log_sum_exp", "catgan"])
def test_these_generators_read_no_labels(name):
    generator_loss = PAIRS[name].generator
    strange = torch.tensor([[99.0]])
    assert torch.equal(generator_loss(fake=FAKE, labels=strange), generator_loss(fake=FAKE))


def test_catgan_reads_no_labels():
    discriminator_loss = class_losses.catgan().discriminator
    strange = torch.tensor([[99.0]])
    with_labels = discriminator_loss(real=REAL, fake=FAKE, labels=strange)
    assert torch.equal(with_labels, discriminator_loss(real=REAL, fake=FAKE))


def test_real_score_is_the_log_of_the_sum():
    scores = class_losses.real_score(logs((1, 2, 1), (3, 3, 3)))
    assert scores.tolist() == pytest.approx([math.log(4), math.log(9)])
    assert class_losses.real_score(torch.tensor([[200.0, -200.0]])).item() == 200
    even = class_losses.real_score(torch.zeros(1, 10) - math.log(10))
    assert even.sigmoid().item() == pytest.approx(0.5)


def test_real_score_makes_every_pair_on_scores_apply():
    by_score = losses.hinge().discriminator(
        real=class_losses.real_score(REAL), fake=class_losses.real_score(FAKE)
    )
    assert by_score.item() == pytest.approx(1 + (math.log(4) + 2 * math.log(8)) / 3)


def test_uniform_cross_entropy_by_hand():
    loss = class_losses.uniform_cross_entropy(logs((1, 2, 1), (5, 5, 5)))
    assert loss.item() == pytest.approx((math.log(4) - LOG2 / 3 + math.log(3)) / 2)
    assert class_losses.uniform_cross_entropy(torch.tensor([[200.0, -200.0]])).item() == 200
