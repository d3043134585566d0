"""Tests of `registry.storage.download`, against a server on loopback."""

from __future__ import annotations

import errno
import hashlib
import re
import signal
import subprocess
import sys
import threading
import time
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from registry.errors import CheckError, LockedError, MissingError, UsageError
from registry.storage import download
from tests.kit.repository import REPOSITORY

DATA = bytes(n * 7 % 251 for n in range(400_000))
SHA256 = "1e7e272e139611a3cc8b2454c833d6236d4bdf01c742e284f2a25846ef73a94b"  # sha256sum
BLOB = "1a77f7b7f7d761f51145b3efc93640434ba9e663"  # git hash-object
CUT = 9 * download.BLOCK_BYTES  # what arrives of the last block before a cut is lost


class Server:
    """Serves DATA at every path, and fails as it is told to.

    Attributes
    ----------
    data : bytes
        What is served.
    ranges : str
        How ranges are answered: well (``yes``), with the whole file (``no``), with status 416
        (``refused``), or with a range that begins one byte too early (``wrong``).
    cuts : list of int
        After how many bytes the next answers end.
    asked : list of dict
        Headers of each request.
    """

    def __init__(self) -> None:
        self.data, self.ranges, self.status = DATA, "yes", 200
        self.cuts: list[int] = []
        self.asked: list[dict[str, str]] = []
        self.before_answer = lambda: None
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self._server.block_on_close = False
        self.url = f"http://127.0.0.1:{self._server.server_port}/folder/scan.npz"
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def stop(self) -> None:
        """Refuse connections from now on."""
        self._server.shutdown()
        self._server.server_close()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                server.asked.append(dict(self.headers))
                server.before_answer()
                with suppress(ConnectionError):
                    self._answer()

            def _answer(self) -> None:
                if server.status != 200:
                    self.send_error(server.status)
                    return
                data, start = server.data, 0
                match = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
                if match and server.ranges != "no":
                    start = int(match[1]) - (server.ranges == "wrong")
                    if start >= len(data) or server.ranges == "refused":
                        self.send_error(416)
                        return
                    self.send_response(206)
                    self.send_header("Content-Range", f"bytes {start}-{len(data) - 1}/{len(data)}")
                else:
                    self.send_response(200)
                self.send_header("Content-Length", str(len(data) - start))
                self.end_headers()
                if server.cuts:
                    data = data[: start + server.cuts.pop(0)]
                self.wfile.write(data[start:])

            def log_message(self, *_: object) -> None:
                pass

        return Handler


@pytest.fixture
def server(monkeypatch):
    """The server, without pauses between attempts."""
    monkeypatch.setattr(download, "PAUSE_S", 0.0)
    server = Server()
    yield server
    with suppress(OSError):
        server.stop()


def visible(folder: Path) -> list[str]:
    """Names of files that are not hidden."""
    return sorted(path.name for path in folder.rglob("*") if path.is_file() and path.name[0] != ".")


def stopped_at(server: Server, folder: Path) -> None:
    """Leave a part of CUT bytes behind, as a transfer does that is cut too often."""
    server.cuts = [CUT]
    original = server.before_answer

    def die() -> None:
        if len(server.asked) > 1:
            server.status = 503

    server.before_answer = die
    with pytest.raises(MissingError, match="503"):
        download.fetch(server.url, sha256=SHA256, folder=folder)
    server.before_answer, server.status = original, 200
    assert visible(folder) == [], "half a file has the name of a whole one"
    server.asked.clear()


class TestFetch:
    """A file comes whole and verified."""

    @pytest.mark.parametrize("pin", [{"sha256": SHA256}, {"blob": BLOB}])
    def test_a_download(self, pin, server, tmp_path):
        """The file has its name, its bytes, and nothing half beside it, by either digest."""
        path = download.fetch(server.url, **pin, folder=tmp_path / "new")
        assert path.name == "scan.npz", "the file has another name"
        assert path.read_bytes() == DATA, "other bytes"
        assert not list(tmp_path.rglob("*.part*")), "a part was left behind"

    def test_what_is_there_is_not_fetched_again(self, server, tmp_path):
        """A second call asks the server nothing."""
        first = download.fetch(server.url, sha256=SHA256, folder=tmp_path)
        assert download.fetch(server.url, sha256=SHA256, folder=tmp_path) == first
        assert len(server.asked) == 1, "the server was asked again"

    def test_what_was_damaged_is_fetched_again(self, server, tmp_path):
        """A file that changed on disk is not believed."""
        path = download.fetch(server.url, sha256=SHA256, folder=tmp_path)
        path.write_bytes(b"something else")
        assert download.fetch(server.url, sha256=SHA256, folder=tmp_path) == path
        assert path.read_bytes() == DATA, "the damaged file was kept"

    def test_a_file_url(self, tmp_path):
        """A file on disk is copied and verified like any other."""
        (tmp_path / "a scan.npz").write_bytes(DATA)
        url = (tmp_path / "a scan.npz").as_uri()
        path = download.fetch(url, sha256=SHA256, folder=tmp_path / "new")
        assert (path.name, path.read_bytes() == DATA) == ("a_scan.npz", True)

    @pytest.mark.parametrize("last", ["Con.npz", "nul", "COM7.a.b"])
    def test_a_name_that_is_a_device_of_windows(self, tmp_path, last):
        """It is another one there, so that the file can be copied to such a machine."""
        (tmp_path / last).write_bytes(DATA)
        url = (tmp_path / last).as_uri()
        assert download.fetch(url, sha256=SHA256, folder=tmp_path / "new").name == f"_{last}"

    def test_two_processes(self, server, tmp_path):
        """Two calls at the same time fetch the file once."""
        threads = [
            threading.Thread(
                target=download.fetch,
                args=(server.url,),
                kwargs={"sha256": SHA256, "folder": tmp_path},
            )
            for _ in range(2)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert (visible(tmp_path), len(server.asked)) == (["scan.npz"], 1)

    def test_progress_is_for_terminals(self, server, tmp_path, capsys):
        """Where nobody watches, nothing is written."""
        download.fetch(server.url, sha256=SHA256, folder=tmp_path)
        assert capsys.readouterr() == ("", ""), "something was printed"

    def test_progress_on_a_terminal(self, server, tmp_path, monkeypatch, capsys):
        """On a terminal, a bar names the file; not when it is not wanted."""
        monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
        monkeypatch.setenv("FORCE_COLOR", "1")
        download.fetch(server.url, sha256=SHA256, folder=tmp_path / "a")
        assert "downloading scan.npz" in capsys.readouterr().err, "no progress is shown"
        download.fetch(server.url, sha256=SHA256, folder=tmp_path / "b", progress=False)
        assert capsys.readouterr().err == "", "progress is shown though not wanted"

    @pytest.mark.parametrize("announced", [400_000, None])
    def test_how_far_it_has_come(self, server, tmp_path, monkeypatch, announced):
        """From nothing to the whole, whose size is told where it is known."""
        moves = []

        @contextmanager
        def bar(title, *, wanted):
            moves.append((title, wanted))
            yield lambda **move: moves.append(move)

        monkeypatch.setattr(download, "bar", bar)
        monkeypatch.setattr(download.web, "length", lambda _: announced)
        download.fetch(server.url, sha256=SHA256, folder=tmp_path)
        assert moves[:2] == [
            ("downloading scan.npz", True),
            {"completed": 0, "total": announced},
        ]
        assert moves[-1] == {"completed": 400_000}


class TestResume:
    """A transfer goes on where it stopped, if the server still has the same file."""

    def test_a_cut_is_mended_at_once(self, server, tmp_path):
        """A connection that breaks is taken up again from the next byte."""
        server.cuts = [CUT, CUT]
        path = download.fetch(server.url, sha256=SHA256, folder=tmp_path)
        assert path.read_bytes() == DATA, "other bytes"
        ranges = [asked.get("Range") for asked in server.asked]
        assert ranges == [None, f"bytes={CUT}-", f"bytes={2 * CUT}-"], "not resumed"

    def test_many_cuts(self, server, tmp_path):
        """A connection may break any number of times, as long as each attempt brings something."""
        server.cuts = [2 * download.BLOCK_BYTES] * 100
        assert download.fetch(server.url, sha256=SHA256, folder=tmp_path).read_bytes() == DATA
        assert len(server.asked) == 13, "not one request for each piece"

    def test_the_next_call_goes_on(self, server, tmp_path):
        """What was received before is used by the next call."""
        stopped_at(server, tmp_path)
        path = download.fetch(server.url, sha256=SHA256, folder=tmp_path)
        assert path.read_bytes() == DATA, "other bytes"
        assert [asked.get("Range") for asked in server.asked] == [f"bytes={CUT}-"]

    def test_a_server_without_ranges(self, server, tmp_path):
        """A server that sends all again is no obstacle."""
        server.ranges = "no"
        stopped_at(server, tmp_path)
        assert download.fetch(server.url, sha256=SHA256, folder=tmp_path).read_bytes() == DATA
        assert len(server.asked) == 1, "asked more than once"

    def test_a_file_that_changed(self, server, tmp_path):
        """Where what was received is of another file, all is fetched anew, once."""
        server.data = bytes(400_000)
        stopped_at(server, tmp_path)
        server.data = DATA
        assert download.fetch(server.url, sha256=SHA256, folder=tmp_path).read_bytes() == DATA
        ranges = [asked.get("Range") for asked in server.asked]
        assert ranges == [f"bytes={CUT}-", None], "not once resumed and once anew"

    def test_another_file_all_along(self, server, tmp_path):
        """Where the server has another file, it is fetched anew once, and then refused."""
        server.data = bytes(400_000)
        stopped_at(server, tmp_path)
        with pytest.raises(CheckError):
            download.fetch(server.url, sha256=SHA256, folder=tmp_path)
        assert len(server.asked) == 2, "not once resumed and once anew"
        assert list(tmp_path.rglob("*.part")) == [], "a wrong part was kept"

    @pytest.mark.parametrize("ranges", ["refused", "wrong"])
    def test_a_server_with_ranges_of_its_own(self, server, tmp_path, ranges):
        """A range that is refused, or that does not go on where it should, costs a new start."""
        stopped_at(server, tmp_path)
        server.ranges = ranges
        assert download.fetch(server.url, sha256=SHA256, folder=tmp_path).read_bytes() == DATA
        assert [asked.get("Range") for asked in server.asked] == [f"bytes={CUT}-", None]

    @pytest.mark.parametrize(
        ("ranges", "cuts", "requests"),
        [
            ("refused", [CUT], 4),
            ("wrong", [CUT], 4),
            ("no", [CUT], 4),
            ("no", [CUT, 2 * CUT], 5),
            # each time further than before, and each time from the start
            ("refused", [n * 4 * download.BLOCK_BYTES for n in range(1, 6)], 8),
            ("no", [n * 4 * download.BLOCK_BYTES for n in range(1, 6)], 5),
            ("yes", [0], 3),
        ],
    )
    def test_a_server_that_gets_nowhere(self, server, tmp_path, ranges, cuts, requests):
        """Who breaks off for ever and never gets further than before is given up soon."""
        server.ranges = ranges
        server.cuts = cuts * 100
        with pytest.raises(MissingError) as error:
            download.fetch(server.url, sha256=SHA256, folder=tmp_path)
        assert error.value.expected == "a transfer to the end", error.value
        assert error.value.found.endswith(" bytes"), "how far it came is not said"
        assert len(server.asked) == requests, "not three attempts in vain"
        assert visible(tmp_path) == [], "half a file has the name of a whole one"

    def test_a_file_that_shrank(self, server, tmp_path):
        """A part that is longer than the file is thrown away."""
        stopped_at(server, tmp_path)
        server.data = DATA[:1000]
        digest = hashlib.sha256(server.data).hexdigest()
        (part,) = tmp_path.rglob("*.part")
        folder = tmp_path / digest[:12]
        folder.mkdir()
        part.replace(folder / part.name)
        path = download.fetch(server.url, sha256=digest, folder=tmp_path)
        assert path.read_bytes() == DATA[:1000], "other bytes"

    def test_a_whole_part_needs_no_server(self, server, tmp_path):
        """A call that ended between the last byte and the name left all that is needed."""
        stopped_at(server, tmp_path)
        (part,) = tmp_path.rglob("*.part")
        part.write_bytes(DATA)
        assert download.fetch(server.url, sha256=SHA256, folder=tmp_path).read_bytes() == DATA
        assert server.asked == [], "the server was asked"


class TestRefused:
    """Whatever goes wrong, nothing half has the file's name."""

    def test_another_file(self, server, tmp_path):
        """A file with another digest is refused and deleted, and both digests are shown."""
        server.data = b"<html>not found, with status 200</html>"
        with pytest.raises(CheckError) as error:
            download.fetch(server.url, sha256=SHA256, folder=tmp_path)
        assert error.value.expected == f"SHA-256 {SHA256}"
        assert "a file of 39 bytes" in error.value.found, "what came is not shown"
        assert not list(tmp_path.rglob("*.part*")), "a wrong part was kept"
        assert visible(tmp_path) == [], "a wrong file has the right name"

    @pytest.mark.parametrize("status", [403, 404, 500])
    def test_a_server_that_says_no(self, status, server, tmp_path):
        """A status other than success is shown, and the query, which may be a token, is not."""
        server.status = status
        url = server.url.replace("//", "//user:secret@") + "?token=abc"
        with pytest.raises(MissingError) as error:
            download.fetch(url, sha256=SHA256, folder=tmp_path)
        assert error.value.found.startswith(f"HTTP {status} "), "the status is not shown"
        assert not re.search("abc|secret", str(error.value)), "a secret is shown"
        assert visible(tmp_path) == [], "something was stored"

    def test_a_refused_connection(self, server, tmp_path):
        """Where nobody answers, the system's reason is given."""
        server.stop()
        with pytest.raises(MissingError) as error:
            download.fetch(server.url, sha256=SHA256, folder=tmp_path)
        assert error.value.found == "Connection refused"

    def test_no_space(self, server, tmp_path, monkeypatch):
        """What does not fit is refused before it is fetched."""
        usage = type("Usage", (), {"free": 1000})
        monkeypatch.setattr(download.shutil, "disk_usage", lambda _: usage)
        with pytest.raises(MissingError) as error:
            download.fetch(server.url, sha256=SHA256, folder=tmp_path)
        assert "400000 bytes of free space" in error.value.expected, "the size is not shown"
        assert visible(tmp_path) == [], "something was stored"

    @pytest.mark.parametrize(
        ("announced", "found"),
        [
            (399_999, "more than the 399999 bytes that it announced"),
            (None, "more than 399999 bytes, the most that may come unannounced"),
        ],
    )
    def test_more_than_may_come(self, server, tmp_path, monkeypatch, announced, found):
        """A server that goes on sending does not fill the disk."""
        monkeypatch.setattr(download, "UNANNOUNCED_BYTES", 399_999)
        monkeypatch.setattr(download.web, "length", lambda _: announced)
        with pytest.raises(MissingError) as error:
            download.fetch(server.url, sha256=SHA256, folder=tmp_path)
        assert error.value.found == found
        assert sum(path.stat().st_size for path in tmp_path.rglob("*.part")) < 400_000
        assert visible(tmp_path) == [], "something was stored"

    def test_a_disk_that_fills_up(self, server, tmp_path, monkeypatch):
        """A disk that is full in the middle is reported, and the name is not given."""

        def full(_: object) -> None:
            raise OSError(errno.ENOSPC, "No space left on device")

        monkeypatch.setattr(download.os, "fsync", full)
        with pytest.raises(MissingError) as error:
            download.fetch(server.url, sha256=SHA256, folder=tmp_path)
        assert error.value.found == "No space left on device"
        assert "goes on where it stopped" in error.value.remedy, "resuming is not mentioned"
        assert visible(tmp_path) == [], "half a file has the name of a whole one"

    def test_a_folder_that_cannot_be_made(self, server, tmp_path):
        """A file in the folder's place is the system's error, with four parts."""
        (tmp_path / "file").touch()
        with pytest.raises(MissingError, match="file that can be written"):
            download.fetch(server.url, sha256=SHA256, folder=tmp_path / "file")

    def test_another_process_at_it(self, server, tmp_path, monkeypatch):
        """Whoever waits too long for another process is told so."""
        import filelock

        path = download.fetch(server.url, sha256=SHA256, folder=tmp_path)
        monkeypatch.setattr(download, "LOCK_S", 0.05)
        with (
            filelock.FileLock(path.with_name(".scan.npz.lock")),
            pytest.raises(LockedError),
        ):
            download.fetch(server.url, sha256=SHA256, folder=tmp_path)

    def test_an_absent_file(self, tmp_path):
        """A file URL that leads nowhere is missing."""
        with pytest.raises(MissingError, match="no such file"):
            download.fetch((tmp_path / "a").as_uri(), sha256=SHA256, folder=tmp_path / "new")

    @pytest.mark.parametrize(
        "url", ["ftp://host/a", "scan.npz", "http:///a", "file://host/a", "file:", "http://[/a", ""]
    )
    def test_other_urls(self, url, tmp_path):
        """What is no http, https or local file URL is a wrong use, and nothing is made."""
        with pytest.raises(UsageError, match="an http, https or file URL"):
            download.fetch(url, sha256=SHA256, folder=tmp_path / "new")
        assert not (tmp_path / "new").exists(), "a folder was made"

    @pytest.mark.parametrize(
        "pin",
        [{}, {"sha256": SHA256, "blob": BLOB}, {"sha256": BLOB}, {"blob": SHA256}, {"sha256": ""},
         {"sha256": SHA256.upper()}, {"sha256": "../" + SHA256[3:]}],
    )  # fmt: skip
    def test_no_digest_no_download(self, pin, server, tmp_path):
        """Without just one digest that is one, nothing is fetched."""
        with pytest.raises(UsageError, match="declare the file's digest"):
            download.fetch(server.url, **pin, folder=tmp_path)
        assert server.asked == [], "the server was asked"

    @pytest.mark.parametrize("last", ["..%2F..%2Fetc%2Fpasswd", "%2e%2e", ".hidden", "a%00b", ""])
    def test_a_name_stays_in_its_folder(self, last, server, tmp_path):
        """Whatever the URL ends with, the file lies in the folder of its digest, and is seen."""
        url = server.url.removesuffix("scan.npz") + last
        path = download.fetch(url, sha256=SHA256, folder=tmp_path / "in")
        assert path.resolve().parent == (tmp_path / "in" / SHA256[:12]).resolve()
        assert path.name[0] != ".", "the file is hidden"


def test_interrupted_by_the_keyboard(server, tmp_path):
    """Ctrl-C in the middle leaves a part and no file, and the next call goes on from there."""
    server.cuts = [CUT]
    hold = threading.Event()
    server.before_answer = lambda: hold.wait(20) if len(server.asked) > 1 else None
    code = (
        "import sys; from pathlib import Path; from registry.storage import download\n"
        "download.fetch(sys.argv[1], sha256=sys.argv[2], folder=Path(sys.argv[3]))"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code, server.url, SHA256, tmp_path],
        cwd=REPOSITORY,
        stderr=subprocess.PIPE,
    )
    while len(server.asked) < 2 and process.poll() is None:
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=20)
    hold.set()
    assert b"KeyboardInterrupt" in said, said.decode()
    assert visible(tmp_path) == [], "half a file has the name of a whole one"
    server.asked.clear()
    assert download.fetch(server.url, sha256=SHA256, folder=tmp_path).read_bytes() == DATA
    assert server.asked[0]["Range"] == f"bytes={CUT}-", "not resumed"
