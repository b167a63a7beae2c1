"""Whether columns go together as before: the error of rebuilding rows from their principal components."""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.decomposition import PCA
from sklearn.preprocessing import StandardScaler

from core.drift import ALARM, STABLE, TOO_FEW, WATCH
from core.drift.multivariate import Reconstruction, fit_reconstruction, reconstruction_error
from core.schema import CATEGORICAL, DATE, NUMERIC

KINDS = {"a": NUMERIC, "b": NUMERIC, "c": NUMERIC, "d": NUMERIC, "since": DATE, "level": CATEGORICAL}


def clients(n: int, seed: int, together: float = 0.9) -> pd.DataFrame:
    """Columns of whole numbers, of which a and b go together; a level that goes with c."""
    rng = np.random.default_rng(seed)
    z = rng.normal(size=(n, 5))
    z[:, 1] = together * z[:, 0] + math.sqrt(1 - together**2) * z[:, 1]
    names = np.array(["often", "middle", "rare"])
    return pd.DataFrame(
        {name: np.rint(10 * z[:, place]).clip(-20, 20) for place, name in enumerate(["a", "b", "c", "d"])}
        | {"since": rng.integers(0, 100, n).astype(float), "level": names[np.digitize(z[:, 2], [0.5, 1.2])]}
    )


def fitted(n: int = 4000, seed: int = 1, **how: Any) -> Reconstruction:
    return fit_reconstruction(clients(n, seed, **how), KINDS, seed=0)


def by_scikit_learn(reference: pd.DataFrame, current: pd.DataFrame) -> float:
    """NannyML's way with scikit-learn: median, most frequent, counts, standardised, transformed there and back."""
    level = reference["level"].value_counts()
    sides = []
    for side in (reference, current):
        full = side.fillna(reference.drop(columns="level").median()).fillna({"level": level.index[0]})
        sides.append(full.assign(level=full["level"].map(level).fillna(0).astype(float)).to_numpy(float))
    scaler = StandardScaler().fit(sides[0])
    first, second = (scaler.transform(side) for side in sides)
    components = PCA(n_components=0.65, svd_solver="full").fit(first)
    rebuilt = components.inverse_transform(components.transform(second))
    return float(np.linalg.norm(second - rebuilt, axis=1).mean())


def test_the_error_is_that_of_transforming_there_and_back_with_scikit_learn() -> None:
    reference, current = clients(2000, 1), clients(700, 2, together=0.2)
    found = reconstruction_error(fit_reconstruction(reference, KINDS, seed=0), current)
    assert found.value == pytest.approx(by_scikit_learn(reference, current), rel=1e-9)
    gaps = np.random.default_rng(3)
    reference, current = (side.mask(gaps.random(side.shape) < 0.1) for side in (reference, current))
    current.loc[:50, "level"] = "never seen"
    found = reconstruction_error(fit_reconstruction(reference, KINDS, seed=0), current)
    assert found.value == pytest.approx(by_scikit_learn(reference, current), rel=1e-9)


def test_a_broken_correlation_is_found_though_no_column_changed() -> None:
    reference, current = clients(4000, 1), clients(1000, 2)
    shuffled = current.assign(a=current["a"].sample(frac=1, random_state=0).to_numpy())
    made = fit_reconstruction(reference, KINDS, seed=0)
    assert reconstruction_error(made, current).verdict == STABLE
    found = reconstruction_error(made, shuffled)
    assert found.verdict == ALARM
    assert found.value > found.high
    assert found.sentence.startswith("The columns do not go together as in the reference: the error of rebuilding a ")
    assert "(1,000 rows)" in found.sentence


def test_columns_that_go_together_more_than_before_are_found_too() -> None:
    found = reconstruction_error(fitted(together=0.5), clients(3000, 2, together=0.97))
    assert found.verdict == ALARM
    assert found.value < found.low


def test_the_band_narrows_with_the_root_of_the_rows() -> None:
    made = fitted(100_000)
    small, large = (reconstruction_error(made, clients(n, 2)) for n in (100, 1600))
    assert (small.high - small.low) / (large.high - large.low) == pytest.approx(4, rel=0.02)
    assert (large.low + large.high) / 2 == pytest.approx(made.mean)
    errors_wide = (large.high - large.low) / 2 / (made.deviation / math.sqrt(1600))
    assert 3 <= errors_wide <= 6


def test_a_small_effect_is_no_alarm_in_however_many_rows() -> None:
    made = fitted(60_000, together=0.9)
    found = {together: reconstruction_error(made, clients(60_000, 2, together)) for together in (0.85, 0.7, 0.3)}
    assert all(one.value > one.high for one in found.values())
    assert [one.verdict for one in found.values()] == [STABLE, WATCH, ALARM]
    assert found[0.85].effect < 0.125 <= found[0.7].effect < 0.25 <= found[0.3].effect


def test_the_spread_of_a_chunks_error_is_what_chunks_show() -> None:
    made = fitted(20_000)
    errors = [reconstruction_error(made, clients(200, seed)).value for seed in range(100, 300)]
    assert np.std(errors) == pytest.approx(made.deviation / math.sqrt(200), rel=0.15)
    assert np.mean(errors) == pytest.approx(made.mean, abs=4 * made.deviation / math.sqrt(200 * 200))


def odd_clients(n: int, seed: int) -> pd.DataFrame:
    """Heavy tails, many levels, gaps, counts."""
    rng = np.random.default_rng(seed)
    made = pd.DataFrame({f"x{k}": rng.lognormal(0, 1.5, n) for k in range(4)})
    made = made.assign(t=rng.standard_t(1.5, n), zero=np.where(rng.random(n) < 0.9, 0, rng.lognormal(0, 1, n)))
    made = made.assign(many=[f"l{level}" for level in rng.zipf(1.5, n)], few=rng.choice(list("abc"), n))
    return made.mask(rng.random(made.shape) < 0.1)


def test_rows_of_the_same_world_hardly_ever_alarm() -> None:
    kinds = {name: CATEGORICAL if name in ("many", "few") else NUMERIC for name in odd_clients(1, 0)}
    outside, verdicts = 0, []
    for seed in range(20):
        made = fit_reconstruction(odd_clients(2000, seed), kinds, seed)
        found = [
            reconstruction_error(made, odd_clients(rows, 100 * seed + rows)) for rows in (60, 500, 510, 2000, 2010)
        ]
        verdicts += [one.verdict for one in found]
        outside += sum(not one.low <= one.value <= one.high for one in found)
    assert verdicts.count(ALARM) == 0
    assert verdicts.count(STABLE) >= 99
    assert outside <= 2


def test_columns_without_a_value_or_with_only_one_break_nothing() -> None:
    kinds = KINDS | {"empty": NUMERIC, "same": NUMERIC, "one": CATEGORICAL, "none": CATEGORICAL}

    def with_odd(rows: pd.DataFrame) -> pd.DataFrame:
        return rows.assign(empty=np.nan, same=3.0, one="x", none=pd.Series(None, index=rows.index, dtype=object))

    reference, current = clients(1000, 1), clients(500, 2)
    plain = reconstruction_error(fit_reconstruction(reference, KINDS, 0), current)
    assert reconstruction_error(fit_reconstruction(with_odd(reference), kinds, 0), with_odd(current)) == plain
    # what was one value may vary now, and what had values may have none
    made = fit_reconstruction(with_odd(reference), kinds, 0)
    assert reconstruction_error(made, with_odd(current).assign(same=1e9)) == plain
    gone = reconstruction_error(made, with_odd(current).assign(a=np.nan, level=None))
    assert math.isfinite(gone.value)


def test_wild_values_are_drawn_in() -> None:
    reference, current = clients(2000, 1), clients(500, 2)
    reference.loc[0, "a"] = 5e8
    current.loc[0, "a"] = np.inf
    current.loc[1, "a"] = -1e300
    found = reconstruction_error(fit_reconstruction(reference, KINDS, seed=0), current)
    assert found.verdict == STABLE
    assert found.value == pytest.approx(fitted(2000).mean, rel=0.05)


def test_copies_of_a_column_leave_no_error_until_they_part() -> None:
    rows = pd.DataFrame({"a": np.arange(1000.0) % 17}).assign(b=lambda side: 3 * side["a"] + 1)
    made = fit_reconstruction(rows, {"a": NUMERIC, "b": NUMERIC}, seed=0)
    same = reconstruction_error(made, rows.iloc[:300])
    assert (round(same.value, 6), same.verdict) == (0, STABLE)
    assert reconstruction_error(made, rows.iloc[:300].assign(b=rows["b"].iloc[300:600].to_numpy())).verdict == ALARM


def test_of_a_single_column_there_is_nothing_to_say() -> None:
    rows = pd.DataFrame({"a": np.arange(100.0), "b": 1.0})
    assert reconstruction_error(fit_reconstruction(rows, {"a": NUMERIC}, 0), rows + 1000).verdict == STABLE
    nothing = reconstruction_error(fit_reconstruction(rows, {"b": NUMERIC}, 0), rows)
    assert (nothing.verdict, math.isnan(nothing.value)) == (TOO_FEW, True)
    assert reconstruction_error(fit_reconstruction(rows, {}, 0), rows).verdict == TOO_FEW


@pytest.mark.parametrize(("reference", "current"), [(29, 500), (500, 29), (0, 500), (500, 0), (1, 1)])
def test_too_few_rows_allow_no_verdict(reference: int, current: int) -> None:
    found = reconstruction_error(fit_reconstruction(clients(reference, 1), KINDS, 0), clients(current, 2))
    assert (found.verdict, found.n) == (TOO_FEW, current)
    assert found.sentence.endswith(".")


def test_what_was_stored_gives_the_same_error_to_the_bit() -> None:
    made = fitted()
    again = Reconstruction.from_dict(json.loads(json.dumps(made.to_dict())))
    assert again == made
    assert reconstruction_error(again, clients(500, 2)) == reconstruction_error(made, clients(500, 2))


def test_the_same_seed_gives_the_same_bits_and_the_order_of_levels_does_not_matter() -> None:
    reference = clients(1000, 1)
    assert fit_reconstruction(reference, KINDS, 5) == fit_reconstruction(reference, KINDS, 5)
    stated = reference.assign(
        level=reference["level"].astype(pd.CategoricalDtype(["rare", "unused", "often", "middle"]))
    )
    now = clients(300, 2)
    value = reconstruction_error(fit_reconstruction(stated, KINDS, 5), now).value
    assert value == pytest.approx(reconstruction_error(fit_reconstruction(reference, KINDS, 5), now).value, rel=1e-12)
