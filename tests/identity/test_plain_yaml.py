"""Tests of `registry.identity.plain_yaml`."""

from __future__ import annotations

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from registry.identity import plain_yaml
from tests.kit.repository import REPOSITORY

TEXTS = st.text(st.characters(codec="utf-8", categories=("L", "N", "P", "Zs")), max_size=8)
DOCUMENTS = st.recursive(
    TEXTS | st.integers() | st.booleans() | st.none(),
    lambda part: st.lists(part, max_size=3) | st.dictionaries(TEXTS, part, max_size=3),
    max_leaves=12,
)


@pytest.mark.parametrize(
    "file",
    [
        "dvc.lock",
        "dvc.yaml",
        "params.yaml",
        ".github/workflows/ci.yml",
        ".github/workflows/machines.yml",
    ],
)
def test_real_files_are_read_as_pyyaml_reads_them(file):
    """PyYAML's loader that leaves scalars alone gives the same, aliases included."""
    data = (REPOSITORY / file).read_bytes()
    assert plain_yaml.load(data) == yaml.load(data, Loader=yaml.BaseLoader), "not PyYAML's reading"


@settings(deadline=None)
@given(document=DOCUMENTS, flow=st.booleans())
def test_any_document_is_read_as_pyyaml_reads_it(document, flow):
    """Whatever is nested in what, in either style."""
    data = yaml.safe_dump(document, default_flow_style=flow, allow_unicode=True).encode()
    assert plain_yaml.load(data) == yaml.load(data, Loader=yaml.BaseLoader), "not PyYAML's reading"


def test_scalars_stay_texts():
    """An md5 of digits is no number, and loses no leading zero."""
    found = plain_yaml.load(b"{md5: 0123, size: 12, cache: false, none: , quoted: '1e5'}")
    assert found == {"md5": "0123", "size": "12", "cache": "false", "none": "", "quoted": "1e5"}


def test_aliases_stand_for_what_they_name():
    """Scalars, sequences and mappings can be named and meant again."""
    found = plain_yaml.load(b"a: [&x text, &y [b], &z {c: d}]\ne: [*x, *y, *z]\n")
    assert found["e"] == ["text", ["b"], {"c": "d"}], "an alias stands for something else"


def test_no_document():
    """An empty file holds nothing."""
    assert plain_yaml.load(b"# nothing\n") is None, "something out of nothing"


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"a: [", "did not find expected node content"),
        (b"a: 1\n---\nb: 2\n", "more than one document"),
        (b"a: *b\n", "an alias *b without its anchor before it"),
        (b"&a [*a]", "an alias *a without its anchor before it"),
        (b"a: &a {b: {c: *a}}", "an alias *a without its anchor before it"),
        (b"[&a 1, &a 2]", "an anchor &a twice"),
        (b"&a [&a 1]", "an anchor &a twice"),
        (b"{[a]: b}", "a key that is no scalar"),
        (b"[" * 100_000, "more levels than can be read"),
        (b"a: \xff\n", "unacceptable character"),
        (b"PK\3\4\0", "control characters are not allowed"),
    ],
    ids=[
        "cut-off",
        "two",
        "alias",
        "list in itself",
        "mapping in itself",
        "anchors",
        "anchor in itself",
        "key",
        "brackets",
        "bytes",
        "binary",
    ],
)
def test_what_cannot_be_read(data, message):
    """One kind of error, on one line, whatever is wrong."""
    with pytest.raises(ValueError, match=message.replace("*", r"\*")) as caught:
        plain_yaml.load(data)
    assert "\n" not in str(caught.value), "the message spills over several lines"


def test_without_libyaml(monkeypatch):
    """PyYAML may have been built without it; its own parser then does."""
    monkeypatch.delattr(yaml, "CSafeLoader")
    assert plain_yaml.load(b"a: [&x b, *x]") == {"a": ["b", "b"]}, "not read"
    with pytest.raises(ValueError, match="more than one document"):
        plain_yaml.load(b"a\n---\nb\n")
