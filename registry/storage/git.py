"""Running git: on the repository that a folder is in, whatever the environment names."""

from __future__ import annotations

import io
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from registry import process_tree, temporary
from registry.errors import UsageError
from registry.storage.dvc_config import redact_urls

# How long git may take; a server that never answers is then given up.
LIMIT_S = 300.0
# What git sets for hooks, aliases and drivers, and what would then hold for every repository: the
# list of `git rev-parse --local-env-vars`, less the variables that carry configuration, in which
# credentials and permissions of the user's may be.
_OF_ANOTHER_REPOSITORY = (
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_COMMON_DIR",
    "GIT_DIR",
    "GIT_GRAFT_FILE",
    "GIT_IMPLICIT_WORK_TREE",
    "GIT_INDEX_FILE",
    "GIT_INTERNAL_SUPER_PREFIX",
    "GIT_NAMESPACE",
    "GIT_NO_REPLACE_OBJECTS",
    "GIT_OBJECT_DIRECTORY",
    "GIT_PREFIX",
    "GIT_REPLACE_REF_BASE",
    "GIT_SHALLOW_FILE",
    "GIT_WORK_TREE",
)

# No question on a terminal, nor in a window, as the credential manager of Git for Windows opens.
_UNASKED = {"GIT_TERMINAL_PROMPT": "0", "GCM_INTERACTIVE": "never"}


def own_environment() -> dict[str, str]:
    """The environment, for programs that run git on the repository that they are in."""
    return {key: value for key, value in os.environ.items() if key not in _OF_ANOTHER_REPOSITORY}


def run(
    folder: Path, *arguments: str, stdin: bytes | None = None
) -> subprocess.CompletedProcess[bytes]:
    """Run git in a folder, without questions, and return how it ended.

    Parameters
    ----------
    folder : path
        Where git is to look for a repository.
    arguments : str
        The subcommand and what follows it.
    stdin : bytes, optional
        What git reads. Default: nothing.

    Raises
    ------
    UsageError
        Git is not installed.
    """
    # and words that `message` knows
    environment = {**own_environment(), **_UNASKED, "LC_ALL": "C"}
    command = ["git", "-C", os.fspath(folder), *arguments]
    try:
        command[0] = _program()
        process = subprocess.Popen(
            command,
            env=environment,
            stdin=subprocess.DEVNULL if stdin is None else subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            # without a terminal ssh asks nothing, either; and git's helpers end with git
            start_new_session=True,
        )
    except FileNotFoundError:
        raise UsageError(
            "git", expected="git on the PATH", found="none", remedy="install git"
        ) from None
    except ValueError as error:
        # no program can be asked for a NUL, or for half of a surrogate pair
        return subprocess.CompletedProcess(command, 128, b"", str(error).encode())
    with process:
        try:
            output, errors = process.communicate(stdin, timeout=LIMIT_S)
        except BaseException as error:
            process_tree.kill(process)
            if not isinstance(error, subprocess.TimeoutExpired):
                raise
            output, errors = b"", f"no answer within {LIMIT_S:.0f} s".encode()
    return subprocess.CompletedProcess(command, process.returncode, output, errors)


def _program() -> str:
    """The git that is run: of Windows' the first on the PATH.

    There a program of that name in the working folder would come before it, which may have come
    with somebody's repository.

    Raises
    ------
    FileNotFoundError
        There is none.
    """
    if sys.platform != "win32":
        return "git"
    for folder in os.get_exec_path():
        path = Path(folder, "git.exe")
        if path.is_absolute() and path.is_file():
            return os.fspath(path)
    raise FileNotFoundError("git.exe")


def output(
    folder: Path, *arguments: str, subject: str, expected: str, stdin: bytes | None = None
) -> bytes:
    """What git prints, which is to succeed; the error else is of that subject.

    Raises
    ------
    UsageError
        Git is not installed, or refuses.
    """
    result = run(folder, *arguments, stdin=stdin)
    if result.returncode != 0:
        raise UsageError(
            subject,
            expected=expected,
            found=message(result),
            remedy="git status and git fsck say what the repository lacks",
        )
    return result.stdout


def message(result: subprocess.CompletedProcess[bytes]) -> str:
    """What git says first, for it is the reason and advice follows; without secrets."""
    lines = [
        re.sub("^(fatal|error): ", "", line)
        for line in result.stderr.decode(errors="replace").splitlines()
        if line and not line.startswith("warning")
    ]
    return redact_urls(lines[0]) if lines else f"git exited with {result.returncode}"


def _remedy(said: str, otherwise: str) -> str:
    """What mends what git said; in a repository of another user's it answers no question."""
    refused = re.search("dubious ownership in repository at '(.+)'", said)
    if refused is None:
        return otherwise
    return (
        "the repository is another user's: take its files over or, where you trust that user, "
        f"git config --global --add safe.directory {shlex.quote(refused[1])}"
    )


def merge_file(base: bytes, ours: bytes, theirs: bytes) -> bytes | None:
    """What git makes of three versions of a text, line by line; None where that is a conflict."""
    with temporary.folder("merge") as folder:
        names = ("ours", "base", "theirs")
        for name, data in zip(names, (ours, base, theirs), strict=True):
            (folder / name).write_bytes(data)
        result = run(folder, "merge-file", "--quiet", "--stdout", *names)
    return None if result.returncode else result.stdout


def commit_id(root: Path, revision: str) -> str:
    """Id of the commit that a revision names.

    Raises
    ------
    UsageError
        It names none, or there is no git repository.
    """
    result = run(root, "rev-parse", "--verify", "--end-of-options", f"{revision}^{{commit}}")
    if result.returncode != 0:
        said = message(result)
        raise UsageError(
            f"revision {revision}",
            expected="a commit of this repository",
            found=said,
            remedy=_remedy(
                said,
                "name a branch, tag or commit; a shallow clone may need: git fetch --unshallow",
            ),
        )
    return result.stdout.decode().strip()


def merge_base(root: Path) -> str:
    """Id of the commit in which HEAD left the main branch.

    Raises
    ------
    UsageError
        There is no main branch, or no git repository.
    """
    tried = ("origin/HEAD", "origin/main", "origin/master", "main", "master")
    for branch in tried:
        result = run(root, "merge-base", "HEAD", branch)
        if result.returncode == 0:
            return result.stdout.decode().strip()
    said = message(result)
    raise UsageError(
        "base revision",
        expected=f"a merge base of HEAD with one of {', '.join(tried)}",
        found=said,
        remedy=_remedy(said, "name the revision: fixtures verify --against REF"),
    )


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
    listed = run(root, "ls-tree", "--name-only", commit, "--", path)
    if listed.returncode == 0 and not listed.stdout:
        return None
    result = run(root, "show", f"{commit}:./{path}")
    if result.returncode != 0:
        said = message(result)
        raise UsageError(
            f"{path} at {commit[:12]}",
            expected="a file that git can show",
            found=said,
            remedy=_remedy(
                said,
                "fetch what this clone lacks: git fetch --unshallow, or git fetch --refetch",
            ),
        )
    return result.stdout


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """A file of a commit: its mode and kind, the id that git gives its bytes, and their number."""

    mode: str
    blob: str
    size: int

    @property
    def kind(self) -> str:
        """What it is, in words."""
        return _KINDS.get(self.mode, f"something of mode {self.mode}")

    @property
    def is_file(self) -> bool:
        """Whether it is a regular file: neither a link nor another repository."""
        return self.kind == _FILE


_FILE = "a file"
_KINDS = {"100644": _FILE, "100755": _FILE, "120000": "a symbolic link", "160000": "a submodule"}


def tree(repository: Path, commit: str) -> dict[str, Entry]:
    """Every file of a commit by its path from the top.

    Left out is a path that is no text in UTF-8, or that leads elsewhere, on this system or on
    Windows, to which ``C:`` is a disk and a backslash what a slash is: whoever writes a commit by
    hand can put any name into it.

    Raises
    ------
    UsageError
        Git cannot list it.
    """
    result = run(repository, "ls-tree", "-r", "-l", "-z", "--full-tree", commit)
    if result.returncode != 0:
        raise _unreadable(f"commit {commit[:12]}", result)
    found = {}
    for line in result.stdout.split(b"\0")[:-1]:
        with suppress(UnicodeDecodeError):
            head, path = line.decode().split("\t", 1)
            mode, _, blob, size = head.split()
            if not path.isprintable() or {"", ".", "..", ".git"} & set(path.split("/")):
                continue
            if "\\" in path or path[1:2] == ":":
                continue
            found[path] = Entry(mode=mode, blob=blob, size=int(size) if size.isdecimal() else 0)
    return found


def blobs(repository: Path, ids: Sequence[str]) -> list[bytes]:
    """Bytes by the ids that git gives them, as they are stored: no filter of any kind is asked.

    Raises
    ------
    UsageError
        Git has not all of them.
    """
    asked = "".join(f"{each}\n" for each in ids).encode()
    result = run(repository, "cat-file", "--batch", stdin=asked)
    found, said = [], io.BytesIO(result.stdout)
    for each in ids:
        # each is announced by a line, ID blob SIZE, and followed by the end of a line
        match said.readline().split():
            case [_, b"blob", size]:
                found.append(said.read(int(size)))
                said.readline()
            case _:
                raise _unreadable(f"object {each[:12]}", result)
    return found


def _unreadable(subject: str, result: subprocess.CompletedProcess[bytes]) -> UsageError:
    return UsageError(
        subject,
        expected="what git can show",
        found=message(result),
        remedy="git fsck says what the repository lacks; fetch it again: git fetch --refetch",
    )


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
    result = run(
        root, "log", "--all", "--max-count=4", "--format=%H %P", f"--find-object={blob}", "--", path
    )
    return result.stdout.decode().split() if result.returncode == 0 else []
