"""Tests of `registry.identity.ledger`."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from registry.errors import ChainError
from registry.identity import ledger
from registry.identity.ledger import Line
from registry.identity.sidecar import Sidecar
from tests.kit.repository import FOLDER, REPOSITORY

NAME = "minimal_dataset_v1_n16"
A = Line(name="a_v1", bytes="1" * 64, content="2" * 64, declaration="3" * 64)
B = Line(name="b_v1", bytes="4" * 64, content="5" * 64, declaration="6" * 64)


@pytest.fixture(scope="module")
def record():
    """The sidecar of a published version."""
    document = json.loads((REPOSITORY / FOLDER / f"{NAME}.json").read_bytes())
    return Sidecar.from_dict(document, subject=NAME)


def test_what_is_published_of_a_version(record):
    """Its bytes, its content and what was declared; a literal, because it may never change."""
    assert str(ledger.line(record)) == (
        "minimal_dataset_v1_n16 0bf135e4d7860cd3ca84778befbd2af897471dc91ebea4d369be21168b770399 "
        "9dd27b59caec66c43ae3ae2a2e66f09e76ac30f9de0cf9550a8402c70edaf8d2 "
        "6ddc7fee991b4eb1ee776e6928ef4e41dfdfaafc3849f24b6189da30b4d742a2"
    )


@pytest.mark.parametrize(
    "changed",
    [
        {"created": "2026-11-24T00:00:00+00:00"},
        {"licence": "MIT"},
        {"generator_commit": "blob:0"},
        {"generator_helpers": {}},
        {"generator_parameters": {"n_subset": 17}},
        {"source_sha256": "0" * 64},
        {"source_declaration": {"seed": 1}},
        {"subset_indices": [1]},
    ],
    ids=lambda changed: next(iter(changed)),
)
def test_a_declaration_that_changes(record, changed):
    """Whatever was declared, or made a version, is in its line."""
    before, after = ledger.line(record), ledger.line(replace(record, **changed))
    (said,) = before.changes(after)
    assert said == f"declaration {before.declaration[:12]} -> {after.declaration[:12]}"


def test_a_description_that_moves_on(record):
    """Figures, planted mistakes and schemas of a later suite are no part of a line."""
    later = replace(record, checks={}, mistakes=None, suite="x_v2", schemas={}, verdict="undecided")
    assert ledger.line(later) == ledger.line(record)


def test_lines_are_read_as_they_are_written(tmp_path):
    """What was there stays as it is, byte for byte; lines come after it."""
    assert ledger.read(tmp_path) is None
    path = tmp_path / ledger.FILE
    path.write_bytes(ledger.extended(tmp_path, [A]))
    before = path.read_bytes()
    assert before.startswith(b"# Each version that was ever published")
    path.write_bytes(before.rstrip() + b"\n# a remark without an end")
    path.write_bytes(ledger.extended(tmp_path, [B]))
    assert path.read_bytes() == before + f"# a remark without an end\n{B}\n".encode()
    assert ledger.read(tmp_path) == {"a_v1": A, "b_v1": B}


@pytest.mark.parametrize("before", [b"", b"# a remark\n", f"{B}\n".encode()])
def test_nothing_comes_between_lines(tmp_path, before):
    """An empty file, or one that ends as it should, gets lines and nothing else."""
    (tmp_path / ledger.FILE).write_bytes(before)
    assert ledger.extended(tmp_path, [A]) == before + f"{A}\n".encode()


def test_a_line_that_both_sides_of_a_merge_added():
    """Twice the same is no contradiction."""
    assert ledger.parse(f"{A}\n{B}\n{A}\n".encode()) == {"a_v1": A, "b_v1": B}


DAMAGED = [
    (
        f"a_v1 {'1' * 63} {'2' * 64} {'3' * 64}",
        "a name and three SHA-256, between spaces",
        "a_v1 111",
    ),
    (f"{A} more", "a name and three SHA-256, between spaces", f"{A} more"[:100]),
    ("a_v1 1 2 3", "a name and three SHA-256, between spaces", "a_v1 1 2 3"),
    (str(A).replace("a_v1", "a"), "a name and three SHA-256, between spaces", "a 1111"),
    ("<<<<<<< HEAD", "a name and three SHA-256, between spaces", "<<<<<<< HEAD"),
    (str(replace(A, bytes="7" * 64)), "one line of a_v1", "a second: bytes 1111"),
]


@pytest.mark.parametrize(("text", "expected", "found"), DAMAGED)
def test_a_damaged_ledger(tmp_path, text, expected, found):
    """The line is named, and nothing of it is used."""
    (tmp_path / ledger.FILE).write_bytes(f"# first\n{A}\n{text}\n{B}\n".encode())
    with pytest.raises(ChainError) as caught:
        ledger.read(tmp_path)
    assert caught.value.subject == "published.sum: line 3"
    assert caught.value.expected == expected
    assert caught.value.found.startswith(found[:20])
    assert caught.value.remedy.startswith("git checkout -- published.sum")


def test_the_error_for_a_version_that_would_change():
    """It names what changes, and the next free version, which was never published either."""
    now = replace(A, content="9" * 64)
    error = ledger.immutable(A, now, ["a_v1", "a_v2"])
    assert error.subject == "fixture a_v1: published and immutable"
    assert error.found == "content 222222222222 -> 999999999999"
    assert error.remedy.startswith("declare the change as a_v3 in params.yaml")


def test_the_ledger_of_this_repository():
    """It has what is pinned here: these digests stand in tests of consumers."""
    lines = ledger.read(REPOSITORY)
    assert {name: line.bytes[:12] for name, line in lines.items()}.items() >= {
        "minimal_dataset_v1": "fdad843f7389",
        "minimal_dataset_v1_n16": "0bf135e4d786",
        "minimal_dataset_v1_n128": "74319cf4850a",
        "minimal_dataset_v1_supervised": "1031d941460d",
        "minimal_dataset_v1_labelled": "d5de38ff4609",
    }.items()
