"""A model and clients become risks, bands and exact reasons."""

from core.scoring import changes, unfamiliar
from core.scoring.effects import effect_curve, pair_table
from core.scoring.importance import importance
from core.scoring.one import OneScored, score_one
from core.scoring.reasons import LOWERS, RAISES, REASONS, TOGETHER, reasons, sentence, strongest
from core.scoring.risks import HIGH, LOW, MEDIUM, PROVISIONAL, BandCuts, Scored, band_cuts, delivered, score
from core.scoring.writing import ReasonWriter

__all__ = [
    "HIGH",
    "LOW",
    "LOWERS",
    "MEDIUM",
    "PROVISIONAL",
    "RAISES",
    "REASONS",
    "TOGETHER",
    "BandCuts",
    "OneScored",
    "ReasonWriter",
    "Scored",
    "band_cuts",
    "changes",
    "delivered",
    "effect_curve",
    "importance",
    "pair_table",
    "reasons",
    "score",
    "score_one",
    "sentence",
    "strongest",
    "unfamiliar",
]
