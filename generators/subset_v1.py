"""Cut a small fixture from a scan: one list of indices for every per-position array.

The arrays come out as the data contract DATA-001 wants them: frames first, float32 amplitude,
complex64 object and probe, float64 coordinates, little-endian. Amplitudes are not rescaled.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from generators import exact_v1 as exact

HELPERS = ("generators/exact_v1.py",)

STRATEGIES = ("evenly_spaced", "first", "grid", "random")
DTYPES = {
    "diffraction": "<f4",
    "objectGuess": "<c8",
    "probeGuess": "<c8",
    "xcoords": "<f8",
    "ycoords": "<f8",
    "xcoords_start": "<f8",
    "ycoords_start": "<f8",
    "scan_index": "<i8",
}
PER_POSITION = ("xcoords", "ycoords", "xcoords_start", "ycoords_start", "scan_index")


def generate(
    params: Mapping[str, Any], source: Mapping[str, np.ndarray], declared: Mapping[str, Any]
) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """Cut a fixture.

    Parameters
    ----------
    params : mapping
        ``strategy`` (one of `STRATEGIES`), ``n_subset`` (int), ``seed`` (int, for ``random``),
        ``diff3d`` and ``Y`` (bool: add the alias; add the object patches).
    source : mapping
        ``diffraction`` or ``diff3d`` (N, H, W) or (H, W, N), ``objectGuess`` (Y, X), ``probeGuess``
        (H, W), ``xcoords`` and ``ycoords`` (N,) [px], and optionally ``xcoords_start``,
        ``ycoords_start``, ``scan_index`` (N,).
    declared : mapping
        What the source says of itself: ``layout`` (``legacy`` is (H, W, N), ``canonical``
        (N, H, W), None where the shapes tell) and ``measurement`` (``amplitude``, ``intensity``).

    Returns
    -------
    arrays : dict
        ``diffraction`` (n, H, W) float32 and the others of the contract.
    record : dict
        ``subset_indices`` (list of int), ``layout`` as found, ``transformations`` (sentences).

    Raises
    ------
    ValueError
        The source does not have what is asked of it; the message says what.
    """
    key = frames_key(source)
    layout = frames_layout(source, declared.get("layout"))
    x, y = source["xcoords"], source["ycoords"]
    indices = select(params["strategy"], int(params["n_subset"]), x, y, params.get("seed"))
    steps = [
        f"every per-position array: {params['strategy']} subset of {indices.size} of {x.size} "
        "positions (subset_indices)"
    ]

    frames = source[key]
    if layout == "legacy":
        frames = frames.transpose(2, 0, 1)
        steps.append(f"{key}: transpose (H,W,N) -> (N,H,W)")
    frames = frames[indices]
    if declared.get("measurement") == "intensity":
        if not np.all(frames >= 0):
            raise ValueError(f"{key}: expected intensities of at least 0, found {frames.min()}")
        frames = np.sqrt(frames.astype(np.float64))
        steps.append(f"{key}: square root of intensity -> amplitude")
    if key != "diffraction":
        steps.append(f"{key}: rename to diffraction")

    found = {"diffraction": frames, "objectGuess": source["objectGuess"]}
    found["probeGuess"] = source["probeGuess"]
    found.update({name: source[name][indices] for name in PER_POSITION if name in source})
    arrays = {}
    for name, array in found.items():
        wanted = np.dtype(DTYPES[name])
        if array.dtype != wanted:
            steps.append(f"{name}: dtype {array.dtype.name} -> {wanted.name}")
        arrays[name] = np.ascontiguousarray(array, dtype=wanted)
    if params.get("diff3d"):
        arrays["diff3d"] = arrays["diffraction"]
        steps.append("diffraction: duplicate as diff3d, the name PtychoPINN's loader requires")
    if params.get("Y"):
        arrays["Y"] = _object_patches(source, arrays).astype("<c8")
        steps.append("Y: bilinear object patch under each frame, complex64")
    return arrays, {
        "subset_indices": [int(i) for i in indices],
        "layout": layout,
        "transformations": steps,
    }


def frames_key(source: Mapping[str, np.ndarray]) -> str:
    """Name under which the source holds its frames."""
    for key in ("diffraction", "diff3d"):
        if key in source:
            return key
    raise ValueError(f"expected an array diffraction or diff3d, found {', '.join(sorted(source))}")


def frames_layout(source: Mapping[str, np.ndarray], declared: str | None) -> str:
    """``legacy`` for (H, W, N) or ``canonical`` for (N, H, W): declared, or told by the shapes."""
    key = frames_key(source)
    missing = [
        name
        for name in ("objectGuess", "probeGuess", "xcoords", "ycoords")
        if name not in source
    ]
    if missing:
        raise ValueError(
            f"expected arrays objectGuess, probeGuess, xcoords, ycoords; {', '.join(missing)} "
            f"missing among {', '.join(sorted(source))}"
        )
    found, probe, n = source[key].shape, source["probeGuess"].shape, source["xcoords"].size
    for name in PER_POSITION:
        if name in source and source[name].shape != (n,):
            raise ValueError(
                f"{name}: expected one value for each of the {n} xcoords, "
                f"found shape {source[name].shape}"
            )
    if source[key].dtype.kind == "c":
        raise ValueError(f"{key}: expected real values, found {source[key].dtype.name}")
    shapes = {"canonical": (n, *probe), "legacy": (*probe, n)}
    fitting = [name for name, shape in shapes.items() if shape == found]
    if declared is not None:
        if declared in fitting:
            return declared
        raise ValueError(
            f"{key}: layout declared {declared}, so expected shape {shapes[declared]}, "
            f"found {found}"
        )
    if len(fitting) == 1:
        return fitting[0]
    if fitting:
        raise ValueError(
            f"{key}: shape {found} is ambiguous, it may be (N, H, W) or (H, W, N); "
            "declare layout: canonical or layout: legacy for this source"
        )
    raise ValueError(
        f"{key}: expected shape {shapes['canonical']} (canonical) or {shapes['legacy']} (legacy) "
        f"from probeGuess {probe} and {n} coordinates, found {found}"
    )


def select(strategy: str, n: int, x: np.ndarray, y: np.ndarray, seed: int | None) -> np.ndarray:
    """Ascending indices (n,) int64 of the positions that a strategy selects."""
    total = x.size
    if n > total:
        raise ValueError(f"n_subset: expected at most the source's {total} positions, found {n}")
    if strategy == "first":
        return np.arange(n)
    if strategy == "evenly_spaced":
        return np.arange(n) * (total - 1) // (n - 1)
    if strategy == "random":
        if seed is None:
            raise ValueError("seed: expected an integer for strategy random, found none")
        # raw PCG64 output is a stream that numpy guarantees; shuffle and choice are not
        keys = np.random.PCG64(int(seed)).random_raw(total)
        return np.sort(np.argsort(keys, kind="stable")[:n])
    if strategy == "grid":
        return _grid(n, x, y)
    raise ValueError(f"strategy: expected one of {', '.join(STRATEGIES)}, found {strategy}")


def _grid(n: int, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """The position nearest to the centre of each of n cells that tile the scanned rectangle.

    The rows are as many as the root of n, rounded down; the cells of a row are equally wide.
    """
    rows = int(np.sqrt(float(n)))
    taken: list[int] = []
    free = np.ones(x.size, bool)
    for row in range(rows):
        columns = n // rows + (row < n % rows)
        centre_y = y.min() + (y.max() - y.min()) * ((row + 0.5) / rows)
        for column in range(columns):
            centre_x = x.min() + (x.max() - x.min()) * ((column + 0.5) / columns)
            dx, dy = x - centre_x, y - centre_y
            distance = np.where(free, dx * dx + dy * dy, np.inf)
            nearest = int(np.argmin(distance))
            free[nearest] = False
            taken.append(nearest)
    return np.sort(np.array(taken))


def _object_patches(
    source: Mapping[str, np.ndarray], arrays: Mapping[str, np.ndarray]
) -> np.ndarray:
    height, width = (int(size) for size in arrays["probeGuess"].shape)
    re, im = exact.split(source["objectGuess"])
    x, y = arrays["xcoords"], arrays["ycoords"]
    return exact.join(
        (exact.patches(re, x, y, (height, width)), exact.patches(im, x, y, (height, width)))
    )
