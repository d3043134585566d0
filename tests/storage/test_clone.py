"""Tests of `registry.storage.clone`: addresses, the mirror, and who may see what."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from shlex import quote

import pytest

from registry.errors import MissingError, UsageError
from registry.identity import pins
from registry.storage import clone
from registry.storage.clone import parse
from registry.storage.served import StaleRegistryWarning, serve
from tests.kit.repository import REPOSITORY
from tests.kit.upstream import FRAMES, git

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
        "git+https://host/r@main\0",
        "git+https://host/\x1b[31mr@main",
        "git+https://[host/r",
        "https://host/registry.git@v1",
        "",
    ],
)
def test_a_malformed_address(spec, cache):
    """It is refused before git is called, and nothing is made in the cache."""
    with pytest.raises(UsageError) as caught:
        serve(spec)
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


def test_a_folder_of_the_repository():
    """Behind the revision, as pip has it; however it is written, it is one registry."""
    found = parse("git+https://host/r@v1#subdirectory=my data/./fixtures/")
    assert (found.revision, found.subfolder) == ("v1", "my data/fixtures")
    assert str(found) == "git+https://host/r@v1#subdirectory=my data/fixtures"
    assert found.identity == "https://host/r#subdirectory=my data/fixtures"
    assert parse("git+https://host/r@v1").identity == "https://host/r"
    assert parse("git+https://host/r@fix#1").subfolder == "", "taken for a folder"
    for folder in ("", "/", "/etc", "..", "data/../..", "."):
        with pytest.raises(UsageError) as caught:
            parse(f"git+https://me:secret@host/r@v1#subdirectory={folder}")
        assert str(caught.value) == (
            "registry\n"
            "  expected: #subdirectory= and the path of a folder from the repository's top\n"
            f"  found:    git+https://***@host/r@v1#subdirectory={folder}\n"
            "  to mend:  name the registry's folder, such as #subdirectory=data"
        )


@pytest.mark.parametrize(
    ("revision", "is_commit"), [("1a" * 20, True), ("main", False), ("1a" * 19, False)]
)
def test_a_revision_that_never_moves(revision, is_commit):
    """The whole id of a commit, and nothing that could be a branch's name."""
    assert parse(f"git+https://host/r@{revision}").is_commit is is_commit


def test_a_folder_of_this_machine():
    """It is known where its address leads, to the folder of the registry."""
    found = parse("git+file:///a%20b/r@main#subdirectory=data")
    assert found.folder == Path("/a b/r/data")
    for url in ("https://host/r", "ssh://host/r"):
        assert parse(f"git+{url}@main").folder is None


def test_where_it_is_kept(cache):
    """In one folder for all revisions, which stays where it is from one version to the next."""
    for revision in ("v1", "main"):
        found = clone.folder(parse(f"git+https://host/r@{revision}"))
        # printf https://host/r | sha256sum
        assert found == cache / "git" / "7de35252471a6352"


def test_a_commit_that_is_here(upstream, new_process):
    """Nobody is asked for it, as it is what it was."""
    first = git(upstream.path, "rev-parse", "HEAD")
    upstream.publish(other_v1={"frames": FRAMES})
    serve(upstream.at("main"))
    upstream.vanish()
    new_process()
    assert list(pins.read(serve(upstream.at(first)))) == ["small_v1"]


def test_a_host_that_would_be_an_option(cache, tmp_path, monkeypatch):
    """Git hands no option to ssh in place of a host, and nothing runs."""
    monkeypatch.chdir(tmp_path)
    with pytest.raises(MissingError):
        serve(f"git+ssh://-oProxyCommand=touch {tmp_path}/pwned;/registry@main")
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
        path = serve(upstream.at(revision))
        assert path.name == commit, f"{revision} is another commit"
        assert list(pins.read(path)) == names, f"{revision} has other pins"


def test_a_revision_that_does_not_exist(upstream):
    """It is wrong use, and the message says how to see what there is."""
    with pytest.raises(UsageError) as caught:
        serve(upstream.at("v9"))
    error = caught.value
    assert error.subject == f"registry git+{upstream.url}@v9"
    assert error.found == "no v9"
    assert error.remedy == f"git ls-remote {upstream.url} lists what there is"


def test_a_branch_that_moved(upstream, new_process):
    """A new process sees the new commit; one that has looked keeps to what it saw."""
    before = serve(upstream.at("main"))
    commit = upstream.publish(other_v1={"frames": FRAMES})
    assert serve(upstream.at("main")) == before, "the registry changed under a running process"
    new_process()
    assert serve(upstream.at("main")).name == commit, "the new commit is not seen"


def test_what_a_killed_git_left(upstream, new_process, cache):
    """Locks and half objects in the mirror keep nobody from what is new, and go."""
    serve(upstream.at("main"))
    (mirror,) = cache.glob("git/*/mirror.git")
    left = [mirror / name for name in ("packed-refs.lock", "refs/heads/main.lock", "objects/pack/"
            "tmp_pack_a1b2c3", "objects/tmp_objdir-incoming-a1b2c3/ab/cd")]  # fmt: skip
    for path in left:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"half")
    git(upstream.path, "branch", "tmp_a")
    commit = upstream.publish(small_v1={"frames": FRAMES + 1})
    new_process()
    assert serve(upstream.at("main")).name == commit, "not what is new"
    assert not any(path.exists() for path in left), "it was left behind"
    assert serve(upstream.at("tmp_a")), "a branch was taken for a half object"


def test_a_branch_that_was_rewritten(upstream, new_process):
    """History that was replaced is followed, and a commit that is gone there stays here."""
    gone = git(upstream.path, "rev-parse", "HEAD")
    serve(upstream.at("main"))
    (upstream.path / "README").write_text("new")
    git(upstream.path, "add", "--all")
    git(upstream.path, "commit", "--quiet", "--amend", "--message", "rewritten")
    new_process()
    rewritten = git(upstream.path, "rev-parse", "HEAD")
    assert serve(upstream.at("main")).name == rewritten, "the old history is kept"
    assert serve(upstream.at(gone)).name == gone, "a commit that was used is lost"


def test_a_branch_whose_name_became_a_folder(upstream, new_process):
    """Branches that are gone there stand in nobody's way here."""
    git(upstream.path, "branch", "next")
    serve(upstream.at("next"))
    git(upstream.path, "branch", "--move", "next", "next/one")
    new_process()
    assert serve(upstream.at("next/one")).is_dir(), "the old branch is in the way"


# several processes, and such as end early

SERVE = "import sys; from registry.storage.served import serve; print(serve(sys.argv[1]))"


def start(spec: str) -> subprocess.Popen[str]:
    """Check out in a process of its own."""
    return subprocess.Popen(
        [sys.executable, "-c", SERVE, spec],
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
    assert serve(upstream.at("main")).is_dir(), "the next process cannot clone"
    left = sorted(path.name for path in base.iterdir())
    assert left == ["lock", "mirror.git", "newest.yaml", "revisions"], (
        "what the killed process made is left over"
    )


def test_a_clone_that_fails(upstream, cache, tmp_path, monkeypatch):
    """Git's failure half way leaves no mirror, either."""
    body = 'mkdir -p "$last/objects"; echo "fatal: early EOF" >&2; exit 128 ;;'
    fake_git(tmp_path / "bin", body)
    with monkeypatch.context() as patch:
        patch.setenv("PATH", f"{tmp_path}/bin:{os.environ['PATH']}")
        with pytest.raises(MissingError, match="found:    early EOF"):
            serve(upstream.at("main"))
    assert not list(cache.glob("git/*/mirror.git")), "half a mirror passes for one"
    assert serve(upstream.at("main")).is_dir(), "the next attempt cannot clone"


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
        serve(upstream.at("main"))
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
        serve(upstream.at("main"))


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
        serve(spec)
    assert SECRET not in str(caught.value), "the message has the secret"
    assert "***" in str(caught.value), "what was left out is not marked"


def test_credentials_are_in_no_warning(upstream, tmp_path, new_process, capfd):
    """A registry that is out of reach later is named without them."""
    address = f"http://user:{SECRET}@127.0.0.1:1/registry.git"
    (tmp_path / "gitconfig").write_text(f'[url "{upstream.url}"]\n    insteadOf = {address}\n')
    serve(f"git+{address}@main")
    (tmp_path / "gitconfig").unlink()
    new_process()
    with pytest.warns(StaleRegistryWarning) as caught:
        serve(f"git+{address}@main")
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
    assert SECRET not in str(serve(f"git+{address}@main")), "the path has the secret"
