"""Tests of a fixture with a mistake, before any test gets it."""

from __future__ import annotations

import numpy as np
import pytest

from registry import digests, field
from registry.arrays.field import Arrays
from registry.identity import npz
from registry.identity.inventory import inventory
from registry.mistake import Mistake
from registry.mutants import stored
from registry.mutants.mutant import Mutant, mutants_of


@pytest.fixture
def plant(project):
    """The fixture with what a function makes of its arrays."""

    def plant(change):
        mistake = Mistake(name="it", meaning="it", test="it", plant=change)
        return Mutant(fixture=project.tones, mistake=mistake).planted()

    return plant


def test_a_field_that_nobody_knows(project):
    """Its fixtures have the mistakes that any arrays may have."""
    names = [mutant.mistake.name for mutant in mutants_of(project.tones)]
    assert "permuted_rows" in names, "not the mistakes of arrays"
    assert project.tones.sidecar.field == "audio", "another field, so this tests nothing"


def test_a_field_that_names_its_mistakes(project, monkeypatch):
    """What is planted are the mistakes of the fixture's own field."""
    mine = Mistake(name="mine", meaning="it", test="it", plant=dict)
    audio = type("Audio", (Arrays,), {"name": "audio", "mistakes": lambda self: [mine]})()
    monkeypatch.setattr(field, "of", {"audio": audio}.__getitem__)
    assert [mutant.mistake for mutant in mutants_of(project.tones)] == [mine]


@pytest.mark.parametrize("name", ["arrays", "ptychography"])
def test_the_mistakes_of_a_field(name):
    """There are some, and no two have a name."""
    found = field.find(name).mistakes()
    assert all(isinstance(mistake, Mistake) for mistake in found), "something else among them"
    assert len({mistake.name for mistake in found}) == len(found) > 0, "none, or a name twice"


@pytest.mark.parametrize(
    "change",
    [
        lambda arrays: {},
        lambda arrays: {"samples": arrays["samples"].copy()},
        lambda arrays: {"samples": arrays["samples"] * np.float32(1)},
    ],
    ids=["nothing", "copies", "times one"],
)
def test_arrays_that_are_the_same(plant, change):
    """A mistake that changes no bit is none."""
    assert plant(change) is None, "a mistake that nobody could notice"


@pytest.mark.parametrize(
    "change",
    [
        lambda samples: samples.astype("<f8"),
        lambda samples: samples.reshape(4, 8, 8),
        lambda samples: np.where(samples == 0, np.float32(-0.0), samples),
    ],
    ids=["dtype", "shape", "sign of zero"],
)
def test_arrays_with_the_same_values(plant, change):
    """Another dtype, another shape, another bit: each is a mistake."""
    changed = plant(lambda arrays: {"samples": change(arrays["samples"])})
    assert changed is not None, "not taken for a mistake"


def test_the_sidecar_is_that_of_the_arrays(plant, project):
    """Digests, size and inventory are new; all else is as it was."""
    changed = plant(lambda arrays: {"samples": arrays["samples"] * 2})
    document = changed.sidecar.to_dict()
    assert document["size"] == len(npz.encode(changed.arrays)), "another size"
    assert document["arrays"] == inventory(changed.arrays), "another inventory"
    before = project.tones.sidecar.to_dict()
    differing = {key for key in before if before[key] != document[key]}
    assert differing == {"sha256_checksum", "content_sha256", "arrays"}, "more than the arrays"


def test_it_is_read_as_it_was_written(plant, tmp_path):
    """A child finds the same arrays and the same sidecar, and a file that is theirs."""
    changed = plant(lambda arrays: {"samples": arrays["samples"] * 2})
    stored.write(tmp_path / "run", changed)
    found = stored.read(tmp_path / "run")
    assert npz.encode(found.arrays) == npz.encode(changed.arrays), "other arrays"
    assert (found.name, found.sidecar) == (changed.name, changed.sidecar), "another sidecar"
    assert found.path.read_bytes() == npz.encode(changed.arrays), "another file"


def test_arrays_that_no_canonical_archive_holds(plant, tmp_path):
    """A test gets them all the same, as the loader that made the mistake would have them."""
    changed = plant(lambda arrays: {"samples": arrays["samples"].astype(">f4")})
    stored.write(tmp_path / "run", changed)
    found = stored.read(tmp_path / "run")
    assert found.samples.dtype.str == ">f4", "another byte order"
    assert found.sidecar.arrays["samples"]["dtype"] == ">f4", "not in the sidecar"
    data = found.path.read_bytes()
    assert (digests.sha256(data), len(data)) == (
        found.sidecar.sha256_checksum,
        found.sidecar.size,
    ), "a sidecar of another file"


def test_arrays_that_cannot_be_written(plant):
    """What no archive holds is an error, and no mutant."""
    with pytest.raises(TypeError, match="array of references"):
        plant(lambda arrays: {"samples": np.array([[], {}, None], dtype=object)})
