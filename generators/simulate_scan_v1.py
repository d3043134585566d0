"""Simulated frames for object, probe and positions of a file, as other tools write them.

`scan_v2` brings them to pixels and to the origin of the object, as declared; `simulate_v1` makes
the frames.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from generators import scan_v2, simulate_v1


def generate(
    params: Mapping[str, Any], scan: Any
) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """Simulate a scan.

    Parameters
    ----------
    params : mapping
        ``seed``, ``photons_per_frame`` and ``max_amplitude`` as `simulate_v1` takes them, and what
        is declared of object, probe and positions, as `scan_v2` takes it. A probe of more than
        64 x 64 is cropped to so many frequencies; of several modes the one of most power is taken.
    scan : ScanFile
        The open file, whose frames, if any, are not used.

    Returns
    -------
    arrays, record
        As of `simulate_v1`.

    Raises
    ------
    ValueError
        The file lacks what is needed, or a frame leaves the object.
    """
    for name, array in (
        ("objectGuess", scan.obj),
        ("probeGuess", scan.probe),
        ("xcoords, ycoords", scan.x if scan.y is not None else None),
    ):
        if array is None:
            raise ValueError(f"{name}: expected in the file, found none; name where it is: {name}")
    steps = scan_v2.provenance(params, scan)
    probe, wide, found = scan_v2.probe_modes({**params, "modes": "dominant"}, scan.probe, 64)
    steps += found
    to_pixels, found = scan_v2.positions_in_pixels(params, scan, wide, 64)
    steps += found
    obj, found = scan_v2.object_of_file(scan, wide, 64)
    move, moved = scan_v2.origin_in_file(params, scan, obj, to_pixels)
    steps += found + moved
    reconstruction = {"objectGuess": obj, "probeGuess": probe[0]}
    reconstruction["xcoords"], reconstruction["ycoords"] = move(to_pixels((scan.x, scan.y)))
    if scan.x_start is not None and scan.y_start is not None:
        start = move(to_pixels((scan.x_start, scan.y_start)))
        reconstruction["xcoords_start"], reconstruction["ycoords_start"] = start
    arrays, record = simulate_v1.generate(params, reconstruction)
    return arrays, {**record, "transformations": [*steps, *record["transformations"]]}
