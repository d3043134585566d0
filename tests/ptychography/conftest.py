"""Scans to hold the checks against: the twin, the real reconstruction, and a small quick one."""

from __future__ import annotations

import functools
from collections import OrderedDict
from dataclasses import dataclass, field

import numpy as np
import pytest

from generators import exact_v1, simulate_v1, subset_v1
from registry.ptychography import forward
from registry.ptychography import scan as scan_module
from registry.ptychography.acceptance import Source, as_scan
from registry.ptychography.noise import Noise
from registry.ptychography.scan import Scan
from tests.kit.runners import run, top

N_SUBSET = 64


@dataclass(frozen=True, kw_only=True)
class Bench:
    """Object, probe and positions of a scan, whose frames are made when a test asks for them.

    reconstruction : objectGuess, probeGuess, xcoords, ycoords as `simulate_v1` takes them
    other_probe : (H, W) complex128, the probe of another scan
    """

    reconstruction: dict[str, np.ndarray]
    other_probe: np.ndarray
    _amplitudes: dict[bytes, np.ndarray] = field(default_factory=dict)

    def evenly_spaced(self, n: int = N_SUBSET) -> np.ndarray:
        """Indices of a fixture of n positions."""
        x, y = self.reconstruction["xcoords"], self.reconstruction["ycoords"]
        return subset_v1.select("evenly_spaced", n, x, y, None)

    def amplitude(self, indices: np.ndarray) -> np.ndarray:
        """Noise-free frames (n, H, W) float64 as `simulate_v1` makes them, at these positions."""
        key = indices.tobytes()
        if key not in self._amplitudes:
            self._amplitudes[key] = simulate_v1._amplitudes(
                self.reconstruction["objectGuess"],
                exact_v1.split(self.reconstruction["probeGuess"]),
                self.reconstruction["xcoords"][indices],
                self.reconstruction["ycoords"][indices],
            )
        return self._amplitudes[key]

    def noise(self, indices: np.ndarray, photons: float | None) -> Noise:
        """Noise of so many photons per frame on average, or none."""
        if photons is None:
            return Noise(kind="none")
        power = float((self.amplitude(indices) ** 2).sum(axis=(1, 2)).mean())
        return Noise(kind="poisson", photon_scale=photons / power)

    def frames(self, indices: np.ndarray, noise: Noise, seed: int) -> np.ndarray:
        """Frames (n, H, W) float64 as `simulate_v1` makes them, at these positions alone."""
        amplitude = self.amplitude(indices)
        if noise.photon_scale is None:
            return amplitude
        counts = simulate_v1._counts(amplitude, noise.photon_scale, seed)
        return np.sqrt(counts / noise.photon_scale)

    def fixture(
        self, photons: float | None, seed: int = 0, indices: np.ndarray | None = None
    ) -> tuple[dict[str, np.ndarray], Noise]:
        """Arrays of a good fixture, as the contract wants them, and the noise in them."""
        indices = self.evenly_spaced() if indices is None else indices
        noise = self.noise(indices, photons)
        return {
            "diffraction": self.frames(indices, noise, seed).astype("<f4"),
            "objectGuess": self.reconstruction["objectGuess"].astype("<c8"),
            "probeGuess": self.reconstruction["probeGuess"].astype("<c8"),
            "xcoords": self.reconstruction["xcoords"][indices].astype("<f8"),
            "ycoords": self.reconstruction["ycoords"][indices].astype("<f8"),
        }, noise


def _twin(seed: int) -> Bench:
    with pytest.MonkeyPatch.context() as patch:
        # other optics: a smaller pupil
        patch.setattr(simulate_v1, "PUPIL_RADIUS_PX", 11.0)
        other_probe = simulate_v1._defocused_probe()
    return Bench(reconstruction=simulate_v1._twin(seed), other_probe=other_probe)


@pytest.fixture(scope="session")
def make_twin():
    """Twin of Run1084 that `simulate_v1` makes from a seed."""
    return functools.lru_cache(maxsize=2)(_twin)


@pytest.fixture(scope="session")
def twin():
    """The twin of params.yaml."""
    return _twin(1084)


@pytest.fixture(scope="session")
def real(reconstruction):
    """Scan made from the real reconstruction."""
    return Bench(reconstruction=reconstruction, other_probe=simulate_v1._defocused_probe())


@pytest.fixture(params=["twin", "real"])
def bench(request):
    """Each of the two scans in turn."""
    return request.getfixturevalue(request.param)


@pytest.fixture(scope="session")
def source_of():
    """Source that a fixture's arrays would have been cut from without a change."""

    def make(arrays: dict[str, np.ndarray], noise: Noise) -> Source:
        scan, reason = as_scan(arrays)
        assert scan is not None, reason
        indices = np.arange(len(scan.frames))
        return Source(scan=scan, indices=indices, noise=noise, strategy="evenly_spaced")

    return make


@pytest.fixture(scope="session")
def _models():
    return OrderedDict()


@pytest.fixture
def remembered_models(_models, monkeypatch):
    """The forward model, which gives the same for the same input, is computed once for each.

    A scan is held against some fifty models, and they do not depend on its frames: hundreds of
    noisy versions of the same scan take a fraction of the time.
    """

    def remembered(obj, probe, x, y):
        # sums tell objects apart, and take a tenth of the time of a digest of all pixels
        parts = (obj.sum(axis=0), obj.sum(axis=1), probe, x, y)
        key = tuple(part.tobytes() for part in parts)
        if key not in _models:
            model = forward.model_amplitude(obj, probe, x, y)
            model.flags.writeable = False
            _models[key] = model
            if len(_models) > 120:
                _models.popitem(last=False)
        _models.move_to_end(key)
        return _models[key]

    monkeypatch.setattr(scan_module, "model_amplitude", remembered)


def _smooth(rng: np.random.Generator, shape: tuple[int, int]) -> np.ndarray:
    field = rng.random(shape)
    for axis in (0, 1):
        field = field + np.roll(field, 1, axis) + np.roll(field, 2, axis)
    return (field - field.min()) / np.ptp(field)


@pytest.fixture
def small():
    """A noise-free scan of 16 frames of 16 x 16: quick, and as far from symmetric as can be.

    Positions keep 8.5 px from the edges, so that no alternative position leaves the object.
    """
    rng = np.random.default_rng(5)
    shape = (60, 66)
    obj = (0.4 + 0.6 * _smooth(rng, shape)) * np.exp(2j * _smooth(rng, shape))
    v, u = (np.arange(16) - 8.3)[:, None] / 4, (np.arange(16) - 7.4)[None, :] / 4
    probe = np.exp(-(u**2) - 1.4 * v**2 + 0.3 * u * v + 1j * (0.9 * u**2 + 0.5 * v**2 + 0.7 * u))
    x, y = rng.uniform(17, 43, 16), rng.uniform(17, 43, 16)
    frames = forward.model_amplitude(obj, probe, x, y)
    return Scan(frames=frames, x=x, y=y, probe=probe, obj=obj)
