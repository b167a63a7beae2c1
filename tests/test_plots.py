"""Figures as data: what they show, on which axes, in words of the house."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import pytest

from core import plots
from core.plots import look


def luminance(colour: str) -> float:
    """Relative luminance as WCAG defines it."""
    shares = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4 for share in shares]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


REASONS = pd.DataFrame(
    {
        "column": ["activity", "region", "<b>tickets"],
        "value": ["52", "south", "3"],
        "usual": ["100", "north", "1"],
        "contribution": [1.4, -0.6, 0.2],
    }
)
DRIFT = pd.DataFrame(
    {
        "chunk": ["2026-02", "2026-02", "2026-01", "2026-01"],
        "column": ["activity", "region", "activity", "region"],
        "place": ["2026-02", "2026-02", "2026-01", "2026-01"],
        "effect": [0.15, 0.02, 0.05, np.nan],
        "threshold": [0.1, 0.1, 0.1, 0.1],
        "verdict": ["alarm", "stable", "stable", "not enough data"],
        "sentence": ["activity is <lower>.", "", "", ""],
    }
)


@pytest.mark.parametrize("colour", [look.RED, look.AMBER, look.TEAL, look.BLUE, look.VIOLET, look.PINK])
@pytest.mark.parametrize("background", ["#ffffff", "#0b1220"])
def test_every_colour_stands_out_from_both_backgrounds(colour: str, background: str) -> None:
    assert contrast(colour, background) >= 3


@pytest.mark.parametrize("colour", [look.DEEP_AMBER, look.DEEP_BLUE, look.DEEP_SLATE])
def test_white_text_is_readable_on_the_cells_of_the_confusion_matrix(colour: str) -> None:
    assert contrast(look.WHITE, colour) >= 4.5


def test_the_strongest_reason_stands_on_top_and_colours_say_which_way_it_moves_the_risk() -> None:
    bars = plots.reason_bars(REASONS).data[0]
    assert list(bars.x) == [0.2, -0.6, 1.4]
    assert bars.y[-1] == "activity: 52<br>(usual 100)"
    assert list(bars.marker.color) == [look.RAISES, look.LOWERS, look.RAISES]
    assert list(bars.text) == ["+0.20", "-0.60", "+1.40"]


def test_the_axis_of_reasons_leaves_room_for_the_figures_and_holds_zero() -> None:
    low, high = plots.reason_bars(REASONS).layout.xaxis.range
    assert low < -0.6
    assert high > 1.4
    low, high = plots.reason_bars(REASONS.head(1)).layout.xaxis.range
    assert low < 0
    assert high > 1.4


def test_a_column_name_is_no_markup_in_a_figure() -> None:
    assert plots.reason_bars(REASONS).data[0].y[0].startswith("&lt;b&gt;tickets")
    assert "&lt;b&gt;" in plots.drift_heatmap(DRIFT.replace("region", "<b>")).data[0].y[0]


def test_a_client_without_reasons_has_an_empty_figure() -> None:
    assert len(plots.reason_bars(REASONS.head(0)).data[0].x) == 0


def test_a_risk_history_is_in_percent_and_leaves_out_what_was_never_told() -> None:
    history = pd.DataFrame(
        {
            "known_at": pd.to_datetime(["2026-01-01", "2026-02-01", "2026-03-01"], utc=True),
            "risk": [np.nan, 0.2, 0.05],
            "version": ["a", "b", "b"],
        }
    )
    spoken = pd.DataFrame({"contacted_at": pd.to_datetime(["2026-02-10"], utc=True), "said": ["Call: stays"]})
    figure = plots.risk_history(history, spoken)
    assert list(figure.data[0].y) == [20.0, 5.0]
    marks = next(trace for trace in figure.data if trace.name == "contact")
    assert [str(moment)[:10] for moment in marks.x] == ["2026-02-10"]
    assert figure.layout.yaxis.title.text == "risk, %"
    assert figure.layout.yaxis.range == (0, 25.0)


def test_the_confusion_matrix_says_in_words_who_was_caught_missed_called_in_vain_or_left_alone() -> None:
    figure = plots.confusion_matrix(caught=30, missed=10, in_vain=60, left_alone=900)
    texts = {(note.x, note.y): note.text for note in figure.layout.annotations}
    assert texts["said to leave", "left"] == "<b>30</b> caught<br>75 % of leavers"
    assert texts["said to stay", "left"] == "<b>10</b> missed<br>25 % of leavers"
    assert texts["said to leave", "stayed"] == "<b>60</b> called in vain<br>6.2 % of stayers"
    assert texts["said to stay", "stayed"] == "<b>900</b> left alone<br>94 % of stayers"


def test_right_answers_are_on_one_side_of_the_colours_and_wrong_ones_on_the_other() -> None:
    cells = plots.confusion_matrix(caught=1, missed=1, in_vain=1, left_alone=1).data[0]
    where = {(x, y): cells.z[row][place] for row, y in enumerate(cells.y) for place, x in enumerate(cells.x)}
    assert where["said to leave", "left"] > 0
    assert where["said to stay", "stayed"] > 0
    assert where["said to stay", "left"] < 0
    assert where["said to leave", "stayed"] < 0


def test_a_confusion_matrix_of_nobody_divides_by_nothing() -> None:
    assert plots.confusion_matrix(caught=0, missed=0, in_vain=0, left_alone=5).data


def test_the_drift_map_has_the_strongest_column_on_top_and_the_oldest_chunk_on_the_left() -> None:
    heat = plots.drift_heatmap(DRIFT).data[0]
    assert list(heat.x) == ["2026-01", "2026-02"]
    assert list(heat.y) == ["region", "activity"]
    assert heat.z[1][1] == pytest.approx(1.5)  # times its threshold
    assert np.isnan(heat.z[0][0])
    assert heat.customdata[1][1] == "alarm<br>activity is &lt;lower&gt;."


def test_the_colours_of_the_drift_map_change_at_the_thresholds() -> None:
    heat = plots.drift_heatmap(DRIFT).data[0]
    assert (heat.zmin, heat.zmax) == (0, 2)
    assert [stop for stop, _ in heat.colorscale] == [0, 0.25, 0.25, 0.5, 0.5, 1]
    assert list(heat.colorbar.tickvals) == [0, 0.5, 1, 2]


def test_realised_and_backfilled_performance_are_marked_apart_with_their_intervals() -> None:
    found = pd.DataFrame(
        {
            "chunk": ["2026-01", "2026-02"],
            "kind": ["backfilled", "realised"],
            "value": [0.7, 0.8],
            "low": [0.6, 0.75],
            "high": [0.85, 0.84],
            "n": [90, 120],
        }
    )
    figure = plots.performance_by_chunk(found, name="roc_auc", reference=0.78)
    realised, backfilled, line = figure.data
    assert (realised.name, backfilled.name) == ("realised", "backfilled")
    assert realised.marker.symbol != backfilled.marker.symbol
    assert backfilled.error_y.array[0] == pytest.approx(0.15)
    assert backfilled.error_y.arrayminus[0] == pytest.approx(0.1)
    assert line.name == "champion out of fold, 0.780"
    assert figure.layout.shapes[0].y0 == 0.78
    assert figure.layout.yaxis.title.text == "roc_auc, 95 % interval"


def test_without_a_reference_there_is_no_line() -> None:
    found = pd.DataFrame(columns=["chunk", "kind", "value", "low", "high", "n"])
    assert not plots.performance_by_chunk(found, name="f1", reference=float("nan")).layout.shapes


def test_step_seconds_are_stacked_run_by_run_and_old_runs_are_left_out() -> None:
    steps = pd.DataFrame(
        {
            "run_id": [3, 3, 2, 1],
            "name": ["train", "ingest", "ingest", "ingest"],
            "known_at": pd.to_datetime(["2026-01-03", "2026-01-03", "2026-01-02", "2026-01-01"], utc=True),
            "seconds": [9.0, 1.0, 2.0, 3.0],
        }
    )
    figure = plots.step_seconds(steps, runs=2)
    assert figure.layout.barmode == "stack"
    assert [bar.name for bar in figure.data] == ["ingest", "train"]
    assert list(figure.data[0].x) == ["run 2", "run 3"]
    assert list(figure.data[0].y) == [2.0, 1.0]
    assert figure.layout.yaxis.title.text == "seconds"


def test_a_step_nobody_gave_a_colour_is_shown_all_the_same() -> None:
    steps = pd.DataFrame(
        {"run_id": [1], "name": ["packages"], "known_at": [pd.Timestamp("2026-01-01", tz="UTC")], "seconds": [1.0]}
    )
    assert plots.step_seconds(steps).data[0].marker.color == look.SLATE


def test_every_figure_is_see_through_so_that_it_suits_both_themes() -> None:
    figures: list[go.Figure] = [
        plots.reason_bars(REASONS),
        plots.drift_heatmap(DRIFT),
        plots.confusion_matrix(caught=1, missed=1, in_vain=1, left_alone=1),
    ]
    for figure in figures:
        assert re.fullmatch(r"rgba\(.*,0\)", figure.layout.paper_bgcolor)
        assert re.fullmatch(r"rgba\(.*,0\)", figure.layout.plot_bgcolor)


RELIABILITY = pd.DataFrame(
    {"n": [50, 50], "x": [0.1, 0.4], "y": [0.12, 0.5], "low": [0.05, 0.36], "high": [0.24, 0.64]}
)
GAINS = pd.DataFrame(
    {"x": [0, 0.5, 1], "y": [0, 0.8, 1], "low": [0, 0.6, 0.9], "high": [0.1, 0.9, 1.0]}
)  # fmt: skip


def test_the_reliability_curve_shows_what_was_said_and_what_happened_with_intervals() -> None:
    figure = plots.reliability_curve(RELIABILITY)
    line, points = figure.data
    assert list(line.x) == list(line.y), "on the diagonal risks come true"
    assert (list(points.x), list(points.y)) == ([0.1, 0.4], [0.12, 0.5])
    assert list(points.error_y.array) == pytest.approx([0.12, 0.14])
    assert list(points.error_y.arrayminus) == pytest.approx([0.07, 0.14])
    assert figure.layout.xaxis.title.text == "risk said"
    assert figure.layout.yaxis.tickformat == ".0%"


def test_the_gain_curve_shows_the_band_chance_and_where_the_teams_week_ends() -> None:
    figure = plots.gain_curve(GAINS, share=0.2)
    shown = {trace.name: trace for trace in figure.data if trace.name}
    assert list(shown["by risk"].y) == [0, 0.8, 1]
    assert list(shown["by chance"].x) == list(shown["by chance"].y) == [0, 1]
    assert [list(trace.y) for trace in figure.data[:2]] == [[0.1, 0.9, 1.0], [0, 0.6, 0.9]]
    assert [(line.x0, line.x1) for line in figure.layout.shapes] == [(0.2, 0.2)]
    assert "the team's week" in shown
