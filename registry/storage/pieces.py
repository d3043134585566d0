"""A file elsewhere, of which each byte is fetched once at most, and only when it is asked for."""

from __future__ import annotations

import io
import os
import tempfile
from bisect import bisect_right
from collections.abc import Callable
from typing import Any

from registry.errors import MissingError

# What is asked for in smaller pieces, as HDF5's headers and indices are, is fetched in such.
SMALLEST = 1 << 12
# From its beginning a file is read in small pieces, whatever it holds.
HEAD = 1 << 15
# And no more at once: it is in memory.
LARGEST = 1 << 23


class Pieces(io.RawIOBase):
    """A file that can be read anywhere.

    What was fetched lies in a temporary file without a name, so that memory holds none of it.

    Parameters
    ----------
    size : int
        Of the file in bytes.
    fetch : callable
        The bytes from an offset up to another one, all of them.
    subject : str
        For messages.
    """

    def __init__(self, size: int, fetch: Callable[[int, int], bytes], subject: str) -> None:
        self._size, self._fetch, self._subject, self._at = size, fetch, subject, 0
        # pieces by where they start in the file, sorted: where they end, and where they are kept
        self._starts: list[int] = []
        self._ends: list[int] = []
        self._places: list[int] = []
        self._kept = tempfile.TemporaryFile()  # noqa: SIM115 (closed as this is)

    def close(self) -> None:
        """Forget what was fetched."""
        self._kept.close()
        super().close()

    def readable(self) -> bool:
        """It is."""
        return True

    def seekable(self) -> bool:
        """It is."""
        return True

    def tell(self) -> int:
        """Where the next byte is read."""
        return self._at

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Go to a place."""
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self._size}[whence]
        self._at = max(0, base + offset)
        return self._at

    def readinto(self, buffer: Any) -> int:
        """Fill a buffer, to its end or that of the file.

        Raises
        ------
        MissingError
            There is no space to keep what was fetched.
        RegistryError
            Whatever fetching raises.
        """
        into = memoryview(buffer).cast("B")
        start, end = self._at, min(self._at + len(into), self._size)
        at = start
        while at < end:
            number = bisect_right(self._starts, at) - 1
            if number < 0 or self._ends[number] <= at:
                number = self._fetched(number + 1, at, end)
            upto = min(end, self._ends[number])
            self._kept.seek(self._places[number] + at - self._starts[number])
            self._kept.readinto(into[at - start : upto - start])
            at = upto
        self._at = max(at, start)
        return at - start

    def _fetched(self, number: int, start: int, end: int) -> int:
        """Fetch a piece that begins at ``start`` and comes before that of this number."""
        following = self._starts[number] if number < len(self._starts) else self._size
        least = HEAD if start == 0 else SMALLEST
        end = min(max(end, start + least), start + LARGEST, following)
        data = self._fetch(start, end)
        try:
            place = self._kept.seek(0, os.SEEK_END)
            self._kept.write(data)
            self._kept.flush()
        except OSError as error:
            raise MissingError(
                self._subject,
                expected=f"{len(data)} bytes of free space in {tempfile.gettempdir()}",
                found=error.strerror or str(error),
                remedy="free some space, or name another folder in TMPDIR, then run the command "
                "again",
            ) from error
        self._starts.insert(number, start)
        self._ends.insert(number, end)
        self._places.insert(number, place)
        return number
