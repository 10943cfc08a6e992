"""The compact recipe of lesson 04 as one step, with or without labels, for any learning rate.

Lesson 04 derives it: cross-entropy, R1 on every eighth step, a rate that falls, averaged weights.
Lesson 08 adds labels, and real digits with a wrong one. benchmarks/RACE.md says how it was found.
"""

import torch
import torch.nn.functional as F

from gan_helpers import losses, training


def compact_step(G, D, opt_G, opt_D, history, *, rate=None, average=None, loss=None, penalty=None):
    """A step for `training.fit(step, batches, history=history, …)`: D's half, then G's.

    `history`: the History that the loop keeps, whose `step` counts the steps done. `rate(steps
    done)`: the learning rate of both optimisers, such as `falling_rate`; left out, theirs stays.
    `average`: a `training.EMA` of G. `loss`: left out, `losses.bce()`. `penalty`: left out,
    `compact_penalty(history)`. A G with `classes` gets labels, and so does D.
    """
    loss = loss or losses.bce()
    penalty = penalty or compact_penalty(history)
    classes = getattr(G, "classes", 0)

    def step(real, labels):
        if rate is not None:
            set_rate((opt_G, opt_D), rate(history.step))
        cond = (torch.eye(classes)[labels],) if classes else ()  # one-hot [B, classes]
        z = torch.randn(len(real), G.latent_dim)
        metrics = training.discriminator_step(
            G, D, opt_D, real, z, loss, cond=cond, penalty=penalty
        )
        z = torch.randn(len(real), G.latent_dim)
        metrics |= training.generator_step(G, D, opt_G, z, loss, cond=cond)
        if average is not None:
            average.update_parameters(G)
        return metrics

    return step


def compact_penalty(history, *, r1=2.0, every=8, mismatch=0.05, draw_for_all=False):
    """A penalty(D, real, fake, *cond) for D's half of a step: R1, and with labels wrong ones.

    R1 acts on every `every`-th step of `history` with `every` times the weight `r1`. With labels
    every fourth real digit comes once more with a wrong label and counts as a fake, with the weight
    `mismatch`, so that D has to look at the label from the start. `draw_for_all` draws wrong labels
    for the whole batch and uses a quarter of them: other random numbers, those of lesson 10.
    Source: Karras et al. 2020, section 3.1; Reed et al. 2016, algorithm 1.
    """

    def penalty(D, real, fake, *cond):
        total = 0.0
        if r1 and history.step % every == 0:
            total = losses.r1_penalty(D, real, fake, *cond, weight=r1 * every)
        if mismatch and cond:
            classes = cond[0].shape[1]
            labels = cond[0].argmax(1)
            if draw_for_all:
                wrong = wrong_labels(labels, classes)[::4]
            else:
                wrong = wrong_labels(labels[::4], classes)
            scores = D(real[::4], torch.eye(classes)[wrong])
            total = total + mismatch * F.softplus(scores).mean()
        return total

    return penalty


def wrong_labels(labels, classes=10):
    """For each of the labels int64 [B] another one, drawn evenly from the other classes."""
    return (labels + torch.randint(1, classes, labels.shape)) % classes


def falling_rate(rate, end, *, hold=0.0):
    """A schedule: a function of the steps, or seconds, done that gives the learning rate.

    It starts at `rate`, stays there for the share `hold` of the way (from 0 to less than 1), and
    then falls in a straight line to 0 at `end`.
    """
    if not 0 <= hold < 1:
        raise ValueError(
            f"hold must lie in [0, 1), got {hold}: it is a share of the way to the end"
        )

    def rate_at(done):
        return rate * max(0, min(1, (1 - done / end) / (1 - hold)))

    return rate_at


def set_rate(optimisers, rate):
    """Give each of the optimisers this learning rate."""
    for optimiser in optimisers:
        for group in optimiser.param_groups:
            group["lr"] = rate
