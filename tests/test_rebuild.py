"""A stored version is made again from its manifest: the same bits, or an explanation."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from core import files, registry, upkeep
from core.cli import main
from core.errors import BellwetherError, DamagedVersion
from core.pipeline import full
from core.pipeline.rebuild import rebuild, same_bits
from core.records import Version
from core.store import models
from core.workspace import Workspace
from tests.builders import drop, make_workspace, middle_frame
from tests.model_builders import hand_made
from tests.version_builders import FIRST, copied, lived, versions_of


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """A logistic regression and a boosting machine; to be read only."""
    return lived(tmp_path_factory.mktemp("rebuild"))


def everything(workspace: Workspace) -> dict[str, Any]:
    """Every file of the workspace, and every row of its store."""
    connection = sqlite3.connect(workspace.folder / "risk.db")
    try:
        rows = list(connection.iterdump())
    finally:
        connection.close()
    paths = [path for path in workspace.folder.rglob("*") if path.is_file() and not path.name.startswith("risk.db")]
    return {"store": rows, **{str(path): files.sha256_of(path) for path in paths}}


def remanifested(workspace: Workspace, change: Callable[[dict[str, Any]], None]) -> Version:
    """The first version with a manifest that tells something else, its other files as they were."""
    version = versions_of(workspace)[0]
    folder = workspace.models_folder / version.version
    manifest = json.loads((folder / "manifest.json").read_text())
    change(manifest)
    (folder / "manifest.json").write_text(json.dumps(manifest))
    other = replace(version, manifest_sha256=files.sha256_of(folder / "manifest.json"))
    with workspace.store.writing() as db:
        models.change_manifest(db, other)
    return other


@pytest.mark.parametrize(("place", "rows", "day"), [(0, 260, "05"), (1, 760, "06")])
def test_a_version_is_made_again_to_the_bit_and_nothing_is_written(
    made: Workspace, capsys: pytest.CaptureFixture[str], place: int, rows: int, day: str
) -> None:
    version = versions_of(made)[place]
    before = everything(made)
    assert main(["versions", "--rebuild", version.version, "--config", str(made.config_path)]) == 0
    said = capsys.readouterr()
    assert said.out == (
        f"Version {version.version} was made again from what was known at 2026-01-{day} 09:00 UTC: the same model and "
        f"the same {rows} out-of-fold risks, to the bit.\n"
    )
    assert said.err == ""
    assert everything(made) == before


def test_a_rule_is_made_again(tmp_path: Path) -> None:
    workspace = make_workspace(tmp_path, FIRST)
    drop(workspace, "clients.csv", middle_frame())
    full.full_run(workspace)
    (version,) = versions_of(workspace)
    assert version.family == "rule"
    found = rebuild(workspace, version.version)
    assert (found.same, found.differences, found.causes) == (True, (), ())


def test_an_erased_client_is_why_a_version_does_not_come_out_as_it_was(
    made: Workspace, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    workspace = copied(made, tmp_path)
    upkeep.erase(workspace, "C00007", "Ada")
    version = versions_of(workspace)[0]
    command = ["versions", "--rebuild", version.version, "--config", str(workspace.config_path)]
    assert main(command) == 1
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith(f"Version {version.version} does not come out as it was stored: ")
    assert "its terms" in said.err
    assert "of 259 out-of-fold risks (by up to 0." in said.err
    assert "Since it was made: 1 row of erased clients are gone; the dataset of that instant has another" in said.err
    assert main([*command, "--json"]) == 1
    document = json.loads(capsys.readouterr().out)
    assert (document["version"], document["same"]) == (version.version, False)
    assert document["sentence"] + "\n" == said.err


def test_rows_said_to_have_been_known_then_are_why(made: Workspace, tmp_path: Path) -> None:
    workspace = copied(made, tmp_path)
    version = versions_of(workspace)[0]
    late = pd.DataFrame(
        {"client_id": ["L1", "L2"], "activity": [90.0, 80.0], "satisfaction": [7, 8], "region": "north",
         "exited": [0, 1]}
    )  # fmt: skip
    drop(workspace, "late.csv", late)
    full.ingest_run(workspace, known_at=version.known_at)
    found = rebuild(workspace, version.version)
    assert not found.same
    assert found.causes[0].startswith("the dataset of that instant has another fingerprint (")
    assert found.causes[1:] == ("2 rows may train that it did not learn from",)
    assert found.sentence.endswith(f"Since it was made: {'; '.join(found.causes)}.")


def test_another_seed_in_the_manifest_is_found_out_though_nothing_else_changed(made: Workspace, tmp_path: Path) -> None:
    workspace = copied(made, tmp_path)
    version = remanifested(workspace, lambda manifest: manifest["config"].update(seed=5))
    found = rebuild(workspace, version.version)
    assert not found.same
    assert found.causes == ()
    assert any("of 260 out-of-fold risks" in difference for difference in found.differences)
    assert found.sentence.endswith(
        "Its rows, configuration, seed and packages are as they were, so the program or the machine is another."
    )


def test_changed_packages_are_told_though_the_bits_are_the_same(made: Workspace, tmp_path: Path) -> None:
    workspace = copied(made, tmp_path)
    version = remanifested(workspace, lambda manifest: manifest["packages"].update(scipy="1.0"))
    found = rebuild(workspace, version.version)
    assert found.same
    assert found.causes == (f"scipy went from 1.0 to {registry.package_versions()['scipy']}",)
    assert found.sentence.endswith(f"to the bit, although {found.causes[0]}.")


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda manifest: manifest.pop("data"), "its manifest does not tell its data section"),
        (
            lambda manifest: manifest["config"].update(folds=1),
            "its configuration can no longer be read (folds: Input should be greater than or equal to 2)",
        ),
        (
            lambda manifest: manifest["config"].update(weight="nothing"),
            "model.weight names 'nothing', which is no column of numbers",
        ),
    ],
)
def test_a_manifest_that_does_not_tell_enough_is_refused(
    made: Workspace, tmp_path: Path, change: Callable[[dict[str, Any]], None], why: str
) -> None:
    workspace = copied(made, tmp_path)
    version = remanifested(workspace, change)
    with pytest.raises(BellwetherError) as refused:
        rebuild(workspace, version.version)
    assert str(refused.value).startswith(f"Version {version.version} cannot be made again: {why}")


def test_a_damaged_or_retired_version_is_not_made_again(made: Workspace, tmp_path: Path) -> None:
    workspace = copied(made, tmp_path)
    first, second = versions_of(workspace)
    registry.retire(workspace.models_folder, first.version, "It was retired by retention.")
    (workspace.models_folder / second.version / "out_of_fold.parquet").write_bytes(b"")
    with pytest.raises(DamagedVersion, match="It was retired by retention"):
        rebuild(workspace, first.version)
    with pytest.raises(DamagedVersion, match=r"out_of_fold\.parquet of version"):
        rebuild(workspace, second.version)


def test_the_same_bits_are_told_from_nearly_the_same() -> None:
    model = hand_made()
    assert same_bits(model, hand_made())
    assert not same_bits(model, replace(model, intercept=np.nextafter(model.intercept, 9)))
    term = model.terms[0]
    assert not same_bits(model, replace(model, terms=(*model.terms[1:], term)))
    assert same_bits(float("nan"), float("nan"))
    assert not same_bits(0.0, -0.0)
    assert not same_bits(1, 1.0)
    assert not same_bits(np.zeros(2), np.zeros(2, dtype=np.float32))
    assert not same_bits({"a": 1, "b": 2}, {"b": 2, "a": 1})
