"""The page on drift: what moved, one column in one chunk, and faults of the data."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from core import plots
from core.records import Fault
from core.store import history
from core.store import monitoring as stored
from core.views import drifted, monitoring, operations
from tests.dashboard_fixtures import Stores, copy, opened
from tests.page_driver import Open, tables, words


def test_one_column_in_one_chunk_shows_both_sides_its_sentence_and_whom_it_touches(stores: Stores, show: Open) -> None:
    store = opened(stores.rich / "config.toml")
    app = show(store.config_path, "drift")
    assert app.selectbox(key="column").value == "activity", "what drifted most and matters most"
    assert app.selectbox(key="chunk").value == "2026-07"
    said = words(app)
    row = drifted.row_of(monitoring.drift(store), "activity", "2026-07")
    assert row is not None
    assert "**Alarm:** activity is higher" in said
    assert f"It touches {row['touched']:,.0f} clients" in said
    shapes = next(chart.proto for chart in app.get("plotly_chart") if "Both sides of activity" in chart.proto.alt)
    assert "n = 399 now, 400 in what the model learned from" in shapes.alt


def test_what_is_seen_of_a_column_are_the_shares_of_its_rows(stores: Stores) -> None:
    store = opened(stores.rich / "config.toml")
    row = drifted.row_of(monitoring.drift(store), "region", "2026-06")
    assert row is not None
    found = drifted.shape(store, row["version"], "2026-06", "region")
    assert found is not None
    dataset = store.dataset()
    assert dataset is not None
    june = dataset.rows[dataset.rows["_as_of"].dt.strftime("%Y-%m") == "2026-06"]
    shares = june["region"].value_counts(normalize=True)
    assert found.bins.set_index("text")["current"].to_dict() == pytest.approx(shares.to_dict())
    assert found.current_n == len(june) == 400


def test_the_address_chooses_column_and_chunk_and_a_click_on_the_map_does_too(stores: Stores, show: Open) -> None:
    app = show(stores.rich / "config.toml", "drift", column="region", chunk="2026-05")
    assert (app.selectbox(key="column").value, app.selectbox(key="chunk").value) == ("region", "2026-05")
    assert "region is as before" in words(app)
    heat = plots.drift_heatmap(monitoring.drift(opened(stores.rich / "config.toml")))
    clicked = next(one for one in heat.data[1].customdata if one[:2] == ["satisfaction", "2026-06"])
    assert "satisfaction is as before" in clicked[2]


def test_a_comparison_without_a_shape_says_so(stores: Stores, show: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stored, "find_shape", lambda *_: {})
    app = show(stores.rich / "config.toml", "drift", column="region", chunk="2026-04")
    assert "is not kept for this comparison" in words(app)


def test_risk_and_share_of_leavers_have_their_own_figures(stores: Stores, show: Open) -> None:
    store = opened(stores.rich / "config.toml")
    share = drifted.share_of_leavers(store)
    dataset = store.dataset()
    assert dataset is not None
    april = dataset.rows[dataset.rows["_as_of"].dt.strftime("%Y-%m") == "2026-04"]
    newest = share.iloc[-1]
    assert newest["chunk"] == "2026-04"
    assert (newest["value"], newest["n"]) == (pytest.approx(april["_outcome"].mean()), 400)
    assert newest["low"] < newest["value"] < newest["high"]
    app = show(store.config_path, "drift")
    assert f"{100 * newest['value']:.1f} % left in 2026-04" in words(app)
    figure = plots.share_by_chunk(share)
    assert list(figure.data[0].y) == share["value"].tolist()
    risk = drifted.over_time(monitoring.drift(store), "prediction")
    assert list(plots.effect_over_time(risk, name="KS distance").data[0].x) == risk["chunk"].tolist()


def many(chunks: int, columns: int) -> pd.DataFrame:
    """Drift of so many columns in so many chunks: the last column drifts in the last chunk, the others never."""
    rows = [
        {
            "chunk": f"{2020 + month // 12}-{month % 12 + 1:02}", "place": f"{2020 + month // 12}-{month % 12 + 1:02}",
            "column": f"column {number:02}", "kind": "numeric", "version": "v1", "effect": 0.01, "threshold": 0.1,
            "verdict": "stable", "importance": 1 / columns, "sentence": "As before.",
        }
        for month in range(chunks)
        for number in range(columns)
    ]  # fmt: skip
    rows[-1] |= {"verdict": "alarm", "effect": 0.4}
    return pd.DataFrame(rows)


def test_sixty_chunks_and_columns_stay_readable() -> None:
    found = many(60, 60)
    newest = drifted.newest_chunks(found)
    assert newest["chunk"].nunique() == drifted.NEWEST == 24
    assert newest["chunk"].max() == found["chunk"].max()
    loud, calm = drifted.loud_columns(newest)
    assert loud == ["column 59"]
    assert len(calm) == 59
    figure = plots.drift_heatmap(newest[newest["column"].isin([*loud, *calm[:7]])], [*loud, *calm[:7]])
    assert figure.data[0].y[-1] == "column 59", "the loudest on top"
    assert sum(np.size(trace.x) for trace in figure.data) <= 2000


def test_columns_come_before_what_is_compared_beside_them_and_weighty_ones_first() -> None:
    found = many(1, 3)
    found["verdict"], found["effect"] = "alarm", 0.2
    found["importance"] = [0.1, 0.7, np.nan]
    found.loc[2, "kind"] = "prediction"
    assert drifted.loud_columns(found) == (["column 01", "column 00", "column 02"], [])


def test_a_fault_is_answered_by_name_with_a_note_and_stands_in_the_history(
    stores: Stores, show: Open, tmp_path: Path
) -> None:
    config = copy(stores.rich, tmp_path / "own")
    store = opened(config)
    with store.store.writing() as db:
        run = history.insert_run(db, "monitor", store.now())
        seen = [Fault("unit", name, f"{name} is ten times what it was.", "Look at the unit.") for name in ("a", "b")]
        stored.insert_faults(db, run, "2026-07", seen, store.now())
        newest = stored.list_faults(db)
        gone = next(one["id"] for one in newest if one["column"] == "b")
        stored.insert_answer(db, gone, "gone", "Bellwether", "It is no longer there.", store.now())
    fault = next(one["id"] for one in newest if one["column"] == "a")
    app = show(config, "drift", me="Anna Berger")
    assert "a is ten times what it was." in words(app)
    app.text_input(key=f"note-{fault}").set_value("cents  since July").run()
    app.button(key=f"fault-{fault}").click().run()
    deed = operations.audit(store).iloc[0]
    assert (deed["who"], deed["deed"]) == ("Anna Berger", "answer")
    with store.store.reading() as db:
        told = {one["column"]: one for one in stored.list_faults(db)}
    assert (told["a"]["answer"], told["a"]["answered_by"], told["a"]["note"]) == (
        "fault", "Anna Berger", "cents since July",
    )  # fmt: skip
    app = show(config, "drift")
    (answered,) = [one for one in tables(app) if "answered_by" in one]
    assert answered.set_index("column")["answer"].to_dict() == {"a": "the data are wrong", "b": "vanished by itself"}
    assert not [one for one in app.button if one.key == f"fault-{fault}"]


def test_two_shapes_stand_side_by_side_in_words_that_are_no_markup() -> None:
    bins = pd.DataFrame({"text": ["<b>north", "south"], "reference": [0.7, 0.3], "current": [0.4, 0.6]})
    upright, lying = plots.two_shapes(bins, numbers=True), plots.two_shapes(bins, numbers=False)
    assert [trace.name for trace in upright.data] == ["learned from", "this chunk"]
    assert list(upright.data[1].y) == [0.4, 0.6]
    assert list(lying.data[0].x) == [0.4, 0.6]
    assert upright.data[0].customdata[0] == "&lt;b&gt;north"
