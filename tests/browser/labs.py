"""A JupyterLab of one's own for the tests that look at lessons in a browser."""

import contextlib
import json
import os
import subprocess
import sys
import time
from pathlib import Path

from jupyter_server.serverapp import list_running_servers

ROOT = Path(__file__).parents[2]
SECONDS = 60  # in which a change must be seen, on a slow machine that does other things too
# Of JupyterLab: cells out of sight are in the page, too; the kernel starts; nobody asks for news.
SETTINGS = {
    "notebook-extension/tracker": {"windowingMode": "none", "autoStartDefaultKernel": True},
    "apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False},
}


def until(condition, what, seconds=SECONDS):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"not after {seconds} seconds: {what}"
        time.sleep(0.2)


def address_of(server, name, application="jupyterlab"):
    """Where a server of `running_lab`'s shows a notebook, as new."""
    path = "lab/tree" if application == "jupyterlab" else "notebooks"
    return f"{server['url']}{path}/{name}?reset&token={server['token']}"


def wait_until_idle(page):
    """Wait until the notebook says idle, which may be before its kernel is there: see `run`."""
    page.locator(".jp-Notebook-ExecutionIndicator[data-status=idle]").wait_for()


def run(cell):
    """Run a cell by the keyboard; it may go on."""
    prompt = cell.locator(".jp-InputArea-prompt")
    before = prompt.inner_text()

    def has_started():
        # Before the kernel is there, nothing runs.
        cell.locator(".jp-InputArea-editor").click()
        cell.page.keyboard.press("Control+Enter")
        cell.page.wait_for_timeout(1000)
        return prompt.inner_text() != before

    until(has_started, "the cell starts")


@contextlib.contextmanager
def running_lab(folder, *options, application="jupyterlab"):
    """A JupyterLab with nobody's own settings over a folder, with more command line options.

    `application`: or "notebook", Jupyter Notebook 7.

    A dict: "url", "token" and more (all str).
    """
    for name, settings in SETTINGS.items():
        path = folder / f"config/lab/user-settings/@jupyterlab/{name}.jupyterlab-settings"
        path.parent.mkdir(parents=True)
        path.write_text(json.dumps(settings))
    own = {"IPYTHONDIR": str(folder / "ipython"), "PYTHONPATH": str(ROOT)}
    for kind in ("config", "data", "runtime"):
        own[f"JUPYTER_{kind.upper()}_DIR"] = str(folder / kind)
    command = [sys.executable, "-m", application, "--no-browser"]
    command += [f"--ServerApp.root_dir={folder}", "--ServerApp.ip=127.0.0.1", *options]
    command.append("--ServerApp.port=0")  # any port that is free
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        command.append("--allow-root")
    with open(folder / "log", "w") as log:
        server = subprocess.Popen(command, env=os.environ | own, stdout=log, stderr=log)

    def has_started_or_ended():
        return server.poll() is not None or any(list_running_servers(folder / "runtime"))

    try:
        until(has_started_or_ended, "JupyterLab starts")
        assert server.poll() is None, (folder / "log").read_text()
        info = next(list_running_servers(folder / "runtime"))
        assert info["token"]
        yield info
    finally:
        server.terminate()  # it ends its kernels first
        try:
            server.wait(SECONDS)
        except subprocess.TimeoutExpired:
            server.kill()  # kernels end by themselves once it is gone
