"""Evidence becomes "retrain?" and "promote?", each with a sentence. Truth tables: tests/test_decisions.py."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass

from core.config import GateConfig, RetrainConfig
from core.records import Decision
from core.statistics import Interval
from core.wording import listed, percent, plural


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


def _one_kind(outcomes: int, leavers: int) -> bool:
    return min(leavers, outcomes - leavers) < 2


def _needs_two(outcomes: int, leavers: int) -> str:
    return f"{plural(outcomes, 'outcome')} known, {leavers} of them 'left'; at least two of either kind are needed"


def should_retrain(evidence: RetrainEvidence, rules: RetrainConfig) -> Decision:
    """Train anew? Yes when asked; when there is no champion and something to learn from, be it other columns; when a
    makeshift champion could be bettered by a tenth more outcomes; and, with enough new outcomes, when the
    contract changed, performance dropped, columns drifted or the champion is over age. A new contract waits for
    outcomes too, for without them the gate has no rows to judge on. Drift alone never promotes: the gate decides.
    """
    e = evidence
    if _one_kind(e.outcomes, e.leavers):
        answer, why = False, _needs_two(e.outcomes, e.leavers)
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
        answer = e.new_outcomes > 0 and 10 * e.new_outcomes >= e.outcomes - e.new_outcomes
        why = f"the champion is a makeshift and {plural(e.new_outcomes, 'outcome')} came since it was fitted"
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


@dataclass(frozen=True, kw_only=True)
class GateEvidence:
    """What is known when asking whether a challenger replaces the champion."""

    family: str
    outcomes: int
    leavers: int
    #: of these, held out by a fold
    tested: int
    #: challenger out of fold
    roc_auc: Interval
    #: mean log loss of the challenger less that of the base rate; below zero is better
    log_loss_against_base: Interval
    #: the best single column and its out-of-fold roc_auc
    best_column: str
    best_column_roc_auc: float
    has_champion: bool
    #: rows whose outcomes were unknown when the champion was fitted
    gate_rows: int
    gate_leavers: int
    #: on these rows: challenger out of fold less champion as deployed
    roc_auc_difference: Interval
    #: on these rows: log loss of the challenger less the champion's; below zero is better
    log_loss_difference: Interval
    #: the champion is over age or has a confirmed performance drop
    champion_tired: bool


def too_little_to_trust(outcomes: int, leavers: int, rules: GateConfig) -> bool:
    """Whether so few outcomes are known that a model can only be provisional."""
    return outcomes < rules.min_outcomes or min(leavers, outcomes - leavers) < rules.min_each


def beats_base_rate(roc_auc: Interval, log_loss_against_base: Interval) -> bool:
    """Whether a model surely ranks better than chance and loses less than the base rate."""
    return bool(roc_auc.low > 0.5 and log_loss_against_base.high < 0)


def should_promote(evidence: GateEvidence, rules: GateConfig) -> Decision:
    """Does the challenger become champion? See the truth table in tests/test_decisions.py.

    Never: one kind of outcome only, leaking, no better than the base rate, worse than the champion. Without
    a champion: yes, when it beats the base rate, or as provisional when there is too little to tell. With one:
    only on enough rows that the champion did not learn from, when better, or not inferior while the champion
    is tired.
    """
    e = evidence
    few = too_little_to_trust(e.outcomes, e.leavers, rules)
    if _one_kind(e.outcomes, e.leavers):
        answer, why = False, _needs_two(e.outcomes, e.leavers)
    elif few and not e.has_champion:
        answer, why = (
            True,
            (
                f"{plural(e.outcomes, 'outcome')} ({e.leavers} 'left') are too little to trust: the model is "
                f"provisional, it ranks clients without a percentage until {rules.min_outcomes} outcomes with "
                f"{rules.min_each} of either kind are known"
            ),
        )
    elif not few and e.best_column_roc_auc >= rules.leak_roc_auc:
        answer, why = (
            False,
            (
                f"the column {e.best_column} alone all but decides the outcome (roc_auc "
                f"{e.best_column_roc_auc:.3f}), which looks like a leak; add it to data.ignore if it is one"
            ),
        )
    elif not few and not beats_base_rate(e.roc_auc, e.log_loss_against_base):
        answer, why = (
            False,
            (
                f"no better than the base rate of {percent(e.leavers / e.outcomes)}: roc_auc out of fold is "
                f"{_range(e.roc_auc)} on {plural(e.tested, 'outcome')}"
            ),
        )
    elif not e.has_champion:
        answer, why = (
            True,
            (f"first model: roc_auc out of fold is {_range(e.roc_auc)} on {plural(e.tested, 'outcome')}"),
        )
    else:
        answer, why = _against_champion(e, rules)
    sentence = f"{'Promoted' if answer else 'Not promoted'} ({e.family}): {why}."
    return Decision(question="promote", answer=answer, sentence=sentence, evidence=asdict(evidence))


def _against_champion(e: GateEvidence, rules: GateConfig) -> tuple[bool, str]:
    if e.gate_rows == 0:
        return False, "no outcome is known yet that the champion could not know, so there is nothing to compare them on"
    seen = f"on {plural(e.gate_rows, 'row')} that the champion had not learned from"
    auc, loss = e.roc_auc_difference, e.log_loss_difference
    figures = (
        f"{seen} the challenger's roc_auc differs by {auc.value:+.3f} ({auc.low:+.3f} to {auc.high:+.3f}) and its "
        f"log loss by {loss.value:+.3f} ({loss.low:+.3f} to {loss.high:+.3f})"
    )
    if too_little_to_trust(e.gate_rows, e.gate_leavers, rules):
        return False, (
            f"{seen if math.isnan(auc.value) else figures}; these rows are too little for a verdict "
            f"({rules.min_outcomes} outcomes with {rules.min_each} of either kind are needed), so the champion stays"
        )
    better = (auc.low > 0 and loss.value <= 0) or (loss.high < 0 and auc.low > -rules.non_inferiority)
    if better:
        return True, f"{figures}, which is better"
    if auc.high < 0 or loss.low > 0:
        return False, f"{figures}, which is worse"
    if e.champion_tired and auc.low > -rules.non_inferiority:
        return True, f"{figures}: not worse, and the champion is over age or has dropped"
    return False, f"{figures}, which is no sure gain, so the champion stays"


def _range(interval: Interval) -> str:
    return f"{interval.value:.3f} ({interval.low:.3f} to {interval.high:.3f})"
