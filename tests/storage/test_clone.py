"""Tests of `registry.storage.clone`.

A registry by git URL and revision, from a repository on this disk.
"""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import sys
import time
from pathlib import Path
from shlex import quote

import numpy as np
import pytest

import registry
from bench import scratch
from registry.errors import MissingError, UsageError
from registry.identity import pins
from registry.storage import clone
from registry.storage.clone import StaleRegistryWarning, checkout, parse
from tests.kit.repository import REPOSITORY

FRAMES = np.arange(6, dtype="<f4").reshape(2, 3)
CONFIG = """\
[core]
    remote = local
['remote "local"']
    url = ../../remote
    verify = true
"""


def git(folder: Path, *arguments: str) -> str:
    """Run git; what it printed."""
    command = ["git", *arguments]
    result = subprocess.run(command, cwd=folder, check=True, stdout=subprocess.PIPE, text=True)
    return result.stdout.strip()


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """The per-user cache, empty; git and DVC know nothing of the user's own settings."""
    for variable in ("FIXTURES_OFFLINE", "FIXTURES_REGISTRY", "GIT_DIR", "GIT_INDEX_FILE"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("FIXTURES_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("DVC_GLOBAL_CONFIG_DIR", str(tmp_path / "no-configuration"))
    monkeypatch.setenv("DVC_SITE_CACHE_DIR", str(tmp_path / "dvc"))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "gitconfig"))
    for name in ("GIT_AUTHOR", "GIT_COMMITTER"):
        monkeypatch.setenv(f"{name}_NAME", "a")
        monkeypatch.setenv(f"{name}_EMAIL", "a@example.org")
    return tmp_path / "cache"


class Upstream:
    """A registry in a git repository, with a directory remote beside it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.url = path.as_uri()
        (path / ".dvc").mkdir(parents=True)
        (path / ".dvc" / "config").write_text(CONFIG)
        (path / ".gitignore").write_text("*.npz\n")
        git(path, "init", "--quiet", "--initial-branch", "main")
        self.publish(small_v1={"frames": FRAMES})

    def publish(self, **fixtures: dict[str, np.ndarray]) -> str:
        """Commit these fixtures and push their bytes; the commit."""
        for pin in scratch.write(self.path, fixtures):
            stored = self.path.parent / "remote" / "files" / "md5" / pin.md5[:2] / pin.md5[2:]
            stored.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(self.path / pin.path, stored)
        git(self.path, "add", "--all")
        git(self.path, "commit", "--quiet", "--message", "next")
        return git(self.path, "rev-parse", "HEAD")

    def at(self, revision: str) -> str:
        """The address of a revision."""
        return f"git+{self.url}@{revision}"

    def vanish(self) -> None:
        """Take repository and remote away."""
        shutil.rmtree(self.path)
        shutil.rmtree(self.path.parent / "remote")


@pytest.fixture
def upstream(tmp_path, cache):
    """A registry with the fixture `small_v1`."""
    return Upstream(tmp_path / "upstream")


@pytest.fixture
def new_process(monkeypatch):
    """Forget which revisions were looked up, as a new process has."""
    return lambda: monkeypatch.setattr(clone, "_resolved", {})


# addresses


@pytest.mark.parametrize(
    ("spec", "url", "revision"),
    [
        ("git+https://host/a/registry.git@v1.2", "https://host/a/registry.git", "v1.2"),
        ("git+ssh://git@host/registry.git@feature/x", "ssh://git@host/registry.git", "feature/x"),
        ("git+https://user:pa@ss@host/r@main", "https://user:pa@ss@host/r", "main"),
        ("git+file:///my data/registry@main", "file:///my data/registry", "main"),
        ("git+git://host/r@v1", "git://host/r", "v1"),
    ],
)
def test_a_good_address(spec, url, revision):
    """The last @ is before the revision; one before the path belongs to the user."""
    found = parse(spec)
    assert (found.url, found.revision) == (url, revision), "not URL and revision"


@pytest.mark.parametrize(
    "spec",
    [
        "git+https://host/registry.git",
        "git+https://host/registry.git@",
        "git+https://host",
        "git+git@host:registry.git@v1",
        "git+/path/to/registry@main",
        "git+ext::sh -c touch% pwned@main",
        "git+ext://sh -c touch/x@main",
        "git+fd://3/x@main",
        "git+https://host/r@--upload-pack=touch",
        "git+https://host/r@-b",
        "git+https://host/r@a b",
        "git+https://host/r@main\n",
        "git+https://[host/r",
        "https://host/registry.git@v1",
        "",
    ],
)
def test_a_malformed_address(spec, cache):
    """It is refused before git is called, and nothing is made in the cache."""
    with pytest.raises(UsageError) as caught:
        checkout(spec)
    error = caught.value
    assert error.found == spec, "the address is not shown"
    assert error.expected == (
        "git+URL@REVISION, the URL's scheme one of https, http, ssh, git, file"
    ), "the rule is not told"
    assert not cache.exists(), "something was made in the cache"


@pytest.mark.parametrize(
    ("spec", "found"),
    [
        ("git+ssh://git@host/registry.git", "git+ssh://***@host/registry.git"),
        ("git+ssh://git@host", "git+ssh://***@host"),
        ("git+https://host@v1", "git+https://***@v1"),
    ],
)
def test_a_user_is_no_revision(spec, found):
    """An @ before the path does not make a revision of what follows."""
    with pytest.raises(UsageError) as caught:
        parse(spec)
    assert caught.value.found == found, "the address is not shown, or its user is"


def test_a_host_that_would_be_an_option(cache, tmp_path, monkeypatch):
    """Git hands no option to ssh in place of a host, and nothing runs."""
    monkeypatch.chdir(tmp_path)
    with pytest.raises(MissingError):
        checkout(f"git+ssh://-oProxyCommand=touch {tmp_path}/pwned;/registry@main")
    assert not (tmp_path / "pwned").exists(), "a command in the address was run"


# revisions


def test_every_kind_of_revision(upstream):
    """Branch, tags, full and short commit ids: each gives the registry as it was there."""
    first = git(upstream.path, "rev-parse", "HEAD")
    git(upstream.path, "tag", "v1")
    git(upstream.path, "tag", "--annotate", "--message", "text", "v1-annotated")
    git(upstream.path, "checkout", "--quiet", "-b", "feature/x")
    second = upstream.publish(other_v1={"frames": FRAMES})
    for revision, commit, names in [
        ("main", first, ["small_v1"]),
        ("v1", first, ["small_v1"]),
        ("v1-annotated", first, ["small_v1"]),
        (first, first, ["small_v1"]),
        (second[:10], second, ["other_v1"]),
        ("feature/x", second, ["other_v1"]),
    ]:
        path = checkout(upstream.at(revision))
        assert path.name == commit, f"{revision} is another commit"
        assert list(pins.read(path)) == names, f"{revision} has other pins"


def test_a_revision_that_does_not_exist(upstream):
    """It is wrong use, and the message says how to see what there is."""
    with pytest.raises(UsageError) as caught:
        checkout(upstream.at("v9"))
    error = caught.value
    assert error.subject == f"registry git+{upstream.url}@v9"
    assert error.found == "no v9"
    assert error.remedy == f"git ls-remote {upstream.url} lists what there is"


def test_a_branch_that_moved(upstream, new_process):
    """A new process sees the new commit; one that has looked keeps to what it saw."""
    before = checkout(upstream.at("main"))
    commit = upstream.publish(other_v1={"frames": FRAMES})
    assert checkout(upstream.at("main")) == before, "the registry changed under a running process"
    new_process()
    assert checkout(upstream.at("main")).name == commit, "the new commit is not seen"


def test_a_branch_that_was_rewritten(upstream, new_process):
    """History that was replaced is followed, and a commit that is gone there stays here."""
    gone = git(upstream.path, "rev-parse", "HEAD")
    checkout(upstream.at("main"))
    (upstream.path / "README").write_text("new")
    git(upstream.path, "add", "--all")
    git(upstream.path, "commit", "--quiet", "--amend", "--message", "rewritten")
    new_process()
    rewritten = git(upstream.path, "rev-parse", "HEAD")
    assert checkout(upstream.at("main")).name == rewritten, "the old history is kept"
    assert checkout(upstream.at(gone)).name == gone, "a commit that was used is lost"


def test_a_branch_whose_name_became_a_folder(upstream, new_process):
    """Branches that are gone there stand in nobody's way here."""
    git(upstream.path, "branch", "next")
    checkout(upstream.at("next"))
    git(upstream.path, "branch", "--move", "next", "next/one")
    new_process()
    assert checkout(upstream.at("next/one")).is_dir(), "the old branch is in the way"


# what is served


def test_bytes_come_from_the_remote_beside_the_origin(upstream):
    """A remote that is relative to the registry's own folder is found from the cache."""
    fixture = registry.load("small_v1", checkout(upstream.at("main")))
    assert fixture["frames"].tolist() == [[0, 1, 2], [3, 4, 5]], "not the published array"


def test_offline_afterwards(upstream, new_process, monkeypatch):
    """What was used once is served without repository and remote, in silence."""
    commit = git(upstream.path, "rev-parse", "HEAD")
    registry.load("small_v1", checkout(upstream.at("main")))
    upstream.vanish()
    monkeypatch.setenv("FIXTURES_OFFLINE", "1")
    for revision in ("main", commit):
        new_process()
        fixture = registry.load("small_v1", checkout(upstream.at(revision)))
        assert fixture["frames"].tolist() == [[0, 1, 2], [3, 4, 5]], "not the published array"


def test_checkouts_share_their_objects(upstream, new_process):
    """A fixture that did not change is not fetched again for the next revision."""
    registry.load("small_v1", checkout(upstream.at("main")))
    upstream.publish(small_v1={"frames": FRAMES}, other_v1={"frames": FRAMES + 1})
    new_process()
    path = checkout(upstream.at("main"))
    shutil.rmtree(upstream.path.parent / "remote")
    assert registry.load("small_v1", path).name == "small_v1", "it is not in the shared cache"


def test_a_registry_without_configuration(upstream):
    """Without ``.dvc/config`` the registry is checked out; its bytes are then nowhere."""
    git(upstream.path, "rm", "--quiet", ".dvc/config")
    git(upstream.path, "commit", "--quiet", "--message", "next")
    path = checkout(upstream.at("main"))
    assert list(pins.read(path)) == ["small_v1"], "the pins are not there"
    with pytest.raises(MissingError):
        registry.load("small_v1", path)


def test_a_configuration_that_cannot_be_read(upstream):
    """What DVC itself would refuse keeps nobody from the pins."""
    (upstream.path / ".dvc" / "config").write_bytes(b"\xff\xfe no sections")
    git(upstream.path, "commit", "--quiet", "--all", "--message", "next")
    assert list(pins.read(checkout(upstream.at("main")))) == ["small_v1"], "the pins are not there"


def test_line_ends_of_the_user_are_not_those_of_the_registry(upstream, tmp_path):
    """A sidecar is checked out byte for byte, for its md5 is pinned."""
    (tmp_path / "gitconfig").write_text("[core]\n    autocrlf = true\n")
    path = checkout(upstream.at("main"))
    lock = (path / "dvc.lock").read_bytes()
    assert b"\r" not in lock, "the lock has the user's line ends"
    assert registry.load("small_v1", path).name == "small_v1", "the chain is broken"


# a registry out of reach


def test_never_used_and_offline(upstream, cache):
    """It is missing, and the message says that offline is why."""
    with pytest.raises(MissingError) as caught:
        checkout(upstream.at("main"), offline=True)
    assert caught.value.found == "it was never used before, and offline is on"
    assert not list(cache.glob("git/*/mirror.git")), "a mirror was made"


def test_a_revision_never_seen_and_offline(upstream, new_process):
    """Whether it exists is not known: missing, not wrong use."""
    checkout(upstream.at("main"))
    git(upstream.path, "tag", "v2")
    with pytest.raises(MissingError) as caught:
        checkout(upstream.at("v2"), offline=True)
    assert caught.value.found == "v2 was never seen, and offline is on"
    assert checkout(upstream.at("v2")), "online it is not found, either"


def test_never_used_and_gone(upstream):
    """It is missing, with git's first words."""
    upstream.vanish()
    with pytest.raises(MissingError) as caught:
        checkout(upstream.at("main"))
    error = caught.value
    assert error.found == (f"'{upstream.path}' does not appear to be a git repository"), (
        "not git's reason"
    )
    assert error.remedy == f"git ls-remote {upstream.url} shows what git itself says"


def test_gone_since(upstream, new_process):
    """The branch as last seen is used, with a warning that says so."""
    path = checkout(upstream.at("main"))
    upstream.vanish()
    new_process()
    with pytest.warns(StaleRegistryWarning) as caught:
        assert checkout(upstream.at("main")) == path, "not the revision last seen"
    assert [str(item.message) for item in caught] == [
        f"registry git+{upstream.url}@main: not reachable ('{upstream.path}' does not "
        "appear to be a git repository); using the revision as last seen"
    ], "not one warning with git's reason"


def test_gone_since_a_load(upstream, new_process):
    """`registry.load` takes the address for its root, and the warning is at the caller's line."""
    registry.load("small_v1", upstream.at("main"))
    upstream.vanish()
    new_process()
    with pytest.warns(StaleRegistryWarning) as caught:
        fixture = registry.load("small_v1", upstream.at("main"))
    assert fixture["frames"].tolist() == [[0, 1, 2], [3, 4, 5]], "not the published array"
    assert [item.filename for item in caught] == [__file__], "not at the caller's line"


def test_a_commit_needs_nobody(upstream, new_process):
    """A full commit id that was used is served without a warning, whatever became of the rest."""
    commit = git(upstream.path, "rev-parse", "HEAD")
    path = checkout(upstream.at(commit))
    upstream.vanish()
    new_process()
    assert checkout(upstream.at(commit)) == path, "not served from the cache"


def test_a_commit_that_is_checked_out_needs_no_mirror(upstream, cache, new_process):
    """The checkout alone serves it, so that neither git nor a lock stands between test and data."""
    commit = git(upstream.path, "rev-parse", "HEAD")
    path = checkout(upstream.at(commit))
    shutil.rmtree(path.parents[1] / "mirror.git")
    new_process()
    assert checkout(upstream.at(commit), offline=True) == path, "something else was asked"


def test_a_revision_that_was_never_seen_of_one_that_is_gone(upstream, new_process):
    """What is not in the cache cannot be served: missing, with git's reason."""
    checkout(upstream.at("main"))
    upstream.vanish()
    with pytest.raises(MissingError, match="does not appear to be a git repository"):
        checkout(upstream.at("v2"))


# the cache


def test_the_cache_is_its_owners_alone(upstream, cache):
    """Whatever the umask, no other user gets into it."""
    before = os.umask(0)
    try:
        path = checkout(upstream.at("main"))
    finally:
        os.umask(before)
    for folder in (cache, cache / "git", path.parents[1]):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700, f"{folder.name} is open to others"


def test_a_cache_that_was_opened_is_closed(upstream):
    """A folder whose mode somebody loosened is tightened when it is used next."""
    base = checkout(upstream.at("main")).parents[1]
    base.chmod(0o777)
    checkout(upstream.at("main"))
    assert stat.S_IMODE(base.stat().st_mode) == 0o700, "it is still open to others"


def test_a_cache_of_somebody_else(upstream, monkeypatch):
    """Pins in a folder that another user made are not believed."""
    base = checkout(upstream.at("main")).parents[1]
    mine = os.getuid()
    monkeypatch.setattr(os, "getuid", lambda: mine + 1)
    with pytest.raises(MissingError) as caught:
        checkout(upstream.at("main"))
    assert caught.value.found == f"{base}, which belongs to user {mine}"
    assert "set FIXTURES_CACHE to another folder" in caught.value.remedy


def test_a_cache_that_cannot_be_made(upstream, tmp_path, monkeypatch):
    """The variable that names another one is in the message."""
    (tmp_path / "file").touch()
    monkeypatch.setenv("FIXTURES_CACHE", str(tmp_path / "file" / "cache"))
    with pytest.raises(MissingError) as caught:
        checkout(upstream.at("main"))
    assert caught.value.found.startswith("Not a directory"), "not the system's reason"
    assert caught.value.remedy == "set FIXTURES_CACHE to such a folder"


def test_the_cache_of_the_user(upstream, tmp_path, monkeypatch):
    """Without the variable it is where the system keeps such things."""
    monkeypatch.delenv("FIXTURES_CACHE")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "home" / "cache"))
    path = checkout(upstream.at("main"))
    assert path.is_relative_to(tmp_path / "home"), "not in the user's own folder"
    assert "fixture-registry" in path.parts, "not in a folder of our own"


def test_a_hook_of_another_repository(upstream, tmp_path, monkeypatch):
    """Called from a git hook, neither the hook's repository is used nor is it touched."""
    mine = tmp_path / "mine"
    mine.mkdir()
    git(mine, "init", "--quiet")
    (mine / "staged").write_text("text")
    git(mine, "add", "staged")
    index = (mine / ".git" / "index").read_bytes()
    monkeypatch.setenv("GIT_DIR", str(mine / ".git"))
    monkeypatch.setenv("GIT_INDEX_FILE", str(mine / ".git" / "index"))
    monkeypatch.setenv("GIT_WORK_TREE", str(mine))
    path = checkout(upstream.at("main"))
    assert list(pins.read(path)) == ["small_v1"], "not the registry"
    assert (mine / ".git" / "index").read_bytes() == index, "the hook's index changed"


# several processes, and such as end early

CHECKOUT = "import sys; from registry.storage.clone import checkout; print(checkout(sys.argv[1]))"


def start(spec: str) -> subprocess.Popen[str]:
    """Check out in a process of its own."""
    return subprocess.Popen(
        [sys.executable, "-c", CHECKOUT, spec],
        env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def fake_git(folder: Path, body: str) -> None:
    """A `git` that does something else when it clones a mirror."""
    folder.mkdir()
    script = folder / "git"
    real = shutil.which("git")
    script.write_text(
        '#!/bin/sh\nfor last; do :; done\ncase "$*" in *--mirror*)\n'
        f'{body}\nesac\nexec {real} "$@"\n'
    )
    script.chmod(0o755)


def test_several_processes_at_once(upstream, cache, tmp_path, monkeypatch):
    """All get the same checkout, and the repository is cloned once."""
    fake_git(tmp_path / "bin", f"echo clone >> {quote(str(tmp_path / 'clones'))} ;;")
    monkeypatch.setenv("PATH", f"{tmp_path}/bin:{os.environ['PATH']}")
    processes = [start(upstream.at("main")) for _ in range(4)]
    ended = [process.communicate() for process in processes]
    assert [process.returncode for process in processes] == [0] * 4, f"one failed: {ended}"
    commit = git(upstream.path, "rev-parse", "HEAD")
    assert {Path(out.strip()).name for out, _ in ended} == {commit}, "not the same commit"
    assert (tmp_path / "clones").read_text() == "clone\n", "cloned more than once"


def test_a_process_killed_while_it_clones(upstream, cache, tmp_path, monkeypatch):
    """Half a mirror is never taken for one, and does not stay for ever."""
    fake_git(tmp_path / "bin", 'mkdir -p "$last/objects"; kill -9 $PPID; exit 1 ;;')
    with monkeypatch.context() as patch:
        patch.setenv("PATH", f"{tmp_path}/bin:{os.environ['PATH']}")
        process = start(upstream.at("main"))
        process.communicate()
    assert process.returncode == -9, "the process was not killed"
    (base,) = (cache / "git").iterdir()
    assert not (base / "mirror.git").exists(), "half a mirror passes for one"
    assert checkout(upstream.at("main")).is_dir(), "the next process cannot clone"
    assert sorted(path.name for path in base.iterdir()) == ["checkouts", "lock", "mirror.git"], (
        "what the killed process made is left over"
    )


def test_a_clone_that_fails(upstream, cache, tmp_path, monkeypatch):
    """Git's failure half way leaves no mirror, either."""
    body = 'mkdir -p "$last/objects"; echo "fatal: early EOF" >&2; exit 128 ;;'
    fake_git(tmp_path / "bin", body)
    with monkeypatch.context() as patch:
        patch.setenv("PATH", f"{tmp_path}/bin:{os.environ['PATH']}")
        with pytest.raises(MissingError, match="found:    early EOF"):
            checkout(upstream.at("main"))
    assert not list(cache.glob("git/*/mirror.git")), "half a mirror passes for one"
    assert checkout(upstream.at("main")).is_dir(), "the next attempt cannot clone"


def running(process: int) -> bool:
    """Whether a process is; one that has ended, and of whose end nobody took note, is not."""
    try:
        return "State:\tZ" not in Path("/proc", str(process), "status").read_text()
    except OSError:
        return False


def test_a_server_that_never_answers(upstream, tmp_path, monkeypatch):
    """Git is given up after a while, and what it started ends with it."""
    noted = quote(str(tmp_path / "helper"))
    fake_git(tmp_path / "bin", f"sleep 600 & echo $! > {noted}; wait; exit 1 ;;")
    monkeypatch.setenv("PATH", f"{tmp_path}/bin:{os.environ['PATH']}")
    monkeypatch.setattr("registry.storage.git.LIMIT_S", 1.0)
    with pytest.raises(MissingError) as caught:
        checkout(upstream.at("main"))
    assert caught.value.found == "no answer within 1 s"
    helper = int((tmp_path / "helper").read_text())
    for _ in range(200):
        if not running(helper):
            break
        time.sleep(0.05)
    assert not running(helper), "git's helper is still running"


def test_without_git(upstream, tmp_path, monkeypatch):
    """The message says what to install."""
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UsageError, match="git on the PATH"):
        checkout(upstream.at("main"))


# credentials

SECRET = "s3cr3t-t0ken"


@pytest.mark.parametrize(
    "spec",
    [
        f"git+https://user:{SECRET}@127.0.0.1:1/registry.git@v1",
        f"git+https://{SECRET}@127.0.0.1:1/registry.git@v1",
        f"git+https://user:at@{SECRET}@127.0.0.1:1/registry.git@v1",
        f"git+https://127.0.0.1:1/registry.git?token={SECRET}@v1",
        f"git+https://user:{SECRET}@host/registry.git",
        f"git+ftp://user:{SECRET}@host/registry.git@v1",
    ],
    ids=["password", "token", "two-ats", "query", "no-revision", "scheme"],
)
def test_credentials_are_in_no_message(spec, cache):
    """Neither a refusal nor a failure shows them."""
    with pytest.raises((UsageError, MissingError)) as caught:
        checkout(spec)
    assert SECRET not in str(caught.value), "the message has the secret"
    assert "***" in str(caught.value), "what was left out is not marked"


def test_credentials_are_in_no_warning(upstream, tmp_path, new_process, capfd):
    """A registry that is out of reach later is named without them."""
    address = f"http://user:{SECRET}@127.0.0.1:1/registry.git"
    (tmp_path / "gitconfig").write_text(f'[url "{upstream.url}"]\n    insteadOf = {address}\n')
    checkout(f"git+{address}@main")
    (tmp_path / "gitconfig").unlink()
    new_process()
    with pytest.warns(StaleRegistryWarning) as caught:
        checkout(f"git+{address}@main")
    assert SECRET not in str(caught[0].message), "the warning has the secret"
    assert "http://***@127.0.0.1:1/registry.git" in str(caught[0].message), "not the registry"
    assert SECRET not in "".join(capfd.readouterr()), "git's output has the secret"


def test_credentials_are_in_no_representation():
    """A test runner that prints local variables shows none."""
    assert SECRET not in repr(parse(f"git+https://user:{SECRET}@host/registry.git@v1"))


def test_credentials_are_in_no_path(upstream, tmp_path):
    """Folders in the cache do not have them in their names."""
    address = f"http://user:{SECRET}@127.0.0.1:1/registry.git"
    (tmp_path / "gitconfig").write_text(f'[url "{upstream.url}"]\n    insteadOf = {address}\n')
    assert SECRET not in str(checkout(f"git+{address}@main")), "the path has the secret"
