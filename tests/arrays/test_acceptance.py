"""Tests of `registry.arrays.acceptance`."""

from __future__ import annotations

import numpy as np
import pytest

from registry.arrays import acceptance
from registry.arrays.field import FIELD, Arrays
from registry.failure import Failure


class Audio(Arrays):
    """Tones whose pitch rises."""

    name = "audio"

    def check(self, arrays):
        """Pitch goes up."""
        if not (np.diff(arrays["pitch_hz"]) > 0).all():
            yield Failure(criterion="pitch", expected="rising", found=f"{arrays['pitch_hz']}")

    def figures(self, arrays):
        """Two figures, one of them with many digits."""
        return {"highest_hz": float(arrays["pitch_hz"].max()) / 3, "tones": 4}


AUDIO = Audio()
RISING = "pitch: expected rising; found [400. 300. 200. 100.]"


def test_good_arrays(arrays, context):
    """They are checked, by what contract and check would find."""
    found = acceptance.accept(AUDIO, arrays, context())
    assert (found.failures, found.verdict, found.reason) == ([], "checked", "")
    assert found.checks == {"highest_hz": 133.333, "tones": 4}
    assert found.mistakes["found"]["widened_dtype"] == ["contract: samples.dtype"]
    assert found.mistakes["missed"], "as if nothing could escape it"
    assert found.summary == "3 of 9 planted mistakes are found"


def test_a_figure_that_is_hardly_negative(arrays, context):
    """It is zero: a sidecar does not tell -0.0 from 0.0 by the machine that measured it."""

    class Drifting(Audio):
        def figures(self, arrays):
            return {"drift": -1e-9}

    assert str(acceptance.accept(Drifting(), arrays, context()).checks) == "{'drift': 0.0}"


def test_the_check_of_the_user(arrays, context):
    """What it yields refuses the fixture."""
    arrays["pitch_hz"] = arrays["pitch_hz"][::-1].copy()
    found = acceptance.accept(AUDIO, arrays, context())
    assert list(map(str, found.failures)) == [RISING]
    assert acceptance.accept(FIELD, arrays, context()).failures == [], "a check of nobody's"


def test_the_check_is_asked_of_what_satisfies_the_contract(arrays, context):
    """It may rely on the contract, and need not look for arrays."""
    del arrays["pitch_hz"]
    found = acceptance.accept(AUDIO, arrays, context())
    assert [failure.criterion for failure in found.failures] == ["contract: pitch_hz"]


def test_arrays_that_nothing_would_tell(arrays, context, write):
    """Where no planted mistake is found, whatever accepts them accepts anything."""
    write(samples={}, pitch_hz={}, rate_hz={})
    found = acceptance.accept(FIELD, arrays, context())
    assert (found.failures, found.verdict) == ([], "undecided")
    assert found.reason == acceptance.NOTHING_FOUND
    assert found.mistakes["found"] == {}


def test_mistakes_that_change_nothing(arrays, context):
    """Where every row is the same, their order is none."""
    arrays["samples"] = np.ones((4, 8), "<f4")
    found = acceptance.accept(AUDIO, arrays, context())
    assert "permuted_rows" in found.mistakes["none"]


def test_another_form(arrays, context, write):
    """The canonical arrays are checked; those that are written are held against their contract."""
    whole = {**arrays, "samples": arrays["samples"].astype("<f8")}
    other = context(canonical=arrays)
    both = (other.contracts[0].replace("v1", "v2"), *other.contracts)
    schemas = write()
    (schemas / both[0]).write_text('{"properties": {"samples": {"required": ["unit"]}}}')
    changed = type(other)(
        schemas=schemas, contracts=both, source={}, declared={}, made=other.made, params={}
    )
    found = acceptance.accept(AUDIO, whole, changed)
    assert [failure.criterion for failure in found.failures] == ["contract: samples.unit"]


@pytest.mark.parametrize("defect", [True, False])
def test_a_planted_defect(arrays, context, defect):
    """It is named by what refuses it; what was planted in nothing is refused by nothing."""
    good = dict(arrays)
    if defect:
        arrays["pitch_hz"] = arrays["pitch_hz"][::-1].copy()
    found = acceptance.accept(AUDIO, arrays, context(canonical=good, defect={"name": "falling"}))
    assert found.failures == [], "the good arrays are refused"
    assert found.refused_by == (["pitch"] if defect else [])
