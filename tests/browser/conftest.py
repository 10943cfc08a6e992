"""The browser of these tests."""

import os
import shutil
from pathlib import Path

import pytest
from playwright.sync_api import expect, sync_playwright


@pytest.fixture(scope="module")
def browser():
    """Chromium, which cannot look up another machine. CHROMIUM is the path of one to use.

    It ends with the last test of a file: its event loop would be in the way of other tests.
    """
    expect.set_options(timeout=60_000)  # for a slow machine that does other things too
    with sync_playwright() as playwright:
        path = path_of_chromium(playwright)
        if not Path(path).exists():
            pytest.fail(
                f"These tests need the browser Chromium, and there is no {path}. Install it by "
                "`apt install chromium` or by `python -m playwright install chromium`, or set "
                "CHROMIUM to its path."
            )
        no_network = [
            "--no-proxy-server",
            "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
        ]
        arguments = ["--disable-gpu", *no_network]
        yield playwright.chromium.launch(executable_path=path, args=arguments)


def path_of_chromium(playwright):
    """The variable's, else the system's, else playwright's own."""
    if path := os.environ.get("CHROMIUM"):
        return path
    for name in ("chromium", "chromium-browser", "google-chrome"):
        if path := shutil.which(name):
            return path
    return playwright.chromium.executable_path
