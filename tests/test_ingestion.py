from __future__ import annotations

import io
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core import hashes, ingestion, schema
from core.config import Bounds, DataConfig
from core.errors import ContractError, RefusedFile
from core.ingestion import ACCEPTED, DUPLICATE, SUPERSEDED, Checked, Chunk, Tally, TextTable
from core.pipeline import full
from core.records import Batch
from core.store import ingested
from core.values import PLAIN
from core.views import ingestion as views
from core.workspace import Workspace
from tests import builders
from tests.builders import Clock, arrive, drop, make_workspace


def config(**keys: Any) -> DataConfig:
    return DataConfig(**{"client_id": "id", "outcome": "left", "max_bad_cells": 1.0} | keys)


@dataclass(frozen=True, eq=False)
class Raw:
    """A file read whole."""

    opened: TextTable
    table: pa.Table
    records: list[int]
    #: (line, cells) of rows of another width
    ragged: list[tuple[int, list[str]]]

    @property
    def encoding(self) -> str:
        return self.opened.dialect.encoding

    @property
    def separator(self) -> str:
        return self.opened.dialect.separator

    def lines(self, places: Sequence[int]) -> list[int]:
        return self.opened.lines([self.records[place] for place in places])


def read(content: str | bytes, **keys: Any) -> Raw:
    data = content.encode() if isinstance(content, str) else content
    opened = ingestion.open_table(lambda: io.BytesIO(data), config(**keys))
    chunks = list(opened.chunks())
    ragged = [entry for chunk in chunks for entry in chunk.ragged]
    lines = opened.lines([record for record, _ in ragged])
    return Raw(
        opened,
        pa.concat_tables([chunk.table for chunk in chunks]) if chunks else ingestion.survey(opened),
        [int(record) for chunk in chunks for record in chunk.records],
        [(line, found) for line, (_, found) in zip(lines, ragged, strict=True)],
    )


@dataclass(frozen=True, eq=False)
class Whole:
    """A file checked whole."""

    accepted: pa.Table
    rejected: pd.DataFrame
    tally: Tally

    @property
    def read(self) -> int:
        return self.tally.read


def checked_whole(opened: TextTable, check_chunk: Callable[[Chunk], Checked], given: DataConfig) -> Whole:
    tally, found = Tally(), []
    for chunk in opened.chunks():
        found.append(check_chunk(chunk))
        tally.add(found[-1])
    tally.refuse_if_most_are_bad(given)
    rejected = pd.concat([one.rejected for one in found], ignore_index=True)
    rejected["line"] = opened.lines(rejected["line"].tolist())
    return Whole(pa.concat_tables([one.accepted for one in found]), rejected, tally)


def check(content: str, *, numeric: tuple[str, ...] = ("x",), **keys: Any) -> Whole:
    """A file of clients read and checked by a contract of number columns."""
    keys = {"numeric": numeric} | keys
    raw = read(content, **keys)
    given = config(**keys)
    contract = schema.infer_contract(raw.table, given)
    return checked_whole(
        raw.opened, lambda chunk: ingestion.check_clients(chunk, contract, given, PLAIN), given
    )  # fmt: skip


def cells(raw: Raw) -> list[list[str]]:
    return [list(row.values()) for row in raw.table.to_pylist()]


def faults(checked: Whole) -> list[tuple[int, str, str, str, bool]]:
    """Line, column, value, reason and whether the row was set aside."""
    listed = checked.rejected[["line", "column", "value", "reason", "set_aside"]]
    return [tuple(row) for row in listed.itertuples(index=False)]


# --- encodings

NAMES = "id,left,name\na,1,Müller\nb,0,Café “Süd”\n"


@pytest.mark.parametrize(
    ("content", "encoding"),
    [
        (NAMES.encode(), "utf-8"),
        (b"\xef\xbb\xbf" + NAMES.encode(), "utf-8"),
        (NAMES.encode("cp1252"), "cp1252"),
        (NAMES.encode("utf-16"), "utf-16"),
        (NAMES.encode("utf-16-le"), "utf-16-le"),
        (NAMES.encode("utf-16-be"), "utf-16-be"),
        (NAMES.encode("utf-32"), "utf-32"),
        (b"\xff\xfe" + NAMES.encode("utf-16-le"), "utf-16"),
        (b"\xfe\xff" + NAMES.encode("utf-16-be"), "utf-16"),
    ],
)
def test_a_file_is_read_the_same_in_every_encoding(content: bytes, encoding: str) -> None:
    raw = read(content)
    assert raw.encoding == encoding
    assert raw.table.column_names == ["id", "left", "name"]
    assert cells(raw) == [["a", "1", "Müller"], ["b", "0", "Café “Süd”"]]


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "The file is empty: there is not even a header line."),
        (b"\xef\xbb\xbf", "The file is empty: there is not even a header line."),
        (b" \r\n\t\n", "The file is empty: there is not even a header line."),
        (
            b"id,left\na,\x00\x01\x02\x03\n",
            "The file is not a text: it holds binary data (zero bytes); export it as CSV.",
        ),
        (
            "id,left\na,1\n".encode("utf-16")[:-1],
            "The file is not in utf-16 (it begins so): the byte near position 25 does not belong to it; "
            "export it as UTF-8.",
        ),
        (b"id,left\n\x81\x8d,1\n", "The file is neither UTF-8 nor Windows-1252 text; export it as UTF-8."),
        (b"id,left,ID\na,1,b\n", "Two columns are called 'id' (columns 1 and 3); rename one."),
        (
            b'id,left\na,"' + b"x" * 200_000 + b"\nb,1\n",
            'A quote (") that opens on line 2 is never closed, so the rows after it cannot be told apart; '
            "close it, or write it twice where it belongs to the text.",
        ),
    ],
)
def test_what_is_no_table_is_refused_in_a_sentence(content: bytes, sentence: str) -> None:
    with pytest.raises(RefusedFile) as told:
        read(content)
    assert str(told.value) == sentence


# --- separators, quotes, line ends


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_the_separator_is_found_in_the_header(separator: str) -> None:
    raw = read(separator.join(["id", "left", "a b"]) + "\n" + separator.join(["1", "0", "x y"]) + "\n")
    assert raw.separator == separator
    assert cells(raw) == [["1", "0", "x y"]]


def test_separators_inside_quotes_are_text() -> None:
    raw = read('id;"a,b,c,d";left\n1;"x;y";0\n')
    assert raw.table.column_names == ["id", "a,b,c,d", "left"]
    assert cells(raw) == [["1", "x;y", "0"]]


def test_a_separator_that_config_names_is_used_whatever_the_header_looks_like() -> None:
    raw = read("id|a;b;c|left\n1|2;3;4|0\n", separator="|")
    assert raw.table.column_names == ["id", "a;b;c", "left"]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_every_kind_of_line_end_ends_a_line(end: str) -> None:
    raw = read(end.join(["id,left", "a,1", "b,0", ""]))
    assert cells(raw) == [["a", "1"], ["b", "0"]]
    assert raw.lines([0, 1]) == [2, 3]


def test_quoted_newlines_and_doubled_quotes_belong_to_the_text() -> None:
    raw = read('id,left,x\n"a\nb",1,"say ""no"""\n"c\r\n\r\nd",0,""\n')
    assert cells(raw) == [["a\nb", "1", 'say "no"'], ["c\r\n\r\nd", "0", ""]]
    assert raw.lines([0, 1]) == [2, 4]


def test_a_header_may_go_over_several_lines() -> None:
    raw = read('"client\nid",left,"number of\r\nemployees"\na,1,5\nb,0,6\n', client_id="client id")
    assert raw.table.column_names == ["client id", "left", "number of employees"]
    assert cells(raw) == [["a", "1", "5"], ["b", "0", "6"]]
    assert raw.lines([0, 1]) == [4, 5]


def test_blank_lines_are_no_rows() -> None:
    raw = read("\n\r\nid,left\n\na,1\n\n\nb,0\n\n")
    assert cells(raw) == [["a", "1"], ["b", "0"]]
    assert raw.lines([0, 1]) == [5, 8]


def test_a_file_without_a_last_line_end_is_whole() -> None:
    assert cells(read("id,left\na,1\nb,0")) == [["a", "1"], ["b", "0"]]


# --- rejected rows and their lines


@pytest.mark.parametrize(
    ("content", "lines"),
    [
        ("id,left,x\na,1,1\n,1,2\nb,1,3\n,0,4\n", [3, 5]),
        ("id,left,x\r\na,1,1\r\n,1,2\r\n", [3]),
        ("id,left,x\ra,1,1\r\r,1,2\r", [4]),
        ("id,left,x\n\na,1,1\n\n\n,1,2", [6]),
        ("id,left,x\r\n\r\na,1,1\r\n\r\n\r\n,1,2", [6]),
        ("\n\nid,left,x\na,1,1\n,0,2\n", [5]),
        ('id,left,x\n"a\nb",1,1\n,1,2\n', [4]),
        ('id,left,x\n,1,"1\n2\n3"\na,0,1\n,1,2\n', [2, 6]),
        ('"id","left","x\ny"\na,1,1\n,0,2\n', [4]),
        ("id,left,x\na,1\n,1,2\nb,0,3,4\nc,0,5\n,1,6\n", [2, 3, 4, 6]),
        ('id,left,x\n\n"a\nb",1\n\n,1,2\n', [3, 6]),
        ("id,left,x\n   \na,1,2\n,1,2\n", [2, 4]),
    ],
)
def test_a_rejected_row_is_named_by_the_line_it_begins_on(content: str, lines: list[int]) -> None:
    checked = check(content, numeric=tuple(read(content).table.column_names[2:]))
    assert checked.rejected.loc[checked.rejected["set_aside"], "line"].tolist() == lines
    assert checked.tally.set_aside == len(lines)


def test_a_row_of_another_width_is_rejected_with_its_cells() -> None:
    checked = check('id,left,x\na,1\nb,0,3,"4,5"\nc,0,1\nd\n')
    assert faults(checked) == [
        (2, "", "", "2 cells where the header has 3", True),
        (3, "", "", "4 cells where the header has 3", True),
        (5, "", "", "1 cell where the header has 3", True),
    ]
    assert [json.loads(row) for row in checked.rejected["row"]] == [["a", "1"], ["b", "0", "3", "4,5"], ["d"]]
    assert checked.read == 4
    assert checked.accepted["_client"].to_pylist() == ["c"]


def test_a_cell_that_is_no_number_counts_as_missing_and_its_row_is_kept() -> None:
    checked = check("id,left,x\na,1,12\nb,0,twelve\nc,0,\nd,1,?\n")
    assert faults(checked) == [(3, "x", "twelve", "not a number; counted as missing", False)]
    assert checked.accepted["x"].to_pylist() == [12.0, None, None, None]
    assert json.loads(checked.rejected["row"][0]) == {"id": "b", "left": "0", "x": "twelve"}
    assert checked.tally.set_aside == 0


def test_a_cell_that_is_no_date_counts_as_missing_and_its_row_is_kept() -> None:
    checked = check("id,left,x\na,1,2024-01-01\nb,0,soon\n", numeric=(), dates=("x",))
    assert faults(checked) == [(3, "x", "soon", "not a date (wanted: year-month-day); counted as missing", False)]
    assert checked.accepted["x"].is_null().to_pylist() == [False, True]


def test_a_number_out_of_bounds_counts_as_missing_and_is_listed() -> None:
    bounds = {"x": Bounds(min=0, max=10), "y": Bounds(min=-0.5)}
    checked = check("id,left,x,y\na,1,-1,5\nb,0,0,-0.5\nc,0,10,-1\nd,1,10.5,9e9\n", numeric=("x", "y"), bounds=bounds)
    assert faults(checked) == [
        (2, "x", "-1", "outside 0 to 10; counted as missing", False),
        (4, "y", "-1", "outside -0.5 to inf; counted as missing", False),
        (5, "x", "10.5", "outside 0 to 10; counted as missing", False),
    ]
    assert checked.accepted["x"].to_pylist() == [None, 0.0, 10.0, None]
    assert checked.accepted["y"].to_pylist() == [5.0, -0.5, None, 9e9]


def test_a_row_without_id_date_or_readable_outcome_is_set_aside_once_with_every_reason() -> None:
    checked = check(
        "id,left,day,x\na,1,2024-01-01,1\n ,maybe,soon,2\nc,,2024-01-02,3\nd,0,,4\n",
        as_of="day", positive=("1", "yes"), negative=("0",),
    )  # fmt: skip
    assert faults(checked) == [
        (3, "day", "soon", "no date (wanted: year-month-day)", True),
        (3, "id", " ", "no client id", True),
        (3, "left", "maybe", "no outcome (wanted: 1, yes, 0, or blank for not known yet)", True),
        (5, "day", "", "no date (wanted: year-month-day)", True),
    ]
    assert checked.read == 4
    assert checked.tally.set_aside == 2
    assert checked.accepted["_client"].to_pylist() == ["a", "c"]
    assert checked.accepted["_outcome"].to_pylist() == [1.0, None]


def test_outcomes_are_read_by_their_spellings_and_a_blank_is_not_known_yet() -> None:
    content = "id,left,x\na,Gone,1\nb,HERE ,2\nc,,3\nd,?,4\ne,yes,5\n"
    checked = check(content, positive=("gone",), negative=("here",))
    assert checked.accepted["_outcome"].to_pylist() == [1.0, 0.0, None, None]
    assert faults(checked) == [
        (6, "left", "yes", "no outcome (wanted: gone, here, or blank for not known yet)", True),
    ]


def test_an_absent_outcome_column_means_not_known_yet() -> None:
    assert check("id,x\na,1\nb,2\n").accepted["_outcome"].to_pylist() == [None, None]


def test_ids_and_outcomes_that_went_through_a_spreadsheet_as_floats_are_whole_again() -> None:
    checked = check("id,left,x\n17850.0,1.0,5\n 17851 ,0.0,6\n")
    assert checked.accepted["_client"].to_pylist() == ["17850", "17851"]
    assert checked.accepted["_outcome"].to_pylist() == [1.0, 0.0]


@pytest.mark.parametrize(
    ("content", "keys", "sentence"),
    [
        (
            "id,left,x\na,1,y\nb,0,z\nc,0,3\n",
            {},
            "67% of the cells of column 'x' are not a number, such as 'y'; at most 50% may be (data.max_bad_cells).",
        ),
        (
            "id,left,x\na,1,2\nb,gone,3\nc,here,3\n",
            {},
            (
                "67% of the cells of column 'left' are not an outcome "
                "(wanted: 1, true, yes, 0, false, no, or blank for not known yet), such as 'gone'; "
                "at most 50% may be (data.max_bad_cells)."
            ),
        ),
        (
            "id,left,day,x\na,1,01.02.2024,2\nb,0,02.02.2024,3\n",
            {"as_of": "day"},
            (
                "100% of the cells of column 'day' are not a date (wanted: year-month-day), such as '01.02.2024'; "
                "at most 50% may be (data.max_bad_cells)."
            ),
        ),
        (
            "id,left,x\n,1,2\n,0,3\nc,1,3\n",
            {},
            "67% of the cells of column 'id' are not a client id, such as ''; at most 50% may be (data.max_bad_cells).",
        ),
        (
            "id,left,x,since\na,1,2,soon\nb,0,3,\nc,0,3,late\n",
            {"dates": ("since",)},
            (
                "67% of the cells of column 'since' are not a date, such as 'soon'; "
                "at most 50% may be (data.max_bad_cells)."
            ),
        ),
    ],
)
def test_a_file_most_of_whose_cells_cannot_be_read_is_refused_whole(content: str, keys: dict, sentence: str) -> None:
    with pytest.raises(RefusedFile) as told:
        check(content, max_bad_cells=0.5, **keys)
    assert str(told.value) == sentence


def test_half_of_the_cells_may_be_bad_and_missing_ones_are_not_bad() -> None:
    assert check("id,left,x\na,1,y\nb,,3\n", max_bad_cells=0.5).read == 2
    assert check("id,left,x\na,1,?\nb,,\n", max_bad_cells=0.5).read == 2


def test_a_file_that_lacks_columns_of_the_contract_is_refused_with_their_names() -> None:
    raw = read("id,left,size,region\na,1,2,north\nb,0,3,south\n")
    contract = schema.infer_contract(raw.table, config())
    other = next(read("id,left,sizes,region\na,1,2,north\n").opened.chunks())
    with pytest.raises(ContractError, match=r"^The file lacks the column 'size' \(did you mean 'sizes'\?\); add it,"):
        ingestion.check_clients(other, contract, config(), PLAIN)


# --- contents and ids made of them


def contents(*rows: str, **keys: Any) -> list[bytes]:
    checked = check("\n".join(["id,left,day,x,region", *rows]) + "\n", categorical=("region",), **keys)
    return checked.accepted["_content"].to_pylist()


def test_the_same_values_have_the_same_content_however_they_are_written() -> None:
    one, *same = contents("a,1,2024-01-01,5,north", "a,yes,2024-01-01,5.0, north ", "a,1.0,2024-01-01,+5e0,north")
    assert set(same) == {one}


@pytest.mark.parametrize(
    "other",
    ["a,1,2024-01-01,6,north", "a,1,2024-01-01,,north", "a,1,2024-01-01,5,", "a,1,2024-01-01,5,North",
     "a,0,2024-01-01,5,north", "a,,2024-01-01,5,north"],
)  # fmt: skip
def test_another_value_or_outcome_is_another_content(other: str) -> None:
    one, another = contents("a,1,2024-01-01,5,north", other)
    assert one != another


def test_the_date_belongs_to_the_content_where_there_is_one() -> None:
    rows = ("a,1,2024-01-01,5,north", "a,1,2024-01-02,5,north")
    assert len(set(contents(*rows, as_of="day"))) == 2
    assert len(set(contents(*rows))) == 1


def test_without_ids_rows_get_a_stable_id_of_their_features_alone() -> None:
    content = "left,owner,x\n1,A,5\n0,B,5.0\n0,A,6\n"
    ids = check(content, client_id="", owner="owner").accepted["_client"].to_pylist()
    assert ids[0] == ids[1] != ids[2]
    assert all(len(made) == 16 and int(made, 16) >= 0 for made in ids)
    again = check("x,left,owner\n6,,C\n", client_id="", owner="owner").accepted["_client"].to_pylist()
    assert again == ids[2:]


# --- outcomes that arrive later


def late(content: str, **keys: Any) -> Whole:
    given = config(**{"as_of": "day"} | keys)
    raw = read(content, **{"as_of": "day"} | keys)
    return checked_whole(raw.opened, lambda chunk: ingestion.check_outcomes(chunk, given, PLAIN), given)


def test_late_outcomes_name_a_client_and_may_name_a_date() -> None:
    checked = late("id,day,left\na,2024-01-01,1\nb,,no\n17.0,2024-01-02 00:00,0.0\n")
    assert checked.accepted["_client"].to_pylist() == ["a", "b", "17"]
    assert [str(day)[:10] for day in checked.accepted["_as_of"].to_pylist()] == ["2024-01-01", "None", "2024-01-02"]
    assert checked.accepted["_outcome"].to_pylist() == [1.0, 0.0, 0.0]
    assert late("left,id\n1,a\n").accepted["_as_of"].to_pylist() == [None]


def test_late_outcomes_that_say_nothing_are_set_aside_with_the_reason() -> None:
    checked = late("id,day,left\n,2024-01-01,1\na,2024-01-01,\nb,soon,1\nc,2024-01-01,perhaps\nd,2024-01-01,1\n")
    assert faults(checked) == [
        (2, "id", "", "no client id", True),
        (3, "left", "", "the outcome is blank, so there is nothing to learn", True),
        (4, "day", "soon", "no date (wanted: year-month-day)", True),
        (5, "left", "perhaps", "no outcome (wanted: 1, true, yes, 0, false, no, or blank for not known yet)", True),
    ]
    assert checked.accepted["_client"].to_pylist() == ["d"]
    assert checked.read == 5


@pytest.mark.parametrize(
    ("content", "keys", "sentence"),
    [
        ("id,x\na,1\n", {}, "The file of outcomes has no column 'left', which config.toml names as outcome."),
        ("left,x\n1,1\n", {}, "The file of outcomes has no column 'id', which config.toml names as client_id."),
        (
            "left,x\n1,1\n",
            {"client_id": ""},
            "Outcomes that arrive later need a client id; name its column in data.client_id.",
        ),
        (
            "id,left\na,gone\n",
            {"max_bad_cells": 0.5},
            (
                "100% of the cells of column 'left' are not an outcome "
                "(wanted: 1, true, yes, 0, false, no, or blank for not known yet), such as 'gone'; "
                "at most 50% may be (data.max_bad_cells)."
            ),
        ),
    ],
)
def test_a_file_that_brings_no_outcomes_is_refused(content: str, keys: dict, sentence: str) -> None:
    with pytest.raises(RefusedFile) as told:
        late(content, **keys)
    assert str(told.value) == sentence


# --- what becomes of each row


def assigned(keys: list[str], found: list[str], known: dict[str, str]) -> list[int]:
    """`assign` on one-letter keys and contents."""

    def hashed(letters: list[str]) -> np.ndarray:
        return np.array([letter.encode() for letter in letters], hashes.HASH)

    before = hashed([known.get(key, "") for key in keys])
    return ingestion.assign(hashed(keys), hashed(found), before).tolist()


def test_the_last_row_of_a_key_stands_and_earlier_ones_repeat_it_or_are_superseded() -> None:
    assert assigned(list("abaca"), list("xyzxx"), {}) == [DUPLICATE, ACCEPTED, SUPERSEDED, ACCEPTED, ACCEPTED]


def test_a_row_that_says_what_was_known_is_a_duplicate() -> None:
    assert assigned(list("ab"), list("xy"), {"a": "x", "b": "z"}) == [DUPLICATE, ACCEPTED]
    assert assigned(list("aa"), list("xy"), {"a": "x"}) == [SUPERSEDED, ACCEPTED]
    assert assigned(list("aa"), list("yx"), {"a": "x"}) == [SUPERSEDED, DUPLICATE]
    assert assigned(list("aa"), list("xx"), {"a": "x"}) == [DUPLICATE, DUPLICATE]
    assert assigned([], [], {"a": "x"}) == []


letters = st.sampled_from("abc")


@given(st.lists(st.tuples(letters, letters), max_size=10), st.dictionaries(letters, letters))
def test_fates_follow_from_reading_the_rows_one_by_one(rows: list[tuple[str, str]], known: dict[str, str]) -> None:
    last = dict(rows)
    stands = {key: max(n for n, row in enumerate(rows) if row[0] == key) for key in last}
    wanted = []
    for number, (key, content) in enumerate(rows):
        if number == stands[key]:
            wanted.append(DUPLICATE if known.get(key) == content else ACCEPTED)
        else:
            wanted.append(DUPLICATE if last[key] == content else SUPERSEDED)
    assert assigned([key for key, _ in rows], [content for _, content in rows], known) == wanted


# --- training and serving


def test_a_file_that_is_scored_is_read_as_the_files_that_were_learned_from() -> None:
    content = "id,left,day,x,y,region,since\n" + "".join(
        f"c{n},{n % 2},2024-03-{n + 1:02d},{x},{y},{region},{since}\n"
        for n, (x, y, region, since) in enumerate(
            [("1", "-3", "north", "2024-01-01"), ("x", "50", " north", "soon"), ("", "10", "?", ""),
             ("-7", "11", "South", "2023-12-31 12:00"), ("+2.5", "-0", "", "NA")]
        )
    )  # fmt: skip
    keys = {
        "as_of": "day", "numeric": ("x", "y"), "categorical": ("region",), "dates": ("since",),
        "bounds": {"y": Bounds(min=-1, max=10)},
    }  # fmt: skip
    raw = read(content, **keys)
    contract = schema.infer_contract(raw.table, config(**keys))
    (chunk,) = raw.opened.chunks()
    accepted = ingestion.as_frame(ingestion.check_clients(chunk, contract, config(**keys), PLAIN).accepted)
    learned = schema.features(accepted, contract.columns)
    scored, unreadable = ingestion.read_features(
        raw.table, contract.columns, config(**keys), accepted["_as_of"], PLAIN
    )  # fmt: skip
    assert list(scored.columns) == list(learned.columns)
    for name in ("x", "y", "since"):
        np.testing.assert_array_equal(scored[name].to_numpy(float), learned[name].to_numpy(float))
    assert scored["region"].astype(object).where(scored["region"].notna(), None).tolist() == [
        "north", "north", None, "South", None,
    ]  # fmt: skip
    assert unreadable == {"x": 1, "y": 3, "since": 1}


# --- every row read ends exactly once

CELLS = st.text('ab1 ,;"\n\r', max_size=4)


@st.composite
def written_files(draw: st.DrawFn) -> tuple[str, list[tuple[int, list[str]]]]:
    """A CSV file and, as it was written, the line and the cells of each of its rows."""
    end = draw(st.sampled_from(["\n", "\r\n"]))
    made: list[str] = []
    rows: list[tuple[int, list[str]]] = []

    def put(row: list[str]) -> None:
        quoted = ['"' + cell.replace('"', '""') + '"' for cell in row]
        needless = draw(st.booleans()) and row != [""]
        made.append(
            ",".join(
                bare if needless and not set(bare) & set(',"\r\n') else safe
                for bare, safe in zip(row, quoted, strict=True)
            )
            + end
        )

    def line() -> int:
        text = "".join(made)
        return 1 + len(text.replace("\r\n", "\n").replace("\r", "\n").split("\n")) - 1

    def blanks() -> None:
        made.extend([end] * draw(st.integers(0, 2)))

    blanks()
    put(["id", "left", draw(st.sampled_from(["x", "x\ny", 'x "z"']))])
    for _ in range(draw(st.integers(1, 6))):
        blanks()
        width = draw(st.sampled_from([3, 3, 3, 1, 2, 4]))
        row = [draw(st.sampled_from(["a", "b", "", "c"])), *(draw(CELLS) for _ in range(width - 1))]
        rows.append((line(), row))
        put(row)
    blanks()
    return "".join(made), rows


@given(written_files())
def test_every_row_of_a_written_file_is_read_back_from_its_line(file: tuple[str, list[tuple[int, list[str]]]]) -> None:
    content, rows = file
    raw = read(content)
    whole = [(line, row) for line, row in rows if len(row) == 3]
    assert cells(raw) == [row for _, row in whole]
    assert raw.lines(range(len(whole))) == [line for line, _ in whole]
    assert list(raw.ragged) == [(line, row) for line, row in rows if len(row) != 3]


@given(written_files())
def test_every_row_of_a_file_is_kept_or_rejected_with_its_line(file: tuple[str, list[tuple[int, list[str]]]]) -> None:
    content, rows = file
    checked = check(content, numeric=(), categorical=(read(content).table.column_names[2],))
    good = [
        row[0]
        for _, row in rows
        if len(row) == 3 and row[0] and row[1].strip().lower() in {"", "1", "true", "yes", "0", "false", "no"}
    ]
    aside = checked.rejected.loc[checked.rejected["set_aside"], "line"]
    assert checked.read == len(rows)
    assert checked.accepted["_client"].to_pylist() == good
    assert len(good) + checked.tally.set_aside == checked.read
    assert set(aside) <= {line for line, _ in rows}


@given(st.text('id,left\n\r"; 1a\ufeff\x00', max_size=40).map(str.encode) | st.binary(max_size=40))
@settings(max_examples=300)
def test_whatever_bytes_arrive_they_are_read_or_refused_in_a_sentence(content: bytes) -> None:
    try:
        raw = read(content, client_id="")
        sentence = f"{raw.table.num_rows} rows."
        assert len(set(raw.lines(range(raw.table.num_rows)))) == raw.table.num_rows
    except RefusedFile as error:
        sentence = str(error)
    assert sentence.endswith(".")


# --- batches in a workspace


def batches(workspace: Workspace) -> list[Batch]:
    """Every batch, oldest first."""
    with workspace.store.reading() as db:
        return ingested.list_batches(db)[::-1]


def counts(batch: Batch) -> tuple[int, int, int, int, int]:
    """read, accepted, duplicate, superseded, rejected."""
    return batch.read, batch.accepted, batch.duplicate, batch.superseded, batch.rejected


CLIENTS = "client_id,x,exited\nA,1,0\nB,2,1\n"


def test_the_four_fates_add_up_to_what_was_read(workspace: Workspace, clock: Clock) -> None:
    assert counts(arrive(workspace, "1.csv", CLIENTS)) == (2, 2, 0, 0, 0)
    clock.forward(days=1)
    batch = arrive(workspace, "2.csv", "client_id,x,exited\nA,1.0,0\nC,3,0\nC,4,0\nC,4,0\nB,5,1\n,6,0\nD,7\n")
    assert counts(batch) == (7, 2, 2, 1, 2)
    assert views.rejected(workspace, batch.id)["line"].tolist() == [7, 8]


def test_a_renamed_copy_is_the_same_batch_and_changed_content_a_new_one(workspace: Workspace) -> None:
    arrive(workspace, "1.csv", CLIENTS)
    drop(workspace, "copy.csv", CLIENTS)
    assert full.ingest_run(workspace) == "No new batch."
    arrive(workspace, "1.csv", CLIENTS + "C,3,0\n")
    assert [(batch.name, *counts(batch)) for batch in batches(workspace)] == [
        ("1.csv", 2, 2, 0, 0, 0),
        ("1.csv", 3, 1, 2, 0, 0),
    ]


def test_two_copies_that_arrive_together_are_one_batch(workspace: Workspace) -> None:
    drop(workspace, "1.csv", CLIENTS)
    drop(workspace, "2.csv", CLIENTS)
    full.ingest_run(workspace)
    assert len(batches(workspace)) == 1


def test_a_file_that_cannot_be_taken_is_recorded_with_its_reason_and_the_others_go_on(workspace: Workspace) -> None:
    drop(workspace, "1.csv", CLIENTS)
    drop(workspace, "2.csv", "client_id,exited,y\nA,1,2\n")
    drop(workspace, "3.csv", CLIENTS + "C,3,0\n")
    said = full.ingest_run(workspace)
    assert said.startswith(
        "2 batches taken: 5 rows read, 3 accepted, 2 duplicate, 0 superseded, 0 rejected. "
        "2.csv was refused: The file lacks the column 'x'"
    )
    assert [bool(batch.refused) for batch in batches(workspace)] == [False, True, False]


@pytest.mark.parametrize("content", ["client_id,x,exited", "client_id,x,exited\n", "\r\nclient_id,x,exited\r\n\r\n\n"])
def test_a_file_without_rows_is_refused(workspace: Workspace, content: str) -> None:
    wanted = "The file has a header line but no rows."
    assert arrive(workspace, "1.csv", content).refused == wanted
    arrive(workspace, "2.csv", CLIENTS)
    assert arrive(workspace, "3.csv", content + "\n\n").refused == wanted


def test_a_refused_file_is_left_alone_until_the_rules_change_and_then_taken(tmp_path: Path, clock: Clock) -> None:
    workspace = make_workspace(tmp_path, now=clock)
    content = "client_id,x,exited\nA,1,gone\nB,2,here\n"
    assert arrive(workspace, "1.csv", content).refused.startswith("100% of the cells of column 'exited' are not an")
    assert full.ingest_run(workspace) == "No new batch."
    assert workspace.contract() is None
    workspace = make_workspace(tmp_path, {"data": {"positive": ["gone"], "negative": ["here"]}}, clock)
    assert counts(arrive(workspace, "1.csv", content)) == (2, 2, 0, 0, 0)


def test_the_contract_of_the_first_batch_is_frozen(workspace: Workspace, clock: Clock) -> None:
    arrive(workspace, "1.csv", "client_id,x,exited\nA,1,0\nB,2,1\n")
    frozen = workspace.contract()
    clock.forward(days=1)
    batch = arrive(workspace, "2.csv", "new,exited,x,client_id\nu,0,many,C\nv,1,3,D\n")
    assert counts(batch) == (2, 2, 0, 0, 0)
    assert workspace.contract() == frozen
    assert views.rejected(workspace, batch.id)["reason"].tolist() == ["not a number; counted as missing"]


def test_renamed_columns_arrive_under_the_name_config_gives_them(tmp_path: Path) -> None:
    workspace = make_workspace(tmp_path, {"data": {"rename": {"Kunde": "client_id", "Weg?": "exited"}}})
    assert counts(arrive(workspace, "1.csv", "Kunde;Weg?;x\nA;1;5\nB;0;6\n")) == (2, 2, 0, 0, 0)


def test_a_first_file_all_of_whose_rows_are_rejected_stops_nothing(workspace: Workspace) -> None:
    batch = arrive(workspace, "1.csv", "client_id,x,exited\n,1,0\nB,2,maybe\n")
    assert counts(batch) == (2, 0, 0, 0, 2)
    full.full_run(workspace)


ids = st.sampled_from(["A", "B", "C", "A.0", "7", "7.0", ""])
days = st.sampled_from(["2024-01-01", "2024-01-01 00:00", "2024-02-01", "soon", ""])
outcomes = st.sampled_from(["", "0", "1", "yes", "1.0", "what"])
rows = st.lists(
    st.tuples(ids, days, outcomes, st.sampled_from(["1", "1.0", "2", "x", ""]), st.sampled_from(["n", " n", "s", ""])),
    min_size=1,
    max_size=6,
)


def meant(row: tuple[str, ...], *, dated: bool) -> tuple[tuple[str, str], tuple] | None:
    """Key and content that a row means; None where it must be rejected."""
    client, day, outcome, x, region = row
    known = {"": None, "0": 0, "1": 1, "yes": 1, "1.0": 1}
    if not client or outcome not in known or (dated and day in ("soon", "")):
        return None
    client = {"7.0": "7"}.get(client, client)
    day = day[:10] if dated else ""
    number = {"1": 1.0, "1.0": 1.0, "2": 2.0}.get(x)
    return (client, day), (number, region.strip() or None, known[outcome], day)


@given(st.lists(rows, min_size=1, max_size=4), st.booleans())
@settings(max_examples=20)
def test_over_any_sequence_of_batches_every_row_read_ends_exactly_once(
    tmp_path_factory: pytest.TempPathFactory, sequence: list[list[tuple[str, ...]]], dated: bool
) -> None:
    clock = Clock()
    keys = {"as_of": "day" if dated else "", "numeric": ["x"], "categorical": ["region"], "max_bad_cells": 1.0}
    workspace = make_workspace(tmp_path_factory.mktemp("w"), {"data": keys}, clock)
    latest: dict[tuple[str, str], tuple] = {}
    snapshots, wanted, seen = 0, [], set()
    for number, batch in enumerate(sequence):
        content = "client_id,day,exited,x,region\n" + "".join(",".join(row) + "\n" for row in batch)
        arrive(workspace, f"{number}.csv", content)
        clock.forward(days=1)
        if content in seen:
            continue
        seen.add(content)
        fates = {"accepted": 0, "duplicate": 0, "superseded": 0, "rejected": 0}
        read = [meant(row, dated=dated) for row in batch]
        fates["rejected"] = read.count(None)
        last = dict(row for row in read if row is not None)
        for place, row in enumerate(read):
            if row is None:
                continue
            if row[0] in [later[0] for later in read[place + 1 :] if later is not None]:
                fates["duplicate" if row[1] == last[row[0]] else "superseded"] += 1
            else:
                fates["duplicate" if latest.get(row[0]) == row[1] else "accepted"] += 1
        new = {key for key, content in last.items() if latest.get(key) != content}
        snapshots += len(new - latest.keys()) if dated else len(new)
        latest |= last
        wanted.append((len(batch), *fates.values()))
        lines = [place + 2 for place, row in enumerate(read) if row is None]
        listed = views.rejected(workspace, batches(workspace)[-1].id)
        assert sorted(set(listed.loc[listed["set_aside"].astype(bool), "line"])) == lines
    assert [counts(batch) for batch in batches(workspace)] == wanted
    dataset = workspace.dataset()
    if snapshots == 0:
        assert dataset is None
        return
    assert dataset is not None
    assert len(dataset.rows) == snapshots
    newest = dataset.rows if dated else dataset.newest()
    found = {
        (row["_client"], str(row["_as_of"])[:10] if dated else ""): (row["x"], row["region"])
        for row in newest.to_dict("records")
    }
    for key, content in latest.items():
        x, region = (None if pd.isna(value) else value for value in found.pop(key))
        assert (x, region) == content[:2]
    assert not found


def test_the_builders_clients_are_taken_whole(workspace: Workspace) -> None:
    assert counts(arrive(workspace, "1.csv", builders.clients_frame(300))) == (300, 300, 0, 0, 0)
