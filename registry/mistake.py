"""A mistake that data may carry: what it is, how it is planted, and what would notice it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np


@dataclass(frozen=True, kw_only=True, slots=True)
class Mistake:
    """One named mistake, to be planted in a fixture's own arrays.

    ``meaning`` says in one line what is wrong, ``test`` what a test looks like that would notice
    it. ``plant`` takes the fixture's arrays by name, which it leaves as they are, and gives those
    that the mistake changes; where it has nothing to change, for want of an array or of a second
    row, it gives none.
    """

    name: str
    meaning: str
    test: str
    plant: Callable[[Mapping[str, np.ndarray]], dict[str, np.ndarray]]
