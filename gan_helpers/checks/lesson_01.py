"""Checks of lesson 01 · Data scaling to [-1, 1]."""

import torch

from gan_helpers.checks import check, is_tensor, near, without, wrong_if


@check
def to_tanh_range(answer):
    """answer(pixels uint8, any shape) -> float32 in [-1, 1] of that shape."""
    yield without(answer, "to_tanh_range")
    pixels = torch.tensor([[0, 51, 255], [204, 102, 153]], dtype=torch.uint8)
    images = answer(pixels)
    yield is_tensor(images)
    yield (
        images.shape == pixels.shape,
        f"shape {list(pixels.shape)} has become {list(images.shape)}",
        "keep the shape",
    )
    yield (
        images.is_floating_point(),
        f"it returns {images.dtype}",
        "turn bytes into floats before you compute",
    )
    yield (
        images.dtype == torch.float32,
        f"it returns {images.dtype}",
        "the nets compute with float32: use .float()",
    )
    low = images.min().item()
    high = images.max().item()
    yield wrong_if(
        (low, high) == (0, 1),
        "black is 0 and not -1",
        "that is the first of two steps: [0, 1] is not yet [-1, 1]",
    )
    yield (
        abs(low + 0.4242) > 1e-3,
        "black is -0.42",
        "mean and deviation are a classifier's scaling: use 0.5 and 0.5",
    )
    yield high < 2, f"white is {high:g}", "divide by 255 first"
    yield (
        (low, high) == (-1, 1),
        f"the range is [{low:g}, {high:g}]",
        "0 must become exactly -1, and 255 exactly 1",
    )
    right = torch.tensor([[-1, -0.6, 1], [0.6, -0.2, 0.2]])
    yield (
        torch.allclose(images, right, atol=1e-6),
        f"51, a fifth of white, has become {images[0, 1]:.3f}",
        "it should be -0.6; do you compute with bytes, which wrap around at 256?",
    )
    for greys, right in (([10, 60], [-0.9215686, -0.5294118]), ([1, 0], [-0.9921569, -1.0])):
        dim = torch.tensor(greys, dtype=torch.uint8).view(2, 1, 1)
        yield (
            near(answer(dim), torch.tensor(right).view(2, 1, 1), 1e-6),
            f"a batch of the grey levels {greys} is not scaled as it should be",
            "0 and 255 become -1 and 1, whatever the batch's darkest and brightest pixel",
        )


@check
def from_tanh_range(answer):
    """answer(images float in [-1, 1], any shape) -> uint8 in 0 … 255, rounded."""
    greys = torch.arange(256, dtype=torch.uint8).view(16, 16)
    images = greys.float() / 255 * 2 - 1
    yield without(answer, "from_tanh_range")
    pixels = answer(images)
    yield is_tensor(pixels)
    yield (
        pixels.shape == greys.shape,
        f"shape [16, 16] has become {list(pixels.shape)}",
        "keep the shape",
    )
    yield (
        pixels.dtype == torch.uint8,
        f"it returns {pixels.dtype}",
        "a picture file holds bytes: .to(torch.uint8)",
    )
    yield wrong_if(
        torch.equal(pixels, greys.T),
        "rows and columns are exchanged",
        "pixels stay where they are",
    )
    black = pixels[0, 0].item()
    white = pixels[15, 15].item()
    yield black == 0, f"black comes back as {black}", "add 1 before you multiply: -1 must become 0"
    yield (
        white == 255,
        f"white comes back as {white}",
        "the span from -1 to 1 is 2 long, and must become 255 long",
    )
    wrong = (pixels != greys).nonzero()
    if len(wrong):
        place = tuple(wrong[0])
        of_128 = ((images + 1) * 128).round().clamp(max=255)
        yield wrong_if(
            torch.equal(pixels, of_128.to(torch.uint8)),
            "it multiplies by 128",
            "the span from -1 to 1 becomes 255 long, so by 127.5",
        )
        yield (
            False,
            f"{len(wrong)} of 256 grey levels do not come back: {greys[place]} is {pixels[place]}",
            "turning a float into a byte cuts off: 6.9999 becomes 6. Round first",
        )
    for grey, right in ((100.6, 101), (100.4, 100), (0.3, 0), (254.7, 255)):
        level = answer(torch.tensor([-1 + 2 * grey / 255]))
        yield level.tolist() == [right], f"{grey} becomes {level.tolist()}", "the nearest level"


@check
def load_batch(answer):
    """answer(pixels uint8 [B, 28, 28]) -> float32 [B, 1, 28, 28] in [-1, 1], scaled once."""
    pixels = torch.zeros(2, 28, 28, dtype=torch.uint8)
    pixels[0, 3:9] = 255
    pixels[1, 5:7] = 51
    batch = answer(pixels)
    yield is_tensor(batch)
    yield (
        batch.shape == (2, 1, 28, 28),
        f"two pictures have become {list(batch.shape)}",
        "a net for pictures wants [B, 1, 28, 28]: keep unsqueeze(1)",
    )
    low = batch.min().item()
    high = batch.max().item()
    yield wrong_if(
        low == -3,
        "black is -3: the range is [-3, 1]",
        "the scaling is done twice. Which line is too many?",
    )
    yield wrong_if(
        low == 0,
        "black is 0: the range is [0, 1]",
        "now it is not scaled often enough. One of the two must stay",
    )
    yield (
        (low, high) == (-1, 1),
        f"the range is [{low:g}, {high:g}]",
        "black must be -1 and white 1",
    )
    grey = batch[1, 0, 5, 0].item()
    yield (
        abs(grey + 0.6) < 1e-6,
        f"grey level 51 has become {grey:g} and not -0.6",
        "clamping hides a wrong scaling: what was darker than middle grey is now black. "
        "Remove the cause",
    )
    for greys in ([[10, 60], [0, 30]], [[0, 1], [1, 1]]):
        dim = torch.tensor(greys, dtype=torch.uint8).repeat(5, 14, 14)
        right = (dim.float() / 255 - 0.5)[:, None] / 0.5
        yield (
            near(answer(dim), right, 1e-6),
            f"five pictures whose brightest pixel is {dim.max()} are not scaled as they should be",
            "255 is what is mapped to 1, whatever the batch's brightest pixel",
        )
    uneven = torch.arange(28 * 28).view(1, 28, 28) % 251
    yield (
        near(answer(uneven.to(torch.uint8)), (uneven.float() / 255 - 0.5)[:, None] / 0.5, 1e-6),
        "a single picture whose rows differ from its columns comes out otherwise",
        "the pixels stay where they are, in a batch of one, too",
    )


@check
def which_scaling(answer):
    """answer(images) -> "bytes", "[0, 1]", "[-1, 1]" or "mean and std"."""
    hints = {
        "bytes": "no other scaling goes beyond 2.83: look at the brightest pixel first",
        "[0, 1]": "no pixel is below 0, and none above 1",
        "[-1, 1]": "the darkest pixel is -1; the brightest need not be 1 in every batch",
        "mean and std": "the darkest pixel is -0.42: (0 - 0.1307) / 0.3081",
    }
    for brightest in (0.8, 0.12, 0.02):
        for name, images in _batches(brightest).items():
            yield from _name_of_scaling(answer(images), name, images, hints[name])


def _batches(brightest):
    """{scaling: batch [8, 1, 28, 28]}: the black pixel and the brightest are in the last images."""
    shares = torch.rand(8, 1, 28, 28) * 0.5 * brightest + 0.2 * brightest
    shares[6, 0, 11, 12] = 0.0
    shares[7, 0, 13, 9] = brightest
    return {
        "bytes": (shares * 255).round(),
        "[0, 1]": shares,
        "[-1, 1]": shares * 2 - 1,
        "mean and std": (shares - 0.1307) / 0.3081,
    }


def _name_of_scaling(name, right, images, hint):
    """Lines on one answer of the detective."""
    yield isinstance(name, str), f"it returns {name!r}", "return one of the four names"
    yield (
        name == right,
        f"a batch from {images.min():.3g} to {images.max():.3g} is {right!r}, and you say {name!r}",
        hint,
    )
