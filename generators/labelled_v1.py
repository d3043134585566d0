"""Cut a fixture that PtychoPINN's supervised loader takes as it is, with the photons of a frame.

What `subset_v2` cuts with ``Y``, and two arrays more. The loader asks for the patches under the
name ``label``; and where nothing says how many photons a frame has, PtychoPINN takes 1e9.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from generators import subset_v2, sums_v1


def generate(
    params: Mapping[str, Any], source: Mapping[str, np.ndarray], declared: Mapping[str, Any]
) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """Cut a fixture with labels.

    Parameters
    ----------
    params : mapping
        ``strategy``, ``n_subset``, ``seed`` and ``diff3d``, as `subset_v2` takes them.
    source : mapping
        As `subset_v2` takes it.
    declared : mapping
        What the source says of itself: ``layout`` and ``measurement``, as `subset_v2` takes them;
        ``photon_scale``, counts per unit of amplitude squared, or None.

    Returns
    -------
    arrays : dict
        As `subset_v2` gives them with ``Y``; ``label`` (n, H, W) complex64 is ``Y`` again. Where
        there is a photon scale, ``nphotons`` () float64: the photons of a frame, on average over
        these n.
    record : dict
        As of `subset_v2`.

    Raises
    ------
    ValueError
        The source does not have what is asked of it; the message says what.
    """
    arrays, record = subset_v2.generate({**params, "Y": True}, source, declared)
    steps = [*record["transformations"]]
    arrays["label"] = arrays["Y"]
    steps.append("Y: duplicate as label, the name PtychoPINN's supervised loader requires")
    scale = declared.get("photon_scale")
    if scale is not None:
        arrays["nphotons"] = _photons(arrays["diffraction"], float(scale))
        steps.append("nphotons: photon_scale * amplitude**2 as whole counts, mean of frames' sums")
    return arrays, {**record, "transformations": steps}


def _photons(frames: np.ndarray, scale: float) -> np.ndarray:
    """Photons of a frame, on average over all frames, () float64."""
    photons = np.empty(len(frames))
    for n in range(len(frames)):
        amplitude = frames[n].astype(np.float64)
        # whole numbers, whose sums are exact in any order
        photons[n] = sums_v1.total(np.rint(amplitude * amplitude * scale))
    return np.array(sums_v1.total(photons) / len(frames), dtype="<f8")
