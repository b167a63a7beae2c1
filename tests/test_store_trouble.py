"""What is wrong with the store's database is told in a sentence, without its password; our own faults stay loud."""

from __future__ import annotations

import os
import shlex
import socket
import sqlite3
import subprocess
import threading
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event, text
from sqlalchemy.exc import DBAPIError, IntegrityError

from core.cli import main
from core.errors import BellwetherError, Busy, ConfigError
from core.store import history, ingested, migrations
from core.store.database import Store, connect, sqlite_url
from core.store.trouble import StoreTrouble
from tests import postgres
from tests.builders import toml
from tests.postgres import PASSWORD, Server
from tests.store_builders import AT, batch

# --- the URL


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("", "[store] url cannot be understood; it looks like "),
        ("risk.db", "[store] url cannot be understood; it looks like "),
        ("postgresql+psycopg://risk:secret@host:five/risk", "[store] url cannot be understood; it looks like "),
        ("postgresql+psycopg://risk:sec@ret@host/risk", "with %40 for an @ in the password"),
        ("postgres://risk:secret@host/risk", "[store] url names 'postgres', on which the store does not run; write "),
        ("postgresql+psycopg2://risk:secret@host/risk", "[store] url names 'postgresql+psycopg2', on which"),
        ("postgresql+psycpg://risk:secret@host/risk", "[store] url names 'postgresql+psycpg', on which"),
        ("mysql+pymysql://risk:secret@host/risk", "[store] url names 'mysql+pymysql', on which"),
        ("sqlite+aiosqlite:///risk.db", "[store] url names 'sqlite+aiosqlite', on which"),
        ("sqlite://", "must name a file by its whole path, as in sqlite:////folder/risk.db; got 'sqlite://'."),
        ("sqlite:///:memory:", "must name a file by its whole path, as in sqlite:////folder/risk.db; got "),
        ("sqlite:///risk.db", "must name a file by its whole path, as in sqlite:////folder/risk.db; got "),
        ("sqlite:///file:/risk.db?uri=true", "must name a file by its whole path"),
        (
            "postgresql+psycopg://risk:secret@host?password=secret",
            "[store] url must name a database, as in postgresql+psycopg://user:password@host:5432/database; "
            "got 'postgresql+psycopg://risk:***@host'.",
        ),
    ],
)  # fmt: skip
def test_a_url_that_no_store_can_have_is_refused(url: str, sentence: str) -> None:
    with pytest.raises(ConfigError) as refused:
        connect(url)
    assert sentence in str(refused.value)
    assert "sec" not in str(refused.value)


def test_postgresql_alone_means_the_driver_that_is_here() -> None:
    assert connect("postgresql://risk@host/risk").url.drivername == "postgresql+psycopg"
    assert connect("sqlite:////tmp/risk.db").url.drivername == "sqlite"


def test_a_file_may_stand_in_a_folder_of_any_name(tmp_path: Path) -> None:
    path = tmp_path / "50 % off? #1 [a&b=c] ü@:%20" / "risk.db"
    path.parent.mkdir()
    store = embedded(path)
    with store.exclusively():
        assert len(_batches(store)) == 1
    assert {one.name for one in path.parent.iterdir()} >= {"risk.db", "risk.db.lock"}


# --- SQLite


def embedded(path: Path, *, patience: float = 30) -> Store:
    """A store in a file, up to date, with one batch."""
    store = Store(connect(sqlite_url(path), patience=patience))
    migrations.migrate(store.engine, AT)
    if not _batches(store):
        with store.writing() as db:
            ingested.insert_batch(db, batch())
    return store


def _batches(store: Store) -> list[Any]:
    with store.reading() as db:
        return ingested.list_batches(db)


def _add(store: Store, number: int = 1) -> None:
    with store.writing() as db:
        ingested.insert_batch(db, batch(sha256=f"{number:064d}", part="x" * 5000))


@contextmanager
def as_nobody() -> Iterator[None]:
    """Be a user whom permissions concern; root is not."""
    mine = os.geteuid()
    if mine == 0:
        os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(mine)


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """A folder that belongs to whom `as_nobody` is."""
    made = tmp_path / "data"
    made.mkdir()
    above = ((one, one.stat().st_mode) for one in (tmp_path, *tmp_path.parents))
    modes = {one: mode for one, mode in above if not mode & 0o001}
    if os.geteuid() == 0:
        os.chown(made, 65534, -1)
        for one, mode in modes.items():
            one.chmod(mode | 0o011)
    yield made
    made.chmod(0o755)
    for one, mode in modes.items():
        one.chmod(mode)


@pytest.mark.parametrize(
    "content", [b"client,exited\nC1,0\n" * 500, b"\x00" * 8192, b"SQLite format 3\x00" + b"\xff" * 8000]
)
def test_a_file_that_is_no_database_is_told_and_left_as_it_is(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "risk.db"
    path.write_bytes(content)
    with pytest.raises(StoreTrouble) as told:
        migrations.migrate(connect(sqlite_url(path)), AT)
    assert str(told.value) == (
        f"The store {path} is damaged, or is no SQLite database (file is not a database). Restore a backup, or move "
        "the file away to begin with an empty store."
    )
    assert path.read_bytes() == content


def test_a_damaged_page_is_told_when_it_is_read(tmp_path: Path) -> None:
    path = tmp_path / "risk.db"
    store = embedded(path)
    for number in range(50):
        _add(store, number)
    content = bytearray(path.read_bytes())
    content[4096:] = b"\xa5" * (len(content) - 4096)
    path.write_bytes(content)
    with pytest.raises(StoreTrouble, match="is damaged, or is no SQLite database"):
        _batches(store)


def test_a_missing_folder_is_told(tmp_path: Path) -> None:
    path = tmp_path / "gone" / "risk.db"
    with pytest.raises(StoreTrouble) as told:
        migrations.migrate(connect(sqlite_url(path)), AT)
    assert str(told.value) == (
        f"The store {path} cannot be opened for writing (unable to open database file). See that the folder "
        f"{path.parent} is there, and that the user who runs Bellwether may write to it and to every file in it."
    )


def test_a_folder_that_may_not_be_written_to_is_told(folder: Path) -> None:
    folder.chmod(0o555)
    with as_nobody(), pytest.raises(StoreTrouble, match=r"See that the folder .*data is there, and that the user"):
        migrations.migrate(connect(sqlite_url(folder / "risk.db")), AT)


def test_a_file_that_may_not_be_written_to_is_told(folder: Path) -> None:
    with as_nobody():
        store = embedded(folder / "risk.db")
    (folder / "risk.db").chmod(0o444)
    with as_nobody(), pytest.raises(StoreTrouble, match="may write to it and to every file in it"):
        _add(store)
    (folder / "risk.db").chmod(0o000)
    with as_nobody(), pytest.raises(StoreTrouble, match="may write to it and to every file in it"):
        _batches(store)


def test_a_lock_file_that_cannot_be_made_is_told(folder: Path) -> None:
    with as_nobody():
        store = embedded(folder / "risk.db")
    folder.chmod(0o555)
    with as_nobody(), pytest.raises(StoreTrouble) as told, store.exclusively():
        pass
    assert str(told.value) == (
        f"The lock file {folder}/risk.db.lock of the store cannot be made (Permission denied). See that the user who "
        f"runs Bellwether may write to it and to the folder {folder}, and that its disk is not full."
    )


def test_a_full_disk_is_told_and_nothing_of_the_transaction_is_kept(tmp_path: Path) -> None:
    store = embedded(tmp_path / "risk.db")

    @event.listens_for(store.engine, "connect")
    def _small(connection: sqlite3.Connection, _record: object) -> None:
        pages = connection.execute("pragma page_count").fetchone()[0]
        connection.execute(f"pragma max_page_count = {pages + 2}")

    with pytest.raises(StoreTrouble) as told, store.writing() as db:
        for number in range(100):
            ingested.insert_batch(db, batch(sha256=f"{number:064d}", part="x" * 5000))
    assert str(told.value) == (
        f"The store {tmp_path}/risk.db cannot grow (database or disk is full). Make room on its disk and try again; "
        "nothing of what was being written was kept."
    )
    assert len(_batches(store)) == 1


def test_a_lock_that_is_held_too_long_is_told(tmp_path: Path) -> None:
    store = embedded(tmp_path / "risk.db", patience=0.1)
    other = sqlite3.connect(tmp_path / "risk.db")
    other.execute("begin immediate")
    with pytest.raises(Busy) as told:
        _add(store)
    assert str(told.value) == (
        f"The store {tmp_path}/risk.db is locked: another process has been writing to it for over 0.1 seconds; "
        "try again when that one is done."
    )
    assert len(_batches(store)) == 1, "it can be read all the same"
    other.close()
    _add(store)
    assert len(_batches(store)) == 2


def test_a_store_that_another_process_is_just_making_is_waited_for(tmp_path: Path) -> None:
    path = tmp_path / "risk.db"
    other = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    other.execute("begin immediate")
    with pytest.raises(Busy, match=r"for over 0\.1 seconds"):
        embedded(path, patience=0.1)
    later = threading.Timer(0.3, other.close)
    later.start()
    assert len(_batches(embedded(path))) == 1
    later.join()


# --- Postgres


@pytest.fixture
def served(postgres_url: str) -> Iterator[Store]:
    """A store in Postgres, up to date, with one batch; locks are waited for 0.2 s."""
    store = Store(connect(postgres_url, patience=0.2))
    migrations.migrate(store.engine, AT)
    with store.writing() as db:
        ingested.insert_batch(db, batch())
    yield store
    store.engine.dispose()


def said(url: str) -> str:
    """What is said to who opens a store."""
    with pytest.raises(StoreTrouble) as told:
        migrations.migrate(connect(url), AT)
    whole = "".join(traceback.format_exception(told.value))
    for secret in (PASSWORD, PASSWORD.replace("@", "%40"), "o%3Apen", "wrong word"):
        assert secret not in whole
    return str(told.value)


@pytest.mark.postgres
def test_a_server_that_is_not_there_is_told(postgres_server: Server) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
        sentence = said(postgres_server.url("risk", port=port))
    assert sentence.startswith(f"The store postgresql+psycopg://risk:***@127.0.0.1:{port}/risk cannot be reached (")
    assert "Connection refused" in sentence
    assert sentence.endswith(
        "). See that the Postgres server runs and lets this machine in, and that [store] url is right."
    )


@pytest.mark.postgres
def test_a_host_that_nobody_knows_is_told(postgres_server: Server) -> None:
    sentence = said(postgres_server.url("risk", host="no-such-host.invalid"))
    assert "cannot be reached (failed to resolve host 'no-such-host.invalid'" in sentence


@pytest.mark.postgres
@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_a_wrong_password_is_told(postgres_server: Server, host: str) -> None:
    assert said(postgres_server.url("postgres", password="wrong word", host=host)) == (
        f"The store postgresql+psycopg://risk:***@{host}:{postgres_server.port}/postgres does not let us in "
        '(password authentication failed for user "risk"). Correct user and password in [store] url, with %40 for an '
        "@ in the password, or set PGPASSWORD."
    )


@pytest.mark.postgres
def test_a_missing_password_is_told(postgres_server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PGPASSWORD", raising=False)
    url = f"postgresql+psycopg://risk@127.0.0.1:{postgres_server.port}/postgres"
    assert "does not let us in (" in said(url)
    monkeypatch.setenv("PGPASSWORD", PASSWORD)
    assert migrations.applied(connect(url)) == []


@pytest.mark.postgres
def test_a_missing_database_is_told_with_the_command_that_makes_it(postgres_server: Server) -> None:
    url = postgres_server.url("not there yet")
    sentence, command = said(url).split(": ", 1)
    assert sentence == "The database 'not there yet' of the store is not there; make it with"
    assert command == (
        f"createdb --host 127.0.0.1 --port {postgres_server.port} --username risk --encoding UTF8 "
        "--template template0 'not there yet'"
    )
    programs = postgres.binaries()
    assert programs is not None
    subprocess.run([programs / "createdb", *shlex.split(command)[1:]], env={"PGPASSWORD": PASSWORD}, check=True)
    try:
        engine = connect(url)
        migrations.migrate(engine, AT)
        engine.dispose()
    finally:
        postgres_server.run("drop database {name}", name="not there yet")


@pytest.mark.postgres
def test_a_database_that_cannot_hold_every_character_is_refused(postgres_server: Server) -> None:
    postgres_server.run("create database {name} encoding 'LATIN1' template template0", name="latin")
    try:
        with pytest.raises(ConfigError) as refused:
            migrations.migrate(connect(postgres_server.url("latin")), AT)
    finally:
        postgres_server.run("drop database {name} with (force)", name="latin")
    assert str(refused.value) == (
        f"The database of the store postgresql+psycopg://risk:***@127.0.0.1:{postgres_server.port}/latin keeps text as "
        "LATIN1, which has not every character; make one with createdb --encoding UTF8 --template template0."
    )


@pytest.mark.postgres
def test_a_connection_that_breaks_is_told_and_the_next_one_is_fresh(served: Store) -> None:
    with pytest.raises(StoreTrouble) as told, served.writing() as db:
        ingested.insert_batch(db, batch(sha256="b" * 64))
        _end_others(served, db)
        ingested.list_batches(db)
    assert str(told.value).startswith(f"The connection to the store {_where(served)} was lost (")
    assert str(told.value).endswith("). Nothing of what was being written was kept; try again when the server is back.")
    assert len(_batches(served)) == 1


@pytest.mark.postgres
def test_connections_that_broke_while_nobody_used_them_are_not_noticed(served: Store) -> None:
    with served.reading(), served.reading(), served.reading() as db:
        here = db.connection.execute(text("select pg_backend_pid()")).scalar()
    _end_others(served, None)
    assert len(_batches(served)) == 1
    with served.reading() as db:
        assert db.connection.execute(text("select pg_backend_pid()")).scalar() != here


def _end_others(store: Store, keeping: Any) -> None:
    """End every connection to the database but a new one, as a server does that is restarted."""
    ended = text(
        "select count(pg_terminate_backend(pid, 5000)) from pg_stat_activity "
        "where datname = current_database() and pid <> pg_backend_pid()"
    )
    engine = connect(store.engine.url.render_as_string(hide_password=False))
    with engine.connect() as connection:
        assert connection.execute(ended).scalar_one() >= 1
    engine.dispose()


def _where(store: Store) -> str:
    return store.engine.url.render_as_string(hide_password=True)


@pytest.mark.postgres
def test_a_row_that_is_locked_too_long_is_told(served: Store) -> None:
    with served.writing() as first:
        first.connection.execute(text("update batches set name = 'mine'"))
        with pytest.raises(Busy) as told, served.writing() as second:
            second.connection.execute(text("update batches set name = 'yours'"))
    assert str(told.value) == (
        f"The store {_where(served)} is locked: another process has been changing the same rows for over 0.2 seconds; "
        "try again when that one is done."
    )
    assert [one.name for one in _batches(served)] == ["mine"]


@pytest.mark.postgres
def test_of_two_that_wait_for_each_other_one_is_told_to_try_again(postgres_url: str) -> None:
    store = Store(connect(postgres_url))
    migrations.migrate(store.engine, AT)
    with store.writing() as db:
        for name in "ab":
            ingested.insert_batch(db, batch(sha256=name * 64, name=name))
    both = threading.Barrier(2)
    told: list[str] = []

    def change(first: str, second: str) -> None:
        try:
            with store.writing() as db:
                db.connection.execute(text("update batches set read = read + 1 where name = :n"), {"n": first})
                both.wait(30)
                db.connection.execute(text("update batches set read = read + 1 where name = :n"), {"n": second})
        except Busy as error:
            told.append(str(error))

    threads = [threading.Thread(target=change, args=names) for names in (("a", "b"), ("b", "a"))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert told == [
        f"Another process changed the same rows of the store {_where(store)} (deadlock detected); try again."
    ]
    assert [one.read for one in _batches(store)] == [4, 4], "the other one was done"
    store.engine.dispose()


@pytest.mark.postgres
@pytest.mark.parametrize(
    ("state", "sentence"),
    [
        ("53100", "cannot grow: the disk of its server is full (as if). Make room there and try again; nothing"),
        ("53200", "is in trouble (as if). See its log, mend it, or restore a backup; nothing of what was being"),
        ("58030", "is in trouble (as if). See its log, mend it, or restore a backup; nothing of what was being"),
        ("XX001", "is in trouble (as if). See its log, mend it, or restore a backup; nothing of what was being"),
        ("57P02", "was lost (as if). Nothing of what was being written was kept; try again when the server is back."),
        ("40001", "changed the same rows of the store"),
    ],
)  # fmt: skip
def test_a_server_in_trouble_is_told(served: Store, state: str, sentence: str) -> None:
    failing = text(f"do $$ begin raise exception 'as if' using errcode = '{state}'; end $$")
    with pytest.raises(BellwetherError) as told, served.writing() as db:
        ingested.insert_batch(db, batch(sha256="b" * 64))
        db.connection.execute(failing)
    assert sentence in str(told.value)
    assert len(_batches(served)) == 1


@pytest.mark.postgres
def test_a_user_without_rights_is_told_whom_to_ask(served: Store, postgres_server: Server) -> None:
    database = str(served.engine.url.database)
    postgres_server.run("create role guest login password 'guest'")
    try:
        store = Store(connect(postgres_server.url(database, username="guest", password="guest")))
        with pytest.raises(StoreTrouble) as told:
            _batches(store)
        store.engine.dispose()
        assert str(told.value) == (
            f"The user of the store postgresql+psycopg://guest:***@127.0.0.1:{postgres_server.port}/{database} may not "
            "do what Bellwether needs (permission denied for table batches). Make that user the owner of the database "
            "and of the tables in it."
        )
    finally:
        postgres_server.run("drop role guest")


@pytest.mark.postgres
def test_a_server_that_can_only_be_read_is_told(served: Store, postgres_server: Server) -> None:
    database = str(served.engine.url.database)
    postgres_server.run("alter database {name} set default_transaction_read_only = on", name=database)
    sentence = said(postgres_server.url(database))
    assert sentence.startswith(f"The store {_where(served)} can only be read (")
    assert sentence.endswith("session is read-only). Name a server that is no standby in [store] url.")


# --- both


def test_our_own_faults_stay_loud(store: Store) -> None:
    for work in (
        lambda db: history.insert_step(db, 4711, "ingest", AT, 0.1),
        lambda db: db.connection.execute(text("insert into runs (kind) values (null)")),
        lambda db: [ingested.insert_batch(db, batch()) for _ in range(2)],
    ):
        with pytest.raises(IntegrityError), store.writing() as db:
            work(db)
    for statement in ("select * from no_such_table", "selekt 1", "select no_such_column from runs"):
        with pytest.raises(DBAPIError), store.reading() as db:
            db.connection.execute(text(statement))
    with pytest.raises(DBAPIError), store.reading() as db:
        history.insert_run(db, "full", AT)
    with pytest.raises(KeyboardInterrupt), store.writing() as db:
        history.insert_run(db, "full", AT)
        raise KeyboardInterrupt
    with store.reading() as db:
        assert history.list_runs(db) == []


def config(folder: Path, url: str) -> str:
    """A config file for that store."""
    data = {"client_id": "client_id", "outcome": "exited"}
    path = folder / "config.toml"
    path.write_text(f"data = {toml(data)}\nstore = {toml({'files': 'data', 'url': url})}\n", encoding="utf-8")
    return str(path)


def test_the_command_line_says_it_in_one_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "risk.db").write_bytes(b"no database at all, however long it is\n" * 100)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        away = f"postgresql+psycopg://risk:secret@127.0.0.1:{free.getsockname()[1]}/risk"
        for url, sentence in (
            (sqlite_url(tmp_path / "risk.db"), "is damaged, or is no SQLite database"),
            (sqlite_url(tmp_path / "gone" / "risk.db"), "cannot be opened for writing"),
            (away, "cannot be reached"),
            ("mysql://risk:secret@host/risk", "on which the store does not run"),
        ):
            assert main(["status", "--config", config(tmp_path, url)]) == 1
            out, err = capsys.readouterr()
            assert out == ""
            assert err.count("\n") == 1
            assert sentence in err
            assert "secret" not in err
            assert "Traceback" not in err
