"""Check of lesson 09 · Wasserstein GAN, exercise 5: the critic's parameters within limits."""

import inspect

import torch
from torch import nn

from gan_helpers.checks import check, near, wrong_if
from gan_helpers.checks.program import names_in
from gan_helpers.checks.wording import described


def _critic():
    """A net with BatchNorm and layers inside others, its parameters from -0.5 to about 0.8."""
    critic = nn.Sequential(
        nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Sequential(nn.Linear(4, 2), nn.Linear(2, 1))
    )
    with torch.no_grad():
        for number, parameter in enumerate(critic.parameters()):
            values = torch.linspace(-0.5, 0.7, parameter.numel()).view_as(parameter)
            parameter.copy_(values + 0.01 * number)
        critic[2][1].bias.fill_(0.6)
    critic[0].bias.grad = torch.full((4,), 0.25)  # so not just the weights, or biases, have one
    return critic


@check(changes=True)
def clip_critic(answer):
    """answer(critic, c): every parameter into [-c, c], in place."""
    for c in (0.2, 0.05):
        critic = _critic().train(c == 0.2)
        critic[2][0].weight.requires_grad_(c == 0.2)  # it is clipped, frozen or not
        held = dict(critic.named_parameters())
        before = {name: parameter.detach().clone() for name, parameter in held.items()}
        try:
            returned = answer(critic, c)
        except RuntimeError as error:
            text = str(error).splitlines()[0].rstrip(".")
            for part, hint in STOPS.items():
                yield part not in text, f"torch stops it: {text}", hint
            raise
        yield (
            returned is None,
            f"it returns {type(returned).__name__}",
            "nothing: it works in place",
        )
        after = dict(critic.named_parameters())
        yield (
            all(after[name] is parameter for name, parameter in held.items()),
            "the critic has new parameters",
            "the optimiser still holds the old ones: in place, clamp_",
        )
        yield from _some_change(answer, after, before)
        yield from _limits(after, before, c)
        yield from _each_is_reached(critic, before, c)
        yield from _single_values(after, before, c)
        yield from _what_else_changes(answer, critic)
        with torch.no_grad():
            critic[0].weight.fill_(3.0)
        answer(critic, c)
        yield (
            near(critic[0].weight, torch.full((4, 3), c)),
            "a second call on the same critic leaves weights of 3 as they are",
            "clip in each call, whatever was done before",
        )

    critic = _OwnCritic()
    before = {name: parameter.detach().clone() for name, parameter in critic.named_parameters()}
    answer(critic, 0.1)
    for name, parameter in critic.named_parameters():
        yield (
            near(parameter, before[name].clamp(-0.1, 0.1)),
            f"in a critic with parameters of its own, `{name}` becomes {described(parameter)}",
            "critic.parameters() has them all, whatever the kind of net, and none ends the loop",
        )


class _OwnCritic(nn.Module):
    """A critic that is no Sequential, with parameters beside its layers."""

    def __init__(self):
        super().__init__()
        self.inside = nn.Parameter(torch.tensor([0.01, -0.02]))
        self.layer = nn.Linear(3, 2)
        self.gain = nn.Parameter(torch.tensor([2.0, -3.0]))


STOPS = {  # part of what torch says: hint
    "leaf Variable": "a parameter may be changed in place only under torch.no_grad()",
    "can't be cast": "state_dict() also holds BatchNorm's counter, which is no parameter: "
    "critic.parameters()",
}


def _some_change(answer, after, before):
    """Lines for an answer after which all parameters are as before."""
    nothing = all(torch.equal(after[name], before[name]) for name in before)
    yield wrong_if(
        nothing and _gradients_have_changed(answer),
        "the parameters are as before, and their gradients have changed",
        "clip the parameters themselves: clamp_(-c, c) on each",
    )
    code = getattr(inspect.unwrap(answer.function), "__code__", None)
    names = set(names_in(code)) - {"requires_grad_"}
    works_in_place = any(name.endswith("_") and not name.endswith("__") for name in names)
    yield wrong_if(
        nothing and works_in_place,
        "nothing has changed in the critic",
        "a for loop over critic.parameters() itself: a copy, a generator or map() that nobody "
        "runs, an iterator that was walked before, or recurse=False leaves all as it is",
    )
    yield wrong_if(
        nothing, "nothing has changed", "clamp makes a new tensor; clamp_ works in place"
    )


def _gradients_have_changed(answer):
    return any("other gradients" in reason for reason, _ in answer.traces)


def _each_is_reached(critic, before, c):
    """Lines about parameters that are as before, though numbers of theirs lie outside -c to c."""
    after = dict(critic.named_parameters())
    left = [name for name in before if torch.equal(after[name], before[name])]
    if not left:
        return
    biases = [name for name in before if name.endswith("bias")]
    inner = [name for name in before if name.startswith("2")]
    yield wrong_if(left == biases, "the biases are left out", "critic.parameters() has them all")
    yield wrong_if(
        left == inner,
        "the layers inside another layer are left out",
        "critic.parameters() reaches every layer, also those inside others",
    )
    layer, _, kind = left[0].rpartition(".")
    number = before[left[0]].max()
    yield (
        False,
        f"parameters left as they are: {len(left)} of {len(before)}; the first is the {kind} of "
        f"layer {layer} ({type(critic.get_submodule(layer)).__name__}), whose {number:.3g} is "
        f"still {number:.3g} with c = {c}",
        "every one in critic.parameters(), to the last (no return in the loop): of any kind of "
        "layer, frozen or not, with a gradient or without",
    )


def _limits(after, before, c):
    """Lines about other limits than -c and c."""
    low = min(parameter.min() for parameter in after.values())
    high = max(parameter.max() for parameter in after.values())
    yield wrong_if(
        high > c and _all_clipped(after, before, -c, None),
        "there is no upper limit",
        "clamp_(-c, c) has two",
    )
    yield wrong_if(
        low < -c and _all_clipped(after, before, None, c),
        "there is no lower limit",
        "clamp_(-c, c) has two",
    )
    yield wrong_if(
        not near(torch.stack([low, high]), [-c, c]) and _all_clipped(after, before, low, high),
        f"with c = {c} it clips to the range from {low:.3g} to {high:.3g}",
        f"use c: clamp_(-c, c), from -{c} to {c}",
    )


def _all_clipped(after, before, low, high):
    """Whether every parameter is what it was, clipped into [low, high]."""
    return all(near(after[name], before[name].clamp(low, high)) for name in before)


def _single_values(after, before, c):
    """Lines about the first number that is not what it was, clipped into [-c, c]."""
    old = torch.cat([parameter.flatten() for parameter in before.values()])
    new = torch.cat([parameter.detach().flatten() for parameter in after.values()])
    wrong = ~torch.isclose(new, old.clamp(-c, c), rtol=1e-5, atol=1e-6)
    places = (
        (old.abs() <= c, "lies inside", "no scaling, no rounding: what lies inside stays as it is"),
        (old > c, "lies above", "what lies above c becomes c: clamp_(-c, c)"),
        (old < -c, "lies below", "what lies below -c becomes -c: clamp_(-c, c)"),
    )
    for inside, where, hint in places:
        first = (wrong & inside).nonzero()[:1].flatten()
        yield (
            not first.numel(),
            f"a number of {_text(old[first])} {where} the range from -{c} to {c}, and becomes "
            f"{_text(new[first])}",
            hint,
        )


def _text(number):
    """A tensor of one number, or of none, as text."""
    return "".join(f"{each:.5g}" for each in number.tolist())


def _what_else_changes(answer, critic):
    """Lines about gradients, buffers and what takes gradients."""
    yield wrong_if(
        _gradients_have_changed(answer),
        "it leaves other gradients in `critic` than there were",
        "clip the parameters alone: .grad stays as it is, no zero_grad()",
    )
    buffers = dict(_critic().named_buffers())
    yield (
        all(torch.equal(buffer, buffers[name]) for name, buffer in critic.named_buffers()),
        "BatchNorm's running means or variances have changed",
        "parameters only, not the whole state_dict",
    )
    for reason, hint in answer.traces:
        if "left frozen" in reason:
            was_frozen = not critic[2][0].weight.requires_grad
            reason = "a weight that was frozen takes gradients afterwards" if was_frozen else reason
            hint = "put it back at the end, or leave it alone: torch.no_grad() is enough"
        yield False, reason, hint
