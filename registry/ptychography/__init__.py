"""X-ray ptychography: the data contract, the forward model, and the checks that follow from it.

>>> from registry.ptychography import assert_consistent
"""

from __future__ import annotations

# Type checkers take this name for true, as in `registry`.
TYPE_CHECKING = False

if TYPE_CHECKING:
    from typing import Any

    from registry.ptychography.consistency import assert_consistent as assert_consistent
    from registry.ptychography.dataset import FixtureDataset as FixtureDataset

_HOMES = {"assert_consistent": "consistency", "FixtureDataset": "dataset"}
__all__ = ["FixtureDataset", "assert_consistent"]


def __getattr__(name: str) -> Any:
    # Imported when first used: most modules here need little of what the criteria do.
    if name not in __all__:
        raise AttributeError(f"module 'registry.ptychography' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"registry.ptychography.{_HOMES[name]}"), name)
