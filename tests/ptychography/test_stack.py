"""Stacks of frames in parts, and the physics of a scan that is gone through so."""

from __future__ import annotations

from dataclasses import asdict, replace

import numpy as np
import pytest

from registry.ptychography import planted, scan, stack
from registry.ptychography.alternatives import alternative_margins
from registry.ptychography.doubts import doubts
from registry.ptychography.held_out import held_out
from registry.ptychography.likelihood import is_misplaced, log_likelihood
from registry.ptychography.noise import Noise
from registry.ptychography.outliers import Usual
from registry.ptychography.physics import assess
from registry.ptychography.scan import Scan
from registry.ptychography.stack import Computed

NOISE = {"none": Noise(kind="none"), "measured": Noise(kind="measured")}


@pytest.fixture
def in_parts(monkeypatch):
    """Three frames of 16 x 16 at a time, none kept, and models in groups of six."""

    def use() -> None:
        monkeypatch.setattr(stack, "PART", 3 * 16 * 16)
        monkeypatch.setattr(scan, "KEPT", 0)
        monkeypatch.setattr("registry.ptychography.likelihood._GROUP", 2)

    return use


def counted(small: Scan, photons: float = 1e5) -> tuple[Scan, Noise]:
    """The scan with photon counts."""
    photon_scale = photons / (small.frames**2).sum(axis=(1, 2)).mean()
    counts = np.random.RandomState(1).poisson(photon_scale * small.frames**2)
    return (
        replace(small, frames=np.sqrt(counts / photon_scale)),
        Noise(kind="poisson", photon_scale=photon_scale),
    )


def lazy(frames: np.ndarray) -> Computed:
    """Frames that are given where they are asked for."""
    return Computed(shape=frames.shape, frames=lambda indices: frames[indices])


def assert_close(found, expected) -> None:
    """Figures are the same but for sums in another order."""
    for name, value in asdict(expected).items():
        same = pytest.approx(value, rel=1e-9, abs=1e-12) if isinstance(value, float) else value
        assert getattr(found, name) == same, name


# stacks


def test_what_is_small_is_an_array(monkeypatch):
    """Up to a part, converted at once; beyond, where it is asked for."""
    frames = np.arange(5 * 4 * 4, dtype="<f4").reshape(5, 4, 4)
    assert isinstance(stack.stack(frames), np.ndarray)
    monkeypatch.setattr(stack, "PART", 5 * 4 * 4 - 1)
    asked = stack.stack(frames, lambda some: some * 2)
    assert isinstance(asked, Computed), "all in memory"
    assert (len(asked), asked.shape, asked.size, asked.ndim) == (5, (5, 4, 4), 80, 3)
    for indices in (slice(None), slice(1, 4), [3, 0, 3], np.array([4])):
        some = asked[indices]
        assert some.dtype == np.float64
        np.testing.assert_array_equal(some, 2.0 * frames[indices])


def test_frames_are_taken_where_they_are_asked_for(monkeypatch):
    """Of a stack, or of what reads rows from a file, and no others."""
    read = []

    class Rows:
        shape, size = (6, 2, 2), 24

        def __getitem__(self, indices):
            read.extend(indices)
            return np.full((len(indices), 2, 2), indices[:, None, None])

    monkeypatch.setattr(stack, "PART", 8)
    found = stack.taken(Rows(), np.array([5, 3, 1, 0]))
    assert read == [], "read before it is asked for"
    np.testing.assert_array_equal(found[1:3][:, 0, 0], [3, 1])
    assert read == [3, 1], "others were read"
    again = stack.taken(found, np.array([3, 0, 0]))
    np.testing.assert_array_equal(again[:][:, 1, 1], [0, 5, 5])


def test_parts_have_so_many_pixels_at_most(monkeypatch):
    """All of them once, in order, or one frame where that is larger."""
    monkeypatch.setattr(stack, "PART", 40)
    frames = np.ones((7, 4, 4))
    assert list(stack.parts(frames)) == [slice(0, 2), slice(2, 4), slice(4, 6), slice(6, 7)]
    assert list(stack.parts(frames, 2)) == [slice(0, 4), slice(4, 7)]
    assert len(list(stack.parts(np.ones((3, 9, 9))))) == 3, "more than one frame at a time"
    assert list(stack.parts(np.ones((0, 4, 4)))) == [slice(0, 0)]


def test_figures_of_parts(monkeypatch):
    """Those of each frame, sums and the largest, whatever the parts; and the whole."""
    frames = np.random.default_rng(3).random((7, 4, 4))
    monkeypatch.setattr(stack, "PART", 40)
    asked = lazy(frames)
    means = stack.by_frame(lambda a, b: (a * b).mean(axis=(1, 2)), asked, frames)
    np.testing.assert_allclose(means, (frames**2).mean(axis=(1, 2)))
    assert stack.total(np.sum, asked) == pytest.approx(frames.sum())
    assert stack.power(asked) == pytest.approx((frames**2).sum())
    assert stack.largest(asked) == frames.max()
    np.testing.assert_array_equal(stack.kept(asked), frames)
    assert stack.kept(frames) is frames


def test_each_goes_through_few_frames_at_a_time():
    """As many as stay in the CPU's cache, and one at least; a part may have more."""
    assert stack.few(np.empty((100, 64, 64))) == 8
    assert stack.few(np.empty((1, 512, 512))) == 1
    assert [len(some) for (some,) in stack.each(np.empty((20, 64, 64)))] == [8, 8, 4]
    assert list(stack.slices(5, 2)) == [slice(0, 2), slice(2, 4), slice(4, 5)]
    assert list(stack.slices(0, 2)) == [slice(0, 0)]


def test_frames_of_a_pixel_and_of_none(monkeypatch):
    """As many pixels as a part may have are so many frames; of no pixels they are no error."""
    monkeypatch.setattr(stack, "PART", 40)
    pixels, nothing = np.ones((41, 1, 1)), np.ones((3, 0, 4))
    assert list(stack.parts(pixels)) == [slice(0, 40), slice(40, 41)]
    assert stack.few(pixels) == 40
    assert list(stack.parts(nothing)) == [slice(0, 3)]
    assert stack.squares(nothing).tolist() == [0.0] * 3
    assert isinstance(stack.stack(pixels[:40] * 1.0, np.sqrt), np.ndarray), "no more than a part"
    assert isinstance(stack.taken(pixels, np.arange(40)), np.ndarray), "no more than a part"
    assert isinstance(stack.taken(pixels, np.arange(41)), Computed), "more than a part"


def test_what_is_one_already_is_not_copied():
    """An array of float64, row after row, is a stack; any other becomes one."""
    frames = np.ones((3, 4, 4))
    assert stack.stack(frames) is frames
    for other in (frames.astype("<f4"), frames.transpose(0, 2, 1)[:, ::-1]):
        found = stack.stack(other)
        assert found.dtype == np.float64
        assert found.flags.c_contiguous


def test_what_is_remembered_is_computed_once():
    """Each frame when it is first asked for, and no other."""
    asked = []

    def frames(indices):
        asked.extend(indices)
        return np.ones((len(indices), 2, 2)) * indices[:, None, None]

    found = stack.remembered(Computed(shape=(5, 2, 2), frames=frames))
    np.testing.assert_array_equal(found[[3, 1]][:, 0, 0], [3, 1])
    np.testing.assert_array_equal(found[1:4][:, 0, 0], [1, 2, 3])
    np.testing.assert_array_equal(found[:][:, 1, 1], np.arange(5))
    assert asked == [3, 1, 2, 0, 4], "computed anew"


# the physics


@pytest.mark.parametrize("kind", ["none", "poisson", "measured"])
def test_a_scan_in_parts_has_the_same_figures(small, in_parts, kind):
    """Figures, failures and doubts of a sound scan and of an unsound one."""
    sound, noise = (small, NOISE[kind]) if kind == "none" else counted(small)
    noise = NOISE.get(kind, noise)
    others = [
        sound,
        replace(sound, frames=np.roll(sound.frames, 1, axis=0)),
        replace(sound, x=sound.x + 0.5),
        replace(sound, frames=sound.frames**2),
        replace(sound, frames=sound.frames[[0, 1, 1, *range(3, 16)]]),
    ]
    whole = [assess(other, noise) for other in others]
    in_parts()
    for other, expected in zip(others, whole, strict=True):
        found = assess(replace(other, frames=lazy(other.frames)), noise)
        assert_close(found.figures, expected.figures)
        assert [str(failure) for failure in found.failures] == [
            str(failure) for failure in expected.failures
        ]
        assert found.doubts == expected.doubts


def test_likelihoods_in_parts(small, in_parts):
    """The whole matrix is the same, and a misplaced frame is found wherever its better place is."""
    (sound, poisson), model = counted(small), small.model()
    pairs = [(sound.frames, model), (sound.frames[::-1], model)]
    for one, other in ((0, 1), (2, 14), (14, 15)):
        order = np.arange(16)
        order[[one, other]] = other, one
        pairs.append((sound.frames[order], model))
    noises = (poisson, *NOISE.values())
    whole = [[log_likelihood(*pair, noise) for pair in pairs] for noise in noises]
    in_parts()
    for noise, expected in zip(noises, whole, strict=True):
        for pair, matrix in zip(pairs, expected, strict=True):
            found = log_likelihood(*map(lazy, pair), noise)
            np.testing.assert_allclose(found, matrix, rtol=1e-9, atol=1e-9 * np.abs(matrix).max())
            gain = matrix.max(axis=1) - np.diagonal(matrix)
            assert is_misplaced(*map(lazy, pair), noise) == (gain > 18).any()


def test_alternatives_in_parts(small, in_parts):
    """The least margin and those below zero are exact; others are at least what is said."""
    sound, _ = counted(small)
    others = [sound, replace(sound, x=sound.x + 1)]
    whole = [dict(alternative_margins(other, other.model())) for other in others]
    in_parts()
    for other, expected in zip(others, whole, strict=True):
        asked = replace(other, frames=lazy(other.frames))
        found = dict(alternative_margins(asked, asked.model()))
        assert found.keys() == expected.keys()
        assert min(found, key=found.get) == min(expected, key=expected.get)
        least = min(expected.values())
        for name, margin in expected.items():
            if margin <= max(least, 0):
                assert found[name] == pytest.approx(margin), name
            else:
                assert least < found[name] <= margin * (1 + 1e-9), name
        cut_short = [name for name in found if found[name] < 0.99 * expected[name]]
        assert len(cut_short) > 9, "all frames are held against models that fit worse anyway"


def test_models_that_are_the_same_in_parts(small, in_parts):
    """All of them have to be: one that differs, in whichever part, is enough."""
    model = np.repeat(small.model()[:1], 16, axis=0)
    in_parts()
    (found,) = doubts(1.0, lazy(model), [], None)
    assert found == "models of different positions are the same but for rounding"
    for differing in (0, 7, 15):
        others = model.copy()
        others[differing] *= 1.01
        assert list(doubts(1.0, lazy(others), [], None)) == [], differing


def test_held_out_frames_and_outliers_in_parts(small, in_parts):
    """What is asked of a measured source is the same, too."""
    sound, _ = counted(small)
    double = replace(
        sound,
        frames=np.concatenate([sound.frames, sound.frames[:, ::-1]]),
        x=np.append(sound.x, sound.y),
        y=np.append(sound.y, sound.x),
    )
    model = np.concatenate([sound.model(), np.zeros((1, 16, 16))])
    frames = np.concatenate([sound.frames, sound.frames[:1]])
    expected = held_out(double), Usual.of(frames, model)
    in_parts()
    asked = replace(double, frames=lazy(double.frames))
    found = held_out(asked), Usual.of(lazy(frames), lazy(model))
    for one, other in zip(found, expected, strict=True):
        assert_close(one, other)


def test_mistakes_are_found_in_parts(small, in_parts, schemas):
    """The same ones by the same criteria, and as small a shift."""
    sound, noise = counted(small)
    arrays = {
        "diffraction": sound.frames.astype("<f4"),
        "objectGuess": sound.obj.astype("<c8"),
        "probeGuess": sound.probe.astype("<c8"),
        "xcoords": sound.x,
        "ycoords": sound.y,
    }
    arrays["diff3d"] = arrays["diffraction"]
    expected = planted.record(arrays, noise, schemas, "data_001_v3.schema.json")
    in_parts()
    assert planted.record(arrays, noise, schemas, "data_001_v3.schema.json") == expected
    assert {"permuted_frames", "background", "drift"} <= expected["found"].keys()
