"""Installs the course the ways its readers get it: as a wheel, on Colab, on Binder.

Needs a package index.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import urllib.request
import zipfile
from pathlib import Path

import pytest

from gan_helpers import data, tables
from gan_notebooks import notebooks, repository, runner

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.slow


@pytest.fixture
def checkout(copy_checkout, tmp_path):
    return copy_checkout(tmp_path / "checkout")


def test_the_wheel_holds_the_digits_and_works_elsewhere(checkout, run, make_environment, tmp_path):
    run(sys.executable, "-m", "build", "--wheel", "--outdir", tmp_path, checkout)
    (wheel,) = tmp_path.glob("*.whl")
    names = zipfile.ZipFile(wheel).namelist()
    assert {f"gan_helpers/assets/MNIST/raw/{name}" for name in data.MD5} <= set(names)
    for package in ("gan_helpers", "gan_notebooks"):
        files = [path for path in (checkout / package).rglob("*") if path.is_file()]
        files = [path for path in files if "__pycache__" not in path.parts]
        assert {path.relative_to(checkout).as_posix() for path in files} <= set(names)
    assert any(name.endswith("LICENSE") for name in names)
    assert not [name for name in names if name.startswith(("tests", "benchmarks", "notebooks"))]

    python, own = make_environment(tmp_path / "venv")
    run(python, "-m", "pip", "install", "--no-deps", wheel)
    installed = own / "gan_helpers"
    before = sorted(path for path in installed.rglob("*") if "__pycache__" not in path.parts)
    code = (
        "import gan_helpers, torchvision; "
        "from gan_helpers import data, game, judges, tables, widgets; "
        "images, labels = data.mnist('all'); judges.load('judge'), judges.load('second_judge'); "
        "usual = torchvision.datasets.MNIST(data.torchvision_root(), download=True); "
        "print(gan_helpers.__file__, len(images), len(usual), len(tables.read('02_classic_gan')))"
    )
    module, ours, theirs, rows = run(python, "-c", code, cwd=tmp_path).split()[-4:]
    assert Path(module).parent == installed and (ours, theirs) == ("60000", "60000")
    assert int(rows) == len(tables.read("02_classic_gan")) > 0
    assert (
        sorted(path for path in installed.rglob("*") if "__pycache__" not in path.parts) == before
    )

    command = python.parent / "gan-notebooks"
    assert "    SEED: int = 0" in run(command, "list", "--lesson", "02", cwd=checkout)
    elsewhere = subprocess.run([command, "list"], cwd=tmp_path, capture_output=True, text=True)
    assert elsewhere.returncode == 1 and "change to the folder of a checkout" in elsewhere.stderr


def test_the_lessons_run_with_colabs_versions(
    checkout, run, make_environment, colab, tmp_path, monkeypatch
):
    """The setup cell as it stands.

    `google.colab` is there, and the repository's address leads to this checkout.
    """
    python, own = make_environment(tmp_path / "colab", *colab)
    (own / "google" / "colab").mkdir(parents=True)
    (own / "google" / "colab" / "__init__.py").touch()
    (own / "colab.pth").write_text("import google.colab\n")  # imported before any cell, as on Colab
    kernel = tmp_path / "jupyter" / "kernels" / "colab"
    kernel.mkdir(parents=True)
    (kernel / "kernel.json").write_text(
        json.dumps(
            {
                "argv": [str(python), "-m", "ipykernel_launcher", "-f", "{connection_file}"],
                "display_name": "Colab",
                "language": "python",
            }
        )
    )
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path / "jupyter"))
    monkeypatch.setenv("GIT_CONFIG_COUNT", "1")
    monkeypatch.setenv("GIT_CONFIG_KEY_0", f"url.{checkout.as_uri()}.insteadOf")
    monkeypatch.setenv("GIT_CONFIG_VALUE_0", f"https://github.com/{repository.address()}")
    versions = run(python, "-m", "pip", "freeze", "--local")

    def freeze():
        return {
            line
            for line in run(python, "-m", "pip", "freeze", "--local").splitlines()
            if "adversarial-digits" not in line.lower()
        }

    before = freeze()
    assert all(pin in versions for pin in colab)
    assert not (own / "gan_helpers").exists()
    for notebook in sorted((ROOT / "notebooks").glob("*.ipynb")):
        executed = tmp_path / notebook.name
        parameters = notebooks.size_parameters(notebook, "smoke")
        options = {"quiet": True, "kernel_name": "colab"}
        assert runner.execute(notebook, executed, parameters, **options).error is None, (
            notebook.name
        )
        record = notebooks.read_record(executed)
        assert all(claim["holds"] for claim in record["values"]["claims"]), notebook.name
        assert record["timings"]["versions"]["ipykernel"] == "6.17.1"
        assert record["timings"]["versions"]["ipywidgets"] == "7.7.1"
    assert (own / "gan_helpers" / "assets").exists(), "the setup cell installed the package"
    assert freeze() == before, "the setup cell touched other packages"


def reachable(url):
    try:
        urllib.request.urlopen(url, timeout=10).close()
    except OSError:
        return False
    return True


def test_binders_files_step_by_step(checkout, run, make_environment, tmp_path):
    """What repo2docker does with binder/.

    The Python of runtime.txt, then requirements.txt, then postBuild.
    """
    version = (checkout / "binder" / "runtime.txt").read_text().strip().removeprefix("python-")
    own_version = ".".join(map(str, sys.version_info[:2]))
    interpreter = sys.executable if own_version == version else shutil.which(f"python{version}")
    if interpreter is None:
        pytest.skip(
            f"binder/runtime.txt asks for Python {version}, which this machine does not have"
        )
    # Binder knows no constraints; CI's job for the oldest torch sets some.
    environment = {name: value for name, value in os.environ.items() if name != "PIP_CONSTRAINT"}

    requirements = checkout / "binder" / "requirements.txt"
    text = requirements.read_text()
    index = re.search(r"--extra-index-url (\S+)", text)[1]
    pinned = re.findall(r"^(torch\w*)==[\d.]+\+cpu$", text, flags=re.M)
    assert pinned == ["torch", "torchvision"], "by exact versions, without CUDA"
    with_cpu_torch = reachable(index)
    if not with_cpu_torch:
        # This environment's torch then: another one with CUDA's libraries may not fit the disk.
        if own_version != version:
            pytest.skip(f"{index} is out of reach, and this torch is for Python {own_version}")
        requirements.write_text(re.sub(r"^(torch.*|--extra-index-url.*)\n", "", text, flags=re.M))
    python, _ = make_environment(
        tmp_path / "binder", behind="none" if with_cpu_torch else "torch", interpreter=interpreter
    )
    install = ("-m", "pip", "install", "--no-cache-dir", "-r", "binder/requirements.txt")
    run(python, *install, cwd=checkout, env=environment)

    post_build = checkout / "binder" / "postBuild"
    assert os.access(post_build, os.X_OK), "repo2docker runs it as a program"
    path = f"{python.parent}{os.pathsep}{os.environ['PATH']}"
    built = run(post_build, cwd=checkout, env=environment | {"PATH": path})
    assert "all (60000, 28, 28)\ntest (10000, 28, 28)\n" in built
    command = ("-m", "gan_notebooks", "run", "--lesson", "01", "--size", "smoke")
    table = run(python, *command, cwd=checkout)
    assert re.search(r"01_data_scaling .* ([1-9]\d*)/\1$", table, flags=re.M), table
