"""What can go wrong, in sentences a person can act on.

One family: screens, commands and the API catch `BellwetherError` and show `str(error)`. Everything else is
a programming error and crashes loudly.
"""

from __future__ import annotations


class BellwetherError(Exception):
    """Something a person can mend; its text is the sentence they read."""


class ConfigError(BellwetherError):
    """config.toml does not say what it must."""


class RefusedFile(BellwetherError):
    """A file or batch cannot be taken as it is; it stays where it was."""


class ContractError(BellwetherError):
    """A table lacks columns that the client contract asks for."""


class NotFound(BellwetherError):
    """A client, version or batch that is not here."""


class DamagedVersion(BellwetherError):
    """A stored model is not what was stored."""


class DamagedDataset(BellwetherError):
    """A file of the dataset is gone, or not what was written."""


class Busy(BellwetherError):
    """Another worker or server has what was asked for."""
