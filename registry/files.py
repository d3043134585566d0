"""Reading a file fast, and writing one so that nobody ever sees half of it."""

from __future__ import annotations

import errno
import os
import stat
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from io import BufferedReader, FileIO
from pathlib import Path
from typing import BinaryIO

from registry import read_only, temporary
from registry.errors import UsageError

Content = bytes | memoryview | Callable[[BinaryIO], None]

# From this size on Linux is asked for huge pages, which saves a third of the time it takes to read
# and hash a file into fresh memory.
_HUGE_BYTES = 1 << 22

Buffer = bytes | memoryview


def read(path: Path, *, follow: bool = True) -> bytes:
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
    with _regular(path, follow=follow) as file:
        size = os.fstat(file.fileno()).st_size
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


def open_regular(path: Path) -> BufferedReader:
    """Open a regular file for reading, as `read` does.

    Raises
    ------
    OSError
        As the system reports it, or it is no regular file.
    """
    return BufferedReader(_regular(path))


def _regular(path: Path, *, follow: bool = True) -> FileIO:
    # Windows has neither flag, and no pipes in folders; there a link is looked for beforehand
    flags = getattr(os, "O_NONBLOCK", 0) | (0 if follow else getattr(os, "O_NOFOLLOW", 0))
    if sys.platform == "win32" and not follow and path.is_symlink():
        raise OSError(errno.ELOOP, "a link", os.fspath(path))
    file = FileIO(os.fspath(path), opener=lambda name, own: os.open(name, own | flags))
    if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
        file.close()
        raise OSError(errno.EINVAL, "not a regular file", os.fspath(path))
    return file


def write_output(path: Path, data: bytes) -> None:
    """Put `data` where a user wants it, who may name anything.

    A file appears all at once, as by `write_atomic`. A character device, such as the null device,
    is written to: to replace it would take it away from all programs.

    Raises
    ------
    UsageError
        There is something that is neither: a link, a pipe, a folder.
    OSError
        As the system reports it.
    """
    mode = _mode(path)
    if stat.S_ISCHR(mode):
        with open(path, "wb", opener=_open_device) as device:
            device.write(data)
        return
    require_output(path)
    write_atomic(path, data)


def require_output(*paths: Path) -> None:
    """Refuse files that a user names, or their folder, where something else would be replaced.

    Raises
    ------
    UsageError
        There is something that is no regular file.
    """
    for path in paths:
        mode = _mode(path)
        if mode and not stat.S_ISREG(mode):
            raise UsageError(
                f"output {path}",
                expected="a file that can be replaced, or none",
                found=_KINDS.get(stat.S_IFMT(mode), "a device"),
                remedy="name another file; of a link, the file that it leads to",
            )


def _open_device(path: str, _: int) -> int:
    # neither made nor cut, nor taken for this program's terminal
    return os.open(path, os.O_WRONLY | getattr(os, "O_NOCTTY", 0))


_KINDS = {
    stat.S_IFLNK: "a link",
    stat.S_IFDIR: "a folder",
    stat.S_IFIFO: "a pipe",
    stat.S_IFSOCK: "a socket",
}


def _mode(path: Path) -> int:
    """Kind and permissions of what is there, be it a link; 0 where nothing is."""
    try:
        return path.lstat().st_mode
    except FileNotFoundError:
        return 0


def write_atomic(path: Path, data: Content, *, mode: int | None = None) -> None:
    """Put `data` at `path`, all at once; on failure `path` is as before and nothing is left over.

    `data` may be a function that writes it into an empty file. Missing folders above `path` are
    made. A link at `path` is replaced, never written through: other names of the old file, such as
    one in DVC's cache, keep the old bytes. Unless a mode is given it is 0o666 less the umask,
    whatever it was before.

    Raises
    ------
    OSError
        As the system reports it (no space, no permission), with `path` as its file.
    """
    write_together({path: data}, mode=mode)


def write_together(
    contents: Mapping[Path, bytes] | Mapping[Path, Content], *, mode: int | None = None
) -> None:
    """Put several files in place, each as `write_atomic` does, none before all are on disk.

    So a full disk leaves no pair behind of which one file is new and the other old.

    Raises
    ------
    OSError
        As for `write_atomic`.
    """
    path = None
    try:
        with ExitStack() as stack:
            temporaries: dict[Path, BinaryIO] = {}
            for path, data in contents.items():
                path.parent.mkdir(parents=True, exist_ok=True)
                # In the same directory, for a rename cannot cross file systems.
                file = temporaries[path] = stack.enter_context(temporary.file(path.parent))
                data(file) if callable(data) else file.write(data)
                if mode is not None:
                    # before it has its name: nobody may be left to do it afterwards
                    Path(file.name).chmod(mode)
                _sync(file)
            for path, file in temporaries.items():
                _put(file, path)
    except OSError as error:
        # The system names the temporary file, or none.
        error.filename, error.filename2 = str(path), None
        raise


@contextmanager
def staged(path: Path) -> Iterator[BinaryIO]:
    """An empty file beside `path`; what is in it when the block ends takes the place of `path`.

    Where the block fails, `path` is as before and nothing is left over.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    name = ""
    try:
        with temporary.file(path.parent) as file:
            name = str(file.name)
            yield file
            _sync(file)
            _put(file, path)
    except OSError as error:
        named = (str(error.filename), str(error.filename2))
        if name in named or (error.errno and error.filename is None):
            # nobody knows the temporary file, and a full disk names none, or the one copied from
            error.filename, error.filename2 = str(path), None
        raise


def _sync(file: BinaryIO) -> None:
    file.flush()
    os.fsync(file.fileno())


def _put(file: BinaryIO, path: Path) -> None:
    if sys.platform == "win32":
        # which renames no file that is open
        file.close()
    read_only.replace(Path(file.name), path)
