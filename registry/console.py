"""How a program of ours ends: a message a user can act on, and an exit code that says what kind."""

from __future__ import annotations

import errno
import io
import json
import os
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, TextIO

from registry.errors import (
    CheckError,
    LockedError,
    MissingError,
    RegistryError,
    UsageError,
    grouped,
    printable,
)

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer as Buffer

# Set for a program whose error another one of ours takes up, see `reported`.
AS_JSON = {"FIXTURES_ERRORS": "json"}

_KINDS = {kind.exit_code: kind for kind in (CheckError, UsageError, MissingError, LockedError)}

# Nothing in here reaches a byte or a verdict: see registry/build/closure.py.
WORDS_ONLY = True


def run(program: Callable[[], int]) -> int:
    """Run a program; turn errors raised on purpose, and the system's, into a message and a code.

    A stream that is closed, or whose reader has seen enough, takes in silence what is written to
    it, and changes no exit code.
    """
    _open_streams()
    with _patient("stdout"), _patient("stderr"):
        return _run(program)


class _Patient(io.FileIO):
    """A file that takes whatever is written to it, also when nobody is there who reads it."""

    def write(self, data: Buffer, /) -> int:
        try:
            return super().write(data)
        except BrokenPipeError:
            return memoryview(data).nbytes


@contextmanager
def _patient(name: str) -> Iterator[None]:
    """Let a stream of this process be a `_Patient` for as long as a program runs."""
    stream = getattr(sys, name)
    # unbuffered, the file itself is there
    file = getattr(stream, "buffer", None)
    file = getattr(file, "raw", file)
    if not isinstance(file, io.FileIO):
        # one in memory
        yield
        return
    patient = io.TextIOWrapper(
        io.BufferedWriter(_Patient(file.fileno(), "w", closefd=False)),
        encoding=stream.encoding,
        errors=stream.errors,
        line_buffering=stream.line_buffering or stream.write_through,
    )
    setattr(sys, name, patient)
    try:
        yield
    finally:
        # what cannot be written was an error of the program's
        with suppress(OSError):
            patient.flush()
        setattr(sys, name, stream)


def _open_streams() -> None:
    """Put the null device where the caller has closed a stream.

    Else the next file that is opened would get the stream's number, and with it what libraries
    and other programs print.
    """
    while (opened := os.open(os.devnull, os.O_RDWR)) <= 2:
        os.set_inheritable(opened, True)
    os.close(opened)
    for number, name in ((1, "stdout"), (2, "stderr")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(number, "w", encoding="utf-8", closefd=False))  # noqa: SIM115


def _run(program: Callable[[], int]) -> int:
    try:
        code = program()
        # here, where a full disk is still an error of the program's
        sys.stdout.flush()
        return code
    except RegistryError as error:
        return _report(error)
    except OSError as error:
        return _report(of_system(error))
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 130


def of_system(error: OSError) -> MissingError:
    """What the system reports of a file, as an error for the user."""
    remedy = _REMEDIES.get(error.errno or 0, MEND)
    if isinstance(error, PermissionError) and sys.platform == "win32":
        remedy = IN_USE
    return MissingError(
        f"file {error.filename or '(which one, the system does not say)'}",
        expected="a file that can be read, or written whole",
        found=error.strerror or str(error),
        remedy=remedy,
    )


MEND = "see that it is a file of yours, then run the command again"
# There the system says no more of a file that is open than of one that is another user's.
IN_USE = "close what has the file open, and see that it is yours, then run the command again"
_FULL = "free some space, then run the command again; nothing half-written was left behind"
_REMEDIES = {errno.ENOSPC: _FULL, errno.EDQUOT: _FULL, errno.EFBIG: _FULL}


def reported(code: int, stderr: str) -> RegistryError | None:
    """The error with which a program ended that ran with `AS_JSON` in its environment.

    None where it is none of ours: a crash, say.
    """
    try:
        return _KINDS[code](**json.loads(stderr.splitlines()[-1]))
    except (LookupError, ValueError, TypeError):
        return None


def say(*lines: object, file: TextIO | None = None) -> None:
    """Print lines that have parts of data in them, as far as the terminal can show them.

    Everything that a command prints goes through here, but for JSON, which is ASCII.
    """
    stream = sys.stdout if file is None else file
    if stream is None:
        # closed, as by >&-
        return
    text = "".join(f"{printable(str(line))}\n" for line in lines)
    encoding = stream.encoding or "utf-8"
    stream.write(text.encode(encoding, "backslashreplace").decode(encoding))


def print_errors(found: Iterable[object]) -> None:
    """Say on stderr what is wrong: errors, or their texts; once what several have in common."""
    for error in grouped(found):
        say(f"error: {error}", file=sys.stderr)


def _report(error: RegistryError) -> int:
    if AS_JSON.items() <= os.environ.items():
        print(json.dumps(error.parts), file=sys.stderr)
    else:
        print_errors([error])
    return error.exit_code
