"""Target: `registry.identity.npz.parse`, the strict reader of canonical archives."""

from __future__ import annotations

import zipfile

import pytest

from registry.identity import npz
from tests.fuzz import zip_mutation
from tests.fuzz.numpy_reference import assert_agrees

mutant = zip_mutation.mutant


def check(data: bytes) -> None:
    """What is accepted is what `encode` writes, and what numpy reads; CRCs are numpy's to test."""
    found = npz.parse(data, subject="mutant")
    if npz.crcs_hold(data):
        assert npz.encode(found) == data, "accepted, and not what is written"
        assert_agrees(data, found)
    else:
        with pytest.raises(zipfile.BadZipFile, match="CRC-32"):
            assert_agrees(data, found)
