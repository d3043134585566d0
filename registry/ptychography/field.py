"""X-ray ptychography, as the core knows it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib import import_module
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from registry import field
from registry.field import Acceptance, Context

if TYPE_CHECKING:
    import numpy as np

    from registry.contract import Contract
    from registry.identity.sidecar import Sidecar
    from registry.mistake import Mistake
    from registry.page import Page, Section, Side, SourceArrays


class Ptychography(field.Field):
    """Scans of an object by a probe: frames, positions, probe and object that belong together."""

    name = "ptychography"
    schema = "ptychography_v1.schema.json"
    subject = "physics"
    row = "position"
    claim = "frames, positions, probe and object belong together"
    readers = "registry.ptychography.readers"
    rules = "registry.ptychography.source_arrays"
    source_arrays = ("xcoords", "ycoords")
    on_card = MappingProxyType(
        {
            "coverage.svg": "scan",
            "patch-under-frame-0-amplitude.png": "patch",
            "object-amplitude.png": "object",
            "frame-mean.png": "mean frame",
        }
    )

    def contract(self, file: str, schemas: Path | None = None) -> Contract:
        """From the table of contracts; of one that is not in it, what its schema says."""
        found: Contract = import_module("registry.ptychography.contracts").contract_named(
            file, schemas
        )
        return found

    def accept(self, arrays: Mapping[str, np.ndarray], context: Context) -> Acceptance:
        """Hold a fixture against its contract, its source and the forward model."""
        from registry.ptychography import cut

        return cut.accept(arrays, context)

    def mistakes(self) -> Sequence[Mistake]:
        """Those of `registry.ptychography.mistakes`."""
        found: Sequence[Mistake] = import_module("registry.ptychography.mistakes").MISTAKES
        return found

    def read_by_row(self, declared: Mapping[str, Any]) -> tuple[str, ...]:
        """Frames, where they lie one after the other."""
        return () if declared["layout"] == "legacy" else ("diffraction",)

    def meanings(self) -> Mapping[str, str]:
        """Those of `registry.ptychography.meanings`."""
        found: Mapping[str, str] = import_module("registry.ptychography.meanings").MEANINGS
        return found

    def images(self, arrays: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Object and probe; of several modes the first, which has the most of the light."""
        images = {}
        for name in ("objectGuess", "probeGuess"):
            values = arrays.get(name)
            if values is not None and values.size and values.ndim in (2, 3):
                images[name] = values if values.ndim == 2 else values[0]
        return images

    def page(
        self,
        arrays: Mapping[str, np.ndarray] | None,
        record: Sidecar,
        source: SourceArrays | None,
    ) -> Page:
        """As `registry.ptychography.page` draws it."""
        found: Page = import_module("registry.ptychography.page").page(arrays, record, source)
        return found

    def compared(self, a: Side, b: Side) -> Sequence[Section]:
        """Positions of both over the scan."""
        found: Sequence[Section] = import_module("registry.ptychography.page").compared(a, b)
        return found


FIELD = Ptychography()
