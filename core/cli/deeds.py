"""Commands that do something. The pipeline is imported where it is used: it is slow to import."""

from __future__ import annotations

import argparse
import getpass
import sys
from collections.abc import Callable
from pathlib import Path

from core.cli.showing import Bar, plain, say
from core.errors import BellwetherError
from core.wording import percent
from core.workspace import Workspace


def deed(work: Callable[[Workspace, argparse.Namespace, Bar], str]) -> Callable[[Workspace, argparse.Namespace], None]:
    """A command that does something and says a sentence."""

    def perform(workspace: Workspace, arguments: argparse.Namespace) -> None:
        bar = Bar()
        try:
            sentence = work(workspace, arguments, bar)
        finally:
            bar.close()
        say({"sentence": sentence} if arguments.json else sentence)

    return perform


def run(workspace: Workspace, arguments: argparse.Namespace, bar: Bar) -> str:
    """One full process."""
    from core.pipeline import full

    return full.full_run(workspace, retrain=arguments.retrain, progress=bar)


def ingest(workspace: Workspace, arguments: argparse.Namespace, bar: Bar) -> str:
    """Take what is new."""
    from core.pipeline import full

    return full.ingest_run(workspace, known_at=arguments.known_at, progress=bar)


def step(name: str) -> Callable[[Workspace, argparse.Namespace, Bar], str]:
    """A part of the full process as a command of its own."""

    def perform(workspace: Workspace, _arguments: argparse.Namespace, bar: Bar) -> str:
        from core.pipeline import full

        sentence: str = getattr(full, f"{name}_run")(workspace, progress=bar)
        return sentence

    return perform


def promote(workspace: Workspace, arguments: argparse.Namespace, _bar: Bar) -> str:
    """Make a stored version champion."""
    from core.pipeline import full

    return full.promote(workspace, arguments.version, person(), arguments.reason)


def roll_back(workspace: Workspace, arguments: argparse.Namespace, _bar: Bar) -> str:
    """Make the previous champion champion again."""
    from core.pipeline import full

    return full.roll_back(workspace, person(), arguments.reason)


def versions(workspace: Workspace, arguments: argparse.Namespace) -> None:
    """List stored models, put two of them side by side, or make one again; exit code 1 when it comes out otherwise."""
    from core.cli import questions

    if arguments.compare:
        _compare(workspace, arguments)
    elif arguments.rebuild:
        _rebuild(workspace, arguments)
    else:
        questions.question(questions.versions)(workspace, arguments)


def _seen(workspace: Workspace, arguments: argparse.Namespace) -> Workspace:
    """The workspace as it was known at `--as-of`."""
    return workspace.at(arguments.as_of) if arguments.as_of else workspace


def _compare(workspace: Workspace, arguments: argparse.Namespace) -> None:
    from dataclasses import asdict

    from core.cli.comparing import side_by_side
    from core.views.versions import compare

    found = compare(_seen(workspace, arguments), *arguments.compare)
    say(plain(asdict(found)) if arguments.json else side_by_side(found), as_json=arguments.json)


def _rebuild(workspace: Workspace, arguments: argparse.Namespace) -> None:
    from dataclasses import asdict

    from core.pipeline.rebuild import rebuild

    bar = Bar()
    try:
        found = rebuild(_seen(workspace, arguments), arguments.rebuild, bar)
    finally:
        bar.close()
    if arguments.json:
        say(plain(asdict(found)), as_json=True)
    if not found.same:
        raise BellwetherError(found.sentence)
    if not arguments.json:
        say(found.sentence)


def score(workspace: Workspace, arguments: argparse.Namespace, bar: Bar) -> str:
    """Score a client file."""
    from core.pipeline.score_file import score_file
    from core.wording import plural

    done = score_file(workspace, arguments.file, arguments.output, bar)
    counted = ", ".join(f"{count:,} {band}" for band, count in sorted(done.bands.items()))
    said = [f"{plural(done.rows, 'row')} scored by {done.version} into {arguments.output} ({counted})."]
    if done.provisional:
        said.append("The model is provisional: read the order of the risks, not their size.")
    said += done.notes
    return " ".join(said)


def contacted(workspace: Workspace, arguments: argparse.Namespace, _bar: Bar) -> str:
    """Write down that a client was contacted."""
    from core.pipeline.contact import contacted

    return contacted(
        workspace, arguments.client, person(), on=arguments.on, how=arguments.how, result=arguments.result,
        note=arguments.note, again=arguments.again,
    )  # fmt: skip


def answer(workspace: Workspace, arguments: argparse.Namespace, _bar: Bar) -> str:
    """Say whether a fault of the data is one."""
    from core.pipeline.answering import answer_fault

    return answer_fault(workspace, arguments.fault, arguments.answer, person(), arguments.note)


def demo(workspace: Workspace, arguments: argparse.Namespace, bar: Bar) -> str:
    """Make the example company."""
    from core.replay import build_example

    return build_example(workspace, progress=bar, months=arguments.months, clients=arguments.clients)


def backtest(workspace: Workspace, arguments: argparse.Namespace) -> None:
    """Live through the stored history again."""
    from core.replay.backtest import as_json, as_lines, backtest

    bar = Bar()
    try:
        found = backtest(workspace, by=arguments.by, keep=arguments.keep, progress=bar)
    finally:
        bar.close()
    if arguments.json:
        say(plain(as_json(found)), as_json=True)
        return
    rates = as_json(found)["rates"]
    told = [f"{threshold}: {percent(rate)}" for threshold, rate in rates.items() if rate == rate]  # noqa: PLR0124
    rate = [f"Share of chunks in alarm by threshold of drift: {', '.join(told)}."] if told else []
    say("\n".join([*as_lines(found), found.sentence, *rate]))


def perform(workspace: Workspace, arguments: argparse.Namespace) -> None:
    """Do one job of the queue."""
    from core import runner

    runner.die_with_parent()
    runner.perform(workspace, arguments.job)


def serve(workspace: Workspace, arguments: argparse.Namespace) -> None:
    """Dashboard, API and worker."""
    from core.serving import serve

    arguments.code = serve(workspace.config_path, arguments.port)


# --- upkeep


def person() -> str:
    """Who types."""
    return f"{getpass.getuser()} (command line)"


def _agreed(arguments: argparse.Namespace, question: str) -> None:
    """Go on only when a person says yes."""
    if arguments.yes:
        return
    if not sys.stdin.isatty():
        raise BellwetherError(f"{question} Nothing was done yet: say yes with --yes.")
    print(question, file=sys.stderr)
    if input("Go on? [y/N] ").strip().lower() not in ("y", "yes"):
        raise BellwetherError("Nothing was done.")


def withdraw(workspace: Workspace, arguments: argparse.Namespace, _bar: Bar) -> str:
    """A batch no longer counts, or counts again."""
    from core import upkeep

    if arguments.undo:
        return upkeep.reinstate(workspace, arguments.batch, person(), arguments.reason)
    return upkeep.withdraw(workspace, arguments.batch, person(), arguments.reason)


def erase(workspace: Workspace, arguments: argparse.Namespace, _bar: Bar) -> str:
    """One client goes everywhere."""
    from core import upkeep

    _agreed(arguments, f"Everything about the client {arguments.client!r} goes for good; there is no undo.")
    return upkeep.erase(workspace, arguments.client, person())


def contract(workspace: Workspace, arguments: argparse.Namespace) -> None:
    """Show the contract, or let another one count."""
    from core.cli import questions
    from core.pipeline.contract import accept_contract, propose_contract

    if not arguments.action:
        questions.question(questions.contract)(workspace, arguments)
        return
    proposal = propose_contract(workspace, arguments.file)
    if proposal.changes:
        _agreed(arguments, proposal.sentence)
    sentence = accept_contract(workspace, proposal, person())
    say({"sentence": sentence} if arguments.json else sentence)


def rejected(workspace: Workspace, arguments: argparse.Namespace) -> None:
    """List rejected rows, or write them to a file that can be mended and dropped in again."""
    from core import files
    from core.cli import questions
    from core.views import export, ingestion
    from core.wording import plural

    found = ingestion.rejected(_seen(workspace, arguments), arguments.batch)
    if arguments.output is None:
        questions.question(lambda _: found)(workspace, arguments)
        return
    try:
        files.write_bytes(arguments.output, export.mendable(found))
    except OSError as error:
        raise BellwetherError(f"{arguments.output} cannot be written: {error.strerror}.") from None
    rows = plural(len(found.drop_duplicates(["batch", "line"])), "row")
    say(f"{rows} written to {arguments.output}; mend them and drop the file into a source again.")


def compact(workspace: Workspace, _arguments: argparse.Namespace, _bar: Bar) -> str:
    """Many small files become few."""
    from core import upkeep

    return upkeep.compact(workspace)


def retain(workspace: Workspace, _arguments: argparse.Namespace, _bar: Bar) -> str:
    """What [retention] says is old goes."""
    from core import upkeep

    return upkeep.retain(workspace, person())


def backup(workspace: Workspace, arguments: argparse.Namespace, _bar: Bar) -> str:
    """Everything in one file."""
    from core.upkeep import backups

    return backups.backup(workspace, arguments.target)


def restore(config: Path, arguments: argparse.Namespace) -> None:
    """A backup becomes the workspace; it may be absent or damaged, so it is not opened here."""
    from core.upkeep import backups

    sentence = backups.restore(config, arguments.archive, person(), replace=arguments.replace)
    say({"sentence": sentence} if arguments.json else sentence)
