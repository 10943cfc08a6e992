"""What a call must leave as it was: arguments, nets, and what belongs to the whole program.

Each such thing is an `Aspect`: how to read it, how to put it back, and what to tell the reader.
"""

import random
import warnings
from typing import NamedTuple

import numpy
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

    aspects = [
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
            f"{name} is left frozen: its weights take no gradients any more",
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


def memory_of(function):
    """What a function can keep from call to call, as an Aspect: containers and its own attributes.

    These are its default arguments, attributes, closure, and the global names that it mentions.
    """

    def read():
        code = getattr(function, "__code__", None)
        if code is None:  # no Python function
            return None
        names = names_in(code)
        kept = [function.__globals__[name] for name in names if name in function.__globals__]
        kept += [cell.cell_contents for cell in function.__closure__ or () if _is_filled(cell)]
        kept += [function.__defaults__, function.__kwdefaults__, dict(vars(function))]
        return [_glance(value) for value in kept]

    return Aspect(
        read,
        lambda old: None,
        "it keeps something from call to call",
        "the result depends on the arguments alone: no global, no default argument that grows",
        is_early=True,
    )


LONGEST_LOOK = 1000  # parts of a container; of a longer one, its length tells


def _glance(value):
    """What tells whether a value was changed, without a copy of what may be a data set."""
    if isinstance(value, torch.Tensor):
        return id(value), value._version
    if isinstance(value, list | dict | set | tuple):
        if len(value) > LONGEST_LOOK:
            return id(value), len(value)
        parts = value.items() if isinstance(value, dict) else value
        return type(value).__name__, [_glance(part) for part in parts]
    return value if isinstance(value, int | float | str) else id(value)


def _is_filled(cell):
    try:
        return cell.cell_contents is not None
    except ValueError:
        return False


def names_in(code):
    """The global names (list) that a code object mentions, those of functions inside it too."""
    if code is None:
        return []
    names = list(code.co_names)
    for constant in code.co_consts:
        if hasattr(constant, "co_names"):
            names += names_in(constant)
    return names


def switches(draws):
    """What belongs to the whole program, as a list of Aspect."""
    kept = [
        Aspect(
            torch.is_grad_enabled,
            torch.set_grad_enabled,
            "autograd is switched off or on for good",
            "`with torch.no_grad():` ends by itself",
            is_early=True,
        ),
        Aspect(
            torch.get_default_dtype,
            torch.set_default_dtype,
            "torch's default type of numbers is another one afterwards",
            "give a dtype to the tensor that needs it",
            is_early=True,
        ),
        Aspect(
            lambda: ("ignore", None, Warning, None, 0) in warnings.filters,
            lambda old: None,
            "it silences warnings for good",
            "mend what is warned of, or use `with warnings.catch_warnings():`",
        ),
        Aspect(
            numpy.geterr,
            lambda old: numpy.seterr(**old),
            "it switches NumPy's warnings off for good",
            "`with numpy.errstate(…):` ends by itself",
        ),
        Aspect(
            torch.initial_seed,
            lambda old: None,
            "it sets the seed of all random numbers",
            "with a seed inside, each call would draw the same, and so would all else",
            is_early=True,
        ),
    ]
    if draws:
        return kept
    hint = (
        "the result depends on the arguments alone, and these numbers belong to the whole program"
    )
    of_others = "it draws or seeds the random numbers of"
    return [
        *kept,
        Aspect(
            torch.get_rng_state, torch.set_rng_state, "it draws random numbers", hint, is_early=True
        ),
        Aspect(random.getstate, random.setstate, f"{of_others} Python", hint, is_early=True),
        Aspect(
            numpy.random.get_state,
            numpy.random.set_state,
            f"{of_others} NumPy",
            hint,
            is_early=True,
        ),
    ]
