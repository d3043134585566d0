"""Tests of `registry.build.source`: sound sources arrive whole, bad ones leave nothing."""

from __future__ import annotations

import errno
import hashlib
import io
import json
import os
import resource
import warnings
import zipfile
from pathlib import Path

import numpy as np
import pytest

from registry.build import source
from registry.storage import ranged
from registry.storage.distant import Distant
from tests.kit.files import flipped

BUILD = Path("build")
BUILT = Path("build/sources/mine.npz")
RECORD = Path("build/sources/mine.json")
FILE = ["mine", "--generator", "file_v1", "--licence", "MIT", "--noise", "measured"]
SIMULATED = ["mine", "--generator", "simulate_v1", "--licence", "MIT", "--seed", "1"]
BOTH = pytest.mark.parametrize("flags", [FILE, SIMULATED], ids=["file_v1", "simulate_v1"])


def npz(arrays: dict[str, np.ndarray]) -> bytes:
    """A .npz as numpy writes it."""
    file = io.BytesIO()
    np.savez(file, **arrays)
    return file.getvalue()


def zipped(members: list[tuple[str, bytes]]) -> bytes:
    """An archive of these members, names repeated or not."""
    file = io.BytesIO()
    with warnings.catch_warnings(), zipfile.ZipFile(file, "w") as archive:
        warnings.simplefilter("ignore")
        for name, content in members:
            archive.writestr(name, content)
    return file.getvalue()


def npy(array: np.ndarray) -> bytes:
    """A .npy as numpy writes it."""
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()


# Sound sources


def test_a_file_is_its_source_byte_for_byte(run, put, scan):
    """file_v1 changes nothing: the bytes are those that were declared."""
    flags = put(scan)
    ended = run(source.main, *FILE, *flags)
    assert (ended.code, ended.err) == (0, ""), "not a clean end"
    assert BUILT.read_bytes() == Path(flags[1]).read_bytes(), "the file was changed"


def test_the_record_of_a_file(run, put, scan):
    """What the file is and what was declared of it, without the path where it lies."""
    flags = put(scan)
    commit = "0123456789abcdef0123456789abcdef01234567"
    run(source.main, *FILE, *flags, "--commit", commit, "--layout", "canonical")
    record = json.loads(RECORD.read_bytes())
    made_by = record.pop("generators")
    assert list(made_by) == [
        "generators/exact_v1.py",
        "generators/file_v1.py",
        "generators/subset_v1.py",
    ], "not the generator and the files that it imports"
    # as git hash-object prints it
    assert made_by["generators/subset_v1.py"] == "blob:454b49f04cc661e237dfb6d79691d540db6e894d"
    assert record == {
        "name": "mine",
        "sha256": flags[3],
        "size": Path(flags[1]).stat().st_size,
        "is_foreign": True,
        "licence": "MIT",
        "commit": commit,
        "declaration": {
            "generator": "file_v1",
            "noise": "measured",
            "path": "scan.npz",
            "sha256": flags[3],
            "layout": "canonical",
        },
        "generator_script": "generators/file_v1.py",
        "transformations": [],
        "details": {
            "layout": "canonical",
            "measurement": "amplitude",
            "noise": "measured",
            "photon_scale": None,
        },
    }, "not what was declared and found"


def test_a_folder_of_the_machine_is_nowhere_in_the_record(run, put, scan, tmp_path):
    """Two people with the same file at two places get the same record."""
    run(source.main, *FILE, *put(scan))
    one = RECORD.read_bytes()
    (tmp_path / "elsewhere").mkdir()
    run(source.main, *FILE, *put(scan, "elsewhere/scan.npz"))
    assert RECORD.read_bytes() == one, "the record depends on the folder"


@pytest.mark.parametrize(
    ("change", "layout"),
    [
        (lambda scan, legacy: scan, "canonical"),
        (lambda scan, legacy: legacy(scan), "legacy"),
        (lambda scan, legacy: {k: np.asfortranarray(v) for k, v in scan.items()}, "canonical"),
        (lambda scan, legacy: {k: v.astype(v.dtype.newbyteorder(">")) for k, v in scan.items()},
         "canonical"),
        (lambda scan, legacy: {"diff3d": scan.pop("diffraction"), **scan}, "canonical"),
        (lambda scan, legacy: {**scan, "comment": np.array("mine")}, "canonical"),
    ],
    ids=["canonical", "legacy", "fortran", "big-endian", "diff3d", "with-text"],
)  # fmt: skip
def test_layouts_of_sound_files(run, put, scan, legacy, change, layout):
    """Either layout is told by the shapes, whatever the order of bytes and of memory."""
    ended = run(source.main, *FILE, *put(change(scan, legacy)))
    assert (ended.code, ended.err) == (0, ""), "a sound file is refused"
    assert json.loads(RECORD.read_bytes())["details"]["layout"] == layout, "the layout was mistaken"


def test_a_reconstruction_is_simulated(run, put, scan):
    """simulate_v1 images the file's object at its positions, and says so."""
    ended = run(source.main, *SIMULATED, *put(scan), "--photons_per_frame", "1e5")
    assert (ended.code, ended.err) == (0, ""), "a sound file is refused"
    with np.load(BUILT) as built:
        assert built["diffraction"].shape == (64, 64, 40), "not a frame for each position"
        np.testing.assert_array_equal(built["xcoords"], scan["xcoords"], err_msg="they moved")
    record = json.loads(RECORD.read_bytes())
    assert (record["details"]["layout"], record["details"]["noise"]) == ("legacy", "poisson"), (
        "not what was made"
    )
    assert not record["is_foreign"], "another tool wrote it"
    assert "of a reconstruction (seed 1)" in record["transformations"][0], "not where it is from"


def test_the_same_declaration_gives_the_same_bytes(run, put, scan, files_below):
    """Run twice, source and record are the same, byte for byte."""
    run(source.main, *SIMULATED, *put(scan), "--photons_per_frame", "1e5")
    one = files_below(BUILD)
    run(source.main, *SIMULATED, *put(scan), "--photons_per_frame", "1e5")
    assert files_below(BUILD) == one, "a second run gives other bytes"


# Bad sources


def check_refused(ended, code: int, found: str) -> None:
    """The run ended with a message that starts with the source's name, and left nothing."""
    assert ended.code == code, f"exit code {ended.code}: {ended.err}"
    assert ended.out == "", "something on stdout"
    assert ended.err.startswith("error: source mine"), f"the source is not named: {ended.err}"
    assert "Traceback" not in ended.err, "a traceback"
    assert found in ended.err, f"{found!r} is not said: {ended.err}"
    assert "\n  to mend:  " in ended.err, "no remedy"
    left = [path for path in BUILD.rglob("*") if path.is_file()]
    assert left == [], "something was left behind"


@BOTH
def test_a_missing_file(run, tmp_path, flags):
    """A source whose file is not here is exit code 3, and the message says what works without."""
    ended = run(source.main, *flags, "--path", str(tmp_path / "no.npz"), "--sha256", "0" * 64)
    check_refused(ended, 3, f"expected: its file at {tmp_path / 'no.npz'}")
    assert "'dvc pull' still serves the pinned fixtures" in ended.err, "no way on without it"
    assert "'dvc repro --keep-going' builds the others" in ended.err, "no way on without it"


@BOTH
def test_a_folder_in_its_place(run, tmp_path, flags):
    """A folder is no file."""
    ended = run(source.main, *flags, "--path", str(tmp_path), "--sha256", "0" * 64)
    check_refused(ended, 3, "found:    a folder")


@BOTH
def test_another_sha256(run, put, scan, flags):
    """A file that is not the declared one is refused, with both digests."""
    path, digest = put(scan)[1::2]
    ended = run(source.main, *flags, "--path", path, "--sha256", "0" * 64)
    check_refused(ended, 1, f"expected: scan.npz with SHA-256 {'0' * 64}")
    assert f"found:    {digest}" in ended.err, "not the digest of what is there"


@BOTH
@pytest.mark.parametrize("key", ["objectGuess", "probeGuess", "xcoords", "ycoords"])
def test_a_missing_key(run, put, scan, flags, key):
    """Every array that is needed and missing is named, with those that are there."""
    del scan[key]
    check_refused(run(source.main, *flags, *put(scan)), 1, f"; {key} missing among ")


def test_no_frames(run, put, scan):
    """A scan without frames is no source for file_v1."""
    del scan["diffraction"]
    ended = run(source.main, *FILE, *put(scan))
    check_refused(ended, 1, "expected an array diffraction or diff3d, found ")


def test_an_ambiguous_layout(run, put, ambiguous):
    """Where H = W = N the layout has to be declared, and the message says how."""
    ended = run(source.main, *FILE, *put(ambiguous))
    check_refused(ended, 1, "shape (64, 64, 64) is ambiguous, it may be (N, H, W) or (H, W, N)")
    assert "declare layout: canonical or layout: legacy for this source" in ended.err


def test_an_ambiguous_layout_that_is_declared(run, put, ambiguous):
    """A declaration settles it."""
    ended = run(source.main, *FILE, *put(ambiguous), "--layout", "canonical")
    assert ended.code == 0, f"a declared layout is refused: {ended.err}"


def test_a_declared_layout_that_does_not_fit(run, put, scan):
    """A declaration is held against the shapes."""
    ended = run(source.main, *FILE, *put(scan), "--layout", "legacy")
    check_refused(ended, 1, "layout declared legacy, so expected shape (64, 64, 40)")


def test_a_shape_that_is_neither(run, put, scan):
    """Frames that fit neither layout are refused with both."""
    scan["diffraction"] = scan["diffraction"][:, :, :32]
    check_refused(run(source.main, *FILE, *put(scan)), 1, "found (40, 64, 32)")


@BOTH
def test_coordinates_of_another_number(run, put, scan, flags):
    """Every array has one value for each position, and the message has all their numbers."""
    scan["ycoords"] = scan["ycoords"][:-1]
    ended = run(source.main, *flags, *put(scan))
    check_refused(ended, 1, "expected: the same number of positions in every array")
    assert "xcoords 40, ycoords 39, xcoords_start 40" in ended.err, "not how many there are"


@BOTH
@pytest.mark.parametrize(
    ("key", "change", "expected", "found"),
    [
        ("objectGuess", lambda array: array[0], "complex numbers along 2 axes", "shape (226,)"),
        ("objectGuess", lambda array: array[None], "complex numbers along 2 axes",
         "shape (1, 227, 226)"),
        ("objectGuess", np.zeros_like, "complex numbers along 2 axes", "zeros and nothing else"),
        ("probeGuess", lambda array: array[:0], "complex numbers along 2 axes", "shape (0, 64)"),
        ("probeGuess", lambda array: array * np.nan, "complex numbers along 2 axes",
         "values that are not finite"),
        ("diffraction", lambda array: array[..., None], "real numbers along 3 axes",
         "shape (40, 64, 64, 1)"),
        ("diffraction", lambda array: array.astype(complex), "real numbers along 3 axes",
         "dtype complex128"),
        ("xcoords", lambda array: array[0], "real numbers along 1 axis", "shape ()"),
        ("xcoords", lambda array: array.astype(str), "real numbers along 1 axis", "dtype str"),
        ("ycoords", lambda array: array.astype(complex), "real numbers along 1 axis",
         "dtype complex128"),
        ("ycoords", lambda array: np.where(array == array[3], np.inf, array),
         "real numbers along 1 axis", "values that are not finite"),
    ],
    ids=["1-d-object", "3-d-object", "no-object", "no-probe", "nan-probe", "4-d-frames",
         "complex-frames", "one-coordinate", "text", "complex-coordinates", "infinite-coordinate"],
)  # fmt: skip
def test_arrays_that_are_no_scan(run, put, scan, flags, key, change, expected, found):
    """An array with other axes, of another kind or with no values in it is named, with its rule."""
    scan[key] = change(scan[key])
    ended = run(source.main, *flags, *put(scan))
    check_refused(ended, 1, f"error: source mine: array {key}\n  expected: finite {expected}\n")
    assert f"  found:    {found}" in ended.err, f"not what is wrong: {ended.err}"


def test_a_position_outside_of_the_object(run, put, scan):
    """Where a frame cannot be simulated, its position is told, and nothing wraps around."""
    scan["xcoords"] = np.where(np.arange(40) == 3, 1.0, scan["xcoords"])
    ended = run(source.main, *SIMULATED, *put(scan))
    check_refused(ended, 1, "patch 3 at x = 1.000")


# How the file is made, and what the message says of it.
HOSTILE = {
    "empty": (lambda scan: b"", "found:    0 bytes\n"),
    "text": (lambda scan: b"diffraction,xcoords\n1,2\n", "found:    24 bytes that end with"),
    "npy": (lambda scan: npy(scan["diffraction"]), "expected: a ZIP that ends with its end record"),
    "truncated": (lambda scan: npz(scan)[:-1000], "expected: a ZIP that ends with its end record"),
    "bytes-after-the-archive": (lambda scan: npz(scan) + b"x", "expected: a ZIP that ends with"),
    "bytes-before-the-archive": (
        lambda scan: b"x" + npz(scan),
        "expected: a first member at byte 0",
    ),
    "a-flipped-bit": (lambda scan: flipped(npz(scan)), ": damaged"),
    "pickle": (
        lambda scan: npz({**scan, "xcoords": np.array([{}], dtype=object)}),
        "member 'xcoords.npy'\n  expected: a dtype of plain numbers or text\n"
        "  found:    dtype object (a pickle) in ",
    ),
    "duplicate-member": (
        lambda scan: zipped([("a.npy", npy(scan["xcoords"])), ("a.npy", npy(scan["ycoords"]))]),
        "member 'a.npy'\n  expected: one member for each array\n  found:    two of this name",
    ),
    "member-that-is-not-npy": (
        lambda scan: zipped([("readme.txt", b"hello")]),
        "expected: a printable name that ends with .npy\n  found:    'readme.txt'",
    ),
    "bytes-after-an-array": (
        lambda scan: zipped([("xcoords.npy", npy(scan["xcoords"]) + b"x")]),
        "expected: 320 bytes for <f8 of shape (40,)\n  found:    321 bytes",
    ),
    "claims-more-than-it-holds": (
        lambda scan: zipped(
            [("xcoords.npy", npy(scan["xcoords"]).replace(b"(40,), }    ", b"(999999,), }"))]
        ),
        "expected: 7999992 bytes for <f8 of shape (999999,)\n  found:    320 bytes",
    ),
    "claims-terabytes": (
        lambda scan: zipped(
            [
                (
                    "a.npy",
                    npy(scan["xcoords"]).replace(b"(40,), }" + b" " * 10, b"(999999999999,), }"),
                )
            ]
        ),
        "expected: 7999999999992 bytes for <f8 of shape (999999999999,)\n  found:    320 bytes",
    ),
}


@BOTH
@pytest.mark.parametrize("hostile", HOSTILE)
def test_a_file_that_is_damaged_or_hostile(run, put, scan, flags, hostile):
    """What numpy would accept in silence, or unpickle, or allocate, is refused with its member."""
    make, message = HOSTILE[hostile]
    check_refused(run(source.main, *flags, *put(make(scan))), 1, message)


@BOTH
def test_a_refused_file_leaves_the_last_good_source(run, put, scan, flags, files_below):
    """What was built before stays as it was, record included."""
    run(source.main, *flags, *put(scan))
    before = files_below(BUILD)
    assert len(before) == 2, "the good source was not built"
    ended = run(source.main, *flags, *put(b"hello"))
    assert ended.code == 1, "a bad file was accepted"
    assert files_below(BUILD) == before, "the last good source changed"


def test_a_full_disk(run, put, scan, files_below, monkeypatch):
    """Where the record no longer fits, the source that belongs to it is not replaced either."""
    run(source.main, *FILE, *put(scan))
    before = files_below(BUILD)

    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    scan["xcoords"] = scan["xcoords"] + 1
    ended = run(source.main, *FILE, *put(scan))
    assert ended.code == 3, "not the exit code of what is out of reach"
    assert f"error: file {RECORD}\n" in ended.err, "the file is not named"
    assert "No space left on device" in ended.err, "the reason is not told"
    assert "free some space, then run the command again" in ended.err, "no remedy"
    assert files_below(BUILD) == before, "half a pair is new, or something was left behind"


@BOTH
def test_a_disk_too_full_for_the_arrays(run, put, scan, flags, files_below):
    """Where the source itself does not fit it is named, not the file beside it that was written."""
    run(source.main, *flags, *put(scan))
    before = files_below(BUILD)
    declared = put({**scan, "xcoords": scan["xcoords"] + 1})
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, limits[1]))
    try:
        ended = run(source.main, *flags, *declared)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert ended.code == 3, "not the exit code of what is out of reach"
    assert f"error: file {BUILT}\n" in ended.err, "the file is not named"
    assert "free some space, then run the command again" in ended.err, "no remedy"
    assert files_below(BUILD) == before, "the last good source changed, or something was left"


def test_a_generator_that_is_none(run):
    """A stage whose generator is gone says which file it misses."""
    ended = run(source.main, "mine", "--generator", "file_v99", "--licence", "MIT")
    assert ended.code == 3, "not the exit code of what is missing"
    assert "expected: generators/file_v99.schema.json, which says" in ended.err, "not the file"


def test_the_digest_is_of_the_very_bytes(run, put, scan):
    """The record's SHA-256 is that of the file beside it."""
    run(source.main, *SIMULATED, *put(scan))
    digest = hashlib.sha256(BUILT.read_bytes()).hexdigest()
    assert json.loads(RECORD.read_bytes())["sha256"] == digest, "another file's digest"


def test_a_generator_that_opens_no_file(run, generator, monkeypatch):
    """What is read in ranges is for readers alone: it is said what to declare."""
    keys = {name: {"type": "string"} for name in ("licence", "url", "etag", "noise")}
    generator("mine_v1", "", like="file_v1", properties=keys, required=["url"])
    file = Distant(url="https://host/scan.npz", etag="a1", size=5)
    monkeypatch.setattr(ranged, "find", lambda url, **_: file)
    flags = ["--licence", "MIT", "--noise", "none", "--url", file.url, "--etag", "a1"]
    ended = run(source.main, "mine", "--generator", "mine_v1", *flags)
    assert ended.code == 2
    assert "declare its https address and its sha256, and neither etag nor ranges" in ended.err
    assert not BUILT.exists(), "something was written"
