"""What the proof costs: criteria, planted mistakes, and frames that are held out."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from statistics import median

import numpy as np

from bench.results import Section, at_most, milliseconds, table
from bench.timing import ROOT
from generators import simulate_v1
from registry.ptychography import planted
from registry.ptychography.forward import model_amplitude
from registry.ptychography.held_out import held_out
from registry.ptychography.mistakes import MISTAKES
from registry.ptychography.noise import Noise
from registry.ptychography.physics import assess
from registry.ptychography.scan import Scan

TITLE = "Proof: what a fixture's data could have told"
_SIZES = (16, 64, 128)
_V1 = 64
_SOURCES = (200, 516, 1087)
# Three splits, and each half of them is asked once.
_HALVES = 6
_PHOTONS = 1e6
_ROUNDS = 3
_BUDGET_S = 0.4
_FIXTURE_HEADER = [
    "frames", "models alone (floor) ms", "criteria ms", "planted mistakes ms",
    "the same, declared measured, ms",
]  # fmt: skip
_SOURCE_HEADER = ["source frames", "transforms alone (floor) ms", "held-out frames ms", "× floor"]


def run(name: str) -> Section:
    """Time each part by the processor's clock, one thread."""
    fixtures, sources = [], []
    mistakes = np.nan
    for n in _SIZES:
        scan, poisson = _twin(n)
        took = _planted(scan, poisson)
        mistakes = took if n == _V1 else mistakes
        fixtures.append(
            [
                str(n),
                milliseconds(_seconds(scan.model)),
                milliseconds(_seconds(partial(assess, scan, poisson))),
                milliseconds(took),
                milliseconds(_planted(scan, Noise(kind="measured"))),
            ]
        )
    for n in _SOURCES:
        scan, _ = _twin(n)
        floor, took = _seconds(partial(_transforms, n)), _seconds(partial(held_out, scan))
        sources.append([str(n), milliseconds(floor), milliseconds(took), f"{took / floor:.1f}"])
    return Section(
        name=name,
        title=TITLE,
        parts=[
            "Processor time of one thread, the twin of Run1084 at 1e6 photons for each frame. "
            "Criteria are all those that accept a fixture, 52 alternatives among them. "
            f"{len(MISTAKES)} mistakes are planted, and shifts down to 1/128 px. Declared "
            "as measured, more mistakes pass all criteria, each of which then costs its own models "
            "and those of some frames for each alternative.",
            table(_FIXTURE_HEADER, fixtures),
            "Held out are the frames of a source whose object comes from its frames: in each of "
            f"{_HALVES} halves, a reconstruction of 256 steps or of each frame once, and one model "
            "for each frame of the other half. The floor makes the same Fourier transforms, and "
            "nothing else.",
            table(_SOURCE_HEADER, sources),
        ],
        verdicts=[at_most("mistakes planted in v1", _BUDGET_S, mistakes, "s of processor time")],
    )


def _twin(n: int) -> tuple[Scan, Noise]:
    twin = simulate_v1._twin(1084)
    chosen = np.arange(n) * 1086 // (n - 1)
    x, y = twin["xcoords"][chosen], twin["ycoords"][chosen]
    amplitude = model_amplitude(twin["objectGuess"], twin["probeGuess"], x, y)
    scale = _PHOTONS / float((amplitude**2).sum(axis=(1, 2)).mean())
    frames = np.sqrt(np.random.RandomState(1).poisson(amplitude**2 * scale) / scale)
    scan = Scan(
        frames=frames.astype("<f4").astype(np.float64),
        x=x,
        y=y,
        probe=twin["probeGuess"].astype("<c8").astype(np.complex128),
        obj=twin["objectGuess"].astype("<c8").astype(np.complex128),
    )
    return scan, Noise(kind="poisson", photon_scale=scale)


def _planted(scan: Scan, noise: Noise) -> float:
    arrays = {
        "diffraction": scan.frames[:].astype("<f4"),
        "objectGuess": scan.obj.astype("<c8"),
        "probeGuess": scan.probe.astype("<c8"),
        "xcoords": scan.x,
        "ycoords": scan.y,
    }
    return _seconds(partial(planted.record, arrays, noise, ROOT / "schemas"))


def _transforms(n: int) -> None:
    wave = np.ones((64, 64), np.complex128)
    half = n // 2
    steps = -(-256 // half) * half
    for _ in range(_HALVES * (2 * steps + half)):
        np.fft.fft2(wave)


def _seconds(work: Callable[[], object]) -> float:
    times = []
    for _ in range(_ROUNDS):
        start = time.process_time()
        work()
        times.append(time.process_time() - start)
    return median(times)
