"""Tests of the head of a pytest run: fixtures that are deprecated or physically undecided."""

from __future__ import annotations

import pytest
import yaml

from registry import load
from tests.kit.repository import FOLDER
from tests.kit.republish import republish

pytest_plugins = ["pytester"]

DEPRECATED = "fixtures: deprecated: "
REASON = "models of different positions are the same to 1e-9"


@pytest.fixture
def declare(root):
    """Let fixtures be declared as undecided, each with the reason in its sidecar."""

    def put(*names):
        for name in names:
            arrays = load(name, root).arrays
            republish(root, name, arrays, verdict="undecided", reason=f"{name}: {REASON}")
        path = root / "dvc.lock"
        lock = yaml.safe_load(path.read_bytes())
        for name in names:
            lock["stages"][f"fixture@{name}"]["cmd"] += " --physics undecided --diff3d"
        path.write_text(yaml.safe_dump(lock, sort_keys=False))

    return put


def said(consumer, *arguments) -> list[str]:
    """What the head says of single fixtures, less those that are deprecated."""
    head = [line for line in consumer.run(*arguments).outlines if line.startswith("fixtures: ")]
    return [line for line in head[1:] if not line.startswith(DEPRECATED)]


def test_deprecated_fixtures(consumer, root):
    """They are named in one line, whether or not a test uses them."""
    consumer.run().stdout.fnmatch_lines([f"{DEPRECATED}old_v1"])
    (root / "params.yaml").write_text(
        "deprecated:\n  old_v1: {reason: x}\n  other_v1: {reason: x}\n"
    )
    consumer.run().stdout.fnmatch_lines([f"{DEPRECATED}old_v1, other_v1"])
    (root / "params.yaml").write_text("# nothing is deprecated\n")
    consumer.run().stdout.no_fnmatch_line(f"{DEPRECATED}*")


@pytest.mark.parametrize("width", [40, 80, 97, 1000])
def test_each_is_named_with_its_reason(consumer, root, declare, width):
    """Whatever the run asks for, and wherever the lock breaks the command's lines."""
    declare("small_v1", "other_v1")
    path = root / "dvc.lock"
    lock = yaml.safe_load(path.read_bytes())
    path.write_text(yaml.safe_dump(lock, sort_keys=False, width=width))
    assert sorted(said(consumer)) == [
        f"fixtures: {name}: physics undecided: {name}: {REASON}"
        for name in ("other_v1", "small_v1")
    ]


def test_none(consumer):
    """Of the others nothing is said."""
    assert said(consumer) == []


def test_a_sidecar_that_the_lock_disowns(consumer, root, declare):
    """The lock says that it is undecided; what a changed sidecar says is not shown."""
    declare("small_v1")
    path = root / FOLDER / "small_v1.json"
    path.write_text(path.read_text().replace("to 1e-9", "to the eye"))
    assert said(consumer) == [
        "fixtures: small_v1: checks undecided: its sidecar cannot be read; "
        "to mend: fixtures verify small_v1"
    ]


def test_a_lock_that_is_none(consumer, root, declare):
    """The run starts all the same."""
    declare("small_v1")
    path = root / "dvc.lock"
    path.write_text(path.read_text() + "stages: [")
    assert said(consumer) == [
        "fixtures: small_v1: checks undecided: its sidecar cannot be read; "
        "to mend: fixtures verify small_v1"
    ]


def test_a_quiet_run(consumer, declare):
    """It has no head."""
    declare("small_v1")
    assert said(consumer, "-q") == []
