"""The course as a site: its pages show the stored notebooks as they are, and nothing is run.

python -m gan_notebooks.site [--notebooks FOLDER]   into build/html/

Sphinx with myst-nb makes the pages (the extra `site`; its settings are docs/site/conf.py). What it
reads is prepared here, in build/site/: the lessons with their pictures as files, links that lead to
pages, and live parts that need no kernel (docs/site/_static/live.js).
"""

import argparse
import base64
import importlib.util
import io
import json
import posixpath
import re
import shutil
import sys
from pathlib import Path

import nbformat
from nbformat.v4 import new_output
from PIL import Image

import gan_helpers
from gan_notebooks import live_parts, notebooks, pages, repository
from gan_notebooks.commands import add_notebooks_option, exit_code
from gan_notebooks.errors import CourseError

ROOT = repository.ROOT
WIDGETS = Path(gan_helpers.__file__).parent / "widgets"  # the modules of live parts
DOCS = ("docs/instructors.md", "docs/maintainers.md")
BADGES = re.compile(r"\n\[!\[.*\n")
LINK = re.compile(r"\]\((?!https?:|#)([^)\s#]+)")
EMBEDDED = re.compile(r'src="data:image/(\w+);base64,([^"]*)"')
TOCTREE = """
```{{toctree}}
:hidden:
:caption: {caption}

{pages}
```
"""


def build(lessons, folder=ROOT / "build", modules=WIDGETS):
    """Write the pages of the notebooks `lessons` into the folder's html/; True where all is well.

    `modules`: the folder of the live parts' modules. Raises CourseError without Sphinx.
    """
    if not importlib.util.find_spec("myst_nb"):
        raise CourseError("there is no Sphinx here: python -m pip install --editable '.[site]'")
    from sphinx.cmd.build import build_main

    source = Path(folder) / "site"
    target = Path(folder) / "html"
    for own in (source, target):
        shutil.rmtree(own, ignore_errors=True)
    prepare(lessons, source, modules)
    # -W: what Sphinx warns of is an error; -q: it prints nothing else
    options = ["-W", "--keep-going", "-q", "-c", str(ROOT / "docs" / "site")]
    options += ["-d", str(source / "read"), "-D", f"html_extra_path={source / 'extra'}"]
    code = build_main([*options, str(source / "pages"), str(target)])
    print(f"open {target / 'index.html'}")
    return code == 0


def prepare(lessons, source, modules=WIDGETS):
    """Write what Sphinx reads into the folder `source`: pages/, and in extra/ what they load."""
    pages_folder = source / "pages"
    pages_folder.mkdir(parents=True)
    targets = {f"notebooks/{path.name}": path.name for path in lessons}
    targets |= {name: Path(name).name for name in DOCS}
    targets["README.md"] = "index.md"
    targets["docs/growing.png"] = "growing.png"
    shutil.copy(ROOT / "docs" / "growing.png", pages_folder)
    for name in ("README.md", *DOCS):
        text = with_links((ROOT / name).read_text(encoding="utf8"), name, targets)
        if name == "README.md":
            text += _toctree("Lessons", [path.stem for path in lessons])
            text += _toctree("Beyond the lessons", [Path(name).stem for name in DOCS])
        (pages_folder / targets[name]).write_text(text, encoding="utf8")
    for path in lessons:
        notebook = notebooks.read(path)
        prepare_lesson(notebook, path, targets, source / "extra")
        nbformat.write(notebook, pages_folder / path.name)
        for live in sorted(live_parts.folder_of(path).glob("*.json")):
            prepare_live(live, f"{path.stem}/{live.stem}", source / "extra" / "live", modules)


def _toctree(caption, names):
    return TOCTREE.format(caption=caption, pages="\n".join(names))


def prepare_live(path, name, folder, modules=WIDGETS):
    """Write into `folder` what a live part's page loads. `name`: of its state.

    `path`: of a file as live_parts describes it, with its bytes beside it; it names files of the
    folder `modules`: of the modules, the last one has the export.
    """
    content = path.with_suffix(".bin").read_bytes()

    def with_base64(value):
        if "bytes" not in value:
            return value
        start, length = value["bytes"]
        return {"base64": base64.b64encode(content[start : start + length]).decode()}

    live = json.loads(path.read_text(encoding="utf8"), object_hook=with_base64)
    texts = {name: json.dumps(live)}
    for part in [*live["module"], live["style"]]:
        texts[part] = (modules / part).read_text(encoding="utf8")
    for part, content in texts.items():
        script = folder / f"{part}.js"
        script.parent.mkdir(parents=True, exist_ok=True)
        call = f"courseLive({json.dumps(part)}, {json.dumps(content)});\n"
        script.write_text(call, encoding="utf8")


def prepare_lesson(notebook, path, targets, extra):
    """Change a stored notebook (NotebookNode) in place, so that Sphinx makes its page of it.

    `path`: of the lesson. `targets`: as of `with_links`. `extra`: the folder of the pictures.
    """
    title = notebook.cells[0]
    title.source = BADGES.sub("\n", title.source)  # pictures from elsewhere; the theme has buttons
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            cell.source = with_links(cell.source, f"notebooks/{path.name}", targets)
        if cell.cell_type != "code":
            continue
        if cell.metadata.get("jupyter", {}).get("source_hidden"):
            cell.metadata.tags = sorted({*cell.metadata.get("tags", []), "hide-input"})
        for output in cell.outputs:
            if output.get("name") == "stderr":
                output.name = "stdout"  # a progress bar, which is no error
            pages.put_alt_into_html(output)
            if "text/html" in output.get("data", {}):
                embedded = output.data["text/html"]
                output.data["text/html"] = _with_files(embedded, f"{path.stem}/{cell.id}", extra)
        if (live_parts.folder_of(path) / f"{cell.id}.json").exists():
            live = f'<div class="live" data-live="{path.stem}/{cell.id}"></div>'
            cell.outputs.append(new_output("display_data", {"text/html": live}))


def with_links(text, name, targets):
    """Let the relative links of a file called `name` (str, below the repository) lead to pages.

    `targets`: {path below the repository: page}. What else there is leads to GitHub.
    """

    def target_of(match):
        path = posixpath.normpath(posixpath.join(posixpath.dirname(name), match[1]))
        if path in targets:
            return f"]({targets[path]}"
        if (ROOT / path).exists():
            return f"](https://github.com/{repository.address()}/blob/main/{path}"
        return match[0]

    return LINK.sub(target_of, text)


def _with_files(html, name, extra):
    """The HTML of an output, with its embedded pictures in files: their place is kept, they lazy.

    `name`: what their names begin with.
    """

    def as_file(match):
        content = base64.b64decode(match[2])
        number = len(list(extra.glob(f"pictures/{name}-*")))
        path = f"pictures/{name}-{number}.{match[1]}"
        (extra / path).parent.mkdir(parents=True, exist_ok=True)
        (extra / path).write_bytes(content)
        width, height = Image.open(io.BytesIO(content)).size
        return f'src="{path}" width="{width}" height="{height}" loading="lazy"'

    return EMBEDDED.sub(as_file, html)


def write_site(options):
    """What the command does. Returns True where all is well."""
    return build(notebooks.lessons("", options.notebooks))


def main(arguments=None):
    """The command line; ends the process. Codes as of `gan-notebooks`."""
    parser = argparse.ArgumentParser(
        prog="python -m gan_notebooks.site",
        description="Make the site of the stored lessons, in build/html/. Runs none of them.",
    )
    add_notebooks_option(parser)
    parser.set_defaults(do=write_site)
    sys.exit(exit_code(parser, parser.parse_args(arguments)))


if __name__ == "__main__":
    main()
