"""Real scans, where their files are: verdicts with their own probe and with a made-up one."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from generators import epie_v1, scan_v2, subset_v1
from registry.identity import foreign_npz
from registry.identity.sidecar import CHECKED, UNDECIDED
from registry.ptychography.acceptance import as_scan
from registry.ptychography.forward import model_amplitude
from registry.ptychography.noise import Noise
from registry.ptychography.readers import open_declared
from registry.ptychography.scan import Scan
from registry.ptychography.stack import kept
from tests.kit.repository import real_file
from tests.proof.cases import MEASURED, counted, made_up, reconstructed, rounded, shuffled
from tests.proof.table import verdict

pytestmark = pytest.mark.slow
NOISE = Noise(kind=MEASURED)
# As docs/bring-your-own-scan.md declares it.
STAR = {
    "format": "npz", "diffraction": "data[0]", "probeGuess": "probe[0,0,0,0]",
    "xcoords": "scan[0,:,1]", "ycoords": "scan[0,:,0]", "measurement": "intensity",
    "normalisation": 1000, "noise": "measured", "zero_frequency": "corner", "crop": 64,
    "x_sign": 1, "y_sign": 1, "object": "reconstruct",
}  # fmt: skip


@pytest.fixture(scope="module")
def star():
    """The Siemens star as it was measured, with the object that its source gets."""
    path = real_file("siemens-star-small.npz.bz2")
    with open_declared(path, STAR, subject="star") as file:
        arrays, _ = scan_v2.generate(STAR, file)
        arrays["diffraction"] = arrays["diffraction"][np.arange(arrays["xcoords"].size)]
    scan, reason = as_scan(arrays)
    assert scan is not None, reason
    return replace(scan, frames=kept(scan.frames))


def part(scan: Scan, n: int) -> Scan:
    """So many of a scan's positions, evenly spaced."""
    chosen = np.arange(n) * (len(scan.frames) - 1) // (n - 1)
    return replace(scan, frames=scan.frames[chosen], x=scan.x[chosen], y=scan.y[chosen])


def test_the_star_is_checked(star):
    """By all of its frames, and by 64 alone."""
    fixture = part(star, 64)
    assert verdict(fixture, NOISE, star) == CHECKED, "all frames"
    assert verdict(fixture, NOISE, fixture) == CHECKED, "64 frames"


def test_a_part_of_16_is_checked_by_the_whole(star):
    """And by itself it is too small."""
    fixture = part(star, 16)
    assert verdict(fixture, NOISE, star) == CHECKED
    assert verdict(fixture, NOISE, fixture) == UNDECIDED


@pytest.mark.parametrize("permuted", [False, True])
def test_the_star_with_a_made_up_probe(star, permuted):
    """What the mean frame would be the far field of explains no frame better than another."""
    frames = star.frames[shuffled(64, len(star.frames))] if permuted else star.frames
    source = reconstructed(replace(star, frames=frames), made_up(star.frames))
    assert verdict(part(source, 64), NOISE, source) != CHECKED


def test_the_star_permuted(star):
    """An object that is made from frames in the wrong order, as its generator makes it."""
    frames = star.frames[shuffled(64, len(star.frames))]
    obj, modes = epie_v1.reconstruct(
        frames, star.x, star.y, star.probe[None], star.obj.shape, 3, np.ones(star.shape, bool)
    )
    source = rounded(replace(star, frames=frames, obj=obj, probe=modes[0]))
    assert verdict(part(source, 64), NOISE, source) != CHECKED


def test_a_scan_of_the_real_reconstruction():
    """Its object, probe and 256 of its positions, and frames with the noise of few photons."""
    held = foreign_npz.read(real_file("Run1084_recon3_postPC.npz"), subject="Run1084")
    chosen = subset_v1.select("evenly_spaced", 256, held["xcoords"], held["ycoords"], None)
    x, y = held["xcoords"][chosen], held["ycoords"][chosen]
    obj, probe = held["objectGuess"], held["probeGuess"]
    frames, _ = counted(model_amplitude(obj, probe, x, y), 1e3, 1)
    source = rounded(Scan(frames=frames, x=x, y=y, probe=probe, obj=obj))
    for n in (16, 64):
        assert verdict(part(source, n), NOISE, source) == CHECKED, f"{n} of 256 frames"
    wrong = replace(source, frames=source.frames[shuffled(64, 256)])
    assert verdict(part(wrong, 64), NOISE, wrong) != CHECKED, "permuted frames"
