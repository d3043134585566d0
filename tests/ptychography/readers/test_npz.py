"""Tests of `registry.ptychography.readers.npz`."""

from __future__ import annotations

import bz2
import errno
import gzip
import os
import tempfile
import tracemalloc
from pathlib import Path

import numpy as np
import pytest

from registry.errors import ArchiveError, CheckError, MissingError
from registry.identity import foreign_npz, opening
from registry.ptychography.readers import arrays, npz, open_scan
from tests.kit.repository import real_file

STAR = "siemens-star-small.npz.bz2"
PACK = {"": lambda data: data, ".bz2": bz2.compress, ".gz": gzip.compress}


@pytest.fixture
def put(tmp_path):
    """Save arrays into a file, packed by its last suffix, and return its path."""

    def put(contents: dict[str, np.ndarray], *, save=np.savez, suffix: str = "") -> Path:
        save(tmp_path / "plain.npz", **contents)
        path = tmp_path / f"scan.npz{suffix}"
        path.write_bytes(PACK[suffix]((tmp_path / "plain.npz").read_bytes()))
        (tmp_path / "plain.npz").unlink(missing_ok=suffix == "")
        return path

    return put


class TestFrames:
    """Frames come out as (n, H, W), whatever way they are stored."""

    @pytest.mark.parametrize("suffix", ["", ".bz2", ".gz"])
    @pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
    @pytest.mark.parametrize("layout", ["legacy", "canonical"])
    def test_every_container_and_layout(self, layout, save, suffix, put, small):
        """The same frames come out of legacy and canonical, stored, deflated and packed files."""
        path = put(getattr(small, layout)(), save=save, suffix=suffix)
        with open_scan(path, format="npz", subject="source s") as scan:
            assert scan.frames.shape == small.frames.shape, "the axes are not (N, H, W)"
            found = scan.frames.read([7, 2, 2, 11])
        np.testing.assert_array_equal(found, small.frames[[7, 2, 2, 11]])

    @pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
    def test_fortran_order(self, save, put, small):
        """Frames stored in Fortran order are the same frames."""
        contents = small.canonical()
        contents["diff3d"] = np.asfortranarray(contents["diff3d"])
        with open_scan(put(contents, save=save), format="npz", subject="source s") as scan:
            np.testing.assert_array_equal(scan.frames.read([3, 1]), small.frames[[3, 1]])

    @pytest.mark.parametrize("dtype", [">f4", ">u2", "|u1", "<i8"])
    def test_dtype_is_kept_in_native_order(self, dtype, put, small):
        """Frames keep their kind and size, in the machine's byte order."""
        contents = small.canonical() | {"diff3d": small.frames.astype(dtype)}
        native = np.dtype(dtype).newbyteorder("=")
        with open_scan(put(contents), format="npz", subject="source s") as scan:
            assert scan.frames.dtype == native, "another dtype is announced"
            found = scan.frames.read([0, 5])
        assert found.dtype.str == native.str, "another dtype is read"
        np.testing.assert_array_equal(found, small.frames[[0, 5]])

    def test_no_index_gives_no_frame(self, put, small):
        """Nothing asked for, nothing read."""
        with open_scan(put(small.canonical()), format="npz", subject="source s") as scan:
            assert scan.frames.read([]).shape == (0, 8, 10), "wrong shape of nothing"

    @pytest.mark.parametrize("index", [-1, 12])
    def test_a_frame_that_is_not_there(self, index, put, small):
        """An index beyond the scan is a caller's mistake, not another frame."""
        with (
            open_scan(put(small.canonical()), format="npz", subject="source s") as scan,
            pytest.raises(IndexError, match="0 to 11"),
        ):
            scan.frames.read([0, index])

    def test_diffraction_is_preferred(self, put, small):
        """Of diffraction and diff3d, the first is read."""
        contents = small.canonical() | {"diffraction": small.frames + 1}
        with open_scan(put(contents), format="npz", subject="source s") as scan:
            np.testing.assert_array_equal(scan.frames.read([4]), small.frames[[4]] + 1)
            assert scan.provenance["diffraction"] == "array diffraction, axes (N, H, W)"


class Counting:
    """A file that counts the bytes read from it."""

    def __init__(self, file) -> None:
        self._file = file
        self.count = 0

    def read(self, size: int = -1) -> bytes:
        """Read, and count."""
        data = self._file.read(size)
        self.count += len(data)
        return data

    def __enter__(self):
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def __getattr__(self, name: str):
        return getattr(self._file, name)


@pytest.fixture
def counting(monkeypatch):
    """Files that the reader opens, each of which counts."""
    files = []

    def open_file(path: Path, subject: str) -> Counting:
        files.append(Counting(opening.open_file(path, subject)))
        return files[-1]

    monkeypatch.setattr(npz, "open_file", open_file)
    return files


class TestLaziness:
    """Only what is asked for is read."""

    FRAME = 100 * 120 * 4

    @pytest.fixture
    def many(self):
        """Arrays of 50 frames of 48 kB: 2.4 MB."""
        frames = np.arange(50 * 100 * 120, dtype="<f4").reshape(50, 100, 120)
        return {"frames": frames, "x": np.arange(50.0), "y": np.arange(50.0)}

    KEYS = {"diffraction": "frames", "xcoords": "x", "ycoords": "y"}  # noqa: RUF012 only read

    def test_canonical_frames_are_sought(self, many, put, counting):
        """Of a stored array, four frames cost the bytes of four frames."""
        with open_scan(put(many), format="npz", keys=self.KEYS, subject="source s") as scan:
            before = counting[0].count
            found = scan.frames.read([40, 3, 17, 4])
            cost = counting[0].count - before
        np.testing.assert_array_equal(found, many["frames"][[40, 3, 17, 4]])
        assert 4 * self.FRAME <= cost < 4 * self.FRAME + 10000, f"{cost} bytes were read"

    def test_opening_reads_no_frame(self, many, put, counting):
        """Opening a scan costs headers and coordinates, and no frame."""
        with open_scan(put(many), format="npz", keys=self.KEYS, subject="source s"):
            cost = counting[0].count
        assert cost < self.FRAME, f"{cost} bytes were read"

    def test_a_part_of_an_array_is_sought(self, many, put, counting):
        """Of a larger array, only the declared part is read."""
        both = {**many, "frames": np.stack([many["frames"], -many["frames"]])}
        keys = self.KEYS | {"diffraction": "frames[1]"}
        with open_scan(put(both), format="npz", keys=keys, subject="source s") as scan:
            before = counting[0].count
            found = scan.frames.read([49])
            cost = counting[0].count - before
        np.testing.assert_array_equal(found, -many["frames"][[49]])
        assert cost < self.FRAME + 10000, f"{cost} bytes were read"

    @pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
    @pytest.mark.parametrize("legacy", [False, True])
    def test_memory_is_that_of_the_frames(self, legacy, save, put):
        """Reading one frame of 16 MB takes little more memory than the frame, however stored."""
        frames = np.zeros((64, 256, 256) if not legacy else (256, 256, 64), "<f4")
        contents = {"frames": frames, "x": np.arange(64.0), "y": np.arange(64.0)}
        path = put(contents, save=save)
        with open_scan(path, format="npz", keys=self.KEYS, subject="source s") as scan:
            scan.frames.read([1])  # imports what it needs
            tracemalloc.start()
            scan.frames.read([30])
            _, peak = tracemalloc.get_traced_memory()
            tracemalloc.stop()
        assert peak < 4 << 20, f"{peak} bytes were allocated"


class TestArrays:
    """Probe, object, coordinates."""

    def test_legacy_arrays(self, put, small):
        """All arrays of a legacy file come with their values, and their place in words."""
        with open_scan(put(small.legacy()), format="npz", subject="source s") as scan:
            pass
        np.testing.assert_array_equal(scan.probe, small.probe[:1])
        np.testing.assert_array_equal(scan.obj, small.obj)
        for name in ("x", "y"):
            np.testing.assert_array_equal(getattr(scan, name), getattr(small, name))
        np.testing.assert_array_equal(scan.x_start, small.x + 1)
        np.testing.assert_array_equal(scan.y_start, small.y - 1)
        assert (scan.format, scan.position_unit) == ("npz", "px")
        assert scan.provenance == {
            "diffraction": "array diffraction, axes (H, W, N)",
            **{
                name: f"array {name}"
                for name in (
                    "objectGuess",
                    "probeGuess",
                    "xcoords",
                    "ycoords",
                    "xcoords_start",
                    "ycoords_start",
                )
            },
        }

    def test_canonical_arrays(self, put, small):
        """Single precision stays, and scan_index becomes int64."""
        with open_scan(put(small.canonical()), format="npz", subject="source s") as scan:
            pass
        assert scan.probe.dtype == scan.obj.dtype == np.complex64, "precision was invented"
        assert scan.scan_index.tolist() == [0] * 7 + [1] * 5
        assert scan.scan_index.dtype == np.int64
        assert scan.x_start is None, "nominal positions were invented"

    @pytest.mark.parametrize("form", ["(H, W)", "(P, H, W)", "(H, W, 1)", "(1, P, H, W)"])
    def test_forms_of_a_probe(self, form, put, small):
        """A probe comes out as (P, H, W), whichever of the usual forms it has."""
        stored = {
            "(H, W)": small.probe[0],
            "(P, H, W)": small.probe,
            "(H, W, 1)": small.probe[0][:, :, None],
            "(1, P, H, W)": small.probe[None],
        }[form]
        contents = small.canonical() | {"probeGuess": stored}
        with open_scan(put(contents), format="npz", subject="source s") as scan:
            pass
        expected = small.probe if "P" in form else small.probe[:1]
        np.testing.assert_array_equal(scan.probe, expected)

    def test_declared_keys_and_slices(self, put, small):
        """Arrays of any names are found, down to a slice, and the place is on record."""
        contents = {
            "data": small.frames[None],
            "probe": small.probe[None, None, None],
            "scan": np.stack([small.y, small.x], axis=1)[None],
            "good": small.mask,
            "background": small.dark,
        }
        keys = {
            "diffraction": "data[0]",
            "probeGuess": "probe[0,0,0,1]",
            "xcoords": "scan[0,:,1]",
            "ycoords": "scan[0,:,0]",
            "mask": "good",
            "dark": "background",
        }
        with open_scan(put(contents), format="npz", keys=keys, subject="source s") as scan:
            np.testing.assert_array_equal(scan.frames.read([9]), small.frames[[9]])
        np.testing.assert_array_equal(scan.probe, small.probe[1:2])
        np.testing.assert_array_equal(scan.x, small.x)
        np.testing.assert_array_equal(scan.y, small.y)
        np.testing.assert_array_equal(scan.mask, small.mask)
        np.testing.assert_array_equal(scan.dark, small.dark)
        assert scan.provenance["probeGuess"] == "array probe[0,0,0,1]"

    def test_a_range_of_frames(self, put, small):
        """Frames and positions may both be cut by a declared range."""
        keys = {"diffraction": "diff3d[2:9]", "xcoords": "xcoords[2:9]", "ycoords": "ycoords[2:9]"}
        contents = small.canonical()
        del contents["scan_index"]
        with open_scan(put(contents), format="npz", keys=keys, subject="source s") as scan:
            np.testing.assert_array_equal(scan.frames.read([6, 0]), small.frames[[8, 2]])
        np.testing.assert_array_equal(scan.x, small.x[2:9])

    def test_a_reconstruction_has_no_frames(self, put, small):
        """Object, probe and positions alone are a scan without frames."""
        contents = small.legacy()
        del contents["diffraction"]
        with open_scan(put(contents), format="npz", subject="source s") as scan:
            assert scan.frames is None, "frames were invented"

    @pytest.mark.parametrize(
        ("change", "subject"),
        [
            ({"xcoords": "one NaN"}, "source s: array xcoords"),
            ({"probeGuess": "zeros"}, "source s: array probeGuess"),
            ({"objectGuess": "two layers"}, "source s: array objectGuess"),
            ({"scan_index": "a fraction"}, "source s: array scan_index"),
            ({"ycoords": "too short"}, "source s: positions"),
            ({"diff3d": "complex"}, "source s: array diff3d"),
            ({"mask": "transposed"}, "source s: mask"),
            ({"mask": "all bad"}, "source s: array mask"),
        ],
    )
    def test_arrays_that_cannot_be(self, change, subject, put, small, refused):
        """An array that cannot play its role is refused by name."""
        (role, what), contents = next(iter(change.items())), small.canonical()
        contents[role] = {
            "one NaN": np.where(np.arange(12) == 5, np.nan, 1.0),
            "zeros": np.zeros((8, 10), complex),
            "two layers": np.ones((2, 20, 20), complex),
            "a fraction": np.linspace(0, 1, 12),
            "too short": np.arange(11.0),
            "complex": small.frames.astype(complex),
            "transposed": small.mask.T,
            "all bad": np.zeros((8, 10), bool),
        }[what]
        assert refused(put(contents), CheckError, format="npz").subject == subject


class TestLayout:
    """Which axis is which is never guessed."""

    @pytest.fixture
    def cube(self):
        """Arrays of frames with H = W = N."""
        frames = np.arange(512.0).reshape(8, 8, 8)
        probe = np.ones((8, 8), complex)
        return {"diffraction": frames, "probeGuess": probe, "xcoords": np.arange(8.0),
                "ycoords": np.arange(8.0)}  # fmt: skip

    def test_a_cube_is_ambiguous(self, cube, put, refused):
        """With H = W = N, both layouts are named and one has to be declared."""
        error = refused(put(cube), CheckError, format="npz")
        assert error.found == "shape (8, 8, 8): (N, H, W) as well as (H, W, N)"
        assert "layout: canonical" in error.remedy, "the remedy does not say what to declare"
        assert "layout: legacy" in error.remedy, "the remedy does not say what to declare"

    @pytest.mark.parametrize("layout", ["canonical", "legacy"])
    def test_a_declared_layout_settles_it(self, layout, cube, put):
        """Of a cube, frame 3 is what the declared layout says."""
        with open_scan(put(cube), format="npz", layout=layout, subject="source s") as scan:
            found = scan.frames.read([3])[0]
        whole = cube["diffraction"]
        np.testing.assert_array_equal(found, whole[3] if layout == "canonical" else whole[:, :, 3])

    def test_the_probe_settles_it(self, put, small):
        """Where N equals one side of a frame, the probe's shape tells which axis is which."""
        frames = np.arange(8 * 10 * 8.0).reshape(8, 10, 8)
        contents = {"diffraction": frames, "probeGuess": small.probe[0], "xcoords": np.arange(8.0),
                    "ycoords": np.arange(8.0)}  # fmt: skip
        with open_scan(put(contents), format="npz", subject="source s") as scan:
            np.testing.assert_array_equal(scan.frames.read([5])[0], frames[:, :, 5])

    def test_frames_without_positions_are_ambiguous(self, put, small, refused):
        """Without positions or a probe there is nothing to tell the axes by."""
        refused(put({"diffraction": small.frames}), CheckError, format="npz")

    def test_another_number_of_positions(self, put, small, refused):
        """Frames that fit no layout are refused with both numbers."""
        contents = small.canonical() | {"xcoords": np.arange(11.0), "ycoords": np.arange(11.0)}
        error = refused(put(contents), CheckError, format="npz")
        assert (error.expected, error.found) == (
            "(N, H, W) or (H, W, N) with N = 11 positions",
            "shape (12, 8, 10)",
        )

    def test_a_wrong_declared_layout(self, put, small, refused):
        """A declared layout that does not fit the positions is refused."""
        error = refused(put(small.legacy()), CheckError, format="npz", layout="canonical")
        assert error.subject == "source s: positions"
        assert "diffraction 8" in error.found, "the frames' number is not shown"


class TestHostile:
    """Files that are damaged, or made to do harm."""

    @pytest.mark.parametrize("suffix", ["", ".bz2", ".gz"])
    @pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
    def test_truncated(self, save, suffix, put, small, refused):
        """A file that lacks its end is refused, packed or not."""
        path = put(small.legacy(), save=save, suffix=suffix)
        path.write_bytes(path.read_bytes()[:-200])
        refused(path, ArchiveError, format="npz")

    def test_empty(self, tmp_path, refused):
        """A file without a byte is told from a damaged one."""
        (tmp_path / "scan.npz").touch()
        assert refused(tmp_path / "scan.npz", CheckError, format="npz").found == "0 bytes"

    def test_absent(self, tmp_path, refused):
        """A file that is not there is missing."""
        error = refused(tmp_path / "scan.npz", MissingError, format="npz")
        assert error.found == "No such file or directory"

    def test_a_folder(self, tmp_path, refused):
        """A folder is not a scan."""
        assert refused(tmp_path, CheckError, format="npz").found == "a folder"

    def test_a_pipe_is_not_waited_for(self, tmp_path, refused):
        """A named pipe is refused without opening it."""
        os.mkfifo(tmp_path / "pipe")
        assert refused(tmp_path / "pipe", CheckError, format="npz").found == "something else"

    @pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
    @pytest.mark.parametrize("role", ["diffraction", "xcoords"])
    def test_objects(self, role, save, put, small, refused):
        """A pickle is refused wherever it is, and not unpickled."""
        contents = small.legacy() | {role: np.array([None] * 12, dtype=object)}
        error = refused(put(contents, save=save), ArchiveError, format="npz")
        assert "pickle" in error.found, "the pickle is not named"

    def test_damage_in_a_deflated_frame(self, put, refused):
        """Damage far behind the wanted frame is seen too: the stream is read up to its CRC."""
        frames = np.random.RandomState(1).poisson(9.0, (60, 100, 100)).astype("<u2")
        path = put({"diff3d": frames, "x": np.arange(60.0)}, save=np.savez_compressed)
        data = bytearray(path.read_bytes())
        data[data.index(b"x.npy") - 5000] ^= 0x55
        path.write_bytes(data)
        options = {"keys": {"xcoords": "x", "ycoords": "x"}, "format": "npz"}
        assert "deflate" in refused(path, ArchiveError, **options).expected

    @pytest.mark.parametrize("suffix", [".bz2", ".gz"])
    def test_a_bomb_is_refused(self, suffix, tmp_path, refused, monkeypatch):
        """A packed file that grows too much is given up, with little memory taken."""
        monkeypatch.setattr(npz, "_ALWAYS_UNPACKED", 5 << 20)
        path = tmp_path / f"bomb.npz{suffix}"
        path.write_bytes(PACK[suffix](bytes(24 << 20)))
        refused(path, ArchiveError, format="npz")  # imports what it needs
        tracemalloc.start()
        error = refused(path, ArchiveError, format="npz")
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert "bomb" in error.found, "the reason is not given"
        assert peak < 8 << 20, f"{peak} bytes were allocated"

    def test_no_space_to_unpack(self, put, small, refused, monkeypatch):
        """Without space for the unpacked file, its size so far and TMPDIR are named."""

        class Full(tempfile.SpooledTemporaryFile):
            def write(self, data: bytes) -> int:
                raise OSError(errno.ENOSPC, "No space left on device")

        path = put(small.legacy(), suffix=".gz")
        monkeypatch.setattr(tempfile, "TemporaryFile", Full)
        error = refused(path, MissingError, format="npz")
        assert error.found == "No space left on device after 0 bytes"
        assert "TMPDIR" in error.remedy, "the remedy is not named"

    def test_absurd_frames(self, put, refused):
        """Frames wider than any detector are refused by their shape."""
        contents = {"diffraction": np.zeros((2, 1, 20000), "u1"), "xcoords": np.arange(2.0),
                    "ycoords": np.arange(2.0)}  # fmt: skip
        error = refused(put(contents), CheckError, format="npz")
        assert error.found == "shape (2, 1, 20000)"

    def test_an_absurd_probe_is_not_inflated(self, put, small, refused, monkeypatch):
        """An array that is too large is refused by its header, before it is read."""

        def read(*_: object) -> None:
            raise AssertionError("the array was read")

        path = put(small.legacy(), save=np.savez_compressed)
        monkeypatch.setattr(arrays, "MAX_BYTES", 1000)
        monkeypatch.setattr(foreign_npz, "read_array", read)
        assert "at most 1000 bytes" in refused(path, CheckError, format="npz").expected

    def test_one_coordinate_alone(self, put, small, refused):
        """With xcoords and without ycoords, the missing one is named."""
        contents = small.canonical()
        del contents["ycoords"]
        error = refused(put(contents), CheckError, format="npz")
        assert error.expected == "an array 'ycoords'"

    def test_nothing_that_is_a_scan(self, put, refused):
        """A file with other arrays is refused, and keys are suggested."""
        error = refused(put({"a": np.arange(3)}), CheckError, format="npz")
        assert (error.found, "keys" in error.remedy) == ("arrays a", True)


def test_real_siemens_star():
    """The real scan in the folder FIXTURES_REAL_DATA, packed and with extra axes, is read."""
    path = real_file(STAR)
    keys = {
        "diffraction": "data[0]",
        "probeGuess": "probe[0,0,0,0]",
        "xcoords": "scan[0,:,1]",
        "ycoords": "scan[0,:,0]",
    }
    with open_scan(path, format="npz", keys=keys, subject="source star") as scan:
        assert scan.frames.shape == (516, 128, 128)
        counts = scan.frames.read([0, 515]).sum(axis=(1, 2))
    assert (counts > 4e5).all(), f"{counts} counts: not the frames"
    assert (scan.probe.shape, scan.x.shape) == ((1, 128, 128), (516,))
