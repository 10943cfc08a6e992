"""The loop that most tutorials write, and ours: batches and steps for the same nets."""

import torch
from torch import nn
from torch.utils.data import DataLoader
from torchvision import datasets, transforms

from gan_helpers import data, losses, training

BATCH_SIZE = 64


def usual_loader(count=60_000, batch_size=BATCH_SIZE):
    """The first `count` digits the way most tutorials load them."""
    scaling = transforms.Compose([transforms.ToTensor(), transforms.Normalize((0.5,), (0.5,))])
    dataset = datasets.MNIST(data.torchvision_root(), download=True, transform=scaling)
    dataset.data = dataset.data[:count]
    dataset.targets = dataset.targets[:count]
    return DataLoader(dataset, batch_size=batch_size, shuffle=True)


def usual_step(G, D, opt_G, opt_D):
    """The published step: G first, D on the same fakes; sigmoid and BCELoss; separate passes."""
    loss = nn.BCELoss()

    def step(real, labels):
        valid = torch.ones(len(real))
        fake = torch.zeros(len(real))
        opt_G.zero_grad()
        images = G(torch.randn(len(real), G.latent_dim))
        g_loss = loss(torch.sigmoid(D(images)), valid)
        g_loss.backward()
        opt_G.step()
        opt_D.zero_grad()
        real_loss = loss(torch.sigmoid(D(real)), valid)
        fake_loss = loss(torch.sigmoid(D(images.detach())), fake)
        d_loss = (real_loss + fake_loss) / 2
        d_loss.backward()
        opt_D.step()
        return {"d_loss": d_loss.item(), "g_loss": g_loss.item()}

    return step


def our_step(G, D, opt_G, opt_D):
    """Lesson 02's step: algorithm 1, with fresh noise for G."""
    loss = losses.bce()

    def step(real, labels):
        z = torch.randn(len(real), G.latent_dim)
        values = training.discriminator_step(G, D, opt_D, real, z, loss)
        z = torch.randn(len(real), G.latent_dim)
        return values | training.generator_step(G, D, opt_G, z, loss)

    return step


def our_batches():
    return data.batches(*data.mnist("all"), BATCH_SIZE)
