"""Exact reasons of each risk: which terms move it, with the client's value and what is usual."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from core import wording
from core.model import AdditiveModel, ModelColumn
from core.scoring.risks import Scored

REASONS = 3
RAISES, LOWERS = "raises the risk", "lowers the risk"
TOGETHER = " together with "

#: `column`, its `value` and what is `usual`, as texts, and the exact `contribution` to the log-odds; of a pair also
#: the `columns` and their `values` one by one
Reason = dict[str, Any]


def strongest(contributions: np.ndarray, count: int = REASONS) -> np.ndarray:
    """Numbers of the terms that move each client most, up or down, (n, count), strongest first.

    Fewer terms that move the client than `count`: the rest is -1. Of equal ones the earlier stands first.
    """
    size = np.abs(contributions)
    places = np.full((len(contributions), count), -1, dtype=np.int64)
    rows = np.arange(len(size))
    for rank in range(min(count, contributions.shape[1])):
        first = np.argmax(size, axis=1)
        places[:, rank] = np.where(size[rows, first] > 0, first, -1)
        size[rows, first] = -1.0
    return places


def strongest_both_ways(contributions: np.ndarray, count: int = REASONS) -> list[list[int]]:
    """Of each client the terms that move it most, and those that raise and lower its risk most, strongest first."""
    size = np.abs(contributions)
    most = strongest(contributions, count)
    up, down = (strongest(np.maximum(way * contributions, 0.0), count) for way in (1, -1))
    together = np.concatenate([most, up, down], axis=1)
    made = []
    for row, terms in enumerate(together.tolist()):
        own = [term for term in dict.fromkeys(terms) if term >= 0]
        made.append(sorted(own, key=lambda term: (-size[row, term], term)))
    return made


def reasons(model: AdditiveModel, scored: Scored, features: Any) -> list[list[Reason]]:
    """The strongest reasons of each client, overall and in either direction, strongest first; see `Reason`.

    `features`: column -> values (n,), such as a frame.
    """
    columns = {column.name: column for column in model.columns}
    shown = {name: [own_text(column, value) for value in list(features[name])] for name, column in columns.items()}
    usual = {name: own_text(column, column.usual) for name, column in columns.items()}
    made = []
    for row, terms in enumerate(strongest_both_ways(scored.contributions)):
        own = []
        for term in terms:
            names = model.terms[term].columns
            values, common = [shown[name][row] for name in names], [usual[name] for name in names]
            contribution = float(scored.contributions[row, term])
            own.append(_reason(names, values, common, contribution))
        made.append(own)
    return made


def _reason(names: Sequence[str], values: list[str], usual: list[str], contribution: float) -> Reason:
    made: Reason = {
        "column": " and ".join(names), "value": ", ".join(values), "usual": ", ".join(usual),
        "contribution": contribution,
    }  # fmt: skip
    return made | {"columns": list(names), "values": values} if len(names) > 1 else made


def sentence(reason: Reason) -> str:
    """A reason in words.

    >>> sentence({"column": "a", "value": "3", "usual": "1", "contribution": 0.2})
    'a 3 (usual 1) raises the risk'
    """
    names, values = reason.get("columns", [reason["column"]]), reason.get("values", [reason["value"]])
    told = TOGETHER.join(f"{name} {value}" for name, value in zip(names, values, strict=True))
    return f"{told} (usual {reason['usual']}) {RAISES if reason['contribution'] > 0 else LOWERS}"


def own_text(column: ModelColumn, value: Any) -> str:
    """A client's value of a column as people say it."""
    return wording.days_text(value) if column.kind == "date" else wording.value_text(value)
