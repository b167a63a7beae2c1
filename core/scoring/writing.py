"""Reasons as text for many rows: every possible text is made once, rows point to theirs."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pyarrow as pa

from core import wording
from core.model import AdditiveModel, Bins, Encoded, ModelColumn
from core.scoring.reasons import LOWERS, RAISES, TOGETHER, strongest
from core.scoring.risks import Scored


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
            texts.append([f"{one}{TOGETHER}{two}" for one in named[first] for two in named[other[0]]])
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
