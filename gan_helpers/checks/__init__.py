"""Checks of the lessons' exercises, a module a lesson.

    from gan_helpers.checks import lesson_01 as checks
    checks.to_tanh_range(to_tanh_range)     # in the cell below the exercise

A check prints ✔, "not solved yet", or what is wrong and a hint. It is written as a function that
yields lines `(holds, reason, hint)` in the order in which a reader would look; the first line that
does not hold is printed. Three ways to write lines:

    yield loss.ndim == 0, "it has a shape", "one number"          what a right answer must be
    yield wrong_if(loss.isnan(), "it is NaN", "no log of 0")      a mistake, by a condition
    yield from mistakes(loss, (-right, "the sign is wrong", …))   mistakes, by their wrong values

A check never raises, except where the reader interrupts it, and it leaves the lesson's random
numbers as they were.
"""

import contextlib
import functools

import torch
from IPython import get_ipython


class _ExitCalled(BaseException):
    """What `exit()` and `quit()` raise within a check, in a notebook."""


def check(lines):
    """Decorator: a generator of (holds, reason, hint) becomes a check that prints its verdict."""

    @functools.wraps(lines)
    def verdict(answer):
        try:
            with torch.random.fork_rng(devices=[]), _exits_raise():
                torch.manual_seed(0)
                for holds, reason, hint in lines(answer):
                    if not holds:
                        print(f"✘ Not yet: {reason}.\nHint: {hint}.")
                        return
        except KeyboardInterrupt:
            raise
        except (SystemExit, _ExitCalled):
            print(
                "✘ Not yet: your function ends Python, by exit(), quit() or sys.exit().\n"
                "Hint: `return` ends a function, and `raise ValueError(…)` refuses an input."
            )
        except BaseException as error:
            # torch raises NotImplementedError too, for bytes where it wants floats: no stub.
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


@contextlib.contextmanager
def _exits_raise():
    """Let `exit()` raise in a notebook too: its own one raises nothing, and ends the kernel."""
    shell = get_ipython()
    if shell is None:  # plain Python, where it raises SystemExit
        yield
        return

    def ask_exit():
        raise _ExitCalled

    shell.ask_exit = ask_exit  # in front of the method of this name
    try:
        yield
    finally:
        del shell.ask_exit


def near(result, value, atol=1e-5):
    """Whether two tensors or numbers have one shape and nearly the same values, in any dtype."""
    result = torch.as_tensor(result).detach().float()
    value = torch.as_tensor(value).detach().float()
    return result.shape == value.shape and torch.allclose(result, value, atol=atol)


def mistakes(result, *table, comparison=near):
    """Lines (holds, reason, hint) of a check that recognise mistakes by the values they lead to.

    A row of the table is (wrong value, what was done, hint). A row's mistake was made if
    `comparison(result, wrong value)` is true: `near` for numbers and tensors, `operator.eq` for
    exact equality, `operator.contains` for what a list may not hold, or a function of your own.

        yield from mistakes(
            loss,
            (-right, "the sign is wrong", "a loss is minimised: turn it round"),
            (3 * right, "it is the sum over the batch", "the mean does not grow with it"),
        )
    """
    for wrong_value, reason, hint in table:
        yield wrong_if(comparison(result, wrong_value), reason, hint)


def wrong_if(condition, reason, hint):
    """The line (holds, reason, hint) of a check for a mistake that a condition shows."""
    return not condition, reason, hint


def is_number(result, hint="one number: the mean over the batch"):
    """The first lines of a check of a loss: it is a tensor, and one without dimensions."""
    yield is_tensor(result)
    yield result.ndim == 0, f"it has shape {list(result.shape)}", hint


def is_tensor(result):
    """The first line of most checks: (holds, reason, hint) for being a tensor."""
    return (
        isinstance(result, torch.Tensor),
        f"it returns {type(result).__name__} and no tensor",
        "does every path end with `return`, and without .item()",
    )
