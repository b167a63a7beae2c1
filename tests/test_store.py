"""What the database promises: migrations, instants, the clock filter, uniqueness."""

from __future__ import annotations

import sqlite3
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, inspect, select, text
from sqlalchemy.exc import IntegrityError, StatementError

from core.errors import BellwetherError
from core.records import Decision, Metric
from core.store import history, ingested, migrations, models, queue, tables
from core.store.database import Session, Store, connect, sqlite_url

AT = datetime(2026, 1, 5, 9, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """A fresh store."""
    engine = connect(sqlite_url(tmp_path / "risk.db"))
    migrations.migrate(engine, AT)
    return Store(engine)


def batch(**changes: Any) -> dict[str, Any]:
    return {
        "source": "incoming", "name": "a.csv", "sha256": "a" * 64, "holds": "clients", "known_at": AT, "seconds": 0.1,
        "read": 3, "accepted": 3, "duplicate": 0, "superseded": 0, "rejected": 0, "part": "p", "refused": "",
        "read_by": "rules",
    } | changes  # fmt: skip


# --- migrations


def test_migrations_run_once_and_are_written_down(store: Store) -> None:
    names = [name for name, _ in migrations.MIGRATIONS]
    assert migrations.applied(store.engine) == names
    with store.writing() as db:
        ingested.insert_batch(db, batch())
    migrations.migrate(store.engine, AT + HOUR)
    with store.reading() as db:
        assert [row.known_at for row in db.connection.execute(select(tables.migrations))] == [AT] * len(names)
        assert len(ingested.list_batches(db)) == 1


def test_a_later_migration_runs_on_top_of_what_is_there(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    ran = []

    def m900_more(connection: Connection) -> None:
        ran.append(1)
        connection.execute(text("create table more (id integer)"))

    monkeypatch.setattr(migrations, "MIGRATIONS", [*migrations.MIGRATIONS, ("m900_more", m900_more)])
    for _ in range(2):
        migrations.migrate(store.engine, AT)
    assert ran == [1]
    assert inspect(store.engine).has_table("more")


def test_a_failing_migration_leaves_nothing_behind(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    def m900_half_way(connection: Connection) -> None:
        connection.execute(text("create table half (id integer)"))
        connection.execute(text("insert into half values (1)"))
        connection.execute(text("alter table batches add column half integer"))
        raise RuntimeError("no further")

    before = migrations.applied(store.engine)
    monkeypatch.setattr(migrations, "MIGRATIONS", [*migrations.MIGRATIONS, ("m900_half_way", m900_half_way)])
    with pytest.raises(RuntimeError, match="no further"):
        migrations.migrate(store.engine, AT)
    assert migrations.applied(store.engine) == before
    assert not inspect(store.engine).has_table("half")
    assert "half" not in {column["name"] for column in inspect(store.engine).get_columns("batches")}


def test_a_failing_first_migration_leaves_an_empty_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def m001(connection: Connection) -> None:
        tables.metadata.create_all(connection)
        raise RuntimeError("no further")

    monkeypatch.setattr(migrations, "MIGRATIONS", [("m001", m001)])
    engine = connect(sqlite_url(tmp_path / "risk.db"))
    with pytest.raises(RuntimeError, match="no further"):
        migrations.migrate(engine, AT)
    assert inspect(engine).get_table_names() == []


def test_a_store_of_a_newer_program_is_refused_untouched(store: Store) -> None:
    with store.writing() as db:
        db.insert(tables.migrations, [{"name": "m999_from_the_future", "known_at": AT}])
    with pytest.raises(BellwetherError) as refused:
        migrations.migrate(store.engine, AT)
    assert str(refused.value) == (
        "The store was made by a newer Bellwether (it knows m999_from_the_future); install that version, "
        "or restore a backup made by this one."
    )


# --- instants and transactions


def test_naive_datetimes_are_refused(store: Store) -> None:
    with pytest.raises(StatementError, match="instants are aware"), store.writing() as db:
        history.insert_run(db, "full", datetime(2026, 1, 5, 9))  # noqa: DTZ001  that is the point
    with pytest.raises(StatementError, match="instants are aware"), store.reading() as db:
        db.connection.execute(select(tables.runs).where(tables.runs.c.known_at <= datetime(2026, 1, 5))).all()  # noqa: DTZ001
    with store.reading() as db:
        assert history.list_runs(db) == []


def test_instants_come_back_in_utc_to_the_microsecond_and_sort_as_text(store: Store) -> None:
    east = datetime(2026, 1, 5, 9, 0, 0, 1, tzinfo=timezone(timedelta(hours=5, minutes=30)))
    moments = [AT, AT + timedelta(microseconds=1), AT + HOUR, AT + timedelta(days=400)]
    with store.writing() as db:
        for at in [*reversed(moments), east]:
            history.insert_run(db, "full", at)
    with store.reading() as db:
        kept = db.connection.execute(select(tables.runs.c.known_at).order_by(tables.runs.c.known_at)).scalars().all()
        raw = db.connection.execute(text("select known_at from runs order by known_at")).scalars().all()
    assert kept == [east, *moments]
    assert all(at.utcoffset() == timedelta(0) for at in kept)
    assert raw[0] == "2026-01-05T03:30:00.000001Z"
    assert {len(one) for one in raw} == {27}


def test_a_transaction_is_kept_whole_or_not_at_all(store: Store) -> None:
    with pytest.raises(RuntimeError, match="half way"), store.writing() as db:
        ingested.insert_batch(db, batch())
        history.insert_run(db, "full", AT)
        raise RuntimeError("half way")
    with store.reading() as db:
        assert ingested.list_batches(db) == []
        assert history.list_runs(db) == []


def test_writing_in_the_past_is_refused(store: Store) -> None:
    past = Store(store.engine, at=AT)
    with pytest.raises(RuntimeError, match="the past is read-only"), past.writing():
        pass


def test_writers_wait_in_line_and_readers_do_not(store: Store, tmp_path: Path) -> None:
    with store.writing() as first:
        history.insert_run(first, "full", AT)
        with store.reading() as db:  # sees the state before, and is not held up
            assert history.list_runs(db) == []
        other = sqlite3.connect(tmp_path / "risk.db", timeout=0.05)
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            other.execute("begin immediate")
        other.close()
    with store.reading() as db:
        assert len(history.list_runs(db)) == 1


def test_rows_that_point_nowhere_are_refused(store: Store) -> None:
    with pytest.raises(IntegrityError), store.writing() as db:
        history.insert_step(db, 4711, "ingest", AT, 0.1)


# --- what was known when


def at(store: Store, instant: datetime | None) -> Store:
    return Store(store.engine, at=instant)


def test_known_shows_what_was_known_at_the_instant_and_nothing_later(store: Store) -> None:
    with store.writing() as db:
        for hours in (0, 1, 2):
            ingested.insert_batch(db, batch(sha256=str(hours) * 64, known_at=AT + hours * HOUR))

    def seen(instant: datetime | None) -> list[str]:
        with at(store, instant).reading() as db:
            return [one.sha256[0] for one in reversed(ingested.list_batches(db))]

    assert seen(None) == ["0", "1", "2"]
    assert seen(AT + HOUR) == ["0", "1"], "what became known at the instant itself is known"
    assert seen(AT + HOUR - timedelta(microseconds=1)) == ["0"]
    assert seen(AT - HOUR) == []


def risk(client: str, share: float | None, **changes: Any) -> dict[str, Any]:
    return {
        "client": client, "as_of": AT, "version": "v1", "risk": share, "content": "00", "out_of_fold": False,
        "off_list": "" if share is not None else "left", "label": "", "owner": "", "value": None, "reasons": [],
    } | changes  # fmt: skip


def test_every_list_keeps_to_its_instant(store: Store) -> None:
    for hours, share in ((0, 0.1), (1, 0.2), (2, None)):
        now = AT + hours * HOUR
        with store.writing() as db:
            run = history.insert_run(db, "full", now)
            models.insert_risks(db, run, [risk("C1", share)], now)
            metric = Metric(metric="roc_auc", n=10 + hours, value=0.7, low=0.6, high=0.8)
            history.insert_metrics(db, run, "v1", "realised", "2026-01", [metric], now)
            decision = Decision(question="retrain", answer=False, sentence=f"at {hours}")
            history.insert_decision(db, run, decision, now)
            history.end_run(db, run, now, state="done", sentence="", seconds=1.0, key=f"key {hours}")
            ingested.insert_contract(db, f'"{hours}"', now)
    for hours in (0, 1, 2):
        with at(store, AT + hours * HOUR).reading() as db:
            current = models.current_risks(db)
            assert len(current) == 1
            assert current["risk"].isna().tolist() == [hours == 2]
            assert len(models.risks_of_client(db, "C1")) == hours + 1
            assert len(models.delivered_risks(db)) == min(hours + 1, 2)
            assert history.list_metrics(db, "realised")["n"].tolist() == [10 + hours]
            assert next(one["sentence"] for one in history.list_decisions(db)) == f"at {hours}"
            assert history.last_state(db) == (f"key {hours}", AT + hours * HOUR)
            assert len(history.list_runs(db)) == hours + 1
            assert ingested.read_contract(db) == f'"{hours}"'
    with at(store, AT - HOUR).reading() as db:
        assert len(models.current_risks(db)) == 0
        assert history.last_state(db) is None
        assert ingested.read_contract(db) is None


def test_a_run_that_was_cut_off_is_unfinished_also_while_it_ran(store: Store) -> None:
    with store.writing() as db:
        run = history.insert_run(db, "full", AT)
    with store.reading() as db:
        assert history.list_runs(db)[0]["state"] == "unfinished"
    with store.writing() as db:
        history.end_run(db, run, AT + HOUR, state="failed", sentence="why", seconds=2.0, key="")
    with store.reading() as db:
        assert history.list_runs(db)[0]["state"] == "failed"
        assert history.last_state(db) is None, "only a full run that was done leaves a state"
    with at(store, AT).reading() as db:
        assert history.list_runs(db)[0]["state"] == "unfinished"


def test_figures_that_cannot_be_said_are_kept_as_nothing(store: Store) -> None:
    nothing = float("nan")
    with store.writing() as db:
        run = history.insert_run(db, "full", AT)
        metric = Metric(metric="f1", n=3, value=nothing, low=nothing, high=nothing)
        history.insert_metrics(db, run, "v1", "realised", "c", [metric], AT)
        evidence = {"high": nothing, "age": float("inf"), "inside": [nothing, 1.5]}
        decision = Decision(question="retrain", answer=False, sentence="s", evidence=evidence)
        history.insert_decision(db, run, decision, AT)
    with store.reading() as db:
        assert history.list_metrics(db, "realised")["value"].isna().all()
        assert history.list_decisions(db)[0]["evidence"] == {"high": None, "age": None, "inside": [None, 1.5]}


# --- batches


def test_a_content_is_taken_once_however_often_it_was_refused(store: Store) -> None:
    with store.writing() as db:
        ingested.insert_batch(db, batch(refused="no column", read_by="old rules"))
        ingested.insert_batch(db, batch(refused="no column", read_by="newer rules"))
        ingested.insert_batch(db, batch(name="renamed.csv"))
    with pytest.raises(IntegrityError), store.writing() as db:
        ingested.insert_batch(db, batch(name="again.csv", source="elsewhere"))
    with store.reading() as db:
        assert [one.name for one in ingested.list_batches(db)] == ["renamed.csv", "a.csv", "a.csv"]
        assert [one.name for one in ingested.taken_batches(db)] == ["renamed.csv"]


def test_a_content_is_settled_when_taken_or_refused_under_the_same_rules(store: Store) -> None:
    with store.writing() as db:
        ingested.insert_batch(db, batch(sha256="t" * 64))
        ingested.insert_batch(db, batch(sha256="r" * 64, refused="no column", read_by="rules"))
    with store.reading() as db:
        assert ingested.is_settled(db, "t" * 64, "other rules")
        assert ingested.is_settled(db, "r" * 64, "rules")
        assert not ingested.is_settled(db, "r" * 64, "other rules")
        assert not ingested.is_settled(db, "n" * 64, "rules")


def test_batches_count_in_the_order_in_which_they_became_known(store: Store) -> None:
    with store.writing() as db:
        ingested.insert_batch(db, batch(sha256="1" * 64, name="late", known_at=AT + HOUR))
        ingested.insert_batch(db, batch(sha256="2" * 64, name="early", known_at=AT))
        ingested.insert_batch(db, batch(sha256="3" * 64, name="early too", known_at=AT))
    with store.reading() as db:
        assert [one.name for one in ingested.taken_batches(db)] == ["early", "early too", "late"]


# --- the queue


def ask(db: Session, kind: str, config: str = "c.toml") -> bool:
    return queue.insert_job(db, kind, config, AT, "a person")


def test_one_job_of_a_kind_waits_for_each_config(store: Store) -> None:
    with store.writing() as db:
        assert ask(db, "full")
        assert not ask(db, "full")
        assert ask(db, "ingest")
        assert ask(db, "full", "other.toml")
    with store.reading() as db:
        assert len(queue.list_jobs(db)) == 3


def test_while_a_job_runs_none_of_its_kind_is_queued_and_once_it_ended_one_is(store: Store) -> None:
    with store.writing() as db:
        assert ask(db, "full")
        job = queue.claim_job(db, AT)
        assert job is not None
        assert job.state == "running"
        assert not ask(db, "full")
        queue.update_job(db, job.id, state="failed", ended_at=AT)
        assert ask(db, "full")
        assert not ask(db, "full")
    with store.reading() as db:
        assert [one.state for one in queue.list_jobs(db)] == ["queued", "failed"]


def test_a_refused_job_spoils_nothing_else_of_its_transaction(store: Store) -> None:
    with store.writing() as db:
        ask(db, "full")
    with store.writing() as db:
        history.insert_run(db, "full", AT)
        assert not ask(db, "full")
        history.insert_run(db, "ingest", AT)
    with store.reading() as db:
        assert len(history.list_runs(db)) == 2


def test_jobs_are_claimed_in_the_order_they_were_asked_for_and_each_once(store: Store) -> None:
    with store.writing() as db:
        for kind in ("packages", "full", "ingest"):
            ask(db, kind)
    claimed = []
    for _ in range(4):
        with store.writing() as db:
            job = queue.claim_job(db, AT)
            claimed.append(job and job.kind)
    assert claimed == ["packages", "full", "ingest", None]
