"""Target: `registry.identity.pins.parse`, which reads locks, and the YAML reader beneath it."""

from __future__ import annotations

import re
import reprlib
import sys
from pathlib import PurePosixPath
from random import Random
from typing import Any

import yaml

from registry.identity import pins, plain_yaml
from registry.identity.pins import Pin
from registry.identity.sidecar import NAME
from tests.fuzz.document_mutation import yaml_mutant
from tests.fuzz.equality import same


def _stage(name: str) -> dict[str, Any]:
    return {
        "cmd": f"python -m registry.build.fixture {name}",
        "deps": [{"path": "build/code/valid", "hash": "md5", "md5": "a" * 32, "size": 33}],
        "outs": [
            {"path": f"tests/{name}.json", "hash": "md5", "md5": "b1f0" * 8, "size": 21},
            {"path": f"tests/{name}.npz", "hash": "md5", "md5": "12345678" * 4, "size": 2200},
        ],
    }


DOCUMENT = {
    "schema": "2.0",
    "stages": {
        "code": {"cmd": "python -m registry.build.code"},
        "fixture@a_v1": _stage("a_v1"),
        "fixture@b_v1_n16": _stage("b_v1_n16"),
    },
}


def mutant(random: Random) -> bytes:
    """A lock's text after a few changes."""
    return yaml_mutant(random, [DOCUMENT])


def check(data: bytes) -> None:
    """What is accepted is what PyYAML reads, and its pins can be used without a second look."""
    try:
        document = plain_yaml.load(data)
    except ValueError:
        document = None
    else:
        assert_same_yaml(data, document)
    for name, pin in pins.parse(data).items():
        assert name == pin.name
        assert_sound(pin)


def assert_same_yaml(data: bytes, found: Any) -> None:
    """PyYAML's reader that makes texts of all scalars says the same."""
    limit = sys.getrecursionlimit()
    # it takes three calls for a level where ours takes one
    sys.setrecursionlimit(4 * limit)
    try:
        # the reader of libyaml, as ours: PyYAML's own differs in what it takes for YAML
        expected = yaml.load(data, Loader=yaml.CBaseLoader)
    finally:
        sys.setrecursionlimit(limit)
    assert same(expected, found), f"PyYAML: {reprlib.repr(expected)}\nhere: {reprlib.repr(found)}"


def assert_sound(pin: Pin) -> None:
    """A pin's paths stay in the registry, and what it says of its files can be true."""
    assert NAME.fullmatch(pin.name), f"name {pin.name!r}"
    for path in (pin.path, pin.sidecar_path):
        parts = PurePosixPath(path).parts
        assert type(path) is str, f"path {path!r}"
        assert path.isprintable(), f"path {path!r}"
        assert not path.startswith("/"), f"path {path!r}"
        assert not {"..", ".git", ".dvc"} & set(parts), f"path {path!r}"
        assert "\\" not in path, f"path {path!r}"
    for md5 in (pin.md5, pin.sidecar_md5):
        assert re.fullmatch("[0-9a-f]{32}", md5), f"md5 {md5!r}"
    for size in (pin.size, pin.sidecar_size):
        assert type(size) is int, f"size {size!r}"
        assert 0 <= size < 1 << 63, f"size {size!r}"
