"""gan_helpers/memory.py, and what else keeps a lesson small."""

import ast
import subprocess
import sys

import pytest
import torch

from gan_helpers import data, networks
from gan_notebooks import notebooks


def run(code):
    """What a Python of its own prints."""
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    return result.stdout.strip()


def test_no_helper_imports_torchvision():
    code = """
import importlib, pkgutil, sys
import gan_helpers
modules = list(pkgutil.walk_packages(gan_helpers.__path__, "gan_helpers."))
for module in modules:
    importlib.import_module(module.name)
print(len(modules) > 30, "torchvision" in sys.modules)
"""
    assert run(code) == "True False"


def imported(source):
    """The packages (set) that a cell imports; lines for IPython are left out."""
    lines = [line for line in source.splitlines() if not line.lstrip().startswith(("%", "!"))]
    source = "\n".join(lines)
    try:
        tree = ast.parse(source)
    except SyntaxError:  # an `if` whose only line was one for IPython
        return {word for word in ("torchvision",) if word in source}
    packages = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            packages |= {name.name.split(".")[0] for name in node.names}
        elif isinstance(node, ast.ImportFrom):
            packages.add(node.module.split(".")[0])
    return packages


def test_lesson_01_alone_imports_torchvision():
    importing = []
    for path in notebooks.lessons():
        code_cells = [cell for cell in notebooks.read(path).cells if cell.cell_type == "code"]
        if any("torchvision" in imported(cell.source) for cell in code_cells):
            importing.append(path.stem)
    assert importing == ["01_data_scaling"]


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have no such setting")
def test_freed_blocks_of_20_mb_go_back_to_the_system():
    code = """
from pathlib import Path
import torch
from gan_helpers import memory
memory.keep_small()

def held():  # bytes
    line = [line for line in Path("/proc/self/status").read_text().splitlines()
            if line.startswith("RssAnon")]
    return int(line[0].split()[1]) * 1024

before = held()
for _ in range(2):  # glibc by itself keeps the second one
    block = torch.ones(5_000_000)
    assert held() - before > 18e6
    del block
print(held() - before < 2e6)
"""
    assert run(code) == "True"


def test_the_digits_are_in_memory_once():
    images, _ = data.mnist("train")
    again, _ = data.mnist("train")
    every, _ = data.mnist("all")
    validation, _ = data.mnist("validation")
    assert again.data_ptr() == images.data_ptr() == every.data_ptr()
    assert validation.data_ptr() == every[50_000:].data_ptr()


@pytest.mark.parametrize("mode", [torch.inference_mode, torch.no_grad])
def test_digits_that_were_changed_in_place_are_not_given_out(mode):
    with mode():
        images, _ = data.mnist("test")
        first = images[0].clone()
        images[0] = 7
        assert torch.equal(data.mnist("test")[0][0], first)
    assert torch.equal(data.mnist("test")[0][0], first)
    assert (images[0] == 7).all(), "the reader keeps what the reader made"


class Counting(torch.nn.Module):
    """forward(z [B, 2]) -> [B, 1, 28, 28], each picture the first number of its z."""

    def __init__(self):
        super().__init__()
        self.asked = []

    def forward(self, z):
        self.asked.append(len(z))
        return z[:, :1, None, None].expand(-1, 1, 28, 28)


def test_samples_are_made_in_portions_and_keep_their_order():
    G = Counting()
    z = torch.arange(900.0).view(450, 2)
    images = networks.sample(G, z)
    assert G.asked == [200, 200, 50]
    assert images.shape == (450, 1, 28, 28)
    assert torch.equal(images[:, 0, 5, 5], z[:, 0])
