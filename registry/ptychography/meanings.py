"""What the figures of a ptychography sidecar mean, in the words of every place that shows them."""

from __future__ import annotations

MEANINGS = {
    "coverage_x": "part of the source's range in x that the positions span",
    "coverage_y": "part of the source's range in y that the positions span",
    "max_amplitude": "largest amplitude in a frame",
    "own_match_rate": "frames that the model of their own position explains best",
    "nearest_alternative": "the named mistake that fits best",
    "nearest_alternative_margin": "how much worse the best of the named mistakes fits",
    "chi_square_min": "misfit over photon noise, best frame",
    "chi_square_max": "misfit over photon noise, worst frame",
    "scale": "power of the frames over that of the model, as amplitude",
    "correlation_median": "correlation of a frame with its model, median",
    "r_factor": "sum of differences to the model over sum of amplitudes",
    "power": "part of all single misplacements of a frame that own-match would refuse, 0 to 1",
    "held_out_z": "how well frames that an object was not made from know their place, "
    "in standard deviations",
}
