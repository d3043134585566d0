"""Tests of `registry.storage.git`."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
import time
from pathlib import Path

import pytest

from registry.errors import UsageError
from registry.storage import git
from tests.kit.processes import git as scratch_git
from tests.kit.repository import REPOSITORY

OURS = "87f50cfcc40b2c5e28e7e0d4c0f0a3a3c4d9b2f6"  # of no file


def repository(folder, text):
    """A repository on main, whose branch `work` has a second commit; each with one file."""
    folder.mkdir()
    scratch_git(folder, "init", "--quiet")
    for branch, content in (("main", text), ("work", f"{text} of work")):
        scratch_git(folder, "checkout", "--quiet", "-B", branch)
        (folder / "file").write_text(content)
        scratch_git(folder, "add", "--all")
        scratch_git(folder, "commit", "--quiet", "--message", content)
    return folder


@pytest.fixture
def ours(tmp_path, monkeypatch):
    """The repository that is asked; none of the machine's is found around it."""
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path))
    return repository(tmp_path / "ours", "ours")


@pytest.fixture
def theirs(tmp_path):
    """Another repository."""
    return repository(tmp_path / "theirs", "theirs")


def variables(folder):
    """What git sets for a hook of this repository, and more of the kind."""
    objects = folder / ".git" / "objects"
    return {
        "GIT_ALTERNATE_OBJECT_DIRECTORIES": str(objects),
        "GIT_COMMON_DIR": str(folder / ".git"),
        "GIT_DIR": str(folder / ".git"),
        "GIT_GRAFT_FILE": str(folder / "file"),
        "GIT_INDEX_FILE": str(folder / ".git" / "index"),
        "GIT_NAMESPACE": "theirs",
        "GIT_OBJECT_DIRECTORY": str(objects),
        "GIT_PREFIX": "folder/",
        "GIT_SHALLOW_FILE": str(folder / "file"),
        "GIT_WORK_TREE": str(folder),
    }


def test_the_repository_of_the_folder(ours, theirs, monkeypatch):
    """Whatever repository git's variables name, every answer is of the one that was asked."""
    work, main = (scratch_git(ours, "rev-parse", branch) for branch in ("work", "main"))
    blob = scratch_git(ours, "rev-parse", "work:file")
    every = variables(theirs)
    for chosen in (*([name] for name in every), list(every)):
        with monkeypatch.context() as patch:
            for name in chosen:
                patch.setenv(name, every[name])
            found = (
                git.commit_id(ours, "work"),
                git.merge_base(ours),
                git.read_file(ours, work, "file"),
                git.commits_with_blob(ours, blob, "file"),
            )
        assert found == (work, main, b"ours of work", [work, main]), f"changed by {chosen}"


def test_what_git_calls_local():
    """Of the variables that git itself calls a repository's own, only configuration is kept."""
    listed = set(git.run(Path.cwd(), "rev-parse", "--local-env-vars").stdout.decode().split())
    kept = {"GIT_CONFIG", "GIT_CONFIG_PARAMETERS", "GIT_CONFIG_COUNT"}
    shown = dict.fromkeys(listed - kept, "elsewhere")
    with pytest.MonkeyPatch.context() as patch:
        for name, text in shown.items():
            patch.setenv(name, text)
        patch.setenv("GIT_CONFIG_COUNT", "1")
        patch.setenv("GIT_CONFIG_KEY_0", "alias.variables")
        patch.setenv("GIT_CONFIG_VALUE_0", "!env")
        printed = git.run(Path.cwd(), "variables").stdout.decode()
    # git sets the last for what it runs
    named = [name for name in shown if f"{name}=elsewhere" in printed]
    assert (named, "alias.variables" in printed) == ([], True), "not those that are kept"


def test_a_subfolder(ours):
    """Paths are relative to the folder that is asked, wherever in the repository it is."""
    (ours / "registry").mkdir()
    (ours / "registry" / "file").write_text("below")
    scratch_git(ours, "add", "--all")
    scratch_git(ours, "commit", "--quiet", "--message", "more")
    commit = git.commit_id(ours / "registry", "HEAD")
    assert git.read_file(ours / "registry", commit, "file") == b"below", "another file"
    assert git.read_file(ours / "registry", commit, "absent") is None, "a file out of nothing"


def test_a_content_that_no_commit_has(ours):
    """Where no commit has a content, none is named."""
    assert git.commits_with_blob(ours, OURS, "file") == [], "a commit out of nothing"


@pytest.mark.parametrize("revision", ["nope", "--all", "HEAD:file"])
def test_what_is_no_commit(ours, revision):
    """What names no commit is a wrong use, told in git's words, and never taken for an option."""
    with pytest.raises(UsageError) as caught:
        git.commit_id(ours, revision)
    assert caught.value.subject == f"revision {revision}", "not named"
    assert not caught.value.found.startswith(("fatal", "error", "git exited")), caught.value.found


def test_messages_are_in_english(tmp_path, monkeypatch):
    """Git speaks one language, for its words become part of ours."""
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    monkeypatch.setenv("LC_ALL", "de_DE.UTF-8")
    monkeypatch.setenv("LANGUAGE", "de")
    found = git.message(git.run(tmp_path, "status"))
    assert found.startswith("not a git repository"), found


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (b"fatal: no such thing\nPlease make sure\n", "no such thing"),
        (b"warning: slow\n\nerror: bad object\nfatal: more\n", "bad object"),
        (b"ssh: connect to host\nfatal: Could not read\n", "ssh: connect to host"),
        (b"fatal: no 'http://me:hunter22@host/a?b=c'", "no 'http://***@host/a?***'"),
        (b"warning: \xff", "git exited with 128"),
        (b"\xff", "\N{REPLACEMENT CHARACTER}"),
    ],
)
def test_a_message(said, expected):
    """The first line that is no warning is told, without prefix and secrets."""
    assert git.message(subprocess.CompletedProcess([], 128, b"", said)) == expected


def test_without_git(ours, monkeypatch):
    """Where git is not installed, the error says what to install."""
    monkeypatch.setenv("PATH", "")
    with pytest.raises(UsageError) as caught:
        git.commit_id(ours, "HEAD")
    assert caught.value.remedy == "install git", caught.value.remedy


@pytest.mark.parametrize("named", [".", ""])
def test_a_git_of_the_working_folder_on_windows(ours, tmp_path, monkeypatch, named):
    """It is not run, as Windows would run it first: only one of an absolute folder of the PATH."""
    for folder, says in (("here", "hostile"), ("installed", "git")):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "git.exe").write_text(f"#!/bin/sh\necho {says}\n")
        (tmp_path / folder / "git.exe").chmod(0o755)
    monkeypatch.chdir(tmp_path / "here")
    monkeypatch.setattr(sys, "platform", "win32")
    monkeypatch.setenv("PATH", os.pathsep.join([named, str(tmp_path / "installed")]))
    assert git.run(ours, "status").stdout == b"git\n"
    monkeypatch.setenv("PATH", named)
    with pytest.raises(UsageError) as caught:
        git.run(ours, "status")
    assert caught.value.remedy == "install git", caught.value.remedy


def test_nothing_is_asked(ours, tmp_path, monkeypatch):
    """Neither on a terminal nor in a window."""
    (tmp_path / "git").write_text('#!/bin/sh\necho "$GIT_TERMINAL_PROMPT $GCM_INTERACTIVE"\n')
    (tmp_path / "git").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert git.run(ours, "status").stdout == b"0 never\n"


def test_paths_that_lead_elsewhere_on_windows(ours):
    """A disk, or a backslash where others have a slash: not in what a commit has to offer."""
    blob = scratch_git(ours, "hash-object", "-w", "file")
    for path in ("C:/evil/a", "c:evil", "..\\..\\evil", "a/..\\..\\evil", "sound/a"):
        scratch_git(ours, "update-index", "--add", "--cacheinfo", f"100644,{blob},{path}")
    scratch_git(ours, "commit", "--quiet", "--message", "paths")
    assert sorted(git.tree(ours, "HEAD")) == ["file", "sound/a"]


def blob(ours, data: bytes) -> str:
    """Write an object; its id."""
    written = git.run(ours, "hash-object", "-w", "--stdin", stdin=data)
    return written.stdout.decode().strip()


def test_bytes_by_their_ids(ours):
    """In the order asked for, byte for byte, with or without the end of a line."""
    every = [b"one\ntwo\n", b"", b"\n", b"no end", b"\0\xff" * 5000, b"no end"]
    assert git.blobs(ours, [blob(ours, data) for data in every]) == every
    assert git.blobs(ours, []) == []


def test_bytes_that_are_not_here(ours):
    """An object that git has not, or that is no file, is named; no other's bytes stand for it."""
    there = blob(ours, b"there")
    for other in (OURS, scratch_git(ours, "rev-parse", "HEAD"), "HEAD:nothing"):
        with pytest.raises(UsageError) as caught:
            git.blobs(ours, [there, other, there])
        assert caught.value.subject == f"object {other[:12]}"


def test_entries_of_a_commit(ours):
    """Of what kind each is, and how long; what is no file has no length."""
    (ours / "run").write_text("abc")
    (ours / "run").chmod(0o755)
    (ours / "link").symlink_to("run")
    scratch_git(ours, "add", "--all")
    head = scratch_git(ours, "rev-parse", "HEAD")
    scratch_git(ours, "update-index", "--add", "--cacheinfo", f"160000,{head},sub")
    scratch_git(ours, "commit", "--quiet", "--message", "kinds")
    found = git.tree(ours, "HEAD")
    assert {path: (entry.kind, entry.is_file, entry.size) for path, entry in found.items()} == {
        "file": ("a file", True, 12),
        "link": ("a symbolic link", False, 3),
        "run": ("a file", True, 3),
        "sub": ("a submodule", False, 0),
    }
    assert found["run"].blob == scratch_git(ours, "rev-parse", "HEAD:run")
    assert git.Entry(mode="100600", blob="", size=1).kind == "something of mode 100600"


@pytest.mark.parametrize("path", ["a\x1bb", ".git/config", "a/../b", "./a"])
def test_paths_that_nobody_should_write(ours, path):
    """Whoever writes a commit by hand can put any name into it: it is left out."""
    listed = b"100644 blob %b 5\tfile\0" % OURS.encode()
    with pytest.MonkeyPatch.context() as patch:
        told = listed + listed.replace(b"file", path.encode()) + listed.replace(b"file", b"\xff")
        patch.setattr(git, "run", lambda *_, **__: subprocess.CompletedProcess([], 0, told, b""))
        assert list(git.tree(ours, "HEAD")) == ["file"]


def test_a_commit_that_is_not_here(ours):
    """It cannot be listed."""
    with pytest.raises(UsageError) as caught:
        git.tree(ours, OURS)
    assert caught.value.subject == f"commit {OURS[:12]}"


def test_a_git_that_does_not_end(ours, tmp_path, monkeypatch):
    """It is given up after a while."""
    folder = tmp_path / "bin"
    folder.mkdir()
    (folder / "git").write_text("#!/bin/sh\nsleep 600\n")
    (folder / "git").chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setattr(git, "LIMIT_S", 0.2)
    begun = time.monotonic()
    result = git.run(ours, "status")
    assert git.message(result) == "no answer within 0 s", git.message(result)
    assert time.monotonic() - begun < 30, "waited for its end"


@pytest.mark.parametrize("revision", ["a\0b", "\ud800", "\0"])
def test_a_revision_that_no_program_can_be_asked_for(ours, revision):
    """A NUL, or half of a letter, is a wrong use and no traceback."""
    with pytest.raises(UsageError) as caught:
        git.commit_id(ours, revision)
    assert caught.value.subject == f"revision {revision}", "not named"
    assert str(caught.value).replace("\n", "").isprintable(), "it steers the terminal"


def test_a_path_that_no_program_can_be_asked_for(ours):
    """So it is with a path, and there are no commits with it."""
    with pytest.raises(UsageError) as caught:
        git.read_file(ours, "HEAD", "a\0b")
    assert caught.value.found == "embedded null byte"
    assert git.commits_with_blob(ours, OURS, "a\0b") == [], "a commit out of nothing"


def test_a_repository_of_another_user(ours, monkeypatch):
    """Git answers nothing there, and no clone is too shallow: the remedy is its own."""
    head = git.commit_id(ours, "HEAD")
    # git's own switch for its tests
    monkeypatch.setenv("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1")
    for ask in (
        lambda: git.commit_id(ours, "HEAD"),
        lambda: git.merge_base(ours),
        lambda: git.read_file(ours, head, "file"),
    ):
        with pytest.raises(UsageError) as caught:
            ask()
        error = caught.value
        assert error.found == f"detected dubious ownership in repository at '{ours}'"
        assert error.remedy == (
            "the repository is another user's: take its files over or, where you trust that user, "
            f"git config --global --add safe.directory {shlex.quote(str(ours))}"
        )


def test_nothing_else_runs_git():
    """All of the package asks git through one runner, whose environment is clean."""
    runs = r"""\[\s*["']git["'],|^\s*(?:import|from) (?:dulwich|pygit2|git|scmrepo)\b"""
    other = re.compile(runs, re.MULTILINE)
    found = [
        path.relative_to(REPOSITORY).as_posix()
        for path in sorted((REPOSITORY / "registry").rglob("*.py"))
        if other.search(path.read_text())
    ]
    assert found == ["registry/storage/git.py"], "another way to git"


def test_in_the_hook_of_a_linked_work_tree(ours, theirs, tmp_path):
    """Git sets its variables for hooks there: programs that a hook runs ask their own folder."""
    hook = theirs / ".git" / "hooks" / "pre-commit"
    program = (
        "from pathlib import Path; from registry.storage import git;"
        f"print(git.commit_id(Path({str(ours)!r}), 'main'), git.own_environment().get('GIT_DIR'))"
    )
    told = tmp_path / "told"
    words = [shlex.quote(word) for word in (sys.executable, "-c", program)]
    hook.write_text(
        f'#!/bin/sh\ntest -n "$GIT_DIR" && {" ".join(words)} > {shlex.quote(str(told))}\n'
    )
    hook.chmod(0o755)
    scratch_git(theirs, "worktree", "add", "--quiet", str(tmp_path / "linked"), "main")
    scratch_git(tmp_path / "linked", "commit", "--quiet", "--allow-empty", "--message", "more")
    assert told.read_text().split() == [scratch_git(ours, "rev-parse", "main"), "None"]


@pytest.mark.parametrize(("theirs", "found"), [(b"a\nb\nz\n", b"x\nb\nz\n"), (b"y\nb\nc\n", None)])
def test_merge_by_lines(theirs, found):
    """What git makes of three texts; None, and no markers, where both changed a line."""
    assert git.merge_file(b"a\nb\nc\n", b"x\nb\nc\n", theirs) == found


def test_merge_what_has_no_lines():
    """Git merges no binary."""
    assert git.merge_file(b"\0", b"\0a", b"\0b") is None
