"""Summaries of the dataset, and what is wrong with the data rather than with the world."""

from core.diagnostics.faults import find_faults
from core.diagnostics.levels import categorical_faults
from core.diagnostics.numbers import numeric_faults
from core.diagnostics.rows import RowCounts, row_faults
from core.diagnostics.rules import FaultRules
from core.diagnostics.shares import Counts, share_faults
from core.diagnostics.summaries import summarise

__all__ = [
    "Counts",
    "FaultRules",
    "RowCounts",
    "categorical_faults",
    "find_faults",
    "numeric_faults",
    "row_faults",
    "share_faults",
    "summarise",
]
