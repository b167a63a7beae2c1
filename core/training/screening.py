"""Columns that a person should look into before training: leaks, identifiers, and what says nothing now."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from core import schema
from core.schema import CATEGORICAL, Contract
from core.training.rows import TrainingSet
from core.training.rule import single_column_roc_auc
from core.wording import listed, number, percent, plural, value_text

LEAK, IDENTIFIER, CONSTANT = "leak", "identifier", "constant now"

#: rows that are searched for leaks
_SAMPLE = 20_000
#: with fewer of either outcome, some column tells them apart by accident
_LEAST_EACH = 10
_MANY_TEXTS, _SHARE_OF_NAMES = 50, 0.5
_NAMED = 3


@dataclass(frozen=True)
class Flag:
    """A column to look into, and why. `kind`: leak, identifier or constant now."""

    column: str
    kind: str
    sentence: str


def flags(
    rows: pd.DataFrame, outcome: np.ndarray, contract: Contract, leak_roc_auc: float, *, seed: int = 0
) -> list[Flag]:
    """What is suspicious in rows of the dataset (n) with their outcomes (n,; 1 left, 0 stayed, NaN not known).

    A leak alone all but decides the outcome, by its values or by whether it is known: its roc_auc, the same that the
    gate looks at, is at least `leak_roc_auc` on a sample (by `seed`) of the rows whose outcome is known. An
    identifier is another for nearly every client. Leaks first, then in the order of the contract.
    """
    if len(rows) == 0:
        return []
    leaks = _leaks(rows, np.asarray(outcome, dtype=np.float64), contract, leak_roc_auc, seed)
    others = []
    for column in contract.columns:
        found = rows[column.name] if column.name in rows else pd.Series(None, index=rows.index, dtype=object)
        if constant := _constant(column.name, found):
            others.append(Flag(column.name, CONSTANT, constant))
        elif identifier := _identifier(column, found, rows["_client"]):
            others.append(Flag(column.name, IDENTIFIER, identifier))
    return leaks + others


def _constant(name: str, found: pd.Series) -> str:
    if found.notna().sum() == 0:
        return f"{name!r} is empty in all {plural(len(found), 'row')}, so nothing can be learned from it."
    first = found.iloc[0]
    if pd.isna(first) or not (found == first).all():
        return ""
    shown = f"{first:%Y-%m-%d}" if isinstance(first, pd.Timestamp) else value_text(first)
    return f"{name!r} is {shown} in all {plural(len(found), 'row')}, so nothing can be learned from it."


def _identifier(column: schema.Column, found: pd.Series, client: pd.Series) -> str:
    known = found.dropna()
    about = int(client[found.notna()].nunique())
    reason = ""
    if column.kind == CATEGORICAL:
        texts = int(known.nunique())
        if texts > _MANY_TEXTS and texts > _SHARE_OF_NAMES * about:
            reason = f"it looks like an identifier: {texts:,} different texts for {plural(about, 'client')}"
    elif column.kind == schema.NUMERIC:
        reason = schema.looks_like_identifier(column.name, known.to_numpy(dtype=np.float64), about)
    if not reason:
        return ""
    return (
        f"{column.name!r}: {reason}. A model could only learn single clients by heart from it; "
        "add it to data.ignore if it is one."
    )


def _leaks(rows: pd.DataFrame, outcome: np.ndarray, contract: Contract, threshold: float, seed: int) -> list[Flag]:
    places = np.flatnonzero(~np.isnan(outcome))
    if len(places) > _SAMPLE:
        places = np.sort(np.random.default_rng(seed).choice(places, _SAMPLE, replace=False))
    left = outcome[places].astype(np.int64)
    if min(left.sum(), len(left) - left.sum()) < _LEAST_EACH:
        return []
    sample = rows.iloc[places]
    known = TrainingSet(
        features=schema.features(sample, contract.columns).reset_index(drop=True),
        outcome=left,
        client=sample["_client"].to_numpy(dtype=object),
        as_of=sample["_as_of"].to_numpy(dtype="datetime64[us]"),
    )
    alone = single_column_roc_auc(known, contract, seed)
    found = sorted((name for name in alone if alone[name] >= threshold), key=lambda name: -alone[name])
    return [
        Flag(
            name, LEAK,
            f"{name!r} alone all but decides the outcome (roc_auc {alone[name]:.3f} on {plural(known.n, 'row')}, "
            f"{left.sum():,} of them 'left'){_how(known.features[name], left)}. If it is only known once a client "
            "has left, it is a leak: add it to data.ignore.",
        )
        for name in found
    ]  # fmt: skip


def _how(values: pd.Series, left: np.ndarray) -> str:
    """In which way a column tells who left, with figures."""
    gone, known = left == 1, values.notna().to_numpy()
    of_gone, of_stayed = float(known[gone].mean()), float(known[~gone].mean())
    if abs(of_gone - of_stayed) > 0.5:
        return f": known for {percent(of_gone)} of those who left and for {percent(of_stayed)} of those who stayed"
    if pd.api.types.is_numeric_dtype(values):
        middle = [number(float(np.median(values[known & side]))) for side in (gone, ~gone)]
        return f": its median is {middle[0]} for those who left and {middle[1]} for those who stayed"
    by_level = pd.Series(left).groupby(values.to_numpy(dtype=object)).agg(["mean", "size"])
    telling = by_level[by_level["mean"] > left.mean()].sort_values("size", ascending=False, kind="stable")
    names = [repr(str(level)) for level in telling.index[:_NAMED]]
    more = f" and {len(telling) - _NAMED:,} more" if len(telling) > _NAMED else ""
    inside = values.isin(telling.index).to_numpy()
    told = ", ".join(names) + more if more else listed(names)
    rates = [percent(float(left[side].mean())) for side in (inside, ~inside)]
    return f": {rates[0]} left where it is {told}, {rates[1]} elsewhere"
