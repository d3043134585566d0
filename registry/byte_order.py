"""Arrays are stored and hashed little-endian on every machine; they may be computed otherwise.

Only a machine's own byte order is brought to the stored one. An order that is foreign to it stays
foreign, and is refused as any other dtype that a contract does not have. So nothing in here changes
anything on a little-endian machine.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    import numpy as np

_Order = Literal["<", ">"]
_STORED: _Order = "<"


def stored_dtype(dtype: np.dtype[Any]) -> np.dtype[Any]:
    """The dtype in which arrays of this one are stored and hashed."""
    return dtype.newbyteorder(_STORED) if dtype.str[0] == _own() else dtype


def stored(array: np.ndarray) -> np.ndarray:
    """An array in its `stored_dtype`; itself, where that is the one that it has."""
    return array.astype(stored_dtype(array.dtype), copy=False)


def as_given(made: np.ndarray, given: np.ndarray) -> np.ndarray:
    """What was computed of an array, in the order in which that one is.

    numpy computes in the machine's own, which on a big-endian one is not that of a stored array.
    """
    return stored(made) if given.dtype.str[0] == _STORED else made


def native(array: np.ndarray) -> np.ndarray:
    """A stored array, read-only, in the order in which this machine computes.

    numpy takes any, but ``dtype == "complex64"`` means the machine's own, and torch takes no other.
    """
    if _own() == _STORED:
        return array
    array = array.astype(array.dtype.newbyteorder(_own()))
    array.flags.writeable = False
    return array


def _own() -> _Order:
    return _STORED if sys.byteorder == "little" else ">"
