"""The truth table of "promote?": one row a case, sentences quoted in full."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from dataclasses import asdict, replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import spearmanr

from core.config import GateConfig
from core.decisions import (
    GateEvidence,
    beats_base_rate,
    least_roc_auc,
    list_change,
    looks_like_leak,
    rows_to_judge_on,
    should_promote,
    too_little_to_trust,
)
from core.statistics import NOTHING, Interval

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


def test_in_a_world_that_turned_the_newest_outcomes_say_what_a_challenger_is_worth() -> None:
    turned = replace(RIVALS, **USELESS, **BETTER)
    assert should_promote(turned, GATE).sentence.startswith("Not promoted (ebm): no better than the base rate of 12 %")
    newest = {
        "newest_roc_auc": Interval(0.7, 0.65, 0.75),
        "newest_log_loss_against_base": Interval(-0.03, -0.05, -0.01),
    }
    assert should_promote(replace(turned, **newest), GATE).answer
    assert not should_promote(replace(turned, **newest | {"newest_roc_auc": Interval(0.54, 0.49, 0.59)}), GATE).answer


def test_beating_the_base_rate_asks_for_both_ranking_and_loss() -> None:
    good, loss = Interval(0.7, 0.6, 0.8), Interval(-0.02, -0.03, -0.01)
    assert beats_base_rate(good, loss)
    assert not beats_base_rate(Interval(0.6, 0.49, 0.7), loss)
    assert not beats_base_rate(good, Interval(-0.02, -0.05, 0.01))
    assert not beats_base_rate(NOTHING, loss)
    assert not beats_base_rate(good, NOTHING)


# --- the top of the list


CALM = {"list_size": 50, "list_changed": 0.5}
SHUFFLED = {"list_size": 50, "list_changed": 0.52}


@pytest.mark.parametrize(
    ("change", "answer", "ending"),
    [
        (TIRED | CALM, True, "is over age or has dropped; 25 of the 50 clients at the top of the list would change."),
        (
            TIRED | SHUFFLED,
            False,
            f"{FIGURES}: not worse, and the champion is over age or has dropped, but 26 of the 50 clients at the top "
            "of the list would change for no sure gain (at most 50 % may: model.gate.max_reshuffle), so the champion "
            "stays.",
        ),
        (BETTER | SHUFFLED, True, ", which is better; 26 of the 50 clients at the top of the list would change."),
        (BETTER | TIRED | SHUFFLED, True, "at the top of the list would change."),
        (SHUFFLED, False, "which is no sure gain, so the champion stays."),
        (TIRED | {"list_size": 50, "list_changed": 0.0}, True, "; 0 of the 50 clients at the top of the list would "
         "change."),
    ],
)  # fmt: skip
def test_without_a_gain_the_top_of_the_list_is_not_reshuffled(
    change: dict[str, Any], answer: bool, ending: str
) -> None:
    decision = should_promote(replace(RIVALS, **change), GATE)
    assert (decision.answer, decision.sentence[-len(ending) :]) == (answer, ending)


def test_a_bound_of_one_lets_the_whole_list_change() -> None:
    rules = GATE.model_copy(update={"max_reshuffle": 1.0})
    decision = should_promote(replace(RIVALS, **TIRED, list_size=50, list_changed=1.0), rules)
    assert decision.answer
    assert decision.sentence.endswith("; 50 of the 50 clients at the top of the list would change.")


def test_a_first_model_changes_no_list() -> None:
    assert "top of the list" not in should_promote(replace(FIRST, **SHUFFLED), GATE).sentence


@given(
    st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), min_size=1, max_size=60),
)
def test_the_change_of_a_list_is_counted_client_by_client(risks: list[tuple[int, int]]) -> None:
    before, after = (np.array(side, dtype=float) for side in zip(*risks, strict=True))
    size = min(len(risks), 10)

    def top(risk: np.ndarray) -> set[int]:
        return set(sorted(range(len(risk)), key=lambda place: (-risk[place], place))[:size])

    found = list_change(before, after)
    assert found.size == size
    assert found.changed == len(top(after) - top(before)) / size
    if len(set(before)) > 1 and len(set(after)) > 1:
        assert found.correlation == pytest.approx(spearmanr(before, after).statistic, abs=1e-12)
    else:
        assert math.isnan(found.correlation)
    assert list_change(before, before).changed == 0.0


def test_the_top_of_a_list_is_a_twentieth_of_the_clients_and_at_least_ten() -> None:
    sizes = [list_change(np.arange(n), np.arange(n)).size for n in (3, 10, 200, 201, 1000)]
    assert sizes == [3, 10, 10, 11, 50]
    assert list_change(np.arange(200), -np.arange(200)).changed == 1.0
    assert list_change(np.array([]), np.array([])).size == 0


# --- a makeshift champion


MAKESHIFT = {"champion_makeshift": True}
NO_ROWS = {"gate_rows": 0, "gate_leavers": 0, "roc_auc_difference": NOTHING, "log_loss_difference": NOTHING}


@pytest.mark.parametrize(
    ("change", "answer", "ending"),
    [
        # --- it does not wait for rows to compare on ...
        (
            NO_ROWS,
            True,
            "(ebm): the champion is a makeshift, and the challenger beats the base rate: its roc_auc out of fold is "
            "0.800 (0.780 to 0.820) on 2,600 outcomes.",
        ),
        ({"gate_rows": 30, "gate_leavers": 6}, True, "not surely worse, and the champion is a makeshift."),
        (BETTER | {"gate_rows": 30, "gate_leavers": 6}, True, "not surely worse, and the champion is a makeshift."),
        ({}, True, ": not surely worse, and the champion is a makeshift."),
        (SHUFFLED, True, "and the champion is a makeshift; 26 of the 50 clients at the top of the list would change."),
        # --- ... but is not replaced by what is surely worse on those there are
        (WORSE, False, ", which is worse, so the champion stays although it is a makeshift."),
        (WORSE | {"gate_rows": 30, "gate_leavers": 6}, False, "so the champion stays although it is a makeshift."),
        (WORSE | {"gate_rows": 30, "gate_leavers": 25}, False, "so the champion stays although it is a makeshift."),
        ({"log_loss_difference": Interval(0.02, 0.01, 0.03)}, False, "although it is a makeshift."),
        (WORSE | {"gate_rows": 30, "gate_leavers": 4}, True, "on 2,600 outcomes."),
        (WORSE | {"gate_rows": 30, "gate_leavers": 26}, True, "on 2,600 outcomes."),
        # --- nothing replaces it that could be no first model
        (LEAK, False, "add it to data.ignore if it is one."),
        (USELESS, False, "on 2,600 outcomes."),
        (ONE_KIND, False, "at least two of either kind are needed."),
        # --- while there is too little to trust, another provisional model needs the same evidence as any
        (FEW | NO_ROWS, False, "so there is nothing to compare them on."),
        (FEW | BETTER | {"gate_rows": 100, "gate_leavers": 25}, False, "so the champion stays."),
    ],
)
def test_a_makeshift_champion_is_replaced_once_there_is_enough_to_trust(
    change: dict[str, Any], answer: bool, ending: str
) -> None:
    decision = should_promote(replace(RIVALS, **MAKESHIFT, **change), GATE)
    assert decision.answer is answer, decision.sentence
    assert decision.sentence.endswith(ending), decision.sentence


# --- what looks like a leak on few outcomes


@pytest.mark.parametrize(
    ("outcomes", "leavers", "roc_auc", "leak"),
    [
        (6, 2, 1.0, False),  # any column may do this
        (60, 5, 1.0, False),
        (115, 15, 1.0, True),
        (115, 100, 1.0, True),
        (115, 15, 0.9899, False),
        (200, 20, 0.99, True),
        (4000, 480, 0.99, True),
        (4000, 480, 0.9899, False),
        (4000, 480, float("nan"), False),
    ],
)
def test_with_few_outcomes_a_leak_is_one_beyond_chance(outcomes: int, leavers: int, roc_auc: float, leak: bool) -> None:
    assert looks_like_leak(roc_auc, outcomes, leavers, GATE) is leak
    evidence = replace(FIRST, outcomes=outcomes, leavers=leavers, best_column_roc_auc=roc_auc)
    assert should_promote(evidence, GATE).answer is not leak


def hanley_mcneil(area: float, m: float, n: float) -> float:
    """Variance of an area by its formula of 1982, Radiology 143:29."""
    first, second = area / (2 - area), 2 * area**2 / (1 + area)
    return (area * (1 - area) + (m - 1) * (first - area**2) + (n - 1) * (second - area**2)) / (m * n)


@given(st.integers(2, 300), st.floats(0.5, 1.0))
def test_the_lower_end_is_where_hanley_and_mcneils_error_just_reaches(each: int, value: float) -> None:
    low = least_roc_auc(value, each, each)
    assert low < value
    assert value - low == pytest.approx(1.959964 * math.sqrt(hanley_mcneil(low, each, each)), rel=1e-4)


def test_the_lower_end_rises_with_the_outcomes_and_either_kind_counts_alike() -> None:
    ends = [least_roc_auc(1.0, leavers, 100) for leavers in (2, 5, 10, 50, 1000)]
    assert ends == sorted(ends)
    assert least_roc_auc(0.9, 7, 31) == pytest.approx(least_roc_auc(0.9, 31, 7))
    assert least_roc_auc(0.0, 7, 31) == 0.0


# --- what is said beside a promotion


RULE = {"rule_column": "usage"}
NO_BETTER = {
    "roc_auc_against_rule": Interval(-0.01, -0.02, 0.0),
    "log_loss_against_rule": Interval(0.004, 0.0, 0.008),
}
NOT_SURELY = {
    "roc_auc_against_rule": Interval(0.01, -0.01, 0.03),
    "log_loss_against_rule": Interval(-0.002, -0.006, 0.002),
}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({}, ""),
        (RULE, ""),
        (
            RULE | NO_BETTER,
            "; the column usage alone does as well (beside it roc_auc differs by -0.010 (-0.020 to +0.000) and log "
            "loss by +0.004 (+0.000 to +0.008))",
        ),
        (
            RULE | NOT_SURELY,
            "; the column usage alone may do as well (beside it roc_auc differs by +0.010 (-0.010 to +0.030) and log "
            "loss by -0.002 (-0.006 to +0.002))",
        ),
        (RULE | NOT_SURELY | {"roc_auc_against_rule": Interval(0.02, 0.001, 0.04)}, ""),
        (RULE | NOT_SURELY | {"log_loss_against_rule": Interval(-0.02, -0.04, -0.001)}, ""),
        (NO_BETTER, ""),  # no column makes a rule
        # the base rate is 12 %: a sure gap of more than 1.2 points is said
        ({"mean_risk_gap": Interval(0.02, 0.01, 0.03)}, "; its risks are on average 2.0 points too high"),
        ({"mean_risk_gap": Interval(-0.02, -0.03, -0.01)}, "; its risks are on average 2.0 points too low"),
        ({"mean_risk_gap": Interval(0.012, 0.01, 0.014)}, ""),
        ({"mean_risk_gap": Interval(0.02, -0.01, 0.05)}, ""),
    ],
)
def test_a_promotion_says_what_a_person_should_know(change: dict[str, Any], said: str) -> None:
    decision = should_promote(replace(FIRST, **change), GATE)
    assert decision.answer
    assert decision.sentence == (
        f"Promoted (ebm): first model: roc_auc out of fold is 0.800 (0.780 to 0.820) on 2,600 outcomes{said}."
    )
    assert decision.evidence == asdict(replace(FIRST, **change))


# --- every combination


#: condition -> what it may be; of each, the first is what promotes a first model
CONDITIONS: dict[str, tuple[dict[str, Any], ...]] = {
    "outcomes": ({}, FEW, ONE_KIND),
    "leak": ({}, LEAK),
    "ranks": ({}, USELESS),
    "champion": ({"has_champion": False}, {"has_champion": True}, {"has_champion": True, **MAKESHIFT}),
    "rows": ({"gate_rows": 900, "gate_leavers": 110}, {"gate_rows": 30, "gate_leavers": 6}, NO_ROWS),
    "verdict": (
        BETTER,
        {"roc_auc_difference": Interval(0.0, -0.001, 0.001)},
        {"roc_auc_difference": Interval(0.0, -0.01, 0.01)},
        WORSE,
    ),
    "tired": ({}, TIRED),
    "list": ({}, CALM, SHUFFLED),
    "rule": ({}, RULE | NO_BETTER),
}

Case = dict[str, int]

#: the first line that fits gives the answer and words that the sentence has
LINES: tuple[tuple[str, Callable[[Case], bool], bool, str], ...] = (
    ("one kind of outcome", lambda c: c["outcomes"] == 2, False, "at least two of either kind"),
    ("leaking", lambda c: c["leak"] == 1, False, "looks like a leak"),
    ("no better than the base rate", lambda c: (c["outcomes"], c["ranks"]) == (0, 1), False, "the base rate of"),
    ("first, provisional", lambda c: (c["champion"], c["outcomes"]) == (0, 1), True, "too little to trust"),
    ("first", lambda c: c["champion"] == 0, True, "first model"),
    (
        "makeshift, nothing to compare on",
        lambda c: (c["champion"], c["outcomes"], c["rows"]) == (2, 0, 2),
        True,
        "and the challenger beats the base rate",
    ),
    (
        "makeshift, worse",
        lambda c: (c["champion"], c["outcomes"], c["verdict"]) == (2, 0, 3),
        False,
        "although it is a makeshift",
    ),
    ("makeshift", lambda c: (c["champion"], c["outcomes"]) == (2, 0), True, "not surely worse"),
    ("nothing to compare on", lambda c: c["rows"] == 2, False, "nothing to compare them on"),
    ("too little to compare on", lambda c: c["rows"] == 1, False, "too little for a verdict"),
    ("worse", lambda c: c["verdict"] == 3, False, "which is worse."),
    ("better", lambda c: c["verdict"] == 0, True, "which is better"),
    ("maybe inferior", lambda c: c["verdict"] == 2, False, "no sure gain, so the champion stays"),
    ("not inferior", lambda c: c["tired"] == 0, False, "no sure gain, so the champion stays"),
    ("not inferior, tired, reshuffled", lambda c: c["list"] == 2, False, "model.gate.max_reshuffle"),
    ("not inferior, tired", lambda _: True, True, "over age or has dropped"),
)


def test_every_combination_of_conditions_has_its_line() -> None:
    met = set()
    for places in itertools.product(*(range(len(kinds)) for kinds in CONDITIONS.values())):
        case = dict(zip(CONDITIONS, places, strict=True))
        changed: dict[str, Any] = {}
        for kinds, place in zip(CONDITIONS.values(), places, strict=True):
            changed |= {name: value for name, value in kinds[place].items() if case["rows"] < 2 or name not in NO_ROWS}
        changed |= NO_ROWS if case["rows"] == 2 else {}
        name, _, answer, words = next(line for line in LINES if line[1](case))
        decision = should_promote(replace(RIVALS, **changed), GATE)
        assert decision.answer is answer, (name, case, decision.sentence)
        assert words in decision.sentence, (name, case, decision.sentence)
        assert decision.sentence.count(". ") == 0, "one sentence"
        assert ("alone does as well" in decision.sentence) == (answer and case["rule"] == 1)
        said = case["champion"] > 0 and case["list"] > 0 and (answer or name.endswith("reshuffled"))
        assert ("at the top of the list would change" in decision.sentence) == said
        met.add(name)
    assert met == {line[0] for line in LINES}


# --- rows to judge on


def test_only_rows_are_judged_on_that_the_version_could_not_know() -> None:
    day = pd.Timestamp("2026-01-01", tz="UTC")
    rows = pd.DataFrame(
        {
            "_client": ["learned", "known then", "horizon overlaps", "told later", "learned again"],
            "_as_of": [day, day, day + pd.Timedelta(days=89), day + pd.Timedelta(days=90), day],
        }
    )
    since = pd.Series([day + pd.Timedelta(days=d) for d in (95, 95, 200, 200, 200)])
    learned = pd.DataFrame({"_client": ["learned", "learned again"], "_as_of": [day, day]})
    fitted = (day + pd.Timedelta(days=100)).to_pydatetime()
    dated = rows_to_judge_on(rows, since, learned, fitted, 90, dated=True)
    assert rows.loc[dated, "_client"].tolist() == ["told later"]
    undated = rows_to_judge_on(rows, since, learned, fitted, 90, dated=False)
    assert rows.loc[undated, "_client"].tolist() == ["horizon overlaps", "told later"]
    assert rows_to_judge_on(rows, since, learned[:0], fitted, 90, dated=True).tolist() == [False, False, *[True] * 3]
