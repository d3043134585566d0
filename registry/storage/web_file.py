"""A file on the web, of which a server sends parts."""

from __future__ import annotations

import http
import re
from typing import TYPE_CHECKING

from registry.errors import CheckError, RegistryError
from registry.storage import distant, web
from registry.storage.distant import Distant

if TYPE_CHECKING:
    import requests

_RANGE = re.compile(r"bytes (\d{1,18})-(\d{1,18})/(\d{1,18})", re.ASCII)
# A tag in quotes. One that is called weak, W/"…", stays as it is when bytes change.
_STRONG = re.compile(r'"([\x21\x23-\x7e]+)"')
_DENIED = (http.HTTPStatus.UNAUTHORIZED, http.HTTPStatus.FORBIDDEN)
_GONE = (http.HTTPStatus.NOT_FOUND, http.HTTPStatus.GONE)
_DOWNLOAD = "declare its sha256 in place of etag and ranges, so that it is downloaded as a whole"


class WebFile:
    """A `Connection` to an ``http`` or ``https`` address."""

    def __init__(self, subject: str, url: str) -> None:
        import requests

        self._subject, self._url = subject, url
        self._session = requests.Session()
        for scheme in ("http://", "https://"):
            # a connection that is kept may have been closed by the server just now
            self._session.mount(scheme, requests.adapters.HTTPAdapter(max_retries=1))

    def close(self) -> None:
        """Leave the server."""
        self._session.close()

    def found(self) -> Distant:
        """The file as it is now, and whether its server sends parts of it; see `Connection`."""
        with self._answer(0, 1, {}) as answer:
            match = self._range(answer)
            etag = _STRONG.fullmatch(answer.headers.get("ETag", ""))
            if etag is None:
                raise CheckError(
                    self._subject,
                    expected="a server that names what it sends, by a strong ETag",
                    found=answer.headers.get("ETag", "no ETag"),
                    remedy=_DOWNLOAD,
                )
            return Distant(url=self._url, etag=etag[1], size=int(match[3]))

    def part(self, file: Distant, start: int, end: int) -> bytes:
        """Bytes of the file; see `Connection`."""
        data = bytearray()
        with self._answer(start, end, {"If-Match": f'"{file.etag}"'}) as answer:
            if answer.status_code == http.HTTPStatus.PRECONDITION_FAILED:
                raise distant.replaced(self._subject, file, "another one")
            match = self._range(answer)
            found = answer.headers.get("ETag", "no ETag")
            # not all servers take heed of the condition
            if found != f'"{file.etag}"' or int(match[3]) != file.size:
                raise distant.replaced(self._subject, file, f"{match[3]} bytes with ETag {found}")
            if (int(match[1]), int(match[2])) != (start, end - 1):
                wanted = f"bytes {start}-{end - 1}/{file.size}"
                raise distant.unreachable(self._subject, f"{match[0]!r} in place of {wanted!r}")
            try:
                for block in web.blocks(answer):
                    data += block
                    if len(data) > end - start:
                        raise distant.unreachable(self._subject, "more than was asked for")
            except web.Cut:
                # asked for again by whoever wants it all
                pass
        return bytes(data)

    def _answer(self, start: int, end: int, headers: dict[str, str]) -> requests.Response:
        # no encoding on the way: offsets are those of the file
        asked = {**headers, "Range": f"bytes={start}-{end - 1}", "Accept-Encoding": "identity"}
        return web.answer(self._subject, self._url, asked, self._session)

    def _range(self, answer: requests.Response) -> re.Match[str]:
        """What part of which size an answer is, if it is one."""
        code = answer.status_code
        match = _RANGE.fullmatch(answer.headers.get("Content-Range", ""))
        if code == http.HTTPStatus.PARTIAL_CONTENT and match is not None:
            return match
        raise self._refused(code, f"HTTP {code} {answer.reason}")

    def _refused(self, code: int, said: str) -> RegistryError:
        if code in _GONE:
            return distant.absent(self._subject)
        if code in _DENIED:
            return distant.denied(self._subject, said, "in ~/.netrc")
        if code in (http.HTTPStatus.OK, http.HTTPStatus.PARTIAL_CONTENT):
            return CheckError(
                self._subject,
                expected="a server that sends parts of the file: HTTP 206 with Content-Range",
                found=f"{said}: it has no ranges",
                remedy=_DOWNLOAD,
            )
        return distant.unreachable(self._subject, said)
