"""Tests of `registry.storage.web_file`, against a server that sends parts, and what others send."""

from __future__ import annotations

import re
from contextlib import closing

import pytest

from registry.errors import CheckError, MissingError
from registry.storage import distant
from registry.storage.web_file import WebFile
from tests.kit.servers import RangeServer, etag

DATA = bytes(n * 7 % 251 for n in range(50_000))
DOWNLOADED = "declare its sha256 in place of etag and ranges, so that it is downloaded as a whole"


@pytest.fixture(scope="module")
def _server(tmp_path_factory):
    with RangeServer(tmp_path_factory.mktemp("served")) as server:
        yield server


@pytest.fixture
def server(_server, monkeypatch):
    """A server of one file."""
    monkeypatch.setenv("NETRC", "/nonexistent")
    _server.parts.clear()
    _server.asked.clear()
    _server.heeds, _server.before = True, lambda handler, number: False
    (_server.folder / "scan.cxi").write_bytes(DATA)
    return _server


@pytest.fixture
def file(server):
    """The file on it."""
    with closing(WebFile("scan", f"{server.url}/scan.cxi")) as file:
        yield file


def test_what_is_there(server, file):
    """Its size and its ETag, for one byte of it."""
    found = file.found()
    assert (found.size, found.etag) == (len(DATA), etag(DATA))
    assert (found.url, found.version_id, found.sha256) == (f"{server.url}/scan.cxi", None, None)
    assert server.sent == 1


def test_a_part(server, file):
    """The bytes that were asked for, and no others."""
    found = file.found()
    assert file.part(found, 1000, 41_000) == DATA[1000:41_000]
    assert server.parts[1:] == [(1000, 40_999)]


def other(server) -> None:
    """Put another file of the same size in its place."""
    (server.folder / "scan.cxi").write_bytes(DATA[::-1])


@pytest.mark.parametrize("heeds", [True, False])
def test_a_file_that_is_replaced(server, file, heeds):
    """It is noticed, also where the server takes no heed of the condition."""
    server.heeds = heeds
    found = file.found()
    other(server)
    with pytest.raises(CheckError) as caught:
        file.part(found, 0, 10)
    assert caught.value.expected == f"{found}, as when reading it began"
    said = f'50000 bytes with ETag "{etag(DATA[::-1])}"'
    assert caught.value.found == ("another one" if heeds else said)


def answers(status: int, where: str, tag: str | None, body: bytes = b"x"):
    """An answer to whatever is asked."""

    def before(handler, number):
        if status == 206:
            RangeServer.send_part(handler, body, where, tag)
        elif status == 200:
            handler.begin(len(DATA))
            handler.wfile.write(DATA)
        else:
            handler.send_error(status)
        return True

    return before


TAG = f'"{etag(DATA)}"'
# An answer to the first request; the error, what is found, and what mends it.
REFUSED = [
    ((200, "", None), CheckError, "HTTP 200 OK: it has no ranges", DOWNLOADED),
    ((206, "bytes */*", TAG), CheckError, "HTTP 206 Partial Content: it has no ranges", DOWNLOADED),
    ((206, "bytes 0-0/50000", None), CheckError, "no ETag", DOWNLOADED),
    ((206, "bytes 0-0/50000", 'W/"1"'), CheckError, 'W/"1"', DOWNLOADED),
    ((404, "", None), MissingError, "none", "correct the address in params.yaml"),
    ((403, "", None), MissingError, "HTTP 403 Forbidden", "give the credentials in ~/.netrc"),
    ((500, "", None), MissingError, "HTTP 500 Internal Server Error", "see that the server can be"),
]  # fmt: skip


def test_servers_that_will_not_do(server, file):
    """Each is refused in four parts before anything is read."""
    for answer, kind, found, remedy in REFUSED:
        server.before = answers(*answer)
        with pytest.raises(kind) as caught:
            file.found()
        assert (caught.value.subject, caught.value.found) == ("scan", found)
        assert remedy in caught.value.remedy, caught.value


def test_a_part_that_was_not_asked_for(server, file):
    """Another one, or more of it, is no part of the file."""
    found = file.found()
    server.before = answers(206, "bytes 5-14/50000", TAG, bytes(10))
    with pytest.raises(MissingError, match=re.escape("'bytes 5-14/50000' in place of 'bytes 0-9")):
        file.part(found, 0, 10)
    server.before = answers(206, "bytes 100-109/50000", TAG, bytes(11))
    with pytest.raises(MissingError, match="more than was asked for"):
        file.part(found, 100, 110)


def test_a_connection_that_breaks(server, file):
    """What came is the caller's, who asks for the rest."""
    found = file.found()

    def before(handler, number):
        handler.send_response(206)
        handler.send_header("Content-Length", "100")
        handler.send_header("Content-Range", "bytes 0-99/50000")
        handler.send_header("ETag", TAG)
        handler.end_headers()
        handler.wfile.write(DATA[:30])
        handler.close_connection = True
        return True

    server.before = before
    assert file.part(found, 0, 100) == DATA[:30]


def test_nobody_there(server):
    """A server that is not there is named in four parts."""
    with (
        closing(WebFile("scan", "http://127.0.0.1:9/scan.cxi")) as file,
        pytest.raises(MissingError, match="Connection refused"),
    ):
        file.found()


def test_it_is_a_connection(file):
    """As `registry.storage.ranged` wants one."""
    connection: distant.Connection = file
    assert connection.found().name == "scan.cxi"
