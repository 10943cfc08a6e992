"""A generator as a description and numbers, which net.js runs in the page.

Nothing is asked of how a generator is written but this: it is a chain of layers, each of which gets
what the one before gave, perhaps in another shape; and the first gets z, and labels beside it. Both
are seen by running it once.
"""

import torch
import torch.nn.functional as F
from torch import nn

from gan_helpers import guesses, networks

PASSED = (nn.Flatten, nn.Unflatten, nn.Identity)  # move no number


class Numbers:
    """The weights of all layers in one row."""

    def __init__(self):
        self.parts = []
        self.count = 0

    def add(self, tensor):
        """Where the numbers of a tensor lie: (start, length)."""
        numbers = tensor.detach().float().flatten()
        start = self.count
        self.parts.append(numbers)
        self.count += len(numbers)
        return start, len(numbers)

    def bytes(self):
        return torch.cat(self.parts).numpy().tobytes()


def describe(generator, conditional):
    """What net.js needs of a generator in eval mode: a description (dict) and numbers (bytes).

    Raises TypeError for a layer, or a way from layer to layer, that the page does not know.
    """
    labels = torch.rand(3, 10, generator=torch.Generator().manual_seed(1)) if conditional else None
    z = networks.noise(3, generator.latent_dim, seed=0)
    calls, images = _run(generator, [z] if labels is None else [z, labels])
    choice, rest, labels = _choose(generator, z, labels)
    order, factor = _order(calls[0][1], rest, labels)
    numbers = Numbers()
    layers = []
    before = calls[0][1]
    for layer, given, made in calls:
        if given.numel() != before.numel() or not torch.equal(given.flatten(), before.flatten()):
            raise TypeError(f"the page cannot follow what comes between two layers, before {layer}")
        layers += _layers(layer, given, made, numbers)
        before = made
    if not torch.equal(before.flatten(), images.flatten()):
        raise TypeError("the page cannot follow what comes after a generator's last layer")
    net = {"choice": choice, "order": order, "labelFactor": factor, "layers": layers}
    return net, numbers.bytes()


def _run(generator, inputs):
    """The calls of its layers, [(layer, input, output)] in their order, and the images."""
    calls = []

    def note(layer, given, made):
        calls.append((layer, given[0].clone(), made.clone()))  # one may work in place

    leaves = [module for module in generator.modules() if not list(module.children())]
    hooks = [leaf.register_forward_hook(note) for leaf in leaves]
    try:
        images = networks.sample(generator, *inputs)
    finally:
        for hook in hooks:
            hook.remove()
    return calls, images


def _choose(generator, z, labels):
    """The shares of the kinds that z chooses (list), the rest of z, and the labels."""
    shares = []
    if isinstance(generator, guesses.ChoosingGenerator):
        shares = generator.shares
        kinds = generator.choose(z[:, : len(shares)])
    elif kinds_count := getattr(generator, "kinds", 0):
        shares = torch.ones(kinds_count)
        kinds = z[:, :kinds_count].argmax(1)
    if len(shares) == 0:
        return [], z, labels
    return shares.tolist(), z[:, len(shares) :], F.one_hot(kinds, len(shares)).float()


def _order(first_input, z, labels):
    """How the first layer's input is made of z and labels: their names in order, and a factor."""
    if labels is None:
        if torch.equal(first_input, z):
            return ["z"], 1
    elif first_input.shape[1] == z.shape[1] + labels.shape[1]:
        factor = round((first_input.sum() - z.sum()).item() / labels.sum().item(), 3)
        parts = {"z": z, "labels": factor * labels}
        for order in (["z", "labels"], ["labels", "z"]):
            if torch.allclose(first_input, torch.cat([parts[name] for name in order], 1)):
                return order, factor
    raise TypeError("the page cannot follow how this generator puts z and labels together")


def _layers(layer, given, made, numbers):
    """What the page needs of a layer: a list of dicts, empty where it moves no number."""
    match layer:
        case nn.Linear():
            product = {"kind": "dense", "inputs": layer.in_features, "outputs": layer.out_features}
            product["numbers"] = {"weight": numbers.add(layer.weight)}
            return [product, *_bias(layer, numbers)]
        case nn.Conv2d() | nn.ConvTranspose2d():
            return [_convolution(layer, given, made, numbers), *_bias(layer, numbers)]
        case nn.BatchNorm1d() | nn.BatchNorm2d():
            factor = layer.weight / (layer.running_var + layer.eps).sqrt()
            return [_per_channel(factor, layer.bias - factor * layer.running_mean, numbers)]
        case nn.LeakyReLU():
            return [{"kind": "leakyReLU", "slope": layer.negative_slope, "numbers": {}}]
        case nn.PixelShuffle():
            place = {"factor": layer.upscale_factor, "from": given.shape[2:]}
            return [{"kind": "pixelShuffle", "numbers": {}, **place}]
        case nn.Tanh():
            return [{"kind": "tanh", "numbers": {}}]
        case _ if isinstance(layer, PASSED):
            return []
    raise TypeError(f"the page knows no layer {layer}: add it to page_net.py and net.js")


def _bias(layer, numbers):
    if layer.bias is None:
        return []
    return [_per_channel(torch.ones_like(layer.bias), layer.bias, numbers)]


def _per_channel(factor, summand, numbers):
    places = {"factor": numbers.add(factor), "summand": numbers.add(summand)}
    return {"kind": "perChannel", "numbers": places}


def _convolution(layer, given, made, numbers):
    settings = {
        "kernel_size": layer.kernel_size[0],
        "stride": layer.stride[0],
        "padding": layer.padding[0],
    }
    usual = all(getattr(layer, name) == (number, number) for name, number in settings.items())
    if not usual or layer.dilation != (1, 1) or layer.groups != 1:
        raise TypeError(f"the page knows square convolutions without groups only, got {layer}")
    is_transposed = isinstance(layer, nn.ConvTranspose2d)
    # One product makes each layer: [outputs, inputs · taps], or [outputs · taps, inputs].
    weight = layer.weight.flatten(1).T if is_transposed else layer.weight
    return {
        "kind": "transposedConvolution" if is_transposed else "convolution",
        "inputs": layer.in_channels,
        "outputs": layer.out_channels,
        "size": settings["kernel_size"],
        "stride": settings["stride"],
        "padding": settings["padding"],
        "from": given.shape[2:],
        "to": made.shape[2:],
        "numbers": {"weight": numbers.add(weight.contiguous())},
    }
