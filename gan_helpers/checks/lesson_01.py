"""Checks of lesson 01 · Data scaling to [-1, 1]."""

import torch

from gan_helpers.checks import check, is_tensor, wrong_if


@check
def to_tanh_range(answer):
    """answer(pixels uint8, any shape) -> float32 in [-1, 1] of that shape."""
    pixels = torch.tensor([[0, 51, 255], [204, 102, 153]], dtype=torch.uint8)
    before = pixels.clone()
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
    yield (
        torch.equal(pixels, before),
        "it has changed the pixels it was given",
        "do not work in place on an argument",
    )


@check
def from_tanh_range(answer):
    """answer(images float in [-1, 1], any shape) -> uint8 in 0 … 255, rounded."""
    greys = torch.arange(256, dtype=torch.uint8).view(16, 16)
    images = greys.float() / 255 * 2 - 1
    before = images.clone()
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
    black = pixels[0, 0].item()
    white = pixels[15, 15].item()
    yield black == 0, f"black comes back as {black}", "add 1 before you multiply: -1 must become 0"
    yield (
        white == 255,
        f"white comes back as {white}",
        "the span from -1 to 1 is 2 long, and must become 255 long",
    )
    wrong_greys = greys[pixels != greys].tolist()
    first_wrong = wrong_greys[0] if wrong_greys else None
    yield wrong_if(
        wrong_greys,
        f"{len(wrong_greys)} of 256 grey levels do not come back, {first_wrong} among them",
        "turning a float into a byte cuts off: 6.9999 becomes 6. Round first",
    )
    level = answer(torch.tensor([-1 + 2 * 100.6 / 255]))
    yield level.item() == 101, f"100.6 becomes {level.item()}", "round to the nearest level"
    yield (
        torch.equal(images, before),
        "it has changed the images it was given",
        "do not work in place on an argument",
    )


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


@check
def which_scaling(answer):
    """answer(images) -> "bytes", "[0, 1]", "[-1, 1]" or "mean and std"."""
    dim = torch.rand(8, 1, 28, 28) * 0.8  # no white pixel in the batch
    dim[:, :, :4] = 0  # but black ones
    cases = [
        (
            "bytes",
            (dim * 255).round(),
            "2.82 is one thing, 200 another: look at the largest pixel first",
        ),
        ("[0, 1]", dim, "no pixel is below 0"),
        (
            "[-1, 1]",
            dim * 2 - 1,
            "the darkest pixel is -1; the brightest need not be 1 in every batch",
        ),
        (
            "mean and std",
            (dim - 0.1307) / 0.3081,
            "the darkest pixel is -0.42: (0 - 0.1307) / 0.3081",
        ),
    ]
    for right, images, hint in cases:
        name = answer(images)
        yield isinstance(name, str), f"it returns {name!r}", "return one of the four names"
        yield (
            name == right,
            f"a batch from {images.min():.2f} to {images.max():.2f} is {right!r}, "
            f"and you say {name!r}",
            hint,
        )
