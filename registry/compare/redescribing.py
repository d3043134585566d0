"""A published description, the sidecar, held against another one that tells of the same bytes.

It may move to a newer schema. Every field that both have then says the same, but for the list of
schemas, in which the contract keeps its digest.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from itertools import product
from pathlib import Path
from typing import Any

from registry import digests, files
from registry.errors import ChainError
from registry.identity import sidecar
from registry.identity.pins import Pin
from registry.storage import git


def changes(root: Path, pin: Pin, found: Pin, commit: str) -> list[str]:
    """What a sidecar says otherwise than the published one; nothing where it may.

    Parameters
    ----------
    root : path
        The registry's top folder, in a git repository.
    pin, found : Pin
        The published pin, and today's.
    commit : str
        Id of the commit in which it is published.

    Raises
    ------
    UsageError
        The published sidecar is committed, but git has it not here.
    ChainError
        One of the two is no sidecar.
    """
    subject = f"fixture {pin.name}"
    published = git.read_file(root, commit, pin.sidecar_path)
    if published is None:
        return [f"sidecar: none in commit {commit[:12]} beside its pin"]
    try:
        text = files.read(root / found.sidecar_path)
    except OSError as error:
        return [f"sidecar: {found.sidecar_path}: {error.strerror}"]
    if digests.md5(text) != found.sidecar_md5:
        return [f"sidecar: {found.sidecar_path} is not the one that dvc.lock pins"]
    before = _document(published, f"{subject} at {commit[:12]}")
    after = _document(text, subject)
    old, new = before["schemas"], after["schemas"]
    changed = {*_changes(before, after), *_taken_back(before, after)}
    changed |= {f"schemas.{file}" for file in old.keys() & new.keys() if old[file] != new[file]}
    if "contract" in after and after["contract"] not in old:
        # there are sidecars that have it in their list of schemas alone
        changed.add("contract")
    if not changed and not _is_newer(old, new):
        changed = {"schemas, none of which is newer"}
    return [f"sidecar {field}" for field in sorted(changed)]


def _document(text: bytes, subject: str) -> dict[str, Any]:
    """A sidecar of whichever format: an object, with its figures and its list of schemas."""
    found = sidecar.document(text, subject=subject)
    parts = found if isinstance(found, dict) else {}
    for key in ("checks", "schemas"):
        if not isinstance(parts.get(key), dict):
            raise ChainError(
                f"{subject}: sidecar field {key}",
                expected="an object",
                found="none",
                remedy="git checkout the sidecar, or rebuild it: dvc repro",
            )
    return parts


def _changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[str]:
    """Fields that two sidecars both have, and of which they say different things.

    Figures of checks are fields of their own, and so is what is said of each planted mistake, so
    that a later suite may have others; every other value is one as a whole.
    """
    for key in before.keys() & after.keys() - {"schemas", "checks", "mistakes"}:
        if _text(before[key]) != _text(after[key]):
            yield key
    old, new = (_figures(document) for document in (before, after))
    for one, other in product(old, new):
        # what both have as the field's own was compared above, as a whole
        if "checks" in (one, other):
            figures = old[one].keys() & new[other].keys()
            differing = (n for n in figures if _text(old[one][n]) != _text(new[other][n]))
            yield from (f"{other}.{name}" for name in differing)
    planted, again = _planted(before), _planted(after)
    for name in planted.keys() & again.keys():
        if planted[name] != again[name]:
            yield f"mistakes.{name}"


def _planted(document: Mapping[str, Any]) -> dict[str, str]:
    """By the name of a planted mistake, and of a smallest shift, what is said of it."""
    said = document.get("mistakes")
    if not isinstance(said, dict):
        return {}
    names = {name: key for key in ("missed", "none") for name in said.get(key, ())}
    smallest = {f"smallest.{axis}": value for axis, value in said.get("smallest", {}).items()}
    return {key: _text(value) for key, value in {**said["found"], **names, **smallest}.items()}


def _figures(document: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """Where figures stand: those of checks, and those that are the field's own.

    Some have moved from one to the other between two formats.
    """
    field = str(document.get("field"))
    own = document.get(field)
    return {"checks": document["checks"], **({field: own} if isinstance(own, dict) else {})}


def _text(value: Any) -> str:
    """A value as JSON, in which 1 is neither 1.0 nor true."""
    return json.dumps(value, sort_keys=True)


def _taken_back(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[str]:
    """Declared fields that only the published sidecar has: no description may do without them."""
    return (key for key in before.keys() - after.keys() if key.startswith(sidecar.DECLARED))


def _is_newer(old: Mapping[str, str], new: Mapping[str, str]) -> bool:
    """Whether of the schemas that both name in some version one is later, and none earlier."""

    def versions(files: Mapping[str, str]) -> dict[str, int]:
        found = [re.fullmatch(r"(.+)_v([0-9]+)\.schema\.json", file) for file in files]
        return {match[1]: int(match[2]) for match in found if match}

    before, after = versions(old), versions(new)
    steps = [after[name] - before[name] for name in before.keys() & after.keys()]
    return max(steps, default=0) > 0 and min(steps) >= 0
