"""One installation: config, store, files, clock. The composition root."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

import pandas as pd
import pyarrow as pa

from core import ingestion, registry
from core.config import Config, FolderSource, StoreConfig, load_config
from core.dataset import Dataset, resolve, retell
from core.errors import BellwetherError, ConfigError, DamagedDataset
from core.ingestion import conform
from core.model import AdditiveModel
from core.parts import ROWS, SEEN, Rewritten, Shelf
from core.records import Batch, Version
from core.schema import Contract
from core.store import ingested, migrations
from core.store.database import Store, connect, sqlite_url

Clock = Callable[[], datetime]
T = TypeVar("T")


HOME = Path(__file__).resolve().parents[1]


def config_path(given: str | None = None) -> Path:
    """The config file: the one given, else RISK_CONFIG, else config.toml beside the program."""
    return Path(given or os.environ.get("RISK_CONFIG") or HOME / "config.toml")


def utc_now() -> datetime:
    """The only clock."""
    return datetime.now(UTC)


@dataclass(frozen=True)
class Parts:
    """Which batches there are, and where their rows stand."""

    #: batches that count, and batches that were withdrawn, in the order of arrival
    taken: list[Batch]
    withdrawn: list[Batch]
    #: ids of batches that did not count for a while
    reinstated: set[int]
    rewritten: Rewritten

    def without(self, batches: Collection[int]) -> Parts:
        """As if the rows of these batches (ids) were gone."""
        taken, withdrawn = (
            [batch for batch in known if batch.id not in batches] for known in (self.taken, self.withdrawn)
        )
        return replace(self, taken=taken, withdrawn=withdrawn)


@dataclass(frozen=True)
class Workspace:
    """Where one company's clients, models and results are kept."""

    config: Config
    config_path: Path
    store: Store
    now: Clock

    @property
    def folder(self) -> Path:
        """The workspace folder."""
        return self.config.store.files

    @property
    def models_folder(self) -> Path:
        """Versions."""
        return self.folder / "models"

    @property
    def reports_folder(self) -> Path:
        """Reports."""
        return self.folder / "reports"

    def at(self, instant: datetime) -> Workspace:
        """The same workspace as it was known at `instant`: read-only."""
        return replace(self, store=replace(self.store, at=instant), now=lambda: instant)

    def contract(self) -> Contract | None:
        """The client contract; None before the first batch."""
        with self.store.reading() as db:
            content = ingested.read_contract(db)
            if content is None and ingested.taken_batches(db):  # history that was replayed later
                content = ingested.first_contract(db)
        return Contract.from_json(content) if content else None

    def champion(self) -> Version | None:
        """The version that scores clients."""
        with self.store.reading() as db:
            return registry.champion(db)

    def model(self, version: Version) -> AdditiveModel:
        """A stored model, verified."""
        return registry.load_model(self.models_folder, version)

    def dataset(self, *, without: Collection[int] = ()) -> Dataset | None:
        """Everything known; None before the first batch of clients. `without`: ids of batches that are left out.

        Raises `DamagedDataset` when a file of it is gone or cannot be read.
        """
        contract = self.contract()
        if contract is None:
            return None
        return self.reading_parts(lambda parts: self._dataset(contract, parts.without(without)))

    def reading_parts(self, read: Callable[[Parts], T]) -> T:
        """What `read` makes of the parts; once more whenever others moved them meanwhile, for then files go.

        Raises `DamagedDataset` when a file is gone, or cannot be read, that should be there.
        """
        parts = self._parts()
        while True:
            try:
                return read(parts)
            except DamagedDataset:
                now = self._parts()
                if now == parts:
                    raise
                parts = now

    def _parts(self) -> Parts:
        with self.store.reading() as db:
            return Parts(
                ingested.taken_batches(db), ingested.withdrawn_batches(db), ingested.reinstated_batches(db),
                ingested.rewritten(db),
            )  # fmt: skip

    def _dataset(self, contract: Contract, parts: Parts) -> Dataset | None:
        def rows(ending: str, batches: list[Batch], holds: str) -> pd.DataFrame:
            own = [batch for batch in batches if batch.holds == holds]
            return _as_frame(self.shelf.read(ending, own, parts.rewritten, lambda table: conform(table, contract)))

        snapshots, seen = rows(ROWS, parts.taken, "clients"), rows(SEEN, parts.taken, "clients")
        late = rows(ROWS, parts.taken, "outcomes")
        if parts.withdrawn or parts.reinstated:
            gone, told = rows(ROWS, parts.withdrawn, "clients"), rows(ROWS, parts.withdrawn, "outcomes")
            snapshots, seen = retell(snapshots, seen, gone, parts.reinstated, dated=contract.dated)
            late, _ = retell(late, rows(SEEN, parts.taken, "outcomes"), told, parts.reinstated, dated=True)
        if len(snapshots) == 0:
            return None
        return resolve(
            snapshots, seen, late, contract, at=self.now(), horizon_days=self.config.data.horizon_days
        )  # fmt: skip

    @property
    def shelf(self) -> Shelf:
        """Where parts stand."""
        return Shelf(self.folder / "dataset", self.folder / "rejected")

    @property
    def lists_folder(self) -> Path:
        """The current clients as they stand on the list; made anew by every run."""
        return self.folder / "lists"

    @property
    def fetched_folder(self) -> Path:
        """Rows that were fetched from a database and are being taken in."""
        return self.folder / "fetched"


def _as_frame(table: pa.Table | None) -> pd.DataFrame:
    if table is None:
        columns = ["_client", "_as_of", "_outcome", "_content", "_batch", "_known_at"]
        empty = pd.DataFrame({name: pd.Series(dtype=object) for name in columns})
        utc = "datetime64[us, UTC]"
        return empty.astype({"_as_of": utc, "_known_at": utc, "_outcome": "float64", "_batch": "int64"})
    return ingestion.as_frame(table)


#: lies in the workspace folder while a backup takes the place of what was there
RESTORING = "restoring"


def open_workspace(config_path: Path, now: Clock = utc_now, *, restoring: bool = False) -> Workspace:
    """Open (on first use: make) the workspace that a config file describes, and bring its store up to date.

    Raises when a restore did not come to its end, unless it is that what goes on.
    """
    config = load_config(config_path)
    if not restoring and (config.store.files / RESTORING).is_file():
        archive = (config.store.files / RESTORING).read_text(encoding="utf-8")
        raise BellwetherError(f"Restoring {archive} did not come to its end; run `python -m core restore` again.")
    folders = [source.path for source in config.sources if isinstance(source, FolderSource)]
    ours = [path for path in folders if path.resolve().is_relative_to(config.store.files.resolve())]
    for folder in [config.store.files, *ours]:  # others are the customer's
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ConfigError(f"The folder {folder} cannot be made: {error.strerror}.") from None
    engine = connect(config.store.url or sqlite_url(config.store.files / "risk.db"))
    migrations.migrate(engine, now())
    return Workspace(config, config_path.resolve(), Store(engine), now)


def scratch(own: Workspace, folder: Path, now: Clock) -> Workspace:
    """A workspace of its own in `folder` with the same configuration, but for where it reads from and keeps things.

    It has one source, the folder `incoming` below, whose files are as Bellwether itself writes them.
    """
    incoming = folder / "incoming"
    incoming.mkdir(parents=True, exist_ok=True)
    plain = {"rename": {}, "separator": "auto", "decimal": "auto", "encoding": "auto", "date_format": "auto"}
    config = own.config.model_copy(
        update={
            "data": own.config.data.model_copy(update=plain),
            "sources": (FolderSource(name="incoming", kind="folder", path=incoming, settle_seconds=0),),
            "store": StoreConfig(files=folder),
        }
    )
    engine = connect(sqlite_url(folder / "risk.db"))
    migrations.migrate(engine, now())
    return Workspace(config, own.config_path, Store(engine), now)
