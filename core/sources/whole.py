"""Whether files are whole, or somebody is still writing them."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Collection
from pathlib import Path

from core.sources.folders import Arrival, stamp_of

#: file systems that refuse a lease with the words "somebody writes" when they only cannot tell
_CANNOT_TELL = ("nfs", "cifs", "smb")


def still_changing(
    arrivals: Collection[Arrival], settle_seconds: float, wait: Callable[[float], None]
) -> set[str]:  # fmt: skip
    """Names of files that must be left alone now: somebody has them open for writing, or they changed meanwhile.

    `wait` is called once, with `settle_seconds`, for all of them together; not at all when it is 0 or there are no
    arrivals. A file counts as changed when it is not what it was when it was found (its stamp; without one, when this
    was called). Who has it open is known on Linux, for files of ours on local disks; elsewhere only change tells.
    """
    if not arrivals:
        return set()
    before = {arrival: arrival.stamp or _stamp(arrival.path) for arrival in arrivals}
    if settle_seconds > 0:
        wait(settle_seconds)
    cannot_tell = _devices(_CANNOT_TELL)
    return {
        arrival.name
        for arrival, stamp in before.items()
        if _stamp(arrival.path) != stamp or not stamp or _open_for_writing(arrival.path, cannot_tell)
    }


def _stamp(path: Path) -> str:
    """As `stamp_of`; "" for a file that is gone or cannot be looked at."""
    try:
        return stamp_of(path.stat())
    except OSError:
        return ""


def _open_for_writing(path: Path, cannot_tell: Collection[int]) -> bool:
    """Whether a process of this machine has the file open for writing; False also where nobody can tell.

    The kernel grants a read lease only on a file that nobody has open for writing.
    """
    if sys.platform != "linux":
        return False
    import fcntl

    try:
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except BlockingIOError:  # a file server holds a lease for a client that writes
        return True
    except OSError:  # whoever reads it will say why
        return False
    try:
        if os.fstat(handle).st_dev in cannot_tell:
            return False
        # Who opens the file for writing just now is announced by a signal; the usual one would end this process.
        fcntl.fcntl(handle, fcntl.F_SETSIG, signal.SIGURG)
        fcntl.fcntl(handle, fcntl.F_SETLEASE, fcntl.F_RDLCK)
        fcntl.fcntl(handle, fcntl.F_SETLEASE, fcntl.F_UNLCK)
    except BlockingIOError:
        return True
    except OSError:
        return False
    finally:
        os.close(handle)
    return False


def _devices(kinds: tuple[str, ...], mounts: Path = Path("/proc/self/mountinfo")) -> set[int]:
    """Numbers of the devices whose file system is of one of these kinds.

    A line reads `36 35 98:0 /root /mounted/at rw,noatime master:1 - ext3 /dev/root rw` (see proc(5)).
    """
    try:
        lines = mounts.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return set()
    found = set()
    for line in lines:
        where, _, what = line.partition(" - ")
        if what.startswith(kinds):
            major, _, minor = where.split()[2].partition(":")
            found.add(os.makedev(int(major), int(minor)))
    return found
