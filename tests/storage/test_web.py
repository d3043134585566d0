"""Tests of `registry.storage.web` and `download`, against servers that mean no good."""

from __future__ import annotations

import base64
import gzip
import hashlib
import subprocess
import sys
import threading
import time
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from registry.errors import CheckError, MissingError, RegistryError, UsageError
from registry.storage import download, patience, web
from tests.kit.repository import REPOSITORY

DATA = bytes(n * 7 % 251 for n in range(400_000))
SHA256 = hashlib.sha256(DATA).hexdigest()
ACCOUNT = "Basic " + base64.b64encode(b"user:secret").decode()


class Server:
    """Answers each request by a function of its handler; ``asked`` are path and authorization."""

    def __init__(self, answer) -> None:
        self.answer, self.asked = answer, []
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                server.asked.append((self.path, self.headers.get("Authorization")))
                with suppress(ConnectionError):
                    server.answer(self)

            def begin(self, status=200, **headers) -> None:
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name.replace("_", "-"), str(value))
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._server.block_on_close = False
        self.port = self._server.server_port
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def url(self, host="127.0.0.1", account="", path="/scan.npz") -> str:
        """Address of a file on it."""
        return f"http://{account}{host}:{self.port}{path}"

    def stop(self) -> None:
        """Answer nobody any more."""
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def serve(monkeypatch):
    """Start a server by its answer; without pauses between attempts."""
    monkeypatch.setattr(download, "PAUSE_S", 0.0)
    monkeypatch.setenv("NETRC", "/nonexistent")
    servers = []

    def start(answer) -> Server:
        servers.append(Server(answer))
        return servers[-1]

    yield start
    for server in servers:
        server.stop()


def whole(handler) -> None:
    """The file, as an honest server sends it."""
    handler.begin(Content_Length=len(DATA))
    handler.wfile.write(DATA)


def to(url: str, body: bytes = b""):
    """An answer that leads to another address."""

    def answer(handler) -> None:
        handler.begin(302, Location=url, Content_Length=len(body))
        handler.wfile.write(body)

    return answer


def refused(url: str, folder, kind=MissingError) -> RegistryError:
    """The error with which a download ends; nothing has the file's name."""
    with pytest.raises(kind) as error:
        download.fetch(url, sha256=SHA256, folder=folder)
    assert not list(folder.rglob("scan.npz")), "what is not the file has its name"
    return error.value


class TestLimits:
    """Nothing that a server does goes on for ever, or fills the disk."""

    @pytest.mark.parametrize("ranges", ["refused", "wrong", "none"])
    def test_new_starts_are_counted(self, ranges, serve, tmp_path):
        """A server that gets further each time, but only by beginning again, is given up."""
        grown = iter(range(1 << 17, 1 << 27, 1 << 17))

        def answer(handler) -> None:
            if "Range" in handler.headers and ranges == "refused":
                handler.begin(416, Content_Length=0)
            elif "Range" in handler.headers and ranges == "wrong":
                handler.begin(206, Content_Range="bytes 1-2/3", Content_Length=2)
            else:
                handler.begin(Content_Length=1 << 27)
                handler.wfile.write(bytes(next(grown)))

        server = serve(answer)
        error = refused(server.url(), tmp_path)
        assert error.expected == "a transfer to the end"
        assert len(server.asked) <= 9, "it begins again and again"

    def test_a_byte_at_a_time_is_given_up(self, serve, tmp_path):
        """A server that sends a byte more with each request is asked a few times only."""

        def answer(handler) -> None:
            start = int(handler.headers.get("Range", "bytes=0-")[6:-1])
            handler.begin(206, Content_Range=f"bytes {start}-9/10000", Content_Length=9000)
            handler.wfile.write(b"x")

        def first(handler) -> None:
            if "Range" in handler.headers:
                answer(handler)
            else:
                handler.begin(Content_Length=10_000)
                handler.wfile.write(b"x")

        server = serve(first)
        assert refused(server.url(), tmp_path).expected == "a transfer to the end"
        assert len(server.asked) == 3, "not three attempts"

    def test_a_trickle_is_given_up(self, serve, tmp_path, monkeypatch):
        """A server that is never silent, and sends next to nothing, is not waited for."""
        monkeypatch.setattr(patience, "PATIENCE_S", 0.3)

        def answer(handler) -> None:
            handler.begin(Content_Length=10**9)
            while True:
                handler.wfile.write(b"x")
                time.sleep(0.05)

        found = refused(serve(answer).url(), tmp_path).found
        assert found.startswith("too little to go on after "), found

    @pytest.mark.parametrize("is_slow", [True, False])
    def test_why_it_ended(self, is_slow, serve, monkeypatch):
        """From here, for next to nothing came; or by the other side, which may do better again."""
        if is_slow:
            monkeypatch.setattr(patience, "PATIENCE_S", 0.3)

        def answer(handler) -> None:
            handler.begin(Content_Length=100)
            for _ in range(100 if is_slow else 3):
                handler.wfile.write(b"x")
                time.sleep(0.05 if is_slow else 0)

        with web.answer("s", serve(answer).url(), {}) as response, pytest.raises(web.Cut) as caught:
            list(web.blocks(response))
        assert caught.value.is_slow is is_slow

    def test_a_head_that_never_ends_is_given_up(self, serve, tmp_path, monkeypatch):
        """So it is where the answer's head comes byte by byte."""
        from registry.storage import web

        monkeypatch.setattr(patience, "PATIENCE_S", 0.3)
        monkeypatch.setattr(web, "_CONNECT_S", 0.2)

        def answer(handler) -> None:
            while True:
                handler.wfile.write(b"H")
                time.sleep(0.05)

        assert refused(serve(answer).url(), tmp_path).found == "no answer in time"

    @pytest.mark.parametrize("begun", [b"", b"1\r\nx\r\n", b"1\r\nx\r\n0\r\n"])
    def test_a_line_that_never_ends_is_given_up(self, begun, serve, tmp_path, monkeypatch):
        """So it is where a line before, between or after chunks of a body comes byte by byte."""
        monkeypatch.setattr(patience, "PATIENCE_S", 0.3)

        def answer(handler) -> None:
            handler.begin(Transfer_Encoding="chunked")
            handler.wfile.write(begun)
            while True:
                handler.wfile.write(b"0")
                time.sleep(0.05)

        error = refused(serve(answer).url(), tmp_path)
        assert error.found.startswith("too little to go on after "), error.found

    @pytest.mark.parametrize("chunked", [True, False])
    def test_a_body_that_announces_no_size(self, chunked, serve, tmp_path, monkeypatch):
        """It is taken as far as a limit, which the message names; a file within it is taken."""
        monkeypatch.setattr(download, "UNANNOUNCED_BYTES", 500_000)

        def body(handler, blocks) -> None:
            handler.begin(**({"Transfer_Encoding": "chunked"} if chunked else {}))
            for block in blocks:
                handler.wfile.write(b"%x\r\n%b\r\n" % (len(block), block) if chunked else block)
            handler.wfile.write(b"0\r\n\r\n" if chunked else b"")

        server = serve(lambda handler: body(handler, [DATA]))
        assert (
            download.fetch(server.url(), sha256=SHA256, folder=tmp_path).stat().st_size == 400_000
        )
        server.answer = lambda handler: body(handler, iter(lambda: bytes(1 << 16), None))
        error = refused(server.url(), tmp_path / "new")
        assert error.found == ("more than 500000 bytes, the most that may come unannounced"), (
            "the limit is not named"
        )
        (part,) = (tmp_path / "new").rglob("*.part")
        assert part.stat().st_size <= 500_000, "more than the limit was written"

    def test_more_than_announced(self, serve, tmp_path):
        """No byte is written that was not announced, whichever way it is sent."""

        def answer(handler) -> None:
            handler.begin(Content_Length=100, Transfer_Encoding="chunked")
            for _ in range(100):
                handler.wfile.write(b"%x\r\n%b\r\n" % (1000, bytes(1000)))

        assert refused(serve(answer).url(), tmp_path).found == (
            "more than the 100 bytes that it announced"
        )

    def test_a_packed_body(self, serve, tmp_path):
        """What the server packs though it was asked not to is not unpacked."""
        packed = gzip.compress(bytes(10_000_000))

        def answer(handler) -> None:
            handler.begin(Content_Encoding="gzip", Content_Length=len(packed))
            handler.wfile.write(packed)

        found = refused(serve(answer).url(), tmp_path).found
        assert found == "it packed for the way: Content-Encoding 'gzip'"
        assert not list(tmp_path.rglob("*.part")), "something was written"

    @pytest.mark.parametrize("length", ["9" * 5000, "-1", "1e9", "", "x"])
    def test_a_length_that_is_none(self, length, serve, tmp_path):
        """It counts as no announcement, and is no traceback."""

        def answer(handler) -> None:
            handler.begin(Content_Length=length)
            handler.wfile.write(b"other")

        with pytest.raises((CheckError, MissingError)):
            download.fetch(serve(answer).url(), sha256=SHA256, folder=tmp_path)


class TestRedirects:
    """A redirect is followed with care."""

    def test_the_account_stays_with_its_host(self, serve, tmp_path):
        """Neither the URL's name and password nor those of a redirect reach another host."""
        other = serve(whole)
        server = serve(to(other.url("localhost", account="evil:word@")))
        path = download.fetch(server.url(account="user:secret@"), sha256=SHA256, folder=tmp_path)
        assert path.read_bytes() == DATA
        assert server.asked == [("/scan.npz", ACCOUNT)], "the host did not get its account"
        assert other.asked == [("/scan.npz", None)], "another host got an account"

    def test_another_port_is_another_host(self, serve, tmp_path):
        """The same name on another port may be somebody else's."""
        other = serve(whole)
        server = serve(to(other.url()))
        download.fetch(server.url(account="user:secret@"), sha256=SHA256, folder=tmp_path)
        assert other.asked == [("/scan.npz", None)], "another port got the account"

    def test_netrc_serves_the_hosts_that_it_names(self, serve, tmp_path, monkeypatch):
        """An account of the user's own file for one host does not go along to another."""
        (tmp_path / "netrc").write_text("machine 127.0.0.1 login user password secret\n")
        monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
        other = serve(whole)
        # as if the account's host were the redirect's: older versions of requests fell for it
        server = serve(to(other.url("localhost", account="127.0.0.1:@")))
        download.fetch(server.url(), sha256=SHA256, folder=tmp_path / "new")
        assert server.asked == [("/scan.npz", ACCOUNT)], "the host did not get its account"
        assert other.asked == [("/scan.npz", None)], "another host got an account"

    def test_within_a_host_the_account_goes_along(self, serve, tmp_path):
        """Where the file has moved on the same server, it is still served."""
        server = serve(lambda handler: None)
        server.answer = lambda handler: (
            whole(handler) if handler.path == "/new" else to(server.url(path="/new"))(handler)
        )
        download.fetch(server.url(account="user:secret@"), sha256=SHA256, folder=tmp_path)
        assert server.asked == [("/scan.npz", ACCOUNT), ("/new", ACCOUNT)]

    @pytest.mark.parametrize("length", [1, 2])
    def test_a_circle(self, length, serve, tmp_path):
        """Who is led in a circle is told so."""
        server = serve(lambda handler: None)
        server.answer = lambda handler: to(f"/{len(server.asked) % length}")(handler)
        assert refused(server.url(), tmp_path).found == (
            "more than 10 redirects, perhaps in a circle"
        )
        assert len(server.asked) == 11, "not as many as the message says"

    def test_the_body_of_a_redirect_is_not_read(self, serve, tmp_path):
        """It could be as long as it likes."""
        other = serve(whole)
        sent = []

        def answer(handler) -> None:
            handler.begin(302, Location=other.url())
            for _ in range(1000):
                handler.wfile.write(bytes(1 << 16))
                sent.append(1)

        server = serve(answer)
        assert download.fetch(server.url(), sha256=SHA256, folder=tmp_path).read_bytes() == DATA
        assert len(sent) < 1000, "all of it was taken"

    @pytest.mark.parametrize(
        "target", ["file:///secret?token=abc", "ftp://u:abc@host/", "http://[x", "http://", "x://y"]
    )
    def test_to_what_is_no_web_address(self, target, serve, tmp_path):
        """A redirect that leads out of the web is refused in four parts, without secrets."""
        error = refused(serve(to(target)).url(), tmp_path, (UsageError, MissingError))
        assert "abc" not in str(error), "a secret is shown"


@pytest.mark.parametrize("how", ["whole", "status", "cut", "redirect", "packed", "closed"])
def test_secrets_stay_out_of_warnings(how, serve, tmp_path):
    """Python's own warnings, of what was not closed say, show neither query nor password."""
    other = serve(whole)
    answers = {
        "whole": whole,
        "status": lambda handler: handler.begin(404, Content_Length=3),
        "cut": lambda handler: handler.begin(Content_Length=3),
        "redirect": to(other.url(path="/scan.npz?token=abcdef")),
        "packed": lambda handler: handler.begin(Content_Encoding="br"),
        "closed": lambda handler: handler.connection.close(),
    }
    url = serve(answers[how]).url(account="user:secret@", path="/scan.npz?token=abcdef")
    code = (
        "import gc, sys; from pathlib import Path; from registry import console\n"
        "from registry.storage import download\n"
        "download.PAUSE_S = 0\n"
        "def run():\n"
        "    download.fetch(sys.argv[1], sha256=sys.argv[2], folder=Path(sys.argv[3]))\n"
        "    return 0\n"
        "code = console.run(run); gc.collect(); sys.exit(code)"
    )
    ended = subprocess.run(
        [sys.executable, "-X", "dev", "-c", code, url, SHA256, tmp_path],
        cwd=REPOSITORY, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert "Traceback" not in ended.stderr, ended.stderr
    assert "abcdef" not in ended.stderr, "the query is shown"
    assert "secret" not in ended.stderr, "the password is shown"
    assert ended.returncode == (0 if how in ("whole", "redirect") else 3), ended.stderr
