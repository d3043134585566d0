"""Tests of `registry.ptychography.readers.figures`: what is declared, and what is absurd."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

from registry.errors import CheckError
from registry.ptychography.readers import open_declared, open_scan

h5py = pytest.importorskip("h5py", reason="the hdf5 extra is not installed")

DECLARED = {"wavelength_m": 1.5e-10, "distance_m": 0.7, "detector_pixel_m": 5e-5}
FORMATS = ("cxi", "ptyd", "ptychodus")
# Where each format has a figure; attributes of ptychodus are those of a group or dataset.
CXI = "/entry_1/instrument_1"
PLACES = {
    "cxi": {
        "wavelength_m": f"{CXI}/source_1/energy",
        "distance_m": f"{CXI}/detector_1/distance",
        "detector_pixel_m": f"{CXI}/detector_1/x_pixel_size",
    },
    "ptyd": {
        "wavelength_m": "meta/energy",
        "distance_m": "meta/distance",
        "detector_pixel_m": "meta/psize",
    },
    "ptychodus": {
        "wavelength_m": "/ photon_energy_eV",
        "distance_m": "/ detector_object_distance_m",
        "detector_pixel_m": "probe pixel_height_m",
    },
}
GOOD = {
    "cxi": {"wavelength_m": 1.24e-15, "distance_m": 0.72, "detector_pixel_m": 55e-6},
    "ptyd": {"wavelength_m": 7.7, "distance_m": 0.72, "detector_pixel_m": 55e-6},
    "ptychodus": {"wavelength_m": 7700.0, "distance_m": 0.72, "detector_pixel_m": 5e-9},
}
CASES = [(form, name) for form in FORMATS for name in DECLARED]


@pytest.fixture
def write(tmp_path, small):
    """Write a scan of a format, with other values for some of its figures."""

    def write(form: str, **figures: object):
        path = tmp_path / f"scan.{form}"
        positions = np.stack([small.y, small.x], axis=1) * 1e-8
        with h5py.File(path, "w") as file:
            if form == "cxi":
                file[f"{CXI}/detector_1/data"] = small.frames
                file["/entry_1/sample_1/geometry_1/translation"] = positions[:, ::-1]
            elif form == "ptyd":
                file["chunks/0/data"], file["chunks/0/positions"] = small.frames, positions
            else:
                file["object"], file["probe"] = small.obj, small.probe
                file["probe_position_y_m"], file["probe_position_x_m"] = positions.T
                file["probe"].attrs["pixel_width_m"] = 5e-9
            for name, value in (GOOD[form] | figures).items():
                place, _, attribute = PLACES[form][name].partition(" ")
                if attribute:
                    file[place].attrs[attribute] = value
                else:
                    file[place] = value
        return path

    return write


@pytest.mark.parametrize(("form", "name"), CASES)
@pytest.mark.parametrize("value", [0.0, -1.0, np.nan, np.inf, 1e300, 5e-324])
def test_absurd_values(write, form, name, value):
    """A sentence names the place and the key to declare; no traceback, and no warning."""
    with (
        warnings.catch_warnings(),
        pytest.raises(CheckError) as error,
        open_scan(write(form, **{name: value}), format=form, subject="source s"),
    ):
        warnings.simplefilter("error")
    place = PLACES[form][name].split()[-1].removesuffix("_height_m")
    assert place in error.value.subject, "the place is not named"
    assert error.value.remedy.endswith(f"; or declare what it is: {name}"), error.value.remedy


@pytest.mark.parametrize("values", [[1.7e308, 1.7e308], [-1.7e308, 1.7e308]])
def test_many_absurd_values(write, values):
    """Sums of numbers that are too large are no warnings either."""
    path = write("cxi", wavelength_m=np.array(values))
    with pytest.raises(CheckError), open_scan(path, format="cxi", subject="source s"):
        pass


@pytest.mark.parametrize(("form", "name"), CASES)
@pytest.mark.parametrize("value", [0.0, np.nan, 7.7e9])
def test_what_is_declared(write, form, name, value):
    """What the file says of it is not asked: its error refuses nothing, nor is it on record."""
    path = write(form, **{name: value})
    declared = {"format": form, name: DECLARED[name]}
    with open_declared(path, declared, subject="source s") as scan:
        assert getattr(scan, name) is None, "the file's, which is wrong"
        assert name not in scan.provenance, "said to be from the file"
        others = DECLARED.keys() - {name}
        assert all(getattr(scan, other) is not None for other in others), "others are missing"


@pytest.mark.parametrize(
    ("name", "value", "guess"),
    [
        ("wavelength_m", 0.15, "0.15, which would be believable in µm or nm or Å"),
        ("distance_m", 720.0, "720, which would be believable in mm or µm"),
        ("distance_m", 1e300, "1e+300"),
        ("distance_m", np.inf, "inf"),
        ("detector_pixel_m", 0.055, "0.055, which would be believable in mm"),
    ],
)
@pytest.mark.parametrize("form", FORMATS)
def test_what_is_declared_wrongly(write, form, name, value, guess):
    """It is held against what it can be, as the file's is; the key is named."""
    declared = {"format": form, name: value}
    with (
        pytest.raises(CheckError) as error,
        open_declared(write(form), declared, subject="source s"),
    ):
        pass
    assert (error.value.subject, error.value.found) == (f"source s: {name}", guess)
    assert error.value.remedy == "correct the value that is declared"


def test_a_product_with_a_declared_wavelength(write):
    """The pixels of a detector that the file implies go by what is declared."""
    declared = {"format": "ptychodus", "wavelength_m": 1.5e-10, "distance_m": 0.7}
    with open_declared(write("ptychodus"), declared, subject="source s") as scan:
        row, column = scan.detector_pixel_m
    assert (row, column) == pytest.approx((1.5e-10 * 0.7 / (8 * 5e-9), 1.5e-10 * 0.7 / (10 * 5e-9)))


def test_positions_that_are_absurd(write, small):
    """A span beyond all numbers is a sentence."""
    path = write("cxi")
    with h5py.File(path, "r+") as file:
        file["/entry_1/sample_1/geometry_1/translation"][:2] = [[-1.7e308] * 2, [1.7e308] * 2]
    with (
        pytest.raises(CheckError, match="positions in metres, which span at most"),
        open_scan(path, format="cxi", subject="source s"),
    ):
        pass
