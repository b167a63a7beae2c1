"""The history of the example company, lived through month by month.

Every month is lived through as it would have been: the client file of the month arrives, outcomes that have
become known arrive, and the full process runs at that instant. Nothing knows the future.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

from core import files
from core.errors import BellwetherError
from core.example import Company, make_company
from core.pipeline.full import full_run
from core.pipeline.running import Progress, silent
from core.store import history
from core.workspace import Workspace, open_workspace

SEED, MONTHS, CLIENTS = 7, 24, 10_000
HORIZON_DAYS, HORIZON_MONTHS = 90, 3
#: the month's files are there, and the run happens, on this day at this hour (UTC)
_RUN_DAY, _RUN_HOUR = 3, 5

EXAMPLE_CONFIG = """\
# The example company: made by `python -m core demo`. Your own clients are never in here.

[data]
client_id = "client_id"
outcome   = "exited"
as_of     = "snapshot_date"
value     = "annual_revenue"
value_per = "year"
currency  = "EUR"
owner     = "owner"
label     = "name"
horizon_days = 90      # a client has left when it is gone within 90 days of the snapshot
stale_after  = 45      # a client not in the newest monthly file is listed as missing

[[sources]]
name = "incoming"
kind = "folder"
path = "incoming"

[store]
files = "."

[model]
max_training_rows = 12000

[retrain]
max_age_days   = 150
cool_down_days = 60
"""


def example_config(own: Workspace) -> Path:
    """Where the example company's config file lies, below one's own workspace."""
    return own.folder / "example" / "config.toml"


def build_example(
    own: Workspace, *, progress: Progress = silent, months: int = MONTHS, clients: int = CLIENTS, seed: int = SEED
) -> str:
    """Make the example company and live through its months; a sentence on what is there.

    Deterministic by `seed` and the month of `own.now()`. Months that were lived through already are passed
    over, so a build that was cut off goes on where it stopped.
    """
    path = example_config(own)
    if not path.is_file():
        files.write_bytes(path, EXAMPLE_CONFIG.encode())
    newest = _newest_snapshot(own.now())
    lived = _lived(path)
    first = lived[0] if lived else None
    if first is not None and len(lived) >= months:
        return f"The example company is there already: {path}."
    progress(0.0, "making the company")
    if first is not None:  # go on with the company that was begun, whatever the month is now
        newest = _months_after(first, months - 1)
    company = make_company(seed, newest, months, clients)
    for number, snapshot in enumerate(company.snapshot_dates):
        instant = _run_instant(snapshot)
        if snapshot in lived:
            continue
        _deliver(path.parent / "incoming", company, number, instant)
        workspace = open_workspace(path, now=lambda instant=instant: instant)  # type: ignore[misc]
        label = f"{snapshot:%B %Y} ({number + 1} of {months})"
        full_run(workspace, progress=_within(progress, number, months, label))
    if months > HORIZON_MONTHS and open_workspace(path).champion() is None:
        raise BellwetherError(f"The example company was made, but no model was promoted; see its runs in {path}.")
    return f"The example company is there: {months} months, {clients:,} clients; look at it with --config {path}."


def _within(progress: Progress, number: int, months: int, label: str) -> Progress:
    """Progress of one month as a part of the whole."""
    return lambda share, doing: progress((number + share) / months, f"{label}: {doing}")


def _newest_snapshot(now: datetime) -> date:
    """First of the newest month whose run has come."""
    day = now.date().replace(day=1)
    return day if now >= _run_instant(day) else _months_after(day, -1)


def _run_instant(snapshot: date) -> datetime:
    """When a month's files are there and the full process runs."""
    return datetime.combine(snapshot, time(_RUN_HOUR), UTC) + timedelta(days=_RUN_DAY - 1)


def _months_after(day: date, months: int) -> date:
    count = day.year * 12 + day.month - 1 + months
    return date(count // 12, count % 12 + 1, 1)


def _lived(config_path: Path) -> list[date]:
    """Snapshots whose month was lived through to the end, oldest first."""
    workspace = open_workspace(config_path)
    with workspace.store.reading() as db:
        done = [run for run in history.list_runs(db) if run["kind"] == "full" and run["state"] == "done"]
    return sorted({run["started_at"].date().replace(day=1) for run in done})


def _deliver(folder: Path, company: Company, number: int, instant: datetime) -> None:
    """Put the month's client file, and the outcomes that became known since, into the watched folder."""
    snapshot = company.snapshot_dates[number]
    clients = company.clients(number).to_csv(index=False).encode()
    files.write_bytes(folder / f"clients_{snapshot:%Y-%m}.csv", clients)
    for earlier, taken in enumerate(company.snapshot_dates[:number]):
        known = datetime.combine(taken, time(), UTC) + timedelta(days=HORIZON_DAYS)
        path = folder / f"outcomes_{taken:%Y-%m}.csv"
        if known <= instant and not path.is_file():
            files.write_bytes(path, company.outcomes(earlier).to_csv(index=False).encode())
