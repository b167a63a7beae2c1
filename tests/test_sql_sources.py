"""Tables and queries of customers' databases: nothing is lost, nothing is changed there, and what is wrong is told."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import quote
from uuid import UUID

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, create_engine, make_url, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import NullPool

from core.config import SqlSource
from core.errors import RefusedFile
from core.sources import Fetched, fetch
from core.sources import databases as opened
from core.sources.spool import GROUP_ROWS
from core.sources.texts import text_of
from tests.postgres import PASSWORD, Server

ROOT = Path(__file__).parents[1]
postgres = pytest.mark.postgres

Row = dict[str, str | None]


@dataclass
class Customer:
    """A customer's database, and who fetches from it."""

    url: str
    folder: Path

    @property
    def engine(self) -> Engine:
        return create_engine(self.url, poolclass=NullPool)

    def run(self, *statements: str) -> None:
        with self.engine.begin() as connection:
            for statement in statements:
                connection.exec_driver_sql(statement)

    def insert(self, table: str, rows: Sequence[dict[str, Any]]) -> None:
        names = list(rows[0])
        values = ", ".join(f":{name}" for name in names)
        with self.engine.begin() as connection:
            connection.execute(text(f"insert into {table} ({', '.join(names)}) values ({values})"), list(rows))

    def source(self, **keys: Any) -> SqlSource:
        return SqlSource.model_validate({"name": "crm", "kind": "sql", "url": self.url} | keys)

    def slices(self, source: SqlSource, state: str | None = None) -> list[Fetched]:
        return list(fetch(source, state, self.folder))

    def fetch(self, source: SqlSource, state: str | None = None) -> tuple[list[Row], str | None]:
        """All rows that are new, and the state after the last of them."""
        rows: list[Row] = []
        for fetched in fetch(source, state, self.folder):
            rows += taken(fetched)
            state = fetched.state
        return rows, state

    def refusal(self, source: SqlSource, state: str | None = None) -> str:
        """The sentence in which a fetch ends."""
        with pytest.raises(RefusedFile) as told:
            self.fetch(source, state)
        assert self.left() == []
        return str(told.value)

    def left(self) -> list[str]:
        """Files that were neither given away nor removed."""
        return sorted(path.name for path in self.folder.iterdir()) if self.folder.exists() else []


def taken(fetched: Fetched) -> list[Row]:
    """The rows of a slice, whose file is removed."""
    table = pq.read_table(fetched.path)
    assert set(table.schema.types) == {pa.string()}
    assert len(table) == fetched.rows > 0
    fetched.path.unlink()
    rows: list[Row] = table.to_pylist()
    return rows


def ids(rows: Sequence[Row]) -> list[int]:
    return [int(row["id"] or "") for row in rows]


@pytest.fixture
def customer(store_url: str, tmp_path: Path) -> Customer:
    """A customer whose database is empty; the test runs on SQLite and on Postgres."""
    return Customer(store_url, tmp_path / "fetched")


@pytest.fixture
def lite(tmp_path: Path) -> Customer:
    return Customer(f"sqlite:///{tmp_path / 'crm.db'}", tmp_path / "fetched")


@pytest.fixture
def pg(postgres_url: str, tmp_path: Path) -> Customer:
    return Customer(postgres_url, tmp_path / "fetched")


# --- a table, whole


def test_a_table_becomes_one_file_of_texts(customer: Customer) -> None:
    customer.run("create table clients (id integer, name varchar(20), revenue numeric(10, 2), city text)")
    customer.insert(
        "clients",
        [
            {"id": 1, "name": "Müller & Söhne", "revenue": 12.5, "city": ""},
            {"id": 2, "name": None, "revenue": None, "city": "a\nb,\"c\""},
        ],
    )  # fmt: skip
    (fetched,) = customer.slices(customer.source(table="clients"))
    assert (fetched.name, fetched.rows, len(fetched.sha256)) == ("clients", 2, 64)
    assert customer.left() == [fetched.path.name]
    first, second = taken(fetched)
    assert Decimal(first.pop("revenue") or "") == Decimal("12.5")
    assert first == {"id": "1", "name": "Müller & Söhne", "city": ""}
    assert second == {"id": "2", "name": None, "revenue": None, "city": 'a\nb,"c"'}


def by_hand(source: str, columns: str, rows: Sequence[Sequence[str | None]]) -> str:
    """The sha256 of fetched rows by hand: of the sum of their 128-bit hashes, and how many there are."""
    total = 0
    for row in rows:
        joined = "\x1f".join("\x00" if cell is None else cell for cell in row)
        total += int.from_bytes(hashlib.blake2b(joined.encode(), digest_size=16).digest(), "big")
    content = [source, *columns.split(), str(len(rows)), f"{total % 2**128:032x}"]
    return hashlib.sha256("\x1f".join(content).encode()).hexdigest()


def test_the_sha256_is_of_the_rows_whatever_their_order(lite: Customer) -> None:
    lite.run("create table a (id int, name text)", "create table b (id int, name text)")
    lite.insert("a", [{"id": 1, "name": "x"}, {"id": 2, "name": None}, {"id": 2, "name": None}])
    lite.insert("b", [{"id": 2, "name": None}, {"id": 1, "name": "x"}, {"id": 2, "name": None}])
    (a,), (b,) = lite.slices(lite.source(table="a")), lite.slices(lite.source(table="b"))
    assert a.sha256 == b.sha256 == by_hand("crm", "id name", [("2", None), ("1", "x"), ("2", None)])


@pytest.mark.parametrize(
    "query",
    [
        "select id, name from a where id = 1 union all select id, name from a where id = 2",
        "select id, name from a union all select 2, null",
        "select id, name as nickname from a",
        "select id, coalesce(name, '') as name from a",
        "select name, id from a",
        "select id, name from a where id = 1",
    ],
)
def test_other_rows_or_columns_have_another_sha256(lite: Customer, query: str) -> None:
    lite.run("create table a (id int, name text)", "insert into a values (1, 'x'), (2, null), (2, null)")
    (a,), (b,) = lite.slices(lite.source(table="a")), lite.slices(lite.source(query=query))
    if query.startswith("select id, name from a where id = 1 union"):  # the same rows, by a longer way
        assert a.sha256 == b.sha256
    else:
        assert a.sha256 != b.sha256


def test_the_same_rows_of_another_source_have_another_sha256(lite: Customer) -> None:
    lite.run("create table a (id int)", "insert into a values (1)")
    (one,), (two,) = (lite.slices(lite.source(table="a", name=name)) for name in ("one", "two"))
    assert one.sha256 != two.sha256


def test_without_a_cursor_all_rows_come_each_time(customer: Customer) -> None:
    customer.run("create table clients (id integer)", "insert into clients values (1), (2)")
    (first,) = customer.slices(customer.source(table="clients"))
    (again,) = customer.slices(customer.source(table="clients"), first.state)
    assert first == again
    customer.run("insert into clients values (3)")
    rows, _ = customer.fetch(customer.source(table="clients"), first.state)
    assert sorted(ids(rows)) == [1, 2, 3]


@pytest.mark.parametrize("cursor", ["", "id"])
def test_an_empty_table_brings_nothing(customer: Customer, cursor: str) -> None:
    customer.run("create table clients (id integer)")
    assert customer.slices(customer.source(table="clients", cursor=cursor)) == []
    assert customer.left() == []


# --- what is new


def test_only_what_is_new_comes_the_next_time(customer: Customer) -> None:
    customer.run("create table clients (id integer, at timestamp)")
    source = customer.source(table="clients", cursor="at")
    customer.run("insert into clients values (1, '2026-01-05 09:00:00'), (2, '2026-01-05 09:30:00')")
    (first,) = customer.slices(source)
    assert first.name == "clients up to 2026-01-05 09:30:00"
    assert ids(taken(first)) == [1, 2]
    assert customer.slices(source, first.state) == []
    customer.run("insert into clients values (4, '2026-01-06 09:00:00'), (3, '2026-01-06 08:00:00')")
    (second,) = customer.slices(source, first.state)
    assert second.name == "clients up to 2026-01-06 09:00:00"
    assert ids(taken(second)) == [3, 4]
    assert customer.slices(source, second.state) == []
    assert customer.left() == []


def test_a_table_is_cut_where_the_cursor_changes_and_a_group_is_never_split(customer: Customer) -> None:
    customer.run("create table clients (id integer, day integer)")
    days = [1, 1, 1, 2, 3, 3, 4, 4, 4, 4, 4, 5]
    customer.insert("clients", [{"id": number, "day": day} for number, day in enumerate(days)])
    source = customer.source(table="clients", cursor="day", batch_rows=3)
    found = [[row["day"] for row in taken(fetched)] for fetched in customer.slices(source)]
    assert found == [["1"] * 3, ["2", "3", "3"], ["4"] * 5, ["5"]]


def test_every_slice_can_be_gone_on_from(customer: Customer) -> None:
    customer.run("create table clients (id integer, day integer)")
    customer.insert("clients", [{"id": number, "day": number // 3} for number in range(20)])
    source = customer.source(table="clients", cursor="day", batch_rows=4)
    state, rows = None, []
    while True:
        with closing(fetch(source, state, customer.folder)) as slices:  # type: ignore[type-var]
            fetched = next(slices, None)
        if fetched is None:
            break
        rows += taken(fetched)
        state = fetched.state
    assert sorted(ids(rows)) == list(range(20))
    assert customer.left() == []


def test_a_row_that_comes_late_with_the_last_value_brings_its_whole_group_again(customer: Customer) -> None:
    customer.run("create table clients (id integer, day integer)")
    customer.insert("clients", [{"id": 1, "day": 1}, {"id": 2, "day": 2}, {"id": 3, "day": 2}])
    source = customer.source(table="clients", cursor="day")
    _, state = customer.fetch(source)
    customer.insert("clients", [{"id": 4, "day": 2}])
    rows, state = customer.fetch(source, state)
    assert sorted(ids(rows)) == [2, 3, 4]
    assert customer.slices(source, state) == []
    customer.insert("clients", [{"id": 5, "day": 2}, {"id": 6, "day": 3}])
    rows, state = customer.fetch(source, state)
    assert sorted(ids(rows)) == [2, 3, 4, 5, 6]
    customer.insert("clients", [{"id": 7, "day": 4}])
    rows, state = customer.fetch(source, state)
    assert ids(rows) == [7]


def test_a_row_of_the_last_value_that_changed_brings_its_group_again(customer: Customer) -> None:
    customer.run("create table clients (id integer, day integer, name text)")
    customer.run("insert into clients values (1, 1, 'a'), (2, 2, 'b'), (3, 2, 'c')")
    source = customer.source(table="clients", cursor="day")
    _, state = customer.fetch(source)
    customer.run("update clients set name = 'd' where id = 3")
    rows, state = customer.fetch(source, state)
    assert sorted((row["id"], row["name"]) for row in rows) == [("2", "b"), ("3", "d")]
    customer.run("update clients set day = 3 where day = 2")
    rows, state = customer.fetch(source, state)
    assert sorted(ids(rows)) == [2, 3]
    customer.run("delete from clients where day = 3")
    assert customer.slices(source, state) == []
    customer.run("insert into clients values (4, 4, 'e')")
    assert ids(customer.fetch(source, state)[0]) == [4]


def test_all_rows_with_one_value_are_one_slice_however_many_they_are(customer: Customer) -> None:
    customer.run("create table clients (id integer, day integer)")
    customer.insert("clients", [{"id": number, "day": 7} for number in range(5000)])
    source = customer.source(table="clients", cursor="day", batch_rows=10)
    (fetched,) = customer.slices(source)
    assert sorted(ids(taken(fetched))) == list(range(5000))
    assert customer.slices(source, fetched.state) == []
    customer.insert("clients", [{"id": 5000, "day": 7}])
    (fetched,) = customer.slices(source, fetched.state)
    assert sorted(ids(taken(fetched))) == list(range(5001))


def test_rows_without_a_cursor_value_are_told_after_the_others_were_fetched(customer: Customer) -> None:
    customer.run("create table clients (id integer, at integer)")
    customer.insert("clients", [{"id": number, "at": number if number < 3 else None} for number in range(15)])
    source = customer.source(table="clients", cursor="at")
    rows: list[Row] = []
    states = []
    with pytest.raises(RefusedFile) as told:
        for fetched in fetch(source, None, customer.folder):
            rows += taken(fetched)
            states.append(fetched.state)
    assert ids(rows) == [0, 1, 2]
    assert str(told.value) == (
        "12 rows of clients have no at and are not fetched; fill it, or name another cursor column."
    )
    assert customer.refusal(source, states[-1]) == str(told.value)
    customer.run("delete from clients where id > 3")
    assert customer.refusal(source, states[-1]) == (
        "1 row of clients has no at and is not fetched; fill it, or name another cursor column."
    )
    customer.run("update clients set at = 9 where at is null")
    assert ids(customer.fetch(source, states[-1])[0]) == [3]


# --- any kind of cursor

GROWING: list[tuple[str, list[str]]] = [
    ("integer", ["-5", "7", "2147483647"]),
    ("bigint", ["1", "2147483648", "9223372036854775807"]),
    ("text", ["'2026-01-05'", "'2026-01-05 09:00:00'", "'2026-02-01'"]),
    ("varchar(9)", ["'A-1'", "'B-1'", "'Ü''-1'"]),
    ("double precision", ["0.1", "0.30000000000000004", "1e300"]),
    ("date", ["'2025-12-31'", "'2026-01-01'", "'9999-12-31'"]),
    ("timestamp", ["'2026-01-05 09:00:00'", "'2026-01-05 09:00:00.000001'", "'2026-01-06 00:00:00'"]),
]
GROWING_IN_POSTGRES: list[tuple[str, list[str]]] = [
    ("numeric", ["0.1", "12345678901234567890123.1", "12345678901234567890123.2"]),
    ("numeric(5,2)", ["1.10", "1.20", "100.00"]),
    ("real", ["0.1", "0.7", "16777216"]),
    ("timestamptz", ["'2026-10-25 02:30:00+02'", "'2026-10-25 02:30:00+01'", "'2026-10-26 00:00:00.5+00'"]),
    ("uuid", [f"'0198{digit}000-0000-7000-8000-000000000000'" for digit in "123"]),
    ("stage", ["'new'", "'active'", "'gone'"]),
    ("char(6)", ["'A'", "'B'", "'C'"]),
]


def goes_on_from_each_value(customer: Customer, kind: str, values: list[str]) -> None:
    customer.run(f"create table clients (id integer, at {kind})")
    source = customer.source(table="clients", cursor="at", batch_rows=1)
    state: str | None = None
    for number, value in enumerate(values):
        customer.run(f"insert into clients values ({2 * number}, {value}), ({2 * number + 1}, {value})")
        rows, state = customer.fetch(source, state)
        assert sorted(ids(rows)) == [2 * number, 2 * number + 1]
        assert state
        json.loads(state)
        assert customer.slices(source, state) == []
    rows, whole = customer.fetch(source)
    assert sorted(ids(rows)) == list(range(2 * len(values)))
    assert whole == state
    customer.run(f"insert into clients values (99, {values[-1]})")
    rows, _ = customer.fetch(source, state)
    assert sorted(ids(rows)) == [2 * len(values) - 2, 2 * len(values) - 1, 99]


@pytest.mark.parametrize(("kind", "values"), GROWING, ids=[kind for kind, _ in GROWING])
def test_a_cursor_of_any_kind_goes_on_where_it_stood(customer: Customer, kind: str, values: list[str]) -> None:
    goes_on_from_each_value(customer, kind, values)


@postgres
@pytest.mark.parametrize(("kind", "values"), GROWING_IN_POSTGRES, ids=[kind for kind, _ in GROWING_IN_POSTGRES])
def test_a_cursor_of_a_kind_of_postgres_goes_on_where_it_stood(pg: Customer, kind: str, values: list[str]) -> None:
    zone = "Europe/Berlin"  # where an hour comes twice on the last Sunday of October
    pg.run("create type stage as enum ('new', 'active', 'gone')")
    pg.run(f"alter database \"{make_url(pg.url).database}\" set timezone to '{zone}'")
    goes_on_from_each_value(pg, kind, values)


def test_texts_that_differ_in_case_only_are_different_values(lite: Customer) -> None:
    lite.run("create table clients (id integer, code text collate nocase)")
    lite.run("insert into clients values (1, 'a'), (2, 'A'), (3, 'b'), (4, 'B'), (5, 'a')")
    source = lite.source(table="clients", cursor="code", batch_rows=1)
    rows, state = lite.fetch(source)
    assert sorted(ids(rows)) == [1, 2, 3, 4, 5]
    assert lite.slices(source, state) == []


@postgres
def test_texts_are_followed_in_the_order_of_their_database(pg: Customer) -> None:
    pg.run("create table clients (id integer, code text)")  # sorted as in a dictionary: a, B, c, Ä between a and B
    pg.run("insert into clients values (1, 'a'), (2, 'B'), (3, 'c'), (4, 'Ä')")
    source = pg.source(table="clients", cursor="code", batch_rows=1)
    rows, state = pg.fetch(source)
    assert ids(rows) == [1, 4, 2, 3]
    assert pg.slices(source, state) == []


@pytest.mark.parametrize(
    ("kind", "values", "sentence"),
    [
        (
            "boolean",
            "(true), (false)",
            "must hold numbers, dates, times or texts that only grow; it holds bool. Name another column, or convert "
            "it in a query.",
        ),
        (
            "interval",
            "('1 hour')",
            "must hold numbers, dates, times or texts that only grow; it holds timedelta. Name another column, or "
            "convert it in a query.",
        ),
        (
            "float8",
            "(1), ('nan')",
            "must hold numbers, dates, times or texts that only grow; it holds nan. Name another column, or convert "
            "it in a query.",
        ),
        (
            "text",
            "('05.01.2026'), ('06.01.2026')",
            "must grow as it is sorted; it holds texts such as '05.01.2026', which are sorted letter by letter, not "
            "by size. Name another column, or convert it in a query.",
        ),
        (
            "text",
            "('9'), ('10')",
            "must grow as it is sorted; it holds texts such as '9', which are sorted letter by letter, not by size. "
            "Name another column, or convert it in a query.",
        ),
    ],
)
@postgres
def test_a_cursor_that_cannot_grow_is_told(pg: Customer, kind: str, values: str, sentence: str) -> None:
    pg.run(f"create table clients (at {kind})", f"insert into clients values {values}")
    assert pg.refusal(pg.source(table="clients", cursor="at")) == f"The cursor column 'at' of clients {sentence}"


@postgres
@pytest.mark.parametrize("kind", ["json", "point"])
def test_a_cursor_that_the_database_cannot_sort_is_told(pg: Customer, kind: str) -> None:
    pg.run(f"create table clients (at {kind})")
    told = pg.refusal(pg.source(table="clients", cursor="at"))
    assert told == (
        f"The table clients of source 'crm' cannot be read: could not identify an ordering operator for type {kind}. "
        "Change the source in config.toml or its database; it is tried again next time."
    )


def test_a_cursor_of_numbers_and_texts_is_told(lite: Customer) -> None:
    lite.run("create table clients (id integer, at)", "insert into clients values (1, 5), (2, '2026-01-05')")
    assert lite.refusal(lite.source(table="clients", cursor="at")) == (
        "The cursor column 'at' of clients must hold values of one kind; it holds numbers and texts. "
        "Name another column, or convert it in a query."
    )


# --- a state fits one table and one cursor


def test_another_table_query_or_cursor_is_begun_from_the_start(customer: Customer) -> None:
    customer.run("create table clients (id integer, at integer)", "insert into clients values (1, 20), (2, 10)")
    customer.run("create table others (id integer, at integer)", "insert into others values (3, 5)")
    _, state = customer.fetch(customer.source(table="clients", cursor="at"))
    for keys, expected in (
        ({"table": "clients", "cursor": "at"}, []),
        ({"table": "others", "cursor": "at"}, [3]),
        ({"table": "clients", "cursor": "id"}, [1, 2]),
        ({"table": "clients"}, [1, 2]),
        ({"query": "select * from clients", "cursor": "at"}, [1, 2]),
    ):
        assert sorted(ids(customer.fetch(customer.source(**keys), state)[0])) == expected


def test_a_cursor_column_whose_kind_was_changed_is_begun_from_the_start(customer: Customer) -> None:
    customer.run("create table clients (id integer, at integer)", "insert into clients values (1, 10), (2, 20)")
    source = customer.source(table="clients", cursor="at")
    _, state = customer.fetch(source)
    customer.run("drop table clients", "create table clients (id integer, at text)")
    customer.run("insert into clients values (1, '2026-01-05'), (2, '2026-01-06')")
    rows, state = customer.fetch(source, state)
    assert ids(rows) == [1, 2]
    customer.run("drop table clients", "create table clients (id integer, at timestamp)")
    customer.run("insert into clients values (3, '2026-01-07 09:00:00')")
    assert ids(customer.fetch(source, state)[0]) == [3]


@postgres
def test_a_value_that_the_column_can_no_longer_hold_is_begun_from_the_start(pg: Customer) -> None:
    pg.run("create table clients (id integer, at text)", "insert into clients values (1, 'first')")
    source = pg.source(table="clients", cursor="at")
    _, state = pg.fetch(source)
    pg.run("drop table clients", "create table clients (id integer, at date)")
    pg.run("insert into clients values (1, '2026-01-05'), (2, '2026-01-06')")
    assert ids(pg.fetch(source, state)[0]) == [1, 2]


def test_a_column_more_brings_the_last_group_again_and_goes_on(customer: Customer) -> None:
    customer.run("create table clients (id integer, at integer)", "insert into clients values (1, 10), (2, 20)")
    source = customer.source(table="clients", cursor="at")
    _, state = customer.fetch(source)
    customer.run("alter table clients add column city text", "insert into clients values (3, 30, 'Graz')")
    rows, _ = customer.fetch(source, state)
    assert rows == [{"id": "2", "at": "20", "city": None}, {"id": "3", "at": "30", "city": "Graz"}]


# --- rows that show up late


@postgres
def test_rows_that_show_up_late_are_fetched_where_there_is_an_overlap(pg: Customer) -> None:
    pg.run("create table clients (id integer, at timestamp)")
    source = pg.source(table="clients", cursor="at", overlap=60)
    pg.run("insert into clients values (1, '2026-01-05 09:00:00'), (2, '2026-01-05 09:00:30')")
    _, state = pg.fetch(source)
    assert pg.slices(source, state) == []
    pg.run("insert into clients values (3, '2026-01-05 09:00:29')")
    rows, state = pg.fetch(source, state)
    assert ids(rows) == [1, 3, 2]
    assert pg.slices(source, state) == []
    pg.run("insert into clients values (4, '2026-01-05 10:00:00')")
    rows, state = pg.fetch(source, state)
    assert ids(rows) == [4]
    assert pg.slices(source, state) == []
    pg.run("insert into clients values (5, '2026-01-05 09:58:59')")
    assert pg.slices(source, state) == []


def test_an_overlap_of_numbers_counts_in_their_units(customer: Customer) -> None:
    customer.run("create table clients (id integer, at integer)")
    source = customer.source(table="clients", cursor="at", overlap=10, batch_rows=2)
    customer.insert("clients", [{"id": number, "at": number} for number in range(0, 100, 2)])
    rows, state = customer.fetch(source)
    assert len(rows) == 50
    customer.insert("clients", [{"id": number, "at": number} for number in (89, 87)])
    rows, state = customer.fetch(source, state)
    assert sorted(ids(rows)) == [88, 89, 90, 92, 94, 96, 98]
    assert customer.slices(source, state) == []


def test_texts_have_no_overlap(customer: Customer) -> None:
    customer.run("create table clients (id integer, at text)", "insert into clients values (1, 'a')")
    assert customer.refusal(customer.source(table="clients", cursor="at", overlap=10)) == (
        "The cursor column 'at' of clients must hold numbers, dates or times where there is an overlap; it holds "
        "texts. Leave overlap out, or convert the column in a query."
    )


# --- nothing is lost


@dataclass
class Played:
    """A table to which rows are added between fetches, and what the fetches brought."""

    customer: Customer
    source: SqlSource
    written: Callable[[int], Any]
    state: str | None = None
    value: int = 100

    def __post_init__(self) -> None:
        self.rows: dict[int, int] = {}
        self.got: Counter[int] = Counter()

    def insert(self, steps: Sequence[int]) -> None:
        rows = []
        for step in steps:
            self.value = max(self.value, self.value + step)
            number, value = len(self.rows), self.value + min(step, 0)
            self.rows[number] = value
            rows.append({"id": number, "at": self.written(value)})
        if rows:
            self.customer.insert("clients", rows)

    def fetch(self, slices: int) -> None:
        """Take so many slices at most, as if the process were killed after the last one was recorded."""
        values_seen: Counter[int] = Counter()
        with closing(fetch(self.source, self.state, self.customer.folder)) as found:  # type: ignore[type-var]
            for _ in range(slices):
                fetched = next(found, None)
                if fetched is None:
                    break
                numbers = ids(taken(fetched))
                values_seen.update({self.rows[number] for number in numbers})
                self.got.update(numbers)
                self.state = fetched.state
        if not self.source.overlap:
            assert set(values_seen.values()) <= {1}, "rows of one value came in two slices"
        assert self.customer.left() == []

    def ends_well(self) -> None:
        self.fetch(10**9)
        assert set(self.got) == set(self.rows)
        assert self.customer.slices(self.source, self.state) == []


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("insert"), st.lists(st.integers(0, 2), max_size=7)),
        st.tuples(st.just("fetch"), st.integers(0, 4)),
    ),
    max_size=12,
)
LATE_STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("insert"), st.lists(st.integers(-5, 3), max_size=7)),
        st.tuples(st.just("fetch"), st.integers(0, 4)),
    ),
    max_size=12,
)
WRITTEN: dict[str, Callable[[int], Any]] = {
    "integer": int,
    "real": lambda value: value / 10,
    "text": lambda value: (datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=value)).isoformat(" "),
}


def play(played: Played, steps: Sequence[tuple[str, Any]]) -> None:
    for deed, what in steps:
        played.insert(what) if deed == "insert" else played.fetch(what)
    played.ends_well()


@given(steps=STEPS, batch_rows=st.integers(1, 9), kind=st.sampled_from(sorted(WRITTEN)))
def test_whatever_is_added_between_fetches_every_row_comes_and_nothing_when_nothing_changed(
    tmp_path_factory: pytest.TempPathFactory, steps: Any, batch_rows: int, kind: str
) -> None:
    folder = tmp_path_factory.mktemp("played")
    customer = Customer(f"sqlite:///{folder / 'crm.db'}", folder / "fetched")
    customer.run(f"create table clients (id integer, at {kind})")
    source = customer.source(table="clients", cursor="at", batch_rows=batch_rows)
    play(Played(customer, source, WRITTEN[kind]), steps)


@given(steps=LATE_STEPS, batch_rows=st.integers(1, 9))
def test_rows_that_show_up_late_but_within_the_overlap_come_too(
    tmp_path_factory: pytest.TempPathFactory, steps: Any, batch_rows: int
) -> None:
    folder = tmp_path_factory.mktemp("played")
    customer = Customer(f"sqlite:///{folder / 'crm.db'}", folder / "fetched")
    customer.run("create table clients (id integer, at integer)")
    source = customer.source(table="clients", cursor="at", batch_rows=batch_rows, overlap=5)
    play(Played(customer, source, int), steps)


@postgres
@settings(max_examples=25)
@given(steps=LATE_STEPS, batch_rows=st.integers(1, 9), overlap=st.sampled_from([0, 300]))
def test_the_same_holds_for_times_in_postgres(
    tmp_path_factory: pytest.TempPathFactory, postgres_server: Server, steps: Any, batch_rows: int, overlap: int
) -> None:
    if not overlap:
        steps = [(deed, [max(0, step) for step in what] if deed == "insert" else what) for deed, what in steps]
    customer = Customer(postgres_server.url("postgres"), tmp_path_factory.mktemp("played") / "fetched")
    customer.run("drop table if exists clients", "create table clients (id integer, at timestamptz)")
    source = customer.source(table="clients", cursor="at", batch_rows=batch_rows, overlap=overlap)
    start = datetime(2026, 10, 25, tzinfo=UTC)
    play(Played(customer, source, lambda value: start + timedelta(minutes=value)), steps)
    customer.run("drop table clients")


# --- names, views and queries


@pytest.mark.parametrize("place", ["Kunden Übersicht", 'say "hi"', "100%", "a:b", "select", "Weiß'heit", "CamelCase"])
@pytest.mark.parametrize("cursor", ["", "Geändert am", 'the "at"', "100%", ":at", "order", "Rev. at"])
def test_any_name_of_a_table_and_its_cursor_will_do(customer: Customer, place: str, cursor: str) -> None:
    quoted = place.replace('"', '""')
    column = (cursor or "at").replace('"', '""')
    with customer.engine.begin() as connection:
        for statement in (
            f'create table "{quoted}" (id integer, "{column}" integer)',
            f'insert into "{quoted}" values (1, 10), (2, 20)',
        ):
            connection.execute(text(statement.replace(":", r"\:")))
    source = customer.source(table=place, cursor=cursor, batch_rows=1)
    rows, state = customer.fetch(source)
    assert rows == [{"id": "1", cursor or "at": "10"}, {"id": "2", cursor or "at": "20"}]
    if cursor:
        assert customer.slices(source, state) == []


@postgres
@pytest.mark.parametrize("name", ["sales.clients", '"sales"."clients"', 'sales."clients"'])
def test_a_table_may_stand_in_a_schema(pg: Customer, name: str) -> None:
    pg.run("create schema sales", "create table sales.clients as select 1 as id")
    assert ids(pg.fetch(pg.source(table=name))[0]) == [1]


@postgres
def test_names_with_dots_and_quotes_are_written_in_quotes(pg: Customer) -> None:
    pg.run('create schema "my.sales"', 'create table "my.sales"."the ""A"" list" as select 1 as id')
    assert ids(pg.fetch(pg.source(table='"my.sales"."the ""A"" list"'))[0]) == [1]


def test_the_main_schema_of_sqlite_may_be_named(lite: Customer) -> None:
    lite.run("create table clients (id integer)", "insert into clients values (1)")
    assert ids(lite.fetch(lite.source(table="main.clients"))[0]) == [1]


def test_a_view_is_read_like_a_table(customer: Customer) -> None:
    customer.run(
        "create table clients (id integer, at integer)", "insert into clients values (1, 10), (2, 20), (3, 30)"
    )
    customer.run("create view big as select id, at from clients where id > 1")
    rows, state = customer.fetch(customer.source(table="big", cursor="at"))
    assert ids(rows) == [2, 3]
    assert customer.slices(customer.source(table="big", cursor="at"), state) == []


QUERIES = [
    "select id, at from clients where id > 1",
    "SELECT id, at FROM clients WHERE id > 1 ORDER BY id DESC;",
    "with big as (select * from clients where id > 1) select id, at from big -- those that matter",
    "/* big; ones */ select id, at from clients where id > 1 -- and ' on\n ; -- end",
    "select id, at from clients where id > 1 and 'a;b' <> 'insert into' and '50%' like '%0\\%' escape '\\'",
    "select id, at from clients where id > 1 and ':x' <> 'at 12:30' and '%s' <> '%(x)s'",
    'select id, at from clients as "update" where "update".id > 1',
]


@pytest.mark.parametrize("cursor", ["", "at"])
@pytest.mark.parametrize("query", QUERIES)
def test_a_query_is_read_as_it_stands(customer: Customer, query: str, cursor: str) -> None:
    customer.run(
        "create table clients (id integer, at integer)", "insert into clients values (1, 10), (2, 20), (3, 30)"
    )
    source = customer.source(query=query, cursor=cursor, batch_rows=1)
    rows, state = customer.fetch(source)
    assert sorted(ids(rows)) == [2, 3]
    if cursor:
        assert customer.slices(source, state) == []
        customer.run("insert into clients values (4, 40)")
        (fetched,) = customer.slices(source, state)
        assert fetched.name == "crm up to 40"
        assert ids(taken(fetched)) == [4]


@postgres
def test_a_query_may_stand_in_parentheses(pg: Customer) -> None:
    assert ids(pg.fetch(pg.source(query="(select 1 as id);", cursor="id"))[0]) == [1]


@postgres
def test_a_query_may_use_what_only_postgres_knows(pg: Customer) -> None:
    query = r"""select 1 as id, '5'::int::text as a, $tag$ ; delete $tag$ as b, E'it\'s; update' as c, :cast 2 as d"""
    rows, _ = pg.fetch(pg.source(query=query.replace(":cast 2", "array_length((array[1,2,3])[1:2], 1)")))
    assert rows == [{"id": "1", "a": "5", "b": " ; delete ", "c": "it's; update", "d": "2"}]


@pytest.mark.parametrize(
    ("query", "fault"),
    [
        ("select 1; drop table clients", "; it holds more than one statement."),
        ("select 1; select 2;", "; it holds more than one statement."),
        ("drop table clients", "; it begins with 'drop'."),
        ("-- select\nupdate clients set id = 1", "; it begins with 'update'."),
        ("   ;", "; it begins with ''."),
        ("clients", "; it begins with 'clients'."),
        ("explain select 1", "; it begins with 'explain'."),
        (
            "with gone as (delete from clients returning *) select * from gone",
            " that changes nothing; it holds DELETE. A source is only read.",
        ),
        ("select * into other from clients", " that changes nothing; it holds INTO. A source is only read."),
        ("select * from clients for update", " that changes nothing; it holds UPDATE. A source is only read."),
        (
            "with a as (insert into b select 1) select 1",
            " that changes nothing; it holds INSERT. A source is only read.",
        ),
    ],
)
def test_a_query_that_is_no_single_select_is_not_sent(lite: Customer, query: str, fault: str) -> None:
    lite.run("create table clients (id integer)")
    expected = f"The query of source 'crm' must be one single SELECT or WITH statement{fault}"
    assert lite.refusal(lite.source(query=query)) == expected
    assert lite.refusal(lite.source(query=query, cursor="id")) == expected


@pytest.mark.parametrize("cursor", ["", "id"])
def test_columns_that_share_a_name_are_told(customer: Customer, cursor: str) -> None:
    customer.run("create table a (id integer, x integer)", "insert into a values (1, 2)")
    query = "select a.id as id, a.x, b.x from a join a as b on a.id = b.id"
    assert customer.refusal(customer.source(query=query, cursor=cursor)) == (
        "The query of source 'crm' cannot be read: it has more than one column 'x'; give each a name of its own (AS). "
        "Change the source in config.toml or its database; it is tried again next time."
    )


# --- values


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (True, "true"),
        (False, "false"),
        (0, "0"),
        (-(10**40), "-1" + "0" * 40),
        (0.1, "0.1"),
        (-0.0, "-0.0"),
        (17850.0, "17850.0"),
        (1e16, "10000000000000000"),
        (1.5e-10, "0.00000000015"),
        (2.0**70, "1180591620717411300000"),
        (float("nan"), "nan"),
        (float("-inf"), "-inf"),
        (Decimal("1.10"), "1.10"),
        (Decimal("1E+3"), "1000"),
        (Decimal("1E-10"), "0.0000000001"),
        (Decimal("NaN"), "NaN"),
        (datetime.fromisoformat("2026-01-05 09:00:00.0012"), "2026-01-05T09:00:00.001200"),
        (datetime(2026, 1, 5, 0, 30, tzinfo=timezone(timedelta(hours=1))), "2026-01-04T23:30:00+00:00"),
        (date(2026, 1, 5), "2026-01-05"),
        (time(9, 5), "09:05:00"),
        (timedelta(days=1, seconds=1, microseconds=500), "86401.0005"),
        (timedelta(days=-100), "-8640000"),
        (UUID(int=1), "00000000-0000-0000-0000-000000000001"),
        ("x", "x"),
    ],
)
def test_a_value_is_written_exactly_and_without_an_exponent(value: Any, expected: str) -> None:
    assert text_of(value) == expected


@given(st.floats(allow_nan=False))
def test_a_float_can_be_read_again_from_its_text(value: float) -> None:
    assert float(text_of(value)) == value
    assert "e" not in text_of(value)


@given(st.decimals(allow_nan=False, allow_infinity=False))
def test_a_decimal_can_be_read_again_from_its_text(value: Decimal) -> None:
    assert Decimal(text_of(value)) == value
    assert "E" not in text_of(value)


@postgres
def test_values_of_every_kind_that_postgres_has_come_as_texts(pg: Customer) -> None:
    pg.run(f"alter database \"{make_url(pg.url).database}\" set timezone to 'America/New_York'")
    query = """
        select 9223372036854775807 as a, 1.10::numeric as b, 0.1::float8 as c, 0.1::real as d, 1e-7::float8 as e,
               true as f, null::text as g, '2026-01-05'::date as h, '2026-01-05 09:00'::timestamp as i,
               '2026-01-05 09:00+01'::timestamptz as j, '09:30'::time as k, 'x'::char(3) as l, '10.0.0.1'::inet as m,
               'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'::uuid as n, '1 day 00:00:01'::interval as o, 12.5::money as p,
               '5'::jsonb as q, 'naïve'::text as r, ''::text as s, '<a/>'::xml as t
    """  # fmt: skip
    (row,) = pg.fetch(pg.source(query=query))[0]
    assert list(row.values()) == [
        "9223372036854775807", "1.10", "0.1", "0.1", "0.0000001", "true", None, "2026-01-05", "2026-01-05T09:00:00",
        "2026-01-05T08:00:00+00:00", "09:30:00", "x  ", "10.0.0.1", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11", "86401",
        "$12.50", "5", "naïve", "", "<a/>",
    ]  # fmt: skip


@postgres
@pytest.mark.parametrize(
    ("value", "kind"), [("'a'::bytea", "bytes"), ("array[1]", "list"), ("'{}'::jsonb", "dict"), ("'[]'::json", "list")]
)
def test_a_column_that_holds_no_single_values_is_named(pg: Customer, value: str, kind: str) -> None:
    pg.run(f"create table clients as select 1 as id, {value} as photo")
    assert pg.refusal(pg.source(table="clients")) == (
        f"The column 'photo' of clients holds values of kind {kind}, which no client table can hold; "
        "leave it out, with a query that names the other columns."
    )
    assert ids(pg.fetch(pg.source(query="select id from clients"))[0]) == [1]


@postgres
def test_a_value_that_the_driver_cannot_hold_is_told(pg: Customer) -> None:
    pg.run("create table clients as select 1 as id, 'infinity'::timestamp as until")
    told = pg.refusal(pg.source(table="clients"))
    assert told.startswith("The table clients of source 'crm' cannot be read: timestamp too large (after year 10K)")


def test_text_in_another_encoding_is_told(lite: Customer) -> None:
    lite.run("create table clients (id integer, name text)", "insert into clients values (1, cast(x'4dfc' as text))")
    told = lite.refusal(lite.source(table="clients"))
    assert told.startswith(
        "The table clients of source 'crm' cannot be read: Could not decode to UTF-8 column 'name' with text 'M"
    )


def test_bytes_in_sqlite_are_told(lite: Customer) -> None:
    lite.run("create table clients (id integer, photo)", "insert into clients values (1, null), (2, x'00')")
    assert lite.refusal(lite.source(table="clients")).startswith(
        "The column 'photo' of clients holds values of kind bytes"
    )


# --- a source is only read


@postgres
def test_postgres_itself_refuses_to_change_anything(pg: Customer) -> None:
    pg.run("create table log (id integer)", "create sequence counted")
    pg.run("create function peek() returns integer language sql as 'insert into log values (1) returning id'")
    for query, statement in (("select peek() as id", "INSERT"), ("select nextval('counted') as id", "nextval()")):
        for cursor in ("", "id"):
            assert pg.refusal(pg.source(query=query, cursor=cursor)) == (
                f"The query of source 'crm' cannot be read: cannot execute {statement} in a read-only transaction. "
                "Change the source in config.toml or its database; it is tried again next time."
            )
    with pg.engine.connect() as connection:
        assert connection.execute(text("select count(*) from log")).scalar_one() == 0


@postgres
def test_a_change_that_our_own_check_does_not_see_is_refused_by_postgres(
    pg: Customer, monkeypatch: pytest.MonkeyPatch
) -> None:
    pg.run("create table clients (id integer)", "insert into clients values (1)")
    statement = "with gone as (delete from clients returning id) select id from gone"
    database = opened.open_database(pg.source(table="clients"))
    with database.connect() as connection, pytest.raises(SQLAlchemyError, match="read-only transaction"):
        connection.execute(text(statement))
    with database.connect() as connection:
        assert connection.execute(text("select count(*) from clients")).scalar_one() == 1


def test_an_sqlite_file_is_opened_for_reading_only(lite: Customer) -> None:
    lite.run("create table clients (id integer)", "insert into clients values (1)")
    before = Path(lite.url.removeprefix("sqlite:///")).read_bytes()
    database = opened.open_database(lite.source(table="clients"))
    for statement in ("delete from clients", "create table x (id integer)", "pragma user_version = 7"):
        with database.connect() as connection, pytest.raises(SQLAlchemyError, match="readonly database"):
            connection.exec_driver_sql(statement)
    assert Path(lite.url.removeprefix("sqlite:///")).read_bytes() == before


def test_an_sqlite_file_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    lost = Customer(f"sqlite:///{tmp_path / 'gone.db'}", tmp_path / "fetched")
    assert lost.refusal(lost.source(table="clients")) == (
        f"The database of source 'crm' (sqlite:///{tmp_path}/gone.db) cannot be reached: unable to open database file; "
        "it is tried again next time."
    )
    assert not (tmp_path / "gone.db").exists()


@pytest.mark.parametrize("name", ["Kunden Übersicht.db", "100%25.db", "what?.db", "a#b.db", "a&mode=rwc.db"])
def test_any_name_of_an_sqlite_file_will_do(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    made = Customer(f"sqlite:///{tmp_path / 'plain.db'}", tmp_path / "fetched")
    made.run("create table clients (id integer)", "insert into clients values (1)")
    (tmp_path / "plain.db").rename(path)
    there = Customer(f"sqlite:///{quote(str(path))}", tmp_path / "fetched")
    assert ids(there.fetch(there.source(table="clients"))[0]) == [1]


def test_a_file_that_is_no_database_is_told(tmp_path: Path) -> None:
    (tmp_path / "crm.db").write_bytes(b"client_id,name\n1,a\n" * 100)
    wrong = Customer(f"sqlite:///{tmp_path / 'crm.db'}", tmp_path / "fetched")
    assert wrong.refusal(wrong.source(table="clients")).startswith(
        "The table clients of source 'crm' cannot be read: file is not a database. Change the source"
    )


def test_nobody_is_kept_from_writing_to_an_sqlite_file_while_a_slice_is_taken_in(lite: Customer) -> None:
    lite.run("create table clients (id integer)")
    lite.insert("clients", [{"id": number} for number in range(5)])
    found = []
    for number, fetched in enumerate(fetch(lite.source(table="clients", cursor="id", batch_rows=2), None, lite.folder)):
        found += ids(taken(fetched))
        if number < 2:
            with create_engine(lite.url, poolclass=NullPool, connect_args={"timeout": 0}).begin() as connection:
                connection.exec_driver_sql(f"insert into clients values ({100 + number})")
    assert found == [0, 1, 2, 3, 4, 100, 101]


def test_a_query_that_never_gives_the_same_rows_twice_comes_to_an_end(lite: Customer) -> None:
    lite.run("create table clients (id integer)", "insert into clients values (1), (2), (3)")
    source = lite.source(query="select id, random() as luck from clients", cursor="id", batch_rows=1)
    rows, state = lite.fetch(source)
    assert ids(rows) == [1, 1, 2, 2, 3, 3]
    assert ids(lite.fetch(source, state)[0]) == [3]


# --- what can go wrong with the database

CHANGE = "Change the source in config.toml or its database; it is tried again next time."


def test_a_table_that_is_not_there_is_told_with_the_nearest_name(customer: Customer) -> None:
    customer.run("create table client_snapshots (id integer)", "create view best_clients as select 1 as id")
    for name, near in (
        ("client_snapshot", " (is 'client_snapshots' meant?)"),
        ("Best_Clientz", " (is 'best_clients' meant?)"),
        ("orders", ""),
    ):
        assert customer.refusal(customer.source(table=name)) == (
            f"The table {name} of source 'crm' cannot be read: there is no such table or view{near}. {CHANGE}"
        )


def test_a_cursor_column_that_is_not_there_is_told_with_the_nearest_name(customer: Customer) -> None:
    customer.run("create table clients (id integer, updated_at integer)", "insert into clients values (1, 2)")
    for cursor in ("updatd_at", "Updated at"):  # SQLite takes a name in quotes that it does not know for a text
        assert customer.refusal(customer.source(table="clients", cursor=cursor)) == (
            f"The table clients of source 'crm' cannot be read: it has no column {cursor!r} (is 'updated_at' meant?). "
            f"{CHANGE}"
        )


def test_a_query_that_the_database_does_not_understand_is_told_in_its_words(customer: Customer) -> None:
    customer.run("create table clients (id integer)")
    told = customer.refusal(customer.source(query="select nonsense from nowhere"))
    assert told.startswith("The query of source 'crm' cannot be read: ")
    assert "nowhere" in told
    assert told.endswith(CHANGE)


@postgres
def test_a_table_that_may_not_be_read_is_told(pg: Customer, postgres_server: Server) -> None:
    pg.run("create table clients (id integer)")
    user = f"reader_{make_url(pg.url).database}"[:60]
    postgres_server.run("create role {name} login password 'geheim'", name=user)
    try:
        url = postgres_server.url(str(make_url(pg.url).database), username=user, password="geheim")
        other = Customer(url, pg.folder)
        assert other.refusal(other.source(table="clients", cursor="id")) == (
            f"The table clients of source 'crm' cannot be read: permission denied for table clients. {CHANGE}"
        )
    finally:
        postgres_server.run("drop role {name}", name=user)


@postgres
def test_a_table_that_stays_locked_is_told(pg: Customer, monkeypatch: pytest.MonkeyPatch) -> None:
    pg.run("create table clients (id integer)")
    monkeypatch.setattr(opened, "LOCK_TIMEOUT", "100ms")
    with pg.engine.begin() as connection:
        connection.exec_driver_sql("lock table clients in access exclusive mode")
        told = pg.refusal(pg.source(table="clients"))
    assert told.startswith("The table clients of source 'crm' cannot be read: canceling statement due to lock timeout.")


def test_a_database_that_stays_locked_is_told(lite: Customer) -> None:
    lite.run("create table clients (id integer)")
    with lite.engine.connect() as connection:
        connection.exec_driver_sql("begin exclusive")
        told = lite.refusal(lite.source(table="clients", url=f"{lite.url}?timeout=0.1"))
    assert told.startswith("The table clients of source 'crm' cannot be read: database is locked.")


# --- the URL, and passwords


@postgres
@pytest.mark.parametrize("password", [PASSWORD, "wrong-pass/word"])
def test_a_password_may_come_from_the_environment_as_it_is(
    pg: Customer, monkeypatch: pytest.MonkeyPatch, password: str
) -> None:
    pg.run("create table clients (id integer)", "insert into clients values (1)")
    monkeypatch.setenv("CRM_PASSWORD", password)
    monkeypatch.setenv("CRM_HOST", "127.0.0.1")
    url = make_url(pg.url)
    source = pg.source(
        table="clients",
        url=f"postgresql+psycopg://{url.username}:${{CRM_PASSWORD}}@${{CRM_HOST}}:{url.port}/{url.database}",
    )
    if password == PASSWORD:
        assert ids(pg.fetch(source)[0]) == [1]
    else:
        assert pg.refusal(source) == (
            f"The database of source 'crm' (postgresql+psycopg://risk:***@127.0.0.1:{url.port}/{url.database}) cannot "
            f'be reached: connection failed: connection to server at "127.0.0.1", port {url.port} failed: '
            'FATAL:  password authentication failed for user "risk"; it is tried again next time.'
        )


@postgres
def test_a_whole_url_may_come_from_the_environment(pg: Customer, monkeypatch: pytest.MonkeyPatch) -> None:
    pg.run("create table clients (id integer)", "insert into clients values (1)")
    monkeypatch.setenv("CRM_URL", pg.url)
    assert ids(pg.fetch(pg.source(table="clients", url="${CRM_URL}"))[0]) == [1]


def test_a_variable_that_is_not_set_is_named(lite: Customer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CRM_PASSWORD", raising=False)
    source = lite.source(table="clients", url="postgresql+psycopg://crm:${CRM_PASSWORD}@db/crm")
    assert lite.refusal(source) == (
        "The url of source 'crm' names the environment variable CRM_PASSWORD, which is not set; set it."
    )


EXAMPLE = "it looks like postgresql+psycopg://user:${CRM_PASSWORD}@host/database."
NO_SERVER = (
    "The database of source 'crm' (postgresql+psycopg://crm:***@127.0.0.1:1/crm) cannot be reached: connection failed: "
    'connection to server at "127.0.0.1", port 1 failed: Connection refused; it is tried again next time.'
)


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("geheim", f"The url of source 'crm' cannot be understood; {EXAMPLE}"),
        ("postgresql+psycopg://crm:geheim@db:port/crm", f"The url of source 'crm' cannot be understood; {EXAMPLE}"),
        (
            "postgres://crm:geheim@db/crm",
            f"The url of source 'crm' names a kind of database that is not known here, 'postgres'; {EXAMPLE}",
        ),
        (
            "mysql+pymysql://crm:geheim@db/crm",
            "The driver for the database of source 'crm' (mysql+pymysql://crm:***@db/crm) is not installed: "
            "No module named 'pymysql'; install it beside Bellwether.",
        ),
        (
            "postgresql+psycopg_async://crm:geheim@db/crm",
            "The url of source 'crm' (postgresql+psycopg_async://crm:***@db/crm) names a driver for asynchronous "
            "programs; name another one, such as psycopg for Postgres.",
        ),
        (
            "postgresql+psycopg://crm:p@geheim@db/crm",
            "The url of source 'crm' holds more than one @; take the password from the environment, as in "
            "postgresql+psycopg://user:${CRM_PASSWORD}@host/database, or write %40 for an @ in it.",
        ),
        ("postgresql+psycopg://crm:geheim@127.0.0.1:1/crm", NO_SERVER),
        ("postgresql+psycopg://crm:geheim@127.0.0.1:1/crm?application_name=geheim", NO_SERVER),
        (
            "postgresql+psycopg://crm:x@127.0.0.1:1/crm?geheim=1",
            "The database of source 'crm' (postgresql+psycopg://crm:***@127.0.0.1:1/crm) cannot be reached: "
            'invalid connection option "geheim"; it is tried again next time.',
        ),
    ],
)
def test_a_url_that_leads_nowhere_is_told_without_its_password(lite: Customer, url: str, sentence: str) -> None:
    told = lite.refusal(lite.source(table="clients", url=url))
    assert told == sentence
    assert "geheim" not in told or "geheim=1" in url


def test_a_password_is_not_shown_in_the_words_of_the_driver_either(lite: Customer) -> None:
    told = lite.refusal(
        lite.source(table="clients", url="postgresql+psycopg://crm:geheim@127.0.0.1:1/crm?sslmode=geheim")
    )
    assert 'invalid sslmode value: "***"; it is tried again next time.' in told
    assert "geheim" not in told


# --- a connection that is lost


def make_large(pg: Customer, rows: int = 30_000) -> None:
    columns = "g as id, g / 100 as day, repeat('x', 200) as pad"
    pg.run(f"create table clients as select {columns} from generate_series(1, {rows}) g")


def cut_off(pg: Customer) -> int:
    """End the connection of who has begun to fetch; how many there were."""
    with pg.engine.begin() as connection:
        ended = connection.execute(
            text(
                "select count(pg_terminate_backend(pid, 5000)) from pg_stat_activity "
                "where application_name = 'bellwether' and datname = current_database() and query ilike 'fetch %'"
            )
        )
        return int(ended.scalar_one())


@postgres
def test_a_connection_that_is_lost_in_the_middle_is_made_again_and_goes_on(pg: Customer) -> None:
    make_large(pg)
    source = pg.source(table="clients", cursor="day", batch_rows=10_000)
    rows, slices = [], []
    for fetched in fetch(source, None, pg.folder):
        slices.append(fetched)
        rows += ids(taken(fetched))
        if len(slices) == 1:
            assert cut_off(pg) == 1
    assert sorted(rows) == list(range(1, 30_001))
    # what had come whole when the connection broke was given away, in a slice that is not full
    assert any(fetched.rows < 10_000 for fetched in slices[:-1])
    assert pg.slices(source, slices[-1].state) == []
    assert pg.left() == []


@postgres
def test_what_came_whole_is_kept_when_the_database_stays_away(pg: Customer, postgres_server: Server) -> None:
    make_large(pg)
    source = pg.source(table="clients", cursor="day", batch_rows=10_000)
    name = str(make_url(pg.url).database)
    rows, states = [], []
    with pytest.raises(RefusedFile) as told:
        for fetched in fetch(source, None, pg.folder):
            rows += ids(taken(fetched))
            states.append(fetched.state)
            if len(states) == 1:
                assert cut_off(pg) == 1
                postgres_server.run("alter database {name} allow_connections false", name=name)
    postgres_server.run("alter database {name} allow_connections true", name=name)
    assert str(told.value).startswith(
        f"The database of source 'crm' (postgresql+psycopg://risk:***@127.0.0.1:{postgres_server.port}/{name}) "
        "cannot be reached: "
    )
    assert f'database "{name}" is not currently accepting connections; it is tried again' in str(told.value)
    assert len(states) == 2
    assert pg.left() == []
    assert rows == list(range(1, len(rows) + 1))
    more, _ = pg.fetch(source, states[-1])
    assert rows + ids(more) == list(range(1, 30_001))


@postgres
def test_a_table_that_is_fetched_whole_is_begun_again_when_the_connection_is_lost(pg: Customer) -> None:
    make_large(pg)
    slow = "select id, pad from clients where id % 300 <> 0 or pg_sleep(0.02) is not null"
    ended: list[int] = []

    def cut_once() -> None:
        while not sum(ended):
            ended.append(cut_off(pg))

    cutter = threading.Thread(target=cut_once)
    cutter.start()
    rows, _ = pg.fetch(pg.source(query=slow))
    cutter.join()
    assert sum(ended) == 1
    assert ids(rows) == list(range(1, 30_001))


@postgres
def test_a_connection_that_breaks_at_the_same_row_again_and_again_is_told(pg: Customer) -> None:
    make_large(pg)
    query = "select id, id / 100 as day from clients where id < 20000 or pg_terminate_backend(pg_backend_pid())"
    source = pg.source(query=query, cursor="day", batch_rows=100_000)
    rows: list[int] = []
    with pytest.raises(RefusedFile, match="cannot be reached: terminating connection due to administrator command; it"):
        for fetched in fetch(source, None, pg.folder):
            rows += ids(taken(fetched))
    assert rows in ([], list(range(1, len(rows) + 1)))
    assert pg.left() == []


@postgres
def test_who_stops_in_the_middle_leaves_neither_a_connection_nor_a_file(pg: Customer) -> None:
    make_large(pg)
    with closing(fetch(pg.source(table="clients", cursor="day", batch_rows=1000), None, pg.folder)) as slices:  # type: ignore[type-var]
        next(slices).path.unlink()
    assert pg.left() == []
    assert cut_off(pg) == 0


# --- room on disk and in memory


def test_a_folder_that_cannot_be_written_to_is_told(lite: Customer, tmp_path: Path) -> None:
    lite.run("create table clients (id integer)", "insert into clients values (1)")
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(RefusedFile) as told:
        list(fetch(lite.source(table="clients"), None, tmp_path / "file" / "fetched"))
    assert str(told.value) == (
        f"The rows of clients cannot be kept in {tmp_path}/file/fetched: Not a directory; it is tried again next time."
    )


FULL_DISK = """
import resource, sys
from pathlib import Path
from core.config import SqlSource
from core.errors import RefusedFile
from core.sources import fetch
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
source = SqlSource(name="crm", kind="sql", url=sys.argv[1], table="clients")
try:
    list(fetch(source, None, Path(sys.argv[2])))
except RefusedFile as error:
    print(error)
"""


def test_a_disk_that_is_full_is_told_and_nothing_is_left_on_it(lite: Customer) -> None:
    lite.run("create table clients (id integer, name text)")
    lite.run(
        "insert into clients with recursive n(i) as (select 1 union all select i + 1 from n where i < 60000) "
        "select i, hex(randomblob(50)) from n"
    )
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", FULL_DISK, lite.url, str(lite.folder)],
        capture_output=True, text=True, check=False, cwd=ROOT,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(f"The rows of clients cannot be kept in {lite.folder}: ")
    assert done.stdout.endswith("; it is tried again next time.\n")
    assert "File too large" in done.stdout
    assert lite.left() == []


MEASURE = """
import resource, sys
from pathlib import Path
from core.config import SqlSource
from core.sources import fetch
def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
def fetch_all(**keys):
    source = SqlSource(name="crm", kind="sql", url=sys.argv[1], **keys)
    rows = 0
    for fetched in fetch(source, None, Path(sys.argv[2])):
        rows += fetched.rows
        fetched.path.unlink()
    return rows
fetch_all(query="select * from clients where id <= 60000")
part = peak()
rows = [fetch_all(table="clients", cursor="day"), fetch_all(table="clients", cursor="same")]
print(*rows, peak() - part)
"""


@pytest.mark.slow
def test_memory_does_not_grow_with_the_table(customer: Customer) -> None:
    numbers = (
        "with recursive n(i) as (select 1 union all select i + 1 from n where i < 300000) "
        "select i as id, i / 7 as day, 1 as same, 'client number ' || i as name, i * 1.5 as revenue"
    )
    columns = ", ".join(f"'{letter * 120}' || i as {letter}" for letter in "abcd")
    customer.run(f"create table clients as {numbers}, {columns} from n")
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", MEASURE, customer.url, str(customer.folder)],
        capture_output=True, text=True, check=True, cwd=ROOT,
    )  # fmt: skip
    *rows, more = map(float, done.stdout.split())
    assert rows == [300_000, 300_000]
    assert more < 50, "the rest of the table has 140 MB"


def test_row_groups_stay_small(lite: Customer) -> None:
    lite.run(
        "create table clients as with recursive n(i) as (select 1 union all select i + 1 from n where i < 120001) "
        "select i as id from n"
    )
    (fetched,) = lite.slices(lite.source(table="clients"))
    with pq.ParquetFile(fetched.path) as file:
        sizes = [file.metadata.row_group(number).num_rows for number in range(file.num_row_groups)]
    assert sum(sizes) == 120_001
    assert max(sizes) <= GROUP_ROWS == 50_000
    assert len(sizes) <= 4


def test_rows_that_are_large_are_fetched_a_few_at_a_time(lite: Customer) -> None:
    lite.run("create table clients (id integer, note text)")
    lite.insert("clients", [{"id": number, "note": "x" * 3_000_000} for number in range(30)])
    rows, _ = lite.fetch(lite.source(table="clients", cursor="id", batch_rows=12))
    assert ids(rows) == list(range(30))
    assert {len(row["note"] or "") for row in rows} == {3_000_000}
