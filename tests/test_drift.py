"""Verdicts on columns: effect and significance together, told in words."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import false_discovery_control

from core import drift
from core.config import MonitoringConfig
from core.drift import ALARM, PREDICTION, STABLE, TOO_FEW, WATCH
from core.records import ColumnDrift
from core.schema import CATEGORICAL, DATE, NUMERIC

TEXT = pd.StringDtype(na_value=np.nan)


def series(values: Any, kind: str) -> pd.Series:
    return pd.Series(values, dtype=TEXT if kind == CATEGORICAL else float)


def compared(reference: Any, current: Any, kind: str = NUMERIC, name: str = "x", **config: Any) -> ColumnDrift:
    """Drift of one column."""
    profile = drift.profile(pd.DataFrame({name: series(reference, kind)}), {name: kind})
    return drift.compare(profile, pd.DataFrame({name: series(current, kind)}), MonitoringConfig(**config))[0]


def levels(counts: list[int], names: str = "abcdefgh") -> list[str]:
    """A column with so many rows of each level."""
    return [name for name, count in zip(names, counts, strict=False) for _ in range(count)]


# --- the rule


@pytest.mark.parametrize(
    ("effect", "q", "verdict"),
    [
        (0.099, 1e-9, WATCH), (0.1, 0.0099, ALARM), (0.1, 0.01, STABLE), (0.9, 0.2, STABLE), (0.05, 0.001, WATCH),
        (0.049, 1e-99, STABLE), (float("nan"), 0.001, STABLE), (0.5, float("nan"), STABLE),
    ],
)  # fmt: skip
def test_effect_and_significance_decide_together(effect: float, q: float, verdict: str) -> None:
    assert drift.verdict(effect, q, threshold=0.1, least_q=0.01) == verdict


def test_q_values_are_those_of_benjamini_and_hochberg() -> None:
    # the worked example of their paper (JRSS-B 57, 1995): at 5 % four are rejected
    p = [
        0.0001,
        0.0004,
        0.0019,
        0.0095,
        0.0201,
        0.0278,
        0.0298,
        0.0344,
        0.0459,
        0.324,
        0.4262,
        0.5719,
        0.6528,
        0.759,
        1.0,
    ]
    found = drift.corrected(p)
    assert found == pytest.approx(false_discovery_control(p), rel=1e-12)
    assert found[:5] == pytest.approx([0.0015, 0.003, 0.0095, 0.035625, 0.0603])
    assert sum(q < 0.05 for q in found) == 4


@given(st.lists(st.floats(0, 1) | st.just(float("nan")), max_size=20))
def test_q_values_are_never_below_p_and_untested_columns_count_for_nothing(p: list[float]) -> None:
    found = np.array(drift.corrected(p))
    tested = ~np.isnan(np.array(p, dtype=float))
    assert np.isnan(found[~tested]).all()
    if tested.any():
        assert found[tested] == pytest.approx(false_discovery_control(np.array(p)[tested]), abs=1e-12)


def test_a_column_that_stands_alone_passes_where_among_many_it_would_not() -> None:
    random = np.random.default_rng(8)
    names = [f"c{number:02d}" for number in range(40)]
    reference = pd.DataFrame(random.normal(size=(2000, 40)), columns=names)
    current = pd.DataFrame(random.normal(size=(240, 40)), columns=names)
    current["c00"] += 0.28  # p about one in a thousand, KS just above .1
    kinds = dict.fromkeys(names, NUMERIC)
    alone = compared(reference["c00"], current["c00"])
    among = next(
        one
        for one in drift.compare(drift.profile(reference, kinds), current, MonitoringConfig())
        if one.column == "c00"
    )
    assert alone.effect == among.effect >= 0.1
    assert alone.q < among.q
    assert among.q == pytest.approx(alone.q * 40, rel=1e-9)  # it is the least of forty


def test_what_matters_most_comes_first_effect_times_weight() -> None:
    random = np.random.default_rng(9)
    names = ["heavy", "light", "calm"]
    reference = pd.DataFrame(random.normal(size=(3000, 3)), columns=names)
    current = pd.DataFrame(random.normal([0.5, 0.9, 0], 1, (1000, 3)), columns=names)
    profile = drift.profile(reference, dict.fromkeys(names, NUMERIC))
    by_effect = drift.compare(profile, current, MonitoringConfig())
    assert [one.column for one in by_effect] == ["light", "heavy", "calm"]
    weighed = drift.compare(profile, current, MonitoringConfig(), {"heavy": 0.9, "light": 0.05, "calm": 0.05})
    assert [(one.column, one.verdict) for one in weighed] == [("heavy", ALARM), ("light", ALARM), ("calm", STABLE)]
    assert weighed[0].importance == 0.9


def test_methods_and_thresholds_are_those_of_the_config() -> None:
    random = np.random.default_rng(2)
    sides = random.normal(0, 1, 4000), random.normal(0.5, 1, 4000)  # KS .197, PSI about .25
    assert compared(*sides).method == "ks"
    assert compared(*sides, numeric={"threshold": 0.3}).verdict == WATCH
    by_psi = compared(*sides, numeric={"method": "psi", "threshold": 0.2})
    assert (by_psi.method, by_psi.effect, by_psi.verdict) == ("psi", by_psi.statistics["psi"], ALARM)
    assert compared(*sides, q=1e-200).verdict == STABLE
    by_levels = compared(levels([500, 500]), levels([400, 600]), CATEGORICAL, categorical={"method": "l_infinity"})
    assert by_levels.effect == pytest.approx(0.1)


# --- what chance does


Draw = Callable[[np.random.Generator, int], Any]

SAMPLES: dict[str, tuple[str, Draw]] = {
    "normal": (NUMERIC, lambda random, n: random.normal(size=n)),
    "skewed": (NUMERIC, lambda random, n: random.exponential(size=n) ** 2),
    "mostly zero": (NUMERIC, lambda random, n: np.maximum(0, random.normal(-1.2, 1, n))),
    "counts": (NUMERIC, lambda random, n: random.poisson(2, n).astype(float)),
    "often missing": (NUMERIC, lambda random, n: np.where(random.random(n) < 0.3, np.nan, random.normal(size=n))),
    "yes or no": (CATEGORICAL, lambda random, n: random.choice(["yes", "no"], n)),
    "five levels": (CATEGORICAL, lambda random, n: random.choice(list("abcde"), n)),
    "rare levels": (CATEGORICAL, lambda random, n: (random.zipf(1.6, n).clip(max=400)).astype(str)),
    "thousands of levels": (CATEGORICAL, lambda random, n: random.integers(0, 3000, n).astype(str)),
}


@pytest.mark.parametrize("sizes", [(50, 50), (5000, 50), (5000, 1000)], ids=str)
@pytest.mark.parametrize("sample", SAMPLES)
def test_samples_of_one_law_hardly_ever_raise_an_alarm_however_small(sample: str, sizes: tuple[int, int]) -> None:
    kind, draw = SAMPLES[sample]
    random = np.random.default_rng(20260105)
    verdicts = [compared(draw(random, sizes[0]), draw(random, sizes[1]), kind).verdict for _ in range(60)]
    assert verdicts.count(ALARM) <= 2  # a column that stands alone is allowed one in a hundred


@pytest.mark.parametrize(("sizes", "shift", "least"), [((5000, 1000), 0.3, 19), ((2000, 200), 0.5, 19)], ids=str)
def test_shifts_that_matter_are_found(sizes: tuple[int, int], shift: float, least: int) -> None:
    random = np.random.default_rng(1)
    verdicts = [compared(random.normal(0, 1, sizes[0]), random.normal(shift, 1, sizes[1])).verdict for _ in range(20)]
    assert verdicts.count(ALARM) >= least


def test_a_tenth_of_a_standard_deviation_raises_no_alarm_however_many_rows() -> None:
    random = np.random.default_rng(4)
    found = compared(random.normal(0, 1, 200_000), random.normal(0.1, 1, 200_000))
    assert found.q < 1e-50
    assert found.verdict == STABLE


# --- columns that are special


def test_a_level_that_is_new_and_one_that_is_gone_raise_an_alarm_and_are_named() -> None:
    reference, current = levels([2456, 2485, 2550, 2509]), levels([213, 287, 247, 0, 253])
    found = compared(reference, current, CATEGORICAL)  # nannyml's case of a new category
    assert found.verdict == ALARM
    assert '"e" is new with 25 % and "d" is gone, was 25 %' in found.sentence
    assert found.where["levels"][0] == "e"
    assert found.current_usual == "b"


def test_a_rare_new_level_raises_none() -> None:
    assert compared(levels([500, 500]), levels([300, 299, 1]), CATEGORICAL).verdict == STABLE


def test_a_column_that_always_has_one_value_does_not_drift_until_the_value_is_another() -> None:
    for kind, one, other in ((NUMERIC, 5.0, 9.0), (NUMERIC, 5.0, 1.0), (CATEGORICAL, "a", "b")):
        same = compared([one] * 50, [one] * 40, kind)
        assert (same.effect, same.verdict) == (0, STABLE)
        assert compared([one] * 50, [other] * 40, kind).verdict == ALARM


def test_missing_is_a_level_and_no_number() -> None:
    more = compared(levels([500, 500]), [*levels([300, 300]), *[None] * 400], CATEGORICAL)
    assert more.verdict == ALARM
    assert "missing is new with 40 %" in more.sentence
    random = np.random.default_rng(3)
    reference, current = random.normal(size=2000), random.normal(size=2000)
    current[:600] = np.nan
    found = compared(reference, current)
    assert found.verdict == STABLE  # that values are missing is a fault of the data, told apart from drift
    assert (found.reference_missing, found.current_missing) == (0.0, 0.3)


@pytest.mark.parametrize("rows", [(29, 500), (500, 29), (0, 500), (500, 0), (0, 0)])
def test_tiny_samples_say_not_enough_data(rows: tuple[int, int]) -> None:
    for kind, sides in ((NUMERIC, ([1.0], [9.0])), (CATEGORICAL, (["a"], ["b"]))):
        found = compared(sides[0] * rows[0], sides[1] * rows[1], kind)
        assert found.verdict == TOO_FEW
        assert (found.reference_n, found.current_n) == rows
        assert "too few for a verdict" in found.sentence
        assert np.isnan(found.q)


def test_a_column_that_is_all_missing_is_too_few_known_values() -> None:
    for reference, current in (([np.nan] * 90, [1.0] * 90), ([1.0] * 90, [np.nan] * 90), ([np.nan] * 90,) * 2):
        found = compared(reference, current)
        assert (found.verdict, np.isnan(found.effect)) == (TOO_FEW, True)


def test_few_rows_are_said_to_show_large_changes_only() -> None:
    few = compared([1.0, 2.0] * 300, [1.0, 2.0] * 99)
    assert few.low_power
    assert few.sentence == "x is as before (KS .00, 198 rows). With so few rows only a large change would be seen."
    assert not compared([1.0, 2.0] * 300, [1.0, 2.0] * 100).low_power
    assert not compared([1.0] * 20, [1.0] * 20).low_power  # not even that


# --- in words


def test_direction_and_size_are_told_in_the_columns_own_unit() -> None:
    reference, current = [5.0] * 900 + [30.0] * 100, [5.0] * 600 + [30.0] * 400
    found = compared(reference, current, name="payment_delay_days")
    assert found.sentence == (
        "payment_delay_days is higher: 40 % lie above 5 days, where 10 % did (median 5 days as before; KS .30, 1,000 "
        "rows)."
    )
    assert found.where == {"above": 5.0}
    lower = compared(current, [1.0] * 250 + reference[250:], name="revenue_eur")
    assert "revenue_eur is lower: 90 % lie at or below 5 EUR, where 60 % did (median 5 EUR as before" in lower.sentence
    assert lower.where == {"at_most": 5.0}


def test_dates_are_told_as_days_from_the_snapshot() -> None:
    found = compared([100.0, 200.0] * 50, [400.0, 500.0] * 50, DATE, name="contract_start")
    assert found.verdict == ALARM
    assert "contract_start is earlier: 100 % lie earlier than 200 days ago, where 0.0 % did" in found.sentence


def test_the_risk_is_told_as_the_risk() -> None:
    found = compared([0.1, 0.2] * 500, [0.1, 0.6] * 500, PREDICTION, name="_risk")
    assert found.sentence.startswith("the risk is higher: 50 % lie above 20 %, where 0.0 % did")


def test_those_where_the_change_is_are_marked() -> None:
    numbers = series([1.0, 5.0, np.nan, 9.0], NUMERIC)
    assert drift.touched(numbers, {"above": 5.0}).tolist() == [False, False, False, True]
    assert drift.touched(numbers, {"at_most": 5.0}).tolist() == [True, True, False, False]
    assert drift.touched(numbers, {}).tolist() == [False] * 4
    names = series(["a", None, "b", "c"], CATEGORICAL)
    assert drift.touched(names, {"levels": ["b", None]}).tolist() == [False, True, True, False]
    assert drift.touched(names, {"levels": ["b"]}).tolist() == [False, False, True, False]


# --- the stored reference


def test_a_stored_profile_gives_the_same_distances_to_the_bit(tmp_path: Path) -> None:
    random = np.random.default_rng(6)
    kinds = {
        "number": NUMERIC,
        "tenth": NUMERIC,
        "none": NUMERIC,
        "level": CATEGORICAL,
        "date": DATE,
        "_risk": PREDICTION,
    }

    def frame(n: int, shift: float) -> pd.DataFrame:
        return pd.DataFrame(
            {
                "number": np.where(random.random(n) < 0.1, np.nan, random.lognormal(shift, 1, n)),
                "tenth": random.normal(7 + shift, 1, n).round(1),
                "none": np.nan,
                "level": series([*random.choice(list("abc"), n - 2), None, "rare, and 'quoted'"], CATEGORICAL),
                "date": random.integers(-50, 900, n).astype(float),
                "_risk": random.random(n),
            }
        )

    reference, current = frame(3000, 0), frame(900, 0.3)
    fresh = drift.profile(reference, kinds)
    path = tmp_path / "profile.parquet"
    drift.to_frame(fresh).to_parquet(path, index=False)
    stored = drift.from_frame(pq.read_table(path).to_pandas())
    assert stored.kinds == kinds
    found = [drift.compare(one, current, MonitoringConfig()) for one in (fresh, stored)]
    assert repr(found[0]) == repr(found[1])


# --- target drift


def test_target_drift_is_told_by_cohens_h() -> None:
    found = drift.share_drift(500, 5000, 170, 1000, min_rows=30, q=0.01)
    # 2 asin(sqrt(.17)) - 2 asin(sqrt(.10)) = .8500 - .6435
    assert found.effect == pytest.approx(0.2065, abs=5e-4)
    assert found.verdict == ALARM
    assert found.sentence.startswith("The share of leavers rose from 10 % to 17 % (15 % to 19 %, 1,000 known outcomes)")
    assert drift.share_drift(500, 5000, 140, 1000, min_rows=30, q=0.01).verdict == WATCH
    assert drift.share_drift(500, 5000, 105, 1000, min_rows=30, q=0.01).verdict == STABLE
    assert drift.share_drift(500, 5000, 9, 50, min_rows=30, q=0.01).verdict == STABLE  # chance explains it
    assert drift.share_drift(500, 5000, 9, 20, min_rows=30, q=0.01).verdict == TOO_FEW
    assert drift.share_drift(0, 0, 0, 0, min_rows=30, q=0.01).verdict == TOO_FEW
    assert drift.share_drift(0, 900, 0, 900, min_rows=30, q=0.01).verdict == STABLE
