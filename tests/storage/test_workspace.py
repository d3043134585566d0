"""Tests of `registry.storage.workspace`: files are written within the registry's folder alone."""

from __future__ import annotations

import stat

import pytest

import registry
from registry import temporary
from registry.errors import UsageError
from registry.identity import pins
from registry.storage import cache, workspace
from tests.kit import registries as kit
from tests.kit.processes import run


@pytest.fixture
def root(tmp_path):
    """A registry of the user's own."""
    return kit.write(tmp_path / "registry")


@pytest.fixture
def elsewhere(tmp_path):
    """A folder that is not the registry's."""
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    return folder


def test_a_file(root):
    """Bytes lie at the path, in folders that are made for them."""
    workspace.write(root, "a/b/x.npz", b"data", md5="0" * 32)
    assert (root / "a" / "b" / "x.npz").read_bytes() == b"data", "not these bytes"


@pytest.mark.parametrize("path", ["link/x.npz", "link/deeper/x.npz", "../x.npz", "a/../../x.npz"])
def test_a_folder_that_leads_out(root, elsewhere, path):
    """A link above the file, or dots, lead nowhere that is not the registry's."""
    (root / "link").symlink_to(elsewhere)
    with pytest.raises(UsageError) as caught:
        workspace.write(root, path, b"data", md5="0" * 32)
    assert caught.value.expected == f"a path within {root}", "not the rule"
    assert caught.value.remedy.startswith("put a folder in the link's place"), "no remedy"
    assert list(elsewhere.iterdir()) == [], "something was written there"


def test_a_link_within(root):
    """A link to another folder of the registry is as good as that folder."""
    (root / "real").mkdir()
    (root / "link").symlink_to("real")
    workspace.write(root, "link/x.npz", b"data", md5="0" * 32)
    assert (root / "real" / "x.npz").read_bytes() == b"data", "not written"


def test_a_registry_below_a_link(root, tmp_path):
    """The registry's own folder may be reached by a link."""
    (tmp_path / "short").symlink_to(root)
    workspace.write(tmp_path / "short", "x.npz", b"data", md5="0" * 32)
    assert (root / "x.npz").read_bytes() == b"data", "not written"


def led_out(root, elsewhere):
    """Let the folder of the fixtures be a link that leads out; the cache has one of them."""
    pin = pins.find(root, "small_v1")
    cache.put(root, pin.md5, (root / pin.path).read_bytes())
    folder = (root / pin.path).parent
    for path in folder.iterdir():
        path.rename(elsewhere / path.name)
    folder.rmdir()
    folder.symlink_to(elsewhere)


def test_a_pull_into_a_folder_that_leads_out(root, elsewhere, tmp_path):
    """`fixtures pull` writes nothing there, and says why."""
    led_out(root, elsewhere)
    (elsewhere / "small_v1.npz").unlink()
    done = run(kit.fixtures("pull", "small_v1"), root, kit.environment(tmp_path))
    assert done.returncode == 2, done.stdout + done.stderr
    assert f"its folder is a link that leads to {elsewhere}" in done.stderr, done.stderr
    assert not (elsewhere / "small_v1.npz").exists(), "it was written there"


def test_healing_in_a_folder_that_leads_out(root, elsewhere):
    """Bad bytes outside stay as they are; the caller has the good ones."""
    led_out(root, elsewhere)
    (elsewhere / "small_v1.npz").write_bytes(b"bad")
    assert registry.load("small_v1", root, offline=True).name == "small_v1", "not loaded"
    assert (elsewhere / "small_v1.npz").read_bytes() == b"bad", "it was written there"


def test_the_file_of_a_registry_by_url(upstream):
    """`fixture.path` is a real file of the fixture's name that nobody can write to by accident."""
    fixture = registry.load("small_v1", upstream.at("main"))
    assert fixture.path.name == "small_v1.npz", "not the fixture's own name"
    assert stat.S_IMODE(fixture.path.stat().st_mode) == 0o444, "it can be written to"
    assert fixture.path.read_bytes() == (upstream.path / pins.find(
        upstream.path, "small_v1").path).read_bytes(), "not its bytes"  # fmt: skip


def test_it_takes_no_place_of_its_own(upstream):
    """Where the file system has links, it is the object in the cache."""
    fixture = registry.load("small_v1", upstream.at("main"))
    assert fixture.path.stat().st_nlink == 2, "a second copy"


@pytest.mark.parametrize("is_linked", [True, False])
def test_it_is_read_only_before_it_has_its_name(is_linked, upstream, monkeypatch):
    """So a process that is killed just then leaves none that can be written to."""
    modes = {}

    def no_link(*_):
        raise PermissionError

    def note(self, target):
        modes[str(target).rpartition(".")[2]] = stat.S_IMODE(self.stat().st_mode)
        return rename(self, target)

    rename = workspace.Path.replace
    monkeypatch.setattr(workspace.Path, "replace", note)
    if not is_linked:
        monkeypatch.setattr(workspace.os, "link", no_link)
    registry.load("small_v1", upstream.at("main"))
    assert modes["npz"] == 0o444, "it could be written to"


def test_what_a_killed_process_left_beside_it(upstream):
    """It goes when the file is put there."""
    path = registry.load("small_v1", upstream.at("main")).path
    path.rename(path.with_name(".0123456789abcdef.tmp"))
    temporary._swept.clear()  # as in a new process
    registry.load("small_v1", upstream.at("main"))
    assert [each.name for each in path.parent.iterdir() if each.suffix != ".json"] == [path.name]


def test_it_is_there_again(upstream):
    """A file that was removed, or spoilt, is there at the next load."""
    spec = upstream.at("main")
    path = registry.load("small_v1", spec).path
    path.unlink()
    assert registry.load("small_v1", spec).path.is_file(), "it is not there again"
    path.chmod(0o644)
    path.write_bytes(b"bad")
    with pytest.warns(registry.loading.HealedWarning):
        assert registry.load("small_v1", spec).path.read_bytes() != b"bad", "it stayed spoilt"
