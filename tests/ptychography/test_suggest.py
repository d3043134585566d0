"""Tests of `registry.ptychography.suggest`: the figures, on scans whose figures are known."""

from __future__ import annotations

import json

import numpy as np
import pytest

from registry.errors import CheckError
from registry.ptychography import suggest


def disc(diameter: float) -> np.ndarray:
    """A uniform disc with a phase, (64, 64)."""
    row, column = np.mgrid[:64, :64] - 31.5
    inside = np.hypot(row, column) < diameter / 2
    return inside * 3.0 * np.exp(1j * row)


def raster(rows: int, columns: int, step: float) -> tuple[np.ndarray, np.ndarray]:
    """Positions row by row, the first at (40, 40)."""
    y, x = np.mgrid[:rows, :columns] * step + 40.0
    return x.ravel(), y.ravel()


@pytest.fixture
def arrays(top):
    """A scan of 12 x 12 positions 4 px apart, with a probe 20 px across, where runners run."""
    x, y = raster(12, 12, 4.0)
    obj = np.ones((160, 130), complex)
    return {"objectGuess": obj, "probeGuess": disc(20), "xcoords": x, "ycoords": y}


def rows_of(found, strategy):
    """Rows of one strategy by size."""
    return {row["n_subset"]: row for row in found["rows"] if row["strategy"] == strategy}


def test_diameter_of_a_disc():
    """A uniform disc's own, whatever its brightness."""
    assert suggest.probe_diameter(disc(20)) == pytest.approx(20, abs=0.1)
    assert suggest.probe_diameter(7 * disc(40)) == pytest.approx(40, abs=0.2)


def test_diameter_of_a_spread_out_probe():
    """For a Gaussian intensity of width s it is 4 s."""
    row, column = np.mgrid[:64, :64] - 31.5
    probe = np.exp(-(row**2 + column**2) / (4 * 5.0**2))
    assert suggest.probe_diameter(probe) == pytest.approx(20, abs=0.01)


def test_diameter_of_modes():
    """Modes add up by their intensity: the same one twice is as wide as once."""
    probe = disc(20)
    assert suggest.probe_diameter(np.stack([probe, 2 * probe])) == pytest.approx(20, abs=0.1)


@pytest.mark.parametrize(
    ("diameter", "expected"), [(20.0, 0.8), (5.0, 0.2), (4.0, 0.0), (1.0, 0.0)]
)
def test_overlap(diameter, expected):
    """One minus the step over the diameter, and none from one diameter on."""
    x, y = raster(5, 5, 4.0)
    assert suggest.overlap(x, y, diameter) == pytest.approx(expected)


def test_overlap_is_a_mean():
    """Each position counts with its own nearest neighbour."""
    x = np.array([0.0, 1.0, 11.0])
    assert suggest.overlap(x, np.zeros(3), 20.0) == pytest.approx((0.95 + 0.95 + 0.5) / 3)


def test_strategies_and_sizes(arrays):
    """Every strategy has every size that a fixture may have and the source has positions for."""
    found = suggest.suggest(arrays)
    assert (found["positions"], found["frame"], found["object"]) == (144, [64, 64], [160, 130])
    sizes = [(row["strategy"], row["n_subset"]) for row in found["rows"]]
    assert sizes == [
        (strategy, size)
        for strategy in ("evenly_spaced", "first", "grid", "random")
        for size in (16, 32, 64, 128)
    ]


def test_a_probe_with_modes(arrays):
    """It is as wide as one of its modes, which are alike, and a frame is as large."""
    arrays["xcoords"] = arrays["xcoords"][:16]
    arrays["ycoords"] = arrays["ycoords"][:16]
    alone = suggest.suggest(arrays)
    found = suggest.suggest({**arrays, "probeGuess": np.stack([arrays["probeGuess"]] * 2)})
    assert found["frame"] == alone["frame"] == [64, 64]
    assert found["probe_diameter_px"] == alone["probe_diameter_px"]
    for row, other in zip(found["rows"], alone["rows"], strict=True):
        assert row["bytes"] > other["bytes"]
        assert {**row, "bytes": 0} == {**other, "bytes": 0}


def test_a_short_scan(arrays):
    """All that a source has is a size, too, where that is not more than a fixture may have."""
    for name in ("xcoords", "ycoords"):
        arrays[name] = arrays[name][:100]
    assert list(rows_of(suggest.suggest(arrays), "first")) == [16, 32, 64, 100]


def test_the_shortest_scan(arrays):
    """As many positions as a fixture has at least are one size."""
    for name in ("xcoords", "ycoords"):
        arrays[name] = arrays[name][:16]
    assert list(rows_of(suggest.suggest(arrays), "first")) == [16]


def test_too_short_a_scan(arrays):
    """A source with fewer positions than a fixture may have is refused."""
    for name in ("xcoords", "ycoords"):
        arrays[name] = arrays[name][:15]
    with pytest.raises(CheckError) as caught:
        suggest.suggest(arrays)
    assert (caught.value.expected[:11], caught.value.found) == ("at least 16", "15")


def test_coverage(arrays):
    """The first 64 of a raster span all of x and five of eleven steps of y, which fails."""
    row = rows_of(suggest.suggest(arrays), "first")[64]
    assert (row["coverage_x"], row["coverage_y"]) == (1.0, 0.455)
    assert row["failures"] == ["coverage: more than 50% wanted in x and y"]
    assert rows_of(suggest.suggest(arrays), "evenly_spaced")[64]["failures"] == [], "this passes"


def test_frames_that_leave_the_object(arrays):
    """They are counted: here two columns of ten rows of a raster that is moved to the right."""
    arrays["xcoords"] = arrays["xcoords"] + 20.0
    row = rows_of(suggest.suggest(arrays), "first")[128]
    assert row["failures"] == ["frames: 20 of 128 leave the object"], row["failures"]


def test_shapes_that_the_contract_refuses(arrays):
    """An object that is too small for any fixture is named with its size."""
    arrays["objectGuess"] = np.ones((120, 120), complex)
    failures = rows_of(suggest.suggest(arrays), "grid")[16]["failures"]
    assert failures[:2] == [
        "contract: objectGuess.shape.0: expected at least 128; found 120",
        "contract: objectGuess.shape.1: expected at least 128; found 120",
    ]


def test_groups(arrays):
    """Each position leads one; there are none where frames do not overlap their neighbours."""
    assert rows_of(suggest.suggest(arrays), "grid")[16]["groups"] == 16
    for name in ("xcoords", "ycoords"):
        arrays[name] = arrays[name] * 30
    assert rows_of(suggest.suggest(arrays), "grid")[16]["groups"] == 0


def test_bytes(arrays):
    """The size is that of the file: two times the frames, the object, the probe, and headers."""
    row = rows_of(suggest.suggest(arrays), "grid")[16]
    held = 2 * 16 * 64 * 64 * 4 + 160 * 130 * 8 + 64 * 64 * 8 + 2 * 16 * 8
    assert 0 < row["bytes"] - held < 3000, "not that of these arrays"


def test_the_program(run, top, arrays):
    """It reads a built source without its frames, and prints JSON."""
    (top / "build" / "sources").mkdir(parents=True)
    frames = np.zeros((144, 64, 64), np.float32)
    np.savez(top / "build" / "sources" / "mine.npz", diffraction=frames, **arrays)
    ended = run(suggest.main, "mine", "build/sources/mine.npz")
    assert (ended.code, ended.err) == (0, "")
    assert json.loads(ended.out) == json.loads(json.dumps(suggest.suggest(arrays)))


def test_the_program_as_it_is_called(top, arrays, monkeypatch, capsys):
    """Source and file are the words after its own name."""
    np.savez(top / "mine.npz", **arrays)
    monkeypatch.setattr("sys.argv", ["suggest.py", "mine", "mine.npz"])
    assert suggest.main() == 0
    assert json.loads(capsys.readouterr().out)["positions"] == 144


def test_a_source_that_is_not_there(run):
    """The file is named."""
    ended = run(suggest.main, "mine", "build/sources/mine.npz")
    assert ended.code == 3
    assert "source mine" in ended.err, ended.err
    assert "build/sources/mine.npz" in ended.err, ended.err
