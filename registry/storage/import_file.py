"""The ``.dvc`` file of an import, as `dvc import` writes it: a file of a commit, and its md5.

`registry.identity.pins` reads a pair of them as a fixture's pins, `registry.storage.imports` finds
its bytes by them, and DVC takes them for its own.
"""

from __future__ import annotations

import json
import math
import re
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import urlsplit

import yaml

from registry import files
from registry.digests import md5
from registry.errors import UsageError
from registry.identity import plain_yaml
from registry.storage.clone import Location

# What DVC leaves out of the md5 by which it tells that a file was edited by hand.
_NOT_COUNTED = "size"
# Where an import from a registry below its repository's top says so.
META, SUBFOLDER = "meta", "subdirectory"


class _Dumper(yaml.SafeDumper):
    """DVC reads YAML 1.2, to which more digests are numbers than to PyYAML."""


_Dumper.add_implicit_resolver(
    "tag:yaml.org,2002:float", re.compile(r"[0-9]+(e[0-9]+)?$"), list("0123456789")
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Source:
    """Where imported files come from: an address, a revision of it, and the commit that it was.

    ``subfolder`` is where the registry is in that repository, unless at its top.
    """

    url: str
    revision: str
    commit: str
    subfolder: str = ""


def source(location: Location, commit: str) -> Source:
    """Where files of a registry by URL come from, as DVC has it.

    Raises
    ------
    UsageError
        The address has credentials in it, which would be committed.
    """
    parts = urlsplit(location.url)
    if parts.password or (parts.username and parts.scheme in ("http", "https")):
        raise UsageError(
            f"registry {location}",
            expected="an address without credentials, for it is committed",
            found="a user or a password before the host",
            remedy="leave credentials to git: git help gitcredentials",
        )
    folder = replace(location, subfolder="").folder
    return Source(
        # DVC takes no percent-encoding back
        url=location.url if folder is None else f"file://{folder}",
        revision=location.revision,
        commit=commit,
        subfolder=location.subfolder,
    )


def write(origin: Source, path: str, data: files.Buffer) -> bytes:
    """Text of the ``.dvc`` file for a file's bytes, which lie beside it under their own name.

    Its path is DVC's from the repository's top, and so does not say where the registry is. That
    stands in ``meta``, which DVC leaves to others.
    """
    path = (PurePosixPath(origin.subfolder) / path).as_posix()
    repository = {"url": origin.url, "rev": origin.revision, "rev_lock": origin.commit}
    out = {"md5": md5(data), _NOT_COUNTED: len(data), "hash": "md5", "path": Path(path).name}
    parts: dict[str, Any] = {"deps": [{"path": path, "repo": repository}], "outs": [out]}
    counted = {**parts, "outs": [{key: out[key] for key in out if key != _NOT_COUNTED}]}
    digest = md5(json.dumps(counted, sort_keys=True).encode())
    meta = {META: {SUBFOLDER: origin.subfolder}} if origin.subfolder else {}
    document = {"md5": digest, "frozen": True, **parts, **meta}
    text: bytes = yaml.dump(
        document,
        Dumper=_Dumper,
        sort_keys=False,
        allow_unicode=True,
        encoding="utf-8",
        width=math.inf,
    )
    return text


def read(path: Path) -> tuple[str, str] | None:
    """Address of the registry that a ``.dvc`` file imports from, and the md5 that it pins.

    None where there is no file; empty texts where it imports nothing.
    """
    try:
        document = plain_yaml.load(files.read(path))
        (out,), (dependency,) = document["outs"], document["deps"]
        return str(dependency["repo"]["url"]), str(out["md5"])
    except FileNotFoundError:
        return None
    except (OSError, AttributeError, LookupError, TypeError, ValueError):
        return "", ""
