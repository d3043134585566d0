"""Tests of `registry.storage.served`: what is taken of a registry by URL, and where it is kept."""

from __future__ import annotations

import errno
import os
import shutil
import stat

import pytest

import registry
from registry.cli import main
from registry.declare.deprecation import FixtureDeprecationWarning
from registry.errors import ChainError, MissingError, UsageError
from registry.identity import certificate, pins
from registry.storage import clone, served
from registry.storage.clone import parse
from registry.storage.served import (
    StaleRegistryWarning,
    look,
    newest,
    nothing_pinned,
    record,
    serve,
)
from tests.kit.certificates import write
from tests.kit.upstream import CONFIG, FRAMES, git

# what is served


def test_bytes_come_from_the_remote_beside_the_origin(upstream):
    """A remote that is relative to the registry's own folder is found from the cache."""
    fixture = registry.load("small_v1", serve(upstream.at("main")))
    assert fixture["frames"].tolist() == [[0, 1, 2], [3, 4, 5]], "not the published array"


def test_a_registry_in_a_folder_of_its_repository(upstream, cache):
    """It is served as one at the top is, beside that; its remote is relative to its own folder."""
    below = upstream.path / "data" / "registry"
    below.mkdir(parents=True)
    for name in (".dvc", "dvc.lock", "tests"):
        shutil.move(upstream.path / name, below / name)
    (below / ".dvc" / "config").write_text(CONFIG.replace("../../remote", "../../../../remote"))
    (below / "params.yaml").write_text("deprecated: {small_v1: {reason: below}}\n")
    (upstream.path / "params.yaml").write_text("deprecated: {small_v1: {reason: above}}\n")
    upstream.commit()
    address = f"{upstream.at('main')}#subdirectory=data/registry"
    path = serve(address)
    with pytest.warns(FixtureDeprecationWarning, match="below"):
        fixture = registry.load("small_v1", path)
    assert fixture["frames"].tolist() == [[0, 1, 2], [3, 4, 5]], "not the published array"
    assert record(path).location.subfolder == "data/registry"
    assert "below" in newest(path).read_text(), "what is deprecated later is another registry's"
    assert serve(upstream.at("main")) != path, "two registries have one folder"
    with pytest.raises(MissingError):
        registry.load("small_v1", serve(f"{upstream.at('main')}#subdirectory=dat"))


def test_offline_afterwards(upstream, new_process, monkeypatch):
    """What was used once is served without repository and remote, in silence."""
    commit = git(upstream.path, "rev-parse", "HEAD")
    registry.load("small_v1", serve(upstream.at("main")))
    upstream.vanish()
    monkeypatch.setenv("FIXTURES_OFFLINE", "1")
    for revision in ("main", commit):
        new_process()
        fixture = registry.load("small_v1", serve(upstream.at(revision)))
        assert fixture["frames"].tolist() == [[0, 1, 2], [3, 4, 5]], "not the published array"


def test_checkouts_share_their_objects(upstream, new_process):
    """A fixture that did not change is not fetched again for the next revision."""
    registry.load("small_v1", serve(upstream.at("main")))
    upstream.publish(small_v1={"frames": FRAMES}, other_v1={"frames": FRAMES + 1})
    new_process()
    path = serve(upstream.at("main"))
    shutil.rmtree(upstream.path.parent / "remote")
    assert registry.load("small_v1", path).name == "small_v1", "it is not in the shared cache"


def test_a_registry_without_configuration(upstream):
    """Without ``.dvc/config`` the registry is checked out; its bytes are then nowhere."""
    git(upstream.path, "rm", "--quiet", ".dvc/config")
    git(upstream.path, "commit", "--quiet", "--message", "next")
    path = serve(upstream.at("main"))
    assert list(pins.read(path)) == ["small_v1"], "the pins are not there"
    with pytest.raises(MissingError):
        registry.load("small_v1", path)


def test_a_configuration_that_cannot_be_read(upstream):
    """What DVC itself would refuse keeps nobody from the pins."""
    (upstream.path / ".dvc" / "config").write_bytes(b"\xff\xfe no sections")
    git(upstream.path, "commit", "--quiet", "--all", "--message", "next")
    assert list(pins.read(serve(upstream.at("main")))) == ["small_v1"], "the pins are not there"


def test_line_ends_of_the_user_are_not_those_of_the_registry(upstream, tmp_path):
    """A sidecar is checked out byte for byte, for its md5 is pinned."""
    (tmp_path / "gitconfig").write_text("[core]\n    autocrlf = true\n")
    path = serve(upstream.at("main"))
    lock = (path / "dvc.lock").read_bytes()
    assert b"\r" not in lock, "the lock has the user's line ends"
    assert registry.load("small_v1", path).name == "small_v1", "the chain is broken"


# a registry out of reach


def test_never_used_and_offline(upstream, cache):
    """It is missing, and the message says that offline is why."""
    with pytest.raises(MissingError) as caught:
        serve(upstream.at("main"), offline=True)
    assert caught.value.found == "it was never used before, and offline is on"
    assert not list(cache.glob("git/*/mirror.git")), "a mirror was made"


def test_a_revision_never_seen_and_offline(upstream, new_process):
    """Whether it exists is not known: missing, not wrong use."""
    serve(upstream.at("main"))
    git(upstream.path, "tag", "v2")
    with pytest.raises(MissingError) as caught:
        serve(upstream.at("v2"), offline=True)
    assert caught.value.found == "v2 was never seen, and offline is on"
    assert serve(upstream.at("v2")), "online it is not found, either"


def test_never_used_and_gone(upstream):
    """It is missing, with git's first words."""
    upstream.vanish()
    with pytest.raises(MissingError) as caught:
        serve(upstream.at("main"))
    error = caught.value
    assert error.found == (f"'{upstream.path}' does not appear to be a git repository"), (
        "not git's reason"
    )
    assert error.remedy == f"git ls-remote {upstream.url} shows what git itself says"


def test_gone_since(upstream, new_process):
    """The branch as last seen is used, with a warning that says so."""
    path = serve(upstream.at("main"))
    upstream.vanish()
    new_process()
    with pytest.warns(StaleRegistryWarning) as caught:
        assert serve(upstream.at("main")) == path, "not the revision last seen"
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
    path = serve(upstream.at(commit))
    upstream.vanish()
    new_process()
    assert serve(upstream.at(commit)) == path, "not served from the cache"


def test_a_commit_that_is_checked_out_needs_no_mirror(upstream, cache, new_process):
    """The checkout alone serves it, so that neither git nor a lock stands between test and data."""
    commit = git(upstream.path, "rev-parse", "HEAD")
    path = serve(upstream.at(commit))
    shutil.rmtree(path.parents[1] / "mirror.git")
    new_process()
    assert serve(upstream.at(commit), offline=True) == path, "something else was asked"


def test_a_revision_that_was_never_seen_of_one_that_is_gone(upstream, new_process):
    """What is not in the cache cannot be served: missing, with git's reason."""
    serve(upstream.at("main"))
    upstream.vanish()
    with pytest.raises(MissingError, match="does not appear to be a git repository"):
        serve(upstream.at("v2"))


# the cache


def test_the_cache_is_its_owners_alone(upstream, cache):
    """Whatever the umask, no other user gets into it."""
    before = os.umask(0)
    try:
        path = serve(upstream.at("main"))
    finally:
        os.umask(before)
    for folder in (cache, cache / "git", path.parents[1]):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700, f"{folder.name} is open to others"


def test_a_cache_that_was_opened_is_closed(upstream):
    """A folder whose mode somebody loosened is tightened when it is used next."""
    base = serve(upstream.at("main")).parents[1]
    base.chmod(0o777)
    serve(upstream.at("main"))
    assert stat.S_IMODE(base.stat().st_mode) == 0o700, "it is still open to others"


def test_a_cache_of_somebody_else(upstream, monkeypatch):
    """Pins in a folder that another user made are not believed."""
    base = serve(upstream.at("main")).parents[1]
    mine = os.getuid()
    monkeypatch.setattr(os, "getuid", lambda: mine + 1)
    with pytest.raises(MissingError) as caught:
        serve(upstream.at("main"))
    assert caught.value.found == f"{base}, which belongs to user {mine}"
    assert "set FIXTURES_CACHE to another folder" in caught.value.remedy


def test_a_cache_that_cannot_be_made(upstream, tmp_path, monkeypatch):
    """The variable that names another one is in the message."""
    (tmp_path / "file").touch()
    monkeypatch.setenv("FIXTURES_CACHE", str(tmp_path / "file" / "cache"))
    with pytest.raises(MissingError) as caught:
        serve(upstream.at("main"))
    assert caught.value.found.startswith("Not a directory"), "not the system's reason"
    assert caught.value.remedy == "set FIXTURES_CACHE to such a folder"


def test_a_cache_of_no_user(upstream, monkeypatch):
    """A user whom the variable names and whom the system does not know: a sentence."""
    monkeypatch.setenv("FIXTURES_CACHE", "~nobody-of-this-name/cache")
    with pytest.raises(UsageError) as caught:
        serve(upstream.at("main"))
    assert caught.value.subject == "FIXTURES_CACHE", "not the variable"
    assert caught.value.found == "~nobody-of-this-name/cache, and no such user"


def test_the_cache_of_the_user(upstream, tmp_path, monkeypatch):
    """Without the variable it is where the system keeps such things."""
    monkeypatch.delenv("FIXTURES_CACHE")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "home" / "cache"))
    path = serve(upstream.at("main"))
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
    path = serve(upstream.at("main"))
    assert list(pins.read(path)) == ["small_v1"], "not the registry"
    assert (mine / ".git" / "index").read_bytes() == index, "the hook's index changed"


@pytest.mark.parametrize("default", ["../../nowhere", "http://127.0.0.1:1/a"])
def test_another_remote_has_the_bytes(upstream, default):
    """What the default remote does not give is taken from one that the consumer reaches."""
    config = upstream.path / ".dvc" / "config"
    moved = config.read_text().replace('"local"', '"second"').replace("= local", "= first")
    config.write_text(f"{moved}['remote \"first\"']\n    url = {default}\n")
    upstream.commit()
    assert registry.load("small_v1", upstream.at("main")).name == "small_v1", "not served"


def test_certificates(upstream, new_process, monkeypatch, capsys):
    """They come along, and are held against the sidecar; schemas and history do not."""
    write(upstream.path, "small_v1")
    write(upstream.path, "small_v1").rename(upstream.path / "certificates/other_v1.jsonl")
    path = write(upstream.path, "small_v1")
    upstream.commit()
    monkeypatch.setenv("FIXTURES_REGISTRY", upstream.at("main"))
    root = serve(upstream.at("main"))
    registry.load("small_v1", root)
    assert certificate.names(root) == ["small_v1"], "that of another fixture came, too"
    assert main(["verify"]) == 0, capsys.readouterr().err
    assert main(["show", "small_v1"]) == 0
    assert "  s390x    big         1 " in capsys.readouterr().out
    text = path.read_text()
    at = text.index('"content_sha256": "') + len('"content_sha256": "')
    path.write_text(f"{text[:at]}{'0' if text[at] != '0' else '1'}{text[at + 1 :]}")
    upstream.commit()
    new_process()
    for command in ("verify", "show"):
        assert main([command, "small_v1"]) == 1
        said = capsys.readouterr().err
        assert "error: fixture small_v1: broken link certificate -> sidecar\n" in said
        assert "  to mend:  name another revision of the registry, or tell those who" in said, said


def test_what_is_served_is_not_for_writing(upstream):
    """Each of its files is what it was at the commit."""
    path = serve(upstream.at("main"))
    modes = {stat.S_IMODE(file.stat().st_mode) for file in path.rglob("*") if file.is_file()}
    assert modes == {0o444}


def test_what_a_registry_without_fixtures_is_told(upstream, tmp_path):
    """To build or import them; of somebody else's, to name another revision."""
    assert nothing_pinned(tmp_path) == f"no fixtures are pinned; {pins.IMPORT}"
    path = serve(upstream.at("main"))
    assert nothing_pinned(path) == (
        f"no fixtures are pinned; name another revision than that of git+{upstream.url}@main"
    )


def test_what_is_newest_is_looked_at_once(upstream, new_process, monkeypatch):
    """By each process; offline nothing was seen, and who cannot be reached is told."""
    location = parse(upstream.at("main"))
    path = serve(upstream.at("main"))
    (upstream.path / "params.yaml").write_text("deprecated: {small_v1: {reason: old}}\n")
    upstream.commit()
    new_process()
    assert look(location) == ""
    assert "reason: old" in newest(path).read_text(), "what is newest was not kept"
    assert stat.S_IMODE(newest(path).stat().st_mode) == 0o600
    upstream.vanish()
    assert look(location) == "", "it was asked again"
    new_process()
    monkeypatch.setenv("FIXTURES_OFFLINE", "1")
    serve(upstream.at("main"))
    assert look(location).endswith("does not appear to be a git repository")


def test_a_cache_that_cannot_be_looked_into(upstream, monkeypatch):
    """The system's words are told, and nobody's traceback."""

    def refuse(location):
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(clone, "base", refuse)
    assert look(parse(upstream.at("main"))) == "[Errno 13] Permission denied"

    def other(location):
        raise MissingError("cache", expected="yours", found="somebody else's", remedy="x")

    monkeypatch.setattr(clone, "base", other)
    assert look(parse(upstream.at("main"))) == "somebody else's"


def test_what_is_no_text_of_a_registry(upstream, tmp_path):
    """A link may lead anywhere, be it to a lock that is sound."""
    bait = tmp_path / "bait"
    (upstream.path / "dvc.lock").rename(bait)
    (upstream.path / "dvc.lock").symlink_to(bait)
    commit = upstream.commit()
    with pytest.raises(ChainError) as caught:
        serve(upstream.at(commit))
    assert caught.value.subject == f"registry git+{upstream.url}@{commit}: dvc.lock"
    assert (caught.value.expected, caught.value.found) == ("a file", "a symbolic link")


def test_texts_that_are_too_large(upstream, cache, new_process, monkeypatch):
    """Each, or all of them together: a registry does not fill the disk."""
    pin = pins.find(upstream.path, "small_v1")
    lock, sidecar, config = (
        (upstream.path / file).stat().st_size
        for file in ("dvc.lock", pin.sidecar_path, ".dvc/config")
    )

    def served_within(**limits: int) -> str:
        shutil.rmtree(cache, ignore_errors=True)
        new_process()
        for name, most in limits.items():
            monkeypatch.setattr(served, name, most)
        try:
            serve(upstream.at("main"))
        except ChainError as error:
            return f"{error.expected}; {error.found}"
        return ""

    most = max(lock, sidecar)
    assert served_within(_LARGE=most) == ""
    assert served_within(_LARGE=most - 1) == f"at most {most - 1} bytes; {most} bytes"
    assert served_within(_LARGE=most, _SMALL=config) == ""
    assert served_within(_SMALL=config - 1) == f"at most {config - 1} bytes; {config} bytes"
    together = max(lock + config, sidecar)
    assert served_within(_SMALL=config, _ALL=together) == ""
    said = f"at most {together - 1} bytes together; {together} bytes"
    assert served_within(_ALL=together - 1) == said
