"""Tests of `fixtures profile`. What the table says: tests/ptychography/test_profile.py."""

from __future__ import annotations

import io

import numpy as np
import pytest


def write(path, **arrays):
    """A .npz as numpy writes it, and its path as text."""
    np.savez(path, **arrays)
    return str(path)


def test_a_profile(fixtures, tmp_path):
    """The file's SHA-256, its arrays and the contract's table, wherever one is."""
    path = write(
        tmp_path / "scan.npz",
        xcoords=np.array([1.5, 2.5]),
        diffraction=np.arange(32.0).reshape(4, 4, 2) / 16,
        ycoords=np.zeros(2),
        probeGuess=np.full((4, 4), 3 + 4j),
        comment=np.array("of mine"),
    )
    ended = fixtures("profile", path)
    assert (ended.code, ended.err) == (0, ""), "not a clean end"
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


def test_outside_a_registry(fixtures, tmp_path, monkeypatch):
    """A file can be profiled before there is any registry."""
    monkeypatch.chdir(tmp_path)
    path = write(tmp_path / "a.npz", a=np.zeros(1))
    assert fixtures("profile", path).code == 0, "a registry was asked for"


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
        (b"hello", "5 bytes that end with b'hello'"),
        (npy_only(), "152 bytes that end with"),
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
