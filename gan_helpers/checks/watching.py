"""A reader's function under watch: whatever it changes besides its result is noted and put back.

What every check asks, whatever the exercise: the arguments, the nets and torch's switches are
afterwards as they were, and the same call again gives the same result (or, where noise is drawn,
another one).
"""

import functools
import inspect
import sys
from typing import NamedTuple

import torch
from torch import nn

from gan_helpers.checks.program import memory_of, switches
from gan_helpers.checks.traces import aspects_of, give_gradients
from gan_helpers.checks.values import copied, parts, same, unchanged
from gan_helpers.checks.wording import described


class Call(NamedTuple):
    """One call of the reader's function."""

    names: list  # of the arguments, as the reader wrote them
    arguments: tuple
    result: object = None  # a copy
    has_ended: bool = False

    def text(self):
        """The call in words, its arguments and its result shortened."""
        words = [
            f"{name} = {described(value)}"
            for name, value in zip(self.names, self.arguments, strict=True)
        ]
        result = f" and returned {described(self.result)}" if self.has_ended else ""
        return f"It was called with {', '.join(words)}{result}."


class TraceLeft(Exception):
    """A call has changed what may be behind a wrong value; `args` are the reason and the hint."""


class Watched:
    """A function that can be called as the reader's own, and remembers what calls left behind.

    `trains`: it may change weights, buffers and gradients of the nets that it gets.
    `changes`: it may change their weights and buffers, and no gradients.
    `draws`: it may take numbers from torch's random generator.
    """

    def __init__(self, function, *, trains=False, changes=False, draws=False):
        self.function = function
        self.trains = trains
        self.changes = changes
        self.draws = draws
        self.calls = []
        self.returned = []  # what came back, as it is, where `calls` has copies
        self.last_call = None
        self.traces = []  # of (reason, hint), in the order in which they were found

    def __call__(self, *arguments):
        nets = [value for value in arguments if isinstance(value, nn.Module)]
        put_back = [give_gradients(net) for net in nets if not self.trains]
        try:
            return self._watched_call(arguments)
        finally:
            for remove in put_back:
                remove()

    def _watched_call(self, arguments):
        names = _names(self.function, len(arguments))
        aspects = [memory_of(self.function), *switches(self.draws)]
        for name, value in zip(names, arguments, strict=True):
            aspects += aspects_of(f"`{name}`", value, self.trains, self.changes)
        before = [aspect.read() for aspect in aspects]
        self.last_call = Call(names, arguments)
        try:
            result = self._call_the_answer(arguments)
        except BaseException:
            self._look_for_traces(aspects, before)
            raise
        self.last_call = Call(names, arguments, copied(result), has_ended=True)
        self.calls.append(self.last_call)
        self.returned.append(result)
        self._look_for_traces(aspects, before)
        return result

    def _look_for_traces(self, aspects, before):
        """Put back what has changed; raise TraceLeft where that must be told at once."""
        changed = []
        for aspect, value in zip(aspects, before, strict=True):
            if not unchanged(aspect.read(), value):
                aspect.put_back(value)
                changed.append(aspect)
        for aspect in changed:
            if aspect.is_early:
                raise TraceLeft(aspect.reason, aspect.hint)
            self.traces.append((aspect.reason, aspect.hint))

    def _call_the_answer(self, arguments):
        """Below this frame of a traceback, all is the reader's: `wording.failure` looks for it."""
        return self.function(*arguments)

    def steps(self, arguments):
        """How many steps of Python's interpreter a call takes, in the reader's code and below."""
        count = 0

        def tracer(frame, event, _):
            nonlocal count
            frame.f_trace_opcodes = True
            count += event == "opcode"
            return tracer

        @functools.wraps(self.function)
        def counted(*arguments):
            sys.settrace(tracer)
            try:
                return function(*arguments)
            finally:
                sys.settrace(previous)

        function = self.function
        previous = sys.gettrace()
        self.function = counted
        try:
            self(*arguments)
        finally:
            self.function = function
        return count

    def lines(self):
        """The last lines of every check: no traces, the type of numbers, the same call again."""
        for reason, hint in self.traces:
            yield False, reason, hint
        calls = list(self.calls)
        for call, result in zip(calls, self.returned, strict=True):
            yield (
                same(copied(result), call.result),
                "a later call changes what an earlier one returned",
                "make a new tensor in each call",
            )
            yield (
                not _is_wide(call),
                "its numbers are float64",
                "nets compute with float32: .float() at the end, or stay with it throughout",
            )
        if not self.trains and not self.changes:
            yield from self._same_calls_again(calls[:20])

    def _same_calls_again(self, calls):
        """Lines about whether a call depends on its arguments alone, and on noise if it `draws`."""
        alike = [same(self(*copied(call.arguments)), call.result) for call in calls]
        for reason, hint in self.traces:  # in arguments that take no gradients
            yield False, reason, hint
        if self.draws:
            yield (
                not all(alike),
                "it gives the same result every time",
                "draw anew in each call: no seed inside, and nothing kept from the last call",
            )
        else:
            yield (
                all(alike),
                "the same arguments give another result the second time",
                "it should depend on its arguments alone: nothing kept from the last call",
            )


def _names(function, count):
    """The names (list of str) of the first `count` arguments."""
    try:
        parameters = inspect.signature(function).parameters.values()
        names = [each.name for each in parameters if each.kind == each.POSITIONAL_OR_KEYWORD]
    except (TypeError, ValueError):
        names = []
    names = names[:count]
    return names + [f"argument {number + 1}" for number in range(len(names), count)]


def _is_wide(call):
    """Whether tensors of float64 come back where none was passed; single numbers may be wide."""

    def wide(value):
        return [
            part.ndim > 0
            for part in parts(value)
            if isinstance(part, torch.Tensor) and part.dtype == torch.float64
        ]

    return any(wide(call.result)) and not wide(call.arguments)
