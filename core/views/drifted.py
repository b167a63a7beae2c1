"""One column in one chunk: what it looked like on both sides, and its distances over time."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pandas as pd

from core import drift
from core.drift import ALARM, DOMAIN, PREDICTION, RECONSTRUCTION, TARGET, WATCH
from core.store import monitoring as stored
from core.views.monitoring import FAULT, raw_name, statistics
from core.workspace import Workspace

#: verdicts from loud to calm
_LOUD = (ALARM, FAULT, WATCH)
#: what is compared beside the columns
_BESIDE = (PREDICTION, TARGET, RECONSTRUCTION, DOMAIN)
#: chunks that are shown unless all are asked for
NEWEST = 24


def newest_chunks(found: pd.DataFrame, most: int = NEWEST) -> pd.DataFrame:
    """The rows of `monitoring.drift` about its newest chunks."""
    return found[found["chunk"].isin(sorted(found["chunk"].unique())[-most:])]


def loud_columns(found: pd.DataFrame) -> tuple[list[str], list[str]]:
    """Columns of `monitoring.drift`: those with an alarm, a fault or a watch in a chunk, and those that are calm.

    What matters most first: by the loudest verdict, columns before what is compared beside them, then by effect over
    threshold times the weight in the model.
    """
    loud = found["verdict"].isin(_LOUD)
    reach = (found["effect"] / found["threshold"]).fillna(0).clip(lower=0)
    weight = found["importance"].astype("float64").fillna(1.0)
    told = found.assign(
        _loud=found["verdict"].map({name: place for place, name in enumerate(_LOUD[::-1], start=1)}).fillna(0),
        _reach=reach * weight.clip(lower=0.01),
    )
    told["_own"] = ~found["kind"].isin(_BESIDE)
    by_column = told.groupby("column", sort=False)[["_loud", "_own", "_reach"]].max()
    ordered = by_column.sort_values(["_loud", "_own", "_reach"], ascending=False, kind="stable").index
    names = set(found.loc[loud, "column"])
    return [str(name) for name in ordered if name in names], [str(name) for name in ordered if name not in names]


@dataclass(frozen=True, eq=False)
class Shape:
    """Both sides of a column in a chunk."""

    #: text (bin or level, in order), reference, current (shares of all rows)
    bins: pd.DataFrame
    #: numbers in bins; else levels
    numbers: bool
    reference_n: int
    current_n: int


def shape(workspace: Workspace, version: str, chunk: str, column: str) -> Shape | None:
    """What a column of `monitoring.drift` looked like on both sides; None where the store does not keep it."""
    with workspace.store.reading() as db:
        kept = stored.find_shape(db, version, chunk, raw_name(column))
        told = stored.list_statistics(db, raw_name(column)) if kept else None
    if not kept or told is None:
        return None
    kind = str(told["kind"].iloc[-1]) if len(told) else ""
    texts = list(kept["levels"]) if "levels" in kept else bin_texts(kept["edges"], column, kind)
    sides = {name: list(kept[name]) for name in ("reference", "current")}
    for name, text in (("others", "all others"), ("missing", "missing")):
        extra = kept.get(name, [0, 0])
        if any(extra):
            texts = [*texts, text]
            for side, count in zip(sides.values(), extra, strict=True):
                side.append(count)
    totals = {name: sum(counts) for name, counts in sides.items()}
    shares = {name: np.array(counts, dtype=np.float64) / max(totals[name], 1) for name, counts in sides.items()}
    bins = pd.DataFrame({"text": texts, **shares})
    return Shape(bins, "edges" in kept, totals["reference"], totals["current"])


def bin_texts(edges: list[float], column: str, kind: str) -> list[str]:
    """What the bins between edges are called, with the unit of the column.

    >>> bin_texts([10.0, 20.0], "delay_days", "numeric")
    ['below 10 days', '10 days to 20 days', 'from 20 days on']
    >>> bin_texts([10.0, 20.0], "joined", "date")
    ['later than 10 days ago', '20 days ago to 10 days ago', '20 days ago and before']
    """
    said = [drift.figure(edge, column, kind) for edge in edges]
    if not said:
        return ["any value"]
    if kind == "date":  # more days from the snapshot: an earlier date
        between = [f"{early} to {late}" for late, early in pairwise(said)]
        return [f"later than {said[0]}", *between, f"{said[-1]} and before"]
    return [f"below {said[0]}", *(f"{low} to {high}" for low, high in pairwise(said)), f"from {said[-1]} on"]


def distances(workspace: Workspace, column: str) -> pd.DataFrame:
    """Every distance of a column over time, the newest comparison of each chunk: chunk, statistic, value, threshold,
    verdict, n; newest chunk first, and the one that the verdict rests on first.
    """
    found = statistics(workspace, column)
    found = found.drop_duplicates(["chunk", "statistic"], keep="last")
    found = found[found["value"].notna()].assign(_beside=found["threshold"].isna())
    ordered = found.sort_values(["chunk", "_beside", "statistic"], ascending=[False, True, True], kind="stable")
    return ordered.drop(columns="_beside")


def share_of_leavers(workspace: Workspace) -> pd.DataFrame:
    """The share of leavers by chunk: chunk, value, low, high, reference, n; oldest chunk first."""
    found = statistics(workspace, "the share of leavers").drop_duplicates(["chunk", "statistic"], keep="last")
    names = {"share": "value", "share_low": "low", "share_high": "high", "reference_share": "reference"}
    own = found[found["statistic"].isin(list(names))]
    wide = own.pivot_table(index="chunk", columns="statistic", values="value", aggfunc="last").rename(columns=names)
    wide = wide.reindex(columns=list(names.values())).assign(n=own.groupby("chunk")["n"].max()).reset_index()
    return wide[wide["value"].notna()].sort_values("chunk")


def over_time(found: pd.DataFrame, kind: str) -> pd.DataFrame:
    """One line of `monitoring.drift` by its kind ("prediction"), the newest for each chunk, oldest chunk first."""
    own = found[found["kind"] == kind].drop_duplicates("chunk").sort_values("chunk")
    return own[["chunk", "effect", "threshold", "verdict", "sentence", "current_n"]]


def row_of(found: pd.DataFrame, column: str, chunk: str) -> pd.Series | None:
    """What `monitoring.drift` says of a column in a chunk, held against the newest reference; None: nothing."""
    own = found[(found["column"] == column) & (found["chunk"] == chunk)]
    return own.iloc[0] if len(own) else None
