"""What people do on the data pages in a real Chromium: from a row of a table to a batch, its faults, and back."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page

from core.views import ingestion
from tests.browser import Server, eventually, go, settle
from tests.dashboard_fixtures import MONTHS, opened

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def test_a_click_on_a_row_shows_that_batch_and_a_link_leads_back(server: Server, page: Page) -> None:
    newest = ingestion.batches(opened(server.config)).iloc[0]
    go(page, server, "ingestion")
    table = page.locator("[data-testid=stDataFrame]").nth(1)
    table.scroll_into_view_if_needed()
    box = table.bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + 12, box["y"] + 53)
    page.get_by_role("heading", name=f"Batch {newest['id']}: {newest['name']}").wait_for()
    eventually(page, True, lambda: f"batch={newest['id']}" in page.url)
    page.get_by_role("button", name="All batches").click()
    page.get_by_role("heading", name="Growth of the dataset").wait_for()
    eventually(page, False, lambda: "batch=" in page.url)


def test_the_faults_of_a_batch_lead_to_the_rejected_rows_of_that_file(server: Server, page: Page) -> None:
    batches = ingestion.batches(opened(server.config))
    number = batches.loc[batches["name"] == f"clients-{MONTHS}.csv", "id"].iloc[0]
    go(page, server, f"ingestion?batch={number}")
    page.get_by_role("link", name="The same on the page Rejected rows").click()
    page.get_by_role("heading", name="By reason").wait_for()
    settle(page)
    assert page.get_by_role("combobox", name="File").input_value() == f"{number}: clients-{MONTHS}.csv"
