"""The neutral field: any arrays, a contract, and a check of the user's own.

A field of one's own is a subclass with a name and a check, in ``fields/NAME.py`` of a registry::

    from registry.arrays.field import Arrays
    from registry.failure import Failure


    class Audio(Arrays):
        name = "audio"

        def check(self, arrays):
            if arrays["rate_hz"] != 8000:
                yield Failure(criterion="rate", expected="8000 Hz", found=f"{arrays['rate_hz']} Hz")


    FIELD = Audio()
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from registry import field
from registry.field import Acceptance, Context

if TYPE_CHECKING:
    import numpy as np

    from registry.contract import Contract
    from registry.failure import Failure
    from registry.identity.sidecar import Sidecar
    from registry.mistake import Mistake
    from registry.page import Page, SourceArrays


class Arrays(field.Field):
    """Any arrays. A subclass of another name has its own `check` and `figures`.

    One that changes what it checks gives its ``suite`` another version.
    """

    name = "arrays"

    def check(self, arrays: Mapping[str, np.ndarray]) -> Iterable[Failure]:
        """What is wrong with arrays that satisfy their contract: nothing, unless a subclass says.

        It is asked of arrays with planted mistakes, too, and has to answer for all that satisfy
        the contract.
        """
        return ()

    def figures(self, arrays: Mapping[str, np.ndarray]) -> Mapping[str, Any]:
        """Figures for the sidecar, by name: numbers, or text. Floats are rounded there."""
        return {}

    def contract(self, file: str, schemas: Path | None = None) -> Contract:
        """What the contract's schema says, where it is here."""
        found: Contract = import_module("registry.arrays.contract").contract_named(file, schemas)
        return found

    def accept(self, arrays: Mapping[str, np.ndarray], context: Context) -> Acceptance:
        """Hold a fixture against its contract and the check, and plant mistakes in it."""
        from registry.arrays import acceptance

        return acceptance.accept(self, arrays, context)

    def mistakes(self) -> Sequence[Mistake]:
        """Those that any arrays may carry."""
        from registry.arrays.mistakes import MISTAKES

        return MISTAKES

    def images(self, arrays: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Arrays of two axes that are larger than a line."""
        return {
            name: values
            for name, values in arrays.items()
            if values.ndim == 2 and min(values.shape) > 1 and values.dtype.kind in "biufc"
        }

    def page(
        self,
        arrays: Mapping[str, np.ndarray] | None,
        record: Sidecar,
        source: SourceArrays | None,
    ) -> Page:
        """As `registry.arrays.page` draws it."""
        found: Page = import_module("registry.arrays.page").page(arrays, record)
        return found


FIELD = Arrays()
