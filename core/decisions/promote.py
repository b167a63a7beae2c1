"""Promote?"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass

from core.config import GateConfig
from core.decisions.leak import looks_like_leak
from core.decisions.outcomes import needs_two, one_kind, too_little_to_trust
from core.records import Decision
from core.statistics import NOTHING, Interval
from core.wording import percent, plural

#: with fewer rows of either kind an interval is not worth its name, and no champion that is a makeshift is kept for it
_LEAST_EACH = 5
#: risks that are surely off on average by less than this share of the base rate are not worth a word
_OFF = 0.1


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
    #: the same on the newest third of the rows that it is compared on, as it would have been deployed then
    newest_roc_auc: Interval = NOTHING
    newest_log_loss_against_base: Interval = NOTHING
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
    #: the champion is provisional, or only a rule
    champion_makeshift: bool = False
    #: the column that makes the best rule ("": none does), and the challenger's figures less the rule's, out of fold
    rule_column: str = ""
    roc_auc_against_rule: Interval = NOTHING
    log_loss_against_rule: Interval = NOTHING
    #: mean risk of the challenger out of fold less the share that left
    mean_risk_gap: Interval = NOTHING
    #: clients at the top of the list, and the share of them that would change with the challenger (NaN: not known)
    list_size: int = 0
    list_changed: float = float("nan")


def beats_base_rate(roc_auc: Interval, log_loss_against_base: Interval) -> bool:
    """Whether a model surely ranks better than chance and loses less than the base rate."""
    return bool(roc_auc.low > 0.5 and log_loss_against_base.high < 0)


def should_promote(evidence: GateEvidence, rules: GateConfig) -> Decision:
    """Does the challenger become champion? See the truth table in tests/test_decisions_promote.py.

    Never: one kind of outcome only, leaking, no better than the base rate, worse than the champion. Without
    a champion: yes, when it beats the base rate, or as provisional when there is too little to tell. With a makeshift
    one, once there is enough to trust: yes, unless surely worse on what rows there are. With another: only on enough
    rows that the champion did not learn from, when better, or not inferior while the champion is tired and
    the top of the list stays mostly what it is. Badly calibrated risks lose log loss, which is what refuses them; a
    gap that remains is said, as is a single column that does as well.
    """
    e = evidence
    refused = _refused(e, rules)
    if refused:
        answer, why = False, refused
    elif not e.has_champion:
        answer, why = True, _first(e, rules)
    elif e.champion_makeshift and not too_little_to_trust(e.outcomes, e.leavers, rules):
        answer, why = _against_makeshift(e)
    else:
        answer, why = _against_champion(e, rules)
    if answer:
        why = "; ".join([why, *_notes(e)])
    sentence = f"{'Promoted' if answer else 'Not promoted'} ({e.family}): {why}."
    return Decision(question="promote", answer=answer, sentence=sentence, evidence=asdict(evidence))


def _refused(e: GateEvidence, rules: GateConfig) -> str:
    """Why it cannot be promoted whatever the champion is; "" when it can."""
    if one_kind(e.outcomes, e.leavers):
        return needs_two(e.outcomes, e.leavers)
    if looks_like_leak(e.best_column_roc_auc, e.outcomes, e.leavers, rules):
        return (
            f"the column {e.best_column} alone all but decides the outcome (roc_auc "
            f"{e.best_column_roc_auc:.3f}), which looks like a leak; add it to data.ignore if it is one"
        )
    few = too_little_to_trust(e.outcomes, e.leavers, rules)
    beats = beats_base_rate(e.roc_auc, e.log_loss_against_base)
    if not few and not beats and not beats_base_rate(e.newest_roc_auc, e.newest_log_loss_against_base):
        return (
            f"no better than the base rate of {percent(e.leavers / e.outcomes)}: roc_auc out of fold is "
            f"{_range(e.roc_auc)} on {plural(e.tested, 'outcome')}"
        )
    return ""


def _first(e: GateEvidence, rules: GateConfig) -> str:
    if too_little_to_trust(e.outcomes, e.leavers, rules):
        return (
            f"{plural(e.outcomes, 'outcome')} ({e.leavers} 'left') are too little to trust: the model is "
            f"provisional, it ranks clients without a percentage until {rules.min_outcomes} outcomes with "
            f"{rules.min_each} of either kind are known"
        )
    return f"first model: roc_auc out of fold is {_range(e.roc_auc)} on {plural(e.tested, 'outcome')}"


def _against_makeshift(e: GateEvidence) -> tuple[bool, str]:
    if min(e.gate_leavers, e.gate_rows - e.gate_leavers) < _LEAST_EACH:
        return True, (
            f"the champion is a makeshift, and the challenger beats the base rate: its roc_auc out of fold is "
            f"{_range(e.roc_auc)} on {plural(e.tested, 'outcome')}"
        )
    if _worse(e):
        return False, f"{_figures(e)}, which is worse, so the champion stays although it is a makeshift"
    return True, f"{_figures(e)}: not surely worse, and the champion is a makeshift"


def _against_champion(e: GateEvidence, rules: GateConfig) -> tuple[bool, str]:
    if e.gate_rows == 0:
        return False, "no outcome is known yet that the champion could not know, so there is nothing to compare them on"
    auc, loss = e.roc_auc_difference, e.log_loss_difference
    if too_little_to_trust(e.gate_rows, e.gate_leavers, rules):
        return False, (
            f"{_seen(e) if math.isnan(auc.value) else _figures(e)}; these rows are too little for a verdict "
            f"({rules.min_outcomes} outcomes with {rules.min_each} of either kind are needed), so the champion stays"
        )
    not_inferior = auc.low > -rules.non_inferiority
    if (auc.low > 0 and loss.value <= 0) or (loss.high < 0 and not_inferior):
        return True, f"{_figures(e)}, which is better"
    if _worse(e):
        return False, f"{_figures(e)}, which is worse"
    if not (e.champion_tired and not_inferior):
        return False, f"{_figures(e)}, which is no sure gain, so the champion stays"
    if e.list_changed > rules.max_reshuffle:
        return False, (
            f"{_figures(e)}: not worse, and the champion is over age or has dropped, but {_list(e)} for no sure gain "
            f"(at most {percent(rules.max_reshuffle)} may: model.gate.max_reshuffle), so the champion stays"
        )
    return True, f"{_figures(e)}: not worse, and the champion is over age or has dropped"


def _worse(e: GateEvidence) -> bool:
    return e.roc_auc_difference.high < 0 or e.log_loss_difference.low > 0


def _seen(e: GateEvidence) -> str:
    return f"on {plural(e.gate_rows, 'row')} that the champion had not learned from"


def _figures(e: GateEvidence) -> str:
    return (
        f"{_seen(e)} the challenger's roc_auc differs by {_signed(e.roc_auc_difference)} and its "
        f"log loss by {_signed(e.log_loss_difference)}"
    )


def _notes(e: GateEvidence) -> list[str]:
    """What a person should know of a challenger that is promoted all the same."""
    notes = []
    if e.has_champion and not math.isnan(e.list_changed):
        notes.append(_list(e))
    auc, loss = e.roc_auc_against_rule, e.log_loss_against_rule
    if e.rule_column and not math.isnan(auc.value) and not (auc.low > 0 or loss.high < 0):
        as_well = "does as well" if auc.high <= 0 and loss.low >= 0 else "may do as well"
        notes.append(
            f"the column {e.rule_column} alone {as_well} (beside it roc_auc differs by {_signed(auc)} and log loss by "
            f"{_signed(loss)})"
        )
    gap, rate = e.mean_risk_gap, e.leavers / e.outcomes
    if (gap.low > 0 or gap.high < 0) and abs(gap.value) > _OFF * rate:
        size = f"{100 * abs(gap.value):.1f}"
        notes.append(f"its risks are on average {size} points too {'high' if gap.value > 0 else 'low'}")
    return notes


def _list(e: GateEvidence) -> str:
    count = round(e.list_changed * e.list_size)
    return f"{count:,} of the {plural(e.list_size, 'client')} at the top of the list would change"


def _signed(interval: Interval) -> str:
    return f"{interval.value:+.3f} ({interval.low:+.3f} to {interval.high:+.3f})"


def _range(interval: Interval) -> str:
    return f"{interval.value:.3f} ({interval.low:.3f} to {interval.high:.3f})"
