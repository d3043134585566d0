"""Tests of `registry.storage.distant`: what a file elsewhere is called, and how errors are told."""

from __future__ import annotations

import pickle

from registry.errors import CheckError, MissingError
from registry.storage import distant
from registry.storage.distant import Distant

FILE = Distant(url="s3://bucket/a/scan.cxi", etag="9b2c-16", size=7)


def test_what_it_is_called():
    """By its last part, and in a record by size, ETag and version; a signature is in neither."""
    assert (FILE.name, str(FILE)) == ("scan.cxi", "7 bytes with ETag 9b2c-16")
    signed = Distant(url="https://host/scan.cxi?key=a/b", etag="1", size=2, version_id="x3")
    assert (signed.name, str(signed)) == ("scan.cxi", "2 bytes with ETag 1 and version x3")


def test_it_goes_to_another_process():
    """A reader's process is sent it."""
    assert pickle.loads(pickle.dumps(FILE)) == FILE


def test_errors_have_four_parts():
    """Each says what mends it, and none that a password goes into params.yaml."""
    for error, kind, found, remedy in (
        (distant.replaced("s", FILE, "ETag 1"), CheckError, "ETag 1", "put back; or, if the one"),
        (distant.absent("s"), MissingError, "none", "correct the address in params.yaml; or"),
        (distant.denied("s", "403", "in X"), MissingError, "403", "credentials in X, and none in"),
        (distant.unreachable("s", "no"), MissingError, "no", "be reached from here, then run the"),
    ):
        assert (type(error), error.subject, error.found) == (kind, "s", found)
        assert remedy in error.remedy, error
    assert distant.replaced("s", FILE, "").expected == (
        "7 bytes with ETag 9b2c-16, as when reading it began"
    )
