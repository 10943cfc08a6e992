"""Digits that follow controls. Lessons get it as `widgets.sampler`."""

import re

import torch
import traitlets

from gan_helpers import data, judges, metrics, networks, plots
from gan_helpers.widgets import page, page_net
from gan_helpers.widgets.live import digit_counts

LARGEST = 10  # a sheet has at most this many pictures a side
MOST = LARGEST**2
EACH = -1  # the digit "each in turn"
SEED, SHARE, DIRECTION = (0, 2**31 - 1, 1), (0, 1, 0.05), (-4, 4, 0.05)
CONTROLS = {  # name: start, lowest, highest, step
    "seed": (0, *SEED),
    "grid": (6, 1, LARGEST, 1),
    "truncation": (1, 0, 1.5, 0.05),
    **{f"direction {number}": (0, *DIRECTION) for number in range(1, 5)},
    "walk from": (1, 1, MOST, 1),
    "walk to": (2, 1, MOST, 1),
    "how far": (0.5, 0, 1, 0.02),
}
LABELS = {"digit": (EACH, EACH, 9, 1), "mixed with": (8, 0, 9, 1), "share": (0, *SHARE)}


class Sampler(page.Hinted, page.PagePart):
    """Digits that follow controls; the last line of a cell shows it. sampler.js draws it.

    `generator`: a net with `latent_dim` as lessons train them, or a dict of names to two or more of
    them, which get the same z; left out, a trained one of the course. Where one is trained on, the
    next change of a control asks for its new weights. `conditional`: the generator takes one-hot
    labels [N, 10] behind z.

    `state` says where the controls stand; `z`, `labels` and `images` are what it stands for.
    Raises TypeError for a generator without latent_dim and for one that net.js cannot run,
    ValueError for one with labels that is not called conditional.
    """

    FILES = ("net", "noise", "png", "page", "sampler_state", "sampler")
    _esm = page.module(*FILES)
    _css = page.STYLE
    state = traitlets.Dict().tag(sync=True)  # {name of a control: number}
    controls = traitlets.List().tag(sync=True)
    names = traitlets.List().tag(sync=True)  # of the generators
    nets = traitlets.List().tag(sync=True)  # as page_net describes them
    weights = traitlets.List().tag(sync=True)  # bytes a net
    directions = traitlets.List().tag(sync=True)  # lists of latent_dim numbers
    latent_dim = traitlets.Int().tag(sync=True)
    most = traitlets.Int(MOST).tag(sync=True)
    conditional = traitlets.Bool().tag(sync=True)

    def __init__(self, generator=None, *, conditional=False):
        if generator is None:
            generator = networks.trained_generator(conditional=conditional)
        generators = generator if isinstance(generator, dict) else {"": generator}
        for one in generators.values():
            _check_generator(one, conditional)
        lengths = {name: one.latent_dim for name, one in generators.items()}
        if len(set(lengths.values())) > 1:
            each = ", ".join(f"{name} {length}" for name, length in lengths.items())
            raise ValueError(f"generators side by side need z of one length, got {each}")
        self.generators = generators
        first = next(iter(generators.values()))
        table = CONTROLS | (LABELS if conditional else {})
        nets, weights = _described(generators, conditional)
        super().__init__(
            state={name: row[0] for name, row in table.items()},
            controls=[
                dict(zip(("name", "start", "low", "high", "step"), (name, *row), strict=True))
                for name, row in table.items()
            ],
            names=list(generators),
            nets=nets,
            weights=weights,
            directions=_directions(first, conditional).tolist(),
            latent_dim=first.latent_dim,
            conditional=conditional,
        )
        self.on_msg(self._answer)

    # Where it stands

    def set(self, **values):
        """Set controls: their names with _ for a space, such as direction_1=2.5.

        Raises ValueError for another name, and for a number out of the control's range.
        """
        controls = {row["name"]: row for row in self.controls}
        named = {name.replace("_", " "): value for name, value in values.items()}
        for name, value in named.items():
            if name not in controls:
                raise ValueError(f"there is no control {name}, but {', '.join(controls)}")
            row = controls[name]
            if not row["low"] <= value <= row["high"]:
                limits = f"{row['low']} and {row['high']}"
                raise ValueError(f"{name} must lie between {limits}, got {value}")
            if row["step"] == 1 and value != int(value):
                raise ValueError(f"{name} must be a whole number, got {value}")
        self.state = self.state | named

    @property
    def line(self):
        """What was changed, as one line, such as "seed 3 · direction 1 = 2.5"."""
        starts = {row["name"]: row["start"] for row in self.controls}
        return " · ".join(
            f"{name}{' =' if name[-1].isdigit() else ''} {value}"
            for name, value in self.state.items()
            if value != starts[name]
        )

    def restore(self, line):
        """Put everything back as a `line` says, of this sampler or another. Raises ValueError."""
        values = {row["name"]: row["start"] for row in self.controls}
        for words in filter(None, (part.strip() for part in line.split("·"))):
            setting = re.fullmatch(r"(.*?)(?:\s*=\s*|\s+)(-?\d+(\.\d+)?)", words)
            if not setting:
                raise ValueError(f'"{words}" is no setting: write a name and a number')
            name, number, fraction = setting.groups()
            values[name] = float(number) if fraction else int(number)
        self.set(**values)

    @property
    def z(self):
        """Noise [N, latent_dim] of the sheet."""
        noise = networks.noise(MOST, self.latent_dim, self.state["seed"])[: self.state["grid"] ** 2]
        steps = torch.tensor([float(self.state[f"direction {number}"]) for number in range(1, 5)])
        return self.state["truncation"] * noise + steps @ torch.tensor(self.directions)

    @property
    def labels(self):
        """Labels [N, 10] of the sheet; None where the generator takes none."""
        if not self.conditional:
            return None
        count = self.state["grid"] ** 2
        digits = torch.arange(count) % 10
        if self.state["digit"] != EACH:
            digits = torch.full((count,), self.state["digit"])
        one_hot = torch.eye(10)
        return one_hot[digits].lerp(one_hot[self.state["mixed with"]], self.state["share"])

    @property
    def images(self):
        """The sheet [N, 1, 28, 28]; of several generators a dict of names to sheets."""
        sheets = {name: self._sheet(G) for name, G in self.generators.items()}
        return sheets if len(sheets) > 1 else next(iter(sheets.values()))

    def figure(self):
        """The first generator's sheet as a matplotlib Figure, for `plots.show`."""
        first = next(iter(self.generators.values()))
        return plots.image_grid(self._sheet(first), columns=self.state["grid"])

    def _sheet(self, generator):
        inputs = [self.z, self.labels] if self.conditional else [self.z]
        return networks.sample(generator, *inputs)

    # What the page asks for

    def _answer(self, _sampler, message, _buffers):
        if message["want"] == "weights":
            _nets, self.weights = _described(self.generators, self.conditional)
        else:
            self.send(self._judge())

    def _judge(self):
        """What the judge reads, and the real digit that is nearest to where the walk starts."""
        sheets = [self._sheet(generator) for generator in self.generators.values()]
        readings, sentences = zip(*map(_read, sheets), strict=True)
        number = min(self.state["walk from"], len(sheets[0])) - 1
        place, distance = metrics.nearest_train(sheets[0][number : number + 1])
        nearest = data.to_tanh_range(data.mnist("train")[0][place])
        words = (
            f"Below the walk, the training digit nearest to picture {number + 1}, at a distance of "
            f"{distance.item():.1f}."
        )
        return {
            "readings": readings,
            "nearest": nearest.flatten().tolist(),
            "words": " ".join([*sentences, words]),
        }


def _check_generator(generator, conditional):
    if not hasattr(generator, "latent_dim"):
        raise TypeError(
            "the generator must have an attribute latent_dim: set it to the length of z; of "
            "averaged weights give .module"
        )
    if getattr(generator, "classes", 0) and not conditional:
        raise ValueError("this generator takes labels: add conditional=True")


def _described(generators, conditional):
    """Descriptions and bytes, two lists, of the generators (dict), as net.js needs them."""
    described = [page_net.describe(generator, conditional) for generator in generators.values()]
    return [net for net, _weights in described], [weights for _net, weights in described]


def _directions(generator, conditional):
    """The directions of the controls, [4, latent_dim]."""
    z = networks.noise(64, generator.latent_dim, seed=0)
    if not conditional:
        return networks.directions(generator, z)
    every_digit = torch.eye(10)[torch.arange(len(z)) % 10]
    return networks.directions(generator, z, every_digit)


def _read(images):
    """What the judge reads: a caption for each of the images, and a sentence for all."""
    _features, logits = judges.read(judges.load(), images)
    shares, digits = logits.softmax(1).max(1)
    captions = [
        f"{digit}  {share:.0%}"
        for digit, share in zip(digits.tolist(), shares.tolist(), strict=True)
    ]
    least = shares.argmin().item()
    sentence = (
        f"{digit_counts(digits)} It is least sure of picture {least + 1}: "
        f"a {digits[least]}, {shares[least]:.0%}."
    )
    return captions, sentence
