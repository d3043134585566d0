"""What a git repository knows of some of its files: at the tips of branches and tags, and ever."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from registry.errors import UsageError
from registry.storage import git

_REGULAR = (b"100644", b"100755")


def require_whole(root: Path, *, branches: bool) -> None:
    """Refuse a clone that lacks commits, since nobody knows what those have.

    Parameters
    ----------
    branches : bool
        Whether one is refused, too, that fetches some branches of a remote and no others.

    Raises
    ------
    UsageError
        It lacks some, or there is no git repository.
    """
    remedy = "run the command in a clone that has them"
    said = git.run(root, "rev-parse", "--is-shallow-repository")
    if said.returncode != 0:
        found = git.message(said)
    elif said.stdout.strip() != b"false":
        found, remedy = "a shallow clone", "git fetch --unshallow"
    elif branches and (partial := _partial_remote(root)):
        found = f"a clone that does not fetch every branch of {partial}"
        remedy = f"git remote set-branches {partial} '*' && git fetch {partial}"
    else:
        return
    raise UsageError(
        "history",
        expected="a git repository with all commits of all branches, for each may pin something",
        found=found,
        remedy=remedy,
    )


def _partial_remote(root: Path) -> str | None:
    """The first of git's remotes of which some branches are fetched, and others are not."""
    said = git.run(root, "config", "--get-regexp", r"^remote\..*\.fetch$")
    fetched: dict[str, list[str]] = {}
    for line in said.stdout.decode(errors="replace").splitlines():
        key, _, rule = line.partition(" ")
        name = key.removeprefix("remote.").removesuffix(".fetch")
        fetched.setdefault(name, []).append(rule.removeprefix("+").partition(":")[0])
    whole = {"refs/heads/*", "refs/*"}
    return next((name for name, rules in fetched.items() if not whole & set(rules)), None)


def tips(root: Path) -> list[str]:
    """Ids of the commits that any reference names, and of what is checked out in any work tree.

    References are branches, those of remotes, tags, and others, such as that of `git stash`.

    Raises
    ------
    UsageError
        Git cannot list them.
    """
    return _lines(root, "rev-list", "--no-walk", "--all", "HEAD")


def blobs_at(root: Path, commit: str, wanted: Callable[[str], bool]) -> dict[str, str]:
    """Ids of the files of a commit that are wanted, by path from the repository's top.

    Raises
    ------
    UsageError
        Git cannot list them, or one is no file but a link or another repository.
    """
    found = {}
    listed = _run(root, "ls-tree", "-r", "-z", "--full-tree", commit)
    for line in listed.split(b"\0")[:-1]:
        head, path = line.split(b"\t", 1)
        name = path.decode(errors="surrogateescape")
        if not wanted(name):
            continue
        mode, _, blob = head.split()
        if mode not in _REGULAR:
            raise UsageError(
                f"{name} at {commit[:12]}",
                expected="a file",
                found="a link, or another repository",
                remedy="name revisions that have a file there",
            )
        found[name] = blob.decode()
    return found


def blobs_ever(root: Path, *paths: str) -> dict[str, set[str]]:
    """Ids of every content that files of these paths had in any commit, by path from the top.

    Parameters
    ----------
    root : path
        A folder in the repository.
    paths : str
        Pathspecs of git's, relative to ``root``.

    Raises
    ------
    UsageError
        Git cannot list them.
    """
    # simplified, the history of a path would leave out branches whose changes a merge took back
    commits = _run(root, "rev-list", "--full-history", "--all", "HEAD", "--", *paths)
    options = ("--stdin", "--root", "-r", "-m", "-z", "--raw", "--no-renames", "--no-commit-id")
    # with paths from the top and pathspecs relative to the folder
    changed = _run(root, "diff-tree", *options, "--", *paths, stdin=commits)
    found: dict[str, set[str]] = {}
    parts = changed.split(b"\0")[:-1]
    for head, path in zip(parts[::2], parts[1::2], strict=True):
        old_mode, mode, old, new, _ = head.removeprefix(b":").split()
        for kind, blob in ((old_mode, old), (mode, new)):
            if kind in _REGULAR:
                name = path.decode(errors="surrogateescape")
                found.setdefault(name, set()).add(blob.decode())
    return found


def present(root: Path, *paths: str, tracked: bool = False) -> list[str]:
    """Paths of files that git tracks, or would track, relative to ``root``.

    Parameters
    ----------
    root : path
        A folder in the repository.
    paths : str
        Pathspecs of git's, relative to ``root``. Default: all below it.
    tracked : bool
        Whether those that git would track are left out.

    Raises
    ------
    UsageError
        Git cannot list them.
    """
    others = () if tracked else ("--others", "--exclude-standard")
    listed = _run(root, "ls-files", "-z", "--cached", *others, "--", *paths)
    return sorted({os.fsdecode(path) for path in listed.split(b"\0") if path})


def prefix(root: Path) -> str:
    """The path of ``root`` from the repository's top: empty, or with a stroke at its end."""
    return _run(root, "rev-parse", "--show-prefix").decode(errors="surrogateescape").strip("\n")


def _lines(root: Path, *arguments: str) -> list[str]:
    return list(dict.fromkeys(_run(root, *arguments).decode().split()))


def _run(root: Path, *arguments: str, stdin: bytes | None = None) -> bytes:
    expected = "what git can list"
    return git.output(root, *arguments, subject="history", expected=expected, stdin=stdin)
