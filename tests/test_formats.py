"""The same table comes in every format, dialect and encoding as the same rows."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core import ingestion
from core.config import DataConfig
from core.errors import RefusedFile
from core.ingestion import Dialect
from core.records import Batch
from core.workspace import Workspace
from tests.builders import arrive, make_workspace
from tests.strange_files import gz, parquet, xlsx, zipped

NAMES = ["client_id", "snapshot_date", "since", "revenue", "seats", "margin", "plan", "exited"]

#: id, snapshot, client since, revenue, seats, margin, plan, outcome
Row = tuple[str, date, date | None, float | None, int, float, str, int | None]

PLANS = ('Pro, "the big one"', "Prix d’été", "line one\nline two", "Größe; M", "plain", "tab\tbed")


def row(number: int) -> Row:
    return (
        f"K{number:03}",
        date(2025, 12, 1),
        None if number % 7 == 3 else date(2020 + number % 5, 1 + number % 12, 13 + number % 15),
        None if number % 9 == 4 else round(1234.5 * (number + 1) + 0.25 * (number % 4), 2),
        17 * number % 90,
        round((number * 37 % 101 - 50) / 100, 2),
        PLANS[number % len(PLANS)],
        None if number % 11 == 5 else number % 2,
    )


ROWS = [row(number) for number in range(44)]


# --- writers


def iso(day: date) -> str:
    return day.isoformat()


def point(number: float) -> str:
    return str(number)


def european(number: float) -> str:
    """1234.5 as 1.234,5."""
    return f"{number:,}".translate(str.maketrans(",.", ".,"))


def delimited(
    separator: str = ",",
    *,
    end: str = "\r\n",
    number: Callable[[float], str] = point,
    share: Callable[[float], str] = point,
    day: Callable[[date], str] = iso,
    outcomes: tuple[str, str] = ("0", "1"),
    rows: list[Row] = ROWS,
    names: list[str] = NAMES,
    missing: str = "",
) -> str:
    made = io.StringIO()
    writer = csv.writer(made, delimiter=separator, lineterminator=end)
    writer.writerow(names)
    for client, at, since, revenue, seats, margin, plan, left in rows:
        cells = [
            client,
            day(at),
            missing if since is None else day(since),
            missing if revenue is None else number(revenue),
            seats,
            share(margin),
            plan,
            missing if left is None else outcomes[left],
        ]
        writer.writerow(cells)
    return made.getvalue()


def columns() -> dict[str, Any]:
    return {name: list(cells) for name, cells in zip(NAMES, zip(*ROWS, strict=True), strict=True)}


def arrow() -> pa.Table:
    table = pa.table(columns())
    return table.set_column(1, "snapshot_date", table["snapshot_date"].cast(pa.timestamp("ns")))


def sheet(title: str = "Clients") -> bytes:
    return xlsx([NAMES, *ROWS], title)


def fill(sheet: Any) -> None:
    for cells in [NAMES, *ROWS]:
        sheet.append(list(cells))


@dataclass(frozen=True)
class Written:
    """The table as a file, and how it is found to be written."""

    content: bytes
    dialect: Mapping[str, str]
    name: str = "clients.csv"
    config: Mapping[str, Any] = field(default_factory=dict)


CSV = {"format": "csv", "decimal": ".", "decimal_by": "found"}
COMMA = CSV | {"decimal": ","}
UTF8 = {"encoding": "utf-8", "separator": ","}

FILES = {
    "commas": Written(delimited().encode(), CSV | UTF8),
    "commas, ending lines as Unix does": Written(delimited(end="\n").encode(), CSV | UTF8),
    "semicolons": Written(delimited(";").encode(), CSV | UTF8 | {"separator": ";"}),
    "tabs": Written(delimited("\t").encode(), CSV | UTF8 | {"separator": "\t"}, "clients.tsv"),
    "bars": Written(delimited("|").encode(), CSV | UTF8 | {"separator": "|"}, "clients.txt"),
    "European numbers and dates": Written(
        delimited(";", number=european, share=european, day=lambda day: f"{day:%d.%m.%Y}").encode(),
        COMMA | UTF8 | {"separator": ";", "dates": "dmy"},
    ),
    "American numbers and dates": Written(
        delimited(number=lambda number: f"{number:,}", day=lambda day: f"{day:%m/%d/%Y}").encode(),
        CSV | UTF8 | {"dates": "mdy"},
    ),
    "French spaces and percent": Written(
        delimited(
            ";",
            number=lambda number: f"{number:,} €".replace(",", "\u202f").replace(".", ","),
            share=lambda share: f"{round(share * 100)} %",
            day=lambda day: f"{day:%d/%m/%Y}",
            outcomes=("non", "oui"),
        ).encode(),
        COMMA | UTF8 | {"separator": ";", "dates": "dmy"},
        config={"data": {"negative": ["0", "non"], "positive": ["1", "oui"]}},
    ),
    "accounting": Written(
        delimited(
            share=lambda share: f"({-share})" if share < 0 else f"+{share}", number=lambda number: f"$ {number:,}"
        ).encode(),
        CSV | UTF8,
    ),
    "words for missing": Written(delimited(missing="NULL").encode(), CSV | UTF8),
    "UTF-8 with a mark": Written(delimited().encode("utf-8-sig"), CSV | UTF8),
    "UTF-16": Written(delimited().encode("utf-16"), CSV | UTF8 | {"encoding": "utf-16"}),
    "UTF-16 without a mark": Written(
        delimited("\t").encode("utf-16-le"), CSV | {"encoding": "utf-16-le", "separator": "\t"}
    ),
    "UTF-32": Written(delimited().encode("utf-32"), CSV | UTF8 | {"encoding": "utf-32"}),
    "Windows-1252": Written(delimited(";").encode("cp1252"), CSV | {"encoding": "cp1252", "separator": ";"}),
    "gzip": Written(gz(delimited()), CSV | UTF8 | {"packed": "gzip"}, "clients.csv.gz"),
    "zip": Written(zipped({"clients.csv": delimited()}), CSV | UTF8 | {"packed": "zip"}, "clients.zip"),
    "Parquet": Written(parquet(arrow()), {"format": "parquet"}, "clients.parquet"),
    "Parquet of dictionaries and decimals": Written(
        parquet(
            arrow()
            .set_column(6, "plan", arrow()["plan"].combine_chunks().dictionary_encode())
            .set_column(5, "margin", arrow()["margin"].cast(pa.decimal128(9, 2)))
            .set_column(4, "seats", arrow()["seats"].cast(pa.int16()))
        ),
        {"format": "parquet"},
        "clients.parquet",
    ),
    "Excel": Written(sheet(), {"format": "xlsx", "sheet": "Clients"}, "clients.xlsx"),
    "Excel, a named sheet": Written(
        xlsx([["Nothing here"]], "Cover", lambda book: fill(book.create_sheet("Data"))),
        {"format": "xlsx", "sheet": "Data"},
        "clients.xlsx",
        {"sources": [
            {"name": "incoming", "kind": "folder", "path": "incoming", "settle_seconds": 0, "sheet": "Data"}
        ]},
    ),
    "headers dressed up": Written(
        delimited(names=[" Client_ID ", "SNAPSHOT_DATE", "Since", "revenue", "Seats ", "margin", "pLan", "Exited"])
        .encode(),
        CSV | UTF8,
    ),
    "headers renamed": Written(
        delimited(names=["Kunde", *NAMES[1:7], "Gekündigt"]).encode(),
        CSV | UTF8,
        config={"data": {"rename": {"Kunde": "client_id", "Gekündigt": "exited"}}},
    ),
    "columns in another order": Written(parquet(arrow().select(NAMES[::-1])), {"format": "parquet"}, "clients.parquet"),
}  # fmt: skip


CONTRACT = {"numeric": ["revenue", "seats", "margin"], "categorical": ["plan"], "dates": ["since"]}


def counts(batch: Batch) -> tuple[int, int, int, int, int]:
    assert not batch.refused
    return batch.read, batch.accepted, batch.duplicate, batch.superseded, batch.rejected


def content_of(workspace: Workspace) -> list[list[Any]]:
    """What was kept: every value."""
    rows = workspace.dataset().rows
    wanted = ["_client", "_as_of", "since", "revenue", "seats", "margin", "plan", "_outcome"]
    return rows[wanted].astype(object).where(rows[wanted].notna(), None).values.tolist()


def with_config(folder: Path, written: Written) -> Workspace:
    config = dict(written.config)
    return make_workspace(folder, config | {"data": CONTRACT | config.get("data", {})})


@pytest.mark.parametrize("written", FILES.values(), ids=FILES.keys())
def test_a_table_is_the_same_rows_and_content_however_it_is_written(written: Written, tmp_path: Path) -> None:
    workspace = with_config(tmp_path / "first", written)
    batch = arrive(workspace, written.name, written.content)
    assert counts(batch) == (44, 44, 0, 0, 0)
    assert batch.bad_cells == 0
    kept = content_of(workspace)
    midnight = "T00:00:00+00:00"
    assert [[client, at.isoformat(), since and since.isoformat(), *values] for client, at, since, *values in kept] == [
        [client, f"{at}{midnight}", since and f"{since}{midnight}", *values] for client, at, since, *values in ROWS
    ]
    told = json.loads(batch.dialect)
    assert written.dialect.items() <= told.items()

    other = with_config(tmp_path / "second", written)
    arrive(other, "first.csv", delimited(separator=";", end="\n"))
    assert counts(arrive(other, written.name, written.content)) == (44, 0, 44, 0, 0)
    assert content_of(other) == kept


@pytest.mark.parametrize("name", ["commas", "European numbers and dates", "Parquet", "Excel"])
def test_the_inferred_contract_is_the_same_too(name: str, tmp_path: Path) -> None:
    written = FILES[name]
    workspace = make_workspace(tmp_path, written.config)
    arrive(workspace, written.name, written.content)
    kinds = workspace.contract().kinds
    assert kinds == {
        "since": "date",
        "revenue": "numeric",
        "seats": "numeric",
        "margin": "numeric",
        "plan": "categorical",
    }


# --- what config forces


@pytest.mark.parametrize(
    ("key", "value", "content"),
    [
        ("separator", "~", delimited().replace(",", "~").encode()),
        ("encoding", "cp1250", delimited(";").replace("Größe", "Größe").replace("’", "'").encode("cp1250")),
        ("decimal", ",", delimited(";", number=european, share=european).encode()),
        ("date_format", "dmy", delimited(day=lambda day: f"{day:%d/%m/%Y}").encode()),
    ],
)
def test_config_says_how_files_are_written(key: str, value: str, content: bytes, tmp_path: Path) -> None:
    workspace = make_workspace(tmp_path, {"data": CONTRACT | {key: value}})
    batch = arrive(workspace, "clients.csv", content)
    assert counts(batch) == (44, 44, 0, 0, 0)
    told = json.loads(batch.dialect)
    assert told[{"date_format": "dates"}.get(key, key)] == value
    if key == "decimal":
        assert told["decimal_by"] == "config"


def test_a_forced_sign_is_not_doubted(tmp_path: Path) -> None:
    """1.234 is 1234 where config says that the decimal sign is a comma, though 1234.5 cannot be read then."""
    workspace = make_workspace(tmp_path, {"data": {"numeric": ["x"], "decimal": ",", "as_of": ""}})
    batch = arrive(workspace, "1.csv", "client_id;x;exited\nA;1.234;0\nB;2,5;1\nC;1234.5;0\n")
    assert workspace.dataset().rows["x"].fillna(-1).tolist() == [1234, 2.5, -1]
    assert batch.bad_cells == 1


def test_dates_that_could_be_both_are_asked_for_and_never_guessed(tmp_path: Path) -> None:
    content = "client_id,snapshot_date,x,exited\nA,03/04/2025,1,0\nB,05/06/2025,2,1\n"
    workspace = make_workspace(tmp_path / "asks", {"data": {"numeric": ["x"]}})
    assert arrive(workspace, "1.csv", content).refused == (
        "Dates such as '03/04/2025' could be day-month-year or month-day-year; say which in config.toml: "
        'data.date_format = "dmy" or "mdy".'
    )
    for order, month in (("dmy", 4), ("mdy", 3)):
        workspace = make_workspace(tmp_path / order, {"data": {"numeric": ["x"], "date_format": order}})
        assert counts(arrive(workspace, "1.csv", content)) == (2, 2, 0, 0, 0)
        assert workspace.dataset().rows["_as_of"].dt.month.tolist() == [month, month + 2]


# --- what earlier files and later cells tell


def test_numbers_that_could_be_both_are_read_as_those_of_the_last_file_of_that_source(tmp_path: Path) -> None:
    workspace = make_workspace(tmp_path, {"data": {"numeric": ["x"], "as_of": ""}})
    first = arrive(workspace, "1.csv", "client_id;x;exited\nA;1,5;0\nB;2,25;1\n")
    later = arrive(workspace, "2.csv", "client_id;x;exited\nC;1.234;0\nD;5.678;1\n")
    assert json.loads(first.dialect)["decimal_by"] == "found"
    told = json.loads(later.dialect)
    assert (told["decimal"], told["decimal_by"]) == (",", "assumed")
    assert workspace.dataset().rows["x"].tolist() == [1.5, 2.25, 1234, 5678]

    alone = make_workspace(tmp_path / "alone", {"data": {"numeric": ["x"], "as_of": ""}})
    arrive(alone, "2.csv", "client_id;x;exited\nC;1.234;0\nD;5.678;1\n")
    assert alone.dataset().rows["x"].tolist() == [1.234, 5.678]


def test_a_decimal_sign_that_shows_itself_further_down_counts_for_the_whole_file(tmp_path: Path) -> None:
    """1.234 on the first 60,000 lines could be both; the last line settles it."""
    workspace = make_workspace(tmp_path, {"data": {"numeric": ["x"], "as_of": ""}})
    body = "".join(f"K{number};1.234;{number % 2}\n" for number in range(60_000))
    batch = arrive(workspace, "1.csv", f"client_id;x;exited\n{body}Z;12,5;0\n")
    assert counts(batch) == (60_001, 60_001, 0, 0, 0)
    assert workspace.dataset().rows["x"].value_counts().to_dict() == {1234.0: 60_000, 12.5: 1}
    assert json.loads(batch.dialect)["decimal"] == ","


def test_a_decimal_sign_against_which_most_cells_further_down_speak_is_given_up(tmp_path: Path) -> None:
    workspace = make_workspace(tmp_path, {"data": {"numeric": ["x"], "as_of": ""}})
    begins = "A;1,5;0\n" + "".join(f"K{number};7;{number % 2}\n" for number in range(55_000))
    body = "".join(f"L{number};2.5;{number % 2}\n" for number in range(1000))
    batch = arrive(workspace, "1.csv", f"client_id;x;exited\n{begins}{body}")
    assert batch.bad_cells == 1
    assert workspace.dataset().rows["x"].value_counts().to_dict() == {7.0: 55_000, 2.5: 1000}


# --- whatever a table holds

TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=["C"], exclude_characters="\ufeff"), max_size=8)
TABLES = st.lists(st.tuples(TEXTS, TEXTS), min_size=1, max_size=12)


@given(TABLES, st.sampled_from(",;\t|"), st.sampled_from(["\n", "\r\n"]),
       st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-32"]), st.sampled_from(["", "gzip", "zip"]))  # fmt: skip
def test_texts_come_back_from_any_dialect_as_from_parquet(
    rows: list[tuple[str, str]], separator: str, end: str, encoding: str, packed: str
) -> None:
    made = io.StringIO()
    writer = csv.writer(made, delimiter=separator, lineterminator=end, quoting=csv.QUOTE_ALL)
    writer.writerow(["client_id", "one", "two"])
    writer.writerows((f"K{number}", *cells) for number, cells in enumerate(rows))
    content = made.getvalue().encode(encoding)
    content = gz(content) if packed == "gzip" else zipped({"clients.csv": content}) if packed == "zip" else content
    texts, dialect = read(content)
    assert (dialect.format, dialect.packed, dialect.separator) == ("csv", packed, separator)
    columns = {
        "client_id": [f"K{n}" for n in range(len(rows))],
        "one": [r[0] for r in rows],
        "two": [r[1] for r in rows],
    }
    assert texts == read(parquet(columns))[0]
    assert texts["one"] == [one for one, _ in rows]


def read(content: bytes) -> tuple[dict[str, list[str | None]], Dialect]:
    table = ingestion.open_table(lambda: io.BytesIO(content), DataConfig(client_id="client_id", outcome="exited"))
    found = pa.concat_tables(chunk.table for chunk in table.chunks())
    return found.to_pydict(), table.dialect


def test_a_workbook_without_the_named_sheet_is_refused_with_those_it_has() -> None:
    content, config = sheet("Kunden"), DataConfig(client_id="client_id", outcome="exited")
    with pytest.raises(RefusedFile, match="Kunden"):
        _ = ingestion.open_table(lambda: io.BytesIO(content), config, sheet="Data").names
