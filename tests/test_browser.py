"""What holds for every page of the dashboard, in a real Chromium."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import dataclass
from itertools import pairwise
from typing import Any
from urllib.request import urlopen

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page
from playwright.sync_api import TimeoutError as WaitedTooLong

from core.views import clients
from tests.browser import PHONE, Server, go
from tests.dashboard_fixtures import HOSTILE, PAGES, opened

pytestmark = pytest.mark.browser

TITLES = {
    "today": "Today", "clients": "All clients", "client": "One client", "score": "Score a file", "quality": "Quality",
    "drift": "Drift", "versions": "Versions", "ingestion": "Ingestion", "rejected": "Rejected rows",
    "contract": "Contract", "runs": "Runs and timings", "packages": "Packages", "jobs": "Jobs", "reports": "Reports",
}  # fmt: skip
BACKGROUND = "getComputedStyle(document.querySelector('[data-testid=stApp]')).backgroundColor"
#: what axe finds in Streamlit's own elements, which a page cannot mend: (rule, the element that it is in)
STREAMLITS_OWN = [
    # the list of pages has a <div> between the list and its items
    ("list", "[data-testid=stSidebarNav]"),
    ("listitem", "[data-testid=stSidebarNav]"),
    # the place to drop a file on is a section without a role, and has a label
    ("presentation-role-conflict", "[data-testid=stFileUploader]"),
]


@dataclass(frozen=True)
class Cold:
    """What the first visit to a fresh server met."""

    title: str
    navigation: list[str]
    shown: str


@pytest.fixture(scope="module")
def cold(server: Server, chromium: Browser) -> Cold:
    """The first request of all asks for a page that is not the default one."""
    page = chromium.new_page()
    go(page, server, "drift")
    links = page.locator("[data-testid=stSidebarNavLink]")
    found = Cold(page.locator("h1").inner_text(), links.all_inner_texts(), page.locator("body").inner_text())
    page.close()
    return found


@pytest.fixture
def page(cold: Cold, page: Page) -> Page:
    """A tab on a server that has met that first request."""
    return page


@pytest.fixture(scope="module")
def client(server: Server) -> str:
    """The client of the highest risk."""
    return str(clients.client_list(opened(server.config)).roster["client"][0].as_py())


def address(name: str, client: str) -> str:
    """Where a page is, so that it shows something."""
    return f"client?client={client}" if name == "client" else name


def test_a_deep_link_is_the_first_request_of_a_fresh_server_and_shows_its_page(cold: Cold) -> None:
    assert cold.title == "Drift"
    assert cold.navigation == list(TITLES.values())
    assert "activity clearly" in cold.shown
    assert "Page not found" not in cold.shown


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_whole_on_a_desktop_and_a_phone_for_eyes_and_for_screen_readers(
    server: Server, page: Page, client: str, name: str
) -> None:
    """No sideways scrolling, no heading level left out, a text for each chart and table, nothing axe objects to."""
    go(page, server, address(name, client))
    assert page.locator("h1").inner_text() == TITLES[name]
    page.wait_for_timeout(500)
    assert violations(page) == []
    _has_alternatives(page)
    page.emulate_media(color_scheme="dark")
    page.wait_for_function(f"() => {BACKGROUND} === 'rgb(11, 18, 32)'")
    assert violations(page, "color-contrast") == []
    page.emulate_media(color_scheme="light")
    page.set_viewport_size({"width": PHONE[0], "height": PHONE[1]})
    _fits(page)


def violations(page: Page, *rules: str) -> list[str]:
    """What axe finds (by all rules unless some are named) that is not Streamlit's own."""
    options = {"resultTypes": ["violations"], **({"runOnly": list(rules)} if rules else {})}
    return [
        f"{rule['id']}: {node['html'][:200]} {node['failureSummary'][:200]}"
        for rule in Axe().run(page, options=options).response["violations"]
        for node in rule["nodes"]
        if not any(rule["id"] == own and _is_in(page, node, where) for own, where in STREAMLITS_OWN)
    ]


def _is_in(page: Page, node: dict[str, Any], where: str) -> bool:
    found = page.locator(node["target"][-1]).first.evaluate("(part, where) => part.closest(where) !== null", where)
    return bool(found)


def _has_alternatives(page: Page) -> None:
    """Every chart and table says in words what it shows."""
    for kind in ("stPlotlyChart", "stDataFrame"):
        for found in page.locator(f"[data-testid={kind}]").all():
            told = found.evaluate(
                "(part) => [part, ...part.querySelectorAll('[aria-label], [alt]'), part.closest('[aria-label]')]"
                ".map(one => one?.getAttribute('aria-label') || one?.getAttribute('alt') || '').join('')"
            )
            assert len(told) > 10, found.evaluate("(part) => part.outerHTML.slice(0, 400)")


def _fits(page: Page) -> None:
    wide = """[document.documentElement, document.querySelector('[data-testid=stMain]')]
              .map(part => part.scrollWidth - part.clientWidth)"""
    with suppress(WaitedTooLong):  # tables and charts take their new width a while after the window does
        page.wait_for_function(f"() => Math.max(...{wide}) === 0", timeout=10_000)
    page.wait_for_timeout(300)
    assert page.evaluate(f"() => {wide}") == [0, 0]
    levels = page.evaluate("() => [...document.querySelectorAll('h1,h2,h3,h4,h5,h6')].map(h => +h.tagName[1])")
    assert levels[0] == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))


def test_a_name_in_a_file_fetches_nothing(server: Server, page: Page) -> None:
    go(page, server, "client?client=C00007")
    page.get_by_role("heading", name=HOSTILE).wait_for()
    assert page.locator("h2 img, p img").count() == 0


def test_the_keyboard_alone_reaches_a_contact_on_the_first_card(server: Server, page: Page) -> None:
    go(page, server, "today")
    first = page.get_by_role("button", name="Log a contact").first
    for _ in range(80):
        page.keyboard.press("Tab")
        if first.evaluate("(button) => button === document.activeElement"):
            break
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog")
    dialog.wait_for()
    page.keyboard.press("Escape")
    dialog.wait_for(state="hidden")


def test_the_api_answers_beside_the_dashboard(server: Server) -> None:
    with urlopen(f"{server.address}/api/health", timeout=5) as answer:
        assert answer.headers["Content-Type"] == "application/json"
        assert json.loads(answer.read()) == {"status": "ok"}
