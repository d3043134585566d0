"""Tests of `generators.defect_v1`: what each defect is, and which criteria refuse it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pytest

from generators import defect_v1, simulate_v1, subset_v1
from registry.digests import content_digest
from registry.ptychography.acceptance import Source, as_scan, refusals
from registry.ptychography.noise import Noise
from tests.kit.repository import REPOSITORY, SCHEMAS

PARAMS = {"strategy": "evenly_spaced", "n_subset": 16, "diff3d": True}
Arrays = dict[str, np.ndarray]


@dataclass(frozen=True, kw_only=True)
class Expected:
    """What a defect has to be.

    changed : the arrays that differ from the good fixture's, from these and from the source's
    refused_by : criteria that must refuse it, each of them, at 1e6 photons per frame
    """

    changed: Callable[[Arrays, Arrays], Arrays]
    refused_by: tuple[str, ...]


def frames(change: Callable[[np.ndarray], np.ndarray], *refused_by: str) -> Expected:
    """A defect of the frames alone."""
    return Expected(
        changed=lambda good, _: {"diffraction": change(good["diffraction"])}, refused_by=refused_by
    )


def moved(x: float, y: float, *refused_by: str) -> Expected:
    """A defect of all coordinates."""
    shifts = {"xcoords": x, "ycoords": y}
    return Expected(
        changed=lambda good, _: {key: good[key] + px for key, px in shifts.items() if px},
        refused_by=refused_by,
    )


def replaced(stack: np.ndarray, index: object, value: object) -> np.ndarray:
    """A copy with other values somewhere."""
    stack = stack.copy()
    stack[index] = value
    return stack


def reordered(order: list[int]) -> Callable[[Arrays, Arrays], Arrays]:
    """Coordinates in another order."""
    return lambda good, _: {name: good[name][order] for name in ("xcoords", "ycoords")}


PERMUTED = [5, 8, 2, 12, 10, 3, 1, 0, 4, 13, 11, 9, 7, 6, 14, 15]
FORWARD = list(range(16))
MISALIGNED = [0, 4, 5, 1, 2, 3, *FORWARD[6:]]
DTYPE = ("contract: diff3d.dtype", "contract: diffraction.dtype")
FINITE = ("contract: diff3d.finite", "contract: diffraction.finite", "physics")
NEGATIVE = ("contract: diff3d.range.0", "contract: diffraction.range.0")
SHAPE = ("contract: diff3d.shape.2", "contract: diffraction.shape.2", "contract: positions")

DEFECTS = {
    "first_frames": Expected(
        # in the source (H, W, N), frames are the last axis
        changed=lambda _, source: {
            "diffraction": np.moveaxis(source["diffraction"], -1, 0)[:16].astype("<f4")
        },
        refused_by=("own-match", "alternatives", "chi-square"),
    ),
    "permuted_frames": frames(lambda f: f[PERMUTED], "own-match", "chi-square"),
    "misaligned_frames": Expected(
        changed=reordered(MISALIGNED), refused_by=("own-match", "chi-square")
    ),
    "reversed_coordinates": Expected(
        changed=reordered(FORWARD[::-1]), refused_by=("own-match", "alternatives", "chi-square")
    ),
    "swapped_coordinates": Expected(
        changed=lambda good, _: {"xcoords": good["ycoords"], "ycoords": good["xcoords"]},
        refused_by=("own-match", "alternatives", "chi-square"),
    ),
    "x_plus_1px": moved(1, 0, "alternatives"),
    "x_minus_1px": moved(-1, 0, "alternatives"),
    "y_plus_1px": moved(0, 1, "alternatives"),
    "y_minus_1px": moved(0, -1, "alternatives"),
    "x_plus_8px": moved(8, 0, "alternatives"),
    # the twin's frames lie near the edge of its object
    "x_minus_8px": moved(-8, 0, "inside"),
    "y_plus_8px": moved(0, 8, "alternatives"),
    "y_minus_8px": moved(0, -8, "inside"),
    "half_pixel_plus": moved(0.5, 0.5, "alternatives"),
    "half_pixel_minus": moved(-0.5, -0.5, "alternatives"),
    "x_plus_half_pixel": moved(0.5, 0, "alternatives"),
    "y_minus_half_pixel": moved(0, -0.5, "alternatives"),
    "frame_outside": Expected(
        changed=lambda good, _: {"xcoords": replaced(good["xcoords"], 1, 12.0)},
        refused_by=("inside",),
    ),
    "duplicated_frame": frames(
        lambda f: replaced(f, 2, f[8]), "distinct", "own-match", "chi-square"
    ),
    "duplicated_frame_rescaled": frames(
        lambda f: replaced(f, 2, f[8] * np.float32(1.00001)), "own-match", "chi-square"
    ),
    "frames_last": frames(lambda f: np.moveaxis(f, 0, -1), *SHAPE, "physics"),
    "transposed_frames": frames(
        lambda f: np.swapaxes(f, 1, 2), "own-match", "alternatives", "chi-square"
    ),
    "flipped_rows": frames(lambda f: np.flip(f, 1), "own-match", "alternatives", "chi-square"),
    "flipped_columns": frames(lambda f: np.flip(f, 2), "own-match", "alternatives", "chi-square"),
    "no_fftshift": frames(
        lambda f: np.fft.ifftshift(f, axes=(1, 2)), "own-match", "alternatives", "chi-square"
    ),
    "conjugated_object": Expected(
        changed=lambda good, _: {"objectGuess": np.conj(good["objectGuess"])},
        refused_by=("own-match", "alternatives", "chi-square"),
    ),
    "conjugated_probe": Expected(
        changed=lambda good, _: {"probeGuess": np.conj(good["probeGuess"])},
        refused_by=("own-match", "alternatives", "chi-square"),
    ),
    "intensity": frames(np.square, "alternatives", "chi-square"),
    "double_sqrt": frames(np.sqrt, "alternatives", "chi-square", "scale"),
    "doubled_frames": frames(lambda f: 2 * f, "scale", "chi-square"),
    "float64_frames": frames(lambda f: f.astype("<f8"), *DTYPE),
    "nan_pixel": frames(lambda f: replaced(f, (3, 21, 32), np.nan), *FINITE),
    "negative_amplitude": frames(lambda f: replaced(f, (3, 21, 32), -0.25), *NEGATIVE),
}
# First digits of the content's SHA-256, of a fixture cut from a quarter of the twin.
DIGESTS = {
    "first_frames": "f896ec415725",
    "permuted_frames": "baff94bbe1ad",
    "misaligned_frames": "c0875092af16",
    "reversed_coordinates": "f94fc162a4d8",
    "swapped_coordinates": "d3d15211516a",
    "x_plus_1px": "d9e416b12a73",
    "x_minus_1px": "ad01372835ed",
    "y_plus_1px": "beb702fa7f50",
    "y_minus_1px": "a93b649599eb",
    "x_plus_8px": "06860a36d6bb",
    "x_minus_8px": "9f2ea058eebd",
    "y_plus_8px": "abbd1abab360",
    "y_minus_8px": "46e093932b75",
    "half_pixel_plus": "0ad7fb2ae263",
    "half_pixel_minus": "a1cf2770b0a5",
    "x_plus_half_pixel": "e0e822dda4d8",
    "y_minus_half_pixel": "94dc30b8ecdf",
    "frame_outside": "238853593685",
    "duplicated_frame": "f9a0faac83c3",
    "duplicated_frame_rescaled": "12156b6995e6",
    "frames_last": "72027519e3e1",
    "transposed_frames": "52160fc1c249",
    "flipped_rows": "0102035c1e35",
    "flipped_columns": "979c6771e3a3",
    "no_fftshift": "9a63dab4643c",
    "conjugated_object": "64f63e9afd71",
    "conjugated_probe": "d0d04a682af9",
    "other_probe": "58388bde153f",
    "intensity": "3b003a48003d",
    "double_sqrt": "f697abc63c3d",
    "doubled_frames": "1402c39771e2",
    "float64_frames": "e46f3b78c5bf",
    "nan_pixel": "2c1528dcbfe2",
    "negative_amplitude": "535eb5096219",
}
# What it is has a test of its own.
OTHER_PROBE = Expected(
    changed=lambda good, source: {}, refused_by=("own-match", "alternatives", "chi-square")
)


@pytest.fixture(scope="module")
def twin():
    """A quarter of the twin of params.yaml, in the legacy layout, and its record."""
    whole = simulate_v1._twin(1084)
    few = {key: array[::4] if array.ndim == 1 else array for key, array in whole.items()}
    params = {"seed": 1084, "photons_per_frame": 1e6, "max_amplitude": 1.7036}
    return simulate_v1.generate(params, few)


@pytest.fixture
def judged():
    """Criteria that refuse arrays with a defect, for one who has nothing but these arrays."""

    def judge(arrays: Arrays, good: Arrays, declared: dict) -> set[str]:
        noise = Noise(kind=declared["noise"], photon_scale=declared["photon_scale"])
        scan = as_scan(good)[0]
        source = Source(scan=scan, indices=np.arange(len(scan.x)), noise=noise, strategy="any")
        return {failure.criterion for failure in refusals(arrays, source, SCHEMAS)}

    return judge


def test_every_defect_is_tested():
    """The list here, that of the generator and that of the schema are the same."""
    schema = json.loads((REPOSITORY / "generators/defect_v1.schema.json").read_bytes())
    declared = schema["properties"]["defect"]["enum"]
    assert list(defect_v1.DEFECTS) == declared
    assert sorted({**DEFECTS, "other_probe": None}) == sorted(declared)


@pytest.mark.parametrize("name", DEFECTS)
def test_what_is_planted(twin, name):
    """Exactly the arrays that the name says differ, in exactly that way; the alias follows."""
    source, declared = twin
    params = {**PARAMS, "defect": name}
    arrays, record = defect_v1.generate(params, source, declared)
    good = record["canonical"]
    changed = DEFECTS[name].changed(good, source)
    if "diffraction" in changed:
        changed["diff3d"] = changed["diffraction"]
    assert arrays.keys() == good.keys()
    for key, array in {**good, **changed}.items():
        assert arrays[key].dtype == array.dtype, key
        assert arrays[key].flags.c_contiguous, key
        np.testing.assert_array_equal(arrays[key], array, err_msg=key)
    differing = {key for key in good if arrays[key].tobytes() != good[key].tobytes()}
    if name == "float64_frames":
        differing |= {"diffraction", "diff3d"}
    assert differing == set(changed), "something else differs, or nothing does"


@pytest.mark.parametrize("name", [*DEFECTS, "other_probe"])
def test_a_defect_is_refused(twin, judged, name):
    """The criteria that should refuse it do so, by the arrays alone."""
    source, declared = twin
    arrays, record = defect_v1.generate({**PARAMS, "defect": name}, source, declared)
    expected = set(DEFECTS.get(name, OTHER_PROBE).refused_by)
    fired = judged(arrays, record["canonical"], declared)
    assert expected <= fired, f"not refused by {expected - fired}, only by {fired}"


def test_without_a_defect(twin, judged):
    """The fixture in which defects are planted is refused by nothing."""
    source, declared = twin
    _, record = defect_v1.generate({**PARAMS, "defect": "nan_pixel"}, source, declared)
    good = record["canonical"]
    assert judged(good, good, declared) == set()


@pytest.mark.slow
@pytest.mark.parametrize(
    "name",
    [
        "first_frames", "permuted_frames", "flipped_rows", "flipped_columns", "conjugated_probe",
        "other_probe",
    ],
)  # fmt: skip
def test_defects_of_a_real_scan_are_refused(reconstruction, judged, name):
    """In the scan that the real reconstruction gives, too; tests of the checks have the others."""
    few = {key: array[::16] if array.ndim == 1 else array for key, array in reconstruction.items()}
    source, declared = simulate_v1.generate({"seed": 1, "photons_per_frame": 1e5}, few)
    arrays, record = defect_v1.generate({**PARAMS, "defect": name}, source, declared)
    expected = {"own-match", "alternatives", "chi-square"}
    if name == "permuted_frames":
        expected.remove("alternatives")
    fired = judged(arrays, record["canonical"], declared)
    assert expected <= fired, f"not refused by {expected - fired}, only by {fired}"


def test_other_probe(twin):
    """Another probe of the same power, focused in the middle of the window; nothing else."""
    source, declared = twin
    arrays, record = defect_v1.generate({**PARAMS, "defect": "other_probe"}, source, declared)
    own, other = record["canonical"].pop("probeGuess"), arrays.pop("probeGuess")
    assert content_digest(arrays) == content_digest(record["canonical"])
    assert (other.dtype.str, other.shape) == ("<c8", (64, 64))
    power = np.abs(other.astype(complex)) ** 2
    assert power.sum() == pytest.approx((np.abs(own.astype(complex)) ** 2).sum(), rel=1e-6)
    rows, columns = np.indices(power.shape)
    assert (rows * power).sum() / power.sum() == pytest.approx(32, abs=1)
    assert (columns * power).sum() / power.sum() == pytest.approx(32, abs=1)
    correlation = np.abs(np.vdot(own, other)) / power.sum()
    assert correlation < 0.9


def test_the_record(twin):
    """The sidecar says what is wrong, and what the fixture would be without it."""
    source, declared = twin
    _, record = defect_v1.generate({**PARAMS, "defect": "no_fftshift"}, source, declared)
    good, cut = subset_v1.generate(PARAMS, source, declared)
    assert content_digest(record["canonical"]) == content_digest(good)
    assert record["defect"] == {
        "name": "no_fftshift",
        "description": "zero frequency in the corner of each frame",
    }
    assert record["transformations"] == [
        *cut["transformations"],
        "defect planted: zero frequency in the corner of each frame",
    ]
    assert record["subset_indices"] == cut["subset_indices"]


def test_patches_do_not_have_the_defect(twin):
    """Y stays that of the good fixture, and disagrees with moved coordinates."""
    source, declared = twin
    params = {**PARAMS, "Y": True, "defect": "swapped_coordinates"}
    arrays, record = defect_v1.generate(params, source, declared)
    np.testing.assert_array_equal(arrays["Y"], record["canonical"]["Y"])


@pytest.mark.parametrize("n", [16, 19, 64, 128])
def test_orders_of_any_size(n):
    """Permuted and misaligned frames are a permutation that moves what it should."""
    assert sorted(defect_v1._shuffled(n)) == list(range(n))
    assert (defect_v1._shuffled(n) != np.arange(n)).mean() > 0.8
    order = defect_v1._partly_rolled(n)
    assert sorted(order) == list(range(n))
    assert (order != np.arange(n)).sum() == n * 5 // 16


def test_twenty_of_64_are_misaligned():
    """As many as in the first issue's list of defects."""
    assert (defect_v1._partly_rolled(64) != np.arange(64)).sum() == 20


def test_an_unknown_defect(twin):
    """It is named, beside those that there are."""
    source, declared = twin
    with pytest.raises(ValueError, match=r"defect: expected one of first_frames, .*, found worse"):
        defect_v1.generate({**PARAMS, "defect": "worse"}, source, declared)


def test_the_same_bits_on_every_machine(twin):
    """Content of a fixture with each defect, one after another."""
    source, declared = twin
    found = {
        name: content_digest(defect_v1.generate({**PARAMS, "defect": name}, source, declared)[0])
        for name in defect_v1.DEFECTS
    }
    assert {name: digest[:12] for name, digest in found.items()} == DIGESTS


def test_the_page_lists_every_defect():
    """docs/variants.md says of each what is wrong, and names the criteria asserted here."""
    page = (REPOSITORY / "docs" / "variants.md").read_text(encoding="utf-8")
    table = page.partition("| `defect` | what is wrong | refused by |\n")[2].partition("\n\n")[0]
    assert table.splitlines()[1:] == [
        f"| `{name}` | {description} | {', '.join(DEFECTS.get(name, OTHER_PROBE).refused_by)} |"
        for name, (description, _) in defect_v1.DEFECTS.items()
    ]
