"""Scan groups: neighbouring positions that a model sees together."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from registry.errors import UsageError

GRIDSIZES = (1, 2)


def scan_groups(
    x: NDArray[np.float64],
    y: NDArray[np.float64],
    gridsize: int,
    shape: tuple[int, int],
    subject: str = "scan groups",
    *,
    neighbours: int = 0,
) -> NDArray[np.int64]:
    """Each position with its nearest neighbours.

    Parameters
    ----------
    x, y : (N,) float64 [px]
        Centre of each frame; x is the column.
    gridsize : int
        1 or 2; a group has gridsize squared members.
    shape : (H, W)
        Of a frame. Two frames overlap where their centres are less than that apart.
    subject : str
        For messages.
    neighbours : int
        How many more positions follow each group; as many fewer as makes all of them overlap.

    Returns
    -------
    (N, gridsize**2 + neighbours) int64
        Group n starts with position n; others follow by distance, equal distances by index.

    Raises
    ------
    UsageError
        Another gridsize, fewer positions than members, or a group whose frames do not all overlap.

    Examples
    --------
    >>> x, y = np.array([0.0, 1.0, 3.0, 0.0, 9.0]), np.zeros(5)
    >>> scan_groups(x, y, 2, (64, 64))
    array([[0, 3, 1, 2],
           [1, 0, 3, 2],
           [2, 1, 0, 3],
           [3, 0, 1, 2],
           [4, 2, 1, 0]])
    """
    if gridsize not in GRIDSIZES:
        raise UsageError(
            f"{subject}: gridsize",
            expected=" or ".join(map(str, GRIDSIZES)),
            found=str(gridsize),
            remedy="--gridsize 1, or --gridsize 2 for groups of four overlapping frames",
        )
    members = gridsize**2
    if len(x) < members:
        raise UsageError(
            f"{subject}: gridsize {gridsize}",
            expected=f"at least {members} positions, the members of one group",
            found=str(len(x)),
            remedy="use more images (--n-images), a fixture with more positions, or --gridsize 1",
        )
    distance = (x[:, None] - x) ** 2 + (y[:, None] - y) ** 2
    # each position leads its own group, even where another one lies at the very same place
    np.fill_diagonal(distance, -1.0)
    nearest = np.argsort(distance, axis=1, kind="stable").astype(np.int64)
    height, width = shape

    def apart(groups: NDArray[np.int64]) -> NDArray[np.bool_]:
        found: NDArray[np.bool_] = (np.ptp(x[groups], axis=1) >= width) | (
            np.ptp(y[groups], axis=1) >= height
        )
        return found

    for more in range(neighbours, 0, -1):
        wider = nearest[:, : members + more]
        if not apart(wider).any():
            return wider
    groups = nearest[:, :members]
    alone = apart(groups)
    if alone.any():
        n = int(np.flatnonzero(alone)[0])
        raise UsageError(
            f"{subject}: gridsize {gridsize}",
            expected=f"groups of frames {shape} that overlap",
            found=f"{int(alone.sum())} of {len(x)} groups that do not; the first is that of "
            f"position {n}, {np.ptp(x[groups[n]]):.1f} px wide and "
            f"{np.ptp(y[groups[n]]):.1f} px high",
            remedy="use more images (--n-images), a fixture with a denser scan, or --gridsize 1",
        )
    return groups
