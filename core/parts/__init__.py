"""Rows on disk: immutable Parquet parts, with the sorted hashes of their keys and contents beside them.

A batch comes with files of its own (`<part>.parquet` and so on). Small ones are rewritten into larger parts whose rows
carry the batch they came with. Only the store's rows say which files count; others are orphans.
"""

from core.parts.merging import Keep, count_rejected, forget_rejected, merge
from core.parts.shelf import INDEX, OWNERS, REJECTED, ROWS, SEEN, Rewritten, Shelf
from core.parts.staging import Settled, Staging

__all__ = [
    "INDEX", "OWNERS", "REJECTED", "ROWS", "SEEN", "Keep", "Rewritten", "Settled", "Shelf", "Staging", "count_rejected",
    "forget_rejected", "merge",
]  # fmt: skip
