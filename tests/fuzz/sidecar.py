"""Target: `registry.identity.sidecar.parse`, and the schemas that sidecars are held against."""

from __future__ import annotations

from random import Random
from typing import Any

from registry.identity import schema, sidecar
from tests.fuzz.document_mutation import json_mutant
from tests.kit.repository import SCHEMAS

_HASH = "0" * 64
DOCUMENT: dict[str, Any] = {
    "name": "small_v1",
    "version": "v1",
    "created": "2026-11-23T00:00:00+00:00",
    "licence": "CC0-1.0",
    "generator_script": "generators/subset_v1.py",
    "generator_commit": "blob:" + "1" * 40,
    "generator_helpers": {"generators/sums_v1.py": "blob:" + "2" * 40},
    "generator_parameters": {"n_subset": 2, "diff3d": True},
    "source_dataset": "twin",
    "source_sha256": _HASH,
    "source_commit": "blob:" + "3" * 40,
    "source_generators": {},
    "source_declaration": {"generator": "simulate_v1", "seed": 1},
    "subset_strategy": "evenly_spaced",
    "subset_size": 2,
    "subset_indices": [0, 5],
    "transformations": ["cast to single precision"],
    "sha256_checksum": _HASH,
    "content_sha256": _HASH,
    "size": 1000,
    "arrays": {
        "xcoords": {
            "dtype": "<f8", "shape": [2], "range": [0.5, 1], "finite": True, "sha256": _HASH
        }
    },
    "contract": "canonical_v1.schema.json",
    "field": "ptychography",
    "verdict": "checked",
    "suite": "ptychography_v1",
    "checks": {"r_factor": 0.01},
    "mistakes": {"found": {"x": ["y"]}, "missed": [], "none": [], "smallest": {"x": 0.25}},
    "ptychography": {"pixel": None, "photons": 1e6},
    "schemas": {"sidecar_v3.schema.json": _HASH},
}  # fmt: skip
_valid = [
    schema.validator(SCHEMAS / name) for name in (sidecar.SCHEMA, "ptychography_v1.schema.json")
]


def mutant(random: Random) -> bytes:
    """A sidecar's text after a few changes."""
    return json_mutant(random, [DOCUMENT])


def check(data: bytes) -> None:
    """What is accepted survives being written; schemas say what is wrong with any document."""
    document = sidecar.document(data, subject="mutant")
    for validator in _valid:
        for problem in validator(document):
            str(problem).encode()
    found = sidecar.parse(data, subject="mutant")
    again = sidecar.encode(found)
    assert sidecar.parse(again, subject="mutant") == found, "another sidecar after being written"
