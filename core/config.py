"""config.toml, read once into frozen values; unknown keys and wrong types are refused."""

from __future__ import annotations

import codecs
import re
import tomllib
import unicodedata
from pathlib import Path
from typing import Annotated, Any, Literal, get_args, get_origin
from urllib.parse import quote
from zoneinfo import ZoneInfo, available_timezones

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from core.errors import ConfigError

Share = Annotated[float, Field(ge=0, le=1)]
Place = Annotated[Path, Field(strict=False)]
Holds = Literal["auto", "clients", "outcomes"]


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class Bounds(_Section):
    """Allowed range of a numeric column; a value outside is treated as missing and listed."""

    min: float | None = None
    max: float | None = None

    @model_validator(mode="after")
    def _in_order(self) -> Bounds:
        if self.min is not None and self.max is not None and self.min > self.max:
            raise ValueError(f"min must not be above max; got {self.min:g} and {self.max:g}")
        return self


class DataConfig(_Section):
    """What a client table looks like."""

    client_id: str = ""
    outcome: Annotated[str, Field(min_length=1)]
    positive: tuple[str, ...] = ("1", "true", "yes")
    negative: tuple[str, ...] = ("0", "false", "no")
    as_of: str = ""
    numeric: tuple[str, ...] = ()
    categorical: tuple[str, ...] = ()
    dates: tuple[str, ...] = ()
    value: str = ""
    value_per: Literal["year", "month"] = "year"
    currency: str = "EUR"
    owner: str = ""
    label: str = ""
    ignore: tuple[str, ...] = ()
    missing: tuple[str, ...] = ("", "?", "NA", "NaN", "null")
    separator: Literal["auto", ",", ";", "\t", "|", ":", "~", "^"] = "auto"
    decimal: Literal["auto", ".", ","] = "auto"
    encoding: str = "auto"
    date_format: Literal["auto", "ymd", "dmy", "mdy"] = "auto"
    horizon_days: Annotated[int, Field(ge=0)] = 0
    stale_after: Annotated[int, Field(ge=0)] = 0
    max_bad_cells: Share = 0.5
    rename: dict[str, str] = {}
    bounds: dict[str, Bounds] = {}

    @field_validator("encoding")
    @classmethod
    def _known_encoding(cls, name: str) -> str:
        try:
            known = name == "auto" or codecs.lookup(name)._is_text_encoding
        except LookupError:
            known = False
        if not known:
            raise ValueError("'auto', or the name of a text encoding such as 'utf-8', 'utf-16' or 'cp1252'")
        return name

    @field_validator("positive", "negative")
    @classmethod
    def _no_blank_spelling(cls, spellings: tuple[str, ...]) -> tuple[str, ...]:
        if any(not _folded(spelling) for spelling in spellings):
            raise ValueError("a blank is no spelling of an outcome: it says that the outcome is not known yet")
        return spellings

    @model_validator(mode="after")
    def _spellings_are_apart(self) -> DataConfig:
        positive, negative, missing = (set(map(_folded, own)) for own in (self.positive, self.negative, self.missing))
        if both := positive & negative:
            raise ValueError(f"positive and negative must differ; both name {min(both)!r}")
        if both := (positive | negative) & missing:
            raise ValueError(
                f"a spelling of an outcome cannot also be one of missing, which says that it is not known yet; "
                f"got {min(both)!r} as both"
            )
        return self


def _folded(spelling: str) -> str:
    """A spelling as it is compared: trimmed, in any case, accents composed."""
    return unicodedata.normalize("NFC", spelling).strip().casefold()


class FolderSource(_Section):
    """A folder that is watched for client files."""

    name: Annotated[str, Field(min_length=1)]
    kind: Literal["folder"]
    path: Place
    holds: Holds = "auto"
    #: sheet of an Excel file; "": the first
    sheet: str = ""
    #: a file that changed within this time may still be written, and is left alone
    settle_seconds: Annotated[float, Field(ge=0, le=600)] = 2

    @property
    def place(self) -> str:
        """Where it is, to show."""
        return str(self.path)


class SqlSource(_Section):
    """A table or query of a database that is watched; only ever read."""

    name: Annotated[str, Field(min_length=1)]
    kind: Literal["sql"]
    #: as SQLAlchemy writes it; ${NAME} stands for an environment variable, so that no password need be written here
    url: Annotated[str, Field(min_length=1)]
    table: str = ""
    query: str = ""
    #: column that only grows (a number, an instant): only rows from its last value on are fetched; "": all, each time
    cursor: str = ""
    #: rows may show up late with a cursor value that is lower by this much than the last one (seconds where it holds
    #: times, units where it holds numbers): so far back is looked again each time
    overlap: Annotated[float, Field(ge=0)] = 0
    holds: Holds = "auto"
    #: rows of one batch, about
    batch_rows: Annotated[int, Field(ge=1)] = 200_000

    @model_validator(mode="after")
    def _one_of_two(self) -> SqlSource:
        if bool(self.table) == bool(self.query):
            raise ValueError("give either table or query")
        if self.overlap and not self.cursor:
            raise ValueError("overlap is about the cursor; name one, or leave overlap out")
        return self

    @property
    def place(self) -> str:
        """Where it is, to show."""
        return f"the table {self.table} ({self.name})" if self.table else f"the query of {self.name}"


Source = Annotated[FolderSource | SqlSource, Field(discriminator="kind")]


class StoreConfig(_Section):
    """Where the workspace keeps its files and its database."""

    files: Place = Path("data")
    url: str = ""


class RetentionConfig(_Section):
    """How long what is no longer needed is kept; 0: for ever."""

    #: batches that are older, unless a kept version learned from them or a client's newest snapshot is among them
    batches_days: Annotated[int, Field(ge=0)] = 0
    rejected_days: Annotated[int, Field(ge=0)] = 0
    reports_days: Annotated[int, Field(ge=0)] = 0
    #: newest versions whose files and training rows are kept, beside the champion; 0: all
    versions: Annotated[int, Field(ge=0)] = 0


class ScheduleConfig(_Section):
    """When the worker does what."""

    timezone: str = "UTC"
    ingest: str = "every 10 minutes"
    full: str = "every day at 02:00"
    packages: str = "every monday at 06:00"

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, name: str) -> str:
        if name not in available_timezones():
            raise ValueError("a time zone such as 'UTC' or 'Europe/Berlin'")
        return name

    @property
    def zone(self) -> ZoneInfo:
        """The time zone the phrases are read in."""
        return ZoneInfo(self.timezone)


class GateConfig(_Section):
    """What a challenger must show before it replaces the champion."""

    min_outcomes: Annotated[int, Field(ge=2)] = 200
    min_each: Annotated[int, Field(ge=1)] = 20
    non_inferiority: Annotated[float, Field(ge=0)] = 0.002
    leak_roc_auc: Annotated[float, Field(gt=0.5, le=1)] = 0.99
    #: share of the top of the list that may change for no more than a model that is not worse; 1: any
    max_reshuffle: Share = 0.5


class RecencyConfig(_Section):
    """How old rows count less in training, where that does the newest outcomes good; 0: they do not."""

    #: a row older than the newest by this counts half
    half_life_days: Annotated[int, Field(ge=0)] = 0
    #: rows older than the newest by more than this are left out
    max_age_days: Annotated[int, Field(ge=0)] = 0


class ModelConfig(_Section):
    """How models are made."""

    families: tuple[Literal["logistic", "ebm"], ...] = ("logistic", "ebm")
    folds: Annotated[int, Field(ge=2, le=20)] = 5
    seed: Annotated[int, Field(ge=0)] = 0
    max_training_rows: Annotated[int, Field(ge=100)] = 30_000
    #: time that training may take; turned into rows per fit once and kept to. 0: `max_training_rows` alone counts
    budget_seconds: Annotated[int, Field(ge=0)] = 0
    #: pairs of columns that an explainable boosting machine may look at together
    pairs: Annotated[int, Field(ge=0, le=50)] = 5
    #: numeric column that says how much a row counts in training; it is no feature
    weight: str = ""
    recency: RecencyConfig = RecencyConfig()
    gate: GateConfig = GateConfig()

    @field_validator("families")
    @classmethod
    def _at_least_one(cls, families: tuple[str, ...]) -> tuple[str, ...]:
        if not families:
            raise ValueError("at least one of 'logistic', 'ebm'")
        return families


class NumericDriftConfig(_Section):
    """What is held against a threshold for numbers and dates."""

    method: Literal["ks", "psi", "wasserstein", "jensen_shannon"] = "ks"
    threshold: Annotated[float, Field(gt=0)] = 0.1


class CategoricalDriftConfig(_Section):
    """What is held against a threshold for levels."""

    method: Literal["total_variation", "psi", "l_infinity", "jensen_shannon"] = "total_variation"
    threshold: Annotated[float, Field(gt=0)] = 0.1


class MonitoringConfig(_Section):
    """When a difference is called drift, and a worse figure a drop."""

    #: fewer known rows on either side allow no verdict; below `few_rows` only a large change would be seen
    min_rows: Annotated[int, Field(ge=2)] = 30
    few_rows: Annotated[int, Field(ge=2)] = 200
    #: a change is called drift when chance alone would make it less often, over all columns of a chunk
    q: Annotated[float, Field(gt=0, lt=1)] = 0.01
    numeric: NumericDriftConfig = NumericDriftConfig()
    categorical: CategoricalDriftConfig = CategoricalDriftConfig()
    #: whether all columns together are compared too, and whether a model can tell the rows apart
    multivariate: bool = True
    #: chunks (months, or whole batches) before a chunk that it is compared with; 0: what the champion learned from
    reference_chunks: Annotated[int, Field(ge=0)] = 0
    #: at most so many rows of the reference are kept for comparisons
    reference_rows: Annotated[int, Field(ge=1000)] = 200_000
    #: share of rows whose client was contacted above which quality is shown with a warning
    max_contacted: Share = 0.2


class RetrainConfig(_Section):
    """When the model is trained anew."""

    #: how far roc_auc, realised or estimated, may lie below the champion's own
    on_performance_drop: Annotated[float, Field(gt=0, lt=1)] = 0.02
    on_estimated_drop: Annotated[float, Field(gt=0, lt=1)] = 0.02
    on_drift: bool = True
    #: drift counts from this share of the model's weight in the columns that drifted
    drift_weight: Share = 0.3
    max_age_days: Annotated[int, Field(ge=1)] = 180
    min_new_outcomes: Annotated[int, Field(ge=1)] = 500
    #: leavers among the new outcomes that training because of drift takes
    min_new_leavers: Annotated[int, Field(ge=0)] = 100
    cool_down_days: Annotated[int, Field(ge=0)] = 7


class BandsConfig(_Section):
    """Risks from which a client is called high or medium."""

    high: Annotated[float, Field(gt=0, lt=1)]
    medium: Annotated[float, Field(gt=0, lt=1)]

    @model_validator(mode="after")
    def _in_order(self) -> BandsConfig:
        if self.medium >= self.high:
            raise ValueError(f"medium must be below high; got {self.medium} and {self.high}")
        return self


class WorklistConfig(_Section):
    """How the managers' list is cut."""

    #: clients that one client manager can call in a week
    capacity: Annotated[int, Field(ge=1)] = 15
    #: columns that a client manager can do something about; none named: all but dates
    actionable: tuple[str, ...] = ()
    bands: BandsConfig | None = None


class Config(_Section):
    """One installation's configuration."""

    data: DataConfig
    sources: tuple[Source, ...] = ()
    store: StoreConfig = StoreConfig()
    retention: RetentionConfig = RetentionConfig()
    schedule: ScheduleConfig = ScheduleConfig()
    model: ModelConfig = ModelConfig()
    monitoring: MonitoringConfig = MonitoringConfig()
    retrain: RetrainConfig = RetrainConfig()
    worklist: WorklistConfig = WorklistConfig()

    @model_validator(mode="after")
    def _names_are_apart(self) -> Config:
        names = [source.name for source in self.sources]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"every source needs a name of its own; {twice[0]!r} stands twice")
        return self


_SOURCES = {"folder": FolderSource, "sql": SqlSource}

_KINDS = {
    "int_type": "a whole number",
    "float_type": "a number",
    "string_type": "a text in quotes",
    "string_too_short": "a text that is not empty",
    "bool_type": "true or false",
    "dict_type": "a table",
    "tuple_type": "a list in square brackets",
    "model_type": "a table",
    "model_attributes_type": "a table",
    "path_type": "a path in quotes",
}


def _allowed_keys(loc: tuple[Any, ...]) -> list[str]:
    model: Any = Config
    named = False
    if loc[:1] == ("sources",):
        model, loc = _SOURCES[loc[2]], loc[3:]
    for step in loc:
        if isinstance(step, int) or named:  # a place in a list, or a name that the user chose
            named = False
            continue
        annotation = model.model_fields[step].annotation
        named = get_origin(annotation) is dict
        candidates = [annotation, *get_args(annotation)]
        model = next(c for c in candidates if isinstance(c, type) and issubclass(c, BaseModel))
    return list(model.model_fields)


def _sentence(error: Any) -> str:
    loc = tuple(error["loc"])
    told = loc[:2] + loc[3:] if loc[:1] == ("sources",) else loc  # without the kind of the source
    key = ".".join(str(step + 1) if isinstance(step, int) else step for step in told) or "the file"
    kind, context, got = error["type"], error.get("ctx", {}), error["input"]
    if kind == "extra_forbidden":
        return f"Unknown key {key!r}; allowed here are {', '.join(_allowed_keys(loc[:-1]))}."
    if kind == "missing":
        return f"The key {key!r} is missing and has no default."
    if kind == "union_tag_not_found":
        return f"The key '{key}.kind' is missing and has no default."
    if kind == "union_tag_invalid":
        return f"'{key}.kind' must be one of 'folder' or 'sql'; got {context['tag']!r}."
    if kind == "literal_error":
        return f"{key!r} must be one of {context['expected']}; got {got!r}."
    if kind == "value_error":
        return f"{key!r}: {context['error']}." + ("" if isinstance(got, dict) else f" Got {got!r}.")
    wanted = _KINDS.get(kind) or error["msg"].removeprefix("Input should be ").removeprefix("Value should ")
    return f"{key!r} must be {wanted}; got {got!r}."


def parse_config(content: dict[str, Any], folder: Path) -> Config:
    """Values of config.toml as a frozen `Config`; relative paths resolve against `folder`.

    Raises `ConfigError` with one sentence for the first fault: the key, what was got, what is allowed.
    """
    try:
        config = Config.model_validate(_toml_types(content))
    except ValidationError as error:
        raise ConfigError(_sentence(error.errors()[0])) from None
    sources = tuple(_placed(source, folder) for source in config.sources)
    store = config.store.model_copy(update={"files": folder / config.store.files})
    return config.model_copy(update={"sources": sources, "store": store})


def _placed(source: FolderSource | SqlSource, folder: Path) -> FolderSource | SqlSource:
    """A source whose folder or SQLite file does not depend on where the program was started."""
    if isinstance(source, FolderSource):
        return source.model_copy(update={"path": folder / source.path})
    file = re.fullmatch(r"(sqlite(?:\+\w+)?:///)(.+)", source.url, re.DOTALL)
    if file is None or file[2].startswith(("/", "${", "file:", ":memory:")):
        return source
    return source.model_copy(update={"url": f"{file[1]}{quote(str(folder))}/{file[2]}"})


def _toml_types(value: Any) -> Any:
    """TOML has lists only; the strict types want tuples."""
    if isinstance(value, dict):
        return {name: _toml_types(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return tuple(_toml_types(inner) for inner in value)
    return value


def load_config(path: Path) -> Config:
    """Read `path` (config.toml). Raises `ConfigError` when it is absent, no TOML, or says what it must not."""
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        raise ConfigError(f"No configuration at {path}: name the file with --config or RISK_CONFIG.") from None
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror}.") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} is not valid TOML: {error}.") from None
    try:
        return parse_config(content, path.resolve().parent)
    except ConfigError as error:
        raise ConfigError(f"{path}: {error}") from None
