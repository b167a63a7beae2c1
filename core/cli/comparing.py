"""Two versions side by side, as a table for a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.views import side_by_side as tables

if TYPE_CHECKING:
    from core.views.versions import Comparison

Row = tuple[str, str, str]


def side_by_side(found: Comparison) -> str:
    """What `compare` found: a line each, both versions beside each other, and the sentence below."""
    rows: list[Row] = [("", found.first.version, found.second.version), *_rows(tables.sides(found).to_numpy().tolist())]
    same = found.common
    on = f"On {same.rows:,} rows ({same.leavers:,} left) that neither learned from" if same else ""
    for title, table in (
        (on, tables.common(found)), ("Families in the contest", tables.contest(found)),
        ("What differs", tables.differences(found)),
    ):  # fmt: skip
        if len(table):
            rows += [("", "", ""), (title, "", ""), *((f"  {a}", b, c) for a, b, c in _rows(table.to_numpy().tolist()))]
    widths = [max(len(row[place]) for row in rows) for place in (0, 1)]
    lines = [f"{name:<{widths[0]}}  {one:<{widths[1]}}  {two}".rstrip() for name, one, two in rows]
    return "\n".join([*lines, "", found.sentence])


def _rows(found: list[list[str]]) -> list[Row]:
    return [(row[0], row[1], row[2]) for row in found]
