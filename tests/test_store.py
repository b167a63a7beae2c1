"""What the database promises on SQLite and Postgres alike: instants, transactions, values, what was known when."""

from __future__ import annotations

import sqlite3
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sqlalchemy import event, select, text
from sqlalchemy.exc import DBAPIError, IntegrityError, ProgrammingError, StatementError

from core.records import ColumnDrift, Decision, Fault, Metric, Performance, Summary, Touched, Version
from core.store import audit, history, ingested, models, monitoring, tables
from core.store.database import Store, connect, sqlite_url
from core.store.migrations import migrate
from tests.store_builders import AT, HOUR, at, batch, risk

# --- instants


def test_naive_datetimes_are_refused(store: Store) -> None:
    with pytest.raises(StatementError, match="instants are aware"), store.writing() as db:
        history.insert_run(db, "full", datetime(2026, 1, 5, 9))  # noqa: DTZ001  that is the point
    with pytest.raises(StatementError, match="instants are aware"), store.reading() as db:
        db.connection.execute(select(tables.runs).where(tables.runs.c.known_at <= datetime(2026, 1, 5))).all()  # noqa: DTZ001
    with store.reading() as db:
        assert history.list_runs(db) == []


def test_instants_come_back_in_utc_to_the_microsecond_and_sort_as_text(store: Store) -> None:
    east = datetime(2026, 1, 5, 9, 0, 0, 1, tzinfo=timezone(timedelta(hours=5, minutes=30)))
    old = datetime(987, 6, 5, tzinfo=UTC)
    moments = [AT, AT + timedelta(microseconds=1), AT + HOUR, AT + timedelta(days=400)]
    with store.writing() as db:
        for moment in [*reversed(moments), old, east]:
            history.insert_run(db, "full", moment)
    with store.reading() as db:
        kept = db.connection.execute(select(tables.runs.c.known_at).order_by(tables.runs.c.known_at)).scalars().all()
        raw = db.connection.execute(text("select known_at from runs order by known_at")).scalars().all()
    assert kept == [old, east, *moments]
    assert all(moment.utcoffset() == timedelta(0) for moment in kept)
    assert raw[:2] == ["0987-06-05T00:00:00.000000Z", "2026-01-05T03:30:00.000001Z"]
    assert {len(one) for one in raw} == {27}


# --- transactions


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


def test_a_look_cannot_write_and_a_later_writer_can(store: Store) -> None:
    for statement in ("delete from runs", "create table more (id integer)"):
        with pytest.raises(DBAPIError, match=r"read-?only"), store.reading() as db:
            db.connection.execute(text(statement))
    with store.writing() as db:
        history.insert_run(db, "full", AT)


def test_a_look_sees_one_state_from_its_first_question_to_its_end(store: Store) -> None:
    with store.writing() as db:
        history.insert_run(db, "full", AT)
    with store.reading() as look:
        assert len(history.list_runs(look)) == 1
        with store.writing() as db:
            history.insert_run(db, "ingest", AT)
            ingested.insert_batch(db, batch())
        assert len(history.list_runs(look)) == 1
        assert ingested.list_batches(look) == [], "also what it had not asked for before"
    with store.reading() as look:
        assert len(history.list_runs(look)) == 2
        assert len(ingested.list_batches(look)) == 1


def test_writers_do_not_hold_up_readers(store: Store) -> None:
    with store.writing() as first:
        history.insert_run(first, "full", AT)
        with store.reading() as db:
            assert history.list_runs(db) == []
    with store.reading() as db:
        assert len(history.list_runs(db)) == 1


def test_writers_of_an_embedded_store_wait_in_line(tmp_path: Path) -> None:
    engine = connect(sqlite_url(tmp_path / "risk.db"))
    migrate(engine, AT)
    with Store(engine).writing() as db:
        history.insert_run(db, "full", AT)
        other = sqlite3.connect(tmp_path / "risk.db", timeout=0.05)
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            other.execute("begin immediate")
        other.close()


@pytest.mark.postgres
def test_writers_of_other_rows_do_not_wait_in_postgres(postgres_url: str) -> None:
    engine = connect(postgres_url, patience=0.2)
    migrate(engine, AT)
    store = Store(engine)
    with store.writing() as long, store.writing() as short:
        history.insert_run(long, "full", AT)
        history.insert_run(short, "ingest", AT)
    with store.reading() as db:
        assert len(history.list_runs(db)) == 2
    engine.dispose()


def test_rows_that_point_nowhere_are_refused(store: Store) -> None:
    with pytest.raises(IntegrityError), store.writing() as db:
        history.insert_step(db, 4711, "ingest", AT, 0.1)


def test_statements_that_are_wrong_stay_programming_errors(store: Store) -> None:
    for statement in ("select * from no_such_table", "selekt 1"):
        with pytest.raises(DBAPIError) as raised, store.reading() as db:
            db.connection.execute(text(statement))
        assert isinstance(raised.value, ProgrammingError) or store.engine.dialect.name == "sqlite"


def test_threads_share_a_store(store: Store) -> None:
    begin = threading.Barrier(8)

    def work(number: int) -> list[int]:
        begin.wait(30)
        made = []
        for _ in range(5):
            with store.writing() as db:
                made.append(history.insert_run(db, f"kind {number}", AT))
            with store.reading() as db:
                assert made[-1] in {run["id"] for run in history.list_runs(db)}
        return made

    with ThreadPoolExecutor(8) as threads:
        ids = [one for made in threads.map(work, range(8)) for one in made]
    assert len(set(ids)) == 40
    with store.reading() as db:
        assert {run["id"] for run in history.list_runs(db)} == set(ids)


# --- values


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("Zażółć & Søn (株)", "Zażółć & Søn (株)"),
        ("100 % :n %(n)s ? 'quoted' \"twice\" back\\slash", "100 % :n %(n)s ? 'quoted' \"twice\" back\\slash"),
        ("", ""),
        (" \t\r\n ", " \t\r\n "),
        ("a\0b", "a␀b"),
        ("caf\udce9", "caf\\udce9"),
        ("x" * 100_000, "x" * 100_000),
    ],
    ids=["letters", "marks", "empty", "blanks", "NUL", "half a character", "long"],
)  # fmt: skip
def test_a_text_comes_back_as_it_was_and_is_found_by_itself(store: Store, name: str, kept: str) -> None:
    with store.writing() as db:
        run = history.insert_run(db, "full", AT)
        models.insert_risks(db, run, [risk(name, 0.5, reasons=[{"column": name}]), risk("other", 0.5)], AT)
    with store.reading() as db:
        found = models.risks_of_client(db, name)
        assert found["client"].tolist() == [kept]
        assert found["reasons"].tolist() == [[{"column": name}]], "JSON can write every character"


def test_figures_that_cannot_be_said_are_kept_as_nothing(store: Store) -> None:
    nothing = float("nan")
    with store.writing() as db:
        run = history.insert_run(db, "full", AT)
        metric = Metric(metric="f1", n=3, value=nothing, low=nothing, high=nothing)
        monitoring.insert_metrics(db, run, "v1", "realised", "c", [metric], AT)
        evidence = {"high": nothing, "age": float("inf"), "inside": [nothing, 1.5]}
        decision = Decision(question="retrain", answer=False, sentence="s", evidence=evidence)
        history.insert_decision(db, run, decision, AT)
        models.insert_risks(db, run, [risk("C1", nothing), risk("C2", 0.25, value=nothing)], AT)
    with store.reading() as db:
        assert monitoring.list_metrics(db, "realised")["value"].isna().all()
        assert history.list_decisions(db)[0]["evidence"] == {"high": None, "age": None, "inside": [None, 1.5]}
        assert models.delivered_risks(db)["client"].tolist() == ["C2"], "a risk that is no number was not delivered"
        assert models.current_risks(db)["value"].isna().all()


def test_figures_come_back_to_the_last_bit(store: Store) -> None:
    figures = [0.1 + 0.2, 1 / 3, 5e-324, 1.7976931348623157e308, -0.0]
    with store.writing() as db:
        run = history.insert_run(db, "full", AT)
        models.insert_risks(db, run, [risk(f"C{n}", figure) for n, figure in enumerate(figures)], AT)
    with store.reading() as db:
        assert models.delivered_risks(db)["risk"].tolist() == figures


def test_ten_thousand_risks_are_sent_at_once(store: Store) -> None:
    sent = []
    event.listen(store.engine, "before_cursor_execute", lambda *told: sent.append(told[-1]))
    with store.writing() as db:
        run = history.insert_run(db, "full", AT)
        sent.clear()
        models.insert_risks(db, run, [risk(f"C{n:05d}", n / 10_000) for n in range(10_000)], AT)
        assert sent == [True], "one statement with many rows"
    with store.reading() as db:
        delivered = models.delivered_risks(db)
    assert delivered["client"].tolist() == [f"C{n:05d}" for n in range(10_000)], "in the order in which they were given"


# --- order


#: in the order of their bytes; a dictionary would have a, ä, B, z
CHUNKS = ["2026-01", "2026-02", "B", "_", "a", "z", "ä"]


def test_texts_sort_by_their_bytes_on_every_database(store: Store) -> None:
    with store.writing() as db:
        run = history.insert_run(db, "full", AT)
        for chunk in ("ä", "a", "2026-02", "B", "z", "_", "2026-01"):
            monitoring.insert_metrics(db, run, "v1", "realised", chunk, [metric("roc_auc")], AT)
            monitoring.insert_drift(db, run, "v1", chunk, [(drift("age", 0.1), None)], AT)
            models.insert_version(db, version(chunk))
    with store.reading() as db:
        assert monitoring.list_metrics(db, "realised")["chunk"].tolist() == CHUNKS
        assert monitoring.list_drift(db)["chunk"].tolist() == CHUNKS[::-1]
        assert [one.version for one in models.list_versions(db)] == CHUNKS[::-1]


def test_drift_is_kept_as_it_was_ranked_by_chunk_and_version_with_every_distance(store: Store) -> None:
    with store.writing() as db:
        run = history.insert_run(db, "full", AT)
        found = [(drift("strong", 0.9), Touched(40, 3, 15)), (drift("weak", 0.1), None), (drift("none", None), None)]
        monitoring.insert_drift(db, run, "v1", "2026-01", found, AT)
        monitoring.insert_drift(db, run, "v2", "2026-01", [(drift("weak", 0.3), None)], AT)
        monitoring.insert_drift(db, run, "v2", "2026-02", [(drift("weak", 0.2), None)], AT)
    with store.reading() as db:
        kept, distances = monitoring.list_drift(db), monitoring.list_statistics(db, "weak")
    assert kept["column"].tolist() == ["weak", "weak", "strong", "weak", "none"]
    assert kept["version"].tolist() == ["v2", "v2", "v1", "v1", "v1"]
    strong = kept.iloc[2]
    assert (strong["touched"], strong["touched_on_list"], strong["listed"]) == (40, 3, 15)
    assert strong["where"] == {"above": 5.0}
    assert pd.isna(kept["effect"].iloc[4])
    told = distances[["version", "chunk", "statistic", "value", "threshold", "verdict", "n"]].head(2)
    assert told.fillna(-1).to_numpy().tolist() == [
        ["v1", "2026-01", "ks", 0.1, 0.1, "stable", 10], ["v1", "2026-01", "psi", 0.02, -1, "", 10],
    ]  # fmt: skip


def test_a_fault_keeps_its_newest_answer(store: Store) -> None:
    with store.writing() as db:
        run = history.insert_run(db, "full", AT)
        found = [Fault("unit", "delay", "delay is 24 times what it was.", "Probably hours.", {"factor": 24.0})]
        monitoring.insert_faults(db, run, "2026-01", found, AT)
        assert [(one["column"], one["answer"]) for one in monitoring.list_faults(db)] == [("delay", "")]
        fault = monitoring.list_faults(db)[0]["id"]
        monitoring.insert_answer(db, fault, "real", "Ina", "so it is", AT + HOUR)
        monitoring.insert_answer(db, fault, "fault", "Ben", "no", AT + 2 * HOUR)
        assert [(one["answer"], one["answered_by"], one["note"]) for one in monitoring.list_faults(db)] == [
            ("fault", "Ben", "no")
        ]
    with at(store, AT + HOUR).reading() as db:
        assert monitoring.list_faults(db)[0]["answered_by"] == "Ina"


def test_the_newest_verdict_on_a_chunk_counts(store: Store) -> None:
    with store.writing() as db:
        run = history.insert_run(db, "full", AT)
        for verdict, chunk in (("fine", "2026-01"), ("drop", "2026-01"), ("fine", "2026-02")):
            monitoring.insert_performance(db, run, [performance(chunk, verdict)], AT)
    with store.reading() as db:
        found = monitoring.list_performance(db)
    assert found[["chunk", "verdict"]].to_numpy().tolist() == [["2026-01", "drop"], ["2026-02", "fine"]]


def performance(chunk: str, verdict: str) -> Performance:
    return Performance(
        version="v1", chunk=chunk, kind="realised", metric="roc_auc", value=0.7, low=0.6, high=0.8, reference=0.75,
        tolerance=0.02, verdict=verdict, n=100, coverage=0.9, late_days=3.0, sentence="so it is",
    )  # fmt: skip


def metric(name: str, **changes: float) -> Metric:
    return Metric(**{"metric": name, "n": 10, "value": 0.7, "low": 0.6, "high": 0.8, **changes})  # type: ignore[arg-type]


def drift(column: str, effect: float | None) -> ColumnDrift:
    return ColumnDrift(
        column=column, kind="numeric", reference_n=10, current_n=10, reference_missing=0.0, current_missing=0.5,
        reference_usual="1 to 2", current_usual="2 to 3", method="ks", effect=np.nan if effect is None else effect,
        threshold=0.1, q=0.5, verdict="stable", low_power=False, importance=0.2, sentence="so it is",
        statistics={"ks": np.nan if effect is None else effect, "psi": 0.02}, where={"above": 5.0},
    )  # fmt: skip


def version(name: str, known_at: datetime = AT) -> Version:
    return Version(
        version=name, known_at=known_at, family="logistic", provisional=False, base_rate=0.25, trained_rows=400,
        threshold=0.5, fingerprint="f" * 32, manifest_sha256="0" * 64,
    )  # fmt: skip


# --- what was known when


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


def test_every_list_keeps_to_its_instant(store: Store) -> None:
    for hours, share in ((0, 0.1), (1, 0.2), (2, None)):
        now = AT + hours * HOUR
        with store.writing() as db:
            run = history.insert_run(db, "full", now)
            models.insert_risks(db, run, [risk("C1", share)], now)
            monitoring.insert_metrics(db, run, "v1", "realised", "2026-01", [metric("roc_auc", n=10 + hours)], now)
            monitoring.insert_drift(db, run, "v1", "2026-01", [(drift("age", hours / 10), None)], now)
            decision = Decision(question="retrain", answer=False, sentence=f"at {hours}")
            history.insert_decision(db, run, decision, now)
            history.insert_step(db, run, "ingest", now, 0.5)
            history.insert_summaries(db, run, [Summary(column="age", statistic="mean", n=hours, value=1.5)], now)
            look = {"name": "pandas", "direct": True, "installed": f"{hours}", "newest": "3", "failure": ""}
            history.insert_packages(db, run, [look], now)
            history.end_run(db, run, now, state="done", sentence="", seconds=1.0, key=f"key {hours}")
            ingested.insert_contract(db, f'"{hours}"', now)
            models.insert_version(db, version(f"v{hours}", now))
            models.insert_promotion(db, f"v{hours}", now, "promote", "better")
            audit.insert_deed(db, "Anna", "promote", f"v{hours}", "better", now)
    for hours in (0, 1, 2):
        with at(store, AT + hours * HOUR).reading() as db:
            current = models.current_risks(db)
            assert len(current) == 1
            assert current["risk"].isna().tolist() == [hours == 2]
            assert len(models.risks_of_client(db, "C1")) == hours + 1
            assert len(models.delivered_risks(db)) == min(hours + 1, 2)
            assert monitoring.list_metrics(db, "realised")["n"].tolist() == [10 + hours]
            assert monitoring.list_drift(db)["effect"].tolist() == [hours / 10]
            assert next(one["sentence"] for one in history.list_decisions(db)) == f"at {hours}"
            assert history.last_state(db) == (f"key {hours}", AT + hours * HOUR)
            assert len(history.list_runs(db)) == hours + 1
            assert len(history.list_steps(db)) == hours + 1
            assert history.list_summaries(db)["n"].tolist() == [hours]
            assert history.list_packages(db)[["installed", "direct"]].to_numpy().tolist() == [[f"{hours}", True]]
            assert ingested.read_contract(db) == f'"{hours}"'
            assert [one.version for one in models.list_versions(db)] == ["v2", "v1", "v0"][2 - hours :]
            assert models.list_promotions(db)[0]["version"] == f"v{hours}"
            assert audit.list_deeds(db)[0]["subject"] == f"v{hours}"
    with at(store, AT - HOUR).reading() as db:
        assert len(models.current_risks(db)) == 0
        assert history.last_state(db) is None
        assert ingested.read_contract(db) is None
        assert len(history.list_packages(db)) == len(history.list_summaries(db)) == 0
        assert audit.list_deeds(db) == models.list_versions(db) == []


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
