"""MNIST as tensors: read from the four archives in `assets/`, scaled to [-1, 1], in batches.

Lesson 01 derives the scaling. Source of the data: LeCun and Cortes, CC BY-SA 3.0 (see
assets/MNIST/NOTICE.md).
"""

import functools
import math
import tempfile
import zlib
from pathlib import Path

import torch

from gan_helpers import shipped

RAW = shipped.ASSETS / "MNIST" / "raw"

# The published MD5s, the same that torchvision.datasets.MNIST checks.
MD5 = {
    "train-images-idx3-ubyte.gz": "f68b3c2dcbeaaa9fbdd348bbdeb94873",
    "train-labels-idx1-ubyte.gz": "d53e105ee54ea40749a09fcbcd1e9432",
    "t10k-images-idx3-ubyte.gz": "9fb629c4189551a2d022fa330f9573f3",
    "t10k-labels-idx1-ubyte.gz": "ec29112dd5afa0611ce80d1b7f02629c",
}

VALIDATION_SIZE = 10_000  # the last images of the training set
SPLITS = {  # the part of its archive that a split is
    "train": slice(None, -VALIDATION_SIZE),
    "validation": slice(-VALIDATION_SIZE, None),
    "all": slice(None),
    "test": slice(None),
}
GZIP = 31  # zlib's wbits for an archive with a gzip header
PIECE = 2**16  # bytes of an archive that are unpacked at a time

DataError = shipped.DataError  # what `mnist` raises

_kept = {}  # {path of an archive: what it holds}: 47 MB for the training digits


def mnist(split):
    """The digits of one split: `(images uint8 [N, 28, 28], labels int64 [N])`.

    `split` is "train" (the first 50,000 of MNIST's training digits), "validation" (the last 10,000
    of them, to choose by), "all" (these 60,000) or "test" (10,000, for final figures). Who trains
    on "all" and measures against "validation" measures against digits that were seen in training.

    The images are in memory once a process, however often they are asked for. Who changes them in
    place changes no others than those that were given out: the next call reads the archive anew.

    Raises DataError, with the file, the MD5s and the cure, where an archive is damaged or missing,
    or cannot be read.
    """
    if split not in SPLITS:
        raise ValueError(f'split must be "train", "validation", "all" or "test", got {split!r}')
    prefix = "t10k" if split == "test" else "train"
    images = _read_idx(f"{prefix}-images-idx3-ubyte.gz")
    labels = _read_idx(f"{prefix}-labels-idx1-ubyte.gz").long()
    return images[SPLITS[split]], labels[SPLITS[split]]


def to_tanh_range(images):
    """Scale pixels to [-1, 1], the range of tanh: x / 255, minus 0.5, divided by 0.5 (lesson 01).

    `images`: uint8 in 0 … 255, or float in [0, 1], of any shape. Returns that shape in torch's
    default dtype, which is float32 unless a program sets another: bit for bit what torchvision's
    ToTensor and Normalize((0.5,), (0.5,)) give.
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
    """The inverse of `to_tanh_range`: float in [-1, 1], any shape, to uint8, rounded."""
    if not images.is_floating_point():
        raise TypeError(f"images must be float in [-1, 1], got {images.dtype}: they are not scaled")
    check_images(images)
    return images.detach().add(1).mul_(127.5).round_().to(torch.uint8)


def check_images(images):
    """Raise ValueError, with cause and cure, unless all pixels are numbers in [-1, 1]."""
    _check_range(images, -1.0, 1.0, cure="pass them through data.to_tanh_range")


class batches:  # lower case, since lessons call it as they would a function
    """Shuffled batches: `(images float32 [B, 1, 28, 28] in [-1, 1], labels int64 [B])`.

    `images` and `labels` are what `mnist` returns. They are kept as bytes (47 MB for 60,000
    digits), so a batch costs one indexing and its scaling. `generator` shuffles; left out, a new
    one takes the global seed. Raises ValueError for another dtype or shape, for a size of batch
    that the data do not have, and for one that leaves a single image to the last batch.

    Each `for` loop is one pass over the data, and `len` is its number of batches, of which the last
    may be short. A loop that was left early goes on where it stopped, also in another process after
    `load_state_dict`.
    """

    def __init__(self, images, labels, batch_size, *, generator=None):
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
        if len(images) % batch_size == 1:
            # An error of BatchNorm would come at the end of the first pass, maybe after an hour.
            raise ValueError(
                f"{len(images)} images in batches of {batch_size} leave a single one to the last "
                "batch, and BatchNorm cannot train on one: change batch_size, or leave an image "
                "out, images[:-1] and labels[:-1]"
            )
        self.images = images.unsqueeze(1)  # [N, 1, H, W], as bytes: a quarter of the memory
        self.labels = labels
        self.batch_size = batch_size
        self.generator = generator or torch.Generator().manual_seed(torch.initial_seed())
        self.permutation = torch.empty(0, dtype=torch.int64)
        self.position = 0  # in the permutation: images given out so far

    def __len__(self):
        return math.ceil(len(self.images) / self.batch_size)

    def __iter__(self):
        if self.position >= len(self.permutation):
            self.permutation = torch.randperm(len(self.images), generator=self.generator)
            self.position = 0
        while self.position < len(self.permutation):
            end = self.position + self.batch_size
            index = self.permutation[self.position : end]
            self.position = end  # before the yield: what is given out counts as used
            yield to_tanh_range(self.images.index_select(0, index)), self.labels[index]

    def state_dict(self):
        return {
            "generator": self.generator.get_state(),
            "permutation": self.permutation,
            "position": self.position,
            "batch_size": self.batch_size,
        }

    def load_state_dict(self, state):
        """Go on where the batches that gave this `state_dict` stopped.

        Raises ValueError where they had another number of images or another size.
        """
        count = len(state["permutation"])  # 0 before the first pass
        if count not in (0, len(self.images)):
            raise ValueError(
                f"the state is of {count} images, these batches have {len(self.images)}: "
                "make them of the same data"
            )
        if state["batch_size"] != self.batch_size:
            raise ValueError(
                f"the state is of batches of {state['batch_size']}, these have {self.batch_size} "
                "images: make them of the same size"
            )
        self.generator.set_state(state["generator"])
        self.permutation = state["permutation"]
        self.position = state["position"]


def torchvision_root():
    """A folder (str) in which `torchvision.datasets.MNIST(root, download=True)` works offline.

    It is a temporary folder of this process with copies of the archives, which torchvision unpacks
    there: nothing is written into the installed package, and processes do not meet.
    """
    return _torchvision_folder().name


@functools.cache
def _torchvision_folder():
    """The TemporaryDirectory with the archives; it is removed when the process ends."""
    folder = tempfile.TemporaryDirectory(prefix="adversarial-digits-")
    raw = Path(folder.name) / "MNIST" / "raw"
    raw.mkdir(parents=True)
    for name in MD5:
        (raw / name).write_bytes(_archive(name))
    return folder


def ring_centres(clouds, radius=2.0):
    """The centres [clouds, 2] of as many clouds of points, evenly on a circle round the origin."""
    angles = torch.arange(clouds) * 2 * torch.pi / clouds
    return radius * torch.stack([angles.cos(), angles.sin()], 1)


def _archive(name):
    """The bytes of an archive. Raises DataError unless it is the published one."""
    return shipped.read(RAW / name, "MD5", MD5[name])


def _read_idx(name):
    """One archive as a uint8 tensor; it is unpacked once a process."""
    path = RAW / name
    kept = _kept.get(path)
    if kept is None or kept._version > 0:  # torch counts there how often it was changed in place
        kept = _kept[path] = _parse_idx(_unpack(_archive(name)))
    return kept[:]


@torch.inference_mode(False)  # what is made in inference mode has no count of its changes
def _parse_idx(content):
    """The content (bytearray) of an IDX file as a uint8 tensor in the same memory.

    The format: four bytes of which the last is the number of dimensions; four bytes for the size of
    each dimension, the highest first; then the data.
    """
    dimensions = content[3]
    shape = []
    for start in range(4, 4 + 4 * dimensions, 4):
        shape.append(int.from_bytes(content[start : start + 4], "big"))
    header = 4 + 4 * dimensions  # bytes
    return torch.frombuffer(content, dtype=torch.uint8, offset=header).reshape(shape)


def _unpack(archive):
    """What a gzip archive (bytes) holds, as a bytearray.

    It is unpacked in pieces, so that the digits are in memory once, not twice.
    """
    size = int.from_bytes(archive[-4:], "little")  # of the content; the MD5 vouches for it
    content = bytearray(size)
    unpacker = zlib.decompressobj(wbits=GZIP)
    filled = 0
    for start in range(0, len(archive), PIECE):
        piece = unpacker.decompress(archive[start : start + PIECE])
        content[filled : filled + len(piece)] = piece
        filled += len(piece)
    return content


def _check_range(images, low, high, *, cure):
    if images.numel() == 0:
        return
    smallest, largest = torch.aminmax(images)
    if smallest.isnan():
        cure = "NaN comes from a net whose training diverged: train it with a lower learning rate"
    if not (smallest >= low and largest <= high):  # written so that NaN fails too
        raise ValueError(
            f"images must lie in [{low:g}, {high:g}], "
            f"got [{float(smallest):g}, {float(largest):g}]: {cure}"
        )
