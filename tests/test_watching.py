"""What is stored about drift, performance and faults as months go by."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from core import drift, registry, upkeep
from core.errors import BellwetherError, NotFound
from core.pipeline import full
from core.pipeline.answering import answer_fault
from core.records import Fault
from core.store import audit, history
from core.store import monitoring as stored
from core.views import clients, monitoring
from core.workspace import Workspace, open_workspace
from tests.builders import Clock, clients_frame, drop, make_workspace

FIRST = datetime(2025, 1, 1, tzinfo=UTC)
CONFIG: dict[str, Any] = {
    "data": {"horizon_days": 60},
    "model": {"families": ["logistic"]},
    "monitoring": {"multivariate": True},
    "retrain": {"min_new_outcomes": 200, "min_new_leavers": 20, "cool_down_days": 20},
}


def live(workspace: Workspace, clock: Clock, number: int, frame: pd.DataFrame, *, retrain: bool = False) -> str:
    """A month goes by: clients on its first day, the outcomes of two months before, and a full process."""
    clock.at = FIRST + timedelta(days=31 * number, hours=5)
    day = (FIRST + timedelta(days=31 * number)).date().isoformat()
    kept = workspace.folder / "kept"
    kept.mkdir(exist_ok=True)
    frame = frame.assign(snapshot_date=day)
    frame[["client_id", "snapshot_date", "exited"]].to_csv(kept / f"{number}.csv", index=False)
    drop(workspace, f"clients{number}.csv", frame.drop(columns="exited"))
    if number >= 2:
        drop(workspace, f"outcomes{number}.csv", (kept / f"{number - 2}.csv").read_bytes())
    return full.full_run(workspace, retrain=retrain)


def month(number: int, **how: Any) -> pd.DataFrame:
    return clients_frame(400, seed=number, first=1000 * number, **how)


@pytest.fixture(scope="module")
def moved(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """A champion of the first month; in the fourth month clients change, and in the sixth a person promotes another."""
    clock = Clock(FIRST)
    workspace = make_workspace(tmp_path_factory.mktemp("moved"), CONFIG, clock)
    for number in range(5):
        live(workspace, clock, number, month(number, shift=0.8 if number >= 3 else 0.0))
    return workspace


def test_every_chunk_is_compared_with_what_the_champion_learned_from(moved: Workspace) -> None:
    found = monitoring.drift(moved)
    champion = moved.champion()
    assert champion is not None
    own = found[found["version"] == champion.version]
    assert sorted(set(own["chunk"])) == ["2025-02", "2025-03", "2025-04", "2025-05"]
    in_alarm = own[own["verdict"] == drift.ALARM]
    assert set(zip(in_alarm["chunk"], in_alarm["column"], strict=True)) >= {
        ("2025-04", "activity"), ("2025-05", "activity"), ("2025-04", "the risk"),
    }  # fmt: skip
    assert in_alarm["chunk"].min() == "2025-04"
    activity = own[(own["chunk"] == "2025-05") & (own["column"] == "activity")].iloc[0]
    assert activity["reference_n"] == 400
    assert 0 < activity["importance"] < 1
    assert activity["touched"] > 200
    assert (activity["listed"], activity["touched_on_list"] <= 15) == (15, True)
    before = found[found["version"] == ""]
    assert set(before["chunk"]) == {"2025-02", "2025-03"}, "before any champion the first chunk is the reference"


def test_every_distance_is_kept_in_a_long_table(moved: Workspace) -> None:
    found = monitoring.statistics(moved, "activity")
    newest = found[found["chunk"] == "2025-05"].set_index("statistic")
    assert set(newest.index) == {"ks", "ks_p", "psi", "wasserstein", "jensen_shannon"}
    assert newest.loc["ks", "threshold"] == 0.1
    assert newest.loc["ks", "verdict"] == "alarm"
    assert newest.loc["psi", "verdict"] == ""
    regions = monitoring.statistics(moved, "region")
    assert set(regions["statistic"]) >= {"total_variation", "chi_square", "l_infinity", "jensen_shannon", "psi"}


def test_outcome_rates_are_compared_once_they_are_known(moved: Workspace) -> None:
    found = monitoring.drift(moved)
    told = found[(found["kind"] == "target") & (found["version"] != "")].set_index("chunk")
    assert set(told.index) == {"2025-02", "2025-03"}
    assert (told["current_n"] == 400).all()
    assert told["sentence"].str.contains("The share of leavers").all()


def test_performance_is_estimated_first_and_realised_when_outcomes_come(moved: Workspace) -> None:
    told = monitoring.verdicts(moved)
    estimated, realised = (told[told["kind"] == kind].set_index("chunk") for kind in ("estimated", "realised"))
    assert set(estimated.index) == {"2025-02", "2025-03", "2025-04", "2025-05"}
    assert set(realised.index) == {"2025-02", "2025-03"}
    march = realised.loc["2025-03"]
    assert march["coverage"] == 1.0
    assert march["late_days"] == pytest.approx(2.2, abs=0.1)  # 62 days after the snapshot, and the horizon is 60
    low, high = estimated.loc["2025-03", ["low", "high"]]
    assert low <= march["value"] <= high
    metrics = monitoring.performance(moved)
    kinds = metrics[(metrics["chunk"] == "2025-03") & (metrics["kind"] == "estimated")]["metric"]
    assert set(kinds) == {
        "roc_auc", "average_precision", "f1", "precision", "recall", "accuracy", "specificity", "brier",
        "true_positive", "true_negative", "false_positive", "false_negative",
    }  # fmt: skip


def test_what_was_known_then_is_shown_as_of_then(moved: Workspace) -> None:
    then = moved.at(FIRST + timedelta(days=31 * 2, hours=6))
    assert monitoring.drift(then)["chunk"].max() == "2025-03"
    assert monitoring.verdicts(then).empty
    assert "none of 3 columns has drifted" in monitoring.drift_sentence(monitoring.drift(then))
    assert monitoring.drift(moved.at(FIRST)).empty


def test_with_a_new_champion_chunks_are_compared_with_its_reference_too(moved: Workspace, tmp_path: Path) -> None:
    import shutil

    shutil.copytree(moved.config_path.parent, tmp_path / "own")
    clock = Clock(FIRST + timedelta(days=31 * 5, hours=5))
    workspace = open_workspace(tmp_path / "own" / "config.toml", clock)
    old = workspace.champion()
    assert old is not None
    gate = workspace.config.model.gate.model_copy(update={"non_inferiority": 0.5})
    lax = workspace.config.model_copy(
        update={
            "model": workspace.config.model.model_copy(update={"gate": gate}),
            "retrain": workspace.config.retrain.model_copy(update={"max_age_days": 10}),
        }
    )
    workspace = Workspace(lax, workspace.config_path, workspace.store, clock)
    live(workspace, clock, 5, month(5, shift=0.8), retrain=True)
    new = workspace.champion()
    assert new is not None
    assert new.version != old.version
    clock.forward(days=1)
    full.monitor_run(workspace)
    found = monitoring.drift(workspace)
    june = found[(found["chunk"] == "2025-06") & (found["column"] == "activity")]
    assert june["version"].tolist() == [new.version, old.version]
    assert june["place"].tolist() == ["2025-06", "2025-06 (earlier)"]
    assert june["effect"].iloc[0] < june["effect"].iloc[1], "it learned from some who had changed"


def test_the_reference_is_kept_with_the_version_and_can_be_made_again(moved: Workspace) -> None:
    champion = moved.champion()
    assert champion is not None
    stored_profile = registry.load_profile(moved.models_folder, champion)
    assert stored_profile is not None
    profile = drift.from_frame(stored_profile)
    dataset = moved.dataset()
    assert dataset is not None
    learned = registry.load_learned(moved.models_folder, champion)
    rows = dataset.rows.merge(learned[["_client", "_as_of"]])
    made = drift.profile(rows[["activity", "region"]], {"activity": "numeric", "region": "categorical"})
    assert np.array_equal(np.sort(made.columns["activity"].values), profile.columns["activity"].values)  # type: ignore[union-attr]
    assert made.columns["region"].counts == profile.columns["region"].counts  # type: ignore[union-attr]


def test_the_months_before_can_be_the_reference(tmp_path: Path) -> None:
    clock = Clock(FIRST)
    workspace = make_workspace(tmp_path, CONFIG | {"monitoring": {"reference_chunks": 1, "multivariate": True}}, clock)
    for number in range(4):
        live(workspace, clock, number, month(number, shift=0.8 if number >= 2 else 0.0))
    found = monitoring.drift(workspace)
    activity = found[(found["column"] == "activity")].drop_duplicates("chunk").set_index("chunk")
    assert activity["verdict"].to_dict() == {"2025-02": "stable", "2025-03": "alarm", "2025-04": "stable"}


# --- faults


def test_a_person_answers_a_fault_and_can_think_again(tmp_path: Path) -> None:
    clock = Clock()
    workspace = make_workspace(tmp_path, None, clock)
    with workspace.store.writing() as db:
        run = history.insert_run(db, "full", clock())
        fault = Fault("unit", "delay", "delay is 24 times what it was.", "Probably hours instead of days.")
        stored.insert_faults(db, run, "2026-01", [fault], clock())
    assert monitoring.open_faults(workspace)["column"].tolist() == ["delay"]
    number = int(monitoring.open_faults(workspace)["id"].iloc[0])
    clock.forward(hours=1)
    said = answer_fault(workspace, number, "fault", "Ina", "the export was changed")
    assert said == (
        f"Fault {number}, delay in 2026-01 (unit): the data are wrong; its columns lead to no alarm and to no training."
    )
    assert monitoring.open_faults(workspace).empty
    clock.forward(hours=1)
    assert "the world is like that" in answer_fault(workspace, number, "real", "Ben")
    told = monitoring.faults(workspace).iloc[0]
    assert (told["answer"], told["answered_by"]) == ("real", "Ben")
    with workspace.store.reading() as db:
        assert [one["who"] for one in audit.list_deeds(db)] == ["Ben", "Ina"]
    with pytest.raises(NotFound, match="There is no fault 99"):
        answer_fault(workspace, 99, "real", "Ina")
    with pytest.raises(BellwetherError, match="'fault' or 'real'; got 'maybe'"):
        answer_fault(workspace, number, "maybe", "Ina")


@pytest.fixture
def hundredfold(tmp_path: Path) -> tuple[Workspace, Clock]:
    """A champion of the first month; in the fourth month activity is written a hundred times as large."""
    clock = Clock(FIRST)
    rules = CONFIG["retrain"] | {"drift_weight": 0.1}
    workspace = make_workspace(tmp_path, CONFIG | {"retrain": rules}, clock)
    for number in range(4):
        frame = month(number)
        live(workspace, clock, number, frame.assign(activity=frame["activity"] * (100 if number == 3 else 1)))
    return workspace, clock


@pytest.mark.slow
def test_a_fault_of_the_data_is_told_with_its_cause_and_holds_the_alarm_until_answered(
    hundredfold: tuple[Workspace, Clock],
) -> None:
    workspace, clock = hundredfold
    waiting = monitoring.open_faults(workspace)
    assert waiting[["chunk", "column", "kind"]].to_numpy().tolist() == [["2025-04", "activity", "unit"]]
    assert "100 times" in waiting["sentence"].iloc[0]
    newest = monitoring.decisions(workspace)[0]
    assert (newest["question"], newest["answer"]) == ("retrain", False)
    assert newest["sentence"].startswith("Not retrained: the data of activity look faulty, which is held until")
    assert newest["evidence"]["held"] == ["activity"]
    assert monitoring.drift_sentence(monitoring.drift(workspace)) == (
        "The clients of 2025-04 look like those the model learned from: none of 3 columns has drifted. The data of "
        "activity look faulty, which is told apart from drift."
    )
    doubt = clients.client_list(workspace).clients.set_index("client")["doubt"]
    assert doubt["C03000"] == "activity of this client's file looks faulty."
    assert doubt["C02000"] == "", "only whom the month tells of"

    number = int(waiting["id"].iloc[0])
    answer_fault(workspace, number, "real", "Ina")
    assert (clients.client_list(workspace).clients["doubt"] == "").all()
    assert "activity clearly" in monitoring.drift_sentence(monitoring.drift(workspace))
    clock.forward(days=1)
    assert "activity (KS 1.00)" in full.full_run(workspace), "it counts as drift now"
    answer_fault(workspace, number, "fault", "Ina")
    assert (clients.client_list(workspace).clients["doubt"] != "").any()


@pytest.mark.slow
def test_a_fault_is_gone_when_the_file_is_withdrawn_and_sent_again_mended(
    hundredfold: tuple[Workspace, Clock],
) -> None:
    workspace, clock = hundredfold
    clock.forward(days=1)
    upkeep.withdraw(workspace, "clients3.csv", "Ina", "hundredfold")
    day = (FIRST + timedelta(days=31 * 3)).date().isoformat()
    drop(workspace, "mended.csv", month(3).assign(snapshot_date=day).drop(columns="exited").head(390))
    full.full_run(workspace)
    assert monitoring.open_faults(workspace).empty
    told = monitoring.faults(workspace).iloc[0]
    assert (told["answer"], told["answered_by"]) == ("gone", "Bellwether")
