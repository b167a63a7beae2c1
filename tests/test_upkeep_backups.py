"""Backup and restore: everything comes back, on either store, whole or not at all."""

from __future__ import annotations

import io
import json
import tarfile
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from core.errors import BellwetherError, Busy, RefusedFile
from core.pipeline import full
from core.store import audit, history, ingested, models, queue, transfer
from core.upkeep.backups import MANIFEST, backup, restore
from core.workspace import RESTORING, Workspace, open_workspace
from tests.builders import START, Clock, arrive, clients_frame, drop, make_workspace


def fill(workspace: Workspace) -> None:
    """Two batches, one with a rejected row; a model; risks."""
    arrive(workspace, "1.csv", clients_frame(300, snapshot_date="2025-12-01"))
    second = clients_frame(60, first=1000, snapshot_date="2025-12-01").astype(object)
    second.loc[3, "client_id"] = ""
    arrive(workspace, "2.csv", second)
    full.full_run(workspace, retrain=True)


def known(workspace: Workspace) -> dict[str, Any]:
    """Everything that must be the same after a restore."""
    with workspace.store.reading() as db:
        stored = {name: list(transfer.dump(db, name)) for name in transfer.kept_tables() if name != "audit"}
    dataset = workspace.dataset()
    champion = workspace.champion()
    return {
        "stored": stored,
        "fingerprint": dataset.fingerprint if dataset else "",
        "deliveries": len(dataset.deliveries) if dataset else 0,
        "champion": champion,
        "model": repr(workspace.model(champion).terms) if champion else "",
        "files": {
            path.relative_to(workspace.folder).as_posix(): path.read_bytes()
            for name in ("dataset", "rejected", "models", "reports")
            for path in (workspace.folder / name).rglob("*")
            if path.is_file()
        },
    }


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    """A backup of a workspace with a champion, and what the workspace knew."""
    folder = tmp_path_factory.mktemp("filled")
    workspace = make_workspace(folder / "w", {"model": {"families": ["logistic"]}})
    fill(workspace)
    said = backup(workspace, folder / "kept.tar")
    assert "kept.tar" in said
    return folder / "kept.tar", known(workspace)


def elsewhere(folder: Path, url: str = "") -> Path:
    """The config of an empty workspace."""
    return make_workspace(folder, {"store": {"url": url}, "model": {"families": ["logistic"]}}).config_path


def test_a_backup_restores_into_either_store(
    filled: tuple[Path, dict[str, Any]], tmp_path: Path, store_url: str
) -> None:  # fmt: skip
    archive, before = filled
    config = elsewhere(tmp_path / "new", store_url)
    said = restore(config, archive, "anna", now=Clock())
    assert said.startswith("The state of 2026-01-05 09:00 UTC was restored from")
    workspace = open_workspace(config, Clock())
    after = known(workspace)
    assert after.keys() == before.keys()
    for name, wanted in before.items():
        assert after[name] == wanted, name
    with workspace.store.reading() as db:
        assert [(deed["who"], deed["deed"]) for deed in audit.list_deeds(db)] == [("anna", "restore")]
    arrive(workspace, "3.csv", clients_frame(10, first=5000, snapshot_date="2025-12-02"))  # new rows get new numbers
    dataset = workspace.dataset()
    assert dataset is not None
    assert len(dataset.rows) == 369
    workspace.store.engine.dispose()


def test_a_backup_made_on_either_store_restores_into_an_embedded_one(tmp_path: Path, any_workspace: Workspace) -> None:
    arrive(any_workspace, "1.csv", clients_frame(30))
    backup(any_workspace, tmp_path / "kept.tar")
    config = elsewhere(tmp_path / "new")
    restore(config, tmp_path / "kept.tar", "anna", now=Clock())
    assert known(open_workspace(config, Clock())) == known(any_workspace)


def test_a_folder_as_target_gets_a_file_named_by_the_instant(workspace: Workspace, tmp_path: Path) -> None:
    (tmp_path / "backups").mkdir()
    backup(workspace, tmp_path / "backups")
    assert [path.name for path in (tmp_path / "backups").iterdir()] == ["bellwether-20260105T090000Z.tar"]


def test_a_backup_does_not_lie_in_what_it_backs_up(workspace: Workspace) -> None:
    with pytest.raises(BellwetherError, match="lies in what is backed up"):
        backup(workspace, workspace.folder / "models" / "kept.tar")


def test_a_place_that_cannot_be_written_to_is_told(workspace: Workspace, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(BellwetherError, match=r"The backup .* cannot be written: "):
        backup(workspace, tmp_path / "file" / "kept.tar")


def test_a_workspace_that_holds_something_is_replaced_only_when_asked_and_kept_beside(
    filled: tuple[Path, dict[str, Any]], tmp_path: Path
) -> None:
    archive, before = filled
    workspace = make_workspace(tmp_path / "w")
    arrive(workspace, "other.csv", clients_frame(20, first=7000))
    there = known(workspace)
    with pytest.raises(BellwetherError, match="holds something already; restore with --replace"):
        restore(workspace.config_path, archive, "anna", now=Clock())
    assert known(workspace) == there
    said = restore(workspace.config_path, archive, "anna", replace=True, now=Clock())
    assert known(workspace)["fingerprint"] == before["fingerprint"]
    (beside,) = (tmp_path / "w").glob("data.before-restore-*.tar")
    assert str(beside) in said
    again = elsewhere(tmp_path / "again")
    restore(again, beside, "anna", now=Clock())
    assert known(open_workspace(again, Clock())) == there


def test_nothing_is_restored_while_a_worker_is_at_work(filled: tuple[Path, Any], tmp_path: Path) -> None:
    workspace = make_workspace(tmp_path / "w")
    with workspace.store.writing() as db:
        assert queue.hold_lease(db, "worker", START, patience=__import__("datetime").timedelta(seconds=30))
    with pytest.raises(Busy, match="A worker is at work"):
        restore(workspace.config_path, filled[0], "anna", now=Clock())


def rewritten(archive: Path, target: Path, change: Callable[[str, bytes], bytes | None]) -> Path:
    """The archive with members changed, or left out (None)."""
    with tarfile.open(archive) as source, tarfile.open(target, "w") as made:
        for member in source:
            content = change(member.name, source.extractfile(member).read())  # type: ignore[union-attr]
            if content is not None:
                member.size = len(content)
                made.addfile(member, io.BytesIO(content))
    return target


def newer(name: str, content: bytes) -> bytes:
    if name != MANIFEST:
        return content
    manifest = json.loads(content)
    return json.dumps(manifest | {"migrations": [*manifest["migrations"], "m999_from_the_future"]}).encode()


DAMAGES: dict[str, tuple[Callable[[str, bytes], bytes | None], str]] = {
    "a changed row": (
        lambda name, content: content.replace(b"1.csv", b"9.csv") if name == "store/batches.jsonl" else content,
        "is damaged: store/batches.jsonl is not what was written; nothing was changed.",
    ),
    "a file left out": (
        lambda name, content: None if name.endswith("model.joblib") else content,
        "model.joblib is not what was written; nothing was changed.",
    ),
    "no manifest": (lambda name, content: None if name == MANIFEST else content, "its end is missing; nothing was"),
    "a newer program": (newer, "was made by a newer Bellwether (it knows m999_from_the_future); install that version."),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_an_archive_that_is_not_what_was_written_changes_nothing(
    filled: tuple[Path, Any], tmp_path: Path, damage: str
) -> None:
    change, sentence = DAMAGES[damage]
    archive = rewritten(filled[0], tmp_path / "damaged.tar", change)
    workspace = make_workspace(tmp_path / "w")
    with pytest.raises(RefusedFile) as told:
        restore(workspace.config_path, archive, "anna", now=Clock())
    assert sentence in str(told.value)
    assert known(workspace)["stored"]["batches"] == []
    assert not list(workspace.folder.glob(".restored*"))


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.9, 0.999])
def test_an_archive_that_was_cut_off_changes_nothing(filled: tuple[Path, Any], tmp_path: Path, share: float) -> None:
    content = filled[0].read_bytes()
    cut = tmp_path / "cut.tar"
    cut.write_bytes(content[: int(share * (len(content) - 20_480))])  # a tar file ends in zeros
    workspace = make_workspace(tmp_path / "w")
    with pytest.raises(RefusedFile):
        restore(workspace.config_path, cut, "anna", now=Clock())
    assert known(workspace)["files"] == {}


def test_an_archive_cannot_write_outside_of_the_workspace(tmp_path: Path) -> None:
    evil = tmp_path / "evil.tar"
    with tarfile.open(evil, "w") as made:
        member = tarfile.TarInfo("files/../../../escaped.txt")
        member.size = 4
        made.addfile(member, io.BytesIO(b"evil"))
    workspace = make_workspace(tmp_path / "w")
    with pytest.raises(RefusedFile, match="is no backup of Bellwether"):
        restore(workspace.config_path, evil, "anna", now=Clock())
    assert not list(tmp_path.rglob("escaped.txt"))


def test_a_backup_taken_while_files_come_in_is_one_of_the_states_there_were(tmp_path: Path) -> None:
    workspace = make_workspace(tmp_path / "w")
    rows = [10 * (number + 1) for number in range(12)]

    def bring() -> None:
        other = open_workspace(workspace.config_path, Clock())
        for number in range(len(rows)):
            drop(other, f"{number}.csv", clients_frame(10, seed=number, first=100 * number))
            full.ingest_run(other)

    coming = threading.Thread(target=bring)
    coming.start()
    archives = []
    while coming.is_alive():
        archives.append(tmp_path / f"{len(archives)}.tar")
        backup(workspace, archives[-1])
    coming.join()
    seen = set()
    for number, archive in enumerate(archives):
        config = elsewhere(tmp_path / f"restored{number}")
        restore(config, archive, "anna", now=Clock())
        restored = open_workspace(config, Clock())
        dataset = restored.dataset()
        with restored.store.reading() as db:
            batches = len(ingested.list_batches(db))
        assert (len(dataset.rows) if dataset else 0) == 10 * batches
        seen.add(batches)
    assert seen <= set(range(len(rows) + 1))


def test_a_restore_that_was_interrupted_says_so_and_is_mended_by_another(
    filled: tuple[Path, dict[str, Any]], tmp_path: Path
) -> None:
    archive, before = filled
    config = elsewhere(tmp_path / "w")
    marker = tmp_path / "w" / "data" / RESTORING
    marker.write_text(str(archive))
    with pytest.raises(BellwetherError, match="did not come to its end; run `python -m core restore` again"):
        open_workspace(config, Clock())
    restore(config, archive, "anna", now=Clock())
    assert known(open_workspace(config, Clock()))["fingerprint"] == before["fingerprint"]


def test_past_days_show_the_same_after_a_restore(tmp_path: Path) -> None:
    clock = Clock()
    workspace = make_workspace(tmp_path / "w", now=clock)
    arrive(workspace, "1.csv", clients_frame(30))
    clock.forward(days=1)
    arrive(workspace, "2.csv", clients_frame(30, first=100))
    backup(workspace, tmp_path / "kept.tar")
    config = elsewhere(tmp_path / "new")
    restore(config, tmp_path / "kept.tar", "anna", now=clock)
    past = open_workspace(config, clock).at(datetime(2026, 1, 5, 12, tzinfo=UTC)).dataset()
    assert past is not None
    assert len(past.rows) == 30
    with open_workspace(config, clock).store.reading() as db:
        assert [run["kind"] for run in history.list_runs(db)] == ["ingest", "ingest"]
        assert models.list_versions(db) == []
