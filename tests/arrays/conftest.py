"""A contract of tones, and arrays that satisfy it."""

from __future__ import annotations

import json

import numpy as np
import pytest

from registry.field import Context

FILE = "tones_v1.schema.json"
CONTRACT = {
    "type": "object",
    "required": ["samples", "pitch_hz", "rate_hz"],
    "properties": {
        "samples": {
            "description": "a tone in each row",
            "axes": ["tone", "sample"],
            "properties": {"dtype": {"const": "<f4"}, "finite": {"const": True}},
        },
        "pitch_hz": {"axes": ["tone"], "unit": "Hz"},
        "rate_hz": {"description": "samples in a second", "axes": []},
    },
}


@pytest.fixture
def arrays():
    """Four tones of eight samples, no two of one pitch."""
    return {
        "samples": np.arange(1, 33, dtype="<f4").reshape(4, 8),
        "pitch_hz": np.array([100.0, 200.0, 300.0, 400.0]),
        "rate_hz": np.array(8000.0),
    }


@pytest.fixture
def write(tmp_path):
    """Write the contract's schema, with other rules for some arrays; the folder of schemas."""

    def write(**properties):
        changed = {**CONTRACT, "properties": {**CONTRACT["properties"], **properties}}
        (tmp_path / FILE).write_text(json.dumps(changed))
        return tmp_path

    write()
    return write


@pytest.fixture
def context(tmp_path, write):
    """What there is beside the arrays, with other members for some."""

    def context(**made) -> Context:
        return Context(
            schemas=tmp_path, contracts=(FILE,), source={}, declared={}, made=made, params={}
        )

    return context
