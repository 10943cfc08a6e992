"""A new lesson, made in a copy of the checkout as CONTRIBUTING.md says: the tests pass on it."""

import os
import re
import sys

import pytest

pytestmark = pytest.mark.slow

NAME = "11_a_title_of_your_own"
PYTEST = (sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider")


@pytest.fixture(scope="module")
def copy(copy_checkout, run, tmp_path_factory):
    copy = copy_checkout(tmp_path_factory.mktemp("new") / "checkout")
    run(sys.executable, "-m", "gan_notebooks", "new", "11", "A title of your own", cwd=copy)
    return copy


@pytest.fixture(scope="module")
def environment(copy):
    """The variables of processes that import the copy's packages."""
    own = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    return own | {"PYTHONPATH": str(copy)}


@pytest.fixture(scope="module")
def stored(copy, environment, run):
    """The copy, with the lesson's table and outputs made."""
    for module in ("gan_notebooks.results", "gan_notebooks.publish notebooks"):
        command = (sys.executable, "-m", *module.split(), "--lesson", "11")
        run(*command, cwd=copy, env=environment)
    return copy


def test_what_is_made_is_laid_out(copy, environment, run):
    for command in (("check",), ("format", "--check", "gan_helpers", "tests")):
        run(sys.executable, "-m", "ruff", *command, cwd=copy, env=environment)


def test_the_tests_pass_on_it(stored, environment, run):
    """Those that look at this lesson, and those that look at all lessons together."""
    keyword = f"{NAME} or (sum and over)"  # the second: its stumbling block
    own = run(*PYTEST, "tests/notebooks", "-k", keyword, cwd=stored, env=environment)
    assert int(re.search(r"(\d+) passed", own)[1]) > 25
    together = ("test_ruff", "every_address", "every_lesson", "named_once", "every_table")
    run(*PYTEST, "tests/notebooks", "-k", " or ".join(together), cwd=stored, env=environment)
    modules = [f"tests/unit/test_{name}.py" for name in ("docs", "house", "publish", "release")]
    run(*PYTEST, *modules, cwd=stored, env=environment)


def test_no_small_change_of_its_solution_passes_and_no_parameter_is_dead(stored, environment, run):
    for path in ("tests/slow/test_program_mutants.py", "tests/long/test_dead_parameters.py"):
        text = run(*PYTEST, path, "-k", NAME, cwd=stored, env=environment)
        assert re.search(r"\b1 passed", text), path
