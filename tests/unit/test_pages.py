"""pages.py: reports of executed notebooks, also of those that nbconvert stumbles over."""

import html
import re

import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_output

from gan_notebooks import pages
from gan_notebooks.errors import CourseError


def test_a_report_has_formulas_and_alternative_texts_and_no_code(tmp_path, write_notebook):
    text = "$$\\frac{a}{b}$$ with $x_1$, not `$HOME` and `$PATH`"
    alt = {"image/png": {"alt": "A rising line."}}
    picture = new_output("display_data", {"image/png": "AAAA\n"}, metadata=alt)
    cells = [new_markdown_cell(text), new_code_cell("hidden", outputs=[picture])]
    page = pages.report(write_notebook(tmp_path / "07_small.ipynb", *cells))
    assert re.search(r"<mfrac><mrow><mi>a</mi>.*</mfrac>.*<msub><mi>x</mi><mn>1</mn></msub>", page)
    assert "<code>$HOME</code>" in page, "code is no formula"
    assert not re.search(r"(src|href)=[\"']https?://", page), "loads something from the network"
    assert 'alt="A rising line."' in page and ">hidden<" not in page


def test_a_wrong_formula_stands_there_as_code(tmp_path, write_notebook):
    text = r"good $x_1$, half $\frac$, open $\left( x$, " + "$" + "{" * 3000 + "$"
    page = pages.report(write_notebook(tmp_path / "07.ipynb", new_markdown_cell(text)))
    assert "<msub>" in page and r"<code>\frac</code>" in page


def test_what_makes_no_page_is_named(tmp_path, write_notebook):
    path = write_notebook(tmp_path / "07.ipynb", "1")
    text = path.read_text(encoding="utf8").replace('"kernelspec": {', '"language_info": [], "k": {')
    path.write_text(text, encoding="utf8")
    with pytest.raises(CourseError, match="07.ipynb cannot be made into HTML: "):
        pages.report(path)


def test_half_a_character_stops_no_page(tmp_path, write_notebook):
    path = write_notebook(tmp_path / "07.ipynb", "1")
    output = '"outputs": [{"output_type": "stream", "name": "stdout", "text": "\\ud800"}]'
    text = path.read_text(encoding="utf8").replace('"outputs": []', output)
    path.write_text(text, encoding="utf8")
    pages.report(path).encode("utf8")


@pytest.mark.parametrize(
    ("formula", "spaces"),
    [
        (r"\log 0", "log_0"),
        (r"2\log 2", "2_log_2"),
        (r"(a)\log b", "(a)_log_b"),
        (r"x-\log(1-s)", "x−log(1−s)"),
        (r"\log\left[s\right]", "log[s]"),
        (r"\tanh^2(x)", "tanh2(x)"),
        (r"-\log", "−log"),
    ],
)
def test_a_function_stands_apart_from_what_is_no_bracket(formula, spaces):
    text = pages.mathml(formula).replace(pages.THIN_SPACE, "_")
    assert html.unescape(re.sub(r"<[^>]*>", "", text)) == spaces
