from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from core.config import Config, SqlSource, load_config, parse_config
from core.errors import ConfigError
from tests.builders import toml

ROOT = Path(__file__).resolve().parents[1]

FOLDER = {"name": "incoming", "kind": "folder", "path": "incoming"}


def config(**sections: Any) -> dict[str, Any]:
    """The least that is a configuration, with sections laid over it."""
    return {"data": {"outcome": "exited"}} | sections


def data(**keys: Any) -> dict[str, Any]:
    return config(data={"outcome": "exited"} | keys)


WRONG = [
    ({}, "The key 'data' is missing and has no default."),
    ({"data": {}}, "The key 'data.outcome' is missing and has no default."),
    ({"data": 3}, "'data' must be a table; got 3."),
    (data(outcome=""), "'data.outcome' must be a text that is not empty; got ''."),
    (data(outcome=1), "'data.outcome' must be a text in quotes; got 1."),
    (
        config(colour={}),
        "Unknown key 'colour'; allowed here are "
        "data, sources, store, retention, schedule, model, monitoring, retrain, worklist.",
    ),
    (
        config(store={"folder": "x"}),
        "Unknown key 'store.folder'; allowed here are files, url.",
    ),
    (
        config(sources=[FOLDER, FOLDER | {"name": "b", "pth": "x"}]),
        "Unknown key 'sources.2.pth'; allowed here are name, kind, path, holds, sheet, settle_seconds.",
    ),
    (
        config(model={"gate": {"min_outcome": 3}}),
        "Unknown key 'model.gate.min_outcome'; allowed here are min_outcomes, min_each, non_inferiority, leak_roc_auc, "
        "max_reshuffle.",
    ),
    (
        config(worklist={"bands": {"high": 0.5, "medium": 0.2, "low": 0.1}}),
        "Unknown key 'worklist.bands.low'; allowed here are high, medium.",
    ),
    (
        data(bounds={"activity": {"minimum": 0}}),
        "Unknown key 'data.bounds.activity.minimum'; allowed here are min, max.",
    ),
    (
        data(bounds={"min": {"minimum": 0}}),
        "Unknown key 'data.bounds.min.minimum'; allowed here are min, max.",
    ),
    (data(bounds={"activity": {"min": "0"}}), "'data.bounds.activity.min' must be a number; got '0'."),
    (
        data(bounds={"activity": {"min": 5, "max": 1}}),
        "'data.bounds.activity': min must not be above max; got 5 and 1.",
    ),
    (data(ignore="name"), "'data.ignore' must be a list in square brackets; got 'name'."),
    (data(ignore=["a", 3]), "'data.ignore.2' must be a text in quotes; got 3."),
    (data(rename=["a"]), "'data.rename' must be a table; got ('a',)."),
    (data(rename={"a": 1}), "'data.rename.a' must be a text in quotes; got 1."),
    (data(value_per="week"), "'data.value_per' must be one of 'year' or 'month'; got 'week'."),
    (data(separator="x"), r"'data.separator' must be one of 'auto', ',', ';', '\t', '|', ':', '~' or '^'; got 'x'."),
    (
        data(encoding="utf-9"),
        "'data.encoding': 'auto', or the name of a text encoding such as 'utf-8', 'utf-16' or 'cp1252'. Got 'utf-9'.",
    ),
    (data(horizon_days=-1), "'data.horizon_days' must be greater than or equal to 0; got -1."),
    (data(horizon_days=1.5), "'data.horizon_days' must be a whole number; got 1.5."),
    (data(horizon_days=True), "'data.horizon_days' must be a whole number; got True."),
    (data(stale_after="30"), "'data.stale_after' must be a whole number; got '30'."),
    (data(max_bad_cells=1.5), "'data.max_bad_cells' must be less than or equal to 1; got 1.5."),
    (
        data(positive=["Yes", "1"], negative=["no", " yes "]),
        "'data': positive and negative must differ; both name 'yes'.",
    ),
    (
        data(positive=["s\u00ed"], negative=["si\u0301"]),
        "'data': positive and negative must differ; both name 's\u00ed'.",
    ),
    (
        data(negative=["0", " "]),
        "'data.negative': a blank is no spelling of an outcome: it says that the outcome is not known yet. "
        "Got ('0', ' ').",
    ),
    (
        data(positive=[""]),
        "'data.positive': a blank is no spelling of an outcome: it says that the outcome is not known yet. Got ('',).",
    ),
    (
        data(negative=["no", "NULL"]),
        "'data': a spelling of an outcome cannot also be one of missing, which says that it is not known yet; "
        "got 'null' as both.",
    ),
    (config(sources=FOLDER), f"'sources' must be a list in square brackets; got {FOLDER!r}."),
    (config(sources=["incoming"]), "'sources.1' must be a table; got 'incoming'."),
    (config(sources=[{"name": "a", "kind": "folder"}]), "The key 'sources.1.path' is missing and has no default."),
    (config(sources=[FOLDER | {"kind": "ftp"}]), "'sources.1.kind' must be one of 'folder' or 'sql'; got 'ftp'."),
    (config(sources=[{"name": "a", "path": "b"}]), "The key 'sources.1.kind' is missing and has no default."),
    (
        config(sources=[FOLDER | {"colour": 1}]),
        "Unknown key 'sources.1.colour'; allowed here are name, kind, path, holds, sheet, settle_seconds.",
    ),
    (config(sources=[{"name": "a", "kind": "sql", "url": "u"}]), "'sources.1': give either table or query."),
    (
        config(sources=[{"name": "a", "kind": "sql", "url": "u", "table": "t", "overlap": 60}]),
        "'sources.1': overlap is about the cursor; name one, or leave overlap out.",
    ),
    (config(sources=[FOLDER | {"name": ""}]), "'sources.1.name' must be a text that is not empty; got ''."),
    (config(sources=[FOLDER | {"path": 3}]), "'sources.1.path' must be a path in quotes; got 3."),
    (
        config(sources=[FOLDER, FOLDER]),
        "'the file': every source needs a name of its own; 'incoming' stands twice.",
    ),
    (config(store={"files": 3}), "'store.files' must be a path in quotes; got 3."),
    (
        config(schedule={"timezone": "Europe/Berln"}),
        "'schedule.timezone': a time zone such as 'UTC' or 'Europe/Berlin'. Got 'Europe/Berln'.",
    ),
    (config(model={"families": []}), "'model.families': at least one of 'logistic', 'ebm'. Got ()."),
    (config(model={"families": ["forest"]}), "'model.families.1' must be one of 'logistic' or 'ebm'; got 'forest'."),
    (config(model={"folds": 1}), "'model.folds' must be greater than or equal to 2; got 1."),
    (config(model={"seed": "0"}), "'model.seed' must be a whole number; got '0'."),
    (config(model={"gate": {"leak_roc_auc": 0.5}}), "'model.gate.leak_roc_auc' must be greater than 0.5; got 0.5."),
    (
        config(monitoring={"numeric": {"threshold": "high"}}),
        "'monitoring.numeric.threshold' must be a number; got 'high'.",
    ),
    (
        config(monitoring={"categorical": {"method": "ks"}}),
        "'monitoring.categorical.method' must be one of 'total_variation', 'psi', 'l_infinity' or 'jensen_shannon'; "
        "got 'ks'.",
    ),
    (config(retrain={"on_drift": 1}), "'retrain.on_drift' must be true or false; got 1."),
    (config(retrain={"on_performance_drop": 1}), "'retrain.on_performance_drop' must be less than 1; got 1."),
    (
        config(worklist={"bands": {"high": 0.2, "medium": 0.5}}),
        "'worklist.bands': medium must be below high; got 0.5 and 0.2.",
    ),
]


@pytest.mark.parametrize(("content", "sentence"), WRONG, ids=[sentence for _, sentence in WRONG])
def test_a_fault_is_told_with_its_key_what_was_got_and_what_is_allowed(content: dict, sentence: str) -> None:
    with pytest.raises(ConfigError) as told:
        parse_config(content, Path("/"))
    assert str(told.value) == sentence


def test_the_shipped_config_loads_and_means_the_corporate_table() -> None:
    shipped = load_config(ROOT / "config.toml")
    assert (shipped.data.client_id, shipped.data.outcome) == ("corporation", "exited")
    assert [source.path for source in shipped.sources] == [ROOT / "data" / "incoming"]
    assert shipped.store.files == ROOT / "data"


def test_what_the_shipped_config_says_of_the_model_and_of_retraining_is_the_default() -> None:
    shipped, least = load_config(ROOT / "config.toml"), parse_config(config(), ROOT)
    assert shipped.model == least.model
    assert shipped.retrain == least.retrain
    assert shipped.schedule == least.schedule
    assert shipped.data.missing == least.data.missing


def write(path: Path, text: str | bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


SMALL = """
[data]
outcome = "exited"
[[sources]]
name = "incoming"
kind = "folder"
path = "drop/here"
[store]
files = "../kept"
"""


def test_relative_paths_resolve_against_the_config_file_wherever_one_stands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path / "company" / "config.toml", SMALL)
    (tmp_path / "elsewhere").mkdir()
    for place, asked in (("elsewhere", "../company/config.toml"), ("company", "config.toml")):
        monkeypatch.chdir(tmp_path / place)
        loaded = load_config(Path(asked))
        assert loaded.sources[0].path == tmp_path / "company" / "drop" / "here"
        assert loaded.store.files.resolve() == tmp_path / "kept"


@pytest.mark.parametrize(
    ("url", "placed"),
    [
        ("sqlite:///crm/clients.db", "sqlite:////company/crm/clients.db"),
        ("sqlite+pysqlite:///clients.db?timeout=5", "sqlite+pysqlite:////company/clients.db?timeout=5"),
        ("sqlite:////srv/crm.db", "sqlite:////srv/crm.db"),
        ("sqlite:///${CRM_FILE}", "sqlite:///${CRM_FILE}"),
        ("sqlite:///file:crm.db?mode=ro&uri=true", "sqlite:///file:crm.db?mode=ro&uri=true"),
        ("postgresql+psycopg://host/crm", "postgresql+psycopg://host/crm"),
    ],
)
def test_an_sqlite_source_is_found_from_the_folder_of_the_config_file(url: str, placed: str) -> None:
    source = {"name": "crm", "kind": "sql", "url": url, "table": "clients"}
    for folder, written in (("/company", "/company"), ("/our 100%/company", "/our%20100%25/company")):
        found = parse_config(config(sources=[source]), Path(folder)).sources[0]
        assert isinstance(found, SqlSource)
        assert found.url == placed.replace("/company", written)


def test_absolute_paths_stay_what_they_are(tmp_path: Path) -> None:
    path = write(tmp_path / "a" / "config.toml", SMALL.replace("../kept", str(tmp_path / "kept")))
    assert load_config(path).store.files == tmp_path / "kept"


def test_a_config_that_is_not_there_is_told_with_the_ways_to_name_one(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"^No configuration at .*none\.toml: name the file with --config or RISK_"):
        load_config(tmp_path / "none.toml")


def test_a_folder_is_no_config(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"cannot be read: Is a directory\.$"):
        load_config(tmp_path)


@pytest.mark.parametrize("content", [b"[data\n", b'[data]\noutcome = "\xff"\n', b'[data]\noutcome = "a"\n[data]\n'])
def test_what_is_no_toml_is_told_with_the_file(tmp_path: Path, content: bytes) -> None:
    path = write(tmp_path / "config.toml", content)
    with pytest.raises(ConfigError, match=r"config\.toml is not valid TOML: .+\.$"):
        load_config(path)


def test_a_fault_in_a_file_is_told_with_the_file(tmp_path: Path) -> None:
    path = write(tmp_path / "config.toml", '[data]\noutcom = "exited"\n')
    with pytest.raises(ConfigError) as told:
        load_config(path)
    assert str(told.value).startswith(f"{path}: ")
    assert "data.outcom" in str(told.value)


def test_a_byte_order_mark_before_the_config_is_read_over(tmp_path: Path) -> None:
    assert load_config(write(tmp_path / "config.toml", b"\xef\xbb\xbf" + SMALL.encode())).data.outcome == "exited"


def test_columns_may_be_called_like_our_own_keys() -> None:
    names = {"path": "route", "files": "number_of_files", "min": "least"}
    assert parse_config(data(rename=names), Path("/")).data.rename == names


def test_the_thresholds_that_were_agreed_are_the_defaults() -> None:
    least = parse_config(config(), Path("/"))
    gate, monitoring, retrain = least.model.gate, least.monitoring, least.retrain
    assert (gate.min_outcomes, gate.min_each, gate.non_inferiority) == (200, 20, 0.002)
    assert (monitoring.min_rows, monitoring.few_rows, monitoring.q) == (30, 200, 0.01)
    assert (monitoring.numeric.method, monitoring.numeric.threshold) == ("ks", 0.1)
    assert (monitoring.categorical.method, monitoring.categorical.threshold) == ("total_variation", 0.1)
    assert (retrain.on_estimated_drop, retrain.drift_weight, retrain.min_new_leavers) == (0.02, 0.3, 100)
    assert (retrain.on_performance_drop, retrain.max_age_days, retrain.min_new_outcomes) == (0.02, 180, 500)
    assert (least.data.horizon_days, least.data.stale_after, least.data.max_bad_cells) == (0, 0, 0.5)
    assert least.data.missing == ("", "?", "NA", "NaN", "null")


def test_the_least_values_that_are_allowed_are_allowed() -> None:
    least = parse_config(
        {
            "data": {"outcome": "x", "bounds": {"a": {"min": 1, "max": 1}}, "max_bad_cells": 0},
            "model": {"folds": 2, "seed": 0, "gate": {"min_outcomes": 2, "min_each": 1}},
            "monitoring": {"min_rows": 2, "few_rows": 2, "reference_rows": 1000},
            "retrain": {"max_age_days": 1, "min_new_outcomes": 1},
        },
        Path("/"),
    )
    assert least.model.gate.min_each == 1


def test_whole_numbers_stand_for_numbers() -> None:
    assert parse_config(data(bounds={"a": {"min": 0}}), Path("/")).data.bounds["a"].min == 0.0


def test_a_config_cannot_be_changed() -> None:
    loaded = parse_config(config(), Path("/"))
    for part, name in ((loaded, "data"), (loaded.data, "outcome"), (loaded.model.gate, "min_each")):
        with pytest.raises(ValidationError, match="frozen"):
            setattr(part, name, None)


texts = st.text("ab1.-ü' ", max_size=5)
anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=5,
)
sections = st.sampled_from([*Config.model_fields, "other"])
keys = st.sampled_from(
    sorted(
        {"x", "bounds", "rename", "gate", "bands", "families"}
        | {
            name
            for field in Config.model_fields.values()
            if hasattr(field.annotation, "model_fields")
            for name in field.annotation.model_fields
        }
    )
)


@given(st.dictionaries(sections, anything | st.dictionaries(keys, anything, max_size=3), max_size=3))
def test_whatever_stands_in_a_config_it_loads_or_is_refused_in_one_sentence(content: dict) -> None:
    try:
        parse_config({"data": {"outcome": "exited"}} | content, Path("/"))
        sentence = "It loads."
    except ConfigError as error:
        sentence = str(error)
    assert sentence.endswith(".")
    assert "Input should" not in sentence


def test_the_builder_writes_the_toml_it_is_asked_for(tmp_path: Path) -> None:
    asked = data(missing=["", "?"], rename={'a "b"': "c"}, max_bad_cells=0.25) | {"sources": [FOLDER]}
    text = "".join(f"{section} = {toml(content)}\n" for section, content in asked.items())
    assert load_config(write(tmp_path / "config.toml", text)) == parse_config(asked, tmp_path)
