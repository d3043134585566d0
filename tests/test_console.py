"""Tests of `registry.console`: how programs end."""

from __future__ import annotations

import errno
import io
import os
import subprocess
import sys
from pathlib import Path

import pytest

from registry import console, files
from registry.errors import CheckError, LockedError, MissingError, UsageError
from tests.kit.repository import REPOSITORY

FULL = "free some space, then run the command again; nothing half-written was left behind"


def raising(error: BaseException):
    """A program that ends with this error."""

    def program() -> int:
        raise error

    return program


@pytest.mark.parametrize("code", [0, 1, 3])
def test_a_program_says_how_it_ended(code, capsys):
    """The program's own exit code is passed on, and nothing is said."""
    assert console.run(lambda: code) == code, "not the program's own exit code"
    assert capsys.readouterr() == ("", ""), "something was printed"


@pytest.mark.parametrize(
    ("kind", "code"), [(CheckError, 1), (UsageError, 2), (MissingError, 3), (LockedError, 4)]
)
def test_an_error_raised_on_purpose(kind, code, capsys):
    """The message goes to stderr, without a traceback, and its kind gives the exit code."""
    error = kind("array a", expected="x", found="y", remedy="z")
    assert console.run(raising(error)) == code, "not the exit code of this kind"
    assert capsys.readouterr() == (
        "",
        "error: array a\n  expected: x\n  found:    y\n  to mend:  z\n",
    ), "not the message on stderr and nothing else"


@pytest.mark.parametrize("kind", [CheckError, UsageError, MissingError, LockedError])
def test_an_error_for_another_program(kind, capsys, monkeypatch):
    """Where the environment asks for it, the error can be taken up whole by who started this."""
    for name, value in console.AS_JSON.items():
        monkeypatch.setenv(name, value)
    error = kind("array a", expected="x\n  found: y", found="z", remedy="é")
    code = console.run(raising(error))
    found = console.reported(code, "a warning\n" + capsys.readouterr().err)
    assert type(found) is kind
    assert found.args == ("array a", "x\n  found: y", "z", "é")


@pytest.mark.parametrize(
    ("code", "said"),
    [(1, ""), (1, "Traceback\nValueError: x"), (1, "3"), (1, '{"found": "x"}'), (9, "{}")],
)
def test_no_error_of_ours(code, said):
    """A crash, or another program's end, is no error that could be taken up."""
    assert console.reported(code, said) is None


def test_a_bug_is_not_hidden():
    """What nobody raised on purpose shows its traceback."""
    with pytest.raises(ZeroDivisionError):
        console.run(raising(ZeroDivisionError()))


def test_an_interrupt(capsys):
    """Ctrl-C ends with the code that shells use, without a traceback."""
    assert console.run(raising(KeyboardInterrupt())) == 130
    assert capsys.readouterr().err == "interrupted\n"


@pytest.mark.parametrize(
    ("number", "remedy"),
    [
        (errno.ENOSPC, FULL),
        (errno.EDQUOT, FULL),
        (errno.EACCES, "see that it is a file of yours, then run the command again"),
        (errno.EISDIR, "see that it is a file of yours, then run the command again"),
    ],
)
def test_an_error_of_the_system(number, remedy, capsys):
    """A full disk or a refused file is a message with the path and a remedy, exit code 3."""
    error = OSError(number, os.strerror(number), "build/a.npz")
    assert console.run(raising(error)) == 3, "not the exit code of what is out of reach"
    assert capsys.readouterr().err == (
        "error: file build/a.npz\n"
        "  expected: a file that can be read, or written whole\n"
        f"  found:    {os.strerror(number)}\n"
        f"  to mend:  {remedy}\n"
    ), "not the message on stderr"


def test_a_full_disk_names_the_file_that_was_written(tmp_path, monkeypatch, capsys):
    """Of the temporary file, which has a random name, the user hears nothing."""

    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    path = tmp_path / "a.npz"
    assert console.run(lambda: files.write_atomic(path, b"data")) == 3  # type: ignore[func-returns-value]
    message = capsys.readouterr().err
    assert f"error: file {path}\n" in message, "the file is not named"
    assert "No space left on device" in message, "the reason is not told"
    assert list(tmp_path.iterdir()) == [], "something was left behind"


@pytest.mark.skipif(os.name != "posix", reason="pipes end otherwise on Windows")
@pytest.mark.parametrize("lines", [1, 100_000])
@pytest.mark.parametrize("code", [0, 1])
@pytest.mark.parametrize("write", ["print", "console.say"])
def test_a_reader_that_goes_away(lines, code, write):
    """`fixtures verify | head` ends in silence, however much was to come, and with its own code."""
    program = f"""
import sys
from registry import console

def program():
    sys.stdin.read()  # until the reader has gone
    for _ in range({lines}):
        {write}("x" * 79)
    return {code}

sys.exit(console.run(program))
"""
    # an unbuffered stream would fail early, and leave nothing to be written at the end
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONUNBUFFERED"}
    process = subprocess.Popen(
        [sys.executable, "-c", program],
        cwd=REPOSITORY,
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    process.stdout.close()
    process.stdin.close()
    message = process.stderr.read().decode()
    process.stderr.close()
    assert (process.wait(), message) == (code, ""), "a closed pipe is not taken in silence"


@pytest.mark.skipif(os.name != "posix", reason="pipes end otherwise on Windows")
def test_a_pipe_of_the_programs_own(capsys):
    """Where another program ends that ours talks to, that is an error."""

    def program() -> int:
        reader, writer = os.pipe()
        os.close(reader)
        try:
            return os.write(writer, b"x")
        finally:
            os.close(writer)

    assert console.run(program) == 3
    assert "found:    Broken pipe\n" in capsys.readouterr().err


STREAMS = """
import sys
from registry import console
from registry.errors import UsageError

def program():
    print("out")
    print("err", file=sys.stderr)
    opened = open(sys.argv[1], "w")
    assert opened.fileno() > 2, "a file has the number of a stream"
    if len(sys.argv) > 2:
        raise UsageError("a", expected="b", found="c", remedy="d")
    return 1

sys.exit(console.run(program))
"""


@pytest.mark.skipif(os.name != "posix", reason="streams are closed otherwise on Windows")
@pytest.mark.parametrize("streams", ["1", "2", "1 2", "0 1 2"])
@pytest.mark.parametrize(("arguments", "code"), [([], 1), (["error"], 2)])
def test_closed_streams(streams, arguments, code, tmp_path):
    """`fixtures list >&-` ends with the code that it always has, and nothing gets its output."""
    closing = " ".join(f"{number}>&-" for number in streams.split())
    ended = subprocess.run(
        ["sh", "-c", f'"$@" {closing}', "sh", sys.executable, "-c", STREAMS, tmp_path / "file",
         *arguments],
        cwd=REPOSITORY, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert ended.returncode == code, ended
    assert "Traceback" not in ended.stderr, ended.stderr
    assert ended.stdout == ("" if "1" in streams else "out\n"), "not the program's output"
    assert ended.stderr.startswith("err\n") == ("2" not in streams), "not the program's messages"
    assert (tmp_path / "file").read_text() == "", "what was printed is in a file"


@pytest.mark.skipif(os.name != "posix", reason="pipes end otherwise on Windows")
def test_an_error_that_nobody_hears():
    """Where both streams go to a reader that has gone, the error's code is still told."""
    program = """
import sys
from registry import console
from registry.errors import UsageError

def program():
    sys.stdin.read()  # until the reader has gone
    print("out")
    raise UsageError("a", expected="b", found="c", remedy="d")

sys.exit(console.run(program))
"""
    process = subprocess.Popen(
        [sys.executable, "-c", program],
        cwd=REPOSITORY,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    process.stdout.close()
    process.stdin.close()
    assert process.wait(timeout=60) == 2, "not the error's code"


def test_lines_of_data(capsys):
    """What is said shows what it hides, on either stream, and anything has a text."""
    console.say("a\x1b[2J", 1, Path("b\u202e"))
    console.say("c\ud800", file=sys.stderr)
    console.print_errors(["d\x07"])
    assert capsys.readouterr() == (
        "a\\x1b[2J\n1\nb\\u202e\n",
        "c\\ud800\nerror: d\\x07\n",
    ), "raw"


def test_a_terminal_of_few_letters(monkeypatch):
    """A letter that it has not is escaped, and no traceback."""
    stream = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    console.say("© é", file=stream)
    stream.flush()
    assert stream.buffer.getvalue() == rb"\xa9 \xe9" + b"\n"


def test_nowhere_to_say_it(monkeypatch):
    """Without the stream nothing is said."""
    monkeypatch.setattr(sys, "stdout", None)
    console.say("a")


def test_an_error_for_another_program_is_whole(capsys, monkeypatch):
    """What another program takes up is JSON in ASCII, and has the parts as they are."""
    for name, value in console.AS_JSON.items():
        monkeypatch.setenv(name, value)
    error = CheckError("a\x1b", expected="\u202e", found="\ud800", remedy="z")
    assert console.run(raising(error)) == 1
    printed = capsys.readouterr().err
    assert printed.isascii(), "not ASCII"
    assert console.reported(1, printed).parts == error.parts, "not the parts"


@pytest.mark.parametrize(
    ("platform", "remedy"),
    [
        ("linux", "see that it is a file of yours, then run the command again"),
        (
            "win32",
            "close what has the file open, and see that it is yours, then run the command again",
        ),
    ],
)
def test_a_file_that_may_be_in_use(monkeypatch, platform, remedy):
    """Windows says of one that is open what others say of one that is another user's."""
    monkeypatch.setattr(sys, "platform", platform)
    found = console.of_system(PermissionError(13, "Access is denied", "a"))
    assert (found.subject, found.found, found.remedy) == ("file a", "Access is denied", remedy)
