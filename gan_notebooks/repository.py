"""Where the course is published: its repository, its pages, and which files name them."""

import hashlib
import re
import tomllib
from pathlib import Path

import nbformat

from gan_helpers import tables
from gan_notebooks import notebooks
from gan_notebooks.errors import CourseError
from gan_notebooks.files import read_text

ROOT = Path(__file__).parents[1]
# In a code cell's metadata: tells whether it was changed after it was run.
SOURCE_HASH = "source_when_run"


def source_hash(cell):
    """A short fingerprint of a cell's code."""
    return hashlib.sha256(cell.source.encode()).hexdigest()[:16]


def address(root=ROOT):
    """The repository's "owner/name", from pyproject.toml."""
    return _of_project(
        root,
        lambda project: project["urls"]["Repository"].removeprefix("https://github.com/"),
        'Repository = "https://github.com/OWNER/NAME" under [project.urls]',
    )


def version(root=ROOT):
    """The course's version (str), from pyproject.toml."""
    return _of_project(root, lambda project: project["version"], 'a version = "…" under [project]')


def _of_project(root, read, wanted):
    """What `read` takes from [project] in pyproject.toml; CourseError where it lacks `wanted`."""
    path = Path(root) / "pyproject.toml"
    try:
        return read(tomllib.loads(_text(path))["project"])
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        raise CourseError(
            f"{path} must say {wanted}; it is damaged, or another project's: {error}"
        ) from None


def site(repository):
    """The address (str) of the course's pages: `repository` is "owner/name"."""
    owner, name = repository.split("/")
    return f"https://{owner}.github.io/{name}"


def _text(path):
    return read_text(path, notebooks.LARGEST_NOTEBOOK)


def rewrite_address(new, root=ROOT):
    """Put `new` ("owner/name") in place of the repository's address.

    Raises CourseError where it is no address, and where a file cannot be read; then none is
    changed.
    """
    if not re.fullmatch(r"[\w.-]+/[\w.-]+", new):
        raise CourseError(f"the address must be owner/name, got {new!r}")
    old = address(root)
    rewrite(lambda text: text.replace(old, new).replace(site(old), site(new)), root)


def rewrite(change, root=ROOT):
    """Put `change(text)` in place of the text of each file that names the repository.

    These are pyproject.toml, README.md, CITATION.cff and the notebooks' cells. Raises CourseError
    where one of them cannot be read; then none is changed.
    """
    root = Path(root)
    texts = {}
    # pyproject.toml comes last: where this is interrupted, the next call does the rest.
    for path in sorted((root / "notebooks").glob("*.ipynb")):
        notebook = notebooks.read(path)
        for cell in notebook.cells:
            # The address in the setup cell does nothing outside Colab: outputs that held before
            # still hold.
            is_fresh = cell.metadata.get(SOURCE_HASH) == source_hash(cell)
            cell.source = change(cell.source)
            if is_fresh:
                cell.metadata[SOURCE_HASH] = source_hash(cell)
        texts[path] = nbformat.writes(notebook) + "\n"
    for name in ("README.md", "CITATION.cff", "pyproject.toml"):
        texts[root / name] = change(_text(root / name))
    for path, text in texts.items():
        if text != _text(path):  # else make would think that pyproject.toml asks for more packages
            tables.replace(path, text)
