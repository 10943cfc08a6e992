"""What authors do with the notebooks before others read them.

python -m gan_notebooks.publish notebooks [--lesson 02]   run at the defaults, store the outputs
python -m gan_notebooks.publish address OWNER/NAME        another address of the repository
"""

import argparse
import sys
from pathlib import Path

import nbformat

from gan_helpers import tables
from gan_notebooks import live_parts, notebooks, repository, runner
from gan_notebooks.commands import add_choice_of_lessons, exit_code
from gan_notebooks.names import name_cells


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
    repository.rewrite_address(options.repository)
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
