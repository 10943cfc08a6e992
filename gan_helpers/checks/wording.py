"""Words of the checks: what was passed and returned, and what an exception is likely to mean."""

import linecache
import re
import reprlib
import traceback

import torch
from torch import nn

CALL_OF_THE_ANSWER = (
    "_call_the_answer"  # the function (in watching.py) that the answer is called by
)

_SHORT = reprlib.Repr()
_SHORT.maxstring = _SHORT.maxother = 60
_SHORT.maxlist = _SHORT.maxdict = _SHORT.maxtuple = 8

# (a part of torch's or Python's message, what it is likely to mean and what helps)
CAUSES = (
    (
        r"log_softmax.* not implemented for 'Long'|expected target .*dtype|Expected floating point "
        r"type for target",
        "F.cross_entropy(logits, labels): in this order, and labels are whole numbers, int64",
    ),
    (r"arguments?: \"dim\"|missing .*dim", "name the dimension: .logsumexp(1), .softmax(1)"),
    (
        r"Sizes of tensors must match",
        "torch.cat and torch.stack need the same sizes in all other dimensions: print the shapes",
    ),
    (
        r"Target -?\d+ is out of bounds",
        "the classes count from 0: of n logits the last is n - 1",
    ),
    (
        r"Target size .* must be the same as input size",
        "scores and targets have two shapes: print both, and reshape one to the other",
    ),
    (
        r"more than 1 value per channel",
        "BatchNorm in training needs two pictures or more; .eval() takes one, too",
    ),
    (r"expanded size", "new dimensions go to the end: x[:, :, None, None]"),
    (r"Expected input batch_size", "as many labels as rows of logits: print both shapes"),
    (r"bitwise_xor", "^ is no power in Python: **"),
    (
        r"UnboundLocalError",
        "a name gets its value only in a branch or a loop that may never run: give it one before",
    ),
    (r"'method' object|context manager protocol", "the brackets of a call are missing: ()"),
    (
        r"tuple indices must be|'torch.return_types|has no attribute .*return_types",
        ".sort(), .max(dim) and .topk() return values and indices: take .values",
    ),
    (
        r"only one element tensors|only length-1|Only tensors with one element|"
        r"a Tensor with \d+ elements cannot be converted",
        "int(), float(), .item() and the functions of math take one number: torch's own function "
        "takes them all, or a loop over the pictures where there is none",
    ),
    (
        r"does not require grad",
        "torch has no record of how the number was made. Either no requires_grad_() stood before, "
        "or .detach(), .item(), NumPy or torch.no_grad() cut it off",
    ),
    (
        r"only for scalar outputs",
        "backward() and grad() start from one number: .sum() or .mean() first",
    ),
    (
        r"leaf Variable that requires grad|view of a leaf Variable",
        "a tensor that takes gradients may be changed in place only under torch.no_grad(); "
        "elsewhere work on a clone()",
    ),
    (
        r"modified by an inplace operation",
        "backward() needs a tensor that was changed in place, by x *= 2 or by an optimiser's "
        "step: make a new one, and compute a loss after the step that changes what it rests on",
    ),
    (
        r"appears to not have been used",
        "the number does not depend on that tensor: it was replaced or copied before the net saw "
        "it",
    ),
    (
        r"backward through the graph a second time",
        "one backward() uses the graph up: compute the loss anew for each, or detach what the "
        "other net made",
    ),
    (
        r"Can't call numpy\(\)|__array__|as a NumPy array",
        "NumPy keeps no graph: stay with torch, or detach() where no gradient is needed",
    ),
    (
        r"(must match|be broadcast|invalid for input of size|cannot be multiplied|expanded size)",
        "two shapes do not fit: print them. [B, 1] and [B] are not the same",
    ),
    (
        r"Sizes of tensors must match|same number of dimensions|Dimension out of range|"
        r"too many indices|IndexError",
        "a dimension is counted that is not there, or has another length: print the shapes",
    ),
    (
        r"index .*out of (range|bounds)|Target \d+ is out of bounds",
        "a number that counts from 0 is too large: with K classes the last one is K - 1",
    ),
    (
        r"can't be cast|expected scalar type|must have the same dtype|not implemented for|"
        r"only .*floating point|Expected .*[Ff]loat|got [A-Z]\w+Type|input dtype should be",
        "numbers of two types, or of one that this operation does not take: .float() or .long()",
    ),
    (r"NoneType", "something is None: a function without `return`, or one that works in place"),
    (
        r"ambiguous",
        "`if` takes one truth value: .any(), .all() or one number such as .mean(), or "
        "torch.where for each element",
    ),
    (
        r"not iterable|cannot unpack|too many values|not enough values",
        "what is taken apart has another number of parts than there are names; a dict gives its "
        "keys alone, .items() gives pairs",
    ),
    (
        r"^CALL .*(positional argument|keyword argument)",
        "the function has other arguments than the stub: keep their number and order",
    ),
    (
        r"positional argument|keyword argument",
        "this call has too many arguments, or too few: look up what the function takes",
    ),
    (r"doesn't match the broadcast shape", "more numbers than channels: one for each channel"),
    (r"should be a float tensor", "bytes, where floats are wanted: .float() first"),
    (r"pic should be PIL", "this transform takes pictures of PIL or NumPy, and no tensors"),
    (r"is not defined", "a name comes from the arguments, an import or a line above"),
    (
        r"has no attribute",
        "there is nothing of this name there: look for a typo, or print the type",
    ),
    (r"division by zero|no elements|empty", "think of the smallest case, in which nothing is left"),
    (r"maximum recursion", "the function calls itself without end"),
)
DEFAULT_CAUSE = "call it in a cell of its own, and print the shapes and dtypes on the way"


def two_numbers(result, right):
    """Two numbers as "0.8481 and not 0.8480", by as many digits as they need."""
    result, right = (
        each.item() if isinstance(each, torch.Tensor) else float(each) for each in (result, right)
    )
    for digits in range(4, 18):
        texts = [f"{each:#.{digits}g}".removesuffix(".") for each in (result, right)]
        if texts[0] != texts[1]:
            break
    return f"{texts[0]} and not {texts[1]}"


def described(value):
    """A value in a few words: small ones in full, large ones by kind and shape."""
    if isinstance(value, torch.Tensor):
        return _described_tensor(value)
    if isinstance(value, nn.Module | torch.optim.Optimizer):
        return type(value).__name__
    if isinstance(value, tuple) and len(value) < 5:
        inner = ", ".join(described(part) for part in value) + ("," if len(value) == 1 else "")
        return f"({inner})"
    if isinstance(value, dict) and len(value) < 9:
        inner = ", ".join(f"{name!r}: {described(part)}" for name, part in value.items())
        return f"{{{inner}}}"
    if callable(value):
        return f"the function {getattr(value, '__name__', 'without a name')}"
    return _SHORT.repr(value)


def _described_tensor(tensor):
    kind = str(tensor.dtype).removeprefix("torch.")
    if tensor.numel() > 12:
        return f"a {kind} tensor {list(tensor.shape)}"
    numbers = re.sub(r"[^,\[\] ]+", _shortened, str(tensor.detach().tolist()))
    note = "" if tensor.dtype == torch.float32 else f", {kind}"
    return f"tensor({numbers}{note})"


def _shortened(match):
    """A number with six digits."""
    try:
        return f"{float(match.group()):.6g}"
    except ValueError:
        return match.group()


def failure(error, function):
    """What is printed where a call ended in an exception: the reader's line, and a likely cause.

    An exception that passed none of the reader's lines comes from a result that nothing fits.
    """
    text = next(iter(str(error).strip().splitlines()), "")
    text = text if len(text) < 240 else text[:240] + " …"
    name = type(error).__name__
    line = _line_of(error, function)
    if line is None:
        return (
            "✘ Not yet: what it returns cannot be used here "
            f"({name}: {text}).\nHint: return what the exercise asks for, of that type and shape."
        )
    subject = f"{name}: {text}" if line else f"CALL {name}: {text}"
    cause = next((cause for part, cause in CAUSES if re.search(part, subject)), None)
    return f"✘ Your function stopped with {name}: {text}\n{line}Hint: {cause or DEFAULT_CAUSE}."


def _line_of(error, function):
    """The last of the reader's lines that an exception passed, as text; None if there is none."""
    frames = traceback.extract_tb(error.__traceback__)
    calls = [number for number, frame in enumerate(frames) if frame.name == CALL_OF_THE_ANSWER]
    if not calls:
        return None
    code = getattr(function, "__code__", None)
    own = [
        frame.lineno
        for frame in frames[calls[-1] + 1 :]
        if code is not None and frame.filename == code.co_filename
    ]
    if not own:
        return ""  # nothing of the body ran, or it is no Python
    source = linecache.getline(code.co_filename, own[-1]).strip()
    place = f"In its line {own[-1] - code.co_firstlineno + 1}"
    return f"{place}: {source}\n" if source else f"{place}.\n"
