"""What is done now and then: few parts, batches withdrawn, clients erased, what is old removed, backups."""

from core.upkeep.compacting import compact
from core.upkeep.erasing import erase
from core.upkeep.retaining import retain
from core.upkeep.withdrawing import reinstate, withdraw

__all__ = ["compact", "erase", "reinstate", "retain", "withdraw"]
