"""The truth tables of "retrain?" and "promote?": one row a case, sentences quoted in full."""

from __future__ import annotations

import itertools
from dataclasses import replace
from typing import Any

import pytest

from core.config import GateConfig, RetrainConfig
from core.decisions import (
    GateEvidence,
    RetrainEvidence,
    beats_base_rate,
    dropped,
    should_promote,
    should_retrain,
    too_little_to_trust,
)
from core.statistics import NOTHING, Interval

RULES = RetrainConfig(on_performance_drop=0.02, max_age_days=180, min_new_outcomes=500, cool_down_days=7)

#: a sound champion in quiet times, with news enough to learn from
QUIET = RetrainEvidence(
    asked=False,
    has_champion=True,
    makeshift=False,
    outcomes=5000,
    leavers=600,
    new_outcomes=800,
    champion_age_days=60.0,
    rested_days=60.0,
    realised_roc_auc=Interval(0.80, 0.77, 0.83),
    reference_roc_auc=0.81,
    drifted=(),
)

DROP = {"realised_roc_auc": Interval(0.71, 0.68, 0.74)}
DRIFT = {"drifted": ("usage", "plan")}
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
        (DRIFT, True, "Retrained: usage and plan drifted, and 800 new outcomes are known."),
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
            "Retrained: realised roc_auc is 0.710 against 0.810 out of fold, usage and plan drifted and "
            "the champion is 200 days old, and 800 new outcomes are known.",
        ),
        (
            {"drifted": ("a", "b", "c", "d", "e")},
            True,
            "Retrained: a, b and c drifted, and 800 new outcomes are known.",
        ),
        # --- the edge of each trigger: at it is not yet beyond it
        ({"realised_roc_auc": Interval(0.75, 0.7, 0.79)}, False, None),
        ({"realised_roc_auc": Interval(0.75, 0.7, 0.7899)}, True, None),
        ({"realised_roc_auc": Interval(0.60, 0.3, 0.90)}, False, None),
        ({"realised_roc_auc": NOTHING}, False, None),
        (DROP | {"reference_roc_auc": float("nan")}, False, None),
        ({"champion_age_days": 180.0}, False, None),
        ({"champion_age_days": 180.1}, True, None),
        # --- a trigger, yet a piece is missing
        (
            DROP | FEW_NEW,
            False,
            "Not retrained: realised roc_auc is 0.710 against 0.810 out of fold, but only 120 new outcomes "
            "of the 500 needed are known.",
        ),
        (DRIFT | {"new_outcomes": 499}, False, None),
        (DRIFT | {"new_outcomes": 500}, True, None),
        (
            AGE | {"new_outcomes": 1},
            False,
            "Not retrained: the champion is 200 days old, but only 1 new outcome of the 500 needed are known.",
        ),
        (
            DRIFT | {"rested_days": 2.6},
            False,
            "Not retrained: usage and plan drifted, but a challenger was tried 3 days ago; the next one waits for "
            "7 days (retrain.cool_down_days).",
        ),
        (DRIFT | {"rested_days": 7.0}, True, None),
        (
            CHANGED | FEW_NEW,
            False,
            "Not retrained: the columns changed since the champion was fitted, but only 120 new outcomes "
            "of the 500 needed are known.",
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
            "Not retrained: the champion is a makeshift and 29 outcomes came since it was fitted.",
        ),
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
        "Not retrained: usage and plan drifted, which config leaves aside.",
    )
    aged = should_retrain(replace(QUIET, **DRIFT, **AGE), rules)
    assert aged.sentence == "Retrained: the champion is 200 days old, and 800 new outcomes are known."


def test_the_evidence_is_kept_with_the_answer() -> None:
    evidence = should_retrain(replace(QUIET, **DRIFT), RULES).evidence
    assert evidence["drifted"] == ("usage", "plan")
    assert evidence["new_outcomes"] == 800
    assert evidence["realised_roc_auc"] == {"value": 0.80, "low": 0.77, "high": 0.83}


def test_a_drop_is_a_drop_only_when_the_whole_interval_lies_below() -> None:
    assert dropped(Interval(0.70, 0.65, 0.74), reference=0.80, tolerance=0.02)
    assert not dropped(Interval(0.70, 0.61, 0.79), reference=0.80, tolerance=0.02)
    assert not dropped(NOTHING, reference=0.80, tolerance=0.02)
    assert not dropped(Interval(0.70, 0.65, 0.74), reference=float("nan"), tolerance=0.02)


# --- the gate

GATE = GateConfig(min_outcomes=200, min_each=20, non_inferiority=0.002, leak_roc_auc=0.99)

#: a good challenger and no champion
FIRST = GateEvidence(
    family="ebm",
    outcomes=4000,
    leavers=480,
    tested=2600,
    roc_auc=Interval(0.80, 0.78, 0.82),
    log_loss_against_base=Interval(-0.06, -0.07, -0.05),
    best_column="usage",
    best_column_roc_auc=0.74,
    has_champion=False,
    gate_rows=0,
    gate_leavers=0,
    roc_auc_difference=NOTHING,
    log_loss_difference=NOTHING,
    champion_tired=False,
)
#: a champion against which it is neither surely better nor surely worse
RIVALS = replace(
    FIRST,
    has_champion=True,
    gate_rows=900,
    gate_leavers=110,
    roc_auc_difference=Interval(0.004, -0.001, 0.009),
    log_loss_difference=Interval(-0.001, -0.004, 0.002),
)

BETTER = {"roc_auc_difference": Interval(0.010, 0.002, 0.018)}
WORSE = {"roc_auc_difference": Interval(-0.020, -0.030, -0.010)}
TIRED = {"champion_tired": True}
LEAK = {"best_column_roc_auc": 0.993}
USELESS = {"roc_auc": Interval(0.52, 0.49, 0.55)}
FEW = {"outcomes": 150, "leavers": 30, "tested": 150}
FEW_LEAVERS = {"outcomes": 4000, "leavers": 19}
ONE_KIND = {"outcomes": 300, "leavers": 0, "roc_auc": NOTHING}

FIGURES = (
    "on 900 rows that the champion had not learned from the challenger's roc_auc differs by +0.004 "
    "(-0.001 to +0.009) and its log loss by -0.001 (-0.004 to +0.002)"
)
PROVISIONAL = (
    "Promoted (ebm): 150 outcomes (30 'left') are too little to trust: the model is provisional, it ranks clients "
    "without a percentage until 200 outcomes with 20 of either kind are known."
)


@pytest.mark.parametrize(
    ("change", "answer", "sentence"),
    [
        # --- the first model
        ({}, True, "Promoted (ebm): first model: roc_auc out of fold is 0.800 (0.780 to 0.820) on 2,600 outcomes."),
        (
            LEAK,
            False,
            "Not promoted (ebm): the column usage alone all but decides the outcome (roc_auc 0.993), which looks "
            "like a leak; add it to data.ignore if it is one.",
        ),
        ({"best_column_roc_auc": 0.99}, False, None),
        ({"best_column_roc_auc": 0.9899}, True, None),
        (
            USELESS,
            False,
            "Not promoted (ebm): no better than the base rate of 12 %: roc_auc out of fold is "
            "0.520 (0.490 to 0.550) on 2,600 outcomes.",
        ),
        ({"roc_auc": Interval(0.55, 0.50, 0.60)}, False, None),  # surely above one half it must be
        ({"log_loss_against_base": Interval(-0.01, -0.02, 0.0)}, False, None),
        ({"log_loss_against_base": Interval(0.03, 0.02, 0.04)}, False, None),
        # --- too little to trust: provisional, whatever the figures look like
        (FEW, True, PROVISIONAL),
        (FEW | USELESS, True, PROVISIONAL),
        ({"outcomes": 199, "leavers": 30}, True, None),
        ({"outcomes": 200, "leavers": 30} | USELESS, False, None),
        (FEW_LEAVERS | USELESS, True, None),
        ({"outcomes": 4000, "leavers": 3981} | USELESS, True, None),
        ({"outcomes": 4000, "leavers": 20} | USELESS, False, None),
        # --- one kind of outcome: never
        (
            ONE_KIND,
            False,
            "Not promoted (ebm): 300 outcomes known, 0 of them 'left'; at least two of either kind are needed.",
        ),
        ({"outcomes": 150, "leavers": 149, "roc_auc": NOTHING}, False, None),
    ],
)
def test_should_promote_without_a_champion(change: dict[str, Any], answer: bool, sentence: str | None) -> None:
    decision = should_promote(replace(FIRST, **change), GATE)
    assert (decision.question, decision.answer) == ("promote", answer), decision.sentence
    assert decision.sentence.startswith("Promoted (ebm): " if answer else "Not promoted (ebm): ")
    if sentence is not None:
        assert decision.sentence == sentence


@pytest.mark.parametrize(
    ("change", "answer", "ending"),
    [
        # --- neither better nor worse
        ({}, False, f"{FIGURES}, which is no sure gain, so the champion stays."),
        (TIRED, True, f"{FIGURES}: not worse, and the champion is over age or has dropped."),
        # --- better: ranks surely better and loses no more ...
        (BETTER, True, ", which is better."),
        (BETTER | {"log_loss_difference": Interval(0.0, -0.002, 0.002)}, True, ", which is better."),
        (BETTER | {"log_loss_difference": Interval(0.001, -0.002, 0.004)}, False, "so the champion stays."),
        ({"roc_auc_difference": Interval(0.01, 0.0, 0.02)}, False, "so the champion stays."),
        # --- ... or loses surely less and ranks no worse
        ({"log_loss_difference": Interval(-0.02, -0.03, -0.01)}, True, ", which is better."),
        (
            {
                "log_loss_difference": Interval(-0.02, -0.03, -0.01),
                "roc_auc_difference": Interval(0.001, -0.002, 0.004),
            },
            False,
            "so the champion stays.",
        ),
        # --- worse: on either measure, tired or not
        (WORSE, False, ", which is worse."),
        (WORSE | TIRED, False, ", which is worse."),
        ({"log_loss_difference": Interval(0.02, 0.01, 0.03)}, False, ", which is worse."),
        ({"log_loss_difference": Interval(0.02, 0.01, 0.03)} | TIRED, False, ", which is worse."),
        (BETTER | {"log_loss_difference": Interval(0.02, 0.01, 0.03)}, False, ", which is worse."),
        # --- the margin of non-inferiority, for a tired champion alone
        (TIRED | {"roc_auc_difference": Interval(-0.0005, -0.0019, 0.001)}, True, "is over age or has dropped."),
        (TIRED | {"roc_auc_difference": Interval(-0.0005, -0.002, 0.001)}, False, "so the champion stays."),
        ({"roc_auc_difference": Interval(-0.0005, -0.0019, 0.001)}, False, "so the champion stays."),
        # --- too few rows to judge on, or none
        (
            BETTER | {"gate_rows": 199},
            False,
            "; these rows are too little for a verdict (200 outcomes with 20 of either kind are needed), "
            "so the champion stays.",
        ),
        (BETTER | {"gate_rows": 200}, True, ", which is better."),
        (BETTER | {"gate_leavers": 19}, False, "so the champion stays."),
        (
            {"gate_rows": 250, "gate_leavers": 0, "roc_auc_difference": NOTHING},
            False,
            "(ebm): on 250 rows that the champion had not learned from; these rows are too little for a verdict "
            "(200 outcomes with 20 of either kind are needed), so the champion stays.",
        ),
        (BETTER | TIRED | {"gate_rows": 900, "gate_leavers": 881}, False, "so the champion stays."),
        (
            TIRED | {"gate_rows": 0, "gate_leavers": 0, "roc_auc_difference": NOTHING, "log_loss_difference": NOTHING},
            False,
            "no outcome is known yet that the champion could not know, so there is nothing to compare them on.",
        ),
        # --- never, however much better than the champion
        (BETTER | LEAK, False, "which looks like a leak; add it to data.ignore if it is one."),
        (BETTER | USELESS, False, "on 2,600 outcomes."),
        (BETTER | ONE_KIND, False, "at least two of either kind are needed."),
        # --- fewer outcomes in all than a verdict needs: nothing provisional replaces a champion
        (BETTER | FEW | {"gate_rows": 100, "gate_leavers": 25}, False, "so the champion stays."),
    ],
)
def test_should_promote_against_a_champion(change: dict[str, Any], answer: bool, ending: str) -> None:
    decision = should_promote(replace(RIVALS, **change), GATE)
    assert decision.answer is answer, decision.sentence
    assert decision.sentence.startswith("Promoted (ebm): " if answer else "Not promoted (ebm): ")
    assert decision.sentence.endswith(ending)


def test_the_answer_never_turns_from_yes_to_no_as_the_challenger_gets_better() -> None:
    steps = (-0.03, -0.01, -0.003, -0.001, 0.0, 0.001, 0.003, 0.01, 0.03)
    for loss, tired, width in itertools.product((-0.01, 0.0, 0.01), (False, True), (0.001, 0.01)):
        evidence = replace(RIVALS, champion_tired=tired, log_loss_difference=Interval(loss, loss - width, loss + width))
        answers = [
            should_promote(replace(evidence, roc_auc_difference=Interval(d, d - width, d + width)), GATE).answer
            for d in steps
        ]
        assert answers == sorted(answers), (loss, tired, width)


def test_the_same_figures_promote_a_first_model_and_a_rule_is_no_shield_against_a_leak() -> None:
    for family in ("logistic", "ebm", "rule"):
        assert should_promote(replace(FIRST, family=family), GATE).sentence.startswith(f"Promoted ({family}): ")
        assert not should_promote(replace(FIRST, family=family, **LEAK), GATE).answer


@pytest.mark.parametrize(
    ("outcomes", "leavers", "few"),
    [(200, 20, False), (199, 20, True), (200, 19, True), (200, 180, False), (200, 181, True), (0, 0, True)],
)
def test_what_is_too_little_to_trust(outcomes: int, leavers: int, few: bool) -> None:
    assert too_little_to_trust(outcomes, leavers, GATE) is few


def test_beating_the_base_rate_asks_for_both_ranking_and_loss() -> None:
    good, loss = Interval(0.7, 0.6, 0.8), Interval(-0.02, -0.03, -0.01)
    assert beats_base_rate(good, loss)
    assert not beats_base_rate(Interval(0.6, 0.49, 0.7), loss)
    assert not beats_base_rate(good, Interval(-0.02, -0.05, 0.01))
    assert not beats_base_rate(NOTHING, loss)
    assert not beats_base_rate(good, NOTHING)
