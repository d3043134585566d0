"""Tests of `registry.storage.import_file`; `fixtures import` holds it against DVC's own files."""

from __future__ import annotations

from dataclasses import replace

import pytest
from dvc.utils.serialize import loads_yaml

from registry.errors import UsageError
from registry.storage import clone, import_file

SOURCE = import_file.Source(url="https://host/a", revision="v1", commit="0" * 40)


@pytest.mark.parametrize("commit", ["1" * 40, "0" + "9" * 39, "1" * 20 + "e" + "1" * 19])
def test_a_digest_of_numerals(commit):
    """DVC reads it as the text that it is."""
    source = import_file.Source(url="https://host/a", revision=commit, commit=commit)
    text = import_file.write(source, "a/b_v1.npz", b"x").decode()
    repository = loads_yaml(text)["deps"][0]["repo"]
    assert repository == {"url": "https://host/a", "rev": commit, "rev_lock": commit}


def test_an_address_with_spaces():
    """It stays on its line, and is no percent-encoded one."""
    location = clone.parse("git+file:///a%20b/c@v1")
    source = import_file.source(location, "0" * 40)
    text = import_file.write(source, "a/b_v1.npz", b"x").decode()
    assert "    url: file:///a b/c\n" in text, text


@pytest.mark.parametrize("url", ["ssh://git@host/a", "https://host/a", "git://host/a"])
def test_an_account_that_is_no_secret(url):
    """Of SSH the name is part of the address."""
    assert import_file.source(clone.parse(f"git+{url}@v1"), "0" * 40).url == url


@pytest.mark.parametrize(
    "url", ["https://me:secret@host/a", "https://token@host/a", "ssh://me:secret@host/a"]
)
def test_credentials_in_an_address(url):
    """They would be committed; whose they are is not shown."""
    with pytest.raises(UsageError) as caught:
        import_file.source(clone.parse(f"git+{url}@v1"), "0" * 40)
    assert caught.value.found == "a user or a password before the host"
    assert "secret" not in str(caught.value)
    assert "token" not in str(caught.value)


WRITTEN = """\
md5: {digest}
frozen: true
deps:
- path: {path}
  repo:
    url: https://host/a
    rev: v1
    rev_lock: '0000000000000000000000000000000000000000'
outs:
- md5: 9dd4e461268c8034f5c8564e155c67a6
  size: 1
  hash: md5
  path: b_v1.npz
"""


def test_what_is_written():
    """As DVC writes it, and where the registry is in its repository, of which DVC says nothing."""
    text = import_file.write(SOURCE, "a/b_v1.npz", b"x").decode()
    # md5sum of what DVC counts, as JSON with its keys sorted
    top = WRITTEN.format(path="a/b_v1.npz", digest="2f423980480017e56bbf49a0b6dd0827")
    assert text == top
    below = replace(SOURCE, subfolder="data/mine")
    text = import_file.write(below, "a/b_v1.npz", b"x").decode()
    whole = WRITTEN.format(path="data/mine/a/b_v1.npz", digest="47dcb75689b67fd5ac6c9c97b54facd1")
    assert text == f"{whole}meta:\n  subdirectory: data/mine\n"


def test_a_long_path():
    """It stays on one line."""
    path = f"{'long ' * 300_000}/b_v1.npz"
    lines = import_file.write(SOURCE, path, b"x").decode().splitlines()
    assert f"- path: {path}" in lines


@pytest.mark.parametrize(
    "text", [b"[", b"", b"outs: []", b"\xff", b"outs: [{md5: a}]\ndeps: [{path: b}]"]
)
def test_what_imports_nothing(tmp_path, text):
    """It is told from a file that is not there."""
    path = tmp_path / "a.dvc"
    assert import_file.read(path) is None
    path.write_bytes(text)
    assert import_file.read(path) == ("", "")


def test_what_was_written_is_read(tmp_path):
    """Address and digest."""
    path = tmp_path / "a.dvc"
    path.write_bytes(import_file.write(SOURCE, "a/b_v1.npz", b"x"))
    assert import_file.read(path) == ("https://host/a", "9dd4e461268c8034f5c8564e155c67a6")
