"""What authors do with the notebooks before others read them.

python -m gan_notebooks.publish notebooks [--lesson 02]   run at the defaults, store the outputs
python -m gan_notebooks.publish html [--lesson 02]        run, then write HTML into build/html/
python -m gan_notebooks.publish address OWNER/NAME        another address of the repository
"""

import argparse
import html
import re
import sys
from pathlib import Path
from urllib.parse import quote

import latex2mathml.converter
import nbformat
from nbconvert import HTMLExporter

from gan_helpers import tables
from gan_notebooks import live_parts, marks, notebooks, repository, runner
from gan_notebooks.commands import add_choice_of_lessons, exit_code
from gan_notebooks.errors import CourseError
from gan_notebooks.names import name_cells

# Code matches too, without a group, and so is passed over.
FORMULA = re.compile(r"```.*?```|`[^`\n]*`|\$\$(.+?)\$\$|\$([^$\n]+)\$", re.DOTALL)
INDEX = """<!doctype html><html lang="en"><meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Adversarial Digits</title>
<style>body{font:1.1em/1.6 sans-serif;max-width:40em;margin:3em auto;padding:0 1em}</style>
<h1>Adversarial Digits</h1>
<ul>
ENTRIES
</ul></html>
"""


def store(notebook, build=repository.ROOT / "build"):
    """Run `notebook` at its defaults and write its outputs back into it; name its new cells.

    What its live parts need on the site is written beside it.

    Returns the runner.Result. Where the run stopped with an error the notebook is unchanged.
    """
    executed_path = Path(build) / notebook.name
    result = runner.execute(notebook, executed_path, {})
    if result.error:
        return result
    executed = notebooks.read(executed_path)
    stored = notebooks.read(notebook)
    name_cells(stored)
    for cell, executed_cell in zip(stored.cells, executed.cells, strict=True):
        executed_cell.id = cell.id
        if cell.cell_type == "code":
            cell.outputs = _storable(executed_cell.outputs)
            cell.execution_count = executed_cell.execution_count
            cell.metadata[repository.SOURCE_HASH] = repository.source_hash(cell)
    stored.metadata.pop("widgets", None)
    live_parts.store(Path(notebook), executed)
    tables.replace(notebook, nbformat.writes(stored) + "\n")
    return result


def _storable(outputs):
    """The outputs as they are stored.

    No widget views, one stream in one piece, of a progress bar the last state.
    """
    kept = []
    for output in outputs:
        if live_parts.WIDGET_VIEW in output.get("data", {}):
            continue
        if kept and output.output_type == "stream" and kept[-1].get("name") == output.name:
            kept[-1].text += output.text
        else:
            kept.append(output)
    for output in kept:
        if output.output_type == "stream":
            output.text = "\n".join(
                line.rstrip("\r").rsplit("\r", 1)[-1] for line in output.text.split("\n")
            )
    return kept


def to_html(lessons, build=repository.ROOT / "build"):
    """Run the notebooks `lessons` at their defaults; write each as HTML, with an index.

    Returns True where all ran.
    """
    folder = Path(build) / "html"
    folder.mkdir(parents=True, exist_ok=True)
    errors = {}
    for notebook in lessons:
        executed = Path(build) / notebook.name
        errors[notebook.stem] = runner.execute(notebook, executed, {}).error
        if executed.exists():  # not where the run ended before its first cell
            (folder / f"{notebook.stem}.html").write_text(page(executed), encoding="utf8")
    every = sorted({*lessons, *lessons[0].parent.glob("*.ipynb")})
    # Also those of earlier calls.
    with_page = [path for path in every if (folder / f"{path.stem}.html").exists()]
    entries = [_entry(notebook, errors.get(notebook.stem)) for notebook in with_page]
    index = INDEX.replace("ENTRIES", "\n".join(entries))
    (folder / "index.html").write_text(index, encoding="utf8")
    print(f"open {folder / 'index.html'}")
    return not any(errors.values())


def _entry(notebook, error):
    """The line of a notebook in the index. `error`: in which its run stopped, or None."""
    title = html.escape(notebooks.title(notebooks.read(notebook)))
    failed = f" (stopped in {html.escape(error)})" if error else ""
    link = quote(f"{notebook.stem}.html")
    return f'<li><a href="{link}">{title}</a>{failed}</li>'


def page(path, *, code=True):
    """An executed notebook as a page of HTML (str) that loads nothing from the network.

    Without `code` it is a report. Raises CourseError where no page can be made of it.
    """
    executed = notebooks.read(path)
    try:
        return _page(executed, Path(path).stem, code)
    except Exception as error:  # nbconvert lets through whatever an odd output leads to
        cause = f"{type(error).__name__}: {error}"
        raise CourseError(f"the notebook {path} cannot be made into HTML: {cause}") from None


def _page(executed, name, code):
    exporter = HTMLExporter(
        embed_images=True, mathjax_url="", require_js_url="", exclude_input=not code
    )
    formulas = []

    def set_aside(match):  # Markdown would take a formula's tags apart
        is_code = not any(match.groups())
        if is_code:
            return match[0]
        formulas.append(_mathml(match))
        return f"@formula{len(formulas) - 1}@"

    for cell in executed.cells:
        if cell.cell_type == "markdown":
            # Links from notebook to notebook become links from page to page; a report stands alone.
            if code:
                cell.source = re.sub(r"\]\((\d\d_\w+)\.ipynb", r"](\1.html", cell.source)
            cell.source = FORMULA.sub(set_aside, cell.source)
        for output in cell.get("outputs", []):
            _put_alt_into_html(output)
    text, _ = exporter.from_notebook_node(executed, {"metadata": {"name": name}})
    text = text.replace("<head>", f"<head>{marks.REPORT}", 1)
    text = re.sub(r"@formula(\d+)@", lambda match: formulas[int(match[1])], text)
    return text.encode("utf8", "replace").decode("utf8")  # half a character stops no page


def _mathml(match):
    """A match of FORMULA as MathML, which browsers draw by themselves; as code where it is none."""
    display, inline = match.groups()
    formula = (display or inline).strip()
    try:
        return latex2mathml.converter.convert(formula, display="block" if display else "inline")
    except Exception:  # half a formula, say: of many kinds
        return f"<code>{html.escape(match[0])}</code>"


def _put_alt_into_html(output):
    """Turn a picture with an alternative text into an <img> with it.

    nbconvert's lab template leaves it out.
    """
    alt = output.get("metadata", {}).get("image/png", {}).get("alt")
    if alt:
        source = f"data:image/png;base64,{output.data['image/png'].strip()}"
        output.data = {"text/html": f'<img alt="{html.escape(alt)}" src="{source}">'}


def store_lessons(options):
    """`publish notebooks`. Returns True where all are stored; the first that is not ends it."""
    for notebook in notebooks.lessons(options.lesson, options.notebooks):
        unchanged = f"{notebook.name} is unchanged"
        try:
            error = store(notebook).error
        except KeyboardInterrupt:
            print(f"Stopped. {unchanged}.", file=sys.stderr)
            return False
        if error:
            print(f"{unchanged}: it stopped in {error}", file=sys.stderr)
            return False
    return True


def write_html(options):
    """`publish html`. Returns True where all lessons ran."""
    return to_html(notebooks.lessons(options.lesson, options.notebooks))


def change_address(options):
    """`publish address`."""
    repository.rewrite_address(options.repository)
    return True


def _parser():
    parser = argparse.ArgumentParser(
        prog="python -m gan_notebooks.publish",
        description="Store outputs, write HTML. `notebooks` and `address` change sources, as "
        "`python -m gan_notebooks.results` does; no other command does.",
    )
    subparsers = parser.add_subparsers(dest="command", required=True)
    for command, function, meaning in (
        (
            "notebooks",
            store_lessons,
            "run lessons, write their outputs into the lessons themselves",
        ),
        ("html", write_html, "run lessons, write them as HTML into build/html/"),
    ):
        command_parser = subparsers.add_parser(command, help=meaning, description=meaning)
        add_choice_of_lessons(command_parser)
        command_parser.set_defaults(do=function)
    meaning = "write another address into pyproject.toml, README.md and the lessons themselves"
    address_parser = subparsers.add_parser("address", help=meaning, description=meaning)
    address_parser.add_argument("repository", help="owner/name")
    address_parser.set_defaults(do=change_address)
    return parser


def main(arguments=None):
    """The command line; ends the process. Codes as of `gan-notebooks`."""
    parser = _parser()
    sys.exit(exit_code(parser, parser.parse_args(arguments)))


if __name__ == "__main__":
    main()
