"""Tests of `registry.ptychography.readers.hdf5_scan`: files that keep HDF5's library busy."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from registry.errors import CheckError
from registry.ptychography import scan_profile
from registry.ptychography.readers import apart, open_scan
from registry.storage import ranged
from tests.kit.servers import RangeServer

h5py = pytest.importorskip("h5py", reason="the hdf5 extra is not installed")

METRES = np.arange(192).reshape(96, 2) * 1e-6
SOURCE = "/entry_1/instrument_1/source_1"


@pytest.fixture(autouse=True)
def short(monkeypatch):
    """Hardly any processor time."""
    monkeypatch.setattr(apart, "PATIENCE_S", 2)


def with_unit(file) -> None:
    """A scan in CXI, with an attribute that is a text."""
    file["/entry_1/data_1/data"] = np.ones((2, 4, 4), "f4")
    file[f"{SOURCE}/energy"] = 1.2e-15
    file[f"{SOURCE}/energy"].attrs["units"] = "J"


def with_text(file) -> None:
    """A scan of ptypy's, with a dataset that is a text."""
    file["chunks/0/data"] = np.ones((2, 4, 4), "f4")
    file["meta/propagation"] = "farfield"


@pytest.fixture(params=[("cxi", with_unit), ("ptyd", with_text)], ids=["attribute", "dataset"])
def endless(request, tmp_path, monkeypatch):
    """Format and path of a scan with a text whose heap has no sizes: HDF5 goes round in it."""
    monkeypatch.setattr(apart, "PATIENCE_S", 1)
    form, fill = request.param
    path = tmp_path / f"scan.{form}"
    with h5py.File(path, "w") as file:
        fill(file)
    data = bytearray(path.read_bytes())
    objects = data.index(b"GCOL") + 16
    data[objects : objects + 16] = bytes(16)
    path.write_bytes(data)
    return form, path


def test_a_scan_without_end(endless, refused):
    """To open it ends in an error in four parts."""
    form, path = endless
    error = refused(path, CheckError, format=form)
    assert error.found == "the library came to no end in 1 s of processor time", error


def test_a_profile_without_end(endless):
    """So does to list what is in it."""
    with pytest.raises(CheckError, match=r"file a\n.*\n.*the library came to no end in 1 s"):
        scan_profile.hdf5_profile(endless[1], subject="file a")


def test_an_array_without_end(tmp_path, refused, monkeypatch):
    """Weights of which nothing is stored, and of which there are more than anybody can read."""
    monkeypatch.setattr(apart, "PATIENCE_S", 1)
    with h5py.File(tmp_path / "scan.ptyd", "w") as file:
        file["chunks/0/data"] = np.ones((2, 4, 4), "f4")
        shape, chunks = (10_000_000, 4000, 4000), (1, 400, 400)
        file.create_dataset("chunks/0/weights", shape, "f4", chunks=chunks)
    error = refused(tmp_path / "scan.ptyd", CheckError, format="ptyd")
    assert "no end in 1 s" in error.found, error


def test_frames_that_are_closed(tmp_path):
    """When the context has ended they cannot be read."""
    with h5py.File(tmp_path / "scan.cxi", "w") as file:
        with_unit(file)
    with open_scan(tmp_path / "scan.cxi", format="cxi", subject="source s") as scan:
        np.testing.assert_array_equal(scan.frames.read([1, 0]), np.ones((2, 4, 4)))
    with pytest.raises(ValueError, match="source s is closed"):
        scan.frames.read([0])


def test_a_path_that_is_relative(tmp_path, monkeypatch):
    """It is one of this process's folder, in which the other one need not be."""
    for name in ("first", "second"):
        (tmp_path / name).mkdir()
        with h5py.File(tmp_path / name / "scan.cxi", "w") as file:
            with_unit(file)
            file["/entry_1/data_1/data"][...] = len(name)
        monkeypatch.chdir(tmp_path / name)
        with open_scan(Path("scan.cxi"), format="cxi", subject="source s") as scan:
            assert scan.frames.read([0])[0, 0, 0] == len(name), "the file of another folder"


# Files elsewhere


@pytest.fixture
def served(tmp_path, monkeypatch):
    """A scan of 96 frames of 128 x 128 on a web server, in packed chunks of one frame."""
    monkeypatch.setenv("NETRC", "/nonexistent")
    frames = np.random.default_rng(3).integers(0, 1 << 16, (96, 128, 128), np.uint16)
    with RangeServer(tmp_path / "served") as server:
        server.folder.mkdir()
        with h5py.File(server.folder / "scan.cxi", "w") as file:
            options = {"chunks": (1, 128, 128), "compression": "gzip", "compression_opts": 1}
            data = file.create_dataset("/entry_1/data_1/data", data=frames, **options)
            sizes = [data.id.get_chunk_info(n).size for n in range(96)]
            file["/entry_1/data_1/translation"] = METRES
        yield server, frames, sizes


def test_a_file_elsewhere(served):
    """Packed frames are read for little more than their bytes, and those only once."""
    server, frames, sizes = served
    file = ranged.find(f"{server.url}/scan.cxi")
    wanted = [n * 95 // 31 for n in range(32)]
    with open_scan(file, format="cxi", subject="source s") as scan:
        np.testing.assert_array_equal(scan.frames.read(wanted), frames[wanted])
        once = server.sent
        np.testing.assert_array_equal(scan.frames.read(wanted[::-1]), frames[wanted[::-1]])
        assert server.sent == once, "fetched twice"
        np.testing.assert_array_equal(scan.x, METRES[:, 0])
    least = sum(sizes[n] for n in wanted)
    assert least < once <= 1.3 * least, f"{once / least:.2f} times the frames"


def test_the_process_that_reads(served, tmp_path):
    """For a file elsewhere it is a fresh one, which has the credentials of now."""
    server, *_ = served
    found = []
    for file in [ranged.find(f"{server.url}/scan.cxi")] * 2 + [server.folder / "scan.cxi"] * 2:
        with open_scan(file, format="cxi", subject="source s"):
            pass
        found.append(apart._idle[-1])
    assert found[0] is not found[1]
    assert found[1] is found[2] is found[3]


def test_a_file_elsewhere_that_is_replaced(served):
    """Also in the middle of what HDF5 reads it is told as what it is."""
    server, *_ = served
    file = ranged.find(f"{server.url}/scan.cxi")
    with open_scan(file, format="cxi", subject="source s") as scan:
        path = server.folder / "scan.cxi"
        path.write_bytes(path.read_bytes()[:-1] + b"x")
        with pytest.raises(CheckError, match="as when reading it began"):
            scan.frames.read([50])


def test_a_file_elsewhere_that_is_no_hdf5(served, refused):
    """It is refused as a file that is here."""
    server, *_ = served
    (server.folder / "other.cxi").write_bytes(bytes(5000))
    error = refused(ranged.find(f"{server.url}/other.cxi"), CheckError, format="cxi")
    assert error.expected == "a whole HDF5 file"
