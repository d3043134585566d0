"""Tests of `registry.ptychography.physics`, and of what no data can tell."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from registry.ptychography.held_out import HeldOut
from registry.ptychography.noise import Noise, misfit_moments
from registry.ptychography.outliers import Usual
from registry.ptychography.physics import (
    agrees_with_source,
    assess,
    judge_alternatives,
    judge_counts,
    judge_distinct,
    judge_own_match,
    judge_scale,
    relative_error,
)

NONE = Noise(kind="none")
MEASURED = Noise(kind="measured")


def noisy(scan, photons: float, seed: int = 0):
    """The scan under photon noise, and the noise as a source would declare it."""
    photon_scale = photons / (scan.frames**2).sum(axis=(1, 2)).mean()
    counts = np.random.RandomState(seed).poisson(photon_scale * scan.frames**2)
    noise = Noise(kind="poisson", photon_scale=photon_scale)
    return replace(scan, frames=np.sqrt(counts / photon_scale)), noise


def criteria(assessment) -> list[str]:
    """Which criteria a scan does not meet."""
    return [failure.criterion for failure in assessment.failures]


def swapped(values: np.ndarray) -> np.ndarray:
    """The values with those of frames 2 and 9 exchanged."""
    values = values.copy()
    values[[2, 9]] = values[[9, 2]]
    return values


# What good data give


def test_good_data_without_noise(small):
    """Frames that are the model's but for rounding to float32 meet every criterion."""
    rounded = replace(small, frames=small.frames.astype(np.float32).astype(np.float64))
    assessment = assess(rounded, NONE)
    assert assessment.failures == []
    figures = assessment.figures
    assert figures.own_match_rate == 1.0
    assert figures.scale == pytest.approx(1, abs=1e-7)
    assert figures.r_factor < 1e-6
    assert figures.correlation_median > 1 - 1e-12
    assert figures.nearest_alternative_margin > 0
    assert (figures.chi_square_min, figures.chi_square_max) == (None, None)


def test_good_data_with_noise(small):
    """The misfit of each frame is what its photon count gives, on average."""
    assessment = assess(*noisy(small, 1e5))
    assert assessment.failures == []
    assert assessment.figures.chi_square_min < 1 < assessment.figures.chi_square_max
    assert assessment.figures.chi_square_min > 0.5
    assert assessment.figures.chi_square_max < 1.5


def test_figures_of_frames_off_by_a_factor(small):
    """Scale and R-factor are those of the frames as they come, worked out by hand."""
    figures = assess(replace(small, frames=small.frames * 1.25), NONE).figures
    assert figures.scale == pytest.approx(1.25, rel=1e-12)
    assert figures.r_factor == pytest.approx(0.2, rel=1e-12)
    assert figures.correlation_median == pytest.approx(1, rel=1e-12)


@pytest.mark.parametrize("factor", [0.8, 1.25])
def test_shape_is_judged_apart_from_scale(small, factor):
    """Frames off by a factor are matched, and told from mistakes, as those that are not."""
    found = assess(replace(small, frames=small.frames * factor), NONE)
    assert criteria(found) == ["scale", "chi-square"]
    margin = assess(small, NONE).figures.nearest_alternative_margin
    assert found.figures.nearest_alternative_margin == pytest.approx(margin, rel=1e-9)
    assert found.figures.own_match_rate == 1.0


def test_what_was_held_out_is_a_figure_and_a_doubt(small):
    """That of the source; without one there is none."""
    alone = assess(small, NONE)
    assert (alone.figures.held_out_z, alone.doubts) == (None, [])
    known = assess(small, NONE, held_out=HeldOut(places=64, z=6.5))
    assert (known.figures.held_out_z, known.doubts) == (6.5, [])
    unknown = assess(small, NONE, held_out=HeldOut(places=64, z=1.5))
    assert unknown.figures.held_out_z == 1.5
    assert [doubt.partition(":")[0] for doubt in unknown.doubts] == [
        "held-out frames do not know their place"
    ]
    assert unknown.failures == [], "a doubt is no failure"


# own-match


@pytest.mark.parametrize("noise", [NONE, MEASURED])
def test_two_exchanged_frames(small, noise):
    """Frames at each other's position are matched by each other's model."""
    assessment = assess(replace(small, frames=swapped(small.frames)), noise)
    assert "own-match" in criteria(assessment)
    assert assessment.figures.own_match_rate == 14 / 16
    (failure,) = (f for f in assessment.failures if f.criterion == "own-match")
    assert failure.found == (
        "87.5% of 16 frames do; frame 2 is matched better by the model of position 9"
    )


@pytest.mark.parametrize("photons", [1e3, 1e4, 1e6])
def test_two_exchanged_frames_under_noise(small, photons):
    """Few photons are enough to tell positions apart."""
    scan, noise = noisy(small, photons)
    assert "own-match" in criteria(assess(replace(scan, frames=swapped(scan.frames)), noise))


@pytest.mark.parametrize("kind", ["poisson", "measured"])
def test_a_better_match_by_chance_is_no_failure(small, kind):
    """Positions a hundredth of a pixel apart cannot be told apart by 1000 photons."""
    x, y = small.x.copy(), small.y.copy()
    x[8:], y[8:] = x[:8] + 0.01, y[:8]
    scan = replace(small, x=x, y=y)
    scan, noise = noisy(replace(scan, frames=scan.model()), 1e3)
    assessment = assess(scan, noise if kind == "poisson" else MEASURED)
    assert assessment.figures.own_match_rate < 1, "the noise of this seed does not show it"
    assert "own-match" not in criteria(assessment)


@pytest.mark.parametrize("kind", ["poisson", "measured"])
def test_repeated_positions_match_themselves(small, kind):
    """Two exposures at one position have one model: neither matches the other better."""
    x, y = small.x.copy(), small.y.copy()
    x[8:], y[8:] = x[:8], y[:8]
    scan = replace(small, x=x, y=y)
    scan, noise = noisy(replace(scan, frames=scan.model()), 1e5)
    assessment = assess(scan, noise if kind == "poisson" else MEASURED)
    assert assessment.figures.own_match_rate == 1.0
    assert assessment.failures == []


@pytest.mark.parametrize("photons", [100, 300, 1000])
def test_few_photons_are_matched_without_bias(small, photons):
    """Roots of few counts lie below the root of their rate; that must not favour dark models."""
    refused = [
        seed for seed in range(20) if "own-match" in criteria(assess(*noisy(small, photons, seed)))
    ]
    assert refused == [], "seeds of good data that are refused"


@pytest.mark.parametrize("noise", [NONE, MEASURED])
@pytest.mark.parametrize("factor", [1e-4, 1e4])
def test_two_exchanged_frames_in_other_units(small, noise, factor):
    """How bright a scan is in numbers does not matter."""
    frames, probe = swapped(small.frames) * factor, small.probe * factor
    assessment = assess(replace(small, frames=frames, probe=probe), noise)
    assert "own-match" in criteria(assessment)
    assert assessment.figures.own_match_rate == 14 / 16


@pytest.mark.parametrize(
    ("factor", "gain", "refused"),
    [(1, 17.9, False), (1, 18.1, True), (100, 17.9, False), (100, 18.1, True)],
)
def test_how_much_better_another_model_may_be_by_chance(small, factor, gain, refused):
    """Where only rounding is declared: 18 in log-likelihood, each frame's error being rounding."""
    x, y = small.x.copy(), small.y.copy()
    x[1], y[1] = x[0] + 2e-4, y[0]
    scan = replace(small, x=x, y=y, probe=small.probe * factor)
    model = scan.model()
    apart = model[1] - model[0]
    variance = 3.814697265625e-06**2 * (model**2).sum(axis=(1, 2)).mean()
    # frame 0 on the way from its own model to that of position 1, more than half
    part = 0.5 + gain * variance / (apart**2).sum()
    assert 0.5 < part < 0.9, "positions too near to each other, or too far apart"
    frames = model.copy()
    frames[0] += part * apart
    assessment = assess(replace(scan, frames=balanced(frames, model)), NONE)
    assert ("own-match" in criteria(assessment)) == refused
    assert assessment.figures.own_match_rate == 15 / 16


@pytest.mark.parametrize(("gain", "refused"), [(17.9, False), (18.1, True)])
def test_how_much_better_another_model_may_be_by_few_photons(small, gain, refused):
    """Where photon counts are declared: 18 in the log-likelihood of Poisson counts."""
    x, y = small.x.copy(), small.y.copy()
    x[1], y[1] = x[0] + 0.5, y[0]
    scan = replace(small, x=x, y=y)
    model = scan.model()
    own, other = model[0] ** 2, model[1] ** 2
    frames = model.copy()
    frames[0] = np.sqrt(0.2 * own + 0.8 * other)
    per_scale = (frames[0] ** 2 * np.log(other / own) - other + own).sum()
    noise = Noise(kind="poisson", photon_scale=gain / per_scale)
    assessment = assess(replace(scan, frames=balanced(frames, model)), noise)
    assert ("own-match" in criteria(assessment)) == refused


@pytest.mark.parametrize(("gain", "rate"), [(1e-4, 1.0), (0.5, 0.5), (17.9, 0.5)])
def test_a_tie_is_a_match(gain, rate):
    """What sums in another order can turn around is none that is matched better."""
    found, failures = judge_own_match(np.array([[0.0, gain], [-5.0, 0.0]]))
    assert (found, failures) == (rate, [])


def balanced(frames: np.ndarray, model: np.ndarray) -> np.ndarray:
    """The frames, the last of them as bright as makes all together as bright as the model."""
    frames = frames.copy()
    missing = (model**2).sum() - (frames**2).sum()
    frames[-1] *= np.sqrt(1 + missing / (frames[-1] ** 2).sum())
    return frames


# alternatives


def test_no_more_than_three_alternatives_are_named(small):
    """Of many that fit better the message has the best, and says how many there are."""
    (failure,) = (
        f
        for f in assess(replace(small, x=small.x + 4), NONE).failures
        if f.criterion == "alternatives"
    )
    count, _, names = failure.found.partition(" that fit as well or better: ")
    assert int(count) > 3
    assert names.count("(-") == names.count("px (") == 3


def test_the_best_alternative_is_named(small):
    """The message counts the mistakes that fit and names the best with its margin."""
    failures = assess(replace(small, x=small.x + 1), NONE).failures
    (failure,) = (f for f in failures if f.criterion == "alternatives")
    assert "that fit as well or better: x shifted by -1 px (-0.0" in failure.found


def test_figures_name_the_nearest_alternative(small):
    """The mistake that would be noticed least, even where it is not made."""
    figures = assess(small, NONE).figures
    assert figures.nearest_alternative in ("x shifted by -0.5 px", "x shifted by +0.5 px")


def test_a_mistake_that_fits_as_well_is_named():
    """Not worse is too good."""
    (failure,) = judge_alternatives({"x mirrored": 0.0, "y mirrored": 1e-9})
    assert failure.found == "1 that fit as well or better: x mirrored (+0.000)"
    assert list(judge_alternatives({"y mirrored": 1e-9})) == []


# chi-square


def off_by(scan, noise: Noise, sigmas: float):
    """The scan, each frame missing its model by its expectation, frame 3 by some sigmas more."""
    model = scan.model()
    mean, variance = (
        part.sum(axis=(1, 2)) for part in misfit_moments(noise.photon_scale * model**2)
    )
    target = mean.copy()
    target[3] += sigmas * np.sqrt(variance[3])
    step = np.sqrt(target / (4 * noise.photon_scale * model[0].size))
    sign = np.where(np.indices(model.shape).sum(axis=0) % 2, 1.0, -1.0)
    return replace(scan, frames=model + sign * step[:, None, None])


@pytest.mark.parametrize(
    ("sigmas", "refused"), [(5.9, False), (6.1, True), (-5.9, False), (-6.1, True)]
)
def test_one_frame_beyond_its_photon_count(small, sigmas, refused):
    """Six standard deviations of the counts' own distribution, too close a fit included."""
    noise = Noise(kind="poisson", photon_scale=1e6)
    failures = assess(off_by(small, noise, sigmas), noise).failures
    found = [f.found for f in failures if f.criterion == "chi-square"]
    assert bool(found) == refused, found
    if refused:
        text = f"1 of 16 frames beyond it, the worst is frame 3 with {sigmas:g}"
        assert found == [text]


def test_frames_without_the_noise_they_declare(small):
    """Data that fit better than photon counts can, and are none, were not measured as declared."""
    photon_scale = noisy(small, 1e5)[1].photon_scale
    assessment = assess(small, Noise(kind="poisson", photon_scale=photon_scale))
    assert criteria(assessment) == ["chi-square", "counts"]
    assert assessment.figures.chi_square_max < 1e-6


@pytest.mark.parametrize(
    ("counts", "refused"),
    [
        ([0, 1, 2, 3, 400_000], False),
        # float32 does not tell these from those beside them
        ([3e7 + 0.5, 1], False),
        ([0.5, 1.5, 2.5], True),
        ([0.25, 0.75, 1.25, 1.75], True),
        ([1e5 + 0.5, 3e5 + 0.5], True),
        # an eighth off in the mean
        ([1.12, 2.88, 3.12], False),
        ([1.13, 2.87, 3.13], True),
        # whole numbers of ten photons are whole
        ([10, 20, 30], False),
        # where there is light there is a photon, which those of a thousandth forget
        ([1e-3, 2e-3, 0], True),
        ([0, 0], False),
        # one pixel of many is no wrong noise
        ([1, 2, 3, 4, 5, 6, 7, 8, 9, 10.5], False),
    ],
)
def test_photon_counts_are_whole_numbers(counts, refused):
    """Half-way between counts, which are 0 off, and any other numbers, which are 1/4 off."""
    scale = 2000.1702401571504
    frames = np.sqrt(np.array(counts) / scale).astype("<f4").astype(np.float64).reshape(1, 1, -1)
    failures = list(judge_counts(frames, Noise(kind="poisson", photon_scale=scale)))
    assert bool(failures) == refused, failures
    assert list(judge_counts(frames, MEASURED)) == [], "nothing is declared of counts"
    if refused:
        assert failures[0].found.endswith("or they are not counts (noise: measured)")


def test_a_pixel_brighter_than_numbers_go_hides_no_broken_counts():
    """Its square is infinite, and is no count that anything is asked of."""
    frames = np.sqrt(np.array([[[0.5, 1.5, 2.5, 0.0]]]))
    frames[0, 0, 3] = 1e200
    with np.errstate(over="ignore"):
        assert list(judge_counts(frames, Noise(kind="poisson", photon_scale=1.0)))


def test_a_photon_scale_that_is_its_own_reciprocal(small):
    """It makes everything dark, so that no frame is far from any model."""
    scan, noise = noisy(small, 1e5)
    rolled = replace(scan, frames=np.roll(scan.frames, 1, axis=0))
    wrong = Noise(kind="poisson", photon_scale=1 / noise.photon_scale)
    assert "counts" in criteria(assess(rolled, wrong))


def test_a_misfit_beyond_rounding_where_no_noise_is_declared(small):
    """Without noise, a frame may miss its model by rounding alone."""
    frames = small.frames.copy()
    frames[5] *= 1 + 5e-6
    failures = assess(replace(small, frames=frames), NONE).failures
    assert [f.criterion for f in failures] == ["chi-square"]
    assert "1 of 16 frames beyond it, the worst is frame 5 with 5e-06" in failures[0].found
    frames[5] = small.frames[5] * (1 + 3e-6)
    assert assess(replace(small, frames=frames), NONE).failures == []


def test_an_outlier_of_a_measured_scan(small):
    """A frame far beyond the source's own distribution of errors is refused, and only that."""
    rng = np.random.default_rng(2)
    error = rng.normal(0, 0.01, small.frames.shape)
    scan = replace(small, frames=np.abs(small.frames + error))
    assert assess(scan, MEASURED).failures == []
    frames = scan.frames.copy()
    frames[7] += 1.5 * error[7]
    failures = assess(replace(scan, frames=frames), MEASURED).failures
    assert [f.criterion for f in failures] == ["chi-square"]
    assert "1 of 16 frames beyond it, the worst is frame 7" in failures[0].found
    assert "medians of its own source" in failures[0].expected


def test_the_whole_source_sets_the_bound_of_a_measured_scan(small):
    """A fixture is held against what is usual in its source, not among its own frames."""
    error = np.random.default_rng(2).normal(0, 0.01, small.frames.shape)
    scan = replace(small, frames=np.abs(small.frames + error))
    model = scan.model()
    better = Usual.of((scan.frames + model) / 2, model)
    assert criteria(assess(scan, MEASURED, better)) == ["chi-square"]
    assert assess(scan, MEASURED, Usual.of(scan.frames, model)).failures == []


def test_an_outlier_in_words(small):
    """Both limits are named, and the worst of those that are beyond both."""
    frames = small.frames.copy()
    frames[5] *= 1.25
    frames[7] *= 1.2
    usual = Usual(error=0.0793, photon_scale=2000.0, excess=1.26)
    (failure,) = assess(replace(small, frames=frames), MEASURED, usual).failures
    assert str(failure) == (
        "chi-square: expected each relative error at most 0.0793, or 1.26 times what 2e+03 photons "
        "per unit of intensity give: 8 robust standard deviations above the medians of its own "
        "source; found 2 of 16 frames beyond it, the worst is frame 5 with 0.25"
    )


def test_the_worst_of_several_outliers_is_named(small):
    """Too good a fit and too bad a one are held against each other by their size."""
    noise = Noise(kind="poisson", photon_scale=1e6)
    scan = off_by(small, noise, -6.5)
    worse = off_by(small, noise, 7.5)
    frames = scan.frames.copy()
    frames[8] = worse.frames[3] - worse.model()[3] + scan.model()[8]
    (failure,) = (
        f
        for f in assess(replace(scan, frames=frames), noise).failures
        if f.criterion == "chi-square"
    )
    assert "2 of 16 frames beyond it, the worst is frame 8 with" in failure.found


def test_rounding_is_allowed_for_in_a_measured_scan(small):
    """A source that fits to the last bit does not make its rounded fixture an outlier."""
    rounded = replace(small, frames=small.frames.astype(np.float32).astype(np.float64))
    usual = Usual.of(small.frames, small.model())
    assert assess(rounded, MEASURED, usual).failures == []


# scale


@pytest.mark.parametrize(
    ("noise", "factor", "refused"),
    [
        (NONE, 1 + 3e-6, False),
        (NONE, 1 + 5e-6, True),
        (NONE, 1 - 5e-6, True),
        (MEASURED, 1.41, False),
        (MEASURED, 1.42, True),
        (MEASURED, 0.71, False),
        (MEASURED, 0.70, True),
        (MEASURED, 2.0, True),
    ],
)
def test_scale(small, noise, factor, refused):
    """The factor allowed is rounding without noise, and nearer to 1 than to 2 when measured."""
    failures = assess(replace(small, frames=small.frames * factor), noise).failures
    assert ("scale" in [f.criterion for f in failures]) == refused


@pytest.mark.parametrize(
    ("sigmas", "refused"), [(5.9, False), (6.1, True), (-5.9, False), (-6.1, True)]
)
def test_scale_under_photon_noise(small, sigmas, refused):
    """The total of N photons is known to the root of N; the scale of amplitudes to half of that."""
    power = (small.frames**2).sum()
    noise = Noise(kind="poisson", photon_scale=1e4 / power)
    # 1e4 photons in all: 1 in 100 of the total, 1 in 200 of the amplitude
    factor = 1 + sigmas / 200
    failures = assess(replace(small, frames=small.frames * factor), noise).failures
    assert ("scale" in [f.criterion for f in failures]) == refused


@pytest.mark.parametrize(
    ("scale", "refused"),
    [(1 + 3e-6, False), (1 - 3e-6, False), (1 + 5e-6, True), (1 - 5e-6, True)],
)
def test_scale_of_very_many_photons(scale, refused):
    """What they leave open is less than rounding, which is allowed for in any frames."""
    noise = Noise(kind="poisson", photon_scale=1e18)
    assert bool(list(judge_scale(scale, 1.0, noise))) == refused


@pytest.mark.parametrize("noise", [NONE, MEASURED, Noise(kind="poisson", photon_scale=10.0)])
def test_frames_without_light(small, noise):
    """Frames of zeros are refused in words, not by a division by zero."""
    frames = np.zeros_like(small.frames)
    frames[0, 0, 0] = -0.0
    assessment = assess(replace(small, frames=frames), noise)
    assert criteria(assessment)[-1] == "scale"
    assert assessment.figures is None


def test_a_model_without_light(small):
    """A position where the object lets nothing through says nothing: refused, not divided by."""
    obj = np.zeros((60, 100), complex)
    obj[:, :66] = small.obj
    x = small.x.copy()
    x[4] = 90.0
    scan = replace(small, obj=obj, x=x)
    scan, noise = noisy(replace(scan, frames=scan.model()), 1e5)
    assessment = assess(scan, noise)
    assert criteria(assessment) == ["scale"]
    assert "1 models without any" in assessment.failures[0].found
    assert relative_error(scan)[4] == np.inf


# distinct, inside


def test_equal_frames(small):
    """Bit-equal frames are refused, each with the one that it repeats."""
    frames = small.frames.copy()
    frames[9] = frames[12] = frames[2]
    failures = assess(replace(small, frames=frames), NONE).failures
    assert [f.found for f in failures if f.criterion == "distinct"] == [
        "frame 9 equal to frame 2, bit for bit",
        "frame 12 equal to frame 2, bit for bit",
    ]


@pytest.mark.parametrize("shape", [(4, 20), (20, 4), (1, 1)])
def test_equal_frames_of_any_shape(shape):
    """Frames may be wide, high, or a pixel."""
    frames = np.arange(3.0)[:, None, None] + np.zeros(shape)
    assert list(judge_distinct(frames)) == []
    (failure,) = judge_distinct(frames[[0, 1, 0]])
    assert failure.found == "frame 2 equal to frame 0, bit for bit"


def test_frames_that_share_their_middle_row_are_not_equal(small):
    """A frame is told from another by all of its pixels."""
    frames = small.frames.copy()
    frames[9, 8] = frames[2, 8]
    failures = assess(replace(small, frames=frames), NONE).failures
    assert not [f.found for f in failures if f.criterion == "distinct"]


def test_models_that_there_are_are_not_made_once_more(small, monkeypatch):
    """The figures are those of the models that are given, and the same as without."""
    noise, model = NONE, small.model()
    expected = assess(small, noise)
    assert assess(small, noise, model=model) == expected
    assert assess(small, noise, model=2 * model).figures.scale == pytest.approx(0.5)
    np.testing.assert_array_equal(relative_error(small, 2 * model), np.full(16, 0.5))


def test_frames_outside_the_object(small):
    """No model exists for them: the first is named, and nothing else is measured."""
    x = small.x.copy()
    x[[3, 11]] = 70.0, -5.0
    assessment = assess(replace(small, x=x), NONE)
    assert assessment.figures is None
    (failure,) = assessment.failures
    assert failure.criterion == "inside"
    assert failure.found == f"2 outside, the first is frame 3 at x = 70.000, y = {small.y[3]:.3f}"
    assert failure.expected == "every frame of (16, 16) within the object of (60, 66)"


def test_a_failure_in_words(small):
    """Criterion, what was expected, what was found."""
    (failure, *_) = assess(replace(small, frames=small.frames * 2), NONE).failures
    assert str(failure) == (
        "scale: expected frames between 0.999996 and 1.000004 times the model; found 2.000000 times"
    )


# source


def rounded(scan):
    """The scan as a fixture holds it."""
    return replace(
        scan,
        frames=scan.frames.astype(np.float32).astype(np.float64),
        probe=scan.probe.astype(np.complex64).astype(np.complex128),
        obj=scan.obj.astype(np.complex64).astype(np.complex128),
    )


def test_rounding_agrees_with_the_source(small):
    """float32 and complex64 change no figure."""
    scan, _ = noisy(small, 1e5)
    assert agrees_with_source(rounded(scan), scan) == []


@pytest.mark.parametrize(("error", "agrees"), [(3e-6, True), (5e-6, False)])
def test_more_than_rounding_disagrees_with_the_source(small, error, agrees):
    """Four units of float32 are too much for a frame that was copied."""
    frames = small.frames.copy()
    frames[5] *= 1 + error
    failures = agrees_with_source(replace(small, frames=frames), small)
    assert (failures == []) == agrees
    if not agrees:
        assert failures[0].found == "frame 5 differs by 5e-06 (rounding gives 4e-06)"


def test_another_order_disagrees_with_the_source(small):
    """Frames that belong to their positions, but not at the indices that are claimed."""
    scan, _ = noisy(small, 1e5)
    other = replace(scan, frames=swapped(scan.frames), x=swapped(scan.x), y=swapped(scan.y))
    (failure,) = agrees_with_source(other, scan)
    assert failure.criterion == "source"
    assert failure.found.startswith(("frame 2 differs by 0.0", "frame 9 differs by 0.0"))


def test_another_number_of_frames_disagrees_with_the_source(small):
    """A fixture with a frame missing is refused in words."""
    fewer = replace(small, frames=small.frames[1:], x=small.x[1:], y=small.y[1:])
    (failure,) = agrees_with_source(fewer, small)
    assert failure.found == "frames (15, 16, 16)"


@pytest.mark.parametrize("which", ["fixture", "source"])
def test_a_frame_outside_disagrees_with_the_source(small, which):
    """Where no model exists, nothing can agree."""
    outside = replace(small, x=small.x + 60)
    pair = (outside, small) if which == "fixture" else (small, outside)
    (failure,) = agrees_with_source(*pair)
    assert (failure.expected, failure.found) == ("frames within the object", which)


# What no data can tell: another scan, whose model gives the same amplitudes


def inverted(frames: np.ndarray) -> np.ndarray:
    """Frames under k -> -k; the zero frequency at (H/2, W/2) stays where it is."""
    return np.roll(frames[:, ::-1, ::-1], 1, axis=(1, 2))


def global_phase(scan):
    """The object's phase has no origin."""
    return replace(scan, obj=scan.obj * np.exp(0.7j))


def conjugated_and_inverted(scan):
    """The conjugate of a wave has the same intensity at the opposite frequency."""
    return replace(scan, obj=scan.obj.conj(), probe=scan.probe.conj(), frames=inverted(scan.frames))


def phase_ramps(scan, per_pixel: float = 0.3):
    """Opposite ramps cancel in the product, but for one phase per frame."""
    rows, columns = np.indices(scan.obj.shape)
    ramp = np.exp(1j * per_pixel * (rows - 2 * columns))
    height, width = scan.probe.shape
    return replace(scan, obj=scan.obj * ramp.conj(), probe=scan.probe * ramp[:height, :width])


def common_shift(scan):
    """Coordinates count from a corner of the object, which may be cut anywhere."""
    obj = np.pad(scan.obj, ((3, 2), (5, 0)), constant_values=0.5j)
    return replace(scan, obj=obj, x=scan.x + 5, y=scan.y + 3)


def probe_and_coordinates(scan):
    """The probe may sit elsewhere in its window, where the window moves the other way."""
    dark = np.zeros((16, 16), complex)
    dark[2:14, 2:14] = scan.probe[2:14, 2:14]
    scan = replace(scan, probe=dark)
    scan = replace(scan, frames=scan.model())
    return replace(scan, probe=np.roll(dark, (2, -1), axis=(0, 1)), x=scan.x + 1, y=scan.y - 2)


def power_of_the_probe(scan):
    """A brighter probe behind a darker object gives as much light."""
    return replace(scan, obj=scan.obj / 3, probe=scan.probe * 3)


def everything_transposed(scan):
    """Rows and columns of everything may change their names."""
    return replace(
        scan,
        obj=scan.obj.T,
        probe=scan.probe.T,
        x=scan.y,
        y=scan.x,
        frames=scan.frames.transpose(0, 2, 1),
    )


def everything_mirrored(scan):
    """A view from behind: object, probe, positions and frames, all mirrored in x."""
    width = scan.obj.shape[1]
    frames = np.roll(scan.frames[:, :, ::-1], 1, axis=2)
    return replace(
        scan, obj=scan.obj[:, ::-1], probe=scan.probe[:, ::-1], x=width - scan.x, frames=frames
    )


def signs_in_the_probe(scan):
    """A sign at every second pixel of the probe moves the zero frequency into the corner."""
    sign = (-1.0) ** np.indices(scan.probe.shape).sum(axis=0)
    return replace(scan, probe=scan.probe * sign, frames=np.fft.fftshift(scan.frames, (1, 2)))


def turned_and_conjugated(scan):
    """A wave that is turned by 180 degrees has its frequencies inverted, its conjugate not."""
    rows, columns = scan.obj.shape
    return replace(
        scan,
        obj=scan.obj[::-1, ::-1].conj(),
        probe=scan.probe[::-1, ::-1].conj(),
        x=columns - scan.x,
        y=rows - scan.y,
    )


@pytest.mark.parametrize(
    "change",
    [
        global_phase,
        signs_in_the_probe,
        turned_and_conjugated,
        conjugated_and_inverted,
        phase_ramps,
        common_shift,
        probe_and_coordinates,
        power_of_the_probe,
        everything_transposed,
        everything_mirrored,
    ],
)
def test_what_no_data_can_tell(small, change):
    """Another object, probe or position explains the same frames exactly: nothing can refuse it."""
    # whole pixels: between them, the interpolation of a ramp is no ramp
    scan = replace(small, x=np.rint(small.x), y=np.rint(small.y))
    scan = replace(scan, frames=scan.model())
    other = change(scan)
    assert not all(
        np.array_equal(getattr(other, part), getattr(scan, part))
        for part in ("obj", "probe", "x", "y")
    ), "nothing was changed"
    difference = np.abs(other.model() - other.frames).max()
    assert difference < 1e-12 * scan.frames.max(), "the model tells"
    assert assess(other, NONE).failures == [], "refused all the same"


def test_what_no_data_can_tell_of_a_real_object(small):
    """A real object is its own conjugate, so that conjugating it changes nothing."""
    real = replace(small, obj=np.abs(small.obj) + 0j)
    real = replace(real, frames=real.model())
    conjugated = replace(real, obj=real.obj.conj())
    np.testing.assert_array_equal(conjugated.model(), real.frames)
    assert assess(conjugated, NONE).failures == []
    # and that of an object which is not real does not
    assert "alternatives" in criteria(assess(replace(small, obj=small.obj.conj()), NONE))


def test_ramps_between_pixels_can_be_told_by_their_interpolation(small):
    """Opposite ramps cancel exactly at whole pixels only; a weak one is lost in photon noise."""
    weak, strong = (
        relative_error(phase_ramps(small, per_pixel)).max() for per_pixel in (0.01, 0.3)
    )
    # 1e6 photons in a frame of 64 x 64 leave 0.03
    assert weak < 0.002
    assert strong > 0.01
