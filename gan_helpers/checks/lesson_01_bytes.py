"""Check of lesson 01, exercise 2: from [-1, 1] back to bytes."""

import torch

from gan_helpers.checks import check, is_tensor, mistakes, without, wrong_if


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
    yield from _known_mistakes(images, greys, pixels)
    yield from _levels(greys, pixels)
    dim = torch.tensor([10, 60], dtype=torch.uint8)
    pixels = answer(dim.float() / 255 * 2 - 1)
    yield (
        torch.equal(pixels, dim),
        f"a batch of the grey levels [10, 60] comes back as {pixels.tolist()}",
        "-1 and 1 become 0 and 255, whatever the batch's darkest and brightest pixel",
    )
    for grey, right in ((100.6, 101), (100.4, 100), (0.3, 0), (254.7, 255)):
        level = answer(torch.tensor([-1 + 2 * grey / 255]))
        yield (
            level.shape == (1,),
            f"shape [1] has become {list(level.shape)}",
            "keep the shape: no squeeze()",
        )
        yield (
            level.item() == right,
            f"{grey} becomes {level.item()} and not {right}",
            "the nearest level",
        )


def _known_mistakes(images, greys, pixels):
    """Lines on mistakes that are known by all 256 levels that they lead to."""
    without_white = greys.clone()
    without_white[15, 15] = 0
    times_128 = ((images + 1) * 128).round()
    yield from mistakes(
        pixels,
        (greys.T, "rows and columns are exchanged", "pixels stay where they are"),
        (255 - greys, "black and white are exchanged", "images + 1, and not 1 - images"),
        (
            greys.clamp(1, 254),
            "black comes back as 1, and white as 254",
            "0 and 255 are levels as well: no clamp between them",
        ),
        (
            without_white,
            "white alone is wrong, and comes back as 0",
            "255 is a level as well: no remainder of 255",
        ),
        (
            times_128.to(torch.uint8),
            "it multiplies by 128, and white wraps around to 0",
            "the span from -1 to 1 becomes 255 long, so by 127.5",
        ),
        (
            times_128.clamp(max=255).to(torch.uint8),
            "it multiplies by 128",
            "the span from -1 to 1 becomes 255 long, so by 127.5",
        ),
        (
            ((images.tanh() + 1) * 127.5).round().to(torch.uint8),
            "-1 comes back as 30, and 1 as 225",
            "the images have been through tanh already: not once more",
        ),
        (
            ((images.bfloat16() + 1) * 127.5).round().to(torch.uint8),
            "16 of 256 grey levels do not come back: 65 is 64",
            "bfloat16 has too few digits for 256 levels: stay with float32",
        ),
        comparison=torch.equal,
    )


def _levels(greys, pixels):
    """Lines on how far the levels 0 … 255 have come back; of one shape and type."""
    black = pixels[0, 0].item()
    white = pixels[15, 15].item()
    yield wrong_if(
        not pixels[:8].any(),
        f"grey level 127 comes back as 0, and white as {white}",
        "-1 must become 0, and not all that is below 0: add 1 before you multiply",
    )
    yield (
        black == 0,
        f"black comes back as {black}",
        "add 1 before you multiply, in brackets: -1 must become 0",
    )
    yield (
        white == 255,
        f"white comes back as {white}",
        "the span from -1 to 1 is 2 long, and must become 255 long",
    )
    wrong = pixels != greys
    steps = (pixels.int() - greys.int())[wrong]
    if not len(steps):
        return
    example = f"{greys[wrong][0]} is {pixels[wrong][0]}"
    yield wrong_if(
        (steps == -1).all(),
        f"{len(steps)} of 256 grey levels come back 1 too low: {example}",
        "turning a float into a byte cuts off: 6.9999 becomes 6. Round first",
    )
    yield wrong_if(
        (steps == 1).all(),
        f"{len(steps)} of 256 grey levels come back 1 too high: {example}",
        "+ 0.5 or .round(), and not both",
    )
    count = len(pixels.unique())
    yield (
        count > 200,
        f"only {count} of 256 grey levels are left",
        "multiply first, then round, and turn into bytes last",
    )
    yield (
        False,
        f"{len(steps)} of 256 grey levels do not come back: {example}",
        "round once, at the end; and stay with float32, since half precision has too few digits",
    )
