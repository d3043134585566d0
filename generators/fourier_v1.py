"""Discrete Fourier transforms of any size that give the same bits on every machine.

Sums over whole arrays, one term after the other, with only + - * / on float64. The roots of unity
are computed with decimal numbers of fifty digits and rounded once. Slow, and used a few times only:
for a stack of frames there is `exact_v1`.
"""

import decimal
import functools

import numpy as np

from generators import exact_v1 as exact

_PI = decimal.Decimal("3.14159265358979323846264338327950288419716939937510582097494459")
_DIGITS = 50


@functools.lru_cache(maxsize=8)
def roots(n: int) -> exact.Pair:
    """exp(-2*pi*i*k/n) for k in 0 .. n-1: two (n,) float64 arrays, rounded correctly."""
    re, im = np.empty(n), np.empty(n)
    with decimal.localcontext(decimal.Context(prec=_DIGITS)):
        for k in range(n):
            cosine, sine = _turn(k, n)
            re[k], im[k] = float(cosine), float(-sine)
    return re, im


def _turn(k: int, n: int) -> tuple[decimal.Decimal, decimal.Decimal]:
    """Cosine and sine of 2*pi*k/n, from an angle of at most 45 degrees."""
    quarter, rest = divmod(4 * k, n)
    mirrored = 2 * rest > n
    angle = _PI * (n - rest if mirrored else rest) / (2 * n)
    cosine, sine = _series(angle, 0), _series(angle, 1)
    if mirrored:
        cosine, sine = sine, cosine
    for _ in range(quarter):
        cosine, sine = -sine, cosine
    # no negative zero, whose sign would say nothing
    return cosine + 0, sine + 0


def _series(angle: decimal.Decimal, first: int) -> decimal.Decimal:
    """Taylor series of the cosine (first power 0) or of the sine (1)."""
    term = angle if first else decimal.Decimal(1)
    total, power, square = term, first, angle * angle
    while term and abs(term) > decimal.Decimal(1).scaleb(5 - _DIGITS):
        term = -term * square / ((power + 1) * (power + 2))
        total, power = total + term, power + 2
    return total


def resample(values: np.ndarray, window: tuple[int, int], wide: tuple[int, int]) -> np.ndarray:
    """An image at larger pixels, without the frequencies that those cannot hold.

    Cropping the far field of ``wide`` frequencies to ``window`` makes pixels larger by the factor
    wide / window. Element (0, 0) stays where it is.

    Parameters
    ----------
    values : (Y, X) complex
        The image, taken to be periodic.
    window, wide : (rows, columns)
        Each element of ``window`` is at most that of ``wide``.

    Returns
    -------
    (Y * window / wide, X * window / wide) complex128, rounded down
    """
    pair = exact.split(values)
    for axis in (0, 1):
        if window[axis] != wide[axis]:
            moved = tuple(np.ascontiguousarray(np.swapaxes(part, axis, 0)) for part in pair)
            pair = _resample_rows((moved[0], moved[1]), window[axis], wide[axis])
            pair = np.swapaxes(pair[0], axis, 0), np.swapaxes(pair[1], axis, 0)
    return exact.join((np.ascontiguousarray(pair[0]), np.ascontiguousarray(pair[1])))


def _resample_rows(pair: exact.Pair, window: int, wide: int) -> exact.Pair:
    size = pair[0].shape[0]
    count = size * window // wide
    # frequencies that the larger pixels hold: from -kept/2 up to but without +kept/2
    kept = count - count % 2
    frequencies = np.arange(-kept // 2, kept // 2)
    root = roots(size)
    spectrum = np.zeros((kept, pair[0].shape[1])), np.zeros((kept, pair[0].shape[1]))
    for row in range(size):
        angle = frequencies * row % size
        turn = root[0][angle][:, None], root[1][angle][:, None]
        term = exact.product(turn, (pair[0][row], pair[1][row]))
        spectrum = spectrum[0] + term[0], spectrum[1] + term[1]
    # row n of the result lies at row n * wide / window
    whole = size * window
    root = roots(whole)
    out = np.zeros((count, pair[0].shape[1])), np.zeros((count, pair[0].shape[1]))
    place = np.arange(count) * wide
    for n, frequency in enumerate(frequencies):
        angle = -int(frequency) * place % whole
        turn = root[0][angle][:, None], root[1][angle][:, None]
        term = exact.product(turn, (spectrum[0][n], spectrum[1][n]))
        out = out[0] + term[0], out[1] + term[1]
    return out[0] / float(size), out[1] / float(size)


def shift_far_field(values: np.ndarray, numerator: int, denominator: int) -> np.ndarray:
    """The image whose far field at frequency k is that of ``values`` at k + numerator/denominator.

    Parameters
    ----------
    values : (H, W) complex
    numerator, denominator : int
        The same shift along rows and columns, in elements of the far field.

    Returns
    -------
    (H, W) complex128
    """
    pair = exact.split(values)
    for axis in (0, 1):
        size = values.shape[axis]
        root = roots(size * denominator)
        angle = np.arange(size) * numerator % (size * denominator)
        turn = root[0][angle], root[1][angle]
        if axis == 0:
            turn = turn[0][:, None], turn[1][:, None]
        pair = exact.product(pair, turn)
    return exact.join(pair)
