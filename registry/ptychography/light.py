"""How much light falls on the detector at each of many positions, without a model of any.

As much as leaves the object. Of its four neighbours that bilinear interpolation weighs, that is a
quadratic form: its coefficients at all whole pixels are correlations of the probe's intensity with
products of the object's pixels and their neighbours, and are made once.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from registry.ptychography.forward import Real, hold_inside

# What a Fourier transform leaves where there is no light is below this part of the most.
_DARK = 1e-12
_STEP = 16


class Light:
    """An object and a probe, made ready for the light of many positions.

    Parameters
    ----------
    obj : (Y, X) complex
    probe : (H, W) or (P, H, W) complex
    """

    def __init__(
        self, obj: NDArray[np.complexfloating], probe: NDArray[np.complexfloating]
    ) -> None:
        self._object_shape = (obj.shape[0], obj.shape[1])
        self._shape = (probe.shape[-2], probe.shape[-1])
        modes = probe.reshape(-1, *self._shape)
        intensity = (np.square(modes.real, dtype=float) + np.square(modes.imag, dtype=float)).sum(0)
        # a row and a column more, weighted zero, so that a frame on the last whole pixel fits
        padded = np.pad(obj.astype(np.complex128), (0, 1))
        # transforms of a prime number of pixels take several times as long
        size = [-(-pixels // _STEP) * _STEP for pixels in padded.shape]
        spectrum = np.conj(np.fft.rfft2(intensity, size))

        def correlated(product: Real) -> Real:
            found: Real = np.fft.irfft2(np.fft.rfft2(product, size) * spectrum, size)
            return found

        # of a pixel with itself, and with its neighbours to the right, below, and on both diagonals
        self._own = correlated(_products(padded, padded))
        self._right = correlated(_products(padded[:, :-1], padded[:, 1:]))
        self._below = correlated(_products(padded[:-1], padded[1:]))
        self._across = correlated(
            _products(padded[:-1, :-1], padded[1:, 1:])
            + _products(padded[:-1, 1:], padded[1:, :-1])
        )
        self._least = _DARK * float(self._own.max())

    def at(self, x: Real, y: Real) -> Real:
        """The sum of each model's squares: (N,) float64, zero where there is none to speak of.

        Parameters
        ----------
        x, y : (N,) float64 [px]
            Centre of each frame.

        Raises
        ------
        ValueError
            A frame leaves the object.
        """
        height, width = self._shape
        hold_inside(self._object_shape, x, y, self._shape)
        row, column = (y - height / 2).astype(np.intp), (x - width / 2).astype(np.intp)
        v, u = y - height / 2 - row, x - width / 2 - column
        left, right, top, bottom = 1 - u, u, 1 - v, v
        here, beside, below = (row, column), (row, column + 1), (row + 1, column)
        found: Real = (
            (left * top) ** 2 * self._own[here]
            + (right * top) ** 2 * self._own[beside]
            + (left * bottom) ** 2 * self._own[below]
            + (right * bottom) ** 2 * self._own[row + 1, column + 1]
            + 2 * left * right * (top**2 * self._right[here] + bottom**2 * self._right[below])
            + 2 * top * bottom * (left**2 * self._below[here] + right**2 * self._below[beside])
            + 2 * left * right * top * bottom * self._across[here]
        )
        found[found < self._least] = 0
        return found


def _products(first: NDArray[np.complex128], second: NDArray[np.complex128]) -> Real:
    """Real part of each pixel's product with the conjugate of another's."""
    found: Real = first.real * second.real
    found += first.imag * second.imag
    return found
