"""Generators and discriminators. Sizes are arguments; a discriminator returns raw scores [B], never a sigmoid."""

import itertools
import math

import torch
from torch import nn


class DenseGenerator(nn.Module):
    """Noise to image through dense layers: latent → hidden … → pixels, LeakyReLU, BatchNorm, tanh (lesson 02).

    forward(z [B, latent_dim]) -> images [B, *image_shape] in [-1, 1].

    With `eps=0.8` this is the net of the published code, which meant 0.8 as BatchNorm's momentum. The first
    hidden layer has no BatchNorm, as there.
    """

    def __init__(self, latent_dim=100, hidden=(128, 256, 512, 1024), image_shape=(1, 28, 28), *, eps=1e-5):
        super().__init__()
        self.latent_dim, self.image_shape = latent_dim, tuple(image_shape)
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
    """Image to one raw score through dense layers with LeakyReLU: pixels → hidden … → 1 (lesson 02).

    forward(images [B, *image_shape]) -> scores [B]; above 0 means "real". σ(score) is the probability.
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
            raise ValueError(f"images must have shape {['B', *self.image_shape]}, got {list(images.shape)}")
        return self.layers(images).squeeze(1)


def count_parameters(net):
    """The number of trainable parameters."""
    return sum(p.numel() for p in net.parameters() if p.requires_grad)


@torch.no_grad()
def sample(generator, z, *cond):
    """Images from `generator(z, *cond)` in eval mode, without gradients; the net's mode is put back.

    In portions of 1,000, so that ten thousand images take little memory beside their own.
    """
    was_training = generator.training
    generator.eval()
    try:
        return torch.cat([generator(*part) for part in zip(*(x.split(1000) for x in (z, *cond)), strict=True)])
    finally:
        generator.train(was_training)
