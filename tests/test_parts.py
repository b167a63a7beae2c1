"""What the hashes beside the parts know: the newest content of a key, whatever merged the parts."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core import hashes, ingestion, values
from core.parts import ROWS, Rewritten, Settled, Shelf, Staging, merge, writing
from core.records import Batch
from tests.builders import START

Row = tuple[int, int]


def hashed(numbers: list[int]) -> np.ndarray:
    """A hash for each number, closing zero bytes among them."""
    return np.array([number.to_bytes(4, "big") * 3 + number.to_bytes(4, "little") for number in numbers], hashes.HASH)


def table(rows: list[Row]) -> pa.Table:
    """Rows of a batch: the key is the client, the content a number."""
    return pa.table(
        {
            "_client": [str(key) for key, _ in rows],
            "_as_of": pa.array([START] * len(rows), values.UTC_MICROSECONDS),
            "x": [float(content) for _, content in rows],
            "_content": hashes.to_arrow(hashed([content for _, content in rows])),
        }
    )


def batch(number: int, rows: list[Row], settled: Settled) -> Batch:
    counted = {"accepted": settled.accepted, "duplicate": settled.duplicate, "superseded": settled.superseded}
    told: dict[str, Any] = {
        "sha256": "",
        "source": "s",
        "name": str(number),
        "holds": "clients",
        "seconds": 0.0,
    }
    return Batch(
        id=number, known_at=START + timedelta(hours=number), read=len(rows), rejected=0, part=f"p{number}", refused="",
        **counted, **told,
    )  # fmt: skip


def take(shelf: Shelf, number: int, rows: list[Row], earlier: list[Batch], rewritten: Rewritten) -> Batch:
    """Stage and settle a batch, its rows in blocks of three."""

    def decide(keys: np.ndarray, contents: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        known = shelf.newest_contents(keys, earlier, rewritten)
        fates = ingestion.assign(keys, contents, known)
        return fates, np.zeros(len(keys), bool), (fates == ingestion.DUPLICATE) & (contents == known)

    with Staging(shelf, f"p{number}") as staging:
        for start in range(0, len(rows), 3):
            block = rows[start : start + 3]
            staging.add(table(block), hashed([key for key, _ in block]), hashed([content for _, content in block]))
        return batch(number, rows, staging.settle(decide))


@pytest.fixture
def small_ranges(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Hashes are compared a few at a time, as those of a huge file are."""
    monkeypatch.setattr(writing, "RANGE_ROWS", 4)
    return


books = st.lists(st.tuples(st.integers(1, 12), st.integers(1, 4)), min_size=1, max_size=12)


@pytest.mark.usefixtures("small_ranges")
@given(st.lists(books, min_size=1, max_size=5), st.integers(0, 4))
@settings(max_examples=60)
def test_rows_are_told_apart_as_a_dictionary_would_and_merging_changes_nothing(
    tmp_path_factory: pytest.TempPathFactory, deliveries: list[list[Row]], merged: int
) -> None:
    folder = tmp_path_factory.mktemp("shelf")
    shelf = Shelf(folder / "dataset", folder / "rejected")
    known: dict[int, int] = {}
    taken: list[Batch] = []
    rewritten: dict[int, tuple[str, int]] = {}
    for number, rows in enumerate(deliveries, start=1):
        one = take(shelf, number, rows, taken, rewritten)
        last = dict(rows)
        accepted = {key for key, content in last.items() if known.get(key) != content}
        assert one.accepted == len(accepted)
        assert one.accepted + one.duplicate + one.superseded == len(rows)
        known |= last
        taken.append(one)
        if number == merged:
            count = merge(shelf, "merged", taken, rewritten)
            assert count == sum(own.accepted for own in taken)
            rewritten = {own.id: ("merged", count) for own in taken}
    asked = list(range(14))
    found = shelf.newest_contents(hashed(asked), taken, rewritten)
    wanted = [hashed([known[key]])[0] if key in known else b"" for key in asked]
    assert found.tolist() == [np.bytes_(one) for one in wanted]
    whole = shelf.read(ROWS, taken, rewritten)
    assert (0 if whole is None else len(whole)) == sum(own.accepted for own in taken)


def test_batches_that_do_not_count_are_not_asked(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path / "dataset", tmp_path / "rejected")
    first = take(shelf, 1, [(1, 1), (2, 1)], [], {})
    second = take(shelf, 2, [(1, 2)], [first], {})
    rewritten = {1: ("merged", 3), 2: ("merged", 3)}
    assert merge(shelf, "merged", [first, second], {}) == 3
    for places in ({}, rewritten):
        assert shelf.newest_contents(hashed([1, 2, 3]), [first, second], places).tolist() == [
            hashed([2])[0], hashed([1])[0], b"",
        ]  # fmt: skip
        assert shelf.newest_contents(hashed([1]), [first], places).tolist() == [hashed([1])[0]]
        assert shelf.newest_contents(hashed([2]), [second], places).tolist() == [b""]


def test_what_a_kill_left_half_written_is_swept(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path / "dataset", tmp_path / "rejected")
    take(shelf, 1, [(1, 1)], [], {})
    whole = sorted(shelf.dataset.iterdir())
    (shelf.dataset / ".p2.rows.writing").write_bytes(b"half")
    shelf.sweep()
    assert sorted(shelf.dataset.iterdir()) == whole
