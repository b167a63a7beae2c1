"""How the client table of the example company is written."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd

from core.example.evolving import Book
from core.example.names import INDUSTRIES, OWNERS, REGIONS, client_ids, company_names


def render(book: Book, month: int) -> pd.DataFrame:
    """The client table of `month`: one row a client, texts, whole numbers, EUR a year, dates in ISO form.

    Activity is counted in uses, payment delay in days, satisfaction from 1 to 10 (missing: no answer).
    """
    return pd.DataFrame(
        {
            "client_id": client_ids(book["number"]),
            "snapshot_date": date(month // 12, month % 12 + 1, 1).isoformat(),
            "name": company_names(book["number"], book["industry"]),
            "owner": np.array(OWNERS)[book["owner"]],
            "industry": np.array(list(INDUSTRIES))[book["industry"]],
            "region": np.array(REGIONS)[book["region"]],
            "number_of_employees": book["employees"],
            "contract_start": iso_dates(book["start_month"], book["start_day"]),
            "contract_end": iso_dates(book["end_month"], book["start_day"]),
            "annual_revenue": book["revenue"],
            "lastmonth_activity": book["history"][:, -1],
            "lastyear_activity": book["lastyear"],
            "support_tickets_90d": book["tickets"],
            "satisfaction": np.where(book["answered"], book["satisfaction"], np.nan),
            "payment_delay_days": book["delay"],
        }
    )


def iso_dates(months: np.ndarray, days: np.ndarray) -> np.ndarray:
    """Dates such as "2024-03-17" from months counted from year 0 and days of the month."""
    firsts = (months - 1970 * 12).astype("datetime64[M]").astype("datetime64[D]")
    return np.datetime_as_string(firsts + (days - 1))
