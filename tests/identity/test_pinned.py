"""Tests of `registry.identity.pinned`."""

from __future__ import annotations

import pytest

from registry.errors import ChainError
from registry.identity import pinned
from registry.identity.pinned import Out

A, B, C, D = (letter * 32 for letter in "abcd")
LOCK = f"""\
schema: '2.0'
stages:
  one:
    cmd: x
    deps:
    - {{path: in, md5: {A}}}
    outs:
    - {{path: out, md5: {B}.dir, size: 1}}
    - {{path: versions, files: [{{relpath: x, md5: {C}}}]}}
"""


def parse(text: str) -> pinned.Pinned:
    """What a text pins."""
    return pinned.parse(text.encode(), subject="dvc.lock", remedy="mend it")


def test_which_files_pin_something():
    """Locks and `.dvc` files, in any folder; not what lies in DVC's own."""
    for path in ("dvc.lock", "code/dvc.lock", "x.dvc", "a/x.npz.dvc"):
        assert pinned.is_pin_file(path), path
    for path in (".dvc/config", ".dvc", "a/.dvc", "xdvc.lock", "dvc.yaml", "x.dvc/y"):
        assert not pinned.is_pin_file(path), path


def test_a_lock():
    """Every object is named, wherever it stands; what a stage depends on is none of them."""
    found = parse(LOCK)
    assert found.objects == {f"{B}.dir", C}
    assert found.outs == (Out(md5=f"{B}.dir", path="out"),)


def test_what_no_cache_has():
    """The folder of the stage `code` is no object, under whatever name its lock is."""
    found = parse(LOCK.replace("path: out,", "path: build/code,"))
    assert found.objects == {C}
    assert found.outs == ()


def test_a_lock_of_another_age():
    """As DVC 1 wrote it, it gives nothing up and keeps all."""
    found = parse(f"one: {{outs: [{{path: out, md5: {A}}}]}}")
    assert (found.objects, found.outs) == ({A}, ())


def test_dvc_files():
    """An output of one's own, and an import of another repository's."""
    own = f"outs: [{{path: x, md5: {A}}}]\n"
    assert parse(own).outs == (Out(md5=A, path="x"),)
    assert parse(f"{own}deps: [{{path: y}}]").outs == (Out(md5=A, path="x"),)
    found = parse(f"{own}deps: [{{path: y, repo: {{url: z}}}}]").outs
    assert found == (Out(md5=A, path="x", imported=True),)


def test_what_pins_nothing():
    """Whatever else stands there is passed over."""
    for text in (
        "outs: x",
        "outs: [x, {path: x}, {md5: 12, path: x}, {md5: [], path: x}]",
        f"outs: [{{md5: {A.upper()}, path: x}}]",
        "stages: [x]",
        "stages: {one: x, two: {outs: {x: y}}}",
        "{}",
    ):
        assert parse(text) == pinned.Pinned(objects=frozenset(), outs=()), text
    assert parse(f"outs: [{{md5: {A}, path: [x]}}]").outs == ()


def test_aliases_are_visited_once():
    """Lists of lists of one list end, though they stand for more than any memory has."""
    levels = [f"l0: &l0 [{{md5: {A}}}]"]
    levels += [f"l{n}: &l{n} [{', '.join([f'*l{n - 1}'] * 9)}]" for n in range(1, 40)]
    assert parse("\n".join(levels)).objects == {A}


def test_what_cannot_be_read():
    """Nobody knows what it was to pin: it is an error, whose remedy the caller has."""
    for text, found in (
        ("", "no mapping"),
        ("[a]", "no mapping"),
        ("<<<<<<< ours\nschema: '2.0'\n", "mapping values are not allowed"),
        ("[" * 2000, "more levels than can be read"),
    ):
        with pytest.raises(ChainError) as caught:
            parse(text)
        assert found in caught.value.found, text[:20]
        assert (caught.value.subject, caught.value.remedy) == ("dvc.lock", "mend it")
