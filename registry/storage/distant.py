"""A file on S3 or the web that is read where it is: which it is, and which it has to be."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from registry.errors import CheckError, MissingError, RegistryError
from registry.storage.dvc_config import redact_urls

_ELSE = "or fetch the file by other means, and declare its path"


@dataclass(frozen=True, kw_only=True, slots=True)
class Distant:
    """One state of a file that somebody may replace at any time.

    url : str
        ``s3``, ``http`` or ``https``.
    etag : str
        What its server calls these very bytes, without quotes.
    size : int
        In bytes.
    version_id : str, optional
        Of an object of S3, where its versions are kept.
    sha256 : str, optional
        Hex digest of the whole, where the server knows it.
    """

    url: str
    etag: str
    size: int
    version_id: str | None = None
    sha256: str | None = None

    @property
    def name(self) -> str:
        """The last part of the address."""
        return redact_urls(self.url).partition("?")[0].rpartition("/")[2]

    def __str__(self) -> str:
        version = "" if self.version_id is None else f" and version {self.version_id}"
        return f"{self.size} bytes with ETag {self.etag}{version}"


# What a reader of files is given: a file here, or one that is elsewhere.
File = Path | Distant


class Connection(Protocol):
    """What is asked of a server about one file."""

    def found(self) -> Distant:
        """The file as it is now.

        Raises
        ------
        RegistryError
            There is none, or the server does not answer, or not as it has to.
        """
        ...

    def part(self, file: Distant, start: int, end: int) -> bytes:
        """Bytes of the file from ``start`` up to ``end``, or fewer if the connection breaks.

        Raises
        ------
        CheckError
            By now there is another file.
        MissingError
            As of `found`.
        """
        ...


def changed(subject: str, expected: str, found: str) -> RegistryError:
    """The error for a file that is another one than is declared, or than it was a moment ago."""
    return CheckError(
        subject,
        expected=expected,
        found=found,
        remedy="have the declared file put back; or, if the one that is there is meant, declare it "
        "in params.yaml under a new source name",
    )


def replaced(subject: str, file: Distant, found: str) -> RegistryError:
    """The error for a file that was replaced while it was read."""
    return changed(subject, f"{file}, as when reading it began", found)


def absent(subject: str) -> RegistryError:
    """The error for a file that is not there."""
    return MissingError(
        subject,
        expected="a file at this address",
        found="none",
        remedy=f"correct the address in params.yaml; {_ELSE}",
    )


def denied(subject: str, found: str, where: str) -> RegistryError:
    """The error for a server that wants other credentials; ``where`` says where they are kept."""
    return MissingError(
        subject,
        expected="leave to read the file",
        found=found,
        remedy=f"give the credentials {where}, and none in params.yaml; {_ELSE}",
    )


def unreachable(subject: str, found: str) -> RegistryError:
    """The error for a server that does not answer, or stops in the middle."""
    return MissingError(
        subject,
        expected="an answer with the part of the file that was asked for",
        found=found,
        remedy=f"see that the server can be reached from here, then run the command again; {_ELSE}",
    )
