"""Bytes become accepted rows and rejected rows with reasons.

Every row read ends exactly once as accepted, duplicate, superseded or rejected.
"""

from core.ingestion.checking import (
    REJECTED_COLUMNS,
    Checked,
    Tally,
    as_frame,
    check_clients,
    check_outcomes,
    conform,
    read_features,
    require_outcome_columns,
)
from core.ingestion.fates import (
    ACCEPTED,
    DUPLICATE,
    SUPERSEDED,
    assign,
    content_hashes,
    content_of,
    disagreeing,
    key_hashes,
)
from core.ingestion.header import find_separator
from core.ingestion.opening import open_table
from core.ingestion.spelling import Spelled, choose, gather
from core.ingestion.tables import Chunk, Dialect, Opener, TextTable, survey

__all__ = [
    "ACCEPTED", "DUPLICATE", "REJECTED_COLUMNS", "SUPERSEDED", "Checked", "Chunk", "Dialect", "Opener", "Spelled",
    "Tally", "TextTable", "as_frame", "assign", "check_clients", "check_outcomes", "choose", "conform",
    "content_hashes", "content_of", "disagreeing", "find_separator", "gather", "key_hashes", "open_table",
    "read_features", "require_outcome_columns", "survey",
]  # fmt: skip
