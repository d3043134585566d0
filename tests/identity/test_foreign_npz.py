"""Tests of `registry.identity.foreign_npz`."""

from __future__ import annotations

import io
import random
import struct
import tracemalloc
import warnings
import zipfile
import zlib
from itertools import product
from pathlib import Path

import numpy as np
import pytest

from registry.errors import ArchiveError, CheckError, MissingError
from registry.identity import npz
from registry.identity.foreign_npz import ArrayHeader, inventory, read

STORED, DEFLATED = zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED


def npy(text: str, payload: bytes = b"", *, version: bytes = b"\1\0", form: str = "<H") -> bytes:
    """A member with this header text, as it is."""
    return b"\x93NUMPY" + version + struct.pack(form, len(text)) + text.encode("latin-1") + payload


def header_text(descr: str = "'<f4'", order: str = "False", shape: str = "(2,)") -> str:
    """Text of a header as numpy spells it."""
    return f"{{'descr': {descr}, 'fortran_order': {order}, 'shape': {shape}, }}\n"


GOOD = npy(header_text(), b"12345678")


def zip_of(*members: tuple[str, bytes], method: int = STORED) -> bytes:
    """An archive of members with these contents."""
    buffer = io.BytesIO()
    with warnings.catch_warnings(), zipfile.ZipFile(buffer, "w", method) as archive:
        warnings.simplefilter("ignore")  # of duplicates
        for name, content in members:
            archive.writestr(name, content)
    return buffer.getvalue()


def changed(data: bytes, position: int, new: bytes) -> bytes:
    """The same bytes but for some at a position."""
    return data[:position] + new + data[position + len(new) :]


def in_directory(data: bytes, field: int, new: bytes) -> bytes:
    """The same archive but for a field of its last directory entry."""
    return changed(data, data.rindex(b"PK\1\2") + field, new)


def deflated(content: bytes) -> bytes:
    """A raw deflate stream, as in a ZIP."""
    stream = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    return stream.compress(content) + stream.flush()


def zip_around(stream: bytes, *, size: int, crc: int) -> bytes:
    """An archive of a.npy whose deflate stream need not hold what the headers declare."""
    common = struct.pack("<HHHHHIIIH", 20, 0, 8, 0, 0x21, crc, len(stream), size, 5)
    body = b"PK\3\4" + common + bytes(2) + b"a.npy" + stream
    directory = b"PK\1\2\x14\3" + common + bytes(16) + b"a.npy"
    return (
        body
        + directory
        + b"PK\5\6"
        + struct.pack("<HHHHIIH", 0, 0, 1, 1, len(directory), len(body), 0)
    )


@pytest.fixture
def put(tmp_path):
    """Put bytes into a file and return its path."""

    def put(data: bytes) -> Path:
        path = tmp_path / "source.npz"
        path.write_bytes(data)
        return path

    return put


SAVES = (np.savez, np.savez_compressed)


def some_arrays() -> dict[str, np.ndarray]:
    """Arrays as scans have them, and as they should not have them."""
    return {
        "diffraction": np.arange(24, dtype="<f8").reshape(2, 3, 4),
        "objectGuess": np.array([[1 + 2j, -0.5j], [3, 4.25 - 1j]], dtype="<c16"),
        "fortran": np.asfortranarray(np.arange(6, dtype="<f4").reshape(2, 3)),
        "big": np.array([1, -2, 3], dtype=">i4"),
        "big_fortran": np.asfortranarray(np.arange(6, dtype=">f8").reshape(3, 2)),
        "number": np.array(1.5),
        "empty": np.zeros((0, 5), dtype="<u2"),
        "valid": np.array([True, False]),
        "label": np.array(["a", "long"]),
    }


def assert_same(found: dict[str, np.ndarray], expected: dict[str, np.ndarray]) -> None:
    """Names in order, dtypes with byte order, shapes and values are equal."""
    assert list(found) == list(expected), "names differ"
    for name, array in expected.items():
        assert found[name].dtype.str == array.dtype.str, f"dtype of {name} differs"
        assert found[name].shape == array.shape, f"shape of {name} differs"
        assert (found[name] == array).all(), f"values of {name} differ"


class TestRead:
    """What `read` gives back."""

    def test_what_numpy_saves_comes_back(self, tmp_path):
        """Arrays of all kinds come back as they were, read-only, stored or deflated."""
        for save in SAVES:
            save(tmp_path / "a.npz", **some_arrays())
            found = read(tmp_path / "a.npz", subject="source s")
            assert_same(found, some_arrays())
            writable = [name for name, array in found.items() if array.flags.writeable]
            assert writable == [], f"{save.__name__}: some arrays can be written to"

    def test_memory_order_is_kept(self, tmp_path):
        """An array in Fortran order stays in it."""
        np.savez(tmp_path / "a.npz", **some_arrays())
        found = read(tmp_path / "a.npz", subject="source s")
        assert found["fortran"].flags.f_contiguous, "Fortran order was lost"
        assert not found["fortran"].flags.c_contiguous, "Fortran order was lost"
        assert found["diffraction"].flags.c_contiguous, "C order was lost"

    def test_arrays_are_aligned(self, put):
        """A header of any length gives an aligned, read-only array in the right order."""
        array = np.arange(6, dtype="<c16").reshape(2, 3)
        for shift in range(16):
            text = header_text("'<c16'", "True", "(2, 3)").rstrip() + " " * shift + "\n"
            path = put(zip_of(("a.npy", npy(text, array.tobytes("F")))))
            found = read(path, subject="source s")
            assert_same(found, {"a": array})
            assert found["a"].flags.aligned, f"{shift} more: not aligned in memory"
            assert found["a"].flags.f_contiguous, f"{shift} more: Fortran order was lost"
            assert not found["a"].flags.writeable, f"{shift} more: can be written to"

    def test_only_named_arrays_are_read(self, tmp_path):
        """Arrays asked for come back, in the file's order."""
        np.savez(tmp_path / "a.npz", **some_arrays())
        found = read(tmp_path / "a.npz", subject="source s", names=["number", "diffraction"])
        expected = {name: some_arrays()[name] for name in ("diffraction", "number")}
        assert_same(found, expected)

    def test_contents_of_other_arrays_are_not_looked_at(self, put):
        """An array of objects does no harm to those who do not ask for it."""
        objects = io.BytesIO()
        np.save(objects, np.array([None], dtype=object))
        path = put(zip_of(("a.npy", GOOD), ("b.npy", objects.getvalue())))
        found = read(path, subject="source s", names={"a"})
        assert_same(found, {"a": np.frombuffer(b"12345678", "<f4")})

    def test_absent_names_are_an_error(self, put):
        """The message lists what is asked for and what is there."""
        path = put(zip_of(("a.npy", GOOD), ("b.npy", GOOD)))
        with pytest.raises(ArchiveError) as error:
            read(path, subject="source s", names=["y", "a", "x"])
        assert error.value.expected == "arrays x, y", "the absent arrays are not listed"
        assert error.value.found == "arrays a, b", "the present arrays are not listed"

    def test_a_canonical_archive_is_a_source_too(self, put):
        """What `registry.identity.npz` writes is read here as well."""
        arrays = {"a": np.arange(3.0), "b": np.zeros((2, 2), "<c8")}
        assert_same(read(put(npz.encode(arrays)), subject="source s"), arrays)

    def test_archives_written_to_a_pipe(self, put):
        """Sizes that follow the data instead of preceding it are no obstacle."""

        class Pipe(io.BytesIO):
            def seekable(self) -> bool:
                return False

            def seek(self, *args: int) -> int:
                raise io.UnsupportedOperation

            def tell(self) -> int:
                raise io.UnsupportedOperation

        for method in (STORED, DEFLATED):
            pipe = Pipe()
            with zipfile.ZipFile(pipe, "w", method) as archive:
                archive.writestr("a.npy", GOOD)
            data = pipe.getvalue()
            assert data[6] & 8, "the test's archive has its sizes first"
            assert_same(read(put(data), subject="s"), {"a": np.frombuffer(b"12345678", "<f4")})

    def test_a_stream_longer_than_what_it_holds(self, put):
        """A member that deflate made longer, as at level 0, is read."""
        stream = zlib.compressobj(0, zlib.DEFLATED, -zlib.MAX_WBITS)
        packed = stream.compress(GOOD) + stream.flush()
        assert len(packed) > len(GOOD) + 1, "the stream is not longer"
        path = put(zip_around(packed, size=len(GOOD), crc=zlib.crc32(GOOD)))
        assert_same(read(path, subject="s"), {"a": np.frombuffer(b"12345678", "<f4")})

    def test_names_that_numpy_allows(self, tmp_path):
        """Names need not be identifiers, for nothing is ever unpacked to disk."""
        names = ["model/weight", "object guess", "größe", "a.npy", "arr_0"]
        np.savez(tmp_path / "a.npz", **{name: np.arange(3) for name in names})
        found = read(tmp_path / "a.npz", subject="s")
        assert_same(found, {name: np.arange(3) for name in names})

    def test_headers_spelt_otherwise(self, put):
        """Headers of tools other than numpy, and of Python 2, are read."""
        for content in (
            npy("{'descr':'<f4','fortran_order':False,'shape':(2,)}", b"12345678"),
            npy("{'shape': (2,), 'fortran_order': False, 'descr': '<f4'}\n", b"12345678"),
            npy('{"descr": "<f4", "fortran_order": False, "shape": (2,)}', b"12345678"),
            npy("{'descr': '<f4', 'fortran_order': False, 'shape': (2L,)}", b"12345678"),
            npy(header_text(), b"12345678", version=b"\2\0", form="<I"),
        ):
            path = put(zip_of(("a.npy", content)))
            assert_same(read(path, subject="s"), {"a": np.frombuffer(b"12345678", "<f4")})

    def test_as_many_dimensions_as_numpy_has(self, put):
        """An array of 32 dimensions, the most that numpy 1.26 knows, is read."""
        path = put(saved(np.savez, a=np.ones((1,) * 31 + (2,))))
        assert_same(read(path, subject="s"), {"a": np.ones((1,) * 31 + (2,))})

    def test_zip64(self, put, monkeypatch):
        """Archives that keep their sizes in the fields for large ones are read."""
        monkeypatch.setattr(zipfile, "ZIP64_LIMIT", 1)
        monkeypatch.setattr(zipfile, "ZIP_FILECOUNT_LIMIT", 0)
        data = zip_of(("a.npy", GOOD))
        assert b"PK\6\6" in data, "the test's archive is not a ZIP64"
        expected = {"a": np.frombuffer(b"12345678", "<f4")}
        assert_same(read(put(data), subject="s"), expected)
        count_elsewhere = changed(data, len(data) - 14, b"\xff\xff\xff\xff")
        assert_same(read(put(count_elsewhere), subject="s"), expected)

    def test_bytes_without_byte_order(self, put):
        """One-byte numbers marked little-endian, as cnpy does, are the same numbers."""
        path = put(zip_of(("a.npy", npy(header_text("'<u1'"), b"\1\2"))))
        assert_same(read(path, subject="s"), {"a": np.array([1, 2], np.uint8)})


class TestInventory:
    """What `inventory` tells."""

    def test_headers_come_in_the_files_order(self, tmp_path):
        """Name, dtype with byte order, shape and memory order of each array are told."""
        expected = [
            ArrayHeader(name="diffraction", dtype="<f8", shape=(2, 3, 4), fortran_order=False),
            ArrayHeader(name="objectGuess", dtype="<c16", shape=(2, 2), fortran_order=False),
            ArrayHeader(name="fortran", dtype="<f4", shape=(2, 3), fortran_order=True),
            ArrayHeader(name="big", dtype=">i4", shape=(3,), fortran_order=False),
            ArrayHeader(name="big_fortran", dtype=">f8", shape=(3, 2), fortran_order=True),
            ArrayHeader(name="number", dtype="<f8", shape=(), fortran_order=False),
            ArrayHeader(name="empty", dtype="<u2", shape=(0, 5), fortran_order=False),
            ArrayHeader(name="valid", dtype="|b1", shape=(2,), fortran_order=False),
            ArrayHeader(name="label", dtype="<U4", shape=(2,), fortran_order=False),
        ]
        for save in SAVES:
            save(tmp_path / "a.npz", **some_arrays())
            found = inventory(tmp_path / "a.npz", subject="source s")
            assert list(found.values()) == expected, f"{save.__name__}: other headers are told"
            assert list(found) == [header.name for header in expected], "keys are not the names"

    def test_no_array_is_read(self, tmp_path):
        """A header is told without reading the array behind it."""
        np.savez_compressed(tmp_path / "a.npz", a=np.zeros(1 << 22))
        inventory(tmp_path / "a.npz", subject="source s")  # imports what it needs
        tracemalloc.start()
        found = inventory(tmp_path / "a.npz", subject="source s")
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert found["a"].shape == (1 << 22,), "another shape is told"
        assert peak < 1 << 20, f"{peak} bytes were allocated for one header"


ONE = zip_of(("a.npy", GOOD))
ONE_DEFLATED = zip_of(("a.npy", GOOD), method=DEFLATED)
TWO = zip_of(("a.npy", GOOD), ("b.npy", GOOD))


def saved(save, **arrays: np.ndarray) -> bytes:
    """What one of numpy's functions writes."""
    buffer = io.BytesIO()
    save(buffer, **arrays)
    return buffer.getvalue()


MALFORMED_ARCHIVES = {
    "text": (b"hello " * 10, "ends with its end record", "60 bytes that end with b'"),
    "a bare npy": (GOOD, "ends with its end record", "bytes that end with b"),
    "truncated": (ONE[:-1], "ends with its end record", "bytes that end with b'"),
    "bytes after": (ONE + b"x", "ends with its end record", "bytes that end with b'"),
    "comment": (ONE[:-2] + b"\1\0x", "ends with its end record", "bytes that end with b'"),
    "bytes before": (b"#!/bin/sh\n" + ONE, "a first member at byte 0", "10 bytes before it"),
    "the start of an end record": (b"PK\5\6\0\0", "ends with its end record", "6 bytes"),
    "comment announced": (ONE[:-2] + b"\1\0", "without a comment", "bytes that end with b'"),
    "hidden member": (
        changed(TWO, TWO.index(b"PK\1\2") + 32, struct.pack("<H", 51)),
        "a directory of 2 members",
        "1 members",
    ),
    "no member": (zip_of(), "a first member at byte 0", "no member"),
    "directory missing": (ONE[-22:], "a ZIP archive", "BadZipFile"),
    "newer ZIP": (in_directory(ONE, 6, b"\xff"), "a ZIP archive", "NotImplementedError"),
    "not UTF-8": (
        in_directory(in_directory(ONE, 9, b"\x08"), 46, b"\xff"),
        "a ZIP archive",
        "UnicodeDecodeError",
    ),
}

HUGE = 1 << 62
HEADER = "a .npy header (version 1.0 or 2.0) of at most 4096 bytes: descr, fortran_order, shape"
CLAIMS = {
    "claims more": ("(3,)", b"12345678", "12 bytes for <f4 of shape (3,)", "8 bytes"),
    "claims less": ("(1,)", b"12345678", "4 bytes for <f4 of shape (1,)", "8 bytes"),
    "claims all there is": ("(1000000000000,)", b"12345678", "4000000000000 bytes", "8 bytes"),
    "overflowing": (f"({HUGE}, {HUGE})", b"", f"{4 * HUGE**2} bytes", "0 bytes"),
    "empty and overflowing": (f"(0, {HUGE})", b"", "a shape of less than", f"shape (0, {HUGE})"),
    "too large": (
        f"(0, {2 * HUGE})",
        b"",
        "numbers from 0 to 9223372",
        f"'shape': (0, {2 * HUGE})",
    ),
    "negative": ("(-1, -2)", b"12345678", "a shape of at most 32 numbers", "'shape': (-1, -2)"),
    "truth": ("(True, 2)", b"12345678", "a shape of at most 32 numbers", "'shape': (True, 2)"),
    "float": ("(2.0,)", b"12345678", HEADER, "ValueError: shape is not valid: (2.0,)"),
    "list": ("[2]", b"12345678", HEADER, "ValueError: shape is not valid: [2]"),
    "number": ("2", b"12345678", HEADER, "ValueError: shape is not valid: 2"),
    "33 dimensions": (f"({'1, ' * 33})", b"1234", "a shape of at most 32 numbers", "': (1, 1, 1"),
}

PLAIN = "a dtype of plain numbers or text"
FOREIGN_DTYPES = {
    "object": ("'|O'", PLAIN, "'descr': '|O'"),
    "object of a size": ("'O8'", PLAIN, "'descr': 'O8'"),
    "structured": ("[('x', '<f4')]", PLAIN, "'descr': [('x', '<f4')]"),
    "nested": ("('<f4', (2,))", PLAIN, "'descr': ('<f4', (2,))"),
    "date": ("'<M8[s]'", PLAIN, "'descr': '<M8[s]'"),
    "void": ("'|V4'", PLAIN, "'descr': '|V4'"),
    "order unknown": ("'|f4'", PLAIN, "'descr': '|f4'"),
    "order of the machine": ("'=f4'", PLAIN, "'descr': '=f4'"),
    "no order": ("'f4'", PLAIN, "'descr': 'f4'"),
    "no order of a byte": ("'u1'", PLAIN, "'descr': 'u1'"),
    "no size": ("'<U0'", PLAIN, "'descr': '<U0'"),
    "two fields": ("'<f4,<f4'", PLAIN, "'descr': '<f4,<f4'"),
    "number": ("4", HEADER, "4"),
    "unknown width": ("'<f3'", HEADER, "'<f3'"),
}

TEXTS = {
    "no dictionary": "[1, 2]",
    "code": "__import__('os').abort()",
    "call": "dict(descr='<f4', fortran_order=False, shape=(2,))",
    "key missing": "{'descr': '<f4', 'shape': (2,)}",
    "key too many": "{'descr': '<f4', 'fortran_order': False, 'shape': (2,), 'x': 1}",
    "unhashable key": "{[]: 1}",
    "parentheses": "(" * 4000,
    "brackets": "[" * 150 + "]" * 150,
    "signs": "-" * 4000 + "1",
    "sums": "1+" * 2000 + "1",
    "digits": "9" * 4000,
    "number too long to show": header_text(order="0x" + "f" * 3900),
    "odd escape": "'\\d'",
    "NUL": "\0",
    "nothing": "",
}

MALFORMED_MEMBERS = {
    "duplicate": (
        zip_of(("a.npy", GOOD), ("a.npy", GOOD)),
        "one member for each array",
        "two of this name",
    ),
    "encrypted": (in_directory(ONE, 8, b"\1"), "a plain member", "flags 0x1 (1: encrypted)"),
    "strongly encrypted": (in_directory(ONE, 8, b"\x40"), "a plain member", "flags 0x40"),
    "patch": (in_directory(ONE, 8, b"\x20"), "a plain member", "flags 0x20"),
    "bzip2": (zip_of(("a.npy", GOOD), method=zipfile.ZIP_BZIP2), "0 (stored) or 8", "12"),
    "lzma": (zip_of(("a.npy", GOOD), method=zipfile.ZIP_LZMA), "0 (stored) or 8", "14"),
    "unknown method": (in_directory(ONE, 10, b"\x63"), "0 (stored) or 8", "99"),
    "local header missing": (changed(ONE, 0, b"KP"), "a header at byte 0", "b'KP"),
    "another local name": (changed(ONE, 30, b"b"), "the same name before the data", "'b.npy'"),
    "stored size": (
        in_directory(ONE, 24, b"\xff\0"),
        "255 bytes, as declared",
        f"{len(GOOD)} stored bytes",
    ),
    "beyond the file": (
        in_directory(in_directory(ONE, 20, b"\0\1"), 24, b"\0\1"),
        "bytes from byte 35",
        "truncated",
    ),
    "wrong CRC": (in_directory(ONE, 16, b"\0\0\0\0"), "CRC-32 00000000", "damaged"),
    "wrong CRC, deflated": (
        in_directory(ONE_DEFLATED, 16, b"\0\0\0\0"),
        "CRC-32 00000000",
        "damaged",
    ),
    "damaged array": (ONE.replace(b"12345678", b"12345679"), "CRC-32", "damaged"),
    "no deflate stream": (
        zip_around(b"\xff" * 99, size=len(GOOD), crc=zlib.crc32(GOOD)),
        "a deflate stream",
        "Error -3",
    ),
    "stream too long": (
        zip_around(deflated(GOOD + b"x"), size=len(GOOD), crc=zlib.crc32(GOOD)),
        f"{len(GOOD)} bytes, as declared",
        f"{len(GOOD) + 1} bytes",
    ),
    "stream much too long": (
        zip_around(deflated(GOOD + bytes(1000)), size=len(GOOD), crc=zlib.crc32(GOOD)),
        f"{len(GOOD)} bytes, as declared",
        f"{len(GOOD) + 1} bytes",
    ),
    "bytes after the stream": (
        zip_around(deflated(GOOD) + b"x", size=len(GOOD), crc=zlib.crc32(GOOD)),
        "one whole deflate stream",
        "bytes after its end",
    ),
    "stream cut": (
        zip_around(deflated(GOOD)[:-1], size=len(GOOD), crc=zlib.crc32(GOOD)),
        "one whole deflate stream",
        "no end of it",
    ),
    "stream too short": (
        zip_around(deflated(GOOD[:-1]), size=len(GOOD), crc=zlib.crc32(GOOD)),
        f"{len(GOOD)} bytes, as declared",
        f"{len(GOOD) - 1} bytes",
    ),
    "bytes after the array": (zip_of(("a.npy", GOOD + b"x")), "8 bytes for <f4", "9 bytes"),
    "array cut": (zip_of(("a.npy", GOOD[:-1])), "8 bytes for <f4 of shape (2,)", "7 bytes"),
    "another magic": (zip_of(("a.npy", b"\x93NUMPX" + GOOD[6:])), HEADER, "NUMPX"),
    "pickle": (zip_of(("a.npy", b"\x80\x04N." * 9)), HEADER, "b'\\x80\\x04N"),
    "empty": (zip_of(("a.npy", b"")), HEADER, "expected 8 bytes got 0"),
    "cut in its magic": (zip_of(("a.npy", GOOD[:9])), HEADER, "expected 2 bytes got 1"),
    "version 3": (
        zip_of(("a.npy", npy(header_text(), b"12345678", version=b"\3\0", form="<I"))),
        HEADER,
        "(3, 0)",
    ),
    "header too long": (
        zip_of(("a.npy", npy(header_text() + " " * 9000, b"12345678"))),
        HEADER,
        "expected 9058 bytes got 4086",
    ),
    "header longer than the member": (
        zip_of(("a.npy", changed(npy(header_text(), version=b"\2\0", form="<I"), 8, b"\xff" * 4))),
        HEADER,
        "expected 4294967295 bytes got",
    ),
    "objects saved by numpy": (
        saved(np.savez, a=np.array([None, {}], dtype=object)),
        PLAIN,
        "'descr': '|O'",
    ),
    "order that is none": (
        zip_of(("a.npy", npy(header_text(order="0"), b"12345678"))),
        HEADER,
        "fortran_order is not a valid bool: 0",
    ),
}
MALFORMED_MEMBERS |= {
    f"shape {case}": (zip_of(("a.npy", npy(header_text(shape=shape), payload))), expected, found)
    for case, (shape, payload, expected, found) in CLAIMS.items()
}
MALFORMED_MEMBERS |= {
    f"dtype {case}": (zip_of(("a.npy", npy(header_text(descr), b"12345678"))), expected, found)
    for case, (descr, expected, found) in FOREIGN_DTYPES.items()
}
MALFORMED_MEMBERS |= {
    f"header {case}": (zip_of(("a.npy", npy(text, b"12345678"))), HEADER, "Error: ")
    for case, text in TEXTS.items()
}

PICKLES = ("dtype object", "dtype object of a size", "objects saved by numpy")
NAMES = ["a.txt", "a", ".npy", "a.npy/", "a\x01.npy", "a\x1b[2J.npy", "a.NPY"]


def refusal(path: Path, **options) -> ArchiveError:
    """The error with which `read` refuses a file."""
    with pytest.raises(ArchiveError) as error:
        pytest.fail(f"read: {read(path, subject='source s', **options)}")
    return error.value


class TestRefusals:
    """What `read` refuses, and how it says so."""

    def test_malformed_archives(self, put):
        """A file that is not one whole ZIP is refused, with the difference."""
        for case, (data, expected, found) in MALFORMED_ARCHIVES.items():
            error = refusal(put(data))
            assert error.subject == "source s", f"{case}: the source is not named"
            assert expected in error.expected, f"{case}: what was expected is not said"
            assert found in error.found, f"{case}: what was found is not said"

    def test_malformed_members(self, put):
        """A member that is not one plain array is refused by name, with the difference."""
        for case, (data, expected, found) in MALFORMED_MEMBERS.items():
            error = refusal(put(data))
            assert error.subject == "source s: member 'a.npy'", f"{case}: not named"
            assert expected in error.expected, f"{case}: {error}"
            assert found in error.found, f"{case}: {error}"
            assert (case in PICKLES) == ("(a pickle)" in error.found), f"{case}: a pickle, or not?"

    def test_inventory_refuses_the_same_headers(self, put):
        """`inventory` refuses what `read` does, but for faults of the array's own bytes."""
        for case, (data, expected, _) in MALFORMED_MEMBERS.items():
            path = put(data)
            of_the_array = expected.startswith(("CRC-32", "one whole deflate"))
            of_its_length = case in ("stream too long", "stream much too long", "stream too short")
            if of_the_array or of_its_length:
                found = inventory(path, subject="source s")
                assert found["a"].shape == (2,), f"{case}: another header is told"
            else:
                with pytest.raises(ArchiveError):
                    pytest.fail(f"{case}: {inventory(path, subject='source s')}")

    def test_members_that_are_not_arrays(self, put):
        """A member that is not a named .npy is refused, even when other arrays are asked for."""
        for name in NAMES:
            error = refusal(put(zip_of(("a.npy", GOOD), (name, GOOD))), names=["a"])
            assert error.expected == "a printable name that ends with .npy", f"{name!r}: {error}"
            assert error.found == repr(name), "the member is not named"

    def test_a_name_with_a_nul_is_not_cut_there(self, put):
        """A name that zipfile would show as another one is refused."""
        data = zip_of(("b.npyxc.npy", GOOD)).replace(b"b.npyxc.npy", b"b.npy\0c.npy")
        with pytest.raises(ArchiveError) as error:
            read(put(data), subject="source s")
        assert error.value.found == repr("b.npy\0c.npy"), "the name was cut"

    def test_duplicates_are_refused_even_if_not_asked_for(self, put):
        """An ambiguous file is refused as a whole."""
        path = put(zip_of(("a.npy", GOOD), ("b.npy", GOOD), ("b.npy", GOOD)))
        with pytest.raises(ArchiveError, match=r"member 'b\.npy'"):
            read(path, subject="source s", names=["a"])

    def test_a_local_header_cut_by_the_end_of_the_file(self, put):
        """A member that claims to start in the last bytes of the file is refused."""
        data = in_directory(TWO, 42, struct.pack("<I", len(TWO) - 22 + 4))
        data = in_directory(data, 30, b"\x08\0")
        extra = struct.pack("<HH4s", 0x7777, 4, b"PK\3\4")
        size = struct.pack("<I", 2 * 51 + len(extra))
        data = data[:-22] + extra + changed(data[-22:], 12, size)
        with pytest.raises(ArchiveError) as error:
            read(put(data), subject="source s")
        assert error.value.expected == f"a header at byte {len(TWO) - 18}", "another fault"
        assert error.value.found.startswith("b'PK\\x03\\x04PK\\x05"), "another fault"

    def test_what_is_no_file(self, tmp_path):
        """A file that is not there is missing, and an empty one is no archive."""
        (tmp_path / "empty").touch()
        for name, kind in (("absent", MissingError), ("empty", CheckError)):
            for function in (read, inventory):
                with pytest.raises(kind):
                    function(tmp_path / name, subject="source s")


class TestMemory:
    """A hostile file costs no more memory than it has bytes."""

    @staticmethod
    def refused_with_peak(path: Path) -> int:
        """Bytes allocated at most while a file is refused."""
        with pytest.raises(ArchiveError):  # imports what it needs
            read(path, subject="source s")
        tracemalloc.start()
        with pytest.raises(ArchiveError):
            read(path, subject="source s")
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return peak

    def test_a_claim_is_refused_before_memory_is_taken(self, put):
        """A header's claim of 256 MiB costs nothing when eight bytes are there."""
        content = npy(header_text(shape=f"({1 << 26},)"), b"12345678")
        peak = self.refused_with_peak(put(zip_of(("a.npy", content))))
        assert peak < 1 << 20, f"{peak} bytes were allocated"

    def test_a_bomb_is_not_inflated(self, put):
        """A stream of 64 MiB behind a header of eight bytes is inflated by nine."""
        stream = deflated(GOOD + bytes(1 << 26))
        path = put(zip_around(stream, size=len(GOOD), crc=zlib.crc32(GOOD)))
        peak = self.refused_with_peak(path)
        assert peak < 1 << 20, f"{peak} bytes were allocated for {len(stream)}"

    def test_a_declared_bomb_is_refused_by_its_header(self, put):
        """A member that declares 64 MiB for an array of eight bytes is not inflated."""
        content = GOOD + bytes(1 << 26)
        path = put(zip_around(deflated(content), size=len(content), crc=zlib.crc32(content)))
        peak = self.refused_with_peak(path)
        assert peak < 1 << 20, f"{peak} bytes were allocated"


SMALL = {
    "a": np.frombuffer(b"first-payload-01", "<f4"),
    "b": np.frombuffer(b"second", ">i2").reshape(1, 3),
    "c": np.asfortranarray(np.frombuffer(b"another-payload-", "<i2").reshape(4, 2)),
}


class TestDamage:
    """Bytes that changed on the way never give an exception of another kind, nor other arrays."""

    @pytest.mark.parametrize("save", SAVES)
    def test_any_changed_byte_is_refused_or_harmless(self, save, put):
        """After one byte changed, the same arrays are read or none."""
        data = saved(save, **SMALL)
        harmless = 0
        for position in range(len(data)):
            for flip in (0x01, 0xFF):
                path = put(changed(data, position, bytes([data[position] ^ flip])))
                try:
                    found = read(path, subject="source s")
                except ArchiveError:
                    continue
                assert_same(found, SMALL)
                harmless += 1
        assert 0 < harmless < len(data), f"{harmless} changes of {2 * len(data)} passed"

    def test_any_truncation_is_refused(self, put):
        """No beginning of an archive passes for an archive, and no end of one."""
        for save in SAVES:
            data = saved(save, **SMALL)
            for length in range(1, len(data)):
                refusal(put(data[:length]))
                refusal(put(data[len(data) - length :]))

    @pytest.mark.parametrize("save", SAVES)
    def test_random_damage_raises_nothing_else(self, save, put):
        """Whatever happens to the headers, arrays are read or an ArchiveError is raised."""
        data = saved(save, **SMALL)
        generator = random.Random(1)
        marks = [n for n in range(len(data)) if data.startswith(b"PK", n)]
        refused = 0
        for _ in range(500):
            damaged = bytearray(data)
            for _ in range(generator.randint(1, 4)):
                position = generator.choice(marks) + generator.randrange(50)
                value = generator.choice([0, 1, 0x7F, 0x80, 0xFF, generator.randrange(256)])
                if position < len(damaged):
                    damaged[position] = value
                if generator.random() < 0.1:
                    other = generator.randrange(len(damaged))
                    damaged[position:position] = damaged[other : other + generator.randrange(40)]
            try:
                read(put(bytes(damaged)), subject="source s")
            except ArchiveError:
                refused += 1
        assert 125 < refused < 500, f"{refused} of 500 refused: too light or too heavy a damage"

    def test_damaged_npy_headers_with_the_right_crc(self, put):
        """Any byte of a header may be anything: read or refused, as its text then says."""
        for position, flip in product(range(len(GOOD) - 8), (0x01, 0x08, 0x80, 0xFF)):
            content = changed(GOOD, position, bytes([GOOD[position] ^ flip]))
            try:
                found = read(put(zip_of(("a.npy", content))), subject="source s")
            except ArchiveError:
                continue
            assert found["a"].nbytes == 8, f"byte {position}: another number of bytes was read"
