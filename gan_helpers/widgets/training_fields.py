"""What can be changed on the training panel while it trains: number fields."""

import ipywidgets


def goal_field():
    """The step at which training pauses; 0 for none."""
    return _field(ipywidgets.BoundedIntText(0, min=0, max=10**9), "pause at step")


def rate_field(name, optimiser):
    """The learning rate of an optimiser, of the player called `name`."""
    rate = optimiser.param_groups[0]["lr"]
    step = rate / 10 or 1e-5  # of the arrow keys
    field = ipywidgets.BoundedFloatText(rate, min=0, max=1, step=step)

    def set_rate(change):
        for group in optimiser.param_groups:
            group["lr"] = change["new"]

    field.observe(set_rate, "value")
    return _field(field, f"{name}'s learning rate")


def d_steps_field():
    """The steps of D for each of G's."""
    return _field(ipywidgets.BoundedIntText(1, min=1, max=20), "D's steps for one of G's")


def with_more_of_d(step, d_step, field):
    """A step for `fit`: `field` says how many of D come for each of G.

    `step` takes one of each, and is the last of them; `d_step` does the others.
    """
    steps_since_g = 0

    def turn(images, labels):
        nonlocal steps_since_g
        steps_since_g += 1
        if steps_since_g < field.value:
            return d_step(images, labels)
        steps_since_g = 0
        return step(images, labels)

    return turn


def _field(field, name):
    field.description = name
    field.style.description_width = "initial"
    field.layout.width = "max-content"
    return field
