"""Environments with other packages than this one's, for the tests that install things."""

import importlib.metadata
import os
import re
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def copy_checkout(run):
    """A function that makes a folder a git repository of the files as they are now.

    Committed or not.
    """

    def copy_checkout(copy):
        listing = ("git", "ls-files", "--cached", "--others", "--exclude-standard")
        for name in run(*listing, cwd=ROOT).splitlines():
            if (ROOT / name).exists():
                (copy / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(ROOT / name, copy / name)
        run("git", "init", "-q", "-b", "main", cwd=copy)
        run("git", "add", "-A", cwd=copy)
        author = ("-c", "user.name=test", "-c", "user.email=test@example.org")
        run("git", *author, "commit", "-qm", "as it is", cwd=copy)
        return copy

    return copy_checkout


@pytest.fixture(scope="session")
def colab():
    """What Colab has installed, as requirements.

    https://github.com/googlecolab/backend-info lists it.
    """
    return ("ipykernel==6.17.1", "ipython==7.34.0", "ipywidgets==7.7.1")


@pytest.fixture(scope="session")
def run():
    """A function that runs a command; where it fails, the test shows what it printed."""

    def run(*command, **options):
        result = subprocess.run(command, capture_output=True, text=True, **options)
        printed = f"{result.stdout[-3000:]}\n{result.stderr[-3000:]}"
        assert result.returncode == 0, f"{command}\n{printed}"
        return result.stdout

    return run


@pytest.fixture(scope="session")
def make_environment(run):
    """A function that makes an environment in a folder.

    It returns the environment's interpreter and its site-packages. Behind its own packages it sees
    this environment's ("all", "torch" alone or "none"), which saves gigabytes.
    """

    def make_environment(folder, *requirements, behind="all", interpreter=sys.executable):
        run(interpreter, "-m", "venv", folder)
        python = folder / ("Scripts" if os.name == "nt" else "bin") / "python"
        code = "import sysconfig; print(sysconfig.get_path('purelib'))"
        own = Path(run(python, "-c", code).strip())
        if behind == "torch":
            link_torch(folder / "torch")
        seen = {"all": sysconfig.get_path("purelib"), "torch": folder / "torch", "none": ""}[behind]
        (own / "behind.pth").write_text(f"{seen}\n")
        if requirements:
            run(python, "-m", "pip", "install", "-q", *requirements)
        return python, own

    return make_environment


def link_torch(folder):
    """Fill a folder with links to torch and torchvision.

    And to what comes with them alone: CUDA's libraries, triton.
    """
    folder.mkdir()
    for package in importlib.metadata.distributions(path=[sysconfig.get_path("purelib")]):
        if re.match(r"torch(vision)?$|nvidia|cuda|triton", package.name):
            for top in {Path(file).parts[0] for file in package.files} - {"..", "__pycache__"}:
                if not (folder / top).exists():
                    (folder / top).symlink_to(package.locate_file(top))
