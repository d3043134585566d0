"""Target: the reader of CXI files, and HDF5's own library beneath it."""

from __future__ import annotations

import atexit
import io
import math
import tempfile
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from pathlib import Path
from random import Random
from typing import Any
from unittest import mock

import numpy as np
import pytest

from registry.ptychography.readers import apart, open_scan
from tests.fuzz.bytes_mutation import INTEGERS, few, mutated

h5py = pytest.importorskip("h5py", reason="the hdf5 extra is not installed")

_folder = tempfile.TemporaryDirectory()
atexit.register(_folder.cleanup)
_DETECTOR = "/entry_1/instrument_1/detector_1"
_SOURCE = "/entry_1/instrument_1/source_1"
_TRANSLATION = "/entry_1/sample_1/geometry_1/translation"
_PATHS = (
    f"{_DETECTOR}/data", f"{_DETECTOR}/distance", f"{_DETECTOR}/x_pixel_size", f"{_DETECTOR}/mask",
    f"{_DETECTOR}/y_pixel_size", f"{_SOURCE}/energy", f"{_SOURCE}/probe", _TRANSLATION,
    "/entry_1/data_1/data", "/entry_1/data_1/translation", f"{_DETECTOR}/data_dark", _DETECTOR,
)  # fmt: skip
_NUMBERS = (
    0.0, -1.0, math.nan, math.inf, 1e-320, 5e-324, 1e308, 1e-300, 1e30, 0, 1, 1 << 62, True,
    1e-15 + 1e-15j, "text", b"text", b"", [], [1.0, 2.0], [[0.1]], np.float16(1), np.int8(-1),
)  # fmt: skip
_UNITS = ("m", "mm", "J", "eV", "", "\0", 5, [1.0, 2.0], b"\xff", math.nan, "M" * 3000)
_DTYPES = ("<f2", ">f4", "<f8", "|b1", "|u1", "<i8", "<c8", "<c16", "S3", "<u2", ">u4")
_UNWRITTEN = (
    ValueError, TypeError, KeyError, OSError, RuntimeError, AttributeError, OverflowError
)  # fmt: skip
_SHAPES = ((), (0,), (4,), (1, 4), (4, 4), (4, 3), (4, 2), (4, 4, 4), (0, 4, 4), (2, 4, 4, 4))


def mutant(random: Random) -> bytes:
    """A file of which parts are other ones, or bytes, or both."""
    kind = random.randrange(3)
    if kind == 0:
        return mutated(random, _unchanged())
    buffer = io.BytesIO()
    with h5py.File(buffer, "w") as file:
        _write(file)
        for _ in range(few(random)):
            # what HDF5 does not write, or what an earlier change has taken away
            with suppress(*_UNWRITTEN):
                random.choice(_CHANGES)(random, file)
    data = buffer.getvalue()
    return mutated(random, data) if kind == 1 else data


def check(data: bytes) -> None:
    """What is accepted can be read to the last frame, and has finite figures."""
    path = Path(_folder.name) / "mutant.cxi"
    path.write_bytes(data)
    # on some HDF5 comes to no end; what takes longer than any other mutant is one of them
    with (
        mock.patch.object(apart, "PATIENCE_S", 2),
        open_scan(path, format="cxi", subject="mutant") as scan,
    ):
        count, *frame = scan.frames.shape
        last = scan.frames.read([count - 1])
        assert last.shape == (1, *frame), f"frames {scan.frames.shape}, read {last.shape}"
        assert last.dtype == scan.frames.dtype, f"frames {scan.frames.dtype}, read {last.dtype}"
        figures = [scan.wavelength_m, scan.distance_m, *(scan.detector_pixel_m or ())]
        for figure in figures:
            assert figure is None or 0 < figure < math.inf, f"figures {figures}"


@cache
def _unchanged() -> bytes:
    buffer = io.BytesIO()
    with h5py.File(buffer, "w") as file:
        _write(file)
    return buffer.getvalue()


def _write(file: h5py.File) -> None:
    """A small scan, as the format prescribes."""
    numbers = np.random.RandomState(5)
    frames = numbers.poisson(30.0, (4, 4, 4)).astype("<f4")
    file["cxi_version"] = 160
    file.create_dataset(f"{_DETECTOR}/data", data=frames, chunks=(1, 4, 4), compression="gzip")
    file["/entry_1/data_1/data"] = h5py.SoftLink(f"{_DETECTOR}/data")
    file[f"{_DETECTOR}/distance"] = 0.72
    file[f"{_DETECTOR}/x_pixel_size"] = 55e-6
    file[f"{_DETECTOR}/y_pixel_size"] = 75e-6
    file[f"{_DETECTOR}/mask"] = np.zeros((4, 4), "<u4")
    file[f"{_DETECTOR}/data_dark"] = np.zeros((4, 4))
    file[f"{_SOURCE}/energy"] = 1.2e-15
    file[f"{_SOURCE}/energy"].attrs["units"] = "J"
    file[f"{_SOURCE}/probe"] = np.ones((1, 4, 4), "<c8")
    file[_TRANSLATION] = numbers.uniform(-1e-6, 1e-6, (4, 3))
    file["/entry_1/data_1/translation"] = h5py.SoftLink(_TRANSLATION)


def _read(dataset: h5py.Dataset) -> Any:
    """Values of a dataset that an earlier change has made neither huge nor of no fixed size.

    A number in the place of one of no fixed size crashes h5py when it is written.
    """
    if dataset.size > 1000 or dataset.dtype.hasobject:
        raise ValueError(f"{dataset.size} values of {dataset.dtype}")
    return dataset[()]


def _replace(file: h5py.File, path: str, value: Any) -> None:
    if path in file:
        del file[path]
    file[path] = value


def _number(random: Random, file: h5py.File) -> None:
    _replace(file, random.choice(_PATHS[1:6]), random.choice(_NUMBERS))


def _array(random: Random, file: h5py.File) -> None:
    value = np.zeros(random.choice(_SHAPES), random.choice(_DTYPES))
    _replace(file, random.choice(_PATHS), value)


def _values(random: Random, file: h5py.File) -> None:
    path = random.choice(_PATHS[:-1])
    values = _read(file[path])
    flat = values.reshape(-1)
    with np.errstate(all="ignore"):
        flat[random.randrange(flat.size)] = random.choice((math.nan, math.inf, -1, 1e30, 0))
    _replace(file, path, values)


def _attribute(random: Random, file: h5py.File) -> None:
    file[random.choice(_PATHS)].attrs[random.choice(("units", "axes"))] = random.choice(_UNITS)


def _link(random: Random, file: h5py.File) -> None:
    """Into the file, out of it, to nowhere, or in a circle."""
    path = random.choice(_PATHS)
    target = random.choice((*_PATHS, path, "/", "/nowhere", "..", "", "/entry_1"))
    link = random.choice((h5py.SoftLink(target), h5py.ExternalLink("other.h5", target)))
    _replace(file, path, link)


def _group(random: Random, file: h5py.File) -> None:
    path = random.choice(_PATHS)
    del file[path]
    file.create_group(path)


def _remove(random: Random, file: h5py.File) -> None:
    del file[random.choice(_PATHS)]


def _huge(random: Random, file: h5py.File) -> None:
    """A dataset of which nothing is stored, as large as may be, in chunks of any size."""
    size = min(random.choice(INTEGERS), (1 << 40) - 1)
    shape = random.choice(((size, 4, 4), (4, size, 4), (4, 4, size), (size, 3), (size,), (1, size)))
    chunks = random.choice((None, True, tuple(min(max(n, 1), 1 << 14) for n in shape)))
    path, dtype = random.choice(_PATHS), random.choice(_DTYPES)
    del file[path]
    file.create_dataset(path, shape, dtype, chunks=chunks, maxshape=None)


def _filter(random: Random, file: h5py.File) -> None:
    path = random.choice(_PATHS[:-1])
    values = _read(file[path])
    del file[path]
    options: dict[str, Any] = random.choice(
        ({"compression": "lzf"}, {"fletcher32": True}, {"scaleoffset": 0}, {"shuffle": True})
    )
    file.create_dataset(path, data=values, chunks=True, **options)


def _empty(random: Random, file: h5py.File) -> None:
    _replace(file, random.choice(_PATHS), h5py.Empty(random.choice(_DTYPES)))


def _structured(random: Random, file: h5py.File) -> None:
    dtypes = (
        [("r", "<f4"), ("i", "<f4")], [("a", "<i2")], h5py.string_dtype(), h5py.vlen_dtype("<f4"),
        h5py.ref_dtype, h5py.enum_dtype({"A": 1}), h5py.opaque_dtype("<M8[s]"),
        [("x", "<f4", (2,))],
    )  # fmt: skip
    path = random.choice(_PATHS)
    del file[path]
    file.create_dataset(path, (4, 4), np.dtype(random.choice(dtypes)))


_CHANGES: tuple[Callable[[Random, h5py.File], None], ...] = (
    _number, _number, _array, _array, _values, _attribute, _link, _group, _remove, _huge, _filter,
    _empty, _structured,
)  # fmt: skip
