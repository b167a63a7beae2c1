"""Time machine: a company's own history lived through again, as if live, in a place of its own."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import pandas as pd

from core import drift, files, statistics
from core.errors import BellwetherError
from core.pipeline.full import full_run
from core.pipeline.running import Progress, silent
from core.replay.stages import DATE, Stage, stages, way
from core.store import history, ingested, models, monitoring
from core.views import monitoring as views
from core.wording import listed, percent, plural
from core.workspace import Workspace, scratch

#: thresholds whose rate of alarms is told
_THRESHOLDS = (0.05, 0.08, 0.1, 0.12, 0.15, 0.2, 0.25, 0.3)
#: chunks with an alarm that one gets used to
_BEARABLE = 0.05


@dataclass(frozen=True)
class Lived:
    """What a run at one instant of the past would have done."""

    at: datetime
    rows: int
    outcomes: int
    #: the newest chunk that was compared then, "" where none was, and what is in alarm there
    chunk: str
    alarms: tuple[str, ...]
    #: chunks whose realised or estimated performance was called a drop then
    drops: tuple[str, ...]
    retrain: str
    promote: str
    champion: str


@dataclass(frozen=True)
class Backtest:
    """A history lived through again."""

    by: str
    lived: tuple[Lived, ...]
    #: chunks that were compared with a champion's reference, and those with an alarm
    compared: int
    alarmed: int
    #: threshold of drift -> share of compared chunks in which a column would have been in alarm
    rates: dict[float, float]
    sentence: str


def backtest(
    own: Workspace, *, by: str = "", keep: Path | None = None, progress: Progress = silent
) -> Backtest:  # fmt: skip
    """Live through the stored history batch by batch with a driven clock, as the pipeline would have, and tell.

    `by`: "arrival" or "date", see `stages`; "" finds out. `keep`: a folder in which the lived-through workspace is left
    (it must be empty or absent); otherwise it is removed. The workspace itself is only read. Raises `BellwetherError`
    when there is no history to live through.
    """
    dataset, contract = own.dataset(), own.contract()
    if dataset is None or contract is None:
        raise BellwetherError("There is no history to live through: no clients have come in yet.")
    by = by or way(dataset, contract)
    if by == DATE and not contract.dated:
        raise BellwetherError("Rows without a date can only be lived through as they arrived: --by arrival.")
    if not contract.client_id:
        raise BellwetherError("A history without client ids cannot be lived through: each file stands for itself.")
    if keep is not None and keep.exists() and any(keep.iterdir()):
        raise BellwetherError(f"{keep} is not empty; name a folder that is, or none.")
    passed = stages(dataset, contract, own.config.data, by, own.now())
    folder = keep or own.folder / "backtest"
    if keep is None:
        shutil.rmtree(folder, ignore_errors=True)
    try:
        clock = [passed[0].at]
        place = scratch(own, folder, lambda: clock[0])
        with place.store.writing() as db:
            ingested.insert_contract(db, contract.to_json(), clock[0])
        lived = []
        for number, stage in enumerate(passed):
            clock[0] = stage.at
            _deliver(place, number, stage)
            full_run(place, progress=_within(progress, number, len(passed), stage.at))
            lived.append(_lived(place, stage))
        return _told(place, by, lived)
    finally:
        if keep is None:
            place.store.engine.dispose()
            shutil.rmtree(folder, ignore_errors=True)


def _deliver(place: Workspace, number: int, stage: Stage) -> None:
    for name, frame in (("clients", stage.clients), ("outcomes", stage.outcomes)):
        if len(frame):
            path = place.folder / "incoming" / f"{number:04d}_{name}.parquet"
            files.write_atomically(path, lambda beside, frame=frame: frame.to_parquet(beside, index=False))  # type: ignore[misc]


def _within(progress: Progress, number: int, count: int, at: datetime) -> Progress:
    return lambda share, doing: progress((number + share) / count, f"{at:%Y-%m-%d}: {doing}")


def _lived(place: Workspace, stage: Stage) -> Lived:
    """What the run of this stage found and decided."""
    with place.store.reading() as db:
        performance = monitoring.list_performance(db)
        decided = [one for one in history.list_decisions(db) if one["known_at"] == stage.at]
        moves = models.list_promotions(db)
    compared = views.drift(place)
    new = compared[compared["known_at"] == stage.at]
    newest = new[(new["chunk"] == new["chunk"].max()) & (new["verdict"] == drift.ALARM)]
    drops = performance[(performance["known_at"] == stage.at) & (performance["verdict"] == "drop")]
    said = {one["question"]: one["sentence"] for one in decided}
    return Lived(
        at=stage.at, rows=len(stage.clients), outcomes=len(stage.outcomes),
        chunk=str(new["chunk"].max()) if len(new) else "", alarms=tuple(newest["column"]),
        drops=tuple(f"{chunk} ({kind})" for chunk, kind in zip(drops["chunk"], drops["kind"], strict=True)),
        retrain=said.get("retrain", ""), promote=said.get("promote", ""),
        champion=moves[0]["version"] if moves else "",
    )  # fmt: skip


def _told(place: Workspace, by: str, lived: list[Lived]) -> Backtest:
    with place.store.reading() as db:
        found = monitoring.list_drift(db)
    columns = (found["version"] != "") & (found["column"] != "") & (found["kind"] != drift.PREDICTION)
    found = found[columns & ~found["calendar"].astype(bool)]  # what grows by construction says nothing of thresholds
    rules = place.config.monitoring
    rates = {threshold: _share_alarmed(found, threshold, rules.q) for threshold in _THRESHOLDS}
    in_alarm = (found["verdict"] == drift.ALARM).groupby([found["version"], found["chunk"]]).any()
    compared, alarmed = len(in_alarm), int(in_alarm.sum())
    return Backtest(by, tuple(lived), compared, alarmed, rates, _sentence(lived, compared, alarmed, rates))


def _share_alarmed(found: pd.DataFrame, threshold: float, least_q: float) -> float:
    """Share of compared chunks in which a column reaches the threshold beyond chance."""
    if len(found) == 0:
        return float("nan")
    over = (found["effect"] >= threshold) & (found["q"] < least_q)
    return float(over.groupby([found["version"], found["chunk"]]).any().mean())


def _sentence(lived: Sequence[Lived], compared: int, alarmed: int, rates: dict[float, float]) -> str:
    retrained = sum(one.retrain.startswith("Retrained") for one in lived)
    promoted = len({one.champion for one in lived if one.champion})
    said = (
        f"{plural(len(lived), 'run')} from {lived[0].at:%Y-%m-%d} to {lived[-1].at:%Y-%m-%d}: retrained "
        f"{plural(retrained, 'time')}, {plural(promoted, 'champion')}."
    )
    if not compared:
        return f"{said} No chunk could be compared with what a champion learned from."
    share = statistics.wilson(alarmed, compared)
    said += (
        f" {alarmed:,} of {plural(compared, 'comparison')} raised a drift alarm ({percent(share.value)}, "
        f"{percent(share.low)} to {percent(share.high)})."
    )
    calm = [threshold for threshold, rate in rates.items() if rate <= _BEARABLE]
    if calm and float(alarmed / compared) > _BEARABLE:
        said += (
            f" If nothing had really changed in that time, a threshold of {min(calm):g} would have kept alarms to "
            f"{percent(rates[min(calm)])} (monitoring.numeric.threshold and monitoring.categorical.threshold)."
        )
    return said


def as_lines(found: Backtest) -> list[str]:
    """A line for each instant, for people."""
    return [_line(one) for one in found.lived]


def _line(one: Lived) -> str:
    said = [f"{one.at:%Y-%m-%d}: {plural(one.rows, 'row')}, {plural(one.outcomes, 'outcome')}."]
    said += [f"In alarm in {one.chunk}: {listed(one.alarms)}."] if one.alarms else []
    said += [f"Worse: {listed(one.drops)}."] if one.drops else []
    return " ".join([*said, *filter(None, (one.retrain, one.promote))])


def as_json(found: Backtest) -> dict[str, Any]:
    """For programs."""
    return {**asdict(found), "rates": {f"{threshold:g}": rate for threshold, rate in found.rates.items()}}
