"""Who was contacted: written down, shown beside quality, never a feature, and gone with the client."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pandas as pd
import pytest

from core import evaluation, upkeep
from core.cli import main
from core.errors import BellwetherError, NotFound
from core.pipeline.contact import contacted
from core.pipeline.full import full_run
from core.store import contacts
from core.views.quality import judgement
from core.workspace import Workspace
from tests.builders import clients_frame, drop, make_workspace

NOW = datetime(2026, 3, 1, tzinfo=UTC)


def days(*numbers: int) -> pd.Series:
    return pd.Series(pd.to_datetime("2026-01-01", utc=True) + pd.to_timedelta(list(numbers), unit="D"))


def test_a_row_counts_as_contacted_from_its_snapshot_to_the_end_of_its_horizon() -> None:
    rows = pd.DataFrame({"_client": ["A", "A", "A", "B"], "_as_of": days(0, 30, 60, 0)})
    spoken = pd.DataFrame({"client": ["A", "A"], "contacted_at": days(31, 30)})
    assert evaluation.was_contacted(rows, spoken, 30).tolist() == [True, True, False, False]
    assert evaluation.was_contacted(rows, spoken, 29).tolist() == [False, True, False, False]
    assert evaluation.was_contacted(rows, spoken, 0).tolist() == [True, True, False, False]
    assert evaluation.was_contacted(rows, spoken.iloc[:0], 0).tolist() == [False] * 4


@pytest.fixture
def lived(tmp_path: Path) -> Workspace:
    """A workspace with a champion that learned from 400 clients yesterday."""
    clock = [NOW - timedelta(days=1)]
    workspace = make_workspace(tmp_path, {"model": {"families": ["logistic"]}}, lambda: clock[0])
    drop(workspace, "clients.csv", clients_frame(400, seed=1))
    full_run(workspace)
    clock[0] = NOW
    return workspace


def test_contacts_are_kept_in_order_and_shown_beside_quality_with_a_warning(lived: Workspace) -> None:
    clients = sorted(lived.dataset().rows["_client"])
    assert judgement(lived).contacted is None
    said = contacted(lived, clients[0], "Ada", how="visit", result="saved", note="all is well")
    assert said == f"{clients[0]}: contacted on 2026-03-01 (visit, saved)."
    with lived.store.writing() as db:
        for client in clients[1:200]:
            contacts.insert_contact(db, client, NOW - timedelta(hours=1), "Ada", "call", "undecided", "", NOW)
    with lived.store.reading() as db:
        kept = contacts.list_contacts(db)
    assert len(kept) == 200
    assert kept.iloc[-1][["client", "who", "how", "result", "note"]].tolist() == [
        clients[0], "Ada", "visit", "saved", "all is well",
    ]  # fmt: skip
    found = judgement(lived).contacted
    assert found is not None
    assert (found.rows, found.contacted) == (400, 200)
    assert "50 % of the 400 rows" in found.warning
    assert found.left_alone[0].n == 200


def test_what_was_known_before_a_contact_does_not_show_it(lived: Workspace) -> None:
    client = lived.dataset().rows["_client"].iloc[0]
    contacted(lived, client, "Ada", on=NOW - timedelta(hours=30))
    earlier = lived.at(NOW - timedelta(hours=1))
    with earlier.store.reading() as db:
        assert len(contacts.list_contacts(db)) == 0


def test_a_contact_is_never_a_feature(lived: Workspace) -> None:
    before = lived.model(lived.champion())
    with lived.store.writing() as db:
        for client in lived.dataset().rows["_client"]:
            contacts.insert_contact(db, client, NOW, "Ada", "call", "undecided", "", NOW)
    full_run(lived, retrain=True)
    assert [column.name for column in before.columns] == [column.name for column in lived.contract().columns]
    assert lived.dataset().fingerprint == lived.champion().fingerprint


def test_an_unknown_client_and_a_contact_to_come_are_refused(lived: Workspace) -> None:
    client = lived.dataset().rows["_client"].iloc[0]
    with pytest.raises(NotFound, match="There is no client 'nobody'"):
        contacted(lived, "nobody", "Ada")
    with pytest.raises(BellwetherError, match="written down when it took place; 2026-03-02 00:00 UTC is to come"):
        contacted(lived, client, "Ada", on=NOW + timedelta(days=1))


def test_contacts_go_with_an_erased_client(lived: Workspace) -> None:
    client, other = lived.dataset().rows["_client"].iloc[:2]
    contacted(lived, client, "Ada", note=f"spoke about '{client}'")
    contacted(lived, other, "Ada", note=f"knows '{client}'")
    said = upkeep.erase(lived, client, "Ada")
    assert "1 contact" in said
    with lived.store.reading() as db:
        kept = contacts.list_contacts(db)
    assert kept["client"].tolist() == [other]
    assert client not in kept["note"].iloc[0]


def test_the_command_writes_a_contact_down(lived: Workspace, capsys: pytest.CaptureFixture[str]) -> None:
    client = lived.dataset().rows["_client"].iloc[0]
    given = ["contacted", client, "--on", "2026-02-28", "--how", "mail", "--result", "leaving"]
    assert main([*given, "--config", str(lived.config_path)]) == 0
    assert f"{client}: contacted on 2026-02-28 (mail, leaving)." in capsys.readouterr().out
