"""What docs/ and the packages' own maps say of the code is so."""

import inspect
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.specifiers import SpecifierSet

import gan_helpers
from gan_helpers import class_losses, data, game, guesses, losses, networks, recipes, training
from gan_notebooks import repository
from tests import commands

ROOT = Path(__file__).parents[2]
MAINTAINERS = ROOT / "docs" / "maintainers.md"
MODULES = (losses, class_losses, training, networks, data, recipes, guesses)
SIGNATURE = re.compile(r"(?:^|(?<= · ))(\w+)\(((?:[^()]|\(\))*)\)", re.MULTILINE)


def signatures():
    """{name: text between its brackets} of the block of signatures in docs/maintainers.md."""
    block = MAINTAINERS.read_text(encoding="utf8").split("```")[1]
    return dict(SIGNATURE.findall(block))


def names_of(arguments):
    """The names (list) in a list of arguments, such as `real, *, steps|epochs, bar=True`."""
    names = []
    for part in arguments.split(", "):
        names += part.partition("=")[0].lstrip("*").split("|")
    return [name for name in names if name]


def test_the_reader_of_signatures():
    assert SIGNATURE.findall("f(a, *, cond=(), b|c=1) -> x\na() · b(c=2.0)") == [
        ("f", "a, *, cond=(), b|c=1"),
        ("a", ""),
        ("b", "c=2.0"),
    ]
    assert names_of("a, *, cond=(), b|c=1, *d") == ["a", "cond", "b", "c", "d"]
    assert len(signatures()) == 28


@pytest.mark.parametrize("name", signatures())
def test_a_signature_is_that_of_the_code(name):
    functions = [getattr(module, name) for module in MODULES if hasattr(module, name)]
    assert functions, f"there is no {name}"
    written = signatures()[name]
    assert names_of(written) == list(inspect.signature(functions[0]).parameters)
    for parameter in inspect.signature(functions[0]).parameters.values():
        if isinstance(parameter.default, (int, float)):
            assert f"{parameter.name}={parameter.default}" in written


@pytest.mark.parametrize("package", [gan_helpers, game])
def test_the_map_of_a_package_names_every_module(package):
    named = re.findall(r"^ *(\w+)  +\w", package.__doc__, re.MULTILINE)
    modules = [path.stem for path in Path(package.__file__).parent.glob("*.py")]
    assert sorted(named) == sorted(set(modules) - {"__init__"})


def pythons_of_ci():
    """The versions of Python (list of str) that the tests run with in CI."""
    workflow = yaml.safe_load((ROOT / ".github" / "workflows" / "ci.yml").read_text("utf8"))
    jobs = workflow["jobs"]["test"]["strategy"]["matrix"]["include"]
    return [job["python"] for job in jobs]


def test_readme_ci_and_pyproject_name_the_same_pythons():
    tested = pythons_of_ci()
    assert tested == sorted(tested, key=minor_of) and len(tested) >= 3
    readme = (ROOT / "README.md").read_text(encoding="utf8")
    *first, last = tested
    assert f"You need Python {', '.join(first)} or {last}." in readme
    with open(ROOT / "pyproject.toml", "rb") as file:
        project = tomllib.load(file)["project"]
    language = "Programming Language :: Python :: "
    named = [line for line in project["classifiers"] if line.startswith(language)]
    assert [line.removeprefix(language) for line in named] == tested
    allowed = SpecifierSet(project["requires-python"])
    minors = [minor for minor in range(40) if f"3.{minor}.1" in allowed]
    assert minors == [minor_of(version) for version in tested]
    assert "2.7.18" not in allowed and "4.0.0" not in allowed


def minor_of(version):
    """3.11 -> 11."""
    return int(version.partition(".")[2])


def test_the_lines_for_dask_listen_on_the_loopback_address_alone():
    """A test of a cluster runs the lines for one machine, and looks at their ports."""
    text = (ROOT / "docs" / "instructors.md").read_text(encoding="utf8")
    block = text.split("\n### One machine\n")[1].split("```")[1]
    assert block.count("--host 127.0.0.1 --dashboard-address 127.0.0.1:0") == 2


README = ROOT / "README.md"
EXAMPLE = ROOT / "examples" / "first_gan.py"


def test_the_readme_fits_a_screen_or_two_and_has_each_lesson_with_its_buttons():
    text = README.read_text(encoding="utf8")
    assert len(text.splitlines()) <= 80
    for path in sorted((ROOT / "notebooks").glob("*.ipynb")):
        (row,) = [line for line in text.splitlines() if f"](notebooks/{path.name})" in line]
        assert f"/notebooks/{path.name}) · [Binder](" in row
        assert f"lab/tree/notebooks/{path.name})" in row
        assert f"[page]({repository.site(repository.address())}/{path.stem}.html)" in row


@pytest.mark.parametrize("name", commands.FILES)
def test_links_within_the_repository_lead_somewhere(name):
    text = (ROOT / name).read_text(encoding="utf8")
    targets = re.findall(r"\]\(([^):#]+)\)", text)
    for target in targets:
        assert (ROOT / name).parent.joinpath(target).exists(), target


def test_the_readme_shows_the_examples_own_step():
    text = README.read_text(encoding="utf8")
    block = text.split("```python\n")[1].split("```")[0]
    assert block in EXAMPLE.read_text(encoding="utf8")
    assert len(EXAMPLE.read_text(encoding="utf8").splitlines()) <= 60


def test_the_example_draws_its_picture(tmp_path):
    command = [sys.executable, EXAMPLE, "6"]
    result = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert "first_gan.png" in result.stdout
    assert [path.name for path in tmp_path.iterdir()] == ["first_gan.png"]
    assert (tmp_path / "first_gan.png").read_bytes().startswith(b"\x89PNG")


def test_every_command_of_the_docs_is_run_by_a_test():
    """By tests/slow/test_commands.py, as its table says."""
    known = commands.to_run().keys()
    assert commands.documented() - known == set(), "give it a line in tests/commands.py"
    assert known - commands.documented() == set(), "no file shows it any more"


def test_the_reader_of_commands():
    text = """`make a` and `makefile`, `gan-notebooks`
```
make b   # a comment
X=1 python -m c "d e"
```
| `gan-notebooks list` |
```python
print("make d")
```
"""
    expected = {"make a", "make b", 'X=1 python -m c "d e"', "gan-notebooks list"}
    assert commands.commands_in(text) == expected


def test_plain_make_says_what_there_is():
    makefile = (ROOT / "Makefile").read_text(encoding="utf8")
    targets = re.search(r"^\.PHONY: (.*)$", makefile, re.MULTILINE)[1].split()
    assert targets[0] == "help" and makefile.index("\nhelp:") < makefile.index("\nlab:")
    described = makefile.split("\nhelp:")[1].split("\n\n")[0]
    for target in targets[1:]:
        assert target in described
