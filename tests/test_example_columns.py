"""The plainer worlds: what their columns are like, that nothing moves by itself, and what each change does."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from scipy.special import logit
from sklearn.metrics import roc_auc_score

from core.example.columns import EMPTYING, LEVEL, NEW_LEVEL, SHIFT, TURN, UNIT, Change, World, make_world

SEEDS = range(12)
WORLDS = [make_world(seed) for seed in SEEDS]


def on_scale(values: pd.Series, form: str) -> pd.Series:
    """Logarithms where a column is skewed."""
    return np.log1p(values) if form in {"lognormal", "days"} else values


def forms(world: World) -> dict[str, str]:
    return {column.name: column.form for column in world.columns}


def test_the_same_arguments_make_the_same_rows_to_the_bit_and_others_make_others() -> None:
    one, two = (make_world(5).month(3, 400) for _ in range(2))
    pd.testing.assert_frame_equal(one, two, check_exact=True)
    for other in (make_world(5).month(4, 400), make_world(6).month(3, 400)):
        assert (one["usage"] != other["usage"]).mean() > 0.9


def test_every_world_has_columns_of_all_sorts() -> None:
    for world in WORLDS:
        table = world.month(0, 4000)
        assert list(table.columns) == [*world.kinds, "exited", "truth"]
        assert len(world.kinds) == 22
        assert set(world.kinds.values()) == {"numeric", "categorical", "date"}
        assert stats.skew(table["revenue"]) > 1
        assert stats.skew(np.log(table["revenue"])) == pytest.approx(0, abs=0.2)
        assert stats.kurtosis(table["balance"]) > 1
        assert table["tickets"].mod(1).eq(0).all()
        assert table["tickets"].mean() == pytest.approx(table["tickets"].var(), rel=0.15)  # Poisson
        assert table["rating"].nunique() <= 5
        assert 0.4 < (table["refunds"] == 0).mean() < 0.97
        assert (table["version"] == table["version"].iloc[0]).all()
        assert 0 < (table["trial"] == 1).mean() < 0.02
        assert table["surveyed"].isna().mean() == pytest.approx(0.4, abs=0.04)
        assert table["contract_end"].between(-1100, 0).all()
        assert table["industry"].nunique() >= 5
        assert table["status"].value_counts(normalize=True).iloc[0] > 0.98
        shares = table["city"].value_counts()
        assert len(shares) > 100
        assert shares.iloc[0] > 3 * shares.iloc[9]  # Zipf with a power of .7 or more: 10 ** .7 is 5


def test_columns_that_go_together_do_so_as_told() -> None:
    for world in WORLDS[:4]:
        table = world.month(0, 20_000)
        for column in world.columns:
            if column.beside:
                # the rank correlation of a Gaussian copula (Pearson 1907)
                told = 6 / np.pi * np.arcsin(column.correlation / 2)
                found = table[[column.name, column.beside]].corr(method="spearman").iloc[0, 1]
                assert found == pytest.approx(told, abs=0.03), column.name


def test_the_truth_is_calibrated_and_a_tenth_to_a_fifth_leave() -> None:
    rows = [world.month(k, 5000) for world in WORLDS for k in range(2)]
    for table in rows:
        assert 0.08 < table["exited"].mean() < 0.22
        assert 0.7 < roc_auc_score(table["exited"], table["truth"]) < 0.92
    together = pd.concat(rows)
    spread = together["truth"] * (1 - together["truth"])
    for rows_of_tenth in np.array_split(np.argsort(together["truth"].to_numpy()), 10):
        own = together.iloc[rows_of_tenth]
        off = (own["exited"] - own["truth"]).sum() / np.sqrt(spread.iloc[rows_of_tenth].sum())
        assert abs(off) < 4


def test_no_column_moves_by_itself() -> None:
    p_values = []
    for world in WORLDS[:6]:
        then, now = (world.month(k, 3000) for k in (0, 7))
        p_values += [stats.ks_2samp(then[name].dropna(), now[name].dropna()).pvalue for name in ("usage", "revenue")]
        counts = pd.crosstab(pd.concat([then["industry"], now["industry"]]), np.repeat([0, 1], 3000))
        p_values.append(stats.chi2_contingency(counts).pvalue)
    assert min(p_values) > 0.001  # 18 tests: chance alone goes below in 2 of 100
    assert np.median(p_values) > 0.2


@pytest.mark.parametrize("size", [0.5, 1.0])
def test_a_shift_moves_the_two_strongest_columns_by_its_size_and_no_other(size: float) -> None:
    for world in WORLDS:
        plain, moved = world.month(2, 20_000), world.month(2, 20_000, Change(SHIFT, size))
        struck = world.struck(Change(SHIFT))
        weights = {column.name: abs(column.weight) for column in world.columns}
        assert set(struck) == set(sorted(weights, key=lambda name: -weights[name])[:2])
        for name, form in forms(world).items():
            if name not in struck:
                assert moved[name].equals(plain[name])
            elif form in {"lognormal", "normal", "days", "counts"}:
                before, after = on_scale(plain[name], form), on_scale(moved[name], form)
                assert (after.mean() - before.mean()) / before.std() == pytest.approx(size, abs=0.03), (name, form)
            elif form == "heavy":  # its normal number moves: half of all lay below what 31 % lie below now (size .5)
                share = (moved[name] < plain[name].median()).mean()
                assert share == pytest.approx(stats.norm.cdf(-size), abs=0.015)
            else:
                assert (moved[name] >= plain[name]).all()
                assert moved[name].mean() > plain[name].mean() + 0.2 * size
        assert moved["exited"].mean() != plain["exited"].mean()


def strongest(world: World, table: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """The two strongest columns on the scale of the rule, and their weights per unit of it."""
    scales, weights = [], []
    for name in world.struck(Change(TURN)):
        column = next(one for one in world.columns if one.name == name)
        values = table[name].to_numpy()
        if column.form == "heavy":
            values = np.arcsinh((values - column.parameters[0]) / column.parameters[1])
        elif column.form in {"lognormal", "days", "counts"}:
            values = np.log1p(values)
        scales.append(values)
        weights.append(column.weight / np.std(values))
    return np.column_stack(scales), np.array(weights)


def test_a_shift_leaves_the_rule_alone() -> None:
    for world in WORLDS:
        plain, moved = world.month(2, 20_000), world.month(2, 20_000, Change(SHIFT))
        before, weights = strongest(world, plain)
        after, _ = strongest(world, moved)
        gained = logit(moved["truth"]) - logit(plain["truth"])
        found, *_ = np.linalg.lstsq(after - before, gained, rcond=None)
        assert np.allclose((after - before) @ found, gained, atol=1e-6)
        assert found == pytest.approx(weights, rel=0.05)


def test_a_turn_leaves_the_columns_alone_and_turns_their_effects() -> None:
    for world in WORLDS:
        plain, turned = world.month(2, 20_000), world.month(2, 20_000, Change(TURN))
        assert turned[list(world.kinds)].equals(plain[list(world.kinds)])
        assert roc_auc_score(turned["exited"], plain["truth"]) < 0.5
        values, weights = strongest(world, plain)
        # what both columns did and what they do now are apart by twice what they did
        lost = (logit(plain["truth"]) - logit(turned["truth"])) / 2
        design = np.column_stack([values, np.ones(len(values))])
        found, *_ = np.linalg.lstsq(design, lost, rcond=None)
        assert np.allclose(design @ found, lost, atol=1e-6)
        assert found[:2] == pytest.approx(weights, rel=0.05)


def test_a_change_of_unit_multiplies_one_column() -> None:
    for world in WORLDS:
        (name,) = world.struck(Change(UNIT))
        plain, other = world.month(2, 500), world.month(2, 500, Change(UNIT, 24))
        assert (other[name] == 24 * plain[name]).all()
        assert other.drop(columns=name).equals(plain.drop(columns=name))


def test_an_emptying_column_loses_the_share_that_is_asked_for() -> None:
    for world in WORLDS[:4]:
        (name,) = world.struck(Change(EMPTYING))
        plain = world.month(2, 4000)
        for share in (0.05, 0.5, 1.0):
            other = world.month(2, 4000, Change(EMPTYING, share))
            assert other[name].isna().mean() == pytest.approx(share, abs=4 * (share * (1 - share) / 4000) ** 0.5)
            kept = other[name].notna()
            assert (other[name][kept] == plain[name][kept]).all()
            assert other[name].dtype == plain[name].dtype
            assert other.drop(columns=name).equals(plain.drop(columns=name))


def test_a_new_level_takes_over_the_share_that_is_asked_for() -> None:
    for world in WORLDS[:4]:
        (name,) = world.struck(Change(LEVEL))
        plain, other = world.month(2, 4000), world.month(2, 4000, Change(LEVEL, 0.1))
        taken = other[name] == NEW_LEVEL
        assert taken.mean() == pytest.approx(0.1, abs=0.02)
        assert not (plain[name] == NEW_LEVEL).any()
        assert other[name][~taken].equals(plain[name][~taken])
        assert other["truth"].equals(plain["truth"])


def test_a_change_that_cannot_be_is_refused() -> None:
    with pytest.raises(ValueError, match="got 'earthquake'"):
        Change("earthquake")
    for kind, size in ((SHIFT, 0), (EMPTYING, 1.5), (LEVEL, -1), (UNIT, float("nan"))):
        with pytest.raises(ValueError, match="above 0, and a share at most 1"):
            Change(kind, size)
