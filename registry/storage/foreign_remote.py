"""The remotes of somebody else's registry: their addresses, and nothing else that is configured.

DVC's configuration can name commands, files with credentials, and files that name commands. Of a
registry by URL none of that is taken: only where its bytes are. Credentials are the user's own,
from the environment or from a remote of the user's own DVC configuration (``dvc remote add
--global``) whose address is this one, or one above it. Names of remotes say nothing: they are the
registry's choice, and would lead credentials of the user's to an address of its choice.
"""

from __future__ import annotations

import configparser
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import urlsplit

from registry.storage import dvc_config

# What is taken of a remote's configuration, by the scheme of its address.
_DIRECTORY = ""
_TAKEN: Mapping[str, tuple[str, ...]] = {
    _DIRECTORY: (),
    "http": (),
    "https": (),
    "s3": ("region", "endpointurl"),
    "ssh": (),
}
# DVC then keeps files under their names, and their versions by the store's own numbers.
_NO_OBJECTS = ("version_aware", "worktree")


@dataclass(frozen=True, kw_only=True, slots=True)
class ForeignRemote:
    """Name and address of a remote; what an S3 store needs beside it."""

    name: str
    url: str
    region: str | None = None
    endpointurl: str | None = None

    def settings(self) -> dict[str, Any]:
        """Settings for DVC: the address, and what the user's own configuration has for it."""
        own = _own(self.url)
        if own:
            return {**own, "url": self.url}
        return {key: value for key in _KEYS if (value := getattr(self, key)) is not None}


_KEYS = ("url", "region", "endpointurl")
_SECTION = re.compile(r'remote "(.+)"')
# How many a registry can have anybody ask.
_MOST = 4


def read(config: bytes, *, origin: Path | None) -> tuple[ForeignRemote, ...]:
    """The remotes in the text of a registry's ``.dvc/config`` that may be asked, the default first.

    The others have what the default one has, where those who keep the registry push to each; a
    folder beside their clone is nobody else's, and a store may want an account.

    Parameters
    ----------
    config : bytes
        The text.
    origin : path or None
        The registry's own folder, where it is one of this machine's: a relative address is relative
        to that. Only then is a remote a folder of this machine's.

    Raises
    ------
    ValueError
        There is none that may be asked; the message says why not the default one.
    """
    sections = _sections(config)
    default = sections.get("core", {}).get("remote", "").lower()
    others = (match[1] for match in map(_SECTION.fullmatch, sections) if match)
    found, refused = [], [] if default else ["its configuration names no default remote"]
    for name in dict.fromkeys([*filter(None, [default]), *others]):
        try:
            found.append(_remote(sections, name, origin))
        except ValueError as error:
            refused.append(str(error))
    if not found:
        raise ValueError(refused[0])
    return tuple(found[:_MOST])


def _remote(
    sections: Mapping[str, Mapping[str, str]], name: str, origin: Path | None
) -> ForeignRemote:
    given = sections.get(f'remote "{name}"', {})
    url = given.get("url", "")
    if not url or not url.isprintable():
        raise ValueError("its configuration has no address of its default remote")
    scheme, account = _parts(url)
    if scheme not in _TAKEN:
        known = ", ".join(scheme for scheme in _TAKEN if scheme)
        raise ValueError(f"a remote of the kind {scheme}, which is none of {known}")
    if ":" in account:
        raise ValueError("a remote with a password in its address")
    if any(given.get(key, "false").lower() == "true" for key in _NO_OBJECTS):
        raise ValueError("a remote that keeps versions of files, and no objects")
    if scheme == _DIRECTORY:
        if origin is None:
            raise ValueError("a remote that is a folder of another machine")
        url = os.path.normpath(origin / ".dvc" / url)
    taken = {key: given[key] for key in _TAKEN[scheme] if key in given}
    return ForeignRemote(name=name, url=url, **taken)


def _sections(config: bytes) -> dict[str, dict[str, str]]:
    parser = configparser.ConfigParser(
        interpolation=None, strict=False, inline_comment_prefixes=("#",)
    )
    try:
        parser.read_string(config.decode())
    except (configparser.Error, UnicodeDecodeError):
        raise ValueError("its configuration cannot be read") from None
    return {
        section.strip("'").lower(): {
            key: value.strip("\"'") for key, value in parser.items(section)
        }
        for section in parser.sections()
    }


def _parts(url: str) -> tuple[str, str]:
    """Scheme of an address, and the account that stands before its host."""
    try:
        parts = urlsplit(url)
    except ValueError:
        raise ValueError("a remote whose address is none") from None
    return dvc_config.scheme(url), parts.netloc.rpartition("@")[0]


def _own(url: str) -> dict[str, str]:
    """Settings of the user's own remotes that have this address, or one above it."""
    remotes: dict[str, dict[str, str]] = {}
    for item in dvc_config.read_outside():
        if item.section.lower().startswith("remote "):
            remotes.setdefault(item.section.lower(), {})[item.key] = item.value
    fitting = [own for own in remotes.values() if _is_within(url, own.get("url", ""))]
    return max(fitting, key=lambda own: len(own["url"]), default={})


def _is_within(url: str, above: str) -> bool:
    """Whether an address is another one, or lies below it.

    >>> _is_within("s3://bucket/team/data", "s3://bucket/team")
    True
    >>> _is_within("s3://bucket-of-others/team", "s3://bucket")
    False
    """
    if not above:
        return False
    (lower, upper) = (urlsplit(each) for each in (url, above))
    if (lower.scheme, lower.netloc) != (upper.scheme, upper.netloc):
        return False
    path = PurePosixPath(lower.path or "/")
    return ".." not in path.parts and path.is_relative_to(upper.path.rstrip("/") or "/")
