"""A sound scan to declare as a source, and a folder in which runners can run."""

from tests.kit.runners import (
    ambiguous,
    files_below,
    legacy,
    photon_scale,
    put,
    run,
    scan,
    top,
)
