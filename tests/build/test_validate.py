"""Tests of `registry.build.validate`: the stage before all others."""

from __future__ import annotations

from pathlib import Path

from registry.build import validate

GOOD = """\
sources: {twin: {generator: simulate_v1, seed: 1, licence: CC0-1.0}}
fixtures: {}
"""


def test_a_good_declaration(top, run):
    """It leaves its mark, whose bytes do not depend on what is declared."""
    (top / "params.yaml").write_text(GOOD)
    ended = run(lambda flags: validate.main())
    assert (ended.code, ended.err) == (0, ""), "not a clean end"
    assert ended.out == "params.yaml: 1 source, 0 fixtures\n", "not what is declared"
    assert Path("build/params.valid").read_bytes() == b"params.yaml satisfies its schema\n"


def test_a_bad_declaration(top, run):
    """It leaves nothing, and its message has the path, the rule and the value."""
    (top / "params.yaml").write_text(GOOD.replace("seed: 1", "seed: -1"))
    ended = run(lambda flags: validate.main())
    assert (ended.code, ended.out) == (1, ""), "not a failed check"
    assert "  found:    sources.twin.seed: expected at least 0; found -1\n" in ended.err
    assert not Path("build/params.valid").exists(), "it left its mark on a bad declaration"
