"""Tests of `registry.identity.npz`."""

from __future__ import annotations

import hashlib
import io
import random
import struct
import sys
import zipfile
import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from registry.errors import ArchiveError
from registry.identity import npz
from registry.identity.npz import crcs_hold, encode, parse, write_into
from registry.identity.npz import digest as digest_of

DTYPES = "|b1 |i1 <i2 <i4 <i8 |u1 <u2 <u4 <u8 <f2 <f4 <f8 <c8 <c16"

# The whole file of one number, written down byte by byte.
SEVEN = b"".join(
    [
        b"PK\x03\x04",
        b"\x14\x00" + b"\x00\x00" + b"\x00\x00" + b"\x00\x00" + b"\x21\x00",
        b"\x76\x0e\x13\x89" + b"\x81\x00\x00\x00" + b"\x81\x00\x00\x00",
        b"\x05\x00" + b"\x1d\x00",
        b"a.npy",
        b"\x35\xd9" + b"\x19\x00" + b"\x40\x00" + b"\x00" * 23,
        b"\x93NUMPY\x01\x00\x76\x00",
        b"{'descr': '|u1', 'fortran_order': False, 'shape': (), }",
        b" " * 62 + b"\n",
        b"\x07",
        b"PK\x01\x02",
        b"\x14\x03" + b"\x14\x00" + b"\x00\x00" + b"\x00\x00" + b"\x00\x00" + b"\x21\x00",
        b"\x76\x0e\x13\x89" + b"\x81\x00\x00\x00" + b"\x81\x00\x00\x00",
        b"\x05\x00" + b"\x00\x00" * 4,
        b"\x00\x00\xa4\x81" + b"\x00\x00\x00\x00",
        b"a.npy",
        b"PK\x05\x06" + b"\x00\x00" * 2 + b"\x01\x00" * 2,
        b"\x33\x00\x00\x00" + b"\xc1\x00\x00\x00" + b"\x00\x00",
    ]
)


def some_arrays() -> dict[str, np.ndarray]:
    """Arrays of each kind: complex, float, integer, boolean; 3-d, 2-d, 1-d, 0-d, empty."""
    return {
        "probeGuess": np.array([[1 + 2j, -0.5j], [3, 4.25 - 1j]], dtype="<c8"),
        "diffraction": np.arange(24, dtype="<f4").reshape(2, 3, 4),
        "xcoords": np.array([34.412, -79.281], dtype="<f8"),
        "scan_index": np.zeros((0, 3), dtype="<i8"),
        "valid": np.array([True, False, True]),
        "photons": np.array(1e9, dtype="<f8"),
    }


def archive(*members: tuple[bytes, bytes]) -> bytes:
    """Lay members out as the canonical format does, whatever they hold: a second implementation."""
    body, directory = b"", b""
    for name, content in members:
        offset, padding = len(body), 6
        while (offset + 30 + len(name) + padding) % 64:
            padding += 1
        sizes = (zlib.crc32(content), len(content), len(content), len(name))
        common = struct.pack("<HHHHHIIIH", 20, 0, 0, 0, 0x21, *sizes)
        extra = b"\x35\xd9" + struct.pack("<HH", padding - 4, 64) + bytes(padding - 6)
        body += b"PK\3\4" + common + struct.pack("<H", padding) + name + extra + content
        directory += b"PK\1\2\x14\3" + common + bytes(8) + b"\0\0\xa4\x81"
        directory += struct.pack("<I", offset) + name
    end = struct.pack("<HHHHIIH", 0, 0, *[len(members)] * 2, len(directory), len(body), 0)
    return body + directory + b"PK\5\6" + end


def npy(text: str, payload: bytes = b"", *, version: bytes = b"\1\0") -> bytes:
    """A member with this header text, padded to a multiple of 64 bytes."""
    spaces = -(len(text) + 11) % 64
    header = text.encode("latin-1") + b" " * spaces + b"\n"
    return b"\x93NUMPY" + version + struct.pack("<H", len(header)) + header + payload


def header_text(descr: str = "'<f4'", order: str = "False", shape: str = "(2,)") -> str:
    """Text of a header as the canonical format spells it."""
    return f"{{'descr': {descr}, 'fortran_order': {order}, 'shape': {shape}, }}"


def changed(data: bytes, position: int, new: bytes) -> bytes:
    """The same bytes but for some at a position."""
    return data[:position] + new + data[position + len(new) :]


def same(one: dict[str, np.ndarray], other: dict[str, np.ndarray]) -> bool:
    """Whether the arrays are equal in names, dtypes, shapes and bytes."""
    return one.keys() == other.keys() and all(
        (one[name].dtype.str, one[name].shape, one[name].tobytes())
        == (other[name].dtype.str, other[name].shape, other[name].tobytes())
        for name in one
    )


class TestEncode:
    """What `encode` writes."""

    def test_every_byte_of_a_small_archive_is_known(self):
        """One number becomes the 266 bytes that the format's description gives."""
        assert encode({"a": np.array(7, "|u1")}) == SEVEN, "the format has changed"

    def test_digest_of_mixed_arrays(self):
        """The bytes of arrays of all kinds are the ones they were when the format was fixed."""
        digest = hashlib.sha256(encode(some_arrays())).hexdigest()
        expected = "14d56a40439a39db27a52ebcf24c0a2c1f7c5712d3b109e14b50835eb2a79ccb"
        assert digest == expected, "the format has changed: every pinned fixture would"

    def test_digest_of_an_empty_archive(self):
        """No arrays make an archive of nothing but an end record."""
        digest = hashlib.sha256(encode({})).hexdigest()
        expected = "8739c76e681f900923b900c9df0ef75cf421d39cabb54650c4b9ad19b6a76d85"
        assert digest == expected, "the format has changed"

    def test_a_digest_needs_no_bytes(self):
        """Size and SHA-256 are those of what would be written."""
        for arrays in (some_arrays(), {}):
            data = encode(arrays)
            assert digest_of(arrays) == (len(data), hashlib.sha256(data).hexdigest())

    def test_a_big_endian_machine_writes_the_same_bytes(self, monkeypatch):
        """Its own arrays are brought to the one order that there is in a file."""
        expected = encode(some_arrays())
        own = {
            name: array.astype(array.dtype.newbyteorder(">"))
            for name, array in some_arrays().items()
        }
        monkeypatch.setattr(sys, "byteorder", "big")
        assert encode(own) == expected, "other bytes"
        assert digest_of(own) == (len(expected), hashlib.sha256(expected).hexdigest())
        file = io.BytesIO()
        write_into(file, own)
        assert file.getvalue() == expected, "other bytes in a file"
        assert same(parse(expected, subject="file"), some_arrays()), "read in another order"

    def test_layout_agrees_with_a_second_implementation(self):
        """Padding, order and directory are what a plain reading of the format gives."""
        payloads = {name: array.tobytes() for name, array in some_arrays().items()}
        texts = {
            "diffraction": header_text("'<f4'", shape="(2, 3, 4)"),
            "photons": header_text("'<f8'", shape="()"),
            "probeGuess": header_text("'<c8'", shape="(2, 2)"),
            "scan_index": header_text("'<i8'", shape="(0, 3)"),
            "valid": header_text("'|b1'", shape="(3,)"),
            "xcoords": header_text("'<f8'", shape="(2,)"),
        }
        members = [(f"{k}.npy".encode(), npy(text, payloads[k])) for k, text in texts.items()]
        assert encode(some_arrays()) == archive(*members), "the two implementations differ"

    def test_numpy_reads_it(self):
        """`numpy.load` gives the same arrays, without pickles."""
        with np.load(io.BytesIO(encode(some_arrays())), allow_pickle=False) as loaded:
            assert same(dict(loaded), some_arrays()), "numpy reads other arrays"

    def test_zipfile_finds_no_fault(self):
        """`zipfile` accepts the archive and all CRCs, and sees fixed metadata."""
        with zipfile.ZipFile(io.BytesIO(encode(some_arrays()))) as opened:
            assert opened.testzip() is None, "a CRC is wrong"
            seen = {
                (info.date_time, info.external_attr >> 16, info.create_system, info.compress_type)
                for info in opened.infolist()
            }
        assert seen == {((1980, 1, 1, 0, 0, 0), 0o100644, 3, 0)}, "metadata is not fixed"

    def test_padding_agrees_with_a_second_implementation(self):
        """Whatever the name's length, no more bytes are inserted than the alignment needs."""
        for length in range(1, 129):
            name = "x" * length
            expected = archive((f"{name}.npy".encode(), npy(header_text(), b"12345678")))
            found = encode({name: np.frombuffer(b"12345678", "<f4")})
            assert found == expected, f"name of {length}: the two implementations differ"

    def test_headers_agree_with_a_second_implementation(self):
        """Whatever the shape's length in text, the header is padded to the next multiple of 64."""
        for spare in range(64):
            shape = (0, 10 ** (spare % 3), *[1] * (spare // 3))
            content = npy(header_text("'|i1'", shape=str(shape)))
            found = encode({"a": np.zeros(shape, "|i1")})
            assert found == archive((b"a.npy", content)), f"{shape}: the two differ"

    def test_members_start_at_multiples_of_64(self):
        """Whatever the name's length, every member and every array starts at a multiple of 64."""
        for length in range(1, 129):
            data = encode({"x" * length: np.ones(3, "<f8"), "y": np.full(5, 2.0)})
            starts = [data.find(b"\x93NUMPY"), data.rfind(b"\x93NUMPY")]
            starts += [data.find(np.ones(3).tobytes()), data.find(np.full(5, 2.0).tobytes())]
            assert [start % 64 for start in starts] == [0] * 4, f"name of {length}: {starts}"

    def test_order_of_the_mapping_does_not_matter(self):
        """Arrays given in another order make the same bytes."""
        backwards = dict(reversed(some_arrays().items()))
        assert encode(backwards) == encode(some_arrays()), "the bytes depend on the order"

    @pytest.mark.parametrize(
        "relaid",
        [
            np.asfortranarray,
            lambda a: np.repeat(a, 2, axis=0)[::2],
            lambda a: np.ascontiguousarray(a[..., ::-1])[..., ::-1],
            lambda a: np.frombuffer(b"x" + a.tobytes(), a.dtype, offset=1).reshape(a.shape),
        ],
        ids=["fortran", "strided", "negative-strides", "unaligned"],
    )
    def test_memory_layout_does_not_matter(self, relaid):
        """Fortran order, strides and alignment in memory leave no trace."""
        array = some_arrays()["diffraction"]
        assert encode({"a": relaid(array)}) == encode({"a": array}), "the bytes show the layout"

    def test_a_memory_map_is_as_good_as_an_array(self, tmp_path):
        """A memory map is stored like the array that it maps."""
        array = np.arange(6, dtype="<f4")
        array.tofile(tmp_path / "raw")
        mapped = np.memmap(tmp_path / "raw", "<f4", "r")
        assert encode({"a": mapped}) == encode({"a": array}), "the memory map is stored otherwise"

    @pytest.mark.parametrize(
        ("array", "found"),
        [
            (np.zeros(2, ">f4"), "dtype >f4"),
            (np.zeros(2, ">i8"), "dtype >i8"),
            (np.array([None, 1], dtype=object), "dtype |O"),
            (np.array(["text"]), "dtype <U4"),
            (np.array([b"text"]), "dtype |S4"),
            (np.zeros(2, "<M8[s]"), "dtype <M8[s]"),
            (np.zeros(2, [("x", "<f4")]), "dtype |V4"),
            (np.ma.masked_array([1.0, 2.0], [True, False]), "a MaskedArray"),
            (np.float64(1.0), "a float64"),
        ],
    )
    def test_what_cannot_be_stored_is_refused(self, array, found):
        """Foreign byte order and whatever is not a plain array of numbers is left to the caller."""
        with pytest.raises(ArchiveError) as error:
            encode({"xcoords": array})
        assert error.value.subject == "array 'xcoords'", "the array is not named"
        assert error.value.found == found, "what was found is not said"

    def test_long_double_is_refused(self):
        """A float whose width depends on the platform is not stored."""
        if np.dtype(np.longdouble).itemsize == 8:
            pytest.skip("long double is double on this platform")
        with pytest.raises(ArchiveError, match=r"expected: dtype one of .*<f8"):
            encode({"a": np.zeros(2, np.longdouble)})

    def test_other_names_are_refused(self):
        """Only names of letters, digits and underscores are stored."""
        others = "1a", "a-b", "a/b", "../a", "a\\b", "a.npy", "a\n", "ä", "a\0", "a" * 129
        for name in ("", *others):
            with pytest.raises(ArchiveError, match="expected: a name of letters, digits and under"):
                pytest.fail(f"{name!r}: {encode({name: np.zeros(2)})!r}")

    def test_more_than_4_gib_is_refused_before_anything_is_copied(self):
        """Too large an archive is an error, not a ZIP64; the array here takes up no memory."""
        huge = np.broadcast_to(np.float32(0), (1 << 15, 1 << 15))
        with pytest.raises(ArchiveError) as error:
            encode({"a": huge})
        expected = "an archive of less than 4294967295 bytes (4 GiB)"
        assert error.value.expected == expected, "the limit is not the one of the format"
        assert error.value.found == "4294967424 bytes with this array", "the size is not told"

    def test_the_limit_holds_for_the_whole_archive(self):
        """The directory counts, to the byte, and nothing is read of what is too large."""

        class Reached(Exception):
            pass

        class Bytes:
            dtype = np.dtype("|u1")

            def __init__(self, count: int) -> None:
                self.shape = (count,)

            def __getitem__(self, rows: slice) -> np.ndarray:
                raise Reached

        # 64 before the member, 128 of its header, 51 of the directory, 22 at the end
        largest = 4294967294 - (64 + 128 + 51 + 22)
        with pytest.raises(Reached):
            encode({"a": Bytes(largest)})
        with pytest.raises(ArchiveError) as error:
            encode({"a": Bytes(largest + 1)})
        assert error.value.found == "4294967295 bytes", "the limit is off"

    def test_too_many_arrays_are_refused(self):
        """As many members as the 16-bit count cannot tell from a ZIP64 are an error."""
        arrays = dict.fromkeys((f"a{n}" for n in range(65535)), np.zeros(1))
        with pytest.raises(ArchiveError, match=r"found: +65535 arrays"):
            encode(arrays)

    def test_33_dimensions_are_refused(self):
        """More dimensions than numpy 1.26 reads are an error."""
        try:
            array = np.zeros((1,) * 33)
        except ValueError:
            pytest.skip("this numpy cannot make such an array")
        with pytest.raises(ArchiveError, match="at most 32 dimensions"):
            encode({"a": array})


class Rows:
    """An array read in parts, which are noted; what ``change`` makes of each part."""

    def __init__(self, array: np.ndarray, change=lambda part: part) -> None:
        self.shape, self.dtype = array.shape, array.dtype
        self.parts: list[int] = []
        self._array, self._change = array, change

    def __getitem__(self, rows: slice) -> np.ndarray:
        part = self._change(self._array[rows])
        self.parts.append(len(part))
        return part


class TestRowsOfASource:
    """What is read in parts is stored as if it were an array."""

    @pytest.mark.parametrize(
        ("array", "parts"),
        [
            (np.arange(15, dtype="<f8").reshape(5, 3), [1, 1, 1, 1, 1]),
            (np.arange(5, dtype="<f8"), [2, 2, 1]),
            (np.arange(10, dtype="<f4").reshape(5, 2), [2, 2, 1]),
            (np.arange(16, dtype="|u1"), [16]),
            (np.zeros((0, 3), "<f8"), []),
        ],
    )
    def test_as_many_rows_at_a_time_as_memory_allows(self, monkeypatch, array, parts):
        """One at least, and the last part has what is left."""
        monkeypatch.setattr(npz, "_BLOCK_BYTES", 16)
        source = Rows(array)
        file = io.BytesIO()
        write_into(file, {"a": source})
        assert file.getvalue() == encode({"a": array})
        assert source.parts[: len(parts)] == parts
        assert source.parts in (parts, parts * 2), "gone through more often than for the CRC"

    @pytest.mark.parametrize(
        ("change", "found"),
        [
            (lambda part: part.astype("<f4"), "<f4 of shape (2,)"),
            (lambda part: part[:1], "<f8 of shape (1,)"),
            (lambda part: part.reshape(-1, 1), "<f8 of shape (2, 1)"),
        ],
        ids=["dtype", "fewer", "axes"],
    )
    def test_rows_that_are_not_what_was_announced(self, monkeypatch, change, found):
        """They would be other bytes than the header tells of, whatever is wrong with them."""
        monkeypatch.setattr(npz, "_BLOCK_BYTES", 16)
        with pytest.raises(ArchiveError) as error:
            encode({"a": Rows(np.arange(4, dtype="<f8"), change)})
        assert error.value.subject == "array 'a': rows from 0"
        assert (error.value.expected, error.value.found) == ("<f8 of shape (2,)", found)

    def test_what_only_looks_like_an_array(self):
        """A tensor's dtype is another library's, and what has no rows cannot be read."""
        tensor = Rows(np.zeros(2))
        tensor.dtype = "torch.float64"
        rowless = type("Rowless", (), {"shape": (2,), "dtype": np.dtype("<f8")})()
        for other, found in ((tensor, "a Rows"), (rowless, "a Rowless"), ([1.0], "a list")):
            with pytest.raises(ArchiveError) as error:
                encode({"a": other})
            assert (error.value.expected, error.value.found) == ("a plain numpy array", found)


class TestParse:
    """What `parse` gives back."""

    def test_arrays_come_back(self):
        """Names, dtypes, shapes and bytes are those encoded."""
        parsed = parse(encode(some_arrays()), subject="fixture f")
        assert same(parsed, some_arrays()), "other arrays came back"

    @settings(max_examples=50, deadline=None, derandomize=True, database=None)
    @given(
        st.dictionaries(
            st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,9}", fullmatch=True),
            st.sampled_from(DTYPES.split()).flatmap(
                lambda descr: hnp.arrays(descr, hnp.array_shapes(min_dims=0, min_side=0))
            ),
            max_size=4,
        )
    )
    def test_any_arrays_come_back(self, arrays):
        """Whatever the arrays, they come back, numpy agrees, and the bytes are canonical."""
        data = encode(arrays)
        parsed = parse(data, subject="fixture f")
        assert same(parsed, arrays), "other arrays came back"
        assert list(parsed) == sorted(arrays), "the arrays are not sorted by name"
        assert encode(parsed) == data, "encoding them again gives other bytes"
        with np.load(io.BytesIO(data), allow_pickle=False) as loaded:
            assert same(dict(loaded), arrays), "numpy reads other arrays"

    def test_32_dimensions_of_any_size_come_back(self):
        """The longest header that `encode` can write is short enough for `parse`."""
        array = np.zeros((0, 1 << 62) + (1,) * 30, "|i1")
        parsed = parse(encode({"a": array}), subject="fixture f")
        assert parsed["a"].shape == array.shape, "the shape changed"

    def test_arrays_are_views_of_the_buffer(self):
        """Nothing is copied: the arrays lie in `data`, at multiples of 64 bytes."""
        data = encode(some_arrays())
        whole = np.frombuffer(data, np.uint8)
        for name, array in parse(data, subject="fixture f").items():
            offset = array.ctypes.data - whole.ctypes.data
            assert 0 < offset < len(data), f"{name} is not in the buffer"
            assert offset % 64 == 0, f"{name} starts at byte {offset}"
            assert array.flags.aligned, f"{name} is not aligned in memory"
            assert array.flags.c_contiguous, f"{name} is not in C order"

    def test_arrays_are_read_only_for_good(self):
        """No array can be written to, nor made writable."""
        array = parse(encode({"a": np.zeros(2)}), subject="fixture f")["a"]
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 1
        with pytest.raises(ValueError, match="WRITEABLE"):
            array.flags.writeable = True

    def test_the_helper_of_the_following_tests_makes_readable_archives(self):
        """An archive laid out by the tests is accepted, so that a refusal has one cause."""
        data = archive((b"a.npy", npy(header_text(), b"12345678")))
        assert same(parse(data, subject="f"), {"a": np.frombuffer(b"12345678", "<f4")}), "not read"


GOOD = npy(header_text(), b"12345678")
ONE = archive((b"a.npy", GOOD))
DIRECTORY = ONE.index(b"PK\1\2")
END = ONE.index(b"PK\5\6")


def with_both(local: int, central: int, new: bytes) -> bytes:
    """`ONE` with a field changed before the data and in the directory alike."""
    return changed(changed(ONE, local, new), DIRECTORY + central, new)


def zip_of(write) -> bytes:
    """An archive written with `zipfile`."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as file:
        write(file)
    return buffer.getvalue()


MALFORMED_ARCHIVES = {
    "nothing": (b"", "ends with its end record", "0 bytes without one"),
    "text": (b"hello " * 10, "ends with its end record", "not a .npz at all"),
    "the start of an end record": (b"PK\5\6", "ends with its end record", "4 bytes without one"),
    "end record cut": (ONE[:-5], "ends with its end record", "bytes without one: truncated"),
    "bytes after no members": (encode({}) + b"xy", "ends with its end record", "2 bytes after it"),
    "a bare npy": (GOOD, "ends with its end record", "not a .npz at all"),
    "bytes after": (ONE + b"x", "ends with its end record", "1 bytes after it"),
    "the longest comment": (
        ONE + bytes(0xFFFF),
        "ends with its end record",
        "65535 bytes after it",
    ),
    "longer than a comment": (
        ONE + bytes(0x10000),
        "ends with its end record",
        "bytes without one: truncated",
    ),
    "zeros after": (ONE + bytes(9), "ends with its end record", "9 bytes after it"),
    "comment": (
        ONE[:-2] + b"\3\0abc",
        "ends with its end record",
        "3 bytes after it (an archive comment counts)",
    ),
    "comment that is another end": (ONE[:-2] + b"\x16\0" + ONE[-22:], "directory size", ""),
    "empty comment announced": (changed(ONE, END + 20, b"\1"), "comment length 0", "length 1"),
    "bytes before": (b"x" + ONE, "directory size 52", "directory size 51"),
    "bytes before, offsets right": (
        b"x"
        + ONE[: END + 16].replace(bytes(4) + b"a.npyPK", b"\1\0\0\0a.npyPK")
        + struct.pack("<I", DIRECTORY + 1)
        + bytes(2),
        "offset 0, with nothing before or between members",
        "offset 1",
    ),
    "between last member and directory": (
        ONE[:DIRECTORY] + b"x" + ONE[DIRECTORY : END + 16] + struct.pack("<IH", DIRECTORY + 1, 0),
        f"the directory right after the last member, at {DIRECTORY}",
        "1 bytes between them",
    ),
    "in the directory": (
        ONE[:END] + b"x" + ONE[END : END + 12] + struct.pack("<IIH", 52, DIRECTORY, 0),
        "a directory of 1 entries",
        "1 more bytes in it",
    ),
    "directory beyond the end": (
        changed(ONE, END + 16, b"\xff\xff\xff\x7f"),
        f"a directory before byte {END}",
        "directory offset 2147483647",
    ),
    "more members than entries": (
        changed(ONE, END + 8, b"\2\0\2\0"),
        "46 bytes",
        "0 bytes",
    ),
    "name runs on": (changed(ONE, DIRECTORY + 28, b"\xff"), "a name of at most 5", "255 bytes"),
    "zip64": (changed(ONE, END + 8, b"\xff\xff\xff\xff"), "46 bytes", "0 bytes"),
    "another disk": (changed(ONE, END + 4, b"\1"), "disk 0", "disk 1"),
    "not npy": (archive((b"a.txt", GOOD)), "a member NAME.npy", "b'a.txt'"),
    "no suffix": (archive((b"a", GOOD)), "a member NAME.npy", "b'a'"),
    "no name": (archive((b".npy", GOOD)), "a member NAME.npy", "b'.npy'"),
    "a directory": (archive((b"a.npy/", GOOD)), "a member NAME.npy", "b'a.npy/'"),
    "slash": (archive((b"x/a.npy", GOOD)), "a member NAME.npy", "b'x/a.npy'"),
    "absolute": (archive((b"/a.npy", GOOD)), "a member NAME.npy", "b'/a.npy'"),
    "parent": (archive((b"../a.npy", GOOD)), "a member NAME.npy", "b'../a.npy'"),
    "backslash": (archive((b"x\\a.npy", GOOD)), "a member NAME.npy", "b'x\\\\a.npy'"),
    "NUL": (archive((b"a\0b.npy", GOOD)), "a member NAME.npy", "b'a\\x00b.npy'"),
    "not ASCII": (archive((b"\xe4.npy", GOOD)), "a member NAME.npy", "b'\\xe4.npy'"),
}

BIG = str(1 << 64)
MALFORMED_MEMBERS = {
    "duplicate": (
        archive((b"a.npy", GOOD), (b"a.npy", GOOD)),
        "one member for each array, sorted by name",
        "a second one",
    ),
    "unsorted": (
        archive((b"b.npy", GOOD), (b"a.npy", GOOD)),
        "one member for each array, sorted by name",
        "it comes after 'b.npy'",
    ),
    "deflated": (with_both(8, 10, b"\x08\0"), "compression method 0", "compression method 8"),
    "deflated by zipfile": (
        zip_of(lambda file: file.writestr("a.npy", GOOD, zipfile.ZIP_DEFLATED)),
        "compression method 0",
        "compression method 8",
    ),
    "encrypted": (with_both(6, 8, b"\1\0"), "flags 0", "flags 1"),
    "sizes after the data": (with_both(6, 8, b"\x08\0"), "flags 0", "flags 8"),
    "another date": (with_both(12, 14, b"\x22\0"), "date 33", "date 34"),
    "another platform": (
        changed(ONE, DIRECTORY + 5, b"\0"),
        "version made by 788",
        "version made by 20",
    ),
    "another mode": (
        changed(ONE, DIRECTORY + 38, bytes(4)),
        "external attributes 2175008768",
        "external attributes 0",
    ),
    "comment on the member": (changed(ONE, DIRECTORY + 32, b"\1"), "comment length 0", "length 1"),
    "no directory entry": (changed(ONE, DIRECTORY, b"KP"), "signature b'PK", "b'KP\\x01\\x02'"),
    "no local header": (changed(ONE, 0, b"KP"), "signature b'PK", "signature b'KP"),
    "another local size": (changed(ONE, 22, b"\0"), "size 136", "size 0"),
    "another local name": (changed(ONE, 30, b"b"), "the same name before the data", "b'b.npy"),
    "something in the padding": (changed(ONE, 60, b"x"), "zeros up to byte 64", "x\\x00\\x00"),
    "size beyond the directory": (
        changed(changed(ONE, DIRECTORY + 20, b"\0\1"), DIRECTORY + 24, b"\0\1"),
        "320 bytes",
        "200 before the directory",
    ),
    "empty member": (archive((b"a.npy", b"")), ".npy version 1.0", "b''"),
    "npy cut in its magic": (archive((b"a.npy", GOOD[:9])), ".npy version 1.0", "NUMPY"),
    "npy cut in its header": (archive((b"a.npy", GOOD[:99])), "of at most 89 bytes", "118 bytes"),
    "a raw pickle": (archive((b"a.npy", b"\x80\x04N." * 9)), ".npy version 1.0", "b'\\x80\\x04N"),
    "npy version 2": (
        archive((b"a.npy", npy(header_text(), b"12345678", version=b"\2\0"))),
        ".npy version 1.0",
        "NUMPY\\x02",
    ),
    "header too long": (
        archive((b"a.npy", npy(header_text() + " " * 2000, b"12345678"))),
        "a .npy header of at most 1014 bytes",
        "2102 bytes",
    ),
    "object": (
        archive((b"a.npy", npy(header_text("'|O'"), b"12345678"))),
        "dtype one of |b1",
        "dtype |O",
    ),
    "big-endian": (
        archive((b"a.npy", npy(header_text("'>f4'"), b"12345678"))),
        "dtype one of |b1",
        "dtype >f4",
    ),
    "native": (
        archive((b"a.npy", npy(header_text("'=f4'"), b"12345678"))),
        "dtype one of |b1",
        "dtype =f4",
    ),
    "structured": (
        archive((b"a.npy", npy(header_text("[('x', '<f4')]"), b"12345678"))),
        "dtype one of |b1",
        "dtype [('x', '<f4')]",
    ),
    "text": (
        archive((b"a.npy", npy(header_text("'<U1'"), b"12345678"))),
        "dtype one of |b1",
        "dtype <U1",
    ),
    "unquoted dtype": (
        archive((b"a.npy", npy(header_text("<f4"), b"12345678"))),
        "'descr': '<f4'",
        "'descr': <f4",
    ),
    "fortran": (
        archive((b"a.npy", npy(header_text(order="True"), b"12345678"))),
        "C order",
        "Fortran order",
    ),
    "another key": (
        archive((b"a.npy", npy("{'descr': '<f4', 'x': False, 'shape': (2,), }", b"12345678"))),
        "keys descr, fortran_order, shape",
        "'x': False",
    ),
    "no dictionary": (
        archive((b"a.npy", npy("__import__('os').abort()", b"12345678"))),
        "keys descr, fortran_order, shape",
        "__import__",
    ),
    "claims more": (
        archive((b"a.npy", npy(header_text(shape="(3,)"), b"12345678"))),
        "12 bytes for <f4 of shape (3,)",
        "a member that holds 8",
    ),
    "claims less": (
        archive((b"a.npy", npy(header_text(shape="(1,)"), b"12345678"))),
        "4 bytes for <f4 of shape (1,)",
        "a member that holds 8",
    ),
    "claims all there is": (
        archive((b"a.npy", npy(header_text(shape="(1000000000000,)"), b"12345678"))),
        "4000000000000 bytes",
        "a member that holds 8",
    ),
    "negative shape": (
        archive((b"a.npy", npy(header_text(shape="(-1, -2)"), b"12345678"))),
        "a shape of at most 32 numbers",
        "shape (-1, -2)",
    ),
    "overflowing shape": (
        archive((b"a.npy", npy(header_text(shape=f"({BIG}, {BIG})"), b""))),
        f"{4 << 128} bytes",
        "a member that holds 0",
    ),
    "empty and overflowing shape": (
        archive((b"a.npy", npy(header_text(shape=f"(0, {BIG})"), b""))),
        "a shape of at most",
        f"shape (0, {BIG})",
    ),
    "33 dimensions": (
        archive((b"a.npy", npy(header_text(shape=f"({'1, ' * 32}2)"), b"12345678"))),
        "a shape of at most 32 numbers",
        "1, 2)",
    ),
    "words in the shape": (
        archive((b"a.npy", npy(header_text(shape="(True, 2)"), b"12345678"))),
        "a shape of at most 32 numbers",
        "shape (True, 2)",
    ),
    "comma alone": (
        archive((b"a.npy", npy(header_text(shape="(,)"), b"1234"))),
        "a shape of at most 32 numbers",
        "shape (,)",
    ),
    "shape spelt otherwise": (
        archive((b"a.npy", npy(header_text(shape="(02,)"), b"12345678"))),
        "(2,)",
        "(02,)",
    ),
    "header of another length": (
        archive((b"a.npy", npy(header_text() + " " * 64, b"12345678"))),
        "NUMPY\\x01\\x00v\\x00",
        "NUMPY\\x01\\x00\\xb6\\x00",
    ),
}


def refusal(data: bytes) -> ArchiveError:
    """The error with which `parse` refuses an archive."""
    with pytest.raises(ArchiveError) as error:
        pytest.fail(f"read: {parse(data, subject='fixture f')}")
    return error.value


class TestRefusals:
    """What `parse` refuses, and how it says so."""

    def test_malformed_archives(self):
        """An archive that is not laid out as `encode` does is refused, with the difference."""
        for case, (data, expected, found) in MALFORMED_ARCHIVES.items():
            error = refusal(data)
            assert error.subject.startswith("fixture f"), f"{case}: the fixture is not named"
            assert expected in error.expected, f"{case}: {error}"
            assert found in error.found, f"{case}: {error}"

    def test_malformed_members(self):
        """A member that is not what `encode` writes is refused by name, with the difference."""
        for case, (data, expected, found) in MALFORMED_MEMBERS.items():
            error = refusal(data)
            assert error.subject == "fixture f: member 'a.npy'", f"{case}: not named"
            assert expected in error.expected, f"{case}: {error}"
            assert found in error.found, f"{case}: {error}"

    def test_numpys_own_archives_are_refused(self):
        """A file that `numpy.savez` wrote is not canonical."""
        buffer = io.BytesIO()
        np.savez(buffer, a=np.zeros(2, "<f4"))
        with pytest.raises(ArchiveError, match=r"to mend: .*registry\.identity\.npz\.encode"):
            parse(buffer.getvalue(), subject="fixture f")


SMALL = {
    "a": np.frombuffer(b"first-payload-01", "<f4"),
    "b": np.frombuffer(b"second", "<i2").reshape(1, 3),
    "c": np.frombuffer(b"another-payload-", "<c16").reshape(()),
}


class TestDamage:
    """Bytes that changed on the way never give an exception of another kind, nor pass unseen."""

    def test_any_changed_byte_outside_the_arrays_is_refused(self):
        """One changed byte is seen anywhere but in an array, which its SHA-256 guards."""
        data = encode(SMALL)
        payload = set()
        for array in SMALL.values():
            start = data.index(array.tobytes())
            payload |= set(range(start, start + array.nbytes))
        assert len(payload) == 38, "the test does not find the arrays in the archive"
        accepted = set()
        for position in range(len(data)):
            for flip in (0x01, 0x10, 0x20, 0x80, 0xFF):
                damaged = changed(data, position, bytes([data[position] ^ flip]))
                try:
                    parse(damaged, subject="fixture f")
                except ArchiveError:
                    continue
                accepted.add(position)
        assert accepted == payload, "a change outside arrays passed, or one inside did not"

    def test_any_truncation_is_refused(self):
        """No beginning of an archive passes for an archive, and no end of one."""
        data = encode(SMALL)
        for length in range(len(data)):
            with pytest.raises(ArchiveError):
                parse(data[:length], subject="fixture f")
            with pytest.raises(ArchiveError):
                parse(data[len(data) - length :], subject="fixture f")

    def test_any_byte_more_or_less_is_refused(self):
        """A byte lost or added anywhere is seen, in the arrays too."""
        data = encode(SMALL)
        for position in range(len(data)):
            with pytest.raises(ArchiveError):
                parse(data[:position] + data[position + 1 :], subject="fixture f")
            with pytest.raises(ArchiveError):
                parse(data[:position] + b"\0" + data[position:], subject="fixture f")

    def test_random_damage_is_refused_or_harmless(self):
        """What passes after random damage is still canonical, but for the CRCs."""
        data = encode(SMALL)
        generator = random.Random(1)
        marks = [n for n in range(len(data)) if data.startswith((b"PK", b"\x93NUMPY"), n)]
        passed = 0
        for _ in range(5000):
            damaged = bytearray(data)
            for _ in range(generator.randint(1, 4)):
                # Most bytes are padding or payload: aim at the headers more often than not.
                near = generator.choice(marks) + generator.randrange(80)
                position = min(generator.choice([near, generator.randrange(len(data))]), 2000)
                value = generator.choice([0, 1, 0x7F, 0x80, 0xFF, generator.randrange(256)])
                if position < len(damaged):
                    damaged[position] = value
                if generator.random() < 0.1:
                    other = generator.randrange(len(damaged))
                    damaged[position:position] = damaged[other : other + generator.randrange(40)]
            try:
                parsed = parse(bytes(damaged), subject="fixture f")
            except ArchiveError:
                continue
            passed += 1
            again = encode(parsed)
            differences = sum(one != two for one, two in zip(again, damaged, strict=True))
            assert differences <= 8 * len(parsed), "what passed is not canonical"
        assert 0 < passed < 1000, f"{passed} of 5000 passed: the damage is too light or too heavy"


class TestCrcs:
    """CRCs, which `parse` leaves unchecked."""

    def test_those_of_what_encode_writes_hold(self):
        """Every member states the CRC-32 of its own bytes."""
        assert crcs_hold(encode(SMALL)), "encode writes wrong CRCs"

    def test_a_wrong_one_is_seen(self):
        """A wrong CRC makes an archive that is read but is not the one that `encode` writes."""
        data = changed(changed(ONE, 14, b"\0\0\0\0"), DIRECTORY + 16, b"\0\0\0\0")
        assert encode(parse(data, subject="fixture f")) == ONE, "other arrays are read"
        assert crcs_hold(data) is False, "the wrong CRC passed"

    def test_a_value_changed_in_place_is_seen(self):
        """Bytes of an array that changed after encoding no longer have the CRC that is stated."""
        data = bytearray(encode({"a": np.arange(3.0), "b": np.ones(2)}))
        position = bytes(data).index(np.float64(2.0).tobytes())
        data[position] ^= 1
        assert parse(bytes(data), subject="x")["a"].size == 3, "the container itself is broken"
        assert not crcs_hold(bytes(data)), "the changed value passed"
