"""How mistakes are planted: what becomes of frames, positions, probe and object.

A plant takes a fixture's arrays by name and gives those that it changes. `generators/defect_v1.py`
plants the same; it is frozen, and imports nothing of ours.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from registry import byte_order
from registry.ptychography.contracts import CONTRACTS
from registry.ptychography.stack import parts, power, stack

Arrays = Mapping[str, np.ndarray]
Plant = Callable[[Arrays], dict[str, np.ndarray]]

# What `background` adds to each pixel, as a part of the mean intensity of all.
_BACKGROUND = 0.01
# By how much `pixel_size` is wrong.
_PIXEL_SIZE = 1.01
_DEGREE = np.pi / 180
_ALIASES = {array.name: array.alias for array in CONTRACTS["data_001_v4"].arrays if array.alias}


def changing(needed: str, change: Plant, *, in_their_order: bool = True) -> Plant:
    """A plant that changes nothing where the arrays in question are absent or of other axes.

    What it changes stays in the byte order that it had, unless that is what is to be changed.
    """
    names = needed.split()

    def plant(arrays: Arrays) -> dict[str, np.ndarray]:
        if not all(_is_usual(name, arrays) for name in names):
            return {}
        changed = {name: np.ascontiguousarray(array) for name, array in change(arrays).items()}
        if in_their_order:
            changed = {
                name: byte_order.as_given(array, arrays[name]) for name, array in changed.items()
            }
        # an alias is the same array by another name, mistakes included
        for name, original in _ALIASES.items():
            if name in arrays and original in changed:
                changed[name] = changed[original]
        return changed

    return plant


def _is_usual(name: str, arrays: Arrays) -> bool:
    # a probe may have modes
    known, array = CONTRACTS["data_001_v2"][name], arrays.get(name)
    return (
        array is not None
        and array.ndim in known.numbers_of_axes
        and array.size > 0
        and array.dtype.kind == np.dtype(known.dtype).kind
    )


def frames(change: Callable[[np.ndarray], np.ndarray]) -> Plant:
    """Frames changed, all of them together."""
    return changing("diffraction", lambda arrays: {"diffraction": change(arrays["diffraction"])})


def one(name: str, change: Callable[[np.ndarray], np.ndarray]) -> Plant:
    """The array of that name changed."""
    return changing(name, lambda arrays: {name: change(arrays[name])})


def positions(change: Callable[[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]) -> Plant:
    """Both coordinates of all positions changed."""

    def moved(arrays: Arrays) -> dict[str, np.ndarray]:
        x, y = arrays["xcoords"], arrays["ycoords"]
        if x.shape != y.shape:
            return {}
        return dict(zip(("xcoords", "ycoords"), change(x, y), strict=True))

    return changing("xcoords ycoords", moved)


def shifted(x: float, y: float) -> Plant:
    """All positions moved by so many pixels."""
    return positions(lambda old_x, old_y: (old_x + x, old_y + y))


def reordered(order: Callable[[int], np.ndarray]) -> Plant:
    """Positions in another order, given as indices for their number."""

    def plant(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        chosen = order(x.size)
        return x[chosen], y[chosen]

    return positions(plant)


def shuffled(n: int) -> np.ndarray:
    """Indices of n positions in an order that is the same everywhere."""
    # raw PCG64 output is a stream that numpy guarantees
    return np.argsort(np.random.PCG64(n).random_raw(n), kind="stable")


def partly_rolled(n: int) -> np.ndarray:
    """Indices of n positions, of which 5 in 16 take each other's place: 20 of 64."""
    order, part = np.arange(n), slice(n // 12, n // 12 + n * 5 // 16)
    order[part] = np.roll(order[part], n // 8)
    return order


def neighbours_swapped(frames: np.ndarray) -> np.ndarray:
    """The two frames in the middle in each other's place."""
    order, middle = np.arange(len(frames)), len(frames) // 2
    order[middle - 1 : middle + 1] = order[middle - 1 : middle + 1][::-1]
    return frames[order]


def duplicated(frames: np.ndarray, factor: float = 1.0) -> np.ndarray:
    """One frame, times a factor, in place of another."""
    frames = frames.copy()
    frames[len(frames) // 6] = frames[len(frames) // 2] * frames.dtype.type(factor)
    return frames


def one_pixel(frames: np.ndarray, value: float) -> np.ndarray:
    """One pixel of one frame set to a value."""
    frames = frames.copy()
    n, height, width = frames.shape
    frames[min(3, n - 1), height // 3, width // 2] = value
    return frames


def byte_order_changed(arrays: Arrays) -> dict[str, np.ndarray]:
    """The same frames in the other byte order."""
    frames = arrays["diffraction"]
    return {"diffraction": frames.astype(frames.dtype.newbyteorder("S"))}


def unshifted(frames: np.ndarray) -> np.ndarray:
    """Zero frequency in the corner."""
    _, height, width = frames.shape
    return np.roll(frames, (-(height // 2), -(width // 2)), (1, 2))


def with_background(frames: np.ndarray) -> np.ndarray:
    """The same intensity added in every pixel."""
    added = _BACKGROUND * power(stack(frames)) / frames.size
    found = np.empty_like(frames)
    for part in parts(frames):
        found[part] = np.sqrt(np.square(frames[part], dtype=np.float64) + added)
    return found


def with_hot_pixel(frames: np.ndarray) -> np.ndarray:
    """One pixel, outside of the middle, as bright in each frame as the brightest of all."""
    frames = frames.copy()
    _, height, width = frames.shape
    frames[:, height // 8, width // 8] = frames.max()
    return frames


def one_outside(arrays: Arrays) -> dict[str, np.ndarray]:
    """One frame over the left edge of the object by 20 px."""
    x = arrays["xcoords"].copy()
    x[x.size // 12] = arrays["probeGuess"].shape[-1] / 2 - 20.0
    return {"xcoords": x}


def second_rows_off(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Every second row moved by 1 px in x; as many rows as the root of the number of positions."""
    rows, height = round(np.sqrt(x.size)), np.ptp(y)
    if height == 0:
        return x, y
    row = np.minimum((y - y.min()) / height * rows, rows - 1).astype(int)
    return x + row % 2, y


def every_second_off(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Every second frame moved by 0.3 px in x."""
    x = x.copy()
    x[1::2] += 0.3
    return x, y


def drifted(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Frames moved in x, by half a pixel less at the start to half a pixel more at the end."""
    # as much to either side: what all positions have in common no data can tell
    return x + np.linspace(-0.5, 0.5, x.size), y


def _centre(values: np.ndarray) -> float:
    return float(values.min() + values.max()) / 2


def enlarged(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Positions farther from the middle of the scan."""
    middle_x, middle_y = _centre(x), _centre(y)
    return middle_x + _PIXEL_SIZE * (x - middle_x), middle_y + _PIXEL_SIZE * (y - middle_y)


def turned(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Positions turned by one degree about the middle of the scan."""
    middle_x, middle_y = _centre(x), _centre(y)
    cos, sin, u, v = np.cos(_DEGREE), np.sin(_DEGREE), x - middle_x, y - middle_y
    return middle_x + cos * u - sin * v, middle_y + sin * u + cos * v


def other_probe(probe: np.ndarray) -> np.ndarray:
    """Focus of a round pupil with a little defocus, in place of the probe, and of its power."""
    height, width = probe.shape[-2:]
    v = (np.arange(height)[:, None] - height / 2) / (height / 7)
    u = (np.arange(width)[None, :] - width / 2) / (width / 7)
    square = u * u + v * v
    pupil = np.where(square <= 1.0, np.exp(4j * np.arctan(0.5 * square)), 0.0)
    # a half-window shift on either side of the transform keeps the focus in the middle
    other = np.fft.fftshift(np.fft.fft2(np.fft.ifftshift(pupil)))
    power = (np.abs(probe.astype(np.complex128)) ** 2).sum() / (np.abs(other) ** 2).sum()
    found: np.ndarray = (other * np.sqrt(power)).astype(probe.dtype)
    return found if probe.ndim == 2 else found[None]


def defocused(probe: np.ndarray) -> np.ndarray:
    """A quarter of a wave of defocus at the edge of a disc as wide as the probe's pupil.

    Of a filled disc the mean square radius is half of its edge's.
    """
    spectrum = np.fft.fft2(probe.astype(np.complex128))
    height, width = probe.shape[-2:]
    square = np.fft.fftfreq(height)[:, None] ** 2 + np.fft.fftfreq(width)[None, :] ** 2
    intensity = np.abs(spectrum) ** 2
    moment = (square * intensity).sum()
    if not moment > 0:
        return probe
    edge = 2 * moment / intensity.sum()
    found: np.ndarray = np.fft.ifft2(spectrum * np.exp(0.5j * np.pi * square / edge))
    return found.astype(probe.dtype)
