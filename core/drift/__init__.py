"""Reference and current become distances and verdicts."""

from core.drift.calendar import calendar_columns
from core.drift.comparing import MISSING, compare, touched
from core.drift.histograms import jensen_shannon, psi
from core.drift.profile import PREDICTION, RISK, LevelProfile, NumericProfile, Profile, from_frame, profile, to_frame
from core.drift.target import ShareDrift, as_column, share_drift
from core.drift.telling import METHODS, short
from core.drift.verdicts import ALARM, LOUDNESS, STABLE, TOO_FEW, WATCH, corrected, verdict

__all__ = [
    "ALARM",
    "LOUDNESS",
    "METHODS",
    "MISSING",
    "PREDICTION",
    "RISK",
    "STABLE",
    "TOO_FEW",
    "WATCH",
    "LevelProfile",
    "NumericProfile",
    "Profile",
    "ShareDrift",
    "as_column",
    "calendar_columns",
    "compare",
    "corrected",
    "from_frame",
    "jensen_shannon",
    "profile",
    "psi",
    "share_drift",
    "short",
    "to_frame",
    "touched",
    "verdict",
]
