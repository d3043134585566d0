"""Tests of `fixtures show`."""

from __future__ import annotations

import json

NAME = "minimal_dataset_v1_n16"
DATA = f"tests/fixtures/pytorch_integration/{NAME}.npz"
SIDECAR = DATA.replace(".npz", ".json")


def test_what_a_fixture_is(fixtures, root):
    """Identity, origin, arrays, checks and transformations are all there."""
    record = json.loads((root / SIDECAR).read_bytes())
    probe = record["arrays"]["probeGuess"]
    low, high = probe["range"]
    ended = fixtures("show", NAME)
    assert (ended.code, ended.err) == (0, ""), "not a clean end"
    lines = [" ".join(line.split()) for line in ended.out.splitlines()]
    for line in (
        f"fixture {NAME}",
        f"file {DATA} (970,036 bytes, present, not verified here)",
        f"sha256 {record['sha256_checksum']}",
        f"content {record['content_sha256']}",
        "created 2026-11-23T00:00:00+00:00, data licence CC0-1.0",
        f"generator generators/subset_v1.py ({record['generator_commit']})",
        f"source build/sources/run1084_twin.npz (sha256 {record['source_sha256']})",
        "subset 16 positions, evenly_spaced",
        f"probeGuess (64, 64) <c8 [{low:.4g}, {high:.4g}] {probe['sha256'][:12]}",
        f"coverage_x {record['checks']['coverage_x']}",
        f"{len(record['transformations'])}. {record['transformations'][-1]}",
    ):
        assert line in lines, f"no line {line!r}"


def test_bytes_that_are_not_here(fixtures, root):
    """The record can be read without the bytes."""
    (root / DATA).unlink()
    ended = fixtures("show", NAME)
    assert ended.code == 0, "showing is no verification"
    assert "absent: dvc pull" in ended.out, "not marked as absent"


def test_an_unknown_name(fixtures):
    """A wrong name is wrong use, and the right one is suggested."""
    ended = fixtures("show", "minimal_dataset_v1_n61")
    assert (ended.code, ended.out) == (2, ""), "not wrong use, or something on stdout"
    assert ended.err == (
        "error: fixture minimal_dataset_v1_n61\n"
        "  expected: a fixture that dvc.lock pins; perhaps minimal_dataset_v1_n16 or "
        "minimal_dataset_v1\n"
        "  found:    no such name among minimal_dataset_v1, minimal_dataset_v1_n16\n"
        "  to mend:  fixtures list shows them; a new one is an entry in params.yaml and dvc repro\n"
    ), "not the message on stderr"


def test_a_sidecar_that_the_lock_disowns(fixtures, root):
    """Nothing of a changed record is shown."""
    (root / SIDECAR).write_text((root / SIDECAR).read_text().replace("CC0-1.0", "MIT"))
    ended = fixtures("show", NAME)
    assert (ended.code, ended.out) == (1, ""), "a changed record is shown"
    assert ended.err.startswith(f"error: fixture {NAME}: broken link lock -> sidecar\n")
