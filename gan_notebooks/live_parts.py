"""What the live parts of a lesson need on the site, where there is no kernel.

`make notebooks` writes it beside the lesson, into live/<lesson>/: for each cell that shows a
sampler or a scrubber <cell id>.json and <cell id>.bin. The first has

    module   files of gan_helpers/widgets that are joined; the last one has the export
    style    one of them
    note     what is said above, or ""
    state    the values of its model; {"bytes": [start, length]} for those that lie in the second
"""

import base64
import json
import shutil

from gan_helpers import tables

WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"
WIDGET_STATE = "application/vnd.jupyter.widget-state+json"
LARGEST = 300_000  # bytes that a reader of the site loads for a cell
OF_THE_FRONT_END = ("layout", "tabbable", "tooltip")  # no values of ours
STAND_IN = (
    "Here the generator that comes with the course stands in: this lesson's is too large for a "
    "page without a kernel."
)


def folder_of(notebook):
    """Where the files of a lesson lie."""
    return notebook.parent / "live" / notebook.stem


def store(notebook, executed):
    """Write the files of the lesson `notebook` (its path) anew, from the `executed` one."""
    folder = folder_of(notebook)
    shutil.rmtree(folder, ignore_errors=True)
    models = executed.metadata.get("widgets", {}).get(WIDGET_STATE, {}).get("state", {})
    for cell in executed.cells:
        for output in cell.get("outputs", []):
            view = output.get("data", {}).get(WIDGET_VIEW)
            model = models.get(view["model_id"]) if view else None
            if model and "_esm" in model["state"]:
                write(folder, cell.id, *described(model))


def write(folder, name, description, content):
    """Write the two files of a part."""
    folder.mkdir(parents=True, exist_ok=True)
    tables.replace(folder / f"{name}.json", json.dumps(description) + "\n")
    (folder / f"{name}.bin").write_bytes(content)


def described(model):
    """A model of a notebook's widget state as a description (dict) and bytes, of LARGEST in all.

    A sampler that is larger has the shipped generator in place of its own, and a note.
    """
    from gan_helpers import widgets  # torch takes seconds to import

    part = getattr(widgets, model["state"]["_anywidget_id"].rsplit(".", 1)[1].lower())
    state = _with_bytes(model)
    description, content = split(part, state)
    if len(json.dumps(description)) + len(content) > LARGEST:
        sampler = widgets.sampler(conditional=state["conditional"])
        shipped = {key: getattr(sampler, key) for key in state}
        description, content = split(part, shipped | {"state": state["state"]}, STAND_IN)
    return description, content


def _with_bytes(model):
    """The values of a model, those that are bytes in their places."""
    state = {
        key: value
        for key, value in model["state"].items()
        if not key.startswith("_") and key not in OF_THE_FRONT_END
    }
    for buffer in model.get("buffers", []):
        *way, last = buffer["path"]
        place = state
        for key in way:
            place = place[key]
        place[last] = base64.b64decode(buffer["data"])
    return state


def split(part, state, note=""):
    """A description (dict) of a part, a class, with its model's values `state`; and the bytes."""
    content = bytearray()

    def apart(value):
        if isinstance(value, list):
            return [apart(part) for part in value]
        if not isinstance(value, bytes):
            return value
        start = len(content)
        content.extend(value)
        return {"bytes": [start, len(value)]}

    values = {key: apart(value) for key, value in state.items()}
    module = [f"{name}.js" for name in part.FILES]
    return {"module": module, "style": "page.css", "note": note, "state": values}, bytes(content)
