"""The regression that the fixtures exist for: what a sound training on a sound fixture reaches.

The limits, for minimal_dataset_v1:

amplitude error after two epochs at gridsize 1
    at most 0.8 of the best constant object's: what was asked for when the workflow was built.
amplitude correlation of the stitched object
    at least 0.25. The scanned area has about 3500 pixels, and amplitudes that vary over 5: some 140
    independent cells, whose correlation is off zero by chance by 1 / sqrt(140) = 0.085. The limit
    is three times that, so it asks for a likeness that chance does not give.
amplitude ratio of the stitched object
    between 1/sqrt(2) and sqrt(2): nearer to 1 than to 2 or 1/2.
"""

from __future__ import annotations

ERROR_RATIO = 0.8
CORRELATION = 0.25
RATIO = 2**0.5


def failures(trained, inferred, *, limit=ERROR_RATIO):
    """What a run misses, each as a word; nothing where it is sound."""
    of_object = inferred["object"]
    missed = []
    if not trained["last_loss"] < trained["first_loss"]:
        missed.append("loss")
    if limit is not None and not trained["amplitude_error_ratio"] <= limit:
        missed.append("amplitude error")
    if not of_object["amplitude_correlation"] >= CORRELATION:
        missed.append("correlation")
    if not 1 / RATIO <= of_object["amplitude_ratio"] <= RATIO:
        missed.append("amplitude ratio")
    return missed
