"""Migrations, the same on SQLite and on Postgres: once, whole, in order, and by one process at a time."""

from __future__ import annotations

import gc
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, MetaData, create_engine, inspect, select, text

from core.errors import BellwetherError
from core.store import history, ingested, migrations, models, queue, tables
from core.store.database import Store, connect
from tests import postgres
from tests.store_builders import AT, HOUR, batch, risk

ROOT = Path(__file__).resolve().parents[1]
NAMES = [name for name, _ in migrations.MIGRATIONS]


@pytest.fixture
def engine(store_url: str) -> Iterator[Engine]:
    """An engine of a store in which nothing is made yet."""
    engine = connect(store_url)
    yield engine
    engine.dispose()


def first(how_many: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """The program as it was when it had so many migrations."""
    monkeypatch.setattr(migrations, "MIGRATIONS", migrations.MIGRATIONS[:how_many])


def test_migrations_run_once_and_are_written_down(store: Store) -> None:
    assert migrations.applied(store.engine) == NAMES
    with store.writing() as db:
        ingested.insert_batch(db, batch())
    migrations.migrate(store.engine, AT + HOUR)
    with store.reading() as db:
        assert [row.known_at for row in db.connection.execute(select(tables.migrations))] == [AT] * len(NAMES)
        assert len(ingested.list_batches(db)) == 1


def test_migrations_are_named_by_their_number_in_order() -> None:
    assert [name[:5] for name in NAMES] == [f"m{number:03d}_" for number in range(1, len(NAMES) + 1)]


def test_nothing_has_run_in_an_empty_store(engine: Engine) -> None:
    assert migrations.applied(engine) == []


# --- what stands after the last of them


def schema(engine: Engine) -> dict[str, Any]:
    """Everything the database itself says of its tables, in comparable form."""
    inspector = inspect(engine)
    found = {}
    for name in inspector.get_table_names():
        columns = {
            column["name"]: (column["type"].compile(engine.dialect), column["nullable"], column["default"])
            for column in inspector.get_columns(name)
        }
        indexes = {
            index["name"]: (tuple(index["column_names"]), bool(index["unique"]), condition(index))
            for index in inspector.get_indexes(name)
        }
        keys = {
            (tuple(key["constrained_columns"]), key["referred_table"], tuple(key["referred_columns"]))
            for key in inspector.get_foreign_keys(name)
        }
        found[name] = (columns, inspector.get_pk_constraint(name)["constrained_columns"], keys, indexes)
    return found


def condition(index: Any) -> str:
    """The condition of a partial index."""
    options = index.get("dialect_options", {})
    return " ".join(str(said) for name, said in options.items() if name.endswith("_where"))


def test_what_the_migrations_make_is_what_the_tables_say(engine: Engine, store_url: str, tmp_path: Path) -> None:
    migrations.migrate(engine, AT)
    made = schema(engine)
    with engine.execution_options(write=True).begin() as connection:
        everything = MetaData()
        everything.reflect(connection)
        everything.drop_all(connection)
    assert schema(engine) == {}
    with engine.execution_options(write=True).begin() as connection:
        tables.metadata.create_all(connection)
    wanted = schema(engine)
    assert made.keys() == wanted.keys() == tables.metadata.tables.keys()
    for name in wanted:
        assert made[name] == wanted[name], name
    partial = {name: found for name, (*_, indexes) in wanted.items() for found in indexes.values() if found[2]}
    assert set(partial) == {"batches", "jobs"}, "the conditions were seen at all"
    assert all(unique for _, unique, _ in partial.values())


def test_instants_are_compared_by_their_bytes_in_every_table_of_postgres(
    postgres_url: str, postgres_server: postgres.Server
) -> None:
    engine = connect(postgres_url)
    migrations.migrate(engine, AT)
    wanted = {
        (table.name, column.name)
        for table in tables.metadata.tables.values()
        for column in table.columns
        if column.name in {"known_at", "as_of"} or column.name.endswith("_at")
    }
    asked = text(
        "select table_name, column_name from information_schema.columns "
        "where table_schema = 'public' and collation_name = 'C'"
    )
    with engine.connect() as connection:
        assert {tuple(row) for row in connection.execute(asked)} == wanted
    engine.dispose()


# --- one after the other


def test_a_store_of_the_first_release_is_brought_up_to_date_and_keeps_its_rows(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as then:
        first(1, then)
        migrations.migrate(engine, AT)
    assert migrations.applied(engine) == NAMES[:1]
    assert not inspect(engine).has_table("withdrawals")
    row = batch(sha256="b" * 64)
    columns = ", ".join(f'"{name}"' for name in row)
    values = ", ".join(f":{name}" for name in row)
    with engine.execution_options(write=True).begin() as connection:
        written = {**row, "known_at": "2026-01-05T09:00:00.000000Z"}
        connection.execute(text(f"insert into batches ({columns}) values ({values})"), written)
    store = Store(engine)
    with store.writing() as db:
        run = history.insert_run(db, "full", AT)
        models.insert_risks(db, run, [risk("C1", 0.25)], AT)
        assert queue.insert_job(db, "full", "c.toml", AT, "Anna")

    migrations.migrate(engine, AT + HOUR)

    with store.reading() as db:
        kept = ingested.taken_batches(db)
        assert [(one.sha256, one.known_at, one.read) for one in kept] == [("b" * 64, AT, 3)]
        assert (kept[0].dialect, kept[0].bad_cells, kept[0].disagreed) == ("", 0, 0)
        assert [one["id"] for one in history.list_runs(db)] == [run]
        assert models.current_risks(db)["risk"].tolist() == [0.25]
        assert [job.kind for job in queue.list_jobs(db)] == ["full"]
        known = dict(db.connection.execute(select(tables.migrations.c.name, tables.migrations.c.known_at)).all())
    assert known == {NAMES[0]: AT} | dict.fromkeys(NAMES[1:], AT + HOUR)
    with store.writing() as db:
        ingested.insert_withdrawal(db, kept[0].id, ingested.WITHDRAW, "a mistake", AT + HOUR)
        assert ingested.insert_batch(db, batch()) > kept[0].id
        assert not queue.insert_job(db, "full", "c.toml", AT, "Anna")


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


# --- whole, or not at all


def test_a_failing_migration_leaves_nothing_behind(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    def m900_half_way(connection: Connection) -> None:
        connection.execute(text("create table half (id integer)"))
        connection.execute(text("insert into half values (1)"))
        connection.execute(text("alter table batches add column half integer"))
        raise RuntimeError("no further")

    before = migrations.applied(store.engine), schema(store.engine)
    monkeypatch.setattr(migrations, "MIGRATIONS", [*migrations.MIGRATIONS, ("m900_half_way", m900_half_way)])
    with pytest.raises(RuntimeError, match="no further"):
        migrations.migrate(store.engine, AT)
    assert (migrations.applied(store.engine), schema(store.engine)) == before


def test_a_failing_first_migration_leaves_an_empty_store(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    def m001(connection: Connection) -> None:
        tables.metadata.create_all(connection)
        raise RuntimeError("no further")

    monkeypatch.setattr(migrations, "MIGRATIONS", [("m001", m001)])
    with pytest.raises(RuntimeError, match="no further"):
        migrations.migrate(engine, AT)
    assert inspect(engine).get_table_names() == []


def test_each_real_migration_that_fails_at_its_end_leaves_the_store_of_before(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number, (name, migration) in enumerate(migrations.MIGRATIONS):

        def failing(connection: Connection, migration: Any = migration) -> None:
            migration(connection)
            raise RuntimeError("no further")

        before = schema(engine)
        with monkeypatch.context() as then:
            then.setattr(migrations, "MIGRATIONS", [*migrations.MIGRATIONS[:number], (name, failing)])
            with pytest.raises(RuntimeError, match="no further"):
                migrations.migrate(engine, AT)
        assert schema(engine) == before, name
        with monkeypatch.context() as then:
            first(number + 1, then)
            migrations.migrate(engine, AT)
        assert migrations.applied(engine) == NAMES[: number + 1]


def test_a_store_of_a_newer_program_is_refused_untouched(store: Store) -> None:
    with store.writing() as db:
        db.insert(tables.migrations, [{"name": "m999_from_the_future", "known_at": AT}])
    with pytest.raises(BellwetherError) as refused:
        migrations.migrate(store.engine, AT)
    assert str(refused.value) == (
        "The store was made by a newer Bellwether (it knows m999_from_the_future); install that version, "
        "or restore a backup made by this one."
    )


# --- by one process at a time


def test_two_threads_that_migrate_at_once_do_it_once(store_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    ran = []
    begin = threading.Barrier(4)

    def counted(name: str, migration: Any) -> Any:
        def run(connection: Connection) -> None:
            ran.append(name)
            migration(connection)

        return run

    counting = [(name, counted(name, migration)) for name, migration in migrations.MIGRATIONS]
    monkeypatch.setattr(migrations, "MIGRATIONS", counting)

    def work(_: int) -> None:
        engine = connect(store_url)
        begin.wait(30)
        migrations.migrate(engine, AT)
        assert migrations.applied(engine) == NAMES
        engine.dispose()

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(work, range(4)))
    assert ran == NAMES


_MIGRATES = """
import sys
from datetime import UTC, datetime
from core.store import migrations
from core.store.database import connect
engine = connect(sys.argv[1])
print("ready", flush=True)
sys.stdin.readline()
migrations.migrate(engine, datetime(2026, 1, 5, 9, tzinfo=UTC))
print(*migrations.applied(engine), flush=True)
"""


def test_processes_that_migrate_at_once_do_not_break_each_other(store_url: str) -> None:
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", _MIGRATES, store_url],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT,
        )
        for _ in range(3)
    ]  # fmt: skip
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in processes:  # all have what they need; now they run at once
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    for process in processes:
        said, _ = process.communicate(timeout=60)
        assert process.returncode == 0
        assert said.split() == NAMES


def test_an_engine_that_is_no_longer_used_closes_its_connections(postgres_url: str) -> None:
    def count() -> int:
        with watching.connect() as connection:
            asked = "select count(*) from pg_stat_activity where datname = current_database()"
            return int(connection.execute(text(asked)).scalar_one())

    watching = create_engine(postgres_url)
    before = count()
    store = Store(connect(postgres_url))
    migrations.migrate(store.engine, AT)
    with store.reading() as one, store.reading() as other:
        assert history.list_runs(one) == history.list_runs(other)
        assert count() == before + 2
    del store, one, other
    gc.collect()
    assert count() == before
    watching.dispose()
