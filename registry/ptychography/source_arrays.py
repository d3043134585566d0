"""What the arrays of a scan's file have to be, whichever layout it has."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from registry.errors import CheckError

# Number of axes, and kind of dtype. A real object or probe is a complex one without phase.
REAL, COMPLEX = "fiu", "cfiu"
SCAN = {
    "diffraction": (3, REAL),
    "diff3d": (3, REAL),
    "objectGuess": (2, COMPLEX),
    "probeGuess": (2, COMPLEX),
    "xcoords": (1, REAL),
    "ycoords": (1, REAL),
    "xcoords_start": (1, REAL),
    "ycoords_start": (1, REAL),
    "scan_index": (1, REAL),
}
CORRECT = "correct the file, and declare its new SHA-256 in params.yaml"


def check(subject: str, file: Mapping[str, np.ndarray]) -> None:
    """Refuse what no generator can work with. Whether a key has to be there is its business."""
    for name, (axes, kinds) in SCAN.items():
        if name not in file:
            continue
        array = file[name]
        found = None
        if array.ndim != axes or not array.size:
            found = f"shape {array.shape}"
        elif array.dtype.kind not in kinds:
            found = f"dtype {array.dtype.name}"
        elif not np.isfinite(array).all():
            found = "values that are not finite"
        elif kinds == COMPLEX and not array.any():
            found = "zeros and nothing else"
        if found is not None:
            numbers = "complex" if kinds == COMPLEX else "real"
            raise CheckError(
                f"{subject}: array {name}",
                expected=f"finite {numbers} numbers along {axes} ax{'i' if axes == 1 else 'e'}s",
                found=found,
                remedy=CORRECT,
            )
    sizes = {
        name: file[name].size for name, (axes, _) in SCAN.items() if axes == 1 and name in file
    }
    if len(set(sizes.values())) > 1:
        raise CheckError(
            f"{subject}: coordinates",
            expected="the same number of positions in every array",
            found=", ".join(f"{name} {size}" for name, size in sizes.items()),
            remedy=CORRECT,
        )
