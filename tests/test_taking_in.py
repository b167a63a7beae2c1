"""Sources through the pipeline: tables by cursor, files left alone, troubles, rows mended, another contract."""

from __future__ import annotations

import io
import json
import sqlite3
import subprocess
import sys
import threading
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from core.cli import main
from core.errors import BellwetherError
from core.pipeline import full
from core.pipeline.contract import accept_contract, propose_contract
from core.records import Batch
from core.store import ingested
from core.views import export, ingestion, operations
from core.workspace import Workspace, open_workspace
from tests.builders import Clock, arrive, clients_frame, drop, make_workspace


def batches(workspace: Workspace) -> list[Batch]:
    """Every batch, oldest first."""
    with workspace.store.reading() as db:
        return ingested.list_batches(db)[::-1]


def counts(batch: Batch) -> tuple[int, int, int, int, int]:
    """read, accepted, duplicate, superseded, rejected."""
    return batch.read, batch.accepted, batch.duplicate, batch.superseded, batch.rejected


# --- tables of databases


def table_workspace(folder: Path, clock: Clock, **source: Any) -> tuple[Workspace, Path]:
    """A workspace whose only source is the table `clients` of an SQLite file."""
    database = folder / "crm.db"
    given = {"name": "crm", "kind": "sql", "url": f"sqlite:///{database}", "table": "clients", "cursor": "changed"}
    return make_workspace(folder / "w", {"sources": [given | source]}, clock), database


def put(database: Path, frame: pd.DataFrame) -> None:
    """Append rows to the table."""
    with closing(sqlite3.connect(database)) as connection, connection:
        frame.to_sql("clients", connection, index=False, if_exists="append")


def test_a_table_comes_in_slices_and_then_only_what_is_new(tmp_path: Path) -> None:
    clock = Clock()
    workspace, database = table_workspace(tmp_path, clock, batch_rows=40)
    put(database, clients_frame(100, snapshot_date="2026-01-01").assign(changed=range(100)))
    full.ingest_run(workspace)
    assert sum(batch.accepted for batch in batches(workspace)) == 100
    assert len(batches(workspace)) == 3
    assert full.ingest_run(workspace) == "No new batch."
    clock.forward(days=1)
    late = clients_frame(2, first=500, snapshot_date="2026-01-02").assign(
        changed=[99, 100]
    )  # one shares the last value
    put(database, late)
    full.ingest_run(workspace)
    newest = batches(workspace)[-1]
    assert (newest.accepted, newest.rejected, newest.superseded) == (2, 0, 0)
    dataset = workspace.dataset()
    assert dataset is not None
    assert len(dataset.rows) == 102
    assert full.ingest_run(workspace) == "No new batch."
    assert not list(workspace.fetched_folder.iterdir())


def test_a_slice_that_is_refused_holds_its_table_up_until_it_can_be_taken(tmp_path: Path) -> None:
    clock = Clock()
    workspace, database = table_workspace(tmp_path, clock, batch_rows=10)
    put(database, clients_frame(20, snapshot_date="2026-01-01").assign(changed=range(20)))
    full.ingest_run(workspace)
    contract = workspace.contract()
    assert contract is not None
    assert "changed" not in contract.names  # when a row was changed says nothing about the client
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute("alter table clients rename column activity to active")
    put(database, clients_frame(20, first=100, snapshot_date="2026-01-02").rename(columns={"activity": "active"})
        .assign(changed=range(20, 40)))  # fmt: skip
    clock.forward(days=1)
    said = full.ingest_run(workspace)
    assert "was refused, and what comes after it waits: The file lacks the column 'activity'" in said
    assert full.ingest_run(workspace) == said[said.index("clients up to") :].join(["No new batch. ", ""])
    assert len([batch for batch in batches(workspace) if batch.refused]) == 1
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute("alter table clients rename column active to activity")
    full.ingest_run(workspace)
    assert sum(batch.accepted for batch in batches(workspace)) == 40
    assert ingestion.troubles(workspace).empty


def test_a_table_without_cursor_is_one_batch_whenever_it_changed(tmp_path: Path) -> None:
    clock = Clock()
    workspace, database = table_workspace(tmp_path, clock, cursor="")
    put(database, clients_frame(30, snapshot_date="2026-01-01"))
    full.ingest_run(workspace)
    clock.forward(days=1)
    assert full.ingest_run(workspace) == "No new batch."
    put(database, clients_frame(1, first=900, snapshot_date="2026-01-02"))
    full.ingest_run(workspace)
    assert [counts(batch) for batch in batches(workspace)] == [(30, 30, 0, 0, 0), (31, 1, 30, 0, 0)]


def test_a_database_that_is_away_is_told_until_it_is_back_and_files_go_on(tmp_path: Path) -> None:
    sources = [
        {"name": "crm", "kind": "sql", "url": f"sqlite:///{tmp_path / 'crm.db'}", "table": "clients", "cursor": "n"},
        {"name": "incoming", "kind": "folder", "path": "incoming", "settle_seconds": 0},
    ]
    clock = Clock()
    workspace = make_workspace(tmp_path / "w", {"sources": sources}, clock)
    (tmp_path / "w" / "incoming" / "1.csv").write_text(clients_frame(20).to_csv(index=False))
    said = full.ingest_run(workspace)
    assert "20 accepted" in said
    assert "source 'crm'" in said
    told = ingestion.troubles(workspace)
    assert told["source"].tolist() == ["crm"]
    clock.forward(days=1)
    full.ingest_run(workspace)
    assert ingestion.troubles(workspace)["since"].tolist() == told["since"].tolist()  # told once, since then
    put(tmp_path / "crm.db", clients_frame(5, first=100).assign(n=range(5)))
    assert "5 accepted" in full.ingest_run(workspace)
    assert ingestion.troubles(workspace).empty
    assert ingestion.troubles(workspace.at(told["since"][0]))["source"].tolist() == ["crm"]


# --- folders


def test_a_folder_that_is_gone_is_told_and_the_other_sources_go_on(tmp_path: Path) -> None:
    sources = [
        {"name": "gone", "kind": "folder", "path": "gone", "settle_seconds": 0},
        {"name": "incoming", "kind": "folder", "path": "incoming", "settle_seconds": 0},
    ]
    workspace = make_workspace(tmp_path, {"sources": sources})
    (tmp_path / "gone").rmdir()
    (tmp_path / "incoming" / "1.csv").write_text(clients_frame(20).to_csv(index=False))
    said = full.ingest_run(workspace)
    assert "20 accepted" in said
    assert str(tmp_path / "gone") in said
    assert ingestion.troubles(workspace)["source"].tolist() == ["gone"]


def test_a_file_that_is_still_being_written_is_left_alone_until_it_is_whole(workspace: Workspace) -> None:
    lines = clients_frame(200).to_csv(index=False).splitlines(keepends=True)
    path = workspace.config.sources[0].path / "1.csv"  # type: ignore[union-attr]
    with path.open("w") as growing:
        growing.writelines(lines[:50])
        growing.flush()
        assert full.ingest_run(workspace) == "No new batch."
        growing.writelines(lines[50:])
    full.ingest_run(workspace)
    assert [counts(batch) for batch in batches(workspace)] == [(200, 200, 0, 0, 0)]


def test_a_file_that_grows_without_being_held_open_is_left_alone_too(tmp_path: Path) -> None:
    sources = [{"name": "incoming", "kind": "folder", "path": "incoming", "settle_seconds": 0.5}]
    workspace = make_workspace(tmp_path, {"sources": sources})
    path = tmp_path / "incoming" / "1.csv"
    lines = clients_frame(40).to_csv(index=False).splitlines(keepends=True)
    path.write_text("".join(lines[:3]))
    stop = threading.Event()

    def append() -> None:
        for line in lines[3:]:
            with path.open("a") as growing:
                growing.write(line)
            time.sleep(0.05)
            if stop.is_set():
                return

    writer = threading.Thread(target=append)
    writer.start()
    try:
        assert full.ingest_run(workspace) == "No new batch."
    finally:
        writer.join()
    full.ingest_run(workspace)
    assert [counts(batch) for batch in batches(workspace)] == [(40, 40, 0, 0, 0)]


# --- what batches say of each other


FULL_DISK = """
import resource, sys
from pathlib import Path
from core.pipeline import full
from core.workspace import open_workspace
from tests.builders import Clock
workspace = open_workspace(Path(sys.argv[1]), Clock())
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]), int(sys.argv[2])))
print(full.ingest_run(workspace))
"""


@pytest.mark.parametrize("room", [400_000, 700_000])
def test_a_disk_that_is_full_is_told_and_the_next_ingestion_takes_everything(tmp_path: Path, room: int) -> None:
    workspace = make_workspace(tmp_path)
    arrive(workspace, "0.csv", clients_frame(5, first=90_000, snapshot_date="2025-12-01"))
    path = drop(workspace, "1.csv", clients_frame(20_000, snapshot_date="2026-01-01"))
    drop(workspace, "2.csv", clients_frame(5, first=50_000, snapshot_date="2026-01-01"))
    before = sorted(path.name for path in (tmp_path / "data" / "dataset").iterdir())
    done = subprocess.run(
        [sys.executable, "-c", FULL_DISK, str(tmp_path / "config.toml"), str(room)],
        capture_output=True, text=True, check=False, cwd=Path(__file__).resolve().parents[1],
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("1 batch taken: 5 rows read, 5 accepted, 0 duplicate, 0 superseded, 0 rejected. ")
    assert "1.csv could not be taken in: File too large" in done.stdout
    assert done.stdout.endswith("Nothing of it was kept; it is tried again next time.\n")
    assert "1.csv could not be taken in" in ingestion.troubles(workspace).to_csv()
    after = sorted(path.name for path in (tmp_path / "data" / "dataset").iterdir())
    assert len(after) == len(before) + 2, "the rows and hashes of 2.csv"
    full.ingest_run(workspace)
    assert [counts(batch) for batch in batches(workspace)][1:] == [(5, 5, 0, 0, 0), (20_000, 20_000, 0, 0, 0)]
    assert ingestion.troubles(workspace).empty
    assert path.is_file()


def test_a_later_batch_that_disagrees_about_a_client_and_date_counts_and_is_counted(workspace: Workspace) -> None:
    clock: Clock = workspace.now  # type: ignore[assignment]
    rows = "client_id,snapshot_date,x,exited\nA,2026-01-01,1,\nB,2026-01-01,2,\nC,2026-01-01,3,\n"
    assert arrive(workspace, "1.csv", rows).disagreed == 0
    clock.forward(days=1)
    second = arrive(workspace, "2.csv", "client_id,snapshot_date,x,exited\nA,2026-01-01,9,\nB,2026-01-01,2,1\n")
    assert (second.accepted, second.disagreed) == (2, 1)  # an outcome that was filled in is no disagreement
    dataset = workspace.dataset()
    assert dataset is not None
    assert dataset.rows.set_index("_client")["x"].to_dict() == {"A": 9.0, "B": 2.0, "C": 3.0}
    past = workspace.at(second.known_at - pd.Timedelta(hours=1)).dataset()
    assert past is not None
    assert past.rows.set_index("_client")["x"].to_dict() == {"A": 1.0, "B": 2.0, "C": 3.0}
    clock.forward(days=1)
    third = arrive(workspace, "3.csv", "client_id,snapshot_date,x,exited\nB,2026-01-01,2,0\n")
    assert third.disagreed == 1  # it said "left" before


# --- mending


def test_rejected_rows_are_mended_and_dropped_in_again(tmp_path: Path) -> None:
    workspace = make_workspace(tmp_path, {"data": {"numeric": ["x"], "categorical": ["region"]}})
    content = (
        "client_id;snapshot_date;x;region;exited\n"
        'A;2026-01-01;1;north;0\n;2026-01-01;-2;"so;uth";1\nC;soon;3;=1+1;0\nD;2026-01-01;many;east;1\nE;2026-01-01\n'
    )
    first = arrive(workspace, "1.csv", content)
    assert (counts(first), first.bad_cells) == ((5, 2, 0, 0, 3), 1)
    made = export.mendable(ingestion.rejected(workspace, first.id))
    sheet = pd.read_csv(io.BytesIO(made), dtype=str, keep_default_na=False, encoding="utf-8-sig")
    assert sheet["bellwether_line"].tolist() == ["3", "4", "5", "6"]
    assert sheet["bellwether_reason"][0] == "client_id: no client id"
    assert sheet["region"].tolist() == ["so;uth", "'=1+1", "east", ""]
    assert sheet["x"].tolist() == ["-2", "3", "many", ""]
    sheet["client_id"] = ["B", "C", "D", "E"]
    sheet["snapshot_date"] = "2026-01-01"
    sheet["x"] = ["-2", "3", "4", "5"]
    sheet["region"] = ["so;uth", "west", "east", "north"]
    sheet["exited"] = ["1", "0", "1", "0"]
    second = arrive(workspace, "mended.csv", sheet)
    assert (counts(second), second.bad_cells) == ((4, 4, 0, 0, 0), 0)
    dataset = workspace.dataset()
    assert dataset is not None
    assert dataset.rows.set_index("_client")["x"].to_dict() == {"A": 1.0, "B": -2.0, "C": 3.0, "D": 4.0, "E": 5.0}


# --- the contract


@pytest.fixture
def changed(workspace: Workspace) -> Workspace:
    """A workspace whose columns changed in the second file, which was refused."""
    arrive(workspace, "1.csv", "client_id,tenure,x,exited\nA,1,5,0\nB,2,6,1\nC,3,7,0\n")
    refused = arrive(workspace, "2.csv", "client_id,x,seats,exited\nD,5,10,0\nE,6,20,1\nF,7,30,0\n")
    assert refused.refused.startswith("The file lacks the column 'tenure'")
    return workspace


def test_a_person_is_told_what_a_new_contract_means_before_it_counts(changed: Workspace) -> None:
    proposal = propose_contract(changed)
    assert proposal.name == "2.csv"
    assert [(change.column, change.kind) for change in proposal.changes] == [("tenure", "removed"), ("seats", "added")]
    assert "Rows already in the dataset have no value for 'seats'." in proposal.consequence
    contract = changed.contract()
    assert contract is not None
    assert [column.name for column in contract.columns] == ["tenure", "x"]  # nothing changed yet


def test_an_accepted_contract_counts_and_the_refused_file_is_taken(changed: Workspace) -> None:
    clock: Clock = changed.now  # type: ignore[assignment]
    clock.forward(hours=1)
    accept_contract(changed, propose_contract(changed), "anna")
    full.ingest_run(changed)
    assert counts(batches(changed)[-1]) == (3, 3, 0, 0, 0)
    dataset = changed.dataset()
    assert dataset is not None
    rows = dataset.rows.set_index("_client")
    assert rows["seats"].fillna(-1).to_dict() == {"A": -1, "B": -1, "C": -1, "D": 10, "E": 20, "F": 30}
    before = changed.at(clock() - pd.Timedelta(minutes=30)).contract()
    assert before is not None
    assert [column.name for column in before.columns] == ["tenure", "x"]
    deed = operations.audit(changed).iloc[0]
    assert (deed["who"], deed["deed"], deed["subject"]) == ("anna", "contract", "2.csv")
    with pytest.raises(BellwetherError, match="gives the contract that counts already"):
        accept_contract(changed, propose_contract(changed), "anna")


def test_the_champion_goes_on_with_a_column_less_until_another_model_is_promoted(tmp_path: Path) -> None:
    clock = Clock()
    config = {"model": {"families": ["logistic"]}, "data": {"as_of": ""}}
    workspace = make_workspace(tmp_path, config, clock)
    drop(workspace, "1.csv", clients_frame(400))
    full.full_run(workspace)
    champion = workspace.champion()
    assert champion is not None
    clock.forward(days=1)
    less = clients_frame(30, seed=3, first=5000).drop(columns=["satisfaction", "exited"]).assign(exited="")
    drop(workspace, "2.csv", less)
    proposal = propose_contract(workspace)
    assert f"The champion {champion.version} uses 'satisfaction', which is no longer a column" in proposal.consequence
    accept_contract(workspace, proposal, "anna")
    said = full.full_run(workspace)
    assert "30 accepted" in said
    with workspace.store.reading() as db:
        from core.store import models

        scored = models.current_risks(db).set_index("client")
    assert scored.loc["C05000", "risk"] > 0
    assert scored.loc["C05000", "version"] == champion.version


# --- the command line


def run(workspace: Workspace, *command: str) -> int:
    return main([*command, "--config", str(workspace.config_path)])


def test_a_contract_is_accepted_on_the_command_line_only_with_a_yes(
    changed: Workspace, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(""))
    assert run(changed, "contract", "accept") == 1
    assert "'tenure' is no longer a column that the model looks at" in capsys.readouterr().err
    assert run(changed, "contract", "accept", "--yes") == 0
    assert "The contract of 2.csv was accepted." in capsys.readouterr().out
    assert run(changed, "contract", "--json") == 0
    columns = json.loads(capsys.readouterr().out)["columns"]
    assert [column["name"] for column in columns] == ["x", "seats"]


def test_a_batch_is_withdrawn_and_reinstated_on_the_command_line(
    workspace: Workspace, capsys: pytest.CaptureFixture[str]
) -> None:
    arrive(workspace, "1.csv", clients_frame(10))
    arrive(workspace, "wrong.csv", clients_frame(5, first=100))
    assert run(workspace, "withdraw", "wrong.csv", "--reason", "test data") == 0
    assert "10 clients" not in capsys.readouterr().err
    fresh = open_workspace(workspace.config_path, workspace.now)
    dataset = fresh.dataset()
    assert dataset is not None
    assert len(dataset.rows) == 10
    assert full.ingest_run(workspace) == "No new batch."  # the file still lies there
    assert run(workspace, "batches", "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert [(batch["name"], batch["state"]) for batch in told] == [("wrong.csv", "withdrawn"), ("1.csv", "taken")]
    assert run(workspace, "withdraw", "2", "--undo") == 0
    dataset = fresh.dataset()
    assert dataset is not None
    assert len(dataset.rows) == 15
    capsys.readouterr()
    assert run(workspace, "audit", "--json") == 0
    assert [deed["deed"] for deed in json.loads(capsys.readouterr().out)] == ["reinstate", "withdraw"]
    assert run(workspace, "withdraw", "nothing") == 1


def test_rejected_rows_are_written_to_a_file_on_the_command_line(
    workspace: Workspace, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    batch = arrive(workspace, "1.csv", "client_id,x,exited\nA,1,0\n,2,1\nC,3,perhaps\n")
    assert run(workspace, "rejected", str(batch.id), "-o", str(tmp_path / "mend.csv")) == 0
    assert "2 rows written to" in capsys.readouterr().out
    assert (tmp_path / "mend.csv").read_bytes().startswith(b"\xef\xbb\xbfclient_id,x,exited,bellwether_line")
    assert run(workspace, "rejected", "--json") == 0
    assert [row["line"] for row in json.loads(capsys.readouterr().out)] == [3, 4]
    assert run(workspace, "rejected", "-o", str(tmp_path / "mend.csv" / "below a file.csv")) == 1
    assert "cannot be written" in capsys.readouterr().err


def test_a_workspace_is_kept_and_restored_on_the_command_line(
    workspace: Workspace, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arrive(workspace, "1.csv", clients_frame(10))
    assert run(workspace, "backup", str(tmp_path / "kept.tar")) == 0
    other = make_workspace(tmp_path / "other")
    assert run(other, "restore", str(tmp_path / "kept.tar")) == 0
    assert "was restored from" in capsys.readouterr().out
    dataset = open_workspace(other.config_path, workspace.now).dataset()
    assert dataset is not None
    assert len(dataset.rows) == 10
    assert run(other, "restore", str(tmp_path / "kept.tar")) == 1
    assert "holds something already" in capsys.readouterr().err
    assert run(other, "restore", str(tmp_path / "nothing.tar")) == 1
