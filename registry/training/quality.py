"""How good a reconstruction is: against the frames, and against the object where it is known."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from registry.ptychography.forward import diffraction_amplitude, model_amplitude

Complex = NDArray[np.complexfloating]
Real = NDArray[np.float64]

# Part of the largest coverage from which on a pixel counts as scanned.
SCANNED = 0.05


@dataclass(frozen=True, kw_only=True, slots=True)
class Agreement:
    """Of a stitched reconstruction with the object, over the scanned area.

    amplitude_correlation : float
        Pearson correlation of the amplitudes.
    amplitude_ratio : float
        Mean amplitude of the reconstruction over that of the object.
    phase_error_rad : float
        Mean absolute phase difference, after removing the global phase.
    ring_correlation : list of float
        Fourier ring correlation by ring, from zero frequency to Nyquist.
    resolution_px : float or None
        Half period at which the ring correlation first falls below 1/2; None where it never does.
    """

    amplitude_correlation: float
    amplitude_ratio: float
    phase_error_rad: float
    ring_correlation: list[float]
    resolution_px: float | None


def compare(found: Complex, truth: Complex, scanned: NDArray[np.bool_]) -> Agreement:
    """Hold a reconstruction against the object.

    Parameters
    ----------
    found, truth : (Y, X) complex
    scanned : (Y, X) bool
        Where there is something to compare.
    """
    a, b = found[scanned].astype(np.complex128), truth[scanned].astype(np.complex128)
    overlap = np.vdot(b, a)
    turned = a * np.conj(overlap) / max(abs(overlap), np.finfo(float).tiny)
    rows, columns = np.nonzero(scanned)
    window = (
        slice(int(rows.min()), int(rows.max()) + 1),
        slice(int(columns.min()), int(columns.max()) + 1),
    )
    rings = ring_correlation(
        np.where(scanned, found, 0)[window], np.where(scanned, truth, 0)[window]
    )
    below = np.flatnonzero(rings < 0.5)
    return Agreement(
        amplitude_correlation=_correlation(np.abs(a), np.abs(b)),
        amplitude_ratio=float(np.abs(a).mean() / np.abs(b).mean()),
        phase_error_rad=float(np.abs(np.angle(turned * np.conj(b))).mean()),
        ring_correlation=[float(value) for value in rings],
        # ring k of n has spatial frequency k / (2 n) per pixel, so half a period is n / k pixels
        resolution_px=len(rings) / float(below[0]) if below.size and below[0] else None,
    )


def ring_correlation(a: Complex, b: Complex) -> Real:
    """Fourier ring correlation (Saxton and Baumeister, J. Microsc. 127, 127, 1982).

    Parameters
    ----------
    a, b : (Y, X) complex
        The smaller side gives the number of rings. The edges are tapered (Hann), because a window's
        rim would correlate with itself.

    Returns
    -------
    (n,) float64
        For rings of equal width from zero frequency to Nyquist; 0 where a ring has no power.
    """
    taper = np.outer(*(np.hanning(size + 2)[1:-1] for size in a.shape))
    fa, fb = (np.fft.fft2(image * taper) for image in (a, b))
    frequency = np.hypot(np.fft.fftfreq(a.shape[0])[:, None], np.fft.fftfreq(a.shape[1]))
    n = min(a.shape) // 2
    # rounded, so that each ring is centred on its frequency
    ring = np.rint(frequency * 2 * n).astype(int)
    inside = ring < n
    cross, power_a, power_b = (
        np.bincount(ring[inside], weights=values[inside], minlength=n)
        for values in ((fa * fb.conj()).real, np.abs(fa) ** 2, np.abs(fb) ** 2)
    )
    norm = np.sqrt(power_a * power_b)
    out: Real = np.divide(cross, norm, out=np.zeros(n), where=norm > 0)
    return out


def constant_object_error(frames: Real, probe: Complex) -> float:
    """Mean absolute amplitude error of the constant object that fits the frames best.

    Parameters
    ----------
    frames : (N, H, W) float
    probe : (H, W) complex
    """
    model = diffraction_amplitude(probe, np.ones((1, *probe.shape), np.complex128))[0]
    # sum |A - c m| is least at a weighted median of A/m, with weights m
    lit = model > 0
    ratio = (frames[:, lit] / model[lit]).ravel()
    weight = np.broadcast_to(model[lit], frames[:, lit].shape).ravel()
    order = np.argsort(ratio)
    below = np.cumsum(weight[order])
    level = ratio[order][np.searchsorted(below, below[-1] / 2)]
    return float(np.abs(frames - level * model).mean())


def r_factor(frames: Real, obj: Complex, probe: Complex, x: Real, y: Real) -> float:
    """R-factor sum |A - A_model| / sum A of frames against what a reconstruction predicts."""
    return float(np.abs(frames - model_amplitude(obj, probe, x, y)).sum() / frames.sum())


def _correlation(a: Real, b: Real) -> float:
    if not (a.std() > 0 and b.std() > 0):
        return 0.0
    return float(np.corrcoef(a, b)[0, 1])
