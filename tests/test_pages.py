"""Every page by itself and by navigation: with nothing, with too little, with no model, and with rich data."""

from __future__ import annotations

import csv
import doctest
import io
import re
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from core import jobs
from core.store import history, queue
from core.views import clients, export, ingestion, model, monitoring, operations
from core.views.clients import BANDS
from core.views.quality import judgement
from core.workspace import Workspace
from pages.components import plain, texts
from tests.dashboard_fixtures import HOME, HOSTILE, PAGES, Stores, build, copy, opened, with_example

TITLES = {name: name.capitalize() for name in PAGES} | {"score": "Score a file"}
#: percentages that are not about a client: the 95 % of an interval
INTERVAL = re.compile(r"95 %( interval)?")

Open = Callable[..., AppTest]


@pytest.fixture(scope="session")
def stores(tmp_path_factory: pytest.TempPathFactory) -> Stores:
    return build(tmp_path_factory.getbasetemp() / "dashboard")


@pytest.fixture
def show(monkeypatch: pytest.MonkeyPatch) -> Open:
    """Open a page of the store of a config file, as the navigation does or `alone`, with query parameters."""

    def opened_page(config: Path, page: str, *, alone: bool = False, **query: str) -> AppTest:
        monkeypatch.setenv("RISK_CONFIG", str(config))
        path = f"pages/{page}.py"
        app = AppTest.from_file(str(HOME / path if alone else HOME / "dashboard.py"), default_timeout=30)
        for name, value in query.items():
            app.query_params[name] = value
        if alone:
            return app.run()
        app.run()
        if page == "overview":
            return app
        for name, value in query.items():
            app.query_params[name] = value
        return app.switch_page(path).run()

    return opened_page


def words(app: AppTest) -> str:
    """Every text on the page and in the sidebar, Markdown's backslashes taken away."""
    kinds = "title header markdown caption info warning error success metric code"
    found = [element for kind in kinds.split() for element in app.get(kind)]
    shown = [f"{getattr(element, 'label', '')} {element.value}" for element in found]
    shown += [f"{button.label}" for button in app.button]
    shown += [frame.value.to_csv(index=False, header=False) for frame in app.dataframe]
    return re.sub(r"\\(.)", r"\1", "\n".join(shown))


def tables(app: AppTest) -> list[pd.DataFrame]:
    return [frame.value for frame in app.dataframe]


def button(app: AppTest, label: str) -> Any:
    return next(one for one in app.button if one.label == label)


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("store", [field.name for field in fields(Stores)])
def test_every_page_opens_on_every_store_without_an_error(stores: Stores, show: Open, store: str, page: str) -> None:
    app = show(getattr(stores, store) / "config.toml", page)
    assert not app.exception
    assert not app.error
    assert [title.value for title in app.title] == [TITLES[page]]


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("store", ["empty", "rich"])
def test_every_page_works_when_nothing_ran_before_it(stores: Stores, show: Open, store: str, page: str) -> None:
    app = show(getattr(stores, store) / "config.toml", page, alone=True)
    assert not app.exception
    assert [title.value for title in app.title] == [TITLES[page]]


@pytest.mark.parametrize("page", ["clients", "score", "model", "drift", "ingestion"])
def test_an_empty_page_says_what_to_do_next(stores: Stores, show: Open, page: str) -> None:
    said = words(show(stores.empty / "config.toml", page))
    assert str(stores.empty / "incoming") in said


def test_the_empty_overview_offers_ones_own_files_or_the_example_company(stores: Stores, show: Open) -> None:
    app = show(stores.empty / "config.toml", "overview")
    said = words(app)
    assert "There are two ways to begin" in said
    assert str(stores.empty / "incoming") in said
    assert "Look for files now" in said
    assert "Show me an example company" in said


def test_asking_for_the_example_queues_one_demo_job_and_says_how_far_it_is(
    stores: Stores, show: Open, tmp_path: Path
) -> None:
    config = copy(stores.empty, tmp_path / "own")
    app = show(config, "overview")
    button(app, "Show me an example company").click().run()
    own = opened(config)
    job = operations.open_job(own, "demo", str(own.config_path))
    assert job is not None
    assert job.asked_by == "dashboard"
    assert button(app, "Show me an example company").disabled
    assert "no worker is running" in app.get("progress")[0].proto.text
    jobs.claim(own.store, own.now())
    jobs.report_progress(own.store, job.id, 0.25, "March 2026 (6 of 24): train")
    app.run()
    assert "25%. March 2026 (6 of 24): train" in app.get("progress")[0].proto.text
    jobs.finish(own.store, job.id, own.now(), "failed", "The disk is full.")
    app.run()
    assert "The disk is full." in app.error[0].value
    assert not button(app, "Show me an example company").disabled


def test_the_example_can_be_looked_at_while_it_is_still_growing(stores: Stores, show: Open, tmp_path: Path) -> None:
    config = with_example(stores, tmp_path / "own")
    own = opened(config)
    jobs.enqueue(own.store, "demo", str(own.config_path), own.now(), "dashboard")
    app = show(config, "overview")
    assert button(app, "Look at the example company")
    assert "You can look at it already" in words(app)


def test_the_example_stays_in_sight_from_page_to_page_until_one_goes_back(
    stores: Stores, show: Open, tmp_path: Path
) -> None:
    app = show(with_example(stores, tmp_path / "own"), "overview", workspace="example")
    assert "made one. Your own clients are never mixed with it." in words(app)
    assert "High risk" in words(app)
    app.switch_page("pages/clients.py").run()
    assert "made one." in words(app)
    assert app.query_params["workspace"] == "example"
    assert len(tables(app)[0]) > 300
    button(app, "Back to my own clients").click().run()
    assert "made one." not in words(app)
    assert "Nothing has come in yet." in words(app)
    assert "workspace" not in app.query_params


def test_jobs_for_the_example_stand_in_ones_own_queue_under_the_examples_config(
    stores: Stores, show: Open, tmp_path: Path
) -> None:
    config = with_example(stores, tmp_path / "own")
    app = show(config, "operations", workspace="example")
    button(app, "Retrain now").click().run()
    own = opened(config)
    assert [(job.kind, job.config) for job in operations.jobs(own)] == [
        ("retrain", str(own.folder / "example" / "config.toml"))
    ]
    assert not operations.jobs(opened(own.folder / "example" / "config.toml"))


def test_without_an_example_the_address_of_one_shows_ones_own(stores: Stores, show: Open) -> None:
    app = show(stores.provisional / "config.toml", "overview", workspace="example")
    assert "made one." not in words(app)
    assert "This list is provisional." in words(app)


@pytest.mark.parametrize("page", ["overview", "clients", "score", "model"])
def test_a_provisional_list_shows_ranks_and_no_percentage_and_no_band(stores: Stores, show: Open, page: str) -> None:
    app = show(stores.provisional / "config.toml", page)
    said = words(app)
    assert "This list is provisional. It learned from 60 known outcomes" in said
    assert "%" not in INTERVAL.sub("", said)
    assert not [band for band in BANDS if re.search(rf"\b{band}\b", said, re.IGNORECASE)]
    for table in tables(app):
        assert not {"risk", "risk_percent", "band"} & set(table.columns)


def test_one_provisional_client_has_a_rank_and_reasons_and_no_percentage(stores: Stores, show: Open) -> None:
    store = opened(stores.provisional / "config.toml")
    client = clients.client_list(store).clients["client"].iloc[0]
    app = show(store.config_path, "clients", client=client)
    assert f"id {client} · rank 1 of" in words(app)
    assert "%" not in INTERVAL.sub("", words(app))
    assert "No risk has been told yet" in words(app)


def test_a_provisional_list_leaves_as_a_file_without_risk_and_band(stores: Stores) -> None:
    found = clients.client_list(opened(stores.provisional / "config.toml"))
    assert not {"risk", "band"} & set(clients.exported(found, found.clients).columns)
    assert "rank" in clients.exported(found, found.clients)


@pytest.mark.parametrize("page", ["overview", "clients", "model", "score"])
def test_without_a_model_the_gate_says_why_there_is_no_list(stores: Stores, show: Open, page: str) -> None:
    said = words(show(stores.no_list / "config.toml", page))
    assert "No list, because no model is good enough yet. Not promoted" in said
    assert "no better than the base rate" in said


def test_a_list_by_one_column_is_called_a_rule(stores: Stores, show: Open, tmp_path: Path) -> None:
    config = copy(stores.rich, tmp_path / "rule")
    with opened(config).store.writing() as db:
        db.connection.exec_driver_sql("update versions set family = 'rule'")
    for page in ("overview", "clients"):
        assert "This list follows a rule, not a model." in words(show(config, page))


def test_the_overview_counts_clients_by_band_and_shows_model_drift_last_file_and_top_ten(
    stores: Stores, show: Open
) -> None:
    store = opened(stores.rich / "config.toml")
    app = show(store.config_path, "overview")
    found = clients.client_list(store)
    shown = {metric.label: metric.value for metric in app.metric}
    assert [shown[f"{band.capitalize()} risk"] for band in BANDS] == [f"{found.count(band):,}" for band in BANDS]
    health = model.health(store)
    assert health is not None
    assert shown["roc_auc"] == f"{health.roc_auc.value:.3f}"
    said = words(app)
    assert f"n = {health.roc_auc.n:,}" in said
    assert "clearly" in said
    assert "outcomes-4.csv" in said
    assert "Risks of 1 Jul 2026, 06:00 UTC" in said
    assert "EUR" in said
    assert len(tables(app)[0]) == 10


def test_without_a_worker_an_amber_bar_says_how_to_start_one(stores: Stores, show: Open, tmp_path: Path) -> None:
    config = copy(stores.rich, tmp_path / "own")
    assert "python worker.py" in show(config, "overview").warning[0].value
    own = opened(config)
    jobs.hold_lease(own.store, "here", own.now())
    app = show(config, "overview")
    assert not app.warning
    assert "Worker at work" in words(app)


def test_clients_are_narrowed_by_band_owner_and_search(stores: Stores, show: Open) -> None:
    app = show(stores.rich / "config.toml", "clients", band="high", owner="Anna Berger")
    listed = tables(app)[0]
    assert set(listed["band"]) == {"high"}
    assert set(listed["owner"]) == {"Anna Berger"}
    app.text_input(key="search").set_value("no such client").run()
    assert not tables(app)
    assert "No client meets these filters" in words(app)


def test_a_client_in_the_address_is_shown_with_reasons_and_history(stores: Stores, show: Open) -> None:
    store = opened(stores.rich / "config.toml")
    row = clients.client_list(store).clients.iloc[2]
    app = show(store.config_path, "clients", client=row["client"])
    assert row["name"] in words(app)
    assert f"id {row['client']} · rank {row['rank']} of 400" in words(app)
    assert "like this leave" in words(app)
    assert len(app.get("plotly_chart")) == 2
    assert "is not on this list" in words(show(store.config_path, "clients", client="C9"))


def test_selecting_a_row_names_the_client_and_not_the_row(stores: Stores) -> None:
    store = opened(stores.rich / "config.toml")
    found = clients.client_list(store)
    detail = clients.client_detail(store, found, found.clients["client"].iloc[7])
    assert detail is not None
    assert detail.row["client"] == found.clients["client"].iloc[7]
    newest = detail.history.iloc[-1]
    assert newest["risk"] == pytest.approx(detail.row["risk"])
    assert list(detail.history["known_at"]) == sorted(detail.history["known_at"])


def test_a_name_from_a_file_is_no_markdown(stores: Stores, show: Open) -> None:
    app = show(stores.rich / "config.toml", "clients", client="C00007")
    assert app.header[0].value == plain(HOSTILE)
    assert "![" not in app.header[0].value.replace("\\!\\[", "")


def test_a_file_for_spreadsheets_begins_no_cell_like_a_formula() -> None:
    frame = pd.DataFrame({"=name": ["=1+1", "+1", "-1", "@x", "\tx", "\rx", "Söhne"], "value": [-1.5] * 7})
    written = export.safe_csv(frame).decode()
    header, *rows = csv.reader(io.StringIO(written, newline=""))
    assert header == ["'=name", "value"]
    assert [row[0] for row in rows] == ["'=1+1", "'+1", "'-1", "'@x", "'\tx", "'\rx", "Söhne"]
    assert {row[1] for row in rows} == {"-1.5"}


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
    assert "1 fault set a row aside; 1 unreadable cell counted as missing." in said
    assert "names the client" in said
    summaries = tables(app)[-1].set_index("column")
    assert summaries.loc["satisfaction", "missing"] == pytest.approx(5, abs=3)
    assert float(summaries.loc["activity", "median"]) == pytest.approx(100, abs=10)


def test_the_model_page_shows_metrics_confusion_contest_versions_and_a_way_back(stores: Stores, show: Open) -> None:
    store = opened(stores.rich / "config.toml")
    app = show(store.config_path, "model")
    assert [metric.label for metric in app.metric] == [
        "roc_auc", "average_precision", "brier", "log_loss", "f1", "precision", "recall", "accuracy",
        "calibration_error", "mean_risk_gap",
    ]  # fmt: skip
    said = words(app)
    quality, judged = model.quality(store), judgement(store)
    assert quality is not None
    assert judged is not None
    assert quality.sentence in said
    assert f"Grade {judged.letter}" in said
    assert judged.grade.removeprefix(f"{judged.letter}: ") in said
    assert judged.capacity.sentence in said
    assert judged.segments_sentence in said
    assert "being explainable costs" in said
    assert all(one in said for one in judged.baselines)
    assert any("who knows the base rate alone" in one for one in judged.baselines)
    thresholds, segments, _, versions, decided, *_ = tables(app)
    assert thresholds["contacted"].is_monotonic_decreasing
    assert {"column", "segment", "off"} <= set(segments)
    assert len(versions) == len(model.versions(store))
    assert set(decided["question"]) == {"retrain?", "promote?"}
    assert not button(app, "Roll back …").disabled
    button(app, "Roll back …").click().run()
    assert f"`{model.earlier_champion(store)}` becomes champion again" in words(app)


def test_with_one_champion_there_is_nothing_to_go_back_to(stores: Stores, show: Open) -> None:
    app = show(stores.provisional / "config.toml", "model")
    assert button(app, "Roll back …").disabled


def test_drift_says_its_verdict_first_and_tells_realised_performance(stores: Stores, show: Open) -> None:
    store = opened(stores.rich / "config.toml")
    app = show(store.config_path, "drift")
    sentence = monitoring.drift_sentence(monitoring.drift(store))
    assert "activity clearly" in sentence
    assert app.markdown[0].value == f"**{plain(sentence)}**"
    performance, verdicts = tables(app)[-2:]
    assert set(performance["kind"]) >= {"realised", "estimated"}
    assert set(verdicts["kind"]) == {"realised", "estimated", "weighted", "concept"}
    assert verdicts["sentence"].str.contains("out of fold").any()


def test_retraining_is_asked_for_once_and_its_button_rests_until_it_ended(
    stores: Stores, show: Open, tmp_path: Path
) -> None:
    config = copy(stores.rich, tmp_path / "own")
    app = show(config, "operations")
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
    app = show(config, "operations")
    assert list(tables(app)[-1]["name"]) == ["numpy", "pandas", "odd"]
    assert {metric.label: metric.value for metric in app.metric}["Outdated packages"] == "1"
    assert "1 could not be looked up" in words(app)


def test_a_failed_job_is_told_in_its_own_sentence(stores: Stores, show: Open, tmp_path: Path) -> None:
    config = copy(stores.rich, tmp_path / "own")
    own = opened(config)
    jobs.enqueue(own.store, "packages", str(own.config_path), own.now(), "the schedule")
    with own.store.reading() as db:
        job = queue.list_jobs(db)[0]
    jobs.finish(own.store, job.id, own.now(), "failed", "The index does not answer.")
    assert "The index does not answer." in show(config, "operations").error[0].value


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
    assert len(tables(app)[0]) == 200
    assert list(tables(app)[0].columns[:3]) == ["region", "risk", "band"]


def test_a_provisional_model_scores_a_file_by_rank_only(stores: Stores, show: Open) -> None:
    store = opened(stores.provisional / "config.toml")
    app = scored(show, store.config_path, "mine.csv", current_clients(store, 20))
    assert "only the order of the rows is shown" in words(app)
    assert "rank" in tables(app)[0].columns
    assert not {"risk", "band"} & set(tables(app)[0].columns)
    assert sorted(tables(app)[0]["rank"])[0] == 1


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "empty"),
        (b"region,activity,annual_revenue\nnorth,3,1\n", "lacks the column 'satisfaction'"),
        (b"region,region,activity\n1,2,3\n", "Two columns are called 'region'"),
        (b"region,activity,satisfaction,annual_revenue\nnorth,3\n", "has 2 cells where the header has 4"),
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
    assert "1 cell of column activity could not be read" in app.warning[0].value


def test_the_template_holds_the_columns_of_a_client_file(stores: Stores) -> None:
    found = ingestion.contract(opened(stores.rich / "config.toml"))
    assert found is not None
    header = ingestion.template(found).decode().strip().split(",")
    assert header[:2] == ["client_id", "snapshot_date"]
    assert {"activity", "satisfaction", "region", "annual_revenue", "owner", "name"} <= set(header)
    assert "exited" not in header


def test_a_config_that_cannot_be_read_is_told_in_a_sentence_on_every_page(tmp_path: Path, show: Open) -> None:
    config = tmp_path / "config.toml"
    config.write_text('[data]\noutcome = "exited"\ncolour = "blue"\n')
    for page in PAGES:
        app = show(config, page)
        assert not app.exception
        assert "Unknown key 'data.colour'" in app.error[0].value


def test_texts_of_the_components_are_as_their_examples_say() -> None:
    assert doctest.testmod(texts).failed == 0


@pytest.mark.parametrize("page", PAGES)
def test_every_table_and_figure_is_told_in_words_too(stores: Stores, show: Open, page: str) -> None:
    app = show(stores.rich / "config.toml", page, client="C00003")
    for shown in [*app.dataframe, *app.get("plotly_chart")]:
        assert len(shown.proto.alt) > 20
