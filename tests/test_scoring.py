"""Risks, bands and reasons; and files that come back as they were, with their risks beside them."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from core import scoring
from core.config import BandsConfig, ModelConfig, WorklistConfig
from core.errors import BellwetherError, ContractError, RefusedFile
from core.ingestion import delimited
from core.model import AdditiveModel, LinearTerm, ModelColumn
from core.pipeline import full
from core.pipeline.score_file import ADDED, FLAG, PREVIEW_ROWS, ScoredFile, score_file, score_stream, understand
from core.records import Fault
from core.scoring import TOGETHER, BandCuts, ReasonWriter, band_cuts, importance, reasons, strongest
from core.store import history, monitoring
from core.training import fit_family
from core.workspace import Workspace
from tests.builders import clients_frame, drop, make_workspace
from tests.model_builders import MIXED, contract, hand_made, mixed_rows, silent

# --- bands


def test_bands_begin_at_their_cuts() -> None:
    cuts = BandCuts(high=0.5, medium=0.2)
    bands = cuts.band(np.array([0.0, 0.1999, 0.2, 0.4999, 0.5, 1.0]))
    assert bands.tolist() == ["low", "low", "medium", "medium", "high", "high"]


def test_without_config_high_begins_at_three_times_the_usual_odds() -> None:
    cuts = band_cuts(0.25, WorklistConfig())  # odds of leaving 1 : 3, three times that 1 : 1
    assert (cuts.high, cuts.medium) == (pytest.approx(0.5), 0.25)


def test_config_cuts_the_bands() -> None:
    config = WorklistConfig(bands=BandsConfig(high=0.7, medium=0.3))
    assert band_cuts(0.25, config) == BandCuts(high=0.7, medium=0.3)


# --- the strongest reasons


def test_the_strongest_terms_come_first_whichever_way_they_move() -> None:
    assert strongest(np.array([[0.1, -0.9, 0.3, 0.0], [-0.2, 0.1, 0.0, 0.3]])).tolist() == [[1, 2, 0], [3, 0, 1]]


def test_of_equally_strong_terms_the_earlier_stands_first() -> None:
    assert strongest(np.array([[0.5, -0.5, 0.5, 0.5]])).tolist() == [[0, 1, 2]]


def test_a_model_of_two_terms_gives_two_reasons() -> None:
    assert strongest(np.array([[0.1, 0.2]])).tolist() == [[1, 0, -1]]
    assert strongest(np.zeros((2, 0))).tolist() == [[-1, -1, -1]] * 2


def test_a_term_that_moves_nobody_is_no_reason() -> None:
    assert strongest(np.array([[0.0, -0.4, 0.0]])).tolist() == [[1, -1, -1]]


def test_strongest_leaves_the_contributions_as_they_are() -> None:
    given = np.array([[0.1, -0.9, 0.3]])
    strongest(given)
    assert given.tolist() == [[0.1, -0.9, 0.3]]


BY_HAND = pd.DataFrame({"usage": [8.0, np.nan, 2.0, 1.0], "plan": pd.Series(["B", None, "C", "A"], dtype=object)})


def test_reasons_hold_the_value_what_is_usual_and_the_exact_contribution() -> None:
    model = hand_made()
    found = reasons(model, scoring.score(model, BY_HAND), BY_HAND)
    assert found[0] == [
        {"column": "usage", "value": "8", "usual": "2", "contribution": -3.0},
        {"column": "plan", "value": "B", "usual": "A", "contribution": -0.2},
        {
            "column": "usage and plan",
            "value": "8, B",
            "usual": "2, A",
            "contribution": 0.05,
            "columns": ["usage", "plan"],
            "values": ["8", "B"],
        },
    ]
    assert found[1] == [
        {"column": "usage", "value": "unknown", "usual": "2", "contribution": 0.3},
        {"column": "plan", "value": "unknown", "usual": "A", "contribution": 0.1},
    ]
    assert found[2] == []  # usual usage, and a plan never seen: nothing speaks for or against


def test_reasons_as_text_by_hand() -> None:
    model = hand_made()
    written = [column.to_pylist() for column in ReasonWriter(model).write(scoring.score(model, BY_HAND))]
    assert list(zip(*written, strict=True)) == [
        (
            "usage above 5 lowers the risk",
            "plan B lowers the risk",
            "usage above 5 together with plan B raises the risk",
        ),
        ("usage unknown raises the risk", "plan unknown raises the risk", ""),
        ("", "", ""),
        (
            "usage below 2 raises the risk",
            "plan A raises the risk",
            "usage below 2 together with plan A raises the risk",
        ),
    ]


def test_a_value_that_training_never_saw_is_not_called_by_one_it_saw() -> None:
    stars = ModelColumn("stars", "numeric", cuts=(2.0, 3.5), distinct=(1.0, 3.0, 4.0), usual=3.0)
    model = AdditiveModel("logistic", (stars,), (LinearTerm("stars", 0.0, 1.0, 0.0, 0.5),), 0.0)
    rows = pd.DataFrame({"stars": [1.0, 3.0, 4.0, 2.9, -7.0, 12.0, 3.5, np.nan]})
    first, *_ = ReasonWriter(model).write(scoring.score(model, rows))
    assert [text.removesuffix(" the risk") for text in first.to_pylist()] == [
        "stars 1 raises",
        "stars 3 raises",
        "stars 4 raises",
        "stars 1 to 3 raises",
        "stars below 1 lowers",
        "stars above 4 raises",
        "stars 3 to 4 raises",
        "stars unknown raises",
    ]


def test_dates_are_put_into_words_as_days() -> None:
    signed = ModelColumn("signed", "date", cuts=(-10.0, 0.0, 400.0), usual=100.0)
    model = AdditiveModel("logistic", (signed,), (LinearTerm("signed", 0.0, 1.0, 0.0, 1.0),), 0.0)
    rows = pd.DataFrame({"signed": [-30.0, -5.0, 5.0, 1400.0]})
    scored = scoring.score(model, rows)
    first, *_ = ReasonWriter(model).write(scored)
    assert first.to_pylist() == [
        "signed later than in 10 days lowers the risk",
        "signed between in 10 days and that day lowers the risk",
        "signed between that day and 400 days ago raises the risk",
        "signed earlier than 400 days ago raises the risk",
    ]
    assert [own[0]["value"] for own in reasons(model, scored, rows)] == [
        "in 30 days", "in 5 days", "5 days ago", "1,400 days ago",
    ]  # fmt: skip


@pytest.fixture(scope="module")
def boosted() -> AdditiveModel:
    features, outcome = mixed_rows(400, seed=1)
    kinds = contract({name: kind.replace("date", "numeric") for name, kind in MIXED.items()})
    return fit_family("ebm_pairs", features, outcome, kinds, ModelConfig(pairs=4))


def holds(part: str, row: pd.Series) -> bool:
    """Whether what a reason says of a column is so. Numbers in it have four digits."""
    name, said = part.split(" ", 1)
    value = row[name]
    if said == "unknown":
        return bool(pd.isna(value))
    if name in ("region", "plan"):
        known = {"region": {"north", "south", "east"}, "plan": {"A", "B"}}[name]
        return bool(value not in known if said == "rare or new" else value == said)
    slack = 1e-3 * max(1, abs(value))
    numbers = [float(number.replace(",", "")) for number in re.findall(r"-?[\d.,]+(?:e[+-]?\d+)?", said)]
    if said.startswith("below"):
        return bool(value < numbers[0] + slack)
    if said.startswith("above"):
        return bool(value >= numbers[0] - slack)
    if " to " in said:
        return bool(numbers[0] - slack <= value < numbers[1] + slack)
    return bool(value == numbers[0])


def test_every_text_agrees_with_the_row_and_names_the_columns_that_the_reasons_name(boosted: AdditiveModel) -> None:
    rows = mixed_rows(300, seed=9, strange=True)[0]
    scored = scoring.score(boosted, rows)
    texts = [column.to_pylist() for column in ReasonWriter(boosted).write(scored)]
    structured = reasons(boosted, scored, rows)
    pairs = 0
    for place, row in rows.iterrows():
        for rank in range(3):
            text = texts[rank][place]
            if rank >= len(structured[place]):
                assert text == ""
                continue
            reason = structured[place][rank]
            said, way = re.fullmatch(r"(.+) (raises|lowers) the risk", text).groups()
            parts = said.split(TOGETHER)
            assert " and ".join(part.split(" ", 1)[0] for part in parts) == reason["column"]
            assert way == ("raises" if reason["contribution"] > 0 else "lowers")
            assert all(holds(part, row) for part in parts), (text, row.to_dict())
            pairs += len(parts) == 2
    assert pairs > 20


def test_the_parts_of_a_scored_client_add_up() -> None:
    model = hand_made()
    scored = scoring.score(model, BY_HAND)
    np.testing.assert_allclose(scored.log_odds, model.intercept + scored.contributions.sum(axis=1), atol=1e-12)
    np.testing.assert_allclose(scored.risk, 1 / (1 + np.exp(-scored.log_odds)), atol=1e-15)


# --- files

HEADER = "client_id,activity,satisfaction,region,note"


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """A workspace with a champion; nothing here changes it."""
    config = {"model": {"families": ["logistic"]}, "data": {"bounds": {"satisfaction": {"min": 0, "max": 10}}}}
    made = make_workspace(tmp_path_factory.mktemp("book"), config)
    drop(made, "clients.csv", clients_frame(300, seed=3))
    full.full_run(made)
    assert made.champion() is not None
    return made


@pytest.fixture
def scored(book: Workspace) -> Callable[[str | bytes], tuple[ScoredFile, list[list[str]]]]:
    """Score a file's content; what was counted, and the cells of the file that came back."""

    def of(content: str | bytes) -> tuple[ScoredFile, list[list[str]]]:
        written = io.BytesIO()
        source = io.BytesIO(content.encode() if isinstance(content, str) else content)
        counted = score_stream(book, source, written, lambda _read: None)
        return counted, cells(written.getvalue())

    return of


Score = Callable[[str | bytes], tuple[ScoredFile, list[list[str]]]]


def cells(content: bytes, separator: str = ",") -> list[list[str]]:
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline=""), delimiter=separator))


def expected_risk(book: Workspace, rows: pd.DataFrame) -> list[float]:
    version = book.champion()
    assert version is not None
    return book.model(version).risk(rows).tolist()


def test_a_scored_file_has_the_risks_of_the_champion_in_the_order_of_its_rows(book: Workspace, scored: Score) -> None:
    frame = clients_frame(120, seed=8, first=9000).drop(columns="exited")
    counted, (titles, *rows) = scored(frame.to_csv(index=False))
    assert titles == [*frame.columns, *ADDED]
    assert [row[0] for row in rows] == frame["client_id"].tolist()
    assert [float(row[4]) for row in rows] == expected_risk(book, frame)
    cuts = band_cuts(book.champion().base_rate, book.config.worklist)
    assert [row[5] for row in rows] == cuts.band(np.array(expected_risk(book, frame))).tolist()
    assert counted.rows == 120
    assert sum(counted.bands.values()) == 120
    assert counted.bands == pd.Series([row[5] for row in rows]).value_counts().to_dict()
    assert (counted.version, counted.provisional) == (book.champion().version, False)


def test_a_file_of_learned_clients_is_scored_by_the_champion_itself(book: Workspace, scored: Score) -> None:
    frame = clients_frame(300, seed=3)
    _, (_, *rows) = scored(frame.to_csv(index=False))
    assert [float(row[5]) for row in rows] == expected_risk(book, frame)


STRANGE_CELLS = [
    ["0042", "120.5", "7", "north", 'said "yes", then\nleft; again'],
    ["  7 ", "080", "+6.50", " south ", ""],
    ["", "", "", "", ""],
    ["x;y", "1e2", "?", "Atlantis", "tab\there"],
    ["ünïcödé €", "99", "8", "east", "=1+1"],
    ["C1", "1,5", "NaN", "NORTH", "'"],
]


def as_csv(rows: list[list[str]], separator: str = ",", end: str = "\n") -> str:
    written = io.StringIO()
    csv.writer(written, delimiter=separator, lineterminator=end).writerows(rows)
    return written.getvalue()


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
def test_every_cell_comes_back_as_it_was_whatever_the_encoding(scored: Score, encoding: str, end: str) -> None:
    rows = STRANGE_CELLS
    content = as_csv([HEADER.split(","), *rows], end=end).encode(encoding, errors="strict")
    counted, (titles, *back) = scored(content)
    assert titles == [*HEADER.split(","), *ADDED]
    assert [row[:5] for row in back] == rows
    assert counted.rows == len(rows)
    assert counted.unreadable == {"activity": 1}  # "1,5" is no number here


@pytest.mark.parametrize("separator", [";", "\t", "|"])
def test_a_file_keeps_its_separator(book: Workspace, separator: str) -> None:
    written = io.BytesIO()
    content = as_csv([HEADER.split(","), *STRANGE_CELLS], separator)
    score_stream(book, io.BytesIO(content.encode()), written, lambda _read: None)
    back = cells(written.getvalue(), separator)
    assert back[0] == [*HEADER.split(","), *ADDED]
    assert [row[:5] for row in back[1:]] == STRANGE_CELLS


@pytest.mark.parametrize("rows", [1, 9000])
def test_a_first_umlaut_may_stand_at_the_very_end_of_a_windows_file(scored: Score, rows: int) -> None:
    lines = [HEADER, *["C1,100,7,north,plain"] * rows, "C2,100,7,north,Café"]
    for content in ("\n".join(lines), "\n".join(lines) + "\n"):
        counted, back = scored(content.encode("cp1252"))
        assert counted.rows == rows + 1
        assert back[-1][4] == "Café"


def test_a_column_already_called_risk_is_kept_and_the_new_one_is_named_apart(book: Workspace, scored: Score) -> None:
    frame = clients_frame(5, seed=8).drop(columns="exited")
    once = io.BytesIO()
    score_stream(book, io.BytesIO(frame.to_csv(index=False).encode()), once, lambda _read: None)
    twice, (titles, *rows) = scored(once.getvalue())
    assert twice.rows == 5
    assert titles == [*frame.columns, *ADDED, *(f"{name} (Bellwether)" for name in ADDED)]
    assert [row[4:9] for row in rows] == [row[9:] for row in rows] == [row[4:] for row in cells(once.getvalue())[1:]]
    counted, (titles, row) = scored("Risk,client_id,activity,satisfaction,region,note\nhigh,1,100,7,north,x\n")
    assert titles == ["Risk", *HEADER.split(","), "risk (Bellwether)", *ADDED[1:]]
    assert counted.added == ("risk (Bellwether)", *ADDED[1:])
    assert row[:6] == ["high", "1", "100", "7", "north", "x"]
    assert 0 < float(row[6]) < 1


def test_extra_and_reordered_columns_give_the_same_bits(scored: Score) -> None:
    frame = clients_frame(60, seed=8).drop(columns="exited")
    _, (_, *plain) = scored(frame.to_csv(index=False))
    other = frame[["region", "satisfaction", "activity", "client_id"]].assign(comment="x")
    other.insert(0, "n", range(60))
    _, (_, *mixed) = scored(other.rename(columns={"client_id": " Client_ID", "region": "region "}).to_csv(index=False))
    assert [row[-5:] for row in mixed] == [row[-5:] for row in plain]


def test_a_client_has_the_same_risk_alone_as_in_a_file(scored: Score) -> None:
    frame = clients_frame(40, seed=8).drop(columns="exited")
    _, (_, *together) = scored(frame.to_csv(index=False))
    for place in (0, 17, 39):
        _, (_, alone) = scored(frame.iloc[[place]].to_csv(index=False))
        assert alone == together[place]


def test_a_missing_column_is_named_in_a_sentence(scored: Score) -> None:
    with pytest.raises(ContractError) as refused:
        scored("client_id,activity,region\nC1,100,north\n")
    assert str(refused.value).startswith("The file lacks the column 'satisfaction'; add it, or map another name to it")
    with pytest.raises(ContractError, match="lacks the columns 'activity', 'satisfaction', 'region'"):
        scored("client_id\nC1\n")
    with pytest.raises(ContractError, match=r"'satisfaction' \(did you mean 'satisfacton'\?\)"):
        scored("client_id,activity,region,satisfacton\nC1,100,north,7\n")


def test_values_out_of_bounds_count_as_missing_as_they_do_in_training(book: Workspace, scored: Score) -> None:
    counted, (_, *rows) = scored(f"{HEADER}\nC1,100,11,north,x\nC2,100,,north,x\nC3,100,many,north,x\n")
    assert rows[0][5] == rows[1][5] == rows[2][5]
    assert counted.unreadable == {"satisfaction": 2}


def test_many_blocks_give_the_same_file_as_one(book: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    frame = clients_frame(400, seed=8).drop(columns="exited").assign(note='two\nlines, "quoted"')
    content = frame.to_csv(index=False).encode()
    made = []
    for rows in (50_000, 17):
        monkeypatch.setattr(delimited, "CHUNK_ROWS", rows)
        written, reads = io.BytesIO(), []
        counted = score_stream(book, io.BytesIO(content), written, reads.append)
        made.append((written.getvalue(), counted))
        assert len(reads) > 20 if rows == 17 else len(reads) == 1
        assert reads == sorted(reads)
        assert reads[-1] == len(content)
    assert made[0] == made[1]


def test_rows_with_too_few_or_too_many_cells_are_left_out_and_told_with_their_line(scored: Score) -> None:
    rows = ["C1,100,7,north,x", 'C2,90,8,south,"two\nlines"', "C3,80,7,north", "C4,70,6,east,x,y", "C5,60,5,west,x"]
    counted, (_, *back) = scored("\n".join([HEADER, *rows]))
    assert [row[0] for row in back] == ["C1", "C2", "C5"]
    assert (counted.rows, counted.set_aside) == (3, 2)
    # the header is line 1, and C2 takes two lines
    assert [(one.line, one.reason) for one in counted.aside] == [
        (5, "4 cells where the header has 5"), (6, "6 cells where the header has 5")
    ]  # fmt: skip
    assert json.loads(counted.aside[0].row) == ["C3", "80", "7", "north"]
    assert counted.notes[0] == ("2 rows got no risk and are left out: 4 cells where the header has 5 (lines 5 and 6).")


def test_a_file_of_which_most_rows_have_another_width_is_refused_in_a_sentence(scored: Score) -> None:
    with pytest.raises(RefusedFile, match=r"67% of the rows have another number of cells than the header, such as l"):
        scored(f"{HEADER}\nC1,100,7,north\nC2,100,7,north\nC3,100,7,north,x\n")


def test_a_file_whose_lines_end_with_a_carriage_return_alone_is_scored(scored: Score) -> None:
    plain, expected = scored(f"{HEADER}\nC1,100,7,north,x\nC2,90,8,south,y\n")
    counted, back = scored(f"{HEADER}\rC1,100,7,north,x\rC2,90,8,south,y\r")
    assert back == expected
    assert counted == plain


def test_a_header_cell_may_go_over_lines_and_be_long(scored: Score) -> None:
    title = "note of\nthe manager, " + "long " * 40_000  # 200 kB
    _, (titles, row) = scored(f'client_id,activity,satisfaction,region,"{title}"\nC1,100,7,north,x\n')
    assert titles == ["client_id", "activity", "satisfaction", "region", title, *ADDED]
    assert row[:5] == ["C1", "100", "7", "north", "x"]


def test_values_never_seen_are_counted_by_row_and_by_column(book: Workspace, scored: Score) -> None:
    content = f"{HEADER}\nC1,100,7,north,x\nC2,100000,7,north,x\nC3,100000,7,Atlantis,x\n"
    counted, (_, *rows) = scored(content)
    assert counted.strange == 2
    assert counted.strange_columns == {"activity": 2, "region": 1}
    assert "like none that was learned from: activity (2) and region (1)" in counted.notes[-1]
    assert [row[6 + 1].startswith("There was nothing like this") for row in rows] == [False, True, True]
    flagged = io.BytesIO()
    score_stream(book, io.BytesIO(content.encode()), flagged, lambda _read: None, for_sheets=True)
    titles, *rows = cells(flagged.getvalue())
    assert titles[-1] == FLAG
    assert [row[-1] != "" for row in rows] == [False, True, True]
    assert not any("There was nothing like this" in row[7] for row in rows)


def test_texts_that_a_spreadsheet_would_run_are_made_harmless_for_people_and_kept_for_programs(
    book: Workspace, scored: Score
) -> None:
    cell = '=HYPERLINK("http://a.example")'
    written = as_csv([[*HEADER.split(",")[:4], "=note"], ["@C1", "-100", "+7", "north", cell]])
    made = io.BytesIO()
    score_stream(book, io.BytesIO(written.encode()), made, lambda _read: None, for_sheets=True)
    titles, row = cells(made.getvalue())
    assert titles[4] == "'=note"
    assert row[:5] == ["'@C1", "-100", "+7", "north", f"'{cell}"]
    _, (_, row) = scored(written)
    assert row[:5] == ["@C1", "-100", "+7", "north", cell]


def test_the_rows_of_the_highest_risks_are_kept_with_their_place_and_rank(book: Workspace, scored: Score) -> None:
    frame = clients_frame(450, seed=8).drop(columns="exited")
    counted, _ = scored(frame.to_csv(index=False))
    risks = pd.Series(expected_risk(book, frame))
    best = risks.sort_values(ascending=False, kind="stable").head(PREVIEW_ROWS)
    assert counted.highest["row"].tolist() == (best.index + 1).tolist()
    assert (
        counted.highest["rank"].tolist() == risks.rank(method="min", ascending=False)[best.index].astype(int).tolist()
    )
    assert counted.first["client_id"].tolist() == frame["client_id"].head(PREVIEW_ROWS).tolist()
    assert counted.first["rank"].tolist() == (
        risks.rank(method="min", ascending=False).head(PREVIEW_ROWS).astype(int).tolist()
    )


def test_what_a_file_was_understood_as_is_told_before_it_is_scored(book: Workspace) -> None:
    content = b"Client_ID;activity;satisfacton;region;colour\n1;2;3;north;red\n"
    found = understand(book, io.BytesIO(content))
    assert found.dialect["separator"] == ";"
    assert found.used == ("activity", "satisfaction", "region")
    assert found.missing == (("satisfaction", "satisfacton"),)
    assert found.columns[0] == ("Client_ID", "client_id")
    assert "colour" in found.new


def test_faults_of_the_newest_data_are_told_with_a_scored_file(book: Workspace, scored: Score) -> None:
    content = f"{HEADER}\nC1,100,7,north,x\n"
    assert scored(content)[0].doubt == ""
    with book.store.reading() as db:
        newest = history.newest_chunk(db)
    fault = Fault(column="activity", kind="unit", sentence="A thousand times as much.", cause="")
    with book.store.writing() as db:
        run = history.insert_run(db, "monitor", book.now())
        monitoring.insert_faults(db, run, newest, [fault], book.now())
    assert f"The newest data that came in ({newest}) look faulty: activity." in scored(content)[0].notes[-1]
    with book.store.writing() as db:
        fault_id = monitoring.list_faults(db)[0]["id"]
        monitoring.insert_answer(db, fault_id, "real", "Anna", "", book.now())
    assert scored(content)[0].doubt == ""


@pytest.mark.parametrize("content", [HEADER, HEADER + "\n", "\ufeff" + HEADER + "\r\n", "\n\n" + HEADER + "\n\n"])
def test_a_header_alone_comes_back_as_a_header_alone(scored: Score, content: str) -> None:
    counted, back = scored(content)
    assert back == [[*HEADER.split(","), *ADDED]]
    assert (counted.rows, counted.bands) == (0, {})


@pytest.mark.parametrize("content", [b"", b"\n\r\n", b"\xef\xbb\xbf", "\n".encode("utf-16")])
def test_an_empty_file_is_refused_in_a_sentence(scored: Score, content: bytes) -> None:
    with pytest.raises(RefusedFile, match="The file is empty: there is not even a header line"):
        scored(content)


def test_blank_lines_before_the_header_are_passed_over_as_they_are_when_ingested(scored: Score) -> None:
    _, back = scored(f"\n\r\n{HEADER}\nC1,100,7,north,x\n")
    assert back[0][:5] == HEADER.split(",")
    assert back[1][:5] == ["C1", "100", "7", "north", "x"]


def test_a_file_that_is_no_text_is_refused_in_a_sentence(scored: Score) -> None:
    with pytest.raises(RefusedFile, match="a damaged archive, perhaps copied in part"):
        scored(b"PK\x03\x04\x00\x00\x00\x00")


def test_two_columns_of_one_name_are_refused_in_a_sentence(scored: Score) -> None:
    with pytest.raises(RefusedFile, match="Two columns are called 'activity'"):
        scored("client_id,activity,satisfaction,region,Activity\nC1,1,2,north,3\n")


# --- from file to file


def test_a_file_is_scored_into_another_and_progress_ends_at_one(book: Workspace, tmp_path: Path) -> None:
    source, target, said = tmp_path / "in.csv", tmp_path / "new" / "out.csv", []
    clients_frame(30, seed=8).to_csv(source, index=False)
    done = score_file(book, source, target, lambda share, _doing: said.append(share))
    assert done.rows == 30
    assert len(cells(target.read_bytes())) == 31
    assert said[-1] == 1.0
    assert [path.name for path in target.parent.iterdir()] == ["out.csv"]


def test_a_refused_file_leaves_what_was_there(book: Workspace, tmp_path: Path) -> None:
    source, target = tmp_path / "in.csv", tmp_path / "out.csv"
    source.write_text(f"{HEADER}\nC1,100,7,north\n")
    target.write_text("yesterday's")
    with pytest.raises(RefusedFile):
        score_file(book, source, target, silent)
    assert target.read_text() == "yesterday's"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in.csv", "out.csv"]


def test_a_file_may_be_scored_into_itself(book: Workspace, tmp_path: Path) -> None:
    source = tmp_path / "clients.csv"
    clients_frame(10, seed=8).to_csv(source, index=False)
    score_file(book, source, source, silent)
    assert len(cells(source.read_bytes())) == 11


def test_what_cannot_be_read_or_written_is_a_sentence(book: Workspace, tmp_path: Path) -> None:
    with pytest.raises(RefusedFile, match=r"There is no file .*nowhere\.csv"):
        score_file(book, tmp_path / "nowhere.csv", tmp_path / "out.csv", silent)
    source = tmp_path / "in.csv"
    clients_frame(3, seed=8).to_csv(source, index=False)
    with pytest.raises(RefusedFile, match=r"cannot be written: "):
        score_file(book, source, tmp_path, silent)
    with pytest.raises(RefusedFile, match=r"cannot be written: "):
        score_file(book, source, source / "below a file.csv", silent)


def test_without_a_model_scoring_says_what_to_do(tmp_path: Path) -> None:
    empty = make_workspace(tmp_path)
    with pytest.raises(BellwetherError, match="There is no model to score with yet: run `python -m core run`"):
        score_stream(empty, io.BytesIO(b"a\n1\n"), io.BytesIO(), lambda _read: None)


# --- models of dated clients, and provisional ones


def test_dates_count_from_the_snapshot_or_from_now_where_the_file_has_none(tmp_path: Path) -> None:
    now = datetime(2026, 1, 5, 12, tzinfo=UTC)
    made = make_workspace(tmp_path, {"model": {"families": ["logistic"]}}, lambda: now)
    frame = clients_frame(250, seed=3, snapshot_date="2026-01-01")
    days = np.random.default_rng(0).integers(10, 900, 250)
    frame["signed"] = (pd.Timestamp("2026-01-01") - pd.to_timedelta(days, unit="D")).strftime("%Y-%m-%d")
    drop(made, "clients.csv", frame)
    full.full_run(made)

    model = made.model(made.champion())
    file = (
        frame.head(4)
        .drop(columns=["exited", "client_id"])
        .assign(snapshot_date=["2026-01-01", "", "soon", "2025-06-01"])
    )
    file["signed"] = ["2025-12-01", "2025-12-01", "2025-12-01", "2024-02-30"]
    written = io.BytesIO()
    counted = score_stream(made, io.BytesIO(file.to_csv(index=False).encode()), written, lambda _read: None)
    by_hand = file.assign(signed=[31.0, 35.5, 35.5, np.nan])
    assert [float(row[-5]) for row in cells(written.getvalue())[1:]] == model.risk(by_hand).tolist()
    assert counted.unreadable == {"signed": 1}


def test_a_provisional_model_gives_no_bands(tmp_path: Path) -> None:
    made = make_workspace(tmp_path, {"model": {"families": ["logistic"]}})
    drop(made, "clients.csv", clients_frame(80, seed=3))
    full.full_run(made)
    written = io.BytesIO()
    counted = score_stream(
        made, io.BytesIO(clients_frame(6, seed=8).to_csv(index=False).encode()), written, lambda _read: None
    )
    assert (counted.provisional, counted.bands) == (True, {"provisional": 6})
    assert {row[-4] for row in cells(written.getvalue())[1:]} == {"provisional"}


def test_importance_is_the_share_of_what_a_change_of_the_column_can_move() -> None:
    clients = pd.DataFrame({"usage": [0.0, 2.0, 4.0, 6.0], "tickets": [1.0, 1.0, 3.0, 3.0], "fixed": [5.0] * 4})
    columns = tuple(ModelColumn(name, "numeric", usual=0.0) for name in clients)
    terms = (
        LinearTerm("usage", 3.0, 0.5, 0.0, 0.0), LinearTerm("tickets", 0.0, -1.0, 9.0, 0.0),
        LinearTerm("fixed", 0.0, 7.0, 0.0, 0.0),
    )  # fmt: skip
    found = importance(AdditiveModel("logistic", columns, terms, 0.0), clients)
    # mean absolute deviations: .5 x (3 + 1 + 1 + 3) / 4 = 1, and 1 x (1 + 1 + 1 + 1) / 4 = 1; what never moves has none
    assert found == pytest.approx({"tickets": 0.5, "usage": 0.5, "fixed": 0.0})
    assert list(found) == ["tickets", "usage", "fixed"]
