"""The game of lesson 00: a generator and a discriminator on points in the plane. Pure torch, no widgets.

    game = Game("ring", seed=0)
    game.play(100)        # a hundred turns: D steps, then G steps
    game.modes()          # how many of the ten clouds the fakes reach
    game.back()           # as it was before the last move, random state included

The steps and the losses are those of the digits: `training.discriminator_step`, `generator_step` and a pair of
`losses`. All random numbers come from the game's own generators. `game_view` draws it, `game_panel` has its buttons.
"""

import bisect
import copy
import math
import time
from typing import NamedTuple

import torch
from torch import nn

from gan_helpers import losses, training
from gan_helpers.data import ring_centres

EDGE = 3.0  # the plane that is shown reaches from -3 to 3 on both axes
CELLS = 7  # a drawing has 7 × 7 cells
CLIP = 0.1  # the largest size of a weight of a Wasserstein critic
LOSSES = {
    "cross-entropy": losses.bce,
    "minimax": losses.minimax,
    "least squares": losses.least_squares,
    "Wasserstein": losses.wasserstein,
}
NOISES = {
    "normal, 2 numbers": (torch.randn, 2),
    "normal, 1 number": (torch.randn, 1),
    "uniform, 2 numbers": (torch.rand, 2),
    "uniform, 1 number": (torch.rand, 1),
}
KEPT = 200  # moments that a game can go back to
SAMPLES = 2000  # points, real and fake, for the measures


class Data(NamedTuple):
    """Clouds of points: a share (weight), a centre and a spread each; `shape` draws the spread, [B, 2]."""

    centres: torch.Tensor  # [K, 2]
    weights: torch.Tensor  # [K]
    spread: float  # a normal cloud's deviation, half the side of a square
    shape: str = "normal"  # or "square"

    def sample(self, count, generator):
        """Points [count, 2]."""
        cloud = torch.multinomial(self.weights, count, replacement=True, generator=generator)
        if self.shape == "square":
            around = 2 * torch.rand(count, 2, generator=generator) - 1
        else:
            around = torch.randn(count, 2, generator=generator)
        return self.centres[cloud] + self.spread * around

    @property
    def reach(self):
        """How far from its centre a point still belongs to a cloud: 3 deviations, or the corner of the square."""
        return self.spread * (math.sqrt(2) if self.shape == "square" else 3)


def _data():
    along = torch.linspace(-2, 2, 81)
    return {
        "line": Data(torch.stack([along, along / 2], 1), torch.ones(81), 0.05),
        "mixture": Data(
            torch.tensor([[-1.5, -1.0], [1.5, -0.5], [0.0, 1.7]]),
            torch.tensor([0.5, 0.3, 0.2]),
            0.25,
        ),
        "ring": Data(ring_centres(10), torch.ones(10), 0.1),
        "disjoint": Data(torch.tensor([[-1.5, 1.0], [1.5, -1.0]]), torch.ones(2), 0.5, "square"),
    }


DATA = _data()


def drawing(cells):
    """Data from a drawing: `cells` are (column, row) from the lower left, 0 … 6, each filled evenly."""
    cells = sorted(set(cells))
    if not cells:
        raise ValueError("the drawing is empty: fill at least one cell")
    if not all(0 <= number < CELLS for cell in cells for number in cell):
        raise ValueError(f"a cell is a pair of numbers from 0 to {CELLS - 1}, got {cells}")
    half = EDGE / CELLS
    return Data((2 * torch.tensor(cells) + 1) * half - EDGE, torch.ones(len(cells)), half, "square")


class Phase(NamedTuple):
    """What has just happened within a turn; `z` and `real` are the batch in play."""

    caption: str
    z: torch.Tensor
    real: torch.Tensor | None = None
    arrows: bool = False


class Game:
    """Two small nets that play on points in the plane.

    `data`: a name in DATA or the result of `drawing`. `rate_g`, `rate_d`, `steps_g`, `steps_d` (steps a turn) and
    `loss` (a name in LOSSES) may be changed during the game; the rest belongs to its start. Raises ValueError for
    a value that makes no game.
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
            _check_choice("data", data, DATA)
        _check_choice("noise", noise, NOISES)
        _check_choice("loss", loss, LOSSES)
        for name, value in {
            "width_g": width_g,
            "width_d": width_d,
            "batch_size": batch_size,
        }.items():
            if not isinstance(value, int) or value < 1:
                raise ValueError(f"{name} must be a whole number from 1, got {value}")
        self.data = DATA[data] if isinstance(data, str) else data
        self._draw_noise, self.latent_dim = NOISES[noise]
        self.loss, self.rate_g, self.rate_d, self.steps_g, self.steps_d = (
            loss,
            rate_g,
            rate_d,
            steps_g,
            steps_d,
        )
        self.batch_size = batch_size
        self._random = torch.Generator().manual_seed(seed)
        with torch.random.fork_rng(
            devices=[]
        ):  # nets start from the global generator; it is put back
            torch.manual_seed(seed)
            self.G, self.D = _net(self.latent_dim, width_g, 2), _net(2, width_d, 1)
        self.D.append(nn.Flatten(0))  # scores [B]
        self.opt_G, self.opt_D = (
            torch.optim.Adam(net.parameters(), betas=(0.5, 0.99), fused=True)
            for net in (self.G, self.D)
        )
        # What is shown and measured has points of its own, always the same, so that it changes nothing in the game.
        aside = torch.Generator().manual_seed(seed + 1)
        self.shown_z, self.shown_real = self.noise(SAMPLES, aside), self.data.sample(SAMPLES, aside)
        self.history = training.History()
        self.kept, self.position = [], -1
        self.keep()

    def noise(self, count, generator=None):
        """z [count, latent_dim]."""
        return self._draw_noise(count, self.latent_dim, generator=generator or self._random)

    # Moves

    def phases(self):
        """Generator: one turn, a Phase at a time; between two of them somebody may look at the game."""
        self._begin()
        for _ in range(self.steps_d):
            real, z = self.data.sample(self.batch_size, self._random), self.noise(self.batch_size)
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
        self._step_d(self.data.sample(self.batch_size, self._random), self.noise(self.batch_size))
        self.keep()

    def play_g(self):
        """One step of G alone, then keep."""
        self._begin()
        self._step_g(self.noise(self.batch_size))
        self.keep()

    def _begin(self):
        """Check what a reader may have changed; forget a future that will not come."""
        _check_choice("loss", self.loss, LOSSES)
        for name, rate in {
            "G's learning rate": self.rate_g,
            "D's learning rate": self.rate_d,
        }.items():
            if not 0 < rate < math.inf:
                raise ValueError(f"{name} must be above 0 and finite, got {rate}")
        for name, steps in {
            "G's steps a turn": self.steps_g,
            "D's steps a turn": self.steps_d,
        }.items():
            if not isinstance(steps, int) or steps < 0:
                raise ValueError(f"{name} must be a whole number from 0, got {steps}")
        del self.kept[self.position + 1 :]
        for name, steps in self.history.steps.items():
            count = bisect.bisect_right(steps, self.history.step)
            del steps[count:], self.history.values[name][count:]
        self.history.step += 1

    def _step_d(self, real, z):
        start = time.perf_counter()
        self.opt_D.param_groups[0]["lr"] = self.rate_d
        self._record(
            training.discriminator_step(self.G, self.D, self.opt_D, real, z, LOSSES[self.loss]()),
            start,
        )
        if self.loss == "Wasserstein":
            losses.clip_weights(self.D, CLIP)

    def _step_g(self, z):
        start = time.perf_counter()
        self.opt_G.param_groups[0]["lr"] = self.rate_g
        self._record(
            training.generator_step(self.G, self.D, self.opt_G, z, LOSSES[self.loss]()), start
        )

    def _record(self, found, start):
        self.history.record(found)
        self.history.seconds += time.perf_counter() - start
        if not all(map(math.isfinite, found.values())):
            raise ValueError(
                "a loss is no longer a number: step back and choose a smaller learning rate"
            )

    # Back and forth

    def keep(self):
        """Keep nets, optimisers and random state as they are now; above KEPT, every second of the older ones goes."""
        self.kept.append(
            {
                "step": self.history.step,
                "random": self._random.get_state(),
                **{name: copy.deepcopy(part.state_dict()) for name, part in self._parts().items()},
            }
        )
        if len(self.kept) > KEPT:
            self.kept[1 : -KEPT // 2] = self.kept[1 : -KEPT // 2 : 2]
        self.position = len(self.kept) - 1

    def back(self):
        """Undo the last move, or a move that has not come to its end. Raises ValueError at the start."""
        unfinished = self.history.step != self.kept[self.position]["step"]
        if not unfinished and self.position == 0:
            raise ValueError("this is the start: there is no step to take back")
        self.go_to(self.position if unfinished else self.position - 1)

    def go_to(self, position):
        """The game as it was at a position of `kept`; the later ones stay until the next move."""
        state = self.kept[position]
        for name, part in self._parts().items():
            part.load_state_dict(
                copy.deepcopy(state[name])
            )  # an optimiser would go on working on what is kept
        self._random.set_state(state["random"])
        self.history.step, self.position = state["step"], position

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

        A Wasserstein critic has no probability: its scores, from the lowest of the plane as 0 to the highest as 1.
        """
        axis = (torch.arange(size) + 0.5) / size * 2 * EDGE - EDGE
        scores = self.D(torch.cartesian_prod(axis, axis)).view(size, size).T
        if self.loss != "Wasserstein":
            return scores.sigmoid()
        return (scores - scores.min()) / (scores.max() - scores.min()).clamp(min=1e-12)

    def arrows(self, points):
        """Where each of the points [B, 2] would have to go to lower G's loss: minus the gradient of its own loss."""
        points = points.detach().requires_grad_()
        loss = LOSSES[self.loss]().generator(fake=self.D(points))
        # Times their number: in the mean, a point has only its share.
        return -torch.autograd.grad(loss * len(points), points)[0]

    def push(self):
        """The length of the gradient of G's loss by all of G's weights: how hard D makes G learn."""
        loss = LOSSES[self.loss]().generator(fake=self.D(self.G(self.shown_z)))
        return nn.utils.get_total_norm(torch.autograd.grad(loss, list(self.G.parameters()))).item()

    def modes(self):
        """How many clouds hold at least one in a hundred of the fakes. None where more than ten touch each other."""
        return count_modes(self.fakes(), self.data) if len(self.data.centres) <= 10 else None

    def divergence(self):
        """The Jensen-Shannon divergence of real points and fakes, both counted on a grid of 20 × 20 cells."""
        return js_divergence(grid_counts(self.shown_real), grid_counts(self.fakes()))

    def note_divergence(self):
        """Put the divergence of this moment into the history, unless it is there."""
        noted = self.history.steps.get("divergence", [-1])
        if noted[-1] < self.history.step:
            self.history.record({"divergence": self.divergence()})


def count_modes(points, data):
    """How many of the clouds hold at least one in a hundred of the points [N, 2]; each point counts for the nearest."""
    distance, nearest = torch.cdist(points, data.centres).min(1)
    held = torch.bincount(nearest[distance <= data.reach], minlength=len(data.centres))
    return int((held >= len(points) / 100).sum())


def grid_counts(points, size=20):
    """How many points [N, 2] lie in each cell of the plane: [size, size], column first; those outside at its edge."""
    cell = ((points + EDGE) / (2 * EDGE) * size).long().clamp(0, size - 1)
    return torch.bincount(cell[:, 0] * size + cell[:, 1], minlength=size * size).view(size, size)


def js_divergence(p, q):
    """Jensen-Shannon divergence of two histograms of one shape, in nats: 0 where they agree, log 2 where no cell is
    in both."""
    p, q = (counts.double() / counts.sum() for counts in (p, q))
    middle = (p + q) / 2
    return (torch.xlogy(p, p / middle).nansum() + torch.xlogy(q, q / middle).nansum()).item() / 2


def bilinear(x, y, *, step, rounds, together=False):
    """The points of the game f(x, y) = x·y, in which x wants f small and y wants it large: rounds + 1 pairs.

    In each round y steps along its gradient x, then x against its gradient, the *new* y. `together`: both at once,
    from the old point.
    """
    points = [(x, y)]
    for _ in range(rounds):
        new_y = y + step * x
        x, y = x - step * (y if together else new_y), new_y
        points.append((x, y))
    return points


def _net(inputs, width, outputs):
    return nn.Sequential(
        nn.Linear(inputs, width),
        nn.LeakyReLU(0.2),
        nn.Linear(width, width),
        nn.LeakyReLU(0.2),
        nn.Linear(width, outputs),
    )


def _check_choice(name, value, choices):
    if value not in choices:
        raise ValueError(f"{name} must be one of {', '.join(choices)}, got {value!r}")
