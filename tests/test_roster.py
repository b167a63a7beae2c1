"""The roster: order, ranks and texts; on disk and back; past clients; the smallest change."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.neighbors import NearestNeighbors

from core import registry, roster, schema
from core.pipeline.full import full_run
from core.scoring.counterfactual import smallest_changes
from core.store import models
from core.views import client as client_view
from core.views import clients as views
from core.views.clients import Wanted
from core.workspace import Workspace
from tests.builders import clients_frame, drop, make_workspace

AT = datetime(2026, 1, 1, tzinfo=UTC)


def risks(*rows: tuple[str, float, float | None]) -> pd.DataFrame:
    return pd.DataFrame(
        [
            {
                "client": client, "label": f"{client} Ltd" if client != "B" else "", "owner": "Ada", "value": value,
                "risk": risk, "out_of_fold": False, "as_of": pd.Timestamp(AT), "known_at": pd.Timestamp(AT),
                "reasons": [{"column": "a", "value": "3", "usual": "1", "contribution": -0.2},
                            {"column": "b", "value": "x", "usual": "y", "contribution": 0.1}],
                "change": {"total": 0.1, "client": 0.1, "model": 0.0, "memory": 0.0} if client == "A" else None,
                "unfamiliar": None,
            }
            for client, risk, value in rows
        ]
    )  # fmt: skip


NO_ROWS = pd.DataFrame({"_client": []}), pd.DataFrame()


def test_the_most_at_stake_comes_first_and_an_unknown_value_counts_as_the_usual_one() -> None:
    frame = risks(("A", 0.9, 10.0), ("B", 0.1, 1000.0), ("C", 0.5, None), ("D", 0.5, 30.0))
    table = roster.assemble([frame.head(2), frame.tail(2)], *NO_ROWS)
    assert table["client"].to_pylist() == ["B", "C", "D", "A"]  # 100, .5 x 30 (the median; by id before D), 15, 9
    assert table["rank"].to_pylist() == [4, 2, 2, 1]
    assert table["at_stake"].to_pylist()[0] == pytest.approx(100)
    assert table["at_stake"].to_pylist()[1] is None
    assert table["name"].to_pylist()[0] == "B"
    assert table["raised_by"].to_pylist()[0] == "b x (usual y) raises the risk"
    assert table["reason_1"].to_pylist()[0] == "a 3 (usual 1) lowers the risk"
    assert table["moved"].to_pylist() == [None, None, None, pytest.approx(0.1)]
    assert table["change"].to_pylist()[3] == "Since last time: +10 points, all of it the client."


def test_without_any_value_the_highest_risk_comes_first() -> None:
    table = roster.assemble([risks(("A", 0.2, None), ("C", 0.9, None))], *NO_ROWS)
    assert table["client"].to_pylist() == ["C", "A"]
    assert len(roster.assemble([], *NO_ROWS)) == 0
    assert roster.missing(roster.assemble([], *NO_ROWS, missing=7)) == 7


def test_values_of_the_clients_stand_beside_them_whatever_their_order() -> None:
    rows = pd.DataFrame({"_client": ["C", "A"]})
    features = pd.DataFrame({"seats": [3.0, np.nan], "region": pd.Series([None, "north"], dtype=object)})
    table = roster.assemble([risks(("A", 0.9, None), ("C", 0.5, None), ("D", 0.1, None))], rows, features)
    assert table["client"].to_pylist() == ["A", "C", "D"]
    assert np.isnan(table["=seats"].to_numpy()).tolist() == [True, False, True]
    assert table["=seats"].to_pylist()[1] == 3
    assert table["=region"].to_pylist() == ["north", None, None]


def test_a_roster_is_found_by_the_state_it_is_of_and_takes_the_place_of_the_one_before(tmp_path: Path) -> None:
    first, second = roster.name_of(7, "v1"), roster.name_of(8, "v1")
    assert len({first, second, roster.name_of(7, "v2")}) == 3
    table = roster.assemble([risks(("A", 0.9, 10.0))], *NO_ROWS)
    roster.keep(tmp_path, first, table)
    held = roster.kept(tmp_path, first)
    assert held is not None
    assert held.equals(table)
    roster.keep(tmp_path, second, table)
    assert roster.kept(tmp_path, first) is None
    assert held["client"].to_pylist() == ["A"], "who had it open keeps it"
    roster.clear(tmp_path)
    assert roster.kept(tmp_path, second) is None


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    workspace = make_workspace(tmp_path_factory.mktemp("roster"), {"model": {"families": ["logistic"]}})
    drop(workspace, "clients.csv", clients_frame(600, seed=3))
    full_run(workspace)
    return workspace


def test_a_run_leaves_a_roster_that_says_what_store_and_dataset_say(lived: Workspace) -> None:
    found = views.client_list(lived)
    with lived.store.reading() as db:
        stored = models.current_risks(db).set_index("client")
    kept = roster.kept(lived.lists_folder, roster.name_of(int(_newest(lived)), lived.champion().version))
    assert kept is not None
    assert kept.equals(found.roster)
    listed = found.clients.set_index("client")
    assert listed["risk"].equals(stored.loc[listed.index, "risk"].rename("risk"))
    rows = lived.dataset().newest().set_index("_client")
    activity = pd.Series(found.roster["=activity"].to_numpy(), index=found.roster["client"].to_pylist())
    assert activity.equals(rows.loc[activity.index, "activity"].astype("float64").rename(None))


def _newest(workspace: Workspace) -> int:
    with workspace.store.reading() as db:
        return models.newest_risk(db)


def test_without_its_roster_the_list_is_the_same_and_the_next_run_makes_it_again(lived: Workspace) -> None:
    before = views.client_list(lived)
    roster.clear(lived.lists_folder)
    assert views.client_list(lived).roster.equals(before.roster)
    assert not list(lived.lists_folder.glob("*.arrow")), "looking writes nothing"
    full_run(lived)
    assert list(lived.lists_folder.glob("*.arrow"))
    assert list(lived.lists_folder.glob("*.past"))


def test_clients_are_chosen_by_band_segment_search_and_put_in_order(lived: Workspace) -> None:
    found = views.client_list(lived)
    everyone = found.clients
    high = views.places(found, Wanted(bands=("high",)), "Highest risk")
    assert found.rows(high)["client"].tolist() == everyone[everyone["band"] == "high"]["client"].tolist()
    south = found.rows(views.places(found, Wanted(segments=(("region", "south"),)), "Name"))
    rows = lived.dataset().newest().set_index("_client")
    assert set(south["client"]) == set(rows.index[rows["region"] == "south"]) & set(everyone["client"])
    assert south["name"].is_monotonic_increasing
    both = Wanted(segments=(("region", "south"), ("region", "north"), ("no such column", "x")))
    assert len(views.places(found, both)) > len(south)
    assert found.rows(views.places(found, Wanted(text="c0001")))["client"].str.startswith("C0001").all()
    assert len(views.places(found, Wanted(owners=("nobody",)))) == 0
    assert len(views.places(found, Wanted(moved=0.1))) == 0
    some = ["C00003", "no such client", everyone["client"].iloc[0]]
    assert found.places_of(some) == [found.place_of(one) for one in some]


def test_past_clients_like_one_are_the_nearest_by_what_each_column_adds(lived: Workspace) -> None:
    champion = lived.champion()
    model = lived.model(champion)
    found = views.client_list(lived)
    chosen = found.roster["client"][0].as_py()
    past = roster.kept_past(lived.lists_folder, champion.version)
    assert past is not None
    rows = lived.dataset().newest().set_index("_client", drop=False)
    learned = registry.load_learned(lived.models_folder, champion)
    others = learned[learned["_client"] != chosen]["_client"].tolist()
    terms = model.contributions(model.encode(schema.features(rows.loc[others], model.columns).reset_index(drop=True)))
    own = model.contributions(model.encode(schema.features(rows.loc[[chosen]], model.columns).reset_index(drop=True)))
    distance, _ = NearestNeighbors(n_neighbors=8).fit(terms).kneighbors(own)
    one = client_view.one_client(lived, chosen)
    assert one is not None
    assert one.nearest["distance"].to_numpy() == pytest.approx(distance[0], abs=1e-5)
    assert chosen not in set(one.nearest["client"])
    outcome = learned.set_index("_client")["outcome"]
    assert one.nearest["outcome"].tolist() == outcome.loc[one.nearest["client"]].tolist()


def test_the_smallest_change_brings_the_risk_below_and_a_smaller_one_does_not(lived: Workspace) -> None:
    model = lived.model(lived.champion())
    row = pd.DataFrame(
        {"activity": [60.0], "satisfaction": [6.0], "region": pd.Series(["south"], dtype=object)}
    )[[column.name for column in model.columns]]  # fmt: skip
    risk = float(model.risk(row)[0])
    target = 0.5 * risk
    found = smallest_changes(model, row, ["activity", "region"], target).set_index("column")
    assert "satisfaction" not in found.index
    assert found["size"].is_monotonic_increasing
    to = float(found.loc["activity", "to"].replace(",", ""))
    assert to > 60
    assert model.risk(row.assign(activity=to))[0] == pytest.approx(found.loc["activity", "risk"])
    assert found.loc["activity", "risk"] < target
    step = (model.columns[0].high - model.columns[0].low) / 100
    assert model.risk(row.assign(activity=to - 2 * step))[0] > target
    assert len(smallest_changes(model, row, ["activity"], 0.0)) == 0
    assert len(smallest_changes(model, row, [], 0.9)) == 0


def test_the_lists_of_a_week_are_written_down_once_and_later_what_became_of_them(tmp_path: Path) -> None:
    from core.store import worklists

    clock = [datetime(2026, 1, 7, 6, tzinfo=UTC)]
    config = {
        "model": {"families": ["logistic"]}, "data": {"horizon_days": 30, "owner": "owner"},
        "worklist": {"capacity": 5}, "retrain": {"cool_down_days": 400},
    }  # fmt: skip
    workspace = make_workspace(tmp_path, config, lambda: clock[0])
    frame = clients_frame(400, seed=5, snapshot_date="2025-11-01").assign(owner="Ada")
    drop(workspace, "past.csv", frame)
    full_run(workspace)
    now = clients_frame(100, seed=6, snapshot_date="2026-01-06", first=1000).assign(owner=["Ada", "Bo"] * 50)
    drop(workspace, "now.csv", now.drop(columns="exited"))
    clock[0] += timedelta(days=7)
    full_run(workspace)
    with workspace.store.reading() as db:
        assert worklists.is_listed(db, "2026-W03")
        listed = worklists.list_worklists(db, ["2026-W03"])
    assert listed.groupby("owner").size().to_dict() == {"Ada": 5, "Bo": 5}
    assert listed["place"].tolist() == [1, 2, 3, 4, 5] * 2
    outcomes = now[now["client_id"].isin(listed["client"])].head(7)
    drop(workspace, "outcomes.csv", outcomes[["client_id", "snapshot_date", "exited"]])
    clock[0] += timedelta(days=31)
    full_run(workspace)
    full_run(workspace)
    with workspace.store.reading() as db:
        found = worklists.list_catches(db)
        own = found[found["week"] == "2026-W03"]
        written = db.connection.exec_driver_sql("select count(*) from catches where week = '2026-W03'").scalar()
    told = listed.merge(outcomes, left_on="client", right_on="client_id")
    assert own["known"].sum() == 7
    assert own["left"].sum() == told["exited"].sum()
    assert own["expected_of_known"].sum() == pytest.approx(told["risk"].sum())
    assert written == 2, "nothing is written down twice"
