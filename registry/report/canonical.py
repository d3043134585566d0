"""A fixture's arrays in the form of DATA-001, whatever form its own contract has.

For drawing alone: what is in the file, and what its digests are of, is not changed.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from registry.identity.sidecar import Sidecar


def canonical(
    arrays: Mapping[str, np.ndarray], record: Sidecar
) -> tuple[dict[str, np.ndarray], str]:
    """Arrays with frames first and as amplitude, and what was done for that, in words.

    Returns
    -------
    arrays : dict
        ``diffraction`` (N, H, W) amplitude; the others as they are.
    note : str
        Empty where nothing was done.
    """
    found = dict(arrays)
    frames = found.get("diffraction")
    if frames is None or frames.ndim != 3:
        return found, ""
    # a fixture says by its contract which form it has; shapes alone could not tell H = W = N
    if record.contract.startswith("data_001_legacy_"):
        found["diffraction"] = frames.transpose(2, 0, 1)
        return found, "The file has frames last, (H, W, N); they are drawn one by one."
    if record.contract.startswith("data_001_intensity_"):
        scale = record.details.get("photon_scale")
        photons = frames.astype(np.float64)
        with np.errstate(invalid="ignore"):
            found["diffraction"] = np.sqrt(photons / scale if scale else photons)
        return found, "The file has intensities, and not amplitudes."
    return found, ""
