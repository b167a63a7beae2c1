"""One client, quickly."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from core.model import AdditiveModel, Encoded
from core.scoring import unfamiliar
from core.scoring.reasons import Reason, reasons
from core.scoring.risks import BandCuts, Scored


@dataclass(frozen=True)
class OneScored:
    """A client's risk with what it is made of."""

    risk: float
    #: "" where no bands are shown
    band: str
    reasons: list[Reason]
    #: what is like nothing that was learned from, in words
    unfamiliar: list[str]


def score_one(model: AdditiveModel, values: Mapping[str, Any], cuts: BandCuts | None) -> OneScored:
    """Risk, band and reasons of one client by its values (column -> number, level or None), without a frame.

    A column that is not named is missing.
    """
    encoded: Encoded = {}
    for column in model.columns:
        value = values.get(column.name)
        absent = value is None or value != value  # noqa: PLR0124  NaN differs from itself
        if column.categorical:
            levels = np.array([] if absent else [value], dtype=object)
            encoded[column.name] = (np.array([-1 if absent else 0]), levels)
        else:
            encoded[column.name] = (np.array([np.nan if absent else value], dtype=np.float64), None)
    contributions = model.contributions(encoded)
    log_odds = model.log_odds(contributions)
    risk = model.calibrated(log_odds)
    shown = {column.name: [values.get(column.name)] for column in model.columns}
    found = unfamiliar.told(model, unfamiliar.unfamiliar(model, encoded), shown)[0]
    own = reasons(model, Scored(risk, log_odds, contributions, encoded), shown)[0]
    return OneScored(float(risk[0]), str(cuts.band(risk)[0]) if cuts else "", own, found)
