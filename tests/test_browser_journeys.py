"""What people do with the dashboard, from the first click to what stands in the store, in a real Chromium."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from playwright.sync_api import Browser, Locator, Page

from core.pipeline import full
from core.pipeline.score_file import ADDED, FLAG
from core.store import audit, contacts
from core.views import clients, model, worklist
from core.workspace import Workspace
from tests import browser
from tests.browser import Server, choose, eventually, go, heading, settle
from tests.builders import clients_frame, drop
from tests.dashboard_fixtures import CLIENTS, MONTHS, Stores, copy, opened

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def card(page: Page, name: str) -> Locator:
    """The card of a client on the list of the week."""
    inner = page.get_by_role("link", name=name, exact=False)
    return page.locator("[data-testid=stVerticalBlock]").filter(has=inner).filter(
        has=page.get_by_role("button", name="Log a contact")
    ).last  # fmt: skip


def names_on(page: Page) -> list[str]:
    """The clients on cards, in order."""
    cards = page.locator("[data-testid=stPageLink]")
    texts = [text.split("\n")[0] for text in cards.all_inner_texts()]
    return [text for text in texts if text.startswith("Client C")]


def test_on_monday_a_manager_calls_a_client_puts_another_off_and_takes_both_back(server: Server, page: Page) -> None:
    store = opened(server.config)
    go(page, server, "today")
    choose(page, "I am", "Anna Berger")
    mine = worklist.today(store).calls.query("owner == 'Anna Berger'")
    eventually(page, mine["name"].tolist(), lambda: names_on(page))
    go(page, server, page.url.removeprefix(f"{server.address}/"))  # the address alone says who I am
    eventually(page, mine["name"].tolist(), lambda: names_on(page))
    called, put_off = mine["name"].iloc[0], mine["name"].iloc[2]

    # one client: its own page, and a contact logged there
    page.get_by_role("link", name=called).first.click()
    heading(page, called).wait_for()
    page.get_by_role("button", name="Log a contact").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_text("Stays", exact=True).click()
    dialog.get_by_label("Note").fill("renews in spring")
    dialog.get_by_role("button", name="Save", exact=True).click()
    dialog.wait_for(state="hidden")
    with store.store.reading() as db:
        noted = contacts.list_contacts(db).iloc[-1]
    assert (noted["client"], noted["who"], noted["result"]) == (mine["client"].iloc[0], "Anna Berger", "saved")

    # the list no longer has it, the week's work does
    page.get_by_role("link", name="Today").first.click()
    heading(page, "Done this week").wait_for()
    eventually(page, False, lambda: called in names_on(page))
    assert page.get_by_text("renews in spring").is_visible()

    # another is put off, with a reason
    card(page, put_off).get_by_role("button", name="More").click()
    page.get_by_text("Not now …").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Why").fill("new contract is on its way")
    dialog.get_by_role("button", name="Put off").click()
    dialog.wait_for(state="hidden")
    eventually(page, False, lambda: put_off in names_on(page))
    page.get_by_text("Not on the list for now: 1 client").click()
    assert page.get_by_text("new contract is on its way").first.is_visible()

    # and both come back
    page.get_by_role("button", name="Back on the list").click()
    page.get_by_role("button", name="Take back").click()
    page.get_by_text("taken back").wait_for()
    eventually(page, True, lambda: {called, put_off} <= set(names_on(page)))


def test_a_contact_is_logged_with_the_client_on_the_card_though_new_data_change_the_order(
    server: Server, page: Page
) -> None:
    store = opened(server.config)
    go(page, server, "today?owner=Marek+Dvorak")
    eventually(page, 15, lambda: len(names_on(page)))
    name = names_on(page)[3]
    before = worklist.today(store).calls.set_index("name")["client"]
    frame = clients_frame(CLIENTS, seed=99, snapshot_date=f"2026-{MONTHS + 1:02}-01").drop(columns="exited")
    frame["name"] = [f"Client {client} Ltd" for client in frame["client_id"]]
    frame["owner"] = ["Anna Berger", "Marek Dvorak", "Ines Carvalho", "Jonas Lindqvist"] * (CLIENTS // 4)
    frame["annual_revenue"] = 1000.0 + 37 * frame.index
    drop(store, "clients-next.csv", frame)
    full.full_run(store)
    moved = worklist.today(store).calls.query("owner == 'Marek Dvorak'")["name"].tolist()
    assert name not in moved[3:4], "the new data must change the order for this to say anything"
    card(page, name).get_by_role("button", name="Log a contact").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_text(name).wait_for()
    dialog.get_by_label("Your name").fill("Marek Dvorak")
    dialog.get_by_label("Note").fill("reached while data came in")
    dialog.get_by_role("button", name="Save", exact=True).click()
    dialog.wait_for(state="hidden")
    with store.store.reading() as db:
        noted = contacts.list_contacts(db).iloc[-1]
    assert (noted["client"], noted["note"]) == (before[name], "reached while data came in")


def test_a_filter_is_kept_by_a_name_and_its_address_alone_shows_the_same(
    server: Server, chromium: Browser, page: Page
) -> None:
    go(page, server, "clients?bands=High&owners=Anna+Berger")
    page.get_by_role("button", name="Saved filters").click()
    page.get_by_label("Name of the present filter").fill("Anna's worst")
    page.get_by_role("button", name="Save the present filter").click()
    page.get_by_text("Anna's worst").first.wait_for()
    settle(page)
    with browser.tab(chromium, server) as other:
        go(other, server, "clients")
        other.get_by_role("button", name="Saved filters").click()
        other.get_by_role("button", name="Anna's worst").click()
        settle(other)
        other.keyboard.press("Escape")
        with other.expect_download() as got:
            other.get_by_role("button", name="Download this list").click()
        listed = pd.read_csv(got.value.path())
        assert set(listed["band"]) == {"high"}
        assert set(listed["owner"]) == {"Anna Berger"}
        with browser.tab(chromium, server) as third:
            go(third, server, other.url.removeprefix(f"{server.address}/"))
            with third.expect_download() as got:
                third.get_by_role("button", name="Download this list").click()
            pd.testing.assert_frame_equal(pd.read_csv(got.value.path()), listed)
    page.get_by_role("button", name="Saved filters").click()
    page.get_by_role("button", name="Remove", exact=True).click()
    settle(page)
    assert clients.saved_filters(opened(server.config)) == {}


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
    assert list(back.columns) == [*sent.columns, *ADDED, FLAG]
    pd.testing.assert_frame_equal(back[sent.columns], sent)
    assert back["risk"].astype(float).between(0, 1).all()


def test_retraining_is_asked_for_on_the_page_done_by_the_worker_and_ends_with_a_new_champion_and_its_evidence(
    tmp_path: Path, stores: Stores, chromium: Browser
) -> None:
    store = opened(copy(stores.provisional, tmp_path / "store"))
    before = store.champion()
    assert before is not None
    drop(store, "more.csv", clients_frame(600, seed=3, first=1000))
    with browser.serving(store.config_path) as server, browser.tab(chromium, server) as page:
        go(page, server, "versions")
        _retrain(page, server, store, before.version)


def _retrain(page: Page, server: Server, store: Workspace, before: str) -> None:
    button = page.get_by_role("button", name="Retrain now")
    button.click()
    page.get_by_text("Asked for and queued").wait_for()
    assert button.is_disabled(), "one that waits is enough"
    with browser.working(server.config):
        page.get_by_text("Last time").wait_for(timeout=120_000)
    champion = store.champion()
    assert champion is not None
    assert champion.version != before
    assert page.get_by_text("The newest challenger was promoted.").is_visible()
    assert page.get_by_text(f"Version {champion.version}").first.is_visible()
    go(page, server, "today")
    assert store.now().strftime("Risks of %-d %b %Y") in page.locator("body").inner_text()


def test_rolling_back_tells_what_it_means_asks_for_a_reason_and_is_in_the_audit_log(server: Server, page: Page) -> None:
    store = opened(server.config)
    earlier = model.earlier_champion(store)
    go(page, server, "versions?me=Ada")
    page.get_by_role("button", name="Roll back …").click()
    dialog = page.get_by_role("dialog")
    roll_back = dialog.get_by_role("button", name="Roll back", exact=True)
    roll_back.wait_for()
    assert "every client is scored by it" in dialog.inner_text()
    assert roll_back.is_disabled()
    dialog.get_by_placeholder("Why?").fill("the new one puts the north too high")
    roll_back.click()
    page.get_by_text(f"{earlier} is champion").wait_for()
    champion = store.champion()
    assert champion is not None
    assert champion.version == earlier
    with store.store.reading() as db:
        deed = audit.list_deeds(db)[0]
    assert deed["who"] == "Ada"
    assert "the new one puts the north too high" in deed["sentence"]


def test_rows_that_were_set_aside_come_down_to_be_mended(server: Server, page: Page) -> None:
    go(page, server, "rejected")
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
    go(page, server, "contract")
    page.get_by_role("button", name="Look for leaks and identifiers").click()
    page.get_by_text("No column looks like a leak").wait_for()


def test_the_contract_is_changed_by_a_person_who_was_told_what_that_means(server: Server, page: Page) -> None:
    store = opened(server.config)
    frame = pd.read_csv(store.config.sources[0].path / f"clients-{MONTHS}.csv", dtype=str)
    frame.assign(seats=[str(number % 50) for number in range(len(frame))]).to_csv(
        store.config.sources[0].path / "with_seats.csv", index=False
    )
    go(page, server, "contract")
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
