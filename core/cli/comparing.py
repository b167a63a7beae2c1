"""Two versions side by side, as a table for a terminal."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from core.wording import percent

if TYPE_CHECKING:
    from core.statistics import Interval
    from core.views.versions import Comparison, Side

Row = tuple[str, str, str]
_NONE = "–"


def side_by_side(found: Comparison) -> str:
    """What `compare` found: a line each, both versions beside each other, and the sentence below."""
    parts = [
        [("", found.first.version, found.second.version), *zip(*_sides(found), strict=True)],
        _section("Out of fold, each on its own rows", _metrics(found)),
        _section(*_common(found)),
        _section("Families in the contest", _families(found)),
        _section("What differs", _differences(found)),
    ]
    rows = [row for part in parts for row in part]
    widths = [max(len(row[place]) for row in rows) for place in (0, 1)]
    lines = [f"{name:<{widths[0]}}  {one:<{widths[1]}}  {two}".rstrip() for name, one, two in rows]
    return "\n".join([*lines, "", found.sentence])


def _section(title: str, rows: list[Row]) -> list[Row]:
    return [("", "", ""), (title, "", ""), *((f"  {name}", one, two) for name, one, two in rows)] if rows else []


def _sides(found: Comparison) -> tuple[list[str], list[str], list[str]]:
    names = ["champion", "family", "provisional", "made", "rows", "of", "seed", "base rate", "threshold"]
    return names, _facts(found.first), _facts(found.second)


def _facts(side: Side) -> list[str]:
    return [
        _yes(side.champion), side.family, _yes(side.provisional), f"{side.known_at:%Y-%m-%d %H:%M}", f"{side.rows:,}",
        f"{side.rows_available:,}", _text(side.seed), percent(side.base_rate), percent(side.threshold),
    ]  # fmt: skip


def _metrics(found: Comparison) -> list[Row]:
    one, two = found.first.metrics, found.second.metrics
    return [(name, _metric(one.get(name)), _metric(two.get(name))) for name in dict.fromkeys([*one, *two])]


def _metric(told: dict[str, float] | None) -> str:
    if not told or told.get("value") is None or math.isnan(told["value"]):
        return _NONE
    interval = f" ({told['low']:.3f} to {told['high']:.3f})" if told.get("low") is not None else ""
    return f"{told['value']:.3f}{interval}" + (f", n {told['n']:,}" if "n" in told else "")


def _common(found: Comparison) -> tuple[str, list[Row]]:
    common = found.common
    if common is None:
        return "", []
    rows = [(name, _interval(one), _interval(two)) for name, (one, two) in common.metrics.items()]
    gaps = {"roc_auc": common.roc_auc_difference, "log_loss": common.log_loss_difference}
    rows += [(f"{name}, second less first", "", _interval(gap, "+")) for name, gap in gaps.items()]
    return f"On {common.rows:,} rows ({common.leavers:,} left) that neither learned from", rows


def _interval(interval: Interval, sign: str = "") -> str:
    if math.isnan(interval.value):
        return _NONE
    return f"{interval.value:{sign}.3f} ({interval.low:{sign}.3f} to {interval.high:{sign}.3f})"


def _families(found: Comparison) -> list[Row]:
    one, two = found.first.families, found.second.families

    def told(at: dict[str, Any] | None) -> str:
        return f"log_loss {at['log_loss']:.4f}, roc_auc {at['roc_auc']:.4f}" if at else _NONE

    return [(name, told(one.get(name)), told(two.get(name))) for name in dict.fromkeys([*one, *two])]


def _differences(found: Comparison) -> list[Row]:
    rows = [(name, _text(one), _text(two)) for name, (one, two) in found.config.items()]
    rows += [(name, _text(one), _text(two)) for name, (one, two) in found.packages.items()]
    rows += [(f"column {name}", *kinds) for name, kinds in found.columns_changed.items()]
    rows += [("columns only here", _listed(found.columns_removed), _listed(found.columns_added))]
    rows += [("batches only here", _listed(found.batches_only_first), _listed(found.batches_only_second))]
    return [row for row in rows if row[1] != row[2]]


def _listed(names: Iterable[object]) -> str:
    return ", ".join(map(str, names)) or _NONE


def _yes(answer: bool) -> str:
    return "yes" if answer else "no"


def _text(value: Any) -> str:
    return _NONE if value is None else str(value)
