"""Frames become plotly figures. What a figure is titled stands beside it on the page, so that it stays small."""

from core.plots.clients import reason_bars, risk_history
from core.plots.drifted import effect_over_time, share_by_chunk, two_shapes
from core.plots.effects import effect_curve, pair_heatmap
from core.plots.ingestion import dataset_growth, rows_by_fate
from core.plots.monitoring import coverage_by_chunk, drift_heatmap, performance_by_chunk
from core.plots.operations import step_range, step_seconds
from core.plots.quality import (
    confusion_matrix,
    gain_curve,
    precision_recall_curve,
    reliability_curve,
    roc_curve,
)
from core.plots.versions import champion_timeline

__all__ = [
    "champion_timeline",
    "confusion_matrix",
    "coverage_by_chunk",
    "dataset_growth",
    "drift_heatmap",
    "effect_curve",
    "effect_over_time",
    "gain_curve",
    "pair_heatmap",
    "performance_by_chunk",
    "precision_recall_curve",
    "reason_bars",
    "reliability_curve",
    "risk_history",
    "roc_curve",
    "rows_by_fate",
    "share_by_chunk",
    "step_range",
    "step_seconds",
    "two_shapes",
]
