"""The nouns: frozen values that the rooms hand to each other."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Batch:
    """One file, or one fetched slice of a table, as it was taken in or refused."""

    id: int
    source: str
    name: str
    sha256: str
    #: "clients", "outcomes"
    holds: str
    known_at: datetime
    #: wall-clock seconds that reading it took
    seconds: float
    read: int
    accepted: int
    duplicate: int
    superseded: int
    rejected: int
    #: path of the Parquet part below the dataset folder; "" when no row was accepted
    part: str
    #: why the whole batch was refused; "" when it was taken
    refused: str
    #: how it was read, as JSON: format, encoding, separator, decimal, dates; "" when it could not be
    dialect: str = ""
    #: cells that could not be read and count as missing
    bad_cells: int = 0
    #: rows that tell something else about a client and date than an earlier batch did
    disagreed: int = 0


@dataclass(frozen=True, kw_only=True)
class Version:
    """A stored model."""

    version: str
    known_at: datetime
    #: "logistic", "ebm", "ebm_pairs", or "rule" for the fallback
    family: str
    #: too few outcomes to trust a percentage
    provisional: bool
    #: share of leavers among the rows it learned from
    base_rate: float
    #: rows it was fitted on, and rows that waited
    trained_rows: int
    #: the risk from which "would leave" is said, chosen out of fold
    threshold: float
    fingerprint: str
    #: sha256 of manifest.json, which holds the sha256 of every other file
    manifest_sha256: str


@dataclass(frozen=True, kw_only=True)
class Decision:
    """An answer to "retrain?" or "promote?", with what it rests on."""

    #: "retrain" or "promote"
    question: str
    answer: bool
    #: for a person, complete in itself
    sentence: str
    #: the figures, by name
    evidence: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Job:
    """Queued work."""

    id: int
    kind: str
    #: config file of the workspace it works on
    config: str
    asked_at: datetime
    asked_by: str
    #: "queued", "running", "done", "failed"
    state: str
    heartbeat_at: datetime | None
    ended_at: datetime | None
    #: 0-1, and what is being done
    progress: float
    doing: str
    #: the outcome in a sentence, once ended
    sentence: str
    #: when it was last taken from the queue; None: it waits, or began before this was written down
    started_at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class Metric:
    """One measured figure with its 95 % interval."""

    metric: str
    n: int
    value: float
    low: float
    high: float


@dataclass(frozen=True, kw_only=True)
class ColumnDrift:
    """How far one column of the current rows lies from the reference rows."""

    column: str
    #: "numeric", "categorical", "date"; "prediction": the risk, "target": the outcome
    kind: str
    reference_n: int
    current_n: int
    reference_missing: float
    current_missing: float
    #: median, or most frequent level
    reference_usual: str
    current_usual: str
    #: the statistic that the verdict rests on, and how large it is once chance is taken off
    method: str
    effect: float
    #: from which effect it is an alarm; half of it is watched
    threshold: float
    #: how often chance alone would do this, corrected for the number of columns (Benjamini-Hochberg)
    q: float
    #: "stable", "watch", "alarm", "not enough data"
    verdict: str
    #: so few rows that only a large change would be seen
    low_power: bool
    #: share of the model's weight that the column carries, 0-1
    importance: float
    #: what happened, for a person
    sentence: str
    #: every distance, by name
    statistics: dict[str, float]
    #: the same client's value grows with the calendar, so that it drifts by construction
    calendar: bool = False
    #: where the change is: {"above": number}, {"at_most": number} or {"levels": names}; {} where none is to be told
    where: dict[str, Any] = field(default_factory=dict)
    #: both sides in a few bins or levels, see `drift.shapes`; {} where there is none
    shape: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Touched:
    """Whom a change of a column touches: clients of the chunk that lie where it is."""

    touched: int
    #: of the managers' list, and how many the list has
    touched_on_list: int
    listed: int


@dataclass(frozen=True)
class Fault:
    """Something that is wrong with the data rather than with the world."""

    #: such as "unit", "missing", "empty", "constant", "new level", "volume"
    kind: str
    #: "": the rows as a whole
    column: str
    #: what was seen, with figures
    sentence: str
    #: the likely cause, and what to do
    cause: str
    figures: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Performance:
    """What the risks of a chunk were worth, held against the champion's own figure."""

    version: str
    chunk: str
    #: "realised", "estimated", "weighted", "concept"
    kind: str
    metric: str
    value: float
    low: float
    high: float
    reference: float
    tolerance: float
    #: "fine", "watch", "drop", "concept drift", "not enough data"
    verdict: str
    n: int
    #: share of the delivered risks whose outcome is known, and days it took after the horizon (median)
    coverage: float
    late_days: float
    sentence: str


@dataclass(frozen=True)
class Summary:
    """One statistic of one column; `text` where it is no number (a level, a date), else ""."""

    column: str
    statistic: str
    n: int
    value: float
    text: str = ""


#: how a client may be contacted
HOWS = ("call", "mail", "visit", "other")
#: what may come of it. Only "left" is an outcome: whether a client stays is known when the horizon has passed
RESULTS = ("saved", "undecided", "leaving", "not reached", "not a risk", "left")
