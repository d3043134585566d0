"""Tests of `registry.export`: nothing is published that was not held against its pin."""

from __future__ import annotations

import hashlib
import json

import pytest

from registry import export
from registry.errors import ChainError, MissingError, UsageError
from registry.identity import pins
from tests.kit.certificates import witness, write
from tests.kit.repository import FOLDER

NAMES = ["minimal_dataset_v1", "minimal_dataset_v1_n16"]
NAME = NAMES[1]
SIDECAR = f"{FOLDER}/{NAME}.json"


@pytest.mark.parametrize(
    ("asked", "found"), [([], NAMES), (NAMES[::-1], NAMES), ([NAME, NAME], [NAME])]
)
def test_which_fixtures(root, asked, found):
    """All that are pinned, or those named; sorted, each once, so that bytes do not depend on it."""
    assert [item.record.name for item in export.read(root, asked)] == found


def test_digests_are_those_of_the_files(root, item):
    """The SHA-256 of the sidecar's file, and through it that of the fixture's."""
    data = (root / SIDECAR).read_bytes()
    assert item.sidecar_sha256 == hashlib.sha256(data).hexdigest(), "not the sidecar's"
    data = (root / FOLDER / f"{NAME}.npz").read_bytes()
    assert item.record.sha256_checksum == hashlib.sha256(data).hexdigest(), "not the fixture's"


def test_names_are_without_folders(item):
    """Where the files lie here says nothing of what they are."""
    assert (item.file, item.sidecar_file) == (f"{NAME}.npz", f"{NAME}.json")
    assert item.source == "run1084_twin", "not the name in params.yaml"


def test_bytes_need_not_be_here(root):
    """What is pinned can be described without fetching it."""
    (root / FOLDER / f"{NAME}.npz").unlink()
    assert len(export.read(root, [NAME])) == 1


def test_a_changed_sidecar(root):
    """A sidecar that the lock disowns is not exported."""
    (root / SIDECAR).write_text((root / SIDECAR).read_text().replace("CC0-1.0", "MIT"))
    with pytest.raises(ChainError, match="broken link lock -> sidecar"):
        export.read(root, [NAME])


def test_one_broken_sidecar_among_several(root):
    """An export of everything is whole or not at all."""
    (root / SIDECAR).unlink()
    with pytest.raises(MissingError, match=f"fixture {NAME}: sidecar"):
        export.read(root, [])


def test_a_size_that_the_sidecar_does_not_have(root):
    """Lock and sidecar have to mean the same file."""
    size = pins.find(root, NAME).size
    lock = root / "dvc.lock"
    lock.write_text(lock.read_text().replace(f"size: {size}\n", f"size: {size + 1}\n"))
    with pytest.raises(ChainError, match="broken link lock -> sidecar size"):
        export.read(root, [NAME])


def test_a_pinned_sidecar_that_is_written_otherwise(root):
    """Its digest would be of a text that nobody has: refused."""
    pin, lock = pins.find(root, NAME), root / "dvc.lock"
    data = json.dumps(json.loads((root / SIDECAR).read_bytes())).encode()
    (root / SIDECAR).write_bytes(data)
    lock.write_text(lock.read_text().replace(pin.sidecar_md5, hashlib.md5(data).hexdigest()))
    with pytest.raises(ChainError, match="broken link lock -> sidecar"):
        export.read(root, [NAME])


def test_an_unknown_name(root):
    """A wrong name is wrong use."""
    with pytest.raises(UsageError, match="fixture nope_v1"):
        export.read(root, ["nope_v1"])


def test_a_deprecated_version(root):
    """What the registry warns of is known to the export."""
    with (root / "params.yaml").open("a") as file:
        file.write(f"deprecated:\n  {NAME}:\n    reason: too small\n")
    (item,) = export.read(root, [NAME])
    assert item.deprecated.reason == "too small", "not said"


def test_a_certificate_of_other_content(root):
    """Nothing of it is handed on."""
    path = write(root, NAME)
    assert export.read(root, [NAME])[0].certificate == [witness(root, NAME)]
    path.write_text(path.read_text().replace('"content_sha256": "9', '"content_sha256": "8'))
    with pytest.raises(ChainError, match="broken link certificate -> sidecar"):
        export.read(root, [NAME])
