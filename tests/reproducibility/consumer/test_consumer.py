"""What the tests of a consumer do, here and on each emulated machine: load, through the plugin."""

from __future__ import annotations

import numpy as np
import pytest

import registry
from registry.digests import content_digest

# Each is verified before a test runs.
pytestmark = pytest.mark.fixtures(*registry.names())


@pytest.mark.parametrize("name", registry.names())
def test_a_fixture_as_tests_get_it(load_fixture, name):
    """Its bytes are the pinned ones, and numpy computes with what this machine makes of them."""
    fixture = load_fixture(name)
    assert content_digest(fixture) == fixture.sidecar.content_sha256, "other arrays"
    assert fixture.diffraction.dtype == "float32", "not in this machine's own byte order"
    low, high = fixture.sidecar.arrays["diffraction"]["range"]
    assert (np.min(fixture.diffraction), np.max(fixture.diffraction)) == (low, high)
    assert fixture is load_fixture(name), "loaded twice"
