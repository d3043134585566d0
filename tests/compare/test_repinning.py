"""Tests of `registry.compare.repinning`."""

from __future__ import annotations

import pytest

import registry
from registry.compare import publishing, repinning
from registry.errors import CheckError, UsageError
from registry.identity import ledger
from tests.kit.registries import rewrite

NAME, OTHER = "minimal_dataset_v1_n16", "minimal_dataset_v1"
PINNED = "0bf135e4d7860cd3ca84778befbd2af897471dc91ebea4d369be21168b770399"
OF_OTHER = "fdad843f7389903aeb85c2e3df73b033380a6b8be360c5a997d7f5a8b0204054"
OLD = "0" * 64


@pytest.fixture
def tests(root):
    """A folder with a file of tests, one address in which is of another version than its digest."""
    folder = root / "consumer"
    folder.mkdir()
    text = f"# é\r\nLOAD = '{NAME}@sha256:{OLD}'\r\nGOOD = '{OTHER}@sha256:{OF_OTHER}'\r\n"
    (folder / "test_it.py").write_bytes(text.encode("latin-1"))
    return folder


def test_a_test_that_moved_on(root, tests):
    """Its address gets the digest of what is pinned, and the rest of the file stays."""
    before = (tests / "test_it.py").read_bytes()
    (tests / "test_it.py").chmod(0o755)
    (found,) = repinning.repin(root, [tests])
    assert (found.path, found.line, found.name) == (tests / "test_it.py", 2, NAME)
    assert (found.before, found.after) == (OLD, PINNED)
    assert (tests / "test_it.py").read_bytes() == before.replace(OLD.encode(), PINNED.encode())
    assert (tests / "test_it.py").stat().st_mode & 0o777 == 0o755, "another mode"
    assert registry.load(f"{NAME}@sha256:{found.after}", root).name == NAME
    assert repinning.repin(root, [tests]) == [], "not done"


def test_a_link(root, tests):
    """It stays one: the file that it leads to is rewritten."""
    (root / "linked.py").symlink_to(tests / "test_it.py")
    assert len(repinning.repin(root, [root / "linked.py"])) == 1
    assert (root / "linked.py").is_symlink()
    assert PINNED in (tests / "test_it.py").read_text("latin-1")


def test_what_is_no_address(root, tests):
    """A digest alone says no name; one of another length, or a longer name, is something else."""
    text = f"sha256:{OLD} {NAME}@sha256:{OLD}0 {NAME}@sha256:{OLD[:12]} X_{NAME}@sha256:{OLD}"
    (tests / "test_it.py").write_text(text)
    (tests / ".venv").mkdir()
    (tests / ".venv" / "hidden.py").write_text(f"{NAME}@sha256:{OLD}")
    (tests / "notes.md").write_text(f"{NAME}@sha256:{OLD}")
    assert repinning.repin(root, [tests]) == []
    assert (tests / "test_it.py").read_text() == text
    assert len(repinning.repin(root, [tests / "notes.md"])) == 1, "a file that is named"


def test_a_name_that_is_not_pinned(root, tests):
    """Nothing is written, not even in another file."""
    before = (tests / "test_it.py").read_bytes()
    (tests / "test_more.py").write_text(f"nope_v1@sha256:{OLD}")
    with pytest.raises(UsageError, match="fixture nope_v1"):
        repinning.repin(root, [tests])
    assert (tests / "test_it.py").read_bytes() == before


def test_a_registry_that_is_wrong(root, tests):
    """What was published is what the tests keep, whatever the lock pins instead."""
    publishing.publish(root)
    assert len(repinning.repin(root, [tests])) == 1, "published, and as it was"
    before = (tests / "test_it.py").read_bytes()
    rewrite(root, NAME, lambda record: record.update(sha256_checksum="1" * 64))
    with pytest.raises(CheckError) as caught:
        repinning.repin(root, [tests])
    assert caught.value.subject == f"fixture {NAME}: published and immutable"
    assert caught.value.expected == f"what it was published with, as {ledger.FILE} has it"
    assert caught.value.found == f"bytes {PINNED[:12]} -> {'1' * 12}"
    assert (tests / "test_it.py").read_bytes() == before


def test_what_is_no_file(root):
    """It is wrong use."""
    with pytest.raises(UsageError) as caught:
        repinning.repin(root, [root / "nope"])
    assert caught.value.found == "No such file or directory"
