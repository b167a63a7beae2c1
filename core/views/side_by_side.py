"""Two versions side by side as tables of words: what it is, the first version's, the second's."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import pandas as pd

from core.statistics import Interval
from core.views.versions import Comparison, Side
from core.wording import percent, plural

_NONE = "–"
COLUMNS = ["what", "first", "second"]
#: what a key of the config or of a version is called
_KEYS = {"python": "Python"}


def sides(found: Comparison) -> pd.DataFrame:
    """The versions themselves, and their metrics out of fold, each on its own rows."""
    one, two = _facts(found.first), _facts(found.second)
    rows = [(name, one[name], two[name]) for name in one]
    first, second = found.first.metrics, found.second.metrics
    rows += [
        (f"{name}, out of fold", _metric(first.get(name)), _metric(second.get(name)))
        for name in dict.fromkeys([*first, *second])
    ]
    return pd.DataFrame(rows, columns=COLUMNS)


def _facts(side: Side) -> dict[str, str]:
    return {
        "Champion now": "yes" if side.champion else "no", "Kind of model": side.family,
        "Provisional": "yes" if side.provisional else "no", "Made": f"{side.known_at:%Y-%m-%d %H:%M} UTC",
        "Learned from": plural(side.rows, "row"), "of rows that could have trained": f"{side.rows_available:,}",
        "Seed": _text(side.seed), "Share that left": percent(side.base_rate),
        "Says \"would leave\" from": percent(side.threshold),
    }  # fmt: skip


def common(found: Comparison) -> pd.DataFrame:
    """Both on the same rows, which neither learned from; empty where there are none."""
    if found.common is None:
        return pd.DataFrame(columns=COLUMNS)
    rows = [(name, _interval(one), _interval(two)) for name, (one, two) in found.common.metrics.items()]
    gaps = {
        "roc_auc, second less first (above 0: the second is better)": found.common.roc_auc_difference,
        "log_loss, second less first (below 0: the second is better)": found.common.log_loss_difference,
    }
    return pd.DataFrame([*rows, *((name, "", _interval(gap, "+")) for name, gap in gaps.items())], columns=COLUMNS)


def contest(found: Comparison) -> pd.DataFrame:
    """The families that each was chosen from."""
    one, two = found.first.families, found.second.families

    def told(at: dict[str, Any] | None) -> str:
        return f"log_loss {at['log_loss']:.4f}, roc_auc {at['roc_auc']:.4f}" if at else _NONE

    rows = [(name, told(one.get(name)), told(two.get(name))) for name in dict.fromkeys([*one, *two])]
    return pd.DataFrame(rows, columns=COLUMNS)


def differences(found: Comparison) -> pd.DataFrame:
    """Columns, config, packages and batches that differ."""
    rows = [("Columns only here", _listed(found.columns_removed), _listed(found.columns_added))]
    rows += [(f"Kind of the column {name}", *kinds) for name, kinds in found.columns_changed.items()]
    rows += [(_KEYS.get(name, name), _text(one), _text(two)) for name, (one, two) in found.config.items()]
    rows += [(_KEYS.get(name, name), _text(one), _text(two)) for name, (one, two) in found.packages.items()]
    rows.append(("Batches only here", _listed(found.batches_only_first), _listed(found.batches_only_second)))
    return pd.DataFrame([row for row in rows if row[1] != row[2]], columns=COLUMNS)


def list_sentence(found: Comparison) -> str:
    """How the list would change from the first version's to the second's."""
    change = found.list_change
    if not change.size or math.isnan(change.changed):
        return "There are no clients on the list now, so nothing can be said of how it would change."
    count = round(change.changed * change.size)
    alike = "" if math.isnan(change.correlation) else f" Rank correlation of all risks: {change.correlation:.2f}."
    return (
        f"Of the {plural(change.size, 'client')} at the top of the list ({found.clients:,} in all), {count:,} would be "
        f"others.{alike}"
    )


def _metric(told: dict[str, float] | None) -> str:
    if not told or told.get("value") is None or math.isnan(told["value"]):
        return _NONE
    interval = "" if told.get("low") is None else f" ({told['low']:.3f} to {told['high']:.3f})"
    return f"{told['value']:.3f}{interval}" + (f", n = {told['n']:,}" if "n" in told else "")


def _interval(found: Interval, sign: str = "") -> str:
    if math.isnan(found.value):
        return _NONE
    return f"{found.value:{sign}.3f} ({found.low:{sign}.3f} to {found.high:{sign}.3f})"


def _listed(names: Iterable[object]) -> str:
    return ", ".join(map(str, names)) or _NONE


def _text(value: Any) -> str:
    return _NONE if value is None else str(value)
