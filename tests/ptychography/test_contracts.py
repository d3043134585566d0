"""Tests of `registry.ptychography.contracts` with the published schema DATA-001."""

from __future__ import annotations

import json
import re

import numpy as np
import pytest

from registry.ptychography.contracts import (
    CONTRACTS,
    DATA_001,
    PER_POSITION,
    contract_failures,
    contract_named,
    contract_of,
)

N = 16


@pytest.fixture
def arrays():
    """The fewest arrays that satisfy the contract, with the ones that may be left out."""
    rng = np.random.default_rng(3)
    frames = rng.random((N, 64, 64), dtype=np.float32)
    coordinates = rng.random((4, N))
    return {
        "diffraction": frames,
        "diff3d": frames.copy(),
        "objectGuess": rng.random((130, 128)).astype("<c8"),
        "probeGuess": rng.random((64, 64)).astype("<c8"),
        "xcoords": coordinates[0],
        "ycoords": coordinates[1],
        "xcoords_start": coordinates[2],
        "ycoords_start": coordinates[3],
        "scan_index": np.zeros(N, "<i8"),
        "Y": rng.random((N, 64, 64)).astype("<c8"),
    }


def failures(arrays, schemas) -> list[str]:
    """Broken rules in words, sorted."""
    return sorted(str(failure) for failure in contract_failures(arrays, schemas))


def test_all_arrays_of_the_contract(arrays, schemas):
    """Required and optional arrays together break no rule."""
    assert failures(arrays, schemas) == []


@pytest.mark.parametrize("name", ["diff3d", "xcoords_start", "ycoords_start", "scan_index", "Y"])
def test_optional_arrays(arrays, schemas, name):
    """These may be absent."""
    del arrays[name]
    assert failures(arrays, schemas) == []


@pytest.mark.parametrize("name", ["diffraction", "objectGuess", "probeGuess", "xcoords", "ycoords"])
def test_required_arrays(arrays, schemas, name):
    """These may not."""
    del arrays[name]
    assert failures(arrays, schemas) == [f"contract: {name}: expected a value; found none"]


def test_unknown_arrays(arrays, schemas):
    """What the contract does not know is refused, by its name."""
    arrays["intensity"] = arrays["diffraction"]
    (found,) = failures(arrays, schemas)
    assert found.startswith("contract: intensity: expected one of the known keys"), found


@pytest.mark.parametrize(
    ("name", "wrong", "right"),
    [
        ("diffraction", "<f8", "<f4"),
        ("diffraction", ">f4", "<f4"),
        ("diffraction", "<f2", "<f4"),
        ("diffraction", "<i4", "<f4"),
        ("objectGuess", "<c16", "<c8"),
        ("objectGuess", ">c8", "<c8"),
        ("probeGuess", "<c16", "<c8"),
        ("xcoords", "<f4", "<f8"),
        ("xcoords", ">f8", "<f8"),
        ("ycoords", "<i8", "<f8"),
        ("xcoords_start", "<f4", "<f8"),
        ("ycoords_start", "<f4", "<f8"),
        ("scan_index", "<i4", "<i8"),
        ("Y", "<c16", "<c8"),
    ],
)
def test_dtypes_are_exact(arrays, schemas, name, wrong, right):
    """Width, kind and byte order of each array are fixed."""
    arrays.pop("diff3d")
    arrays[name] = arrays[name].astype(wrong)
    expected = f'contract: {name}.dtype: expected "{right}"; found "{wrong}"'
    assert failures(arrays, schemas) == [expected]


def per_position(arrays, n: int):
    """The arrays with n positions."""
    longer = {"objectGuess", "probeGuess"}
    return {
        name: array if name in longer else np.concatenate([array] * 9)[:n]
        for name, array in arrays.items()
    }


@pytest.mark.parametrize("n", [16, 64, 128])
def test_numbers_of_frames_allowed(arrays, schemas, n):
    """From 16, enough for two groups at gridsize 2, to 128."""
    assert failures(per_position(arrays, n), schemas) == []


@pytest.mark.parametrize(("n", "rule"), [(15, "at least 16"), (129, "at most 128")])
def test_numbers_of_frames_refused(arrays, schemas, n, rule):
    """One frame too few or too many is refused in every array that has it."""
    found = failures(per_position(arrays, n), schemas)
    assert len(found) == 8
    assert f"contract: diffraction.shape.0: expected {rule}; found {n}" in found


@pytest.mark.parametrize(
    ("name", "shape", "rule"),
    [
        # 64 would pass for a number of frames
        ("diffraction", (64, 64, N), "diffraction.shape.2: expected 64; found 16"),
        ("diffraction", (N, 32, 64), "diffraction.shape.1: expected 64; found 32"),
        ("diffraction", (N, 64), "diffraction.shape: expected at least 3 items"),
        ("diffraction", (N, 64, 64, 1), "diffraction.shape: expected at most 3 items"),
        ("objectGuess", (127, 130), "objectGuess.shape.0: expected at least 128; found 127"),
        ("objectGuess", (130, 127), "objectGuess.shape.1: expected at least 128; found 127"),
        ("objectGuess", (1, 130, 130), "objectGuess.shape: expected at most 2 items"),
        ("probeGuess", (32, 64), "probeGuess.shape.0: expected 64; found 32"),
        ("probeGuess", (64, 32), "probeGuess.shape.1: expected 64; found 32"),
        ("probeGuess", (1, 64, 64), "probeGuess.shape: expected at most 2 items"),
        ("xcoords", (N, 1), "xcoords.shape: expected at most 1 items"),
        ("scan_index", (), "scan_index.shape: expected at least 1 items"),
        ("Y", (N, 64, 32), "Y.shape.2: expected 64; found 32"),
    ],
)
def test_shapes(arrays, schemas, name, shape, rule):
    """Axes of each array, their number and their length."""
    arrays[name] = np.zeros(shape, arrays[name].dtype)
    found = failures(arrays, schemas)
    assert any(line.startswith(f"contract: {rule}") for line in found), found


@pytest.mark.parametrize("name", ["diffraction", "objectGuess", "probeGuess", "xcoords", "Y"])
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_values_are_finite(arrays, schemas, name, value):
    """One NaN or infinity is enough, in the imaginary part too."""
    arrays.pop("diff3d")
    array = arrays[name]
    (array.imag if array.dtype.kind == "c" else array).flat[7] = value
    expected = (
        f"contract: {name}.finite: expected true, that is no NaN and no infinity; found false"
    )
    assert failures(arrays, schemas) == [expected]


@pytest.mark.parametrize(
    ("value", "rule"),
    [
        (-1e-6, "diffraction.range.0: expected at least 0; found -9.999999974752427e-07"),
        (10.0, "diffraction.range.1: expected less than 10; found 10.0"),
    ],
)
def test_range_of_amplitudes(arrays, schemas, value, rule):
    """Amplitudes are not negative and stay below 10, where counts and intensities do not."""
    arrays.pop("diff3d")
    arrays["diffraction"].flat[5] = value
    assert failures(arrays, schemas) == [f"contract: {rule}"]


def test_limits_of_the_range(arrays, schemas):
    """0 is an amplitude, and so is the number next to 10."""
    arrays.pop("diff3d")
    arrays["diffraction"].flat[:2] = 0, np.nextafter(np.float32(10), np.float32(0))
    assert failures(arrays, schemas) == []


def test_one_number_of_positions(arrays, schemas):
    """Every per-position array has as many entries as the others."""
    arrays["ycoords"] = np.append(arrays["ycoords"], 1.0)
    (found,) = failures(arrays, schemas)
    assert found.startswith(
        "contract: positions: expected the same number of positions in every per-position array; "
        "found diffraction 16, diff3d 16, xcoords 16, ycoords 17"
    ), found


def test_diff3d_is_the_same_array(arrays, schemas):
    """The alias may not differ in a single bit."""
    arrays["diff3d"][3, 2, 1] *= 1.0000001
    (found,) = failures(arrays, schemas)
    said = (
        r"contract: diff3d: expected the same array as diffraction \([0-9a-f]{12}\); found \w{12}"
    )
    assert re.fullmatch(said, found), found


def test_a_legacy_fixture_without_a_position(arrays, schemas):
    """Positions are counted along the axis that the contract has for them."""
    legacy = {name: arrays[name].astype("<c16") for name in ("objectGuess", "probeGuess")}
    legacy |= {name: arrays[name] for name in ("xcoords", "ycoords")}
    legacy["diffraction"] = np.moveaxis(per_position(arrays, 17)["diffraction"], 0, -1).astype(
        "<f8"
    )
    contract = "data_001_legacy_v1.schema.json"
    assert [str(failure) for failure in contract_failures(legacy, schemas, contract)] == [
        "contract: positions: expected the same number of positions in every per-position array; "
        "found diffraction 17, xcoords 16, ycoords 16"
    ]


def test_a_contract_that_is_not_in_the_table(arrays, tmp_path):
    """Its schema alone says what its arrays have to be."""
    (tmp_path / "mine_v1.schema.json").write_text('{"required": ["diffraction", "depth"]}')
    arrays["xcoords"] = arrays["xcoords"][:3]
    arrays["diff3d"] = arrays["diffraction"] * 2
    failures = contract_failures(arrays, tmp_path, "mine_v1.schema.json")
    assert [str(failure) for failure in failures] == [
        "contract: depth: expected a value; found none"
    ]


# frames of any size

V3, V4 = "data_001_v3.schema.json", "data_001_v4.schema.json"


def of_size(arrays, size: int, n: int = N, obj: tuple[int, int] | None = None):
    """The arrays with n frames of a size, of no pages in memory until they are looked at."""
    shapes = {
        "diffraction": (n, size, size),
        "objectGuess": obj or (size, size),
        "probeGuess": (size, size),
        "Y": (n, size, size),
    }
    sized = {
        name: np.zeros(shapes.get(name, (n,)), array.dtype)
        for name, array in arrays.items()
        if name != "diff3d"
    }
    return {**sized, "diff3d": sized["diffraction"]}


def failures_v3(arrays, schemas) -> list[str]:
    """Broken rules of version 3, in words."""
    return [str(failure) for failure in contract_failures(arrays, schemas, V3)]


def test_frames_of_any_size(arrays, schemas):
    """Version 3 takes square frames from 32 to 512, and from 16 to 4096 of them."""
    assert failures_v3(arrays, schemas) == [], "those of version 1"
    for size, n in ((33, 17), (32, 4096), (512, 16)):
        assert failures_v3(of_size(arrays, size, n), schemas) == [], (size, n)
    arrays["probeGuess"] = np.stack([arrays["probeGuess"]] * 32)
    assert failures_v3(arrays, schemas) == [], "modes"


def test_frames_beyond_any_size(arrays, schemas):
    """One pixel or one position too few or too many is refused, wherever it is."""
    for size, rule in ((31, "at least 32"), (513, "at most 512")):
        found = failures_v3(of_size(arrays, size, obj=(600, 600)), schemas)
        probe = "(H, W), or (P, H, W) with P from 1 to 32; H and W from 32 to 512"
        assert found == [
            *(
                f"contract: {name}.shape.{axis}: expected {rule}; found {size}"
                for name in ("Y", "diff3d", "diffraction")
                for axis in (1, 2)
            ),
            f"contract: probeGuess.shape: expected {probe}; found [{size}, {size}]",
        ]
    for n, rule in ((15, "at least 16"), (4097, "at most 4096")):
        found = failures_v3(of_size(arrays, 32, n), schemas)
        assert len(found) == 8, found
        assert f"contract: diffraction.shape.0: expected {rule}; found {n}" in found


def test_frames_are_squares_of_one_size(arrays, schemas):
    """Frames, probe and patches have one size in rows and columns, which no schema can say."""
    arrays |= of_size(arrays, 40, obj=(80, 80))
    sizes = "square frames, and one size in diffraction, diff3d, probeGuess, Y"
    for name, shape, found in (
        (
            "probeGuess",
            (48, 48),
            "diffraction 40 x 40, diff3d 40 x 40, probeGuess 48 x 48, Y 40 x 40",
        ),
        (
            "probeGuess",
            (40, 41),
            "diffraction 40 x 40, diff3d 40 x 40, probeGuess 40 x 41, Y 40 x 40",
        ),
        ("Y", (N, 32, 40), "diffraction 40 x 40, diff3d 40 x 40, probeGuess 40 x 40, Y 32 x 40"),
    ):
        other = {**arrays, name: np.zeros(shape, arrays[name].dtype)}
        expected = f"contract: frame: expected {sizes}; found {found}"
        assert failures_v3(other, schemas) == [expected]
    oblong = np.zeros((N, 40, 44), "<f4")
    arrays |= {"diffraction": oblong, "diff3d": oblong, "Y": oblong.astype("<c8")}
    arrays["probeGuess"] = np.zeros((40, 44), "<c8")
    assert failures_v3(arrays, schemas) == [
        f"contract: frame: expected {sizes}; found diffraction 40 x 44, diff3d 40 x 44, "
        "probeGuess 40 x 44, Y 40 x 44"
    ]


def test_an_object_smaller_than_a_frame(arrays, schemas):
    """No position would lie in it; one that is as large has room for a single one."""
    for shape in ((40, 39), (39, 40)):
        found = failures_v3(of_size(arrays, 40, obj=shape), schemas)
        assert found == [
            "contract: objectGuess: expected an object at least as large as a frame, 40 x 40; "
            f"found {shape[0]} x {shape[1]}"
        ]
    found = failures_v3(of_size(arrays, 32, obj=(32, 31)), schemas)
    assert found[0] == "contract: objectGuess.shape.1: expected at least 32; found 31"


# the table


def test_the_table_has_every_published_contract(schemas):
    """A contract that is published has its row, under its file's name."""
    published = [path.name for path in schemas.glob("data_001_*.schema.json")]
    assert sorted(contract.file for contract in CONTRACTS.values()) == sorted(published)


@pytest.mark.parametrize("contract", CONTRACTS.values(), ids=lambda contract: contract.name)
def test_the_table_says_what_the_schemas_say(contract, schemas):
    """Names, dtypes, axes, ranges and what is required are those of the contract's schema."""
    document = json.loads((schemas / contract.file).read_bytes())
    assert [array.name for array in contract.arrays] == list(document["properties"])
    required = [array.name for array in contract.arrays if array.required]
    assert required == document["required"], "not those that are required"
    for array in contract.arrays:
        rules = resolved(document, document["properties"][array.name])
        assert array.dtype == rules["dtype"]["const"], array
        forms = rules["shape"].get("anyOf", [rules["shape"]])
        counts = [(form["minItems"], form["maxItems"]) for form in forms]
        assert counts == [(number, number) for number in array.numbers_of_axes], array
        low, high = rules["range"].get("prefixItems", ({}, {}))
        limits = (low.get("minimum"), high.get("exclusiveMaximum"))
        assert (array.least, array.below) == limits, array


def resolved(document, rules) -> dict:
    """Rules for each of an array's properties, without references."""
    found = {}
    if "$ref" in rules:
        found |= resolved(document, document["$defs"][rules["$ref"].removeprefix("#/$defs/")])
    for key, rule in rules.get("properties", {}).items():
        if "$ref" in rule:
            rule = document["$defs"][rule["$ref"].removeprefix("#/$defs/")]
        found[key] = rule
    return found


@pytest.mark.parametrize("contract", CONTRACTS.values(), ids=lambda contract: contract.name)
def test_positions_are_where_the_schemas_count_them(contract, schemas):
    """The axis of positions is the one that starts at 16, and no array else has such one."""
    document = json.loads((schemas / contract.file).read_bytes())
    for array in contract.arrays:
        shape = resolved(document, document["properties"][array.name])["shape"]
        axes = shape.get("prefixItems", [])
        counted = [axis.get("minimum") == 16 for axis in axes]
        assert counted.count(True) == array.per_row, array
        if array.per_row:
            assert counted.index(True) == array.axes.index("N"), array


def test_arrays_of_positions():
    """Those of DATA-001, in order."""
    assert PER_POSITION == (
        "diffraction", "diff3d", "xcoords", "ycoords", "xcoords_start", "ycoords_start",
        "scan_index", "Y",
    )  # fmt: skip


def test_arrays_in_words():
    """An array is shown with its axes, as an error says it."""
    modes = CONTRACTS["data_001_v2"]["probeGuess"]
    shown = [str(array) for array in (DATA_001["diffraction"], DATA_001["xcoords"], modes)]
    assert shown == ["diffraction (N, H, W)", "xcoords (N,)", "probeGuess (P?, H, W)"]
    assert modes.axes_in_words == "mode, if there are several, row, column"


@pytest.mark.parametrize(
    ("shape", "positions", "file"),
    [
        ((64, 64), 128, "data_001_v1.schema.json"),
        ((2, 64, 64), 128, "data_001_v2.schema.json"),
        ((64, 64), 129, "data_001_v3.schema.json"),
        ((2, 32, 32), 16, "data_001_v3.schema.json"),
    ],
)
def test_the_version_for_a_probe(shape, positions, file):
    """Modes need version 2, frames of another size or more of them version 3."""
    assert contract_of({"probeGuess": np.zeros(shape), "xcoords": np.zeros(positions)}) == file


def test_the_version_where_little_is_known():
    """Without a probe the first version; without positions that of the probe."""
    assert contract_of({"xcoords": np.zeros(999)}) == "data_001_v1.schema.json"
    assert contract_of({"probeGuess": np.zeros((2, 64, 64))}) == "data_001_v2.schema.json"


@pytest.mark.parametrize("name", ["label", "nphotons"])
def test_the_version_for_what_upstream_asks(name):
    """Labels and photons need version 4, whatever the probe is."""
    small = {"probeGuess": np.zeros((64, 64)), name: np.zeros(1)}
    assert contract_of(small) == "data_001_v4.schema.json"


def test_labels_are_the_patches(arrays, schemas):
    """Version 4 has Y a second time, bit for bit, and one number; the others have neither."""
    arrays |= {"label": arrays["Y"].copy(), "nphotons": np.array(1e6)}
    assert list(contract_failures(arrays, schemas, V4)) == []
    assert len(contract_failures(arrays, schemas, V3)) == 2, "version 3 has them as well"
    arrays["label"][3, 2, 1] += 1
    (found,) = contract_failures(arrays, schemas, V4)
    assert str(found).startswith("contract: label: expected the same array as Y ("), found
    arrays |= {"label": arrays["Y"], "nphotons": np.array([-1.0])}
    assert [str(failure) for failure in contract_failures(arrays, schemas, V4)] == [
        "contract: nphotons.range.0: expected at least 0; found -1.0",
        "contract: nphotons.shape: expected at most 0 items; found [1]",
    ]


def test_contracts_with_the_frames_of_data_001():
    """Amplitudes, position by position: those that a model can be trained on as they are."""
    found = [name for name, contract in CONTRACTS.items() if contract.is_canonical]
    assert found == ["data_001_v1", "data_001_v2", "data_001_v3", "data_001_v4"]
    assert not contract_named("mine_v1.schema.json").is_canonical, "claimed of an unknown one"


@pytest.mark.parametrize("text", [None, "no JSON", "[]", '{"properties": {"diffraction": true}}'])
def test_a_contract_of_which_nothing_is_known(arrays, tmp_path, text):
    """Its arrays are called by their names, and taken as they are."""
    if text is not None:
        (tmp_path / "mine_v1.schema.json").write_text(text)
    contract = contract_named("mine_v1.schema.json", tmp_path)
    assert (contract.file, contract.arrays) == ("mine_v1.schema.json", ())
    assert (contract["diffraction"].meaning, contract["diffraction"].axes) == ("diffraction", ())
    assert contract.canonical(arrays, 2.0) == (arrays, "")


# the canonical form


@pytest.mark.parametrize("name", ["data_001_v1", "data_001_v2"])
def test_the_canonical_form_of_data_001(arrays, name):
    """Arrays stay as they are, and nothing is said."""
    found, note = CONTRACTS[name].canonical(arrays, 2.0)
    assert note == ""
    assert all(found[name] is array for name, array in arrays.items()), "not the very arrays"


@pytest.mark.parametrize("n", [N, 64])
def test_the_canonical_form_of_the_legacy_layout(arrays, n):
    """Frames that come last are brought to the front, by the contract and not by their shape."""
    frames = per_position(arrays, n)["diffraction"]
    last = np.moveaxis(frames, 0, -1)
    found, note = CONTRACTS["data_001_legacy_v1"].canonical({"diffraction": last, "diff3d": last})
    assert np.array_equal(found["diffraction"], frames), "other frames"
    assert np.array_equal(found["diff3d"], frames), "the alias has other frames"
    assert note == "The file has frames last, (H, W, N); they are drawn one by one."


@pytest.mark.parametrize("scale", [2000.1702401571504, None])
def test_the_canonical_form_of_intensities(arrays, scale):
    """Intensities become amplitudes, by the photon scale where there is one."""
    amplitude = arrays["diffraction"].astype(float)
    contract = CONTRACTS["data_001_intensity_v1"]
    found, note = contract.canonical({"diffraction": amplitude**2 * (scale or 1.0)}, scale)
    assert np.allclose(found["diffraction"], amplitude, rtol=1e-12), "other amplitudes"
    assert note == "The file has intensities, and not amplitudes."


@pytest.mark.parametrize("name", ["data_001_legacy_v1", "data_001_intensity_v1"])
@pytest.mark.parametrize(
    "arrays", [{}, {"diffraction": np.full((3, 3), -1.0)}], ids=["none", "2-d"]
)
def test_frames_that_are_none(name, arrays):
    """What does not have a contract's axes is left alone."""
    assert CONTRACTS[name].canonical(arrays) == (arrays, "")
