"""The command line: `python -m core COMMAND`. Exit 0 done, 1 refused or failed with a sentence, 2 wrong usage."""

from __future__ import annotations

import argparse
import json
import math
import os
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from core.errors import BellwetherError
from core.workspace import Workspace, config_path, open_workspace


def _instant(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"{text!r} is no instant; write 2026-01-05 or 2026-01-05T09:00:00+00:00"
        ) from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


class _Bar:
    """A progress bar on a terminal, nothing elsewhere."""

    def __init__(self) -> None:
        from tqdm import tqdm

        self._bar = tqdm(
            total=100,
            file=sys.stderr,
            disable=not sys.stderr.isatty(),
            leave=False,
            bar_format="{l_bar}{bar}| {postfix}",
        )

    def __call__(self, share: float, doing: str) -> None:
        self._bar.set_postfix_str(doing, refresh=False)
        self._bar.update(max(0.0, 100 * share - self._bar.n))

    def close(self) -> None:
        self._bar.close()


# --- deeds


def _deed(deed: Callable[..., str]) -> Callable[[Workspace, argparse.Namespace], None]:
    def perform(workspace: Workspace, arguments: argparse.Namespace) -> None:
        bar = _Bar()
        try:
            sentence = deed(workspace, arguments, bar)
        finally:
            bar.close()
        _say({"sentence": sentence} if arguments.json else sentence)

    return perform


def _run(workspace: Workspace, arguments: argparse.Namespace, bar: _Bar) -> str:
    from core.pipeline import full

    return full.full_run(workspace, retrain=arguments.retrain, progress=bar)


def _ingest(workspace: Workspace, arguments: argparse.Namespace, bar: _Bar) -> str:
    from core.pipeline import full

    return full.ingest_run(workspace, known_at=arguments.known_at, progress=bar)


def _step(name: str) -> Callable[[Workspace, argparse.Namespace, _Bar], str]:
    def perform(workspace: Workspace, _arguments: argparse.Namespace, bar: _Bar) -> str:
        from core.pipeline import full

        sentence: str = getattr(full, f"{name}_run")(workspace, progress=bar)
        return sentence

    return perform


def _promote(workspace: Workspace, arguments: argparse.Namespace, _bar: _Bar) -> str:
    from core.pipeline import full

    return full.promote(workspace, arguments.version)


def _roll_back(workspace: Workspace, _arguments: argparse.Namespace, _bar: _Bar) -> str:
    from core.pipeline import full

    return full.roll_back(workspace)


def _score(workspace: Workspace, arguments: argparse.Namespace, bar: _Bar) -> str:
    from core.pipeline.score import score_file
    from core.wording import plural

    done = score_file(workspace, arguments.file, arguments.output, bar)
    counted = ", ".join(f"{count:,} {band}" for band, count in sorted(done.bands.items()))
    said = [f"{plural(done.rows, 'row')} scored by {done.version} into {arguments.output} ({counted})."]
    if done.provisional:
        said.append("The model is provisional: read the order of the risks, not their size.")
    said += [
        f"{plural(count, 'cell')} of column {name} could not be read and counted as missing."
        for name, count in done.unreadable.items()
    ]
    return " ".join(said)


def _demo(workspace: Workspace, arguments: argparse.Namespace, bar: _Bar) -> str:
    from core.replay import build_example

    return build_example(workspace, progress=bar, months=arguments.months, clients=arguments.clients)


def _perform(workspace: Workspace, arguments: argparse.Namespace) -> None:
    from core import runner

    runner.die_with_parent()
    runner.perform(workspace, arguments.job)


def _serve(workspace: Workspace, arguments: argparse.Namespace) -> None:
    from core.serving import serve

    arguments.code = serve(workspace.config_path, arguments.port)


# --- questions


def _status(workspace: Workspace) -> Any:
    from core.views import operations

    return operations.status(workspace)


def _versions(workspace: Workspace) -> Any:
    from core.views import model

    return model.versions(workspace)


def _decisions(workspace: Workspace) -> Any:
    from core.views import monitoring

    return monitoring.decisions(workspace)


def _drift(workspace: Workspace) -> Any:
    from core.views import monitoring

    return monitoring.drift(workspace)


def _performance(workspace: Workspace) -> Any:
    from core.views import monitoring

    return monitoring.performance(workspace)


def _timings(workspace: Workspace) -> Any:
    from core.views import operations

    return operations.timings(workspace)


def _batches(workspace: Workspace) -> Any:
    from core.views import ingestion

    return ingestion.batches(workspace)


def _rejected(workspace: Workspace) -> Any:
    from core.views import ingestion

    return ingestion.rejected(workspace)


def _statistics(workspace: Workspace) -> Any:
    from core.views import ingestion

    return ingestion.statistics(workspace)


def _contract(workspace: Workspace) -> Any:
    from dataclasses import asdict

    from core.views import ingestion

    found = ingestion.contract(workspace)
    return asdict(found) if found else None


def _clients(workspace: Workspace) -> Any:
    from core.views import clients

    return clients.client_list(workspace).clients


QUESTIONS: dict[str, tuple[Callable[[Workspace], Any], str]] = {
    "status": (_status, "champion, clients, dataset, worker, last run and decision"),
    "clients": (_clients, "current clients by risk, with reasons"),
    "versions": (_versions, "stored models, newest first"),
    "decisions": (_decisions, "retrain and promote decisions with their evidence"),
    "drift": (_drift, "drift of every column by chunk"),
    "performance": (_performance, "how the delivered risks did"),
    "statistics": (_statistics, "summary statistics and missing shares of the dataset"),
    "timings": (_timings, "duration of every step of every run"),
    "batches": (_batches, "what came in"),
    "rejected": (_rejected, "rows set aside and cells that could not be read"),
    "contract": (_contract, "what a client table looks like"),
}


def _question(ask: Callable[[Workspace], Any]) -> Callable[[Workspace, argparse.Namespace], None]:
    def perform(workspace: Workspace, arguments: argparse.Namespace) -> None:
        found = ask(workspace.at(arguments.as_of) if arguments.as_of else workspace)
        _say(found if not arguments.json else _plain(found), as_json=arguments.json)

    return perform


def _plain(value: Any) -> Any:
    """Frames as lists of rows, instants as ISO text, NaN and infinity as null."""
    if hasattr(value, "to_dict"):
        return [_plain(row) for row in value.to_dict("records")]
    if isinstance(value, dict):
        return {str(key): _plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    if hasattr(value, "isoformat"):
        return None if value != value else value.isoformat()  # noqa: PLR0124  NaT differs from itself
    if hasattr(value, "item"):
        value = value.item()
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _say(found: Any, *, as_json: bool = False) -> None:
    if as_json or (isinstance(found, dict) and "sentence" in found and len(found) == 1):
        print(json.dumps(found, indent=2, ensure_ascii=False))
    elif isinstance(found, str):
        print(found)
    elif hasattr(found, "to_string"):
        print(found.to_string(index=False, max_colwidth=60) if len(found) else "Nothing yet.")
    elif isinstance(found, list):
        print("\n".join(_line(one) for one in found) or "Nothing yet.")
    else:
        print("\n".join(f"{key}: {value}" for key, value in found.items()) if found else "Nothing yet.")


def _line(one: dict[str, Any]) -> str:
    if "sentence" in one:
        return f"{one['known_at']:%Y-%m-%d %H:%M}  {one['sentence']}"
    auc = one["metrics"].get("roc_auc", {}).get("value")
    mark = "*" if one["champion"] else " "
    figure = "roc_auc -" if auc is None else f"roc_auc {auc:.3f}"
    return f"{mark} {one['version']}  {one['family']:<9}{figure}  {one['rows']:,} rows"


# --- the parser


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m core", description="Bellwether: client attrition risk, watched.")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    def add(name: str, perform: Any, text: str, *, reads: bool = False) -> argparse.ArgumentParser:
        command = commands.add_parser(name, help=text, description=text)
        command.add_argument("--config", metavar="FILE", help="configuration (default: config.toml, or RISK_CONFIG)")
        command.add_argument("--json", action="store_true", help="one JSON document on standard output")
        if reads:
            command.add_argument("--as-of", type=_instant, metavar="INSTANT", help="what was known then")
        command.set_defaults(perform=perform)
        return command

    run = add("run", _deed(_run), "one full process, then exit")
    run.add_argument("--retrain", action="store_true", help="train whatever the evidence says")
    ingest = add("ingest", _deed(_ingest), "take what is new in every source")
    ingest.add_argument("--known-at", type=_instant, metavar="INSTANT", help="for replayed history: when it was known")
    for name, text in (
        ("train", "train, ask the gate, promote when it agrees"),
        ("monitor", "performance of delivered risks, drift, statistics"),
        ("packages", "look for newer versions of the installed packages"),
        ("report", "write an HTML report"),
    ):
        add(name, _deed(_step(name)), text)
    score = add("score", _deed(_score), "score a client file")
    score.add_argument("file", type=Path)
    score.add_argument("-o", "--output", type=Path, required=True)
    promote = add("promote", _deed(_promote), "make a stored version champion")
    promote.add_argument("version")
    add("rollback", _deed(_roll_back), "make the previous champion champion again")
    demo = add("demo", _deed(_demo), "make the example company, in a workspace of its own")
    demo.add_argument("--months", type=int, default=24)
    demo.add_argument("--clients", type=int, default=10_000)
    serve = add("serve", _serve, "dashboard, API and worker together, until Ctrl-C")
    serve.add_argument("--port", type=int, default=8501)
    perform = add("perform", _perform, "do one job of the queue (the worker calls this)")
    perform.add_argument("job", type=int)
    for name, (ask, text) in QUESTIONS.items():
        add(name, _question(ask), text, reads=True)
    return parser


def main(arguments: list[str] | None = None) -> int:
    """Run a command; the exit code."""
    given = _parser().parse_args(arguments)
    try:
        workspace = open_workspace(config_path(given.config))
        given.perform(workspace, given)
        sys.stdout.flush()
    except BellwetherError as error:
        print(error, file=sys.stderr)
        return 1
    except BrokenPipeError:  # the reader, such as `head`, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        print("Stopped; what was committed is kept.", file=sys.stderr)
        return 1
    return int(getattr(given, "code", 0))
