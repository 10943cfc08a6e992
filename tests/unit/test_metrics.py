"""Measures against hand-worked numbers and torchmetrics; each moves by the fault that it sees."""

import warnings

import pytest
import torch
from torch.nn.functional import avg_pool2d
from torchmetrics.image.fid import FrechetInceptionDistance

from gan_helpers import data, judges, metrics, neighbours

pytestmark = pytest.mark.filterwarnings("ignore::gan_helpers.metrics.ScoreWarning")


@pytest.fixture(scope="module")
def digits():
    """2,000 training digits with their labels: as good as fakes get."""
    images, labels = data.mnist("train")
    return data.to_tanh_range(images[:2000]).unsqueeze(1), labels[:2000]


@pytest.fixture(scope="module")
def real_score(digits):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return metrics.score(*digits)


# The Fréchet distance


def test_distance_by_hand():
    generator = torch.Generator().manual_seed(0)
    a = torch.randn(500, 3, generator=generator)
    assert metrics.frechet_distance(a + torch.tensor([3.0, 0, 4.0]), a) == pytest.approx(
        25, rel=1e-5
    )
    # Uncorrelated features of variance 1, one of them stretched to deviation 3: (3 - 1)².
    white = torch.linalg.solve_triangular(
        torch.linalg.cholesky(a.T.cov()), (a - a.mean(0)).T, upper=False
    ).T
    stretched = white * torch.tensor([1.0, 3.0, 1.0])
    assert metrics.frechet_distance(stretched, white) == pytest.approx(4, rel=1e-4)
    assert metrics.frechet_distance(white, stretched) == pytest.approx(4, rel=1e-4)


def test_distance_of_a_set_to_itself_is_zero(digits):
    features, _ = judges.read(judges.load(), digits[0])
    assert metrics.frechet_distance(features, features) < 1e-8
    assert metrics.frechet_distance(features, features[torch.randperm(len(features))]) < 1e-8


def test_distance_equals_torchmetrics(digits):
    class Features(torch.nn.Module):
        num_features = 64

        def forward(self, images):
            return judges.read(judges.load(), images)[0]

    noisy = (digits[0] + 0.3 * torch.randn(digits[0].shape)).clamp(-1, 1)
    theirs = FrechetInceptionDistance(feature=Features(), input_img_size=(1, 28, 28))
    theirs.set_dtype(torch.float64)
    theirs.update(digits[0], real=True)
    theirs.update(noisy, real=False)
    ours = metrics.frechet_distance(
        judges.read(judges.load(), noisy)[0], judges.read(judges.load(), digits[0])[0]
    )
    assert ours == pytest.approx(theirs.compute().item(), rel=1e-4)


def test_floor_follows_the_1_over_n_law():
    floors = {n: metrics.floor(n) for n in (500, 1000, 2000)}
    assert floors[500] > floors[1000] > floors[2000] > 0
    # With a distance of c + b/n, the differences are to each other as 1/500 - 1/2000 to
    # 1/1000 - 1/2000: 3 to 1.
    ratio = (floors[500] - floors[2000]) / (floors[1000] - floors[2000])
    assert ratio == pytest.approx(3, rel=0.1)


def test_floor_is_what_real_digits_score(real_score):
    assert real_score["digit_fid"] == pytest.approx(real_score["floor"], rel=0.3)


def test_floor_draws_from_the_judges_training_digits_only(monkeypatch):
    images, _ = data.mnist("all")
    marked = images.clone()
    marked[judges.TRAINED_ON :] = 255
    seen = []

    def read(judge, images):
        seen.append(images)
        return torch.randn(100, 64), None

    monkeypatch.setattr(metrics.data, "mnist", lambda split: (marked, None))
    monkeypatch.setattr(metrics.judges, "read", read)
    monkeypatch.setattr(metrics, "_reference", lambda *_: (torch.randn(100, 64), None, None))
    metrics.floor.__wrapped__(20_000)
    assert [len(images) for images in seen] == [20_000] * 5
    assert not any((images == 255).all((1, 2)).any() for images in seen)


# Neighbours


def test_neighbour_metrics_by_hand(monkeypatch):
    monkeypatch.setattr(neighbours, "CHUNK", 3)  # does not divide the counts
    real = torch.tensor([0.0, 1, 2, 3, 4, 5, 6])[:, None]
    # Third neighbours: the ends reach 3, next to them 2, the middle 2. Fifth: 5, 4, 3, 3, 3, 4, 5.
    fake = torch.tensor([0.1, 0.2, 0.3, 0.4, 0.5, 20.0, 30, 40])[:, None]
    result = neighbours.scores(fake, real)
    assert result["precision"] == 5 / 8
    # Fakes' third neighbours: 0.3, 0.2, 0.2, 0.2, 0.3 in the group; 20 reaches 19.7, 30 reaches
    # 29.5, 40 reaches 39.5. So 20 covers 0.3 … 39.7, 30 covers 0.5 … 59.5, 40 covers 0.5 …; 0.1
    # covers -0.2 … 0.4: all seven are recalled.
    assert result["recall"] == 1
    # Balls (k = 5) around 0 … 6 reach [-5, 5], [-3, 5], [-1, 5], [0, 6], [1, 7], [1, 9], [1, 11]:
    # four hold each fake.
    assert result["density"] == pytest.approx(5 * 4 / 5 / 8)
    assert result["coverage"] == 4 / 7


def test_recall_by_hand():
    real = torch.tensor([0.0, 1, 2, 3, 4, 50])[:, None]
    fake = torch.tensor([0.0, 0.1, 0.2, 0.3, 0.4, 1.05])[:, None]
    # They reach 0.3, 0.2, 0.2, 0.2, 0.3, 0.85.
    result = neighbours.scores(fake, real)
    assert result["recall"] == 2 / 6  # 0 and 1


def test_a_set_against_itself():
    points = torch.randn(300, 8)
    result = neighbours.scores(points, points)
    assert result["precision"] == result["recall"] == result["coverage"] == 1


# Classes


def test_class_kl_by_hand():
    expected = torch.full((10,), 0.1)
    assert metrics.class_kl(torch.eye(10)[3], expected) == pytest.approx(2.302585)
    assert metrics.class_kl(expected, expected) == 0
    two = torch.zeros(10)
    two[2] = 0.75
    two[8] = 0.25
    assert metrics.class_kl(two, expected) == pytest.approx(
        0.75 * 2.014903 + 0.25 * 0.916291, abs=1e-5
    )


def test_within_class_by_hand():
    features = torch.tensor([[0.0, 0], [0, 2], [5, 5], [5, 9], [5, 7]])
    assert metrics._within_class(features, torch.tensor([1, 1, 3, 3, 3])) == pytest.approx(
        (1 + 1 + 4 + 4 + 0) / 5
    )


# Faults


def test_real_digits_score_well(real_score):
    assert real_score["classes"] == 10
    assert real_score["class_kl"] < 0.01
    assert real_score["precision"] > 0.8
    assert real_score["accuracy"] > 0.99
    assert real_score["accuracy_worst"] > 0.98
    assert real_score["coverage_digit"] > 0.9
    assert real_score["recall_digit"] > 0.8
    assert abs(sum(real_score["histogram"]) - 1) < 1e-6


def test_shuffling_changes_nothing(digits, real_score):
    order = torch.randperm(len(digits[0]), generator=torch.Generator().manual_seed(1))
    shuffled = metrics.score(digits[0][order])
    for name in ("digit_fid", "precision", "recall", "density", "coverage", "class_kl"):
        assert shuffled[name] == pytest.approx(real_score[name], rel=1e-3), name


def test_noise_is_noticed(digits, real_score):
    noisy = metrics.score((digits[0] + 0.5 * torch.randn(digits[0].shape)).clamp(-1, 1))
    assert (
        noisy["digit_fid"] > 5 * real_score["digit_fid"]
        and noisy["precision"] < real_score["precision"] - 0.1
    )


def test_blur_is_noticed(digits, real_score):
    blurred = metrics.score(avg_pool2d(digits[0], 5, stride=1, padding=2, count_include_pad=False))
    assert blurred["digit_fid"] > 5 * real_score["digit_fid"]
    assert blurred["precision"] < real_score["precision"] - 0.1


def test_a_dropped_digit_is_noticed(digits, real_score):
    images, labels = digits
    dropped = metrics.score(images[labels != 7])
    assert dropped["classes"] == 9
    assert dropped["class_kl"] > 0.08
    assert dropped["digit_fid"] > 3 * dropped["floor"]
    assert dropped["recall"] < real_score["recall"] - 0.03
    assert dropped["coverage"] < real_score["coverage"] - 0.03


def test_one_picture_a_digit_is_accurate_and_scores_badly(digits, real_score):
    images, labels = digits
    pictures = torch.stack([images[labels == digit][0] for digit in range(10)])
    same = metrics.score(pictures[labels], labels)
    assert same["accuracy"] == 1
    assert same["classes"] == 10
    assert same["class_kl"] < 0.01
    assert same["digit_fid"] > 10 * real_score["digit_fid"]
    assert same["spread"] < 1e-3
    assert 0.9 < real_score["spread"] < 1.1
    assert max(same["coverage"], same["coverage_digit"], same["recall_digit"]) < 0.1


def test_one_poor_digit_is_named_by_the_worst(digits):
    images, labels = digits
    spoiled = images.clone()
    spoiled[labels == 4] = images[labels == 4][:1]
    result = metrics.score(spoiled, labels)
    assert result["coverage_digit_worst"] < 0.1 < 0.8 < result["coverage_digit"]
    assert result["recall_digit_worst"] < 0.1 < 0.7 < result["recall_digit"]


def test_shuffled_labels_are_noticed(digits):
    images, labels = digits
    result = metrics.score(images, labels[torch.randperm(len(labels))])
    assert 0.05 < result["accuracy"] < 0.15 and result["coverage_digit"] < 0.6


def test_asymmetric_accuracy(digits):
    images, labels = digits
    right = images[labels == 3]
    count = len(images) - len(right)  # 2,000 in all, whose floor the other tests have computed
    wrong = torch.where(labels == 3, 5, labels)[:count]
    fakes = torch.cat([images[:count], right])
    result = metrics.score(fakes, torch.cat([wrong, torch.full((len(right),), 3)]))
    threes = (labels[:count] == 3).sum().item()
    fives = (labels[:count] == 5).sum().item()
    assert result["accuracy_digit"][5] == pytest.approx(fives / (threes + fives), abs=0.01)
    assert result["accuracy_worst"] == min(result["accuracy_digit"]) == result["accuracy_digit"][5]
    assert result["accuracy_digit"][3] > 0.97


def test_the_references_differ_and_so_do_the_judges(digits):
    images = digits[0][:500]
    result = [
        metrics.score(images, reference=reference, judge=judge)["digit_fid"]
        for reference in ("validation", "test")
        for judge in judges.JUDGES
    ]
    assert len(set(result)) == 4


# Bad input


@pytest.mark.parametrize(
    ("images", "message"),
    [
        (torch.zeros(20, 28, 28), r"\[N, 1, 28, 28\], got \[20, 28, 28\]"),
        (torch.full((20, 1, 28, 28), 2.0), r"must lie in \[-1, 1\]"),
        (torch.full((20, 1, 28, 28), float("nan")), "nan"),
        (torch.zeros(20, 1, 28, 28, dtype=torch.uint8), "to_tanh_range"),
        (torch.zeros(5, 1, 28, 28), "more than 5 images, got 5"),
    ],
)
def test_refuses_bad_images(images, message):
    with pytest.raises(ValueError, match=message):
        metrics.score(images)


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (torch.zeros(19, dtype=torch.int64), r"shape \[20\]"),
        (torch.zeros(20), "int64"),
        (torch.full((20,), 10), r"0 … 9, got 10 … 10"),
        (torch.full((20,), -1), r"0 … 9, got -1"),
    ],
)
def test_refuses_bad_labels(labels, message):
    with pytest.raises(ValueError, match=message):
        metrics.score(torch.zeros(20, 1, 28, 28), labels)


def test_refuses_unknown_names():
    with pytest.raises(ValueError, match="validation"):
        metrics.score(torch.zeros(20, 1, 28, 28), reference="train")
    with pytest.raises(ValueError, match="second_judge"):
        metrics.score(torch.zeros(20, 1, 28, 28), judge="third")


def test_warns_of_counts_that_distort(digits):
    images, labels = digits
    with pytest.warns(metrics.ScoreWarning, match="500 images are few.*floor"):
        metrics.score(images[:500])
    with pytest.warns(metrics.ScoreWarning, match="2,000 images against 10,000"):
        metrics.score(images)
    order = torch.cat([(labels == 0).nonzero()[:50, 0], (labels != 0).nonzero()[:1950, 0]])
    with pytest.warns(metrics.ScoreWarning, match="only 50 images are labelled 0"):
        metrics.score(images[order], labels[order])
    with pytest.raises(ValueError, match="only 0 images are labelled 1"):
        metrics.score(images[:20], torch.zeros(20, dtype=torch.int64))


# Memory and learning


def test_train_on_fakes_refuses_a_handful():
    with pytest.raises(ValueError, match="100 images or more, got 50"):
        metrics.train_on_fakes(torch.zeros(50, 1, 28, 28), torch.zeros(50, dtype=torch.int64))


def test_nearest_train_finds_the_digit_itself_and_its_distance():
    train, _ = data.mnist("train")
    images = data.to_tanh_range(train[[7, 49_999]]).unsqueeze(1)
    images[1, 0, 0, 0] = 0.0  # one pixel, from black to middle grey: a distance of 1
    index, distance = metrics.nearest_train(images)
    assert index.tolist() == [7, 49_999]
    assert distance[0] == 0 and distance[1] == pytest.approx(1, abs=1e-6)


def test_train_on_fakes_learns_from_labels_that_are_right_alone(digits):
    images, labels = digits
    before = torch.get_rng_state()
    right = metrics.train_on_fakes(images, labels, epochs=2)
    wrong = metrics.train_on_fakes(images, (labels + 1) % 10, epochs=2)
    assert right > 0.6 and wrong < 0.15
    assert torch.equal(torch.get_rng_state(), before), (
        "the lesson's own random numbers are left alone"
    )


@pytest.mark.slow
@pytest.mark.parametrize("judge", judges.JUDGES)
@pytest.mark.parametrize("split", ["validation", "test"])
def test_the_shipped_floor_is_what_is_measured(judge, split):
    measured = metrics.measure_floor(metrics.FLOOR_COUNT, split, judge)
    assert metrics.floor(10_000, split, judge) == pytest.approx(measured, rel=1e-3)
