"""One line for a consumer's test, on what `registry.load` gives and on arrays of a test's own."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import registry
from registry.errors import UsageError
from registry.fixture import Fixture
from registry.ptychography import assert_consistent, planted
from registry.ptychography.acceptance import as_scan
from registry.ptychography.forward import object_patches
from registry.ptychography.mistakes import MISTAKES
from registry.ptychography.noise import Noise, recorded
from tests.kit.repository import REPOSITORY, SCHEMAS

BY_NAME = {mistake.name: mistake for mistake in MISTAKES}


def load(name: str) -> Fixture:
    """A published fixture."""
    return registry.load(name, root=REPOSITORY)


@pytest.fixture(scope="module")
def sixteen():
    """The smallest published fixture."""
    return load("minimal_dataset_v1_n16")


@pytest.fixture(scope="module")
def findings(sixteen):
    """What is recorded of the mistakes in it."""
    return planted.record(dict(sixteen), recorded(sixteen.sidecar), SCHEMAS)


def other(fixture: Fixture, **changed: np.ndarray) -> Fixture:
    """The fixture with other arrays, as a test that plants a mistake is given it."""
    return replace(fixture, arrays={**fixture.arrays, **changed})


@pytest.mark.slow
@pytest.mark.parametrize("suffix", ["", "_n128", "_supervised", "_labelled"])
def test_published_fixtures_are_consistent(suffix):
    """Whoever asserts it of one is not disappointed."""
    assert_consistent(load(f"minimal_dataset_v1{suffix}"))


def test_a_fixture_is_consistent(sixteen):
    """And so are its arrays alone, in memory of the test's own."""
    assert_consistent(sixteen)
    copies = {key: array.copy() for key, array in sixteen.items()}
    assert_consistent(copies, noise=recorded(sixteen.sidecar))


@pytest.mark.usefixtures("remembered_models")
@pytest.mark.parametrize("name", BY_NAME)
def test_what_the_record_finds_is_found(sixteen, findings, name):
    """By a criterion that the record has, where there is one."""
    assert name in findings["found"], "the record does not find it"
    with pytest.raises(AssertionError) as caught:
        assert_consistent(other(sixteen, **BY_NAME[name].plant(sixteen)))
    first, *failures = str(caught.value).split("\n  ")
    assert first.startswith("minimal_dataset_v1_n16: "), "not by its name"
    assert first.endswith((" criteria not met", "1 criterion not met")), first
    families = {criterion.partition(":")[0] for criterion in findings["found"][name]}
    assert any(line.startswith(tuple(families)) for line in failures), failures


def test_all_failures_are_in_one_message(sixteen):
    """None hides another."""
    frames = sixteen.diffraction.astype("<f8")[::-1] * 2
    with pytest.raises(AssertionError) as caught:
        assert_consistent(other(sixteen, diffraction=frames))
    criteria = {line.split(": expected")[0] for line in str(caught.value).split("\n  ")[1:]}
    expected = {"contract: diffraction.dtype", "contract: diff3d", "scale", "own-match"}
    assert expected <= criteria, f"without {expected - criteria}"


def test_a_failed_test_shows_the_line_that_asserts(sixteen):
    """Not a frame of ours below it."""
    with pytest.raises(AssertionError) as caught:
        assert_consistent(other(sixteen, xcoords=sixteen.xcoords[::-1]))
    assert caught.traceback[-1].ishidden(caught), "our own frame is shown"


def test_patches_are_held_against_the_object(sixteen):
    """Where there are any."""
    scan, _ = as_scan(sixteen)
    patches = object_patches(scan.obj, scan.x, scan.y, scan.shape).astype("<c8")
    assert_consistent(other(sixteen, Y=patches))
    with pytest.raises(AssertionError, match=r"1 criterion not met\n  patches: expected Y to hold"):
        assert_consistent(other(sixteen, Y=patches[::-1]))


def test_measured_frames_are_held_against_their_own_errors(sixteen):
    """Without the source there is no other distribution."""
    measured = Noise(kind="measured")
    assert_consistent(dict(sixteen), noise=measured)
    frames = sixteen.diffraction.copy()
    frames[3] = np.sqrt(frames[3] ** 2 + 0.2)
    with pytest.raises(AssertionError, match="the worst is frame 3 with"):
        assert_consistent({**sixteen, "diffraction": frames, "diff3d": frames}, noise=measured)


def test_data_that_cannot_tell_are_not_asserted(sixteen):
    """An object of ones explains an empty beam, at whatever positions: that is no consistency."""
    scan, _ = as_scan(dict(sixteen))
    empty = replace(scan, obj=np.ones_like(scan.obj))
    noise = np.random.RandomState(3).normal(0, 1e-3, scan.frames.shape)
    beam = {
        **sixteen,
        "objectGuess": empty.obj.astype("<c8"),
        "diffraction": np.abs(empty.model() + noise).astype("<f4"),
    }
    beam["diff3d"] = beam["diffraction"]
    with pytest.raises(AssertionError) as caught:
        assert_consistent(beam, noise=Noise(kind="measured"))
    assert (
        "proof: expected data that can tell; found models of different positions are the same "
        "but for rounding"
    ) in str(caught.value)


def test_a_fixture_in_another_form(sixteen):
    """It is held against its own contract, and its physics as DATA-001 has it."""
    scale = sixteen.sidecar.details["photon_scale"]
    last = np.ascontiguousarray(np.moveaxis(sixteen.diffraction, 0, -1)).astype("<f8")
    wide = {key: sixteen[key].astype("<c16") for key in ("objectGuess", "probeGuess")}
    counts = (np.square(sixteen.diffraction, dtype=np.float64) * scale).astype("<f4")
    for contract, changed in {
        "data_001_legacy_v1": {"diffraction": last, "diff3d": last, **wide},
        "data_001_intensity_v1": {"diffraction": counts, "diff3d": counts},
    }.items():
        sidecar = replace(sixteen.sidecar, contract=f"{contract}.schema.json")
        assert_consistent(replace(other(sixteen, **changed), sidecar=sidecar))
        with pytest.raises(AssertionError, match=r"contract: diffraction\.(dtype|range\.1)"):
            assert_consistent(other(sixteen, **changed))


def test_what_numpy_takes_for_arrays(sixteen):
    """Lists, or tensors of a loader under test."""
    lists = {key: array.tolist() for key, array in sixteen.items()}
    with pytest.raises(AssertionError, match=r"contract: diffraction\.dtype: expected <f4"):
        assert_consistent(lists, noise=recorded(sixteen.sidecar))


def test_arrays_without_a_noise(sixteen):
    """What their photons explain, nobody could know."""
    with pytest.raises(UsageError, match="the noise in them, which no sidecar records") as caught:
        assert_consistent(dict(sixteen))
    assert "recorded(fixture.sidecar)" in caught.value.remedy, "no remedy"


@pytest.mark.parametrize("noise", [None, Noise(kind="none")], ids=["without", "with"])
def test_a_fixture_of_another_field(sixteen, noise):
    """Nothing here knows what its arrays should be, whatever noise they are said to have."""
    sidecar = replace(sixteen.sidecar, field="audio")
    with pytest.raises(UsageError, match="found:    field audio"):
        assert_consistent(replace(sixteen, sidecar=sidecar), noise)


@pytest.mark.parametrize("verdict", ["not checked", "undecided"])
def test_what_was_not_checked_is_not_asserted(sixteen, verdict):
    """An assertion that could not fail would say that all is well."""
    sidecar = replace(sixteen.sidecar, verdict=verdict, reason="it has no object")
    with pytest.raises(AssertionError, match=f"found {verdict}: it has no object"):
        assert_consistent(replace(sixteen, sidecar=sidecar))


@pytest.mark.parametrize("name", ["diffraction", "objectGuess", "probeGuess", "xcoords"])
def test_an_array_that_is_missing(sixteen, name):
    """In words, twice: by the contract, and by what cannot be asked without it."""
    arrays = {key: array for key, array in sixteen.items() if key != name}
    with pytest.raises(AssertionError) as caught:
        assert_consistent(arrays, noise=recorded(sixteen.sidecar))
    assert f"contract: {name}: expected an array {name} (" in str(caught.value)
    assert f"found no {name}" in str(caught.value)


@pytest.mark.parametrize("given", [None, "minimal_dataset_v1", np.zeros(3)], ids=repr)
def test_what_is_no_mapping(given):
    """The message says what may be given."""
    with pytest.raises(UsageError) as caught:
        assert_consistent(given, noise=Noise(kind="none"))
    assert caught.value.expected == "a fixture, or a mapping of arrays by their names"
    assert caught.value.found == f"a {type(given).__name__}"


@pytest.mark.parametrize("noise", ["poisson", 1e6], ids=repr)
def test_what_is_no_noise(sixteen, noise):
    """So it does of the noise."""
    with pytest.raises(UsageError) as caught:
        assert_consistent(sixteen, noise=noise)
    assert caught.value.expected == "a registry.ptychography.noise.Noise"
    assert caught.value.found == repr(noise)


class Tracked:
    """As a tensor that numpy is not given."""

    def __array__(self, *args: object, **kinds: object) -> np.ndarray:
        raise RuntimeError("use detach()")


@pytest.mark.parametrize(
    ("values", "found"),
    [
        (np.array([None, 1.0]), "an array of Python objects"),
        ([[1.0, 2.0], [3.0]], "ValueError: setting an array element"),
        (Tracked(), "RuntimeError: use detach()"),
    ],
    ids=["objects", "ragged", "tracked"],
)
def test_what_numpy_takes_for_no_array(sixteen, values, found):
    """The array is named."""
    with pytest.raises(UsageError) as caught:
        assert_consistent({**sixteen, "Y": values}, noise=recorded(sixteen.sidecar))
    assert caught.value.subject == "assert_consistent: array 'Y'"
    assert caught.value.found.startswith(found), caught.value


def test_nothing_at_all():
    """An empty mapping is refused like any other."""
    with pytest.raises(AssertionError, match="these arrays: 6 criteria not met"):
        assert_consistent({}, noise=Noise(kind="none"))


def test_the_package_has_two_public_names():
    """Any other is an attribute error."""
    import registry.ptychography

    assert registry.ptychography.__all__ == ["FixtureDataset", "assert_consistent"]
    with pytest.raises(AttributeError, match=r"module 'registry.ptychography' has no attribute"):
        registry.ptychography.assert_consistant  # noqa: B018
