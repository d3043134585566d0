"""Tests of `registry.storage.transfer`: why an object could not be had, in words.

What each kind of remote makes of it is told by the tests of `registry.storage.remote`.
"""

from __future__ import annotations

import errno
from dataclasses import dataclass

import pytest

from registry.storage import transfer
from registry.storage.store import Store

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
