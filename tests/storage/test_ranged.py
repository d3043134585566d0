"""Tests of `registry.storage.ranged`: the declared file is read where it is, and no other."""

from __future__ import annotations

import hashlib
import random

import pytest

from registry import digests
from registry.errors import CheckError, MissingError, UsageError
from registry.storage import ranged, web_file
from registry.storage.distant import Distant

DATA = random.Random(3).randbytes(100_000)
URL = "https://host/scan.cxi"
FILE = Distant(url=URL, etag="a1", size=len(DATA))


class Connection:
    """A connection that brings so many bytes at once, at most."""

    most = len(DATA)
    file = FILE
    opened = 0
    asked: tuple = ()

    def __init__(self, subject: str, url: str) -> None:
        assert (subject, url) == (f"reading {URL}", URL)
        type(self).opened += 1

    def close(self) -> None:
        """Leave."""
        type(self).opened -= 1

    def found(self) -> Distant:
        """What is there."""
        return self.file

    def part(self, file, start, end) -> bytes:
        """Some bytes of it."""
        type(self).asked += ((start, end),)
        return DATA[start : min(end, start + self.most)]


@pytest.fixture(autouse=True)
def connection(monkeypatch):
    """In place of the web; it is left whatever happens."""
    kind = type("Connection", (Connection,), {})
    monkeypatch.setattr(web_file, "WebFile", kind)
    yield kind
    assert kind.opened == 0, "a connection was not closed"


def test_the_file_that_is_there(connection):
    """It is found, where its ETag is the declared one or none is declared."""
    assert ranged.find(URL) == ranged.find(URL, etag="a1") == FILE


def test_another_file(connection):
    """It is refused, with what is there."""
    with pytest.raises(CheckError) as caught:
        ranged.find(URL, etag="b2")
    assert caught.value.parts == {
        "subject": f"reading {URL}",
        "expected": "ETag b2, as declared",
        "found": "100000 bytes with ETag a1",
        "remedy": "have the declared file put back; or, if the one that is there is meant, declare "
        "it in params.yaml under a new source name",
    }


def test_a_file_that_is_empty_or_nameless(connection):
    """It is none that can be read in parts."""
    for file in (Distant(url=URL, etag="a1", size=0), Distant(url=URL, etag="", size=5)):
        connection.file = file
        with pytest.raises(CheckError, match="a file that is not empty, with an ETag"):
            ranged.find(URL)


def test_reading_it(connection):
    """Anywhere, and each byte once."""
    with ranged.opened(FILE) as file:
        file.seek(50_000)
        assert file.read(9000) == DATA[50_000:59_000]
        assert file.seek(0, 2) == len(DATA)
    assert connection.asked == ((50_000, 59_000),)


def test_its_digests(connection, monkeypatch):
    """They are those of all bytes, of which memory holds some."""
    monkeypatch.setattr(ranged, "_PART_BYTES", 30_000)
    assert ranged.sha256(FILE) == hashlib.sha256(DATA).hexdigest()
    assert connection.asked == ((0, 30_000), (30_000, 60_000), (60_000, 90_000), (90_000, 100_000))
    assert ranged.git_blob(FILE) == digests.git_blob_id(DATA)


def test_a_connection_that_breaks(connection):
    """What is missing is asked for, three times in all."""
    connection.most = 4000
    with ranged.opened(FILE) as file:
        file.seek(30_000)
        assert file.read(10_000) == DATA[30_000:40_000]
        file.seek(50_000)
        with pytest.raises(MissingError) as caught:
            file.read(12_001)
    assert caught.value.found == "12000 of 12001 bytes in 3 attempts"


def test_a_server_that_sends_more(connection):
    """What was not asked for is not taken."""
    connection.part = lambda self, file, start, end: DATA[start : end + 5]
    with ranged.opened(FILE) as file:
        file.seek(30_000)
        assert file.read(10_000) == DATA[30_000:40_000]
    assert ranged.sha256(FILE) == hashlib.sha256(DATA).hexdigest()


def test_a_file_of_one_byte(connection):
    """It is not empty."""
    connection.file = Distant(url=URL, etag="a1", size=1)
    assert ranged.find(URL) == connection.file


def test_addresses_that_are_none():
    """A password is refused, and not shown."""
    for url, found in (
        ("ftp://host/a", "ftp://host/a"),
        ("https:///a", "https:///a"),
        ("https://[/a", "https://[/a"),
        ("https://me:secret@host/a", "https://***@host/a"),
        ("s3://key:secret@bucket/a", "s3://***@bucket/a"),
    ):
        with pytest.raises(UsageError) as caught:
            ranged.find(url)
        assert caught.value.found == found
