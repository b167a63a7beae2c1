"""Texts of a client file become numbers, instants and outcomes; what cannot be read is marked, never guessed.

`amounts` and `dates` read, `spelling` finds out how a file writes them, `texts` holds what all share, and
`canon` says when two values are the same.
"""

from core.values.amounts import LARGEST, numbers, read_numbers
from core.values.canon import canonical
from core.values.dates import UTC_MICROSECONDS, instants
from core.values.spelling import PLAIN, Evidence, Spelling, choose_decimal, evidence
from core.values.texts import identifiers, outcomes, read_levels, trim

__all__ = [
    "LARGEST", "PLAIN", "UTC_MICROSECONDS", "Evidence", "Spelling", "canonical", "choose_decimal", "evidence",
    "identifiers", "instants", "numbers", "outcomes", "read_levels", "read_numbers", "trim",
]  # fmt: skip
