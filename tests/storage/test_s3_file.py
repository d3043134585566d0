"""Tests of `registry.storage.s3_file`, against what S3 servers say, and against a real one."""

from __future__ import annotations

import base64
import hashlib
import sys
from types import SimpleNamespace

import pytest

from registry.errors import CheckError, MissingError, UsageError
from registry.storage import distant
from registry.storage.s3_file import S3File
from tests.kit.servers import S3Server

DATA = bytes(n * 7 % 251 for n in range(50_000))
SHA256 = hashlib.sha256(DATA)
HEAD = {"ETag": '"a1"', "ContentLength": len(DATA)}
CHECKSUM = base64.b64encode(SHA256.digest()).decode()


class FileSystem:
    """s3fs's, as far as it is used: an answer for each method, and what it was asked."""

    loop = None

    def __init__(self, **options) -> None:
        self.options, self.asked = options, []
        self.answers: dict = {}

    def call_s3(self, method: str, **asked):
        """What the server says, or an error of the library's."""
        self.asked.append((method, asked))
        found = self.answers[method]
        if isinstance(found, Exception):
            raise found
        return found


@pytest.fixture
def opened(monkeypatch):
    """An object, and the file system that it is asked through."""
    made = []

    def make(**options):
        made.append(FileSystem(**options))
        return made[-1]

    monkeypatch.setitem(sys.modules, "s3fs", SimpleNamespace(S3FileSystem=make))
    asyn = SimpleNamespace(sync=lambda loop, read: read())
    monkeypatch.setitem(sys.modules, "fsspec", SimpleNamespace(asyn=asyn))
    monkeypatch.setitem(sys.modules, "fsspec.asyn", asyn)

    def call(url="s3://bucket/a/scan%20%231.cxi", version_id=None):
        file = S3File("scan", url, version_id)
        made[-1].answers["head_object"] = HEAD
        return file, made[-1]

    return call


def of(error: Exception, module: str) -> Exception:
    """An error as if it was of a library's class."""
    type(error).__module__ = module
    return error


def test_what_is_there(opened):
    """Its size and ETag; who may ask is not a matter of the address, nor of arguments."""
    file, fs = opened()
    found = file.found()
    assert (found.size, found.etag, found.version_id, found.sha256) == (50_000, "a1", None, None)
    asked = {"Bucket": "bucket", "Key": "a/scan #1.cxi", "ChecksumMode": "ENABLED"}
    assert fs.asked == [("head_object", asked)]
    assert not {"key", "secret", "token", "endpoint_url"} & fs.options.keys()


def test_a_version(opened):
    """It is asked for each time, and known by its id."""
    file, fs = opened(version_id="L4k")
    fs.answers["head_object"] = {**HEAD, "VersionId": "L4k"}
    found = file.found()
    assert found.version_id == "L4k"
    fs.answers["get_object"] = part(0, 10)
    file.part(found, 0, 10)
    assert [asked["VersionId"] for _, asked in fs.asked] == ["L4k", "L4k"]


@pytest.mark.parametrize(
    ("said", "known"),
    [
        ({"ChecksumSHA256": CHECKSUM}, True),
        ({"ChecksumSHA256": CHECKSUM, "ChecksumType": "FULL_OBJECT"}, True),
        ({"ChecksumSHA256": CHECKSUM, "ChecksumType": "COMPOSITE"}, False),
        ({"ChecksumSHA256": f"{CHECKSUM}-3"}, False),
        ({}, False),
    ],
)
def test_the_server_s_own_sha256(opened, said, known):
    """It is taken where it is that of all bytes, and not of the parts' checksums."""
    file, fs = opened()
    fs.answers["head_object"] = HEAD | said
    assert file.found().sha256 == (SHA256.hexdigest() if known else None)


def part(start, end, **said):
    """An answer with these bytes."""
    body = SimpleNamespace(read=lambda: DATA[start:end])
    where = f"bytes {start}-{end - 1}/{len(DATA)}"
    return {"ETag": '"a1"', "ContentRange": where, "Body": body, **said}


def test_a_part(opened):
    """These bytes, under the condition that the object is still the same."""
    file, fs = opened()
    found = file.found()
    fs.answers["get_object"] = part(1000, 2000)
    assert file.part(found, 1000, 2000) == DATA[1000:2000]
    _, asked = fs.asked[-1]
    assert (asked["Range"], asked["IfMatch"]) == ("bytes=1000-1999", '"a1"')


def test_an_object_that_is_replaced(opened):
    """It is noticed, also where the server takes no heed of the condition."""
    file, fs = opened()
    found = file.found()
    for answer, said in (
        (OSError(22, "At least one of the pre-conditions you specified did not hold"), "another "),
        (part(0, 10, ETag='"b2"'), "ETag b2"),
    ):
        fs.answers["get_object"] = answer
        with pytest.raises(CheckError) as caught:
            file.part(found, 0, 10)
        assert caught.value.found.startswith(said)
        assert caught.value.expected == "50000 bytes with ETag a1, as when reading it began"


def test_another_part(opened):
    """A part that was not asked for is none of the object."""
    file, fs = opened()
    found = file.found()
    for where in ("bytes 0-9/60000", None):
        fs.answers["get_object"] = part(0, 10, ContentRange=where)
        with pytest.raises(MissingError, match="in place of 'bytes 0-9/50000'"):
            file.part(found, 0, 10)


def test_a_connection_that_breaks(opened):
    """Nothing of the part came; who wants it asks again. A bug of ours is no such thing."""
    file, fs = opened()
    found = file.found()

    def breaking(error):
        def read():
            raise error

        fs.answers["get_object"] = part(0, 10, Body=SimpleNamespace(read=read))
        return file.part(found, 0, 10)

    class ClientPayloadError(Exception):
        pass

    assert breaking(of(ClientPayloadError(), "aiohttp.client_exceptions")) == b""
    assert breaking(TimeoutError()) == b""
    with pytest.raises(ZeroDivisionError):
        breaking(ZeroDivisionError())


class NoCredentialsError(Exception):
    """botocore's."""


class EndpointConnectionError(Exception):
    """botocore's."""


def test_what_goes_wrong_is_told(opened):
    """In four parts; a bug of ours is not taken for the server's."""
    file, fs = opened()
    botocore = "botocore.exceptions"
    for error, found, remedy in (
        (FileNotFoundError("Not Found"), "none", "correct the address"),
        (PermissionError("Forbidden"), "Forbidden", "give the credentials in the environment (AWS"),
        (of(NoCredentialsError("none found"), botocore), "none found", "give the credentials in"),
        (of(EndpointConnectionError("no way to https://a:b@h/"), botocore),
         "no way to https://***@h/", "see that the server can be reached"),
        (OSError(38, "NotImplemented"), "[Errno 38] NotImplemented", "see that the server can"),
    ):  # fmt: skip
        fs.answers["head_object"] = error
        with pytest.raises(MissingError) as caught:
            file.found()
        assert (caught.value.subject, caught.value.found) == ("scan", found)
        assert caught.value.remedy.startswith(remedy), caught.value
    fs.answers["head_object"] = ZeroDivisionError()
    with pytest.raises(ZeroDivisionError):
        file.found()


def test_what_is_no_replacement(opened):
    """Another error of the kind, such words of another, and what is asked unconditionally."""
    file, fs = opened()
    found = file.found()
    replaced = OSError(22, "At least one of the pre-conditions you specified did not hold")
    for error in (OSError(22, "Invalid Argument"), OSError(5, "pre-conditions, and a broken disk")):
        fs.answers["get_object"] = error
        with pytest.raises(MissingError, match="see that the server can be reached"):
            file.part(found, 0, 10)
    fs.answers["head_object"] = replaced
    with pytest.raises(MissingError, match="see that the server can be reached"):
        file.found()


def test_no_address(opened):
    """A bucket alone is none."""
    for url in ("s3://bucket", "s3://bucket/"):
        with pytest.raises(UsageError) as caught:
            opened(url)
        assert caught.value.found == url


def test_without_s3fs(monkeypatch):
    """The extra is named that brings it."""
    monkeypatch.setitem(sys.modules, "s3fs", None)
    with pytest.raises(MissingError) as caught:
        S3File("scan", "s3://bucket/scan.cxi", None)
    assert caught.value.remedy == "pip install 'fixture-registry[s3]'"


@pytest.mark.slow
def test_a_real_server(tmp_path, monkeypatch):
    """Found and read with credentials and server from the environment; whatever is not is told."""
    with S3Server(tmp_path / "s3") as server:
        for name, value in server.variables().items():
            monkeypatch.setenv(name, value)
        path = server.folder / "bucket" / "scan #1.cxi"
        path.write_bytes(DATA)
        file = S3File("scan", "s3://bucket/scan%20%231.cxi", None)
        found = file.found()
        assert (found.size, found.etag) == (50_000, hashlib.md5(DATA).hexdigest())
        assert file.part(found, 1000, 41_000) == DATA[1000:41_000]
        path.write_bytes(DATA[::-1])
        with pytest.raises(CheckError, match="as when reading it began"):
            file.part(found, 0, 10)
        with pytest.raises(MissingError, match="a file at this address"):
            S3File("scan", "s3://bucket/other.cxi", None).found()
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "another")
        with pytest.raises(MissingError, match="leave to read the file"):
            S3File("scan", "s3://bucket/scan%20%231.cxi", None).found()
        connection: distant.Connection = file
    with pytest.raises(MissingError, match="Could not connect to the endpoint"):
        connection.found()
