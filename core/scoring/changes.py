"""A change of a client's risk, split exactly: what the client did, what another model does, what was remembered."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from core.model import AdditiveModel
from core.scoring.reasons import own_text
from core.wording import listed

#: columns that are named on either side of a split
_NAMED = 3


@dataclass(frozen=True, eq=False)
class Split:
    """What risks of n clients changed by, as shares (0-1). The three add up to `total`, exactly."""

    total: np.ndarray
    #: because the client's values are others
    client: np.ndarray
    #: because the model is another
    model: np.ndarray
    #: because risks out of fold stand for rows that a model learned from: they lie elsewhere than the model's own
    memory: np.ndarray
    #: column (or "a and b", see `columns`) -> what it adds to the log-odds by the client's values (n,)
    client_reasons: dict[str, np.ndarray]
    #: column -> what it adds to the log-odds by the other model (n,); "" the general level
    model_reasons: dict[str, np.ndarray]
    #: the columns behind each of these names
    columns: dict[str, tuple[str, ...]]


def split(
    before: AdditiveModel, now: AdditiveModel, was: pd.DataFrame, is_now: pd.DataFrame, delivered: tuple[Any, Any]
) -> Split:
    """How the risks of clients whose rows `was` became `is_now` (n rows each) changed from one model to another.

    Client and model are the two players of a game whose four outcomes are either model's risks of either row: each
    gets the mean of what it adds alone and in addition to the other (Shapley 1953). `delivered`: the risks (n,) that
    managers saw then and see now, out of fold where a model learned from the very row.
    """
    sides = [[_Side(model, rows) for rows in (was, is_now)] for model in (before, now)]
    (then_then, then_now), (now_then, now_now) = [[side.risk for side in own] for own in sides]
    client = ((then_now - then_then) + (now_now - now_then)) / 2
    model = ((now_then - then_then) + (now_now - then_now)) / 2
    first, last = (np.asarray(risk, dtype=np.float64) for risk in delivered)
    total = last - first
    columns = sides[0][0].columns | sides[1][0].columns
    nothing = np.zeros(len(total))
    made_by_client, made_by_model = {}, {}
    for name in columns:
        (tt, tn), (nt, nn) = [[side.by_column.get(name, nothing) for side in own] for own in sides]
        made_by_client[name] = ((tn - tt) + (nn - nt)) / 2
        made_by_model[name] = ((nt - tt) + (nn - tn)) / 2
    made_by_model[""] = nothing + (now.intercept - before.intercept)
    return Split(total, client, model, total - client - model, made_by_client, made_by_model, columns)


class _Side:
    """Rows as a model sees them."""

    def __init__(self, model: AdditiveModel, rows: pd.DataFrame) -> None:
        contributions = model.contributions(model.encode(rows))
        self.risk = model.calibrated(model.log_odds(contributions))
        self.by_column: dict[str, np.ndarray] = {}
        self.columns = {" and ".join(term.columns): term.columns for term in model.terms}
        for place, term in enumerate(model.terms):
            name = " and ".join(term.columns)
            self.by_column[name] = self.by_column.get(name, 0.0) + contributions[:, place]


def as_stored(
    found: Split, now: AdditiveModel, was: pd.DataFrame, is_now: pd.DataFrame, version: str
) -> list[dict[str, Any]]:
    """Of each client the split as plain values: shares `total`, `client`, `model`, `memory`, the `version` before, and
    the strongest columns of either side with what they add to the log-odds, the client's with its values.
    """
    kinds = {column.name: column for column in now.columns}
    texts = {
        name: [[own_text(kinds[name], value) for value in rows[name].tolist()] for rows in (was, is_now)]
        for name in kinds
    }
    made = []
    for row in range(len(found.total)):
        by_client = []
        for name, added in _strongest(found.client_reasons, row):
            parts = [part for part in found.columns[name] if part in texts]
            values = [", ".join(texts[part][side][row] for part in parts) for side in (0, 1)]
            by_client.append({"column": name, "before": values[0], "now": values[1], "contribution": added})
        by_model = [{"column": name, "contribution": added} for name, added in _strongest(found.model_reasons, row)]
        shares = {name: float(getattr(found, name)[row]) for name in ("total", "client", "model", "memory")}
        made.append({**shares, "version": version, "client_reasons": by_client, "model_reasons": by_model})
    return made


def _strongest(reasons: dict[str, np.ndarray], row: int) -> list[tuple[str, float]]:
    own = [(name, float(values[row])) for name, values in reasons.items() if values[row] != 0]
    return sorted(own, key=lambda one: (-abs(one[1]), one[0]))[:_NAMED]


def sentence(change: dict[str, Any]) -> str:
    """A stored split in words.

    >>> sentence({"total": 0.18, "client": 0.15, "model": 0.03, "memory": 0.0})
    'Since last time: +18 points, of which +15 the client and +3 the model.'
    """
    if "unknown" in change:
        return f"Since last time: not told apart, because {change['unknown']}."
    named = {"client": "the client", "model": "the model", "memory": "what the model remembered of the client"}
    total, points = _in_points(change["total"], [change[name] for name in named])
    parts = [f"{part:+d} {who}" for part, who in zip(points, named.values(), strict=True) if part]
    if len(parts) == 1:
        return f"Since last time: {total:+d} points, all of it {parts[0].split(' ', 1)[1]}."
    told = f", of which {listed(parts)}" if parts else ""
    return f"Since last time: {f'{total:+d}' if total else 'no'} points{told}."


def _in_points(total: float, parts: list[float]) -> tuple[int, list[int]]:
    """Shares as whole points, the parts such that they add up to the total (largest remainders)."""
    whole, floors = round(100 * total), [int(np.floor(100 * part)) for part in parts]
    rest = sorted(range(len(parts)), key=lambda place: (floors[place] - 100 * parts[place], place))
    for place in rest[: max(0, whole - sum(floors))]:
        floors[place] += 1
    return whole, floors
