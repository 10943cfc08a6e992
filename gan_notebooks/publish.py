"""What authors do with the notebooks before others read them.

python -m gan_notebooks.publish notebooks [--lesson 02]   run at the defaults, store the outputs
python -m gan_notebooks.publish address OWNER/NAME        another address of the repository
"""

import argparse
import hashlib
import re
import sys
import tomllib
from pathlib import Path

import nbformat

from gan_helpers import tables
from gan_notebooks import notebooks, runner
from gan_notebooks.commands import add_choice_of_lessons, exit_code
from gan_notebooks.errors import CourseError
from gan_notebooks.files import read_text

ROOT = Path(__file__).parents[1]
# In a code cell's metadata: tells whether it was changed after it was run.
SOURCE_HASH = "source_when_run"
WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"


def source_hash(cell):
    """A short fingerprint of a cell's code."""
    return hashlib.sha256(cell.source.encode()).hexdigest()[:16]


def store(notebook, build=ROOT / "build"):
    """Run `notebook` at its defaults and write its outputs back into it.

    Returns the runner.Result. Where the run stopped with an error the notebook is unchanged.
    """
    executed_path = Path(build) / notebook.name
    result = runner.execute(notebook, executed_path, {})
    if result.error:
        return result
    executed = notebooks.read(executed_path)
    stored = notebooks.read(notebook)
    for cell, executed_cell in zip(stored.cells, executed.cells, strict=True):
        if cell.cell_type == "code":
            cell.outputs = _storable(executed_cell.outputs)
            cell.execution_count = executed_cell.execution_count
            cell.metadata[SOURCE_HASH] = source_hash(cell)
    stored.metadata.pop("widgets", None)
    tables.replace(notebook, nbformat.writes(stored) + "\n")
    return result


def _storable(outputs):
    """The outputs as they are stored.

    No widget views, one stream in one piece, of a progress bar the last state.
    """
    kept = []
    for output in outputs:
        if WIDGET_VIEW in output.get("data", {}):
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


def address(root=ROOT):
    """The repository's "owner/name", from pyproject.toml."""
    path = Path(root) / "pyproject.toml"
    try:
        repository = tomllib.loads(_text(path))["project"]["urls"]["Repository"]
        return repository.removeprefix("https://github.com/")
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        raise CourseError(
            f'{path} must say Repository = "https://github.com/OWNER/NAME" under [project.urls]; '
            f"it is damaged, or another project's: {error}"
        ) from None


def _text(path):
    return read_text(path, notebooks.LARGEST_NOTEBOOK)


def rewrite_address(new, root=ROOT):
    """Put `new` ("owner/name") in place of the repository's address.

    In pyproject.toml, README.md and the notebooks. Raises CourseError where it is no address, and
    where one of these files cannot be read; then none is changed.
    """
    if not re.fullmatch(r"[\w.-]+/[\w.-]+", new):
        raise CourseError(f"the address must be owner/name, got {new!r}")
    root = Path(root)
    old = address(root)
    texts = {}
    # pyproject.toml comes last: where this is interrupted, the next call does the rest.
    for path in sorted((root / "notebooks").glob("*.ipynb")):
        notebook = notebooks.read(path)
        for cell in notebook.cells:
            # The address in the setup cell does nothing outside Colab: outputs that held before
            # still hold.
            is_fresh = cell.metadata.get(SOURCE_HASH) == source_hash(cell)
            cell.source = cell.source.replace(old, new)
            if is_fresh:
                cell.metadata[SOURCE_HASH] = source_hash(cell)
        texts[path] = nbformat.writes(notebook) + "\n"
    for path in (root / "README.md", root / "pyproject.toml"):
        texts[path] = _text(path).replace(old, new)
    for path, text in texts.items():
        tables.replace(path, text)


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


def change_address(options):
    """`publish address`."""
    rewrite_address(options.repository)
    return True


def _parser():
    parser = argparse.ArgumentParser(
        prog="python -m gan_notebooks.publish",
        description="Store outputs, change the address: `notebooks` and `address` change sources, "
        "as `python -m gan_notebooks.results` does; no other command does.",
    )
    subparsers = parser.add_subparsers(dest="command", required=True)
    meaning = "run lessons, write their outputs into the lessons themselves"
    store_parser = subparsers.add_parser("notebooks", help=meaning, description=meaning)
    add_choice_of_lessons(store_parser)
    store_parser.set_defaults(do=store_lessons)
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
