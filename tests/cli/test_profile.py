"""Tests of `fixtures profile`. What the table says: tests/ptychography/test_profile.py."""

from __future__ import annotations

import bz2
import gzip
import io
import json
from pathlib import Path

import numpy as np
import pytest

from registry import digests


def write(path, **arrays):
    """A .npz as numpy writes it, and its path as text."""
    np.savez(path, **arrays)
    return str(path)


def test_a_profile(fixtures, tmp_path):
    """The file's SHA-256, its arrays and the contract's table; it fails where a row does."""
    path = write(
        tmp_path / "scan.npz",
        xcoords=np.array([1.5, 2.5]),
        diffraction=np.arange(32.0).reshape(4, 4, 2) / 16,
        ycoords=np.zeros(2),
        probeGuess=np.full((4, 4), 3 + 4j),
        comment=np.array("of mine"),
    )
    ended = fixtures("profile", path)
    assert (ended.code, ended.err) == (1, ""), "not what a failed requirement ends with"
    first, _, *table = ended.out.splitlines()
    assert first.startswith("scan.npz  sha256 "), "not the file's name and digest"
    assert len(first.split()[-1]) == 64, "not a SHA-256"
    assert [" ".join(line.split()) for line in table] == [
        "array shape dtype range (magnitude)",
        "comment () str224 -",
        "diffraction (4, 4, 2) float64 [0, 1.9375]",
        "probeGuess (4, 4) complex128 [5, 5]",
        "xcoords (2,) float64 [1.5, 2.5]",
        "ycoords (2,) float64 [0, 0]",
        "",
        "DATA-001 requirement observed compliance remark",
        "diffraction axes (N, H, W) (4, 4, 2) FAIL legacy (H, W, N): transpose",
        "diffraction dtype float32 float64 FAIL convert",
        "diffraction amplitude, 0 to 10 [0, 1.9375] PASS",
        "objectGuess dtype complex64 none FAIL missing",
        "probeGuess dtype complex64 complex128 FAIL convert",
        "coordinates xcoords, ycoords float64 2 positions PASS",
        "Y patches present none MISSING needed for supervised training only",
    ], "not the tables"


def test_a_document(fixtures, tmp_path):
    """The same for programs, with dtypes as numpy writes them; and the same exit code."""
    path = write(tmp_path / "scan.npz", xcoords=np.array([1.5, 2.5]), comment=np.array("of mine"))
    ended = fixtures("profile", path, "--json")
    assert (ended.code, ended.err) == (1, "")
    document = json.loads(ended.out)
    assert document["file"] == "scan.npz"
    assert document["sha256"] == digests.sha256_file(Path(path))
    assert document["arrays"] == {
        "comment": {"shape": [], "dtype": "<U7", "range": None},
        "xcoords": {"shape": [2], "dtype": "<f8", "range": [1.5, 2.5]},
    }
    assert document["compliance"][-1] == {
        "requirement": "Y patches present", "observed": "none", "verdict": "MISSING",
        "remark": "needed for supervised training only",
    }  # fmt: skip


def test_a_fixture_beside_its_sidecar(fixtures, root):
    """Of a cube of frames the shape does not tell the axes; its own sidecar does, and no other."""
    path = root / "tests/fixtures/pytorch_integration/minimal_dataset_v1.npz"
    axes = "diffraction axes (N, H, W)            (64, 64, 64)  "
    ended = fixtures("profile", str(path))
    assert ended.code == 0
    assert f"{axes}PASS        as its sidecar says\n" in ended.out
    text = path.with_suffix(".json").read_text()
    for other in (text.replace('"fdad843f', '"0dad843f'), "{}", None):
        path.with_suffix(".json").unlink()
        if other is not None:
            path.with_suffix(".json").write_text(other)
        said = fixtures("profile", str(path)).out
        assert f"{axes}AMBIGUOUS   H = W = N: the layout must be declared\n" in said, other


def test_outside_a_registry(fixtures, tmp_path, scan, monkeypatch):
    """A file can be profiled before there is any registry."""
    monkeypatch.chdir(tmp_path)
    path = write(tmp_path / "a.npz", **scan)
    assert fixtures("profile", path).code == 0, "a registry was asked for"


@pytest.mark.parametrize("pack", [bz2.compress, gzip.compress])
def test_a_packed_file(fixtures, tmp_path, scan, pack):
    """It is profiled as the file in it, under its own name and digest."""
    plain = tmp_path / "scan.npz"
    np.savez(plain, **scan)
    packed = tmp_path / "scan.npz.packed"
    packed.write_bytes(pack(plain.read_bytes()))
    first, *table = fixtures("profile", str(packed)).out.splitlines()
    assert first == f"scan.npz.packed  sha256 {digests.sha256_file(packed)}"
    assert table == fixtures("profile", str(plain)).out.splitlines()[1:], "another profile"


def npy_only() -> bytes:
    """A .npy, which many take for a .npz."""
    file = io.BytesIO()
    np.save(file, np.zeros(3))
    return file.getvalue()


def pickled() -> bytes:
    """A .npz whose array is a pickle."""
    file = io.BytesIO()
    np.savez(file, diffraction=np.array([{}], dtype=object))
    return file.getvalue()


def truncated() -> bytes:
    """The first half of a .npz."""
    file = io.BytesIO()
    np.savez(file, a=np.zeros(1000))
    return file.getvalue()[:4000]


@pytest.mark.parametrize(
    ("data", "found"),
    [
        (b"", "0 bytes\n"),
        (b"hello", "5 bytes that begin with b'hello'"),
        (npy_only(), "152 bytes that begin with"),
        (truncated(), "4000 bytes that end with"),
        (pickled(), "dtype object (a pickle)"),
    ],
    ids=["empty", "text", "npy", "truncated", "pickle"],
)
def test_what_is_no_npz(fixtures, tmp_path, data, found):
    """A file that cannot be trusted is an error of exit code 1, not a traceback, nor unpickled."""
    path = tmp_path / "a.npz"
    path.write_bytes(data)
    ended = fixtures("profile", str(path))
    assert (ended.code, ended.out) == (1, ""), "not a failed check, or something on stdout"
    assert ended.err.startswith(f"error: {path}"), "the file is not named"
    assert f"  found:    {found}" in ended.err, "not what is wrong with it"
    assert "  to mend:  " in ended.err, "no remedy"


def test_no_such_file(fixtures, tmp_path):
    """A file that is not there is exit code 3."""
    ended = fixtures("profile", str(tmp_path / "a.npz"))
    assert (ended.code, ended.out) == (3, ""), "not the exit code of what is missing"
    assert "  found:    No such file or directory\n" in ended.err, "not the reason"


# HDF5

DETECTOR = "/entry_1/instrument_1/detector_1"


@pytest.fixture
def cxi(tmp_path):
    """Write a small CXI, let a function change it, and return its path as text."""
    h5py = pytest.importorskip("h5py", reason="the hdf5 extra is not installed")

    def cxi(change=lambda file: None):
        path = tmp_path / "scan.cxi"
        with h5py.File(path, "w") as file:
            file[f"{DETECTOR}/data"] = np.ones((3, 8, 8), "<u2")
            file[f"{DETECTOR}/distance"] = 0.72
            file[f"{DETECTOR}/distance"].attrs["units"] = "m"
            file["/entry_1/data_1/data"] = h5py.SoftLink(f"{DETECTOR}/data")
            file["/entry_1/title"] = "mine"
            change(file)
        return str(path)

    return cxi


def test_a_cxi(fixtures, cxi):
    """Its datasets and links with shape, dtype and unit, and what a source takes of them."""
    path = cxi()
    ended = fixtures("profile", path)
    assert (ended.code, ended.err) == (0, ""), "a sound file is called damaged"
    first, _, *table = ended.out.splitlines()
    assert first == f"scan.cxi  sha256 {digests.sha256_file(Path(path))}"
    assert [" ".join(line.split()) for line in table] == [
        "dataset shape dtype units value or link",
        f"/entry_1/data_1/data link to {DETECTOR}/data",
        f"{DETECTOR}/data (3, 8, 8) uint16",
        f"{DETECTOR}/distance () float64 m 0.72",
        "/entry_1/title () text mine",
        "",
        "as a source of format: cxi",
        "diffraction dataset /entry_1/data_1/data",
        f"distance_m dataset {DETECTOR}/distance",
    ]


def test_a_document_of_a_cxi(fixtures, cxi):
    """Its tree, its format, what is taken of it; what its reader says is in the document, too."""
    document = json.loads(fixtures("profile", cxi(), "--json").out)
    assert document["nodes"][1] == {
        "path": f"{DETECTOR}/data", "shape": "(3, 8, 8)", "dtype": "uint16", "unit": "", "note": "",
    }  # fmt: skip
    assert (document["format"], document["errors"]) == ("cxi", [])
    assert document["provenance"]["distance_m"] == f"dataset {DETECTOR}/distance"

    def change(file):
        file[f"{DETECTOR}/distance"][...] = 720.0

    ended = fixtures("profile", cxi(change), "--json")
    assert (ended.code, ended.err) == (1, "")
    (error,) = json.loads(ended.out)["errors"]
    assert error["subject"].endswith(f"scan.cxi: {DETECTOR}/distance")


def test_a_cxi_that_is_refused(fixtures, cxi):
    """The tree is shown all the same; then comes what the reader says, and exit code 1."""

    def change(file):
        file[f"{DETECTOR}/distance"][...] = 720.0

    path = cxi(change)
    ended = fixtures("profile", path)
    assert ended.code == 1
    assert f"{DETECTOR}/distance" in ended.out, "no tree"
    assert "as a source" not in ended.out, "nothing is taken of it"
    assert ended.err.startswith(f"error: {path}: {DETECTOR}/distance\n"), ended.err
    assert "or declare what it is: distance_m\n" in ended.err


def test_an_hdf5_file_of_another_kind(fixtures, cxi):
    """Its tree is shown, and that it has no known format is no error."""

    def change(file):
        file["mine"] = file["entry_1"]
        del file["entry_1"]

    ended = fixtures("profile", cxi(change))
    assert (ended.code, ended.err) == (0, "")
    assert ended.out.endswith(
        "\nnone of the formats that a source may have: cxi, ptyd, ptychodus\n"
    )


def test_a_truncated_hdf5_file(fixtures, cxi):
    """It is named as what it is."""
    path = Path(cxi())
    path.write_bytes(path.read_bytes()[:3000])
    ended = fixtures("profile", str(path))
    assert (ended.code, ended.out) == (1, "")
    assert "expected: a whole HDF5 file\n" in ended.err


@pytest.mark.parametrize("name", ["scan.h5", "scan.npz"])
def test_a_file_of_neither_kind(fixtures, tmp_path, name):
    """It is not taken for a broken archive, whatever its name."""
    path = tmp_path / name
    path.write_text("hello\n")
    ended = fixtures("profile", str(path))
    assert (ended.code, ended.out) == (1, ""), "not a failed check"
    assert ended.err == (
        f"error: {path}\n"
        "  expected: a .npz, also packed in .bz2 or .gz, or an HDF5 file\n"
        "  found:    6 bytes that begin with b'hello\\n'\n"
        "  to mend:  name a file of a scan; fetch this one again, if it should be one\n"
    ), ended.err
