"""The pages on what came in, on files to score, and on whether everything runs."""

from __future__ import annotations

import io
from importlib.metadata import version
from pathlib import Path

import openpyxl
import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from core import jobs, upkeep
from core.store import audit, history, queue
from core.views import export, ingestion
from core.views.clients import BANDS
from core.workspace import Workspace
from tests.builders import clients_frame
from tests.dashboard_fixtures import Stores, copy, opened
from tests.page_driver import Open, tables, words


def test_ingestion_shows_counts_refusals_rejected_rows_columns_and_statistics(stores: Stores, show: Open) -> None:
    store = opened(stores.rich / "config.toml")
    app = show(store.config_path, "ingestion")
    said = words(app)
    totals = ingestion.batches(store)[["read", "accepted", "duplicate", "superseded", "rejected"]].sum()
    shown = {metric.label: metric.value for metric in app.metric}
    assert shown["Rows read"] == f"{totals['read']:,}"
    assert shown["Rejected"] == "1"
    assert "letter.csv" in said
    assert "The file lacks the columns" in said
    said = words(show(store.config_path, "rejected"))
    assert "1 fault set a row aside; 1 unreadable cell counted as missing." in said
    app = show(store.config_path, "contract")
    assert "names the client" in words(app)
    summaries = tables(app)[-1].set_index("column")
    assert summaries.loc["satisfaction", "missing"] == pytest.approx(5, abs=3)
    assert float(summaries.loc["activity", "median"]) == pytest.approx(100, abs=10)


def test_outdated_packages_stand_first(stores: Stores, show: Open, tmp_path: Path) -> None:
    config = copy(stores.rich, tmp_path / "own")
    own = opened(config)
    found = [
        {"name": "pandas", "direct": True, "installed": "3.1.1", "newest": "3.1.1", "failure": ""},
        {"name": "numpy", "direct": True, "installed": "2.1", "newest": "2.4", "failure": ""},
        {
            "name": "odd",
            "direct": False,
            "installed": "1",
            "newest": "",
            "failure": "could not be looked up: timed out",
        },
    ]
    with own.store.writing() as db:
        history.insert_packages(db, history.insert_run(db, "packages", own.now()), found, own.now())
    app = show(config, "packages")
    assert list(tables(app)[-1]["name"]) == ["numpy", "pandas", "odd"]
    assert {metric.label: metric.value for metric in app.metric}["Outdated packages"] == "1"
    assert {metric.label: metric.value for metric in app.metric}["Not known"] == "1"
    numpy = tables(app)[-1].set_index("name").loc["numpy"]
    assert numpy["trained_with"] == version("numpy"), "what the champion was made with"
    assert numpy["changed"] == "yes", "for 2.1 is installed, as was said"


def test_a_failed_job_is_told_in_its_own_sentence(stores: Stores, show: Open, tmp_path: Path) -> None:
    config = copy(stores.rich, tmp_path / "own")
    own = opened(config)
    jobs.enqueue(own.store, "packages", str(own.config_path), own.now(), "the schedule")
    with own.store.reading() as db:
        job = queue.list_jobs(db)[0]
    jobs.finish(own.store, job.id, own.now(), "failed", "The index does not answer.")
    assert "The index does not answer." in show(config, "packages").error[0].value


def scored(show: Open, config: Path, name: str, content: bytes) -> AppTest:
    app = show(config, "score")
    app.file_uploader(key="file").set_value((name, content, "text/csv"))
    return app.run()


def current_clients(store: Workspace, rows: int) -> bytes:
    dataset, contract = store.dataset(), store.contract()
    assert dataset is not None
    assert contract is not None
    columns = ["region", *(column.name for column in contract.columns if column.name != "region")]
    return dataset.newest()[columns].head(rows).to_csv(index=False).encode()


def test_an_uploaded_file_is_scored_and_counted_by_band(stores: Stores, show: Open) -> None:
    store = opened(stores.rich / "config.toml")
    app = scored(show, store.config_path, "mine.csv", current_clients(store, 250))
    assert not app.exception
    assert not app.error
    shown = {metric.label: metric.value for metric in app.metric}
    assert shown["Rows scored"] == "250"
    assert sum(int(shown[f"{band.capitalize()} risk"]) for band in BANDS) == 250
    shown_rows = tables(app)[-1]
    assert list(shown_rows.columns[:3]) == ["region", "risk", "band"]
    assert len(shown_rows) == 200
    assert shown_rows["risk"].is_monotonic_decreasing
    app.segmented_control(key="scored-order").set_value("File order").run()
    assert tables(app)[-1]["row"].tolist() == list(range(1, 201))


def test_what_was_understood_stands_before_the_result(stores: Stores, show: Open) -> None:
    content = b"region;activity;satisfaction;annual_revenue;colour\nnorth;3;7;1;red\n"
    app = scored(show, stores.rich / "config.toml", "mine.csv", content)
    said = words(app)
    assert "Read as CSV, utf-8, separated by semicolons" in said
    assert "Not known, and passed over: colour." in said
    uses = tables(app)[0].set_index("title")["use"]
    assert uses["colour"] == "passed over"
    assert uses["activity"] == "looked at"


def test_an_absent_column_is_listed_with_the_name_that_may_be_meant(stores: Stores, show: Open) -> None:
    content = b"region,activity,satisfacton,annual_revenue\nnorth,3,7,1\n"
    app = scored(show, stores.rich / "config.toml", "mine.csv", content)
    uses = tables(app)[0].set_index("name")["use"]
    assert uses["satisfaction"] == "missing; did you mean satisfacton?"
    assert "lacks the column 'satisfaction'" in words(app)


def test_rows_with_another_number_of_cells_are_left_out_with_line_and_reason(stores: Stores, show: Open) -> None:
    lines = ["region,activity,satisfaction,annual_revenue", "north,3,7,1", "south,4", "west,90,8,2"]
    app = scored(show, stores.rich / "config.toml", "mine.csv", "\n".join(lines).encode())
    assert not app.exception
    assert {metric.label: metric.value for metric in app.metric}["Rows scored"] == "2"
    aside = tables(app)[-1]
    assert aside[["line", "reason", "row"]].to_numpy().tolist() == [[3, "2 cells where the header has 4", "south | 4"]]


@pytest.mark.parametrize("kind", ["xlsx", "csv.gz", "parquet"])
def test_excel_packed_and_parquet_files_give_the_same_risks_as_csv(
    stores: Stores, show: Open, tmp_path: Path, kind: str
) -> None:
    store = opened(stores.rich / "config.toml")
    plain = current_clients(store, 40)
    frame, path = pd.read_csv(io.BytesIO(plain)), tmp_path / f"mine.{kind}"
    write = {"xlsx": frame.to_excel, "csv.gz": frame.to_csv, "parquet": frame.to_parquet}[kind]
    write(path, index=False)
    app = scored(show, store.config_path, path.name, path.read_bytes())
    expected = scored(show, store.config_path, "mine.csv", plain)
    assert not app.exception
    assert tables(app)[-1]["risk"].tolist() == tables(expected)[-1]["risk"].tolist()
    labels = [button.label for button in app.get("download_button")]
    assert ("Download scored file (Excel)" in labels) == (kind == "xlsx")


def test_a_scored_excel_file_holds_numbers_as_numbers_and_a_formula_as_a_text(tmp_path: Path) -> None:
    scored_file = tmp_path / "scored.csv"
    scored_file.write_text("\ufeffid;n;risk\n007;=1+1;0.25\n12;-3;1\n", encoding="utf-8")
    sheet = openpyxl.load_workbook(io.BytesIO(export.as_excel(scored_file, ";"))).worksheets[0]
    cells = [[(cell.value, cell.data_type) for cell in row] for row in sheet.iter_rows()]
    assert cells == [
        [("id", "s"), ("n", "s"), ("risk", "s")],
        [("007", "s"), ("=1+1", "s"), (0.25, "n")],
        [(12, "n"), (-3, "n"), (1, "n")],
    ]


def test_a_scored_file_is_kept_as_snapshots_only_when_that_is_confirmed(
    stores: Stores, show: Open, tmp_path: Path
) -> None:
    own = opened(copy(stores.rich, tmp_path / "own"))
    dataset = own.dataset()
    assert dataset is not None
    rows = clients_frame(3, first=9000, snapshot_date="2026-07-02").drop(columns="exited").assign(
        name="New Ltd", owner="Anna Berger", annual_revenue=5.0
    )  # fmt: skip
    before = len(ingestion.batches(own))
    app = scored(show, own.config_path, "mine.csv", rows.to_csv(index=False).encode())
    assert "Nothing of this file is kept" in words(app)
    app.checkbox(key="keep").check().run()
    assert len(ingestion.batches(own)) == before
    app.button(key="confirm-keep").click().run()
    assert not app.exception
    assert not app.error
    batches = ingestion.batches(own)
    assert len(batches) == before + 1
    assert "mine.csv was taken in as batch" in words(app)
    with own.store.reading() as db:
        assert queue.list_jobs(db)[0].kind == "full"
        deed = audit.list_deeds(db)[0]
    assert deed["deed"] == "upload"
    newest = own.dataset()
    assert newest is not None
    assert set(newest.newest()["_client"]) == set(dataset.newest()["_client"]) | set(rows["client_id"])
    upkeep.withdraw(own, int(batches["id"].max()), "Anna", "a trial")
    withdrawn = own.dataset()
    assert withdrawn is not None
    assert set(withdrawn.newest()["_client"]) == set(dataset.newest()["_client"])


def test_a_provisional_model_scores_a_file_by_rank_only(stores: Stores, show: Open) -> None:
    store = opened(stores.provisional / "config.toml")
    app = scored(show, store.config_path, "mine.csv", current_clients(store, 20))
    assert "only the order of the rows is shown" in words(app)
    shown = tables(app)[-1]
    assert not {"risk", "band"} & set(shown.columns)
    assert shown["rank"].tolist() == sorted(shown["rank"])
    assert shown["rank"].iloc[0] == 1


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "empty"),
        (b"region,activity,annual_revenue\nnorth,3,1\n", "lacks the column 'satisfaction'"),
        (b"region,region,activity\n1,2,3\n", "Two columns are called 'region'"),
        (
            b"region,activity,satisfaction,annual_revenue\nnorth,3\n",
            "100% of the rows have another number of cells than the header",
        ),
        (b"\x89PNG\r\n\x1a\n\x00\x00", "The file is no table: it is a picture"),
    ],
)
def test_a_file_that_cannot_be_scored_is_answered_with_a_sentence(
    stores: Stores, show: Open, content: bytes, sentence: str
) -> None:
    app = scored(show, stores.rich / "config.toml", "bad.csv", content)
    assert not app.exception
    assert sentence in app.error[0].value.replace("\\", "")


def test_cells_that_cannot_be_read_are_counted_on_the_score_page(stores: Stores, show: Open) -> None:
    content = b"region,activity,satisfaction,annual_revenue\nnorth,many,7,1\nsouth,90,8,2\n"
    app = scored(show, stores.rich / "config.toml", "mine.csv", content)
    assert "1 cell of column activity could not be read" in app.warning[-1].value


def test_the_template_holds_the_columns_of_a_client_file(stores: Stores) -> None:
    found = ingestion.contract(opened(stores.rich / "config.toml"))
    assert found is not None
    header = ingestion.template(found).decode().strip().split(",")
    assert header[:2] == ["client_id", "snapshot_date"]
    assert {"activity", "satisfaction", "region", "annual_revenue", "owner", "name"} <= set(header)
    assert "exited" not in header
