"""What a call must leave as it was: arguments and nets (the rest is in `program`).

Each such thing is an `Aspect`: how to read it, how to put it back, and what to tell the reader.
"""

from typing import NamedTuple

import torch
from torch import nn

from gan_helpers.checks.values import copied


class Aspect(NamedTuple):
    """One thing that must be the same after a call as before."""

    read: object  # () -> its value now, as a copy
    put_back: object  # (value) -> None
    reason: str
    hint: str
    is_early: bool = False  # told before anything else, since it may be behind a wrong value


def aspects_of(name, value, trains, changes):
    """What must stay of an argument: a list of Aspect. `name` is how a reader knows it."""
    if isinstance(value, torch.Tensor):
        return _of_tensor(name, value)
    if isinstance(value, nn.Module):
        return _of_net(name, value, trains, changes)
    if isinstance(value, list | dict):
        return [
            Aspect(
                lambda: copied(value),
                lambda old: _refill(value, old),
                f"{name} is changed, which belongs to the caller",
                "make a new one: sorted() and list() do, .sort(), .pop() and += do not, nor "
                "does an operation that ends in _ on a tensor in it",
                is_early=True,
            )
        ]
    return []


def _refill(value, old):
    value.clear()
    if isinstance(value, dict):
        value.update(old)
    else:
        value.extend(old)


def _of_tensor(name, tensor):
    def put_back(old):
        if tensor.shape == old.shape:
            tensor.data.copy_(old)  # through .data, so that graphs do not notice
        else:
            tensor.data = old

    def switch(old):
        if tensor.is_leaf:
            tensor.requires_grad_(old)
        else:
            tensor.detach_()

    def keep_gradient(old):
        tensor.grad = old

    return [
        Aspect(
            lambda: tensor.detach().clone(),
            put_back,
            f"{name} is changed, which belongs to the caller",
            "make a new tensor, or clone() first: operations that end in _ and += change it",
            is_early=True,
        ),
        Aspect(
            lambda: tensor.requires_grad,
            switch,
            f"{name} asked for gradients before, and does not afterwards"
            if tensor.requires_grad
            else f"{name} asks for gradients afterwards",
            "leave requires_grad alone: what comes in has it where a net learns through it; for a "
            "gradient of your own, .detach().requires_grad_() is another tensor",
        ),
        Aspect(
            lambda: copied(tensor.grad) if tensor.is_leaf else None,
            keep_gradient,
            f"it leaves a gradient in {name}",
            "torch.autograd.grad(number, x) gives the gradient and stores none; backward() stores",
        ),
    ]


def _of_net(name, net, trains, changes):
    def set_modes(old):
        for part, mode in zip(net.modules(), old, strict=True):
            part.training = mode

    def set_learning(old):
        for weight, learns in zip(net.parameters(), old, strict=True):
            weight.requires_grad_(learns)

    def set_gradients(old):
        for weight, gradient in zip(net.parameters(), old, strict=True):
            weight.grad = gradient

    def set_dtypes(old):
        for weight, dtype in zip(net.parameters(), old, strict=True):
            weight.data = weight.data.to(dtype)

    def set_hooks(old):
        for hooks, kept in zip(_hooks_of(net), old, strict=True):
            hooks.clear()
            hooks.update(kept)

    aspects = [
        Aspect(
            lambda: [dict(hooks) for hooks in _hooks_of(net)],
            set_hooks,
            f"it leaves a hook on {name}",
            "handle.remove() takes it away; here none is needed",
        ),
        Aspect(
            lambda: [weight.dtype for weight in net.parameters()],
            set_dtypes,
            f"{name}'s weights have another type of numbers afterwards",
            "they belong to the caller: .double() and .half() change a net in place",
            is_early=True,
        ),
        Aspect(
            lambda: [part.training for part in net.modules()],
            set_modes,
            f"{name} is in another mode afterwards",
            "remember its .training before, and put it back with .train(…), before `return`",
        ),
        Aspect(
            lambda: [weight.requires_grad for weight in net.parameters()],
            set_learning,
            f"{name} is left frozen, or thawed: other weights take gradients than before",
            "put it back at the end; torch.autograd.grad(number, x) leaves none in weights anyway",
        ),
    ]
    if not trains:
        aspects.append(
            Aspect(
                lambda: [copied(weight.grad) for weight in net.parameters()],
                set_gradients,
                f"it leaves other gradients in {name} than there were",
                "torch.autograd.grad(number, x) in place of .backward(), which leaves gradients "
                "everywhere; and zero_grad() takes away what may be needed",
            )
        )
    if not trains and not changes:
        aspects.append(
            Aspect(
                lambda: copied(dict(net.state_dict())),
                net.load_state_dict,
                f"{name} is changed",
                "nothing here trains: no optimiser's step, no operation that ends in _, and in "
                "eval mode BatchNorm stops counting",
            )
        )
    return aspects


def _hooks_of(net):
    """The dicts of hooks of a net and of the nets within it."""
    kinds = ("_forward_hooks", "_forward_pre_hooks", "_backward_hooks")
    return [getattr(part, kind) for part in net.modules() for kind in kinds]


def give_gradients(net):
    """Put gradients into half of the weights that have none; returns what takes them away again.

    So a call that removes gradients is noticed, and one that does something for those alone.
    """
    bare = [weight for weight in net.parameters() if weight.grad is None][::2]
    for weight in bare:
        weight.grad = torch.full_like(weight, 0.25)

    def remove():
        for weight in bare:
            weight.grad = None

    return remove
