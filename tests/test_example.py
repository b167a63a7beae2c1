from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

from core.example import (
    INDUSTRIES,
    OWNERS,
    REGIONS,
    Company,
    Effects,
    company_names,
    fill_unseen,
    make_company,
    monthly_hazard,
    size_activity,
)

COLUMNS = [
    "client_id",
    "snapshot_date",
    "name",
    "owner",
    "industry",
    "region",
    "number_of_employees",
    "contract_start",
    "contract_end",
    "annual_revenue",
    "lastmonth_activity",
    "lastyear_activity",
    "support_tickets_90d",
    "satisfaction",
    "payment_delay_days",
]
TEXTS = [
    "client_id",
    "snapshot_date",
    "name",
    "owner",
    "industry",
    "region",
    "contract_start",
    "contract_end",
]
WHOLE = [
    "number_of_employees",
    "lastmonth_activity",
    "lastyear_activity",
    "support_tickets_90d",
    "payment_delay_days",
]
# 90-day windows that do not overlap: their outcomes are independent, so standard errors are honest
APART = range(0, 24, 3)


@dataclass(frozen=True)
class Replay:
    """The company with everything the tests look at more than once."""

    company: Company
    tables: list[pd.DataFrame]
    outcomes: list[pd.DataFrame]
    #: of the snapshots in APART, one below the other
    risk: np.ndarray
    exited: np.ndarray
    pooled: pd.DataFrame


@pytest.fixture(scope="module")
def replay() -> Replay:
    company = make_company(seed=11, end=date(2025, 6, 17))
    tables = [company.clients(k) for k in range(24)]
    outcomes = [company.outcomes(k) for k in range(24)]
    return Replay(
        company,
        tables,
        outcomes,
        np.concatenate([company.true_risk(k) for k in APART]),
        np.concatenate([outcomes[k]["exited"].to_numpy() for k in APART]),
        pd.concat([tables[k] for k in APART], ignore_index=True),
    )


def days_between(earlier: pd.Series, later: pd.Series) -> pd.Series:
    return (pd.to_datetime(later) - pd.to_datetime(earlier)).dt.days


def shares_by_bin(values: pd.Series, reference: pd.Series) -> pd.Series:
    if pd.api.types.is_numeric_dtype(reference):
        edges = np.unique(np.nanquantile(reference, np.arange(0.1, 1, 0.1)))
        bins = pd.Series(np.searchsorted(edges, values)).where(values.notna().to_numpy(), -1)
    else:
        bins = values
    return bins.value_counts(normalize=True)


def stability_index(values: pd.Series, reference: pd.Series) -> float:
    """PSI on the deciles of the reference, with missing values as a bin of their own."""
    now, then = shares_by_bin(values, reference).align(shares_by_bin(reference, reference), fill_value=1e-6)
    return float(((now - then) * np.log(now / then)).sum())


def standard_errors_off(exited: np.ndarray, risk: np.ndarray) -> float:
    return float((exited - risk).sum() / np.sqrt((risk * (1 - risk)).sum()))


def test_the_same_arguments_make_the_same_company_to_the_bit() -> None:
    one, two = (make_company(5, date(2024, 2, day), months=4, clients=1500) for day in (1, 29))
    assert one.snapshot_dates == two.snapshot_dates
    for k in range(4):
        pd.testing.assert_frame_equal(one.clients(k), two.clients(k), check_exact=True)
        pd.testing.assert_frame_equal(one.outcomes(k), two.outcomes(k), check_exact=True)
    assert np.array_equal(one.true_risk(3), two.true_risk(3))
    assert np.array_equal(one.true_risk(3), one.true_risk(3))


def test_another_seed_makes_another_company() -> None:
    one, two = (make_company(seed, date(2024, 2, 1), months=2, clients=1500) for seed in (5, 6))
    for column in ("number_of_employees", "annual_revenue", "satisfaction", "lastmonth_activity", "owner"):
        assert not one.clients(0)[column].head(500).equals(two.clients(0)[column].head(500)), column


def test_another_end_moves_the_dates_and_nothing_else() -> None:
    one, two = (make_company(5, end, months=2, clients=800) for end in (date(2024, 2, 1), date(2025, 5, 1)))
    dated = ["snapshot_date", "contract_start", "contract_end"]
    assert one.clients(1).drop(columns=dated).equals(two.clients(1).drop(columns=dated))
    assert (one.clients(1)["contract_start"] < two.clients(1)["contract_start"]).all()


def test_snapshots_are_the_firsts_of_24_months_up_to_the_month_of_the_end(replay: Replay) -> None:
    dates = replay.company.snapshot_dates
    assert dates == tuple(day.date() for day in pd.date_range("2023-07-01", "2025-06-01", freq="MS"))
    for k, day in enumerate(dates):
        assert set(replay.tables[k]["snapshot_date"]) == {day.isoformat()}
        assert set(replay.outcomes[k]["snapshot_date"]) == {day.isoformat()}


def test_a_snapshot_that_is_not_there_is_refused(replay: Replay) -> None:
    for asked in (replay.company.clients, replay.company.outcomes, replay.company.true_risk):
        for k in (-1, 24):
            with pytest.raises(IndexError, match="not among 0 to 23"):
                asked(k)


def test_the_client_table_keeps_its_contract(replay: Replay) -> None:
    for table in replay.tables:
        assert list(table.columns) == COLUMNS
        assert all(isinstance(table[column].iloc[0], str) for column in TEXTS)
        assert (table[WHOLE].dtypes == np.int64).all()
        assert table.drop(columns="satisfaction").notna().all(axis=None)
        assert table["client_id"].str.fullmatch(r"C\d{7}").all()
        assert set(table["owner"]) == set(OWNERS)
        assert set(table["industry"]) == set(INDUSTRIES)
        assert set(table["region"]) == set(REGIONS)
        assert (table[["number_of_employees", "lastmonth_activity"]] >= 1).all(axis=None)
        assert (table["lastyear_activity"] >= table["lastmonth_activity"] + 11).all()
        assert (table[["support_tickets_90d", "payment_delay_days"]] >= 0).all(axis=None)
        assert (table["annual_revenue"] > 0).all()
        assert (table["annual_revenue"].round(2) == table["annual_revenue"]).all()
        answers = table["satisfaction"].dropna()
        assert answers.between(1, 10).all()
        assert (answers.round(1) == answers).all()
        assert table["satisfaction"].isna().mean() == pytest.approx(0.08, abs=0.012)
    assert (len(OWNERS), len(INDUSTRIES), len(REGIONS)) == (8, 8, 5)


def test_sizes_and_delays_are_skewed_as_in_life(replay: Replay) -> None:
    table = replay.tables[0]
    assert abs(np.log(table["number_of_employees"]).skew()) < 0.2
    assert np.log(table["number_of_employees"]).std() > 0.9
    assert table["payment_delay_days"].skew() > 2
    assert (table["payment_delay_days"] == 0).mean() > 0.05


def test_activity_follows_size_and_varies_about_the_usual(replay: Replay) -> None:
    for table in replay.tables[::11]:
        by_size = np.log(table["lastmonth_activity"] / size_activity(table["number_of_employees"]))
        by_year = np.log(table["lastmonth_activity"] * 12 / table["lastyear_activity"])
        assert abs(by_size.median()) < 0.1
        assert 0.3 < by_size.std() < 1
        assert abs(by_year.mean()) < 0.1
        assert 0.25 < by_year.std() < 0.4


def test_outcomes_hold_the_clients_of_their_snapshot_row_by_row(replay: Replay) -> None:
    for table, outcomes in zip(replay.tables, replay.outcomes, strict=True):
        assert list(outcomes.columns) == ["client_id", "snapshot_date", "exited"]
        assert outcomes["client_id"].equals(table["client_id"])
        assert set(outcomes["exited"]) == {0, 1}


def test_exactly_those_gone_three_snapshots_later_have_exited(replay: Replay) -> None:
    for k in range(21):
        still_there = replay.tables[k]["client_id"].isin(replay.tables[k + 3]["client_id"])
        assert (replay.outcomes[k]["exited"] == 1 - still_there.astype(int)).all()


def test_identifiers_and_names_are_unique_and_belong_together(replay: Replay) -> None:
    for table in replay.tables:
        assert table["client_id"].is_unique
        assert table["name"].is_unique
    everyone = pd.concat(replay.tables)[["client_id", "name"]].drop_duplicates()
    assert everyone["client_id"].is_unique
    assert everyone["name"].is_unique


def test_names_stay_unique_when_the_words_run_out() -> None:
    assert len(set(company_names(np.arange(120_000), np.zeros(120_000, dtype=int)))) == 120_000


def test_who_left_never_comes_back_and_who_is_new_has_just_signed(replay: Replay) -> None:
    seen = set(replay.tables[0]["client_id"])
    for before, table in zip(replay.tables, replay.tables[1:], strict=False):
        new = table[~table["client_id"].isin(before["client_id"])]
        assert len(new) > 100
        assert not seen.intersection(new["client_id"])
        assert days_between(new["contract_start"], new["snapshot_date"]).between(1, 31).all()
        seen.update(new["client_id"])


def test_what_a_client_is_does_not_change(replay: Replay) -> None:
    first, last = (replay.tables[k].set_index("client_id") for k in (0, 23))
    both = first.index.intersection(last.index)
    lasting = ["name", "owner", "industry", "region", "number_of_employees", "contract_start"]
    assert len(both) > 4000
    assert first.loc[both, lasting].equals(last.loc[both, lasting])


def test_contracts_renew_when_they_have_ended_and_only_then_the_price_changes(replay: Replay) -> None:
    terms = set()
    for before, after in zip(replay.tables, replay.tables[1:], strict=False):
        pair = before.merge(after, on="client_id", suffixes=("", "_next"))
        ended = pair["contract_end"] < pair["snapshot_date_next"]
        assert ended.any()
        assert (ended == (pair["contract_end"] != pair["contract_end_next"])).all()
        assert (pair["annual_revenue"] != pair["annual_revenue_next"])[~ended].sum() == 0
        assert (pair["annual_revenue"] != pair["annual_revenue_next"])[ended].mean() > 0.95
        terms |= set((days_between(pair["contract_end"], pair["contract_end_next"])[ended] // 365).unique())
        assert (after["contract_end"] >= after["snapshot_date"]).all()
        assert (after["contract_end"].str[-2:] == after["contract_start"].str[-2:]).all()
    assert terms == {1, 2, 3}


def test_the_activity_of_a_year_is_the_sum_of_its_months(replay: Replay) -> None:
    months = [table.set_index("client_id")["lastmonth_activity"] for table in replay.tables[1:13]]
    total = pd.concat(months, axis=1, join="inner").sum(axis=1)
    assert len(total) > 5000
    assert total.equals(replay.tables[12].set_index("client_id")["lastyear_activity"].loc[total.index])


def test_the_book_stays_at_about_ten_thousand_clients(replay: Replay) -> None:
    assert all(9_850 <= len(table) <= 10_150 for table in replay.tables)


def test_about_seven_percent_of_clients_leave_within_ninety_days(replay: Replay) -> None:
    rates = [outcomes["exited"].mean() for outcomes in replay.outcomes]
    assert 0.06 <= np.mean(rates) <= 0.08
    assert all(0.05 <= rate <= 0.09 for rate in rates)


def test_no_column_drifts_when_nothing_happens(replay: Replay) -> None:
    def with_ages(table: pd.DataFrame) -> pd.DataFrame:
        return table.assign(
            tenure=days_between(table["contract_start"], table["snapshot_date"]),
            days_left=days_between(table["snapshot_date"], table["contract_end"]),
        )

    reference = with_ages(replay.tables[0])
    watched = reference.columns.difference(["client_id", "name", *(c for c in TEXTS if "_" in c)])
    assert len(watched) == 12
    for table in replay.tables[1:]:
        later = with_ages(table)
        drift = {column: stability_index(later[column], reference[column]) for column in watched}
        # 0.05 would be called drift; chance alone reaches 0.006 in a book of this size
        assert max(drift.values()) < 0.015, drift


def test_the_stability_index_sees_half_a_standard_deviation(replay: Replay) -> None:
    satisfaction = replay.tables[0]["satisfaction"]
    assert stability_index(satisfaction - satisfaction.std() / 2, satisfaction) > 0.1
    assert stability_index(satisfaction.where(satisfaction.index % 2 == 0), satisfaction) > 0.1


def test_the_true_risk_ranks_clients_as_well_as_any_model_could(replay: Replay) -> None:
    assert 0.74 <= roc_auc_score(replay.exited, replay.risk) <= 0.80


def test_the_true_risk_is_calibrated_in_every_decile(replay: Replay) -> None:
    assert abs(standard_errors_off(replay.exited, replay.risk)) < 4
    decile = pd.qcut(replay.risk, 10, labels=False)
    for tenth in range(10):
        rows = decile == tenth
        assert abs(standard_errors_off(replay.exited[rows], replay.risk[rows])) < 4, tenth


def test_the_true_risk_is_calibrated_for_each_kind_of_client(replay: Replay) -> None:
    clients = replay.pooled
    relative = clients["lastmonth_activity"] * 12 / clients["lastyear_activity"]
    days_left = days_between(clients["snapshot_date"], clients["contract_end"])
    kinds = {
        "no answer": clients["satisfaction"].isna(),
        "no answer, many tickets": clients["satisfaction"].isna() & (clients["support_tickets_90d"] > 4),
        "unhappy": clients["satisfaction"] < 6,
        "collapsed": relative < 0.6,
        "grown": relative > 1.4,
        "no tickets": clients["support_tickets_90d"] == 0,
        "late": clients["payment_delay_days"] > 14,
        "contract ending": days_left < 31,
        "contract ending after the next month": days_left.between(31, 92),
        "new": days_between(clients["contract_start"], clients["snapshot_date"]) < 100,
    } | {industry: clients["industry"] == industry for industry in INDUSTRIES}
    for kind, chosen in kinds.items():
        rows = chosen.to_numpy()
        assert rows.sum() > 500, kind
        assert abs(standard_errors_off(replay.exited[rows], replay.risk[rows])) < 4, kind


def test_the_true_risk_is_in_no_table(replay: Replay) -> None:
    for table, outcomes in zip(replay.tables, replay.outcomes, strict=True):
        assert set(table.columns) == set(COLUMNS)
        assert "exited" not in table.columns
        numbers = outcomes[["exited"]].join(table.select_dtypes("number"))
        assert numbers.corr(method="spearman")["exited"].drop("exited").abs().max() < 0.3


def test_the_true_risk_does_not_know_satisfaction_that_was_not_answered() -> None:
    company = make_company(3, date(2025, 1, 1), months=1, clients=2000)
    book = company.books[0]
    hidden = ~book["answered"]
    assert hidden.sum() > 50
    other = replace(company, books=(book | {"satisfaction": np.where(hidden, 1.0, book["satisfaction"])},))
    assert np.array_equal(company.true_risk(0), other.true_risk(0))
    heard = replace(company, books=(book | {"satisfaction": np.where(hidden, book["satisfaction"], 1.0)},))
    assert (heard.true_risk(0) > company.true_risk(0) + 0.01).mean() > 0.8


def test_what_a_row_does_not_tell_is_drawn_as_it_really_is(replay: Replay) -> None:
    books = [replay.company.books[k] for k in APART]
    drawn = [fill_unseen(book, np.random.default_rng(k)) for k, book in zip(APART, books, strict=True)]
    hidden = np.concatenate([~book["answered"] for book in books])
    tickets = np.concatenate([book["tickets"] for book in books])
    truth, guess = (np.concatenate([book["satisfaction"] for book in side]) for side in (books, drawn))
    assert np.array_equal(truth[~hidden], guess[~hidden])
    for rows in (hidden & (tickets == 0), hidden & (tickets == 3), hidden & (tickets > 5)):
        assert rows.sum() > 500
        assert guess[rows].mean() == pytest.approx(truth[rows].mean(), abs=5 * (2 / rows.sum()) ** 0.5)
        assert guess[rows].std() == pytest.approx(truth[rows].std(), rel=0.1)

    relative = np.concatenate([book["history"][:, -1] * 12 / book["lastyear"] for book in books])
    yearly = np.concatenate([book["lastyear"] for book in books])
    for month_that_leaves in (0, 1):
        truth, guess = (
            np.concatenate([book["history"][:, month_that_leaves] for book in side]) * 12 / yearly
            for side in (books, drawn)
        )
        for rows in (relative < 0.6, (relative > 0.9) & (relative < 1.1), relative > 1.5):
            assert guess[rows].mean() == pytest.approx(truth[rows].mean(), rel=0.02)
            assert guess[rows].std() == pytest.approx(truth[rows].std(), rel=0.1)


def log_odds(replay: Replay, **changed: object) -> np.ndarray:
    """Log-odds of leaving in the first month, with some of every client's state replaced."""
    company = replay.company
    chance = monthly_hazard(company.books[0] | changed, company.first_month, company.effects)
    return np.log(chance / (1 - chance))


@pytest.mark.parametrize("state", ["tickets", "delay", "start_month"])
def test_more_tickets_later_payment_and_a_younger_contract_raise_the_risk(replay: Replay, state: str) -> None:
    more = replay.company.books[0][state] + 3
    assert (log_odds(replay, **{state: more}) > log_odds(replay)).all()


def test_satisfaction_counts_more_when_the_contract_is_about_to_end(replay: Replay) -> None:
    book, month = replay.company.books[0], replay.company.first_month
    cost = {}
    for months_left in (0, 3, 6, 12):
        ends = np.full(len(book["number"]), month + months_left)
        unhappy, happy = (
            log_odds(replay, end_month=ends, satisfaction=np.full(len(ends), level)) for level in (4.0, 7.0)
        )
        cost[months_left] = float((unhappy - happy).mean())
    assert cost[0] > cost[3] + 0.5 > cost[6] + 1
    assert cost[6] == pytest.approx(cost[12])
    assert cost[12] > 1


def test_a_collapse_of_activity_counts_more_than_in_proportion(replay: Replay) -> None:
    book = replay.company.books[0]
    usual = book["lastyear"][:, None] / 12
    growing, steady, halved, quartered = (log_odds(replay, history=usual * at) for at in (2, 1, 0.5, 0.25))
    assert (steady > growing).all()
    assert (halved - steady > steady - growing + 0.5).all()
    assert (quartered - halved > halved - steady + 0.5).all()


def test_effects_turned_round_turn_the_risk_round(replay: Replay) -> None:
    company, plain = replay.company, Effects()
    turned = replace(plain, satisfaction=-plain.satisfaction, unhappy_at_contract_end=0.0)
    book = company.books[0]
    slopes = [
        np.corrcoef(np.log(monthly_hazard(book, company.first_month, effects)), book["satisfaction"])[0, 1]
        for effects in (plain, turned)
    ]
    assert slopes[0] < -0.4
    assert slopes[1] > 0.3
