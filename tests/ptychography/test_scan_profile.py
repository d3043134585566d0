"""Tests of `registry.ptychography.scan_profile`: which kind a file is, and what is taken of it."""

from __future__ import annotations

import bz2

import numpy as np
import pytest

from registry.errors import ArchiveError, MissingError
from registry.ptychography import scan_profile


@pytest.fixture
def hdf5(tmp_path):
    """Write an HDF5 file that a function fills, and return its path."""
    h5py = pytest.importorskip("h5py", reason="the hdf5 extra is not installed")

    def hdf5(fill, **options):
        path = tmp_path / "a.h5"
        with h5py.File(path, "w", **options) as file:
            fill(file)
        return path

    return hdf5


@pytest.mark.parametrize("block", [0, 512, 2048])
def test_hdf5_by_its_bytes(hdf5, block):
    """Whatever its name, and behind a block of somebody else's."""
    path = hdf5(lambda file: None, userblock_size=block)
    assert scan_profile.is_hdf5(path, subject="file a"), "not found"


@pytest.mark.parametrize("data", [b"PK\5\6" + bytes(18), b"x", b"\x89HDF\r\n", bytes(5000)])
def test_other_files(tmp_path, data):
    """They are not HDF5, and read as a .npz."""
    path = tmp_path / "a.h5"
    path.write_bytes(data)
    assert not scan_profile.is_hdf5(path, subject="file a"), "another file"


def test_no_file(tmp_path):
    """One that is not there is missing."""
    with pytest.raises(MissingError):
        scan_profile.is_hdf5(tmp_path / "a", subject="file a")


def test_arrays_of_a_packed_npz(tmp_path):
    """They are those of the file in it; what is none is an error of the archive."""
    np.savez(tmp_path / "a.npz", a=np.arange(5))
    path = tmp_path / "a.npz.bz2"
    path.write_bytes(bz2.compress((tmp_path / "a.npz").read_bytes()))
    np.testing.assert_array_equal(
        scan_profile.npz_arrays(path, subject="file a")["a"], np.arange(5)
    )
    path.write_bytes(bz2.compress(b"no archive"))
    with pytest.raises(ArchiveError):
        scan_profile.npz_arrays(path, subject="file a")


FRAMES = np.ones((12, 8, 8), "<u2")


@pytest.mark.parametrize(
    ("form", "arrays", "taken"),
    [
        ("cxi", {"entry_1/data_1/data": FRAMES}, {"diffraction": "dataset /entry_1/data_1/data"}),
        ("ptyd", {"chunks/0/data": FRAMES}, {"diffraction": "datasets chunks/0/data"}),
        (
            "ptychodus",
            {
                "probe_position_x_m": np.arange(12) * 1e-8,
                "probe_position_y_m": np.arange(12) * 1e-8,
                "probe": np.ones((8, 8), complex),
                "object": np.ones((9, 9), complex),
            },
            {
                "objectGuess": "dataset object",
                "probeGuess": "dataset probe",
                "xcoords": "dataset probe_position_x_m",
                "ycoords": "dataset probe_position_y_m",
            },
        ),
        (None, {"frames": FRAMES}, {}),
    ],
)
def test_what_is_taken(hdf5, form, arrays, taken):
    """By each format's reader; of a file of none of them nothing, which is no error."""

    def fill(file):
        for path, array in arrays.items():
            file[path] = array

    found = scan_profile.hdf5_profile(hdf5(fill), subject="file a")
    assert (found.format, dict(found.provenance), found.errors) == (form, taken, [])
    assert sorted(node.path for node in found.nodes) == sorted(f"/{path}" for path in arrays)


def test_what_is_wrong_is_said_once(hdf5):
    """Though both the tree and the reader meet it."""

    def fill(file):
        file.create_dataset(
            "entry_1/data_1/data", (12, 8, 8), "u2", external=[("other.bin", 0, 12 * 8 * 8 * 2)]
        )

    found = scan_profile.hdf5_profile(hdf5(fill), subject="file a")
    assert (found.format, found.provenance) == ("cxi", {}), "something is taken of it"
    assert [error.subject for error in found.errors] == ["file a: /entry_1/data_1/data"]
