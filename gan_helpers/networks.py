"""Generators and discriminators, noise and samples.

Sizes are arguments; a discriminator returns raw scores [B], never a sigmoid.
"""

import functools
import itertools
import math

import torch
import torch.nn.functional as F
from torch import nn

from gan_helpers import guesses, shipped
from gan_helpers.shipped import ASSETS

PORTION = 200  # images that `sample` makes at a time


class DenseGenerator(nn.Module):
    """Noise to image through dense layers, LeakyReLU and BatchNorm, at the end tanh (lesson 02).

    forward(z [B, latent_dim]) -> images [B, *image_shape] in [-1, 1].

    With `eps=0.8` this is the net of the published code, which meant 0.8 as BatchNorm's momentum.
    The first hidden layer has no BatchNorm, as there.
    """

    def __init__(
        self, latent_dim=100, hidden=(128, 256, 512, 1024), image_shape=(1, 28, 28), *, eps=1e-5
    ):
        super().__init__()
        self.latent_dim = latent_dim
        self.image_shape = tuple(image_shape)
        layers = [nn.Linear(latent_dim, hidden[0]), nn.LeakyReLU(0.2)]
        for before, after in itertools.pairwise(hidden):
            layers += [nn.Linear(before, after), nn.BatchNorm1d(after, eps=eps), nn.LeakyReLU(0.2)]
        layers += [nn.Linear(hidden[-1], math.prod(image_shape)), nn.Tanh()]
        self.layers = nn.Sequential(*layers)

    def forward(self, z):
        if z.ndim != 2 or z.shape[1] != self.latent_dim:
            raise ValueError(f"z must have shape [B, {self.latent_dim}], got {list(z.shape)}")
        return self.layers(z).view(len(z), *self.image_shape)


class DenseDiscriminator(nn.Module):
    """Image to one raw score through dense layers with LeakyReLU (lesson 02).

    forward(images [B, *image_shape]) -> scores [B]; above 0 means "real". σ(score) is the
    probability.
    """

    def __init__(self, hidden=(512, 256), image_shape=(1, 28, 28)):
        super().__init__()
        sizes = [math.prod(image_shape), *hidden]
        layers = [nn.Flatten()]
        for before, after in itertools.pairwise(sizes):
            layers += [nn.Linear(before, after), nn.LeakyReLU(0.2)]
        layers += [nn.Linear(sizes[-1], 1)]
        self.image_shape = tuple(image_shape)
        self.layers = nn.Sequential(*layers)

    def forward(self, images):
        if images.shape[1:] != self.image_shape:
            raise ValueError(
                f"images must have shape {['B', *self.image_shape]}, got {list(images.shape)}"
            )
        return self.layers(images).squeeze(1)


class CompactGenerator(nn.Module):
    """Noise to image in two 3 × 3 convolutions: small and quick on a CPU.

    forward(z [B, latent_dim]) -> images [B, 1, 28, 28] in [-1, 1].
    With `classes` the net is conditional: forward(z, one_hot float [B, classes]).

    Digits come in separate kinds, and a net that is continuous in z has to draw something between
    them. So without labels the first `kinds` numbers of z choose a kind, the largest wins, and the
    net gets the choice as one-hot. It works at 7 × 7, where a convolution costs a sixteenth of one
    at 28 × 28; PixelShuffle then lays 16 channels out as 4 × 4 pixels (Shi et al. 2016, equation
    4). benchmarks/RACE.md says how the net was found.
    """

    def __init__(self, latent_dim=42, channels=(16, 64), *, kinds=10, classes=0):
        super().__init__()
        first, second = channels
        self.latent_dim = latent_dim
        self.classes = classes
        self.kinds = 0 if classes else kinds
        if not self.kinds < latent_dim:
            raise ValueError(
                f"latent_dim must be more than the {kinds} numbers that choose a kind, "
                f"got {latent_dim}"
            )
        self.layers = nn.Sequential(
            # The kind comes back as one-hot, and picks a column of weights: as good as a bias.
            # The convolution's bias BatchNorm would subtract again.
            nn.Linear(latent_dim + classes, first * 49, bias=not (self.kinds or classes)),
            nn.Unflatten(1, (first, 7, 7)),
            nn.BatchNorm2d(first),
            nn.LeakyReLU(0.2),  # [B, 16, 7, 7]
            nn.Conv2d(first, second, 3, padding=1, bias=False),
            nn.BatchNorm2d(second),
            nn.LeakyReLU(0.2),
            nn.Conv2d(second, 16, 3, padding=1),
            nn.PixelShuffle(4),
            nn.Tanh(),  # [B, 1, 28, 28]
        )

    def forward(self, z, *cond):
        _check_shapes((z, *cond), {"z": (self.latent_dim,)}, self.classes)
        if self.kinds:
            choice, z = z.split((self.kinds, self.latent_dim - self.kinds), 1)
            cond = (F.one_hot(choice.argmax(1), self.kinds).to(z),)
        # Three times one-hot: beside the other numbers, of deviation 1, a single 1 would hardly
        # count at first.
        return self.layers(torch.cat([z, *(3 * one_hot for one_hot in cond)], 1))


class CompactDiscriminator(nn.Module):
    """Image to one raw score; patches of 4 × 4 pixels are the first layer's channels.

    forward(images [B, 1, 28, 28]) -> scores [B].
    With `classes`: forward(images, one_hot float [B, classes]); the label adds embedding(label) ·
    features to the score (projection: Miyato and Koyama 2018, equation 5). There is no BatchNorm,
    for R1's sake.
    """

    def __init__(self, channels=24, hidden=128, *, classes=0):
        super().__init__()
        self.classes = classes
        self.features = nn.Sequential(
            nn.PixelUnshuffle(4),
            nn.Conv2d(16, channels, 3, padding=1),
            nn.LeakyReLU(0.2),  # [B, 24, 7, 7]
            nn.Conv2d(channels, channels, 3, padding=1),
            nn.LeakyReLU(0.2),  # [B, 24, 7, 7]
            nn.Flatten(),
            nn.Linear(channels * 49, hidden),
            nn.LeakyReLU(0.2),  # [B, 128]
        )
        self.score = nn.Linear(hidden, 1)
        self.embedding = nn.Linear(classes, hidden, bias=False) if classes else None

    def forward(self, images, *cond):
        _check_shapes((images, *cond), {"images": (1, 28, 28)}, self.classes)
        features = self.features(images)
        scores = self.score(features).squeeze(1)
        if self.classes:
            scores = scores + (self.embedding(*cond) * features).sum(1)
        return scores


class Dropout(nn.Module):
    """In training, set numbers to 0 with probability p and divide the rest by 1 - p (lesson 06).

    forward(x of any shape) -> the same shape; in eval mode x itself. Raises ValueError unless
    0 <= p < 1.

    What nn.Dropout does, with a mask from torch.rand. nn.Dropout's own comes from `bernoulli_`,
    which torch before 2.7 left to another generator on Intel's CPUs (MKL's; its issue 132395 may
    bring it back): there the same seed dropped other units.
    """

    def __init__(self, p):
        super().__init__()
        if not 0 <= p < 1:
            raise ValueError(f"p must lie in [0, 1), got {p}: it is the share that becomes 0")
        self.p = p

    def forward(self, x):
        if not self.training or self.p == 0:  # then nn.Dropout draws nothing either
            return x
        # Drawn in float64 whatever x is, as `bernoulli_` does elsewhere: the same units are dropped
        # in float32, and the same random numbers are used up.
        kept = torch.rand(x.shape, dtype=torch.float64, device=x.device) < 1 - self.p
        return x * (kept.to(x.dtype) / (1 - self.p))

    def extra_repr(self):
        return f"p={self.p}"


def _check_shapes(inputs, expected, classes):
    """Raise ValueError unless `inputs` have the `expected` shapes: {name: shape without B}.

    With `classes`, one-hot labels come last.
    """
    if classes:
        expected = expected | {"one_hot": (classes,)}
    if [tuple(x.shape[1:]) for x in inputs] != list(expected.values()):
        wanted = ", ".join(
            f"{name} [B, {', '.join(map(str, shape))}]" for name, shape in expected.items()
        )
        raise ValueError(
            f"this net takes {wanted}; got {', '.join(str(list(x.shape)) for x in inputs)}"
        )


def trained_generator(*, conditional=False):
    """A generator after some five minutes of training on two CPU cores, in eval mode.

    It takes no more gradients: a ChoosingGenerator, forward(z [B, 52]), which saw no labels but
    guessed ones, or with `conditional` a CompactGenerator of the ten digits, forward(z [B, 42],
    one_hot [B, 10]). Made by `python -m benchmarks.race ship`; benchmarks/RACE.md has their scores.
    Raises DataError where its file is damaged, missing or cannot be read.
    """
    G = shipped.load_net(functools.partial(_new_generator, conditional), trained_file(conditional))
    return G.eval().requires_grad_(False)


def _new_generator(conditional):
    if conditional:
        return CompactGenerator(classes=10)
    return guesses.ChoosingGenerator(
        CompactGenerator(32, classes=guesses.KINDS), torch.ones(guesses.KINDS)
    )


def trained_file(conditional):
    """Where the weights of `trained_generator` lie."""
    return ASSETS / f"generator{'_conditional' if conditional else ''}.safetensors"


def count_parameters(net):
    """The number of trainable parameters."""
    return sum(p.numel() for p in net.parameters() if p.requires_grad)


def noise(count, latent_dim, seed):
    """Noise z [count, latent_dim], normally distributed; the same for the same three numbers.

    It comes from a generator of its own, so that no training run draws other numbers for it.
    """
    return torch.randn(count, latent_dim, generator=torch.Generator().manual_seed(seed))


@torch.no_grad()
def sample(generator, z, *cond):
    """Images from `generator(z, *cond)` in eval mode, without gradients.

    The net's mode is put back afterwards. In portions of 200, so that ten thousand images take
    little memory beside their own.
    """
    was_training = generator.training
    generator.eval()
    try:
        images = None
        made = 0
        for part in zip(*(x.split(PORTION) for x in (z, *cond)), strict=True):
            portion = generator(*part)
            if images is None:
                # Room for all of them: portions that were joined would be in memory twice.
                images = portion.new_empty(len(z), *portion.shape[1:])
            images[made : made + len(portion)] = portion
            made += len(portion)
        return images
    finally:
        generator.train(was_training)


def directions(generator, z, *cond, count=4):
    """The `count` directions [count, latent_dim] of length 1 along which pictures change most.

    They are the first right singular vectors of the generator's Jacobian, averaged over the points
    z [N, latent_dim]: a raw coordinate of z has no meaning of its own. `cond`: labels [N, classes]
    where the generator takes them. Eval mode; the net's mode is put back.
    """
    was_training = generator.training
    generator.eval()
    try:
        with torch.enable_grad():
            shift = torch.zeros(z.shape[1], requires_grad=True)  # of all z at once
            mean_picture = generator(z + shift, *cond).mean(0).flatten()  # [pixels]
            # J [pixels, latent_dim] holds its derivatives by `shift`: the mean of the Jacobians.
            # A backward pass from the pixels, weighted by u, gives Jᵀu. With one 1 in u that is a
            # row of J, and there would be 784 passes. But Jᵀu is linear in u, whatever u is: a
            # second backward pass, from one number of Jᵀu to u, gives a column of J, and there
            # are only latent_dim of them.
            u = torch.zeros_like(mean_picture, requires_grad=True)
            (jt_u,) = torch.autograd.grad(mean_picture, shift, u, create_graph=True)
            columns = []
            for axis in torch.eye(len(shift)):
                (column,) = torch.autograd.grad(jt_u, u, axis, retain_graph=True)  # [pixels]
                columns.append(column)
    finally:
        generator.train(was_training)
    jacobian = torch.stack(columns, 1)
    right_singular_vectors = torch.linalg.svd(jacobian, full_matrices=False).Vh
    return right_singular_vectors[:count]
