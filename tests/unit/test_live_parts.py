"""What is stored for the site of the cells that live."""

import json

import nbformat
import pytest
from nbclient import NotebookClient

from gan_helpers import networks, widgets
from gan_helpers.widgets import page
from gan_notebooks import live_parts

SOURCES = {
    "small": "from gan_helpers import networks, widgets\nwidgets.sampler()",
    "large": "sampler = widgets.sampler(networks.DenseGenerator())\nsampler.set(seed=3)\nsampler",
    "film": (
        "import torch\nfrom gan_helpers import training\nhistory = training.History()\n"
        "history.record({'d_loss': 1.0})\n"
        "history.snapshots = {1: torch.zeros(4, 1, 28, 28)}\nwidgets.scrubber(history)"
    ),
    "plain": "1 + 1",
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    cells = [nbformat.v4.new_code_cell(source, id=name) for name, source in SOURCES.items()]
    notebook = nbformat.v4.new_notebook(cells=cells)
    NotebookClient(notebook, kernel_name="python3").execute()
    path = tmp_path_factory.mktemp("lessons") / "02_some.ipynb"
    folder = live_parts.folder_of(path)
    folder.mkdir(parents=True)
    (folder / "gone.json").write_text("{}")  # of a cell that is no more
    live_parts.store(path, notebook)
    return folder


def stored(folder, cell):
    description = json.loads((folder / f"{cell}.json").read_text())
    content = (folder / f"{cell}.bin").read_bytes()
    assert len(json.dumps(description)) + len(content) <= live_parts.LARGEST
    return description, content


def test_each_live_cell_has_its_files_and_no_other(folder):
    names = {path.name for path in folder.iterdir()}
    assert names == {
        f"{cell}.{kind}" for cell in ("small", "large", "film") for kind in ("json", "bin")
    }


def test_a_small_generator_is_stored_itself(folder):
    description, content = stored(folder, "small")
    sampler = widgets.sampler()
    assert description["module"][-1] == "sampler.js" and description["note"] == ""
    texts = [(page.FOLDER / name).read_text("utf-8") for name in description["module"]]
    assert "\n".join(texts) == sampler._esm
    assert (page.FOLDER / description["style"]).read_text("utf-8") == sampler._css
    state = description["state"]
    assert state["weights"] == [{"bytes": [0, len(content)]}] and content == sampler.weights[0]
    assert state["directions"] == sampler.directions and state["state"] == sampler.state
    assert not [name for name in state if name.startswith("_")] and "layout" not in state


def test_for_a_large_one_the_shipped_generator_stands_in_and_says_so(folder):
    description, content = stored(folder, "large")
    assert content == widgets.sampler().weights[0]
    assert description["note"] == live_parts.STAND_IN
    assert description["state"]["latent_dim"] == networks.trained_generator().latent_dim
    assert description["state"]["state"]["seed"] == 3


def test_a_film_has_its_pictures_as_bytes(folder):
    description, content = stored(folder, "film")
    state = description["state"]
    assert description["module"][-1] == "scrubber.js" and state["steps"] == [1]
    for name in ("film", "curves"):
        start, length = state[name]["bytes"]
        assert content[start : start + 8] == b"\x89PNG\r\n\x1a\n" and length > 50
