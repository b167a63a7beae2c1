"""One process at a time adds to, moves or removes files of the dataset, on SQLite and on Postgres."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import text

from core.errors import Busy
from core.store import history
from core.store.database import Store, connect
from core.store.trouble import StoreTrouble
from tests.store_builders import AT

ROOT = Path(__file__).resolve().parents[1]
#: far more than is needed; nobody waits that long
LONG = 60.0

_HOLDS = """
import sys
from core.store.database import Store, connect
store = Store(connect(sys.argv[1]))
print("asking", flush=True)
with store.exclusively():
    print("holding", flush=True)
    sys.stdin.readline()
print("done", flush=True)
"""


@contextmanager
def another_process(url: str) -> Iterator[subprocess.Popen[str]]:
    """A process that asks for the store for itself, and lets go of it when it is told a line."""
    process = subprocess.Popen(
        [sys.executable, "-c", _HOLDS, url], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT
    )
    try:
        assert line(process) == "asking"
        yield process
    finally:
        process.kill()
        process.communicate()


def line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def let_go(process: subprocess.Popen[str]) -> None:
    assert process.stdin is not None
    process.stdin.write("\n")
    process.stdin.flush()


def test_a_second_process_waits_until_we_are_done(store: Store, store_url: str) -> None:
    with store.exclusively(), another_process(store_url) as second, ThreadPoolExecutor(1) as reader:
        told = reader.submit(line, second)
        time.sleep(0.5)
        assert not told.done()
        second.kill()
        assert told.result(LONG) == "", "it never held what we hold"


def test_who_waited_gets_it_when_the_first_is_done(store: Store, store_url: str) -> None:
    with another_process(store_url) as first:
        assert line(first) == "holding"
        with another_process(store_url) as second, ThreadPoolExecutor(1) as reader:
            told = reader.submit(line, second)
            time.sleep(0.5)
            assert not told.done(), "it waits"
            let_go(first)
            assert line(first) == "done"
            assert told.result(LONG) == "holding"
            let_go(second)
            assert line(second) == "done"
    with store.exclusively(patience=LONG):
        pass


def test_a_holder_that_is_killed_frees_it(store: Store, store_url: str) -> None:
    with another_process(store_url) as holder:
        assert line(holder) == "holding"
        with pytest.raises(Busy), store.exclusively(patience=0):
            pass
        holder.send_signal(signal.SIGKILL)
        begun = time.monotonic()
        with store.exclusively(patience=LONG):
            assert time.monotonic() - begun < LONG / 2


def test_who_loses_patience_is_told_and_has_not_begun(store: Store, store_url: str) -> None:
    begun = []
    with another_process(store_url) as holder:
        assert line(holder) == "holding"
        for patience in (0, 0.2):
            asked = time.monotonic()
            with pytest.raises(Busy) as told, store.exclusively(patience=patience):
                begun.append(patience)
            assert patience <= time.monotonic() - asked < 10
    assert begun == []
    assert str(told.value) == (
        "Another process is taking in or tidying files of this workspace; try again when it is done."
    )


def test_a_thread_waits_for_another_one(store: Store) -> None:
    inside, most = 0, 0

    def work(_: int) -> None:
        nonlocal inside, most
        for _ in range(3):
            with store.exclusively(patience=LONG):
                inside += 1
                most = max(most, inside)
                time.sleep(0.005)
                inside -= 1

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(work, range(4)))
    assert most == 1


def test_the_same_thread_may_ask_again(store: Store, store_url: str) -> None:
    again = Store(connect(store_url))
    with store.exclusively(), store.exclusively(patience=0), again.exclusively(patience=0):
        pass
    with another_process(store_url) as other:
        assert line(other) == "holding", "it was given back"
        with pytest.raises(Busy), store.exclusively(patience=0):
            pass
    again.engine.dispose()


def test_the_inner_one_does_not_give_it_back(store: Store) -> None:
    got = []

    def ask() -> None:
        try:
            with store.exclusively(patience=0):
                got.append("held")
        except Busy:
            got.append("busy")

    with store.exclusively():
        with store.exclusively():
            pass
        thread = threading.Thread(target=ask)
        thread.start()
        thread.join()
    thread = threading.Thread(target=ask)
    thread.start()
    thread.join()
    assert got == ["busy", "held"]


def test_work_that_fails_gives_it_back_and_its_error_is_its_own(store: Store) -> None:
    for error in (KeyError("ours"), TimeoutError("ours"), PermissionError("ours"), Busy("ours")):
        with pytest.raises(type(error), match="ours"), store.exclusively():
            raise error
    with store.exclusively(patience=0):
        pass


def test_meanwhile_the_store_is_read_and_written_as_ever(store: Store) -> None:
    with store.exclusively():
        with ThreadPoolExecutor(1) as thread:
            thread.submit(_write, store).result(LONG)
        with store.reading() as db:
            assert len(history.list_runs(db)) == 1


def _write(store: Store) -> None:
    with store.writing() as db:
        history.insert_run(db, "full", AT)


@pytest.mark.postgres
def test_its_holder_is_not_in_a_transaction_and_its_patience_does_not_stay(postgres_url: str) -> None:
    engine = connect(postgres_url, patience=7)
    store = Store(engine)
    state = text(
        "select state from pg_stat_activity where pid in (select pid from pg_locks where locktype = 'advisory')"
    )
    with store.exclusively(patience=1), engine.connect() as connection:
        assert connection.execute(state).scalars().all() == ["idle"]
    for _ in range(3):
        with engine.connect() as connection:
            assert connection.execute(text("show lock_timeout")).scalar() == "7s"
            assert connection.execute(state).scalars().all() == [], "the lock is gone"
    engine.dispose()


@pytest.mark.postgres
def test_a_lock_that_was_lost_is_told_in_the_end(postgres_url: str) -> None:
    engine, other = connect(postgres_url), connect(postgres_url)
    ended = text("select count(pg_terminate_backend(pid, 5000)) from pg_locks where locktype = 'advisory'")
    with pytest.raises(StoreTrouble, match="was lost"), Store(engine).exclusively(), other.connect() as connection:
        assert connection.execute(ended).scalar_one() == 1
    with Store(engine).exclusively(patience=0):
        pass
    engine.dispose()
    other.dispose()
