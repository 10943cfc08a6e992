"""Checks of the lessons' exercises, a module a lesson.

    from gan_helpers.checks import lesson_01 as checks
    checks.to_tanh_range(to_tanh_range)     # in the cell below the exercise

A check prints ✔, "not solved yet", or what is wrong and a hint. It is written as a function that
yields lines `(holds, reason, hint)` in the order in which a reader would look; the first line that
does not hold is printed. Ways to write lines:

    yield loss.ndim == 0, "it has a shape", "one number"          what a right answer must be
    yield wrong_if(loss.isnan(), "it is NaN", "no log of 0")      a mistake, by a condition
    yield from mistakes(loss, (-right, "the sign is wrong", …))   mistakes, by their wrong values
    yield from same_slopes(answer, right, scores)                 values and gradients are right's
    yield no_loop(answer, (few,), (many,))                        no Python loop over elements
    yield without(answer, "softplus")                             what the exercise rules out

What holds for every answer is asked once, behind these lines (`watching`): its arguments, nets and
torch's switches are as before, its numbers are float32, and it depends on its arguments alone.
A check never raises, except where the reader interrupts it, and it leaves the lesson's random
numbers as they were.
"""

import contextlib
import functools
import itertools

import torch
from IPython import get_ipython

from gan_helpers.checks.lines import (
    is_number,
    is_tensor,
    mistakes,
    near,
    no_loop,
    same_slopes,
    without,
    wrong_if,
)
from gan_helpers.checks.watching import TraceLeft, Watched
from gan_helpers.checks.wording import failure, two_numbers

__all__ = [
    "check",
    "is_number",
    "is_tensor",
    "mistakes",
    "near",
    "no_loop",
    "same_slopes",
    "two_numbers",
    "without",
    "wrong_if",
]

RIGHT = "✔ Right."
UNSOLVED = "Not solved yet."
SEED = 20_190  # not one that a reader would take: see program.switches


class _ExitCalled(BaseException):
    """What `exit()` and `quit()` raise within a check, in a notebook."""


def check(lines=None, *, trains=False, changes=False, draws=False):
    """Decorator: a generator of (holds, reason, hint) becomes a check that prints its verdict.

    `trains`: the answer may change nets and leave gradients in them. `changes`: it may change nets.
    `draws`: it may, and must, draw random numbers.
    """
    if lines is None:
        return functools.partial(check, trains=trains, changes=changes, draws=draws)

    def text_of(answer):
        watched = Watched(answer, trains=trains, changes=changes, draws=draws)
        try:
            with torch.random.fork_rng(devices=[]), torch.enable_grad(), _exits_raise():
                torch.manual_seed(SEED)
                return _first_fault(lines, watched) or RIGHT
        except KeyboardInterrupt:
            raise
        except TraceLeft as error:
            return _not_yet(*error.args, watched)
        except (SystemExit, _ExitCalled):
            return (
                "✘ Not yet: your function ends Python, by exit(), quit() or sys.exit().\n"
                "Hint: `return` ends a function, and `raise ValueError(…)` refuses an input."
            )
        except BaseException as error:
            # torch raises NotImplementedError too, for bytes where it wants floats: no stub.
            if isinstance(error, NotImplementedError) and str(error).startswith("Exercise "):
                return f"{UNSOLVED} {error}"
            call = f"\n{watched.last_call.text()}" if watched.last_call else ""
            return failure(error, answer) + call

    @functools.wraps(lines)
    def verdict(answer):
        print(text_of(answer))

    verdict.text_of = text_of  # for those who grade
    return verdict


def _first_fault(lines, watched):
    """The text on the first line that does not hold; None if all do."""
    if not callable(watched.function):
        return (
            f"✘ Not yet: its name stands for {type(watched.function).__name__} and no function.\n"
            "Hint: run the cell with its `def` once more."
        )
    for holds, reason, hint in itertools.chain(lines(watched), watched.lines()):
        if not holds:
            return _not_yet(reason, hint, watched)
    return None


def _not_yet(reason, hint, watched):
    stop = "" if hint.endswith(("?", ".")) else "."
    call = f"\n{watched.last_call.text()}" if watched.last_call else ""
    return f"✘ Not yet: {reason}.\nHint: {hint}{stop}{call}"


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
