"""Pixels of a detector that do not count photons, found by what they say in many frames.

A dead pixel holds a mark, often the most that its type can, and a saturated one the most that it
can count: one value, time and again, and nothing near it. Photon counts cannot do so. Of a Poisson
count the values within one standard deviation on either side of a value are nearly as probable as
the value itself, whatever the rate. No number here comes from a scan.
"""

import math
from typing import Any

import numpy as np

from generators.detector_v1 import batches

# Logarithm of the odds at which chance is no longer an explanation: 6 standard deviations, as in
# the criteria that fixtures are held against.
LIMIT = 18.0
# Of values next to each other, within one standard deviation of a Poisson count, each has at least
# exp(-1/2) of the probability of any other.
NEIGHBOUR = 0.6
# Of so many values near the highest one it is known how often each was seen, and of no more.
MOST_LEVELS = 1 << 16


def judge_pixels(scan: Any, indices: np.ndarray) -> None:
    """Refuse counts whose highest value comes up more often than counting photons explains.

    Parameters
    ----------
    scan : ScanFile
        Open, with frames that are intensities. Frames that are not whole numbers are not judged:
        they were corrected, and no longer are counts.
    indices : (K,) int
        The frames to look at.

    Raises
    ------
    ValueError
        The message names the pixel that has the value most often.
    """
    good = np.ones(scan.frames.shape[1:], bool) if scan.mask is None else scan.mask
    hits, seen = np.zeros(good.shape, np.int64), np.zeros(1, np.int64)
    top = 0
    for batch in batches(scan.frames, indices):
        for raw in batch:
            counts = raw.ravel() if scan.mask is None else raw[good]
            if counts.dtype.kind == "f":
                counts = counts[np.isfinite(counts)].astype(np.float64)
                if (counts != np.rint(counts)).any():
                    return
            brightest = int(counts.max(initial=0))
            highest = max(top, brightest)
            # how often each value from one standard deviation below the highest was seen
            low = highest - min(math.isqrt(highest), MOST_LEVELS)
            number = np.zeros(highest - low + 1, np.int64)
            if highest > top:
                hits[:] = 0
            kept = seen[max(0, low - (top - seen.size + 1)) :]
            if low <= top:
                number[top - low - kept.size + 1 : top - low + 1] = kept
            near = (counts[counts >= low] - counts.dtype.type(low)).astype(np.intp)
            top, seen = highest, number + np.bincount(near, minlength=number.size)
            if brightest == top:
                hits += good & (raw == top)
    if top and _log_odds(top, seen, _step(scan, good, indices[0], top)) > LIMIT:
        raise ValueError(_message(scan, top, hits, indices.size))


def _log_odds(top: int, seen: np.ndarray, step: int) -> float:
    """How unlikely it is by chance that the highest value is seen so often, as a logarithm.

    It was the highest of all that were seen, and any up to it might have been.
    """
    levels = (seen.size - 1) // step
    often, total = int(seen[-1]), int(seen.sum())
    ways = math.lgamma(total + 1) - math.lgamma(often + 1) - math.lgamma(total - often + 1)
    return often * math.log(1 + 2 * NEIGHBOUR * levels) - ways - math.log(top)


def _step(scan: Any, good: np.ndarray, index: int, top: int) -> int:
    """What all counts of one frame are multiples of: some detectors give each photon several."""
    counts = scan.frames.read([index])[0][good]
    lower = np.unique(counts[(counts > 0) & (counts < top)])
    # of a frame with one value and no other it cannot be known
    return math.gcd(*(int(value) for value in lower)) or top


def _message(scan: Any, top: int, hits: np.ndarray, frames: int) -> str:
    row, column = (int(n) for n in np.unravel_index(np.argmax(hits), hits.shape))
    others = int(np.count_nonzero(hits)) - 1
    dtype = scan.frames.dtype
    is_full = dtype.kind in "iu" and top == np.iinfo(dtype).max
    most = f", the most that {dtype} holds," if is_full else ""
    also = f", and in {others} other pixels" if others else ""
    where = "0" if scan.format == "cxi" else "not 0"
    return (
        f"mask: expected one that leaves out dead and saturated pixels, found {top}{most} at row "
        f"{row}, column {column} in {hits[row, column]} of {frames} frames{also}: counts of "
        "photons do not repeat like that. Put an array of a frame's shape into the file, "
        f"{where} where a pixel is good, and name it: mask"
    )
