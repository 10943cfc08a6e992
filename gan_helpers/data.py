"""MNIST as tensors: read straight from the four archives shipped in `assets/`, scaled to [-1, 1], in batches.

Lesson 01 derives the scaling. Source of the data: LeCun and Cortes, CC BY-SA 3.0 (see assets/MNIST/NOTICE.md).
"""

import functools
import hashlib
import tempfile
import zlib
from pathlib import Path

import torch

ASSETS = Path(__file__).parent / "assets"
RAW = ASSETS / "MNIST" / "raw"

# The published MD5s, the same that torchvision.datasets.MNIST checks.
MD5 = {
    "train-images-idx3-ubyte.gz": "f68b3c2dcbeaaa9fbdd348bbdeb94873",
    "train-labels-idx1-ubyte.gz": "d53e105ee54ea40749a09fcbcd1e9432",
    "t10k-images-idx3-ubyte.gz": "9fb629c4189551a2d022fa330f9573f3",
    "t10k-labels-idx1-ubyte.gz": "ec29112dd5afa0611ce80d1b7f02629c",
}

VALIDATION_SIZE = 10_000  # the last images of the training set


class DataError(RuntimeError):
    """An archive is missing or is not the published one."""


def mnist(split):
    """The digits of one split: `(images uint8 [N, 28, 28], labels int64 [N])`.

    `split` is "train" (all 60,000), "validation" (the last 10,000 of train: whoever makes a choice by it
    trains on `images[:50_000]` only) or "test" (10,000, for final figures).

    Raises DataError, with the file, both MD5s and the cure, where an archive is damaged or missing.
    """
    if split not in ("train", "validation", "test"):
        raise ValueError(f'split must be "train", "validation" or "test", got {split!r}')
    prefix = "t10k" if split == "test" else "train"
    images = _read_idx(f"{prefix}-images-idx3-ubyte.gz")
    labels = _read_idx(f"{prefix}-labels-idx1-ubyte.gz").long()
    if split == "validation":
        return images[-VALIDATION_SIZE:].clone(), labels[-VALIDATION_SIZE:]
    return images, labels


def to_tanh_range(images):
    """Scale pixels to [-1, 1], the range of tanh: x / 255, minus 0.5, divided by 0.5 (lesson 01).

    `images`: uint8 in 0 … 255, or float in [0, 1], of any shape. Returns torch's default dtype, so float32
    unless a program sets another, of that shape: bit for bit what torchvision's ToTensor and
    Normalize((0.5,), (0.5,)) give.
    """
    if images.dtype == torch.uint8:
        scaled = images.to(torch.get_default_dtype()).div_(255)
    elif images.is_floating_point():
        _check_range(images, 0.0, 1.0, cure="are they scaled already, or still 0 … 255 as float?")
        scaled = images.to(torch.get_default_dtype(), copy=True)
    else:
        raise TypeError(f"images must be uint8 in 0 … 255 or float in [0, 1], got {images.dtype}")
    return scaled.sub_(0.5).div_(0.5)


def from_tanh_range(images):
    """The inverse of `to_tanh_range`: float in [-1, 1], any shape, to uint8 in 0 … 255 (rounded)."""
    if not images.is_floating_point():
        raise TypeError(f"images must be float in [-1, 1], got {images.dtype}: they are not scaled")
    check_images(images)
    return images.detach().add(1).mul_(127.5).round_().to(torch.uint8)


def check_images(images):
    """Raise ValueError, with cause and cure, unless all pixels are numbers in [-1, 1]."""
    _check_range(images, -1.0, 1.0, cure="pass them through data.to_tanh_range")


def batches(images, labels, batch_size, *, generator=None, device="cpu"):
    """Shuffled batches for `training.fit`: `(images float32 [B, 1, 28, 28] in [-1, 1], labels int64 [B])`.

    `images` and `labels` are what `mnist` returns. They are kept on `device` as bytes (47 MB for 60,000 digits);
    a batch costs one indexing and its scaling. `generator` shuffles; left out, a new one takes the global seed.
    """
    return Batches(images, labels, batch_size, generator=generator, device=device)


class Batches:
    """One pass over shuffled data per `for` loop; its length is the steps of an epoch, the last may be short.

    A loop left early goes on where it stopped, also after `load_state_dict` in another process.
    """

    def __init__(self, images, labels, batch_size, *, generator, device):
        if images.dtype != torch.uint8 or images.ndim != 3:
            raise ValueError(
                f"images must be uint8 [N, H, W] as data.mnist returns them, "
                f"got {images.dtype} {list(images.shape)}"
            )
        if labels.shape != (len(images),):
            raise ValueError(
                f"labels must have shape [{len(images)}], one an image, got {list(labels.shape)}"
            )
        if not 1 <= batch_size <= len(images):
            raise ValueError(
                f"batch_size must lie in 1 … {len(images)} (the number of images), got {batch_size}"
            )
        self.images = images.unsqueeze(1).to(
            device
        )  # [N, 1, H, W], as bytes: a quarter of the memory
        self.labels = labels.to(device)
        self.batch_size = batch_size
        self.generator = generator or torch.Generator().manual_seed(torch.initial_seed())
        self.permutation = torch.empty(0, dtype=torch.int64)
        self.position = 0  # in the permutation: images given out so far

    def __len__(self):
        return -(-len(self.images) // self.batch_size)

    def __iter__(self):
        if self.position >= len(self.permutation):
            self.permutation = torch.randperm(len(self.images), generator=self.generator)
            self.position = 0
        while self.position < len(self.permutation):
            index = self.permutation[self.position : self.position + self.batch_size].to(
                self.images.device
            )
            self.position += self.batch_size  # before the yield: what is given out counts as used
            yield to_tanh_range(self.images.index_select(0, index)), self.labels[index]

    def state_dict(self):
        return {
            "generator": self.generator.get_state(),
            "permutation": self.permutation,
            "position": self.position,
            "batch_size": self.batch_size,
        }

    def load_state_dict(self, state):
        if len(state["permutation"]) not in (0, len(self.images)):
            raise ValueError(
                f"the state is of {len(state['permutation'])} images, "
                f"these batches have {len(self.images)}"
            )
        if state["batch_size"] != self.batch_size:
            raise ValueError(
                f"the state is of batches of {state['batch_size']}, these have {self.batch_size} images"
            )
        self.generator.set_state(state["generator"])
        self.permutation, self.position = state["permutation"], state["position"]


@functools.cache
def _torchvision_folder():
    folder = tempfile.TemporaryDirectory(
        prefix="adversarial-digits-"
    )  # removed when the process ends
    raw = Path(folder.name) / "MNIST" / "raw"
    raw.mkdir(parents=True)
    for name in MD5:
        (raw / name).write_bytes(_archive(RAW / name))
    return folder


def torchvision_root():
    """A folder (str) in which `torchvision.datasets.MNIST(root, download=True)` works offline.

    It is a temporary folder of this process with copies of the archives, which torchvision unpacks there:
    nothing is written into the installed package, and processes do not meet.
    """
    return _torchvision_folder().name


def ring_centres(clouds, radius=2.0):
    """The centres [clouds, 2] of as many clouds of points, evenly on a circle round the origin."""
    angles = torch.arange(clouds) * 2 * torch.pi / clouds
    return radius * torch.stack([angles.cos(), angles.sin()], 1)


_checked = set()  # archives whose MD5 has been looked at in this process


def _archive(path):
    """The bytes of an archive. Raises DataError unless it is the published one, which is checked once a process."""
    expected = MD5[path.name]
    cure = "reinstall the package, or restore the file with `git checkout -- gan_helpers/assets`"
    if not path.exists():
        raise DataError(f"{path} is missing (expected MD5 {expected}): {cure}")
    content = path.read_bytes()
    if path not in _checked:
        found = hashlib.md5(content, usedforsecurity=False).hexdigest()
        if found != expected:
            raise DataError(f"{path} is damaged: expected MD5 {expected}, found {found}: {cure}")
        _checked.add(path)
    return content


def _read_idx(name):
    """One archive as a uint8 tensor: four bytes of magic, the last the number of dimensions; their sizes; the data."""
    archive = _archive(RAW / name)
    size = int.from_bytes(archive[-4:], "little")  # of what is in it: gzip's last four bytes
    content, filled, unpack = bytearray(size), 0, zlib.decompressobj(wbits=31)  # 31: a gzip header
    # In pieces: so the digits are in memory once, not twice. The MD5 vouches for the length.
    for start in range(0, len(archive), 2**16):
        piece = unpack.decompress(archive[start : start + 2**16])
        content[filled : filled + len(piece)] = piece
        filled += len(piece)
    ndim = content[3]
    shape = [int.from_bytes(content[4 + 4 * i : 8 + 4 * i], "big") for i in range(ndim)]
    return torch.frombuffer(content, dtype=torch.uint8, offset=4 + 4 * ndim).reshape(shape)


def _check_range(images, low, high, *, cure):
    smallest, largest = torch.aminmax(images) if images.numel() else (low, high)
    if not (smallest >= low and largest <= high):  # written so that NaN fails too
        raise ValueError(
            f"images must lie in [{low:g}, {high:g}], "
            f"got [{float(smallest):g}, {float(largest):g}]: {cure}"
        )
