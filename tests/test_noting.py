"""What people write down about a client: contacts, snoozes, another view of the risk, filters; and what follows."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pandas as pd
import pytest

from core import upkeep
from core.errors import BellwetherError, NotFound
from core.pipeline import noting
from core.pipeline.contact import LOG, contacted, take_back
from core.pipeline.full import full_run
from core.store import contacts, ingested, notes
from core.views import clients as views
from core.views.client import one_client
from core.views.worklist import today
from core.worklist import CONTACTED, LEFT, OPEN, SNOOZED
from core.workspace import Workspace
from tests.builders import clients_frame, drop, make_workspace

NOW = datetime(2026, 1, 7, 9, tzinfo=UTC)
DAY = timedelta(days=1)
ADA = "Ada Ott"


@pytest.fixture
def clock() -> list[datetime]:
    return [NOW]


@pytest.fixture
def workspace(tmp_path: Path, clock: list[datetime]) -> Workspace:
    """A book of clients of Ada's with a champion; outcomes are known 30 days on."""
    config = {
        "data": {"horizon_days": 30, "owner": "owner", "positive": ["gone"], "negative": ["here"]},
        "model": {"families": ["logistic"]}, "worklist": {"capacity": 5},
    }  # fmt: skip
    made = make_workspace(tmp_path, config, lambda: clock[0])
    past = clients_frame(400, seed=5, snapshot_date="2025-11-01").assign(owner=ADA)
    now = clients_frame(50, seed=6, snapshot_date="2026-01-06", first=1000).assign(owner=ADA)
    drop(made, "past.csv", past.assign(exited=past["exited"].map({1: "gone", 0: "here"})))
    drop(made, "now.csv", now.drop(columns="exited"))
    full_run(made)
    return made


def newest(workspace: Workspace) -> str:
    """The client of the newest file with the highest risk."""
    listed = views.client_list(workspace).clients
    return str(listed[listed["client"] >= "C01000"]["client"].iloc[0])


def calls(workspace: Workspace) -> list[str]:
    return list(today(workspace).calls["client"])


def outcome(workspace: Workspace, client: str) -> float:
    rows = workspace.dataset().rows
    return float(rows[rows["_client"] == client].sort_values("_as_of")["_outcome"].iloc[-1])


def test_a_client_who_was_contacted_makes_no_room_for_another_this_week_and_comes_back_on_the_day(
    workspace: Workspace, clock: list[datetime]
) -> None:
    before = calls(workspace)
    client = before[0]
    assert len(before) == 5
    said = contacted(workspace, client, ADA, how="call", result="undecided", note=" thinks ", again=NOW + 5 * DAY)
    assert said == f"{client}: contacted on 2026-01-07 (call, undecided)."
    assert calls(workspace) == before[1:]
    assert today(workspace).room(ADA) == (5, 1)
    one = one_client(workspace, client)
    assert one is not None
    assert (one.state, one.contacts["note"].tolist()) == (CONTACTED, ["thinks"])
    clock[0] = NOW + 4 * DAY
    assert client not in calls(workspace)
    clock[0] = NOW + 5 * DAY
    assert calls(workspace)[0] == client
    assert today(workspace).calls["due"].tolist() == [True, False, False, False, False]


def test_a_contact_that_cannot_be_is_refused_in_a_sentence(workspace: Workspace) -> None:
    client = newest(workspace)
    with pytest.raises(NotFound, match="There is no client 'nobody'"):
        contacted(workspace, "nobody", ADA)
    with pytest.raises(BellwetherError, match="is to come"):
        contacted(workspace, client, ADA, on=NOW + DAY)
    with pytest.raises(BellwetherError, match="The next contact comes after this one"):
        contacted(workspace, client, ADA, again=NOW - DAY)
    with pytest.raises(BellwetherError, match="got 'pigeon' and 'undecided'"):
        contacted(workspace, client, ADA, how="pigeon")
    with workspace.store.reading() as db:
        assert contacts.list_contacts(db).empty


def test_has_left_is_an_outcome_at_once_and_stays_is_none(workspace: Workspace, clock: list[datetime]) -> None:
    client, other = newest(workspace), calls(workspace)[-1]
    contacted(workspace, other, ADA, result="saved")
    before = outcome(workspace, other)
    said = contacted(workspace, client, ADA, result="left", again=NOW + DAY)
    assert said.endswith("It is an outcome from now on.")
    assert outcome(workspace, client) == 1.0
    assert outcome(workspace, other) == pytest.approx(before, nan_ok=True)
    assert client not in calls(workspace)
    assert one_client(workspace, client).state == LEFT
    with workspace.store.reading() as db:
        assert ingested.list_batches(db)[0].source == LOG
    clock[0] = NOW + DAY
    full_run(workspace)
    assert client not in set(views.client_list(workspace).clients["client"])
    assert one_client(workspace, client).off_list == "left"
    trainable = workspace.dataset().trainable(NOW + 28 * DAY, 30)
    assert client not in set(trainable["_client"]), "as for everybody, it trains when the horizon has passed"


def test_what_was_noted_by_mistake_is_taken_back_with_the_outcome_it_was(
    workspace: Workspace, clock: list[datetime]
) -> None:
    client = calls(workspace)[0]
    before = outcome(workspace, client)
    contacted(workspace, client, ADA, result="left")
    with workspace.store.reading() as db:
        number = int(contacts.list_contacts(db, client)["id"].iloc[0])
    said = take_back(workspace, number, "Bo")
    assert said == f"The contact with {client} on 2026-01-07 was taken back."
    assert outcome(workspace, client) == pytest.approx(before, nan_ok=True)
    assert calls(workspace)[0] == client
    assert one_client(workspace, client).contacts.empty
    with pytest.raises(NotFound, match="taken back already"):
        take_back(workspace, number, "Bo")
    clock[0] += timedelta(seconds=1)
    contacted(workspace, client, ADA, result="left")
    assert outcome(workspace, client) == 1.0, "and may be noted again"


def test_a_snoozed_client_comes_back_on_its_day_or_when_a_person_says_so(
    workspace: Workspace, clock: list[datetime]
) -> None:
    client = calls(workspace)[0]
    said = noting.snooze(workspace, client, ADA, "renewed", until=NOW + 14 * DAY, rises_by=0.1)
    assert said == f"{client} is put off until 2026-01-21 or until the risk has risen by 10 points."
    assert client not in calls(workspace)
    away = today(workspace).away
    assert away[["client", "state", "why", "who"]].to_numpy().tolist() == [[client, SNOOZED, "renewed", ADA]]
    assert len(calls(workspace)) == 5, "another one takes the place"
    clock[0] = NOW + 14 * DAY
    assert calls(workspace)[0] == client
    clock[0] = NOW
    noting.wake(workspace, client, "Bo")
    assert calls(workspace)[0] == client
    assert one_client(workspace, client).state == OPEN
    with pytest.raises(NotFound, match="is not put off"):
        noting.wake(workspace, client, "Bo")


def test_a_snooze_ends_when_the_risk_has_risen(workspace: Workspace, clock: list[datetime]) -> None:
    listed = views.client_list(workspace).clients
    client = str(listed[listed["client"] >= "C01000"]["client"].iloc[-1])
    noting.snooze(workspace, client, ADA, "all is well", rises_by=0.3)
    assert one_client(workspace, client).state == SNOOZED
    worse = clients_frame(50, seed=6, snapshot_date="2026-01-08", first=1000).assign(owner=ADA)
    worse = worse[worse["client_id"] == client].assign(activity=10.0, satisfaction=3.0).drop(columns="exited")
    drop(workspace, "worse.csv", worse)
    clock[0] = NOW + 2 * DAY
    full_run(workspace)
    assert one_client(workspace, client).state == OPEN
    assert client in calls(workspace)


@pytest.mark.parametrize(
    ("told", "rule"),
    [
        ({"reason": " ", "until": NOW + DAY}, "needs a reason"),
        ({"reason": "x"}, "say at least one"),
        ({"reason": "x", "until": NOW}, "on a day to come"),
        ({"reason": "x", "rises_by": 1.0}, "between 0 and 100 points; got 100"),
    ],
)
def test_a_snooze_without_reason_or_end_is_refused(workspace: Workspace, told: dict, rule: str) -> None:
    with pytest.raises(BellwetherError, match=rule):
        noting.snooze(workspace, newest(workspace), ADA, **told)


def test_another_view_stands_beside_the_risk_until_it_ends_and_changes_nothing(
    workspace: Workspace, clock: list[datetime]
) -> None:
    before = views.client_list(workspace).clients
    client = calls(workspace)[0]
    said = noting.override(workspace, client, ADA, "low", "signed for two years", NOW + 10 * DAY)
    assert said == f"{client}: {ADA} says low until 2026-01-17."
    assert views.client_list(workspace).clients.equals(before)
    assert today(workspace).calls["override"].iloc[0] == f"{ADA} says low: signed for two years (until 2026-01-17)."
    assert one_client(workspace, client).override["band"] == "low"
    clock[0] = NOW + 10 * DAY
    assert one_client(workspace, client).override is None
    clock[0] = NOW
    noting.end_override(workspace, client, ADA)
    assert one_client(workspace, client).override is None
    with pytest.raises(NotFound):
        noting.end_override(workspace, client, ADA)
    for band, reason, end, rule in (
        ("huge", "x", NOW + DAY, "got 'huge'"),
        ("low", "", NOW + DAY, "needs a reason"),
        ("low", "x", NOW, "got 2026-01-07"),
        ("low", "x", NOW + 400 * DAY, "within the next 366 days"),
    ):
        with pytest.raises(BellwetherError, match=rule):
            noting.override(workspace, client, ADA, band, reason, end)


def test_filters_are_kept_by_name_replaced_and_removed(workspace: Workspace) -> None:
    noting.save_filter(workspace, ADA, "  large   ones ", "bands=High")
    noting.save_filter(workspace, ADA, "large ones", "bands=Low")
    assert views.saved_filters(workspace) == {"large ones": "bands=Low"}
    noting.forget_filter(workspace, ADA, "large ones")
    assert views.saved_filters(workspace) == {}
    with pytest.raises(NotFound):
        noting.forget_filter(workspace, ADA, "large ones")
    with pytest.raises(BellwetherError, match="1 to 80 characters; got 0"):
        noting.save_filter(workspace, ADA, " ", "bands=Low")
    with pytest.raises(BellwetherError, match="nothing to save"):
        noting.save_filter(workspace, ADA, "all", "")


def test_what_was_known_at_an_earlier_instant_lacks_what_was_noted_later(
    workspace: Workspace, clock: list[datetime]
) -> None:
    client = calls(workspace)[0]
    clock[0] = NOW + DAY
    contacted(workspace, client, ADA)
    noting.snooze(workspace, client, ADA, "x", until=NOW + 9 * DAY)
    past = workspace.at(NOW)
    with past.store.reading() as db:
        assert contacts.list_contacts(db).empty
        assert contacts.last_contacts(db).empty
        assert notes.snoozes(db).empty
    with workspace.store.reading() as db:
        assert contacts.last_contacts(db)["client"].tolist() == [client]


def test_erasing_a_client_takes_all_that_was_noted_of_it(workspace: Workspace) -> None:
    client, other = calls(workspace)[:2]
    for one in (client, other):
        contacted(workspace, one, ADA)
        noting.snooze(workspace, one, ADA, "x", rises_by=0.5)
        noting.override(workspace, one, ADA, "low", "y", NOW + DAY)
    upkeep.erase(workspace, client, ADA)
    with workspace.store.reading() as db:
        assert set(contacts.list_contacts(db)["client"]) == {other}
        assert set(notes.snoozes(db)["client"]) == set(notes.overrides(db)["client"]) == {other}
        listed = pd.read_sql_query("select client from worklists", db.connection)
    assert client not in set(listed["client"])
    assert client not in set(views.client_list(workspace).clients["client"])
    assert not list(workspace.lists_folder.glob("*.arrow"))
