"""Reading a file fast, and writing one so that nobody ever sees half of it."""

from __future__ import annotations

import errno
import os
import secrets
import stat
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from io import FileIO
from pathlib import Path
from typing import BinaryIO

Content = bytes | memoryview | Callable[[BinaryIO], None]

# From this size on Linux is asked for huge pages, which saves a third of the time it takes to read
# and hash a file into fresh memory.
_HUGE_BYTES = 1 << 22

Buffer = bytes | memoryview


def read(path: Path, *, follow: bool = True) -> Buffer:
    """All bytes of a regular file, in memory that nothing else can write to.

    A pipe or a device in its place is not waited for.

    Parameters
    ----------
    path : path
        The file.
    follow : bool
        Whether a link may be in its place.

    Raises
    ------
    OSError
        As the system reports it, or it is no regular file.
    """
    # Windows has neither flag
    flags = getattr(os, "O_NONBLOCK", 0) | (0 if follow else getattr(os, "O_NOFOLLOW", 0))
    with open(path, "rb", buffering=0, opener=lambda name, own: os.open(name, own | flags)) as file:
        status = os.fstat(file.fileno())
        if not stat.S_ISREG(status.st_mode):
            raise OSError(errno.EINVAL, "not a regular file", os.fspath(path))
        size = status.st_size
        if size < _HUGE_BYTES:
            return file.read()
        return _read_large(file, size)


def _read_large(file: FileIO, size: int) -> bytes:
    """At most `size` bytes of a file: memory that nobody can write to once it is filled.

    An array, or a map of anonymous memory, would have an owner that can be written to, however
    read-only the views of it are. Only `bytes` has none.
    """
    import ctypes

    make = ctypes.pythonapi.PyBytes_FromStringAndSize
    make.restype, make.argtypes = ctypes.py_object, [ctypes.c_void_p, ctypes.c_ssize_t]
    # Python's own way to fill bytes: as long as nobody else has the object, it may be written to
    data: bytes = make(None, size)
    start = id(data) + bytes.__basicsize__ - 1
    _ask_for_huge_pages(start, size)
    view = memoryview((ctypes.c_char * size).from_address(start)).cast("B")
    filled = 0
    while count := file.readinto(view[filled:]):
        filled += count
    return data if filled == size else data[:filled]


def _ask_for_huge_pages(start: int, size: int) -> None:
    """Ask Linux, which may have none; no other system is asked."""
    import ctypes
    import mmap

    advice = getattr(mmap, "MADV_HUGEPAGE", None)
    if advice is None:
        return
    first = -(-start // mmap.PAGESIZE) * mmap.PAGESIZE
    call = ctypes.CDLL(None).madvise
    call.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int]
    call(first, start + size - first, advice)


def write_atomic(path: Path, data: Content) -> None:
    """Put `data` at `path`, all at once; on failure `path` is as before and nothing is left over.

    `data` may be a function that writes it into an empty file. Missing folders above `path` are
    made. A link at `path` is replaced, never written through: other names of the old file, such as
    one in DVC's cache, keep the old bytes. The mode is 0o666 less the umask, whatever it was
    before.

    Raises
    ------
    OSError
        As the system reports it (no space, no permission), with `path` as its file.
    """
    write_together({path: data})


def write_together(contents: Mapping[Path, bytes] | Mapping[Path, Content]) -> None:
    """Put several files in place, each as `write_atomic` does, none before all are on disk.

    So a full disk leaves no pair behind of which one file is new and the other old.

    Raises
    ------
    OSError
        As for `write_atomic`.
    """
    temporaries: dict[Path, Path] = {}
    try:
        for path, data in contents.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            # In the same directory, for a rename cannot cross file systems.
            temporaries[path] = path.parent / f".{secrets.token_hex(8)}.tmp"
            with open(temporaries[path], "xb", opener=_create) as file:
                data(file) if callable(data) else file.write(data)
                file.flush()
                os.fsync(file.fileno())
        for path, temporary in temporaries.items():
            temporary.replace(path)
    except BaseException as error:
        for temporary in temporaries.values():
            temporary.unlink(missing_ok=True)
        if isinstance(error, OSError):
            # The system names the temporary file, or none.
            error.filename, error.filename2 = str(path), None
        raise


@contextmanager
def staged(path: Path) -> Iterator[Path]:
    """A path beside `path` to write to; what is there when the block ends takes its place.

    Where the block fails, `path` is as before and nothing is left over.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.parent / f".{secrets.token_hex(8)}.tmp"
    try:
        yield part
        part.replace(path)
    except OSError as error:
        named = (error.filename, error.filename2)
        if str(part) in named or (error.errno and error.filename is None):
            # nobody knows the temporary file, and a full disk names none, or the one copied from
            error.filename, error.filename2 = str(path), None
        raise
    finally:
        part.unlink(missing_ok=True)


def _create(path: str, flags: int) -> int:
    return os.open(path, flags, 0o666)
