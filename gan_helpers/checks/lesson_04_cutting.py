"""The check of lesson 04's fourth exercise: a black square in each picture."""

import torch

from gan_helpers.checks import check, is_tensor, mistakes, near, same_slopes, wrong_if


@check
def cut_out(answer):
    """answer(images, rows, columns, size): a black square in each picture, at its own place."""
    images = torch.rand(5, 1, 28, 28) * 1.8 - 0.9
    rows = torch.tensor([0, 5, 20, 11, 9])
    columns = torch.tensor([3, 17, 0, 22, 8])
    result = answer(images, rows, columns, 6)
    yield is_tensor(result)
    yield (
        result.shape == images.shape,
        f"it has shape {list(result.shape)}",
        "that of the pictures: [B, 1, 28, 28]",
    )
    yield from _known_mistakes(result, images, rows, columns)
    yield from _first_fault(result, images, rows, columns, 6)
    for count, size in ((4, 3), (1, 1), (5, 2)):
        part = images[:count], rows[:count], columns[:count], size
        result = answer(*part)
        yield (
            result.shape == part[0].shape,
            f"pictures {list(part[0].shape)} become {list(result.shape)}",
            "the shape stays, whatever the number of pictures",
        )
        for holds, reason, _ in _first_fault(result, *part):
            yield (
                holds,
                f"with size = {size}, {reason}",
                "use the argument `size`, and the number of pictures that comes",
            )
    asked = images.clone()
    asked[:, :, ::5] = 1  # as most pixels of digits are: at the ends of the range
    asked[:, :, 2::5] = -1
    asked.requires_grad_()
    result = answer(asked, rows, columns, 6)
    if result.requires_grad:
        (slope,) = torch.autograd.grad(result.sum(), asked)
        yield wrong_if(
            slope[_squares(images, rows, columns, 6)].any(),
            "a pixel that is cut out still gets a gradient",
            "its -1 depends on nothing: write it into a clone(), and not through .data",
        )
    yield from same_slopes(answer, _cut_out, asked, rows, columns, 6)


def _known_mistakes(result, images, rows, columns):
    """Lines about squares of 6 pixels that are wrong in a way that needs more than their place."""
    inside = _squares(images, rows, columns, 6)
    yield from mistakes(
        result,
        (images, "nothing is cut out", "return the pictures with the squares"),
        (
            images.masked_fill(inside, 0.0),
            "the squares are grey",
            "black is -1 here: the pictures lie in [-1, 1]",
        ),
        (
            images.masked_fill(~inside, -1.0),
            "all but the squares is black",
            "the mask is turned round",
        ),
        (
            _cut_out(images, columns, rows, 6),
            "rows and columns are swapped",
            "the first of the two last dimensions of a picture counts its rows",
        ),
        (
            _cut_out(images, rows, columns, 7),
            "the squares are a pixel too large",
            "from rows to rows + size, without the last",
        ),
        (
            _cut_out(images, rows[:1].expand(5), columns[:1].expand(5), 6),
            "all squares are at the place of the first",
            "a mask for each picture: [B, 1, 28, 28]",
        ),
        (
            images.masked_fill(inside.any(0, keepdim=True), -1.0),
            "each picture has the squares of all",
            "a mask for each picture: [B, 1, 28, 28]",
        ),
        (
            _cut_out(images, rows - 3, columns - 3, 6),
            "the squares lie around their places",
            "rows and columns are the upper left corner",
        ),
    )


def _first_fault(result, images, rows, columns, size):
    """The line about the first picture that is wrong, if there is one."""
    squares = _squares(images, rows, columns, size)
    right = images.masked_fill(squares, -1.0)
    for number, picture in enumerate(result.detach().float()):
        if not near(picture, right[number]):
            yield False, *_fault(number, images[number, 0], picture[0], squares[number, 0])
            return


def _fault(number, before, picture, square):
    """What is wrong with a picture [28, 28], and a hint; `square` is the mask of the right one."""
    changed = ~torch.isclose(picture, before, atol=1e-6)
    black = torch.isclose(picture, torch.tensor(-1.0), atol=1e-6)
    if not changed.any():
        return f"picture {number} is not cut", "each picture has a square of its own"
    bright = changed & ~black
    if (bright & ~square).any():
        was = before[bright & ~square][0]
        now = picture[bright & ~square][0]
        return (
            f"in picture {number} a pixel outside of the square is changed: "
            f"{was:.4g} becomes {now:.4g}",
            "only the pixels of the square change",
        )
    if (bright & square).any():
        now = picture[bright & square][0]
        return (
            f"in the square of picture {number} there is {now:.4g} and not -1",
            "black is -1, whatever stood there",
        )
    height, width = (len(of_black) for of_black in _sides(black))
    if height * width == black.sum() and (black.sum() > 1 or square.sum() == 1):
        return (
            f"in picture {number} {_extent(black)} are black, and not {_extent(square)}",
            "from rows[i] to rows[i] + size, without the last, and the same for columns",
        )
    if (black & ~square).any():
        place = tuple((black & ~square).nonzero()[0].tolist())
        return (
            f"in picture {number} pixels outside of the square are black, such as {place}",
            "a pixel is cut out where its row and its column both lie in the square",
        )
    return (
        f"in picture {number}, of the square's {square.sum()} pixels {black.sum()} became black",
        "all of them: each of its rows with each of its columns",
    )


def _sides(mask):
    """The rows and the columns, two ranges, from the first to the last that a mask touches."""
    places = mask.nonzero()
    first = places.min(0).values.tolist()
    last = places.max(0).values.tolist()
    return [range(low, high + 1) for low, high in zip(first, last, strict=True)]


def _extent(mask):
    """In words, the rows and columns that a mask touches."""
    texts = [
        f"{name} {side[0]}" if len(side) == 1 else f"{name}s {side[0]}–{side[-1]}"
        for name, side in zip(("row", "column"), _sides(mask), strict=True)
    ]
    return " and ".join(texts)


def _squares(images, rows, columns, size):
    at = torch.arange(images.shape[-1])
    in_rows = (at >= rows[:, None]) & (at < rows[:, None] + size)
    in_columns = (at >= columns[:, None]) & (at < columns[:, None] + size)
    return in_rows[:, None, :, None] & in_columns[:, None, None]


def _cut_out(images, rows, columns, size):
    return images.masked_fill(_squares(images, rows, columns, size), -1.0)
