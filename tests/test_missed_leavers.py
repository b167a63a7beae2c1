"""Clients who left from the low band: counted by hand, written down by a run, shown with what was known then."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
import pytest

from core import evaluation, scoring
from core.pipeline import full
from core.store import missed as stored
from core.store import models, notes
from core.views.missed import missed_leavers
from tests.builders import Clock, drop, make_workspace
from tests.dashboard_fixtures import CONFIG, Stores, _month, opened
from tests.page_driver import Open, tables, words


def rows(*told: tuple[str, int, float, float]) -> pd.DataFrame:
    """Rows (client, day of January, outcome, risk)."""
    frame = pd.DataFrame(told, columns=["_client", "day", "_outcome", "risk"])
    as_of = [datetime(2026, 1, day, tzinfo=UTC) for day in frame["day"]]
    return frame.assign(_as_of=pd.to_datetime(as_of, utc=True), version="v1")


def test_the_last_risk_of_a_leaver_counts_and_who_came_back_is_none() -> None:
    found = evaluation.last_of_leavers(
        rows(("a", 1, 1, 0.9), ("a", 2, 1, 0.05), ("b", 1, 1, 0.02), ("b", 2, 0, 0.02), ("c", 1, 0, 0.1),
             ("d", 1, 1, 0.3))
    )  # fmt: skip
    assert found[["_client", "risk"]].to_numpy().tolist() == [["a", 0.05], ["d", 0.3]]
    assert evaluation.missed(found, {"v1": 0.3}).tolist() == [True, False], "medium begins at the cut"
    assert evaluation.missed(found, {"v2": 0.3}).tolist() == [False, False], "no band, not asked"


def test_a_run_writes_down_who_left_from_the_low_band_with_the_reasons_told_then(stores: Stores) -> None:
    store = opened(stores.rich / "config.toml")
    dataset = store.dataset()
    assert dataset is not None
    with store.store.reading() as db:
        told = models.delivered_risks(db)
        (version,) = (one for one in models.list_versions(db) if one.version.startswith("20260402"))
    medium = scoring.band_cuts(version.base_rate, store.config.worklist).medium
    # outcomes of January to March were known before there was a model: only April has risks that were told before
    april = dataset.rows[dataset.rows["_as_of"] == pd.Timestamp("2026-04-01", tz="UTC")]
    left = set(april.loc[april["_outcome"] == 1, "_client"])
    risk = told[(told["as_of"] == pd.Timestamp("2026-04-01", tz="UTC")) & told["client"].isin(left)]
    risk = risk[risk["known_at"] < pd.Timestamp("2026-07-01", tz="UTC")].groupby("client")["risk"].last()
    wanted = {client for client, share in risk.items() if share < medium}
    found = missed_leavers(store)
    assert set(found.clients["client"]) == wanted
    assert (found.missed, found.leavers) == (len(wanted), len(left))
    one = found.clients.iloc[0]
    with store.store.reading() as db:
        own = models.risks_of_client(db, one["client"])
    (then,) = own[(own["known_at"] == one["told_at"]) & (own["as_of"] == one["as_of"])]["reasons"]
    assert one["reasons"].split(" · ")[0] == scoring.sentence(then[0])
    assert one["told_at"] < one["outcome_known_at"]


def test_the_page_tells_how_many_and_leads_to_the_client(stores: Stores, show: Open) -> None:
    store = opened(stores.rich / "config.toml")
    found = missed_leavers(store)
    client = found.clients["client"].iloc[0]
    app = show(store.config_path, "quality", look="Missed leavers", missed=client)
    said = words(app)
    assert found.sentence in said
    assert f"**Client {client} Ltd**" in said
    (shown,) = [one for one in tables(app) if "outcome_known_at" in one]
    assert shown["name"].tolist() == [f"Client {one} Ltd" for one in found.clients["client"]]
    assert not show(stores.provisional / "config.toml", "quality", look="Missed leavers").exception


@pytest.mark.slow
def test_a_corrected_outcome_and_an_erased_client_are_no_longer_told(tmp_path: Path) -> None:
    clock = Clock()
    workspace = make_workspace(tmp_path, CONFIG, clock)
    for number, at in enumerate([datetime(2026, 1, 1, 6, tzinfo=UTC), datetime(2026, 4, 2, 6, tzinfo=UTC)]):
        clock.at = at
        drop(workspace, f"clients-{number}.csv", _month(3 * number).drop(columns="exited"))
        if number:
            drop(workspace, "outcomes-0.csv", _month(0)[["client_id", "snapshot_date", "exited"]])
        full.full_run(workspace)
    assert workspace.champion() is not None
    outcomes = _month(3)[["client_id", "snapshot_date", "exited"]]
    clock.at = datetime(2026, 7, 2, 6, tzinfo=UTC)
    drop(workspace, "outcomes-3.csv", outcomes)
    full.full_run(workspace)
    before = missed_leavers(workspace)
    first, second, *_ = before.clients["client"]
    corrected = outcomes[outcomes["client_id"] == first].assign(exited=0)
    clock.forward(days=1)
    drop(workspace, "corrected.csv", corrected)
    full.full_run(workspace)
    after = missed_leavers(workspace)
    assert set(before.clients["client"]) - set(after.clients["client"]) == {first}
    assert (after.missed, after.leavers) == (before.missed - 1, before.leavers - 1)
    with workspace.store.writing() as db:
        assert notes.delete_notes(db, second) >= 1
        assert second not in set(stored.list_missed(db, 200)["client"])
