"""An executed notebook as a report in HTML, and what the site's pages share with it."""

import html
import re
from pathlib import Path

import latex2mathml.converter
from nbconvert import HTMLExporter

from gan_notebooks import marks, notebooks
from gan_notebooks.errors import CourseError

# Code matches too, without a group, and so is passed over.
FORMULA = re.compile(r"```.*?```|`[^`\n]*`|\$\$(.+?)\$\$|\$([^$\n]+)\$", re.DOTALL)
# In MathML: the name of a function, as log; what it stands apart from, before it and behind it.
FUNCTION = re.compile("<mi>[a-z]{2,}</mi>")
ORDINARY = ("</mi>", "</mn>", "</msub>", "</msup>", "</mfrac>", "&#x00029;</mo>")
NO_SPACE = re.compile(r"</|(?:<mrow>)*<mo[^>]*>(?:&#x00028;|[\[{])")
THIN_SPACE = '<mspace width="0.167em" />'


def report(path):
    """An executed notebook without its code, as HTML (str) that loads nothing from the network.

    Raises CourseError where no page can be made of it.
    """
    executed = notebooks.read(path)
    try:
        return _report(executed, Path(path).stem)
    except Exception as error:  # nbconvert lets through whatever an odd output leads to
        cause = f"{type(error).__name__}: {error}"
        raise CourseError(f"the notebook {path} cannot be made into HTML: {cause}") from None


def _report(executed, name):
    exporter = HTMLExporter(
        embed_images=True, mathjax_url="", require_js_url="", exclude_input=True
    )
    formulas = []

    def set_aside(match):  # Markdown would take a formula's tags apart
        display, inline = match.groups()
        if not display and not inline:
            return match[0]
        formulas.append(mathml(display or inline, is_block=bool(display)))
        return f"@formula{len(formulas) - 1}@"

    for cell in executed.cells:
        if cell.cell_type == "markdown":
            cell.source = FORMULA.sub(set_aside, cell.source)
        for output in cell.get("outputs", []):
            put_alt_into_html(output)
    text, _ = exporter.from_notebook_node(executed, {"metadata": {"name": name}})
    text = text.replace("<head>", f"<head>{marks.REPORT}", 1)
    text = re.sub(r"@formula(\d+)@", lambda match: formulas[int(match[1])], text)
    return text.encode("utf8", "replace").decode("utf8")  # half a character stops no page


def mathml(formula, *, is_block=False):
    """A formula (str) as MathML, which browsers draw by themselves; as code where it is none."""
    try:
        display = "block" if is_block else "inline"
        text = latex2mathml.converter.convert(formula.strip(), display=display)
    except Exception:  # half a formula, say: of many kinds
        return f"<code>{html.escape(formula.strip())}</code>"
    return FUNCTION.sub(_set_apart, text)


def _set_apart(match):
    """A function's name with the thin spaces that TeX puts round it, as in 2 log 2."""
    before = match.string[: match.start()]
    behind = match.string[match.end() :]
    if before.endswith(("<msub>", "<msup>")):  # its index or exponent follows
        return match[0]
    left = THIN_SPACE if before.endswith(ORDINARY) else ""
    right = "" if NO_SPACE.match(behind) else THIN_SPACE
    return f"<mrow>{left}{match[0]}{right}</mrow>"


def put_alt_into_html(output):
    """Turn a picture with an alternative text into an <img> with it.

    nbconvert's lab template leaves it out, and so does myst-nb.
    """
    alt = output.get("metadata", {}).get("image/png", {}).get("alt")
    if alt:
        source = f"data:image/png;base64,{output.data['image/png'].strip()}"
        output.data = {"text/html": f'<img alt="{html.escape(alt)}" src="{source}">'}
