"""Whether current rows can be told from the reference, and by what."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from core.drift import ALARM, STABLE, TOO_FEW, WATCH
from core.drift.domain import DomainDrift, tell_apart
from core.schema import CATEGORICAL, DATE, NUMERIC

KINDS = {"delay": NUMERIC, "revenue": NUMERIC, "since": DATE, "region": CATEGORICAL, "branch": CATEGORICAL}


def clients(n: int, seed: int) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    made = pd.DataFrame(
        {
            "delay": rng.normal(10, 3, n),
            "revenue": rng.lognormal(5, 1, n),
            "since": rng.uniform(0, 3000, n),
            "region": rng.choice(["north", "south", "east"], n),
            "branch": [f"b{level}" for level in rng.integers(0, 400, n)],
        }
    )
    return made.mask(rng.random(made.shape) < [0.05, 0, 0.2, 0.05, 0])


def told(reference: pd.DataFrame, current: pd.DataFrame, **how: Any) -> DomainDrift:
    return tell_apart(reference, current, KINDS, seed=0, **how)


def test_rows_of_the_same_world_cannot_be_told_apart() -> None:
    found = told(clients(2000, 1), clients(1500, 2))
    assert found.verdict == STABLE
    assert found.roc_auc.low < 0.5 < found.roc_auc.high
    assert found.ranking == ()
    assert found.sentence.startswith("The new rows cannot be told from the reference: roc_auc .")
    assert found.sentence.endswith(", 1,500 rows.")


def test_rows_of_the_same_world_hardly_ever_alarm() -> None:
    sizes = (40, 100, 400) * 15
    pairs = ((clients(300, seed), clients(rows, 1000 + seed)) for seed, rows in enumerate(sizes))
    verdicts = [tell_apart(*pair, KINDS, seed).verdict for seed, pair in enumerate(pairs)]
    assert verdicts.count(STABLE) >= 44


def test_the_columns_that_tell_most_are_named_first() -> None:
    now = clients(2000, 2)
    now["delay"] += 2.5
    now.loc[:700, "region"] = "south"
    found = told(clients(2000, 1), now)
    assert found.verdict == ALARM
    assert [name for name, _ in found.ranking[:2]] == ["delay", "region"]
    assert {name for name, _ in found.ranking} == set(KINDS)
    assert found.ranking[1][1] > 5 * abs(found.ranking[2][1])
    low, high = (f"{end:.2f}".lstrip("0") for end in (found.roc_auc.low, found.roc_auc.high))
    assert found.sentence == (
        f"The new rows can be told from the reference with roc_auc {found.roc_auc.value:.2f} ({low} to {high}); "
        "delay and region tell most."
    ).replace("roc_auc 0.", "roc_auc .")


def test_a_shift_by_half_a_standard_deviation_tells_as_well_as_theory_has_it() -> None:
    # two normal columns apart by d standard deviations: roc_auc is Phi(d / sqrt 2), of .5 it is .638
    rng = np.random.default_rng(0)
    sides = [pd.DataFrame({"delay": rng.normal(by, 1, 8000)}) for by in (0.0, 0.5)]
    found = tell_apart(*sides, {"delay": NUMERIC}, seed=0)
    assert found.roc_auc.value == pytest.approx(0.638, abs=0.015)
    assert found.verdict == WATCH


def test_a_broken_correlation_is_told_though_no_column_changed() -> None:
    rng = np.random.default_rng(0)
    z = rng.normal(size=(2, 2000))
    reference = pd.DataFrame({"delay": z[0], "revenue": 0.9 * z[0] + 0.44 * z[1]})
    current = pd.DataFrame({"delay": z[0], "revenue": rng.permutation(reference["revenue"])})
    found = tell_apart(reference, current, {"delay": NUMERIC, "revenue": NUMERIC}, seed=0)
    assert found.verdict == ALARM


def test_missing_values_and_rare_levels_tell_too() -> None:
    now = clients(2000, 2)
    now.loc[:800, "revenue"] = np.nan
    assert told(clients(2000, 1), now).ranking[0][0] == "revenue"
    # of 400 branches the rarest share a code, the others do not
    now = clients(2000, 3)
    now.loc[:800, "branch"] = "b7"
    assert told(clients(2000, 1), now).ranking[0][0] == "branch"


def test_the_density_ratio_is_that_of_the_densities() -> None:
    # half of the rows against three quarters with the level: a current row is 1.5 times as dense there, else half
    levels = [np.repeat(["x", "y"], counts) for counts in ([2000, 2000], [2250, 750])]
    reference, current = (pd.DataFrame({"region": side}) for side in levels)
    found = tell_apart(reference, current, {"region": CATEGORICAL}, seed=0)
    assert found.density_ratio[:2000] == pytest.approx(np.full(2000, 1.5), rel=0.1)
    assert found.density_ratio[2000:] == pytest.approx(np.full(2000, 0.5), rel=0.1)
    # (2000 * 1.5 + 2000 * .5)^2 / (2000 * 2.25 + 2000 * .25)
    assert found.effective_n == pytest.approx(3200, rel=0.03)


def test_weighted_by_the_density_ratio_the_reference_looks_like_the_current_rows() -> None:
    rng = np.random.default_rng(0)
    reference = pd.DataFrame({"delay": rng.normal(0, 1, 6000), "revenue": rng.normal(0, 1, 6000)})
    current = pd.DataFrame({"delay": rng.normal(0.6, 1, 3000), "revenue": rng.normal(0, 1, 3000)})
    found = tell_apart(reference, current, {"delay": NUMERIC, "revenue": NUMERIC}, seed=0)
    weighted = np.average(
        reference[["delay", "revenue"]].iloc[found.reference_rows], axis=0, weights=found.density_ratio
    )
    assert weighted == pytest.approx([0.6, 0.0], abs=0.1)
    # exp(d^2) times fewer rows than there are: the ratio of two normal densities
    assert found.effective_n == pytest.approx(6000 / np.exp(0.36), rel=0.15)


def test_of_large_sides_a_part_is_drawn_and_its_places_are_told() -> None:
    reference, current = clients(3000, 1), clients(2000, 2)
    found = told(reference, current, per_side=500)
    assert len(found.reference_rows) == len(found.density_ratio) == 500
    assert (np.diff(found.reference_rows) > 0).all()
    assert found.reference_rows.max() > 2500
    assert (found.reference_n, found.current_n) == (3000, 2000)
    assert found.density_ratio.min() >= 0.02
    assert found.density_ratio.max() <= 50


def test_sides_that_have_nothing_in_common_are_told_without_a_fault() -> None:
    reference, current = clients(200, 1), clients(200, 2)
    current["delay"] = np.inf
    found = told(reference, current)
    assert found.roc_auc.value > 0.99
    assert found.ranking[0][0] == "delay"
    assert np.isfinite(found.density_ratio).all()


def test_the_same_seed_gives_the_same_bits_and_another_does_not() -> None:
    reference, current = clients(600, 1), clients(500, 2)
    current["delay"] += 3
    first, second, other = (tell_apart(reference, current, KINDS, seed) for seed in (3, 3, 4))
    assert (first.roc_auc, first.ranking, first.sentence) == (second.roc_auc, second.ranking, second.sentence)
    assert first.density_ratio.tobytes() == second.density_ratio.tobytes()
    assert first.density_ratio.tobytes() != other.density_ratio.tobytes()


def test_the_frames_are_left_as_they_were() -> None:
    reference, current = clients(300, 1), clients(300, 2).assign(delay=50.0)
    before = reference.copy(), current.copy()
    told(reference, current)
    pd.testing.assert_frame_equal(reference, before[0])
    pd.testing.assert_frame_equal(current, before[1])


@pytest.mark.parametrize(("reference", "current"), [(29, 500), (500, 29), (0, 0)])
def test_too_few_rows_allow_no_verdict(reference: int, current: int) -> None:
    found = told(clients(500, 1).head(reference), clients(500, 2).head(current))
    assert (found.verdict, found.effective_n) == (TOO_FEW, 0)
    assert np.isnan(found.roc_auc.value)
    assert "too few" in found.sentence


def test_columns_without_values_and_constant_ones_break_nothing() -> None:
    odd = {"delay": np.nan, "region": None, "revenue": 1.0}
    found = told(clients(300, 1).assign(**odd), clients(300, 2).assign(**odd))
    assert found.verdict == STABLE
    assert tell_apart(clients(300, 1), clients(300, 2), {"risk": "prediction"}, seed=0).verdict == TOO_FEW
