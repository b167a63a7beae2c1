"""The command line: `python -m core COMMAND`. Exit 0 done, 1 refused or failed with a sentence, 2 wrong usage."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from core.cli import deeds, questions
from core.errors import BellwetherError
from core.records import HOWS, RESULTS
from core.workspace import config_path, open_workspace


def _instant(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"{text!r} is no instant; write 2026-01-05 or 2026-01-05T09:00:00+00:00"
        ) from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


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

    run = add("run", deeds.deed(deeds.run), "one full process, then exit")
    run.add_argument("--retrain", action="store_true", help="train whatever the evidence says")
    ingest = add("ingest", deeds.deed(deeds.ingest), "take what is new in every source")
    ingest.add_argument("--known-at", type=_instant, metavar="INSTANT", help="for replayed history: when it was known")
    for name, text in (
        ("train", "train, ask the gate, promote when it agrees"),
        ("monitor", "performance of delivered risks, drift, statistics"),
        ("packages", "look for newer versions of the installed packages"),
        ("report", "write an HTML report"),
    ):
        add(name, deeds.deed(deeds.step(name)), text)
    score = add("score", deeds.deed(deeds.score), "score a client file")
    score.add_argument("file", type=Path)
    score.add_argument("-o", "--output", type=Path, required=True)
    promote = add("promote", deeds.deed(deeds.promote), "make a stored version champion")
    promote.add_argument("version")
    promote.add_argument("--reason", default="", help="kept in the audit log")
    roll_back = add("rollback", deeds.deed(deeds.roll_back), "make the previous champion champion again")
    roll_back.add_argument("--reason", default="", help="kept in the audit log")
    contacted = add("contacted", deeds.deed(deeds.contacted), "write down that a client was contacted")
    contacted.add_argument("client", help="the client's id")
    contacted.add_argument("--on", type=_instant, metavar="INSTANT", help="when (default: now)")
    contacted.add_argument("--how", choices=HOWS, default="call")
    contacted.add_argument("--result", choices=RESULTS, default="undecided", help="left: it is an outcome at once")
    contacted.add_argument("--again", type=_instant, metavar="INSTANT", help="when it is to be contacted again")
    contacted.add_argument("--note", default="")
    answer = add("answer", deeds.deed(deeds.answer), "say whether a fault of the data is one")
    answer.add_argument("fault", type=int, help="its number, as `faults` lists it")
    answer.add_argument("answer", choices=["fault", "real"], help="the data are wrong, or the world is like that")
    answer.add_argument("--note", default="")
    demo = add("demo", deeds.deed(deeds.demo), "make the example company, in a workspace of its own")
    demo.add_argument("--months", type=int, default=24)
    demo.add_argument("--clients", type=int, default=10_000)
    again = add("backtest", deeds.backtest, "live through the stored history again, as if live")
    again.add_argument("--by", choices=["arrival", "date"], default="", help="as rows came, or as they are dated")
    again.add_argument("--keep", type=Path, metavar="FOLDER", help="leave the lived-through workspace there")
    serve = add("serve", deeds.serve, "dashboard, API and worker together, until Ctrl-C")
    serve.add_argument("--port", type=int, default=8501)
    perform = add("perform", deeds.perform, "do one job of the queue (the worker calls this)")
    perform.add_argument("job", type=int)
    for name, (ask, text) in questions.QUESTIONS.items():
        asked = add(name, questions.question(ask), text, reads=True)
        if name == "versions":
            asked.set_defaults(perform=deeds.versions)
            instead = asked.add_mutually_exclusive_group()
            instead.add_argument("--compare", nargs=2, metavar=("A", "B"), help="two versions side by side")
            instead.add_argument("--rebuild", metavar="VERSION", help="make it again from what was known, and compare")
    _add_upkeep(add)
    return parser


def _add_upkeep(add: Callable[..., argparse.ArgumentParser]) -> None:
    contract = add("contract", deeds.contract, "what a client table looks like; or accept another", reads=True)
    contract.add_argument("action", nargs="?", choices=["accept"], help="let the columns of a file count from now on")
    contract.add_argument("file", nargs="?", type=Path, help="the file (default: the newest in a source)")
    contract.add_argument("--yes", action="store_true", help="accept without being asked")
    rejected = add("rejected", deeds.rejected, "rows set aside and cells that could not be read", reads=True)
    rejected.add_argument("batch", nargs="?", type=int, help="number of a batch (default: all)")
    rejected.add_argument("-o", "--output", type=Path, help="write them to a file, to be mended and dropped in again")
    withdraw = add("withdraw", deeds.deed(deeds.withdraw), "a batch that was dropped in by mistake no longer counts")
    withdraw.add_argument("batch", help="its number, or the beginning of its name or sha256")
    withdraw.add_argument("--reason", default="", help="for the audit log")
    withdraw.add_argument("--undo", action="store_true", help="let it count again")
    erase = add("erase", deeds.deed(deeds.erase), "everything about one client goes, for good")
    erase.add_argument("client", help="the client's id")
    erase.add_argument("--yes", action="store_true", help="erase without being asked")
    backup = add("backup", deeds.deed(deeds.backup), "everything in one file, while all goes on")
    backup.add_argument("target", type=Path, help="the file, or a folder for it")
    restore = add("restore", deeds.restore, "a backup becomes the workspace")
    restore.add_argument("archive", type=Path)
    restore.add_argument("--replace", action="store_true", help="put what is there aside")
    add("retain", deeds.deed(deeds.retain), "what [retention] says is old goes")
    add("compact", deeds.deed(deeds.compact), "many small files become few")


def main(arguments: list[str] | None = None) -> int:
    """Run a command; the exit code."""
    given = _parser().parse_args(arguments)
    try:
        config = config_path(given.config)
        given.perform(config if given.perform is deeds.restore else open_workspace(config), given)
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
