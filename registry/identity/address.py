"""Addresses: how a user names a fixture.

A name (``minimal_dataset_v1``), its content (``sha256:`` and 64 hexadecimal digits), or both joined
by ``@``, which must agree.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from registry.errors import UsageError

_CONTENT = re.compile(r"sha256:([0-9a-f]{64})")


@dataclass(frozen=True, kw_only=True, slots=True)
class Address:
    """A fixture's name, the SHA-256 of its file, or both."""

    name: str | None
    sha256: str | None

    def __str__(self) -> str:
        content = f"sha256:{self.sha256}" if self.sha256 else None
        return "@".join(part for part in (self.name, content) if part)


def parse(text: object) -> Address:
    """Parse an address.

    >>> parse("minimal_dataset_v1").name
    'minimal_dataset_v1'

    Raises
    ------
    UsageError
        It is none of the three forms.
    """
    if not isinstance(text, str):
        # whatever a caller passes on, such as None
        raise _malformed("address", text)
    name, at, content = text.rpartition("@")
    if not at and not text.startswith("sha256:"):
        name, content = text, ""
    match = _CONTENT.fullmatch(content)
    if (content and match is None) or (at and not (name and content)) or not text:
        raise _malformed(f"address {text}", content or text)
    return Address(name=name or None, sha256=match[1] if match else None)


def _malformed(subject: str, found: object) -> UsageError:
    return UsageError(
        subject,
        expected="NAME, sha256:DIGEST or NAME@sha256:DIGEST, the digest of 64 hexadecimal "
        "digits in lower case",
        found=repr(found),
        remedy="fixtures show NAME prints a fixture's sha256",
    )
