"""Sources that are read where they are: on a real S3 server, and on one of the web."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import yaml

from registry.build import fixture, source
from registry.build.scratch import flags
from registry.identity import npz
from tests.kit import processes
from tests.kit.environment import environment
from tests.kit.pages import blocks
from tests.kit.repository import REPOSITORY
from tests.kit.scans import twin
from tests.kit.servers import CountingProxy, ObjectServer, RangeServer, S3Server, etag

h5py = pytest.importorskip("h5py", reason="the hdf5 extra is not installed")
pytestmark = pytest.mark.slow

SIDE, WINDOW, NORMALISATION = 256, 64, 1000.0
FRAME_BYTES = 2 * SIDE * SIDE
WAVELENGTH_M, DISTANCE_M, PIXEL_M = 1e-10, 2.0, 75e-6
OBJECT_PIXEL_M = WAVELENGTH_M * DISTANCE_M / (WINDOW * PIXEL_M)
BUILT, RECORD = Path("build/sources/mine.npz"), Path("build/sources/mine.json")
FIXTURE = ["mine_v1", "--generator", "subset_v1", "--source", "mine", "--n_subset", "16",
           "--strategy", "evenly_spaced", "--created", "2026-11-24T00:00:00+00:00"]  # fmt: skip
# Runs a source's stage, and says what it and the process that reads HDF5 took at most.
_MEASURED = """
import re, sys
from registry.build import source
from registry.ptychography.readers import apart
code = source.main(sys.argv[1:])
for process in ("self", *(idle._process.pid for idle in apart._idle)):
    with open(f"/proc/{process}/status") as status:
        print("kB", re.search(r"VmHWM:\\s+(\\d+) kB", status.read())[1])
sys.exit(code)
"""


@pytest.fixture(scope="module")
def cxi(tmp_path_factory):
    """A scan of 25 MB: 196 frames of 256 x 256 counts, each a chunk, and the object."""
    truth = twin(14)
    counts = np.zeros((truth.x.size, SIDE, SIDE), np.uint16)
    middle = slice((SIDE - WINDOW) // 2, (SIDE + WINDOW) // 2)
    rate = truth.amplitude**2 * NORMALISATION
    counts[:, middle, middle] = np.random.default_rng(7).poisson(rate)
    path = tmp_path_factory.mktemp("scan") / "scan.cxi"
    with h5py.File(path, "w") as file:
        chunks = (1, SIDE, SIDE)
        file.create_dataset("entry_1/data_1/data", data=counts, chunks=chunks)
        metres = np.stack([truth.x, truth.y], axis=1) * OBJECT_PIXEL_M
        file["entry_1/sample_1/geometry_1/translation"] = metres
        detector = "entry_1/instrument_1/detector_1"
        file[f"{detector}/distance"] = DISTANCE_M
        file[f"{detector}/x_pixel_size"] = PIXEL_M
        # Planck's constant times the speed of light, over the wavelength
        file["entry_1/instrument_1/source_1/energy"] = 1.986445857e-25 / WAVELENGTH_M
        file["entry_1/instrument_1/source_1/probe"] = truth.probe
        file["entry_1/image_1/data"] = truth.obj.astype(np.complex64)
    return path


@pytest.fixture(scope="module")
def _s3(tmp_path_factory):
    with S3Server(tmp_path_factory.mktemp("s3") / "data") as server:
        yield server


@pytest.fixture
def s3(_s3, cxi, monkeypatch):
    """The scan on S3, behind a proxy that counts; by its URL and its ETag."""
    path = _s3.folder / "bucket" / "scan.cxi"
    shutil.copyfile(cxi, path)
    with CountingProxy(_s3.endpoint) as proxy:
        for name, value in _s3.variables(proxy.url).items():
            monkeypatch.setenv(name, value)
        tag = hashlib.md5(cxi.read_bytes(), usedforsecurity=False).hexdigest()
        flags = ["--url", "s3://bucket/scan.cxi", "--etag", tag]
        yield SimpleNamespace(path=path, proxy=proxy, flags=flags, etag=tag)


@pytest.fixture
def web(tmp_path, cxi, monkeypatch):
    """The scan on a web server; by its URL and its ETag."""
    monkeypatch.setenv("NETRC", "/nonexistent")
    with RangeServer(tmp_path / "served") as server:
        server.folder.mkdir()
        path = server.folder / "scan.cxi"
        shutil.copyfile(cxi, path)
        flags = ["--url", f"{server.url}/scan.cxi", "--etag", etag(cxi.read_bytes())]
        yield SimpleNamespace(path=path, server=server, flags=flags)


def page() -> dict[str, dict]:
    """Source and fixture that the page declares."""
    found = {}
    for block in blocks("docs/bring-your-own-scan.md"):
        if block.language == "yaml" and "scan_0042" in block.text:
            found |= yaml.safe_load(block.text)
    return found


@pytest.fixture
def convert(run):
    """Run the source's stage on the page's scan, as it is declared here; how it ended."""
    entry = page()["scan_0042"]
    kept = {
        key: value
        for key, value in entry.items()
        if key not in ("url", "etag", "frames", "in_a_row")
    }

    def call(*declared: str, frames: int | None = 64):
        few = [] if frames is None else ["--frames", str(frames), "--in_a_row", "4"]
        return run(source.main, "mine", *flags(kept, Path()), *declared, *few)

    return call


def by_sha256(path: Path) -> list[str]:
    """The flag that declares a file's digest."""
    return ["--sha256", hashlib.sha256(path.read_bytes()).hexdigest()]


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux says what a process took at most")
def test_the_page(s3, top, run, few_planted):
    """As on the page: 64 frames for their bytes and half as many at most, in 300 MB of memory."""
    declared = page()
    entry = declared["scan_0042"] | {"url": "s3://bucket/scan.cxi", "etag": s3.etag}
    (shell,) = [
        b.text for b in blocks("docs/bring-your-own-scan.md") if "AWS_ENDPOINT_URL" in b.text
    ]
    assert set(re.findall(r"export (\w+)=", shell)) == {"AWS_PROFILE", "AWS_ENDPOINT_URL"}
    (home := top.parent / "home" / ".aws").mkdir(parents=True)
    keys = f"aws_access_key_id = {S3Server.KEY}\naws_secret_access_key = {S3Server.SECRET}\n"
    (home / "credentials").write_text(f"[beamline]\n{keys}")
    command = [sys.executable, "-c", _MEASURED, "scan_0042", *flags(entry, top)]
    env = environment(top.parent, PYTHONPATH=str(REPOSITORY), AWS_PROFILE="beamline",
                      AWS_ENDPOINT_URL=s3.proxy.url)  # fmt: skip
    ended = processes.run(command, top, env, limit_s=300)
    assert ended.returncode == 0, ended.stderr
    least = 64 * FRAME_BYTES
    assert least < s3.proxy.sent <= 1.5 * least, "more than the frames, by half"
    memory = [int(found) * 1024 / 1e6 for found in re.findall(r"kB (\d+)", ended.stdout)]
    assert len(memory) == 2, "not both processes"
    assert sum(memory) <= 300, f"{memory} MB"

    ended = run(fixture.main, "scan_0042_v1", *flags(declared["scan_0042_v1"], top))
    assert ended.code == 0, ended.err
    record = json.loads(Path("scan_0042_v1.json").read_text())
    assert record["verdict"] == "checked"
    said = record["transformations"]
    assert said[0] == f"file: {s3.path.stat().st_size} bytes with ETag {s3.etag}, read in ranges"
    for sentence in (
        "every per-position array: 64 of 196 positions, 16 evenly spaced times 4 in a row, of "
        "which row n starts at the file's n * 192 // 15; of the other frames nothing is known",
        "outliers are judged by the relative errors of all 64 frames that were read",
    ):
        assert sentence in said, f"not told: {sentence}"
    declaration = record["source_declaration"]
    assert (declaration["url"], declaration["etag"]) == ("s3://bucket/scan.cxi", s3.etag)


def test_the_same_from_everywhere(cxi, s3, web, convert, run, few_planted):
    """Wherever the scan is, and however it is identified, source and fixture are the same bytes."""
    digest = by_sha256(cxi)
    places = {
        "here": ["--path", str(cxi), *digest],
        "S3": s3.flags,
        "S3, by its SHA-256": [*s3.flags[:2], *digest],
        "the web": web.flags,
        "the web, by its SHA-256": [*web.flags[:2], *digest, "--ranges"],
    }
    sources, fixtures = {}, {}
    for name, declared in places.items():
        ended = convert(*declared)
        assert ended.code == 0, ended.err
        sources[name] = BUILT.read_bytes()
        if name in ("here", "S3"):
            ended = run(fixture.main, *FIXTURE)
            assert ended.code == 0, ended.err
            fixtures[name] = Path("mine_v1.npz").read_bytes()
    for kind in (sources, fixtures):
        assert {name: data == kind["here"] for name, data in kind.items()} == dict.fromkeys(
            kind, True
        )
    assert not Path("build/downloads").exists(), "a copy was kept"
    # of all frames of the scan, these are what the conversion of all has
    some = npz.parse(sources["S3"], subject="mine")
    assert convert("--path", str(cxi), *digest, frames=None).code == 0
    every = npz.parse(BUILT.read_bytes(), subject="mine")
    indices = [n * 192 // 15 + k for n in range(16) for k in range(4)]
    np.testing.assert_array_equal(some["diffraction"], every["diffraction"][indices])
    np.testing.assert_array_equal(some["xcoords"], every["xcoords"][indices])
    np.testing.assert_array_equal(some["scan_ycoords"], every["ycoords"])


def test_a_digest_is_computed_once(cxi, s3, convert):
    """The object is streamed once, and again when it is another one."""
    declared = [*s3.flags[:2], *by_sha256(cxi)]
    size = cxi.stat().st_size
    ended = convert(*declared)
    assert f"SHA-256 of {size} bytes, in " in ended.out, ended.err
    assert s3.proxy.sent > size
    before = s3.proxy.sent
    ended = convert(*declared)
    assert "SHA-256 kept, because the file is unchanged, in " in ended.out, ended.err
    assert s3.proxy.sent - before < 0.5 * size, "it was streamed again"
    changed = bytearray(cxi.read_bytes())
    changed[-1] ^= 1
    s3.path.write_bytes(changed)
    ended = convert(*declared)
    assert ended.code == 1
    assert f"expected: scan.cxi with SHA-256 {declared[-1]}" in ended.err, ended.err


def test_a_file_that_was_replaced(s3, web, convert, files_below):
    """It is refused, with what is there, and the last good source stays."""
    assert convert(*s3.flags).code == 0
    before = files_below(Path("build"))
    for place in (s3, web):
        place.path.write_bytes(place.path.read_bytes()[:-1] + b"x")
        ended = convert(*place.flags)
        assert ended.code == 1
        size = place.path.stat().st_size
        assert f"expected: ETag {place.flags[-1]}, as declared" in ended.err, ended.err
        assert f"found:    {size} bytes with ETag " in ended.err, ended.err
        assert files_below(Path("build")) == before, "something was written"


def test_a_file_that_is_replaced_while_it_is_read(web, convert, files_below):
    """It is noticed at the next part, and nothing is written."""

    def before(handler, number):
        if number == 20:
            web.path.write_bytes(web.path.read_bytes()[:-1] + b"x")
        return False

    web.server.before = before
    ended = convert(*web.flags)
    assert ended.code == 1
    assert ", as when reading it began" in ended.err, ended.err
    assert files_below(Path("build")) == {}, "something was written"


def test_a_server_that_dies(s3, web, convert, files_below):
    """In the middle of the frames; it is told in four parts, and nothing is written."""
    s3.proxy.limit = 3 * FRAME_BYTES

    def before(handler, number):
        handler.close_connection = True
        return number > 20

    web.server.before = before
    for place in (s3, web):
        ended = convert(*place.flags)
        assert ended.code == 3, ended.err
        assert re.search(r"error: reading (s3|http)://\S+\n  expected: .+\n  found: .+\n  to mend:",
                         ended.err), ended.err  # fmt: skip
        assert files_below(Path("build")) == {}, "something was written"


def test_a_server_without_ranges(tmp_path, cxi, convert, files_below):
    """It is refused, with what to declare so that the file is downloaded."""
    with ObjectServer(tmp_path / "plain") as server:
        server.folder.mkdir()
        shutil.copyfile(cxi, server.folder / "scan.cxi")
        ended = convert("--url", f"{server.url}/scan.cxi", "--etag", "a1")
    assert ended.code == 1
    assert "found:    HTTP 200 OK: it has no ranges" in ended.err, ended.err
    assert "declare its sha256 in place of etag and ranges" in ended.err, ended.err
    assert files_below(Path("build")) == {}, "something was written"
