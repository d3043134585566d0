"""A scan as its file holds it, turned into what fixtures are cut from, by what is declared of it.

Nothing is guessed: what differs between the tools that write scans, and what no file says, is
declared. Frames are converted by `detector_v1` as they are asked for, for they may be far larger
than memory. All arithmetic is that of `exact_v1`.
"""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from generators import detector_v1, epie_v1, fourier_v1, pixels_v1, positions_v1
from generators import exact_v1 as exact
from generators import sums_v1 as sums
from generators.detector_v1 import SIZE

# So far from the edges of an object that is made here that no position which the checks try,
# up to 8 px off, leaves it.
MARGIN = 9
SMALLEST_OBJECT = 128
# Amplitudes of the data contract stay below this.
LIMIT = 10.0
# Positions are suspect where frames fit models of their own by no more than this part better than
# those of others.
SUSPECT = 0.75
# Steps of a reconstruction after which a right convention is told from a wrong one.
TELLING = 128
# Fewer frames than that make no fixture.
FEWEST = 16
# Pixels of the frames that are transformed together, and of those that are looked at together.
CHUNK, PART = 1 << 17, 1 << 23
# Of more frames than that, a part has to do for what would need all of them in memory.
LARGE = 2048

Positions = tuple[np.ndarray, np.ndarray]
Move = Callable[[Positions], Positions]


def generate(
    params: Mapping[str, Any], scan: Any
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Turn a scan into a source.

    Parameters
    ----------
    params : mapping
        What is declared of it; docs/bring-your-own-scan.md has each key.
    scan : ScanFile
        The open file.

    Returns
    -------
    arrays : dict
        ``diffraction`` (N, H, W) float64 amplitude, read from the file as it is asked for
        (`detector_v1.Amplitudes`); ``objectGuess`` (Y, X) and ``probeGuess`` (H, W), or (P, H, W)
        with ``modes: all``, complex128; ``xcoords``, ``ycoords`` and, as the file has them,
        their ``_start`` (N,) float64 [px], centre of frame n on the object; ``scan_index`` (N,)
        int64. Of a measured scan also ``sample_indices`` (K,) int64, the frames by which outliers
        are judged. Where ``frames`` are declared N are those, and ``scan_xcoords`` and
        ``scan_ycoords`` (M,) float64 [px] are the positions of all that the file has.
    record : dict
        ``layout``, ``measurement``, ``noise``, ``photon_scale``, ``physics`` and
        ``transformations``, a list of sentences.

    Raises
    ------
    ValueError
        The file lacks what is needed, or is not what is declared; the message says what.
    """
    for name, array in (
        ("diffraction", scan.frames),
        ("probeGuess", scan.probe),
        ("xcoords, ycoords", scan.x if scan.y is not None else None),
    ):
        if array is None:
            raise ValueError(f"{name}: expected in the file, found none; name where it is: {name}")
    total = scan.x.size
    if scan.frames.shape[0] != total:
        raise ValueError(f"expected as many frames as positions, found {scan.frames.shape[0]} "
                         f"frames and {total} positions")
    if total < FEWEST:
        raise ValueError(f"diffraction: expected at least {FEWEST} frames, the fewest that make a "
                         f"fixture, found {total}; take a longer scan")
    steps = [f"{name}: from {place}" for name, place in scan.provenance.items()]
    read, found = _read(params, total)
    steps += found
    count = read.size
    if "sample" not in params and count > LARGE:
        raise ValueError(f"sample: expected how many frames to judge {count} by, found none "
                         f"declared; up to {LARGE} all are")
    wanted = int(params.get("sample", count))
    if wanted > count or wanted < FEWEST:
        raise ValueError(f"sample: expected {FEWEST} to {count}, as many as frames, found {wanted}")
    sample_indices = _evenly(wanted, count)
    sample = read[sample_indices]
    all_of = "all frames" if count == total else f"all {count} frames that were read"
    of = all_of if wanted == count else f"{wanted} evenly spaced frames"

    detector = _detector(params, scan)
    _check_probe(scan)
    if params["measurement"] == "intensity" and params["noise"] != "none":
        pixels_v1.judge_pixels(scan, sample)
    kept = detector_v1.judge_zero_frequency(scan, sample, detector)
    frames = detector_v1.Amplitudes(scan, detector)
    steps += _frame_steps(scan, frames, detector, kept)
    seen = _seen(frames, sample)
    _check_limit(seen, detector)

    window = detector["size"] * detector["bin"]
    probe, wide, found = probe_modes(params, scan.probe, window)
    steps += found
    to_pixels, found = positions_in_pixels(params, scan, wide, window)
    steps += found
    positions = to_pixels((scan.x, scan.y))
    positions_v1.judge_overlap(positions, detector["size"])
    if params["object"] == "file":
        obj, found = object_of_file(scan, wide, window)
        move, moved = origin_in_file(params, scan, obj, to_pixels)
        steps += found + moved
        x, y = move(positions)
        probe, found = _probe_scale(params, obj, probe, (x[sample], y[sample]), seen, of)
    else:
        obj, probe, move, found = _made(params, positions, probe, (seen, sample), frames.measured)
        x, y = move(positions)
    steps += found
    checked = params["object"] != "ones"

    arrays: dict[str, Any] = {
        "diffraction": frames if count == total else Some(frames, read),
        "objectGuess": obj,
        "probeGuess": probe if params.get("modes") == "all" else probe[0],
        "xcoords": x[read],
        "ycoords": y[read],
    }
    if scan.x_start is not None and scan.y_start is not None:
        start = move(to_pixels((scan.x_start, scan.y_start)))
        arrays["xcoords_start"], arrays["ycoords_start"] = start[0][read], start[1][read]
    if scan.scan_index is not None:
        arrays["scan_index"] = scan.scan_index[read].astype(np.int64)
    if count < total:
        arrays["scan_xcoords"], arrays["scan_ycoords"] = x, y
    if checked and params["noise"] == "measured":
        arrays["sample_indices"] = sample_indices.astype(np.int64)
        steps.append(f"outliers are judged by the relative errors of {of}")
    return arrays, {
        "layout": "canonical",
        "measurement": "amplitude",
        "noise": params["noise"],
        "photon_scale": _photon_scale(params, scan),
        "physics": "checked" if checked else "not checked",
        "transformations": steps,
    }


def provenance(params: Mapping[str, Any], scan: Any) -> list[str]:
    """Where in the file arrays and figures come from that are used, as sentences."""
    unused = {name for name in ("wavelength_m", "distance_m", "detector_pixel_m") if name in params}
    if scan.position_unit != "m":
        unused |= {"wavelength_m", "distance_m", "detector_pixel_m", "object_pixel_m"}
    if params.get("object", "file") != "file":
        unused |= {"objectGuess", "object_pixel_m"}
    if params.get("origin") != "file":
        unused.add("object_center_m")
    if "measurement" not in params:
        # nobody looks at the frames
        unused |= {"diffraction", "mask", "dark"}
    return [f"{name}: from {place}" for name, place in scan.provenance.items()
            if name not in unused]

# Frames


class Some:
    """Some of the frames of a scan, by their indices: what is written in place of all of them."""

    def __init__(self, frames: detector_v1.Amplitudes, indices: np.ndarray) -> None:
        self._frames, self._indices = frames, indices
        self.shape = (indices.size, *frames.shape[1:])
        self.ndim, self.dtype = frames.ndim, frames.dtype

    def __getitem__(self, rows: Any) -> np.ndarray:
        """Frames (n, H, W) float64 of a slice, or at a list of indices, in its order."""
        return self._frames[self._indices[rows]]


def _evenly(count: int, total: int) -> np.ndarray:
    """So many indices, from the first to the last of a total."""
    return np.arange(count) * (total - 1) // max(1, count - 1)


def _read(params: Mapping[str, Any], total: int) -> tuple[np.ndarray, list[str]]:
    """Indices of the frames that are read of the file, and what the others are not."""
    count, row = int(params.get("frames", total)), int(params.get("in_a_row", 1))
    if count > total or count < FEWEST:
        raise ValueError(f"frames: expected {FEWEST} to {total}, as many as the file has, found "
                         f"{count}")
    if count == total:
        return np.arange(total), []
    if count % row:
        raise ValueError(f"in_a_row: expected a divisor of frames, {count}, found {row}")
    rows = count // row
    starts = _evenly(rows, total - row + 1)
    return (starts[:, None] + np.arange(row)).ravel(), [
        f"every per-position array: {count} of {total} positions, {rows} evenly spaced times {row} "
        f"in a row, of which row n starts at the file's n * {total - row} // {max(1, rows - 1)}; "
        "of the other frames nothing is known"
    ]


def _detector(params: Mapping[str, Any], scan: Any) -> dict[str, Any]:
    """What `detector_v1` is to be told."""
    bins, size = int(params.get("bin", 1)), int(params.get("size", SIZE))
    window = size * bins
    rows, columns = scan.frames.shape[1:]
    if min(rows, columns) < size:
        raise ValueError(f"diffraction: expected frames of at least {size} x {size}, found "
                         f"{rows} x {columns}")
    if size & (size - 1) and (params["object"] == "reconstruct"
                              or params.get("probe_scale") == "frames"):
        raise ValueError("size: expected a power of two with object: reconstruct or probe_scale: "
                         f"frames, found {size}")
    crop = params.get("crop")
    if crop is None and (rows, columns) != (window, window):
        raise ValueError(
            f"crop: expected a declared window, because frames are {rows} x {columns} and a "
            f"fixture's are {size} x {size}: crop: {size} keeps the field of view and makes object "
            f"pixels larger; crop: {2 * size} with bin: 2 keeps more frequencies and halves the "
            "field of view"
        )
    if crop is not None and int(crop) != window:
        raise ValueError(f"crop: expected {size} times bin, so {window}, found {crop}")
    if params["measurement"] == "amplitude" and scan.dark is not None:
        raise ValueError("dark: expected none with measurement: amplitude, found one in the file")
    if (params["measurement"] == "intensity") != ("normalisation" in params):
        raise ValueError(
            "normalisation: expected with measurement: intensity, as counts per unit of amplitude "
            f"squared, and not with amplitude; found {params.get('normalisation')} with "
            f"measurement: {params['measurement']}"
        )
    keys = ("zero_frequency", "zero_row", "zero_column", "measurement", "normalisation")
    return {"bin": bins, "size": size, **{key: params[key] for key in keys if key in params}}


def _frame_steps(
    scan: Any, frames: detector_v1.Amplitudes, detector: Mapping[str, Any], kept: str
) -> list[str]:
    rows, columns = scan.frames.shape[1:]
    window, bins = detector["size"] * detector["bin"], detector["bin"]
    steps = []
    if detector["zero_frequency"] == "corner":
        steps.append("diffraction: zero frequency from the corner to the centre")
    if (rows, columns) != (window, window):
        steps.append(
            f"diffraction: {window} x {window} of {rows} x {columns} pixels about the zero "
            f"frequency, {kept}"
        )
    dead = int(frames.measured.size - np.count_nonzero(frames.measured))
    if scan.mask is not None:
        masked = int(np.count_nonzero(~scan.mask))
        steps.append(f"diffraction: {masked} masked pixels of the detector left out; {dead} pixels "
                     "hold zero")
    if scan.dark is not None:
        steps.append("diffraction: dark counts subtracted, what is then below zero set to zero")
    if bins > 1:
        steps.append(f"diffraction: bins of {bins} x {bins} pixels summed")
    if detector["measurement"] == "intensity":
        scale = detector["normalisation"]
        steps.append(f"diffraction: amplitude = sqrt(counts / {scale:.12g})")
    return steps


def _seen(frames: detector_v1.Amplitudes, sample: np.ndarray) -> np.ndarray:
    """Frames (K, H, W) of a sample, in single precision where there are many pixels."""
    _, rows, columns = frames.shape
    seen = np.empty((sample.size, rows, columns), "<f8" if sample.size * rows * columns <= PART
                    else "<f4")  # fmt: skip
    for part in _parts(seen, np.arange(sample.size)):
        seen[part] = frames[sample[part]]
    return seen


def _parts(seen: np.ndarray, chosen: np.ndarray) -> list[np.ndarray]:
    """Indices of some frames, so many at a time that memory holds what is computed of them."""
    step = max(1, PART // (seen.shape[1] * seen.shape[2]))
    return [chosen[start : start + step] for start in range(0, chosen.size, step)]


def _check_limit(seen: np.ndarray, detector: Mapping[str, Any]) -> None:
    largest = float(seen.max())
    if largest < LIMIT:
        return
    if detector["measurement"] == "amplitude":
        raise ValueError(f"diffraction: expected amplitudes below {LIMIT:g}, found {largest:g}; "
                         "are they intensities? declare measurement")
    counts = largest * largest * float(detector["normalisation"])
    least = counts / (LIMIT * LIMIT)
    raise ValueError(
        f"normalisation: expected more than {least:.6g}, so that amplitudes stay below {LIMIT:g}, "
        f"found {detector['normalisation']:g}: the largest pixel has {counts:g} counts"
    )


def _photon_scale(params: Mapping[str, Any], scan: Any) -> float | None:
    if params["noise"] != "poisson":
        return None
    if params["measurement"] == "intensity":
        if scan.dark is not None:
            raise ValueError("noise: expected measured where a dark is subtracted, found poisson")
        return float(params["normalisation"])
    if params.get("photon_scale") is None:
        raise ValueError("photon_scale: expected with noise: poisson and measurement: amplitude")
    return float(params["photon_scale"])

# Probe


def _check_probe(scan: Any) -> None:
    """Refuse a probe whose frames would be larger than those that there are."""
    (rows, columns), (height, width) = scan.probe.shape[-2:], scan.frames.shape[1:]
    if rows > height or columns > width:
        raise ValueError(
            f"probeGuess: expected at most as many pixels as a frame has, {height} x {width}, "
            f"found {rows} x {columns}. Were frames cropped, crop the probe's far field; were they "
            "binned, or the probe padded, take the middle of the probe"
        )


def probe_modes(
    params: Mapping[str, Any], modes: np.ndarray, window: int
) -> tuple[np.ndarray, tuple[int, int], list[str]]:
    """Modes (P, H, W), how many object pixels span the file's far field, and what was done."""
    steps, size = [], int(params.get("size", SIZE))
    re, im = exact.split(modes)
    power = np.array([sums.total(mode) for mode in re * re + im * im])
    if params.get("modes") == "all":
        steps.append(f"probeGuess: all {len(modes)} modes")
    elif len(modes) > 1:
        strongest = int(np.argmax(power))
        share = float(power[strongest]) / sums.total(power)
        modes = modes[strongest : strongest + 1]
        steps.append(f"probeGuess: mode {strongest} of {len(power)}, which has {share:.1%} of the "
                     "power")
    rows, columns = modes.shape[1:]
    if (rows, columns) == (size, size):
        # already where the fixture's frames are
        return modes.astype(np.complex128), (window, window), steps
    if rows < window or columns < window:
        raise ValueError(
            f"probeGuess: expected {size} x {size}, the fixture's own, or at least the "
            f"{window} x {window} that are cropped, found {rows} x {columns}"
        )
    if (rows, columns) != (window, window):
        modes = np.stack([
            fourier_v1.resample(mode, (window, window), (rows, columns)) for mode in modes
        ])
        # the far field keeps its amplitude in fewer pixels
        factor = np.sqrt(float(rows * columns)) / float(window)
        modes = exact.join(tuple(part * factor for part in exact.split(modes)))
        steps.append(
            f"probeGuess: far field cropped as the frames, from {rows} x {columns} to "
            f"{window} x {window}"
        )
    if window != size:
        start = (window - size) // 2
        bins = window // size
        modes = modes[:, start : start + size, start : start + size]
        # the sum of b pixels lies (b - 1) / 2 of them after the first
        modes = np.stack([
            fourier_v1.shift_far_field(mode, bins - 1, 2 * bins) for mode in modes
        ])
        steps.append(
            f"probeGuess: the middle {size} x {size}, because bins of {bins} see a field of view "
            f"{bins} times smaller; turned by {bins - 1}/{2 * bins} of a pixel of the far field, "
            "where the middle of a bin lies"
        )
    return modes.astype(np.complex128), (int(rows), int(columns)), steps


def _probe_scale(
    params: Mapping[str, Any],
    obj: np.ndarray,
    probe: np.ndarray,
    positions: Positions,
    seen: np.ndarray,
    of: str,
) -> tuple[np.ndarray, list[str]]:
    inside = _inside(obj.shape, *positions, probe.shape[-1])
    if np.count_nonzero(inside) < FEWEST:
        rows, columns = obj.shape
        raise ValueError(
            f"expected frames within the object of {rows} x {columns}, found "
            f"{np.count_nonzero(inside)} of {inside.size} of those looked at: x from "
            f"{positions[0].min():.1f} to {positions[0].max():.1f}, y from "
            f"{positions[1].min():.1f} to {positions[1].max():.1f}; are sign, axes, unit and "
            "origin right?"
        )
    if params.get("probe_scale") != "frames":
        return probe, []
    power = own = 0.0
    for part in _parts(seen, np.flatnonzero(inside)):
        model = _amplitudes(obj, probe, positions[0][part], positions[1][part])
        some = seen[part].astype(np.float64)
        power, own = power + sums.total(some * some), own + sums.total(model * model)
    if not (power > 0 and own > 0):
        raise ValueError("probe_scale: expected light in frames and model, found none")
    factor = np.sqrt(power / own)
    scaled = exact.join(tuple(part * factor for part in exact.split(probe)))
    return scaled, [
        f"probeGuess: scaled so that frames and models have the same power in {of}"
    ]

# Positions


def positions_in_pixels(
    params: Mapping[str, Any], scan: Any, wide: tuple[int, int], window: int
) -> tuple[Move, list[str]]:
    """What turns positions of the file into pixels of the object, but for the origin."""
    steps = []
    if scan.position_unit == "m":
        pixel, how = _pixel_m(params, scan, wide, window)
        scale = 1.0 / pixel[1], 1.0 / pixel[0]
        steps.append(
            f"xcoords, ycoords: from metres to object pixels of {pixel[1]:.6g} m x {pixel[0]:.6g} "
            f"m, {how}"
        )
    else:
        scale = window / wide[1], window / wide[0]
        if wide != (window, window):
            steps.append(f"xcoords, ycoords: times {scale[0]:.6g} and {scale[1]:.6g}, because "
                         "object pixels are as much larger")
    swap = bool(params.get("swap_axes"))
    if swap:
        steps.append("xcoords, ycoords: swapped")
    names = ("map_xx", "map_xy", "map_x0", "map_yx", "map_yy", "map_y0")
    affine = [float(params[name]) for name in names if name in params]
    if affine:
        if len(affine) != len(names) or swap or "x_sign" in params or "y_sign" in params:
            raise ValueError(f"expected {', '.join(names)} all together, without signs and swap")
        xx, xy, x0, yx, yy, y0 = affine
        steps.append(
            f"xcoords, ycoords: x = {xx:g} x + {xy:g} y + {x0:g}, y = {yx:g} x + {yy:g} y + {y0:g}"
        )
    else:
        if "x_sign" not in params or "y_sign" not in params:
            raise ValueError("x_sign, y_sign: expected 1 or -1 each, or a map, found none")
        xx, yy = float(params["x_sign"]), float(params["y_sign"])
        xy, x0, yx, y0 = 0.0, 0.0, 0.0, 0.0
        for name, sign in (("xcoords", xx), ("ycoords", yy)):
            if sign < 0:
                steps.append(f"{name}: sign inverted")

    def convert(positions: Positions) -> Positions:
        x, y = positions[::-1] if swap else positions
        # what is too large for a number spans too much, which is said
        with np.errstate(over="ignore", invalid="ignore"):
            x, y = x.astype(np.float64) * scale[0], y.astype(np.float64) * scale[1]
            return (xx * x + xy * y) + x0, (yx * x + yy * y) + y0

    raw = scan.x, scan.y
    steps += positions_v1.judge_rounding(raw, scan.position_unit, convert)
    positions_v1.judge_extent(convert(raw), int(params.get("size", SIZE)))
    return convert, steps


def _pixel_m(
    params: Mapping[str, Any], scan: Any, wide: tuple[int, int], window: int
) -> tuple[tuple[float, float], str]:
    """Rows and columns of an object pixel in metres, and how they are known."""
    if scan.object_pixel_m is not None and params.get("object", "file") == "file":
        row, column = scan.object_pixel_m
        return (row * wide[0] / window, column * wide[1] / window), "as the file says of its object"
    declared = params.get("detector_pixel_m")
    pixel = scan.detector_pixel_m if declared is None else (float(declared), float(declared))
    wavelength = params.get("wavelength_m", scan.wavelength_m)
    distance = params.get("distance_m", scan.distance_m)
    for name, value in (
        ("wavelength_m", wavelength), ("distance_m", distance), ("detector_pixel_m", pixel)
    ):
        if value is None:
            raise ValueError(f"{name}: expected in the file or declared, because positions are in "
                             "metres, found neither")
    assert pixel is not None
    reach = float(wavelength) * float(distance)
    return (reach / (window * float(pixel[0])), reach / (window * float(pixel[1]))), (
        f"wavelength * distance / ({window} * pixel of the detector)"
    )


def _inside(shape: tuple[int, ...], x: np.ndarray, y: np.ndarray, size: int) -> np.ndarray:
    half = size / 2
    inside: np.ndarray = (y >= half) & (y + half <= shape[0])
    return inside & (x >= half) & (x + half <= shape[1])

# Object


def _made(
    params: Mapping[str, Any],
    positions: Positions,
    probe: np.ndarray,
    sample: tuple[np.ndarray, np.ndarray],
    measured: np.ndarray,
) -> tuple[np.ndarray, np.ndarray, Move, list[str]]:
    """Object made here, probe, what moves positions to its origin, and what was done."""
    kind = params["object"]
    if "origin" in params or "probe_scale" in params:
        raise ValueError(
            f"origin, probe_scale: expected with object: file only, found with object: {kind}"
        )
    low, size = (float(positions[0].min()), float(positions[1].min())), probe.shape[-1]
    edge = size / 2 + MARGIN

    def move(unmoved: Positions) -> Positions:
        return (unmoved[0] - low[0]) + edge, (unmoved[1] - low[1]) + edge

    x, y = move(positions)
    shape = (_extent(y, size), _extent(x, size))
    steps = [
        f"xcoords, ycoords: moved by {edge - low[0]:.6f} and {edge - low[1]:.6f} px, so that every "
        f"frame lies {MARGIN} px inside an object of {shape[0]} x {shape[1]}"
    ]
    if kind == "ones":
        steps.append("objectGuess: ones; the physics cannot be checked")
        return np.ones(shape, np.complex128), probe, move, steps
    seen, chosen = sample
    sweeps = int(params.get("sweeps", 3))
    x, y = x[chosen], y[chosen]
    obj, fitted = epie_v1.reconstruct(seen, x, y, probe, shape, sweeps, measured)
    own, permuted = _r_factors(obj, fitted, x, y, seen)
    if own > SUSPECT * permuted:
        _name_the_convention(params, (x, y), probe, seen, measured, (own, permuted))
    steps.append(
        f"objectGuess, probeGuess: reconstructed by {sweeps} sweeps of ePIE over {chosen.size} "
        f"frames, from ones and the given probe; R-factor {own:.3f}, {permuted:.3f} with frames "
        "permuted"
    )
    return obj, fitted, move, steps


def _extent(values: np.ndarray, size: int) -> int:
    return max(SMALLEST_OBJECT, int(np.ceil(values.max() + size / 2)) + MARGIN)


def object_of_file(
    scan: Any, wide: tuple[int, int], window: int
) -> tuple[np.ndarray, list[str]]:
    """The file's object (Y, X) complex128 in pixels of the fixture, and what was done."""
    if scan.obj is None:
        raise ValueError("objectGuess: expected in the file, found none; declare object: "
                         "reconstruct, or object: ones and no check of the physics")
    if wide == (window, window):
        return scan.obj.astype(np.complex128), []
    obj = fourier_v1.resample(scan.obj, (window, window), wide)
    return obj, [f"objectGuess: resampled to pixels {wide[1] / window:.6g} and "
                 f"{wide[0] / window:.6g} times as large, from {scan.obj.shape[0]} x "
                 f"{scan.obj.shape[1]} to {obj.shape[0]} x {obj.shape[1]}"]


def origin_in_file(
    params: Mapping[str, Any], scan: Any, obj: np.ndarray, to_pixels: Move
) -> tuple[Move, list[str]]:
    """What moves positions in pixels to the origin of the file's object, and what was done."""
    origin = params.get("origin")
    if origin == "corner":
        return lambda positions: positions, []
    if origin == "middle":
        x, y = to_pixels((scan.x, scan.y))
        middle = (x.min() + x.max()) / 2, (y.min() + y.max()) / 2
        said = "the middle of their range is that of the object"
    elif origin == "file":
        if scan.object_center_m is None:
            raise ValueError("origin: expected corner or middle, because the file does not say "
                             "where the object's middle is, found file")
        row, column = scan.object_center_m
        x, y = to_pixels((np.array([column]), np.array([row])))
        middle = x[0], y[0]
        said = "the position that the file says to be the object's middle is there"
    else:
        raise ValueError("origin: expected corner (positions count from the object's first pixel), "
                         "middle (the middle of their range is that of the object), or file, "
                         f"found {origin}")
    shift = obj.shape[1] / 2 - float(middle[0]), obj.shape[0] / 2 - float(middle[1])

    def move(positions: Positions) -> Positions:
        return positions[0] + shift[0], positions[1] + shift[1]

    moved = f"xcoords, ycoords: moved by {shift[0]:.6f} and {shift[1]:.6f} px, so that {said}"
    return move, [moved]


def _r_factors(
    obj: np.ndarray, probe: np.ndarray, x: np.ndarray, y: np.ndarray, seen: np.ndarray
) -> tuple[float, float]:
    """R-factor: sum of all deviations from the model over that of all amplitudes.

    And the same with each frame moved to the next position.
    """
    whole = own = permuted = 0.0
    for part in _parts(seen, np.arange(x.size)):
        model, some = _amplitudes(obj, probe, x[part], y[part]), seen[part].astype(np.float64)
        whole, own = whole + sums.total(some), own + sums.total(np.abs(some - model))
        permuted += sums.total(np.abs(seen[part - 1] - model))
    return own / whole, permuted / whole


def _name_the_convention(
    params: Mapping[str, Any],
    positions: Positions,
    probe: np.ndarray,
    seen: np.ndarray,
    measured: np.ndarray,
    found: tuple[float, float],
) -> None:
    """Refuse positions that fit better with other signs or swapped axes, and say with which."""
    best, name = found[0], ""
    # of few frames each has to be used more often to tell
    sweeps, size = max(1, TELLING // len(seen)), probe.shape[-1]
    for swap in (False, True):
        for x_sign in (1, -1):
            for y_sign in (1, -1):
                x, y = positions[::-1] if swap else positions
                x, y = x_sign * x, y_sign * y
                x, y = (x - x.min()) + (size / 2 + MARGIN), (y - y.min()) + (size / 2 + MARGIN)
                shape = (_extent(y, size), _extent(x, size))
                obj, fitted = epie_v1.reconstruct(seen, x, y, probe, shape, sweeps, measured)
                own, _ = _r_factors(obj, fitted, x, y, seen)
                if own < SUSPECT * best:
                    best, name = own, _convention(params, swap, x_sign, y_sign)
    if name:
        raise ValueError(
            f"positions: expected frames that fit the models of their own positions, found an "
            f"R-factor of {found[0]:.3f}, {found[1]:.3f} with frames permuted; with {name} it is "
            f"{best:.3f} already"
        )


def _convention(params: Mapping[str, Any], swap: bool, x_sign: int, y_sign: int) -> str:
    """A change of the declared convention, as it would be declared."""
    if "map_xx" in params:
        words = ["x and y swapped"] if swap else []
        words += [f"{axis} mirrored" for axis, sign in (("x", x_sign), ("y", y_sign)) if sign < 0]
        return " and ".join(words)
    # signs follow the swap
    signs = int(params["x_sign"]), int(params["y_sign"])
    if swap:
        signs = signs[::-1]
    swapped = bool(params.get("swap_axes")) != swap
    text = f"x_sign: {signs[0] * x_sign}, y_sign: {signs[1] * y_sign}"
    return f"{text}, swap_axes: true" if swapped else text


def _amplitudes(obj: np.ndarray, probe: np.ndarray, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Diffraction amplitude (N, H, W) of each position, zero frequency in the centre."""
    object_re, object_im = exact.split(obj)
    size = int(probe.shape[-1])
    amplitude = np.empty((x.size, size, size))
    step = max(1, CHUNK // (size * size))
    for start in range(0, x.size, step):
        part = slice(start, start + step)
        patch = (
            exact.patches(object_re, x[part], y[part], (size, size)),
            exact.patches(object_im, x[part], y[part], (size, size)),
        )
        intensity = np.zeros(patch[0].shape)
        for mode in probe:
            re, im = exact.centred_fft2(exact.product(exact.split(mode), patch))
            intensity = intensity + (re * re + im * im)
        amplitude[part] = np.sqrt(intensity / float(size * size))
    return amplitude
