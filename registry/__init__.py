"""Fixture registry: content-addressed, versioned test data for scientific machine learning.

>>> import registry
>>> fixture = registry.load("tones_v1")  # doctest: +SKIP
>>> fixture.samples.shape  # doctest: +SKIP
(16, 2000)
"""

from __future__ import annotations

# Type checkers take this name for true. Importing it from typing costs five times all the rest.
TYPE_CHECKING = False

if TYPE_CHECKING:
    from registry.errors import ArchiveError as ArchiveError
    from registry.errors import ChainError as ChainError
    from registry.errors import CheckError as CheckError
    from registry.errors import MissingError as MissingError
    from registry.errors import RegistryError as RegistryError
    from registry.errors import UsageError as UsageError
    from registry.fixture import Fixture as Fixture
    from registry.loading import load as load
    from registry.loading import names as names

    __version__: str

__all__ = [
    "ArchiveError",
    "ChainError",
    "CheckError",
    "Fixture",
    "MissingError",
    "RegistryError",
    "UsageError",
    "load",
    "names",
]


# Type checkers would believe it of every name.
if not TYPE_CHECKING:

    def __getattr__(name: str) -> object:
        # Names are imported when first used, so that importing the package costs next to nothing.
        if name == "__version__":
            return _version()
        if name not in __all__:
            raise AttributeError(f"module 'registry' has no attribute {name!r}")
        from importlib import import_module

        homes = {
            "load": "loading",
            "names": "loading",
            "Fixture": "fixture",
        }
        home = homes.get(name, "errors")
        value = getattr(import_module(f"registry.{home}"), name)
        globals()[name] = value
        return value


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__, "__version__"])


def _version() -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("fixture-registry")
    except PackageNotFoundError:
        # a clone on Python's path
        return "unknown, as it is not installed"
