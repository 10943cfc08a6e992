"""`exit()` in a reader's answer, in a real kernel: the check tells it, and the kernel goes on."""

import nbformat
import pytest

from gan_notebooks import runner
from tests.small_notebooks import write_notebook

pytestmark = pytest.mark.slow
CHECK = """
from gan_helpers.checks import check

@check
def double(answer):
    yield answer(3) == 6, "it is not the double", "x + x"
"""


def printed(folder, *answers):
    """What a notebook prints that checks these answers (str), and the error it stopped with."""
    cells = [CHECK, *(f"double(lambda x: {answer})" for answer in answers), "print('at the end')"]
    write_notebook(folder / "in.ipynb", *cells)
    error = runner.execute(folder / "in.ipynb", folder / "out.ipynb", {}).error
    cells = nbformat.read(folder / "out.ipynb", as_version=4).cells
    outputs = [output for cell in cells for output in cell.get("outputs", [])]
    return "".join(output.get("text", "") for output in outputs), error


def test_the_kernel_goes_on(tmp_path):
    calls = ("exit()", "quit()", "exit(True)", "__import__('sys').exit()", "2 * x")
    text, error = printed(tmp_path, *calls)
    assert error is None
    assert text.count("✘ Not yet: your function ends Python") == 4
    assert text.endswith("✔ Right.\nat the end\n")
