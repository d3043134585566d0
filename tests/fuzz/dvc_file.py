"""Target: `registry.identity.pins.read`, which reads the ``.dvc`` files of imports."""

from __future__ import annotations

import atexit
import tempfile
from pathlib import Path
from random import Random
from typing import Any

from registry.identity import pins, plain_yaml
from tests.fuzz.document_mutation import yaml_mutant
from tests.fuzz.lock import assert_same_yaml, assert_sound

_folder = tempfile.TemporaryDirectory()
atexit.register(_folder.cleanup)
_SIDECAR = "outs:\n- {md5: 0123456789abcdef0123456789abcdef, size: 20, path: a_v1.json}\n"


def _document(suffix: str) -> dict[str, Any]:
    return {
        "md5": "c" * 32,
        "frozen": True,
        "deps": [
            {
                "path": f"tests/a_v1.{suffix}",
                "repo": {"url": "https://example.org/registry", "rev_lock": "d" * 40},
            }
        ],
        "outs": [{"md5": "12345678" * 4, "size": 2200, "hash": "md5", "path": f"a_v1.{suffix}"}],
    }


def mutant(random: Random) -> bytes:
    """The text of a ``.dvc`` file after a few changes."""
    return yaml_mutant(random, [_document("npz"), _document("npz") | {"wdir": "../data"}])


def check(data: bytes) -> None:
    """What is accepted is what PyYAML reads, and the pin can be used without a second look."""
    root = Path(_folder.name)
    folder = root / "tests" / "imported"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "a_v1.npz.dvc").write_bytes(data)
    (folder / "a_v1.json.dvc").write_text(_SIDECAR)
    found = pins.read(root)
    assert_same_yaml(data, plain_yaml.load(data))
    for name, pin in found.items():
        assert name == pin.name
        assert pin.imported
        assert_sound(pin)
