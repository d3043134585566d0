"""Tests of `registry.ptychography.readers.ptyd`, on files that follow ptypy's published layout."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from registry.errors import CheckError
from registry.ptychography.readers import open_scan, ptyd

h5py = pytest.importorskip("h5py", reason="the hdf5 extra is not installed")

CHUNKS = (slice(0, 5), slice(5, 9), slice(9, 12))


def store(group: h5py.Group, name: str, value: object) -> None:
    """Store a value as ptypy does: arrays packed, scalars not, and None as a marked zero."""
    if value is None:
        group.create_dataset(name, data=np.zeros(1)).attrs["type"] = "None"
    elif isinstance(value, np.ndarray):
        packed = "gzip" if value.size else None
        group.create_dataset(name, data=value, compression=packed).attrs["type"] = "array"
    elif isinstance(value, str):
        group.create_dataset(name, data=value).attrs["type"] = "string"
    else:
        group.create_dataset(name, data=value).attrs["type"] = "scalar"


@pytest.fixture
def write(tmp_path, small):
    """Write the scan in three chunks, let a function change it, and return the path."""

    def write(
        change: Callable[[h5py.File], None] = lambda file: None, numbers=(0, 1, 2), **meta: object
    ) -> Path:
        path = tmp_path / "scan.ptyd"
        known = {
            "version": "0.1",
            "num_frames": 12,
            "label": "small",
            "shape": np.array([8, 10]),
            "psize": np.array([75e-6, 55e-6]),
            "energy": 7.7384,
            "center": None,
            "distance": 0.72,
        }
        with h5py.File(path, "w") as file:
            for name, value in (known | meta).items():
                store(file.require_group("meta"), name, value)
            for number, rows in zip(numbers, CHUNKS, strict=True):
                group = file.create_group(f"chunks/{number}")
                store(group, "data", small.frames[rows])
                store(group, "indices", np.arange(12)[rows])
                store(group, "positions", np.stack([small.y, small.x], axis=1)[rows] * 1e-6)
                store(group, "weights", np.zeros(0))
            change(file)
        return path

    return write


def weights(*arrays: np.ndarray) -> Callable[[h5py.File], None]:
    """Give chunks these weights."""

    def change(file: h5py.File) -> None:
        for number, array in enumerate(arrays):
            del file[f"chunks/{number}/weights"]
            store(file[f"chunks/{number}"], "weights", array)

    return change


class TestScan:
    """What a prepared file holds."""

    def test_everything(self, write, small):
        """Frames of all chunks make one scan; keV become a wavelength, rows come first."""
        with open_scan(write(), format="ptyd", subject="source s") as scan:
            assert scan.frames.shape == (12, 8, 10)
            indices = [11, 4, 5, 0, 5, 8, 9]
            np.testing.assert_array_equal(scan.frames.read(indices), small.frames[indices])
        np.testing.assert_array_equal(scan.x, small.x * 1e-6)
        np.testing.assert_array_equal(scan.y, small.y * 1e-6)
        assert (scan.format, scan.position_unit, scan.distance_m) == ("ptyd", "m", 0.72)
        assert scan.wavelength_m == pytest.approx(1.60219e-10, rel=1e-5)
        assert scan.detector_pixel_m == (75e-6, 55e-6), "not (row, column)"
        assert (scan.mask, scan.probe, scan.obj) == (None,) * 3, "something was invented"
        assert scan.provenance == {
            "diffraction": "datasets chunks/* (3 of them)/data",
            "ycoords": "datasets chunks/* (3 of them)/positions[:,0]",
            "xcoords": "datasets chunks/* (3 of them)/positions[:,1]",
            "wavelength_m": "dataset meta/energy, in keV",
            "distance_m": "dataset meta/distance",
            "detector_pixel_m": "dataset meta/psize",
        }

    def test_chunks_are_in_order_of_their_numbers(self, write, small):
        """Chunk 10 comes after chunk 9, not after chunk 1."""
        with open_scan(write(numbers=(1, 9, 10)), format="ptyd", subject="source s") as scan:
            np.testing.assert_array_equal(scan.frames.read(range(12)), small.frames)
        np.testing.assert_array_equal(scan.x, small.x * 1e-6)

    @pytest.mark.parametrize("nothing", [None, "None"])
    def test_what_is_none(self, nothing, write):
        """Figures that are stored as None are None, in both of ptypy's ways."""
        path = write(energy=nothing, distance=nothing, psize=nothing)
        with open_scan(path, format="ptyd", subject="source s") as scan:
            assert (scan.wavelength_m, scan.distance_m, scan.detector_pixel_m) == (None,) * 3

    def test_without_meta(self, write):
        """All of meta is optional."""

        def change(file: h5py.File) -> None:
            del file["meta"]

        with open_scan(write(change), format="ptyd", subject="source s") as scan:
            assert scan.wavelength_m is None, "a wavelength was invented"

    def test_one_pixel_size(self, write):
        """A single pixel size is that of both axes."""
        with open_scan(write(psize=172e-6), format="ptyd", subject="source s") as scan:
            assert scan.detector_pixel_m == (172e-6, 172e-6)

    @pytest.mark.parametrize("dtype", [bool, float])
    def test_weights_become_a_mask(self, dtype, write, small, monkeypatch, in_this_process):
        """A pixel is good where its weight is above 0 in every frame of every chunk."""
        monkeypatch.setattr(ptyd, "_BLOCK_BYTES", 200)  # a frame or two at a time
        stack = np.ones((12, 8, 10), dtype)
        stack[3, 2, 1] = stack[11, 7, 9] = 0
        path = write(weights(*(stack[rows] for rows in CHUNKS)))
        with open_scan(path, format="ptyd", subject="source s") as scan:
            bad = np.argwhere(~scan.mask).tolist()
        assert bad == [[2, 1], [7, 9]], "not the pixels without weight"

    def test_one_weight_for_a_chunk(self, write, small):
        """A chunk may have a single frame of weights, and others none."""
        path = write(weights(small.mask[None].astype(float)))
        with open_scan(path, format="ptyd", subject="source s") as scan:
            np.testing.assert_array_equal(scan.mask, small.mask)
            assert scan.provenance["mask"].endswith("good where above 0 in every frame")

    def test_declared_keys(self, write, small):
        """A probe of another tool, or nominal positions, may be declared."""

        def change(file: h5py.File) -> None:
            file["info/probe"] = small.probe
            file["info/positions_scan"] = np.stack([small.y, small.x], axis=1) * 2e-6

        keys = {
            "probeGuess": "info/probe[1]",
            "xcoords_start": "info/positions_scan[:,1]",
            "ycoords": "info/positions_scan[:,0]",
        }
        with open_scan(write(change), format="ptyd", keys=keys, subject="source s") as scan:
            pass
        np.testing.assert_array_equal(scan.probe, small.probe[1:2])
        np.testing.assert_array_equal(scan.x_start, small.x * 2e-6)
        np.testing.assert_array_equal(scan.y, small.y * 2e-6)
        np.testing.assert_array_equal(scan.x, small.x * 1e-6)

    def test_only_the_chunks_wanted_are_read(self, write, small, reads):
        """Frames of one chunk are read from this one."""
        with open_scan(write(), format="ptyd", subject="source s") as scan:
            read = reads()
            found = scan.frames.read([6, 8])
        assert {name for name, _ in read} == {"/chunks/1/data"}, "other chunks were read"
        np.testing.assert_array_equal(found, small.frames[[6, 8]])


class TestPropagation:
    """How the light comes to the detector, where the file says so."""

    @pytest.mark.parametrize("group", ["info", "meta"])
    @pytest.mark.parametrize("said", ["nearfield", np.bytes_("nearfield"), "Fresnel"])
    def test_near_field(self, group, said, write, refused):
        """A scan that says to be one is refused, and that it is not supported."""

        def change(file: h5py.File) -> None:
            file[f"{group}/propagation"] = said

        error = refused(write(change), CheckError, format="ptyd")
        assert error.subject == f"source s: {group}/propagation"
        assert error.remedy.endswith("near-field ptychography is not supported")

    @pytest.mark.parametrize("said", ["farfield", np.bytes_("farfield"), "None", 1.0])
    def test_far_field(self, said, write):
        """One that says to be one, or says nothing, is read."""

        def change(file: h5py.File) -> None:
            file["info/propagation"] = said

        with open_scan(write(change), format="ptyd", subject="source s") as scan:
            assert scan.frames.shape == (12, 8, 10)


class TestHostile:
    """Files that cannot be."""

    @pytest.mark.parametrize(
        ("meta", "name", "guess"),
        [
            ({"energy": 7738.4}, "energy", "in eV"),
            ({"distance": 7190.0}, "distance", "in mm or µm"),
            ({"psize": np.array([172.0, 172.0])}, "psize", "in µm or nm"),
            ({"psize": np.array([172e-6, np.nan])}, "psize", "values that are not finite"),
            ({"psize": np.full(3, 172e-6)}, "psize", "3 numbers"),
        ],
    )
    def test_wrong_units(self, meta, name, guess, write, refused):
        """Energies that are not in keV and lengths that are not in metres are refused."""
        error = refused(write(**meta), CheckError, format="ptyd")
        assert error.subject == f"source s: meta/{name}"
        assert error.found.endswith(guess), "the likely unit is not named"

    def test_linked_chunks(self, tmp_path, write, refused):
        """Chunks in files of their own, as ptypy's save='link' makes them, are refused."""

        def change(file: h5py.File) -> None:
            del file["chunks/1"]
            file["chunks/1"] = h5py.ExternalLink(tmp_path / "scan.ptyd.part001", "/")

        error = refused(write(change), CheckError, format="ptyd")
        assert "scan.ptyd.part001" in error.found, "the other file is not named"

    def test_chunks_of_different_shapes(self, write, small, refused):
        """Frames of one scan have one shape."""

        def change(file: h5py.File) -> None:
            del file["chunks/2/data"]
            file["chunks/2/data"] = small.frames[9:, :, :9]

        error = refused(write(change), CheckError, format="ptyd")
        assert error.found == "(8, 10) float32 and (8, 9) float32"

    def test_weights_of_another_shape(self, write, refused):
        """Weights that are no frame's are refused."""
        path = write(weights(np.ones((1, 8, 10)), np.ones((1, 10, 8))))
        assert refused(path, CheckError, format="ptyd").subject == "source s: chunks/1/weights"

    def test_positions_of_another_shape(self, write, refused):
        """Positions are pairs."""

        def change(file: h5py.File) -> None:
            del file["chunks/0/positions"]
            file["chunks/0/positions"] = np.zeros((5, 3))

        error = refused(write(change), CheckError, format="ptyd")
        assert error.subject == "source s: chunks/0/positions"

    def test_positions_in_micrometres(self, write, small, refused):
        """Positions that span metres are in another unit."""

        def change(file: h5py.File) -> None:
            for number in range(3):
                file[f"chunks/{number}/positions"][...] *= 1e6

        error = refused(write(change), CheckError, format="ptyd")
        assert error.found.endswith("in µm"), "the likely unit is not named"

    def test_no_chunks(self, write, refused):
        """Without chunks there are no frames."""

        def change(file: h5py.File) -> None:
            del file["chunks"]

        assert refused(write(change), CheckError, format="ptyd").found == "no chunk"
