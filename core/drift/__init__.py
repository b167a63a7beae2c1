"""Reference and current become distances and verdicts."""

from core.drift.beside import (
    DOMAIN,
    RECONSTRUCTION,
    TARGET,
    domain_as_column,
    reconstruction_as_column,
    target_as_column,
)
from core.drift.calendar import calendar_columns
from core.drift.comparing import MISSING, compare, touched
from core.drift.domain import DomainDrift, tell_apart
from core.drift.histograms import jensen_shannon, psi
from core.drift.multivariate import Reconstruction, fit_reconstruction, reconstruction_error
from core.drift.profile import PREDICTION, RISK, LevelProfile, NumericProfile, Profile, from_frame, profile, to_frame
from core.drift.shapes import BINS, LEVELS, level_shape, number_shape
from core.drift.target import ShareDrift, share_drift
from core.drift.telling import METHODS, figure, short
from core.drift.verdicts import ALARM, LOUDNESS, STABLE, TOO_FEW, WATCH, corrected, verdict

__all__ = [
    "ALARM",
    "BINS",
    "DOMAIN",
    "LEVELS",
    "LOUDNESS",
    "METHODS",
    "MISSING",
    "PREDICTION",
    "RECONSTRUCTION",
    "RISK",
    "STABLE",
    "TARGET",
    "TOO_FEW",
    "WATCH",
    "DomainDrift",
    "LevelProfile",
    "NumericProfile",
    "Profile",
    "Reconstruction",
    "ShareDrift",
    "calendar_columns",
    "compare",
    "corrected",
    "domain_as_column",
    "figure",
    "fit_reconstruction",
    "from_frame",
    "jensen_shannon",
    "level_shape",
    "number_shape",
    "profile",
    "psi",
    "reconstruction_as_column",
    "reconstruction_error",
    "share_drift",
    "short",
    "target_as_column",
    "tell_apart",
    "to_frame",
    "touched",
    "verdict",
]
