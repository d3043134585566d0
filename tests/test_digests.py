"""Tests of `registry.digests`. The digests are those of sha256sum, md5sum and git hash-object."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from registry.digests import (
    array_digest,
    content_digest,
    git_blob_file,
    git_blob_id,
    md5,
    sha256,
    sha256_file,
)

# printf '<i4\0003\000\001\000\000\000\002\000\000\000\003\000\000\000' | sha256sum
ONE_TWO_THREE = "1f1e43100fb995812f80e235937cdf17ee12d5a5ad87e55c9962d6f046441c7b"
# printf '>i4\0003\000\000\000\000\001\000\000\000\002\000\000\000\003' | sha256sum
ONE_TWO_THREE_BIG = "53945fd159869c4b926c667700aa395e7a6917c33c5d68824e7f60a70905bc53"
# printf '<f8\000\000\000\000\000\000\000\000\370\077' | sha256sum
ONE_AND_A_HALF = "4316ba3f0ede716090aebace9adbb3d002a784f5977bffe03920ab0f34c5a1b6"
# printf '<i2\0002,3\000\001\000\002\000\003\000\004\000\005\000\006\000' | sha256sum
TWO_BY_THREE = "8f98669aedcba68246fc26b1606db28602e4b6962fd332ed38aab19f8b0bd400"
# printf 'a\000<i4\0003\000\001\000\000\000\002\000\000\000\003\000\000\000'\
# 'b\000|b1\0001,2\000\001\000' | sha256sum
A_AND_B = "2d6c0daa69ea38cb96bca965977605104dff49504202ec4ca71411c27ef1192d"


def a_and_b() -> dict[str, np.ndarray]:
    """Two arrays, whose content digest is A_AND_B."""
    return {"a": np.array([1, 2, 3], "<i4"), "b": np.array([[True, False]])}


def test_sha256_of_bytes():
    """SHA-256 is the standard's."""
    expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert sha256(b"abc") == expected, "not the SHA-256 that sha256sum gives"


def test_md5_of_bytes():
    """md5 is the standard's."""
    assert md5(b"abc") == "900150983cd24fb0d6963f7d28e17f72", "not the md5 that md5sum gives"


def test_a_view_has_the_digest_of_its_bytes():
    """Arrays need not be copied to be hashed."""
    for digest in (sha256, md5):
        assert digest(memoryview(b"xabcx")[1:4]) == digest(b"abc"), f"another {digest.__name__}"


EMPTY = (
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391",
)
# 3000000 zeros: more than is read at once, and not a whole number of times that
ZEROS = (
    "35bce4eae54ec8e6cc2868baa8d157914d6ae2858811b4cc0c078c94460fa26f",
    "73e77f405a9ff5ab6f54695cf10e7be6d23c9a4b",
)


def test_digests_of_a_file(tmp_path):
    """A file's SHA-256 and git id are those of its bytes, however it is read."""
    path = tmp_path / "file"
    for data, expected in ((b"", EMPTY), (bytes(3_000_000), ZEROS)):
        path.write_bytes(data)
        found = (sha256_file(path), git_blob_file(path))
        assert found == expected, f"{len(data)} bytes: not what sha256sum and git hash-object give"


def test_git_blob_id():
    """The id is the one that git itself gives."""
    expected = "ce013625030ba8dba906f756967f9e9ca394464a"
    assert git_blob_id(b"hello\n") == expected, "not the id that git hash-object gives"


@pytest.mark.parametrize(
    ("array", "expected"),
    [
        (np.array([1, 2, 3], "<i4"), ONE_TWO_THREE),
        (np.array([1, 2, 3], ">i4"), ONE_TWO_THREE_BIG),
        (np.array(1.5, "<f8"), ONE_AND_A_HALF),
        (np.array([[1, 2, 3], [4, 5, 6]], "<i2"), TWO_BY_THREE),
        (np.array([[1, 2, 3], [4, 5, 6]], "<i2", order="F"), TWO_BY_THREE),
        (np.array([[1, 0, 2, 0, 3], [4, 0, 5, 0, 6]], "<i2")[:, ::2], TWO_BY_THREE),
    ],
    ids=["plain", "big-endian", "0-d", "2-d", "fortran", "strided"],
)
def test_digest_of_an_array(array, expected):
    """Dtype with byte order, shape and C-order bytes make the digest; memory layout does not."""
    assert array_digest(array) == expected, "not the SHA-256 of dtype, shape and bytes"


def test_a_big_endian_machine_has_the_same_digests(monkeypatch):
    """Its own arrays are hashed as they are stored, little-endian."""
    monkeypatch.setattr(sys, "byteorder", "big")
    for order in "<>":
        array = np.array([1, 2, 3], f"{order}i4")
        assert array_digest(array) == ONE_TWO_THREE, f"another digest of {array.dtype.str}"
        assert content_digest({**a_and_b(), "a": array}) == A_AND_B, "another one of the content"


def test_digest_of_an_unaligned_array():
    """Where an array lies in memory does not matter."""
    array = np.frombuffer(b"x" + np.array([1, 2, 3], "<i4").tobytes(), "<i4", 3, offset=1)
    assert array_digest(array) == ONE_TWO_THREE, "the digest depends on alignment"


def test_digest_of_content():
    """Each name is followed by its array, and every part ends."""
    assert content_digest(a_and_b()) == A_AND_B, "not the SHA-256 of names and arrays in turn"


def test_content_has_no_order():
    """The order in which a container lists its arrays does not matter."""
    assert content_digest(dict(reversed(a_and_b().items()))) == A_AND_B, "order changed the digest"


@pytest.mark.parametrize(
    "change",
    [
        lambda arrays: arrays.update(a=arrays["a"].astype("<u4")),
        lambda arrays: arrays.update(a=arrays["a"].astype(">i4")),
        lambda arrays: arrays.update(a=arrays["a"][None]),
        lambda arrays: arrays.update(b=arrays["b"].T),
        lambda arrays: arrays.update(a=arrays["a"] + np.int32(1)),
        lambda arrays: arrays.update(c=arrays.pop("b")),
        lambda arrays: arrays.update(c=np.zeros(0)),
    ],
    ids=["dtype", "byte-order", "dimensions", "axes", "a-value", "a-name", "one-more"],
)
def test_any_change_of_content_shows(change):
    """Dtype, byte order, shape, values and names are all part of the content."""
    arrays = a_and_b()
    change(arrays)
    assert content_digest(arrays) != A_AND_B, "the change left the digest as it was"
