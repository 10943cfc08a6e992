"""A whole GAN, from the digits to a picture of fakes: `python examples/first_gan.py [STEPS]`.

A minute or two on one thread. Lessons 02 and 04 explain every line.
"""

import sys

import torch

from gan_helpers import data, losses, networks, plots, recipes, training

steps = int(sys.argv[1]) if len(sys.argv) > 1 else 2000
training.setup(seed=0)
digits = data.batches(*data.mnist("train"), batch_size=64)
G = networks.CompactGenerator()
D = networks.CompactDiscriminator()
optimisers = [torch.optim.Adam(net.parameters(), betas=(0.0, 0.99), fused=True) for net in (G, D)]
rate = recipes.falling_rate(4e-3, steps)
average = training.EMA(G)  # its weights draw, those of G learn
loss = losses.bce()
history = training.History()
penalty = recipes.compact_penalty(history)  # keeps D flat around real digits
ten = networks.noise(10, G.latent_dim, seed=1)


def step(real, labels):
    """One step of D, then one of G, each on new noise."""
    recipes.set_rate(optimisers, rate(history.step))
    opt_G, opt_D = optimisers
    z_d = torch.randn(len(real), G.latent_dim)
    metrics = training.discriminator_step(G, D, opt_D, real, z_d, loss, penalty=penalty)
    z_g = torch.randn(len(real), G.latent_dim)
    metrics |= training.generator_step(G, D, opt_G, z_g, loss)
    average.update_parameters(G)
    return metrics


def snapshot(done):
    """Ten fakes after some of the steps, always of the same ten z."""
    shown = [max(1, steps * part // 2000) for part in (1, 50, 150, 400, 1000, 2000)]
    return networks.sample(average.module, ten) if done in shown else None


training.fit(step, digits, steps=steps, history=history, snapshot=snapshot)
plots.film_strip(history.snapshots).savefig("first_gan.png", dpi=100)
print("the same ten z after more and more steps: first_gan.png")
