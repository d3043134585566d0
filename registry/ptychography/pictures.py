"""Pictures of a scan: probe, object, frames, positions, light, and the fit of each frame."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from registry.drawing import (
    Picture,
    Scale,
    complex_pair,
    dots,
    draw_chart,
    draw_image,
    log_scale,
    value_range,
)
from registry.identity.sidecar import Sidecar
from registry.page import Side, SourceArrays
from registry.ptychography.limits import Fit

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Times a frame's size; the light on no real scan is spread over more.
_FARTHEST = 64
# Of a chart of positions.
_INCHES = (5.2, 5.0)
# Above lines, which matplotlib draws over dots by itself.
_ABOVE = 3


def probe_and_object(arrays: Mapping[str, np.ndarray]) -> list[Picture]:
    """Amplitude and phase of those two, and of a patch, as far as they are there."""
    pictures = []
    obj, probe = arrays.get("objectGuess"), arrays.get("probeGuess")
    if obj is not None and obj.ndim == 2 and obj.size:
        pictures += complex_pair("object", obj)
    if probe is not None and probe.ndim == 2 and probe.size:
        pictures += complex_pair("probe", probe)
    elif probe is not None and probe.ndim == 3 and probe.size:
        for number, mode in enumerate(probe, 1):
            # the first one by the name that a card looks for
            pictures += complex_pair("probe" if number == 1 else f"probe mode {number}", mode)
    patches = arrays.get("Y")
    if patches is not None and patches.ndim == 3 and patches.size:
        pictures += complex_pair("patch under frame 0", patches[0])
    return pictures


def chosen_frames(count: int) -> list[int]:
    """First, middle and last of the frames: three, where there are as many.

    >>> chosen_frames(64), chosen_frames(2), chosen_frames(0)
    ([0, 32, 63], [0, 1], [])
    """
    return sorted({0, count // 2, count - 1}) if count else []


def frames(arrays: Mapping[str, np.ndarray], photon_scale: float | None) -> list[Picture]:
    """Mean and three single frames on one log scale.

    Photons where their number is known, else the intensity over its largest value.

    Parameters
    ----------
    arrays : mapping
        ``diffraction`` (N, H, W), amplitude.
    photon_scale : float or None
        Photons per unit of amplitude squared.
    """
    stack = arrays.get("diffraction")
    if stack is None or stack.ndim != 3 or not stack.size:
        return []
    mean = np.zeros(stack.shape[1:])
    for frame in stack:
        # one at a time, for all of them as float64 may be more than memory holds
        mean += frame.astype(np.float64) ** 2
    mean /= len(stack)
    words = f"of all {len(stack)}"
    shown = [("mean", "Mean frame", words, f"Mean of {len(stack)} diffraction frames", mean)]
    for n in chosen_frames(len(stack)):
        frame = stack[n].astype(np.float64) ** 2
        words = _place(arrays, n)
        shown.append((f"{n}", f"Frame {n}", words, f"Diffraction frame {n}", frame))
    if photon_scale is not None:
        images = [np.log10(1 + photon_scale * image) for *_, image in shown]
        top = max(value_range(image)[1] for image in images)
        scale = Scale(
            colours="viridis",
            low=0.0,
            high=top,
            low_text="0",
            high_text=f"{10**top - 1:.0f} photons",
        )
        words = f"photons per pixel on a log scale, from 0 to {10**top - 1:.0f}"
    else:
        peak = max(value_range(image)[1] for *_, image in shown) or 1.0
        images = [np.log10(np.maximum(image / peak, 1e-6)) for *_, image in shown]
        scale = Scale(
            colours="viridis", low=-6.0, high=0.0, low_text="10⁻⁶", high_text="of the peak"
        )
        words = "intensity on a log scale, down to a millionth of the peak"
    return [
        draw_image(f"frame-{key}", title, f"{what}: {words}.", image, scale, note)
        for (key, title, note, what, _), image in zip(shown, images, strict=True)
    ]


def _place(arrays: Mapping[str, np.ndarray], n: int) -> str:
    """Where a frame was taken, in words; empty where that is not known."""
    scan = _scan(arrays)
    if scan is None:
        return ""
    x, y = scan
    if n >= len(x):
        return ""
    return f"at x {x[n]:.1f}, y {y[n]:.1f} px"


def coverage(arrays: Mapping[str, np.ndarray]) -> Picture | None:
    """Light that fell on the object in all frames together, with a dot at each position.

    Of the object what positions span, and a quarter of a frame around it: the middle of the light.
    """
    probe, scan = arrays.get("probeGuess"), _scan(arrays)
    if probe is None or scan is None or probe.ndim not in (2, 3) or not probe.size:
        return None
    height, width = probe.shape[-2:]
    light = (np.abs(probe).astype(np.float64) ** 2).reshape(-1, height, width).sum(axis=0)
    x, y = scan
    # positions in another unit are no reason to run out of memory
    if max(np.ptp(x), np.ptp(y)) > _FARTHEST * max(height, width) or not np.isfinite(light).all():
        return None
    # to whole pixels: a picture tells no more
    left, top = round(float(x.min()) - width / 2), round(float(y.min()) - height / 2)
    columns = np.rint(x - width / 2 - left).astype(int)
    rows = np.rint(y - height / 2 - top).astype(int)
    total = np.zeros((rows.max() + height, columns.max() + width))
    for row, column in zip(rows, columns, strict=True):
        total[row : row + height, column : column + width] += light
    # of a frame's size no more than a quarter is cut from each side
    up, aside = height // 4, width // 4
    total = np.sqrt(total[up : total.shape[0] - up, aside : total.shape[1] - aside])
    left, top = left + aside, top + up
    scale = Scale(
        colours="gray", low=0.0, high=float(total.max()), low_text="none", high_text="most light"
    )
    size = f"{total.shape[1]} × {total.shape[0]} pixels"
    alt = (
        f"Light of {len(x)} frames on the object, {size} from column {left} and row {top}, "
        "from none (black) to the most (white), with a dot at each position."
    )
    return draw_image(
        "coverage",
        "Light on the object",
        alt,
        total,
        scale,
        f"{size}: where frames overlap it is bright",
        (x - left, y - top),
    )


def _scan(arrays: Mapping[str, np.ndarray]) -> tuple[np.ndarray, np.ndarray] | None:
    """Positions in x and in y, if they are such."""
    x, y = (arrays.get(name) for name in ("xcoords", "ycoords"))
    if x is None or y is None or x.ndim != 1 or x.shape != y.shape or not len(x):
        return None
    return (x, y) if np.isfinite(x).all() and np.isfinite(y).all() else None


def positions(
    arrays: Mapping[str, np.ndarray], record: Sidecar, source: SourceArrays | None
) -> Picture | None:
    """Scan positions over the source's, with the range that they cover in x and in y."""
    scan = _scan(arrays)
    if scan is None:
        return None
    x, y = scan
    whole, note = _source_positions(x, y, record, source)
    coverage = [record.checks.get(name) for name in ("coverage_x", "coverage_y")]
    covered = [f"{part:.1%}" if isinstance(part, float) else "" for part in coverage]

    def draw(figure: Figure, ink: Mapping[str, str]) -> None:
        _draw_positions(_axes(figure, ink, whole), ink, (x, y), whole, covered)

    alt = f"{len(x)} scan positions in object pixels, joined in their order"
    if whole is not None:
        alt += f", over the {len(whole[0])} of the source"
    if all(covered):
        alt += f". They span {covered[0]} of the source's range in x and {covered[1]} in y"
    return draw_chart("positions", "Scan positions", f"{alt}.", draw, _INCHES, note)


def both_positions(a: Side, b: Side) -> Picture | None:
    """Positions of two fixtures, over those of the source of either, with lines between moved ones.

    Those of one number are joined, where both have as many.
    """
    scans = [_scan(side.arrays) for side in (a, b)]
    first, second = scans
    if first is None or second is None:
        return None
    whole = None
    for side, own in ((a, first), (b, second)):
        if whole is None and side.record is not None:
            whole, _ = _source_positions(*own, side.record, side.source)
    (x, y), (other_x, other_y) = first, second
    pairs = len(x) == len(other_x)
    moved = 0
    if pairs:
        moved = int(np.count_nonzero((x != other_x) | (y != other_y)))

    def draw(figure: Figure, ink: Mapping[str, str]) -> None:
        axes = _axes(figure, ink, whole)
        if moved:
            ends = np.stack([x, other_x]), np.stack([y, other_y])
            axes.plot(*ends, "-", color=ink["accent"], linewidth=0.8)
        dots(axes, x, y, color=ink["quiet"], width=7, zorder=_ABOVE)
        dots(axes, other_x, other_y, color=ink["accent"], width=3.5, zorder=_ABOVE)
        # as an image has its rows
        axes.invert_yaxis()

    alt = f"{len(x)} scan positions of A and {len(other_x)} of B, in object pixels"
    if whole is not None:
        alt += f", over the {len(whole[0])} of the source"
    note = ""
    if pairs:
        note = f"{moved} of {len(x)} moved." if moved else "The same in both."
    return draw_chart("positions", "Scan positions of A and B", f"{alt}.", draw, _INCHES, note)


def _axes(
    figure: Figure, ink: Mapping[str, str], whole: tuple[np.ndarray, np.ndarray] | None
) -> Axes:
    """Axes in pixels of the object, of one scale, with the source's positions if they are known."""
    axes = figure.add_axes((0.11, 0.1, 0.87, 0.88))
    axes.set_aspect("equal", adjustable="datalim")
    axes.set_xlabel("x, column [px]")
    axes.set_ylabel("y, row [px]")
    if whole is not None:
        dots(axes, *whole, color=ink["faint"], width=2.4)
    return axes


def _source_positions(
    x: np.ndarray, y: np.ndarray, record: Sidecar, source: SourceArrays | None
) -> tuple[tuple[np.ndarray, np.ndarray] | None, str]:
    """Positions of the whole source, if they are those that the fixture's were taken from."""
    if source is None:
        return None, ""
    alone = "The fixture's own positions are drawn alone."
    if source.problem:
        return None, f"The source {source.path} {source.problem}. {alone}"
    xs, ys = (np.array(source.values[name]) for name in ("xcoords", "ycoords"))
    chosen = list(record.subset_indices)
    if len(xs) != len(ys) or any(not 0 <= index < len(xs) for index in chosen):
        return None, f"The source {source.path} has other positions than the sidecar says. {alone}"
    if not (np.array_equal(xs[chosen], x) and np.array_equal(ys[chosen], y)):
        return None, f"The source {source.path} has its positions on another scale. {alone}"
    return (xs, ys), ""


def _draw_positions(
    axes: Axes,
    ink: Mapping[str, str],
    own: tuple[np.ndarray, np.ndarray],
    whole: tuple[np.ndarray, np.ndarray] | None,
    covered: Sequence[str],
) -> None:
    x, y = own
    all_x, all_y = own if whole is None else whole
    left, right, top, bottom = all_x.min(), all_x.max(), all_y.min(), all_y.max()
    room = 0.05 * max(right - left, bottom - top, 1.0)
    axes.plot(x, y, "-", color=ink["accent"], linewidth=0.5, alpha=0.45)
    dots(axes, x, y, color=ink["accent"], width=4, zorder=_ABOVE)
    for n in chosen_frames(len(x)):
        axes.annotate(
            f"{n}",
            (x[n], y[n]),
            xytext=(5, 5),
            textcoords="offset points",
            color=ink["ink"],
            fontweight="bold",
        )
    # the range of the source, and over it the fixture's: what coverage means
    above, aside = top - 1.6 * room, right + 1.6 * room
    for some_x, some_y, colour, width in (
        (all_x, all_y, "faint", 5.5),
        (x, y, "accent", 2.5),
    ):
        for line in (
            ([some_x.min(), some_x.max()], [above, above]),
            ([aside, aside], [some_y.min(), some_y.max()]),
        ):
            axes.plot(*line, color=ink[colour], linewidth=width, solid_capstyle="butt")
    of_x, of_y = (
        f"{part} of {axis}" if part else "" for part, axis in zip(covered, "xy", strict=True)
    )
    axes.text(
        (left + right) / 2, above - 0.7 * room, of_x, color=ink["ink"], ha="center", va="bottom"
    )
    axes.text(
        aside + 0.7 * room, (top + bottom) / 2, of_y, color=ink["ink"], va="center", rotation=270
    )
    # not fixed, or matplotlib warns of each scan whose range it has to widen to an equal scale
    axes.set_xlim(left - room, right + 4 * room, auto=None)
    axes.set_ylim(bottom + room, top - 4 * room, auto=None)


def frame_fit(fitted: Fit) -> Picture:
    """How each frame misses its model, between the limits."""
    count = np.arange(len(fitted.values))
    worst = int(np.argmax(fitted.values))

    def draw(figure: Figure, ink: Mapping[str, str]) -> None:
        axes = figure.add_axes((0.12, 0.2, 0.86, 0.75))
        for limit in (fitted.low, fitted.high):
            if limit is not None:
                axes.plot(count, limit, color=ink["quiet"], linewidth=1, drawstyle="steps-mid")
        if fitted.low is not None and fitted.high is not None:
            axes.fill_between(
                count, fitted.low, fitted.high, step="mid", color=ink["faint"], alpha=0.25, lw=0
            )
        dots(axes, count, fitted.values, color=ink["accent"], width=3.4)
        if fitted.values.min() > 0 and fitted.values.max() > 10 * fitted.values.min():
            log_scale(axes)
        axes.set_xlabel("frame")
        axes.set_ylabel(fitted.what.partition(" (")[0])

    limits = ""
    if fitted.high is not None:
        limits = f" The limit of frame {worst} is {fitted.high[worst]:.3g}."
    alt = (
        f"{fitted.what.capitalize()} of each of {len(count)} frames: from "
        f"{fitted.values.min():.3g} to {fitted.values.max():.3g}, which is frame {worst}.{limits}"
    )
    note = "Between the lines is what is allowed." if fitted.high is not None else ""
    return draw_chart("frame-fit", "Every frame against its model", alt, draw, (5.2, 2.5), note)
