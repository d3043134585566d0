"""A published version never changes: pins held against those at a git revision.

Bytes, content and declaration are immutable. What a description, the sidecar, may say otherwise is
told by `registry.compare.redescribing`.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from registry.compare import redescribing
from registry.errors import CheckError, UsageError
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
        changed += redescribing.changes(root, pin, found, commit)
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
