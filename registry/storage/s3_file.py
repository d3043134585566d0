"""A file on S3, asked for through s3fs, which finds credentials and server as boto does.

That is in the environment (``AWS_ACCESS_KEY_ID``, ``AWS_PROFILE``, ``AWS_ENDPOINT_URL`` and so on)
or in the user's own configuration, and never in what a registry declares.
"""

from __future__ import annotations

import base64
import errno
import re
from collections.abc import Callable
from typing import Any
from urllib.parse import unquote, urlsplit

from registry import extras
from registry.errors import UsageError
from registry.storage import distant, patience
from registry.storage.distant import Distant
from registry.storage.dvc_config import redact_urls

_WHERE = "in the environment (AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY)"
_DENIED = re.compile("Credential|Token|Profile")
_CONNECT_S = 10.0
# Of a server that is silent each takes as long as is waited for it.
_ATTEMPTS = 2
_WHOLE = "FULL_OBJECT"


class S3File:
    """A `Connection` to ``s3://BUCKET/KEY``, or to one version of it.

    Raises
    ------
    UsageError
        The address has no bucket or no key.
    MissingError
        s3fs is not installed.
    """

    def __init__(self, subject: str, url: str, version_id: str | None) -> None:
        parts = urlsplit(url)
        bucket, key = parts.netloc, unquote(url.partition(f"//{parts.netloc}/")[2])
        if not bucket or not key:
            raise UsageError(
                subject,
                expected="an address such as s3://bucket/folder/scan.cxi",
                found=redact_urls(url),
                remedy="correct the url in params.yaml",
            )
        try:
            import s3fs
        except ImportError as error:
            expected = "s3fs, to read from S3"
            raise extras.missing("s3", subject, expected=expected) from error
        self._subject, self._url, self._version_id = subject, url, version_id
        self._object = {"Bucket": bucket, "Key": key}
        if version_id is not None:
            self._object["VersionId"] = version_id
        self._fs = s3fs.S3FileSystem(
            skip_instance_cache=True,
            use_listings_cache=False,
            config_kwargs={
                "connect_timeout": _CONNECT_S,
                "read_timeout": patience.PATIENCE_S,
                # s3fs itself tries again
                "retries": {"total_max_attempts": 1},
            },
        )
        self._fs.retries = _ATTEMPTS

    def found(self) -> Distant:
        """The object as it is now; see `Connection`."""
        asked = {**self._object, "ChecksumMode": "ENABLED"}
        said = self._told(lambda: self._fs.call_s3("head_object", **asked), None)
        checksum = said.get("ChecksumSHA256")
        # of an object that came in parts it may be one of the parts' checksums
        if checksum and (said.get("ChecksumType", _WHOLE) != _WHOLE or "-" in checksum):
            checksum = None
        return Distant(
            url=self._url,
            etag=_plain(said),
            size=int(said["ContentLength"]),
            version_id=said.get("VersionId"),
            sha256=base64.b64decode(checksum).hex() if checksum else None,
        )

    def part(self, file: Distant, start: int, end: int) -> bytes:
        """Bytes of the object; see `Connection`."""
        import fsspec.asyn

        asked = {"Range": f"bytes={start}-{end - 1}", "IfMatch": f'"{file.etag}"'}
        answer = self._told(lambda: self._fs.call_s3("get_object", **self._object, **asked), file)
        # not all servers take heed of the condition
        if _plain(answer) != file.etag:
            raise distant.replaced(self._subject, file, f"ETag {_plain(answer)}")
        found, wanted = answer.get("ContentRange"), f"bytes {start}-{end - 1}/{file.size}"
        if found != wanted:
            raise distant.unreachable(self._subject, f"{found!r} in place of {wanted!r}")
        try:
            data: bytes = fsspec.asyn.sync(self._fs.loop, answer["Body"].read)
        except Exception as error:
            if not _is_theirs(error):
                raise
            # asked for again by whoever wants it all
            return b""
        return data

    def _told(self, ask: Callable[[], dict[str, Any]], file: Distant | None) -> dict[str, Any]:
        """What is answered; what goes wrong is told in four parts."""
        try:
            return ask()
        except Exception as error:
            if not _is_theirs(error):
                raise
            said = redact_urls(" ".join(str(error).split()))[:300] or type(error).__name__
            if isinstance(error, FileNotFoundError):
                raise distant.absent(self._subject) from error
            if isinstance(error, PermissionError) or _DENIED.search(type(error).__name__):
                raise distant.denied(self._subject, said, _WHERE) from error
            refused = getattr(error, "errno", None) == errno.EINVAL and "ondition" in said
            if file is not None and refused:
                raise distant.replaced(self._subject, file, "another one") from error
            raise distant.unreachable(self._subject, said) from error


def _is_theirs(error: Exception) -> bool:
    """Whether an error is one of those libraries, which have no class in common."""
    top = type(error).__module__.partition(".")[0]
    return isinstance(error, OSError) or top in ("aiobotocore", "aiohttp", "botocore", "urllib3")


def _plain(said: dict[str, Any]) -> str:
    return str(said.get("ETag", "")).strip('"')
