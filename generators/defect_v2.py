"""Cut a good fixture of any size, as `subset_v2` does, and plant one named defect in it."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from generators import defect_v1, subset_v2


def generate(
    params: Mapping[str, Any], source: Mapping[str, np.ndarray], declared: Mapping[str, Any]
) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """Cut a fixture with a defect; all is as `defect_v1` has it, but for what cuts the fixture."""
    return defect_v1.cut_with_defect(subset_v2.generate, params, source, declared)
