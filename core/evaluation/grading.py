"""A model's quality as a grade, for people who are no statisticians."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from core.config import GateConfig
from core.records import Metric
from core.wording import percent, plural

#: lower end of the roc_auc interval that each grade asks for. Of a leaver and a stayer, so often the leaver has the
#: higher risk: .5 is a coin; .7 "acceptable" and .8 "excellent" go back to Hosmer & Lemeshow 2000, section 5.2.4
_RANKING = (("A", 0.8), ("B", 0.7), ("C", 0.6), ("D", 0.5))
#: a calibration error above these shares of the rate of leavers costs one grade, or two
_OFF, _FAR_OFF = 0.25, 0.5
_SAYS = {
    "A": "It tells leavers from stayers very well",
    "B": "It tells leavers from stayers well",
    "C": "It tells leavers from stayers better than a rule of thumb, with many mistakes",
    "D": "It tells leavers from stayers hardly better than chance",
    "E": "It cannot be relied on",
}


@dataclass(frozen=True)
class Grade:
    """A to E, or none, and the sentence behind it."""

    #: "" where it is withheld
    letter: str
    sentence: str


def grade(metrics: Mapping[str, Metric], outcomes: int, leavers: int, rules: GateConfig) -> Grade:
    """The grade of a model by its out-of-fold `metrics` (by name) on `outcomes` rows, `leavers` of them left.

    The lower end of the roc_auc interval sets it; risks that do not come true lower it. Withheld below the outcomes
    that the gate asks for, and for a model that is too good to be true.
    """
    fewest = min(leavers, outcomes - leavers)
    if outcomes < rules.min_outcomes or fewest < rules.min_each:
        return Grade(
            "",
            f"No grade yet: {plural(outcomes, 'outcome')} are known, {leavers:,} of them 'left'; a grade needs "
            f"{rules.min_outcomes:,} with at least {rules.min_each:,} of either kind.",
        )
    auc = metrics["roc_auc"]
    if auc.low >= rules.leak_roc_auc:
        return Grade(
            "",
            f"No grade, because this is too good to be true (roc_auc {auc.value:.3f}): some column probably knows the "
            "outcome already. Look into the columns that decide, and ignore those that are only known afterwards.",
        )
    best = next((letter for letter, low in _RANKING if auc.low >= low), "E")
    rate, error = leavers / outcomes, metrics["calibration_error"]
    steps = (error.low > _OFF * rate) + (error.low > _FAR_OFF * rate)
    letter = "ABCDE"[min("ABCDE".index(best) + steps, 4)]
    true = (
        "and its percentages can be taken at face value"
        if not steps
        else f"but its percentages are off by about {percent(error.value)}, where {percent(rate)} leave"
    )
    pairs = f"of a leaver and a stayer, the leaver has the higher risk {_times(auc.value)}"
    return Grade(letter, f"{letter}: {_SAYS[best]} ({pairs}), {true}.")


def _times(share: float) -> str:
    """
    >>> _times(0.764)
    'about 76 times in 100'
    """
    return f"about {round(100 * share)} times in 100"
