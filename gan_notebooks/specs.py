"""Read out of a lesson's code what its parameters may be, and run nothing of that code.

`read_specs` finds the call `lesson.parameters(globals(), STEPS=(int, 1, 1000), …)` in the syntax
tree. It knows what `gan_helpers.parameters` takes, written with literals; anything else is an
error.

So it is with the cell tagged `parameters`: `read_assignments` lets through assignments alone.
"""

import ast
import warnings

from gan_notebooks.errors import CourseError

TYPES = {kind.__name__: kind for kind in (int, float, bool, str)}
ALLOWED = (
    "one of the types int, float, bool and str; (int, low, high) or (float, low, high); a set of "
    'choices, all texts or all numbers, such as {"a", "b"}; or a list of texts, such as '
    '["a", "b"]. Its numbers may have a sign, and be sums of literals and powers, such as 2**31 - 1'
)
LARGEST_BASE = 10
LARGEST_EXPONENT = 64
LARGEST_NUMBER = LARGEST_BASE**LARGEST_EXPONENT
LONGEST_CALL = 50_000  # characters of its cell; a syntax tree takes 500 bytes for each
LONGEST_PARAMETERS = 5_000  # of the parameters; papermill's pattern may look at each pair of them


class _NotAllowed(Exception):
    """A part of a spec is none of those that are known."""


def read_specs(source, lesson):
    """{name: spec} from the source of the cell that calls `lesson.parameters`.

    `lesson`: the notebook's name, for messages. Raises CourseError for what is no spec.
    """
    tree = _parse(source, lesson, "that calls lesson.parameters", LONGEST_CALL)
    keywords = _call_of_parameters(tree, lesson).keywords
    specs = {keyword.arg: _read_spec(keyword, lesson) for keyword in keywords}
    if len(specs) < len(keywords):
        raise CourseError(f"{lesson}: the call of lesson.parameters has a name twice")
    return specs


def read_assignments(source, lesson):
    """{name: node of its value} from the source of the cell tagged parameters.

    Raises CourseError where it holds more than assignments to names: what stands within an `if`,
    say, has no value that could be read without running it.
    """
    nodes = {}
    for node in _parse(source, lesson, "tagged parameters", LONGEST_PARAMETERS).body:
        match node:
            case ast.Assign(targets=[ast.Name(id=name)], value=value):
                nodes[name] = value
            case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value):
                nodes[name] = value
            case _:
                raise CourseError(
                    f"{lesson}: line {node.lineno} of the cell tagged parameters is no assignment: "
                    "there may stand NAME: type = value  # what it means, and comments"
                )
    return nodes


def _parse(source, lesson, which_cell, longest):
    """The syntax tree of a cell."""
    if len(source) > longest:
        raise CourseError(
            f"{lesson}: the cell {which_cell} has {len(source):,} characters, and at most "
            f"{longest:,} are read: move what else it does into another cell"
        )
    try:
        with warnings.catch_warnings(action="ignore"):  # of an odd escape in a text, say
            return ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        cause = str(error) or type(error).__name__
        raise CourseError(f"{lesson}: the cell {which_cell} cannot be read: {cause}") from None


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


def read_default(text, node):
    """The value (bool, int, float or str) of a default, from papermill's text and from its node.

    Raises ValueError where it is no literal, or papermill would take it for another.
    """
    try:
        values = [ast.literal_eval(text), ast.literal_eval(node)]
    except (SyntaxError, TypeError, RecursionError, MemoryError) as error:
        raise ValueError(str(error)) from None
    if repr(values[0]) != repr(values[1]):  # a ValueError too, where a number is too long
        raise ValueError("papermill reads another value")
    if not isinstance(values[0], (int, float, str)):  # True and False are int
        raise ValueError("it is neither True, False, a number nor a text")
    return values[0]


def _number(node):
    match node:
        case ast.Constant(value=int() | float() as number) if not isinstance(number, bool):
            if abs(number) > LARGEST_NUMBER and isinstance(number, int):
                raise _NotAllowed  # 0xff… may be too long to be printed, or for a float
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
