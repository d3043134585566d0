"""Scans whose frames belong to their positions, and scans whose do not.

Each kind makes a scan from a seed, a number of frames and a number of photons for each frame: the
fixture, the noise that is declared, and the source that it was cut from. Frames are photon counts;
``measured`` declares them so.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from generators import epie_v1, simulate_v1, subset_v1
from registry.ptychography.forward import model_amplitude, object_patches
from registry.ptychography.held_out import reconstruct
from registry.ptychography.noise import Noise
from registry.ptychography.scan import Scan

MEASURED, POISSON = "measured", "poisson"
# Of the reconstruction that a source with `object: reconstruct` and so many `sweeps` has.
SWEEPS = 10
# A fixture, what is declared of its noise, and its source.
Made = tuple[Scan, Noise, Scan]


@dataclass(frozen=True, kw_only=True)
class Kind:
    """A kind of scan: whether it is sound, as what it is declared, and how one is made.

    make : from seed, number of frames, and photons for each frame
    """

    sound: bool
    declared: tuple[str, ...]
    make: Callable[[int, int, float, str], Made]


@functools.lru_cache(maxsize=4)
def truth(seed: int) -> dict[str, np.ndarray]:
    """Object, probe and positions of a twin of Run1084."""
    return simulate_v1._twin(seed)


def positions(twin: dict[str, np.ndarray], n: int) -> tuple[np.ndarray, np.ndarray]:
    """So many of its positions, evenly spaced: x and y."""
    x, y = twin["xcoords"], twin["ycoords"]
    chosen = subset_v1.select("evenly_spaced", n, x, y, None)
    return x[chosen], y[chosen]


def counted(amplitude: np.ndarray, photons: float, seed: int) -> tuple[np.ndarray, float]:
    """Frames with the noise of so many photons each, and counts per amplitude squared."""
    scale = photons / float((amplitude**2).sum(axis=(1, 2)).mean())
    counts = np.random.RandomState(seed).poisson(amplitude**2 * scale)
    return np.sqrt(counts / scale), scale


def noise(declared: str, scale: float) -> Noise:
    """What is declared of frames with so many counts per amplitude squared."""
    return Noise(kind=declared, photon_scale=scale if declared == POISSON else None)


def rounded(scan: Scan) -> Scan:
    """A scan as a fixture holds it."""
    return replace(
        scan,
        frames=scan.frames.astype("<f4").astype(np.float64),
        probe=scan.probe.astype("<c8").astype(np.complex128),
        obj=scan.obj.astype("<c8").astype(np.complex128),
    )


def shuffled(seed: int, n: int) -> np.ndarray:
    """An order of n."""
    return np.random.default_rng(seed).permutation(n)


def sound(seed: int, n: int, photons: float) -> tuple[Scan, float]:
    """A twin's frames in their order, and counts per amplitude squared."""
    twin = truth(seed)
    x, y = positions(twin, n)
    obj, probe = twin["objectGuess"], twin["probeGuess"]
    frames, scale = counted(model_amplitude(obj, probe, x, y), photons, seed)
    return rounded(Scan(frames=frames, x=x, y=y, probe=probe, obj=obj)), scale


def reconstructed(scan: Scan, probe: np.ndarray | None = None) -> Scan:
    """The scan with an object, and a probe, made from its own frames as they are ordered."""
    start = scan.probe if probe is None else probe
    obj, modes = reconstruct(scan.frames, scan.x, scan.y, start, scan.obj.shape)
    return rounded(replace(scan, obj=obj, probe=modes[0]))


def worked_out(scan: Scan) -> Scan:
    """The same, by the reconstruction of a source that is declared with `object: reconstruct`."""
    every = np.ones(scan.shape, bool)
    obj, modes = epie_v1.reconstruct(
        scan.frames, scan.x, scan.y, scan.probe[None], scan.obj.shape, SWEEPS, every
    )
    return rounded(replace(scan, obj=obj, probe=modes[0]))


def whole(scan: Scan, declared: Noise) -> Made:
    """A fixture that is all of its source."""
    return scan, declared, scan


def _changed(change: Callable[[Scan, int], Scan]) -> Callable[[int, int, float, str], Made]:
    return _exposed_anew(lambda scan, seed, _: change(scan, seed))


def _exposed_anew(
    change: Callable[[Scan, int, float], Scan],
) -> Callable[[int, int, float, str], Made]:
    """From a scan, a seed and photons for each frame to what was exposed in its place."""

    def make(seed: int, n: int, photons: float, declared: str) -> Made:
        scan, scale = sound(seed, n, photons)
        return whole(change(scan, seed, photons), noise(declared, scale))

    return make


def _cut(seed: int, n: int, photons: float, declared: str) -> Made:
    """So many frames of a scan of 128."""
    source, scale = sound(seed, 128, photons)
    chosen = np.arange(n) * 127 // (n - 1)
    fixture = replace(source, frames=source.frames[chosen], x=source.x[chosen], y=source.y[chosen])
    return fixture, noise(declared, scale), source


def _permuted(scan: Scan, seed: int) -> Scan:
    return replace(scan, frames=scan.frames[shuffled(seed, len(scan.frames))])


def _ones(scan: Scan) -> Scan:
    return replace(scan, obj=np.ones_like(scan.obj))


def _beam(scan: Scan, seed: int, photons: float) -> Scan:
    """Nothing in the beam, at random positions."""
    rng = np.random.default_rng(seed)
    n, empty = len(scan.frames), _ones(scan)
    x, y = rng.uniform(scan.x.min(), scan.x.max(), n), rng.uniform(scan.y.min(), scan.y.max(), n)
    frames, _ = counted(model_amplitude(empty.obj, scan.probe, x, y), photons, seed)
    return reconstructed(replace(empty, x=x, y=y, frames=frames))


def made_up(frames: np.ndarray) -> np.ndarray:
    """What the mean frame would be the far field of, were it flat in phase."""
    mean = np.fft.ifftshift(np.sqrt((frames**2).mean(axis=0)))
    probe: np.ndarray = np.fft.fftshift(np.fft.ifft2(mean)) * mean.shape[0]
    return probe


def _near_field(scan: Scan, seed: int, photons: float) -> Scan:
    """Holograms close behind the object, taken for far fields, under one of eight conventions."""
    rng = np.random.default_rng(seed)
    size = scan.shape[0]
    u = np.fft.fftfreq(size)
    square = u[:, None] ** 2 + u[None, :] ** 2
    rough = np.fft.ifft2(np.fft.fft2(rng.standard_normal((size, size))) * np.exp(-200 * square))
    light = np.exp(2j * rough.real / rough.real.std())
    wave = np.fft.fft2(light * object_patches(scan.obj, scan.x, scan.y, scan.shape))
    field = np.abs(np.fft.ifft2(wave * np.exp(-40j * np.pi * square)))
    frames, _ = counted(field, photons, seed)
    x, y = (scan.x, scan.y) if rng.integers(2) else (scan.y, scan.x)
    x, y = (p if rng.integers(2) else p.min() + p.max() - p for p in (x, y))
    return reconstructed(replace(scan, frames=frames, x=x, y=y), made_up(frames))


def _near_field_permuted(scan: Scan, seed: int, photons: float) -> Scan:
    near = _near_field(scan, seed, photons)
    return reconstructed(_permuted(near, seed), made_up(near.frames))


def _third_misplaced(scan: Scan, seed: int) -> Scan:
    n = len(scan.frames)
    order = np.arange(n)
    wrong = np.sort(shuffled(seed, n)[: n // 3])
    order[wrong] = np.roll(wrong, 1)
    return replace(scan, frames=scan.frames[order])


def _rolled(scan: Scan) -> Scan:
    return replace(scan, frames=np.roll(scan.frames, 1, axis=0))


def _repeated(scan: Scan, seed: int, photons: float, times: int) -> Scan:
    """Each place has so many exposures, all of which were taken at the same other place."""
    order = np.repeat(np.arange(0, len(scan.frames), times), times)
    n = len(order)
    scan = replace(scan, x=scan.x[order], y=scan.y[order])
    frames, _ = counted(scan.model(), photons, seed)
    permuted = frames.reshape(n // times, times, *scan.shape)[shuffled(seed, n // times)]
    return worked_out(rounded(replace(scan, frames=permuted.reshape(frames.shape))))


def _reciprocal(seed: int, n: int, photons: float, declared: str) -> Made:
    scan, scale = sound(seed, n, photons)
    return whole(_rolled(scan), noise(declared, 1 / scale))


_BOTH = (MEASURED, POISSON)
_FRAMES = (MEASURED,)

KINDS: dict[str, Kind] = {
    "twin": Kind(sound=True, declared=_BOTH, make=_changed(lambda scan, _: scan)),
    "twin, cut from 128 frames": Kind(sound=True, declared=_BOTH, make=_cut),
    "twin, object reconstructed": Kind(
        sound=True, declared=_FRAMES, make=_changed(lambda scan, _: worked_out(scan))
    ),
    "frames permuted": Kind(sound=False, declared=_BOTH, make=_changed(_permuted)),
    "frames permuted, then the object reconstructed": Kind(
        sound=False,
        declared=_FRAMES,
        make=_changed(lambda scan, seed: reconstructed(_permuted(scan, seed))),
    ),
    "object of ones": Kind(sound=False, declared=_BOTH, make=_changed(lambda s, _: _ones(s))),
    "object of ones, frames permuted": Kind(
        sound=False, declared=_BOTH, make=_changed(lambda scan, seed: _ones(_permuted(scan, seed)))
    ),
    "empty beam, object reconstructed": Kind(
        sound=False, declared=_FRAMES, make=_exposed_anew(_beam)
    ),
    "near field, probe from the mean frame": Kind(
        sound=False, declared=_FRAMES, make=_exposed_anew(_near_field)
    ),
    "near field, the same, frames permuted": Kind(
        sound=False,
        declared=_FRAMES,
        make=_exposed_anew(_near_field_permuted),
    ),
    "frames permuted, probe from the mean frame": Kind(
        sound=False,
        declared=_FRAMES,
        make=_changed(
            lambda scan, seed: reconstructed(_permuted(scan, seed), made_up(scan.frames))
        ),
    ),
    "a third of the frames misplaced": Kind(
        sound=False, declared=_BOTH, make=_changed(_third_misplaced)
    ),
    "a third misplaced, then the object reconstructed": Kind(
        sound=False,
        declared=_FRAMES,
        make=_changed(lambda scan, seed: reconstructed(_third_misplaced(scan, seed))),
    ),
    "places exposed twice, permuted, then the object reconstructed": Kind(
        sound=False, declared=_FRAMES, make=_exposed_anew(lambda *given: _repeated(*given, times=2))
    ),
    "places exposed four times, permuted, then the object reconstructed": Kind(
        sound=False, declared=_FRAMES, make=_exposed_anew(lambda *given: _repeated(*given, times=4))
    ),
    "frames rolled by one": Kind(
        sound=False, declared=_BOTH, make=_changed(lambda scan, _: _rolled(scan))
    ),
    "frames rolled by one, then the object reconstructed": Kind(
        sound=False,
        declared=_FRAMES,
        make=_changed(lambda scan, _: reconstructed(_rolled(scan))),
    ),
    "frames rolled by one, photon_scale its own reciprocal": Kind(
        sound=False, declared=(POISSON,), make=_reciprocal
    ),
}
