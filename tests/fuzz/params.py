"""Target: `registry.declare`, which reads ``params.yaml`` and holds it against its rules."""

from __future__ import annotations

import atexit
import json
import reprlib
import tempfile
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

from dvc.utils.serialize import YAMLFileCorruptedError, parse_yaml
from ruamel.yaml.main import CParser

from registry.declare import FILE, declaration, deprecation, params, yaml_text
from registry.errors import RegistryError
from registry.identity.sidecar import Sidecar
from tests.fuzz.document_mutation import yaml_mutant
from tests.fuzz.equality import same
from tests.kit.repository import FOLDER, REPOSITORY, SCHEMAS

_GENERATORS = ("file_v1", "simulate_v1", "subset_v1")
_folder = tempfile.TemporaryDirectory()
atexit.register(_folder.cleanup)
DOCUMENT: dict[str, Any] = {
    "sources": {
        "twin": {"generator": "simulate_v1", "seed": 1, "licence": "CC0-1.0"},
        "mine": {
            "generator": "file_v1",
            "path": "data/scan.npz",
            "sha256": "0" * 64,
            "noise": "measured",
            "licence": "MIT",
        },
    },
    "folder": "tests/fixtures",
    "fixtures": {
        "small_v1": {
            "generator": "subset_v1",
            "source": "twin",
            "strategy": "evenly_spaced",
            "n_subset": 64,
            "created": "2026-11-23T00:00:00+00:00",
        }
    },
    "deprecated": {"small_v1": {"reason": "too small"}},
}
_BUILT = json.loads((REPOSITORY / FOLDER / "minimal_dataset_v1.json").read_bytes())
# What a declaration is held against that was built from another one.
_RECORD = replace(Sidecar.from_dict(_BUILT, subject=FILE), name="small_v1")
_DATASET = {
    "name": "x",
    "description": "y",
    "version": "1.0.0",
    "keywords": ["z"],
    "creators": [{"type": "person", "name": "A"}],
    "sources": {"mine": {"creators": [{"type": "person", "name": "B"}]}},
}
_ENVELOPE = {
    "options": {"max_epochs": 2, "batch_size": 4, "seed": 42, "repeats": 5},
    "budgets": {
        "train_target_s": 25,
        "train_limit_s": 45,
        "train_spread_percent": 10,
        "peak_rss_mb": 2000,
        "artifacts_mb": 100,
    },
    "runs": {"small_v1_g1": {"fixture": "small_v1", "gridsize": 1}},
    "sweep": {"fixture": "small_v1", "gridsize": [1], "max_epochs": [1, 2], "n_images": [16]},
}


def mutant(random: Random) -> bytes:
    """A declaration's text after a few changes."""
    whole = DOCUMENT | {"dataset": _DATASET, "envelope": _ENVELOPE}
    return yaml_mutant(random, [DOCUMENT, DOCUMENT, DOCUMENT, whole])


def check(data: bytes) -> None:
    """What is read is what DVC reads; deprecations are found or not, whatever is in the file."""
    root = _root()
    (root / FILE).write_bytes(data)
    str(deprecation.find(root, "small_v1"))
    with suppress(RegistryError):
        declared = declaration.Declaration(data)
        if _RECORD.name in declared.fixtures:
            "; ".join(declared.differences(_RECORD))
    text = yaml_text.read(root)
    document = yaml_text.parse(text)
    try:
        expected = parse_yaml(text, FILE)
    except YAMLFileCorruptedError:
        # by libyaml, where ruamel has it, DVC reads a little less: it ends with an error of its own
        assert CParser is not None
        return
    # DVC makes an empty mapping of nothing
    # shortened while it is written: a text of aliases of aliases would have 9 ** 12 words
    told = f"DVC: {reprlib.repr(expected)}\nhere: {reprlib.repr(document)}"
    assert same(document or {}, expected), told
    found = params.problems(document, root)
    if found:
        raise params.refused(found, remedy="as `load` has it")
    params.load(root)


def _root() -> Path:
    """A registry with some generators of this one, made once."""
    root = Path(_folder.name)
    if not (root / "schemas").exists():
        (root / "schemas").symlink_to(SCHEMAS)
        (root / "generators").mkdir()
        for name in _GENERATORS:
            for file in (f"{name}.py", f"{name}.schema.json"):
                (root / "generators" / file).symlink_to(REPOSITORY / "generators" / file)
    return root
