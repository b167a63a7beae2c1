"""Versions: what was stored is what is loaded, and the champion is a pointer that moves."""

from __future__ import annotations

import platform
import re
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import ModuleType

import numpy as np
import pandas as pd
import pytest

from core import files, registry
from core.errors import BellwetherError, DamagedVersion, NotFound
from core.model import AdditiveModel
from core.records import Version
from core.store import models
from core.workspace import Workspace
from tests.model_builders import hand_made

AT = datetime(2026, 1, 5, 9, tzinfo=UTC)
ROWS = pd.DataFrame({"usage": [1.0, np.nan, 9.0], "plan": pd.Series(["A", None, "B"], dtype=object)})
LEARNED = pd.DataFrame(
    {
        "_client": ["C1", "C2", "C3"],
        "_as_of": pd.to_datetime(["2026-01-01"] * 3, utc=True).astype("datetime64[us, UTC]"),
        "outcome": [0, 1, 0],
        "risk": [0.25, 0.5, np.nan],
    }
)

Store = Callable[..., Version]


@pytest.fixture
def store(workspace: Workspace) -> Store:
    """Store a version that was made so many hours after nine."""

    def one(hours: int = 0, model: AdditiveModel | None = None) -> Version:
        at = AT + timedelta(hours=hours)
        name = registry.version_id(at, {"hours": hours})
        manifest = {"version": name, "metrics": {"roc_auc": {"value": float("nan")}}}
        checked = (model or hand_made()).with_checks(ROWS)
        sha256 = registry.save_files(workspace.models_folder / name, checked, "# Card\n", LEARNED, manifest)
        version = Version(
            version=name, known_at=at, family="logistic", provisional=False, base_rate=0.2, trained_rows=3,
            threshold=0.4, fingerprint="f", manifest_sha256=sha256,
        )  # fmt: skip
        with workspace.store.writing() as db:
            models.insert_version(db, version)
        return version

    return one


# --- ids


def test_an_id_tells_the_time_and_comes_from_content() -> None:
    made = registry.version_id(AT, {"fingerprint": "a", "seed": 1})
    assert re.fullmatch(r"20260105T090000Z-[0-9a-f]{7}", made)
    assert made == registry.version_id(AT, {"seed": 1, "fingerprint": "a"})
    assert made != registry.version_id(AT, {"fingerprint": "a", "seed": 2})
    assert made == registry.version_id(AT.astimezone(tz=None), {"fingerprint": "a", "seed": 1})


def test_ids_sort_by_time() -> None:
    moments = [AT + timedelta(seconds=step) for step in (0, 1, 61, 3600, 86400, 86400 * 300, 86400 * 4000)]
    made = [registry.version_id(at, {"n": n}) for n, at in enumerate(moments)]
    assert made == sorted(made)


# --- stored, verified, loaded


def test_what_was_stored_is_what_is_loaded(workspace: Workspace, store: Store) -> None:
    version = store()
    model = registry.load_model(workspace.models_folder, version)
    assert np.array_equal(model.risk(ROWS), hand_made().risk(ROWS))
    pd.testing.assert_frame_equal(registry.load_learned(workspace.models_folder, version), LEARNED, check_dtype=False)
    manifest = registry.read_manifest(workspace.models_folder, version)
    folder = workspace.models_folder / version.version
    assert manifest["version"] == version.version
    assert manifest["files"] == {
        name: files.sha256_of(folder / name) for name in ("model.joblib", "card.md", "out_of_fold.parquet")
    }
    assert sorted(path.name for path in folder.iterdir()) == [
        "card.md",
        "manifest.json",
        "model.joblib",
        "out_of_fold.parquet",
    ]


@pytest.mark.parametrize("name", ["model.joblib", "card.md", "out_of_fold.parquet", "manifest.json"])
@pytest.mark.parametrize("where", ["first", "middle", "last", "one more", "gone"])
def test_a_changed_byte_in_any_file_is_refused_with_a_sentence(
    workspace: Workspace, store: Store, name: str, where: str
) -> None:
    version = store()
    path = workspace.models_folder / version.version / name
    content = bytearray(path.read_bytes())
    if where == "gone":
        path.unlink()
    else:
        if where == "one more":
            content += b" "
        else:
            content[{"first": 0, "middle": len(content) // 2, "last": -1}[where]] ^= 1
        path.write_bytes(content)
    for load in (registry.load_model, registry.load_learned, registry.read_manifest):
        with pytest.raises(DamagedVersion) as refused:
            load(workspace.models_folder, version)
        assert str(refused.value) == (
            f"The files of version {version.version} are gone from {path.parent}; restore a backup."
            if (name, where) == ("manifest.json", "gone")
            else f"{name} of version {version.version} was changed since it was stored and is not loaded; "
            "restore it from a backup, or roll back to another version."
        )


def test_a_folder_that_is_gone_is_said_to_be_gone(workspace: Workspace, store: Store) -> None:
    version = replace(store(), version="20200101T000000Z-0000000")
    with pytest.raises(
        DamagedVersion, match=r"The files of version 20200101T000000Z-0000000 are gone from .*; restore"
    ):
        registry.load_model(workspace.models_folder, version)


def test_files_exchanged_between_versions_are_refused(workspace: Workspace, store: Store) -> None:
    first = store()
    second = store(1, replace(hand_made(), intercept=2.0))
    folders = [workspace.models_folder / version.version for version in (first, second)]
    for name in ("model.joblib", "manifest.json", "card.md", "out_of_fold.parquet"):
        (folders[0] / name).write_bytes((folders[1] / name).read_bytes())
    with pytest.raises(DamagedVersion, match=r"manifest\.json of version"):
        registry.load_model(workspace.models_folder, first)


def test_a_model_that_scores_otherwise_than_when_stored_is_refused(workspace: Workspace, store: Store) -> None:
    store_checked = hand_made().with_checks(ROWS)
    lying = replace(store_checked, intercept=5.0)  # the check-scores are those of another intercept
    name = "20260105T120000Z-aaaaaaa"
    sha256 = registry.save_files(workspace.models_folder / name, lying, "card", LEARNED, {})
    version = replace(store(), version=name, manifest_sha256=sha256)
    with pytest.raises(DamagedVersion, match="gives other scores than when it was stored"):
        registry.load_model(workspace.models_folder, version)


# --- packages


def made_with(workspace: Workspace, store: Store, model: AdditiveModel, packages: dict[str, str]) -> Version:
    """A version stored by other packages."""
    name = "20260105T120000Z-aaaaaaa"
    manifest = {"packages": registry.package_versions() | packages}
    sha256 = registry.save_files(workspace.models_folder / name, model, "card", LEARNED, manifest)
    return replace(store(), version=name, manifest_sha256=sha256)


def test_under_other_packages_a_model_loads_once_its_check_scores_come_out(workspace: Workspace, store: Store) -> None:
    version = made_with(workspace, store, hand_made().with_checks(ROWS), {"scipy": "0.1"})
    model = registry.load_model(workspace.models_folder, version)
    assert np.array_equal(model.risk(ROWS), hand_made().risk(ROWS))


@pytest.mark.parametrize(("gap", "loads"), [(5e-10, True), (2e-9, False)])
def test_under_other_packages_other_scores_are_refused_and_the_packages_named(
    workspace: Workspace, store: Store, gap: float, loads: bool
) -> None:
    checked = hand_made().with_checks(ROWS)
    drifted = replace(checked, intercept=checked.intercept + gap)
    version = made_with(workspace, store, drifted, {"numpy": "1.0", "gone-package": "3.1"})
    if loads:
        assert registry.load_model(workspace.models_folder, version).family == drifted.family
        return
    with pytest.raises(DamagedVersion) as refused:
        registry.load_model(workspace.models_folder, version)
    assert str(refused.value) == (
        "The model gives other scores than when it was stored (largest gap 2.0e-09); install the package versions in "
        f"its manifest.json, or roll back. Since it was stored: gone-package 3.1 is no longer installed and numpy "
        f"went from 1.0 to {np.__version__}."
    )


def test_a_model_that_needs_what_a_package_no_more_has_is_refused_with_the_packages(
    workspace: Workspace, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    there = ModuleType("vanishing")
    there.Term = type("Term", (), {"__module__": "vanishing"})  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "vanishing", there)
    model = replace(hand_made(), terms=(there.Term(),))
    version = made_with(workspace, store, model, {"joblib": "0.1"})
    monkeypatch.delitem(sys.modules, "vanishing")
    with pytest.raises(DamagedVersion) as refused:
        registry.load_model(workspace.models_folder, version)
    assert str(refused.value) == (
        f"The model of version {version.version} cannot be read (No module named 'vanishing'); install the package "
        "versions in its manifest.json, or roll back. Since it was stored: joblib went from 0.1 to "
        f"{registry.package_versions()['joblib']}."
    )


def test_what_changed_among_packages_is_told_with_python() -> None:
    same = registry.package_versions()
    assert registry.changed_packages({"packages": same, "python": platform.python_version()}) == {}
    assert registry.changed_packages({}) == {}
    assert registry.changed_packages({"packages": same | {"pandas": "0.1"}, "python": "2.7.18"}) == {
        "pandas": ("0.1", pd.__version__),
        "python": ("2.7.18", platform.python_version()),
    }


# --- the pointer


def champions(workspace: Workspace) -> str | None:
    found = workspace.champion()
    return found.version if found else None


def test_the_champion_is_a_pointer_that_is_promoted_and_rolled_back(workspace: Workspace, store: Store) -> None:
    first, second, third = store(0), store(1), store(2)
    before = {path: path.stat().st_mtime_ns for path in workspace.models_folder.rglob("*")}
    moves = 0

    def promote(version: Version) -> None:
        nonlocal moves
        moves += 1
        with workspace.store.writing() as db:
            registry.promote(db, workspace.models_folder, version.version, AT + timedelta(days=moves), "by hand")
        assert champions(workspace) == version.version

    def roll_back(expected: Version) -> None:
        nonlocal moves
        moves += 1
        with workspace.store.writing() as db:
            registry.roll_back(
                db,
                workspace.models_folder,
                AT + timedelta(days=moves),
                lambda now, then: f"{now.version} -> {then.version}",
            )
        assert champions(workspace) == expected.version

    assert champions(workspace) is None
    promote(first)
    promote(second)
    promote(third)
    roll_back(second)
    roll_back(first)
    promote(third)  # a version that was rolled back can be promoted again
    roll_back(first)
    promote(second)
    promote(third)
    roll_back(second)
    roll_back(first)
    with pytest.raises(BellwetherError, match="There is no earlier champion to roll back to"):
        roll_back(first)
    assert champions(workspace) == first.version
    assert {path: path.stat().st_mtime_ns for path in workspace.models_folder.rglob("*")} == before
    with workspace.store.reading() as db:
        told = [(move["kind"], move["sentence"]) for move in models.list_promotions(db)]
    assert len(told) == 11
    assert told[0] == ("rollback", f"{second.version} -> {first.version}")
    assert workspace.at(AT + timedelta(days=3, hours=1)).champion() == third
    assert workspace.at(AT + timedelta(days=4, hours=1)).champion() == second
    assert workspace.at(AT).champion() is None


def test_there_is_nothing_to_roll_back_to_before_a_second_champion(workspace: Workspace, store: Store) -> None:
    version = store()
    for champion in (None, version.version):
        assert champions(workspace) == champion
        with (
            pytest.raises(BellwetherError, match="There is no earlier champion to roll back to"),
            workspace.store.writing() as db,
        ):
            registry.roll_back(db, workspace.models_folder, AT, lambda _now, _then: "")
        if champion is None:
            with workspace.store.writing() as db:
                registry.promote(db, workspace.models_folder, version.version, AT, "by hand")


def test_the_champion_is_not_promoted_twice(workspace: Workspace, store: Store) -> None:
    version = store()
    with workspace.store.writing() as db:
        registry.promote(db, workspace.models_folder, version.version, AT, "by hand")
    with (
        pytest.raises(BellwetherError, match=f"{version.version} is the champion already"),
        workspace.store.writing() as db,
    ):
        registry.promote(db, workspace.models_folder, version.version, AT, "by hand")


@pytest.mark.parametrize("name", ["model.joblib", "card.md", "out_of_fold.parquet", "manifest.json"])
@pytest.mark.parametrize("verb", ["promote", "roll back"])
def test_the_pointer_stays_where_it_is_when_the_version_is_damaged(
    workspace: Workspace, store: Store, verb: str, name: str
) -> None:
    first, second = store(0), store(1)
    with workspace.store.writing() as db:
        registry.promote(db, workspace.models_folder, first.version, AT, "by hand")
        if verb == "roll back":
            registry.promote(db, workspace.models_folder, second.version, AT, "by hand")
    stays, broken = (first, second) if verb == "promote" else (second, first)
    (workspace.models_folder / broken.version / name).write_bytes(b"")
    with (
        pytest.raises(DamagedVersion, match=f"{re.escape(name)} of version"),
        workspace.store.writing() as db,
    ):
        if verb == "promote":
            registry.promote(db, workspace.models_folder, second.version, AT, "by hand")
        else:
            registry.roll_back(db, workspace.models_folder, AT, lambda _now, _then: "")
    assert champions(workspace) == stays.version


# --- names


def test_a_version_is_found_by_an_unmistakable_beginning_of_its_id(workspace: Workspace, store: Store) -> None:
    first, second = store(0), store(1)
    with workspace.store.reading() as db:
        assert registry.find(db, first.version) == first
        assert registry.find(db, "20260105T10") == second
        with pytest.raises(NotFound) as ambiguous:
            registry.find(db, "20260105T")
        assert str(ambiguous.value) == "'20260105T' begins 2 versions; give more of the id."
        with pytest.raises(NotFound) as unknown:
            registry.find(db, "20250101T")
        assert str(unknown.value) == "There is no version '20250101T'; `python -m core versions` lists them."


def test_a_version_is_not_known_before_it_was_made(workspace: Workspace, store: Store) -> None:
    first, second = store(0), store(1)
    with workspace.at(AT + timedelta(minutes=30)).store.reading() as db:
        assert models.list_versions(db) == [first]
        with pytest.raises(NotFound):
            registry.find(db, second.version)


def test_the_packages_of_the_manifest_are_those_a_model_depends_on() -> None:
    assert registry.package_versions()["numpy"] == np.__version__
    assert {"scikit-learn", "interpret-core", "pandas", "joblib", "scipy"} <= set(registry.package_versions())


def test_reading_a_version_changes_nothing(workspace: Workspace, store: Store) -> None:
    version = store()
    folder: Path = workspace.models_folder / version.version
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    registry.load_model(workspace.models_folder, version)
    registry.load_learned(workspace.models_folder, version)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
