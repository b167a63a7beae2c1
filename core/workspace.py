"""One installation: config, store, files, clock. The composition root."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa

from core import files, registry
from core.config import Config, FolderSource, load_config
from core.dataset import Dataset, resolve
from core.model import AdditiveModel
from core.records import Batch, Version
from core.schema import Contract
from core.store import ingested, migrations
from core.store.database import Store, connect, sqlite_url

Clock = Callable[[], datetime]


HOME = Path(__file__).resolve().parents[1]


def config_path(given: str | None = None) -> Path:
    """The config file: the one given, else RISK_CONFIG, else config.toml beside the program."""
    return Path(given or os.environ.get("RISK_CONFIG") or HOME / "config.toml")


def utc_now() -> datetime:
    """The only clock."""
    return datetime.now(UTC)


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
    def dataset_folder(self) -> Path:
        """Parquet parts."""
        return self.folder / "dataset"

    @property
    def rejected_folder(self) -> Path:
        """Rejected rows."""
        return self.folder / "rejected"

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

    def dataset(self) -> Dataset | None:
        """Everything known; None before the first batch of clients."""
        contract = self.contract()
        if contract is None:
            return None
        with self.store.reading() as db:
            taken = ingested.taken_batches(db)
        if not any(batch.accepted for batch in taken if batch.holds == "clients"):
            return None
        snapshots = self._rows([batch for batch in taken if batch.holds == "clients"], "")
        seen = self._rows([batch for batch in taken if batch.holds == "clients"], SEEN)
        late = self._rows([batch for batch in taken if batch.holds == "outcomes"], "")
        at = self.now()
        return resolve(
            snapshots, seen, late, contract, at=at, horizon_days=self.config.data.horizon_days
        )  # fmt: skip

    def part_path(self, batch_part: str, suffix: str = "") -> Path:
        """The file of a part, or of what stands beside it (`SEEN`, `INDEX`)."""
        return self.dataset_folder / f"{batch_part}{suffix or PART}"

    def _rows(self, batches: list[Batch], suffix: str) -> pd.DataFrame:
        """Rows of these batches' parts in order of arrival, with `_batch` and `_known_at`."""
        tables = []
        for batch in batches:
            path = self.part_path(batch.part, suffix)
            if not batch.part or not path.is_file():
                continue
            table = files.read_part(path)
            table = table.append_column("_batch", pa.repeat(pa.scalar(batch.id, pa.int64()), len(table)))
            known = pa.scalar(batch.known_at, pa.timestamp("us", tz="UTC"))
            tables.append(table.append_column("_known_at", pa.repeat(known, len(table))))
        if not tables:
            columns = ["_client", "_as_of", "_outcome", "_content", "_batch", "_known_at"]
            empty = pd.DataFrame({name: pd.Series(dtype=object) for name in columns})
            utc = "datetime64[us, UTC]"
            return empty.astype({"_as_of": utc, "_known_at": utc, "_outcome": "float64", "_batch": "int64"})
        whole = pa.concat_tables(tables, promote_options="default")
        return whole.to_pandas(types_mapper={pa.string(): pd.StringDtype(na_value=np.nan)}.get)


#: endings of the files of a part
PART, SEEN, INDEX, REJECTED = ".parquet", ".seen.parquet", ".keys.npy", ".rejected.parquet"


def open_workspace(config_path: Path, now: Clock = utc_now) -> Workspace:
    """Open (on first use: make) the workspace that a config file describes, and bring its store up to date."""
    config = load_config(config_path)
    config.store.files.mkdir(parents=True, exist_ok=True)
    folders = [source.path for source in config.sources if isinstance(source, FolderSource)]
    for folder in folders:
        if folder.resolve().is_relative_to(config.store.files.resolve()):  # ours; others are the customer's
            folder.mkdir(parents=True, exist_ok=True)
    engine = connect(config.store.url or sqlite_url(config.store.files / "risk.db"))
    migrations.migrate(engine, now())
    return Workspace(config, config_path.resolve(), Store(engine), now)
