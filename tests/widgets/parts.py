"""What the tests of the widgets share: a short run, a step that counts, and looks into a box."""

import io

import numpy as np
import torch
from PIL import Image

from gan_helpers import training, widgets

BATCHES = [(torch.zeros(2, 1, 28, 28), torch.zeros(2, dtype=torch.int64))] * 3


class Step:
    """A step that counts; from `fails_at` on it raises."""

    def __init__(self, fails_at=None):
        self.count = 0
        self.fails_at = fails_at

    def __call__(self, images, labels):
        self.count += 1
        if self.count == self.fails_at:
            raise ValueError("1 < 2 & broken")
        return {"d_loss": 1.5, "g_loss": 0.25, "score_real": 0.5, "score_fake": -0.5}


def nine_pictures():
    return torch.zeros(9, 1, 28, 28)


def train_panel(step, *, history=None, samples=nine_pictures, optimisers=None, d_step=None):
    history = history or training.History()
    optimisers = optimisers or {}
    return widgets.train_panel(
        step, BATCHES, history=history, samples=samples, optimisers=optimisers, d_step=d_step
    )


def history_of(steps=40, every=10):
    """A History whose snapshots get brighter: four even pictures each."""
    history = training.History()
    for _ in range(steps):
        history.step += 1
        history.record(
            {"d_loss": 1.0 / history.step, "g_loss": 0.5, "score_real": 0.1, "score_fake": -0.1}
        )
        if history.step % every == 0:
            shade = history.step / steps * 2 - 1
            history.snapshots[history.step] = torch.full((4, 1, 28, 28), shade)
    return history


def pixels(image):
    """An Image widget's picture as grey levels [H, W]."""
    return np.asarray(Image.open(io.BytesIO(bytes(image.value))).convert("L"))


def inside(box):
    """All widgets in a box, at any depth."""
    for child in box.children:
        yield child
        if hasattr(child, "children"):
            yield from inside(child)
