"""What is done now and then: few parts, batches withdrawn, clients erased, what is old removed, backups."""

from core.upkeep.compacting import compact

__all__ = ["compact"]
