"""Tests of `fixtures check-params`. What is refused: tests/declare/test_params.py."""

from __future__ import annotations

import json

PARAMS = """\
folder: data
sources:
  twin: {generator: simulate_v1, seed: 1, licence: CC0-1.0}
fixtures:
  small_v1: &small_v1
    generator: subset_v1
    source: twin
    strategy: evenly_spaced
    n_subset: 64
    created: "2026-11-23T00:00:00+00:00"
  small_v1_n16: {<<: *small_v1, n_subset: 16}
"""


def test_a_good_declaration(fixtures, root):
    """What is declared is counted."""
    (root / "params.yaml").write_text(PARAMS)
    ended = fixtures("check-params")
    assert (ended.code, ended.err) == (0, ""), "not a clean end"
    assert ended.out == "params.yaml: 1 source, 2 fixtures\n", "not what is declared"


def test_a_bad_declaration(fixtures, root):
    """Every problem is on stderr, with its path, rule and value; exit code 1."""
    text = PARAMS.replace("small_v1_n16:", "$(id):").replace("n_subset: 64", "n_subset: 129")
    (root / "params.yaml").write_text(text)
    ended = fixtures("check-params")
    assert (ended.code, ended.out) == (1, ""), "not a failed check, or something on stdout"
    assert ended.err == (
        "error: params.yaml: 2 problems\n"
        "  expected: entries that satisfy params.schema.json and their generators' schemas\n"
        "  found:    fixtures: expected a name of lower-case letters, digits and single "
        "underscores, at most 100, with its version, such as minimal_dataset_v1 or "
        'minimal_dataset_v1_n16; found "$(id)"\n'
        "            fixtures.small_v1.n_subset: expected at most 128; found 129\n"
        "  to mend:  edit params.yaml at the paths above; nothing was built\n"
    ), "not the message on stderr"


def test_no_declaration(fixtures, root):
    """A registry without params.yaml is exit code 3."""
    (root / "params.yaml").unlink()
    ended = fixtures("check-params")
    assert (ended.code, ended.out) == (3, ""), "not the exit code of what is missing"


def test_a_published_declaration_that_would_change(fixtures, root):
    """It is refused before anything is built, with the key and the next free version."""
    fixtures("publish")
    path = root / "params.yaml"
    path.write_text(path.read_text().replace("    n_subset: 16\n", "    n_subset: 17\n"))
    ended = fixtures("check-params")
    assert (ended.code, ended.out) == (1, "")
    assert ended.err == (
        "error: fixture minimal_dataset_v1_n16: published and immutable\n"
        "  expected: its declaration as it was published\n"
        "  found:    n_subset: 16 -> 17\n"
        "  to mend:  declare the change as minimal_dataset_v2_n16, and take the entry of this one "
        "back\n"
    )


def test_a_published_declaration_that_changes_through_an_anchor(fixtures, root):
    """What merges it is named, too, although its own lines stay."""
    fixtures("publish")
    path = root / "params.yaml"
    path.write_text(path.read_text().replace("    diff3d: true\n", "    diff3d: false\n"))
    ended = fixtures("check-params")
    assert ended.err.count("found:    diff3d: true -> false\n") == 2, ended.err


def test_a_document(fixtures, root):
    """What is declared, by name, for programs."""
    (root / "params.yaml").write_text(PARAMS)
    ended = fixtures("check-params", "--json")
    assert (ended.code, ended.err) == (0, "")
    assert json.loads(ended.out) == {
        "root": str(root),
        "holds": True,
        "sources": ["twin"],
        "fixtures": ["small_v1", "small_v1_n16"],
        "errors": [],
    }


def test_a_document_of_what_is_wrong(fixtures, root):
    """The parts of each message, and nothing on stderr; the exit code is as ever."""
    (root / "params.yaml").write_text(PARAMS.replace("n_subset: 64", "n_subset: 129"))
    ended = fixtures("check-params", "--json")
    assert (ended.code, ended.err) == (1, "")
    document = json.loads(ended.out)
    (error,) = document.pop("errors")
    assert document == {"root": str(root), "holds": False, "sources": [], "fixtures": []}
    assert error == {
        "subject": "params.yaml: 1 problem",
        "expected": "entries that satisfy params.schema.json and their generators' schemas",
        "found": "fixtures.small_v1.n_subset: expected at most 128; found 129",
        "remedy": "edit params.yaml at the paths above; nothing was built",
        "exit_code": 1,
    }


def test_a_document_of_a_published_declaration(fixtures, root):
    """What is declared, and why it may not be."""
    fixtures("publish")
    path = root / "params.yaml"
    path.write_text(path.read_text().replace("    n_subset: 16\n", "    n_subset: 17\n"))
    ended = fixtures("check-params", "--json")
    assert (ended.code, ended.err) == (1, "")
    document = json.loads(ended.out)
    assert document["fixtures"], "it is declared"
    assert [error["subject"] for error in document["errors"]] == [
        "fixture minimal_dataset_v1_n16: published and immutable"
    ]
