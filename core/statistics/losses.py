"""Losses of risks against outcomes, row by row."""

from __future__ import annotations

import numpy as np

#: risks are kept this far from 0 and 1 when their log is taken
_EDGE = 1e-12


def log_losses(y_true: np.ndarray, risk: np.ndarray) -> np.ndarray:
    """Log loss of each row (n,), in nats."""
    kept = np.clip(risk, _EDGE, 1 - _EDGE)
    return -np.where(y_true == 1, np.log(kept), np.log1p(-kept))
