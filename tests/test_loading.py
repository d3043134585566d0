"""Tests of `registry.loading`: the chain from a name to arrays, and each way in which it breaks."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest
import yaml

import registry
from registry import loading
from registry.digests import content_digest, md5
from registry.errors import ChainError, MissingError, UsageError
from registry.identity import pins
from registry.storage.root import locate
from tests.kit.files import flip, object_in
from tests.kit.registries import configure
from tests.kit.repository import FOLDER

NAME = "minimal_dataset_v1_n16"
DATA, SIDECAR = f"{FOLDER}/{NAME}.npz", f"{FOLDER}/{NAME}.json"


def replace(path: Path, old: str, new: str) -> None:
    """Edit a text file at the one place where `old` is."""
    text = path.read_text()
    assert text.count(old) == 1, f"{old!r} is {text.count(old)} times in {path.name}"
    path.write_text(text.replace(old, new))


# What a fixture is


def test_arrays_by_attribute_and_by_key(root):
    """Each array can be had in two ways, and it is the same one."""
    fixture = registry.load(NAME, root)
    assert sorted(fixture) == sorted(fixture.sidecar.arrays), (
        "not the arrays that the sidecar lists"
    )
    for name in fixture:
        assert getattr(fixture, name) is fixture[name], f"{name} is two arrays"
    assert fixture.diffraction.shape == (16, 64, 64), "not the declared number of frames"
    assert fixture.diffraction.dtype == np.float32, "not the contract's dtype"


def test_on_a_big_endian_machine(root, monkeypatch):
    """The same values come in the order in which it computes, read-only, with the same digest."""
    values = {name: array.tolist() for name, array in registry.load(NAME, root).items()}
    monkeypatch.setattr(sys, "byteorder", "big")
    fixture = registry.load(NAME, root)
    assert fixture.probeGuess.dtype.str == ">c8", "not the machine's own order"
    assert {name: array.tolist() for name, array in fixture.items()} == values, "other values"
    assert not any(array.flags.writeable for array in fixture.values()), "not read-only"
    assert content_digest(fixture) == fixture.sidecar.content_sha256, "another digest"


def test_sidecar_and_path(root):
    """The record and the place of the file come along."""
    fixture = registry.load(NAME, root)
    assert fixture.name == NAME
    assert fixture.sidecar.subset_size == 16, "not this fixture's sidecar"
    assert fixture.path == root / DATA, "not where the file is"


def test_arrays_are_read_only(root):
    """A test cannot change what the next one sees, by no way that numpy knows."""
    fixture = registry.load(NAME, root)
    for name, array in fixture.items():
        assert not array.flags.writeable, f"{name} can be written to"
        with pytest.raises(ValueError, match="read-only"):
            array[...] = 0
        with pytest.raises(ValueError, match="cannot set WRITEABLE flag to True"):
            array.flags.writeable = True


@pytest.mark.parametrize(
    "spoil",
    [
        lambda path: path.write_bytes(bytes(path.stat().st_size)),
        lambda path: os.truncate(path, 100),
        lambda path: path.unlink(),
    ],
    ids=["overwritten", "truncated", "removed"],
)
def test_arrays_outlive_their_file(root, spoil):
    """What becomes of the file after loading does not reach the arrays."""
    fixture = registry.load(NAME, root)
    before = {name: array.copy() for name, array in fixture.items()}
    spoil(root / DATA)
    for name, array in fixture.items():
        np.testing.assert_array_equal(array, before[name], err_msg=f"{name} changed")


def test_loading_twice_gives_equal_arrays(root):
    """A second load reads and verifies again."""
    one, two = registry.load(NAME, root), registry.load(NAME, root)
    for name in one:
        np.testing.assert_array_equal(one[name], two[name], err_msg=f"{name} differs")


# Each link of the chain, broken


def edit_sidecar(root: Path) -> None:
    """Change what the record says."""
    replace(root / SIDECAR, '"licence": "CC0-1.0"', '"licence": "MIT"')


def forge_sidecar(root: Path) -> None:
    """Bad bytes, and a sidecar that was edited to match them: only the lock can tell."""
    flip(root / DATA)
    record = json.loads((root / SIDECAR).read_bytes())
    digest = hashlib.sha256((root / DATA).read_bytes()).hexdigest()
    replace(root / SIDECAR, record["sha256_checksum"], digest)


def rename_sidecar(root: Path) -> None:
    """Another fixture's sidecar, pinned for this one."""
    replace(root / SIDECAR, f'"name": "{NAME}"', '"name": "minimal_dataset_v1_n17"')
    lock_sidecar(root)


def lock_sidecar(root: Path) -> None:
    """Make the lock pin the sidecar as it is now."""
    relock(root, hashlib.md5((root / SIDECAR).read_bytes()).hexdigest())


def relock(root: Path, digest: str) -> None:
    """Make the lock pin a sidecar with this md5."""
    replace(root / "dvc.lock", loading.pins.find(root, NAME).sidecar_md5, digest)


def resize(root: Path) -> None:
    """Make the lock pin bytes of another size."""
    replace(root / "dvc.lock", f"size: {(root / DATA).stat().st_size}", "size: 100")


AGAIN = f"rm {DATA}, then fixtures pull {NAME} or dvc repro fixture@{NAME}"
PULL = f"fixtures pull {NAME}, or dvc repro fixture@{NAME}"
CHECKOUT = (
    f"git checkout -- dvc.lock {SIDECAR}; or, if the change is meant, dvc repro and a new version"
)


@pytest.mark.parametrize(
    ("spoil", "link", "remedy"),
    [
        (lambda root: flip(root / DATA), "sidecar -> bytes", AGAIN),
        (lambda root: flip(root / DATA, -1), "sidecar -> bytes", AGAIN),
        (lambda root: os.truncate(root / DATA, 500_000), "lock -> size", AGAIN),
        (lambda root: os.truncate(root / DATA, 0), "lock -> size", AGAIN),
        (lambda root: (root / DATA).write_bytes((root / DATA).read_bytes() + b"\0"),
         "lock -> size", AGAIN),
        (edit_sidecar, "lock -> sidecar", CHECKOUT),
        (forge_sidecar, "lock -> sidecar", CHECKOUT),
        (lambda root: (root / SIDECAR).write_text(""), "lock -> sidecar", CHECKOUT),
        (lambda root: relock(root, "0" * 32), "lock -> sidecar", CHECKOUT),
        (resize, "lock -> size", AGAIN),
        (rename_sidecar, "sidecar -> name", f"git checkout -- dvc.lock {SIDECAR}"),
    ],
    ids=["flipped", "flipped-at-the-end", "truncated", "emptied", "longer", "sidecar-edited",
         "sidecar-forged", "sidecar-emptied", "lock-md5-edited", "lock-size-edited",
         "sidecar-of-another"],
)  # fmt: skip
def test_a_broken_link_is_named(root, spoil, link, remedy):
    """The error says which link broke and what mends it, and no arrays are handed over."""
    spoil(root)
    with pytest.raises(ChainError) as caught:
        registry.load(NAME, root)
    error = caught.value
    assert error.subject == f"fixture {NAME}: broken link {link}", "another link is blamed"
    assert error.remedy == remedy, "not the command that mends it"
    assert error.exit_code == 1, "a broken link is a failed check"


def test_both_digests_are_told(root):
    """Expected and found can be compared by eye."""
    expected = registry.load(NAME, root).sidecar.sha256_checksum
    flip(root / DATA)
    with pytest.raises(ChainError) as caught:
        registry.load(NAME, root)
    assert caught.value.expected == f"{DATA} with SHA-256 {expected}", "not the pinned digest"
    digest = hashlib.sha256((root / DATA).read_bytes()).hexdigest()
    assert caught.value.found == digest, "not the digest of what is there"


def test_bytes_that_are_pinned_and_yet_no_fixture(root):
    """Even where the whole chain agrees, only a canonical .npz is handed over."""
    before = registry.load(NAME, root).sidecar
    resize(root)
    (root / DATA).write_bytes(b"x" * 100)
    digest = hashlib.sha256(b"x" * 100).hexdigest()
    replace(root / SIDECAR, before.sha256_checksum, digest)
    lock_sidecar(root)
    with pytest.raises(registry.ArchiveError) as caught:
        registry.load(NAME, root)
    assert caught.value.subject == f"fixture {NAME}", "the fixture is not named"


@pytest.mark.parametrize("spoil", ["remove", "folder"])
def test_missing_bytes(root, spoil):
    """A fixture that is pinned and not here is an error of exit code 3 that says how to get it."""
    (root / DATA).unlink()
    if spoil == "folder":
        (root / DATA).mkdir()
    with pytest.raises(MissingError) as caught:
        registry.load(NAME, root)
    error = caught.value
    assert error.subject == f"fixture {NAME}: bytes", "what is missing is not named"
    assert error.found == (
        "none in the workspace, none in the cache; the remote was not asked (offline)"
    ), "not where it was looked for"
    assert error.remedy == PULL, "not the command that fetches it"


def test_missing_sidecar(root):
    """A sidecar is git's, so git brings it back."""
    (root / SIDECAR).unlink()
    with pytest.raises(MissingError) as caught:
        registry.load(NAME, root)
    assert caught.value.subject == f"fixture {NAME}: sidecar", "what is missing is not named"
    assert caught.value.remedy == f"git checkout -- {SIDECAR}", "not the command that restores it"
    expected = "a readable file minimal_dataset_v1_n16.json in pytorch_integration"
    assert caught.value.expected == expected, "not the file that is looked for"


@pytest.mark.parametrize(
    ("imported", "found", "remedy"),
    [
        (False, "the same text with the ends of lines of Windows: md5 ",
         "put *_v[0-9]*.json text eol=lf into .gitattributes, remove the file, then git checkout"),
        (True, "md5 ", "git checkout -- a.dvc, then fixtures pull"),
    ],
)  # fmt: skip
def test_a_sidecar_that_git_checked_out_with_other_ends_of_lines(root, imported, found, remedy):
    """It is said what to tell git; of an import DVC has the bytes, and git does not touch them."""
    pin = dataclasses.replace(pins.find(root, NAME), imported=imported, targets=("a.dvc",))
    text = (root / SIDECAR).read_bytes()
    loading.check_sidecar(pin, text)
    with pytest.raises(ChainError) as caught:
        loading.check_sidecar(pin, text.replace(b"\n", b"\r\n"))
    assert caught.value.found.startswith(found)
    assert caught.value.remedy.startswith(remedy)


@pytest.mark.parametrize("imported", [False, True])
def test_a_pinned_sidecar_that_is_none(root, imported):
    """Who made it can mend it; of an import that is another registry's keeper."""
    (root / SIDECAR).write_bytes(b"{}")
    pin = dataclasses.replace(pins.find(root, NAME), sidecar_md5=md5(b"{}"), sidecar_size=2)
    with pytest.raises(ChainError) as caught:
        loading.read_sidecar(root, dataclasses.replace(pin, imported=imported))
    assert (caught.value.remedy == loading.REPORT) is imported


def by_url(root: Path) -> None:
    """Make a folder one of a registry by URL."""
    served = {"address": "host/a@main", "url": "host/a", "commit": "1" * 40, "remotes": []}
    (root / "served.json").write_text(json.dumps(served))


def test_where_a_fixture_can_be_built(root):
    """Not where it was imported, nor in a folder of a registry by URL."""
    pin = pins.find(root, NAME)
    record = loading.read_sidecar(root, pin)
    (root / DATA).unlink()
    imported = dataclasses.replace(pin, imported=True, targets=("a.dvc",))

    def remedy(pin) -> str:
        with pytest.raises(MissingError) as caught:
            loading.read_workspace(root, pin, record)
        return caught.value.remedy

    assert remedy(pin).endswith(f", or dvc repro fixture@{NAME}")
    assert "repro" not in remedy(imported)
    by_url(root)
    assert "repro" not in remedy(pin)


def test_missing_lock(root):
    """Without a lock nothing is trusted."""
    (root / "dvc.lock").unlink()
    with pytest.raises(MissingError) as caught:
        registry.load(NAME, root)
    assert caught.value.subject == "dvc.lock", "the lock is not named"
    remedy = "git checkout dvc.lock, or build what params.yaml declares: dvc repro"
    assert caught.value.remedy == remedy


def test_a_lock_with_conflict_markers(root):
    """After a merge that was not settled nothing is trusted."""
    replace(root / "dvc.lock", "stages:\n", "<<<<<<< HEAD\nstages:\n")
    with pytest.raises(ChainError) as caught:
        registry.load(NAME, root)
    assert caught.value.subject == "dvc.lock", "the lock is not named"
    remedy = "git checkout dvc.lock; after a merge, settle its conflicts"
    assert caught.value.remedy == remedy, "not what mends it"


def test_an_unknown_name(root):
    """A misspelt name gets the right one suggested."""
    with pytest.raises(UsageError) as caught:
        registry.load("minimal_dataset_v1_n61", root)
    expected = "a fixture that is pinned here; perhaps minimal_dataset_v1_n16 or minimal_dataset_v1"
    assert caught.value.expected == expected, "no suggestion, or another"


# Where bytes may come from


@pytest.fixture
def cached(root):
    """The same registry, with the fixture's bytes in DVC's cache as well."""
    pin = loading.pins.find(root, NAME)
    path = root / ".dvc/cache/files/md5" / pin.md5[:2] / pin.md5[2:]
    path.parent.mkdir(parents=True)
    path.write_bytes((root / DATA).read_bytes())
    return path


def test_bytes_that_are_missing_come_from_the_cache(root, cached):
    """What DVC has cached need not be in the workspace."""
    (root / DATA).unlink()
    assert registry.load(NAME, root).diffraction.shape == (16, 64, 64), "not the fixture"


def test_bytes_of_a_registry_by_url_are_left_in_its_folder(root, cached):
    """It is there for that; what is bad in it is replaced loudly, as anywhere."""
    by_url(root)
    (root / DATA).unlink()
    expected = registry.load(NAME, root).sidecar.sha256_checksum
    assert hashlib.sha256((root / DATA).read_bytes()).hexdigest() == expected
    # another file: it may have been one with the cache's
    (root / DATA).unlink()
    (root / DATA).write_bytes(b"bad")
    with pytest.warns(loading.HealedWarning):
        registry.load(NAME, root)
    assert hashlib.sha256((root / DATA).read_bytes()).hexdigest() == expected


def test_bad_bytes_are_replaced_loudly(root, cached):
    """Verified bytes from the cache replace a workspace file that is not what is pinned."""
    good = (root / DATA).read_bytes()
    flip(root / DATA)
    with pytest.warns(loading.HealedWarning, match="verified bytes replaced it"):
        registry.load(NAME, root)
    assert (root / DATA).read_bytes() == good, "the bad file is still there"
    with warnings.catch_warnings(action="error"):
        registry.load(NAME, root)


def test_a_bad_cache_is_not_believed(root, cached):
    """A cache object that is not what its name says is discarded, and no arrays come of it."""
    (root / DATA).unlink()
    flip(cached)
    with pytest.raises(ChainError) as caught:
        registry.load(NAME, root)
    assert caught.value.subject == f"fixture {NAME}: broken link sidecar -> bytes"
    assert not cached.exists(), "the bad object stayed in the cache"


@pytest.fixture
def stored(root, tmp_path):
    """The same registry, with the fixture's bytes on a remote: where they lie there."""
    (root / ".dvc").mkdir(exist_ok=True)
    configure(root, str(tmp_path / "remote"))
    path = object_in(tmp_path / "remote", loading.pins.find(root, NAME).md5)
    path.parent.mkdir(parents=True)
    path.write_bytes((root / DATA).read_bytes())
    return path


def test_bytes_that_are_missing_come_from_the_remote(root, stored):
    """What is neither in the workspace nor in the cache is fetched."""
    (root / DATA).unlink()
    fixture = registry.load(NAME, root, offline=False)
    assert fixture.diffraction.shape == (16, 64, 64), "not the fixture"


def test_bytes_that_are_nowhere(root, stored, tmp_path):
    """The error has what the remote said, and how to look there."""
    (root / DATA).unlink()
    stored.unlink()
    with pytest.raises(MissingError) as caught:
        registry.load(NAME, root, offline=False)
    error = caught.value
    assert error.found == (
        "none in the workspace, none in the cache; "
        f"no such object on remote store ({tmp_path / 'remote'})"
    ), "not where it was looked for"
    assert error.remedy == (
        f"dvc push fixture@{NAME}, in a clone that has it, or dvc repro fixture@{NAME}"
    ), "not what the remote's error says"


def test_bad_bytes_on_the_remote(root, stored):
    """What the remote has under the pinned name and is something else is a broken link."""
    (root / DATA).unlink()
    flip(stored, 500_000)
    with pytest.raises(ChainError) as caught:
        registry.load(NAME, root, offline=False)
    digest = hashlib.md5(stored.read_bytes()).hexdigest()
    assert caught.value.subject == f"object {stored.parent.name}{stored.name} of fixture@{NAME}"
    assert digest in caught.value.found, "not the digest of what is there"


def test_stored_bytes_are_read_past_the_workspace(root, cached, stored):
    """For another revision's pin the workspace's file counts for nothing, and stays as it is."""
    pin = loading.pins.find(root, NAME)
    record = loading.read_sidecar(root, pin)
    good = (root / DATA).read_bytes()
    flip(root / DATA, 500_000)
    bad = (root / DATA).read_bytes()
    assert loading.read_stored(root, pin, record) == good, "not the cache's"
    flip(cached, 500_000)
    assert loading.read_stored(root, pin, record, offline=False) == good, "not the remote's"
    assert (root / DATA).read_bytes() == bad, "the workspace was written to"


def test_the_workspace_alone(root, cached):
    """For an audit neither missing nor bad bytes are replaced from the cache."""
    pin = loading.pins.find(root, NAME)
    record = loading.read_sidecar(root, pin)
    good = (root / DATA).read_bytes()
    assert loading.read_workspace(root, pin, record) == good, "not the file"
    flip(root / DATA, 500_000)
    with pytest.raises(ChainError, match="broken link sidecar -> bytes"):
        loading.read_workspace(root, pin, record)
    (root / DATA).unlink()
    with pytest.raises(MissingError) as caught:
        loading.read_workspace(root, pin, record)
    assert caught.value.subject == f"fixture {NAME}: bytes", "what is missing is not named"
    expected = "a readable file minimal_dataset_v1_n16.npz in pytorch_integration"
    assert caught.value.expected == expected, "not the file that is looked for"
    assert caught.value.remedy == PULL, "not the command that fetches it"


# Addresses


def test_a_digest_is_an_address(root):
    """A fixture can be had by the SHA-256 of its file, alone or with its name."""
    digest = registry.load(NAME, root).sidecar.sha256_checksum
    assert registry.load(f"sha256:{digest}", root).name == NAME, "another fixture"
    assert registry.load(f"{NAME}@sha256:{digest}", root).name == NAME, "another fixture"


def test_a_name_and_another_digest(root):
    """Where name and digest disagree, nothing is loaded."""
    with pytest.raises(ChainError) as caught:
        registry.load(f"{NAME}@sha256:{'0' * 64}", root)
    assert caught.value.subject == f"fixture {NAME}: broken link address -> sidecar"


def test_a_digest_of_nothing(root):
    """A digest that no fixture has is a wrong request."""
    with pytest.raises(UsageError) as caught:
        registry.load(f"sha256:{'0' * 64}", root)
    assert NAME in caught.value.found, "the fixtures that there are are not listed"


def test_names(root, monkeypatch):
    """What is pinned, sorted, whatever the lock's order; a retired version is none of it."""
    assert registry.names(root) == ["minimal_dataset_v1", NAME]
    lock = yaml.safe_load((root / "dvc.lock").read_text())
    lock["stages"] = dict(reversed(lock["stages"].items()))
    (root / "dvc.lock").write_text(yaml.safe_dump(lock, sort_keys=False))
    monkeypatch.chdir(root / FOLDER)
    assert registry.names() == ["minimal_dataset_v1", NAME]
    (root / "params.yaml").write_text(f"retired:\n  {NAME}: {{reason: too small}}\n")
    assert registry.names() == ["minimal_dataset_v1"]


def test_names_without_pins(root):
    """As for a load, the error names the lock."""
    (root / "dvc.lock").unlink()
    with pytest.raises(MissingError, match=r"^dvc\.lock\n"):
        registry.names(root)


# Where the registry is


def test_the_root_is_found_from_below(root, monkeypatch):
    """From any folder of the registry its top is found."""
    monkeypatch.chdir(root / FOLDER)
    assert locate(None) == root, "not the top folder"
    assert registry.load(NAME).name == NAME, "load does not look for the top folder"


def test_the_variable_comes_first(root, tmp_path, monkeypatch):
    """$FIXTURES_REGISTRY names the registry from anywhere; a relative path is made absolute."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FIXTURES_REGISTRY", root.name)
    assert locate(None) == root, "not the folder that the variable names"


def test_a_variable_that_names_nothing(tmp_path, monkeypatch):
    """A wrong variable is an error that shows it, not a search elsewhere."""
    monkeypatch.setenv("FIXTURES_REGISTRY", str(tmp_path / "nowhere"))
    with pytest.raises(UsageError) as caught:
        locate(None)
    found = f"no dvc.lock in {tmp_path / 'nowhere'}, which $FIXTURES_REGISTRY names"
    assert caught.value.found == found, "the variable is not shown"


def test_outside_a_registry(tmp_path, monkeypatch):
    """Outside of any registry the error says what was looked for and how to name one."""
    monkeypatch.delenv("FIXTURES_REGISTRY", raising=False)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError) as caught:
        locate(None)
    assert str(caught.value) == (
        "registry\n"
        "  expected: a folder with a dvc.lock\n"
        f"  found:    no dvc.lock in {tmp_path} or above it\n"
        "  to mend:  run the command inside the registry's clone, or set FIXTURES_REGISTRY to its "
        "path"
    ), "not the whole message"
