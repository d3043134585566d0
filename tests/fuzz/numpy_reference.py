"""What numpy says of an archive that a reader of ours has accepted."""

from __future__ import annotations

import io
import warnings
from collections.abc import Mapping

import numpy as np


def assert_agrees(data: bytes, found: Mapping[str, np.ndarray]) -> None:
    """`numpy.load` gives the same arrays by the same names."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of headers of Python 2
        with np.load(io.BytesIO(data)) as archive:
            expected = {name: archive[name] for name in archive.files}
            assert archive.files == list(found), f"names: {archive.files}, {list(found)}"
    for name, array in expected.items():
        ours = found[name]
        assert ours.dtype == array.dtype, f"{name}: dtype {array.dtype}, {ours.dtype}"
        assert ours.shape == array.shape, f"{name}: shape {array.shape}, {ours.shape}"
        assert ours.tobytes() == array.tobytes(), f"{name}: other values"
