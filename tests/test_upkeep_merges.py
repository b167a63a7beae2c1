"""Which parts are merged: few stay, no row is rewritten often, none changes its place."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.upkeep.merges import FEWEST, LARGE, TIMES, due_merges

#: (rows, how often the row that was rewritten most has been)
Part = tuple[int, int]

sizes = st.integers(1, 40) | st.integers(1, 10_000) | st.integers(1, 4 * LARGE)


def merged(parts: list[Part]) -> list[Part]:
    """The parts when nothing is due any more."""
    while runs := due_merges([rows for rows, _ in parts]):
        for first, end in reversed(runs):
            run = parts[first:end]
            parts[first:end] = [(sum(rows for rows, _ in run), 1 + max(times for _, times in run))]
    return parts


def lived_through(batches: int, rows: Callable[[int], int]) -> tuple[int, list[Part]]:
    """Batches one after the other: the most parts there ever were, and those in the end."""
    parts: list[Part] = []
    most = 0
    for number in range(batches):
        parts = merged([*parts, (rows(number), 0)])
        most = max(most, len(parts))
    return most, parts


@pytest.mark.parametrize(
    ("name", "rows"),
    [
        ("always few", lambda _: 10),
        ("always many", lambda _: 5_000),
        ("few, and every night the whole book", lambda number: 20_000 if number % 144 == 0 else 7),
        ("days and silent nights", lambda number: 300 if number % 144 < 60 else 1),
    ],
)
def test_a_source_that_brings_rows_every_ten_minutes_for_a_year_leaves_few_parts(
    name: str, rows: Callable[[int], int]
) -> None:
    most, parts = lived_through(52_560, rows)
    assert len(parts) <= most < 100 + sum(size > LARGE for size, _ in parts), name
    assert max(times for _, times in parts) <= 8, name
    assert sum(size for size, _ in parts) == sum(map(rows, range(52_560)))


def test_batches_of_very_different_sizes_leave_few_parts_too() -> None:
    drawn = np.random.default_rng(0).lognormal(5, 1.5, 10_000).astype(int) + 1
    most, parts = lived_through(len(drawn), lambda number: int(drawn[number]))
    assert most < 100
    assert max(times for _, times in parts) <= 8


@given(st.lists(sizes, max_size=300))
@settings(max_examples=300)
def test_runs_are_apart_in_order_and_each_is_worth_it(given_sizes: list[int]) -> None:
    runs = due_merges(given_sizes)
    assert all(before[1] <= after[0] for before, after in zip(runs, runs[1:], strict=False))
    for first, end in runs:
        run = given_sizes[first:end]
        assert len(run) >= 2
        assert max(run) <= LARGE
        assert sum(run) <= 2 * LARGE
        assert sum(run) > LARGE or (sum(run) >= TIMES * max(run) and len(run) >= FEWEST)


@given(st.lists(sizes, max_size=400))
@settings(max_examples=200)
def test_no_row_is_rewritten_often_whatever_arrives(arriving: list[int]) -> None:
    parts: list[Part] = []
    for size in arriving:
        parts = merged([*parts, (size, 0)])
    assert all(times <= math.log(LARGE, TIMES) + 1 for _, times in parts)
    assert sum(size for size, _ in parts) == sum(arriving)


@given(st.lists(st.integers(1, 200), min_size=1, max_size=300))
@settings(max_examples=200)
def test_in_the_end_one_part_outweighs_any_sixteen_neighbours(arriving: list[int]) -> None:
    left = [size for size, _ in merged([(size, 0) for size in arriving])]
    for first in range(len(left)):
        for end in range(first + FEWEST, len(left) + 1):
            assert sum(left[first:end]) < TIMES * max(left[first:end])


def test_a_backlog_becomes_one_part_at_once() -> None:
    assert due_merges([10] * 300) == [(0, 300)]
    assert due_merges([10] * 15) == []
    assert due_merges([10] * 7 + [LARGE + 1] + [10] * 16) == [(8, 24)]
    assert due_merges([]) == []
