"""What tests of the runners share with those of the generators."""

from tests.generators.conftest import (  # noqa: F401 pytest finds fixtures by their names here
    ambiguous,
    files_below,
    legacy,
    photon_scale,
    put,
    run,
    scan,
    top,
)
