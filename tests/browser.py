"""A dashboard on a port of its own and a Chromium to look at it, as people meet it."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import pytest
from playwright.sync_api import Browser, Locator, Page, sync_playwright

from tests.dashboard_fixtures import HOME

ARGUMENTS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-component-update",
    "--disable-background-networking", "--disable-sync",
)  # fmt: skip
#: the script has run to its end and the page shows all of it, what the browser fetches late included
SETTLED = """() => {
  const app = document.querySelector('[data-testid=stApp]');
  return app?.getAttribute('data-test-script-state') === 'notRunning'
    && app.getAttribute('data-test-connection-state') === 'CONNECTED'
    && !document.querySelector('[data-testid=stSkeleton], [data-testid=stAppSkeleton]');
}"""
START_SECONDS = 60
DESKTOP, PHONE = (1440, 900), (390, 844)


@dataclass(frozen=True)
class Server:
    """A dashboard that answers at an address."""

    address: str
    config: Path


@contextmanager
def serving(config: Path) -> Iterator[Server]:
    """The dashboard on a store, at work until the block ends; its log stands beside the config file."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with config.with_name("dashboard.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "streamlit", "run", "dashboard.py", "--server.port", str(port)],
            cwd=HOME, env={**os.environ, "RISK_CONFIG": str(config)}, stdout=log, stderr=log,
        )  # fmt: skip
        try:
            _wait(port, process)
            yield Server(f"http://127.0.0.1:{port}", config)
        finally:
            process.terminate()
            process.wait(20)


def _wait(port: int, process: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end and process.poll() is None:
        try:
            with urlopen(f"http://127.0.0.1:{port}/_stcore/health", timeout=1) as answer:
                if answer.read() == b"ok":
                    return
        except (URLError, OSError):
            time.sleep(0.2)
    pytest.fail(f"the dashboard did not start within {START_SECONDS} seconds")


@contextmanager
def working(config: Path) -> Iterator[None]:
    """The worker of a store, at work until the block ends; its log stands beside the config file."""
    with config.with_name("worker.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "worker.py"], cwd=HOME, env={**os.environ, "RISK_CONFIG": str(config)}, stdout=log,
            stderr=log,
        )  # fmt: skip
        try:
            yield
        finally:
            process.terminate()
            process.wait(30)


@contextmanager
def chromium() -> Iterator[Browser]:
    """A browser. Skips where there is none, but not in CI."""
    path = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if path is None:
        missing = "Chromium is not installed: apt-get install chromium"
        if os.environ.get("CI") == "true":
            pytest.fail(missing)
        pytest.skip(missing)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(ARGUMENTS))
        yield browser
        browser.close()


@contextmanager
def tab(browser: Browser, server: Server, *, scheme: str = "light") -> Iterator[Page]:
    """A tab of its own that must meet no error and ask no other host for anything."""
    context = browser.new_context(
        viewport={"width": DESKTOP[0], "height": DESKTOP[1]}, accept_downloads=True, color_scheme=scheme,  # type: ignore[arg-type]
    )  # fmt: skip
    made = context.new_page()
    asked: list[str] = []
    errors: list[str] = []
    made.on("request", lambda request: asked.append(request.url))
    made.on("pageerror", lambda error: errors.append(str(error)))
    # Streamlit probes /<page>/_stcore/ for a base path before it finds it at the root
    made.on(
        "console",
        lambda said: (
            errors.append(said.text)
            if said.type == "error" and "/_stcore/" not in said.location.get("url", "")
            else None
        ),
    )
    yield made
    context.close()
    elsewhere = [url for url in asked if not url.startswith((server.address, "data:", "blob:"))]
    assert not elsewhere, elsewhere
    assert not errors, errors


def go(page: Page, server: Server, where: str) -> None:
    """Open a page by its address; the default one is "today" too."""
    page.goto(f"{server.address}/{where.removeprefix('today')}")
    page.wait_for_selector("h1")
    settle(page)


def settle(page: Page) -> None:
    """Wait until the script has run to its end."""
    page.wait_for_timeout(100)
    page.wait_for_function(SETTLED)


def eventually(page: Page, expected: object, asked: Callable[[], object]) -> None:
    """Wait until the page says what is expected; what a click brings takes a moment."""
    for _ in range(100):
        if asked() == expected:
            return
        page.wait_for_timeout(100)
    assert asked() == expected, f"{asked()} instead of {expected}"


def choose(within: Page | Locator, label: str, text: str) -> None:
    """Choose the entry of a list that begins so."""
    box = within.get_by_role("combobox", name=label)
    box.click()
    box.fill(text)
    box.press("Enter")


def heading(page: Page, name: str) -> Locator:
    """The heading that says exactly this."""
    return page.get_by_role("heading", name=name, exact=True)
