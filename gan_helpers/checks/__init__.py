"""Checks of the lessons' exercises, a module a lesson: each prints ✔, "not solved yet", or what is wrong and a hint.

    from gan_helpers.checks import lesson_01 as checks
    checks.to_tanh_range(to_tanh_range)     # in the cell below the exercise

A check is a function that yields `(holds, reason, hint)` in the order in which a reader would look; the first that
does not hold is printed. It never raises, and it leaves the lesson's random numbers as they were.
"""

import functools

import torch


def check(steps):
    """Decorator: a generator of (holds, reason, hint) becomes a check that prints a verdict on a reader's function."""

    @functools.wraps(steps)
    def verdict(answer):
        try:
            with torch.random.fork_rng(devices=[]):
                torch.manual_seed(0)
                for holds, reason, hint in steps(answer):
                    if not holds:
                        print(f"✘ Not yet: {reason}.\nHint: {hint}.")
                        return
        except Exception as error:
            # torch raises NotImplementedError too, for bytes where it wants floats: that is no stub.
            if isinstance(error, NotImplementedError) and str(error).startswith("Exercise "):
                print(f"Not solved yet. {error}")
                return
            print(
                f"✘ Your function stopped with {type(error).__name__}: {error}\n"
                "Hint: call it in a cell of its own, and print the shapes and dtypes on the way."
            )
        else:
            print("✔ Right.")

    return verdict


def near(a, b, atol=1e-5):
    """Whether two tensors or numbers have one shape and nearly the same values, in whatever precision."""
    a, b = (torch.as_tensor(x).detach().float() for x in (a, b))
    return a.shape == b.shape and torch.allclose(a, b, atol=atol)


def is_number(result, hint="one number: the mean over the batch"):
    """The first lines of a check of a loss: (holds, reason, hint) for being a tensor, and one without dimensions."""
    yield is_tensor(result)
    yield result.ndim == 0, f"it has shape {list(result.shape)}", hint


def is_tensor(result):
    """The first line of most checks: (holds, reason, hint)."""
    return (
        isinstance(result, torch.Tensor),
        f"it returns {type(result).__name__} and no tensor",
        "does every path end with `return`, and without .item()",
    )
