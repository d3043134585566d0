"""Tests of `registry.ptychography.readers.ptychodus`."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from registry.errors import CheckError
from registry.ptychography.readers import open_scan

h5py = pytest.importorskip("h5py", reason="the hdf5 extra is not installed")

PIXEL = (6e-9, 5e-9)  # (row, column)
DISTANCE_M, ENERGY_EV, WAVELENGTH_M = 1.9, 8000.0, 1.54980248e-10


@pytest.fixture
def write(tmp_path, small):
    """Write a product as ptychodus lays it out, let a function change it, return the path."""

    def write(change: Callable[[h5py.File], None] = lambda file: None) -> Path:
        path = tmp_path / "product.h5"
        with h5py.File(path, "w") as file:
            file.attrs["name"] = "small"
            file.attrs["detector_object_distance_m"] = DISTANCE_M
            file.attrs["photon_energy_eV"] = ENERGY_EV
            file["probe_position_indexes"] = np.arange(12)
            file["probe_position_x_m"] = small.x * 1e-8
            file["probe_position_y_m"] = -small.y * 1e-8
            file["probe"] = small.probe[None]
            file["object"] = small.obj[None]
            for name in ("probe", "object"):
                file[name].attrs["pixel_height_m"], file[name].attrs["pixel_width_m"] = PIXEL
            file["object"].attrs["center_x_m"] = 3e-8
            file["object"].attrs["center_y_m"] = -4e-8
            file["object_layer_spacing_m"] = np.zeros(0)
            change(file)
        return path

    return write


class TestProduct:
    """What a product holds."""

    def test_everything(self, write, small):
        """Object, probe and positions come out as they are, without frames."""
        with open_scan(write(), format="ptychodus", subject="source s") as scan:
            pass
        assert scan.frames is None, "frames were invented"
        np.testing.assert_array_equal(scan.probe, small.probe)
        np.testing.assert_array_equal(scan.obj, small.obj)
        np.testing.assert_array_equal(scan.x, small.x * 1e-8)
        np.testing.assert_array_equal(scan.y, -small.y * 1e-8)
        assert (scan.format, scan.position_unit) == ("ptychodus", "m")
        assert scan.distance_m == DISTANCE_M
        assert scan.wavelength_m == pytest.approx(WAVELENGTH_M, rel=1e-8)
        assert scan.object_pixel_m == PIXEL, "not (row, column)"
        assert scan.object_center_m == (-4e-8, 3e-8), "not (row, column)"
        assert scan.provenance == {
            "objectGuess": "dataset object",
            "probeGuess": "dataset probe",
            "xcoords": "dataset probe_position_x_m",
            "ycoords": "dataset probe_position_y_m",
            "wavelength_m": "attribute photon_energy_eV",
            "distance_m": "attribute detector_object_distance_m",
            "object_pixel_m": "attributes of object",
            "object_center_m": "attributes of object",
            "detector_pixel_m": "wavelength, distance and the pixels of probe",
        }

    def test_detector_pixels_give_the_probe_its_own(self, write):
        """By wavelength · distance / (pixels · pitch), the probe has the pixels of the file."""
        with open_scan(write(), format="ptychodus", subject="source s") as scan:
            row, column = scan.detector_pixel_m
        scale = WAVELENGTH_M * DISTANCE_M
        assert (scale / (8 * row), scale / (10 * column)) == pytest.approx(PIXEL, rel=1e-8)

    def test_the_old_name_of_the_energy(self, write):
        """Older products call the energy otherwise."""

        def change(file: h5py.File) -> None:
            file.attrs["probe_energy_eV"] = file.attrs.pop("photon_energy_eV")

        with open_scan(write(change), format="ptychodus", subject="source s") as scan:
            assert scan.wavelength_m == pytest.approx(WAVELENGTH_M, rel=1e-8)

    def test_little_is_needed(self, write):
        """Without attributes there are no figures, and none is invented."""

        def change(file: h5py.File) -> None:
            for item in (file, file["object"], file["probe"]):
                for name in list(item.attrs):
                    del item.attrs[name]

        with open_scan(write(change), format="ptychodus", subject="source s") as scan:
            found = (scan.wavelength_m, scan.distance_m, scan.detector_pixel_m)
            assert found == (None,) * 3, "something was invented"
            assert (scan.object_pixel_m, scan.object_center_m) == (None,) * 2

    def test_a_part_of_a_varying_probe(self, write, small):
        """Of several coherent modes one may be declared."""

        def change(file: h5py.File) -> None:
            del file["probe"]
            file["probe"] = np.stack([small.probe, 2 * small.probe])

        keys = {"probeGuess": "probe[1]"}
        path = write(change)
        with open_scan(path, format="ptychodus", keys=keys, subject="source s") as scan:
            np.testing.assert_array_equal(scan.probe, 2 * small.probe)


class TestHostile:
    """Products that cannot be."""

    @pytest.mark.parametrize(
        ("name", "value", "found"),
        [
            ("probe", np.ones((2, 3, 8, 10), complex), "shape (2, 3, 8, 10)"),
            ("object", np.ones((2, 20, 20), complex), "shape (2, 20, 20)"),
            ("object", "text", "dtype O (object)"),
            ("probe_position_x_m", np.full(12, np.inf), "values that are not finite"),
            ("probe_position_y_m", np.arange(11.0) * 1e-7, "xcoords 12, ycoords 11"),
            ("probe_position_y_m", np.arange(12.0), "11, which would be believable in µm"),
        ],
    )
    def test_arrays_that_cannot_be(self, name, value, found, write, refused):
        """Several layers, varying probes, text, other numbers and units are refused."""

        def change(file: h5py.File) -> None:
            del file[name]
            file[name] = value

        error = refused(write(change), CheckError, format="ptychodus")
        assert found in error.found, "what is wrong is not shown"

    @pytest.mark.parametrize(
        ("where", "name", "value"),
        [
            ("/", "photon_energy_eV", 8.0e-3),
            ("/", "photon_energy_eV", "8 keV"),
            ("/", "photon_energy_eV", np.nan),
            ("/", "detector_object_distance_m", 1900.0),
            ("object", "pixel_width_m", 5.0),
            ("probe", "pixel_height_m", 0.0),
            ("object", "center_x_m", [1.0, 2.0]),
        ],
    )
    def test_wrong_figures(self, where, name, value, write, refused):
        """Figures in other units, text, and what is no number are refused."""

        def change(file: h5py.File) -> None:
            file[where].attrs[name] = value

        refused(write(change), CheckError, format="ptychodus")

    @pytest.mark.parametrize("name", ["object", "probe", "probe_position_x_m"])
    def test_a_missing_array(self, name, write, refused):
        """A product lacks nothing."""

        def change(file: h5py.File) -> None:
            del file[name]

        error = refused(write(change), CheckError, format="ptychodus")
        assert (error.subject, error.found) == (f"source s: {name}", "nothing there")


@pytest.mark.slow
def test_ptychodus_writes_what_is_read(tmp_path, small):
    """A product that ptychodus saves gives back what it was given, the object's middle, too."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of libraries below it
        pytest.importorskip("ptychodus", reason="pip install ptychodus")
        from ptychodus.api.geometry import PixelGeometry
        from ptychodus.api.io import save_product
        from ptychodus.api.object import Object, ObjectCenter
        from ptychodus.api.probe import ProbeSequence
        from ptychodus.api.probe_positions import ProbePosition, ProbePositionSequence
        from ptychodus.api.product import Product, ProductMetadata

        pixels = PixelGeometry(width_m=PIXEL[1], height_m=PIXEL[0])
        target = Object(small.obj, pixels, ObjectCenter(x_m=3e-8, y_m=-4e-8))
        points = [
            ProbePosition(n, x, y)
            for n, (x, y) in enumerate(zip(small.x * 1e-8, small.y * 1e-8, strict=True))
        ]
        metadata = ProductMetadata("small", "", DISTANCE_M, ENERGY_EV, 1e6, 0.1, 0.0, 0.0)
        product = Product(
            metadata=metadata,
            probe_positions=ProbePositionSequence(points),
            probes=ProbeSequence(small.probe, None, pixels),
            object_=target,
            losses=[],
        )
        save_product(tmp_path / "product.h5", product)
        # in ptychodus a pixel's coordinate is that of its middle, in the contract that of its edge
        expected_x = 0.5 + np.array(
            [target.get_geometry().map_coordinates_probe_to_object(p).x_px for p in points]
        )
    with open_scan(tmp_path / "product.h5", format="ptychodus", subject="source s") as scan:
        pass
    np.testing.assert_array_equal(scan.probe, small.probe)
    np.testing.assert_array_equal(scan.obj, small.obj)
    np.testing.assert_array_equal(scan.y, small.y * 1e-8)
    assert scan.wavelength_m == pytest.approx(WAVELENGTH_M, rel=1e-8)
    assert (scan.object_pixel_m, scan.object_center_m) == (PIXEL, (-4e-8, 3e-8))
    x = (scan.x - scan.object_center_m[1]) / scan.object_pixel_m[1] + scan.obj.shape[1] / 2
    np.testing.assert_allclose(x, expected_x, rtol=1e-12)
