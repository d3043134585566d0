"""Tests of `registry.identity.npz_rows`."""

from __future__ import annotations

import os
import pickle
import sys
import tracemalloc

import numpy as np
import pytest

from registry import files
from registry.errors import ArchiveError, CheckError, MissingError
from registry.identity import npz
from registry.identity.npz_rows import rows

BLOCK = 1 << 26


def some_arrays() -> dict[str, np.ndarray]:
    """Arrays of each kind: several rows, a number, no row, no column, another memory order."""
    return {
        "diffraction": np.arange(120, dtype="<f4").reshape(10, 3, 4),
        "probe": np.asfortranarray(np.arange(6, dtype="<c8").reshape(2, 3)),
        "photons": np.array(1e9),
        "nothing": np.zeros((0, 1 << 40), "<i8"),
        "hollow": np.zeros((1 << 40, 0), "<i8"),
        "x": np.arange(20.0)[::2],
    }


class Frames:
    """Rows that come into being when they are asked for: row n holds the number n."""

    def __init__(self, count: int, row: tuple[int, ...], dtype: str = "<f4") -> None:
        self.shape = (count, *row)
        self.dtype = np.dtype(dtype)
        self.asked: list[int] = []

    def __getitem__(self, rows: slice) -> np.ndarray:
        numbers = np.arange(*rows.indices(self.shape[0]), dtype=self.dtype)
        self.asked.append(len(numbers))
        return numbers.reshape(-1, *[1] * (len(self.shape) - 1)) + np.zeros(
            self.shape[1:], self.dtype
        )


def swapped(frames: Frames, rows: slice) -> np.ndarray:
    """Rows of `Frames` as a big-endian machine computes them."""
    numbers = np.arange(*rows.indices(frames.shape[0]), dtype=">f4")[:, None]
    return np.repeat(numbers, frames.shape[1], axis=1).astype(">f4")


def write(path, arrays) -> None:
    """Write a file as the runner of sources does."""
    with files.staged(path) as file:
        npz.write_into(file, arrays)


@pytest.fixture
def path(tmp_path):
    """Where a file is to be written, in a folder that is not there yet."""
    return tmp_path / "folder" / "source.npz"


class TestWriteInto:
    """What `npz.write_into` writes of rows."""

    def test_the_bytes_are_those_of_encode(self, path):
        """Arrays make the same file, byte for byte."""
        write(path, some_arrays())
        assert path.read_bytes() == npz.encode(some_arrays()), "other bytes"

    def test_rows_that_a_big_endian_machine_computed(self, path, monkeypatch):
        """They come in its own order, whichever of the two their source announces."""
        expected = npz.encode({"a": Frames(4, (3,))[:]})
        monkeypatch.setattr(sys, "byteorder", "big")
        for announced in "<>":
            monkeypatch.setattr(Frames, "__getitem__", swapped)
            frames = Frames(4, (3,), f"{announced}f4")
            write(path, {"a": frames})
            assert path.read_bytes() == expected, f"{announced}f4: other bytes"

    def test_rows_are_as_good_as_an_array(self, path):
        """Lazy rows in more than one block, not a whole number of them, make the same file."""
        frames = Frames(19, (1 << 20,))  # 4 MiB each, of which 15 are in a block of 64 MB
        write(path, {"a": frames, "b": np.ones(3)})
        assert frames.asked == [15, 4], "not read in blocks of 64 MB"
        whole = np.repeat(np.arange(19, dtype="<f4"), 1 << 20).reshape(19, 1 << 20)
        assert path.read_bytes() == npz.encode({"a": whole, "b": np.ones(3)}), "other bytes"
        assert npz.crcs_hold(path.read_bytes()), "a CRC is wrong"

    def test_memory_is_that_of_a_block(self, path):
        """A file of 192 MiB takes the memory of two blocks and little more."""
        write(path, {"a": Frames(1, (1,))})  # imports what it needs
        tracemalloc.start()
        write(path, {"a": Frames(48, (1 << 20,))})
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert path.stat().st_size > 3 * BLOCK, "the file is too small for this test"
        assert peak < 2 * BLOCK + (BLOCK >> 1), f"{peak} bytes were allocated"

    def test_what_was_read_back_row_by_row_is_written_again(self, path, tmp_path):
        """Rows of a canonical file are a source as well."""
        write(path, {"a": np.arange(12).reshape(4, 3)})
        copy = tmp_path / "copy.npz"
        write(copy, {"a": rows(path, "a", subject="s")})
        assert copy.read_bytes() == path.read_bytes(), "the copy differs"

    def test_rows_other_than_announced_are_refused(self, path):
        """A source whose rows have another dtype, shape or number than it says is refused."""

        class Changed(Frames):
            def __init__(self, change) -> None:
                super().__init__(4, (3,))
                self.change = change

            def __getitem__(self, rows: slice) -> np.ndarray:
                return self.change(super().__getitem__(rows))

        for change, found in (
            (lambda part: part.astype("<f8"), "<f8 of shape (4, 3)"),
            (lambda part: part[:, :2], "<f4 of shape (4, 2)"),
            (lambda part: part[1:], "<f4 of shape (3, 3)"),
        ):
            with pytest.raises(ArchiveError) as error:
                write(path, {"a": Changed(change)})
            four = (error.value.subject, error.value.expected, error.value.found)
            assert four == ("array 'a': rows from 0", "<f4 of shape (4, 3)", found)
            assert not path.exists(), f"{found}: a file was written"

    def test_what_encode_refuses_is_refused(self, path):
        """Nothing is read of arrays of which one cannot be stored."""
        frames = Frames(4, (3,))
        for name, array, found in (
            ("b", np.zeros(2, ">f4"), "dtype >f4"),
            ("b", Frames(4, (3,), ">f4"), "dtype >f4"),
            ("b-c", np.zeros(2), "'b-c'"),
            # 240 of the first, 128 of the header
            ("b", Frames(1 << 32, (1,)), "17179869552 bytes with this array"),
            ("b", [1.0], "a list"),
        ):
            with pytest.raises(ArchiveError) as error:
                write(path, {"a": frames, name: array})
            assert error.value.found == found, "refused for another reason"
        assert frames.asked == [], "rows were read"


class TestRows:
    """What `rows` reads."""

    @pytest.fixture
    def whole(self):
        """An array whose rows all differ."""
        return np.arange(60, dtype="<c8").reshape(10, 3, 2)

    @pytest.fixture
    def found(self, path, whole):
        """The same array, in a file, behind another."""
        write(path, {"a": np.ones(100), "b": whole})
        return rows(path, "b", subject="source s")

    def test_it_looks_like_the_array(self, found, whole):
        """Shape, dtype and length are those of the array."""
        assert (found.shape, found.dtype, len(found)) == (whole.shape, whole.dtype, 10)

    def test_any_choice_of_rows(self, found, whole):
        """Numbers, slices and lists of numbers give what they give of an array."""
        for key in (
            0, 9, -1, np.int64(3), slice(None), slice(2, 9, 3), slice(1, 8, 2), slice(5, 5),
            slice(None, None, -1), [7], [1, 2, 3, 7, 8, 2, 2], [-1, 0], [],
            np.array([4, 3], "u1"), range(3, 6),
        ):  # fmt: skip
            expected = whole[list(key) if isinstance(key, range) else key]
            np.testing.assert_array_equal(found[key], expected, f"{key!r}", strict=True)

    def test_rows_that_are_not_there(self, found):
        """An index beyond the array, or one that is no whole number, is the caller's mistake."""
        for key, message in (
            (10, "10 rows"),
            ([0, -11], "10 rows"),
            ([0.5], "whole numbers"),
            ([True] * 10, "whole numbers"),
            ([[1]], "whole numbers"),
        ):
            with pytest.raises(IndexError, match=message):
                pytest.fail(f"{key!r}: {found[key]}")

    def test_rows_without_bytes(self, path):
        """Of rows that are empty, as many come as are asked for."""
        write(path, {"a": np.zeros((5, 0))})
        assert rows(path, "a", subject="s")[[4, 1]].shape == (2, 0)

    def test_a_row_costs_a_row(self, path):
        """Opening 64 MiB and reading one row of 64 kB takes little memory."""
        write(path, {"a": Frames(1024, (1 << 14,))})
        rows(path, "a", subject="s")[5]  # imports what it needs
        tracemalloc.start()
        row = rows(path, "a", subject="s")[1023]
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert (row == 1023).all(), "another row was read"
        assert peak < 1 << 20, f"{peak} bytes were allocated"

    def test_other_processes_can_have_it(self, found, whole):
        """A pickled copy reads the same rows."""
        copy = pickle.loads(pickle.dumps(found))
        np.testing.assert_array_equal(copy[[3]], whole[[3]])

    def test_a_file_cut_after_it_was_opened(self, found, path):
        """Rows that are no longer there are not made up."""
        os.truncate(path, found.start + 9 * 48 + 1)
        assert found[8].shape == (3, 2), "a row that is still there is not read"
        with pytest.raises(ArchiveError) as error:
            found[7:]
        assert error.value.subject == "source s: row 9", "the row is not named"

    def test_an_absent_array(self, path):
        """An array that is not there, or has no rows, is refused, and the others are listed."""
        write(path, {"a": np.ones(3), "b": np.array(1.0)})
        for name in ("b", "c"):
            with pytest.raises(ArchiveError) as error:
                rows(path, name, subject="source s")
            assert error.value.expected == f"an array {name!r} of one axis or more"
            assert error.value.found == "arrays a", "what is there is not said"

    def test_what_is_not_canonical_is_refused(self, path):
        """Numpy's own archives, and canonical ones that are cut or changed, are refused."""
        path.parent.mkdir()
        np.savez(path, a=np.ones(3))
        savez, good = path.read_bytes(), npz.encode({"a": np.ones(3)})
        for data in (savez, good[:-1], good + b"x", good.replace(b"'<f8'", b"'>f8'"), b"PK\5\6"):
            path.write_bytes(data)
            with pytest.raises(ArchiveError) as error:
                pytest.fail(f"{data!r}: {rows(path, 'a', subject='source s')}")
            assert error.value.subject.startswith("source s"), "the source is not named"

    def test_what_is_no_file(self, path, tmp_path):
        """A folder and an empty file are refused, and a missing one is missing."""
        (tmp_path / "empty").touch()
        for place, kind in (
            (path, MissingError),
            (tmp_path, CheckError),
            (tmp_path / "empty", CheckError),
        ):
            with pytest.raises(kind):
                rows(place, "a", subject="source s")
