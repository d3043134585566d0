"""A published version never changes: pins held against those at a git revision."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

from registry.errors import CheckError, UsageError
from registry.identity import pins
from registry.identity.pins import Pin
from registry.identity.sidecar import NAME


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
    commit = commit_id(root, revision) if revision else _merge_base(root)
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
    lock = read_file(root, commit, pins.LOCK)
    # a revision from before the first lock has nothing to protect
    return {} if lock is None else pins.parse(lock)


def read_file(root: Path, commit: str, path: str) -> bytes | None:
    """Bytes of a file at a commit, as git stores them; None where that commit has no such file.

    Parameters
    ----------
    root : path
        The registry's top folder, which may be a subfolder of the repository.
    commit : str
        Id of a commit.
    path : str
        The file's path, relative to ``root``.

    Raises
    ------
    UsageError
        The file is committed, but git has it not here.
    """
    # paths relative to the working directory, so that a registry may be a subfolder
    listed = _git(root, "ls-tree", "--name-only", commit, "--", path)
    if listed.returncode == 0 and not listed.stdout:
        return None
    result = _git(root, "show", f"{commit}:./{path}")
    if result.returncode != 0:
        raise UsageError(
            f"{path} at {commit[:12]}",
            expected="a file that git can show",
            found=_message(result),
            remedy="fetch what this clone lacks: git fetch --unshallow, or git fetch --refetch",
        )
    return result.stdout


def commits_with_blob(root: Path, blob: str, path: str) -> list[str]:
    """Commits in which a file got a content or lost it, and their parents; newest first.

    Of these, at least one has the file with that content, if any commit of any branch has.

    Parameters
    ----------
    root : path
        The registry's top folder.
    blob : str
        Id that git gives the content.
    path : str
        The file's path, relative to ``root``.
    """
    result = _git(
        root, "log", "--all", "--max-count=4", "--format=%H %P", f"--find-object={blob}", "--", path
    )
    return result.stdout.decode().split() if result.returncode == 0 else []


def commit_id(root: Path, revision: str) -> str:
    """Id of the commit that a revision names.

    Raises
    ------
    UsageError
        It names none, or there is no git repository.
    """
    result = _git(root, "rev-parse", "--verify", "--end-of-options", f"{revision}^{{commit}}")
    if result.returncode != 0:
        raise UsageError(
            f"revision {revision}",
            expected="a commit of this repository",
            found=_message(result),
            remedy="name a branch, tag or commit; a shallow clone may need: git fetch --unshallow",
        )
    return result.stdout.decode().strip()


def _merge_base(root: Path) -> str:
    tried = ("origin/HEAD", "origin/main", "origin/master", "main", "master")
    for branch in tried:
        result = _git(root, "merge-base", "HEAD", branch)
        if result.returncode == 0:
            return result.stdout.decode().strip()
    raise UsageError(
        "base revision",
        expected=f"a merge base of HEAD with one of {', '.join(tried)}",
        found=_message(result),
        remedy="name the revision: fixtures verify --against REF",
    )


def _git(root: Path, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    try:
        return subprocess.run(["git", *arguments], cwd=root, capture_output=True, check=False)
    except FileNotFoundError:
        raise UsageError(
            "git", expected="git on the PATH", found="none", remedy="install git"
        ) from None


def _message(result: subprocess.CompletedProcess[bytes]) -> str:
    text = result.stderr.decode(errors="replace").strip().splitlines()
    return re.sub(r"^(fatal|error): ", "", text[-1]) if text else "none"
