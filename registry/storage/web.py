"""One answer of a web server: asked for with care, and read as it comes.

A server may be anybody's. It gets no name and password that are another's, none of its answers is
unpacked, and it is not waited for any longer than `registry.storage.patience` says.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from typing import TYPE_CHECKING
from urllib.parse import urljoin, urlsplit, urlunsplit

from registry.errors import MissingError, RegistryError, UsageError
from registry.storage import patience
from registry.storage.dvc_config import redact_urls

if TYPE_CHECKING:
    import requests

# Little, as what came of a block is lost when the connection breaks.
BLOCK_BYTES = 1 << 14
_CONNECT_S = 10.0
_TOO_LITTLE = "too little to go on"
# From one address to the next, before it is a circle.
_REDIRECTS = 10
# No file has more digits, and Python refuses to read many more.
_LENGTH = re.compile(r"\d{1,18}", re.ASCII)


class Cut(Exception):
    """A transfer that ended before its end; what came is the caller's."""

    @property
    def is_slow(self) -> bool:
        """Whether it was ended here, for it brought next to nothing."""
        return str(self) == _TOO_LITTLE


def answer(
    subject: str, url: str, headers: dict[str, str], session: requests.Session | None = None
) -> requests.Response:
    """The answer to a request for a file, whose body has not been read yet.

    With a ``session`` that is the caller's, the connection serves for its next request as well.

    Raises
    ------
    UsageError
        The address, or one that a server led to, is none of the web.
    MissingError
        Nobody answers, or with a file that is packed for the way.
    """
    import requests

    try:
        with nullcontext(session) if session else requests.Session() as asking:
            response = followed(asking, url, headers)
    except requests.exceptions.TooManyRedirects as error:
        raise unreachable(subject, str(error)) from error
    except (requests.exceptions.InvalidURL, requests.exceptions.InvalidSchema) as error:
        raise no_url(subject, redact_urls(str(error))) from error
    except (requests.exceptions.RequestException, UnicodeError) as error:
        raise unreachable(subject, reason(error)) from error
    encoding = response.headers.get("Content-Encoding", "identity")
    if encoding.strip().lower() != "identity":
        response.close()
        # what it unpacks to has no limit, and is not what offsets and sizes are of
        raise unreachable(subject, f"it packed for the way: Content-Encoding {encoding[:40]!r}")
    return response


def length(response: requests.Response) -> int | None:
    """How many bytes an answer announces."""
    text = response.headers.get("Content-Length", "")
    return int(text) if _LENGTH.fullmatch(text) else None


def blocks(response: requests.Response) -> Iterator[bytes]:
    """What an answer brings, as it comes and in blocks of at most `BLOCK_BYTES`.

    Raises
    ------
    Cut
        It ended before its end, or brings next to nothing.
    """
    import urllib3

    with _paced(response) as pace:
        try:
            # a full block could be waited for without end
            while block := response.raw.read1(BLOCK_BYTES, decode_content=False):
                yield block
                if pace.is_lost(len(block)):
                    raise Cut(_TOO_LITTLE)
        except urllib3.exceptions.HTTPError as error:
            raise Cut(_TOO_LITTLE if pace.is_lost(0) else reason(error)) from error
        if pace.is_lost(0):
            # closed in the middle of what then passes for the last line
            raise Cut(_TOO_LITTLE)


@contextmanager
def _paced(response: requests.Response) -> Iterator[patience.Pace]:
    """Close an answer for reading as soon as it is lost, also while it is waited for.

    The limit of a socket ends no server that sends the line before a chunk byte by byte.
    """
    pace, ended = patience.Pace(), threading.Event()

    def watch() -> None:
        while not ended.wait(patience.PATIENCE_S / 10):
            if pace.is_lost(0):
                # the body may just have come to its end, and the socket be gone
                with suppress(RuntimeError, ValueError):
                    response.raw.shutdown()
                return

    threading.Thread(target=watch, daemon=True).start()
    try:
        yield pace
    finally:
        ended.set()


def followed(session: requests.Session, url: str, headers: dict[str, str]) -> requests.Response:
    """The first answer that does not lead on to another address.

    Raises
    ------
    RequestException
        Nobody answers, or too many lead on.
    """
    import requests

    # Requests itself reads the body of an answer that leads on, however long that is.
    session.resolve_redirects = lambda *_, **__: iter(())  # type: ignore[assignment, method-assign]
    for _ in range(_REDIRECTS + 1):
        response = _asked(session, url, headers)
        target = session.get_redirect_target(response)
        if target is None:
            return response
        response.close()
        url = _next(session, url, target)
    raise requests.exceptions.TooManyRedirects(
        f"more than {_REDIRECTS} redirects, perhaps in a circle"
    )


def _next(session: requests.Session, url: str, target: str) -> str:
    """Where a redirect leads. Name and password go along to the same host only."""
    import requests

    try:
        joined = urljoin(url, target)
        found = urlsplit(joined)
        account, at, _ = urlsplit(url).netloc.rpartition("@")
        # those in the target are a server's words, and nobody's password
        host = found.netloc.rpartition("@")[2]
        if at and not session.should_strip_auth(url, joined):
            host = f"{account}@{host}"
        return urlunsplit(found._replace(netloc=host))
    except ValueError as error:
        raise requests.exceptions.InvalidURL(f"a redirect to {target[:80]!r}") from error


def _asked(session: requests.Session, url: str, headers: dict[str, str]) -> requests.Response:
    """One request. The limits of sockets end no server that sends its head byte by byte."""
    import requests

    outcome: list[requests.Response | BaseException] = []

    def ask() -> None:
        limits = (_CONNECT_S, patience.PATIENCE_S)
        try:
            found = session.get(
                url, headers=headers, stream=True, timeout=limits, allow_redirects=False
            )
        except BaseException as error:
            outcome.append(error)
        else:
            outcome.append(found)

    # a daemon, so that the interpreter waits for it as little as we do
    asking = threading.Thread(target=ask, daemon=True)
    asking.start()
    patience.join(asking, _CONNECT_S + patience.PATIENCE_S)
    if not outcome:
        raise requests.exceptions.Timeout("[Errno 110] no answer in time")
    (found,) = outcome
    if isinstance(found, BaseException):
        raise found
    return found


def reason(error: Exception) -> str:
    """What the system says, in a text that also has the address, maybe with secrets in it.

    >>> reason(OSError("HTTPSConnectionPool(…): … Errno(…[Errno 111] Connection refused'))"))
    'Connection refused'
    """
    found = re.search(r"\[(?:Errno|SSL)[^]]*\] ([^'\"()]+)", str(error))
    return found[1].strip() if found else type(error).__name__


def unreachable(subject: str, found: str) -> RegistryError:
    """The error for a server that does not send the file."""
    return MissingError(
        subject,
        expected="an answer with the file",
        found=found,
        remedy="see that the URL is right and can be reached from here; or fetch the file by other "
        "means, and declare its path",
    )


def no_url(subject: str, found: str) -> RegistryError:
    """The error for an address that is none of the web, nor a file's."""
    return UsageError(
        subject,
        expected="an http, https or file URL",
        found=found,
        remedy="correct the URL, such as https://host/scan.npz or file:///folder/scan.npz",
    )
