"""Precision, recall, density and coverage: in whose neighbourhood fakes and real digits lie."""

import torch

PRECISION = 3  # k of Kynkäänniemi et al. 2019
COVERAGE = 5  # k of Naeem et al. 2020
CHUNK = 50  # rows of a distance matrix at a time: 2 MB against 10,000


def scores(fake, real, real_radii=None):
    """precision, recall, density and coverage (dict) of features fake [N, F] against real [M, F].

    Around each point of a set lies a ball that reaches to its k-th neighbour in the set. Precision:
    the share of fakes in some real ball; recall: the share of real in some fake ball (k = 3 in
    both). Density: in how many real balls a fake lies, divided by k; coverage: the share of real
    balls with a fake in them (k = 5).

    `real_radii`: what `radii(real)` gives, where it is known already.
    """
    if real_radii is None:
        real_radii = radii(real)
    fake_radii = radii(fake)[PRECISION]
    precise = 0
    dense = 0
    covered = torch.zeros(len(real), dtype=torch.bool)
    recalled = torch.zeros(len(real), dtype=torch.bool)
    for rows, radius in zip(fake.split(CHUNK), fake_radii.split(CHUNK), strict=True):
        distances = torch.cdist(rows, real)  # [chunk, M]
        precise += (distances <= real_radii[PRECISION]).any(1).sum().item()
        in_balls = distances <= real_radii[COVERAGE]
        dense += in_balls.sum().item()
        covered |= in_balls.any(0)
        recalled |= (distances <= radius[:, None]).any(0)
    return {
        "precision": precise / len(fake),
        "recall": recalled.sum().item() / len(real),
        "density": dense / COVERAGE / len(fake),
        "coverage": covered.sum().item() / len(real),
    }


def radii(points):
    """The distance of each point [N, F] to its k-th neighbour, for both k: dict of k to [N]."""
    count = COVERAGE + 1  # the nearest point of all is the point itself
    # The result's place is made before the loop: small results kept between the large matrices
    # would scatter these over hundreds of megabytes.
    nearest = points.new_empty(len(points), count)
    for rows, result in zip(points.split(CHUNK), nearest.split(CHUNK), strict=True):
        result.copy_(torch.cdist(rows, points).topk(count, largest=False).values)
    return {k: nearest[:, k] for k in (PRECISION, COVERAGE)}
