"""A site of two small lessons, one of them with a live part, for the tests that build one."""

import base64
import io
import json

from nbformat.v4 import new_code_cell, new_markdown_cell, new_output
from PIL import Image

from gan_notebooks import site
from tests.small_notebooks import write_notebook

TITLE = """# 07 · Small

[![Open in Colab](https://colab.research.google.com/badge.svg)](https://colab.research.google.com/x)

> **You need** [08 · Next](08_next.ipynb), [a table](results/02_classic_gan.csv), `$HOME`.

$$\\frac{a}{b}$$ with $x_1$."""
SOLUTION = """<details><summary>Solution of exercise 1</summary>

```python
answer = 42
```

It is so.
</details>"""
PARTS = "const sum = (bytes) => bytes.getUint8(0) + bytes.getUint8(1);"
MODULE = """
function render({ model, el }) {
  el.className = "fake";
  const slider = Object.assign(document.createElement("input"), { type: "range", ariaLabel: "z" });
  const line = document.createElement("p");
  const show = () => {
    const kernel = model.send ? "a kernel" : "no kernel";
    line.textContent = `${model.get("value")} of ${sum(model.get("weights")[0])}, ${kernel}`;
  };
  slider.oninput = () => {
    model.set("value", Number(slider.value));
    model.save_changes();
  };
  model.on("change:value", show);
  el.append(slider, line);
  show();
}
export default { render };
"""
LIVE = {
    "module": ["parts.js", "fake.js"],
    "style": "fake.css",
    "state": {"value": 3, "weights": [{"bytes": [1, 2]}]},
    "note": "The course's own generator stands in.",
}


def picture():
    """The bytes of a PNG of 3 times 2 pixels."""
    file = io.BytesIO()
    Image.new("L", (3, 2), 200).save(file, "png")
    return file.getvalue()


def picture_cell():
    """A folded cell with what lessons have: a progress bar, a picture, its words."""
    encoded = base64.b64encode(picture()).decode()
    outputs = [
        new_output("stream", name="stderr", text="100%|███| 9/9\n"),
        new_output(
            "display_data",
            {"image/png": encoded + "\n", "text/plain": "<Figure>"},
            metadata={"image/png": {"alt": 'A "dot".'}},
        ),
        new_output("display_data", {"text/html": f'<img src="data:image/gif;base64,{encoded}">'}),
    ]
    metadata = {"jupyter": {"source_hidden": True}}
    return new_code_cell("x = 1  # " + 30 * "long ", outputs=outputs, metadata=metadata)


def build(folder):
    """Build it in `folder`; returns the folder of its pages."""
    lessons = [folder / "notebooks" / name for name in ("07_small.ipynb", "08_next.ipynb")]
    lessons[0].parent.mkdir(parents=True)
    write_notebook(
        lessons[0], new_markdown_cell(TITLE), picture_cell(), new_markdown_cell(SOLUTION)
    )
    write_notebook(lessons[1], new_markdown_cell("# 08 · Next"))
    live = folder / "notebooks" / "live" / "07_small" / "cell-1.json"
    live.parent.mkdir(parents=True)
    live.write_text(json.dumps(LIVE))
    live.with_suffix(".bin").write_bytes(b"\x07\x28\x02\x07")
    (folder / "modules").mkdir()
    for name, text in (
        ("parts.js", PARTS),
        ("fake.js", MODULE),
        ("fake.css", ".fake { color: red; }"),
    ):
        (folder / "modules" / name).write_text(text)
    assert site.build(lessons, folder, folder / "modules")
    return folder / "html"
