"""A dataset becomes a fitted, calibrated model."""

from core.training.budget import TRIALS, Trial, rows_within, timed_families, trial
from core.training.calibration import Calibration, calibrate
from core.training.columns import describe_columns
from core.training.contest import Contest, Entry, Yardstick, as_deployed, fit_winner, hold_contest
from core.training.families import fit_family
from core.training.folds import make_folds
from core.training.recency import Recency, looked_at
from core.training.rows import (
    TrainingSet,
    as_learned,
    clusters,
    in_order,
    require_two_classes,
    training_set,
    within_budget,
)
from core.training.rule import Rule, best_rule
from core.training.screening import LEAK, Flag, flags

__all__ = [
    "LEAK",
    "TRIALS",
    "Calibration",
    "Contest",
    "Entry",
    "Flag",
    "Recency",
    "Rule",
    "TrainingSet",
    "Trial",
    "Yardstick",
    "as_deployed",
    "as_learned",
    "best_rule",
    "calibrate",
    "clusters",
    "describe_columns",
    "fit_family",
    "fit_winner",
    "flags",
    "hold_contest",
    "in_order",
    "looked_at",
    "make_folds",
    "require_two_classes",
    "rows_within",
    "timed_families",
    "training_set",
    "trial",
    "within_budget",
]
