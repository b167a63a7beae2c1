"""What is compared beside the columns one by one, told in the same form as they are."""

from __future__ import annotations

import math

from core.drift.domain import ALARMED, DomainDrift
from core.drift.multivariate import THRESHOLD as REBUILT
from core.drift.multivariate import ReconstructionError
from core.drift.target import THRESHOLD, ShareDrift
from core.records import ColumnDrift
from core.wording import percent

#: kinds of what is compared beside the columns
TARGET, RECONSTRUCTION, DOMAIN = "target", "reconstruction", "domain"


def _told(
    kind: str, reference_n: int, current_n: int, method: str, effect: float, threshold: float, verdict: str,
    sentence: str, statistics: dict[str, float], usual: tuple[str, str] = ("", ""), q: float = math.nan,
) -> ColumnDrift:  # fmt: skip
    return ColumnDrift(
        column="", kind=kind, reference_n=reference_n, current_n=current_n, reference_missing=0.0, current_missing=0.0,
        reference_usual=usual[0], current_usual=usual[1], method=method, effect=effect, threshold=threshold, q=q,
        verdict=verdict, low_power=False, importance=math.nan, sentence=sentence, statistics=statistics,
    )  # fmt: skip


def target_as_column(found: ShareDrift, reference_n: int, current_n: int) -> ColumnDrift:
    """The share of leavers; its effect is Cohen's h."""
    figures = {
        "cohen_h": found.effect, "p": found.p, "share": found.current.value, "share_low": found.current.low,
        "share_high": found.current.high, "reference_share": found.reference.value,
    }  # fmt: skip
    usual = percent(found.reference.value), percent(found.current.value)
    return _told(
        TARGET, reference_n, current_n, "cohen_h", found.effect, THRESHOLD, found.verdict, found.sentence, figures,
        usual, found.p,
    )  # fmt: skip


def reconstruction_as_column(found: ReconstructionError, reference_n: int) -> ColumnDrift:
    """How the columns go together; its effect is the shift of the error in standard deviations of a row's."""
    figures = {"reconstruction": found.effect, "error": found.value, "error_low": found.low, "error_high": found.high}
    return _told(
        RECONSTRUCTION, reference_n, found.n, "reconstruction", found.effect, REBUILT, found.verdict, found.sentence,
        figures,
    )  # fmt: skip


def domain_as_column(found: DomainDrift) -> ColumnDrift:
    """Whether rows can be told apart; its effect is how far roc_auc lies above .5."""
    area = found.roc_auc
    figures = {"domain": area.value - 0.5, "roc_auc": area.value, "roc_auc_low": area.low, "roc_auc_high": area.high}
    figures |= {f"rank {number}: {name}": lost for number, (name, lost) in enumerate(found.ranking[:5], start=1)}
    return _told(
        DOMAIN, found.reference_n, found.current_n, "domain", area.value - 0.5, ALARMED - 0.5, found.verdict,
        found.sentence, figures,
    )  # fmt: skip
