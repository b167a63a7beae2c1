"""A champion made ready to score tables of texts."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from core import ingestion, scoring, values
from core.config import DataConfig
from core.errors import BellwetherError
from core.ingestion import TextTable
from core.model import AdditiveModel
from core.records import Version
from core.schema import CATEGORICAL, Contract
from core.scoring import unfamiliar
from core.values import PLAIN, Spelling
from core.workspace import Workspace

NO_MODEL = "There is no model to score with yet: run `python -m core run` once outcomes are known."


@dataclass(frozen=True, eq=False)
class ScoredTexts:
    """Scored rows (n,) of a table, as texts."""

    #: calibrated, (n,)
    risk: np.ndarray
    band: pa.Array
    reasons: list[pa.Array]
    #: what is like nothing that was learned from, in a sentence; null: nothing
    strange: pa.Array
    #: column -> rows whose value of it is like nothing that was learned from
    strange_columns: dict[str, int]
    #: column -> cells that could not be read and counted as missing
    unreadable: dict[str, int]

    def strange_first(self) -> list[pa.Array]:
        """The reasons, and where there was nothing like a client before, that in front of them."""
        known = pc.is_valid(self.strange)
        shifted = [self.strange, *self.reasons[:-1]]
        return [pc.if_else(known, moved, reason) for moved, reason in zip(shifted, self.reasons, strict=True)]


@dataclass(frozen=True)
class Scorer:
    """What scoring needs. Made by `scorer`."""

    #: the contract with the columns that the champion looks at
    contract: Contract
    model: AdditiveModel
    version: Version
    cuts: scoring.BandCuts
    writer: scoring.ReasonWriter
    config: DataConfig
    at: datetime
    spelling: Spelling = PLAIN
    #: names that the whole contract spells
    known: tuple[str, ...] = ()

    def spelled(self, table: TextTable) -> Scorer:
        """Ready for the way in which numbers and dates are spelled in a file."""
        columns = [column.name for column in self.contract.columns if column.kind != CATEGORICAL]
        columns += [self.contract.as_of] if self.contract.as_of in table.names else []
        evidence = ingestion.gather(table.chunks(), columns, self.config)
        return replace(self, spelling=ingestion.choose(evidence, self.config, "").spelling)

    def score(self, table: pa.Table) -> ScoredTexts:
        """Risks of the rows of a table whose columns go by the contract's names."""
        as_of = pd.Series(pd.Timestamp(self.at), index=range(table.num_rows)).astype("datetime64[us, UTC]")
        if self.contract.dated and self.contract.as_of in table.column_names:
            dates, _ = values.instants(
                values.trim(table[self.contract.as_of], self.config.missing), self.spelling.dates
            )
            as_of = dates.to_pandas().fillna(pd.Timestamp(self.at))
        features, unreadable = ingestion.read_features(table, self.contract.columns, self.config, as_of, self.spelling)
        absent = [column.name for column in self.model.columns if column.name not in features]
        scored = scoring.score(self.model, features.assign(**dict.fromkeys(absent, np.nan)))
        provisional = np.full(table.num_rows, scoring.PROVISIONAL)
        band = provisional if self.version.provisional else self.cuts.band(scored.risk)
        found = unfamiliar.unfamiliar(self.model, scored.encoded)
        counted = {name: int(mask.sum()) for name, mask in found.columns.items() if name in features and mask.any()}
        strange = self._told(found, features)
        return ScoredTexts(scored.risk, pa.array(band), self.writer.write(scored), strange, counted, unreadable)

    def _told(self, found: unfamiliar.Unfamiliar, features: pd.DataFrame) -> pa.Array:
        texts = np.full(len(features), None, dtype=object)
        places = np.flatnonzero(found.any())
        if len(places):
            own = unfamiliar.Unfamiliar({name: mask[places] for name, mask in found.columns.items()})
            said = unfamiliar.told(self.model, own, features.iloc[places].reset_index(drop=True))
            texts[places] = [unfamiliar.sentence(one) for one in said]
        return pa.array(texts, pa.string())


def scorer(workspace: Workspace) -> Scorer:
    """The champion, ready to score. Raises a `BellwetherError` when there is none."""
    version, contract = workspace.champion(), workspace.contract()
    if version is None or contract is None:
        raise BellwetherError(NO_MODEL)
    model = workspace.model(version)
    known = (contract.client_id, contract.as_of, *contract.names)
    # what the champion uses and the contract no longer has counts as missing
    used = {(column.name, column.kind) for column in model.columns}
    contract = replace(contract, columns=tuple(c for c in contract.columns if (c.name, c.kind) in used))
    cuts = scoring.band_cuts(version.base_rate, workspace.config.worklist)
    writer = scoring.ReasonWriter(model)
    return Scorer(contract, model, version, cuts, writer, workspace.config.data, workspace.now(), known=known)
