"""Cut a fixture that keeps PtychoPINN's legacy layout: frames last, double precision.

For tests of loaders that transpose and cast: what such a loader makes of it is, bit for bit, what
`subset_v1` cuts with the same parameters.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from generators import subset_v1

DTYPES = {**subset_v1.DTYPES, "diffraction": "<f8", "objectGuess": "<c16", "probeGuess": "<c16"}


def generate(
    params: Mapping[str, Any], source: Mapping[str, np.ndarray], declared: Mapping[str, Any]
) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """Cut a fixture in the legacy layout.

    Parameters
    ----------
    params : mapping
        ``strategy``, ``n_subset``, ``seed`` and ``diff3d``, as `subset_v1` takes them.
    source, declared : mapping
        As `subset_v1` takes them.

    Returns
    -------
    arrays : dict
        ``diffraction`` (H, W, n) float64 amplitude, ``diff3d`` the same again where it is asked
        for; ``objectGuess`` (Y, X) and ``probeGuess`` (H, W) complex128; coordinates (n,) float64
        [px] and ``scan_index`` (n,) int64, as far as the source has them.
    record : dict
        As of `subset_v1`, and ``canonical``: the same fixture as DATA-001 has it.

    Raises
    ------
    ValueError
        The source does not have what is asked of it; the message says what.
    """
    canonical, cut = subset_v1.generate({**params, "Y": False}, source, declared)
    key, indices = subset_v1.frames_key(source), np.array(cut["subset_indices"])
    steps = cut["transformations"][:1]

    if cut["layout"] == "legacy":
        frames = source[key][:, :, indices]
    else:
        # selected first: frames may be read from their file only when they are asked for
        frames = np.moveaxis(source[key][indices], 0, -1)
        steps.append(f"{key}: transpose (N,H,W) -> (H,W,N)")
    if declared.get("measurement") == "intensity":
        frames = np.sqrt(frames.astype(np.float64))
        steps.append(f"{key}: square root of intensity -> amplitude")
    if key != "diffraction":
        steps.append(f"{key}: rename to diffraction")

    found = {"diffraction": frames, "objectGuess": source["objectGuess"]}
    found["probeGuess"] = source["probeGuess"]
    per_position = [name for name in subset_v1.PER_POSITION if name in source]
    found.update({name: source[name][indices] for name in per_position})
    arrays = {}
    for name, array in found.items():
        wanted = np.dtype(DTYPES[name])
        if array.dtype != wanted:
            steps.append(f"{name}: dtype {array.dtype.name} -> {wanted.name}")
        arrays[name] = np.ascontiguousarray(array, dtype=wanted)
    if params.get("diff3d"):
        arrays["diff3d"] = arrays["diffraction"]
        steps.append("diffraction: duplicate as diff3d")
    return arrays, {**cut, "transformations": steps, "canonical": canonical}
