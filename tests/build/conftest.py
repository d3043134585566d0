"""What tests of the runners share with those of the generators."""

from tests.kit.runners import (
    ambiguous,
    files_below,
    generator,
    legacy,
    photon_scale,
    put,
    run,
    scan,
    top,
)
