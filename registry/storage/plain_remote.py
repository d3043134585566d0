"""Remotes that are read without DVC: a folder, and files on the web.

What DVC's configuration can say of the two is read here as DVC reads it, as far as `_FOLDER` and
`_WEB` go. What says more is left to DVC, as are remotes of all other kinds.
"""

from __future__ import annotations

import base64
import io
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit, urlunsplit

from registry.storage import dvc_config, web

if TYPE_CHECKING:
    import requests

# Keys that may be there; those about pushing, and DVC's own checks, change nothing for who reads.
_FOLDER = {"url", "shared", "verify"}
_WEB = {"url", "verify", "auth", "user", "password", "custom_auth_header", "ssl_verify"}
_YES = {"true": True, "yes": True, "on": True, "1": True}
_NO = {"false": False, "no": False, "off": False, "0": False}


class Refused(Exception):
    """An answer that is no file: its ``status`` says why."""

    def __init__(self, status: int, reason: str) -> None:
        self.status = status
        super().__init__(f"{status} {reason}")


@dataclass(frozen=True, kw_only=True, slots=True)
class Folder:
    """A folder of this machine, or of its network."""

    protocol: str = "local"

    def join(self, top: str, *parts: str) -> str:
        """Path of a file below the folder."""
        return os.path.join(top, *parts)  # noqa: PTH118 -- texts, as a file system of DVC's has


@dataclass(frozen=True, kw_only=True, slots=True)
class Web:
    """Files at addresses below one.

    ``header`` is what tells the server who asks, name and value; ``verify`` whether its certificate
    is looked at, or the file with those that are believed.
    """

    url: str
    header: tuple[str, str] | None = field(default=None, repr=False)
    verify: bool | str = True
    protocol: str = "http"

    def join(self, top: str, *parts: str) -> str:
        """Address of a file below another; a query stays at the end."""
        found = urlsplit(top)
        return urlunsplit(found._replace(path="/".join([found.path.rstrip("/"), *parts])))

    def read(self, url: str, count: Callable[[int], None]) -> bytes:
        """Bytes of a file; ``count`` is told how many came so far, and may raise an error.

        Raises
        ------
        FileNotFoundError
            There is none.
        Refused
            The server sends something else.
        TimeoutError
            It sends nothing, or next to nothing.
        ConnectionError
            It cannot be reached, or the connection broke.
        """
        import requests

        try:
            with requests.Session() as session:
                self._prepare(session)
                response = web.followed(session, url, {"Accept-Encoding": "identity"})
        except requests.exceptions.Timeout:
            raise TimeoutError from None
        except (requests.exceptions.RequestException, UnicodeError) as error:
            raise ConnectionError(web.reason(error)) from None
        # hands its bytes over as they are: a copy would take the memory twice
        found = io.BytesIO()
        try:
            if response.status_code == 404:
                raise FileNotFoundError(url)
            if response.status_code != 200:
                raise Refused(response.status_code, response.reason)
            for block in web.blocks(response):
                found.write(block)
                count(found.tell())
        except web.Cut as error:
            if error.is_slow:
                raise TimeoutError from None
            raise ConnectionError(str(error)) from None
        finally:
            response.close()
        return found.getvalue()

    def _prepare(self, session: requests.Session) -> None:
        from requests.adapters import HTTPAdapter

        def sign(request: requests.PreparedRequest) -> requests.PreparedRequest:
            # to nobody else, wherever an answer of the remote's may lead
            if self.header and not session.should_strip_auth(self.url, str(request.url)):
                name, value = self.header
                request.headers[name] = value
            return request

        class SystemTrusted(HTTPAdapter):
            """Believes whom the system does, and ``SSL_CERT_FILE``, beside those of requests."""

            def init_poolmanager(
                self, connections: int, maxsize: int, block: bool = False, **options: Any
            ) -> None:
                import ssl

                options["ssl_context"] = ssl.create_default_context()
                super().init_poolmanager(connections, maxsize, block, **options)

        session.auth = sign
        session.verify = self.verify
        if self.verify is True:
            session.mount("https://", SystemTrusted())


def open_plain(given: Mapping[str, str], above: Path | None) -> tuple[Folder | Web, str] | None:
    """The file system of a remote, and where on it the remote is; None where it takes DVC.

    Parameters
    ----------
    given : mapping
        What is configured of it.
    above : path or None
        The folder of the file with the address, to which a relative one is relative.
    """
    url = given.get("url", "")
    try:
        parts, scheme = urlsplit(url), dvc_config.scheme(url)
    except ValueError:
        return None
    if not scheme and url and given.keys() <= _FOLDER:
        path = Path(url).expanduser()
        return Folder(), os.path.normpath((above or Path()) / path)
    if scheme in ("http", "https") and parts.hostname and given.keys() <= _WEB:
        return _open_web(given)
    return None


def _open_web(given: Mapping[str, str]) -> tuple[Web, str] | None:
    parts = urlsplit(given["url"])
    account, _, host = parts.netloc.rpartition("@")
    url = urlunsplit(parts._replace(netloc=host))
    user, _, password = (unquote(part) for part in account.partition(":"))
    match given:
        case {"auth": "basic", "user": user, "password": password}:
            header: tuple[str, str] | None = _basic(user, password)
        case {"auth": "custom", "custom_auth_header": name, "password": password}:
            header = (name, password)
        case {"auth": _}:
            return None
        case _:
            header = _basic(user, password) if account else None
    said = given.get("ssl_verify", "true")
    verify = {**_YES, **_NO}.get(said.lower(), said)
    return Web(url=url, header=header, verify=verify), url


def _basic(user: str, password: str) -> tuple[str, str]:
    said = base64.b64encode(f"{user}:{password}".encode()).decode()
    return ("Authorization", f"Basic {said}")
