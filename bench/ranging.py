"""Cutting 64 frames from a large scan on an S3 server, of which it is counted what it sends."""

from __future__ import annotations

import os
import re
import shutil
import time
from pathlib import Path

from bench import cutting, scratch
from bench.results import Section, at_most, table
from bench.timing import ROOT

TITLE = "64 frames from a scan on S3"
_GIGABYTES = (1, 4)
_FRAMES, _IN_A_ROW = 64, 4
_FRAME_BYTES = 2 * 512 * 512
_MEMORY_MB = 300.0
_TIMES_FRAMES = 1.5
_HEADER = [
    "GB", "the frames MB", "sent MB", "× the frames", "answers", "source stage s",
    "its peak MB", "its reader's peak MB", "fixture stage s", "its peak MB",
    "h5py over s3fs, sent MB", "s",
]  # fmt: skip

# One stage as DVC runs it; peaks are read inside it, of itself and of the process that reads HDF5.
_STAGE = """
import importlib, re, sys
from pathlib import Path
from registry.ptychography.readers import apart
code = importlib.import_module(f"registry.build.{sys.argv[1]}").main(sys.argv[2:])
for process in ("self", *(idle._process.pid for idle in apart._idle)):
    status = Path(f"/proc/{process}/status").read_text()
    print("VmHWM", re.search(r"VmHWM:\\s+(\\d+) kB", status)[1])
sys.exit(code)
"""
_BARE = """
import sys
import h5py, numpy, s3fs
with s3fs.S3FileSystem().open(sys.argv[1]) as opened, h5py.File(opened) as file:
    data = file["entry_1/data_1/data"]
    frames = numpy.stack([data[int(n)] for n in sys.argv[2].split(",")])
"""


def run(name: str) -> Section:
    """Put scans of each size on a server, one after the other, and cut from them."""
    found = [_cut(gigabytes) for gigabytes in _GIGABYTES]
    ratio, peak = found[-1][2], sum(found[-1][5:7])
    digits = (1, 1, 3, 0, 1, 0, 0, 1, 0, 1, 1)
    largest = f"{_GIGABYTES[-1]} GB"
    return Section(
        name=name,
        title=TITLE,
        parts=[
            "The scan is that of `cutting`, on a server of rclone's on loopback, declared by its "
            f"ETag, with {_FRAMES} frames, {_FRAMES // _IN_A_ROW} times {_IN_A_ROW} in a row. Sent "
            "is all that a proxy before the server sees of it, heads of answers included. Both "
            "stages as DVC runs them, from start to end of a process, with all checks; their peaks "
            "are what the processes themselves say (`VmHWM`), that of the one that reads HDF5 by "
            "itself. In the "
            "last two columns a process reads the same frames, and no more, with h5py from s3fs as "
            "it opens files by default.",
            table(
                _HEADER,
                [
                    [str(gigabytes), *(f"{x:.{n}f}" for x, n in zip(row, digits, strict=True))]
                    for gigabytes, row in zip(_GIGABYTES, found, strict=True)
                ],
            ),
        ],
        verdicts=[
            at_most(f"sent of {largest}", _TIMES_FRAMES, ratio, "× the bytes of the frames"),
            at_most(f"peak memory of stage and reader together, {largest}", _MEMORY_MB, peak, "MB"),
        ],
    )


def _cut(gigabytes: int) -> tuple[float, ...]:
    """The figures of one size, in the order of the table."""
    from registry.build.scratch import flags
    from registry.storage import ranged
    from tests.kit.servers import CountingProxy, S3Server

    with (
        scratch.folder() as folder,
        S3Server(folder / "s3") as server,
        CountingProxy(server.endpoint) as proxy,
    ):
        path = folder / "s3" / "bucket" / "scan.cxi"
        scale = cutting._write(path, gigabytes)
        os.environ |= {**server.variables(proxy.url), "AWS_EC2_METADATA_DISABLED": "true"}
        url = "s3://bucket/scan.cxi"
        # the server has to read it all for that, once
        etag = ranged.find(url).etag
        for part in ("generators", "schemas"):
            shutil.copytree(ROOT / part, folder / part)
        declared = {**cutting._declared(scale), "frames": _FRAMES, "in_a_row": _IN_A_ROW}
        del declared["sample"]
        entry = {"generator": "scan_v2", "licence": "none", "url": url, "etag": etag, **declared}
        cut = {"generator": "subset_v1", "source": "large", "strategy": "evenly_spaced",
               "n_subset": _FRAMES, "created": "2026-11-24T00:00:00+00:00"}  # fmt: skip
        proxy.sent = proxy.answers = 0
        source, (own, reader) = _stage(folder, "source", "large", *flags(entry, folder))
        sent, answers = proxy.sent, proxy.answers
        fixture, (peak,) = _stage(folder, "fixture", "large_v1", *flags(cut, folder))
        proxy.sent = 0
        last = gigabytes * 10**9 // _FRAME_BYTES - _IN_A_ROW
        rows = _FRAMES // _IN_A_ROW
        indices = [n * last // (rows - 1) + k for n in range(rows) for k in range(_IN_A_ROW)]
        start = time.perf_counter()
        scratch.run(folder, "-c", _BARE, "bucket/scan.cxi", ",".join(map(str, indices)))
        bare = time.perf_counter() - start
        least = _FRAMES * _FRAME_BYTES
        return (least / 1e6, sent / 1e6, sent / least, answers, source, own, reader, fixture, peak,
                proxy.sent / 1e6, bare)  # fmt: skip


def _stage(folder: Path, *arguments: str) -> tuple[float, list[float]]:
    """Seconds from start to end of a stage, and the peaks of its processes in MB."""
    start = time.perf_counter()
    printed = scratch.run(folder, "-c", _STAGE, *arguments)
    took = time.perf_counter() - start
    return took, [int(kilobytes) / 1024 for kilobytes in re.findall(r"VmHWM (\d+)", printed)]
