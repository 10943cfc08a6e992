"""The rules of the game: a generator and a discriminator on points in the plane. No widgets.

    playing = Game("ring", seed=0)
    playing.play(100)        # a hundred turns: D steps, then G steps
    playing.modes()          # how many of the ten clouds the fakes reach
    playing.back()           # as it was before the last move, random state included

The steps and the losses are those of the digits: `training.discriminator_step`, `generator_step`
and a pair of `losses`. All random numbers come from the game's own generators.
"""

import bisect
import copy
import math
import time
from typing import NamedTuple

import torch
from torch import nn

from gan_helpers import losses, training
from gan_helpers.game import clouds, settings

CLIP = 0.1  # the largest size of a weight of a Wasserstein critic
KEPT = 200  # moments that a game can go back to
SAMPLES = 2000  # points, real and fake, for the measures


class Phase(NamedTuple):
    """What has just happened within a turn; `z` and `real` are the batch in play."""

    caption: str
    z: torch.Tensor
    real: torch.Tensor | None = None
    arrows: bool = False


class Game:
    """Two small nets that play on points in the plane.

    `data`: a name in DATA or the result of `drawing`. `rate_g`, `rate_d`, `steps_g`, `steps_d`
    (steps a turn) and `loss` (a name in LOSSES) may be changed during the game; the rest belongs
    to its start. Raises ValueError for a value that makes no game.
    """

    def __init__(
        self,
        data="ring",
        *,
        noise="normal, 2 numbers",
        width_g=64,
        width_d=64,
        loss="cross-entropy",
        rate_g=1e-3,
        rate_d=2e-3,
        steps_g=1,
        steps_d=1,
        batch_size=128,
        seed=0,
    ):
        if isinstance(data, str):
            settings.check_choice("data", data, clouds.DATA)
            data = clouds.DATA[data]
        settings.check_choice("noise", noise, settings.NOISES)
        settings.check_choice("loss", loss, settings.LOSSES)
        settings.check_whole("width_g", width_g, least=1)
        settings.check_whole("width_d", width_d, least=1)
        settings.check_whole("batch_size", batch_size, least=1)
        self.data = data
        self.loss = loss
        self.rate_g = rate_g
        self.rate_d = rate_d
        self.steps_g = steps_g
        self.steps_d = steps_d
        self.batch_size = batch_size
        self._draw_noise, self.latent_dim = settings.NOISES[noise]
        self._random = torch.Generator().manual_seed(seed)
        # Nets start from the global generator; it is put back.
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            self.G = _net(self.latent_dim, width_g, 2)
            self.D = _net(2, width_d, 1)
        self.D.append(nn.Flatten(0))  # scores [B]
        self.opt_G = torch.optim.Adam(self.G.parameters(), betas=(0.5, 0.99), fused=True)
        self.opt_D = torch.optim.Adam(self.D.parameters(), betas=(0.5, 0.99), fused=True)
        # What is shown and measured has points of its own, always the same, so that it changes
        # nothing in the game.
        aside = torch.Generator().manual_seed(seed + 1)
        self.shown_z = self.noise(SAMPLES, aside)
        self.shown_real = self.data.sample(SAMPLES, aside)
        self.history = training.History()
        self.kept = []
        self.position = -1  # in `kept`
        self.keep()

    def noise(self, count, generator=None):
        """z [count, latent_dim]."""
        return self._draw_noise(count, self.latent_dim, generator=generator or self._random)

    # Moves

    def phases(self):
        """Generator: one turn, a Phase at a time; between two of them one may look at the game."""
        self._begin()
        for _ in range(self.steps_d):
            real = self.data.sample(self.batch_size, self._random)
            z = self.noise(self.batch_size)
            yield Phase("G draws fakes", z)
            yield Phase("D judges real points and fakes", z, real)
            self._step_d(real, z)
            yield Phase("D learns: its map changes", z, real)
        for _ in range(self.steps_g):
            z = self.noise(self.batch_size)
            yield Phase("G draws new fakes", z)
            yield Phase("D's gradient: arrows to a lower loss of G", z, arrows=True)
            self._step_g(z)
            yield Phase("G learns: its fakes move", z)

    def play(self, turns=1):
        """Whole turns, then keep."""
        for _ in range(turns):
            for _phase in self.phases():
                pass
        self.keep()

    def play_d(self):
        """One step of D alone, then keep."""
        self._begin()
        real = self.data.sample(self.batch_size, self._random)
        self._step_d(real, self.noise(self.batch_size))
        self.keep()

    def play_g(self):
        """One step of G alone, then keep."""
        self._begin()
        self._step_g(self.noise(self.batch_size))
        self.keep()

    def _begin(self):
        """Begin a turn: check what a reader may have changed, and leave the old future behind."""
        settings.check_choice("loss", self.loss, settings.LOSSES)
        settings.check_rate("G's learning rate", self.rate_g)
        settings.check_rate("D's learning rate", self.rate_d)
        settings.check_whole("G's steps a turn", self.steps_g, least=0)
        settings.check_whole("D's steps a turn", self.steps_d, least=0)
        self._forget_the_future()
        self.history.step += 1

    def _forget_the_future(self):
        """Drop kept moments and noted values that come later than this moment."""
        first_later = self.position + 1
        del self.kept[first_later:]
        for name, steps in self.history.steps.items():
            first_later = bisect.bisect_right(steps, self.history.step)
            del steps[first_later:]
            del self.history.values[name][first_later:]

    def _step_d(self, real, z):
        start = time.perf_counter()
        self.opt_D.param_groups[0]["lr"] = self.rate_d
        loss = settings.LOSSES[self.loss]()
        values = training.discriminator_step(self.G, self.D, self.opt_D, real, z, loss)
        self._record(values, start)
        if self.loss == "Wasserstein":
            losses.clip_weights(self.D, CLIP)

    def _step_g(self, z):
        start = time.perf_counter()
        self.opt_G.param_groups[0]["lr"] = self.rate_g
        loss = settings.LOSSES[self.loss]()
        values = training.generator_step(self.G, self.D, self.opt_G, z, loss)
        self._record(values, start)

    def _record(self, values, start):
        self.history.record(values)
        self.history.seconds += time.perf_counter() - start
        if not all(map(math.isfinite, values.values())):
            raise ValueError(
                "a loss is no longer a number: step back and choose a smaller learning rate"
            )

    # Back and forth

    def keep(self):
        """Keep nets, optimisers and random state as they are now.

        Beyond KEPT moments, every second of the older ones goes, but not the first.
        """
        moment = {"step": self.history.step, "random": self._random.get_state()}
        for name, part in self._parts().items():
            moment[name] = copy.deepcopy(part.state_dict())
        self.kept.append(moment)
        if len(self.kept) > KEPT:
            first, *older = self.kept[: -KEPT // 2]
            newer = self.kept[-KEPT // 2 :]
            self.kept = [first, *older[::2], *newer]
        self.position = len(self.kept) - 1

    def back(self):
        """Undo the last move, or one that has not come to its end.

        Raises ValueError at the start.
        """
        unfinished = self.history.step != self.kept[self.position]["step"]
        if not unfinished and self.position == 0:
            raise ValueError("this is the start: there is no step to take back")
        self.go_to(self.position if unfinished else self.position - 1)

    def go_to(self, position):
        """The game as it was at a position of `kept`; later ones stay until the next move."""
        moment = self.kept[position]
        for name, part in self._parts().items():
            # A copy: an optimiser would go on working on what is kept.
            part.load_state_dict(copy.deepcopy(moment[name]))
        self._random.set_state(moment["random"])
        self.history.step = moment["step"]
        self.position = position

    def _parts(self):
        return {"G": self.G, "D": self.D, "opt_G": self.opt_G, "opt_D": self.opt_D}

    # Looking on, without a change to the game

    @torch.no_grad()
    def fakes(self, count=SAMPLES):
        """G's points [count, 2] for noise that is always the same."""
        return self.G(self.shown_z[:count])

    @torch.no_grad()
    def belief(self, size=48):
        """What D says on a grid [size, size] of the plane, row 0 below: its probability of "real".

        A Wasserstein critic has no probability: its scores, from the lowest of the plane as 0 to
        the highest as 1.
        """
        axis = (torch.arange(size) + 0.5) / size * 2 * clouds.EDGE - clouds.EDGE
        scores = self.D(torch.cartesian_prod(axis, axis)).view(size, size).T
        if self.loss != "Wasserstein":
            return scores.sigmoid()
        return (scores - scores.min()) / (scores.max() - scores.min()).clamp(min=1e-12)

    def arrows(self, points):
        """Where each of the points [B, 2] would go to lower G's loss.

        Minus the gradient of its own loss.
        """
        points = points.detach().requires_grad_()
        mean_loss = settings.LOSSES[self.loss]().generator(fake=self.D(points))
        # Of the mean, a point has one share.
        return -torch.autograd.grad(mean_loss * len(points), points)[0]

    def push(self):
        """The length of the gradient of G's loss by all its weights: how hard D makes G learn."""
        loss = settings.LOSSES[self.loss]().generator(fake=self.D(self.G(self.shown_z)))
        gradient = torch.autograd.grad(loss, list(self.G.parameters()))
        return nn.utils.get_total_norm(gradient).item()

    def modes(self):
        """How many clouds hold at least one in a hundred of the fakes.

        None where there are more than ten: those touch each other.
        """
        if len(self.data.centres) > 10:
            return None
        return clouds.count_modes(self.fakes(), self.data)

    def divergence(self):
        """The Jensen-Shannon divergence of real points and fakes, counted on 20 × 20 cells."""
        real = clouds.grid_counts(self.shown_real)
        return clouds.js_divergence(real, clouds.grid_counts(self.fakes()))

    def note_divergence(self):
        """Put the divergence of this moment into the history, unless it is there."""
        noted = self.history.steps.get("divergence", [-1])
        if noted[-1] < self.history.step:
            self.history.record({"divergence": self.divergence()})


def _net(inputs, width, outputs):
    return nn.Sequential(
        nn.Linear(inputs, width),
        nn.LeakyReLU(0.2),
        nn.Linear(width, width),
        nn.LeakyReLU(0.2),
        nn.Linear(width, outputs),
    )
