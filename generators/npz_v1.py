"""Arrays that exist as an .npz file, taken as they are."""

from collections.abc import Mapping
from typing import Any

import numpy as np


def generate(
    params: Mapping[str, Any], file: Mapping[str, np.ndarray]
) -> tuple[None, dict[str, Any]]:
    """Take a file as it is.

    Returns
    -------
    None
        In place of arrays: the file's own bytes are the source.
    record : dict
        ``transformations``, of which there are none.
    """
    return None, {"transformations": []}
