"""From where on something is called a fault: a false one is as bad as a false alarm."""

from __future__ import annotations

from dataclasses import dataclass

#: kinds of faults of a column
MISSING, EMPTY, UNREADABLE, BOUNDS = "missing", "empty", "unreadable", "out of bounds"
CONSTANT, UNIT, SIGN, NEW_LEVEL = "constant", "unit", "sign", "new level"
#: kinds of faults of the rows as a whole
VOLUME, DUPLICATES, STALE = "volume", "duplicates", "stale"


@dataclass(frozen=True, kw_only=True)
class FaultRules:
    """Limits of the rules."""

    #: fewer known values on either side allow no finding
    min_rows: int = 30
    #: a share rose when it did so surely by more than this, and chance would make it seem so less often than `q`
    share_rise: float = 0.01
    q: float = 0.01
    #: a level is new when its share is surely above this
    new_share: float = 0.005
    #: a factor is one of the known ones when no quartile says that it is further off than this, chance allowed for
    factor_tolerance: float = 0.03
    #: values in another unit: this near to the reference once put right (Kolmogorov-Smirnov distance), this far
    #: before, and so many times as far
    ks_after: float = 0.1
    ks_before: float = 0.1
    ks_ratio: float = 3.0
    #: least share of rows that may be in another unit beside others that are not
    partial_share: float = 0.05
    #: how often chance alone may make a column constant
    constant_p: float = 1e-4
    #: least number of earlier chunks that say what is usual
    earlier_chunks: int = 3
    #: the count of rows is unusual when chance makes it so less often than this, and it is this many times more or less
    volume_p: float = 0.0005
    volume_factor: float = 1.5
    #: a share of rows is unusual when it is surely by this above the highest of earlier chunks
    rows_rise: float = 0.05


DEFAULT = FaultRules()
