"""The pages on quality, drift and versions."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from core import jobs, plots, registry
from core.pipeline import full
from core.records import Version
from core.statistics import Interval
from core.store import models
from core.views import effects, evidence, model, monitoring, operations, promoting, side_by_side
from core.views.quality import judgement
from core.views.versions import Common, compare
from core.wording import percent, plural
from core.workspace import Workspace
from pages.components.texts import money, plain
from tests.builders import drop, make_workspace, middle_frame
from tests.dashboard_fixtures import PAGES, Stores, copy, opened
from tests.page_driver import Open, button, tables, words


def test_the_quality_page_says_its_grade_first_then_figures_calls_segments_and_the_contest(
    stores: Stores, show: Open
) -> None:
    store = opened(stores.rich / "config.toml")
    app = show(store.config_path, "quality")
    assert {metric.label for metric in app.metric} == {
        "roc_auc", "average_precision", "brier", "log_loss", "f1", "precision", "recall", "accuracy",
        "calibration_error", "mean_risk_gap",
    }  # fmt: skip
    quality, judged = model.quality(store), judgement(store)
    assert quality is not None
    assert judged is not None
    assert app.header[0].value == f"Grade {judged.letter}"
    said = words(app)
    assert judged.grade.removeprefix(f"{judged.letter}: ") in said
    assert f"judged on {judged.rows:,} outcomes" in said
    said = words(show(store.config_path, "quality", look="Segments"))
    assert judged.segments_sentence in said
    app = show(store.config_path, "quality", look="The contest")
    said = words(app)
    assert quality.sentence in said
    assert "being explainable costs" in said
    assert all(one in said for one in judged.baselines)
    assert any("a guess by the base rate alone" in one for one in judged.baselines)


def test_the_threshold_slider_tells_counts_and_money_from_what_the_version_keeps(stores: Stores, show: Open) -> None:
    store = opened(stores.rich / "config.toml")
    champion = store.champion()
    assert champion is not None
    learned = registry.load_learned(store.models_folder, champion).dropna(subset="risk")
    app = show(store.config_path, "quality")
    app.slider(key="threshold").set_value(30.0).run()
    called = learned["risk"] >= 0.3
    left = learned["outcome"] == 1
    said = words(app)
    assert (
        f"Calling everyone from 30 % on: {called.sum():,} calls, {(called & left).sum():,} of {left.sum():,} leavers "
        f"caught, {(~called & left).sum():,} missed, {(called & ~left).sum():,} calls in vain."
    ) in said
    value = 1000.0 + 37 * learned["_client"].str[1:].astype(int)
    clients = len(learned) / learned["_client"].nunique()
    caught, whole = value[called & left].sum() / clients, value[left].sum() / clients
    assert f"The leavers caught are worth {money(caught, 'EUR', 'year')}" in said
    assert f"{percent(caught / whole)} of what all leavers are worth" in said
    assert "If 20 of 100" not in said, "nothing is assumed unless a person says so"
    app.number_input(key="kept").set_value(20).run()
    assert f"If 20 of 100 leavers who are called stay: {money(caught / 5, 'EUR', 'year')} kept" in words(app)


def test_curves_show_what_the_version_keeps_with_n(stores: Stores, show: Open) -> None:
    store = opened(stores.rich / "config.toml")
    judged = judgement(store)
    assert judged is not None
    app = show(store.config_path, "quality", look="Curves")
    assert len(app.get("plotly_chart")) == 4
    said = words(app)
    assert judged.capacity is not None
    assert judged.capacity.sentence in said
    assert f"n = {judged.rows:,} snapshots of {judged.clients:,} clients" in said


def test_a_version_that_keeps_no_curves_says_so_and_shows_the_rest(stores: Stores, show: Open, tmp_path: Path) -> None:
    config = copy(stores.rich, tmp_path / "own")
    store = opened(config)
    champion = store.champion()
    assert champion is not None
    _as_of_an_older_program(store, champion)
    for look in ("Calls", "Curves"):
        app = show(config, "quality", look=look)
        assert not app.exception
        assert not app.error
        assert "This version keeps no curves" in words(app)
    assert "Grade" in words(app)


def _as_of_an_older_program(store: Workspace, champion: Version) -> None:
    """Let the champion's manifest be one without curves and thresholds."""
    folder = store.models_folder / champion.version
    manifest = json.loads((folder / registry.MANIFEST).read_text())
    for name in (registry.CURVES, registry.THRESHOLDS):
        del manifest["files"][name]
    del manifest["judged"]
    content = json.dumps(manifest).encode()
    (folder / registry.MANIFEST).write_bytes(content)
    with store.store.writing() as db:
        models.change_manifest(db, replace(champion, manifest_sha256=hashlib.sha256(content).hexdigest()))


def test_where_the_list_follows_a_rule_every_page_says_so_or_goes_on(show: Open, tmp_path: Path) -> None:
    store = make_workspace(tmp_path, {"model": {"families": ["logistic"]}})
    drop(store, "clients.csv", middle_frame())
    full.full_run(store)
    champion = store.champion()
    assert champion is not None
    assert champion.family == "rule"
    for page in PAGES:
        app = show(store.config_path, page)
        assert not app.exception, page
        assert not app.error, page
    for look in ("Curves", "Segments", "Over time", "Missed leavers", "What moves it", "The contest"):
        app = show(store.config_path, "quality", look=look)
        assert not app.exception, look
        assert not app.error, look
    assert "middle" in words(show(store.config_path, "quality", look="What moves it"))
    assert "rule by one column" in words(show(store.config_path, "versions"))


def test_pairs_of_columns_are_shown_where_the_champion_has_them(
    show: Open, tmp_path: Path, stores: Stores, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = pd.DataFrame([[0.1, -0.2], [0.0, 0.3]], index=["unknown", "below 2"], columns=["unknown", "east"])
    monkeypatch.setattr(effects, "pairs", lambda _: {("activity", "region"): table})
    app = show(copy(stores.rich, tmp_path / "own"), "quality", look="What moves it")
    assert "Two columns together" in words(app)
    assert app.get("plotly_chart")[-1].proto.alt.endswith("from -0.20 to +0.30")


def test_versions_are_listed_with_their_decisions_and_a_way_back(stores: Stores, show: Open) -> None:
    store = opened(stores.rich / "config.toml")
    app = show(store.config_path, "versions")
    champion = store.champion()
    assert champion is not None
    assert [header.value for header in app.header] == [
        "The champion", "Retrain", "Versions", "Compare two", "Who was champion when", "Decisions",
    ]  # fmt: skip
    assert {figure.label: figure.value for figure in app.metric} == {
        "Kind of model": "logistic", "Grade": model.grade(store), "roc_auc": app.metric[2].value,
        "Learned from": f"{champion.trained_rows:,}",
    }  # fmt: skip
    versions, moves, *evidence_tables = tables(app)
    assert len(versions) == len(model.versions(store))
    assert moves["version"].iloc[0] == champion.version
    assert {"Train anew?", "Promote the challenger?"} == {
        expander.label.split(": ")[1].split(" **")[0] for expander in app.expander
    }
    assert {"Rows that the champion could not know", "400"} <= set(evidence_tables[0].to_numpy().ravel())
    assert "The newest challenger was promoted." in words(app)
    assert not button(app, "Roll back …").disabled


def test_rolling_back_tells_what_comes_of_it_and_waits_for_a_reason(stores: Stores, show: Open) -> None:
    store = opened(stores.rich / "config.toml")
    app = show(store.config_path, "versions")
    button(app, "Roll back …").click().run()
    said = words(app)
    assert f"Version `{model.earlier_champion(store)}` (logistic) becomes champion" in said
    assert "at the top of the list would be others" in said
    assert button(app, "Roll back").disabled


def test_promoting_an_earlier_version_tells_what_comes_of_it_and_waits_for_a_reason(
    stores: Stores, show: Open
) -> None:  # fmt: skip
    store = opened(stores.rich / "config.toml")
    oldest = model.versions(store)[-1]["version"]
    app = show(store.config_path, "versions")
    assert button(app, "Promote …").disabled
    app.selectbox(key="promote").select(oldest).run()
    button(app, "Promote …").click().run()
    assert f"Version `{oldest}` (logistic) becomes champion" in words(app)
    assert button(app, "Promote").disabled


def test_a_promotion_and_a_roll_back_leave_who_and_why_in_the_audit_log(stores: Stores, tmp_path: Path) -> None:
    store = opened(copy(stores.rich, tmp_path / "own"))
    champion, oldest = store.champion(), model.versions(store)[-1]["version"]
    assert champion is not None
    full.promote(store, oldest, "Anna Berger", "the newest one  forgets the south")
    full.roll_back(store, "Marek Dvorak", "it was not that")
    now = store.champion()
    assert now is not None
    assert now.version == champion.version
    deeds = operations.audit(store)[["who", "deed", "subject", "sentence"]].head(2).to_numpy().tolist()
    assert deeds == [
        ["Marek Dvorak", "rollback", f"version {champion.version}",
         f"Rolled back from {oldest} to {champion.version} by a person. Reason: it was not that"],
        ["Anna Berger", "promote", f"version {oldest}",
         "Promoted by a person. Reason: the newest one forgets the south"],
    ]  # fmt: skip


def test_two_versions_stand_side_by_side_when_both_are_chosen(stores: Stores, show: Open) -> None:
    store = opened(stores.rich / "config.toml")
    newest, *_, oldest = (one["version"] for one in model.versions(store))
    app = show(store.config_path, "versions", first=oldest, second=newest)
    found = compare(store, oldest, newest)
    said = words(app)
    assert found.sentence in said
    assert side_by_side.list_sentence(found) in said
    shown = next(one for one in tables(app) if "Kind of model" in one.iloc[:, 0].to_numpy())
    assert shown.set_index("what").loc["Learned from"].tolist() == [
        plural(found.first.rows, "row"), plural(found.second.rows, "row"),
    ]  # fmt: skip
    assert found.common is None, "the newest learned from all rows there are"
    assert "there are no rows yet whose outcomes neither could know" in said
    both = Interval(0.8, 0.75, 0.85), Interval(0.82, 0.78, 0.86)
    same_rows = Common(300, 60, {"roc_auc": both}, Interval(0.02, -0.01, 0.05), Interval(-0.03, -0.05, -0.01))
    assert side_by_side.common(replace(found, common=same_rows)).to_numpy().tolist() == [
        ["roc_auc", "0.800 (0.750 to 0.850)", "0.820 (0.780 to 0.860)"],
        ["roc_auc, second less first (above 0: the second is better)", "", "+0.020 (-0.010 to +0.050)"],
        ["log_loss, second less first (below 0: the second is better)", "", "-0.030 (-0.050 to -0.010)"],
    ]  # fmt: skip


def test_a_version_that_leaks_or_is_provisional_is_told_before_it_is_promoted(
    stores: Stores, tmp_path: Path
) -> None:  # fmt: skip
    store = opened(copy(stores.rich, tmp_path / "own"))
    oldest = model.versions(store)[-1]["version"]
    assert promoting.consequences(store, oldest).warnings == ()
    path = store.models_folder / oldest / registry.MANIFEST
    manifest = json.loads(path.read_text())
    manifest["single_columns"]["activity"] = 0.999
    content = json.dumps(manifest).encode()
    path.write_bytes(content)
    with store.store.writing() as db:
        version = registry.find(db, oldest)
        models.change_manifest(db, replace(version, manifest_sha256=hashlib.sha256(content).hexdigest()))
    (said,) = promoting.consequences(store, oldest).warnings
    assert said == "It may be leaking: the column activity alone all but tells the outcome (roc_auc 0.999)."
    provisional = opened(stores.provisional / "config.toml")
    (only,) = model.versions(provisional)
    assert promoting.consequences(provisional, only["version"]).warnings[0].startswith("It is provisional")


def test_evidence_is_told_in_plain_words() -> None:
    told = evidence.evidence_table(
        {
            "asked": False, "outcomes": 1600, "rested_days": float("inf"), "list_changed": 0.1,
            "roc_auc_difference": {"value": 0.01, "low": -0.002, "high": 0.0216},
            "realised_roc_auc": {"value": float("nan"), "low": float("nan"), "high": float("nan")},
            "drifted": [{"column": "activity", "effect": "KS .54", "importance": 0.4636}], "held": [],
        }
    )  # fmt: skip
    assert told.to_numpy().tolist() == [
        ["A person asked for it", "no"], ["Outcomes that may train", "1,600"],
        ["Since something was last tried", "never before"], ["of these, others with the challenger", "10 %"],
        ["On these, roc_auc of the challenger less the champion's (above 0: better)",
         "+0.010 (-0.002 to +0.022, 95 %)"],
        ["roc_auc of the risks that were told", "not known"],
        ["Columns that drifted", "activity (KS .54, 46 % of the weight)"],
        ["Columns held back because their data look faulty", "none"],
    ]  # fmt: skip


def test_the_timeline_has_a_bar_for_each_time_a_version_was_champion() -> None:
    day = pd.Timestamp("2026-01-01", tz="UTC")
    spans = pd.DataFrame(
        {
            "version": ["20260101T060000Z-aaaaaaa", "20260201T060000Z-bbbbbbb", "20260101T060000Z-aaaaaaa"],
            "begins": [day, day + pd.Timedelta(days=31), day + pd.Timedelta(days=40)],
            "ends": [day + pd.Timedelta(days=31), day + pd.Timedelta(days=40), day + pd.Timedelta(days=50)],
            "sentence": ["Promoted.", "Promoted.", "Rolled back."],
        }
    )
    bar = plots.champion_timeline(spans).data[0]
    assert [length / 86_400_000 for length in bar.x] == [31, 9, 10]
    assert bar.y[0] == bar.y[2]
    axis = plots.champion_timeline(spans).layout.yaxis
    assert list(axis.ticktext) == ["2026-01-01 aaaaaaa", "2026-02-01 bbbbbbb"]


def test_with_one_champion_there_is_nothing_to_go_back_to(stores: Stores, show: Open) -> None:
    app = show(stores.provisional / "config.toml", "versions")
    assert button(app, "Roll back …").disabled


def test_drift_says_its_verdict_first_and_tells_realised_performance(stores: Stores, show: Open) -> None:
    store = opened(stores.rich / "config.toml")
    app = show(store.config_path, "drift")
    sentence = monitoring.drift_sentence(monitoring.drift(store))
    assert "activity clearly" in sentence
    assert app.markdown[0].value == f"**{plain(sentence)}**"


def test_how_risks_turned_out_is_told_with_verdicts_and_how_late_outcomes_are(stores: Stores, show: Open) -> None:
    store = opened(stores.rich / "config.toml")
    app = show(store.config_path, "quality", look="Over time")
    performance, verdicts = tables(app)[-2:]
    assert set(performance["kind"]) >= {"realised", "estimated"}
    assert set(verdicts["kind"]) == {"realised", "estimated", "weighted", "concept"}
    assert verdicts["sentence"].str.contains("out of fold").any()
    # files of outcomes come 91 days after the snapshot, the horizon is 90
    assert "100 % of the outcomes are known so far, half of them 1 day late" in words(app)


def test_retraining_is_asked_for_once_and_its_button_rests_until_it_ended(
    stores: Stores, show: Open, tmp_path: Path
) -> None:
    config = copy(stores.rich, tmp_path / "own")
    app = show(config, "versions")
    button(app, "Retrain now").click().run()
    own = opened(config)
    job = operations.open_job(own, "retrain", str(own.config_path))
    assert job is not None
    assert button(app, "Retrain now").disabled
    jobs.claim(own.store, own.now())
    jobs.report_progress(own.store, job.id, 0.46, "train: fold 3 of 5")
    app.run()
    assert "46%. train: fold 3 of 5" in app.get("progress")[0].proto.text
    jobs.finish(own.store, job.id, own.now(), "done", "Retrained; the champion stays.")
    app.run()
    assert not button(app, "Retrain now").disabled
    assert "Retrained; the champion stays." in words(app)
