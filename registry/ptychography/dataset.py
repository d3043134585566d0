"""A fixture's positions as a torch Dataset, one item each."""

from __future__ import annotations

from collections.abc import Mapping
from types import ModuleType
from typing import TYPE_CHECKING

from registry import extras
from registry.errors import UsageError
from registry.ptychography.contracts import DATA_001, contract_named

if TYPE_CHECKING:
    import numpy as np
    import torch

_ITEM = [array for array in DATA_001.arrays if array.per_row and not array.alias]
# With a channel axis of one in front, as convolutions take it.
_IMAGES = tuple(array.name for array in _ITEM if len(array.axes) != 1)
_NUMBERS = tuple(array.name for array in _ITEM if len(array.axes) == 1)


class FixtureDataset:
    """Map-style dataset over a loaded fixture: ``FixtureDataset(registry.load(NAME))``.

    Item n is a dict of tensors, named as the fixture's arrays are. Those the fixture lacks are
    absent; ``diff3d`` is left out, for it is ``diffraction`` again.

    ==========================  =========  =========  ==============================================
    key                         shape      dtype      meaning
    ==========================  =========  =========  ==============================================
    ``diffraction``             (1, H, W)  float32    amplitude of frame n, after a channel axis
    ``Y``                       (1, H, W)  complex64  object patch under it, after a channel axis
    ``xcoords``, ``ycoords``    ()         float64    its centre on the object [px]: column, row
    ``xcoords_start``, …        ()         float64    its nominal centre [px]
    ``scan_index``              ()         int64      which scan it came from
    ``index``                   ()         int64      n
    ==========================  =========  =========  ==============================================

    Every tensor is a copy: nothing done to one changes the fixture, or the same item taken again.
    `torch.utils.data` takes any object with a length and items, so this needs no base class; and
    torch is imported when an item is taken.

    Parameters
    ----------
    fixture : Fixture
        Or any mapping of array names to arrays, with ``diffraction`` (N, H, W) among them.

    Raises
    ------
    MissingError
        torch is not installed.
    UsageError
        The fixture has no ``diffraction``, or holds it in the legacy layout.
    """

    def __init__(self, fixture: Mapping[str, np.ndarray]) -> None:
        _torch()
        if "diffraction" not in fixture:
            raise UsageError(
                f"dataset over {getattr(fixture, 'name', 'a mapping')}",
                expected="a fixture with an array diffraction (N, H, W)",
                found=", ".join(fixture) or "no arrays",
                remedy="choose a fixture of contract DATA-001: fixtures show NAME lists the arrays",
            )
        contract = getattr(getattr(fixture, "sidecar", None), "contract", DATA_001.file)
        # a variant for loaders that transpose; its shapes may be those of any other fixture
        if contract_named(contract)["diffraction"].rows_last:
            raise UsageError(
                f"dataset over {getattr(fixture, 'name', 'a mapping')}",
                expected="frames along the first axis: diffraction (N, H, W)",
                found=f"{fixture['diffraction'].shape} of contract {contract}, which is (H, W, N)",
                remedy="transpose it yourself, or choose a fixture that is not a legacy variant",
            )
        self._arrays = fixture

    def __len__(self) -> int:
        return len(self._arrays["diffraction"])

    def __getitem__(self, index: int) -> dict[str, torch.Tensor]:
        torch = _torch()
        # counts negative ones from the end, and refuses those beyond either end
        n = range(len(self))[index]
        item = {key: torch.tensor(self._arrays[key][n : n + 1]) for key in self._those(_IMAGES)}
        item |= {key: torch.tensor(self._arrays[key][n]) for key in self._those(_NUMBERS)}
        item["index"] = torch.tensor(n)
        return item

    @property
    def probe(self) -> torch.Tensor:
        """Probe, (H, W) complex64, in object pixels; a copy."""
        return self._tensor("probeGuess")

    @property
    def object(self) -> torch.Tensor:
        """Object, (Y, X) complex64, in object pixels; a copy."""
        return self._tensor("objectGuess")

    def _those(self, names: tuple[str, ...]) -> list[str]:
        return [name for name in names if name in self._arrays]

    def _tensor(self, name: str) -> torch.Tensor:
        # not from_numpy: it would share memory, and warns of read-only arrays
        tensor: torch.Tensor = _torch().tensor(self._arrays[name])
        return tensor


def _torch() -> ModuleType:
    try:
        import torch
    except ImportError as error:
        expected = "torch >= 2.6, which a FixtureDataset gives tensors of"
        raise extras.missing("train", "torch", expected=expected, found=str(error)) from None
    module: ModuleType = torch
    return module
