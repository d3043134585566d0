"""A registry of ramps, whose stages take next to nothing: for tests of what is done with stages."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from registry.init import laying, plan

FOLDER = "tests/fixtures"
# Lengths of which none comes out: the generator refuses, has a fault, ends its process, wants more
# memory than there is.
REFUSED, FAULTY, DEADLY, HUGE = 13, 14, 15, 16
_GENERATOR = f"""\
import os
import signal

import numpy as np


def generate(params, source, declared):
    length = params["length"]
    print(f"a ramp of {{length}}")
    if length == {REFUSED}:
        raise ValueError("{REFUSED} values")
    if length == {DEADLY}:
        os.kill(os.getpid(), signal.SIGKILL)
    if length == {FAULTY}:
        length = None
    if length == {HUGE}:
        length = 1 << 60
    return {{"ramp": np.arange(length + 0, dtype="<f4")}}, {{"transformations": ["a ramp"]}}
"""
_SCHEMA = {
    "generates": "fixture",
    "field": "arrays",
    "contracts": ["ramp_v1.schema.json"],
    "required": ["source", "created", "length"],
    "additionalProperties": False,
    "properties": {
        "source": {"$ref": "../schemas/keys_v1.schema.json#/$defs/source"},
        "created": {"$ref": "../schemas/keys_v1.schema.json#/$defs/created"},
        "length": {"type": "integer", "minimum": 2},
        "slope": {"type": "number"},
        "label": {"type": "string", "pattern": "^[ -~]*$"},
        "rising": {"type": "boolean"},
    },
}
_CONTRACT = {
    "required": ["ramp"],
    "properties": {"ramp": {"axes": ["sample"], "properties": {"dtype": {"const": "<f4"}}}},
}


def lay(root: Path) -> Path:
    """Lay a registry out in a new git repository, with a generator of ramps."""
    items = plan.plan(root, root, "arrays", ci=False, hooks=False)
    laying.lay(root, root, items)
    (root / "generators" / "ramp_v1.py").write_text(_GENERATOR)
    (root / "generators" / "ramp_v1.schema.json").write_text(json.dumps(_SCHEMA))
    (root / "schemas" / "ramp_v1.schema.json").write_text(json.dumps(_CONTRACT))
    return root


def declare(root: Path, lengths: Mapping[str, int], **also: object) -> None:
    """Declare fixtures by their lengths, from a source for each first letter of their names."""
    entries = {
        name: {
            "generator": "ramp_v1",
            "source": f"source_{name[0]}",
            "length": length,
            **also,
            "created": "2026-11-27T00:00:00+00:00",
        }
        for name, length in lengths.items()
    }
    sources = {
        entry["source"]: {"generator": "nothing_v1", "licence": "CC0-1.0"}
        for entry in entries.values()
    }
    document = {"folder": FOLDER, "sources": sources, "fixtures": entries}
    # JSON is YAML
    (root / "params.yaml").write_text(json.dumps(document, indent=1))
