"""What the lessons measure of a set of fakes, in the eyes of the digit judge.

    metrics.score(images)                    distance, classes, precision and recall, and more
    metrics.score(images, labels)            and, digit by digit, obedience and variety
    metrics.nearest_train(images)            has the generator learned training digits by heart?
    metrics.train_on_fakes(images, labels)   are the fakes good enough to learn reading from?

The judge's features take the place of Inception's, so the distance is called `digit_fid` and never
FID: its numbers compare with each other and with their floor, not with published ones.
"""

import functools
import json
import warnings

import torch

from gan_helpers import data, judges, memory, neighbours, shipped

FLOORS = shipped.ASSETS / "floors.json"  # {judge: {reference: floor of FLOOR_COUNT digits}}
FLOOR_COUNT = 10_000
FLOOR_DRAWS = 5
FEW = 2_000  # of fewer images the distance's bias hides most differences between generators
FEW_PER_DIGIT = 100
PER_DIGIT = 1_000  # recall and coverage of one digit: at most this many against as many
TRAIN_CHUNK = 2_000  # training digits at a time: 6 MB of floats


class ScoreWarning(UserWarning):
    """A figure can be computed, but does not mean what it seems to."""


_warned = {}  # what has been said in this process, so that it is said once


def _warn(message):
    # Without the caller's file and line: a notebook's is a temporary path, new in every run.
    warnings.warn_explicit(message, ScoreWarning, "gan_helpers.metrics", 0, registry=_warned)


def score(images, labels=None, *, reference="validation", judge="judge"):
    """Measure fakes `images` [N, 1, 28, 28] in [-1, 1] against a split of MNIST. Returns a dict:

    digit_fid            Fréchet distance of the judge's features
    floor                that of N training digits, the mean of five draws
    histogram            share of each class as the judge reads the fakes, a list of ten
    class_kl             KL(histogram ‖ MNIST's own) in nats
    classes              how many classes have more than 1 %
    spread               how much fakes of one class differ: 0 all alike, 1 as real digits do
    precision, recall    Kynkäänniemi et al. 2019, k = 3
    density, coverage    Naeem et al. 2020, k = 5

    With `labels` int64 [N], the digit each image was meant to be, also accuracy and accuracy_worst
    (digit by digit, as the judge reads them), and the mean and worst over digits of recall_digit
    and coverage_digit.

    `reference` is "validation" for every choice, "test" for final figures; `judge` "second_judge"
    for those too. Raises ValueError for images or labels out of range or of the wrong shape. Warns
    (ScoreWarning) where the count distorts a figure: few images, another count than the
    reference's, digits with few images.
    """
    _check(images, labels)
    if len(images) <= neighbours.COVERAGE:
        raise ValueError(f"there must be more than {neighbours.COVERAGE} images, got {len(images)}")
    memory.give_back()  # what training has left scattered: here a lesson takes the most
    features, logits = judges.read(judges.load(judge), images)
    predicted = logits.argmax(1)
    real_features, real_labels, real_radii = _reference(reference, judge)
    lowest = floor(len(images), reference, judge)
    _warn_of_counts(len(images), len(real_features), lowest)

    histogram = predicted.bincount(minlength=10) / len(images)
    real_histogram = real_labels.bincount(minlength=10) / len(real_labels)
    variance = _within_class(features, predicted)
    real_variance = _within_class(real_features, real_labels)
    result = {
        "count": len(images),
        "digit_fid": frechet_distance(features, real_features),
        "floor": lowest,
        "histogram": histogram.tolist(),
        "class_kl": class_kl(histogram, real_histogram),
        "classes": int((histogram > 0.01).sum()),
        "spread": (variance / real_variance) ** 0.5,
    }
    result |= neighbours.scores(features, real_features, real_radii)
    if labels is not None:
        result |= _by_digit(features, predicted, labels, real_features, real_labels)
    return result


def _warn_of_counts(count, real_count, lowest):
    """Warn where the number of images distorts the figures; `lowest` is the floor of so many."""
    if count < FEW:
        _warn(
            f"{count} images are few: digit_fid is too high (compare it with its floor, "
            f"{lowest:.2f}); take {real_count:,} for a final figure"
        )
    elif count != real_count:
        _warn(
            f"{count:,} images against {real_count:,} digits: recall, density and coverage depend "
            "on the counts; compare only scores of one count"
        )


def class_kl(histogram, expected):
    """KL(histogram ‖ expected) in nats, two tensors of shares [10]; an empty class counts 0."""
    return torch.special.xlogy(histogram, histogram / expected).sum().item()


def _within_class(features, classes):
    """The mean squared distance of features [N, F] from the mean of their class."""
    parts = [features[classes == digit] for digit in classes.unique()]
    return sum((part - part.mean(0)).square().sum().item() for part in parts) / len(features)


def frechet_distance(a, b):
    """‖mean a - mean b‖² + tr(A + B - 2 (A B)^½) of features [N, F] and [M, F].

    A, B: their covariances. In float64; 0 for equal sets. Source: Heusel et al. 2017, equation 6.
    """
    mean_a, cov_a = _moments(a)
    mean_b, cov_b = _moments(b)
    values, vectors = torch.linalg.eigh(cov_a)
    root_a = vectors * values.clamp(min=0).sqrt() @ vectors.T
    # A^½ B A^½ has the eigenvalues of A B and is symmetric: rounding makes no complex numbers.
    cross = torch.linalg.eigvalsh(root_a @ cov_b @ root_a).clamp(min=0).sqrt().sum()
    distance = (mean_a - mean_b).square().sum() + cov_a.trace() + cov_b.trace() - 2 * cross
    return max(distance.item(), 0.0)


def _moments(features):
    """Mean [F] and covariance [F, F] of features [N, F], in float64."""
    return features.double().mean(0), features.double().T.cov()


@functools.cache
def floor(count, reference="validation", judge="judge"):
    """digit_fid of `count` training digits: as good as it gets. The mean of five draws.

    That of 10,000 ships with the judges: to measure it takes a lesson five seconds.
    """
    if count == FLOOR_COUNT:
        return json.loads(shipped.read_listed(FLOORS))[judge][reference]
    return measure_floor(count, reference, judge)


def measure_floor(count, reference, judge):
    """What `floor` returns, measured."""
    images, _ = data.mnist("train")
    real_features, _, _ = _reference(reference, judge)
    generator = torch.Generator().manual_seed(0)
    distances = []
    for _ in range(FLOOR_DRAWS):
        # From the judge's own training digits: the validation split is a reference itself.
        chosen = torch.randperm(judges.TRAINED_ON, generator=generator)[:count]
        features, _ = judges.read(judges.load(judge), images[chosen])
        distances.append(frechet_distance(features, real_features))
    return sum(distances) / FLOOR_DRAWS


@torch.no_grad()
def nearest_train(images):
    """The training digit nearest to each of `images` [N, 1, 28, 28] in [-1, 1].

    Nearest by the Euclidean distance of pixels. Returns (indices int64 [N] into
    `data.mnist("train")`, distances float [N]). A generator that has learned digits by heart has
    distances much smaller than those of digits it was never shown.
    """
    _check(images, None)
    pixels = images.flatten(1)  # [N, 784]
    digits, _ = data.mnist("train")
    smallest = torch.full((len(pixels),), float("inf"))
    index = torch.zeros(len(pixels), dtype=torch.int64)
    for start in range(0, len(digits), TRAIN_CHUNK):
        chunk = data.to_tanh_range(digits[start : start + TRAIN_CHUNK]).flatten(1)
        distances, nearest = torch.cdist(pixels, chunk).min(1)
        index = torch.where(distances < smallest, nearest + start, index)
        smallest = torch.minimum(distances, smallest)
    # cdist multiplies matrices, which rounds small distances coarsely: once more for the nearest.
    nearest_pixels = data.to_tanh_range(digits[index]).flatten(1)
    return index, (pixels - nearest_pixels).norm(dim=1)


def train_on_fakes(images, labels, *, epochs=3, seed=0):
    """Train a fresh judge's net on fakes with their labels; return its accuracy on the test split.

    `images` [N, 1, 28, 28] in [-1, 1], `labels` int64 [N]. Give it real digits too, for comparison.
    Source: the classification accuracy score of Ravuri and Vinyals 2019.
    """
    _check(images, labels)
    if len(images) < judges.BATCH_SIZE:
        raise ValueError(
            f"to learn from, there must be {judges.BATCH_SIZE} images or more, got {len(images)}"
        )
    pixels = data.from_tanh_range(images).squeeze(1)
    with torch.random.fork_rng():
        net = judges.train("judge", epochs=epochs, seed=seed, images=pixels, labels=labels)
    return judges.accuracy(net, "test")


def _check(images, labels):
    """Raise ValueError unless `images`, and `labels` where there are any, are as in `score`."""
    if images.ndim != 4 or images.shape[1:] != (1, 28, 28):
        raise ValueError(f"images must have shape [N, 1, 28, 28], got {list(images.shape)}")
    if not images.is_floating_point():
        raise ValueError(
            f"images must be float in [-1, 1], got {images.dtype}: "
            "pass them through data.to_tanh_range"
        )
    data.check_images(images)
    if labels is None:
        return
    if labels.dtype != torch.int64 or labels.shape != (len(images),):
        raise ValueError(
            f"labels must be int64 of shape [{len(images)}], one an image, "
            f"got {labels.dtype} {list(labels.shape)}"
        )
    lowest, highest = labels.aminmax()
    if lowest < 0 or highest > 9:
        raise ValueError(f"labels must lie in 0 … 9, got {lowest} … {highest}")


@functools.cache
def _reference(split, judge):
    """(features [10000, 64], labels [10000], radii) of a split, as the judge named sees it."""
    if split not in ("validation", "test"):
        raise ValueError(f'reference must be "validation" or "test", got {split!r}')
    images, labels = data.mnist(split)
    features, _ = judges.read(judges.load(judge), images)
    return features, labels, neighbours.radii(features)


def _by_digit(features, predicted, labels, real_features, real_labels):
    """What `score` measures digit by digit (dict): does each label get its digit, and its variety?

    Raises ValueError for a digit with a handful of images; warns of one with few.
    """
    accuracy = []
    recall = []
    coverage = []
    for digit in range(10):
        fake = features[labels == digit]
        real = real_features[real_labels == digit]
        if len(fake) <= neighbours.COVERAGE:
            raise ValueError(
                f"only {len(fake)} images are labelled {digit}: draw the labels from the data, or "
                "ten equal shares"
            )
        if len(fake) < FEW_PER_DIGIT:
            _warn(
                f"only {len(fake)} images are labelled {digit}: its figures are coarse, and the "
                "worst digit may be the rarest"
            )
        accuracy.append((predicted[labels == digit] == digit).float().mean().item())
        count = min(len(fake), len(real), PER_DIGIT)
        variety = neighbours.scores(fake[:count], real[:count])
        recall.append(variety["recall"])
        coverage.append(variety["coverage"])
    return {
        "accuracy": (predicted == labels).float().mean().item(),
        "accuracy_worst": min(accuracy),
        "accuracy_digit": accuracy,
        "recall_digit": sum(recall) / 10,
        "recall_digit_worst": min(recall),
        "coverage_digit": sum(coverage) / 10,
        "coverage_digit_worst": min(coverage),
    }
