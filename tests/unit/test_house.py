"""The rules of the house for the two packages: who imports whom, how long, how wide, who may exit.

Each rule is a function that returns what breaks it, and is tried here on lines that do.
"""

import ast
import glob
import graphlib
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import nbformat
import pytest
from IPython.core.inputtransformer2 import TransformerManager

from gan_helpers.lesson import MODULES

ROOT = Path(__file__).parents[2]
PACKAGES = ("gan_helpers", "gan_notebooks")
OTHERS = ("benchmarks", "tests")
LINES_OF_A_MODULE = 300
WIDTH = 100
HAND_WRITTEN = (".js", ".css", ".html", ".yml", ".yaml", ".toml", ".txt", ".cff")


def python_files(*folders):
    return sorted(path for folder in folders for path in (ROOT / folder).rglob("*.py"))


def sources_of(*folders):
    """{path below the repository: source} of the modules in these folders."""
    sources = {}
    for path in python_files(*folders):
        sources[path.relative_to(ROOT).as_posix()] = path.read_text(encoding="utf8")
    return sources


def other_sources():
    """{path below the repository: source} of what is written by hand and is no Python."""
    sources = {}
    paths = list(ROOT.glob("*"))
    for folder in (*PACKAGES, ".ci", ".github", "binder", "docs"):
        paths += (ROOT / folder).rglob("*")
    for path in paths:
        if path.suffix in HAND_WRITTEN or path.name in ("Makefile", "postBuild", "run"):
            sources[path.relative_to(ROOT).as_posix()] = path.read_text(encoding="utf8")
    return sources


def sources_of_lessons():
    """{notebook and cell: source} of the code cells, with magics made into Python."""
    sources = {}
    for path in sorted((ROOT / "notebooks").glob("*.ipynb")):
        for cell in nbformat.read(path, as_version=4).cells:
            if cell.cell_type == "code":
                code = TransformerManager().transform_cell(cell.source)
                sources[f"{path.name}, cell {cell.id}"] = code
    return sources


def test_there_is_something_to_look_at():
    assert len(sources_of("gan_helpers")) > 20
    assert len(sources_of("gan_notebooks")) > 5
    assert len(other_sources()) > 10
    assert len(sources_of_lessons()) > 300


# Imports


def module_name(path):
    """ "gan_helpers/widgets/__init__.py" -> "gan_helpers.widgets"."""
    return path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def package_of(path):
    """The package that a relative import of this file starts from."""
    name = module_name(path)
    return name if path.endswith("__init__.py") else name.rpartition(".")[0]


def origin(node, package):
    """The module (dotted name) that an `import from` takes from; `package` is where it stands."""
    if node.level == 0:
        return node.module
    parts = package.split(".")
    start = parts[: len(parts) - node.level + 1]
    return ".".join(start + ([node.module] if node.module else []))


def imported_by(node, package=""):
    """The names (list of dotted str) that a node of a syntax tree imports, if it is an import."""
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom):
        return [f"{origin(node, package)}.{alias.name}" for alias in node.names]
    if isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
        function = ast.unparse(node.func).split(".")[-1]
        if function in ("import_module", "__import__"):
            return [str(node.args[0].value)]
    return []


def imports_of(sources, forbidden):
    """The imports of a `forbidden` package, wherever they stand: list of "where: what"."""
    imports = []
    for place, source in sources.items():
        for node in ast.walk(ast.parse(source)):
            for name in imported_by(node, package_of(place)):
                if name.split(".")[0] in forbidden:
                    imports.append(f"{place}: {name}")
    return imports


def test_the_setup_cell_looks_for_all_that_lessons_import():
    names = set()
    for place, source in (sources_of("gan_helpers") | sources_of_lessons()).items():
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, (ast.Import, ast.ImportFrom)):
                names |= {name.split(".")[0] for name in imported_by(node, package_of(place))}
    # Without anywidget a sentence stands in place of what the page draws.
    others = names - sys.stdlib_module_names - {"gan_helpers", "IPython", "anywidget"}
    assert others <= set(MODULES), "lesson.py: MODULES"


def test_no_shelf_imports_from_the_next():
    upper = sources_of("gan_helpers") | sources_of_lessons()
    assert imports_of(upper, ("gan_notebooks", *OTHERS)) == []
    assert imports_of(sources_of("gan_notebooks"), OTHERS) == []


@pytest.mark.parametrize(
    "source",
    [
        "import gan_notebooks",
        "import torch, gan_notebooks.cli as cli",
        "from gan_notebooks import cli",
        "from gan_notebooks.cli import main",
        "def f():\n    from gan_notebooks import cli",
        "if True:\n    import gan_notebooks",
        "importlib.import_module('gan_notebooks.cli')",
        "__import__('gan_notebooks')",
    ],
)
def test_an_import_of_another_shelf_is_noticed(source):
    sources = {"gan_helpers/a.py": "import torch", "gan_helpers/b.py": source}
    (place,) = imports_of(sources, ("gan_notebooks",))
    assert place.startswith("gan_helpers/b.py: gan_notebooks")


def at_module_level(tree):
    """The nodes of a syntax tree that an import of the module executes: none within functions."""
    nodes = [tree]
    while nodes:
        node = nodes.pop()
        yield node
        if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
            nodes += ast.iter_child_nodes(node)


def import_cycle(sources):
    """Modules (list of dotted str) that import each other in a ring; [] where there are none."""
    modules = {module_name(path): path for path in sources}
    graph = {}
    for module, path in modules.items():
        graph[module] = set()
        for node in at_module_level(ast.parse(sources[path])):
            for name in imported_by(node, package_of(path)):
                # `from gan_helpers import data` is a module; what else it may name is in a module.
                owner = name if name in modules else name.rpartition(".")[0]
                if owner in modules:
                    graph[module].add(owner)
    try:
        graphlib.TopologicalSorter(graph).prepare()
    except graphlib.CycleError as error:
        return error.args[1]
    return []


def test_no_module_imports_itself_by_way_of_others():
    assert import_cycle(sources_of(*PACKAGES)) == []


@pytest.mark.parametrize(
    ("b", "ring"),
    [
        ("import torch", ""),
        ("from gan_helpers import a", "a b"),
        ("from gan_helpers.a import f", "a b"),
        ("import gan_helpers.a", "a b"),
        ("from . import a", "a b"),
        ("from .a import f", "a b"),
        ("class C:\n    from gan_helpers import a", "a b"),
        ("def f():\n    from gan_helpers import a", ""),
        ("from gan_helpers import c", "a b c"),
        ("from gan_helpers.d import g", "a b d d.e"),
        ("from gan_helpers.d.e import g", "a b d.e"),
    ],
)
def test_a_ring_of_imports_is_noticed(b, ring):
    sources = {
        "gan_helpers/__init__.py": "",
        "gan_helpers/a.py": "from gan_helpers import b",
        "gan_helpers/b.py": b,
        "gan_helpers/c.py": "from gan_helpers.a import f",
        "gan_helpers/d/__init__.py": "from gan_helpers.d import e",
        "gan_helpers/d/e.py": "from .. import a",
    }
    names = {module.removeprefix("gan_helpers.") for module in import_cycle(sources)}
    assert names == set(ring.split())


# Length, width and layout


def test_no_module_is_too_long():
    lengths = {path: len(source.splitlines()) for path, source in sources_of(*PACKAGES).items()}
    assert {path: n for path, n in lengths.items() if n > LINES_OF_A_MODULE} == {}


def wide_lines(sources):
    """The lines that are too wide: list of "path:line: characters"."""
    places = []
    for path, source in sources.items():
        for number, line in enumerate(source.splitlines(), 1):
            if len(line) > WIDTH:
                places.append(f"{path}:{number}: {len(line)}")
    return places


def test_no_line_is_too_wide():
    assert wide_lines(sources_of(*PACKAGES, *OTHERS) | other_sources()) == []


def test_a_wide_line_is_noticed():
    comment = "# " + "é" * 98  # 100 characters, more bytes
    assert wide_lines({"a.py": f"x = 1\n{comment}\n"}) == []
    assert wide_lines({"a.py": f"x = 1\n{comment}é\n"}) == ["a.py:2: 101"]


def test_layout_is_as_ruff_has_it():
    folders = [ROOT / folder for folder in (*PACKAGES, *OTHERS)]
    command = [sys.executable, "-m", "ruff", "format", "--check", *folders]
    result = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)
    assert result.returncode == 0, result.stdout + result.stderr


# JavaScript

JAVASCRIPT = re.compile(
    r"\b(document|window|console|model)\.\w+\s*[(.=]"
    r"|[\w)]\s*=>\s*[\w({\['\"`]"
    r"|\bfunction\s*\w*\s*\([\w\s,]*\)\s*\{"
    r"|\b(const|let|var)\s+(\w+|[{\[][\w\s,]*[}\]])\s*=[^=]"
    r"|\bexport\s+(default|const|function)\b"
    r"|<script\b"
    r"|\bon(click|change|input|load|key\w+)\s*="
)


def docstrings_of(tree):
    """The nodes (set of their ids) that hold a docstring: prose, which may name anything."""
    owners = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    nodes = set()
    for node in ast.walk(tree):
        if isinstance(node, owners) and ast.get_docstring(node) is not None:
            nodes.add(id(node.body[0].value))
    return nodes


def javascript_in(source):
    """Where strings of Python code hold JavaScript: list of (line, what it was known by)."""
    tree = ast.parse(source)
    docstrings = docstrings_of(tree)
    places = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            match = JAVASCRIPT.search(node.value)
            if match and id(node) not in docstrings:
                places.append((node.lineno, match[0]))
    return places


def test_javascript_lives_in_files_of_its_own():
    places = {}
    for path, source in sources_of(*PACKAGES).items():
        if lines := javascript_in(source):
            places[path] = lines
    assert places == {}, "write a .js file beside the module, and read it"


@pytest.mark.parametrize(
    ("source", "count"),
    [
        ("x = 'document.querySelector(\".a\")'", 1),
        ("x = f'window.{name} = 1; part => part.value'", 1),
        ("show('<button onclick=\"go()\">')", 1),
        ("_esm = 'export default { render }'", 1),
        ("x = '''\nfunction render({ model }) {}\nlet a = 1\n'''", 1),
        ("x = 'function f(a, b) {}'", 1),
        ("'''A docstring: part => document.body.'''\nx = 1", 0),
        ("def f():\n    'document.body.append(x)'", 0),
        ("def f():\n    x = 'document.body.append(x)'", 1),
        ("x = 'let { a, b } = c'", 1),
        ("x = 'See the document. A window. The model. A function (of z); let it be a = 3.'", 0),
        ("x = 'images [B, 1] -> scores [B]; a >= b'", 0),
        ("# document.body.append(x)\nx = lambda y: y", 0),
    ],
)
def test_javascript_in_a_string_is_noticed(source, count):
    assert len(javascript_in(source)) == count


# Exits

EXITS = ("sys.exit", "exit", "quit", "parser.error", "parser.exit")


def asks_for_name(node):
    """Is this the `if __name__ == "__main__"` of a module?"""
    return isinstance(node, ast.If) and "__name__" in ast.unparse(node.test)


def is_exit(node):
    if isinstance(node, ast.Call):
        return ast.unparse(node.func) in EXITS
    return isinstance(node, ast.Raise) and "SystemExit" in ast.unparse(node)


def exits_in(source):
    """The lines (list of int) that end the process, outside of `main` and `if __name__`."""
    lines = []
    nodes = [ast.parse(source)]
    while nodes:
        node = nodes.pop()
        is_main = isinstance(node, ast.FunctionDef) and node.name == "main"
        if is_main or asks_for_name(node):
            continue
        if is_exit(node):
            lines.append(node.lineno)
        nodes += ast.iter_child_nodes(node)
    return sorted(lines)


def test_only_main_exits():
    places = {}
    for path, source in sources_of(*PACKAGES).items():
        if lines := exits_in(source):
            places[path] = lines
    assert places == {}, "raise an exception; main makes a message of it"


@pytest.mark.parametrize(
    ("source", "lines"),
    [
        ("def main():\n    sys.exit(1)", []),
        ("def main():\n    parser.error('no')\n    raise SystemExit", []),
        ("if __name__ == '__main__':\n    sys.exit(main())", []),
        ("def f():\n    sys.exit(1)", [2]),
        ("def f():\n    raise SystemExit('no')", [2]),
        ("def f():\n    raise SystemExit", [2]),
        ("def f():\n    try:\n        g()\n    except OSError:\n        sys.exit(1)", [5]),
        ("def f(parser):\n    parser.error('no')\nsys.exit()", [2, 3]),
        ("class A:\n    def f(self):\n        exit()", [3]),
        ("def f():\n    raise ValueError('no')\n    log.error('no')", []),
    ],
)
def test_an_exit_is_noticed(source, lines):
    assert exits_in(source) == lines


# The wheel


def setuptools_settings():
    with open(ROOT / "pyproject.toml", "rb") as file:
        return tomllib.load(file)["tool"]["setuptools"]


def test_every_module_is_in_the_wheel():
    settings = setuptools_settings()
    folders = {path.parent.relative_to(ROOT) for path in python_files(*PACKAGES)}
    with_modules = {folder.as_posix().replace("/", ".") for folder in folders}
    without_modules = set(settings["package-dir"])  # data from elsewhere
    assert set(settings["packages"]) - without_modules == with_modules
    for folder in folders:
        assert (ROOT / folder / "__init__.py").exists(), folder


def test_every_other_file_is_in_the_wheel():
    """A .js file, say, that a module reads."""
    patterns_of = setuptools_settings()["package-data"]
    for package in PACKAGES:
        folder = ROOT / package
        named = set()
        for pattern in patterns_of.get(package, []):
            named |= {folder / name for name in glob.glob(pattern, root_dir=folder, recursive=True)}
        files = {path for path in folder.rglob("*") if path.is_file()}
        others = {path for path in files if path.suffix not in (".py", ".pyc")}
        assert others - named == set(), "name them in pyproject.toml, under package-data"
