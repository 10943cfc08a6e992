"""Checks of lesson 02 · Classic GAN; those of exercises 1 and 3 are in lesson_02_steps."""

import copy

import torch

from gan_helpers.checks import check, is_tensor, mistakes, near, same_slopes, wrong_if
from gan_helpers.checks.lesson_02_steps import algorithm_1, discriminator_update, tiny_nets

__all__ = ["algorithm_1", "discriminator_update", "draw", "squared_error"]


def _refuses(answer, *arguments):
    try:
        answer(*arguments)
    except Exception:
        return True
    return False


@check
def squared_error(answer):
    """answer(scores [B] or [B, 1], targets [B]) -> mean over the batch of (score - target)²."""
    scores = torch.tensor([3.0, 1.0, 6.0])
    targets = torch.tensor([2.0, 1.0, 2.0])
    over_pairs = ((scores[:, None] - targets) ** 2).mean().item()
    of_column = answer(scores[:, None], targets)
    of_flat = answer(scores, targets)
    yield is_tensor(of_column)
    yield (
        of_column.numel() == 1,
        f"it returns shape {list(of_column.shape)}",
        "one number: the mean over the batch",
    )
    error = of_column.item()
    yield (
        abs(error - over_pairs) > 1e-4,
        f"for [3, 1] and [3] you get {error:.3f}, a mean over nine pairs",
        "[3, 1] and [3] broadcast to [3, 3]. Bring both to one shape first",
    )
    yield abs(error - 17) > 1e-4, "it is the sum", "the mean does not grow with the batch"
    yield abs(error - 17 / 3) < 1e-4, f"you get {error:.3f}, not 17/3", "(1² + 0² + 4²) / 3"
    yield near(of_column, of_flat), "[B] and [B, 1] give different results", "both must work"
    for given in (scores, scores[:, None]):
        yield from same_slopes(answer, _squared_error, given, targets - 0.3, constant=(1,))
    for pair in ((scores, scores.flip(0)), (scores + 10_000, targets + 10_000)):
        yield from same_slopes(answer, _squared_error, *pair, constant=(1,))
    yield (
        answer(torch.ones(1, 1), torch.ones(1)).item() == 0,
        "a batch of one goes wrong",
        "it is a batch too",
    )
    for shape, count in (((3,), 2), ((1,), 3), ((3,), 1), ((3, 2), 3), ((1, 1), 3), ((4, 1), 2)):
        yield (
            _refuses(answer, torch.zeros(shape), torch.zeros(count)),
            f"it takes scores of shape {list(shape)} and {count} targets",
            "numbers that do not match must be an error: reshape the scores to the targets' shape, "
            "do not stretch",
        )


def _squared_error(scores, targets):
    return (scores.reshape(targets.shape) - targets).square().mean()


@check
def draw(answer):
    """answer(G, z) -> pictures in eval mode and without a graph; G's mode is as before."""
    G, _ = tiny_nets()
    G(torch.randn(64, 3) * 2 + 1)  # running statistics unlike those of a batch
    z = torch.randn(25, 3)
    for was_training in (True, False):
        G.train(was_training)
        with torch.no_grad():
            right = copy.deepcopy(G).eval()(z)
            of_batch = copy.deepcopy(G).train()(z)
        pictures = answer(G, z)
        yield is_tensor(pictures)
        yield from mistakes(
            pictures,
            (
                of_batch,
                "a picture depends on what else is in its batch",
                "in train mode BatchNorm takes mean and deviation from the batch: G.eval() first",
            ),
            ((right + 1) / 2, "the pictures are scaled to [0, 1]", "G(z) as it is, in [-1, 1]"),
            (right.clamp(min=0), "the pictures are cut off at 0", "G(z) as it is, in [-1, 1]"),
        )
        yield (
            near(pictures, right),
            "these are not the pictures that G makes of z in eval mode",
            "G.eval() comes before G sees anything, and z goes in as it is",
        )
        yield wrong_if(
            pictures.requires_grad,
            "the pictures carry a graph with them",
            "wrap the call in torch.no_grad()",
        )
    one = torch.randn(1, 3)
    with torch.no_grad():
        right = copy.deepcopy(G).eval()(one)
    yield near(answer(G.train(), one), right), "a single picture comes out otherwise", "G.eval()"
