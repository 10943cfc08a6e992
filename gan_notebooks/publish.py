"""What authors do with the notebooks before others read them.

python -m gan_notebooks.publish notebooks [--lesson 02]   run at the defaults and store the outputs
python -m gan_notebooks.publish html [--lesson 02]        run, then write HTML with an index into build/html/
python -m gan_notebooks.publish address OWNER/NAME        rewrite the repository's address everywhere
"""

import argparse
import hashlib
import html
import re
import sys
import tomllib
from pathlib import Path

import latex2mathml.converter
import nbformat
from nbconvert import HTMLExporter

from gan_helpers import tables
from gan_notebooks import notebooks, runner

ROOT = Path(__file__).parents[1]
FORMULA = re.compile(
    r"```.*?```|`[^`\n]*`|\$\$(.+?)\$\$|\$([^$\n]+)\$", re.DOTALL
)  # code is passed over
SOURCE_HASH = (
    "source_when_run"  # in a code cell's metadata: tells whether it was changed after it was run
)


def source_hash(cell):
    """A short fingerprint of a cell's code."""
    return hashlib.sha256(cell.source.encode()).hexdigest()[:16]


def store(notebook, build=ROOT / "build"):
    """Run `notebook` at its defaults and write its outputs back into it. Returns the record of the run."""
    executed_path = Path(build) / notebook.name
    record = runner.execute(notebook, executed_path, {})
    if record["error"]:
        return record
    executed = nbformat.read(executed_path, as_version=4)
    kept = nbformat.read(notebook, as_version=4)
    for cell, ran in zip(kept.cells, executed.cells, strict=True):
        if cell.cell_type == "code":
            cell.outputs = _storable(ran.outputs)
            cell.execution_count = ran.execution_count
            cell.metadata[SOURCE_HASH] = source_hash(cell)
    kept.metadata.pop("widgets", None)
    tables.replace(notebook, nbformat.writes(kept) + "\n")
    return record


def _storable(outputs):
    """The outputs as they are stored: no widget views, one stream in one piece, of a progress bar the last state."""
    kept = []
    for output in outputs:
        if "application/vnd.jupyter.widget-view+json" in output.get("data", {}):
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


def to_html(notebooks, build=ROOT / "build"):
    """Run the notebooks at their defaults; write each as HTML, with an index. Returns True where all ran."""
    folder = Path(build) / "html"
    folder.mkdir(parents=True, exist_ok=True)
    errors = {}
    for notebook in notebooks:
        record = runner.execute(notebook, Path(build) / notebook.name, {})
        errors[notebook.stem] = record["error"]
        (folder / f"{notebook.stem}.html").write_text(
            page(Path(build) / notebook.name), encoding="utf8"
        )
    entries = []
    for notebook in sorted({*notebooks, *notebooks[0].parent.glob("*.ipynb")}):
        if (folder / f"{notebook.stem}.html").exists():  # also those of earlier calls
            title = html.escape(
                nbformat.read(notebook, as_version=4).cells[0].source.splitlines()[0].lstrip("# ")
            )
            failed = (
                f" (stopped in {html.escape(errors[notebook.stem])})"
                if errors.get(notebook.stem)
                else ""
            )
            entries.append(f'<li><a href="{notebook.stem}.html">{title}</a>{failed}</li>')
    (folder / "index.html").write_text(
        '<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        "<title>Adversarial Digits</title><style>body{font:1.1em/1.6 sans-serif;max-width:40em;margin:3em auto;"
        "padding:0 1em}</style><h1>Adversarial Digits</h1><ul>\n"
        + "\n".join(entries)
        + "\n</ul></html>\n",
        encoding="utf8",
    )
    print(f"open {folder / 'index.html'}")
    return not any(errors.values())


def page(path, *, code=True):
    """An executed notebook as a page of HTML (str) that loads nothing from the network; a report without its code."""
    exporter = HTMLExporter(
        embed_images=True, mathjax_url="", require_js_url="", exclude_input=not code
    )
    executed = nbformat.read(path, as_version=4)
    formulas = []

    def set_aside(match):  # Markdown would take a formula's tags apart
        if not any(match.groups()):  # code
            return match[0]
        formulas.append(_mathml(match))
        return f"@formula{len(formulas) - 1}@"

    for cell in executed.cells:
        if cell.cell_type == "markdown":
            if code:  # links from notebook to notebook become links from page to page; a report stands alone
                cell.source = re.sub(r"\]\((\d\d_\w+)\.ipynb", r"](\1.html", cell.source)
            cell.source = FORMULA.sub(set_aside, cell.source)
        for output in cell.get("outputs", []):
            _put_alt_into_html(output)
    text, _ = exporter.from_notebook_node(executed, {"metadata": {"name": Path(path).stem}})
    return re.sub(r"@formula(\d+)@", lambda match: formulas[int(match[1])], text)


def _mathml(match):
    """A match of FORMULA as MathML, which browsers draw by themselves."""
    display, inline = match.groups()
    return latex2mathml.converter.convert(
        (display or inline).strip(), display="block" if display else "inline"
    )


def _put_alt_into_html(output):
    """Turn a picture with an alternative text into an <img> with it: nbconvert's lab template leaves it out."""
    alt = output.get("metadata", {}).get("image/png", {}).get("alt")
    if alt:
        output.data = {
            "text/html": f'<img alt="{html.escape(alt)}" src="data:image/png;base64,'
            f'{output.data["image/png"].strip()}">'
        }


def address(root=ROOT):
    """The repository's "owner/name", from pyproject.toml."""
    project = tomllib.loads((Path(root) / "pyproject.toml").read_text(encoding="utf8"))["project"]
    return project["urls"]["Repository"].removeprefix("https://github.com/")


def rewrite_address(new, root=ROOT):
    """Put `new` ("owner/name") for the repository's address in pyproject.toml, README.md and the notebooks."""
    if not re.fullmatch(r"[\w.-]+/[\w.-]+", new):
        raise SystemExit(f"the address must be owner/name, got {new!r}")
    root = Path(root)
    old = address(root)
    for path in [
        root / "pyproject.toml",
        root / "README.md",
        *sorted((root / "notebooks").glob("*.ipynb")),
    ]:
        text = path.read_text(encoding="utf8")
        if path.suffix != ".ipynb":
            path.write_text(text.replace(old, new), encoding="utf8")
            continue
        notebook = nbformat.reads(text, as_version=4)
        for cell in notebook.cells:
            # The address in the setup cell does nothing outside Colab: outputs that held before still hold.
            held = cell.metadata.get(SOURCE_HASH) == source_hash(cell)
            cell.source = cell.source.replace(old, new)
            if held:
                cell.metadata[SOURCE_HASH] = source_hash(cell)
        nbformat.write(notebook, path)


def main(arguments=None):
    parser = argparse.ArgumentParser(
        prog="python -m gan_notebooks.publish", description="Store outputs, write HTML."
    )
    commands = parser.add_subparsers(dest="command", required=True)
    for command in ("notebooks", "html"):
        commands.add_parser(command).add_argument(
            "--lesson", default="", help="start of the file name, such as 02"
        )
    commands.add_parser("address").add_argument("repository", help="owner/name")
    options = parser.parse_args(arguments)
    if options.command == "address":
        rewrite_address(options.repository)
        return
    lessons = notebooks.lessons(options.lesson)
    if options.command == "html":
        sys.exit(0 if to_html(lessons) else 1)
    for notebook in lessons:
        try:
            record = store(notebook)
        except KeyboardInterrupt:
            sys.exit(f"Stopped. {notebook.name} is unchanged.")
        if record["error"]:
            sys.exit(f"{notebook.name} is unchanged: it stopped in {record['error']}")


if __name__ == "__main__":
    main()
