"""The reference consumer: trains, saves, loads and infers on a fixture, in Lightning's habits.

>>> from registry.training import FixtureDataModule, PtychoModule  # doctest: +SKIP

Nothing outside this package imports it but the commands ``train``, ``infer`` and ``envelope``, when
they run: torch takes a second, lightning three. What needs no torch does without it, and what uses
a checkpoint does without lightning.
"""

from __future__ import annotations

# Type checkers take this name for true, as in `registry`.
TYPE_CHECKING = False

if TYPE_CHECKING:
    from registry.training.datamodule import FixtureDataModule as FixtureDataModule
    from registry.training.forward import diffraction_amplitude as diffraction_amplitude
    from registry.training.forward import merge as merge
    from registry.training.forward import object_patches as object_patches
    from registry.training.model import PtychoUNet as PtychoUNet
    from registry.training.module import PtychoModule as PtychoModule
    from registry.training.reconstruction import reconstruct as reconstruct

_HOMES = {
    "FixtureDataModule": "datamodule",
    "PtychoUNet": "model",
    "PtychoModule": "module",
    "diffraction_amplitude": "forward",
    "merge": "forward",
    "object_patches": "forward",
    "reconstruct": "reconstruction",
}
__all__ = [*_HOMES]


# Type checkers would believe it of every name.
if not TYPE_CHECKING:

    def __getattr__(name: str) -> object:
        # Imported when first used: torch and lightning take seconds.
        if name not in _HOMES:
            raise AttributeError(f"module 'registry.training' has no attribute {name!r}")
        from importlib import import_module

        return getattr(import_module(f"registry.training.{_HOMES[name]}"), name)
