"""Tests of `registry.build.arriving`: a source that comes in parts, whole or not at all."""

from __future__ import annotations

import asyncio
import threading

import pytest

from registry.build import arriving
from registry.build.record import SourceRecord
from registry.digests import sha256
from registry.errors import CheckError, MissingError

DATA = bytes(range(256)) * 10


@pytest.fixture(autouse=True)
def _silence(monkeypatch):
    """Nothing waits longer than a test may."""
    monkeypatch.setattr(arriving, "_SILENCE_S", 10)


@pytest.fixture
def record():
    """That of a source."""
    return SourceRecord(
        name="a_source", sha256=sha256(DATA), size=len(DATA), is_foreign=False, licence="CC0-1.0",
        commit=None, declaration={}, generator_script="", generators={}, transformations=[],
        details={},
    )  # fmt: skip


def sender(parts, said):
    """Sends parts once it is asked to, by another thread, and notes how each was received."""

    def send(word):
        said.extend(asyncio.run(arriving.receive(word, part)) for part in parts)

    return lambda word: threading.Thread(target=send, args=[word]).start()


def test_parts(record, tmp_path):
    """They make the file, which is there once it is what its record says."""
    said, path = [], tmp_path / "sources" / "it.npz"
    parts = [DATA[:1000], DATA[1000:1001], DATA[1001:], b""]
    arriving.fetch(record, path, sender(parts, said))
    assert path.read_bytes() == DATA
    assert [item.name for item in path.parent.iterdir()] == ["it.npz"]
    assert said[:3] == [True] * 3
    assert arriving._waiting == {}


def test_other_bytes(record, tmp_path):
    """Leave nothing behind."""
    with pytest.raises(CheckError) as caught:
        arriving.fetch(record, tmp_path / "it.npz", sender([DATA[:-1], b""], []))
    assert caught.value.parts == {
        "subject": "source a_source",
        "expected": f"a file with SHA-256 {record.sha256}, as its record says",
        "found": f"{sha256(DATA[:-1])}, as it came through the cluster",
        "remedy": "run the command again; dvc repro --force source@a_source makes the client's own "
        "anew",
    }
    assert list(tmp_path.iterdir()) == []


def test_silence(record, tmp_path, monkeypatch):
    """Is not waited for without end, and who sends later is told that nobody waits."""
    monkeypatch.setattr(arriving, "_SILENCE_S", 0.05)
    words = []
    with pytest.raises(MissingError) as caught:
        arriving.fetch(record, tmp_path / "it.npz", words.append)
    assert caught.value.parts["found"] == "no part of it for 0 s"
    assert list(tmp_path.iterdir()) == []
    assert asyncio.run(arriving.receive(words[0], b"late")) is False


def test_no_more_than_two_parts_are_held(monkeypatch):
    """Who sends faster than is written waits for that."""
    arriving._waiting["word"] = parts = arriving.queue.Queue(1)

    async def send():
        await arriving.receive("word", b"1")
        second = asyncio.create_task(arriving.receive("word", b"2"))
        await asyncio.sleep(0.05)
        assert not second.done()
        assert parts.get() == b"1"
        assert await second
        assert parts.get() == b"2"

    try:
        asyncio.run(send())
    finally:
        del arriving._waiting["word"]
