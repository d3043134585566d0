"""Cut a fixture that holds what a detector counts, and not its square root.

For tests of loaders that take intensities. Where the source's noise is that of photons, pixels are
whole numbers: ``sqrt(diffraction / photon_scale)`` in double precision, rounded to float32, is
then the amplitude that `subset_v1` cuts with the same parameters, bit for bit. Other sources have
no photon scale, and pixels are squares of amplitudes.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from generators import subset_v1

# The first whole number whose successor float32 does not have.
LIMIT = 2.0**24


def generate(
    params: Mapping[str, Any], source: Mapping[str, np.ndarray], declared: Mapping[str, Any]
) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """Cut a fixture of intensities.

    Parameters
    ----------
    params : mapping
        ``strategy``, ``n_subset``, ``seed``, ``diff3d`` and ``Y``, as `subset_v1` takes them.
    source : mapping
        As `subset_v1` takes it.
    declared : mapping
        What the source says of itself: ``layout`` and ``measurement``, as `subset_v1` takes them;
        ``noise``, and with ``poisson`` the ``photon_scale``, counts per unit of amplitude squared.

    Returns
    -------
    arrays : dict
        ``diffraction`` (n, H, W) float32 intensity, whole photon counts below 2**24 where the
        source's noise is ``poisson``; the others as `subset_v1` cuts them.
    record : dict
        As of `subset_v1`, and ``canonical``: the same fixture as DATA-001 has it.

    Raises
    ------
    ValueError
        The source does not have what is asked of it, or what it declares as counts are no whole
        numbers, or are too many for float32; the message says what.
    """
    canonical, cut = subset_v1.generate({**params, "diff3d": False}, source, declared)
    key = subset_v1.frames_key(source)
    frames = source[key]
    if cut["layout"] == "legacy":
        frames = frames.transpose(2, 0, 1)
    intensity = frames[np.array(cut["subset_indices"])].astype(np.float64)
    if declared.get("measurement") != "intensity":
        intensity = intensity * intensity
    # what was done to the amplitudes is not what was done here
    amplitude_only = (f"{key}: square root", "diffraction: dtype")
    steps = [step for step in cut["transformations"] if not step.startswith(amplitude_only)]
    if declared.get("noise") == "poisson":
        intensity = _counts(intensity * float(declared["photon_scale"]), key)
        steps.append("diffraction: photon counts = photon_scale * amplitude**2, float32")
    else:
        steps.append("diffraction: intensity = amplitude**2, float32")
    arrays = {**canonical, "diffraction": np.ascontiguousarray(intensity, dtype="<f4")}
    if params.get("diff3d"):
        arrays["diff3d"] = arrays["diffraction"]
        steps.append("diffraction: duplicate as diff3d")
    return arrays, {**cut, "transformations": steps, "canonical": canonical}


def _counts(found: np.ndarray, key: str) -> np.ndarray:
    """The whole numbers that a source's counts are but for the rounding of its amplitudes."""
    counts: np.ndarray = np.rint(found)
    largest = float(counts.max())
    if largest >= LIMIT:
        raise ValueError(f"{key}: expected counts below 2**24, found {largest:.0f} in a pixel")
    # an amplitude in float32 leaves a relative error of 2**-23 in its square
    off = np.abs(found - counts) > 0.001 + 2.0**-22 * counts
    if off.any():
        first = found[off][0]
        raise ValueError(
            f"{key}: expected whole numbers from photon_scale * amplitude**2, found {first:.6g}; "
            "is photon_scale that of the counts?"
        )
    return counts
