"""A text in any encoding as UTF-8."""

from __future__ import annotations

import codecs
import io
from typing import Any, BinaryIO

from core.ingestion.records import LONGEST_LINE, too_long

_BLOCK = 1 << 20


class Utf8Stream(io.RawIOBase):
    """A text in any encoding as UTF-8, without its first `skip` bytes; counts lines and quotes on the way.

    `begins`: number of the first line. Reading raises `RefusedFile` at a line of more than `LONGEST_LINE`.
    """

    def __init__(self, stream: BinaryIO, encoding: str, skip: int = 0, begins: int = 1) -> None:
        self._stream = stream
        self._plain = encoding == "utf-8"
        self._decoder = codecs.getincrementaldecoder(encoding)()
        self._skip = skip
        self._begins = begins
        self._rest = b""
        self._after_return = False
        self._ended = False
        self.quotes = 0
        self._ends = 0
        #: bytes of the line that has not ended yet
        self._length = 0

    @property
    def lines(self) -> int:
        """Lines read so far, one without an end included."""
        return self._ends + bool(self._length)

    def readable(self) -> bool:
        """It is."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Fill `buffer` as far as there is text; 0 at the end."""
        while not self._rest and not self._ended:
            self._rest = self._next(max(len(buffer), _BLOCK))
        block, self._rest = self._rest[: len(buffer)], self._rest[len(buffer) :]
        buffer[: len(block)] = block
        self._count(block)
        return len(block)

    def _next(self, size: int) -> bytes:
        block = self._stream.read(size)
        self._ended = not block
        if not self._plain:
            block = self._decoder.decode(block, final=self._ended).encode()
        kept = block[self._skip :]
        self._skip -= len(block) - len(kept)
        return kept

    def _count(self, block: bytes) -> None:
        if not block:
            return
        returns = block.count(b"\r")
        ends = block.count(b"\n")
        if returns:  # a line ends at \n, at \r\n, or at \r alone
            ends += returns - block.count(b"\r\n")
        if self._after_return and block.startswith(b"\n"):
            ends -= 1
        self._after_return = block.endswith(b"\r")
        self._measure(block, returns)
        self._ends += ends
        self.quotes += block.count(b'"')

    def _measure(self, block: bytes, returns: int) -> None:
        first, last = block.find(b"\n"), block.rfind(b"\n")
        if returns:
            found = block.find(b"\r")
            first, last = min(found, first) if first >= 0 else found, max(block.rfind(b"\r"), last)
        longest = self._length + (first if first >= 0 else len(block))
        if longest > LONGEST_LINE:
            raise too_long(f"Line {self._begins + self._ends:,}")
        self._length = len(block) - last - 1 if last >= 0 else longest
