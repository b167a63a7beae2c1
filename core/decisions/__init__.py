"""Evidence becomes "retrain?" and "promote?", each with a sentence. Truth tables: tests/test_decisions*.py."""

from core.decisions.judging import rows_to_judge_on
from core.decisions.leak import least_roc_auc, looks_like_leak
from core.decisions.outcomes import too_little_to_trust
from core.decisions.promote import GateEvidence, beats_base_rate, should_promote
from core.decisions.reshuffle import ListChange, list_change
from core.decisions.retrain import Drifted, RetrainEvidence, should_retrain

__all__ = [
    "Drifted",
    "GateEvidence",
    "ListChange",
    "RetrainEvidence",
    "beats_base_rate",
    "least_roc_auc",
    "list_change",
    "looks_like_leak",
    "rows_to_judge_on",
    "should_promote",
    "should_retrain",
    "too_little_to_trust",
]
