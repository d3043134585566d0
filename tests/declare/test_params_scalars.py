"""Tests of `registry.declare.params`: scalars that YAML admits and that there are not."""

from __future__ import annotations

import pytest

from registry.declare import deprecation, yaml_text
from registry.errors import CheckError
from registry.report import training

NONE = [
    ("2026-02-30T00:00:00Z", "which is an instant that no calendar has"),
    ("2026-13-01T00:00:00Z", "which is an instant that no calendar has"),
    ("2026-01-01T00:00:00+99:99", "which is an instant that no calendar has"),
    ("1" * 5000, "which is no integer, or too large a one"),
    ("0x" + "f" * 5000, "which is no integer, or too large a one"),
    ("!!int x", "which is no integer, or too large a one"),
    ('!!int ""', "which is no integer, or too large a one"),
    ("!!float x", "which is no number"),
    ("!!bool maybe", "which is neither true nor false"),
    (r'"a\ud800"', "which is text with half of a letter"),
]


@pytest.mark.parametrize(("value", "why"), NONE)
def test_a_scalar_that_there_is_not(value, why):
    """It is refused where it stands: line, column and dotted path are told."""
    with pytest.raises(CheckError) as caught:
        yaml_text.parse(f"fixtures:\n  a_v1:\n    created: {value}\n")
    found = caught.value.found.splitlines()[0]
    assert found.startswith("line 3, column 14: fixtures.a_v1.created: "), found
    assert found.endswith(why), found
    assert len(found) < 180, "too long for a message"


@pytest.mark.parametrize(("value", "why"), NONE)
def test_a_key_that_there_is_not(value, why):
    """So is a key, or an item of a list."""
    for text, where in (
        (f"? {value}\n: 1\n", "line 1, column 3: document: "),
        (f"a: [1, {value}]\n", "line 1, column 8: a.1: "),
    ):
        with pytest.raises(CheckError) as caught:
            yaml_text.parse(text)
        found = caught.value.found.splitlines()[0]
        assert found.startswith(where), found
        assert found.endswith(why), found


def test_what_is_merged():
    """A merge key is no value, and may be anywhere."""
    text = "a: &a {x: 1}\nb: {<<: *a, y: 2}\n"
    assert yaml_text.parse(text) == {"a": {"x": 1}, "b": {"x": 1, "y": 2}}


@pytest.mark.parametrize("value", [value for value, _ in NONE])
def test_readers_that_hold_nothing_to_rules(tmp_path, value):
    """A load and a report look into the same file and end in no traceback."""
    (tmp_path / "params.yaml").write_text(
        f"created: {value}\ndeprecated: {{a_v1: {{reason: old}}}}\n"
    )
    found = deprecation.find(tmp_path, "a_v1")
    assert found is None or str(found) == "fixture a_v1 is deprecated: old"
    assert isinstance(training.read_declaration(tmp_path / "params.yaml"), dict)


def test_a_reason_steers_no_terminal(tmp_path):
    """What is said in a warning is somebody else's text."""
    (tmp_path / "params.yaml").write_text(r'deprecated: {a_v1: {reason: "a\e[2J\u202eb"}}')
    found = str(deprecation.find(tmp_path, "a_v1"))
    assert found == r"fixture a_v1 is deprecated: a\x1b[2J\u202eb", found
