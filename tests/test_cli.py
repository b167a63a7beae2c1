"""The command line: exit codes, one JSON document, one sentence for what went wrong."""

from __future__ import annotations

import csv
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from core.cli import main
from core.cli.questions import QUESTIONS
from core.workspace import HOME
from tests.builders import clients_frame, make_workspace, write_csv


@dataclass(frozen=True)
class Said:
    """What a command left behind."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        """Standard output as one JSON document, strictly."""
        return json.loads(self.out, parse_constant=lambda name: pytest.fail(f"{name} is no JSON"))


Command = Callable[..., Said]


@pytest.fixture
def command(capsys: pytest.CaptureFixture[str]) -> Command:
    """Run a command in this process."""

    def run(*arguments: object) -> Said:
        capsys.readouterr()
        code = main([str(argument) for argument in arguments])
        said = capsys.readouterr()
        return Said(code, said.out, said.err)

    return run


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The config of a workspace that took a file, refused another, and promoted a model."""
    folder = tmp_path_factory.mktemp("lived")
    workspace = make_workspace(folder, {"model": {"families": ["logistic"]}})
    frame = clients_frame(260, seed=1)
    frame["activity"] = frame["activity"].astype(object)
    frame.loc[3, "activity"] = "lots"
    write_csv(folder / "incoming" / "clients.csv", frame)
    write_csv(folder / "incoming" / "worse.csv", b"a,a\n1,2\n")
    assert main(["run", "--config", str(workspace.config_path)]) == 0
    return workspace.config_path


@pytest.fixture
def empty(tmp_path: Path) -> Path:
    """The config of a workspace in which nothing happened."""
    return make_workspace(tmp_path).config_path


# --- exit codes


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["divine"],
        ["score"],
        ["score", "clients.csv"],
        ["promote"],
        ["status", "--as-of", "yesterday"],
        ["ingest", "--known-at", "2026-13-01"],
        ["run", "--as-of", "2026-01-01"],
        ["status", "--loud"],
    ],
    ids=" ".join,
)
def test_wrong_usage_ends_with_2_and_says_how(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    said = capsys.readouterr()
    assert ended.value.code == 2
    assert said.out == ""
    assert said.err.startswith("usage: python -m core")


def test_help_names_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--help"])
    assert ended.value.code == 0
    shown = capsys.readouterr().out
    promised = (
        "run ingest train monitor packages report score versions promote rollback status decisions drift "
        "performance timings batches rejected contract backtest faults answer"
    )
    for name in promised.split():
        assert re.search(rf"^ +{name}\b", shown, re.MULTILINE), name


def refused(said: Said, sentence: str) -> None:
    """One sentence on standard error, nothing else, exit 1."""
    assert said.code == 1
    assert said.out == ""
    assert said.err.count("\n") == 1
    assert re.search(sentence, said.err), said.err


def test_a_refusal_ends_with_1_and_one_sentence(command: Command, empty: Path, tmp_path: Path) -> None:
    config = ("--config", empty)
    clients = write_csv(tmp_path / "file.csv", clients_frame(3))
    refused(command("score", clients, "-o", tmp_path / "out.csv", *config), "There is no model to score with yet")
    refused(
        command("score", tmp_path / "none.csv", "-o", tmp_path / "out.csv", *config), r"There is no file .*none\.csv"
    )
    refused(command("promote", "2026", *config), "There is no version '2026'; `python -m core versions` lists them")
    refused(command("rollback", *config), "There is no earlier champion to roll back to")
    refused(command("answer", "1", "real", *config), "There is no fault 1; `python -m core faults` lists them")
    refused(command("backtest", *config), "There is no history to live through: no clients have come in yet")
    for verb in ("train", "monitor", "report"):
        refused(command(verb, *config), "No clients yet: put a client file into ")
    assert not (tmp_path / "out.csv").exists()


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (None, "No configuration at .*"),
        ("data = ", "is not valid TOML"),
        ("[data]\noutcome = 'exited'\ncolour = 1\n", r"Unknown key 'data\.colour'; allowed here are "),
        ("[data]\nclient_id = 'x'\n", r"The key 'data\.outcome' is missing"),
        ("[data]\noutcome = 'exited'\n[model]\nfolds = 1\n", r"'model\.folds' must be"),
        (b"\xff\xfe\x00", "is not valid TOML"),
    ],
)
def test_a_faulty_config_is_a_sentence(
    command: Command, tmp_path: Path, content: str | bytes | None, sentence: str
) -> None:
    path = tmp_path / "config.toml"
    if content is not None:
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    refused(command("status", "--config", path), sentence)


def test_a_damaged_model_is_a_sentence(command: Command, tmp_path: Path) -> None:
    workspace = make_workspace(tmp_path, {"model": {"families": ["logistic"]}})
    file = write_csv(tmp_path / "incoming" / "clients.csv", clients_frame(250))
    command("run", "--config", workspace.config_path)
    (workspace.models_folder / workspace.champion().version / "model.joblib").write_bytes(b"")
    said = command("score", file, "-o", tmp_path / "out.csv", "--config", workspace.config_path)
    refused(said, r"model\.joblib of version .* was changed since it was stored and is not loaded")


def test_the_program_itself_ends_with_these_codes_and_no_traceback(empty: Path, tmp_path: Path) -> None:
    def run(*arguments: object) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "core", *map(str, arguments)],
            cwd=HOME, capture_output=True, text=True, check=False, timeout=60,
            env=os.environ | {"RISK_CONFIG": str(empty)},
        )  # fmt: skip

    done = run("status", "--json")
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout)["champion"] is None
    failed = run("score", tmp_path / "none.csv", "-o", tmp_path / "out.csv")
    assert (failed.returncode, failed.stdout) == (1, "")
    assert failed.stderr.count("\n") == 1
    assert "Traceback" not in failed.stderr


# --- documents


@pytest.mark.parametrize("question", sorted(QUESTIONS))
@pytest.mark.parametrize("where", ["lived", "empty"])
def test_every_question_is_answered_in_one_document_and_in_words(
    command: Command, request: pytest.FixtureRequest, question: str, where: str
) -> None:
    config = request.getfixturevalue(where)
    said = command(question, "--json", "--config", config)
    assert (said.code, said.err) == (0, "")
    json.dumps(said.document)
    words = command(question, "--config", config)
    assert (words.code, words.err) == (0, "")
    assert words.out.strip()


def test_in_words_a_document_is_read_without_knowing_python(command: Command, lived: Path, empty: Path) -> None:
    lines = command("contract", "--config", str(lived)).out.splitlines()
    place = lines.index("columns:")
    assert lines[0].startswith("client_id: ")
    assert all(len(line.split()) == 2 and line.startswith("  ") for line in lines[place + 1 : place + 3])
    told = command("status", "--config", str(empty)).out
    assert "champion: –" in told
    assert "worker:\n  alive: no\n" in told
    for said in (*lines, told, command("status", "--config", str(lived)).out):
        assert not any(mark in said for mark in ("{'", "None", "datetime", "('"))


def test_the_status_document_has_what_is_promised(command: Command, lived: Path, empty: Path) -> None:
    document = command("status", "--json", "--config", lived).document
    assert {"champion", "clients", "dataset", "worker", "last_run", "decision"} <= set(document)
    stayers = int((clients_frame(260, seed=1)["exited"] == 0).sum())
    assert document["clients"] == stayers
    assert document["dataset"]["rows"] == 260
    assert re.fullmatch(r"[0-9a-f]+", document["dataset"]["fingerprint"])
    assert re.fullmatch(r"\d{8}T\d{6}Z-[0-9a-f]{7}", document["champion"])
    assert document["decision"]["retrain"] is True
    assert document["decision"]["sentence"] == "Retrained: there is no model yet and 260 outcomes are known."
    assert document["last_run"]["kind"] == "full"
    assert document["last_run"]["state"] == "done"

    document = command("status", "--json", "--config", empty).document
    assert document["champion"] is None
    assert document["dataset"] == {"rows": 0, "outcomes": 0, "fingerprint": None}
    assert document["decision"] is None


def test_the_versions_document_has_what_is_promised(command: Command, lived: Path) -> None:
    (version,) = command("versions", "--json", "--config", lived).document
    assert {"version", "champion", "family", "metrics"} <= set(version)
    assert version["champion"] is True
    assert version["family"] == "logistic"
    assert set(version["metrics"]) == {
        "roc_auc", "average_precision", "brier", "log_loss", "f1", "precision", "recall", "accuracy",
        "calibration_error", "mean_risk_gap",
    }  # fmt: skip
    for metric in version["metrics"].values():
        assert metric["low"] <= metric["value"] <= metric["high"]
        assert metric["n"] <= 260
    assert version["metrics"]["roc_auc"]["n"] == 260


def test_versions_are_listed_newest_first_with_one_champion(command: Command, tmp_path: Path) -> None:
    workspace = make_workspace(
        tmp_path, {"model": {"families": ["logistic"]}}, lambda: datetime(2020, 1, 1, tzinfo=UTC)
    )
    config = ("--config", workspace.config_path)
    write_csv(tmp_path / "incoming" / "a.csv", clients_frame(30, seed=5).assign(exited=[0, 1] * 15))
    command("run", *config)
    write_csv(tmp_path / "incoming" / "b.csv", clients_frame(600, seed=1, first=100))
    command("run", *config)
    newer, older = command("versions", "--json", *config).document
    assert newer["known_at"] > older["known_at"]
    assert (newer["champion"], older["champion"]) == (True, False)
    said = command("rollback", "--json", *config)
    assert said.document["sentence"].startswith(f"{older['version']} is champion; ")
    assert [one["champion"] for one in command("versions", "--json", *config).document] == [False, True]
    assert command("promote", newer["version"], *config).code == 0
    assert command("status", "--json", *config).document["champion"] == newer["version"]


def test_the_batches_document_has_what_is_promised(command: Command, lived: Path) -> None:
    found = {one["name"]: one for one in command("batches", "--json", "--config", lived).document}
    taken, refused_one = found["clients.csv"], found["worse.csv"]
    assert {"name", "sha256", "read", "accepted", "duplicate", "superseded", "rejected"} <= set(taken)
    assert re.fullmatch(r"[0-9a-f]{64}", taken["sha256"])
    assert [taken[key] for key in ("read", "accepted", "duplicate", "superseded", "rejected")] == [260, 260, 0, 0, 0]
    assert refused_one["refused"].startswith("Two columns are called 'a'")
    (cell,) = command("rejected", "--json", "--config", lived).document
    assert (cell["column"], cell["value"], cell["line"], cell["set_aside"]) == ("activity", "lots", 5, False)


def test_a_question_about_the_past_is_answered_with_what_was_known_then(command: Command, lived: Path) -> None:
    before = (datetime.now(UTC) - timedelta(days=1)).isoformat()
    document = command("status", "--json", "--as-of", before, "--config", lived).document
    assert (document["champion"], document["dataset"]["rows"]) == (None, 0)
    assert command("versions", "--json", "--as-of", "2020-01-01", "--config", lived).document == []
    later = (datetime.now(UTC) + timedelta(days=1)).isoformat()
    document = command("status", "--json", "--as-of", later, "--config", lived).document
    assert document["dataset"]["rows"] == 260


def test_a_deed_says_a_sentence_in_words_and_in_a_document(command: Command, tmp_path: Path) -> None:
    config = ("--config", make_workspace(tmp_path, {"model": {"families": ["logistic"]}}).config_path)
    write_csv(tmp_path / "incoming" / "clients.csv", clients_frame(250))
    said = command("ingest", "--known-at", "2025-06-01", *config)
    assert said.out == "1 batch taken: 250 rows read, 250 accepted, 0 duplicate, 0 superseded, 0 rejected.\n"
    assert command("ingest", "--json", *config).document == {"sentence": "No new batch."}
    assert command("status", "--json", "--as-of", "2025-06-02", *config).document["dataset"]["rows"] == 250
    assert "Promoted (logistic): first model" in command("train", *config).out
    assert command("monitor", *config).out == "Monitored.\n"
    said = command("report", *config)
    assert Path(said.out.strip().removeprefix("Report written to ").removesuffix(".")).is_file()
    assert "Retrained: a person asked for it." in command("run", "--retrain", *config).out
    assert command("run", *config).out.startswith("Nothing new since ")


def test_a_history_is_lived_through_again_in_words_and_in_a_document(
    command: Command, lived: Path, tmp_path: Path
) -> None:
    words = command("backtest", "--config", lived, "--by", "arrival")
    assert words.code == 0
    assert re.search(r"^\d{4}-\d\d-\d\d: \d+ rows, \d+ outcomes\.", words.out)
    assert "Promoted (logistic): first model" in words.out
    document = command("backtest", "--config", lived, "--json", "--keep", tmp_path / "again")
    found = json.loads(document.out)
    assert [one["rows"] for one in found["lived"]]
    assert found["sentence"] in words.out
    drift = command("drift", "--config", lived)
    assert drift.code == 0


def test_a_file_is_scored_end_to_end(command: Command, lived: Path, tmp_path: Path) -> None:
    frame = clients_frame(20, seed=4).drop(columns="exited")
    frame.insert(0, "note", 'a "quoted", text')
    source = write_csv(tmp_path / "clients.csv", frame)
    said = command("score", source, "-o", tmp_path / "scored.csv", "--config", lived)
    champion = command("status", "--json", "--config", lived).document["champion"]
    assert re.fullmatch(rf"20 rows scored by {champion} into .*scored\.csv \(.*\)\.\n", said.out)
    with (tmp_path / "scored.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == [*frame.columns, "risk", "band", "reason_1", "reason_2", "reason_3"]
    assert [row["client_id"] for row in rows] == frame["client_id"].tolist()
    assert all(0 < float(row["risk"]) < 1 and row["band"] in ("high", "medium", "low") for row in rows)
    assert {row["note"] for row in rows} == {'a "quoted", text'}
    assert all(row["reason_1"].endswith(" the risk") for row in rows)

    frame["activity"] = "much"
    write_csv(source, frame)
    said = command("score", source, "-o", tmp_path / "scored.csv", "--config", lived)
    assert said.out.endswith("20 cells of column activity could not be read and counted as missing.\n")


def test_a_provisional_model_says_so_when_it_scores(command: Command, tmp_path: Path) -> None:
    config = ("--config", make_workspace(tmp_path, {"model": {"families": ["logistic"]}}).config_path)
    source = write_csv(tmp_path / "incoming" / "clients.csv", clients_frame(60))
    command("run", *config)
    said = command("score", source, "-o", tmp_path / "scored.csv", *config)
    assert "(60 provisional). The model is provisional: read the order of the risks, not their size." in said.out


def test_the_config_is_the_one_given_or_else_of_the_environment(
    command: Command, lived: Path, empty: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RISK_CONFIG", str(lived))
    assert command("status", "--json").document["dataset"]["rows"] == 260
    assert command("status", "--json", "--config", empty).document["dataset"]["rows"] == 0
