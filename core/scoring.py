"""A model and clients become risks, bands and exact reasons."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from core import wording
from core.config import WorklistConfig
from core.model import AdditiveModel, Bins, Encoded, ModelColumn

HIGH, MEDIUM, LOW, PROVISIONAL = "high", "medium", "low", "provisional"
REASONS = 3
RAISES, LOWERS = "raises the risk", "lowers the risk"


@dataclass(frozen=True)
class BandCuts:
    """Risks from which a client is high or medium; None of both: no bands (provisional model)."""

    high: float
    medium: float

    def band(self, risk: np.ndarray) -> np.ndarray:
        """Band of each risk (n,), as text."""
        return np.where(risk >= self.high, HIGH, np.where(risk >= self.medium, MEDIUM, LOW))


def band_cuts(base_rate: float, config: WorklistConfig) -> BandCuts:
    """Bands of config, or else: high from three times the usual odds of leaving, medium from the usual odds.

    >>> cuts = band_cuts(0.07, WorklistConfig())
    >>> round(cuts.high, 3), round(cuts.medium, 3)
    (0.184, 0.07)
    """
    if config.bands is not None:
        return BandCuts(config.bands.high, config.bands.medium)
    odds = 3 * base_rate / (1 - base_rate)
    return BandCuts(odds / (1 + odds), base_rate)


@dataclass(frozen=True, eq=False)
class Scored:
    """Risks of n clients with what they are made of."""

    #: calibrated, (n,)
    risk: np.ndarray
    #: uncalibrated, (n,): intercept plus the sum of `contributions`
    log_odds: np.ndarray
    #: log-odds by term, (n, terms)
    contributions: np.ndarray
    encoded: Encoded


def score(model: AdditiveModel, features: pd.DataFrame) -> Scored:
    """Risk and exact contributions of each client; a client's result does not depend on the others."""
    encoded = model.encode(features)
    contributions = model.contributions(encoded)
    log_odds = model.log_odds(contributions)
    return Scored(model.calibrated(log_odds), log_odds, contributions, encoded)


def delivered(risk: np.ndarray, rows: pd.DataFrame, learned: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """The risks that managers see (n,), and which of them are out of fold (mask).

    `risk`: a version's own risks of `rows` of the dataset (n,). Where it `learned` from the very snapshot, the risk it
    gave out of fold stands instead, for a model remembers.
    """
    key = ["_client", "_as_of"]
    own = rows[key].merge(learned[[*key, "risk"]], on=key, how="left")["risk"].to_numpy()
    out_of_fold = np.isfinite(own)
    return np.where(out_of_fold, own, risk), out_of_fold


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


def reasons(model: AdditiveModel, scored: Scored, features: pd.DataFrame) -> list[list[dict[str, object]]]:
    """The strongest reasons of each client: `column`, its `value`, what is `usual`, exact `contribution`."""
    places = strongest(scored.contributions)
    columns = {column.name: column for column in model.columns}
    shown = {name: [_own_text(column, value) for value in features[name].tolist()] for name, column in columns.items()}
    usual = {name: _own_text(column, column.usual) for name, column in columns.items()}
    named = [
        (
            " and ".join(term.columns),
            [shown[c] for c in term.columns],
            ", ".join(usual[c] for c in term.columns),
        )
        for term in model.terms
    ]
    made = []
    for row, terms in enumerate(places.tolist()):
        own = []
        for term in terms:
            if term < 0:
                continue
            name, texts, is_usual = named[term]
            value = ", ".join(text[row] for text in texts)
            contribution = float(scored.contributions[row, term])
            own.append({"column": name, "value": value, "usual": is_usual, "contribution": contribution})
        made.append(own)
    return made


def _own_text(column: ModelColumn, value: Any) -> str:
    return wording.days_text(value) if column.kind == "date" else wording.value_text(value)


def _bin_texts(column: ModelColumn) -> list[str]:
    """What each word bin of a column is called: missing first, then levels, values or ranges (see `_word_bin`)."""
    name = column.name
    if column.categorical:
        return [f"{name} unknown", *(f"{name} {level}" for level in column.levels), f"{name} rare or new"]
    if column.distinct:
        says = wording.days_text if column.kind == "date" else wording.number
        named = [f"{name} {says(value)}" for value in column.distinct]
        return [f"{name} unknown", *named, *_range_texts(column, column.distinct)]
    return [f"{name} unknown", *_range_texts(column, column.cuts)]


def _range_texts(column: ModelColumn, edges: tuple[float, ...]) -> list[str]:
    """What the ranges below, between and above some numbers are called."""
    name = column.name
    if not edges:
        return [name]
    if column.kind == "date":
        shown = [wording.days_text(edge) for edge in edges]
        spans = [f"{name} between {late} and {early}" for late, early in pairwise(shown)]
        return [f"{name} later than {shown[0]}", *spans, f"{name} earlier than {shown[-1]}"]
    shown = [wording.number(edge) for edge in edges]
    between = [f"{name} {low} to {high}" for low, high in pairwise(shown)]
    return [f"{name} below {shown[0]}", *between, f"{name} above {shown[-1]}"]


def _word_bin(column: ModelColumn, encoded: Encoded) -> np.ndarray:
    """Which of `_bin_texts` fits each row (n,). Where few values are named one by one, others get a range."""
    if column.categorical:
        return Bins(column.name, None, column.levels).number(encoded)
    if not column.distinct:
        return Bins(column.name, np.array(column.cuts)).number(encoded)
    values, distinct = encoded[column.name][0], np.array(column.distinct)
    place = np.searchsorted(distinct, values)
    named = distinct[np.minimum(place, len(distinct) - 1)] == values
    return np.where(np.isnan(values), 0, np.where(named, 1 + place, 1 + len(distinct) + place)).astype(np.int32)


def _reason_texts(model: AdditiveModel) -> list[list[str]]:
    """Term by term, the text of each combination of its columns' word bins, without the direction."""
    named = {column.name: _bin_texts(column) for column in model.columns}
    texts = []
    for term in model.terms:
        first, *other = term.columns
        if other:
            texts.append([f"{one} with {two}" for one in named[first] for two in named[other[0]]])
        else:
            texts.append(named[first])
    return texts


class ReasonWriter:
    """Writes reasons as text for many rows: every possible text is made once, rows point to theirs."""

    def __init__(self, model: AdditiveModel) -> None:
        self._model = model
        texts = _reason_texts(model)
        self._starts = np.cumsum([0, *(len(own) for own in texts)])[:-1] * 2
        self._widths = [
            len(_bin_texts(next(c for c in model.columns if c.name == term.columns[-1]))) for term in model.terms
        ]
        self._texts = pa.array(
            [f"{text} {way}" for own in texts for text in own for way in (LOWERS, RAISES)] + [""],
            pa.string(),
        )

    def write(self, scored: Scored) -> list[pa.Array]:
        """The strongest reasons of each row, as `REASONS` text arrays (n,), strongest first."""
        rows = np.arange(len(scored.risk))
        numbers = {column.name: _word_bin(column, scored.encoded) for column in self._model.columns}
        codes = np.empty((len(self._model.terms), len(rows)), np.int32)
        for place, term in enumerate(self._model.terms):
            first, *other = term.columns
            own = numbers[first] if not other else numbers[first] * self._widths[place] + numbers[other[0]]
            codes[place] = self._starts[place] + 2 * own
        made = []
        for terms in strongest(scored.contributions).T:
            text = codes[terms, rows] + (scored.contributions[rows, terms] > 0)
            made.append(self._texts.take(pa.array(np.where(terms < 0, len(self._texts) - 1, text))))
        return made
