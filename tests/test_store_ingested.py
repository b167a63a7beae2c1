"""What the store knows of batches (taken once, withdrawn, expired, rewritten) and of sources (seen, in trouble)."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy.exc import IntegrityError

from core.store import audit, ingested
from core.store.database import Store
from core.store.ingested import EXPIRE, REINSTATE, WITHDRAW
from tests.store_builders import AT, HOUR, at, batch

# --- batches


def test_a_content_is_taken_once_however_often_it_was_refused(store: Store) -> None:
    with store.writing() as db:
        ingested.insert_batch(db, batch(refused="no column", read_by="old rules"))
        ingested.insert_batch(db, batch(refused="no column", read_by="newer rules"))
        ingested.insert_batch(db, batch(name="renamed.csv"))
    with pytest.raises(IntegrityError), store.writing() as db:
        ingested.insert_batch(db, batch(name="again.csv", source="elsewhere"))
    with store.reading() as db:
        assert [one.name for one in ingested.list_batches(db)] == ["renamed.csv", "a.csv", "a.csv"]
        assert [one.name for one in ingested.taken_batches(db)] == ["renamed.csv"]


def test_a_content_is_settled_when_taken_or_refused_under_the_same_rules(store: Store) -> None:
    taken, refused = "t" * 64, "r" * 64
    with store.writing() as db:
        withdrawn = ingested.insert_batch(db, batch(sha256=taken))
        ingested.insert_batch(db, batch(sha256=refused, refused="no column", read_by="rules"))
        ingested.insert_withdrawal(db, withdrawn, WITHDRAW, "a mistake", AT)
    with store.reading() as db:
        assert ingested.settled(db, "rules") == {taken, refused}
        assert ingested.settled(db, "other rules") == {taken}, "also when it was withdrawn"
        assert ingested.is_taken(db, taken)
        assert not ingested.is_taken(db, refused)


def test_batches_count_in_the_order_in_which_they_became_known(store: Store) -> None:
    with store.writing() as db:
        ingested.insert_batch(db, batch(sha256="1" * 64, name="late", known_at=AT + HOUR))
        ingested.insert_batch(db, batch(sha256="2" * 64, name="early", known_at=AT))
        ingested.insert_batch(db, batch(sha256="3" * 64, name="early too", known_at=AT))
    with store.reading() as db:
        assert [one.name for one in ingested.taken_batches(db)] == ["early", "early too", "late"]


def test_a_batch_is_read_by_its_id_once_it_is_known(store: Store) -> None:
    with store.writing() as db:
        key = ingested.insert_batch(db, batch(known_at=AT, dialect='{"decimal": ","}', bad_cells=2, disagreed=1))
    with store.reading() as db:
        found = ingested.read_batch(db, key)
        assert found is not None
        assert (found.id, found.known_at, found.bad_cells, found.disagreed) == (key, AT, 2, 1)
        assert ingested.read_batch(db, key + 1) is None
    with at(store, AT - HOUR).reading() as db:
        assert ingested.read_batch(db, key) is None


def test_what_an_older_program_did_not_say_of_a_batch_is_nothing(store: Store) -> None:
    with store.writing() as db:
        ingested.insert_batch(db, batch())
    with store.reading() as db:
        found = ingested.list_batches(db)[0]
    assert (found.dialect, found.bad_cells, found.disagreed) == ("", 0, 0)


def test_the_decimal_sign_is_that_of_the_newest_batch_that_told_it(store: Store) -> None:
    told = [
        ("incoming", '{"decimal": ",", "decimal_by": "found"}', ""),
        ("incoming", '{"decimal": ".", "decimal_by": "default"}', ""),
        ("incoming", '{"decimal": ".", "decimal_by": "found"}', "refused"),
        ("elsewhere", '{"decimal": ".", "decimal_by": "config"}', ""),
        ("incoming", "", ""),
    ]
    with store.writing() as db:
        for number, (source, dialect, refused) in enumerate(told):
            row = batch(sha256=str(number) * 64, source=source, dialect=dialect, refused=refused)
            ingested.insert_batch(db, row)
    with store.reading() as db:
        assert ingested.last_decimal(db, "incoming") == ","
        assert ingested.last_decimal(db, "elsewhere") == "."
        assert ingested.last_decimal(db, "nowhere") == ""


# --- withdrawn, reinstated, expired


def three(store: Store) -> list[int]:
    """Ids of three batches named a, b and c, known at the start."""
    with store.writing() as db:
        return [ingested.insert_batch(db, batch(sha256=name * 64, name=name)) for name in "abc"]


def tell(store: Store, batch_id: int, kind: str, hours: int) -> None:
    with store.writing() as db:
        ingested.insert_withdrawal(db, batch_id, kind, "why", AT + hours * HOUR)


def counting(store: Store, hours: float | None = None) -> tuple[str, str]:
    """Names of the batches that count, and of those that are withdrawn, as it was known then."""
    with at(store, None if hours is None else AT + hours * HOUR).reading() as db:
        taken, withdrawn = ingested.taken_batches(db), ingested.withdrawn_batches(db)
    return "".join(one.name for one in taken), "".join(one.name for one in withdrawn)


def test_a_withdrawn_batch_no_longer_counts_and_a_reinstated_one_does_again(store: Store) -> None:
    _, second, _ = three(store)
    assert counting(store) == ("abc", "")
    tell(store, second, WITHDRAW, 1)
    assert counting(store) == ("ac", "b")
    tell(store, second, REINSTATE, 2)
    assert counting(store) == ("abc", "")
    tell(store, second, WITHDRAW, 3)
    assert counting(store) == ("ac", "b")


def test_a_past_day_shows_the_batches_that_counted_then(store: Store) -> None:
    first, second, _ = three(store)
    tell(store, second, WITHDRAW, 1)
    tell(store, second, REINSTATE, 2)
    tell(store, first, WITHDRAW, 3)
    assert counting(store, -1) == ("", "")
    assert counting(store, 0) == ("abc", "")
    assert counting(store, 1) == ("ac", "b")
    assert counting(store, 1.999) == ("ac", "b")
    assert counting(store, 2) == ("abc", "")
    assert counting(store, 3) == ("bc", "a")


def test_what_is_expired_is_gone_on_every_past_day(store: Store) -> None:
    first, second, _ = three(store)
    tell(store, second, WITHDRAW, 1)
    tell(store, first, EXPIRE, 5)
    tell(store, second, EXPIRE, 5)
    for hours in (None, 0, 1, 5):
        assert counting(store, hours) == ("c", ""), "its rows are no longer there to be shown"
    with at(store, AT).reading() as db:
        assert ingested.set_aside(db) == {first: EXPIRE, second: EXPIRE}


# --- rewritten parts


def test_the_newest_part_that_names_a_batch_holds_its_rows(store: Store) -> None:
    first, second, third = three(store)
    with store.writing() as db:
        ingested.insert_part(db, "small.parquet", "clients", 6, [first, second], AT + HOUR)
    with store.writing() as db:
        ingested.insert_part(db, "large.parquet", "clients", 9, [second, third], AT + 2 * HOUR)
    held = {first: ("small.parquet", 6), second: ("large.parquet", 9), third: ("large.parquet", 9)}
    for instant in (None, AT):
        with at(store, instant).reading() as db:
            assert ingested.rewritten(db) == held, "where rows stand is no question of time"


def test_a_part_of_no_batch_holds_nothing_and_one_of_an_unknown_batch_is_refused(store: Store) -> None:
    with store.writing() as db:
        ingested.insert_part(db, "empty.parquet", "clients", 0, [], AT)
    with pytest.raises(IntegrityError), store.writing() as db:
        ingested.insert_part(db, "wrong.parquet", "clients", 3, [4711], AT)
    with store.reading() as db:
        assert ingested.rewritten(db) == {}


# --- sources


def test_a_file_was_last_seen_with_its_newest_stamp(store: Store) -> None:
    with store.writing() as db:
        ingested.insert_sightings(db, "incoming", {"a.csv": ("10 1", "a" * 64), "b.csv": ("20 1", "b" * 64)}, AT)
        ingested.insert_sightings(db, "elsewhere", {"a.csv": ("30 1", "e" * 64)}, AT)
        ingested.insert_sightings(db, "incoming", {"a.csv": ("11 2", "c" * 64)}, AT + HOUR)
        ingested.insert_sightings(db, "incoming", {}, AT + HOUR)
    with store.reading() as db:
        assert ingested.sightings(db, "incoming") == {"a.csv": ("11 2", "c" * 64), "b.csv": ("20 1", "b" * 64)}
        assert ingested.sightings(db, "nowhere") == {}


def test_a_table_was_fetched_as_far_as_its_last_cursor_says(store: Store) -> None:
    with store.reading() as db:
        assert ingested.read_cursor(db, "crm") is None
    for state in ('{"last": 1}', '{"last": 2}'):
        with store.writing() as db:
            ingested.insert_cursor(db, "crm", state, AT)
            ingested.insert_cursor(db, "other", "{}", AT)
    with pytest.raises(RuntimeError, match="cut off"), store.writing() as db:
        ingested.insert_cursor(db, "crm", '{"last": 3}', AT)
        raise RuntimeError("cut off")
    with store.reading() as db:
        assert ingested.read_cursor(db, "crm") == '{"last": 2}', "a cursor is kept with its batch, or not at all"


def test_a_trouble_is_open_from_when_it_was_last_told_until_it_ends(store: Store) -> None:
    told = [
        (0, "incoming", "a.csv", "It cannot be read."),
        (0, "incoming", "", "The folder is missing."),
        (1, "incoming", "a.csv", "It is no table."),
        (2, "incoming", "", ""),
        (3, "incoming", "", "The folder is missing again."),
        (3, "incoming", "a.csv", ""),
    ]
    for hours, source, name, sentence in told:
        with store.writing() as db:
            ingested.insert_trouble(db, source, name, sentence, AT + hours * HOUR)

    def open_at(hours: float) -> dict[tuple[str, str], tuple[str, float]]:
        with at(store, AT + hours * HOUR).reading() as db:
            found = ingested.open_troubles(db)
        return {key: (sentence, (since - AT) / HOUR) for key, (sentence, since) in found.items()}

    assert open_at(-1) == {}
    assert open_at(0) == {
        ("incoming", "a.csv"): ("It cannot be read.", 0),
        ("incoming", ""): ("The folder is missing.", 0),
    }
    assert open_at(1)[("incoming", "a.csv")] == ("It is no table.", 1)
    assert list(open_at(2)) == [("incoming", "a.csv")]
    assert open_at(3) == {("incoming", ""): ("The folder is missing again.", 3)}


def test_the_first_contract_stays_known_beside_the_one_that_counts(store: Store) -> None:
    with store.reading() as db:
        assert ingested.first_contract(db) is None
    for hours in (1, 2):
        with store.writing() as db:
            ingested.insert_contract(db, f'"{hours}"', AT + hours * HOUR)
    with store.reading() as db:
        assert ingested.read_contract(db) == '"2"'
    with at(store, AT).reading() as db:
        assert ingested.read_contract(db) is None
        assert ingested.first_contract(db) == '"1"', "history from before it is read by it"


# --- deeds


def test_deeds_are_listed_newest_first_and_stand_or_fall_with_what_was_done(store: Store) -> None:
    first, *_ = three(store)
    with store.writing() as db:
        ingested.insert_withdrawal(db, first, WITHDRAW, "a mistake", AT + HOUR)
        audit.insert_deed(db, "Anna", "withdraw", "batch 1", "a mistake", AT + HOUR)
    with pytest.raises(RuntimeError, match="half way"), store.writing() as db:
        audit.insert_deed(db, "Marek", "erase", "client C1", "asked for", AT + 2 * HOUR)
        raise RuntimeError("half way")
    with store.writing() as db:
        audit.insert_deed(db, "Marek", "reinstate", "batch 1", "no mistake", AT + 2 * HOUR)
    with store.reading() as db:
        told = audit.list_deeds(db)
    assert [(one["who"], one["deed"], one["subject"], one["sentence"], one["known_at"]) for one in told] == [
        ("Marek", "reinstate", "batch 1", "no mistake", AT + 2 * HOUR),
        ("Anna", "withdraw", "batch 1", "a mistake", AT + HOUR),
    ]
    with at(store, AT + HOUR + timedelta(minutes=1)).reading() as db:
        assert [one["who"] for one in audit.list_deeds(db)] == ["Anna"]
