"""Tests of `registry.build.readings`: what modules say is kept, and never believed of others."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path

import pytest

from registry.build import closure, code, readings
from registry.declare import generator_keys
from registry.errors import CheckError
from tests.kit.repository import REPOSITORY

MODULE = '"""Words."""\n\nfrom registry.errors import CheckError\nfrom . import other\n\nx = 1\n'


@pytest.fixture
def path(tmp_path, monkeypatch):
    """A module whose readings are kept by `once`, in the user's cache."""
    monkeypatch.setenv("FIXTURES_CACHE", str(tmp_path / "cache"))
    found = tmp_path / "module.py"
    found.write_text(MODULE)
    return found


@pytest.fixture
def parsed(monkeypatch):
    """Texts that are taken apart from here on."""
    texts: list[bytes] = []
    tree = closure._tree.__wrapped__
    monkeypatch.setattr(closure, "_tree", lambda text, path: texts.append(text) or tree(text, path))
    return texts


def once(path, module="registry.a.module"):
    """What a run reads in a module; it is kept for the next run, which is not the same process."""
    closure._imports_of.cache_clear()
    closure._behaviour_of.cache_clear()
    found = readings.of_user()
    said = found.imports(path, module), found.behaviour(path)
    found.keep()
    return said


def file() -> Path:
    """The only file that is kept."""
    (found,) = [item for item in Path(os.environ["FIXTURES_CACHE"]).rglob("*") if item.is_file()]
    return found


def test_a_text_is_taken_apart_once(path, parsed):
    """The next run says the same of it, and looks at nothing but its bytes."""
    first = once(path)
    assert first == (closure.imports(path, "registry.a.module"), closure.behaviour(path))
    assert "registry.a.other" in first[0], "not what it imports"
    parsed.clear()
    before = file().stat().st_ino
    assert once(path) == first
    assert parsed == [], "it was taken apart again"
    assert file().stat().st_ino == before, "it was written again"


def test_another_text(path):
    """Whatever is kept is of a text, and of no name: a changed module is read."""
    first = once(path)
    stamp = path.stat()
    path.write_text(MODULE.replace("x = 1", "x = 2").replace("other", "twice"))
    os.utime(path, ns=(stamp.st_atime_ns, stamp.st_mtime_ns))
    second = once(path)
    assert second == (closure.imports(path, "registry.a.module"), closure.behaviour(path))
    assert second[0] != first[0], "the old imports"
    assert second[1] != first[1], "the old behaviour"


def test_the_same_text_elsewhere(path, tmp_path):
    """What it imports depends on where it is, and whether it is a package."""
    assert "registry.a.other" in once(path)[0]
    assert "registry.b.other" in once(path, "registry.b.module")[0]
    package = tmp_path / "__init__.py"
    package.write_text(MODULE)
    assert "registry.a.module.other" in once(package)[0]


def test_words_only_and_nothing(path):
    """A module that only words something, or does nothing, is kept as that."""
    path.write_text("WORDS_ONLY = True\n")
    assert [once(path)[0], once(path)[0]] == [None, None]
    path.write_text('"""Words."""\n')
    assert [once(path), once(path)] == [(frozenset(), ""), (frozenset(), "")]


def test_what_is_wrong_is_not_kept(path):
    """A generator whose imports cannot be followed is refused in every run."""
    path.write_text("import importlib\n")
    for _ in range(2):
        with pytest.raises(CheckError, match="imports that stand in its text"):
            once(path, "generators.module")
    path.write_text("def f(:\n")
    for _ in range(2):
        with pytest.raises(CheckError, match="a file of Python"):
            once(path)


def spoil(change):
    """Change what is kept, and its digest with it, as a program does that writes such files."""
    _, _, said = file().read_bytes().partition(b"\n")
    said = change(said)
    file().write_bytes(hashlib.sha256(said).hexdigest().encode() + b"\n" + said)


def other_program(said: bytes) -> bytes:
    """The same readings, by another program, and all of them wrong."""
    document = json.loads(said)
    document["made_by"] = "0" * 64
    document["readings"] = dict.fromkeys(document["readings"], "forged")
    return json.dumps(document).encode()


def test_what_is_damaged_or_of_another_program(path):
    """Nothing of it is believed, and good readings take its place."""
    first = once(path)
    good = file().read_bytes()
    for damage in (
        lambda: file().write_bytes(good[:-20]),
        lambda: file().write_bytes(good.replace(b'"behaviour', b'"cehaviour')[:-1] + b" "),
        lambda: file().write_bytes(b"\xff" * 100),
        lambda: file().write_bytes(b""),
        lambda: spoil(lambda said: b"[]"),
        lambda: spoil(lambda said: b"{}"),
        lambda: spoil(lambda said: said.replace(b'"readings": {', b'"readings": 1, "x": {')),
        lambda: spoil(other_program),
    ):
        damage()
        assert once(path) == first
        assert file().read_bytes() == good, "it was not made good"


def test_a_bit_that_fell_over(path):
    """A changed digest of a behaviour does not pass for the module's own."""
    first = once(path)
    data = file().read_bytes()
    file().write_bytes(data.replace(first[1].encode(), first[1][::-1].encode()))
    assert once(path) == first


def test_what_may_have_come_with_a_clone(path, tmp_path, monkeypatch):
    """A cache inside of a repository is neither read nor written: git may have brought it."""
    first = once(path)
    forged = file()
    spoil(lambda said: said.replace(first[1].encode(), b"0" * 64))
    assert once(path)[1] == "0" * 64, "this test forges nothing"
    for name in (".git", ".dvc"):
        clone = tmp_path / f"clone{name}"
        (clone / name).mkdir(parents=True)
        for cache in (clone / "cache", tmp_path / f"link{name}"):
            target = clone / "cache/build/readings"
            target.mkdir(parents=True, exist_ok=True)
            (target / forged.name).write_bytes(forged.read_bytes())
            if not cache.exists():
                cache.symlink_to(clone / "cache")
            monkeypatch.setenv("FIXTURES_CACHE", str(cache))
            assert once(path) == first, "what came with a clone was believed"
            assert (target / forged.name).read_bytes() == forged.read_bytes(), "it was written"


def test_a_link_in_its_place(path, tmp_path):
    """It is not followed."""
    first = once(path)
    spoil(lambda said: said.replace(first[1].encode(), b"0" * 64))
    place = file()
    place.rename(tmp_path / "elsewhere")
    place.symlink_to(tmp_path / "elsewhere")
    assert once(path) == first


def test_a_folder_of_another_user(path, tmp_path, monkeypatch):
    """What is in there is not believed."""
    first = once(path)
    spoil(lambda said: said.replace(first[1].encode(), b"0" * 64))
    monkeypatch.setattr(os, "getuid", lambda: 4711)
    assert once(path) == first


def test_a_folder_that_cannot_be_made(path, tmp_path, monkeypatch):
    """Without one each run reads for itself, and says nothing of it."""
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("FIXTURES_CACHE", str(tmp_path / "file"))
    assert once(path) == once(path)
    monkeypatch.setenv("FIXTURES_CACHE", "~nobody-of-that-name/x")
    assert once(path) == once(path)


def test_what_is_kept_has_an_end(path, monkeypatch):
    """The oldest go, never those of this run."""
    monkeypatch.setattr(readings, "_MOST", 3)
    for number in range(3):
        path.write_text(f"x = {number}\n")
        once(path)
    kept = json.loads(file().read_bytes().partition(b"\n")[2])["readings"]
    assert len(kept) == 3
    assert once(path) == (frozenset(), closure.behaviour(path))
    assert closure.behaviour(path) in kept.values(), "not what this run found"


def test_the_identity_of_code_is_the_same(top):
    """With and without readings that are kept."""
    for generator in (generator_keys.read(top, name) for name in ("subset_v1", "scan_v2")):
        kept = readings.of_user()
        expected = code.text(top, generator)
        assert code.text(top, generator, kept) == expected, "with some that are kept"
        kept.keep()
        assert code.text(top, generator, readings.of_user()) == expected, "with all that are kept"


def test_nothing_of_this_reaches_a_fixture():
    """No generator's identity depends on it: it only saves time."""
    text = code.text(REPOSITORY, generator_keys.read(REPOSITORY, "subset_v1"))
    assert "registry/build/closure.py" in text
    assert "readings" not in text
    assert "user_cache" not in text
