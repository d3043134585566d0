"""Arithmetic that gives the same bits on every machine.

Only operations that IEEE 754 rounds correctly are used: + - * / sqrt on real float64 arrays, one at
a time. Complex numbers are pairs of real arrays, because numpy's complex product may fuse a
multiplication with an addition where the CPU can. exp, sin, cos, arctan, power, matrix products and
library FFTs are avoided: each was seen to differ by CPU feature, C library or numpy version.
"""

import numpy as np

Pair = tuple[np.ndarray, np.ndarray]


def product(a: Pair, b: Pair) -> Pair:
    """Complex product of two (real, imaginary) pairs of float64 arrays, element by element."""
    return a[0] * b[0] - a[1] * b[1], a[0] * b[1] + a[1] * b[0]


def split(values: np.ndarray) -> Pair:
    """Real and imaginary part of a complex array, each float64 and contiguous."""
    return (
        np.ascontiguousarray(values.real, dtype=np.float64),
        np.ascontiguousarray(values.imag, dtype=np.float64),
    )


def join(pair: Pair) -> np.ndarray:
    """complex128 array with the given real and imaginary part."""
    out = np.empty(pair[0].shape, np.complex128)
    out.real, out.imag = pair
    return out


def unit_phase(half_tangent: np.ndarray) -> Pair:
    """exp(i*phi) for phi = 2*arctan(half_tangent), by the Cayley transform (1 + it)/(1 - it)."""
    square = half_tangent * half_tangent
    scale = 1.0 / (1.0 + square)
    return (1.0 - square) * scale, (half_tangent + half_tangent) * scale


def power_of_two_spokes(x: np.ndarray, y: np.ndarray, doublings: int) -> np.ndarray:
    """sin(2**doublings * theta) of the polar angle theta of (x, y), by repeated squaring.

    No point may lie on the origin.
    """
    radius = np.sqrt(x * x + y * y)
    z: Pair = (x / radius, y / radius)
    for _ in range(doublings):
        z = product(z, z)
    return z[1]


def roots_of_unity(n: int) -> Pair:
    """exp(-2*pi*i*k/n) for k in 0 .. n-1, n a power of two of at least 4, by bisecting angles."""
    re, im = np.array([1.0, 0.0, -1.0, 0.0]), np.array([0.0, -1.0, 0.0, 1.0])
    while re.size < n:
        mid_re, mid_im = re + np.roll(re, -1), im + np.roll(im, -1)
        length = np.sqrt(mid_re * mid_re + mid_im * mid_im)
        re = np.stack([re, mid_re / length], axis=1).reshape(-1)
        im = np.stack([im, mid_im / length], axis=1).reshape(-1)
    return re, im


def _fft_last_axis(values: Pair) -> Pair:
    """Discrete Fourier transform over the last axis: Stockham, radix 2, by frequency."""
    shape = values[0].shape
    n = shape[-1]
    root_re, root_im = roots_of_unity(n)
    half, stride = n // 2, 1
    re, im = values
    while half >= 1:
        re, im = re.reshape(-1, 2, half, stride), im.reshape(-1, 2, half, stride)
        # the twiddle of index j is exp(-2*pi*i*j/(2*half)); stride = n/(2*half)
        w_re, w_im = root_re[: n // 2 : stride, None], root_im[: n // 2 : stride, None]
        out_re = np.empty((re.shape[0], half, 2, stride))
        out_im = np.empty_like(out_re)
        out_re[:, :, 0], out_im[:, :, 0] = re[:, 0] + re[:, 1], im[:, 0] + im[:, 1]
        difference = re[:, 0] - re[:, 1], im[:, 0] - im[:, 1]
        out_re[:, :, 1], out_im[:, :, 1] = product(difference, (w_re, w_im))
        re, im = out_re, out_im
        half, stride = half // 2, stride * 2
    return re.reshape(shape), im.reshape(shape)


def centred_fft2(values: Pair) -> Pair:
    """fftshift(fft2(values)) over the last two axes; both must be powers of two of at least 4."""
    for axis in (-1, -2):
        size = values[0].shape[axis]
        if size < 4 or size & (size - 1):
            raise ValueError(f"axis {axis} has {size} elements, not a power of two of at least 4")
        moved = tuple(np.ascontiguousarray(np.swapaxes(part, axis, -1)) for part in values)
        re, im = _fft_last_axis((moved[0], moved[1]))
        shift = size // 2
        values = (
            np.swapaxes(np.roll(re, shift, axis=-1), axis, -1),
            np.swapaxes(np.roll(im, shift, axis=-1), axis, -1),
        )
    return values


def patches(image: np.ndarray, x: np.ndarray, y: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """Patches of a real image, sub-pixel by bilinear interpolation.

    Parameters
    ----------
    image : (Y, X) float64
    x, y : (N,) float64 [px]
        Centre of each patch: x is the column, y the row. Element (0, 0) of patch n lies at row
        ``y[n] - H/2`` and column ``x[n] - W/2``.
    shape : (H, W)

    Returns
    -------
    (N, H, W) float64

    Raises
    ------
    ValueError
        A patch leaves the image.
    """
    height, width = shape
    top, left = y - height / 2, x - width / 2
    row, column = np.floor(top).astype(np.int64), np.floor(left).astype(np.int64)
    f_row, f_column = (top - row)[:, None, None], (left - column)[:, None, None]
    # one more row and column than the patch, except where no fraction needs it
    last_row = row + height - (f_row[:, 0, 0] == 0)
    last_column = column + width - (f_column[:, 0, 0] == 0)
    inside = (row >= 0) & (column >= 0)
    inside &= (last_row < image.shape[0]) & (last_column < image.shape[1])
    if not inside.all():
        n = int(np.flatnonzero(~inside)[0])
        raise ValueError(
            f"patch {n} at x = {x[n]:.3f}, y = {y[n]:.3f} leaves the image of "
            f"{image.shape[0]} rows and {image.shape[1]} columns"
        )
    padded = np.zeros((image.shape[0] + 1, image.shape[1] + 1))
    padded[:-1, :-1] = image
    windows = np.lib.stride_tricks.sliding_window_view(padded, (height + 1, width + 1))
    w = windows[row, column]
    upper = (1.0 - f_column) * w[:, :-1, :-1] + f_column * w[:, :-1, 1:]
    lower = (1.0 - f_column) * w[:, 1:, :-1] + f_column * w[:, 1:, 1:]
    patch: np.ndarray = (1.0 - f_row) * upper + f_row * lower
    return patch


def uniform(seed: int, shape: tuple[int, ...]) -> np.ndarray:
    """float64 in [0, 1) from the raw 64-bit output of PCG64, a stream that numpy guarantees."""
    count = 1
    for size in shape:
        count *= size
    raw = np.random.PCG64(seed).random_raw(count)
    values: np.ndarray = (raw >> np.uint64(11)) * 2.0**-53
    return values.reshape(shape)
