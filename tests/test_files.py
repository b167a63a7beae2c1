from __future__ import annotations

import hashlib
import os
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core import files, hashes


def digest(number: int) -> bytes:
    """Sixteen bytes that end in zeros for even numbers."""
    return number.to_bytes(8, "big") + (bytes(8) if number % 2 == 0 else b"\x01" * 8)


def hashed(numbers: list[int]) -> np.ndarray:
    return np.frombuffer(b"".join(map(digest, numbers)), hashes.HASH, len(numbers))


# --- atomic writes


def test_a_file_is_written_whole_and_nothing_is_left_beside_it(tmp_path: Path) -> None:
    files.write_bytes(tmp_path / "new" / "folder" / "a.txt", b"one")
    files.write_bytes(tmp_path / "new" / "folder" / "a.txt", b"two")
    assert (tmp_path / "new" / "folder" / "a.txt").read_bytes() == b"two"
    assert os.listdir(tmp_path / "new" / "folder") == ["a.txt"]  # noqa: PTH208  hidden files count


def test_a_writer_that_fails_leaves_the_old_file_and_nothing_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    files.write_bytes(path, b"old")

    def write(beside: Path) -> None:
        beside.write_bytes(b"half of the n")
        assert path.read_bytes() == b"old"
        raise OSError("the disk is full")

    with pytest.raises(OSError, match="the disk is full"):
        files.write_atomically(path, write)
    assert path.read_bytes() == b"old"
    assert [one.name for one in tmp_path.iterdir()] == ["a.txt"]


def test_a_writer_that_fails_before_it_wrote_is_told_as_it_failed(tmp_path: Path) -> None:
    def write(_beside: Path) -> None:
        raise ValueError("nothing to write")

    with pytest.raises(ValueError, match="nothing to write"):
        files.write_atomically(tmp_path / "a.txt", write)
    assert list(tmp_path.iterdir()) == []


def test_the_file_that_is_being_written_stands_in_the_same_folder(tmp_path: Path) -> None:
    seen = []

    def write(beside: Path) -> None:
        seen.append(beside)
        beside.write_bytes(b"x")

    files.write_atomically(tmp_path / "a.csv", write)
    assert seen[0].parent == tmp_path
    assert seen[0].name.startswith(".")
    assert seen[0].suffix != ".csv"  # so that a source folder never takes it for an arrival


def test_the_sha256_of_a_file_is_that_of_its_bytes(tmp_path: Path) -> None:
    content = bytes(range(256)) * 5000
    files.write_bytes(tmp_path / "a", content)
    assert files.sha256_of(tmp_path / "a") == hashlib.sha256(content).hexdigest()


# --- parts


def test_a_part_comes_back_as_it_was_with_its_types(tmp_path: Path) -> None:
    table = pa.table(
        {
            "_client": pa.array(["a", "ü", None]),
            "_as_of": pa.array([0, 1, None], pa.timestamp("us", tz="UTC")),
            "x": pa.array([1.5, None, -0.0]),
            "_content": hashes.to_arrow(hashed([1, 2, 3])),
        }
    )
    files.write_part(tmp_path / "x=1" / "p.parquet", table)
    assert files.read_part(tmp_path / "x=1" / "p.parquet").equals(table)


# --- hashes


def test_rows_have_the_same_hash_exactly_when_they_are_the_same() -> None:
    columns = [pa.array(["a", "a", "ab", "a"]), pa.array(["b", "b", "", ""])]
    one, same, *others = hashes.row_hashes(columns, 4).tolist()
    assert one == same
    assert len({one, *others}) == 3


def test_a_hash_is_the_blake2b_of_the_row() -> None:
    made = hashes.row_hashes([pa.array(["a"]), pa.array(["ü"])], 1)
    assert hashes.to_arrow(made).to_pylist() == [hashlib.blake2b("a\x1fü".encode(), digest_size=16).digest()]


def test_no_rows_have_no_hashes() -> None:
    made = hashes.row_hashes([pa.array([], pa.string())], 0)
    assert len(made) == 0
    assert len(hashes.from_arrow(pa.chunked_array([hashes.to_arrow(made)]))) == 0
    assert len(hashes.from_arrow(pa.chunked_array([], pa.binary(16)))) == 0


@given(st.lists(st.binary(min_size=16, max_size=16) | st.just(bytes(16)) | st.just(b"a" * 15 + b"\0"), max_size=8))
def test_hashes_that_end_in_zero_bytes_come_back_whole(digests: list[bytes]) -> None:
    made = np.frombuffer(b"".join(digests), hashes.HASH, len(digests))
    column = hashes.to_arrow(made)
    assert column.to_pylist() == digests
    back = hashes.from_arrow(pa.chunked_array([column[:1], column[1:]]))
    assert back.dtype == hashes.HASH
    assert back.tobytes() == b"".join(digests)
