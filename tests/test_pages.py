"""Every page by itself and by navigation: with nothing, with too little, with no model, and with rich data."""

from __future__ import annotations

import doctest
from dataclasses import fields
from pathlib import Path

import pytest

from core import jobs
from core.store import history
from core.views import operations
from pages.components import texts
from pages.components.texts import plain
from tests.dashboard_fixtures import HOSTILE, PAGES, Stores, copy, opened, with_example
from tests.page_driver import TITLES, Open, button, tables, words


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


@pytest.mark.parametrize(
    "page", ["clients", "client", "score", "quality", "drift", "versions", "ingestion", "rejected", "contract"]
)
def test_an_empty_page_says_what_to_do_next(stores: Stores, show: Open, page: str) -> None:
    said = words(show(stores.empty / "config.toml", page))
    assert str(stores.empty / "incoming") in said


def test_the_empty_overview_offers_ones_own_files_or_the_example_company(stores: Stores, show: Open) -> None:
    app = show(stores.empty / "config.toml", "today")
    said = words(app)
    assert "There are two ways to begin" in said
    assert str(stores.empty / "incoming") in said
    assert "Look for files now" in said
    assert "Show me an example company" in said


def test_asking_for_the_example_queues_one_demo_job_and_says_how_far_it_is(
    stores: Stores, show: Open, tmp_path: Path
) -> None:
    config = copy(stores.empty, tmp_path / "own")
    app = show(config, "today")
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
    app = show(config, "today")
    assert button(app, "Look at the example company")
    assert "You can look at it already" in words(app)


def test_the_example_stays_in_sight_from_page_to_page_until_one_goes_back(
    stores: Stores, show: Open, tmp_path: Path
) -> None:
    app = show(with_example(stores, tmp_path / "own"), "today", workspace="example")
    assert "made one. Your own clients are never mixed with it." in words(app)
    assert "Together you can call 60 clients this week" in words(app)
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
    app = show(config, "versions", workspace="example")
    button(app, "Retrain now").click().run()
    own = opened(config)
    assert [(job.kind, job.config) for job in operations.jobs(own)] == [
        ("retrain", str(own.folder / "example" / "config.toml"))
    ]
    assert not operations.jobs(opened(own.folder / "example" / "config.toml"))


def test_jobs_name_for_whom_they_are_where_not_for_ones_own_clients(stores: Stores, show: Open, tmp_path: Path) -> None:
    config = copy(stores.rich, tmp_path / "own")
    own = opened(config)
    jobs.enqueue(own.store, "full", str(own.config_path), own.now(), "Ada")
    (shown,) = tables(show(config, "jobs"))
    assert "whose" not in shown
    jobs.enqueue(own.store, "retrain", str(own.folder / "example" / "config.toml"), own.now(), "Ada")
    (shown,) = tables(show(config, "jobs"))
    assert shown["whose"].tolist() == ["example company", ""]


def test_without_an_example_the_address_of_one_shows_ones_own(stores: Stores, show: Open) -> None:
    app = show(stores.provisional / "config.toml", "today", workspace="example")
    assert "made one." not in words(app)
    assert "This list is provisional." in words(app)


@pytest.mark.parametrize("page", ["today", "clients", "quality", "score"])
def test_without_a_model_the_gate_says_why_there_is_no_list(stores: Stores, show: Open, page: str) -> None:
    said = words(show(stores.no_list / "config.toml", page))
    assert "No list, because no model is good enough yet. Not promoted" in said
    assert "no better than the base rate" in said


def test_an_amber_bar_says_how_to_start_a_worker_and_what_to_do_about_a_late_one(
    stores: Stores, show: Open, tmp_path: Path
) -> None:
    config = copy(stores.rich, tmp_path / "own")
    assert "python worker.py" in show(config, "today").warning[0].value
    own = opened(config)
    jobs.hold_lease(own.store, "here", own.now())
    app = show(config, "today")
    assert "The full process is late" in app.warning[0].value
    assert "Worker is late" in words(app)
    with own.store.writing() as db:
        run = history.insert_run(db, "full", own.now())
        history.end_run(db, run, own.now(), state="done", sentence="", seconds=1, key="")
    app = show(config, "today")
    assert not app.warning
    assert "Worker at work" in words(app)


def test_a_name_from_a_file_is_no_markdown(stores: Stores, show: Open) -> None:
    app = show(stores.rich / "config.toml", "client", client="C00007")
    assert app.header[0].value == plain(HOSTILE)
    assert "![" not in app.header[0].value.replace("\\!\\[", "")


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
