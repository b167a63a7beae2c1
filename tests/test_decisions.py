"""The truth table of "retrain?": one row a case, sentences quoted in full."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from core.config import RetrainConfig
from core.decisions import Drifted, RetrainEvidence, should_retrain
from core.statistics import NOTHING, Interval

RULES = RetrainConfig(
    on_performance_drop=0.02,
    drift_weight=0.3,
    max_age_days=180,
    min_new_outcomes=500,
    min_new_leavers=100,
    cool_down_days=7,
)

#: a sound champion in quiet times, with news enough to learn from
QUIET = RetrainEvidence(
    asked=False,
    has_champion=True,
    makeshift=False,
    outcomes=5000,
    leavers=600,
    new_outcomes=800,
    new_leavers=150,
    champion_age_days=60.0,
    rested_days=60.0,
    realised_roc_auc=Interval(0.80, 0.77, 0.83),
    reference_roc_auc=0.81,
    dropped=False,
    estimated_roc_auc=0.80,
)

DROP = {"realised_roc_auc": Interval(0.71, 0.68, 0.74), "dropped": True}
ESTIMATED = {"estimated_roc_auc": 0.76, "estimated_drop": True}
USAGE, PLAN = Drifted("usage", "KS .31", 0.25), Drifted("plan", "total variation .14", 0.05)
DRIFT = {"drifted": (USAGE, PLAN)}
#: what moved carries too little of the model's weight
LIGHT = {"drifted": (PLAN,)}
CALENDAR = {"calendar": (Drifted("tenure_days", "KS .49", 0.6),)}
RISK = {"risk_drifted": True}
HELD = {"held": ("usage", "revenue")}
AGE = {"champion_age_days": 200.0}
CHANGED = {"contract_changed": True}
FEW_NEW = {"new_outcomes": 120}
NO_CHAMPION = {"has_champion": False, "champion_age_days": 0.0, "realised_roc_auc": NOTHING, "rested_days": 1.0}
MAKESHIFT = {"makeshift": True, "outcomes": 330, "leavers": 60}


@pytest.mark.parametrize(
    ("change", "answer", "sentence"),
    [
        # --- nothing to do
        ({}, False, "Not retrained: no drop, no drift and no over-age champion was found."),
        ({"new_outcomes": 0}, False, "Not retrained: no drop, no drift and no over-age champion was found."),
        # --- each trigger alone
        (DROP, True, "Retrained: realised roc_auc is 0.710 against 0.810 out of fold, and 800 new outcomes are known."),
        (
            DRIFT,
            True,
            "Retrained: usage (KS .31) and plan (total variation .14) moved, and 800 new outcomes are known.",
        ),
        (AGE, True, "Retrained: the champion is 200 days old, and 800 new outcomes are known."),
        (
            CHANGED,
            True,
            "Retrained: the columns changed since the champion was fitted, and 800 new outcomes are known.",
        ),
        ({"asked": True}, True, "Retrained: a person asked for it."),
        (CHANGED | {"asked": True}, True, "Retrained: a person asked for it."),
        # --- triggers together
        (
            CHANGED | AGE,
            True,
            "Retrained: the columns changed since the champion was fitted and the champion is 200 days old, "
            "and 800 new outcomes are known.",
        ),
        (
            DROP | DRIFT | AGE,
            True,
            "Retrained: realised roc_auc is 0.710 against 0.810 out of fold, usage (KS .31) and plan (total variation "
            ".14) moved and the champion is 200 days old, and 800 new outcomes are known.",
        ),
        (
            {"drifted": tuple(Drifted(name, "KS .20", 0.1) for name in "abcde")},
            True,
            "Retrained: a (KS .20), b (KS .20), c (KS .20) and 2 more columns moved, and 800 new outcomes are known.",
        ),
        # --- what is estimated, before outcomes come
        (
            ESTIMATED,
            True,
            "Retrained: roc_auc is estimated at 0.760 against 0.810 out of fold, in two chunks running, and 800 new "
            "outcomes are known.",
        ),
        ({"estimated_roc_auc": 0.70}, False, None),  # one chunk is none
        # --- drift counts by the weight of what moved, or by the risk itself
        (
            LIGHT,
            False,
            "Not retrained: plan (total variation .14) moved, but what moved carries 5.0 % of the model's weight, less "
            "than the 30 % of retrain.drift_weight.",
        ),
        ({"drifted": (USAGE,)}, False, None),
        ({"drifted": (USAGE, Drifted("plan", "PSI .30", 0.0499))}, False, None),
        ({"drifted": (Drifted("old", "PSI .30", float("nan")),)}, True, None),  # its weight is not known
        (RISK, True, "Retrained: the risk itself drifted, and 800 new outcomes are known."),
        (
            RISK | LIGHT,
            True,
            "Retrained: the risk itself drifted (plan (total variation .14) moved), and 800 new outcomes are known.",
        ),
        # --- the data look faulty
        (
            HELD,
            False,
            "Not retrained: the data of usage and revenue look faulty, which is held until a person answers; nothing "
            "else speaks for it.",
        ),
        (HELD | AGE, True, "Retrained: the champion is 200 days old, and 800 new outcomes are known."),
        # --- what grows with the calendar
        (
            CALENDAR,
            False,
            "Not retrained: no drop, no drift and no over-age champion was found; tenure_days (KS .49) moved by "
            "construction, as the calendar goes on.",
        ),
        (
            CALENDAR | LIGHT,
            False,
            "Not retrained: plan (total variation .14) moved, but what moved carries 5.0 % of the model's weight, less "
            "than the 30 % of retrain.drift_weight; tenure_days (KS .49) moved by construction, as the calendar goes "
            "on.",
        ),
        # --- the edge of each trigger: at it is not yet beyond it
        ({"champion_age_days": 180.0}, False, None),
        ({"champion_age_days": 180.1}, True, None),
        # --- a trigger, yet a piece is missing
        (
            DROP | FEW_NEW,
            False,
            "Not retrained: realised roc_auc is 0.710 against 0.810 out of fold, but the estimated roc_auc is 0.800, "
            "0.010 below the reference, and only 120 new outcomes of the 500 needed are known.",
        ),
        (
            DRIFT | {"new_outcomes": 0, "estimated_roc_auc": 0.802},
            False,
            "Not retrained: usage (KS .31) and plan (total variation .14) moved, but the estimated roc_auc is 0.802, "
            "0.008 below the reference, and no new outcomes are known yet.",
        ),
        (
            DRIFT | {"new_outcomes": 12, "estimated_roc_auc": 0.83},
            False,
            "Not retrained: usage (KS .31) and plan (total variation .14) moved, but the estimated roc_auc is 0.830, "
            "not below the reference, and only 12 new outcomes of the 500 needed are known.",
        ),
        (
            DRIFT | {"new_leavers": 99, "estimated_roc_auc": float("nan")},
            False,
            "Not retrained: usage (KS .31) and plan (total variation .14) moved, but only 99 leavers of the 100 needed "
            "are among the new outcomes.",
        ),
        (DRIFT | {"new_leavers": 100}, True, None),
        (DRIFT | DROP | {"new_leavers": 99}, True, None),
        (DRIFT | ESTIMATED | {"new_leavers": 99}, True, None),
        (DRIFT | {"new_outcomes": 499}, False, None),
        (DRIFT | {"new_outcomes": 500}, True, None),
        (
            AGE | {"new_outcomes": 1},
            False,
            "Not retrained: the champion is 200 days old, but the estimated roc_auc is 0.800, 0.010 below the "
            "reference, and only 1 new outcome of the 500 needed are known.",
        ),
        (
            DRIFT | {"rested_days": 2.6},
            False,
            "Not retrained: usage (KS .31) and plan (total variation .14) moved, but a challenger was tried 3 days "
            "ago; the next one waits for 7 days (retrain.cool_down_days).",
        ),
        (DRIFT | {"rested_days": 7.0}, True, None),
        (
            CHANGED | FEW_NEW,
            False,
            "Not retrained: the columns changed since the champion was fitted, but the estimated roc_auc is 0.800, "
            "0.010 below the reference, and only 120 new outcomes of the 500 needed are known.",
        ),
        (CHANGED | {"new_outcomes": 0, "asked": True}, True, "Retrained: a person asked for it."),
        (
            CHANGED | {"rested_days": 2.6},
            False,
            "Not retrained: the columns changed since the champion was fitted, but a challenger was tried 3 days ago; "
            "the next one waits for 7 days (retrain.cool_down_days).",
        ),
        # --- no champion
        (
            NO_CHAMPION,
            True,
            "Retrained: there is no model yet and 5,000 outcomes are known.",
        ),
        (NO_CHAMPION | {"new_outcomes": 1}, True, None),
        (
            NO_CHAMPION | {"new_outcomes": 0},
            False,
            "Not retrained: no outcome is new since the last attempt, which found no model worth promoting.",
        ),
        (NO_CHAMPION | {"new_outcomes": 0, "asked": True}, True, "Retrained: a person asked for it."),
        (
            NO_CHAMPION | CHANGED | {"new_outcomes": 0},
            True,
            "Retrained: there is no model yet and the columns changed since the last attempt.",
        ),
        (NO_CHAMPION | CHANGED, True, "Retrained: there is no model yet and 5,000 outcomes are known."),
        # --- a makeshift champion: a tenth more outcomes than it had
        (
            MAKESHIFT | {"new_outcomes": 30},
            True,
            "Retrained: the champion is a makeshift and 30 outcomes came since it was fitted.",
        ),
        (
            MAKESHIFT | {"new_outcomes": 29},
            False,
            "Not retrained: the champion is a makeshift and 29 outcomes came since the last attempt, but the next one "
            "takes a tenth more outcomes than it had (31 new).",
        ),
        (
            MAKESHIFT | {"outcomes": 4, "leavers": 2, "new_outcomes": 0},
            False,
            "Not retrained: the champion is a makeshift and 0 outcomes came since the last attempt, but the next one "
            "takes a tenth more outcomes than it had (1 new).",
        ),
        (MAKESHIFT | {"outcomes": 5, "leavers": 2, "new_outcomes": 1}, True, None),
        (MAKESHIFT | {"new_outcomes": 0}, False, None),
        (MAKESHIFT | CHANGED | {"new_outcomes": 29}, False, None),
        (MAKESHIFT | DROP | DRIFT | AGE | {"new_outcomes": 0}, False, None),
        # --- one kind of outcome: never, whoever asks
        (
            {"outcomes": 0, "leavers": 0, "new_outcomes": 0},
            False,
            "Not retrained: 0 outcomes known, 0 of them 'left'; at least two of either kind are needed.",
        ),
        (
            {"outcomes": 900, "leavers": 1, "asked": True},
            False,
            "Not retrained: 900 outcomes known, 1 of them 'left'; at least two of either kind are needed.",
        ),
        (
            DROP | DRIFT | AGE | {"outcomes": 900, "leavers": 899},
            False,
            "Not retrained: 900 outcomes known, 899 of them 'left'; at least two of either kind are needed.",
        ),
        (NO_CHAMPION | {"outcomes": 1, "leavers": 1, "new_outcomes": 1}, False, None),
        (NO_CHAMPION | CHANGED | {"outcomes": 1, "leavers": 1, "new_outcomes": 0}, False, None),
        ({"outcomes": 4, "leavers": 2, "asked": True}, True, None),
    ],
)
def test_should_retrain(change: dict[str, Any], answer: bool, sentence: str | None) -> None:
    evidence = replace(QUIET, **change)
    decision = should_retrain(evidence, RULES)
    assert (decision.question, decision.answer) == ("retrain", answer), decision.sentence
    assert decision.sentence.startswith("Retrained: " if answer else "Not retrained: ")
    if sentence is not None:
        assert decision.sentence == sentence


def test_drift_is_left_aside_where_config_says_so() -> None:
    rules = RULES.model_copy(update={"on_drift": False})
    alone = should_retrain(replace(QUIET, **DRIFT), rules)
    assert (alone.answer, alone.sentence) == (
        False,
        "Not retrained: usage (KS .31) and plan (total variation .14) moved, which config leaves aside.",
    )
    aged = should_retrain(replace(QUIET, **DRIFT, **AGE), rules)
    assert aged.sentence == "Retrained: the champion is 200 days old, and 800 new outcomes are known."


def test_the_evidence_is_kept_with_the_answer() -> None:
    evidence = should_retrain(replace(QUIET, **DRIFT), RULES).evidence
    assert evidence["drifted"][0] == {"column": "usage", "effect": "KS .31", "importance": 0.25}
    assert evidence["new_outcomes"] == 800
    assert evidence["realised_roc_auc"] == {"value": 0.80, "low": 0.77, "high": 0.83}


# --- every combination

#: condition -> what it may be; of each, the first is the quiet one
CONDITIONS: dict[str, tuple[dict[str, Any], ...]] = {
    "one kind": ({}, {"leavers": 1}),
    "asked": ({}, {"asked": True}),
    "champion": ({}, {"has_champion": False}, {"makeshift": True}),
    "contract": ({}, CHANGED),
    "performance": ({}, DROP),
    "estimate": ({}, ESTIMATED),
    "drift": ({}, DRIFT, LIGHT, RISK),
    "held": ({}, HELD),
    "leavers": ({}, {"new_leavers": 20}),
    "age": ({}, AGE),
    # none, fewer than a tenth of the others, a tenth, and as many as the rules want
    "news": ({"new_outcomes": 0}, {"new_outcomes": 400}, {"new_outcomes": 455}, {"new_outcomes": 500}),
    "rest": ({}, {"rested_days": 1.0}),
}

Case = dict[str, int]


def caused(case: Case) -> bool:
    """Whether anything speaks for training."""
    others = any(case[cause] for cause in ("contract", "performance", "estimate", "age"))
    return others or case["drift"] in (1, 3)


#: the first line that fits gives the answer and a word that the sentence has
LINES: tuple[tuple[str, Callable[[Case], bool], bool, str], ...] = (
    ("one kind of outcome", lambda c: c["one kind"] == 1, False, "at least two of either kind"),
    ("a person asks", lambda c: c["asked"] == 1, True, "a person asked"),
    ("no champion, news", lambda c: c["champion"] == 1 and c["news"] > 0, True, "there is no model yet"),
    ("no champion, other columns", lambda c: c["champion"] == 1 and c["contract"] == 1, True, "the columns changed"),
    ("no champion, nothing new", lambda c: c["champion"] == 1, False, "no outcome is new"),
    ("makeshift, a tenth more", lambda c: c["champion"] == 2 and c["news"] >= 2, True, "a makeshift and"),
    ("makeshift, less", lambda c: c["champion"] == 2, False, "a tenth more outcomes"),
    (
        "no cause",
        lambda c: not caused(c) and not c["held"] and c["drift"] != 2,
        False,
        "no drop, no drift and no over-age",
    ),
    ("the data look faulty", lambda c: not caused(c) and c["held"] == 1, False, "until a person answers"),
    ("what moved weighs little", lambda c: not caused(c), False, "less than the 30 % of retrain.drift_weight"),
    ("a cause, nothing new", lambda c: c["news"] == 0, False, "no new outcomes are known yet"),
    ("a cause, too little news", lambda c: c["news"] < 3, False, "of the 500 needed"),
    (
        "drift alone, too few leavers",
        lambda c: c["leavers"] == 1 and not any(c[cause] for cause in ("contract", "performance", "estimate", "age")),
        False,
        "of the 100 needed",
    ),
    ("a cause, tried just now", lambda c: c["rest"] == 1, False, "retrain.cool_down_days"),
    ("a cause", lambda _: True, True, "and 500 new outcomes are known"),
)


def test_every_combination_of_conditions_has_its_line() -> None:
    met = set()
    for places in itertools.product(*(range(len(kinds)) for kinds in CONDITIONS.values())):
        case = dict(zip(CONDITIONS, places, strict=True))
        changes = [kinds[place] for kinds, place in zip(CONDITIONS.values(), places, strict=True)]
        evidence = replace(QUIET, **{name: value for change in changes for name, value in change.items()})
        name, _, answer, words = next(line for line in LINES if line[1](case))
        decision = should_retrain(evidence, RULES)
        assert decision.answer is answer, (name, case, decision.sentence)
        assert words in decision.sentence, (name, case)
        assert decision.sentence.count(". ") == 0, "one sentence"
        met.add(name)
    assert met == {line[0] for line in LINES}
