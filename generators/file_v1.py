"""A scan that exists as a file: taken as it is, after its layout is known."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from generators.subset_v1 import frames_layout


def generate(
    params: Mapping[str, Any], file: Mapping[str, np.ndarray]
) -> tuple[None, dict[str, Any]]:
    """Describe a scan without changing it.

    Parameters
    ----------
    params : mapping
        ``noise`` (``none``, ``poisson``, ``measured``), and optionally ``photon_scale`` (counts per
        unit of amplitude squared), ``layout`` (``legacy``, ``canonical``), ``measurement``
        (``amplitude``, ``intensity``).
    file : mapping
        The file's arrays, with the keys of the legacy or canonical layout.

    Returns
    -------
    None
        In place of arrays: the file's own bytes are the source.
    record : dict
        ``layout``, ``measurement``, ``noise``, ``photon_scale``, ``transformations``.

    Raises
    ------
    ValueError
        A key is missing, or the layout is ambiguous or not the declared one.
    """
    return None, {
        "layout": frames_layout(file, params.get("layout")),
        "measurement": params.get("measurement") or "amplitude",
        "noise": params["noise"],
        "photon_scale": params.get("photon_scale"),
        "transformations": [],
    }
