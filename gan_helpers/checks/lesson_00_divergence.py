"""Check of lesson 00, exercise 3: the Jensen-Shannon divergence of two histograms."""

import math

import torch

from gan_helpers.checks import check, is_number, mistakes, near, two_numbers


def _kl(p, q):
    return (p * (p / q).log()).sum()


def _js(p, q):
    m = (p + q) / 2
    return (_kl(p, m) + _kl(q, m)) / 2


def _js_of_counts(real, fake):
    p = real / real.sum()
    q = fake / fake.sum()
    m = (p + q) / 2
    terms = torch.xlogy(p, p) + torch.xlogy(q, q) - 2 * torch.xlogy(m, m)
    return terms.sum() / 2


def _of_wrong_shares(real, fake):
    """Rows for mistakes(): what goes wrong on the way from counts to shares."""
    by_sum = "each histogram is divided by its own sum"
    yield _js(real, fake), "the counts are not divided by their sums", f"shares first: {by_sum}"
    yield _js(real / real.sum(), fake / real.sum()), "the shares q do not sum to 1", by_sum
    yield _js(real / fake.sum(), fake / fake.sum()), "the shares p do not sum to 1", by_sum
    yield (
        _js(real / real.numel(), fake / fake.numel()),
        "the counts are divided by the number of cells",
        f"{by_sum}, so that its shares sum to 1",
    )
    for dimension, name in enumerate(("column", "row")):
        yield (
            _js(*(counts / counts.sum(dimension, keepdim=True) for counts in (real, fake))),
            f"each {name} is divided by its own sum",
            ".sum() of all cells, so that all shares together are 1",
        )
    yield (
        _js(*((counts + 1) / (counts + 1).sum() for counts in (real, fake))),
        "1 is added to every count",
        "nothing is added: an empty cell has the share 0, and torch.xlogy(0, 0) is 0",
    )
    yield (
        _js(*(counts.flatten().softmax(0) for counts in (real, fake))),
        "the shares are a softmax of the counts",
        "a share is a count divided by their sum",
    )


def _of_wrong_sums(p, q, m_of_counts):
    """Rows for mistakes(): what goes wrong from the shares to the divergence."""
    m = (p + q) / 2
    right = _js(p, q)
    swapped = torch.xlogy(p, p) - torch.xlogy(m, p) + torch.xlogy(q, q) - torch.xlogy(m, q)
    with_mean = "compare p and q with their mean m, each on its own"
    two_halves = "half of each of the two sums"
    yield _kl(p, q), "it is KL(p ‖ q)", with_mean
    yield _kl(q, p), "it is KL(q ‖ p)", with_mean
    yield (_kl(p, q) + _kl(q, p)) / 2, "p and q are compared with each other", with_mean
    yield _kl(p, q) + _kl(q, p), "p and q are compared with each other", with_mean
    yield 2 * right, "it is twice too large", two_halves
    yield _kl(p, m) / 2 + _kl(q, m), "only the first sum is halved", two_halves
    yield _kl(p, m) + _kl(q, m) / 2, "only the second sum is halved", two_halves
    yield right / math.log(2), "it is in bits", "the natural logarithm: torch.log, not log2"
    yield -right, "the sign is wrong", "p log(p / m), not p log(m / p)"
    yield _kl(p, m) / 2, "the fakes' half is left out", "a second sum, of q log(q / m)"
    yield (
        _kl(p, m),
        "it is the sum of p log(p / m) alone",
        "half of it, and half of the sum of q log(q / m)",
    )
    yield (_kl(p, p + q) + _kl(q, p + q)) / 2, "m is p + q", "the mean: half of p + q"
    yield (
        (_kl(p, m_of_counts) + _kl(q, m_of_counts)) / 2,
        "m comes from the counts of both together",
        "it is the mean of the shares, (p + q) / 2",
    )
    yield (
        right / p.numel(),
        f"it is a mean over the {p.numel()} cells",
        'the sum over the cells; F.kl_div sums with reduction="sum"',
    )
    yield (
        right / len(p),
        f"it is divided by {len(p)}, the length of the first dimension",
        'the sum over all cells; F.kl_div sums with reduction="sum"',
    )
    yield right.sqrt(), "it is the root of the divergence", "no root"
    yield swapped.sum() / 2, "it is p log p - m log p", "the weight comes first: xlogy(p, m)"
    yield (
        (p - q).abs().sum() / 2,
        "it is half the sum of |p - q|",
        "the sums of section 6 have logarithms: p log(p / m)",
    )


@check
def jensen_shannon(answer):
    """answer(real_counts, fake_counts) -> the Jensen-Shannon divergence of the shares, in nats."""
    real = torch.tensor([[6.0, 2.0, 1.0], [1.0, 1.0, 2.0]])
    fake = torch.tensor([[1.0, 1.0, 2.0], [2.0, 1.0, 1.0]])
    p = real / real.sum()
    q = fake / fake.sum()
    divergence = answer(real, fake)
    yield from is_number(divergence, "one number: the sum over all cells")
    yield from mistakes(divergence, *_of_wrong_shares(real, fake))
    yield from mistakes(
        divergence, *_of_wrong_sums(p, q, (real + fake) / (real.sum() + fake.sum()))
    )
    yield (
        near(divergence, _js(p, q)),
        f"you get {two_numbers(divergence, _js(p, q))}",
        "the sum of p log(p / m), then that of q log(q / m), half of each, and nothing is rounded",
    )
    apart = answer(torch.tensor([4.0, 0.0, 0.0]), torch.tensor([0.0, 1.0, 0.0]))
    yield (
        bool(torch.isfinite(apart)),
        "with an empty cell it is no number",
        "torch.xlogy(p, p) - torch.xlogy(p, m)",
    )
    yield (
        near(apart, math.log(2)),
        f"two heaps with nothing in common give {two_numbers(apart, math.log(2))}",
        "it must be log 2: no cell is left out, and nothing is added to a share or to a logarithm",
    )
    long = answer(torch.arange(1, 8), torch.tensor([5, 0, 0, 1, 2, 0, 90]))
    right = _js_of_counts(torch.arange(1, 8), torch.tensor([5, 0, 0, 1, 2, 0, 90]))
    yield (
        near(long, right, 1e-6),
        f"seven cells give {two_numbers(long, right)}",
        "counts of any shape, whole numbers too",
    )
    alike = answer(torch.tensor([3.0, 0.0, 9.0]), torch.tensor([1.0, 0.0, 3.0]))
    yield (
        near(alike, 0.0, 1e-6),
        f"equal shares give {two_numbers(alike, 0)}",
        "the counts' sums may differ",
    )
