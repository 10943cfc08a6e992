"""Every lesson has the same skeleton, and its stored outputs are those of its code."""

import ast
import base64
import re
import site
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from IPython.core.inputtransformer2 import TransformerManager

from gan_notebooks import release, repeats, repository
from gan_notebooks.names import RANDOM

ROOT = Path(__file__).parents[2]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
ADDRESS = re.compile(
    r"(?:colab\.research\.google\.com/github/|mybinder\.org/v2/gh/|git\+https://github\.com/)"
    r"([\w.-]+/[\w.-]+)"
)
README = (ROOT / "README.md").read_text(encoding="utf8")
(REF,) = release.refs_in(README, repository.address())  # test_release.py says which it may be
RELATIVE_LINK = re.compile(r"\]\((?!https?://)([^)#]+)(#[^)]*)?\)")


@pytest.fixture(params=NOTEBOOKS, ids=lambda path: path.stem)
def path(request):
    return request.param


@pytest.fixture
def notebook(path):
    return nbformat.read(path, as_version=4)


def code_cells(notebook):
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def tags(cell):
    return cell.metadata.get("tags", [])


def outputs(notebook):
    return [(cell, output) for cell in code_cells(notebook) for output in cell.outputs]


def test_there_are_notebooks():
    assert len(NOTEBOOKS) >= 2


def test_is_valid_and_has_named_cells(notebook):
    nbformat.validate(notebook)
    ids = [cell.id for cell in notebook.cells]
    assert len(set(ids)) == len(ids)
    odd = [name for name in ids if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", name)]
    odd += [name for name in ids if RANDOM.fullmatch(name)]
    assert odd == [], "ids are short names, stable over edits: `make notebooks` names new cells"


def test_begins_with_title_badges_and_box(path, notebook):
    title = notebook.cells[0].source
    assert re.match(rf"# {path.stem[:2]} · \S", title)
    for word in ("**You will be able to**", "**You need**", "**Time**"):
        assert word in title
    address = repository.address()
    colab = f"https://colab.research.google.com/github/{address}/blob/{REF}/notebooks/{path.name}"
    binder = f"https://mybinder.org/v2/gh/{address}/{REF}?urlpath=lab/tree/notebooks/{path.name}"
    assert f"({colab})" in title
    assert f"({binder})" in title


def test_every_address_is_the_one_in_pyproject():
    for file in [ROOT / "README.md", *NOTEBOOKS]:
        text = file.read_text(encoding="utf8")
        assert set(ADDRESS.findall(text)) == {repository.address()}, file
        assert release.refs_in(text, repository.address()) == {REF}, file


SETUP = """import sys

if "google.colab" in sys.modules:
    %pip install -q --no-deps anywidget psygnal git+https://github.com/ADDRESS

try:
    from gan_helpers.lesson import Lesson

    lesson = Lesson("NAME")
except ModuleNotFoundError as error:
    raise ModuleNotFoundError(
        f"{error} in {sys.executable}: start JupyterLab by `make lab`, choose the kernel of the "
        f"course's .venv, or run `{sys.executable} -m pip install -e .` in the course's folder"
    ) from None"""


def test_setup_cell(path, notebook):
    setup, imports = code_cells(notebook)[:2]
    assert setup.id == "setup" and imports.id == "imports"
    source = SETUP.replace("ADDRESS", repository.address()).replace("NAME", path.stem)
    assert setup.source == release.pointed_to(source, repository.address(), REF)


WITHOUT_TORCH = f"""
import importlib.util, sys
sys.path += {[str(ROOT), *site.getsitepackages()]}
find = importlib.util.find_spec
importlib.util.find_spec = lambda name: None if name == "torch" else find(name)
"""


@pytest.mark.parametrize(("before", "lacks"), [("", "gan_helpers"), (WITHOUT_TORCH, "torch")])
def test_another_python_is_told_in_the_first_cell_with_the_cure(before, lacks):
    """`-I -S`: a Python that sees none of this environment's packages."""
    code = before + TransformerManager().transform_cell(SETUP)
    command = [sys.executable, "-I", "-S", "-c", code]
    result = subprocess.run(command, capture_output=True, text=True)
    assert result.returncode == 1
    assert result.stderr.splitlines()[-1] == (
        f"ModuleNotFoundError: No module named '{lacks}' in {sys.executable}: start JupyterLab by "
        "`make lab`, choose the kernel of the course's .venv, or run "
        f"`{sys.executable} -m pip install -e .` in the course's folder"
    )
    assert result.stderr.count("Error: ") == 1, "one error, not a chain of two"


def test_parameters_are_typed_commented_and_checked(notebook):
    cells = code_cells(notebook)
    tagged = [number for number, cell in enumerate(cells) if "parameters" in tags(cell)]
    assert tagged == [2], "one cell tagged parameters, after setup and imports"
    names = []
    for line in cells[2].source.splitlines():
        assert re.fullmatch(r"[A-Z][A-Z0-9_]+: (int|float|bool|str) = .+  # .+", line), line
        names.append(line.split(":")[0])
    check = next(
        node
        for node in ast.walk(ast.parse(cells[3].source))
        if isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "parameters"
    )
    assert [keyword.arg for keyword in check.keywords] == names
    sizes = notebook.metadata["sizes"]
    assert set(sizes) == {"smoke", "full"}
    assert set(sizes["smoke"]) | set(sizes["full"]) <= set(names)


def test_ends_with_the_parts_every_lesson_has(notebook):
    lines = []
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            lines += cell.source.splitlines()
    headings = [line.removeprefix("## ") for line in lines if line.startswith("## ")]
    numbers = []
    titles = []
    for heading in headings:
        number, title = re.fullmatch(r"(?:(\d+)\. )?(.+)", heading).groups()
        titles.append(title)
        if number:
            numbers.append(int(number))
    assert titles[-3:] == ["What this bought us", "Questions people ask", "Further reading"]
    assert "Break it" in titles
    assert numbers == list(range(1, len(numbers) + 1))
    assert code_cells(notebook)[-1].source == "lesson.record()"


def words_to_read(notebook):
    """The words (int) of a lesson's text; badges, addresses and solutions are not counted."""
    count = 0
    for cell in notebook.cells:
        if cell.cell_type == "markdown" and "solution" not in tags(cell):
            without_badges = re.sub(r"\[!\[.*?\]\(.*?\)\]\(.*?\)", "", cell.source)
            count += len(re.sub(r"\]\(.*?\)", "]", without_badges).split())
    return count


def test_words_are_counted_without_badges_addresses_and_solutions():
    badge = "[![Open in Colab](https://a/badge.svg)](https://a/lesson)"
    text = nbformat.v4.new_markdown_cell(f"{badge} One [more link](https://b/c d).")
    solution = nbformat.v4.new_markdown_cell("not counted", metadata={"tags": ["solution"]})
    code = nbformat.v4.new_code_cell("# not counted")
    assert words_to_read(nbformat.v4.new_notebook(cells=[text, solution, code])) == 3


def test_is_one_sitting(notebook):
    assert len(notebook.cells) <= 95
    assert words_to_read(notebook) <= 3500


def test_links_lead_somewhere(path, notebook):
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            for target, _anchor in RELATIVE_LINK.findall(cell.source):
                assert (path.parent / target).exists(), target


def test_is_stored_with_the_outputs_of_this_code(notebook):
    cells = code_cells(notebook)
    counts = [cell.execution_count for cell in cells]
    assert counts == list(range(1, len(cells) + 1)), "run `make notebooks`"
    stale = []
    for cell in cells:
        if cell.metadata.get(repository.SOURCE_HASH) != repository.source_hash(cell):
            stale.append(cell.id)
    assert stale == [], "changed after they were run: run `make notebooks`"


def test_stores_no_errors_no_widgets_and_no_foreign_paths(notebook):
    assert not [cell.id for cell, output in outputs(notebook) if output.output_type == "error"]
    assert "widgets" not in notebook.metadata and "papermill" not in notebook.metadata
    text = nbformat.writes(notebook)
    assert "widget-view" not in text
    own_path = re.search(r"(/home/|/root/|/tmp/|[A-Z]:\\\\Users)", text)
    assert own_path is None, "a path of the machine it ran on"


def test_claims_hold_in_the_stored_run(notebook):
    text = "".join(output.get("text", "") for _, output in outputs(notebook))
    assert "✔" in text and "✘" not in text


def test_pictures_have_alternative_texts_and_a_line_below(notebook):
    count = 0
    for cell, output in outputs(notebook):
        if "image/png" not in output.get("data", {}):
            continue
        count += 1
        assert "text/html" not in output.data, f"{cell.id}: the picture twice"
        alt = output.metadata.get("image/png", {}).get("alt", "")
        assert len(alt) > 20, cell.id
        printed = "".join(other.get("text", "") for other in cell.outputs)
        assert f"Picture: {alt}" in printed, cell.id
    assert count > 0


def test_is_small(path, notebook):
    assert path.stat().st_size < 1_000_000
    gifs = []
    for _, output in outputs(notebook):
        html = output.get("data", {}).get("text/html", "")
        gifs += re.findall(r"data:image/gif;base64,([^\"]+)", html)
    assert len(gifs) <= 1
    assert all(len(base64.b64decode(gif)) < 300_000 for gif in gifs)


def test_few_cells_are_ignored_and_none_that_prints_numbers(notebook):
    ignored = [cell for cell in code_cells(notebook) if "nbval-ignore-output" in tags(cell)]
    assert len(ignored) <= 4
    for cell in ignored:
        assert not re.search(r"lesson\.(claim|measured)\b", cell.source)
        stdout = [output for output in cell.outputs if output.get("name") == "stdout"]
        printed = repeats.BAR.sub("", "".join(output.get("text", "") for output in stdout))
        numbers = re.findall("loss|score", printed)
        assert numbers == [], f"{cell.id} prints what a repeated run must reproduce"


# Drawn by Intel's library, bernoulli's on Intel's CPUs and exponential's on all that the library
# knows, in torch before 2.7, and perhaps again (issue 132395): a seed would be another run there.
# torch.rand, randn, randint, randperm and multinomial with replacement come from one generator
# everywhere. networks.Dropout is dropout by torch.rand.
DRAWS_OF_THE_MAKER = {
    "bernoulli",
    "bernoulli_",
    "exponential_",
    "gumbel_softmax",
    "Bernoulli",
    "Exponential",
}
DROPOUT = re.compile("(feature_)?(alpha_)?dropout[123]?d?_?|(Feature)?(Alpha)?Dropout[123]?d?")


def draws_of_the_maker(source):
    """The names in `source` (Python) that draw in a way which depends on the maker of the CPU."""
    draws = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Attribute):
            owner = ast.unparse(node.value).split(".")[-1]
            of_torch = owner in ("torch", "nn", "F", "functional", "dropout")
            if node.attr in DRAWS_OF_THE_MAKER or (of_torch and DROPOUT.fullmatch(node.attr)):
                draws.append(ast.unparse(node))
        elif isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "torch":
            for alias in node.names:
                if alias.name in DRAWS_OF_THE_MAKER or DROPOUT.fullmatch(alias.name):
                    draws.append(alias.name)
    return draws


def test_nothing_draws_by_what_depends_on_the_maker_of_the_cpu():
    sources = {}
    for folder in ("gan_helpers", "benchmarks"):
        for path in (ROOT / folder).rglob("*.py"):
            sources[str(path)] = path.read_text(encoding="utf8")
    for path in NOTEBOOKS:
        for cell in code_cells(nbformat.read(path, as_version=4)):
            without_magic = re.sub(r"(?m)^(\s*)%.*", r"\1pass", cell.source)
            sources[f"{path.name}, cell {cell.id}"] = without_magic
    assert len(sources) > 300
    wrong = {}
    for place, source in sources.items():
        if draws := draws_of_the_maker(source):
            wrong[place] = draws
    assert wrong == {}, "draw by torch.rand; for dropout take networks.Dropout"


@pytest.mark.parametrize(
    ("source", "draws"),
    [
        ("nn.Dropout(0.3)", ["nn.Dropout"]),
        ("torch.nn.Dropout2d", ["torch.nn.Dropout2d"]),
        ("F.dropout(x, training=False)", ["F.dropout"]),
        (
            "torch.nn.functional.feature_alpha_dropout(x)",
            ["torch.nn.functional.feature_alpha_dropout"],
        ),
        ("torch.dropout_(x, 0.3, True)", ["torch.dropout_"]),
        ("from torch.nn import Linear, Dropout", ["Dropout"]),
        ("torch.empty(3).bernoulli_(0.3)", ["torch.empty(3).bernoulli_"]),
        ("F.gumbel_softmax(x)", ["F.gumbel_softmax"]),
        ("torch.distributions.Bernoulli(0.3)", ["torch.distributions.Bernoulli"]),
        ("nn.modules.dropout.Dropout(0.3)", ["nn.modules.dropout.Dropout"]),
        ("networks.Dropout(0.3)  # as nn.Dropout", []),
        ("checks.dropout(dropout)", []),
    ],
)
def test_what_depends_on_the_maker_of_the_cpu_is_noticed(source, draws):
    assert draws_of_the_maker(source) == draws


def test_ruff():
    command = [sys.executable, "-m", "ruff", "check", ROOT]
    result = subprocess.run(command, capture_output=True, text=True)
    assert result.returncode == 0, result.stdout
