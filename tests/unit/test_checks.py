"""What the checks of the exercises are written with: near, mistakes, wrong_if, check."""

import io
import operator
import sys
from asyncio import CancelledError

import pytest
import torch
from IPython.core.autocall import ExitAutocall, ZMQExitAutocall

from gan_helpers import checks
from gan_helpers.checks import check, is_number, is_tensor, mistakes, near, wrong_if


def test_near_wants_one_shape_and_values_within_atol():
    assert near(2.0, 2.0 + 9e-6)
    assert not near(2.0, 2.0 + 1e-4)
    assert near(2.0, 2.4, atol=0.5)
    assert not near(2.0, 2.6, atol=0.5)
    assert near((0.5, 1.5), torch.tensor([0.5, 1.5], dtype=torch.float64, requires_grad=True))
    assert near(torch.tensor([0.5], dtype=torch.float64), torch.tensor([0.5]))
    assert not near(torch.ones(1), 1.0)
    assert not near(torch.ones(3, 1), torch.ones(3))
    assert not near(float("nan"), float("nan"))


def test_a_mistake_is_recognised_by_the_value_it_leads_to():
    # (1 + 2 + 6) / 3 = 3 is right; the sum is 9, and 9 / 2 = 4.5.
    table = [
        (9.0, "it is the sum", "divide"),
        (4.5, "it is divided by n - 1", "by n"),
    ]
    assert list(mistakes(torch.tensor(9.0), *table)) == [
        (False, "it is the sum", "divide"),
        (True, "it is divided by n - 1", "by n"),
    ]
    assert list(mistakes(4.5, *table)) == [
        (True, "it is the sum", "divide"),
        (False, "it is divided by n - 1", "by n"),
    ]
    assert [holds for holds, _, _ in mistakes(3.0, *table)] == [True, True]
    assert [holds for holds, _, _ in mistakes(9.5, *table)] == [True, True]


def test_a_comparison_decides_what_counts_as_a_mistake():
    line = ("hard", '"hard" is among them', "not smoothed")
    assert list(mistakes(["soft", "hard"], line, comparison=operator.contains)) == [
        (False, '"hard" is among them', "not smoothed")
    ]
    assert next(mistakes(["soft"], line, comparison=operator.contains))[0]
    row = (3, "three", "two")
    assert not next(mistakes(3, row, comparison=operator.eq))[0]
    assert next(mistakes(3 + 1e-6, row, comparison=operator.eq))[0]


def test_the_result_is_compared_only_as_far_as_lines_are_read():
    calls = []

    def comparison(result, wrong_value):
        calls.append(wrong_value)
        return result == wrong_value

    lines = mistakes(1, (1, "one", "a"), (2, "two", "b"), comparison=comparison)
    assert next(lines) == (False, "one", "a")
    assert calls == [1]


def test_wrong_if_turns_a_condition_round_and_keeps_the_words():
    assert wrong_if(True, "it is late", "hurry") == (False, "it is late", "hurry")
    assert wrong_if(False, "it is late", "hurry") == (True, "it is late", "hurry")
    assert wrong_if(torch.tensor(True), "r", "h") == (False, "r", "h")
    assert wrong_if({"name"}, "r", "h") == (False, "r", "h")
    assert wrong_if(set(), "r", "h") == (True, "r", "h")


def test_a_number_is_a_tensor_without_dimensions():
    assert [holds for holds, _, _ in is_number(torch.tensor(1.0))] == [True, True]
    *_, (holds, reason, hint) = is_number(torch.ones(2, 1), "a mean")
    assert (holds, reason, hint) == (False, "it has shape [2, 1]", "a mean")
    assert [holds for holds, _, _ in is_number(torch.ones(1))] == [True, False]
    assert is_tensor(1.0)[:2] == (False, "it returns float and no tensor")
    assert is_tensor(torch.ones(2))[0]


@check
def double(answer):
    """answer(x) -> 2·x, and a random number is drawn on the way."""
    torch.rand(1)
    result = answer(3)
    yield from mistakes(
        result,
        (9, "it is the square", "twice, not times itself"),
        (3, "nothing happens", "times 2"),
        comparison=operator.eq,
    )
    yield wrong_if(result < 0, "it is below 0", "no minus")
    yield result == 6, f"3 becomes {result}", "x + x"


def stub(x):
    raise NotImplementedError("Exercise 7: return the double.")


def unknown_operation(x):
    raise NotImplementedError("no kernel for bytes")


@pytest.mark.parametrize(
    ("answer", "text"),
    [
        (lambda x: 2 * x, "✔ Right.\n"),
        (lambda x: x * x, "✘ Not yet: it is the square.\nHint: twice, not times itself.\n"),
        (lambda x: x, "✘ Not yet: nothing happens.\nHint: times 2.\n"),
        (lambda x: -x, "✘ Not yet: it is below 0.\nHint: no minus.\n"),
        (lambda x: 7, "✘ Not yet: 3 becomes 7.\nHint: x + x.\n"),
        (stub, "Not solved yet. Exercise 7: return the double.\n"),
        (
            unknown_operation,
            "✘ Your function stopped with NotImplementedError: no kernel for bytes\n"
            "Hint: call it in a cell of its own, and print the shapes and dtypes on the way.\n",
        ),
        (
            lambda x: x / 0,
            "✘ Your function stopped with ZeroDivisionError: division by zero\n"
            "Hint: call it in a cell of its own, and print the shapes and dtypes on the way.\n",
        ),
    ],
)
def test_a_check_prints_the_first_line_that_does_not_hold(answer, text, capsys):
    double(answer)
    assert capsys.readouterr().out == text


def raising(error):
    def answer(x):
        raise error

    return answer


def leave_by_a_cleanup(x):
    try:
        return 2 * x
    finally:
        sys.exit()


@pytest.mark.parametrize(
    "answer",
    [
        lambda x: exit(),
        lambda x: quit(3),
        lambda x: sys.exit(),
        lambda x: sys.exit("that is all"),
        raising(SystemExit),
        raising(SystemExit(0)),
        leave_by_a_cleanup,
    ],
)
def test_an_answer_that_ends_python_gets_a_hint(answer, capsys, monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.StringIO())  # `exit()` closes it
    state = torch.get_rng_state()
    double(answer)
    verdict, hint = capsys.readouterr().out.splitlines()
    assert verdict.startswith("✘ Not yet: your function ends Python")
    assert hint.startswith("Hint: `return` ends a function")
    assert torch.equal(torch.get_rng_state(), state)


class Shell:
    """A notebook's, as far as its `exit` needs one."""

    def __init__(self):
        self.exits = 0

    def ask_exit(self):
        self.exits += 1


@pytest.mark.parametrize("kind", [ExitAutocall, ZMQExitAutocall])
def test_a_notebooks_own_exit_does_not_end_the_kernel(kind, capsys, monkeypatch):
    shell = Shell()
    leave = kind(shell)
    monkeypatch.setattr(checks, "get_ipython", lambda: shell)
    double(lambda x: leave())
    assert "your function ends Python" in capsys.readouterr().out
    assert shell.exits == 0
    leave()  # outside of a check it is what it was
    assert shell.exits == 1
    double(lambda x: 2 * x)
    leave()
    assert capsys.readouterr().out == "✔ Right.\n" and shell.exits == 2


class Own(BaseException):
    """No Exception."""


@pytest.mark.parametrize("error", [Own("mine"), GeneratorExit("mine"), CancelledError("mine")])
def test_whatever_an_answer_raises_is_told(error, capsys):
    double(raising(error))
    name = type(error).__name__
    assert f"Your function stopped with {name}: mine" in capsys.readouterr().out


def test_an_interrupt_interrupts_a_check(capsys, monkeypatch):
    shell = Shell()
    monkeypatch.setattr(checks, "get_ipython", lambda: shell)
    state = torch.get_rng_state()
    with pytest.raises(KeyboardInterrupt):
        double(raising(KeyboardInterrupt))
    assert capsys.readouterr().out == ""
    assert torch.equal(torch.get_rng_state(), state)
    assert "ask_exit" not in vars(shell)


@pytest.mark.parametrize("answer", [lambda x: 2 * x, lambda x: x, stub])
def test_a_check_leaves_the_random_numbers_as_they_were(answer):
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    double(answer)
    assert torch.equal(torch.rand(3), expected)


def test_every_check_meets_the_same_random_numbers(capsys):
    draws = []

    def answer(x):
        draws.append(torch.rand(1).item())
        return 2 * x

    double(answer)
    torch.rand(10)
    double(answer)
    assert draws[0] == draws[1]
    assert capsys.readouterr().out == "✔ Right.\n✔ Right.\n"
