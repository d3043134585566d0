"""Tests of `registry.build.arriving`: a file that comes in parts, whole or not at all."""

from __future__ import annotations

import asyncio
import threading
from dataclasses import replace
from types import SimpleNamespace

import pytest

from registry.build import arriving
from registry.build.arriving import File
from registry.digests import sha256
from registry.errors import CheckError, MissingError

DATA = bytes(range(256)) * 10


@pytest.fixture(autouse=True)
def _silence(monkeypatch):
    """Nothing waits longer than a test may."""
    monkeypatch.setattr(arriving, "_SILENCE_S", 10)


FILE = File(
    subject="source a_source",
    path="build/sources/a_source.npz",
    sha256=sha256(DATA),
    size=len(DATA),
    anew="a command makes it anew",
)


def sender(parts, said):
    """Sends parts once it is asked to, by another thread, and notes how each was received."""

    def send(word):
        said.extend(asyncio.run(arriving.receive(word, part)) for part in parts)

    return lambda word: threading.Thread(target=send, args=[word]).start()


def test_parts(tmp_path):
    """They make the file, which is there once it is what was asked for."""
    said, path = [], tmp_path / "sources" / "it.npz"
    parts = [DATA[:1000], DATA[1000:1001], DATA[1001:], b""]
    arriving.fetch(FILE, path, sender(parts, said))
    assert path.read_bytes() == DATA
    assert [item.name for item in path.parent.iterdir()] == ["it.npz"]
    assert said[:3] == [True] * 3
    assert arriving._waiting == {}


def test_other_bytes(tmp_path):
    """Leave nothing behind."""
    with pytest.raises(CheckError) as caught:
        arriving.fetch(FILE, tmp_path / "it.npz", sender([DATA[:-1], b""], []))
    assert caught.value.parts == {
        "subject": "source a_source",
        "expected": f"a file with SHA-256 {sha256(DATA)}, as the client knows it",
        "found": f"{sha256(DATA[:-1])}, as it came through the cluster",
        "remedy": "run the command again; a command makes it anew",
    }
    assert list(tmp_path.iterdir()) == []


def test_no_remedy_of_its_own(tmp_path):
    """A file that needs none is asked for again."""
    file = replace(FILE, anew="")
    with pytest.raises(CheckError) as caught:
        arriving.fetch(file, tmp_path / "it.npz", sender([b""], []))
    assert caught.value.parts["remedy"] == "run the command again"


def test_where_a_file_is(tmp_path, monkeypatch):
    """Where its very bytes are, as a file that can be read."""
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "it.npz"
    assert not arriving.is_at(FILE, path)
    path.write_bytes(DATA[::-1])
    assert not arriving.is_at(FILE, path), "other bytes of this size"
    path.write_bytes(DATA)
    assert arriving.is_at(FILE, path)
    assert not arriving.is_at(FILE, tmp_path), "a folder"
    path.write_bytes(DATA + b"0")
    monkeypatch.setattr(arriving, "Kept", lambda: pytest.fail("hashed, be it gigabytes"))
    assert not arriving.is_at(FILE, path), "of another size"


def test_asking():
    """By an event, which says which file, who asks, and the word that its parts come with."""
    events = []
    worker = SimpleNamespace(address="tcp://w:1", log_event=lambda *event: events.append(event))
    arriving.asking(FILE, "a topic", worker)("a word")
    said = {"sha256": sha256(DATA), "worker": "tcp://w:1", "word": "a word"}
    assert events == [("a topic", said)]


def test_silence(tmp_path, monkeypatch):
    """Is not waited for without end, and who sends later is told that nobody waits."""
    monkeypatch.setattr(arriving, "_SILENCE_S", 0.05)
    words = []
    with pytest.raises(MissingError) as caught:
        arriving.fetch(FILE, tmp_path / "it.npz", words.append)
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
