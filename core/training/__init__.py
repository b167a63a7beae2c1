"""A dataset becomes a fitted, calibrated model."""

from core.training.contest import Contest, fit_winner, hold_contest
from core.training.families import describe_columns, fit_family
from core.training.folds import make_folds
from core.training.rows import TrainingSet, in_order, require_two_classes, training_set, within_budget
from core.training.rule import Rule, best_rule
from core.training.screening import LEAK, Flag, flags

__all__ = [
    "LEAK",
    "Contest",
    "Flag",
    "Rule",
    "TrainingSet",
    "best_rule",
    "describe_columns",
    "fit_family",
    "fit_winner",
    "flags",
    "hold_contest",
    "in_order",
    "make_folds",
    "require_two_classes",
    "training_set",
    "within_budget",
]
