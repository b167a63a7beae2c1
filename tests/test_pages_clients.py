"""The pages of a client manager."""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path

import pandas as pd
import pytest

from core.pipeline import contact, full
from core.views import batch, client, clients, export
from core.views.clients import BANDS
from pages.components import texts
from tests.dashboard_fixtures import Stores, copy, opened
from tests.page_driver import INTERVAL, Open, tables, words


@pytest.mark.parametrize("page", ["today", "clients", "score", "quality"])
def test_a_provisional_list_shows_ranks_and_no_percentage_and_no_band(stores: Stores, show: Open, page: str) -> None:
    app = show(stores.provisional / "config.toml", page)
    said = words(app)
    assert "This list is provisional. It learned from 60 known outcomes" in said
    assert "%" not in INTERVAL.sub("", said)
    assert not [band for band in BANDS if re.search(rf"\b{band}\b", said, re.IGNORECASE)]
    for table in tables(app):
        assert not {"risk", "risk_percent", "band"} & set(table.columns)


def test_one_provisional_client_has_a_rank_and_reasons_and_no_percentage(stores: Stores, show: Open) -> None:
    store = opened(stores.provisional / "config.toml")
    first = clients.client_list(store).clients["client"].iloc[0]
    app = show(store.config_path, "client", client=first)
    assert f"id {first} · rank 1 of" in words(app)
    assert "%" not in INTERVAL.sub("", words(app))
    assert "No risk has been told yet" in words(app)


def test_a_provisional_list_leaves_as_a_file_without_risk_and_band(stores: Stores) -> None:
    found = clients.client_list(opened(stores.provisional / "config.toml"))
    assert not {"risk", "band"} & set(clients.exported(found, found.clients).columns)
    assert "rank" in clients.exported(found, found.clients)


def test_a_list_by_one_column_is_called_a_rule(stores: Stores, show: Open, tmp_path: Path) -> None:
    config = copy(stores.rich, tmp_path / "rule")
    with opened(config).store.writing() as db:
        db.connection.exec_driver_sql("update versions set family = 'rule'")
    for page in ("today", "clients"):
        assert "This list follows a rule, not a model." in words(show(config, page))


def test_all_clients_are_counted_by_band_with_what_is_at_stake(stores: Stores, show: Open) -> None:
    store = opened(stores.rich / "config.toml")
    app = show(store.config_path, "clients")
    everybody = clients.client_list(store).clients
    shown = {metric.label: metric.value for metric in app.metric}
    for band in BANDS:
        assert shown[f"{band.capitalize()} risk"] == f"{(everybody['band'] == band).sum():,}"
    stake = (everybody["risk"] * everybody["value"]).sum()
    assert f"400 clients, {texts.money(stake, 'EUR', 'year')} at stake" in words(app)
    assert tables(app)[0]["at_stake"].is_monotonic_decreasing


def test_clients_are_narrowed_by_band_owner_and_search(stores: Stores, show: Open) -> None:
    app = show(stores.rich / "config.toml", "clients", bands="High", owners="Anna Berger")
    listed = tables(app)[0]
    assert set(listed["band"]) == {"high"}
    assert set(listed["owner"]) == {"Anna Berger"}
    app.text_input(key="search").set_value("no such client").run()
    assert not tables(app)
    assert "No client meets these filters" in words(app)


def test_a_client_in_the_address_is_shown_with_reasons_history_and_past_clients(stores: Stores, show: Open) -> None:
    store = opened(stores.rich / "config.toml")
    row = clients.client_list(store).clients.iloc[2]
    app = show(store.config_path, "client", client=row["client"])
    said = words(app)
    assert row["name"] in said
    assert f"id {row['client']} · rank {row['rank']} of 400" in said
    assert "like this leave" in said
    assert len(app.get("plotly_chart")) == 2
    assert "Of the 8 past clients of whom the model thinks most alike" in said
    assert "It is no promise" in said
    assert "There is no client C9" in words(show(store.config_path, "client", client="C9"))


def test_a_client_who_has_left_keeps_history_and_contacts_and_has_no_reasons(
    stores: Stores, show: Open, tmp_path: Path
) -> None:
    store = opened(copy(stores.rich, tmp_path / "store"))
    row = clients.client_list(store).clients.iloc[2]
    contact.contacted(store, row["client"], "Anna Berger", result="left")
    full.full_run(store)
    app = show(store.config_path, "client", client=row["client"])
    said = words(app)
    assert "is not on the list any more. It has left." in said
    assert "Reasons are told for clients on the list only." in said
    assert len(app.get("plotly_chart")) == 1, "the risk over time"
    told = batch.named(store, [row["client"], "C9"], clients.client_list(store))
    assert told["name"].tolist() == [row["name"], "C9"]
    assert told["owner"].tolist() == [row["owner"], ""]
    assert not told["listed"].any()


def test_without_a_client_in_the_address_one_is_looked_for_by_name(stores: Stores, show: Open) -> None:
    app = show(stores.rich / "config.toml", "client")
    app.text_input(key="find").set_value("c00012").run()
    assert [link.proto.label for link in app.get("page_link")][-1].startswith("Client C00012 Ltd")
    app.text_input(key="find").set_value("nobody").run()
    assert "No client is called nobody." in words(app)


def test_selecting_a_row_names_the_client_and_not_the_row(stores: Stores) -> None:
    store = opened(stores.rich / "config.toml")
    found = clients.client_list(store)
    wanted = found.clients.iloc[7]
    one = client.one_client(store, wanted["client"])
    assert one is not None
    assert one.row is not None
    assert one.row["client"] == wanted["client"]
    newest = one.history.iloc[-1]
    assert newest["risk"] == pytest.approx(wanted["risk"])
    assert list(one.history["known_at"]) == sorted(one.history["known_at"])


def test_a_file_for_spreadsheets_begins_no_cell_like_a_formula() -> None:
    frame = pd.DataFrame({"=name": ["=1+1", "+1", "-1", "@x", "\tx", "\rx", "Söhne"], "value": [-1.5] * 7})
    written = export.safe_csv(frame).decode()
    header, *rows = csv.reader(io.StringIO(written, newline=""))
    assert header == ["'=name", "value"]
    assert [row[0] for row in rows] == ["'=1+1", "'+1", "'-1", "'@x", "'\tx", "'\rx", "Söhne"]
    assert {row[1] for row in rows} == {"-1.5"}
