"""The pages Ingestion and Rejected rows: overview, one batch, filters, mended files taken in where they are missed."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from core import upkeep
from core.store import audit, ingested, queue
from core.views import ingestion, rejects
from tests.builders import CONFIG, drop, make_workspace
from tests.dashboard_fixtures import CLIENTS, MONTHS, Stores, copy, opened
from tests.page_driver import Open, button, tables, words


def figures(app: AppTest) -> dict[str, str]:
    return {metric.label: metric.value for metric in app.metric}


def batch_id(config: Path, name: str) -> str:
    found = ingestion.batches(opened(config))
    return str(found.loc[found["name"] == name, "id"].iloc[0])


def with_columns(app: AppTest, *columns: str) -> pd.DataFrame:
    return next(frame for frame in tables(app) if set(columns) <= set(frame.columns))


# --- the overview


def test_the_overview_tells_late_sources_history_growth_and_who_vanished(stores: Stores, show: Open) -> None:
    app = show(stores.rich / "config.toml", "ingestion")
    assert not app.exception
    said = words(app)
    assert "The next file of clients from incoming is late: usually one comes every 30 days" in said
    assert {"Rows by week", "Sources", "Batches", "Growth of the dataset"} <= {header.value for header in app.header}
    batches = with_columns(app, "accepted", "duplicate", "superseded", "rejected")
    assert (batches[["accepted", "duplicate", "superseded", "rejected"]].sum(axis=1) == batches["read"]).all()
    shown = figures(app)
    assert shown["Snapshots"] == f"{CLIENTS * MONTHS - 1:,}"  # one row has no date
    assert shown["Outcomes known"] == f"{CLIENTS * 4:,}"
    assert "1 client" in said
    assert f"of clients-{MONTHS - 1}.csv (0.2 % of 400) is not in clients-{MONTHS}.csv" in said
    assert with_columns(app, "listed")["client"].tolist() == ["C00001"]
    assert len(app.get("plotly_chart")) == 2


def test_the_example_company_is_never_late(stores: Stores, show: Open, tmp_path: Path) -> None:
    from tests.dashboard_fixtures import with_example

    said = words(show(with_example(stores, tmp_path / "own"), "ingestion", workspace="example"))
    assert "is late" not in said
    assert "nothing more comes" in said


# --- one batch


def test_a_batch_with_faults_tells_them_and_offers_to_mend_them(stores: Stores, show: Open) -> None:
    config = stores.rich / "config.toml"
    app = show(config, "ingestion", batch=batch_id(config, f"clients-{MONTHS}.csv"))
    assert not app.exception
    shown = figures(app)
    assert [shown[name] for name in ("Rows read", "Accepted", "Duplicate", "Superseded", "Rejected")] == [
        "400", "399", "0", "0", "1",
    ]  # fmt: skip
    reasons = with_columns(app, "rows", "becomes")
    assert reasons[["rows", "column", "becomes", "example"]].to_numpy().tolist() == [
        [1, "snapshot_date", "row set aside", "yesterday"],
        [1, "satisfaction", "cell counted as missing", "very good"],
    ]
    assert [one.label for one in app.get("download_button")] == ["Download rows to mend"]
    assert len(app.get("file_uploader")) == 1
    assert with_columns(app, "listed")["client"].tolist() == ["C00001"]
    assert button(app, "Withdraw this batch …")
    button(app, "All batches").click().run()
    assert "Growth of the dataset" in words(app)


def test_a_refused_file_tells_why_where_it_lies_and_what_to_do(stores: Stores, show: Open) -> None:
    config = stores.rich / "config.toml"
    app = show(config, "ingestion", batch=batch_id(config, "letter.csv"))
    assert "Nothing was taken from this file. The file lacks the columns" in app.error[0].value
    said = words(app)
    assert str(stores.rich / "incoming") in said
    assert "Mend the file and save it in its place" in said
    assert not app.metric


def test_a_batch_that_is_not_there_is_answered_with_a_sentence(stores: Stores, show: Open) -> None:
    app = show(stores.rich / "config.toml", "ingestion", batch="![x](http://tracker.invalid/p.png)")
    assert not app.exception
    assert "There is no batch \\!\\[x\\]" in app.error[0].value


def test_a_withdrawn_batch_tells_by_whom_and_why_and_can_count_again(
    stores: Stores, show: Open, tmp_path: Path
) -> None:
    config = copy(stores.rich, tmp_path / "own")
    number = batch_id(config, "clients-3.csv")
    upkeep.withdraw(opened(config), number, "Ada", "the wrong month")
    app = show(config, "ingestion", batch=number)
    assert not app.exception
    assert "the wrong month" in words(app)
    assert button(app, "Let this batch count again …")
    assert "Withdrawn" in words(app)


def test_a_refused_file_is_taken_in_where_its_refusal_stands_and_the_log_says_by_whom(
    stores: Stores, show: Open, tmp_path: Path
) -> None:
    config = copy(stores.rich, tmp_path / "own")
    mended = pd.read_csv(tmp_path / "own" / "incoming" / "clients-6.csv", dtype=str).assign(snapshot_date="2026-06-15")
    app = show(config, "ingestion", batch=batch_id(config, "letter.csv"), me="Ada")
    app.file_uploader(key="mended").set_value(("letter.csv", mended.to_csv(index=False).encode(), "text/csv")).run()
    app.button(key="mended-confirm").click().run()
    assert not app.exception
    assert "letter.csv was taken in as batch" in words(app)
    assert len(app.get("file_uploader")) == 1  # empty again
    assert "mended-confirm" not in [one.key for one in app.button]
    own = opened(config)
    with own.store.reading() as db:
        newest, deed, job = ingested.list_batches(db)[0], audit.list_deeds(db)[0], queue.list_jobs(db)[0]
    assert (newest.source, newest.accepted) == ("upload", CLIENTS)
    assert (deed["who"], deed["deed"], job.kind) == ("Ada", "upload", "full")


# --- rejected rows


@pytest.fixture
def two_faulty(tmp_path: Path) -> Path:
    """Two files with rows without a date, the second with a cell that is no number too; the config file."""
    from core.pipeline import full

    workspace = make_workspace(tmp_path / "two", {"data": CONFIG["data"] | {"numeric": ["x"]}})
    header = "client_id,snapshot_date,x,exited\n"
    drop(workspace, "a.csv", header + "A,2026-01-01,1,0\nB,2026-01-01,2,0\nC,2026-01-01,2,0\nD,soon,3,0\nE,soon,4,1\n")
    drop(workspace, "b.csv", header + "A,2026-02-01,1,0\nB,2026-02-01,many,0\nC,2026-02-01,2,0\nF,never,3,0\n")
    full.ingest_run(workspace)
    return workspace.config_path


def test_rejected_rows_are_grouped_by_reason_and_filtered_by_file_column_and_reason(
    show: Open, two_faulty: Path
) -> None:
    app = show(two_faulty, "rejected")
    assert not app.exception
    reasons = with_columns(app, "rows", "becomes")
    assert reasons[["rows", "column", "files"]].to_numpy().tolist() == [[3, "snapshot_date", 2], [1, "x", 1]]
    assert "Choose a file above to download its rows." in words(app)
    assert not app.get("download_button")
    app.selectbox(key="rejected-file").set_value(app.selectbox(key="rejected-file").options[0]).run()
    assert with_columns(app, "line", "value")["value"].tolist() == ["many", "never"]
    assert [one.label for one in app.get("download_button")] == ["Download rows to mend"]
    app.selectbox(key="rejected-column").set_value("x").run()
    assert with_columns(app, "line", "value")["value"].tolist() == ["many"]


def test_filters_of_rejected_rows_stand_in_the_address(show: Open, two_faulty: Path) -> None:
    label = next(f"{number}: {name}" for number, name in rejects.files(opened(two_faulty)).items() if name == "a.csv")
    app = show(two_faulty, "rejected", **{"rejected-file": label})
    assert with_columns(app, "line", "value")[["line", "value"]].to_numpy().tolist() == [[5, "soon"], [6, "soon"]]


def test_rows_that_were_mended_are_taken_in_on_the_same_page(show: Open, two_faulty: Path) -> None:
    app = show(two_faulty, "rejected", me="Ada")
    mended = b"client_id,snapshot_date,x,exited,bellwether_line\nD,2026-01-01,3,0,5\nE,2026-01-01,4,1,6\n"
    app.file_uploader(key="mended").set_value(("to_mend_a.csv", mended, "text/csv")).run()
    app.button(key="mended-confirm").click().run()
    assert not app.exception
    assert "to_mend_a.csv was taken in as batch 3: 2 rows read, 2 accepted" in words(app)
    dataset = opened(two_faulty).dataset()
    assert dataset is not None
    assert set(dataset.rows["_client"]) == set("ABCDE")


def test_without_a_fault_the_page_says_so(stores: Stores, show: Open) -> None:
    app = show(stores.provisional / "config.toml", "rejected")
    assert "None: every row and every cell could be read." in words(app)
    assert not app.get("file_uploader")


# --- the contract


def test_the_contract_tells_of_each_column_what_it_is_for_and_what_is_usual(stores: Stores, show: Open) -> None:
    app = show(stores.rich / "config.toml", "contract")
    assert not app.exception
    shown = figures(app)
    assert (shown["Columns"], shown["Looked at"], shown["Left out"]) == ("9", "4", "0")
    columns = with_columns(app, "used_as", "usual").set_index("column")
    assert columns.loc["client_id", "used_as"] == "names the client"
    assert columns.loc["activity", "kind"] == "number"
    assert columns.loc["satisfaction", "missing"] == pytest.approx(5, abs=3)
    assert columns.loc["region", "usual"] == "mostly north"
    dataset = opened(stores.rich / "config.toml").dataset()
    assert dataset is not None
    left = dataset.rows["_outcome"].dropna().mean()
    assert columns.loc["exited", "usual"] == f"{left:.0%}".replace("%", " %") + " of those known left"
    low, high = dataset.rows["activity"].quantile([0.25, 0.75])
    assert f"half lie between {low:.4g} and {high:.4g}" in columns.loc["activity", "usual"]


def test_a_change_of_the_contract_stands_on_its_page_with_who_made_it(show: Open, tmp_path: Path) -> None:
    from core.pipeline import full
    from core.pipeline.contract import accept_contract, propose_contract

    workspace = make_workspace(tmp_path)
    drop(workspace, "1.csv", "client_id,snapshot_date,x,exited\nA,2026-02-01,1,0\nB,2026-02-01,2,1\n")
    full.ingest_run(workspace)
    wider = "client_id,snapshot_date,x,seats,exited\nA,2026-03-01,1,5,0\nB,2026-03-01,2,7,1\n"
    accept_contract(workspace, propose_contract(workspace, drop(workspace, "wider.csv", wider)), "Ada")
    app = show(workspace.config_path, "contract")
    assert not app.exception
    changes = with_columns(app, "who", "sentence")
    assert changes["who"].tolist() == ["Ada"]
    assert "wider.csv" in changes["sentence"][0]
    assert "seats" in with_columns(app, "used_as")["column"].tolist()


def test_the_contract_opens_before_any_run_counted_what_is_usual(show: Open, two_faulty: Path) -> None:
    app = show(two_faulty, "contract")
    assert not app.exception
    assert "usual" not in with_columns(app, "used_as").columns
