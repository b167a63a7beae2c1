"""Which neighbouring parts become one: few parts in the end, and each row rewritten only a few times."""

from __future__ import annotations

from collections.abc import Sequence

#: so many neighbours at least become one part, which has so many times the rows of the largest of them at least
FEWEST, TIMES = 16, 4
#: parts of more rows are left alone; so no part gets more than twice as many by being merged
LARGE = 2_500_000


def due_merges(sizes: Sequence[int]) -> list[tuple[int, int]]:
    """Runs of neighbours that should become one part each, as (first, behind the last), in their order.

    `sizes`: rows of each part in the order of arrival. A row that is rewritten comes to lie in a part at least
    `TIMES` as large as the one it left (the last time perhaps less, when the part has become `LARGE`): so it is
    rewritten at most once for each power of `TIMES` in `LARGE`, and once more.
    """
    runs: list[tuple[int, int]] = []
    first = 0
    for end in [*(place for place, size in enumerate(sizes) if size > LARGE), len(sizes)]:
        runs += _due(sizes, first, end)
        first = end + 1
    return sorted(runs)


def _due(sizes: Sequence[int], first: int, end: int) -> list[tuple[int, int]]:
    """Due runs in a stretch without large parts."""
    found: list[tuple[int, int]] = []
    waiting = [(first, end)]
    while waiting:
        low, high = waiting.pop()
        if high - low < FEWEST:
            continue
        stretch = sizes[low:high]
        largest = max(stretch)
        if sum(stretch) >= TIMES * largest:
            found += _cut(sizes, low, high)
        else:  # then no run with the largest one in it is due
            place = low + stretch.index(largest)
            waiting += [(low, place), (place + 1, high)]
    return found


def _cut(sizes: Sequence[int], low: int, high: int) -> list[tuple[int, int]]:
    """A due run, or where that would become too large, several, each larger than `LARGE` but for the last."""
    runs: list[tuple[int, int]] = []
    total = 0
    for place in range(low, high):
        total += sizes[place]
        if total > LARGE:
            runs.append((low, place + 1))
            low, total = place + 1, 0
    rest = sizes[low:high]
    if not runs or (len(rest) >= FEWEST and total >= TIMES * max(rest)):
        runs.append((low, high))
    return runs
