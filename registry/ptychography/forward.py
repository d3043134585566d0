"""Forward model of far-field ptychography: what amplitude a scan position should see.

Conventions, all in object pixels: x is the column, y the row; element (0, 0) of frame n lies at row
``y[n] - H/2`` and column ``x[n] - W/2`` of the object; sub-pixel positions are bilinear; the zero
frequency sits in the centre of a frame. Measured and simulated frames that follow another
convention differ by an R-factor of 0.07 for half a pixel, so it is worth being exact about.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

# Pixels of the frames that are modelled together: 256 KiB of a wave.
_CACHED = 1 << 14

Complex = NDArray[np.complex128]
Real = NDArray[np.float64]


def frames_inside(
    object_shape: tuple[int, int], x: Real, y: Real, shape: tuple[int, int]
) -> NDArray[np.bool_]:
    """Which frames lie wholly inside the object: (N,) bool.

    >>> frames_inside((128, 128), np.array([32.0, 31.9]), np.array([96.0, 96.0]), (64, 64))
    array([ True, False])
    """
    (rows, columns), (height, width) = object_shape, shape
    inside: NDArray[np.bool_] = (
        (y - height / 2 >= 0)
        & (y + height / 2 <= rows)
        & (x - width / 2 >= 0)
        & (x + width / 2 <= columns)
    )
    return inside


def hold_inside(object_shape: tuple[int, int], x: Real, y: Real, shape: tuple[int, int]) -> None:
    """Raise a ValueError that names the first frame that leaves the object.

    (Negative indices would slice silently.)
    """
    inside = frames_inside(object_shape, x, y, shape)
    if not inside.all():
        n = int(np.flatnonzero(~inside)[0])
        raise ValueError(
            f"frame {n} at x = {x[n]:.3f}, y = {y[n]:.3f} leaves the object {object_shape}"
        )


def object_patches(
    obj: NDArray[np.complexfloating], x: Real, y: Real, shape: tuple[int, int]
) -> Complex:
    """Object under each frame, sub-pixel by bilinear interpolation.

    Parameters
    ----------
    obj : (Y, X) complex
    x, y : (N,) float64 [px]
        Centre of each frame; x is the column, y the row.
    shape : (H, W)

    Returns
    -------
    (N, H, W) complex128

    Raises
    ------
    ValueError
        A frame leaves the object.
    """
    return Forward(obj, np.zeros(shape, np.complex128)).patches(x, y)


def diffraction_amplitude(probe: NDArray[np.complexfloating], patches: Complex) -> Real:
    """|fftshift(fft2(probe * patch))| / sqrt(H * W), so that power is conserved.

    Several modes do not interfere: their intensities add up.

    Parameters
    ----------
    probe : (H, W) or (P, H, W) complex
        P modes.
    patches : (N, H, W) complex128

    Returns
    -------
    (N, H, W) float64
    """
    found = np.empty(patches.shape)
    modes = _modes(probe)
    for part in _blocks(len(found), modes.shape):
        _propagate(modes, patches[part], found[part])
    return found


def model_amplitude(
    obj: NDArray[np.complexfloating], probe: NDArray[np.complexfloating], x: Real, y: Real
) -> Real:
    """Diffraction amplitude that the model predicts at each position: (N, H, W) float64."""
    return Forward(obj, probe).amplitude(x, y)


class Forward:
    """An object and a probe, made ready for the models of many positions.

    Parameters
    ----------
    obj : (Y, X) complex
    probe : (H, W) or (P, H, W) complex
    """

    def __init__(
        self, obj: NDArray[np.complexfloating], probe: NDArray[np.complexfloating]
    ) -> None:
        self._object_shape = (obj.shape[0], obj.shape[1])
        self._modes = _modes(probe)
        # one row and column more, weighted zero, so that a frame on the last whole pixel fits; as
        # real numbers, for numpy multiplies complex ones by a real one as if that were complex
        padded = np.zeros((obj.shape[0] + 1, obj.shape[1] + 1), np.complex128)
        padded[:-1, :-1] = obj
        self._padded = padded.view(np.float64)
        self._to_next_row = np.diff(self._padded, axis=0)

    def patches(self, x: Real, y: Real) -> Complex:
        """Object under each frame, as `object_patches` gives it."""
        found = np.empty((len(x), *self._modes.shape[1:]), np.complex128)
        for part in self._parts(x, y):
            self._interpolate(x[part], y[part], found[part])
        return found

    def amplitude(self, x: Real, y: Real, *, is_inside: bool = False) -> Real:
        """What the model predicts at each position, as `model_amplitude` gives it.

        ``is_inside`` says that no frame leaves the object, which is then not tested.
        """
        found = np.empty((len(x), *self._modes.shape[1:]))
        for part in _blocks(len(x), self._modes.shape) if is_inside else self._parts(x, y):
            _propagate(self._modes, self._under(x[part], y[part]), found[part])
        return found

    def light(self, x: Real, y: Real) -> Real:
        """The sum of each model's squares: (N,) float64.

        As much falls on the detector as leaves the object, so that nothing is transformed.
        """
        bright = (self._modes.real**2 + self._modes.imag**2).sum(axis=0)
        # the norm of the modes is that of amplitudes
        bright *= bright.size
        found = np.empty(len(x))
        for part in self._parts(x, y):
            patches = self._under(x[part], y[part]).view(np.float64)
            patches *= patches
            found[part] = np.einsum("nij,ij->n", patches, np.repeat(bright, 2, axis=1))
        return found

    def _parts(self, x: Real, y: Real) -> Iterator[slice]:
        hold_inside(self._object_shape, x, y, (self._modes.shape[1], self._modes.shape[2]))
        yield from _blocks(len(x), self._modes.shape)

    def _under(self, x: Real, y: Real) -> Complex:
        found = np.empty((len(x), *self._modes.shape[1:]), np.complex128)
        self._interpolate(x, y, found)
        return found

    def _interpolate(self, x: Real, y: Real, patches: Complex) -> None:
        """Write the patches of some frames, first between rows, then between columns."""
        _, height, width = patches.shape
        tops, lefts = y - height / 2, x - width / 2
        between = np.empty((len(x), height, 2 * (width + 1)))
        for rows, top, left in zip(between, tops, lefts, strict=True):
            row, column = int(top), int(left)
            window = slice(row, row + height), slice(2 * column, 2 * (column + width + 1))
            np.multiply(self._to_next_row[window], top - row, out=rows)
            rows += self._padded[window]
        found = patches.view(np.float64)
        np.subtract(between[:, :, 2:], between[:, :, :-2], out=found)
        found *= (lefts - np.floor(lefts))[:, None, None]
        found += between[:, :, :-2]


def _modes(probe: NDArray[np.complexfloating]) -> Complex:
    """Probe as (P, H, W), over the root of the number of pixels, so that power is conserved."""
    shape = (probe.shape[-2], probe.shape[-1])
    modes: Complex = probe.reshape(-1, *shape) / np.sqrt(shape[0] * shape[1]) + 0j
    return modes


def _blocks(count: int, shape: tuple[int, ...]) -> Iterator[slice]:
    """Slices of so many frames that all that is made of them stays in the CPU's cache."""
    step = max(1, _CACHED // (shape[-2] * shape[-1]))
    for start in range(0, count, step):
        yield slice(start, min(start + step, count))


def _propagate(modes: Complex, patches: Complex, found: Real) -> None:
    """Write the amplitude on the detector behind some patches."""
    _, height, width = patches.shape
    intensity = np.empty(patches.shape)
    for n, mode in enumerate(modes):
        # numpy 1 gives it with its axes the other way round
        far = np.ascontiguousarray(np.fft.fft2(mode * patches)).view(np.float64)
        far *= far
        if n:
            intensity += far[:, :, ::2]
            intensity += far[:, :, 1::2]
        else:
            np.add(far[:, :, ::2], far[:, :, 1::2], out=intensity)
    # the zero frequency into the centre, quarter by quarter
    for to_row, row in _halves(height):
        for to_column, column in _halves(width):
            np.sqrt(intensity[:, row, column], out=found[:, to_row, to_column])


def _halves(size: int) -> tuple[tuple[slice, slice], tuple[slice, slice]]:
    """Where `np.fft.fftshift` puts the end of an axis, and where its start."""
    half = size // 2
    return (slice(half), slice(size - half, None)), (slice(half, None), slice(size - half))
