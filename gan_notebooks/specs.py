"""Read out of a lesson's code what its parameters may be, and run nothing of that code.

`read_specs` finds the call `lesson.parameters(globals(), STEPS=(int, 1, 1000), …)` in the syntax
tree. It knows what `gan_helpers.parameters` takes, written with literals; anything else is an
error.
"""

import ast

from gan_notebooks.errors import CourseError

TYPES = {kind.__name__: kind for kind in (int, float, bool, str)}
ALLOWED = (
    "one of the types int, float, bool and str; (int, low, high) or (float, low, high); a set of "
    'choices, all texts or all numbers, such as {"a", "b"}; or a list of texts, such as '
    '["a", "b"]. Its numbers may have a sign, and be sums of literals and powers, such as 2**31 - 1'
)
LARGEST_BASE = 10
LARGEST_EXPONENT = 64


class _NotAllowed(Exception):
    """A part of a spec is none of those that are known."""


def read_specs(source, lesson):
    """{name: spec} from the source of the cell that calls `lesson.parameters`.

    `lesson`: the notebook's name, for messages. Raises CourseError for what is no spec.
    """
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise CourseError(
            f"{lesson}: the cell that calls lesson.parameters cannot be read: {error}"
        ) from None
    keywords = _call_of_parameters(tree, lesson).keywords
    return {keyword.arg: _read_spec(keyword, lesson) for keyword in keywords}


def _call_of_parameters(tree, lesson):
    """The node of the call `lesson.parameters(…)`."""
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=ast.Attribute(value=ast.Name(id="lesson"), attr="parameters")):
                return node
    raise CourseError(f"{lesson}: no cell calls lesson.parameters(globals(), NAME=…)")


def _read_spec(keyword, lesson):
    """What a keyword of the call says: a spec as in `gan_helpers.parameters`."""
    try:
        if keyword.arg is None:  # **specs
            raise _NotAllowed
        return _spec(keyword.value)
    except (_NotAllowed, RecursionError):
        raise CourseError(
            f"{lesson}: what lesson.parameters says of {keyword.arg or 'a parameter'} is no "
            f"description that can be read without running it. There may stand {ALLOWED}"
        ) from None


def _spec(node):
    match node:
        case ast.Name():
            return _type(node)
        case ast.Tuple(elts=[kind, low, high]):
            if _type(kind) not in (int, float):
                raise _NotAllowed
            return _type(kind), _number(low), _number(high)
        case ast.List(elts=names):
            return [_text(name) for name in names]
        case ast.Set(elts=[ast.Constant(value=str()), *_] as texts):
            return {_text(text) for text in texts}
        case ast.Set(elts=numbers):
            return {_number(number) for number in numbers}
        case _:
            raise _NotAllowed


def _type(node):
    match node:
        case ast.Name(id=name) if name in TYPES:
            return TYPES[name]
        case _:
            raise _NotAllowed


def _text(node):
    match node:
        case ast.Constant(value=str(text)):
            return text
        case _:
            raise _NotAllowed


def _number(node):
    match node:
        case ast.Constant(value=int() | float() as number) if not isinstance(number, bool):
            return number
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return -_number(operand)
        case ast.UnaryOp(op=ast.UAdd(), operand=operand):
            return _number(operand)
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            return _number(left) + _number(right)
        case ast.BinOp(left=left, op=ast.Sub(), right=right):
            return _number(left) - _number(right)
        case ast.BinOp(left=ast.Constant(value=base), op=ast.Pow(), right=right):
            return _power(base, right)
        case _:
            raise _NotAllowed


def _power(base, exponent_node):
    """A power of literals, and none that would take minutes and the memory."""
    match exponent_node:
        case ast.Constant(value=exponent) if type(base) is int and type(exponent) is int:
            if base <= LARGEST_BASE and exponent <= LARGEST_EXPONENT:
                return base**exponent
    raise _NotAllowed
