"""Wrong answers made by a program: each solution with one small change in its syntax tree.

A change that a check does not refuse is either no change of the result, and then stands in
EQUIVALENT, or a hole in the check.
"""

import ast
import copy
import importlib.util
from pathlib import Path

import pytest
import torch

pytestmark = pytest.mark.slow

_path = Path(__file__).parents[1] / "notebooks" / "test_kinds_of_answers.py"
_spec = importlib.util.spec_from_file_location("kinds", _path)
kinds = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(kinds)
exercises = kinds.exercises

OTHER_METHOD = {
    "mean": "sum",
    "sum": "mean",
    "min": "max",
    "amin": "amax",
    "abs": "square",
    "square": "abs",
    "softplus": "relu",
    "sigmoid": "tanh",
    "std": "var",
    "eval": "train",
    "logsumexp": "mean",
    "log_softmax": "softmax",
    "comb": "perm",
    "all": "any",
    "zero_grad": "step",
    "step": "zero_grad",
    "rand_like": "randn_like",
    "rand": "randn",
}
OTHER_OPERATOR = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
    ast.Lt: ast.GtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.LtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.BitAnd: ast.BitOr,
}

# Changes that leave the result as it is: {lesson and exercise: what the changed code holds}.
EQUIVALENT = {
    ("00_the_game", "exercise-2"): ["centres) < reach"],  # "within reach" may mean either
    ("00_the_game", "exercise-3"): ["p, q = (fake_counts"],
    ("01_data_scaling", "exercise-1"): ["(pixels / 255"],  # torch makes floats of it
    ("01_data_scaling", "exercise-3"): ["= pixels / 255"],
    ("01_data_scaling", "exercise-4"): ["high > 4", "(images.min(), ", "images.max())"],
    ("02_classic_gan", "exercise-2"): ["(targets - scores"],
    ("02_classic_gan", "exercise-3"): ["F.softplus(D(G(z_d)))"],  # G's gradients are cleared later
    ("03_how_good", "exercise-3"): ["(b.mean() - a.mean())", "(b.std() - a.std())"],
    ("04_better_digits", "exercise-1"): ["real.detach().detach()"],
    ("04_better_digits", "exercise-4"): ["torch.arange(28).detach()"],
    ("05_generator_losses", "exercise-1"): ["(1 - real_scores)"],
    ("05_generator_losses", "exercise-4"): ["ones_like(scores).detach()", "weights.sum().detach()"],
    ("06_label_smoothing", "exercise-2"): ["fake.sum() == 0"],
    ("06_label_smoothing", "exercise-4"): ["rand_like(x) > p", "rand_like(x).detach()"],
    ("07_ten_logits", "exercise-2"): ["shape[1] - 1).detach()"],
    ("08_conditional_gan", "exercise-2"): [  # labels have no gradient, and cat makes floats
        "shape[2:]).detach()",
        "float().detach()",
        "F.one_hot(labels, 10).detach()",
        "F.one_hot(labels, 10)[",
    ],
    ("09_wasserstein", "exercise-2"): ["(b.sort().values - a.sort"],
    ("09_wasserstein", "exercise-4"): ["(1 - lengths)"],
    ("10_fair_comparison", "exercise-2"): [
        "min(n - wins, wins)",
        "2 ** n, 1.0)",
        "x >= y",
        "zip(b, a",
        "zip(a, b) if",
    ],
}


def changes_of(node):
    """Other nodes (list) in the place of one: what a slip would make of it."""
    others = []
    if isinstance(node, ast.BinOp):
        others += [node.left, node.right]
        if type(node.op) in OTHER_OPERATOR:
            others.append(ast.BinOp(node.left, OTHER_OPERATOR[type(node.op)](), node.right))
        if isinstance(node.op, ast.Sub | ast.Div):
            others.append(ast.BinOp(node.right, node.op, node.left))
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub | ast.Not):
        others.append(node.operand)
    if isinstance(node, ast.Compare) and type(node.ops[0]) in OTHER_OPERATOR:
        others.append(
            ast.Compare(node.left, [OTHER_OPERATOR[type(node.ops[0])]()], node.comparators)
        )
    if isinstance(node, ast.BoolOp):
        others += node.values
    if isinstance(node, ast.IfExp):
        others += [node.body, node.orelse]
    if isinstance(node, ast.Constant) and type(node.value) in (int, float):
        others += [ast.Constant(node.value + 1), ast.Constant(node.value - 1)]
    if isinstance(node, ast.Call):
        others += _other_calls(node)
    if isinstance(node, ast.Tuple) and isinstance(node.ctx, ast.Load) and len(node.elts) == 2:
        others.append(ast.Tuple(node.elts[::-1], node.ctx))
    return others


def _other_calls(node):
    others = [ast.Call(ast.Attribute(node, "detach", ast.Load()), [], [])]
    if isinstance(node.func, ast.Attribute):
        if node.func.attr in OTHER_METHOD:
            other = ast.Attribute(node.func.value, OTHER_METHOD[node.func.attr], ast.Load())
            others.append(ast.Call(other, node.args, node.keywords))
        others.append(node.func.value)  # without the method
    if len(node.args) > 1:
        others.append(ast.Call(node.func, node.args[::-1], node.keywords))
    for number in range(len(node.keywords)):
        rest = node.keywords[:number] + node.keywords[number + 1 :]
        others.append(ast.Call(node.func, node.args, rest))
    return others


def mutants_of(source):
    """All sources (list) with one change: a node replaced, or a statement left out."""
    tree = ast.parse(source)
    found = []
    nodes = list(ast.walk(tree))
    for place, node in enumerate(nodes):
        for field, value in ast.iter_fields(node):
            children = value if isinstance(value, list) else [value]
            for number, child in enumerate(children):
                if not isinstance(child, ast.AST):
                    continue
                others = changes_of(child)
                if isinstance(child, ast.stmt) and place > 0 and len(children) > 1:
                    others = [*others, ast.Pass()]
                for other in others:
                    found.append(_replaced(tree, place, field, number, other))
    return list(dict.fromkeys(text for text in found if text != ast.unparse(tree)))


def _replaced(tree, place, field, number, other):
    new_tree = copy.deepcopy(tree)
    node = list(ast.walk(new_tree))[place]
    value = getattr(node, field)
    if isinstance(value, list):
        value[number] = copy.deepcopy(other)
    else:
        setattr(node, field, copy.deepcopy(other))
    return ast.unparse(ast.fix_missing_locations(new_tree))


def test_a_change_is_one_change():
    found = mutants_of("def f(x, y):\n    return -x.mean() + 2 * y")
    assert "def f(x, y):\n    return x.mean() + 2 * y" in found
    assert "def f(x, y):\n    return -x.sum() + 2 * y" in found
    assert "def f(x, y):\n    return -x.mean().detach() + 2 * y" in found
    assert "def f(x, y):\n    return -x.mean() - 2 * y" in found
    assert "def f(x, y):\n    return 2 * y" in found
    assert "def f(x, y):\n    return -x.mean() + 3 * y" in found
    assert len(found) == len(set(found)) and len(found) > 10


@pytest.mark.parametrize(("path", "exercise", "check", "solution"), exercises.ALL)
def test_no_small_change_of_a_solution_passes(path, exercise, check, solution):
    namespace = exercises.imports(path)
    known = EQUIVALENT.get((path.stem, exercise.id), ())
    survivors = []
    right = exercises.solution_code(solution)
    mutants = mutants_of(right)
    number = int(exercise.id.removeprefix("exercise-"))
    if number not in kinds.DIFFERENTIABLE.get(path.stem, []):  # nothing learns through its result
        mutants = [text for text in mutants if text.count("detach") <= right.count("detach")]
    for source in mutants:
        text = exercises.verdict(namespace, source, check.source)
        torch.set_grad_enabled(True)
        if text.startswith("✔") and not any(part in source for part in known):
            survivors.append(source)
    assert len(mutants) >= 2
    assert survivors == []
