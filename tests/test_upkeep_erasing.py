"""One client is erased everywhere, and everybody else stays as they are."""

from __future__ import annotations

import hashlib
import json
import shutil
from datetime import timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from sqlalchemy import event

from core import registry, upkeep
from core.errors import Busy, NotFound
from core.pipeline import full
from core.store import ingested, models, queue
from core.store.erasing import IN_PLACE, naming
from core.views.ingestion import rejected
from core.workspace import Workspace, open_workspace
from tests.builders import START, Clock, arrive, clients_frame, drop, make_workspace
from tests.upkeep_builders import deeds, deliver, files_of, shown, texts

#: distinctive enough to be looked for in the bytes of any file
WHO, NAME = "ERASE-ME-4711", "Quittenbaum & Söhne"
DIGEST = hashlib.blake2b(WHO.encode(), digest_size=8).hexdigest()


def frame(**how: Any) -> pd.DataFrame:
    """Clients with names; the first one is who is to be erased."""
    made = clients_frame(**how)
    if how.get("first", 0) == 0:
        made.loc[0, "client_id"] = WHO
    made["title"] = [NAME if client == WHO else f"Client {client}" for client in made["client_id"]]
    return made


def fill(workspace: Workspace, clock: Clock) -> None:
    """Snapshots of three days, outcomes apart, rows set aside, a champion, risks and reports."""
    arrive(workspace, "clients1.csv", frame(n=200, snapshot_date="2026-01-01"))
    clock.forward(days=1)
    changed = frame(n=60, seed=1, snapshot_date="2026-01-02").astype(object)
    changed.loc[3, "client_id"] = None
    changed.loc[[0, 5], "activity"] = "much"
    arrive(workspace, "clients2.csv", changed.drop(columns="exited"))
    clock.forward(days=1)
    arrive(workspace, "again.csv", changed.drop(columns="exited").iloc[:, ::-1])
    arrive(workspace, "outcomes.csv", f"client_id,snapshot_date,exited\n{WHO},2026-01-02,0\nC00005,2026-01-02,0\n")
    arrive(workspace, f"{WHO}.csv", f"client_id,snapshot_date,exited\n{WHO},2026-01-02,perhaps\nC00007,2026-01-02,0\n")
    arrive(workspace, "ragged.csv", f"client_id,snapshot_date,exited\nC00008,2026-01-02,0\n{WHO},2026-01-02\n")
    full.full_run(workspace)
    upkeep.withdraw(workspace, "again.csv", "Ada", f"a mistake about {WHO}")


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("filled")
    clock = Clock()
    config = {"data": {"client_id": "client_id", "outcome": "exited", "as_of": "snapshot_date", "label": "title"}}
    workspace = make_workspace(folder, config | {"model": {"families": ["logistic"], "folds": 2}}, clock)
    fill(workspace, clock)
    workspace.store.engine.dispose()
    return folder


@pytest.fixture
def workspace(filled: Path, tmp_path: Path) -> Workspace:
    shutil.copytree(filled, tmp_path / "w")
    return open_workspace(tmp_path / "w" / "config.toml", Clock(START + timedelta(days=3)))


def naming_files(workspace: Workspace, *texts_wanted: str) -> list[str]:
    """Files of the workspace whose bytes, Parquet unpacked, hold any of these texts."""
    found = []
    for name in [*files_of(workspace), *(path.name for path in workspace.folder.glob("risk.db*"))]:
        path = workspace.folder / name
        content = path.read_bytes()
        if name.endswith(".parquet"):
            content += pd.read_parquet(path).to_csv().encode()
        if any(text.encode() in content for text in texts_wanted):
            found.append(name)
    return found


def without(told: pd.DataFrame) -> str:
    return told[told["_client"] != WHO].reset_index(drop=True).to_csv()


def test_nothing_of_the_client_is_left_in_any_byte_of_the_workspace(workspace: Workspace) -> None:
    # as SQLite is where nobody built it to overwrite what is deleted
    event.listen(workspace.store.engine, "connect", lambda db, _: db.execute("PRAGMA secure_delete=OFF"))
    before = naming_files(workspace, WHO, "Quittenbaum")
    assert {name.split("/")[0] for name in before} == {"dataset", "rejected", "models", "reports", "lists", "risk.db"}
    said = upkeep.erase(workspace, WHO, "Ada")
    assert naming_files(workspace, WHO, "Quittenbaum") == []
    assert "Traces" not in said


def test_the_sentence_tells_what_went_and_what_would_bring_it_back_but_not_who(workspace: Workspace) -> None:
    champion = workspace.champion()
    assert champion is not None
    said = upkeep.erase(workspace, f" {WHO} ", "Ada")
    assert said == (
        f"Client {DIGEST} (its id is not kept) was erased: 4 rows, 1 risk, 4 lines of what was set aside, 1 report "
        f"that named it and what {champion.version} learned from it (it can no longer be rebuilt exactly). Take the "
        f"client out of {IN_PLACE}.csv, again.csv, clients1.csv, clients2.csv, outcomes.csv and ragged.csv: they name "
        "it, and it comes back when the content is delivered in another file. Backups that were made before still "
        "hold it."
    )
    assert deeds(workspace)[-1] == ("Ada", "erase", f"client {DIGEST}", said)
    assert deeds(workspace)[0][3].startswith(f"Batch 3 (again.csv) was withdrawn (a mistake about {IN_PLACE}): ")


def test_everybody_else_stays_as_they_are_now_and_on_every_past_day(workspace: Workspace) -> None:
    days = [workspace, *(workspace.at(START + timedelta(hours=hours)) for hours in (1, 25, 49))]

    def others() -> list[str]:
        told = []
        for day in days:
            dataset = day.dataset()
            assert dataset is not None
            told += [without(dataset.rows), without(dataset.deliveries)]
            left = rejected(day)
            told.append(left[~left["row"].str.contains(WHO)].to_csv(index=False))
        with workspace.store.reading() as db:
            risks = models.current_risks(db)
        return [*told, risks[risks["client"] != WHO].to_csv(index=False)]

    before = others()
    upkeep.erase(workspace, WHO, "Ada")
    after = others()
    assert [one.replace(f"{WHO}.csv", f"{IN_PLACE}.csv") for one in before] == after
    for day in days:
        assert WHO not in set(day.dataset().rows["_client"])


def test_the_champion_is_loaded_as_before_and_says_what_it_lacks(workspace: Workspace) -> None:
    old = workspace.champion()
    assert old is not None
    learned = registry.load_learned(workspace.models_folder, old)
    upkeep.erase(workspace, WHO, "Ada")
    new = workspace.champion()
    assert new is not None
    assert (new.version, new.trained_rows) == (old.version, old.trained_rows)
    assert new.manifest_sha256 != old.manifest_sha256
    workspace.model(new)
    left = registry.load_learned(workspace.models_folder, new)
    pd.testing.assert_frame_equal(left, learned[learned["_client"] != WHO].reset_index(drop=True))
    rows = len(learned) - len(left)
    assert rows == 2
    manifest = registry.read_manifest(workspace.models_folder, new)
    assert manifest["erased_rows"] == 2
    assert registry.read_card(workspace.models_folder, new).endswith(
        "\n**Erased**: 2 rows of erased clients that it learned from are gone: it can no longer be rebuilt exactly.\n"
    )
    folder = workspace.models_folder / new.version
    assert sorted(path.name.split(".")[0] for path in folder.iterdir()) == [
        "card", "manifest", "model", "out_of_fold",
    ]  # fmt: skip
    assert registry.load_profile(workspace.models_folder, new) is None  # it held the client's values
    upkeep.erase(workspace, "C00001", "Ada")
    newest = workspace.champion()
    assert newest is not None
    card = registry.read_card(workspace.models_folder, newest)
    assert card.count("**Erased**") == 1
    assert "3 rows of erased clients" in card
    assert len(list(folder.iterdir())) == 4
    assert full.full_run(workspace, retrain=True)


def test_whoever_is_not_here_is_not_found(workspace: Workspace) -> None:
    before = files_of(workspace)
    for client in ("C99999", "", " ", "ERASE-ME", "?"):
        with pytest.raises(NotFound, match="There is no client"):
            upkeep.erase(workspace, client, "Ada")
    assert files_of(workspace) == before
    assert len(deeds(workspace)) == 1


def test_erasing_again_finishes_what_was_cut_off(workspace: Workspace) -> None:
    upkeep.erase(workspace, WHO, "Ada")
    (workspace.folder / "dataset" / "left.parquet").write_bytes(b"x")
    (workspace.reports_folder / "old.html").write_text(f"<td>{WHO}</td>")
    assert upkeep.erase(workspace, WHO, "Ada") == (
        f"Client {DIGEST} was erased already (2026-01-08 09:00 UTC); nothing about it is left."
    )
    assert naming_files(workspace, WHO) == []
    assert not (workspace.folder / "dataset" / "left.parquet").exists()
    assert [deed for _, deed, *_ in deeds(workspace)] == ["withdraw", "erase"]


def test_a_client_that_came_back_is_erased_again(workspace: Workspace) -> None:
    upkeep.erase(workspace, WHO, "Ada")
    batch = arrive(workspace, "back.csv", frame(n=3, seed=5, snapshot_date="2026-01-09"))
    assert batch.accepted == 3
    assert WHO in set(workspace.dataset().rows["_client"])
    assert "was erased: 1 row and 0 risks." in upkeep.erase(workspace, WHO, "Ada")
    assert naming_files(workspace, WHO) == []


def test_what_is_delivered_after_erasing_meets_the_fate_it_would_have_met(workspace: Workspace) -> None:
    upkeep.erase(workspace, WHO, "Ada")
    again = frame(n=200, snapshot_date="2026-01-01")
    batch = arrive(workspace, "again1.csv", again.iloc[::-1])
    assert (batch.accepted, batch.duplicate) == (1, 199)


def test_a_withdrawn_batch_is_reinstated_without_the_client(workspace: Workspace) -> None:
    upkeep.erase(workspace, WHO, "Ada")
    upkeep.reinstate(workspace, 3, "Ada")
    assert WHO not in set(workspace.dataset().deliveries["_client"])


def test_a_client_in_a_compacted_part_is_erased_and_the_part_compacted_again(tmp_path: Path, clock: Clock) -> None:
    workspace = make_workspace(tmp_path, now=clock)
    header = "client_id,snapshot_date,x,kind,exited\n"
    for number in range(40):
        clock.forward(minutes=10)
        rows = [f"C{number % 7},2026-01-{1 + number % 9:02},{number % 3},a,", f"D{number},2026-01-01,1,b,0"]
        rows += ["C3,2026-01-01,much,a,perhaps"] if number % 9 == 0 else []
        deliver(workspace, f"{number}.csv", header + "\n".join(rows) + "\n" * (number + 1))
    upkeep.compact(workspace)
    dataset = workspace.dataset()
    assert dataset is not None
    expected = dataset.rows[dataset.rows["_client"] != "C3"].reset_index(drop=True).to_csv()
    upkeep.erase(workspace, "C3", "Ada")
    assert workspace.dataset().rows.to_csv() == expected
    assert not rejected(workspace)["row"].str.contains("C3").any()
    for number in range(40, 60):
        deliver(workspace, f"{number}.csv", header + f"D{number % 50},2026-01-01,1,b,0\n" + "\n" * number)
    before = texts(shown(workspace))
    upkeep.compact(workspace)
    assert texts(shown(workspace)) == before
    assert WHO not in str(files_of(workspace))


def test_every_row_of_a_batch_may_go(workspace: Workspace, tmp_path: Path) -> None:
    alone = make_workspace(tmp_path / "alone", now=Clock())
    arrive(alone, "1.csv", "client_id,snapshot_date,x,exited\nA,2026-01-01,1,0\nB,2026-01-01,2,1\n")
    arrive(alone, "2.csv", "client_id,snapshot_date,x,exited\nA,2026-01-02,1,0\n")
    upkeep.erase(alone, "A", "Ada")
    upkeep.erase(alone, "B", "Ada")
    assert alone.dataset() is None
    batch = arrive(alone, "3.csv", "client_id,snapshot_date,x,exited\nA,2026-01-02,1,0\nB,2026-01-01,2,1\n")
    assert batch.accepted == 2
    assert len(alone.dataset().rows) == 2


@pytest.mark.parametrize("content", ["client_id,x,exited\nA,1,0\nB,2,1\n", "client_id,x,exited\nA,1,\nB,2,\n"])
def test_clients_without_dates_and_outcomes_by_id_alone_are_erased(
    workspace: Workspace, tmp_path: Path, content: str
) -> None:
    clock = Clock()
    undated = make_workspace(tmp_path / "undated", {"data": {"client_id": "client_id", "outcome": "exited"}}, clock)
    for number in range(3):
        clock.forward(days=1)
        arrive(undated, f"{number}.csv", content + f"C{number},{number},0\n")
        arrive(undated, f"o{number}.csv", "client_id,exited\nA,1\nB,0\n" + "\n" * number)
    rows = undated.dataset().rows
    expected = rows[rows["_client"] != "A"].reset_index(drop=True).to_csv()
    assert "was erased: 6 rows" in upkeep.erase(undated, "A", "Ada")
    assert undated.dataset().rows.to_csv() == expected
    assert arrive(undated, "again.csv", content).duplicate == 1  # B


def test_a_client_of_a_source_without_ids_is_erased_by_what_it_says(tmp_path: Path) -> None:
    book = make_workspace(tmp_path, {"data": {"client_id": "", "outcome": "exited", "as_of": ""}}, Clock())
    arrive(book, "1.csv", "x,y,exited\n" + "".join(f"{n},{n * n},{n % 2}\n" for n in range(10, 50)))
    arrive(book, "2.csv", "x,y,exited\n1,much,0\n2,more,1\n3,4,0\n5,6,maybe\n7,8,1\n9,9,0\n")
    rows = book.dataset().rows
    assert len(rejected(book)) == 3
    client = rows.loc[rows["x"] == 1, "_client"].iloc[0]
    said = upkeep.erase(book, client, "Ada")
    assert ": 1 row, 0 risks and 1 line of what was set aside." in said
    assert sorted(book.dataset().rows["x"])[:5] == [2, 3, 7, 9, 10]
    assert rejected(book)["value"].tolist() == ["more", "maybe"]


def test_ids_that_went_through_a_spreadsheet_are_the_same_client(tmp_path: Path) -> None:
    numbers = make_workspace(tmp_path, now=Clock())
    arrive(numbers, "1.csv", "client_id,snapshot_date,x,exited\n17850.0,2026-01-01,1,0\n17851,2026-01-01,2,1\n")
    bad = " 17850.0 ,2026-01-02,1,?!\n178500,2026-01-02,1,?!\n"
    arrive(numbers, "2.csv", f"client_id,snapshot_date,x,exited\n{bad}1,2026-01-02,1,\n2,2026-01-02,1,\n")
    assert "1 row, 0 risks and 1 line" in upkeep.erase(numbers, "17850.0", "Ada")
    assert numbers.dataset().rows["_client"].tolist() == ["17851", "1", "2"]
    assert [json.loads(row)["client_id"] for row in rejected(numbers)["row"]] == ["178500"]


def test_nothing_is_erased_while_a_job_may_write_the_client_down_again(workspace: Workspace) -> None:
    with workspace.store.writing() as db:
        queue.insert_job(db, "full", "c", workspace.now(), "Ada")
        queue.claim_job(db, workspace.now())
    with pytest.raises(Busy, match=r"A job \(full\) is running"):
        upkeep.erase(workspace, WHO, "Ada")
    later = open_workspace(workspace.config_path, Clock(workspace.now() + timedelta(minutes=5)))
    assert "was erased" in upkeep.erase(later, WHO, "Ada")


def test_a_damaged_version_is_told_and_left_alone(workspace: Workspace) -> None:
    champion = workspace.champion()
    assert champion is not None
    path = workspace.models_folder / champion.version / "model.joblib"
    path.write_bytes(path.read_bytes() + b"x")
    said = upkeep.erase(workspace, WHO, "Ada")
    assert f"The files of {champion.version} are not what was stored; they were left alone" in said


def test_reports_that_do_not_name_the_client_stay(workspace: Workspace) -> None:
    for name, text in {
        "longer": f"<td>{WHO}7</td>", "label": "<td>Quittenbaum &amp; Söhne</td>", "other": "<td>C00001</td>",
    }.items():  # fmt: skip
        (workspace.reports_folder / f"{name}.html").write_text(text, encoding="utf-8")
    upkeep.erase(workspace, WHO, "Ada")
    assert [path.stem for path in sorted(workspace.reports_folder.iterdir())] == ["longer", "other"]


def test_short_ids_are_looked_for_in_quotes_only() -> None:
    assert naming(["7"]).sub("-", "7 rows, such as '7' or \"7\", not '77'") == "7 rows, such as '-' or \"-\", not '77'"
    assert naming([""]).sub("-", "'' \"\"") == "'' \"\""


def test_sources_that_are_databases_are_mentioned(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'crm.db'}"
    sources = [{"name": "incoming", "kind": "folder", "path": "incoming", "settle_seconds": 0},
               {"name": "crm", "kind": "sql", "url": url, "table": "accounts"}]  # fmt: skip
    workspace = make_workspace(tmp_path, {"sources": sources}, Clock())
    drop(workspace, "no.csv", b"PK\x03\x04")
    deliver(workspace, "1.csv", "client_id,snapshot_date,x,exited\nA,2026-01-01,1,0\nB,2026-01-01,2,1\n")
    said = upkeep.erase(workspace, "A", "Ada")
    assert "no.csv could not be looked into. Take it out of the table accounts (crm) too, where it is" in said


@pytest.mark.postgres
def test_a_client_is_erased_in_a_store_on_postgres(any_workspace: Workspace) -> None:
    arrive(any_workspace, "1.csv", "client_id,snapshot_date,x,exited\nA,2026-01-01,1,0\nB,2026-01-01,2,1\n")
    assert "was erased: 1 row" in upkeep.erase(any_workspace, "A", "Ada")
    assert any_workspace.dataset().rows["_client"].tolist() == ["B"]
    with any_workspace.store.reading() as db:
        assert ingested.rewritten(db)[1][1] == 1
