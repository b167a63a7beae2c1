"""Retrain?"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass

from core.config import RetrainConfig
from core.decisions.outcomes import needs_two, one_kind
from core.records import Decision
from core.statistics import Interval
from core.wording import listed, plural


@dataclass(frozen=True, kw_only=True)
class RetrainEvidence:
    """What is known when asking whether to train anew."""

    #: a person asked for it
    asked: bool
    has_champion: bool
    #: the champion is provisional, or only a rule
    makeshift: bool
    #: outcomes that may train now, and how many leavers among them
    outcomes: int
    leavers: int
    #: of these, not known when the champion was fitted
    new_outcomes: int
    champion_age_days: float
    #: days since a challenger was last tried against the champion
    rested_days: float = float("inf")
    #: roc_auc of the risks delivered, and of the champion out of fold
    realised_roc_auc: Interval
    reference_roc_auc: float
    #: columns whose drift verdict is "alarm"
    drifted: tuple[str, ...]
    #: other columns are looked at, or read in another way, than when the champion was fitted; without a champion, than
    #: when a challenger was last tried
    contract_changed: bool = False


def dropped(realised: Interval, reference: float, tolerance: float) -> bool:
    """Whether realised roc_auc is surely more than `tolerance` below the reference."""
    return bool(realised.high < reference - tolerance)


def should_retrain(evidence: RetrainEvidence, rules: RetrainConfig) -> Decision:
    """Train anew? Yes when asked; when there is no champion and something to learn from, be it other columns; when a
    makeshift champion could be bettered by a tenth more outcomes; and, with enough new outcomes, when the
    contract changed, performance dropped, columns drifted or the champion is over age. A new contract waits for
    outcomes too, for without them the gate has no rows to judge on. Drift alone never promotes: the gate decides.
    """
    e = evidence
    if one_kind(e.outcomes, e.leavers):
        answer, why = False, needs_two(e.outcomes, e.leavers)
    elif e.asked:
        answer, why = True, "a person asked for it"
    elif not e.has_champion:
        answer = e.new_outcomes > 0 or e.contract_changed
        if e.new_outcomes > 0:
            why = f"there is no model yet and {plural(e.outcomes, 'outcome')} are known"
        elif e.contract_changed:
            why = "there is no model yet and the columns changed since the last attempt"
        else:
            why = "no outcome is new since the last attempt, which found no model worth promoting"
    elif e.makeshift:
        needed = max(1, math.ceil((e.outcomes - e.new_outcomes) / 10))
        answer = e.new_outcomes >= needed
        why = f"the champion is a makeshift and {plural(e.new_outcomes, 'outcome')} came since "
        why += (
            "it was fitted"
            if answer
            else (f"the last attempt, but the next one takes a tenth more outcomes than it had ({needed:,} new)")
        )
    else:
        answer, why = _regular(e, rules)
    sentence = f"{'Retrained' if answer else 'Not retrained'}: {why}."
    return Decision(question="retrain", answer=answer, sentence=sentence, evidence=asdict(evidence))


def _regular(e: RetrainEvidence, rules: RetrainConfig) -> tuple[bool, str]:
    causes = []
    if e.contract_changed:
        causes.append("the columns changed since the champion was fitted")
    if dropped(e.realised_roc_auc, e.reference_roc_auc, rules.on_performance_drop):
        causes.append(
            f"realised roc_auc is {e.realised_roc_auc.value:.3f} against {e.reference_roc_auc:.3f} out of fold"
        )
    if e.drifted and rules.on_drift:
        causes.append(f"{listed(list(e.drifted[:3]))} drifted")
    if e.champion_age_days > rules.max_age_days:
        causes.append(f"the champion is {e.champion_age_days:.0f} days old")
    if not causes:
        drifted = f"{listed(list(e.drifted[:3]))} drifted, which config leaves aside" if e.drifted else ""
        return False, drifted or "no drop, no drift and no over-age champion was found"
    if e.new_outcomes < rules.min_new_outcomes:
        return False, (
            f"{listed(causes)}, but only {plural(e.new_outcomes, 'new outcome')} "
            f"of the {rules.min_new_outcomes:,} needed are known"
        )
    if e.rested_days < rules.cool_down_days:
        return False, (
            f"{listed(causes)}, but a challenger was tried {e.rested_days:.0f} days ago; "
            f"the next one waits for {rules.cool_down_days} days (retrain.cool_down_days)"
        )
    return True, f"{listed(causes)}, and {plural(e.new_outcomes, 'new outcome')} are known"
