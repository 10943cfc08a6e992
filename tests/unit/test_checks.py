"""What the checks of the exercises are written with: near, mistakes, wrong_if, check."""

import copy
import io
import math
import operator
import random
import sys
import time
import warnings
from asyncio import CancelledError

import numpy
import pytest
import torch
from IPython.core.autocall import ExitAutocall, ZMQExitAutocall

from gan_helpers import checks
from gan_helpers.checks import (
    check,
    is_number,
    is_tensor,
    mistakes,
    near,
    no_loop,
    same_slopes,
    two_numbers,
    without,
    wrong_if,
)
from gan_helpers.checks.watching import Watched


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
    assert is_tensor(1.0)[:2] == (False, "it returns 1.0 and no tensor")
    assert is_tensor(None)[1] == "it returns None and no tensor"
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


CALLED = "It was called with x = 3 and returned"


@pytest.mark.parametrize(
    ("answer", "text"),
    [
        (lambda x: 2 * x, "✔ Right.\n"),
        (
            lambda x: x * x,
            f"✘ Not yet: it is the square.\nHint: twice, not times itself.\n{CALLED} 9.\n",
        ),
        (lambda x: x, f"✘ Not yet: nothing happens.\nHint: times 2.\n{CALLED} 3.\n"),
        (lambda x: -x, f"✘ Not yet: it is below 0.\nHint: no minus.\n{CALLED} -3.\n"),
        (lambda x: 7, f"✘ Not yet: 3 becomes 7.\nHint: x + x.\n{CALLED} 7.\n"),
        (stub, "Not solved yet. Exercise 7: return the double.\n"),
        (
            unknown_operation,
            "✘ Your function stopped with NotImplementedError: no kernel for bytes\n"
            'In its line 2: raise NotImplementedError("no kernel for bytes")\n'
            "Hint: call it in a cell of its own, and print the shapes and dtypes on the way.\n"
            "It was called with x = 3.\n",
        ),
        (
            "text",
            "✘ Not yet: its name stands for str and no function.\n"
            "Hint: run the cell with its `def` once more.\n",
        ),
    ],
)
def test_a_check_prints_the_first_line_that_does_not_hold(answer, text, capsys):
    double(answer)
    assert capsys.readouterr().out == text
    assert double.text_of(answer) + "\n" == text


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


def test_every_check_meets_the_same_random_numbers():
    draws = []

    @check
    def lines(answer):
        draws.append(torch.rand(1).item())
        yield True, "", ""

    lines(len)
    torch.rand(10)
    lines(len)
    assert draws[0] == draws[1]


# Exceptions in the reader's function


def last_line_of(answer):
    """What is printed of the exception in an answer: (its line, the hint)."""

    @check
    def lines(answer):
        scores = torch.tensor([1.0, 2.0], requires_grad=True)
        answer(scores)
        yield True, "", ""

    _, *place, hint, call = lines.text_of(answer).splitlines()
    assert call.startswith("It was called with") and "returned" not in call
    return place, hint


def no_record(scores):
    loss = torch.tensor(scores.sum().item())
    loss.backward()


def not_scalar(scores):
    (2 * scores).backward()


def leaf(scores):
    scores += 1


def changed_too_early(scores):
    powers = scores.exp()
    powers *= 2
    powers.sum().backward()


def to_numpy(scores):
    return scores.numpy()


def twice(scores):
    loss = scores.square().sum()
    loss.backward()
    loss.backward()


def shapes(scores):
    return scores.view(3)


def of_none(scores):
    return scores.backward + scores.zero_grad


def none_plus(scores):
    return print("", end="") + scores


def unpacked(scores):
    _one, _two, _three = scores


def typo(scores):
    return score.mean()  # noqa: F821


@pytest.mark.parametrize(
    ("answer", "line", "hint"),
    [
        (no_record, "In its line 3: loss.backward()", ".item()"),
        (not_scalar, "In its line 2: (2 * scores).backward()", ".sum() or .mean() first"),
        (leaf, "In its line 2: scores += 1", "torch.no_grad()"),
        (changed_too_early, "In its line 4: powers.sum().backward()", "make a new one"),
        (to_numpy, "In its line 2: return scores.numpy()", "NumPy keeps no graph"),
        (twice, "In its line 4: loss.backward()", "compute the loss anew"),
        (shapes, "In its line 2: return scores.view(3)", "two shapes do not fit"),
        (of_none, "In its line 2: return scores.backward + scores.zero_grad", "look for a typo"),
        (none_plus, 'In its line 2: return print("", end="") + scores', "without `return`"),
        (unpacked, "In its line 2: _one, _two, _three = scores", "another number of parts"),
        (typo, "In its line 2: return score.mean()  # noqa: F821", "comes from the arguments"),
    ],
)
def test_an_exception_is_told_with_the_readers_line_and_a_cause(answer, line, hint):
    place, told = last_line_of(answer)
    assert place == [line]
    assert hint in told


def test_a_call_that_does_not_fit_is_the_readers_and_has_no_line():
    place, hint = last_line_of(lambda: None)
    assert place == []
    assert "other arguments than the stub" in hint


def test_a_result_that_cannot_be_used_is_no_failure_of_the_function():
    @check
    def lines(answer):
        yield answer(1) + 1 == 2, "wrong", "right"

    text = lines.text_of(lambda x: None)
    assert text.startswith("✘ Not yet: what it returns cannot be used here (TypeError")


# What every check asks


@check
def keeps(answer):
    """answer(x, net, values) -> x · 2."""
    x = torch.tensor([1.0, -2.0])
    net = torch.nn.Sequential(torch.nn.Linear(2, 2), torch.nn.BatchNorm1d(2))
    values = [3, 1]
    before = [weight.clone() for weight in net.state_dict().values()]
    result = answer(x, net, values)
    yield near(x, (1.0, -2.0)) and values == [3, 1], "not put back", "the check's own data"
    now = net.state_dict().values()
    yield all(map(torch.equal, before, now)), "not put back", "the check's own net"
    yield all(weight.grad is None for weight in net.parameters()), "not put back", "no gradients"
    yield net.training and net[0].weight.requires_grad, "not put back", "modes"
    yield near(result, (2.0, -4.0)), "wrong", "twice"


def doubling(act):
    def answer(x, net, values):
        result = 2 * x
        act(x, net, values)
        return result

    return answer


@pytest.mark.parametrize(
    ("act", "reason"),
    [
        (lambda x, net, values: x.zero_(), "`x` is changed"),
        (lambda x, net, values: x.resize_(1), "`x` is changed"),
        (lambda x, net, values: values.sort(), "`values` is changed"),
        (lambda x, net, values: x.requires_grad_(), "`x` asks for gradients"),
        (lambda x, net, values: net.eval(), "`net` is in another mode"),
        (lambda x, net, values: net.double(), "another type of numbers"),
        (lambda x, net, values: net[1].eval(), "`net` is in another mode"),
        (lambda x, net, values: net.requires_grad_(False), "`net` is left frozen"),
        (lambda x, net, values: net.zero_grad(), "other gradients in `net`"),
        (
            lambda x, net, values: sum(p.sum() for p in net.parameters()).backward(),
            "other gradients in `net`",
        ),
        (lambda x, net, values: net(torch.randn(5, 2)), "it draws random numbers"),
        (lambda x, net, values: net(torch.ones(5, 2)), "`net` is changed"),
        (lambda x, net, values: torch.set_grad_enabled(False), "autograd is switched"),
        (lambda x, net, values: torch.set_default_dtype(torch.float64), "default type"),
        (lambda x, net, values: torch.manual_seed(1), "sets the seed"),
        (lambda x, net, values: random.random(), "random numbers of Python"),
        (lambda x, net, values: numpy.random.rand(), "random numbers of NumPy"),
        (lambda x, net, values: warnings.simplefilter("ignore"), "silences warnings"),
        (lambda x, net, values: numpy.seterr(all="ignore"), "NumPy's warnings"),
    ],
)
def test_what_a_call_leaves_behind_is_told_and_put_back(act, reason):
    with warnings.catch_warnings(), numpy.errstate():
        warnings.simplefilter("default")
        text = keeps.text_of(doubling(act))
        assert reason in text
        assert "not put back" not in text
    assert torch.is_grad_enabled() and torch.get_default_dtype() == torch.float32


def test_nothing_is_told_of_an_answer_that_leaves_no_trace():
    assert keeps.text_of(doubling(lambda x, net, values: None)) == "✔ Right."


def test_an_answer_that_remembers_is_refused():
    def counting(x, net, values, calls=[]):  # noqa: B006
        calls.append(1)
        return 2 * x

    assert "keeps something" in keeps.text_of(counting)


def test_float64_is_refused_where_nobody_passed_it():
    assert "float64" in keeps.text_of(lambda x, net, values: 2 * x.double())


@check(draws=True)
def noise(answer):
    """answer(count) -> so many random numbers."""
    yield answer(3).shape == (3,), "wrong", "count"


def test_what_draws_has_to_draw_anew():
    assert noise.text_of(torch.rand) == "✔ Right."
    assert "the same result every time" in noise.text_of(torch.zeros)

    def seeded(count):
        return torch.rand(count, generator=torch.Generator().manual_seed(1))

    assert "the same result every time" in noise.text_of(seeded)


# Lines with gradients, and lines that count


def first_fault(lines):
    return next(((reason, hint) for holds, reason, hint in lines if not holds), None)


def test_same_slopes_compares_values_then_gradients_of_each_argument():
    def right(a, b):
        return (a * b).sum() - b.mean()

    data = torch.tensor([1.0, -2.0, 3.0]), torch.tensor([0.5, 4.0, -1.0])
    assert first_fault(same_slopes(right, right, *data)) is None
    wrong = {
        "it is": lambda a, b: (a * b).sum(),
        "lost its graph": lambda a, b: right(a.detach(), b.detach()),
        "gets no gradient": lambda a, b: right(a.detach(), b),
        "a gradient is not": lambda a, b: (a * b).sum() - b.detach().mean(),
        "has shape": lambda a, b: right(a, b)[None],
        "it is float64": lambda a, b: right(a, b).double(),
    }
    for text, answer in wrong.items():
        assert text in first_fault(same_slopes(answer, right, *data))[0]
    # What is constant needs no gradient.
    cut = wrong["gets no gradient"]
    assert first_fault(same_slopes(cut, right, *data, constant=(0,))) is None


def test_same_slopes_reaches_the_weights_of_nets():
    net = torch.nn.Linear(3, 1)

    def right(net, x):
        return net(x).square().mean()

    def of_a_copy(net, x):
        return right(copy.deepcopy(net), x)

    x = torch.randn(4, 3)
    assert first_fault(same_slopes(right, right, net, x, constant=(1,))) is None
    assert "no gradient" in first_fault(same_slopes(of_a_copy, right, net, x))[0]


def test_same_slopes_wants_finite_gradients():
    zeros = torch.zeros(3)
    root = first_fault(same_slopes(lambda x: x.square().sqrt(), lambda x: x.abs(), zeros))
    assert "not finite" in root[0]


@pytest.mark.parametrize(
    ("answer", "is_free"),
    [
        (lambda x: 2 * x, True),
        (lambda x: torch.stack([2 * each for each in x]), False),
        (lambda x: torch.tensor([2 * each for each in x.tolist()]), False),
    ],
)
def test_a_loop_is_seen_by_its_steps(answer, is_free):
    watched = Watched(answer)
    holds, _, _ = no_loop(watched, (torch.ones(2),), (torch.ones(300),))
    assert holds == is_free
    assert watched.function is answer


def test_what_is_ruled_out_is_seen_in_functions_within_too():
    def outer(x):
        def inner(x):
            return torch.nn.functional.softplus(x)

        return inner(x)

    assert not without(Watched(outer), "softplus")[0]
    assert without(Watched(outer), "sigmoid")[0]
    assert without(Watched(torch.exp), "softplus")[0]


@pytest.mark.parametrize(
    ("result", "right", "text"),
    [
        (0.8480001, 0.848, "0.8480001 and not 0.8480000"),
        (0.5, 2 / 3, "0.5000 and not 0.6667"),
        (math.nan, 1.0, "nan and not 1.000"),
        (torch.tensor(1e-9), 0.0, "1.000e-09 and not 0.000"),
    ],
)
def test_two_numbers_differ_in_what_is_shown(result, right, text):
    assert two_numbers(result, right) == text


def test_what_an_earlier_call_returned_may_not_change():
    buffer = torch.zeros(2)

    @check
    def lines(answer):
        yield near(answer(1.0), (1.0, 1.0)), "wrong", "fill"
        yield near(answer(2.0), (2.0, 2.0)), "wrong", "fill"

    def shared(value):
        return buffer.copy_(torch.full((2,), value))

    def hidden(value, memory=iter([buffer] * 9)):  # noqa: B008
        return next(memory).fill_(value)

    assert lines.text_of(lambda value: torch.full((2,), value)) == "✔ Right."
    assert "keeps something" in lines.text_of(shared)
    assert "a later call changes" in lines.text_of(hidden)


def test_a_large_data_set_is_not_copied():
    data = torch.zeros(10_000, 1000)
    began = time.process_time()
    assert keeps.text_of(lambda x, net, values: 2 * x + data[0, 0]) == "✔ Right."
    assert time.process_time() - began < 5


def test_hooks_and_settings_are_put_back():
    threads = torch.get_num_threads()
    acts = {
        "leaves a hook": lambda x, net, values: net[0].register_forward_hook(lambda *_: None),
        "torch's settings": lambda x, net, values: torch.set_num_threads(threads + 1),
    }
    for text, act in acts.items():
        assert text in keeps.text_of(doubling(act))
    assert torch.get_num_threads() == threads
    assert keeps.text_of(doubling(lambda x, net, values: None)) == "✔ Right."
