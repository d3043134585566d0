"""Cut a fixture of any size: square frames of 32 to 512 pixels, 16 to 4096 of them.

What `subset_v1` cuts, bit for bit, where both can; but frames are converted some at a time, so that
no more than the fixture's own are in memory, and a probe may have modes.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from generators import exact_v1 as exact
from generators import subset_v1

# Pixels of the frames that are converted at a time.
CHUNK = 1 << 20


def generate(
    params: Mapping[str, Any], source: Mapping[str, np.ndarray], declared: Mapping[str, Any]
) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """Cut a fixture.

    Parameters
    ----------
    params, declared : mapping
        As `subset_v1` takes them.
    source : mapping
        As `subset_v1` takes it, but ``probeGuess`` may have modes, (P, H, W).

    Returns
    -------
    arrays, record : dict
        As of `subset_v1`; ``probeGuess`` has the modes that the source has.

    Raises
    ------
    ValueError
        The source does not have what is asked of it; the message says what.
    """
    key, probe = subset_v1.frames_key(source), source.get("probeGuess")
    # how frames lie is told by the rows and columns of one mode
    one = source if probe is None or probe.ndim < 3 else {**source, "probeGuess": probe[0]}
    layout = subset_v1.frames_layout(one, declared.get("layout"))
    x, y = source["xcoords"], source["ycoords"]
    indices = subset_v1.select(params["strategy"], int(params["n_subset"]), x, y,
                               params.get("seed"))  # fmt: skip
    steps = [
        f"every per-position array: {params['strategy']} subset of {indices.size} of {x.size} "
        "positions (subset_indices)"
    ]
    if layout == "legacy":
        steps.append(f"{key}: transpose (H,W,N) -> (N,H,W)")
    is_intensity = declared.get("measurement") == "intensity"
    if is_intensity:
        steps.append(f"{key}: square root of intensity -> amplitude")
    if key != "diffraction":
        steps.append(f"{key}: rename to diffraction")

    found = {name: source[name] for name in ("objectGuess", "probeGuess")}
    found.update({name: source[name][indices] for name in subset_v1.PER_POSITION if name in source})
    arrays = {"diffraction": _frames(source[key], layout, indices, is_intensity)}
    dtypes = {"diffraction": np.dtype(np.float64) if is_intensity else source[key].dtype}
    dtypes.update({name: array.dtype for name, array in found.items()})
    for name, dtype in dtypes.items():
        wanted = np.dtype(subset_v1.DTYPES[name])
        if dtype != wanted:
            steps.append(f"{name}: dtype {dtype.name} -> {wanted.name}")
        if name in found:
            arrays[name] = np.ascontiguousarray(found[name], dtype=wanted)
    if params.get("diff3d"):
        arrays["diff3d"] = arrays["diffraction"]
        steps.append("diffraction: duplicate as diff3d, the name PtychoPINN's loader requires")
    if params.get("Y"):
        arrays["Y"] = _object_patches(source["objectGuess"], arrays)
        steps.append("Y: bilinear object patch under each frame, complex64")
    return arrays, {
        "subset_indices": [int(i) for i in indices],
        "layout": layout,
        "transformations": steps,
    }


def _chunks(count: int, size: int) -> list[slice]:
    step = max(1, CHUNK // size)
    return [slice(start, min(start + step, count)) for start in range(0, count, step)]


def _frames(frames: Any, layout: str, indices: np.ndarray, is_intensity: bool) -> np.ndarray:
    """Frames (n, H, W) float32, amplitude, at some indices."""
    if layout == "legacy":
        frames = frames.transpose(2, 0, 1)
    found = np.empty((indices.size, *frames.shape[1:]), "<f4")
    for part in _chunks(indices.size, found[0].size):
        some = frames[indices[part]]
        if is_intensity:
            if not np.all(some >= 0):
                raise ValueError(
                    f"diffraction: expected intensities of at least 0, found {some.min()}"
                )
            some = np.sqrt(some.astype(np.float64))
        found[part] = some
    return found


def _object_patches(obj: np.ndarray, arrays: Mapping[str, np.ndarray]) -> np.ndarray:
    """Object patches (n, H, W) complex64, as those of `subset_v1`."""
    shape = arrays["diffraction"].shape
    found = np.empty(shape, "<c8")
    re, im = exact.split(obj)
    for part in _chunks(shape[0], shape[1] * shape[2]):
        x, y = arrays["xcoords"][part], arrays["ycoords"][part]
        found[part] = exact.join(
            (exact.patches(re, x, y, shape[1:]), exact.patches(im, x, y, shape[1:]))
        )
    return found
