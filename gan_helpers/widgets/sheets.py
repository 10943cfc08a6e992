"""Sheets of digits as PNG bytes, drawn with NumPy and Pillow: quick enough to follow a slider."""

import functools
import io
from pathlib import Path

import matplotlib
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image, ImageDraw, ImageFont

from gan_helpers import data

GAP, CAPTION = 2, 14  # pixels: between two pictures, and for the line of text under each
GREY = 40  # of the gaps: black would hide where a picture ends


def sheet(images, columns, *, scale=1, captions=None):
    """Images float [N, 1, H, W] in [-1, 1], `columns` a row, each pixel `scale` pixels wide: a grey Pillow image.

    `captions`: N short texts, one under each picture.
    """
    pixels = (
        data.from_tanh_range(images).squeeze(1).cpu().numpy().repeat(scale, 1).repeat(scale, 2)
    )  # [N, h, w]
    count, height, width = pixels.shape
    rows = -(-count // columns)
    cell_height, cell_width = height + GAP + (CAPTION if captions else 0), width + GAP
    cells = np.full((rows * columns, cell_height, cell_width), GREY, np.uint8)
    cells[:count, :height, :width] = pixels
    whole = cells.reshape(rows, columns, cell_height, cell_width).swapaxes(1, 2)
    image = Image.fromarray(whole.reshape(rows * cell_height, columns * cell_width))
    draw = ImageDraw.Draw(image)
    for place, text in enumerate(captions or []):
        row, column = divmod(place, columns)
        draw.text(
            (column * cell_width + width // 2, row * cell_height + height + CAPTION // 2),
            text,
            fill=255,
            font=_font(),
            anchor="mm",
        )
    return image


def drawn(figure):
    """A matplotlib Figure as a Pillow image, of the size that its figsize and dpi give."""
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    return Image.fromarray(np.asarray(canvas.buffer_rgba())).convert("RGB")


def figure(images):
    """Pillow images below each other as a matplotlib Figure, pixel by pixel at 80 dpi."""
    width, height = max(image.width for image in images), sum(image.height for image in images)
    whole, top = Image.new("RGB", (width, height), "white"), 0
    for image in images:
        whole.paste(image, (0, top))
        top += image.height
    made = Figure(figsize=(width / 80, height / 80), dpi=80)
    made.figimage(np.asarray(whole))
    return made


def png(image):
    """A Pillow image as the bytes of a PNG file."""
    file = io.BytesIO()
    image.save(
        file, format="PNG", compress_level=1
    )  # the browser is near: quick counts for more than small
    return file.getvalue()


@functools.cache
def _font():
    return ImageFont.truetype(
        str(Path(matplotlib.get_data_path(), "fonts", "ttf", "DejaVuSans.ttf")), 11
    )
