"""One client is taken out of everything the store says."""

from __future__ import annotations

import re
from collections.abc import Sequence

from sqlalchemy import Engine, or_, select, update

from core.store import tables
from core.store.database import Session

#: texts that are written for people, or by them, and may name a client
_TEXTS = {
    "batches": ("name", "refused"),
    "withdrawals": ("sentence",),
    "sightings": ("name",),
    "troubles": ("name", "sentence"),
    "audit": ("subject", "sentence"),
    "run_ends": ("sentence",),
    "decisions": ("sentence",),
    "promotions": ("sentence",),
    "jobs": ("doing", "sentence"),
    "contacts": ("note",),
    "drift": ("sentence",),
    "faults": ("sentence", "cause"),
    "fault_answers": ("note",),
    "performance": ("sentence",),
}
#: shorter names are part of too much: they are looked for in quotes, as sentences show values
_LONG_ENOUGH = 5
IN_PLACE = "(erased)"


def naming(names: Sequence[str]) -> re.Pattern[str]:
    """Finds these names of a client in a text: as words of their own, short ones in quotes only.

    >>> naming(["C-1042", "7"]).sub(IN_PLACE, "C-1042.csv has 7 rows, such as '7', and C-10421")
    "(erased).csv has 7 rows, such as '(erased)', and C-10421"
    """
    words = [re.escape(name) for name in names if len(name) >= _LONG_ENOUGH]
    quoted = [re.escape(name) for name in names if 0 < len(name) < _LONG_ENOUGH]
    found = [rf"(?<![^\W_])(?:{'|'.join(words)})(?![^\W_])"] if words else []
    found += [rf"(?<=')(?:{'|'.join(quoted)})(?=')", rf'(?<=")(?:{"|".join(quoted)})(?=")'] if quoted else []
    return re.compile("|".join(found) or r"(?!)")


def forget(db: Session, names: Sequence[str]) -> int:
    """Put `IN_PLACE` where a text of the store names the client; how many rows were changed."""
    pattern = naming(names)
    count = 0
    for table_name, columns in _TEXTS.items():
        table = tables.metadata.tables[table_name]
        (key,) = table.primary_key.columns
        texts = [table.c[column] for column in columns]
        told = or_(*(text.contains(name, autoescape=True) for text in texts for name in names if name))
        for row in db.connection.execute(select(key, *texts).where(told)).all():
            changed = {column: pattern.sub(IN_PLACE, row._mapping[column]) for column in columns}
            if any(changed[column] != row._mapping[column] for column in columns):
                db.connection.execute(update(table).where(key == row[0]).values(changed))
                count += 1
    return count


def wipe(engine: Engine) -> bool:
    """Let an embedded store hold nothing any more of what was deleted; False: others read from its journal yet.

    A server keeps its own house: what was deleted goes when it vacuums.
    """
    if engine.dialect.name != "sqlite":
        return True
    with engine.execution_options(write=True).connect() as connection:
        connection.exec_driver_sql("COMMIT")  # neither goes in a transaction
        connection.exec_driver_sql("VACUUM")
        return not connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)").one()[0]
