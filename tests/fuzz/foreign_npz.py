"""Target: `registry.identity.foreign_npz`, the reader of archives that other tools wrote."""

from __future__ import annotations

import io

from registry.identity import foreign_npz
from tests.fuzz import zip_mutation
from tests.fuzz.numpy_reference import assert_agrees

mutant = zip_mutation.mutant


def check(data: bytes) -> None:
    """What is accepted is what numpy reads."""
    file = io.BytesIO(data)
    held = foreign_npz.members(file, "mutant")
    found = {name: foreign_npz.read_array(file, member) for name, member in held.items()}
    assert_agrees(data, found)
