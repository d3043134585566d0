"""No data at all, but a licence: the source of fixtures whose own generator makes their data."""

from collections.abc import Mapping
from typing import Any

import numpy as np


def generate(
    params: Mapping[str, Any], file: None
) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """Make nothing.

    Returns
    -------
    arrays : dict
        ``nothing``, without a value: a file of no arrays at all is none.
    record : dict
        ``transformations``, of which there are none.
    """
    return {"nothing": np.zeros(0, "<f8")}, {"transformations": []}
