"""A published version never changes: pins held against those at a git revision.

Bytes, content and declaration are immutable. A description, the sidecar, may move to a newer
schema.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from registry import digests, files
from registry.errors import ChainError, CheckError
from registry.identity import pins, sidecar
from registry.identity.pins import Pin
from registry.storage import git

# Starts of the names of what was declared.
_DECLARED = ("created", "licence", "generator_", "source_", "subset_")


def compare(root: Path, revision: str | None = None) -> tuple[str, list[CheckError]]:
    """Hold today's pins against those at a revision.

    Parameters
    ----------
    root : path
        The registry's top folder, in a git repository.
    revision : str, optional
        Where not given, the merge base of HEAD with the main branch.

    Returns
    -------
    str
        Id of the commit that was compared with.
    list
        One error for each published version that changed or vanished; new versions are fine.

    Raises
    ------
    UsageError
        There is no such revision, or no git repository.
    """
    commit = git.commit_id(root, revision) if revision else git.merge_base(root)
    published = pins_at(root, commit)
    current = pins.read(root)
    taken = {*published, *current}
    errors = (_difference(root, pin, current, taken, commit) for pin in published.values())
    return commit, [error for error in errors if error is not None]


def next_free_version(name: str, taken: set[str]) -> str:
    """The name with the lowest version above its own that is not taken.

    >>> next_free_version("minimal_dataset_v1_n16", {"minimal_dataset_v2_n16"})
    'minimal_dataset_v3_n16'
    """
    match = sidecar.NAME.fullmatch(name)
    if match is None:
        raise ValueError(f"{name!r} has no version such as _v1")
    number = int(match[2][1:])
    start, end = match.span(2)
    while True:
        number += 1
        candidate = f"{name[:start]}v{number}{name[end:]}"
        if candidate not in taken:
            return candidate


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
    return CheckError(
        subject,
        expected="the pins it was published with",
        found="; ".join(changed),
        remedy=f"declare the change as {next_free_version(pin.name, taken)} in params.yaml, "
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
        text = files.read_bytes(root / found.sidecar_path)
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

    Figures of checks are fields of their own, so that a later suite may have others; every other
    value is one as a whole.
    """
    for key in before.keys() & after.keys() - {"schemas"}:
        if key == "checks":
            figures = before[key].keys() & after[key].keys()
            yield from (f"checks.{n}" for n in figures if before[key][n] != after[key][n])
        elif before[key] != after[key]:
            yield key


def _taken_back(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[str]:
    """Declared fields that only the published sidecar has: no description may do without them."""
    return (key for key in before.keys() - after.keys() if key.startswith(_DECLARED))


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
    # a revision from before the first lock has nothing to protect
    return {} if lock is None else pins.parse(lock)
