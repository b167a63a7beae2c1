from __future__ import annotations

import hashlib
import struct

import numpy as np
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from core import hashes, values

TEXT = st.none() | st.text("\x00\x1f\x1e01a", max_size=3) | st.sampled_from(["", "\x1f", "\x00", "a\x1fb", "\x000"])
NUMBER = st.none() | st.sampled_from([0.0, -0.0, 1.0, 31.0, float.fromhex("0x1.f1f1f1f1f1f1fp-500")]) | st.floats()
INSTANT = st.none() | st.integers(-3, 3)
ROWS = st.lists(st.tuples(TEXT, NUMBER, TEXT, INSTANT, NUMBER), min_size=1, max_size=8)


def known(row: tuple[str | float | None, ...]) -> tuple[str | float | None, ...]:
    """A row with one missing number, as rows are compared."""
    return tuple(None if cell != cell else cell for cell in row)  # noqa: PLR0124  only NaN differs from itself


def hashed(rows: list[tuple[str | float | None, ...]]) -> list[bytes]:
    kinds = (pa.string(), pa.float64(), pa.string(), values.UTC_MICROSECONDS, pa.float64())
    columns = [pa.array(cells, kind) for cells, kind in zip(zip(*rows, strict=True), kinds, strict=True)]
    return hashes.to_arrow(hashes.row_hashes(map(values.canonical, columns), len(rows))).to_pylist()


@given(ROWS)
def test_rows_of_any_cells_have_the_same_hash_exactly_when_they_are_the_same(
    rows: list[tuple[str | float | None, ...]],
) -> None:
    made = hashed(rows)
    for row, own in zip(rows, made, strict=True):
        assert [known(row) == known(other) for other in rows] == [own == other for other in made]


def test_texts_that_hold_the_separator_or_the_mark_of_missing_are_other_rows() -> None:
    pairs = [
        ("a\x1fb", ""),
        ("a", "b\x1f"),
        ("a", "b"),
        (None, "a"),
        ("\x00", "a"),
        ("\x00\x1fa", None),
        ("\x000", "a"),
    ]
    columns = [values.canonical(pa.array(cells, pa.string())) for cells in zip(*pairs, strict=True)]
    assert len(set(hashes.row_hashes(columns, len(pairs)).tolist())) == len(pairs)


def test_a_hash_is_the_blake2b_of_the_numbers_and_then_the_texts() -> None:
    columns = [pa.array(["a"]), np.array([1.5]), pa.array(["ü"]), np.array([-0.0])]
    made = hashes.row_hashes([values.canonical(column) for column in columns], 1)
    row = struct.pack("<dd", 1.5, 0.0) + b"\x1fa\x1f" + "ü".encode()
    assert hashes.to_arrow(made).to_pylist() == [hashlib.blake2b(row, digest_size=16).digest()]


def test_a_row_has_the_same_hash_wherever_it_stands() -> None:
    count = 40_000  # more than are joined at once
    random = np.random.default_rng(0)
    numbers, names = (
        pa.array(random.integers(0, 50, count).astype(float)),
        pa.array(random.integers(0, 9, count)).cast("str"),
    )
    columns = [values.canonical(numbers), values.canonical(names)]
    made = hashes.row_hashes(columns, count)
    assert len(set(made.tolist())) == 450
    for start in (0, 1, 16_383, 39_990):
        part = hashes.row_hashes([column.slice(start, 10) for column in columns], 10)
        assert part.tobytes() == made[start : start + 10].tobytes()


def test_rows_without_cells_are_all_the_same() -> None:
    assert len(set(hashes.row_hashes([], 3).tolist())) == 1


def test_a_value_that_went_through_text_has_the_same_hash() -> None:
    found, _ = values.read_numbers(pa.chunked_array([["0.1", "1e-1", "10 %", "1"]]), ())
    one, *same, other = hashes.row_hashes([values.canonical(found)], 4).tolist()
    assert set(same) == {one} == set(hashes.row_hashes([values.canonical(np.array([0.1]))], 1).tolist())
    assert other != one
