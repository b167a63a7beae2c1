"""The client contract: which columns there are, of what kind, and what they are used for.

Inferred from the first batch where config names no columns, then frozen: later batches are read by it.
"""

from core.schema.changing import Change, changes, consequence
from core.schema.contract import CATEGORICAL, DATE, NUMERIC, Column, Contract, Flagged, LeftOut, features
from core.schema.headers import (
    LINE,
    MOST_COLUMNS,
    REASON,
    ColumnsFound,
    compare_columns,
    folded,
    holds_outcomes_only,
    match_headers,
    nameless,
    require_columns,
)
from core.schema.inference import infer_contract
from core.schema.kinds import looks_like_identifier

__all__ = [
    "CATEGORICAL",
    "DATE",
    "LINE",
    "MOST_COLUMNS",
    "NUMERIC",
    "REASON",
    "Change",
    "Column",
    "ColumnsFound",
    "Contract",
    "Flagged",
    "LeftOut",
    "changes",
    "compare_columns",
    "consequence",
    "features",
    "folded",
    "holds_outcomes_only",
    "infer_contract",
    "looks_like_identifier",
    "match_headers",
    "nameless",
    "require_columns",
]
