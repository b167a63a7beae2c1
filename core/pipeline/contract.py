"""The client contract is changed by a person, who is told first what that means."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from core import ingestion, schema, sources
from core.config import FolderSource
from core.errors import BellwetherError, NotFound, RefusedFile
from core.ingestion import Opener
from core.schema import Change, Contract
from core.store import audit, ingested
from core.workspace import Workspace

DEED = "contract"


@dataclass(frozen=True)
class Proposal:
    """The contract that a file would give, and what accepting it means."""

    contract: Contract
    #: the file it was inferred from
    name: str
    changes: tuple[Change, ...]
    consequence: str

    @property
    def sentence(self) -> str:
        """All of it, for a person."""
        return " ".join([*(change.sentence for change in self.changes), self.consequence])


def propose_contract(workspace: Workspace, path: Path | None = None) -> Proposal:
    """The contract inferred from a client file as config says now. `path`: default is the newest file in a source.

    Nothing is changed. Raises a `BellwetherError` when there is no contract yet, or the file cannot be read.
    """
    if path is None:
        path = _newest_file(workspace)
    if not path.is_file():
        raise RefusedFile(f"There is no file {path}.")
    return propose_from(workspace, path.name, lambda: path.open("rb"))


def propose_from(workspace: Workspace, name: str, opener: Opener) -> Proposal:
    """As `propose_contract`, from an open file called `name`."""
    old, config = workspace.contract(), workspace.config.data
    if old is None:
        raise BellwetherError("There is no contract yet: it is inferred from the first file of clients.")
    table = ingestion.open_table(opener, config)
    if schema.holds_outcomes_only(table.names, config):
        raise RefusedFile(f"{name} holds outcomes only; name a file of clients.")
    texts = {config.client_id, config.outcome, config.owner, config.label, *config.ignore, *config.categorical}
    columns = [column for column in table.names if column not in texts]
    spelled = ingestion.choose(ingestion.gather(table.chunks(), columns, config), config, "")
    new = schema.infer_contract(ingestion.survey(table), config, spelled.spelling)
    changed = schema.changes(old, new)
    champion = workspace.champion()
    used = [column.name for column in workspace.model(champion).columns] if champion else []
    consequence = schema.consequence(changed, used, champion.version if champion else "")
    return Proposal(new, name, tuple(changed), consequence)


def _newest_file(workspace: Workspace) -> Path:
    found = [
        arrival.path
        for source in workspace.config.sources
        if isinstance(source, FolderSource) and source.holds != "outcomes"
        for arrival in sources.poll(source).arrivals
    ]
    if not found:
        raise NotFound("No client file lies in a source; name the file whose columns are to count.")
    return max(found, key=lambda path: path.stat().st_mtime_ns)


def accept_contract(workspace: Workspace, proposal: Proposal, who: str) -> str:
    """Let a proposed contract count from now on; a sentence. Raises when it changes nothing."""
    if not proposal.changes:
        raise BellwetherError(f"{proposal.name} gives the contract that counts already; nothing was changed.")
    at = workspace.now()
    sentence = f"The contract of {proposal.name} was accepted. {proposal.sentence}"
    with workspace.store.exclusively(), workspace.store.writing() as db:
        ingested.insert_contract(db, proposal.contract.to_json(), at)
        audit.insert_deed(db, who, DEED, proposal.name, sentence, at)
    return sentence + " Files that were refused are tried again at the next ingestion."
