"""Tests of `registry.report.canonical`."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import registry
from registry.report.canonical import canonical
from tests.kit.repository import REPOSITORY
from tests.report.kit import NAME


@pytest.fixture(scope="module")
def fixture():
    """A published fixture."""
    return registry.load(NAME, REPOSITORY)


def test_the_first_contract(fixture):
    """Arrays of DATA-001 stay as they are, and nothing is said."""
    arrays, note = canonical(fixture.arrays, fixture.sidecar)
    assert note == ""
    assert arrays["diffraction"] is fixture["diffraction"], "not the verified array"


def test_the_legacy_layout(fixture):
    """Frames that come last are brought to the front, by the contract and not by their shape."""
    record = replace(fixture.sidecar, contract="data_001_legacy_v1.schema.json")
    frames = fixture["diffraction"].transpose(1, 2, 0)
    arrays, note = canonical({**fixture.arrays, "diffraction": frames}, record)
    assert np.array_equal(arrays["diffraction"], fixture["diffraction"]), "other frames"
    assert "(H, W, N)" in note, "not said"


@pytest.mark.parametrize("scale", [2000.1702401571504, None])
def test_intensities(fixture, scale):
    """Intensities become amplitudes, by the photon scale where there is one."""
    record = replace(
        fixture.sidecar,
        contract="data_001_intensity_v1.schema.json",
        checks={"photon_scale": scale},
    )
    amplitude = fixture["diffraction"].astype(float)
    frames = amplitude**2 * (scale or 1.0)
    arrays, note = canonical({**fixture.arrays, "diffraction": frames}, record)
    assert np.allclose(arrays["diffraction"], amplitude, rtol=1e-12), "other amplitudes"
    assert "intensities" in note, "not said"


@pytest.mark.parametrize("frames", [None, np.zeros((3, 3))])
def test_other_frames(fixture, frames):
    """Frames that are none are left alone."""
    record = replace(fixture.sidecar, contract="data_001_legacy_v1.schema.json")
    arrays = {} if frames is None else {"diffraction": frames}
    assert canonical(arrays, record) == (arrays, "")
