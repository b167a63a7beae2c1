"""From file to report on the real pipeline, and what must hold on the way."""

from __future__ import annotations

import hashlib
import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import brier_score_loss, roc_auc_score

from core import registry
from core.errors import BellwetherError
from core.pipeline import full
from core.records import Batch
from core.store import ingested, models
from core.views import clients, ingestion, model, monitoring, operations, timings
from core.workspace import Workspace
from tests.builders import Clock, clients_frame, drop, make_workspace, middle_frame

LOGISTIC: dict[str, Any] = {"model": {"families": ["logistic"]}}


def everything(folder: Path) -> dict[str, tuple[str, int]]:
    """Every file below a folder with its content and when it was last written."""
    return {
        str(path.relative_to(folder)): (hashlib.sha256(path.read_bytes()).hexdigest(), path.stat().st_mtime_ns)
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def every_row(workspace: Workspace) -> list[str]:
    """The whole store as SQL."""
    connection = sqlite3.connect(workspace.folder / "risk.db")
    try:
        return list(connection.iterdump())
    finally:
        connection.close()


def batches(workspace: Workspace) -> list[Batch]:
    """Every batch, oldest first."""
    with workspace.store.reading() as db:
        return list(reversed(ingested.list_batches(db)))


def listed(workspace: Workspace) -> pd.DataFrame:
    """The current list, by client."""
    return clients.client_list(workspace).clients.set_index("client")


def gate(workspace: Workspace) -> dict[str, Any]:
    """The newest answer of the gate, with its evidence."""
    return next(one for one in monitoring.decisions(workspace) if one["question"] == "promote")


def chance(n: int, seed: int) -> pd.DataFrame:
    """Clients of whom it is chance who leaves: what is learned from them does not last."""
    frame = clients_frame(n, seed=seed)
    return frame.assign(exited=np.random.default_rng(seed).permutation(frame["exited"]))


def test_from_the_first_file_to_the_report(tmp_path: Path) -> None:
    clock = Clock()
    workspace = make_workspace(tmp_path, LOGISTIC, clock)

    # nothing yet: nothing is done, and the sentence says what to do
    assert full.full_run(workspace).startswith("No new batch. No clients yet: put a client file into ")

    # a first small file: enough to put clients in an order
    first = chance(40, seed=1)
    drop(workspace, "january.csv", first)
    assert "too little to trust: the model is provisional" in full.full_run(workspace)
    provisional = workspace.champion()
    assert provisional is not None
    assert provisional.provisional
    stayers = first.loc[first["exited"] == 0, "client_id"]
    assert set(listed(workspace).index) == set(stayers)
    assert set(listed(workspace)["band"]) == {"provisional"}
    january = listed(workspace)

    # many more clients, two of January's leave: the gate judges on what the champion had not learned from
    clock.forward(days=30)
    gone = first[first["client_id"].isin(stayers[:2])].assign(exited=1)
    drop(workspace, "february.csv", pd.concat([clients_frame(600, seed=2, first=100), gone]))
    sentence = full.full_run(workspace)
    assert "Retrained: the champion is a makeshift and 602 outcomes came since it was fitted." in sentence
    assert "Promoted (logistic): on 602 rows that the champion had not learned from" in sentence
    champion = workspace.champion()
    assert champion is not None
    assert not champion.provisional
    assert champion.trained_rows == 642
    assert gate(workspace)["evidence"]["gate_rows"] == 602
    now = listed(workspace)
    assert set(now["band"]) == {"high", "medium", "low"}
    assert not set(stayers[:2]) & set(now.index), "who left is off the list"
    assert now["risk"].is_monotonic_decreasing
    assert now["rank"].iloc[0] == 1

    # a later file without news of the world: no cause to learn, but the new clients get risks
    clock.forward(days=30)
    drop(workspace, "march.csv", clients_frame(300, seed=3, first=1000))
    sentence = full.full_run(workspace)
    assert "Not retrained: no drop, no drift and no over-age champion was found." in sentence
    assert workspace.champion() == champion
    assert set(clients_frame(300, seed=3, first=1000).query("exited == 0")["client_id"]) <= set(listed(workspace).index)

    # a person asks for it: the gate judges on March alone
    clock.forward(days=1)
    full.train_run(workspace)
    assert gate(workspace)["evidence"]["gate_rows"] == 300

    # and the report tells it
    clock.forward(days=1)
    said = full.report_run(workspace)
    report = Path(said.removeprefix("Report written to ").removesuffix("."))
    text = report.read_text(encoding="utf-8")
    assert workspace.champion().version in text
    assert "march.csv" in text
    assert report.parent == workspace.reports_folder

    # the past is still there as it was
    past = workspace.at(datetime(2026, 1, 20, tzinfo=UTC))
    pd.testing.assert_frame_equal(listed(past), january)
    assert past.champion() == provisional


def test_a_second_run_with_nothing_new_does_no_work_and_says_so(tmp_path: Path) -> None:
    clock = Clock()
    workspace = make_workspace(tmp_path, LOGISTIC, clock)
    drop(workspace, "clients.csv", clients_frame(300))
    full.full_run(workspace)
    files, rows = everything(workspace.folder), every_row(workspace)
    clock.forward(hours=5)
    assert full.full_run(workspace) == "Nothing new since 2026-01-05 09:00 UTC; nothing was done."
    assert full.ingest_run(workspace) == "No new batch."
    assert everything(workspace.folder) == files
    assert every_row(workspace) == rows


def test_asking_the_screens_writes_nothing(tmp_path: Path) -> None:
    workspace = make_workspace(tmp_path, LOGISTIC)
    drop(workspace, "clients.csv", clients_frame(250))
    full.full_run(workspace)
    before = everything(workspace.folder)
    for look in (
        clients.client_list, ingestion.batches, ingestion.rejected, ingestion.statistics, ingestion.contract,
        model.quality, model.versions, model.promotions, monitoring.drift, monitoring.performance,
        monitoring.decisions, operations.status, timings.recent_runs, operations.timings, operations.packages,
    ):  # fmt: skip
        look(workspace)
    assert everything(workspace.folder) == before


def test_a_renamed_file_is_the_same_batch_and_a_changed_one_is_a_new_one(tmp_path: Path) -> None:
    clock = Clock()
    workspace = make_workspace(tmp_path, LOGISTIC, clock)
    path = drop(workspace, "clients.csv", clients_frame(250))
    full.full_run(workspace)
    path.rename(path.with_name("set 1 of clients.csv"))
    clock.forward(days=1)
    assert full.full_run(workspace).startswith("Nothing new")
    assert [batch.name for batch in batches(workspace)] == ["clients.csv"]

    changed = clients_frame(250)
    changed.loc[:9, "activity"] += 5
    drop(workspace, "set 1 of clients.csv", changed)
    assert "1 batch taken: 250 rows read, 10 accepted, 240 duplicate" in full.full_run(workspace)
    assert [batch.name for batch in batches(workspace)] == ["clients.csv", "set 1 of clients.csv"]


def test_a_refused_file_leaves_the_others_going_and_is_not_asked_again(tmp_path: Path) -> None:
    clock = Clock()
    workspace = make_workspace(tmp_path, LOGISTIC, clock)
    drop(workspace, "a.csv", clients_frame(250))
    full.full_run(workspace)
    clock.forward(days=1)
    broken = drop(workspace, "b.csv", clients_frame(50, first=400).drop(columns="activity"))
    drop(workspace, "c.csv", clients_frame(50, first=500))
    drop(workspace, "d.csv", b"")
    sentence = full.full_run(workspace)
    assert "1 batch taken: 50 rows read, 50 accepted" in sentence
    assert "b.csv was refused: The file lacks the column 'activity'" in sentence
    assert "d.csv was refused: The file is empty" in sentence
    assert "C00500" in workspace.dataset().rows["_client"].to_numpy()
    assert [batch.name for batch in batches(workspace) if batch.refused] == ["b.csv", "d.csv"]
    assert broken.is_file(), "a refused file stays where it was"
    clock.forward(days=1)
    assert full.full_run(workspace).startswith("Nothing new")
    drop(workspace, "b.csv", clients_frame(50, first=400))
    assert "1 batch taken: 50 rows read, 50 accepted" in full.full_run(workspace)


# --- current clients


def test_current_clients_that_were_learned_from_get_the_risk_of_a_model_that_did_not_see_them(tmp_path: Path) -> None:
    clock = Clock()
    workspace = make_workspace(tmp_path, LOGISTIC, clock)
    drop(workspace, "clients.csv", clients_frame(250))
    full.full_run(workspace)
    champion = workspace.champion()
    learned = registry.load_learned(workspace.models_folder, champion).set_index("_client")["risk"]
    current = listed(workspace)
    assert current["out_of_fold"].all()
    assert current["risk"].to_dict() == learned[current.index].to_dict()
    rows = clients_frame(250).set_index("client_id").loc[current.index]
    own = workspace.model(champion).risk(rows)
    assert not np.allclose(current["risk"], own), "else the test would show nothing"

    clock.forward(days=1)
    fresh = clients_frame(30, seed=5, first=900).drop(columns="exited")
    drop(workspace, "more.csv", fresh)
    full.full_run(workspace)
    new = listed(workspace).loc[fresh["client_id"]]
    assert not new["out_of_fold"].any()
    expected = dict(zip(fresh["client_id"], workspace.model(champion).risk(fresh), strict=True))
    assert new["risk"].to_dict() == expected


def test_clients_who_leave_or_vanish_get_a_closing_row_and_come_back_with_a_new_one(tmp_path: Path) -> None:
    clock = Clock()
    workspace = make_workspace(tmp_path, LOGISTIC | {"data": {"stale_after": 40}}, clock)
    book = clients_frame(250)
    drop(workspace, "1.csv", book)
    full.full_run(workspace)
    here = book.loc[book["exited"] == 0, "client_id"].tolist()
    leaver, vanished, stays = here[:3]

    def history_of(client: str) -> list[tuple[bool, str]]:
        with workspace.store.reading() as db:
            found = models.risks_of_client(db, client)
        return list(zip(found["risk"].notna(), found["off_list"], strict=True))

    clock.forward(days=30)
    book.loc[book["client_id"] == leaver, "exited"] = 1
    book["activity"] += np.where(book["client_id"] == stays, 1.0, 0.0)
    drop(workspace, "2.csv", book[book["client_id"] != vanished])
    full.full_run(workspace)
    assert history_of(leaver) == [(True, ""), (False, "left")]
    assert history_of(vanished) == [(True, "")], "thirty days are not forty"
    assert history_of(stays) == [(True, ""), (True, "")]
    assert history_of(here[3]) == [(True, "")], "nothing changed, so nothing is written"

    clock.forward(days=20)
    full.full_run(workspace)
    assert history_of(vanished) == [(True, ""), (False, "missing")]
    assert clients.client_list(workspace).missing == 1
    assert not {leaver, vanished} & set(listed(workspace).index)

    clock.forward(days=1)
    book.loc[book["client_id"] == leaver, ["exited", "activity"]] = [0, 123.0]
    drop(workspace, "3.csv", book)
    full.full_run(workspace)
    assert history_of(leaver) == [(True, ""), (False, "left"), (True, "")]
    assert history_of(vanished) == [(True, ""), (False, "missing"), (True, "")]
    assert clients.client_list(workspace).missing == 0


def test_a_run_with_no_model_better_than_the_base_rate_promotes_nothing(tmp_path: Path) -> None:
    clock = Clock()
    workspace = make_workspace(tmp_path, LOGISTIC, clock)
    noise = clients_frame(300).assign(exited=np.random.default_rng(2).permutation([0, 0, 1] * 100))
    drop(workspace, "noise.csv", noise)
    sentence = full.full_run(workspace)
    assert "Not promoted (logistic): no better than the base rate of 33 %" in sentence
    assert "There is no list, because no single column is better than chance either." in sentence
    assert workspace.champion() is None
    assert len(listed(workspace)) == 0
    assert model.versions(workspace) == []
    clock.forward(days=1)
    assert full.full_run(workspace).startswith("Nothing new")


def test_where_the_model_fails_and_a_column_does_not_the_list_follows_a_rule(tmp_path: Path) -> None:
    clock = Clock()
    workspace = make_workspace(tmp_path, LOGISTIC, clock)
    frame = middle_frame()
    drop(workspace, "clients.csv", frame)
    sentence = full.full_run(workspace)
    assert "Until a model is worth promoting, the list follows one rule: the column middle alone." in sentence
    champion = workspace.champion()
    assert champion.family == "rule"
    assert not champion.provisional
    assert clients.client_list(workspace).by_rule
    assert len(listed(workspace)) == (frame["exited"] == 0).sum()


def test_a_leaking_column_is_named_and_nothing_is_promoted(tmp_path: Path) -> None:
    workspace = make_workspace(tmp_path, LOGISTIC)
    frame = clients_frame(400)
    frame["closing_fee"] = np.where(frame["exited"] == 1, np.random.default_rng(0).uniform(1, 90, 400), 0.0).round(2)
    drop(workspace, "clients.csv", frame)
    sentence = full.full_run(workspace)
    assert "Not promoted (logistic): the column closing_fee alone all but decides the outcome" in sentence
    assert "There is no list until that column is looked into." in sentence
    assert workspace.champion() is None


# --- outcomes that come later

HORIZON = LOGISTIC | {"data": {"horizon_days": 90}}


def snapshots(n: int, seed: int, first: int, day: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    """A client file without outcomes, and the outcomes that a later file brings."""
    frame = clients_frame(n, seed=seed, first=first, snapshot_date=day)
    return frame.drop(columns="exited"), frame[["client_id", "snapshot_date", "exited"]]


def figures(workspace: Workspace, kind: str) -> pd.DataFrame:
    """Performance of one kind: (chunk, metric) -> n, value."""
    found = monitoring.performance(workspace)
    return found[found["kind"] == kind].set_index(["chunk", "metric"])[["n", "value"]]


def test_risks_are_judged_by_outcomes_that_were_not_known_when_they_were_delivered(tmp_path: Path) -> None:
    clock = Clock(datetime(2026, 1, 5, 9, tzinfo=UTC))
    workspace = make_workspace(tmp_path, HORIZON, clock)
    drop(workspace, "old.csv", clients_frame(300, seed=1, snapshot_date="2025-09-01"))
    january, left = snapshots(300, seed=2, first=1000, day="2026-01-01")
    drop(workspace, "january.csv", january)
    full.full_run(workspace)
    delivered = listed(workspace).loc[january["client_id"], "risk"].to_numpy()
    assert len(figures(workspace, "realised")) == 0, "nothing of January is known"

    # leavers are known early; judged on them alone, every model looks bad
    clock.forward(days=40)
    drop(workspace, "early.csv", left[left["exited"] == 1].head(30))
    full.full_run(workspace)
    assert len(figures(workspace, "realised")) == 0
    assert len(workspace.dataset().trainable(clock(), 90)) == 300

    # the horizon has passed; clients of the second of January whom nobody ever scored come along
    clock.forward(days=60)
    unseen, unseen_left = snapshots(200, seed=3, first=5000, day="2026-01-02")
    drop(workspace, "late.csv", left)
    drop(workspace, "unseen.csv", unseen.merge(unseen_left))
    champion = workspace.champion()
    full.full_run(workspace)
    realised, backfilled = figures(workspace, "realised"), figures(workspace, "backfilled")
    outcome = left["exited"].to_numpy()
    assert realised.loc[("2026-01", "roc_auc")].tolist() == pytest.approx([300, roc_auc_score(outcome, delivered)])
    assert realised.loc[("2026-01", "brier")].tolist() == pytest.approx([300, brier_score_loss(outcome, delivered)])
    own = workspace.model(champion).risk(unseen)
    expected = roc_auc_score(unseen_left["exited"], own)
    assert backfilled.loc[("2026-01", "roc_auc")].tolist() == pytest.approx([200, expected])
    with workspace.store.reading() as db:
        first_risk = models.risks_of_client(db, unseen["client_id"][unseen_left["exited"].eq(0).idxmax()])
    assert first_risk["known_at"].tolist() == [clock()], "delivered after its outcome was known"

    # a corrected outcome is a new fact: the chunk is judged again by what was delivered at first
    clock.forward(days=1)
    turned = left.iloc[:40].assign(exited=1 - left["exited"].iloc[:40])
    drop(workspace, "corrected.csv", turned)
    full.full_run(workspace)
    again = figures(workspace, "realised").loc[("2026-01", "brier")]
    assert again["n"] == 300
    assert again["value"] != pytest.approx(realised.loc[("2026-01", "brier"), "value"])


def test_risks_that_came_after_the_outcome_judge_nothing(tmp_path: Path) -> None:
    clock = Clock()
    workspace = make_workspace(tmp_path, LOGISTIC, clock)
    for month in range(3):  # every file brings rows with their outcomes, so every risk comes too late
        drop(workspace, f"{month}.csv", clients_frame(300, seed=month, first=1000 * month))
        full.full_run(workspace)
        clock.forward(days=30)
    assert len(figures(workspace, "realised")) == 0
    backfilled = figures(workspace, "backfilled").xs("roc_auc", level="metric")
    assert backfilled["n"].tolist() == [300, 300]
    model_of_first = workspace.model(workspace.champion())
    for place, seed in enumerate((1, 2)):
        frame = clients_frame(300, seed=seed)
        expected = roc_auc_score(frame["exited"], model_of_first.risk(frame))
        assert backfilled["value"].iloc[place] == pytest.approx(expected)


def test_snapshots_that_the_champion_learned_from_are_not_judged_on_when_delivered_again(tmp_path: Path) -> None:
    clock = Clock()
    workspace = make_workspace(tmp_path, LOGISTIC, clock)
    book = clients_frame(300, snapshot_date="2025-12-01")
    drop(workspace, "1.csv", book)
    full.full_run(workspace)
    clock.forward(days=10)
    again = book.assign(
        activity=book["activity"] + 0.1, exited=np.where(book.index < 20, 1 - book["exited"], book["exited"])
    )
    drop(workspace, "2.csv", again)
    drop(workspace, "3.csv", clients_frame(250, seed=7, first=2000, snapshot_date="2025-12-15"))
    full.full_run(workspace, retrain=True)
    assert gate(workspace)["evidence"]["gate_rows"] == 250


# --- undoing


def test_a_bad_promotion_is_undone_and_the_list_is_as_it_was(tmp_path: Path) -> None:
    clock = Clock()
    workspace = make_workspace(tmp_path, LOGISTIC, clock)
    drop(workspace, "1.csv", chance(40, seed=1))
    full.full_run(workspace)
    first, before = workspace.champion(), listed(workspace)
    clock.forward(days=1)
    drop(workspace, "2.csv", clients_frame(600, seed=2, first=100))
    full.full_run(workspace)
    second, between = workspace.champion(), listed(workspace)
    assert second != first

    clock.forward(days=1)
    said = full.roll_back(workspace)
    assert said.startswith(f"{first.version} is champion; ")
    assert workspace.champion() == first
    after = listed(workspace)
    assert after.loc[before.index, "risk"].to_dict() == before["risk"].to_dict()
    assert set(after.index) == set(between.index)

    clock.forward(days=1)
    full.promote(workspace, second.version)
    assert listed(workspace)["risk"].to_dict() == between["risk"].to_dict()
    told = model.promotions(workspace)
    assert told["kind"].tolist() == ["promote", "rollback", "promote", "promote"]
    assert told["sentence"].iloc[1] == f"Rolled back from {second.version} to {first.version} by a person."

    with pytest.raises(BellwetherError, match="is the champion already"):
        full.promote(workspace, second.version)


# --- the past


def test_the_past_is_shown_as_it_was_known_then(tmp_path: Path) -> None:
    clock = Clock()
    workspace = make_workspace(tmp_path, LOGISTIC, clock)
    kept = []
    for month in range(3):
        drop(workspace, f"{month}.csv", clients_frame(260, seed=month, first=200 * month))
        full.full_run(workspace, retrain=month == 2)
        seen = (
            listed(workspace),
            operations.status(workspace),
            monitoring.decisions(workspace),
            model.versions(workspace),
        )
        kept.append((clock(), seen, workspace.dataset().fingerprint))
        clock.forward(days=31)
    for instant, (risks, status, decided, versions), fingerprint in kept:
        past = workspace.at(instant)
        pd.testing.assert_frame_equal(listed(past), risks)
        assert operations.status(past) == status | {"worker": None}, "whether a worker runs is told of now only"
        assert monitoring.decisions(past) == decided
        assert model.versions(past) == versions
        assert past.dataset().fingerprint == fingerprint
    with pytest.raises(RuntimeError, match="the past is read-only"):
        full.full_run(workspace.at(kept[0][0]), retrain=True)


def test_replayed_history_is_known_when_it_is_said_to_have_been(tmp_path: Path) -> None:
    workspace = make_workspace(tmp_path, LOGISTIC)
    drop(workspace, "1.csv", clients_frame(20, snapshot_date="2024-01-01"))
    full.ingest_run(workspace, known_at=datetime(2024, 1, 3, tzinfo=UTC))
    assert workspace.at(datetime(2024, 1, 2, tzinfo=UTC)).dataset() is None
    assert len(workspace.at(datetime(2024, 1, 4, tzinfo=UTC)).dataset().rows) == 20


# --- the report


def test_a_report_shows_hostile_texts_as_texts(tmp_path: Path) -> None:
    workspace = make_workspace(tmp_path, LOGISTIC)
    frame = clients_frame(250).rename(columns={"region": "<img src=x onerror=alert(1)>"})
    drop(workspace, "<script>alert(2)&.csv", frame)
    full.full_run(workspace)
    (report,) = workspace.reports_folder.glob("*.html")
    text = report.read_text(encoding="utf-8")
    assert "<script" not in text
    assert "<img" not in text
    assert "&lt;script&gt;alert(2)&amp;.csv" in text
    assert "&lt;img src=x onerror=alert(1)&gt;" in text


def test_the_report_and_the_card_hold_the_figures_of_the_champion(tmp_path: Path) -> None:
    workspace = make_workspace(tmp_path, LOGISTIC)
    drop(workspace, "clients.csv", clients_frame(300))
    full.full_run(workspace)
    champion = workspace.champion()
    learned = registry.load_learned(workspace.models_folder, champion)
    auc = roc_auc_score(learned["outcome"], learned["risk"])
    card = (workspace.models_folder / champion.version / "card.md").read_text(encoding="utf-8")
    assert f"| roc_auc | {auc:.4f} |" in card
    assert "- Learned from 300 snapshots, dataset " in card
    assert model.quality(workspace).card == card
    called = learned["risk"] >= champion.threshold
    caught = int((called & (learned["outcome"] == 1)).sum())
    (report,) = workspace.reports_folder.glob("*.html")
    assert f"<b>{caught}</b>caught" in report.read_text(encoding="utf-8")


def test_drift_that_waited_for_the_cool_down_is_acted_on_once_it_has_passed(tmp_path: Path) -> None:
    config = {
        "model": {"families": ["logistic"]},
        "retrain": {"cool_down_days": 30, "min_new_outcomes": 100, "min_new_leavers": 10},
    }
    clock = Clock()
    workspace = make_workspace(tmp_path, config, clock)
    drop(workspace, "1.csv", clients_frame(400, seed=1))
    full.full_run(workspace)
    clock.forward(days=1)
    drop(workspace, "2.csv", clients_frame(400, seed=2, shift=2.0, first=1000))
    assert "the next one waits for 30 days" in full.full_run(workspace)
    assert full.full_run(workspace).startswith("Nothing new")
    clock.forward(days=30)
    assert "moved), and 400 new outcomes are known" in full.full_run(workspace)


def test_history_cannot_be_replayed_from_the_future(tmp_path: Path) -> None:
    clock = Clock()
    workspace = make_workspace(tmp_path, now=clock)
    with pytest.raises(BellwetherError, match="lies in the future"):
        full.ingest_run(workspace, known_at=clock.at + timedelta(days=1))
