"""The course's digit classifiers: their nets, their training, their stored weights.

The first judge measures in every lesson. The second, of another architecture, appears in final
tables only: who tunes by one judge alone ends up fooling it (Goodhart's law).

    python -m gan_helpers.judges     trains both anew, about ten minutes on two CPU cores
"""

import functools
import json

import torch
import torch.nn.functional as F
from torch import nn
from tqdm import tqdm

from gan_helpers import data, shipped
from gan_helpers.shipped import ASSETS

TRAINED_ON = 50_000  # the first of the training digits; the last 10,000 are for validation
BATCH_SIZE = 100  # in training
CHUNK = 50  # images a forward pass: fits a CPU's cache, and takes 5 MB instead of 20


class _Reader(nn.Module):
    """What both judges share.

    features(images [B, 1, 28, 28]) -> [B, 64]; forward(images) -> logits [B, 10].
    """

    def __init__(self, *layers):
        super().__init__()
        self.features = nn.Sequential(*layers)
        self.classify = nn.Linear(64, 10)
        # For training only: features must tell noise, not ignore it.
        self.noise_level = nn.Linear(64, 1)

    def forward(self, images):
        return self.classify(self.features(images))


class Judge(_Reader):
    """A convolutional classifier."""

    def __init__(self):
        super().__init__(  # [B, 1, 28, 28]
            nn.Conv2d(1, 16, 3, padding=1),
            nn.BatchNorm2d(16),
            nn.ReLU(),
            nn.MaxPool2d(2),  # [B, 16, 14, 14]
            nn.Conv2d(16, 32, 3, padding=1),
            nn.BatchNorm2d(32),
            nn.ReLU(),  # [B, 32, 14, 14]
            nn.Conv2d(32, 48, 3, padding=1),
            nn.BatchNorm2d(48),
            nn.ReLU(),
            nn.MaxPool2d(2),  # [B, 48, 7, 7]
            nn.Conv2d(48, 64, 3, padding=1),
            nn.BatchNorm2d(64),
            nn.ReLU(),
            nn.MaxPool2d(2),  # [B, 64, 3, 3]
            nn.Flatten(),
            nn.Linear(576, 64),
            nn.ReLU(),  # [B, 64]
        )


class SecondJudge(_Reader):
    """A dense classifier, which knows nothing of neighbouring pixels."""

    def __init__(self):
        super().__init__(  # [B, 1, 28, 28]
            nn.Flatten(),
            nn.Linear(784, 384),
            nn.BatchNorm1d(384),
            nn.ReLU(),  # [B, 384]
            nn.Linear(384, 256),
            nn.BatchNorm1d(256),
            nn.ReLU(),  # [B, 256]
            nn.Linear(256, 64),
            nn.BatchNorm1d(64),
            nn.ReLU(),  # [B, 64]
        )


JUDGES = {"judge": Judge, "second_judge": SecondJudge}


@functools.cache
def load(name="judge"):
    """The trained judge, in eval mode; its weights take no gradient.

    `name` is "judge" or "second_judge"; for another one it raises ValueError. Raises DataError
    where its file is damaged, missing or cannot be read.
    """
    if name not in JUDGES:
        raise ValueError(f"judge must be one of {', '.join(JUDGES)}, got {name!r}")
    net = shipped.load_net(JUDGES[name], ASSETS / f"{name}.safetensors")
    # channels_last: the same numbers in another order of memory, twice as fast on a CPU.
    return net.eval().requires_grad_(False).to(memory_format=torch.channels_last)


@torch.no_grad()
def read(judge, images):
    """What `judge` makes of images: (features [N, 64], logits [N, 10]), float32.

    `images` are float [N, 1, 28, 28] in [-1, 1], or uint8 [N, 28, 28] as `data.mnist` has them.
    They are read in portions, which takes little memory. Raises TypeError or ValueError, with cause
    and cure, for images of another kind, shape or scale, and for NaN.
    """
    _check(images, judge.classify.weight.dtype)
    # Their place is made before the loop: small results kept between the large ones of a layer
    # would scatter these over the memory.
    features = judge.classify.weight.new_empty(len(images), judge.classify.in_features)
    for chunk, result in zip(images.split(CHUNK), features.split(CHUNK), strict=True):
        if chunk.dtype == torch.uint8:
            chunk = data.to_tanh_range(chunk).unsqueeze(1)
        result.copy_(judge.features(chunk.to(memory_format=torch.channels_last)))
    return features, judge.classify(features)


def _check(images, dtype):
    """Raise an error unless `images` are as `read` takes them; `dtype` is that of the weights."""
    if not isinstance(images, torch.Tensor):
        raise TypeError(
            f"images must be a tensor, got {type(images).__name__}: torch.as_tensor makes one of "
            "an array, torch.stack of a list of tensors"
        )
    if images.dtype not in (torch.uint8, dtype):
        raise TypeError(
            f"images must be {dtype} in [-1, 1] or uint8 in 0 … 255, got {images.dtype}: "
            f"pass them through .to({dtype}), or bytes of another type through .to(torch.uint8)"
        )
    shape = (28, 28) if images.dtype == torch.uint8 else (1, 28, 28)
    if images.shape[1:] != shape:
        raise ValueError(
            f"images of {images.dtype} must have shape [N, {', '.join(map(str, shape))}], got "
            f"{list(images.shape)}: index, squeeze or unsqueeze them"
        )
    if images.dtype != torch.uint8:
        data.check_images(images)
        _check_background(images)


def _check_background(images):
    """Raise ValueError for pictures in [0, 1], which lie within [-1, 1] too.

    They are known by a background at 0, where ours is at -1: no pixel lies below 0, most are near
    it, and there are bright ones. What an untrained or a collapsed net draws is not like that.
    """
    if images.numel() == 0 or images.min() < 0:
        return
    near_zero = (images < 0.1).sum().item() / images.numel()
    if near_zero > 0.5 and images.max() > 0.5:
        raise ValueError(
            f"images seem to lie in [0, 1]: no pixel is below 0, and {near_zero:.0%} are near 0, "
            "where a background in [-1, 1] is at -1: pass them through data.to_tanh_range"
        )


def accuracy(judge, split):
    """The share (float) of a split's digits that the judge reads right."""
    images, labels = data.mnist(split)
    _, logits = read(judge, images)
    return (logits.argmax(1) == labels).float().mean().item()


def jitter(images, generator):
    """Images [B, 1, 28, 28], each turned, scaled and moved a little, at random.

    By up to 12 degrees, 12 % and 2 pixels.
    """
    angle = _uniform(images, 0.21, generator)  # radians
    zoom = 1 + _uniform(images, 0.12, generator)
    right = _uniform(images, 2 / 14, generator)  # 1 is half a picture: 14 pixels
    down = _uniform(images, 2 / 14, generator)
    cosine = angle.cos() * zoom
    sine = angle.sin() * zoom
    top = torch.stack([cosine, -sine, right], dim=1)
    bottom = torch.stack([sine, cosine, down], dim=1)
    matrix = torch.stack([top, bottom], dim=1)  # [B, 2, 3]
    grid = F.affine_grid(matrix, list(images.shape), align_corners=False)
    # Outside of a picture grid_sample reads 0; that must be black, which is -1 to us.
    return F.grid_sample(images + 1, grid, align_corners=False) - 1


def add_noise(images, generator):
    """Noise on every second image: deviation up to 0.5, and up to a fifth of the pixels at random.

    Returns (images, level [B]): 0 for no noise, 1 for the most of one kind, 2 of both. Fakes are
    often speckled, and a judge that has never seen speckles reads most of them as an 8.
    """
    deviation = _uniform(images, 0.5, generator).clamp(min=0)
    share = _uniform(images, 0.2, generator).clamp(min=0)
    deviation[1::2] = 0
    share[1::2] = 0
    shape = (len(images), 1, 1, 1)
    noisy = images + torch.randn(images.shape, generator=generator) * deviation.view(shape)
    speckled = torch.rand(images.shape, generator=generator) < share.view(shape)
    speckles = torch.rand(images.shape, generator=generator) * 2 - 1
    noisy = torch.where(speckled, speckles, noisy)
    return noisy.clamp(-1, 1), deviation / 0.5 + share / 0.2


def _uniform(images, limit, generator):
    """A number for each of `images`, uniform in -limit … limit: [B]."""
    return (torch.rand(len(images), generator=generator) * 2 - 1) * limit


def train(name, *, epochs, seed=0, images=None, labels=None):
    """Train a judge on the first 50,000 training digits (or those given); return it in eval mode.

    `images` uint8 [N, 28, 28] and `labels` int64 [N], as `data.mnist` returns them.
    """
    torch.manual_seed(seed)
    if images is None:
        images, labels = data.mnist("train")
    if len(images) % BATCH_SIZE == 1:  # BatchNorm cannot train on a batch of one
        images = images[:-1]
        labels = labels[:-1]
    net = JUDGES[name]().to(memory_format=torch.channels_last)
    shuffle = torch.Generator().manual_seed(seed)
    batches = data.batches(images, labels, BATCH_SIZE, generator=shuffle)
    generator = torch.Generator().manual_seed(seed + 1)
    optimiser = torch.optim.AdamW(net.parameters(), weight_decay=0.02, fused=True)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimiser, 4e-3, total_steps=epochs * len(batches)
    )
    for _ in tqdm(range(epochs), desc=name, unit="epoch"):
        for digits, targets in batches:
            noisy, level = add_noise(jitter(digits, generator), generator)
            features = net.features(noisy)
            loss = F.cross_entropy(net.classify(features), targets, label_smoothing=0.05)
            loss = loss + F.mse_loss(net.noise_level(features).squeeze(1), level)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            schedule.step()
    return net.eval().requires_grad_(False)


def main():
    for name, epochs in (("judge", 16), ("second_judge", 60)):
        net = train(name, epochs=epochs)
        path = ASSETS / f"{name}.safetensors"
        weights = {key: value.contiguous() for key, value in net.state_dict().items()}
        shipped.write_weights(weights, path)
        kilobytes = path.stat().st_size / 1000
        print(f"{path.name}: {kilobytes:.0f} kB")
        for split in ("validation", "test"):
            print(f"{split}: {accuracy(net, split):.2%} read right")
    write_floors()


def write_floors():
    """Measure the floors of all judges anew, into metrics.FLOORS."""
    from gan_helpers import metrics  # here, since it imports this module

    floors = {}
    for name in JUDGES:
        floors[name] = {
            split: metrics.measure_floor(metrics.FLOOR_COUNT, split, name)
            for split in ("validation", "test")
        }
    metrics.FLOORS.write_text(json.dumps(floors, indent=1) + "\n", encoding="utf8", newline="\n")
    shipped.list_file(metrics.FLOORS)


if __name__ == "__main__":
    main()
