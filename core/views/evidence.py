"""What a decision rests on, in plain words."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import pandas as pd

from core.wording import listed, number, percent, plural

NOT_KNOWN = "not known"
#: what each piece of evidence is called, and how it is written: a count, a share, days, yes or no, a figure
_LABELS: dict[str, tuple[str, str]] = {
    "asked": ("A person asked for it", "yes"),
    "has_champion": ("There was a champion", "yes"),
    "makeshift": ("The champion was provisional or a rule", "yes"),
    "champion_makeshift": ("The champion was provisional or a rule", "yes"),
    "outcomes": ("Outcomes that may train", "count"),
    "leavers": ("of these, left", "count"),
    "new_outcomes": ("Outcomes that the champion did not know", "count"),
    "new_leavers": ("of these, left", "count"),
    "champion_age_days": ("Age of the champion", "days"),
    "rested_days": ("Since something was last tried", "days"),
    "realised_roc_auc": ("roc_auc of the risks that were told", "figure"),
    "reference_roc_auc": ("roc_auc of the champion out of fold", "figure"),
    "dropped": ("Its performance dropped", "yes"),
    "estimated_roc_auc": ("roc_auc estimated before outcomes", "figure"),
    "estimated_drop": ("Its estimated performance dropped", "yes"),
    "drifted": ("Columns that drifted", "columns"),
    "calendar": ("Columns that grow with the calendar", "columns"),
    "held": ("Columns held back because their data look faulty", "names"),
    "risk_drifted": ("The risk itself drifted", "yes"),
    "contract_changed": ("Other columns are looked at than before", "yes"),
    "family": ("Kind of model", "text"),
    "tested": ("of these, held out by a fold", "count"),
    "roc_auc": ("roc_auc of the challenger out of fold", "figure"),
    "log_loss_against_base": ("Log loss against a guess by the base rate alone (below 0: better)", "change"),
    "newest_roc_auc": ("roc_auc of the challenger on the newest third", "figure"),
    "newest_log_loss_against_base": ("Log loss against the base rate on the newest third", "change"),
    "best_column": ("Best single column", "text"),
    "best_column_roc_auc": ("roc_auc of that column alone", "figure"),
    "gate_rows": ("Rows that the champion could not know", "count"),
    "gate_leavers": ("of these, left", "count"),
    "roc_auc_difference": ("On these, roc_auc of the challenger less the champion's (above 0: better)", "change"),
    "log_loss_difference": ("On these, log loss of the challenger less the champion's (below 0: better)", "change"),
    "champion_tired": ("The champion is over age or has dropped", "yes"),
    "rule_column": ("Column of the best rule", "text"),
    "roc_auc_against_rule": ("roc_auc of the challenger less the rule's (above 0: better)", "change"),
    "log_loss_against_rule": ("Log loss of the challenger less the rule's (below 0: better)", "change"),
    "mean_risk_gap": ("Mean risk less the share that left", "change"),
    "list_size": ("Clients at the top of the list", "count"),
    "list_changed": ("of these, others with the challenger", "share"),
}


def evidence_table(evidence: Mapping[str, Any]) -> pd.DataFrame:
    """Evidence of a decision as people read it: `what`, `value`, in the order in which it was written down."""
    rows = []
    for name, value in evidence.items():
        label, kind = _LABELS.get(name, (name.replace("_", " ").capitalize(), ""))
        rows.append((label, _told(value, kind)))
    return pd.DataFrame(rows, columns=["what", "value"])


def _told(value: Any, kind: str) -> str:
    if isinstance(value, Mapping):
        return _interval(value, "+.3f" if kind == "change" else ".3f")
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list | tuple):
        return _columns(value) if kind == "columns" else listed([str(one) for one in value]) or "none"
    if isinstance(value, int | float):
        return _figure(float(value), kind)
    return NOT_KNOWN if value is None else str(value) or "none"


def _figure(value: float, kind: str) -> str:
    if math.isnan(value):
        return NOT_KNOWN
    if math.isinf(value):
        return "never before" if kind == "days" else NOT_KNOWN
    told = {
        "count": f"{value:,.0f}", "share": percent(value), "days": plural(round(value), "day"),
        "figure": f"{value:.3f}", "change": f"{value:+.3f}",
    }  # fmt: skip
    return told.get(kind, number(value))


def _interval(at: Mapping[str, Any], how: str) -> str:
    value, low, high = (at.get(name) for name in ("value", "low", "high"))
    if value is None or math.isnan(value):
        return NOT_KNOWN
    if low is None or high is None or math.isnan(low + high):
        return f"{value:{how}}"
    return f"{value:{how}} ({low:{how}} to {high:{how}}, 95 %)"


def _columns(found: list[Any] | tuple[Any, ...]) -> str:
    """Columns that drifted, each with its effect and its weight in the model."""
    told = []
    for one in found:
        weight = one.get("importance")
        known = weight is not None and not math.isnan(weight)
        told.append(f"{one['column']} ({one['effect']}" + (f", {percent(weight)} of the weight)" if known else ")"))
    return listed(told) or "none"
