"""Tests of `registry.build.regenerate`.

Verdicts on arrays, and real rebuilds that touch nothing.
"""

from __future__ import annotations

import io
import shutil
from pathlib import Path

import numpy as np
import pytest

from registry.build import regenerate
from registry.build.regenerate import RebuiltArray
from registry.compare import array_difference
from registry.errors import MissingError
from registry.identity import npz, pins
from tests.kit.repository import REPOSITORY

NAME = "minimal_dataset_v1_n16"
OTHER = "minimal_dataset_v1"
ARRAYS = [
    "diff3d", "diffraction", "objectGuess", "probeGuess",
    "xcoords", "xcoords_start", "ycoords", "ycoords_start",
]  # fmt: skip


@pytest.fixture
def compare(tmp_path):
    """Verdicts on two sets of arrays, or on the bytes of two files."""

    def call(pinned, rebuilt) -> list[RebuiltArray]:
        paths = []
        for name, content in (("pinned", pinned), ("rebuilt", rebuilt)):
            path = tmp_path / f"{name}.npz"
            path.write_bytes(content if isinstance(content, bytes) else npz.encode(content))
            paths.append(path)
        return regenerate.compare(*paths, subject="fixture a_v1")

    return call


def of_numpy(arrays: dict[str, np.ndarray]) -> bytes:
    """The arrays in numpy's own, deflated container."""
    file = io.BytesIO()
    np.savez_compressed(file, **arrays)
    return file.getvalue()


def up(array: np.ndarray, index: object, steps: int) -> np.ndarray:
    """A copy in which one value is that many representable ones higher."""
    copy = array.copy()
    for _ in range(steps):
        copy[index] = np.nextafter(copy[index], np.inf, dtype=copy.dtype)
    return copy


FRAMES = np.linspace(0, 1.5, 24, dtype="<f4").reshape(2, 3, 4)
COORDS = np.linspace(34.4, 79.2, 5)
PROBE = (np.linspace(-1, 1, 6) + 1j * np.linspace(2, 3, 6)).astype("<c8").reshape(2, 3)
INDEX = np.arange(5)


def test_identical(compare):
    """The same bytes are the same arrays."""
    found = compare({"a": FRAMES, "b": COORDS}, {"a": FRAMES, "b": COORDS})
    assert found == [RebuiltArray(array=name, verdict="identical") for name in "ab"]
    assert all(verdict.good for verdict in found), "what is identical is not good"


def test_container_differs_only(compare):
    """The same arrays in another container: no value moved, but these are not the pinned bytes."""
    found = compare(of_numpy({"a": FRAMES, "b": COORDS}), {"a": FRAMES, "b": COORDS})
    assert found == [RebuiltArray(array=name, verdict="container differs only") for name in "ab"]
    assert not any(verdict.good for verdict in found), "other bytes pass for the pinned ones"


def test_other_arrays_are_not_to_blame(compare):
    """Where one array differs, the others are identical, and the container is not mentioned."""
    found = compare({"a": FRAMES, "n": INDEX}, {"a": FRAMES, "n": INDEX + 1})
    assert [(verdict.array, verdict.verdict) for verdict in found] == [
        ("a", "identical"),
        ("n", "different"),
    ]


@pytest.mark.parametrize(
    ("before", "after", "verdict", "detail"),
    [
        (FRAMES, up(FRAMES, (1, 0, 2), 4), "within tolerance",
         "1 of 24 values, first at (1, 0, 2); largest 4 ULP at (1, 0, 2)"),
        (FRAMES, up(FRAMES, (1, 0, 2), 5), "different",
         "1 of 24 values, first at (1, 0, 2); largest 5 ULP at (1, 0, 2)"),
        (FRAMES, up(up(FRAMES, (0, 0, 1), 1), (1, 2, 3), 3), "within tolerance",
         "2 of 24 values, first at (0, 0, 1); largest 3 ULP at (1, 2, 3)"),
        (COORDS, up(COORDS, 3, 1), "within tolerance",
         "1 of 5 values, first at (3,); largest 1 ULP at (3,)"),
        (COORDS, up(COORDS, 3, 7), "different",
         "1 of 5 values, first at (3,); largest 7 ULP at (3,)"),
        (COORDS.astype("<f2"), up(COORDS.astype("<f2"), 0, 2), "within tolerance",
         "1 of 5 values, first at (0,); largest 2 ULP at (0,)"),
        (PROBE, PROBE + np.complex64(1j), "different",
         "6 of 6 values, first at (0, 0); largest 4194304 ULP at (0, 0)"),
        (np.array(1.0), np.array(np.nextafter(1.0, 2)), "within tolerance",
         "1 of 1 values, first at (); largest 1 ULP at ()"),
    ],
    ids=["4 ULP", "5 ULP", "two values", "float64", "float64 far", "float16", "complex", "0-d"],
)  # fmt: skip
def test_floats_that_differ(compare, before, after, verdict, detail):
    """How many values, the first one, and the largest distance with its place; 4 ULP pass."""
    expected = [RebuiltArray(array="a", verdict=verdict, detail=detail)]
    assert compare({"a": before}, {"a": after}) == expected, "not the verdict expected"


def test_complex_values_by_the_part_that_is_further_off(compare):
    """The real part is off by one step, the imaginary part by three: three it is."""
    after = PROBE.copy()
    after.real[0, 1] = np.nextafter(after.real[0, 1], np.float32(9))
    for _ in range(3):
        after.imag[0, 1] = np.nextafter(after.imag[0, 1], np.float32(9))
    (found,) = compare({"a": PROBE}, {"a": after})
    assert found.detail == "1 of 6 values, first at (0, 1); largest 3 ULP at (0, 1)"
    assert found.verdict == "within tolerance", "3 ULP are too many"


def test_the_sign_of_zero(compare):
    """A zero that lost its sign is other bytes, and no step away."""
    (found,) = compare({"a": np.array([1.0, -0.0])}, {"a": np.array([1.0, 0.0])})
    assert found.detail == "1 of 2 values, first at (1,); largest 0 ULP at (1,)"
    assert found.verdict == "within tolerance", "0 ULP are too many"


def test_numbers_around_zero(compare):
    """Of the smallest numbers below and above zero, one is two steps from the other."""
    tiny = np.float32(1e-45)
    (found,) = compare({"a": np.array([-tiny])}, {"a": np.array([tiny])})
    assert found.detail == "1 of 1 values, first at (0,); largest 2 ULP at (0,)"


def test_the_ends_of_a_dtype():
    """More steps than a signed number can count are counted all the same."""
    limits = np.finfo(np.float64)
    found = array_difference.ulp_distance(np.array([limits.min]), np.array([limits.max]))
    assert found[0] == 18437736874454810622.0, "the distance wrapped around"


@pytest.mark.parametrize(
    ("before", "after"),
    [(1.0, np.nan), (np.nan, 1.0), (np.inf, 1.0), (np.inf, np.nan), (np.inf, -np.inf)],
)
def test_what_is_not_finite(compare, before, after):
    """A value that became NaN or infinite, or no longer is, is further off than any tolerance."""
    (found,) = compare({"a": np.array([0.0, before])}, {"a": np.array([0.0, after])})
    assert found.verdict == "different", "it passes for a rounding error"
    assert found.detail == "1 of 2 values, first at (1,); largest inf ULP at (1,)"


def test_nan_is_itself(compare):
    """The same NaN in both is no difference."""
    array = np.array([1.0, np.nan])
    (found,) = compare({"a": array}, {"a": array})
    assert found == RebuiltArray(array="a", verdict="identical")


@pytest.mark.parametrize(
    ("before", "after", "detail"),
    [
        (COORDS, COORDS.astype("<f4"), "dtype <f8 -> <f4"),
        (INDEX, INDEX.astype("<f8"), "dtype <i8 -> <f8"),
        (COORDS, COORDS[:4], "shape (5,) -> (4,)"),
        (FRAMES, FRAMES.reshape(4, 3, 2), "shape (2, 3, 4) -> (4, 3, 2)"),
        (INDEX, INDEX[::-1], "4 of 5 values, first at (0,)"),
        (INDEX > 2, INDEX > 3, "1 of 5 values, first at (3,)"),
    ],
    ids=["precision", "kind", "length", "axes", "order", "flags"],
)
def test_what_no_tolerance_covers(compare, before, after, detail):
    """Another dtype, another shape, other whole numbers: different, with what is."""
    (found,) = compare({"a": before}, {"a": after})
    assert found == RebuiltArray(array="a", verdict="different", detail=detail)


def test_another_byte_order(compare):
    """A pinned file of another tool may have one; the dtype tells it."""
    (found,) = compare(of_numpy({"a": COORDS.astype(">f8")}), {"a": COORDS})
    assert found == RebuiltArray(array="a", verdict="different", detail="dtype >f8 -> <f8")


def test_added_and_missing_arrays(compare):
    """An array in only one of the two is different, and it is said in which."""
    found = compare({"a": FRAMES, "b": INDEX}, {"b": INDEX, "c": COORDS})
    assert found == [
        RebuiltArray(array="a", verdict="different", detail="only in the pinned fixture"),
        RebuiltArray(array="b", verdict="identical"),
        RebuiltArray(array="c", verdict="different", detail="only in the rebuilt fixture"),
    ]


@pytest.fixture
def buildable(root):
    """The registry with all that its stages run."""
    shutil.copytree(
        REPOSITORY / "generators",
        root / "generators",
        dirs_exist_ok=True,
        ignore=shutil.ignore_patterns("__pycache__"),
    )
    return root


def edit(path: Path, old: str, new: str) -> None:
    """Replace a text that is in a file once."""
    text = path.read_text()
    assert text.count(old) == 1, f"{old!r} is in {path.name} {text.count(old)} times"
    path.write_text(text.replace(old, new))


def state(root: Path) -> dict[str, tuple[int, bytes]]:
    """Time and bytes of every file."""
    return {
        str(path.relative_to(root)): (path.stat().st_mtime_ns, path.read_bytes())
        for path in root.rglob("*")
        if path.is_file()
    }


SHIFT = """\
    arrays = {}
    for _ in range(2):
        found["xcoords"] = np.nextafter(found["xcoords"], np.inf)
"""


@pytest.mark.slow
def test_an_edited_generator(buildable):
    """Coordinates that moved are found, at the array and with how far; so is the sidecar."""
    edit(buildable / "generators" / "subset_v1.py", "    arrays = {}\n", SHIFT)
    before = state(buildable)
    (found,) = regenerate.regenerate(buildable, [pins.find(buildable, NAME)])
    differing = [item for item in found.arrays if item.verdict != "identical"]
    assert [(item.array, item.verdict) for item in differing] == [("xcoords", "within tolerance")]
    assert differing[0].detail.startswith("16 of 16 values, first at (0,); largest 2 ULP at ("), (
        f"the detail reads: {differing[0].detail}"
    )
    assert (found.sidecar_same, found.good, found.exit_code) == (False, False, 1)
    assert state(buildable) == before, "the workspace was touched"


@pytest.mark.slow
def test_a_declaration_that_changed(buildable):
    """Arrays that came out again do not make up for a sidecar that did not."""
    edit(
        buildable / "params.yaml",
        "  minimal_dataset_v1_n16:\n    <<: *minimal_dataset_v1\n",
        "  minimal_dataset_v1_n16:\n    <<: *minimal_dataset_v1\n"
        '    created: "2030-01-01T00:00:00Z"\n',
    )
    (found,) = regenerate.regenerate(buildable, [pins.find(buildable, NAME)])
    assert {item.verdict for item in found.arrays} == {"identical"}, "the date moved an array"
    assert (found.sidecar_same, found.good, found.exit_code) == (False, False, 1)


@pytest.mark.slow
def test_one_is_rebuilt_and_one_lacks_its_file(buildable):
    """The latter fails with exit code 3; the other comes out again, and nothing is touched."""
    declared = buildable / "params.yaml"
    edit(
        declared,
        "\nsources:\n",
        "\nsources:\n  mine:\n    generator: file_v1\n    path: private/scan.npz\n"
        f'    sha256: "{"0" * 64}"\n    noise: measured\n    licence: MIT\n',
    )
    entry = "    generator: subset_v1\n    source: "
    edit(declared, f"{entry}run1084_twin\n", f"{entry}mine\n")
    entry = "  minimal_dataset_v1_n16:\n    <<: *minimal_dataset_v1\n"
    edit(declared, entry, f"{entry}    source: run1084_twin\n")
    before = state(buildable)
    chosen = [pins.find(buildable, name) for name in (OTHER, NAME)]
    failed, good = regenerate.regenerate(buildable, chosen)
    assert (failed.exit_code, failed.arrays) == (3, []), "not missing"
    assert failed.failure.startswith("source mine: rebuild\n"), failed.failure
    assert "private/scan.npz" in failed.failure, "the file is not named"
    assert "Traceback" not in failed.failure, "a traceback for a missing file"
    assert (good.name, good.sidecar_same, good.good) == (NAME, True, True), "not rebuilt"
    assert good.arrays == [RebuiltArray(array=name, verdict="identical") for name in ARRAYS]
    assert state(buildable) == before, "the workspace was touched"


def test_a_generator_that_refuses(buildable):
    """What it says is told, with exit code 1; no stage of the source runs for long."""
    path = buildable / "generators" / "simulate_v1.py"
    head, _, _ = path.read_text().partition("def generate(")
    path.write_text(head + 'def generate(params, file):\n    raise ValueError("too dark")\n')
    (found,) = regenerate.regenerate(buildable, [pins.find(buildable, NAME)])
    assert (found.good, found.exit_code) == (False, 1), "not a failed check"
    assert found.failure.splitlines()[:2] == [
        "source run1084_twin: rebuild",
        "  expected: its generator to build it again",
    ], found.failure
    assert "found:    too dark" in found.failure, "the generator's reason is not told"
    assert found.failure.endswith(
        "to mend:  dvc repro source@run1084_twin shows the same in place"
    ), found.failure


def test_a_fixture_that_is_no_longer_declared(buildable):
    """A pin without an entry cannot be rebuilt, and the message says so."""
    path = buildable / "params.yaml"
    entry = "  minimal_dataset_v1_n16:\n    <<: *minimal_dataset_v1\n    n_subset: 16\n"
    edit(path, entry, "")
    edit(path, f"    n16_g2: {{fixture: {NAME}, gridsize: 2}}\n", "")
    (found,) = regenerate.regenerate(buildable, [pins.find(buildable, NAME)])
    assert (found.good, found.exit_code) == (False, 1), "not a failed check"
    assert found.failure.splitlines()[0] == f"fixture {NAME}", "the fixture is not named"
    assert "git checkout -- params.yaml" in found.failure, "no remedy"


def test_a_repository_that_declares_nothing(root):
    """Where fixtures are imported there is nothing to rebuild them from."""
    (root / "params.yaml").unlink()
    with pytest.raises(MissingError, match=r"params\.yaml"):
        regenerate.regenerate(root, [pins.find(root, NAME)])


def test_a_bad_workspace_file_is_reported_and_stays(buildable):
    """A load would replace it by good bytes from the cache; this does not touch it."""
    pin = pins.find(buildable, NAME)
    good = (buildable / pin.path).read_bytes()
    cached = buildable / ".dvc" / "cache" / "files" / "md5" / pin.md5[:2] / pin.md5[2:]
    cached.parent.mkdir(parents=True)
    cached.write_bytes(good)
    bad = good[:-1] + b"\1"
    (buildable / pin.path).write_bytes(bad)
    (found,) = regenerate.regenerate(buildable, [pin])
    assert "broken link sidecar -> bytes" in found.failure, "the broken link is not named"
    assert (buildable / pin.path).read_bytes() == bad, "the workspace was touched"
