"""Retrain?"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass

from core.config import RetrainConfig
from core.decisions.outcomes import needs_two, one_kind
from core.records import Decision
from core.statistics import Interval
from core.wording import listed, percent, plural


@dataclass(frozen=True)
class Drifted:
    """A column in alarm."""

    column: str
    #: such as "KS .31"
    effect: str
    #: share of the champion's weight that it carries, NaN: not known
    importance: float


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
    #: leavers among the new outcomes
    new_leavers: int
    #: roc_auc of the risks delivered, and of the champion out of fold
    realised_roc_auc: Interval
    reference_roc_auc: float
    #: the verdict on it is a drop
    dropped: bool
    #: roc_auc estimated for the newest chunk, before its outcomes; the verdict on the two newest is a drop
    estimated_roc_auc: float = float("nan")
    estimated_drop: bool = False
    #: columns whose drift verdict in the newest chunk is "alarm", and which are not held
    drifted: tuple[Drifted, ...] = ()
    #: columns in alarm because they grow with the calendar, which nobody can learn away
    calendar: tuple[Drifted, ...] = ()
    #: columns whose alarm is held, because the data look faulty and nobody has answered
    held: tuple[str, ...] = ()
    #: the risk itself drifted
    risk_drifted: bool = False
    #: other columns are looked at, or read in another way, than when the champion was fitted; without a champion, than
    #: when a challenger was last tried
    contract_changed: bool = False


def should_retrain(evidence: RetrainEvidence, rules: RetrainConfig) -> Decision:
    """Train anew? Yes when asked; when there is no champion and something to learn from, be it other columns; when a
    makeshift champion could be bettered by a tenth more outcomes; and, with enough new outcomes, when the contract
    changed, performance dropped, realised or as estimated in two chunks, columns that carry enough of the model's
    weight or the risk itself drifted, or the champion is over age. A new contract waits for outcomes too, for without
    them the gate has no rows to judge on. Drift alone never promotes: the gate decides. Columns whose data look faulty
    are held back until a person has answered, and lead to nothing.
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
    causes = _causes(e, rules)
    if not causes:
        return False, _nothing(e, rules)
    if e.new_outcomes < rules.min_new_outcomes:
        return False, f"{listed(causes)}, but {_outlook(e)}{_too_few(e, rules)}"
    only_drift = not (e.contract_changed or e.dropped or e.estimated_drop or e.champion_age_days > rules.max_age_days)
    if only_drift and e.new_leavers < rules.min_new_leavers:
        return False, (
            f"{listed(causes)}, but {_outlook(e)}only {plural(e.new_leavers, 'leaver')} of the "
            f"{rules.min_new_leavers:,} needed are among the new outcomes"
        )
    if e.rested_days < rules.cool_down_days:
        return False, (
            f"{listed(causes)}, but a challenger was tried {plural(round(e.rested_days), 'day')} ago; "
            f"the next one waits for {plural(rules.cool_down_days, 'day')} (retrain.cool_down_days)"
        )
    return True, f"{listed(causes)}, and {plural(e.new_outcomes, 'new outcome')} are known"


def _causes(e: RetrainEvidence, rules: RetrainConfig) -> list[str]:
    """What speaks for training anew, each in words."""
    causes = []
    if e.contract_changed:
        causes.append("the columns changed since the champion was fitted")
    if e.dropped:
        causes.append(
            f"realised roc_auc is {e.realised_roc_auc.value:.3f} against {e.reference_roc_auc:.3f} out of fold"
        )
    if e.estimated_drop:
        causes.append(
            f"roc_auc is estimated at {e.estimated_roc_auc:.3f} against {e.reference_roc_auc:.3f} out of fold, in two "
            "chunks running"
        )
    if rules.on_drift and (_weighty(e, rules) or e.risk_drifted):
        moved = _moved(e.drifted)
        causes.append(f"the risk itself drifted{f' ({moved})' if moved else ''}" if e.risk_drifted else moved)
    if e.champion_age_days > rules.max_age_days:
        causes.append(f"the champion is {e.champion_age_days:.0f} days old")
    return causes


def _weighty(e: RetrainEvidence, rules: RetrainConfig) -> bool:
    """Whether the columns in alarm carry enough of the model's weight; where that is not known, any does."""
    if not e.drifted:
        return False
    known = [one.importance for one in e.drifted if not math.isnan(one.importance)]
    return not known or sum(known) >= rules.drift_weight


def _moved(columns: tuple[Drifted, ...]) -> str:
    """The columns in alarm, the three that matter most."""
    told = [f"{one.column} ({one.effect})" for one in columns[:3]]
    more = f" and {len(columns) - 3:,} more columns" if len(columns) > 3 else ""
    return f"{listed(told) if not more else ', '.join(told)}{more} moved" if told else ""


def _outlook(e: RetrainEvidence) -> str:
    """What is estimated while outcomes are missing."""
    below = e.reference_roc_auc - e.estimated_roc_auc
    if e.estimated_drop or math.isnan(below):
        return ""
    beside = f"{max(below, 0):.3f} below" if below > 0 else "not below"
    return f"the estimated roc_auc is {e.estimated_roc_auc:.3f}, {beside} the reference, and "


def _too_few(e: RetrainEvidence, rules: RetrainConfig) -> str:
    if e.new_outcomes == 0:
        return "no new outcomes are known yet"
    return f"only {plural(e.new_outcomes, 'new outcome')} of the {rules.min_new_outcomes:,} needed are known"


def _nothing(e: RetrainEvidence, rules: RetrainConfig) -> str:
    """Why nothing is done where nothing speaks for it."""
    if e.held:
        whose = f"the data of {listed(list(e.held[:3]))} look faulty, which is held until a person answers"
        return f"{whose}; nothing else speaks for it"
    beside = f"; {_moved(e.calendar)} by construction, as the calendar goes on" if e.calendar else ""
    if e.drifted and not rules.on_drift:
        return f"{_moved(e.drifted)}, which config leaves aside{beside}"
    if e.drifted:
        share = sum(one.importance for one in e.drifted if not math.isnan(one.importance))
        return (
            f"{_moved(e.drifted)}, but what moved carries {percent(share)} of the model's weight, less than the "
            f"{percent(rules.drift_weight)} of retrain.drift_weight{beside}"
        )
    return f"no drop, no drift and no over-age champion was found{beside}"
