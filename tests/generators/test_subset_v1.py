"""Tests of `generators.subset_v1`."""

from __future__ import annotations

import numpy as np
import pytest

from generators import subset_v1
from registry.digests import content_digest

N = 20
AMPLITUDE = {"layout": None, "measurement": "amplitude"}


def params(strategy: str = "evenly_spaced", n_subset: int = 5, **others):
    """Parameters of a fixture."""
    return {"strategy": strategy, "n_subset": n_subset, **others}


@pytest.fixture
def source():
    """A scan of 20 positions in the legacy layout, each frame filled with the position's number.

    Positions run along a serpentine of 5 columns and 4 rows over an object of 16 x 18 pixels.
    """
    index = np.arange(N)
    row, column = index // 5, index % 5
    column = np.where(row % 2 == 0, column, 4 - column)
    rows, columns = np.indices((16, 18))
    return {
        "diffraction": np.broadcast_to(index.astype(float), (4, 8, N)).copy(),
        "objectGuess": rows + 1j * columns,
        "probeGuess": np.full((4, 8), 1 + 2j),
        "xcoords": 4.0 + 2.5 * column,
        "ycoords": 2.0 + 4.0 * row,
        "xcoords_start": 100.0 + index,
        "ycoords_start": 200.0 + index,
        "scan_index": index // 10,
        "unknown": np.zeros(3),
    }


def generate(source, declared=AMPLITUDE, **given):
    """Arrays and record of a subset."""
    return subset_v1.generate(params(**given), source, declared)


# Which positions


@pytest.mark.parametrize(
    ("strategy", "n", "seed", "expected"),
    [
        ("evenly_spaced", 5, None, [0, 4, 9, 14, 19]),
        ("evenly_spaced", 16, None, [0, 1, 2, 3, 5, 6, 7, 8, 10, 11, 12, 13, 15, 16, 17, 19]),
        ("evenly_spaced", 20, None, list(range(20))),
        ("first", 5, None, [0, 1, 2, 3, 4]),
        ("grid", 4, None, [6, 8, 11, 13]),
        ("grid", 5, None, [6, 7, 8, 11, 13]),
        ("grid", 20, None, list(range(20))),
        ("random", 5, 0, [2, 3, 11, 13, 15]),
        ("random", 5, 1, [2, 9, 16, 18, 19]),
        ("random", 20, 1, list(range(20))),
    ],
)
def test_indices_of_each_strategy(source, strategy, n, seed, expected):
    """Each is deterministic, ascending, and without repetition."""
    _, record = generate(source, strategy=strategy, n_subset=n, seed=seed)
    assert record["subset_indices"] == expected


def test_evenly_spaced_indices_of_the_fixture():
    """From the first to the last of 1087 positions, as integer arithmetic has it."""
    x = np.zeros(1087)
    indices = subset_v1.select("evenly_spaced", 64, x, x, None)
    assert indices[:6].tolist() == [0, 17, 34, 51, 68, 86]
    assert indices[-3:].tolist() == [1051, 1068, 1086]
    assert indices.size == len(set(indices.tolist())) == 64


def test_indices_are_plain_integers(source):
    """They go into a JSON file."""
    _, record = generate(source)
    assert {type(index) for index in record["subset_indices"]} == {int}


def test_a_grid_covers_the_scan(source):
    """The nearest position to each cell's centre, each taken once, though all lie on two points."""
    source["xcoords"] = np.repeat([4.0, 14.0], 10)
    source["ycoords"] = np.repeat([2.0, 14.0], 10)
    _, record = generate(source, strategy="grid", n_subset=4)
    assert record["subset_indices"] == [0, 1, 10, 11]


@pytest.mark.parametrize("strategy", ["evenly_spaced", "first", "grid", "random"])
def test_one_list_of_indices_for_every_array(source, strategy):
    """All that there is per position stays together: the upstream defect cannot happen."""
    arrays, record = generate(source, strategy=strategy, n_subset=6, seed=3)
    indices = record["subset_indices"]
    assert arrays["diffraction"][:, 1, 1].tolist() == indices
    assert (arrays["xcoords_start"] - 100).tolist() == indices
    assert (arrays["ycoords_start"] - 200).tolist() == indices
    assert arrays["scan_index"].tolist() == [index // 10 for index in indices]
    for name in ("xcoords", "ycoords"):
        assert arrays[name].tolist() == source[name][indices].tolist()


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"n_subset": 21}, "n_subset: expected at most the source's 20 positions, found 21"),
        ({"strategy": "random"}, "seed: expected an integer for strategy random, found none"),
        (
            {"strategy": "best"},
            "strategy: expected one of evenly_spaced, first, grid, random, found best",
        ),
    ],
)
def test_subsets_that_cannot_be(source, given, message):
    """More positions than there are, chance without a seed, an unknown strategy."""
    with pytest.raises(ValueError, match=message):
        generate(source, **given)


# Which form


def test_form_of_the_arrays(source):
    """As DATA-001 wants them: frames first, exact dtypes, contiguous; nothing but what it knows."""
    arrays, _ = generate(source)
    form = {name: (array.dtype.str, array.shape) for name, array in arrays.items()}
    assert form == {
        "diffraction": ("<f4", (5, 4, 8)),
        "objectGuess": ("<c8", (16, 18)),
        "probeGuess": ("<c8", (4, 8)),
        "xcoords": ("<f8", (5,)),
        "ycoords": ("<f8", (5,)),
        "xcoords_start": ("<f8", (5,)),
        "ycoords_start": ("<f8", (5,)),
        "scan_index": ("<i8", (5,)),
    }
    assert all(array.flags.c_contiguous for array in arrays.values())


def test_amplitudes_are_not_rescaled(source):
    """Each pixel is the source's, rounded to float32."""
    source["diffraction"] = np.random.default_rng(2).random((4, 8, N)) * 1.7
    arrays, _ = generate(source, n_subset=20)
    expected = np.moveaxis(source["diffraction"], -1, 0).astype(np.float32)
    np.testing.assert_array_equal(arrays["diffraction"], expected)


def test_foreign_byte_order_is_turned_around(source):
    """Values stay, bytes change."""
    source["diffraction"] = source["diffraction"].astype(">f8")
    source["xcoords"] = source["xcoords"].astype(">f4")
    arrays, record = generate(source)
    assert arrays["diffraction"][:, 0, 0].tolist() == [0, 4, 9, 14, 19]
    assert arrays["xcoords"].dtype.str == "<f8"
    assert "xcoords: dtype float32 -> float64" in record["transformations"]


def test_a_source_in_the_canonical_layout(source):
    """(N, H, W) is told by the shapes and not transposed; float32 stays as it is."""
    source["diffraction"] = np.moveaxis(source["diffraction"], -1, 0).astype(np.float32)
    arrays, record = generate(source)
    assert arrays["diffraction"][:, 1, 1].tolist() == [0, 4, 9, 14, 19]
    assert record["layout"] == "canonical"
    assert not any("diffraction" in step for step in record["transformations"])


def test_transformations_are_recorded(source):
    """Every step with its parameters, in the order in which it was taken."""
    source["diff3d"] = source.pop("diffraction")
    declared = {"layout": "legacy", "measurement": "intensity"}
    _, record = generate(source, declared, diff3d=True, Y=True)
    assert record["layout"] == "legacy"
    assert record["transformations"] == [
        "every per-position array: evenly_spaced subset of 5 of 20 positions (subset_indices)",
        "diff3d: transpose (H,W,N) -> (N,H,W)",
        "diff3d: square root of intensity -> amplitude",
        "diff3d: rename to diffraction",
        "diffraction: dtype float64 -> float32",
        "objectGuess: dtype complex128 -> complex64",
        "probeGuess: dtype complex128 -> complex64",
        "diffraction: duplicate as diff3d, the name PtychoPINN's loader requires",
        "Y: bilinear object patch under each frame, complex64",
    ]


def test_the_alias_is_the_same_array(source):
    """diff3d, where it is asked for."""
    arrays, _ = generate(source, diff3d=True)
    np.testing.assert_array_equal(arrays["diff3d"], arrays["diffraction"])
    assert arrays["diff3d"].dtype.str == "<f4"
    assert "diff3d" not in generate(source)[0]


def test_patches_for_supervised_training(source):
    """Y is the object under each frame: rows from y - 2, columns from x - 4, bilinear."""
    arrays, _ = generate(source, Y=True)
    assert (arrays["Y"].dtype.str, arrays["Y"].shape) == ("<c8", (5, 4, 8))
    # the object counts its own rows and columns
    for patch, x, y in zip(arrays["Y"], arrays["xcoords"], arrays["ycoords"], strict=True):
        rows, columns = np.indices((4, 8))
        np.testing.assert_allclose(patch, (rows + y - 2) + 1j * (columns + x - 4), rtol=1e-6)


def test_patches_outside_the_object(source):
    """A position whose patch leaves the object is named."""
    source["xcoords"][9] = 17.0
    with pytest.raises(ValueError, match=r"patch 2 at x = 17\.000"):
        generate(source, Y=True)


# Intensity and amplitude


def test_declared_intensities_become_amplitudes(source):
    """The root of each pixel, taken in double precision; of integers, too."""
    declared = {"layout": None, "measurement": "intensity"}
    for dtype in (np.float64, np.uint16):
        source["diffraction"] = source["diffraction"].astype(dtype)
        arrays, _ = generate(source, declared)
        expected = np.sqrt(np.array([0.0, 4, 9, 14, 19])).astype(np.float32)
        np.testing.assert_array_equal(arrays["diffraction"][:, 3, 7], expected)


@pytest.mark.parametrize(("value", "shown"), [(-0.5, "-0.5"), (np.nan, "nan")])
def test_intensities_without_a_root(source, value, shown):
    """Negative ones have none."""
    source["diffraction"][1, 1, 9] = value
    message = f"diffraction: expected intensities of at least 0, found {shown}"
    with pytest.raises(ValueError, match=message):
        generate(source, {"layout": None, "measurement": "intensity"})


# Layout


def cube(source, n: int):
    """The scan with frames (n, n) of as many positions: no shape tells its layout."""
    return {
        **source,
        "diffraction": np.zeros((n, n, n)),
        "probeGuess": np.ones((n, n), complex),
        **{name: source[name][:n] for name in subset_v1.PER_POSITION},
    }


def test_an_ambiguous_layout_is_not_guessed(source):
    """H = W = N fits both, and the message says what to declare."""
    with pytest.raises(ValueError) as caught:  # noqa: PT011
        generate(cube(source, 8))
    assert str(caught.value) == (
        "diffraction: shape (8, 8, 8) is ambiguous, it may be (N, H, W) or (H, W, N); "
        "declare layout: canonical or layout: legacy for this source"
    )


@pytest.mark.parametrize(("layout", "axis"), [("legacy", 2), ("canonical", 0)])
def test_a_declared_layout_settles_it(source, layout, axis):
    """The declared axis is the positions'."""
    scan = cube(source, 8)
    scan["diffraction"] = np.moveaxis(
        np.broadcast_to(np.arange(8.0)[:, None, None], (8, 8, 8)), 0, axis
    )
    arrays, record = generate(scan, {"layout": layout, "measurement": "amplitude"})
    assert record["layout"] == layout
    assert arrays["diffraction"][:, 3, 4].tolist() == record["subset_indices"] == [0, 1, 3, 5, 7]


@pytest.mark.parametrize(
    ("layout", "shape", "message"),
    [
        (
            "canonical",
            (4, 8, N),
            "diffraction: layout declared canonical, so expected shape (20, 4, 8), "
            "found (4, 8, 20)",
        ),
        (
            None,
            (8, 4, N),
            "diffraction: expected shape (20, 4, 8) (canonical) or (4, 8, 20) (legacy) from "
            "probeGuess (4, 8) and 20 coordinates, found (8, 4, 20)",
        ),
        (
            None,
            (4, 8, N - 1),
            "diffraction: expected shape (20, 4, 8) (canonical) or (4, 8, 20) (legacy) from "
            "probeGuess (4, 8) and 20 coordinates, found (4, 8, 19)",
        ),
    ],
)
def test_a_layout_that_does_not_fit(source, layout, shape, message):
    """Declared or not, the shapes have to agree with it."""
    source["diffraction"] = np.zeros(shape)
    with pytest.raises(ValueError) as caught:  # noqa: PT011
        generate(source, {"layout": layout, "measurement": "amplitude"})
    assert str(caught.value) == message


# Keys


def test_frames_under_their_other_name(source):
    """A source may hold diff3d alone; with both, diffraction is taken."""
    frames = source.pop("diffraction")
    source["diff3d"] = frames + 1
    arrays, _ = generate(source)
    assert arrays["diffraction"][:, 0, 0].tolist() == [1, 5, 10, 15, 20]
    arrays, _ = generate({**source, "diffraction": frames})
    assert arrays["diffraction"][:, 0, 0].tolist() == [0, 4, 9, 14, 19]


def test_a_source_without_frames(source):
    """What there is instead is listed."""
    del source["diffraction"]
    with pytest.raises(ValueError, match="expected an array diffraction or diff3d, found obj"):
        generate(source)


@pytest.mark.parametrize("name", ["objectGuess", "probeGuess", "xcoords", "ycoords"])
def test_a_source_without_a_key(source, name):
    """What is missing is named."""
    del source[name]
    with pytest.raises(ValueError, match=f"xcoords, ycoords; {name} missing among "):
        generate(source)


@pytest.mark.parametrize("name", ["xcoords_start", "ycoords_start", "scan_index"])
def test_a_source_without_an_optional_key(source, name):
    """Neither has the fixture."""
    del source[name]
    assert name not in generate(source)[0]


@pytest.mark.parametrize("name", ["ycoords", "xcoords_start", "ycoords_start", "scan_index"])
@pytest.mark.parametrize(
    "change", [lambda a: a[:-1], lambda a: np.append(a, a), lambda a: a[:, None]]
)
def test_an_array_with_another_number_of_positions(source, name, change):
    """An index would mean another position there: refused, never cut to fit."""
    source[name] = change(source[name])
    with pytest.raises(ValueError, match=f"{name}: expected one value for each of the 20 xcoords"):
        generate(source)


def test_frames_that_are_not_real(source):
    """A complex wave is no amplitude; its imaginary part is not dropped silently."""
    source["diffraction"] = source["diffraction"] + 0j
    with pytest.raises(ValueError, match="diffraction: expected real values, found complex128"):
        generate(source)


# Determinism


@pytest.mark.parametrize(
    ("declared", "given", "digest"),
    [
        (
            AMPLITUDE,
            {"diff3d": True},
            "a109430a0979596304d4056fc0ba5cb8f1983151ad9f2ead6a470e79a12e4395",
        ),
        (
            AMPLITUDE,
            {"strategy": "grid", "n_subset": 7, "Y": True},
            "02e488ba32442dbd159fd33230e117968b9da07fa715916f6097571d7e48eb56",
        ),
        (
            {"measurement": "intensity"},
            {"strategy": "random", "seed": 5},
            "25d143a76a12c3e95564f69c3bdeb2340f095993980fd528f16006edb622ea30",
        ),
    ],
)
def test_the_same_bits_on_every_machine(source, declared, given, digest):
    """Content of small fixtures."""
    assert content_digest(generate(source, declared, **given)[0]) == digest
