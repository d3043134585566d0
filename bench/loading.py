"""What ``registry.load`` costs over reading and hashing the same bytes."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import pooch

import registry
from bench import scratch
from bench.results import Section, at_most, timings
from bench.timing import ROOT, Times, fresh, interleave, ratio
from registry import digests
from registry.identity import pins
from registry.identity.pins import Pin

TITLE = "from a pinned name to verified arrays"
_SMALL, _LARGE = scratch.MODEL, "large_v1"
# 3907 frames of 64 × 64 float32 are 64.0 MB.
_LARGE_SHAPE = (3907, 64, 64)
_FLOOR = "read into memory, SHA-256 (floor)"
_OURS = "`registry.load`"
_STREAMED = "SHA-256 in pieces, nothing kept"
_NUMPY = "`numpy.load`, not verified"
_POOCH = "`pooch` fetch, then `numpy.load`"

# The same as programs; their arguments are the registry's folder, the file and its SHA-256.
_PROGRAMS = {
    _FLOOR: """
import hashlib
hashlib.sha256(open(file, "rb").read()).hexdigest()
""",
    "the same, and `import numpy`": """
import hashlib, numpy
hashlib.sha256(open(file, "rb").read()).hexdigest()
""",
    _OURS: f"""
import registry
registry.load({_SMALL!r}, folder)
""",
    _NUMPY: """
import numpy
dict(numpy.load(file))
""",
    _POOCH: """
import os.path, numpy, pooch
parent, name = os.path.split(file)
dict(numpy.load(pooch.create(parent, "", registry={name: "sha256:" + digest}).fetch(name)))
""",
}


def run(name: str) -> Section:
    """Load v1 and a large fixture in one process, then v1 in new ones."""
    pin = pins.find(ROOT, _SMALL)
    small = _warm(ROOT, pin, rounds=300)
    cold = _cold(ROOT, pin, rounds=20)
    with scratch.folder() as folder:
        (pin,) = scratch.write(folder, {_LARGE: {"diffraction": _frames()}})
        large = _warm(folder, pin, rounds=40)
    return Section(
        name=name,
        title=TITLE,
        parts=[
            "v1 (2.5 MB), again and again in a process that has read the lock:",
            timings(small, floor=_FLOOR),
            "One array of 64 MB, likewise. On Linux a third of the floor is the system handing out "
            "memory in small pages: `registry.load` reads into a numpy array, which gets huge "
            "ones, and hashing in pieces, which has no arrays to show for it, needs none.",
            timings(large, floor=_FLOOR),
            "v1 once, in a process of its own, from start to end:",
            timings(cold, floor=_FLOOR),
            "All files are in the page cache. `pooch` and `numpy.load` see a file that is already "
            "there: no download. `numpy.load` checks each member's CRC-32.",
        ],
        verdicts=[
            at_most("`registry.load` of v1 (2.5 MB)", 2.0, ratio(small, _OURS, _FLOOR), "× floor"),
            at_most("`registry.load` of 64 MB", 1.3, ratio(large, _OURS, _FLOOR), "× floor"),
        ],
    )


def _frames() -> np.ndarray:
    return np.random.Generator(np.random.PCG64(0)).random(_LARGE_SHAPE, dtype=np.float32)


def _warm(root: Path, pin: Pin, *, rounds: int) -> Times:
    # First of all, because its message says how to get a file that is missing.
    path = registry.load(pin.name, root).path
    digest = digests.sha256_file(path)
    store = pooch.create(path.parent, "", registry={path.name: f"sha256:{digest}"})
    subjects: dict[str, Callable[[], object]] = {
        _FLOOR: partial(_read_and_hash, path),
        _STREAMED: partial(digests.sha256_file, path),
        _OURS: partial(registry.load, pin.name, root),
        _NUMPY: partial(_numpy_load, path),
        _POOCH: lambda: _numpy_load(store.fetch(path.name)),
    }
    return interleave(subjects, rounds=rounds)


def _cold(root: Path, pin: Pin, *, rounds: int) -> Times:
    file = root / pin.path
    arguments = (str(root), str(file), digests.sha256_file(file))
    prologue = "import sys\nfolder, file, digest = sys.argv[1:]"
    subjects = {
        what: partial(fresh, prologue + program, *arguments) for what, program in _PROGRAMS.items()
    }
    return interleave(subjects, rounds=rounds)


def _read_and_hash(path: Path) -> tuple[bytes, str]:
    data = path.read_bytes()
    return data, hashlib.sha256(data).hexdigest()


def _numpy_load(path: Path | str) -> dict[str, np.ndarray]:
    with np.load(path) as archive:
        return dict(archive)
