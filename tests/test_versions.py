"""Versions side by side, and moved by hand."""

from __future__ import annotations

import json
import platform
import subprocess
import sys
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.stats import spearmanr
from sklearn.metrics import brier_score_loss, log_loss, roc_auc_score

from core import files, registry
from core.cli import main
from core.errors import BellwetherError, DamagedVersion, NotFound
from core.pipeline import full
from core.store import audit, models
from core.views import clients
from core.views.versions import compare, package_changes
from core.workspace import Workspace
from tests.builders import make_workspace
from tests.version_builders import FRESH, copied, lived, versions_of


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """Two versions and rows that neither knew; to be read only."""
    return lived(tmp_path_factory.mktemp("versions"))


def deeds(workspace: Workspace) -> list[tuple[str, str, str, str]]:
    with workspace.store.reading() as db:
        return [(one["who"], one["deed"], one["subject"], one["sentence"]) for one in audit.list_deeds(db)]


# --- what a manifest tells


def test_the_manifest_tells_all_that_a_version_was_made_from_and_the_sha256_of_every_file(made: Workspace) -> None:
    for version in versions_of(made):
        manifest = registry.read_manifest(made.models_folder, version)
        folder = made.models_folder / version.version
        others = {path.name for path in folder.iterdir()} - {"manifest.json"}
        assert manifest["files"] == {name: files.sha256_of(folder / name) for name in others}
        assert manifest["fingerprint"] == version.fingerprint
        assert manifest["packages"] == registry.package_versions()
        assert manifest["python"] == platform.python_version()
        assert manifest["seed"] == manifest["config"]["seed"] == 0
        assert manifest["data"] == made.config.data.model_dump(mode="json")
        assert datetime.fromisoformat(manifest["at"]) == version.known_at
        assert {"client_contract", "columns", "batches", "metrics", "families", "sentence"} <= set(manifest)


# --- side by side


def test_two_versions_are_held_beside_each_other(made: Workspace) -> None:
    first, second = versions_of(made)
    found = compare(made, first.version[:10], second.version)
    assert (found.first.version, found.second.version) == (first.version, second.version)
    assert (found.first.champion, found.second.champion) == (False, True)
    assert (found.first.family, found.second.family) == ("logistic", "ebm")
    assert (found.first.rows, found.second.rows_available) == (260, 760)
    assert set(found.first.families) == {"logistic"}
    assert set(found.second.families) == {"ebm"}
    # the third batch is known, but nobody learned from it
    assert (found.batches_only_first, found.batches_only_second) == ((), (2,))
    assert found.columns_added == found.columns_removed == ()
    assert found.columns_changed == found.packages == {}
    assert found.config == {
        "model.families": (["logistic"], ["ebm"]), "model.folds": (3, 2), "model.pairs": (5, 0),
    }  # fmt: skip
    learned = registry.load_learned(made.models_folder, second)
    own = roc_auc_score(learned["outcome"], learned["risk"])
    assert found.second.metrics["roc_auc"]["value"] == pytest.approx(own, abs=1e-12)


def test_both_are_judged_on_the_rows_that_neither_learned_from(made: Workspace) -> None:
    first, second = versions_of(made)
    common = compare(made, first.version, second.version).common
    assert common is not None
    # the 200 clients of the last file, and no others
    rows = FRESH.assign(region=FRESH["region"].astype(object))
    left = rows["exited"].to_numpy()
    assert (common.rows, common.leavers) == (200, left.sum())
    for place, version in enumerate((first, second)):
        risk = made.model(version).risk(rows)
        told = {name: sides[place].value for name, sides in common.metrics.items()}
        assert told == pytest.approx(
            {"roc_auc": roc_auc_score(left, risk), "log_loss": log_loss(left, risk),
             "brier": brier_score_loss(left, risk)}, abs=1e-12,
        )  # fmt: skip
    auc, loss = common.metrics["roc_auc"], common.metrics["log_loss"]
    assert common.roc_auc_difference.value == pytest.approx(auc[1].value - auc[0].value, abs=1e-12)
    assert common.log_loss_difference.value == pytest.approx(loss[1].value - loss[0].value, abs=1e-12)
    assert common.roc_auc_difference.low < common.roc_auc_difference.value < common.roc_auc_difference.high


def test_the_change_of_the_list_is_that_of_the_lists_delivered(made: Workspace, tmp_path: Path) -> None:
    workspace = copied(made, tmp_path)
    first, second = versions_of(workspace)
    found = compare(workspace, first.version, second.version)
    lists = []
    for name in (first.version, second.version):
        if workspace.champion() != next(one for one in (first, second) if one.version == name):
            full.promote(workspace, name)
        full.full_run(workspace)
        lists.append(clients.client_list(workspace).clients.set_index("client")["risk"])
    before, after = lists[0].sort_index(), lists[1].sort_index()
    assert list(before.index) == list(after.index)
    assert found.clients == len(before)
    size = int(np.ceil(0.05 * len(before)))
    assert found.list_change.size == size
    top = [set(one.sort_values(ascending=False, kind="stable").index[:size]) for one in (before, after)]
    assert found.list_change.changed == len(top[1] - top[0]) / size
    assert found.list_change.correlation == pytest.approx(spearmanr(before, after).statistic)


def test_the_past_knows_no_rows_that_came_later(made: Workspace) -> None:
    first, second = versions_of(made)
    found = compare(made.at(second.known_at), first.version, second.version)
    assert found.common is None
    assert "there are no rows yet whose outcomes neither could know" in found.sentence
    with pytest.raises(NotFound):
        compare(made.at(first.known_at), first.version, second.version)


def test_a_version_beside_itself_differs_in_nothing(made: Workspace) -> None:
    _, second = versions_of(made)
    found = compare(made, second.version, second.version)
    assert (found.config, found.packages, found.batches_only_second) == ({}, {}, ())
    assert (found.list_change.changed, found.list_change.correlation) == (0.0, pytest.approx(1.0))
    assert found.common is not None
    assert found.common.roc_auc_difference.value == found.common.log_loss_difference.value == 0.0


def stored_otherwise(workspace: Workspace, name: str, **changes: Any) -> None:
    """Store a version again under `name`, its manifest changed."""
    first = versions_of(workspace)[0]
    manifest = registry.read_manifest(workspace.models_folder, first) | changes
    sha256 = registry.save_files(
        workspace.models_folder / name, workspace.model(first), "# Card\n",
        registry.load_learned(workspace.models_folder, first), manifest,
    )  # fmt: skip
    with workspace.store.writing() as db:
        models.insert_version(db, replace(first, version=name, manifest_sha256=sha256))


def test_columns_config_and_packages_that_differ_are_told(made: Workspace, tmp_path: Path) -> None:
    workspace = copied(made, tmp_path)
    manifest = registry.read_manifest(workspace.models_folder, versions_of(workspace)[0])
    columns = [{**column} for column in manifest["columns"] if column["name"] != "region"]
    columns[0]["kind"] = "date"
    columns.append({"name": "plan", "kind": "categorical"})
    stored_otherwise(
        workspace, "20200101T000000Z-aaaaaaa", columns=columns, python="3.0.0", batches=[7],
        packages=manifest["packages"] | {"numpy": "1.0"},
        data=manifest["data"] | {"horizon_days": 30}, config=manifest["config"] | {"folds": 9},
    )  # fmt: skip
    found = compare(workspace, "20260105", "20200101")
    assert found.columns_added == ("plan",)
    assert found.columns_removed == ("region",)
    assert found.columns_changed == {columns[0]["name"]: ("numeric", "date")}
    assert found.config == {"model.folds": (3, 9), "data.horizon_days": (0, 30)}
    assert found.packages == {"numpy": (np.__version__, "1.0"), "python": (manifest["python"], "3.0.0")}
    assert (found.batches_only_first, found.batches_only_second) == ((1,), (7,))


# --- the command


def test_the_command_shows_a_table_and_a_sentence(made: Workspace, capsys: pytest.CaptureFixture[str]) -> None:
    first, second = versions_of(made)
    config = ["--config", str(made.config_path)]
    assert main(["versions", "--compare", first.version, second.version, *config]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == [first.version, second.version]
    told = {line.split("  ")[0] or line.strip().split("  ")[0]: line for line in lines}
    assert told["Kind of model"].split() == ["Kind", "of", "model", "logistic", "ebm"]
    assert told["model.folds"].split() == ["model.folds", "3", "2"]
    assert told["Batches only here"].split() == ["Batches", "only", "here", "–", "2"]
    gap = told["roc_auc, second less first (above 0: the second is better)"]
    assert gap.split(")", 1)[1].split()[0].startswith(("+", "-"))
    assert any(line.startswith("On 200 rows (") for line in lines)
    sentence = lines[-1]
    assert sentence.startswith("Out of fold, each on its own rows, roc_auc is 0.")
    assert "; on 200 rows that neither learned from the second one's roc_auc differs by " in sentence
    assert sentence.endswith("clients at the top of the list would be others.")


def test_the_command_gives_one_document(made: Workspace, capsys: pytest.CaptureFixture[str]) -> None:
    first, second = versions_of(made)
    assert main(["versions", "--json", "--compare", "20260105", "20260106", "--config", str(made.config_path)]) == 0
    document = json.loads(capsys.readouterr().out)
    assert (document["first"]["version"], document["second"]["version"]) == (first.version, second.version)
    assert document["first"]["known_at"] == "2026-01-05T09:00:00+00:00"
    assert document["config"]["model.folds"] == [3, 2]
    assert set(document["common"]["metrics"]["roc_auc"][0]) == {"value", "low", "high"}
    assert set(document["list_change"]) == {"size", "changed", "correlation"}


@pytest.mark.parametrize(
    ("arguments", "code", "sentence"),
    [
        (["--compare", "2026", "20260105"], 1, "'2026' begins 2 versions; give more of the id."),
        (["--compare", "1999", "20260105"], 1, "There is no version '1999'; `python -m core versions` lists them."),
        (["--rebuild", "1999"], 1, "There is no version '1999'; `python -m core versions` lists them."),
        (["--compare", "20260105"], 2, "expected 2 arguments"),
        (["--compare", "a", "b", "--rebuild", "a"], 2, "not allowed with argument"),
    ],
)
def test_what_cannot_be_compared_is_refused(
    made: Workspace, capsys: pytest.CaptureFixture[str], arguments: list[str], code: int, sentence: str
) -> None:
    command = ["versions", *arguments, "--config", str(made.config_path)]
    if code == 2:
        with pytest.raises(SystemExit) as stopped:
            main(command)
        assert stopped.value.code == 2
    else:
        assert main(command) == code
    said = capsys.readouterr()
    assert sentence in said.err
    assert said.out == ""


def test_a_retired_version_is_neither_compared_nor_promoted(made: Workspace, tmp_path: Path) -> None:
    workspace = copied(made, tmp_path)
    first, second = versions_of(workspace)
    registry.retire(workspace.models_folder, first.version, "It was retired by retention.")
    for refused in (
        lambda: compare(workspace, first.version, second.version),
        lambda: full.promote(workspace, first.version, "Ada"),
        lambda: full.roll_back(workspace, "Ada"),
    ):
        with pytest.raises(DamagedVersion, match=r"^It was retired by retention\.$"):
            refused()
    assert workspace.champion() == second
    assert deeds(workspace) == []


# --- moved by hand


def test_a_move_by_hand_is_in_the_audit_log_with_who_did_it(made: Workspace, tmp_path: Path) -> None:
    workspace = copied(made, tmp_path)
    first, second = versions_of(workspace)
    full.roll_back(workspace, "Ada")
    full.promote(workspace, second.version, "Bob")
    full.promote(workspace, first.version)
    rolled = f"Rolled back from {second.version} to {first.version} by a person."
    assert deeds(workspace) == [
        ("a person", "promote", f"version {first.version}", "Promoted by a person."),
        ("Bob", "promote", f"version {second.version}", "Promoted by a person."),
        ("Ada", "rollback", f"version {first.version}", rolled),
    ]
    with pytest.raises(BellwetherError, match="is the champion already"):
        full.promote(workspace, first.version, "Ada")
    assert len(deeds(workspace)) == 3


KILLED = """
import os, signal, sys
from pathlib import Path
from core.pipeline import full
from core.store import audit
from core.workspace import open_workspace

insert = audit.insert_deed
def killed(*arguments):
    insert(*arguments)
    os.kill(os.getpid(), signal.SIGKILL)
audit.insert_deed = killed

def ended(work):
    pid = os.fork()
    if pid == 0:
        work()
        os._exit(0)
    return os.WTERMSIG(os.waitpid(pid, 0)[1])

promoted, rolled_back = map(Path, sys.argv[1:3])
print(ended(lambda: full.promote(open_workspace(promoted), sys.argv[3], "Ada")))
print(ended(lambda: full.roll_back(open_workspace(rolled_back), "Ada")))
"""


def test_a_kill_in_the_middle_of_a_move_moves_nothing(made: Workspace, tmp_path: Path) -> None:
    first, second = versions_of(made)
    workspaces = [copied(made, tmp_path / verb) for verb in ("promote", "rollback")]
    with made.store.reading() as db:
        before = models.list_promotions(db)
    configs = [str(workspace.config_path) for workspace in workspaces]
    done = subprocess.run(
        [sys.executable, "-c", KILLED, *configs, first.version], cwd=Path(__file__).resolve().parents[1],
        check=True, capture_output=True, text=True,
    )  # fmt: skip
    assert done.stdout.split() == ["9", "9"]
    for workspace in workspaces:
        assert workspace.champion() == second
        with workspace.store.reading() as db:
            assert models.list_promotions(db) == before
        assert deeds(workspace) == []


def test_a_deed_that_cannot_be_written_moves_nothing(
    made: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace = copied(made, tmp_path)
    second = versions_of(workspace)[1]

    def full_disk(*_: object) -> None:
        raise BellwetherError("The disk is full.")

    monkeypatch.setattr(audit, "insert_deed", full_disk)
    with pytest.raises(BellwetherError, match="The disk is full"):
        full.roll_back(workspace, "Ada")
    assert workspace.champion() == second


# --- packages


def test_packages_that_changed_since_the_champion_was_made_are_told(
    made: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert package_changes(make_workspace(tmp_path)) == ""
    assert package_changes(made) == ""
    installed = registry.packages.metadata.version
    monkeypatch.setattr(
        registry.packages.metadata, "version", lambda name: "99.0" if name == "numpy" else installed(name)
    )
    assert package_changes(made) == (
        f"Since the champion was made, numpy went from {np.__version__} to 99.0; its check-scores still come out as "
        "they were stored."
    )
    # and it scores clients as before
    assert isinstance(made.model(versions_of(made)[1]).risk(FRESH), np.ndarray)
    assert pd.notna(made.model(versions_of(made)[1]).risk(FRESH)).all()
