"""Tests of `generators.defect_v2`: the defects of `defect_v1`, in a fixture of any size."""

from __future__ import annotations

import json

import numpy as np
import pytest

from generators import defect_v1, defect_v2, simulate_v3, subset_v2
from registry.digests import content_digest
from registry.ptychography.acceptance import Source, as_scan, refusals
from registry.ptychography.noise import Noise
from tests.kit.repository import REPOSITORY, SCHEMAS

PARAMS = {"strategy": "evenly_spaced", "n_subset": 16, "diff3d": True}
V3 = "data_001_v3.schema.json"
# One of each kind, and a criterion that has to refuse it.
NAMED = {
    "first_frames": "own-match",
    "permuted_frames": "own-match",
    "swapped_coordinates": "own-match",
    "x_plus_1px": "alternatives",
    "frame_outside": "inside",
    "duplicated_frame": "distinct",
    "transposed_frames": "alternatives",
    "no_fftshift": "own-match",
    "conjugated_object": "alternatives",
    "other_probe": "chi-square",
    "doubled_frames": "scale",
    "intensity": "alternatives",
    "float64_frames": "contract: diffraction.dtype",
    "nan_pixel": "contract: diffraction.finite",
    "negative_amplitude": "contract: diffraction.range.0",
    "frames_last": "contract: frame",
}


@pytest.fixture(scope="module")
def scan():
    """Twenty-four frames of 32 x 32 pixels, of 1e6 photons each."""
    given = {"seed": 7, "size": 32, "positions": 24, "photons_per_frame": 1e6}
    return simulate_v3.generate(given, None)


def test_defects_are_those_of_defect_v1(scan):
    """The same list in both schemas; each is planted in what `subset_v2` cuts."""
    schema = json.loads((REPOSITORY / "generators/defect_v2.schema.json").read_bytes())
    assert schema["properties"]["defect"] == {"$ref": "defect_v1.schema.json#/properties/defect"}
    source, declared = scan
    arrays, record = defect_v2.generate({**PARAMS, "defect": "x_plus_1px"}, source, declared)
    good, _ = subset_v2.generate(PARAMS, source, declared)
    assert content_digest(record["canonical"]) == content_digest(good)
    np.testing.assert_array_equal(arrays["xcoords"], good["xcoords"] + 1)
    assert record["defect"] == {
        "name": "x_plus_1px", "description": "x coordinates 1 px too large",
    }  # fmt: skip
    with pytest.raises(ValueError, match=r"defect: expected one of first_frames, .*, found none"):
        defect_v2.generate({**PARAMS, "defect": "none"}, source, declared)


def test_named_defects_are_refused(scan):
    """Frames of 32 x 32 pixels are told apart from what they should be as others are."""
    source, declared = scan
    good, _ = subset_v2.generate(PARAMS, source, declared)
    noise = Noise(kind=declared["noise"], photon_scale=declared["photon_scale"])
    known = Source(scan=as_scan(good)[0], indices=np.arange(16), noise=noise, strategy="any")
    assert refusals(good, known, SCHEMAS, V3) == [], "refused without a defect"
    for name, criterion in NAMED.items():
        arrays, _ = defect_v2.generate({**PARAMS, "defect": name}, source, declared)
        fired = {failure.criterion for failure in refusals(arrays, known, SCHEMAS, V3)}
        assert criterion in fired, f"{name}: not refused by {criterion}, only by {fired}"
    assert NAMED.keys() <= defect_v1.DEFECTS.keys()
