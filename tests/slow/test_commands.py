"""Every command of the docs runs, in a copy of the checkout: tests/commands.py has the lines.

It takes longer than other slow tests may, so `make test-long` runs it.
"""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests import commands

pytestmark = [
    pytest.mark.long,
    pytest.mark.skipif(shutil.which("make") is None, reason="needs make"),
]
CONFIG = "c.ServerApp.open_browser = False\nc.ServerApp.allow_root = True\n"
FAR_AWAY = 4_000_000_000  # seconds since 1970: newer than what a command may write
GUARD = 600  # seconds until a line is given up: no measure of speed


@pytest.fixture(scope="module")
def copy(copy_checkout, tmp_path_factory):
    """The copy, with an environment for make: this one's, whose packages are the copy's own."""
    copy = copy_checkout(tmp_path_factory.mktemp("commands") / "checkout")
    own = copy / ".venv"
    own.mkdir()
    for path in Path(sys.prefix).iterdir():
        if path.name != ".ready":
            (own / path.name).symlink_to(path)
    (own / ".ready").touch()
    os.utime(own / ".ready", (FAR_AWAY, FAR_AWAY))  # make installs nothing into what is linked
    jupyter = copy / "build" / "jupyter"
    jupyter.mkdir(parents=True)
    (jupyter / "jupyter_server_config.py").write_text(CONFIG)
    return copy


@pytest.fixture(scope="module")
def environment(copy):
    """The environment variables of a shell in which the copy's .venv is active."""
    own = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    path = f"{copy / '.venv' / 'bin'}{os.pathsep}{os.environ['PATH']}"
    jupyter = {"JUPYTER_CONFIG_DIR": str(copy / "build" / "jupyter")}
    # "false" is what make would make an environment with.
    return own | {"PATH": path, "PYTHONPATH": str(copy), "PYTHON": "false"} | jupyter


def start(line, copy, environment, log):
    return subprocess.Popen(
        ["bash", "-c", line],
        cwd=copy,
        env=environment,
        stdout=log,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )


@pytest.mark.parametrize("line", dict.fromkeys(commands.to_run().values()))
def test_a_command_of_the_docs_runs(line, copy, environment):
    """JupyterLab does not end: it is stopped as soon as it says where it is."""
    path = copy / "build" / "log.txt"
    with open(path, "w", encoding="utf8") as log:
        process = start(line, copy, environment, log)
        try:
            if line.endswith(commands.LAB):
                end = time.monotonic() + GUARD
                while "is running at" not in path.read_text(encoding="utf8"):
                    assert process.poll() is None and time.monotonic() < end, path.read_text()
                    time.sleep(0.2)
                return
            assert process.wait(GUARD) == 0, path.read_text(encoding="utf8")[-3000:]
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGTERM)
                process.wait()
