"""Tests of `registry.storage.pieces`: every byte is right, and none is fetched twice."""

from __future__ import annotations

import io
import os
import random
import tempfile

import pytest

from registry.errors import MissingError
from registry.storage import pieces
from registry.storage.pieces import HEAD, SMALLEST, Pieces

DATA = random.Random(3).randbytes(300_000)


@pytest.fixture
def fetched():
    """Parts that were fetched."""
    return []


@pytest.fixture
def file(fetched):
    """The data as a file elsewhere."""

    def fetch(start, end):
        fetched.append((start, end))
        return DATA[start:end]

    with Pieces(len(DATA), fetch, "scan") as file:
        yield file


def read(file, start, count) -> bytes:
    """So many bytes from a place."""
    file.seek(start)
    return file.read(count)


def test_any_reading_is_that_of_the_file(file, fetched):
    """Whatever was read before, in whatever order; and each byte is fetched once at most."""
    rng = random.Random(5)
    for _ in range(400):
        start, count = rng.randrange(len(DATA)), rng.choice([1, 100, 5000, 40_000])
        assert read(file, start, count) == DATA[start : start + count]
        assert file.tell() == min(start + count, len(DATA))
    at = 0
    for start, end in sorted(fetched):
        assert at <= start < end <= len(DATA), "fetched twice, or not there"
        at = end


def test_what_is_asked_for_is_fetched_and_no_more(file, fetched):
    """A frame takes its own bytes, in one request."""
    read(file, 100_000, 50_000)
    assert fetched == [(100_000, 150_000)]
    read(file, 90_000, 70_000)
    assert fetched[1:] == [(90_000, 100_000), (150_000, 160_000)], "not what was missing"


def test_little_is_fetched_with_what_follows(file, fetched):
    """Headers take few requests, and reach neither beyond the end nor into what is here."""
    read(file, 0, 8)
    read(file, 100_000, 8)
    read(file, 100_000 - 8, 4)
    read(file, len(DATA) - 3, 8)
    assert fetched == [
        (0, HEAD),
        (100_000, 100_000 + SMALLEST),
        (100_000 - 8, 100_000),
        (len(DATA) - 3, len(DATA)),
    ]


def test_much_is_fetched_in_parts(file, fetched, monkeypatch):
    """So that memory holds one of them."""
    monkeypatch.setattr(pieces, "LARGEST", 100_000)
    assert read(file, 10_000, 250_000) == DATA[10_000:260_000]
    assert fetched == [(10_000, 110_000), (110_000, 210_000), (210_000, 260_000)]


def test_from_the_beginning(file):
    """Where it is read from, once it is open."""
    assert file.tell() == 0
    assert file.read(10) == DATA[:10]


def test_what_is_in_a_buffer_behind_the_end_stays(file):
    """No byte is written there, whatever else was fetched by then."""
    read(file, len(DATA) - 100, 100)
    read(file, 1000, 50_000)
    buffer = bytearray(b"x" * 30)
    file.seek(len(DATA) - 10)
    assert file.readinto(buffer) == 10
    assert buffer == DATA[-10:] + b"x" * 20


def test_the_end(file):
    """Where the file ends so does reading; to seek is as in any file."""
    assert file.seek(-10, os.SEEK_END) == len(DATA) - 10
    assert file.read(100) == DATA[-10:]
    assert file.read(100) == b""
    assert read(file, len(DATA) + 5, 10) == b""
    assert file.tell() == len(DATA) + 5
    file.seek(7)
    assert file.seek(3, os.SEEK_CUR) == 10
    assert file.readable()
    assert file.seekable()


def test_nothing_is_left(file):
    """Once closed, what was fetched is gone."""
    read(file, 0, 10)
    file.close()
    with pytest.raises(ValueError, match="closed"):
        read(file, 0, 10)


def test_no_space(monkeypatch):
    """It is told where space is needed, and nothing is kept as if it were there."""

    class Full(io.BytesIO):
        def write(self, data):
            raise OSError(28, "No space left on device")

    monkeypatch.setattr(tempfile, "TemporaryFile", Full)
    file = Pieces(len(DATA), lambda start, end: DATA[start:end], "scan")
    for _ in range(2):
        with pytest.raises(MissingError) as caught:
            read(file, 50_000, 9000)
        assert (caught.value.subject, caught.value.found) == ("scan", "No space left on device")
        assert caught.value.expected.startswith("9000 bytes of free space in ")
        assert "TMPDIR" in caught.value.remedy
