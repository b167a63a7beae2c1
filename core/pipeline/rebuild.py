"""Make a stored version again, and hold it against what was stored."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from pydantic import ValidationError

from core import registry, training
from core.config import DataConfig, ModelConfig
from core.dataset import Dataset
from core.errors import BellwetherError
from core.model import AdditiveModel
from core.pipeline.recipe import fitted, material
from core.pipeline.running import Progress, silent
from core.records import Version
from core.schema import Contract
from core.wording import listed, number, plural
from core.workspace import Workspace

_PARTS = {
    "columns": "its columns",
    "terms": "its terms",
    "intercept": "its intercept",
    "slope": "its calibration",
    "shift": "its calibration",
    "knots": "its calibration",
    "check_rows": "its check-rows",
    "check_log_odds": "its check-scores",
    "check_risks": "its check-scores",
}


@dataclass(frozen=True)
class Rebuilt:
    """What came of making a version again."""

    version: str
    #: to the bit
    same: bool
    #: what came out otherwise, in words
    differences: tuple[str, ...]
    #: what is not as it was when the version was made, in words
    causes: tuple[str, ...]
    sentence: str


def rebuild(workspace: Workspace, name: str, progress: Progress = silent) -> Rebuilt:
    """Train version `name` (its id, or an unmistakable beginning) again as its manifest says, and compare.

    From the rows known when it was made, with its configuration and seed. Writes nothing. Raises `NotFound`,
    `DamagedVersion` where its files are gone, and `BellwetherError` where it cannot be made at all.
    """
    with workspace.store.reading() as db:
        version = registry.find(db, name)
    manifest = registry.read_manifest(workspace.models_folder, version)
    stored = workspace.model(version)
    learned = registry.load_learned(workspace.models_folder, version)
    data, config = _config_of(version, manifest)
    then = _as_it_was(workspace, version, data, config)
    dataset, contract = then.dataset(), Contract.from_json(manifest["client_contract"])
    causes = _causes(then, version, manifest, dataset)
    if dataset is None:
        raise _impossible(version, "nothing that was known then is left", causes)
    try:
        made_from = material(dataset, contract, config, data.horizon_days, version.known_at)
        contest = training.hold_contest(made_from.known, made_from.features, config, data.horizon_days, progress)
        made = fitted(made_from, config, contest, version.family)
    except BellwetherError as error:
        raise _impossible(version, str(error).rstrip("."), causes) from None
    again = training.as_learned(made_from.known, made.risk)
    causes += _rows_changed(learned, again)
    differences = (*_model_differences(stored, made.model), *_risk_differences(learned, again))
    progress(1.0, "")
    sentence = _sentence(version, differences, causes, len(learned))
    return Rebuilt(version.version, not differences, differences, tuple(causes), sentence)


def _config_of(version: Version, manifest: Mapping[str, Any]) -> tuple[DataConfig, ModelConfig]:
    """The data and model sections that a version was made with; keys that came later have their defaults."""
    try:
        data, config = (json.dumps(manifest[section]) for section in ("data", "config"))
        return DataConfig.model_validate_json(data), ModelConfig.model_validate_json(config)
    except KeyError as error:
        raise _impossible(version, f"its manifest does not tell its {error.args[0]} section", []) from None
    except ValidationError as error:
        told = f"{'.'.join(map(str, error.errors()[0]['loc']))}: {error.errors()[0]['msg']}"
        raise _impossible(version, f"its configuration can no longer be read ({told})", []) from None


def _as_it_was(workspace: Workspace, version: Version, data: DataConfig, config: ModelConfig) -> Workspace:
    """The workspace as it was known when the version was made, configured as it was then."""
    configured = workspace.config.model_copy(update={"data": data, "model": config})
    return replace(workspace, config=configured).at(version.known_at)


def _impossible(version: Version, why: str, causes: list[str]) -> BellwetherError:
    since = f" Since it was made: {'; '.join(causes)}." if causes else ""
    return BellwetherError(f"Version {version.version} cannot be made again: {why}.{since}")


def _causes(then: Workspace, version: Version, manifest: Mapping[str, Any], dataset: Dataset | None) -> list[str]:
    """What is known not to be as it was."""
    changed = registry.changed_packages(dict(manifest))
    causes = [registry.said_of_packages(changed)] if changed else []
    if "erased" in manifest:
        causes.append(f"{plural(int(manifest['erased_rows']), 'row')} of erased clients are gone")
    if dataset is not None and dataset.fingerprint != version.fingerprint:
        causes.append(f"the dataset of that instant has another fingerprint ({dataset.fingerprint})")
    contract = then.contract()
    if contract is not None and contract.to_json() != manifest["client_contract"]:
        causes.append("the contract of that instant is another one")
    return causes


_KEY = ["_client", "_as_of"]


def _rows_changed(learned: pd.DataFrame, again: pd.DataFrame) -> list[str]:
    before, now = (pd.MultiIndex.from_frame(rows[_KEY]) for rows in (learned, again))
    gone, new = int((~before.isin(now)).sum()), int((~now.isin(before)).sum())
    both = learned.merge(again, on=_KEY, suffixes=("", "_now"))
    told = int((both["outcome"] != both["outcome_now"]).sum())
    changes = [
        f"{plural(gone, 'row')} that it learned from cannot be found" if gone else "",
        f"{plural(new, 'row')} may train that it did not learn from" if new else "",
        f"{plural(told, 'outcome')} are others" if told else "",
    ]
    return [change for change in changes if change]


def _model_differences(stored: AdditiveModel, made: AdditiveModel) -> list[str]:
    if stored.family != made.family:
        return [f"its family, which is {made.family} now,"]
    found = [
        _PARTS.get(field.name, field.name)
        for field in fields(stored)
        if not same_bits(getattr(stored, field.name), getattr(made, field.name))
    ]
    return list(dict.fromkeys(found))


def _risk_differences(learned: pd.DataFrame, again: pd.DataFrame) -> list[str]:
    both = learned.merge(again, on=_KEY, suffixes=("", "_now"))
    then, now = both["risk"].to_numpy(), both["risk_now"].to_numpy()
    other = ~((then == now) | (np.isnan(then) & np.isnan(now)))
    if len(both) == len(learned) == len(again) and not other.any():
        return []
    told = f"{int(other.sum()) + len(learned) - len(both):,} of {len(learned):,} out-of-fold risks"
    gaps = np.abs(then - now)[other]
    known = gaps[np.isfinite(gaps)]
    return [f"{told} (by up to {number(float(known.max()))})" if len(known) else told]


def same_bits(first: Any, second: Any) -> bool:
    """Whether two values, however nested, are the same down to the bits of their numbers (NaN equals NaN)."""
    if type(first) is not type(second):
        return False
    if is_dataclass(first):
        return all(same_bits(getattr(first, at.name), getattr(second, at.name)) for at in fields(first))
    if isinstance(first, np.ndarray):
        alike = first.dtype == second.dtype and first.shape == second.shape
        return bool(alike and first.tobytes() == second.tobytes())
    if isinstance(first, dict):
        return list(first) == list(second) and all(same_bits(first[key], second[key]) for key in first)
    if isinstance(first, tuple | list):
        return len(first) == len(second) and all(map(same_bits, first, second))
    if isinstance(first, float):
        return first.hex() == second.hex() if not math.isnan(first) else math.isnan(second)
    return bool(first == second)


def _sentence(version: Version, differences: tuple[str, ...], causes: list[str], rows: int) -> str:
    since = "; ".join(causes)
    if not differences:
        made = f"Version {version.version} was made again from what was known at {version.known_at:%Y-%m-%d %H:%M} UTC"
        same = f"the same model and the same {plural(rows, 'out-of-fold risk')}, to the bit"
        return f"{made}: {same}{f', although {since}' if since else ''}."
    why = (
        f"Since it was made: {since}."
        if since
        else "Its rows, configuration, seed and packages are as they were, so the program or the machine is another."
    )
    return f"Version {version.version} does not come out as it was stored: {listed(list(differences))} differ. {why}"
