"""Fixtures of other frames than 64 x 64, from a simulated source to the sidecar.

What 500 frames of 128 x 128 take: tests/docs/test_your_own_registry.py.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from registry.build import fixture, source
from registry.identity import npz
from registry.ptychography import assert_consistent
from registry.ptychography.noise import Noise

FOLDER = Path("tests/fixtures/pytorch_integration")
SOURCE = ["twin", "--generator", "simulate_v3", "--seed", "7", "--licence", "CC0-1.0",
          "--size", "32", "--positions", "16", "--photons_per_frame", "1000000"]  # fmt: skip
FIXTURE = [f"{FOLDER}/sized_v1", "--generator", "subset_v2", "--source", "twin", "--n_subset", "16",
           "--strategy", "evenly_spaced", "--diff3d",
           "--created", "2026-11-23T00:00:00+00:00"]  # fmt: skip


def recorded() -> dict:
    """The fixture's sidecar."""
    return json.loads((FOLDER / "sized_v1.json").read_bytes())


def test_the_smallest_frames(run, few_planted):
    """Sixteen frames of 32 x 32 are checked, and say which contract they satisfy."""
    assert run(source.main, *SOURCE).code == 0
    ended = run(fixture.main, *FIXTURE)
    assert (ended.code, ended.err) == (0, "")
    record = recorded()
    assert (record["verdict"], record["contract"]) == ("checked", "data_001_v3.schema.json")
    assert record["arrays"]["diff3d"]["shape"] == [16, 32, 32]
    arrays = npz.parse((FOLDER / "sized_v1.npz").read_bytes(), subject="sized_v1")
    scale = record["ptychography"]["photon_scale"]
    assert_consistent(arrays, Noise(kind="poisson", photon_scale=scale))
    with pytest.raises(AssertionError, match="own-match"):
        assert_consistent(
            {**arrays, "xcoords": np.roll(arrays["xcoords"], 1)},
            Noise(kind="poisson", photon_scale=scale),
        )


def test_what_the_older_contract_refuses(run, few_planted):
    """Such frames need a generator whose contract takes them; nothing is written."""
    run(source.main, *SOURCE)
    ended = run(fixture.main, *(word.replace("subset_v2", "subset_v1") for word in FIXTURE))
    assert ended.code == 1
    for rule in ("diffraction.shape.1: expected 64; found 32", "probeGuess.shape.0: expected 64"):
        assert f"contract: {rule}" in ended.err
    assert not FOLDER.exists(), "something was written"
