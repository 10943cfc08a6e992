"""Digits that follow sliders. Lessons get it as `widgets.sampler`.

A slider's handle has no name for a screen reader in ipywidgets; so beside each stands a number
field that has one.
"""

from pathlib import Path

import ipywidgets
import torch
from traitlets import link

from gan_helpers import judges, networks, plots
from gan_helpers.widgets import live

LARGEST = 10  # a sheet has at most this many pictures a side
MOST = LARGEST**2
EACH = "each in turn"


class Sampler(live.LiveBox):
    """Digits that follow sliders; the last line of a cell shows it.

    `generator`: a net with `latent_dim` as lessons train them; left out, a trained one of the
    course. Where it is trained on, the next change of a control shows what it draws by then.
    `conditional`: the generator takes one-hot labels [N, 10] behind z.

    Controls are attributes; `images` [N, 1, 28, 28] is what the sheet shows. Raises TypeError for
    a generator without latent_dim, ValueError for one with labels that is not called conditional.
    """

    def __init__(self, generator=None, *, conditional=False):
        if generator is None:
            generator = networks.trained_generator(conditional=conditional)
        _check_generator(generator, conditional)
        self.generator = generator
        self.conditional = conditional
        self._directions = _directions(generator, conditional)
        controls = [
            *self._noise_controls(),
            *self._direction_controls(),
            *self._label_controls(),
            *self._walk_controls(),
        ]
        self.sheet = live.picture()
        self.text = ipywidgets.HTML()
        super().__init__([live.row([ipywidgets.VBox(controls), self.sheet]), self.text])

    def figure(self):
        """The sheet as a matplotlib Figure, for `plots.show`."""
        self._catch_up()
        return plots.image_grid(self.images, columns=self.size.value)

    # The controls: each of these gives a list of widgets

    def _noise_controls(self):
        self.seed = self._field("seed", 0, 0, 2**31 - 1)
        self.size = self._field("grid size", 6, 1, LARGEST)
        self.judge = self._observed(
            ipywidgets.Checkbox(False, description="ask the judge", indent=False)
        )
        self.new_noise = self._button("New noise", "Take the next seed", self._next_seed)
        self.save = self._button("Save sheet", "Write the sheet as a PNG file", self._save)
        return [self.seed, self.size, self.judge, ipywidgets.HBox([self.new_noise, self.save])]

    def _direction_controls(self):
        numbers = range(1, len(self._directions) + 1)
        self.sliders = [self._slider(f"direction {number}", 0.0, -4, 4) for number in numbers]
        self.truncation = self._slider("truncation", 1.0, 0, 1.5)
        return [_with_number(slider) for slider in (*self.sliders, self.truncation)]

    def _label_controls(self):
        if not self.conditional:
            return []
        digits = list(range(10))
        self.digit = self._observed(
            ipywidgets.Dropdown(options=[EACH, *digits], description="digit")
        )
        self.other = self._observed(
            ipywidgets.Dropdown(options=digits, value=8, description="mixed with")
        )
        self.share = self._slider("share", 0.0, 0, 1)
        return [self.digit, self.other, _with_number(self.share)]

    def _walk_controls(self):
        """To walk from one picture of the sheet to another: they are counted row by row."""
        self.first = self._field("walk from", 1, 1, MOST)
        self.last = self._field("to picture", 2, 1, MOST)
        self.walk = self._slider("how far", 0.5, 0, 1)
        self.walked = live.picture()
        return [self.first, self.last, _with_number(self.walk), self.walked]

    def _field(self, name, value, low, high):
        return self._observed(ipywidgets.BoundedIntText(value, min=low, max=high, description=name))

    def _observed(self, control):
        control.layout.width = "200px"
        control.observe(self._changed, "value")
        return control

    def _slider(self, name, value, low, high):
        slider = ipywidgets.FloatSlider(
            value,
            min=low,
            max=high,
            step=0.05,
            description=name,
            readout=False,
            # Without a loop each value is drawn at once: then not those on the way.
            continuous_update=live.running_loop() is not None,
        )
        slider.observe(self._changed, "value")
        return slider

    def _button(self, name, tooltip, action):
        button = ipywidgets.Button(description=name, tooltip=tooltip)
        button.on_click(lambda _button: self._attempt(action))
        return button

    # The pictures

    def _draw(self):
        inputs = self._inputs()
        count = len(inputs[0])
        # Those that the sheet has: it may be smaller than the numbers asked for.
        first = min(self.first.value, count) - 1
        last = min(self.last.value, count) - 1
        way = torch.tensor([0, self.walk.value, 1]).unsqueeze(1)  # start, here, end: [3, 1]
        with_walk = [torch.cat([part, part[first].lerp(part[last], way)]) for part in inputs]
        images = networks.sample(self.generator, *with_walk)  # [count + 3, 1, 28, 28]
        self.images = images[:count]
        self._show_sheet()
        self._show_walk(images[count:], first, last)
        self.text.value = live.text(f"Picture: {self.sheet.tooltip} Larger: {self.walked.tooltip}")

    def _inputs(self):
        """What the generator gets for the sheet: z [N, latent_dim], and labels [N, 10] if any."""
        count = self.size.value**2
        # Always as much noise as the largest sheet needs: so another size keeps the pictures.
        noise = networks.noise(MOST, self.generator.latent_dim, self.seed.value)[:count]
        steps = torch.tensor([slider.value for slider in self.sliders])
        z = self.truncation.value * noise + steps @ self._directions
        if not self.conditional:
            return [z]
        if self.digit.value == EACH:
            digits = torch.arange(count) % 10
        else:
            digits = torch.full((count,), self.digit.value)
        one_hot = torch.eye(10)
        labels = one_hot[digits].lerp(one_hot[self.other.value], self.share.value)
        return [z, labels]

    def _show_sheet(self):
        captions = []
        reading = ""
        if self.judge.value:
            captions, reading = _read(self.images)
        self._sheet = plots.sheet(self.images, self.size.value, scale=2, captions=captions)
        self.sheet.value = plots.png(self._sheet)
        words = f"{len(self.images)} samples, seed {self.seed.value}. {reading}"
        self.sheet.tooltip = words.strip()

    def _show_walk(self, images, first, last):
        self.walked.value = plots.png(plots.sheet(images, 3, scale=3))
        self.walked.tooltip = (
            f"Picture {first + 1} on the left, picture {last + 1} on the right, between them "
            f"what lies {self.walk.value:.0%} of the way. Pictures are counted row by row."
        )

    # What the buttons do

    def _next_seed(self):
        self.seed.value = 0 if self.seed.value == self.seed.max else self.seed.value + 1

    def _save(self):
        number = 1
        while (path := Path(f"digits-{number}.png")).exists():  # nothing is overwritten
            number += 1
        path.write_bytes(plots.png(self._sheet))
        self.text.value = live.text(f"Saved as {path} in the folder {Path.cwd()}.")


def _check_generator(generator, conditional):
    if not hasattr(generator, "latent_dim"):
        raise TypeError(
            "the generator must have an attribute latent_dim: set it to the length of z; of "
            "averaged weights give .module"
        )
    if getattr(generator, "classes", 0) and not conditional:
        raise ValueError("this generator takes labels: add conditional=True")


def _directions(generator, conditional):
    """The directions of the sliders, [4, latent_dim]."""
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
        f"{live.digit_counts(digits)} It is least sure of picture {least + 1}: "
        f"a {digits[least]}, {shares[least]:.0%}."
    )
    return captions, sentence


def _with_number(slider):
    """A slider behind a number field that takes over its description, and its value both ways."""
    number = ipywidgets.BoundedFloatText(
        slider.value,
        min=slider.min,
        max=slider.max,
        step=slider.step,
        description=slider.description,
        layout={"width": "160px"},
    )
    slider.description = ""
    slider.layout = {"width": "180px"}
    link((number, "value"), (slider, "value"))
    return ipywidgets.HBox([number, slider])
