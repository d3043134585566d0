"""Running git: on the repository that a folder is in, whatever the environment names."""

from __future__ import annotations

import os
import re
import shlex
import signal
import subprocess
from pathlib import Path

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


def own_environment() -> dict[str, str]:
    """The environment, for programs that run git on the repository that they are in."""
    return {key: value for key, value in os.environ.items() if key not in _OF_ANOTHER_REPOSITORY}


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    """Run git in a folder, without questions, and return how it ended.

    Raises
    ------
    UsageError
        Git is not installed.
    """
    # no question that nobody answers; and words that `message` knows
    environment = {**own_environment(), "GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C"}
    command = ["git", "-C", os.fspath(folder), *arguments]
    try:
        process = subprocess.Popen(
            command,
            env=environment,
            stdin=subprocess.DEVNULL,
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
            output, errors = process.communicate(timeout=LIMIT_S)
        except BaseException as error:
            os.killpg(process.pid, signal.SIGKILL)
            if not isinstance(error, subprocess.TimeoutExpired):
                raise
            output, errors = b"", f"no answer within {LIMIT_S:.0f} s".encode()
    return subprocess.CompletedProcess(command, process.returncode, output, errors)


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
