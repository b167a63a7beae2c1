"""The dashboard as people meet it: a real server, a real Chromium."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import pandas as pd
import pytest
from playwright.sync_api import Browser, Locator, Page, sync_playwright

from core.pipeline.score import ADDED
from core.store import audit
from core.views import clients, model
from tests.dashboard_fixtures import CLIENTS, HOME, HOSTILE, MONTHS, PAGES, build, copy, opened

pytestmark = pytest.mark.browser

ARGUMENTS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-component-update",
    "--disable-background-networking", "--disable-sync",
)  # fmt: skip
#: the script has run to its end and the page shows it
SETTLED = """() => {
  const app = document.querySelector('[data-testid=stApp]');
  return app?.getAttribute('data-test-script-state') === 'notRunning'
    && app.getAttribute('data-test-connection-state') === 'CONNECTED';
}"""
START_SECONDS = 60
DESKTOP, PHONE = (1440, 900), (390, 844)


@dataclass(frozen=True)
class Server:
    address: str
    config: Path


@dataclass(frozen=True)
class Cold:
    """What the first visit to a fresh server met."""

    title: str
    navigation: list[str]
    shown: str


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The dashboard on a store of its own, with nobody having looked at it."""
    root = tmp_path_factory.mktemp("served")
    config = copy(build(tmp_path_factory.getbasetemp() / "dashboard").rich, root / "store")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with (root / "log.txt").open("wb") as log:
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


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
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
def page(server: Server, chromium: Browser, cold: Cold) -> Iterator[Page]:
    """A tab that must meet no error and ask no other host for anything."""
    context = chromium.new_context(viewport={"width": DESKTOP[0], "height": DESKTOP[1]}, accept_downloads=True)
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
    assert not elsewhere
    assert not errors


def go(page: Page, server: Server, where: str) -> None:
    page.goto(f"{server.address}/{where}")
    page.wait_for_selector("h1")
    settle(page)


def settle(page: Page) -> None:
    page.wait_for_timeout(100)
    page.wait_for_function(SETTLED)


def click_row(page: Page, number: int) -> None:
    """Tick a row of the first table: it is a canvas, so by place."""
    table = page.locator("[data-testid=stDataFrame]").first
    table.locator("canvas").first.wait_for()
    table.scroll_into_view_if_needed()
    page.wait_for_timeout(500)
    box = table.bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + 12, box["y"] + 53 + 35 * number)
    settle(page)


def test_a_deep_link_is_the_first_request_of_a_fresh_server_and_shows_its_page(cold: Cold) -> None:
    assert cold.title == "Drift"
    assert cold.navigation == ["Overview", "Clients", "Score a file", "Model", "Drift", "Ingestion", "Operations"]
    assert "activity clearly" in cold.shown
    assert "Page not found" not in cold.shown


def test_the_overview_leads_from_the_top_ten_to_the_client_that_was_selected(server: Server, page: Page) -> None:
    third = clients.client_list(opened(server.config)).clients.iloc[2]
    go(page, server, "")
    assert page.locator("h1").inner_text() == "Overview"
    page.get_by_text("High risk", exact=True).wait_for()
    click_row(page, 2)
    page.wait_for_url("**/clients?client=*")
    page.get_by_role("heading", name=third["name"]).wait_for()
    assert page.get_by_text(f"id {third['client']}").is_visible()
    page.go_back()
    page.get_by_role("heading", name="Overview").wait_for()


def test_a_name_in_a_file_fetches_nothing(server: Server, page: Page) -> None:
    go(page, server, "clients?client=C00007")
    page.get_by_role("heading", name=HOSTILE).wait_for()
    assert page.locator("h2 img, p img").count() == 0


def test_filters_stand_in_the_address_and_the_list_comes_down_as_a_file(server: Server, page: Page) -> None:
    go(page, server, "clients?band=high&owner=Anna+Berger")
    with page.expect_download() as got:
        page.get_by_role("button", name="Download this list").click()
    listed = pd.read_csv(got.value.path())
    assert set(listed["band"]) == {"high"}
    assert set(listed["owner"]) == {"Anna Berger"}
    assert list(listed["rank"]) == sorted(listed["rank"])


def test_an_uploaded_file_comes_back_with_the_same_rows_and_the_added_columns(
    server: Server, page: Page, tmp_path: Path
) -> None:
    store = opened(server.config)
    dataset = store.dataset()
    assert dataset is not None
    mine = dataset.newest()[["region", "activity", "satisfaction", "annual_revenue"]].head(30)
    mine.insert(0, "note", ['caf\u00e9; "x", y'] * 30)
    mine.to_csv(tmp_path / "mine.csv", index=False)
    go(page, server, "score")
    page.locator("[data-testid=stFileUploader] input[type=file]").set_input_files(tmp_path / "mine.csv")
    page.get_by_role("heading", name="Result").wait_for()
    with page.expect_download() as got:
        page.get_by_role("button", name="Download scored file").click()
    assert got.value.suggested_filename == "mine_scored.csv"
    sent = pd.read_csv(tmp_path / "mine.csv", dtype=str)
    back = pd.read_csv(got.value.path(), dtype=str)
    assert list(back.columns) == [*sent.columns, *ADDED]
    pd.testing.assert_frame_equal(back[sent.columns], sent)
    assert back["risk"].astype(float).between(0, 1).all()


def test_a_phone_never_scrolls_sideways_and_headings_leave_out_no_level(server: Server, page: Page) -> None:
    page.set_viewport_size({"width": PHONE[0], "height": PHONE[1]})
    for name in PAGES:
        go(page, server, "" if name == "overview" else name)
        page.wait_for_timeout(600)
        wide = page.evaluate(
            """() => [document.documentElement, document.querySelector('[data-testid=stMain]')]
                 .map(part => part.scrollWidth - part.clientWidth)"""
        )
        assert wide == [0, 0], name
        levels = page.evaluate("() => [...document.querySelectorAll('h1,h2,h3,h4,h5,h6')].map(h => +h.tagName[1])")
        assert levels[0] == 1, name
        assert all(after - before <= 1 for before, after in pairwise(levels)), name


def test_the_api_answers_beside_the_dashboard(server: Server) -> None:
    with urlopen(f"{server.address}/api/health", timeout=5) as answer:
        assert answer.headers["Content-Type"] == "application/json"
        assert json.loads(answer.read()) == {"status": "ok"}


def test_rolling_back_is_asked_for_once_more_and_then_done(server: Server, page: Page) -> None:
    store = opened(server.config)
    earlier = model.earlier_champion(store)
    go(page, server, "model")
    page.get_by_role("button", name="Roll back …").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("button", name="Roll back", exact=True).click()
    page.get_by_text(f"{earlier} is champion").wait_for()
    champion = store.champion()
    assert champion is not None
    assert champion.version == earlier


def choose(within: Page | Locator, label: str, text: str) -> None:
    """Choose the entry that begins so."""
    box = within.get_by_role("combobox", name=label)
    box.click()
    box.fill(text)
    box.press("Enter")


def test_rows_that_were_set_aside_come_down_to_be_mended(server: Server, page: Page) -> None:
    go(page, server, "ingestion")
    with page.expect_download() as got:
        page.get_by_role("button", name="Download rows to mend").click()
    assert got.value.suggested_filename == f"to_mend_clients-{MONTHS}.csv"
    rows = pd.read_csv(got.value.path(), dtype=str)
    assert rows["client_id"].tolist() == ["C00001", "C00003"]
    assert rows["snapshot_date"].tolist() == ["yesterday", f"2026-{MONTHS:02}-01"]
    assert rows["satisfaction"].tolist()[1] == "very good"


def test_a_batch_is_withdrawn_with_a_click_and_counts_again_with_another(server: Server, page: Page) -> None:
    def rows() -> int:
        dataset = opened(server.config).dataset()
        assert dataset is not None
        return len(dataset.rows)

    before = rows()
    go(page, server, "ingestion")
    page.get_by_role("button", name="Withdraw a batch …").click()
    dialog = page.get_by_role("dialog")
    choose(dialog, "Which file was dropped in by mistake?", "clients-3.csv")
    dialog.get_by_label("Why (for the audit log)").fill("the wrong month")
    dialog.get_by_role("button", name="Withdraw", exact=True).click()
    page.get_by_text("A full run was asked for").wait_for()
    assert rows() == before - CLIENTS
    page.get_by_role("button", name="Let a withdrawn batch count again …").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("button", name="Let it count again", exact=True).click()
    dialog.wait_for(state="hidden")
    assert rows() == before
    with opened(server.config).store.reading() as db:
        deeds = [(deed["who"], deed["deed"], deed["subject"]) for deed in audit.list_deeds(db)]
    assert [deed[:2] for deed in deeds[:2]] == [("dashboard", "reinstate"), ("dashboard", "withdraw")]
    assert all("clients-3.csv" in subject for *_, subject in deeds[:2])


def test_columns_that_look_like_leaks_are_looked_for_when_asked(server: Server, page: Page) -> None:
    go(page, server, "ingestion")
    page.get_by_role("button", name="Look for leaks and identifiers").click()
    page.get_by_text("No column looks like a leak").wait_for()


def test_the_contract_is_changed_by_a_person_who_was_told_what_that_means(server: Server, page: Page) -> None:
    store = opened(server.config)
    frame = pd.read_csv(store.config.sources[0].path / f"clients-{MONTHS}.csv", dtype=str)
    frame.assign(seats=[str(number % 50) for number in range(len(frame))]).to_csv(
        store.config.sources[0].path / "with_seats.csv", index=False
    )
    go(page, server, "ingestion")
    page.get_by_role("button", name="Change the contract …").click()
    dialog = page.get_by_role("dialog")
    choose(dialog, "The columns of which file are to count from now on?", "with_seats.csv")
    dialog.get_by_role("button", name="Compare").click()
    dialog.get_by_role("button", name="Accept").wait_for()
    assert "champion" in dialog.inner_text()
    dialog.get_by_role("button", name="Accept").click()
    page.get_by_text("A full run was asked for").wait_for()
    contract = store.contract()
    assert contract is not None
    assert contract.kinds["seats"] == "numeric"
