"""Chromium for the tests that only a browser can do: its fixtures, the app on a free port, waiting for a page."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from workbench.ui.launch import streamlit_arguments
from workbench.ui.state import PROJECT_VARIABLE

CHROMIUM = os.environ.get("WORKBENCH_CHROMIUM") or shutil.which("chromium") or ""
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PATIENCE_MS = 60_000
"""How long a page may take to show what is expected: on a busy machine a run of a script takes seconds."""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Debian's Chromium, or whatever WORKBENCH_CHROMIUM names.

    One per module: the event loop that Playwright leaves in the thread would be in other tests' way.
    """
    if not CHROMIUM:
        pytest.skip("no Chromium on this machine; WORKBENCH_CHROMIUM names one")
    expect.set_options(timeout=PATIENCE_MS)
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield launched
        launched.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A fresh page, large enough for two columns."""
    context = new_context(browser)
    yield context.new_page()
    context.close()


def new_context(browser: Browser, locale: str | None = None) -> BrowserContext:
    """A browser profile of its own: another curator."""
    context = browser.new_context(viewport={"width": 1440, "height": 950}, locale=locale)
    context.set_default_timeout(PATIENCE_MS)
    return context


def free_port() -> int:
    """Return a port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def app_on(project: Path) -> Iterator[str]:
    """Serve a project while the block runs; yields the address."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    process = subprocess.Popen(
        [sys.executable, "-m", *streamlit_arguments(port)],
        stdout=subprocess.DEVNULL,
        env={**os.environ, PROJECT_VARIABLE: str(project)},
    )
    try:
        _until_it_answers(process, url)
        yield url
    finally:
        process.terminate()
        process.wait(timeout=30)


def _until_it_answers(process: subprocess.Popen[bytes], url: str) -> None:
    end = time.monotonic() + PATIENCE_MS / 1000
    while time.monotonic() < end:
        assert process.poll() is None, "the app ended while starting"
        try:
            with urllib.request.urlopen(f"{url}/_stcore/health", timeout=5):
                return
        except OSError:
            time.sleep(0.1)
    raise AssertionError("the app did not come up")


def settled(page: Page) -> None:
    """Wait until the page's script has run: a key that comes earlier finds no button."""
    app = page.locator('[data-testid="stApp"]')
    expect(app).to_have_attribute("data-test-script-state", "notRunning")
    page.wait_for_timeout(1000)  # the browser tells the curator's name, and the page runs once more
    expect(app).to_have_attribute("data-test-script-state", "notRunning")
