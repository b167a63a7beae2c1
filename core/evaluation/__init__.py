"""Outcomes and risks become metrics with intervals, and sentences about them."""

from core.evaluation.baselines import BETTER, OPEN, WORSE, Beaten, against, base_rate
from core.evaluation.calibration import calibration_error, reliability
from core.evaluation.capacity import (
    AtCapacity,
    at_capacity,
    caught_by_rank,
    gains,
    of_called,
)
from core.evaluation.contacted import Contacted, by_contact, was_contacted
from core.evaluation.curves import (
    CALIBRATION,
    CURVE_COLUMNS,
    GAIN,
    MOST_DRAWN,
    PRECISION_RECALL,
    ROC,
    THRESHOLDS,
    at_thresholds,
    curves,
)
from core.evaluation.drops import DROP, FINE, TOO_FEW, WATCH, judge_drop
from core.evaluation.grading import Grade, grade
from core.evaluation.metrics import Confusion, average_precision, best_threshold, confusion, evaluate, f1
from core.evaluation.missed import last_of_leavers, missed
from core.evaluation.segments import segments, worst_sentence

__all__ = [
    "BETTER",
    "CALIBRATION",
    "CURVE_COLUMNS",
    "DROP",
    "FINE",
    "GAIN",
    "MOST_DRAWN",
    "OPEN",
    "PRECISION_RECALL",
    "ROC",
    "THRESHOLDS",
    "TOO_FEW",
    "WATCH",
    "WORSE",
    "AtCapacity",
    "Beaten",
    "Confusion",
    "Contacted",
    "Grade",
    "against",
    "at_capacity",
    "at_thresholds",
    "average_precision",
    "base_rate",
    "best_threshold",
    "by_contact",
    "calibration_error",
    "caught_by_rank",
    "confusion",
    "curves",
    "evaluate",
    "f1",
    "gains",
    "grade",
    "judge_drop",
    "last_of_leavers",
    "missed",
    "of_called",
    "reliability",
    "segments",
    "was_contacted",
    "worst_sentence",
]
