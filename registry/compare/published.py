"""A published version never changes: pins held against those at a git revision.

Bytes, content and declaration are immutable. A description, the sidecar, may move to a newer
schema.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

from registry import digests, files
from registry.errors import ChainError, CheckError, UsageError
from registry.identity import pins, sidecar
from registry.identity.pins import Pin
from registry.storage import git


@dataclass(frozen=True, kw_only=True, slots=True)
class Comparison:
    """The commit that was compared with, how many fixtures it publishes, and what changed since.

    There is an error for each published version that changed or vanished; new ones are fine.
    """

    commit: str
    published: int
    errors: list[CheckError]


def compare(root: Path, revision: str | None = None) -> Comparison:
    """Hold today's pins against those at a revision.

    Parameters
    ----------
    root : path
        The registry's top folder, in a git repository.
    revision : str, optional
        Where not given, the merge base of HEAD with the main branch.

    Raises
    ------
    UsageError
        There is no such revision, or no git repository; or a revision was named at which nothing
        is published. Where a branch left main before anything was, that is no mistake of anybody.
    """
    commit = git.commit_id(root, revision) if revision else git.merge_base(root)
    published = pins_at(root, commit)
    if revision and not published:
        raise UsageError(
            f"revision {revision}",
            expected="a commit whose dvc.lock pins fixtures",
            found=f"nothing is published in commit {commit[:12]}",
            remedy="name a later commit: git log --oneline -- dvc.lock lists those that changed "
            "pins",
        )
    current = pins.read(root)
    taken = {*published, *current}
    errors = (_difference(root, pin, current, taken, commit) for pin in published.values())
    found = [error for error in errors if error is not None]
    return Comparison(commit=commit, published=len(published), errors=found)


def _difference(
    root: Path, pin: Pin, current: dict[str, Pin], taken: set[str], commit: str
) -> CheckError | None:
    subject = f"fixture {pin.name}: published and immutable"
    if pin.name not in current:
        return CheckError(
            subject,
            expected="its pin in dvc.lock",
            found="no pin",
            remedy=f"git checkout {commit[:12]} -- dvc.lock params.yaml",
        )
    found = current[pin.name]
    changed = [
        f"{what} {before} -> {after}"
        for what, before, after in (
            ("bytes", pin.md5, found.md5),
            ("size", pin.size, found.size),
            ("path", pin.path, found.path),
        )
        if before != after
    ]
    if pin.sidecar_md5 != found.sidecar_md5:
        changed += _redescribed(root, pin, found, commit)
    if not changed:
        return None
    new = sidecar.next_free_version(pin.name, taken)
    return CheckError(
        subject,
        expected="the pins it was published with",
        found="; ".join(changed),
        remedy=f"declare the change as {new} in params.yaml, "
        f"and take this one back: git checkout {commit[:12]} -- dvc.lock {pin.sidecar_path}",
    )


def _redescribed(root: Path, pin: Pin, found: Pin, commit: str) -> list[str]:
    """What a sidecar says otherwise than the published one; nothing where it may.

    A description may move to a newer schema. Every field that both have then says the same, but
    for the list of schemas, in which the contract keeps its digest.
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


def pins_at(root: Path, commit: str) -> dict[str, Pin]:
    """Pins of the lock at a commit, by name; none where that commit has no lock.

    Raises
    ------
    UsageError
        The lock is committed, but git has it not here.
    ChainError
        It is no lock as DVC writes it.
    """
    lock = git.read_file(root, commit, pins.LOCK)
    if lock is None:
        # a revision from before the first lock has nothing to protect
        return {}
    return pins.parse(
        lock,
        subject=f"{pins.LOCK} in commit {commit[:12]}",
        remedy="name another commit: git log --oneline -- dvc.lock lists those that changed pins",
    )
