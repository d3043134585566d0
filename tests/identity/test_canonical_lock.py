"""Tests of `registry.identity.canonical_lock`: it never says what the whole lock does not say."""

from __future__ import annotations

import re
from random import Random

import pytest

from registry.errors import ChainError
from registry.identity import canonical_lock, pins
from tests.kit.repository import REPOSITORY

HEAD = "schema: '2.0'\nstages:\n"
SOURCE = """\
  source@twin:
    cmd: python -m registry.build.source twin --path a/b.npz --url\x20
      https://example.org/x "a b"
    deps:
    - path: build/code/valid
      hash: md5
      md5: abed98a8fbf330435018f769de791b7e
      size: 33
    outs:
    - path: build/sources/twin
      hash: md5
      md5: abed98a8fbf330435018f769de791b7e.dir
      size: 1061
      nfiles: 2
"""


def stage(name: str, size: int = 7, folder: str = "tests/data/") -> str:
    """A fixture's stage as DVC writes it."""
    outs = "".join(
        f"    - path: {folder}{name}.{kind}\n      hash: md5\n      md5: {digest * 32}\n"
        f"      size: {size}\n"
        for kind, digest in (("json", "b"), ("npz", "c"))
    )
    return f"  fixture@{name}:\n    cmd: python -m x {name} \n      --n 1\n    outs:\n{outs}"


LOCK = HEAD + SOURCE + stage("a_v1") + stage("b_v1_n16", 12, "") + stage("c_v12", 0)
NAMES = ("a_v1", "b_v1_n16", "c_v12")


def whole(text: str):
    """What YAML's rules make of a lock: pins by name, or the reason why there are none."""
    try:
        return pins._parse(text.encode(), None)
    except ChainError as error:
        return error.found


def hold(text: str) -> bool:
    """Whether a lock is read without YAML; each pin must then be what YAML makes of the whole."""
    found = canonical_lock.read(text.encode())
    if found is None:
        return False
    expected = whole(text)
    assert isinstance(expected, dict), f"{text}\nis no lock: {expected}"
    outs = found.all()
    if outs is not None:
        assert list(outs) == list(expected), f"{text}\nhas other names"
    for name in {*NAMES, *expected, "d_v1"}:
        one = found.outs(name)
        if one is not None:
            assert pins._pin(one, name, (f"fixture@{name}",)) == expected[name], text
            assert outs is None or outs[name] == one, text
    return True


def test_the_lock_of_this_repository():
    """DVC writes locks of that form."""
    text = (REPOSITORY / pins.LOCK).read_text()
    assert hold(text)
    found = canonical_lock.read(text.encode())
    names = list(whole(text))
    assert list(found.all()) == names
    assert all(found.outs(name) for name in names), "one is not found by its name"
    assert found.outs("minimal_dataset_v1_n") is None, "found by a part of its name"


def test_stages():
    """Each stage's two files, of all or of one that is asked for; other stages are none."""
    found = canonical_lock.read(LOCK.encode())
    assert list(found.all()) == list(NAMES)
    assert found.outs("b_v1_n16") == [
        {"path": "b_v1_n16.json", "md5": "b" * 32, "size": "12"},
        {"path": "b_v1_n16.npz", "md5": "c" * 32, "size": "12"},
    ]
    assert found.outs("c_v12") == found.all()["c_v12"]
    for name in ("c_v1", "twin", "a_v1:", ".*", ""):
        assert found.outs(name) is None, name
    assert hold(LOCK)
    assert hold(HEAD + SOURCE)


def test_a_name_twice():
    """Which one counts is for YAML to say, be they the same."""
    found = canonical_lock.read((LOCK + stage("a_v1", 8)).encode())
    assert found.outs("a_v1") is None
    assert found.all() is None
    assert found.outs("c_v12") is not None


HIDING = [
    # an anchor, an alias, a merge, a tag, a directive, a second document
    LOCK.replace("fixture@a_v1:", "fixture@a_v1: &x"),
    LOCK.replace("size: 12", "size: *x"),
    LOCK.replace("    cmd: python -m x a_v1", "    <<: *x\n    cmd: python -m x a_v1"),
    LOCK.replace("size: 12", "size: !!int 12"),
    "%YAML 1.1\n---\n" + LOCK,
    LOCK + "---\n" + LOCK,
    LOCK + "...\n",
    # quotes, braces, blocks of text
    LOCK.replace("fixture@a_v1", "'fixture@a_v1'"),
    LOCK.replace("fixture@a_v1", '"fixture@\\x61_v1"'),
    LOCK.replace("cmd: python -m x a_v1", "cmd: |\n      x"),
    LOCK.replace("cmd: python -m x a_v1 \n", "cmd: >\n"),
    LOCK.replace("cmd: python -m x a_v1", 'cmd: "python'),
    LOCK.replace("cmd: python -m x a_v1", "cmd: 'x'"),
    HEAD + "  fixture@x_v1: {cmd: a}\n" + stage("a_v1"),
    HEAD + '  other:\n    cmd: "\n' + stage("a_v1") + '"\n',
    HEAD + "  other:\n    cmd: x\n    meta: |\n" + re.sub("(?m)^", "    ", stage("a_v1")),
    HEAD + "  other:\n    cmd: x\n    meta:\n" + re.sub("(?m)^", "    ", stage("a_v1")),
    "stages:\n" + stage("a_v1") + "schema: '2.0'\n",
    LOCK + "stages:\n" + stage("a_v1", 8),
    LOCK + "other:\n" + stage("a_v1", 8),
    # what a text of several lines may not have
    LOCK.replace("--n 1", "n: 1"),
    LOCK.replace("--n 1", "n:"),
    LOCK.replace("--n 1", "n #1"),
    LOCK.replace("--n 1", ": 1"),
    LOCK.replace("cmd: python", "cmd: - python"),
    LOCK.replace("cmd: python", "cmd: ? python"),
    LOCK.replace("      --n", "     --n"),
    LOCK.replace("      --n", "\t--n"),
    # other ends of lines, other letters, other keys
    LOCK.replace("\n", "\r\n"),
    LOCK.replace("--n 1", "--n \x85"),
    LOCK.replace("--n 1", "--n \u2028"),
    LOCK.replace("--n 1", "--n é"),
    "\ufeff" + LOCK,
    LOCK[:-1],
    LOCK + "\n",
    LOCK + "# end\n",
    LOCK.replace("    outs:\n", "    outs:\n    frozen: true\n", 1),
    LOCK.replace("size: 12", "size: 12\n      size: 13"),
    # rules of a pin, broken in another stage than the one that is asked for
    *(LOCK.replace(old, new) for old, new in (
        ("size: 12", "size: 012"), ("size: 12", "size: 1" + "0" * 15), ("size: 12", "size: x"),
        ("b" * 32, "b" * 31), ("b" * 32, "B" * 32), ("b" * 32, "b" * 33),
        ("path: b_v1_n16.npz", "path: ../b_v1_n16.npz"), ("path: b_v1_n16.npz", "path: c_v12.npz"),
        ("path: b_v1_n16.npz", "path: /b_v1_n16.npz"), ("path: b_v1_n16.npz", "path: a//b.npz"),
        ("path: b_v1_n16.npz", "path: b_v1_n16.txt"), ("b_v1_n16", "b_v0"), ("b_v1_n16", "b"),
        ("b_v1_n16", "B_v1"), ("b_v1_n16", "b_v1_"), ("b_v1_n16", "b" * 300 + "_v1"),
    )),
    "", HEAD, "schema: '2.0'\n", "schema: '3.0'\nstages:\n" + stage("a_v1"),
]  # fmt: skip


def test_what_could_hide_a_stage():
    """It is left to YAML's rules: no text of that kind is canonical."""
    for text in HIDING:
        assert text != LOCK, "this hides nothing"
        assert canonical_lock.read(text.encode()) is None, text


def test_bytes_that_are_no_text():
    """Nor is what is no text at all."""
    assert canonical_lock.read(LOCK.encode().replace(b"--n 1", b"--n \xff")) is None
    assert canonical_lock.read(LOCK.encode().replace(b"--n 1", b"--n \0")) is None


def test_mutants():
    """Of locks whose lines were moved, cut, repeated and changed at random."""
    canonical = 0
    bits = ("", " ", "  ", "#", ":", ": ", "'", '"', "- ", "&a ", "*a", "|", "x", "0", "\n", "@",
            "fixture@a_v1:", "  fixture@a_v1:\n", ".", "/", "..", "npz", "json", "-",
            "?")  # fmt: skip
    for number in range(4000):
        random = Random(number)
        lines = LOCK.splitlines(keepends=True)
        for _ in range(random.choice((1, 1, 2, 3))):
            at, other = random.randrange(len(lines)), random.randrange(len(lines))
            match random.randrange(5):
                case 0:
                    lines.insert(other, lines[at])
                case 1 if len(lines) > 1:
                    del lines[at]
                case 2:
                    lines[at], lines[other] = lines[other], lines[at]
                case 3:
                    start = random.randrange(len(LOCK.splitlines()) - 4)
                    lines[at:at] = LOCK.splitlines(keepends=True)[start : start + 14]
                case _:
                    place = random.randrange(len(lines[at]))
                    end = place + random.choice((0, 0, 1, 3))
                    lines[at] = lines[at][:place] + random.choice(bits) + lines[at][end:]
        canonical += hold("".join(lines))
    assert canonical > 100, f"hardly any was canonical: {canonical}"


@pytest.mark.parametrize("text", [LOCK, LOCK + stage("a_v1", 8), LOCK.replace("size", "size ")])
def test_a_lock_of_any_form_has_the_same_pins(tmp_path, text):
    """Whether one pin is asked for or all: see `registry.identity.pins`."""
    (tmp_path / pins.LOCK).write_text(text)
    expected = whole(text)
    assert {name: pins.find(tmp_path, name) for name in NAMES} == expected
    pins._cache.clear()
    assert pins.read(tmp_path) == expected
    assert {name: pins.find(tmp_path, name) for name in NAMES} == expected
    assert pins.parse(text.encode()) == expected
