"""What happens to the example company when it is told to, and that nothing happens when it is not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from functools import cache

import numpy as np
import pandas as pd
import pytest
from scipy.special import logit

from core.example import (
    INDUSTRIES,
    Company,
    EffectsTurn,
    Emptying,
    Event,
    NewLevel,
    Shift,
    UnitChange,
    make_company,
    monthly_hazard,
)

#: snapshot from which every event here acts, and how many snapshots there are
AT, MONTHS = 3, 9
MOVING = ["payment_delay_days", "support_tickets_90d", "satisfaction"]
WATCHED = [
    "industry", "region", "owner", "number_of_employees", "annual_revenue", "lastmonth_activity", "lastyear_activity",
    *MOVING, "tenure", "days_left",
]  # fmt: skip


@cache
def company(*events: Event, clients: int = 4000) -> Company:
    return make_company(19, date(2025, 6, 1), MONTHS, clients, events)


def with_durations(table: pd.DataFrame) -> pd.DataFrame:
    day, start, end = (pd.to_datetime(table[name]) for name in ("snapshot_date", "contract_start", "contract_end"))
    return table.assign(tenure=(day - start).dt.days, days_left=(end - day).dt.days)


def stability_index(values: pd.Series, reference: pd.Series) -> float:
    """PSI on the deciles (levels) of the reference, half a row added to each bin, less its mean by chance alone."""
    if pd.api.types.is_numeric_dtype(reference):
        edges = np.unique(np.nanquantile(reference, np.arange(0.1, 1, 0.1)))
        sides = [np.where(side.isna(), -1, np.searchsorted(edges, side)) for side in (reference, values)]
    else:
        sides = [reference.to_numpy(), values.to_numpy()]
    bins = np.unique(np.concatenate(sides))
    then, now = (np.array([(side == one).sum() + 0.5 for one in bins]) for side in sides)
    then, now = then / then.sum(), now / now.sum()
    by_chance = (len(bins) - 1) * (1 / len(values) + 1 / len(reference))
    return float(((now - then) * np.log(now / then)).sum() - by_chance)


def moved_by(column: str, k: int, event: Shift) -> float:
    """By how many standard deviations the mean of a column lies from where it lies without the event."""
    then, now = company().clients(k)[column], company(event).clients(k)[column]
    return float((now.mean() - then.mean()) / then.std())


def effects_of(made: Company, k: int) -> np.ndarray:
    """Weights of satisfaction and of activity above the usual, as a logistic regression finds them in the outcomes."""
    from sklearn.linear_model import LogisticRegression

    table = made.clients(k)
    relative = np.log(table["lastmonth_activity"] * 12 / table["lastyear_activity"])
    inputs = np.column_stack([table["satisfaction"].fillna(table["satisfaction"].mean()), relative])
    fitted = LogisticRegression().fit((inputs - inputs.mean(0)) / inputs.std(0), made.outcomes(k)["exited"])
    return np.asarray(fitted.coef_[0])


def test_without_events_no_column_moves() -> None:
    first, *later = (with_durations(company().clients(k)) for k in range(MONTHS))
    for table in later:
        assert max(stability_index(table[column], first[column]) for column in WATCHED) < 0.05


@pytest.mark.parametrize(
    "event",
    [
        Shift(AT), EffectsTurn(AT), UnitChange(AT), Emptying(AT), NewLevel(AT),
        Shift(AT, ("satisfaction",)), NewLevel(AT, "industry", "Aerospace", share=1, newcomers_only=True),
    ],
)  # fmt: skip
def test_until_an_event_the_company_is_the_same_to_the_bit_and_from_then_on_another(event: Event) -> None:
    plain, told = company(clients=500), company(event, clients=500)
    for k in range(AT):
        pd.testing.assert_frame_equal(plain.clients(k), told.clients(k), check_exact=True)
    assert plain.outcomes(0).equals(told.outcomes(0))
    assert np.array_equal(plain.true_risk(0), told.true_risk(0))
    seen = AT + 1 if isinstance(event, EffectsTurn) else AT  # an effect shows in who is there a month later
    assert not plain.clients(seen).equals(told.clients(seen))
    again = make_company(19, date(2025, 6, 1), MONTHS, 500, [event])
    pd.testing.assert_frame_equal(told.clients(MONTHS - 1), again.clients(MONTHS - 1), check_exact=True)


def test_a_shift_moves_its_columns_by_half_a_standard_deviation_at_once_and_for_good() -> None:
    event = Shift(AT, ("payment_delay_days", "support_tickets_90d", "satisfaction"))
    for k in (AT, AT + 2, MONTHS - 1):
        for column, sign in (("payment_delay_days", 1), ("support_tickets_90d", 1), ("satisfaction", -1)):
            assert sign * moved_by(column, k, event) == pytest.approx(0.5, abs=0.1), (column, k)


def test_a_shift_leaves_the_other_columns_and_the_effects_where_they_are() -> None:
    told = company(Shift(AT))
    first = with_durations(told.clients(0))
    for k in (AT, AT + 3):
        table = with_durations(told.clients(k))
        moved = {column: stability_index(table[column], first[column]) for column in WATCHED}
        assert {column for column, by in moved.items() if by > 0.1} == {"payment_delay_days", "support_tickets_90d"}
        assert max(by for column, by in moved.items() if column not in MOVING[:2]) < 0.05
    assert (effects_of(told, AT) < -0.15).all()
    assert told.outcomes(AT)["exited"].mean() > company().outcomes(AT)["exited"].mean()


def test_a_turn_of_the_two_strongest_effects_is_seen_in_the_outcomes() -> None:
    told = company(EffectsTurn(AT))
    assert (effects_of(told, 0) < -0.15).all()
    assert (effects_of(told, AT) > 0.15).all()
    assert (effects_of(told, MONTHS - 1) > 0.15).all()


def test_the_effects_that_turn_are_the_two_that_move_risks_most() -> None:
    made, turned = company(), set(EffectsTurn(AT).terms)
    terms = [{"activity", "collapse"}, {"satisfaction", "unhappy_at_contract_end"}, {"tickets"}, {"delay"}]
    terms += [{"contract_end", "unhappy_at_contract_end"}, {"newness"}]

    def moved_by(without: set[str]) -> float:
        both = (made.effects, replace(made.effects, **dict.fromkeys(without, 0.0)))
        chances = [monthly_hazard(made.books[0], made.first_month, effects) for effects in both]
        return float(np.std(logit(chances[0]) - logit(chances[1])))

    first, second, *_ = sorted(terms, key=moved_by, reverse=True)
    assert first | second == turned


def test_a_turn_of_effects_hardly_moves_the_columns_in_its_first_months() -> None:
    told = company(EffectsTurn(AT))
    first = with_durations(told.clients(0))
    for k in range(AT, AT + 4):
        table = with_durations(told.clients(k))
        assert max(stability_index(table[column], first[column]) for column in WATCHED) < 0.05


@pytest.mark.parametrize(("column", "factor"), [("payment_delay_days", 24), ("annual_revenue", 0.001)])
def test_a_change_of_unit_multiplies_every_value_exactly(column: str, factor: float) -> None:
    told = company(UnitChange(AT, column, factor))
    for k in (AT, MONTHS - 1):
        plain, other = company().clients(k), told.clients(k)
        assert np.allclose(other[column] / factor, plain[column], rtol=1e-12, atol=0)
        assert other[column].dtype == plain[column].dtype
        pd.testing.assert_frame_equal(other.drop(columns=column), plain.drop(columns=column), check_exact=True)
        assert other["client_id"].equals(told.outcomes(k)["client_id"])


def test_a_column_empties_month_by_month_and_nobodys_value_comes_back() -> None:
    told = company(Emptying(AT, "payment_delay_days", over=4))
    gone: set[str] = set()
    for k in range(MONTHS):
        table = told.clients(k)
        missing = table["payment_delay_days"].isna()
        expected = min(max(k - AT + 1, 0) / 4, 1)
        assert missing.mean() == pytest.approx(expected, abs=0.03 if 0 < expected < 1 else 0)
        assert gone & set(table["client_id"]) <= set(table["client_id"][missing])
        gone = set(table["client_id"][missing])
        kept = company().clients(k)[~missing]
        assert (kept["payment_delay_days"] == table["payment_delay_days"][~missing]).all()


def test_a_new_level_takes_over_its_share_of_the_clients() -> None:
    told = company(NewLevel(AT, "region", "Eastern Europe", share=0.2))
    shares = [(told.clients(k)["region"] == "Eastern Europe").mean() for k in range(MONTHS)]
    assert shares[:AT] == [0, 0, 0]
    assert all(share == pytest.approx(0.2, abs=0.02) for share in shares[AT:])


def test_a_new_level_among_newcomers_is_given_to_nobody_else() -> None:
    told = company(NewLevel(AT, "industry", "Aerospace", share=0.5, newcomers_only=True))
    known = set(told.clients(AT - 1)["client_id"])
    for k in range(AT, MONTHS):
        table = told.clients(k)
        new = ~table["client_id"].isin(known)
        named = table["industry"] == "Aerospace"
        assert not named[~new].any()
        assert named[new].mean() == pytest.approx(0.5, abs=5 * 0.5 / new.sum() ** 0.5)
        assert set(table["industry"]) == {*INDUSTRIES, "Aerospace"}


def exits_beside_risks(made: Company, groups: Callable[[pd.DataFrame], dict[str, pd.Series]]) -> None:
    """Fail where the clients of a group leave more or less often than their true risks say."""
    windows = range(0, MONTHS, 3)  # 90 days that do not overlap
    risk = np.concatenate([made.true_risk(k) for k in windows])
    left = np.concatenate([made.outcomes(k)["exited"] for k in windows])
    tables = pd.concat([made.clients(k).assign(k=k) for k in windows], ignore_index=True)
    chosen = groups(tables) | {f"risk, tenth {tenth}": pd.qcut(risk, 10, labels=False) == tenth for tenth in range(10)}
    for name, rows in chosen.items():
        own = np.asarray(rows)
        assert own.sum() > 150, name
        off = (left[own] - risk[own]).sum() / np.sqrt((risk[own] * (1 - risk[own])).sum())
        assert abs(off) < 4, (name, off)


@pytest.mark.parametrize(
    "events",
    [(Shift(4), NewLevel(AT, "industry", "Aerospace", 0.3)), (EffectsTurn(4), Emptying(AT, "payment_delay_days", 2))],
)
def test_the_true_risk_stays_true_under_events(events: tuple[Event, ...]) -> None:
    def groups(tables: pd.DataFrame) -> dict[str, pd.Series]:
        found = {f"month {k}": tables["k"] == k for k in range(0, MONTHS, 3)}
        found["unhappy"] = tables["satisfaction"] < 6
        found["after, unhappy"] = found["unhappy"] & (tables["k"] > 3)
        found["after, happy"] = (tables["satisfaction"] > 8.5) & (tables["k"] > 3)
        hidden = tables["payment_delay_days"].isna() | (tables["industry"] == "Aerospace")
        return found | {"hidden": hidden, "seen": ~hidden, "after, many tickets": tables["support_tickets_90d"] > 5}

    exits_beside_risks(company(*events, clients=6000), groups)


def test_the_true_risk_does_not_know_what_the_table_no_longer_tells() -> None:
    events = (
        Emptying(AT, "payment_delay_days", 2),
        Emptying(AT, "support_tickets_90d", 2),
        Emptying(AT, "satisfaction", 2),
    )
    made = company(*events)
    risk, table, plain = made.true_risk(AT), made.clients(AT), company().clients(AT)
    for column, sign in (("payment_delay_days", 1), ("support_tickets_90d", 1), ("satisfaction", -1)):
        known = plain[column].notna()
        lost, kept = table[column].isna() & known, table[column].notna()
        others = table[[name for name in MOVING if name != column]].notna().all(axis=1)
        assert sign * np.corrcoef(risk[kept & others], plain[column][kept & others])[0, 1] > 0.2, column
        # nothing else in the row tells of it once the two that go together are both gone
        blind = lost & table[MOVING].isna().all(axis=1)
        assert blind.sum() > 300
        assert abs(np.corrcoef(risk[blind], plain[column][blind])[0, 1]) < 4 / blind.sum() ** 0.5, column


def test_events_can_be_combined() -> None:
    told = company(UnitChange(AT, "payment_delay_days", 24), Emptying(AT + 1, "payment_delay_days", 2))
    values = told.clients(AT + 1)["payment_delay_days"]
    assert values.isna().mean() == pytest.approx(0.5, abs=0.03)
    assert (values.dropna() == 24 * company().clients(AT + 1)["payment_delay_days"][values.notna()]).all()


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda: Shift(-1), "counted from 0; got -1"),
        (lambda: Shift(1, ("name",)), "got name by 0.5"),
        (lambda: Shift(1, size=0), "by more than 0"),
        (lambda: Emptying(1, "client_id"), "got client_id over 4"),
        (lambda: Emptying(1, over=0), "over 1 month or more"),
        (lambda: NewLevel(1, "owner"), "got owner, 0.2"),
        (lambda: NewLevel(1, share=0), "above 0"),
        (lambda: UnitChange(1, "region"), "one of number_of_employees"),
        (lambda: UnitChange(1, factor=0), "above 0"),
        (lambda: EffectsTurn(1, ()), "at least one"),
        (lambda: EffectsTurn(1, ("industry",)), "got industry"),
    ],
)
def test_an_event_that_cannot_happen_is_refused(make: Callable[[], Event], sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        make()
