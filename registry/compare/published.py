"""A published version never changes: pins held against those at a git revision."""

from __future__ import annotations

from pathlib import Path

from registry.errors import CheckError
from registry.identity import pins
from registry.identity.pins import Pin
from registry.identity.sidecar import NAME
from registry.storage import git


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
    errors = (_difference(pin, current, taken, commit) for pin in published.values())
    return commit, [error for error in errors if error is not None]


def next_free_version(name: str, taken: set[str]) -> str:
    """The name with the lowest version above its own that is not taken.

    >>> next_free_version("minimal_dataset_v1_n16", {"minimal_dataset_v2_n16"})
    'minimal_dataset_v3_n16'
    """
    match = NAME.fullmatch(name)
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
    pin: Pin, current: dict[str, Pin], taken: set[str], commit: str
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
            ("sidecar", pin.sidecar_md5, found.sidecar_md5),
            ("path", pin.path, found.path),
        )
        if before != after
    ]
    if not changed:
        return None
    return CheckError(
        subject,
        expected="the pins it was published with",
        found="; ".join(changed),
        remedy=f"declare the change as {next_free_version(pin.name, taken)} in params.yaml, "
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
    # a revision from before the first lock has nothing to protect
    return {} if lock is None else pins.parse(lock)
