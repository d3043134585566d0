"""Do frames, positions, probe and object belong together?

Shapes, dtypes, ranges and checksums cannot tell; the forward model can. No absolute threshold on a
correlation works (an object of ones reaches 0.89), so every limit here follows from the declared
noise, or compares the data with named mistakes and needs no limit at all:

``own-match``     each frame is matched best by the model of its own position
``alternatives``  every named mistake (axes swapped, shifted, conjugated, ...) fits worse
``chi-square``    each frame misses its model by as much as photon counts explain, no more, no less;
                  of a measured scan, by no more than the others of its source
``counts``        frames that are said to be photon counts are whole numbers of them
``scale``         frames and model carry the same power
``distinct``      no two frames are the same
``inside``        every frame lies within the object
``source``        the figures of a fixture are those of its source at the same indices

Where data cannot tell, a criterion finds nothing and means nothing. So it is measured, too, what
the data could have told: see `registry.ptychography.doubts`.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from registry.failure import Failure
from registry.ptychography.alternatives import alternative_margins, nearest
from registry.ptychography.doubts import doubts
from registry.ptychography.held_out import HeldOut
from registry.ptychography.likelihood import LIKELIHOOD_LIMIT, SIGMAS, log_likelihood
from registry.ptychography.likelihood import power as power_of
from registry.ptychography.noise import Noise, misfit_moments
from registry.ptychography.outliers import OUTLIER_SIGMAS, Usual
from registry.ptychography.scan import ROUNDING, Real, Scan
from registry.ptychography.stack import Stack, by_frame, each, stack, total
from registry.ptychography.stack import power as total_power

OWN_MATCH = "own-match"
# Logarithms of likelihoods that sums in another order can turn around.
_TIE = 1e-3
# A scale nearer to 2 or to 1/2 than to 1, on a ratio scale, is the wrong one.
SCALE_LIMIT = np.sqrt(2.0)
# Of numbers that are no counts the mean distance to the next whole one is 1/4, of counts it is 0.
COUNTS_LIMIT = 1 / 8
# So many counts are still told from those beside them after their root was rounded to float32.
_COUNTABLE = 2.0**20


@dataclass(frozen=True, kw_only=True, slots=True)
class Figures:
    """What was measured. ``None`` where the declared noise gives the figure no meaning.

    ``power`` is `likelihood.power`; ``held_out_z`` is of the source (`held_out.HeldOut`).
    """

    own_match_rate: float
    power: float
    held_out_z: float | None
    nearest_alternative: str | None
    nearest_alternative_margin: float | None
    chi_square_min: float | None
    chi_square_max: float | None
    correlation_median: float
    r_factor: float
    scale: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Assessment:
    """Figures, failures, and in words what the data could not have told.

    ``figures`` is None where a frame leaves the object.
    """

    figures: Figures | None
    failures: list[Failure] = field(default_factory=list)
    doubts: list[str] = field(default_factory=list)


def assess(
    scan: Scan,
    noise: Noise,
    usual: Usual | None = None,
    held_out: HeldOut | None = None,
    model: Stack | None = None,
) -> Assessment:
    """Hold a scan against the forward model.

    Parameters
    ----------
    scan : Scan
    noise : Noise
        As the source declares it.
    usual : Usual or None
        What is usual among the frames of a measured source; None: among those of the scan.
    held_out : HeldOut or None
        What `held_out` found of the source, where its object comes from its frames.
    model : Stack or None
        The scan's, where it has been made.
    """
    failures = without_model(scan)
    if not scan.inside().all():
        return Assessment(figures=None, failures=failures)

    if model is None:
        model = scan.model()
    power, model_power = total_power(scan.frames), total_power(model)
    dark = np.flatnonzero(~by_frame(lambda some: some.any(axis=(1, 2)), model))
    if dark.size or not power > 0:
        failures.append(
            Failure(
                criterion="scale",
                expected="frames of some power, and a model of some power for each",
                found=f"a total of {power:g} in the frames, and {dark.size} models without any",
            )
        )
        return Assessment(figures=None, failures=failures)

    scale = float(np.sqrt(power / model_power))
    failures += judge_scale(scale, model_power, noise)
    chi_square, chi_failures = judge_chi_square(scan.frames, model, noise, usual)
    failures += chi_failures
    # Both remaining tests ask about shape; the scale has been judged by itself above.
    scaled = replace(scan, frames=stack(scan.frames, lambda some: some / scale))
    likelihood = log_likelihood(scaled.frames, model, noise)
    own_rate, own_failures = judge_own_match(likelihood)
    failures += own_failures
    failures += judge_counts(scan.frames, noise)
    tried = dict(alternative_margins(scaled, model))
    margins = {name: margin for name, margin in tried.items() if margin is not None}
    failures += judge_alternatives(margins)
    best = nearest(margins)
    figures = Figures(
        own_match_rate=own_rate,
        power=power_of(likelihood),
        held_out_z=None if held_out is None else held_out.z,
        nearest_alternative=best,
        nearest_alternative_margin=None if best is None else margins[best],
        chi_square_min=None if chi_square is None else float(chi_square.min()),
        chi_square_max=None if chi_square is None else float(chi_square.max()),
        correlation_median=float(np.median(by_frame(_correlation, scan.frames, model))),
        r_factor=total(lambda a, b: np.abs(a - b).sum(), scan.frames, model)
        / total(np.sum, scan.frames),
        scale=scale,
    )
    found = list(doubts(figures.power, model, sorted(tried.keys() - margins.keys()), held_out))
    return Assessment(figures=figures, failures=failures, doubts=found)


def without_model(scan: Scan) -> list[Failure]:
    """What can be asked of a scan whose object is not known: `distinct` and `inside`."""
    return [*judge_distinct(scan.frames), *judge_inside(scan)]


def judge_inside(scan: Scan) -> Iterator[Failure]:
    """Does every frame lie within the object?"""
    outside = np.flatnonzero(~scan.inside())
    if outside.size:
        n = outside[0]
        yield Failure(
            criterion="inside",
            expected=f"every frame of {scan.shape} within the object of {scan.obj.shape}",
            found=f"{outside.size} outside, the first is frame {n} at x = {scan.x[n]:.3f}, "
            f"y = {scan.y[n]:.3f}",
        )


def relative_error(scan: Scan, model: Stack | None = None) -> Real:
    """Root of each frame's squared misfit over its model's power: (N,) float64, inf in the dark.

    ``model`` is the scan's, where it has been made.
    """
    return by_frame(_relative_error, scan.frames, scan.model() if model is None else model)


def agrees_with_source(fixture: Scan, source: Scan, model: Stack | None = None) -> list[Failure]:
    """Are a fixture's per-frame errors those of the source's frames at the same indices?

    ``source`` holds the selected frames only. The two differ by rounding and by nothing else.
    ``model`` is the fixture's, where it has been made.
    """
    if fixture.frames.shape != source.frames.shape:
        return [
            Failure(
                criterion="source",
                expected=f"frames {source.frames.shape}, as many as indices",
                found=f"frames {fixture.frames.shape}",
            )
        ]
    for which, scan in (("fixture", fixture), ("source", source)):
        if not scan.inside().all():
            return [Failure(criterion="source", expected="frames within the object", found=which)]
    difference = np.abs(relative_error(fixture, model) - relative_error(source))
    worst = int(np.argmax(difference))
    if difference[worst] <= ROUNDING:
        return []
    return [
        Failure(
            criterion="source",
            expected="each frame to miss its model as the source's frame at the same index does",
            found=f"frame {worst} differs by {difference[worst]:.3g} "
            f"(rounding gives {ROUNDING:.1g})",
        )
    ]


def _relative_error(frames: Real, model: Real) -> Real:
    misfit, power = _misfit(frames, model), (model**2).sum(axis=(1, 2))
    # a frame where the model expects no light at all
    error = np.full(power.shape, np.inf)
    np.divide(misfit, power, out=error, where=power > 0)
    return np.sqrt(error)


def _misfit(frames: Real, model: Real) -> Real:
    misfit: Real = ((frames - model) ** 2).sum(axis=(1, 2))
    return misfit


def judge_distinct(frames: Stack) -> Iterator[Failure]:
    """Is no frame equal to another one?"""
    seen: dict[bytes, int] = {}
    # of most the middle row tells, and a digest of the others; all may be more than memory holds
    middle = frames.shape[1] // 2
    rows = [one[middle].tobytes() for (some,) in each(frames) for one in some]
    count = Counter(rows)
    digests = [
        row if count[row] == 1 else hashlib.sha256(frames[n : n + 1].tobytes()).digest()
        for n, row in enumerate(rows)
    ]
    for n, digest in enumerate(digests):
        first = seen.setdefault(digest, n)
        if first != n:
            yield Failure(
                criterion="distinct",
                expected="pairwise different frames",
                found=f"frame {n} equal to frame {first}, bit for bit",
            )


def judge_scale(scale: float, model_power: float, noise: Noise) -> Iterator[Failure]:
    """Do frames carry the power of their models, as far as the declared noise lets them?"""
    # sqrt(sum A^2 / sum model^2) compares counts with rates, which photon noise leaves unbiased.
    if noise.photon_scale is not None:
        sigma = 0.5 / np.sqrt(noise.photon_scale * model_power)
        low, high = 1 - SIGMAS * sigma - ROUNDING, 1 + SIGMAS * sigma + ROUNDING
    elif noise.kind == "none":
        low, high = 1 - ROUNDING, 1 + ROUNDING
    else:
        low, high = 1 / SCALE_LIMIT, SCALE_LIMIT
    if not low <= scale <= high:
        yield Failure(
            criterion="scale",
            expected=f"frames between {low:.6f} and {high:.6f} times the model",
            found=f"{scale:.6f} times",
        )


def judge_chi_square(
    frames: Stack, model: Stack, noise: Noise, usual: Usual | None
) -> tuple[Real | None, list[Failure]]:
    """Per-frame misfit over what photon counts explain, and the frames that it refuses."""
    if noise.photon_scale is not None:
        counts, mean, variance = count_misfit(frames, model, noise.photon_scale)
        z = (counts - mean) / np.sqrt(variance)
        rule = f"each within {SIGMAS:g} standard deviations of what its photon count gives"
        return counts / mean, list(_outliers(z, ~(np.abs(z) <= SIGMAS), rule))

    if noise.kind == "none":
        error = np.sqrt(
            by_frame(lambda a, b: _misfit(a, b) / (b**2).sum(axis=(1, 2)), frames, model)
        )
        rule = f"each within {ROUNDING:.1g} of its model, as declared free of noise"
        return None, list(_outliers(error, error > ROUNDING, rule))

    if usual is None:
        usual = Usual.of(frames, model)
    error, bad = usual.outliers(frames, model)
    rule = (
        f"each relative error at most {usual.error:.3g}, or {usual.excess:.3g} times what "
        f"{usual.photon_scale:.3g} photons per unit of intensity give: {OUTLIER_SIGMAS:g} robust "
        "standard deviations above the medians of its own source"
    )
    return None, list(_outliers(error, bad, rule))


def count_misfit(frames: Stack, model: Stack, photon_scale: float) -> tuple[Real, Real, Real]:
    """Misfit of each frame in counts, and its mean and variance for such counts: (N,) each."""

    def figures(a: Real, b: Real) -> Real:
        mean, variance = misfit_moments(photon_scale * b**2)
        parts = mean.sum(axis=(1, 2)), variance.sum(axis=(1, 2))
        return np.column_stack([4 * photon_scale * _misfit(a, b), *parts])

    misfit, mean, variance = by_frame(figures, frames, model).T
    return misfit, mean, variance


def _outliers(score: Real, bad: NDArray[np.bool_], rule: str) -> Iterator[Failure]:
    if bad.any():
        worst = int(np.argmax(np.where(bad, np.abs(score), 0)))
        yield Failure(
            criterion="chi-square",
            expected=rule,
            found=f"{int(bad.sum())} of {len(score)} frames beyond it, the worst is frame {worst} "
            f"with {score[worst]:.4g}",
        )


def judge_own_match(likelihood: Real) -> tuple[float, list[Failure]]:
    """Part of the frames that no other position's model explains better, and what refuses them."""
    best = np.argmax(likelihood, axis=1)
    own = np.arange(len(likelihood))
    gain = likelihood[own, best] - likelihood[own, own]
    rate = float(np.mean(gain <= _TIE))
    # With the right model in place, noise makes another one look better by chance, but not by much.
    unexplained = np.flatnonzero(gain > LIKELIHOOD_LIMIT)
    if not unexplained.size:
        return rate, []
    n = unexplained[0]
    return rate, [
        Failure(
            criterion=OWN_MATCH,
            expected="each frame matched best by the model of its own position",
            found=f"{rate:.1%} of {own.size} frames do; frame {n} is matched better by the "
            f"model of position {best[n]}",
        )
    ]


def judge_counts(frames: Stack, noise: Noise) -> Iterator[Failure]:
    """Are frames that are declared as photon counts whole numbers of photons?"""
    if noise.photon_scale is None:
        return
    off, pixels = 0.0, 0
    for (some,) in each(frames):
        counts = noise.photon_scale * some**2
        # beyond, where nothing is asked, nothing may be infinite
        np.minimum(counts, _COUNTABLE, out=counts)
        is_asked = (some > 0) & (counts < _COUNTABLE)
        # where there is light, there is at least one photon
        whole = np.maximum(np.rint(counts), 1.0)
        whole -= counts
        np.abs(whole, out=whole)
        # to multiply all takes less than to pick some
        whole *= is_asked
        off += float(whole.sum())
        pixels += int(np.count_nonzero(is_asked))
    distance = off / pixels if pixels else 0.0
    if distance >= COUNTS_LIMIT:
        yield Failure(
            criterion="counts",
            expected="photon_scale times each amplitude squared to be a whole number of photons, "
            f"at least one where there is light: less than {COUNTS_LIMIT:g} off in the mean",
            found=f"{distance:.3f} off; photon_scale {noise.photon_scale:.6g} is not that of these "
            "frames, or they are not counts (noise: measured)",
        )


def judge_alternatives(margins: dict[str, float]) -> Iterator[Failure]:
    """Which of the named mistakes explain the data at least as well?"""
    better = sorted((margin, name) for name, margin in margins.items() if not margin > 0)
    if better:
        names = ", ".join(f"{name} ({margin:+.3f})" for margin, name in better[:3])
        yield Failure(
            criterion="alternatives",
            expected="every named mistake to fit worse than the data as they are",
            found=f"{len(better)} that fit as well or better: {names}",
        )


def _correlation(frames: Real, model: Real) -> Real:
    """Pearson correlation of each frame with its model: (N,) float64, NaN for a constant frame."""
    a = frames - frames.mean(axis=(1, 2), keepdims=True)
    b = model - model.mean(axis=(1, 2), keepdims=True)
    norm = np.sqrt((a**2).sum(axis=(1, 2)) * (b**2).sum(axis=(1, 2)))
    with np.errstate(invalid="ignore", divide="ignore"):
        correlation: Real = (a * b).sum(axis=(1, 2)) / norm
    return correlation
