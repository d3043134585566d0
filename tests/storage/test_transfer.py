"""Tests of `registry.storage.transfer`: why an object could not be had, in words.

What each kind of remote makes of it is told by the tests of `registry.storage.remote`.
"""

from __future__ import annotations

import errno
from dataclasses import dataclass, replace

import pytest

from registry.errors import AbsentBytesError, MissingError
from registry.storage import transfer
from registry.storage.store import KEEPERS, Store

WANTED = transfer.Wanted(md5="0" * 32, size=8, target=("fixture@small_v1",))


class Status(Exception):
    """An answer's, as the library for the web raises it."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


class NoCredentialsError(Exception):
    """As the library for S3 calls it."""


@dataclass
class FileSystem:
    """Of a remote on the web."""

    protocol: str = "http"


def store(*, foreign: bool) -> Store:
    """A remote that nobody asks."""
    return Store(
        name="store", url="http://host/a", filesystem=FileSystem(), path="a", foreign=foreign
    )


def remedy(error: Exception, *, foreign: bool) -> str:
    """What mends a transfer that failed in this way."""
    return transfer.explain(store(foreign=foreign), WANTED, error, str(error)).remedy


def test_an_object_is_called_by_what_fetches_it():
    """Its md5, and the target of DVC's commands."""
    assert str(WANTED) == f"object {'0' * 32} of fixture@small_v1"


@pytest.mark.parametrize(
    ("error", "own", "foreign"),
    [
        (
            PermissionError("no"),
            "give DVC other credentials: dvc remote modify --local store …, or in the environment",
            "give DVC other credentials: dvc remote add --global mine http://host/a, and dvc "
            "remote modify --global mine …, or in the environment",
        ),
        (
            FileNotFoundError(),
            "dvc push fixture@small_v1, in a clone that has it",
            "tell those who keep the registry: dvc push fixture@small_v1",
        ),
        (
            OSError("no route"),
            "see that the remote can be reached, then try again: dvc pull fixture@small_v1",
            "see that the remote can be reached, then try again",
        ),
    ],
)
def test_whose_configuration_mends_it(error, own, foreign):
    """A clone's own, or the user's: of somebody else's registry there is no clone here."""
    assert remedy(error, foreign=False) == own, "not that of a clone"
    assert remedy(error, foreign=True) == foreign, "not that of a registry by URL"


@pytest.mark.parametrize(
    ("error", "final"),
    [
        (FileNotFoundError(), True),
        (PermissionError(), True),
        (transfer.TooMuch("more than 8 bytes"), True),
        (OSError(errno.ENOSPC, "full"), True),
        (OSError(errno.ECONNRESET, "reset"), False),
        (ValueError(), False),
        (Status(399), False),
        (Status(400), True),
        (Status(499), True),
        (Status(500), False),
        (NoCredentialsError(), True),
    ],
)
def test_what_another_attempt_would_not_mend(error, final):
    """Absent, denied, too long, a full disk; a connection that was cut is tried again."""
    assert transfer.is_final(error) is final, "not so"


@pytest.mark.parametrize("status", [401, 403, 407])
def test_what_other_credentials_would_mend(status):
    """An answer that says so, the system's refusal, and what libraries have classes of."""
    for error in (Status(status), PermissionError(), NoCredentialsError()):
        assert transfer.is_denied(error), repr(error)
    for error in (Status(404), Status(400), FileNotFoundError(), ValueError("Auth")):
        assert not transfer.is_denied(error), repr(error)


def test_more_than_was_wanted_is_a_broken_chain():
    """The server has other bytes, whatever they are."""
    error = transfer.explain(store(foreign=False), WANTED, transfer.TooMuch("more"), "more")
    assert error.expected == "8 bytes with that md5 from remote store (http://host/a)"
    assert error.exit_code == 1, "not the exit code of other bytes"


def test_a_dvc_that_is_not_known():
    """Its version is in the message, for two packages have to fit."""
    error = transfer.unlike(WANTED)
    assert error.found.startswith("dvc 3"), error.found
    assert "pip install --upgrade" in error.remedy, error.remedy


def test_another_process():
    """It is waited for so long."""
    assert "within 600 s" in transfer.busy(WANTED, 600.0).expected, "not how long"


def in_a_folder(path, *, foreign: bool) -> Store:
    """A remote that is a folder."""
    filesystem = FileSystem(protocol="local")
    return Store(
        name="store", url=str(path), filesystem=filesystem, path=str(path), foreign=foreign
    )


def test_a_folder_that_is_not_here(tmp_path):
    """It is mounted, or another remote named; of somebody else's registry its keepers are told."""
    gone = tmp_path / "gone"
    for foreign, mend, kind in (
        (False, "mount or copy that folder here; or name another remote: ", AbsentBytesError),
        (True, KEEPERS, MissingError),
    ):
        there, absent = (in_a_folder(path, foreign=foreign) for path in (tmp_path, gone))
        error = transfer.explain(absent, WANTED, FileNotFoundError(), "x")
        assert type(error) is kind
        assert error.found == f"remote store ({gone}) is a folder that does not exist here"
        assert error.remedy.startswith(mend)
        error = transfer.explain(there, WANTED, FileNotFoundError(), "x")
        assert type(error) is AbsentBytesError
        assert error.found == f"no such object on remote store ({tmp_path})"


def test_an_object_of_an_import():
    """There it has another target than here, which its keepers are not told."""
    imported = replace(WANTED, imported=True)
    error = transfer.explain(store(foreign=True), imported, FileNotFoundError(), "x")
    assert error.remedy == "tell those who keep the registry: dvc push"


@pytest.mark.parametrize(
    ("error", "said", "expected", "found", "remedy"),
    [
        (OSError(errno.ENOSPC, "No space left"), "x", "room for its 8 bytes",
         "No space left below .dvc", "free some space, then try again; nothing half-written is"),
        (OSError("x"), "SSL: certificate verify failed", "its bytes from remote store (http",
         "remote store (http://host/a) is not believed to be itself: SSL: ", "if you trust who"),
        (ValueError("x"), "no route", "its bytes from remote store (http",
         "remote store (http://host/a) cannot be reached: no route", "see that the remote can"),
    ],
    ids=["disk", "certificate", "network"],
)  # fmt: skip
def test_why_it_could_not_be_had(error, said, expected, found, remedy):
    """Each reason in words of its own."""
    told = transfer.explain(store(foreign=False), WANTED, error, said)
    assert type(told) is AbsentBytesError
    assert told.expected.startswith(expected)
    assert told.found.startswith(found)
    assert told.remedy.startswith(remedy)


def test_bytes_that_nobody_wants():
    """They are told by their number and md5; whose the object is says who takes it away."""
    # printf x | md5sum
    found = transfer.told(b"x")
    assert found == "1 bytes with md5 9dd4e461268c8034f5c8564e155c67a6"
    for place, remedy in (
        (store(foreign=False), "remove the object there, then dvc push fixture@small_v1 in a "),
        ("dvc fetch", "remove the object there, then dvc push fixture@small_v1 in a "),
        (store(foreign=True), "tell those who keep the registry: the object there is another one"),
    ):
        error = transfer.wrong(place, WANTED, found)
        assert error.expected == f"8 bytes with that md5 from {place}"
        assert error.remedy.startswith(remedy)
