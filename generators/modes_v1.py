"""Cut a fixture from a scan with several probe modes, and keep them all.

For tests of loaders and models that sum over modes: intensities of the modes add up.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from generators import subset_v1


def generate(
    params: Mapping[str, Any], source: Mapping[str, np.ndarray], declared: Mapping[str, Any]
) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """Cut a fixture with all probe modes.

    Parameters
    ----------
    params, declared : mapping
        As `subset_v1` takes them.
    source : mapping
        As `subset_v1` takes it, but ``probeGuess`` is (P, H, W).

    Returns
    -------
    arrays : dict
        As `subset_v1` gives them, but ``probeGuess`` is (P, H, W) complex64.
    record : dict
        As of `subset_v1`.

    Raises
    ------
    ValueError
        The probe is not one of several modes, or the source lacks what is asked of it.
    """
    modes = source.get("probeGuess")
    if modes is None or modes.ndim != 3:
        found = "none" if modes is None else f"shape {modes.shape}"
        raise ValueError(
            f"probeGuess: expected several modes, (P, H, W), found {found}; of a single mode "
            "subset_v1 cuts a fixture"
        )
    # everything but the probe is cut as if the first mode were the only one
    arrays, record = subset_v1.generate(params, {**source, "probeGuess": modes[0]}, declared)
    arrays["probeGuess"] = np.ascontiguousarray(modes, dtype="<c8")
    return arrays, {
        **record,
        "transformations": [*record["transformations"], f"probeGuess: all {len(modes)} modes kept"],
    }
